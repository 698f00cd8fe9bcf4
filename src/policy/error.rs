//! Why a document is no policy.

/// What is wrong with a policy document; `Display` is the text AWS answers with
/// `MalformedPolicyDocument`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Not JSON, or not the grammar. AWS does not say what; [`PolicyError::detail`] does.
    #[error("Syntax errors in policy.")]
    Syntax(String),
    /// An identity document in the language of 2008.
    #[error("Policy document must be version 2012-10-17 or greater.")]
    Version,
    /// What passes the grammar and fails AWS's older parser.
    #[error("The policy failed legacy parsing")]
    LegacyParsing(String),
    /// Two statements with one `Sid`.
    #[error("Statement IDs (SID) in a single policy must be unique.")]
    SidNotUnique,
    /// A `Sid` of a managed policy with other characters.
    #[error(
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
    )]
    SidCharacters,
    /// A statement without `Action` and `NotAction`, or with an empty list.
    #[error("Policy statement must contain actions.")]
    NoActions,
    /// An action without a colon.
    #[error("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")]
    ActionWithoutVendor,
    /// An action with two colons.
    #[error("Actions/Condition can contain only one colon.")]
    ActionColons,
    /// A service prefix with characters that no prefix has.
    #[error("Vendor {0} is not valid")]
    Vendor(String),
    /// A statement without `Resource` and `NotResource`, or with an empty list.
    #[error("Policy statement must contain resources.")]
    NoResources,
    /// A resource that is neither `*` nor an ARN.
    #[error("Resource {0} must be in ARN format or \"*\".")]
    ResourceFormat(String),
    /// An ARN in a partition that does not exist.
    #[error("Partition \"{partition}\" is not valid for resource \"{resource}\".")]
    Partition {
        /// The partition as written.
        partition: String,
        /// The ARN, missing parts as `*`.
        resource: String,
    },
    /// An ARN that ends after its partition.
    #[error("Resource vendor must be fully qualified and cannot contain regexes.")]
    ResourceVendor,
    /// A region in an S3 ARN.
    #[error("Resource {0} can not contain region information.")]
    S3Region(String),
    /// A region in an IAM ARN.
    #[error("IAM resource {0} cannot contain region information.")]
    IamRegion(String),
    /// An IAM ARN of a type that does not exist.
    #[error(
        "IAM resource path must either be \"*\" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/."
    )]
    IamPath,
    /// `Principal` or `NotPrincipal` in an identity document.
    #[error("Policy document should not specify a principal.")]
    PrincipalInIdentityDocument,
    /// An element that this kind of document may not have.
    #[error("Has prohibited field {0}")]
    ProhibitedField(&'static str),
    /// An element that this kind of document must have.
    #[error("Missing required field {0}")]
    MissingField(&'static str),
    /// An action in a trust policy that is not one of taking the role.
    #[error("AssumeRole policy may only specify STS AssumeRole actions.")]
    NotAssumeRoleAction,
    /// A principal that does not exist or cannot be one: its type as AWS shows it, and the value.
    #[error("Invalid principal in policy: \"{0}\":\"{1}\"")]
    InvalidPrincipal(&'static str, String),
    /// `"Principal": "*"` in a trust policy.
    #[error("AssumeRolepolicy contained an invalid principal: \"STAR\":\"*\".")]
    StarPrincipal,
    /// A federated principal that is neither a host name nor a provider's ARN.
    #[error("Federated principals must be valid domain names or SAML metadata ARNs")]
    FederatedPrincipal,
}

impl PolicyError {
    /// What exactly is wrong, for people who may know: AWS's own texts often do not say.
    pub fn detail(&self) -> String {
        match self {
            Self::Syntax(detail) | Self::LegacyParsing(detail) => detail.clone(),
            other => other.to_string(),
        }
    }

    pub(super) fn syntax(detail: impl Into<String>) -> Self {
        Self::Syntax(detail.into())
    }
}

//! The words by which an identity provider speaks SAML to AWS: whom an assertion is for, and the attributes that count.
//!
//! Reference: sts.md section 7;
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html>

/// Whom assertions for AWS are meant for.
pub const AUDIENCE: &str = "urn:amazon:webservices";
/// What attributes that speak to STS begin with: `Role`, `RoleSessionName`, `SessionDuration`, `SourceIdentity`,
/// `PrincipalTag:{key}`, `TransitiveTagKeys`.
pub const ATTRIBUTES: &str = "https://aws.amazon.com/SAML/Attributes/";
/// What the attribute of a session tag goes on with before its key.
pub const PRINCIPAL_TAG: &str = "PrincipalTag:";

/// Where assertions are posted, in each partition; also audiences there.
pub const ENDPOINTS: [(&str, &str); 3] = [
    ("aws", "https://signin.aws.amazon.com/saml"),
    ("aws-cn", "https://signin.amazonaws.cn/saml"),
    ("aws-us-gov", "https://signin.amazonaws-us-gov.com/saml"),
];

/// Where assertions of a partition are posted, if AWS documents it.
pub fn endpoint(partition: &str) -> Option<&'static str> {
    let mut known = ENDPOINTS.iter();
    let found = known.find(|(name, _)| *name == partition);
    found.map(|(_, endpoint)| *endpoint)
}

/// Where assertions are posted in one region of the partition `aws`, for when the global endpoint is away.
pub fn regional_endpoint(region: &str) -> String {
    format!("https://{region}.signin.aws.amazon.com/saml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_its_endpoint() {
        let china = Some("https://signin.amazonaws.cn/saml");
        assert_eq!(endpoint("aws-cn"), china);
        assert_eq!(endpoint("aws-iso"), None);
        assert_eq!(
            regional_endpoint("eu-west-1"),
            "https://eu-west-1.signin.aws.amazon.com/saml"
        );
    }
}

//! Shapes of the STS operations: what comes in, checked against the model's constraints, and what goes out.
//!
//! Reference: STS 2011-06-15 service model. Input is read once here; below the door nobody asks again
//! whether a member is empty or too long.

mod sessions;
mod tokens;

use time::OffsetDateTime;

pub use sessions::{AssumeRoot, GetFederationToken, GetSessionToken};
pub use tokens::{
    AssumeRoleWithSaml, DecodeAuthorizationMessage, GetDelegatedAccessToken, GetWebIdentityToken,
};

use crate::aws::arn::Arn;
use crate::aws::constraints::{
    ARN, Constraints, DIGITS, EXTERNAL_ID, Echo, NAME, POLICY, SERIAL_NUMBER, TAG_KEY, TAG_VALUE,
    WORD,
};
use crate::aws::error::AwsError;
use crate::aws::query::Params;
use crate::aws::xml::{Fields, Node};
use crate::secret::Secret;

/// The XML namespace of STS answers.
pub const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// The version of the API.
pub const VERSION: &str = "2011-06-15";

/// A session tag.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Tag {
    /// Compared ignoring case, kept as written.
    #[serde(rename = "k")]
    pub key: String,
    /// May be empty.
    #[serde(rename = "v")]
    pub value: String,
}

/// At most 50 tags, each within the lengths and the alphabet of session tags.
pub fn legal_tags(tags: &[Tag]) -> bool {
    let legal = |tag: &Tag| {
        (1..=128).contains(&tag.key.chars().count())
            && tag.value.chars().count() <= 256
            && tag.key.chars().all(TAG_KEY.admits)
            && tag.value.chars().all(TAG_VALUE.admits)
    };
    tags.len() <= 50 && tags.iter().all(legal)
}

/// 2 to 64 characters of the session name alphabet, not in AWS's namespace.
pub fn legal_source_identity(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    (2..=64).contains(&text.chars().count()) && text.chars().all(legal)
}

/// A device and a code of it, where a call carries them.
#[derive(Debug, Default)]
pub struct Mfa {
    /// The ARN of a virtual device.
    pub serial_number: Option<String>,
    /// Six digits.
    pub token_code: Option<Secret<String>>,
}

/// What all operations that limit a session take.
#[derive(Clone, Debug, Default)]
pub struct SessionPolicies {
    /// The inline session policy, as written.
    pub inline: Option<String>,
    /// ARNs of managed session policies.
    pub arns: Vec<String>,
}

/// Input of AssumeRole.
#[derive(Debug)]
pub struct AssumeRole {
    /// The role asked for.
    pub role_arn: String,
    /// 2 to 64 characters.
    pub session_name: String,
    /// Limits chosen by the caller.
    pub policies: SessionPolicies,
    /// Seconds.
    pub duration: Option<i64>,
    /// Session tags.
    pub tags: Vec<Tag>,
    /// Keys of those tags that travel down a role chain.
    pub transitive_tag_keys: Vec<String>,
    /// What a third party's trust policy asks for.
    pub external_id: Option<String>,
    /// MFA device and code.
    pub mfa: Mfa,
    /// Who is behind the session; fixed down the chain.
    pub source_identity: Option<String>,
    /// Number of ProvidedContexts.
    pub provided_contexts: usize,
}

/// Input of AssumeRoleWithWebIdentity.
#[derive(Debug)]
pub struct AssumeRoleWithWebIdentity {
    /// The role asked for.
    pub role_arn: String,
    /// 2 to 64 characters.
    pub session_name: String,
    /// The token, white space around it trimmed: token files end in newlines and SDKs send them along.
    pub token: Secret<String>,
    /// Only for the OAuth 2.0 providers.
    pub provider_id: Option<String>,
    /// Limits chosen by the caller.
    pub policies: SessionPolicies,
    /// Seconds.
    pub duration: Option<i64>,
}

/// Reads the policy members that three operations share. `inline_limit` is the model's maximum, which
/// AssumeRole alone does not have.
fn session_policies(
    params: &Params,
    constraints: &mut Constraints,
    inline_limit: usize,
) -> Result<SessionPolicies, AwsError> {
    let members = params.members("PolicyArns")?;
    let mut arns = Vec::with_capacity(members.len());
    for (place, member) in members.iter().enumerate() {
        let name = format!("policyArns.{}.member.arn", place + 1);
        let value = member
            .as_ref()
            .and_then(|fields| fields.get("arn").copied());
        match value {
            None => {
                constraints.required(&name, None);
            }
            Some(arn) => {
                constraints.text(&name, Some(arn), Some(ARN), 20..=2048, Echo::Shown);
                arns.push(arn.to_owned());
            }
        }
    }
    let inline = params.get("Policy");
    constraints.text(
        "policy",
        inline,
        Some(POLICY),
        1..=inline_limit,
        Echo::Shown,
    );
    constraints.count("policyArns", arns.len(), 10);
    Ok(SessionPolicies {
        inline: inline.map(str::to_owned),
        arns,
    })
}

fn tags(params: &Params, constraints: &mut Constraints) -> Result<Vec<Tag>, AwsError> {
    let members = params.members("Tags")?;
    let mut tags = Vec::with_capacity(members.len().min(64));
    for (place, member) in members.iter().enumerate().take(64) {
        let field = |name: &str| member.as_ref().and_then(|fields| fields.get(name).copied());
        let (key_name, value_name) = (
            format!("tags.{}.member.key", place + 1),
            format!("tags.{}.member.value", place + 1),
        );
        let (key, value) = (field("Key"), field("Value"));
        let key_text = constraints.required(&key_name, key);
        let value_text = constraints.required(&value_name, value);
        // Of a key, unlike of an ARN, the length is told first.
        constraints.text(&key_name, key, None, 1..=128, Echo::Shown);
        constraints.text(&key_name, key, Some(TAG_KEY), 0..=usize::MAX, Echo::Shown);
        constraints.text(&value_name, value, Some(TAG_VALUE), 0..=256, Echo::Shown);
        tags.push(Tag {
            key: key_text.to_owned(),
            value: value_text.to_owned(),
        });
    }
    let shown = tags
        .iter()
        .map(|tag| format!("Tag(key={}, value={})", tag.key, tag.value));
    constraints.count_shown("tags", &shown.collect::<Vec<_>>(), members.len(), 50);
    Ok(tags)
}

fn session_name<'a>(params: &'a Params, constraints: &mut Constraints) -> &'a str {
    let name = params.get("RoleSessionName");
    constraints.required("roleSessionName", name);
    constraints.text("roleSessionName", name, Some(NAME), 2..=64, Echo::Shown);
    name.unwrap_or_default()
}

fn role_arn<'a>(params: &'a Params, constraints: &mut Constraints) -> &'a str {
    let arn = params.get("RoleArn");
    constraints.required("roleArn", arn);
    constraints.text("roleArn", arn, Some(ARN), 20..=2048, Echo::Shown);
    arn.unwrap_or_default()
}

fn duration(params: &Params, constraints: &mut Constraints) -> Result<Option<i64>, AwsError> {
    let seconds = params.integer("DurationSeconds")?;
    constraints.number("durationSeconds", seconds, 900..=43200);
    Ok(seconds)
}

fn mfa(params: &Params, c: &mut Constraints) -> Mfa {
    let serial = params.get("SerialNumber");
    c.text(
        "serialNumber",
        serial,
        Some(SERIAL_NUMBER),
        9..=256,
        Echo::Shown,
    );
    let code = params.get("TokenCode");
    c.text("tokenCode", code, Some(DIGITS), 6..=6, Echo::Hidden);
    Mfa {
        serial_number: serial.map(str::to_owned),
        token_code: code.map(|code| Secret::new(code.to_owned())),
    }
}

fn well_formed(arn: &str) -> Result<Arn, AwsError> {
    Arn::parse(arn).ok_or_else(|| AwsError::invalid_arn(arn))
}

impl AssumeRole {
    /// Reads and checks the members of the request.
    pub fn read(params: &Params) -> Result<AssumeRole, AwsError> {
        let mut c = Constraints::default();
        let role_arn = role_arn(params, &mut c);
        let session_name = session_name(params, &mut c);
        let duration = duration(params, &mut c)?;
        let policies = session_policies(params, &mut c, usize::MAX)?;
        let tags = tags(params, &mut c)?;
        let keys = params.strings("TransitiveTagKeys")?;
        c.count("transitiveTagKeys", keys.len(), 50);
        let mut transitive_tag_keys = Vec::new();
        for (place, key) in keys.iter().enumerate().take(64) {
            let name = format!("transitiveTagKeys.{}.member", place + 1);
            c.required(&name, *key);
            c.text(&name, *key, Some(TAG_KEY), 1..=128, Echo::Shown);
            transitive_tag_keys.extend(key.map(str::to_owned));
        }
        let external_id = params.get("ExternalId");
        c.text(
            "externalId",
            external_id,
            Some(EXTERNAL_ID),
            2..=1224,
            Echo::Shown,
        );
        let mfa = mfa(params, &mut c);
        let source_identity = params.get("SourceIdentity");
        c.text(
            "sourceIdentity",
            source_identity,
            Some(NAME),
            2..=64,
            Echo::Shown,
        );
        let provided_contexts = params.members("ProvidedContexts")?.len();
        c.count("providedContexts", provided_contexts, 5);
        c.finish()?;
        well_formed(role_arn)?;
        for arn in &policies.arns {
            well_formed(arn)?;
        }
        Ok(AssumeRole {
            role_arn: role_arn.to_owned(),
            session_name: session_name.to_owned(),
            policies,
            duration,
            tags,
            transitive_tag_keys,
            external_id: external_id.map(str::to_owned),
            mfa,
            source_identity: source_identity.map(str::to_owned),
            provided_contexts,
        })
    }
}

impl AssumeRoleWithWebIdentity {
    /// Reads and checks the members of the request.
    pub fn read(params: &Params) -> Result<AssumeRoleWithWebIdentity, AwsError> {
        let mut c = Constraints::default();
        let role_arn = role_arn(params, &mut c);
        let session_name = session_name(params, &mut c);
        let token = params.get("WebIdentityToken").map(str::trim);
        c.required("webIdentityToken", token);
        c.text("webIdentityToken", token, None, 4..=20000, Echo::Hidden);
        let provider_id = params.get("ProviderId");
        c.text("providerId", provider_id, None, 4..=2048, Echo::Shown);
        let duration = duration(params, &mut c)?;
        let policies = session_policies(params, &mut c, 2048)?;
        c.finish()?;
        well_formed(role_arn)?;
        for arn in &policies.arns {
            well_formed(arn)?;
        }
        Ok(AssumeRoleWithWebIdentity {
            role_arn: role_arn.to_owned(),
            session_name: session_name.to_owned(),
            token: Secret::new(token.unwrap_or_default().to_owned()),
            provider_id: provider_id.map(str::to_owned),
            policies,
            duration,
        })
    }
}

/// Input of GetAccessKeyInfo.
#[derive(Debug)]
pub struct GetAccessKeyInfo {
    /// 16 to 128 word characters.
    pub access_key_id: String,
}

impl GetAccessKeyInfo {
    /// Reads and checks the members of the request.
    pub fn read(params: &Params) -> Result<GetAccessKeyInfo, AwsError> {
        let mut c = Constraints::default();
        let id = params.get("AccessKeyId");
        c.required("accessKeyId", id);
        c.text("accessKeyId", id, Some(WORD), 16..=128, Echo::Shown);
        c.finish()?;
        Ok(GetAccessKeyInfo {
            access_key_id: id.unwrap_or_default().to_owned(),
        })
    }
}

/// `Credentials` of every operation that issues.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// `ASIA...`.
    pub access_key_id: String,
    /// Forty characters.
    pub secret_access_key: Secret<String>,
    /// Opaque.
    pub session_token: Secret<String>,
    /// When they end.
    pub expiration: OffsetDateTime,
}

impl Credentials {
    /// As the member `Credentials` of an answer.
    pub fn node(&self) -> Node {
        Node::Fields(vec![
            ("AccessKeyId", Node::text(&self.access_key_id)),
            (
                "SecretAccessKey",
                Node::text(self.secret_access_key.expose()),
            ),
            ("SessionToken", Node::text(self.session_token.expose())),
            ("Expiration", Node::Time(self.expiration)),
        ])
    }
}

/// `AssumedRoleUser`.
#[derive(Clone, Debug)]
pub struct AssumedRoleUser {
    /// `AROA...:session`.
    pub assumed_role_id: String,
    /// The session ARN.
    pub arn: String,
}

impl AssumedRoleUser {
    fn node(&self) -> Node {
        Node::Fields(vec![
            ("AssumedRoleId", Node::text(&self.assumed_role_id)),
            ("Arn", Node::text(&self.arn)),
        ])
    }
}

/// Output of AssumeRole.
#[derive(Clone, Debug)]
pub struct AssumeRoleOutput {
    /// The credentials.
    pub credentials: Credentials,
    /// Whom they speak for.
    pub user: AssumedRoleUser,
    /// Percent of the packed budget; absent when neither policy nor tag was passed.
    pub packed_policy_size: Option<u32>,
    /// Set or inherited.
    pub source_identity: Option<String>,
}

impl AssumeRoleOutput {
    /// As fields of the answer.
    pub fn fields(&self) -> Fields {
        vec![
            ("Credentials", self.credentials.node()),
            ("AssumedRoleUser", self.user.node()),
            ("PackedPolicySize", packed(self.packed_policy_size)),
            (
                "SourceIdentity",
                Node::optional(self.source_identity.clone()),
            ),
        ]
    }
}

/// Output of AssumeRoleWithWebIdentity.
#[derive(Clone, Debug)]
pub struct WebIdentityOutput {
    /// The credentials.
    pub credentials: Credentials,
    /// Whom they speak for.
    pub user: AssumedRoleUser,
    /// Percent of the packed budget; always present here.
    pub packed_policy_size: u32,
    /// `sub`, as it came.
    pub subject: String,
    /// ARN of the OIDC provider.
    pub provider: String,
    /// `azp` where present, else `aud`.
    pub audience: String,
    /// From the token's claim.
    pub source_identity: Option<String>,
}

impl WebIdentityOutput {
    /// As fields of the answer.
    pub fn fields(&self) -> Fields {
        vec![
            ("SubjectFromWebIdentityToken", Node::text(&self.subject)),
            ("Audience", Node::text(&self.audience)),
            ("AssumedRoleUser", self.user.node()),
            ("Credentials", self.credentials.node()),
            ("PackedPolicySize", packed(Some(self.packed_policy_size))),
            ("Provider", Node::text(&self.provider)),
            (
                "SourceIdentity",
                Node::optional(self.source_identity.clone()),
            ),
        ]
    }
}

/// Output of AssumeRoleWithSAML.
#[derive(Debug)]
pub struct SamlOutput {
    /// The credentials.
    pub credentials: Credentials,
    /// Whom they speak for.
    pub user: AssumedRoleUser,
    /// Percent of the packed budget; always present here.
    pub packed_policy_size: u32,
    /// The `NameID`.
    pub subject: String,
    /// Its `Format`: `persistent`, `transient` or a whole name.
    pub subject_type: String,
    /// The entity id of the provider.
    pub issuer: String,
    /// The `Recipient`.
    pub audience: String,
    /// What tells two providers' subjects apart.
    pub name_qualifier: String,
    /// From the attribute.
    pub source_identity: Option<String>,
}

impl SamlOutput {
    /// As fields of the answer.
    pub fn fields(&self) -> Fields {
        vec![
            ("Issuer", Node::text(&self.issuer)),
            ("Audience", Node::text(&self.audience)),
            ("AssumedRoleUser", self.user.node()),
            ("Credentials", self.credentials.node()),
            ("PackedPolicySize", packed(Some(self.packed_policy_size))),
            ("SubjectType", Node::text(&self.subject_type)),
            ("NameQualifier", Node::text(&self.name_qualifier)),
            ("Subject", Node::text(&self.subject)),
            (
                "SourceIdentity",
                Node::optional(self.source_identity.clone()),
            ),
        ]
    }
}

/// `PackedPolicySize`.
pub fn packed(percent: Option<u32>) -> Node {
    percent.map_or(Node::Absent, |percent| Node::Number(i64::from(percent)))
}

/// Output of GetCallerIdentity.
#[derive(Clone, Debug)]
pub struct CallerIdentity {
    /// `AIDA...`, `AROA...:session` or the account id.
    pub user_id: String,
    /// Twelve digits.
    pub account: String,
    /// User, session or root ARN.
    pub arn: String,
}

impl CallerIdentity {
    /// As fields of the answer.
    pub fn fields(&self) -> Fields {
        vec![
            ("Arn", Node::text(&self.arn)),
            ("UserId", Node::text(&self.user_id)),
            ("Account", Node::text(&self.account)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "RoleArn=arn:aws:iam::111111111111:role/x";

    fn assume(rest: &str) -> Result<AssumeRole, AwsError> {
        let body = format!("{ROLE}&RoleSessionName=me&{rest}");
        AssumeRole::read(&Params::parse("", body.as_bytes()).unwrap())
    }

    #[test]
    fn the_plain_request_reads() {
        let input = assume("Tags=&DurationSeconds=900&Tags.member.1.Key=a&Tags.member.1.Value=");
        let input = input.unwrap();
        assert_eq!(input.duration, Some(900));
        assert_eq!(input.tags.len(), 1);
        assert!(input.policies.inline.is_none());
    }

    #[test]
    fn each_member_is_held_to_its_constraint() {
        for (rest, expected) in [
            ("DurationSeconds=899", "'durationSeconds'"),
            ("ExternalId=x", "'externalId'"),
            ("SourceIdentity=%C3%A9%C3%A9", "'sourceIdentity'"),
            ("TokenCode=12345x", "Value at 'tokenCode'"),
            (
                "Tags.member.2.Key=a&Tags.member.2.Value=b",
                "'tags.1.member.key'",
            ),
            (
                "Tags.member.1.Key=&Tags.member.1.Value=x",
                r"2 validation errors detected: Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+",
            ),
            ("PolicyArns.member.1.arn=short", "'policyArns.1.member.arn'"),
            ("Policy=%01", "'policy'"),
        ] {
            let error = assume(rest).unwrap_err();
            assert_eq!(error.code, "ValidationError", "{rest}");
            assert!(
                error.message.contains(expected),
                "{rest}: {}",
                error.message
            );
        }
    }

    #[test]
    fn fifty_tags_are_enough() {
        let tags: String = (1..=51)
            .map(|i| format!("Tags.member.{i}.Key=k{i}&Tags.member.{i}.Value=v&"))
            .collect();
        let message = assume(&tags).unwrap_err().message;
        let head =
            "1 validation error detected: Value '[Tag(key=k1, value=v), Tag(key=k2, value=v), ";
        let tail = "Tag(key=k51, value=v)]' at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50";
        assert!(
            message.starts_with(head) && message.ends_with(tail),
            "{message}"
        );
    }

    #[test]
    fn a_role_arn_must_be_an_arn() {
        let body = "RoleArn=not-an-arn-but-long-enough&RoleSessionName=me";
        let error = AssumeRole::read(&Params::parse("", body.as_bytes()).unwrap()).unwrap_err();
        assert_eq!(error.message, "not-an-arn-but-long-enough is invalid");
    }

    #[test]
    fn white_space_around_a_token_is_trimmed() {
        let body = format!("{ROLE}&RoleSessionName=me&WebIdentityToken=abcd.e.f%0A");
        let params = Params::parse("", body.as_bytes()).unwrap();
        let input = AssumeRoleWithWebIdentity::read(&params).unwrap();
        assert_eq!(input.token.expose(), "abcd.e.f");
    }

    #[test]
    fn a_token_is_never_echoed() {
        let body = format!("{ROLE}&RoleSessionName=me&WebIdentityToken=abc");
        let params = Params::parse("", body.as_bytes()).unwrap();
        let error = AssumeRoleWithWebIdentity::read(&params).unwrap_err();
        assert!(!error.message.contains("abc"), "{}", error.message);
    }
}

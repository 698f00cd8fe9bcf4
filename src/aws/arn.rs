//! Amazon Resource Names: `arn:partition:service:region:account:resource`.

use std::fmt;

/// All accounts of the embedded STS are in this partition, whatever region a request is signed for.
pub const PARTITION: &str = "aws";

/// A parsed ARN; the sixth part keeps its own colons and slashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arn {
    /// `aws`, `aws-cn`, `aws-us-gov`, ...
    pub partition: String,
    /// `iam`, `sts`, `s3`, ...
    pub service: String,
    /// Empty for global services.
    pub region: String,
    /// Twelve digits, or empty.
    pub account: String,
    /// Everything after the fifth colon.
    pub resource: String,
}

impl Arn {
    /// Reads an ARN by the rule STS applies to its ARN members: six parts, `arn` first, and neither
    /// partition, service nor resource empty. `arn:a:b:::x` is an ARN by this rule, as it is at AWS.
    pub fn parse(text: &str) -> Option<Arn> {
        let mut parts = text.splitn(6, ':');
        let (head, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        if head != "arn" || partition.is_empty() || service.is_empty() || resource.is_empty() {
            return None;
        }
        Some(Arn {
            partition: partition.to_owned(),
            service: service.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            resource: resource.to_owned(),
        })
    }

    /// The name of an IAM role ARN (the last component of `role/path/name`), or `None` for anything else.
    pub fn role_name(&self) -> Option<&str> {
        if self.service != "iam" {
            return None;
        }
        let rest = self.resource.strip_prefix("role/")?;
        rest.rsplit('/').next().filter(|name| !name.is_empty())
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Arn {
            partition,
            service,
            region,
            account,
            resource,
        } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

/// `arn:PART:iam::ACCT:role/path/name`; `path` starts and ends with a slash.
pub fn role(partition: &str, account: &str, path: &str, name: &str) -> String {
    format!("arn:{partition}:iam::{account}:role{path}{name}")
}

/// `arn:PART:iam::ACCT:KIND/path/name` of what IAM keeps under a path: `user`, `group`, `policy`, `mfa`,
/// `instance-profile`; `path` starts and ends with a slash.
pub fn iam(partition: &str, account: &str, kind: &str, path: &str, name: &str) -> String {
    format!("arn:{partition}:iam::{account}:{kind}{path}{name}")
}

/// `arn:PART:sts::ACCT:federated-user/NAME`.
pub fn federated_user(partition: &str, account: &str, name: &str) -> String {
    format!("arn:{partition}:sts::{account}:federated-user/{name}")
}

/// `arn:PART:sts::ACCT:self`: the caller itself, where it asks for a token of its own.
pub fn caller_itself(partition: &str, account: &str) -> String {
    format!("arn:{partition}:sts::{account}:self")
}

/// `arn:PART:iam::ACCT:saml-provider/NAME`.
pub fn saml_provider(partition: &str, account: &str, name: &str) -> String {
    format!("arn:{partition}:iam::{account}:saml-provider/{name}")
}

/// `arn:PART:iam::ACCT:root`.
pub fn root(partition: &str, account: &str) -> String {
    format!("arn:{partition}:iam::{account}:root")
}

/// `arn:PART:sts::ACCT:assumed-role/ROLE/SESSION`: the role's name without its path.
pub fn assumed_role(partition: &str, account: &str, role_name: &str, session_name: &str) -> String {
    format!("arn:{partition}:sts::{account}:assumed-role/{role_name}/{session_name}")
}

/// `arn:PART:iam::ACCT:oidc-provider/HOST/PATH` of an issuer URL: the scheme dropped, all else kept.
pub fn oidc_provider(partition: &str, account: &str, issuer: &str) -> String {
    let name = provider_name(issuer);
    format!("arn:{partition}:iam::{account}:oidc-provider/{name}")
}

/// Account and name of an identity provider's ARN; `kind` is `oidc-provider` or `saml-provider`.
pub fn provider_of(kind: &str, arn: &str) -> Option<(String, String)> {
    let arn = Arn::parse(arn)?;
    let name = arn.resource.strip_prefix(kind)?.strip_prefix('/')?;
    let whole = arn.service == "iam" && arn.region.is_empty() && !name.is_empty();
    whole.then(|| (arn.account.clone(), name.to_owned()))
}

/// An issuer URL as condition keys and provider ARNs name it: without its scheme, `:443` dropped.
pub fn provider_name(issuer: &str) -> String {
    let bare = issuer
        .strip_prefix("https://")
        .or_else(|| issuer.strip_prefix("http://"))
        .unwrap_or(issuer);
    let (host, path) = match bare.find('/') {
        Some(at) => bare.split_at(at),
        None => (bare, ""),
    };
    let host = host.strip_suffix(":443").unwrap_or(host);
    format!("{host}{path}")
}

/// Whether an issuer's condition keys would be AWS's own (`aws:...`): no such issuer may speak, or its
/// claims would stand in for what only we may say (STS-9).
pub fn is_reserved_issuer(issuer: &str) -> bool {
    let ours = [
        "aws",
        "sts",
        "iam",
        "s3",
        "saml",
        "kms",
        "ec2",
        "cognito-identity.amazonaws.com",
    ];
    let prefix = provider_name(issuer).to_lowercase();
    ours.contains(&prefix.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_issuer_speaks_in_the_names_of_aws() {
        for issuer in [
            "https://aws",
            "https://AWS",
            "https://sts:443",
            "https://saml",
        ] {
            assert!(is_reserved_issuer(issuer), "{issuer}");
        }
        for issuer in [
            "https://aws.example",
            "https://idp.example/aws",
            "http://127.0.0.1:8081/ci",
        ] {
            assert!(!is_reserved_issuer(issuer), "{issuer}");
        }
    }

    #[test]
    fn the_sts_rule_for_arns_is_about_form_alone() {
        assert!(Arn::parse("arn:a:b:::something/test-role").is_some());
        for bad in [
            "",
            "arn:aws:iam::1:",
            "arn::iam::1:role/x",
            "arn:aws:::1:role/x",
            "arm:aws:iam::1:role/x",
            "arn:aws:iam::role",
        ] {
            assert_eq!(Arn::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_role_name_is_the_last_component() {
        let arn = Arn::parse("arn:aws:iam::111111111111:role/team/a/Deploy").unwrap();
        assert_eq!(arn.role_name(), Some("Deploy"));
        assert_eq!(
            arn.to_string(),
            "arn:aws:iam::111111111111:role/team/a/Deploy"
        );
        let user = Arn::parse("arn:aws:iam::111111111111:user/Deploy").unwrap();
        assert_eq!(user.role_name(), None);
    }

    #[test]
    fn a_provider_keeps_path_and_port_but_not_443() {
        assert_eq!(provider_name("https://idp.example/a/"), "idp.example/a/");
        assert_eq!(provider_name("https://idp.example:443"), "idp.example");
        assert_eq!(
            provider_name("http://127.0.0.1:8081/acme"),
            "127.0.0.1:8081/acme"
        );
    }
}

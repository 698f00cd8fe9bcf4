//! What AssumeRoleWithSAML takes at an embedded STS: how strict it is, and under which names an assertion may be meant
//! for it.

use url::Url;

use super::StsConfig;
use crate::aws::saml::{AUDIENCE, ENDPOINTS};
use crate::config::Config;
use crate::config::reader::{Reader, one_of};
use crate::config::urls::absolute_uri;

const CHOICES: [(&str, SamlCompatibility); 2] = [
    ("strict", SamlCompatibility::Strict),
    ("aws", SamlCompatibility::Aws),
];

/// How AssumeRoleWithSAML judges an assertion where AWS does less than the standard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SamlCompatibility {
    /// As the standard has it: audience, recipient, `NotBefore`, issuers and `OneTimeUse` count.
    #[default]
    Strict,
    /// As AWS does it: they do not.
    Aws,
}

/// The three keys of an entry.
pub(super) struct Saml {
    pub compatibility: SamlCompatibility,
    pub recipients: Vec<String>,
    pub audiences: Vec<String>,
}

/// Reads the keys; our own names follow from `public_url`.
pub(super) fn read(entry: &Reader<'_>, public_url: Option<&Url>) -> Saml {
    let compatibility = entry.text("saml_compatibility", |text| one_of(text, &CHOICES));
    let more = |key: &str| {
        let more = entry.texts(key, absolute_uri).unwrap_or_default();
        if !more.is_empty() && compatibility == Some(SamlCompatibility::Aws) {
            entry.refuse(
                key,
                "is of no use with saml_compatibility = \"aws\", which does not look at it",
            );
        }
        more
    };
    let ours = public_url.map_or_else(Vec::new, |url| {
        let origin = url.origin().ascii_serialization();
        // With and without the slash: people write both, and both are the door of the STS.
        vec![format!("{origin}/saml"), format!("{origin}/"), origin]
    });
    let known = ENDPOINTS
        .map(|(_, endpoint)| endpoint.to_owned())
        .into_iter()
        .chain(ours);
    let known: Vec<_> = known.collect();
    let recipients = known.iter().cloned().chain(more("saml_recipients"));
    let recipients = recipients.collect();
    let audience = std::iter::once(AUDIENCE.to_owned());
    let audiences = audience.chain(known).chain(more("saml_audiences"));
    Saml {
        compatibility: compatibility.unwrap_or_default(),
        recipients,
        audiences: audiences.collect(),
    }
}

impl StsConfig {
    /// Whether an assertion that is to be delivered there (`Recipient`) may be used here.
    pub fn takes_saml_recipient(&self, recipient: &str) -> bool {
        self.saml_compatibility == SamlCompatibility::Aws
            || is_aws_saml_endpoint(recipient)
            || self.saml_recipients.iter().any(|known| known == recipient)
    }

    /// Whether an assertion that is restricted to this audience may be used here.
    pub fn takes_saml_audience(&self, audience: &str) -> bool {
        self.saml_compatibility == SamlCompatibility::Aws
            || is_aws_saml_endpoint(audience)
            || self.saml_audiences.iter().any(|known| known == audience)
    }
}

impl Config {
    /// The embedded STS that has the account.
    pub fn sts_of(&self, account: &str) -> Option<&StsConfig> {
        let has = |sts: &&StsConfig| sts.accounts.iter().any(|known| known.id == account);
        self.stss.iter().find(has)
    }

    /// How AssumeRoleWithSAML judges an assertion: as AWS where every `[[sts]]` says so, else strictly.
    pub fn saml_compatibility(&self) -> SamlCompatibility {
        let mut stss = self.stss.iter();
        let is_lax = |sts: &StsConfig| sts.saml_compatibility == SamlCompatibility::Aws;
        match !self.stss.is_empty() && stss.all(is_lax) {
            true => SamlCompatibility::Aws,
            false => SamlCompatibility::Strict,
        }
    }
}

/// Whether AWS documents this address for assertions: global or of a region
/// (`https://{region}.signin.aws.amazon.com/saml`), and with the id of a provider that decrypts
/// (`.../saml/acs/{id}`). Regions come and go, so they are a form here, not a list.
pub fn is_aws_saml_endpoint(url: &str) -> bool {
    let endpoint = match url.split_once("/saml/acs/") {
        Some((host, id)) if is_provider_id(id) => format!("{host}/saml"),
        Some(_) => return false,
        None => url.to_owned(),
    };
    let region = || {
        let rest = endpoint.strip_prefix("https://")?;
        rest.strip_suffix(".signin.aws.amazon.com/saml")
    };
    ENDPOINTS.iter().any(|(_, known)| *known == endpoint) || region().is_some_and(is_region)
}

/// `eu-west-1`: one label of a host.
fn is_region(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=32).contains(&text.len()) && text.bytes().all(fits)
}

/// `SAMLSP...` or a UUID.
fn is_provider_id(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=128).contains(&text.len()) && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{messages, parse};
    use super::*;

    fn with(lines: &str) -> String {
        format!(
            "public_url = 'https://sso.example.com'\n[[sts]]\nid = 'local'\nkind = 'embedded'\naccounts = [{{ id = '111111111111', name = 'dev' }}]\n{lines}\n"
        )
    }

    fn sts(lines: &str) -> StsConfig {
        parse(&with(lines)).unwrap().stss.remove(0)
    }

    #[test]
    fn an_sts_is_strict_unless_it_says_otherwise() {
        let strict = SamlCompatibility::Strict;
        assert_eq!(sts("").saml_compatibility, strict);
        assert_eq!(
            sts("saml_compatibility = 'strict'").saml_compatibility,
            strict
        );
        let aws = sts("saml_compatibility = 'aws'");
        assert_eq!(aws.saml_compatibility, SamlCompatibility::Aws);
    }

    #[test]
    fn an_unknown_compatibility_is_refused_with_the_known_ones() {
        let problems = parse(&with("saml_compatibility = 'lax'")).unwrap_err();
        assert_eq!(
            problems.to_string(),
            r#"drawbridge.toml:6: sts[0].saml_compatibility: unknown value; it is "strict" or "aws""#
        );
    }

    #[test]
    fn all_are_as_aws_or_none_is() {
        let other = "[[sts]]\nid = 'other'\nkind = 'embedded'\naccounts = [{ id = '222222222222', name = 'prod' }]\n";
        let lax = "saml_compatibility = 'aws'\n";
        let compatibility = |text: &str| parse(text).unwrap().saml_compatibility();
        assert_eq!(compatibility(&with("")), SamlCompatibility::Strict);
        assert_eq!(compatibility(&with(lax)), SamlCompatibility::Aws);
        let one = with(&format!("{lax}{other}"));
        assert_eq!(compatibility(&one), SamlCompatibility::Strict);
        let both = with(&format!("{lax}{other}{lax}"));
        assert_eq!(compatibility(&both), SamlCompatibility::Aws);
        let none = "public_url = 'https://a.example'";
        assert_eq!(compatibility(none), SamlCompatibility::Strict);
    }

    #[test]
    fn an_account_belongs_to_one_service() {
        let config = parse(&with("")).unwrap();
        assert_eq!(config.sts_of("111111111111").unwrap().id, "local");
        assert!(config.sts_of("222222222222").is_none());
    }

    #[test]
    fn an_assertion_for_aws_or_for_us_is_taken() {
        let sts = sts("");
        for name in [
            "https://signin.aws.amazon.com/saml",
            "https://eu-west-1.signin.aws.amazon.com/saml",
            "https://signin.amazonaws.cn/saml",
            "https://signin.amazonaws-us-gov.com/saml",
            "https://signin.aws.amazon.com/saml/acs/SAMLSPEXAMPLE1",
            "https://us-east-1.signin.aws.amazon.com/saml/acs/0f9a8b7c-1111-4000-8000-0123456789ab",
            "https://sso.example.com",
            "https://sso.example.com/",
            "https://sso.example.com/saml",
        ] {
            assert!(sts.takes_saml_recipient(name), "{name}");
            assert!(sts.takes_saml_audience(name), "{name}");
        }
        assert!(sts.takes_saml_audience("urn:amazon:webservices"));
        assert!(!sts.takes_saml_recipient("urn:amazon:webservices"));
    }

    #[test]
    fn an_assertion_for_somebody_else_is_not_taken() {
        let sts = sts("");
        for name in [
            "",
            "not-a-url",
            "http://signin.aws.amazon.com/saml",
            "https://signin.aws.amazon.com/saml/",
            "https://signin.aws.amazon.com/SAML",
            "https://signin.aws.amazon.com.evil.example/saml",
            "https://evil.example/.signin.aws.amazon.com/saml",
            "https://evil.example?.signin.aws.amazon.com/saml",
            "https://a.b.signin.aws.amazon.com/saml",
            "https://.signin.aws.amazon.com/saml",
            "https://evilsignin.aws.amazon.com/saml",
            "https://signin.aws.amazon.com/saml/acs/",
            "https://signin.aws.amazon.com/saml/acs/a/saml/acs/b",
            "https://evil.example/saml/acs/SAMLSPEXAMPLE1",
            "https://sso.example.com/saml/acs/SAMLSPEXAMPLE1",
            "https://sso.example.com/saml/adfs/acs",
            "urn:amazon:webservices:",
        ] {
            assert!(!sts.takes_saml_recipient(name), "{name}");
            assert!(!sts.takes_saml_audience(name), "{name}");
        }
    }

    #[test]
    fn an_operator_may_add_names() {
        let sts =
            sts("saml_recipients = ['https://old.example/acs']\nsaml_audiences = ['urn:acme:sts']");
        assert!(sts.takes_saml_recipient("https://old.example/acs"));
        assert!(!sts.takes_saml_audience("https://old.example/acs"));
        assert!(sts.takes_saml_audience("urn:acme:sts"));
        assert!(!sts.takes_saml_recipient("urn:acme:sts"));
        assert!(sts.takes_saml_recipient("https://signin.aws.amazon.com/saml"));
    }

    #[test]
    fn with_the_compatibility_of_aws_every_name_is_taken() {
        let sts = sts("saml_compatibility = 'aws'");
        assert!(sts.takes_saml_recipient("not-a-url"));
        assert!(sts.takes_saml_audience("urn:anybody"));
    }

    #[test]
    fn a_name_that_nothing_would_look_at_is_refused() {
        for key in ["saml_recipients", "saml_audiences"] {
            let text = with(&format!("saml_compatibility = 'aws'\n{key} = ['urn:acme']"));
            let expected =
                "is of no use with saml_compatibility = \"aws\", which does not look at it";
            assert_eq!(messages(&text), [expected], "{key}");
        }
    }

    #[test]
    fn a_name_that_is_no_uri_is_refused() {
        for key in ["saml_recipients", "saml_audiences"] {
            let text = with(&format!("{key} = ['sso.example.com/saml']"));
            assert_eq!(messages(&text), ["is not an absolute URI"], "{key}");
        }
    }
}

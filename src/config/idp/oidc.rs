//! `[[idp]]` with `kind = "oidc"`.

use std::time::Duration;

use super::{IdpEntry, idp_id, token};
use crate::config::algorithms;
use crate::config::duration::{HOUR, MINUTE};
use crate::config::problems::Fault;
use crate::config::reader::{Reader, one_of};
use crate::config::schema::{Form, Key, Need, Section};
use crate::config::secrets::secret;
use crate::config::urls::issuer;
use crate::secret::Secret;

pub(in crate::config) const IDP: Section = Section {
    name: "idp",
    header: "[[idp]]",
    about: "An identity provider that people sign in with, here by OpenID Connect; the next section has the keys of SAML. Register `https://<public_url>/oidc/<id>/callback` there as the redirect URI. The code flow with PKCE is always used; without a secret the client is public.",
    keys: &[
        Key {
            name: "id",
            form: Form::Text,
            need: Need::Required,
            about: "Our name for the provider: 1 to 32 of `a-z`, `0-9` and `-`, each once. It stands in URLs, in the audit trail and in identities, so it is not to be changed later.",
        },
        Key {
            name: "kind",
            form: Form::Text,
            need: Need::Required,
            about: "`\"oidc\"`, or `\"saml\"` with the keys of the next section.",
        },
        Key {
            name: "name",
            form: Form::Text,
            need: Need::Derived("the id"),
            about: "What the sign-in button says.",
        },
        Key {
            name: "issuer",
            form: Form::Text,
            need: Need::Required,
            about: "The provider's issuer, byte for byte as its tokens carry it. Discovery starts here.",
        },
        Key {
            name: "client_id",
            form: Form::Text,
            need: Need::Required,
            about: "The client id that the provider gave to the broker.",
        },
        Key {
            name: "client_secret",
            form: Form::Text,
            need: Need::Optional,
            about: "The client secret. In the demo alone.",
        },
        Key {
            name: "client_secret_file",
            form: Form::Path,
            need: Need::Optional,
            about: "The file that holds the client secret, readable by the broker's user alone.",
        },
        Key {
            name: "client_secret_env",
            form: Form::Text,
            need: Need::Optional,
            about: "The environment variable that holds the client secret.",
        },
        Key {
            name: "token_endpoint_auth",
            form: Form::Text,
            need: Need::Default("\"client_secret_basic\""),
            about: "How the secret is presented: `\"client_secret_basic\"` or `\"client_secret_post\"`.",
        },
        Key {
            name: "scopes",
            form: Form::Texts,
            need: Need::Default(r#"["openid", "profile", "email"]"#),
            about: "What is asked for; `openid` must be among them. Many providers want one more scope for groups.",
        },
        Key {
            name: "groups_claim",
            form: Form::Text,
            need: Need::Default("\"groups\""),
            about: "The claim with the person's groups.",
        },
        Key {
            name: "name_claim",
            form: Form::Text,
            need: Need::Default("\"name\""),
            about: "The claim with the name to show.",
        },
        Key {
            name: "email_claim",
            form: Form::Text,
            need: Need::Default("\"email\""),
            about: "The claim with the e-mail address, for display. A person is known by `sub`, never by e-mail.",
        },
        Key {
            name: "algorithms",
            form: Form::Texts,
            need: Need::Default(algorithms::DEFAULT),
            about: "The signature algorithms that ID tokens may have. Shared secrets (HS256) are not among them.",
        },
        Key {
            name: "max_session",
            form: Form::Duration,
            need: Need::Default("\"12h\""),
            about: "How long a sign-in counts, at most `12h`.",
        },
        Key {
            name: "clock_skew",
            form: Form::Duration,
            need: Need::Default("\"60s\""),
            about: "How far the provider's clock may be from ours, at most `300s`.",
        },
        Key {
            name: "acr_values",
            form: Form::Texts,
            need: Need::Default("[]"),
            about: "Authentication contexts to ask for. The answer must carry one of them.",
        },
        Key {
            name: "max_age",
            form: Form::Duration,
            need: Need::Optional,
            about: "How old the sign-in at the provider may be. The answer's `auth_time` is checked; `\"0s\"` asks for a new sign-in each time.",
        },
        Key {
            name: "prompt",
            form: Form::Text,
            need: Need::Optional,
            about: "What the provider is to show: `login`, `consent`, `select_account`, or several of them with a space between.",
        },
    ],
    reserved: &[
        ("metadata_url", OF_SAML),
        ("metadata_file", OF_SAML),
        ("entity_id", OF_SAML),
        ("groups_attribute", OF_SAML),
    ],
};

const OF_SAML: &str = "is for providers with kind = \"saml\"";

/// An OIDC identity provider.
#[derive(Clone, Debug)]
pub struct IdpConfig {
    /// Our name for it: `[a-z0-9-]{1,32}`.
    pub id: String,
    /// What the sign-in button says.
    pub name: String,
    /// The issuer, byte for byte as tokens carry it.
    pub issuer: String,
    /// Our client id there.
    pub client_id: String,
    /// Our client secret there; without one the client is public.
    pub client_secret: Option<Secret<String>>,
    /// How the secret is presented.
    pub token_endpoint_auth: TokenEndpointAuth,
    /// The scopes to ask for, `openid` among them.
    pub scopes: Vec<String>,
    /// The claim with the person's groups.
    pub groups_claim: String,
    /// The claim with the name to show.
    pub name_claim: String,
    /// The claim with the e-mail address, for display.
    pub email_claim: String,
    /// The algorithms that ID tokens may have (JOSE names), asymmetric ones.
    pub algorithms: Vec<String>,
    /// How long a sign-in counts.
    pub max_session: Duration,
    /// How far the provider's clock may be from ours.
    pub clock_skew: Duration,
    /// Authentication contexts of which the answer must carry one; none asked for if empty.
    pub acr_values: Vec<String>,
    /// How old the sign-in at the provider may be.
    pub max_age: Option<Duration>,
    /// The `prompt` parameter.
    pub prompt: Option<String>,
}

/// How the client secret is presented at the token endpoint (OpenID Connect Core, section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenEndpointAuth {
    /// In the `Authorization` header.
    ClientSecretBasic,
    /// In the form.
    ClientSecretPost,
}

/// Reads the keys of one entry.
pub(super) fn read(entry: &Reader<'_>) -> Option<IdpConfig> {
    // Each key is read before any is missed, so that every problem is noted.
    let id = entry.text("id", idp_id);
    let name = entry.words("name");
    let issuer = entry.text("issuer", |text| issuer(text, entry.reading.demo));
    let client_id = entry.words("client_id");
    let client_secret = secret(entry, "client_secret");
    let token_endpoint_auth = entry.text("token_endpoint_auth", |text| {
        one_of(
            text,
            &[
                ("client_secret_basic", TokenEndpointAuth::ClientSecretBasic),
                ("client_secret_post", TokenEndpointAuth::ClientSecretPost),
            ],
        )
    });
    let scopes = entry.texts("scopes", token);
    if scopes
        .as_ref()
        .is_some_and(|scopes| !scopes.iter().any(|scope| scope == "openid"))
    {
        entry.refuse("scopes", "must contain \"openid\"");
    }
    let groups_claim = entry.words("groups_claim");
    let name_claim = entry.words("name_claim");
    let email_claim = entry.words("email_claim");
    let algorithms = entry.texts("algorithms", algorithms::asymmetric);
    if let Some(algorithms) = &algorithms {
        check_algorithms(entry, algorithms);
    }
    let max_session = entry.duration("max_session", MINUTE..=12 * HOUR);
    let clock_skew = entry.duration("clock_skew", 0..=300);
    let acr_values = entry.texts("acr_values", token);
    let max_age = entry.duration("max_age", 0..=720 * HOUR);
    let prompt = entry.text("prompt", prompt);
    let id = id?;
    Some(IdpConfig {
        name: name.unwrap_or_else(|| id.clone()),
        id,
        issuer: issuer?,
        client_id: client_id?,
        client_secret,
        token_endpoint_auth: token_endpoint_auth?,
        scopes: scopes?,
        groups_claim: groups_claim?,
        name_claim: name_claim?,
        email_claim: email_claim?,
        algorithms: algorithms?,
        max_session: max_session?,
        clock_skew: clock_skew?,
        acr_values: acr_values?,
        max_age,
        prompt,
    })
}

/// One client of one issuer is one entry: nothing would tell their answers apart.
pub(super) fn refuse_twins(entry: &Reader<'_>, idp: &IdpConfig, others: &[IdpEntry]) {
    let same_client =
        |other: &&IdpConfig| other.issuer == idp.issuer && other.client_id == idp.client_id;
    let mut others = others.iter().filter_map(IdpEntry::oidc);
    if let Some(other) = others.find(same_client) {
        let message = format!("has the same issuer and client_id as \"{}\"", other.id);
        entry.refuse("client_id", message);
    }
}

/// At least one, or nothing could ever be verified.
fn check_algorithms(entry: &Reader<'_>, algorithms: &[String]) {
    if algorithms.is_empty() {
        entry.refuse("algorithms", "must not be empty");
    }
}

fn prompt(text: &str) -> Result<String, Fault> {
    // `none` forbids the provider to ask for a password, so nobody could ever sign in.
    let known = ["login", "consent", "select_account"];
    match text.split(' ').all(|word| known.contains(&word)) {
        true => Ok(text.to_owned()),
        false => {
            Err(Fault::from("unknown value")
                .hint("it is made of login, consent and select_account"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing::{messages, parse, parse_demo};

    fn with(lines: &str) -> String {
        format!(
            "public_url = 'https://a.example'\n[[idp]]\nid = 'okta'\nkind = 'oidc'\nissuer = 'https://example.okta.com'\nclient_id = '0oa'\n{lines}\n"
        )
    }

    #[test]
    fn four_keys_make_a_public_client() {
        let config = parse(&with("")).unwrap();
        let idp = config.idps[0].oidc().unwrap();
        assert_eq!((idp.id.as_str(), idp.name.as_str()), ("okta", "okta"));
        assert!(idp.client_secret.is_none());
        assert_eq!(idp.scopes, ["openid", "profile", "email"]);
        assert_eq!(idp.groups_claim, "groups");
        assert_eq!(idp.algorithms, algorithms::ASYMMETRIC);
        assert_eq!(idp.max_session, Duration::from_secs(12 * HOUR));
        assert_eq!(idp.clock_skew, Duration::from_secs(60));
        assert_eq!(
            idp.token_endpoint_auth,
            TokenEndpointAuth::ClientSecretBasic
        );
    }

    #[test]
    fn all_four_are_required() {
        let problems =
            parse("public_url = 'https://a.example'\n[[idp]]\nname = 'Okta'").unwrap_err();
        let places: Vec<_> = problems
            .iter()
            .map(|problem| (problem.place.as_str(), problem.line))
            .collect();
        let expected = ["kind", "id", "issuer", "client_id"].map(|key| format!("idp[0].{key}"));
        assert_eq!(
            places,
            expected.each_ref().map(|place| (place.as_str(), Some(2)))
        );
    }

    #[test]
    fn a_secret_is_not_shown_by_debug() {
        let config = parse_demo(&with("client_secret = 's3cr3t-value'")).unwrap();
        assert!(!format!("{config:?}").contains("s3cr3t"));
    }

    #[test]
    fn two_providers_do_not_share_an_id_or_a_client() {
        let second = "[[idp]]\nid = 'okta'\nkind = 'oidc'\nissuer = 'https://example.okta.com'\nclient_id = '0oa'\n";
        assert_eq!(
            messages(&with(second)),
            [
                "is already the id of another [[idp]]",
                "has the same issuer and client_id as \"okta\""
            ]
        );
    }

    #[test]
    fn a_key_of_saml_is_refused_by_that_name() {
        for key in ["metadata_file", "entity_id", "groups_attribute"] {
            assert_eq!(
                messages(&with(&format!("{key} = 'x'"))),
                ["is for providers with kind = \"saml\""]
            );
        }
    }

    #[test]
    fn an_issuer_on_loopback_is_for_the_demo() {
        let text = with("").replace("https://example.okta.com", "http://127.0.0.1:8081/acme");
        assert_eq!(messages(&text), ["must begin with https://"]);
        let config = parse_demo(&text).unwrap();
        assert_eq!(
            config.idps[0].oidc().unwrap().issuer,
            "http://127.0.0.1:8081/acme"
        );
    }

    #[test]
    fn scopes_contain_openid() {
        assert_eq!(
            messages(&with("scopes = ['profile']")),
            ["must contain \"openid\""]
        );
        assert_eq!(
            messages(&with("scopes = ['openid profile', 'openid']")),
            ["must have no spaces"]
        );
    }

    #[test]
    fn a_shared_secret_verifies_nothing() {
        let expected = "a shared secret cannot verify what published keys sign";
        assert_eq!(messages(&with("algorithms = ['HS256']")), [expected]);
    }

    #[test]
    fn no_algorithm_at_all_is_refused() {
        assert_eq!(messages(&with("algorithms = []")), ["must not be empty"]);
        assert_eq!(
            messages(&with("algorithms = ['none']")),
            ["tokens without a signature are never accepted"]
        );
    }

    #[test]
    fn a_session_lasts_twelve_hours_at_most() {
        assert!(parse(&with("max_session = '12h'")).is_ok());
        assert_eq!(
            messages(&with("max_session = '43201s'")),
            ["must be between 1m and 12h"]
        );
    }

    #[test]
    fn clocks_may_differ_by_five_minutes_at_most() {
        assert!(parse(&with("clock_skew = '0s'")).is_ok());
        assert!(parse(&with("clock_skew = '300s'")).is_ok());
        assert_eq!(
            messages(&with("clock_skew = '301s'")),
            ["must be between 0s and 5m"]
        );
    }

    #[test]
    fn prompt_none_is_refused() {
        assert!(parse(&with("prompt = 'login consent'")).is_ok());
        assert_eq!(messages(&with("prompt = 'none'")), ["unknown value"]);
    }
}

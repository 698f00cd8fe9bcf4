//! `[[idp]]`: the identity providers that people sign in with, in the order of the sign-in page.
//!
//! One file per kind; what they have in common, and what must differ between any two of them, is here.

mod oidc;
mod saml;

use url::Url;

pub(super) use self::oidc::IDP;
pub use self::oidc::{IdpConfig, TokenEndpointAuth};
pub(super) use self::saml::SAML_IDP;
pub use self::saml::{MetadataSource, SamlIdpConfig, SamlProfile, SignRequests};
use super::Config;
use super::problems::Fault;
use super::reader::{Reader, one_of, words};

/// An identity provider of either kind.
#[derive(Clone, Debug)]
pub enum IdpEntry {
    /// `kind = "oidc"`.
    Oidc(IdpConfig),
    /// `kind = "saml"`.
    Saml(SamlIdpConfig),
}

impl IdpEntry {
    /// Our name for it: `[a-z0-9-]{1,32}`, of all kinds once.
    pub fn id(&self) -> &str {
        match self {
            IdpEntry::Oidc(idp) => &idp.id,
            IdpEntry::Saml(idp) => &idp.id,
        }
    }

    /// What the sign-in button says.
    pub fn name(&self) -> &str {
        match self {
            IdpEntry::Oidc(idp) => &idp.name,
            IdpEntry::Saml(idp) => &idp.name,
        }
    }

    /// The entry, where it is one of OIDC.
    pub fn oidc(&self) -> Option<&IdpConfig> {
        match self {
            IdpEntry::Oidc(idp) => Some(idp),
            IdpEntry::Saml(_) => None,
        }
    }

    /// The entry, where it is one of SAML.
    pub fn saml(&self) -> Option<&SamlIdpConfig> {
        match self {
            IdpEntry::Oidc(_) => None,
            IdpEntry::Saml(idp) => Some(idp),
        }
    }
}

impl Config {
    /// The OIDC providers, in the order of the file.
    pub fn oidc_idps(&self) -> impl Iterator<Item = &IdpConfig> {
        self.idps.iter().filter_map(IdpEntry::oidc)
    }

    /// The SAML providers, in the order of the file.
    pub fn saml_idps(&self) -> impl Iterator<Item = &SamlIdpConfig> {
        self.idps.iter().filter_map(IdpEntry::saml)
    }
}

/// The kinds of identity provider that the file may name.
#[derive(Clone, Copy)]
enum Kind {
    Oidc,
    Saml,
}

const CHOICES: [(&str, Kind); 2] = [("oidc", Kind::Oidc), ("saml", Kind::Saml)];

/// Reads every entry and refuses those that cannot be told apart. Our names for ourselves at a SAML provider follow
/// from `public_url`.
pub(super) fn read(entries: &[Reader<'_>], public_url: Option<&Url>) -> Vec<IdpEntry> {
    let mut idps: Vec<IdpEntry> = Vec::new();
    for entry in entries {
        // Without a kind, the keys that only SAML has tell what was meant.
        let described = entry.is_given("metadata_url") || entry.is_given("metadata_file");
        let kind = entry.text("kind", |text| one_of(text, &CHOICES));
        let idp = match (kind, described) {
            (Some(Kind::Saml), _) | (None, true) => {
                let entry = entry.under(&SAML_IDP);
                entry.refuse_unknown_keys(&[]);
                saml::read(&entry, public_url).map(IdpEntry::Saml)
            }
            (Some(Kind::Oidc), _) | (None, false) => {
                entry.refuse_unknown_keys(&[]);
                oidc::read(entry).map(IdpEntry::Oidc)
            }
        };
        let Some(idp) = idp else { continue };
        if idps.iter().any(|other| other.id() == idp.id()) {
            entry.refuse("id", "is already the id of another [[idp]]");
        }
        match &idp {
            IdpEntry::Oidc(idp) => oidc::refuse_twins(entry, idp, &idps),
            IdpEntry::Saml(idp) => saml::refuse_twins(entry, idp, &idps),
        }
        idps.push(idp);
    }
    idps
}

/// `[a-z0-9-]{1,32}`, for identity providers and security token services.
pub(super) fn idp_id(text: &str) -> Result<String, Fault> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=32).contains(&text.len()) && text.bytes().all(fits) {
        return Ok(text.to_owned());
    }
    Err("must be 1 to 32 of a-z, 0-9 and -".into())
}

/// One item of a list that travels with spaces between.
fn token(text: &str) -> Result<String, Fault> {
    match words(text)?.contains(' ') {
        true => Err(Fault::from("must have no spaces").hint("each is an entry of its own")),
        false => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{messages, parse};
    use super::IdpEntry;

    const URL: &str = "public_url = 'https://a.example'\n";

    fn oidc(id: &str) -> String {
        format!(
            "[[idp]]\nid = '{id}'\nkind = 'oidc'\nissuer = 'https://{id}.okta.com'\nclient_id = '0oa'\n"
        )
    }

    fn saml(id: &str) -> String {
        format!(
            "[[idp]]\nid = '{id}'\nkind = 'saml'\nmetadata_url = 'https://{id}.example/m.xml'\n"
        )
    }

    #[test]
    fn both_kinds_keep_the_order_of_the_file() {
        let text = format!("{URL}{}{}{}", oidc("c"), saml("b"), oidc("a"));
        let config = parse(&text).unwrap();
        let ids: Vec<_> = config.idps.iter().map(IdpEntry::id).collect();
        assert_eq!(ids, ["c", "b", "a"]);
        let names: Vec<_> = config.idps.iter().map(IdpEntry::name).collect();
        assert_eq!(names, ids);
        let oidc: Vec<_> = config.oidc_idps().map(|idp| idp.id.as_str()).collect();
        assert_eq!(oidc, ["c", "a"]);
        let saml: Vec<_> = config.saml_idps().map(|idp| idp.id.as_str()).collect();
        assert_eq!(saml, ["b"]);
    }

    #[test]
    fn an_unknown_kind_is_refused_with_the_known_ones() {
        let problems =
            parse(&format!("{URL}{}", oidc("a").replace("'oidc'", "'odic'"))).unwrap_err();
        assert_eq!(
            problems.to_string(),
            r#"drawbridge.toml:4: idp[0].kind: unknown value; it is "oidc" or "saml""#
        );
    }

    #[test]
    fn a_kind_that_is_missing_is_the_only_problem_of_a_saml_entry() {
        let text = format!("{URL}{}", saml("adfs").replace("kind = 'saml'\n", ""));
        assert_eq!(messages(&text), ["is required"]);
    }

    #[test]
    fn an_id_has_small_letters_digits_and_dashes() {
        for id in [
            "",
            "Okta",
            "ok ta",
            "ok/ta",
            "a23456789012345678901234567890123",
        ] {
            for entry in [oidc("a"), saml("a")] {
                let text = format!("{URL}{entry}").replace("id = 'a'", &format!("id = '{id}'"));
                assert_eq!(
                    messages(&text),
                    ["must be 1 to 32 of a-z, 0-9 and -"],
                    "{id}"
                );
            }
        }
    }

    #[test]
    fn two_providers_of_different_kinds_do_not_share_an_id() {
        for (one, other) in [(oidc("x"), saml("x")), (saml("x"), oidc("x"))] {
            assert_eq!(
                messages(&format!("{URL}{one}{other}")),
                ["is already the id of another [[idp]]"]
            );
        }
    }
}

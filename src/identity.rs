//! Who someone is, by verified evidence.
//!
//! An [`Identity`] is made by `idp` (sign-in) or by the exchange doors from a `VerifiedIdToken`, never
//! from anything unverified. It knows no roles.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws::arn;

/// How the evidence came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EvidenceKind {
    /// An ID token of a person's sign-in.
    Oidc,
    /// A job token of a CI platform.
    Ci,
    /// A SAML response of a person's sign-in.
    Saml,
}

/// What only SAML says of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlName {
    /// `NameID`, exactly.
    pub value: String,
    /// Whether it is what the person is known by: the identity's subject, which is unique only with format and
    /// qualifiers (security.md SAML-17). Otherwise the subject is an attribute, and this is for logout alone.
    pub is_subject: bool,
    /// `Format` of the `NameID`.
    pub format: Option<String>,
    /// `NameQualifier`.
    pub name_qualifier: Option<String>,
    /// `SPNameQualifier`.
    pub sp_name_qualifier: Option<String>,
    /// The session at the provider, for logout.
    pub session_index: Option<String>,
    /// Whether SHA-1 signed the assertion, which the entry allows: each event warns of it (SAML-5).
    pub sha1: bool,
}

/// Formats of names that mean nothing to a reader.
const OPAQUE: [&str; 2] = [
    "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
];

/// What verified evidence says about someone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// The entry of the configuration that vouches: an `[[idp]]` id, or the issuer of a `[[ci]]` entry.
    pub provider: String,
    /// What kind of evidence it was.
    pub kind: EvidenceKind,
    /// The issuer, exactly as the evidence has it: of SAML the provider's entity id.
    pub issuer: String,
    /// The subject, exactly as the evidence has it. With `provider` it is the key of the identity; of SAML together
    /// with the format and the qualifiers of the name, unless an attribute is the subject.
    pub subject: String,
    /// The audience that matched; of SAML the `Recipient`, which is what `saml:aud` means.
    pub audience: String,
    /// For people to read.
    pub display_name: String,
    /// For display; no rule looks at it.
    pub email: Option<String>,
    /// Groups, mapped from the configured claim.
    pub groups: Vec<String>,
    /// Scalar claims and lists of scalars, by claim name; of SAML every attribute with all its values.
    pub claims: BTreeMap<String, ClaimValue>,
    /// Claims in AWS's own namespace, as they are: what the provider says to the STS itself.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub sts_claims: serde_json::Map<String, Value>,
    /// Epoch seconds of the evidence's issue, never later than we saw it: what was cut off since counts no more.
    pub issued_at: i64,
    /// Epoch seconds after which this identity counts no more.
    pub valid_until: i64,
    /// `kid` of the key that signed the evidence; of SAML the SHA-256 of the provider's certificate, hexadecimal.
    #[serde(default)]
    pub key_id: Option<String>,
    /// `jti`, where the evidence has one; of SAML the assertion's `ID`.
    pub token_id: Option<String>,
    /// What only SAML says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saml: Option<SamlName>,
    /// SHA-256 of the evidence, base64url; what the audit keeps instead of the evidence.
    pub evidence_sha256: String,
}

/// A claim that conditions can name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ClaimValue {
    /// A string, number or boolean, as text.
    One(String),
    /// A list of scalars.
    Many(Vec<String>),
}

impl ClaimValue {
    /// All values, one or many.
    pub fn values(&self) -> &[String] {
        match self {
            ClaimValue::One(value) => std::slice::from_ref(value),
            ClaimValue::Many(values) => values,
        }
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// The claims that become condition keys: every scalar as a single value, every list of scalars as a
/// multivalued one; nested objects and mixed lists not at all.
pub fn condition_claims(claims: &serde_json::Map<String, Value>) -> BTreeMap<String, ClaimValue> {
    let value = |claim: &Value| match claim {
        Value::Array(items) => items
            .iter()
            .map(scalar)
            .collect::<Option<Vec<_>>>()
            .map(ClaimValue::Many),
        other => scalar(other).map(ClaimValue::One),
    };
    claims
        .iter()
        .filter_map(|(name, claim)| Some((name.clone(), value(claim)?)))
        .collect()
}

impl Identity {
    /// The prefix of this identity's condition keys: the issuer without its scheme.
    pub fn key_prefix(&self) -> String {
        arn::provider_name(&self.issuer)
    }

    /// A legal session name (`[\w+=,.@-]{2,64}`): e-mail, else name, else subject, made legal. Where
    /// anything had to be changed, a short hash of the whole key keeps two identities apart.
    ///
    /// Of SAML the hash is always there: what can be read is not what a person is known by.
    pub fn session_name(&self) -> String {
        let wanted = match (self.kind, &self.saml) {
            (EvidenceKind::Saml, Some(name)) => return self.saml_session_name(name),
            (EvidenceKind::Ci, _) => &self.subject,
            _ => self.email.as_deref().unwrap_or(&self.subject),
        };
        legal_session_name(wanted, &[&self.provider, &self.subject])
    }

    fn saml_session_name(&self, name: &SamlName) -> String {
        let opaque = name
            .format
            .as_deref()
            .is_some_and(|it| OPAQUE.contains(&it));
        let readable = match name.is_subject && opaque {
            true => &self.display_name,
            false => &self.subject,
        };
        let wanted = self.email.as_deref().unwrap_or(readable);
        let said = |part: &Option<String>| match part {
            // What is empty is not what is left out.
            Some(part) => format!("={part}"),
            None => String::new(),
        };
        let qualifiers = match name.is_subject {
            true => [
                said(&name.format),
                said(&name.name_qualifier),
                said(&name.sp_name_qualifier),
            ],
            false => Default::default(),
        };
        let [format, qualifier, ours] = &qualifiers;
        let kind = if name.is_subject { "name" } else { "attribute" };
        named_apart(
            wanted,
            &[&self.provider, kind, &self.subject, format, qualifier, ours],
        )
    }
}

/// Makes a text a legal session name; `key` tells apart what becomes equal by that.
pub fn legal_session_name(wanted: &str, key: &[&str]) -> String {
    let length = wanted.chars().count();
    match wanted.chars().all(is_legal) && (2..=64).contains(&length) {
        true => wanted.to_owned(),
        false => named_apart(wanted, key),
    }
}

fn is_legal(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)
}

/// A text made legal, with a short hash of the key behind it.
fn named_apart(wanted: &str, key: &[&str]) -> String {
    use base64::Engine;
    use sha2::{Digest, Sha256};
    let mut digest = Sha256::new();
    for part in key {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    let hash = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest.finalize());
    let kept: String = wanted
        .chars()
        .map(|c| if is_legal(c) { c } else { '-' })
        .take(53)
        .collect();
    let short: String = hash.chars().take(10).collect();
    format!("{kept}-{short}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_legal_name_stays_as_it_is() {
        assert_eq!(
            legal_session_name("ann@acme.example", &["k"]),
            "ann@acme.example"
        );
    }

    #[test]
    fn names_made_legal_stay_apart() {
        let a = legal_session_name("repo:acme/app", &["ci", "repo:acme/app"]);
        let b = legal_session_name("repo/acme:app", &["ci", "repo/acme:app"]);
        assert_ne!(a, b);
        for name in [&a, &b] {
            assert!(name.starts_with("repo-acme-app-"), "{name}");
            assert!(name.len() <= 64);
        }
        let long = "é".repeat(300);
        assert_eq!(legal_session_name(&long, &["x"]).len(), 64);
        assert!(legal_session_name("x", &["x"]).len() >= 2);
    }

    fn ann() -> Identity {
        Identity {
            provider: "contoso".to_owned(),
            kind: EvidenceKind::Saml,
            issuer: "https://idp.contoso.example".to_owned(),
            subject: "ann-4711".to_owned(),
            audience: "https://sso.example.com/saml/contoso/acs".to_owned(),
            display_name: "Ann Example".to_owned(),
            email: Some("ann@contoso.example".to_owned()),
            groups: Vec::new(),
            claims: BTreeMap::new(),
            sts_claims: serde_json::Map::new(),
            issued_at: 0,
            valid_until: 3600,
            key_id: None,
            token_id: None,
            saml: Some(SamlName {
                value: "ann-4711".to_owned(),
                is_subject: true,
                format: Some(OPAQUE[0].to_owned()),
                name_qualifier: None,
                sp_name_qualifier: None,
                session_index: None,
                sha1: false,
            }),
            evidence_sha256: String::new(),
        }
    }

    #[test]
    fn whatever_a_person_of_saml_is_known_by_is_in_the_session_name() {
        type Spoil = fn(&mut Identity);
        let other: [Spoil; 7] = [
            |it| it.provider = "fabrikam".to_owned(),
            |it| it.subject = "ann-4712".to_owned(),
            |it| it.saml.as_mut().unwrap().format = None,
            |it| it.saml.as_mut().unwrap().name_qualifier = Some("a".to_owned()),
            |it| it.saml.as_mut().unwrap().name_qualifier = Some(String::new()),
            |it| it.saml.as_mut().unwrap().sp_name_qualifier = Some("a".to_owned()),
            |it| it.saml.as_mut().unwrap().is_subject = false,
        ];
        let mut names: Vec<String> = vec![ann().session_name()];
        for spoil in other {
            let mut spoilt = ann();
            spoil(&mut spoilt);
            names.push(spoilt.session_name());
        }
        for name in &names {
            assert!(name.starts_with("ann@contoso.example-"), "{name}");
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 8);
        // Another session at the provider is the same person.
        let mut later = ann();
        later.saml.as_mut().unwrap().session_index = Some("2".to_owned());
        assert_eq!(later.session_name(), ann().session_name());
    }

    #[test]
    fn a_session_name_of_saml_is_one_that_people_can_read() {
        let named = |spoil: fn(&mut Identity)| {
            let mut spoilt = ann();
            spoilt.email = None;
            spoil(&mut spoilt);
            let name = spoilt.session_name();
            name[..name.len() - 11].to_owned()
        };
        assert_eq!(named(|_| {}), "Ann-Example");
        let unspecified: fn(&mut Identity) = |it| it.saml.as_mut().unwrap().format = None;
        assert_eq!(named(unspecified), "ann-4711");
        // A subject that an attribute gives is what the administrator chose people to be known by.
        let by_attribute: fn(&mut Identity) = |it| {
            it.saml.as_mut().unwrap().is_subject = false;
            it.subject = "E-17".to_owned();
        };
        assert_eq!(named(by_attribute), "E-17");
        assert_eq!(named(|it| it.display_name = "é".repeat(300)).len(), 53);
    }

    #[test]
    fn scalars_and_lists_of_scalars_become_keys() {
        let claims = json!({
            "s": "a", "n": 7, "b": true, "l": ["x", 1], "o": {"x": 1}, "m": [["x"]], "z": null
        });
        let found = condition_claims(claims.as_object().unwrap());
        let names: Vec<_> = found.keys().map(String::as_str).collect();
        assert_eq!(names, ["b", "l", "n", "s"]);
        assert_eq!(found["n"], ClaimValue::One("7".to_owned()));
        assert_eq!(found["l"], ClaimValue::Many(vec!["x".into(), "1".into()]));
    }
}

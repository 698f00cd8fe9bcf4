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

/// What a SAML assertion says of the person beside a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlName {
    /// `NameID`, exactly: the subject of the identity, unless the entry takes that from an attribute.
    pub value: String,
    /// `Format` of the `NameID`.
    pub format: Option<String>,
    /// `NameQualifier`.
    pub name_qualifier: Option<String>,
    /// `SPNameQualifier`.
    pub sp_name_qualifier: Option<String>,
    /// The session at the provider, for logout.
    pub session_index: Option<String>,
}

/// What verified evidence says about someone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// The entry of the configuration that vouches: an `[[idp]]` id, or the issuer of a `[[ci]]` entry.
    pub provider: String,
    /// What kind of evidence it was.
    pub kind: EvidenceKind,
    /// The issuer, exactly as the evidence has it: of SAML the provider's entity id.
    pub issuer: String,
    /// The subject, exactly as the evidence has it. With `provider` it is the key of the identity.
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
    pub fn session_name(&self) -> String {
        let wanted = match self.kind {
            EvidenceKind::Oidc | EvidenceKind::Saml => {
                self.email.as_deref().unwrap_or(&self.subject)
            }
            EvidenceKind::Ci => &self.subject,
        };
        legal_session_name(wanted, &[&self.provider, &self.subject])
    }
}

/// Makes a text a legal session name; `key` tells apart what becomes equal by that.
pub fn legal_session_name(wanted: &str, key: &[&str]) -> String {
    use base64::Engine;
    use sha2::{Digest, Sha256};
    let legal = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let length = wanted.chars().count();
    if wanted.chars().all(legal) && (2..=64).contains(&length) {
        return wanted.to_owned();
    }
    let mut digest = Sha256::new();
    for part in key {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    let hash = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest.finalize());
    let kept: String = wanted
        .chars()
        .map(|c| if legal(c) { c } else { '-' })
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

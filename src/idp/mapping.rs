//! From a verified token to an identity.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::identity::{ClaimValue, EvidenceKind, Identity, condition_claims};
use crate::jwt::VerifiedIdToken;

/// Which claims hold what.
#[derive(Clone, Copy, Debug)]
pub struct ClaimNames<'a> {
    /// List of strings, or one string.
    pub groups: &'a str,
    /// For people to read.
    pub name: &'a str,
    /// E-mail; counts only where `email_verified` is true.
    pub email: &'a str,
}

impl Default for ClaimNames<'_> {
    fn default() -> Self {
        ClaimNames {
            groups: "groups",
            name: "name",
            email: "email",
        }
    }
}

/// What a token says about groups and cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// The provider left the groups out and points elsewhere (`_claim_names`). Treating that as "no
    /// groups" would decide on half the facts.
    #[error("the identity provider did not send the groups but a pointer to them (group overage)")]
    GroupOverage,
    /// The groups claim is neither a string nor a list of strings.
    #[error("the groups claim is not a list of strings")]
    GroupsForm,
}

impl MappingError {
    /// The stable reason code.
    pub fn reason(self) -> &'static str {
        "oidc.groups"
    }
}

/// Where the evidence came from and how long it counts.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The entry of the configuration.
    pub provider: &'a str,
    /// What kind of evidence.
    pub kind: EvidenceKind,
    /// Epoch seconds until which the identity counts.
    pub valid_until: i64,
    /// Epoch seconds at which we saw it.
    pub seen_at: i64,
}

fn groups(claims: &Map<String, Value>, name: &str) -> Result<Vec<String>, MappingError> {
    match claims.get(name) {
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .ok_or(MappingError::GroupsForm),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Null) | None => {
            let pointers = claims.get("_claim_names").and_then(Value::as_object);
            match pointers.is_some_and(|pointers| pointers.contains_key(name)) {
                true => Err(MappingError::GroupOverage),
                false => Ok(Vec::new()),
            }
        }
        Some(_) => Err(MappingError::GroupsForm),
    }
}

/// Makes the identity. `claims` are the token's, with what userinfo added where it was asked.
pub fn identity(
    token: &VerifiedIdToken,
    claims: &Map<String, Value>,
    names: ClaimNames<'_>,
    origin: Origin<'_>,
) -> Result<Identity, MappingError> {
    let groups = groups(claims, names.groups)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let verified = claims.get("email_verified").and_then(Value::as_bool);
    let email = text(names.email).filter(|_| verified == Some(true));
    let mut conditions = condition_claims(claims);
    // However the claim is called at the provider, policies find the groups under one name.
    if claims.contains_key(names.groups) {
        conditions.insert("groups".to_owned(), ClaimValue::Many(groups.clone()));
    }
    for transport in ["nonce", "at_hash", "c_hash", "s_hash"] {
        conditions.remove(transport);
    }
    let subject = token.subject().to_owned();
    let preferred = text(names.name).or_else(|| text("preferred_username"));
    Ok(Identity {
        provider: origin.provider.to_owned(),
        kind: origin.kind,
        issuer: token.issuer().to_owned(),
        audience: token.audience().to_owned(),
        display_name: preferred.unwrap_or_else(|| subject.clone()),
        subject,
        email,
        groups,
        claims: conditions,
        sts_claims: claims
            .iter()
            .filter(|(name, _)| name.starts_with("https://aws.amazon.com/"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        // An issuer whose clock is ahead must not put its tokens behind a cut that comes now.
        issued_at: token.issued_at().min(origin.seen_at),
        valid_until: origin.valid_until,
        key_id: token.key_id().map(str::to_owned),
        token_id: token.token_id().map(str::to_owned),
        saml: None,
        evidence_sha256: URL_SAFE_NO_PAD.encode(token.sha256()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(claims: Value) -> Result<Vec<String>, MappingError> {
        groups(claims.as_object().unwrap(), "groups")
    }

    #[test]
    fn groups_are_a_list_one_string_or_none() {
        assert_eq!(read(json!({"groups": ["a", "b"]})).unwrap(), ["a", "b"]);
        assert_eq!(read(json!({"groups": "a"})).unwrap(), ["a"]);
        assert!(read(json!({})).unwrap().is_empty());
    }

    #[test]
    fn a_pointer_to_the_groups_is_not_no_groups() {
        let overage = json!({"_claim_names": {"groups": "src1"}});
        assert_eq!(read(overage), Err(MappingError::GroupOverage));
    }

    #[test]
    fn groups_of_another_form_are_refused() {
        assert_eq!(read(json!({"groups": [1]})), Err(MappingError::GroupsForm));
        assert_eq!(read(json!({"groups": {}})), Err(MappingError::GroupsForm));
    }
}

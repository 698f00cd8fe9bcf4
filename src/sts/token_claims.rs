//! The claims by which an identity provider speaks to STS itself: session tags, source identity, roles.
//!
//! Reference: sts.md section 6.6; <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>

use serde_json::{Map, Value};

use crate::aws::error::AwsError;
use crate::aws::sts::{Tag, legal_source_identity, legal_tags};

const TAGS: &str = "https://aws.amazon.com/tags";
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";
const ROLES: &str = "https://aws.amazon.com/roles";

/// What a token, or the attributes of an assertion, ask for the session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenClaims {
    /// Session tags.
    pub tags: Vec<Tag>,
    /// Keys of those that travel on.
    pub transitive_tag_keys: Vec<String>,
    /// Source identity.
    pub source_identity: Option<String>,
    /// Role ARNs the provider limits its subject to; `None` where it does not say.
    pub roles: Option<Vec<String>>,
}

fn bad_tags() -> AwsError {
    AwsError::invalid_identity_token(
        "sts.claims.tags",
        "principal_tags passed in claim is not in correct format.",
    )
}

fn strings(value: &Value) -> Option<Vec<String>> {
    let items = value.as_array()?.iter();
    items.map(|item| item.as_str().map(str::to_owned)).collect()
}

impl TokenClaims {
    /// Reads the claims of a verified token.
    pub fn read(claims: &Map<String, Value>) -> Result<TokenClaims, AwsError> {
        let mut read = TokenClaims::default();
        if let Some(nested) = claims.get(TAGS) {
            let nested = nested.as_object().ok_or_else(bad_tags)?;
            if let Some(tags) = nested.get("principal_tags") {
                for (key, value) in tags.as_object().ok_or_else(bad_tags)? {
                    // One-element lists of strings; a plain string is refused, as AWS does.
                    let value = match value.as_array().map(Vec::as_slice) {
                        Some([Value::String(value)]) => value.clone(),
                        _ => return Err(bad_tags()),
                    };
                    let key = key.clone();
                    read.tags.push(Tag { key, value });
                }
            }
            if let Some(keys) = nested.get("transitive_tag_keys") {
                read.transitive_tag_keys = strings(keys).ok_or_else(bad_tags)?;
            }
        }
        // The flat spelling: the same names joined by slashes, values then plain strings.
        let flat = format!("{TAGS}/principal_tags/");
        for (name, value) in claims {
            if let Some(key) = name.strip_prefix(&flat) {
                let value = value.as_str().ok_or_else(bad_tags)?.to_owned();
                let key = key.to_owned();
                read.tags.push(Tag { key, value });
            }
        }
        if let Some(keys) = claims.get(&format!("{TAGS}/transitive_tag_keys")) {
            let keys = strings(keys).ok_or_else(bad_tags)?;
            read.transitive_tag_keys.extend(keys);
        }
        if !legal_tags(&read.tags) {
            return Err(bad_tags());
        }
        read.source_identity = match claims.get(SOURCE_IDENTITY) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if legal_source_identity(text) => Some(text.clone()),
            Some(_) => {
                return Err(AwsError::invalid_identity_token(
                    "sts.claims.source_identity",
                    "Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with \"aws:\"",
                ));
            }
        };
        read.roles = roles(claims.get(ROLES))?;
        Ok(read)
    }

    /// Whether the provider names this role; `false` where it names none.
    pub fn names_role(&self, arn: &str) -> bool {
        self.roles
            .as_ref()
            .is_some_and(|roles| roles.iter().any(|role| role == arn))
    }
}

fn roles(claim: Option<&Value>) -> Result<Option<Vec<String>>, AwsError> {
    let refused = |text: &'static str| AwsError::invalid_identity_token("sts.claims.roles", text);
    let listed: Vec<String> = match claim {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.split(';').map(str::to_owned).collect(),
        Some(list @ Value::Array(_)) => {
            strings(list).ok_or_else(|| refused("The roles claim is not in a supported format"))?
        }
        Some(_) => return Err(refused("The roles claim is not in a supported format")),
    };
    let valid: Vec<String> = listed
        .iter()
        .map(|role| role.trim())
        .filter(|role| crate::aws::arn::Arn::parse(role).is_some_and(|a| a.role_name().is_some()))
        .map(str::to_owned)
        .collect();
    if valid.is_empty() {
        return Err(refused("The roles claim contains no valid role ARNs"));
    }
    Ok(Some(valid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(claims: Value) -> Result<TokenClaims, AwsError> {
        TokenClaims::read(claims.as_object().unwrap())
    }

    #[test]
    fn both_spellings_of_tags_are_read() {
        let nested = json!({ TAGS: {
            "principal_tags": {"Team": ["eng"]}, "transitive_tag_keys": ["Team"]
        }});
        let flat = json!({
            "https://aws.amazon.com/tags/principal_tags/Team": "eng",
            "https://aws.amazon.com/tags/transitive_tag_keys": ["Team"],
        });
        let (nested, flat) = (read(nested).unwrap(), read(flat).unwrap());
        assert_eq!(nested, flat);
        assert_eq!(nested.tags[0].value, "eng");
    }

    #[test]
    fn plain_values_in_nested_tags_are_refused() {
        let error = read(json!({ TAGS: {"principal_tags": {"Team": "eng"}}})).unwrap_err();
        assert_eq!(
            error.message,
            "principal_tags passed in claim is not in correct format."
        );
    }

    #[test]
    fn tags_are_held_to_the_alphabet_of_session_tags() {
        for (key, value) in [("a*", "x"), ("a", "x${y}"), ("a\u{0}", "x"), ("a", "<")] {
            let claims = json!({ TAGS: {"principal_tags": {key: [value]}}});
            assert_eq!(read(claims).unwrap_err().reason, "sts.claims.tags");
        }
    }

    #[test]
    fn roles_are_a_list_or_a_string_with_semicolons() {
        let arn = "arn:aws:iam::123456789012:role/x";
        let text = read(json!({ ROLES: format!("junk; {arn} ") })).unwrap();
        assert!(text.names_role(arn));
        let list = read(json!({ ROLES: [arn] })).unwrap();
        assert!(list.names_role(arn) && !list.names_role("arn:aws:iam::1:role/y"));
        assert!(!read(json!({ ROLES: null })).unwrap().names_role(arn));
        let none = read(json!({ ROLES: ["junk"] })).unwrap_err();
        assert_eq!(none.message, "The roles claim contains no valid role ARNs");
        let odd = read(json!({ ROLES: 7 })).unwrap_err();
        assert_eq!(odd.message, "The roles claim is not in a supported format");
    }

    #[test]
    fn a_source_identity_is_held_to_its_alphabet() {
        let ok = read(json!({ SOURCE_IDENTITY: "alice" })).unwrap();
        assert_eq!(ok.source_identity.as_deref(), Some("alice"));
        for bad in [json!("a"), json!("aws:x"), json!("a b"), json!(7)] {
            let error = read(json!({ SOURCE_IDENTITY: bad })).unwrap_err();
            assert_eq!(error.reason, "sts.claims.source_identity");
        }
    }
}

//! The attributes by which an identity provider speaks to STS itself: which roles, under which name, with which tags.
//!
//! Reference: sts.md section 7.2;
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html>

use crate::aws::error::AwsError;
use crate::aws::saml::{ATTRIBUTES, PRINCIPAL_TAG};
use crate::aws::sts::{Tag, legal_source_identity, legal_tags};
use crate::sts::token_claims::TokenClaims;

/// Seconds that `SessionDuration` may say.
const DURATION: std::ops::RangeInclusive<i64> = 900..=43200;

/// What an assertion says to STS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SamlAttributes {
    /// Tags, source identity, and the roles given together with the provider that is asked about.
    pub asserted: TokenClaims,
    /// `RoleSessionName`.
    pub session_name: Option<String>,
    /// `SessionDuration`, seconds.
    pub session_duration: Option<i64>,
}

impl SamlAttributes {
    /// Reads the attributes of a verified assertion; `provider` is the ARN that roles must be given together with.
    ///
    /// # Errors
    /// AWS's answer to an attribute in its name that cannot be used.
    pub fn read<'a>(
        attributes: impl IntoIterator<Item = (&'a str, &'a [String])>,
        provider: &str,
    ) -> Result<SamlAttributes, AwsError> {
        let mut read = SamlAttributes::default();
        for (name, values) in attributes {
            // Names are exact, case and all.
            let Some(name) = name.strip_prefix(ATTRIBUTES) else {
                continue;
            };
            match name {
                "Role" => read.asserted.roles = Some(roles(values, provider)),
                "RoleSessionName" => read.session_name = Some(session_name(values)?),
                "SessionDuration" => read.session_duration = Some(session_duration(values)?),
                "SourceIdentity" => read.asserted.source_identity = Some(source_identity(values)?),
                "TransitiveTagKeys" => read.asserted.transitive_tag_keys = values.to_vec(),
                _ => read.asserted.tags.extend(principal_tag(name, values)?),
            }
        }
        match legal_tags(&read.asserted.tags) {
            true => Ok(read),
            false => Err(bad_tag()),
        }
    }
}

/// The roles of the pairs `role,provider` that name this provider, in either order.
fn roles(values: &[String], provider: &str) -> Vec<String> {
    let pairs = values.iter().filter_map(|pair| {
        let (one, other) = pair.split_once(',')?;
        let (one, other) = (one.trim(), other.trim());
        match (one == provider, other == provider) {
            (true, false) => Some(other.to_owned()),
            (false, true) => Some(one.to_owned()),
            _ => None,
        }
    });
    pairs.collect()
}

fn session_name(values: &[String]) -> Result<String, AwsError> {
    let refused = |text| AwsError::saml_attribute("saml.attributes.session_name", text);
    match values {
        [] => Err(refused(NO_SESSION_NAME)),
        [name] if legal_name(name) => Ok(name.clone()),
        _ => Err(refused(
            "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}",
        )),
    }
}

const NO_SESSION_NAME: &str = "RoleSessionName is required in AuthnResponse";

/// The answer to an assertion without a session name.
pub fn session_name_missing() -> AwsError {
    AwsError::saml_attribute("saml.attributes.session_name", NO_SESSION_NAME)
}

fn legal_name(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    (2..=64).contains(&text.len()) && text.chars().all(legal)
}

fn session_duration(values: &[String]) -> Result<i64, AwsError> {
    let seconds = match values {
        [text] if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    };
    seconds.filter(|seconds| DURATION.contains(seconds)).ok_or_else(|| {
        AwsError::saml_attribute(
            "saml.attributes.session_duration",
            "SessionDuration in AuthnResponse must be a number of seconds between 900 and 43200",
        )
    })
}

fn source_identity(values: &[String]) -> Result<String, AwsError> {
    match values {
        [one] if legal_source_identity(one) => Ok(one.clone()),
        _ => Err(AwsError::saml_attribute(
            "saml.attributes.source_identity",
            "Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with \"aws:\"",
        )),
    }
}

/// A tag has exactly one value; of two there would be no telling which counts.
fn principal_tag(name: &str, values: &[String]) -> Result<Option<Tag>, AwsError> {
    let Some(key) = name.strip_prefix(PRINCIPAL_TAG) else {
        return Ok(None);
    };
    match values {
        [value] => Ok(Some(Tag {
            key: key.to_owned(),
            value: value.clone(),
        })),
        _ => Err(bad_tag()),
    }
}

fn bad_tag() -> AwsError {
    AwsError::saml_attribute(
        "saml.attributes.tags",
        "PrincipalTag in AuthnResponse must have exactly one value, and be a legal session tag",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDP: &str = "arn:aws:iam::123456789012:saml-provider/Okta";

    fn read(attributes: &[(&str, &[&str])]) -> Result<SamlAttributes, AwsError> {
        let owned: Vec<(String, Vec<String>)> = attributes
            .iter()
            .map(|(name, values)| {
                let values = values.iter().map(|value| (*value).to_owned());
                (format!("{ATTRIBUTES}{name}"), values.collect())
            })
            .collect();
        let borrowed = owned
            .iter()
            .map(|(name, values)| (name.as_str(), values.as_slice()));
        SamlAttributes::read(borrowed, IDP)
    }

    #[track_caller]
    fn refused(attributes: &[(&str, &[&str])], reason: &str, message: &str) {
        let error = read(attributes).unwrap_err();
        assert_eq!((error.code, error.status), ("InvalidIdentityToken", 400));
        assert_eq!((error.reason, &*error.message), (reason, message));
    }

    #[test]
    fn roles_come_in_pairs_in_either_order() {
        let role = |name| format!("arn:aws:iam::123456789012:role/{name}");
        let pairs = [
            format!("{},{IDP}", role("a")),
            format!(" {IDP} , {} ", role("b")),
            format!("{},{IDP}x", role("c")),
            format!("{},{}", role("d"), IDP.to_uppercase()),
            role("e"),
            format!("{IDP},{IDP}"),
            String::new(),
        ];
        let pairs: Vec<&str> = pairs.iter().map(String::as_str).collect();
        let asserted = read(&[("Role", &pairs)]).unwrap().asserted;
        assert_eq!(asserted.roles, Some(vec![role("a"), role("b")]));
        assert!(asserted.names_role(&role("a")) && !asserted.names_role(&role("c")));
        assert_eq!(read(&[]).unwrap().asserted.roles, None);
    }

    #[test]
    fn names_of_attributes_are_exact() {
        let name = "https://aws.amazon.com/SAML/attributes/RoleSessionName";
        let values = ["ann".to_owned()];
        let read = SamlAttributes::read([(name, values.as_slice())], IDP).unwrap();
        assert_eq!(read, SamlAttributes::default());
    }

    #[test]
    fn a_session_name_is_one_and_legal() {
        let name = read(&[("RoleSessionName", &["ann@acme.example"])]).unwrap();
        assert_eq!(name.session_name.as_deref(), Some("ann@acme.example"));
        let long = "x".repeat(65);
        let reason = "saml.attributes.session_name";
        let message = "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}";
        for bad in ["a", "", "a b", "é", "a/b", &long] {
            refused(&[("RoleSessionName", &[bad])], reason, message);
        }
        refused(&[("RoleSessionName", &["ann", "bob"])], reason, message);
        let message = "RoleSessionName is required in AuthnResponse";
        refused(&[("RoleSessionName", &[])], reason, message);
    }

    #[test]
    fn a_session_duration_is_a_number_of_seconds() {
        for (text, seconds) in [("900", 900), ("43200", 43200), ("0900", 900)] {
            let read = read(&[("SessionDuration", &[text])]).unwrap();
            assert_eq!(read.session_duration, Some(seconds));
        }
        let message =
            "SessionDuration in AuthnResponse must be a number of seconds between 900 and 43200";
        for bad in [
            "899",
            "43201",
            "",
            "+900",
            "900.0",
            "1h",
            "99999999999999999999",
        ] {
            refused(
                &[("SessionDuration", &[bad])],
                "saml.attributes.session_duration",
                message,
            );
        }
    }

    #[test]
    fn a_source_identity_is_held_to_its_alphabet() {
        let one = read(&[("SourceIdentity", &["ann"])]).unwrap();
        assert_eq!(one.asserted.source_identity.as_deref(), Some("ann"));
        let message =
            "Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with \"aws:\"";
        for bad in [&["a"][..], &["aws:x"], &["a b"], &[], &["ann", "bob"]] {
            refused(
                &[("SourceIdentity", bad)],
                "saml.attributes.source_identity",
                message,
            );
        }
    }

    #[test]
    fn a_tag_has_one_legal_value() {
        let tags = read(&[
            ("PrincipalTag:Team", &["eng"]),
            ("PrincipalTag:Empty", &[""]),
            ("TransitiveTagKeys", &["Team"]),
        ]);
        let asserted = tags.unwrap().asserted;
        assert_eq!(asserted.tags.len(), 2);
        assert_eq!(asserted.transitive_tag_keys, ["Team"]);
        let long = "v".repeat(257);
        for (key, values) in [
            ("Team", &[][..]),
            ("Team", &["a", "b"]),
            ("Team", &["<"]),
            ("Team", &[&long]),
            ("", &["a"]),
            ("a*", &["a"]),
        ] {
            refused(
                &[(&format!("PrincipalTag:{key}"), values)],
                "saml.attributes.tags",
                "PrincipalTag in AuthnResponse must have exactly one value, and be a legal session tag",
            );
        }
        let names: Vec<String> = (0..51).map(|i| format!("PrincipalTag:{i}")).collect();
        let many: Vec<(&str, &[&str])> = names
            .iter()
            .map(|name| (name.as_str(), &["x"][..]))
            .collect();
        assert_eq!(read(&many).unwrap_err().reason, "saml.attributes.tags");
    }
}

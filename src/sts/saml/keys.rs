//! The condition keys of an assertion (sts.md section 7.6).
//!
//! AWS knows a fixed table of attributes; what it does not name is no condition key, here as there.
//!
//! Reference:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html#saml-attribute-mapping>

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use crate::policy::ContextValue;
use crate::saml::SamlError;

/// How many values a key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    /// One. Several are refused: there would be no telling which counts (SAML-17).
    One,
    /// A list, be it of one.
    Many,
    /// AWS's table of attributes calls it a string and the one of keys a list: a string where there is one value, a
    /// list where there are several. Both kinds of operators hold on the former.
    Either,
}

use Number::{Either, Many, One};

/// Name of the attribute, exactly; name of the key behind `saml:`.
#[rustfmt::skip]
const ATTRIBUTES: [(&str, &str, Number); 31] = [
    // eduPerson and eduOrg.
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", "edupersonaffiliation", Many),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.2", "edupersonnickname", Many),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.3", "edupersonorgdn", One),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.4", "edupersonorgunitdn", Many),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.5", "edupersonprimaryaffiliation", One),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.6", "edupersonprincipalname", One),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.7", "edupersonentitlement", Many),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.8", "edupersonprimaryorgunitdn", One),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.9", "edupersonscopedaffiliation", Either),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.10", "edupersontargetedid", Many),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.11", "edupersonassurance", Many),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.2", "eduorghomepageuri", Many),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.3", "eduorgidentityauthnpolicyuri", Many),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.4", "eduorglegalname", Many),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.5", "eduorgsuperioruri", Many),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.6", "eduorgwhitepagesuri", Many),
    ("urn:oid:2.5.4.3", "cn", Many),
    // Active Directory.
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", "name", Either),
    ("http://schemas.xmlsoap.org/claims/CommonName", "commonName", Either),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname", "givenName", Either),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname", "surname", Either),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "mail", Either),
    ("http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid", "uid", Either),
    ("http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid", "primaryGroupSID", Either),
    // X.500, as AWS spells the names: that of `givenName` is nobody else's.
    ("2.5.4.3", "commonName", Either),
    ("2.5.4.4", "surname", Either),
    ("2.4.5.42", "givenName", Either),
    ("2.5.4.45", "x500UniqueIdentifier", Either),
    ("0.9.2342.19200300100.1.1", "uid", Either),
    ("0.9.2342.19200300100.1.3", "mail", Either),
    ("0.9.2342.19200300.100.1.45", "organizationStatus", Either),
];

/// The condition keys of the attributes, by name without their `saml:`.
pub type AttributeKeys = BTreeMap<&'static str, ContextValue>;

/// Reads the condition keys of verified attributes.
///
/// # Errors
/// [`SamlError::ValueDuplicate`] where a key that has one value would have several.
pub fn of_attributes<'a>(
    attributes: impl IntoIterator<Item = (&'a str, &'a [String])>,
) -> Result<AttributeKeys, SamlError> {
    let mut found: BTreeMap<&'static str, (Number, Vec<String>)> = BTreeMap::new();
    for (name, values) in attributes {
        for (_, key, number) in ATTRIBUTES.iter().filter(|(known, _, _)| *known == name) {
            // Several attributes may be one key.
            let (_, known) = found.entry(key).or_insert((*number, Vec::new()));
            for value in values {
                if !known.contains(value) {
                    known.push(value.clone());
                }
            }
        }
    }
    let found = found
        .into_iter()
        .filter(|(_, (_, values))| !values.is_empty());
    let keys = found.map(|(key, (number, mut values))| {
        let value = match (number, values.len()) {
            (One | Either, 1) => ContextValue::One(values.remove(0)),
            (One, _) => return Err(SamlError::ValueDuplicate("a condition key")),
            _ => ContextValue::Many(values),
        };
        Ok((key, value))
    });
    keys.collect()
}

const FORMAT_PREFIX: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:";
/// What no `Format` means (SAML Core section 8.3.1).
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";

/// `saml:sub_type`: the `Format` without the exact prefix of SAML 2.0, anything else untouched.
pub fn subject_type(format: Option<&str>) -> &str {
    let format = format.unwrap_or(UNSPECIFIED);
    format.strip_prefix(FORMAT_PREFIX).unwrap_or(format)
}

/// `saml:namequalifier`: what tells two providers' subjects apart (sts.md section 7.4). SHA-1 because AWS's is.
pub fn name_qualifier(issuer: &str, account: &str, provider_name: &str) -> String {
    let text = format!("{issuer}{account}/{provider_name}");
    STANDARD.encode(Sha1::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(attributes: &[(&str, &[&str])]) -> Result<AttributeKeys, SamlError> {
        let owned: Vec<(&str, Vec<String>)> = attributes
            .iter()
            .map(|(name, values)| (*name, values.iter().map(|it| (*it).to_owned()).collect()))
            .collect();
        of_attributes(
            owned
                .iter()
                .map(|(name, values)| (*name, values.as_slice())),
        )
    }

    fn many(values: &[&str]) -> ContextValue {
        ContextValue::Many(values.iter().map(|it| (*it).to_owned()).collect())
    }

    const EDU_PERSON: &str = "urn:oid:1.3.6.1.4.1.5923.1.1.1.";

    #[test]
    fn the_name_qualifier_is_that_of_aws() {
        assert_eq!(
            name_qualifier("https://example.com/saml", "123456789012", "MySAMLIdP"),
            "1uAJanUnBc2XeUkHURMht+xam2c="
        );
    }

    #[test]
    fn the_subject_type_drops_one_exact_prefix() {
        for (format, expected) in [
            (
                "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
                "persistent",
            ),
            (
                "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
                "transient",
            ),
            (
                "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
                "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
            ),
            ("custom-format", "custom-format"),
            (
                "URN:oasis:names:tc:SAML:2.0:nameid-format:persistent",
                "URN:oasis:names:tc:SAML:2.0:nameid-format:persistent",
            ),
        ] {
            assert_eq!(subject_type(Some(format)), expected);
        }
        assert_eq!(subject_type(None), UNSPECIFIED);
    }

    #[test]
    fn a_list_of_one_stays_a_list() {
        let keys = of(&[(&format!("{EDU_PERSON}1"), &["staff"])]).unwrap();
        assert_eq!(keys["edupersonaffiliation"], many(&["staff"]));
    }

    #[test]
    fn a_key_of_one_value_takes_no_two() {
        let name = format!("{EDU_PERSON}5");
        let keys = of(&[(&name, &["staff"])]).unwrap();
        let one = ContextValue::One("staff".to_owned());
        assert_eq!(keys["edupersonprimaryaffiliation"], one);
        let refused = of(&[(&name, &["staff", "student"])]);
        assert_eq!(refused, Err(SamlError::ValueDuplicate("a condition key")));
        // The same twice says one thing.
        assert!(of(&[(&name, &["staff", "staff"])]).is_ok());
    }

    #[test]
    fn where_aws_says_both_the_number_of_values_decides() {
        let ad = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
        let one = of(&[(ad, &["a@x.example"])]).unwrap();
        assert_eq!(one["mail"], ContextValue::One("a@x.example".to_owned()));
        let two = of(&[(ad, &["a@x.example", "b@x.example"])]).unwrap();
        assert_eq!(two["mail"], many(&["a@x.example", "b@x.example"]));
        // Two attributes, one key.
        let x500 = "0.9.2342.19200300100.1.3";
        let both = of(&[(ad, &["a@x.example"]), (x500, &["b@x.example"])]).unwrap();
        assert_eq!(both["mail"], many(&["a@x.example", "b@x.example"]));
    }

    #[test]
    fn what_aws_does_not_name_is_no_key() {
        let keys = of(&[
            ("groups", &["admins"]),
            ("mail", &["a@x.example"]),
            ("saml:sub", &["root"]),
            ("sub", &["root"]),
            ("URN:OID:2.5.4.3", &["Ann"]),
            ("urn:oid:2.5.4.3", &[]),
        ]);
        assert_eq!(keys, Ok(AttributeKeys::new()));
    }

    #[test]
    fn no_attribute_stands_in_for_what_we_say_ourselves() {
        for (_, key, _) in ATTRIBUTES {
            let own = ["aud", "iss", "sub", "sub_type", "doc", "namequalifier"];
            assert!(!own.contains(&key), "{key}");
            // Keys compare ignoring case: no two spellings of one.
            let spellings = ATTRIBUTES.iter().filter(|(_, other, number)| {
                other.eq_ignore_ascii_case(key) && (*other != key || *number == One)
            });
            assert!(spellings.count() <= 1, "{key}");
        }
    }
}

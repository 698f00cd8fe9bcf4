//! The attributes by which our assertions speak to STS. `sts::saml::attributes` reads them.
//!
//! What the STS would not take is refused here, where it can still be said why.

use crate::aws::arn::{self, Arn};
use crate::aws::saml::{ATTRIBUTES, PRINCIPAL_TAG};
use crate::aws::sts::{Tag, legal_source_identity, legal_tags};
use crate::issuer::saml::assertions::{AssertionError, Wanted};
use crate::saml::issue::Attribute;

/// All of them.
///
/// # Errors
/// [`AssertionError::Role`] to [`AssertionError::Tags`].
pub(super) fn attributes(wanted: &Wanted<'_>) -> Result<Vec<Attribute>, AssertionError> {
    let attribute = |name: &str, values: Vec<String>| Attribute {
        name: format!("{ATTRIBUTES}{name}"),
        values,
        ..Attribute::default()
    };
    let mut attributes = vec![
        attribute("Role", vec![pair(wanted.role_arn, wanted.provider_arn)?]),
        attribute("RoleSessionName", vec![wanted.identity.session_name()]),
    ];
    if let Some(duration) = wanted.duration {
        if !(900..=43200).contains(&duration) {
            return Err(AssertionError::Duration);
        }
        attributes.push(attribute("SessionDuration", vec![duration.to_string()]));
    }
    if let Some(source) = wanted.source_identity {
        if !legal_source_identity(source) {
            return Err(AssertionError::SourceIdentity);
        }
        attributes.push(attribute("SourceIdentity", vec![source.to_owned()]));
    }
    check_tags(wanted.tags, wanted.transitive_tag_keys)?;
    for tag in wanted.tags {
        let name = format!("{PRINCIPAL_TAG}{}", tag.key);
        attributes.push(attribute(&name, vec![tag.value.clone()]));
    }
    if !wanted.transitive_tag_keys.is_empty() {
        let keys = wanted.transitive_tag_keys.to_vec();
        attributes.push(attribute("TransitiveTagKeys", keys));
    }
    Ok(attributes)
}

/// `role-arn,provider-arn`, both of one account. IAM lets a comma into paths and names of roles; beside another comma
/// it could be read as another pair.
fn pair(role: &str, provider: &str) -> Result<String, AssertionError> {
    let role_arn = Arn::parse(role).filter(|arn| arn.role_name().is_some());
    let role_arn = role_arn.filter(|_| !role.contains([',', ' ']));
    let role_arn = role_arn.ok_or(AssertionError::Role)?;
    let partition = Arn::parse(provider).map(|arn| arn.partition);
    let of = arn::provider_of("saml-provider", provider);
    let ours = of.is_some_and(|(account, _)| account == role_arn.account)
        && partition.is_some_and(|partition| partition == role_arn.partition)
        && !provider.contains([',', ' ']);
    match ours {
        true => Ok(format!("{role},{provider}")),
        false => Err(AssertionError::Provider),
    }
}

fn check_tags(tags: &[Tag], transitive: &[String]) -> Result<(), AssertionError> {
    // Keys are compared ignoring case there.
    let mut keys: Vec<String> = tags.iter().map(|tag| tag.key.to_lowercase()).collect();
    keys.sort();
    let unique = keys.windows(2).all(|two| two[0] != two[1]);
    let ours = keys.iter().all(|key| !key.starts_with("aws:"));
    let known = |key: &String| keys.binary_search(&key.to_lowercase()).is_ok();
    match legal_tags(tags) && unique && ours && transitive.iter().all(known) {
        true => Ok(()),
        false => Err(AssertionError::Tags),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issuer::saml::assertions::tests::{ann, wanted};

    /// What is refused before any key is asked for.
    fn refusal(wanted: &Wanted<'_>) -> AssertionError {
        attributes(wanted).unwrap_err()
    }

    #[test]
    fn a_role_that_could_be_read_as_another_is_not_named() {
        let ann = ann();
        for role_arn in [
            "arn:aws:iam::111111111111:role/a,arn:aws:iam::111111111111:role/Admin",
            "arn:aws:iam::111111111111:role/a b",
            "arn:aws:iam::111111111111:user/a",
            "arn:aws:iam::111111111111:role/",
            "Dev",
        ] {
            let refused = refusal(&Wanted {
                role_arn,
                ..wanted(&ann)
            });
            assert!(matches!(refused, AssertionError::Role), "{role_arn}");
        }
    }

    #[test]
    fn the_provider_is_of_the_roles_account() {
        let ann = ann();
        for provider_arn in [
            "arn:aws:iam::222222222222:saml-provider/Drawbridge",
            "arn:aws-cn:iam::111111111111:saml-provider/Drawbridge",
            "arn:aws:iam::111111111111:oidc-provider/Drawbridge",
            "arn:aws:iam::111111111111:saml-provider/a,b",
            "Drawbridge",
        ] {
            let refused = refusal(&Wanted {
                provider_arn,
                ..wanted(&ann)
            });
            assert!(
                matches!(refused, AssertionError::Provider),
                "{provider_arn}"
            );
        }
    }

    #[test]
    fn durations_are_within_what_may_be_said() {
        let ann = ann();
        for (seconds, legal) in [(899, false), (900, true), (43200, true), (43201, false)] {
            let said = attributes(&Wanted {
                duration: Some(seconds),
                ..wanted(&ann)
            });
            match legal {
                true => assert!(said.is_ok(), "{seconds}"),
                false => assert!(matches!(said, Err(AssertionError::Duration)), "{seconds}"),
            }
        }
    }

    #[test]
    fn what_the_sts_would_not_take_is_not_said() {
        let ann = ann();
        let refused = refusal(&Wanted {
            source_identity: Some("a b"),
            ..wanted(&ann)
        });
        assert!(matches!(refused, AssertionError::SourceIdentity));
        let tag = |key: &str| Tag {
            key: key.to_owned(),
            value: "x".to_owned(),
        };
        let other = ["Other".to_owned()];
        let cases: [(&[Tag], &[String]); 4] = [
            (&[tag("")], &[]),
            (&[tag("Team"), tag("team")], &[]),
            (&[tag("AWS:x")], &[]),
            (&[tag("Team")], &other),
        ];
        for (tags, transitive_tag_keys) in cases {
            let refused = refusal(&Wanted {
                tags,
                transitive_tag_keys,
                ..wanted(&ann)
            });
            assert!(matches!(refused, AssertionError::Tags), "{tags:?}");
        }
    }
}

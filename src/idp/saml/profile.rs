//! From a verified assertion to an identity.
//!
//! Products name the same things differently; a profile is the names of one product, in the order in which they are
//! looked for. What an entry names itself comes before them.

use crate::config::{SamlIdpConfig, SamlProfile};
use crate::identity::{ClaimValue, EvidenceKind, Identity, SamlName};
use crate::idp::saml::sha256;
use crate::saml::{SamlError, VerifiedAssertion};

/// Attributes of one product.
struct Names {
    groups: &'static [&'static str],
    name: &'static [&'static str],
    email: &'static [&'static str],
}

const AD_GROUP: &str = "http://schemas.xmlsoap.org/claims/Group";
const AD_NAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
const AD_EMAIL: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
const ENTRA_GROUPS: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups";
const ENTRA_NAME: &str = "http://schemas.microsoft.com/identity/claims/displayname";
const MAIL_OID: &str = "urn:oid:0.9.2342.19200300.100.1.3";
const DISPLAY_NAME_OID: &str = "urn:oid:2.16.840.1.113730.3.1.241";
const COMMON_NAME_OID: &str = "urn:oid:2.5.4.3";
const MEMBER_OF_OID: &str = "urn:oid:1.3.6.1.4.1.5923.1.5.1.1";
const AFFILIATION_OID: &str = "urn:oid:1.3.6.1.4.1.5923.1.1.1.1";

/// Entra sends this instead of more than 150 groups. Taking it for "no groups" would decide on half the facts.
const OVERAGE: [&str; 2] = [
    "http://schemas.microsoft.com/claims/groups.link",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups.link",
];

impl Names {
    fn of(profile: SamlProfile) -> Names {
        match profile {
            SamlProfile::Adfs => Names {
                groups: &[AD_GROUP],
                name: &[AD_NAME],
                email: &[AD_EMAIL],
            },
            SamlProfile::Entra => Names {
                groups: &[ENTRA_GROUPS],
                name: &[ENTRA_NAME, AD_NAME],
                email: &[AD_EMAIL],
            },
            SamlProfile::Okta => Names {
                groups: &["groups"],
                name: &["displayName", "name"],
                email: &["email"],
            },
            SamlProfile::Google => Names {
                groups: &["groups"],
                name: &["firstName", "name"],
                email: &["email"],
            },
            SamlProfile::Keycloak => Names {
                groups: &["groups", "member"],
                name: &["username", "name"],
                email: &["email", "urn:oid:1.2.840.113549.1.9.1"],
            },
            SamlProfile::Shibboleth => Names {
                groups: &[MEMBER_OF_OID, AFFILIATION_OID],
                name: &[DISPLAY_NAME_OID, COMMON_NAME_OID],
                email: &[MAIL_OID],
            },
            SamlProfile::Generic => Names {
                groups: &["groups", "memberOf", MEMBER_OF_OID, AD_GROUP, ENTRA_GROUPS],
                name: &[
                    "displayName",
                    "name",
                    "cn",
                    DISPLAY_NAME_OID,
                    ENTRA_NAME,
                    COMMON_NAME_OID,
                ],
                email: &["mail", "email", MAIL_OID, AD_EMAIL],
            },
        }
    }
}

/// The one value of the first of these attributes that is there.
fn single(
    assertion: &VerifiedAssertion,
    names: &[&str],
    what: &'static str,
) -> Result<Option<String>, SamlError> {
    let values = names.iter().find_map(|name| assertion.values(name));
    match values.unwrap_or_default() {
        [] => Ok(None),
        [one] => Ok(Some(one.clone()).filter(|one| !one.is_empty())),
        _ => Err(SamlError::ValueDuplicate(what)),
    }
}

fn groups(
    assertion: &VerifiedAssertion,
    config: &SamlIdpConfig,
    names: &Names,
) -> Result<Vec<String>, SamlError> {
    let own = config.groups_attribute.as_deref();
    let found = match own {
        Some(own) => assertion.values(own),
        None => names.groups.iter().find_map(|name| assertion.values(name)),
    };
    if found.is_none() && OVERAGE.iter().any(|name| assertion.values(name).is_some()) {
        return Err(SamlError::GroupOverage);
    }
    let named = found.unwrap_or_default().iter().filter(|it| !it.is_empty());
    Ok(named.cloned().collect())
}

/// Makes the identity. `bytes` are the response, of which the trail keeps the digest.
///
/// # Errors
/// `saml.value.*`: several values where one is needed, none where one must be, groups that were left out.
pub fn identity(
    assertion: &VerifiedAssertion,
    config: &SamlIdpConfig,
    bytes: &[u8],
    now: i64,
) -> Result<Identity, SamlError> {
    let names = Names::of(config.profile);
    let groups = groups(assertion, config, &names)?;
    let of = |own: &Option<String>, usual: &[&str], what| match own {
        Some(own) => single(assertion, &[own], what),
        None => single(assertion, usual, what),
    };
    let email = of(&config.email_attribute, names.email, "e-mail")?;
    let name = of(&config.name_attribute, names.name, "name")?;
    let name_id = assertion.name_id();
    let subject = match &config.subject_attribute {
        Some(attribute) => single(assertion, &[attribute], "subject")?
            .ok_or(SamlError::ValueEmpty("subject attribute"))?,
        None => name_id.value.clone(),
    };
    let attributes = assertion.attributes().iter();
    let attributes = attributes.map(|it| (it.name.clone(), ClaimValue::Many(it.values.clone())));
    let longest = i64::try_from(config.max_session.as_secs()).unwrap_or(0);
    let until = now.saturating_add(longest);
    let session = assertion.authn().session_ends_at;
    let display_name = name.or_else(|| email.clone());
    Ok(Identity {
        provider: config.id.clone(),
        kind: EvidenceKind::Saml,
        issuer: assertion.issuer().to_owned(),
        audience: assertion.recipient().to_owned(),
        display_name: display_name.unwrap_or_else(|| subject.clone()),
        subject,
        email,
        groups,
        claims: attributes.collect(),
        sts_claims: serde_json::Map::new(),
        // A provider whose clock is ahead must not put its assertions behind a cut that comes now.
        issued_at: assertion.issued_at().min(now),
        valid_until: session.map_or(until, |session| until.min(session)),
        key_id: Some(assertion.key_fingerprint().to_owned()),
        token_id: Some(assertion.id().to_owned()),
        saml: Some(SamlName {
            value: name_id.value.clone(),
            is_subject: config.subject_attribute.is_none(),
            format: name_id.format.clone(),
            name_qualifier: name_id.name_qualifier.clone(),
            sp_name_qualifier: name_id.sp_name_qualifier.clone(),
            session_index: assertion.authn().session_index.clone(),
            sha1: assertion.used_sha1(),
        }),
        evidence_sha256: sha256(bytes),
    })
}

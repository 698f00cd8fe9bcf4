//! Metadata of others: what an identity provider says of itself (Metadata 2.3, 2.4; security.md SAML-1, SAML-19).
//!
//! The document passes the same gate as messages, under larger limits; where it must be signed, the signature is
//! verified before anything else is read, over the root, from the same tree. What cannot be used is left out and
//! noted ([`Unusable`]); an [`IdpMetadata`] always has a certificate to verify by.
//!
//! Products publish more than one role in one entity, and roles of other protocols beside them: only
//! `IDPSSODescriptor` for SAML 2.0 is looked at.

mod change;
mod endpoint;
mod error;
mod moment;

use std::collections::HashSet;

pub use change::{Change, changes};
pub use endpoint::Endpoint;
pub use error::{MetadataError, Unusable};

use crate::certificate::Certificate;
use crate::document::{Document, Element, Limits, is_ncname};
use crate::names::{METADATA, PROTOCOL, SIGNATURE, XML};
use crate::response::values::clean;
use crate::{SamlError, signature};

/// `mdui`: how a provider presents itself to people.
const UI: &str = "urn:oasis:names:tc:SAML:metadata:ui";
/// Characters of an entity id (Metadata 2.2.1).
const LONGEST_ENTITY_ID: usize = 1024;

/// What a document is read for, and how strictly.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// Which provider of the document; none: the only one.
    pub entity_id: Option<&'a str>,
    /// Seconds since 1970: what is valid no longer is refused. None: `validUntil` does not count, as it does not at
    /// AWS.
    pub now: Option<i64>,
    /// Whether endpoints may be plain `http` on loopback.
    pub http_on_loopback: bool,
    /// The certificates of which one must have signed the document; none: it need not be signed.
    pub signed_by: Option<&'a [Certificate]>,
    /// How large it may be.
    pub limits: Limits,
}

impl Reading<'_> {
    /// For metadata that came from where the configuration says: not signed, of one provider.
    pub fn at(now: i64) -> Reading<'static> {
        Reading {
            entity_id: None,
            now: Some(now),
            http_on_loopback: false,
            signed_by: None,
            limits: Limits::METADATA,
        }
    }
}

/// What an identity provider says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct IdpMetadata {
    /// Its entity id, not empty.
    pub entity_id: String,
    /// The certificates it signs with, in order, each once. Never empty as it is read (SAML-1).
    pub signing: Vec<Certificate>,
    /// What was left out, and why: for `check`.
    pub unusable: Vec<Unusable>,
    /// Where people sign in (`SingleSignOnService`), in order.
    pub sso: Vec<Endpoint>,
    /// Where sessions end (`SingleLogoutService`), in order.
    pub slo: Vec<Endpoint>,
    /// Whether our requests must be signed.
    pub want_authn_requests_signed: bool,
    /// The formats of names it offers, in order.
    pub name_id_formats: Vec<String>,
    /// Seconds since 1970: the earliest `validUntil` of provider, role and whatever they stand in.
    pub valid_until: Option<i64>,
    /// Seconds: the shortest `cacheDuration` of the same. A hint for when to fetch again.
    pub cache_duration: Option<i64>,
    /// How it calls itself (`mdui:DisplayName`), in English where it can.
    pub display_name: Option<String>,
    /// Whose it is (`OrganizationDisplayName`), in English where it can.
    pub organization: Option<String>,
}

impl IdpMetadata {
    /// Reads the description of one identity provider.
    ///
    /// # Errors
    /// [`MetadataError`].
    pub fn read(bytes: &[u8], reading: &Reading<'_>) -> Result<IdpMetadata, MetadataError> {
        let document = Document::parse(bytes, &reading.limits)
            .map_err(|error| MetadataError::of_bytes(bytes, error))?;
        IdpMetadata::of(&document, reading)
    }

    /// Reads the description of one identity provider in a document that has passed the gate.
    ///
    /// # Errors
    /// [`MetadataError`].
    pub fn of(
        document: &Document<'_>,
        reading: &Reading<'_>,
    ) -> Result<IdpMetadata, MetadataError> {
        if let Some(certificates) = reading.signed_by {
            verify_signature(document, certificates)?;
        }
        let provider = pick(document.root(), reading.entity_id)?;
        provider.read(reading)
    }

    /// Where people sign in by this binding.
    pub fn sso_by(&self, binding: &str) -> Option<&Endpoint> {
        self.sso.iter().find(|it| it.binding == binding)
    }

    /// Where sessions end by this binding.
    pub fn slo_by(&self, binding: &str) -> Option<&Endpoint> {
        self.slo.iter().find(|it| it.binding == binding)
    }
}

/// Whose signature the root of a document carries: one over the whole of it, by a key of these certificates.
///
/// # Errors
/// [`MetadataError::Unsigned`], [`MetadataError::Signature`]. SHA-1 is never enough here.
pub fn verify_signature<'k>(
    document: &Document<'_>,
    certificates: &'k [Certificate],
) -> Result<&'k Certificate, MetadataError> {
    let root = document.root();
    let signature = root.named(SIGNATURE, "Signature").next();
    let signature = signature.ok_or(MetadataError::Unsigned)?;
    // Entities inside may carry signatures of their own, which are so many bytes of what this one covers.
    signature::only_in(signature, &[root]).map_err(MetadataError::Signature)?;
    ids(root)?;
    let signed = signature::verify(root, certificates, false).map_err(MetadataError::Signature)?;
    match signed {
        Some(signed) => Ok(signed.certificate),
        None => Err(MetadataError::Unsigned),
    }
}

/// Refuses identifiers that come twice, in whatever spelling: what a reference leads to must not be a matter of taste.
fn ids(root: Element<'_>) -> Result<(), MetadataError> {
    let mut seen = HashSet::new();
    for element in root.descendants() {
        for attribute in element.attributes() {
            let id = matches!(attribute.namespace(), "" | XML)
                && attribute.local().eq_ignore_ascii_case("id");
            if id && (!is_ncname(attribute.value()) || !seen.insert(attribute.value())) {
                return Err(MetadataError::Signature(SamlError::Id));
            }
        }
    }
    Ok(())
}

/// An entity with the role that makes it an identity provider.
#[derive(Clone, Copy)]
struct Provider<'d> {
    entity: Element<'d>,
    role: Element<'d>,
}

/// The provider that is asked for, or the only one.
fn pick<'d>(root: Element<'d>, wanted: Option<&str>) -> Result<Provider<'d>, MetadataError> {
    let entities = entities(root)?;
    let mut found = Vec::new();
    for entity in &entities {
        let mut roles = entity.named(METADATA, "IDPSSODescriptor").filter(speaks);
        let Some(role) = roles.next() else { continue };
        found.push((
            Provider {
                entity: *entity,
                role,
            },
            roles.next().is_some(),
        ));
    }
    let count = found.len();
    if let Some(wanted) = wanted {
        let named = |entity: Element<'_>| entity.attribute("entityID") == Some(wanted);
        found.retain(|(provider, _)| named(provider.entity));
        if found.is_empty() {
            return Err(match entities.iter().any(|entity| named(*entity)) {
                true => MetadataError::NoProvider,
                false => MetadataError::Absent(count),
            });
        }
    }
    match (found.as_slice(), wanted) {
        // Which of two roles holds nothing says: two sets of keys are not to be guessed between, nor to be joined.
        ([(_, true)], _) => Err(MetadataError::TwoRoles),
        ([(provider, false)], _) => Ok(*provider),
        ([], _) => Err(MetadataError::NoProvider),
        (_, Some(_)) => Err(MetadataError::Twice),
        (_, None) => Err(MetadataError::Several(count)),
    }
}

/// Every entity of a document, those of groups within groups too, and nothing that stands in an extension.
fn entities(root: Element<'_>) -> Result<Vec<Element<'_>>, MetadataError> {
    let mut found = Vec::new();
    let mut groups = Vec::new();
    if root.is(METADATA, "EntityDescriptor") {
        found.push(root);
    } else if root.is(METADATA, "EntitiesDescriptor") {
        groups.push(root);
    } else {
        return Err(MetadataError::of_root(root));
    }
    while let Some(group) = groups.pop() {
        for child in group.children() {
            if child.is(METADATA, "EntityDescriptor") {
                found.push(child);
            } else if child.is(METADATA, "EntitiesDescriptor") {
                groups.push(child);
            }
        }
    }
    Ok(found)
}

/// Whether a role is one of SAML 2.0. One that says nothing is, in metadata of SAML 2.0.
fn speaks(role: &Element<'_>) -> bool {
    let protocols = role.attribute("protocolSupportEnumeration");
    protocols.is_none_or(|all| all.split_ascii_whitespace().any(|it| it == PROTOCOL))
}

impl Provider<'_> {
    fn read(self, reading: &Reading<'_>) -> Result<IdpMetadata, MetadataError> {
        let Provider { entity, role } = self;
        let mut unusable = Vec::new();
        let entity_id = entity_id(entity)?;
        let valid_until = self.valid_until()?;
        if let (Some(end), Some(now)) = (valid_until, reading.now)
            && now >= end
        {
            return Err(MetadataError::Expired(end));
        }
        let cache_duration = self.cache_duration(&mut unusable);
        let signing = signing(role, &mut unusable);
        if signing.is_empty() {
            let fault = unusable.iter().find_map(Unusable::certificate_fault);
            return Err(MetadataError::NoSigningCertificate(fault));
        }
        let mut endpoints = |local| {
            let all = role.named(METADATA, local);
            all.filter_map(|it| Endpoint::read(it, reading.http_on_loopback, &mut unusable))
                .collect()
        };
        let (sso, slo) = (
            endpoints("SingleSignOnService"),
            endpoints("SingleLogoutService"),
        );
        Ok(IdpMetadata {
            entity_id,
            signing,
            sso,
            slo,
            unusable,
            want_authn_requests_signed: role
                .attribute("WantAuthnRequestsSigned")
                .is_some_and(is_true),
            name_id_formats: role
                .named(METADATA, "NameIDFormat")
                .filter_map(said)
                .collect(),
            valid_until,
            cache_duration,
            display_name: display_name(role).or_else(|| display_name(entity)),
            organization: organization(role).or_else(|| organization(entity)),
        })
    }

    /// The role and all that it stands in.
    fn surroundings(&self) -> impl Iterator<Item = Element<'_>> {
        std::iter::successors(Some(self.role), |element| element.parent())
    }

    fn valid_until(&self) -> Result<Option<i64>, MetadataError> {
        let mut earliest = None;
        for text in self
            .surroundings()
            .filter_map(|it| it.attribute("validUntil"))
        {
            let end = moment::instant(text).ok_or(MetadataError::Time)?;
            earliest = Some(earliest.map_or(end, |before: i64| before.min(end)));
        }
        Ok(earliest)
    }

    /// A hint only: one that cannot be read is no reason to turn people away.
    fn cache_duration(&self, unusable: &mut Vec<Unusable>) -> Option<i64> {
        let said = self.surroundings();
        let said = said.filter_map(|it| it.attribute("cacheDuration"));
        said.filter_map(|text| {
            let seconds = moment::duration(text);
            if seconds.is_none() {
                unusable.push(Unusable::CacheDuration);
            }
            seconds
        })
        .min()
    }
}

fn entity_id(entity: Element<'_>) -> Result<String, MetadataError> {
    let said = entity.attribute("entityID").unwrap_or_default();
    let plain = clean(said).is_ok_and(|clean| clean == said);
    match plain && !said.is_empty() && said.chars().count() <= LONGEST_ENTITY_ID {
        true => Ok(said.to_owned()),
        false => Err(MetadataError::EntityId),
    }
}

/// The certificates that a role signs with.
///
/// Of several in one `X509Data` the first counts: what follows is the chain of authorities above it, whose keys sign
/// certificates and no assertions. A `KeyValue` or `KeyName` beside a certificate says nothing that it does not.
fn signing(role: Element<'_>, unusable: &mut Vec<Unusable>) -> Vec<Certificate> {
    let mut found: Vec<Certificate> = Vec::new();
    for key in role.named(METADATA, "KeyDescriptor") {
        if key.attribute("use").is_some_and(|it| it != "signing") {
            continue;
        }
        let infos = key.named(SIGNATURE, "KeyInfo");
        let data: Vec<_> = infos
            .flat_map(|info| info.named(SIGNATURE, "X509Data"))
            .collect();
        let mut certificates = 0;
        for data in data {
            for (place, element) in data.named(SIGNATURE, "X509Certificate").enumerate() {
                certificates += 1;
                if place > 0 {
                    unusable.push(Unusable::Chain);
                    continue;
                }
                let text = element.text().unwrap_or_default();
                match Certificate::from_base64(&text) {
                    Ok(certificate) if found.contains(&certificate) => {}
                    Ok(certificate) => found.push(certificate),
                    Err(fault) => unusable.push(Unusable::Certificate(fault)),
                }
            }
        }
        if certificates == 0 {
            unusable.push(Unusable::KeyWithoutCertificate);
        }
    }
    found
}

/// `xs:boolean`, and the capital letter that some programs write.
fn is_true(text: &str) -> bool {
    let text = text.trim_ascii();
    text == "1" || text.eq_ignore_ascii_case("true")
}

/// The text of an element, where it says something that people may be shown.
fn said(element: Element<'_>) -> Option<String> {
    let text = clean(&element.text()?).ok()?;
    (!text.is_empty()).then_some(text)
}

fn display_name(element: Element<'_>) -> Option<String> {
    let extensions = element.named(METADATA, "Extensions");
    let info = extensions.flat_map(|it| it.named(UI, "UIInfo"));
    english(info.flat_map(|it| it.named(UI, "DisplayName")))
}

fn organization(element: Element<'_>) -> Option<String> {
    let organizations = element.named(METADATA, "Organization");
    english(organizations.flat_map(|it| it.named(METADATA, "OrganizationDisplayName")))
}

/// The English one of several, or the first.
fn english<'d>(elements: impl Iterator<Item = Element<'d>>) -> Option<String> {
    let mut first = None;
    for element in elements {
        let Some(text) = said(element) else { continue };
        let mut attributes = element.attributes().iter();
        if attributes.any(|it| (it.namespace(), it.local(), it.value()) == (XML, "lang", "en")) {
            return Some(text);
        }
        first.get_or_insert(text);
    }
    first
}

#[cfg(test)]
mod tests;

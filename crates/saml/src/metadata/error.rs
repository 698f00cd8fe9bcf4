//! Everything that can be wrong with metadata, in sentences for the administrator who configured it.

use crate::SamlError;
use crate::certificate::CertificateFault;
use crate::document::Element;

/// Why a document was not taken as a provider's metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// No bytes, or white space.
    #[error("the metadata is empty")]
    Empty,
    /// HTML: most often the page of a sign-in that stands before the document.
    #[error("this is a web page and not metadata; the address may need a sign-in")]
    WebPage,
    /// JSON: most often what OpenID Connect publishes.
    #[error("this is JSON and not SAML metadata; is it an OpenID Connect document?")]
    Json,
    /// Refused by the gate.
    #[error("the metadata cannot be read: {0}")]
    Document(SamlError),
    /// Another root than `EntityDescriptor` and `EntitiesDescriptor`.
    #[error("this is XML but not SAML 2.0 metadata: its root is no EntityDescriptor")]
    Root,
    /// It must be signed and is not, or not as a whole.
    #[error("the metadata is not signed, and metadata_certificate asks for it")]
    Unsigned,
    /// The signature is not acceptable or does not hold.
    #[error("the signature of the metadata was refused: {0}")]
    Signature(SamlError),
    /// No identity provider of SAML 2.0 in it.
    #[error("the metadata describes no identity provider of SAML 2.0 (no IDPSSODescriptor)")]
    NoProvider,
    /// Several providers, of which none was named; how many.
    #[error("the metadata describes {0} identity providers; say which one by its entity id")]
    Several(usize),
    /// The one that was named is not there; how many others are.
    #[error("the identity provider is not in the metadata, which describes {0} others")]
    Absent(usize),
    /// Two entities of the name.
    #[error("the metadata describes the identity provider twice")]
    Twice,
    /// Two roles of one entity.
    #[error("the metadata gives the identity provider two descriptions (IDPSSODescriptor)")]
    TwoRoles,
    /// `entityID` is missing, empty, too long, or has white space around it.
    #[error("the provider's entityID is missing or not acceptable")]
    EntityId,
    /// `validUntil` is no time.
    #[error("validUntil of the metadata is no time")]
    Time,
    /// `validUntil` has passed; seconds since 1970.
    #[error("the metadata is valid no longer (validUntil has passed)")]
    Expired(i64),
    /// Nothing to verify by (SAML-1); what is wrong with one that is there.
    #[error("no signing certificate in the metadata{}", but(.0))]
    NoSigningCertificate(Option<CertificateFault>),
}

fn but(fault: &Option<CertificateFault>) -> String {
    let sentence = |fault: &CertificateFault| format!(" that can be used: one {fault}");
    fault.as_ref().map(sentence).unwrap_or_default()
}

impl MetadataError {
    /// The stable name of the refusal, for the audit trail (security.md GEN-1).
    pub fn reason(&self) -> &'static str {
        "saml.provider"
    }

    /// What to say of bytes that the gate refused: what they are says more than which rule they broke.
    pub(super) fn of_bytes(bytes: &[u8], error: SamlError) -> MetadataError {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let bytes = bytes.trim_ascii_start();
        let begins = |with: &[u8]| {
            let start = bytes.get(..with.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(with))
        };
        if bytes.is_empty() {
            MetadataError::Empty
        } else if begins(b"{") || begins(b"[") {
            MetadataError::Json
        } else if begins(b"<!doctype html") || begins(b"<html") {
            MetadataError::WebPage
        } else {
            MetadataError::Document(error)
        }
    }

    /// What to say of a root that is none of metadata.
    pub(super) fn of_root(root: Element<'_>) -> MetadataError {
        match root.local().eq_ignore_ascii_case("html") {
            true => MetadataError::WebPage,
            false => MetadataError::Root,
        }
    }
}

/// What was left out of a document that is otherwise fit for use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// A certificate for signing.
    #[error("a signing certificate {0}")]
    Certificate(CertificateFault),
    /// A certificate behind another in one `X509Data`.
    #[error("a certificate of an authority above a signing certificate is not used")]
    Chain,
    /// A `KeyDescriptor` that names its key or holds it bare.
    #[error("a signing key comes without a certificate")]
    KeyWithoutCertificate,
    /// An endpoint: which element, and where it leads.
    #[error("{0} {1} is no address to send people to (https, absolute, without a fragment)")]
    Endpoint(&'static str, String),
    /// `cacheDuration`.
    #[error("cacheDuration is no duration")]
    CacheDuration,
}

impl Unusable {
    /// What is wrong, where it is a certificate.
    pub fn certificate_fault(&self) -> Option<CertificateFault> {
        match self {
            Self::Certificate(fault) => Some(*fault),
            _ => None,
        }
    }
}

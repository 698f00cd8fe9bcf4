//! The algorithms that a signature may use (SAML-5). Everything else is refused by not being here: HMAC, DSA, MD5.

use aws_lc_rs::digest;

/// How a signature is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaSha256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RsaSha384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RsaSha512,
    /// RSASSA-PSS with SHA-256 and a salt as long as the hash.
    PssSha256,
    /// RSASSA-PSS with SHA-384 and a salt as long as the hash.
    PssSha384,
    /// RSASSA-PSS with SHA-512 and a salt as long as the hash.
    PssSha512,
    /// ECDSA with SHA-256.
    EcdsaSha256,
    /// ECDSA with SHA-384.
    EcdsaSha384,
    /// ECDSA with SHA-512.
    EcdsaSha512,
    /// RSASSA-PKCS1-v1_5 with SHA-1: only where a provider's entry says so.
    RsaSha1,
}

impl SignatureAlgorithm {
    /// The algorithm of a URI (RFC 9231).
    pub fn from_uri(uri: &str) -> Option<SignatureAlgorithm> {
        const MORE: &str = "http://www.w3.org/2001/04/xmldsig-more#";
        const LATER: &str = "http://www.w3.org/2007/05/xmldsig-more#";
        if uri == "http://www.w3.org/2000/09/xmldsig#rsa-sha1" {
            return Some(SignatureAlgorithm::RsaSha1);
        }
        match (uri.strip_prefix(MORE), uri.strip_prefix(LATER)) {
            (Some("rsa-sha256"), _) => Some(SignatureAlgorithm::RsaSha256),
            (Some("rsa-sha384"), _) => Some(SignatureAlgorithm::RsaSha384),
            (Some("rsa-sha512"), _) => Some(SignatureAlgorithm::RsaSha512),
            (Some("ecdsa-sha256"), _) => Some(SignatureAlgorithm::EcdsaSha256),
            (Some("ecdsa-sha384"), _) => Some(SignatureAlgorithm::EcdsaSha384),
            (Some("ecdsa-sha512"), _) => Some(SignatureAlgorithm::EcdsaSha512),
            (_, Some("sha256-rsa-MGF1")) => Some(SignatureAlgorithm::PssSha256),
            (_, Some("sha384-rsa-MGF1")) => Some(SignatureAlgorithm::PssSha384),
            (_, Some("sha512-rsa-MGF1")) => Some(SignatureAlgorithm::PssSha512),
            _ => None,
        }
    }

    /// Whether it is RSASSA-PSS.
    #[cfg_attr(
        not(feature = "samael"),
        expect(dead_code, reason = "who asks is not built")
    )]
    pub(crate) fn is_pss(self) -> bool {
        use SignatureAlgorithm::{PssSha256, PssSha384, PssSha512};
        matches!(self, PssSha256 | PssSha384 | PssSha512)
    }

    /// Whether it rests on SHA-1.
    pub fn is_sha1(self) -> bool {
        self == SignatureAlgorithm::RsaSha1
    }
}

/// How what is signed is digested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DigestAlgorithm {
    Sha256,
    Sha384,
    Sha512,
    Sha1,
}

impl DigestAlgorithm {
    pub(crate) fn from_uri(uri: &str) -> Option<DigestAlgorithm> {
        match uri {
            "http://www.w3.org/2001/04/xmlenc#sha256" => Some(DigestAlgorithm::Sha256),
            "http://www.w3.org/2001/04/xmldsig-more#sha384" => Some(DigestAlgorithm::Sha384),
            "http://www.w3.org/2001/04/xmlenc#sha512" => Some(DigestAlgorithm::Sha512),
            "http://www.w3.org/2000/09/xmldsig#sha1" => Some(DigestAlgorithm::Sha1),
            _ => None,
        }
    }

    pub(crate) fn digest(self, bytes: &[u8]) -> digest::Digest {
        let how = match self {
            DigestAlgorithm::Sha256 => &digest::SHA256,
            DigestAlgorithm::Sha384 => &digest::SHA384,
            DigestAlgorithm::Sha512 => &digest::SHA512,
            DigestAlgorithm::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        };
        digest::digest(how, bytes)
    }
}

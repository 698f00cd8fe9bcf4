//! A provider's certificate: the public key that signatures are checked with, parsed once.
//!
//! The certificate is an envelope and no more. SAML trusts the key because the configuration or the metadata names it;
//! nobody's chain is followed, and dates are warned of, not enforced (SAML-19).

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use der::asn1::{ObjectIdentifier, UintRef};
use der::{Decode, Encode};

use crate::algorithm::SignatureAlgorithm;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// Why a certificate cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// Not base64, PEM or DER of one certificate.
    #[error("is not an X.509 certificate")]
    Malformed,
    /// Neither RSA nor an elliptic curve.
    #[error("holds a key that is neither RSA nor of an elliptic curve")]
    KeyType,
    /// A curve other than P-256, P-384 and P-521.
    #[error("holds a key on a curve other than P-256, P-384 and P-521")]
    Curve,
    /// An RSA key of less than 2048 or more than 8192 bits, or no valid key at all.
    #[error("holds a key that is too short (RSA needs 2048 bits) or not valid")]
    Key,
}

/// A certificate with its key.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    fingerprint: String,
    not_before: i64,
    not_after: i64,
    /// Bytes of one coordinate for elliptic curves, 0 for RSA.
    coordinate: usize,
    forms: Vec<(SignatureAlgorithm, ParsedPublicKey)>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.fingerprint)
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Certificate {
    /// Reads base64 of DER, as metadata has it; white space does not count.
    ///
    /// # Errors
    /// [`CertificateFault`].
    pub fn from_base64(text: &str) -> Result<Certificate, CertificateFault> {
        let text: String = text.split_ascii_whitespace().collect();
        let der = STANDARD.decode(text);
        Certificate::from_der(&der.map_err(|_| CertificateFault::Malformed)?)
    }

    /// Reads every certificate of a PEM file.
    ///
    /// # Errors
    /// [`CertificateFault`], also where there is none.
    pub fn from_pem(text: &str) -> Result<Vec<Certificate>, CertificateFault> {
        const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
        const END: &str = "-----END CERTIFICATE-----";
        let mut found = Vec::new();
        let mut rest = text;
        while let Some((_, begun)) = rest.split_once(BEGIN) {
            let (inside, after) = begun.split_once(END).ok_or(CertificateFault::Malformed)?;
            found.push(Certificate::from_base64(inside)?);
            rest = after;
        }
        match found.is_empty() {
            true => Err(CertificateFault::Malformed),
            false => Ok(found),
        }
    }

    /// Reads DER.
    ///
    /// # Errors
    /// [`CertificateFault`].
    pub fn from_der(bytes: &[u8]) -> Result<Certificate, CertificateFault> {
        let malformed = |_| CertificateFault::Malformed;
        let certificate = x509_cert::Certificate::from_der(bytes).map_err(malformed)?;
        let signed = &certificate.tbs_certificate;
        let info = &signed.subject_public_key_info;
        let key = info
            .subject_public_key
            .as_bytes()
            .ok_or(CertificateFault::Key)?;
        let parameters = info.algorithm.parameters.as_ref();
        let (coordinate, algorithms) = match info.algorithm.oid {
            RSA if !is_long_enough(key) => return Err(CertificateFault::Key),
            RSA => (0, RSA_FORMS.as_slice()),
            EC => {
                let curve = parameters.and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
                match curve {
                    Some(P256) => (32, P256_FORMS.as_slice()),
                    Some(P384) => (48, P384_FORMS.as_slice()),
                    Some(P521) => (66, P521_FORMS.as_slice()),
                    _ => return Err(CertificateFault::Curve),
                }
            }
            _ => return Err(CertificateFault::KeyType),
        };
        let forms: Option<Vec<_>> = algorithms
            .iter()
            .map(|(algorithm, how)| Some((*algorithm, ParsedPublicKey::new(*how, key).ok()?)))
            .collect();
        let time = |time: &x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
        };
        Ok(Certificate {
            der: certificate.to_der().map_err(malformed)?,
            fingerprint: hex(digest::digest(&digest::SHA256, bytes).as_ref()),
            not_before: time(&signed.validity.not_before),
            not_after: time(&signed.validity.not_after),
            coordinate,
            forms: forms.ok_or(CertificateFault::Key)?,
        })
    }

    /// The certificate itself.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the DER, hexadecimal.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// When it begins, seconds since 1970.
    pub fn not_before(&self) -> i64 {
        self.not_before
    }

    /// When it ends, seconds since 1970. For warnings: providers let theirs lapse.
    pub fn not_after(&self) -> i64 {
        self.not_after
    }

    /// Whether its key is one for this algorithm.
    pub fn serves(&self, algorithm: SignatureAlgorithm) -> bool {
        self.forms.iter().any(|(form, _)| *form == algorithm)
    }

    /// Whether a signature, in the form that XML Signature gives it (for elliptic curves `r` and `s` of fixed length
    /// beside each other), holds; false as well where the key is not for the algorithm.
    pub fn verifies(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let Some((_, key)) = self.forms.iter().find(|(form, _)| *form == algorithm) else {
            return false;
        };
        match self.coordinate {
            0 => key.verify_sig(message, signature).is_ok(),
            length => ecdsa_der(signature, length)
                .is_some_and(|signature| key.verify_sig(message, &signature).is_ok()),
        }
    }
}

/// Whether an `RSAPublicKey` has 2048 to 8192 bits. The library asks only when it verifies, and a certificate that
/// could never verify anything must not pass for one that can (SAML-1).
fn is_long_enough(key: &[u8]) -> bool {
    let parts = Vec::<UintRef<'_>>::from_der(key).unwrap_or_default();
    let Some(modulus) = parts.first().map(UintRef::as_bytes) else {
        return false;
    };
    let unused = modulus.first().map_or(0, |byte| byte.leading_zeros());
    let bits = modulus.len() * 8 - usize::try_from(unused).unwrap_or(0);
    (2048..=8192).contains(&bits)
}

type Form = (SignatureAlgorithm, &'static dyn VerificationAlgorithm);

static RSA_FORMS: [Form; 7] = [
    (SignatureAlgorithm::RsaSha256, &RSA_PKCS1_2048_8192_SHA256),
    (SignatureAlgorithm::RsaSha384, &RSA_PKCS1_2048_8192_SHA384),
    (SignatureAlgorithm::RsaSha512, &RSA_PKCS1_2048_8192_SHA512),
    (SignatureAlgorithm::PssSha256, &RSA_PSS_2048_8192_SHA256),
    (SignatureAlgorithm::PssSha384, &RSA_PSS_2048_8192_SHA384),
    (SignatureAlgorithm::PssSha512, &RSA_PSS_2048_8192_SHA512),
    (
        SignatureAlgorithm::RsaSha1,
        &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
    ),
];
static P256_FORMS: [Form; 3] = [
    (SignatureAlgorithm::EcdsaSha256, &ECDSA_P256_SHA256_ASN1),
    (SignatureAlgorithm::EcdsaSha384, &ECDSA_P256_SHA384_ASN1),
    (SignatureAlgorithm::EcdsaSha512, &ECDSA_P256_SHA512_ASN1),
];
static P384_FORMS: [Form; 3] = [
    (SignatureAlgorithm::EcdsaSha256, &ECDSA_P384_SHA256_ASN1),
    (SignatureAlgorithm::EcdsaSha384, &ECDSA_P384_SHA384_ASN1),
    (SignatureAlgorithm::EcdsaSha512, &ECDSA_P384_SHA512_ASN1),
];
static P521_FORMS: [Form; 3] = [
    (SignatureAlgorithm::EcdsaSha256, &ECDSA_P521_SHA256_ASN1),
    (SignatureAlgorithm::EcdsaSha384, &ECDSA_P521_SHA384_ASN1),
    (SignatureAlgorithm::EcdsaSha512, &ECDSA_P521_SHA512_ASN1),
];

/// `r || s` as the DER sequence of two integers that the library takes.
fn ecdsa_der(signature: &[u8], length: usize) -> Option<Vec<u8>> {
    if signature.len() != 2 * length {
        return None;
    }
    let (r, s) = signature.split_at_checked(length)?;
    let mut body = Vec::with_capacity(2 * length + 8);
    for number in [r, s] {
        let number = der::asn1::Uint::new(number).ok()?;
        number.encode_to_vec(&mut body).ok()?;
    }
    let mut out = Vec::with_capacity(body.len() + 4);
    let header = der::Header::new(der::Tag::Sequence, u32::try_from(body.len()).ok()?).ok()?;
    header.encode_to_vec(&mut out).ok()?;
    out.append(&mut body);
    Some(out)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

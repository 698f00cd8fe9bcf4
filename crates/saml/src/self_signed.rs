//! The certificate that we make for a key of our own.
//!
//! Those who rely on it are given this very certificate, in our metadata: it is the envelope of a public key, and its
//! names and dates prove nothing. We build it from the plain types of `x509-cert`, whose own builder would bring
//! another family of cryptography with it.

use std::time::Duration;

use der::asn1::{
    Any, BitString, GeneralizedTime, ObjectIdentifier, OctetString, SetOfVec, UtcTime,
};
use der::{Decode, Encode, Tag};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, KeyUsages};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, TbsCertificate, Version};

use crate::signing_key::{KeyError, SigningKey};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

/// What the certificate says.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Of subject and issuer, at most 64 characters (`ub-common-name`).
    pub common_name: &'a str,
    /// Random bytes for the serial number.
    pub serial: [u8; 16],
    /// From when, seconds since 1970.
    pub not_before: i64,
    /// Until when, seconds since 1970.
    pub not_after: i64,
}

/// A self-signed certificate, in DER.
///
/// # Errors
/// [`KeyError::Certificate`] where what it should say cannot be said, [`KeyError::Unusable`] where the key does not
/// sign.
pub fn self_signed(key: &SigningKey, subject: &Subject<'_>) -> Result<Vec<u8>, KeyError> {
    if subject.common_name.is_empty() || subject.common_name.chars().count() > 64 {
        return Err(KeyError::Certificate);
    }
    build(key, subject, &key.public_key_info()?)
}

fn build(key: &SigningKey, subject: &Subject<'_>, info: &[u8]) -> Result<Vec<u8>, KeyError> {
    let unsayable = |_: der::Error| KeyError::Certificate;
    let name = name(subject.common_name).map_err(unsayable)?;
    let algorithm = algorithm(key);
    let tbs_certificate = TbsCertificate {
        version: Version::V3,
        serial_number: serial(subject.serial).map_err(unsayable)?,
        signature: algorithm.clone(),
        issuer: name.clone(),
        validity: Validity {
            not_before: moment(subject.not_before)?,
            not_after: moment(subject.not_after)?,
        },
        subject: name,
        subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(info).map_err(unsayable)?,
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: Some(extensions(key).map_err(unsayable)?),
    };
    let signature = key.sign(&tbs_certificate.to_der().map_err(unsayable)?)?;
    let certificate = Certificate {
        tbs_certificate,
        signature_algorithm: algorithm,
        signature: x509_signature(key, &signature)
            .and_then(|signature| BitString::from_bytes(&signature))
            .map_err(unsayable)?,
    };
    certificate.to_der().map_err(unsayable)
}

fn name(common_name: &str) -> der::Result<Name> {
    let value = AttributeTypeAndValue {
        oid: COMMON_NAME,
        value: Any::new(Tag::Utf8String, common_name.as_bytes())?,
    };
    let relative = RelativeDistinguishedName::from(SetOfVec::try_from(vec![value])?);
    Ok(RdnSequence(vec![relative]))
}

/// Positive, and never zero, whatever the bytes (RFC 5280 4.1.2.2).
fn serial(mut bytes: [u8; 16]) -> der::Result<SerialNumber> {
    if let Some(first) = bytes.first_mut() {
        *first = *first & 0x3F | 0x40;
    }
    SerialNumber::new(&bytes)
}

/// `UTCTime` until 2049, `GeneralizedTime` from then on (RFC 5280 4.1.2.5).
fn moment(seconds: i64) -> Result<Time, KeyError> {
    let seconds = u64::try_from(seconds).map_err(|_| KeyError::Certificate)?;
    let since_1970 = Duration::from_secs(seconds);
    UtcTime::from_unix_duration(since_1970)
        .map(Time::UtcTime)
        .or_else(|_| GeneralizedTime::from_unix_duration(since_1970).map(Time::GeneralTime))
        .map_err(|_| KeyError::Certificate)
}

/// `parameters` are NULL for RSA (RFC 4055 section 5) and absent for ECDSA (RFC 5758 3.2).
fn algorithm(key: &SigningKey) -> AlgorithmIdentifierOwned {
    match key.is_rsa() {
        true => AlgorithmIdentifierOwned {
            oid: SHA256_WITH_RSA,
            parameters: Some(Any::null()),
        },
        false => AlgorithmIdentifierOwned {
            oid: ECDSA_WITH_SHA256,
            parameters: None,
        },
    }
}

/// No authority, and usable for what we do: some providers look.
fn extensions(key: &SigningKey) -> der::Result<Vec<Extension>> {
    let constraints = BasicConstraints {
        ca: false,
        path_len_constraint: None,
    };
    let mut usage = KeyUsages::DigitalSignature.into();
    if key.is_rsa() {
        usage |= KeyUsages::KeyEncipherment;
    }
    Ok(vec![
        extension(BASIC_CONSTRAINTS, &constraints.to_der()?)?,
        extension(KEY_USAGE, &KeyUsage(usage).to_der()?)?,
    ])
}

fn extension(oid: ObjectIdentifier, value: &[u8]) -> der::Result<Extension> {
    Ok(Extension {
        extn_id: oid,
        critical: true,
        extn_value: OctetString::new(value)?,
    })
}

/// X.509 wants ECDSA's two numbers as a sequence of DER (RFC 5480 appendix A), where XML wants them side by side.
fn x509_signature(key: &SigningKey, signature: &[u8]) -> der::Result<Vec<u8>> {
    if key.is_rsa() {
        return Ok(signature.to_vec());
    }
    let (r, s) = signature.split_at(signature.len() / 2);
    vec![der::asn1::Uint::new(r)?, der::asn1::Uint::new(s)?].to_der()
}

/// A credential for tests.
#[cfg(test)]
pub(crate) fn credential(key: SigningKey) -> crate::Credential {
    let subject = Subject {
        common_name: "test",
        serial: [1; 16],
        not_before: 1_700_000_000,
        not_after: 4_000_000_000,
    };
    let certificate = self_signed(&key, &subject).unwrap();
    crate::Credential::new(key, certificate).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Credential;

    const SUBJECT: Subject<'_> = Subject {
        common_name: "Drawbridge, é",
        serial: [0; 16],
        not_before: 1_772_366_400,
        not_after: 2_524_608_000,
    };

    #[test]
    fn the_certificate_is_of_the_key_and_signed_by_it() {
        use aws_lc_rs::signature::{
            ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
            VerificationAlgorithm,
        };
        let rsa: &'static dyn VerificationAlgorithm = &RSA_PKCS1_2048_8192_SHA256;
        for (key, algorithm) in [
            (SigningKey::generate().unwrap(), rsa),
            (
                SigningKey::generate_p256().unwrap(),
                &ECDSA_P256_SHA256_ASN1,
            ),
        ] {
            let der = self_signed(&key, &SUBJECT).unwrap();
            let certificate = Certificate::from_der(&der).unwrap();
            UnparsedPublicKey::new(algorithm, key.public_key())
                .verify(
                    &certificate.tbs_certificate.to_der().unwrap(),
                    certificate.signature.raw_bytes(),
                )
                .unwrap();
            let said = certificate.tbs_certificate;
            assert_eq!(said.subject.to_string(), "CN=Drawbridge\\, é");
            assert_eq!(said.issuer, said.subject);
            // The year 2050 is the first of the other kind of time.
            assert!(matches!(said.validity.not_before, Time::UtcTime(_)));
            assert!(matches!(said.validity.not_after, Time::GeneralTime(_)));
            assert_eq!(said.serial_number.as_bytes().first(), Some(&0x40));
            assert!(Credential::new(key, der).is_ok());
        }
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        let key = SigningKey::generate_p256().unwrap();
        let long = "x".repeat(65);
        for spoilt in [
            Subject {
                common_name: "",
                ..SUBJECT
            },
            Subject {
                common_name: &long,
                ..SUBJECT
            },
            Subject {
                not_before: -1,
                ..SUBJECT
            },
            Subject {
                not_after: i64::MAX,
                ..SUBJECT
            },
        ] {
            assert_eq!(self_signed(&key, &spoilt), Err(KeyError::Certificate));
        }
    }
}

//! One public key of a set, RFC 7517 and RFC 7518 §6, checked and parsed once.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RsaPublicKeyComponents, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::compact::MAX_KEY_ID_BYTES;
use super::{Algorithm, roca};

/// Why a key of a set is not used. The other keys of the set are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// The entry is not a JSON object.
    #[error("is not an object")]
    NotAnObject,
    /// A member is missing, of the wrong type, or wrongly encoded.
    #[error("its member `{0}` is not acceptable")]
    Member(&'static str),
    /// `kty` is none that we know.
    #[error("is of an unknown type")]
    UnknownType,
    /// `kty` is `oct`: whoever can read the set could sign with it.
    #[error("is a symmetric key")]
    Symmetric,
    /// The set publishes the private half.
    #[error("publishes its private part")]
    Private,
    /// `use` is not `sig`.
    #[error("is not for signatures")]
    NotForSignatures,
    /// `key_ops` does not contain `verify`.
    #[error("is not for verifying")]
    NotForVerifying,
    /// `alg` is not one that a key of this type and curve can serve.
    #[error("is for an algorithm that is not supported or not of its type")]
    Algorithm,
    /// `crv` is none that we know.
    #[error("is on an unknown curve")]
    UnknownCurve,
    /// The RSA modulus is shorter than 2048 or longer than 8192 bits.
    #[error("has an RSA modulus of {0} bits instead of 2048 to 8192")]
    ModulusSize(usize),
    /// The RSA exponent is even, less than 3, or longer than 32 bits.
    #[error("has an unacceptable RSA exponent")]
    Exponent,
    /// The RSA modulus can be factored because of how it was made (CVE-2017-15361).
    #[error("is a ROCA key, whose private part can be computed")]
    Roca,
    /// The point is not on the curve, or the modulus is not one.
    #[error("is not a valid public key")]
    Invalid,
    /// Another key of the set has the same `kid` and `kty`; neither is used.
    #[error("shares its key id with another key of its type")]
    DuplicateKeyId,
}

/// A public key with one parsed form for each algorithm it may serve.
pub(super) struct Jwk {
    pub(super) key_id: Option<String>,
    pub(super) key_type: KeyType,
    /// Whether this is an RSA key whose exponent is not 65537.
    pub(super) unusual_exponent: bool,
    forms: Vec<(Algorithm, ParsedPublicKey)>,
}

/// `kty`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyType {
    Rsa,
    Ec,
    Okp,
}

impl Jwk {
    /// Checks everything about an entry that does not depend on its neighbours.
    pub(super) fn read(entry: &Value) -> Result<Self, KeyFault> {
        let Value::Object(members) = entry else {
            return Err(KeyFault::NotAnObject);
        };
        let key_type = match text(members, "kty")?.ok_or(KeyFault::Member("kty"))? {
            "RSA" => KeyType::Rsa,
            "EC" => KeyType::Ec,
            "OKP" => KeyType::Okp,
            "oct" => return Err(KeyFault::Symmetric),
            _ => return Err(KeyFault::UnknownType),
        };
        // A private key that everybody can read proves nothing. (`d` is the private member of all three types.)
        if members.contains_key("d") {
            return Err(KeyFault::Private);
        }
        check_purpose(members)?;
        let key_id = text(members, "kid")?.filter(|kid| !kid.is_empty());
        if key_id.is_some_and(|kid| kid.len() > MAX_KEY_ID_BYTES) {
            return Err(KeyFault::Member("kid"));
        }
        let wanted = match text(members, "alg")? {
            Some(name) => Some(Algorithm::from_name(name).ok_or(KeyFault::Algorithm)?),
            None => None,
        };
        let mut unusual_exponent = false;
        let forms = match key_type {
            KeyType::Rsa => {
                let key = RsaKey::read(members)?;
                unusual_exponent = key.exponent != [1, 0, 1];
                key.forms(wanted)?
            }
            KeyType::Ec => vec![curve_form(members, wanted)?],
            KeyType::Okp => vec![edwards_form(members, wanted)?],
        };
        Ok(Self {
            key_id: key_id.map(str::to_owned),
            key_type,
            unusual_exponent,
            forms,
        })
    }

    pub(super) fn serves(&self, algorithm: Algorithm) -> bool {
        self.form(algorithm).is_some()
    }

    /// Whether the signature holds; false as well where the key is not for the algorithm.
    pub(super) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        self.form(algorithm)
            .is_some_and(|key| key.verify_sig(message, signature).is_ok())
    }

    fn form(&self, algorithm: Algorithm) -> Option<&ParsedPublicKey> {
        self.forms
            .iter()
            .find(|it| it.0 == algorithm)
            .map(|it| &it.1)
    }
}

/// `use` and `key_ops` each may be absent; what is there must mean verifying signatures.
fn check_purpose(members: &Map<String, Value>) -> Result<(), KeyFault> {
    if text(members, "use")?.is_some_and(|purpose| purpose != "sig") {
        return Err(KeyFault::NotForSignatures);
    }
    match members.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(operations)) if operations.iter().any(|it| it == "verify") => Ok(()),
        Some(Value::Array(_)) => Err(KeyFault::NotForVerifying),
        Some(_) => Err(KeyFault::Member("key_ops")),
    }
}

/// A string member: absent is `None`, anything but a string is a fault.
fn text<'m>(
    members: &'m Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'m str>, KeyFault> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(value)) => Ok(Some(value)),
        Some(_) => Err(KeyFault::Member(name)),
    }
}

/// A required member in strict base64url.
fn bytes(members: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, KeyFault> {
    let value = text(members, name)?.ok_or(KeyFault::Member(name))?;
    URL_SAFE_NO_PAD
        .decode(value)
        .map_err(|_| KeyFault::Member(name))
}

struct RsaKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl RsaKey {
    fn read(members: &Map<String, Value>) -> Result<Self, KeyFault> {
        let modulus = without_leading_zeros(bytes(members, "n")?);
        let exponent = without_leading_zeros(bytes(members, "e")?);
        let bits = modulus.first().map_or(0, |first| {
            modulus.len() * 8 - first.leading_zeros() as usize
        });
        if !(2048..=8192).contains(&bits) {
            return Err(KeyFault::ModulusSize(bits));
        }
        let odd = exponent.last().is_some_and(|last| last % 2 == 1);
        if !odd || exponent == [1] || exponent.len() > 4 {
            return Err(KeyFault::Exponent);
        }
        if roca::has_fingerprint(&modulus) {
            return Err(KeyFault::Roca);
        }
        Ok(Self { modulus, exponent })
    }

    fn forms(
        &self,
        wanted: Option<Algorithm>,
    ) -> Result<Vec<(Algorithm, ParsedPublicKey)>, KeyFault> {
        let wanted = match wanted {
            Some(one) if Algorithm::RSA.contains(&one) => vec![one],
            Some(_) => return Err(KeyFault::Algorithm),
            None => Algorithm::RSA.to_vec(),
        };
        let components = RsaPublicKeyComponents {
            n: &self.modulus,
            e: &self.exponent,
        };
        let encoded = components
            .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            .map_err(|_| KeyFault::Invalid)?;
        wanted
            .into_iter()
            // Parsed again from the encoded form: only that way the library checks the key.
            .map(|algorithm| Ok((algorithm, parse(algorithm, encoded.as_ref())?)))
            .collect()
    }
}

/// RFC 7518 §2 wants none, but the issuers that send the sign byte of an ASN.1 integer mean the same number.
fn without_leading_zeros(mut number: Vec<u8>) -> Vec<u8> {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    number.drain(..zeros);
    number
}

/// RFC 7518 §6.2.1: both coordinates have the full length of the field.
fn curve_form(
    members: &Map<String, Value>,
    wanted: Option<Algorithm>,
) -> Result<(Algorithm, ParsedPublicKey), KeyFault> {
    let (algorithm, length) = match text(members, "crv")?.ok_or(KeyFault::Member("crv"))? {
        "P-256" => (Algorithm::Es256, 32),
        "P-384" => (Algorithm::Es384, 48),
        "P-521" => (Algorithm::Es512, 66),
        _ => return Err(KeyFault::UnknownCurve),
    };
    if wanted.is_some_and(|wanted| wanted != algorithm) {
        return Err(KeyFault::Algorithm);
    }
    let mut point = vec![4];
    for name in ["x", "y"] {
        let coordinate = bytes(members, name)?;
        if coordinate.len() != length {
            return Err(KeyFault::Member(name));
        }
        point.extend(coordinate);
    }
    Ok((algorithm, parse(algorithm, &point)?))
}

fn edwards_form(
    members: &Map<String, Value>,
    wanted: Option<Algorithm>,
) -> Result<(Algorithm, ParsedPublicKey), KeyFault> {
    if text(members, "crv")?.ok_or(KeyFault::Member("crv"))? != "Ed25519" {
        return Err(KeyFault::UnknownCurve);
    }
    if wanted.is_some_and(|wanted| wanted != Algorithm::EdDsa) {
        return Err(KeyFault::Algorithm);
    }
    let point = bytes(members, "x")?;
    if point.len() != 32 {
        return Err(KeyFault::Member("x"));
    }
    Ok((Algorithm::EdDsa, parse(Algorithm::EdDsa, &point)?))
}

fn parse(algorithm: Algorithm, encoded: &[u8]) -> Result<ParsedPublicKey, KeyFault> {
    let verifier: &'static dyn VerificationAlgorithm = match algorithm {
        Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &RSA_PSS_2048_8192_SHA512,
        Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
        Algorithm::Es384 => &ECDSA_P384_SHA384_FIXED,
        Algorithm::Es512 => &ECDSA_P521_SHA512_FIXED,
        Algorithm::EdDsa => &ED25519,
    };
    ParsedPublicKey::new(verifier, encoded).map_err(|_| KeyFault::Invalid)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jwt::testing;

    fn fault(entry: &Value) -> KeyFault {
        match Jwk::read(entry) {
            Ok(_) => panic!("the key was accepted: {entry}"),
            Err(fault) => fault,
        }
    }

    fn with(mut entry: Value, member: &str, value: Value) -> Value {
        entry[member] = value;
        entry
    }

    fn without(mut entry: Value, member: &str) -> Value {
        entry.as_object_mut().unwrap().remove(member);
        entry
    }

    fn rsa() -> Value {
        json!({"kty": "RSA", "kid": "r", "n": testing::RFC7638_MODULUS, "e": "AQAB"})
    }

    fn ec() -> Value {
        testing::rfc7515_es256_key()
    }

    fn accepted(entry: &Value) -> Vec<Algorithm> {
        let key = Jwk::read(entry).unwrap_or_else(|fault| panic!("{fault}: {entry}"));
        Algorithm::ALL
            .into_iter()
            .filter(|&it| key.serves(it))
            .collect()
    }

    #[test]
    fn a_key_serves_the_algorithms_of_its_type() {
        assert_eq!(accepted(&rsa()), Algorithm::RSA);
        assert_eq!(accepted(&ec()), [Algorithm::Es256]);
        assert_eq!(accepted(&testing::rfc7515_es512_key()), [Algorithm::Es512]);
        assert_eq!(accepted(&testing::rfc8037_key()), [Algorithm::EdDsa]);
    }

    #[test]
    fn a_key_with_an_algorithm_serves_it_alone() {
        for algorithm in Algorithm::RSA {
            assert_eq!(
                accepted(&with(rsa(), "alg", json!(algorithm.name()))),
                [algorithm]
            );
        }
    }

    #[test]
    fn a_key_for_another_algorithm_is_rejected() {
        for alg in ["ES256", "HS256", "RSA-OAEP", "none", ""] {
            assert_eq!(
                fault(&with(rsa(), "alg", json!(alg))),
                KeyFault::Algorithm,
                "{alg}"
            );
        }
        assert_eq!(
            fault(&with(ec(), "alg", json!("ES384"))),
            KeyFault::Algorithm
        );
        assert_eq!(
            fault(&with(testing::rfc8037_key(), "alg", json!("ES256"))),
            KeyFault::Algorithm
        );
        assert_eq!(
            fault(&with(rsa(), "alg", json!(1))),
            KeyFault::Member("alg")
        );
    }

    #[test]
    fn a_symmetric_key_is_rejected() {
        for k in ["", "AA", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"] {
            assert_eq!(
                fault(&json!({"kty": "oct", "kid": "h", "k": k})),
                KeyFault::Symmetric
            );
        }
    }

    #[test]
    fn a_key_of_unknown_type_or_curve_is_rejected() {
        assert_eq!(
            fault(&with(rsa(), "kty", json!("rsa"))),
            KeyFault::UnknownType
        );
        assert_eq!(fault(&without(rsa(), "kty")), KeyFault::Member("kty"));
        assert_eq!(
            fault(&with(ec(), "crv", json!("secp256k1"))),
            KeyFault::UnknownCurve
        );
        assert_eq!(
            fault(&with(testing::rfc8037_key(), "crv", json!("Ed448"))),
            KeyFault::UnknownCurve
        );
        assert_eq!(fault(&without(ec(), "crv")), KeyFault::Member("crv"));
        assert_eq!(fault(&json!("text")), KeyFault::NotAnObject);
    }

    #[test]
    fn a_key_for_encryption_is_rejected() {
        assert_eq!(
            fault(&with(rsa(), "use", json!("enc"))),
            KeyFault::NotForSignatures
        );
        assert_eq!(
            fault(&with(ec(), "use", json!("enc"))),
            KeyFault::NotForSignatures
        );
        assert_eq!(
            accepted(&with(ec(), "use", json!("sig"))),
            [Algorithm::Es256]
        );
    }

    #[test]
    fn a_key_whose_operations_do_not_include_verifying_is_rejected() {
        for operations in [json!(["encrypt"]), json!([]), json!(["sign"]), json!([1])] {
            assert_eq!(
                fault(&with(rsa(), "key_ops", operations)),
                KeyFault::NotForVerifying
            );
        }
        assert_eq!(
            fault(&with(rsa(), "key_ops", json!("verify"))),
            KeyFault::Member("key_ops")
        );
        assert_eq!(
            accepted(&with(ec(), "key_ops", json!(["sign", "verify"]))),
            [Algorithm::Es256]
        );
    }

    #[test]
    fn a_published_private_key_is_rejected() {
        assert_eq!(fault(&with(ec(), "d", json!("AAAA"))), KeyFault::Private);
    }

    #[test]
    fn a_short_or_long_modulus_is_rejected() {
        let modulus = |bytes: usize| testing::encode([vec![0x80], vec![1; bytes - 1]].concat());
        for (bytes, bits) in [(128, 1024), (255, 2040), (1025, 8200)] {
            assert_eq!(
                fault(&with(rsa(), "n", json!(modulus(bytes)))),
                KeyFault::ModulusSize(bits)
            );
        }
        assert_eq!(
            fault(&with(rsa(), "n", json!(""))),
            KeyFault::ModulusSize(0)
        );
        // 2047 bits in 256 bytes: the size counts bits, not bytes.
        let short = testing::encode([vec![0x7f], vec![1; 255]].concat());
        assert_eq!(
            fault(&with(rsa(), "n", json!(short))),
            KeyFault::ModulusSize(2047)
        );
    }

    #[test]
    fn the_longest_modulus_exponent_and_key_id_are_accepted() {
        let modulus = testing::encode([vec![0x80], vec![1; 1023]].concat());
        assert_eq!(accepted(&with(rsa(), "n", json!(modulus))), Algorithm::RSA);
        let exponent = testing::encode([0xff; 4]);
        assert_eq!(accepted(&with(rsa(), "e", json!(exponent))), Algorithm::RSA);
        let key_id = "k".repeat(MAX_KEY_ID_BYTES);
        assert_eq!(accepted(&with(rsa(), "kid", json!(key_id))), Algorithm::RSA);
    }

    #[test]
    fn zeros_before_a_modulus_do_not_make_it_longer() {
        let padded = testing::encode([vec![0; 129], vec![0x80], vec![1; 127]].concat());
        assert_eq!(
            fault(&with(rsa(), "n", json!(padded))),
            KeyFault::ModulusSize(1024)
        );
        let signed = [
            vec![0],
            URL_SAFE_NO_PAD.decode(testing::RFC7638_MODULUS).unwrap(),
        ]
        .concat();
        assert_eq!(
            accepted(&with(rsa(), "n", json!(testing::encode(signed)))),
            Algorithm::RSA
        );
    }

    #[test]
    fn a_bad_exponent_is_rejected() {
        for (exponent, what) in [
            ("AQ", "1"),
            ("AA", "0"),
            ("", "empty"),
            ("Ag", "2"),
            ("AQAA", "65536"),
            ("AQAAAAE", "2^32+1"),
        ] {
            assert_eq!(
                fault(&with(rsa(), "e", json!(exponent))),
                KeyFault::Exponent,
                "{what}"
            );
        }
    }

    #[test]
    fn an_odd_exponent_other_than_65537_is_accepted_and_marked() {
        assert!(
            !Jwk::read(&rsa())
                .unwrap_or_else(|fault| panic!("{fault}"))
                .unusual_exponent
        );
        let key =
            Jwk::read(&with(rsa(), "e", json!("Aw"))).unwrap_or_else(|fault| panic!("{fault}"));
        assert!(key.unusual_exponent);
    }

    #[test]
    fn a_roca_key_is_rejected() {
        assert_eq!(
            fault(&with(rsa(), "n", json!(testing::ROCA_MODULUS))),
            KeyFault::Roca
        );
    }

    #[test]
    fn an_even_modulus_is_rejected() {
        let even = testing::encode([vec![0x80], vec![2; 255]].concat());
        assert_eq!(fault(&with(rsa(), "n", json!(even))), KeyFault::Invalid);
    }

    #[test]
    fn a_point_that_is_not_on_the_curve_is_rejected() {
        let y = with(ec(), "y", json!(testing::encode([7_u8; 32])));
        assert_eq!(fault(&y), KeyFault::Invalid);
        let zero = json!(testing::encode([0_u8; 32]));
        assert_eq!(
            fault(&with(with(ec(), "x", zero.clone()), "y", zero)),
            KeyFault::Invalid
        );
    }

    #[test]
    fn a_coordinate_of_the_wrong_length_is_rejected() {
        assert_eq!(
            fault(&with(ec(), "x", json!(testing::encode([7_u8; 31])))),
            KeyFault::Member("x")
        );
        assert_eq!(
            fault(&with(ec(), "y", json!(testing::encode([7_u8; 33])))),
            KeyFault::Member("y")
        );
        assert_eq!(
            fault(&with(ec(), "crv", json!("P-384"))),
            KeyFault::Member("x")
        );
        assert_eq!(
            fault(&with(testing::rfc8037_key(), "x", json!("AAAA"))),
            KeyFault::Member("x")
        );
    }

    #[test]
    fn members_are_strict_base64url_text() {
        assert_eq!(
            fault(&with(rsa(), "e", json!("AQ=="))),
            KeyFault::Member("e")
        );
        assert_eq!(
            fault(&with(rsa(), "n", json!(65537))),
            KeyFault::Member("n")
        );
        assert_eq!(fault(&without(rsa(), "n")), KeyFault::Member("n"));
        assert_eq!(
            fault(&with(rsa(), "kid", json!(1))),
            KeyFault::Member("kid")
        );
        assert_eq!(
            fault(&with(rsa(), "kid", json!("k".repeat(257)))),
            KeyFault::Member("kid")
        );
        assert_eq!(
            fault(&with(rsa(), "use", json!(null))),
            KeyFault::Member("use")
        );
    }
}

//! Verifying a token against one issuer's keys and what we expect of it.

use std::fmt;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::compact::Compact;
use super::{Algorithm, Audience, JwtError, KeySet, Leeway, claims};

/// What a token must be to count. All of it comes from configuration or from our own request, none from the token.
#[derive(Debug, Clone)]
pub struct Expectations<'a> {
    /// The configured issuer, compared exactly: no trailing slash, case or scheme is forgiven.
    pub issuer: &'a str,
    /// Whom the token must be for.
    pub audience: Audience<'a>,
    /// The algorithms that are acceptable from this issuer.
    pub algorithms: &'a [Algorithm],
    /// The time of the check, in Unix seconds.
    pub now: i64,
    /// By how much clocks may differ.
    pub leeway: Leeway,
    /// The most seconds that may have passed since `iat`.
    pub max_age: Option<i64>,
    /// The nonce of our authentication request, which the token must then repeat.
    pub nonce: Option<&'a str>,
    /// The subject the token must be about, where that is known already: a refreshed ID token (Core §12.2).
    pub subject: Option<&'a str>,
}

impl<'a> Expectations<'a> {
    /// The usual: any subject, no nonce, no greatest age, a minute of leeway.
    pub fn new(
        issuer: &'a str,
        audience: Audience<'a>,
        algorithms: &'a [Algorithm],
        now: i64,
    ) -> Self {
        Self {
            issuer,
            audience,
            algorithms,
            now,
            leeway: Leeway::MINUTE,
            max_age: None,
            nonce: None,
            subject: None,
        }
    }
}

/// A token whose form, claims and signature all held. Made by [`verify`] alone.
#[derive(Clone)]
pub struct VerifiedIdToken {
    issuer: String,
    subject: String,
    audience: String,
    audiences: Vec<String>,
    issued_at: i64,
    expires_at: i64,
    algorithm: Algorithm,
    key_id: Option<String>,
    claims: Map<String, Value>,
    digest: [u8; 32],
}

/// Verifies a token and hands back what its signature covers.
///
/// The checks stand in the order in which the STS reports them; nothing is returned before all of them held. After
/// [`JwtError::UnknownKey`] the caller may fetch the keys again, once.
pub fn verify(
    token: &str,
    keys: &KeySet,
    expected: &Expectations<'_>,
) -> Result<VerifiedIdToken, JwtError> {
    let Compact {
        header,
        claims,
        signing_input,
        signature,
    } = Compact::parse(token)?;

    claims::check_presence(&claims)?;
    if claims::text(&claims, "iss")? != expected.issuer {
        return Err(JwtError::WrongIssuer);
    }
    let subject = claims::subject(&claims, expected.audience)?;
    let matched = expected.audience.check(&claims)?;
    let times = claims::check_times(
        &claims,
        expected.audience,
        expected.now,
        expected.leeway,
        expected.max_age,
    )?;
    if expected.subject.is_some_and(|it| it != subject) {
        return Err(JwtError::WrongSubject);
    }
    if let Some(nonce) = expected.nonce {
        let presented = claims::text(&claims, "nonce")?;
        if !bool::from(Sha256::digest(presented).ct_eq(&Sha256::digest(nonce))) {
            return Err(JwtError::WrongNonce);
        }
    }

    if !expected.algorithms.contains(&header.algorithm) {
        return Err(JwtError::AlgorithmNotAllowed(header.algorithm));
    }
    let key = keys.choose(&header)?;
    if !key.verifies(header.algorithm, signing_input, &signature) {
        return Err(JwtError::BadSignature);
    }

    Ok(VerifiedIdToken {
        issuer: expected.issuer.to_owned(),
        subject,
        audience: matched.audience,
        audiences: matched.audiences,
        issued_at: times.issued_at,
        expires_at: times.expires_at,
        algorithm: header.algorithm,
        key_id: header.key_id,
        claims,
        digest: Sha256::digest(token).into(),
    })
}

impl VerifiedIdToken {
    /// `iss`: exactly the issuer that was expected.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `sub`, exactly as it came.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The audience that was matched; with [`Audience::Sts`] this is `azp` where the token has one.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// All values of `aud`.
    pub fn audiences(&self) -> &[String] {
        &self.audiences
    }

    /// `exp` in Unix seconds, without leeway.
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }

    /// `iat` in Unix seconds.
    pub fn issued_at(&self) -> i64 {
        self.issued_at
    }

    /// `jti`, where it is a non-empty string.
    pub fn token_id(&self) -> Option<&str> {
        self.claims
            .get("jti")
            .and_then(Value::as_str)
            .filter(|it| !it.is_empty())
    }

    /// The algorithm the signature was verified with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The `kid` of the key that verified it.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Every claim, as it was signed.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// SHA-256 of the compact token, by which the audit trail names it.
    pub fn sha256(&self) -> [u8; 32] {
        self.digest
    }
}

/// Names who it is about and no more, so that a log line can not grow claims.
impl fmt::Debug for VerifiedIdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedIdToken")
            .field("issuer", &self.issuer)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jwt::compact::Header;
    use crate::jwt::testing::{self, NOW, Signer, encode};

    const ISSUER: &str = "https://issuer.example";

    fn claims() -> Value {
        json!({
            "iss": ISSUER, "sub": "ann", "aud": "us", "iat": NOW - 10, "exp": NOW + 600,
            "jti": "t-1", "nonce": "n-1", "groups": ["engineering"],
        })
    }

    fn expectations() -> Expectations<'static> {
        Expectations::new(ISSUER, Audience::RelyingParty("us"), &Algorithm::ALL, NOW)
    }

    fn check(token: &str, keys: &KeySet) -> Result<VerifiedIdToken, JwtError> {
        verify(token, keys, &expectations())
    }

    /// The refusal of a rightly signed token in which one claim is spoilt (or, with `None`, left out).
    fn spoilt(claim: &str, value: Option<Value>) -> JwtError {
        let mut claims = claims();
        match value {
            Some(value) => claims[claim] = value,
            None => drop(claims.as_object_mut().unwrap().remove(claim)),
        }
        let signer = Signer::es256();
        check(&signer.sign(&claims), &signer.key_set()).unwrap_err()
    }

    #[test]
    fn a_good_token_is_verified_whatever_its_algorithm() {
        for signer in Signer::all() {
            let token = signer.sign(&claims());
            let verified = check(&token, &signer.key_set())
                .unwrap_or_else(|it| panic!("{}: {it}", signer.algorithm()));
            assert_eq!(verified.algorithm(), signer.algorithm());
            assert_eq!(
                verified.claims().get("groups"),
                Some(&json!(["engineering"]))
            );
        }
    }

    #[test]
    fn a_verified_token_tells_what_was_signed() {
        let signer = Signer::es256();
        let token = signer.sign(&claims());
        let verified = check(&token, &signer.key_set()).unwrap();
        assert_eq!(verified.issuer(), ISSUER);
        assert_eq!(verified.subject(), "ann");
        assert_eq!(verified.audience(), "us");
        assert_eq!(verified.audiences(), ["us"]);
        assert_eq!(verified.issued_at(), NOW - 10);
        assert_eq!(verified.expires_at(), NOW + 600);
        assert_eq!(verified.token_id(), Some("t-1"));
        assert_eq!(verified.key_id(), Some(signer.key_id()));
        assert_eq!(verified.sha256(), <[u8; 32]>::from(Sha256::digest(&token)));
    }

    #[test]
    fn debug_shows_neither_token_nor_claims() {
        let signer = Signer::es256();
        let verified = check(&signer.sign(&claims()), &signer.key_set()).unwrap();
        assert_eq!(
            format!("{verified:?}"),
            r#"VerifiedIdToken { issuer: "https://issuer.example", subject: "ann", .. }"#
        );
    }

    #[test]
    fn every_required_claim_is_required() {
        for claim in ["iss", "sub", "aud", "iat", "exp"] {
            assert_eq!(spoilt(claim, None), JwtError::MissingClaim(claim));
        }
    }

    #[test]
    fn the_issuer_is_compared_exactly() {
        for issuer in [
            "https://issuer.example/",
            "http://issuer.example",
            "https://ISSUER.example",
            "issuer.example",
            "",
        ] {
            assert_eq!(
                spoilt("iss", Some(json!(issuer))),
                JwtError::WrongIssuer,
                "{issuer}"
            );
        }
        assert_eq!(
            spoilt("iss", Some(json!([ISSUER]))),
            JwtError::MalformedClaim("iss")
        );
    }

    #[test]
    fn claims_are_refused_with_their_reason() {
        for (claim, value, reason) in [
            ("iss", json!("x"), "jwt.iss"),
            ("sub", json!(""), "jwt.sub"),
            ("sub", json!(1), "jwt.sub"),
            ("aud", json!("x"), "jwt.aud"),
            ("aud", json!(["us", "x"]), "jwt.azp"),
            ("azp", json!("x"), "jwt.azp"),
            ("exp", json!(NOW - 60), "jwt.exp"),
            ("exp", json!("x"), "jwt.exp"),
            ("nbf", json!(NOW + 61), "jwt.nbf"),
            ("iat", json!(NOW + 61), "jwt.iat"),
        ] {
            assert_eq!(spoilt(claim, Some(value)).reason(), reason, "{claim}");
        }
    }

    #[test]
    fn a_nonce_is_required_where_one_was_sent() {
        let signer = Signer::es256();
        let refusal = |claims: &Value, nonce| {
            let expected = Expectations {
                nonce: Some(nonce),
                ..expectations()
            };
            verify(&signer.sign(claims), &signer.key_set(), &expected).map(|_| ())
        };
        assert_eq!(refusal(&claims(), "n-1"), Ok(()));
        assert_eq!(refusal(&claims(), "n-2"), Err(JwtError::WrongNonce));
        let mut without = claims();
        without.as_object_mut().unwrap().remove("nonce");
        assert_eq!(
            refusal(&without, "n-1"),
            Err(JwtError::MissingClaim("nonce"))
        );
        assert_eq!(refusal(&without, "n-1").unwrap_err().reason(), "jwt.nonce");
    }

    #[test]
    fn another_subject_than_the_expected_is_refused() {
        let signer = Signer::es256();
        let token = signer.sign(&claims());
        for (subject, refused) in [("ann", false), ("bob", true), ("Ann", true)] {
            let expected = Expectations {
                subject: Some(subject),
                ..expectations()
            };
            let error = verify(&token, &signer.key_set(), &expected).err();
            assert_eq!(
                error,
                refused.then_some(JwtError::WrongSubject),
                "{subject}"
            );
        }
    }

    #[test]
    fn a_greatest_age_is_kept() {
        let signer = Signer::es256();
        let expected = Expectations {
            now: NOW + 500,
            max_age: Some(300),
            ..expectations()
        };
        let refused = verify(&signer.sign(&claims()), &signer.key_set(), &expected).unwrap_err();
        assert_eq!(
            refused,
            JwtError::TooOld {
                age: 510,
                max_age: 300
            }
        );
        assert_eq!(refused.reason(), "jwt.age");
    }

    #[test]
    fn an_algorithm_that_is_not_expected_is_refused_though_the_signature_holds() {
        let signer = Signer::es256();
        let expected = Expectations {
            algorithms: &[Algorithm::Rs256],
            ..expectations()
        };
        let refused = verify(&signer.sign(&claims()), &signer.key_set(), &expected).unwrap_err();
        assert_eq!(refused, JwtError::AlgorithmNotAllowed(Algorithm::Es256));
        assert_eq!(refused.reason(), "jwt.alg");
    }

    #[test]
    fn no_expected_algorithm_refuses_all() {
        let signer = Signer::es256();
        let expected = Expectations {
            algorithms: &[],
            ..expectations()
        };
        assert!(verify(&signer.sign(&claims()), &signer.key_set(), &expected).is_err());
    }

    #[test]
    fn a_token_of_another_key_is_refused() {
        let (ours, other) = (Signer::es256(), Signer::es256());
        let token = other.sign_as(ours.key_id(), &claims());
        assert_eq!(
            check(&token, &ours.key_set()).unwrap_err(),
            JwtError::BadSignature
        );
    }

    #[test]
    fn an_unknown_key_is_told_apart_from_a_bad_signature() {
        let (ours, other) = (Signer::es256(), Signer::es256());
        let refused = check(&other.sign(&claims()), &ours.key_set()).unwrap_err();
        assert_eq!(
            refused,
            JwtError::UnknownKey {
                kid: Some(other.key_id().to_owned())
            }
        );
    }

    #[test]
    fn the_algorithm_of_the_header_must_be_that_of_the_key() {
        for signer in Signer::all() {
            for algorithm in Algorithm::ALL
                .into_iter()
                .filter(|&it| it != signer.algorithm())
            {
                let token = signer.sign_with_header(
                    &json!({"alg": algorithm.name(), "kid": signer.key_id()}),
                    &claims(),
                );
                let refused = check(&token, &signer.key_set()).unwrap_err();
                assert_eq!(
                    refused,
                    JwtError::KeyDoesNotFit {
                        kid: signer.key_id().to_owned()
                    }
                );
            }
        }
    }

    #[test]
    fn one_rsa_key_does_not_verify_one_algorithm_as_another() {
        let signer = Signer::all().swap_remove(0);
        let keys = signer.key_set_without_algorithm();
        assert!(check(&signer.sign(&claims()), &keys).is_ok());
        for algorithm in Algorithm::RSA
            .into_iter()
            .filter(|&it| it != signer.algorithm())
        {
            let header = json!({"alg": algorithm.name(), "kid": signer.key_id()});
            let refused = check(&signer.sign_with_header(&header, &claims()), &keys).unwrap_err();
            assert_eq!(refused, JwtError::BadSignature, "{algorithm}");
        }
    }

    #[test]
    fn a_public_key_is_no_hmac_secret() {
        use hmac::{Hmac, Mac};
        let signer = Signer::all().swap_remove(0);
        let input = format!(
            "{}.{}",
            encode(r#"{"alg":"HS256"}"#),
            encode(claims().to_string())
        );
        for secret in [
            testing::RFC7638_MODULUS.as_bytes(),
            signer.public_key_bytes(),
            b"",
        ] {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
            mac.update(input.as_bytes());
            let token = format!("{input}.{}", encode(mac.finalize().into_bytes()));
            assert_eq!(
                check(&token, &signer.key_set()).unwrap_err(),
                JwtError::UnsupportedAlgorithm
            );
        }
    }

    #[test]
    fn a_key_set_that_mixes_hmac_and_rsa_keys_uses_the_public_ones_alone() {
        let signer = Signer::all().swap_remove(0);
        let hmac = json!({"kty": "oct", "kid": "h", "alg": "HS256", "k": encode([7_u8; 32])});
        let keys = testing::key_set([hmac, signer.jwk()]);
        assert!(check(&signer.sign(&claims()), &keys).is_ok());
        let token = signer.sign_as("h", &claims());
        assert_eq!(
            check(&token, &keys).unwrap_err(),
            JwtError::RejectedKey { kid: "h".into() }
        );
    }

    #[test]
    fn a_key_for_encryption_verifies_nothing() {
        for (member, value) in [("use", json!("enc")), ("key_ops", json!(["encrypt"]))] {
            let signer = Signer::es256();
            let mut key = signer.jwk();
            key[member] = value;
            let refused = check(&signer.sign(&claims()), &testing::key_set([key])).unwrap_err();
            assert_eq!(
                refused,
                JwtError::RejectedKey {
                    kid: signer.key_id().to_owned()
                }
            );
            assert_eq!(refused.reason(), "jwt.key");
        }
    }

    #[test]
    fn a_token_without_key_id_needs_a_key_set_without_doubt() {
        let (ours, other) = (Signer::es256(), Signer::es256());
        let token = ours.sign_with_header(&json!({"alg": "ES256"}), &claims());
        assert!(check(&token, &ours.key_set()).is_ok());
        let keys = testing::key_set([ours.jwk(), other.jwk()]);
        assert_eq!(check(&token, &keys).unwrap_err(), JwtError::AmbiguousKey);
    }

    #[test]
    fn unsigned_tokens_are_refused() {
        let keys = Signer::es256().key_set();
        let claims = encode(claims().to_string());
        for alg in ["none", "None", "nONE"] {
            let header = encode(format!(r#"{{"alg":"{alg}"}}"#));
            assert_eq!(
                check(&format!("{header}.{claims}."), &keys).unwrap_err(),
                JwtError::NotCompact
            );
            assert_eq!(
                check(&format!("{header}.{claims}.AAAA"), &keys).unwrap_err(),
                JwtError::UnsupportedAlgorithm
            );
        }
    }

    #[test]
    fn a_void_ecdsa_signature_is_refused() {
        let signer = Signer::es256();
        let token = signer.sign(&claims());
        let (input, _) = token.rsplit_once('.').unwrap();
        for signature in [
            vec![0; 64],
            vec![0xff; 64],
            vec![1; 63],
            vec![1; 65],
            vec![0; 72],
        ] {
            let token = format!("{input}.{}", encode(signature));
            assert_eq!(
                check(&token, &signer.key_set()).unwrap_err(),
                JwtError::BadSignature
            );
        }
    }

    #[test]
    fn any_changed_character_is_refused() {
        for signer in Signer::all() {
            let (token, keys) = (signer.sign(&claims()), signer.key_set());
            for place in (0..token.len()).step_by(7) {
                let mut bytes = token.clone().into_bytes();
                bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
                let changed = String::from_utf8(bytes).unwrap();
                assert!(
                    check(&changed, &keys).is_err(),
                    "{} at {place}",
                    signer.algorithm()
                );
            }
        }
    }

    #[test]
    fn any_flipped_bit_of_the_signature_is_refused() {
        for signer in Signer::all() {
            let token = signer.sign(&claims());
            let keys = signer.key_set();
            let (input, signature) = token.rsplit_once('.').unwrap();
            let signature = testing::decode(signature);
            for bit in (0..signature.len() * 8).step_by(13) {
                let mut flipped = signature.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let token = format!("{input}.{}", encode(flipped));
                assert_eq!(check(&token, &keys).unwrap_err(), JwtError::BadSignature);
            }
        }
    }

    #[test]
    fn a_payload_under_the_signature_of_another_is_refused() {
        let signer = Signer::es256();
        let (one, two) = (signer.sign(&claims()), signer.sign(&json!({"sub": "root"})));
        let (_, signature) = two.rsplit_once('.').unwrap();
        let (input, _) = one.rsplit_once('.').unwrap();
        assert_eq!(
            check(&format!("{input}.{signature}"), &signer.key_set()).unwrap_err(),
            JwtError::BadSignature
        );
    }

    #[test]
    fn the_sentences_hold_no_claim_values() {
        for (claim, value) in [
            ("iss", json!("marker")),
            ("sub", json!("marker\n")),
            ("aud", json!("marker")),
        ] {
            assert!(!spoilt(claim, Some(value)).to_string().contains("marker"));
        }
        let other = Signer::es256();
        let refused = check(
            &other.sign_as("marker", &claims()),
            &Signer::es256().key_set(),
        )
        .unwrap_err();
        assert!(!refused.to_string().contains("marker"));
    }

    #[test]
    fn the_signatures_of_the_specifications_hold() {
        for (key, token) in testing::specification_vectors() {
            let (input, signature) = token.rsplit_once('.').unwrap();
            let (header, _) = input.split_once('.').unwrap();
            let algorithm = testing::decode_json(header)["alg"]
                .as_str()
                .and_then(Algorithm::from_name)
                .unwrap();
            let keys = testing::key_set([key]);
            let key = keys
                .choose(&Header {
                    algorithm,
                    key_id: None,
                })
                .unwrap_or_else(|it| panic!("{it}"));
            let signature = testing::decode(signature);
            assert!(
                key.verifies(algorithm, input.as_bytes(), &signature),
                "{algorithm}"
            );
            assert!(
                !key.verifies(algorithm, &input.as_bytes()[1..], &signature),
                "{algorithm}"
            );
        }
    }

    #[test]
    fn a_token_of_the_specification_without_subject_is_refused_for_that() {
        let [_, (key, token), ..] = testing::specification_vectors();
        assert_eq!(
            check(token, &testing::key_set([key])).unwrap_err(),
            JwtError::MissingClaim("sub")
        );
    }
}

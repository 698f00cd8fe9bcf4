//! The compact serialization of RFC 7515 §7.1, taken apart strictly.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::{Algorithm, JwtError, MAX_TOKEN_BYTES, json};

/// The longest `kid` that is looked up, in bytes.
pub(super) const MAX_KEY_ID_BYTES: usize = 256;

/// Members by which a token would bring its own key, or change what its signature covers.
const REFUSED_MEMBERS: [&str; 6] = ["crit", "jwk", "jku", "x5u", "x5c", "zip"];

/// A token whose form is right and of which nothing has been verified.
pub(super) struct Compact<'t> {
    pub(super) header: Header,
    pub(super) claims: Map<String, Value>,
    /// What the signature is over: the first two segments as they came, with their dot.
    pub(super) signing_input: &'t [u8],
    pub(super) signature: Vec<u8>,
}

/// The header members that matter.
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    /// Used as a map key and for nothing else. An empty `kid` is none, as on AWS.
    pub(super) key_id: Option<String>,
}

impl<'t> Compact<'t> {
    pub(super) fn parse(token: &'t str) -> Result<Self, JwtError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(JwtError::TooLarge);
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(JwtError::NotCompact)?;
        let (header, claims) = signing_input.split_once('.').ok_or(JwtError::NotCompact)?;
        if header.is_empty() || claims.is_empty() || signature.is_empty() || claims.contains('.') {
            return Err(JwtError::NotCompact);
        }
        let (header, claims, signature) = (decode(header)?, decode(claims)?, decode(signature)?);
        let (header, claims) = (json::object(&header)?, json::object(&claims)?);
        Ok(Self {
            header: Header::read(&header)?,
            claims,
            signing_input: signing_input.as_bytes(),
            signature,
        })
    }
}

/// `URL_SAFE_NO_PAD` refuses padding, white space, the other alphabet, and bits left over at the end.
fn decode(segment: &str) -> Result<Vec<u8>, JwtError> {
    URL_SAFE_NO_PAD
        .decode(segment)
        .map_err(|_| JwtError::NotBase64)
}

impl Header {
    fn read(header: &Map<String, Value>) -> Result<Self, JwtError> {
        for name in REFUSED_MEMBERS {
            if header.contains_key(name) {
                return Err(JwtError::Header(name));
            }
        }
        // RFC 7797: anything but `true` changes what is signed.
        if header.get("b64").is_some_and(|it| it != &Value::Bool(true)) {
            return Err(JwtError::Header("b64"));
        }
        match header.get("typ") {
            None => {}
            Some(Value::String(typ)) if typ.eq_ignore_ascii_case("JWT") => {}
            Some(_) => return Err(JwtError::WrongType),
        }
        let key_id = match header.get("kid") {
            None => None,
            Some(Value::String(kid)) if kid.len() > MAX_KEY_ID_BYTES => {
                return Err(JwtError::Header("kid"));
            }
            Some(Value::String(kid)) => Some(kid.clone()).filter(|kid| !kid.is_empty()),
            Some(_) => return Err(JwtError::Header("kid")),
        };
        let algorithm = match header.get("alg") {
            Some(Value::String(name)) => {
                Algorithm::from_name(name).ok_or(JwtError::UnsupportedAlgorithm)?
            }
            _ => return Err(JwtError::Header("alg")),
        };
        Ok(Self { algorithm, key_id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::testing::encode;

    const CLAIMS: &str = r#"{"iss":"joe"}"#;

    fn refusal(header: &str) -> JwtError {
        parse(&format!("{}.{}.AAAA", encode(header), encode(CLAIMS))).unwrap_err()
    }

    fn parse(token: &str) -> Result<(), JwtError> {
        Compact::parse(token).map(|_| ())
    }

    fn with_claims(claims: &str) -> Result<(), JwtError> {
        parse(&format!(
            "{}.{}.AAAA",
            encode(r#"{"alg":"RS256"}"#),
            encode(claims)
        ))
    }

    #[test]
    fn a_plain_token_is_taken_apart() {
        let header = encode(r#"{"alg":"ES256","kid":"one","typ":"jwt"}"#);
        let token = format!("{header}.{}.AAAA", encode(CLAIMS));
        let parsed = Compact::parse(&token).unwrap();
        assert_eq!(parsed.header.algorithm, Algorithm::Es256);
        assert_eq!(parsed.header.key_id.as_deref(), Some("one"));
        assert_eq!(
            parsed.signing_input,
            format!("{header}.{}", encode(CLAIMS)).as_bytes()
        );
        assert_eq!(parsed.signature, [0, 0, 0]);
    }

    #[test]
    fn an_empty_key_id_is_none() {
        let token = format!(
            "{}.{}.AAAA",
            encode(r#"{"alg":"ES256","kid":""}"#),
            encode(CLAIMS)
        );
        assert_eq!(Compact::parse(&token).unwrap().header.key_id, None);
    }

    #[test]
    fn a_token_beyond_the_limit_is_refused_unread() {
        assert_eq!(
            parse(&"a".repeat(MAX_TOKEN_BYTES + 1)),
            Err(JwtError::TooLarge)
        );
        assert_eq!(
            parse(&"a".repeat(MAX_TOKEN_BYTES)),
            Err(JwtError::NotCompact)
        );
    }

    #[test]
    fn three_segments_and_none_empty() {
        let (header, claims) = (encode(r#"{"alg":"RS256"}"#), encode(CLAIMS));
        for token in [
            String::new(),
            ".".into(),
            "..".into(),
            header.clone(),
            format!("{header}.{claims}"),
            format!("{header}.{claims}."),
            format!(".{claims}.AAAA"),
            format!("{header}..AAAA"),
            format!("{header}.{claims}.AAAA."),
            format!("{header}.{claims}.AAAA.AAAA"),
            format!("{header}.AAAA.{claims}.AAAA.AAAA"),
        ] {
            assert_eq!(parse(&token), Err(JwtError::NotCompact), "{token}");
        }
    }

    #[test]
    fn base64url_is_strict() {
        let (header, claims) = (encode(r#"{"alg":"RS256"}"#), encode(CLAIMS));
        for token in [
            format!("{header}.{claims}.AA=="),
            format!("{header}.{claims}.AA+/"),
            format!("{header}.{claims}.AA AA"),
            format!("{header}.{claims}.AAAA\n"),
            format!(" {header}.{claims}.AAAA"),
            format!("{header}\n.{claims}.AAAA"),
            format!("{header}.{claims}.A"),
            format!("{header}.{claims}.AA\u{e9}A"),
        ] {
            assert_eq!(parse(&token), Err(JwtError::NotBase64), "{token:?}");
        }
    }

    #[test]
    fn bits_left_over_in_the_last_character_are_refused() {
        let (header, claims) = (encode(r#"{"alg":"RS256"}"#), encode(CLAIMS));
        assert_eq!(parse(&format!("{header}.{claims}.AA")), Ok(()));
        assert_eq!(
            parse(&format!("{header}.{claims}.AB")),
            Err(JwtError::NotBase64)
        );
    }

    #[test]
    fn header_and_payload_are_json_objects() {
        assert_eq!(refusal("[]"), JwtError::NotJson);
        assert_eq!(refusal("{"), JwtError::NotJson);
        assert_eq!(with_claims("\"text\""), Err(JwtError::NotJson));
        assert_eq!(with_claims("{} "), Ok(()));
        assert_eq!(with_claims("{}x"), Err(JwtError::NotJson));
    }

    #[test]
    fn a_repeated_member_is_refused_in_header_and_payload() {
        assert_eq!(
            refusal(r#"{"alg":"RS256","alg":"none"}"#),
            JwtError::DuplicateMember
        );
        assert_eq!(
            with_claims(r#"{"sub":"a","sub":"b"}"#),
            Err(JwtError::DuplicateMember)
        );
    }

    #[test]
    fn a_deeply_nested_payload_is_refused() {
        let claims = format!("{{\"a\":{}{}}}", "[".repeat(32), "]".repeat(32));
        assert_eq!(with_claims(&claims), Err(JwtError::TooDeep));
    }

    #[test]
    fn members_that_bring_keys_or_change_the_meaning_are_refused() {
        for name in ["crit", "jwk", "jku", "x5u", "x5c", "zip"] {
            assert_eq!(
                refusal(&format!(r#"{{"alg":"RS256","{name}":[]}}"#)),
                JwtError::Header(name)
            );
            assert_eq!(
                refusal(&format!(r#"{{"alg":"RS256","{name}":null}}"#)),
                JwtError::Header(name)
            );
        }
        assert_eq!(
            refusal(r#"{"alg":"RS256","b64":false}"#),
            JwtError::Header("b64")
        );
        assert_eq!(
            refusal(r#"{"alg":"RS256","b64":"true"}"#),
            JwtError::Header("b64")
        );
    }

    #[test]
    fn a_key_id_is_short_text() {
        assert_eq!(
            refusal(r#"{"alg":"RS256","kid":7}"#),
            JwtError::Header("kid")
        );
        assert_eq!(
            refusal(r#"{"alg":"RS256","kid":null}"#),
            JwtError::Header("kid")
        );
        let kid = |length: usize| format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(length));
        assert_eq!(refusal(&kid(257)), JwtError::Header("kid"));
        assert_eq!(
            parse(&format!("{}.{}.AAAA", encode(kid(256)), encode(CLAIMS))),
            Ok(())
        );
    }

    #[test]
    fn other_kinds_of_tokens_are_refused() {
        for typ in [
            r#""at+jwt""#,
            r#""logout+jwt""#,
            r#""dpop+jwt""#,
            r#""""#,
            "null",
            "1",
        ] {
            assert_eq!(
                refusal(&format!(r#"{{"alg":"RS256","typ":{typ}}}"#)),
                JwtError::WrongType,
                "{typ}"
            );
        }
    }

    #[test]
    fn none_and_hmac_are_refused_in_any_case() {
        for alg in [
            "none", "None", "NONE", "HS256", "HS384", "HS512", "rs256", "ES256K", "RSA-OAEP", "",
        ] {
            let refused = refusal(&format!(r#"{{"alg":"{alg}"}}"#));
            assert_eq!(refused, JwtError::UnsupportedAlgorithm, "{alg}");
        }
    }

    #[test]
    fn an_algorithm_must_be_named() {
        assert_eq!(refusal("{}"), JwtError::Header("alg"));
        assert_eq!(refusal(r#"{"alg":256}"#), JwtError::Header("alg"));
        assert_eq!(refusal(r#"{"alg":null}"#), JwtError::Header("alg"));
    }
}

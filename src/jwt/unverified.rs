//! A token before anything about it is known to be true.
//!
//! **Used for one thing only: to find which configured issuer and key to verify with.** The issuer is compared with
//! what is configured and never fetched because a token names it.

use serde_json::Value;

use super::compact::Compact;
use super::{Algorithm, JwtError};

/// What an unverified token says about who could verify it. **Nothing here is true yet.**
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unverified {
    /// The claim `iss`, to be looked up among the configured issuers.
    pub issuer: String,
    /// The header's `kid`, to be looked up in that issuer's key set.
    pub key_id: Option<String>,
    /// The header's `alg`.
    pub algorithm: Algorithm,
}

/// Reads the issuer and the key id of a token that has yet to be verified.
///
/// The form is checked as strictly as [`verify`](super::verify()) checks it.
pub fn read(token: &str) -> Result<Unverified, JwtError> {
    let Compact {
        header, mut claims, ..
    } = Compact::parse(token)?;
    match claims.remove("iss") {
        Some(Value::String(issuer)) => Ok(Unverified {
            issuer,
            key_id: header.key_id,
            algorithm: header.algorithm,
        }),
        Some(_) => Err(JwtError::MalformedClaim("iss")),
        None => Err(JwtError::MissingClaim("iss")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::testing::encode;

    fn token(claims: &str) -> String {
        format!(
            "{}.{}.AAAA",
            encode(r#"{"alg":"RS256","kid":"k1"}"#),
            encode(claims)
        )
    }

    #[test]
    fn issuer_and_key_are_read() {
        let unverified = read(&token(r#"{"iss":"https://issuer.example"}"#)).unwrap();
        assert_eq!(unverified.issuer, "https://issuer.example");
        assert_eq!(unverified.key_id.as_deref(), Some("k1"));
        assert_eq!(unverified.algorithm, Algorithm::Rs256);
    }

    #[test]
    fn a_token_without_issuer_is_refused() {
        assert_eq!(read(&token("{}")), Err(JwtError::MissingClaim("iss")));
        assert_eq!(
            read(&token(r#"{"iss":null}"#)),
            Err(JwtError::MalformedClaim("iss"))
        );
        assert_eq!(
            read(&token(r#"{"iss":["a"]}"#)),
            Err(JwtError::MalformedClaim("iss"))
        );
    }

    #[test]
    fn the_form_is_checked_strictly() {
        assert_eq!(read("opaque"), Err(JwtError::NotCompact));
        assert_eq!(
            read(&format!("{}\n", token(r#"{"iss":"a"}"#))),
            Err(JwtError::NotBase64)
        );
    }
}

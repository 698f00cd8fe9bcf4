//! Which signature algorithms an issuer's tokens may have (JWT-1). They come from here, never from
//! a token.

use super::problems::{Fault, nearest};

/// What an issuer's published keys may sign with, and the default.
pub const ASYMMETRIC: [&str; 10] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
];

/// The default of `algorithms`, as TOML.
pub(super) const DEFAULT: &str =
    r#"["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]"#;

/// One entry of `algorithms` where keys are published.
pub(super) fn asymmetric(text: &str) -> Result<String, Fault> {
    if ASYMMETRIC.contains(&text) {
        return Ok(text.to_owned());
    }
    // Whoever can read a published key could sign with it.
    if text.starts_with("HS") {
        return Err("a shared secret cannot verify what published keys sign".into());
    }
    if text.eq_ignore_ascii_case("none") {
        return Err("tokens without a signature are never accepted".into());
    }
    let mut fault = Fault::from("unsupported algorithm");
    fault.hint = nearest(text, ASYMMETRIC)
        .or_else(|| Some(format!("supported are {}", ASYMMETRIC.join(", "))));
    Err(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_default_is_the_whole_list() {
        let list: Vec<_> = ASYMMETRIC
            .iter()
            .map(|name| format!("\"{name}\""))
            .collect();
        assert_eq!(DEFAULT, format!("[{}]", list.join(", ")));
    }

    #[test]
    fn no_spelling_of_none_is_an_algorithm() {
        for text in ["none", "None", "NONE"] {
            assert_eq!(
                asymmetric(text).unwrap_err().message,
                "tokens without a signature are never accepted"
            );
        }
    }

    #[test]
    fn longer_shared_secret_algorithms_are_refused() {
        for text in ["HS384", "HS512"] {
            assert!(
                asymmetric(text)
                    .unwrap_err()
                    .message
                    .starts_with("a shared secret")
            );
        }
    }

    #[test]
    fn algorithms_that_we_do_not_verify_are_unsupported() {
        for text in ["ES256K", "ES521", "rs256", "RSA"] {
            assert_eq!(
                asymmetric(text).unwrap_err().message,
                "unsupported algorithm"
            );
        }
    }
}

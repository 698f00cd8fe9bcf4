//! The form value that carries a message: base64, strictly.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::SamlError;

/// The longest message that is looked at, in bytes once base64 is undone (security.md GEN-5).
pub const MAX_BYTES: usize = 512 * 1024;
/// The longest form value: that in base64, with line breaks.
pub const MAX_FORM_BYTES: usize = 720 * 1024;

/// Undoes the base64 of a form value. Line breaks are allowed, as providers put them in; everything else that is not
/// the standard alphabet with its padding is refused.
///
/// # Errors
/// [`SamlError::FormTooLarge`], [`SamlError::FormBase64`].
pub fn decode(value: &str) -> Result<Vec<u8>, SamlError> {
    if value.len() > MAX_FORM_BYTES {
        return Err(SamlError::FormTooLarge);
    }
    let joined: Vec<u8> = value
        .bytes()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .collect();
    let decoded = STANDARD.decode(joined).map_err(|_| SamlError::FormBase64)?;
    match decoded.len() {
        0 => Err(SamlError::FormBase64),
        length if length > MAX_BYTES => Err(SamlError::FormTooLarge),
        _ => Ok(decoded),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_are_all_that_is_forgiven() {
        assert_eq!(decode("PGE+\r\nPC9hPg==\n").unwrap(), b"<a></a>");
        for bad in [
            "",
            "\n",
            "PGE",
            "PGE-",
            "PGE+ PC9hPg==",
            "PGE+=",
            "PGF\t+",
            "é",
        ] {
            assert_eq!(decode(bad), Err(SamlError::FormBase64), "{bad:?}");
        }
        // Bits after the last byte must be zero: two spellings are one too many.
        assert_eq!(decode("PGF+PC9hPh=="), Err(SamlError::FormBase64));
    }

    #[test]
    fn a_form_value_has_a_longest_length() {
        let whole = STANDARD.encode(vec![b'a'; MAX_BYTES]);
        assert!(decode(&whole).is_ok());
        let longer = STANDARD.encode(vec![b'a'; MAX_BYTES + 1]);
        assert_eq!(decode(&longer), Err(SamlError::FormTooLarge));
        let broken = format!("{whole}{}", "\n".repeat(MAX_FORM_BYTES));
        assert_eq!(decode(&broken), Err(SamlError::FormTooLarge));
    }
}

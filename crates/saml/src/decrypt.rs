//! Encrypted assertions (SAML-18).

use crate::SamlError;
use crate::document::Element;

/// A private key of ours that assertions may be encrypted for.
pub struct DecryptionKey {}

impl std::fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DecryptionKey(***)")
    }
}

/// Opens an `EncryptedAssertion`: the bytes of the assertion.
pub(crate) fn open(
    _encrypted: Element<'_>,
    _keys: &[DecryptionKey],
    _allow_cbc: bool,
) -> Result<Vec<u8>, SamlError> {
    Err(SamlError::Decrypt)
}

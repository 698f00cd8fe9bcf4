//! What assertions are encrypted with: AES in Galois/Counter Mode, or chained (XML Encryption 1.1 section 5.2).

use aws_lc_rs::aead::{
    self, AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey,
};
use aws_lc_rs::cipher::{
    self, AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::{FixedLength, IV_LEN_128_BIT};

/// `Type` of `EncryptedData` that becomes an element.
pub(super) const TYPE: &str = "http://www.w3.org/2001/04/xmlenc#Element";

/// An algorithm with its length of key.
pub(super) enum Content {
    /// The nonce, the ciphertext, the tag.
    Gcm(&'static aead::Algorithm),
    /// The first block to chain with, the ciphertext. Nothing tells whether somebody changed it: only for what a
    /// signature around it covers.
    Cbc(&'static cipher::Algorithm, usize),
}

impl Content {
    pub(super) fn named(uri: &str, allow_cbc: bool) -> Option<Content> {
        match uri {
            "http://www.w3.org/2009/xmlenc11#aes128-gcm" => Some(Self::Gcm(&AES_128_GCM)),
            "http://www.w3.org/2009/xmlenc11#aes192-gcm" => Some(Self::Gcm(&AES_192_GCM)),
            "http://www.w3.org/2009/xmlenc11#aes256-gcm" => Some(Self::Gcm(&AES_256_GCM)),
            _ if !allow_cbc => None,
            "http://www.w3.org/2001/04/xmlenc#aes128-cbc" => Some(Self::Cbc(&AES_128, 16)),
            "http://www.w3.org/2001/04/xmlenc#aes192-cbc" => Some(Self::Cbc(&AES_192, 24)),
            "http://www.w3.org/2001/04/xmlenc#aes256-cbc" => Some(Self::Cbc(&AES_256, 32)),
            _ => None,
        }
    }

    /// Bytes of a key.
    pub(super) fn key_len(&self) -> usize {
        match self {
            Self::Gcm(algorithm) => algorithm.key_len(),
            Self::Cbc(_, length) => *length,
        }
    }

    pub(super) fn open(&self, key: &[u8], mut cipher: Vec<u8>) -> Option<Vec<u8>> {
        let (begin, length) = match self {
            Self::Gcm(algorithm) => {
                let (nonce, rest) = cipher.split_at_mut_checked(NONCE_LEN)?;
                let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
                let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
                let opened = key.open_in_place(nonce, Aad::empty(), rest).ok()?;
                (NONCE_LEN, opened.len())
            }
            Self::Cbc(algorithm, _) => {
                let (first, rest) = cipher.split_at_mut_checked(IV_LEN_128_BIT)?;
                let first = FixedLength::try_from(&*first).ok()?;
                let key = UnboundCipherKey::new(algorithm, key).ok()?;
                // The padding's last byte is its length, the others are anything (XML Encryption 1.1 section 5.2.1).
                let key = PaddedBlockDecryptingKey::cbc_iso10126(key).ok()?;
                let opened = key.decrypt(rest, DecryptionContext::Iv128(first)).ok()?;
                (IV_LEN_128_BIT, opened.len())
            }
        };
        cipher.truncate(begin + length);
        cipher.drain(..begin);
        Some(cipher)
    }
}

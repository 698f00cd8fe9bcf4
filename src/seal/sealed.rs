//! The sealed form: `version(1) | key id(4) | salt(24) | AES-256-GCM ciphertext and tag`.
//!
//! The salt is 192 random bits and makes a key and a nonce of its own (HMAC-SHA512 of the purpose's
//! key), so nonces never repeat in practice however many nodes seal with one ring, without a counter to
//! keep.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use hmac::{Hmac, Mac};
use sha2::Sha512;
use zeroize::Zeroize;

use super::key_ring::{KeyRing, Purpose};

const VERSION: u8 = 1;
const SALT: usize = 24;
const HEAD: usize = 1 + 4 + SALT;

/// Why a value did not open. There is one reason on purpose: who tampers learns nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not sealed by this key ring for this purpose, or altered since")]
pub struct SealError;

fn cipher(
    ring: &KeyRing,
    id: u32,
    purpose: Purpose,
    salt: &[u8],
) -> Option<(LessSafeKey, [u8; 12])> {
    let key = ring.key(id, purpose)?;
    let mut mac = Hmac::<Sha512>::new_from_slice(key.expose()).ok()?;
    mac.update(salt);
    let mut derived: [u8; 64] = mac.finalize().into_bytes().into();
    let made = (|| {
        let unbound = UnboundKey::new(&AES_256_GCM, derived.get(..32)?).ok()?;
        let nonce: [u8; 12] = derived.get(32..44)?.try_into().ok()?;
        Some((LessSafeKey::new(unbound), nonce))
    })();
    derived.zeroize();
    made
}

impl KeyRing {
    /// Seals bytes for a purpose, bound to `context` (for example a row's id), with fresh random bytes
    /// as salt.
    pub fn seal(
        &self,
        purpose: Purpose,
        context: &[u8],
        plaintext: &[u8],
        salt: [u8; SALT],
    ) -> Result<Vec<u8>, SealError> {
        let id = self.active();
        let (key, nonce) = cipher(self, id, purpose, &salt).ok_or(SealError)?;
        let mut sealed = Vec::with_capacity(HEAD + plaintext.len() + 16);
        sealed.push(VERSION);
        sealed.extend_from_slice(&id.to_be_bytes());
        sealed.extend_from_slice(&salt);
        let mut body = plaintext.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        key.seal_in_place_append_tag(nonce, Aad::from(context), &mut body)
            .map_err(|_| SealError)?;
        sealed.append(&mut body);
        Ok(sealed)
    }

    /// Opens what [`KeyRing::seal`] made for the same purpose and context, and tells which key sealed it.
    pub fn open(
        &self,
        purpose: Purpose,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<(Vec<u8>, u32), SealError> {
        let (head, body) = sealed.split_at_checked(HEAD).ok_or(SealError)?;
        let [version, a, b, c, d, salt @ ..] = head else {
            return Err(SealError);
        };
        if *version != VERSION {
            return Err(SealError);
        }
        let id = u32::from_be_bytes([*a, *b, *c, *d]);
        let (key, nonce) = cipher(self, id, purpose, salt).ok_or(SealError)?;
        let mut body = body.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let length = key
            .open_in_place(nonce, Aad::from(context), &mut body)
            .map_err(|_| SealError)?
            .len();
        body.truncate(length);
        Ok((body, id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn ring(byte: u8) -> KeyRing {
        KeyRing::parse(&KeyRing::generate([byte; 32], 0)).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_and_names_its_key() {
        let ring = ring(1);
        let sealed = ring
            .seal(Purpose::SessionToken, b"c", b"hello", [9; 24])
            .unwrap();
        let opened = ring.open(Purpose::SessionToken, b"c", &sealed).unwrap();
        assert_eq!(opened, (b"hello".to_vec(), 1));
    }

    #[test]
    fn every_changed_bit_is_refused() {
        let ring = ring(1);
        let sealed = ring
            .seal(Purpose::SessionToken, b"", b"hello", [9; 24])
            .unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let opened = ring.open(Purpose::SessionToken, b"", &changed);
            assert_eq!(opened, Err(SealError), "bit {bit}");
        }
    }

    #[test]
    fn every_truncation_is_refused() {
        let ring = ring(1);
        let sealed = ring
            .seal(Purpose::SessionToken, b"", b"hello", [9; 24])
            .unwrap();
        for length in 0..sealed.len() {
            let opened = ring.open(Purpose::SessionToken, b"", &sealed[..length]);
            assert_eq!(opened, Err(SealError));
        }
    }

    #[test]
    fn another_purpose_context_or_ring_does_not_open_it() {
        let first = ring(1);
        let sealed = first
            .seal(Purpose::SessionToken, b"a", b"hello", [9; 24])
            .unwrap();
        assert!(first.open(Purpose::WebSession, b"a", &sealed).is_err());
        assert!(first.open(Purpose::SessionToken, b"b", &sealed).is_err());
        assert!(ring(2).open(Purpose::SessionToken, b"a", &sealed).is_err());
    }

    #[test]
    fn a_retired_key_still_opens() {
        let old = ring(1);
        let sealed = old
            .seal(Purpose::SessionToken, b"", b"hello", [9; 24])
            .unwrap();
        let one = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
        let two = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI";
        let text = format!(
            r#"{{"version":1,"keys":[{{"id":1,"state":"retired","created":0,"key":"{one}"}},{{"id":2,"state":"active","created":1,"key":"{two}"}}]}}"#
        );
        let grown = KeyRing::parse(&Secret::new(text)).unwrap();
        let opened = grown.open(Purpose::SessionToken, b"", &sealed).unwrap();
        assert_eq!(opened.1, 1);
    }
}

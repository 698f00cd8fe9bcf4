//! Keys of ours that assertions are encrypted for, and how content keys are wrapped for them: RSA-OAEP (XML Encryption
//! 1.1 section 5.5.2). RSA with PKCS #1 v1.5 is not here and will not be: it answers whoever asks often enough.

use std::fmt;

use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
    PrivateDecryptingKey,
};
use zeroize::Zeroizing;

use super::{holds_only, is_empty};
use crate::document::Element;
use crate::names::{ENCRYPTION, ENCRYPTION_11, SIGNATURE};
use crate::signature;
use crate::signing_key::{KeyError, SigningKey};

/// `Type` of a `RetrievalMethod` that names an `EncryptedKey`.
pub(super) const TYPE: &str = "http://www.w3.org/2001/04/xmlenc#EncryptedKey";

/// A private key of ours that assertions may be encrypted for: RSA of 2048 to 8192 bits.
///
/// It stays within the libraries, which wipe it when it goes.
pub struct DecryptionKey {
    key: OaepPrivateDecryptingKey,
    #[cfg(feature = "samael")]
    mixed: mixed::Key,
}

impl DecryptionKey {
    /// From DER: PKCS #8 without encryption, or PKCS #1.
    ///
    /// # Errors
    /// [`KeyError::Key`], [`KeyError::NotRsa`].
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        Self::of(&SigningKey::from_der(der)?)
    }

    /// From PEM: the first `PRIVATE KEY` or `RSA PRIVATE KEY` of the text.
    ///
    /// # Errors
    /// [`KeyError::Pem`], [`KeyError::Key`], [`KeyError::NotRsa`].
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        Self::of(&SigningKey::from_pem(pem)?)
    }

    /// Of the key that we sign with: one key, one certificate in our metadata, for both.
    ///
    /// # Errors
    /// [`KeyError::NotRsa`].
    pub fn of(key: &SigningKey) -> Result<Self, KeyError> {
        if !key.is_rsa() {
            return Err(KeyError::NotRsa);
        }
        let pkcs8 = key.to_pkcs8()?;
        let opener = PrivateDecryptingKey::from_pkcs8(&pkcs8).map_err(|_| KeyError::Key)?;
        Ok(Self {
            key: OaepPrivateDecryptingKey::new(opener).map_err(|_| KeyError::Key)?,
            #[cfg(feature = "samael")]
            mixed: mixed::Key::from_pkcs8(&pkcs8).ok_or(KeyError::Key)?,
        })
    }

    /// The content key, where it was wrapped for this one.
    pub(super) fn unwrap(
        &self,
        transport: &Transport,
        wrapped: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        match (transport.digest, transport.mask) {
            (Hash::Sha1, Hash::Sha1) => self.even(&OAEP_SHA1_MGF1SHA1, transport, wrapped),
            (Hash::Sha256, Hash::Sha256) => self.even(&OAEP_SHA256_MGF1SHA256, transport, wrapped),
            #[cfg(feature = "samael")]
            _ => self.mixed.unwrap(transport, wrapped),
            // Two hashes: the one library that we have here knows no such thing (docs/decisions/0013).
            #[cfg(not(feature = "samael"))]
            _ => None,
        }
    }

    /// One hash for both: aws-lc.
    fn even(
        &self,
        algorithm: &'static OaepAlgorithm,
        transport: &Transport,
        wrapped: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let mut room = Zeroizing::new(vec![0; self.key.min_output_size()]);
        let label = Some(transport.label.as_slice()).filter(|label| !label.is_empty());
        let opened = self.key.decrypt(algorithm, wrapped, &mut room, label);
        let length = opened.ok()?.len();
        room.truncate(length);
        Some(room)
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecryptionKey(***)")
    }
}

/// RSA-OAEP with its parameters.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Transport {
    /// Of the label.
    digest: Hash,
    /// Of the mask generation.
    mask: Hash,
    /// `OAEPparams`.
    label: Vec<u8>,
}

/// SHA-1 need not resist collisions here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Sha1,
    Sha256,
}

impl Transport {
    /// Of an `EncryptionMethod`; `None` where it is not one that we have.
    pub(super) fn read(method: Element<'_>) -> Option<Transport> {
        // The older name says which mask it is, the newer one leaves it to be said (section 5.5.2).
        let says_mask = match method.attribute("Algorithm")? {
            "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p" => false,
            "http://www.w3.org/2009/xmlenc11#rsa-oaep" => true,
            _ => return None,
        };
        let (digest, mask) = ((SIGNATURE, "DigestMethod"), (ENCRYPTION_11, "MGF"));
        let label = (ENCRYPTION, "OAEPparams");
        match says_mask {
            true => holds_only(method, &[digest, mask, label])?,
            false => holds_only(method, &[digest, label])?,
        }
        let digest = match at_most_one(method, digest)? {
            Some(digest) => Hash::of_digest(algorithm(digest)?)?,
            None => Hash::Sha1,
        };
        let mask = match at_most_one(method, mask)? {
            Some(mask) => Hash::of_mask(algorithm(mask)?)?,
            None => Hash::Sha1,
        };
        let label = match at_most_one(method, label)? {
            Some(label) => signature::base64(label).ok()?,
            None => Vec::new(),
        };
        Some(Transport {
            digest,
            mask,
            label,
        })
    }
}

impl Hash {
    fn of_digest(uri: &str) -> Option<Hash> {
        match uri {
            "http://www.w3.org/2000/09/xmldsig#sha1" => Some(Self::Sha1),
            "http://www.w3.org/2001/04/xmlenc#sha256" => Some(Self::Sha256),
            _ => None,
        }
    }

    fn of_mask(uri: &str) -> Option<Hash> {
        match uri {
            "http://www.w3.org/2009/xmlenc11#mgf1sha1" => Some(Self::Sha1),
            "http://www.w3.org/2009/xmlenc11#mgf1sha256" => Some(Self::Sha256),
            _ => None,
        }
    }
}

/// The child of this name, if there is one; several are refused.
fn at_most_one<'d>(
    parent: Element<'d>,
    (namespace, local): (&str, &str),
) -> Option<Option<Element<'d>>> {
    let mut found = parent.named(namespace, local);
    let first = found.next();
    found.next().is_none().then_some(first)
}

fn algorithm(element: Element<'_>) -> Option<&str> {
    is_empty(element).then(|| element.attribute("Algorithm"))?
}

/// OAEP with two hashes, one for the label and one for the mask: OpenSSL, which is here for libxmlsec1's sake.
#[cfg(feature = "samael")]
mod mixed {
    use openssl::encrypt::Decrypter;
    use openssl::hash::MessageDigest;
    use openssl::pkey::{PKey, Private};
    use openssl::rsa::Padding;
    use zeroize::Zeroizing;

    use super::{Hash, Transport};

    pub(super) struct Key(PKey<Private>);

    impl Key {
        pub(super) fn from_pkcs8(der: &[u8]) -> Option<Key> {
            PKey::private_key_from_pkcs8(der).ok().map(Key)
        }

        pub(super) fn unwrap(
            &self,
            transport: &Transport,
            wrapped: &[u8],
        ) -> Option<Zeroizing<Vec<u8>>> {
            let mut decrypter = Decrypter::new(&self.0).ok()?;
            decrypter.set_rsa_padding(Padding::PKCS1_OAEP).ok()?;
            decrypter.set_rsa_oaep_md(transport.digest.openssl()).ok()?;
            decrypter.set_rsa_mgf1_md(transport.mask.openssl()).ok()?;
            if !transport.label.is_empty() {
                decrypter.set_rsa_oaep_label(&transport.label).ok()?;
            }
            let mut room = Zeroizing::new(vec![0; decrypter.decrypt_len(wrapped).ok()?]);
            let length = decrypter.decrypt(wrapped, &mut room).ok()?;
            room.truncate(length);
            Some(room)
        }
    }

    impl Hash {
        fn openssl(self) -> MessageDigest {
            match self {
                Self::Sha1 => MessageDigest::sha1(),
                Self::Sha256 => MessageDigest::sha256(),
            }
        }
    }
}

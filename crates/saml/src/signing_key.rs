//! Keys of our own: what we sign with, and the certificate that others know the key by.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use der::Decode;
use x509_cert::Certificate;
use zeroize::Zeroizing;

use crate::names;

/// Why a key or a certificate of our own cannot be used. The sentences hold nothing of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No PEM block of the kind that is needed, or one that cannot be read.
    #[error("the file holds no PEM block that can be read: {0}")]
    Pem(&'static str),
    /// Not an unencrypted RSA key of 2048 to 8192 bits, nor one on the curve P-256.
    #[error("the key is neither RSA of at least 2048 bits nor on the curve P-256")]
    Key,
    /// A key on a curve where RSA is needed: nothing is encrypted for those.
    #[error("the key is not RSA, and only RSA opens what is encrypted")]
    NotRsa,
    /// Not an X.509 certificate.
    #[error("the certificate cannot be read")]
    Certificate,
    /// The certificate is of another key.
    #[error("the certificate does not belong to the key")]
    Mismatch,
    /// The key could not be made or written.
    #[error("the key cannot be made")]
    Unusable,
}

/// A private key that signs: RSA with SHA-256 (PKCS #1 v1.5), which is what we make, or ECDSA on P-256 with SHA-256.
pub struct SigningKey(Pair);

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
}

impl SigningKey {
    /// A new RSA key of 2048 bits. Its chance is the operating system's: the library takes no other.
    ///
    /// # Errors
    /// [`KeyError::Unusable`].
    pub fn generate() -> Result<Self, KeyError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Unusable)?;
        Ok(Self(Pair::Rsa(pair)))
    }

    /// A new key on the curve P-256.
    ///
    /// # Errors
    /// [`KeyError::Unusable`].
    pub fn generate_p256() -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_| KeyError::Unusable)?;
        Ok(Self(Pair::P256(pair)))
    }

    /// From DER: PKCS #8, or what came before it (PKCS #1 for RSA, RFC 5915 for curves).
    ///
    /// # Errors
    /// [`KeyError::Key`].
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let rsa = RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der));
        if let Ok(pair) = rsa {
            return Ok(Self(Pair::Rsa(pair)));
        }
        let curve = &ECDSA_P256_SHA256_FIXED_SIGNING;
        EcdsaKeyPair::from_pkcs8(curve, der)
            .or_else(|_| EcdsaKeyPair::from_private_key_der(curve, der))
            .map(|pair| Self(Pair::P256(pair)))
            .map_err(|_| KeyError::Key)
    }

    /// From PEM: the first `PRIVATE KEY`, `RSA PRIVATE KEY` or `EC PRIVATE KEY` of the text.
    ///
    /// # Errors
    /// [`KeyError::Pem`], [`KeyError::Key`].
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let labels = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];
        let der = pem_block(pem, &labels).ok_or(KeyError::Pem("no private key"))?;
        Self::from_der(&der)
    }

    /// PKCS #8, to keep sealed.
    ///
    /// # Errors
    /// [`KeyError::Unusable`].
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let der = match &self.0 {
            Pair::Rsa(pair) => AsDer::as_der(pair).map(|der| der.as_ref().to_vec()),
            Pair::P256(pair) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
        };
        der.map(Zeroizing::new).map_err(|_| KeyError::Unusable)
    }

    /// The name of the signature algorithm, as `SignatureMethod` and `SigAlg` want it.
    pub fn algorithm(&self) -> &'static str {
        match &self.0 {
            Pair::Rsa(_) => names::RSA_SHA256,
            Pair::P256(_) => names::ECDSA_SHA256,
        }
    }

    /// The signature over a message, as XML Signature wants it: for ECDSA, r and s of 32 bytes each (RFC 4050).
    ///
    /// # Errors
    /// [`KeyError::Unusable`].
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        match &self.0 {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(|_| KeyError::Unusable)?;
                Ok(signature)
            }
            Pair::P256(pair) => pair
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| KeyError::Unusable),
        }
    }

    /// Whether it can also open what others encrypt for us.
    pub fn is_rsa(&self) -> bool {
        matches!(self.0, Pair::Rsa(_))
    }

    /// What `subjectPublicKey` of a certificate holds: `RSAPublicKey`, or the uncompressed point.
    pub(crate) fn public_key(&self) -> &[u8] {
        match &self.0 {
            Pair::Rsa(pair) => pair.public_key().as_ref(),
            Pair::P256(pair) => pair.public_key().as_ref(),
        }
    }

    /// `SubjectPublicKeyInfo` (RFC 5280 4.1), in DER.
    ///
    /// # Errors
    /// [`KeyError::Unusable`].
    pub fn public_key_info(&self) -> Result<Vec<u8>, KeyError> {
        let der = match &self.0 {
            Pair::Rsa(pair) => AsDer::as_der(pair.public_key()),
            Pair::P256(pair) => AsDer::as_der(pair.public_key()),
        };
        der.map(|der| der.as_ref().to_vec())
            .map_err(|_| KeyError::Unusable)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey")
            .field(&self.algorithm())
            .finish()
    }
}

/// A key with the certificate by which others know it. They belong together: that is checked when it is made.
pub struct Credential {
    key: SigningKey,
    certificate: Vec<u8>,
}

impl Credential {
    /// Of a key and the DER of its certificate, whose other contents (names, dates) do not matter: those who rely on
    /// it were given this very certificate.
    ///
    /// # Errors
    /// [`KeyError::Certificate`], [`KeyError::Mismatch`].
    pub fn new(key: SigningKey, certificate: Vec<u8>) -> Result<Self, KeyError> {
        let parsed = Certificate::from_der(&certificate).map_err(|_| KeyError::Certificate)?;
        let certified = parsed.tbs_certificate.subject_public_key_info;
        match certified.subject_public_key.raw_bytes() == key.public_key() {
            true => Ok(Self { key, certificate }),
            false => Err(KeyError::Mismatch),
        }
    }

    /// Of two PEM texts; of the certificates of a chain, the first counts.
    ///
    /// # Errors
    /// [`KeyError::Pem`], [`KeyError::Key`], [`KeyError::Certificate`], [`KeyError::Mismatch`].
    pub fn from_pem(key: &str, certificate: &str) -> Result<Self, KeyError> {
        let certificate =
            pem_block(certificate, &["CERTIFICATE"]).ok_or(KeyError::Pem("no certificate"))?;
        Self::new(SigningKey::from_pem(key)?, certificate.to_vec())
    }

    /// The key.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The certificate, in DER.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate
    }

    /// The certificate as `X509Certificate` holds it: base64 without line breaks.
    pub fn certificate_base64(&self) -> String {
        STANDARD.encode(&self.certificate)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Credential").field(&self.key).finish()
    }
}

/// The first block with one of these labels. Files hold more than the block: `openssl` puts the parameters of the
/// curve before the key, and a certificate's text before the certificate.
fn pem_block(text: &str, labels: &[&str]) -> Option<Zeroizing<Vec<u8>>> {
    let mut blocks = labels.iter().filter_map(|label| {
        let end_line = format!("-----END {label}-----");
        let start = text.find(&format!("-----BEGIN {label}-----"))?;
        let block = text.get(start..)?;
        let end = block.find(&end_line)? + end_line.len();
        der::pem::decode_vec(block.get(..end)?.as_bytes()).ok()
    });
    blocks.next().map(|(_, der)| Zeroizing::new(der))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::self_signed::credential;
    use aws_lc_rs::encoding::EcPrivateKeyRfc5915Der;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED_SIGNING, RSA_PKCS1_2048_8192_SHA256,
        UnparsedPublicKey,
    };

    /// An RSA key of 1024 bits, PKCS #1.
    const SHORT: &str = "MIICXgIBAAKBgQDJQNXiZLVMkasOb8D7exfIWf6t8HOoETYJjYBOkZR0mhJ1/rykygL4COoNvRFuhw9yakreGN0FYo\
        XjDL5GMpjXYG2bzHM5BTtw5YWF9d8smgV+AdBnTLtmhKWE1CH0VK+q9evFPZyR3sFahbOBPdIU5HxRVqvetFp4jNS+0jLRSwIDAQABAoGA\
        fsBy9Q9wkDT+gy0nYjv4kpr7qBlU/nk4i3OvZ8yQr4+KKP6zWSZSEF2s69I0dGRj+i+vz4nhSk7u/D0+aX/ceku4f1XaEJGnwa+HcE2lvO\
        h5WiSibG/6+CfBJsUBIk+Xc4vVsqy5AqdGzuerv0NcEUi47V5AzESqOwmHqEjoXwECQQDkuMlFLT4ehTG+Cv0N8qePF9zHsJkDgeAjbMy9\
        EcUqt86lVP4b/KDgNKUZI2Td4RtBMJ4W6hoJC3oDuS9nWhmhAkEA4UFkz2h5TYRJR9J1IHM27nVw0CnFr/X4YhtHywApgMmStkvqK7+mkR\
        XDQHyExmFUTvUhR8Gz9sLHI7K7jGI7awJBAN0/DprXF+boCuT9tine10zo1U1pO6qT4GAEJ8yguuwGn2N44tHpvykCY838Wd7zmKynvdUG\
        oSasrluZsAw2sOECQQDdvwaCt5JSoRuSvLfZDhLRhINeKQEXS8kMq1ZtnOc+hTEMjIcmMjDDOu1PmkULFd1tLRtqDGIhVXW8ysKeXEWpAk\
        EAu/JYClKzJMRsrsr28I8/wkBuzrMWfjThhDka1fdUbFxhX/HV+C1DRYu2A14hMUz6kI30sfdu8ybBSbuEFV+/hA==";

    fn pem(label: &str, der: &[u8]) -> String {
        der::pem::encode_string(label, der::pem::LineEnding::LF, der).unwrap()
    }

    /// PKCS #1, which is what is within PKCS #8, or RFC 5915.
    fn of_old(key: &SigningKey) -> Vec<u8> {
        match &key.0 {
            Pair::Rsa(_) => key.to_pkcs8().unwrap()[26..].to_vec(),
            Pair::P256(pair) => {
                let der: EcPrivateKeyRfc5915Der<'_> = pair.private_key().as_der().unwrap();
                der.as_ref().to_vec()
            }
        }
    }

    #[test]
    fn a_key_signs_what_its_public_key_verifies() {
        let rsa = SigningKey::generate().unwrap();
        assert!(rsa.algorithm().ends_with("#rsa-sha256"));
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, rsa.public_key())
            .verify(b"message", &rsa.sign(b"message").unwrap())
            .unwrap();
        let curve = SigningKey::generate_p256().unwrap();
        assert!(curve.algorithm().ends_with("#ecdsa-sha256"));
        let signature = curve.sign(b"message").unwrap();
        assert_eq!(signature.len(), 64);
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, curve.public_key())
            .verify(b"message", &signature)
            .unwrap();
    }

    #[test]
    fn a_key_comes_back_from_every_form_it_is_kept_in() {
        for (key, label) in [
            (SigningKey::generate().unwrap(), "RSA PRIVATE KEY"),
            (SigningKey::generate_p256().unwrap(), "EC PRIVATE KEY"),
        ] {
            let pkcs8 = key.to_pkcs8().unwrap();
            let old = of_old(&key);
            let parameters =
                "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
            let forms = [
                SigningKey::from_der(&pkcs8),
                SigningKey::from_der(&old),
                SigningKey::from_pem(&pem("PRIVATE KEY", &pkcs8)),
                SigningKey::from_pem(&format!("{parameters}{}\n\n", pem(label, &old))),
                SigningKey::from_pem(&pem("PRIVATE KEY", &pkcs8).replace('\n', "\r\n")),
            ];
            for form in forms {
                assert_eq!(form.unwrap().public_key(), key.public_key());
            }
        }
    }

    #[test]
    fn a_key_that_is_too_short_or_of_another_kind_is_refused() {
        let short = STANDARD.decode(SHORT).unwrap();
        assert_eq!(SigningKey::from_der(&short).unwrap_err(), KeyError::Key);
        let other = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        let other = other.to_pkcs8v1().unwrap();
        assert_eq!(
            SigningKey::from_der(other.as_ref()).unwrap_err(),
            KeyError::Key
        );
        assert_eq!(SigningKey::from_der(b"").unwrap_err(), KeyError::Key);
    }

    #[test]
    fn a_file_without_its_block_is_refused() {
        let key = SigningKey::generate_p256().unwrap();
        let sealed = pem("ENCRYPTED PRIVATE KEY", &key.to_pkcs8().unwrap());
        for text in ["", "-----BEGIN PRIVATE KEY-----\n", sealed.as_str()] {
            let refused = SigningKey::from_pem(text).unwrap_err();
            assert_eq!(refused, KeyError::Pem("no private key"), "{text:?}");
        }
        let key_pem = pem("PRIVATE KEY", &key.to_pkcs8().unwrap());
        let refused = Credential::from_pem(&key_pem, &key_pem).unwrap_err();
        assert_eq!(refused, KeyError::Pem("no certificate"));
        let refused = Credential::from_pem(&key_pem, &pem("CERTIFICATE", b"no DER"));
        assert_eq!(refused.unwrap_err(), KeyError::Certificate);
    }

    #[test]
    fn a_certificate_belongs_to_its_key() {
        let ours = credential(SigningKey::generate().unwrap());
        let theirs = credential(SigningKey::generate_p256().unwrap());
        // The certificate's text before it, and the rest of the chain after it.
        let chain = format!(
            "Certificate:\n    Data:\n{}{}",
            pem("CERTIFICATE", ours.certificate_der()),
            pem("CERTIFICATE", theirs.certificate_der())
        );
        let key_pem = pem("PRIVATE KEY", &ours.key().to_pkcs8().unwrap());
        let read = Credential::from_pem(&key_pem, &chain).unwrap();
        assert_eq!(read.certificate_der(), ours.certificate_der());
        let mixed = Credential::new(ours.key, theirs.certificate);
        assert_eq!(mixed.unwrap_err(), KeyError::Mismatch);
    }

    #[test]
    fn debug_shows_nothing_of_the_key() {
        let credential = credential(SigningKey::generate_p256().unwrap());
        assert_eq!(
            format!("{credential:?}"),
            format!("Credential(SigningKey({:?}))", names::ECDSA_SHA256)
        );
    }
}

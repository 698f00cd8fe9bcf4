//! Private keys of SAML providers: what opens encrypted assertions.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroize;

use crate::aws::error::AwsError;
use crate::aws::ids;
use crate::clock::random_bytes;
use crate::iam::Iam;
use crate::seal::Purpose;
use crate::secret::Secret;
use crate::store::saml_providers::SamlPrivateKey;

/// Bits that a key has at least. AWS takes 1024, and keys of elliptic curves, with which no assertion can be opened.
const LEAST_BITS: usize = 2048;

impl Iam {
    /// A key out of a PEM file, sealed with the id it gets. It is kept as PKCS #8, whatever it came as.
    pub(super) fn saml_key(&self, pem: &str, now: i64) -> Result<SamlPrivateKey, AwsError> {
        let der = read(pem).ok_or_else(|| {
            AwsError::invalid_input(
                "Failed to add private key. It must be a PEM file with an RSA key of at least 2048 bits.",
            )
        })?;
        let id = ids::saml_id("SAMLPK", random_bytes(&*self.random));
        let salt = random_bytes(&*self.random);
        let sealed = self
            .ring
            .seal(Purpose::Stored, id.as_bytes(), der.expose(), salt);
        Ok(SamlPrivateKey {
            sealed_key: sealed.map_err(|_| AwsError::internal())?,
            id,
            created_at: now,
        })
    }
}

/// The RSA key of a PEM file, as PKCS #8.
fn read(pem: &str) -> Option<Secret<Vec<u8>>> {
    let (_, rest) = pem.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let mut text: String = body.split_ascii_whitespace().collect();
    let der = STANDARD.decode(&text);
    text.zeroize();
    let der = Secret::new(der.ok()?);
    let pair = match label {
        "PRIVATE KEY" => KeyPair::from_pkcs8(der.expose()),
        "RSA PRIVATE KEY" => KeyPair::from_der(der.expose()),
        _ => return None,
    };
    let pair = pair.ok()?;
    if pair.public_modulus_len() * 8 < LEAST_BITS {
        return None;
    }
    let der = pair.as_der().ok()?;
    Some(Secret::new(der.as_ref().to_vec()))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};

    use super::*;

    fn pem(label: &str, der: &[u8]) -> String {
        let text = STANDARD.encode(der);
        let lines: Vec<&str> = (0..text.len())
            .step_by(64)
            .map(|at| &text[at..text.len().min(at + 64)])
            .collect();
        let lines = lines.join("\r\n");
        format!("a note\n-----BEGIN {label}-----\r\n{lines}\r\n-----END {label}-----\n")
    }

    #[test]
    fn rsa_keys_of_both_forms_are_kept_as_one() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der = pair.as_der().unwrap();
        let der: &[u8] = der.as_ref();
        let kept = read(&pem("PRIVATE KEY", der)).unwrap();
        assert_eq!(kept.expose(), der);
        // PKCS #8 of RSA is 26 bytes around PKCS #1.
        let kept = read(&pem("RSA PRIVATE KEY", &der[26..])).unwrap();
        assert_eq!(kept.expose(), der);
    }

    #[test]
    fn what_is_no_rsa_key_is_refused() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der = pair.as_der().unwrap();
        let der: &[u8] = der.as_ref();
        let curve = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let curve = curve.to_pkcs8v1().unwrap();
        for bad in [
            String::new(),
            "-----BEGIN PRIVATE KEY-----".to_owned(),
            pem("PRIVATE KEY", b""),
            pem("PRIVATE KEY", curve.as_ref()),
            pem("RSA PRIVATE KEY", der),
            pem("ENCRYPTED PRIVATE KEY", der),
            pem("CERTIFICATE", der),
            pem("PRIVATE KEY", der).replace("-----END PRIVATE", "-----END RSA PRIVATE"),
        ] {
            assert!(read(&bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_key_of_1024_bits_is_refused() {
        // Made for this file.
        let key = "MIICXgIBAAKBgQDfnd5hm3A1R3FgZvRKfcCy6IhXKw7JSxEGMYBNL8Sm5q3HfLmkWDp64QDxozzopeiUzShdIjck1qvKGANlNoReavVzNUa/nzI+ZhGulKP5SsgYHpFi6wg/8oPa8ax/A+BLvexGrzVkzMnQQfZsSZM6uTRiV2cUlrteqjQNJQhC6wIDAQABAoGBAMSEndnT28HG/nmFIS2R5FaWirNocL8wTE7QE/xBfaZb1d8Z2p/2tbYlpUm2dqHSpFqZDd8DYcjrK+AYSGubhKk80YtmazaatXQwOEGRdXQ7NqB+meS8aIJLvAJ0UHMDqoT63L+RXewDZJbPmrcjwH2BEx1d0g2Ju20AhAeiSrFhAkEA9Zd1zaUuBOEPmVCFrSVDSMhepAi2axDuHaczNWrOREujIl4fmz2Ram+kZx8XNMhAkoZh73/OeNZehihTOG24UQJBAOkX/eBJqu4GvuXyI2hEG3VFk4p/fCAcu6zW3gFcXejYGN+bWhT4bbPuEncR9NOLXtihUq4SdC30MJFHAZ0MdHsCQQDzht7frn11hR6MrpX/XUXc9CM0kRciD8WuTc+vlls2ybHYMHEy5Ng/LLlfMCs4waGWKf8PGDLLC/brHS14dQQhAkEAyOQ/jyWOptSzhHT7JSrFy32qmkwji32YFm+dKOkVms9cKKO4sKgnzFJcIbkdG5FbrjLjklkfPlfd3+elsVgBrwJAEh1jSdY3fsU5uu5+xbfo2GBAvITYTwDp53kYU3Soax4qiIj7cOm3dxpPOvJG5+pSfMVWwXt8iIS1cgZi8YLV1A==";
        assert!(read(&pem("PRIVATE KEY", &STANDARD.decode(key).unwrap())).is_none());
    }
}

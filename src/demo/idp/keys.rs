//! The demo provider's signing keys, kept so that a second start is the same provider.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::jwt::{SignError, SigningKey};
use crate::saml::self_signed::{Subject, self_signed};
use crate::saml::{self, Credential, KeyError};
use crate::secret::Secret;

/// The signing keys: one for each issuer and algorithm, because a key has one purpose.
#[derive(Debug)]
pub struct DemoKeys {
    pub(super) acme: SigningKey,
    pub(super) ci_rsa: SigningKey,
    pub(super) ci_ec: SigningKey,
    /// With a certificate, as SAML has it.
    pub(super) contoso: Credential,
    /// What makes the names of people that `contoso` gives unguessable.
    pub(super) contoso_names: Secret<Vec<u8>>,
}

/// Why the keys cannot be read or made.
#[derive(Debug, thiserror::Error)]
pub enum DemoKeysError {
    /// The file cannot be read or written.
    #[error("{path}: {cause}")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        cause: io::Error,
    },
    /// Others may read the file (SEC-2).
    #[error("{path} can be read by others; `chmod 600` it, or delete it to get a new key")]
    Readable {
        /// The file.
        path: String,
    },
    /// The file holds no key of the kind that belongs there.
    #[error("{path} does not hold the key that belongs there: {cause}")]
    Key {
        /// The file.
        path: String,
        /// What is wrong.
        cause: BadKey,
    },
}

type BadKey = Box<dyn std::error::Error + Send + Sync>;

impl DemoKeys {
    /// Reads the keys from `dir`, making whichever is not there yet (PKCS #8, mode 0600).
    pub fn load_or_create(dir: &Path) -> Result<DemoKeys, DemoKeysError> {
        fs::create_dir_all(dir).map_err(|cause| DemoKeysError::File {
            path: dir.display().to_string(),
            cause,
        })?;
        let rsa = SigningKey::generate_rsa;
        let path = |name: &str| dir.join(name);
        Ok(DemoKeys {
            acme: load_or_create(&path("idp-acme-rs256.p8"), rsa)?,
            ci_rsa: load_or_create(&path("idp-ci-rs256.p8"), rsa)?,
            ci_ec: load_or_create(&path("idp-ci-es256.p8"), SigningKey::generate_ec)?,
            contoso: contoso(&path("idp-contoso-rs256.p8"), &path("idp-contoso.crt"))?,
            // Of this key only its being unguessable counts.
            contoso_names: kept(
                &path("idp-contoso-names.key"),
                |bytes| Ok(Secret::new(bytes.to_vec())),
                || Ok(SigningKey::generate_ec()?.to_pkcs8()?.expose().clone()),
            )?,
        })
    }
}

fn load_or_create(
    path: &Path,
    generate: impl Fn() -> Result<SigningKey, SignError>,
) -> Result<SigningKey, DemoKeysError> {
    kept(
        path,
        |document| Ok(SigningKey::from_pkcs8(document)?),
        || Ok(generate()?.to_pkcs8()?.expose().clone()),
    )
}

/// The key of `contoso` and the certificate by which others know it.
fn contoso(key: &Path, certificate: &Path) -> Result<Credential, DemoKeysError> {
    let read = |document: &[u8]| Ok(saml::SigningKey::from_der(document)?);
    let make = || Ok(saml::SigningKey::generate()?.to_pkcs8()?.to_vec());
    let known = kept(key, read, make)?;
    let make = || Ok(certificate_of(&known)?);
    let der = kept(certificate, |der| Ok(der.to_vec()), make)?;
    Credential::new(known, der).map_err(|cause| DemoKeysError::Key {
        path: certificate.display().to_string(),
        cause: cause.into(),
    })
}

/// Nobody looks at its names and dates (security.md SAML-19), so they need neither clock nor chance.
fn certificate_of(key: &saml::SigningKey) -> Result<Vec<u8>, KeyError> {
    let mut serial = [0; 16];
    let digest = Sha256::digest(key.public_key_info()?);
    for (to, from) in serial.iter_mut().zip(digest) {
        *to = from;
    }
    let subject = Subject {
        common_name: "contoso, a demo",
        serial,
        not_before: 1_767_225_600, // 2026-01-01
        not_after: 2_524_608_000,  // 2050-01-01
    };
    self_signed(key, &subject)
}

/// What a file holds, made and written if the file is not there yet.
fn kept<T>(
    path: &Path,
    read: impl Fn(&[u8]) -> Result<T, BadKey>,
    make: impl Fn() -> Result<Vec<u8>, BadKey>,
) -> Result<T, DemoKeysError> {
    let shown = || path.display().to_string();
    let file_error = |cause| DemoKeysError::File {
        path: shown(),
        cause,
    };
    let key_error = |cause| DemoKeysError::Key {
        path: shown(),
        cause,
    };
    match fs::read(path) {
        Ok(document) => {
            if readable_by_others(path).map_err(file_error)? {
                return Err(DemoKeysError::Readable { path: shown() });
            }
            read(&document).map_err(key_error)
        }
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
            let document = make().map_err(key_error)?;
            write_private(path, &document).map_err(file_error)?;
            read(&document).map_err(key_error)
        }
        Err(cause) => Err(file_error(cause)),
    }
}

/// Writes beside and renames, so that a crash leaves no half of a key.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(beside, path)
}

#[cfg(unix)]
fn readable_by_others(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn readable_by_others(_: &Path) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_start_has_the_same_keys() {
        let dir = tempfile::tempdir().unwrap();
        let first = DemoKeys::load_or_create(dir.path()).unwrap();
        let second = DemoKeys::load_or_create(dir.path()).unwrap();
        assert_eq!(first.acme.key_id(), second.acme.key_id());
        assert_eq!(first.ci_rsa.key_id(), second.ci_rsa.key_id());
        assert_eq!(first.ci_ec.key_id(), second.ci_ec.key_id());
        assert_ne!(first.acme.key_id(), first.ci_rsa.key_id());
        let certificate = |keys: &DemoKeys| keys.contoso.certificate_der().to_vec();
        assert_eq!(certificate(&first), certificate(&second));
        assert_eq!(first.contoso_names, second.contoso_names);
    }

    #[test]
    fn a_certificate_of_another_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        DemoKeys::load_or_create(dir.path()).unwrap();
        fs::remove_file(dir.path().join("idp-contoso-rs256.p8")).unwrap();
        let refused = DemoKeys::load_or_create(dir.path()).unwrap_err();
        assert!(refused.to_string().contains("idp-contoso.crt"), "{refused}");
        fs::remove_file(dir.path().join("idp-contoso.crt")).unwrap();
        assert!(DemoKeys::load_or_create(dir.path()).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        DemoKeys::load_or_create(dir.path()).unwrap();
        let path = dir.path().join("idp-acme-rs256.p8");
        let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        mode(0o644);
        let refused = DemoKeys::load_or_create(dir.path()).unwrap_err();
        assert!(
            matches!(refused, DemoKeysError::Readable { .. }),
            "{refused}"
        );
        mode(0o600);
        assert!(DemoKeys::load_or_create(dir.path()).is_ok());
    }

    #[test]
    fn a_file_that_holds_no_key_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("idp-ci-es256.p8");
        write_private(&path, b"garbage").unwrap();
        let refused = DemoKeys::load_or_create(dir.path()).unwrap_err();
        assert!(matches!(refused, DemoKeysError::Key { .. }), "{refused}");
        assert_eq!(fs::read(path).unwrap(), b"garbage");
    }
}

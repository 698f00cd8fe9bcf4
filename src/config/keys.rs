//! `[keys]`: the key ring.

use std::path::PathBuf;

use super::reader::Reader;
use super::schema::{Form, Key, Need, Section};
use super::secrets::private_if_there;

pub(super) const KEYS: Section = Section {
    name: "keys",
    header: "[keys]",
    about: "The ring of keys that seals session tokens, cookies and the secrets in the store. Without it a copy of the store is worth nothing; all nodes need the same one.",
    keys: &[Key {
        name: "file",
        form: Form::Path,
        need: Need::Default("\"drawbridge.keys\""),
        about: "The file of the key ring, readable by the broker's user alone. It is made at the first start; keep a copy apart from the store's.",
    }],
    reserved: &[],
};

/// Where the key ring is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysConfig {
    /// The file of the key ring.
    pub file: PathBuf,
}

pub(super) fn read(keys: &Reader<'_>) -> Option<KeysConfig> {
    let file = keys.path("file")?;
    if let Err(fault) = private_if_there(&file) {
        keys.refuse("file", fault);
    }
    Some(KeysConfig { file })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{BASE, parse};

    #[test]
    fn the_key_ring_is_beside_the_configuration_by_default() {
        let config = parse("public_url = 'https://a.example'").unwrap();
        assert_eq!(
            config.keys.file.to_string_lossy(),
            format!("{BASE}/drawbridge.keys")
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_key_ring_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = format!(
            "public_url = 'https://a.example'\n[keys]\nfile = '{}'",
            file.path().display()
        );
        assert!(parse(&text).is_ok());
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(
            parse(&text).unwrap_err().to_string(),
            "drawbridge.toml:3: keys.file: others may read or write the file (mode 0640); give it to the broker's user alone: chmod 600"
        );
    }
}

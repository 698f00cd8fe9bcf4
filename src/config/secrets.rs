//! Secrets: from a file or from the environment, and as a literal in the demo alone.
//!
//! A configuration file is copied, committed and pasted into tickets; a secret in it is soon
//! everybody's. The values never get into a [`Problem`](super::Problem), nor do the names of the
//! files and variables, for a secret put under the wrong key is the usual mistake.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::problems::Fault;
use super::reader::{Reader, Reading, words};
use crate::secret::Secret;

/// More than any client secret, less than a device that never ends.
const MAX_SECRET: u64 = 64 * 1024;
/// More than IAM's quotas allow for a policy, which the service checks.
const MAX_TEXT: u64 = 1024 * 1024;

/// Reads the secret that `key`, `{key}_file` or `{key}_env` gives; one of them at most.
pub(super) fn secret(reader: &Reader<'_>, key: &str) -> Option<Secret<String>> {
    let (file, env) = (format!("{key}_file"), format!("{key}_env"));
    let keys = [key, file.as_str(), env.as_str()];
    let given: Vec<_> = keys
        .into_iter()
        .filter(|key| reader.is_given(key))
        .collect();
    if let [first, others @ ..] = given.as_slice() {
        for other in others {
            reader.refuse(other, format!("the secret is already given by {first}"));
        }
    }
    let reading = reader.reading;
    let literal = reader.text(key, |text| literal(key, text, reading));
    let from_file = reader.text(&file, |path| {
        words(path).and_then(|path| secret_file(&reading.resolve(&path)))
    });
    let from_env = reader.text(&env, |name| secret_variable(name, reading));
    literal.or(from_file).or(from_env)
}

fn literal(key: &str, text: &str, reading: &Reading<'_>) -> Result<Secret<String>, Fault> {
    if !reading.demo {
        let fault = Fault::from("a secret may not stand in the configuration");
        return Err(fault.hint(format!(
            "put it into a file and name that in {key}_file, or use {key}_env"
        )));
    }
    not_empty(text.to_owned())
}

fn secret_variable(name: &str, reading: &Reading<'_>) -> Result<Secret<String>, Fault> {
    match (reading.env)(name) {
        Some(value) => not_empty(value),
        None => Err("the environment variable that it names is not set".into()),
    }
}

fn secret_file(path: &Path) -> Result<Secret<String>, Fault> {
    let file = File::open(path).map_err(unreadable)?;
    private(&file)?;
    let text = read_bounded(file, MAX_SECRET)?;
    // Editors and `echo` end a file with a line break that is no part of the secret.
    not_empty(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn not_empty(value: String) -> Result<Secret<String>, Fault> {
    if value.is_empty() {
        return Err("the secret is empty".into());
    }
    Ok(Secret::new(value))
}

/// Reads a file that holds no secret: a policy, a certificate.
pub(super) fn text_file(path: &Path) -> Result<String, Fault> {
    read_bounded(File::open(path).map_err(unreadable)?, MAX_TEXT)
}

/// The path of a file with a certificate in PEM, which the reader of the certificate judges further.
pub(super) fn certificate_file(reader: &Reader<'_>, key: &str) -> Option<PathBuf> {
    reader.text(key, |path| {
        let path = reader.reading.resolve(&words(path)?);
        match text_file(&path)?.contains("-----BEGIN CERTIFICATE-----") {
            true => Ok(path),
            false => Err("the file holds no PEM certificate".into()),
        }
    })
}

/// The path of a file with an RSA private key in PEM, readable by the broker's user alone.
pub(super) fn private_key_file(reader: &Reader<'_>, key: &str) -> Option<PathBuf> {
    reader.text(key, |path| {
        let path = reader.reading.resolve(&words(path)?);
        let text = secret_file(&path)?;
        let holds = |label: &str| text.expose().contains(&format!("-----BEGIN {label}-----"));
        if holds("PRIVATE KEY") || holds("RSA PRIVATE KEY") {
            return Ok(path);
        }
        if holds("ENCRYPTED PRIVATE KEY") {
            return Err(Fault::from("the private key is encrypted")
                .hint("decrypt it: openssl pkey; the file's mode protects it"));
        }
        Err("the file holds no PEM private key (RSA)".into())
    })
}

/// Reads a document of at most `limit` bytes.
pub(super) fn document_text(path: &Path, limit: u64) -> Result<String, Fault> {
    read_bounded(File::open(path).map_err(unreadable)?, limit)
}

/// Refuses a document that cannot be read or is larger than `limit` bytes; what it says is judged by who uses it.
pub(super) fn document_file(path: &Path, limit: u64) -> Result<(), Fault> {
    document_text(path, limit).map(|_| ())
}

/// Refuses a file of secrets that exists and that others may read or write (SEC-2). One that does
/// not exist yet will be made with the right mode.
pub(super) fn private_if_there(path: &Path) -> Result<(), Fault> {
    match File::open(path) {
        Ok(file) => private(&file),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unreadable(error)),
    }
}

#[cfg(unix)]
fn private(file: &File) -> Result<(), Fault> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().map_err(unreadable)?.permissions().mode();
    if mode & 0o066 != 0 {
        let fault = Fault::from(format!(
            "others may read or write the file (mode {:04o})",
            mode & 0o7777
        ));
        return Err(fault.hint("give it to the broker's user alone: chmod 600"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn private(_: &File) -> Result<(), Fault> {
    Ok(())
}

fn read_bounded(file: File, limit: u64) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(format!("the file is larger than {} KiB", limit / 1024).into());
    }
    String::from_utf8(bytes).map_err(|_| "the file is not UTF-8 text".into())
}

fn unreadable(error: std::io::Error) -> Fault {
    // The kind alone: the full text of some errors repeats the path.
    format!("the file cannot be read: {}", error.kind()).into()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{messages, parse, parse_demo};

    const IDP: &str = "public_url = 'https://a.example'\n[[idp]]\nid = 'x'\nkind = 'oidc'\nissuer = 'https://i.example'\nclient_id = 'c'\n";

    fn secret_of(config: Result<crate::config::Config, crate::config::Problems>) -> String {
        let config = config.unwrap();
        config.idps[0]
            .oidc()
            .unwrap()
            .client_secret
            .as_ref()
            .unwrap()
            .expose()
            .clone()
    }

    #[test]
    fn a_literal_secret_is_refused_and_not_repeated() {
        let problems = parse(&format!("{IDP}client_secret = 's3cr3t'")).unwrap_err();
        assert_eq!(
            problems.to_string(),
            "drawbridge.toml:7: idp[0].client_secret: a secret may not stand in the configuration; put it into a file and name that in client_secret_file, or use client_secret_env"
        );
    }

    #[test]
    fn a_literal_secret_is_for_the_demo() {
        assert_eq!(
            secret_of(parse_demo(&format!("{IDP}client_secret = 's3cr3t'"))),
            "s3cr3t"
        );
    }

    #[test]
    fn a_secret_comes_from_the_environment() {
        assert_eq!(
            secret_of(parse(&format!("{IDP}client_secret_env = 'TEST_SECRET'"))),
            "from the environment"
        );
    }

    #[test]
    fn a_variable_that_is_not_set_is_refused_without_its_name() {
        let problems = messages(&format!("{IDP}client_secret_env = 's3cr3t'"));
        assert_eq!(
            problems,
            ["the environment variable that it names is not set"]
        );
    }

    #[test]
    fn a_secret_is_given_once() {
        let problems = messages(&format!(
            "{IDP}client_secret_env = 'TEST_SECRET'\nclient_secret_file = 'none'"
        ));
        assert!(
            problems.contains(&"the secret is already given by client_secret_file".to_owned()),
            "{problems:?}"
        );
    }

    #[test]
    fn a_secret_file_that_is_not_there_is_refused_without_its_path() {
        let problems = messages(&format!("{IDP}client_secret_file = 's3cr3t'"));
        assert_eq!(problems, ["the file cannot be read: entity not found"]);
    }

    #[cfg(unix)]
    mod files {
        use super::*;
        use std::os::unix::fs::PermissionsExt;

        fn with_file(
            content: &[u8],
            mode: u32,
        ) -> Result<crate::config::Config, crate::config::Problems> {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), content).unwrap();
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            let path = file.path().display();
            parse(&format!("{IDP}client_secret_file = '{path}'"))
        }

        fn refusal(content: &[u8], mode: u32) -> String {
            with_file(content, mode)
                .unwrap_err()
                .iter()
                .next()
                .unwrap()
                .message
                .clone()
        }

        #[test]
        fn a_secret_file_is_read_without_its_last_line_break() {
            assert_eq!(secret_of(with_file(b" s3cr3t \r\n", 0o600)), " s3cr3t ");
            assert_eq!(secret_of(with_file(b"s3cr3t", 0o400)), "s3cr3t");
        }

        #[test]
        fn a_secret_file_that_others_may_read_is_refused() {
            for mode in [0o640, 0o604, 0o620, 0o644, 0o444] {
                let expected = format!("others may read or write the file (mode {mode:04o})");
                assert_eq!(refusal(b"s3cr3t", mode), expected);
            }
        }

        #[test]
        fn an_empty_secret_file_is_refused() {
            assert_eq!(refusal(b"\n", 0o600), "the secret is empty");
        }

        #[test]
        fn a_secret_file_that_is_not_text_is_refused() {
            assert_eq!(refusal(b"\xff\xfe", 0o600), "the file is not UTF-8 text");
        }

        #[test]
        fn a_secret_file_without_end_is_refused() {
            assert_eq!(
                refusal(&[b'x'; 64 * 1024 + 1], 0o600),
                "the file is larger than 64 KiB"
            );
        }
    }
}

//! `[saml]`: ourselves as a party of SAML, towards every provider alike.

use std::path::PathBuf;

use super::problems::Fault;
use super::reader::Reader;
use super::schema::{Form, Key, Need, Section};
use super::secrets::{certificate_file, private_key_file};

pub(super) const SAML: Section = Section {
    name: "saml",
    header: "[saml]",
    about: "Our key in SAML, for signing requests and opening encrypted assertions, and how much the verification costs.",
    keys: &[
        Key {
            name: "key_file",
            form: Form::Path,
            need: Need::Derived("made and kept by the store"),
            about: "The file with our RSA private key as PEM, readable by the broker's user alone. With `certificate_file` or not at all.",
        },
        Key {
            name: "certificate_file",
            form: Form::Path,
            need: Need::Derived("made and kept by the store"),
            about: "The file with the certificate of that key as PEM, which our metadata publishes.",
        },
        Key {
            name: "second_opinion",
            form: Form::Boolean,
            need: Need::Derived("`true` where it is built"),
            about: "Whether libxmlsec1 must agree with our own verifier on every response that the latter accepts. Needs a build with the feature `samael`.",
        },
    ],
    reserved: &[],
};

/// Ourselves in SAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SamlConfig {
    /// Our private key, as PEM; given together with the certificate. `None`: the store makes and keeps both.
    pub key_file: Option<PathBuf>,
    /// The certificate of that key, as PEM.
    pub certificate_file: Option<PathBuf>,
    /// Whether a second verifier must agree; never where it is not built.
    pub second_opinion: bool,
}

pub(super) fn read(saml: &Reader<'_>) -> SamlConfig {
    let key_file = private_key_file(saml, "key_file");
    let certificate_file = certificate_file(saml, "certificate_file");
    match (saml.is_given("key_file"), saml.is_given("certificate_file")) {
        (true, false) => saml.refuse("key_file", "needs certificate_file beside it"),
        (false, true) => saml.refuse("certificate_file", "needs key_file beside it"),
        _ => {}
    }
    SamlConfig {
        key_file,
        certificate_file,
        second_opinion: second_opinion(saml, cfg!(feature = "samael")),
    }
}

/// Silence takes what is `built`; asking for more than that is a mistake, never a weaker check.
fn second_opinion(saml: &Reader<'_>, built: bool) -> bool {
    if !saml.is_given("second_opinion") {
        return built;
    }
    let wanted = saml.flag("second_opinion");
    if wanted && !built {
        let fault = Fault::from("this build has no second verifier");
        saml.refuse(
            "second_opinion",
            fault.hint("build it with the feature samael, or set this to false"),
        );
    }
    wanted
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::path::Path;

    use super::super::reader::Reading;
    use super::super::server::TOP;
    use super::super::testing::{messages, parse};
    use super::super::tree;
    use super::*;

    fn with(lines: &str) -> String {
        format!("public_url = 'https://a.example'\n[saml]\n{lines}\n")
    }

    #[test]
    fn the_store_keeps_the_key_by_default() {
        let saml = parse(&with("")).unwrap().saml;
        assert_eq!((saml.key_file, saml.certificate_file), (None, None));
        assert_eq!(saml.second_opinion, cfg!(feature = "samael"));
    }

    /// What `[saml]` says of the second opinion in a build with or without it, and the problems.
    fn opinion(lines: &str, built: bool) -> (bool, Vec<String>) {
        let reading = Reading {
            base_dir: Path::new("/nowhere"),
            env: &|_| None,
            demo: false,
            problems: RefCell::default(),
        };
        let root = tree::read(&with(lines)).unwrap();
        let top = Reader::top(&reading, &TOP, root);
        let opinion = second_opinion(&top.section(&SAML), built);
        let problems = reading.problems.into_inner();
        let messages = problems.into_iter().map(|problem| problem.message);
        (opinion, messages.collect())
    }

    #[test]
    fn a_second_opinion_is_asked_for_where_there_is_one() {
        assert_eq!(opinion("", true), (true, vec![]));
        assert_eq!(opinion("", false), (false, vec![]));
        assert_eq!(opinion("second_opinion = true", true), (true, vec![]));
        assert_eq!(opinion("second_opinion = false", true), (false, vec![]));
        assert_eq!(opinion("second_opinion = false", false), (false, vec![]));
    }

    #[test]
    fn a_second_opinion_that_is_not_built_is_refused() {
        let (_, problems) = opinion("second_opinion = true", false);
        assert_eq!(problems, ["this build has no second verifier"]);
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let problems = parse(&with("key = 'x'")).unwrap_err().to_string();
        assert_eq!(problems, "drawbridge.toml:3: saml.key: unknown key");
    }

    #[cfg(unix)]
    mod files {
        use super::*;
        use std::os::unix::fs::PermissionsExt;

        const KEY: &str = "-----BEGIN PRIVATE KEY-----\n";
        const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\n";

        struct Files(tempfile::TempDir);

        impl Files {
            fn new(key: &str, mode: u32, certificate: &str) -> Files {
                let directory = tempfile::tempdir().unwrap();
                std::fs::write(directory.path().join("key"), key).unwrap();
                std::fs::write(directory.path().join("certificate"), certificate).unwrap();
                let mode = std::fs::Permissions::from_mode(mode);
                std::fs::set_permissions(directory.path().join("key"), mode).unwrap();
                Files(directory)
            }

            fn text(&self, keys: &[&str]) -> String {
                let line = |key: &&str| {
                    let path = self.0.path().join(key.trim_end_matches("_file"));
                    format!("{key} = '{}'\n", path.display())
                };
                with(&keys.iter().map(line).collect::<String>())
            }

            fn both(&self) -> String {
                self.text(&["key_file", "certificate_file"])
            }
        }

        #[test]
        fn a_key_comes_with_its_certificate() {
            let files = Files::new(KEY, 0o600, CERTIFICATE);
            let saml = parse(&files.both()).unwrap().saml;
            assert_eq!(saml.key_file.unwrap(), files.0.path().join("key"));
            let certificate = files.0.path().join("certificate");
            assert_eq!(saml.certificate_file.unwrap(), certificate);
            let expected = ["needs certificate_file beside it"];
            assert_eq!(messages(&files.text(&["key_file"])), expected);
            let expected = ["needs key_file beside it"];
            assert_eq!(messages(&files.text(&["certificate_file"])), expected);
        }

        #[test]
        fn a_key_that_others_may_read_is_refused() {
            let files = Files::new(KEY, 0o640, CERTIFICATE);
            let expected = ["others may read or write the file (mode 0640)"];
            assert_eq!(messages(&files.both()), expected);
        }

        #[test]
        fn a_key_is_an_rsa_key_as_pem() {
            let pkcs1 = "-----BEGIN RSA PRIVATE KEY-----\n";
            assert!(parse(&Files::new(pkcs1, 0o600, CERTIFICATE).both()).is_ok());
            for key in [CERTIFICATE, "-----BEGIN EC PRIVATE KEY-----\n", "x"] {
                let files = Files::new(key, 0o600, CERTIFICATE);
                let expected = ["the file holds no PEM private key (RSA)"];
                assert_eq!(messages(&files.both()), expected, "{key}");
            }
        }

        #[test]
        fn an_encrypted_key_is_refused() {
            let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n";
            let files = Files::new(encrypted, 0o600, CERTIFICATE);
            assert_eq!(messages(&files.both()), ["the private key is encrypted"]);
        }

        #[test]
        fn a_certificate_is_pem() {
            let files = Files::new(KEY, 0o600, "x");
            let expected = ["the file holds no PEM certificate"];
            assert_eq!(messages(&files.both()), expected);
        }
    }
}

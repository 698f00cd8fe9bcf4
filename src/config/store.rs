//! `[store]`: what outlives a restart.

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use url::Url;

use super::problems::Fault;
use super::reader::{Reader, words};
use super::schema::{Form, Key, Need, Section};
use super::secrets::secret;

pub(super) const STORE: Section = Section {
    name: "store",
    header: "[store]",
    about: "Where the broker keeps what outlives a restart. One node: an SQLite file. Several nodes: one PostgreSQL, or a distributed engine that speaks its protocol.",
    keys: &[
        Key {
            name: "url",
            form: Form::Text,
            need: Need::Default("\"drawbridge.db\""),
            about: "The path of an SQLite file (`sqlite:` before it is allowed), or `postgres://user@host/database`.",
        },
        Key {
            name: "password",
            form: Form::Text,
            need: Need::Optional,
            about: "The password for PostgreSQL. In the demo alone.",
        },
        Key {
            name: "password_file",
            form: Form::Path,
            need: Need::Optional,
            about: "The file that holds the password for PostgreSQL, readable by the broker's user alone.",
        },
        Key {
            name: "password_env",
            form: Form::Text,
            need: Need::Optional,
            about: "The environment variable that holds the password for PostgreSQL.",
        },
    ],
    reserved: &[],
};

/// Where the store is. The URL may hold a password, which `Debug` leaves out.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// `sqlite:` and the whole path of a file, percent-encoded, or `postgres://` with its password.
    pub url: String,
}

impl StoreConfig {
    /// Whether the store is PostgreSQL rather than a file.
    pub fn is_postgres(&self) -> bool {
        is_postgres(&self.url)
    }
}

impl fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = match Url::parse(&self.url) {
            Ok(mut url) if self.is_postgres() => {
                // Only a URL without a host refuses a password, and then there is none.
                let _ = url.set_password(None);
                // libpq takes a password from the query as well.
                url.set_query(None);
                url.to_string()
            }
            _ if self.is_postgres() => "postgres://".to_owned(),
            _ => self.url.clone(),
        };
        f.debug_struct("StoreConfig").field("url", &shown).finish()
    }
}

/// What a path may hold and the path of a URL may not.
const BEYOND_PATHS: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b'?').add(b'#');

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

pub(super) fn read(store: &Reader<'_>) -> Option<StoreConfig> {
    let password = secret(store, "password");
    let url = store.words("url")?;
    if is_postgres(&url) {
        let mut url = store.text("url", |url| postgres(url, store.reading.demo))?;
        if let Some(password) = password {
            // `postgres` saw the host, so this is never refused.
            let _ = url.set_password(Some(password.expose()));
        }
        return Some(StoreConfig {
            url: url.to_string(),
        });
    }
    if password.is_some() {
        store.refuse("url", "a password is for postgres:// alone");
    }
    let path = store.text("url", |url| sqlite_path(url).map(str::to_owned))?;
    let path = store.reading.resolve(&path).display().to_string();
    let encoded = utf8_percent_encode(&path, BEYOND_PATHS);
    Some(StoreConfig {
        url: format!("sqlite:{encoded}"),
    })
}

fn postgres(text: &str, demo: bool) -> Result<Url, Fault> {
    let url = match Url::parse(text) {
        Ok(url) if url.has_host() => url,
        _ => {
            return Err(Fault::from("is not a URL with a host")
                .hint("for example postgres://user@host/database"));
        }
    };
    let in_query = url.query_pairs().any(|(name, _)| name == "password");
    if (url.password().is_some() || in_query) && !demo {
        return Err(Fault::from("a password may not stand in the configuration")
            .hint("take it out of the URL and use password_file or password_env"));
    }
    Ok(url)
}

fn sqlite_path(text: &str) -> Result<&str, Fault> {
    let path = match text.split_once(':') {
        Some(("sqlite", path)) => path.strip_prefix("//").unwrap_or(path),
        // A drive letter is the only other colon that a path begins with.
        Some((scheme, _)) if scheme.len() > 1 && !scheme.contains(['/', '.']) => {
            return Err(Fault::from("unknown kind of store")
                .hint("it is the path of an SQLite file or a postgres:// URL"));
        }
        _ => text,
    };
    match path {
        "" | ":memory:" => Err("must be the path of a file".into()),
        path => words(path).map(|_| path),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{BASE, messages, parse, parse_demo};

    fn with(store: &str) -> String {
        format!("public_url = 'https://a.example'\n[store]\n{store}")
    }

    #[test]
    fn the_store_is_a_file_beside_the_configuration_by_default() {
        let config = parse("public_url = 'https://a.example'").unwrap();
        assert_eq!(config.store.url, format!("sqlite:{BASE}/drawbridge.db"));
        assert!(!config.store.is_postgres());
    }

    #[test]
    fn every_spelling_of_a_path_is_a_path() {
        for url in ["data/x.db", "sqlite:data/x.db", "sqlite://data/x.db"] {
            let config = parse(&with(&format!("url = '{url}'"))).unwrap();
            assert_eq!(
                config.store.url,
                format!("sqlite:{BASE}/data/x.db"),
                "{url}"
            );
        }
        let config = parse(&with("url = 'sqlite:///var/lib/x.db'")).unwrap();
        assert_eq!(config.store.url, "sqlite:/var/lib/x.db");
    }

    #[test]
    fn a_path_with_signs_of_a_url_stays_a_path() {
        let config = parse(&with("url = '/srv/100%?/a b.db'")).unwrap();
        assert_eq!(config.store.url, "sqlite:/srv/100%25%3F/a%20b.db");
    }

    #[test]
    fn the_password_joins_the_url_and_stays_out_of_debug() {
        let text = with("url = 'postgres://u@db/d?sslmode=require'\npassword_env = 'TEST_SECRET'");
        let config = parse(&text).unwrap();
        assert_eq!(
            config.store.url,
            "postgres://u:from%20the%20environment@db/d?sslmode=require"
        );
        assert_eq!(
            format!("{:?}", config.store),
            r#"StoreConfig { url: "postgres://u@db/d" }"#
        );
    }

    #[test]
    fn a_password_in_the_url_is_refused_outside_the_demo() {
        for url in [
            "postgres://u:s3cr3t@db/d",
            "postgresql://db/d?password=s3cr3t",
        ] {
            let text = with(&format!("url = '{url}'"));
            assert_eq!(
                messages(&text),
                ["a password may not stand in the configuration"]
            );
            assert!(parse_demo(&text).is_ok());
        }
    }

    #[test]
    fn a_password_for_a_file_is_refused() {
        assert_eq!(
            messages(&with("password_env = 'TEST_SECRET'")),
            ["a password is for postgres:// alone"]
        );
    }

    #[test]
    fn other_kinds_of_store_are_refused() {
        for url in ["mysql://db/d", "redis:x", "postgres:/x"] {
            assert_eq!(
                messages(&with(&format!("url = '{url}'"))),
                ["unknown kind of store"],
                "{url}"
            );
        }
        assert_eq!(
            messages(&with("url = 'sqlite::memory:'")),
            ["must be the path of a file"]
        );
        assert_eq!(
            messages(&with("url = 'postgres:///d'")),
            ["is not a URL with a host"]
        );
    }
}

//! Opening the store: from a URL to connection pools.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers};
use sqlx::{AnyPool, Executor};
use url::Url;

use super::{PATIENCE, Store, StoreError};

/// How many connections read an SQLite file at a time. Each has a thread of its own.
const SQLITE_READERS: u32 = 4;

/// How many connections one node keeps to PostgreSQL, whose own default is a hundred for all nodes together.
const POSTGRES_CONNECTIONS: u32 = 16;

/// What every connection to SQLite is told; it forgets it when it closes.
///
/// `synchronous = FULL`: with WAL, `NORMAL` survives a killed process but may lose the last commits with the power.
/// That would give back a used token id or a deleted role after it was acknowledged, so each commit is synced.
/// The busy time-out is shorter than the store's patience, so that a file locked by another process is reported
/// as that and not as silence.
const SQLITE_EACH: &str =
    "PRAGMA busy_timeout = 1500; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;";

/// What the writer is told besides. The journal mode is the file's and stays.
const SQLITE_WRITER: &str = "PRAGMA journal_mode = WAL;";

/// What readers are told besides: a statement that writes belongs on the writer's connection.
const SQLITE_READER: &str = "PRAGMA query_only = ON;";

/// What every connection to PostgreSQL is told, so that the server gives up no later than we do and never keeps
/// locks for a node that has vanished in the middle of a transaction.
const POSTGRES_EACH: &str = "SET statement_timeout = 2000; SET lock_timeout = 1500; \
     SET idle_in_transaction_session_timeout = 5000;";

/// Which database is behind the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// One file, one node.
    Sqlite,
    /// A server that several nodes share.
    Postgres,
}

impl Store {
    /// Opens the store at `sqlite:PATH` (`sqlite:///absolute`, `sqlite:relative`) or `postgres://...`.
    ///
    /// A missing SQLite file is made with mode 0600; one that others can read is refused (SEC-2). No connection is
    /// made yet: a node may start while its database is away, says so in [`Store::ping`], and recovers by itself.
    /// Must be called inside a Tokio runtime.
    pub fn open(url: &str) -> Result<Store, StoreError> {
        install_default_drivers();
        let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
        match scheme {
            "sqlite" => open_sqlite(url),
            "postgres" | "postgresql" => open_postgres(url),
            // The URL is not repeated: it may hold a password.
            _ => Err(unusable(
                "the store's URL begins with neither sqlite: nor postgres://",
            )),
        }
    }
}

/// One connection writes and a few read.
///
/// SQLite lets one connection write at a time whatever we do. With one writer the waiting happens in the pool's
/// queue, in order and without polling the file's lock, and no transaction can find that the lock it hoped to
/// upgrade to is taken. Readers see the last commit meanwhile (WAL).
fn open_sqlite(url: &str) -> Result<Store, StoreError> {
    let path = sqlite_path(url)?;
    make_private(&path)?;
    let options = sqlite_options(&path)?;
    let pool = |connections: u32, more: &'static str| {
        AnyPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(PATIENCE)
            // The test would be a round trip to the connection's thread, and there is no network to fail.
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    connection.execute(SQLITE_EACH).await?;
                    connection.execute(more).await?;
                    Ok(())
                })
            })
            .connect_lazy_with(options.clone())
    };
    Ok(Store {
        engine: Engine::Sqlite,
        writer: pool(1, SQLITE_WRITER),
        reader: pool(SQLITE_READERS, SQLITE_READER),
    })
}

fn open_postgres(url: &str) -> Result<Store, StoreError> {
    let options: AnyConnectOptions = url
        .parse()
        .map_err(|_| unusable("the store's URL is not a valid postgres:// URL"))?;
    let pool: AnyPool = AnyPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .idle_timeout(Some(Duration::from_secs(300)))
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute(POSTGRES_EACH).await?;
                Ok(())
            })
        })
        .connect_lazy_with(options);
    Ok(Store {
        engine: Engine::Postgres,
        writer: pool.clone(),
        reader: pool,
    })
}

/// The file that an `sqlite:` URL names.
fn sqlite_path(url: &str) -> Result<PathBuf, StoreError> {
    let rest = url.strip_prefix("sqlite:").unwrap_or(url);
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    if rest.contains('?') {
        return Err(unusable("the store's sqlite: URL takes no parameters"));
    }
    let path = percent_decode_str(rest)
        .decode_utf8()
        .map_err(|_| unusable("the store's sqlite: URL is not UTF-8"))?;
    if path.is_empty() || path == ":memory:" {
        return Err(unusable(
            "the store's sqlite: URL must name a file: what is kept in memory does not outlive a restart",
        ));
    }
    std::path::absolute(&*path).map_err(|error| file_error(Path::new(&*path), &error))
}

/// The options for a file, as a URL, which is all that the common driver understands.
fn sqlite_options(path: &Path) -> Result<AnyConnectOptions, StoreError> {
    let mut url = Url::from_file_path(path)
        .map_err(|()| unusable("the store's path cannot be written as a URL"))?
        .to_string();
    url.replace_range(.."file".len(), "sqlite");
    // `rw`: the file is there, with the right mode. One that vanishes is reported, never silently begun anew.
    url.push_str("?mode=rw");
    url.parse().map_err(StoreError::from)
}

/// Makes the file readable and writable by its owner alone, or refuses one that is not.
/// SQLite gives the files beside it (`-wal`, `-shm`) the same mode.
fn make_private(path: &Path) -> Result<(), StoreError> {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let mode = fs::metadata(path)
                .map_err(|error| file_error(path, &error))?
                .permissions()
                .mode();
            if mode & 0o077 == 0 {
                return Ok(());
            }
            Err(StoreError::Unusable(format!(
                "{} holds secrets, but others can use it (mode {:o}): chmod 600 it",
                path.display(),
                mode & 0o777
            )))
        }
        Err(error) => Err(file_error(path, &error)),
    }
}

fn file_error(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Unusable(format!("{}: {error}", path.display()))
}

fn unusable(why: &str) -> StoreError {
    StoreError::Unusable(why.to_owned())
}

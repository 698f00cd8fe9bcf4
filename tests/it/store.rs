//! The store on both engines: its contract, and what it does when its database fails it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use drawbridge::store::accounts::Account;
use drawbridge::store::conformance::conformance;
use drawbridge::store::{Engine, Store, StoreError};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::postgres::Postgres;

/// What a door promises: a refusal within two seconds.
const TWO_SECONDS: Duration = Duration::from_secs(2);

fn sqlite_url(directory: &TempDir) -> String {
    format!("sqlite://{}", directory.path().join("store.db").display())
}

fn dev() -> Account {
    Account {
        id: "111111111111".to_owned(),
        name: "dev".to_owned(),
    }
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_contract() {
    let directory = TempDir::new().unwrap();
    let url = sqlite_url(&directory);
    conformance(|| async { Store::open(&url).unwrap() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_keeps_the_contract() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let url = server.url();
    conformance(|| async { Store::open(&url).unwrap() }).await;
}

#[tokio::test]
async fn a_new_sqlite_store_belongs_to_its_owner_alone() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("a name with ? and %20 and ü.db");
    let name = path
        .to_str()
        .unwrap()
        .replace('%', "%25")
        .replace('?', "%3F");
    let store = Store::open(&format!("sqlite://{name}")).unwrap();
    store.migrate().await.unwrap();
    assert_eq!(store.engine(), Engine::Sqlite);
    assert_eq!(mode(&path), 0o600);
    let files: Vec<_> = directory.path().read_dir().unwrap().flatten().collect();
    assert_eq!(
        files.len(),
        3,
        "the database, its log and its index: {files:?}"
    );
    for file in files {
        assert_eq!(mode(&file.path()), 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn an_sqlite_store_that_others_can_read_is_refused() {
    let directory = TempDir::new().unwrap();
    let url = sqlite_url(&directory);
    let path = directory.path().join("store.db");
    Store::open(&url).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let refusal = Store::open(&url).unwrap_err();
    assert!(matches!(refusal, StoreError::Unusable(_)), "{refusal:?}");
    assert!(
        refusal.to_string().contains("(mode 640): chmod 600"),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_url_that_names_no_store_is_refused_without_repeating_it() {
    for (url, why) in [
        ("mysql://root:hunter2@db/x", "neither sqlite: nor postgres:"),
        ("drawbridge.db", "neither sqlite: nor postgres:"),
        ("sqlite::memory:", "must name a file"),
        ("sqlite:", "must name a file"),
        ("sqlite:x.db?mode=ro", "takes no parameters"),
        (
            "postgres://u:hunter2@[::1/db",
            "not a valid postgres:// URL",
        ),
        ("sqlite:///nowhere/at/all/x.db", "No such file"),
    ] {
        let refusal = Store::open(url).unwrap_err();
        assert!(matches!(refusal, StoreError::Unusable(_)), "{refusal:?}");
        assert!(refusal.to_string().contains(why), "{url}: {refusal}");
        assert!(!format!("{refusal:?}").contains("hunter2"), "{refusal:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_sqlite_store_may_be_migrated_by_several_at_once() {
    let directory = TempDir::new().unwrap();
    let url = sqlite_url(&directory);
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let store = Store::open(&url).unwrap();
        all.spawn(async move { store.migrate().await });
    }
    for done in all.join_all().await {
        done.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_store_may_be_migrated_by_several_at_once() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let store = Store::open(&server.url()).unwrap();
        all.spawn(async move { store.migrate().await });
    }
    for done in all.join_all().await {
        done.unwrap();
    }
}

#[tokio::test]
async fn a_store_without_tables_is_unavailable() {
    let directory = TempDir::new().unwrap();
    let store = Store::open(&sqlite_url(&directory)).unwrap();
    assert_unavailable(&store, "without tables").await;
}

#[tokio::test]
async fn an_sqlite_file_locked_by_another_process_is_unavailable_in_time() {
    let directory = TempDir::new().unwrap();
    let url = sqlite_url(&directory);
    let store = Store::open(&url).unwrap();
    store.migrate().await.unwrap();
    let mut other = sqlx_connection(&url).await;
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    assert_unavailable(&store, "locked").await;
    // Reading goes on.
    assert!(store.accounts().await.unwrap().is_empty());
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    store.put_account(&dev()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crashed_postgresql_is_unavailable_in_time_and_the_store_recovers_by_itself() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let store = Store::open(&server.url()).unwrap();
    store.migrate().await.unwrap();
    store.put_account(&dev()).await.unwrap();
    server.crash().unwrap();
    assert_unavailable(&store, "crashed").await;
    server.resume().unwrap();
    store.ping().await.unwrap();
    assert_eq!(store.accounts().await.unwrap(), [dev()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_postgresql_is_unavailable_in_time_and_the_store_recovers_by_itself() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let (port, silent) = between(server.port()).await;
    let store = Store::open(&server.url_through(port)).unwrap();
    store.migrate().await.unwrap();
    store.put_account(&dev()).await.unwrap();
    silent.store(true, Ordering::SeqCst);
    // More often than there are connections: none may be lost to waiting.
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let store = store.clone();
        all.spawn(async move { assert_unavailable(&store, "silent").await });
    }
    all.join_all().await;
    silent.store(false, Ordering::SeqCst);
    store.ping().await.unwrap();
    assert_eq!(store.accounts().await.unwrap(), [dev()]);
}

#[tokio::test]
async fn a_store_may_be_opened_while_its_database_is_away() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = port.local_addr().unwrap().port();
    let store = Store::open(&format!("postgres://u@127.0.0.1:{port}/db")).unwrap();
    assert_eq!(store.engine(), Engine::Postgres);
    assert_unavailable(&store, "away").await;
}

/// Asserts that the store says so, in time.
async fn assert_unavailable(store: &Store, when: &str) {
    let start = Instant::now();
    let answer = store.ping().await;
    let took = start.elapsed();
    assert!(
        matches!(answer, Err(StoreError::Unavailable(_))),
        "{when}: {answer:?}"
    );
    assert!(took < TWO_SECONDS, "{when}: {took:?}");
}

async fn sqlx_connection(url: &str) -> sqlx::AnyConnection {
    <sqlx::AnyConnection as sqlx::Connection>::connect(url)
        .await
        .unwrap()
}

/// A wire to the server that can fall silent: what is sent is neither passed on nor refused.
async fn between(server: u16) -> (u16, Arc<AtomicBool>) {
    let silent = Arc::new(AtomicBool::new(false));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let switch = silent.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else {
                continue;
            };
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            tokio::spawn(pass_on(from_client, to_server, switch.clone()));
            tokio::spawn(pass_on(from_server, to_client, switch.clone()));
        }
    });
    (port, silent)
}

async fn pass_on(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    silent: Arc<AtomicBool>,
) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        while silent.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

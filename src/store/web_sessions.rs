//! Web sessions of the portal: the storage side of tower-sessions.
//!
//! The database learns as little as it can (WEB-1): the SHA-256 of the session's id, a body that was sealed before
//! it came here, and when the row may be deleted. Whoever reads the table can take over no session. Whoever writes
//! to it can not hand a session to another id or make it live longer either: id and expiry are in the sealed body
//! too, and are compared.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use sqlx::Row;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, ExpiredDeletion, Result};
use tower_sessions::{SessionStore, session_store};

use super::{Store, StoreError};
use crate::clock::Clock;

/// Seals a body before it is stored.
pub type Seal = dyn Fn(&[u8]) -> Vec<u8> + Send + Sync;

/// Opens a sealed body; nothing if it is not one of ours.
pub type Open = dyn Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync;

/// How many ids to try when a new session's id is taken. With 128 random bits one is enough; a generator that
/// repeats itself must end as an error, not as a loop.
const TRIES: usize = 3;

/// Where the portal's sessions are kept.
#[derive(Clone)]
pub struct WebSessionStore {
    store: Store,
    clock: Arc<dyn Clock>,
    seal: Arc<Seal>,
    open: Arc<Open>,
}

impl WebSessionStore {
    /// Sessions in `store`, sealed and opened by whoever keeps the keys.
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        seal: Arc<Seal>,
        open: Arc<Open>,
    ) -> WebSessionStore {
        WebSessionStore {
            store,
            clock,
            seal,
            open,
        }
    }

    fn sealed(&self, record: &Record) -> Result<Vec<u8>> {
        let body = serde_json::to_vec(record).map_err(|error| Error::Encode(error.to_string()))?;
        Ok((self.seal)(&body))
    }
}

impl fmt::Debug for WebSessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSessionStore").finish_non_exhaustive()
    }
}

#[async_trait]
impl SessionStore for WebSessionStore {
    /// Stores a new session, under another id if this one is taken.
    async fn create(&self, record: &mut Record) -> Result<()> {
        for _ in 0..TRIES {
            let statement = sqlx::query(
                "INSERT INTO web_session (id_hash, body, expires_at) VALUES ($1, $2, $3)
                 ON CONFLICT (id_hash) DO NOTHING",
            )
            .bind(id_hash(&record.id))
            .bind(self.sealed(record)?)
            .bind(record.expiry_date.unix_timestamp());
            if self.store.write(statement).await? == 1 {
                return Ok(());
            }
            record.id = Id::default();
        }
        Err(Error::Backend("no free session id was found".to_owned()))
    }

    /// Stores the new state of a session that is still there.
    ///
    /// Never an upsert: a request that began before the sign-out and ends after it would bring the session back.
    async fn save(&self, record: &Record) -> Result<()> {
        let statement =
            sqlx::query("UPDATE web_session SET body = $1, expires_at = $2 WHERE id_hash = $3")
                .bind(self.sealed(record)?)
                .bind(record.expiry_date.unix_timestamp())
                .bind(id_hash(&record.id));
        self.store.write(statement).await?;
        Ok(())
    }

    /// The session with this id, while the present is before its expiry. A body that does not open (its key
    /// was retired), does not parse, or belongs to another id is no session: the person signs in again.
    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let statement =
            sqlx::query("SELECT body FROM web_session WHERE id_hash = $1").bind(id_hash(id));
        let Some(row) = self.store.read_one(statement).await? else {
            return Ok(None);
        };
        let sealed: &[u8] = row.try_get("body").map_err(StoreError::from)?;
        let record = (self.open)(sealed).and_then(|body| serde_json::from_slice(&body).ok());
        Ok(record
            .filter(|record: &Record| record.id == *id && self.clock.now() < record.expiry_date))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let statement = sqlx::query("DELETE FROM web_session WHERE id_hash = $1").bind(id_hash(id));
        self.store.write(statement).await?;
        Ok(())
    }
}

#[async_trait]
impl ExpiredDeletion for WebSessionStore {
    async fn delete_expired(&self) -> Result<()> {
        let statement =
            sqlx::query("DELETE FROM web_session WHERE expires_at <= $1").bind(self.clock.unix());
        self.store.write(statement).await?;
        Ok(())
    }
}

impl From<StoreError> for session_store::Error {
    fn from(error: StoreError) -> session_store::Error {
        // The whole chain: tower-sessions logs this text and answers 500 without it.
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        Error::Backend(text)
    }
}

fn id_hash(id: &Id) -> Vec<u8> {
    Sha256::digest(id.0.to_le_bytes()).to_vec()
}

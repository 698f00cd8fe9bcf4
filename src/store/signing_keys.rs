//! Keys that Drawbridge signs its own tokens with.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::row::{FromRow, all};
use super::{Store, StoreError};

/// A signing key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSigningKey {
    /// Our name for it: of several nodes that make the same key, one wins.
    pub id: String,
    /// `RS256` or `ES384` for tokens; `saml-sp` or `saml-idp` for a key with its certificate.
    pub algorithm: String,
    /// The PKCS #8 document, sealed by whoever keeps the key ring.
    pub sealed_key: Vec<u8>,
    /// Seconds since 1970.
    pub created_at: i64,
}

impl FromRow for StoredSigningKey {
    fn from_row(row: &AnyRow) -> Result<StoredSigningKey, StoreError> {
        Ok(StoredSigningKey {
            id: row.try_get("id")?,
            algorithm: row.try_get("algorithm")?,
            sealed_key: row.try_get("sealed_key")?,
            created_at: row.try_get("created_at")?,
        })
    }
}

impl Store {
    /// Adds a key. It decides about nobody's access, so no version moves.
    ///
    /// [`StoreError::AlreadyExists`]: there is a key of this id.
    pub async fn create_signing_key(&self, key: &StoredSigningKey) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO signing_key (id, algorithm, sealed_key, created_at) VALUES ($1, $2, $3, $4)",
        )
        .bind(&key.id)
        .bind(&key.algorithm)
        .bind(key.sealed_key.as_slice())
        .bind(key.created_at);
        self.write(statement).await?;
        Ok(())
    }

    /// All keys that are not retired, the oldest first.
    pub async fn signing_keys(&self) -> Result<Vec<StoredSigningKey>, StoreError> {
        let statement = sqlx::query("SELECT * FROM signing_key WHERE retired_at IS NULL");
        let mut keys: Vec<StoredSigningKey> = all(self.read(statement).await?)?;
        keys.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(keys)
    }

    /// Retires a key for good: its private half is erased, and its id stays taken.
    ///
    /// [`StoreError::NotFound`]: there is no such key, or it is retired. [`StoreError::Conflict`]: it is the last one
    /// of its algorithm.
    pub async fn retire_signing_key(&self, id: &str, now: i64) -> Result<(), StoreError> {
        // One after the other: two that retire each other's successor would leave none.
        let mut change = self.change().await?;
        let none: &[u8] = &[];
        let retire = sqlx::query(
            "UPDATE signing_key SET retired_at = $2, sealed_key = $3
             WHERE id = $1 AND retired_at IS NULL",
        );
        if change.run(retire.bind(id).bind(now).bind(none)).await? == 0 {
            return Err(StoreError::NotFound);
        }
        let left = sqlx::query(
            "SELECT id FROM signing_key WHERE retired_at IS NULL
             AND algorithm = (SELECT algorithm FROM signing_key WHERE id = $1)",
        );
        match change.finds(left.bind(id)).await? {
            true => change.commit().await,
            false => Err(StoreError::Conflict),
        }
    }
}

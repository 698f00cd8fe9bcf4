//! Which key ring sealed what is stored here.
//!
//! Starting with another ring would leave every sealed secret unreadable and would seal new ones beside them that
//! the first ring cannot read, so a node compares before it does anything else.

use sqlx::Row;

use super::{Store, StoreError};

const NAME: &str = "key_ring_fingerprint";

impl Store {
    /// Binds the store to a key ring, if it is bound to none. Several nodes may start at once: one binds, the
    /// others compare. Another ring is a [`StoreError::Conflict`].
    pub async fn bind_key_ring(&self, fingerprint: &str) -> Result<(), StoreError> {
        self.write(
            sqlx::query("INSERT INTO store_fact (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
                .bind(NAME)
                .bind(fingerprint),
        )
        .await?;
        match self.key_ring_fingerprint().await? {
            Some(bound) if bound == fingerprint => Ok(()),
            _ => Err(StoreError::Conflict),
        }
    }

    /// The fingerprint of the ring this store is bound to.
    pub async fn key_ring_fingerprint(&self) -> Result<Option<String>, StoreError> {
        let row = self
            .read_one(sqlx::query("SELECT value FROM store_fact WHERE name = $1").bind(NAME))
            .await?;
        Ok(row.map(|row| row.try_get("value")).transpose()?)
    }

    /// Binds the store to the successor of its ring: after a key was added or retired, when the fingerprint says so.
    /// A ring other than `old` is a [`StoreError::Conflict`].
    pub async fn rebind_key_ring(&self, old: &str, new: &str) -> Result<(), StoreError> {
        let statement =
            sqlx::query("UPDATE store_fact SET value = $1 WHERE name = $2 AND value = $3")
                .bind(new)
                .bind(NAME)
                .bind(old);
        match self.write(statement).await? {
            0 => Err(StoreError::Conflict),
            _ => Ok(()),
        }
    }
}

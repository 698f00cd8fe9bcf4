//! Values that count once: token and assertion ids that may be *seen* once, login states and codes that may be
//! *taken* once.
//!
//! Both races are settled by the database in one statement, so of several nodes exactly one wins. Keys are hashes
//! that the caller makes: a login state is a secret until it is used, and an assertion id may be of any length.

use std::time::Duration;

use sqlx::Row;

use super::{Store, StoreError};

/// How long after its expiry a used value is still remembered.
///
/// The obvious purge, at expiry, opens a replay hole: a token is accepted a little after its expiry (clock skew),
/// and a node whose clock once jumped a day ahead would make all the others forget what is still valid. A day and an
/// hour covers the jump and the skew; whatever expired longer ago is refused without being looked up.
pub const REMEMBERED_AFTER_EXPIRY: Duration = Duration::from_secs(25 * 3600);

/// The hash of a key: SHA-256 of what identifies the value within its kind.
pub type KeyHash = [u8; 32];

impl Store {
    /// Marks a value as used: `true` for the first caller, `false` for everyone after, on any node.
    ///
    /// A value may be used again only when it was purged; by then `use_once` answers `false` because of its expiry.
    pub async fn use_once(
        &self,
        kind: &str,
        key: &KeyHash,
        expires_at: i64,
        now: i64,
    ) -> Result<bool, StoreError> {
        if forgotten(expires_at, now) {
            return Ok(false);
        }
        let statement = sqlx::query(
            "INSERT INTO used_value (kind, key_hash, expires_at) VALUES ($1, $2, $3)
             ON CONFLICT (kind, key_hash) DO NOTHING",
        )
        .bind(kind)
        .bind(key.as_slice())
        .bind(expires_at);
        Ok(self.write(statement).await? == 1)
    }

    /// Whether a value was marked as used, on any node.
    pub async fn was_used(&self, kind: &str, key: &KeyHash) -> Result<bool, StoreError> {
        let statement =
            sqlx::query("SELECT kind FROM used_value WHERE kind = $1 AND key_hash = $2")
                .bind(kind)
                .bind(key.as_slice());
        Ok(self.read_one(statement).await?.is_some())
    }

    /// Keeps a value that [`Store::take_once`] hands out once, until `expires_at`. The body is opaque; seal it when
    /// it holds a secret.
    ///
    /// [`StoreError::AlreadyExists`]: the key is taken, so it was not random.
    pub async fn put_once(
        &self,
        kind: &str,
        key: &KeyHash,
        body: &[u8],
        expires_at: i64,
    ) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO pending_value (kind, key_hash, body, expires_at) VALUES ($1, $2, $3, $4)",
        )
        .bind(kind)
        .bind(key.as_slice())
        .bind(body)
        .bind(expires_at);
        self.write(statement).await?;
        Ok(())
    }

    /// Takes a value: the body for the first caller, if it has not expired; nothing ever after.
    ///
    /// A value is good while `now` is before its expiry. One taken too late is gone as well.
    pub async fn take_once(
        &self,
        kind: &str,
        key: &KeyHash,
        now: i64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let statement = sqlx::query(
            "DELETE FROM pending_value WHERE kind = $1 AND key_hash = $2 RETURNING body, expires_at",
        )
        .bind(kind)
        .bind(key.as_slice());
        let rows = self.write_returning(statement).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let expires_at: i64 = row.try_get("expires_at")?;
        match now < expires_at {
            true => Ok(Some(row.try_get("body")?)),
            false => Ok(None),
        }
    }

    /// Deletes what no longer matters: pending values that have expired, and used ones that expired longer than
    /// [`REMEMBERED_AFTER_EXPIRY`] ago. Says how many.
    pub async fn purge_once(&self, now: i64) -> Result<u64, StoreError> {
        let used = sqlx::query("DELETE FROM used_value WHERE expires_at < $1").bind(horizon(now));
        let pending = sqlx::query("DELETE FROM pending_value WHERE expires_at <= $1").bind(now);
        Ok(self.write(used).await? + self.write(pending).await?)
    }
}

/// What expired before this moment is forgotten; what expired at it is not.
fn horizon(now: i64) -> i64 {
    now.saturating_sub_unsigned(REMEMBERED_AFTER_EXPIRY.as_secs())
}

fn forgotten(expires_at: i64, now: i64) -> bool {
    expires_at < horizon(now)
}

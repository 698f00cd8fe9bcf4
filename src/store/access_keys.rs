//! Long-lived access keys.
//!
//! Signature Version 4 needs the secret itself, so it cannot be hashed: it arrives sealed under the key ring, with
//! the key's id as associated data (SEC-2), and leaves as it came.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::row::{FromRow, all, flag, optional};
use super::{Store, StoreError};

/// Who signs with a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeyOwner {
    /// The root of the key's account.
    Root,
    /// A user, by its unique id.
    User(String),
}

/// An access key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// `AKIA...`
    pub id: String,
    /// The account it belongs to.
    pub account: String,
    /// Who signs with it.
    pub principal: KeyOwner,
    /// The secret, sealed by whoever keeps the key ring.
    pub sealed_secret: Vec<u8>,
    /// Whether it may be used.
    pub active: bool,
    /// Seconds since 1970.
    pub created_at: i64,
}

impl FromRow for AccessKey {
    fn from_row(row: &AnyRow) -> Result<AccessKey, StoreError> {
        let user: Option<String> = row.try_get("user_id")?;
        Ok(AccessKey {
            id: row.try_get("id")?,
            account: row.try_get("account")?,
            principal: user.map_or(KeyOwner::Root, KeyOwner::User),
            sealed_secret: row.try_get("sealed_secret")?,
            active: row.try_get::<i64, _>("active")? != 0,
            created_at: row.try_get("created_at")?,
        })
    }
}

impl Store {
    /// Adds an access key, to an owner that has at most `most` of them then.
    ///
    /// [`StoreError::AlreadyExists`]: the id is taken. [`StoreError::Conflict`]: the owner has enough keys.
    /// [`StoreError::NotFound`]: there is no such account or user, or the user belongs to another account.
    pub async fn create_access_key(
        &self,
        access_key: &AccessKey,
        most: usize,
    ) -> Result<(), StoreError> {
        let user = match &access_key.principal {
            KeyOwner::Root => None,
            KeyOwner::User(unique_id) => Some(unique_id.as_str()),
        };
        let mut change = self.change().await?;
        if let Some(unique_id) = user {
            let belongs = change
                .finds(
                    sqlx::query(
                        "SELECT unique_id FROM iam_user WHERE unique_id = $1 AND account = $2",
                    )
                    .bind(unique_id)
                    .bind(&access_key.account),
                )
                .await?;
            if !belongs {
                return Err(StoreError::NotFound);
            }
        }
        change
            .run(
                sqlx::query(
                    "INSERT INTO access_key (id, account, user_id, sealed_secret, active, created_at)
                     VALUES ($1, $2, $3, $4, $5, $6)",
                )
                .bind(&access_key.id)
                .bind(&access_key.account)
                .bind(user)
                .bind(access_key.sealed_secret.as_slice())
                .bind(flag(access_key.active))
                .bind(access_key.created_at),
            )
            .await?;
        let of_owner = match user {
            Some(unique_id) => {
                sqlx::query("SELECT COUNT(*) AS n FROM access_key WHERE user_id = $1")
                    .bind(unique_id)
            }
            None => sqlx::query(
                "SELECT COUNT(*) AS n FROM access_key WHERE account = $1 AND user_id IS NULL",
            )
            .bind(&access_key.account),
        };
        change.must_fit(of_owner, most).await?;
        change.commit().await
    }

    /// The access key with exactly this id.
    pub async fn access_key(&self, id: &str) -> Result<Option<AccessKey>, StoreError> {
        optional(
            self.read_one(sqlx::query("SELECT * FROM access_key WHERE id = $1").bind(id))
                .await?,
        )
    }

    /// The access keys of an account, the oldest first.
    pub async fn access_keys(&self, account: &str) -> Result<Vec<AccessKey>, StoreError> {
        let statement = sqlx::query("SELECT * FROM access_key WHERE account = $1").bind(account);
        Ok(by_age(all(self.read(statement).await?)?))
    }

    /// The access keys of one owner, the oldest first.
    pub async fn access_keys_of(
        &self,
        account: &str,
        owner: &KeyOwner,
    ) -> Result<Vec<AccessKey>, StoreError> {
        let statement = match owner {
            KeyOwner::Root => {
                sqlx::query("SELECT * FROM access_key WHERE account = $1 AND user_id IS NULL")
                    .bind(account)
            }
            KeyOwner::User(unique_id) => {
                sqlx::query("SELECT * FROM access_key WHERE account = $1 AND user_id = $2")
                    .bind(account)
                    .bind(unique_id)
            }
        };
        Ok(by_age(all(self.read(statement).await?)?))
    }

    /// Switches a key on or off.
    pub async fn set_access_key_active(&self, id: &str, active: bool) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let changed = change
            .run(
                sqlx::query("UPDATE access_key SET active = $1 WHERE id = $2")
                    .bind(flag(active))
                    .bind(id),
            )
            .await?;
        if changed == 0 {
            return Err(StoreError::NotFound);
        }
        change.commit().await
    }

    /// Deletes a key, and with it when it was last used.
    pub async fn delete_access_key(&self, id: &str) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        change
            .run(sqlx::query("DELETE FROM last_use WHERE kind = 'access_key' AND id = $1").bind(id))
            .await?;
        let deleted = change
            .run(sqlx::query("DELETE FROM access_key WHERE id = $1").bind(id))
            .await?;
        if deleted == 0 {
            return Err(StoreError::NotFound);
        }
        change.commit().await
    }
}

fn by_age(mut keys: Vec<AccessKey>) -> Vec<AccessKey> {
    keys.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    keys
}

//! Which users have a console password. The password itself is nowhere: nothing here can be signed in with.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::row::{FromRow, flag, optional};
use super::{Store, StoreError};

/// That a user has a console password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginProfile {
    /// The user's unique id.
    pub user_id: String,
    /// Whether the user must choose another password first.
    pub reset_required: bool,
    /// Seconds since 1970.
    pub created_at: i64,
}

impl FromRow for LoginProfile {
    fn from_row(row: &AnyRow) -> Result<LoginProfile, StoreError> {
        Ok(LoginProfile {
            user_id: row.try_get("user_id")?,
            reset_required: row.try_get::<i64, _>("reset_required")? != 0,
            created_at: row.try_get("created_at")?,
        })
    }
}

impl Store {
    /// Notes that a user has a password.
    ///
    /// [`StoreError::AlreadyExists`]: it has one. [`StoreError::NotFound`]: there is no such user.
    pub async fn create_login_profile(&self, profile: &LoginProfile) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        change
            .run(
                sqlx::query(
                    "INSERT INTO login_profile (user_id, reset_required, created_at) VALUES ($1, $2, $3)",
                )
                .bind(&profile.user_id)
                .bind(flag(profile.reset_required))
                .bind(profile.created_at),
            )
            .await?;
        change.commit().await
    }

    /// The login profile of a user, by its unique id.
    pub async fn login_profile(&self, user_id: &str) -> Result<Option<LoginProfile>, StoreError> {
        let statement = sqlx::query("SELECT * FROM login_profile WHERE user_id = $1").bind(user_id);
        optional(self.read_one(statement).await?)
    }

    /// Notes whether the user must choose another password.
    pub async fn set_reset_required(
        &self,
        user_id: &str,
        reset_required: bool,
    ) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let changed = change
            .run(
                sqlx::query("UPDATE login_profile SET reset_required = $1 WHERE user_id = $2")
                    .bind(flag(reset_required))
                    .bind(user_id),
            )
            .await?;
        if changed == 0 {
            return Err(StoreError::NotFound);
        }
        change.commit().await
    }

    /// Notes that a user has no password any more.
    pub async fn delete_login_profile(&self, user_id: &str) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let deleted = change
            .run(sqlx::query("DELETE FROM login_profile WHERE user_id = $1").bind(user_id))
            .await?;
        if deleted == 0 {
            return Err(StoreError::NotFound);
        }
        change.commit().await
    }
}

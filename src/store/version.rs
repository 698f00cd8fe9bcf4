//! The version of everything that decides about access.

use sqlx::Row;

use super::{Store, StoreError};

impl Store {
    /// A number that has increased whenever accounts, roles, users, policies, access keys, identity providers or
    /// revocations have changed.
    ///
    /// Whoever caches what it read asks for the version *before* reading: then what it holds is at least as new as
    /// the version it remembers.
    pub async fn version(&self) -> Result<i64, StoreError> {
        let row = self
            .read_one(sqlx::query("SELECT value FROM iam_version WHERE id = 1"))
            .await?
            .ok_or(StoreError::NotFound)?;
        Ok(row.try_get("value")?)
    }
}

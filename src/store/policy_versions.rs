//! The versions of managed policies, one of which is in force.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::row::{FromRow, all, optional};
use super::statement::Change;
use super::{Store, StoreError};

/// A version of a managed policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyVersion {
    /// 1 for `v1`; a number is not used again after its version was deleted.
    pub version: i64,
    /// The document byte for byte as it was sent.
    pub document: String,
    /// Seconds since 1970.
    pub created_at: i64,
}

impl FromRow for PolicyVersion {
    fn from_row(row: &AnyRow) -> Result<PolicyVersion, StoreError> {
        Ok(PolicyVersion {
            version: row.try_get("version")?,
            document: row.try_get("document")?,
            created_at: row.try_get("created_at")?,
        })
    }
}

impl Store {
    /// Adds a version to a policy under the next number and answers that number.
    ///
    /// [`StoreError::NotFound`]: there is no such policy.
    /// [`StoreError::Conflict`]: it has `most` versions already.
    pub async fn create_policy_version(
        &self,
        arn: &str,
        document: &str,
        in_force: bool,
        most: usize,
        now: i64,
    ) -> Result<i64, StoreError> {
        let mut change = self.change().await?;
        let rows = change
            .rows(sqlx::query("SELECT latest_version FROM managed_policy WHERE arn = $1").bind(arn))
            .await?;
        let row = rows.first().ok_or(StoreError::NotFound)?;
        let mut latest: i64 = row.try_get("latest_version")?;
        let rows = change
            .rows(sqlx::query("SELECT version FROM policy_version WHERE policy_arn = $1").bind(arn))
            .await?;
        if rows.len() >= most {
            return Err(StoreError::Conflict);
        }
        for row in &rows {
            latest = latest.max(row.try_get("version")?);
        }
        let version = latest + 1;
        change
            .insert_policy_version(
                arn,
                &PolicyVersion {
                    version,
                    document: document.to_owned(),
                    created_at: now,
                },
            )
            .await?;
        change
            .run(
                sqlx::query(
                    "UPDATE managed_policy SET latest_version = $1, updated_at = $2 WHERE arn = $3",
                )
                .bind(version)
                .bind(now)
                .bind(arn),
            )
            .await?;
        if in_force {
            change.set_default_version(arn, version).await?;
        }
        change.commit().await?;
        Ok(version)
    }

    /// The versions of a policy, the newest first.
    pub async fn policy_versions(&self, arn: &str) -> Result<Vec<PolicyVersion>, StoreError> {
        let statement =
            sqlx::query("SELECT * FROM policy_version WHERE policy_arn = $1 ORDER BY version DESC")
                .bind(arn);
        all(self.read(statement).await?)
    }

    /// One version of a policy.
    pub async fn policy_version(
        &self,
        arn: &str,
        version: i64,
    ) -> Result<Option<PolicyVersion>, StoreError> {
        let statement =
            sqlx::query("SELECT * FROM policy_version WHERE policy_arn = $1 AND version = $2")
                .bind(arn)
                .bind(version);
        optional(self.read_one(statement).await?)
    }

    /// Puts a version in force.
    ///
    /// [`StoreError::NotFound`]: there is no such version.
    pub async fn set_default_policy_version(
        &self,
        arn: &str,
        version: i64,
        now: i64,
    ) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let there = change
            .finds(
                sqlx::query(
                    "SELECT version FROM policy_version WHERE policy_arn = $1 AND version = $2",
                )
                .bind(arn)
                .bind(version),
            )
            .await?;
        if !there {
            return Err(StoreError::NotFound);
        }
        change.set_default_version(arn, version).await?;
        change
            .run(
                sqlx::query("UPDATE managed_policy SET updated_at = $1 WHERE arn = $2")
                    .bind(now)
                    .bind(arn),
            )
            .await?;
        change.commit().await
    }

    /// Deletes a version that is not in force.
    ///
    /// [`StoreError::NotFound`]: there is no such version.
    /// [`StoreError::Conflict`]: it is the one in force.
    pub async fn delete_policy_version(&self, arn: &str, version: i64) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let in_force = change
            .finds(
                sqlx::query(
                    "SELECT arn FROM managed_policy WHERE arn = $1 AND default_version = $2",
                )
                .bind(arn)
                .bind(version),
            )
            .await?;
        if in_force {
            return Err(StoreError::Conflict);
        }
        let deleted = change
            .run(
                sqlx::query("DELETE FROM policy_version WHERE policy_arn = $1 AND version = $2")
                    .bind(arn)
                    .bind(version),
            )
            .await?;
        if deleted == 0 {
            return Err(StoreError::NotFound);
        }
        change.commit().await
    }
}

impl Change {
    pub(super) async fn insert_policy_version(
        &mut self,
        arn: &str,
        version: &PolicyVersion,
    ) -> Result<(), StoreError> {
        self.run(
            sqlx::query(
                "INSERT INTO policy_version (policy_arn, version, document, created_at)
                 VALUES ($1, $2, $3, $4)",
            )
            .bind(arn)
            .bind(version.version)
            .bind(&version.document)
            .bind(version.created_at),
        )
        .await?;
        Ok(())
    }

    async fn set_default_version(&mut self, arn: &str, version: i64) -> Result<(), StoreError> {
        self.run(
            sqlx::query("UPDATE managed_policy SET default_version = $1 WHERE arn = $2")
                .bind(version)
                .bind(arn),
        )
        .await?;
        Ok(())
    }
}

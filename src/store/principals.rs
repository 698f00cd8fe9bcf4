//! Users and roles as trust policies name them: by ARN when one is saved, by unique id ever after.

use sqlx::Row;

use super::row::key;
use super::{Store, StoreError};

impl Store {
    /// The unique id of the user or role with exactly this ARN, in whatever account.
    pub async fn principal_id(&self, arn: &str) -> Result<Option<String>, StoreError> {
        let statement = sqlx::query(
            "SELECT unique_id FROM iam_user WHERE arn_key = $1 AND arn = $2
             UNION ALL SELECT unique_id FROM iam_role WHERE arn_key = $1 AND arn = $2",
        )
        .bind(key(arn))
        .bind(arn);
        let row = self.read_one(statement).await?;
        Ok(row.map(|row| row.try_get("unique_id")).transpose()?)
    }

    /// The ARN that the user or role with this unique id has now; `None` once it is gone.
    pub async fn principal_arn(&self, unique_id: &str) -> Result<Option<String>, StoreError> {
        let statement = sqlx::query(
            "SELECT arn FROM iam_user WHERE unique_id = $1
             UNION ALL SELECT arn FROM iam_role WHERE unique_id = $1",
        )
        .bind(unique_id);
        let row = self.read_one(statement).await?;
        Ok(row.map(|row| row.try_get("arn")).transpose()?)
    }
}

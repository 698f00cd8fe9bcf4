//! When an access key or a role was last used. It decides about nothing, so it moves no version.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::row::{FromRow, optional};
use super::{Store, StoreError};

/// What was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UseKind {
    /// A long-term access key, by its id.
    AccessKey,
    /// A role, by its unique id.
    Role,
}

impl UseKind {
    /// The word in the database.
    fn word(self) -> &'static str {
        match self {
            UseKind::AccessKey => "access_key",
            UseKind::Role => "role",
        }
    }
}

/// A use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUse {
    /// Seconds since 1970.
    pub at: i64,
    /// `eu-central-1`
    pub region: String,
    /// `sts`
    pub service: String,
}

impl FromRow for LastUse {
    fn from_row(row: &AnyRow) -> Result<LastUse, StoreError> {
        Ok(LastUse {
            at: row.try_get("used_at")?,
            region: row.try_get("region")?,
            service: row.try_get("service")?,
        })
    }
}

impl Store {
    /// Notes a use, unless a later one is known.
    pub async fn note_use(&self, kind: UseKind, id: &str, one: &LastUse) -> Result<(), StoreError> {
        self.write(
            sqlx::query(
                "INSERT INTO last_use (kind, id, used_at, region, service) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (kind, id)
                 DO UPDATE SET used_at = excluded.used_at, region = excluded.region, service = excluded.service
                 WHERE last_use.used_at <= excluded.used_at",
            )
            .bind(kind.word())
            .bind(id)
            .bind(one.at)
            .bind(&one.region)
            .bind(&one.service),
        )
        .await?;
        Ok(())
    }

    /// The latest use that was noted.
    pub async fn last_use(&self, kind: UseKind, id: &str) -> Result<Option<LastUse>, StoreError> {
        let statement = sqlx::query("SELECT * FROM last_use WHERE kind = $1 AND id = $2")
            .bind(kind.word())
            .bind(id);
        optional(self.read_one(statement).await?)
    }
}

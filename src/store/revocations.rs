//! Sessions that were cut off.
//!
//! Session tokens are verified without asking the store, so cutting one off is a rule that every node holds in its
//! cache: what was issued to this one before that moment is worth nothing any more.

use std::str::FromStr;

use sqlx::Row;
use sqlx::any::AnyRow;

use super::row::{FromRow, all};
use super::{Store, StoreError};

/// What the id of a revocation names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RevocationKind {
    /// One session, by its own id.
    Session,
    /// Everything issued to one person or user.
    Principal,
    /// Every session of one role.
    Role,
    /// Everything that rests on evidence of one identity provider.
    Idp,
}

impl RevocationKind {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            RevocationKind::Session => "session",
            RevocationKind::Principal => "principal",
            RevocationKind::Role => "role",
            RevocationKind::Idp => "idp",
        }
    }
}

impl FromStr for RevocationKind {
    type Err = StoreError;

    fn from_str(word: &str) -> Result<RevocationKind, StoreError> {
        match word {
            "session" => Ok(RevocationKind::Session),
            "principal" => Ok(RevocationKind::Principal),
            "role" => Ok(RevocationKind::Role),
            "idp" => Ok(RevocationKind::Idp),
            _ => Err(StoreError::Unavailable(
                "a revocation of a kind that this version does not know".into(),
            )),
        }
    }
}

/// A cut: what was issued to `id` before `issued_before` is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// What `id` names.
    pub kind: RevocationKind,
    /// Who or what is cut off.
    pub id: String,
    /// Refused is what was issued strictly before this moment, in seconds since 1970.
    pub issued_before: i64,
    /// Who did it, for the list that people read.
    pub revoked_by: String,
    /// When it was done, in seconds since 1970.
    pub revoked_at: i64,
}

impl FromRow for Revocation {
    fn from_row(row: &AnyRow) -> Result<Revocation, StoreError> {
        Ok(Revocation {
            kind: row.try_get::<&str, _>("kind")?.parse()?,
            id: row.try_get("id")?,
            issued_before: row.try_get("issued_before")?,
            revoked_by: row.try_get("revoked_by")?,
            revoked_at: row.try_get("revoked_at")?,
        })
    }
}

impl Store {
    /// Cuts off what was issued to `id` before `issued_before`.
    ///
    /// A second cut never gives back what the first one took: the later moment stands, and its author with it.
    pub async fn revoke(&self, revocation: &Revocation) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        change
            .run(
                sqlx::query(
                    "INSERT INTO revocation (kind, id, issued_before, revoked_by, revoked_at)
                     VALUES ($1, $2, $3, $4, $5)
                     ON CONFLICT (kind, id) DO UPDATE SET issued_before = excluded.issued_before,
                         revoked_by = excluded.revoked_by, revoked_at = excluded.revoked_at
                     WHERE revocation.issued_before < excluded.issued_before",
                )
                .bind(revocation.kind.as_str())
                .bind(&revocation.id)
                .bind(revocation.issued_before)
                .bind(&revocation.revoked_by)
                .bind(revocation.revoked_at),
            )
            .await?;
        change.commit().await
    }

    /// All cuts, the latest first.
    pub async fn revocations(&self) -> Result<Vec<Revocation>, StoreError> {
        let rows = self.read(sqlx::query(
            "SELECT kind, id, issued_before, revoked_by, revoked_at FROM revocation",
        ));
        let mut revocations: Vec<Revocation> = all(rows.await?)?;
        revocations.sort_by(|a, b| {
            (b.issued_before, a.kind, &a.id).cmp(&(a.issued_before, b.kind, &b.id))
        });
        Ok(revocations)
    }

    /// Forgets cuts that have nothing left to cut: the caller knows how long the longest session lives, and names
    /// the moment before which no living session was issued. Says how many were forgotten.
    pub async fn forget_revocations(&self, issued_before: i64) -> Result<u64, StoreError> {
        let mut change = self.change().await?;
        let forgotten = change
            .run(
                sqlx::query("DELETE FROM revocation WHERE issued_before <= $1").bind(issued_before),
            )
            .await?;
        if forgotten > 0 {
            change.commit().await?;
        }
        Ok(forgotten)
    }
}

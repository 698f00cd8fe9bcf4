//! Metadata of the SAML identity providers that people sign in with, as it was last fetched.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::row::{FromRow, optional};
use super::{Store, StoreError};

/// A metadata document that could be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdpMetadata {
    /// The `[[idp]]` entry.
    pub idp: String,
    /// Where it came from: of an entry that was pointed elsewhere, what is stored counts no more.
    pub source: String,
    /// Byte for byte.
    pub document: String,
    /// Seconds since 1970.
    pub fetched_at: i64,
}

impl FromRow for IdpMetadata {
    fn from_row(row: &AnyRow) -> Result<IdpMetadata, StoreError> {
        Ok(IdpMetadata {
            idp: row.try_get("idp")?,
            source: row.try_get("source")?,
            document: row.try_get("document")?,
            fetched_at: row.try_get("fetched_at")?,
        })
    }
}

impl Store {
    /// What is kept for an entry.
    pub async fn idp_metadata(&self, idp: &str) -> Result<Option<IdpMetadata>, StoreError> {
        let statement = sqlx::query("SELECT * FROM idp_metadata WHERE idp = $1").bind(idp);
        optional(self.read_one(statement).await?)
    }

    /// Keeps a document in place of the one before, unless that was fetched later. It decides about nobody's access
    /// to the STS, so no version moves.
    pub async fn put_idp_metadata(&self, metadata: &IdpMetadata) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO idp_metadata (idp, source, document, fetched_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (idp) DO UPDATE
             SET source = excluded.source, document = excluded.document, fetched_at = excluded.fetched_at
             WHERE idp_metadata.fetched_at <= excluded.fetched_at",
        )
        .bind(&metadata.idp)
        .bind(&metadata.source)
        .bind(&metadata.document)
        .bind(metadata.fetched_at);
        self.write(statement).await?;
        Ok(())
    }
}

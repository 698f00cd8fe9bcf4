//! What can go wrong in the store.

use std::error::Error;

use sqlx::error::ErrorKind;

/// Why the store did not do what was asked.
///
/// A row that may be missing is an `Option` in the answers of the reading methods; [`StoreError::NotFound`] is for
/// changes to something that is not there. The texts are for the log: a client gets the words of its door.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What should be changed, or what the change refers to, is not there.
    #[error("no such row")]
    NotFound,
    /// Something with this name, id or alias is there already.
    #[error("the row exists already")]
    AlreadyExists,
    /// The change contradicts what is stored: something still depends on the row, or another value was bound first.
    #[error("the change conflicts with what is stored")]
    Conflict,
    /// The store cannot be opened as it is: a bad URL, a file that others can read, tables of a newer version.
    /// Waiting does not help; somebody must mend it.
    #[error("{0}")]
    Unusable(String),
    /// The database did not do its work in time, or failed at it. Nothing may be issued on the strength of an
    /// answer that did not come. A change that ends like this was not acknowledged; it may or may not be there.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// The database did not answer within the store's patience.
    pub(super) fn too_slow() -> StoreError {
        StoreError::Unavailable("the database did not answer in time".into())
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        let Some(refusal) = error.as_database_error() else {
            return StoreError::Unavailable(error.into());
        };
        match refusal.kind() {
            ErrorKind::UniqueViolation => StoreError::AlreadyExists,
            // Deletions look for what depends on the row before they delete, so this is always a missing parent.
            ErrorKind::ForeignKeyViolation => StoreError::NotFound,
            _ => StoreError::Unavailable(error.into()),
        }
    }
}

impl From<serde_json::Error> for StoreError {
    /// Text that this store wrote and that does not parse any more: damage, not a client's mistake.
    fn from(error: serde_json::Error) -> StoreError {
        StoreError::Unavailable(error.into())
    }
}

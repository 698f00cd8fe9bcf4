//! Between columns and values: what the engines do not share is written the plain way.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::any::AnyRow;

use super::StoreError;

/// Something that is stored as one row.
pub(super) trait FromRow: Sized {
    /// Reads it from the columns of its table.
    fn from_row(row: &AnyRow) -> Result<Self, StoreError>;
}

/// All of them.
pub(super) fn all<T: FromRow>(rows: Vec<AnyRow>) -> Result<Vec<T>, StoreError> {
    rows.iter().map(T::from_row).collect()
}

/// The one that may be there.
pub(super) fn optional<T: FromRow>(row: Option<AnyRow>) -> Result<Option<T>, StoreError> {
    row.as_ref().map(T::from_row).transpose()
}

/// The form in which names that ignore case are compared. IAM's names are ASCII; other characters keep their case,
/// as they would in AWS, where no such name can be made.
pub(super) fn key(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// A flag as a column.
pub(super) fn flag(value: bool) -> i64 {
    i64::from(value)
}

/// A list as a column.
pub(super) fn to_text<T: Serialize>(value: &T) -> Result<String, StoreError> {
    Ok(serde_json::to_string(value)?)
}

/// A list from a column.
pub(super) fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    Ok(serde_json::from_str(text)?)
}

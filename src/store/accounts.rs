//! Accounts of the embedded STS.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::row::{FromRow, all, optional};
use super::{Store, StoreError};

/// An account: twelve digits and the name people call it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// What people call it, `dev` for instance.
    pub name: String,
}

impl FromRow for Account {
    fn from_row(row: &AnyRow) -> Result<Account, StoreError> {
        Ok(Account {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
        })
    }
}

impl Store {
    /// Adds an account, or renames the one with this id.
    pub async fn put_account(&self, account: &Account) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        change
            .run(
                sqlx::query(
                    "INSERT INTO account (id, name) VALUES ($1, $2)
                     ON CONFLICT (id) DO UPDATE SET name = excluded.name",
                )
                .bind(&account.id)
                .bind(&account.name),
            )
            .await?;
        change.commit().await
    }

    /// The account with this id.
    pub async fn account(&self, id: &str) -> Result<Option<Account>, StoreError> {
        optional(
            self.read_one(sqlx::query("SELECT id, name FROM account WHERE id = $1").bind(id))
                .await?,
        )
    }

    /// All accounts, by id.
    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let mut accounts: Vec<Account> = all(self
            .read(sqlx::query("SELECT id, name FROM account"))
            .await?)?;
        accounts.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(accounts)
    }
}

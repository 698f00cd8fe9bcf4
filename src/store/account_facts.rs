//! Aliases and settings of accounts.

use sqlx::Row;

use super::{Store, StoreError};

/// Whether an account may make tokens for other people's services: the value is `enabled`.
pub const OUTBOUND_WEB_IDENTITY: &str = "outbound_web_identity";
/// Which tokens the global endpoint of an account issues: `v1Token` or `v2Token`.
pub const GLOBAL_TOKEN_VERSION: &str = "global_token_version";
/// The credential report of an account, as JSON with the moment it was written.
pub const CREDENTIAL_REPORT: &str = "credential_report";
/// What passwords of an account must be, as JSON.
pub const PASSWORD_POLICY: &str = "password_policy";

impl Store {
    /// What is known of an account under a name.
    pub async fn account_fact(
        &self,
        account: &str,
        name: &str,
    ) -> Result<Option<String>, StoreError> {
        let statement =
            sqlx::query("SELECT value FROM account_fact WHERE account = $1 AND name = $2")
                .bind(account)
                .bind(name);
        let row = self.read_one(statement).await?;
        row.map(|row| Ok(row.try_get("value")?)).transpose()
    }

    /// Keeps a fact, in place of what was there under its name.
    ///
    /// [`StoreError::NotFound`]: there is no such account.
    pub async fn put_account_fact(
        &self,
        account: &str,
        name: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        change
            .run(
                sqlx::query(
                    "INSERT INTO account_fact (account, name, value) VALUES ($1, $2, $3)
                     ON CONFLICT (account, name) DO UPDATE SET value = excluded.value",
                )
                .bind(account)
                .bind(name)
                .bind(value),
            )
            .await?;
        change.commit().await
    }

    /// Keeps a fact that must be new.
    ///
    /// [`StoreError::AlreadyExists`]: there is something under its name.
    pub async fn create_account_fact(
        &self,
        account: &str,
        name: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        change
            .run(
                sqlx::query("INSERT INTO account_fact (account, name, value) VALUES ($1, $2, $3)")
                    .bind(account)
                    .bind(name)
                    .bind(value),
            )
            .await?;
        change.commit().await
    }

    /// Forgets a fact.
    ///
    /// [`StoreError::NotFound`]: there is nothing under its name.
    pub async fn delete_account_fact(&self, account: &str, name: &str) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let deleted = change
            .run(
                sqlx::query("DELETE FROM account_fact WHERE account = $1 AND name = $2")
                    .bind(account)
                    .bind(name),
            )
            .await?;
        match deleted {
            0 => Err(StoreError::NotFound),
            _ => change.commit().await,
        }
    }

    /// The alias of an account.
    pub async fn account_alias(&self, account: &str) -> Result<Option<String>, StoreError> {
        let statement =
            sqlx::query("SELECT alias FROM account_alias WHERE account = $1").bind(account);
        let row = self.read_one(statement).await?;
        row.map(|row| Ok(row.try_get("alias")?)).transpose()
    }

    /// Gives an account an alias, in place of the one it has.
    ///
    /// [`StoreError::AlreadyExists`]: it is the alias of another account.
    pub async fn put_account_alias(&self, account: &str, alias: &str) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        change
            .run(
                sqlx::query(
                    "INSERT INTO account_alias (account, alias) VALUES ($1, $2)
                     ON CONFLICT (account) DO UPDATE SET alias = excluded.alias",
                )
                .bind(account)
                .bind(alias),
            )
            .await?;
        change.commit().await
    }

    /// Takes an alias from its account.
    ///
    /// [`StoreError::NotFound`]: it is not the alias of this account.
    pub async fn delete_account_alias(&self, account: &str, alias: &str) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let deleted = change
            .run(
                sqlx::query("DELETE FROM account_alias WHERE account = $1 AND alias = $2")
                    .bind(account)
                    .bind(alias),
            )
            .await?;
        match deleted {
            0 => Err(StoreError::NotFound),
            _ => change.commit().await,
        }
    }
}

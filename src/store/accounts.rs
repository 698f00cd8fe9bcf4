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

/// How much there is in an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccountCounts {
    /// Users.
    pub users: i64,
    /// Groups.
    pub groups: i64,
    /// Roles.
    pub roles: i64,
    /// Instance profiles.
    pub instance_profiles: i64,
    /// Managed policies of its own.
    pub policies: i64,
    /// All versions of these.
    pub policy_versions: i64,
    /// OIDC and SAML providers.
    pub providers: i64,
    /// Virtual MFA devices.
    pub mfa_devices: i64,
    /// Those that somebody has.
    pub mfa_devices_in_use: i64,
    /// Access keys of its root.
    pub root_access_keys: i64,
}

impl FromRow for AccountCounts {
    fn from_row(row: &AnyRow) -> Result<AccountCounts, StoreError> {
        Ok(AccountCounts {
            users: row.try_get("users")?,
            groups: row.try_get("user_groups")?,
            roles: row.try_get("roles")?,
            instance_profiles: row.try_get("instance_profiles")?,
            policies: row.try_get("policies")?,
            policy_versions: row.try_get("policy_versions")?,
            providers: row.try_get("providers")?,
            mfa_devices: row.try_get("mfa_devices")?,
            mfa_devices_in_use: row.try_get("mfa_devices_in_use")?,
            root_access_keys: row.try_get("root_access_keys")?,
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

    /// How much there is in an account.
    pub async fn account_counts(&self, id: &str) -> Result<AccountCounts, StoreError> {
        let statement = sqlx::query(
            "SELECT
                 (SELECT COUNT(*) FROM iam_user WHERE account = $1) AS users,
                 (SELECT COUNT(*) FROM iam_group WHERE account = $1) AS user_groups,
                 (SELECT COUNT(*) FROM iam_role WHERE account = $1) AS roles,
                 (SELECT COUNT(*) FROM instance_profile WHERE account = $1) AS instance_profiles,
                 (SELECT COUNT(*) FROM managed_policy WHERE account = $1) AS policies,
                 (SELECT COUNT(*) FROM policy_version v JOIN managed_policy p ON p.arn = v.policy_arn
                     WHERE p.account = $1) AS policy_versions,
                 (SELECT COUNT(*) FROM oidc_provider WHERE account = $1)
                     + (SELECT COUNT(*) FROM saml_provider WHERE account = $1) AS providers,
                 (SELECT COUNT(*) FROM mfa_device WHERE account = $1) AS mfa_devices,
                 (SELECT COUNT(*) FROM mfa_device WHERE account = $1 AND user_id IS NOT NULL)
                     AS mfa_devices_in_use,
                 (SELECT COUNT(*) FROM access_key WHERE account = $1 AND user_id IS NULL)
                     AS root_access_keys",
        )
        .bind(id);
        let counts: Option<AccountCounts> = optional(self.read_one(statement).await?)?;
        Ok(counts.unwrap_or_default())
    }
}

//! Roles of the embedded STS.
//!
//! Names and ARNs are found ignoring case, as IAM does; aliases are Drawbridge's own and exact.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::inline_policies::PolicyOwner;
use super::row::{FromRow, all, flag, from_text, key, optional, to_text};
use super::{Engine, Store, StoreError};

/// A role as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The account it belongs to.
    pub account: String,
    /// `Developer`; unique in the account, ignoring case.
    pub name: String,
    /// `/`, or `/teams/a/`.
    pub path: String,
    /// `AROA...`, never used again for another role.
    pub unique_id: String,
    /// The whole ARN, path included.
    pub arn: String,
    /// Who may assume it: the document byte for byte as it was sent.
    pub trust_policy: String,
    /// What people say about it; may be empty.
    pub description: String,
    /// The longest session, in seconds.
    pub max_session_duration: i64,
    /// The ARN of the managed policy that bounds it.
    pub permissions_boundary: Option<String>,
    /// Its short name in Drawbridge, `dev/Developer`; unique in the whole store, case and all.
    pub alias: Option<String>,
    /// Whether people should see that this one is serious.
    pub production: bool,
    /// Whether a verified caller who names the alias may learn the failing condition.
    pub explain: bool,
    /// Tags, in the order they were given.
    pub tags: Vec<(String, String)>,
    /// Seconds since 1970.
    pub created_at: i64,
    /// The users and roles that the trust policy names, each ARN with the unique id it had when the policy was saved
    /// (policy.md section 6.6).
    pub trust_principals: Vec<(String, String)>,
}

impl FromRow for Role {
    fn from_row(row: &AnyRow) -> Result<Role, StoreError> {
        Ok(Role {
            account: row.try_get("account")?,
            name: row.try_get("name")?,
            path: row.try_get("path")?,
            unique_id: row.try_get("unique_id")?,
            arn: row.try_get("arn")?,
            trust_policy: row.try_get("trust_policy")?,
            description: row.try_get("description")?,
            max_session_duration: row.try_get("max_session_duration")?,
            permissions_boundary: row.try_get("permissions_boundary")?,
            alias: row.try_get("alias")?,
            production: row.try_get::<i64, _>("production")? != 0,
            explain: row.try_get::<i64, _>("explainable")? != 0,
            tags: from_text(row.try_get("tags")?)?,
            created_at: row.try_get("created_at")?,
            trust_principals: from_text(row.try_get("trust_principals")?)?,
        })
    }
}

impl Store {
    /// Adds a role.
    ///
    /// [`StoreError::AlreadyExists`]: the name (ignoring case) is taken in the account, or the alias anywhere.
    /// [`StoreError::NotFound`]: there is no such account.
    pub async fn create_role(&self, role: &Role) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        change
            .run(
                sqlx::query(
                    "INSERT INTO iam_role (unique_id, account, name, name_key, path, arn, arn_key, trust_policy,
                         description, max_session_duration, permissions_boundary, alias, production, explainable,
                         tags, created_at, trust_principals)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
                )
                .bind(&role.unique_id)
                .bind(&role.account)
                .bind(&role.name)
                .bind(key(&role.name))
                .bind(&role.path)
                .bind(&role.arn)
                .bind(key(&role.arn))
                .bind(&role.trust_policy)
                .bind(&role.description)
                .bind(role.max_session_duration)
                .bind(role.permissions_boundary.as_deref())
                .bind(role.alias.as_deref())
                .bind(flag(role.production))
                .bind(flag(role.explain))
                .bind(to_text(&role.tags)?)
                .bind(role.created_at)
                .bind(to_text(&role.trust_principals)?),
            )
            .await?;
        change.commit().await
    }

    /// The role with this ARN, ignoring case.
    pub async fn role_by_arn(&self, arn: &str) -> Result<Option<Role>, StoreError> {
        let statement = sqlx::query("SELECT * FROM iam_role WHERE arn_key = $1").bind(key(arn));
        optional(self.read_one(statement).await?)
    }

    /// The role of this account with this name, ignoring case.
    pub async fn role_by_name(
        &self,
        account: &str,
        name: &str,
    ) -> Result<Option<Role>, StoreError> {
        let statement = sqlx::query("SELECT * FROM iam_role WHERE account = $1 AND name_key = $2")
            .bind(account)
            .bind(key(name));
        optional(self.read_one(statement).await?)
    }

    /// The role with exactly this alias.
    pub async fn role_by_alias(&self, alias: &str) -> Result<Option<Role>, StoreError> {
        let statement = sqlx::query("SELECT * FROM iam_role WHERE alias = $1").bind(alias);
        optional(self.read_one(statement).await?)
    }

    /// The role with this unique id.
    pub async fn role_by_id(&self, unique_id: &str) -> Result<Option<Role>, StoreError> {
        let statement = sqlx::query("SELECT * FROM iam_role WHERE unique_id = $1").bind(unique_id);
        optional(self.read_one(statement).await?)
    }

    /// How many roles an account has.
    pub async fn role_count(&self, account: &str) -> Result<i64, StoreError> {
        let statement = sqlx::query("SELECT COUNT(*) AS number FROM iam_role WHERE account = $1");
        let row = self.read_one(statement.bind(account)).await?;
        Ok(row.ok_or(StoreError::NotFound)?.try_get("number")?)
    }

    /// At most `most` roles of an account under a path, by name ignoring case, beginning after the name `after`.
    ///
    /// An account may have a hundred thousand roles, and somebody who lists them asks for page after page: only a page
    /// is read. The order is that of the bytes, as everywhere; PostgreSQL must be told so.
    pub async fn roles_after(
        &self,
        account: &str,
        path_prefix: &str,
        after: &str,
        most: usize,
    ) -> Result<Vec<Role>, StoreError> {
        let text = match self.engine() {
            Engine::Sqlite => {
                "SELECT * FROM iam_role
                 WHERE account = $1 AND substr(path, 1, length($2)) = $2 AND name_key > $3
                 ORDER BY name_key LIMIT $4"
            }
            Engine::Postgres => {
                r#"SELECT * FROM iam_role
                 WHERE account = $1 AND substr(path, 1, length($2)) = $2 AND name_key COLLATE "C" > $3
                 ORDER BY name_key COLLATE "C" LIMIT $4"#
            }
        };
        let statement = sqlx::query(text)
            .bind(account)
            .bind(path_prefix)
            .bind(key(after))
            .bind(i64::try_from(most).unwrap_or(i64::MAX));
        all(self.read(statement).await?)
    }

    /// The roles of an account, by name ignoring case.
    pub async fn roles(&self, account: &str) -> Result<Vec<Role>, StoreError> {
        let statement = sqlx::query("SELECT * FROM iam_role WHERE account = $1").bind(account);
        let mut roles: Vec<Role> = all(self.read(statement).await?)?;
        roles.sort_by_key(|role| key(&role.name));
        Ok(roles)
    }

    /// Changes a role: hands what is stored *now* to `change_role`, in a transaction that no other change can enter,
    /// and stores what it made of it, so that two changes at once are both kept. An error of `change_role` leaves
    /// everything as it was.
    ///
    /// What identifies a role (account, name, path, ids, creation) stays, whatever `change_role` did to it.
    pub async fn update_role<E: From<StoreError>>(
        &self,
        account: &str,
        name: &str,
        change_role: impl FnOnce(&mut Role) -> Result<(), E> + Send,
    ) -> Result<Role, E> {
        let mut change = self.change().await?;
        let rows = change
            .rows(
                sqlx::query("SELECT * FROM iam_role WHERE account = $1 AND name_key = $2")
                    .bind(account)
                    .bind(key(name)),
            )
            .await?;
        let stored = Role::from_row(rows.first().ok_or(StoreError::NotFound)?)?;
        let mut changed = stored.clone();
        change_role(&mut changed)?;
        let role = Role {
            account: stored.account,
            name: stored.name,
            path: stored.path,
            unique_id: stored.unique_id,
            arn: stored.arn,
            created_at: stored.created_at,
            ..changed
        };
        change
            .run(
                sqlx::query(
                    "UPDATE iam_role SET trust_policy = $1, description = $2, max_session_duration = $3,
                         permissions_boundary = $4, alias = $5, production = $6, explainable = $7, tags = $8,
                         trust_principals = $9
                     WHERE unique_id = $10",
                )
                .bind(&role.trust_policy)
                .bind(&role.description)
                .bind(role.max_session_duration)
                .bind(role.permissions_boundary.as_deref())
                .bind(role.alias.as_deref())
                .bind(flag(role.production))
                .bind(flag(role.explain))
                .bind(to_text(&role.tags)?)
                .bind(to_text(&role.trust_principals)?)
                .bind(&role.unique_id),
            )
            .await?;
        change.commit().await?;
        Ok(role)
    }

    /// Deletes a role.
    ///
    /// [`StoreError::Conflict`]: it still has inline or attached policies or is in an instance profile, which IAM wants
    /// removed first.
    pub async fn delete_role(&self, account: &str, name: &str) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let rows = change
            .rows(
                sqlx::query("SELECT unique_id FROM iam_role WHERE account = $1 AND name_key = $2")
                    .bind(account)
                    .bind(key(name)),
            )
            .await?;
        let row = rows.first().ok_or(StoreError::NotFound)?;
        let unique_id: String = row.try_get("unique_id")?;
        let owner = PolicyOwner::Role(unique_id.clone());
        let in_profile = change
            .finds(
                sqlx::query("SELECT unique_id FROM instance_profile WHERE role_id = $1")
                    .bind(&unique_id),
            )
            .await?;
        if in_profile || change.owns_policies(&owner).await? {
            return Err(StoreError::Conflict);
        }
        change
            .run(sqlx::query("DELETE FROM iam_role WHERE unique_id = $1").bind(&unique_id))
            .await?;
        change.commit().await
    }
}

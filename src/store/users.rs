//! IAM users of the embedded STS.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::row::{FromRow, all, from_text, key, optional, to_text};
use super::{Store, StoreError};

/// A user as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The account it belongs to.
    pub account: String,
    /// Unique in the account, ignoring case.
    pub name: String,
    /// `/`, or `/teams/a/`.
    pub path: String,
    /// `AIDA...`, never used again for another user.
    pub unique_id: String,
    /// The whole ARN, path included.
    pub arn: String,
    /// The ARN of the managed policy that bounds it.
    pub permissions_boundary: Option<String>,
    /// Tags, in the order they were given.
    pub tags: Vec<(String, String)>,
    /// Seconds since 1970.
    pub created_at: i64,
}

impl FromRow for User {
    fn from_row(row: &AnyRow) -> Result<User, StoreError> {
        Ok(User {
            account: row.try_get("account")?,
            name: row.try_get("name")?,
            path: row.try_get("path")?,
            unique_id: row.try_get("unique_id")?,
            arn: row.try_get("arn")?,
            permissions_boundary: row.try_get("permissions_boundary")?,
            tags: from_text(row.try_get("tags")?)?,
            created_at: row.try_get("created_at")?,
        })
    }
}

impl Store {
    /// Adds a user, to an account that has at most `most` of them then.
    ///
    /// [`StoreError::AlreadyExists`]: the name (ignoring case) is taken in the account.
    /// [`StoreError::Conflict`]: the account is full. [`StoreError::NotFound`]: there is no such account.
    pub async fn create_user(&self, user: &User, most: usize) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        change
            .run(
                sqlx::query(
                    "INSERT INTO iam_user (unique_id, account, name, name_key, path, arn, arn_key,
                         permissions_boundary, tags, created_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                )
                .bind(&user.unique_id)
                .bind(&user.account)
                .bind(&user.name)
                .bind(key(&user.name))
                .bind(&user.path)
                .bind(&user.arn)
                .bind(key(&user.arn))
                .bind(user.permissions_boundary.as_deref())
                .bind(to_text(&user.tags)?)
                .bind(user.created_at),
            )
            .await?;
        let all = sqlx::query("SELECT COUNT(*) AS n FROM iam_user WHERE account = $1");
        change.must_fit(all.bind(&user.account), most).await?;
        change.commit().await
    }

    /// The user with this unique id, as an access key names it.
    pub async fn user(&self, unique_id: &str) -> Result<Option<User>, StoreError> {
        let statement = sqlx::query("SELECT * FROM iam_user WHERE unique_id = $1").bind(unique_id);
        optional(self.read_one(statement).await?)
    }

    /// The user of this account with this name, ignoring case.
    pub async fn user_by_name(
        &self,
        account: &str,
        name: &str,
    ) -> Result<Option<User>, StoreError> {
        let statement = sqlx::query("SELECT * FROM iam_user WHERE account = $1 AND name_key = $2")
            .bind(account)
            .bind(key(name));
        optional(self.read_one(statement).await?)
    }

    /// The users of an account, by name ignoring case.
    pub async fn users(&self, account: &str) -> Result<Vec<User>, StoreError> {
        let statement = sqlx::query("SELECT * FROM iam_user WHERE account = $1").bind(account);
        let mut users: Vec<User> = all(self.read(statement).await?)?;
        users.sort_by_key(|user| key(&user.name));
        Ok(users)
    }

    /// Changes a user's name, path, ARN, boundary or tags: hands what is stored now to `change_user` and stores what
    /// it made of it, as [`Store::update_role`] does. The account, the unique id and the creation stay.
    pub async fn update_user<E: From<StoreError>>(
        &self,
        account: &str,
        name: &str,
        change_user: impl FnOnce(&mut User) -> Result<(), E> + Send,
    ) -> Result<User, E> {
        let mut change = self.change().await?;
        let rows = change
            .rows(
                sqlx::query("SELECT * FROM iam_user WHERE account = $1 AND name_key = $2")
                    .bind(account)
                    .bind(key(name)),
            )
            .await?;
        let stored = User::from_row(rows.first().ok_or(StoreError::NotFound)?)?;
        let mut changed = stored.clone();
        change_user(&mut changed)?;
        let user = User {
            account: stored.account,
            unique_id: stored.unique_id,
            created_at: stored.created_at,
            ..changed
        };
        change
            .run(
                sqlx::query(
                    "UPDATE iam_user SET name = $1, name_key = $2, path = $3, arn = $4, arn_key = $5,
                         permissions_boundary = $6, tags = $7
                     WHERE unique_id = $8",
                )
                .bind(&user.name)
                .bind(key(&user.name))
                .bind(&user.path)
                .bind(&user.arn)
                .bind(key(&user.arn))
                .bind(user.permissions_boundary.as_deref())
                .bind(to_text(&user.tags)?)
                .bind(&user.unique_id),
            )
            .await?;
        change.commit().await?;
        Ok(user)
    }

    /// Deletes a user.
    ///
    /// [`StoreError::Conflict`]: something hangs on it that IAM wants removed first; [`Store::tie_of_user`] says what.
    pub async fn delete_user(&self, account: &str, name: &str) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let rows = change
            .rows(
                sqlx::query("SELECT unique_id FROM iam_user WHERE account = $1 AND name_key = $2")
                    .bind(account)
                    .bind(key(name)),
            )
            .await?;
        let row = rows.first().ok_or(StoreError::NotFound)?;
        let unique_id: String = row.try_get("unique_id")?;
        change.user_must_be_free(&unique_id).await?;
        change
            .run(sqlx::query("DELETE FROM iam_user WHERE unique_id = $1").bind(&unique_id))
            .await?;
        change.commit().await
    }
}

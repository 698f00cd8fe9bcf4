//! Groups of users of the embedded STS, and who is in them.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::row::{FromRow, all, key, optional};
use super::users::User;
use super::{Store, StoreError};

/// A group as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The account it belongs to.
    pub account: String,
    /// Unique in the account, ignoring case.
    pub name: String,
    /// `/`, or `/teams/a/`.
    pub path: String,
    /// `AGPA...`, never used again for another group.
    pub unique_id: String,
    /// The whole ARN, path included.
    pub arn: String,
    /// Seconds since 1970.
    pub created_at: i64,
}

impl FromRow for Group {
    fn from_row(row: &AnyRow) -> Result<Group, StoreError> {
        Ok(Group {
            account: row.try_get("account")?,
            name: row.try_get("name")?,
            path: row.try_get("path")?,
            unique_id: row.try_get("unique_id")?,
            arn: row.try_get("arn")?,
            created_at: row.try_get("created_at")?,
        })
    }
}

impl Store {
    /// Adds a group, to an account that has at most `most` of them then.
    ///
    /// [`StoreError::AlreadyExists`]: the name (ignoring case) is taken in the account.
    /// [`StoreError::Conflict`]: the account is full. [`StoreError::NotFound`]: there is no such account.
    pub async fn create_group(&self, group: &Group, most: usize) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        change
            .run(
                sqlx::query(
                    "INSERT INTO iam_group (unique_id, account, name, name_key, path, arn, arn_key, created_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                )
                .bind(&group.unique_id)
                .bind(&group.account)
                .bind(&group.name)
                .bind(key(&group.name))
                .bind(&group.path)
                .bind(&group.arn)
                .bind(key(&group.arn))
                .bind(group.created_at),
            )
            .await?;
        let all = sqlx::query("SELECT COUNT(*) AS n FROM iam_group WHERE account = $1");
        change.must_fit(all.bind(&group.account), most).await?;
        change.commit().await
    }

    /// The group of this account with this name, ignoring case.
    pub async fn group_by_name(
        &self,
        account: &str,
        name: &str,
    ) -> Result<Option<Group>, StoreError> {
        let statement = sqlx::query("SELECT * FROM iam_group WHERE account = $1 AND name_key = $2")
            .bind(account)
            .bind(key(name));
        optional(self.read_one(statement).await?)
    }

    /// The groups of an account, by name ignoring case.
    pub async fn groups(&self, account: &str) -> Result<Vec<Group>, StoreError> {
        let statement = sqlx::query("SELECT * FROM iam_group WHERE account = $1").bind(account);
        Ok(by_name(all(self.read(statement).await?)?))
    }

    /// Gives a group another name and path, and with them another ARN. Its id, its policies and its users stay.
    ///
    /// [`StoreError::AlreadyExists`]: the name belongs to another group. [`StoreError::NotFound`]: the group is gone.
    pub async fn move_group(
        &self,
        unique_id: &str,
        name: &str,
        path: &str,
        arn: &str,
    ) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let changed = change
            .run(
                sqlx::query(
                    "UPDATE iam_group SET name = $1, name_key = $2, path = $3, arn = $4, arn_key = $5
                     WHERE unique_id = $6",
                )
                .bind(name)
                .bind(key(name))
                .bind(path)
                .bind(arn)
                .bind(key(arn))
                .bind(unique_id),
            )
            .await?;
        if changed == 0 {
            return Err(StoreError::NotFound);
        }
        change.commit().await
    }

    /// Deletes a group.
    ///
    /// [`StoreError::Conflict`]: it still has users or policies; [`Store::tie_of_group`] says which.
    pub async fn delete_group(&self, unique_id: &str) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        change.group_must_be_free(unique_id).await?;
        let deleted = change
            .run(sqlx::query("DELETE FROM iam_group WHERE unique_id = $1").bind(unique_id))
            .await?;
        if deleted == 0 {
            return Err(StoreError::NotFound);
        }
        change.commit().await
    }

    /// Puts a user into a group, where the user is in at most `most` groups then; doing it twice does nothing.
    ///
    /// [`StoreError::Conflict`]: the user is in enough groups. [`StoreError::NotFound`]: one of the two is not there.
    pub async fn add_to_group(
        &self,
        group_id: &str,
        user_id: &str,
        most: usize,
    ) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let added = change
            .run(
                sqlx::query(
                    "INSERT INTO group_member (group_id, user_id) VALUES ($1, $2)
                     ON CONFLICT (group_id, user_id) DO NOTHING",
                )
                .bind(group_id)
                .bind(user_id),
            )
            .await?;
        if added == 0 {
            return Ok(());
        }
        let groups = sqlx::query("SELECT COUNT(*) AS n FROM group_member WHERE user_id = $1");
        change.must_fit(groups.bind(user_id), most).await?;
        change.commit().await
    }

    /// Takes a user out of a group; one that is not in it stays out.
    pub async fn remove_from_group(&self, group_id: &str, user_id: &str) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let removed = change
            .run(
                sqlx::query("DELETE FROM group_member WHERE group_id = $1 AND user_id = $2")
                    .bind(group_id)
                    .bind(user_id),
            )
            .await?;
        match removed {
            0 => Ok(()),
            _ => change.commit().await,
        }
    }

    /// The users of a group, by name ignoring case.
    pub async fn group_members(&self, group_id: &str) -> Result<Vec<User>, StoreError> {
        let statement = sqlx::query(
            "SELECT u.* FROM iam_user u JOIN group_member m ON m.user_id = u.unique_id
             WHERE m.group_id = $1",
        )
        .bind(group_id);
        let mut users: Vec<User> = all(self.read(statement).await?)?;
        users.sort_by_key(|user| key(&user.name));
        Ok(users)
    }

    /// The groups a user is in, by name ignoring case.
    pub async fn groups_of(&self, user_id: &str) -> Result<Vec<Group>, StoreError> {
        let statement = sqlx::query(
            "SELECT g.* FROM iam_group g JOIN group_member m ON m.group_id = g.unique_id
             WHERE m.user_id = $1",
        )
        .bind(user_id);
        Ok(by_name(all(self.read(statement).await?)?))
    }
}

fn by_name(mut groups: Vec<Group>) -> Vec<Group> {
    groups.sort_by_key(|group| key(&group.name));
    groups
}

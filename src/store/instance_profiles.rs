//! Instance profiles: the wrapping that EC2 wants around a role. Nothing here runs instances; Terraform and others
//! make them all the same, and a role inside one cannot be deleted.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::row::{FromRow, all, from_text, key, optional, to_text};
use super::statement::Change;
use super::{Store, StoreError};

/// An instance profile as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceProfile {
    /// The account it belongs to.
    pub account: String,
    /// Unique in the account, ignoring case.
    pub name: String,
    /// `/`, or `/teams/a/`.
    pub path: String,
    /// `AIPA...`, never used again for another one.
    pub unique_id: String,
    /// The whole ARN, path included.
    pub arn: String,
    /// The unique id of the role inside, of which there is at most one.
    pub role_id: Option<String>,
    /// Tags, in the order they were given.
    pub tags: Vec<(String, String)>,
    /// Seconds since 1970.
    pub created_at: i64,
}

impl FromRow for InstanceProfile {
    fn from_row(row: &AnyRow) -> Result<InstanceProfile, StoreError> {
        Ok(InstanceProfile {
            account: row.try_get("account")?,
            name: row.try_get("name")?,
            path: row.try_get("path")?,
            unique_id: row.try_get("unique_id")?,
            arn: row.try_get("arn")?,
            role_id: row.try_get("role_id")?,
            tags: from_text(row.try_get("tags")?)?,
            created_at: row.try_get("created_at")?,
        })
    }
}

impl Store {
    /// Adds an instance profile.
    ///
    /// [`StoreError::AlreadyExists`]: the name (ignoring case) is taken in the account.
    /// [`StoreError::NotFound`]: there is no such account or role.
    pub async fn create_instance_profile(
        &self,
        profile: &InstanceProfile,
    ) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        change
            .run(
                sqlx::query(
                    "INSERT INTO instance_profile (unique_id, account, name, name_key, path, arn, arn_key, role_id,
                         tags, created_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                )
                .bind(&profile.unique_id)
                .bind(&profile.account)
                .bind(&profile.name)
                .bind(key(&profile.name))
                .bind(&profile.path)
                .bind(&profile.arn)
                .bind(key(&profile.arn))
                .bind(profile.role_id.as_deref())
                .bind(to_text(&profile.tags)?)
                .bind(profile.created_at),
            )
            .await?;
        change.commit().await
    }

    /// The instance profile of this account with this name, ignoring case.
    pub async fn instance_profile(
        &self,
        account: &str,
        name: &str,
    ) -> Result<Option<InstanceProfile>, StoreError> {
        let statement =
            sqlx::query("SELECT * FROM instance_profile WHERE account = $1 AND name_key = $2")
                .bind(account)
                .bind(key(name));
        optional(self.read_one(statement).await?)
    }

    /// The instance profiles of an account, by name ignoring case.
    pub async fn instance_profiles(
        &self,
        account: &str,
    ) -> Result<Vec<InstanceProfile>, StoreError> {
        let statement =
            sqlx::query("SELECT * FROM instance_profile WHERE account = $1").bind(account);
        Ok(sorted(all(self.read(statement).await?)?))
    }

    /// The instance profiles that a role is in, by name ignoring case.
    pub async fn instance_profiles_of_role(
        &self,
        role_id: &str,
    ) -> Result<Vec<InstanceProfile>, StoreError> {
        let statement =
            sqlx::query("SELECT * FROM instance_profile WHERE role_id = $1").bind(role_id);
        Ok(sorted(all(self.read(statement).await?)?))
    }

    /// Changes the tags of an instance profile, or the role inside it: hands what is stored now to `change_profile`
    /// and stores what it made of it, as [`Store::update_role`] does. Everything else stays.
    ///
    /// [`StoreError::NotFound`]: there is no such instance profile, or no such role.
    pub async fn update_instance_profile<E: From<StoreError>>(
        &self,
        account: &str,
        name: &str,
        change_profile: impl FnOnce(&mut InstanceProfile) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let mut change = self.change().await?;
        let mut profile = change.instance_profile(account, name).await?;
        let unique_id = profile.unique_id.clone();
        change_profile(&mut profile)?;
        change
            .run(
                sqlx::query(
                    "UPDATE instance_profile SET role_id = $1, tags = $2 WHERE unique_id = $3",
                )
                .bind(profile.role_id.as_deref())
                .bind(to_text(&profile.tags)?)
                .bind(unique_id),
            )
            .await?;
        Ok(change.commit().await?)
    }

    /// Deletes an instance profile.
    ///
    /// [`StoreError::Conflict`]: there is still a role inside.
    pub async fn delete_instance_profile(
        &self,
        account: &str,
        name: &str,
    ) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let profile = change.instance_profile(account, name).await?;
        if profile.role_id.is_some() {
            return Err(StoreError::Conflict);
        }
        change
            .run(
                sqlx::query("DELETE FROM instance_profile WHERE unique_id = $1")
                    .bind(profile.unique_id),
            )
            .await?;
        change.commit().await
    }
}

impl Change {
    async fn instance_profile(
        &mut self,
        account: &str,
        name: &str,
    ) -> Result<InstanceProfile, StoreError> {
        let rows = self
            .rows(
                sqlx::query("SELECT * FROM instance_profile WHERE account = $1 AND name_key = $2")
                    .bind(account)
                    .bind(key(name)),
            )
            .await?;
        InstanceProfile::from_row(rows.first().ok_or(StoreError::NotFound)?)
    }
}

fn sorted(mut profiles: Vec<InstanceProfile>) -> Vec<InstanceProfile> {
    profiles.sort_by_key(|profile| key(&profile.name));
    profiles
}

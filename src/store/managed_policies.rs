//! Policies with an ARN of their own, their versions, and to whom they are attached.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::inline_policies::PolicyOwner;
use super::policy_versions::PolicyVersion;
use super::row::{FromRow, all, from_text, key, to_text};
use super::statement::Change;
use super::{Store, StoreError};

/// A managed policy without its documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedPolicy {
    /// The account it belongs to, or `aws`.
    pub account: String,
    /// Unique in the account, ignoring case.
    pub name: String,
    /// `/`, or `/teams/a/`.
    pub path: String,
    /// `ANPA...`
    pub unique_id: String,
    /// The whole ARN, path included.
    pub arn: String,
    /// What people say about it; may be empty.
    pub description: String,
    /// Tags, in the order they were given.
    pub tags: Vec<(String, String)>,
    /// Seconds since 1970.
    pub created_at: i64,
    /// When its default version last changed, in seconds since 1970.
    pub updated_at: i64,
    /// Which version is in force: 1 for `v1`.
    pub default_version: i64,
}

impl FromRow for ManagedPolicy {
    fn from_row(row: &AnyRow) -> Result<ManagedPolicy, StoreError> {
        Ok(ManagedPolicy {
            account: row.try_get("account")?,
            name: row.try_get("name")?,
            path: row.try_get("path")?,
            unique_id: row.try_get("unique_id")?,
            arn: row.try_get("arn")?,
            description: row.try_get("description")?,
            tags: from_text(row.try_get("tags")?)?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
            default_version: row.try_get("default_version")?,
        })
    }
}

impl ManagedPolicy {
    /// The version a new policy begins with.
    fn first_version(&self, document: &str) -> PolicyVersion {
        PolicyVersion {
            version: self.default_version,
            document: document.to_owned(),
            created_at: self.updated_at,
        }
    }
}

/// An attached policy with the document that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedPolicy {
    /// The policy's ARN.
    pub arn: String,
    /// The policy's name.
    pub name: String,
    /// The document of the default version, byte for byte as it was sent.
    pub document: String,
}

impl FromRow for AttachedPolicy {
    fn from_row(row: &AnyRow) -> Result<AttachedPolicy, StoreError> {
        Ok(AttachedPolicy {
            arn: row.try_get("arn")?,
            name: row.try_get("name")?,
            document: row.try_get("document")?,
        })
    }
}

impl Store {
    /// Adds a policy with `document` as its only version, unless the account has `most` policies already.
    ///
    /// [`StoreError::AlreadyExists`]: the name (ignoring case) is taken in the account.
    /// [`StoreError::Conflict`]: the account has as many policies as it may have.
    pub async fn create_managed_policy(
        &self,
        policy: &ManagedPolicy,
        document: &str,
        most: usize,
    ) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let known = change
            .rows(
                sqlx::query("SELECT name_key FROM managed_policy WHERE account = $1")
                    .bind(&policy.account),
            )
            .await?;
        let name = key(&policy.name);
        for row in &known {
            if row.try_get::<&str, _>("name_key")? == name {
                return Err(StoreError::AlreadyExists);
            }
        }
        if known.len() >= most {
            return Err(StoreError::Conflict);
        }
        change.insert_policy(policy).await?;
        change
            .insert_policy_version(&policy.arn, &policy.first_version(document))
            .await?;
        change.commit().await
    }

    /// Brings these policies to exactly what is said here, each with one version, and takes no other away. Where nothing
    /// differs, nothing is written.
    ///
    /// It is for the policies of `aws`, which the program brings along.
    pub async fn seed_managed_policies(
        &self,
        wanted: &[(ManagedPolicy, &str)],
    ) -> Result<(), StoreError> {
        let mut differing = Vec::new();
        for (policy, document) in wanted {
            let stored = self.managed_policy(&policy.arn).await?;
            let same = stored.is_some_and(|(stored, text)| stored == *policy && text == *document);
            if !same {
                differing.push((policy, *document));
            }
        }
        if differing.is_empty() {
            return Ok(());
        }
        let mut change = self.change().await?;
        for (policy, document) in differing {
            let updated = change
                .run(
                    sqlx::query(
                        "UPDATE managed_policy SET name = $1, name_key = $2, path = $3, unique_id = $4,
                             description = $5, default_version = $6, latest_version = $6, tags = $7,
                             created_at = $8, updated_at = $9
                         WHERE arn = $10",
                    )
                    .bind(&policy.name)
                    .bind(key(&policy.name))
                    .bind(&policy.path)
                    .bind(&policy.unique_id)
                    .bind(&policy.description)
                    .bind(policy.default_version)
                    .bind(to_text(&policy.tags)?)
                    .bind(policy.created_at)
                    .bind(policy.updated_at)
                    .bind(&policy.arn),
                )
                .await?;
            if updated == 0 {
                change.insert_policy(policy).await?;
            }
            change
                .run(
                    sqlx::query("DELETE FROM policy_version WHERE policy_arn = $1")
                        .bind(&policy.arn),
                )
                .await?;
            change
                .insert_policy_version(&policy.arn, &policy.first_version(document))
                .await?;
        }
        change.commit().await
    }

    /// Changes the tags of a policy: hands what is stored now to `change_tags` and stores what it made of it, as
    /// [`Store::update_role`] does.
    pub async fn update_policy_tags<E: From<StoreError>>(
        &self,
        arn: &str,
        change_tags: impl FnOnce(&mut Vec<(String, String)>) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let mut change = self.change().await?;
        let rows = change
            .rows(sqlx::query("SELECT * FROM managed_policy WHERE arn = $1").bind(arn))
            .await?;
        let mut policy = ManagedPolicy::from_row(rows.first().ok_or(StoreError::NotFound)?)?;
        change_tags(&mut policy.tags)?;
        change
            .run(
                sqlx::query("UPDATE managed_policy SET tags = $1 WHERE arn = $2")
                    .bind(to_text(&policy.tags)?)
                    .bind(arn),
            )
            .await?;
        change.commit().await?;
        Ok(())
    }

    /// The policy with this ARN, and the document that is in force.
    pub async fn managed_policy(
        &self,
        arn: &str,
    ) -> Result<Option<(ManagedPolicy, String)>, StoreError> {
        let statement = sqlx::query(
            "SELECT p.*, v.document FROM managed_policy p
             JOIN policy_version v ON v.policy_arn = p.arn AND v.version = p.default_version
             WHERE p.arn = $1",
        )
        .bind(arn);
        let Some(row) = self.read_one(statement).await? else {
            return Ok(None);
        };
        Ok(Some((
            ManagedPolicy::from_row(&row)?,
            row.try_get("document")?,
        )))
    }

    /// The policies of an account, by name ignoring case.
    pub async fn managed_policies(&self, account: &str) -> Result<Vec<ManagedPolicy>, StoreError> {
        let statement =
            sqlx::query("SELECT * FROM managed_policy WHERE account = $1").bind(account);
        let mut policies: Vec<ManagedPolicy> = all(self.read(statement).await?)?;
        policies.sort_by_key(|policy| key(&policy.name));
        Ok(policies)
    }

    /// Deletes a policy with its version.
    ///
    /// [`StoreError::Conflict`]: it is attached, it bounds a role or user, or it has more than one version.
    pub async fn delete_managed_policy(&self, arn: &str) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let in_use = change
            .finds(
                sqlx::query(
                    "SELECT owner_id FROM attachment WHERE policy_arn = $1
                     UNION ALL SELECT unique_id FROM iam_role WHERE permissions_boundary = $1
                     UNION ALL SELECT unique_id FROM iam_user WHERE permissions_boundary = $1
                     UNION ALL SELECT v.policy_arn FROM policy_version v
                     JOIN managed_policy p ON p.arn = v.policy_arn
                     WHERE p.arn = $1 AND v.version <> p.default_version",
                )
                .bind(arn),
            )
            .await?;
        if in_use {
            return Err(StoreError::Conflict);
        }
        change
            .run(sqlx::query("DELETE FROM policy_version WHERE policy_arn = $1").bind(arn))
            .await?;
        let deleted = change
            .run(sqlx::query("DELETE FROM managed_policy WHERE arn = $1").bind(arn))
            .await?;
        if deleted == 0 {
            return Err(StoreError::NotFound);
        }
        change.commit().await
    }

    /// Attaches a policy to a role, user or group; doing it twice does nothing, as in IAM.
    ///
    /// [`StoreError::NotFound`]: there is no such owner or no such policy.
    pub async fn attach_policy(&self, owner: &PolicyOwner, arn: &str) -> Result<(), StoreError> {
        self.attach_policy_within(owner, arn, usize::MAX).await
    }

    /// The same for an owner of at most `most` attached policies.
    ///
    /// [`StoreError::Conflict`]: this one would be one too many.
    pub async fn attach_policy_within(
        &self,
        owner: &PolicyOwner,
        arn: &str,
        most: usize,
    ) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        change.must_exist(owner).await?;
        let attached = sqlx::query(
            "SELECT policy_arn FROM attachment
             WHERE owner_kind = $1 AND owner_id = $2 AND policy_arn <> $3",
        );
        let attached = attached.bind(owner.kind()).bind(owner.id()).bind(arn);
        if change.rows(attached).await?.len() >= most {
            return Err(StoreError::Conflict);
        }
        change
            .run(
                sqlx::query(
                    "INSERT INTO attachment (owner_kind, owner_id, policy_arn) VALUES ($1, $2, $3)
                     ON CONFLICT (owner_kind, owner_id, policy_arn) DO NOTHING",
                )
                .bind(owner.kind())
                .bind(owner.id())
                .bind(arn),
            )
            .await?;
        change.commit().await
    }

    /// Detaches a policy from a role or user.
    pub async fn detach_policy(&self, owner: &PolicyOwner, arn: &str) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let deleted = change
            .run(
                sqlx::query(
                    "DELETE FROM attachment
                     WHERE owner_kind = $1 AND owner_id = $2 AND policy_arn = $3",
                )
                .bind(owner.kind())
                .bind(owner.id())
                .bind(arn),
            )
            .await?;
        if deleted == 0 {
            return Err(StoreError::NotFound);
        }
        change.commit().await
    }

    /// The policies attached to a role or user with the documents in force, by name ignoring case.
    pub async fn attached_policies(
        &self,
        owner: &PolicyOwner,
    ) -> Result<Vec<AttachedPolicy>, StoreError> {
        let statement = sqlx::query(
            "SELECT p.arn, p.name, v.document FROM attachment a
             JOIN managed_policy p ON p.arn = a.policy_arn
             JOIN policy_version v ON v.policy_arn = p.arn AND v.version = p.default_version
             WHERE a.owner_kind = $1 AND a.owner_id = $2",
        )
        .bind(owner.kind())
        .bind(owner.id());
        let mut policies: Vec<AttachedPolicy> = all(self.read(statement).await?)?;
        policies.sort_by_key(|policy| (key(&policy.name), policy.arn.clone()));
        Ok(policies)
    }
}

impl Change {
    async fn insert_policy(&mut self, policy: &ManagedPolicy) -> Result<(), StoreError> {
        self.run(
            sqlx::query(
                "INSERT INTO managed_policy (arn, account, name, name_key, path, unique_id, description,
                     default_version, latest_version, tags, created_at, updated_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11)",
            )
            .bind(&policy.arn)
            .bind(&policy.account)
            .bind(&policy.name)
            .bind(key(&policy.name))
            .bind(&policy.path)
            .bind(&policy.unique_id)
            .bind(&policy.description)
            .bind(policy.default_version)
            .bind(to_text(&policy.tags)?)
            .bind(policy.created_at)
            .bind(policy.updated_at),
        )
        .await?;
        Ok(())
    }
}

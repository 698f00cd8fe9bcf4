//! Policies that belong to one role or user and vanish with it.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::row::{FromRow, all, key};
use super::statement::Change;
use super::{Store, StoreError};

/// Whose policies: a principal by its unique id, which unlike its name is never given to another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PolicyOwner {
    /// `AROA...`
    Role(String),
    /// `AIDA...`
    User(String),
    /// `AGPA...`
    Group(String),
}

impl PolicyOwner {
    /// The word in the database.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            PolicyOwner::Role(_) => "role",
            PolicyOwner::User(_) => "user",
            PolicyOwner::Group(_) => "group",
        }
    }

    /// The unique id.
    pub fn id(&self) -> &str {
        match self {
            PolicyOwner::Role(id) | PolicyOwner::User(id) | PolicyOwner::Group(id) => id,
        }
    }
}

/// A policy that is part of its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlinePolicy {
    /// As it was last put; found ignoring case.
    pub name: String,
    /// The document byte for byte as it was sent.
    pub document: String,
}

impl FromRow for InlinePolicy {
    fn from_row(row: &AnyRow) -> Result<InlinePolicy, StoreError> {
        Ok(InlinePolicy {
            name: row.try_get("name")?,
            document: row.try_get("document")?,
        })
    }
}

impl Store {
    /// Adds a policy to its owner, or replaces the one with this name.
    ///
    /// [`StoreError::NotFound`]: there is no such owner.
    pub async fn put_inline_policy(
        &self,
        owner: &PolicyOwner,
        policy: &InlinePolicy,
    ) -> Result<(), StoreError> {
        self.put_inline_policy_within(owner, policy, |_| Ok(()))
            .await
    }

    /// The same, where `fits` lets it: it sees all policies that the owner would then have. Two puts at once cannot
    /// both fit where only one does.
    pub async fn put_inline_policy_within<E: From<StoreError>>(
        &self,
        owner: &PolicyOwner,
        policy: &InlinePolicy,
        fits: impl FnOnce(&[InlinePolicy]) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let mut change = self.change().await?;
        change.must_exist(owner).await?;
        let rows = change
            .rows(
                sqlx::query(
                    "SELECT name, document FROM inline_policy
                     WHERE owner_kind = $1 AND owner_id = $2 AND name_key <> $3",
                )
                .bind(owner.kind())
                .bind(owner.id())
                .bind(key(&policy.name)),
            )
            .await?;
        let mut policies: Vec<InlinePolicy> = all(rows)?;
        policies.push(policy.clone());
        fits(&policies)?;
        change
            .run(
                sqlx::query(
                    "INSERT INTO inline_policy (owner_kind, owner_id, name, name_key, document)
                     VALUES ($1, $2, $3, $4, $5)
                     ON CONFLICT (owner_kind, owner_id, name_key)
                     DO UPDATE SET name = excluded.name, document = excluded.document",
                )
                .bind(owner.kind())
                .bind(owner.id())
                .bind(&policy.name)
                .bind(key(&policy.name))
                .bind(&policy.document),
            )
            .await?;
        Ok(change.commit().await?)
    }

    /// The policies of an owner, by name ignoring case. An owner that is not there has none.
    pub async fn inline_policies(
        &self,
        owner: &PolicyOwner,
    ) -> Result<Vec<InlinePolicy>, StoreError> {
        let statement = sqlx::query(
            "SELECT name, document FROM inline_policy WHERE owner_kind = $1 AND owner_id = $2",
        )
        .bind(owner.kind())
        .bind(owner.id());
        let mut policies: Vec<InlinePolicy> = all(self.read(statement).await?)?;
        policies.sort_by_key(|policy| key(&policy.name));
        Ok(policies)
    }

    /// Removes a policy from its owner, by name ignoring case.
    pub async fn delete_inline_policy(
        &self,
        owner: &PolicyOwner,
        name: &str,
    ) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let deleted = change
            .run(
                sqlx::query(
                    "DELETE FROM inline_policy
                     WHERE owner_kind = $1 AND owner_id = $2 AND name_key = $3",
                )
                .bind(owner.kind())
                .bind(owner.id())
                .bind(key(name)),
            )
            .await?;
        if deleted == 0 {
            return Err(StoreError::NotFound);
        }
        change.commit().await
    }
}

impl Change {
    /// Refuses an owner that is not there (any more).
    pub(super) async fn must_exist(&mut self, owner: &PolicyOwner) -> Result<(), StoreError> {
        let statement = match owner {
            PolicyOwner::Role(_) => "SELECT unique_id FROM iam_role WHERE unique_id = $1",
            PolicyOwner::User(_) => "SELECT unique_id FROM iam_user WHERE unique_id = $1",
            PolicyOwner::Group(_) => "SELECT unique_id FROM iam_group WHERE unique_id = $1",
        };
        match self.finds(sqlx::query(statement).bind(owner.id())).await? {
            true => Ok(()),
            false => Err(StoreError::NotFound),
        }
    }

    /// Whether anything would be orphaned if the owner went.
    pub(super) async fn owns_policies(&mut self, owner: &PolicyOwner) -> Result<bool, StoreError> {
        let statement = sqlx::query(
            "SELECT name FROM inline_policy WHERE owner_kind = $1 AND owner_id = $2
             UNION ALL
             SELECT policy_arn FROM attachment WHERE owner_kind = $1 AND owner_id = $2",
        )
        .bind(owner.kind())
        .bind(owner.id());
        self.finds(statement).await
    }
}

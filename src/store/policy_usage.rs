//! Who uses a managed policy: attached to it, or bounded by it. Always within one account, because the policies of
//! `aws` are everybody's and whom others gave them to is nobody else's business.

use std::collections::HashMap;

use sqlx::Row;
use sqlx::any::AnyRow;

use super::row::{FromRow, all, key};
use super::{Store, StoreError};

/// How often a policy is used in an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PolicyUsage {
    /// Users, groups and roles it is attached to.
    pub attachments: i64,
    /// Users and roles it bounds.
    pub boundaries: i64,
}

/// What kind of entity uses a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntityKind {
    /// A user.
    User,
    /// A group, which cannot be bounded.
    Group,
    /// A role.
    Role,
}

/// Somebody who uses a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyEntity {
    /// User, group or role.
    pub kind: EntityKind,
    /// Its name.
    pub name: String,
    /// Its unique id.
    pub unique_id: String,
    /// Its path.
    pub path: String,
    /// Whether the policy bounds it, rather than being attached to it.
    pub bounded: bool,
}

impl FromRow for PolicyEntity {
    fn from_row(row: &AnyRow) -> Result<PolicyEntity, StoreError> {
        let used: &str = row.try_get("used")?;
        let (kind, bounded) = match used {
            "group" => (EntityKind::Group, false),
            "user" => (EntityKind::User, false),
            "role" => (EntityKind::Role, false),
            "bounded user" => (EntityKind::User, true),
            _ => (EntityKind::Role, true),
        };
        Ok(PolicyEntity {
            kind,
            name: row.try_get("name")?,
            unique_id: row.try_get("unique_id")?,
            path: row.try_get("path")?,
            bounded,
        })
    }
}

impl Store {
    /// How often each policy is used in an account, by its ARN. One that nobody uses is not among them.
    pub async fn policy_usage(
        &self,
        account: &str,
    ) -> Result<HashMap<String, PolicyUsage>, StoreError> {
        let statement = sqlx::query(
            "SELECT policy_arn, used, COUNT(*) AS uses FROM (
                 SELECT a.policy_arn AS policy_arn, 'attached' AS used FROM attachment a
                     JOIN iam_user e ON a.owner_kind = 'user' AND e.unique_id = a.owner_id WHERE e.account = $1
                 UNION ALL SELECT a.policy_arn, 'attached' FROM attachment a
                     JOIN iam_group e ON a.owner_kind = 'group' AND e.unique_id = a.owner_id WHERE e.account = $1
                 UNION ALL SELECT a.policy_arn, 'attached' FROM attachment a
                     JOIN iam_role e ON a.owner_kind = 'role' AND e.unique_id = a.owner_id WHERE e.account = $1
                 UNION ALL SELECT permissions_boundary, 'bounded' FROM iam_user
                     WHERE account = $1 AND permissions_boundary IS NOT NULL
                 UNION ALL SELECT permissions_boundary, 'bounded' FROM iam_role
                     WHERE account = $1 AND permissions_boundary IS NOT NULL
             ) AS every_use GROUP BY policy_arn, used",
        )
        .bind(account);
        let mut usage: HashMap<String, PolicyUsage> = HashMap::new();
        for row in self.read(statement).await? {
            let of = usage.entry(row.try_get("policy_arn")?);
            let of = of.or_default();
            let uses = row.try_get("uses")?;
            match row.try_get::<&str, _>("used")? {
                "attached" => of.attachments = uses,
                _ => of.boundaries = uses,
            }
        }
        Ok(usage)
    }

    /// Who in an account uses a policy, by name ignoring case.
    pub async fn policy_entities(
        &self,
        account: &str,
        arn: &str,
    ) -> Result<Vec<PolicyEntity>, StoreError> {
        let statement = sqlx::query(
            "SELECT 'user' AS used, e.name, e.unique_id, e.path FROM attachment a
                 JOIN iam_user e ON a.owner_kind = 'user' AND e.unique_id = a.owner_id
                 WHERE a.policy_arn = $1 AND e.account = $2
             UNION ALL SELECT 'group', e.name, e.unique_id, e.path FROM attachment a
                 JOIN iam_group e ON a.owner_kind = 'group' AND e.unique_id = a.owner_id
                 WHERE a.policy_arn = $1 AND e.account = $2
             UNION ALL SELECT 'role', e.name, e.unique_id, e.path FROM attachment a
                 JOIN iam_role e ON a.owner_kind = 'role' AND e.unique_id = a.owner_id
                 WHERE a.policy_arn = $1 AND e.account = $2
             UNION ALL SELECT 'bounded user', name, unique_id, path FROM iam_user
                 WHERE permissions_boundary = $1 AND account = $2
             UNION ALL SELECT 'bounded role', name, unique_id, path FROM iam_role
                 WHERE permissions_boundary = $1 AND account = $2",
        )
        .bind(arn)
        .bind(account);
        let mut entities: Vec<PolicyEntity> = all(self.read(statement).await?)?;
        entities.sort_by_key(|entity| (key(&entity.name), entity.unique_id.clone()));
        Ok(entities)
    }
}

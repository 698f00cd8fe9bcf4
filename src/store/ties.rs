//! What keeps a user or a group from being deleted.

use sqlx::Row;

use super::statement::Change;
use super::{Store, StoreError};

/// Something that must go first; the earlier ones are told first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// The user has access keys.
    AccessKeys,
    /// The user has MFA devices.
    MfaDevices,
    /// The user or group has attached policies.
    AttachedPolicies,
    /// The user or group has inline policies.
    InlinePolicies,
    /// The user is in a group, or the group has users.
    Membership,
    /// The user has a console password.
    LoginProfile,
}

/// `$1` is the unique id. The number is the place in [`Tie`].
const OF_USER: &str = "
    SELECT 0 AS tie FROM access_key WHERE user_id = $1
    UNION SELECT 1 FROM mfa_device WHERE user_id = $1
    UNION SELECT 2 FROM attachment WHERE owner_kind = 'user' AND owner_id = $1
    UNION SELECT 3 FROM inline_policy WHERE owner_kind = 'user' AND owner_id = $1
    UNION SELECT 4 FROM group_member WHERE user_id = $1
    UNION SELECT 5 FROM login_profile WHERE user_id = $1
    ORDER BY 1";
const OF_GROUP: &str = "
    SELECT 2 AS tie FROM attachment WHERE owner_kind = 'group' AND owner_id = $1
    UNION SELECT 3 FROM inline_policy WHERE owner_kind = 'group' AND owner_id = $1
    UNION SELECT 4 FROM group_member WHERE group_id = $1
    ORDER BY 1";

fn tie(row: &sqlx::any::AnyRow) -> Result<Tie, StoreError> {
    Ok(match row.try_get::<i64, _>("tie")? {
        0 => Tie::AccessKeys,
        1 => Tie::MfaDevices,
        2 => Tie::AttachedPolicies,
        3 => Tie::InlinePolicies,
        4 => Tie::Membership,
        _ => Tie::LoginProfile,
    })
}

impl Store {
    /// What keeps a user from being deleted, by its unique id.
    pub async fn tie_of_user(&self, unique_id: &str) -> Result<Option<Tie>, StoreError> {
        let statement = sqlx::query(OF_USER).bind(unique_id);
        self.read_one(statement)
            .await?
            .as_ref()
            .map(tie)
            .transpose()
    }

    /// What keeps a group from being deleted, by its unique id.
    pub async fn tie_of_group(&self, unique_id: &str) -> Result<Option<Tie>, StoreError> {
        let statement = sqlx::query(OF_GROUP).bind(unique_id);
        self.read_one(statement)
            .await?
            .as_ref()
            .map(tie)
            .transpose()
    }
}

impl Change {
    /// Refuses to go on while anything hangs on this user.
    pub(super) async fn user_must_be_free(&mut self, unique_id: &str) -> Result<(), StoreError> {
        self.must_find_none(OF_USER, unique_id).await
    }

    /// Refuses to go on while anything hangs on this group.
    pub(super) async fn group_must_be_free(&mut self, unique_id: &str) -> Result<(), StoreError> {
        self.must_find_none(OF_GROUP, unique_id).await
    }

    async fn must_find_none(&mut self, ties: &'static str, id: &str) -> Result<(), StoreError> {
        match self.finds(sqlx::query(ties).bind(id)).await? {
            true => Err(StoreError::Conflict),
            false => Ok(()),
        }
    }
}

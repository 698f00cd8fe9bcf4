//! Deleting a user.

use crate::aws::error::{AwsError, Entity};
use crate::iam::input::Input;
use crate::iam::{Ask, Iam, Reply, shapes};
use crate::store::StoreError;
use crate::store::ties::Tie;

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html>
pub(super) async fn delete_user(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("UserName", 128);
    input.finish()?;
    let user = iam.user(ask, "iam:DeleteUser", name).await?;
    match iam.store().delete_user(&user.account, &user.name).await {
        Ok(()) => Ok(shapes::nothing()),
        Err(StoreError::NotFound) => Err(AwsError::entity_not_found(Entity::User, name).into()),
        Err(StoreError::Conflict) => {
            let tie = iam.store().tie_of_user(&user.unique_id).await?;
            Err(tied_by(tie).into())
        }
        Err(other) => Err(other.into()),
    }
}

/// What must go before a user or a group can; nothing any more, where it went in the meantime.
pub(in crate::iam) fn tied_by(tie: Option<Tie>) -> AwsError {
    AwsError::must_first(match tie {
        Some(Tie::AccessKeys) => "delete access keys",
        Some(Tie::MfaDevices) => "remove tokens from principal",
        Some(Tie::AttachedPolicies) => "detach all policies",
        Some(Tie::InlinePolicies) => "delete policies",
        Some(Tie::Membership) => "remove users from group",
        Some(Tie::LoginProfile) => "delete login profile",
        None => return AwsError::concurrent_modification(),
    })
}

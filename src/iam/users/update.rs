//! Giving a user another name or path.

use crate::aws::arn;
use crate::aws::constraints::ENTITY_NAME;
use crate::aws::error::{AwsError, Entity};
use crate::iam::halt::Halt;
use crate::iam::input::Input;
use crate::iam::{Ask, Iam, PARTITION, Reply, Target, shapes};
use crate::store::StoreError;

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html>
///
/// The permission is needed on the ARN that was and on the ARN that will be.
pub(super) async fn update_user(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("UserName", 128);
    let new_path = input.path_named("NewPath");
    let new_name = input.optional("NewUserName", Some(ENTITY_NAME), 1..=64);
    input.finish()?;
    let user = iam.user(ask, "iam:UpdateUser", name).await?;
    let path = new_path.unwrap_or(&user.path);
    let new_name = new_name.unwrap_or(&user.name);
    let moved = arn::iam(PARTITION, &user.account, "user", path, new_name);
    let target = Target {
        tags: &user.tags,
        ..Target::of(&moved)
    };
    iam.allow(ask, "iam:UpdateUser", target).await?;
    let change = iam
        .store()
        .update_user(&user.account, &user.name, |stored| {
            // What was asked about must still be what is there.
            if stored.arn != user.arn || stored.unique_id != user.unique_id {
                return Err(Halt::Refused(AwsError::concurrent_modification()));
            }
            path.clone_into(&mut stored.path);
            new_name.clone_into(&mut stored.name);
            stored.arn.clone_from(&moved);
            Ok(())
        });
    match change.await {
        Ok(_) => Ok(shapes::nothing()),
        Err(Halt::Store(StoreError::AlreadyExists)) => {
            Err(AwsError::name_taken(Entity::User, new_name).into())
        }
        Err(halt) => Err(halt.denial(AwsError::entity_not_found(Entity::User, name))),
    }
}

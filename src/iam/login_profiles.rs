//! Console passwords of users, as a fact: that there is one, and whether it must be changed.
//!
//! Nothing here can be signed in to with a password, so it is held against the account's password policy and
//! forgotten. It is in no table, no log and no trail.

use serde_json::{Value, json};

use crate::access::{Denial, Principal};
use crate::aws::constraints::{ENTITY_NAME, POLICY, Pattern};
use crate::aws::error::AwsError;
use crate::aws::xml::Node;
use crate::iam::input::Input;
use crate::iam::users::Subject;
use crate::iam::{Ask, Iam, Operation, Reply, reads, shapes, writes};
use crate::store::StoreError;
use crate::store::account_facts::PASSWORD_POLICY;
use crate::store::login_profiles::LoginProfile;
use crate::store::users::User;

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[
    writes!(
        create_login_profile,
        "CreateLoginProfile",
        "the password is held against the password policy and forgotten: nothing can be signed in to with it"
    ),
    reads!(get_login_profile, "GetLoginProfile"),
    writes!(
        update_login_profile,
        "UpdateLoginProfile",
        "the password is held against the password policy and forgotten: nothing can be signed in to with it"
    ),
    writes!(delete_login_profile, "DeleteLoginProfile"),
    writes!(
        change_password,
        "ChangePassword",
        "the password is held against the password policy and forgotten: nothing can be signed in to with it"
    ),
];

/// A password is made of the characters of a policy document.
const PASSWORD: Pattern = POLICY;

fn user_name<'a>(input: &mut Input<'a>) -> Option<&'a str> {
    input.optional("UserName", Some(ENTITY_NAME), 1..=64)
}

/// The user a call is about. Root has a password of another kind, which nobody here knows of.
async fn user_of(
    iam: &Iam,
    ask: &Ask<'_>,
    action: &str,
    name: Option<&str>,
) -> Result<User, Denial> {
    match iam.subject(ask, action, name).await? {
        Subject::User(user) => Ok(user),
        Subject::Root => Err(AwsError::must_name_user().into()),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateLoginProfile.html>
async fn create_login_profile(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = user_name(&mut input);
    let password = input.required("Password", Some(PASSWORD), 1..=128);
    let reset_required = input.boolean("PasswordResetRequired").unwrap_or(false);
    input.finish()?;
    let user = user_of(iam, ask, "iam:CreateLoginProfile", name).await?;
    must_conform(iam, &user.account, password).await?;
    let profile = LoginProfile {
        user_id: user.unique_id.clone(),
        reset_required,
        created_at: ask.call.unix(),
    };
    match iam.store().create_login_profile(&profile).await {
        Ok(()) => {}
        Err(StoreError::AlreadyExists) => {
            return Err(AwsError::login_profile_exists(&user.name).into());
        }
        // The user went just now.
        Err(StoreError::NotFound) => return Err(AwsError::concurrent_modification().into()),
        Err(other) => return Err(other.into()),
    }
    ask.elements = json!({ "loginProfile": {
        "userName": user.name,
        "createDate": shapes::trail_moment(profile.created_at),
        "passwordResetRequired": profile.reset_required,
    } });
    Ok(vec![("LoginProfile", written(&user, &profile))])
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetLoginProfile.html>
async fn get_login_profile(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = user_name(&mut input);
    input.finish()?;
    let user = user_of(iam, ask, "iam:GetLoginProfile", name).await?;
    let profile = iam.store().login_profile(&user.unique_id).await?;
    let profile = profile.ok_or_else(|| AwsError::login_profile_not_found(&user.name))?;
    Ok(vec![("LoginProfile", written(&user, &profile))])
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateLoginProfile.html>
async fn update_login_profile(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("UserName", 64);
    let password = input.optional("Password", Some(PASSWORD), 1..=128);
    let reset_required = input.boolean("PasswordResetRequired");
    input.finish()?;
    let user = iam.user(ask, "iam:UpdateLoginProfile", name).await?;
    let profile = iam.store().login_profile(&user.unique_id).await?;
    let profile = profile.ok_or_else(|| AwsError::login_profile_not_found(&user.name))?;
    if let Some(password) = password {
        must_conform(iam, &user.account, password).await?;
    }
    let reset_required = reset_required.unwrap_or(profile.reset_required);
    settle(iam, &user, reset_required).await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteLoginProfile.html>
async fn delete_login_profile(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = user_name(&mut input);
    input.finish()?;
    let user = user_of(iam, ask, "iam:DeleteLoginProfile", name).await?;
    match iam.store().delete_login_profile(&user.unique_id).await {
        Ok(()) => Ok(shapes::nothing()),
        Err(StoreError::NotFound) => Err(AwsError::login_profile_not_found(&user.name).into()),
        Err(other) => Err(other.into()),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ChangePassword.html>
///
/// The old password is not compared with anything: none is kept.
async fn change_password(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    input.required("OldPassword", Some(PASSWORD), 1..=128);
    let password = input.required("NewPassword", Some(PASSWORD), 1..=128);
    input.finish()?;
    if !matches!(ask.caller.principal(), Principal::User(_)) {
        return Err(AwsError::invalid_user_type().into());
    }
    let user = user_of(iam, ask, "iam:ChangePassword", None).await?;
    let profile = iam.store().login_profile(&user.unique_id).await?;
    profile.ok_or_else(|| AwsError::login_profile_not_found(&user.name))?;
    must_conform(iam, &user.account, password).await?;
    settle(iam, &user, false).await
}

async fn settle(iam: &Iam, user: &User, reset_required: bool) -> Reply {
    let id = &user.unique_id;
    match iam.store().set_reset_required(id, reset_required).await {
        Ok(()) => Ok(shapes::nothing()),
        Err(StoreError::NotFound) => Err(AwsError::login_profile_not_found(&user.name).into()),
        Err(other) => Err(other.into()),
    }
}

fn written(user: &User, profile: &LoginProfile) -> Node {
    Node::Fields(vec![
        ("UserName", Node::text(&user.name)),
        ("CreateDate", shapes::moment(profile.created_at)),
        ("PasswordResetRequired", Node::Flag(profile.reset_required)),
    ])
}

/// Holds a password against the account's policy, where there is one.
async fn must_conform(iam: &Iam, account: &str, password: &str) -> Result<(), Denial> {
    let Some(text) = iam.store().account_fact(account, PASSWORD_POLICY).await? else {
        return Ok(());
    };
    let policy: Value = serde_json::from_str(&text).unwrap_or_default();
    match conforms(&policy, password) {
        true => Ok(()),
        false => Err(AwsError::password_policy_violation().into()),
    }
}

/// What AWS counts as symbols.
const SYMBOLS: &str = "!@#$%^&*()_+-=[]{}|'";

/// Whether a password is what a policy asks for; members go by the names of `UpdateAccountPasswordPolicy`.
fn conforms(policy: &Value, password: &str) -> bool {
    let asks = |member: &str| policy.get(member).and_then(Value::as_bool).unwrap_or(false);
    let least = policy.get("MinimumPasswordLength").and_then(Value::as_u64);
    let long = u64::try_from(password.chars().count()).unwrap_or(u64::MAX);
    let has = |kind: fn(char) -> bool| password.chars().any(kind);
    long >= least.unwrap_or(1)
        && (!asks("RequireSymbols") || has(|c| SYMBOLS.contains(c)))
        && (!asks("RequireNumbers") || has(|c| c.is_ascii_digit()))
        && (!asks("RequireUppercaseCharacters") || has(|c| c.is_ascii_uppercase()))
        && (!asks("RequireLowercaseCharacters") || has(|c| c.is_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_must_have_what_the_policy_asks_for() {
        let policy = json!({
            "MinimumPasswordLength": 6,
            "RequireSymbols": true,
            "RequireNumbers": true,
            "RequireUppercaseCharacters": true,
            "RequireLowercaseCharacters": true,
        });
        assert!(conforms(&policy, "aB3|xx"));
        for bad in ["aB3|x", "aB3xxx", "aB|xxx", "ab3|xx", "AB3|XX"] {
            assert!(!conforms(&policy, bad), "{bad}");
        }
    }

    #[test]
    fn a_policy_that_asks_for_nothing_takes_everything() {
        assert!(conforms(&json!({}), "x"));
        assert!(conforms(&Value::Null, "x"));
        let off = json!({ "RequireSymbols": false, "MinimumPasswordLength": 1 });
        assert!(conforms(&off, "x"));
    }
}

//! What passwords of an account must be. Nobody signs in with one here; Terraform keeps the policy all the same.

use serde::{Deserialize, Serialize};

use crate::aws::error::AwsError;
use crate::aws::xml::Node;
use crate::iam::input::Input;
use crate::iam::{Ask, Iam, Reply, Target, shapes};
use crate::store::StoreError;
use crate::store::account_facts::PASSWORD_POLICY;

/// As it is stored. What an update does not name returns to its default.
#[derive(Debug, Serialize, Deserialize)]
struct PasswordPolicy {
    minimum_length: i64,
    symbols: bool,
    numbers: bool,
    uppercase: bool,
    lowercase: bool,
    users_may_change: bool,
    max_age_days: Option<i64>,
    reuse_prevention: Option<i64>,
    hard_expiry: Option<bool>,
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccountPasswordPolicy.html>
pub(super) async fn update_account_password_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let mut flag = |name: &str| input.boolean(name);
    let [symbols, numbers, uppercase, lowercase, users_may_change] = [
        "RequireSymbols",
        "RequireNumbers",
        "RequireUppercaseCharacters",
        "RequireLowercaseCharacters",
        "AllowUsersToChangePassword",
    ]
    .map(|name| flag(name).unwrap_or(false));
    let policy = PasswordPolicy {
        minimum_length: input.integer("MinimumPasswordLength", 6..=128).unwrap_or(6),
        symbols,
        numbers,
        uppercase,
        lowercase,
        users_may_change,
        max_age_days: input.integer("MaxPasswordAge", 1..=1095),
        reuse_prevention: input.integer("PasswordReusePrevention", 1..=24),
        hard_expiry: input.boolean("HardExpiry"),
    };
    input.finish()?;
    let action = "iam:UpdateAccountPasswordPolicy";
    iam.allow(ask, action, Target::of("*")).await?;
    let text = serde_json::to_string(&policy).map_err(|_| AwsError::internal())?;
    let account = ask.caller.account();
    let store = iam.store();
    store
        .put_account_fact(account, PASSWORD_POLICY, &text)
        .await?;
    Ok(shapes::nothing())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountPasswordPolicy.html>
pub(super) async fn get_account_password_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let action = "iam:GetAccountPasswordPolicy";
    iam.allow(ask, action, Target::of("*")).await?;
    let account = ask.caller.account();
    let Some(text) = iam.store().account_fact(account, PASSWORD_POLICY).await? else {
        let text = format!("The Password Policy with domain name {account} cannot be found.");
        return Err(AwsError::no_such_entity(text).into());
    };
    let policy: PasswordPolicy = serde_json::from_str(&text).map_err(|_| AwsError::internal())?;
    let members = vec![
        ("MinimumPasswordLength", Node::Number(policy.minimum_length)),
        ("RequireSymbols", Node::Flag(policy.symbols)),
        ("RequireNumbers", Node::Flag(policy.numbers)),
        ("RequireUppercaseCharacters", Node::Flag(policy.uppercase)),
        ("RequireLowercaseCharacters", Node::Flag(policy.lowercase)),
        (
            "AllowUsersToChangePassword",
            Node::Flag(policy.users_may_change),
        ),
        ("ExpirePasswords", Node::Flag(policy.max_age_days.is_some())),
        (
            "MaxPasswordAge",
            policy.max_age_days.map_or(Node::Absent, Node::Number),
        ),
        (
            "PasswordReusePrevention",
            policy.reuse_prevention.map_or(Node::Absent, Node::Number),
        ),
        (
            "HardExpiry",
            policy.hard_expiry.map_or(Node::Absent, Node::Flag),
        ),
    ];
    Ok(vec![("PasswordPolicy", Node::Fields(members))])
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccountPasswordPolicy.html>
pub(super) async fn delete_account_password_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let action = "iam:DeleteAccountPasswordPolicy";
    iam.allow(ask, action, Target::of("*")).await?;
    let account = ask.caller.account();
    let deleted = iam.store().delete_account_fact(account, PASSWORD_POLICY);
    match deleted.await {
        Ok(()) => Ok(shapes::nothing()),
        Err(StoreError::NotFound) => {
            let text = "The account policy with name PasswordPolicy cannot be found.";
            Err(AwsError::no_such_entity(text).into())
        }
        Err(error) => Err(error.into()),
    }
}

//! The name of an account in its sign-in address. There is one for an account, and one account for a name.

use crate::aws::constraints::Pattern;
use crate::aws::error::AwsError;
use crate::aws::xml::Node;
use crate::iam::input::Input;
use crate::iam::{Ask, Iam, Reply, Target, shapes};
use crate::store::StoreError;

/// `AccountAlias`: lower case letters, digits and single hyphens between them.
fn alias<'a>(input: &mut Input<'a>) -> &'a str {
    let value = input.params.get("AccountAlias").unwrap_or_default();
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let part = |part: &str| !part.is_empty() && part.chars().all(letter);
    let fits = value.split('-').all(part);
    let pattern = Pattern {
        text: r"^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$",
        admits: if fits { |_| true } else { |_| false },
        may_be_empty: false,
    };
    input.required("AccountAlias", Some(pattern), 3..=63)
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccountAlias.html>
pub(super) async fn create_account_alias(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let alias = alias(&mut input);
    input.finish()?;
    iam.allow(ask, "iam:CreateAccountAlias", Target::of("*"))
        .await?;
    let put = iam.store().put_account_alias(ask.caller.account(), alias);
    match put.await {
        Ok(()) => Ok(shapes::nothing()),
        Err(StoreError::AlreadyExists) => {
            let text = format!("The account alias {alias} already exists.");
            Err(AwsError::entity_exists(text).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccountAliases.html>
pub(super) async fn list_account_aliases(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let page = input.page();
    input.finish()?;
    iam.allow(ask, "iam:ListAccountAliases", Target::of("*"))
        .await?;
    let alias = iam.store().account_alias(ask.caller.account()).await?;
    let aliases: Vec<String> = alias.into_iter().collect();
    Ok(page.cut("AccountAliases", aliases, String::clone, Node::text)?)
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccountAlias.html>
pub(super) async fn delete_account_alias(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let alias = alias(&mut input);
    input.finish()?;
    iam.allow(ask, "iam:DeleteAccountAlias", Target::of("*"))
        .await?;
    let account = ask.caller.account();
    match iam.store().delete_account_alias(account, alias).await {
        Ok(()) => Ok(shapes::nothing()),
        Err(StoreError::NotFound) => {
            let text = format!("The account alias {alias} cannot be found.");
            Err(AwsError::no_such_entity(text).into())
        }
        Err(error) => Err(error.into()),
    }
}

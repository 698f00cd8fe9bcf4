//! What the STS of an account is to be like.

use crate::iam::input::Input;
use crate::iam::{Ask, Iam, Reply, Target, shapes};
use crate::store::account_facts::GLOBAL_TOKEN_VERSION;

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SetSecurityTokenServicePreferences.html>
pub(super) async fn set_security_token_service_preferences(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = "GlobalEndpointTokenVersion";
    let version = input.required(name, None, 0..=usize::MAX);
    if !version.is_empty() {
        input.one_of(name, &["v1Token", "v2Token"]);
    }
    input.finish()?;
    let action = "iam:SetSecurityTokenServicePreferences";
    iam.allow(ask, action, Target::of("*")).await?;
    let account = ask.caller.account();
    let store = iam.store();
    store
        .put_account_fact(account, GLOBAL_TOKEN_VERSION, version)
        .await?;
    Ok(shapes::nothing())
}

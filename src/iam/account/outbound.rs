//! Whether an account may make tokens that say who somebody is to other people's services (GetWebIdentityToken).

use crate::aws::error::AwsError;
use crate::aws::xml::Node;
use crate::iam::{Ask, Iam, Reply, Target, shapes};
use crate::store::StoreError;
use crate::store::account_facts::OUTBOUND_WEB_IDENTITY;

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableOutboundWebIdentityFederation.html>
pub(super) async fn enable_outbound_web_identity_federation(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let action = "iam:EnableOutboundWebIdentityFederation";
    iam.allow(ask, action, Target::of("*")).await?;
    let account = ask.caller.account();
    let store = iam.store();
    let enabled = store.create_account_fact(account, OUTBOUND_WEB_IDENTITY, "enabled");
    match enabled.await {
        Ok(()) => Ok(vec![("IssuerIdentifier", Node::text(&iam.issuer))]),
        Err(StoreError::AlreadyExists) => Err(AwsError::feature_enabled(account).into()),
        Err(error) => Err(error.into()),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetOutboundWebIdentityFederationInfo.html>
pub(super) async fn get_outbound_web_identity_federation_info(
    iam: &Iam,
    ask: &mut Ask<'_>,
) -> Reply {
    let action = "iam:GetOutboundWebIdentityFederationInfo";
    iam.allow(ask, action, Target::of("*")).await?;
    let account = ask.caller.account();
    let fact = iam.store().account_fact(account, OUTBOUND_WEB_IDENTITY);
    match fact.await? {
        Some(_) => Ok(vec![
            ("IssuerIdentifier", Node::text(&iam.issuer)),
            ("JwtVendingEnabled", Node::Flag(true)),
        ]),
        None => Err(AwsError::feature_disabled(account).into()),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DisableOutboundWebIdentityFederation.html>
pub(super) async fn disable_outbound_web_identity_federation(
    iam: &Iam,
    ask: &mut Ask<'_>,
) -> Reply {
    let action = "iam:DisableOutboundWebIdentityFederation";
    iam.allow(ask, action, Target::of("*")).await?;
    let account = ask.caller.account();
    let store = iam.store();
    let disabled = store.delete_account_fact(account, OUTBOUND_WEB_IDENTITY);
    match disabled.await {
        Ok(()) => Ok(shapes::nothing()),
        Err(StoreError::NotFound) => Err(AwsError::feature_already_disabled(account).into()),
        Err(error) => Err(error.into()),
    }
}

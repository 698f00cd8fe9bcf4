//! OpenID Connect providers: whose tokens the roles of an account may trust.
//!
//! What the configuration made is read like any other and changed only there. Thumbprints are kept and never used:
//! Drawbridge calls issuers over TLS that it verifies by the system's roots.

use serde_json::json;

use crate::access::Denial;
use crate::aws::arn;
use crate::aws::constraints::{Echo, PRINTABLE};
use crate::aws::error::AwsError;
use crate::aws::xml::{Fields, Node};
use crate::iam::halt::Halt;
use crate::iam::input::{self, Input};
use crate::iam::provider_url;
use crate::iam::provision::is_configured;
use crate::iam::{
    Ask, Iam, Operation, PARTITION, Reply, Target, exact_tags, reads, shapes, writes,
};
use crate::store::StoreError;
use crate::store::oidc_providers::OidcProvider;

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[
    writes!(
        create,
        "CreateOpenIDConnectProvider",
        "thumbprints are kept and not used, nor fetched where there are none: issuers are called over TLS that the roots of the system verify"
    ),
    reads!(get, "GetOpenIDConnectProvider"),
    reads!(list, "ListOpenIDConnectProviders"),
    writes!(delete, "DeleteOpenIDConnectProvider"),
    writes!(add_client_id, "AddClientIDToOpenIDConnectProvider"),
    writes!(remove_client_id, "RemoveClientIDFromOpenIDConnectProvider"),
    writes!(
        update_thumbprint,
        "UpdateOpenIDConnectProviderThumbprint",
        "thumbprints are kept and not used"
    ),
    writes!(tag, "TagOpenIDConnectProvider"),
    writes!(untag, "UntagOpenIDConnectProvider"),
    reads!(list_tags, "ListOpenIDConnectProviderTags"),
];

/// Most providers of an account.
const MOST: usize = 100;
/// Most client ids of a provider.
const MOST_CLIENT_IDS: usize = 100;
/// Most thumbprints of a provider.
const MOST_THUMBPRINTS: usize = 5;

const ARN: &str = "OpenIDConnectProviderArn";

fn not_found(arn: &str) -> AwsError {
    AwsError::no_such_entity(format!("OpenIDConnect Provider not found for arn {arn}"))
}

impl Iam {
    /// The provider that a call names, where the caller may do `action` to it.
    async fn oidc_provider(
        &self,
        ask: &Ask<'_>,
        action: &str,
        arn: &str,
        target: Target<'_>,
    ) -> Result<Option<OidcProvider>, Denial> {
        arn::provider_of("oidc-provider", arn).ok_or_else(AwsError::unparsable_arn)?;
        let found = self.store().oidc_provider(arn).await?;
        let found = found.filter(|found| found.account == ask.caller.account());
        let tags = found.as_ref().map_or(&[][..], |found| &found.tags);
        let target = Target {
            resource: arn,
            tags,
            ..target
        };
        self.allow(ask, action, target).await?;
        Ok(found)
    }

    /// Changes the provider that a call names, in one transaction.
    async fn change_oidc_provider(
        &self,
        ask: &Ask<'_>,
        action: &str,
        arn: &str,
        target: Target<'_>,
        change: impl FnOnce(&mut OidcProvider) -> Result<(), AwsError> + Send,
    ) -> Reply {
        let found = self.oidc_provider(ask, action, arn, target).await?;
        found.ok_or_else(|| not_found(arn))?;
        let changed = self.store().update_oidc_provider(arn, |provider| {
            changeable(provider, self.examples)?;
            Ok::<(), Halt>(change(provider)?)
        });
        let changed = changed.await;
        changed.map_err(|halt| halt.denial(not_found(arn)))?;
        Ok(shapes::nothing())
    }
}

/// A list that AWS holds to its lengths alone. What no answer could carry is refused with words of its own.
fn printable(
    read: &mut Input<'_>,
    name: &str,
    length: std::ops::RangeInclusive<usize>,
) -> Vec<String> {
    let values = read.strings(name, None, length);
    let member = input::member_name(name);
    for (place, value) in values
        .iter()
        .enumerate()
        .filter(|(_, value)| !value.is_empty())
    {
        let member = format!("{member}.{}.member", place + 1);
        let (any, hidden) = (0..=usize::MAX, Echo::Hidden);
        read.constraints
            .text(&member, Some(value), Some(PRINTABLE), any, hidden);
    }
    values
}

fn changeable(provider: &OidcProvider, examples: bool) -> Result<(), AwsError> {
    // Examples are everybody's to play with; the next start brings them back.
    match is_configured(&provider.tags) && !examples {
        true => Err(AwsError::unmodifiable(
            "This OpenID Connect provider was made by the configuration of Drawbridge, and can be changed only there.",
        )),
        false => Ok(()),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html>
async fn create(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let url = input.required("Url", None, 1..=255);
    let client_ids = printable(&mut input, "ClientIDList", 1..=255);
    let thumbprints = printable(&mut input, "ThumbprintList", 40..=40);
    let tags = input.tags();
    input.finish()?;
    let account = ask.caller.account();
    let arn = arn::oidc_provider(PARTITION, account, url);
    let target = Target {
        request_tags: &tags,
        ..Target::of(&arn)
    };
    let action = "iam:CreateOpenIDConnectProvider";
    iam.allow(ask, action, target.clone()).await?;
    if !tags.is_empty() {
        let action = "iam:TagOpenIDConnectProvider";
        iam.allow(ask, action, target).await?;
    }
    let issuer = provider_url::issuer(url, &iam.outbound, iam.loopback_http)?;
    exact_tags::check(&tags)?;
    let provider = OidcProvider {
        account: account.to_owned(),
        arn: arn.clone(),
        url: issuer,
        client_ids: distinct(client_ids)?,
        thumbprints: lower(thumbprints)?,
        tags: input::pairs(&tags),
        created_at: ask.call.unix(),
    };
    let created = iam.store().create_oidc_provider(&provider, MOST).await;
    created.map_err(|error| match error {
        StoreError::AlreadyExists => {
            AwsError::entity_exists(format!("Provider with url {url} already exists.")).into()
        }
        StoreError::Conflict => AwsError::quota("OpenIdConnectProvidersPerAccount", MOST).into(),
        other => Denial::from(other),
    })?;
    ask.elements = json!({ "openIDConnectProviderArn": arn });
    Ok(vec![
        (ARN, Node::Text(arn)),
        ("Tags", shapes::tags_if_any(&provider.tags)),
    ])
}

/// Each client id once, in the order given.
fn distinct(client_ids: Vec<String>) -> Result<Vec<String>, AwsError> {
    let mut kept: Vec<String> = Vec::with_capacity(client_ids.len().min(MOST_CLIENT_IDS));
    for id in client_ids {
        if !kept.contains(&id) {
            add(&mut kept, id)?;
        }
    }
    Ok(kept)
}

fn add(client_ids: &mut Vec<String>, id: String) -> Result<(), AwsError> {
    if client_ids.len() >= MOST_CLIENT_IDS {
        let quota = "ClientIdsPerOpenIdConnectProvider";
        return Err(AwsError::quota(quota, MOST_CLIENT_IDS));
    }
    client_ids.push(id);
    Ok(())
}

/// Thumbprints as they are kept: AWS lowers them, and checks neither that they are hexadecimal nor that they differ.
fn lower(thumbprints: Vec<String>) -> Result<Vec<String>, AwsError> {
    if thumbprints.len() > MOST_THUMBPRINTS {
        return Err(AwsError::invalid_input(
            "Thumbprint list must contain fewer than 5 entries.",
        ));
    }
    let lowered = thumbprints.iter().map(|print| print.to_lowercase());
    Ok(lowered.collect())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetOpenIDConnectProvider.html>
async fn get(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn(ARN);
    input.finish()?;
    let action = "iam:GetOpenIDConnectProvider";
    let found = iam.oidc_provider(ask, action, arn, Target::default());
    let provider = found.await?.ok_or_else(|| not_found(arn))?;
    Ok(whole(&provider))
}

fn whole(provider: &OidcProvider) -> Fields {
    let texts = |list: &[String]| Node::List(list.iter().map(Node::text).collect());
    vec![
        ("Url", Node::Text(arn::provider_name(&provider.url))),
        ("ClientIDList", texts(&provider.client_ids)),
        ("ThumbprintList", texts(&provider.thumbprints)),
        ("CreateDate", shapes::moment(provider.created_at)),
        ("Tags", exact_tags::sorted(&provider.tags)),
    ]
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOpenIDConnectProviders.html>
async fn list(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let account = ask.caller.account();
    let all = arn::iam(PARTITION, account, "oidc-provider", "/", "*");
    let action = "iam:ListOpenIDConnectProviders";
    iam.allow(ask, action, Target::of(&all)).await?;
    let providers = iam.store().oidc_providers(account).await?;
    let entry = |provider: OidcProvider| Node::Fields(vec![("Arn", Node::Text(provider.arn))]);
    let entries = providers.into_iter().map(entry).collect();
    Ok(vec![("OpenIDConnectProviderList", Node::List(entries))])
}

/// The documentation calls it idempotent; AWS answers NoSuchEntity the second time.
///
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteOpenIDConnectProvider.html>
async fn delete(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn(ARN);
    input.finish()?;
    let gone =
        || AwsError::no_such_entity(format!("OpenId connect Provider {arn} cannot be found."));
    let action = "iam:DeleteOpenIDConnectProvider";
    let found = iam.oidc_provider(ask, action, arn, Target::default());
    changeable(&found.await?.ok_or_else(gone)?, iam.examples)?;
    let deleted = iam.store().delete_oidc_provider(arn).await;
    deleted.map_err(|error| Halt::from(error).denial(gone()))?;
    Ok(shapes::nothing())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddClientIDToOpenIDConnectProvider.html>
async fn add_client_id(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn(ARN);
    let id = input.required("ClientID", Some(PRINTABLE), 1..=255);
    let id = id.to_owned();
    input.finish()?;
    let action = "iam:AddClientIDToOpenIDConnectProvider";
    let change = |provider: &mut OidcProvider| match provider.client_ids.contains(&id) {
        true => Ok(()),
        false => add(&mut provider.client_ids, id),
    };
    let target = Target::default();
    iam.change_oidc_provider(ask, action, arn, target, change)
        .await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveClientIDFromOpenIDConnectProvider.html>
async fn remove_client_id(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn(ARN);
    let id = input.required("ClientID", None, 1..=255);
    input.finish()?;
    let action = "iam:RemoveClientIDFromOpenIDConnectProvider";
    let change = |provider: &mut OidcProvider| {
        provider.client_ids.retain(|known| known != id);
        Ok(())
    };
    let target = Target::default();
    iam.change_oidc_provider(ask, action, arn, target, change)
        .await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateOpenIDConnectProviderThumbprint.html>
async fn update_thumbprint(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn(ARN);
    input.list_required("ThumbprintList");
    let thumbprints = printable(&mut input, "ThumbprintList", 40..=40);
    input.finish()?;
    let action = "iam:UpdateOpenIDConnectProviderThumbprint";
    let change = |provider: &mut OidcProvider| {
        if thumbprints.is_empty() {
            return Err(AwsError::invalid_input(
                "Thumbprint list must contain at least one entry.",
            ));
        }
        provider.thumbprints = lower(thumbprints)?;
        Ok(())
    };
    let target = Target::default();
    iam.change_oidc_provider(ask, action, arn, target, change)
        .await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagOpenIDConnectProvider.html>
async fn tag(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn(ARN);
    input.list_required("Tags");
    let tags = input.tags();
    input.finish()?;
    let target = Target {
        request_tags: &tags,
        ..Target::default()
    };
    let change = |provider: &mut OidcProvider| {
        exact_tags::check(&tags)?;
        exact_tags::merge(&mut provider.tags, &tags)
    };
    let action = "iam:TagOpenIDConnectProvider";
    iam.change_oidc_provider(ask, action, arn, target, change)
        .await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagOpenIDConnectProvider.html>
async fn untag(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn(ARN);
    input.list_required("TagKeys");
    let keys = input.tag_keys();
    input.finish()?;
    let target = Target {
        tag_keys: &keys,
        ..Target::default()
    };
    let change = |provider: &mut OidcProvider| {
        exact_tags::remove(&mut provider.tags, &keys);
        Ok(())
    };
    let action = "iam:UntagOpenIDConnectProvider";
    iam.change_oidc_provider(ask, action, arn, target, change)
        .await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOpenIDConnectProviderTags.html>
async fn list_tags(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn(ARN);
    let page = input.page();
    input.finish()?;
    let action = "iam:ListOpenIDConnectProviderTags";
    let found = iam.oidc_provider(ask, action, arn, Target::default());
    let provider = found.await?.ok_or_else(|| not_found(arn))?;
    Ok(exact_tags::page(&page, provider.tags)?)
}

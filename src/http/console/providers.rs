//! `/console/providers`: whom the account lets vouch for people and jobs; and one provider: which roles trust it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use crate::app::App;
use crate::aws::arn;
use crate::http::console::here::{Frame, Here, Made, Missing, Refused, Section, day};
use crate::http::console::list::{self, About, Item};
use crate::http::form::Link;
use crate::http::layers::Peer;
use crate::http::page;
use crate::http::pages::Chrome;
use crate::iam::{PARTITION, Target};
use crate::store::oidc_providers::OidcProvider;

/// `GET /console/providers`.
pub async fn list(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    link: Link,
) -> Response {
    let event = "ListOpenIDConnectProviders";
    match Here::enter(&app, &headers, peer, Section::Providers, event).await {
        Ok(here) => {
            let made = list_page(&app, &here, &link).await;
            here.answer(&app, made).await
        }
        Err(ended) => ended,
    }
}

async fn list_page(app: &App, here: &Here, link: &Link) -> Made {
    let every = arn::iam(PARTITION, here.account(), "oidc-provider", "/", "*");
    here.must(app, "iam:ListOpenIDConnectProviders", Target::of(&every))
        .await?;
    let providers = app.store.oidc_providers(here.account()).await?;
    let about = About {
        heading: "Providers",
        path: "/console/providers",
        purpose: "Whom the account lets vouch for people and jobs; each role says itself whom it trusts.",
        filter: "Address or name",
        action: None,
    };
    let items = providers.into_iter().map(|provider| Item {
        href: app.urls.console_provider(&provider.arn),
        name: arn::provider_name(&provider.url),
        badge: Some("OpenID Connect"),
        about: String::new(),
        fact: match provider.client_ids.len() {
            0 => "no audience, so it admits nobody".to_owned(),
            1 => "1 audience".to_owned(),
            more => format!("{more} audiences"),
        },
        arn: provider.arn,
        warning: None,
    });
    Ok(list::page(app, here, link, about, items.collect()))
}

/// `GET /console/provider?arn=`.
pub async fn show(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    link: Link,
) -> Response {
    let event = "GetOpenIDConnectProvider";
    match Here::enter(&app, &headers, peer, Section::Providers, event).await {
        Ok(mut here) => {
            let made = provider_page(&app, &mut here, &link).await;
            here.answer(&app, made).await
        }
        Err(ended) => ended,
    }
}

/// A role that trusts a provider.
#[derive(Clone, Debug)]
pub(super) struct TrustingRole {
    pub(super) name: String,
    pub(super) href: String,
    pub(super) description: String,
}

/// An OpenID Connect provider.
#[derive(Clone, Debug, Template)]
#[template(path = "console_oidc_provider.html")]
struct OidcPage {
    chrome: Chrome,
    frame: Frame,
    provider: OidcProvider,
    name: String,
    created: String,
    roles: Vec<TrustingRole>,
    roles_missing: Option<Missing>,
}

/// The roles of the account whose trust policies name a provider, where the session may list roles.
pub(super) async fn trusting(
    app: &App,
    here: &Here,
    provider: &str,
) -> Result<(Vec<TrustingRole>, Option<Missing>), Refused> {
    let every = arn::role(PARTITION, here.account(), "/", "");
    let missing = here.may(app, "iam:ListRoles", Target::of(&every)).await?;
    let mut roles = Vec::new();
    if missing.is_none() {
        let catalog = app.cache.catalog().await?;
        for arn in catalog.trusting(provider) {
            let role = app.cache.role(arn).await?;
            // A trust policy of another account can name it, too; that is not this account's to show.
            let role = role.filter(|role| role.role.account == here.account());
            roles.extend(role.map(|role| TrustingRole {
                name: role.role.name.clone(),
                href: app.urls.console_role(&role.role.name),
                description: role.role.description.clone(),
            }));
        }
    }
    Ok((roles, missing))
}

async fn provider_page(app: &App, here: &mut Here, link: &Link) -> Made {
    let arn = link.get("arn").unwrap_or_default().to_owned();
    let named = json!({ "openIDConnectProviderArn": arn });
    here.call.event.set("requestParameters", named);
    let found = app.store.oidc_provider(&arn).await?;
    let found = found.filter(|found| found.account == here.account());
    let tags = found.as_ref().map_or(&[][..], |found| &found.tags);
    let target = Target {
        tags,
        ..Target::of(&arn)
    };
    here.must(app, "iam:GetOpenIDConnectProvider", target)
        .await?;
    let Some(provider) = found else {
        let sentence = format!("The provider {arn} cannot be found.");
        return Err(Refused::Absent(sentence));
    };
    let (roles, roles_missing) = trusting(app, here, &arn).await?;
    let name = arn::provider_name(&provider.url);
    let (chrome, frame) = here.around(app, &name);
    let page = OidcPage {
        chrome,
        frame,
        name,
        created: day(provider.created_at),
        roles,
        roles_missing,
        provider,
    };
    Ok(page::html(StatusCode::OK, page))
}

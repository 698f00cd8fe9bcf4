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
use crate::iam::{PARTITION, Target, saml_metadata};
use crate::saml::IdpMetadata;
use crate::store::oidc_providers::OidcProvider;
use crate::store::saml_providers::SamlProviderEntry;

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
    // Either list is worth the page.
    let every = arn::iam(PARTITION, here.account(), "oidc-provider", "/", "*");
    let action = "iam:ListOpenIDConnectProviders";
    let oidc_missing = here.may(app, action, Target::of(&every)).await?;
    let every = arn::saml_provider(PARTITION, here.account(), "*");
    let saml_missing = here.may(app, "iam:ListSAMLProviders", Target::of(&every));
    let mut items = Vec::new();
    match (oidc_missing, saml_missing.await?) {
        (Some(missing), Some(_)) => return Err(Refused::Missing(missing)),
        (oidc_missing, saml_missing) => {
            if oidc_missing.is_none() {
                let known = app.store.oidc_providers(here.account()).await?;
                items.extend(known.into_iter().map(|one| oidc_item(app, one)));
            }
            if saml_missing.is_none() {
                let known = app.store.saml_providers(here.account()).await?;
                items.extend(known.into_iter().map(|one| saml_item(app, one)));
            }
        }
    }
    let about = About {
        heading: "Providers",
        path: "/console/providers",
        purpose: "Whom the account lets vouch for people and jobs; each role says itself whom it trusts.",
        filter: "Address or name",
        action: None,
    };
    Ok(list::page(app, here, link, about, items))
}

fn oidc_item(app: &App, provider: OidcProvider) -> Item {
    Item {
        href: app.urls.console_provider(&provider.arn),
        name: arn::provider_name(&provider.url),
        badge: Some("OpenID Connect"),
        fact: match provider.client_ids.len() {
            0 => "no audience, so it admits nobody".to_owned(),
            1 => "1 audience".to_owned(),
            more => format!("{more} audiences"),
        },
        arn: provider.arn,
        ..Item::default()
    }
}

fn saml_item(app: &App, provider: SamlProviderEntry) -> Item {
    Item {
        href: app.urls.console_provider(&provider.arn),
        name: provider
            .arn
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned(),
        badge: Some("SAML 2.0"),
        fact: format!("made {}", day(provider.created_at)),
        arn: provider.arn,
        ..Item::default()
    }
}

/// `GET /console/provider?arn=`.
pub async fn show(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    link: Link,
) -> Response {
    let arn = link.get("arn").unwrap_or_default();
    let saml = arn::provider_of("saml-provider", arn).is_some();
    let event = match saml {
        true => "GetSAMLProvider",
        false => "GetOpenIDConnectProvider",
    };
    match Here::enter(&app, &headers, peer, Section::Providers, event).await {
        Ok(mut here) => {
            let made = match saml {
                true => saml_page(&app, &mut here, arn).await,
                false => oidc_page(&app, &mut here, arn).await,
            };
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
    /// For callers of the account that stands over all.
    cut_href: Option<String>,
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

async fn oidc_page(app: &App, here: &mut Here, arn: &str) -> Made {
    let named = json!({ "openIDConnectProviderArn": arn });
    here.call.event.set("requestParameters", named);
    let found = app.store.oidc_provider(arn).await?;
    let found = found.filter(|found| found.account == here.account());
    let tags = found.as_ref().map_or(&[][..], |found| &found.tags);
    let target = Target {
        tags,
        ..Target::of(arn)
    };
    here.must(app, "iam:GetOpenIDConnectProvider", target)
        .await?;
    let Some(provider) = found else {
        let sentence = format!("The provider {arn} cannot be found.");
        return Err(Refused::Absent(sentence));
    };
    let (roles, roles_missing) = trusting(app, here, arn).await?;
    let name = arn::provider_name(&provider.url);
    let (chrome, frame) = here.around(app, &name);
    let page = OidcPage {
        chrome,
        frame,
        name,
        created: day(provider.created_at),
        roles,
        roles_missing,
        cut_href: cut_href(app, here, arn),
        provider,
    };
    Ok(page::html(StatusCode::OK, page))
}

/// A SAML provider.
#[derive(Clone, Debug, Template)]
#[template(path = "console_saml_provider.html")]
struct SamlPage {
    chrome: Chrome,
    frame: Frame,
    name: String,
    arn: String,
    entity_id: String,
    sign_in: Vec<String>,
    certificates: usize,
    encryption: String,
    private_keys: usize,
    tags: Vec<(String, String)>,
    created: String,
    roles: Vec<TrustingRole>,
    roles_missing: Option<Missing>,
    /// For callers of the account that stands over all.
    cut_href: Option<String>,
}

async fn saml_page(app: &App, here: &mut Here, arn: &str) -> Made {
    let named = json!({ "sAMLProviderArn": arn });
    here.call.event.set("requestParameters", named);
    let found = app.store.saml_provider(arn).await?;
    let found = found.filter(|found| found.account == here.account());
    let tags = found.as_ref().map_or(&[][..], |found| &found.tags);
    let target = Target {
        tags,
        ..Target::of(arn)
    };
    here.must(app, "iam:GetSAMLProvider", target).await?;
    let Some(provider) = found else {
        let sentence = format!("The provider {arn} cannot be found.");
        return Err(Refused::Absent(sentence));
    };
    let (roles, roles_missing) = trusting(app, here, arn).await?;
    // It was read when it was saved.
    let metadata = saml_metadata::read(&provider.metadata).ok();
    let (chrome, frame) = here.around(app, &provider.name);
    let page = SamlPage {
        chrome,
        frame,
        name: provider.name,
        arn: provider.arn,
        sign_in: metadata.as_ref().map(sign_in).unwrap_or_default(),
        certificates: metadata.as_ref().map_or(0, |it| it.signing.len()),
        entity_id: metadata.map(|it| it.entity_id).unwrap_or_default(),
        encryption: match provider.encryption_mode.as_str() {
            "Required" => "required".to_owned(),
            _ => "allowed".to_owned(),
        },
        private_keys: provider.private_keys.len(),
        tags: provider.tags,
        created: day(provider.created_at),
        roles,
        roles_missing,
        cut_href: cut_href(app, here, arn),
    };
    Ok(page::html(StatusCode::OK, page))
}

/// Where people sign in, each address once.
fn sign_in(metadata: &IdpMetadata) -> Vec<String> {
    let mut addresses: Vec<String> = Vec::new();
    for service in &metadata.sso {
        if !addresses.contains(&service.location) {
            addresses.push(service.location.clone());
        }
    }
    addresses
}

fn cut_href(app: &App, here: &Here, arn: &str) -> Option<String> {
    let may = app.iam.stands_over_all(here.account());
    may.then(|| app.urls.console_cut_off("idp", arn))
}

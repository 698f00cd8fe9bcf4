//! `/console/policies`: the managed policies of the account and those of AWS; and one policy: what it says.

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
use crate::http::console::sentences::{Piece, Said, pretty, said};
use crate::http::form::Link;
use crate::http::layers::Peer;
use crate::http::page;
use crate::http::pages::Chrome;
use crate::iam::aws_managed::OWNER as AWS;
use crate::iam::{PARTITION, Target};
use crate::policy::DocumentKind;
use crate::store::managed_policies::ManagedPolicy;
use crate::store::policy_usage::{EntityKind, PolicyEntity};

/// `GET /console/policies`.
pub async fn list(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    link: Link,
) -> Response {
    match Here::enter(&app, &headers, peer, Section::Policies, "ListPolicies").await {
        Ok(here) => {
            let made = list_page(&app, &here, &link).await;
            here.answer(&app, made).await
        }
        Err(ended) => ended,
    }
}

async fn list_page(app: &App, here: &Here, link: &Link) -> Made {
    let every = arn::iam(PARTITION, here.account(), "policy", "/", "");
    here.must(app, "iam:ListPolicies", Target::of(&every))
        .await?;
    let mut policies = app.store.managed_policies(here.account()).await?;
    policies.extend(app.store.managed_policies(AWS).await?);
    let about = About {
        heading: "Policies",
        path: "/console/policies",
        purpose: "Managed policies, to attach to roles, users and groups. Those of AWS come last.",
        filter: "Name, path or purpose",
        action: None,
    };
    let items = policies.into_iter().map(|policy| item(app, policy));
    Ok(list::page(app, here, link, about, items.collect()))
}

fn item(app: &App, policy: ManagedPolicy) -> Item {
    Item {
        href: app.urls.console_policy(&policy.arn),
        name: policy.name,
        badge: (policy.account == AWS).then_some("AWS"),
        about: policy.description,
        arn: policy.arn,
        fact: format!("v{}", policy.default_version),
        warning: None,
    }
}

/// `GET /console/policy?arn=`.
pub async fn show(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    link: Link,
) -> Response {
    match Here::enter(&app, &headers, peer, Section::Policies, "GetPolicy").await {
        Ok(mut here) => {
            let made = policy_page(&app, &mut here, &link).await;
            here.answer(&app, made).await
        }
        Err(ended) => ended,
    }
}

/// A managed policy.
#[derive(Clone, Debug, Template)]
#[template(path = "console_policy.html")]
struct PolicyPage {
    chrome: Chrome,
    frame: Frame,
    policy: ManagedPolicy,
    created: String,
    updated: String,
    missing: Option<Missing>,
    said: Option<Vec<Said>>,
    document: String,
    versions: Vec<Version>,
    versions_missing: Option<Missing>,
    holders: Vec<Holder>,
    holders_missing: Option<Missing>,
}

/// A version of a policy.
#[derive(Clone, Debug)]
struct Version {
    number: i64,
    in_force: bool,
    created: String,
    /// `None` where the session may not read it.
    document: Option<String>,
}

/// Who has a policy.
#[derive(Clone, Debug)]
struct Holder {
    kind: &'static str,
    name: String,
    href: String,
    bounded: bool,
}

fn holder(app: &App, entity: PolicyEntity) -> Holder {
    let (kind, href) = match entity.kind {
        EntityKind::Role => ("role", app.urls.console_role(&entity.name)),
        EntityKind::User => ("user", app.urls.console_user(&entity.name)),
        EntityKind::Group => ("group", app.urls.console_group(&entity.name)),
    };
    Holder {
        kind,
        name: entity.name,
        href,
        bounded: entity.bounded,
    }
}

async fn policy_page(app: &App, here: &mut Here, link: &Link) -> Made {
    let arn = link.get("arn").unwrap_or_default().to_owned();
    here.call
        .event
        .set("requestParameters", json!({ "policyArn": arn }));
    let found = app.store.managed_policy(&arn).await?;
    let found =
        found.filter(|(policy, _)| [here.account(), AWS].contains(&policy.account.as_str()));
    let tags = found.as_ref().map_or(&[][..], |(policy, _)| &policy.tags);
    let target = || Target {
        tags,
        ..Target::of(&arn)
    };
    here.must(app, "iam:GetPolicy", target()).await?;
    let missing = here.may(app, "iam:GetPolicyVersion", target()).await?;
    let versions_missing = here.may(app, "iam:ListPolicyVersions", target()).await?;
    let holders_missing = here.may(app, "iam:ListEntitiesForPolicy", target()).await?;
    let Some((policy, document)) = found else {
        return Err(Refused::Absent(format!("Policy {arn} was not found.")));
    };
    let versions = match versions_missing {
        None => app.store.policy_versions(&arn).await?,
        Some(_) => Vec::new(),
    };
    let readable = missing.is_none();
    let versions = versions.into_iter().map(|version| Version {
        number: version.version,
        in_force: version.version == policy.default_version,
        created: day(version.created_at),
        document: readable.then(|| pretty(&version.document)),
    });
    let holders = match holders_missing {
        None => app.store.policy_entities(here.account(), &arn).await?,
        Some(_) => Vec::new(),
    };
    let (chrome, frame) = here.around(app, &policy.name);
    let page = PolicyPage {
        chrome,
        frame,
        created: day(policy.created_at),
        updated: day(policy.updated_at),
        missing,
        said: said(&document, DocumentKind::Identity),
        document: pretty(&document),
        versions: versions.collect(),
        versions_missing,
        holders: holders.into_iter().map(|one| holder(app, one)).collect(),
        holders_missing,
        policy,
    };
    Ok(page::html(StatusCode::OK, page))
}

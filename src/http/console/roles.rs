//! `/console/roles`: the roles of the account; and one role: who may take it, what it may do.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use crate::app::App;
use crate::aws::arn;
use crate::http::console::here::{Frame, Here, Made, Refused, Section, day};
use crate::http::console::list::{self, About, Item};
use crate::http::console::permissions::{Owner, Permissions, gather};
use crate::http::console::sentences::{Piece, Said, pretty, said};
use crate::http::console::trial::{Trial, try_it};
use crate::http::form::Link;
use crate::http::layers::Peer;
use crate::http::page;
use crate::http::pages::{Action, Chrome};
use crate::iam::{PARTITION, Target};
use crate::policy::DocumentKind;
use crate::store::inline_policies::PolicyOwner;
use crate::store::roles::Role;

/// `GET /console/roles`.
pub async fn list(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    link: Link,
) -> Response {
    match Here::enter(&app, &headers, peer, Section::Roles, "ListRoles").await {
        Ok(here) => {
            let made = list_page(&app, &here, &link).await;
            here.answer(&app, made).await
        }
        Err(ended) => ended,
    }
}

async fn list_page(app: &App, here: &Here, link: &Link) -> Made {
    let every = arn::role(PARTITION, here.account(), "/", "");
    here.must(app, "iam:ListRoles", Target::of(&every)).await?;
    let roles = app.store.roles(here.account()).await?;
    let some = arn::role(PARTITION, here.account(), "/", "*");
    let create = here.may(app, "iam:CreateRole", Target::of(&some)).await?;
    let about = About {
        heading: "Roles",
        path: "/console/roles",
        purpose: "A role says who may assume it, and what it may do.",
        filter: "Name, path or purpose",
        action: create.is_none().then(|| Action {
            label: "Create a role".to_owned(),
            href: "/console/roles/new".to_owned(),
        }),
    };
    let items = roles.into_iter().map(|role| item(app, role)).collect();
    Ok(list::page(app, here, link, about, items))
}

fn item(app: &App, role: Role) -> Item {
    Item {
        href: app.urls.console_role(&role.name),
        fact: format!("sessions of up to {}", duration(role.max_session_duration)),
        name: role.name,
        arn: role.arn,
        about: role.description,
        warning: role.production.then_some("production"),
        badge: None,
    }
}

/// `1 hour`, `90 minutes`.
pub(super) fn duration(seconds: i64) -> String {
    match (seconds / 3600, seconds % 3600) {
        (1, 0) => "1 hour".to_owned(),
        (hours, 0) => format!("{hours} hours"),
        _ => format!("{} minutes", seconds / 60),
    }
}

/// `GET /console/roles/{name}`.
pub async fn show(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Path(name): Path<String>,
    headers: HeaderMap,
    link: Link,
) -> Response {
    match Here::enter(&app, &headers, peer, Section::Roles, "GetRole").await {
        Ok(mut here) => {
            let made = role_page(&app, &mut here, &name, &link).await;
            here.answer(&app, made).await
        }
        Err(ended) => ended,
    }
}

/// A role.
#[derive(Clone, Debug, Template)]
#[template(path = "console_role.html")]
struct RolePage {
    chrome: Chrome,
    frame: Frame,
    role: Role,
    longest: String,
    created: String,
    who: Option<Vec<Said>>,
    trust: String,
    permissions: Permissions,
    trial: Trial,
    done: Option<&'static str>,
}

/// The role of this name, where the session may see it. One that is not there is asked about under the ARN it would
/// have, as the API does.
pub(super) async fn seen(app: &App, here: &Here, name: &str) -> Result<Role, Refused> {
    let found = app.store.role_by_name(here.account(), name).await?;
    let Some(role) = found else {
        let would_be = arn::role(PARTITION, here.account(), "/", name);
        here.must(app, "iam:GetRole", Target::of(&would_be)).await?;
        let sentence = format!("The role with name {name} cannot be found.");
        return Err(Refused::Absent(sentence));
    };
    here.must(app, "iam:GetRole", target(&role)).await?;
    Ok(role)
}

fn target(role: &Role) -> Target<'_> {
    Target {
        tags: &role.tags,
        ..Target::of(&role.arn)
    }
}

async fn role_page(app: &App, here: &mut Here, name: &str, link: &Link) -> Made {
    here.call
        .event
        .set("requestParameters", json!({ "roleName": name }));
    let role = seen(app, here, name).await?;
    let owner = Owner {
        noun: "Role",
        owner: PolicyOwner::Role(role.unique_id.clone()),
        target: target(&role),
        boundary: role.permissions_boundary.as_deref(),
    };
    let permissions = gather(app, here, &owner).await?;
    let trial = try_it(&here.call, &role, &permissions, link);
    let (chrome, frame) = here.around(app, &role.name);
    let page = RolePage {
        chrome,
        frame,
        longest: duration(role.max_session_duration),
        created: day(role.created_at),
        who: said(&role.trust_policy, DocumentKind::Trust),
        trust: pretty(&role.trust_policy),
        permissions,
        trial,
        done: match link.get("done") {
            Some("created") => Some("The role is made."),
            Some("created-in-part") => Some(
                "The role is made, but not every policy could be attached: look below at what it holds.",
            ),
            Some("cut-off") => Some("Every session of this role that began before now is cut off."),
            _ => None,
        },
        role,
    };
    Ok(page::html(StatusCode::OK, page))
}

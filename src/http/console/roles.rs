//! `/console/roles`: the roles of the account; and one role: who may take it, what it may do.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use crate::app::App;
use crate::aws::arn;
use crate::http::console::here::{Frame, Here, Made, Pages, Refused, Section, cut, day};
use crate::http::console::permissions::{Owner, Permissions, gather};
use crate::http::console::sentences::{Piece, Said, pretty, said};
use crate::http::console::trial::{Trial, try_it};
use crate::http::form::Link;
use crate::http::layers::Peer;
use crate::http::page;
use crate::http::pages::Chrome;
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
            here.answer(&app, made)
        }
        Err(ended) => ended,
    }
}

/// A role in the list.
#[derive(Clone, Debug)]
struct Row {
    name: String,
    href: String,
    arn: String,
    description: String,
    production: bool,
    longest: String,
}

/// The list of roles.
#[derive(Clone, Debug, Template)]
#[template(path = "console_roles.html")]
struct RolesPage {
    chrome: Chrome,
    frame: Frame,
    filter: String,
    rows: Vec<Row>,
    pages: Pages,
    /// Whether there are roles at all.
    any: bool,
    may_create: bool,
}

async fn list_page(app: &App, here: &Here, link: &Link) -> Made {
    let every = arn::role(PARTITION, here.account(), "/", "");
    here.must(app, "iam:ListRoles", Target::of(&every)).await?;
    let filter = link.get("q").unwrap_or_default().trim();
    let roles = app.store.roles(here.account()).await?;
    let any = !roles.is_empty();
    let words: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
    let matching = roles.into_iter().filter(|role| {
        let alias = role.alias.as_deref().unwrap_or_default();
        let text = format!("{} {} {alias}", role.arn, role.description).to_lowercase();
        words.iter().all(|word| text.contains(word))
    });
    let base = app.urls.console_list("/console/roles", filter);
    let (roles, pages) = cut(matching.collect(), link.get("page"), &base);
    let some = arn::role(PARTITION, here.account(), "/", "*");
    let create = here.may(app, "iam:CreateRole", Target::of(&some)).await?;
    let (chrome, frame) = here.around(app, "Roles");
    let page = RolesPage {
        chrome,
        frame,
        filter: filter.to_owned(),
        rows: roles.into_iter().map(|role| row(app, role)).collect(),
        pages,
        any,
        may_create: create.is_none(),
    };
    Ok(page::html(StatusCode::OK, page))
}

fn row(app: &App, role: Role) -> Row {
    Row {
        href: app.urls.console_role(&role.name),
        longest: duration(role.max_session_duration),
        name: role.name,
        arn: role.arn,
        description: role.description,
        production: role.production,
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
            here.answer(&app, made)
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
            Some("cut-off") => Some("Every session of this role that began before now is cut off."),
            _ => None,
        },
        role,
    };
    Ok(page::html(StatusCode::OK, page))
}

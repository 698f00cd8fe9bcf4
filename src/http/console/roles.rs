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
use crate::http::console::list::{self, About, Filter, Item, PAGE};
use crate::http::console::permissions::{Owner, Permissions, gather};
use crate::http::console::sentences::{Piece, Said, pretty, said};
use crate::http::console::trial::{Trial, try_it};
use crate::http::form::Link;
use crate::http::layers::Peer;
use crate::http::page;
use crate::http::pages::{Action, Chrome};
use crate::iam::trust::Shown;
use crate::iam::{PARTITION, Target};
use crate::policy::DocumentKind;
use crate::store::StoreError;
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
    let total = app.store.role_count(here.account()).await?;
    let found = matching(app, here.account(), link).await?;
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
    let total = usize::try_from(total).unwrap_or_default();
    Ok(list::part(app, here, link, about, found, total))
}

/// How many roles are read at once.
const BATCH: usize = 1000;

/// One page of the roles that a filter admits, and after which of them it goes on. An account may have a hundred
/// thousand roles: no more of them are read than it takes to fill a page.
async fn matching(
    app: &App,
    account: &str,
    link: &Link,
) -> Result<(Vec<Item>, Option<String>), StoreError> {
    let filter = Filter::of(link);
    let mut after = link.get("after").unwrap_or_default().to_owned();
    let mut items: Vec<Item> = Vec::new();
    loop {
        let roles = app.store.roles_after(account, "/", &after, BATCH).await?;
        let last = roles.len() < BATCH;
        for role in roles {
            after.clone_from(&role.name);
            let item = item(app, role);
            if !filter.admits(&item) {
                continue;
            }
            if items.len() == PAGE {
                let next = items.last().map(|item| item.name.clone());
                return Ok((items, next));
            }
            items.push(item);
        }
        if last {
            return Ok((items, None));
        }
    }
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
    used: Option<String>,
    who: Option<Vec<Said>>,
    trust: String,
    permissions: Permissions,
    cut_href: String,
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
    let trust = Shown::new(&app.store).of(&role).await?;
    let used = app.iam.role_last_used(&role.unique_id).await?;
    let (chrome, frame) = here.around(app, &role.name);
    let page = RolePage {
        chrome,
        frame,
        longest: duration(role.max_session_duration),
        created: day(role.created_at),
        used: used.map(|(at, _)| day(at)),
        who: said(&trust, DocumentKind::Trust),
        trust: pretty(&trust),
        permissions,
        cut_href: app.urls.console_cut_off("role", &role.arn),
        trial,
        done: match link.get("done") {
            Some("created") => Some("The role is made."),
            Some("created-in-part") => Some(
                "The role is made, but not every policy could be attached: look below at what it holds.",
            ),
            _ => None,
        },
        role,
    };
    Ok(page::html(StatusCode::OK, page))
}

//! `/console/users`: the users of the account; and one user: its keys, and what it may do.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use crate::app::App;
use crate::aws::arn;
use crate::http::console::here::{Frame, Here, Made, Missing, Refused, Section, day};
use crate::http::console::list::{self, About, Item};
use crate::http::console::permissions::{Owner, Permissions, gather};
use crate::http::console::sentences::Piece;
use crate::http::form::Link;
use crate::http::layers::Peer;
use crate::http::page;
use crate::http::pages::Chrome;
use crate::iam::{PARTITION, Target};
use crate::store::access_keys::KeyOwner;
use crate::store::inline_policies::PolicyOwner;
use crate::store::last_use::UseKind;
use crate::store::users::User;

/// `GET /console/users`.
pub async fn list(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    link: Link,
) -> Response {
    match Here::enter(&app, &headers, peer, Section::Users, "ListUsers").await {
        Ok(here) => {
            let made = list_page(&app, &here, &link).await;
            here.answer(&app, made).await
        }
        Err(ended) => ended,
    }
}

async fn list_page(app: &App, here: &Here, link: &Link) -> Made {
    let every = arn::iam(PARTITION, here.account(), "user", "/", "");
    here.must(app, "iam:ListUsers", Target::of(&every)).await?;
    let users = app.store.users(here.account()).await?;
    let about = About {
        heading: "Users",
        path: "/console/users",
        purpose: "A user has keys that do not end by themselves; a role is better where one will do.",
        filter: "Name or path",
        action: None,
    };
    let item = |user: User| Item {
        href: app.urls.console_user(&user.name),
        name: user.name,
        arn: user.arn,
        fact: format!("made {}", day(user.created_at)),
        ..Item::default()
    };
    Ok(list::page(
        app,
        here,
        link,
        about,
        users.into_iter().map(item).collect(),
    ))
}

/// `GET /console/users/{name}`.
pub async fn show(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    match Here::enter(&app, &headers, peer, Section::Users, "GetUser").await {
        Ok(mut here) => {
            let made = user_page(&app, &mut here, &name).await;
            here.answer(&app, made).await
        }
        Err(ended) => ended,
    }
}

/// An access key, without its secret.
#[derive(Clone, Debug)]
struct KeyRow {
    id: String,
    active: bool,
    created: String,
    used: Option<String>,
}

/// A user.
#[derive(Clone, Debug, Template)]
#[template(path = "console_user.html")]
struct UserPage {
    chrome: Chrome,
    frame: Frame,
    user: User,
    created: String,
    keys: Vec<KeyRow>,
    keys_missing: Option<Missing>,
    /// Serial numbers of devices.
    devices: Vec<String>,
    devices_missing: Option<Missing>,
    groups: Vec<(String, String)>,
    groups_missing: Option<Missing>,
    permissions: Permissions,
    cut_href: String,
}

async fn user_page(app: &App, here: &mut Here, name: &str) -> Made {
    here.call
        .event
        .set("requestParameters", json!({ "userName": name }));
    let found = app.store.user_by_name(here.account(), name).await?;
    let Some(user) = found else {
        let would_be = arn::iam(PARTITION, here.account(), "user", "/", name);
        here.must(app, "iam:GetUser", Target::of(&would_be)).await?;
        let sentence = format!("The user with name {name} cannot be found.");
        return Err(Refused::Absent(sentence));
    };
    let target = || Target {
        tags: &user.tags,
        ..Target::of(&user.arn)
    };
    here.must(app, "iam:GetUser", target()).await?;
    let keys_missing = here.may(app, "iam:ListAccessKeys", target()).await?;
    let mut keys = Vec::new();
    if keys_missing.is_none() {
        let mine = KeyOwner::User(user.unique_id.clone());
        let all = app.store.access_keys(here.account()).await?;
        let all = all.into_iter().filter(|key| key.principal == mine);
        for key in all {
            let used = app.iam.last_use(UseKind::AccessKey, &key.id).await?;
            keys.push(KeyRow {
                used: used.map(|used| day(used.at)),
                id: key.id,
                active: key.active,
                created: day(key.created_at),
            });
        }
    }
    let devices_missing = here.may(app, "iam:ListMFADevices", target()).await?;
    let devices = match devices_missing {
        None => app.store.mfa_devices_of(&user.unique_id).await?,
        Some(_) => Vec::new(),
    };
    let groups_missing = here.may(app, "iam:ListGroupsForUser", target()).await?;
    let groups = match groups_missing {
        None => app.store.groups_of(&user.unique_id).await?,
        Some(_) => Vec::new(),
    };
    let owner = Owner {
        noun: "User",
        owner: PolicyOwner::User(user.unique_id.clone()),
        target: target(),
        boundary: user.permissions_boundary.as_deref(),
    };
    let permissions = gather(app, here, &owner).await?;
    let (chrome, frame) = here.around(app, &user.name);
    let page = UserPage {
        chrome,
        frame,
        created: day(user.created_at),
        keys,
        keys_missing,
        devices: devices.into_iter().map(|device| device.serial).collect(),
        devices_missing,
        groups: groups
            .into_iter()
            .map(|group| (app.urls.console_group(&group.name), group.name))
            .collect(),
        groups_missing,
        permissions,
        cut_href: app.urls.console_cut_off("principal", &user.arn),
        user,
    };
    Ok(page::html(StatusCode::OK, page))
}

//! `/console/groups`: the groups of the account; and one group: who is in it, and what it lets them do.

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
use crate::http::console::sentences::Piece;
use crate::http::form::Link;
use crate::http::layers::Peer;
use crate::http::page;
use crate::http::pages::Chrome;
use crate::iam::{PARTITION, Target};
use crate::store::groups::Group;
use crate::store::inline_policies::PolicyOwner;

/// `GET /console/groups`.
pub async fn list(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    link: Link,
) -> Response {
    match Here::enter(&app, &headers, peer, Section::Groups, "ListGroups").await {
        Ok(here) => {
            let made = list_page(&app, &here, &link).await;
            here.answer(&app, made).await
        }
        Err(ended) => ended,
    }
}

async fn list_page(app: &App, here: &Here, link: &Link) -> Made {
    let every = arn::iam(PARTITION, here.account(), "group", "/", "");
    here.must(app, "iam:ListGroups", Target::of(&every)).await?;
    let groups = app.store.groups(here.account()).await?;
    let about = About {
        heading: "Groups",
        path: "/console/groups",
        purpose: "A group gives its users what its policies allow.",
        filter: "Name or path",
        action: None,
    };
    let item = |group: Group| Item {
        href: app.urls.console_group(&group.name),
        name: group.name,
        arn: group.arn,
        fact: format!("made {}", day(group.created_at)),
        ..Item::default()
    };
    let items = groups.into_iter().map(item).collect();
    Ok(list::page(app, here, link, about, items))
}

/// `GET /console/groups/{name}`.
pub async fn show(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    match Here::enter(&app, &headers, peer, Section::Groups, "GetGroup").await {
        Ok(mut here) => {
            let made = group_page(&app, &mut here, &name).await;
            here.answer(&app, made).await
        }
        Err(ended) => ended,
    }
}

/// A group.
#[derive(Clone, Debug, Template)]
#[template(path = "console_group.html")]
struct GroupPage {
    chrome: Chrome,
    frame: Frame,
    group: Group,
    created: String,
    members: Vec<(String, String)>,
    permissions: Permissions,
}

async fn group_page(app: &App, here: &mut Here, name: &str) -> Made {
    here.call
        .event
        .set("requestParameters", json!({ "groupName": name }));
    let found = app.store.group_by_name(here.account(), name).await?;
    let would_be = arn::iam(PARTITION, here.account(), "group", "/", name);
    let resource = found.as_ref().map_or(&would_be, |group| &group.arn);
    here.must(app, "iam:GetGroup", Target::of(resource)).await?;
    let Some(group) = found else {
        let sentence = format!("The group with name {name} cannot be found.");
        return Err(Refused::Absent(sentence));
    };
    let members = app.store.group_members(&group.unique_id).await?;
    let owner = Owner {
        noun: "Group",
        owner: PolicyOwner::Group(group.unique_id.clone()),
        target: Target::of(&group.arn),
        boundary: None,
    };
    let permissions = gather(app, here, &owner).await?;
    let (chrome, frame) = here.around(app, &group.name);
    let page = GroupPage {
        chrome,
        frame,
        created: day(group.created_at),
        members: members
            .into_iter()
            .map(|user| (app.urls.console_user(&user.name), user.name))
            .collect(),
        permissions,
        group,
    };
    Ok(page::html(StatusCode::OK, page))
}

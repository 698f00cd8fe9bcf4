//! `/console/roles/new`: a role for people or jobs that somebody else vouches for, in three steps. Whom it is for; what
//! that comes to, as a trust policy, as commands and as Terraform; and only then the role itself, made by the very
//! operations that the API has.

mod form;
pub mod kind;
mod preview;
pub mod recipe;
pub mod who;

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use self::kind::Kind;
use self::recipe::names_a_file;
use self::who::{Problems, Who};
use crate::app::App;
use crate::aws::arn::{self, Arn};
use crate::aws::constraints::ENTITY_NAME;
use crate::http::console::api;
use crate::http::console::here::{Here, Made, Missing, Refused, Section};
use crate::http::form::{Form, Link};
use crate::http::layers::Peer;
use crate::iam::{PARTITION, Target};
use crate::store::managed_policies::ManagedPolicy;

/// Most managed policies of a role.
const MOST_POLICIES: usize = 10;
/// How the fields of chosen policies begin; the ARN follows.
const POLICY: &str = "policy:";
/// The longest sessions to choose from, in hours.
const HOURS: [i64; 5] = [1, 2, 4, 8, 12];

/// `GET /console/roles/new`: the form, or with everything filled in the preview.
pub async fn ask(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    link: Link,
) -> Response {
    match Here::enter(&app, &headers, peer, Section::Roles, "PreviewRole").await {
        Ok(here) => {
            let made = ask_page(&app, &here, &link.0).await;
            here.answer(&app, made).await
        }
        Err(ended) => ended,
    }
}

async fn ask_page(app: &App, here: &Here, form: &Form) -> Made {
    let some = arn::role(PARTITION, here.account(), "/", "*");
    here.must(app, "iam:CreateRole", Target::of(&some)).await?;
    let Some(kind) = form.get("for").and_then(Kind::named) else {
        return form::page(app, here, None, form, Vec::new()).await;
    };
    if form.get("step") != Some("preview") {
        return form::page(app, here, Some(kind), form, Vec::new()).await;
    }
    match read(app, here, kind, form).await? {
        Ok(wanted) => preview::page(app, here, kind, form, &wanted).await,
        Err(problems) => form::page(app, here, Some(kind), form, problems).await,
    }
}

/// A role that somebody wants.
struct Wanted {
    who: Who,
    trust: Value,
    name: String,
    description: String,
    seconds: i64,
    policies: Vec<String>,
}

/// Reads the whole form; the outer result is the store's trouble, the inner one the form's.
async fn read(
    app: &App,
    here: &Here,
    kind: Kind,
    form: &Form,
) -> Result<Result<Wanted, Problems>, Refused> {
    let known = app.store.oidc_providers(here.account()).await?;
    let audience_of = |issuer: &str| {
        let known = known.iter().find(|known| known.url == issuer);
        let known = known.and_then(|known| known.client_ids.first().cloned());
        known.unwrap_or_else(|| app.urls.origin().to_owned())
    };
    let mut problems = Problems::new();
    let who = Who::read(kind, form, audience_of).map_err(|wrong| problems.extend(wrong));
    let name = form.get("name").unwrap_or_default().trim().to_owned();
    let letters = name.chars().all(ENTITY_NAME.admits);
    if name.is_empty() || name.chars().count() > 64 || !letters {
        let words = "Up to 64 letters, digits and any of + = , . @ - _.";
        problems.push(("name", words.to_owned()));
    }
    let description = form.get("description").unwrap_or_default().trim();
    if description.chars().count() > 1000 {
        problems.push(("description", "At most 1000 characters.".to_owned()));
    }
    let file = "The AWS CLI would read a file of that name.";
    if names_a_file(description) {
        problems.push(("description", file.to_owned()));
    }
    if let Ok(Who {
        audience: Some(audience),
        ..
    }) = &who
        && names_a_file(audience)
    {
        problems.push(("audience", file.to_owned()));
    }
    let hours = form.get("hours").and_then(|hours| hours.parse().ok());
    let hours = hours.filter(|hours| HOURS.contains(hours)).unwrap_or(1);
    let chosen = form.iter().filter(|(_, value)| !value.is_empty());
    let policies = chosen.filter_map(|(name, _)| name.strip_prefix(POLICY));
    let policies: Vec<String> = policies.map(str::to_owned).collect();
    if policies.iter().any(|policy| Arn::parse(policy).is_none()) {
        problems.push(("policies", "Policies go by their ARN.".to_owned()));
    }
    if policies.len() > MOST_POLICIES {
        problems.push(("policies", format!("At most {MOST_POLICIES} of them.")));
    }
    let Ok(who) = who else {
        return Ok(Err(problems));
    };
    if !problems.is_empty() {
        return Ok(Err(problems));
    }
    Ok(Ok(Wanted {
        trust: who.trust(here.account()),
        who,
        name,
        description: description.to_owned(),
        seconds: hours * 3600,
        policies,
    }))
}

/// What the session lacks to make the role.
async fn lacking(
    app: &App,
    here: &Here,
    wanted: &Wanted,
    arn: &str,
) -> Result<Vec<Missing>, Refused> {
    let mut lacking = Vec::new();
    lacking.extend(here.may(app, "iam:CreateRole", Target::of(arn)).await?);
    for policy in &wanted.policies {
        let keys = [("iam:PolicyARN", policy.as_str())];
        let target = Target {
            keys: &keys,
            ..Target::of(arn)
        };
        lacking.extend(here.may(app, "iam:AttachRolePolicy", target).await?);
    }
    Ok(lacking)
}

/// `POST /console/roles`: makes the role, and attaches its policies.
pub async fn make(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    form: Form,
) -> Response {
    let mut here = match Here::enter(&app, &headers, peer, Section::Roles, "CreateRole").await {
        Ok(here) => here,
        Err(ended) => return ended,
    };
    let wanted = match create(&app, &mut here, &headers, &form).await {
        Ok(Ok(wanted)) => wanted,
        Ok(Err(page)) => return here.answer(&app, Ok(page)).await,
        Err(refused) => return here.answer(&app, Err(refused)).await,
    };
    let caller = here.caller.clone();
    let page = app.urls.console_role(&wanted.name);
    let made = Redirect::to(&format!("{page}?done=created")).into_response();
    let made = here.answer(&app, Ok(made)).await;
    if made.status() != StatusCode::SEE_OTHER {
        return made;
    }
    for policy in &wanted.policies {
        let params = [("RoleName", wanted.name.as_str()), ("PolicyArn", policy)];
        let attached = api::run_apart(&app, &headers, peer, &caller, "AttachRolePolicy", &params);
        if let Err(error) = attached.await {
            tracing::warn!(%error.message, policy, "a policy was not attached to a new role");
            return Redirect::to(&format!("{page}?done=created-in-part")).into_response();
        }
    }
    made
}

/// Makes the role; the inner error is the page that says what is wrong with the form.
async fn create(
    app: &App,
    here: &mut Here,
    headers: &HeaderMap,
    form: &Form,
) -> Result<Result<Wanted, Response>, Refused> {
    here.writes();
    here.genuine(app, headers, form)?;
    let some = arn::role(PARTITION, here.account(), "/", "*");
    here.must(app, "iam:CreateRole", Target::of(&some)).await?;
    let Some(kind) = form.get("for").and_then(Kind::named) else {
        return Err(Refused::Absent(
            "The form does not say whom the role is for.".to_owned(),
        ));
    };
    let wanted = match read(app, here, kind, form).await? {
        Ok(wanted) => wanted,
        Err(problems) => {
            let page = form::page(app, here, Some(kind), form, problems).await?;
            return Ok(Err(page));
        }
    };
    let arn = arn::role(PARTITION, here.account(), "/", &wanted.name);
    // Nothing half-made: what cannot be attached afterwards is refused before.
    if let Some(missing) = lacking(app, here, &wanted, &arn).await?.into_iter().next() {
        return Err(Refused::Missing(missing));
    }
    for arn in &wanted.policies {
        let found = app.store.managed_policy(arn).await?;
        let usable = |policy: &ManagedPolicy| [here.account(), "aws"].contains(&&*policy.account);
        if !found.is_some_and(|(policy, _)| usable(&policy)) {
            return Err(Refused::Absent(format!("Policy {arn} was not found.")));
        }
    }
    let (trust, seconds) = (format!("{:#}", wanted.trust), wanted.seconds.to_string());
    let mut params = vec![
        ("RoleName", wanted.name.as_str()),
        ("AssumeRolePolicyDocument", &trust),
        ("MaxSessionDuration", &seconds),
    ];
    if !wanted.description.is_empty() {
        params.push(("Description", &wanted.description));
    }
    api::run(app, here, "CreateRole", &params).await?;
    Ok(Ok(wanted))
}

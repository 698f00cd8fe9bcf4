//! `/why`: which roles, why, and why not the others.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use tower_sessions::Session;

use crate::app::App;
use crate::broker::roles::Candidate;
use crate::http::form::Link;
use crate::http::layers::{Peer, open_call};
use crate::http::page;
use crate::http::pages::{WhyCondition, WhyPage, WhyRole, WhyStatement};
use crate::http::portal::{no_such_role, read_event, sign_in_page, signed_in, store_trouble};
use crate::http::web_session::{self, WebSession};
use crate::policy::{Effect, ExplainedCondition};

/// `GET /why`: every candidate role, or one, with every condition.
pub async fn why(
    State(app): State<Arc<App>>,
    session: Session,
    wanted: Link,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Response {
    let held = match signed_in(&app, &session).await {
        Err(trouble) => return trouble,
        Ok(None) => {
            let target = match wanted.get("role") {
                Some(role) => app.urls.why(role),
                None => "/why".to_owned(),
            };
            return sign_in_page(&app, &headers, &target, None);
        }
        Ok(Some(held)) => held,
    };
    let call = open_call(&app, &headers, peer);
    let reference = call.request_id.clone();
    let found = match wanted.get("role") {
        Some(name) => match app.broker.role(name).await {
            Ok(Some(role)) => app.broker.candidate(&call, &held.identity, role).await,
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        }
        .map(|candidate| candidate.into_iter().collect()),
        None => {
            let all = app.broker.candidates(&call, &held.identity, true).await;
            all.map(|candidates| candidates.0)
        }
    };
    read_event(call, &held, "ExplainRoles");
    let candidates: Vec<Candidate> = match found {
        Ok(candidates) => candidates,
        Err(error) => return store_trouble(&app, &held, &error, &reference),
    };
    // What a role keeps to itself, and what does not know this provider, is not there.
    let mut tellable: Vec<Candidate> = candidates
        .into_iter()
        .filter(Candidate::is_tellable)
        .collect();
    match (wanted.get("role"), tellable.as_slice()) {
        (Some(_), [one]) => why_one(&app, &held, one, &reference, StatusCode::OK),
        (Some(_), _) => no_such_role(&app, &held, &reference),
        (None, _) => {
            tellable.sort_by_key(|candidate| candidate.verdict.is_ok());
            let roles: Vec<WhyRole> = tellable.iter().map(why_role).collect();
            let lead = match roles.is_empty() {
                true => "Your sign-in is fine. No role names your identity provider.",
                false => "Your sign-in is fine. This is what each role's trust policy says to it.",
            };
            why_page(
                &app,
                &held,
                "Which roles, and why",
                lead,
                roles,
                &reference,
                StatusCode::OK,
            )
        }
    }
}

pub(super) fn why_one(
    app: &App,
    held: &WebSession,
    candidate: &Candidate,
    reference: &str,
    status: StatusCode,
) -> Response {
    let alias = candidate.role.alias();
    let role = why_role(candidate);
    let (heading, lead) = match &candidate.verdict {
        Ok(()) => (
            format!("Why {alias}?"),
            "The role's trust policy admits you; every condition holds.".to_owned(),
        ),
        Err(_) => {
            let failing = role
                .statements
                .iter()
                .flat_map(|statement| &statement.conditions);
            let failed = failing.filter(|condition| !condition.held).count();
            let count = match failed {
                0 => "no statement is for you".to_owned(),
                1 => "one condition failed".to_owned(),
                more => format!("{more} conditions failed"),
            };
            (
                format!("Why not {alias}?"),
                format!(
                    "Your sign-in is fine. The role's trust policy did not admit you; {count}."
                ),
            )
        }
    };
    why_page(app, held, &heading, &lead, vec![role], reference, status)
}

fn why_page(
    app: &App,
    held: &WebSession,
    heading: &str,
    lead: &str,
    roles: Vec<WhyRole>,
    reference: &str,
    status: StatusCode,
) -> Response {
    let again = app
        .idps
        .iter()
        .find(|idp| idp.id() == held.identity.provider);
    let mut chrome = web_session::chrome(app, heading, Some(held));
    chrome.request_id = reference.to_owned();
    let page = WhyPage {
        chrome,
        heading: heading.to_owned(),
        lead: lead.to_owned(),
        roles,
        again_href: again.map(|idp| app.urls.login(idp.id(), "/why")),
        reference: reference.to_owned(),
    };
    page::html(status, page)
}

fn why_role(candidate: &Candidate) -> WhyRole {
    let mut statements = Vec::new();
    let mut help = None;
    let explained = candidate.explanation.iter().flat_map(|e| &e.policies);
    for statement in explained.flat_map(|policy| &policy.statements) {
        if statement.principal_matched != Some(true) || !statement.action_matched {
            continue;
        }
        let verb = match statement.effect {
            Effect::Allow => "allows",
            Effect::Deny => "denies",
        };
        let name = match &statement.sid {
            Some(sid) => format!("Statement {} ({sid})", statement.index + 1),
            None => format!("Statement {}", statement.index + 1),
        };
        let failing = statement
            .conditions
            .iter()
            .find(|condition| !condition.held);
        if candidate.verdict.is_err() && statement.effect == Effect::Allow && help.is_none() {
            help = failing.and_then(what_would_help);
        }
        statements.push(WhyStatement {
            title: format!("{name} {verb} your identity provider"),
            conditions: statement.conditions.iter().map(why_condition).collect(),
        });
    }
    WhyRole {
        alias: candidate.role.alias(),
        arn: candidate.role.role.arn.clone(),
        summary: match &candidate.verdict {
            Ok(()) => "Admits you.".to_owned(),
            Err(refusal) if refusal.reason == "trust.denied" => "Denies you.".to_owned(),
            Err(_) => "Does not admit you.".to_owned(),
        },
        statements,
        help,
    }
}

fn why_condition(condition: &ExplainedCondition) -> WhyCondition {
    let wanted: Vec<&str> = condition
        .wanted
        .iter()
        .map(|value| value.substituted.as_deref().unwrap_or(&value.written))
        .collect();
    WhyCondition {
        held: condition.held,
        key: condition.key.clone(),
        operator: condition.operator.clone(),
        wanted: wanted.join(" or "),
        seen: condition
            .seen
            .as_ref()
            .map(|seen| seen.join(", "))
            .unwrap_or_default(),
    }
}

fn what_would_help(failing: &ExplainedCondition) -> Option<String> {
    let claim = failing.key.rsplit(':').next()?;
    let wanted: Vec<&str> = failing
        .wanted
        .iter()
        .map(|value| value.written.as_str())
        .collect();
    match claim {
        "groups" => Some(format!(
            "Being in the group {}. Group changes count from your next sign-in.",
            wanted.join(" or ")
        )),
        _ => None,
    }
}

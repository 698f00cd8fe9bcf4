//! `/acme/end_session`: signing out here (OpenID Connect RP-Initiated Logout 1.0).
//!
//! A real provider asks before it signs somebody out because a link said so. This one does not: being signed out
//! of a demo is no harm, and the page after it says what happened.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use url::Url;

use crate::demo::idp::DemoIdp;
use crate::demo::idp::browser::{error_page, see_other};
use crate::demo::idp::params::Params;
use crate::http::page::html;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "idp_base.html" %}
{% block title %}Signed out{% endblock %}
{% block content %}
<div class="head">
  <h1>You are signed out of Acme</h1>
  <p class="soft">The next sign-in asks for your password again. <a href="{{ broker }}">Go to Drawbridge</a></p>
</div>
{% endblock %}
"#
)]
struct SignedOutPage {
    broker: String,
}

pub(in crate::demo::idp) async fn by_link(
    State(idp): State<DemoIdp>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    end(&idp, &headers, query.unwrap_or_default().as_bytes())
}

pub(in crate::demo::idp) async fn by_form(
    State(idp): State<DemoIdp>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    end(&idp, &headers, &body)
}

fn end(idp: &DemoIdp, headers: &HeaderMap, encoded: &[u8]) -> Response {
    let Ok(params) = Params::parse(encoded) else {
        let sentence = "The application sent a parameter twice. Please tell whoever runs it.";
        return error_page(StatusCode::BAD_REQUEST, sentence);
    };
    let sign_ins = &idp.shared.acme.sign_ins;
    sign_ins.sign_out(idp.unix(), headers);
    let mut response = match params.text("post_logout_redirect_uri") {
        None => html(
            StatusCode::OK,
            SignedOutPage {
                broker: idp.shared.broker_url.clone(),
            },
        ),
        Some(target) => match Url::parse(target)
            .ok()
            .filter(|target| is_brokers(idp, target))
        {
            Some(mut target) => {
                if let Some(state) = params.text("state") {
                    target.query_pairs_mut().append_pair("state", state);
                }
                see_other(target.as_str())
            }
            None => error_page(
                StatusCode::BAD_REQUEST,
                "You are signed out of Acme. The application wants you back at an address that is not its own.",
            ),
        },
    };
    sign_ins.forget(&mut response);
    response
}

/// The broker's own pages need no registration.
fn is_brokers(idp: &DemoIdp, target: &Url) -> bool {
    let broker = Url::parse(&idp.shared.broker_url);
    broker.is_ok_and(|broker| {
        broker.origin().is_tuple()
            && broker.origin() == target.origin()
            && target.username().is_empty()
    })
}

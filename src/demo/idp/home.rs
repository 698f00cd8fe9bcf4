//! `GET /`: what is here.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::DemoIdp;
use crate::http::page::html;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "idp_base.html" %}
{% block title %}Demo identity provider{% endblock %}
{% block content %}
<div class="head">
  <h1>Demo identity provider</h1>
  <p class="soft">It signs people and jobs in for the demo. <a href="{{ broker }}">Go to Drawbridge</a> to begin.</p>
</div>
<div class="panel"><div class="body">
  <p><strong>People</strong>: the OpenID provider <code>{{ acme }}</code></p>
  <p class="soft small"><a href="/acme/.well-known/openid-configuration">Discovery document</a>, <a href="/acme/jwks">keys</a>.
  {% if !people.is_empty() %}It knows {% for person in people %}<code>{{ person }}</code>{% if !loop.last %}, {% endif %}{% endfor %}; the password is the name.{% endif %}</p>
  <p><strong>The same people</strong>: the SAML provider <code>{{ contoso }}</code></p>
  <p class="soft small"><a href="/contoso/metadata">Metadata</a>, <a href="/contoso/start">sign in at the application</a>, <a href="/contoso/slo">sign out</a>.</p>
  <p><strong>Jobs</strong>: the CI platform <code>{{ ci }}</code></p>
  <p class="soft small"><a href="/ci/.well-known/openid-configuration">Discovery document</a>, <a href="/ci/jwks">keys</a>,
  <a href="/ci/token?repository=acme/app&amp;ref=refs/heads/main">a token for a job of acme/app on main</a>.</p>
</div></div>
{% endblock %}
"#
)]
struct HomePage {
    broker: String,
    acme: String,
    contoso: String,
    ci: String,
    people: Vec<String>,
}

pub(super) async fn home(State(idp): State<DemoIdp>) -> Response {
    let people = idp.shared.people.iter().map(|person| person.name.clone());
    html(
        StatusCode::OK,
        HomePage {
            broker: idp.shared.broker_url.clone(),
            acme: idp.acme_issuer(),
            contoso: idp.contoso_entity_id(),
            ci: idp.ci_issuer(),
            people: people.collect(),
        },
    )
}

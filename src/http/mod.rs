//! The doors: bytes in, bytes out; no rule about who may do what.
//!
//! This file lists every path, in groups by who calls it. One file per door; `urls` builds every path and
//! absolute URL; `layers` is what every request passes, in order; `server` accepts connections. `page` and
//! `pages` are what people look at.

pub mod assets;
pub mod console;
pub mod credentials;
pub mod creds;
pub mod explain;
pub mod federation;
pub mod form;
pub mod house;
pub mod issuer;
pub mod json_error;
pub mod layers;
pub mod login;
pub mod ops;
pub mod page;
pub mod pages;
pub mod portal;
pub mod query;
mod query_body;
pub mod saml;
pub mod server;
pub mod throttle;
pub mod token;
pub mod urls;
pub mod web_session;
pub mod why;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::app::App;

/// The largest body of any door but where a door says otherwise (GEN-5).
pub const MAX_BODY: usize = 256 * 1024;

/// Every path of the broker.
pub fn router(app: Arc<App>) -> Router {
    // People, in a browser, with a web session.
    let people = Router::new()
        .route("/", get(portal::front))
        .route("/start", get(portal::start))
        .route("/go", get(portal::go))
        .route("/why", get(why::why))
        .route(
            "/credentials",
            get(credentials::ask).post(credentials::issue),
        )
        .route("/console-link", post(credentials::console_link))
        .route("/login/{idp}", get(login::begin))
        .route(
            "/oidc/{idp}/callback",
            get(login::callback).head(ops::method_not_allowed),
        )
        .route("/saml/{idp}/metadata", get(saml::metadata))
        .route("/saml/{idp}/acs", post(saml::acs))
        .route("/saml/{idp}/confirm", post(saml::confirm))
        .route(
            "/saml/{idp}/slo",
            get(saml::slo_get)
                .head(ops::method_not_allowed)
                .post(saml::slo_post),
        )
        .route("/signout", post(login::sign_out))
        .layer(web_session::layer(&app));
    // The embedded console, with a session of its own, and the endpoint that links lead through.
    let console = Router::new()
        .route("/federation", get(federation::get).post(federation::post))
        .route("/console", get(console::home))
        .route("/console/signout", post(console::sign_out))
        .route(
            "/console/roles",
            get(console::roles::list).post(console::new_role::make),
        )
        .route("/console/roles/new", get(console::new_role::ask))
        .route("/console/roles/{name}", get(console::roles::show))
        .route("/console/users", get(console::users::list))
        .route("/console/users/{name}", get(console::users::show))
        .route("/console/groups", get(console::groups::list))
        .route("/console/groups/{name}", get(console::groups::show))
        .route("/console/policies", get(console::policies::list))
        .route("/console/policy", get(console::policies::show))
        .route("/console/providers", get(console::providers::list))
        .route("/console/provider", get(console::providers::show))
        .route(
            "/console/sessions",
            get(console::sessions::ask).post(console::sessions::cut),
        );
    // SDKs and programs: no cookies, no web session. `GET /` with an `Action` goes to the query door too.
    let programs = Router::new()
        .route("/", post(query::post))
        .route(
            "/v1/creds/{*role}",
            get(creds::answer)
                .head(ops::method_not_allowed)
                .post(creds::answer),
        )
        .route("/v1/explain", post(explain::answer))
        .route("/oauth2/token", post(token::answer))
        .route("/.well-known/openid-configuration", get(issuer::metadata))
        .route("/oauth2/jwks", get(issuer::key_set))
        // No identity provider of ours can have the id `idp`.
        .route("/saml/idp/metadata", get(issuer::saml_metadata));
    // Operations.
    let operations = Router::new()
        .route("/healthz", get(ops::healthz))
        .route("/readyz", get(ops::readyz))
        .route("/static/{name}", get(assets::serve));
    people
        .merge(console)
        .merge(programs)
        .merge(operations)
        .fallback(ops::not_found)
        .method_not_allowed_fallback(ops::method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(axum::middleware::from_fn_with_state(
            app.clone(),
            throttle::gate,
        ))
        .layer(axum::middleware::from_fn_with_state(
            app.clone(),
            layers::guard,
        ))
        .with_state(app)
}

/// What the metrics listener serves; never the public one.
pub fn metrics_router(app: Arc<App>) -> Router {
    Router::new()
        .route("/metrics", get(ops::metrics))
        .with_state(app)
}

//! `POST /demo/reset`: everything as at the first start. Only where `--reset-endpoint` was given.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use crate::app::App;
use crate::demo::idp::DemoIdp;
use crate::demo::saml_provider;
use crate::http::layers;
use crate::iam::root_keys::RootKey;
use crate::iam::{aws_managed, provision};

/// What a reset needs.
#[derive(Clone)]
pub struct Reset {
    /// The broker.
    pub app: Arc<App>,
    /// The identity provider.
    pub idp: DemoIdp,
    /// The root keys stay the same, so that scripts go on.
    pub root_keys: Vec<RootKey>,
    /// The SAML metadata of the identity provider, whose keys stay the same too.
    pub metadata: String,
}

/// The route, behind the same guard as all others.
pub fn router(reset: Reset) -> Router {
    let guard = axum::middleware::from_fn_with_state(reset.app.clone(), layers::guard);
    Router::new()
        .route("/demo/reset", post(run))
        .layer(guard)
        .with_state(reset)
}

async fn run(State(reset): State<Reset>, headers: HeaderMap) -> Response {
    if layers::is_cross_site(&reset.app, &headers) {
        return (StatusCode::FORBIDDEN, "Not from another site.\n").into_response();
    }
    match again(&reset).await {
        Ok(()) => axum::Json(json!({ "reset": true })).into_response(),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the demo could not be reset");
            let body =
                json!({ "reset": false, "message": "The demo could not be reset; see its log." });
            (StatusCode::INTERNAL_SERVER_ERROR, axum::Json(body)).into_response()
        }
    }
}

async fn again(reset: &Reset) -> anyhow::Result<()> {
    let app = &reset.app;
    let now = app.clock.unix();
    app.store.reset().await?;
    app.audit.reset().await?;
    aws_managed::seed(&app.store).await?;
    provision::provision(&app.config, &app.store, &*app.random, now).await?;
    saml_provider::ensure(app, &reset.metadata).await?;
    for key in &reset.root_keys {
        key.save(&app.store, &app.ring, &*app.random, now).await?;
    }
    app.cache.refresh().await?;
    reset.idp.reset();
    Ok(())
}

//! `drawbridge serve`

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;

use crate::app::App;
use crate::cli::{CliError, ConfigFile, Outcome, load, run as common};
use crate::clock::{SystemClock, SystemRandom};
use crate::http;
use crate::iam::provision;

/// Arguments of `serve`.
#[derive(Args)]
#[command(after_help = "Example: drawbridge serve --config /etc/drawbridge/drawbridge.toml")]
pub(super) struct Serve {
    #[command(flatten)]
    config: ConfigFile,
}

pub(super) fn run(args: &Serve) -> Outcome {
    common::log(true, "info");
    let config = load(&args.config)?;
    let runtime = common::runtime()?;
    let served = runtime.block_on(async {
        for finding in provision::findings(&config) {
            tracing::warn!(role = finding.role, "{}", finding.message);
        }
        let (listen, metrics) = (config.listen, config.metrics);
        let most = config.limits.max_connections;
        let app = App::build(config, Arc::new(SystemClock), Arc::new(SystemRandom)).await?;
        let app = Arc::new(app);
        let listener = bind(listen).await?;
        tracing::info!(listen = %listener.local_addr()?, url = app.urls.origin(), "serving");
        let house = http::house::keep(&app);
        let measured = match metrics {
            Some(address) => {
                let listener = bind(address).await.context("metrics.listen")?;
                tracing::info!(listen = %listener.local_addr()?, "metrics");
                let router = http::metrics_router(app.clone());
                // Nobody waits for a scrape at the end.
                let served = http::server::serve(listener, router, 64, std::future::pending());
                Some(tokio::spawn(served))
            }
            None => None,
        };
        http::server::serve(listener, http::router(app.clone()), most, common::stop()).await;
        if let Some(measured) = measured {
            measured.abort();
        }
        house.abort();
        app.throttle.tell(&app.audit, &*app.clock, &*app.random);
        if let Err(error) = app.audit.flush().await {
            tracing::error!(%error, "the last events may be missing in the audit trail");
        }
        if let Err(error) = app.iam.last_uses.flush(&app.store).await {
            tracing::warn!(%error, "what was used in the last minute is not written down");
        }
        app.store.close().await;
        Ok::<_, anyhow::Error>(())
    });
    served.map_err(CliError::from)?;
    Ok(ExitCode::SUCCESS)
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("{address} cannot be listened on"))
}

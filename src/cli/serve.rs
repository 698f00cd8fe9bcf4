//! `drawbridge serve`

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
        let listen = config.listen;
        let most = config.limits.max_connections;
        let app = App::build(config, Arc::new(SystemClock), Arc::new(SystemRandom)).await?;
        let app = Arc::new(app);
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("{listen} cannot be listened on"))?;
        tracing::info!(listen = %listener.local_addr()?, url = app.urls.origin(), "serving");
        let house = http::house::keep(&app);
        http::server::serve(listener, http::router(app.clone()), most, common::stop()).await;
        house.abort();
        app.store.close().await;
        Ok::<_, anyhow::Error>(())
    });
    served.map_err(CliError::from)?;
    Ok(ExitCode::SUCCESS)
}

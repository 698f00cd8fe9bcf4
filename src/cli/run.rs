//! What every command that runs for long has in common: the runtime, the log, and when to stop.

use tracing_subscriber::EnvFilter;

use crate::cli::CliError;

/// The asynchronous runtime.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.map_err(|error| CliError::new(format!("the runtime cannot start: {error}")))
}

/// Logs to stderr: JSON lines for machines, plain ones for people. `RUST_LOG` chooses what.
pub(super) fn log(json: bool, default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match json {
        true => builder.json().flatten_event(true).init(),
        false => builder.with_target(false).init(),
    }
}

/// Resolves at SIGINT or SIGTERM.
pub(super) async fn stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else {
            tracing::error!("SIGTERM cannot be listened for");
            let _ = interrupt.await;
            return;
        };
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    {
        let _ = interrupt.await;
    }
}

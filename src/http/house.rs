//! What runs beside the requests.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tower_sessions::ExpiredDeletion;

use crate::app::App;
use crate::http::web_session;

/// Asks for the store's version every second; forgets what has expired, and writes down what was used, every minute. A store that is
/// down is asked again; nothing is lost meanwhile.
pub fn keep(app: &Arc<App>) -> JoinHandle<()> {
    let app = app.clone();
    tokio::spawn(async move {
        let sessions = web_session::store(&app);
        let mut seconds: u64 = 0;
        let mut every_second = tokio::time::interval(Duration::from_secs(1));
        every_second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            every_second.tick().await;
            if let Err(error) = app.cache.refresh().await {
                tracing::warn!(%error, "the store's version could not be asked for");
            }
            if seconds.is_multiple_of(60) {
                if let Err(error) = app.store.purge_once(app.clock.unix()).await {
                    tracing::warn!(%error, "expired values could not be forgotten");
                }
                if let Err(error) = app.iam.last_uses.flush(&app.store).await {
                    tracing::warn!(%error, "what was used lately could not be written down");
                }
                if let Err(error) = sessions.delete_expired().await {
                    tracing::warn!(%error, "expired sessions could not be forgotten");
                }
            }
            seconds = seconds.wrapping_add(1);
        }
    })
}

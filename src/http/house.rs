//! What runs beside the requests.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tower_sessions::ExpiredDeletion;

use crate::app::App;
use crate::http::web_session;
use crate::idp::SignIn;

/// The slowest bucket that the configuration allows is full in less than these twelve days.
const FULL_AFTER_MS: i64 = 12 * 24 * 3600 * 1000;

/// Asks for the store's version and settles failures every second; forgets what has expired, writes down
/// what was used, and tells what was refused unseen, every minute. A store that is down is asked again; nothing is lost meanwhile.
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
            let now_ms = app.clock.now().unix_timestamp_nanos() / 1_000_000;
            let now_ms = i64::try_from(now_ms).unwrap_or(i64::MAX);
            let settled = app.throttle.settle(&app.store, Instant::now(), now_ms);
            if let Err(error) = settled.await {
                tracing::warn!(%error, "failures are counted by this node alone");
            }
            if seconds.is_multiple_of(60) {
                read_metadata(&app);
                app.throttle.tell(&app.audit, &*app.clock, &*app.random);
                let full = now_ms - FULL_AFTER_MS;
                if let Err(error) = app.store.purge_token_buckets(full).await {
                    tracing::warn!(%error, "buckets that are full could not be forgotten");
                }
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

/// Looks whether each SAML provider's metadata is to be read (anew): at the start, so that the log says at once which
/// provider cannot be used, and later although nobody signs in, so that its keys roll over. Nobody waits for it.
fn read_metadata(app: &Arc<App>) {
    for party in app.idps.iter().filter_map(SignIn::saml) {
        let keeper = party.keeper().clone();
        let now = app.clock.unix();
        tokio::spawn(async move {
            // What went wrong is in the log already, and shows on the sign-in page and in /readyz.
            let _ = keeper.known(now).await;
        });
    }
}

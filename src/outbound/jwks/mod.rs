//! The keys of other people's issuers, cached.
//!
//! Verification needs an issuer's keys at every exchange and may not wait for the issuer (JWT-5). So keys are
//! kept, refreshed in the background while they are still good, and kept on if the refresh fails:
//!
//! ```text
//! fetched ── fresh (max-age, 5 min to 20 h) ── stale: used, refreshed in the background ── 24 h: dropped
//! ```
//!
//! A key id that the kept set does not have may mean a rotation, or an attacker with a random number generator:
//! it earns one fetch per issuer and 30 seconds, shared by all who wait for it. Those whose key is known never
//! wait. When an issuer does not answer, those who depend on it are told so within [`WAIT`]; everybody else
//! notices nothing.
//!
//! [`KeyCache`] is the door; [`entry`] holds what is known of one issuer and decides; [`fetch`] goes and gets.

mod entry;
mod fetch;
mod lifetime;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use entry::{Entry, Need, Next};

use super::client::Outbound;
use super::discovery::{Discovery, DiscoveryError};
use super::error::OutboundError;
use crate::clock::Clock;
use crate::jwt::KeySet;

/// How long anybody waits for a fetch, measured from the start of the fetch: whoever comes later waits less.
pub const WAIT: Duration = Duration::from_secs(4);

/// How many issuers are remembered. Beyond it, the one unused for longest is forgotten.
const MAX_ISSUERS: usize = 512;

/// Why there are no keys of an issuer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The discovery document cannot be used.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// The key set could not be fetched.
    #[error("the key set cannot be fetched: {0}")]
    Outbound(#[from] OutboundError),
    /// The server answered, but not with a key set.
    #[error("the key set was answered with status {0}")]
    Status(u16),
    /// The key set cannot be used.
    #[error("the key set is malformed: {0}")]
    Malformed(String),
    /// The issuer has not answered so far; the fetch goes on.
    #[error("the issuer has not answered yet")]
    Slow,
    /// Too many are waiting for this issuer already.
    #[error("too many requests are waiting for the issuer")]
    Busy,
}

impl KeyError {
    /// Whether the same question may be answered a moment later (then clients are asked to retry).
    pub fn is_transient(&self) -> bool {
        match self {
            KeyError::Discovery(cause) => cause.is_transient(),
            KeyError::Outbound(cause) => cause.is_transient(),
            KeyError::Status(status) => *status >= 500 || *status == 429,
            KeyError::Malformed(_) => false,
            KeyError::Slow | KeyError::Busy => true,
        }
    }
}

/// The keys (and the discovery documents) of issuers, by issuer.
///
/// An issuer that is asked for is fetched: callers pass only issuers that the configuration or a registered
/// provider names (GEN-3). Cheap to clone; clones share the cache.
#[derive(Clone)]
pub struct KeyCache {
    shared: Arc<Shared>,
}

struct Shared {
    outbound: Outbound,
    clock: Arc<dyn Clock>,
    entries: RwLock<HashMap<String, Arc<Entry>>>,
}

impl KeyCache {
    /// An empty cache.
    pub fn new(outbound: Outbound, clock: Arc<dyn Clock>) -> KeyCache {
        KeyCache {
            shared: Arc::new(Shared {
                outbound,
                clock,
                entries: RwLock::default(),
            }),
        }
    }

    /// The keys of `issuer`, fetched if none are known.
    pub async fn keys(&self, issuer: &str) -> Result<Arc<KeySet>, KeyError> {
        self.keys_with(issuer, None).await
    }

    /// The keys of `issuer`, fetched anew if `kid` is not among those known and no such fetch was made lately.
    ///
    /// What comes back need not hold `kid`: then the issuer has no such key, as far as it said within the last
    /// 30 seconds. If it could not be asked, that is the error.
    pub async fn keys_with(
        &self,
        issuer: &str,
        kid: Option<&str>,
    ) -> Result<Arc<KeySet>, KeyError> {
        let known = self.known(issuer, Need::Key(kid)).await?;
        Ok(known.keys)
    }

    /// The discovery document of `issuer`, fetched (with its keys) if it is not known.
    pub async fn discovery(&self, issuer: &str) -> Result<Arc<Discovery>, KeyError> {
        let known = self.known(issuer, Need::Key(None)).await?;
        Ok(known.discovery)
    }

    /// The keys of `issuer` if they are known and hold `kid`. Waits for nothing.
    ///
    /// The hot path: most tokens end here. Keys that have grown stale are refreshed behind the caller's back.
    pub fn cached(&self, issuer: &str, kid: Option<&str>) -> Option<Arc<KeySet>> {
        let entry = self.shared.existing(issuer)?;
        match entry.next(&*self.shared.clock, Need::CachedKey(kid)) {
            Next::Use(known) => Some(known.keys),
            Next::UseAndFetch(known, flight) => {
                self.spawn(entry, flight);
                Some(known.keys)
            }
            Next::Fetch(..) | Next::Wait(_) | Next::Fail(_) => None,
        }
    }

    /// What the last fetch of `issuer` failed with, if it failed; for `check`, `/readyz` and the sign-in page.
    pub fn last_failure(&self, issuer: &str) -> Option<KeyError> {
        self.shared.existing(issuer)?.last_failure()
    }

    /// Forgets `issuer`, because its provider was changed or deleted.
    pub fn forget(&self, issuer: &str) {
        let mut entries = self
            .shared
            .entries
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        entries.remove(issuer);
    }

    async fn known(&self, issuer: &str, need: Need<'_>) -> Result<entry::Known, KeyError> {
        let entry = self.shared.entry(issuer);
        let waiting = match entry.next(&*self.shared.clock, need) {
            Next::Use(known) => return Ok(known),
            Next::UseAndFetch(known, flight) => {
                self.spawn(entry, flight);
                return Ok(known);
            }
            Next::Fail(why) => return Err(why),
            Next::Fetch(flight, waiting) => {
                self.spawn(Arc::clone(&entry), flight);
                waiting
            }
            Next::Wait(waiting) => waiting,
        };
        waiting.landed().await?;
        entry.outcome(&*self.shared.clock, need)
    }

    /// Fetches in a task of its own, so that it ends well even if nobody waits any longer.
    fn spawn(&self, entry: Arc<Entry>, flight: entry::Flight) {
        // Without a runtime (a synchronous test) there is no fetch; the flight is given back when dropped.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let shared = Arc::clone(&self.shared);
        runtime.spawn(async move {
            let result = fetch::fetch(&shared.outbound, &entry.issuer, flight.known_discovery()).await;
            if let Err(why) = &result {
                tracing::warn!(issuer = entry.issuer, error = %why, "keys of an issuer could not be fetched");
            }
            entry.land(flight, &*shared.clock, result);
        });
    }
}

impl Shared {
    fn existing(&self, issuer: &str) -> Option<Arc<Entry>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(issuer).cloned()
    }

    fn entry(&self, issuer: &str) -> Arc<Entry> {
        if let Some(entry) = self.existing(issuer) {
            return entry;
        }
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MAX_ISSUERS && !entries.contains_key(issuer) {
            let oldest = entries.values().min_by_key(|entry| entry.last_used());
            if let Some(oldest) = oldest.map(|entry| entry.issuer.clone()) {
                entries.remove(&oldest);
            }
        }
        let fresh = || Arc::new(Entry::new(issuer));
        Arc::clone(entries.entry(issuer.to_owned()).or_insert_with(fresh))
    }
}

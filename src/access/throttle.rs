//! How many refusals a source may cause (WEB-7, CI-5): only failures count, so what is granted costs nothing.
//!
//! Every node keeps a bucket for each source that failed lately, in memory and by the monotonic clock, and decides by
//! that alone. What such a source asks for is judged like everybody's, and granted if it is right: an office behind one
//! address is not shut out by one broken job in it. But what fails is answered *too many* from then on, without a word about
//! why, and leaves no line of its own. Once a second
//! the node tells the store what failed and learns what is left for all nodes together ([`Throttle::settle`]); a store
//! that is down changes nothing but that. What was refused unseen is told to the audit trail once a minute, with a count
//! ([`Throttle::tell`]): a line for each would let anybody fill the disk.
//!
//! A source is an address, or the /64 of an IPv6 address, which is what one customer has. Failures with tokens of an
//! issuer that is known count for the source *and that issuer* together, so that a broken pipeline of one platform does
//! not keep its neighbours behind one address out; at most [`MOST_ISSUERS`] of these a source, then it is the source's.
//! There is no bucket for an issuer alone: a stranger could empty it and shut everybody's pipelines out.
//!
//! | what | key | bound | lifetime | when the store is down |
//! | --- | --- | --- | --- | --- |
//! | failures | source | 100,000 | until full again, and ten minutes | each node counts for itself |

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use moka::sync::Cache;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::audit::{AuditEvent, AuditLog, Outcome};
use crate::clock::{Clock, Random, uuid_v4};
use crate::config::LimitsConfig;
use crate::store::token_buckets::Bucket;
use crate::store::{Store, StoreError};

/// Sources that are remembered.
const MOST_SOURCES: u64 = 100_000;
/// Issuers that a source has a bucket of its own for.
pub const MOST_ISSUERS: usize = 8;
/// Buckets that are told to the store in a second; the others wait for the next.
const MOST_SETTLED: usize = 256;
/// Buckets that may wait; beyond it a node counts for itself.
const MOST_WAITING: usize = 10_000;
/// Sources that are told to the trail one by one in a minute.
const MOST_TOLD: usize = 1000;
/// How long a source is remembered that does nothing.
const IDLE: Duration = Duration::from_secs(600);

/// Where requests come from: an IPv4 address, or an IPv6 network of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Source(IpAddr);

impl Source {
    fn of(ip: IpAddr) -> Source {
        Source(match ip.to_canonical() {
            IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))),
            v4 => v4,
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(ip) => write!(f, "{ip}"),
            IpAddr::V6(network) => write!(f, "{network}/64"),
        }
    }
}

/// Whose failures: a source's, or a source's with the tokens of one issuer.
type Key = (Source, Option<Arc<str>>);

/// As the shared store knows it.
fn hash((source, issuer): &Key) -> [u8; 32] {
    let mut hash = Sha256::new();
    match source.0 {
        IpAddr::V4(ip) => hash.update(ip.octets()),
        IpAddr::V6(ip) => hash.update(ip.octets()),
    }
    if let Some(issuer) = issuer {
        hash.update([0]);
        hash.update(issuer.as_bytes());
    }
    hash.finalize().into()
}

/// What is left of one bucket, at a moment.
#[derive(Debug)]
struct Level {
    issuer: Option<Arc<str>>,
    tokens: f64,
    at: Instant,
}

/// After how many seconds one more failure is forgiven, at the latest: what `Retry-After` says.
pub const RETRY_AFTER: u16 = 1;

/// Requests that were refused unseen and are not in the trail yet.
#[derive(Debug, Default)]
struct Untold {
    by_source: HashMap<Source, u64>,
    /// Of more sources than are told one by one.
    others: u64,
}

/// The failures of all sources, on this node.
pub struct Throttle {
    bucket: Bucket,
    capacity: f64,
    per_second: f64,
    sources: Cache<Source, Arc<Mutex<Vec<Level>>>>,
    waiting: Mutex<HashMap<Key, u32>>,
    untold: Mutex<Untold>,
    refused: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Throttle {
    /// With the numbers of the configuration.
    pub fn new(limits: &LimitsConfig) -> Throttle {
        let (capacity, per_second) = (limits.failures, limits.failures_per_second.max(1));
        let fills_in = Duration::from_secs_f64(f64::from(capacity) / f64::from(per_second));
        Throttle {
            bucket: Bucket {
                kind: "failures",
                capacity,
                fills_in,
            },
            capacity: f64::from(capacity),
            per_second: f64::from(per_second),
            sources: Cache::builder()
                .max_capacity(MOST_SOURCES)
                .time_to_idle(fills_in.max(IDLE))
                .build(),
            waiting: Mutex::default(),
            untold: Mutex::default(),
            refused: AtomicU64::new(0),
        }
    }

    /// What a bucket holds by now.
    fn held(&self, level: &Level, now: Instant) -> f64 {
        let since = now.saturating_duration_since(level.at).as_secs_f64();
        (level.tokens + since * self.per_second).min(self.capacity)
    }

    /// Whether a source has failures left; with an issuer, whether it has with tokens of that issuer.
    pub fn admits(&self, ip: IpAddr, issuer: Option<&str>, now: Instant) -> bool {
        let Some(levels) = self.sources.get(&Source::of(ip)) else {
            return true;
        };
        let held = {
            let levels = lock(&levels);
            let level = levels
                .iter()
                .find(|level| level.issuer.as_deref() == issuer);
            level.map_or(self.capacity, |level| self.held(level, now))
        };
        held >= 1.0
    }

    /// Counts a refusal that leaves no event of its own.
    pub fn unseen(&self, ip: IpAddr) {
        let source = Source::of(ip);
        self.refused.fetch_add(1, Ordering::Relaxed);
        let mut untold = lock(&self.untold);
        let room = untold.by_source.len() < MOST_TOLD;
        match untold.by_source.get_mut(&source) {
            Some(count) => *count += 1,
            None if room => {
                untold.by_source.insert(source, 1);
            }
            None => untold.others += 1,
        }
    }

    /// Whether tokens of this source must be asked about by their issuer.
    pub fn watches_issuers(&self, ip: IpAddr) -> bool {
        let levels = self.sources.get(&Source::of(ip));
        levels.is_some_and(|levels| lock(&levels).iter().any(|level| level.issuer.is_some()))
    }

    /// Counts a refusal; `issuer` is one that is known here, where the refused request got so far.
    pub fn failed(&self, ip: IpAddr, issuer: Option<&str>, now: Instant) {
        let source = Source::of(ip);
        let levels = self.sources.get_with(source, Arc::default);
        let issuer = {
            let mut levels = lock(&levels);
            let named = |level: &Level| level.issuer.is_some();
            let known = levels.iter().any(|level| level.issuer.as_deref() == issuer);
            let room = levels.iter().filter(|level| named(level)).count() < MOST_ISSUERS;
            let issuer: Option<Arc<str>> = issuer.filter(|_| known || room).map(Arc::from);
            match levels.iter_mut().find(|level| level.issuer == issuer) {
                Some(level) => {
                    level.tokens = (self.held(level, now) - 1.0).max(0.0);
                    level.at = now;
                }
                None => levels.push(Level {
                    issuer: issuer.clone(),
                    tokens: self.capacity - 1.0,
                    at: now,
                }),
            }
            issuer
        };
        let mut waiting = lock(&self.waiting);
        let room = waiting.len() < MOST_WAITING;
        match waiting.get_mut(&(source, issuer.clone())) {
            Some(count) => *count = count.saturating_add(1),
            None if room => {
                waiting.insert((source, issuer), 1);
            }
            None => {}
        }
    }

    /// Tells the store what failed here since the last time, and learns what is left for all nodes.
    pub async fn settle(&self, store: &Store, now: Instant, now_ms: i64) -> Result<(), StoreError> {
        let mut batch: Vec<([u8; 32], Key, u32)> = {
            let mut waiting = lock(&self.waiting);
            let some: Vec<Key> = waiting.keys().take(MOST_SETTLED).cloned().collect();
            let taken = some
                .into_iter()
                .filter_map(|key| waiting.remove_entry(&key));
            taken.map(|(key, count)| (hash(&key), key, count)).collect()
        };
        if batch.is_empty() {
            return Ok(());
        }
        // Rows are touched in one order by every node, so that no two wait for each other.
        batch.sort_unstable_by_key(|(hash, _, _)| *hash);
        let drains: Vec<_> = batch
            .iter()
            .map(|(hash, _, count)| (*hash, *count))
            .collect();
        let left = store.drain_tokens(&self.bucket, &drains, now_ms).await?;
        for ((_, (source, issuer), _), left) in batch.into_iter().zip(left) {
            let Some(levels) = self.sources.get(&source) else {
                continue;
            };
            let mut levels = lock(&levels);
            if let Some(level) = levels.iter_mut().find(|level| level.issuer == issuer) {
                level.tokens = self.held(level, now).min(left);
                level.at = now;
            }
        }
        Ok(())
    }

    /// Writes what was refused unseen to the trail: one event for each source.
    pub fn tell(&self, log: &AuditLog, clock: &dyn Clock, random: &dyn Random) {
        let Untold { by_source, others } = std::mem::take(&mut *lock(&self.untold));
        let mut told: Vec<_> = by_source
            .into_iter()
            .map(|(source, count)| (source.to_string(), count))
            .collect();
        told.sort_unstable();
        if others > 0 {
            told.push(("various".to_owned(), others));
        }
        let id = || uuid_v4(random).to_string();
        for (source, count) in told {
            let mut event = AuditEvent::open(log, &id(), &id(), clock.now(), &source, None);
            event.set("eventName", json!("RequestsThrottled"));
            let outcome = Outcome::Refused {
                code: "Throttling".to_owned(),
                message: "Rate exceeded".to_owned(),
                reason: "throttled",
                detail: Some(json!({ "requests": count })),
            };
            if let Err(error) = event.close(outcome) {
                tracing::error!(%error, source, count, "throttled requests are missing in the audit trail");
            }
        }
    }

    /// How many requests were refused unseen since the start of this process.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: LimitsConfig = LimitsConfig {
        max_connections: 1,
        failures: 3,
        failures_per_second: 2,
    };

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn fail(throttle: &Throttle, source: &str, issuer: Option<&str>, times: usize, now: Instant) {
        for _ in 0..times {
            throttle.failed(ip(source), issuer, now);
        }
    }

    #[test]
    fn a_source_has_so_many_failures_and_then_waits() {
        let (throttle, now) = (Throttle::new(&LIMITS), Instant::now());
        let admits = |at: Instant| throttle.admits(ip("192.0.2.1"), None, at);
        assert!(admits(now));
        fail(&throttle, "192.0.2.1", None, 2, now);
        assert!(admits(now));
        fail(&throttle, "192.0.2.1", None, 1, now);
        assert!(!admits(now));
        assert!(throttle.admits(ip("192.0.2.2"), None, now));
        assert!(!admits(now + Duration::from_millis(499)));
        assert!(admits(now + Duration::from_millis(500)));
        assert_eq!(throttle.refused(), 0);
    }

    #[test]
    fn being_refused_unseen_costs_nothing_more() {
        let (throttle, now) = (Throttle::new(&LIMITS), Instant::now());
        fail(&throttle, "192.0.2.1", None, 9, now);
        for _ in 0..100 {
            throttle.admits(ip("192.0.2.1"), None, now);
        }
        let soon = now + Duration::from_millis(500);
        assert!(throttle.admits(ip("192.0.2.1"), None, soon));
    }

    #[test]
    fn a_network_of_ipv6_is_one_source_and_a_mapped_address_is_ipv4() {
        let (throttle, now) = (Throttle::new(&LIMITS), Instant::now());
        fail(&throttle, "2001:db8:0:1::1", None, 3, now);
        assert!(!throttle.admits(ip("2001:db8:0:1:ffff::2"), None, now));
        assert!(throttle.admits(ip("2001:db8:0:2::1"), None, now));
        fail(&throttle, "::ffff:192.0.2.1", None, 3, now);
        assert!(!throttle.admits(ip("192.0.2.1"), None, now));
        assert!(throttle.admits(ip("192.0.2.2"), None, now));
        assert_eq!(
            Source::of(ip("2001:db8:0:1:2::3")).to_string(),
            "2001:db8:0:1::/64"
        );
    }

    #[test]
    fn failures_with_one_issuer_keep_no_other_out() {
        let (throttle, now) = (Throttle::new(&LIMITS), Instant::now());
        let source = ip("192.0.2.1");
        assert!(!throttle.watches_issuers(source));
        fail(&throttle, "192.0.2.1", Some("https://a"), 3, now);
        assert!(throttle.watches_issuers(source));
        assert!(!throttle.admits(source, Some("https://a"), now));
        assert!(throttle.admits(source, Some("https://b"), now));
        assert!(throttle.admits(source, None, now));
        assert!(throttle.admits(ip("192.0.2.2"), Some("https://a"), now));
    }

    #[test]
    fn more_issuers_than_a_source_may_have_count_for_the_source() {
        let (throttle, now) = (Throttle::new(&LIMITS), Instant::now());
        for number in 0..MOST_ISSUERS + 3 {
            fail(
                &throttle,
                "192.0.2.1",
                Some(&format!("https://{number}")),
                1,
                now,
            );
        }
        assert!(!throttle.admits(ip("192.0.2.1"), None, now));
        assert!(throttle.admits(ip("192.0.2.1"), Some("https://0"), now));
    }
}

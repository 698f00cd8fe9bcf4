//! Time and chance, handed in.
//!
//! Whatever needs the time takes a [`Clock`], whatever needs chance takes a [`Random`]; then expiry, skew and
//! rotation are ordinary tests without sleeping, and token bytes can be snapshots. This file is the only place
//! that reads the system's clock and the system's generator; `clippy.toml` refuses the others.
//!
//! Time-outs and back-off are not measured here: they use the monotonic [`std::time::Instant`], which a step of
//! the wall clock does not move.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::{Duration, OffsetDateTime};

/// The wall clock.
pub trait Clock: Send + Sync {
    /// The present moment, in UTC.
    fn now(&self) -> OffsetDateTime;

    /// The present moment as whole seconds since 1970, rounded down.
    fn unix(&self) -> i64 {
        self.now().unix_timestamp()
    }
}

/// The clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system clock"
    )]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct FixedClock(Mutex<OffsetDateTime>);

impl FixedClock {
    /// Stands at `now`.
    pub fn new(now: OffsetDateTime) -> FixedClock {
        FixedClock(Mutex::new(now))
    }

    /// Stands at `unix` seconds since 1970; a value that no calendar holds stands at 1970 itself.
    pub fn at_unix(unix: i64) -> FixedClock {
        FixedClock::new(
            OffsetDateTime::from_unix_timestamp(unix).unwrap_or(OffsetDateTime::UNIX_EPOCH),
        )
    }

    /// Moves the clock to `now`, forwards or back.
    pub fn set(&self, now: OffsetDateTime) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Moves the clock by `step`, forwards or (negative) back.
    pub fn advance(&self, step: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.saturating_add(step);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> OffsetDateTime {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A source of unpredictable bytes.
pub trait Random: Send + Sync {
    /// Overwrites all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's cryptographic generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    /// # Panics
    ///
    /// If the generator fails. A secret made of leftover bytes would be worse than a refused request, so the
    /// failure is not a value that a caller could forget to look at.
    fn fill(&self, bytes: &mut [u8]) {
        if aws_lc_rs::rand::fill(bytes).is_err() {
            panic!("the operating system's random generator failed");
        }
    }
}

/// The same bytes in every run, for tests whose output is compared. **Not random at all.**
#[derive(Debug, Default)]
pub struct FixedRandom(AtomicU64);

impl FixedRandom {
    /// A sequence of its own for each `seed`.
    pub fn new(seed: u32) -> FixedRandom {
        FixedRandom(AtomicU64::new(u64::from(seed) << 32))
    }
}

impl Random for FixedRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            let block = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &count.to_be_bytes());
            for (byte, value) in chunk.iter_mut().zip(block.as_ref()) {
                *byte = *value;
            }
        }
    }
}

/// `N` fresh bytes.
pub fn random_bytes<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}

/// A fresh token of `bytes` random bytes, written in unpadded base64url.
///
/// State, nonce, session ids and the like need at least 16 bytes, PKCE verifiers and web sessions 32.
pub fn random_token(random: &dyn Random, bytes: usize) -> String {
    let mut token = vec![0; bytes];
    random.fill(&mut token);
    URL_SAFE_NO_PAD.encode(token)
}

/// A fresh version 4 UUID (RFC 9562 §5.4).
pub fn uuid_v4(random: &dyn Random) -> uuid::Uuid {
    uuid::Builder::from_random_bytes(random_bytes(random)).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_moves_only_when_it_is_told_to() {
        let clock = FixedClock::at_unix(1_000);
        assert_eq!(clock.unix(), 1_000);
        clock.advance(Duration::seconds(-1));
        assert_eq!(clock.unix(), 999);
        clock.set(OffsetDateTime::UNIX_EPOCH);
        assert_eq!(clock.unix(), 0);
    }

    #[test]
    fn seconds_are_rounded_down() {
        let clock = FixedClock::at_unix(10);
        clock.advance(Duration::milliseconds(999));
        assert_eq!(clock.unix(), 10);
    }

    #[test]
    fn a_token_carries_as_many_bytes_as_were_asked_for() {
        let token = random_token(&SystemRandom, 32);
        assert_eq!(URL_SAFE_NO_PAD.decode(&token).unwrap().len(), 32);
        assert_ne!(token, random_token(&SystemRandom, 32));
    }

    #[test]
    fn fixed_randomness_repeats_from_its_seed_and_not_within_a_run() {
        let (one, two) = (FixedRandom::new(1), FixedRandom::new(1));
        let first: [u8; 40] = random_bytes(&one);
        assert_eq!(first, random_bytes::<40>(&two));
        assert_ne!(first, random_bytes::<40>(&one));
        assert_ne!(first, random_bytes::<40>(&FixedRandom::new(2)));
    }

    #[test]
    fn a_uuid_says_that_it_is_random() {
        assert_eq!(uuid_v4(&SystemRandom).get_version_num(), 4);
    }
}

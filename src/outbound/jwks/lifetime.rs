//! How long a key set is good, and how ages are measured.

use std::time::{Duration, Instant};

use http::{HeaderMap, header};

use crate::clock::Clock;

/// After this a kept set is dropped, whatever happened since: a key that its issuer withdrew lives no longer.
pub(super) const LAST_GOOD: Duration = Duration::from_secs(24 * 3600);
/// The shortest life, however short the issuer asks for.
const SHORTEST: Duration = Duration::from_secs(5 * 60);
/// The longest, short enough before [`LAST_GOOD`] that a failing refresh has hours to succeed.
const LONGEST: Duration = Duration::from_secs(20 * 3600);
/// Where the issuer says nothing.
const USUAL: Duration = Duration::from_secs(3600);

/// For how long a set with these header fields is fresh (`Cache-Control`, RFC 9111 §5.2.2).
pub(super) fn freshness(headers: &HeaderMap) -> Duration {
    let directives = headers
        .get_all(header::CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|directive| directive.trim().to_ascii_lowercase());
    let mut asked = None;
    for directive in directives {
        if directive == "no-store" || directive == "no-cache" {
            return SHORTEST;
        }
        if let Some(seconds) = directive.strip_prefix("max-age=") {
            let seconds = seconds.trim_matches('"').parse().unwrap_or(0);
            asked = Some(Duration::from_secs(seconds));
        }
    }
    asked.unwrap_or(USUAL).clamp(SHORTEST, LONGEST)
}

/// A moment on both clocks.
///
/// An age is the greater of what the wall clock and the monotonic clock say: a wall clock that is set back does
/// not make old keys young, and a suspended machine (whose monotonic clock may have stood still) does neither.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    wall: i64,
    monotonic: Instant,
}

impl Moment {
    pub(super) fn now(clock: &dyn Clock) -> Moment {
        Moment {
            wall: clock.unix(),
            monotonic: Instant::now(),
        }
    }

    pub(super) fn age(&self, clock: &dyn Clock) -> Duration {
        let wall = u64::try_from(clock.unix().saturating_sub(self.wall)).unwrap_or(0);
        Duration::from_secs(wall).max(self.monotonic.elapsed())
    }

    /// The age on the monotonic clock alone, for waiting.
    pub(super) fn elapsed(&self) -> Duration {
        self.monotonic.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FixedClock;

    fn freshness_of(value: &str) -> u64 {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, value.parse().unwrap());
        freshness(&headers).as_secs()
    }

    #[test]
    fn the_issuers_wish_is_kept_within_bounds() {
        assert_eq!(freshness_of("public, max-age=7200"), 7200);
        assert_eq!(freshness_of("Max-Age=\"7200\""), 7200);
        assert_eq!(freshness_of("max-age=1"), 300);
        assert_eq!(freshness_of("max-age=31536000"), 72_000);
        assert_eq!(freshness_of("max-age=99999999999999999999999"), 300);
        assert_eq!(freshness_of("max-age=7200, no-store"), 300);
        assert_eq!(freshness(&HeaderMap::new()).as_secs(), 3600);
    }

    #[test]
    fn a_clock_set_back_makes_nothing_younger_than_it_is() {
        let clock = FixedClock::at_unix(1_000_000);
        let moment = Moment::now(&clock);
        clock.advance(time::Duration::hours(-24));
        std::thread::sleep(Duration::from_millis(5));
        assert!(moment.age(&clock) >= Duration::from_millis(5));
        clock.advance(time::Duration::hours(25));
        assert!(moment.age(&clock) >= Duration::from_secs(3600));
    }
}

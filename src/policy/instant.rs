//! Dates of `Date…` conditions: instants, written as epoch seconds or as W3C date and time.

use time::{Date, Month};

/// A moment, exact to any fraction of a second.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Instant {
    seconds: i64,
    /// The digits after the point without zeros at the end, so that text order is time order.
    fraction: Box<str>,
}

impl Instant {
    /// Reads epoch seconds (digits alone) or `YYYY-MM`, `YYYY-MM-DD`, `YYYY-MM-DDThh:mm[:ss[.fff]]`
    /// with `Z`, `±hh:mm` or no zone, which means UTC. `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self {
                seconds: text.parse().ok()?,
                fraction: "".into(),
            });
        }
        let (date, time) = match text.split_once('T') {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        let mut parts = date.split('-');
        let year = number(parts.next()?, 4)?;
        let month = number(parts.next()?, 2)?;
        let day = match (parts.next(), time) {
            (Some(day), _) => number(day, 2)?,
            (None, None) => 1,
            // A time of day belongs to a day.
            (None, Some(_)) => return None,
        };
        if parts.next().is_some() {
            return None;
        }
        let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
        let date =
            Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?)
                .ok()?;
        let midnight = date.midnight().assume_utc().unix_timestamp();
        let (seconds, fraction) = match time {
            Some(time) => time_of_day(time)?,
            None => (0, ""),
        };
        Some(Self {
            seconds: midnight + seconds,
            fraction: fraction.trim_end_matches('0').into(),
        })
    }
}

/// Seconds from midnight UTC, which a zone can put on another day, and the digits after the point.
fn time_of_day(text: &str) -> Option<(i64, &str)> {
    let (clock, offset) = if let Some(clock) = text.strip_suffix('Z') {
        (clock, 0)
    } else if let Some(at) = text.find(['+', '-']) {
        let (clock, zone) = text.split_at(at);
        let (hours, minutes) = zone.get(1..)?.split_once(':')?;
        let ahead = below(hours, 24)? * 3600 + below(minutes, 60)? * 60;
        (clock, if zone.starts_with('+') { ahead } else { -ahead })
    } else {
        (text, 0)
    };
    let (hours, rest) = clock.split_once(':')?;
    let (minutes, seconds) = rest
        .split_once(':')
        .map_or((rest, None), |(m, s)| (m, Some(s)));
    let (seconds, fraction) = match seconds.map(|seconds| (seconds, seconds.split_once('.'))) {
        None => (0, ""),
        Some((whole, None)) => (below(whole, 60)?, ""),
        Some((_, Some((whole, fraction)))) => {
            if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            (below(whole, 60)?, fraction)
        }
    };
    let local = below(hours, 24)? * 3600 + below(minutes, 60)? * 60 + seconds;
    Some((local - offset, fraction))
}

fn below(text: &str, limit: i64) -> Option<i64> {
    number(text, 2).filter(|value| *value < limit)
}

/// A number of exactly so many digits.
fn number(text: &str, digits: usize) -> Option<i64> {
    (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_moment_has_many_spellings() {
        for (a, b) in [
            ("2024-01-01", "1704067200"),
            ("2024-01", "2024-01-01T00:00Z"),
            ("2024-01-01T00:00", "2024-01-01T00:00:00Z"),
            ("2024-01-01T01:30:00+01:30", "2024-01-01T00:00:00.000Z"),
            ("2023-12-31T19:00-05:00", "1704067200"),
            ("2024-02-29T12:00:00.50Z", "2024-02-29T12:00:00.5"),
            ("1969-12-31T23:59:59Z", "1970-01-01T00:59:59+01:00"),
        ] {
            assert_eq!(
                Instant::parse(a).unwrap(),
                Instant::parse(b).unwrap(),
                "{a} {b}"
            );
        }
    }

    #[test]
    fn fractions_count() {
        let ascending = [
            "2024-01-01T00:00:00Z",
            "2024-01-01T00:00:00.0000000001Z",
            "2024-01-01T00:00:00.09Z",
            "2024-01-01T00:00:00.1Z",
            "2024-01-01T00:00:01Z",
        ];
        for pair in ascending.windows(2) {
            assert!(
                Instant::parse(pair[0]) < Instant::parse(pair[1]),
                "{pair:?}"
            );
        }
    }

    #[test]
    fn what_is_not_a_date_is_none() {
        for text in [
            "",
            "today",
            "2024-13-01",
            "2024-02-30",
            "2023-02-29",
            "2024-1-1",
            "24-01-01",
            "2024-01-01T",
            "2024-01-01T10",
            "2024-01-01T24:00",
            "2024-01-01T10:60",
            "2024-01-01T10:00:60",
            "2024-01-01T10:00:00.",
            "2024-01-01T10:00:00.x",
            "2024-01-01T10:00+0100",
            "2024-01-01T10:00+1:00",
            "2024-01-01 10:00",
            "2024-01T10:00",
            "2024-01-01Z",
            "2024-01-01-01",
            "-5",
            "+5",
            "1.5",
            "99999999999999999999",
            "2024-01-01T10:00ZZ",
            "2024-01-01T10:00Z+01:00",
        ] {
            assert_eq!(Instant::parse(text), None, "{text}");
        }
    }
}

//! Times and durations of metadata.
//!
//! Looser than those of messages: SAML wants UTC "with no time zone component" (Core 1.3.3), which some writers take to
//! mean `Z` and others nothing at all, and documents written by hand name a zone. All three are one moment each, and
//! nothing is granted by them.

use crate::response::values;

/// `xs:dateTime` in seconds since 1970. Without a zone it is UTC, as all times of SAML are.
pub(super) fn instant(text: &str) -> Option<i64> {
    let text = text.trim_ascii();
    if text.ends_with('Z') {
        return values::instant(text);
    }
    let (date, time) = text.split_once('T')?;
    let Some(at) = time.find(['+', '-']) else {
        return values::instant(&format!("{text}Z"));
    };
    let (time, zone) = time.split_at_checked(at)?;
    let local = values::instant(&format!("{date}T{time}Z"))?;
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let two = |text: &str| {
        let fits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| text.parse::<i64>().ok())?
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    let offset = hours * 3600 + minutes * 60;
    if minutes > 59 || offset > 14 * 3600 {
        return None;
    }
    match zone.starts_with('+') {
        true => Some(local - offset),
        false => Some(local + offset),
    }
}

/// `xs:duration` in seconds: `PT1H`, `P1DT12H`, `P1Y`. A year is 365 days and a month 30; fractions are dropped;
/// negative ones mean nothing here.
pub(super) fn duration(text: &str) -> Option<i64> {
    let rest = text.trim_ascii().strip_prefix('P')?;
    let (days, time) = match rest.split_once('T') {
        Some((_, "")) => return None,
        Some((days, time)) => (days, time),
        None => (rest, ""),
    };
    if days.is_empty() && time.is_empty() {
        return None;
    }
    const DAY: i64 = 86400;
    let days = parts(days, &[('Y', 365 * DAY), ('M', 30 * DAY), ('D', DAY)])?;
    days.checked_add(parts(time, &[('H', 3600), ('M', 60), ('S', 1)])?)
}

/// Numbers with these letters behind them, each at most once and in this order.
fn parts(text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut units = units.iter();
    let mut rest = text;
    let mut sum = 0_i64;
    while !rest.is_empty() {
        let (number, after) = rest.split_at_checked(rest.find(|c: char| c.is_alphabetic())?)?;
        let mut letters = after.chars();
        let letter = letters.next()?;
        let (_, worth) = units.find(|(unit, _)| *unit == letter)?;
        let whole = match number.split_once('.') {
            Some((whole, fraction)) => {
                let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
                if letter != 'S' || fraction.is_empty() || !digits {
                    return None;
                }
                whole
            }
            None => number,
        };
        if !whole.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        sum = sum.checked_add(whole.checked_mul(*worth)?)?;
        rest = letters.as_str();
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_three_spellings() {
        let noon = instant("2026-11-22T12:00:00Z").unwrap();
        for same in [
            "2026-11-22T12:00:00",
            "2026-11-22T12:00:00.1234567",
            " 2026-11-22T12:00:00.5Z\n",
            "2026-11-22T14:30:00+02:30",
            "2026-11-22T04:00:00-08:00",
            "2026-11-23T02:00:00.000+14:00",
        ] {
            assert_eq!(instant(same), Some(noon), "{same}");
        }
        for bad in [
            "",
            "2026-11-22",
            "2026-11-22T12:00",
            "2026-11-22T12:00:00+2",
            "2026-11-22T12:00:00+02:60",
            "2026-11-22T12:00:00+14:01",
            "2026-11-22T12:00:00+0200",
            "2026-11-22T12:00:00Z+02:00",
            "2026-11-22T12:00:00+02:00Z",
            "tomorrow",
        ] {
            assert_eq!(instant(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_duration_is_so_many_seconds() {
        for (text, seconds) in [
            ("PT1H", 3600),
            ("PT0S", 0),
            ("P1D", 86400),
            ("P1DT12H", 129_600),
            ("P1Y2M3DT4H5M6.7S", 365 * 86400 + 63 * 86400 + 14706),
            (" PT604800S ", 604_800),
            ("P0Y0M0DT6H0M0.000S", 21600),
        ] {
            assert_eq!(duration(text), Some(seconds), "{text}");
        }
        for bad in [
            "",
            "P",
            "PT",
            "P1DT",
            "1H",
            "3600",
            "PT1",
            "P1H",
            "PT1D",
            "PT1M1H",
            "PT1H1H",
            "-PT1H",
            "PT-1H",
            "PT1.5H",
            "PT1.S",
            "PTS",
            "PT1é",
            "P99999999999999999999Y",
            "P9999999999999999Y",
        ] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}

//! `60s`, `15m`, `12h`: how long something may take or last.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::problems::Fault;

pub(super) const MINUTE: u64 = 60;
pub(super) const HOUR: u64 = 3600;

/// Reads one number with one unit, within `seconds`.
///
/// We do not take `1h30m` or a bare number: one spelling, and no doubt about the unit.
pub(super) fn parse(text: &str, seconds: RangeInclusive<u64>) -> Result<Duration, Fault> {
    let value = number_and_unit(text).ok_or_else(|| {
        Fault::from("is not a duration").hint(r#"durations are written "60s", "15m" or "12h""#)
    })?;
    if !seconds.contains(&value) {
        let (least, most) = (words(*seconds.start()), words(*seconds.end()));
        return Err(format!("must be between {least} and {most}").into());
    }
    Ok(Duration::from_secs(value))
}

fn number_and_unit(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => MINUTE,
        "h" => HOUR,
        _ => return None,
    };
    // `parse` alone would take a plus sign.
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    number.parse::<u64>().ok()?.checked_mul(unit)
}

fn words(seconds: u64) -> String {
    match seconds {
        hours if hours > 0 && hours.is_multiple_of(HOUR) => format!("{}h", hours / HOUR),
        minutes if minutes > 0 && minutes.is_multiple_of(MINUTE) => {
            format!("{}m", minutes / MINUTE)
        }
        seconds => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_minutes_and_hours_are_understood() {
        for (text, seconds) in [("60s", 60), ("15m", 900), ("12h", 43_200), ("0s", 0)] {
            assert_eq!(parse(text, 0..=50_000), Ok(Duration::from_secs(seconds)));
        }
    }

    #[test]
    fn anything_else_is_no_duration() {
        for text in [
            "",
            "h",
            "12",
            "+1h",
            "-1h",
            "1.5h",
            "1h30m",
            "1 h",
            "1H",
            "1é",
            "99999999999999999999h",
            "9999999999999999999h",
        ] {
            let fault = parse(text, 0..=u64::MAX).unwrap_err();
            assert_eq!(fault.message, "is not a duration", "{text}");
        }
    }

    #[test]
    fn the_bounds_belong_to_the_range() {
        assert!(parse("1h", HOUR..=2 * HOUR).is_ok());
        assert!(parse("2h", HOUR..=2 * HOUR).is_ok());
        let fault = parse("7201s", HOUR..=2 * HOUR).unwrap_err();
        assert_eq!(fault.message, "must be between 1h and 2h");
    }
}

//! Values: texts and times, read one way (SAML-17).

use time::{Date, Month, PrimitiveDateTime, Time};

use crate::SamlError;
use crate::document::Element;
use crate::names::ASSERTION;
use crate::response::NameId;

/// Characters that turn or hide what people read.
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{feff}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text of an element that holds nothing else, the white space around it trimmed. Comments were dropped when it
/// was read, so they cannot cut it short.
pub(crate) fn text(element: Element<'_>) -> Result<String, SamlError> {
    let text = element
        .text()
        .ok_or(SamlError::Element("a value holds elements"))?;
    clean(&text)
}

/// A value with the white space around it trimmed, if nothing in it hides.
pub(crate) fn clean(value: &str) -> Result<String, SamlError> {
    let trimmed = value.trim_matches([' ', '\t', '\r', '\n']);
    match trimmed.chars().any(hides) {
        true => Err(SamlError::ValueCharacter),
        false => Ok(trimmed.to_owned()),
    }
}

/// The text of an element that must say something.
pub(crate) fn needed(element: Element<'_>, what: &'static str) -> Result<String, SamlError> {
    match text(element)? {
        text if text.is_empty() => Err(SamlError::ValueEmpty(what)),
        text => Ok(text),
    }
}

/// An attribute's value, where it is there.
pub(crate) fn attribute(element: Element<'_>, local: &str) -> Result<Option<String>, SamlError> {
    element.attribute(local).map(clean).transpose()
}

/// A name.
pub(crate) fn name_id(element: Element<'_>) -> Result<NameId, SamlError> {
    Ok(NameId {
        value: needed(element, "NameID")?,
        format: attribute(element, "Format")?,
        name_qualifier: attribute(element, "NameQualifier")?,
        sp_name_qualifier: attribute(element, "SPNameQualifier")?,
    })
}

/// The issuer of a message or an assertion.
pub(crate) fn issuer(assertion: Element<'_>) -> Result<String, SamlError> {
    let issuer = one(assertion, "Issuer")?;
    needed(issuer, "Issuer")
}

/// The one element of this name directly inside.
pub(crate) fn one<'d>(parent: Element<'d>, local: &'static str) -> Result<Element<'d>, SamlError> {
    let mut found = parent.named(ASSERTION, local);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(SamlError::Element(local)),
    }
}

/// A time that must be there, in seconds since 1970.
pub(crate) fn time(element: Element<'_>, local: &'static str) -> Result<i64, SamlError> {
    optional_time(element, local)?.ok_or(SamlError::Time(local))
}

/// A time that may be there, in seconds since 1970.
pub(crate) fn optional_time(
    element: Element<'_>,
    local: &'static str,
) -> Result<Option<i64>, SamlError> {
    let Some(text) = element.attribute(local) else {
        return Ok(None);
    };
    instant(text).map(Some).ok_or(SamlError::Time(local))
}

/// `2026-01-01T00:00:00.000Z` in seconds since 1970, fractions dropped. SAML's times are UTC and say so (core
/// section 1.3.3).
pub(crate) fn instant(text: &str) -> Option<i64> {
    let rest = text.strip_suffix('Z')?;
    let (date, time) = rest.split_once('T')?;
    let (time, fraction) = match time.split_once('.') {
        Some((time, fraction)) => (time, fraction),
        None => (time, "0"),
    };
    let digits = |text: &str, count: usize| -> Option<u16> {
        let fits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| text.parse().ok())?
    };
    let two = |text: &str| digits(text, 2).and_then(|number| u8::try_from(number).ok());
    if fraction.is_empty() || fraction.len() > 20 || !fraction.bytes().all(|it| it.is_ascii_digit())
    {
        return None;
    }
    let mut dates = date.splitn(3, '-');
    let (year, month, day) = (dates.next()?, dates.next()?, dates.next()?);
    let mut times = time.splitn(3, ':');
    let (hour, minute, second) = (times.next()?, times.next()?, times.next()?);
    let month = Month::try_from(two(month)?).ok()?;
    let date = Date::from_calendar_date(i32::from(digits(year, 4)?), month, two(day)?).ok()?;
    let time = Time::from_hms(two(hour)?, two(minute)?, two(second)?).ok()?;
    Some(
        PrimitiveDateTime::new(date, time)
            .assume_utc()
            .unix_timestamp(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_and_whole() {
        assert_eq!(instant("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(
            instant("2026-11-22T10:00:00.123456789Z"),
            Some(1_795_341_600)
        );
        for bad in [
            "",
            "Z",
            "2026-11-22",
            "2026-11-22T10:00:00",
            "2026-11-22T10:00:00+00:00",
            "2026-11-22T10:00Z",
            "2026-11-22 10:00:00Z",
            "2026-11-22T10:00:00.Z",
            "2026-13-22T10:00:00Z",
            "2026-02-30T10:00:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T10:00:60Z",
            "26-11-22T10:00:00Z",
            "+2026-11-22T10:00:00Z",
            "2026-11-22T1:00:00Z",
            "2026-11-22T10:00:00z",
            " 2026-11-22T10:00:00Z",
            "2026-11-22T10:00:00.1eZ",
            "20२6-11-22T10:00:00Z",
        ] {
            assert_eq!(instant(bad), None, "{bad}");
        }
    }

    #[test]
    fn values_are_trimmed_and_hide_nothing() {
        assert_eq!(
            clean("\n  ann@acme.example\r\n ").unwrap(),
            "ann@acme.example"
        );
        for bad in [
            "a\tb",
            "a\nb",
            "\u{feff}a",
            "a\u{202e}b",
            "a\u{2066}",
            "\u{200f}a",
        ] {
            assert_eq!(clean(bad), Err(SamlError::ValueCharacter), "{bad:?}");
        }
    }
}

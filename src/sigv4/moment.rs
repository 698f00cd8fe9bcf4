//! The two ways a signed request writes its time.

use time::format_description::well_known::Rfc2822;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// `20150830T123600Z`, the form of `X-Amz-Date` and of AWS's messages about clocks.
pub fn amz_date(moment: OffsetDateTime) -> String {
    let utc = moment.to_offset(UtcOffset::UTC);
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        utc.year(),
        u8::from(utc.month()),
        utc.day(),
        utc.hour(),
        utc.minute(),
        utc.second()
    )
}

/// Reads exactly that form.
pub(super) fn parse_amz_date(text: &str) -> Option<OffsetDateTime> {
    let &[
        y1,
        y2,
        y3,
        y4,
        m1,
        m2,
        d1,
        d2,
        b'T',
        h1,
        h2,
        n1,
        n2,
        s1,
        s2,
        b'Z',
    ] = text
        .as_bytes()
        .first_chunk::<16>()
        .filter(|_| text.len() == 16)?
    else {
        return None;
    };
    let year = i32::from(two(y1, y2)?) * 100 + i32::from(two(y3, y4)?);
    let month = Month::try_from(two(m1, m2)?).ok()?;
    let date = Date::from_calendar_date(year, month, two(d1, d2)?).ok()?;
    let time = Time::from_hms(two(h1, h2)?, two(n1, n2)?, two(s1, s2)?).ok()?;
    Some(PrimitiveDateTime::new(date, time).assume_utc())
}

/// Reads a `Date` header, which stands in where there is no `X-Amz-Date`: either form is seen there.
pub(super) fn parse_date_header(text: &str) -> Option<OffsetDateTime> {
    parse_amz_date(text).or_else(|| {
        let moment = OffsetDateTime::parse(text, &Rfc2822).ok()?;
        // Checked, because the last hours of the calendar have no equivalent in UTC.
        moment.checked_to_offset(UtcOffset::UTC)
    })
}

fn two(tens: u8, ones: u8) -> Option<u8> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + (ones - b'0'))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_moment_round_trips() {
        let moment = datetime!(2015-08-30 12:36:00 UTC);
        assert_eq!(amz_date(moment), "20150830T123600Z");
        assert_eq!(parse_amz_date("20150830T123600Z"), Some(moment));
    }

    #[test]
    fn another_zone_is_written_as_utc() {
        assert_eq!(
            amz_date(datetime!(2015-08-31 01:36:00 +13)),
            "20150830T123600Z"
        );
    }

    #[test]
    fn no_other_form_is_read() {
        for text in [
            "",
            "20150830T123600",
            "20150830T123600Z ",
            "20150830t123600Z",
            "20150830T123600z",
            "2015-08-30T12:36:00Z",
            "20151330T123600Z",
            "20150230T123600Z",
            "20150830T243600Z",
            "20150830T126000Z",
            "20150830T123660Z",
            "+0150830T123600Z",
            "2015083\u{661}T12360Z",
        ] {
            assert_eq!(parse_amz_date(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_header_has_either_form() {
        let moment = Some(datetime!(2015-08-30 12:36:00 UTC));
        assert_eq!(parse_date_header("Sun, 30 Aug 2015 12:36:00 GMT"), moment);
        assert_eq!(parse_date_header("20150830T123600Z"), moment);
        assert_eq!(parse_date_header("yesterday"), None);
    }

    #[test]
    fn a_date_beyond_the_calendar_is_none() {
        assert_eq!(parse_date_header("Fri, 31 Dec 9999 23:59:59 -2359"), None);
    }
}

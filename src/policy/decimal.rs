//! Numbers of `Numeric…` conditions: exact decimals, because `0.1` in a policy is not the nearest
//! binary fraction.

use std::cmp::Ordering;

/// A decimal number of any length and precision.
///
/// Held as `0.d₁d₂d₃… × 10^point` without zeros at either end, so equal numbers are equal values
/// and a comparison needs no arithmetic: `1e999999999` costs as little as `1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    point: i64,
    digits: Box<[u8]>,
}

impl Decimal {
    /// Reads `[+-]digits[.digits][e[+-]digits]`; `None` for anything else, the empty text included.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut all = whole.bytes().chain(fraction.bytes());
        if whole.len() + fraction.len() == 0 || !all.all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        let leading = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.drain(..leading);
        if digits.is_empty() {
            return Some(Self {
                negative: false,
                point: 0,
                digits: digits.into(),
            });
        }
        let point = i64::try_from(whole.len()).ok()? - i64::try_from(leading).ok()?;
        Some(Self {
            negative,
            point: point.checked_add(exponent)?,
            digits: digits.into(),
        })
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        // Zero has no digits and is smaller than any other magnitude, whatever its point.
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (false, false) => {}
            (mine, theirs) => return theirs.cmp(&mine),
        }
        self.point
            .cmp(&other.point)
            .then_with(|| self.digits.cmp(&other.digits))
    }
}

fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_stand_in_their_order() {
        let ascending = [
            "-1e30",
            "-10",
            "-9.99",
            "-0.1",
            "-0.01",
            "0",
            "1e-40",
            "0.01",
            "0.1",
            "0.10000000000000000001",
            "0.3",
            "1",
            "9.99",
            "10",
            "11",
            "99",
            "100",
            "9007199254740992",
            "9007199254740993",
            "1e999999999999",
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                let (a, b) = (Decimal::parse(a).unwrap(), Decimal::parse(b).unwrap());
                assert_eq!(a.cmp(&b), i.cmp(&j), "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn one_number_has_many_spellings() {
        for (a, b) in [
            ("10", "10.0"),
            ("010", "10"),
            ("+5", "5"),
            ("-0", "0"),
            ("0.0", "0"),
            ("1e3", "1000"),
            ("12.5e-1", "1.25"),
            (".5", "0.5"),
            ("5.", "5"),
        ] {
            assert_eq!(Decimal::parse(a), Decimal::parse(b), "{a} {b}");
        }
    }

    #[test]
    fn what_is_not_a_number_is_none() {
        for text in [
            "",
            "12abc",
            "abc",
            ".",
            "-",
            "+-1",
            "1,000",
            " 1",
            "1 ",
            "0x10",
            "1e",
            "1e+",
            "1e+-1",
            "NaN",
            "inf",
            "1.2.3",
            "١",
            "1_0",
            "1e99999999999999999999",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}

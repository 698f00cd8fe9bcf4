//! The query as a signature sees it: decoded once, encoded in the one canonical way, sorted.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

/// Everything but RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The names and values of a raw query, decoded. A `+` is a space here, as it is where parameters are read.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = (Cow<'_, [u8]>, Cow<'_, [u8]>)> {
    query.split('&').filter(|it| !it.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

/// The canonical query of these pairs.
pub(super) fn canonical<'q>(pairs: impl Iterator<Item = (Cow<'q, [u8]>, Cow<'q, [u8]>)>) -> String {
    let mut encoded: Vec<(String, String)> = pairs
        .map(|(name, value)| (encode(&name), encode(&value)))
        .collect();
    encoded.sort_unstable();
    let mut canonical = String::new();
    for (name, value) in encoded {
        if !canonical.is_empty() {
            canonical.push('&');
        }
        canonical.push_str(&name);
        canonical.push('=');
        canonical.push_str(&value);
    }
    canonical
}

/// Percent-encodes all but unreserved characters, with upper-case digits.
pub(super) fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, ENCODED).to_string()
}

/// Percent-decodes; what is no escape stays as it is.
pub(super) fn decode(text: &str) -> Cow<'_, [u8]> {
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        return Cow::Owned(percent_decode(spaced.as_bytes()).collect());
    }
    percent_decode(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical_of(query: &str) -> String {
        canonical(pairs(query))
    }

    #[test]
    fn parameters_are_sorted_by_name_and_then_by_value() {
        assert_eq!(canonical_of("b=2&a=2&a=1&B=3"), "B=3&a=1&a=2&b=2");
    }

    #[test]
    fn every_way_of_writing_one_value_is_one() {
        for query in ["a=x%20y", "a=x+y", "%61=x%20%79", "&a=x%20y&&"] {
            assert_eq!(canonical_of(query), "a=x%20y", "{query}");
        }
        assert_eq!(canonical_of("a=%2b%2F"), "a=%2B%2F");
    }

    #[test]
    fn different_values_stay_different() {
        assert_ne!(canonical_of("a=x%2By"), canonical_of("a=x+y"));
        assert_ne!(canonical_of("a=b%26c=d"), canonical_of("a=b&c=d"));
        assert_ne!(canonical_of("a=%2541"), canonical_of("a=%41"));
        assert_ne!(canonical_of("a%3Db"), canonical_of("a=b"));
    }

    #[test]
    fn a_parameter_without_value_has_an_empty_one() {
        assert_eq!(canonical_of("acl"), "acl=");
        assert_eq!(canonical_of("a=b=c"), "a=b%3Dc");
        assert_eq!(canonical_of(""), "");
    }

    #[test]
    fn a_broken_escape_is_a_percent_sign() {
        assert_eq!(canonical_of("a=%zz%4"), "a=%25zz%254");
    }

    #[test]
    fn unreserved_characters_alone_stay() {
        assert_eq!(canonical_of("a=-_.~Az09"), "a=-_.~Az09");
        assert_eq!(
            canonical_of("a=*'()!:/\u{1234}"),
            "a=%2A%27%28%29%21%3A%2F%E1%88%B4"
        );
    }
}

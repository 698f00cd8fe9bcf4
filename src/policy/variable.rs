//! Policy variables: `${key}`, `${key, 'default'}` and the three escapes `${*}`, `${?}`, `${$}`.
//!
//! A variable becomes its value when a request is judged, as one literal piece of the pattern,
//! never by replacing text and compiling the result: a `*` that comes out of a tag is no wildcard.
//! An absent key is *null*, not empty. Substituting `""` turns `home/${aws:username}*` into
//! `home/*`, and that is how other engines have lost their walls.

use super::case;
use super::context::{ContextValue, RequestContext};

/// A variable in a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    key: Box<str>,
    default: Option<Box<str>>,
}

/// What stands at a `${`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// `${*}`, `${?}` or `${$}`: the character itself.
    Escape(char),
    Variable(Variable),
}

/// Reads the reference at the start of `text` and returns what follows it; `None` when `${` has no
/// end, and so is plain text.
pub(super) fn reference(text: &str) -> Option<(Reference, &str)> {
    let inside = text.strip_prefix("${")?;
    if let Some((key, default, rest)) = with_default(inside) {
        let variable = Variable {
            key: case::fold(key).into(),
            default: Some(default.into()),
        };
        return Some((Reference::Variable(variable), rest));
    }
    let (key, rest) = inside.split_once('}')?;
    let reference = match key {
        "*" => Reference::Escape('*'),
        "?" => Reference::Escape('?'),
        "$" => Reference::Escape('$'),
        _ => Reference::Variable(Variable {
            key: case::fold(key).into(),
            default: None,
        }),
    };
    Some((reference, rest))
}

/// `key, 'default'}`. A comma with anything else behind it is part of the name, and no key has such
/// a name: the variable is null.
fn with_default(inside: &str) -> Option<(&str, &str, &str)> {
    let (key, after) = inside.split_once(',')?;
    if key.contains('}') {
        return None;
    }
    let quoted = after.trim_start_matches(' ').strip_prefix('\'')?;
    let (default, after) = quoted.split_once('\'')?;
    let rest = after.trim_start_matches(' ').strip_prefix('}')?;
    Some((key, default, rest))
}

impl Variable {
    /// Whether this is its key, in any spelling.
    pub(super) fn is_named(&self, key: &str) -> bool {
        *self.key == *case::fold(key)
    }

    /// The text the variable stands for; `None` is null, which nothing equals or resembles.
    ///
    /// A multivalued key has no value as a variable. It is not absent either, so its default does
    /// not come in.
    pub(super) fn value<'v>(&'v self, context: &'v RequestContext) -> Option<&'v str> {
        match context.folded(&self.key) {
            Some(ContextValue::One(value)) => Some(value),
            Some(ContextValue::Many(_)) => None,
            None => self.default.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(key: &str, default: Option<&str>) -> Reference {
        Reference::Variable(Variable {
            key: key.into(),
            default: default.map(Into::into),
        })
    }

    #[test]
    fn every_form_is_read() {
        for (text, expected) in [
            (
                "${aws:UserName}/x",
                Some((variable("aws:username", None), "/x")),
            ),
            (
                "${aws:username, 'a b'}x",
                Some((variable("aws:username", Some("a b")), "x")),
            ),
            (
                "${aws:username,''}",
                Some((variable("aws:username", Some("")), "")),
            ),
            ("${k, '}'}.", Some((variable("k", Some("}")), "."))),
            ("${a}, 'b'}", Some((variable("a", None), ", 'b'}"))),
            ("${*}*", Some((Reference::Escape('*'), "*"))),
            ("${?}", Some((Reference::Escape('?'), ""))),
            ("${$}{x}", Some((Reference::Escape('$'), "{x}"))),
            ("${}", Some((variable("", None), ""))),
            ("${open", None),
            ("${open, 'x'", None),
        ] {
            assert_eq!(reference(text), expected, "{text}");
        }
    }

    #[test]
    fn a_default_without_quotes_is_a_name_that_no_key_has() {
        assert_eq!(reference("${k, x}"), Some((variable("k, x", None), "")));
    }

    #[test]
    fn a_default_stands_in_for_an_absent_key_alone() {
        let variable = Variable {
            key: "k".into(),
            default: Some("d".into()),
        };
        let mut context = RequestContext::new();
        assert_eq!(variable.value(&context), Some("d"));
        context.set("K", "");
        assert_eq!(variable.value(&context), Some(""));
        context.set_many("k", vec!["v".into()]);
        assert_eq!(variable.value(&context), None);
    }
}

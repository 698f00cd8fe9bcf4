//! Comparing without regard to case: simple Unicode case folding, one character to one character.

use std::borrow::Cow;

/// Folds one character (CaseFolding.txt, statuses C and S).
///
/// The standard library has upper and lower case but no folding. Lower case of upper case is the
/// folding wherever both are one character; the exceptions are written out. The Turkish dotless i
/// has no simple folding, so it must not become `i`.
pub(super) fn fold_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    match c {
        'ı' => c,
        '\u{1fd3}' => '\u{390}',
        '\u{1fe3}' => '\u{3b0}',
        '\u{fb05}' => '\u{fb06}',
        _ => only(only(c, char::to_uppercase), char::to_lowercase),
    }
}

fn only<I: Iterator<Item = char>>(c: char, map: fn(char) -> I) -> char {
    let mut mapped = map(c);
    match (mapped.next(), mapped.next()) {
        (Some(single), None) => single,
        _ => c,
    }
}

/// Folds a text; borrowed when there is nothing to fold. Whoever tells keys of tags or claims apart must do it by this:
/// as condition keys they are told apart so, and what looks like two elsewhere (`costs` and `cost\u{17f}`) is one there.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text
        .bytes()
        .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
    {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().map(fold_char).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_joins_what_unicode_joins() {
        for (a, b) in [
            ("STRASSE", "strasse"),
            ("ΌΣΟΣ", "όσος"),
            ("\u{212a}", "k"),
            ("ẞ", "ß"),
            ("ſ", "s"),
            ("Ǆ", "ǅ"),
            ("µ", "μ"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} {b}");
        }
    }

    #[test]
    fn folding_keeps_apart_what_only_full_or_turkish_folding_joins() {
        for (a, b) in [("ß", "ss"), ("ı", "i"), ("İ", "i"), ("ﬁ", "fi"), ("é", "e")] {
            assert_ne!(fold(a), fold(b), "{a} {b}");
        }
    }
}

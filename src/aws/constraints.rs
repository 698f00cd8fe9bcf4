//! Constraint errors: all violations of one request in one message, worded as the STS front end does.

use crate::aws::error::AwsError;

/// Collects what is wrong with the members of a request.
#[derive(Debug, Default)]
pub struct Constraints {
    /// The member, and what is wrong with it.
    violations: Vec<(String, String)>,
    /// IAM shows no value at all (since 2025), STS shows what is no secret.
    silent: bool,
}

/// What a member's characters may be: the expression as AWS prints it, and the test it stands for.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    /// As printed in the message.
    pub text: &'static str,
    /// Whether one character belongs.
    pub admits: fn(char) -> bool,
    /// `*` admits the empty string, `+` does not.
    pub may_be_empty: bool,
}

fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// `[\w+=,.@-]*`: session names, source identities.
pub const NAME: Pattern = Pattern {
    text: r"[\w+=,.@-]*",
    admits: |c| word(c) || "+=,.@-".contains(c),
    may_be_empty: true,
};

/// The characters of an ARN member.
pub const ARN: Pattern = Pattern {
    text: r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+",
    admits: |c| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}'),
    may_be_empty: false,
};

/// The characters of a policy document.
pub const POLICY: Pattern = Pattern {
    text: r"[\u0009\u000A\u000D\u0020-\u00FF]+",
    admits: |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}'),
    may_be_empty: false,
};

/// Text without control characters: what AWS leaves open and XML cannot carry back.
pub const PRINTABLE: Pattern = Pattern {
    text: r"[^\p{C}]+",
    admits: |c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}'),
    may_be_empty: false,
};

/// `[\w+=,.@-]+`: names of IAM entities.
pub const ENTITY_NAME: Pattern = Pattern {
    text: r"[\w+=,.@-]+",
    admits: |c| word(c) || "+=,.@-".contains(c),
    may_be_empty: false,
};

/// `[\w._-]+`: names of SAML providers.
pub const SAML_NAME: Pattern = Pattern {
    text: r"[\w._-]+",
    admits: |c| word(c) || "._-".contains(c),
    may_be_empty: false,
};

/// Ids of private keys.
pub const KEY_ID: Pattern = Pattern {
    text: "[A-Z0-9]+",
    admits: |c| c.is_ascii_uppercase() || c.is_ascii_digit(),
    may_be_empty: false,
};

/// Descriptions of roles and policies.
pub const DESCRIPTION: Pattern = Pattern {
    text: r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*",
    admits: |c| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}'),
    may_be_empty: true,
};

/// Paging markers.
pub const MARKER: Pattern = Pattern {
    text: r"[\u0020-\u00FF]+",
    admits: |c| matches!(c, ' '..='\u{ff}'),
    may_be_empty: false,
};

/// External ids.
pub const EXTERNAL_ID: Pattern = Pattern {
    text: r"[\w+=,.@:\/-]*",
    admits: |c| word(c) || "+=,.@:/-".contains(c),
    may_be_empty: true,
};

/// Serial numbers of MFA devices.
pub const SERIAL_NUMBER: Pattern = Pattern {
    text: r"[\w+=/:,.@-]*",
    admits: |c| word(c) || "+=/:,.@-".contains(c),
    may_be_empty: true,
};

/// One-time codes.
pub const DIGITS: Pattern = Pattern {
    text: r"[\d]*",
    admits: |c| c.is_ascii_digit(),
    may_be_empty: true,
};

/// Access key ids.
pub const WORD: Pattern = Pattern {
    text: r"[\w]*",
    admits: word,
    may_be_empty: true,
};

fn tag_character(c: char) -> bool {
    // \p{L}\p{Z}\p{N} and a few signs. `char::is_alphanumeric` is L, N and the other alphabetic marks;
    // the marks are what AWS refuses, and no std predicate tells them apart, so they pass here.
    c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
}

/// Tag keys.
pub const TAG_KEY: Pattern = Pattern {
    text: r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+",
    admits: tag_character,
    may_be_empty: false,
};

/// Tag values.
pub const TAG_VALUE: Pattern = Pattern {
    text: r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*",
    admits: tag_character,
    may_be_empty: true,
};

/// How a value is shown in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// `Value 'x' at`.
    Shown,
    /// `Value at`: tokens, assertions, codes.
    Hidden,
}

impl Constraints {
    /// For IAM, which shows no values.
    pub fn silent() -> Constraints {
        Constraints {
            violations: Vec::new(),
            silent: true,
        }
    }

    fn add(&mut self, value: Option<&str>, member: &str, rule: std::fmt::Arguments<'_>) {
        let value = value.filter(|_| !self.silent);
        let shown = value.map_or(String::new(), |value| format!(" '{value}'"));
        let text =
            format!("Value{shown} at '{member}' failed to satisfy constraint: Member must {rule}");
        self.violations.push((member.to_owned(), text));
    }

    /// A member that must be there; returns `""` where it is not, so that checking goes on.
    pub fn required<'a>(&mut self, member: &str, value: Option<&'a str>) -> &'a str {
        value.unwrap_or_else(|| {
            let null = if self.silent { "" } else { " null" };
            let text = format!(
                "Value{null} at '{member}' failed to satisfy constraint: Member must not be null"
            );
            self.violations.push((member.to_owned(), text));
            ""
        })
    }

    /// Characters, then length in characters, of a member that is present.
    pub fn text(
        &mut self,
        member: &str,
        value: Option<&str>,
        pattern: Option<Pattern>,
        length: std::ops::RangeInclusive<usize>,
        echo: Echo,
    ) {
        let Some(value) = value else { return };
        let shown = (echo == Echo::Shown).then_some(value);
        if let Some(pattern) = pattern {
            let fits = value.chars().all(pattern.admits);
            if !fits || (value.is_empty() && !pattern.may_be_empty) {
                let text = pattern.text;
                self.add(
                    shown,
                    member,
                    format_args!("satisfy regular expression pattern: {text}"),
                );
            }
        }
        let characters = value.chars().count();
        if characters < *length.start() {
            let least = length.start();
            self.add(
                shown,
                member,
                format_args!("have length greater than or equal to {least}"),
            );
        }
        if characters > *length.end() {
            let most = length.end();
            self.add(
                shown,
                member,
                format_args!("have length less than or equal to {most}"),
            );
        }
    }

    /// The range of a number that is present.
    pub fn number(
        &mut self,
        member: &str,
        value: Option<i64>,
        range: std::ops::RangeInclusive<i64>,
    ) {
        let Some(value) = value else { return };
        let text = value.to_string();
        if value < *range.start() {
            let least = range.start();
            self.add(
                Some(&text),
                member,
                format_args!("have value greater than or equal to {least}"),
            );
        }
        if value > *range.end() {
            let most = range.end();
            self.add(
                Some(&text),
                member,
                format_args!("have value less than or equal to {most}"),
            );
        }
    }

    /// A member that is present must be one of these.
    pub fn one_of(&mut self, member: &str, value: Option<&str>, set: &[&str]) {
        let Some(value) = value else { return };
        if set.contains(&value) {
            return;
        }
        let list = match self.silent {
            true => String::new(),
            false => format!(": [{}]", set.join(", ")),
        };
        self.add(
            Some(value),
            member,
            format_args!("satisfy enum value set{list}"),
        );
    }

    /// How many elements a list may have, where AWS shows it: `shown` is the list as Java prints one.
    pub fn count_shown(&mut self, member: &str, shown: &[String], length: usize, most: usize) {
        if length > most {
            let list = format!("[{}]", shown.join(", "));
            self.add(
                Some(&list),
                member,
                format_args!("have length less than or equal to {most}"),
            );
        }
    }

    /// The length of every element of a list: one violation for the whole of it.
    pub fn elements(
        &mut self,
        member: &str,
        values: &[String],
        length: std::ops::RangeInclusive<usize>,
    ) {
        if values
            .iter()
            .all(|value| length.contains(&value.chars().count()))
        {
            return;
        }
        let (least, most) = (length.start(), length.end());
        self.add(
            Some(&format!("[{}]", values.join(", "))),
            member,
            format_args!(
                "satisfy constraint: [Member must have length less than or equal to {most}, \
                 Member must have length greater than or equal to {least}]"
            ),
        );
    }

    /// How many elements a list may have.
    pub fn count(&mut self, member: &str, length: usize, most: usize) {
        if length > most {
            self.add(
                None,
                member,
                format_args!("have length less than or equal to {most}"),
            );
        }
    }

    /// A list of texts: IAM does not say which of them is wrong, but all that each must be.
    pub fn texts(
        &mut self,
        member: &str,
        values: &[Option<&str>],
        pattern: Option<Pattern>,
        length: std::ops::RangeInclusive<usize>,
    ) {
        let mut each = Constraints::silent();
        for value in values {
            each.required(member, *value);
            each.text(member, *value, pattern, length.clone(), Echo::Hidden);
        }
        if each.violations.is_empty() {
            return;
        }
        let (least, most) = (length.start(), length.end());
        let characters = pattern.map_or(String::new(), |Pattern { text, .. }| {
            format!(
                ", Member must satisfy regular expression pattern: {text}, Member must not be null"
            )
        });
        self.add(
            None,
            member,
            format_args!(
                "satisfy constraint: [Member must have length less than or equal to {most}, \
                 Member must have length greater than or equal to {least}{characters}]"
            ),
        );
    }

    /// The one error for everything collected, or nothing.
    pub fn finish(mut self) -> Result<(), AwsError> {
        if self.silent {
            self.violations.sort_by_key(|(member, _)| place(member));
        }
        let count = self.violations.len();
        if count == 0 {
            return Ok(());
        }
        let plural = if count == 1 { "error" } else { "errors" };
        // A request with thousands of bad tags gets the first of them told, not a megabyte back.
        let shown = self.violations.iter().take(100);
        let list = shown.map(|(_, text)| text.as_str()).collect::<Vec<_>>();
        let list = list.join("; ");
        Err(AwsError::validation(format!(
            "{count} validation {plural} detected: {list}"
        )))
    }
}

/// Where IAM tells of a member among others: by its place in a hash table of sixteen, which is neither the order of the
/// documentation nor that of the alphabet, but the same every time (recorded in 2026).
fn place(member: &str) -> u32 {
    let name = member.split('.').next().unwrap_or(member);
    let hash = name.encode_utf16().fold(0_u32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(u32::from(unit))
    });
    (hash ^ (hash >> 16)) & 15
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(constraints: Constraints) -> String {
        constraints.finish().unwrap_err().message.into_owned()
    }

    #[test]
    fn a_session_name_with_a_colon_is_refused_in_the_recorded_words() {
        let mut c = Constraints::default();
        c.text(
            "roleSessionName",
            Some("Session1:2"),
            Some(NAME),
            2..=64,
            Echo::Shown,
        );
        assert_eq!(
            message(c),
            r"1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*"
        );
    }

    #[test]
    fn an_empty_arn_breaks_two_rules_pattern_first() {
        let mut c = Constraints::default();
        c.text("roleArn", Some(""), Some(ARN), 20..=2048, Echo::Shown);
        assert_eq!(
            message(c),
            r"2 validation errors detected: Value '' at 'roleArn' failed to satisfy constraint: Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+; Value '' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20"
        );
    }

    #[test]
    fn missing_numbers_and_secrets_have_their_own_words() {
        let mut c = Constraints::default();
        c.required("roleArn", None);
        c.number("durationSeconds", Some(100), 900..=43200);
        c.text(
            "webIdentityToken",
            Some("abc"),
            None,
            4..=20000,
            Echo::Hidden,
        );
        assert_eq!(
            message(c),
            "3 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; Value '100' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900; Value at 'webIdentityToken' failed to satisfy constraint: Member must have length greater than or equal to 4"
        );
    }

    #[test]
    fn letters_beyond_ascii_are_no_word_characters() {
        assert!(!(NAME.admits)('é'));
        assert!(!(NAME.admits)('\n'));
        assert!((TAG_KEY.admits)('é'));
        assert!(!(TAG_KEY.admits)('\u{7}'));
    }
}

//! Credentials to paste: asked for by a form, shown by the answer to it and nowhere else.

use std::fmt;

use askama::Template;

use super::{Chrome, Time};

/// `GET /credentials?role=` (only asks) and the answer of `POST /credentials` (shows).
///
/// GET never issues (WEB-2). The answer of the POST is the click WEB-4 speaks of: the person asked
/// for these credentials. There the script takes the secrets out of the document at once and puts
/// them back for at most a minute at a time; without a script they are readable, and the page says so.
#[derive(Clone, Debug, Template)]
#[template(path = "credentials.html")]
pub struct CredentialsPage {
    /// Title, bar and foot.
    pub chrome: Chrome,
    /// The alias, also the value of the form's `role`.
    pub role_alias: String,
    /// The ARN, never cut.
    pub role_arn: String,
    /// Name and number of the account, for example `dev, 111111111111`.
    pub account: String,
    /// The lifetimes offered.
    pub durations: Vec<DurationChoice>,
    /// What was issued, in the answer to the POST.
    pub issued: Option<Issued>,
    /// A profile for `~/.aws/config` that signs in by itself; contains no secret. Empty hides it.
    pub config_block: String,
    /// Why nothing was issued.
    pub error: Option<String>,
}

/// A lifetime in the list.
#[derive(Clone, Debug, Default)]
pub struct DurationChoice {
    /// The form's `duration`.
    pub seconds: u64,
    /// For example `1 hour`.
    pub label: String,
    /// The one chosen at first.
    pub selected: bool,
}

/// Credentials that were issued for this answer.
#[derive(Clone, Debug)]
pub struct Issued {
    /// Not a secret; shown so that logs can be matched.
    pub access_key_id: String,
    /// When they end.
    pub expires: Time,
    /// Seconds until then by our clock; the countdown counts from here, as the browser's clock may be wrong.
    pub seconds_left: u64,
    /// Said when they end earlier than asked: what limited them.
    pub clamped: Option<String>,
    /// The same credentials for each place they can be pasted into.
    pub formats: Vec<FormatTab>,
}

/// One way of writing the credentials.
#[derive(Clone, Debug)]
pub struct FormatTab {
    /// The format's id, for example `env`; unique on the page.
    pub id: String,
    /// For example `macOS, Linux`.
    pub label: String,
    /// The text, with its secrets marked.
    pub lines: Vec<Line>,
}

/// One line of text to paste.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line(pub Vec<Part>);

/// A piece of a line.
#[derive(Clone, PartialEq, Eq)]
pub enum Part {
    /// Shown as it is.
    Plain(String),
    /// Masked until asked for.
    Secret(String),
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => f.debug_tuple("Plain").field(text).finish(),
            Self::Secret(_) => f.write_str("Secret(..)"),
        }
    }
}

impl Line {
    /// Cuts formatted text into lines and marks every occurrence of `secrets` in them.
    ///
    /// Works for every output format because none of them rewrites the characters secrets are made of.
    #[must_use]
    pub fn mark(text: &str, secrets: &[&str]) -> Vec<Self> {
        text.lines()
            .map(|line| Self::mark_one(line, secrets))
            .collect()
    }

    fn mark_one(mut rest: &str, secrets: &[&str]) -> Self {
        let mut parts = Vec::new();
        while !rest.is_empty() {
            // The earliest secret, and of two that start together the longer one.
            let next = secrets
                .iter()
                .filter(|secret| !secret.is_empty())
                .filter_map(|secret| rest.find(secret).map(|at| (at, secret.len())))
                .min_by_key(|&(at, length)| (at, usize::MAX - length));
            let Some((at, length)) = next else {
                parts.push(Part::Plain(rest.to_owned()));
                break;
            };
            let (before, from) = rest.split_at(at);
            let (secret, after) = from.split_at(length);
            if !before.is_empty() {
                parts.push(Part::Plain(before.to_owned()));
            }
            parts.push(Part::Secret(secret.to_owned()));
            rest = after;
        }
        Self(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Part {
        Part::Plain(text.into())
    }

    fn secret(text: &str) -> Part {
        Part::Secret(text.into())
    }

    #[test]
    fn every_occurrence_of_a_secret_is_marked() {
        let lines = Line::mark(
            "A=key\n{\"s\":\"s3\",\"t\":\"s3token\"}\n",
            &["s3", "s3token", ""],
        );
        assert_eq!(
            lines,
            [
                Line(vec![plain("A=key")]),
                Line(vec![
                    plain("{\"s\":\""),
                    secret("s3"),
                    plain("\",\"t\":\""),
                    secret("s3token"),
                    plain("\"}"),
                ]),
            ]
        );
    }

    #[test]
    fn secrets_stay_out_of_debug_output() {
        let lines = Line::mark("export X=hush", &["hush"]);
        assert!(!format!("{lines:?}").contains("hush"));
    }

    #[test]
    fn the_page_that_asks_contains_a_post_form_and_no_formats() {
        let page = CredentialsPage {
            chrome: Chrome::default(),
            role_alias: "dev/Developer".into(),
            role_arn: "arn:aws:iam::111111111111:role/Developer".into(),
            account: "dev".into(),
            durations: vec![DurationChoice {
                seconds: 3600,
                label: "1 hour".into(),
                selected: true,
            }],
            issued: None,
            config_block: String::new(),
            error: None,
        };
        let html = page.render().unwrap();
        assert!(html.contains("method=\"post\" action=\"/credentials\""));
        assert!(html.contains("Get credentials"));
        assert!(!html.contains("class=\"format\""));
    }
}

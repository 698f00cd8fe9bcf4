//! What several nouns answer alike.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::aws::error::AwsError;
use crate::aws::xml::{Fields, Node};
use crate::iam::paging::Page;

/// All but the unreserved characters of RFC 3986.
const DOCUMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A policy document as answers carry it: percent-encoded, byte for byte what was sent.
pub fn document(text: &str) -> Node {
    Node::text(utf8_percent_encode(text, DOCUMENT).to_string())
}

/// A moment that the store keeps as epoch seconds.
pub fn moment(unix: i64) -> Node {
    OffsetDateTime::from_unix_timestamp(unix).map_or(Node::Absent, Node::Time)
}

/// A moment as the trail writes it: `Sep 11, 2026, 11:48:26 AM`.
pub fn trail_moment(unix: i64) -> String {
    let form = format_description!(
        "[month repr:short] [day padding:none], [year], [hour repr:12 padding:none]:[minute]:[second] [period]"
    );
    let moment = OffsetDateTime::from_unix_timestamp(unix).ok();
    moment
        .and_then(|moment| moment.format(form).ok())
        .unwrap_or_default()
}

/// A list of tags.
pub fn tags(tags: &[(String, String)]) -> Node {
    let tag = |(key, value): &(String, String)| {
        Node::Fields(vec![("Key", Node::text(key)), ("Value", Node::text(value))])
    };
    Node::List(tags.iter().map(tag).collect())
}

/// A list of tags, absent where there are none: so do answers about one user or role.
pub fn tags_if_any(list: &[(String, String)]) -> Node {
    match list.is_empty() {
        true => Node::Absent,
        false => tags(list),
    }
}

/// A page of tags, by key. Keys may be longer than a marker, so the marker counts.
pub fn tag_page(page: &Page, mut list: Vec<(String, String)>) -> Result<Fields, AwsError> {
    list.sort();
    let numbered = list.into_iter().enumerate().collect();
    let key = |(number, _): &(usize, (String, String))| format!("{number:03}");
    page.cut("Tags", numbered, key, |(_, (key, value))| {
        Node::Fields(vec![("Key", Node::Text(key)), ("Value", Node::Text(value))])
    })
}

/// A permissions boundary.
pub fn boundary(arn: Option<&str>) -> Node {
    arn.map_or(Node::Absent, |arn| {
        Node::Fields(vec![
            ("PermissionsBoundaryType", Node::text("Policy")),
            ("PermissionsBoundaryArn", Node::text(arn)),
        ])
    })
}

/// The answer of an operation that answers nothing.
pub fn nothing() -> Fields {
    Vec::new()
}

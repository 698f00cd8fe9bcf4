//! The answer of a query-protocol operation, written as XML or as JSON.
//!
//! Operations build a small tree of fields; the door picks the form by `Accept`. XML is escaped by
//! construction: text goes in as text. The layout (two spaces, one newline at the end, no declaration,
//! apostrophes left alone) reproduces recorded answers byte for byte.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

/// Members of a structure in the order they are written.
pub type Fields = Vec<(&'static str, Node)>;

/// The result of an operation whose result is a structure without members: `<UpdateRoleResult/>`. No fields at all
/// mean an operation that has no result.
pub fn empty_result() -> Fields {
    vec![("", Node::Absent)]
}

fn is_empty_result(result: &Fields) -> bool {
    matches!(result.as_slice(), [("", Node::Absent)])
}

/// One value of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A string.
    Text(String),
    /// A whole number.
    Number(i64),
    /// `true` or `false`.
    Flag(bool),
    /// An instant: RFC 3339 to the second in XML, epoch seconds in JSON.
    Time(OffsetDateTime),
    /// An instant to the millisecond, which a few operations give.
    Instant(OffsetDateTime),
    /// A structure.
    Fields(Fields),
    /// A list, each element in `<member>`.
    List(Vec<Node>),
    /// A map: an `<entry>` with `<key>` and `<value>` for each pair in XML, an object in JSON.
    Map(Vec<(String, Node)>),
    /// An optional member that is absent: left out in XML, `null` in JSON.
    Absent,
}

impl Node {
    /// A string.
    pub fn text(value: impl Into<String>) -> Node {
        Node::Text(value.into())
    }

    /// A string that may be absent.
    pub fn optional(value: Option<impl Into<String>>) -> Node {
        value.map_or(Node::Absent, |text| Node::Text(text.into()))
    }
}

/// `2026-09-11T11:48:26Z`.
pub fn timestamp(time: OffsetDateTime) -> String {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    time.to_offset(time::UtcOffset::UTC)
        .format(form)
        .unwrap_or_default()
}

/// `2026-09-11T18:36:46.507Z`.
fn milliseconds(time: OffsetDateTime) -> String {
    let form =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    time.to_offset(time::UtcOffset::UTC)
        .format(form)
        .unwrap_or_default()
}

/// Writes text with the five characters that XML needs escaped, and drops nothing: what XML 1.0 cannot
/// carry at all becomes U+FFFD, so that every answer stays well-formed.
pub fn escape_into(out: &mut String, text: &str) {
    let plain = |byte: u8| byte >= b' ' && byte != 0xef && !b"&<>\"".contains(&byte);
    if text.bytes().all(plain) {
        // Tokens, ids and ARNs: nothing in them needs a look at each letter. (0xef begins U+FFFE.)
        out.push_str(text);
        return;
    }
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#xD;"),
            '\t' | '\n' => out.push(c),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
}

fn write_xml(out: &mut String, depth: usize, name: &str, node: &Node) {
    let indent = |out: &mut String| out.extend(std::iter::repeat_n("  ", depth));
    match node {
        Node::Absent => {}
        Node::Text(text) => {
            indent(out);
            out.extend(["<", name, ">"]);
            escape_into(out, text);
            out.extend(["</", name, ">\n"]);
        }
        Node::Number(number) => {
            indent(out);
            out.extend(["<", name, ">", &number.to_string(), "</", name, ">\n"]);
        }
        Node::Flag(flag) => {
            indent(out);
            out.extend([
                "<",
                name,
                ">",
                if *flag { "true" } else { "false" },
                "</",
                name,
                ">\n",
            ]);
        }
        Node::Time(time) => {
            indent(out);
            out.extend(["<", name, ">", &timestamp(*time), "</", name, ">\n"]);
        }
        Node::Instant(time) => {
            indent(out);
            out.extend(["<", name, ">", &milliseconds(*time), "</", name, ">\n"]);
        }
        Node::Fields(fields) => {
            indent(out);
            if fields.iter().all(|(_, node)| *node == Node::Absent) {
                out.extend(["<", name, "/>\n"]);
                return;
            }
            out.extend(["<", name, ">\n"]);
            for (name, node) in fields {
                write_xml(out, depth + 1, name, node);
            }
            indent(out);
            out.extend(["</", name, ">\n"]);
        }
        Node::Map(pairs) => write_map(out, depth, name, pairs),
        Node::List(nodes) => {
            indent(out);
            if nodes.is_empty() {
                out.extend(["<", name, "/>\n"]);
                return;
            }
            out.extend(["<", name, ">\n"]);
            for node in nodes {
                write_xml(out, depth + 1, "member", node);
            }
            indent(out);
            out.extend(["</", name, ">\n"]);
        }
    }
}

fn write_map(out: &mut String, depth: usize, name: &str, pairs: &[(String, Node)]) {
    let indent = |out: &mut String, depth| out.extend(std::iter::repeat_n("  ", depth));
    indent(out, depth);
    if pairs.is_empty() {
        out.extend(["<", name, "/>\n"]);
        return;
    }
    out.extend(["<", name, ">\n"]);
    for (key, value) in pairs {
        indent(out, depth + 1);
        out.push_str("<entry>\n");
        write_xml(out, depth + 2, "key", &Node::text(key));
        write_xml(out, depth + 2, "value", value);
        indent(out, depth + 1);
        out.push_str("</entry>\n");
    }
    indent(out, depth);
    out.extend(["</", name, ">\n"]);
}

fn to_json(node: &Node) -> Value {
    match node {
        Node::Absent => Value::Null,
        Node::Text(text) => json!(text),
        Node::Number(number) => json!(number),
        Node::Flag(flag) => json!(flag),
        Node::Time(time) => json!(time.unix_timestamp()),
        Node::Instant(time) => json!((time.unix_timestamp_nanos() / 1_000_000) as f64 / 1000.0),
        Node::Fields(fields) => fields
            .iter()
            .map(|(name, node)| ((*name).to_owned(), to_json(node)))
            .collect::<Map<_, _>>()
            .into(),
        Node::List(nodes) => nodes.iter().map(to_json).collect(),
        Node::Map(pairs) => pairs
            .iter()
            .map(|(key, value)| (key.clone(), to_json(value)))
            .collect::<Map<_, _>>()
            .into(),
    }
}

/// The success envelope in XML.
pub fn success_xml(operation: &str, namespace: &str, result: &Fields, request_id: &str) -> String {
    let mut out = String::with_capacity(1536);
    out.extend(["<", operation, "Response xmlns=\"", namespace, "\">\n"]);
    if is_empty_result(result) {
        out.extend(["  <", operation, "Result/>\n"]);
    } else if !result.is_empty() {
        out.extend(["  <", operation, "Result>\n"]);
        for (name, node) in result {
            write_xml(&mut out, 2, name, node);
        }
        out.extend(["  </", operation, "Result>\n"]);
    }
    out.push_str("  <ResponseMetadata>\n");
    out.extend(["    <RequestId>", request_id, "</RequestId>\n"]);
    out.extend(["  </ResponseMetadata>\n</", operation, "Response>\n"]);
    out
}

/// The success envelope in JSON.
pub fn success_json(operation: &str, result: Fields, request_id: &str) -> String {
    let mut body = Map::new();
    if is_empty_result(&result) {
        body.insert(format!("{operation}Result"), json!({}));
    } else if !result.is_empty() {
        body.insert(format!("{operation}Result"), to_json(&Node::Fields(result)));
    }
    body.insert(
        "ResponseMetadata".to_owned(),
        json!({ "RequestId": request_id }),
    );
    json!({ format!("{operation}Response"): body }).to_string()
}

/// The error envelope in XML.
pub fn error_xml(
    namespace: &str,
    fault: &str,
    code: &str,
    message: &str,
    request_id: &str,
) -> String {
    let mut out = String::with_capacity(512);
    out.extend(["<ErrorResponse xmlns=\"", namespace, "\">\n  <Error>\n"]);
    for (name, text) in [("Type", fault), ("Code", code), ("Message", message)] {
        out.extend(["    <", name, ">"]);
        escape_into(&mut out, text);
        out.extend(["</", name, ">\n"]);
    }
    out.extend(["  </Error>\n  <RequestId>", request_id, "</RequestId>\n"]);
    out.push_str("</ErrorResponse>\n");
    out
}

/// The error envelope in JSON.
pub fn error_json(fault: &str, code: &str, message: &str, request_id: &str) -> String {
    json!({
        "Error": { "Code": code, "Message": message, "Type": fault },
        "RequestId": request_id,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

    #[test]
    fn the_error_envelope_has_the_recorded_length() {
        // aws-sdk-rust#827 recorded Content-Length 390 for this answer of STS.
        let message = "Couldn't retrieve verification key from your identity provider,  please \
                       reference AssumeRoleWithWebIdentity documentation for requirements";
        let xml = error_xml(
            STS,
            "Sender",
            "InvalidIdentityToken",
            message,
            "00000000-0000-0000-0000-000000000000",
        );
        assert_eq!(xml.len(), 390, "{xml}");
    }

    #[test]
    fn the_success_envelope_has_the_recorded_length() {
        let fields = vec![
            (
                "Arn",
                Node::text("arn:aws:iam::123456789012:user/ninechars"),
            ),
            ("UserId", Node::text("AIDAAAAAAAAAAAAAAAAAA")),
            ("Account", Node::text("123456789012")),
        ];
        let xml = success_xml(
            "GetCallerIdentity",
            STS,
            &fields,
            "00000000-0000-0000-0000-000000000000",
        );
        assert_eq!(xml.len(), 406, "{xml}");
    }

    #[test]
    fn a_result_may_be_empty_or_not_there_at_all() {
        let xml = success_xml("UpdateRole", STS, &empty_result(), "r");
        assert!(xml.contains("\n  <UpdateRoleResult/>\n"), "{xml}");
        let json = success_json("UpdateRole", empty_result(), "r");
        assert!(json.contains(r#""UpdateRoleResult":{}"#), "{json}");
        let xml = success_xml("DeleteRole", STS, &Fields::new(), "r");
        assert!(!xml.contains("Result"), "{xml}");
    }

    #[test]
    fn text_cannot_become_markup() {
        let mut out = String::new();
        escape_into(&mut out, "a<b>&\"']]>\r\u{1}");
        assert_eq!(out, "a&lt;b&gt;&amp;&quot;']]&gt;&#xD;\u{fffd}");
    }

    #[test]
    fn a_map_has_entries_in_xml_and_is_an_object_in_json() {
        let map = Node::Map(vec![("Users".to_owned(), Node::Number(2))]);
        let fields = vec![("Map", map), ("None", Node::Map(Vec::new()))];
        let xml = success_xml("Op", STS, &fields, "r");
        let expected = "    <Map>\n      <entry>\n        <key>Users</key>\n        <value>2</value>\n      \
                        </entry>\n    </Map>\n    <None/>\n";
        assert!(xml.contains(expected), "{xml}");
        let json = success_json("Op", fields, "r");
        assert!(json.contains(r#""Map":{"Users":2},"None":{}"#), "{json}");
    }

    #[test]
    fn json_has_numbers_for_times_and_null_for_what_is_absent() {
        let fields = vec![
            ("When", Node::Time(OffsetDateTime::UNIX_EPOCH)),
            ("Gone", Node::Absent),
            ("List", Node::List(vec![Node::text("a")])),
        ];
        assert_eq!(
            success_json("Op", fields, "r"),
            r#"{"OpResponse":{"OpResult":{"When":0,"Gone":null,"List":["a"]},"ResponseMetadata":{"RequestId":"r"}}}"#
        );
    }
}

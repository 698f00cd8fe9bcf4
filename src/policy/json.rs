//! A strict JSON reader that keeps what a policy needs and `serde_json` drops.
//!
//! Three things decide that we read for ourselves: a repeated member must be seen (the last one
//! must not win silently, because another reader of the same document may take the first), a number
//! in a condition is its *text* (`1.10` is not `1.1`), and the place of a value in the source must
//! be known so that documents can be quoted byte for byte.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

/// How deep arrays and objects may nest; policies need five levels.
const MAX_DEPTH: usize = 64;

/// A value and where it stands in the text.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) span: Range<usize>,
    pub(super) value: Json<'a>,
}

/// A JSON value; a number stays the text it was.
#[derive(Debug)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    String(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

/// A whole text, read.
#[derive(Debug)]
pub(super) struct Parsed<'a> {
    pub(super) root: Node<'a>,
    /// The first member name that an object repeats. The reader goes on after it, so that the
    /// caller can still say whose document it was.
    pub(super) duplicate: Option<String>,
}

/// Why a text is not JSON, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at byte {at}")]
pub(super) struct JsonError {
    problem: &'static str,
    at: usize,
}

impl<'a> Node<'a> {
    /// The member of an object; `None` for other values.
    pub(super) fn member(&self, name: &str) -> Option<&Node<'a>> {
        match &self.value {
            Json::Object(members) => members
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, node)| node),
            _ => None,
        }
    }

    /// The text of a string; `None` for other values.
    pub(super) fn as_str(&self) -> Option<&str> {
        match &self.value {
            Json::String(text) => Some(text),
            _ => None,
        }
    }
}

/// Reads one JSON text (RFC 8259), nothing before it and nothing after it but white space.
pub(super) fn parse(text: &str) -> Result<Parsed<'_>, JsonError> {
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
        duplicate: None,
    };
    let root = reader.value()?;
    reader.skip_space();
    if reader.at != text.len() {
        return Err(reader.fault("something follows the value"));
    }
    Ok(Parsed {
        root,
        duplicate: reader.duplicate,
    })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    duplicate: Option<String>,
}

impl<'a> Reader<'a> {
    fn fault(&self, problem: &'static str) -> JsonError {
        JsonError {
            problem,
            at: self.at,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// The text between two places that are known to be character boundaries.
    fn slice(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<Node<'a>, JsonError> {
        self.skip_space();
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Json::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Json::Number(self.number()?),
            Some(b't') => self.word("true", Json::Bool(true))?,
            Some(b'f') => self.word("false", Json::Bool(false))?,
            Some(b'n') => self.word("null", Json::Null)?,
            _ => return Err(self.fault("expected a JSON value")),
        };
        Ok(Node {
            span: start..self.at,
            value,
        })
    }

    fn nested(
        &mut self,
        read: fn(&mut Self) -> Result<Json<'a>, JsonError>,
    ) -> Result<Json<'a>, JsonError> {
        if self.depth == MAX_DEPTH {
            return Err(self.fault("nested too deeply"));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn word(&mut self, word: &'static str, value: Json<'a>) -> Result<Json<'a>, JsonError> {
        if !self.slice(self.at..self.text.len()).starts_with(word) {
            return Err(self.fault("expected a JSON value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn array(&mut self) -> Result<Json<'a>, JsonError> {
        let mut items = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value()?);
            self.skip_space();
            if self.take(b']') {
                return Ok(Json::Array(items));
            }
            if !self.take(b',') {
                return Err(self.fault("expected `,` or `]`"));
            }
        }
    }

    fn object(&mut self) -> Result<Json<'a>, JsonError> {
        let mut members: Vec<(Cow<'a, str>, Node<'a>)> = Vec::new();
        self.skip_space();
        if self.take(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.fault("expected a member name"));
            }
            let name = self.string()?;
            self.skip_space();
            if !self.take(b':') {
                return Err(self.fault("expected `:`"));
            }
            let value = self.value()?;
            members.push((name, value));
            self.skip_space();
            if self.take(b'}') {
                self.note_duplicate(&members);
                return Ok(Json::Object(members));
            }
            if !self.take(b',') {
                return Err(self.fault("expected `,` or `}`"));
            }
        }
    }

    fn note_duplicate(&mut self, members: &[(Cow<'a, str>, Node<'a>)]) {
        if self.duplicate.is_some() {
            return;
        }
        // Objects of a policy are small; the set is for those that an attacker makes large.
        let repeated = if members.len() <= 16 {
            members.iter().enumerate().find_map(|(index, (name, _))| {
                let earlier = members.iter().take(index);
                earlier.map(|(other, _)| other).find(|other| *other == name)
            })
        } else {
            let mut seen = HashSet::with_capacity(members.len());
            let mut names = members.iter().map(|(name, _)| name);
            names.find(|name| !seen.insert(*name))
        };
        self.duplicate = repeated.map(|name| name.to_string());
    }

    fn number(&mut self) -> Result<&'a str, JsonError> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(self.slice(start..self.at))
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.fault("expected a digit"));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.at += 1;
        let mut start = self.at;
        let mut unescaped: Option<String> = None;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let tail = self.slice(start..self.at);
                    self.at += 1;
                    return Ok(match unescaped {
                        None => Cow::Borrowed(tail),
                        Some(text) => Cow::Owned(text + tail),
                    });
                }
                Some(b'\\') => {
                    let before = self.slice(start..self.at);
                    let escaped = self.escape()?;
                    let text = unescaped.get_or_insert_default();
                    text.push_str(before);
                    text.push(escaped);
                    start = self.at;
                }
                Some(0..=0x1f) => return Err(self.fault("control character in a string")),
                Some(_) => self.at += 1,
                None => return Err(self.fault("string without an end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        self.at += 1;
        let letter = self
            .peek()
            .ok_or_else(|| self.fault("string without an end"))?;
        self.at += 1;
        Ok(match letter {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err(self.fault("unknown escape")),
        })
    }

    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let first = self.hex()?;
        let scalar = if (0xd800..0xdc00).contains(&first) {
            if !(self.take(b'\\') && self.take(b'u')) {
                return Err(self.fault("half a surrogate pair"));
            }
            let second = self.hex()?;
            if !(0xdc00..0xe000).contains(&second) {
                return Err(self.fault("half a surrogate pair"));
            }
            0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        } else {
            first
        };
        char::from_u32(scalar).ok_or_else(|| self.fault("half a surrogate pair"))
    }

    fn hex(&mut self) -> Result<u32, JsonError> {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or_default();
        if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(self.fault("expected four hexadecimal digits"));
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| self.fault("expected four hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_serde(node: &Node<'_>) -> serde_json::Value {
        match &node.value {
            Json::Null => serde_json::Value::Null,
            Json::Bool(value) => (*value).into(),
            Json::Number(text) => serde_json::from_str(text).unwrap(),
            Json::String(text) => text.as_ref().into(),
            Json::Array(items) => items.iter().map(as_serde).collect(),
            Json::Object(members) => members
                .iter()
                .map(|(name, node)| (name.to_string(), as_serde(node)))
                .collect(),
        }
    }

    #[test]
    fn it_reads_what_serde_json_reads_and_refuses_what_it_refuses() {
        let texts = [
            r#"{"a":[1,-0.5e+3,true,false,null,"x\u00e9\ud83d\ude00\n\"\\\/\b\f\r\t"],"b":{}}"#,
            " [ ] ",
            "0",
            "-0",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "-",
            "nul",
            "[1,]",
            "{,}",
            "{\"a\"}",
            "{\"a\":}",
            "[1 2]",
            "\"\\ud800\"",
            "\"\\ud800\\u0041\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u00zz\"",
            "\"a\nb\"",
            "\"open",
            "",
            "{}x",
            "'a'",
            "\u{feff}{}",
            "[\"é\u{10ffff}\"]",
        ];
        for text in texts {
            let ours = parse(text).map(|parsed| as_serde(&parsed.root)).ok();
            let theirs = serde_json::from_str::<serde_json::Value>(text).ok();
            assert_eq!(ours, theirs, "{text:?}");
        }
    }

    #[test]
    fn a_repeated_member_is_seen_at_any_depth_and_through_escapes() {
        let repeated = |text: &str| parse(text).unwrap().duplicate;
        assert_eq!(
            repeated(r#"{"a":1,"b":{"c":1,"d":[{"e":1,"\u0065":2}]}}"#),
            Some("e".into())
        );
        assert_eq!(repeated(r#"{"a":1,"b":{"a":1}}"#), None);
        let mut many = (0..40).map(|n| format!("\"k{n}\":0,")).collect::<String>();
        assert_eq!(repeated(&format!("{{{many}\"z\":1}}")), None);
        many.push_str("\"k7\":1");
        assert_eq!(repeated(&format!("{{{many}}}")), Some("k7".into()));
    }

    #[test]
    fn a_number_keeps_its_text() {
        let parsed = parse("[1.10, 12345678901234567890123]").unwrap();
        let Json::Array(items) = &parsed.root.value else {
            panic!()
        };
        assert!(matches!(items[0].value, Json::Number("1.10")));
        assert!(matches!(
            items[1].value,
            Json::Number("12345678901234567890123")
        ));
    }

    #[test]
    fn deep_nesting_is_refused_and_not_a_stack_overflow() {
        let error = parse(&"[".repeat(100_000)).unwrap_err();
        assert_eq!(error.problem, "nested too deeply");
    }
}

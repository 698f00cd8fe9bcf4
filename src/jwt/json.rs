//! JSON objects read strictly: unique member names at every level, bounded nesting, nothing after the end.
//!
//! RFC 7519 §4 lets a parser take the last of two members of one name. Two parsers that disagree about which one counts
//! are an attack, so we refuse (AWS takes the last).

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// How deep objects and arrays may be nested, the outermost counting as one.
pub(super) const MAX_DEPTH: usize = 32;

/// What is wrong with a piece of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonFault {
    /// Not JSON, not an object, or something follows it.
    Malformed,
    /// One object has two members of the same name.
    Duplicate,
    /// Nested beyond [`MAX_DEPTH`].
    TooDeep,
}

/// Reads one JSON object and nothing but it.
pub(super) fn object(bytes: &[u8]) -> Result<Map<String, Value>, JsonFault> {
    let fault = Cell::new(JsonFault::Malformed);
    let mut input = serde_json::Deserializer::from_slice(bytes);
    let seed = Strict {
        depth: 0,
        fault: &fault,
    };
    let value = seed.deserialize(&mut input).map_err(|_| fault.get())?;
    input.end().map_err(|_| JsonFault::Malformed)?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(JsonFault::Malformed),
    }
}

/// Builds a value; the fault is left beside it, because serde's errors carry only text.
#[derive(Clone, Copy)]
struct Strict<'f> {
    depth: usize,
    fault: &'f Cell<JsonFault>,
}

impl Strict<'_> {
    fn fail<T, E: Error>(&self, fault: JsonFault) -> Result<T, E> {
        self.fault.set(fault);
        Err(E::custom("refused"))
    }

    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return self.fail(JsonFault::TooDeep);
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Value, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        match serde_json::Number::from_f64(value) {
            Some(number) => Ok(Value::Number(number)),
            None => self.fail(JsonFault::Malformed),
        }
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut input: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = input.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut input: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut members = Map::new();
        while let Some(name) = input.next_key::<String>()? {
            if members.contains_key(&name) {
                return self.fail(JsonFault::Duplicate);
            }
            members.insert(name, input.next_value_seed(inner)?);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fault(text: &str) -> JsonFault {
        object(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn an_object_is_read_as_serde_json_reads_it() {
        let text = r#"{"a": [1, -2, 2.5, 1e3, true, null, "\u00e9\n"], "b": {"c": {}}, "": 18446744073709551615}"#;
        let ours = object(text.as_bytes()).unwrap();
        assert_eq!(
            Value::Object(ours),
            serde_json::from_str::<Value>(text).unwrap()
        );
    }

    #[test]
    fn a_duplicate_member_is_refused_at_every_level() {
        assert_eq!(fault(r#"{"a":1,"a":1}"#), JsonFault::Duplicate);
        assert_eq!(fault(r#"{"x":{"a":1,"b":2,"a":3}}"#), JsonFault::Duplicate);
        assert_eq!(fault(r#"{"x":[[{"a":1,"a":3}]]}"#), JsonFault::Duplicate);
    }

    #[test]
    fn a_member_name_written_with_an_escape_is_the_same_name() {
        assert_eq!(fault(r#"{"sub":1,"\u0073ub":2}"#), JsonFault::Duplicate);
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let nested = |depth: usize| {
            format!(
                "{{\"a\":{}{}}}",
                "[".repeat(depth - 1),
                "]".repeat(depth - 1)
            )
        };
        assert!(object(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert_eq!(fault(&nested(MAX_DEPTH + 1)), JsonFault::TooDeep);
        assert_eq!(fault(&nested(100_000)), JsonFault::TooDeep);
    }

    #[test]
    fn only_an_object_will_do() {
        for text in [
            "",
            "null",
            "[]",
            "\"a\"",
            "1",
            "{",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\":NaN}",
            "{\"a\":1e999}",
        ] {
            assert_eq!(fault(text), JsonFault::Malformed, "{text}");
        }
    }

    #[test]
    fn nothing_may_follow_the_object() {
        assert_eq!(fault("{}{}"), JsonFault::Malformed);
        assert_eq!(fault("{} x"), JsonFault::Malformed);
        assert_eq!(fault("{}\0"), JsonFault::Malformed);
        assert!(object(b" {} \r\n").is_ok());
    }

    #[test]
    fn text_must_be_unicode() {
        assert_eq!(
            object(b"{\"a\":\"\xff\"}").unwrap_err(),
            JsonFault::Malformed
        );
        assert_eq!(fault(r#"{"a":"\ud800"}"#), JsonFault::Malformed);
        assert_eq!(object(b"\xef\xbb\xbf{}").unwrap_err(), JsonFault::Malformed);
    }

    proptest! {
        #[test]
        fn we_accept_nothing_that_serde_json_refuses(text in r#"[{}\[\]":,a-c0-9.eE+ \\tunl-]{0,48}"#) {
            if let Ok(ours) = object(text.as_bytes()) {
                let theirs = serde_json::from_str::<Value>(&text);
                prop_assert_eq!(Some(Value::Object(ours)), theirs.ok());
            }
        }
    }
}

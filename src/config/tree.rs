//! The file as a tree that remembers where everything stood.
//!
//! We do not derive `Deserialize`: serde stops at the first problem and knows no lines.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::problems::Problem;

/// Where a key or a value comes from.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin {
    pub line: Option<usize>,
    pub variable: Option<String>,
}

/// A value with its origin.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub value: Value,
    pub at: Origin,
    /// The text of an override, so that `DRAWBRIDGE__IDP__0__CLIENT_ID=123` is still text.
    pub raw: Option<String>,
}

/// The kinds of value that a configuration can hold.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<Node>),
    Table(Table),
    /// Known to TOML and of no use here: floats, dates, integers beyond 64 bits.
    Other(&'static str),
}

impl Node {
    /// A value that comes from `at` with everything in it.
    pub(super) fn from_one_place(mut value: Value, at: &Origin) -> Self {
        let whole = |node: &mut Node| {
            let inner = std::mem::replace(&mut node.value, Value::Boolean(false));
            *node = Self::from_one_place(inner, at);
        };
        match &mut value {
            Value::List(items) => items.iter_mut().for_each(whole),
            Value::Table(table) => {
                for entry in table.values_mut() {
                    entry.key_at = at.clone();
                    whole(&mut entry.node);
                }
            }
            _ => {}
        }
        Self {
            value,
            at: at.clone(),
            raw: None,
        }
    }
}

impl Value {
    /// The kind in words, for "expected text, found a table".
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "text",
            Value::Integer(_) => "an integer",
            Value::Boolean(_) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other(kind) => kind,
        }
    }
}

/// The keys of one table with their values.
pub(super) type Table = BTreeMap<String, Entry>;

/// A value under its key; the key has an origin of its own (a table's body may start elsewhere).
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub key_at: Origin,
    pub node: Node,
}

/// Reads a whole file. All syntax errors come back at once.
pub(super) fn read(text: &str) -> Result<Table, Vec<Problem>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let lines = Lines::new(text);
    if errors.is_empty() {
        return Ok(lines.table(root.get_ref()));
    }
    Err(errors
        .iter()
        .map(|error| Problem {
            place: String::new(),
            line: error.span().map(|span| lines.at(&span)),
            variable: None,
            // Only the message: the error's `Display` quotes the line, which may hold a secret.
            message: format!("not TOML: {}", error.message()),
            hint: None,
        })
        .collect())
}

/// Reads one TOML value, as an override or a documented default has it.
pub(super) fn read_value(text: &str) -> Option<Value> {
    let value = DeValue::parse(text).ok()?;
    let lines = Lines { starts: Vec::new() };
    Some(lines.value(value.get_ref()))
}

/// Where each line starts; empty for texts that are not part of a file.
struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    fn new(text: &str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            starts: std::iter::once(0).chain(after_breaks).collect(),
        }
    }

    fn at(&self, span: &Range<usize>) -> usize {
        self.starts.partition_point(|start| *start <= span.start)
    }

    fn origin(&self, span: &Range<usize>) -> Origin {
        Origin {
            line: (!self.starts.is_empty()).then(|| self.at(span)),
            variable: None,
        }
    }

    fn table(&self, table: &DeTable<'_>) -> Table {
        table
            .iter()
            .map(|(key, value)| {
                let entry = Entry {
                    key_at: self.origin(&key.span()),
                    node: self.node(value),
                };
                (key.get_ref().to_string(), entry)
            })
            .collect()
    }

    fn node(&self, value: &toml::Spanned<DeValue<'_>>) -> Node {
        Node {
            value: self.value(value.get_ref()),
            at: self.origin(&value.span()),
            raw: None,
        }
    }

    fn value(&self, value: &DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
                .map_or(Value::Other("an integer that is too large"), Value::Integer),
            DeValue::Boolean(boolean) => Value::Boolean(*boolean),
            DeValue::Array(items) => {
                Value::List(items.iter().map(|item| self.node(item)).collect())
            }
            DeValue::Table(table) => Value::Table(self.table(table)),
            DeValue::Float(_) => Value::Other("a float"),
            DeValue::Datetime(_) => Value::Other("a date"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_tables_know_their_lines() {
        let root = read("a = 1\n\n[[b]]\nc = 2\n[[b]]\nc = 3\n").unwrap();
        assert_eq!(root["a"].key_at.line, Some(1));
        let Value::List(items) = &root["b"].node.value else {
            panic!("b is a list")
        };
        assert_eq!(items[0].at.line, Some(3));
        assert_eq!(items[1].at.line, Some(5));
        let Value::Table(second) = &items[1].value else {
            panic!("a table")
        };
        assert_eq!(second["c"].key_at.line, Some(6));
    }

    #[test]
    fn all_syntax_errors_are_reported_with_lines_and_without_the_text() {
        let problems = read("a = \"s3cr3t\nb = 1\nc = = 2\n").unwrap_err();
        let lines: Vec<_> = problems.iter().map(|problem| problem.line).collect();
        assert!(
            lines.contains(&Some(1)) && lines.contains(&Some(3)),
            "{lines:?}"
        );
        assert!(problems.iter().all(|p| !p.message.contains("s3cr3t")));
    }
}

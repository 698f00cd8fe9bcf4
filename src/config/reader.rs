//! Reading one section: typed values out, problems noted on the way.
//!
//! Nothing here stops at a problem. A reader notes it and returns `None` or a stand-in; a
//! configuration with any problem is thrown away as a whole, so a stand-in never gets out.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use super::duration;
use super::problems::{Fault, Problem, nearest};
use super::schema::{Form, Need, Section};
use super::tree::{Node, Origin, Table, Value, read_value};

/// What is the same for the whole file.
pub(super) struct Reading<'a> {
    /// Where relative paths begin: the directory of the file.
    pub base_dir: &'a Path,
    /// The environment, for `*_env` keys.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// Whether the demo command made this configuration.
    pub demo: bool,
    pub problems: RefCell<Vec<Problem>>,
}

impl Reading<'_> {
    fn note(&self, place: &str, at: &Origin, fault: Fault) {
        self.problems.borrow_mut().push(Problem {
            place: place.to_owned(),
            line: at.line,
            variable: at.variable.clone(),
            message: fault.message,
            hint: fault.hint,
        });
    }

    /// A path of the file, against the file's directory.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.base_dir.join(path)
    }
}

/// One table of the file with its documentation.
pub(super) struct Reader<'a> {
    pub reading: &'a Reading<'a>,
    section: &'static Section,
    table: Table,
    /// `idp[0]`; empty for the top.
    place: String,
    at: Origin,
}

/// One value that was given, or its documented default.
pub(super) struct Field<'a> {
    reading: &'a Reading<'a>,
    node: Node,
    place: String,
}

impl<'a> Reader<'a> {
    /// The top of the file.
    pub(super) fn top(reading: &'a Reading<'a>, section: &'static Section, table: Table) -> Self {
        Self {
            reading,
            section,
            table,
            place: String::new(),
            at: Origin::default(),
        }
    }

    /// The same table read as another section: which one it is may depend on a key.
    pub(super) fn under(&self, section: &'static Section) -> Self {
        Self {
            reading: self.reading,
            section,
            table: self.table.clone(),
            place: self.place.clone(),
            at: self.at.clone(),
        }
    }

    /// Refuses every key that is not documented, with the nearest that is. `sections` are the
    /// headers that may follow, for the top of the file.
    pub(super) fn refuse_unknown_keys(&self, sections: &[&'static str]) {
        let keys = self.section.keys.iter().map(|key| key.name);
        let known: Vec<_> = keys.chain(sections.iter().copied()).collect();
        for (name, entry) in &self.table {
            if known.contains(&name.as_str()) {
                continue;
            }
            let mut reserved = self.section.reserved.iter();
            let fault = match reserved.find(|(reserved, _)| reserved == name) {
                Some((_, why)) => Fault::from(*why),
                None => Fault {
                    message: "unknown key".to_owned(),
                    hint: nearest(name, known.iter().copied()),
                },
            };
            self.reading
                .note(&self.place_of(name), &entry.key_at, fault);
        }
    }

    /// Notes something wrong with a key, or with its absence.
    pub(super) fn refuse(&self, key: &str, fault: impl Into<Fault>) {
        let at = self.table.get(key).map_or(&self.at, |entry| &entry.node.at);
        self.reading.note(&self.place_of(key), at, fault.into());
    }

    /// Whether the file or the environment gives the key.
    pub(super) fn is_given(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    fn place_of(&self, key: &str) -> String {
        match self.place.as_str() {
            "" => as_key(key),
            place => format!("{place}.{}", as_key(key)),
        }
    }

    /// The value of a documented key, or its default.
    pub(super) fn field(&self, key: &str) -> Option<Field<'a>> {
        let documented = self.section.key(key);
        debug_assert!(documented.is_some(), "{key} is read but not documented");
        let node = match (self.table.get(key), documented?.need) {
            (Some(entry), _) => entry.node.clone(),
            (None, Need::Default(toml)) => Node {
                value: read_value(toml)?,
                at: self.at.clone(),
                raw: None,
            },
            (None, Need::Required) => {
                self.refuse(key, "is required");
                return None;
            }
            (None, Need::Optional | Need::Derived(_)) => return None,
        };
        Some(Field {
            reading: self.reading,
            node,
            place: self.place_of(key),
        })
    }

    /// A text, parsed.
    pub(super) fn text<T>(
        &self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        self.field(key)?.text(parse)
    }

    /// A text that says something: without outer spaces, control characters or emptiness.
    pub(super) fn words(&self, key: &str) -> Option<String> {
        self.text(key, words)
    }

    /// A list of texts, each parsed; a single text where the form allows it.
    pub(super) fn texts<T>(
        &self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, Fault>,
    ) -> Option<Vec<T>> {
        let field = self.field(key)?;
        let one_will_do = self.section.key(key)?.form == Form::TextOrTexts;
        if one_will_do && field.as_text().is_some() {
            return field.text(parse).map(|text| vec![text]);
        }
        // Every item is judged before the list is missed for one of them.
        let items = field.items()?;
        let parsed: Vec<_> = items.iter().map(|item| item.text(&parse)).collect();
        parsed.into_iter().collect()
    }

    /// A duration within `seconds`.
    pub(super) fn duration(
        &self,
        key: &str,
        seconds: std::ops::RangeInclusive<u64>,
    ) -> Option<Duration> {
        self.text(key, |text| duration::parse(text, seconds))
    }

    /// A path, against the directory of the file.
    pub(super) fn path(&self, key: &str) -> Option<PathBuf> {
        self.words(key).map(|path| self.reading.resolve(&path))
    }

    /// True or false.
    pub(super) fn flag(&self, key: &str) -> bool {
        let Some(field) = self.field(key) else {
            return false;
        };
        match field.node.value {
            Value::Boolean(flag) => flag,
            _ => {
                field.refuse_kind("true or false");
                false
            }
        }
    }

    /// True or false, or a text that is neither.
    pub(super) fn flag_or_text<T>(
        &self,
        key: &str,
        flag: impl FnOnce(bool) -> T,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let field = self.field(key)?;
        match (&field.node.value, field.as_text()) {
            (Value::Boolean(given), _) => Some(flag(*given)),
            (_, Some(_)) => field.text(parse),
            (_, None) => {
                field.refuse_kind("true, false or text");
                None
            }
        }
    }

    /// A whole number within `range`.
    pub(super) fn integer(&self, key: &str, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let field = self.field(key)?;
        match field.node.value {
            Value::Integer(integer) if range.contains(&integer) => Some(integer),
            Value::Integer(_) => {
                let (least, most) = (range.start(), range.end());
                field.refuse(format!("must be between {least} and {most}"));
                None
            }
            _ => {
                field.refuse_kind("an integer");
                None
            }
        }
    }

    /// The names and values of a table of texts.
    pub(super) fn named(&self, key: &str) -> Vec<(String, Field<'a>)> {
        let Some(field) = self.field(key) else {
            return Vec::new();
        };
        let Value::Table(table) = &field.node.value else {
            field.refuse_kind("a table of text");
            return Vec::new();
        };
        let named = |(name, entry): (&String, &super::tree::Entry)| {
            let value = Field {
                reading: self.reading,
                node: entry.node.clone(),
                place: format!("{}.{}", field.place, as_key(name)),
            };
            (name.clone(), value)
        };
        table.iter().map(named).collect()
    }

    /// The section `[name]` below this one; an absent one is read as empty.
    pub(super) fn section(&self, section: &'static Section) -> Reader<'a> {
        let (at, table) = match self.table.get(section.name) {
            Some(entry) => match &entry.node.value {
                Value::Table(table) => (entry.node.at.clone(), table.clone()),
                _ => {
                    let fault = Fault::from("must be a section");
                    self.refuse(section.name, fault.hint(written_as(section)));
                    (entry.node.at.clone(), Table::new())
                }
            },
            None => (Origin::default(), Table::new()),
        };
        let reader = Reader {
            reading: self.reading,
            section,
            table,
            place: section.name.to_owned(),
            at,
        };
        reader.refuse_unknown_keys(&[]);
        reader
    }

    /// The entries of a repeated section. Their keys are not judged yet: that depends on `kind`.
    pub(super) fn entries(&self, key: &str, section: &'static Section) -> Vec<Reader<'a>> {
        let Some(entry) = self.table.get(key) else {
            return Vec::new();
        };
        let Value::List(items) = &entry.node.value else {
            let fault = Fault::from("must be a list of sections");
            self.refuse(key, fault.hint(written_as(section)));
            return Vec::new();
        };
        let reader = |(index, item): (usize, &Node)| {
            let place = format!("{}[{index}]", self.place_of(key));
            let Value::Table(table) = &item.value else {
                let fault = Fault::from(format!("expected a table, found {}", item.value.kind()));
                self.reading.note(&place, &item.at, fault);
                return None;
            };
            Some(Reader {
                reading: self.reading,
                section,
                table: table.clone(),
                place,
                at: item.at.clone(),
            })
        };
        items.iter().enumerate().filter_map(reader).collect()
    }
}

impl<'a> Field<'a> {
    /// Notes something wrong with the value.
    pub(super) fn refuse(&self, fault: impl Into<Fault>) {
        self.reading.note(&self.place, &self.node.at, fault.into());
    }

    fn refuse_kind(&self, expected: &str) {
        self.refuse(format!(
            "expected {expected}, found {}",
            self.node.value.kind()
        ));
    }

    /// The text; of an override also where it looks like a number.
    fn as_text(&self) -> Option<&str> {
        match &self.node.value {
            Value::Text(text) => Some(text),
            Value::Integer(_) | Value::Boolean(_) | Value::Other(_) => self.node.raw.as_deref(),
            Value::List(_) | Value::Table(_) => None,
        }
    }

    /// The text, parsed.
    pub(super) fn text<T>(&self, parse: impl FnOnce(&str) -> Result<T, Fault>) -> Option<T> {
        let Some(text) = self.as_text() else {
            self.refuse_kind("text");
            return None;
        };
        parse(text).map_err(|fault| self.refuse(fault)).ok()
    }

    /// The items of a list.
    fn items(&self) -> Option<Vec<Field<'a>>> {
        let Value::List(items) = &self.node.value else {
            self.refuse_kind("a list");
            return None;
        };
        let field = |(index, node): (usize, &Node)| Field {
            reading: self.reading,
            node: node.clone(),
            place: format!("{}[{index}]", self.place),
        };
        Some(items.iter().enumerate().map(field).collect())
    }
}

/// A key as TOML would have it: quoted, and escaped for the terminal, unless it is a bare one.
fn as_key(key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match !key.is_empty() && key.bytes().all(bare) {
        true => key.to_owned(),
        false => format!("{key:?}"),
    }
}

fn written_as(section: &Section) -> String {
    format!("it is written {}", section.header)
}

/// Takes a text that says something.
pub(super) fn words(text: &str) -> Result<String, Fault> {
    if text.is_empty() {
        return Err("must not be empty".into());
    }
    if text.trim() != text || text.chars().any(char::is_control) {
        return Err("must have no spaces at its ends and no control characters".into());
    }
    Ok(text.to_owned())
}

/// Takes what `FromStr` takes, with its error as the fault.
pub(super) fn from_str<T: FromStr<Err: ToString>>(text: &str) -> Result<T, Fault> {
    text.parse()
        .map_err(|error: T::Err| Fault::from(error.to_string()))
}

/// Takes one of a few words.
pub(super) fn one_of<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, Fault> {
    if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == text) {
        return Ok(*choice);
    }
    let words: Vec<_> = choices
        .iter()
        .map(|(word, _)| format!("\"{word}\""))
        .collect();
    Err(Fault::from("unknown value").hint(format!("it is {}", words.join(" or "))))
}

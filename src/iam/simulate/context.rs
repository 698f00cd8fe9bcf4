//! `ContextEntries`: the condition keys of a simulation.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::aws::constraints::Echo;
use crate::aws::error::AwsError;
use crate::aws::query::Member;
use crate::iam::input::Input;
use crate::policy::RequestContext;

const TYPES: [&str; 12] = [
    "string",
    "stringList",
    "numeric",
    "numericList",
    "boolean",
    "booleanList",
    "ip",
    "ipList",
    "binary",
    "binaryList",
    "date",
    "dateList",
];

/// An entry as it was sent.
pub(super) struct Entry {
    name: String,
    kind: String,
    values: Vec<String>,
}

/// Reads the entries.
pub(super) fn read(input: &mut Input<'_>) -> Result<Vec<Entry>, AwsError> {
    let members = input.params.members("ContextEntries")?;
    let mut entries = Vec::with_capacity(members.len());
    for (place, entry) in members.iter().enumerate() {
        let at = |field: &str| format!("contextEntries.{}.member.{field}", place + 1);
        let field = |name: &str| entry.as_ref().and_then(|entry| entry.get(name).copied());
        let (name, kind) = (field("ContextKeyName"), field("ContextKeyType"));
        let constraints = &mut input.constraints;
        constraints.text(&at("contextKeyName"), name, None, 5..=256, Echo::Hidden);
        constraints.one_of(&at("contextKeyType"), kind, &TYPES);
        if let (Some(name), Some(entry)) = (name, entry) {
            entries.push(Entry {
                name: name.to_owned(),
                kind: kind.unwrap_or("string").to_owned(),
                values: values(entry)?,
            });
        }
    }
    Ok(entries)
}

/// The condition keys that entries stand for. A list stays one with a single value, as everywhere in the language; an entry
/// without values is as if it were not there.
pub(super) fn of(entries: Vec<Entry>) -> Result<RequestContext, AwsError> {
    let mut context = RequestContext::new();
    for Entry { name, kind, values } in entries {
        let values: Vec<String> = match kind.starts_with("binary") {
            true => values.into_iter().map(bytes).collect::<Result<_, _>>()?,
            false => values,
        };
        if kind.ends_with("List") {
            context.set_many(&name, values);
            continue;
        }
        let mut values = values.into_iter();
        let first = values.next();
        if values.next().is_some() {
            return Err(AwsError::invalid_input(format!(
                "The context key {name} has several values and is no list."
            )));
        }
        if let Some(value) = first {
            context.set(&name, value);
        }
    }
    Ok(context)
}

/// `ContextKeyValues.member.N`, in the order of their numbers.
fn values(entry: &Member<'_>) -> Result<Vec<String>, AwsError> {
    let mut values = Vec::new();
    for (name, value) in entry {
        let Some(number) = name.strip_prefix("ContextKeyValues.member.") else {
            continue;
        };
        let number: u32 = number
            .parse()
            .map_err(|_| AwsError::malformed_input("Start of list found where not expected"))?;
        values.push((number, (*value).to_owned()));
    }
    values.sort();
    Ok(values.into_iter().map(|(_, value)| value).collect())
}

/// The engine compares the bytes themselves, and base64 is what the wire has for them.
fn bytes(value: String) -> Result<String, AwsError> {
    let bytes = BASE64.decode(&value);
    let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| AwsError::invalid_input(format!("{value} is not the base64 of a text.")))
}

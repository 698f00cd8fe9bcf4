//! `DRAWBRIDGE__SECTION__KEY`: single keys set by the environment, laid over the file before it
//! is judged. So an override is checked exactly like a line of the file, unknown keys included.

use super::problems::Problem;
use super::tree::{Entry, Node, Origin, Table, Value, read_value};

const PREFIX: &str = "DRAWBRIDGE__";

/// One step of the way to a key. Ordered, so that `IDP__2` is applied before `IDP__10`.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Index(usize),
    Name(String),
}

/// Lays the overrides among `variables` over the file; other variables are passed over.
pub(super) fn apply(
    root: &mut Table,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Vec<Problem> {
    let mut overrides: Vec<_> = variables
        .into_iter()
        .filter_map(|(variable, raw)| Some((steps(variable.strip_prefix(PREFIX)?), variable, raw)))
        .collect();
    overrides.sort();
    overrides
        .into_iter()
        .filter_map(|(steps, variable, raw)| {
            let message = set_in_table(root, &steps, &variable, &raw).err()?;
            Some(Problem {
                place: String::new(),
                line: None,
                variable: Some(variable),
                message: message.to_owned(),
                hint: Some("the form is DRAWBRIDGE__SECTION__KEY, and DRAWBRIDGE__IDP__0__KEY for the first [[idp]]".to_owned()),
            })
        })
        .collect()
}

fn steps(name: &str) -> Vec<Step> {
    name.split("__")
        .map(|part| match part.parse() {
            Ok(index) => Step::Index(index),
            Err(_) => Step::Name(part.to_ascii_lowercase()),
        })
        .collect()
}

fn set_in_table(
    table: &mut Table,
    steps: &[Step],
    variable: &str,
    raw: &str,
) -> Result<(), &'static str> {
    let (name, rest) = match steps {
        [Step::Name(name), rest @ ..] if !name.is_empty() => (name, rest),
        [Step::Index(_), ..] => return Err("names an entry where a key is expected"),
        _ => return Err("names no key"),
    };
    // The names of policies keep their case; an existing one is found whatever its case.
    let name = table
        .keys()
        .find(|key| key.eq_ignore_ascii_case(name))
        .unwrap_or(name)
        .clone();
    let origin = Origin {
        line: None,
        variable: Some(variable.to_owned()),
    };
    if rest.is_empty() {
        let node = given(raw, origin.clone());
        table.insert(
            name,
            Entry {
                key_at: origin,
                node,
            },
        );
        return Ok(());
    }
    let entry = table.entry(name).or_insert_with(|| Entry {
        key_at: origin.clone(),
        node: empty(rest, origin),
    });
    set_in_node(&mut entry.node, rest, variable, raw)
}

fn set_in_node(
    node: &mut Node,
    steps: &[Step],
    variable: &str,
    raw: &str,
) -> Result<(), &'static str> {
    match (&mut node.value, steps) {
        (Value::Table(table), _) => set_in_table(table, steps, variable, raw),
        (Value::List(items), [Step::Index(index), rest @ ..]) => {
            let origin = Origin {
                line: None,
                variable: Some(variable.to_owned()),
            };
            if *index == items.len() {
                items.push(empty(rest, origin.clone()));
            }
            let Some(item) = items.get_mut(*index) else {
                return Err("skips entries: the next index is the number of entries there are");
            };
            if rest.is_empty() {
                *item = given(raw, origin);
                return Ok(());
            }
            set_in_node(item, rest, variable, raw)
        }
        (Value::List(_), _) => Err("names a list: the number of the entry is missing"),
        _ => Err("goes on below a key that is not a section"),
    }
}

/// What `steps` will be set in, where there is nothing yet.
fn empty(steps: &[Step], at: Origin) -> Node {
    let value = match steps {
        [Step::Index(_), ..] => Value::List(Vec::new()),
        _ => Value::Table(Table::new()),
    };
    Node {
        value,
        at,
        raw: None,
    }
}

fn given(raw: &str, at: Origin) -> Node {
    let value = read_value(raw).unwrap_or_else(|| Value::Text(raw.to_owned()));
    Node {
        raw: Some(raw.to_owned()),
        ..Node::from_one_place(value, &at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tree::read;

    fn applied(file: &str, variables: &[(&str, &str)]) -> (Table, Vec<Problem>) {
        let mut root = read(file).unwrap();
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let problems = apply(&mut root, variables);
        (root, problems)
    }

    fn message(file: &str, variable: &str) -> String {
        let (_, problems) = applied(file, &[(variable, "1")]);
        problems[0].message.clone()
    }

    #[test]
    fn an_override_replaces_a_key_of_an_entry() {
        let (root, problems) = applied(
            "[[idp]]\nclient_id = 'a'",
            &[("DRAWBRIDGE__IDP__0__CLIENT_ID", "b"), ("PATH", "/bin")],
        );
        assert!(problems.is_empty());
        let Value::List(idps) = &root["idp"].node.value else {
            panic!("a list")
        };
        let Value::Table(idp) = &idps[0].value else {
            panic!("a table")
        };
        assert!(matches!(&idp["client_id"].node.value, Value::Text(text) if text == "b"));
    }

    #[test]
    fn entries_are_added_in_the_order_of_their_numbers() {
        let names: Vec<_> = (0..12)
            .map(|n| format!("DRAWBRIDGE__CI__{n}__NAME"))
            .collect();
        let variables: Vec<_> = names.iter().map(|name| (name.as_str(), "x")).collect();
        let (root, problems) = applied("", &variables);
        assert!(problems.is_empty(), "{problems:?}");
        assert!(matches!(&root["ci"].node.value, Value::List(items) if items.len() == 12));
    }

    #[test]
    fn an_override_that_skips_entries_is_refused() {
        assert!(message("", "DRAWBRIDGE__CI__1__NAME").starts_with("skips entries"));
    }

    #[test]
    fn an_override_below_a_plain_key_is_refused() {
        assert!(message("listen = 'x'", "DRAWBRIDGE__LISTEN__PORT").starts_with("goes on below"));
    }

    #[test]
    fn an_override_of_a_list_without_a_number_is_refused() {
        assert!(message("[[ci]]", "DRAWBRIDGE__CI__NAME").contains("number of the entry"));
    }

    #[test]
    fn an_override_without_a_key_is_refused() {
        assert_eq!(message("", "DRAWBRIDGE__"), "names no key");
    }
}

//! The policies of a role: texts in the configuration, or files beside it.

use std::collections::BTreeMap;

use super::is_name_character;
use crate::config::problems::Fault;
use crate::config::reader::{Field, Reader, Reading, words};
use crate::config::secrets::text_file;

pub(super) fn trust_policy(entry: &Reader<'_>) -> Option<String> {
    match (
        entry.is_given("trust_policy"),
        entry.is_given("trust_policy_file"),
    ) {
        (false, false) => {
            entry.refuse(
                "trust_policy",
                Fault::from("is required").hint("or trust_policy_file"),
            );
            None
        }
        (true, true) => {
            entry.refuse(
                "trust_policy_file",
                "the policy is already given by trust_policy",
            );
            None
        }
        (true, false) => entry.text("trust_policy", not_blank),
        (false, true) => entry.text("trust_policy_file", |path| policy_file(path, entry.reading)),
    }
}

pub(super) fn policies(entry: &Reader<'_>) -> BTreeMap<String, String> {
    let mut policies = BTreeMap::new();
    let inline = |text: &str| match text.strip_prefix("file:") {
        Some(path) => policy_file(path, entry.reading),
        None => not_blank(text),
    };
    let mut add = |name: String, field: &Field<'_>, text: Option<String>| {
        if !is_policy_name(&name) {
            field.refuse("the name of a policy is 1 to 128 letters, digits and _+=,.@-");
        }
        if policies.insert(name, text.unwrap_or_default()).is_some() {
            field.refuse("is already the name of one of the policies");
        }
    };
    for (name, field) in entry.named("policies") {
        add(name, &field, field.text(inline));
    }
    for (name, field) in entry.named("policy_files") {
        add(
            name,
            &field,
            field.text(|path| policy_file(path, entry.reading)),
        );
    }
    policies
}

fn policy_file(path: &str, reading: &Reading<'_>) -> Result<String, Fault> {
    not_blank(&text_file(&reading.resolve(&words(path)?))?)
}

fn not_blank(text: &str) -> Result<String, Fault> {
    match text.trim() {
        "" => Err("must not be empty".into()),
        _ => Ok(text.to_owned()),
    }
}

fn is_policy_name(name: &str) -> bool {
    (1..=128).contains(&name.len()) && name.bytes().all(is_name_character)
}

//! What is known about a request: the condition keys and their values.

use std::collections::BTreeMap;

use super::case;

/// The value of a condition key.
///
/// A key is a list because of its definition, not because it happens to hold two values:
/// `aws:TagKeys` with one tag is still [`ContextValue::Many`], and an operator without a set
/// operator does not hold on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextValue {
    /// A single-valued key.
    One(String),
    /// A multivalued key, which may be empty.
    Many(Vec<String>),
}

impl ContextValue {
    /// All values, one or many.
    pub fn values(&self) -> &[String] {
        match self {
            ContextValue::One(value) => std::slice::from_ref(value),
            ContextValue::Many(values) => values,
        }
    }
}

/// The condition keys of one request; names compare without regard to case, tag keys included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestContext {
    /// Keys are folded, so two spellings of one key cannot stand side by side
    /// (GHSA-6r96-hmgc-726c).
    values: BTreeMap<Box<str>, ContextValue>,
}

impl RequestContext {
    /// A context without keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a single-valued key, replacing what it held in any spelling.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.insert(key, ContextValue::One(value.into()));
    }

    /// Sets a multivalued key, replacing what it held in any spelling.
    pub fn set_many(&mut self, key: &str, values: Vec<String>) {
        self.insert(key, ContextValue::Many(values));
    }

    /// Sets a key to a value of either kind and returns what it held before.
    pub fn insert(&mut self, key: &str, value: ContextValue) -> Option<ContextValue> {
        self.values.insert(case::fold(key).into(), value)
    }

    /// The value of a key in any spelling; `None` when it is absent.
    pub fn get(&self, key: &str) -> Option<&ContextValue> {
        self.folded(&case::fold(key))
    }

    /// All keys in folded spelling with their values, in order of the key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ContextValue)> {
        self.values.iter().map(|(key, value)| (&**key, value))
    }

    /// As [`RequestContext::get`], for a key that was folded when its policy was read.
    pub(super) fn folded(&self, key: &str) -> Option<&ContextValue> {
        self.values.get(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_names_ignore_case_and_tag_keys_do_too() {
        let mut context = RequestContext::new();
        context.set("aws:PrincipalTag/CostCenter", "a");
        context.set("AWS:principaltag/costcenter", "b");
        assert_eq!(context.iter().count(), 1);
        assert_eq!(
            context.get("aws:PrincipalTag/COSTCENTER"),
            Some(&ContextValue::One("b".into()))
        );
    }

    #[test]
    fn a_list_of_one_stays_a_list() {
        let mut context = RequestContext::new();
        context.set_many("aws:TagKeys", vec!["k".into()]);
        assert_eq!(
            context.get("aws:tagkeys"),
            Some(&ContextValue::Many(vec!["k".into()]))
        );
    }
}

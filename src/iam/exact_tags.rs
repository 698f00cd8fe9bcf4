//! Tags of identity providers and managed policies: there, unlike anywhere else in IAM, `key` and `Key` are two keys.

use crate::aws::error::AwsError;
use crate::aws::sts::Tag;
use crate::aws::xml::{Fields, Node};
use crate::iam::input::MOST_TAGS;
use crate::iam::paging::Page;
use crate::iam::provision::SOURCE_TAG;
use crate::iam::shapes;

/// No key twice, none of AWS's own, and not the one by which the configuration knows what it made: whoever could set
/// that would have the next start delete the provider.
pub fn check(tags: &[Tag]) -> Result<(), AwsError> {
    let mut keys: Vec<&str> = tags.iter().map(|tag| tag.key.as_str()).collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(AwsError::invalid_input("Duplicate tag keys found."));
    }
    if keys
        .iter()
        .any(|key| key.to_lowercase().starts_with("aws:"))
    {
        return Err(AwsError::invalid_input("Tag keys must not begin with aws:"));
    }
    match keys.contains(&SOURCE_TAG) {
        true => Err(AwsError::invalid_input(format!(
            "The tag key {SOURCE_TAG} is kept for what the configuration made."
        ))),
        false => Ok(()),
    }
}

/// Adds tags to stored ones, or gives new values to keys that are there.
pub fn merge(stored: &mut Vec<(String, String)>, new: &[Tag]) -> Result<(), AwsError> {
    for tag in new {
        match stored.iter_mut().find(|(key, _)| *key == tag.key) {
            Some((_, value)) => value.clone_from(&tag.value),
            None => stored.push((tag.key.clone(), tag.value.clone())),
        }
    }
    match stored.len() > MOST_TAGS {
        true => Err(AwsError::limit_exceeded(
            "The number of tags has reached the maximum limit.",
        )),
        false => Ok(()),
    }
}

/// Takes tags away; a key that is not there is no fault.
pub fn remove(stored: &mut Vec<(String, String)>, keys: &[String]) {
    stored.retain(|(key, _)| !keys.contains(key));
}

/// Tags as Get answers them: by key, capitals first.
pub fn sorted(tags: &[(String, String)]) -> Node {
    let mut tags = tags.to_vec();
    tags.sort();
    shapes::tags(&tags)
}

/// A page of them.
pub fn page(page: &Page, mut tags: Vec<(String, String)>) -> Result<Fields, AwsError> {
    tags.sort();
    let write =
        |(key, value)| Node::Fields(vec![("Key", Node::Text(key)), ("Value", Node::Text(value))]);
    page.cut("Tags", tags, |(key, _)| key.clone(), write)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag {
            key: key.to_owned(),
            value: value.to_owned(),
        }
    }

    #[test]
    fn keys_that_differ_by_case_are_two() {
        assert!(check(&[tag("key", "1"), tag("Key", "2")]).is_ok());
        assert!(check(&[tag("key", "1"), tag("key", "2")]).is_err());
        let mut stored = vec![("key".to_owned(), "1".to_owned())];
        merge(&mut stored, &[tag("Key", "2"), tag("key", "3")]).unwrap();
        assert_eq!(stored.len(), 2);
        remove(&mut stored, &["KEY".to_owned(), "key".to_owned()]);
        assert_eq!(stored, [("Key".to_owned(), "2".to_owned())]);
    }

    #[test]
    fn the_keys_of_others_are_refused() {
        for key in ["aws:x", "AWS:x", SOURCE_TAG] {
            assert!(check(&[tag(key, "")]).is_err(), "{key}");
        }
    }

    #[test]
    fn fifty_tags_are_the_most_of_one_provider() {
        let tags: Vec<Tag> = (0..50).map(|i| tag(&format!("k{i}"), "")).collect();
        let mut stored = Vec::new();
        assert!(merge(&mut stored, &tags).is_ok());
        let error = merge(&mut stored, &[tag("one more", "")]).unwrap_err();
        assert_eq!(error.code, "LimitExceeded");
    }
}

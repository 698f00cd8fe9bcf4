//! Lists in pages: `MaxItems`, `Marker`, `IsTruncated`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::aws::error::AwsError;
use crate::aws::xml::{Fields, Node};

/// Which page is asked for.
#[derive(Clone, Debug)]
pub struct Page {
    /// What the page before said.
    pub marker: Option<String>,
    /// At most so many items.
    pub most: usize,
}

/// A page that was cut out of a list.
#[derive(Debug)]
pub struct Part<T> {
    /// Its items.
    pub items: Vec<T>,
    /// `IsTruncated` and `Marker`.
    pub members: [(&'static str, Node); 2],
}

impl Page {
    /// The key of the item before this page, for lists that the store cuts; empty on the first page. Such a list is
    /// handed to [`Page::cut`] with one item more than the page has.
    pub fn after(&self) -> Result<String, AwsError> {
        match &self.marker {
            Some(marker) => decode(marker),
            None => Ok(String::new()),
        }
    }

    /// Cuts a page out of a list that is sorted by `key`, and writes the three members: `name`, `IsTruncated` and, where
    /// there is more, `Marker`. The marker names the last item given out, so an item that comes or goes in between moves no
    /// other.
    pub fn cut<T>(
        &self,
        name: &'static str,
        items: Vec<T>,
        key: impl Fn(&T) -> String,
        write: impl Fn(T) -> Node,
    ) -> Result<Fields, AwsError> {
        let part = self.part(items, key)?;
        let [truncated, marker] = part.members;
        let list = Node::List(part.items.into_iter().map(write).collect());
        Ok(vec![truncated, (name, list), marker])
    }

    /// Cuts a page as [`Page::cut`] does, for answers that write it in several lists.
    pub fn part<T>(&self, items: Vec<T>, key: impl Fn(&T) -> String) -> Result<Part<T>, AwsError> {
        let after = match &self.marker {
            Some(marker) => Some(decode(marker)?),
            None => None,
        };
        let mut rest = items
            .into_iter()
            .filter(|item| after.as_ref().is_none_or(|after| key(item) > *after));
        let items: Vec<T> = rest.by_ref().take(self.most).collect();
        let truncated = rest.next().is_some();
        let last = items.last().map(&key);
        let marker = last.filter(|_| truncated).map(|last| encode(&last));
        Ok(Part {
            items,
            members: [
                ("IsTruncated", Node::Flag(truncated)),
                ("Marker", Node::optional(marker)),
            ],
        })
    }
}

fn encode(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

fn decode(marker: &str) -> Result<String, AwsError> {
    let bytes = URL_SAFE_NO_PAD.decode(marker);
    let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
    // No name of ours has a NUL, and PostgreSQL takes no text with one.
    let text = text.filter(|text| !text.contains('\0'));
    text.ok_or_else(AwsError::invalid_marker)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(fields: &Fields) -> (Vec<String>, Option<String>) {
        let mut found = (Vec::new(), None);
        for (name, node) in fields {
            match (*name, node) {
                ("Names", Node::List(nodes)) => {
                    found.0 = nodes
                        .iter()
                        .map(|node| match node {
                            Node::Text(text) => text.clone(),
                            _ => String::new(),
                        })
                        .collect();
                }
                ("Marker", Node::Text(marker)) => found.1 = Some(marker.clone()),
                _ => {}
            }
        }
        found
    }

    #[test]
    fn pages_follow_each_other_and_end() {
        let all: Vec<String> = (0..5).map(|n| format!("n{n}")).collect();
        let mut page = Page {
            marker: None,
            most: 2,
        };
        let mut seen = Vec::new();
        loop {
            let cut = page.cut("Names", all.clone(), String::clone, Node::text);
            let (names, marker) = names(&cut.unwrap());
            seen.extend(names);
            match marker {
                Some(marker) => page.marker = Some(marker),
                None => break,
            }
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn a_marker_that_is_none_is_refused() {
        let page = Page {
            marker: Some("!!".to_owned()),
            most: 1,
        };
        let error = page
            .cut("Names", vec!["a".to_owned()], String::clone, Node::text)
            .unwrap_err();
        assert_eq!(error.message, "Invalid Marker.");
    }
}

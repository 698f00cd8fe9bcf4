//! Reading the parameters of an IAM call: everything that is wrong with them in one message.

use crate::aws::constraints::{
    ARN, Constraints, DESCRIPTION, ENTITY_NAME, Echo, MARKER, POLICY, Pattern, TAG_KEY, TAG_VALUE,
};
use crate::aws::error::AwsError;
use crate::aws::query::Params;
use crate::aws::sts::Tag;
use crate::iam::paging::Page;
use crate::policy;

/// Most tags of one resource.
pub const MOST_TAGS: usize = 50;

/// `UserName` as messages and the audit name it: `userName`.
pub fn member_name(parameter: &str) -> String {
    let mut letters = parameter.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// The characters of a path: `/`, or `/` visible characters `/`.
pub const PATH: Pattern = Pattern {
    text: r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)",
    admits: |c| matches!(c, '!'..='~'),
    may_be_empty: false,
};

/// Reads one call. Call [`Input::finish`] before anything is believed.
pub struct Input<'a> {
    /// As sent.
    pub params: &'a Params,
    /// What is wrong so far.
    pub constraints: Constraints,
    trouble: Option<AwsError>,
}

impl<'a> Input<'a> {
    /// Of these parameters.
    pub fn new(params: &'a Params) -> Input<'a> {
        Input {
            params,
            constraints: Constraints::silent(),
            trouble: None,
        }
    }

    /// A text that must be there; `""` where it is not.
    pub fn required(
        &mut self,
        name: &str,
        pattern: Option<Pattern>,
        length: std::ops::RangeInclusive<usize>,
    ) -> &'a str {
        let value = self.params.get(name);
        self.constraints.required(&member_name(name), value);
        self.optional(name, pattern, length).unwrap_or_default()
    }

    /// A text that may be there.
    pub fn optional(
        &mut self,
        name: &str,
        pattern: Option<Pattern>,
        length: std::ops::RangeInclusive<usize>,
    ) -> Option<&'a str> {
        let value = self.params.get(name);
        let member = member_name(name);
        self.constraints
            .text(&member, value, pattern, length, Echo::Hidden);
        value
    }

    /// The name of a user, role, group or policy: `[\w+=,.@-]+`, up to `most` characters.
    pub fn name(&mut self, parameter: &str, most: usize) -> &'a str {
        self.required(parameter, Some(ENTITY_NAME), 1..=most)
    }

    /// An ARN that must be there: 20 to 2048 characters.
    pub fn arn(&mut self, parameter: &str) -> &'a str {
        self.required(parameter, Some(ARN), 20..=2048)
    }

    /// An ARN that may be there.
    pub fn optional_arn(&mut self, parameter: &str) -> Option<&'a str> {
        self.optional(parameter, Some(ARN), 20..=2048)
    }

    /// A policy document that must be there.
    pub fn document(&mut self, parameter: &str) -> &'a str {
        self.required(parameter, Some(POLICY), 1..=131_072)
    }

    /// A description that may be there.
    pub fn description(&mut self) -> Option<&'a str> {
        self.optional("Description", Some(DESCRIPTION), 0..=1000)
    }

    /// A description that must be there; it may be empty.
    pub fn required_description(&mut self) -> &'a str {
        self.required("Description", Some(DESCRIPTION), 0..=1000)
    }

    /// `Path`, `/` where it is not given.
    pub fn path(&mut self) -> &'a str {
        self.path_named("Path").unwrap_or("/")
    }

    /// A path under another name (`NewPath`).
    pub fn path_named(&mut self, name: &str) -> Option<&'a str> {
        let value = self.params.get(name)?;
        // The pattern is about the whole: one slash, or something between two.
        let framed =
            value == "/" || (value.len() > 2 && value.starts_with('/') && value.ends_with('/'));
        let pattern = match framed {
            true => PATH,
            false => Pattern {
                admits: |_| false,
                ..PATH
            },
        };
        self.optional(name, Some(pattern), 1..=512)
    }

    /// `PathPrefix` of lists, `/` where it is not given: begins with a slash.
    pub fn path_prefix(&mut self) -> &'a str {
        let prefix = Pattern {
            text: r"\u002F[\u0021-\u007F]*",
            admits: |c| matches!(c, '!'..='\u{7f}'),
            may_be_empty: false,
        };
        let wrong = Pattern {
            admits: |_| false,
            ..prefix
        };
        let value = self.params.get("PathPrefix");
        let pattern = match value.is_none_or(|value| value.starts_with('/')) {
            true => prefix,
            false => wrong,
        };
        self.optional("PathPrefix", Some(pattern), 1..=512)
            .unwrap_or("/")
    }

    /// A whole number that may be there.
    pub fn integer(&mut self, name: &str, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        match self.params.integer(name) {
            Ok(value) => {
                self.constraints.number(&member_name(name), value, range);
                value
            }
            Err(error) => {
                self.trouble.get_or_insert(error);
                None
            }
        }
    }

    /// A boolean that may be there: `true` or `false`, whatever its case; `0` and `1` as AWS takes them.
    pub fn boolean(&mut self, name: &str) -> Option<bool> {
        match self.params.get(name)?.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => {
                let error =
                    AwsError::malformed_input(format!("The value of {name} is not a boolean."));
                self.trouble.get_or_insert(error);
                None
            }
        }
    }

    /// One of a set of words.
    pub fn one_of(&mut self, name: &str, set: &[&str]) -> Option<&'a str> {
        let value = self.params.get(name);
        self.constraints.one_of(&member_name(name), value, set);
        value
    }

    /// A list of texts; a missing element counts as null.
    pub fn strings(
        &mut self,
        name: &str,
        pattern: Option<Pattern>,
        length: std::ops::RangeInclusive<usize>,
    ) -> Vec<String> {
        let listed = match self.params.strings(name) {
            Ok(listed) => listed,
            Err(error) => {
                self.trouble.get_or_insert(error);
                return Vec::new();
            }
        };
        let member = member_name(name);
        self.constraints.texts(&member, &listed, pattern, length);
        let values = listed.into_iter();
        values
            .map(|value| value.unwrap_or_default().to_owned())
            .collect()
    }

    /// Notes where a list that must be there is not. An empty one (`TagKeys=`) is there.
    pub fn list_required(&mut self, name: &str) {
        let of_list = |sent: &str| {
            let rest = sent.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(".member."))
        };
        let sent = self.params.iter().find(|(sent, _)| of_list(sent));
        let value = sent.map(|(_, value)| value);
        self.constraints.required(&member_name(name), value);
    }

    /// `Tags`: form and number. Whether keys may differ by case alone is the noun's business.
    pub fn tags(&mut self) -> Vec<Tag> {
        let members = match self.params.members("Tags") {
            Ok(members) => members,
            Err(error) => {
                self.trouble.get_or_insert(error);
                return Vec::new();
            }
        };
        self.constraints.count("tags", members.len(), MOST_TAGS);
        let mut tags = Vec::with_capacity(members.len().min(MOST_TAGS));
        for (place, member) in members.iter().enumerate().take(MOST_TAGS) {
            let field = |name: &str| member.as_ref().and_then(|fields| fields.get(name).copied());
            let (key, value) = (field("Key"), field("Value"));
            let at = |field: &str| format!("tags.{}.member.{field}", place + 1);
            self.constraints.required(&at("key"), key);
            self.constraints.required(&at("value"), value);
            let hidden = Echo::Hidden;
            self.constraints
                .text(&at("key"), key, Some(TAG_KEY), 1..=128, hidden);
            self.constraints
                .text(&at("value"), value, Some(TAG_VALUE), 0..=256, hidden);
            tags.push(Tag {
                key: key.unwrap_or_default().to_owned(),
                value: value.unwrap_or_default().to_owned(),
            });
        }
        tags
    }

    /// `TagKeys` of an untagging call.
    pub fn tag_keys(&mut self) -> Vec<String> {
        let keys = self.strings("TagKeys", Some(TAG_KEY), 1..=128);
        self.constraints.count("tagKeys", keys.len(), MOST_TAGS);
        keys
    }

    /// `Tags` of a tagging call, which may be empty and must be there.
    pub fn required_tags(&mut self) -> Vec<Tag> {
        self.required_list("Tags");
        self.tags()
    }

    /// `TagKeys` of an untagging call, which may be empty and must be there.
    pub fn required_tag_keys(&mut self) -> Vec<String> {
        self.required_list("TagKeys");
        self.tag_keys()
    }

    fn required_list(&mut self, name: &str) {
        let given = |parameter: &str| {
            let rest = parameter.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(".member."))
        };
        let found = self.params.iter().find(|(parameter, _)| given(parameter));
        let value = found.map(|(_, value)| value);
        self.constraints.required(&member_name(name), value);
    }

    /// `Marker` and `MaxItems`.
    pub fn page(&mut self) -> Page {
        let marker = self.optional("Marker", Some(MARKER), 1..=320);
        let most = self.integer("MaxItems", 1..=1000).unwrap_or(100);
        Page {
            marker: marker.map(str::to_owned),
            most: usize::try_from(most).unwrap_or(100),
        }
    }

    /// Everything that was wrong, or nothing.
    pub fn finish(self) -> Result<(), AwsError> {
        match self.trouble {
            Some(error) => Err(error),
            None => self.constraints.finish(),
        }
    }
}

/// Tag keys must differ even ignoring case, and not be reserved: users, roles, instance profiles, devices.
pub fn check_tags(tags: &[Tag]) -> Result<(), AwsError> {
    let mut keys: Vec<_> = tags.iter().map(|tag| policy::fold(&tag.key)).collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(AwsError::duplicate_resource_tags());
    }
    check_reserved(tags)
}

/// The `aws:` prefix is AWS's, and `drawbridge:` is ours.
pub fn check_reserved(tags: &[Tag]) -> Result<(), AwsError> {
    for reserved in ["aws:", "drawbridge:"] {
        let begins = |tag: &Tag| tag.key.to_lowercase().starts_with(reserved);
        if tags.iter().any(begins) {
            let text = format!("Tag keys must not begin with {reserved}");
            return Err(AwsError::invalid_input(text));
        }
    }
    Ok(())
}

/// The stored form of tags.
pub fn pairs(tags: &[Tag]) -> Vec<(String, String)> {
    let pair = |tag: &Tag| (tag.key.clone(), tag.value.clone());
    tags.iter().map(pair).collect()
}

/// Adds tags to stored ones: a key that is there ignoring case gets the new value and spelling.
pub fn merge_tags(stored: &mut Vec<(String, String)>, new: &[Tag]) -> Result<(), AwsError> {
    for tag in new {
        let same = |(key, _): &&mut (String, String)| policy::fold(key) == policy::fold(&tag.key);
        match stored.iter_mut().find(same) {
            Some(pair) => *pair = (tag.key.clone(), tag.value.clone()),
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

/// Takes tags away, keys compared ignoring case.
pub fn remove_tags(stored: &mut Vec<(String, String)>, keys: &[String]) {
    stored.retain(|(key, _)| {
        let mut named = keys.iter();
        !named.any(|gone| policy::fold(gone) == policy::fold(key))
    });
}

//! How a key is documented. What a section says here is what the reader accepts, what an absent
//! key defaults to, and what `docs/configuration.md` prints: one truth for the three.

use std::fmt;

/// A table of the file: `[store]`, or each of `[[idp]]`.
pub(super) struct Section {
    /// `store`; empty for the keys above the first header.
    pub name: &'static str,
    /// The header as it is written: `[[idp]]`.
    pub header: &'static str,
    /// What the section is for, in Markdown.
    pub about: &'static str,
    /// The keys, in the order of the reference.
    pub keys: &'static [Key],
    /// Keys that mean something elsewhere or in a later version, with the reason why they are refused here.
    pub reserved: &'static [(&'static str, &'static str)],
}

/// One documented key.
pub(super) struct Key {
    pub name: &'static str,
    pub form: Form,
    pub need: Need,
    /// What the key does, in Markdown; the first sentence stands alone.
    pub about: &'static str,
}

/// What is written to the right of the `=`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Boolean,
    BooleanOrText,
    Integer,
    Duration,
    Path,
    Texts,
    TextOrTexts,
    Tables,
    TextTable,
}

/// What happens without the key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// It is a problem.
    Required,
    /// Nothing: the key means something only where it is given.
    Optional,
    /// This TOML value is taken.
    Default(&'static str),
    /// Something is worked out, in these words.
    Derived(&'static str),
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Form::Text => "text",
            Form::Boolean => "true or false",
            Form::BooleanOrText => "true, false or text",
            Form::Integer => "integer",
            Form::Duration => "duration",
            Form::Path => "path",
            Form::Texts => "list of text",
            Form::TextOrTexts => "text or list of text",
            Form::Tables => "list of tables",
            Form::TextTable => "table of text",
        })
    }
}

impl Section {
    /// The documented key of that name.
    pub(super) fn key(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

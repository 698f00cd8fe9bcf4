//! What is wrong with a configuration: everything at once, each with its place.
//!
//! No message repeats a value from the file. A secret ends up in the wrong key easily enough
//! (`client_secret_env = "the secret itself"`), and these lines go to terminals and logs; the
//! place and the line are enough for whoever has the file (SEC-1).

use std::fmt;

/// One thing to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, as a path: `idp[0].issuer`. Empty when the whole file is meant.
    pub place: String,
    /// The line of the file, unless the key is absent altogether or came from the environment.
    pub line: Option<usize>,
    /// The environment variable that set the key, when an override did.
    pub variable: Option<String>,
    /// What is wrong, never with the value.
    pub message: String,
    /// What would be right.
    pub hint: Option<String>,
}

/// All problems of one configuration, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    file: String,
    list: Vec<Problem>,
}

impl Problems {
    /// Sorts by line; problems without one (overrides, absent keys of the top level) come first.
    pub(super) fn new(mut list: Vec<Problem>) -> Self {
        list.sort_by_key(|problem| problem.line);
        Self {
            file: "drawbridge.toml".to_owned(),
            list,
        }
    }

    /// Names the file that the lines belong to.
    pub(super) fn in_file(mut self, file: String) -> Self {
        self.file = file;
        self
    }

    /// The problems, one by one.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter()
    }

    /// How many there are; never none.
    #[expect(
        clippy::len_without_is_empty,
        reason = "problems are made when there are some"
    )]
    pub fn len(&self) -> usize {
        self.list.len()
    }
}

impl std::error::Error for Problems {}

/// One problem per line: `drawbridge.toml:12: idp[0].isuer: unknown key; did you mean "issuer"?`.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.list.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            match (&problem.variable, problem.line) {
                (Some(variable), _) => write!(f, "{}: ", variable.escape_debug())?,
                (None, Some(line)) => write!(f, "{}:{line}: ", self.file)?,
                (None, None) => write!(f, "{}: ", self.file)?,
            }
            if !problem.place.is_empty() {
                write!(f, "{}: ", problem.place)?;
            }
            write!(f, "{}", problem.message)?;
            if let Some(hint) = &problem.hint {
                write!(f, "; {hint}")?;
            }
        }
        Ok(())
    }
}

/// Why a value is refused, before it is known where the value stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub message: String,
    pub hint: Option<String>,
}

impl Fault {
    /// The same fault with what would be right.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl<T: Into<String>> From<T> for Fault {
    fn from(message: T) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }
}

/// `did you mean "issuer"?`, when one of the known names is near enough to be meant.
pub(super) fn nearest<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let written = written.to_ascii_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&written, name), name))
        .filter(|(distance, name)| *distance <= name.len().div_ceil(3))
        .min()
        .map(|(_, name)| format!("did you mean \"{name}\"?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_one_line_with_file_line_place_and_hint() {
        let problems = Problems::new(vec![Problem {
            place: "idp[0].isuer".to_owned(),
            line: Some(12),
            variable: None,
            message: "unknown key".to_owned(),
            hint: nearest("isuer", ["id", "issuer"]),
        }]);
        assert_eq!(
            problems.to_string(),
            r#"drawbridge.toml:12: idp[0].isuer: unknown key; did you mean "issuer"?"#
        );
    }

    #[test]
    fn a_name_like_no_other_gets_no_suggestion() {
        assert_eq!(nearest("colour", ["issuer", "audience"]), None);
    }
}

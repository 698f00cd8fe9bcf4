//! Which condition keys a document names: in its conditions, and as variables.

use super::case;
use super::condition::Wanted;
use super::document::{PolicyDocument, Statement};
use super::draft::Version;
use super::variable;

/// Colons before the part of a resource that may have variables.
const COLONS: usize = 5;

impl PolicyDocument {
    /// The condition keys that the document names, as it spells them first, in the order of the text.
    pub fn context_keys(&self) -> Vec<String> {
        let mut keys = Keys::default();
        for statement in self.statements() {
            keys.of_statement(statement, self.version());
        }
        keys.written
    }

    /// The condition keys that one of its statements names; none where it has no such statement.
    pub fn context_keys_of(&self, index: usize) -> Vec<String> {
        let mut keys = Keys::default();
        if let Some(statement) = self.statements().get(index) {
            keys.of_statement(statement, self.version());
        }
        keys.written
    }
}

/// Keys, each once whatever its spelling.
#[derive(Default)]
struct Keys {
    folded: Vec<String>,
    written: Vec<String>,
}

impl Keys {
    fn add(&mut self, key: &str) {
        let folded = case::fold(key).into_owned();
        if !self.folded.contains(&folded) {
            self.folded.push(folded);
            self.written.push(key.to_owned());
        }
    }

    fn of_statement(&mut self, statement: &Statement, version: Version) {
        let variables = version == Version::V2012;
        let resources = statement.resources().into_iter();
        for (written, _) in resources.flat_map(|element| &element.patterns) {
            if variables && let Some(part) = written.splitn(COLONS + 1, ':').nth(COLONS) {
                self.of_text(part);
            }
        }
        for condition in statement.conditions() {
            self.add(condition.key());
            for value in condition.wanted() {
                if variables && matches!(value.parsed, Wanted::Text(_) | Wanted::Arn(_)) {
                    self.of_text(&value.written);
                }
            }
        }
    }

    /// The variables of a text.
    fn of_text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let here = rest.get(at..).unwrap_or_default();
            let Some((reference, after)) = variable::reference(here) else {
                return;
            };
            if let variable::Reference::Variable(variable) = reference {
                // As it is written: the variable itself is folded.
                let inside = here.get(2..).unwrap_or_default();
                let written = inside.split([',', '}']).next().unwrap_or_default();
                if variable.is_named(written) {
                    self.add(written);
                }
            }
            rest = after;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        PolicyDocument::parse(text).unwrap().context_keys()
    }

    const STATEMENT: &str = r#"{"Effect":"Allow","Action":"s3:*",
        "Resource":["arn:aws:s3:::b/${aws:username}/${aws:PrincipalTag/Team, 'none'}/${*}${open","*"],
        "Condition":{
            "StringLike":{"s3:prefix":["home/${aws:UserName}","${aws:userid}"]},
            "NumericLessThan":{"AWS:MultiFactorAuthAge":"${aws:EpochTime}"}}}"#;

    #[test]
    fn keys_are_named_by_conditions_and_variables_once_each() {
        let document = format!(r#"{{"Version":"2012-10-17","Statement":{STATEMENT}}}"#);
        let expected = [
            "aws:username",
            "aws:PrincipalTag/Team",
            "s3:prefix",
            "aws:userid",
            "AWS:MultiFactorAuthAge",
        ];
        assert_eq!(keys(&document), expected);
    }

    #[test]
    fn a_document_of_2008_has_no_variables() {
        let document = format!(r#"{{"Version":"2008-10-17","Statement":{STATEMENT}}}"#);
        assert_eq!(keys(&document), ["s3:prefix", "AWS:MultiFactorAuthAge"]);
    }
}

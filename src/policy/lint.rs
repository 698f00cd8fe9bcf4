//! What is valid and yet surely not meant: refusals and warnings for `check`, the admin pages, the
//! audit, and role editors.
//!
//! Errors are trust that a stranger can satisfy (CI-1), and saving such a policy is refused.
//! Warnings are allowed and said (CI-2): evaluation stays as AWS's.

mod subjects;

use super::document::{DocumentKind, Effect, PolicyDocument, Statement};
use super::draft::Version;
use super::operator::{Comparison, Quantifier};
use super::principal::EntryKind;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Said, and saved.
    Warning,
    /// Refused when a policy is saved.
    Error,
}

/// Something about a document that its author should know.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// A name for it that does not change.
    pub code: &'static str,
    /// The place of the statement in the document, from 0.
    pub statement: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// Looks a document over.
pub fn lint(document: &PolicyDocument, kind: DocumentKind) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, statement) in document.statements().iter().enumerate() {
        let mut report = |severity, code, message: String| {
            findings.push(Finding {
                severity,
                code,
                statement: index,
                message,
            });
        };
        if kind == DocumentKind::Trust && statement.effect() == Effect::Allow {
            subjects::lint(statement, &mut report);
            open_to_everybody(statement, &mut report);
        }
        reach(statement, &mut report);
        conditions(statement, document.version(), &mut report);
    }
    findings
}

fn open_to_everybody(
    statement: &Statement,
    report: &mut impl FnMut(Severity, &'static str, String),
) {
    let everybody = statement.principal().is_some_and(|element| {
        let star = |kind: &EntryKind| matches!(kind, EntryKind::EveryAws | EntryKind::Everyone);
        !element.negated && element.entries.iter().any(|entry| star(&entry.kind))
    });
    if everybody && statement.conditions().is_empty() {
        let message = "every principal of every account may take the role; name accounts or roles, or add a condition";
        report(Severity::Warning, "open-to-everybody", message.to_owned());
    }
}

fn reach(statement: &Statement, report: &mut impl FnMut(Severity, &'static str, String)) {
    if statement.effect() == Effect::Allow && statement.actions().negated {
        let message = "Allow with NotAction permits every action that is not listed, also those that do not exist yet; list what is meant under Action";
        report(Severity::Warning, "allow-not-action", message.to_owned());
    }
    let negated = statement.resources().is_some_and(|list| list.negated);
    if statement.effect() == Effect::Allow && negated {
        let message = "Allow with NotResource permits every resource that is not listed; list what is meant under Resource";
        report(Severity::Warning, "allow-not-resource", message.to_owned());
    }
}

fn conditions(
    statement: &Statement,
    version: Version,
    report: &mut impl FnMut(Severity, &'static str, String),
) {
    let resources = statement.resources().map(|list| list.patterns.as_slice());
    let mut texts: Vec<&str> = resources
        .unwrap_or_default()
        .iter()
        .map(|(text, _)| &**text)
        .collect();
    texts.extend(
        statement
            .conditions()
            .iter()
            .flat_map(|condition| condition.values()),
    );
    if version == Version::V2008 && texts.iter().any(|text| text.contains("${")) {
        let message = "`${...}` is plain text in a document of version 2008-10-17; write \"Version\": \"2012-10-17\"";
        report(
            Severity::Warning,
            "variable-without-version",
            message.to_owned(),
        );
    }
    for condition in statement.conditions() {
        let operator = condition.operator();
        let (name, key) = (condition.operator_name(), condition.key());
        let guarded = || {
            statement.conditions().iter().any(|other| {
                other.folded_key() == condition.folded_key()
                    && other.operator().comparison == Comparison::Null
                    && other
                        .values()
                        .all(|value| value.eq_ignore_ascii_case("false"))
            })
        };
        if operator.quantifier == Some(Quantifier::All)
            && statement.effect() == Effect::Allow
            && !guarded()
        {
            let better = if is_multivalued(condition.folded_key()) {
                "add a `Null` condition that is false"
            } else {
                "drop the set operator if the key has one value, or add a `Null` condition that is false"
            };
            report(
                Severity::Warning,
                "for-all-values-in-allow",
                format!(
                    "`{name}` is true when `{key}` is absent, so it admits requests without it; {better}"
                ),
            );
        }
        if operator.quantifier.is_none()
            && operator.comparison != Comparison::Null
            && is_multivalued(condition.folded_key())
        {
            report(
                Severity::Warning,
                "set-operator-missing",
                format!(
                    "`{key}` is a list, and `{name}` is never true of a list; write `ForAnyValue:{name}` or `ForAllValues:{name}`"
                ),
            );
        }
        for value in condition.wanted() {
            let written = &value.written;
            if value.is_impossible() {
                report(
                    Severity::Warning,
                    "value-never-matches",
                    format!(
                        "`{name}` cannot understand \"{written}\", which therefore matches nothing"
                    ),
                );
            }
            let literal = matches!(
                operator.comparison,
                Comparison::StringEquals | Comparison::StringEqualsIgnoreCase
            );
            if literal && !written.contains("${") && written.contains(['*', '?']) {
                report(
                    Severity::Warning,
                    "wildcard-in-equals",
                    format!(
                        "`{name}` takes \"{written}\" literally; for wildcards write `StringLike`"
                    ),
                );
            }
        }
    }
}

/// Whether the key is a list by its definition. Of claims only `amr` is known to be one.
fn is_multivalued(folded_key: &str) -> bool {
    matches!(
        folded_key,
        "aws:tagkeys" | "sts:transitivetagkeys" | "aws:principalorgpaths" | "aws:calledvia"
    ) || folded_key.ends_with(":amr")
}

//! The IAM API's validation of a document: AWS's texts, in AWS's order.
//!
//! The first failing check wins. Order and texts are those that moto's validator reproduces from
//! AWS; the checks on principals, prohibited fields and trust actions quote AWS's answers in public
//! issues, and their place among the others is ours.

mod principals;
mod resources;

use super::context::RequestContext;
use super::document::{DocumentKind, PolicyDocument, read_json};
use super::draft::{Draft, DraftStatement, Version};
use super::error::PolicyError;
use super::operator::Comparison;
use super::pattern::{Case, Pattern, Syntax};

/// Validates a document as the IAM API does when it is saved.
pub fn validate(text: &str, kind: DocumentKind) -> Result<PolicyDocument, PolicyError> {
    check(text, kind, false)
}

/// Validates a managed policy, which is an identity document whose statement ids are alphanumeric.
pub fn validate_managed(text: &str) -> Result<PolicyDocument, PolicyError> {
    check(text, DocumentKind::Identity, true)
}

fn check(text: &str, kind: DocumentKind, managed: bool) -> Result<PolicyDocument, PolicyError> {
    let root = read_json(text)?;
    let draft = Draft::read(&root)?;
    let statements = draft.statements.as_slice();

    if kind == DocumentKind::Identity && draft.version != Some(Version::V2012) {
        return Err(PolicyError::Version);
    }
    statements.iter().try_for_each(legacy_parsing)?;
    let resource_fault = resources::first_fault(statements)?;
    sids(statements, managed)?;
    match kind {
        DocumentKind::Identity if statements.iter().any(|s| s.principal.is_some()) => {
            return Err(PolicyError::PrincipalInIdentityDocument);
        }
        DocumentKind::Trust if statements.iter().any(|s| s.resources.is_some()) => {
            return Err(PolicyError::ProhibitedField("Resource"));
        }
        _ => {}
    }
    if statements
        .iter()
        .any(|s| s.actions.as_ref().is_none_or(|a| a.entries.is_empty()))
    {
        return Err(PolicyError::NoActions);
    }
    if let Some(fault) = resource_fault {
        return Err(fault);
    }
    statements
        .iter()
        .flat_map(actions)
        .try_for_each(action_format)?;
    let no_resources =
        |s: &DraftStatement<'_>| s.resources.as_ref().is_none_or(|r| r.entries.is_empty());
    if kind != DocumentKind::Trust && statements.iter().any(no_resources) {
        return Err(PolicyError::NoResources);
    }
    if kind == DocumentKind::Trust {
        statements
            .iter()
            .flat_map(actions)
            .try_for_each(trust_action)?;
    }
    if kind != DocumentKind::Identity {
        principals::check(statements, kind)?;
    }

    PolicyDocument::compile(&draft, text, 0)
}

fn actions<'a>(statement: &'a DraftStatement<'_>) -> impl Iterator<Item = &'a str> {
    statement
        .actions
        .iter()
        .flat_map(|list| list.entries.iter().copied())
}

fn sids(statements: &[DraftStatement<'_>], managed: bool) -> Result<(), PolicyError> {
    let sids: Vec<&str> = statements
        .iter()
        .filter_map(|statement| statement.sid)
        .filter(|sid| !sid.is_empty())
        .collect();
    let mut sorted = sids.clone();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(PolicyError::SidNotUnique);
    }
    let alphanumeric = |sid: &&str| sid.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if managed && !sids.iter().all(alphanumeric) {
        return Err(PolicyError::SidCharacters);
    }
    Ok(())
}

/// What AWS's grammar lets pass and its older parser does not: an `Effect` in another case, a date
/// that is none.
fn legacy_parsing(statement: &DraftStatement<'_>) -> Result<(), PolicyError> {
    if !matches!(statement.effect, "Allow" | "Deny") {
        return Err(PolicyError::LegacyParsing(format!(
            "`Effect` \"{}\" is neither Allow nor Deny",
            statement.effect
        )));
    }
    for condition in &statement.conditions {
        if !matches!(condition.operator.comparison, Comparison::Date(_)) {
            continue;
        }
        if let Some(value) = condition.values.iter().find(|value| !is_legacy_date(value)) {
            return Err(PolicyError::LegacyParsing(format!(
                "`{}` wants \"{value}\" of `{}`, which is no date",
                condition.operator_name, condition.key
            )));
        }
    }
    Ok(())
}

/// Whether AWS's older parser takes the text for a date.
///
/// It is more generous than any comparison: `01T` passes and then matches nothing, which `lint`
/// says.
fn is_legacy_date(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    if !text.contains(['t', '-']) {
        return text.parse().is_ok_and(|seconds: i64| seconds >= 0);
    }
    let (date, time) = text.split_once('t').unwrap_or((&text, ""));
    let (before_christ, date) = match date.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, date),
    };
    let mut parts = date.split('-');
    let within = |text: Option<&str>, from: i64, to: i64| match text {
        None => true,
        Some(digits) => is_digits(digits) && digits.parse().is_ok_and(|n| (from..=to).contains(&n)),
    };
    let last_year = if before_christ {
        292_275_054
    } else {
        292_278_993
    };
    within(parts.next(), 0, last_year)
        && within(parts.next(), 1, 12)
        && within(parts.next(), 1, 31)
        && parts.next().is_none()
        && is_legacy_time(time, within)
}

fn is_legacy_time(text: &str, within: impl Fn(Option<&str>, i64, i64) -> bool) -> bool {
    if text.is_empty() {
        return true;
    }
    let mut parts = text.splitn(3, ':');
    if !within(parts.next(), 0, 23) || !within(parts.next(), 0, 59) {
        return false;
    }
    let Some(rest) = parts.next() else {
        return true;
    };
    let seconds = if let Some(seconds) = rest.strip_suffix('z') {
        seconds
    } else if let Some((seconds, zone)) = rest.split_once(['+', '-']) {
        let (hours, minutes) = match zone.split_once(':') {
            Some((hours, minutes)) => (hours, Some(minutes)),
            None => (zone, None),
        };
        let two = |text: &str| text.len() == 2;
        if !two(hours) || !within(Some(hours), 0, 23) {
            return false;
        }
        if minutes.is_some_and(|minutes| !two(minutes)) || !within(minutes, 0, 59) {
            return false;
        }
        seconds
    } else {
        rest
    };
    let (whole, fraction) = match seconds.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (seconds, None),
    };
    within(Some(whole), 0, 59) && within(fraction, 0, 999_999_999)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn action_format(action: &str) -> Result<(), PolicyError> {
    if action == "*" {
        return Ok(());
    }
    let (vendor, name) = action
        .split_once(':')
        .ok_or(PolicyError::ActionWithoutVendor)?;
    if name.contains(':') {
        return Err(PolicyError::ActionColons);
    }
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if vendor != "*" && !vendor.chars().all(known) {
        return Err(PolicyError::Vendor(vendor.to_owned()));
    }
    Ok(())
}

/// The actions of taking a role, and what STS has besides.
const TRUST_ACTIONS: [&str; 14] = [
    "AssumeRole",
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "AssumeRoot",
    "DecodeAuthorizationMessage",
    "GetAccessKeyInfo",
    "GetCallerIdentity",
    "GetFederationToken",
    "GetServiceBearerToken",
    "GetSessionToken",
    "GetWebIdentityToken",
    "SetContext",
    "SetSourceIdentity",
    "TagSession",
];

/// An STS action by name, or a pattern that covers one; so a misspelt `sts:TagSessions` is refused.
fn trust_action(action: &str) -> Result<(), PolicyError> {
    let (vendor, name) = action.split_once(':').unwrap_or_default();
    let syntax = Syntax {
        wildcards: true,
        variables: false,
    };
    let pattern = Pattern::compile(name, syntax);
    let context = RequestContext::new();
    let covers = |known: &&'static str| pattern.matches(known, Case::Ignored, &context);
    if vendor.eq_ignore_ascii_case("sts") && TRUST_ACTIONS.iter().any(covers) {
        Ok(())
    } else {
        Err(PolicyError::NotAssumeRoleAction)
    }
}

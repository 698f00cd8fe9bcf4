//! A document as its grammar allows it, before anything is checked that has an error text of its
//! own.
//!
//! Both readers start here: [`PolicyDocument::parse`](super::PolicyDocument::parse) takes what is
//! written, and [`validate`](super::validate()) goes on with the IAM API's checks in their order.
//! Every refusal of this file is AWS's `Syntax errors in policy.`

use std::borrow::Cow;
use std::ops::Range;

use super::error::PolicyError;
use super::json::{Json, Node};
use super::operator::Operator;

pub(super) struct Draft<'a> {
    pub(super) version: Option<Version>,
    pub(super) id: Option<&'a str>,
    pub(super) statements: Vec<DraftStatement<'a>>,
}

/// The version of the language, which decides whether `${…}` is a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `2008-10-17`, also where `Version` is absent: no variables.
    V2008,
    /// `2012-10-17`
    V2012,
}

pub(super) struct DraftStatement<'a> {
    /// Where it stands in the text.
    pub(super) span: Range<usize>,
    pub(super) sid: Option<&'a str>,
    /// `Allow` or `Deny` in any case.
    pub(super) effect: &'a str,
    pub(super) principal: Option<DraftPrincipal<'a>>,
    pub(super) actions: Option<DraftList<'a>>,
    pub(super) resources: Option<DraftList<'a>>,
    pub(super) conditions: Vec<DraftCondition<'a>>,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`; may still be empty.
pub(super) struct DraftList<'a> {
    pub(super) negated: bool,
    pub(super) entries: Vec<&'a str>,
}

/// `Principal` or `NotPrincipal`.
pub(super) struct DraftPrincipal<'a> {
    pub(super) negated: bool,
    /// Type, value and where the value stands; the type of a bare `"*"` is `"*"`.
    pub(super) entries: Vec<(&'a str, &'a str, Range<usize>)>,
}

pub(super) struct DraftCondition<'a> {
    pub(super) operator_name: &'a str,
    pub(super) operator: Operator,
    pub(super) key: &'a str,
    pub(super) values: Vec<&'a str>,
}

impl<'a> Draft<'a> {
    pub(super) fn read(root: &'a Node<'a>) -> Result<Self, PolicyError> {
        let mut version = None;
        let mut id = None;
        let mut statements = None;
        for (name, node) in object(root, "the document")? {
            match name.as_ref() {
                "Version" => {
                    version = Some(match string(node, name)? {
                        "2012-10-17" => Version::V2012,
                        "2008-10-17" => Version::V2008,
                        other => {
                            return Err(PolicyError::syntax(format!(
                                "`Version` \"{other}\" does not exist"
                            )));
                        }
                    });
                }
                "Id" => id = Some(string(node, name)?),
                "Statement" => statements = Some(node),
                other => return Err(unknown_element(other)),
            }
        }
        let statements =
            statements.ok_or_else(|| PolicyError::syntax("there is no `Statement`"))?;
        let statements = match &statements.value {
            Json::Array(items) => items
                .iter()
                .map(DraftStatement::read)
                .collect::<Result<Vec<_>, _>>()?,
            _ => vec![DraftStatement::read(statements)?],
        };
        if statements.is_empty() {
            return Err(PolicyError::syntax("`Statement` is empty"));
        }
        Ok(Self {
            version,
            id,
            statements,
        })
    }
}

impl<'a> DraftStatement<'a> {
    fn read(node: &'a Node<'a>) -> Result<Self, PolicyError> {
        let mut sid = None;
        let mut effect = None;
        let mut principal = None;
        let mut actions = None;
        let mut resources = None;
        let mut conditions = Vec::new();
        for (name, node) in object(node, "a statement")? {
            match name.as_ref() {
                "Sid" => sid = Some(string(node, name)?),
                "Effect" => effect = Some(string(node, name)?),
                "Principal" | "NotPrincipal" => once(
                    &mut principal,
                    DraftPrincipal::read(node, name)?,
                    "`Principal` and `NotPrincipal`",
                )?,
                "Action" | "NotAction" => once(
                    &mut actions,
                    DraftList::read(node, name)?,
                    "`Action` and `NotAction`",
                )?,
                "Resource" | "NotResource" => once(
                    &mut resources,
                    DraftList::read(node, name)?,
                    "`Resource` and `NotResource`",
                )?,
                "Condition" => conditions = read_conditions(node)?,
                other => return Err(unknown_element(other)),
            }
        }
        let effect = effect.ok_or_else(|| PolicyError::syntax("a statement has no `Effect`"))?;
        if !effect.eq_ignore_ascii_case("Allow") && !effect.eq_ignore_ascii_case("Deny") {
            return Err(PolicyError::syntax(format!(
                "`Effect` \"{effect}\" is neither Allow nor Deny"
            )));
        }
        Ok(Self {
            span: node.span.clone(),
            sid,
            effect,
            principal,
            actions,
            resources,
            conditions,
        })
    }
}

impl<'a> DraftList<'a> {
    fn read(node: &'a Node<'a>, name: &str) -> Result<Self, PolicyError> {
        let entries = match &node.value {
            Json::Array(items) => items
                .iter()
                .map(|item| string(item, name))
                .collect::<Result<_, _>>()?,
            _ => vec![string(node, name)?],
        };
        Ok(Self {
            negated: name.starts_with("Not"),
            entries,
        })
    }
}

impl<'a> DraftPrincipal<'a> {
    fn read(node: &'a Node<'a>, name: &str) -> Result<Self, PolicyError> {
        let mut entries = Vec::new();
        match &node.value {
            Json::String(text) if text == "*" => entries.push(("*", "*", node.span.clone())),
            Json::Object(members) => {
                for (principal_type, values) in members {
                    if !matches!(
                        principal_type.as_ref(),
                        "AWS" | "Federated" | "Service" | "CanonicalUser"
                    ) {
                        return Err(PolicyError::syntax(format!(
                            "`{name}` has the unknown type \"{principal_type}\""
                        )));
                    }
                    let values = match &values.value {
                        Json::Array(items) => items.as_slice(),
                        _ => std::slice::from_ref(values),
                    };
                    if values.is_empty() {
                        return Err(PolicyError::syntax(format!("`{name}` has an empty list")));
                    }
                    for value in values {
                        entries.push((
                            principal_type.as_ref(),
                            string(value, name)?,
                            value.span.clone(),
                        ));
                    }
                }
            }
            _ => {}
        }
        if entries.is_empty() {
            return Err(PolicyError::syntax(format!(
                "`{name}` is neither \"*\" nor an object of principals"
            )));
        }
        Ok(Self {
            negated: name.starts_with("Not"),
            entries,
        })
    }
}

fn read_conditions<'a>(node: &'a Node<'a>) -> Result<Vec<DraftCondition<'a>>, PolicyError> {
    let mut conditions = Vec::new();
    for (operator_name, block) in object(node, "`Condition`")? {
        let keys = object(block, &format!("`{operator_name}`"))?;
        // An operator that compares nothing is always true, even one that does not exist.
        if keys.is_empty() {
            continue;
        }
        let operator = Operator::parse(operator_name).ok_or_else(|| {
            PolicyError::syntax(format!("the operator \"{operator_name}\" does not exist"))
        })?;
        for (key, values) in keys {
            let values = match &values.value {
                Json::Array(items) => items.as_slice(),
                _ => std::slice::from_ref(values),
            };
            conditions.push(DraftCondition {
                operator_name,
                operator,
                key,
                values: values
                    .iter()
                    .map(|value| scalar(value, key))
                    .collect::<Result<_, _>>()?,
            });
        }
    }
    Ok(conditions)
}

fn object<'a>(
    node: &'a Node<'a>,
    what: &str,
) -> Result<&'a [(Cow<'a, str>, Node<'a>)], PolicyError> {
    match &node.value {
        Json::Object(members) => Ok(members),
        _ => Err(PolicyError::syntax(format!("{what} is not an object"))),
    }
}

fn string<'a>(node: &'a Node<'a>, name: &str) -> Result<&'a str, PolicyError> {
    node.as_str()
        .ok_or_else(|| PolicyError::syntax(format!("`{name}` holds something that is no string")))
}

/// A value of a condition: a string, or the JSON text of a number or a boolean.
fn scalar<'a>(node: &'a Node<'a>, key: &str) -> Result<&'a str, PolicyError> {
    match &node.value {
        Json::String(text) => Ok(text),
        Json::Number(text) => Ok(text),
        Json::Bool(true) => Ok("true"),
        Json::Bool(false) => Ok("false"),
        Json::Null | Json::Array(_) | Json::Object(_) => Err(PolicyError::syntax(format!(
            "the condition on `{key}` wants something that is no string, number or boolean"
        ))),
    }
}

fn once<T>(slot: &mut Option<T>, value: T, pair: &str) -> Result<(), PolicyError> {
    if slot.is_some() {
        return Err(PolicyError::syntax(format!("a statement has both {pair}")));
    }
    *slot = Some(value);
    Ok(())
}

fn unknown_element(name: &str) -> PolicyError {
    PolicyError::syntax(format!("the element `{name}` does not exist"))
}

//! A policy document: what was written, byte for byte, and the form that is judged.

use std::ops::Range;

use super::arn::{ResourceName, ResourcePattern, ShortArn};
use super::condition::Condition;
use super::context::RequestContext;
use super::draft::{Draft, DraftStatement, Version};
use super::error::PolicyError;
use super::json::{self, Node};
use super::pattern::{Case, Pattern, Syntax};
use super::principal::{PrincipalElement, PrincipalEntry};

/// What a document is attached to, which decides the elements it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    /// A permissions policy, session policy or boundary: `Resource`, and no `Principal`.
    Identity,
    /// A role's trust policy: `Principal`, and no `Resource`.
    Trust,
    /// Any other resource's policy: `Principal` and `Resource`.
    Resource,
}

/// What a statement does to the requests it applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Effect {
    /// Permits, unless something denies.
    Allow,
    /// Refuses, whatever permits.
    Deny,
}

/// A policy document that has been read.
#[derive(Debug, Clone)]
pub struct PolicyDocument {
    source: Box<str>,
    version: Version,
    id: Option<Box<str>>,
    statements: Vec<Statement>,
}

/// One statement of a document, its patterns compiled.
#[derive(Debug, Clone)]
pub struct Statement {
    span: Range<usize>,
    sid: Option<Box<str>>,
    effect: Effect,
    principal: Option<PrincipalElement>,
    actions: ActionElement,
    resources: Option<ResourceElement>,
    conditions: Vec<Condition>,
}

/// `Action` or `NotAction`.
#[derive(Debug, Clone)]
pub(super) struct ActionElement {
    pub(super) negated: bool,
    pub(super) patterns: Vec<(Box<str>, Pattern)>,
}

/// `Resource` or `NotResource`.
#[derive(Debug, Clone)]
pub(super) struct ResourceElement {
    pub(super) negated: bool,
    pub(super) patterns: Vec<(Box<str>, ResourcePattern)>,
}

impl PolicyDocument {
    /// Reads a document as it is written: the grammar must hold, the IAM API's further checks are
    /// not made.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        Self::compile(&Draft::read(&read_json(text)?)?, text, 0)
    }

    /// As [`PolicyDocument::parse`], for a document inside a larger text.
    pub(super) fn from_node(node: &Node<'_>, text: &str) -> Result<Self, PolicyError> {
        let source = text.get(node.span.clone()).unwrap_or_default();
        Self::compile(&Draft::read(node)?, source, node.span.start)
    }

    /// Compiles a draft. `start` is where `source` begins in the text that the draft's spans count
    /// in.
    pub(super) fn compile(
        draft: &Draft<'_>,
        source: &str,
        start: usize,
    ) -> Result<Self, PolicyError> {
        let version = draft.version.unwrap_or(Version::V2008);
        let statements = draft
            .statements
            .iter()
            .map(|statement| Statement::compile(statement, version, start))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            source: source.into(),
            version,
            id: draft.id.map(Into::into),
            statements,
        })
    }

    /// The document as it was sent.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The version of the language it is written in.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The `Id` element.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The statements in the order they are written.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// All entries of all `Principal` elements, for resolving users and roles when a trust policy
    /// is saved.
    pub fn principals(&self) -> impl Iterator<Item = &PrincipalEntry> {
        self.statements
            .iter()
            .filter_map(|statement| statement.principal.as_ref())
            .flat_map(|element| &element.entries)
    }

    /// Ties the users and roles that the document names to the unique ids they had when it was
    /// saved.
    ///
    /// From then on those entries compare by id alone, so a new principal of an old name is not
    /// covered.
    #[must_use]
    pub fn with_principal_ids<'i>(mut self, id_of: impl Fn(&str) -> Option<&'i str>) -> Self {
        for statement in &mut self.statements {
            let entries = statement.principal.iter_mut();
            for entry in entries.flat_map(|element| &mut element.entries) {
                if entry.is_user_or_role_arn()
                    && let Some(id) = id_of(&entry.text)
                {
                    entry.bind(id);
                }
            }
        }
        self
    }

    /// The source with some users and roles shown by another name: a deleted principal is shown by
    /// its unique id.
    pub fn source_showing<'i>(&self, shown_as: impl Fn(&str) -> Option<&'i str>) -> String {
        let mut replaced = String::with_capacity(self.source.len());
        let mut copied = 0;
        // Members of an object may stand in any order, so the spans do, too.
        let mut entries: Vec<_> = self
            .principals()
            .filter(|entry| entry.is_user_or_role_arn())
            .filter_map(|entry| shown_as(&entry.text).map(|name| (entry.span.clone(), name)))
            .collect();
        entries.sort_by_key(|(span, _)| span.start);
        for (span, name) in entries {
            replaced.push_str(self.source.get(copied..span.start).unwrap_or_default());
            replaced.push_str(&serde_json::Value::from(name).to_string());
            copied = span.end;
        }
        replaced.push_str(self.source.get(copied..).unwrap_or_default());
        replaced
    }
}

/// Reads a text that must be one document and nothing else.
pub(super) fn read_json(text: &str) -> Result<Node<'_>, PolicyError> {
    let parsed = json::parse(text)
        .map_err(|error| PolicyError::syntax(format!("this is not JSON: {error}")))?;
    match parsed.duplicate {
        Some(name) => Err(PolicyError::syntax(format!(
            "the member \"{name}\" is there twice"
        ))),
        None => Ok(parsed.root),
    }
}

impl Statement {
    fn compile(
        draft: &DraftStatement<'_>,
        version: Version,
        start: usize,
    ) -> Result<Self, PolicyError> {
        let variables = version == Version::V2012;
        let effect = match draft.effect {
            "Allow" => Effect::Allow,
            "Deny" => Effect::Deny,
            other => {
                return Err(PolicyError::syntax(format!(
                    "`Effect` \"{other}\" is neither Allow nor Deny"
                )));
            }
        };
        let actions = draft.actions.as_ref().filter(|a| !a.entries.is_empty());
        let actions = actions.ok_or(PolicyError::NoActions)?;
        if matches!(&draft.resources, Some(resources) if resources.entries.is_empty()) {
            return Err(PolicyError::NoResources);
        }
        let action_syntax = Syntax {
            wildcards: true,
            variables: false,
        };
        Ok(Self {
            span: draft.span.start - start..draft.span.end - start,
            sid: draft.sid.map(Into::into),
            effect,
            principal: draft.principal.as_ref().map(|principal| PrincipalElement {
                negated: principal.negated,
                entries: principal
                    .entries
                    .iter()
                    .filter_map(|(principal_type, text, span)| {
                        let span = span.start - start..span.end - start;
                        match *principal_type {
                            "*" => Some(PrincipalEntry::everyone(span)),
                            known => PrincipalEntry::new(known, text, span),
                        }
                    })
                    .collect(),
            }),
            actions: ActionElement {
                negated: actions.negated,
                patterns: actions
                    .entries
                    .iter()
                    .map(|entry| ((*entry).into(), Pattern::compile(entry, action_syntax)))
                    .collect(),
            },
            resources: draft.resources.as_ref().map(|resources| ResourceElement {
                negated: resources.negated,
                patterns: resources
                    .entries
                    .iter()
                    .map(|entry| ((*entry).into(), ResourcePattern::compile(entry, variables)))
                    .collect(),
            }),
            conditions: draft
                .conditions
                .iter()
                .map(|condition| {
                    Condition::compile(
                        condition.operator_name,
                        condition.operator,
                        condition.key,
                        &condition.values,
                        variables,
                    )
                })
                .collect(),
        })
    }

    /// Where the statement stands in the document's source, in bytes.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The `Sid` element.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// Whether the statement allows or denies.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The conditions, all of which must hold.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    pub(super) fn principal(&self) -> Option<&PrincipalElement> {
        self.principal.as_ref()
    }

    pub(super) fn actions(&self) -> &ActionElement {
        &self.actions
    }

    pub(super) fn resources(&self) -> Option<&ResourceElement> {
        self.resources.as_ref()
    }

    /// Whether the statement speaks of the action.
    pub(super) fn covers_action(&self, action: &str, context: &RequestContext) -> bool {
        let named = |(_, pattern): &(_, Pattern)| pattern.matches(action, Case::Ignored, context);
        self.actions.patterns.iter().any(named) != self.actions.negated
    }

    /// Whether the statement speaks of the resource.
    ///
    /// One without `Resource`, where there must be one, fails closed: an Allow speaks of nothing,
    /// a Deny of everything.
    pub(super) fn covers_resource(
        &self,
        resource: ResourceName<'_>,
        short: ShortArn,
        context: &RequestContext,
    ) -> bool {
        let Some(element) = &self.resources else {
            return self.effect == Effect::Deny;
        };
        let named = |(_, pattern): &(_, ResourcePattern)| pattern.matches(resource, short, context);
        if !element.negated {
            return element.patterns.iter().any(named);
        }
        // An entry that is null excludes something we cannot know. An Allow must not reach into it;
        // a Deny reaches everywhere else.
        if self.effect == Effect::Allow
            && element
                .patterns
                .iter()
                .any(|(_, pattern)| pattern.is_null(context))
        {
            return false;
        }
        !element.patterns.iter().any(named)
    }
}

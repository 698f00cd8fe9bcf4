//! Which statements apply to a request, and what a set of documents says about it.
//!
//! A statement applies when its principal (where the document has one), action, resource (not in a
//! trust policy) and all its conditions match. Every statement is looked at for a Deny; the order
//! of statements and documents never matters.

use std::borrow::Cow;

use super::arn::{ResourceName, ShortArn};
use super::document::{Effect, Statement};
use super::outcome::StatementRef;
use super::principal::Coverage;
use super::request::{NamedPolicy, Policies, PolicySource, Request};

/// What one set of documents says.
#[derive(Default)]
pub(super) struct Verdict<'a> {
    pub(super) deny: Option<StatementRef<'a>>,
    pub(super) allow: Option<(Coverage, StatementRef<'a>)>,
}

/// A request as the statements see it.
pub(super) struct View<'r> {
    request: &'r Request<'r>,
    resource: ResourceName<'r>,
    has_boundary: bool,
    trust: bool,
}

impl<'r> View<'r> {
    pub(super) fn new(request: &'r Request<'_>, policies: &Policies<'_>) -> Self {
        Self {
            request,
            resource: ResourceName::new(request.resource),
            has_boundary: policies.boundary.is_some(),
            trust: policies.resource_is_trust,
        }
    }

    /// What the resource's policy is.
    pub(super) fn resource_source(&self) -> PolicySource {
        if self.trust {
            PolicySource::Trust
        } else {
            PolicySource::Resource
        }
    }

    pub(super) fn same_account(&self) -> bool {
        let owner = self
            .request
            .resource_account
            .filter(|account| !account.is_empty())
            .or(self.resource.account());
        match (self.request.caller.account(), owner) {
            (Some(caller), Some(owner)) => caller == owner,
            (Some(_), None) => true,
            (None, _) => false,
        }
    }

    pub(super) fn judge<'a>(
        &self,
        source: PolicySource,
        policies: &[NamedPolicy<'a>],
    ) -> Verdict<'a> {
        let mut verdict = Verdict::default();
        for policy in policies {
            for (index, statement) in policy.document.statements().iter().enumerate() {
                // An Allow that cannot improve on the one we have need not be looked at; a Deny
                // always must.
                let enough = matches!(verdict.allow, Some((Coverage::Direct, _)));
                if statement.effect() == Effect::Allow && enough {
                    continue;
                }
                let Some(coverage) = self.applies(statement, source) else {
                    continue;
                };
                let found = || StatementRef {
                    source,
                    policy: Cow::Borrowed(policy.name),
                    index,
                    sid: statement.sid().map(Cow::Borrowed),
                };
                match statement.effect() {
                    Effect::Deny => {
                        verdict.deny = Some(found());
                        return verdict;
                    }
                    Effect::Allow => {
                        if verdict
                            .allow
                            .as_ref()
                            .is_none_or(|(had, _)| *had < coverage)
                        {
                            verdict.allow = Some((coverage, found()));
                        }
                    }
                }
            }
        }
        verdict
    }

    /// How the statement covers the caller, if it applies at all.
    fn applies(&self, statement: &Statement, source: PolicySource) -> Option<Coverage> {
        let context = self.request.context;
        if !self.covers_action(statement) {
            return None;
        }
        let coverage = self.coverage(statement, source)?;
        let holds = self.covers_resource(statement, source)
            && statement
                .conditions()
                .iter()
                .all(|condition| condition.holds(context));
        holds.then_some(coverage)
    }

    pub(super) fn covers_action(&self, statement: &Statement) -> bool {
        statement.covers_action(self.request.action, self.request.context)
    }

    /// How the statement covers the caller. `Principal` in an identity document is ignored: whose
    /// policy it is says who is meant. A statement without `Principal` in any other covers nobody.
    pub(super) fn coverage(&self, statement: &Statement, source: PolicySource) -> Option<Coverage> {
        if !source.has_principal() {
            return Some(Coverage::Direct);
        }
        let element = statement.principal()?;
        if element.negated {
            match statement.effect() {
                // Not accepted when a trust policy is saved, and so not an opening when it is there
                // nevertheless.
                Effect::Allow if source == PolicySource::Trust => return None,
                // AWS: a Deny with NotPrincipal hits callers with a boundary, whatever the list
                // says.
                Effect::Deny if self.has_boundary => return Some(Coverage::Direct),
                _ => {}
            }
        }
        element.coverage(self.request.caller, source == PolicySource::Trust)
    }

    /// Whether the statement speaks of the resource; a trust policy speaks of its role and nothing
    /// else.
    pub(super) fn covers_resource(&self, statement: &Statement, source: PolicySource) -> bool {
        let short = match source {
            PolicySource::Trust => return true,
            PolicySource::Resource => ShortArn::OnlyWithWildcard,
            _ => ShortArn::Completed,
        };
        statement.covers_resource(self.resource, short, self.request.context)
    }
}

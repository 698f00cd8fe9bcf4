//! A decision taken apart: every statement, every condition, the values wanted and seen.
//!
//! For `policy explain`, `/v1/explain`, the audit trail and the admin pages. It walks the same
//! functions as [`evaluate`](super::evaluate()) and takes the decision from it, so it can add
//! detail but not disagree.

use super::context::{ContextValue, RequestContext};
use super::document::{Effect, Statement};
use super::evaluate::evaluate;
use super::outcome::{Decision, StatementRef, Why};
use super::principal::Coverage;
use super::request::{NamedPolicy, Policies, PolicySource, Request};
use super::view::View;

/// A decision with everything that went into it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// What allowed, or what was missing.
    pub why: Why,
    /// The statement that decided, where one did.
    pub deciding: Option<StatementRef<'static>>,
    /// Who asked.
    pub caller: String,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// All policies in the order they are consulted.
    pub policies: Vec<ExplainedPolicy>,
}

/// One policy of an [`Explanation`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedPolicy {
    /// The part it plays.
    pub source: PolicySource,
    /// Its name.
    pub name: String,
    /// Its statements.
    pub statements: Vec<ExplainedStatement>,
}

/// One statement of an [`Explanation`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedStatement {
    /// Its place in the document, from 0.
    pub index: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// Whether it applies to the request.
    pub applies: bool,
    /// Whether it is the one that decided.
    pub decided: bool,
    /// Whether it names the caller; `None` in documents that name nobody.
    pub principal_matched: Option<bool>,
    /// As what it names the caller.
    pub covered_as: Option<Coverage>,
    /// Whether it speaks of the action.
    pub action_matched: bool,
    /// Whether it speaks of the resource; `None` in a trust policy.
    pub resource_matched: Option<bool>,
    /// Its conditions.
    pub conditions: Vec<ExplainedCondition>,
}

/// One condition of an [`Explanation`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedCondition {
    /// The operator as written.
    pub operator: String,
    /// The key as written.
    pub key: String,
    /// The values of the policy.
    pub wanted: Vec<ExplainedValue>,
    /// The values of the request; `None` when the key is absent.
    pub seen: Option<Vec<String>>,
    /// Whether the key is multivalued, so that it needs a set operator.
    pub multivalued: bool,
    /// Whether the condition is satisfied.
    pub held: bool,
}

/// A value of a policy, before and after substitution.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedValue {
    /// As written.
    pub written: String,
    /// With its variables replaced; `None` when one of them has no value, so that nothing matches.
    pub substituted: Option<String>,
}

/// Explains the decision that [`evaluate`] takes.
pub fn explain(request: &Request<'_>, policies: &Policies<'_>) -> Explanation {
    let outcome = evaluate(request, policies);
    let deciding = outcome.deciding.map(StatementRef::into_owned);
    let view = View::new(request, policies);
    let explain_policy = |source: PolicySource, policy: &NamedPolicy<'_>| {
        let statements = policy.document.statements().iter().enumerate();
        ExplainedPolicy {
            source,
            name: policy.name.to_owned(),
            statements: statements
                .map(|(index, statement)| {
                    let mut explained = view.explain(statement, source, request.context);
                    explained.index = index;
                    explained.decided = deciding.as_ref().is_some_and(|deciding| {
                        deciding.source == source
                            && deciding.policy == policy.name
                            && deciding.index == index
                            && explained.applies
                    });
                    explained
                })
                .collect(),
        }
    };
    let identity = policies.identity.iter();
    let identity = identity.map(|policy| explain_policy(PolicySource::Identity, policy));
    let boundary = policies.boundary.iter();
    let boundary = boundary.map(|policy| explain_policy(PolicySource::Boundary, policy));
    let session = policies.session.unwrap_or_default().iter();
    let session = session.map(|policy| explain_policy(PolicySource::Session, policy));
    let resource = policies.resource.iter();
    let resource = resource.map(|policy| explain_policy(view.resource_source(), policy));
    let all = identity.chain(boundary).chain(session).chain(resource);
    let explained = all.collect();
    Explanation {
        decision: outcome.decision,
        why: outcome.why,
        deciding,
        caller: request.caller.name().to_owned(),
        action: request.action.to_owned(),
        resource: request.resource.to_owned(),
        policies: explained,
    }
}

impl View<'_> {
    fn explain(
        &self,
        statement: &Statement,
        source: PolicySource,
        context: &RequestContext,
    ) -> ExplainedStatement {
        let covered_as = self.coverage(statement, source);
        let action_matched = self.covers_action(statement);
        let resource_matched = self.covers_resource(statement, source);
        let conditions: Vec<_> = statement
            .conditions()
            .iter()
            .map(|condition| {
                let seen = condition.seen(context);
                ExplainedCondition {
                    operator: condition.operator_name().to_owned(),
                    key: condition.key().to_owned(),
                    wanted: condition
                        .wanted()
                        .iter()
                        .map(|value| ExplainedValue {
                            written: value.written.to_string(),
                            substituted: value.substituted(context),
                        })
                        .collect(),
                    seen: seen.map(|seen| seen.values().to_vec()),
                    multivalued: matches!(seen, Some(ContextValue::Many(_))),
                    held: condition.holds(context),
                }
            })
            .collect();
        let named = source.has_principal();
        ExplainedStatement {
            index: 0,
            sid: statement.sid().map(ToOwned::to_owned),
            effect: statement.effect(),
            applies: covered_as.is_some()
                && action_matched
                && resource_matched
                && conditions.iter().all(|condition| condition.held),
            decided: false,
            principal_matched: named.then_some(covered_as.is_some()),
            covered_as: covered_as.filter(|_| named),
            action_matched,
            resource_matched: (source != PolicySource::Trust).then_some(resource_matched),
            conditions,
        }
    }
}

/// The Allow statement of a trust or resource policy that came closest to letting the caller in.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NearestRefusal {
    /// The name of the policy.
    pub policy: String,
    /// The statement's place in it, from 0.
    pub index: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// Whether it speaks of the action.
    pub action_matched: bool,
    /// Whether it speaks of the resource; always in a trust policy.
    pub resource_matched: bool,
    /// The conditions that did not hold.
    pub failing: Vec<ExplainedCondition>,
}

/// Finds the statement to tell a refused caller about; `None` when the request was allowed, or when
/// no statement of the trust or resource policy names the caller at all. Such a caller is
/// unrelated, and learns nothing.
pub fn nearest_refusal(explanation: &Explanation) -> Option<NearestRefusal> {
    if explanation.decision == Decision::Allowed {
        return None;
    }
    let policies = explanation.policies.iter();
    let naming = policies
        .filter(|policy| policy.source.has_principal())
        .flat_map(|policy| policy.statements.iter().map(move |s| (policy, s)))
        .filter(|(_, s)| s.effect == Effect::Allow && s.principal_matched == Some(true));
    let (policy, nearest) = naming.min_by_key(|(_, s)| {
        let failing = s.conditions.iter().filter(|condition| !condition.held);
        (
            !s.action_matched,
            s.resource_matched == Some(false),
            failing.count(),
        )
    })?;
    Some(NearestRefusal {
        policy: policy.name.clone(),
        index: nearest.index,
        sid: nearest.sid.clone(),
        action_matched: nearest.action_matched,
        resource_matched: nearest.resource_matched != Some(false),
        failing: nearest
            .conditions
            .iter()
            .filter(|condition| !condition.held)
            .cloned()
            .collect(),
    })
}

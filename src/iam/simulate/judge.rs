//! One simulated request, judged and told.

use crate::aws::arn::Arn;
use crate::aws::xml::{Fields, Node};
use crate::policy::{
    self, Caller, Decision, Effect, ExplainedPolicy, Explanation, NamedPolicy, Policies,
    PolicySource, Request, RequestContext,
};

use super::{Source, Sources};

/// Everything about a simulation but the action and the resource.
pub(super) struct Judge {
    pub(super) caller: Caller,
    pub(super) sources: Sources,
    pub(super) resource_policy: Option<Source>,
    pub(super) resource_owner: Option<String>,
    pub(super) context: RequestContext,
}

impl Judge {
    /// One `EvaluationResult`. For a resource that is named, what concerns it is told a second time in the part that is its
    /// own, and what context is missing there alone.
    pub(super) fn result(&self, action: &str, resource: &str) -> Node {
        let owner = self.owner(resource);
        let explanation = self.explain(action, resource, &owner);
        let decision = || Node::text(explanation.decision.as_str());
        let matched = || Node::List(self.matched(&explanation));
        let missing = Node::List(self.missing(&explanation));
        let boundary = self.boundary(&explanation);
        let named = resource != "*";
        let details = match (named, self.details(&explanation, action, resource, &owner)) {
            (false, _) => Node::Absent,
            (true, details) => Node::Map(details),
        };
        let mut fields = vec![
            ("EvalActionName", Node::text(action)),
            ("EvalResourceName", Node::text(resource)),
            ("EvalDecision", decision()),
            ("MatchedStatements", matched()),
        ];
        if !named {
            fields.push(("MissingContextValues", missing));
            fields.push(("PermissionsBoundaryDecisionDetail", boundary));
            return Node::Fields(fields);
        }
        let specific: Fields = vec![
            ("EvalResourceName", Node::text(resource)),
            ("EvalResourceDecision", decision()),
            ("MatchedStatements", matched()),
            ("MissingContextValues", missing),
            ("EvalDecisionDetails", details.clone()),
            ("PermissionsBoundaryDecisionDetail", boundary.clone()),
        ];
        fields.push(("MissingContextValues", Node::List(Vec::new())));
        fields.push(("PermissionsBoundaryDecisionDetail", boundary));
        fields.push(("EvalDecisionDetails", details));
        let specific = Node::List(vec![Node::Fields(specific)]);
        fields.push(("ResourceSpecificResults", specific));
        Node::Fields(fields)
    }

    /// Whose the resource is. Without a policy of the resource's own there is nothing to ask on its side, and so only the
    /// caller's policies are judged, as within an account.
    fn owner(&self, resource: &str) -> String {
        let own = self.caller.account().unwrap_or_default();
        if self.resource_policy.is_none() {
            return own.to_owned();
        }
        let named = Arn::parse(resource).map(|arn| arn.account);
        let named = named.filter(|account| !account.is_empty());
        let owner = named.or_else(|| self.resource_owner.clone());
        owner.unwrap_or_else(|| own.to_owned())
    }

    fn explain(&self, action: &str, resource: &str, owner: &str) -> Explanation {
        let identity: Vec<_> = self.sources.policies.iter().map(named).collect();
        let policies = Policies {
            identity: &identity,
            resource: self.resource_policy.as_ref().map(named),
            resource_is_trust: false,
            session: None,
            boundary: self.sources.boundary.as_ref().map(named),
        };
        let request = Request {
            caller: &self.caller,
            action,
            resource,
            resource_account: Some(owner),
            context: &self.context,
        };
        policy::explain(&request, &policies)
    }

    /// The documents in the order in which an explanation has them.
    fn documents(&self) -> impl Iterator<Item = &Source> {
        let own = self.sources.policies.iter();
        own.chain(&self.sources.boundary)
            .chain(&self.resource_policy)
    }

    /// The statements that decided: those that deny, or else those that allow. What a boundary allows decides nothing.
    fn matched(&self, explanation: &Explanation) -> Vec<Node> {
        let effect = match explanation.decision {
            Decision::Allowed => Effect::Allow,
            Decision::ExplicitDeny => Effect::Deny,
            Decision::ImplicitDeny => return Vec::new(),
        };
        let mut matched = Vec::new();
        for (source, explained) in self.documents().zip(&explanation.policies) {
            if effect == Effect::Allow && explained.source == PolicySource::Boundary {
                continue;
            }
            for statement in &explained.statements {
                if !statement.applies || statement.effect != effect {
                    continue;
                }
                let statements = source.document.statements();
                let Some(span) = statements.get(statement.index).map(|one| one.span()) else {
                    continue;
                };
                let at = |at: usize| position(source.document.source(), at);
                matched.push(Node::Fields(vec![
                    ("SourcePolicyId", Node::text(&source.id)),
                    ("SourcePolicyType", Node::text(source.kind)),
                    ("StartPosition", at(span.start)),
                    ("EndPosition", at(span.end)),
                ]));
            }
        }
        matched
    }

    /// The keys that are wanted by statements about the action, and that nobody gave.
    fn missing(&self, explanation: &Explanation) -> Vec<Node> {
        let mut missing: Vec<String> = Vec::new();
        for (source, explained) in self.documents().zip(&explanation.policies) {
            for statement in &explained.statements {
                if !statement.action_matched || statement.principal_matched == Some(false) {
                    continue;
                }
                for key in source.document.context_keys_of(statement.index) {
                    let told = missing.iter().any(|one| one.eq_ignore_ascii_case(&key));
                    if self.context.get(&key).is_none() && !told {
                        missing.push(key);
                    }
                }
            }
        }
        missing.into_iter().map(Node::Text).collect()
    }

    fn boundary(&self, explanation: &Explanation) -> Node {
        let is_boundary = |one: &&ExplainedPolicy| one.source == PolicySource::Boundary;
        let Some(boundary) = explanation.policies.iter().find(is_boundary) else {
            return Node::Absent;
        };
        let allowed = says([boundary].into_iter()) == Decision::Allowed;
        Node::Fields(vec![("AllowedByPermissionsBoundary", Node::Flag(allowed))])
    }

    /// Across accounts, what each side says by itself.
    fn details(
        &self,
        explanation: &Explanation,
        action: &str,
        resource: &str,
        owner: &str,
    ) -> Vec<(String, Node)> {
        let own = self.caller.account().unwrap_or_default();
        if owner == own {
            return Vec::new();
        }
        let of_resource = |one: &&ExplainedPolicy| one.source == PolicySource::Resource;
        let theirs = says(explanation.policies.iter().filter(of_resource));
        let ours: Vec<_> = self.sources.policies.iter().map(named).collect();
        let policies = Policies {
            identity: &ours,
            boundary: self.sources.boundary.as_ref().map(named),
            ..Policies::default()
        };
        let request = Request {
            caller: &self.caller,
            action,
            resource,
            resource_account: Some(own),
            context: &self.context,
        };
        let ours = policy::evaluate(&request, &policies).decision;
        let detail =
            |name: &str, decision: Decision| (name.to_owned(), Node::text(decision.as_str()));
        vec![
            detail("IAM Policy", ours),
            detail("Resource Policy", theirs),
        ]
    }
}

fn named(source: &Source) -> NamedPolicy<'_> {
    NamedPolicy {
        name: &source.id,
        document: &source.document,
    }
}

/// What policies say when nobody else is asked.
fn says<'a>(policies: impl Iterator<Item = &'a ExplainedPolicy>) -> Decision {
    let statements = policies.flat_map(|policy| &policy.statements);
    let mut decision = Decision::ImplicitDeny;
    for statement in statements.filter(|statement| statement.applies) {
        match statement.effect {
            Effect::Deny => return Decision::ExplicitDeny,
            Effect::Allow => decision = Decision::Allowed,
        }
    }
    decision
}

/// Line and column of a place in a text, both from 1.
fn position(text: &str, at: usize) -> Node {
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let number = |number: usize| Node::Number(i64::try_from(number).unwrap_or(i64::MAX));
    Node::Fields(vec![("Line", number(line)), ("Column", number(column))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_a_line_and_a_column_of_characters() {
        let at = |line, column| {
            Node::Fields(vec![
                ("Line", Node::Number(line)),
                ("Column", Node::Number(column)),
            ])
        };
        let text = "{\n  \"é\": {}}";
        assert_eq!(position(text, 0), at(1, 1));
        assert_eq!(position(text, text.find("{}").unwrap()), at(2, 8));
        assert_eq!(position(text, text.len()), at(2, 11));
    }
}

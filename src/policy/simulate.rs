//! `policy simulate`: a JSON line in, a JSON line out.
//!
//! A line holds a request and its policies, as written and complete: nothing is added to the
//! context and nothing is derived from the principal. Documents stand as JSON objects or as strings
//! that hold JSON.

use super::caller::Caller;
use super::context::{ContextValue, RequestContext};
use super::document::{PolicyDocument, read_json};
use super::error::PolicyError;
use super::evaluate::evaluate;
use super::explain::{Explanation, explain};
use super::json::{self, Json, Node};
use super::request::{NamedPolicy, Policies, Request};

/// Answers one line: `{"id", "decision"}`, or `{"id", "error"}` when the line is not a request with
/// its policies.
pub fn simulate(line: &str) -> String {
    let parsed = match json::parse(line) {
        Ok(parsed) => parsed,
        Err(error) => return answer("null", "error", &format!("this is not JSON: {error}")),
    };
    let id = parsed
        .root
        .member("id")
        .and_then(|id| line.get(id.span.clone()))
        .unwrap_or("null");
    match Scenario::read(&parsed, line) {
        Ok(scenario) => scenario.with(|request, policies| {
            answer(
                id,
                "decision",
                evaluate(request, policies).decision.as_str(),
            )
        }),
        Err(error) => answer(id, "error", &error.to_string()),
    }
}

/// Explains the decision on one such object, for `policy explain`.
pub fn explain_scenario(text: &str) -> Result<Explanation, ScenarioError> {
    let parsed =
        json::parse(text).map_err(|error| ScenarioError(format!("this is not JSON: {error}")))?;
    Ok(Scenario::read(&parsed, text)?.with(explain))
}

/// Why a text is not a request with its policies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScenarioError(String);

fn answer(id: &str, member: &str, text: &str) -> String {
    format!(
        "{{\"id\":{id},\"{member}\":{}}}",
        serde_json::Value::from(text)
    )
}

/// A request and its policies, read.
struct Scenario<'a> {
    caller: Caller,
    action: &'a str,
    resource: &'a str,
    resource_account: Option<&'a str>,
    context: RequestContext,
    identity: Vec<PolicyDocument>,
    resource_policy: Option<PolicyDocument>,
    trust_policy: Option<PolicyDocument>,
    session: Vec<PolicyDocument>,
    boundary: Option<PolicyDocument>,
}

impl<'a> Scenario<'a> {
    fn read(parsed: &'a json::Parsed<'a>, text: &str) -> Result<Self, ScenarioError> {
        if let Some(name) = &parsed.duplicate {
            return Err(ScenarioError(format!(
                "the member \"{name}\" is there twice"
            )));
        }
        let root = &parsed.root;
        if !matches!(root.value, Json::Object(_)) {
            return Err(ScenarioError("this is not an object".to_owned()));
        }
        let request = present(root, "request").ok_or_else(|| missing("request"))?;
        if !matches!(request.value, Json::Object(_)) {
            return Err(wrong("request", "an object"));
        }
        let principal = present(request, "principal").ok_or_else(|| missing("principal"))?;
        let caller = Caller::from_principal_json(principal).ok_or_else(|| {
            wrong(
                "principal",
                "the ARN of a caller, {\"Federated\": ...}, {\"Service\": ...} or \"anonymous\"",
            )
        })?;
        let resource_policy = document(root, "resourcePolicy", text)?;
        let trust_policy = document(root, "trustPolicy", text)?;
        if resource_policy.is_some() && trust_policy.is_some() {
            return Err(ScenarioError(
                "there are both `resourcePolicy` and `trustPolicy`".to_owned(),
            ));
        }
        let identity = match present(root, "identityPolicies") {
            None => Vec::new(),
            Some(node) => match &node.value {
                Json::Array(items) => documents(items, "identityPolicies", text)?,
                _ => return Err(wrong("identityPolicies", "a list")),
            },
        };
        let session = match present(root, "sessionPolicy") {
            None => Vec::new(),
            Some(node) => match &node.value {
                Json::Array(items) => documents(items, "sessionPolicy", text)?,
                _ => documents(std::slice::from_ref(node), "sessionPolicy", text)?,
            },
        };
        Ok(Self {
            caller,
            action: text_member(request, "action")?.ok_or_else(|| missing("action"))?,
            resource: text_member(request, "resource")?.ok_or_else(|| missing("resource"))?,
            resource_account: text_member(request, "resourceAccount")?,
            context: context(request)?,
            identity,
            resource_policy,
            trust_policy,
            session,
            boundary: document(root, "boundary", text)?,
        })
    }

    fn with<T>(&self, judge: impl FnOnce(&Request<'_>, &Policies<'_>) -> T) -> T {
        let numbered = |name: &str, documents: &[PolicyDocument]| -> Vec<String> {
            let all = 0..documents.len();
            all.map(|index| format!("{name}[{index}]")).collect()
        };
        let identity_names = numbered("identityPolicies", &self.identity);
        let session_names = numbered("sessionPolicy", &self.session);
        let identity = named_all(&identity_names, &self.identity);
        let session = named_all(&session_names, &self.session);
        let resource = self.resource_policy.as_ref();
        let resource = resource.map(|d| named("resourcePolicy", d));
        let trust = self.trust_policy.as_ref();
        let trust = trust.map(|d| named("trustPolicy", d));
        let request = Request {
            caller: &self.caller,
            action: self.action,
            resource: self.resource,
            resource_account: self.resource_account,
            context: &self.context,
        };
        let policies = Policies {
            identity: &identity,
            resource_is_trust: trust.is_some(),
            resource: resource.or(trust),
            session: (!session.is_empty()).then_some(&session),
            boundary: self.boundary.as_ref().map(|d| named("boundary", d)),
        };
        judge(&request, &policies)
    }
}

fn named<'a>(name: &'a str, document: &'a PolicyDocument) -> NamedPolicy<'a> {
    NamedPolicy { name, document }
}

fn named_all<'a>(names: &'a [String], documents: &'a [PolicyDocument]) -> Vec<NamedPolicy<'a>> {
    let both = names.iter().zip(documents);
    both.map(|(name, document)| named(name, document)).collect()
}

/// A member that is there and not null.
fn present<'a>(object: &'a Node<'a>, name: &str) -> Option<&'a Node<'a>> {
    object
        .member(name)
        .filter(|node| !matches!(node.value, Json::Null))
}

fn text_member<'a>(object: &'a Node<'a>, name: &str) -> Result<Option<&'a str>, ScenarioError> {
    present(object, name)
        .map(|node| node.as_str().ok_or_else(|| wrong(name, "a string")))
        .transpose()
}

fn context(request: &Node<'_>) -> Result<RequestContext, ScenarioError> {
    let mut context = RequestContext::new();
    let Some(node) = present(request, "context") else {
        return Ok(context);
    };
    let Json::Object(members) = &node.value else {
        return Err(wrong("context", "an object"));
    };
    for (key, node) in members {
        let kind = || wrong(key, "a string or a list of strings");
        let value = match &node.value {
            Json::String(text) => ContextValue::One(text.to_string()),
            Json::Array(items) => ContextValue::Many(
                items
                    .iter()
                    .map(|item| item.as_str().map(ToOwned::to_owned).ok_or_else(kind))
                    .collect::<Result<_, _>>()?,
            ),
            _ => return Err(kind()),
        };
        if context.insert(key, value).is_some() {
            return Err(ScenarioError(format!(
                "the context has the key \"{key}\" in two spellings"
            )));
        }
    }
    Ok(context)
}

fn document(
    root: &Node<'_>,
    name: &str,
    text: &str,
) -> Result<Option<PolicyDocument>, ScenarioError> {
    present(root, name)
        .map(|node| read_document(node, text).map_err(|error| malformed(name, &error)))
        .transpose()
}

fn documents(
    items: &[Node<'_>],
    name: &str,
    text: &str,
) -> Result<Vec<PolicyDocument>, ScenarioError> {
    items
        .iter()
        .map(|node| read_document(node, text).map_err(|error| malformed(name, &error)))
        .collect()
}

fn read_document(node: &Node<'_>, text: &str) -> Result<PolicyDocument, PolicyError> {
    match node.as_str() {
        Some(inner) => PolicyDocument::from_node(&read_json(inner)?, inner),
        None => PolicyDocument::from_node(node, text),
    }
}

fn malformed(name: &str, error: &PolicyError) -> ScenarioError {
    ScenarioError(format!("`{name}` is malformed: {}", error.detail()))
}

fn missing(name: &str) -> ScenarioError {
    ScenarioError(format!("there is no `{name}`"))
}

fn wrong(name: &str, wanted: &str) -> ScenarioError {
    ScenarioError(format!("`{name}` is not {wanted}"))
}

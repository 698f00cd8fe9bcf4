//! *Try it*: what the policies of a role decide about one request, with every statement and condition.

use crate::access::Call;
use crate::http::console::permissions::{Hold, Permissions};
use crate::http::form::Link;
use crate::policy::{
    self, Caller, Decision, Effect, ExplainedCondition, ExplainedStatement, Explanation,
    NamedPolicy, Policies, PolicySource, Request, RequestContext, Why,
};
use crate::store::roles::Role;

/// The form, as it was filled in, and what came of it.
#[derive(Clone, Debug, Default)]
pub struct Trial {
    /// `s3:GetObject`.
    pub action: String,
    /// The ARN of what it is done to.
    pub resource: String,
    /// Condition keys, one a line.
    pub keys: String,
    /// What is wrong with the form.
    pub problem: Option<String>,
    /// The decision.
    pub verdict: Option<Verdict>,
}

/// A decision for reading.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Whether the request would be allowed.
    pub allowed: bool,
    /// Why, in a sentence.
    pub why: String,
    /// The statements that speak of the action.
    pub statements: Vec<Tried>,
    /// How many do not.
    pub others: usize,
    /// The keys that were added to those of the form.
    pub added: Vec<(String, String)>,
}

/// A statement and how it came out.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The policy, and the statement's place in it.
    pub title: String,
    /// It decided.
    pub decided: bool,
    /// Its effect, and whether it applies.
    pub outcome: &'static str,
    /// Whether it applies.
    pub applies: bool,
    /// Whether it speaks of the resource.
    pub resource_matched: bool,
    /// Its conditions.
    pub conditions: Vec<TriedCondition>,
}

/// A condition and how it came out.
#[derive(Clone, Debug)]
pub struct TriedCondition {
    /// Whether it holds.
    pub held: bool,
    /// The condition key.
    pub key: String,
    /// The operator.
    pub operator: String,
    /// The values it wants.
    pub wanted: String,
    /// The values of the request; empty where the key is absent.
    pub seen: String,
}

/// Reads the form and asks the policies.
pub fn try_it(call: &Call, role: &Role, permissions: &Permissions, link: &Link) -> Trial {
    let field = |name| link.get(name).unwrap_or_default().trim().to_owned();
    let mut trial = Trial {
        action: field("action"),
        resource: field("resource"),
        keys: field("keys"),
        ..Trial::default()
    };
    if link.get("action").is_none() || !permissions.complete() {
        return trial;
    }
    if trial.resource.is_empty() {
        trial.resource = "*".to_owned();
    }
    match read(&trial) {
        Err(problem) => trial.problem = Some(problem),
        Ok(keys) => trial.verdict = Some(decide(call, role, permissions, &trial, keys)),
    }
    trial
}

type Keys = Vec<(String, Vec<String>, bool)>;

/// The keys of the form: `name = value`, one a line; a key that is there twice, or that ends in `[]`, is a list.
fn read(trial: &Trial) -> Result<Keys, String> {
    match trial.action.split_once(':') {
        Some((service, name)) if !service.is_empty() && !name.is_empty() => {}
        _ => return Err("An action is a service and a name, like s3:GetObject.".to_owned()),
    }
    let mut keys: Keys = Vec::new();
    for line in trial.keys.lines().map(str::trim) {
        if line.is_empty() {
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            return Err(format!(
                "\"{line}\" is no condition key: write name = value."
            ));
        };
        let (name, value) = (name.trim(), value.trim().to_owned());
        let (name, list) = match name.strip_suffix("[]") {
            Some(name) => (name, true),
            None => (name, false),
        };
        match keys.iter_mut().find(|key| key.0.eq_ignore_ascii_case(name)) {
            Some(known) => {
                known.1.push(value);
                known.2 = true;
            }
            None => keys.push((name.to_owned(), vec![value], list)),
        }
    }
    Ok(keys)
}

fn decide(
    call: &Call,
    role: &Role,
    permissions: &Permissions,
    trial: &Trial,
    keys: Keys,
) -> Verdict {
    let session = format!(
        "arn:aws:sts::{}:assumed-role/{}/trial",
        role.account, role.name
    );
    let added = added(call, role, &keys);
    let mut context = RequestContext::new();
    for (name, value) in &added {
        context.set(name, value.clone());
    }
    for (name, mut values, list) in keys {
        match (list, values.pop()) {
            (false, Some(value)) => context.set(&name, value),
            (_, last) => {
                values.extend(last);
                context.set_many(&name, values);
            }
        }
    }
    let identity = permissions.parsed(false);
    let boundary = permissions.parsed(true);
    let named = |(name, document)| NamedPolicy { name, document };
    let identity: Vec<_> = identity
        .iter()
        .map(|(n, d)| named((n.as_str(), d)))
        .collect();
    let policies = Policies {
        identity: &identity,
        boundary: boundary.first().map(|(n, d)| named((n.as_str(), d))),
        ..Policies::default()
    };
    let caller = Caller::role_session(session, Some(role.arn.clone()));
    let caller = caller.with_unique_id(role.unique_id.clone());
    let request = Request {
        caller: &caller,
        action: &trial.action,
        resource: &trial.resource,
        resource_account: None,
        context: &context,
    };
    verdict(permissions, policy::explain(&request, &policies), added)
}

/// What every request of such a session has, where the form does not say otherwise.
fn added(call: &Call, role: &Role, keys: &Keys) -> Vec<(String, String)> {
    let mut added = vec![
        ("aws:PrincipalArn".to_owned(), role.arn.clone()),
        ("aws:PrincipalAccount".to_owned(), role.account.clone()),
        ("aws:PrincipalType".to_owned(), "AssumedRole".to_owned()),
        ("aws:userid".to_owned(), format!("{}:trial", role.unique_id)),
        ("aws:SecureTransport".to_owned(), "true".to_owned()),
        ("aws:MultiFactorAuthPresent".to_owned(), "false".to_owned()),
        ("aws:EpochTime".to_owned(), call.unix().to_string()),
        (
            "aws:CurrentTime".to_owned(),
            crate::aws::xml::timestamp(call.now),
        ),
    ];
    let tags = role.tags.iter();
    added.extend(tags.map(|(key, value)| (format!("aws:PrincipalTag/{key}"), value.clone())));
    added.retain(|(name, _)| !keys.iter().any(|key| key.0.eq_ignore_ascii_case(name)));
    added
}

fn verdict(
    permissions: &Permissions,
    explanation: Explanation,
    added: Vec<(String, String)>,
) -> Verdict {
    let why = match (explanation.decision, explanation.why) {
        (Decision::Allowed, _) => "A statement allows it, and nothing denies it.",
        (Decision::ExplicitDeny, _) => "A statement denies it; whatever else allows it.",
        (_, Why::BoundarySilent) => "The policies allow it; the permissions boundary does not.",
        (_, Why::NoResourceAllow) => {
            "The resource is in another account, whose own policy must allow it too."
        }
        _ => "No statement allows it.",
    };
    let title = |source: PolicySource, name: &str, statement: &ExplainedStatement| {
        let kind = match source {
            PolicySource::Boundary => Hold::Boundary.word(),
            _ => {
                let held = permissions
                    .policies
                    .iter()
                    .find(|policy| policy.name == name);
                held.map_or("", |policy| policy.hold.word())
            }
        };
        let sid = statement.sid.iter().map(|sid| format!(" · {sid}"));
        let sid: String = sid.collect();
        format!("{name} ({kind}), statement {}{sid}", statement.index + 1)
    };
    let mut statements = Vec::new();
    let mut others = 0;
    for policy in &explanation.policies {
        for statement in &policy.statements {
            if !statement.action_matched {
                others += 1;
                continue;
            }
            statements.push(Tried {
                title: title(policy.source, &policy.name, statement),
                decided: statement.decided,
                outcome: match (statement.applies, statement.effect) {
                    (true, Effect::Allow) => "allows",
                    (true, Effect::Deny) => "denies",
                    (false, _) => "does not apply",
                },
                applies: statement.applies,
                resource_matched: statement.resource_matched != Some(false),
                conditions: statement.conditions.iter().map(condition).collect(),
            });
        }
    }
    Verdict {
        allowed: explanation.decision == Decision::Allowed,
        why: why.to_owned(),
        statements,
        others,
        added,
    }
}

fn condition(condition: &ExplainedCondition) -> TriedCondition {
    let wanted = condition.wanted.iter();
    let wanted: Vec<&str> = wanted
        .map(|value| value.substituted.as_deref().unwrap_or(&value.written))
        .collect();
    TriedCondition {
        held: condition.held,
        key: condition.key.clone(),
        operator: condition.operator.clone(),
        wanted: wanted.join(" or "),
        seen: condition
            .seen
            .as_ref()
            .map_or_else(String::new, |seen| seen.join(", ")),
    }
}

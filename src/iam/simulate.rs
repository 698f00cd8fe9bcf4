//! SimulatePrincipalPolicy, SimulateCustomPolicy and the context keys that policies name.
//!
//! What is asked here is decided by the same engine as every other question. Nothing is added to the context but what the
//! call says, neither time nor names: a key that a policy wants and the call does not give is told as missing.
//!
//! One result is made for each pair of action and resource, and only those of the page that is asked for.

mod context;
mod judge;
mod keys;
mod question;
mod source;

use crate::access::Denial;
use crate::aws::error::AwsError;
use crate::aws::xml::Node;
use crate::iam::input::Input;
use crate::iam::{Ask, Iam, Operation, Reply, Target, reads};
use crate::policy::Caller;

use judge::Judge;
use question::Question;
use source::{Source, Sources};

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[
    reads!(simulate_principal_policy, "SimulatePrincipalPolicy"),
    reads!(simulate_custom_policy, "SimulateCustomPolicy"),
    reads!(
        keys::get_context_keys_for_principal_policy,
        "GetContextKeysForPrincipalPolicy"
    ),
    reads!(
        keys::get_context_keys_for_custom_policy,
        "GetContextKeysForCustomPolicy"
    ),
];

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>
async fn simulate_principal_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn("PolicySourceArn");
    let excluded = source::exclusions(&mut input)?;
    let question = Question::read(&mut input)?;
    input.finish()?;
    let mut sources = iam
        .policies_of(ask, "iam:SimulatePrincipalPolicy", arn)
        .await?;
    sources.exclude(&excluded);
    sources.policies.extend(question.inputs()?);
    if let Some(boundary) = question.boundary()? {
        sources.boundary = Some(boundary);
    }
    let caller = caller(&question, Caller::from_arn(arn))?;
    answer(ask, question, sources, caller).await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html>
async fn simulate_custom_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    input.list_required("PolicyInputList");
    let question = Question::read(&mut input)?;
    input.finish()?;
    let named = |(name, _): (&str, &str)| name.starts_with("OrderedOrganizationPolicyInputList.");
    if ask.params.iter().any(named) {
        let name = "OrderedOrganizationPolicyInputList";
        return Err(AwsError::unsupported_parameter(name).into());
    }
    iam.allow(ask, "iam:SimulateCustomPolicy", Target::of("*"))
        .await?;
    let sources = Sources {
        policies: question.inputs()?,
        boundary: question.boundary()?,
    };
    let caller = caller(&question, None)?;
    answer(ask, question, sources, caller).await
}

/// Who asks, in the simulation; `source` is whose policies they are. `None` where nobody is named and nobody need be.
fn caller(question: &Question<'_>, source: Option<Caller>) -> Result<Option<Caller>, AwsError> {
    let Some(arn) = question.caller_arn else {
        return match (source, question.resource_policy) {
            (None, Some(_)) => Err(AwsError::invalid_input(
                "CallerArn must be supplied with a ResourcePolicy.",
            )),
            (source, _) => Ok(source),
        };
    };
    match Caller::from_arn(arn) {
        Some(caller) => Ok(Some(caller)),
        None => Err(AwsError::invalid_input(format!(
            "Invalid Caller Arn: {arn}"
        ))),
    }
}

async fn answer(
    ask: &Ask<'_>,
    question: Question<'_>,
    sources: Sources,
    caller: Option<Caller>,
) -> Reply {
    // Without a resource's policy it does not matter who asks.
    let nobody = || Caller::root(ask.caller.account());
    let somebody = || {
        let arn = format!("arn:aws:iam::{}:user/simulated", ask.caller.account());
        Caller::from_arn(&arn).unwrap_or_else(nobody)
    };
    let judge = Judge {
        caller: caller.unwrap_or_else(somebody),
        resource_policy: question.resource()?,
        resource_owner: question.resource_owner(),
        context: context::of(question.context)?,
        sources,
    };
    let pairs = question.actions.iter().flat_map(|action| {
        let resources = question.resources.iter();
        resources.map(move |resource| (action.as_str(), resource.as_str()))
    });
    let key = |(number, _): &(usize, (&str, &str))| format!("{number:07}");
    let part = question.page.part(pairs.enumerate().collect(), key)?;
    let mut results = Vec::with_capacity(part.items.len());
    for (_, (action, resource)) in part.items {
        results.push(judge.result(action, resource));
        // Large policies and long lists take their time; others have a turn in between.
        tokio::task::yield_now().await;
    }
    let mut fields = vec![("EvaluationResults", Node::List(results))];
    fields.extend(part.members);
    Ok(fields)
}

/// Refuses what is not about the account of the caller.
fn foreign(ask: &Ask<'_>, action: &str, arn: &str) -> Denial {
    let because = format!("because no resource-based policy allows the {action} action");
    AwsError::not_allowed(ask.caller.arn(), action, arn, &because).into()
}

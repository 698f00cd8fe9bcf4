//! Which condition keys policies name, so that somebody can give them values.

use crate::aws::constraints::POLICY;
use crate::aws::error::AwsError;
use crate::aws::xml::Node;
use crate::iam::input::Input;
use crate::iam::{Ask, Iam, Reply, Target};
use crate::policy::PolicyDocument;

use super::question::parse;

fn inputs(input: &mut Input<'_>) -> Vec<String> {
    input.strings("PolicyInputList", Some(POLICY), 1..=131_072)
}

fn answer<'a>(documents: impl Iterator<Item = &'a PolicyDocument>) -> Node {
    let mut keys: Vec<String> = Vec::new();
    for key in documents.flat_map(PolicyDocument::context_keys) {
        if !keys.iter().any(|one| one.eq_ignore_ascii_case(&key)) {
            keys.push(key);
        }
    }
    Node::List(keys.into_iter().map(Node::Text).collect())
}

fn read(texts: &[String]) -> Result<Vec<PolicyDocument>, AwsError> {
    texts.iter().map(|text| parse(text)).collect()
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForPrincipalPolicy.html>
pub(super) async fn get_context_keys_for_principal_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn("PolicySourceArn");
    let texts = inputs(&mut input);
    input.finish()?;
    let action = "iam:GetContextKeysForPrincipalPolicy";
    let sources = iam.policies_of(ask, action, arn).await?;
    let brought = read(&texts)?;
    let own = sources.policies.iter().chain(&sources.boundary);
    let documents = own.map(|source| &source.document).chain(&brought);
    Ok(vec![("ContextKeyNames", answer(documents))])
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForCustomPolicy.html>
pub(super) async fn get_context_keys_for_custom_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    input.list_required("PolicyInputList");
    let texts = inputs(&mut input);
    input.finish()?;
    let action = "iam:GetContextKeysForCustomPolicy";
    iam.allow(ask, action, Target::of("*")).await?;
    let documents = read(&texts)?;
    Ok(vec![("ContextKeyNames", answer(documents.iter()))])
}

//! What both simulations are asked.

use crate::aws::arn::Arn;
use crate::aws::constraints::POLICY;
use crate::aws::error::AwsError;
use crate::iam::input::Input;
use crate::iam::paging::Page;
use crate::policy::PolicyDocument;

use super::{Source, context};

/// The parameters, read.
pub(super) struct Question<'a> {
    pub(super) actions: Vec<String>,
    /// `*` where the call names none.
    pub(super) resources: Vec<String>,
    pub(super) context: Vec<context::Entry>,
    pub(super) caller_arn: Option<&'a str>,
    pub(super) resource_policy: Option<&'a str>,
    pub(super) page: Page,
    resource_owner: Option<&'a str>,
    policies: Vec<String>,
    boundaries: Vec<String>,
}

impl<'a> Question<'a> {
    pub(super) fn read(input: &mut Input<'a>) -> Result<Question<'a>, AwsError> {
        input.list_required("ActionNames");
        let actions = input.strings("ActionNames", None, 3..=128);
        let mut resources = input.strings("ResourceArns", None, 1..=2048);
        if resources.is_empty() {
            resources.push("*".to_owned());
        }
        let documents = 1..=131_072;
        let boundary = "PermissionsBoundaryPolicyInputList";
        let boundaries = input.strings(boundary, Some(POLICY), documents.clone());
        input
            .constraints
            .count("permissionsBoundaryPolicyInputList", boundaries.len(), 1);
        // Scenarios of EC2 differ in which resources they need; every resource is judged here, so nothing changes.
        input.optional("ResourceHandlingOption", None, 1..=64);
        Ok(Question {
            actions,
            resources,
            context: context::read(input)?,
            caller_arn: input.optional("CallerArn", None, 1..=2048),
            resource_policy: input.optional("ResourcePolicy", Some(POLICY), documents.clone()),
            page: input.page(),
            resource_owner: input.optional("ResourceOwner", None, 1..=2048),
            policies: input.strings("PolicyInputList", Some(POLICY), documents),
            boundaries,
        })
    }

    /// The policies that the call brings along.
    pub(super) fn inputs(&self) -> Result<Vec<Source>, AwsError> {
        let documents = self.policies.iter().enumerate();
        let named = documents.map(|(place, text)| {
            let id = format!("PolicyInputList.{}", place + 1);
            Ok(Source::input(id, "none", parse(text)?))
        });
        named.collect()
    }

    /// The boundary that the call brings along.
    pub(super) fn boundary(&self) -> Result<Option<Source>, AwsError> {
        let Some(text) = self.boundaries.first() else {
            return Ok(None);
        };
        let id = "PermissionsBoundaryPolicyInputList.1".to_owned();
        Ok(Some(Source::input(id, "none", parse(text)?)))
    }

    /// The policy of the resource.
    pub(super) fn resource(&self) -> Result<Option<Source>, AwsError> {
        let Some(text) = self.resource_policy else {
            return Ok(None);
        };
        let id = "ResourcePolicy".to_owned();
        Ok(Some(Source::input(id, "resource", parse(text)?)))
    }

    /// The account that owns resources whose ARN does not say: an account's ARN, or its number.
    pub(super) fn resource_owner(&self) -> Option<String> {
        let owner = self.resource_owner?;
        Some(Arn::parse(owner).map_or_else(|| owner.to_owned(), |arn| arn.account))
    }
}

/// Reads a policy as it is written: what is simulated need not be saved.
pub(super) fn parse(text: &str) -> Result<PolicyDocument, AwsError> {
    PolicyDocument::parse(text).map_err(|error| AwsError::invalid_input(error.to_string()))
}

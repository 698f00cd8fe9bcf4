//! AssumeRoot: a short session of another account's root, held to one task.
//!
//! AWS offers it to the management account of an organization. Here an embedded STS names that account
//! (`management_account`); without one, everybody is answered as AWS answers an account of no organization.
//!
//! Reference: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html>

use serde_json::json;

use crate::access::{Call, Caller};
use crate::aws::arn::{self, Arn};
use crate::aws::error::AwsError;
use crate::aws::query::Params;
use crate::aws::sts::AssumeRoot;
use crate::aws::xml::Node;
use crate::credentials::{RoleSession, SessionKind};
use crate::sts::get_session_token::of_caller;
use crate::sts::{Answer, Denial, EmbeddedSts, session};

const ACTION: &str = "sts:AssumeRoot";
/// Seconds, the longest and the default.
const DURATION: i64 = 900;
/// The tasks there are.
const TASKS: &str = "arn:aws:iam::aws:policy/root-task/";

impl EmbeddedSts {
    /// Runs the operation.
    pub async fn assume_root(
        &self,
        call: &mut Call,
        caller: &Caller,
        params: &Params,
    ) -> Result<Answer, Denial> {
        let input = AssumeRoot::read(params)?;
        call.event.set(
            "requestParameters",
            json!({
                "targetPrincipal": input.target,
                "taskPolicyArn": { "arn": input.task },
                "durationSeconds": input.duration,
            }),
        );
        let target = target(&input.target).ok_or_else(AwsError::target_principal_invalid)?;
        // Told to everybody: which tasks there are is AWS's, and no secret of an account.
        if !input.task.starts_with(TASKS) || self.cache.managed_policy(&input.task).await?.is_none()
        {
            return Err(AwsError::task_policy_invalid().into());
        }
        let partition = caller.arn().split(':').nth(1).unwrap_or("aws");
        let root = arn::root(partition, &target);
        let mut context = self.context(call, caller);
        context.set("sts:TaskPolicyArn", input.task.clone());
        context.set("aws:ResourceAccount", target.clone());
        self.allow(caller, ACTION, &root, &context).await?;
        let refused =
            |reason| AwsError::not_authorized(caller.arn(), ACTION, &root).because(reason);
        let manager = self.management.get(&target);
        if manager.is_none_or(|manager| manager != caller.account() || *manager == target) {
            return Err(refused("sts.root.management").into());
        }
        let source_identity = caller.session().and_then(|s| s.source_identity.clone());
        let new = RoleSession {
            account: target.clone(),
            role_arn: root,
            role_id: target,
            source_identity: source_identity.clone(),
            task: Some(input.task),
            ..of_caller(
                call,
                caller,
                SessionKind::Root,
                input.duration.unwrap_or(DURATION),
            )
        };
        let credentials = self.mint(new)?;
        Ok(Answer {
            fields: vec![
                (
                    "Credentials",
                    session::wire_credentials(&credentials).node(),
                ),
                ("SourceIdentity", Node::optional(source_identity)),
            ],
            elements: json!({ "credentials": session::trail_credentials(&credentials) }),
            grants: true,
        })
    }
}

/// The account that a target names: twelve digits, or the ARN of its root.
fn target(text: &str) -> Option<String> {
    let account = match Arn::parse(text) {
        Some(arn) if arn.service == "iam" && arn.resource == "root" => arn.account,
        Some(_) => return None,
        None => text.to_owned(),
    };
    let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    digits.then_some(account)
}

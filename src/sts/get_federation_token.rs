//! GetFederationToken: a session for a name that a user or root vouches for, limited by session policies.
//!
//! It may do what the user's policies and the session policies both allow; without a session policy, nothing but what
//! a resource's policy grants to the federated user by name.
//!
//! Reference: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>

use serde_json::json;

use crate::access::{Call, Caller, Principal};
use crate::aws::arn;
use crate::aws::error::AwsError;
use crate::aws::query::Params;
use crate::aws::sts::{GetFederationToken, Tag, packed};
use crate::aws::xml::Node;
use crate::credentials::{RoleSession, SessionKind};
use crate::sts::get_session_token::of_caller;
use crate::sts::session::{
    self, Packed, ROOT_DURATION, USER_DURATION, check_tags, describe_tags, overlay,
};
use crate::sts::{Answer, Denial, EmbeddedSts};

const ACTION: &str = "sts:GetFederationToken";

impl EmbeddedSts {
    /// Runs the operation.
    pub async fn get_federation_token(
        &self,
        call: &mut Call,
        caller: &Caller,
        params: &Params,
    ) -> Result<Answer, Denial> {
        let input = GetFederationToken::read(params)?;
        record(call, &input);
        let asked = input.duration.unwrap_or(USER_DURATION);
        let (duration, own_tags) = match (caller.principal(), caller.session()) {
            (Principal::User(user), None) => (asked, user.user.tags.as_slice()),
            (Principal::Root, None) => (asked.min(ROOT_DURATION), &[][..]),
            _ => return Err(AwsError::with_session_credentials("GetFederationToken").into()),
        };
        check_tags(&input.tags, &[], &[])?;
        EmbeddedSts::check_policy_form(&input.policies)?;
        let partition = caller.arn().split(':').nth(1).unwrap_or("aws");
        let resource = arn::federated_user(partition, caller.account(), &input.name);
        let mut context = self.context(call, caller);
        context.set("sts:DurationSeconds", duration.to_string());
        describe_tags(&mut context, &input.tags, &[]);
        self.allow(caller, ACTION, &resource, &context).await?;
        if !input.tags.is_empty() {
            self.allow(caller, "sts:TagSession", &resource, &context)
                .await?;
        }
        self.check_managed_policies(&input.policies, caller.account())
            .await?;
        let measured = Packed::measure(&input.tags, &input.policies).within_budget()?;
        let own_tags = own_tags.iter().map(|(key, value)| Tag {
            key: key.clone(),
            value: value.clone(),
        });
        let session = RoleSession {
            session_name: input.name,
            inline_policy: input.policies.inline,
            policy_arns: input.policies.arns,
            tags: overlay(own_tags.collect(), input.tags),
            ..of_caller(call, caller, SessionKind::FederatedUser, duration)
        };
        let (id, arn) = (session.user_id(), session.arn());
        let credentials = self.mint(session)?;
        let elements = json!({
            "credentials": session::trail_credentials(&credentials),
            "federatedUser": { "federatedUserId": id, "arn": arn },
            "packedPolicySize": measured,
        });
        let user = Node::Fields(vec![
            ("FederatedUserId", Node::text(id)),
            ("Arn", Node::text(arn)),
        ]);
        Ok(Answer {
            fields: vec![
                (
                    "Credentials",
                    session::wire_credentials(&credentials).node(),
                ),
                ("FederatedUser", user),
                ("PackedPolicySize", packed(Some(measured))),
            ],
            elements,
            grants: true,
        })
    }
}

fn record(call: &mut Call, input: &GetFederationToken) {
    let tags = input.tags.iter();
    let tags: Vec<_> = tags
        .map(|tag| json!({ "key": tag.key, "value": tag.value }))
        .collect();
    call.event.set(
        "requestParameters",
        json!({
            "name": input.name,
            "durationSeconds": input.duration,
            "policy": input.policies.inline,
            "policyArns": input.policies.arns,
            "tags": tags,
        }),
    );
}

//! AssumeRole: a session of a role, for a signed caller that both sides allow.
//!
//! Checks, in the order the reference gives: constraints, the caller's kind, tags, session policies,
//! MFA, authorization of each action on its own, the role's longest session, the packed size.
//!
//! Reference: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use serde_json::json;

use crate::access::authorize::{self, IdentitySide};
use crate::access::{Call, Caller, Principal};
use crate::aws::arn::Arn;
use crate::aws::error::AwsError;
use crate::aws::query::Params;
use crate::aws::sts::{AssumeRole, AssumeRoleOutput, AssumedRoleUser, Tag, legal_source_identity};
use crate::credentials::{RoleSession, SessionKind};
use crate::policy::{self, RequestContext};
use crate::store::cache::CachedRole;
use crate::sts::session::{self, Packed, check_tags, describe_tags, overlay};
use crate::sts::{Answer, Denial, EmbeddedSts};

const ACTION: &str = "sts:AssumeRole";

impl EmbeddedSts {
    /// Runs the operation.
    pub async fn assume_role(
        &self,
        call: &mut Call,
        caller: &Caller,
        params: &Params,
    ) -> Result<Answer, Denial> {
        let input = AssumeRole::read(params)?;
        record(call, &input);
        if matches!(caller.principal(), Principal::Root) {
            return Err(AwsError::root_may_not_assume().into());
        }
        if matches!(caller.principal(), Principal::FederatedUser(_)) {
            let error = AwsError::not_authorized(caller.arn(), ACTION, &input.role_arn);
            return Err(error.because("sts.session").into());
        }
        let inherited = caller
            .role_session()
            .map_or(&[][..], |s| &s.transitive_tag_keys);
        check_tags(&input.tags, &input.transitive_tag_keys, inherited)?;
        EmbeddedSts::check_policy_form(&input.policies)?;
        if input
            .source_identity
            .as_ref()
            .is_some_and(|s| !legal_source_identity(s))
        {
            return Err(AwsError::validation("SourceIdentity must not begin with aws:").into());
        }
        let refused = |action: &str, reason| {
            AwsError::not_authorized(caller.arn(), action, &input.role_arn).because(reason)
        };
        let mfa_at = self.checked_mfa(call, caller, &input.mfa).await?;
        let found = self.cache.role(&input.role_arn).await?;
        let unknown = found.is_none();
        let role = found.unwrap_or_else(|| self.decoy.clone());

        let source_identity = inherited_source_identity(caller, &input)
            .map_err(|()| refused("sts:SetSourceIdentity", "trust.source_identity"))?;
        let carried = carried_tags(caller);
        let duration = input.duration.unwrap_or(session::DEFAULT_DURATION);
        let mut context = describe(call, caller, &input, &role, source_identity.as_deref());
        if mfa_at.is_some() {
            context.set("aws:MultiFactorAuthPresent", "true");
            context.set("aws:MultiFactorAuthAge", "0");
        }
        let owner = Arn::parse(&input.role_arn).map_or_else(String::new, |arn| arn.account);
        let side = IdentitySide::of(&self.cache, caller).await?;
        let mut actions = vec![ACTION];
        if !input.tags.is_empty() || !carried.is_empty() {
            actions.push("sts:TagSession");
        }
        if source_identity.is_some() {
            actions.push("sts:SetSourceIdentity");
        }
        if input.provided_contexts > 0 {
            actions.push("sts:SetContext");
        }
        let principal = caller.for_policy();
        for action in actions {
            authorize::assume(&principal, &side, action, &role, &context).map_err(|refusal| {
                let reason = if unknown {
                    "trust.no_role"
                } else {
                    refusal.reason
                };
                // Of a role that is not there, the first action is as far as anybody gets.
                let error = refused(action, reason);
                let (arn, owner) = (&input.role_arn, &owner);
                let mut denial = Denial::of(error, &refusal, arn, owner, &context);
                denial.error.reason = reason;
                match unknown {
                    true => denial.telling_nothing(),
                    false => denial,
                }
            })?;
        }
        if unknown {
            return Err(refused(ACTION, "trust.no_role").into());
        }
        if input.provided_contexts > 0 {
            return Err(AwsError::unsupported_parameter("ProvidedContexts").into());
        }
        self.check_managed_policies(&input.policies, &role.role.account)
            .await?;
        let chained = caller.role_session().is_some();
        if chained && duration > session::CHAINED_DURATION {
            return Err(AwsError::duration_chained().into());
        }
        if duration > role.role.max_session_duration {
            return Err(AwsError::duration_over_role().into());
        }
        // What a chain carries counts too, or it would grow with every link.
        let tags: Vec<Tag> = carried.iter().chain(&input.tags).cloned().collect();
        let measured = Packed::measure(&tags, &input.policies).within_budget()?;
        let limited = input.policies.inline.is_some() || !input.policies.arns.is_empty();
        let packed = (limited || !tags.is_empty()).then_some(measured);

        let role_tags = role.role.tags.iter().map(|(key, value)| Tag {
            key: key.clone(),
            value: value.clone(),
        });
        let mut transitive: Vec<String> = carried.iter().map(|tag| tag.key.clone()).collect();
        transitive.extend(input.transitive_tag_keys.iter().cloned());
        let new = RoleSession {
            kind: SessionKind::Role,
            access_key_id: String::new(),
            account: role.role.account.clone(),
            role_arn: role.role.arn.clone(),
            role_id: role.role.unique_id.clone(),
            session_name: input.session_name,
            issued_at: call.unix(),
            expires_at: call.unix() + duration,
            inline_policy: input.policies.inline,
            policy_arns: input.policies.arns,
            tags: overlay(overlay(role_tags.collect(), carried), input.tags),
            transitive_tag_keys: transitive,
            source_identity: source_identity.clone(),
            federation: caller
                .role_session()
                .map(|s| s.federation.clone())
                .unwrap_or_default(),
            federated_provider: caller
                .role_session()
                .and_then(|s| s.federated_provider.clone()),
            vouched_for: caller.role_session().and_then(|s| s.vouched_for.clone()),
            chained,
            mfa_at,
            task: None,
        };
        let user = AssumedRoleUser {
            assumed_role_id: new.user_id(),
            arn: new.arn(),
        };
        let credentials = self.mint(new)?;
        let elements = session::trail_elements(&credentials, &user);
        let output = AssumeRoleOutput {
            credentials: session::wire_credentials(&credentials),
            user,
            packed_policy_size: packed,
            source_identity,
        };
        Ok(Answer {
            fields: output.fields(),
            elements,
            grants: true,
        })
    }
}

fn record(call: &mut Call, input: &AssumeRole) {
    let tags = input.tags.iter();
    let tags: Vec<_> = tags
        .map(|tag| json!({ "key": tag.key, "value": tag.value }))
        .collect();
    call.event.set(
        "requestParameters",
        json!({
            "roleArn": input.role_arn,
            "roleSessionName": input.session_name,
            "durationSeconds": input.duration,
            "externalId": input.external_id,
            "serialNumber": input.mfa.serial_number,
            "policy": input.policies.inline,
            "policyArns": input.policies.arns,
            "tags": tags,
            "transitiveTagKeys": input.transitive_tag_keys,
            "sourceIdentity": input.source_identity,
        }),
    );
    call.event.set(
        "resources",
        json!([{
            "ARN": input.role_arn,
            "accountId": Arn::parse(&input.role_arn).map(|arn| arn.account),
            "type": "AWS::IAM::Role",
        }]),
    );
}

/// The tags that travel down the chain from the calling session.
fn carried_tags(caller: &Caller) -> Vec<Tag> {
    let Some(session) = caller.role_session() else {
        return Vec::new();
    };
    let travels = |tag: &&Tag| {
        let keys = session.transitive_tag_keys.iter();
        keys.into_iter()
            .any(|key| policy::fold(key) == policy::fold(&tag.key))
    };
    session.tags.iter().filter(travels).cloned().collect()
}

/// A source identity, once set, is fixed for the chain; asking for another is refused.
fn inherited_source_identity(caller: &Caller, input: &AssumeRole) -> Result<Option<String>, ()> {
    let inherited = caller
        .role_session()
        .and_then(|s| s.source_identity.clone());
    match (inherited, &input.source_identity) {
        (Some(fixed), Some(asked)) if fixed != *asked => Err(()),
        (Some(fixed), _) => Ok(Some(fixed)),
        (None, asked) => Ok(asked.clone()),
    }
}

/// The context of the trust decision (sts.md section 8.4).
fn describe(
    call: &Call,
    caller: &Caller,
    input: &AssumeRole,
    role: &CachedRole,
    source_identity: Option<&str>,
) -> RequestContext {
    let mut context = call.context(&role.role.account);
    caller.describe(&mut context);
    context.set("sts:RoleSessionName", input.session_name.clone());
    let duration = input.duration.unwrap_or(session::DEFAULT_DURATION);
    context.set("sts:DurationSeconds", duration.to_string());
    if let Some(external_id) = &input.external_id {
        context.set("sts:ExternalId", external_id.clone());
    }
    if let Some(identity) = source_identity {
        context.set("sts:SourceIdentity", identity.to_owned());
    }
    for (key, value) in &role.role.tags {
        context.set(&format!("aws:ResourceTag/{key}"), value.clone());
        context.set(&format!("iam:ResourceTag/{key}"), value.clone());
    }
    // An inherited transitive tag stands in for the role's own of the same key.
    for tag in carried_tags(caller) {
        context.set(&format!("aws:ResourceTag/{}", tag.key), tag.value.clone());
        context.set(&format!("iam:ResourceTag/{}", tag.key), tag.value);
    }
    describe_tags(&mut context, &input.tags, &input.transitive_tag_keys);
    context
}

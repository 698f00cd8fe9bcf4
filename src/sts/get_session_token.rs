//! GetSessionToken: a session of the user itself, with MFA where a code was given.
//!
//! No permission is needed, and no policy can deny it.
//!
//! Reference: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>

use std::collections::BTreeMap;

use serde_json::json;

use crate::access::{Call, Caller, Principal};
use crate::aws::error::AwsError;
use crate::aws::query::Params;
use crate::aws::sts::GetSessionToken;
use crate::credentials::{RoleSession, SessionKind};
use crate::sts::session::{self, ROOT_DURATION, USER_DURATION};
use crate::sts::{Answer, Denial, EmbeddedSts};

impl EmbeddedSts {
    /// Runs the operation.
    pub async fn get_session_token(
        &self,
        call: &mut Call,
        caller: &Caller,
        params: &Params,
    ) -> Result<Answer, Denial> {
        let input = GetSessionToken::read(params)?;
        if input.duration.is_some() || input.mfa.serial_number.is_some() {
            call.event.set(
                "requestParameters",
                json!({
                    "durationSeconds": input.duration,
                    "serialNumber": input.mfa.serial_number,
                }),
            );
        }
        if caller.session().is_some() {
            return Err(AwsError::with_session_credentials("GetSessionToken").into());
        }
        let asked = input.duration.unwrap_or(USER_DURATION);
        let (kind, duration) = match caller.principal() {
            Principal::User(_) => (SessionKind::User, asked),
            // Cut without a word, as AWS does.
            Principal::Root => (SessionKind::Root, asked.min(ROOT_DURATION)),
            Principal::Role | Principal::FederatedUser(_) => {
                return Err(AwsError::with_session_credentials("GetSessionToken").into());
            }
        };
        let mfa_at = self.checked_mfa(call, caller, &input.mfa).await?;
        let session = RoleSession {
            mfa_at,
            ..of_caller(call, caller, kind, duration)
        };
        let credentials = self.mint(session)?;
        Ok(Answer {
            fields: vec![(
                "Credentials",
                session::wire_credentials(&credentials).node(),
            )],
            elements: json!({ "credentials": session::trail_credentials(&credentials) }),
            grants: true,
        })
    }
}

/// A session of the caller's own, with nothing but its time.
pub(super) fn of_caller(
    call: &Call,
    caller: &Caller,
    kind: SessionKind,
    duration: i64,
) -> RoleSession {
    RoleSession {
        kind,
        access_key_id: String::new(),
        account: caller.account().to_owned(),
        role_arn: caller.arn().to_owned(),
        role_id: caller.user_id().to_owned(),
        session_name: String::new(),
        issued_at: call.unix(),
        expires_at: call.unix() + duration,
        inline_policy: None,
        policy_arns: Vec::new(),
        tags: Vec::new(),
        transitive_tag_keys: Vec::new(),
        source_identity: None,
        federation: BTreeMap::new(),
        federated_provider: None,
        vouched_for: None,
        chained: false,
        mfa_at: None,
        task: None,
    }
}

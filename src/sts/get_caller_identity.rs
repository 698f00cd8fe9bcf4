//! GetCallerIdentity: who signed this request. Works even under an explicit deny.
//!
//! Reference: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>

use serde_json::Value;

use crate::access::Caller;
use crate::aws::sts::CallerIdentity;
use crate::sts::Answer;

/// Answers from the caller alone.
pub fn answer(caller: &Caller) -> Answer {
    let identity = CallerIdentity {
        user_id: caller.user_id().to_owned(),
        account: caller.account().to_owned(),
        arn: caller.arn().to_owned(),
    };
    Answer {
        fields: identity.fields(),
        elements: Value::Null,
        grants: false,
    }
}

//! GetCallerIdentity: who signed this request. Works even under an explicit deny.
//!
//! Reference: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>

use serde_json::Value;

use crate::access::Caller;
use crate::aws::regions;
use crate::aws::sts::CallerIdentity;
use crate::sts::Answer;

/// Answers from the caller alone, in the partition of the region that the call was signed for: a client there
/// takes its own partition from this answer. Decisions and the trail know one partition: a caller must not get
/// another name by choosing a region.
pub fn answer(caller: &Caller, region: &str) -> Answer {
    let arn = match caller.arn().strip_prefix("arn:aws:") {
        Some(rest) => format!("arn:{}:{rest}", regions::partition(region)),
        None => caller.arn().to_owned(),
    };
    let identity = CallerIdentity {
        user_id: caller.user_id().to_owned(),
        account: caller.account().to_owned(),
        arn,
    };
    Answer {
        fields: identity.fields(),
        elements: Value::Null,
        grants: false,
    }
}

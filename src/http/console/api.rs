//! Changes of the console: the operations of the IAM API, run as the session that sent the form. There is no second way
//! to make a role.

use http::HeaderMap;
use serde_json::json;

use crate::access::{Call, Caller};
use crate::app::App;
use crate::aws::error::AwsError;
use crate::aws::query::Params;
use crate::http::console::here::{Here, Refused};
use crate::http::layers::{Peer, open_call};
use crate::http::query::iam_answer;
use crate::iam;
use crate::sts::{Answer, Denial};

/// Runs an operation as the one thing that a form is about: its event is the page's.
pub async fn run(
    app: &App,
    here: &mut Here,
    operation: &str,
    params: &[(&str, &str)],
) -> Result<(), Refused> {
    let Here { call, caller, .. } = here;
    let answer = perform(app, call, caller, operation, params).await?;
    here.elements = answer.elements;
    Ok(())
}

/// Runs an operation with an event of its own, after the one that the form is about.
pub async fn run_apart(
    app: &App,
    headers: &HeaderMap,
    peer: Peer,
    caller: &Caller,
    operation: &str,
    params: &[(&str, &str)],
) -> Result<(), AwsError> {
    let mut call = open_call(app, headers, peer);
    call.event.set("eventSource", json!("iam.amazonaws.com"));
    call.event.set("userIdentity", caller.trail());
    call.event
        .set("recipientAccountId", json!(caller.account()));
    match perform(app, &mut call, caller, operation, params).await {
        Ok(answer) => call.granted(answer.elements).await.map_err(|error| {
            tracing::error!(%error, operation, "a change is missing in the audit trail");
            AwsError::unavailable()
        }),
        Err(denial) => {
            call.refused_with(&denial.error, denial.detail);
            Err(denial.error)
        }
    }
}

async fn perform(
    app: &App,
    call: &mut Call,
    caller: &Caller,
    operation: &str,
    params: &[(&str, &str)],
) -> Result<Answer, Denial> {
    let text = {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(params);
        text.finish()
    };
    let params = Params::parse("", text.as_bytes())?;
    let found = iam::operations().find(|known| known.name == operation);
    let operation = found.ok_or_else(AwsError::internal)?;
    call.about(operation.name, !operation.writes);
    call.event
        .set("requestParameters", iam::trail_parameters(&params));
    iam_answer(app, call, operation, caller, &params).await
}

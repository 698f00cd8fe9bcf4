//! DecodeAuthorizationMessage: the reason of a refusal, for whoever may know.
//!
//! A message is opened for callers of the account whose resource was refused, if their policies allow it: the trust
//! policy of a role is its owner's to show.
//!
//! Reference: <https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html>

use serde_json::Value;

use crate::access::{Call, Caller};
use crate::aws::error::AwsError;
use crate::aws::query::Params;
use crate::aws::sts::DecodeAuthorizationMessage;
use crate::aws::xml::Node;
use crate::sts::{Answer, Denial, EmbeddedSts, authorization_message};

const ACTION: &str = "sts:DecodeAuthorizationMessage";

impl EmbeddedSts {
    /// Runs the operation.
    pub async fn decode_authorization_message(
        &self,
        call: &mut Call,
        caller: &Caller,
        params: &Params,
    ) -> Result<Answer, Denial> {
        let input = DecodeAuthorizationMessage::read(params)?;
        let context = self.context(call, caller);
        self.allow(caller, ACTION, "*", &context).await?;
        let opened = authorization_message::open(&self.ring, &input.message, call.unix());
        let opened = opened.filter(|opened| opened.account.as_deref() == Some(caller.account()));
        let opened = opened.ok_or_else(AwsError::invalid_authorization_message)?;
        Ok(Answer {
            fields: vec![("DecodedMessage", Node::text(opened.text))],
            elements: Value::Null,
            grants: false,
        })
    }
}

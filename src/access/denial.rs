//! A refusal on its way to the door.

use serde_json::{Value, json};

use crate::access::Refusal;
use crate::aws::error::AwsError;
use crate::policy::{ContextValue, PolicySource, RequestContext};
use crate::store::StoreError;

/// A refusal of an operation: what the caller reads, and what only the audit keeps.
#[derive(Debug)]
pub struct Denial {
    /// The answer.
    pub error: AwsError,
    /// The reason with its values.
    pub detail: Option<Value>,
    /// The decision behind it, for the message that DecodeAuthorizationMessage opens.
    pub decided: Option<Box<Decided>>,
}

/// What a decision of the policy engine was about.
#[derive(Debug)]
pub struct Decided {
    /// The action that was refused.
    pub action: String,
    /// The ARN that the caller named.
    pub resource: String,
    /// The account that owns the resource, and may know why.
    pub account: String,
    /// Whether a statement refuses.
    pub explicit: bool,
    /// The condition keys, in the shape of AWS's decoded message.
    pub conditions: Value,
    /// Every statement with the values seen; `null` where there is nothing to tell.
    pub explanation: Value,
}

impl Denial {
    /// The answer to a decision of the policy engine about `resource`, whose reason and detail go to the audit.
    pub fn of(
        error: AwsError,
        refusal: &Refusal,
        resource: &str,
        account: &str,
        context: &RequestContext,
    ) -> Denial {
        Denial {
            error: error.because(refusal.reason),
            detail: Some(refusal.detail()),
            decided: Some(Box::new(Decided {
                action: refusal.action.clone(),
                resource: resource.to_owned(),
                account: account.to_owned(),
                explicit: refusal.reason.ends_with(".denied"),
                conditions: conditions(context),
                explanation: explanation(refusal, account, context),
            })),
        }
    }

    /// The same, without what the policies say: about a role that is not there.
    pub fn telling_nothing(mut self) -> Denial {
        if let Some(decided) = &mut self.decided {
            decided.explanation = Value::Null;
        }
        self
    }
}

/// `{"items": [{"key", "values": {"items": [{"value"}]}}]}`.
fn conditions(context: &RequestContext) -> Value {
    let items = context.iter().map(|(key, value)| {
        let values: &[String] = match value {
            ContextValue::One(one) => std::slice::from_ref(one),
            ContextValue::Many(many) => many,
        };
        let values: Vec<Value> = values.iter().map(|v| json!({ "value": v })).collect();
        json!({ "key": key, "values": { "items": values } })
    });
    json!({ "items": items.collect::<Vec<_>>() })
}

/// The owner of the resource reads what its own policies say. Those of a caller from another account are that
/// account's business.
fn explanation(refusal: &Refusal, account: &str, context: &RequestContext) -> Value {
    let Some(explanation) = &refusal.explanation else {
        return Value::Null;
    };
    let of = context.get("aws:PrincipalAccount");
    let near = of.is_some_and(|of| of.values().iter().any(|of| of == account));
    let policies = explanation.policies.iter().filter(|policy| {
        near || matches!(policy.source, PolicySource::Trust | PolicySource::Resource)
    });
    json!({
        "why": explanation.why,
        "policies": policies.collect::<Vec<_>>(),
    })
}

impl From<AwsError> for Denial {
    fn from(error: AwsError) -> Denial {
        Denial {
            error,
            detail: None,
            decided: None,
        }
    }
}

impl From<StoreError> for Denial {
    fn from(error: StoreError) -> Denial {
        tracing::error!(%error, "the store could not be asked");
        AwsError::unavailable().into()
    }
}

//! A refusal on its way to the door.

use serde_json::Value;

use crate::access::Refusal;
use crate::aws::error::AwsError;
use crate::store::StoreError;

/// A refusal of an operation: what the caller reads, and what only the audit keeps.
#[derive(Debug)]
pub struct Denial {
    /// The answer.
    pub error: AwsError,
    /// The reason with its values.
    pub detail: Option<Value>,
}

impl Denial {
    /// The answer to a decision of the policy engine, whose reason and detail go to the audit.
    pub fn of(error: AwsError, refusal: &Refusal) -> Denial {
        Denial {
            error: error.because(refusal.reason),
            detail: Some(refusal.detail()),
        }
    }
}

impl From<AwsError> for Denial {
    fn from(error: AwsError) -> Denial {
        Denial {
            error,
            detail: None,
        }
    }
}

impl From<StoreError> for Denial {
    fn from(error: StoreError) -> Denial {
        tracing::error!(%error, "the store could not be asked");
        AwsError::unavailable().into()
    }
}

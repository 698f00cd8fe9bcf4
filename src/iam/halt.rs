//! Why a change inside the store's transaction came to nothing.

use crate::access::Denial;
use crate::aws::error::AwsError;
use crate::store::StoreError;

/// What stops a change half-way: the store, or what IAM says to the state it found there.
#[derive(Debug)]
pub enum Halt {
    /// The answer.
    Refused(AwsError),
    /// The store.
    Store(StoreError),
}

impl From<AwsError> for Halt {
    fn from(error: AwsError) -> Halt {
        Halt::Refused(error)
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Halt {
        Halt::Store(error)
    }
}

impl Halt {
    /// As the door answers it; `missing` for what somebody deleted since it was looked up.
    pub fn denial(self, missing: AwsError) -> Denial {
        match self {
            Halt::Refused(error) => error.into(),
            Halt::Store(StoreError::NotFound) => missing.into(),
            Halt::Store(error) => error.into(),
        }
    }
}

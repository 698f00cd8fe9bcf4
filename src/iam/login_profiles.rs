//! Console passwords of users, as a fact: nothing here is signed in with.

use crate::iam::Operation;

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[];

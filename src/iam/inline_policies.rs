//! Policies that are part of a user, group or role.

use crate::iam::Operation;

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[];

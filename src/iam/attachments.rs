//! Managed policies attached to users, groups and roles, and permissions boundaries.

use crate::iam::Operation;

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[];

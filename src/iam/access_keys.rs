//! Access keys of users and of root.

use crate::iam::Operation;

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[];

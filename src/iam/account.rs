//! The account itself: alias, summary, password policy, authorization details.

use crate::iam::Operation;

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[];

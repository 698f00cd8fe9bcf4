//! SimulatePrincipalPolicy, SimulateCustomPolicy and the context keys that policies name.

use crate::iam::Operation;

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[];

//! The policy simulator.

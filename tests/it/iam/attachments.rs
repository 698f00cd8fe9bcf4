//! Attached policies and boundaries.

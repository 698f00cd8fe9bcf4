//! Sealing: authenticated encryption under a key ring.
//!
//! Owns the ring (`key_ring`) and the sealed form (`sealed`). Everything that leaves this process and
//! must come back unaltered goes through here: session tokens, web sessions, login states, stored
//! secrets. One ring, one derived key per [`Purpose`], so that a value sealed for one purpose is
//! noise for every other. Knows nothing about what is inside.

pub mod key_ring;
mod sealed;

pub use key_ring::{KeyRing, Purpose, RingError};
pub use sealed::SealError;

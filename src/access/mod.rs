//! Who is calling, and may they.
//!
//! `authenticate` turns a signed request into a [`Caller`] (the only maker of one); `authorize` asks the
//! policy engine, with the request's context, and answers a [`Refusal`] that knows its reason. What is
//! asked for, and what an allowed call then does, is the business of `sts`, `iam` and `broker`.
//! `throttle` refuses, unseen, a source that was refused too often.

pub mod authenticate;
pub mod authorize;
pub mod call;
pub mod caller;
mod denial;
pub mod throttle;

pub use authorize::Refusal;
pub use call::Call;
pub use caller::{Caller, Principal};
pub use denial::Denial;

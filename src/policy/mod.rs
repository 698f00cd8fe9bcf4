//! The IAM policy language: reading documents, deciding requests, and saying why.
//!
//! A [`PolicyDocument`] is read once ([`PolicyDocument::parse`] as written, [`validate()`] with the
//! IAM API's checks and texts) and kept with its patterns compiled. A [`Request`] names a
//! [`Caller`], an action, a resource and a [`RequestContext`]; [`evaluate()`] holds it against
//! [`Policies`] and gives an [`Outcome`]. [`explain()`] gives the same decision with every
//! statement and condition, [`nearest_refusal`] what to tell somebody who was refused, [`lint()`]
//! what an author should know.
//!
//! The room is pure: no IO, no clock, no randomness. Who is calling, which policies bear on a
//! request and what the condition keys hold is gathered by others; what follows from it is decided
//! here and nowhere else.
//!
//! Read in this order: `document` (what a policy is), `evaluate` (what it decides), `principal`,
//! `condition`, `pattern` and `arn` (how its parts match), then the rest.

mod arn;
mod caller;
mod case;
mod condition;
mod context;
mod decimal;
mod document;
mod draft;
mod error;
mod evaluate;
mod explain;
mod instant;
mod json;
mod keys;
mod lint;
mod network;
mod operator;
mod outcome;
mod pattern;
mod principal;
mod request;
mod simulate;
mod validate;
mod variable;
mod view;

pub mod limits;

pub use caller::{Caller, CallerKind};
pub use case::fold;
pub use condition::Condition;
pub use context::{ContextValue, RequestContext};
pub use document::{DocumentKind, Effect, PolicyDocument, Statement};
pub use draft::Version;
pub use error::PolicyError;
pub use evaluate::evaluate;
pub use explain::{
    ExplainedCondition, ExplainedPolicy, ExplainedStatement, ExplainedValue, Explanation,
    NearestRefusal, explain, nearest_refusal,
};
pub use lint::{Finding, Severity, lint};
pub use outcome::{Decision, Outcome, StatementRef, Why};
pub use principal::{Coverage, PrincipalEntry};
pub use request::{NamedPolicy, Policies, PolicySource, Request};
pub use simulate::{ScenarioError, explain_scenario, simulate};
pub use validate::{validate, validate_managed};

#[cfg(test)]
mod tests;

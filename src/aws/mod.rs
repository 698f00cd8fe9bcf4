//! Words of the AWS wire, and no behaviour.
//!
//! Owns the forms that AWS documents: ARNs, account and key ids, the query protocol's parameters, the
//! XML and JSON envelopes, the shapes of the STS operations, constraint errors and the one table of error
//! texts. Decides nothing about who may do what; that starts in `policy` and `access`.
//!
//! References: STS 2011-06-15 and IAM 2010-05-08 service models; the AWS query protocol.

pub mod actions;
pub mod arn;
pub mod constraints;
pub mod error;
pub mod ids;
pub mod query;
pub mod regions;
pub mod saml;
pub mod sts;
pub mod xml;

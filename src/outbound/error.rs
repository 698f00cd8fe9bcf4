//! What can go wrong between us and somebody else's server.

use std::time::Duration;

use super::address::AddressClass;

/// Why a call was not made, or brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The client could not be set up from its rules.
    #[error("the outbound client cannot be set up: {0}")]
    Setup(String),
    /// The URL may not be called, whatever is behind it.
    #[error("{url} may not be called: {problem}")]
    Url {
        /// The URL without its query and userinfo.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The host is, or resolves to, an address that may not be called.
    #[error(
        "{host} is at a {class} address, which may not be called unless `allow_private` lists it"
    )]
    Address {
        /// The host as the URL names it.
        host: String,
        /// The class of the (first) address that was refused.
        class: AddressClass,
    },
    /// No connection: the name does not resolve, nobody listens, or TLS failed.
    #[error("no connection to {host}: {cause}")]
    Connect {
        /// The host as the URL names it.
        host: String,
        /// The innermost cause, for the log and for `check`.
        cause: String,
    },
    /// The answer did not arrive whole in time.
    #[error("no whole answer within {0:?}")]
    Timeout(Duration),
    /// The connection broke, or what came was not HTTP.
    #[error("the answer broke off: {0}")]
    Broken(String),
    /// A redirect where none is followed.
    #[error("answered with a redirect ({0}), and redirects are not followed")]
    Redirect(u16),
    /// A body beyond the limit. Reading stopped there.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// A compressed body, though none was asked for.
    #[error("the answer is encoded, though none was asked for")]
    Encoded,
}

impl OutboundError {
    /// Whether the same call may succeed later with nothing mended on our side.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            OutboundError::Connect { .. } | OutboundError::Timeout(_) | OutboundError::Broken(_)
        )
    }
}

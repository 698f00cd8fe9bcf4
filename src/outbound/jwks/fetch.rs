//! One fetch of an issuer's keys.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::KeyError;
use super::lifetime::freshness;
use crate::jwt::KeySet;
use crate::outbound::client::{Limits, Outbound};
use crate::outbound::discovery::Discovery;

/// The largest key set that is read (JWT-5). How many keys it may hold is the parser's rule.
const MAX_BYTES: usize = 256 * 1024;

/// What a fetch brought.
pub(super) struct Found {
    pub(super) discovery: Arc<Discovery>,
    pub(super) keys: Arc<KeySet>,
    pub(super) fresh_for: Duration,
}

/// Fetches the keys of `issuer`: by its discovery document, or straight from where `discovery` said they are.
pub(super) async fn fetch(
    outbound: &Outbound,
    issuer: &str,
    discovery: Option<Arc<Discovery>>,
) -> Result<Found, KeyError> {
    let discovery = match discovery {
        Some(discovery) => discovery,
        None => Arc::new(Discovery::fetch(outbound, issuer).await?),
    };
    let limits = Limits {
        max_bytes: MAX_BYTES,
        accept: "application/jwk-set+json, application/json",
    };
    let fetched = outbound.get(&discovery.jwks_uri, limits).await?;
    if fetched.status != StatusCode::OK {
        return Err(KeyError::Status(fetched.status.as_u16()));
    }
    let keys = KeySet::parse(&fetched.body).map_err(|why| KeyError::Malformed(why.to_string()))?;
    for rejected in keys.rejected() {
        tracing::warn!(issuer, ?rejected, "a key of an issuer is not used");
    }
    // An issuer with no key at all is broken rather than without keys: what was good stays for its day.
    if keys.is_empty() {
        let why = "it holds no key that may verify signatures".to_owned();
        return Err(KeyError::Malformed(why));
    }
    Ok(Found {
        discovery,
        keys: Arc::new(keys),
        fresh_for: freshness(&fetched.headers),
    })
}

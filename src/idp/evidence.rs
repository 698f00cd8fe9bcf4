//! Evidence that somebody presents without a browser: job tokens of CI platforms, and ID tokens.
//!
//! The issuer is chosen from the configuration by exact match and never fetched because a token says so
//! (GEN-3). Reference: security.md CI-4 to CI-6, JWT-*.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::config::{CiConfig, Config, IdpConfig, Replay};
use crate::identity::{EvidenceKind, Identity};
use crate::idp::mapping::{self, ClaimNames, MappingError, Origin};
use crate::idp::oidc;
use crate::jwt::{self, Audience, Expectations, JwtError, Leeway, VerifiedIdToken};
use crate::outbound::{KeyCache, KeyError};
use crate::store::{Store, StoreError};

/// How long an identity from a job token counts once it was verified: a job may ask for the longest
/// session there is, as at AWS, where a token's own end does not cap the session.
const JOB_SECONDS: i64 = 12 * 3600;
/// Clocks of CI platforms may differ by this from ours.
const SKEW_SECONDS: i64 = 60;

/// Why evidence was refused.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The token did not hold.
    #[error(transparent)]
    Token(#[from] JwtError),
    /// No entry of the configuration has this issuer.
    #[error("the token's issuer is not one that this broker takes tokens from")]
    UnknownIssuer,
    /// The issuer's keys are not to be had.
    #[error("the issuer's keys are not available")]
    Keys(#[from] KeyError),
    /// Groups that cannot be taken.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The token was used before, and this issuer's tokens count once.
    #[error("the token was used before")]
    Replayed,
    /// This issuer's tokens count once, and this one has no id to tell by.
    #[error("the token has no id (jti), which this issuer's entry asks for")]
    NoTokenId,
    /// The store cannot be asked.
    #[error("the store cannot be asked")]
    Store(#[from] StoreError),
}

impl EvidenceError {
    /// The stable reason code.
    pub fn reason(&self) -> &'static str {
        match self {
            EvidenceError::Token(error) => error.reason(),
            EvidenceError::UnknownIssuer => "jwt.iss",
            EvidenceError::Keys(_) => "jwt.key",
            EvidenceError::Mapping(error) => error.reason(),
            EvidenceError::Replayed | EvidenceError::NoTokenId => "jwt.replay",
            EvidenceError::Store(_) => "unavailable",
        }
    }

    /// Whether trying again may help.
    pub fn is_transient(&self) -> bool {
        match self {
            EvidenceError::Keys(error) => error.is_transient(),
            EvidenceError::Store(_) => true,
            _ => false,
        }
    }

    /// Whether the token could not even be read.
    pub fn is_malformed(&self) -> bool {
        let codes = ["jwt.form", "jwt.size", "jwt.header"];
        matches!(self, EvidenceError::Token(error) if codes.contains(&error.reason()))
    }
}

/// Verifies evidence against the configured issuers.
pub struct EvidenceDesk<'a> {
    /// `[[ci]]` entries.
    pub ci: &'a [CiConfig],
    /// `[[idp]]` entries.
    pub idps: &'a [&'a IdpConfig],
    /// Keys by issuer.
    pub keys: &'a KeyCache,
    /// For tokens that count once.
    pub store: &'a Store,
}

/// Runs the same verification for `token explain`: with keys from a file where they are given, and without
/// using up a token that counts once.
pub async fn judge(
    config: &Config,
    cache: &KeyCache,
    given: Option<Arc<jwt::KeySet>>,
    token: &str,
    now: i64,
) -> Result<Identity, EvidenceError> {
    let unverified = jwt::read(token)?;
    let issuer = unverified.issuer.as_str();
    let ci = config.ci.iter().find(|entry| entry.issuer == issuer);
    let idp = config.oidc_idps().find(|entry| entry.issuer == issuer);
    if ci.is_none() && idp.is_none() {
        return Err(EvidenceError::UnknownIssuer);
    }
    let (keys, advertised) = match given {
        Some(keys) => (keys, Vec::new()),
        None => {
            let keys = cache
                .keys_with(issuer, unverified.key_id.as_deref())
                .await?;
            let discovery = cache.discovery(issuer).await?;
            (keys, discovery.id_token_algorithms.clone())
        }
    };
    let issued = Issued {
        token,
        keys: &keys,
        advertised: &advertised,
        now,
    };
    match (ci, idp) {
        (Some(entry), _) => job(entry, &issued).map(|(identity, _)| identity),
        (None, Some(entry)) => id_token(entry, &issued),
        (None, None) => Err(EvidenceError::UnknownIssuer),
    }
}

/// A token with what its issuer publishes.
struct Issued<'a> {
    token: &'a str,
    keys: &'a jwt::KeySet,
    /// The algorithms that the issuer says it signs with; empty where it does not say (JWT-1).
    advertised: &'a [String],
    /// Epoch seconds.
    now: i64,
}

impl EvidenceDesk<'_> {
    /// Verifies a token and says who presents it.
    pub async fn verify(&self, token: &str, now: i64) -> Result<Identity, EvidenceError> {
        let unverified = jwt::read(token)?;
        let issuer = unverified.issuer.as_str();
        let key_id = unverified.key_id.as_deref();
        if let Some(entry) = self.ci.iter().find(|entry| entry.issuer == issuer) {
            let keys = self.keys(issuer, key_id).await?;
            let discovery = self.keys.discovery(issuer).await?;
            let issued = Issued {
                token,
                keys: &keys,
                advertised: &discovery.id_token_algorithms,
                now,
            };
            let (identity, verified) = job(entry, &issued)?;
            self.use_up(entry, &verified, now).await?;
            return Ok(identity);
        }
        if let Some(entry) = self.idps.iter().find(|entry| entry.issuer == issuer) {
            let keys = self.keys(issuer, key_id).await?;
            let discovery = self.keys.discovery(issuer).await?;
            let issued = Issued {
                token,
                keys: &keys,
                advertised: &discovery.id_token_algorithms,
                now,
            };
            return id_token(entry, &issued);
        }
        Err(EvidenceError::UnknownIssuer)
    }

    /// The issuer of a token, where the configuration has it. It may be anybody's: the token is not verified.
    pub fn known_issuer(&self, token: &str) -> Option<String> {
        let issuer = jwt::read(token).ok()?.issuer;
        let ci = self.ci.iter().any(|entry| entry.issuer == issuer);
        let known = ci || self.idps.iter().any(|entry| entry.issuer == issuer);
        known.then_some(issuer)
    }

    async fn keys(
        &self,
        issuer: &str,
        key_id: Option<&str>,
    ) -> Result<std::sync::Arc<jwt::KeySet>, KeyError> {
        match self.keys.cached(issuer, key_id) {
            Some(keys) => Ok(keys),
            None => self.keys.keys_with(issuer, key_id).await,
        }
    }

    /// Where the entry says that its tokens count once: uses this one up.
    async fn use_up(
        &self,
        entry: &CiConfig,
        verified: &VerifiedIdToken,
        now: i64,
    ) -> Result<(), EvidenceError> {
        if entry.replay == Replay::Allow {
            return Ok(());
        }
        let id = verified.token_id().ok_or(EvidenceError::NoTokenId)?;
        let mut key = Sha256::new();
        key.update(entry.issuer.as_bytes());
        key.update([0]);
        key.update(id.as_bytes());
        let key: [u8; 32] = key.finalize().into();
        // Remembered until the token itself is refused, leeway included.
        let until = verified.expires_at().saturating_add(SKEW_SECONDS + 1);
        match self.store.use_once("jti", &key, until, now).await? {
            true => Ok(()),
            false => Err(EvidenceError::Replayed),
        }
    }
}

/// A job token of a CI platform.
fn job(
    entry: &CiConfig,
    issued: &Issued<'_>,
) -> Result<(Identity, VerifiedIdToken), EvidenceError> {
    let now = issued.now;
    let allowed = oidc::algorithms(&entry.algorithms, issued.advertised);
    let audience = Audience::AnyOf(&entry.audiences);
    let expectations = Expectations {
        leeway: Leeway::all(SKEW_SECONDS),
        max_age: i64::try_from(entry.max_age.as_secs()).ok(),
        ..Expectations::new(&entry.issuer, audience, &allowed, now)
    };
    let verified = jwt::verify(issued.token, issued.keys, &expectations)?;
    let origin = Origin {
        provider: &entry.issuer,
        kind: EvidenceKind::Ci,
        valid_until: now + JOB_SECONDS,
        seen_at: now,
    };
    let names = ClaimNames::default();
    let identity = mapping::identity(&verified, verified.claims(), names, origin)?;
    Ok((identity, verified))
}

/// An ID token of somebody's sign-in.
fn id_token(entry: &IdpConfig, issued: &Issued<'_>) -> Result<Identity, EvidenceError> {
    let now = issued.now;
    let allowed = oidc::algorithms(&entry.algorithms, issued.advertised);
    let audience = Audience::RelyingParty(&entry.client_id);
    let skew = i64::try_from(entry.clock_skew.as_secs()).unwrap_or(0);
    let expectations = Expectations {
        leeway: Leeway::all(skew),
        ..Expectations::new(&entry.issuer, audience, &allowed, now)
    };
    let verified = jwt::verify(issued.token, issued.keys, &expectations)?;
    let longest = i64::try_from(entry.max_session.as_secs()).unwrap_or(0);
    let origin = Origin {
        provider: &entry.id,
        kind: EvidenceKind::Oidc,
        // Counted from the sign-in, not from whenever the token is shown again.
        valid_until: verified.issued_at().saturating_add(longest),
        seen_at: now,
    };
    let names = ClaimNames {
        groups: &entry.groups_claim,
        name: &entry.name_claim,
        email: &entry.email_claim,
    };
    Ok(mapping::identity(
        &verified,
        verified.claims(),
        names,
        origin,
    )?)
}

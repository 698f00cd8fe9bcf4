//! Whether an assertion holds, at the service that has the account.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::config::{Config, SamlCompatibility, StsConfig};
use crate::saml::response::{self, Expectations, Expected, InResponseTo, Provider};
use crate::saml::{SamlError, VerifiedAssertion};
use crate::store::cache::CachedSamlProvider;

/// Seconds that a beginning may lie ahead (sts.md section 7.1). Ends count to the second: a session must not begin
/// after its evidence ended.
const SKEW: i64 = 300;
/// Seconds after its issue within which an assertion must come.
const REDEEMABLE: i64 = 300;
/// How long anybody waits for a place at the second verifier.
const PATIENCE: Duration = Duration::from_secs(2);

/// How assertions are judged, for each account.
#[derive(Debug)]
pub struct SamlRules {
    stss: Vec<StsConfig>,
    second_opinion: bool,
    /// Places at the second verifier, as many as there are cores, shared with sign-in (SAML-8).
    places: Arc<Semaphore>,
}

/// Why there is no verdict, or which.
#[derive(Debug)]
pub enum NotVerified {
    /// Refused.
    Refused(SamlError),
    /// Too many are being judged, or the judge broke down.
    Unavailable,
}

impl SamlRules {
    /// As configured.
    pub fn new(config: &Config, places: Arc<Semaphore>) -> SamlRules {
        SamlRules {
            stss: config.stss.clone(),
            second_opinion: config.saml.second_opinion,
            places,
        }
    }

    /// Whether an assertion that may be used once is remembered.
    pub fn remembers(&self, account: &str) -> bool {
        self.of(account)
            .is_none_or(|sts| sts.saml_compatibility == SamlCompatibility::Strict)
    }

    fn of(&self, account: &str) -> Option<&StsConfig> {
        let has = |sts: &&StsConfig| sts.accounts.iter().any(|known| known.id == account);
        self.stss.iter().find(has)
    }

    /// Judges a response to be of a provider, for its account.
    ///
    /// # Errors
    /// The refusal, or that it could not be judged.
    pub async fn judge(
        self: &Arc<Self>,
        provider: &Arc<CachedSamlProvider>,
        response: Vec<u8>,
        now: i64,
    ) -> Result<VerifiedAssertion, NotVerified> {
        if !self.second_opinion {
            return self.verdict(provider, &response, now);
        }
        // libxmlsec1 blocks, and cannot be stopped: only so many at once, and not on a thread that serves requests.
        let place = self.places.clone().acquire_owned();
        let place = tokio::time::timeout(PATIENCE, place).await;
        let Ok(Ok(place)) = place else {
            return Err(NotVerified::Unavailable);
        };
        let (rules, provider) = (self.clone(), provider.clone());
        let judged = tokio::task::spawn_blocking(move || {
            let verdict = rules.verdict(&provider, &response, now);
            drop(place);
            verdict
        });
        judged.await.unwrap_or_else(|error| {
            tracing::error!(%error, "the second opinion broke down");
            Err(NotVerified::Unavailable)
        })
    }

    fn verdict(
        &self,
        provider: &CachedSamlProvider,
        response: &[u8],
        now: i64,
    ) -> Result<VerifiedAssertion, NotVerified> {
        // No service has the account: then it has no providers either.
        let no_service = SamlError::Provider("no service has its account");
        let sts = self
            .of(&provider.provider.account)
            .ok_or(NotVerified::Refused(no_service))?;
        let judged = judge(sts, provider, self.second_opinion, response, now);
        if judged == Err(SamlError::Disagreement) {
            // One of the two is wrong about a signature: an attack, or a fault of ours.
            tracing::error!(
                provider = provider.provider.arn,
                "two verifiers disagree about a SAML response"
            );
        }
        judged.map_err(NotVerified::Refused)
    }
}

fn judge(
    sts: &StsConfig,
    provider: &CachedSamlProvider,
    second_opinion: bool,
    bytes: &[u8],
    now: i64,
) -> Result<VerifiedAssertion, SamlError> {
    let strict = sts.saml_compatibility == SamlCompatibility::Strict;
    let recipient = |name: &str| sts.takes_saml_recipient(name);
    let audience = |name: &str| sts.takes_saml_audience(name);
    let skew = if strict { SKEW } else { 0 };
    let expectations = Expectations {
        now,
        skew,
        not_before: strict,
        // The skew is added to it.
        max_age: strict.then_some(REDEEMABLE - skew),
        response_issuer: strict,
        in_response_to: InResponseTo::Anything,
        recipient: Expected::KnownIfPresent(&recipient),
        destination: Expected::KnownIfPresent(&recipient),
        audience: Expected::KnownIfPresent(&audience),
        signed_assertion: true,
        authn_contexts: &[],
        authenticated_since: None,
        encrypted: provider.provider.encryption_mode == "Required",
    };
    let by = Provider {
        entity_id: &provider.entity_id,
        keys: &provider.certificates,
        decryption: &provider.decryption,
        allow_cbc: !strict,
        second_opinion,
        allow_sha1: false,
    };
    let verified = response::verify(bytes, &by, &expectations)?;
    // AWS takes one confirmation and a name that says what it is, and so do those who write for it.
    if verified.confirmations() != 1 {
        return Err(SamlError::Element("SubjectConfirmation"));
    }
    if verified.name_id().format.is_none() {
        return Err(SamlError::ValueEmpty("Format"));
    }
    in_time(&verified, now)?;
    Ok(verified)
}

/// Whether nothing about it is over, to the second.
fn in_time(verified: &VerifiedAssertion, now: i64) -> Result<(), SamlError> {
    if verified.confirmation_ends_at() <= now {
        return Err(SamlError::ConfirmationExpired);
    }
    if verified.ends_at() <= now {
        return Err(SamlError::ConditionsExpired);
    }
    let session = verified.authn().session_ends_at;
    if session.is_some_and(|ends| ends <= now) {
        return Err(SamlError::SessionEnded);
    }
    match verified.issued_at() < now - REDEEMABLE {
        true => Err(SamlError::TooOld),
        false => Ok(()),
    }
}

//! The service provider: sends browsers to a SAML identity provider and judges what comes back.
//!
//! ```text
//! begin ──> redirect with an AuthnRequest ──> (the provider signs in) ──> finish ──> Identity
//! ```
//!
//! `saml` verifies; here are the facts that it needs: what the provider publishes ([`keeper`]), our own keys, the
//! request that this browser has outstanding, and whether the assertion was used before. [`profile`] maps what was
//! verified. Reference: SAML 2.0 Profiles sections 4.1 and 4.4; security.md SAML-9 to SAML-21.

pub mod keeper;
mod logout;
pub mod profile;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::clock::{Random, random_token};
use crate::config::{SamlIdpConfig, SignRequests};
use crate::identity::Identity;
use crate::idp::PendingLogin;
use crate::issuer::IssuerError;
use crate::issuer::saml::{HeldKey, HeldKeys, SamlKeys, signing};
use crate::saml::decrypt::DecryptionKey;
use crate::saml::metadata::IdpMetadata;
use crate::saml::redirect::{self, Kind};
use crate::saml::request::AuthnRequest;
use crate::saml::response::{self, Expectations, Expected, InResponseTo, Provider};
use crate::saml::{SamlError, VerifiedAssertion, WriteError, form, names};
use crate::secret::Secret;
use crate::store::{Store, StoreError};
use keeper::{Keeper, Known, MetadataTrouble};

pub use logout::LoggedOut;

/// How old an assertion may be when it arrives, in seconds (AWS's own redemption rule, SAML-14).
const MAX_AGE: i64 = 300;
/// How long anybody waits for a place at the second verifier.
const PATIENCE: Duration = Duration::from_secs(2);
/// Seconds after which metadata is fetched anew because a signature does not hold: keys may have rolled over.
const ROLLOVER_AFTER: i64 = 30;

/// Why a sign-in came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum SpError {
    /// The response was refused.
    #[error(transparent)]
    Refused(#[from] SamlError),
    /// The provider's metadata is not to be had.
    #[error(transparent)]
    Metadata(#[from] MetadataTrouble),
    /// Our own keys are not to be had.
    #[error("our own SAML key: {0}")]
    Keys(#[from] IssuerError),
    /// A message of ours cannot be written.
    #[error("a message cannot be written: {0}")]
    Write(#[from] WriteError),
    /// The store cannot be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too many responses are being verified.
    #[error("too many responses are being verified")]
    Busy,
}

impl SpError {
    /// The stable reason code.
    pub fn reason(&self) -> &'static str {
        match self {
            SpError::Refused(error) => error.reason(),
            SpError::Metadata(MetadataTrouble::Store(_)) => "unavailable",
            SpError::Metadata(_) => "saml.provider",
            SpError::Keys(_) | SpError::Write(_) | SpError::Store(_) | SpError::Busy => {
                "unavailable"
            }
        }
    }

    /// Whether it is the provider's or our trouble, rather than the message's.
    pub fn is_unavailable(&self) -> bool {
        match self {
            SpError::Refused(error) => matches!(error, SamlError::Provider(_)),
            _ => true,
        }
    }

    /// Whether the message could not even be read.
    pub fn is_malformed(&self) -> bool {
        matches!(self, SpError::Refused(error) if error.is_malformed())
    }
}

/// What every provider's entry shares.
#[derive(Clone)]
pub struct Ourselves {
    /// Our keys.
    pub keys: Arc<SamlKeys>,
    /// For what counts once.
    pub store: Store,
    /// Whether libxmlsec1 must agree.
    pub second_opinion: bool,
    /// Places at the second verifier, as many as there are cores (SAML-8).
    pub places: Arc<Semaphore>,
}

/// One SAML identity provider that people sign in with.
pub struct ServiceProvider {
    config: SamlIdpConfig,
    /// Where logout messages come to.
    slo_url: String,
    ours: Ourselves,
    keeper: Arc<Keeper>,
    openers: RwLock<Option<Openers>>,
}

/// What opens encrypted assertions, with the keys it was made of: reading a private key costs more than a signature,
/// and anybody may send a response.
struct Openers {
    of: HeldKeys,
    keys: Arc<Vec<DecryptionKey>>,
}

/// What a browser brought.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// The form value.
    pub response: &'a str,
    /// What this browser has outstanding here; none: nobody asked.
    pub pending: Option<&'a PendingLogin>,
}

impl ServiceProvider {
    /// For an entry of the configuration.
    pub fn new(
        config: SamlIdpConfig,
        slo_url: String,
        ours: Ourselves,
        keeper: Arc<Keeper>,
    ) -> ServiceProvider {
        ServiceProvider {
            config,
            slo_url,
            ours,
            keeper,
            openers: RwLock::default(),
        }
    }

    /// The entry.
    pub fn config(&self) -> &SamlIdpConfig {
        &self.config
    }

    /// What the provider publishes, as far as it is known.
    pub fn keeper(&self) -> &Arc<Keeper> {
        &self.keeper
    }

    /// The address to send the browser to, and what must survive until it comes back.
    ///
    /// # Errors
    /// [`SpError`]: metadata, keys.
    pub async fn begin(
        &self,
        random: &dyn Random,
        now: i64,
        return_to: String,
    ) -> Result<(String, PendingLogin), SpError> {
        let known = self.keeper.known(now).await?;
        let endpoint = known.metadata.sso_by(names::REDIRECT);
        let endpoint = endpoint.ok_or(SamlError::Provider(
            "its metadata has no SingleSignOnService for HTTP-Redirect",
        ))?;
        let pending = PendingLogin {
            idp: self.config.id.clone(),
            state: random_token(random, 32),
            nonce: format!("_{}", random_token(random, 32)),
            pkce_verifier: String::new(),
            return_to,
            started_at: now,
        };
        let request = AuthnRequest {
            id: &pending.nonce,
            issued_at: now,
            issuer: &self.config.entity_id,
            destination: &endpoint.location,
            acs_url: &self.config.acs_url,
            name_id_format: self.config.name_id_format.as_deref(),
            force_authn: self.config.force_authn,
            authn_contexts: &self.config.authn_contexts,
        };
        let message = request.element()?.canonical()?;
        let keys = match self.signs_requests(&known) {
            true => Some(self.ours.keys.keys(now).await?),
            false => None,
        };
        let key = keys.as_ref().and_then(|keys| signing(keys, now));
        let url = redirect::url(
            &endpoint.location,
            Kind::Request,
            &message,
            Some(&pending.state),
            key.map(|key| key.credential.key()),
        )?;
        Ok((url, pending))
    }

    fn signs_requests(&self, known: &Known) -> bool {
        match self.config.sign_requests {
            SignRequests::Always => true,
            SignRequests::Never => false,
            SignRequests::Auto => known.metadata.want_authn_requests_signed,
        }
    }

    /// Judges what came back, uses it up, and says who it is.
    ///
    /// # Errors
    /// [`SpError`].
    pub async fn finish(&self, answer: Answer<'_>, now: i64) -> Result<Identity, SpError> {
        let bytes = Arc::new(form::decode(answer.response)?);
        let known = self.keeper.known(now).await?;
        let asked = Asked::of(answer.pending);
        let judged = self.judge(&known, bytes.clone(), asked.clone(), now).await;
        let assertion = match judged {
            // The provider may have rolled its keys over since its metadata was read.
            Err(SpError::Refused(SamlError::SignatureInvalid)) => {
                match self.keeper.newer_than(&known, ROLLOVER_AFTER, now).await {
                    Some(newer) => self.judge(&newer, bytes.clone(), asked, now).await?,
                    None => return Err(SamlError::SignatureInvalid.into()),
                }
            }
            judged => judged?,
        };
        let identity = profile::identity(&assertion, &self.config, &bytes, now)?;
        self.use_up(&assertion, now).await?;
        // Who was asked for has just signed in, whatever the provider's clock says; who came unasked may bring
        // something that was made before a cut.
        Ok(match answer.pending {
            Some(_) => Identity {
                issued_at: now,
                ..identity
            },
            None => identity,
        })
    }

    async fn judge(
        &self,
        known: &Arc<Known>,
        bytes: Arc<Vec<u8>>,
        asked: Asked,
        now: i64,
    ) -> Result<VerifiedAssertion, SpError> {
        let verification = Verification {
            config: self.config.clone(),
            known: known.clone(),
            decryption: self.openers(self.ours.keys.keys(now).await?),
            bytes,
            asked,
            now,
            second_opinion: self.ours.second_opinion,
        };
        if !self.ours.second_opinion {
            return Ok(verification.run()?);
        }
        // libxmlsec1 blocks, and cannot be stopped: only so many at once, and not on a thread that serves requests.
        let place = self.ours.places.clone().acquire_owned();
        let place = tokio::time::timeout(PATIENCE, place).await;
        let Ok(Ok(place)) = place else {
            return Err(SpError::Busy);
        };
        let judged = tokio::task::spawn_blocking(move || {
            let judged = verification.run();
            drop(place);
            judged
        });
        Ok(judged.await.map_err(|_| SamlError::Disagreement)??)
    }

    /// What opens assertions that are encrypted for these keys; made anew only where the keys are others.
    fn openers(&self, of: HeldKeys) -> Arc<Vec<DecryptionKey>> {
        let held = self.openers.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(openers) = held.as_ref().filter(|it| Arc::ptr_eq(&it.of, &of)) {
            return openers.keys.clone();
        }
        drop(held);
        let opener = |held: &HeldKey| DecryptionKey::of(held.credential.key()).ok();
        let keys: Arc<Vec<_>> = Arc::new(of.iter().filter_map(opener).collect());
        let openers = Openers {
            of,
            keys: keys.clone(),
        };
        *self.openers.write().unwrap_or_else(PoisonError::into_inner) = Some(openers);
        keys
    }

    /// An assertion counts once, on all nodes (SAML-16).
    async fn use_up(&self, assertion: &VerifiedAssertion, now: i64) -> Result<(), SpError> {
        let key = assertion.replay_key();
        let until = assertion.ends_at().saturating_add(self.skew() + 1);
        match self.ours.store.use_once("saml", &key, until, now).await? {
            true => Ok(()),
            false => Err(SamlError::Replay.into()),
        }
    }

    fn skew(&self) -> i64 {
        i64::try_from(self.config.clock_skew.as_secs()).unwrap_or(0)
    }
}

/// What was asked of the provider.
#[derive(Clone)]
struct Asked {
    /// The request's id; none: nothing was.
    request: Option<String>,
    /// When, in seconds since 1970.
    since: Option<i64>,
}

impl Asked {
    fn of(pending: Option<&PendingLogin>) -> Asked {
        Asked {
            request: pending.map(|pending| pending.nonce.clone()),
            since: pending.map(|pending| pending.started_at),
        }
    }
}

/// Everything that a judgement needs, so that it can move to another thread.
struct Verification {
    config: SamlIdpConfig,
    known: Arc<Known>,
    decryption: Arc<Vec<DecryptionKey>>,
    bytes: Arc<Vec<u8>>,
    asked: Asked,
    now: i64,
    second_opinion: bool,
}

impl Verification {
    fn run(&self) -> Result<VerifiedAssertion, SamlError> {
        let judge = Judge {
            config: &self.config,
            metadata: &self.known.metadata,
            decryption: &self.decryption,
            second_opinion: self.second_opinion,
            now: self.now,
        };
        judge.assertion(&self.bytes, self.asked.request.as_deref(), self.asked.since)
    }
}

/// The production judgement over facts at hand: for sign-in, and for `saml explain`.
pub struct Judge<'a> {
    /// The entry.
    pub config: &'a SamlIdpConfig,
    /// What its provider publishes.
    pub metadata: &'a IdpMetadata,
    /// Our keys that assertions may be encrypted for.
    pub decryption: &'a [DecryptionKey],
    /// Whether libxmlsec1 must agree.
    pub second_opinion: bool,
    /// Seconds since 1970.
    pub now: i64,
}

impl Judge<'_> {
    /// Who a response says it is, without using it up.
    ///
    /// # Errors
    /// [`SamlError`].
    pub fn identity(&self, bytes: &[u8], request: Option<&str>) -> Result<Identity, SamlError> {
        // When the request was made is not at hand, so whether the person signed in since is not asked.
        let assertion = self.assertion(bytes, request, None)?;
        profile::identity(&assertion, self.config, bytes, self.now)
    }

    fn assertion(
        &self,
        bytes: &[u8],
        request: Option<&str>,
        since: Option<i64>,
    ) -> Result<VerifiedAssertion, SamlError> {
        let config = self.config;
        let provider = Provider {
            entity_id: &self.metadata.entity_id,
            keys: &self.metadata.signing,
            decryption: self.decryption,
            allow_sha1: config.allow_sha1,
            allow_cbc: config.allow_cbc,
            second_opinion: self.second_opinion,
        };
        let acs = [config.acs_url.clone()];
        let ours = [config.entity_id.clone()];
        let in_response_to = match request {
            Some(request) => InResponseTo::Request(request),
            None => InResponseTo::Nothing {
                allowed: config.idp_initiated,
            },
        };
        let expectations = Expectations {
            now: self.now,
            skew: i64::try_from(config.clock_skew.as_secs()).unwrap_or(0),
            not_before: true,
            max_age: Some(MAX_AGE),
            response_issuer: true,
            in_response_to,
            recipient: Expected::OneOf(&acs),
            destination: Expected::OneOf(&acs),
            audience: Expected::OneOf(&ours),
            signed_assertion: false,
            authn_contexts: &config.authn_contexts,
            authenticated_since: since.filter(|_| config.force_authn),
            encrypted: config.require_encryption,
        };
        response::verify(bytes, &provider, &expectations)
    }
}

/// SHA-256 of evidence, base64url: what the trail keeps instead of it.
fn sha256(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(bytes))
}

/// The key under which a request of ours is used up.
pub fn request_key(pending: &PendingLogin) -> [u8; 32] {
    Sha256::digest(Secret::new(pending.state.clone()).expose().as_bytes()).into()
}

//! What a provider publishes, kept.
//!
//! Sign-ins wait for the provider only when nothing at all is known of it. What is known is read anew in the
//! background; a reading that fails, belongs to somebody else or has no keys leaves the last good copy in force and
//! says so (security.md SAML-19). The copy is in the store too: for a restart while the provider is away, for the
//! other nodes, and as what a pinned provider's keys are held against.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde_json::json;

use crate::audit::{AuditEvent, AuditLog, Outcome};
use crate::clock::{Clock, Random, uuid_v4};
use crate::config::{MetadataSource, SamlIdpConfig};
use crate::outbound::{Limits, Outbound};
use crate::saml::Certificate;
use crate::saml::document;
use crate::saml::metadata::{Change, IdpMetadata, MetadataError, Reading, changes};
use crate::store::Store;
use crate::store::idp_metadata::IdpMetadata as Stored;

/// The largest document.
const MAX_BYTES: usize = document::Limits::METADATA.bytes;
/// Seconds between two attempts while a provider cannot be reached.
const RETRY_AFTER: i64 = 15;

/// Why there is no metadata of a provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataTrouble {
    /// It cannot be read.
    #[error("its metadata cannot be fetched: {0}")]
    Unreachable(String),
    /// It cannot be held against what was known of a pinned provider.
    #[error("what was known of it cannot be read: {0}")]
    Store(String),
    /// It was read and cannot be used.
    #[error("its metadata cannot be used: {0}")]
    Unusable(String),
    /// Another entry has the same entity.
    #[error("its entity id is already that of \"{0}\"")]
    Twin(String),
    /// It would be another provider than before.
    #[error("its metadata is now of another entity")]
    AnotherEntity,
    /// It has a key that nobody approved.
    #[error(
        "its metadata has a new signing key, and the entry is pinned: `drawbridge saml accept` takes it"
    )]
    Pinned,
}

/// Metadata in force.
#[derive(Debug)]
pub struct Known {
    /// As read.
    pub metadata: IdpMetadata,
    /// Seconds since 1970.
    pub fetched_at: i64,
}

/// Which entity ids are whose: of all entries together.
pub type Entities = Arc<Mutex<HashMap<String, String>>>;

/// What a keeper works with.
#[derive(Clone)]
pub struct Means {
    /// Calls the provider.
    pub outbound: Outbound,
    /// Keeps the last good copy.
    pub store: Store,
    /// Tells of new keys.
    pub audit: AuditLog,
    /// Time, for readings in the background.
    pub clock: Arc<dyn Clock>,
    /// Ids of events.
    pub random: Arc<dyn Random>,
    /// Shared by all keepers.
    pub entities: Entities,
}

/// Keeps one provider's metadata.
pub struct Keeper {
    idp: String,
    source: MetadataSource,
    entity_id: Option<String>,
    signed_by: Option<PathBuf>,
    pin: bool,
    refresh: i64,
    means: Means,
    held: RwLock<Held>,
    /// One reading at a time.
    reading: tokio::sync::Mutex<()>,
}

/// Whether metadata is still valid.
fn counts(known: &Known, now: i64) -> Result<(), MetadataTrouble> {
    match known.metadata.valid_until {
        Some(until) if until <= now => Err(MetadataTrouble::Unusable(
            "it is valid no longer (validUntil has passed)".to_owned(),
        )),
        _ => Ok(()),
    }
}

#[derive(Default)]
struct Held {
    known: Option<Arc<Known>>,
    trouble: Option<MetadataTrouble>,
    tried_at: i64,
}

impl Keeper {
    /// For an entry.
    pub fn new(config: &SamlIdpConfig, means: Means) -> Keeper {
        Keeper {
            idp: config.id.clone(),
            source: config.metadata.clone(),
            entity_id: config.idp_entity_id.clone(),
            signed_by: config.metadata_certificate.clone(),
            pin: config.pin,
            refresh: i64::try_from(config.refresh.as_secs()).unwrap_or(3600),
            means,
            held: RwLock::default(),
            reading: tokio::sync::Mutex::new(()),
        }
    }

    /// What is known, read if nothing is. Where it has grown old, it is read anew behind the caller's back.
    ///
    /// # Errors
    /// [`MetadataTrouble`], where nothing usable is known.
    pub async fn known(self: &Arc<Self>, now: i64) -> Result<Arc<Known>, MetadataTrouble> {
        let (known, tried_at, trouble) = self.held();
        let Some(known) = known else {
            return match trouble {
                // Whoever asks while it is away is told so at once.
                Some(trouble) if now - tried_at < RETRY_AFTER && now >= tried_at => Err(trouble),
                _ => self.first(now).await,
            };
        };
        let tried = (0..RETRY_AFTER).contains(&(now - tried_at));
        match (counts(&known, now), tried) {
            // What has run out is worth waiting for.
            (Err(_), false) => self.first(now).await,
            (Err(expired), true) => Err(trouble.unwrap_or(expired)),
            (Ok(()), false) if known.fetched_at + self.refresh <= now => {
                let keeper = self.clone();
                tokio::spawn(async move {
                    let _ = keeper.read(now).await;
                });
                Ok(known)
            }
            (Ok(()), _) => Ok(known),
        }
    }

    /// What is known now if that is other than it was, read anew unless the last reading is younger than so many
    /// seconds.
    pub async fn newer_than(
        self: &Arc<Self>,
        than: &Arc<Known>,
        seconds: i64,
        now: i64,
    ) -> Option<Arc<Known>> {
        let (_, tried_at, _) = self.held();
        if !(0..seconds).contains(&(now - tried_at)) {
            let _ = self.read(now).await;
        }
        let (known, ..) = self.held();
        known.filter(|known| known.metadata.signing != than.metadata.signing)
    }

    /// Waits until nobody reads the source any more.
    pub async fn settled(&self) {
        let _one = self.reading.lock().await;
    }

    /// What the last reading failed with.
    pub fn trouble(&self) -> Option<MetadataTrouble> {
        self.held().2
    }

    fn held(&self) -> (Option<Arc<Known>>, i64, Option<MetadataTrouble>) {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        (held.known.clone(), held.tried_at, held.trouble.clone())
    }

    /// The first reading: the provider's own word, or else the last good copy.
    async fn first(self: &Arc<Self>, now: i64) -> Result<Arc<Known>, MetadataTrouble> {
        // The stored copy first: it is what a pinned provider is held against.
        if self.held().0.is_none() {
            let recalled = self.recall().await;
            // Without it, whatever the provider says would be taken for what was always so.
            if let Err(trouble) = recalled
                && self.pin
            {
                return Err(trouble);
            }
        }
        let read = self.read(now).await;
        match (read, self.held().0) {
            (Ok(known), _) => Ok(known),
            (Err(trouble), Some(known)) => counts(&known, now).map(|()| known).map_err(|_| trouble),
            (Err(trouble), None) => Err(trouble),
        }
    }

    /// Takes the stored copy, where there is one of this very source.
    ///
    /// # Errors
    /// The store cannot be asked.
    async fn recall(&self) -> Result<(), MetadataTrouble> {
        let Some(known) = self.stored().await? else {
            return Ok(());
        };
        if self.claim(&known.metadata.entity_id).is_ok() {
            let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
            held.known.get_or_insert_with(|| Arc::new(known));
        }
        Ok(())
    }

    /// The stored copy as it was read: one that has run out since is still what new keys are held against.
    async fn stored(&self) -> Result<Option<Known>, MetadataTrouble> {
        let stored = self.means.store.idp_metadata(&self.idp).await;
        let stored = stored.map_err(|error| MetadataTrouble::Store(error.to_string()))?;
        let Some(stored) = stored.filter(|stored| stored.source == described(&self.source)) else {
            return Ok(None);
        };
        let read = self.parse(stored.document.as_bytes(), stored.fetched_at);
        Ok(read.ok().map(|metadata| Known {
            metadata,
            fetched_at: stored.fetched_at,
        }))
    }

    /// Whether an administrator has taken these keys: [`accept`] keeps what it takes.
    async fn accepted(&self, metadata: &IdpMetadata) -> bool {
        let Ok(Some(stored)) = self.stored().await else {
            return false;
        };
        let accepted = &stored.metadata;
        let known = |key| accepted.signing.contains(key);
        accepted.entity_id == metadata.entity_id && metadata.signing.iter().all(known)
    }

    /// Reads the source anew, unless somebody did so while we waited.
    ///
    /// # Errors
    /// [`MetadataTrouble`]; what was in force stays in force.
    pub async fn read(&self, now: i64) -> Result<Arc<Known>, MetadataTrouble> {
        let (before, tried_before, _) = self.held();
        let _one = self.reading.lock().await;
        let (known, tried_at, trouble) = self.held();
        if tried_at != tried_before {
            return match (trouble, known) {
                (None, Some(known)) => Ok(known),
                (Some(trouble), _) => Err(trouble),
                (None, None) => Err(MetadataTrouble::Unreachable("nothing was read".to_owned())),
            };
        }
        let read = self.read_once(before.as_deref(), now).await;
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.tried_at = now;
        match read {
            Ok(known) => {
                held.trouble = None;
                held.known = Some(known.clone());
                Ok(known)
            }
            Err(trouble) => {
                tracing::warn!(idp = self.idp, %trouble, "an identity provider's metadata was not taken");
                held.trouble = Some(trouble.clone());
                Err(trouble)
            }
        }
    }

    async fn read_once(
        &self,
        before: Option<&Known>,
        now: i64,
    ) -> Result<Arc<Known>, MetadataTrouble> {
        let bytes = self.fetch().await?;
        let metadata = self.parse(&bytes, now)?;
        let changes = before.map(|before| changes(&before.metadata, &metadata));
        let changes = changes.unwrap_or_default();
        if changes.iter().any(Change::keeps_the_old) {
            return Err(MetadataTrouble::AnotherEntity);
        }
        let vouched = self.signed_by.is_some();
        let new_keys = changes.iter().filter_map(|change| match change {
            Change::NewKey(fingerprint) => Some(fingerprint.as_str()),
            _ => None,
        });
        let new_keys: Vec<&str> = new_keys.collect();
        let pinned = !new_keys.is_empty() && self.pin && !vouched;
        if pinned && !self.accepted(&metadata).await {
            // Once: the provider is asked again all the time.
            if self.held().2 != Some(MetadataTrouble::Pinned) {
                self.tell(&new_keys, "pinned");
            }
            return Err(MetadataTrouble::Pinned);
        }
        self.claim(&metadata.entity_id)?;
        if !new_keys.is_empty() {
            self.tell(&new_keys, "taken");
        }
        self.keep(&bytes, now).await;
        Ok(Arc::new(Known {
            metadata,
            fetched_at: now,
        }))
    }

    async fn fetch(&self) -> Result<Vec<u8>, MetadataTrouble> {
        let (bytes, _) = fetch(&self.source, &self.means.outbound).await?;
        Ok(bytes)
    }

    fn parse(&self, bytes: &[u8], now: i64) -> Result<IdpMetadata, MetadataTrouble> {
        let (entity_id, signed_by) = (self.entity_id.as_deref(), self.signed_by.as_deref());
        parse(bytes, entity_id, signed_by, &self.means.outbound, now)
    }

    /// Of two entries with one entity, neither could tell whose response it got (SAML-9).
    fn claim(&self, entity_id: &str) -> Result<(), MetadataTrouble> {
        let mut entities = self
            .means
            .entities
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match entities.get(entity_id) {
            Some(other) if *other != self.idp => Err(MetadataTrouble::Twin(other.clone())),
            _ => {
                entities.insert(entity_id.to_owned(), self.idp.clone());
                Ok(())
            }
        }
    }

    /// Keeps the copy. A store that is away costs a restart its copy and nobody their sign-in.
    async fn keep(&self, bytes: &[u8], now: i64) {
        let stored = Stored {
            idp: self.idp.clone(),
            source: described(&self.source),
            document: String::from_utf8_lossy(bytes).into_owned(),
            fetched_at: now,
        };
        if let Err(error) = self.means.store.put_idp_metadata(&stored).await {
            tracing::warn!(idp = self.idp, %error, "an identity provider's metadata is not kept");
        }
    }

    /// A provider that has new keys is a provider that others may have taken over: it is in the trail.
    fn tell(&self, keys: &[&str], what: &str) {
        let (clock, random) = (&self.means.clock, &*self.means.random);
        let request_id = uuid_v4(random).to_string();
        let event_id = uuid_v4(random).to_string();
        let now = clock.now();
        let mut event = AuditEvent::open(
            &self.means.audit,
            &request_id,
            &event_id,
            now,
            "internal",
            None,
        );
        event.set("eventName", json!("ChangeIdentityProviderKeys"));
        event.set("eventSource", json!("signin.amazonaws.com"));
        event.set("readOnly", json!(false));
        let parameters = json!({ "identityProvider": self.idp, "newKeys": keys });
        event.set("requestParameters", parameters);
        let outcome = Outcome::Granted(json!({ "result": what }));
        if let Err(error) = event.close(outcome) {
            tracing::error!(idp = self.idp, %error, "new keys of an identity provider are missing in the audit trail");
        }
    }
}

/// Takes the present keys of a provider whose entry is pinned, if the administrator knows each of them by its
/// fingerprint. A broker that runs notices at its next reading.
///
/// # Errors
/// [`MetadataTrouble`]: of the reading; [`MetadataTrouble::Pinned`] where a key was not named; the store.
pub async fn accept(
    config: &SamlIdpConfig,
    outbound: &Outbound,
    store: &Store,
    fingerprints: &[String],
    now: i64,
) -> Result<IdpMetadata, MetadataTrouble> {
    let (bytes, _) = fetch(&config.metadata, outbound).await?;
    let entity_id = config.idp_entity_id.as_deref();
    let signed_by = config.metadata_certificate.as_deref();
    let metadata = parse(&bytes, entity_id, signed_by, outbound, now)?;
    let named = |key: &Certificate| {
        let mut fingerprints = fingerprints.iter();
        fingerprints.any(|it| it.eq_ignore_ascii_case(key.fingerprint()))
    };
    if !metadata.signing.iter().all(named) {
        return Err(MetadataTrouble::Pinned);
    }
    let stored = Stored {
        idp: config.id.clone(),
        source: described(&config.metadata),
        document: String::from_utf8_lossy(&bytes).into_owned(),
        fetched_at: now,
    };
    let kept = store.put_idp_metadata(&stored).await;
    kept.map_err(|error| MetadataTrouble::Unreachable(format!("the store: {error}")))?;
    Ok(metadata)
}

/// A source, as the store has it.
fn described(source: &MetadataSource) -> String {
    match source {
        MetadataSource::Url(url) => url.to_string(),
        MetadataSource::File(path) => path.display().to_string(),
    }
}

/// What [`look`] saw.
#[derive(Debug)]
pub struct Looked {
    /// As read.
    pub metadata: IdpMetadata,
    /// What the provider's own clock said, in seconds since 1970.
    pub their_time: Option<i64>,
}

/// Reads an entry's metadata from its source, and keeps nothing: for `check` and `saml explain`.
///
/// # Errors
/// [`MetadataTrouble`].
pub async fn look(
    config: &SamlIdpConfig,
    outbound: &Outbound,
    now: i64,
) -> Result<Looked, MetadataTrouble> {
    let (bytes, their_time) = fetch(&config.metadata, outbound).await?;
    let entity_id = config.idp_entity_id.as_deref();
    let signed_by = config.metadata_certificate.as_deref();
    let metadata = parse(&bytes, entity_id, signed_by, outbound, now)?;
    Ok(Looked {
        metadata,
        their_time,
    })
}

/// The document, from wherever it is.
async fn fetch(
    source: &MetadataSource,
    outbound: &Outbound,
) -> Result<(Vec<u8>, Option<i64>), MetadataTrouble> {
    let url = match source {
        MetadataSource::Url(url) => url,
        MetadataSource::File(path) => {
            let read = tokio::fs::read(path).await;
            let read = read.map_err(|error| MetadataTrouble::Unreachable(error.to_string()))?;
            return Ok((read, None));
        }
    };
    let limits = Limits {
        max_bytes: MAX_BYTES,
        accept: "application/samlmetadata+xml, application/xml, text/xml",
    };
    let fetched = outbound.get(url, limits).await;
    let fetched = fetched.map_err(|error| MetadataTrouble::Unreachable(error.to_string()))?;
    let date = fetched.headers.get(http::header::DATE);
    let date = date.and_then(|date| date.to_str().ok()).and_then(moment);
    match fetched.status.is_success() {
        true => Ok((fetched.body, date)),
        false => Err(MetadataTrouble::Unreachable(format!(
            "it was answered with status {}",
            fetched.status.as_u16()
        ))),
    }
}

fn parse(
    bytes: &[u8],
    entity_id: Option<&str>,
    signed_by: Option<&Path>,
    outbound: &Outbound,
    now: i64,
) -> Result<IdpMetadata, MetadataTrouble> {
    let unusable = |error: String| MetadataTrouble::Unusable(error);
    let certificates = match signed_by {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| unusable(format!("{}: {error}", path.display())))?;
            let read = Certificate::from_pem(&text);
            Some(read.map_err(|fault| unusable(format!("{} {fault}", path.display())))?)
        }
        None => None,
    };
    let reading = Reading {
        entity_id,
        http_on_loopback: outbound.allows_loopback_http(),
        signed_by: certificates.as_deref(),
        ..Reading::at(now)
    };
    IdpMetadata::read(bytes, &reading).map_err(|error: MetadataError| unusable(error.to_string()))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` in seconds since 1970 (RFC 9110 section 5.6.7).
fn moment(date: &str) -> Option<i64> {
    let form = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let moment = time::PrimitiveDateTime::parse(date, form).ok()?;
    Some(moment.assume_utc().unix_timestamp())
}

//! All shared parts, built once from the configuration; tests build the same.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use tokio::sync::Semaphore;

use crate::access::throttle::Throttle;
use crate::audit::AuditLog;
use crate::broker::Broker;
use crate::clock::{Clock, Random, random_bytes};
use crate::config::Config;
use crate::http::urls::Urls;
use crate::iam::{Iam, aws_managed, provision};
use crate::idp::RelyingParty;
use crate::issuer::Issuer;
use crate::outbound::{KeyCache, Outbound, OutboundRules};
use crate::seal::KeyRing;
use crate::secret::Secret;
use crate::store::Store;
use crate::store::cache::IamCache;
use crate::sts::EmbeddedSts;

/// How many requests with large bodies are read at once: they are rare, and nobody has signed them yet when they are
/// read.
const LARGE_BODIES: usize = 4;

/// The parts every door works with.
pub struct App {
    /// As loaded.
    pub config: Config,
    /// Every path and absolute URL.
    pub urls: Urls,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// What outlives a restart.
    pub store: Store,
    /// Parsed roles and providers.
    pub cache: Arc<IamCache>,
    /// Seals.
    pub ring: Arc<KeyRing>,
    /// The trail.
    pub audit: AuditLog,
    /// Keys of other people's issuers.
    pub keys: KeyCache,
    /// Sign-in, in the order of the configuration.
    pub idps: Vec<RelyingParty>,
    /// From identities to credentials.
    pub broker: Broker,
    /// Signs our own tokens.
    pub issuer: Arc<Issuer>,
    /// Who and what there is.
    pub iam: Iam,
    /// Places for requests whose bodies are larger than usual.
    pub large_bodies: Semaphore,
    /// Who was refused too often.
    pub throttle: Throttle,
}

/// How the demo's permission for plain http on loopback becomes a rule for calls to others.
pub fn outbound(config: &Config) -> anyhow::Result<Outbound> {
    let ca_pem = match &config.outbound.ca_file {
        Some(path) => Some(
            std::fs::read(path)
                .with_context(|| format!("outbound.ca_file {} cannot be read", path.display()))?,
        ),
        None => None,
    };
    Ok(Outbound::new(OutboundRules {
        allow_private: config.outbound.allow_private.clone(),
        allow_loopback_http: config.demo,
        ca_pem,
        proxy: config.outbound.proxy.clone(),
    })?)
}

/// One relying party for each OIDC entry.
pub fn relying_parties(
    config: &Config,
    urls: &Urls,
    outbound: &Outbound,
    keys: &KeyCache,
) -> Vec<RelyingParty> {
    let entries = config.oidc_idps().cloned();
    entries
        .map(|entry| {
            let redirect = urls.absolute(&urls.oidc_callback(&entry.id));
            RelyingParty::new(entry, redirect, outbound.clone(), keys.clone())
        })
        .collect()
}

/// Reads the key ring, or makes one where there is none and the store has never been sealed.
pub fn key_ring(path: &Path, clock: &dyn Clock, random: &dyn Random) -> anyhow::Result<KeyRing> {
    if !path.exists() {
        let text = KeyRing::generate(random_bytes(random), clock.unix());
        write_private(path, text.expose())
            .with_context(|| format!("the key ring {} cannot be made", path.display()))?;
        tracing::info!(path = %path.display(), "made a key ring; keep it as you keep a private key");
    }
    refuse_readable_by_others(path)?;
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the key ring {} cannot be read", path.display()))?;
    KeyRing::parse(&Secret::new(text)).with_context(|| format!("the key ring {}", path.display()))
}

/// Writes a file that only its owner may read; fails where it exists.
pub fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn refuse_readable_by_others(path: &Path) -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path)
            .with_context(|| format!("the key ring {} cannot be read", path.display()))?
            .permissions()
            .mode();
        if mode & 0o066 != 0 {
            bail!(
                "the key ring {} can be read by others (mode {:03o}); chmod 600 it",
                path.display(),
                mode & 0o777
            );
        }
    }
    Ok(())
}

impl App {
    /// Builds everything, brings the configuration into the store, and fails with what to mend.
    pub async fn build(
        config: Config,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> anyhow::Result<App> {
        let ring = Arc::new(key_ring(&config.keys.file, &*clock, &*random)?);
        let store = Store::open(&config.store.url).context("the store")?;
        store.migrate().await.context("the store")?;
        store.bind_key_ring(ring.fingerprint()).await.context(
            "the store was sealed with another key ring; start with the ring that belongs to it",
        )?;
        aws_managed::seed(&store).await.context("the store")?;
        provision::provision(&config, &store, &*random, clock.unix())
            .await
            .context("the configuration's roles")?;
        let audit = AuditLog::open(&config.audit.file)?;
        let outbound = outbound(&config)?;
        let keys = KeyCache::new(outbound.clone(), clock.clone());
        let cache = Arc::new(IamCache::new(store.clone()));
        cache.refresh().await.context("the store")?;
        let urls = Urls::new(&config.public_url);
        let issuer = Issuer::new(urls.origin(), store.clone(), ring.clone(), random.clone());
        let issuer = Arc::new(issuer);
        let sts = EmbeddedSts {
            cache: cache.clone(),
            ring: ring.clone(),
            keys: keys.clone(),
            issuer: issuer.clone(),
            management: Arc::new(config.management()),
            random: random.clone(),
            decoy: crate::sts::decoy(),
        };
        let iam = Iam {
            cache: cache.clone(),
            ring: ring.clone(),
            random: random.clone(),
            outbound: outbound.clone(),
            last_uses: Arc::default(),
            loopback_http: config.demo,
            issuer: urls.origin().to_owned(),
            examples: config.examples,
            over_all: config.over_all().map(str::to_owned),
        };
        Ok(App {
            idps: relying_parties(&config, &urls, &outbound, &keys),
            broker: Broker { sts },
            issuer,
            iam,
            large_bodies: Semaphore::new(LARGE_BODIES),
            throttle: Throttle::new(&config.limits),
            config,
            urls,
            clock,
            random,
            store,
            cache,
            ring,
            audit,
            keys,
        })
    }
}

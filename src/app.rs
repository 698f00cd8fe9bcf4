//! All shared parts, built once from the configuration; tests build the same.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use tokio::sync::Semaphore;

use crate::access::throttle::Throttle;
use crate::audit::AuditLog;
use crate::broker::Broker;
use crate::clock::{Clock, Random, random_bytes};
use crate::config::{Config, IdpEntry};
use crate::http::urls::Urls;
use crate::iam::{Iam, aws_managed, provision};
use crate::idp::saml::Ourselves;
use crate::idp::saml::keeper::{Entities, Keeper, Means};
use crate::idp::{RelyingParty, ServiceProvider, SignIn};
use crate::issuer::Issuer;
use crate::issuer::saml::assertions::Assertions;
use crate::issuer::saml::{Party, SamlKeys};
use crate::outbound::{KeyCache, Outbound, OutboundRules};
use crate::saml::Credential;
use crate::seal::KeyRing;
use crate::secret::Secret;
use crate::store::Store;
use crate::store::cache::IamCache;
use crate::sts::EmbeddedSts;
use crate::sts::saml::SamlRules;

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
    pub idps: Vec<SignIn>,
    /// From identities to credentials.
    pub broker: Broker,
    /// Signs our own tokens.
    pub issuer: Arc<Issuer>,
    /// Our keys as a SAML service provider.
    pub saml_keys: Arc<SamlKeys>,
    /// Speaks for people to STSs that trust us as their SAML provider.
    pub assertions: Arc<Assertions>,
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

/// The parts that sign-in with SAML works with.
pub struct SamlParts {
    /// Of every entry alike.
    pub ours: Ourselves,
    /// For the keepers of metadata.
    pub means: Means,
}

impl SamlParts {
    /// Builds them; a key that the configuration names must be there and fit its certificate.
    pub fn build(
        config: &Config,
        urls: &Urls,
        means: Means,
        ring: Arc<KeyRing>,
    ) -> anyhow::Result<SamlParts> {
        let keys = service_provider_keys(config, urls, &means.store, &ring, &means.random)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(SamlParts {
            ours: Ourselves {
                keys: Arc::new(keys),
                store: means.store.clone(),
                second_opinion: config.saml.second_opinion,
                places: Arc::new(Semaphore::new(cores)),
            },
            means,
        })
    }
}

/// Our keys as a SAML service provider: the one that the configuration gives, or those of the store.
pub fn service_provider_keys(
    config: &Config,
    urls: &Urls,
    store: &Store,
    ring: &Arc<KeyRing>,
    random: &Arc<dyn Random>,
) -> anyhow::Result<SamlKeys> {
    let keys = SamlKeys::new(
        Party::ServiceProvider,
        urls.host(),
        store.clone(),
        ring.clone(),
        random.clone(),
    );
    Ok(
        match (&config.saml.key_file, &config.saml.certificate_file) {
            (Some(key), Some(certificate)) => keys.give(credential(key, certificate)?),
            _ => keys,
        },
    )
}

/// Drawbridge as a SAML identity provider. Nobody is sent here to sign in: the endpoint for that, which STSs insist on
/// in metadata, is the front page.
pub fn assertions(
    urls: &Urls,
    store: &Store,
    ring: &Arc<KeyRing>,
    random: &Arc<dyn Random>,
) -> Assertions {
    let keys = SamlKeys::new(
        Party::IdentityProvider,
        urls.host(),
        store.clone(),
        ring.clone(),
        random.clone(),
    );
    Assertions::new(urls.saml_idp(), urls.absolute("/"), keys, random.clone())
}

/// Our SAML key and its certificate, from their files.
pub fn credential(key: &Path, certificate: &Path) -> anyhow::Result<Credential> {
    let read = |path: &Path| {
        std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
    };
    let key_text = Secret::new(read(key)?);
    let credential = Credential::from_pem(key_text.expose(), &read(certificate)?);
    let credential = credential.with_context(|| {
        format!(
            "saml.key_file {} and {}",
            key.display(),
            certificate.display()
        )
    })?;
    if !credential.key().is_rsa() {
        bail!("saml.key_file {} holds no RSA key", key.display());
    }
    Ok(credential)
}

/// Sign-in with each entry, in the order of the file.
pub fn sign_ins(
    config: &Config,
    urls: &Urls,
    outbound: &Outbound,
    keys: &KeyCache,
    saml: &SamlParts,
) -> Vec<SignIn> {
    let entries = config.idps.iter().cloned();
    entries
        .map(|entry| match entry {
            IdpEntry::Oidc(entry) => {
                let redirect = urls.absolute(&urls.oidc_callback(&entry.id));
                let party = RelyingParty::new(entry, redirect, outbound.clone(), keys.clone());
                SignIn::Oidc(Box::new(party))
            }
            IdpEntry::Saml(entry) => {
                let slo_url = urls.absolute(&urls.saml_slo(&entry.id));
                let keeper = Arc::new(Keeper::new(&entry, saml.means.clone()));
                let party = ServiceProvider::new(entry, slo_url, saml.ours.clone(), keeper);
                SignIn::Saml(Box::new(party))
            }
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
        let means = Means {
            outbound: outbound.clone(),
            store: store.clone(),
            audit: audit.clone(),
            clock: clock.clone(),
            random: random.clone(),
            entities: Entities::default(),
        };
        let saml = SamlParts::build(&config, &urls, means, ring.clone())?;
        let sts = EmbeddedSts {
            cache: cache.clone(),
            ring: ring.clone(),
            keys: keys.clone(),
            issuer: issuer.clone(),
            management: Arc::new(config.management()),
            random: random.clone(),
            saml: Arc::new(SamlRules::new(&config, saml.ours.places.clone())),
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
            idps: sign_ins(&config, &urls, &outbound, &keys, &saml),
            saml_keys: saml.ours.keys.clone(),
            assertions: Arc::new(assertions(&urls, &store, &ring, &random)),
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

//! The demo: the whole story on this machine with nothing else.
//!
//! `seed` is what it is made of, `idp` the identity provider on a port of its own (which the tests use as
//! well), `screen` what a person sees first. Loopback only, and every page says that it is a demo.

pub mod idp;
pub mod pages;
pub mod reset;
pub mod saml_provider;
pub mod screen;
pub mod seed;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use axum::Router;
use tokio::net::TcpListener;

use crate::app::{App, outbound};
use crate::clock::{Clock, Random};
use crate::config;
use crate::demo::idp::{
    ClientConfig, DemoIdp, DemoIdpConfig, DemoKeys, SamlRole, ServiceProviderConfig,
    contoso_metadata,
};
use crate::demo::seed::Places;
use crate::http;
use crate::iam::root_keys::{RootKey, root_keys};

/// How the demo is to be run.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// Where its state is; a second start picks it up again.
    pub data: PathBuf,
    /// Where the broker listens.
    pub listen: SocketAddr,
    /// Where the identity provider listens.
    pub idp_listen: SocketAddr,
    /// Whether `POST /demo/reset` is there.
    pub reset_endpoint: bool,
    /// Chosen root keys.
    pub root_keys: Vec<RootKey>,
}

/// A demo that is built and bound, and not yet serving.
pub struct Demo {
    /// The broker's parts.
    pub app: Arc<App>,
    /// Every root key, with its secret.
    pub root_keys: Vec<RootKey>,
    /// Base URL of the identity provider.
    pub idp_url: String,
    broker: (TcpListener, Router),
    idp: (TcpListener, Router),
}

async fn bind(address: SocketAddr, option: &str) -> anyhow::Result<TcpListener> {
    if !address.ip().is_loopback() {
        bail!(
            "{option} {address}: the demo listens on loopback only, because its passwords are known"
        );
    }
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| {
        format!("{option} {address} cannot be listened on; choose another, or port 0")
    })
}

impl Demo {
    /// Builds the demo: binds both ports, writes the configuration, seeds the store.
    pub async fn build(
        options: &DemoOptions,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> anyhow::Result<Demo> {
        make_directory(&options.data)?;
        let broker = bind(options.listen, "--listen").await?;
        let idp = bind(options.idp_listen, "--idp-listen").await?;
        let listen = broker.local_addr()?.to_string();
        let broker_url = format!("http://{listen}");
        let idp_url = format!("http://{}", idp.local_addr()?);
        let (acme, ci) = (format!("{idp_url}/acme"), format!("{idp_url}/ci"));
        let contoso = format!("{idp_url}/contoso/metadata");
        let keys = DemoKeys::load_or_create(&options.data)?;
        let metadata = contoso_metadata(&idp_url, &keys)?;
        let mut more_accounts: Vec<String> = Vec::new();
        for key in &options.root_keys {
            let known = [seed::DEV, seed::PROD].contains(&key.account.as_str());
            if !known && !more_accounts.contains(&key.account) {
                more_accounts.push(key.account.clone());
            }
        }
        let text = seed::configuration(&Places {
            broker: &broker_url,
            listen: &listen,
            acme: &acme,
            contoso: &contoso,
            ci: &ci,
            more_accounts: &more_accounts,
        });
        let mut config = config::parse(&text, &options.data, &|_| None, Vec::new(), true)
            .map_err(|problems| anyhow::anyhow!("the demo's own configuration:\n{problems}"))?;
        config.examples = true;
        let accounts: Vec<String> = config
            .stss
            .iter()
            .flat_map(|sts| &sts.accounts)
            .map(|account| account.id.clone())
            .collect();
        let app = Arc::new(App::build(config, clock.clone(), random.clone()).await?);
        saml_provider::ensure(&app, &metadata).await?;
        let root_keys = ensure_root_keys(&app, &accounts, &options.root_keys).await?;
        let demo_idp = DemoIdp::new(DemoIdpConfig {
            base_url: idp_url.clone(),
            broker_url: broker_url.clone(),
            clients: vec![ClientConfig {
                client_id: seed::CLIENT_ID.to_owned(),
                client_secret: None,
                redirect_uris: vec![app.urls.absolute(&app.urls.oidc_callback("acme"))],
            }],
            service_provider: ServiceProviderConfig {
                entity_id: app.urls.absolute(&app.urls.saml_metadata(seed::CONTOSO)),
                acs_url: seed::acs_url(&broker_url),
                slo_url: app.urls.absolute(&app.urls.saml_slo(seed::CONTOSO)),
            },
            saml_roles: seed::roles(&acme, &ci, &broker_url)
                .iter()
                .filter(|role| role.trust.to_string().contains(&seed::saml_provider_arn()))
                .map(|role| SamlRole {
                    alias: role.called(),
                    role_arn: role.arn(),
                    provider_arn: seed::saml_provider_arn(),
                })
                .collect(),
            people: seed::people(),
            outbound: outbound(&app.config)?,
            keys,
            clock,
            random,
        });
        let mut router = http::router(app.clone());
        if options.reset_endpoint {
            let reset = reset::Reset {
                app: app.clone(),
                idp: demo_idp.clone(),
                root_keys: root_keys.clone(),
                metadata,
            };
            router = router.merge(reset::router(reset));
        }
        Ok(Demo {
            app,
            root_keys,
            idp_url,
            broker: (broker, router),
            idp: (idp, demo_idp.router()),
        })
    }

    /// Serves until `stop` resolves, then drains.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let (sender, receiver) = tokio::sync::watch::channel(false);
        let stopped = |mut receiver: tokio::sync::watch::Receiver<bool>| async move {
            // The sender lives until both servers have ended.
            let _ = receiver.wait_for(|stop| *stop).await;
        };
        let house = http::house::keep(&self.app);
        let most = self.app.config.limits.max_connections;
        let (listener, router) = self.broker;
        let broker = http::server::serve(listener, router, most, stopped(receiver.clone()));
        let (listener, router) = self.idp;
        let idp = http::server::serve(listener, router, most, stopped(receiver));
        let stopping = async {
            stop.await;
            let _ = sender.send(true);
        };
        tokio::join!(broker, idp, stopping);
        house.abort();
        self.app
            .throttle
            .tell(&self.app.audit, &*self.app.clock, &*self.app.random);
        if let Err(error) = self.app.audit.flush().await {
            tracing::error!(%error, "the last events may be missing in the audit trail");
        }
        self.app.store.close().await;
    }
}

/// The root keys of every account: those of an earlier start, those that were chosen, and one for every
/// account that has none.
async fn ensure_root_keys(
    app: &App,
    accounts: &[String],
    chosen: &[RootKey],
) -> anyhow::Result<Vec<RootKey>> {
    let now = app.clock.unix();
    let mut all = Vec::new();
    for account in accounts {
        let mut keys = root_keys(&app.store, &app.ring, account).await?;
        for key in chosen.iter().filter(|key| key.account == *account) {
            match keys
                .iter()
                .find(|known| known.access_key_id == key.access_key_id)
            {
                Some(known) if known.secret_access_key == key.secret_access_key => {}
                Some(known) => {
                    app.store.delete_access_key(&known.access_key_id).await?;
                    keys.retain(|known| known.access_key_id != key.access_key_id);
                    key.save(&app.store, &app.ring, &*app.random, now).await?;
                    keys.push(key.clone());
                }
                None => {
                    key.save(&app.store, &app.ring, &*app.random, now).await?;
                    keys.push(key.clone());
                }
            }
        }
        if keys.is_empty() {
            let key = RootKey::generate(account, &*app.random)?;
            key.save(&app.store, &app.ring, &*app.random, now).await?;
            keys.push(key);
        }
        // Chosen keys first: `demo.json` names one for each account.
        keys.sort_by_key(|key| {
            let place = chosen
                .iter()
                .position(|known| known.access_key_id == key.access_key_id);
            place.unwrap_or(usize::MAX)
        });
        all.append(&mut keys);
    }
    app.cache.refresh().await?;
    Ok(all)
}

fn make_directory(path: &Path) -> anyhow::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .with_context(|| format!("--data {} cannot be made", path.display()))
}

//! `drawbridge saml keys`

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use time::OffsetDateTime;

use crate::app::{assertions, key_ring, service_provider_keys};
use crate::aws::xml::timestamp;
use crate::cli::{CliError, ConfigFile, Outcome, load, print, run as common};
use crate::clock::{Clock, Random, SystemClock, SystemRandom};
use crate::config::Config;
use crate::http::urls::Urls;
use crate::issuer::saml::rotation::{RotationError, Stage, stages};
use crate::issuer::saml::{HeldKey, PUBLISHED_BEFORE_USE, Party, SamlKeys};
use crate::saml::Certificate;
use crate::store::{Store, StoreError};

/// Seconds before the end of a certificate from which on it is warned of.
const ENDS_SOON: i64 = 30 * 24 * 3600;

/// Arguments of `saml keys`.
#[derive(Args)]
pub(super) struct KeysCommand {
    #[command(subcommand)]
    command: Which,
}

#[derive(Subcommand)]
enum Which {
    /// List our SAML keys: which signs, which will, which did, and until when their certificates are good
    #[command(after_help = "Example: drawbridge saml keys list --config drawbridge.toml")]
    List(List),
    /// Add a key: it is published within a minute and signs a day later
    #[command(after_help = "Example: drawbridge saml keys add --party identity-provider")]
    Add(Add),
    /// Retire a key that no longer signs, and erase it
    #[command(after_help = "Example: drawbridge saml keys retire saml-idp-1")]
    Retire(Retire),
}

/// As whom.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PartyName {
    /// Signs our requests to identity providers and opens what they encrypt
    ServiceProvider,
    /// Signs assertions for STSs that trust us
    IdentityProvider,
}

impl PartyName {
    fn of(party: Party) -> PartyName {
        match party {
            Party::ServiceProvider => PartyName::ServiceProvider,
            Party::IdentityProvider => PartyName::IdentityProvider,
        }
    }

    fn word(self) -> &'static str {
        match self {
            PartyName::ServiceProvider => "service-provider",
            PartyName::IdentityProvider => "identity-provider",
        }
    }
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    config: ConfigFile,
    /// Only the keys that we have as this party
    #[arg(
        long,
        value_enum,
        hide_possible_values = true,
        value_name = "service-provider|identity-provider"
    )]
    party: Option<PartyName>,
    /// Answer in JSON, one line for each key
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Add {
    #[command(flatten)]
    config: ConfigFile,
    /// As whom we have the key
    #[arg(
        long,
        value_enum,
        hide_possible_values = true,
        value_name = "service-provider|identity-provider"
    )]
    party: PartyName,
}

#[derive(Args)]
struct Retire {
    #[command(flatten)]
    config: ConfigFile,
    /// The key, as `list` names it
    #[arg(value_name = "ID")]
    id: String,
    /// Somebody else has it: retire it though it signs; the next key signs at once, known to everybody or not
    #[arg(long)]
    stolen: bool,
}

/// Our keys as both parties.
struct Keys {
    service_provider: SamlKeys,
    identity_provider: SamlKeys,
    store: Store,
    urls: Urls,
}

impl Keys {
    async fn open(config: &Config) -> Result<Keys, CliError> {
        let store = Store::open(&config.store.url).map_err(from_store)?;
        store.migrate().await.map_err(from_store)?;
        let ring = Arc::new(key_ring(&config.keys.file, &SystemClock, &SystemRandom)?);
        store
            .bind_key_ring(ring.fingerprint())
            .await
            .map_err(from_store)?;
        let urls = Urls::new(&config.public_url);
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        Ok(Keys {
            service_provider: service_provider_keys(config, &urls, &store, &ring, &random)?,
            identity_provider: assertions(&urls, &store, &ring, &random).into_keys(),
            store,
            urls,
        })
    }

    fn of(&self, party: Party) -> &SamlKeys {
        match party {
            Party::ServiceProvider => &self.service_provider,
            Party::IdentityProvider => &self.identity_provider,
        }
    }
}

fn from_store(error: StoreError) -> CliError {
    CliError::new(format!("the store: {error}"))
}

pub(super) fn run(args: &KeysCommand) -> Outcome {
    common::log(false, "warn");
    let config = load(match &args.command {
        Which::List(args) => &args.config,
        Which::Add(args) => &args.config,
        Which::Retire(args) => &args.config,
    })?;
    common::runtime()?.block_on(async {
        let keys = Keys::open(&config).await?;
        let now = SystemClock.unix();
        let done = match &args.command {
            Which::List(args) => list(&keys, args, now).await,
            Which::Add(args) => add(&keys, args.party, now).await,
            Which::Retire(args) => retire(&keys, args, now).await,
        };
        keys.store.close().await;
        done
    })
}

async fn list(keys: &Keys, args: &List, now: i64) -> Outcome {
    for party in Party::ALL {
        let name = PartyName::of(party);
        if args.party.is_some_and(|only| only != name) {
            continue;
        }
        let held = keys
            .of(party)
            .existing()
            .await
            .map_err(anyhow::Error::from)?;
        if held.is_empty() {
            eprintln!(
                "No key as {} yet: it is made when it is first needed.",
                name.word()
            );
        }
        for (key, stage) in held.iter().zip(stages(&held, now)) {
            print(&line(key, name, stage, args.json, now)?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line(
    key: &HeldKey,
    party: PartyName,
    stage: Stage,
    in_json: bool,
    now: i64,
) -> Result<String, CliError> {
    let certificate = Certificate::from_der(key.credential.certificate_der())
        .map_err(|fault| CliError::new(format!("the certificate of {} {fault}", key.id)))?;
    let (until, fingerprint) = (certificate.not_after(), certificate.fingerprint());
    if until < now + ENDS_SOON {
        let verb = if until <= now { "ended" } else { "ends" };
        eprintln!("The certificate of {} {verb} {}.", key.id, day(until));
    }
    let (word, from) = match stage {
        Stage::Published(from) => ("published", Some(from)),
        Stage::Signs => ("signs", None),
        Stage::Kept => ("kept", None),
    };
    Ok(match in_json {
        true => {
            let object = json!({
                "id": key.id,
                "party": party.word(),
                "stage": word,
                "signs_from": from.map(moment),
                "created_at": moment(key.created_at),
                "certificate_not_after": moment(until),
                "certificate_sha256": fingerprint,
            });
            format!("{object}\n")
        }
        false => {
            let (id, until) = (&key.id, day(until));
            let note =
                from.map_or_else(String::new, |from| format!("  signs from {}", moment(from)));
            format!("{id:<18} {word:<10} certificate until {until}  sha256 {fingerprint}{note}\n")
        }
    })
}

async fn add(keys: &Keys, party: PartyName, now: i64) -> Outcome {
    let ours = match party {
        PartyName::ServiceProvider => Party::ServiceProvider,
        PartyName::IdentityProvider => Party::IdentityProvider,
    };
    let id = keys.of(ours).add(now).await.map_err(refused)?;
    let held = keys
        .of(ours)
        .existing()
        .await
        .map_err(anyhow::Error::from)?;
    print(&format!("{id}\n"))?;
    let from = moment(now + PUBLISHED_BEFORE_USE);
    match (held.len(), party) {
        (1, _) => eprintln!("It is the first key and signs at once."),
        (_, PartyName::IdentityProvider) => {
            let url = keys.urls.saml_idp();
            eprintln!(
                "It is published within a minute and signs from {from}. Until then, give every account that trusts \
                 us the document at {url} (UpdateSAMLProvider)."
            );
        }
        (_, PartyName::ServiceProvider) => eprintln!(
            "It is published within a minute and signs from {from}. Until then, every identity provider must read \
             our metadata again."
        ),
    }
    Ok(ExitCode::SUCCESS)
}

async fn retire(keys: &Keys, args: &Retire, now: i64) -> Outcome {
    let party = match args.id.starts_with(Party::ServiceProvider.name()) {
        true => Party::ServiceProvider,
        false => Party::IdentityProvider,
    };
    let done = keys.of(party).retire(&args.id, args.stolen, now).await;
    done.map_err(refused)?;
    eprintln!(
        "Nodes forget {} within a minute. Its certificate is worth something to whoever still trusts it: give \
               them our metadata again.",
        args.id
    );
    Ok(ExitCode::SUCCESS)
}

fn refused(error: RotationError) -> CliError {
    let hint = match &error {
        RotationError::Given => Some("change saml.key_file and saml.certificate_file"),
        RotationError::Unknown(_) => Some("`drawbridge saml keys list` shows them"),
        RotationError::Last(_) => Some("add another one first: `drawbridge saml keys add`"),
        RotationError::Signs(_) => Some(
            "retire it when another one signs; if somebody else has it, --stolen retires it now",
        ),
        RotationError::Issuer(_) => None,
    };
    let refusal = CliError::new(error.to_string());
    match hint {
        Some(hint) => refusal.hint(hint),
        None => refusal,
    }
}

fn moment(unix: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(unix);
    at.map_or_else(|_| unix.to_string(), timestamp)
}

fn day(unix: i64) -> String {
    moment(unix).chars().take(10).collect()
}

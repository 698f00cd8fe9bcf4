//! `drawbridge root-key`

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::app::key_ring;
use crate::cli::{CliError, ConfigFile, Outcome, load, print, run as common};
use crate::clock::{Clock, SystemClock, SystemRandom};
use crate::config::Config;
use crate::iam::provision;
use crate::iam::root_keys::{RootKey, RootKeyError};
use crate::store::access_keys::KeyOwner;
use crate::store::{Store, StoreError};

/// Arguments of `root-key`.
#[derive(Args)]
#[command(after_help = "Example: drawbridge root-key --account 111111111111")]
pub(super) struct RootKeyArgs {
    #[command(flatten)]
    config: ConfigFile,
    /// The account, twelve digits
    #[arg(long, value_name = "ID")]
    account: String,
    /// List the account's root keys instead of making one; their secrets are not shown again
    #[arg(long, conflicts_with = "delete")]
    list: bool,
    /// Delete this root key
    #[arg(long, value_name = "KEYID")]
    delete: Option<String>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &RootKeyArgs) -> Outcome {
    common::log(false, "warn");
    let config = load(&args.config)?;
    let known = config.stss.iter().flat_map(|sts| &sts.accounts);
    if !known.into_iter().any(|account| account.id == args.account) {
        return Err(CliError::new(format!(
            "the configuration has no account {} in an embedded STS",
            args.account
        )));
    }
    common::runtime()?.block_on(async {
        let store = Store::open(&config.store.url).map_err(from_store)?;
        store.migrate().await.map_err(from_store)?;
        let done = act(args, &config, &store).await;
        store.close().await;
        done
    })
}

fn from_store(error: StoreError) -> CliError {
    CliError::new(format!("the store: {error}"))
}

async fn act(args: &RootKeyArgs, config: &Config, store: &Store) -> Outcome {
    if let Some(id) = &args.delete {
        let key = store.access_key(id).await.map_err(from_store)?;
        let ours = key.is_some_and(|key| {
            key.account == args.account && matches!(key.principal, KeyOwner::Root)
        });
        if !ours {
            return Err(CliError::new(format!(
                "account {} has no root key {id}",
                args.account
            )));
        }
        store.delete_access_key(id).await.map_err(from_store)?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.list {
        let keys = store.access_keys(&args.account).await.map_err(from_store)?;
        let roots = keys
            .iter()
            .filter(|key| matches!(key.principal, KeyOwner::Root));
        for key in roots {
            let line = match args.json {
                true => json!({ "access_key_id": key.id, "active": key.active, "created_at": key.created_at })
                    .to_string(),
                false => key.id.clone(),
            };
            print(&format!("{line}\n"))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let (clock, random) = (SystemClock, SystemRandom);
    let ring = key_ring(&config.keys.file, &clock, &random)?;
    store
        .bind_key_ring(ring.fingerprint())
        .await
        .map_err(from_store)?;
    // The account may be new in the file and not yet in the store.
    provision::provision(config, store, &random, clock.unix())
        .await
        .map_err(|error| CliError::new(error.to_string()))?;
    let from_key = |error: RootKeyError| CliError::new(error.to_string());
    let key = RootKey::generate(&args.account, &random).map_err(from_key)?;
    key.save(store, &ring, &random, clock.unix())
        .await
        .map_err(from_key)?;
    let secret = key.secret_access_key.expose();
    print(&match args.json {
        true => format!(
            "{}\n",
            json!({ "access_key_id": key.access_key_id, "secret_access_key": secret })
        ),
        false => format!(
            "export AWS_ACCESS_KEY_ID={}\nexport AWS_SECRET_ACCESS_KEY={secret}\n",
            key.access_key_id
        ),
    })?;
    eprintln!(
        "The secret is shown this once. Whoever has it is the account {}.",
        args.account
    );
    Ok(ExitCode::SUCCESS)
}

//! `drawbridge demo`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use crate::app::write_private;
use crate::cli::{CliError, Outcome, print, run as common};
use crate::clock::{SystemClock, SystemRandom};
use crate::demo::{Demo, DemoOptions, screen};
use crate::iam::root_keys::RootKey;

/// Arguments of `demo`.
#[derive(Args)]
#[command(after_help = "Example: drawbridge demo --data ./drawbridge-demo --listen 127.0.0.1:8080")]
pub(super) struct DemoArgs {
    /// Where the demo keeps its state; a second start picks it up again
    #[arg(long, value_name = "DIR", default_value = "./drawbridge-demo")]
    data: PathBuf,
    /// Where the broker listens (loopback; port 0 picks a free one)
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where the demo's identity provider listens (loopback; port 0 picks a free one)
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    idp_listen: SocketAddr,
    /// Where the S3 gateway will listen; this version has none yet, and says so
    #[arg(long, value_name = "ADDR")]
    s3_listen: Option<SocketAddr>,
    /// Add POST /demo/reset, which returns everything to the first start
    #[arg(long)]
    reset_endpoint: bool,
    /// Seed a chosen root key, adding the account where it is new (repeatable)
    #[arg(long = "root-key", value_name = "ACCOUNT:KEYID:SECRET", value_parser = chosen_key)]
    root_keys: Vec<RootKey>,
}

fn chosen_key(text: &str) -> Result<RootKey, String> {
    let mut parts = text.splitn(3, ':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(account), Some(id), Some(secret)) => {
            RootKey::chosen(account, id, secret).map_err(|error| error.to_string())
        }
        _ => Err("expected ACCOUNT:KEYID:SECRET".to_owned()),
    }
}

pub(super) fn run(args: DemoArgs) -> Outcome {
    common::log(false, "warn");
    if args.s3_listen.is_some() {
        // The flag is part of the contract; scripts that give it find `s3_url` null in `demo.json`.
        eprintln!("warning: this version has no S3 gateway; --s3-listen does nothing");
    }
    let facts_path = args.data.join("demo.json");
    let options = DemoOptions {
        data: args.data,
        listen: args.listen,
        idp_listen: args.idp_listen,
        reset_endpoint: args.reset_endpoint,
        root_keys: args.root_keys,
    };
    let runtime = common::runtime()?;
    runtime.block_on(async {
        let built = Demo::build(&options, Arc::new(SystemClock), Arc::new(SystemRandom)).await;
        let demo = built.map_err(|error| {
            CliError::new(format!("{error:#}"))
                .hint("another demo may be running; --listen and --idp-listen choose other ports")
        })?;
        let facts = serde_json::to_string_pretty(&screen::facts(&demo)).unwrap_or_default();
        // Written anew and moved into place: a script never reads half of it.
        let fresh = facts_path.with_extension("json.new");
        if fresh.exists() {
            std::fs::remove_file(&fresh)?;
        }
        write_private(&fresh, &(facts + "\n"))?;
        std::fs::rename(&fresh, &facts_path)?;
        print(&screen::first_screen(
            &demo,
            &facts_path.display().to_string(),
        ))?;
        demo.serve(common::stop()).await;
        Ok(ExitCode::SUCCESS)
    })
}

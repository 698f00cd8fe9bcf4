//! `drawbridge exchange`

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use url::Url;

use crate::cli::{CliError, Outcome, print, run as common};
use crate::config;
use crate::outbound::{Outbound, OutboundRules};
use crate::secret::Secret;

/// Arguments of `exchange`.
#[derive(Args)]
#[command(
    after_help = "Example: drawbridge exchange --broker https://sso.example.com --role deploy \
                        --token-file token.jwt --format env"
)]
pub(super) struct Exchange {
    /// The role: an alias, account/Role, or an ARN
    #[arg(long, value_name = "R")]
    role: String,
    /// The file with the token; - reads it from stdin
    #[arg(long, value_name = "F")]
    token_file: PathBuf,
    /// The broker; DRAWBRIDGE_URL names it as well
    #[arg(long, value_name = "URL")]
    broker: Option<Url>,
    /// How to write the credentials
    #[arg(long, value_name = "FORMAT", default_value = "process")]
    format: String,
    /// How long they should last: seconds, or like 15m or 2h
    #[arg(long, value_name = "TIME")]
    duration: Option<String>,
}

fn token(args: &Exchange) -> Result<Secret<String>, CliError> {
    let mut text = String::new();
    let read = match args.token_file.as_os_str() == "-" {
        true => std::io::stdin()
            .lock()
            .take(64 * 1024)
            .read_to_string(&mut text),
        false => std::fs::File::open(&args.token_file)
            .and_then(|file| file.take(64 * 1024).read_to_string(&mut text)),
    };
    read.map_err(|error| {
        CliError::new(format!(
            "{} cannot be read: {error}",
            args.token_file.display()
        ))
    })?;
    Ok(Secret::new(text.trim().to_owned()))
}

pub(super) fn run(args: &Exchange) -> Outcome {
    common::log(false, "error");
    let broker = match &args.broker {
        Some(url) => url.clone(),
        None => config::broker_from_environment().ok_or_else(|| {
            CliError::new("which broker?").hint("pass --broker URL or set DRAWBRIDGE_URL")
        })??,
    };
    let host = broker.host_str().unwrap_or_default().to_owned();
    let mut url = broker
        .join(&format!("/v1/creds/{}", args.role))
        .map_err(|error| CliError::new(format!("--broker: {error}")))?;
    url.query_pairs_mut().append_pair("format", &args.format);
    if let Some(duration) = &args.duration {
        url.query_pairs_mut().append_pair("duration", duration);
    }
    // The person named this host; it may well be in their own network.
    let rules = OutboundRules {
        allow_private: vec![host],
        allow_loopback_http: true,
        ca_pem: None,
        proxy: None,
    };
    let outbound = Outbound::new(rules).map_err(|error| CliError::new(error.to_string()))?;
    let request = http::Request::post(url.as_str())
        .header("authorization", format!("Bearer {}", token(args)?.expose()))
        .body(Vec::new())
        .map_err(|_| CliError::new("the token is not text that a header can carry"))?;
    let answer = common::runtime()?.block_on(outbound.send(request, 256 * 1024));
    let answer = answer.map_err(|error| {
        CliError::new(format!("the broker cannot be asked: {error}")).hint("is --broker right?")
    })?;
    if answer.status().is_success() {
        print(&String::from_utf8_lossy(answer.body()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let refusal: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let text = |name: &str| refusal.get(name).and_then(serde_json::Value::as_str);
    let message = text("message").unwrap_or("the broker's answer is not one of a broker");
    let error = CliError::new(format!("{} ({})", message, answer.status()));
    Err(match text("reference") {
        Some(reference) => error.hint(format!("the administrator finds it as {reference}")),
        None => error,
    })
}

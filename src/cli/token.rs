//! `drawbridge token explain`

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::app::outbound;
use crate::cli::{CliError, ConfigFile, Outcome, load, print, run as common};
use crate::clock::{Clock, SystemClock};
use crate::idp::evidence::judge;
use crate::jwt::KeySet;
use crate::outbound::KeyCache;
use crate::secret::Secret;

/// Arguments of `token`.
#[derive(Args)]
pub(super) struct TokenCommand {
    #[command(subcommand)]
    command: Which,
}

#[derive(Subcommand)]
enum Which {
    /// Run the broker's own verification over one token and say what it makes of it
    #[command(
        after_help = "Example: drawbridge token explain --token token.jwt --jwks keys.json \
                            --at 2026-11-22T12:00:00Z --json"
    )]
    Explain(Explain),
}

#[derive(Args)]
struct Explain {
    #[command(flatten)]
    config: ConfigFile,
    /// The file with the token
    #[arg(long, value_name = "FILE")]
    token: PathBuf,
    /// Judge it as of this time (RFC 3339, or seconds since 1970) instead of now
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// The issuer's key set from a file instead of from the issuer
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

/// A time from the command line, in seconds since 1970.
pub(super) fn moment(text: &str) -> Result<i64, CliError> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Ok(seconds);
    }
    OffsetDateTime::parse(text, &Rfc3339)
        .map(OffsetDateTime::unix_timestamp)
        .map_err(|_| {
            CliError::new(format!("--at {text:?} is no time")).hint("like 2026-11-22T12:00:00Z")
        })
}

pub(super) fn run(args: &TokenCommand) -> Outcome {
    let Which::Explain(args) = &args.command;
    common::log(false, "error");
    let config = load(&args.config)?;
    let unreadable = |path: &PathBuf, error: std::io::Error| {
        CliError::new(format!("{} cannot be read: {error}", path.display()))
    };
    let token = std::fs::read_to_string(&args.token);
    let token = Secret::new(token.map_err(|error| unreadable(&args.token, error))?);
    let now = match &args.at {
        Some(text) => moment(text)?,
        None => SystemClock.unix(),
    };
    let given = match &args.jwks {
        Some(path) => {
            let text = std::fs::read(path).map_err(|error| unreadable(path, error))?;
            let keys = KeySet::parse(&text)
                .map_err(|error| CliError::new(format!("{}: {error}", path.display())))?;
            Some(Arc::new(keys))
        }
        None => None,
    };
    let runtime = common::runtime()?;
    let outbound = outbound(&config)?;
    let cache = KeyCache::new(outbound, Arc::new(SystemClock));
    let judged = runtime.block_on(judge(&config, &cache, given, token.expose().trim(), now));
    let (accepted, answer) = match judged {
        Ok(identity) => (
            true,
            json!({
                "verdict": "accepted",
                "reason": null,
                "message": "The token is accepted.",
                "identity": {
                    "provider": identity.provider,
                    "issuer": identity.issuer,
                    "subject": identity.subject,
                    "audience": identity.audience,
                    "email": identity.email,
                    "groups": identity.groups,
                    "claims": identity.claims,
                },
            }),
        ),
        Err(error) => (
            false,
            json!({
                "verdict": "refused",
                "reason": error.reason(),
                "message": format!("{error}."),
                "identity": null,
            }),
        ),
    };
    print(&match args.json {
        true => format!("{answer:#}\n"),
        false => readable(&answer, 10, |claim| format!("  claim {claim:<24}")),
    })?;
    Ok(match accepted {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// An answer of `token explain` or `saml explain` for people: names so wide, each claim or attribute after what `inner`
/// makes of its name.
pub(super) fn readable(answer: &Value, width: usize, inner: fn(&str) -> String) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut out = String::new();
    for name in ["verdict", "reason", "message"] {
        match answer.get(name) {
            None | Some(Value::Null) => {}
            Some(value) => out.push_str(&format!("{name:<width$} {}\n", text(value))),
        }
    }
    let identity = answer.get("identity").and_then(Value::as_object);
    for (name, value) in identity.into_iter().flatten() {
        match value {
            Value::Object(members) => {
                for (member, value) in members {
                    out.push_str(&format!("{} {}\n", inner(member), text(value)));
                }
            }
            Value::Null => {}
            value => out.push_str(&format!("{name:<width$} {}\n", text(value))),
        }
    }
    out
}

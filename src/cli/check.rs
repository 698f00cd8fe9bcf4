//! `drawbridge check`

mod saml;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use crate::app::outbound;
use crate::cli::{CliError, ConfigFile, Outcome, load, print, run as common};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::http::urls::Urls;
use crate::iam::provision;
use crate::idp::RelyingParty;
use crate::outbound::KeyCache;
use crate::policy::Severity;
use crate::store::Store;

/// Arguments of `check`.
#[derive(Args)]
#[command(after_help = "Example: drawbridge check --config drawbridge.toml")]
pub(super) struct Check {
    #[command(flatten)]
    config: ConfigFile,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

/// How one thing fared.
#[derive(Clone, Copy, PartialEq)]
enum Verdict {
    Ok,
    Warning,
    Failed,
}

struct Line {
    verdict: Verdict,
    subject: String,
    message: String,
}

impl Line {
    fn new(verdict: Verdict, subject: impl Into<String>, message: impl Into<String>) -> Line {
        Line {
            verdict,
            subject: subject.into(),
            message: message.into(),
        }
    }

    fn word(&self) -> &'static str {
        match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Failed => "failed",
        }
    }
}

pub(super) fn run(args: &Check) -> Outcome {
    common::log(false, "error");
    let config = load(&args.config)?;
    let lines = common::runtime()?.block_on(examine(&config))?;
    let failed = lines.iter().any(|line| line.verdict == Verdict::Failed);
    let mut out = String::new();
    for line in &lines {
        let (word, subject, message) = (line.word(), &line.subject, &line.message);
        match args.json {
            true => {
                let object = json!({ "verdict": word, "subject": subject, "message": message });
                out.push_str(&format!("{object}\n"));
            }
            false => out.push_str(&format!("{word:<8} {subject:<32} {message}\n")),
        }
    }
    print(&out)?;
    Ok(match failed {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

async fn examine(config: &Config) -> Result<Vec<Line>, CliError> {
    let mut lines = vec![Line::new(
        Verdict::Ok,
        "configuration",
        "every key is known and valid",
    )];
    for finding in provision::findings(config) {
        let verdict = match finding.severity {
            Severity::Warning => Verdict::Warning,
            Severity::Error => Verdict::Failed,
        };
        lines.push(Line::new(verdict, finding.role, finding.message));
    }
    let unlinted = |arn: &str| !lines.iter().any(|line| line.subject == arn);
    let fine: Vec<_> = config
        .roles
        .iter()
        .filter(|role| unlinted(&role.arn))
        .collect();
    let fine: Vec<Line> = fine
        .iter()
        .map(|role| {
            Line::new(
                Verdict::Ok,
                &role.arn,
                "policies are valid and the trust is narrow",
            )
        })
        .collect();
    lines.extend(fine);
    lines.push(store(config).await);
    let outbound = outbound(config)?;
    let keys = KeyCache::new(outbound.clone(), Arc::new(SystemClock));
    let urls = Urls::new(&config.public_url);
    for entry in config.oidc_idps().cloned() {
        let subject = format!("idp {}", entry.id);
        let callback = urls.absolute(&urls.oidc_callback(&entry.id));
        let party = RelyingParty::new(entry, callback.clone(), outbound.clone(), keys.clone());
        lines.push(match party.reach().await {
            Ok(()) => {
                let message = format!("reached; register the redirect URI {callback}");
                Line::new(Verdict::Ok, subject, message)
            }
            Err(error) => Line::new(Verdict::Failed, subject, error.to_string()),
        });
    }
    lines.extend(saml::lines(config, &urls, &outbound).await);
    for ci in &config.ci {
        let subject = format!("ci {}", ci.issuer);
        lines.push(match keys.keys(&ci.issuer).await {
            Ok(keys) => {
                let message = format!("reached; {} keys", keys.len());
                Line::new(Verdict::Ok, subject, message)
            }
            Err(error) => Line::new(Verdict::Failed, subject, error.to_string()),
        });
    }
    for sts in &config.stss {
        let accounts: Vec<_> = sts
            .accounts
            .iter()
            .map(|a| format!("{} {}", a.name, a.id))
            .collect();
        let message = format!("embedded; accounts {}", accounts.join(", "));
        lines.push(Line::new(Verdict::Ok, format!("sts {}", sts.id), message));
    }
    Ok(lines)
}

async fn store(config: &Config) -> Line {
    let path = config.store.url.strip_prefix("sqlite:");
    let path = path.map(|path| percent_encoding::percent_decode_str(path).decode_utf8_lossy());
    if let Some(path) = path
        && !std::path::Path::new(path.as_ref()).exists()
    {
        // Looking must not leave a database behind.
        return Line::new(
            Verdict::Ok,
            "store",
            format!("{path} will be made by the first start"),
        );
    }
    let opened = async {
        let store = Store::open(&config.store.url)?;
        store.migrate().await?;
        store.ping().await?;
        store.close().await;
        Ok::<_, crate::store::StoreError>(())
    };
    match opened.await {
        Ok(()) => Line::new(Verdict::Ok, "store", "opened, and takes changes"),
        Err(error) => Line::new(Verdict::Failed, "store", error.to_string()),
    }
}

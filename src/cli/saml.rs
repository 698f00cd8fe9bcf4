//! `drawbridge saml explain`; `drawbridge saml keys` is in `saml_keys`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::app::{credential, key_ring, outbound};
use crate::cli::token::{moment, readable};
use crate::cli::{CliError, ConfigFile, Outcome, load, print, run as common, saml_keys};
use crate::clock::{Clock, SystemClock, SystemRandom};
use crate::config::{Config, SamlIdpConfig};
use crate::identity::{ClaimValue, Identity};
use crate::idp::saml::Judge;
use crate::idp::saml::keeper::{MetadataTrouble, accept, look};
use crate::issuer::saml::{Party, SamlKeys};
use crate::outbound::Outbound;
use crate::saml::decrypt::DecryptionKey;
use crate::saml::{SamlError, form};
use crate::store::Store;

/// Arguments of `saml`.
#[derive(Args)]
pub(super) struct SamlCommand {
    #[command(subcommand)]
    command: Which,
}

#[derive(Subcommand)]
enum Which {
    /// Run the broker's own verification over one SAML response and say what it makes of it
    #[command(
        after_help = "Example: drawbridge saml explain --idp adfs --response response.xml \
                            --at 2026-11-22T12:00:00Z --in-response-to _f3a1 --json"
    )]
    Explain(Explain),
    /// Take the present keys of a provider whose entry is pinned
    #[command(
        after_help = "Example: drawbridge saml accept --idp adfs --fingerprint 9f86d081884c7d65...\n\n\
                      Without fingerprints it shows those that the metadata has now, to be compared with what the \
                      provider's administrator reads to you."
    )]
    Accept(Accept),
    /// List, add and retire our own SAML keys
    Keys(saml_keys::KeysCommand),
}

#[derive(Args)]
struct Accept {
    #[command(flatten)]
    config: ConfigFile,
    /// The entry of the configuration
    #[arg(long, value_name = "ID")]
    idp: String,
    /// SHA-256 of a signing certificate that you have compared, in hexadecimal; once for each
    #[arg(long, value_name = "SHA256")]
    fingerprint: Vec<String>,
}

#[derive(Args)]
struct Explain {
    #[command(flatten)]
    config: ConfigFile,
    /// The entry of the configuration whose response it is
    #[arg(long, value_name = "ID")]
    idp: String,
    /// The file with the response: XML, or the base64 form value
    #[arg(long, value_name = "FILE")]
    response: PathBuf,
    /// Judge it as of this time (RFC 3339, or seconds since 1970) instead of now
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// The request that it must answer; without it, it is judged as one that nobody asked for
    #[arg(long, value_name = "ID")]
    in_response_to: Option<String>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &SamlCommand) -> Outcome {
    match &args.command {
        Which::Explain(args) => explain(args),
        Which::Keys(args) => saml_keys::run(args),
        Which::Accept(args) => take(args),
    }
}

fn take(args: &Accept) -> Outcome {
    common::log(false, "error");
    let config = load(&args.config)?;
    let entry = entry(&config, &args.idp)?;
    let outbound = outbound(&config)?;
    let now = SystemClock.unix();
    let trouble = |trouble: MetadataTrouble| CliError::new(format!("{}: {trouble}", entry.id));
    common::runtime()?.block_on(async {
        let seen = look(entry, &outbound, now).await.map_err(trouble)?;
        for key in &seen.metadata.signing {
            print(&format!("{}\n", key.fingerprint()))?;
        }
        if args.fingerprint.is_empty() {
            let error = CliError::new("nothing was taken: no certificate was named");
            return Err(error.hint("compare those above, and give each with --fingerprint"));
        }
        let store = Store::open(&config.store.url).map_err(anyhow::Error::from)?;
        store.migrate().await.map_err(anyhow::Error::from)?;
        let taken = accept(entry, &outbound, &store, &args.fingerprint, now).await;
        store.close().await;
        taken.map_err(|error| match error {
            MetadataTrouble::Pinned => {
                let message =
                    "nothing was taken: the metadata has a certificate that was not named";
                CliError::new(message).hint("every one that it has must be given")
            }
            error => trouble(error),
        })?;
        Ok(ExitCode::SUCCESS)
    })
}

fn explain(args: &Explain) -> Outcome {
    common::log(false, "error");
    let config = load(&args.config)?;
    let entry = entry(&config, &args.idp)?;
    let file = std::fs::read(&args.response).map_err(|error| {
        CliError::new(format!(
            "{} cannot be read: {error}",
            args.response.display()
        ))
    })?;
    let now = match &args.at {
        Some(text) => moment(text)?,
        None => SystemClock.unix(),
    };
    let outbound = outbound(&config)?;
    let judged = common::runtime()?.block_on(judge(
        &config,
        entry,
        &outbound,
        &file,
        args.in_response_to.as_deref(),
        now,
    ))?;
    let (accepted, answer) = match judged {
        Ok(identity) => (true, accepted(&identity)),
        Err((reason, message)) => (false, refused(reason, &message)),
    };
    print(&match args.json {
        true => format!("{answer:#}\n"),
        false => readable(&answer, 15, |attribute| format!("  {attribute:<40}")),
    })?;
    Ok(match accepted {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// The SAML entry of this id.
fn entry<'a>(config: &'a Config, id: &str) -> Result<&'a SamlIdpConfig, CliError> {
    let mut entries = config.saml_idps();
    entries.find(|entry| entry.id == id).ok_or_else(|| {
        let ids: Vec<&str> = config.saml_idps().map(|entry| entry.id.as_str()).collect();
        let hint = match ids.as_slice() {
            [] => "the configuration has no [[idp]] with kind = \"saml\"".to_owned(),
            ids => format!("it has {}", ids.join(", ")),
        };
        CliError::new(format!("no SAML identity provider has the id {id:?}")).hint(hint)
    })
}

type Judged = Result<Identity, (&'static str, String)>;

async fn judge(
    config: &Config,
    entry: &SamlIdpConfig,
    outbound: &Outbound,
    file: &[u8],
    request: Option<&str>,
    now: i64,
) -> Result<Judged, CliError> {
    let refusal = |error: SamlError| (error.reason(), format!("{error}."));
    let bytes = match response(file) {
        Ok(bytes) => bytes,
        Err(error) => return Ok(Err(refusal(error))),
    };
    let metadata = match look(entry, outbound, now).await {
        Ok(looked) => looked.metadata,
        Err(trouble) => return Ok(Err(("saml.provider", format!("{trouble}.")))),
    };
    let decryption = decryption_keys(config).await?;
    let judge = Judge {
        config: entry,
        metadata: &metadata,
        decryption: &decryption,
        second_opinion: config.saml.second_opinion,
        now,
    };
    Ok(judge.identity(&bytes, request).map_err(refusal))
}

/// The response in a file: XML as it is, a form value, or the body of the form.
fn response(file: &[u8]) -> Result<Vec<u8>, SamlError> {
    // No base64 has this character, and no XML is without it, in whatever encoding.
    if file.contains(&b'<') {
        return Ok(file.to_vec());
    }
    let text = std::str::from_utf8(file).map_err(|_| SamlError::FormBase64)?;
    let text = text.trim();
    if !text.starts_with("SAMLResponse=") && !text.contains("&SAMLResponse=") {
        return form::decode(text);
    }
    let mut found = None;
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        if name == "SAMLResponse" && found.replace(value).is_some() {
            return Err(SamlError::FormRepeated);
        }
    }
    form::decode(&found.unwrap_or_default())
}

/// Our keys that assertions may be encrypted for: of the configuration, or of the store where there is one already.
async fn decryption_keys(config: &Config) -> Result<Vec<DecryptionKey>, CliError> {
    let of = |credential: &crate::saml::Credential| DecryptionKey::of(credential.key()).ok();
    if let (Some(key), Some(certificate)) = (&config.saml.key_file, &config.saml.certificate_file) {
        return Ok(of(&credential(key, certificate)?).into_iter().collect());
    }
    // Looking must not leave a database or a key ring behind.
    let file = config.store.url.strip_prefix("sqlite:");
    let file = file.map(|path| percent_encoding::percent_decode_str(path).decode_utf8_lossy());
    let absent = file.is_some_and(|path| !Path::new(path.as_ref()).exists());
    if absent || !config.keys.file.exists() {
        return Ok(Vec::new());
    }
    let ring = Arc::new(key_ring(&config.keys.file, &SystemClock, &SystemRandom)?);
    let store = Store::open(&config.store.url).map_err(anyhow::Error::from)?;
    let random = Arc::new(SystemRandom);
    let keys = SamlKeys::new(Party::ServiceProvider, "", store.clone(), ring, random);
    let held = keys.existing().await.map_err(anyhow::Error::from);
    store.close().await;
    Ok(held?.iter().filter_map(|key| of(&key.credential)).collect())
}

fn accepted(identity: &Identity) -> Value {
    let format = identity
        .saml
        .as_ref()
        .and_then(|name| name.format.as_deref());
    let attributes: serde_json::Map<String, Value> = identity
        .claims
        .iter()
        .map(|(name, value)| {
            let values = match value {
                ClaimValue::One(one) => json!([one]),
                ClaimValue::Many(many) => json!(many),
            };
            (name.clone(), values)
        })
        .collect();
    json!({
        "verdict": "accepted",
        "reason": null,
        "message": "The response is accepted.",
        "identity": {
            "provider": identity.provider,
            "subject": identity.subject,
            "name_id_format": format,
            "display_name": identity.display_name,
            "email": identity.email,
            "groups": identity.groups,
            "attributes": attributes,
        },
    })
}

fn refused(reason: &str, message: &str) -> Value {
    json!({
        "verdict": "refused",
        "reason": reason,
        "message": message,
        "identity": null,
    })
}

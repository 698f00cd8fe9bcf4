//! The command line: one command per file, listed here.
//!
//! Data goes to stdout, words to stderr: one readable line, and a hint. Exit status 0 done, 1 refused or
//! failed, 2 usage.

pub mod actions;
mod check;
mod demo;
mod exchange;
mod policy;
pub mod reference;
mod root_key;
mod run;
mod saml;
mod saml_keys;
mod serve;
mod token;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// A federation identity broker: sign in with your identity provider, leave with short-lived AWS-style
/// credentials.
#[derive(Parser)]
#[command(name = "drawbridge", version, long_version = long_version(), about, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the broker
    Serve(serve::Serve),
    /// Run the whole story on this machine with nothing else
    Demo(demo::DemoArgs),
    /// Validate the configuration and reach everything it names
    Check(check::Check),
    /// Exchange a token for credentials at a broker
    Exchange(exchange::Exchange),
    /// Ask the policy engine
    Policy(policy::PolicyCommand),
    /// Look at SAML responses with the eyes of the broker
    Saml(saml::SamlCommand),
    /// Look at tokens with the eyes of the broker
    Token(token::TokenCommand),
    /// Make, list or delete root access keys of the embedded STS
    RootKey(root_key::RootKeyArgs),
}

/// Where the configuration is.
#[derive(Args)]
struct ConfigFile {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "drawbridge.toml")]
    config: PathBuf,
}

/// What `--version` says: which foreign code is in here is the first question when that code has an advisory.
fn long_version() -> String {
    let second_opinion = crate::saml::SECOND_OPINION.unwrap_or("not built");
    format!(
        "{}\nSAML second opinion: {second_opinion}",
        env!("CARGO_PKG_VERSION")
    )
}

/// A failure as a person reads it.
#[derive(Debug)]
pub(crate) struct CliError {
    message: String,
    hint: Option<String>,
}

impl CliError {
    fn new(message: impl Into<String>) -> CliError {
        CliError {
            message: message.into(),
            hint: None,
        }
    }

    fn hint(mut self, hint: impl Into<String>) -> CliError {
        self.hint = Some(hint.into());
        self
    }
}

impl From<anyhow::Error> for CliError {
    fn from(error: anyhow::Error) -> CliError {
        CliError::new(format!("{error:#}"))
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> CliError {
        CliError::new(error.to_string())
    }
}

/// What a command came to: done, or refused with its answer already on stdout.
type Outcome = Result<ExitCode, CliError>;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(command) => serve::run(&command),
        Command::Demo(command) => demo::run(command),
        Command::Check(command) => check::run(&command),
        Command::Exchange(command) => exchange::run(&command),
        Command::Policy(command) => policy::run(&command),
        Command::Saml(command) => saml::run(&command),
        Command::Token(command) => token::run(&command),
        Command::RootKey(command) => root_key::run(&command),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            let mut stderr = std::io::stderr().lock();
            // If even stderr is gone there is nobody to tell.
            let _ = writeln!(stderr, "error: {}", error.message);
            if let Some(hint) = error.hint {
                let _ = writeln!(stderr, "hint: {hint}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Writes data to stdout. A reader that went away (`| head`) is no failure.
fn print(text: &str) -> Result<(), CliError> {
    let mut stdout = std::io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(CliError::from),
    }
}

/// Loads the configuration; all of its problems are one message.
fn load(file: &ConfigFile) -> Result<crate::config::Config, CliError> {
    crate::config::load(&file.config).map_err(|problems| {
        let count = problems.len();
        let noun = if count == 1 { "problem" } else { "problems" };
        CliError::new(format!("{count} {noun} in the configuration\n{problems}"))
            .hint("`drawbridge check` tells more; drawbridge.example.toml documents every key")
    })
}

//! `drawbridge policy simulate` and `drawbridge policy explain`

use std::io::{BufRead, BufWriter, Read, Write};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::cli::{CliError, Outcome, print};
use crate::policy;

/// Arguments of `policy`.
#[derive(Args)]
pub(super) struct PolicyCommand {
    #[command(subcommand)]
    command: Which,
}

#[derive(Subcommand)]
enum Which {
    /// Decide many requests: JSON lines on stdin, one decision a line on stdout
    #[command(after_help = "\
Example: echo '{\"id\":1,\"request\":{\"principal\":\"arn:aws:iam::111111111111:user/ann\",\
\"action\":\"s3:GetObject\",\"resource\":\"arn:aws:s3:::b/k\",\"context\":{}},\
\"identityPolicies\":[{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}}]}' \
| drawbridge policy simulate")]
    Simulate,
    /// Explain one request, read as the same JSON object: every statement, every condition, what decided
    #[command(after_help = "Example: drawbridge policy explain --json < request.json")]
    Explain {
        /// Answer in JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(args: &PolicyCommand) -> Outcome {
    match args.command {
        Which::Simulate => simulate(),
        Which::Explain { json } => explain(json),
    }
}

/// The longest line that is read; a policy document is far shorter.
const MAX_LINE: u64 = 4 * 1024 * 1024;

fn simulate() -> Outcome {
    let mut input = std::io::stdin().lock();
    let mut output = BufWriter::with_capacity(256 * 1024, std::io::stdout().lock());
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        let whole = line.ends_with(b"\n") || (read as u64) < MAX_LINE;
        if !whole {
            return Err(CliError::new(format!(
                "a line is longer than {MAX_LINE} bytes"
            )));
        }
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        let answer = match std::str::from_utf8(text) {
            Ok(text) => policy::simulate(text),
            Err(_) => r#"{"id":null,"error":"the line is not UTF-8"}"#.to_owned(),
        };
        let written = output
            .write_all(answer.as_bytes())
            .and_then(|()| output.write_all(b"\n"));
        match written {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => break,
            other => other?,
        }
    }
    match output.flush() {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn explain(json: bool) -> Outcome {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(MAX_LINE)
        .read_to_string(&mut text)?;
    let explanation = policy::explain_scenario(text.trim()).map_err(|error| {
        CliError::new(error.to_string())
            .hint("`drawbridge policy simulate --help` shows what a request looks like")
    })?;
    print(&match json {
        true => serde_json::to_string_pretty(&explanation).unwrap_or_default() + "\n",
        false => readable(&explanation),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn readable(explanation: &policy::Explanation) -> String {
    let mut out = format!(
        "{}\n  caller    {}\n  action    {}\n  resource  {}\n",
        explanation.decision.as_str(),
        explanation.caller,
        explanation.action,
        explanation.resource
    );
    for explained in &explanation.policies {
        let source = format!("{:?}", explained.source).to_lowercase();
        out.push_str(&format!("\n{source} policy {}\n", explained.name));
        for statement in &explained.statements {
            let sid = statement.sid.as_ref().map(|sid| format!(" ({sid})"));
            let mark = match (statement.decided, statement.applies) {
                (true, _) => "decides",
                (false, true) => "applies",
                (false, false) => "does not apply",
            };
            out.push_str(&format!(
                "  statement {}{}  {:?}  {mark}\n",
                statement.index + 1,
                sid.unwrap_or_default(),
                statement.effect
            ));
            let holds = |truth: bool| if truth { "holds" } else { "fails" };
            if let Some(matched) = statement.principal_matched {
                out.push_str(&format!("    {}  principal\n", holds(matched)));
            }
            out.push_str(&format!(
                "    {}  action\n",
                holds(statement.action_matched)
            ));
            if let Some(matched) = statement.resource_matched {
                out.push_str(&format!("    {}  resource\n", holds(matched)));
            }
            for condition in &statement.conditions {
                let wanted = condition
                    .wanted
                    .iter()
                    .map(|value| match &value.substituted {
                        Some(text) if *text != value.written => {
                            format!("{} = {text}", value.written)
                        }
                        Some(text) => text.clone(),
                        None => format!("{} (no value)", value.written),
                    });
                let wanted: Vec<String> = wanted.collect();
                let seen = match &condition.seen {
                    Some(seen) => seen.join(", "),
                    None => "nothing".to_owned(),
                };
                out.push_str(&format!(
                    "    {}  {} {}  wants {}  saw {seen}\n",
                    holds(condition.held),
                    condition.operator,
                    condition.key,
                    wanted.join(" or ")
                ));
            }
        }
    }
    out
}

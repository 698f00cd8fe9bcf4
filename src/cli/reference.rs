//! The reference page of the commands, written from the commands themselves.

use clap::CommandFactory;

use crate::cli::Cli;

/// `docs/commands.md`, generated; a test compares it with the file.
pub fn reference() -> String {
    let mut out = String::from(
        "# Commands\n\nGenerated from the program; `drawbridge <command> --help` says the same.\n\n\
         Exit status 0 done, 1 refused or failed, 2 usage. Data goes to stdout, words to stderr.\n",
    );
    let mut root = Cli::command();
    root.build();
    for command in root.get_subcommands_mut() {
        section(&mut out, "drawbridge", command);
    }
    out
}

fn section(out: &mut String, parent: &str, command: &mut clap::Command) {
    let name = format!("{parent} {}", command.get_name());
    if command.get_name() == "help" {
        return;
    }
    if command.has_subcommands() {
        for inner in command.get_subcommands_mut() {
            section(out, &name, inner);
        }
        return;
    }
    let help = command
        .clone()
        .term_width(100)
        .render_long_help()
        .to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    out.push_str(&format!(
        "\n## {name}\n\n```text\n{}\n```\n",
        lines.join("\n").trim_end()
    ));
}

//! A PostgreSQL of our own: made in a temporary directory, on a free port of the loopback, gone with the test.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A running server. Dropping it stops it and deletes its data.
pub struct Postgres {
    bin: PathBuf,
    directory: TempDir,
    port: u16,
}

impl Postgres {
    /// Starts a server, or says loudly why it cannot and answers nothing. Where `CI` is `true` that is a failure:
    /// a suite that quietly tests one engine of two proves nothing.
    pub fn start() -> Option<Postgres> {
        match Postgres::try_start() {
            Ok(server) => Some(server),
            Err(why) => {
                assert!(!in_ci(), "PostgreSQL is needed in CI: {why}");
                eprintln!("\n*** NOT TESTED ON POSTGRESQL: {why} ***\n");
                None
            }
        }
    }

    fn try_start() -> Result<Postgres, String> {
        let bin = find_bin().ok_or(
            "neither /usr/lib/postgresql/*/bin nor PATH has initdb and pg_ctl (apt-get install postgresql)",
        )?;
        let directory = TempDir::new().map_err(|error| error.to_string())?;
        let server = Postgres {
            bin,
            directory,
            port: 0,
        };
        if is_root() {
            // initdb refuses root, so the directory and all commands are the postgres user's.
            let path = server.directory.path();
            run(Command::new("chown").arg("postgres").arg(path))?;
        }
        let data = server.data();
        run(server.command("initdb").args([
            "--auth=trust",
            "--username=drawbridge",
            "--encoding=UTF8",
            // Present on every machine. The store sorts for itself, so the order is nobody's business.
            "--no-locale",
            "--no-sync",
            "--pgdata",
            &data,
        ]))?;
        server.start_on_a_free_port()
    }

    /// The free port may be taken by somebody else before the server has it, hence the tries.
    fn start_on_a_free_port(mut self) -> Result<Postgres, String> {
        let mut last = String::new();
        for _ in 0..5 {
            self.port = free_port().map_err(|error| error.to_string())?;
            match self.resume() {
                Ok(()) => return Ok(self),
                Err(why) => last = why,
            }
        }
        Err(last)
    }

    /// Where the server listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL for the store.
    pub fn url(&self) -> String {
        self.url_through(self.port)
    }

    /// The URL for the store through somebody who listens on another port and passes on.
    pub fn url_through(&self, port: u16) -> String {
        format!("postgres://drawbridge@127.0.0.1:{port}/postgres")
    }

    /// Stops the server as a crash does, without a word to its clients.
    pub fn crash(&self) -> Result<(), String> {
        let data = self.data();
        run(self
            .command("pg_ctl")
            .args(["stop", "--mode=immediate", "--wait", "--pgdata", &data]))
    }

    /// Starts the stopped server again, on the same port with the same data.
    pub fn resume(&self) -> Result<(), String> {
        let path = self.directory.path().display();
        let log = format!("{path}/log");
        let data = self.data();
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -k {path} -c fsync=off",
            self.port
        );
        run(self.command("pg_ctl").args([
            "start",
            "--wait",
            "--pgdata",
            &data,
            "--log",
            &log,
            "--options",
            &options,
        ]))
        .map_err(|why| {
            let log = fs::read_to_string(&log).unwrap_or_default();
            format!("{why}\n{log}")
        })
    }

    fn data(&self) -> String {
        self.directory.path().join("data").display().to_string()
    }

    /// A command of the server's, as a user who may run it.
    fn command(&self, name: &str) -> Command {
        let program = self.bin.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        // The directory that the test runs in may be closed to that user.
        command.current_dir("/");
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // A test may have stopped it already.
        let _ = self.crash();
    }
}

/// The newest installed server, or the one on the path.
fn find_bin() -> Option<PathBuf> {
    let version = |path: &Path| -> u32 {
        let name = path.file_name().and_then(|name| name.to_str());
        name.and_then(|name| name.parse().ok()).unwrap_or(0)
    };
    let mut installed: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    installed.sort_by_key(|path| std::cmp::Reverse(version(path)));
    installed
        .into_iter()
        .map(|path| path.join("bin"))
        .chain(std::env::split_paths(&environment("PATH")))
        .find(|bin| bin.join("initdb").is_file() && bin.join("pg_ctl").is_file())
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

pub fn in_ci() -> bool {
    environment("CI") == "true"
}

#[expect(
    clippy::disallowed_methods,
    reason = "what this machine is, not what the product is told"
)]
fn environment(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// Runs a command to its end. Its output goes to a file that only this call reads, and not to a pipe: the server
/// that `pg_ctl` leaves behind would hold the pipe open.
fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut said = tempfile::tempfile().map_err(|error| error.to_string())?;
    let copy = |file: &fs::File| file.try_clone().map_err(|error| error.to_string());
    let status = command
        .stdin(Stdio::null())
        .stdout(copy(&said)?)
        .stderr(copy(&said)?)
        .status()
        .map_err(|error| format!("{name}: {error}"))?;
    if status.success() {
        return Ok(());
    }
    let mut text = String::new();
    let _ = io::Seek::rewind(&mut said);
    let _ = io::Read::read_to_string(&mut said, &mut text);
    Err(format!("{name}: {status}: {text}"))
}

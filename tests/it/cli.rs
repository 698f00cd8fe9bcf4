//! The commands, run as a shell runs them: exit status, stdout and stderr together.

mod saml;
mod saml_keys;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use drawbridge::clock::Clock;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::Broker;
use crate::harness::issuer::Key;

/// What came of a command.
struct Done {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Done {
    /// As a person sees it.
    fn told(&self) -> String {
        format!(
            "exit {}\n--- stdout\n{}--- stderr\n{}",
            self.status, self.stdout, self.stderr
        )
    }
}

/// Runs the real program in a directory, with nothing of our environment.
fn drawbridge_with(directory: &Path, args: &[&str], stdin: &str) -> Done {
    let mut child = Command::new(env!("CARGO_BIN_EXE_drawbridge"))
        .args(args)
        .current_dir(directory)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let output = std::thread::scope(|threads| {
        threads.spawn(move || {
            // A command that does not read may be gone before it was written to.
            let _ = input.write_all(stdin.as_bytes());
        });
        child.wait_with_output().unwrap()
    });
    Done {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn drawbridge(args: &[&str]) -> Done {
    let directory = TempDir::new().unwrap();
    drawbridge_with(directory.path(), args, "")
}

/// A directory with this configuration.
fn configured(text: &str) -> TempDir {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("drawbridge.toml"), text).unwrap();
    directory
}

/// A configuration of one account that calls nobody.
const MINIMAL: &str = r#"
public_url = "https://sso.example.com"

[[sts]]
id = "local"
kind = "embedded"
accounts = [{ id = "111111111111", name = "dev" }]
"#;

// --- usage ----------------------------------------------------------------------------------------------------------

/// Every command, as `--help` lists them, with those of more words.
fn commands() -> Vec<Vec<String>> {
    let listed = |args: &[&str]| -> Vec<String> {
        let help = drawbridge(args).stdout;
        let (_, rest) = help.split_once("Commands:\n").unwrap_or(("", ""));
        let lines = rest.lines().take_while(|line| line.starts_with("  "));
        let names = lines.filter_map(|line| line.split_whitespace().next());
        names
            .filter(|name| *name != "help")
            .map(str::to_owned)
            .collect()
    };
    let mut all = Vec::new();
    let mut open: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(command) = open.pop() {
        let args: Vec<&str> = command.iter().map(String::as_str).collect();
        let inner = listed(&[&args[..], &["--help"]].concat());
        match inner.is_empty() {
            true => all.push(command),
            false => open.extend(
                inner
                    .into_iter()
                    .map(|inner| [&command[..], &[inner]].concat()),
            ),
        }
    }
    all
}

#[test]
fn every_command_has_help_with_an_example() {
    let commands = commands();
    assert!(commands.len() >= 8, "{commands:?}");
    for command in commands {
        let mut args: Vec<&str> = command.iter().map(String::as_str).collect();
        args.push("--help");
        let done = drawbridge(&args);
        assert_eq!((done.status, done.stderr.as_str()), (0, ""), "{command:?}");
        let example = format!("drawbridge {}", command.join(" "));
        let (_, examples) = done.stdout.split_once("Example: ").unwrap_or_default();
        assert!(examples.contains(&example), "{command:?}: {}", done.stdout);
    }
}

#[test]
fn usage_errors_are_two_and_say_so_on_stderr() {
    for args in [
        &[][..],
        &["fly"],
        &["policy"],
        &["policy", "guess"],
        &["serve", "--colour"],
        &["root-key"],
        &["exchange", "--role", "x"],
        &["demo", "--listen", "nowhere"],
        &["demo", "--root-key", "x"],
        &[
            "root-key",
            "--account",
            "111111111111",
            "--list",
            "--delete",
            "x",
        ],
    ] {
        let done = drawbridge(args);
        assert_eq!((done.status, done.stdout.as_str()), (2, ""), "{args:?}");
        assert!(!done.stderr.is_empty());
    }
}

#[test]
fn the_version_is_data() {
    let done = drawbridge(&["-V"]);
    let version = format!("drawbridge {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (done.status, done.stdout, done.stderr),
        (0, version.clone(), String::new())
    );

    let done = drawbridge(&["--version"]);
    let second_opinion = match drawbridge::saml::SECOND_OPINION {
        Some(libraries) => format!("SAML second opinion: {libraries}\n"),
        None => "SAML second opinion: not built\n".to_owned(),
    };
    assert_eq!(
        (done.status, done.stdout, done.stderr),
        (0, version + &second_opinion, String::new())
    );
    assert_eq!(
        second_opinion.contains("libxmlsec1 1."),
        cfg!(feature = "samael")
    );
}

/// `UPDATE_DOCS=1 cargo test --test it the_commands_are_documented` writes the page instead.
#[test]
#[expect(clippy::disallowed_methods, reason = "tests")]
fn the_commands_are_documented_as_they_are() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.md");
    let reference = drawbridge::cli::reference::reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&page, &reference).unwrap();
    }
    let written = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        written == reference,
        "docs/commands.md is not what the program says; UPDATE_DOCS=1 writes it anew"
    );
}

// --- check ----------------------------------------------------------------------------------------------------------

#[test]
fn check_tells_all_problems_at_once_with_their_places() {
    let directory = configured(
        r#"
public_url = "http://sso.example.com/path"
listne = "127.0.0.1:8080"

[[idp]]
id = "Okta"
kind = "oidc"
issuer = "http://idp.example.com"
client_secret = "literal"

[[role]]
arn = "arn:aws:iam::1:role/x"
sts = "nowhere"
"#,
    );
    let done = drawbridge_with(directory.path(), &["check"], "");
    insta::assert_snapshot!(done.told(), @r#"
    exit 1
    --- stdout
    --- stderr
    error: 9 problems in the configuration
    drawbridge.toml:2: public_url: must begin with https://; plain http is for http://localhost and loopback alone
    drawbridge.toml:3: listne: unknown key; did you mean "listen"?
    drawbridge.toml:5: idp[0].client_id: is required
    drawbridge.toml:6: idp[0].id: must be 1 to 32 of a-z, 0-9 and -
    drawbridge.toml:8: idp[0].issuer: must begin with https://
    drawbridge.toml:9: idp[0].client_secret: a secret may not stand in the configuration; put it into a file and name that in client_secret_file, or use client_secret_env
    drawbridge.toml:11: role[0].trust_policy: is required; or trust_policy_file
    drawbridge.toml:12: role[0].arn: must be 12 digits
    drawbridge.toml:13: role[0].sts: no [[sts]] has this id
    hint: `drawbridge check` tells more; drawbridge.example.toml documents every key
    "#);
}

#[test]
fn check_tells_what_is_no_toml() {
    let directory = configured("public_url = \n");
    let done = drawbridge_with(directory.path(), &["check"], "");
    assert_eq!((done.status, done.stdout.as_str()), (1, ""));
    assert!(done.stderr.contains("drawbridge.toml"), "{}", done.stderr);
}

#[test]
fn a_configuration_that_is_not_there_is_a_failure_with_a_hint() {
    for command in [
        &["check"][..],
        &["serve"],
        &["root-key", "--account", "111111111111"],
    ] {
        let done = drawbridge(command);
        assert_eq!((done.status, done.stdout.as_str()), (1, ""), "{command:?}");
        assert!(done.stderr.contains("drawbridge.toml") && done.stderr.contains("hint:"));
    }
}

#[test]
fn check_of_a_good_file_says_what_is_good() {
    let directory = configured(MINIMAL);
    let done = drawbridge_with(directory.path(), &["check"], "");
    insta::assert_snapshot!(done.told(), @r"
    exit 0
    --- stdout
    ok       configuration                    every key is known and valid
    ok       store                            ./drawbridge.db will be made by the first start
    ok       sts local                        embedded; accounts dev 111111111111
    --- stderr
    ");
    let done = drawbridge_with(directory.path(), &["check", "--json"], "");
    let lines = done
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert!(lines.into_iter().all(|line| line["verdict"] == "ok"));
}

#[test]
fn check_warns_of_a_trust_that_is_too_wide() {
    let trust = |sub: &str| {
        json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow",
            "Principal": {
                "Federated": "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"
            },
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": { "token.actions.githubusercontent.com:aud": "sts.amazonaws.com" },
                "StringLike": { "token.actions.githubusercontent.com:sub": sub },
            },
        }})
    };
    let check = |sub: &str| {
        let role = format!(
            "{MINIMAL}\n[[role]]\narn = \"arn:aws:iam::111111111111:role/Deploy\"\nsts = \"local\"\n\
             trust_policy = '{}'\n",
            trust(sub)
        );
        let directory = configured(&role);
        drawbridge_with(directory.path(), &["check"], "")
    };
    let wide = check("repo:*");
    assert_eq!(wide.status, 1);
    assert!(
        wide.stdout.contains("failed") && wide.stdout.contains("role/Deploy"),
        "{}",
        wide.told()
    );
    let weak = check("repo:acme/*");
    assert_eq!(weak.status, 0, "{}", weak.told());
    assert!(weak.stdout.contains("warning"));
    let narrow = check("repo:acme/app:ref:refs/heads/main");
    assert!(
        narrow.stdout.contains("the trust is narrow"),
        "{}",
        narrow.told()
    );
    assert!(!narrow.stdout.contains("warning"));
    // And what check refuses does not start.
    let role = format!(
        "{MINIMAL}\n[[role]]\narn = \"arn:aws:iam::111111111111:role/Deploy\"\nsts = \"local\"\n\
         trust_policy = '{}'\n",
        trust("*")
    );
    let directory = configured(&role);
    let serve = drawbridge_with(directory.path(), &["serve"], "");
    assert_eq!(serve.status, 1);
    assert!(serve.stderr.contains("role/Deploy"), "{}", serve.stderr);
}

#[test]
fn a_key_ring_that_others_can_read_stops_the_start() {
    use std::os::unix::fs::PermissionsExt;
    let directory = configured(MINIMAL);
    let made = drawbridge_with(
        directory.path(),
        &["root-key", "--account", "111111111111"],
        "",
    );
    assert_eq!(made.status, 0, "{}", made.told());
    let mut files = directory.path().read_dir().unwrap().flatten();
    let ring = files.find(|file| file.file_name().to_str().unwrap().contains("keys"));
    let others = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(ring.unwrap().path(), others).unwrap();
    let serve = drawbridge_with(directory.path(), &["serve"], "");
    assert_eq!(serve.status, 1);
    let message = "keys.file: others may read or write the file (mode 0644)";
    assert!(serve.stderr.contains(message), "{}", serve.stderr);
}

// --- policy ---------------------------------------------------------------------------------------------------------

fn scenario(id: Value, action: &str) -> Value {
    json!({
        "id": id,
        "request": {
            "principal": "arn:aws:iam::111111111111:user/ann",
            "action": action,
            "resource": "arn:aws:s3:::bucket/key",
            "context": { "AWS:SourceIp": "10.0.0.1" },
        },
        "identityPolicies": [{ "Version": "2012-10-17", "Statement": [
            { "Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*",
              "Condition": { "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } } },
            { "Effect": "Deny", "Action": "s3:GetSecret", "Resource": "*" },
        ] }],
    })
}

#[test]
fn simulate_answers_line_by_line_in_order() {
    let input = format!(
        "{}\n\n{}\n{}\nnot json\n[]\n{{\"id\": 7}}\n\u{feff}{{}}\n{}",
        scenario(json!(1), "s3:GetObject"),
        scenario(json!("two"), "s3:PutObject"),
        scenario(json!(null), "s3:GetSecret"),
        // The last line needs no newline.
        scenario(json!({ "x": [1] }), "S3:GETOBJECT"),
    );
    let directory = TempDir::new().unwrap();
    let done = drawbridge_with(directory.path(), &["policy", "simulate"], &input);
    insta::assert_snapshot!(done.told(), @r#"
    exit 0
    --- stdout
    {"id":1,"decision":"allowed"}
    {"id":"two","decision":"implicitDeny"}
    {"id":null,"decision":"explicitDeny"}
    {"id":null,"error":"this is not JSON: expected a JSON value at byte 0"}
    {"id":null,"error":"this is not an object"}
    {"id":7,"error":"there is no `request`"}
    {"id":null,"error":"this is not JSON: expected a JSON value at byte 0"}
    {"id":{"x":[1]},"decision":"allowed"}
    --- stderr
    "#);
}

#[test]
fn simulate_decides_ten_thousand_lines_in_seconds() {
    let line = format!("{}\n", scenario(json!(1), "s3:GetObject"));
    let started = std::time::Instant::now();
    let directory = TempDir::new().unwrap();
    let done = drawbridge_with(
        directory.path(),
        &["policy", "simulate"],
        &line.repeat(10_000),
    );
    assert_eq!(
        done.stdout,
        "{\"id\":1,\"decision\":\"allowed\"}\n".repeat(10_000)
    );
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn explain_tells_every_statement_and_the_one_that_decided() {
    let directory = TempDir::new().unwrap();
    let input = scenario(json!(1), "s3:GetSecret").to_string();
    let done = drawbridge_with(directory.path(), &["policy", "explain"], &input);
    insta::assert_snapshot!(done.told(), @r"
    exit 0
    --- stdout
    explicitDeny
      caller    arn:aws:iam::111111111111:user/ann
      action    s3:GetSecret
      resource  arn:aws:s3:::bucket/key

    identity policy identityPolicies[0]
      statement 1 (Read)  Allow  applies
        holds  action
        holds  resource
        holds  IpAddress aws:SourceIp  wants 10.0.0.0/8  saw 10.0.0.1
      statement 2  Deny  decides
        holds  action
        holds  resource
    --- stderr
    ");
    let done = drawbridge_with(directory.path(), &["policy", "explain", "--json"], &input);
    let answer: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(
        (done.status, &answer["decision"]),
        (0, &json!("explicitDeny"))
    );
}

#[test]
fn explain_of_what_is_no_request_is_a_failure_with_a_hint() {
    let directory = TempDir::new().unwrap();
    for input in ["", "x", "[]", "{\"id\": 1}"] {
        let done = drawbridge_with(directory.path(), &["policy", "explain"], input);
        assert_eq!((done.status, done.stdout.as_str()), (1, ""), "{input}");
        assert!(done.stderr.starts_with("error: ") && done.stderr.contains("\nhint: "));
    }
}

// --- token explain --------------------------------------------------------------------------------------------------

/// 2026-11-22T12:00:00Z
const NOON: i64 = 1_795_348_800;

struct Desk {
    directory: TempDir,
    key: Key,
}

impl Desk {
    fn new() -> Desk {
        let directory = configured(&format!(
            "{MINIMAL}\n[[ci]]\nissuer = \"https://ci.example.com\"\naudience = \"https://sso.example.com\"\n"
        ));
        let key = Key::new("ES256", "one");
        let keys = json!({ "keys": [key.jwk()] }).to_string();
        std::fs::write(directory.path().join("keys.json"), keys).unwrap();
        Desk { directory, key }
    }

    fn explain(&self, spoiled: &[(&str, Value)], more: &[&str]) -> Done {
        let mut claims = json!({
            "iss": "https://ci.example.com",
            "sub": "repo:acme/app:ref:refs/heads/main",
            "aud": "https://sso.example.com",
            "iat": NOON - 60,
            "exp": NOON + 600,
            "repository": "acme/app",
            "attempt": 2,
        });
        for (name, value) in spoiled {
            claims[*name] = value.clone();
        }
        let token = self.key.sign(&claims);
        std::fs::write(
            self.directory.path().join("token.jwt"),
            format!("{token}\n"),
        )
        .unwrap();
        let args = [
            &[
                "token",
                "explain",
                "--token",
                "token.jwt",
                "--jwks",
                "keys.json",
            ],
            more,
        ];
        let done = drawbridge_with(self.directory.path(), &args.concat(), "");
        assert!(
            !done.told().contains(&token[token.len() - 20..]),
            "the token is shown"
        );
        done
    }
}

#[test]
fn token_explain_tells_whom_an_accepted_token_is_of() {
    let desk = Desk::new();
    let done = desk.explain(&[], &["--at", "2026-11-22T12:00:00Z"]);
    insta::assert_snapshot!(done.told(), @r"
    exit 0
    --- stdout
    verdict    accepted
    message    The token is accepted.
    provider   https://ci.example.com
    issuer     https://ci.example.com
    subject    repo:acme/app:ref:refs/heads/main
    audience   https://sso.example.com
    groups     []
      claim attempt                  2
      claim aud                      https://sso.example.com
      claim exp                      1795349400
      claim iat                      1795348740
      claim iss                      https://ci.example.com
      claim repository               acme/app
      claim sub                      repo:acme/app:ref:refs/heads/main
    --- stderr
    ");
    let done = desk.explain(&[], &["--at", &NOON.to_string(), "--json"]);
    let answer: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!((done.status, &answer["verdict"]), (0, &json!("accepted")));
    assert_eq!(answer["reason"], Value::Null);
    assert_eq!(
        answer["identity"]["claims"]["repository"],
        json!("acme/app")
    );
}

#[test]
fn token_explain_tells_why_a_token_is_refused() {
    let desk = Desk::new();
    let noon = ["--at", "2026-11-22T12:00:00Z"];
    let done = desk.explain(&[("aud", json!("https://other.example"))], &noon);
    insta::assert_snapshot!(done.told(), @r"
    exit 1
    --- stdout
    verdict    refused
    reason     jwt.aud
    message    the token is for somebody else.
    --- stderr
    ");
    for (claims, at, reason) in [
        (&[][..], "2026-11-22T12:11:00Z", "jwt.exp"),
        (&[], "2026-11-22T11:57:59Z", "jwt.iat"),
        (
            &[("iss", json!("https://evil.example"))],
            "2026-11-22T12:00:00Z",
            "jwt.iss",
        ),
        (&[("sub", json!(""))], "2026-11-22T12:00:00Z", "jwt.sub"),
    ] {
        let done = desk.explain(claims, &["--at", at, "--json"]);
        let answer: Value = serde_json::from_str(&done.stdout).unwrap();
        assert_eq!((done.status, &answer["verdict"]), (1, &json!("refused")));
        assert_eq!(answer["reason"], json!(reason));
        assert_eq!(answer["identity"], Value::Null);
    }
}

#[test]
fn token_explain_of_what_cannot_be_read_is_a_failure() {
    let desk = Desk::new();
    let done = desk.explain(&[], &["--at", "yesterday"]);
    assert_eq!(done.status, 1);
    assert_eq!(
        done.stderr,
        "error: --at \"yesterday\" is no time\nhint: like 2026-11-22T12:00:00Z\n"
    );
    let args = ["token", "explain", "--token", "nothing.jwt"];
    let done = drawbridge_with(desk.directory.path(), &args, "");
    assert_eq!((done.status, done.stdout.as_str()), (1, ""));
    assert!(done.stderr.contains("nothing.jwt cannot be read"));
}

// --- root-key -------------------------------------------------------------------------------------------------------

#[test]
fn a_root_key_is_shown_once_listed_and_deleted() {
    let directory = configured(MINIMAL);
    let root_key = |more: &[&str]| {
        let args = [&["root-key", "--account", "111111111111"], more].concat();
        drawbridge_with(directory.path(), &args, "")
    };
    let made = root_key(&[]);
    let mut lines = made.stdout.lines();
    let id = lines
        .next()
        .unwrap()
        .strip_prefix("export AWS_ACCESS_KEY_ID=")
        .unwrap();
    let secret = lines
        .next()
        .unwrap()
        .strip_prefix("export AWS_SECRET_ACCESS_KEY=")
        .unwrap();
    assert_eq!((made.status, lines.next()), (0, None));
    assert!(
        id.starts_with("AKIA") && secret.len() == 40,
        "{}",
        made.told()
    );
    assert!(!made.stderr.contains(secret));
    let json = root_key(&["--json"]).stdout;
    let second: Value = serde_json::from_str(&json).unwrap();

    let listed = root_key(&["--list"]);
    let mut ids: Vec<&str> = listed.stdout.lines().collect();
    let mut expected = vec![id, second["access_key_id"].as_str().unwrap()];
    ids.sort_unstable();
    expected.sort_unstable();
    assert_eq!(ids, expected);
    assert!(!listed.told().contains(secret));

    assert_eq!(root_key(&["--delete", id]).status, 0);
    let again = root_key(&["--delete", id]);
    let message = format!("error: account 111111111111 has no root key {id}\n");
    assert_eq!((again.status, again.stderr), (1, message));
    assert_eq!(root_key(&["--list"]).stdout.lines().count(), 1);
    // What is on disk is sealed.
    for entry in directory.path().read_dir().unwrap().flatten() {
        let bytes = std::fs::read(entry.path()).unwrap();
        let found = bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found, "{:?} holds the secret", entry.file_name());
    }
}

#[test]
fn a_root_key_of_an_unknown_account_is_refused() {
    let directory = configured(MINIMAL);
    let args = ["root-key", "--account", "999999999999"];
    let done = drawbridge_with(directory.path(), &args, "");
    let message = "error: the configuration has no account 999999999999 in an embedded STS\n";
    assert_eq!(
        (done.status, done.stdout.as_str(), done.stderr.as_str()),
        (1, "", message)
    );
}

// --- exchange -------------------------------------------------------------------------------------------------------

static DEMO: LazyLock<Broker> = LazyLock::new(Broker::demo);

fn exchange(token: &str, more: &[&str]) -> Done {
    let origin = DEMO.app.urls.origin();
    let args = [
        "exchange",
        "--broker",
        origin,
        "--role",
        "deploy",
        "--token-file",
        "-",
    ];
    let directory = TempDir::new().unwrap();
    drawbridge_with(directory.path(), &[&args, more].concat(), token)
}

#[test]
fn exchange_prints_credentials_and_nothing_else() {
    let token = DEMO.job("ref=refs/heads/main");
    let done = exchange(&format!("{token}\n"), &[]);
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    let answer: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(answer["Version"], json!(1));
    let done = exchange(&token, &["--format", "env", "--duration", "15m"]);
    assert!(
        done.stdout.starts_with("export AWS_ACCESS_KEY_ID=ASIA"),
        "{}",
        done.told()
    );
    let end = time::OffsetDateTime::from_unix_timestamp(DEMO.clock.unix() + 900).unwrap();
    assert!(done.stdout.contains(&drawbridge::aws::xml::timestamp(end)));
}

#[test]
fn exchange_tells_a_refusal_in_one_line_with_its_reference() {
    let done = exchange(&DEMO.job("ref=refs/heads/other"), &["--format", "env"]);
    let (_, reference) = done.stderr.rsplit_once("finds it as ").unwrap();
    let events = DEMO.events(reference.trim());
    assert_eq!(
        events[0]["additionalEventData"]["reason"],
        json!("trust.condition")
    );
    let told = done.told().replace(reference.trim(), "[reference]");
    let issuer = DEMO.ci();
    insta::assert_snapshot!(told.replace(issuer.strip_prefix("http://").unwrap(), "[ci]"), @r"
    exit 1
    --- stdout
    --- stderr
    error: The trust policy of deploy does not admit you. Condition StringEquals [ci]:sub wants repo:acme/app:ref:refs/heads/main, and saw repo:acme/app:ref:refs/heads/other. (403 Forbidden)
    hint: the administrator finds it as [reference]
    ");
}

#[test]
fn exchange_without_a_broker_or_a_token_is_a_failure_with_a_hint() {
    let directory = TempDir::new().unwrap();
    let args = ["exchange", "--role", "deploy", "--token-file", "none"];
    let done = drawbridge_with(directory.path(), &args, "");
    let message = "error: which broker?\nhint: pass --broker URL or set DRAWBRIDGE_URL\n";
    assert_eq!((done.status, done.stderr.as_str()), (1, message));
    let args = [&args[..], &["--broker", DEMO.app.urls.origin()]].concat();
    let done = drawbridge_with(directory.path(), &args, "");
    assert!(
        done.stderr.starts_with("error: none cannot be read: "),
        "{}",
        done.stderr
    );
    let dead = [
        "exchange",
        "--role",
        "x",
        "--token-file",
        "-",
        "--broker",
        "http://127.0.0.1:9",
    ];
    let done = drawbridge_with(directory.path(), &dead, "token");
    assert_eq!((done.status, done.stdout.as_str()), (1, ""));
    assert!(
        done.stderr.contains("hint: is --broker right?"),
        "{}",
        done.stderr
    );
}

// --- demo and serve -------------------------------------------------------------------------------------------------

#[test]
fn the_demo_listens_on_loopback_alone() {
    for option in ["--listen", "--idp-listen"] {
        let done = drawbridge(&["demo", option, "0.0.0.0:0"]);
        assert_eq!((done.status, done.stdout.as_str()), (1, ""));
        assert!(done.stderr.contains("loopback only"), "{}", done.stderr);
    }
}

#[test]
fn serve_does_not_start_with_a_configuration_of_the_demo() {
    let directory =
        configured(&MINIMAL.replace("https://sso.example.com", "http://sso.example.com"));
    let done = drawbridge_with(directory.path(), &["serve"], "");
    assert_eq!((done.status, done.stdout.as_str()), (1, ""));
    assert!(done.stderr.contains("public_url"), "{}", done.stderr);
}

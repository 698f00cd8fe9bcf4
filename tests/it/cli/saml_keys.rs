//! `saml keys`

use serde_json::Value;
use tempfile::TempDir;

use super::{Done, MINIMAL, configured, drawbridge_with};

fn keys(directory: &TempDir, args: &[&str]) -> Done {
    drawbridge_with(directory.path(), &[&["saml", "keys"], args].concat(), "")
}

/// What `list` says in JSON: id, stage and whether there is a moment from which it signs.
fn listed(directory: &TempDir) -> Vec<(String, String, bool)> {
    let done = keys(directory, &["list", "--json"]);
    assert_eq!(done.status, 0, "{}", done.told());
    let lines = done.stdout.lines();
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    lines
        .map(|line| {
            assert_eq!(text(&line["certificate_sha256"]).len(), 64);
            assert!(text(&line["certificate_not_after"]) > text(&line["created_at"]));
            (
                text(&line["id"]),
                text(&line["stage"]),
                line["signs_from"].is_string(),
            )
        })
        .collect()
}

fn key(id: &str, stage: &str, waits: bool) -> (String, String, bool) {
    (id.to_owned(), stage.to_owned(), waits)
}

const IDP: [&str; 3] = ["add", "--party", "identity-provider"];

#[test]
fn keys_are_added_listed_and_retired() {
    let directory = configured(MINIMAL);
    let none = keys(&directory, &["list"]);
    insta::assert_snapshot!(none.told(), @r"
    exit 0
    --- stdout
    --- stderr
    No key as service-provider yet: it is made when it is first needed.
    No key as identity-provider yet: it is made when it is first needed.
    ");
    let first = keys(&directory, &IDP);
    insta::assert_snapshot!(first.told(), @r"
    exit 0
    --- stdout
    saml-idp-1
    --- stderr
    It is the first key and signs at once.
    ");
    let second = keys(&directory, &IDP);
    assert_eq!((second.status, second.stdout.as_str()), (0, "saml-idp-2\n"));
    assert!(
        second
            .stderr
            .contains("https://sso.example.com/saml/idp/metadata")
    );
    let third = keys(&directory, &["add", "--party", "service-provider"]);
    assert_eq!((third.status, third.stdout.as_str()), (0, "saml-sp-1\n"));
    assert_eq!(
        listed(&directory),
        [
            key("saml-sp-1", "signs", false),
            key("saml-idp-1", "signs", false),
            key("saml-idp-2", "published", true),
        ]
    );
    let shown = keys(&directory, &["list", "--party", "identity-provider"]);
    let lines: Vec<&str> = shown.stdout.lines().collect();
    assert!(lines[0].starts_with("saml-idp-1         signs      certificate until 20"));
    assert!(lines[1].contains("  signs from 20"));
    let retired = keys(&directory, &["retire", "saml-idp-2"]);
    assert_eq!(retired.status, 0, "{}", retired.told());
    let left = [
        key("saml-sp-1", "signs", false),
        key("saml-idp-1", "signs", false),
    ];
    assert_eq!(listed(&directory), left);
}

#[test]
fn what_signs_is_not_retired() {
    let directory = configured(MINIMAL);
    keys(&directory, &IDP);
    let last = keys(&directory, &["retire", "saml-idp-1", "--stolen"]);
    insta::assert_snapshot!(last.told(), @r"
    exit 1
    --- stdout
    --- stderr
    error: saml-idp-1 is the only key
    hint: add another one first: `drawbridge saml keys add`
    ");
    keys(&directory, &IDP);
    let signs = keys(&directory, &["retire", "saml-idp-1"]);
    insta::assert_snapshot!(signs.told(), @r"
    exit 1
    --- stdout
    --- stderr
    error: saml-idp-1 is the key that signs
    hint: retire it when another one signs; if somebody else has it, --stolen retires it now
    ");
    let unknown = keys(&directory, &["retire", "saml-idp-7"]);
    insta::assert_snapshot!(unknown.told(), @r"
    exit 1
    --- stdout
    --- stderr
    error: there is no key saml-idp-7
    hint: `drawbridge saml keys list` shows them
    ");
    let stolen = keys(&directory, &["retire", "saml-idp-1", "--stolen"]);
    assert_eq!(stolen.status, 0, "{}", stolen.told());
    assert_eq!(listed(&directory), [key("saml-idp-2", "signs", false)]);
}

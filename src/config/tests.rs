//! The file as a whole: every mistake at once, the example, the reference page.

use std::path::Path;

use insta::assert_snapshot;

use super::idp::SAML_IDP;
use super::reference::SECTIONS;
use super::schema::Need;
use super::testing::{BASE, env, parse};
use super::{Config, Problems, SamlCompatibility, SignRequests};

const EXAMPLE: &str = include_str!("../../drawbridge.example.toml");
const REFERENCE: &str = include_str!("../../docs/configuration.md");

fn with_overrides(text: &str, variables: &[(&str, &str)]) -> Result<Config, Problems> {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    super::parse(text, Path::new(BASE), &env, variables, false)
}

#[test]
fn every_mistake_of_a_file_is_reported_at_once_with_its_place() {
    let text = r#"
public_url = "http://sso.example.com/broker"
listen = 8080
metric = { listen = "" }

[server]
max_connection = 10
trusted_proxies = ["10.0.0.0/40"]

[store]
url = "mysql://ann:s3cr3t@db/drawbridge"

[[idp]]
id = "Okta"
kind = "oidc"
isuer = "https://example.okta.com"
client_id = "0oa"
client_secret = "s3cr3t"
max_session = "13h"
algorithms = ["RS256", "none"]

[[idp]]
id = "adfs"
kind = "saml"
metadata_url = "http://adfs.example.com/metadata.xml"
metadat_file = "metadata.xml"
sign_requests = "maybe"
client_id = "0oa"

[saml]
key_fil = "saml.key"

[[ci]]
issuer = "https://token.actions.githubusercontent.com/?s3cr3t"
replay = "never"

[[sts]]
id = "local"
kind = "embedded"
accounts = [{ id = "1111", name = "dev" }, { id = "222222222222", name = "prod" }]
saml_compatibility = "lax"

[[sts]]
id = "aws"
kind = "remote"

[role]
arn = "arn:aws:iam::222222222222:role/Deploy"
"#;
    let variables = [
        ("DRAWBRIDGE__KEYS__FLIE", "x"),
        ("DRAWBRIDGE__CI__7__NAME", "x"),
    ];
    let problems = with_overrides(text, &variables).unwrap_err();
    assert!(!problems.to_string().contains("s3cr3t"));
    assert_snapshot!(problems, @r#"
    DRAWBRIDGE__CI__7__NAME: skips entries: the next index is the number of entries there are; the form is DRAWBRIDGE__SECTION__KEY, and DRAWBRIDGE__IDP__0__KEY for the first [[idp]]
    DRAWBRIDGE__KEYS__FLIE: keys.flie: unknown key; did you mean "file"?
    drawbridge.toml:2: public_url: must begin with https://; plain http is for http://localhost and loopback alone
    drawbridge.toml:3: listen: expected text, found an integer
    drawbridge.toml:4: metric: unknown key; did you mean "metrics"?
    drawbridge.toml:7: server.max_connection: unknown key; did you mean "max_connections"?
    drawbridge.toml:8: server.trusted_proxies[0]: is not an address or a range such as 10.0.0.0/8
    drawbridge.toml:11: store.url: unknown kind of store; it is the path of an SQLite file or a postgres:// URL
    drawbridge.toml:13: idp[0].issuer: is required
    drawbridge.toml:14: idp[0].id: must be 1 to 32 of a-z, 0-9 and -
    drawbridge.toml:16: idp[0].isuer: unknown key; did you mean "issuer"?
    drawbridge.toml:18: idp[0].client_secret: a secret may not stand in the configuration; put it into a file and name that in client_secret_file, or use client_secret_env
    drawbridge.toml:19: idp[0].max_session: must be between 1m and 12h
    drawbridge.toml:20: idp[0].algorithms[1]: tokens without a signature are never accepted
    drawbridge.toml:25: idp[1].metadata_url: must begin with https://
    drawbridge.toml:26: idp[1].metadat_file: unknown key; did you mean "metadata_file"?
    drawbridge.toml:27: idp[1].sign_requests: unknown value; it is true, false or "auto"
    drawbridge.toml:28: idp[1].client_id: is for providers with kind = "oidc"
    drawbridge.toml:31: saml.key_fil: unknown key; did you mean "key_file"?
    drawbridge.toml:34: ci[0].issuer: must have no query and no fragment
    drawbridge.toml:35: ci[0].replay: unknown value; it is "allow" or "refuse"
    drawbridge.toml:40: sts[0].accounts[0].id: must be 12 digits
    drawbridge.toml:41: sts[0].saml_compatibility: unknown value; it is "strict" or "aws"
    drawbridge.toml:45: sts[1].kind: a remote STS is not available in this version
    drawbridge.toml:47: role: must be a list of sections; it is written [[role]]
    "#);
}

#[test]
fn the_shape_of_a_later_version_is_refused_with_a_reason_for_each_part() {
    let text = r#"
public_url = "https://sso.example.com"

[[idp]]
id = "adfs"
kind = "saml"
name = "Contoso AD"
metadata_url = "https://adfs.contoso.com/FederationMetadata/2007-06/FederationMetadata.xml"
groups_attribute = "http://schemas.xmlsoap.org/claims/Group"

[[sts]]
id = "aws"
kind = "remote"
region = "eu-west-1"

[[role]]
arn = "arn:aws:iam::333333333333:role/Developer"
sts = "aws"
method = "web-identity"
allow = [{ idp = "okta", groups = ["engineering"] }]
duration = "8h"
"#;
    assert_snapshot!(parse(text).unwrap_err(), @"
    drawbridge.toml:13: sts[0].kind: a remote STS is not available in this version
    drawbridge.toml:18: role[0].sts: a remote STS is not available in this version
    ");
}

#[test]
fn a_file_that_is_not_toml_is_refused_with_its_lines() {
    let problems = parse("public_url = \"s3cr3t\nlisten = = 1\n").unwrap_err();
    assert_snapshot!(problems, @r#"
    drawbridge.toml:1: not TOML: invalid basic string, expected `"`
    drawbridge.toml:2: not TOML: extra `=`, expected nothing
    drawbridge.toml:2: not TOML: unexpected key or value, expected newline, `#`
    "#);
}

#[test]
fn sections_and_entries_in_the_wrong_brackets_are_refused() {
    let problems =
        parse("public_url = 'https://a.example'\nstore = 'x'\nkeys = []\nci = ['x']\n[idp]\n")
            .unwrap_err();
    assert_snapshot!(problems, @"
    drawbridge.toml:2: store: must be a section; it is written [store]
    drawbridge.toml:3: keys: must be a section; it is written [keys]
    drawbridge.toml:4: ci[0]: expected a table, found text
    drawbridge.toml:5: idp: must be a list of sections; it is written [[idp]]
    ");
}

#[test]
fn a_key_with_odd_characters_is_shown_quoted() {
    let problems = parse("public_url = 'https://a.example'\n\"a b\\u001b\" = 1").unwrap_err();
    assert_snapshot!(problems, @r#"drawbridge.toml:2: "a b\u{1b}": unknown key"#);
}

#[test]
fn a_value_that_an_override_sets_is_judged_under_its_variable() {
    let variables = [
        ("DRAWBRIDGE__METRICS__LISTEN", "9464"),
        ("DRAWBRIDGE__PUBLIC_URL", "sso"),
    ];
    let problems = with_overrides("", &variables).unwrap_err();
    assert_snapshot!(problems, @"
    DRAWBRIDGE__PUBLIC_URL: public_url: is not a URL with a host; for example https://sso.example.com
    DRAWBRIDGE__METRICS__LISTEN: metrics.listen: is not an address with a port; for example 127.0.0.1:8080 or [::]:8080
    ");
}

#[test]
fn overrides_can_say_everything() {
    let config = with_overrides(
        "",
        &[
            ("DRAWBRIDGE__PUBLIC_URL", "https://sso.example.com"),
            ("DRAWBRIDGE__SERVER__MAX_CONNECTIONS", "7"),
            ("DRAWBRIDGE__IDP__0__ID", "okta"),
            ("DRAWBRIDGE__IDP__0__KIND", "\"oidc\""),
            ("DRAWBRIDGE__IDP__0__ISSUER", "https://example.okta.com"),
            // Looks like a number and is text all the same.
            ("DRAWBRIDGE__IDP__0__CLIENT_ID", "00123"),
            ("DRAWBRIDGE__IDP__0__CLIENT_SECRET_ENV", "TEST_SECRET"),
            ("DRAWBRIDGE__IDP__0__SCOPES", "['openid']"),
            ("DRAWBRIDGE__IDP__1__ID", "adfs"),
            ("DRAWBRIDGE__IDP__1__KIND", "saml"),
            ("DRAWBRIDGE__IDP__1__METADATA_URL", "https://adfs.example/m"),
            ("DRAWBRIDGE__IDP__1__SIGN_REQUESTS", "auto"),
            ("DRAWBRIDGE__IDP__1__ALLOW_SHA1", "true"),
            ("DRAWBRIDGE__IDP__1__REFRESH", "5m"),
            ("DRAWBRIDGE__IDP__1__AUTHN_CONTEXTS", "['urn:acme:mfa']"),
            ("DRAWBRIDGE__IDP__2__ID", "entra"),
            ("DRAWBRIDGE__IDP__2__KIND", "saml"),
            (
                "DRAWBRIDGE__IDP__2__METADATA_URL",
                "https://entra.example/m",
            ),
            ("DRAWBRIDGE__IDP__2__SIGN_REQUESTS", "true"),
            ("DRAWBRIDGE__SAML__SECOND_OPINION", "false"),
            ("DRAWBRIDGE__STS__0__SAML_COMPATIBILITY", "aws"),
            ("DRAWBRIDGE__STS__0__ID", "1"),
            ("DRAWBRIDGE__STS__0__KIND", "embedded"),
            ("DRAWBRIDGE__STS__0__ACCOUNTS__0__ID", "111111111111"),
            ("DRAWBRIDGE__STS__0__ACCOUNTS__0__NAME", "dev"),
            ("HOME", "/home/ann"),
        ],
    )
    .unwrap();
    assert_eq!(config.limits.max_connections, 7);
    assert_eq!(config.idps[0].oidc().unwrap().client_id, "00123");
    assert_eq!(config.idps[0].oidc().unwrap().scopes, ["openid"]);
    let saml: Vec<_> = config.saml_idps().collect();
    let signed: Vec<_> = saml.iter().map(|idp| idp.sign_requests).collect();
    assert_eq!(signed, [SignRequests::Auto, SignRequests::Always]);
    assert!(saml[0].allow_sha1 && !saml[1].allow_sha1);
    assert_eq!(saml[0].refresh.as_secs(), 300);
    assert_eq!(saml[0].authn_contexts, ["urn:acme:mfa"]);
    assert!(!config.saml.second_opinion);
    assert_eq!(config.saml_compatibility(), SamlCompatibility::Aws);
    assert_eq!(config.stss[0].id, "1");
    assert_eq!(config.stss[0].accounts[0].id, "111111111111");
}

#[test]
fn a_secret_in_an_override_is_a_literal_like_any_other() {
    let idp = "public_url = 'https://a.example'\n[[idp]]\nid = 'x'\nkind = 'oidc'\nissuer = 'https://i.example'\nclient_id = 'c'\n";
    let problems =
        with_overrides(idp, &[("DRAWBRIDGE__IDP__0__CLIENT_SECRET", "s3cr3t")]).unwrap_err();
    assert_snapshot!(problems, @"DRAWBRIDGE__IDP__0__CLIENT_SECRET: idp[0].client_secret: a secret may not stand in the configuration; put it into a file and name that in client_secret_file, or use client_secret_env");
}

#[test]
fn a_file_that_is_not_there_is_one_problem_with_its_name() {
    let problems = super::load(Path::new("/nowhere/drawbridge.toml")).unwrap_err();
    assert_snapshot!(problems, @"/nowhere/drawbridge.toml: cannot be read: No such file or directory (os error 2); --config names the file; drawbridge.example.toml is one to begin with");
}

#[test]
fn paths_are_relative_to_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("broker.toml");
    std::fs::write(
        &file,
        "public_url = 'https://a.example'\n[keys]\nfile = 'ring'\n",
    )
    .unwrap();
    let config = super::load(&file).unwrap();
    assert_eq!(config.keys.file, directory.path().join("ring"));
    assert_eq!(
        config.audit.file,
        directory.path().join("drawbridge-audit.jsonl")
    );
}

#[test]
fn problems_of_a_file_carry_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("broker.toml");
    std::fs::write(&file, "\npublic_urll = 'https://a.example'\n").unwrap();
    let problems = super::load(&file).unwrap_err().to_string();
    let expected = format!(
        "{}:2: public_urll: unknown key; did you mean \"public_url\"?",
        file.display()
    );
    assert!(problems.contains(&expected), "{problems}");
}

/// The keys that the example mentions, as `section.key`, in its order. A key that is not set
/// stands behind a `#` without a space; prose has the space.
fn mentioned() -> Vec<String> {
    let mut section = "";
    let mut keys = Vec::new();
    for line in EXAMPLE.lines() {
        let header = line.strip_prefix('#').unwrap_or(line);
        if header.starts_with("[[") || line.starts_with('[') {
            section = header.trim_matches(['[', ']']);
            continue;
        }
        let Some((key, _)) = line.strip_prefix('#').unwrap_or(line).split_once(" = ") else {
            continue;
        };
        if key
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        {
            keys.push(format!("{section}.{key}"));
        }
    }
    keys
}

#[test]
fn the_example_mentions_every_key_once() {
    // The keys of an account stand in one line with the key that lists them.
    let documented = SECTIONS
        .iter()
        .filter(|section| section.name != "sts.accounts");
    let mut documented: Vec<_> = documented
        .flat_map(|section| {
            section
                .keys
                .iter()
                .map(move |key| format!("{}.{}", section.name, key.name))
        })
        .collect();
    let mut mentioned = mentioned();
    documented.sort();
    mentioned.sort();
    assert_eq!(mentioned, documented);
    assert!(EXAMPLE.contains(r#"accounts = [{ id = "111111111111", name = "dev" }"#));
}

#[test]
fn the_example_is_a_configuration() {
    let config = parse(EXAMPLE).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(config.idps[0].id(), "okta");
    assert_eq!(config.idps[1].id(), "adfs");
    assert_eq!(config.ci[0].audiences, ["https://sso.example.com"]);
    assert_eq!(config.roles[0].alias.as_deref(), Some("deploy"));
}

#[cfg(unix)]
#[test]
fn every_key_that_the_example_does_not_set_can_be_set_as_shown() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(
        &file,
        "-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n",
    )
    .unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let env = |_: &str| Some("a secret".to_owned());
    // A section that needs a file is a comment as a whole, and is set as a whole.
    let section = "#[[saml_provider]]";
    let (before, rest) = EXAMPLE.split_once(section).unwrap();
    let (lines, after) = rest.split_once("\n\n").unwrap();
    let lines = lines
        .replace("\n#", "\n")
        .replace("\n An IAM", "\n# An IAM");
    let lines = lines.replace("FederationMetadata.xml", file.to_str().unwrap());
    let example = format!("{before}[[saml_provider]]{lines}\n\n{after}");
    for line in example.lines().filter(|line| line.starts_with('#')) {
        let Some((key, value)) = line[1..].split_once(" = ") else {
            continue;
        };
        if key.contains(' ') {
            continue;
        }
        // The paths of the example are not here; any file will do.
        let set = match key.ends_with("_file") {
            true => format!("{key} = {:?}", file.to_str().unwrap()),
            false => format!(
                "{key} = {}",
                value.replace("policies/deployments.json", file.to_str().unwrap())
            ),
        };
        let mut text = example.replace(line, &set);
        if key == "trust_policy_file" {
            text = text
                .replace("trust_policy = '''", "description = '''")
                .replacen("description", "#", 1);
        }
        // What goes with another key, or in its place.
        match key {
            "metadata_file" => text = text.replace("metadata_url = ", "#"),
            "key_file" => {
                text = text.replace(
                    "#certificate_file = \"saml.pem\"",
                    &set.replace("key", "certificate"),
                )
            }
            "certificate_file" => {
                text = text.replace(
                    "#key_file = \"saml.key\"",
                    &set.replace("certificate", "key"),
                )
            }
            "relay_targets" => {
                text = text.replace("#idp_initiated = false", "idp_initiated = true")
            }
            _ => {}
        }
        if key.starts_with("password") {
            text = text.replace("drawbridge.db", "postgres://drawbridge@db/drawbridge");
        }
        // Literal secrets are for the demo, and the example says so.
        let demo = matches!(key, "client_secret" | "password");
        if let Err(problems) = super::parse(&text, directory.path(), &env, [], demo) {
            panic!("{set}: {problems}");
        }
    }
}

#[test]
fn no_documented_key_is_passed_over() {
    // A table that no key takes, in the place of each key in turn.
    for section in SECTIONS
        .iter()
        .filter(|section| section.name != "sts.accounts")
    {
        for key in section.keys {
            // The second entry of the example is the one of SAML.
            let entry = usize::from(section.header == SAML_IDP.header);
            let path = match (section.name, section.header.starts_with("[[")) {
                ("", _) => key.name.to_owned(),
                (name, true) => format!("{name}__{entry}__{}", key.name),
                (name, false) => format!("{name}__{}", key.name),
            };
            let variable = format!("DRAWBRIDGE__{}", path.to_ascii_uppercase());
            let problems = with_overrides(EXAMPLE, &[(&variable, "{ x = 1.5 }")]).unwrap_err();
            let noted = problems
                .iter()
                .any(|problem| problem.variable.as_ref() == Some(&variable));
            assert!(noted, "{path}: {problems}");
        }
    }
}

#[test]
fn every_documented_default_is_a_value_of_the_key() {
    for section in SECTIONS {
        for key in section.keys {
            if let Need::Default(toml) = key.need {
                assert!(
                    super::tree::read_value(toml).is_some(),
                    "{}.{}",
                    section.name,
                    key.name
                );
            }
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "this room reads the environment")]
fn the_reference_page_is_what_the_code_says() {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
        std::fs::write(page, super::reference()).unwrap();
        return;
    }
    assert_eq!(
        REFERENCE,
        super::reference(),
        "write it with: UPDATE_DOCS=1 cargo test --lib config::tests"
    );
}

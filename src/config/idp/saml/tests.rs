use std::path::Path;

use super::*;
use crate::config::Config;
use crate::config::testing::{BASE, messages, parse, parse_demo};

const TOP: &str = "public_url = 'https://sso.example.com'\n";
const METADATA: &str = "metadata_url = 'https://adfs.example/m.xml'\n";
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\n";

/// An entry without its metadata.
fn bare(lines: &str) -> String {
    format!("{TOP}[[idp]]\nid = 'adfs'\nkind = 'saml'\n{lines}\n")
}

fn with(lines: &str) -> String {
    bare(&format!("{METADATA}{lines}"))
}

fn second(lines: &str) -> String {
    format!("[[idp]]\nid = 'other'\nkind = 'saml'\n{lines}\n")
}

fn idp(lines: &str) -> SamlIdpConfig {
    let config = parse(&with(lines)).unwrap_or_else(|problems| panic!("{problems}"));
    config.saml_idps().next().unwrap().clone()
}

/// A file of this content, and an entry that names it under `key`.
fn with_file(key: &str, content: &[u8], lines: &str) -> (tempfile::NamedTempFile, String) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    let text = bare(&format!("{lines}{key} = '{}'", file.path().display()));
    (file, text)
}

#[test]
fn three_keys_make_a_strict_provider() {
    assert_eq!(
        idp(""),
        SamlIdpConfig {
            id: "adfs".to_owned(),
            name: "adfs".to_owned(),
            metadata: MetadataSource::Url(Url::parse("https://adfs.example/m.xml").unwrap()),
            metadata_certificate: None,
            idp_entity_id: None,
            entity_id: "https://sso.example.com/saml/adfs/metadata".to_owned(),
            acs_url: "https://sso.example.com/saml/adfs/acs".to_owned(),
            sign_requests: SignRequests::Auto,
            idp_initiated: false,
            allow_sha1: false,
            allow_cbc: false,
            require_encryption: false,
            pin: false,
            clock_skew: Duration::from_secs(60),
            max_session: Duration::from_secs(12 * HOUR),
            refresh: Duration::from_secs(HOUR),
            force_authn: false,
            authn_contexts: Vec::new(),
            name_id_format: None,
            relay_targets: Vec::new(),
            profile: SamlProfile::Generic,
            groups_attribute: None,
            name_attribute: None,
            email_attribute: None,
            subject_attribute: None,
        }
    );
}

#[test]
fn every_key_says_what_it_says() {
    let idp = idp("name = 'Contoso AD'
idp_entity_id = 'http://adfs.example/services/trust'
entity_id = 'urn:acme:sso'
acs_url = 'https://sso.example.com/sso/acs'
sign_requests = false
idp_initiated = true
relay_targets = ['/', 'deploy']
allow_sha1 = true
allow_cbc = true
require_encryption = true
pin = true
clock_skew = '5s'
max_session = '8h'
refresh = '30m'
force_authn = true
authn_contexts = ['urn:oasis:names:tc:SAML:2.0:ac:classes:X509']
name_id_format = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'
profile = 'adfs'
groups_attribute = 'http://schemas.xmlsoap.org/claims/Group'
name_attribute = 'displayName'
email_attribute = 'mail'
subject_attribute = 'objectSid'");
    assert_eq!(idp.name, "Contoso AD");
    let entity = idp.idp_entity_id.as_deref();
    assert_eq!(entity, Some("http://adfs.example/services/trust"));
    assert_eq!(idp.entity_id, "urn:acme:sso");
    assert_eq!(idp.acs_url, "https://sso.example.com/sso/acs");
    assert_eq!(idp.sign_requests, SignRequests::Never);
    assert!(idp.idp_initiated && idp.allow_sha1 && idp.allow_cbc);
    assert!(idp.require_encryption && idp.pin && idp.force_authn);
    assert_eq!(idp.relay_targets, ["/", "deploy"]);
    let seconds = [idp.clock_skew, idp.max_session, idp.refresh].map(|span| span.as_secs());
    assert_eq!(seconds, [5, 8 * HOUR, 30 * MINUTE]);
    let x509 = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509";
    assert_eq!(idp.authn_contexts, [x509]);
    let persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    assert_eq!(idp.name_id_format.as_deref(), Some(persistent));
    assert_eq!(idp.profile, SamlProfile::Adfs);
    let groups = "http://schemas.xmlsoap.org/claims/Group";
    assert_eq!(idp.groups_attribute.as_deref(), Some(groups));
    assert_eq!(idp.name_attribute.as_deref(), Some("displayName"));
    assert_eq!(idp.email_attribute.as_deref(), Some("mail"));
    assert_eq!(idp.subject_attribute.as_deref(), Some("objectSid"));
}

// --- Names ----------------------------------------------------------------------------------------------------------

#[test]
fn idp_is_the_name_of_our_own_provider() {
    let text = with("").replace("'adfs'\nkind", "'idp'\nkind");
    let expected = "is the name of Drawbridge's own provider in URLs";
    assert_eq!(messages(&text), [expected]);
}

#[test]
fn an_entity_id_of_ours_is_an_absolute_uri() {
    let expected = ["is not an absolute URI"];
    assert_eq!(messages(&with("entity_id = 'drawbridge'")), expected);
}

#[test]
fn an_entity_id_of_theirs_is_any_words_up_to_1024() {
    let bare_word = idp("idp_entity_id = 'contoso'");
    assert_eq!(bare_word.idp_entity_id.as_deref(), Some("contoso"));
    let text = |length: usize| with(&format!("idp_entity_id = '{}'", "x".repeat(length)));
    assert!(parse(&text(1024)).is_ok());
    assert_eq!(messages(&text(1025)), ["must be at most 1024 characters"]);
    let expected = ["must not be empty"];
    assert_eq!(messages(&with("idp_entity_id = ''")), expected);
}

#[test]
fn answers_arrive_at_our_own_origin() {
    let expected = ["must have the scheme, host and port of public_url"];
    for url in [
        "https://other.example.com/saml/adfs/acs",
        "https://sso.example.com:8443/saml/adfs/acs",
        "http://localhost/saml/adfs/acs",
    ] {
        assert_eq!(messages(&with(&format!("acs_url = '{url}'"))), expected);
    }
}

#[test]
fn answers_arrive_at_a_url_that_has_one_spelling() {
    for (url, expected) in [
        (
            "https://sso.example.com/acs?x=1",
            "must have no query and no fragment",
        ),
        (
            "https://SSO.example.com/acs",
            "must be in its canonical spelling",
        ),
        (
            "https://sso.example.com/../acs",
            "must have no dot segments",
        ),
        ("/saml/adfs/acs", "is not a URL with a host"),
    ] {
        assert_eq!(messages(&with(&format!("acs_url = '{url}'"))), [expected]);
    }
}

// --- Metadata -------------------------------------------------------------------------------------------------------

#[test]
fn a_provider_without_metadata_is_refused() {
    assert_eq!(messages(&bare("")), ["is required, or metadata_file"]);
}

#[test]
fn metadata_comes_from_one_place() {
    let (_file, text) = with_file("metadata_file", b"<EntityDescriptor/>", METADATA);
    let expected = ["the metadata is already given by metadata_url"];
    assert_eq!(messages(&text), expected);
}

#[test]
fn metadata_over_plain_http_is_for_the_demo_on_loopback() {
    let text = bare("metadata_url = 'http://127.0.0.1:8081/contoso/metadata'");
    assert_eq!(messages(&text), ["must begin with https://"]);
    assert!(parse_demo(&text).is_ok());
    let text = bare("metadata_url = 'http://adfs.example/m.xml'");
    assert!(parse_demo(&text).is_err());
}

#[test]
fn metadata_may_be_a_file() {
    let (file, text) = with_file("metadata_file", b"<EntityDescriptor/>", "");
    let config = parse(&text).unwrap();
    let metadata = &config.saml_idps().next().unwrap().metadata;
    assert_eq!(*metadata, MetadataSource::File(file.path().to_owned()));
}

#[test]
fn a_metadata_file_that_is_not_there_is_refused() {
    let expected = ["the file cannot be read: entity not found"];
    assert_eq!(messages(&bare("metadata_file = 'none.xml'")), expected);
}

#[test]
fn a_metadata_file_beyond_four_mebibytes_is_refused() {
    let (_file, text) = with_file("metadata_file", &vec![b' '; 4 * 1024 * 1024], "");
    assert!(parse(&text).is_ok());
    let (_file, text) = with_file("metadata_file", &vec![b' '; 4 * 1024 * 1024 + 1], "");
    assert_eq!(messages(&text), ["the file is larger than 4096 KiB"]);
}

#[test]
fn the_certificate_of_the_metadata_is_pem() {
    let key = "metadata_certificate_file";
    let (file, text) = with_file(key, CERTIFICATE.as_bytes(), METADATA);
    let config = parse(&text).unwrap();
    let certificate = &config.saml_idps().next().unwrap().metadata_certificate;
    assert_eq!(certificate.as_deref(), Some(file.path()));
    let (_file, text) = with_file(key, b"0\x82\x03", METADATA);
    assert_eq!(messages(&text), ["the file is not UTF-8 text"]);
    let (_file, text) = with_file(key, b"certificate", METADATA);
    assert_eq!(messages(&text), ["the file holds no PEM certificate"]);
}

#[test]
fn files_are_relative_to_the_configuration() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("m.xml"), "<EntityDescriptor/>").unwrap();
    let text = bare("metadata_file = 'm.xml'");
    let parse = |base: &Path| -> Result<Config, _> {
        crate::config::parse(&text, base, &|_| None, [], false)
    };
    assert!(parse(directory.path()).is_ok());
    assert!(parse(Path::new(BASE)).is_err());
}

// --- Twins ----------------------------------------------------------------------------------------------------------

#[test]
fn one_entity_is_one_entry() {
    let text = with(&format!(
        "idp_entity_id = 'urn:a'\n{}",
        second("metadata_url = 'https://x.example/m'\nidp_entity_id = 'urn:a'")
    ));
    assert_eq!(
        messages(&text),
        ["is already the idp_entity_id of \"adfs\""]
    );
    let text = text.replacen("urn:a", "urn:A", 1);
    assert!(parse(&text).is_ok(), "entity ids compare exactly");
}

#[test]
fn one_description_is_one_entry_unless_each_names_its_entity() {
    let text = with(&second(METADATA));
    assert_eq!(messages(&text), ["has the same metadata as \"adfs\""]);
    let named = format!("{METADATA}idp_entity_id = 'urn:b'\n");
    let text = with(&format!("idp_entity_id = 'urn:a'\n{}", second(&named)));
    assert!(parse(&text).is_ok(), "a federation describes many");
}

#[test]
fn one_address_for_answers_is_one_entry() {
    let other = "metadata_url = 'https://x.example/m'\n";
    let taken = format!("{other}acs_url = 'https://sso.example.com/saml/adfs/acs'");
    let text = with(&second(&taken));
    assert_eq!(messages(&text), ["is already the acs_url of \"adfs\""]);
    assert!(parse(&with(&second(other))).is_ok());
}

// --- Values ---------------------------------------------------------------------------------------------------------

#[test]
fn requests_are_signed_always_never_or_as_the_metadata_says() {
    for (value, expected) in [
        ("true", SignRequests::Always),
        ("false", SignRequests::Never),
        ("'auto'", SignRequests::Auto),
    ] {
        let idp = idp(&format!("sign_requests = {value}"));
        assert_eq!(idp.sign_requests, expected);
    }
    for value in ["'true'", "'always'", "''"] {
        let text = with(&format!("sign_requests = {value}"));
        assert_eq!(messages(&text), ["unknown value"], "{value}");
    }
    let expected = ["expected true, false or text, found an integer"];
    assert_eq!(messages(&with("sign_requests = 1")), expected);
}

#[test]
fn switches_are_true_or_false() {
    for key in [
        "idp_initiated",
        "allow_sha1",
        "allow_cbc",
        "require_encryption",
        "pin",
        "force_authn",
    ] {
        let expected = ["expected true or false, found text"];
        assert_eq!(
            messages(&with(&format!("{key} = 'yes'"))),
            expected,
            "{key}"
        );
    }
}

#[test]
fn spans_have_their_bounds() {
    for (key, good, bad, expected) in [
        (
            "clock_skew",
            ["0s", "300s"],
            ["301s", "6m"],
            "must be between 0s and 5m",
        ),
        (
            "max_session",
            ["1m", "12h"],
            ["59s", "43201s"],
            "must be between 1m and 12h",
        ),
        (
            "refresh",
            ["5m", "24h"],
            ["299s", "86401s"],
            "must be between 5m and 24h",
        ),
    ] {
        for value in good {
            assert!(
                parse(&with(&format!("{key} = '{value}'"))).is_ok(),
                "{value}"
            );
        }
        for value in bad {
            let text = with(&format!("{key} = '{value}'"));
            assert_eq!(messages(&text), [expected], "{key} {value}");
        }
    }
}

#[test]
fn authentication_contexts_are_uris() {
    let expected = ["is not an absolute URI"];
    assert_eq!(messages(&with("authn_contexts = ['mfa']")), expected);
}

#[test]
fn the_format_of_a_name_is_a_uri() {
    let expected = ["is not an absolute URI"];
    assert_eq!(messages(&with("name_id_format = 'persistent'")), expected);
}

#[test]
fn nobody_is_known_by_a_transient_name() {
    let transient = format!("name_id_format = '{TRANSIENT}'\n");
    let expected = ["a transient name is new at every sign-in, so nobody is known by it"];
    assert_eq!(messages(&with(&transient)), expected);
    assert!(parse(&with(&format!("{transient}subject_attribute = 'uid'"))).is_ok());
}

#[test]
fn a_profile_is_one_of_seven() {
    for (name, profile) in PROFILES {
        assert_eq!(idp(&format!("profile = '{name}'")).profile, profile);
    }
    assert_eq!(messages(&with("profile = 'ping'")), ["unknown value"]);
}

#[test]
fn an_attribute_has_a_name() {
    for key in [
        "groups_attribute",
        "name_attribute",
        "email_attribute",
        "subject_attribute",
    ] {
        let text = with(&format!("{key} = ''"));
        assert_eq!(messages(&text), ["must not be empty"], "{key}");
        let text = with(&format!("{key} = ' mail'"));
        let expected = ["must have no spaces at its ends and no control characters"];
        assert_eq!(messages(&text), expected, "{key}");
    }
}

#[test]
fn relay_state_names_roles_and_paths_of_ours() {
    for target in [
        "/",
        "/go?account=dev&role=Developer",
        "deploy",
        "dev/Developer",
        "arn:aws:iam::111111111111:role/Deploy",
    ] {
        let lines = format!("idp_initiated = true\nrelay_targets = ['{target}']");
        assert_eq!(idp(&lines).relay_targets, [target]);
    }
}

#[test]
fn relay_state_names_no_place_of_others() {
    for (target, expected) in [
        ("//evil.example", "is not a plain path of ours"),
        ("/\\evil.example", "is not a plain path of ours"),
        ("/a/../b", "is not a plain path of ours"),
        ("/a#b", "is not a plain path of ours"),
        ("/a b", "is not a plain path of ours"),
        (
            "https://evil.example",
            "must be 1 to 128 letters, digits and _+=,.@/-",
        ),
        ("", "must be 1 to 128 letters, digits and _+=,.@/-"),
        (
            "arn:aws:iam::111111111111:user/ann",
            "is not the ARN of a role",
        ),
    ] {
        let text = with(&format!(
            "idp_initiated = true\nrelay_targets = ['{target}']"
        ));
        assert_eq!(messages(&text), [expected], "{target}");
    }
}

#[test]
fn relay_targets_are_for_sign_ins_that_the_provider_begins() {
    let expected = ["is of no use without idp_initiated = true"];
    assert_eq!(messages(&with("relay_targets = ['deploy']")), expected);
    assert!(parse(&with("relay_targets = []")).is_ok());
}

// --- Keys -----------------------------------------------------------------------------------------------------------

#[test]
fn an_unknown_key_is_refused_with_the_nearest() {
    let problems = parse(&with("group_attribute = 'x'")).unwrap_err();
    assert_eq!(
        problems.to_string(),
        "drawbridge.toml:6: idp[0].group_attribute: unknown key; did you mean \"groups_attribute\"?"
    );
}

#[test]
fn a_key_of_oidc_is_refused_with_its_like() {
    for (key, expected) in [
        ("client_id", "is for providers with kind = \"oidc\""),
        (
            "issuer",
            "is for kind = \"oidc\"; idp_entity_id is its like here",
        ),
        (
            "groups_claim",
            "is for kind = \"oidc\"; the keys here end in _attribute",
        ),
        (
            "acr_values",
            "is for kind = \"oidc\"; authn_contexts is its like here",
        ),
        (
            "prompt",
            "is for kind = \"oidc\"; force_authn asks for a new sign-in here",
        ),
    ] {
        assert_eq!(
            messages(&with(&format!("{key} = 'x'"))),
            [expected],
            "{key}"
        );
    }
}

#[test]
fn what_happens_to_an_answer_without_all_groups_is_not_a_choice() {
    let expected = "cannot be chosen: an answer that leaves groups out for their number is refused";
    assert_eq!(messages(&with("group_overage = 'allow'")), [expected]);
}

#[test]
fn a_secret_put_into_a_wrong_key_is_not_repeated() {
    let text = with(
        "entity_id = 's3cr3t'\nacs_url = 's3cr3t'\nprofile = 's3cr3t'\nrelay_targets = ['s3cr3t:']\nidp_initiated = true\nmetadata_certificate_file = 's3cr3t'",
    );
    let problems = parse(&text).unwrap_err();
    assert_eq!(problems.len(), 5);
    assert!(!problems.to_string().contains("s3cr3t"));
}

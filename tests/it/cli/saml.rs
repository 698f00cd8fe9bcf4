//! `saml explain`, and what `check` says of SAML entries.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use drawbridge::saml::describe::IdentityProvider;
use drawbridge::saml::testing::{self, ACS, IDP, SP};
use drawbridge::saml::{Certificate, Credential, SigningKey};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Done, MINIMAL, configured, drawbridge_with};

const AT: &str = "2026-11-22T10:00:00Z";

struct Desk {
    directory: TempDir,
    key: Credential,
}

fn metadata(signing: &[&[u8]]) -> String {
    let idp = IdentityProvider {
        entity_id: IDP,
        signing,
        sso_url: "https://idp.example/sso",
        slo_url: None,
        name_id_formats: &[],
        want_authn_requests_signed: false,
        valid_until: None,
    };
    idp.element().unwrap().canonical().unwrap()
}

impl Desk {
    fn new(more: &str) -> Desk {
        let directory = configured(&format!(
            "{MINIMAL}\n[[idp]]\nid = \"contoso\"\nkind = \"saml\"\nname = \"Contoso\"\nmetadata_file = \"idp.xml\"\n{more}\n"
        ));
        let key = testing::credential(SigningKey::generate().unwrap());
        let desk = Desk { directory, key };
        desk.write("idp.xml", &metadata(&[desk.key.certificate_der()]));
        desk
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.directory.path().join(name), text).unwrap();
    }

    fn explain(&self, response: &str, more: &[&str]) -> Done {
        self.write("response", response);
        let args = [
            "saml",
            "explain",
            "--idp",
            "contoso",
            "--response",
            "response",
        ];
        let at = ["--at", AT];
        let at = if more.contains(&"--at") {
            &[][..]
        } else {
            &at[..]
        };
        drawbridge_with(self.directory.path(), &[&args[..], at, more].concat(), "")
    }

    fn signed(&self) -> String {
        testing::sign(&testing::response(), "_a", &self.key)
    }

    fn verdict(&self, response: &str, more: &[&str]) -> Value {
        let done = self.explain(response, &[more, &["--json"]].concat());
        let answer: Value = serde_json::from_str(&done.stdout).unwrap();
        let accepted = answer["verdict"] == "accepted";
        assert_eq!(done.status, i32::from(!accepted), "{}", done.told());
        answer
    }
}

const ASKED: [&str; 2] = ["--in-response-to", "_request"];

#[test]
fn saml_explain_tells_whom_an_accepted_response_is_of() {
    let desk = Desk::new("");
    let done = desk.explain(&desk.signed(), &ASKED);
    insta::assert_snapshot!(done.told(), @r#"
    exit 0
    --- stdout
    verdict         accepted
    message         The response is accepted.
    provider        contoso
    subject         ann
    name_id_format  urn:oasis:names:tc:SAML:2.0:nameid-format:persistent
    display_name    ann@acme.example
    email           ann@acme.example
    groups          ["engineering","admins"]
      groups                                   ["engineering","admins"]
      mail                                     ["ann@acme.example"]
    --- stderr
    "#);
    let expected = json!({
        "verdict": "accepted",
        "reason": null,
        "message": "The response is accepted.",
        "identity": {
            "provider": "contoso",
            "subject": "ann",
            "name_id_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
            "display_name": "ann@acme.example",
            "email": "ann@acme.example",
            "groups": ["engineering", "admins"],
            "attributes": { "groups": ["engineering", "admins"], "mail": ["ann@acme.example"] },
        },
    });
    assert_eq!(desk.verdict(&desk.signed(), &ASKED), expected);
    // As the form has it, and the whole form.
    let value = STANDARD.encode(desk.signed());
    assert_eq!(desk.verdict(&format!("{value}\n"), &ASKED), expected);
    let form = format!("RelayState=x&SAMLResponse={}", value.replace('+', "%2B"));
    assert_eq!(desk.verdict(&form, &ASKED), expected);
    // Nothing was left behind.
    let mut left: Vec<_> = std::fs::read_dir(desk.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["drawbridge.toml", "idp.xml", "response"]);
}

#[test]
fn saml_explain_tells_why_a_response_is_refused() {
    let desk = Desk::new("");
    let reason = |response: &str, more: &[&str]| {
        let answer = desk.verdict(response, more);
        assert_eq!(answer["identity"], Value::Null);
        answer["reason"].as_str().unwrap().to_owned()
    };
    let good = desk.signed();
    let other = testing::credential(SigningKey::generate().unwrap());
    assert_eq!(reason(&good, &[]), "saml.in_response_to");
    assert_eq!(
        reason(&good, &["--in-response-to", "_other"]),
        "saml.in_response_to"
    );
    assert_eq!(
        reason(&testing::response(), &ASKED),
        "saml.signature.missing"
    );
    let forged = testing::sign(&testing::response(), "_a", &other);
    assert_eq!(reason(&forged, &ASKED), "saml.signature.invalid");
    assert_eq!(reason("", &ASKED), "saml.form.base64");
    assert_eq!(reason("PHNh!bWw+", &ASKED), "saml.form.base64");
    assert_eq!(reason("<a", &ASKED), "saml.xml.malformed");
    let unasked = testing::response().replace(" InResponseTo='_request'", "");
    let unasked = testing::sign(&unasked, "_a", &desk.key);
    assert_eq!(reason(&unasked, &[]), "saml.unsolicited");
    let done = desk.explain(&forged, &ASKED);
    insta::assert_snapshot!(done.told(), @r"
    exit 1
    --- stdout
    verdict         refused
    reason          saml.signature.invalid
    message         the signature does not hold under any key of the provider.
    --- stderr
    ");
    let (start, end) = ("2026-11-22T09:00:00Z", "2026-11-22T11:00:00Z");
    for (at, expected) in [
        (start, "saml.time.issue_instant"),
        (end, "saml.time.issue_instant"),
    ] {
        assert_eq!(
            reason(&good, &[&ASKED[..], &["--at", at]].concat()),
            expected,
            "{at}"
        );
    }
}

#[test]
fn saml_explain_knows_whom_it_is_asked_about() {
    let desk = Desk::new("");
    let args = [
        "saml",
        "explain",
        "--idp",
        "nobody",
        "--response",
        "idp.xml",
    ];
    let done = drawbridge_with(desk.directory.path(), &args, "");
    insta::assert_snapshot!(done.told(), @r#"
    exit 1
    --- stdout
    --- stderr
    error: no SAML identity provider has the id "nobody"
    hint: it has contoso
    "#);
    // Metadata without a key to verify by is never a reason to accept.
    desk.write("idp.xml", &metadata(&[]));
    let answer = desk.verdict(&desk.signed(), &ASKED);
    assert_eq!(answer["reason"], "saml.provider");
}

#[test]
fn check_says_whether_a_saml_entry_can_be_used() {
    let desk = Desk::new("allow_sha1 = true");
    let check = || {
        let done = drawbridge_with(desk.directory.path(), &["check"], "");
        let lines = done
            .stdout
            .lines()
            .filter(|line| line.contains("idp contoso"));
        (done.status, lines.map(str::to_owned).collect::<Vec<_>>())
    };
    let (status, lines) = check();
    assert_eq!(status, 0);
    let ok = format!("read; {IDP}, 1 signing certificate; register the metadata {SP}");
    assert!(
        lines[0].starts_with("ok") && lines[0].ends_with(&ok),
        "{}",
        lines[0]
    );
    assert!(
        lines
            .iter()
            .any(|line| line.contains("SingleLogoutService"))
    );
    assert!(lines.iter().any(|line| line.contains("allow_sha1")));
    assert_eq!(ACS, SP.replace("/metadata", "/acs"));
    desk.write("idp.xml", &metadata(&[]));
    let (status, lines) = check();
    assert_eq!(status, 1);
    assert!(lines[0].contains("no signing certificate"), "{}", lines[0]);
    desk.write("idp.xml", "<html/>");
    assert_eq!(check().0, 1);
}

#[test]
fn saml_accept_takes_what_was_compared_and_nothing_else() {
    let desk = Desk::new("pin = true");
    let accept = |more: &[&str]| {
        let args = ["saml", "accept", "--idp", "contoso"];
        let done = drawbridge_with(desk.directory.path(), &[&args[..], more].concat(), "");
        assert!(
            done.status == 0 || done.stderr.contains("nothing was taken"),
            "{}",
            done.told()
        );
        (done.status, done.stdout)
    };
    let certificate = Certificate::from_der(desk.key.certificate_der()).unwrap();
    let fingerprint = certificate.fingerprint();
    let shown = format!("{fingerprint}\n");
    assert_eq!(accept(&[]), (1, shown.clone()));
    let other = "0".repeat(64);
    assert_eq!(accept(&["--fingerprint", &other]), (1, shown.clone()));
    let upper = fingerprint.to_uppercase();
    assert_eq!(accept(&["--fingerprint", &upper]), (0, shown));
}

//! What we write, judged by somebody else: the `xmlsec1` program (libxmlsec1, libxml2, OpenSSL).
//!
//! Without the program these tests say so and pass, unless `CI=true` or `DRAWBRIDGE_NEED_XMLSEC=1`.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::path::{Path, PathBuf};
use std::process::Command;

use drawbridge_saml::encrypt::{Content, KeyTransport, Recipient};
use drawbridge_saml::issue::{Attribute, Signed, Statement, issue};
use drawbridge_saml::request::{AuthnRequest, LogoutRequest};
use drawbridge_saml::response::NameId;
use drawbridge_saml::self_signed::{Subject, self_signed};
use drawbridge_saml::sign::enveloped;
use drawbridge_saml::{Credential, SigningKey};

const ASSERTION: &str = "assertion:Assertion";
const RESPONSE: &str = "protocol:Response";

/// Whether the program is there.
fn xmlsec1_is_here() -> bool {
    let here = Command::new("xmlsec1").arg("--version").output().is_ok();
    #[expect(clippy::disallowed_methods, reason = "a test asks where it runs")]
    let is = |name: &str, value: &str| std::env::var(name).as_deref() == Ok(value);
    let needed = is("CI", "true") || is("DRAWBRIDGE_NEED_XMLSEC", "1");
    assert!(here || !needed, "the program xmlsec1 is not installed");
    if !here {
        println!("skipped: the program xmlsec1 is not installed");
    }
    here
}

/// A folder of its own for one test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn credential(key: SigningKey) -> Credential {
    let subject = Subject {
        common_name: "idp.example.com",
        serial: *b"0123456789abcdef",
        not_before: 1_700_000_000,
        not_after: 4_000_000_000,
    };
    let certificate = self_signed(&key, &subject).unwrap();
    Credential::new(key, certificate).unwrap()
}

/// A response full of what canonical form has rules about.
fn issued(credential: &Credential, signed: Signed, recipient: Option<&Recipient>) -> String {
    let hard = "é 漢 😀 <&>\"' ]]> \t tab \r\n line \r end";
    let name_id = NameId {
        value: format!("alice {hard}"),
        format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()),
        name_qualifier: Some(hard.to_owned()),
        sp_name_qualifier: Some(String::new()),
    };
    let attributes = [
        Attribute {
            name: "groups".to_owned(),
            name_format: Some("urn:oasis:names:tc:SAML:2.0:attrname-format:basic".to_owned()),
            friendly_name: Some(hard.to_owned()),
            values: vec!["a".to_owned(), hard.to_owned(), String::new()],
        },
        Attribute {
            name: hard.to_owned(),
            ..Attribute::default()
        },
    ];
    let statement = Statement {
        response_id: "_response",
        assertion_id: "_assertion",
        issuer: "https://idp.example.com/metadata?a=1&b=2",
        destination: "https://sp.example.com/acs?a=1&b=2",
        recipient: "https://sp.example.com/acs?a=1&b=2",
        audience: "https://sp.example.com",
        in_response_to: Some("_request"),
        issued_at: 1_772_366_400,
        not_before: 1_772_366_340,
        not_on_or_after: 1_772_366_700,
        name_id: &name_id,
        authn_instant: 1_772_366_000,
        authn_context: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        session_index: Some("_session"),
        session_not_on_or_after: Some(1_772_370_000),
        attributes: &attributes,
        one_time_use: true,
    };
    issue(&statement, credential, signed, recipient).unwrap()
}

/// Verifies the signature that is a child of this element, with the certificate and nothing else.
fn verifies(folder: &Path, document: &str, credential: &Credential, signed: &str) -> bool {
    let file = folder.join("signed.xml");
    let certificate = folder.join("certificate.der");
    std::fs::write(&file, document).unwrap();
    std::fs::write(&certificate, credential.certificate_der()).unwrap();
    let local = signed.rsplit(':').next().unwrap();
    let mut program = Command::new("xmlsec1");
    program.arg("--verify");
    for name in [ASSERTION, RESPONSE, signed] {
        let name = format!("urn:oasis:names:tc:SAML:2.0:{name}");
        program.args(["--id-attr:ID", &name]);
    }
    let output = program
        .arg("--pubkey-cert-der")
        .arg(certificate)
        .args(["--enabled-key-data", "key-name"])
        .arg("--node-xpath")
        .arg(format!(
            "//*[local-name()='{local}']/*[local-name()='Signature']"
        ))
        .arg(file)
        .output()
        .unwrap();
    println!("{}", String::from_utf8_lossy(&output.stderr));
    output.status.success()
}

#[test]
fn every_signature_verifies() {
    if !xmlsec1_is_here() {
        return;
    }
    let folder = folder("every_signature_verifies");
    for key in [SigningKey::generate(), SigningKey::generate_p256()] {
        let credential = credential(key.unwrap());
        let both = issued(&credential, Signed::Both, None);
        assert!(verifies(&folder, &both, &credential, ASSERTION));
        assert!(verifies(&folder, &both, &credential, RESPONSE));
        let assertion = issued(&credential, Signed::Assertion, None);
        assert!(verifies(&folder, &assertion, &credential, ASSERTION));
        assert!(!verifies(&folder, &assertion, &credential, RESPONSE));
        let response = issued(&credential, Signed::Response, None);
        assert!(verifies(&folder, &response, &credential, RESPONSE));
        assert!(!verifies(&folder, &response, &credential, ASSERTION));
        // The program does look: one byte, and it refuses.
        let spoilt = both.replace("alice", "malice");
        assert!(!verifies(&folder, &spoilt, &credential, ASSERTION));
        assert!(!verifies(&folder, &spoilt, &credential, RESPONSE));
    }
}

#[test]
fn a_request_for_a_form_verifies() {
    if !xmlsec1_is_here() {
        return;
    }
    let folder = folder("a_request_for_a_form_verifies");
    let credential = credential(SigningKey::generate().unwrap());
    let contexts = ["urn:mfa".to_owned()];
    let request = AuthnRequest {
        id: "_request",
        issued_at: 1_772_366_400,
        issuer: "https://sp.example.com",
        destination: "https://idp.example.com/sso?a=1&b=2",
        acs_url: "https://sp.example.com/acs",
        name_id_format: None,
        force_authn: true,
        authn_contexts: &contexts,
    };
    let name_id = NameId {
        value: "alice <&>".to_owned(),
        format: None,
        name_qualifier: Some("q".to_owned()),
        sp_name_qualifier: None,
    };
    let logout = LogoutRequest {
        id: "_logout",
        issued_at: 1_772_366_400,
        issuer: "https://sp.example.com",
        destination: "https://idp.example.com/slo",
        not_on_or_after: 1_772_366_700,
        name_id: &name_id,
        session_index: Some("_session"),
    };
    let messages = [
        (request.element(), "protocol:AuthnRequest"),
        (logout.element(), "protocol:LogoutRequest"),
    ];
    for (message, name) in messages {
        let signed = enveloped(message.unwrap(), &credential).unwrap();
        let signed = signed.canonical().unwrap();
        assert!(verifies(&folder, &signed, &credential, name));
        let spoilt = signed.replace("sp.example.com", "sp.example.org");
        assert!(!verifies(&folder, &spoilt, &credential, name));
    }
}

#[test]
fn an_encrypted_assertion_opens_and_its_signature_verifies() {
    if !xmlsec1_is_here() {
        return;
    }
    let folder = folder("an_encrypted_assertion_opens");
    let credential = credential(SigningKey::generate().unwrap());
    let opener = SigningKey::generate().unwrap();
    let (closed, key) = (folder.join("closed.xml"), folder.join("key.der"));
    std::fs::write(&key, &*opener.to_pkcs8().unwrap()).unwrap();
    for content in [Content::Aes256Gcm, Content::Aes128Gcm] {
        // The program of Debian 12 does not know `xmlenc11#rsa-oaep`; `encrypt` has a test of its own.
        let info = opener.public_key_info().unwrap();
        let recipient = Recipient::of_key(&info, content, KeyTransport::OaepSha1).unwrap();
        let document = issued(&credential, Signed::Both, Some(&recipient));
        assert!(!document.contains("alice"));
        assert!(verifies(&folder, &document, &credential, RESPONSE));
        std::fs::write(&closed, &document).unwrap();
        let output = Command::new("xmlsec1")
            .args(["--decrypt", "--privkey-der"])
            .args([&key, &closed])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let opened = String::from_utf8(output.stdout).unwrap();
        assert!(opened.contains("alice"));
        assert!(verifies(&folder, &opened, &credential, ASSERTION));
    }
}

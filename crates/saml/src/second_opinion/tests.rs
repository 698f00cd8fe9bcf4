//! What libxmlsec1 says about documents that the program xmlsec1 signed (`tests/data/signed/sign`), and what it is not
//! asked about.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::response::{Attribute, Authn, NameId};

macro_rules! data {
    ($name:literal) => {
        include_str!(concat!("../../tests/data/signed/", $name))
    };
}

const SIGNED: &str = data!("assertion.xml");

fn der(pem: &str) -> Vec<u8> {
    let lines = pem.lines().filter(|line| !line.starts_with("-----"));
    STANDARD.decode(lines.collect::<String>()).unwrap()
}

fn ask(document: &str) -> Result<Opinion, SamlError> {
    agree(document.as_bytes(), &[&der(data!("rsa.crt"))], false)
}

fn ann() -> Statement {
    let groups = ["admins", "engineering", "Åse 🌉"].map(str::to_owned);
    Statement {
        id: "_assertion".to_owned(),
        issuer: "https://idp.example.com/metadata".to_owned(),
        name_id: "ann@example.com".to_owned(),
        name_id_format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()),
        attributes: vec![
            ("groups".to_owned(), groups.to_vec()),
            ("mail".to_owned(), vec!["R&D <ann@example.com>".to_owned()]),
        ],
    }
}

#[test]
fn every_way_to_sign_says_the_same() {
    for document in [
        SIGNED,
        data!("response.xml"),
        data!("both.xml"),
        data!("alone.xml"),
        data!("sha384.xml"),
        data!("sha512.xml"),
    ] {
        assert_eq!(ask(document), Ok(Opinion::Assertion(ann())));
    }
}

#[test]
fn an_elliptic_key_will_do() {
    let opinion = agree(
        data!("ecdsa.xml").as_bytes(),
        &[&der(data!("ec.crt"))],
        false,
    );
    assert_eq!(opinion, Ok(Opinion::Assertion(ann())));
}

#[test]
fn a_certificate_that_lapsed_still_has_its_key() {
    let opinion = agree(
        data!("lapsed.xml").as_bytes(),
        &[&der(data!("lapsed.crt"))],
        false,
    );
    assert_eq!(opinion, Ok(Opinion::Assertion(ann())));
}

#[test]
fn about_an_encrypted_assertion_it_knows_nothing_more() {
    assert_eq!(ask(data!("encrypted.xml")), Ok(Opinion::Encrypted));
}

#[test]
fn another_key_is_no_agreement() {
    assert_eq!(ask(data!("other-key.xml")), Err(SamlError::Disagreement));
    assert_eq!(ask(data!("ecdsa.xml")), Err(SamlError::Disagreement));
    let opinion = agree(SIGNED.as_bytes(), &[b"not a certificate"], false);
    assert_eq!(opinion, Err(SamlError::Disagreement));
}

#[test]
fn any_of_several_certificates_will_do_and_none_will_not() {
    let (one, two) = (der(data!("other.crt")), der(data!("rsa.crt")));
    let opinion = agree(SIGNED.as_bytes(), &[&one, &two], false);
    assert_eq!(opinion, Ok(Opinion::Assertion(ann())));
    let opinion = agree(SIGNED.as_bytes(), &[], false);
    assert_eq!(opinion, Err(SamlError::Disagreement));
}

#[test]
fn a_changed_value_is_no_agreement() {
    for (from, to) in [
        ("ann<!-- here -->", "bob"),
        ("admins", "admins2"),
        ("\"groups\"", "\"Groups\""),
        ("nameid-format:persistent", "nameid-format:transient"),
        (
            "https://idp.example.com/metadata</saml:Issuer><ds",
            "https://idp.example.com</saml:Issuer><ds",
        ),
        ("<ds:DigestValue>", "<ds:DigestValue>A"),
        ("<ds:SignatureValue>", "<ds:SignatureValue>A"),
    ] {
        let changed = SIGNED.replacen(from, to, 1);
        assert_ne!(changed, SIGNED, "{from}");
        assert_eq!(ask(&changed), Err(SamlError::Disagreement), "{from}");
    }
}

#[test]
fn of_two_signatures_both_must_hold() {
    let document = data!("both.xml");
    assert!(ask(document).is_ok());
    let values: Vec<_> = document.match_indices("<ds:SignatureValue>").collect();
    assert_eq!(values.len(), 2);
    for (at, tag) in values {
        let mut changed = document.to_owned();
        changed.insert(at + tag.len(), 'A');
        assert_eq!(ask(&changed), Err(SamlError::Disagreement));
    }
}

#[test]
fn an_unsigned_document_is_no_agreement() {
    let (before, rest) = SIGNED.split_once("<ds:Signature").unwrap();
    let (_, after) = rest.split_once("</ds:Signature>").unwrap();
    let unsigned = format!("{before}{after}");
    assert_eq!(ask(&unsigned), Err(SamlError::Disagreement));
}

#[test]
fn sha1_is_judged_only_where_it_is_allowed() {
    for document in [data!("sha1.xml"), data!("sha1-digest.xml")] {
        assert_eq!(ask(document), Err(SamlError::SignatureAlgorithm));
        let opinion = agree(document.as_bytes(), &[&der(data!("rsa.crt"))], true);
        assert_eq!(opinion, Ok(Opinion::Assertion(ann())));
        let opinion = agree(document.as_bytes(), &[&der(data!("other.crt"))], true);
        assert_eq!(opinion, Err(SamlError::Disagreement));
    }
}

#[test]
fn algorithms_off_the_list_never_reach_it() {
    for (from, to) in [
        (
            "2001/04/xmldsig-more#rsa-sha256",
            "2007/05/xmldsig-more#sha256-rsa-MGF1",
        ),
        (
            "2001/04/xmldsig-more#rsa-sha256",
            "2001/04/xmldsig-more#hmac-sha256",
        ),
        (
            "2001/04/xmldsig-more#rsa-sha256",
            "2001/04/xmldsig-more#rsa-md5",
        ),
        ("2001/04/xmlenc#sha256", "2001/04/xmldsig-more#md5"),
    ] {
        let changed = SIGNED.replacen(from, to, 1);
        assert_ne!(changed, SIGNED, "{to}");
        for allow_sha1 in [false, true] {
            let found = inspect(&changed, allow_sha1);
            assert_eq!(found, Err(SamlError::SignatureAlgorithm), "{to}");
        }
    }
}

/// What would make libxmlsec1 fetch, open, compute or repair (`tests/samael_faults.rs` shows that it would).
#[test]
fn nothing_that_acts_on_its_own_reaches_it() {
    let signature = "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo>";
    for (from, to) in [
        ("URI=\"#_assertion\"", "URI=\"http://127.0.0.1:1/\""),
        ("URI=\"#_assertion\"", "URI=\"file:///dev/zero\""),
        ("URI=\"#_assertion\"", "URI=\"canary.txt\""),
        ("URI=\"#_assertion\"", "URI=\"\""),
        ("URI=\"#_assertion\"", ""),
        ("URI=\"#_assertion\"", "URI=\"#xpointer(/)\""),
        ("URI=\"#_assertion\"", "URI=\"#xpointer(id('_assertion'))\""),
        (
            "2000/09/xmldsig#enveloped-signature",
            "TR/1999/REC-xslt-19991116",
        ),
        (
            "2000/09/xmldsig#enveloped-signature",
            "TR/1999/REC-xpath-19991116",
        ),
        ("<ds:Transforms>", "<ds:Transforms><ds:XPath>1</ds:XPath>"),
        (
            "2001/10/xml-exc-c14n#\"/><ds:SignatureMethod",
            "TR/2001/REC-xml-c14n-20010315#WithComments\"/><ds:SignatureMethod",
        ),
        (
            "</ds:SignatureValue>",
            "</ds:SignatureValue><ds:Transforms/>",
        ),
        ("</ds:SignatureValue>", "</ds:SignatureValue><ds:Object/>"),
        (
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
            "<!DOCTYPE r [<!ENTITY e \"x\">]>",
        ),
        ("<samlp:Status>", "<?go now?><samlp:Status>"),
        ("</samlp:Response>", ""),
        (
            "</samlp:Response>",
            "</samlp:Response><samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"/>",
        ),
        (signature, &format!("{signature}<ds:Manifest/>")),
        (
            "</ds:SignatureValue>",
            "</ds:SignatureValue><ds:KeyInfo><ds:RetrievalMethod URI=\"http://127.0.0.1:1/\"/></ds:KeyInfo>",
        ),
        (
            "</ds:SignatureValue>",
            "</ds:SignatureValue><ds:KeyInfo><e:KeyInfoReference xmlns:e=\"http://www.w3.org/2009/xmldsig11#\" URI=\"http://127.0.0.1:1/\"/></ds:KeyInfo>",
        ),
    ] {
        let changed = SIGNED.replacen(from, to, 1);
        assert_ne!(changed, SIGNED, "{to}");
        assert_eq!(
            inspect(&changed, false),
            Err(SamlError::Disagreement),
            "{to}"
        );
    }
    assert_eq!(inspect(SIGNED, false), Ok(Some(&ALGORITHMS[..])));
}

#[test]
fn a_third_signature_is_one_too_many() {
    let (_, rest) = SIGNED.split_once("<ds:Signature ").unwrap();
    let (inside, _) = rest.split_once("</ds:Signature>").unwrap();
    let another = format!("<ds:Signature {inside}</ds:Signature>");
    for (others, found) in [
        (1, Ok(Some(&ALGORITHMS[..]))),
        (2, Err(SamlError::Disagreement)),
    ] {
        let more = format!("{}<samlp:Status>", another.repeat(others));
        let document = SIGNED.replacen("<samlp:Status>", &more, 1);
        assert_eq!(inspect(&document, false), found);
    }
}

#[test]
fn a_key_in_the_document_counts_for_nothing() {
    let lines = data!("other.crt")
        .lines()
        .filter(|line| !line.starts_with("-----"));
    let certificate: String = lines.collect();
    let key = format!(
        "</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    );
    let with_key = |document: &str| document.replacen("</ds:SignatureValue>", &key, 1);
    assert_eq!(ask(&with_key(SIGNED)), Ok(Opinion::Assertion(ann())));
    assert_eq!(
        ask(&with_key(data!("other-key.xml"))),
        Err(SamlError::Disagreement)
    );
}

#[test]
fn bytes_that_are_not_utf8_never_reach_it() {
    let opinion = agree(b"\xff", &[&der(data!("rsa.crt"))], false);
    assert_eq!(opinion, Err(SamlError::Disagreement));
}

#[test]
fn what_panics_has_not_agreed() {
    let asked = unless_it_panics::<()>(|| std::panic::panic_any("as a slice out of bounds does"));
    assert_eq!(asked, Err(SamlError::Disagreement));
}

#[test]
fn an_output_that_is_no_one_assertion_is_no_opinion() {
    let protocol = "xmlns=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\"";
    let assertion = "<a:Assertion xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"i\"><a:Issuer>p</a:Issuer><a:Subject><a:NameID>n</a:NameID></a:Subject></a:Assertion>";
    assert!(read(assertion).is_ok());
    assert!(read(&format!("<Response {protocol}>{assertion}</Response>")).is_ok());
    for reduced in [
        String::new(),
        format!("<Response {protocol}/>"),
        format!("<Response {protocol}>{assertion}{assertion}</Response>"),
        format!("<Response {protocol}><Extensions>{assertion}</Extensions></Response>"),
        format!("<Response {protocol}>{assertion}<a:EncryptedAssertion/></Response>"),
        format!("<Response {protocol}><a:EncryptedAssertion/><a:EncryptedAssertion/></Response>"),
        format!("<ArtifactResponse {protocol}><a:EncryptedAssertion/></ArtifactResponse>"),
        format!("<ArtifactResponse {protocol}>{assertion}</ArtifactResponse>"),
        "<a:EncryptedAssertion xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>".to_owned(),
        assertion.replace(" ID=\"i\"", ""),
        assertion.replace("<a:Issuer>p</a:Issuer>", ""),
        assertion.replace(">p<", "> <"),
        assertion.replace("<a:NameID>n</a:NameID>", ""),
        assertion.replace(">n<", "><"),
        assertion.replace("<a:NameID>", "<a:NameID>m</a:NameID><a:NameID>"),
    ] {
        assert_eq!(read(&reduced), Err(SamlError::Disagreement), "{reduced}");
    }
}

#[test]
fn any_number_of_threads_may_ask() {
    let asked: Vec<_> = (0..8)
        .map(|_| {
            std::thread::spawn(|| {
                (0..20).all(|_| ask(data!("both.xml")) == Ok(Opinion::Assertion(ann())))
            })
        })
        .collect();
    assert!(asked.into_iter().all(|thread| thread.join().unwrap()));
}

#[test]
fn it_confirms_only_the_very_same_assertion() {
    let verified = |change: fn(&mut VerifiedAssertion)| {
        let Statement {
            id,
            issuer,
            name_id,
            name_id_format,
            attributes,
        } = ann();
        let attributes = attributes.into_iter().map(|(name, values)| Attribute {
            name,
            friendly_name: None,
            values,
        });
        let mut assertion = VerifiedAssertion {
            issuer,
            id,
            name_id: NameId {
                value: name_id,
                format: name_id_format,
                name_qualifier: None,
                sp_name_qualifier: None,
            },
            recipient: String::new(),
            audiences: Vec::new(),
            in_response_to: None,
            issued_at: 0,
            ends_at: 0,
            confirmation_ends_at: 0,
            one_time_use: false,
            confirmations: 1,
            authn: Authn {
                instant: 0,
                session_ends_at: None,
                session_index: None,
                context: None,
            },
            attributes: attributes.collect(),
            encrypted: false,
            sha1: false,
            key_fingerprint: String::new(),
        };
        change(&mut assertion);
        assertion
    };
    let opinion = ask(SIGNED).unwrap();
    assert!(opinion.confirms(&verified(|_| {})));
    let changes: [fn(&mut VerifiedAssertion); 8] = [
        |it| it.id.push('x'),
        |it| it.issuer.push('x'),
        |it| it.name_id.value.push('x'),
        |it| it.name_id.format = None,
        |it| it.attributes[0].name.push('x'),
        |it| it.attributes[1].values[0].push('x'),
        |it| it.attributes[0].values.reverse(),
        |it| drop(it.attributes.pop()),
    ];
    for change in changes {
        assert!(!opinion.confirms(&verified(change)));
    }
    assert!(!Opinion::Encrypted.confirms(&verified(|_| {})));
    assert!(Opinion::Encrypted.confirms(&verified(|it| it.encrypted = true)));
}

/// Nobody can stop it once it runs, so the bounds of the gate are what bounds it.
#[test]
fn the_greatest_document_takes_a_moment() {
    use crate::testing::{credential, response, sign};
    let credential = credential(crate::SigningKey::generate().unwrap());
    let value = "<saml:AttributeValue>engineering</saml:AttributeValue>";
    let filler = format!(
        "<saml:AttributeValue>{}</saml:AttributeValue>",
        "x".repeat(60)
    );
    let most = format!("{value}{}", filler.repeat(4_900));
    let text = sign(&response().replacen(value, &most, 1), "_a", &credential);
    assert!(
        (450_000..512 * 1024).contains(&text.len()),
        "{}",
        text.len()
    );
    let started = std::time::Instant::now();
    assert!(agree(text.as_bytes(), &[credential.certificate_der()], false).is_ok());
    let took = started.elapsed();
    assert!(took < std::time::Duration::from_secs(2), "{took:?}");
}

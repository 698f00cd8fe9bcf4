//! Documents that ask to fetch, open, transform or compute.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use drawbridge_saml::testing::{Manner, sign_as};

use super::*;

/// As Linux has it.
const O_NONBLOCK: i32 = 0o4000;
const ENVELOPED: &str = "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>";
const EXCLUSIVE: &str =
    "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform>";

fn profile(why: &'static str) -> SamlError {
    SamlError::SignatureProfile(why)
}

/// Documents that lead to a place outside, each with its refusal.
fn leading(place: &str) -> Vec<(String, SamlError)> {
    let made = |manner: &Manner| sign_as(&response(), "_a", &KEY, manner);
    let transform = |algorithm: &str, inside: &str| {
        let other = format!("<ds:Transform Algorithm='{algorithm}'>{inside}</ds:Transform>");
        made(&Manner::edited(EXCLUSIVE, &other))
    };
    let after = |inside: &str| {
        made(&Manner {
            after: format!("<ds:KeyInfo>{inside}</ds:KeyInfo>"),
            ..Manner::PLAIN
        })
    };
    let elsewhere = profile("the reference is not to the signed element");
    let (transforms, more) = (
        profile("other transforms"),
        profile("a signature holds more than itself"),
    );
    let mut refused = Vec::new();
    for uri in [
        place.to_owned(),
        format!("{place}#_a"),
        format!("{place}#xpointer(id('_a'))"),
    ] {
        let manner = Manner {
            uri: Some(uri),
            ..Manner::PLAIN
        };
        refused.push((made(&manner), elsewhere.clone()));
    }
    let stylesheet = format!(
        "<xsl:stylesheet xmlns:xsl='http://www.w3.org/1999/XSL/Transform' version='1.0'><xsl:include href='{place}'/><xsl:template match='/'><xsl:copy-of select=\"document('{place}')\"/></xsl:template></xsl:stylesheet>"
    );
    refused.push((
        transform("http://www.w3.org/TR/1999/REC-xslt-19991116", &stylesheet),
        transforms.clone(),
    ));
    let xpath = format!("<ds:XPath>document('{place}')</ds:XPath>");
    refused.push((
        transform("http://www.w3.org/TR/1999/REC-xpath-19991116", &xpath),
        transforms,
    ));
    for inside in [
        format!("<ds:RetrievalMethod URI='{place}'/>"),
        format!(
            "<ds:RetrievalMethod URI='{place}' Type='http://www.w3.org/2000/09/xmldsig#rawX509Certificate'/>"
        ),
        format!("<e:KeyInfoReference xmlns:e='http://www.w3.org/2009/xmldsig11#' URI='{place}'/>"),
        format!("<ds:Manifest><ds:Reference URI='{place}'/></ds:Manifest>"),
    ] {
        refused.push((after(&inside), more.clone()));
    }
    let object = Manner {
        after: format!(
            "<ds:Object><ds:Manifest><ds:Reference URI='{place}'/></ds:Manifest></ds:Object>"
        ),
        ..Manner::PLAIN
    };
    refused.push((made(&object), more));
    let text = signed(&response());
    for doctype in [
        format!("<!DOCTYPE r SYSTEM '{place}'>"),
        format!("<!DOCTYPE r PUBLIC '-//x' '{place}'>"),
        format!("<!DOCTYPE r [<!ENTITY x SYSTEM '{place}'>]>"),
        format!("<!DOCTYPE r [<!ENTITY % x SYSTEM '{place}'> %x;]>"),
        format!("<!DOCTYPE r [<!NOTATION x SYSTEM '{place}'>]>"),
    ] {
        refused.push((format!("{doctype}{text}"), SamlError::Doctype));
    }
    let instruction = format!("<?xml-stylesheet type='text/xsl' href='{place}'?>{text}");
    refused.push((instruction, SamlError::ProcessingInstruction));
    refused
}

/// Documents that name a place outside and get in all the same, because nobody goes there.
fn naming(place: &str) -> Vec<String> {
    let reference = format!(
        "<saml:Advice><saml:AssertionURIRef>{place}</saml:AssertionURIRef></saml:Advice><saml:AuthnStatement "
    );
    let hints = format!(
        "<samlp:Response xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='urn:oasis:names:tc:SAML:2.0:protocol {place}' xsi:noNamespaceSchemaLocation='{place}' xml:base='{place}' "
    );
    let include = format!(
        "<samlp:Extensions><xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='{place}'/></samlp:Extensions><samlp:Status>"
    );
    let namespace = format!("<samlp:Response xmlns:x='{place}' ");
    vec![
        signed(&bent("<saml:AuthnStatement ", &reference)),
        signed(&bent("<samlp:Response ", &hints)),
        signed(&bent("<samlp:Response ", &namespace)),
        signed(&bent("<samlp:Status>", &include)),
        sign_as(
            &response(),
            "_a",
            &KEY,
            &Manner {
                after: format!(
                    "<ds:KeyInfo><ds:X509Data><x:X509URL xmlns:x='urn:x'>{place}</x:X509URL></ds:X509Data><ds:KeyName>{place}</ds:KeyName></ds:KeyInfo>"
                ),
                ..Manner::PLAIN
            },
        ),
    ]
}

fn judge_all(place: &str) {
    for (text, error) in leading(place) {
        refused(text, error);
    }
    for text in naming(place) {
        is_ann(text);
    }
}

/// Not with the second opinion either, which is asked about the last of them.
#[test]
fn nobody_is_called() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    judge_all(&format!("http://127.0.0.1:{port}/"));
    judge_all(&format!("ftp://127.0.0.1:{port}/x"));
    // Whoever had called would wait here to be answered.
    let called = listener.accept().map_err(|error| error.kind());
    assert_eq!(called.map(|_| ()), Err(ErrorKind::WouldBlock));
}

/// A pipe that nobody writes to: who opens it to read waits.
struct Pipe(PathBuf);

impl Pipe {
    fn new(name: &str) -> Pipe {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_file(&path);
        let made = Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        Pipe(path)
    }

    /// Whether somebody waits for the other end.
    fn has_reader(&self) -> bool {
        let mut options = OpenOptions::new();
        options.write(true).custom_flags(O_NONBLOCK);
        options.open(&self.0).is_ok()
    }
}

/// That it comes to an end says most of it: a reader of the pipe would wait.
#[test]
fn nothing_is_opened() {
    let pipe = Pipe::new("attacks-pipe");
    judge_all(&format!("file://{}", pipe.0.display()));
    assert!(!pipe.has_reader());
    // Where we stand, and without end.
    for place in ["file:///dev/zero", "file://localhost/dev/zero"] {
        judge_all(place);
    }
    for (text, error) in leading("Cargo.toml") {
        refused(text, error);
    }
}

/// Templates that call themselves, and counting in circles: the work doubles with each level.
#[test]
fn nothing_is_computed() {
    let xslt = "<xsl:stylesheet xmlns:xsl='http://www.w3.org/1999/XSL/Transform' version='1.0'><xsl:template match='/'><xsl:call-template name='t'><xsl:with-param name='n' select='40'/></xsl:call-template></xsl:template><xsl:template name='t'><xsl:param name='n'/><xsl:if test='$n &gt; 0'><xsl:call-template name='t'><xsl:with-param name='n' select='$n - 1'/></xsl:call-template><xsl:call-template name='t'><xsl:with-param name='n' select='$n - 1'/></xsl:call-template></xsl:if></xsl:template></xsl:stylesheet>";
    let counted = "[count(//node()) &gt; 0]".repeat(100);
    let xpath = format!("<ds:XPath>count(//@*{counted}) &gt; 0</ds:XPath>");
    let filter = format!(
        "<f:XPath xmlns:f='http://www.w3.org/2002/06/xmldsig-filter2' Filter='intersect'>//*{counted}</f:XPath>"
    );
    for (algorithm, inside) in [
        ("http://www.w3.org/TR/1999/REC-xslt-19991116", xslt),
        ("http://www.w3.org/TR/1999/REC-xpath-19991116", &xpath),
        ("http://www.w3.org/2002/06/xmldsig-filter2", &filter),
    ] {
        let other = format!("<ds:Transform Algorithm='{algorithm}'>{inside}</ds:Transform>");
        for transforms in [
            other.clone(),
            format!("{ENVELOPED}{other}"),
            format!("{other}{ENVELOPED}{EXCLUSIVE}"),
            format!("{ENVELOPED}{EXCLUSIVE}{other}"),
            format!("{ENVELOPED}{EXCLUSIVE}").replacen("></", &format!(">{inside}</"), 1),
        ] {
            let manner = Manner::edited(&format!("{ENVELOPED}{EXCLUSIVE}"), &transforms);
            refused(
                sign_as(&response(), "_a", &KEY, &manner),
                profile("other transforms"),
            );
        }
    }
    // The method of the signature itself may not compute either.
    let method =
        "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">";
    let manner = Manner::edited(
        method,
        &format!(
            "<ds:CanonicalizationMethod Algorithm='http://www.w3.org/TR/1999/REC-xslt-19991116'>{xslt}"
        ),
    );
    refused(
        sign_as(&response(), "_a", &KEY, &manner),
        profile("another canonicalization"),
    );
}

/// Many times the same work: references to one big element, transforms without end.
#[test]
fn nothing_is_done_more_than_once() {
    let reference = "<ds:Reference URI='#_a'/>".repeat(2_000);
    let manner = Manner::edited("</ds:Reference>", &format!("</ds:Reference>{reference}"));
    refused(
        sign_as(&response(), "_a", &KEY, &manner),
        profile("SignedInfo has other parts"),
    );
    let manner = Manner::edited(EXCLUSIVE, &EXCLUSIVE.repeat(2_000));
    refused(
        sign_as(&response(), "_a", &KEY, &manner),
        profile("other transforms"),
    );
    let text = signed(&response());
    let many = signature(&text).repeat(300);
    refused(
        changed(&text, signature(&text), &many),
        profile("an element has two signatures"),
    );
}

/// What a canonicalization that fails would make of everything: nothing, whose digest is known ("void canonicalization").
#[test]
fn nothing_is_made_of_a_relative_namespace() {
    for namespace in ["1", "relative/path", "", ":", "a b", "x:"] {
        let text = signed(&response());
        let to = format!("<samlp:Response xmlns:v='{namespace}' ");
        let error = judge(changed(&text, "<samlp:Response ", &to).as_bytes()).unwrap_err();
        assert_eq!(error.reason(), "saml.xml.namespace", "{namespace}");
    }
    // SHA-256 of nothing.
    let empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let text = signed(&response());
    let digest = part(&text, "<ds:DigestValue>", "</ds:DigestValue>");
    let forged = changed(
        &text,
        digest,
        &format!("<ds:DigestValue>{empty}</ds:DigestValue>"),
    );
    refused(forged, SamlError::SignatureInvalid);
}

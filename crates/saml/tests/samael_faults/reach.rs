//! What a document makes libxmlsec1 do before anybody knows who sent it (faults 1, 2, 3).

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use super::*;

/// As Linux has it.
const O_NONBLOCK: i32 = 0o4000;

/// A response about root that nobody signed, with a signature that asks for things.
fn asking(uri: &str, transforms: &str) -> String {
    let signature = format!(
        "</saml:Issuer><ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'><ds:SignedInfo><ds:CanonicalizationMethod Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'/><ds:SignatureMethod Algorithm='http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'/><ds:Reference URI='{uri}'><ds:Transforms>{transforms}</ds:Transforms><ds:DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#sha256'/><ds:DigestValue>AAAA</ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue>AAAA</ds:SignatureValue></ds:Signature><saml:Subject>"
    );
    bent("</saml:Issuer><saml:Subject>", &signature).replacen(">ann<", ">root<", 1)
}

fn profile(text: &'static str) -> SamlError {
    SamlError::SignatureProfile(text)
}

const ELSEWHERE: &str = "the reference is not to the signed element";

/// How often a server on this machine is called while something is done. It answers by hanging up.
fn calls(doing: impl FnOnce(u16)) -> usize {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let mut calls = 0;
        for caller in listener.incoming() {
            // The last one is ourselves.
            let mut first = [0];
            if caller.unwrap().read(&mut first).is_ok() && first == *b"." {
                return calls;
            }
            calls += 1;
        }
        calls
    });
    doing(port);
    let mut end = TcpStream::connect(("127.0.0.1", port)).unwrap();
    end.write_all(b".").unwrap();
    server.join().unwrap()
}

#[test]
fn a_reference_fetches_a_url() {
    let text = |port| asking(&format!("http://127.0.0.1:{port}/"), "");
    let ours = calls(|port| refused_at_once(&text(port), profile(ELSEWHERE)));
    assert_eq!(ours, 0);
    if does_as_it_is_told() {
        let theirs = calls(|port| assert!(samael(&text(port)).is_err()));
        assert!(theirs > 0);
    }
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

    /// Whether somebody waits for the other end, who is then let go.
    fn has_reader(&self) -> bool {
        let mut options = OpenOptions::new();
        options.write(true).custom_flags(O_NONBLOCK);
        options.open(&self.0).is_ok()
    }
}

#[test]
fn a_reference_opens_a_file() {
    let pipe = Pipe::new("samael-faults-pipe");
    let text = asking(&format!("file://{}", pipe.0.display()), "");
    refused_at_once(&text, profile(ELSEWHERE));
    assert!(!pipe.has_reader());
    // Without an end, and read into memory by libxmlsec1.
    refused_at_once(&asking("file:///dev/zero", ""), profile(ELSEWHERE));
    if !does_as_it_is_told() {
        return;
    }

    let asked = thread::spawn(move || samael(&text));
    let patience = Instant::now();
    while !pipe.has_reader() && !asked.is_finished() {
        assert!(patience.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(2));
    }
    assert!(!asked.is_finished(), "samael opened nothing");
    while !asked.is_finished() {
        let _ = pipe.has_reader();
        thread::sleep(Duration::from_millis(2));
    }
    assert!(asked.join().unwrap().is_err());
}

/// A template that calls itself twice: each level doubles the work.
fn xslt(depth: usize) -> String {
    let transform = format!(
        "<ds:Transform Algorithm='http://www.w3.org/TR/1999/REC-xslt-19991116'><xsl:stylesheet xmlns:xsl='http://www.w3.org/1999/XSL/Transform' version='1.0'><xsl:template match='/'><xsl:call-template name='t'><xsl:with-param name='n' select='{depth}'/></xsl:call-template></xsl:template><xsl:template name='t'><xsl:param name='n'/><xsl:if test='$n &gt; 0'><xsl:call-template name='t'><xsl:with-param name='n' select='$n - 1'/></xsl:call-template><xsl:call-template name='t'><xsl:with-param name='n' select='$n - 1'/></xsl:call-template></xsl:if></xsl:template></xsl:stylesheet></ds:Transform>"
    );
    asking("#_a", &transform)
}

/// Counts the nodes of the document for each attribute, for each node, so many times.
fn xpath(times: usize) -> String {
    let counted = "[count(//node()) &gt; 0]".repeat(times);
    let transform = format!(
        "<ds:Transform Algorithm='http://www.w3.org/TR/1999/REC-xpath-19991116'><ds:XPath>count(//@*{counted}) &gt; 0</ds:XPath></ds:Transform>"
    );
    asking("#_a", &transform)
}

/// How long samael takes to refuse.
fn time(text: &str) -> Duration {
    let started = Instant::now();
    assert!(samael(text).is_err());
    started.elapsed()
}

#[test]
fn a_stylesheet_is_run() {
    refused_at_once(&xslt(30), profile("other transforms"));
    if !does_as_it_is_told() {
        return;
    }
    let unrestricted = |depth| {
        let provider = service_provider(&metadata(" use='signing'"));
        let started = Instant::now();
        assert!(ask(&provider.build().unwrap(), &xslt(depth)).is_err());
        started.elapsed()
    };
    // 256 times the work.
    let little = (0..3).map(|_| unrestricted(8)).min().unwrap();
    let much = unrestricted(16);
    assert!(much > 3 * little, "{little:?} {much:?}");
    // The list of algorithms is of no help: it says nothing of transforms.
    let much = time(&xslt(16));
    assert!(much > 3 * little, "{little:?} {much:?}");
}

#[test]
fn an_xpath_is_computed() {
    refused_at_once(&xpath(100), profile("other transforms"));
    if does_as_it_is_told() {
        let little = (0..3).map(|_| time(&xpath(0))).min().unwrap();
        let much = time(&xpath(10));
        assert!(much > 3 * little, "{little:?} {much:?}");
    }
}

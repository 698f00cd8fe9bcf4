//! Our verifier against documents that the program `xmlsec1` signed and judged.
//!
//! `tests/clients/saml/corpus.py` makes them, with spellings by chance and a seed that it tells, and describes its
//! `index.json`; `scripts/test` names the directory in `DRAWBRIDGE_XMLSEC_CORPUS`. Without it this test has nothing to
//! read: that fails where `CI=true` and is said aloud elsewhere.
//!
//! Of a document as it was signed, everything must be read that was put in. Of a mutant with another signed value,
//! nothing. Of any other mutant, exactly the same or nothing, and never more than `xmlsec1` lets through. Where it is
//! built, libxmlsec1 in this very process is asked about everything that we accept.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use drawbridge_saml::response::{Expectations, Expected, InResponseTo, Provider, verify};
use drawbridge_saml::{Certificate, SamlError, VerifiedAssertion};
use serde_json::{Value, json};

/// The directory with the documents, where there is one.
fn corpus() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a test asks where it runs")]
    let said = |name: &str| std::env::var(name).ok();
    let directory = said("DRAWBRIDGE_XMLSEC_CORPUS").map(PathBuf::from);
    let in_ci = said("CI").as_deref() == Some("true");
    assert!(
        directory.is_some() || !in_ci,
        "DRAWBRIDGE_XMLSEC_CORPUS names no directory: scripts/test makes one"
    );
    if directory.is_none() {
        eprintln!(
            "NOTHING WAS COMPARED WITH xmlsec1: DRAWBRIDGE_XMLSEC_CORPUS names no directory (scripts/test makes one)"
        );
    }
    directory
}

/// An index with what all its documents share.
struct Corpus {
    directory: PathBuf,
    index: Value,
    certificates: BTreeMap<String, Vec<Certificate>>,
    audience: Vec<String>,
    recipient: Vec<String>,
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

impl Corpus {
    fn read(directory: &Path) -> Corpus {
        let index = std::fs::read(directory.join("index.json")).unwrap();
        let index: Value = serde_json::from_slice(&index).unwrap();
        let mut certificates = BTreeMap::new();
        for entry in index["documents"].as_array().unwrap() {
            let file = text(&entry["certificate"]);
            certificates.entry(file.to_owned()).or_insert_with(|| {
                let pem = std::fs::read_to_string(directory.join(file)).unwrap();
                Certificate::from_pem(&pem).unwrap()
            });
        }
        Corpus {
            audience: vec![text(&index["audience"]).to_owned()],
            recipient: vec![text(&index["recipient"]).to_owned()],
            directory: directory.to_owned(),
            certificates,
            index,
        }
    }

    /// What we say of a document.
    fn judge(&self, entry: &Value, second_opinion: bool) -> Result<VerifiedAssertion, SamlError> {
        let bytes = std::fs::read(self.directory.join(text(&entry["file"]))).unwrap();
        let provider = Provider {
            entity_id: text(&self.index["issuer"]),
            keys: &self.certificates[text(&entry["certificate"])],
            decryption: &[],
            allow_cbc: false,
            second_opinion,
            allow_sha1: false,
        };
        let expectations = Expectations {
            now: entry["now"].as_i64().unwrap(),
            skew: 0,
            not_before: true,
            max_age: Some(300),
            response_issuer: true,
            in_response_to: match entry["in_response_to"].as_str() {
                Some(request) => InResponseTo::Request(request),
                None => InResponseTo::Nothing { allowed: true },
            },
            recipient: Expected::OneOf(&self.recipient),
            destination: Expected::OneOf(&self.recipient),
            audience: Expected::OneOf(&self.audience),
            signed_assertion: false,
            authn_contexts: &[],
            authenticated_since: None,
            encrypted: false,
        };
        verify(&bytes, &provider, &expectations)
    }
}

/// What was read, as the index has it.
fn identity(assertion: &VerifiedAssertion) -> Value {
    let (name_id, authn) = (assertion.name_id(), assertion.authn());
    let attributes = assertion.attributes().iter();
    let attributes: Vec<_> = attributes
        .map(|it| json!({"name": it.name, "friendly_name": it.friendly_name, "values": it.values}))
        .collect();
    json!({
        "id": assertion.id(),
        "issuer": assertion.issuer(),
        "name_id": {
            "value": name_id.value,
            "format": name_id.format,
            "name_qualifier": name_id.name_qualifier,
            "sp_name_qualifier": name_id.sp_name_qualifier,
        },
        "recipient": assertion.recipient(),
        "audiences": assertion.audiences(),
        "issued_at": assertion.issued_at(),
        "one_time_use": assertion.one_time_use(),
        "authn": {
            "instant": authn.instant,
            "session_ends_at": authn.session_ends_at,
            "session_index": authn.session_index,
            "context": authn.context,
        },
        "attributes": attributes,
    })
}

/// Whether every signature that is there holds for xmlsec1, and one is there.
fn xmlsec1_accepts(entry: &Value) -> bool {
    let said = entry["xmlsec"].as_object().unwrap().values();
    let mut said = said.filter_map(Value::as_bool).peekable();
    said.peek().is_some() && said.all(|holds| holds)
}

/// What is wrong with our verdict, if anything. Refusals of what xmlsec1 lets through are counted: they may be, and
/// whoever looks for a provider that is refused begins there.
fn fault(
    corpus: &Corpus,
    entry: &Value,
    strict: &mut BTreeMap<&'static str, usize>,
) -> Option<String> {
    let must = text(&entry["must"]);
    match (corpus.judge(entry, false), must) {
        (Err(error), "accept") => return Some(format!("refused: {error:?}")),
        (Err(error), "refuse" | "agree") => {
            if xmlsec1_accepts(entry) {
                *strict.entry(error.reason()).or_default() += 1;
            }
            return None;
        }
        (Ok(_), "refuse") => return Some("accepted".to_owned()),
        (Ok(_), "agree") if !xmlsec1_accepts(entry) => {
            return Some("accepted, and xmlsec1 does not".to_owned());
        }
        (Ok(found), "accept" | "agree") if identity(&found) != entry["identity"] => {
            return Some(format!("read as {:#}", identity(&found)));
        }
        (Ok(_), "accept" | "agree") => {}
        _ => panic!("there is no verdict {must:?}"),
    }
    let second = cfg!(feature = "samael").then(|| corpus.judge(entry, true));
    match second {
        Some(Err(error)) => Some(format!("accepted, and the second opinion: {error:?}")),
        _ => None,
    }
}

#[test]
fn we_and_xmlsec1_say_the_same() {
    let Some(directory) = corpus() else {
        return;
    };
    let corpus = Corpus::read(&directory);
    let documents = corpus.index["documents"].as_array().unwrap();
    assert!(!documents.is_empty());
    let (mut faults, mut features) = (Vec::new(), BTreeMap::<_, usize>::new());
    let mut strict = BTreeMap::new();
    for entry in documents {
        if let Some(fault) = fault(&corpus, entry, &mut strict) {
            for feature in entry["features"].as_array().unwrap() {
                *features.entry(text(feature)).or_default() += 1;
            }
            faults.push(format!(
                "{} ({}): {fault}",
                entry["file"], entry["mutation"]
            ));
        }
    }
    println!(
        "{} documents; refused though xmlsec1 lets them through: {strict:?}",
        documents.len()
    );
    assert!(
        faults.is_empty(),
        "seed {}: {} of {} documents\n{}\nunusual in them: {features:?}",
        corpus.index["seed"],
        faults.len(),
        documents.len(),
        faults
            .iter()
            .take(20)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n"),
    );
}

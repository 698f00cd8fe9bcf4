//! One byte is changed, left out or put in, anywhere in a signed response: it is refused, or the person is the same.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use drawbridge_saml::response::{
    Attribute, Authn, Expectations, Expected, InResponseTo, NameId, Provider, VerifiedAssertion,
    verify,
};
use drawbridge_saml::{Certificate, SamlError};

const ASSERTION: &str = include_str!("data/signed/assertion.xml");
const RESPONSE: &str = include_str!("data/signed/response.xml");
const BOTH: &str = include_str!("data/signed/both.xml");

struct Judge {
    keys: Vec<Certificate>,
    ours: [Vec<String>; 2],
}

/// Everything that is believed of an assertion.
#[derive(Debug, PartialEq)]
struct Person {
    issuer: String,
    id: String,
    name_id: NameId,
    attributes: Vec<Attribute>,
    authn: Authn,
    audiences: Vec<String>,
    recipient: String,
    in_response_to: Option<String>,
    times: [i64; 2],
    one_time_use: bool,
}

impl Judge {
    fn new() -> Judge {
        let acs = "https://sp.example.com/acs".to_owned();
        let sp = "https://sp.example.com/metadata".to_owned();
        Judge {
            keys: Certificate::from_pem(include_str!("data/signed/rsa.crt")).unwrap(),
            ours: [vec![acs], vec![sp]],
        }
    }

    fn judge(&self, bytes: &[u8]) -> Result<Person, SamlError> {
        let provider = Provider {
            entity_id: "https://idp.example.com/metadata",
            keys: &self.keys,
            decryption: &[],
            allow_cbc: false,
            second_opinion: false,
            allow_sha1: false,
        };
        let [acs, sp] = &self.ours;
        let expectations = Expectations {
            // 2026-11-01T12:01:00Z.
            now: 1_793_534_460,
            skew: 60,
            not_before: true,
            max_age: Some(300),
            response_issuer: true,
            in_response_to: InResponseTo::Request("_request"),
            recipient: Expected::OneOf(acs),
            destination: Expected::OneOf(acs),
            audience: Expected::OneOf(sp),
            signed_assertion: false,
            authn_contexts: &[],
            authenticated_since: None,
            encrypted: false,
        };
        verify(bytes, &provider, &expectations).map(|it| person(&it))
    }
}

fn person(it: &VerifiedAssertion) -> Person {
    Person {
        issuer: it.issuer().to_owned(),
        id: it.id().to_owned(),
        name_id: it.name_id().clone(),
        attributes: it.attributes().to_vec(),
        authn: it.authn().clone(),
        audiences: it.audiences().to_vec(),
        recipient: it.recipient().to_owned(),
        in_response_to: it.in_response_to().map(str::to_owned),
        times: [it.issued_at(), it.ends_at()],
        one_time_use: it.one_time_use(),
    }
}

/// How often, and how often it was refused.
#[derive(Debug, Default)]
struct Tally {
    tried: usize,
    refused: usize,
}

/// Bends a document at many places, and looks who each one is about.
fn bend(document: &str, bends: impl Fn(&mut Vec<u8>, usize) -> bool, step: usize) -> Tally {
    let judge = Judge::new();
    let whole = document.as_bytes();
    let genuine = judge.judge(whole).unwrap();
    let mut tally = Tally::default();
    for at in (0..whole.len()).step_by(step) {
        let mut bent = whole.to_vec();
        if !bends(&mut bent, at) {
            continue;
        }
        tally.tried += 1;
        match judge.judge(&bent) {
            Ok(person) => assert_eq!(person, genuine, "{}", String::from_utf8_lossy(&bent)),
            Err(_) => tally.refused += 1,
        }
    }
    tally
}

/// A number for a place, as good as any and the same every time.
fn dice(at: usize, sides: usize) -> usize {
    let mixed = (at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from((mixed ^ mixed >> 29) >> 32).unwrap() % sides
}

/// What is put in: what the syntax is made of, and what values could become.
const BYTES: &[u8] = b"<>&;\"'/= \t\r\n-!?:#xX0aA9_.[]\x00\x7f\x80\xc3\xef\xff";

/// Any other byte, everywhere: now of the syntax, now one bit.
#[test]
fn a_changed_byte_changes_nobody() {
    for (document, salt) in [(ASSERTION, 0), (RESPONSE, 1), (BOTH, 2)] {
        let tally = bend(
            document,
            |bytes, at| {
                let new = match (at + salt) % 2 {
                    0 => BYTES[dice(at + salt, BYTES.len())],
                    _ => bytes[at] ^ (1 << dice(at + salt, 8)),
                };
                std::mem::replace(&mut bytes[at], new) != new
            },
            1,
        );
        most_are_refused(&tally);
    }
}

/// All 255 others, at some places.
#[test]
fn no_other_byte_at_a_place_changes_anybody() {
    let judge = Judge::new();
    let genuine = judge.judge(ASSERTION.as_bytes()).unwrap();
    for place in 0..12 {
        let at = dice(place, ASSERTION.len());
        for difference in 1..=255_u8 {
            let mut bytes = ASSERTION.as_bytes().to_vec();
            bytes[at] ^= difference;
            if let Ok(person) = judge.judge(&bytes) {
                assert_eq!(person, genuine, "{}", String::from_utf8_lossy(&bytes));
            }
        }
    }
}

#[test]
fn a_byte_left_out_changes_nobody() {
    for document in [ASSERTION, RESPONSE] {
        let removed = |bytes: &mut Vec<u8>, at| {
            bytes.remove(at);
            true
        };
        most_are_refused(&bend(document, removed, 1));
    }
}

#[test]
fn a_byte_put_in_changes_nobody() {
    for (document, salt) in [(ASSERTION, 7), (RESPONSE, 8)] {
        let inserted = |bytes: &mut Vec<u8>, at| {
            bytes.insert(at, BYTES[dice(at + salt, BYTES.len())]);
            true
        };
        most_are_refused(&bend(document, inserted, 1));
    }
}

#[test]
fn a_byte_that_comes_twice_changes_nobody() {
    let doubled = |bytes: &mut Vec<u8>, at: usize| {
        bytes.insert(at, bytes[at]);
        true
    };
    most_are_refused(&bend(BOTH, doubled, 2));
}

/// What is not signed may change: a comment, white space between tags, the hint in `KeyInfo`. It is little.
fn most_are_refused(tally: &Tally) {
    assert!(tally.tried > 1000, "{tally:?}");
    assert!(tally.refused * 10 > tally.tried * 8, "{tally:?}");
}

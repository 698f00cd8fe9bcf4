use super::*;
use crate::Certificate;
use crate::self_signed::{Subject, self_signed};
use std::cell::Cell;

const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const MESSAGE: &str = "<samlp:LogoutRequest>é + /</samlp:LogoutRequest>";

/// A verifier that says yes.
fn yes(_: SignatureAlgorithm, _: &[u8], _: &[u8]) -> bool {
    true
}

fn query(relay_state: Option<&str>, key: Option<&SigningKey>) -> String {
    let url = url("https://idp/slo", Kind::Request, MESSAGE, relay_state, key).unwrap();
    url.strip_prefix("https://idp/slo?").unwrap().to_owned()
}

/// The key's own certificate.
fn holds(key: &SigningKey) -> impl Fn(SignatureAlgorithm, &[u8], &[u8]) -> bool {
    let subject = Subject {
        common_name: "us",
        serial: [1; 16],
        not_before: 0,
        not_after: 1,
    };
    let der = self_signed(key, &subject).unwrap();
    let certificate = Certificate::from_der(&der).unwrap();
    move |algorithm, octets, signature| certificate.verifies(algorithm, octets, signature)
}

fn refused(query: &str) -> SamlError {
    match Unverified::read(query) {
        Err(error) => error,
        Ok(_) => panic!("read: {query}"),
    }
}

fn message(query: &str) -> Result<Message, SamlError> {
    Unverified::read(query)?.unsigned()
}

/// A query with these bytes as its compressed message.
fn of(deflated: &[u8]) -> String {
    format!("SAMLRequest={}", encoded(&STANDARD.encode(deflated)))
}

#[test]
fn what_is_written_is_read() {
    let key = SigningKey::generate().unwrap();
    for state in [None, Some("a b+c/ü&=%"), Some("")] {
        let query = query(state, Some(&key));
        let verified = Unverified::read(&query)
            .unwrap()
            .verify(holds(&key))
            .unwrap();
        let Message {
            kind,
            document,
            relay_state,
        } = verified.message();
        assert_eq!(*kind, Kind::Request);
        assert_eq!(document, MESSAGE.as_bytes());
        assert_eq!(relay_state.as_deref(), state);
    }
}

#[test]
fn parameters_are_in_the_order_of_the_binding_and_the_signature_is_over_them() {
    let key = SigningKey::generate().unwrap();
    let query = query(Some("state"), Some(&key));
    let names = query.split('&').map(|pair| pair.split_once('=').unwrap().0);
    let names: Vec<_> = names.collect();
    assert_eq!(names, ["SAMLRequest", "RelayState", "SigAlg", "Signature"]);
    assert!(
        query.contains("&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256&")
    );

    let (signed, signature) = query.split_once("&Signature=").unwrap();
    let signature = percent_decode_str(signature).decode_utf8().unwrap();
    let signature = STANDARD.decode(signature.as_bytes()).unwrap();
    assert!(holds(&key)(
        SignatureAlgorithm::RsaSha256,
        signed.as_bytes(),
        &signature
    ));
}

#[test]
fn an_endpoint_keeps_its_own_query() {
    let with = |endpoint: &str| url(endpoint, Kind::Response, MESSAGE, None, None);
    for (endpoint, start) in [
        ("https://idp/slo", "https://idp/slo?SAMLResponse="),
        ("https://idp/slo?", "https://idp/slo?SAMLResponse="),
        ("https://idp/slo?a=1", "https://idp/slo?a=1&SAMLResponse="),
        ("https://idp/slo?a=1&", "https://idp/slo?a=1&SAMLResponse="),
    ] {
        assert!(with(endpoint).unwrap().starts_with(start), "{endpoint}");
    }
    assert_eq!(with("https://idp/slo#a"), Err(WriteError::Endpoint));
    assert_eq!(with(""), Err(WriteError::Endpoint));
}

#[test]
fn a_relay_state_we_write_has_80_bytes_at_most() {
    let of = |state: &str| url("https://idp", Kind::Request, MESSAGE, Some(state), None);
    assert!(of(&"x".repeat(80)).is_ok());
    assert_eq!(of(&"x".repeat(81)), Err(WriteError::RelayState));
    assert_eq!(of(&"é".repeat(41)), Err(WriteError::RelayState));
}

#[test]
fn the_signed_octets_are_those_that_came_in_the_order_of_the_binding() {
    let deflated = STANDARD.encode(deflate(MESSAGE));
    // Lower case, a needless escape, a space as a plus: what the sender chose, the sender signed.
    let message = encoded(&deflated).to_string();
    let message = message.replace("%2B", "%2b").replace("%3D", "%3d");
    let algorithm = encoded(RSA_SHA256);
    let algorithm = algorithm.to_string().to_lowercase();
    let query =
        format!("x=1&Signature=c2ln&SigAlg={algorithm}&RelayState=%61+b&y&SAMLResponse={message}");
    let seen = Cell::new(None);
    let verified = Unverified::read(&query)
        .unwrap()
        .verify(|name, octets, signature| {
            seen.set(Some((name, octets.to_vec(), signature.to_vec())));
            true
        });
    let verified = verified.unwrap();
    assert_eq!(verified.message().kind, Kind::Response);
    assert_eq!(verified.message().relay_state.as_deref(), Some("a b"));
    let (name, octets, signature) = seen.take().unwrap();
    assert_eq!(name, SignatureAlgorithm::RsaSha256);
    assert_eq!(signature, b"sig");
    let expected = format!("SAMLResponse={message}&RelayState=%61+b&SigAlg={algorithm}");
    assert_eq!(String::from_utf8(octets).unwrap(), expected);
}

#[test]
fn a_signature_that_does_not_hold_is_refused() {
    let key = SigningKey::generate().unwrap();
    let good = query(Some("state"), Some(&key));
    for spoilt in [
        good.replace("RelayState=state", "RelayState=other"),
        good.replace("RelayState=state", "RelayState=%73tate"),
        good.replace("&RelayState=state", ""),
        good.replace("rsa-sha256", "rsa-sha512"),
    ] {
        assert_ne!(spoilt, good);
        let verified = Unverified::read(&spoilt).unwrap().verify(holds(&key));
        assert_eq!(
            verified.err(),
            Some(SamlError::SignatureInvalid),
            "{spoilt}"
        );
    }
}

#[test]
fn a_signature_that_is_missing_is_refused() {
    let key = SigningKey::generate().unwrap();
    let verified = Unverified::read(&query(None, None)).unwrap().verify(yes);
    assert_eq!(verified.err(), Some(SamlError::SignatureMissing));
    let good = query(None, Some(&key));
    let (without_signature, _) = good.split_once("&Signature=").unwrap();
    assert_eq!(refused(without_signature), SamlError::SignatureMissing);
    let (start, rest) = good.split_once("&SigAlg=").unwrap();
    let (_, signature) = rest.split_once('&').unwrap();
    let without_algorithm = format!("{start}&{signature}");
    assert_eq!(refused(&without_algorithm), SamlError::SignatureMissing);
}

#[test]
fn an_algorithm_that_is_not_allowed_is_refused() {
    let signed = |algorithm: &str| {
        let algorithm = encoded(algorithm);
        format!("{}&SigAlg={algorithm}&Signature=c2ln", query(None, None))
    };
    for allowed in ["rsa-sha256", "rsa-sha512", "ecdsa-sha256", "ecdsa-sha384"] {
        let allowed = format!("http://www.w3.org/2001/04/xmldsig-more#{allowed}");
        assert!(Unverified::read(&signed(&allowed)).is_ok(), "{allowed}");
    }
    for other in [
        "",
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256 ",
        "http://www.w3.org/2001/04/xmldsig-more#RSA-SHA256",
    ] {
        assert_eq!(
            refused(&signed(other)),
            SamlError::SignatureAlgorithm,
            "{other}"
        );
    }
}

#[test]
fn a_parameter_comes_once_and_in_one_spelling() {
    let key = SigningKey::generate().unwrap();
    let good = query(Some("state"), Some(&key));
    let good = format!("{good}&SAMLEncoding={}", encoded(DEFLATE));
    for pair in good.split('&') {
        let twice = format!("{good}&{pair}");
        assert_eq!(refused(&twice), SamlError::FormRepeated, "{pair}");
        let (name, value) = pair.split_once('=').unwrap();
        let bare = format!("{good}&{name}");
        assert_eq!(refused(&bare), SamlError::FormRepeated, "{name}");
        // `%53` is `S`, `%52` is `R`.
        let (first, rest) = name.split_at(1);
        let respelt = format!("{good}&%{:X}{rest}={value}", first.as_bytes()[0]);
        assert!(
            matches!(refused(&respelt), SamlError::FormParameter(_)),
            "{respelt}"
        );
    }
}

#[test]
fn there_is_one_message() {
    let missing = SamlError::FormParameter("SAMLRequest");
    assert_eq!(refused(""), missing);
    assert_eq!(refused("RelayState=a&samlrequest=a"), missing);
    let both = format!(
        "{0}&{1}",
        query(None, None),
        query(None, None).replace("Request", "Response")
    );
    assert_eq!(refused(&both), missing);
}

#[test]
fn a_value_that_cannot_be_read_is_refused() {
    let good = query(None, None);
    let odd = format!("{good}&RelayState=%FF");
    assert_eq!(refused(&odd), SamlError::FormParameter("RelayState"));
    let other = format!("{good}&SAMLEncoding=gzip");
    assert_eq!(refused(&other), SamlError::FormParameter("SAMLEncoding"));
    for value in ["", "%", "PGE+", "PGE-", "%00"] {
        let query = format!("SAMLRequest={value}");
        assert_eq!(refused(&query), SamlError::FormBase64, "{value}");
    }
    let algorithm = encoded(RSA_SHA256);
    let signature = format!("{good}&SigAlg={algorithm}&Signature=%2A");
    assert_eq!(refused(&signature), SamlError::FormBase64);
}

#[test]
fn a_query_has_a_longest_length() {
    let good = format!("{}&x=", query(None, None));
    let most = MAX_QUERY_BYTES - good.len();
    assert!(message(&format!("{good}{}", "x".repeat(most))).is_ok());
    let longer = format!("{good}{}", "x".repeat(most + 1));
    assert_eq!(refused(&longer), SamlError::FormTooLarge);
}

#[test]
fn a_message_that_grows_too_much_is_refused() {
    let too_large = SamlError::TooLarge("bytes");
    // A thousand times as long.
    let bomb = deflate(&" ".repeat(MAX_MESSAGE_BYTES));
    assert_eq!(message(&of(&bomb)).err(), Some(too_large.clone()));
    // Longer than is allowed, though it grows by little: stored, with letters that compress badly.
    let mut letters = String::new();
    let mut state: u32 = 1;
    while letters.len() <= MAX_MESSAGE_BYTES {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        letters.push_str(["a", "b", "cccccccccccccccccccccc", "d"][state as usize >> 30]);
    }
    assert_eq!(inflate(&deflate(&letters)), Err(too_large));
    letters.truncate(MAX_MESSAGE_BYTES);
    assert_eq!(inflate(&deflate(&letters)).unwrap(), letters.as_bytes());
}

#[test]
fn a_message_may_grow_a_hundredfold_and_no_more() {
    let grown = |length: usize| {
        let deflated = deflate(&"x".repeat(length));
        (
            length <= deflated.len() * MAX_RATIO,
            inflate(&deflated).is_ok(),
        )
    };
    let seen: Vec<_> = (500..3_000).map(grown).collect();
    assert!(seen.iter().all(|(allowed, read)| allowed == read));
    assert!(seen.contains(&(true, true)) && seen.contains(&(false, false)));
}

#[test]
fn a_stream_ends_where_the_bytes_end() {
    let broken = Err(SamlError::Malformed("the compression is broken"));
    let whole = deflate(MESSAGE);
    assert!(inflate(&whole).is_ok());
    assert_eq!(inflate(&whole[..whole.len() - 1]), broken);
    assert_eq!(inflate(&[&whole[..], b"\0"].concat()), broken);
    assert_eq!(inflate(b"<samlp:LogoutRequest/>"), broken);
}

#[test]
fn nothing_is_inflated_before_the_signature_holds() {
    let algorithm = encoded(RSA_SHA256);
    let query = format!("{}&SigAlg={algorithm}&Signature=c2ln", of(b"no stream"));
    let verified = Unverified::read(&query).unwrap().verify(|_, _, _| false);
    assert_eq!(verified.err(), Some(SamlError::SignatureInvalid));
}

//! The redirect binding: a message in a query (Bindings 3.4).
//!
//! The signature covers the octets of the query as they stand, in the order message, `RelayState`, `SigAlg` (3.4.4.1).
//! So nothing is ever decoded and encoded again: [`url`] signs what it has written, and [`Unverified`] keeps the
//! octets that came. Decoding with `+` or `%20`, `%2f` or `%2F` is the sender's affair.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::signing_key::SigningKey;
use crate::write::WriteError;
use crate::{SamlError, SignatureAlgorithm, form};

/// The longest query that is looked at, in bytes.
pub const MAX_QUERY_BYTES: usize = 64 * 1024;
/// The longest message that a query may hold, in bytes after it is inflated (security.md SAML-22).
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024;
/// How many times as long as its compressed form a message may be (SAML-22).
pub const MAX_RATIO: usize = 100;
/// The longest `RelayState` we write, in bytes (3.4.3).
pub const MAX_RELAY_STATE_BYTES: usize = 80;

/// The one encoding there is (3.4.4); `SAMLEncoding` is seldom sent.
const DEFLATE: &str = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Which parameter a message travels in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `SAMLRequest`.
    Request,
    /// `SAMLResponse`.
    Response,
}

impl Kind {
    /// The parameter's name.
    pub fn parameter(self) -> &'static str {
        match self {
            Self::Request => "SAMLRequest",
            Self::Response => "SAMLResponse",
        }
    }
}

/// Where to send the browser with a message, signed if there is a key.
///
/// The message itself carries no signature: the schema would allow it, the binding forbids it (3.4.4.1).
///
/// # Errors
/// [`WriteError::Endpoint`] for an endpoint with a fragment, [`WriteError::RelayState`], [`WriteError::Signing`].
pub fn url(
    endpoint: &str,
    kind: Kind,
    message: &str,
    relay_state: Option<&str>,
    key: Option<&SigningKey>,
) -> Result<String, WriteError> {
    if endpoint.is_empty() || endpoint.contains('#') {
        return Err(WriteError::Endpoint);
    }
    if relay_state.is_some_and(|state| state.len() > MAX_RELAY_STATE_BYTES) {
        return Err(WriteError::RelayState);
    }
    let value = STANDARD.encode(deflate(message));
    let mut query = format!("{}={}", kind.parameter(), encoded(&value));
    if let Some(state) = relay_state {
        query.push_str(&format!("&RelayState={}", encoded(state)));
    }
    if let Some(key) = key {
        query.push_str(&format!("&SigAlg={}", encoded(key.algorithm())));
        let signature = key.sign(query.as_bytes());
        let signature = STANDARD.encode(signature.map_err(|_| WriteError::Signing)?);
        query.push_str(&format!("&Signature={}", encoded(&signature)));
    }
    let separator = match endpoint.chars().last() {
        Some('?' | '&') => "",
        _ if endpoint.contains('?') => "&",
        _ => "?",
    };
    Ok(format!("{endpoint}{separator}{query}"))
}

fn encoded(value: &str) -> impl std::fmt::Display {
    utf8_percent_encode(value, RESERVED)
}

fn deflate(message: &str) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    // A vector takes whatever is written to it.
    let _ = encoder.write_all(message.as_bytes());
    encoder.finish().unwrap_or_default()
}

/// A message of a query, its signature not yet checked: nothing of it can be read but whether it is a request.
pub struct Unverified {
    kind: Kind,
    deflated: Vec<u8>,
    relay_state: Option<String>,
    signature: Option<Signature>,
}

struct Signature {
    algorithm: SignatureAlgorithm,
    value: Vec<u8>,
    octets: String,
}

/// What a query held.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Which parameter it came in.
    pub kind: Kind,
    /// The XML.
    pub document: Vec<u8>,
    /// `RelayState`, decoded.
    pub relay_state: Option<String>,
}

/// A message whose query was signed by a key of the provider. Made by [`Unverified::verify`] alone.
pub struct VerifiedMessage(Message);

impl VerifiedMessage {
    /// The message.
    pub fn message(&self) -> &Message {
        &self.0
    }
}

impl Unverified {
    /// Splits a query as it came, without its `?`, nothing decoded. Parameters that the binding does not know are not
    /// read.
    ///
    /// # Errors
    /// [`SamlError::FormTooLarge`], [`SamlError::FormRepeated`], [`SamlError::FormParameter`],
    /// [`SamlError::FormBase64`], [`SamlError::SignatureAlgorithm`]; [`SamlError::SignatureMissing`] where there is
    /// `SigAlg` or `Signature` and not both.
    pub fn read(query: &str) -> Result<Self, SamlError> {
        if query.len() > MAX_QUERY_BYTES {
            return Err(SamlError::FormTooLarge);
        }
        let mut request = Parameter::new("SAMLRequest");
        let mut response = Parameter::new("SAMLResponse");
        let mut relay_state = Parameter::new("RelayState");
        let mut algorithm = Parameter::new("SigAlg");
        let mut signature = Parameter::new("Signature");
        let mut encoding = Parameter::new("SAMLEncoding");
        for pair in query.split('&') {
            for parameter in [
                &mut request,
                &mut response,
                &mut relay_state,
                &mut algorithm,
                &mut signature,
                &mut encoding,
            ] {
                parameter.offer(pair)?;
            }
        }

        let (kind, message) = match (request.value()?, response.value()?) {
            (Some(value), None) => (Kind::Request, value),
            (None, Some(value)) => (Kind::Response, value),
            _ => return Err(SamlError::FormParameter("SAMLRequest")),
        };
        if encoding.value()?.is_some_and(|value| value != DEFLATE) {
            return Err(SamlError::FormParameter("SAMLEncoding"));
        }
        let signature = match (algorithm.value()?, signature.value()?) {
            (Some(name), Some(value)) => {
                // SAML-21: what a signature inside a message may use, and SHA-1 for nobody.
                let known = SignatureAlgorithm::from_uri(&name);
                let allowed = known.filter(|algorithm| !algorithm.is_sha1());
                // 3.4.4.1: the order is this, whatever order they came in.
                let signed = [
                    request.pair,
                    response.pair,
                    relay_state.pair,
                    algorithm.pair,
                ];
                let signed: Vec<&str> = signed.into_iter().flatten().collect();
                Some(Signature {
                    algorithm: allowed.ok_or(SamlError::SignatureAlgorithm)?,
                    value: form::decode(&value)?,
                    octets: signed.join("&"),
                })
            }
            (None, None) => None,
            _ => return Err(SamlError::SignatureMissing),
        };
        Ok(Self {
            kind,
            deflated: form::decode(&message)?,
            relay_state: relay_state.value()?,
            signature,
        })
    }

    /// Which parameter it came in.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it carries a signature, good or bad.
    pub fn is_signed(&self) -> bool {
        self.signature.is_some()
    }

    /// The message, if `holds` says so of the algorithm, the signed octets and the signature:
    /// [`crate::Certificate::verifies`] of one of the provider's. Nothing is inflated before.
    ///
    /// # Errors
    /// [`SamlError::SignatureMissing`], [`SamlError::SignatureInvalid`], [`SamlError::TooLarge`],
    /// [`SamlError::Malformed`].
    pub fn verify(
        self,
        holds: impl FnOnce(SignatureAlgorithm, &[u8], &[u8]) -> bool,
    ) -> Result<VerifiedMessage, SamlError> {
        let Some(signature) = &self.signature else {
            return Err(SamlError::SignatureMissing);
        };
        let octets = signature.octets.as_bytes();
        match holds(signature.algorithm, octets, &signature.value) {
            true => self.unsigned().map(VerifiedMessage),
            false => Err(SamlError::SignatureInvalid),
        }
    }

    /// The message, whoever sent it: for authentication requests of a service provider that signs nothing, which
    /// grant nothing. Logout goes through [`Unverified::verify`].
    ///
    /// # Errors
    /// [`SamlError::TooLarge`], [`SamlError::Malformed`].
    pub fn unsigned(self) -> Result<Message, SamlError> {
        Ok(Message {
            kind: self.kind,
            document: inflate(&self.deflated)?,
            relay_state: self.relay_state,
        })
    }
}

/// A parameter that the binding knows, and the raw `name=value` of it that came.
struct Parameter<'q> {
    name: &'static str,
    pair: Option<&'q str>,
}

impl<'q> Parameter<'q> {
    fn new(name: &'static str) -> Self {
        Self { name, pair: None }
    }

    fn offer(&mut self, pair: &'q str) -> Result<(), SamlError> {
        let (name, _) = pair.split_once('=').unwrap_or((pair, ""));
        if !percent_decode_str(name).eq(self.name.bytes()) {
            return Ok(());
        }
        // A name in another spelling is one that other readers of the same query may take for this one.
        if name != self.name {
            return Err(SamlError::FormParameter(self.name));
        }
        match self.pair.replace(pair) {
            Some(_) => Err(SamlError::FormRepeated),
            None => Ok(()),
        }
    }

    fn value(&self) -> Result<Option<String>, SamlError> {
        let Some(pair) = self.pair else {
            return Ok(None);
        };
        let (_, value) = pair.split_once('=').unwrap_or((pair, ""));
        let spaced = value.replace('+', " ");
        match percent_decode_str(&spaced).decode_utf8() {
            Ok(value) => Ok(Some(value.into_owned())),
            Err(_) => Err(SamlError::FormParameter(self.name)),
        }
    }
}

/// All of a stream, which ends where the bytes end.
fn inflate(deflated: &[u8]) -> Result<Vec<u8>, SamlError> {
    let most = MAX_MESSAGE_BYTES.min(deflated.len().saturating_mul(MAX_RATIO));
    // One more byte of room than is allowed tells the two apart.
    let mut out = vec![0; most + 1];
    let mut stream = Decompress::new(false);
    let status = stream.decompress(deflated, &mut out, FlushDecompress::Finish);
    let (taken, written) = (stream.total_in(), stream.total_out());
    if written > most as u64 {
        return Err(SamlError::TooLarge("bytes"));
    }
    match status {
        Ok(Status::StreamEnd) if taken == deflated.len() as u64 => {
            out.truncate(usize::try_from(written).unwrap_or(0));
            Ok(out)
        }
        _ => Err(SamlError::Malformed("the compression is broken")),
    }
}

#[cfg(test)]
mod tests;

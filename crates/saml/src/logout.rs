//! Logout messages that providers send (Core 3.7; Profiles 4.4; security.md SAML-21).
//!
//! A signature is required: over the query where the message came by redirect, and over the root itself where it came
//! in a form. A signed assertion inside an unsigned message signs nothing here.

use crate::document::{Document, Element, Limits};
use crate::names::{ASSERTION, PROTOCOL, SIGNATURE, SUCCESS};
use crate::redirect::{self, Kind};
use crate::response::{NameId, Provider, values};
use crate::{SamlError, SignatureAlgorithm, signature};

/// How long after it was issued a message may be used, in seconds, without the skew.
const MAX_AGE: i64 = 300;

/// A logout message whose signature held under a key of the provider. Made by [`by_redirect`] and [`by_form`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedLogout {
    id: String,
    kind: LogoutKind,
    relay_state: Option<String>,
}

/// What a logout message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogoutKind {
    /// The provider ends sessions.
    Request {
        /// Whose.
        name_id: NameId,
        /// Which; none: all of them.
        session_indexes: Vec<String>,
    },
    /// The provider answers a request of ours.
    Response {
        /// Which.
        in_response_to: String,
        /// Whether it did what was asked.
        success: bool,
    },
}

impl VerifiedLogout {
    /// Its `ID`, to be used once.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it says.
    pub fn kind(&self) -> &LogoutKind {
        &self.kind
    }

    /// What came beside it, to be sent back with the answer.
    pub fn relay_state(&self) -> Option<&str> {
        self.relay_state.as_deref()
    }
}

/// When and where a message is judged.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Seconds since 1970.
    pub now: i64,
    /// Seconds by which clocks may differ.
    pub skew: i64,
    /// Our endpoint: `Destination` must be this.
    pub destination: &'a str,
}

/// Judges the raw query of a message that came by redirect.
///
/// # Errors
/// [`SamlError`].
pub fn by_redirect(
    query: &str,
    provider: &Provider<'_>,
    place: Place<'_>,
) -> Result<VerifiedLogout, SamlError> {
    let holds = |algorithm: SignatureAlgorithm, message: &[u8], value: &[u8]| {
        let mut keys = provider.keys.iter();
        keys.any(|key| key.verifies(algorithm, message, value))
    };
    let verified = redirect::Unverified::read(query)?.verify(holds)?;
    let message = verified.message();
    let document = Document::parse(&message.document, &Limits::MESSAGE)?;
    let relay_state = message.relay_state.clone();
    read(document.root(), message.kind, relay_state, provider, place)
}

/// Judges a message that came in a form.
///
/// # Errors
/// [`SamlError`].
pub fn by_form(
    kind: Kind,
    document: &[u8],
    relay_state: Option<String>,
    provider: &Provider<'_>,
    place: Place<'_>,
) -> Result<VerifiedLogout, SamlError> {
    let document = Document::parse(document, &Limits::MESSAGE)?;
    let root = document.root();
    signature::only_in(root, &[root])?;
    let signed = signature::verify(root, provider.keys, provider.allow_sha1)?;
    signed.ok_or(SamlError::SignatureMissing)?;
    read(root, kind, relay_state, provider, place)
}

fn read(
    root: Element<'_>,
    kind: Kind,
    relay_state: Option<String>,
    provider: &Provider<'_>,
    place: Place<'_>,
) -> Result<VerifiedLogout, SamlError> {
    let name = match kind {
        Kind::Request => "LogoutRequest",
        Kind::Response => "LogoutResponse",
    };
    if !root.is(PROTOCOL, name) {
        return Err(SamlError::Root);
    }
    if root.attribute("Version") != Some("2.0") {
        return Err(SamlError::Version);
    }
    let inside = root.descendants().skip(1);
    let nested = |it: Element<'_>| it.is(ASSERTION, "Assertion") || it.is(SIGNATURE, "Signature");
    // The root's own signature, where it came in a form, is the one that may be there.
    let strays = inside.filter(|it| nested(*it) && it.parent() != Some(root));
    if strays.count() > 0 {
        return Err(SamlError::Element(name));
    }
    let id = root.attribute("ID").filter(|id| !id.is_empty());
    let id = id.ok_or(SamlError::Id)?.to_owned();
    if values::issuer(root)? != provider.entity_id {
        return Err(SamlError::Issuer);
    }
    if root.attribute("Destination") != Some(place.destination) {
        return Err(SamlError::Destination);
    }
    let issued = values::time(root, "IssueInstant")?;
    if issued > place.now.saturating_add(place.skew) {
        return Err(SamlError::IssuedInFuture);
    }
    let ends = values::optional_time(root, "NotOnOrAfter")?;
    let ends = ends.unwrap_or(issued.saturating_add(MAX_AGE));
    if ends.saturating_add(place.skew) <= place.now {
        return Err(SamlError::TooOld);
    }
    let kind = match kind {
        Kind::Request => LogoutKind::Request {
            name_id: values::name_id(values::one(root, "NameID")?)?,
            session_indexes: root
                .named(PROTOCOL, "SessionIndex")
                .map(values::text)
                .collect::<Result<_, _>>()?,
        },
        Kind::Response => {
            let status = root.named(PROTOCOL, "Status").next();
            let status = status.ok_or(SamlError::Status)?;
            let code = status.named(PROTOCOL, "StatusCode").next();
            let code = code.and_then(|code| code.attribute("Value"));
            LogoutKind::Response {
                in_response_to: root
                    .attribute("InResponseTo")
                    .ok_or(SamlError::InResponseTo)?
                    .to_owned(),
                success: code == Some(SUCCESS),
            }
        }
    };
    Ok(VerifiedLogout {
        id,
        kind,
        relay_state,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::request::{LogoutRequest, LogoutResponse, LogoutStatus};
    use crate::testing::{IDP, NOW, credential};
    use crate::{Certificate, Credential, SigningKey, sign};

    const SLO: &str = "https://sso.example.com/saml/contoso/slo";
    static KEY: LazyLock<Credential> =
        LazyLock::new(|| credential(SigningKey::generate().unwrap()));
    static OTHER: LazyLock<Credential> =
        LazyLock::new(|| credential(SigningKey::generate().unwrap()));
    static KEYS: LazyLock<Vec<Certificate>> =
        LazyLock::new(|| vec![Certificate::from_der(KEY.certificate_der()).unwrap()]);

    fn provider() -> Provider<'static> {
        Provider {
            entity_id: IDP,
            keys: &KEYS,
            decryption: &[],
            allow_sha1: false,
            allow_cbc: false,
            second_opinion: false,
        }
    }

    fn at(now: i64) -> Place<'static> {
        Place {
            now,
            skew: 60,
            destination: SLO,
        }
    }

    fn ann() -> NameId {
        NameId {
            value: "ann".to_owned(),
            format: None,
            name_qualifier: None,
            sp_name_qualifier: None,
        }
    }

    fn request<'a>(name_id: &'a NameId) -> LogoutRequest<'a> {
        LogoutRequest {
            id: "_l",
            issued_at: NOW,
            issuer: IDP,
            destination: SLO,
            not_on_or_after: NOW + 300,
            name_id,
            session_index: Some("_s"),
        }
    }

    fn query(request: &LogoutRequest<'_>, key: Option<&SigningKey>) -> String {
        let message = request.element().unwrap().canonical().unwrap();
        let url = redirect::url(SLO, Kind::Request, &message, Some("r"), key).unwrap();
        url.split_once('?').unwrap().1.to_owned()
    }

    fn form(request: &LogoutRequest<'_>, key: &Credential) -> String {
        let signed = sign::enveloped(request.element().unwrap(), key).unwrap();
        signed.canonical().unwrap()
    }

    fn posted(document: &str, now: i64) -> Result<VerifiedLogout, SamlError> {
        by_form(
            Kind::Request,
            document.as_bytes(),
            None,
            &provider(),
            at(now),
        )
    }

    #[test]
    fn a_request_of_the_provider_is_read() {
        let ann = ann();
        let query = query(&request(&ann), Some(KEY.key()));
        let by_query = by_redirect(&query, &provider(), at(NOW)).unwrap();
        let by_form = posted(&form(&request(&ann), &KEY), NOW).unwrap();
        assert_eq!(by_query.kind(), by_form.kind());
        assert_eq!((by_query.id(), by_query.relay_state()), ("_l", Some("r")));
        let LogoutKind::Request {
            name_id,
            session_indexes,
        } = by_query.kind()
        else {
            panic!("not a request")
        };
        assert_eq!(
            (name_id, session_indexes.as_slice()),
            (&ann, &["_s".to_owned()][..])
        );
    }

    #[test]
    fn an_answer_of_the_provider_is_read() {
        let answer = |status| {
            let response = LogoutResponse {
                id: "_x",
                issued_at: NOW,
                issuer: IDP,
                destination: SLO,
                in_response_to: "_ours",
                status,
            };
            let message = response.element().unwrap().canonical().unwrap();
            let key = Some(KEY.key());
            let url = redirect::url(SLO, Kind::Response, &message, None, key).unwrap();
            let verified = by_redirect(url.split_once('?').unwrap().1, &provider(), at(NOW));
            verified.unwrap().kind().clone()
        };
        let read = |success| LogoutKind::Response {
            in_response_to: "_ours".to_owned(),
            success,
        };
        assert_eq!(answer(LogoutStatus::Success), read(true));
        assert_eq!(answer(LogoutStatus::Responder), read(false));
    }

    #[test]
    fn what_is_not_signed_by_the_provider_ends_nothing() {
        let ann = ann();
        let request = request(&ann);
        let judged = |query: &str| by_redirect(query, &provider(), at(NOW)).unwrap_err();
        assert_eq!(judged(&query(&request, None)), SamlError::SignatureMissing);
        let other = query(&request, Some(OTHER.key()));
        assert_eq!(judged(&other), SamlError::SignatureInvalid);
        let unsigned = request.element().unwrap().canonical().unwrap();
        assert_eq!(posted(&unsigned, NOW), Err(SamlError::SignatureMissing));
        assert_eq!(
            posted(&form(&request, &OTHER), NOW),
            Err(SamlError::SignatureInvalid)
        );
        let changed = form(&request, &KEY).replace(">ann<", ">eve<");
        assert_eq!(posted(&changed, NOW), Err(SamlError::SignatureInvalid));
    }

    /// A genuine assertion says nothing about a message that somebody put around it.
    #[test]
    fn a_signed_assertion_inside_an_unsigned_message_is_refused() {
        let assertion = crate::testing::sign(&crate::testing::assertion(), "_a", &KEY);
        let ann = ann();
        let unsigned = request(&ann).element().unwrap().canonical().unwrap();
        let wrapped = unsigned.replace(
            "</samlp:LogoutRequest>",
            &format!("{assertion}</samlp:LogoutRequest>"),
        );
        let error = posted(&wrapped, NOW).unwrap_err();
        assert_eq!(error.reason(), "saml.signature.profile");
    }

    #[test]
    fn times_issuer_and_destination_count() {
        let ann = ann();
        let plain = request(&ann);
        let judged = |request: &LogoutRequest<'_>, now| posted(&form(request, &KEY), now);
        assert!(judged(&plain, NOW + 359).is_ok());
        assert_eq!(judged(&plain, NOW + 360), Err(SamlError::TooOld));
        assert!(judged(&plain, NOW - 60).is_ok());
        assert_eq!(judged(&plain, NOW - 61), Err(SamlError::IssuedInFuture));
        let other = LogoutRequest {
            issuer: "https://other.example",
            ..plain
        };
        assert_eq!(judged(&other, NOW), Err(SamlError::Issuer));
        let other = LogoutRequest {
            destination: "https://other.example",
            ..plain
        };
        assert_eq!(judged(&other, NOW), Err(SamlError::Destination));
        let document = form(&plain, &KEY);
        let error = by_form(
            Kind::Response,
            document.as_bytes(),
            None,
            &provider(),
            at(NOW),
        );
        assert_eq!(error, Err(SamlError::Root));
    }
}

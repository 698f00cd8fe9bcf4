//! Reading a request to sign somebody in (Core 3.4.1). Strictly: whatever could be meant in two ways is refused.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{PASSWORD, PERSISTENT, REQUEST_SECONDS, SKEW_SECONDS, ServiceProviderConfig};
use crate::saml::document::{Document, Element, Limits};
use crate::saml::names::{ASSERTION, POST, PROTOCOL, SIGNATURE};

/// A sign-in that somebody asked for, or nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SignOn {
    /// The request's `ID`; `None`: nobody asked.
    pub(super) request_id: Option<String>,
    /// To be given back as it is.
    pub(super) relay_state: Option<String>,
    /// Whether the password must be asked for.
    pub(super) force: bool,
    /// Whether it must not be asked for.
    pub(super) passive: bool,
}

/// Why a request is not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is not known whom else to tell, so the person is told.
    Person(&'static str),
    /// The service provider is told.
    Provider {
        /// Which request.
        request_id: String,
        /// Why.
        status: Status,
    },
}

/// What a response says when nobody is signed in (Core 3.2.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// People sign in with a password here, and that will not do.
    NoAuthnContext,
    /// Somebody would have to sign in, and may not be asked to.
    NoPassive,
    /// Another kind of name is wanted.
    InvalidNameIdPolicy,
    /// It asks for something that is not done here.
    RequestUnsupported,
}

/// Where a request came from and went to.
pub(super) struct Delivery<'a> {
    pub(super) service_provider: &'a ServiceProviderConfig,
    /// The endpoint at which it arrived.
    pub(super) endpoint: &'a str,
    pub(super) now: i64,
    /// Whether a signature held.
    pub(super) signed: bool,
}

const NOT_READ: Fault = Fault::Person("The sign-in request cannot be read.");

/// Reads an `AuthnRequest`.
pub(super) fn sign_on(
    bytes: &[u8],
    relay_state: Option<String>,
    delivery: &Delivery<'_>,
) -> Result<SignOn, Fault> {
    let document = Document::parse(bytes, &Limits::MESSAGE).map_err(|_| NOT_READ)?;
    let root = document.root();
    if !root.is(PROTOCOL, "AuthnRequest") {
        return Err(NOT_READ);
    }
    let request_id = delivery.check(root)?;
    // 3.4.1: an address or its number, never both; there is one address, with the number 0.
    let acs_url = root.attribute("AssertionConsumerServiceURL");
    let index = root.attribute("AssertionConsumerServiceIndex");
    if acs_url.is_some_and(|url| url != delivery.service_provider.acs_url)
        || index.is_some_and(|index| index != "0" || acs_url.is_some())
    {
        return Err(Fault::Person(
            "The application that sent you here wants you back at an address that is not registered for it.",
        ));
    }
    let flag = |name| match root.attribute(name) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(NOT_READ),
    };
    let (force, passive) = (flag("ForceAuthn")?, flag("IsPassive")?);
    match unmet(root, delivery.service_provider)? {
        Some(status) => Err(Fault::Provider { request_id, status }),
        None => Ok(SignOn {
            request_id: Some(request_id),
            relay_state,
            force,
            passive,
        }),
    }
}

/// What is asked for and cannot be had here.
fn unmet(root: Element<'_>, sp: &ServiceProviderConfig) -> Result<Option<Status>, Fault> {
    if root
        .attribute("ProtocolBinding")
        .is_some_and(|it| it != POST)
    {
        return Ok(Some(Status::RequestUnsupported));
    }
    let known = [
        (ASSERTION, "Issuer"),
        (SIGNATURE, "Signature"),
        (PROTOCOL, "Extensions"),
        (PROTOCOL, "Scoping"),
        (PROTOCOL, "NameIDPolicy"),
        (PROTOCOL, "RequestedAuthnContext"),
    ];
    let is_known = |child: Element<'_>| known.iter().any(|(uri, local)| child.is(uri, local));
    if !root.children().all(is_known) {
        return Ok(Some(Status::RequestUnsupported));
    }
    if let Some(policy) = one_or_none(root, "NameIDPolicy")? {
        let format = policy.attribute("Format").unwrap_or(PERSISTENT);
        let fits = format == PERSISTENT || format.ends_with(":nameid-format:unspecified");
        let whose = policy.attribute("SPNameQualifier");
        if !fits || whose.is_some_and(|whose| whose != sp.entity_id) {
            return Ok(Some(Status::InvalidNameIdPolicy));
        }
    }
    let Some(context) = one_or_none(root, "RequestedAuthnContext")? else {
        return Ok(None);
    };
    // 3.3.2.2.1: nothing here is better than a password, and nothing is known that is worse.
    let comparison = context.attribute("Comparison").unwrap_or("exact");
    let mut classes = context.named(ASSERTION, "AuthnContextClassRef");
    let fits = matches!(comparison, "exact" | "minimum" | "maximum")
        && classes.any(|class| class.text().is_some_and(|text| text.trim() == PASSWORD));
    Ok((!fits).then_some(Status::NoAuthnContext))
}

impl Delivery<'_> {
    /// What every request must have (Core 3.2.1): whose it is, for whom and from when. Returns its `ID`.
    fn check(&self, root: Element<'_>) -> Result<String, Fault> {
        let mut issuers = root.named(ASSERTION, "Issuer");
        let (Some(issuer), None) = (issuers.next(), issuers.next()) else {
            return Err(NOT_READ);
        };
        let issuer = issuer.text().ok_or(NOT_READ)?;
        if issuer.trim() != self.service_provider.entity_id {
            return Err(Fault::Person(
                "The application that sent you here is not known.",
            ));
        }
        if root.attribute("Version") != Some("2.0") {
            return Err(NOT_READ);
        }
        let id = root
            .attribute("ID")
            .filter(|id| is_id(id))
            .ok_or(NOT_READ)?;
        // Bindings 3.4.5.2 and 3.5.5.2: what is signed says where it goes.
        match root.attribute("Destination") {
            Some(destination) if destination != self.endpoint => {
                return Err(Fault::Person("The request was meant for somebody else."));
            }
            None if self.signed => {
                return Err(Fault::Person(
                    "The request does not say for whom it was meant.",
                ));
            }
            _ => {}
        }
        let issued = root.attribute("IssueInstant").and_then(instant);
        let issued = issued.ok_or(NOT_READ)?;
        if issued > self.now + SKEW_SECONDS || issued < self.now - REQUEST_SECONDS - SKEW_SECONDS {
            return Err(Fault::Person(
                "The request is too old, or from the future. Go back to the application and start again.",
            ));
        }
        Ok(id.to_owned())
    }
}

fn one_or_none<'d>(parent: Element<'d>, local: &str) -> Result<Option<Element<'d>>, Fault> {
    let mut found = parent.named(PROTOCOL, local);
    match (found.next(), found.next()) {
        (one, None) => Ok(one),
        _ => Err(NOT_READ),
    }
}

/// SAML's times are UTC and say so (Core 1.3.3).
fn instant(text: &str) -> Option<i64> {
    let utc = text.ends_with('Z');
    let parsed = OffsetDateTime::parse(text, &Rfc3339).ok().filter(|_| utc);
    parsed.map(OffsetDateTime::unix_timestamp)
}

/// An NCName of ASCII, of a length that somebody chose with sense.
fn is_id(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let goes_on = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    begins && text.len() <= 256 && text.bytes().all(goes_on)
}

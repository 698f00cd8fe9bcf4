//! Responses: from a document to a [`VerifiedAssertion`], or the one refusal.
//!
//! Two profiles come through here (security.md SAML-23): a browser's sign-in, and AssumeRoleWithSAML at the STS. What
//! differs between them is data in [`Expectations`].

mod agreement;
mod claims;
mod shape;
pub(crate) mod values;

use aws_lc_rs::digest;

use crate::SamlError;
use crate::certificate::Certificate;
use crate::decrypt::{self, DecryptionKey};
use crate::document::{Document, Element, Limits};
use crate::names::ASSERTION;
use crate::signature::{self, Signed};
use claims::Claims;
use shape::{Carried, Shape};

/// The provider whose response this must be.
#[derive(Clone, Copy, Debug)]
pub struct Provider<'a> {
    /// Its entity id, compared exactly.
    pub entity_id: &'a str,
    /// Its certificates for signing. None at all refuses everything (SAML-1).
    pub keys: &'a [Certificate],
    /// Our keys that assertions may be encrypted for.
    pub decryption: &'a [DecryptionKey],
    /// Whether AES-CBC may be used, in a signed response (SAML-18).
    pub allow_cbc: bool,
    /// Whether libxmlsec1 must agree. Without the feature `samael` that refuses everything.
    pub second_opinion: bool,
    /// Whether SHA-1 may still be used (SAML-5).
    pub allow_sha1: bool,
}

/// What a response must answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InResponseTo<'a> {
    /// This very request.
    Request(&'a str),
    /// No request at all, because this browser has none outstanding. An `InResponseTo` that is present refuses.
    Nothing {
        /// Whether the provider may send responses that nobody asked for (IdP-initiated).
        allowed: bool,
    },
    /// Whatever it says: the STS knows no requests.
    Anything,
}

/// Whom a response must be for: our names for ourselves.
#[derive(Clone, Copy)]
pub enum Expected<'a> {
    /// One of these, and it must be there.
    OneOf(&'a [String]),
    /// One of these where the message says anything at all.
    OneOfIfPresent(&'a [String]),
    /// One that this knows, where the message says anything at all: for names that are no list, as those of AWS's
    /// regions.
    KnownIfPresent(&'a dyn Fn(&str) -> bool),
    /// Anything (what AWS does).
    Anything,
}

impl std::fmt::Debug for Expected<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Expected::OneOf(names) => f.debug_tuple("OneOf").field(names).finish(),
            Expected::OneOfIfPresent(names) => {
                f.debug_tuple("OneOfIfPresent").field(names).finish()
            }
            Expected::KnownIfPresent(_) => f.write_str("KnownIfPresent(..)"),
            Expected::Anything => f.write_str("Anything"),
        }
    }
}

/// How a response is judged. All times are seconds since 1970, all spans seconds.
#[derive(Clone, Copy, Debug)]
pub struct Expectations<'a> {
    /// The time of the judgement.
    pub now: i64,
    /// How far clocks may differ, to either side.
    pub skew: i64,
    /// Whether beginnings count: `NotBefore`, `IssueInstant` in the future. AWS looks at the ends alone.
    pub not_before: bool,
    /// How old `IssueInstant` of the assertion may be, without the skew; `None`: any age.
    pub max_age: Option<i64>,
    /// Whether the response's `Issuer`, where present, must be the provider as well.
    pub response_issuer: bool,
    /// What it must answer to.
    pub in_response_to: InResponseTo<'a>,
    /// Where the bearer confirmation must be for.
    pub recipient: Expected<'a>,
    /// Where the response must be addressed to, if it says. [`Expected::OneOf`] also needs it in a signed response.
    pub destination: Expected<'a>,
    /// Whom every audience restriction must name.
    pub audience: Expected<'a>,
    /// Whether the assertion itself must be signed, as AWS asks, rather than it or the response around it.
    pub signed_assertion: bool,
    /// Authentication contexts of which one was asked for; none if empty.
    pub authn_contexts: &'a [String],
    /// The earliest `AuthnInstant` that will do, where a new sign-in was asked for (`ForceAuthn`).
    pub authenticated_since: Option<i64>,
    /// Whether the assertion must have come encrypted.
    pub encrypted: bool,
}

/// An assertion whose signature held under a configured key and whose every condition was met. Made by [`verify`]
/// alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAssertion {
    pub(crate) issuer: String,
    pub(crate) id: String,
    pub(crate) name_id: NameId,
    pub(crate) recipient: String,
    pub(crate) audiences: Vec<String>,
    pub(crate) in_response_to: Option<String>,
    pub(crate) issued_at: i64,
    pub(crate) ends_at: i64,
    pub(crate) confirmation_ends_at: i64,
    pub(crate) one_time_use: bool,
    pub(crate) confirmations: usize,
    pub(crate) authn: Authn,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) encrypted: bool,
    pub(crate) sha1: bool,
    pub(crate) key_fingerprint: String,
}

/// Whom an assertion is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameId {
    /// The name, never empty, white space around it trimmed.
    pub value: String,
    /// `Format`, where there is one.
    pub format: Option<String>,
    /// `NameQualifier`, where there is one.
    pub name_qualifier: Option<String>,
    /// `SPNameQualifier`, where there is one.
    pub sp_name_qualifier: Option<String>,
}

/// How and when somebody signed in at the provider (`AuthnStatement`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authn {
    /// Seconds since 1970.
    pub instant: i64,
    /// When the session at the provider ends, seconds since 1970.
    pub session_ends_at: Option<i64>,
    /// The session there, for logout.
    pub session_index: Option<String>,
    /// `AuthnContextClassRef`.
    pub context: Option<String>,
}

/// One attribute; several elements of one name are one attribute with all their values, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// `Name`, exactly.
    pub name: String,
    /// `FriendlyName`, for people.
    pub friendly_name: Option<String>,
    /// Each with the white space around it trimmed; empty ones are kept.
    pub values: Vec<String>,
}

impl VerifiedAssertion {
    /// The provider's entity id.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The assertion's `ID`: with the issuer, what a replay is known by.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whom it is about.
    pub fn name_id(&self) -> &NameId {
        &self.name_id
    }

    /// `Recipient` of the bearer confirmation that held.
    pub fn recipient(&self) -> &str {
        &self.recipient
    }

    /// Every audience named, in order.
    pub fn audiences(&self) -> &[String] {
        &self.audiences
    }

    /// The request it answers.
    pub fn in_response_to(&self) -> Option<&str> {
        self.in_response_to.as_deref()
    }

    /// `IssueInstant`, seconds since 1970.
    pub fn issued_at(&self) -> i64 {
        self.issued_at
    }

    /// The first moment at which it would no longer be accepted, without skew: until then a replay must be known.
    pub fn ends_at(&self) -> i64 {
        self.ends_at
    }

    /// `NotOnOrAfter` of the bearer confirmation that held, seconds since 1970.
    pub fn confirmation_ends_at(&self) -> i64 {
        self.confirmation_ends_at
    }

    /// Whether it may be used only once (`OneTimeUse`).
    pub fn one_time_use(&self) -> bool {
        self.one_time_use
    }

    /// What a use of it is remembered by, at whatever door: SHA-256 of issuer and `ID`.
    pub fn replay_key(&self) -> [u8; 32] {
        let mut key = digest::Context::new(&digest::SHA256);
        key.update(self.issuer.as_bytes());
        // No issuer holds it, so no two pairs are one.
        key.update(&[0]);
        key.update(self.id.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(key.finish().as_ref());
        bytes
    }

    /// How many subject confirmations there are: AWS takes exactly one.
    pub fn confirmations(&self) -> usize {
        self.confirmations
    }

    /// How and when the person signed in.
    pub fn authn(&self) -> &Authn {
        &self.authn
    }

    /// All attributes, in order.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The values of an attribute; names compare exactly.
    pub fn values(&self, name: &str) -> Option<&[String]> {
        let mut attributes = self.attributes.iter();
        attributes
            .find(|attribute| attribute.name == name)
            .map(|attribute| attribute.values.as_slice())
    }

    /// Whether it came encrypted.
    pub fn encrypted(&self) -> bool {
        self.encrypted
    }

    /// Whether SHA-1 was used, which the provider's entry allows: to be warned of.
    pub fn used_sha1(&self) -> bool {
        self.sha1
    }

    /// SHA-256 of the certificate whose key verified it, hexadecimal.
    pub fn key_fingerprint(&self) -> &str {
        &self.key_fingerprint
    }
}

/// Judges a response: the one way to a [`VerifiedAssertion`].
///
/// The order is that of security.md section 2.2: gate, shape, issuer (which only chooses whether to look further),
/// signatures, decryption where needed, reading, the second opinion, and then whether what was read is good for us.
///
/// # Errors
/// The first refusal.
pub fn verify(
    bytes: &[u8],
    provider: &Provider<'_>,
    expectations: &Expectations<'_>,
) -> Result<VerifiedAssertion, SamlError> {
    if provider.keys.is_empty() {
        return Err(SamlError::Provider("it has no certificate for signing"));
    }
    let document = Document::parse(bytes, &Limits::MESSAGE)?;
    let shape = Shape::read(&document)?;
    let response = shape.response;
    response_issuer(response, provider, expectations)?;
    let outer = signature::verify(response, provider.keys, provider.allow_sha1)?;
    match shape.assertion {
        Carried::Plain(assertion) => {
            if expectations.encrypted {
                return Err(SamlError::NotEncrypted);
            }
            let seen = Seen {
                bytes,
                response,
                outer,
                assertion,
                opened: None,
            };
            seen.judge(provider, expectations)
        }
        Carried::Encrypted(element) => {
            let cbc = provider.allow_cbc && outer.is_some();
            let opened = decrypt::open(element, provider.decryption, cbc)?;
            // The plain text passes the same gate; whatever is wrong with it is the one refusal of decryption, or a
            // sender of ciphertexts would learn what they became.
            let inner = Document::parse(&opened, &Limits::MESSAGE);
            let inner = inner.map_err(|_| SamlError::Decrypt)?;
            shape::assertion_alone(inner.root()).map_err(|_| SamlError::Decrypt)?;
            let seen = Seen {
                bytes,
                response,
                outer,
                assertion: inner.root(),
                opened: Some(&opened),
            };
            seen.judge(provider, expectations)
        }
    }
}

/// The issuer of the response, where it names one.
fn response_issuer(
    response: Element<'_>,
    provider: &Provider<'_>,
    expectations: &Expectations<'_>,
) -> Result<(), SamlError> {
    let issuer = response.named(ASSERTION, "Issuer").next();
    match issuer.map(values::text).transpose()? {
        Some(issuer) if expectations.response_issuer && issuer != provider.entity_id => {
            Err(SamlError::Issuer)
        }
        _ => Ok(()),
    }
}

/// A response with its assertion found, and the outer signature, if there is one, known to hold.
struct Seen<'d, 'k> {
    #[cfg_attr(
        not(feature = "samael"),
        expect(dead_code, reason = "nobody to show it to")
    )]
    bytes: &'d [u8],
    response: Element<'d>,
    outer: Option<Signed<'k>>,
    assertion: Element<'d>,
    /// The assertion's bytes, where it was encrypted.
    opened: Option<&'d [u8]>,
}

impl Seen<'_, '_> {
    fn judge(
        &self,
        provider: &Provider<'_>,
        expectations: &Expectations<'_>,
    ) -> Result<VerifiedAssertion, SamlError> {
        // Whose it is, before what it costs to check: a response for another provider ends here (SAML-9).
        if values::issuer(self.assertion)? != provider.entity_id {
            return Err(SamlError::Issuer);
        }
        let inner = signature::verify(self.assertion, provider.keys, provider.allow_sha1)?;
        let covering = match expectations.signed_assertion {
            true => inner,
            false => inner.or(self.outer),
        };
        let signed = covering.ok_or(SamlError::SignatureMissing)?;
        let sha1 = [inner, self.outer].iter().flatten().any(|it| it.sha1);
        // Read before the second verifier is asked: what we cannot read is a refusal with a name, not a disagreement.
        let claims = Claims::read(self.assertion)?;
        let opinions = match provider.second_opinion {
            true => agreement::ask(self, inner)?,
            false => Vec::new(),
        };
        self.check_response(expectations)?;
        let confirmed = claims.check(expectations)?;
        let verified = VerifiedAssertion {
            issuer: claims.issuer,
            id: claims.id,
            name_id: claims.name_id,
            recipient: confirmed.recipient,
            audiences: claims.audiences.into_iter().flatten().collect(),
            in_response_to: confirmed.in_response_to,
            issued_at: claims.issued_at,
            ends_at: confirmed.ends_at,
            confirmation_ends_at: confirmed.confirmation_ends_at,
            one_time_use: claims.one_time_use,
            confirmations: claims.confirmations.len(),
            authn: confirmed.authn,
            attributes: claims.attributes,
            encrypted: self.opened.is_some(),
            sha1,
            key_fingerprint: signed.certificate.fingerprint().to_owned(),
        };
        agreement::agreed(&opinions, verified)
    }

    /// What the response itself says. It may be unsigned, so none of this grants anything; it only refuses (SAML-7).
    fn check_response(&self, expectations: &Expectations<'_>) -> Result<(), SamlError> {
        let destination = self.response.attribute("Destination");
        match (expectations.destination, destination) {
            (Expected::OneOf(_), None) if self.outer.is_some() => Err(SamlError::Destination),
            (expected, Some(destination)) if !expected.admits(destination) => {
                Err(SamlError::Destination)
            }
            _ => Ok(()),
        }?;
        let issued = values::time(self.response, "IssueInstant")?;
        issued_in_time(issued, expectations)?;
        expectations
            .in_response_to
            .check(self.response.attribute("InResponseTo"))
    }
}

impl InResponseTo<'_> {
    /// Whether what a message says it answers is what it must answer.
    fn check(self, said: Option<&str>) -> Result<(), SamlError> {
        match (self, said) {
            (InResponseTo::Anything, _) => Ok(()),
            (InResponseTo::Request(id), Some(said)) if said == id => Ok(()),
            (InResponseTo::Request(_), _) => Err(SamlError::InResponseTo),
            (InResponseTo::Nothing { .. }, Some(_)) => Err(SamlError::InResponseTo),
            (InResponseTo::Nothing { allowed: true }, None) => Ok(()),
            (InResponseTo::Nothing { allowed: false }, None) => Err(SamlError::Unsolicited),
        }
    }
}

/// Whether an `IssueInstant` is neither in the future nor too long ago (SAML-14).
fn issued_in_time(issued: i64, expectations: &Expectations<'_>) -> Result<(), SamlError> {
    let Expectations { now, skew, .. } = *expectations;
    if expectations.not_before && issued > now.saturating_add(skew) {
        return Err(SamlError::IssuedInFuture);
    }
    match expectations.max_age {
        Some(age) if issued < now.saturating_sub(age.saturating_add(skew)) => {
            Err(SamlError::TooOld)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;

//! Responses: from a document to a [`VerifiedAssertion`], or the one refusal.
//!
//! Two profiles come through here (security.md SAML-23): a browser's sign-in, and AssumeRoleWithSAML at the STS. What
//! differs between them is data in [`Expectations`].

use crate::SamlError;

/// The provider whose response this must be.
#[derive(Clone, Copy, Debug)]
pub struct Provider<'a> {
    /// Its entity id, compared exactly.
    pub entity_id: &'a str,
    /// Whether SHA-1 may still be used (SAML-5).
    pub allow_sha1: bool,
}

/// What a response must answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InResponseTo<'a> {
    /// This very request.
    Request(&'a str),
    /// No request at all: IdP-initiated. An `InResponseTo` that is present refuses.
    Nothing,
    /// Whatever it says: the STS knows no requests.
    Anything,
}

/// Whom a response must be for: our names for ourselves.
#[derive(Clone, Copy, Debug)]
pub enum Expected<'a> {
    /// One of these, and it must be there.
    OneOf(&'a [String]),
    /// One of these where the message says anything at all.
    OneOfIfPresent(&'a [String]),
    /// Anything (what AWS does).
    Anything,
}

/// How a response is judged. All times are seconds since 1970, all spans seconds.
#[derive(Clone, Copy, Debug)]
pub struct Expectations<'a> {
    /// The time of the judgement.
    pub now: i64,
    /// How far clocks may differ, to either side.
    pub skew: i64,
    /// Whether `NotBefore` counts. AWS looks at the ends alone.
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
    pub(crate) one_time_use: bool,
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

    /// Whether it may be used only once (`OneTimeUse`).
    pub fn one_time_use(&self) -> bool {
        self.one_time_use
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

/// Not there yet.
///
/// # Errors
/// Always.
pub fn verify(
    _document: &[u8],
    _provider: &Provider<'_>,
    _expectations: &Expectations<'_>,
) -> Result<VerifiedAssertion, SamlError> {
    Err(SamlError::Provider("verification"))
}

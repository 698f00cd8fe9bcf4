//! Everything that can be wrong with a message.

/// Why a message was refused. Comparable, so that a test asserts which refusal; the sentences hold no values of the
/// message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SamlError {
    // --- The form value. ---
    /// Not strict base64.
    #[error("the form value is not strict base64")]
    FormBase64,
    /// Longer than [`crate::form::MAX_FORM_BYTES`].
    #[error("the form value is too long")]
    FormTooLarge,
    /// A parameter came twice.
    #[error("a form parameter came twice")]
    FormRepeated,
    /// A parameter that is missing or cannot be read; the detail names it.
    #[error("a form parameter is missing or cannot be read: {0}")]
    FormParameter(&'static str),

    // --- The document. ---
    /// Not well-formed XML 1.0; the detail names the rule.
    #[error("the document is not well-formed XML: {0}")]
    Malformed(&'static str),
    /// Not UTF-8, or declared as something else.
    #[error("the document is not UTF-8")]
    Encoding,
    /// A document type declaration.
    #[error("the document has a document type declaration")]
    Doctype,
    /// A reference to an entity that is not one of the five.
    #[error("the document refers to an entity")]
    Entity,
    /// A processing instruction.
    #[error("the document has a processing instruction")]
    ProcessingInstruction,
    /// Elements nested too deeply.
    #[error("the document is nested too deeply")]
    TooDeep,
    /// Too many bytes, elements, attributes or namespace declarations; the detail says of what.
    #[error("the document has too many {0}")]
    TooLarge(&'static str),
    /// A namespace name or prefix that is not acceptable.
    #[error("the document has a namespace that is not acceptable: {0}")]
    Namespace(&'static str),
    /// A character that XML or Unicode does not allow.
    #[error("the document has a character that is not allowed")]
    Character,

    // --- The shape of the message. ---
    /// The root is not the message that was expected.
    #[error("the document is not the SAML message that was expected")]
    Root,
    /// The version is not 2.0.
    #[error("the message is not SAML 2.0")]
    Version,
    /// Not exactly one assertion, or one in another place.
    #[error("the response does not hold exactly one assertion in its place")]
    Assertions,
    /// An element that is missing, repeated, misplaced or unknown; the detail names it.
    #[error("the message has an element missing or out of place: {0}")]
    Element(&'static str),
    /// An identifier that is missing, repeated, or no name; or `Id`, `id`, `xml:id`.
    #[error("the message has an identifier that is missing, repeated or not acceptable")]
    Id,

    // --- Signatures. ---
    /// Nothing signed covers the assertion.
    #[error("the assertion is not signed")]
    SignatureMissing,
    /// A signature outside the one allowed profile; the detail names the rule.
    #[error("the signature is not of the allowed profile: {0}")]
    SignatureProfile(&'static str),
    /// An algorithm that is not allowed.
    #[error("the signature uses an algorithm that is not allowed")]
    SignatureAlgorithm,
    /// The signature does not hold under any key of the provider.
    #[error("the signature does not hold under any key of the provider")]
    SignatureInvalid,
    /// Our verifier accepted and the second one did not, or read something else. An alarm, not a login.
    #[error("two verifiers disagree about the signature")]
    Disagreement,

    // --- Who and for whom. ---
    /// The issuer is not the provider.
    #[error("the message was issued by somebody else")]
    Issuer,
    /// The answer belongs to no outstanding request, or to another.
    #[error("the response belongs to no request of this browser")]
    InResponseTo,
    /// An answer that nobody asked for, and this provider may not send such.
    #[error("nobody asked for this response")]
    Unsolicited,
    /// No bearer confirmation, or one without its data.
    #[error("the assertion has no usable bearer confirmation")]
    ConfirmationMissing,
    /// The confirmation names no recipient.
    #[error("the assertion does not say where it is to be delivered")]
    ConfirmationNoRecipient,
    /// The confirmation has no end.
    #[error("the assertion does not say until when it is to be delivered")]
    ConfirmationNoEnd,
    /// The confirmation is for another recipient.
    #[error("the assertion is to be delivered elsewhere")]
    ConfirmationRecipient,
    /// The confirmation has passed.
    #[error("the assertion is to be delivered no longer")]
    ConfirmationExpired,
    /// The confirmation does not hold yet.
    #[error("the assertion is not to be delivered yet")]
    ConfirmationNotYet,
    /// No conditions.
    #[error("the assertion has no conditions")]
    ConditionsMissing,
    /// No audience restriction, or one that leaves us out.
    #[error("the assertion is for somebody else")]
    Audience,
    /// The conditions have passed.
    #[error("the assertion has expired")]
    ConditionsExpired,
    /// The conditions do not hold yet.
    #[error("the assertion is not valid yet")]
    ConditionsNotYet,
    /// A condition that we do not know.
    #[error("the assertion has a condition that is not known")]
    ConditionsUnknown,
    /// Issued in the future, or the time is no time.
    #[error("the message was issued in the future")]
    IssuedInFuture,
    /// Issued too long ago.
    #[error("the message was issued too long ago")]
    TooOld,
    /// A time that is none; the detail names the attribute.
    #[error("the message has a time that cannot be read: {0}")]
    Time(&'static str),
    /// No statement about the authentication.
    #[error("the assertion does not say how the person signed in")]
    AuthnStatementMissing,
    /// The session at the provider has ended.
    #[error("the session at the provider has ended")]
    SessionEnded,
    /// The response is addressed to another endpoint, or to none although it is signed.
    #[error("the response is addressed elsewhere")]
    Destination,
    /// The provider reports a failure, or nothing.
    #[error("the provider reports that the sign-in failed")]
    Status,
    /// The assertion was used before.
    #[error("the assertion was used before")]
    Replay,
    /// A value that must not be empty is.
    #[error("a value that is needed is empty: {0}")]
    ValueEmpty(&'static str),
    /// A value holds control characters or their like.
    #[error("a value holds characters that are not allowed")]
    ValueCharacter,
    /// Several values where one is needed.
    #[error("there are several values where one is needed: {0}")]
    ValueDuplicate(&'static str),
    /// The provider left the groups out and points elsewhere: that is not "no groups".
    #[error("the provider did not send the groups but a pointer to them (group overage)")]
    GroupOverage,
    /// An encrypted assertion that cannot be opened: one reason for whatever it is.
    #[error("the assertion cannot be decrypted")]
    Decrypt,
    /// An assertion in the clear where it had to be encrypted.
    #[error("the assertion is not encrypted")]
    NotEncrypted,
    /// Signed in otherwise, or earlier, than was asked for.
    #[error("the person did not sign in the way that was asked for")]
    AuthnContext,
    /// The provider may not be used: no metadata, no keys, or no such endpoint; the detail says why.
    #[error("the provider cannot be used: {0}")]
    Provider(&'static str),
}

impl SamlError {
    /// The stable name of the refusal, for the audit trail and the administrator (security.md GEN-1).
    pub fn reason(&self) -> &'static str {
        match self {
            Self::FormBase64 => "saml.form.base64",
            Self::FormTooLarge => "saml.form.size",
            Self::FormRepeated => "saml.form.repeated",
            Self::FormParameter(_) => "saml.form.parameter",
            Self::Malformed(_) => "saml.xml.malformed",
            Self::Encoding => "saml.xml.encoding",
            Self::Doctype => "saml.xml.doctype",
            Self::Entity => "saml.xml.entity",
            Self::ProcessingInstruction => "saml.xml.pi",
            Self::TooDeep => "saml.xml.depth",
            Self::TooLarge(_) => "saml.xml.size",
            Self::Namespace(_) => "saml.xml.namespace",
            Self::Character => "saml.xml.character",
            Self::Root => "saml.shape.root",
            Self::Version => "saml.shape.version",
            Self::Assertions => "saml.shape.assertions",
            Self::Element(_) | Self::AuthnStatementMissing => "saml.shape.element",
            Self::Id => "saml.shape.id",
            Self::SignatureMissing => "saml.signature.missing",
            Self::SignatureProfile(_) => "saml.signature.profile",
            Self::SignatureAlgorithm => "saml.signature.algorithm",
            Self::SignatureInvalid | Self::Disagreement => "saml.signature.invalid",
            Self::Issuer => "saml.issuer",
            Self::InResponseTo => "saml.in_response_to",
            Self::Unsolicited => "saml.unsolicited",
            Self::ConfirmationMissing => "saml.confirmation.missing",
            Self::ConfirmationRecipient | Self::ConfirmationNoRecipient => {
                "saml.confirmation.recipient"
            }
            Self::ConfirmationExpired | Self::ConfirmationNotYet | Self::ConfirmationNoEnd => {
                "saml.confirmation.time"
            }
            Self::ConditionsMissing => "saml.conditions.missing",
            Self::Audience => "saml.conditions.audience",
            Self::ConditionsExpired | Self::ConditionsNotYet => "saml.conditions.time",
            Self::ConditionsUnknown => "saml.conditions.unknown",
            Self::IssuedInFuture | Self::TooOld | Self::Time(_) => "saml.time.issue_instant",
            Self::SessionEnded => "saml.time.session",
            Self::Destination => "saml.destination",
            Self::Status => "saml.status",
            Self::Replay => "saml.replay",
            Self::ValueEmpty(_) => "saml.value.empty",
            Self::ValueCharacter => "saml.value.character",
            Self::ValueDuplicate(_) => "saml.value.duplicate",
            Self::GroupOverage => "saml.value.groups",
            Self::Decrypt | Self::NotEncrypted => "saml.decrypt",
            Self::AuthnContext => "saml.authn_context",
            Self::Provider(_) => "saml.provider",
        }
    }

    /// Whether the message could not even be read: the door answers 400, and 403 to everything else.
    pub fn is_malformed(&self) -> bool {
        let reason = self.reason();
        reason.starts_with("saml.form.") || reason.starts_with("saml.xml.")
    }
}

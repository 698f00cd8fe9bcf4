//! Everything that can be wrong with a signature, with the facts that AWS's texts quote.

use time::OffsetDateTime;

/// Why a signed request was refused. The sentences hold nothing of the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Credentials in the `Authorization` header and in the query at once.
    #[error("the request is signed in its header and in its query")]
    TwoForms,
    /// An algorithm other than `AWS4-HMAC-SHA256`, among them Version 2 and other authorization schemes.
    #[error("the signature algorithm is not supported")]
    UnsupportedAlgorithm,
    /// Parts are missing.
    #[error("parts of the signature are missing")]
    Incomplete {
        /// Whether they were looked for in the query instead of the header.
        presigned: bool,
        /// Which, in the order in which AWS lists them.
        missing: Vec<MissingPart>,
    },
    /// The `Authorization` header is not a list of the known parameters, each once.
    #[error("the authorization header is malformed")]
    MalformedAuthorization,
    /// A header that must be unique came twice, or is not text.
    #[error("the header `{0}` is repeated or malformed")]
    MalformedHeader(&'static str),
    /// A parameter of the signature came twice in the query.
    #[error("the query repeats `{0}`")]
    RepeatedParameter(&'static str),
    /// A parameter of the signature is written in the wrong case, and so would not be recognised everywhere.
    #[error("the query has `{0}` in the wrong case")]
    ParameterCase(&'static str),
    /// The credential is not five parts with slashes between.
    #[error("the credential is malformed")]
    MalformedCredential,
    /// The time is not of the required form.
    #[error("the signature's time is malformed")]
    MalformedDate,
    /// `X-Amz-Expires` is no number, less than 1, or more than is allowed.
    #[error("a presigned request holds between 1 and {most} seconds")]
    InvalidExpires {
        /// The most seconds that are allowed.
        most: i64,
    },
    /// `SignedHeaders` is not sorted, lower-case and unique, or lacks `host`.
    #[error("the list of signed headers is malformed")]
    InvalidSignedHeaders,
    /// Headers that had to be signed were not.
    #[error("there are headers that were not signed")]
    UnsignedHeaders {
        /// Which, in lower case and sorted.
        names: Vec<String>,
    },
    /// The scope is of another day than the time.
    #[error("the credential is scoped to another day")]
    WrongDay {
        /// The day in the scope.
        scope: String,
        /// The time of the signature.
        signed_at: OffsetDateTime,
    },
    /// The scope is for another service.
    #[error("the credential is scoped to another service than {expected}")]
    WrongService {
        /// The service of this door.
        expected: String,
    },
    /// The region in the scope can not be one.
    #[error("the credential is scoped to no valid region")]
    WrongRegion {
        /// The region in the scope.
        region: String,
    },
    /// The scope does not end in `aws4_request`.
    #[error("the credential's scope does not end in `aws4_request`")]
    WrongTerminator,
    /// Signed too long ago.
    #[error("the signature has expired")]
    Expired {
        /// The time of the signature.
        signed_at: OffsetDateTime,
        /// The earliest time that would have been accepted.
        limit: OffsetDateTime,
        /// The time of the check.
        now: OffsetDateTime,
    },
    /// Signed in the future.
    #[error("the signature is not valid yet")]
    NotYetCurrent {
        /// The time of the signature.
        signed_at: OffsetDateTime,
        /// The latest time that would have been accepted.
        limit: OffsetDateTime,
        /// The time of the check.
        now: OffsetDateTime,
    },
    /// A presigned request that is past its `X-Amz-Expires`.
    #[error("the presigned request has expired")]
    PresignExpired {
        /// The time of the signature.
        signed_at: OffsetDateTime,
        /// When it ended.
        expired_at: OffsetDateTime,
        /// The time of the check.
        now: OffsetDateTime,
    },
    /// The body was left unsigned, or signed in chunks, at a door that does not take that.
    #[error("the body must be signed")]
    UnsignedPayload,
    /// `x-amz-content-sha256` is not the hash of the body.
    #[error("the body is not the one whose hash was sent")]
    WrongPayloadHash,
    /// A header that was signed did not arrive.
    #[error("a signed header is missing")]
    MissingSignedHeader {
        /// Its name.
        name: String,
    },
    /// The signature is not what the secret makes of this request.
    #[error("the signature does not match")]
    Mismatch,
}

/// A part of a signature, as AWS's text about missing ones names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingPart {
    /// `X-Amz-Algorithm`, of a presigned request alone.
    Algorithm,
    /// `Credential`.
    Credential,
    /// `Signature`.
    Signature,
    /// `SignedHeaders`.
    SignedHeaders,
    /// `X-Amz-Date`; in the header form `Date` would do.
    Date,
}

impl SignatureError {
    /// The stable name of the refusal, for the audit trail.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TwoForms => "sigv4.two_forms",
            Self::UnsupportedAlgorithm => "sigv4.algorithm",
            Self::Incomplete { .. } => "sigv4.incomplete",
            Self::MalformedAuthorization
            | Self::MalformedHeader(_)
            | Self::RepeatedParameter(_)
            | Self::ParameterCase(_)
            | Self::MalformedDate => "sigv4.form",
            Self::MalformedCredential | Self::WrongTerminator => "sigv4.credential",
            Self::InvalidExpires { .. } => "sigv4.expires",
            Self::InvalidSignedHeaders | Self::MissingSignedHeader { .. } => "sigv4.signed_headers",
            Self::UnsignedHeaders { .. } => "sigv4.unsigned_headers",
            Self::WrongDay { .. } => "sigv4.day",
            Self::WrongService { .. } => "sigv4.service",
            Self::WrongRegion { .. } => "sigv4.region",
            Self::Expired { .. } | Self::PresignExpired { .. } => "sigv4.expired",
            Self::NotYetCurrent { .. } => "sigv4.future",
            Self::UnsignedPayload | Self::WrongPayloadHash => "sigv4.payload",
            Self::Mismatch => "sigv4.signature",
        }
    }
}

//! Everything that can be wrong with a token.

use super::Algorithm;
use super::json::JsonFault;

/// Why a token was refused. Comparable, so that a test asserts which refusal; the sentences hold no claim values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// Longer than [`MAX_TOKEN_BYTES`](super::MAX_TOKEN_BYTES).
    #[error("the token is too long")]
    TooLarge,
    /// Not three non-empty segments: an opaque token, an encrypted one, an unsigned one.
    #[error("the token is not a signed JSON web token")]
    NotCompact,
    /// A segment is not strict, unpadded base64url.
    #[error("the token is not strict base64url")]
    NotBase64,
    /// Header or payload is not one JSON object and nothing else.
    #[error("the token's header or payload is not a JSON object")]
    NotJson,
    /// Header or payload has two members of one name.
    #[error("the token repeats a member")]
    DuplicateMember,
    /// The payload is nested too deeply.
    #[error("the token is nested too deeply")]
    TooDeep,
    /// A header member that is missing, of the wrong type, or never acceptable (`crit`, `jwk`, `jku`, `x5u`, `x5c`,
    /// `zip`, `b64`).
    #[error("the token's header member `{0}` is not acceptable")]
    Header(&'static str),
    /// `typ` names another kind of token.
    #[error("the token is of another type")]
    WrongType,
    /// The header's `alg` is none that we verify: `none`, an HMAC, an unknown name.
    #[error("the token's signature algorithm is not supported")]
    UnsupportedAlgorithm,
    /// A known algorithm that is not among those expected of this issuer.
    #[error("tokens of this issuer may not be signed with {0}")]
    AlgorithmNotAllowed(Algorithm),
    /// A required claim is absent.
    #[error("the token has no claim `{0}`")]
    MissingClaim(&'static str),
    /// A claim is of the wrong JSON type.
    #[error("the token's claim `{0}` is of the wrong type")]
    MalformedClaim(&'static str),
    /// A time is not a whole, finite, representable JSON number.
    #[error("the token's claim `{0}` is not a valid time")]
    InvalidTimestamp(&'static str),
    /// `iss` is not exactly the expected issuer.
    #[error("the token was issued by somebody else")]
    WrongIssuer,
    /// `sub` is empty, too long, or holds control characters.
    #[error("the token's subject is not acceptable")]
    InvalidSubject,
    /// `sub` is not the subject that was expected.
    #[error("the token is about somebody else")]
    WrongSubject,
    /// `aud` is an empty array.
    #[error("the token is for nobody")]
    EmptyAudience,
    /// `aud` does not name us.
    #[error("the token is for somebody else")]
    WrongAudience,
    /// Several audiences, and no `azp` that says which of them asked for the token.
    #[error("the token has several audiences and no authorized party")]
    MissingAuthorizedParty,
    /// `azp` does not name us.
    #[error("the token was made for another party")]
    WrongAuthorizedParty,
    /// The time, less the leeway, has reached `exp`.
    #[error("the token has expired")]
    Expired {
        /// The time of the check less the leeway for `exp`, in Unix seconds.
        now_minus_leeway: i64,
        /// The claim, in Unix seconds.
        exp: i64,
    },
    /// The time, with the leeway, has not reached `nbf`.
    #[error("the token is not valid yet")]
    NotYetValid {
        /// The time of the check plus the leeway for `nbf`, in Unix seconds.
        now_plus_leeway: i64,
        /// The claim, in Unix seconds.
        nbf: i64,
    },
    /// `iat` lies in the future by more than the leeway.
    #[error("the token was issued in the future")]
    IssuedInFuture {
        /// The claim, in Unix seconds.
        iat: i64,
    },
    /// `iat` is older than tokens of this issuer may be.
    #[error("the token was issued too long ago")]
    TooOld {
        /// Seconds between `iat` and the time of the check.
        age: i64,
        /// The most that is allowed, without the leeway.
        max_age: i64,
    },
    /// `nonce` is not the one that was sent with the request.
    #[error("the token does not belong to this sign-in")]
    WrongNonce,
    /// The key set has no key that the token could mean. Keys may have rotated: fetching them again once may help.
    #[error("the issuer has no such key")]
    UnknownKey {
        /// The token's `kid`, if it had one.
        kid: Option<String>,
    },
    /// The token names no key and several would fit.
    #[error("the token does not say which of the issuer's keys it was signed with")]
    AmbiguousKey,
    /// The named key was rejected when the key set was read.
    #[error("the issuer's key is not acceptable")]
    RejectedKey {
        /// The token's `kid`.
        kid: String,
    },
    /// The named key is not for the token's algorithm.
    #[error("the issuer's key is not for the token's algorithm")]
    KeyDoesNotFit {
        /// The token's `kid`.
        kid: String,
    },
    /// The signature does not hold.
    #[error("the token's signature does not hold")]
    BadSignature,
}

impl JwtError {
    /// The stable name of the refusal, for the audit trail and the administrator.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge => "jwt.size",
            Self::NotCompact
            | Self::NotBase64
            | Self::NotJson
            | Self::DuplicateMember
            | Self::TooDeep => "jwt.form",
            Self::Header(_) => "jwt.header",
            Self::WrongType => "jwt.typ",
            Self::UnsupportedAlgorithm | Self::AlgorithmNotAllowed(_) => "jwt.alg",
            Self::MissingClaim(name)
            | Self::MalformedClaim(name)
            | Self::InvalidTimestamp(name) => claim_reason(name),
            Self::WrongIssuer => "jwt.iss",
            Self::InvalidSubject | Self::WrongSubject => "jwt.sub",
            Self::EmptyAudience | Self::WrongAudience => "jwt.aud",
            Self::MissingAuthorizedParty | Self::WrongAuthorizedParty => "jwt.azp",
            Self::Expired { .. } => "jwt.exp",
            Self::NotYetValid { .. } => "jwt.nbf",
            Self::IssuedInFuture { .. } => "jwt.iat",
            Self::TooOld { .. } => "jwt.age",
            Self::WrongNonce => "jwt.nonce",
            Self::UnknownKey { .. }
            | Self::AmbiguousKey
            | Self::RejectedKey { .. }
            | Self::KeyDoesNotFit { .. } => "jwt.key",
            Self::BadSignature => "jwt.signature",
        }
    }
}

fn claim_reason(claim: &str) -> &'static str {
    match claim {
        "iss" => "jwt.iss",
        "sub" => "jwt.sub",
        "aud" => "jwt.aud",
        "azp" => "jwt.azp",
        "exp" => "jwt.exp",
        "nbf" => "jwt.nbf",
        "iat" => "jwt.iat",
        "nonce" => "jwt.nonce",
        _ => "jwt.form",
    }
}

impl From<JsonFault> for JwtError {
    fn from(fault: JsonFault) -> Self {
        match fault {
            JsonFault::Malformed => Self::NotJson,
            JsonFault::Duplicate => Self::DuplicateMember,
            JsonFault::TooDeep => Self::TooDeep,
        }
    }
}

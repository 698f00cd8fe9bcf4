//! From a signed request to a caller: find the secret, verify, and only then say who it is.

use time::OffsetDateTime;

use crate::access::{Call, Caller};
use crate::aws::error::AwsError;
use crate::credentials::{RoleSession, SessionKind, TokenError, session_secret};
use crate::seal::{KeyRing, Purpose};
use crate::secret::Secret;
use crate::sigv4::{self, MissingPart, Rules, SignatureError, SignedRequest};
use crate::store::StoreError;
use crate::store::access_keys::KeyOwner;
use crate::store::cache::IamCache;

/// The longest life of a presigned STS request, seconds (SIG-4).
const MAX_PRESIGN_SECONDS: i64 = 900;

/// What authentication needs.
pub struct Verifier<'a> {
    /// Keys, users, revocations.
    pub cache: &'a IamCache,
    /// Opens session tokens.
    pub ring: &'a KeyRing,
}

fn unavailable(error: &StoreError) -> AwsError {
    tracing::error!(%error, "the store could not be asked for an access key");
    AwsError::unavailable()
}

/// What a key id stands for, before the signature is known to hold.
enum Candidate {
    Root { account: String },
    User { unique_id: String, account: String },
    Session(Box<RoleSession>),
}

impl Verifier<'_> {
    /// Verifies the signature of a request for `service` and says who signed it.
    pub async fn authenticate(
        &self,
        call: &mut Call,
        request: &SignedRequest<'_>,
        service: &str,
    ) -> Result<Caller, AwsError> {
        let presented = sigv4::present(request)
            .map_err(|error| refusal(&error))?
            .ok_or_else(AwsError::missing_authentication_token)?;
        let services = [service];
        let rules = Rules {
            services: &services,
            now: call.now,
            max_presign_seconds: MAX_PRESIGN_SECONDS,
        };
        call.region = presented.region().to_owned();
        call.event
            .set("awsRegion", serde_json::json!(presented.region()));
        let key_id = presented.access_key_id();
        let found = match presented.session_token() {
            Some(token) => self.session(key_id, token, call.unix()),
            None => self.long_term(key_id).await?,
        };
        let (candidate, secret) = match found {
            Ok(found) => found,
            Err(error) => {
                // The same work as for a known key, so that the time tells nothing.
                sigv4::verify_dummy(&presented, request, &rules);
                return Err(error);
            }
        };
        sigv4::verify(&presented, request, &secret, &rules).map_err(|error| refusal(&error))?;
        let caller = match candidate {
            Candidate::Root { account } => Caller::root(&account, key_id),
            Candidate::User { unique_id, account } => {
                let user = self.cache.user(&account, &unique_id).await;
                let user = user.map_err(|error| unavailable(&error))?;
                Caller::user(user.ok_or_else(AwsError::invalid_client_token_id)?, key_id)
            }
            Candidate::Session(session) => caller_of(self.cache, *session).await?,
        };
        if let Some(session) = caller.session()
            && self.cache.is_revoked(session)
        {
            return Err(AwsError::expired_token().because("sigv4.session.revoked"));
        }
        Ok(caller)
    }

    /// Opens a session token. No look-up: the token is the session.
    fn session(
        &self,
        key_id: &str,
        token: &str,
        now: i64,
    ) -> Result<(Candidate, Secret<String>), AwsError> {
        let opened = RoleSession::open(self.ring, key_id, token, now);
        let (session, ring_key) = opened.map_err(|error| match error {
            TokenError::Invalid => AwsError::invalid_client_token_id().because("sigv4.session"),
            TokenError::Expired => AwsError::expired_token(),
        })?;
        let secret = session_secret(self.ring, ring_key, key_id).ok_or_else(AwsError::internal)?;
        Ok((Candidate::Session(Box::new(session)), secret))
    }

    /// Looks up a long-term key. The outer result is our trouble, the inner one the caller's.
    async fn long_term(
        &self,
        key_id: &str,
    ) -> Result<Result<(Candidate, Secret<String>), AwsError>, AwsError> {
        let key = self.cache.access_key(key_id).await;
        let key = match key.map_err(|error| unavailable(&error))? {
            Some(key) if key.active => key,
            _ => return Ok(Err(AwsError::invalid_client_token_id())),
        };
        let opened = self
            .ring
            .open(Purpose::Stored, key_id.as_bytes(), &key.sealed_secret);
        let Some(secret) = opened
            .ok()
            .and_then(|(bytes, _)| String::from_utf8(bytes).ok())
        else {
            tracing::error!(
                key_id,
                "a stored access key was not sealed by this key ring"
            );
            return Err(AwsError::internal());
        };
        let account = key.account.clone();
        let candidate = match &key.principal {
            KeyOwner::Root => Candidate::Root { account },
            KeyOwner::User(unique_id) => Candidate::User {
                unique_id: unique_id.clone(),
                account,
            },
        };
        Ok(Ok((candidate, Secret::new(secret))))
    }
}

/// The caller behind a session that was opened and is not revoked. One that speaks for a user is over when
/// the user is.
pub async fn caller_of(cache: &IamCache, session: RoleSession) -> Result<Caller, AwsError> {
    let of_user = matches!(session.kind, SessionKind::User | SessionKind::FederatedUser);
    // Root vouched for it: then there is no user behind it.
    let user = match of_user && session.role_id != session.account {
        true => {
            let user = cache.user(&session.account, &session.role_id).await;
            let user = user.map_err(|error| unavailable(&error))?;
            Some(user.ok_or_else(AwsError::invalid_client_token_id)?)
        }
        false => None,
    };
    Caller::of_session(session, user).ok_or_else(AwsError::invalid_client_token_id)
}

/// The AWS answer to a signature that did not hold (sts.md section 2).
fn refusal(error: &SignatureError) -> AwsError {
    let date = |moment: OffsetDateTime| sigv4::amz_date(moment);
    let answer = match error {
        SignatureError::Incomplete { presigned, missing } => {
            AwsError::incomplete_signature(clauses(*presigned, missing))
        }
        SignatureError::TwoForms
        | SignatureError::UnsupportedAlgorithm
        | SignatureError::MalformedAuthorization
        | SignatureError::MalformedHeader(_)
        | SignatureError::RepeatedParameter(_)
        | SignatureError::ParameterCase(_)
        | SignatureError::MalformedCredential
        | SignatureError::MalformedDate
        | SignatureError::InvalidSignedHeaders
        | SignatureError::UnsignedPayload => AwsError::incomplete_signature(sentence(error)),
        SignatureError::InvalidExpires { .. } => AwsError::validation(sentence(error)),
        SignatureError::UnsignedHeaders { names } => AwsError::unsigned_headers(&names.join(", ")),
        SignatureError::WrongService { expected } => AwsError::signature_scope(format!(
            "Credential should be scoped to correct service: '{expected}'. "
        )),
        SignatureError::WrongRegion { region } => {
            let shown: String = crate::audit::clean(region).chars().take(64).collect();
            AwsError::signature_scope(format!(
                "Credential should be scoped to a valid region, not '{shown}'. "
            ))
        }
        SignatureError::WrongTerminator => AwsError::signature_scope(
            "Credential should be scoped with a valid terminator: 'aws4_request'. ",
        ),
        SignatureError::WrongDay { scope, signed_at } => AwsError::signature_scope(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from \
             HTTP: '{}' != '{}', from '{}'.",
            crate::audit::clean(scope)
                .chars()
                .take(16)
                .collect::<String>(),
            date(*signed_at).get(..8).unwrap_or_default(),
            date(*signed_at),
        )),
        SignatureError::Expired {
            signed_at,
            limit,
            now,
        } => AwsError::signature_scope(format!(
            "Signature expired: {} is now earlier than {} ({} - 15 min.)",
            date(*signed_at),
            date(*limit),
            date(*now)
        )),
        SignatureError::NotYetCurrent {
            signed_at,
            limit,
            now,
        } => AwsError::signature_scope(format!(
            "Signature not yet current: {} is still later than {} ({} + 15 min.)",
            date(*signed_at),
            date(*limit),
            date(*now)
        )),
        SignatureError::PresignExpired {
            expired_at, now, ..
        } => AwsError::signature_scope(format!(
            "Signature expired: {} is now earlier than {}",
            date(*expired_at),
            date(*now)
        )),
        SignatureError::WrongPayloadHash
        | SignatureError::MissingSignedHeader { .. }
        | SignatureError::Mismatch => AwsError::signature_does_not_match(),
    };
    answer.because(error.reason())
}

/// A refusal of ours that AWS words in no known way, as a sentence.
fn sentence(error: &SignatureError) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    format!("{first}{}.", letters.as_str())
}

/// AWS's sentences about missing parts, in its order.
fn clauses(presigned: bool, missing: &[MissingPart]) -> String {
    let sentences = missing.iter().map(|part| match (part, presigned) {
        (MissingPart::Algorithm, _) => {
            "AWS query-string parameters must include 'X-Amz-Algorithm'."
        }
        (MissingPart::Credential, false) => "Authorization header requires 'Credential' parameter.",
        (MissingPart::Signature, false) => "Authorization header requires 'Signature' parameter.",
        (MissingPart::SignedHeaders, false) => {
            "Authorization header requires 'SignedHeaders' parameter."
        }
        (MissingPart::Date, false) => {
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        }
        (MissingPart::Credential, true) => {
            "AWS query-string parameters must include 'X-Amz-Credential'."
        }
        (MissingPart::Signature, true) => {
            "AWS query-string parameters must include 'X-Amz-Signature'."
        }
        (MissingPart::SignedHeaders, true) => {
            "AWS query-string parameters must include 'X-Amz-SignedHeaders'."
        }
        (MissingPart::Date, true) => "AWS query-string parameters must include 'X-Amz-Date'.",
    });
    sentences.collect::<Vec<_>>().join(" ")
}

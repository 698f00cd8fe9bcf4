//! The relying party: authorization code flow with PKCE, and every check of what comes back.
//!
//! `openidconnect` builds the requests and reads the provider's answers; the ID token is verified by
//! `jwt`, which refuses what general libraries let pass. Reference: OpenID Connect Core 1.0, RFC 7636,
//! RFC 9207; security.md OIDC-1 to OIDC-7.

use std::time::Duration;

use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata};
use openidconnect::{
    AccessToken, AuthType, AuthenticationContextClass, AuthorizationCode, ClientId, ClientSecret,
    CsrfToken, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    TokenResponse,
};
use serde_json::{Map, Value};
use url::Url;

use crate::clock::{Random, random_token};
use crate::config::{IdpConfig, TokenEndpointAuth};
use crate::identity::{EvidenceKind, Identity};
use crate::idp::PendingLogin;
use crate::idp::mapping::{self, ClaimNames, MappingError, Origin};
use crate::jwt::{self, Algorithm, Audience, Expectations, JwtError, Leeway, VerifiedIdToken};
use crate::outbound::{Discovery, KeyCache, KeyError, Outbound, OutboundError};

/// The largest answer of a token or userinfo endpoint.
const MAX_ANSWER: usize = 256 * 1024;

/// Why a sign-in did not come to an end.
#[derive(Debug, thiserror::Error)]
pub enum IdpError {
    /// The provider cannot be reached, or its discovery document cannot be used.
    #[error("the identity provider is not available: {0}")]
    Unavailable(#[from] KeyError),
    /// The provider's metadata or our entry for it does not fit the flow.
    #[error("the identity provider cannot be used: {0}")]
    Misconfigured(String),
    /// The response names another issuer than the one the browser was sent to (RFC 9207).
    #[error("the response came from another issuer")]
    IssuerMixup,
    /// The provider answered the browser with an error instead of a code.
    #[error("the identity provider refused: {0}")]
    Refused(String),
    /// The code could not be exchanged.
    #[error("the code could not be exchanged: {0}")]
    Token(String),
    /// The ID token did not hold.
    #[error("the ID token was refused: {0}")]
    IdToken(#[from] JwtError),
    /// `at_hash` is not of the access token that came along.
    #[error("the access token is not the one the ID token speaks of")]
    AccessTokenHash,
    /// Userinfo speaks of somebody else, or cannot be read.
    #[error("the userinfo answer was refused: {0}")]
    Userinfo(&'static str),
    /// The authentication was not as strong as asked for.
    #[error("the identity provider did not authenticate as asked")]
    Acr,
    /// The authentication is older than asked for.
    #[error("the identity provider's authentication is too old")]
    AuthTime,
    /// Groups that cannot be taken.
    #[error(transparent)]
    Mapping(#[from] MappingError),
}

impl IdpError {
    /// The stable reason code.
    pub fn reason(&self) -> &'static str {
        match self {
            IdpError::Unavailable(_) => "oidc.unavailable",
            IdpError::Misconfigured(_) => "oidc.misconfigured",
            IdpError::IssuerMixup => "oidc.issuer_mixup",
            IdpError::Refused(_) => "oidc.refused",
            IdpError::Token(_) | IdpError::AccessTokenHash | IdpError::Userinfo(_) => "oidc.token",
            IdpError::IdToken(JwtError::WrongNonce) => "oidc.nonce",
            IdpError::IdToken(error) => error.reason(),
            IdpError::Acr => "oidc.acr",
            IdpError::AuthTime => "oidc.auth_time",
            IdpError::Mapping(error) => error.reason(),
        }
    }

    /// Whether it is the provider's side that does not work, rather than a refusal.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, IdpError::Unavailable(_) | IdpError::Misconfigured(_))
    }
}

/// What the browser brought back, each parameter at most once.
#[derive(Debug)]
pub struct Callback {
    /// The authorization code.
    pub code: Option<String>,
    /// RFC 9207.
    pub issuer: Option<String>,
    /// An error code instead of an authorization code.
    pub error: Option<String>,
}

/// One `[[idp]]` entry at work.
pub struct RelyingParty {
    config: IdpConfig,
    redirect_uri: String,
    outbound: Outbound,
    keys: KeyCache,
}

/// The algorithms an entry lets through: those it lists, where the provider advertises them too (JWT-1).
pub fn algorithms(configured: &[String], advertised: &[String]) -> Vec<Algorithm> {
    configured
        .iter()
        .filter(|name| advertised.is_empty() || advertised.contains(name))
        .filter_map(|name| Algorithm::from_name(name))
        .collect()
}

impl RelyingParty {
    /// Puts an entry to work; nothing is fetched yet.
    pub fn new(
        config: IdpConfig,
        redirect_uri: String,
        outbound: Outbound,
        keys: KeyCache,
    ) -> RelyingParty {
        RelyingParty {
            config,
            redirect_uri,
            outbound,
            keys,
        }
    }

    /// The entry.
    pub fn config(&self) -> &IdpConfig {
        &self.config
    }

    /// Why the provider could not be reached last time, for the sign-in page.
    pub fn problem(&self) -> Option<String> {
        let failure = self.keys.last_failure(&self.config.issuer)?;
        Some(failure.to_string())
    }

    /// Reaches the provider; for `check`.
    pub async fn reach(&self) -> Result<(), IdpError> {
        let discovery = self.keys.discovery(&self.config.issuer).await?;
        metadata(&discovery)?;
        let offered = algorithms(&self.config.algorithms, &discovery.id_token_algorithms);
        if offered.is_empty() {
            return Err(IdpError::Misconfigured(
                "it signs with none of the algorithms that the entry admits".to_owned(),
            ));
        }
        let pkce = &discovery.code_challenge_methods;
        if !pkce.is_empty() && !pkce.iter().any(|method| method == "S256") {
            return Err(IdpError::Misconfigured(
                "it does not speak PKCE with S256".to_owned(),
            ));
        }
        Ok(())
    }

    /// Where to send the browser, and what must come back.
    pub async fn begin(
        &self,
        random: &dyn Random,
        now: i64,
        return_to: String,
    ) -> Result<(Url, PendingLogin), IdpError> {
        let discovery = self.keys.discovery(&self.config.issuer).await?;
        let pending = PendingLogin {
            idp: self.config.id.clone(),
            state: random_token(random, 32),
            nonce: random_token(random, 32),
            pkce_verifier: random_token(random, 32),
            return_to,
            started_at: now,
        };
        let client = CoreClient::from_provider_metadata(
            metadata(&discovery)?,
            ClientId::new(self.config.client_id.clone()),
            None,
        )
        .set_redirect_uri(self.redirect()?);
        let verifier = PkceCodeVerifier::new(pending.pkce_verifier.clone());
        let (state, nonce) = (pending.state.clone(), pending.nonce.clone());
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || CsrfToken::new(state),
                || Nonce::new(nonce),
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        for scope in self.config.scopes.iter().filter(|scope| *scope != "openid") {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        for acr in &self.config.acr_values {
            request = request.add_auth_context_value(AuthenticationContextClass::new(acr.clone()));
        }
        if let Some(max_age) = self.config.max_age {
            request = request.set_max_age(max_age);
        }
        if let Some(prompt) = &self.config.prompt {
            request = request.add_extra_param("prompt", prompt.clone());
        }
        let (url, _, _) = request.url();
        Ok((url, pending))
    }

    fn redirect(&self) -> Result<RedirectUrl, IdpError> {
        RedirectUrl::new(self.redirect_uri.clone())
            .map_err(|error| IdpError::Misconfigured(error.to_string()))
    }

    /// Takes what the browser brought back and says who signed in. The caller has matched `state` with
    /// the browser's cookie and used it up.
    pub async fn finish(
        &self,
        pending: &PendingLogin,
        callback: Callback,
        now: i64,
    ) -> Result<Identity, IdpError> {
        let discovery = self.keys.discovery(&self.config.issuer).await?;
        // Before the code goes anywhere: is this answer from the provider we sent the browser to?
        match &callback.issuer {
            Some(issuer) if *issuer != self.config.issuer => return Err(IdpError::IssuerMixup),
            None if discovery.iss_parameter => return Err(IdpError::IssuerMixup),
            _ => {}
        }
        if let Some(error) = callback.error {
            return Err(IdpError::Refused(error));
        }
        let code = callback
            .code
            .ok_or_else(|| IdpError::Refused("no code came back".to_owned()))?;
        let (id_token, access_token) = self.redeem(&discovery, pending, code).await?;
        let token = self.verify(&discovery, &id_token, pending, now).await?;
        check_access_token_hash(&token, &access_token)?;
        let mut claims = token.claims().clone();
        self.add_userinfo(&discovery, &token, &access_token, &mut claims)
            .await?;
        self.check_strength(&claims, now)?;
        let session = i64::try_from(self.config.max_session.as_secs()).unwrap_or(0);
        let origin = Origin {
            provider: &self.config.id,
            kind: EvidenceKind::Oidc,
            valid_until: now + session,
            seen_at: now,
        };
        let names = ClaimNames {
            groups: &self.config.groups_claim,
            name: &self.config.name_claim,
            email: &self.config.email_claim,
        };
        let identity = mapping::identity(&token, &claims, names, origin)?;
        // The nonce proves that the token was made for this sign-in: it counts from now, whatever the provider's clock
        // says, so that whoever was cut off a moment ago gets in again.
        Ok(Identity {
            issued_at: now,
            ..identity
        })
    }

    /// Exchanges the code at the token endpoint.
    async fn redeem(
        &self,
        discovery: &Discovery,
        pending: &PendingLogin,
        code: String,
    ) -> Result<(String, AccessToken), IdpError> {
        let secret = self.config.client_secret.as_ref();
        let secret = secret.map(|secret| ClientSecret::new(secret.expose().clone()));
        let auth = match self.config.token_endpoint_auth {
            TokenEndpointAuth::ClientSecretBasic => AuthType::BasicAuth,
            TokenEndpointAuth::ClientSecretPost => AuthType::RequestBody,
        };
        let client = CoreClient::from_provider_metadata(
            metadata(discovery)?,
            ClientId::new(self.config.client_id.clone()),
            secret,
        )
        .set_redirect_uri(self.redirect()?)
        .set_auth_type(auth);
        let http = TokenEndpoint(&self.outbound);
        let answer = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| IdpError::Misconfigured(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(pending.pkce_verifier.clone()))
            .request_async(&http)
            .await
            // The answer may quote the code; its kind is enough for the log.
            .map_err(|error| IdpError::Token(describe(&error)))?;
        let bearer = answer.token_type().as_ref().eq_ignore_ascii_case("bearer");
        if !bearer {
            return Err(IdpError::Token("the token type is not Bearer".to_owned()));
        }
        let id_token = answer
            .id_token()
            .ok_or_else(|| IdpError::Token("no ID token came".to_owned()))?;
        Ok((id_token.to_string(), answer.access_token().clone()))
    }

    async fn verify(
        &self,
        discovery: &Discovery,
        id_token: &str,
        pending: &PendingLogin,
        now: i64,
    ) -> Result<VerifiedIdToken, IdpError> {
        let unverified = jwt::read(id_token)?;
        let issuer = &self.config.issuer;
        let keys = self
            .keys
            .keys_with(issuer, unverified.key_id.as_deref())
            .await?;
        let allowed = algorithms(&self.config.algorithms, &discovery.id_token_algorithms);
        let skew = i64::try_from(self.config.clock_skew.as_secs()).unwrap_or(0);
        let expectations = Expectations {
            leeway: Leeway::all(skew),
            nonce: Some(&pending.nonce),
            ..Expectations::new(
                issuer,
                Audience::RelyingParty(&self.config.client_id),
                &allowed,
                now,
            )
        };
        Ok(jwt::verify(id_token, &keys, &expectations)?)
    }

    /// Asks userinfo for the claims that the ID token left out; many providers keep it that small.
    async fn add_userinfo(
        &self,
        discovery: &Discovery,
        token: &VerifiedIdToken,
        access_token: &AccessToken,
        claims: &mut Map<String, Value>,
    ) -> Result<(), IdpError> {
        let wanted = [
            &self.config.groups_claim,
            &self.config.name_claim,
            &self.config.email_claim,
        ];
        let Some(endpoint) = &discovery.userinfo_endpoint else {
            return Ok(());
        };
        if wanted.iter().all(|name| claims.contains_key(name.as_str())) {
            return Ok(());
        }
        let request = http::Request::get(endpoint.as_str())
            .header("authorization", format!("Bearer {}", access_token.secret()))
            .header("accept", "application/json")
            .body(Vec::new())
            .map_err(|_| IdpError::Userinfo("its endpoint is no URL"))?;
        let answer = self
            .outbound
            .send(request, MAX_ANSWER)
            .await
            .map_err(unreachable)?;
        if !answer.status().is_success() {
            return Err(IdpError::Userinfo("it was not answered with success"));
        }
        let info: Map<String, Value> = serde_json::from_slice(answer.body())
            .map_err(|_| IdpError::Userinfo("it is not a JSON object"))?;
        if info.get("sub").and_then(Value::as_str) != Some(token.subject()) {
            return Err(IdpError::Userinfo("it is about somebody else"));
        }
        for (name, value) in info {
            claims.entry(name).or_insert(value);
        }
        Ok(())
    }

    /// What was asked for in the request must be seen in the answer (OIDC-6).
    fn check_strength(&self, claims: &Map<String, Value>, now: i64) -> Result<(), IdpError> {
        if !self.config.acr_values.is_empty() {
            let acr = claims
                .get("acr")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if !self.config.acr_values.iter().any(|wanted| wanted == acr) {
                return Err(IdpError::Acr);
            }
        }
        if let Some(max_age) = self.config.max_age {
            let authenticated = claims.get("auth_time").and_then(Value::as_i64);
            let allowed = max_age + self.config.clock_skew;
            let age = authenticated.and_then(|at| u64::try_from(now - at).ok());
            let future = authenticated.is_some_and(|at| at > now);
            if future || age.is_none_or(|age| Duration::from_secs(age) > allowed) {
                return Err(IdpError::AuthTime);
            }
        }
        Ok(())
    }
}

/// `openidconnect`'s view of [`Outbound`]: bounds and address rules hold for its calls too.
struct TokenEndpoint<'o>(&'o Outbound);

impl<'c> openidconnect::AsyncHttpClient<'c> for TokenEndpoint<'_> {
    type Error = OutboundError;
    type Future = std::pin::Pin<
        Box<dyn Future<Output = Result<openidconnect::HttpResponse, OutboundError>> + Send + 'c>,
    >;

    fn call(&'c self, request: openidconnect::HttpRequest) -> Self::Future {
        Box::pin(self.0.send(request, MAX_ANSWER))
    }
}

fn unreachable(error: OutboundError) -> IdpError {
    IdpError::Unavailable(KeyError::Outbound(error))
}

fn metadata(discovery: &Discovery) -> Result<CoreProviderMetadata, IdpError> {
    serde_json::from_slice(&discovery.raw)
        .map_err(|error| IdpError::Misconfigured(format!("its metadata: {error}")))
}

/// What went wrong at the token endpoint, without what it may quote: codes and secrets.
fn describe<E>(
    error: &openidconnect::RequestTokenError<
        E,
        openidconnect::StandardErrorResponse<openidconnect::core::CoreErrorResponseType>,
    >,
) -> String
where
    E: std::error::Error + 'static,
{
    use openidconnect::RequestTokenError as Fault;
    match error {
        Fault::ServerResponse(answer) => answer.error().to_string(),
        Fault::Request(error) => error.to_string(),
        Fault::Parse(error, _) => format!("unreadable answer at {}", error.path()),
        Fault::Other(_) => "an answer that is none".to_owned(),
    }
}

/// `at_hash`: the left half of the access token's hash, by the hash of the ID token's algorithm.
fn check_access_token_hash(
    token: &VerifiedIdToken,
    access_token: &AccessToken,
) -> Result<(), IdpError> {
    use base64::Engine;
    use sha2::{Digest, Sha256, Sha384, Sha512};
    let Some(claimed) = token.claims().get("at_hash") else {
        return Ok(());
    };
    let secret = access_token.secret().as_bytes();
    let digest = match token.algorithm() {
        Algorithm::Rs384 | Algorithm::Ps384 | Algorithm::Es384 => Sha384::digest(secret).to_vec(),
        Algorithm::Rs512 | Algorithm::Ps512 | Algorithm::Es512 | Algorithm::EdDsa => {
            Sha512::digest(secret).to_vec()
        }
        _ => Sha256::digest(secret).to_vec(),
    };
    let half = digest.get(..digest.len() / 2).unwrap_or_default();
    let expected = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(half);
    match claimed.as_str() {
        Some(claimed) if claimed == expected => Ok(()),
        _ => Err(IdpError::AccessTokenHash),
    }
}

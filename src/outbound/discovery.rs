//! What an OpenID provider says about itself (OpenID Connect Discovery 1.0 §3 and §4).

use http::StatusCode;
use serde::Deserialize;
use url::Url;

use super::client::{Limits, Outbound};
use super::error::OutboundError;

/// The largest discovery document that is read; real ones are 1 to 8 KiB.
const MAX_BYTES: usize = 256 * 1024;

/// A provider's discovery document, fetched from the configured issuer and claiming to be exactly that issuer.
///
/// The endpoints may be on other hosts than the issuer's (Google's keys are on `www.googleapis.com`, Entra's on
/// several). NET-1 asks for the same origin or an explicit list: the document of a *configured* issuer, fetched
/// over TLS from that issuer and naming it, is that list. Whoever could write another host into it could as well
/// put other keys behind the old one. Every endpoint still has to pass the address rules when it is called.
#[derive(Debug, Clone)]
pub struct Discovery {
    /// The issuer: equal, byte for byte, to the configured one.
    pub issuer: String,
    /// Where the keys are.
    pub jwks_uri: Url,
    /// Where people are sent to sign in. CI platforms have none.
    pub authorization_endpoint: Option<Url>,
    /// Where a code is exchanged. CI platforms have none.
    pub token_endpoint: Option<Url>,
    /// Where further claims are, if anywhere.
    pub userinfo_endpoint: Option<Url>,
    /// Where people are sent to sign out, if anywhere.
    pub end_session_endpoint: Option<Url>,
    /// The algorithms that the provider says it signs ID tokens with (JWT-1).
    pub id_token_algorithms: Vec<String>,
    /// How a client may authenticate at the token endpoint; `client_secret_basic` where it says nothing.
    pub token_auth_methods: Vec<String>,
    /// The PKCE methods it speaks, where it says so.
    pub code_challenge_methods: Vec<String>,
    /// Whether every authorization response carries `iss` (RFC 9207), which is then required (OIDC-2).
    pub iss_parameter: bool,
    /// The document as received.
    pub raw: Vec<u8>,
}

/// Why a provider's discovery document cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    /// The document could not be fetched.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// The issuer is not a URL.
    #[error("the issuer is not a URL")]
    IssuerUrl,
    /// The server answered, but not with the document.
    #[error("the discovery document was answered with status {0}")]
    Status(u16),
    /// Not a JSON object of the right shape.
    #[error("the discovery document is malformed: {0}")]
    Malformed(String),
    /// It speaks for somebody else (OIDC-3).
    #[error("the discovery document is of issuer `{found}`, not `{expected}`")]
    Issuer {
        /// The configured issuer.
        expected: String,
        /// What the document says.
        found: String,
    },
    /// An endpoint that may not be called or that people may not be sent to.
    #[error("the discovery document's {name} is not an https URL")]
    Endpoint {
        /// The member's name.
        name: &'static str,
    },
}

impl DiscoveryError {
    /// Whether the provider may well answer properly a moment later.
    pub fn is_transient(&self) -> bool {
        match self {
            DiscoveryError::Outbound(cause) => cause.is_transient(),
            DiscoveryError::Status(status) => *status >= 500 || *status == 429,
            _ => false,
        }
    }
}

/// The members we read. A member that is there twice is refused by the reader serde derives.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    jwks_uri: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    #[serde(default)]
    id_token_signing_alg_values_supported: Vec<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    code_challenge_methods_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Discovery {
    /// Fetches and checks the document of `issuer`, which comes from configuration, never from a request.
    pub async fn fetch(outbound: &Outbound, issuer: &str) -> Result<Discovery, DiscoveryError> {
        // "Any terminating / MUST be removed before appending" (Discovery §4.1).
        let base = issuer.strip_suffix('/').unwrap_or(issuer);
        let url = Url::parse(&format!("{base}/.well-known/openid-configuration"))
            .map_err(|_| DiscoveryError::IssuerUrl)?;
        let limits = Limits {
            max_bytes: MAX_BYTES,
            accept: "application/json",
        };
        let fetched = outbound.get(&url, limits).await?;
        if fetched.status != StatusCode::OK {
            return Err(DiscoveryError::Status(fetched.status.as_u16()));
        }
        Discovery::parse(issuer, fetched.body, outbound.allows_loopback_http())
    }

    /// Checks a document that claims to be `issuer`'s.
    fn parse(issuer: &str, raw: Vec<u8>, loopback_http: bool) -> Result<Discovery, DiscoveryError> {
        let document: Document = serde_json::from_slice(&raw)
            .map_err(|cause| DiscoveryError::Malformed(cause.to_string()))?;
        if document.issuer != issuer {
            return Err(DiscoveryError::Issuer {
                expected: issuer.to_owned(),
                found: document.issuer,
            });
        }
        let endpoint = |name, url: &str| {
            let url = Url::parse(url).map_err(|_| DiscoveryError::Endpoint { name })?;
            let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
            let schemes =
                url.scheme() == "https" || (url.scheme() == "http" && loopback && loopback_http);
            if schemes && url.has_host() && url.username().is_empty() && url.password().is_none() {
                Ok(url)
            } else {
                Err(DiscoveryError::Endpoint { name })
            }
        };
        let optional =
            |name, url: &Option<String>| url.as_deref().map(|url| endpoint(name, url)).transpose();
        Ok(Discovery {
            jwks_uri: endpoint("jwks_uri", &document.jwks_uri)?,
            authorization_endpoint: optional(
                "authorization_endpoint",
                &document.authorization_endpoint,
            )?,
            token_endpoint: optional("token_endpoint", &document.token_endpoint)?,
            userinfo_endpoint: optional("userinfo_endpoint", &document.userinfo_endpoint)?,
            end_session_endpoint: optional("end_session_endpoint", &document.end_session_endpoint)?,
            issuer: document.issuer,
            id_token_algorithms: document.id_token_signing_alg_values_supported,
            token_auth_methods: document
                .token_endpoint_auth_methods_supported
                .unwrap_or_else(|| vec!["client_secret_basic".to_owned()]),
            code_challenge_methods: document.code_challenge_methods_supported,
            iss_parameter: document.authorization_response_iss_parameter_supported,
            raw,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::outbound::test_server::{Answer, TestServer, loopback_outbound};

    const ISSUER: &str = "https://idp.example.com";

    fn good() -> Value {
        json!({
            "issuer": ISSUER,
            "jwks_uri": "https://keys.example.net/jwks",
            "authorization_endpoint": "https://idp.example.com/authorize",
            "token_endpoint": "https://idp.example.com/token",
            "id_token_signing_alg_values_supported": ["RS256"],
        })
    }

    fn parse(document: &Value) -> Result<Discovery, DiscoveryError> {
        Discovery::parse(ISSUER, document.to_string().into_bytes(), false)
    }

    #[test]
    fn endpoints_may_be_on_other_hosts_than_the_issuer() {
        let discovery = parse(&good()).unwrap();
        assert_eq!(discovery.jwks_uri.as_str(), "https://keys.example.net/jwks");
        assert_eq!(discovery.token_auth_methods, ["client_secret_basic"]);
        assert!(!discovery.iss_parameter);
    }

    #[test]
    fn a_ci_platform_needs_no_more_than_its_keys() {
        let document = json!({"issuer": ISSUER, "jwks_uri": "https://idp.example.com/jwks"});
        assert_eq!(parse(&document).unwrap().authorization_endpoint, None);
    }

    #[test]
    fn another_issuer_is_refused_down_to_the_last_slash() {
        for issuer in [
            "https://idp.example.com/",
            "https://IdP.example.com",
            "https://evil.example",
        ] {
            let mut document = good();
            document["issuer"] = issuer.into();
            assert_eq!(
                parse(&document).unwrap_err(),
                DiscoveryError::Issuer {
                    expected: ISSUER.into(),
                    found: issuer.into()
                }
            );
        }
    }

    #[test]
    fn an_endpoint_that_is_not_https_is_refused_by_name() {
        for name in [
            "jwks_uri",
            "authorization_endpoint",
            "token_endpoint",
            "userinfo_endpoint",
        ] {
            for url in [
                "http://idp.example.com/x",
                "javascript:alert(1)",
                "/x",
                "http://127.0.0.1/x",
            ] {
                let mut document = good();
                document[name] = url.into();
                match parse(&document) {
                    Err(DiscoveryError::Endpoint { name: found }) => assert_eq!(found, name),
                    other => panic!("{name} {url}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn loopback_endpoints_are_for_the_demo() {
        let mut document = good();
        document["jwks_uri"] = "http://127.0.0.1:8081/jwks".into();
        assert!(Discovery::parse(ISSUER, document.to_string().into(), true).is_ok());
        assert!(Discovery::parse(ISSUER, document.to_string().into(), false).is_err());
    }

    #[test]
    fn a_repeated_member_is_refused() {
        let raw = br#"{"issuer":"https://idp.example.com","issuer":"https://idp.example.com","jwks_uri":"https://a.example"}"#;
        let problem = Discovery::parse(ISSUER, raw.to_vec(), false).unwrap_err();
        assert!(matches!(problem, DiscoveryError::Malformed(_)), "{problem}");
    }

    #[tokio::test]
    async fn an_issuers_last_slash_is_not_doubled_and_still_compared() {
        let server = TestServer::start().await;
        let issuer = server.url() + "/tenant/";
        let path = "/tenant/.well-known/openid-configuration";
        let document = json!({"issuer": issuer, "jwks_uri": server.url() + "/keys"});
        server.answer(path, Answer::ok(document.to_string()));
        let outbound = loopback_outbound();
        assert!(Discovery::fetch(&outbound, &issuer).await.is_ok());
        let without = issuer.trim_end_matches('/');
        let refused = Discovery::fetch(&outbound, without).await.unwrap_err();
        assert!(
            matches!(refused, DiscoveryError::Issuer { .. }),
            "{refused}"
        );
        assert_eq!(server.asked(path), 2);
    }

    #[tokio::test]
    async fn a_missing_document_lasts_and_a_broken_server_does_not() {
        let server = TestServer::start().await;
        let outbound = loopback_outbound();
        let path = "/.well-known/openid-configuration";
        for (status, transient) in [
            (404, false),
            (403, false),
            (500, true),
            (503, true),
            (429, true),
        ] {
            server.answer(path, Answer::status(status));
            let refused = Discovery::fetch(&outbound, &server.url())
                .await
                .unwrap_err();
            assert_eq!(refused, DiscoveryError::Status(status));
            assert_eq!(refused.is_transient(), transient, "{status}");
        }
    }
}

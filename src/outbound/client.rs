//! The one HTTP client for other people's servers.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use url::Url;

use super::error::OutboundError;
use super::resolver::CheckedResolver;
use super::rules::{OutboundRules, Rules};

/// From the first packet to an established TLS connection, the name's resolution included.
const CONNECT: Duration = Duration::from_secs(3);
/// From the start of a call to the last byte of its body.
const TOTAL: Duration = Duration::from_secs(10);

/// Calls other people's servers within the rules: https, TLS 1.2 or later, checked addresses, no redirects, no
/// cookies, no proxy of the environment, bounded time and size.
///
/// Cheap to clone; connections are shared.
#[derive(Debug, Clone)]
pub struct Outbound {
    http: reqwest::Client,
    rules: Arc<Rules>,
}

/// What one caller of [`Outbound::get`] expects.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest body that is read.
    pub max_bytes: usize,
    /// The `Accept` header.
    pub accept: &'static str,
}

/// An answer, whole and within its limits.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The status, never a redirect.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Outbound {
    /// Sets the client up. Trust anchors are those of the system, and the rules' own beside them.
    ///
    /// A machine without any (a bare container) still gets a client: it trusts nobody, so that the demo on
    /// loopback works there and every call to an https server fails and says why.
    pub fn new(rules: OutboundRules) -> Result<Outbound, OutboundError> {
        let setup = |cause: reqwest::Error| OutboundError::Setup(innermost(&cause));
        let own_roots = match &rules.ca_pem {
            Some(pem) => reqwest::Certificate::from_pem_bundle(pem).map_err(setup)?,
            None => Vec::new(),
        };
        if rules.ca_pem.is_some() && own_roots.is_empty() {
            let cause = "the CA file holds no certificate".to_owned();
            return Err(OutboundError::Setup(cause));
        }
        let checked = Arc::new(Rules::new(&rules));
        let http = match builder(&rules, &checked)?
            .tls_certs_merge(own_roots)
            .build()
        {
            Ok(http) => http,
            Err(cause) if rules.ca_pem.is_none() => {
                tracing::warn!(
                    cause = innermost(&cause),
                    "no trusted root certificates on this system: calls to https servers will fail"
                );
                builder(&rules, &checked)?
                    .tls_certs_only([])
                    .build()
                    .map_err(setup)?
            }
            Err(cause) => return Err(setup(cause)),
        };
        Ok(Outbound {
            http,
            rules: checked,
        })
    }

    /// Whether plain http to this machine is allowed, as it is in the demo.
    pub fn allows_loopback_http(&self) -> bool {
        self.rules.allows_loopback_http()
    }

    /// Whether `url` may be called, as far as can be said before its name is resolved.
    pub fn may_call(&self, url: &Url) -> bool {
        self.rules.check(url).is_ok()
    }

    /// Fetches `url`. A redirect is an error; any other status is the caller's to judge.
    pub async fn get(&self, url: &Url, limits: Limits) -> Result<Fetched, OutboundError> {
        self.rules.check(url)?;
        let mut request = reqwest::Request::new(http::Method::GET, url.clone());
        request
            .headers_mut()
            .insert(header::ACCEPT, HeaderValue::from_static(limits.accept));
        let fetched = self.execute(request, limits.max_bytes).await?;
        if fetched.status.is_redirection() {
            return Err(OutboundError::Redirect(fetched.status.as_u16()));
        }
        Ok(fetched)
    }

    /// Sends any request, for programs that bring their own (OAuth 2.0 token calls, a remote STS).
    ///
    /// Redirects come back as they are and are never followed.
    pub async fn send(
        &self,
        request: http::Request<Vec<u8>>,
        max_bytes: usize,
    ) -> Result<http::Response<Vec<u8>>, OutboundError> {
        let request = reqwest::Request::try_from(request).map_err(|_| OutboundError::Url {
            url: String::new(),
            problem: "it is not an absolute URL",
        })?;
        self.rules.check(request.url())?;
        let fetched = self.execute(request, max_bytes).await?;
        let mut response = http::Response::new(fetched.body);
        *response.status_mut() = fetched.status;
        *response.headers_mut() = fetched.headers;
        Ok(response)
    }

    async fn execute(
        &self,
        request: reqwest::Request,
        max_bytes: usize,
    ) -> Result<Fetched, OutboundError> {
        let host = request.url().host_str().unwrap_or_default().to_owned();
        let translate = |cause| outbound_error(&host, cause);
        let mut response = self.http.execute(request).await.map_err(translate)?;
        if response.content_length() > Some(max_bytes as u64) {
            return Err(OutboundError::TooLarge(max_bytes));
        }
        // We ask for `identity` and unpack nothing: no decompression bomb, and nothing else to bound.
        let encoding = response.headers().get(header::CONTENT_ENCODING);
        if encoding.is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(OutboundError::Encoded);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(translate)? {
            if chunk.len() > max_bytes - body.len() {
                return Err(OutboundError::TooLarge(max_bytes));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Fetched {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            body,
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that makes an HTTP client"
)]
fn builder(
    rules: &OutboundRules,
    checked: &Arc<Rules>,
) -> Result<reqwest::ClientBuilder, OutboundError> {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    let builder = reqwest::Client::builder()
        .user_agent(concat!("drawbridge/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .tls_backend_rustls()
        .tls_version_min(reqwest::tls::Version::TLS_1_2)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(CONNECT)
        .timeout(TOTAL)
        .pool_max_idle_per_host(4)
        .pool_idle_timeout(Duration::from_secs(60))
        .dns_resolver(CheckedResolver::new(Arc::clone(checked)));
    let Some(proxy) = rules.proxy.clone() else {
        return Ok(builder);
    };
    if !matches!(proxy.scheme(), "http" | "https") || proxy.host_str().is_none() {
        let cause = "the proxy is not an http or https URL".to_owned();
        return Err(OutboundError::Setup(cause));
    }
    let checked = Arc::clone(checked);
    Ok(builder.proxy(reqwest::Proxy::custom(move |url| {
        checked.goes_to_proxy(url).then(|| proxy.clone())
    })))
}

fn outbound_error(host: &str, cause: reqwest::Error) -> OutboundError {
    let mut inner = cause.source();
    while let Some(error) = inner {
        if let Some(refused) = error.downcast_ref::<OutboundError>() {
            return refused.clone();
        }
        inner = error.source();
    }
    if cause.is_connect() {
        // A connection that takes too long is one that was not made; only the cause tells them apart.
        let cause = innermost(&cause);
        let host = host.to_owned();
        OutboundError::Connect { host, cause }
    } else if cause.is_timeout() {
        OutboundError::Timeout(TOTAL)
    } else {
        OutboundError::Broken(innermost(&cause))
    }
}

/// The last cause of a chain, which is the one that says something ("connection refused").
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::outbound::address::AddressClass;
    use crate::outbound::test_server::{Answer, SMALL, TestServer, loopback_outbound};

    fn url(url: impl AsRef<str>) -> Url {
        Url::parse(url.as_ref()).unwrap()
    }

    #[tokio::test]
    async fn an_answer_within_its_limits_comes_back_whole() {
        let server = TestServer::start().await;
        server.answer("/x", Answer::ok("hello"));
        let fetched = loopback_outbound()
            .get(&url(server.url() + "/x"), SMALL)
            .await
            .unwrap();
        assert_eq!(
            (fetched.status, fetched.body.as_slice()),
            (StatusCode::OK, &b"hello"[..])
        );
        let asked = server.last();
        assert_eq!(asked.headers()["accept"], "application/json");
        assert_eq!(asked.headers()["accept-encoding"], "identity");
        assert_eq!(asked.headers().get("cookie"), None);
        assert_eq!(asked.headers().get("authorization"), None);
    }

    #[tokio::test]
    async fn any_status_but_a_redirect_is_the_callers_to_judge() {
        let server = TestServer::start().await;
        server.answer("/x", Answer::status(503));
        let fetched = loopback_outbound()
            .get(&url(server.url() + "/x"), SMALL)
            .await
            .unwrap();
        assert_eq!(fetched.status, StatusCode::SERVICE_UNAVAILABLE);
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let server = TestServer::start().await;
        let to = vec![("location", server.url() + "/secret")];
        server.answer("/x", Answer::Plain(302, to, Vec::new()));
        let outbound = loopback_outbound();
        let refused = outbound
            .get(&url(server.url() + "/x"), SMALL)
            .await
            .unwrap_err();
        assert_eq!(refused, OutboundError::Redirect(302));

        let request = http::Request::get(server.url() + "/x")
            .body(Vec::new())
            .unwrap();
        let response = outbound.send(request, 1024).await.unwrap();
        assert_eq!(response.status(), StatusCode::FOUND);
        assert_eq!(server.asked("/secret"), 0);
    }

    #[tokio::test]
    async fn a_body_beyond_the_limit_is_not_read_whether_it_says_so_or_not() {
        let server = TestServer::start().await;
        server.answer("/said", Answer::ok(vec![b' '; 10 << 20]));
        server.answer("/unsaid", Answer::Endless(10 << 20));
        for path in ["/said", "/unsaid"] {
            let refused = loopback_outbound()
                .get(&url(server.url() + path), SMALL)
                .await;
            assert_eq!(
                refused.unwrap_err(),
                OutboundError::TooLarge(SMALL.max_bytes),
                "{path}"
            );
        }
    }

    #[tokio::test]
    async fn a_body_of_exactly_the_limit_is_read() {
        let server = TestServer::start().await;
        server.answer("/x", Answer::Endless(SMALL.max_bytes));
        let fetched = loopback_outbound()
            .get(&url(server.url() + "/x"), SMALL)
            .await
            .unwrap();
        assert_eq!(fetched.body.len(), SMALL.max_bytes);
    }

    #[tokio::test]
    async fn a_compressed_body_is_refused() {
        let server = TestServer::start().await;
        let gzip = vec![("content-encoding", "gzip".to_owned())];
        server.answer("/x", Answer::Plain(200, gzip, b"bomb".to_vec()));
        let refused = loopback_outbound()
            .get(&url(server.url() + "/x"), SMALL)
            .await;
        assert_eq!(refused.unwrap_err(), OutboundError::Encoded);
    }

    #[tokio::test]
    async fn a_server_that_hangs_costs_ten_seconds_and_no_more() {
        let server = TestServer::start().await;
        server.answer("/x", Answer::Hang(Duration::from_secs(60)));
        let start = Instant::now();
        let refused = loopback_outbound()
            .get(&url(server.url() + "/x"), SMALL)
            .await;
        assert_eq!(refused.unwrap_err(), OutboundError::Timeout(TOTAL));
        assert!(start.elapsed() < Duration::from_secs(12));
    }

    #[tokio::test]
    async fn nobody_listening_is_told_apart_from_being_refused() {
        let port = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().port()
        };
        let refused = loopback_outbound()
            .get(&url(format!("http://127.0.0.1:{port}/")), SMALL)
            .await;
        let error = refused.unwrap_err();
        assert!(
            matches!(&error, OutboundError::Connect { host, .. } if host == "127.0.0.1"),
            "{error}"
        );
        assert!(error.is_transient());
    }

    #[tokio::test]
    async fn a_private_address_sees_no_connection() {
        let server = TestServer::start().await;
        let outbound = Outbound::new(OutboundRules::default()).unwrap();
        let port = server.port();
        for host in [
            "127.0.0.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "0.0.0.0",
            "2130706433",
        ] {
            let refused = outbound
                .get(&url(format!("https://{host}:{port}/x")), SMALL)
                .await;
            let error = refused.unwrap_err();
            assert!(
                matches!(error, OutboundError::Address { .. }),
                "{host}: {error}"
            );
            let request = http::Request::get(format!("https://{host}:{port}/x"))
                .body(Vec::new())
                .unwrap();
            assert!(outbound.send(request, 1024).await.is_err(), "{host}");
        }
        assert_eq!(server.connections(), 0);
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_this_machine_sees_no_connection() {
        let server = TestServer::start().await;
        let outbound = Outbound::new(OutboundRules::default()).unwrap();
        let refused = outbound
            .get(
                &url(format!("https://localhost:{}/x", server.port())),
                SMALL,
            )
            .await;
        assert_eq!(
            refused.unwrap_err(),
            OutboundError::Address {
                host: "localhost".into(),
                class: AddressClass::Loopback
            }
        );
        assert_eq!(server.connections(), 0);
    }

    #[tokio::test]
    async fn a_listed_name_is_called_and_still_has_to_show_a_certificate() {
        let server = TestServer::start().await;
        let outbound = Outbound::new(OutboundRules {
            allow_private: vec!["localhost".into()],
            ..OutboundRules::default()
        })
        .unwrap();
        let port = server.port();
        let refused = outbound
            .get(&url(format!("https://localhost:{port}/x")), SMALL)
            .await;
        assert!(
            matches!(refused, Err(OutboundError::Connect { .. })),
            "{refused:?}"
        );
        assert!(server.connections() > 0);
        assert_eq!(server.asked("/x"), 0);
        assert!(
            outbound
                .get(&url(format!("http://localhost:{port}/x")), SMALL)
                .await
                .is_err()
        );
    }

    #[tokio::test]
    async fn the_demo_calls_this_machine_by_name() {
        let server = TestServer::start().await;
        server.answer("/x", Answer::ok("hello"));
        let url = url(format!("http://localhost:{}/x", server.port()));
        assert!(loopback_outbound().get(&url, SMALL).await.is_ok());
    }

    #[tokio::test]
    async fn the_proxy_is_asked_for_others_and_not_for_listed_hosts() {
        let (proxy, listed) = (TestServer::start().await, TestServer::start().await);
        listed.answer("/x", Answer::ok("direct"));
        let outbound = Outbound::new(OutboundRules {
            allow_loopback_http: true,
            proxy: Some(url(proxy.url())),
            ..OutboundRules::default()
        })
        .unwrap();
        assert!(outbound.get(&url(listed.url() + "/x"), SMALL).await.is_ok());
        assert_eq!(proxy.connections(), 0);
        let refused = outbound
            .get(&url("https://login.example.com/x"), SMALL)
            .await;
        assert!(
            matches!(refused, Err(OutboundError::Connect { .. })),
            "{refused:?}"
        );
        assert_eq!(proxy.last().method(), http::Method::CONNECT);
    }

    #[test]
    fn a_ca_file_without_certificates_is_refused_at_the_start() {
        for pem in [
            &b""[..],
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            let rules = OutboundRules {
                ca_pem: Some(pem.to_vec()),
                ..OutboundRules::default()
            };
            assert!(matches!(Outbound::new(rules), Err(OutboundError::Setup(_))));
        }
    }
}

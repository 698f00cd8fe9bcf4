//! Signing requests of our own, to remote STSs and in tests.

use http::header::{AUTHORIZATION, InvalidHeaderValue};
use http::{HeaderMap, HeaderValue};
use time::{Duration, OffsetDateTime};

use super::canonical::{self, PathRule, PayloadRule, SignedRequest, UNSIGNED_PAYLOAD};
use super::key::{hex, hmac, sha256_hex, signing_key};
use super::{ALGORITHM, SignatureError, TERMINATOR, amz_date, query};
use crate::secret::Secret;

/// What to sign with.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The access key id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: Secret<String>,
    /// The session token of temporary credentials.
    pub session_token: Option<Secret<String>>,
}

/// Headers that intermediaries change or that say nothing about the request's meaning.
const NOT_SIGNED: [&str; 10] = [
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "expect",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-amzn-trace-id",
];

/// The headers to add to a request so that it is signed: `authorization`, `x-amz-date`, and `x-amz-security-token` for
/// temporary credentials. The request must have its `host` already, and none of these.
pub fn sign(
    request: &SignedRequest<'_>,
    credentials: &Credentials,
    region: &str,
    service: &str,
    now: OffsetDateTime,
) -> Result<HeaderMap, InvalidHeaderValue> {
    let date = amz_date(now);
    let mut added = HeaderMap::new();
    added.insert("x-amz-date", HeaderValue::from_str(&date)?);
    if let Some(token) = &credentials.session_token {
        let mut token = HeaderValue::from_str(token.expose())?;
        token.set_sensitive(true);
        added.insert("x-amz-security-token", token);
    }
    let mut all = request.headers.clone();
    all.extend(added.clone());
    let signing = Signing {
        credentials,
        region,
        service,
        date: &date,
    };
    let headers = signed_headers(&all);
    let query = query::canonical(query::pairs(request.query));
    let payload = match all
        .get("x-amz-content-sha256")
        .and_then(|it| it.to_str().ok())
    {
        Some(declared) => declared.to_owned(),
        None => sha256_hex(request.body),
    };
    let signature = signing.signature(
        &SignedRequest {
            headers: &all,
            ..*request
        },
        &query,
        &headers,
        &payload,
    );
    let mut authorization = HeaderValue::from_str(&format!(
        "{ALGORITHM} Credential={}, SignedHeaders={headers}, Signature={signature}",
        signing.credential(),
    ))?;
    authorization.set_sensitive(true);
    added.insert(AUTHORIZATION, authorization);
    Ok(added)
}

/// The query of the presigned form of a request, its own parameters first. All its headers are signed, so it should have
/// `host` and as few others as possible.
pub fn presign(
    request: &SignedRequest<'_>,
    credentials: &Credentials,
    region: &str,
    service: &str,
    now: OffsetDateTime,
    expires_in: Duration,
) -> String {
    let date = amz_date(now);
    let signing = Signing {
        credentials,
        region,
        service,
        date: &date,
    };
    let headers = signed_headers(request.headers);
    let mut presigned = request.query.to_owned();
    let token = credentials
        .session_token
        .as_ref()
        .map(|it| it.expose().as_str());
    let parameters = [
        ("X-Amz-Algorithm", Some(ALGORITHM)),
        ("X-Amz-Credential", Some(&*signing.credential())),
        ("X-Amz-Date", Some(&*date)),
        (
            "X-Amz-Expires",
            Some(&*expires_in.whole_seconds().to_string()),
        ),
        ("X-Amz-SignedHeaders", Some(&*headers)),
        ("X-Amz-Security-Token", token),
    ];
    for (name, value) in parameters {
        if let Some(value) = value {
            push_parameter(&mut presigned, name, value);
        }
    }
    let payload = match PayloadRule::of(service) {
        PayloadRule::MayBeUnsigned => UNSIGNED_PAYLOAD.to_owned(),
        PayloadRule::Signed => sha256_hex(request.body),
    };
    let query = query::canonical(query::pairs(&presigned));
    let signature = signing.signature(request, &query, &headers, &payload);
    push_parameter(&mut presigned, "X-Amz-Signature", &signature);
    presigned
}

fn push_parameter(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    query.push_str(name);
    query.push('=');
    query.push_str(&query::encode(value.as_bytes()));
}

/// The names to sign, sorted, semicolons between.
fn signed_headers(headers: &HeaderMap) -> String {
    let mut names: Vec<&str> = headers
        .keys()
        .map(http::HeaderName::as_str)
        .filter(|name| !NOT_SIGNED.contains(name))
        .collect();
    names.sort_unstable();
    names.join(";")
}

struct Signing<'a> {
    credentials: &'a Credentials,
    region: &'a str,
    service: &'a str,
    date: &'a str,
}

impl Signing<'_> {
    fn day(&self) -> &str {
        self.date.get(..8).unwrap_or_default()
    }

    fn scope(&self) -> String {
        format!(
            "{}/{}/{}/{TERMINATOR}",
            self.day(),
            self.region,
            self.service
        )
    }

    fn credential(&self) -> String {
        format!("{}/{}", self.credentials.access_key_id, self.scope())
    }

    fn signature(
        &self,
        request: &SignedRequest<'_>,
        query: &str,
        headers: &str,
        payload: &str,
    ) -> String {
        let path = PathRule::of(self.service);
        // Every name was taken from the headers themselves; without any there is nothing that could be missing.
        let canonical = canonical::request(request, query, headers, payload, path)
            .unwrap_or_else(|_: SignatureError| Vec::new());
        let string_to_sign = canonical::string_to_sign(self.date, &self.scope(), &canonical);
        let key = signing_key(
            &self.credentials.secret_access_key,
            self.day(),
            self.region,
            self.service,
        );
        hex(&hmac(key.expose(), string_to_sign.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sigv4::Rules;
    use crate::sigv4::testing::{NOW, Sent, TOKEN, long_term, rules, temporary};

    #[test]
    fn temporary_credentials_bring_their_token() {
        let sent = Sent::new("GET", "/", &[("host", "sts.example.com")], "");
        let added = sign(&sent.request(), &temporary(), "us-east-1", "sts", NOW).unwrap();
        assert_eq!(added["x-amz-security-token"], TOKEN);
        assert!(
            added["authorization"]
                .to_str()
                .unwrap()
                .contains("SignedHeaders=host;x-amz-date;x-amz-security-token,")
        );
    }

    #[test]
    fn what_is_secret_is_marked_so_for_whoever_logs_headers() {
        let sent = Sent::new("GET", "/", &[("host", "sts.example.com")], "");
        let added = sign(&sent.request(), &temporary(), "us-east-1", "sts", NOW).unwrap();
        assert!(
            added["authorization"].is_sensitive() && added["x-amz-security-token"].is_sensitive()
        );
    }

    #[test]
    fn headers_that_change_on_the_way_are_not_signed() {
        let headers = [
            ("host", "sts.example.com"),
            ("user-agent", "x"),
            ("connection", "close"),
            ("accept", "*/*"),
        ];
        let sent = Sent::new("GET", "/", &headers, "");
        let added = sign(&sent.request(), &long_term(), "us-east-1", "sts", NOW).unwrap();
        assert!(
            added["authorization"]
                .to_str()
                .unwrap()
                .contains("SignedHeaders=host;x-amz-date,")
        );
    }

    #[test]
    fn a_token_that_is_no_header_is_refused() {
        let credentials = Credentials {
            session_token: Some(Secret::new("a\nb".to_owned())),
            ..long_term()
        };
        let sent = Sent::new("GET", "/", &[("host", "sts.example.com")], "");
        assert!(sign(&sent.request(), &credentials, "us-east-1", "sts", NOW).is_err());
    }

    #[test]
    fn debug_shows_no_secret() {
        let text = format!("{:?}", temporary());
        assert!(!text.contains("wJalr") && !text.contains("FwoG"), "{text}");
    }

    #[test]
    fn a_request_without_parameters_may_be_presigned() {
        let sent = Sent::new("GET", "/", &[("host", "s3.example.com")], "");
        let query = presign(
            &sent.request(),
            &long_term(),
            "us-east-1",
            "s3",
            NOW,
            Duration::minutes(1),
        );
        assert!(
            query.starts_with("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F"),
            "{query}"
        );
    }

    proptest! {
        #[test]
        fn whatever_we_sign_is_verified(
            path in "/[ -~\u{e9}]{0,24}",
            query in "([a-zA-Z0-9%+=&/*~ \u{1234}]{0,40})",
            header in "[ -~]{0,24}",
            body in proptest::collection::vec(any::<u8>(), 0..64),
            temporary_ones in any::<bool>(),
            service in prop::sample::select(vec!["sts", "s3"]),
        ) {
            let credentials = if temporary_ones { temporary() } else { long_term() };
            let rules = Rules { services: &["sts", "s3"], ..rules() };
            let headers = [("host", "sts.example.com"), ("x-amz-anything", header.as_str())];
            let mut sent = Sent::new("POST", "/", &headers, "");
            (sent.path, sent.query, sent.body) = (path, query, body);

            let mut in_header = sent.clone();
            in_header.headers.extend(sign(&sent.request(), &credentials, "us-east-1", service, NOW).unwrap());
            prop_assert!(in_header.verify(&rules).is_ok());

            sent.query = presign(&sent.request(), &credentials, "us-east-1", service, NOW, Duration::minutes(1));
            prop_assert!(sent.verify(&rules).is_ok());
        }
    }
}

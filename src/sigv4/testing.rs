//! Requests for this room's tests.

use http::{HeaderMap, HeaderName, HeaderValue};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::{
    Credentials, Presented, Rules, SignatureError, SignedRequest, VerifiedSignature, present,
    presign, sign, verify,
};
use crate::secret::Secret;

/// The time of the tests.
pub(super) const NOW: OffsetDateTime = datetime!(2026-09-11 11:48:26 UTC);

/// A session token with everything in it that needs encoding.
pub(super) const TOKEN: &str = "FwoGZXIvYXdzEXAMPLE//////////wEaDH+token/with=signs==";

const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";

pub(super) fn secret() -> Secret<String> {
    Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned())
}

pub(super) fn long_term() -> Credentials {
    Credentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: secret(),
        session_token: None,
    }
}

pub(super) fn temporary() -> Credentials {
    Credentials {
        access_key_id: "ASIAEXAMPLE00000".to_owned(),
        secret_access_key: secret(),
        session_token: Some(Secret::new(TOKEN.to_owned())),
    }
}

pub(super) fn rules() -> Rules<'static> {
    Rules {
        services: &["sts"],
        now: NOW,
        max_presign_seconds: 900,
    }
}

/// A request that a test may spoil.
#[derive(Clone)]
pub(super) struct Sent {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Sent {
    pub(super) fn new(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut sent = Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        };
        for (name, value) in headers {
            sent.headers.append(
                name.parse::<HeaderName>().unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        sent
    }

    /// What SDKs send: a form, signed in its header.
    pub(super) fn form(credentials: &Credentials) -> Self {
        let headers = [
            ("host", "sts.example.com"),
            (
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            ),
        ];
        Self::new("POST", "/", &headers, BODY).signed(credentials, NOW)
    }

    /// A presigned request that holds this long.
    pub(super) fn presigned(credentials: &Credentials, seconds: i64) -> Self {
        let mut sent = Self::new(
            "GET",
            &format!("/?{BODY}"),
            &[("host", "sts.example.com")],
            "",
        );
        let duration = Duration::seconds(seconds);
        sent.query = presign(
            &sent.request(),
            credentials,
            "us-east-1",
            "sts",
            NOW,
            duration,
        );
        sent
    }

    pub(super) fn signed(mut self, credentials: &Credentials, at: OffsetDateTime) -> Self {
        let added = sign(&self.request(), credentials, "us-east-1", "sts", at).unwrap();
        self.headers.extend(added);
        self
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(
            name.parse::<HeaderName>().unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// With a part of the authorization, or of the query where it is presigned, changed.
    pub(super) fn replacing(mut self, from: &str, to: &str) -> Self {
        if let Some(value) = self.headers.remove("authorization") {
            let value = value.to_str().unwrap();
            assert!(value.contains(from), "{from} is not in {value}");
            return self.with("authorization", &value.replacen(from, to, 1));
        }
        assert!(self.query.contains(from), "{from} is not in {}", self.query);
        self.query = self.query.replacen(from, to, 1);
        self
    }

    pub(super) fn request(&self) -> SignedRequest<'_> {
        SignedRequest {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            body: &self.body,
        }
    }

    pub(super) fn present(&self) -> Result<Option<Presented>, SignatureError> {
        present(&self.request())
    }

    pub(super) fn verify(&self, rules: &Rules<'_>) -> Result<VerifiedSignature, SignatureError> {
        let presented = self.present()?.expect("there are credentials");
        verify(&presented, &self.request(), &secret(), rules)
    }
}

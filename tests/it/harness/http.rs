//! A client that sends exactly the bytes a test wants, and shows exactly what came back.
//!
//! Not an HTTP library: those mend what they are given (repeated headers, odd hosts, bodies that are too long), and what
//! is odd is what the tests are about.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use drawbridge::sigv4::{self, Credentials, SignedRequest};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use time::OffsetDateTime;

/// A request that a test may spoil before it is sent.
#[derive(Clone, Debug)]
pub struct Request {
    pub address: String,
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Percent-encodes a form: `(name, value)` in the order given.
pub fn form(fields: &[(&str, &str)]) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(fields);
    text.finish()
}

impl Request {
    /// A request for a target (path and query) at `host:port`.
    pub fn new(address: &str, method: &str, target: &str) -> Request {
        Request {
            address: address.to_owned(),
            method: method.to_owned(),
            target: target.to_owned(),
            headers: vec![("host".to_owned(), address.to_owned())],
            body: Vec::new(),
        }
    }

    /// Adds a header, beside others of its name.
    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets a header, in place of others of its name.
    pub fn with(mut self, name: &str, value: &str) -> Request {
        self.headers.retain(|(known, _)| known != name);
        self.header(name, value)
    }

    /// Leaves a header out.
    pub fn without(mut self, name: &str) -> Request {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// The value of a header.
    pub fn value(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// `Authorization: Bearer`.
    pub fn bearer(self, token: &str) -> Request {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// A form as its body.
    pub fn form(self, fields: &[(&str, &str)]) -> Request {
        self.body("application/x-www-form-urlencoded", &form(fields))
    }

    /// A body of this kind.
    pub fn body(mut self, kind: &str, text: &str) -> Request {
        self.body = text.as_bytes().to_vec();
        self.with("content-type", kind)
    }

    fn header_map(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().unwrap();
            map.append(name, HeaderValue::from_str(value).unwrap());
        }
        map
    }

    fn path_and_query(&self) -> (&str, &str) {
        self.target.split_once('?').unwrap_or((&self.target, ""))
    }

    /// Signs what is there so far for `region` and `service`; what is added or changed afterwards is not signed.
    pub fn sign_for(
        mut self,
        region: &str,
        service: &str,
        who: &Credentials,
        now: OffsetDateTime,
    ) -> Request {
        let headers = self.header_map();
        let (path, query) = self.path_and_query();
        let request = SignedRequest {
            method: &self.method,
            path,
            query,
            headers: &headers,
            body: &self.body,
        };
        let added = sigv4::sign(&request, who, region, service, now).unwrap();
        for (name, value) in &added {
            let value = value.to_str().unwrap().to_owned();
            self.headers.push((name.to_string(), value));
        }
        self
    }

    /// Puts the signature of what is there so far into the query.
    pub fn presign(mut self, who: &Credentials, now: OffsetDateTime, seconds: i64) -> Request {
        let headers = self.header_map();
        let (path, query) = self.path_and_query();
        let request = SignedRequest {
            method: &self.method,
            path,
            query,
            headers: &headers,
            body: &self.body,
        };
        let expires = time::Duration::seconds(seconds);
        let query = sigv4::presign(&request, who, "us-east-1", "sts", now, expires);
        self.target = format!("{path}?{query}");
        self
    }

    /// Sends it and waits for the answer.
    pub fn send(&self) -> Reply {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend(format!("{name}: {value}\r\n").into_bytes());
        }
        let length = self.body.len();
        bytes.extend(format!("content-length: {length}\r\nconnection: close\r\n\r\n").into_bytes());
        bytes.extend(&self.body);
        raw(&self.address, &bytes)
    }
}

/// Sends these bytes and reads until the server closes the connection.
pub fn raw(address: &str, bytes: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(35)))
        .unwrap();
    // A server may answer before it has read everything, and close.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert!(!answer.is_empty(), "no answer: {error}");
    }
    Reply::parse(&answer)
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    fn parse(bytes: &[u8]) -> Reply {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no whole head: {bytes:?}"));
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let mut headers = HeaderMap::new();
        for line in lines {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            let name: HeaderName = name.trim_end_matches(':').parse().unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        assert!(!headers.contains_key("transfer-encoding"), "{head}");
        Reply {
            status: status.parse().unwrap(),
            headers,
            body: bytes[end + 4..].to_vec(),
        }
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// A header as text, empty where it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json");
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The text of the first XML element of this name.
    #[track_caller]
    pub fn xml(&self, name: &str) -> String {
        let found = self.xml_if_any(name);
        found.unwrap_or_else(|| panic!("no <{name}> in {}", self.text()))
    }

    /// The same, where there is one.
    pub fn xml_if_any(&self, name: &str) -> Option<String> {
        let (_, rest) = self.text().split_once(&format!("<{name}>"))?;
        let (text, _) = rest.split_once(&format!("</{name}>"))?;
        let text = text.replace("&quot;", "\"").replace("&lt;", "<");
        Some(text.replace("&gt;", ">").replace("&amp;", "&"))
    }

    /// Status, code and message of an AWS error.
    #[track_caller]
    pub fn aws_error(&self) -> (u16, String, String) {
        (self.status, self.xml("Code"), self.xml("Message"))
    }

    /// The reference that finds its audit event: of an AWS answer, a JSON error, or a page.
    #[track_caller]
    pub fn reference(&self) -> String {
        let header = self.header("x-amzn-requestid");
        if !header.is_empty() {
            return header.to_owned();
        }
        if self.header("content-type").starts_with("text/html") {
            let text = self.text();
            let (_, rest) = text
                .split_once("<meta name=\"request-id\" content=\"")
                .unwrap();
            return rest.split_once('"').unwrap().0.to_owned();
        }
        self.json()["reference"].as_str().unwrap().to_owned()
    }

    /// The credentials of an AWS answer.
    #[track_caller]
    pub fn credentials(&self) -> Credentials {
        assert_eq!(self.status, 200, "{}", self.text());
        Credentials {
            access_key_id: self.xml("AccessKeyId"),
            secret_access_key: self.xml("SecretAccessKey").into(),
            session_token: Some(self.xml("SessionToken").into()),
        }
    }

    /// The whole answer but for its reference and what differs with every answer: what somebody can tell two apart by.
    pub fn told(&self) -> String {
        let reference = self.reference();
        let mut lines = vec![self.status.to_string()];
        for (name, value) in &self.headers {
            let value = value.to_str().unwrap();
            match name.as_str() {
                "date" => {}
                // Sealed: nothing shows but how long it is.
                "x-drawbridge-authorization-message" => {
                    lines.push(format!("{name}: {} characters", value.len()));
                }
                _ => lines.push(format!("{name}: {value}")),
            }
        }
        lines.push(self.text().to_owned());
        lines.join("\n").replace(&reference, "[reference]")
    }
}

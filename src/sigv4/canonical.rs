//! The canonical form of a request, which is what a signature is over.

use http::HeaderMap;

use super::key::sha256_hex;
use super::{ALGORITHM, SignatureError, query};

/// A request as it arrived. The doors go on to read these same bytes.
#[derive(Debug, Clone, Copy)]
pub struct SignedRequest<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The path as it was sent, with its escapes.
    pub path: &'a str,
    /// The query as it was sent, without the `?`; empty where there is none.
    pub query: &'a str,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
}

/// How often the path is percent-encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathRule {
    /// Normalised, and what was sent is encoded once more: every service but S3.
    Twice,
    /// What was sent, decoded and encoded again; nothing is normalised, since an S3 key may hold `//` and `..`.
    Once,
}

impl PathRule {
    /// The rule of a service.
    pub fn of(service: &str) -> Self {
        if service == "s3" {
            Self::Once
        } else {
            Self::Twice
        }
    }
}

/// Whether a body may stay out of the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadRule {
    /// It may not: every service but S3.
    Signed,
    /// `UNSIGNED-PAYLOAD` is accepted, and it is what a presigned request means.
    MayBeUnsigned,
}

impl PayloadRule {
    /// The rule of a service.
    pub fn of(service: &str) -> Self {
        if service == "s3" {
            Self::MayBeUnsigned
        } else {
            Self::Signed
        }
    }
}

/// What stands for the hash of a body that is not signed.
pub(super) const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// The canonical request. `query` is the canonical query, `payload` the hash of the body or what stands for it.
pub(super) fn request(
    request: &SignedRequest<'_>,
    query: &str,
    signed_headers: &str,
    payload: &str,
    path: PathRule,
) -> Result<Vec<u8>, SignatureError> {
    let mut canonical = Vec::with_capacity(512);
    for line in [request.method, &canonical_path(request.path, path), query] {
        canonical.extend_from_slice(line.as_bytes());
        canonical.push(b'\n');
    }
    for name in signed_headers.split(';') {
        header(&mut canonical, request.headers, name)?;
    }
    canonical.push(b'\n');
    canonical.extend_from_slice(signed_headers.as_bytes());
    canonical.push(b'\n');
    canonical.extend_from_slice(payload.as_bytes());
    Ok(canonical)
}

/// The string that is signed in the end.
pub(super) fn string_to_sign(amz_date: &str, scope: &str, canonical_request: &[u8]) -> String {
    format!(
        "{ALGORITHM}\n{amz_date}\n{scope}\n{}",
        sha256_hex(canonical_request)
    )
}

/// One line: the values in their order with commas between, runs of spaces made one.
fn header(canonical: &mut Vec<u8>, headers: &HeaderMap, name: &str) -> Result<(), SignatureError> {
    let mut values = headers.get_all(name).iter().peekable();
    if values.peek().is_none() {
        return Err(SignatureError::MissingSignedHeader {
            name: name.to_owned(),
        });
    }
    canonical.extend_from_slice(name.as_bytes());
    let mut separator = b':';
    for value in values {
        canonical.push(separator);
        separator = b',';
        let mut before = b' ';
        for &byte in value.as_bytes().trim_ascii() {
            if !(byte == b' ' && before == b' ') {
                canonical.push(byte);
            }
            before = byte;
        }
    }
    canonical.push(b'\n');
    Ok(())
}

fn canonical_path(path: &str, rule: PathRule) -> String {
    match (rule, path) {
        (_, "" | "/") => "/".to_owned(),
        (PathRule::Twice, _) => normalised(path),
        (PathRule::Once, _) => {
            let segments = path.split('/').map(|segment| {
                let decoded: Vec<u8> =
                    percent_encoding::percent_decode(segment.as_bytes()).collect();
                query::encode(&decoded)
            });
            segments.collect::<Vec<_>>().join("/")
        }
    }
}

/// RFC 3986 §5.2.4 with empty segments dropped, each segment encoded as it was sent.
fn normalised(path: &str) -> String {
    let mut segments: Vec<String> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(query::encode(segment.as_bytes())),
        }
    }
    let open = ["/", "/.", "/.."].iter().any(|end| path.ends_with(end));
    let end = if open && !segments.is_empty() {
        "/"
    } else {
        ""
    };
    format!("/{}{end}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| {
                (
                    name.parse::<HeaderName>().unwrap(),
                    HeaderValue::from_str(value).unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn the_canonical_request_is_that_of_the_documentation() {
        let headers = headers(&[
            ("Host", "iam.amazonaws.com"),
            (
                "Content-Type",
                "application/x-www-form-urlencoded; charset=utf-8",
            ),
            ("X-Amz-Date", "20150830T123600Z"),
        ]);
        let parts = SignedRequest {
            method: "GET",
            path: "/",
            query: "Action=ListUsers&Version=2010-05-08",
            headers: &headers,
            body: b"",
        };
        let query = query::canonical(query::pairs(parts.query));
        let canonical = request(
            &parts,
            &query,
            "content-type;host;x-amz-date",
            &sha256_hex(b""),
            PathRule::Twice,
        )
        .unwrap();
        assert_eq!(
            sha256_hex(&canonical),
            "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"
        );
        let scope = "20150830/us-east-1/iam/aws4_request";
        assert_eq!(
            string_to_sign("20150830T123600Z", scope, &canonical),
            "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n\
             f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"
        );
    }

    #[test]
    fn a_path_is_normalised_and_encoded_once_more() {
        for (path, canonical) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("/./", "/"),
            ("/./example", "/example"),
            ("/example/..", "/"),
            ("/example1/example2/../..", "/"),
            ("/../../a", "/a"),
            ("//example//", "/example/"),
            ("/a/b/..", "/a/"),
            ("/a/b/.", "/a/b/"),
            ("/a b", "/a%20b"),
            ("/a%20b", "/a%2520b"),
            ("/\u{1234}", "/%E1%88%B4"),
        ] {
            assert_eq!(canonical_path(path, PathRule::Twice), canonical, "{path}");
        }
    }

    #[test]
    fn a_path_of_s3_is_encoded_once_and_kept() {
        for (path, canonical) in [
            ("/", "/"),
            ("/a//b/../c", "/a//b/../c"),
            ("/a%20b", "/a%20b"),
            ("/a%2fb", "/a%2Fb"),
            ("/a+b*c", "/a%2Bb%2Ac"),
            ("/%E1%88%B4", "/%E1%88%B4"),
        ] {
            assert_eq!(canonical_path(path, PathRule::Once), canonical, "{path}");
        }
    }

    #[test]
    fn header_values_are_trimmed_and_joined() {
        let headers = headers(&[
            ("a", "  x   y  "),
            ("a", "\"b   c\""),
            ("a", ""),
            ("b", "z"),
        ]);
        let mut line = Vec::new();
        header(&mut line, &headers, "a").unwrap();
        assert_eq!(line, b"a:x y,\"b c\",\n");
    }

    #[test]
    fn a_signed_header_must_have_arrived() {
        let refused = header(&mut Vec::new(), &HeaderMap::new(), "host").unwrap_err();
        assert_eq!(
            refused,
            SignatureError::MissingSignedHeader {
                name: "host".into()
            }
        );
        assert_eq!(refused.reason(), "sigv4.signed_headers");
    }

    #[test]
    fn only_s3_has_its_own_rules() {
        assert_eq!(
            (PathRule::of("s3"), PayloadRule::of("s3")),
            (PathRule::Once, PayloadRule::MayBeUnsigned)
        );
        assert_eq!(
            (PathRule::of("sts"), PayloadRule::of("iam")),
            (PathRule::Twice, PayloadRule::Signed)
        );
    }
}

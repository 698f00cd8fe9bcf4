//! Verifying a request against the secret it claims to be signed with.

use std::borrow::Cow;

use http::header::CONTENT_TYPE;
use subtle::ConstantTimeEq;
use time::{Duration, OffsetDateTime};

use super::canonical::{self, PathRule, PayloadRule, SignedRequest, UNSIGNED_PAYLOAD};
use super::key::{hmac, sha256_hex, signing_key};
use super::present::{Form, Presented};
use super::{SKEW, SignatureError, TERMINATOR, query};
use crate::secret::Secret;

/// What a door accepts.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The services whose scope it accepts. The first is named in refusals.
    pub services: &'a [&'a str],
    /// The time of the check.
    pub now: OffsetDateTime,
    /// The most seconds that a presigned request may hold.
    pub max_presign_seconds: i64,
}

/// A request whose signature held. Made by [`verify`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedSignature {
    access_key_id: String,
    region: String,
    service: String,
    signed_at: OffsetDateTime,
    presigned: bool,
}

impl VerifiedSignature {
    /// The key whose secret signed it.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The region it was signed for.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The service it was signed for.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// When it was signed, by the signer's clock.
    pub fn signed_at(&self) -> OffsetDateTime {
        self.signed_at
    }

    /// Whether the signature was in the query, so that it may have been handed on.
    pub fn is_presigned(&self) -> bool {
        self.presigned
    }
}

/// Verifies that this request was signed with this secret, for this door, about now.
pub fn verify(
    presented: &Presented,
    request: &SignedRequest<'_>,
    secret: &Secret<String>,
    rules: &Rules<'_>,
) -> Result<VerifiedSignature, SignatureError> {
    check_scope(presented, rules)?;
    check_time(presented, rules)?;
    check_headers(presented, request)?;
    let payload = payload(presented, request)?;

    // The signature can not cover itself. Everything else in the query is covered, the session token included.
    let covered = query::pairs(request.query)
        .filter(|(name, _)| !(presented.is_presigned() && **name == *b"X-Amz-Signature"));
    let query = query::canonical(covered);
    let path = PathRule::of(&presented.service);
    let canonical = canonical::request(request, &query, &presented.signed_headers, &payload, path)?;
    let string_to_sign =
        canonical::string_to_sign(&presented.amz_date, &presented.scope(), &canonical);
    let key = signing_key(
        secret,
        &presented.day,
        &presented.region,
        &presented.service,
    );
    let expected = hmac(key.expose(), string_to_sign.as_bytes());

    let held = expected.ct_eq(&presented.signature.unwrap_or_default());
    if presented.signature.is_none() || !bool::from(held) {
        return Err(SignatureError::Mismatch);
    }
    Ok(VerifiedSignature {
        access_key_id: presented.access_key_id.clone(),
        region: presented.region.clone(),
        service: presented.service.clone(),
        signed_at: presented.signed_at,
        presigned: presented.is_presigned(),
    })
}

/// The work of [`verify`] for a key that nobody has, so that the time of the answer does not tell which keys exist.
pub fn verify_dummy(presented: &Presented, request: &SignedRequest<'_>, rules: &Rules<'_>) {
    // Of the length of a real secret. It opens nothing: what comes out is thrown away.
    let nobody = Secret::new("-".repeat(40));
    drop(std::hint::black_box(verify(
        presented, request, &nobody, rules,
    )));
}

/// The scope: that day, a region, this service, and the end.
fn check_scope(presented: &Presented, rules: &Rules<'_>) -> Result<(), SignatureError> {
    if presented.amz_date.get(..8) != Some(&presented.day) {
        return Err(SignatureError::WrongDay {
            scope: presented.day.clone(),
            signed_at: presented.signed_at,
        });
    }
    let region = presented.region.as_bytes();
    let in_alphabet = region
        .iter()
        .all(|it| matches!(it, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if !in_alphabet || !(1..=32).contains(&region.len()) {
        return Err(SignatureError::WrongRegion {
            region: presented.region.clone(),
        });
    }
    if !rules.services.contains(&presented.service.as_str()) {
        let expected = rules.services.first().copied().unwrap_or_default();
        return Err(SignatureError::WrongService {
            expected: expected.to_owned(),
        });
    }
    if presented.terminator != TERMINATOR {
        return Err(SignatureError::WrongTerminator);
    }
    Ok(())
}

/// Fifteen minutes either way; a presigned request instead holds until its own end, and does on that second.
fn check_time(presented: &Presented, rules: &Rules<'_>) -> Result<(), SignatureError> {
    let (signed_at, now) = (presented.signed_at, rules.now);
    // A signature has whole seconds, so the parts of our second must not count.
    let now = now.replace_nanosecond(0).unwrap_or(now);
    if signed_at > now + SKEW {
        return Err(SignatureError::NotYetCurrent {
            signed_at,
            limit: now + SKEW,
            now,
        });
    }
    match presented.form {
        Form::Header if signed_at < now - SKEW => Err(SignatureError::Expired {
            signed_at,
            limit: now - SKEW,
            now,
        }),
        Form::Header => Ok(()),
        Form::Query { expires } => {
            let most = rules.max_presign_seconds;
            // Several SDKs leave the parameter out for services other than S3, and AWS then gives its usual time.
            let seconds = expires.unwrap_or(most.min(SKEW.whole_seconds()));
            if !(1..=most).contains(&seconds) {
                return Err(SignatureError::InvalidExpires { most });
            }
            let expired_at = signed_at + Duration::seconds(seconds);
            if now > expired_at {
                return Err(SignatureError::PresignExpired {
                    signed_at,
                    expired_at,
                    now,
                });
            }
            Ok(())
        }
    }
}

/// Every header that changes what the request means has to be signed, else whoever relays it could add one.
///
/// The exception is `x-amz-content-sha256`, which is compared with the body.
fn check_headers(presented: &Presented, request: &SignedRequest<'_>) -> Result<(), SignatureError> {
    let is_signed = |name: &str| presented.signed_headers().any(|it| it == name);
    let form_post =
        presented.form == Form::Header && request.method == "POST" && !request.body.is_empty();
    let mut names: Vec<String> = request
        .headers
        .keys()
        .filter(|&name| {
            (name.as_str().starts_with("x-amz-") && name != "x-amz-content-sha256")
                || (form_post && name == CONTENT_TYPE)
        })
        .map(http::HeaderName::as_str)
        .filter(|name| !is_signed(name))
        .map(str::to_owned)
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    names.sort_unstable();
    Err(SignatureError::UnsignedHeaders { names })
}

/// What stands for the body in the signature: its hash, or where that is allowed, that it is not signed.
fn payload(
    presented: &Presented,
    request: &SignedRequest<'_>,
) -> Result<Cow<'static, str>, SignatureError> {
    let rule = PayloadRule::of(&presented.service);
    let mut declared = request.headers.get_all("x-amz-content-sha256").iter();
    match (
        declared.next().map(http::HeaderValue::as_bytes),
        declared.next(),
    ) {
        (Some(_), Some(_)) => Err(SignatureError::MalformedHeader("x-amz-content-sha256")),
        (None, _) if presented.is_presigned() && rule == PayloadRule::MayBeUnsigned => {
            Ok(UNSIGNED_PAYLOAD.into())
        }
        (None, _) => Ok(sha256_hex(request.body).into()),
        (Some(declared), None) if declared == UNSIGNED_PAYLOAD.as_bytes() => match rule {
            PayloadRule::MayBeUnsigned => Ok(UNSIGNED_PAYLOAD.into()),
            PayloadRule::Signed => Err(SignatureError::UnsignedPayload),
        },
        (Some(declared), None) if declared.starts_with(b"STREAMING-") => {
            Err(SignatureError::UnsignedPayload)
        }
        (Some(declared), None) => {
            let hash = sha256_hex(request.body);
            if declared != hash.as_bytes() {
                return Err(SignatureError::WrongPayloadHash);
            }
            Ok(hash.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigv4::key::hex;
    use crate::sigv4::testing::{NOW, Sent, TOKEN, long_term, rules, secret, temporary};

    fn refused(sent: &Sent) -> SignatureError {
        sent.verify(&rules()).unwrap_err()
    }

    fn form() -> Sent {
        Sent::form(&long_term())
    }

    fn at(now: OffsetDateTime) -> Rules<'static> {
        Rules { now, ..rules() }
    }

    #[test]
    fn what_we_sign_we_verify() {
        for credentials in [long_term(), temporary()] {
            let verified = Sent::form(&credentials).verify(&rules()).unwrap();
            assert_eq!(verified.access_key_id(), credentials.access_key_id);
            assert_eq!(
                (verified.region(), verified.service()),
                ("us-east-1", "sts")
            );
            assert_eq!(verified.signed_at(), NOW);
            assert!(!verified.is_presigned());
            assert!(
                Sent::presigned(&credentials, 60)
                    .verify(&rules())
                    .unwrap()
                    .is_presigned()
            );
        }
    }

    #[test]
    fn another_secret_is_refused() {
        for sent in [form(), Sent::presigned(&long_term(), 60)] {
            let presented = sent.present().unwrap().unwrap();
            for other in ["", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEZ"] {
                let other = Secret::new(other.to_owned());
                let refused = verify(&presented, &sent.request(), &other, &rules()).unwrap_err();
                assert_eq!(refused, SignatureError::Mismatch);
                assert_eq!(refused.reason(), "sigv4.signature");
            }
        }
    }

    #[test]
    fn what_can_not_be_a_signature_matches_nothing() {
        for signature in ["0", "x", &"0".repeat(64), &"0".repeat(66)] {
            let sent = form();
            let good = sent.headers["authorization"]
                .to_str()
                .unwrap()
                .rsplit_once('=')
                .unwrap()
                .1
                .to_owned();
            assert_eq!(
                refused(&sent.clone().replacing(&good, signature)),
                SignatureError::Mismatch,
                "{signature}"
            );
            let upper = good.to_ascii_uppercase();
            assert_eq!(
                refused(&sent.replacing(&good, &upper)),
                SignatureError::Mismatch
            );
        }
    }

    #[test]
    fn any_changed_byte_of_the_request_is_refused() {
        // The key id stands for the secret: under another id another secret would have been found.
        let ours = |sent: &Sent| {
            sent.present()
                .ok()
                .flatten()
                .is_some_and(|it| it.access_key_id == "ASIAEXAMPLE00000")
        };
        let verified = |sent: &Sent| ours(sent) && sent.verify(&rules()).is_ok();
        for good in [Sent::form(&temporary()), Sent::presigned(&temporary(), 60)] {
            assert!(verified(&good));
            for method in ["GET", "POST", "PUT", "get", "HEAD"]
                .into_iter()
                .filter(|&it| it != good.method)
            {
                assert!(
                    !verified(&Sent {
                        method: method.to_owned(),
                        ..good.clone()
                    }),
                    "{method}"
                );
            }
            for path in ["/x", "/%2F", "/%20", "/a/"] {
                assert!(
                    !verified(&Sent {
                        path: path.to_owned(),
                        ..good.clone()
                    }),
                    "{path}"
                );
            }
            for place in 0..good.query.len() {
                let mut query = good.query.clone().into_bytes();
                query[place] = if query[place] == b'x' { b'y' } else { b'x' };
                let query = String::from_utf8(query).unwrap();
                assert!(
                    !verified(&Sent {
                        query,
                        ..good.clone()
                    }),
                    "query {place}"
                );
            }
            for place in 0..good.body.len() {
                let mut body = good.body.clone();
                body[place] ^= 1;
                assert!(
                    !verified(&Sent {
                        body,
                        ..good.clone()
                    }),
                    "body {place}"
                );
            }
            for added in ["&a=b", "&Action=GetCallerIdentity", "&a"] {
                let query = format!("{}{added}", good.query);
                assert!(
                    !verified(&Sent {
                        query,
                        ..good.clone()
                    }),
                    "{added}"
                );
            }
            assert!(!verified(&Sent {
                body: [&good.body[..], b"&"].concat(),
                ..good.clone()
            }));
            let signed = good.present().unwrap().unwrap();
            for name in signed
                .signed_headers()
                .chain(["authorization"])
                .filter(|it| good.headers.contains_key(*it))
            {
                let value = good.headers[name].as_bytes();
                for place in 0..value.len() {
                    let mut value = value.to_vec();
                    value[place] = if value[place] == b'x' { b'y' } else { b'x' };
                    let changed = good
                        .clone()
                        .with(name, std::str::from_utf8(&value).unwrap());
                    assert!(!verified(&changed), "{name} {place}");
                }
            }
        }
    }

    #[test]
    fn parameters_may_be_reordered_and_written_otherwise() {
        let mut sent = Sent::presigned(&temporary(), 60);
        let mut parts: Vec<_> = sent.query.split('&').collect();
        parts.reverse();
        sent.query = parts.join("&").replace("Action", "%41ction");
        assert!(sent.verify(&rules()).is_ok());
    }

    #[test]
    fn a_signed_header_that_did_not_arrive_is_refused() {
        let missing = SignatureError::MissingSignedHeader {
            name: "content-type".into(),
        };
        assert_eq!(refused(&form().without("content-type")), missing);
    }

    #[test]
    fn every_amz_header_must_be_signed() {
        for (name, value) in [
            ("x-amz-security-token", TOKEN),
            ("x-amz-acl", "public-read"),
            ("x-amz-target", "a.b"),
        ] {
            let unsigned = SignatureError::UnsignedHeaders {
                names: vec![name.to_owned()],
            };
            assert_eq!(refused(&form().with(name, value)), unsigned);
            assert_eq!(unsigned.reason(), "sigv4.unsigned_headers");
        }
        let presigned = Sent::presigned(&long_term(), 60).with("x-amz-date", "20260911T114826Z");
        assert_eq!(
            refused(&presigned),
            SignatureError::UnsignedHeaders {
                names: vec!["x-amz-date".into()]
            }
        );
    }

    #[test]
    fn unsigned_headers_are_listed_in_order() {
        let sent = form().with("x-amz-b", "1").with("x-amz-a", "1");
        let names = vec!["x-amz-a".to_owned(), "x-amz-b".to_owned()];
        assert_eq!(refused(&sent), SignatureError::UnsignedHeaders { names });
    }

    #[test]
    fn headers_of_the_sdks_and_of_proxies_may_be_unsigned() {
        let sent = form()
            .with("amz-sdk-request", "attempt=1; max=3")
            .with(
                "amz-sdk-invocation-id",
                "0b6d0b9e-7d1c-4a2e-9a35-2c1f7a3f9d11",
            )
            .with("user-agent", "aws-cli/2")
            .with("x-forwarded-for", "192.0.2.1");
        assert!(sent.verify(&rules()).is_ok());
    }

    #[test]
    fn everything_that_the_javascript_sdk_signs_may_be_signed() {
        let body = "Action=GetCallerIdentity&Version=2011-06-15";
        let headers = [
            ("host", "127.0.0.1:8080"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("content-length", "43"),
            (
                "amz-sdk-invocation-id",
                "0b6d0b9e-7d1c-4a2e-9a35-2c1f7a3f9d11",
            ),
            ("amz-sdk-request", "attempt=1; max=3"),
            ("x-amz-user-agent", "aws-sdk-js/3.0.0"),
            (
                "x-amz-content-sha256",
                "ab821ae955788b0e33ebd34c208442ccfc2d406e2edc5e7a39bd6458fbb4f843",
            ),
        ];
        let sent = Sent::new("POST", "/", &headers, body).signed(&long_term(), NOW);
        assert!(sent.verify(&rules()).is_ok());
        assert!(
            sent.present()
                .unwrap()
                .unwrap()
                .signed_headers()
                .any(|it| it == "amz-sdk-request")
        );
    }

    #[test]
    fn the_content_type_of_a_form_must_be_signed() {
        let sent = Sent::new(
            "POST",
            "/",
            &[("host", "sts.example.com")],
            "Action=GetCallerIdentity",
        );
        let sent = sent
            .signed(&long_term(), NOW)
            .with("content-type", "application/x-www-form-urlencoded");
        assert_eq!(
            refused(&sent),
            SignatureError::UnsignedHeaders {
                names: vec!["content-type".into()]
            }
        );
    }

    #[test]
    fn the_content_type_of_a_request_without_body_need_not_be_signed() {
        let presigned = Sent::presigned(&long_term(), 60).with("content-type", "application/json");
        assert!(presigned.verify(&rules()).is_ok());
        let get = Sent::new(
            "GET",
            "/?Action=GetCallerIdentity",
            &[("host", "sts.example.com")],
            "",
        );
        assert!(
            get.signed(&long_term(), NOW)
                .with("content-type", "text/plain")
                .verify(&rules())
                .is_ok()
        );
    }

    #[test]
    fn a_declared_hash_must_be_that_of_the_body() {
        let hash = |text: &str| sha256_hex(text.as_bytes());
        let sent = |declared: &str| form().with("x-amz-content-sha256", declared);
        assert!(
            sent(&hash("Action=GetCallerIdentity&Version=2011-06-15"))
                .verify(&rules())
                .is_ok()
        );
        for wrong in [hash(""), hash("other"), String::new(), "AB".repeat(32)] {
            assert_eq!(refused(&sent(&wrong)), SignatureError::WrongPayloadHash);
        }
    }

    #[test]
    fn an_unsigned_or_streamed_body_is_refused() {
        for declared in [
            "UNSIGNED-PAYLOAD",
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        ] {
            let headers = [
                ("host", "sts.example.com"),
                ("x-amz-content-sha256", declared),
            ];
            let sent = Sent::new("POST", "/", &headers, "Action=GetCallerIdentity")
                .signed(&long_term(), NOW);
            assert_eq!(
                refused(&sent),
                SignatureError::UnsignedPayload,
                "{declared}"
            );
        }
    }

    #[test]
    fn two_declared_hashes_are_refused() {
        let mut sent = form().with("x-amz-content-sha256", "a");
        sent.headers
            .append("x-amz-content-sha256", http::HeaderValue::from_static("b"));
        assert_eq!(
            refused(&sent),
            SignatureError::MalformedHeader("x-amz-content-sha256")
        );
    }

    #[test]
    fn a_signature_holds_fifteen_minutes_either_way() {
        let minutes = Duration::minutes(15);
        let second = Duration::seconds(1);
        assert!(form().verify(&at(NOW + minutes)).is_ok());
        assert!(
            form()
                .verify(&at(NOW + minutes + Duration::milliseconds(999)))
                .is_ok()
        );
        assert!(form().verify(&at(NOW - minutes)).is_ok());
        let late = NOW + minutes + second;
        assert_eq!(
            form().verify(&at(late)),
            Err(SignatureError::Expired {
                signed_at: NOW,
                limit: NOW + second,
                now: late
            })
        );
        let early = NOW - minutes - second;
        assert_eq!(
            form().verify(&at(early)),
            Err(SignatureError::NotYetCurrent {
                signed_at: NOW,
                limit: NOW - second,
                now: early
            })
        );
    }

    #[test]
    fn a_presigned_request_holds_until_its_end() {
        let sent = Sent::presigned(&temporary(), 60);
        let end = NOW + Duration::seconds(60);
        assert!(sent.verify(&at(end)).is_ok());
        let late = end + Duration::seconds(1);
        assert_eq!(
            sent.verify(&at(late)),
            Err(SignatureError::PresignExpired {
                signed_at: NOW,
                expired_at: end,
                now: late
            })
        );
        assert!(matches!(
            sent.verify(&at(NOW - Duration::minutes(16))),
            Err(SignatureError::NotYetCurrent { .. })
        ));
    }

    #[test]
    fn a_presigned_request_holds_between_one_second_and_the_most() {
        for seconds in [1, 900] {
            assert!(
                Sent::presigned(&long_term(), seconds)
                    .verify(&rules())
                    .is_ok()
            );
        }
        for seconds in [0, -1, 901, 604_800, i64::MAX] {
            let refused = refused(&Sent::presigned(&long_term(), seconds));
            assert_eq!(
                refused,
                SignatureError::InvalidExpires { most: 900 },
                "{seconds}"
            );
            assert_eq!(refused.reason(), "sigv4.expires");
        }
        for text in ["", "x", "1.5", "%2B60", "99999999999999999999"] {
            let sent = Sent::presigned(&long_term(), 60)
                .replacing("Expires=60", &format!("Expires={text}"));
            assert_eq!(
                refused(&sent),
                SignatureError::InvalidExpires { most: 900 },
                "{text}"
            );
        }
    }

    /// The signature of a request that our signer would not make: over these headers, with its query as it stands.
    fn signature_by_hand(sent: &Sent, signed_headers: &str) -> String {
        let query = query::canonical(query::pairs(&sent.query));
        let payload = sha256_hex(&sent.body);
        let canonical = canonical::request(
            &sent.request(),
            &query,
            signed_headers,
            &payload,
            PathRule::Twice,
        )
        .unwrap();
        let scope = "20260911/us-east-1/sts/aws4_request";
        let string_to_sign = canonical::string_to_sign("20260911T114826Z", scope, &canonical);
        let key = signing_key(&secret(), "20260911", "us-east-1", "sts");
        hex(&hmac(key.expose(), string_to_sign.as_bytes()))
    }

    #[test]
    fn a_presigned_request_that_does_not_say_how_long_holds_fifteen_minutes() {
        let mut sent = Sent::presigned(&long_term(), 60);
        let unsigned = sent.query.rsplit_once('&').unwrap().0;
        sent.query = unsigned.replace("&X-Amz-Expires=60", "");
        sent.query = format!(
            "{}&X-Amz-Signature={}",
            sent.query,
            signature_by_hand(&sent, "host")
        );
        assert!(sent.verify(&at(NOW + Duration::minutes(15))).is_ok());
        let late = sent.verify(&at(NOW + Duration::seconds(901)));
        assert!(matches!(late, Err(SignatureError::PresignExpired { .. })));
    }

    #[test]
    fn a_request_signed_with_a_date_header_is_verified() {
        let sent = form()
            .without("x-amz-date")
            .with("date", "Fri, 11 Sep 2026 11:48:26 GMT");
        let signature = signature_by_hand(&sent, "content-type;host");
        let sent = sent.with(
            "authorization",
            &format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260911/us-east-1/sts/aws4_request, \
                 SignedHeaders=content-type;host, Signature={signature}"
            ),
        );
        assert!(sent.verify(&rules()).is_ok());
        // The time is in the string that is signed, though its header is not.
        let moved = sent.with("date", "Fri, 11 Sep 2026 11:48:27 GMT");
        assert_eq!(refused(&moved), SignatureError::Mismatch);
    }

    #[test]
    fn the_scope_is_of_the_day_of_the_signature() {
        let sent = form().replacing("/20260911/", "/20260912/");
        let wrong = SignatureError::WrongDay {
            scope: "20260912".into(),
            signed_at: NOW,
        };
        assert_eq!(refused(&sent), wrong);
        assert_eq!(
            refused(&form().replacing("/20260911/", "//")).reason(),
            "sigv4.day"
        );
    }

    #[test]
    fn the_scope_is_of_this_service() {
        let wrong = SignatureError::WrongService {
            expected: "sts".into(),
        };
        for service in ["iam", "s3", "STS", ""] {
            assert_eq!(
                refused(&form().replacing("/sts/", &format!("/{service}/"))),
                wrong,
                "{service}"
            );
        }
        let none = Rules {
            services: &[],
            ..rules()
        };
        assert_eq!(
            form().verify(&none),
            Err(SignatureError::WrongService {
                expected: String::new()
            })
        );
    }

    #[test]
    fn the_scope_is_of_what_may_be_a_region() {
        for region in [
            "",
            "US-EAST-1",
            "us_east",
            "us-east-1 ",
            "a".repeat(33).as_str(),
        ] {
            let sent = form().replacing("/us-east-1/", &format!("/{region}/"));
            assert_eq!(
                refused(&sent),
                SignatureError::WrongRegion {
                    region: region.to_owned()
                }
            );
        }
        let longest = "a".repeat(32);
        let sent = form().replacing("/us-east-1/", &format!("/{longest}/"));
        assert_eq!(refused(&sent), SignatureError::Mismatch);
        // Any other is a region; that it is not the one that was signed for shows in the signature.
        assert_eq!(
            refused(&form().replacing("/us-east-1/", "/anywhere/")),
            SignatureError::Mismatch
        );
    }

    #[test]
    fn the_scope_ends_as_it_must() {
        assert_eq!(
            refused(&form().replacing("aws4_request", "aws4_Request")),
            SignatureError::WrongTerminator
        );
    }

    #[test]
    fn a_signature_made_for_one_form_does_not_hold_for_the_other() {
        let presigned = Sent::presigned(&long_term(), 60);
        let signature = presigned.query.rsplit_once('=').unwrap().1.to_owned();
        let sent = form();
        let good = sent.headers["authorization"]
            .to_str()
            .unwrap()
            .rsplit_once('=')
            .unwrap()
            .1
            .to_owned();
        assert_eq!(
            refused(&sent.replacing(&good, &signature)),
            SignatureError::Mismatch
        );
    }

    #[test]
    fn the_dummy_returns_nothing_and_does_not_panic() {
        let sent = form();
        let presented = sent.present().unwrap().unwrap();
        verify_dummy(&presented, &sent.request(), &rules());
    }

    #[test]
    fn refusals_hold_nothing_of_the_request() {
        let sent = form().replacing("/us-east-1/", "/MARKER/");
        assert!(!refused(&sent).to_string().contains("MARKER"));
        let sent = form().with("x-amz-marker", "1");
        assert!(!refused(&sent).to_string().contains("marker"));
    }
}

//! What a request presents: the parts of its signature, read and nothing of it verified.

use std::borrow::Cow;
use std::fmt;

use http::header::{AUTHORIZATION, DATE};
use time::OffsetDateTime;

use super::key::unhex;
use super::moment::{amz_date, parse_amz_date, parse_date_header};
use super::{ALGORITHM, MissingPart, SignatureError, SignedRequest, query};
use crate::secret::Secret;

/// The longest access key id that is looked up.
const MAX_KEY_ID: usize = 128;

/// The parameters of a presigned request, with the case in which they must be written.
const PARAMETERS: [&str; 7] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
];

/// The parts of a signature. **Nothing here is true until [`verify`](super::verify()) has held.**
#[derive(Clone)]
pub struct Presented {
    pub(super) access_key_id: String,
    pub(super) session_token: Option<Secret<String>>,
    pub(super) day: String,
    pub(super) region: String,
    pub(super) service: String,
    pub(super) terminator: String,
    /// As they were sent, semicolons between; sorted, lower-case, unique.
    pub(super) signed_headers: String,
    pub(super) signed_at: OffsetDateTime,
    /// The time as it was signed.
    pub(super) amz_date: String,
    /// `None` where what was sent can not be a signature: it then matches none.
    pub(super) signature: Option<[u8; 32]>,
    pub(super) form: Form,
}

/// Where the signature was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Header,
    /// In the query, with `X-Amz-Expires` where it was sent; zero where that was no number.
    Query {
        expires: Option<i64>,
    },
}

/// Reads the signature's parts from the `Authorization` header or the query; `None` where there are none at all.
pub fn present(request: &SignedRequest<'_>) -> Result<Option<Presented>, SignatureError> {
    let authorization = single(request, AUTHORIZATION.as_str(), "authorization")?;
    let parameters = Parameters::read(request.query)?;
    match authorization {
        Some(_) if parameters.any() => Err(SignatureError::TwoForms),
        Some(authorization) => from_header(request, authorization).map(Some),
        None if parameters.any() => from_query(request, parameters).map(Some),
        None => Ok(None),
    }
}

impl Presented {
    /// The access key id, to find the secret with.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The session token, to find the secret with.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token
            .as_ref()
            .map(|token| token.expose().as_str())
    }

    /// The region in the scope.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The service in the scope.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Whether the signature is in the query.
    pub fn is_presigned(&self) -> bool {
        matches!(self.form, Form::Query { .. })
    }

    /// The names of the headers that it covers, in lower case.
    pub fn signed_headers(&self) -> impl Iterator<Item = &str> {
        self.signed_headers.split(';')
    }

    /// `day/region/service/aws4_request`.
    pub(super) fn scope(&self) -> String {
        format!(
            "{}/{}/{}/{}",
            self.day, self.region, self.service, self.terminator
        )
    }
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented")
            .field("access_key_id", &self.access_key_id)
            .field("region", &self.region)
            .field("service", &self.service)
            .field("signed_at", &self.amz_date)
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

/// `AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...`, the parameters in any order.
fn from_header(
    request: &SignedRequest<'_>,
    authorization: &str,
) -> Result<Presented, SignatureError> {
    let (algorithm, rest) = authorization.split_once(' ').unwrap_or((authorization, ""));
    if algorithm != ALGORITHM {
        return Err(SignatureError::UnsupportedAlgorithm);
    }
    let (mut credential, mut signed_headers, mut signature) = (None, None, None);
    for parameter in rest.split(',').map(str::trim).filter(|it| !it.is_empty()) {
        let (name, value) = parameter
            .split_once('=')
            .ok_or(SignatureError::MalformedAuthorization)?;
        let slot = match name {
            "Credential" => &mut credential,
            "SignedHeaders" => &mut signed_headers,
            "Signature" => &mut signature,
            _ => return Err(SignatureError::MalformedAuthorization),
        };
        if slot.replace(value).is_some() {
            return Err(SignatureError::MalformedAuthorization);
        }
    }
    let date = match single(request, "x-amz-date", "x-amz-date")? {
        Some(text) => Some(parse_amz_date(text)),
        None => single(request, DATE.as_str(), "date")?.map(parse_date_header),
    };
    let parts = (
        filled(credential),
        filled(signed_headers),
        filled(signature),
        date,
    );
    let (Some(credential), Some(signed_headers), Some(signature), Some(date)) = parts else {
        return Err(SignatureError::Incomplete {
            presigned: false,
            missing: [
                (parts.0.is_none(), MissingPart::Credential),
                (parts.2.is_none(), MissingPart::Signature),
                (parts.1.is_none(), MissingPart::SignedHeaders),
                (parts.3.is_none(), MissingPart::Date),
            ]
            .into_iter()
            .filter_map(|(missing, part)| missing.then_some(part))
            .collect(),
        });
    };
    let session_token = single(request, "x-amz-security-token", "x-amz-security-token")?;
    let signed_at = date.ok_or(SignatureError::MalformedDate)?;
    Ok(Presented {
        session_token: filled(session_token).map(|it| Secret::new(it.to_owned())),
        signed_headers: checked_header_names(signed_headers)?,
        signed_at,
        amz_date: amz_date(signed_at),
        signature: unhex(signature),
        form: Form::Header,
        ..Credential::read(credential)?.into_presented()
    })
}

fn from_query(
    request: &SignedRequest<'_>,
    parameters: Parameters<'_>,
) -> Result<Presented, SignatureError> {
    let Parameters(
        [
            algorithm,
            credential,
            date,
            expires,
            token,
            signature,
            signed_headers,
        ],
    ) = parameters;
    // A token in a header would be a second answer to the question which session this is.
    if request.headers.contains_key("x-amz-security-token") {
        return Err(SignatureError::TwoForms);
    }
    let parts = (
        filled(algorithm),
        filled(credential),
        filled(signature),
        filled(signed_headers),
        filled(date),
    );
    let (Some(algorithm), Some(credential), Some(signature), Some(signed_headers), Some(date)) =
        &parts
    else {
        return Err(SignatureError::Incomplete {
            presigned: true,
            missing: [
                (parts.0.is_none(), MissingPart::Algorithm),
                (parts.1.is_none(), MissingPart::Credential),
                (parts.2.is_none(), MissingPart::Signature),
                (parts.3.is_none(), MissingPart::SignedHeaders),
                (parts.4.is_none(), MissingPart::Date),
            ]
            .into_iter()
            .filter_map(|(missing, part)| missing.then_some(part))
            .collect(),
        });
    };
    if algorithm != ALGORITHM {
        return Err(SignatureError::UnsupportedAlgorithm);
    }
    let signed_at = parse_amz_date(date).ok_or(SignatureError::MalformedDate)?;
    let expires = expires.map(|text| {
        let digits = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
        text.parse().ok().filter(|_| digits).unwrap_or(0)
    });
    Ok(Presented {
        session_token: filled(token).map(|it| Secret::new(it.into_owned())),
        signed_headers: checked_header_names(signed_headers)?,
        signed_at,
        amz_date: amz_date(signed_at),
        signature: unhex(signature),
        form: Form::Query { expires },
        ..Credential::read(credential)?.into_presented()
    })
}

/// What is empty is missing.
fn filled<T: AsRef<str>>(text: Option<T>) -> Option<T> {
    text.filter(|it| !it.as_ref().is_empty())
}

/// A header that may come once and is text.
fn single<'r>(
    request: &SignedRequest<'r>,
    header: &str,
    name: &'static str,
) -> Result<Option<&'r str>, SignatureError> {
    let mut values = request.headers.get_all(header).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value
            .to_str()
            .map(Some)
            .map_err(|_| SignatureError::MalformedHeader(name)),
        (Some(_), Some(_)) => Err(SignatureError::MalformedHeader(name)),
    }
}

/// Sorted, so that there is one order; unique, so that no header counts twice; lower-case, as they are looked up.
fn checked_header_names(names: &str) -> Result<String, SignatureError> {
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|it| matches!(it, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'))
    };
    let all: Vec<&str> = names.split(';').collect();
    if all.iter().all(|name| is_name(name))
        && all.is_sorted_by(|a, b| a < b)
        && all.contains(&"host")
    {
        Ok(names.to_owned())
    } else {
        Err(SignatureError::InvalidSignedHeaders)
    }
}

/// `key-id/day/region/service/aws4_request`.
struct Credential<'c>([&'c str; 5]);

impl<'c> Credential<'c> {
    fn read(text: &'c str) -> Result<Self, SignatureError> {
        let mut parts = text.split('/');
        let five = [
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
        ];
        let [
            Some(key_id),
            Some(day),
            Some(region),
            Some(service),
            Some(terminator),
        ] = five
        else {
            return Err(SignatureError::MalformedCredential);
        };
        let id_is_sound = (1..=MAX_KEY_ID).contains(&key_id.len())
            && key_id.bytes().all(|it| it.is_ascii_graphic());
        if parts.next().is_some() || !id_is_sound {
            return Err(SignatureError::MalformedCredential);
        }
        Ok(Self([key_id, day, region, service, terminator]))
    }

    /// With nothing yet of the rest.
    fn into_presented(self) -> Presented {
        let Self([key_id, day, region, service, terminator]) = self;
        Presented {
            access_key_id: key_id.to_owned(),
            session_token: None,
            day: day.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            terminator: terminator.to_owned(),
            signed_headers: String::new(),
            signed_at: OffsetDateTime::UNIX_EPOCH,
            amz_date: String::new(),
            signature: None,
            form: Form::Header,
        }
    }
}

/// The values of [`PARAMETERS`], decoded, in that order.
#[derive(Default)]
struct Parameters<'q>([Option<Cow<'q, str>>; 7]);

impl<'q> Parameters<'q> {
    /// Each at most once, and in no other case: whoever reads them otherwise would read another request.
    fn read(raw: &'q str) -> Result<Self, SignatureError> {
        let mut found = Self::default();
        for (name, value) in query::pairs(raw) {
            let same = |(parameter, _): &(&str, _)| name.eq_ignore_ascii_case(parameter.as_bytes());
            let Some((parameter, slot)) = PARAMETERS.into_iter().zip(&mut found.0).find(same)
            else {
                continue;
            };
            if *name != *parameter.as_bytes() {
                return Err(SignatureError::ParameterCase(parameter));
            }
            // What is not text matches nothing later on.
            if slot.replace(text(value)).is_some() {
                return Err(SignatureError::RepeatedParameter(parameter));
            }
        }
        Ok(found)
    }

    fn any(&self) -> bool {
        self.0.iter().any(Option::is_some)
    }
}

fn text(value: Cow<'_, [u8]>) -> Cow<'_, str> {
    match value {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::sigv4::testing::{NOW, Sent, TOKEN, long_term, temporary};

    fn refused(sent: &Sent) -> SignatureError {
        sent.present().unwrap_err()
    }

    fn form() -> Sent {
        Sent::form(&long_term())
    }

    fn presigned() -> Sent {
        Sent::presigned(&temporary(), 60)
    }

    /// Without the parameter of this name.
    fn dropping(mut sent: Sent, parameter: &str) -> Sent {
        let kept: Vec<_> = sent
            .query
            .split('&')
            .filter(|it| !it.starts_with(&format!("{parameter}=")))
            .collect();
        sent.query = kept.join("&");
        sent
    }

    fn plus(mut sent: Sent, query: &str) -> Sent {
        sent.query = format!("{}&{query}", sent.query);
        sent
    }

    #[test]
    fn a_request_without_credentials_presents_none() {
        let bare = form().without("authorization");
        assert!(bare.present().unwrap().is_none());
        assert!(
            bare.with("x-amz-security-token", TOKEN)
                .present()
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn the_header_form_is_read() {
        let presented = Sent::form(&temporary()).present().unwrap().unwrap();
        assert_eq!(presented.access_key_id(), "ASIAEXAMPLE00000");
        assert_eq!(presented.session_token(), Some(TOKEN));
        assert_eq!(
            (presented.region(), presented.service()),
            ("us-east-1", "sts")
        );
        assert_eq!(presented.scope(), "20260911/us-east-1/sts/aws4_request");
        assert_eq!(presented.signed_at, NOW);
        assert!(!presented.is_presigned());
    }

    #[test]
    fn the_query_form_is_read() {
        let presented = presigned().present().unwrap().unwrap();
        assert_eq!(presented.session_token(), Some(TOKEN));
        assert_eq!(presented.form, Form::Query { expires: Some(60) });
        assert!(presented.is_presigned());
    }

    #[test]
    fn debug_shows_neither_token_nor_signature() {
        let text = format!("{:?}", presigned().present().unwrap().unwrap());
        assert!(
            !text.contains("FwoG") && !text.contains("signature"),
            "{text}"
        );
    }

    #[test]
    fn parameters_may_come_in_any_order_and_spacing() {
        for text in [
            "AWS4-HMAC-SHA256 Signature=00,Credential=a/20260911/r/s/t,SignedHeaders=host",
            "AWS4-HMAC-SHA256  Credential=a/20260911/r/s/t ,  SignedHeaders=host,\tSignature=00,",
        ] {
            let presented = form()
                .with("authorization", text)
                .present()
                .unwrap()
                .unwrap();
            assert_eq!(presented.access_key_id(), "a", "{text}");
        }
    }

    #[test]
    fn credentials_in_both_forms_are_refused() {
        let both = presigned().with("authorization", "AWS4-HMAC-SHA256 Credential=a");
        assert_eq!(refused(&both), SignatureError::TwoForms);
        assert_eq!(refused(&both).reason(), "sigv4.two_forms");
        for parameter in PARAMETERS {
            let mut both = form();
            both.query = format!("{parameter}=x");
            assert_eq!(refused(&both), SignatureError::TwoForms, "{parameter}");
        }
    }

    #[test]
    fn a_presigned_request_with_a_token_in_its_header_is_refused() {
        let two = Sent::presigned(&long_term(), 60).with("x-amz-security-token", TOKEN);
        assert_eq!(refused(&two), SignatureError::TwoForms);
    }

    #[test]
    fn two_authorization_headers_are_refused() {
        let mut sent = form();
        let again = sent.headers["authorization"].clone();
        sent.headers.append("authorization", again);
        assert_eq!(
            refused(&sent),
            SignatureError::MalformedHeader("authorization")
        );
    }

    #[test]
    fn repeated_headers_of_the_signature_are_refused() {
        for name in ["x-amz-date", "x-amz-security-token"] {
            let mut sent = Sent::form(&temporary());
            let again = sent.headers[name].clone();
            sent.headers.append(name, again);
            assert_eq!(refused(&sent), SignatureError::MalformedHeader(name));
        }
    }

    #[test]
    fn no_other_algorithm_is_accepted() {
        for algorithm in [
            "AWS4-ECDSA-P256-SHA256",
            "AWS4-HMAC-SHA1",
            "aws4-hmac-sha256",
            "AWS4-HMAC-SHA2567",
            "Bearer",
        ] {
            let header = form().replacing("AWS4-HMAC-SHA256", algorithm);
            assert_eq!(
                refused(&header),
                SignatureError::UnsupportedAlgorithm,
                "{algorithm}"
            );
            let query = presigned().replacing("AWS4-HMAC-SHA256", algorithm);
            assert_eq!(
                refused(&query),
                SignatureError::UnsupportedAlgorithm,
                "{algorithm}"
            );
        }
        for other in ["AWS AKIDEXAMPLE:c2lnbmF0dXJl", "Basic YTpi", ""] {
            assert_eq!(
                refused(&form().with("authorization", other)),
                SignatureError::UnsupportedAlgorithm
            );
        }
    }

    #[test]
    fn missing_parts_of_the_header_are_listed_in_the_order_of_aws() {
        use MissingPart::{Credential, Date, Signature, SignedHeaders};
        let missing = |sent: &Sent| match refused(sent) {
            SignatureError::Incomplete {
                presigned: false,
                missing,
            } => missing,
            other => panic!("{other:?}"),
        };
        let only = |text: &str| form().with("authorization", text);
        assert_eq!(
            missing(&only("AWS4-HMAC-SHA256")),
            [Credential, Signature, SignedHeaders]
        );
        assert_eq!(
            missing(&only("AWS4-HMAC-SHA256 Credential=a/b/c/d/e")),
            [Signature, SignedHeaders]
        );
        assert_eq!(
            missing(&only("AWS4-HMAC-SHA256 Credential=,Signature=0")),
            [Credential, SignedHeaders]
        );
        let dateless = only("AWS4-HMAC-SHA256 Signature=0").without("x-amz-date");
        assert_eq!(missing(&dateless), [Credential, SignedHeaders, Date]);
        assert_eq!(missing(&form().without("x-amz-date")), [Date]);
    }

    #[test]
    fn missing_parts_of_the_query_are_listed() {
        for (parameter, part) in [
            ("X-Amz-Algorithm", MissingPart::Algorithm),
            ("X-Amz-Credential", MissingPart::Credential),
            ("X-Amz-Signature", MissingPart::Signature),
            ("X-Amz-SignedHeaders", MissingPart::SignedHeaders),
            ("X-Amz-Date", MissingPart::Date),
        ] {
            let missing = SignatureError::Incomplete {
                presigned: true,
                missing: vec![part],
            };
            assert_eq!(refused(&dropping(presigned(), parameter)), missing);
            let empty = plus(dropping(presigned(), parameter), &format!("{parameter}="));
            assert_eq!(refused(&empty), missing);
        }
    }

    #[test]
    fn the_authorization_header_is_a_list_of_known_parameters_each_once() {
        for parameter in ["Credential=b/c/d/e/f", "Extra=1", "credential=a", "word"] {
            let sent = form().replacing("Signature=", &format!("{parameter}, Signature="));
            assert_eq!(
                refused(&sent),
                SignatureError::MalformedAuthorization,
                "{parameter}"
            );
        }
    }

    #[test]
    fn a_repeated_parameter_is_refused() {
        for parameter in PARAMETERS {
            let sent = plus(presigned(), &format!("{parameter}=x"));
            assert_eq!(refused(&sent), SignatureError::RepeatedParameter(parameter));
        }
        let escaped = plus(presigned(), "X-Amz-%44ate=x");
        assert_eq!(
            refused(&escaped),
            SignatureError::RepeatedParameter("X-Amz-Date")
        );
    }

    #[test]
    fn a_parameter_in_another_case_is_refused() {
        for parameter in PARAMETERS {
            let lower = format!("{}=x", parameter.to_ascii_lowercase());
            assert_eq!(
                refused(&plus(presigned(), &lower)),
                SignatureError::ParameterCase(parameter)
            );
            assert_eq!(
                refused(&plus(form(), &lower)),
                SignatureError::ParameterCase(parameter)
            );
        }
    }

    #[test]
    fn a_credential_has_five_parts_and_a_key_id() {
        let long = "A".repeat(129);
        for credential in [
            "AKID",
            "AKID/20260911/us-east-1/sts",
            "AKID/20260911/us-east-1/sts/aws4_request/x",
            "/20260911/us-east-1/sts/aws4_request",
            &format!("{long}/20260911/us-east-1/sts/aws4_request"),
        ] {
            let sent = form().replacing(
                "AKIDEXAMPLE/20260911/us-east-1/sts/aws4_request",
                credential,
            );
            assert_eq!(
                refused(&sent),
                SignatureError::MalformedCredential,
                "{credential}"
            );
        }
    }

    #[test]
    fn a_key_id_is_at_most_128_visible_characters() {
        let with_id = |id: &str| form().replacing("AKIDEXAMPLE", id);
        let longest = "A".repeat(MAX_KEY_ID);
        let presented = with_id(&longest).present().unwrap().unwrap();
        assert_eq!(presented.access_key_id(), longest);
        assert_eq!(
            refused(&with_id("AKID EXAMPLE")),
            SignatureError::MalformedCredential
        );
    }

    #[test]
    fn signed_headers_are_sorted_unique_and_lower_case_and_have_the_host() {
        for names in [
            "host;content-type",
            "host;host",
            "Host",
            "content-type",
            "host;",
            ";host",
            "host; x",
            "host,x",
            "a b;host",
        ] {
            let sent = form().replacing("content-type;host;x-amz-date", names);
            // A comma ends the parameter.
            let why = if names.contains(',') {
                SignatureError::MalformedAuthorization
            } else {
                SignatureError::InvalidSignedHeaders
            };
            assert_eq!(refused(&sent), why, "{names}");
        }
    }

    #[test]
    fn a_malformed_time_is_refused() {
        assert_eq!(
            refused(&form().with("x-amz-date", "2026-09-11T11:48:26Z")),
            SignatureError::MalformedDate
        );
        assert_eq!(
            refused(&presigned().replacing("20260911T114826Z", "20260911")),
            SignatureError::MalformedDate
        );
    }

    #[test]
    fn a_date_header_stands_in_for_the_time() {
        let sent = form()
            .without("x-amz-date")
            .with("date", "Fri, 11 Sep 2026 11:48:26 GMT");
        let presented = sent.present().unwrap().unwrap();
        assert_eq!(presented.signed_at, datetime!(2026-09-11 11:48:26 UTC));
        assert_eq!(presented.amz_date, "20260911T114826Z");
        let both = form().with("date", "Fri, 11 Sep 2020 11:48:26 GMT");
        assert_eq!(both.present().unwrap().unwrap().signed_at, NOW);
    }
}

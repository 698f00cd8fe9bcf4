//! The rules for single claims: who a token is for, and when it holds.

use serde_json::{Map, Number, Value};

use super::JwtError;

/// Whom a token must be for. The three doors have three rules.
#[derive(Debug, Clone, Copy)]
pub enum Audience<'a> {
    /// A CI entry: `aud` names one of these. An empty list refuses all.
    AnyOf(&'a [String]),
    /// An OpenID Connect relying party (Core §3.1.3.7): `aud` names this client, and so does `azp` where there is one
    /// or where `aud` names several.
    RelyingParty(&'a str),
    /// The STS: as AWS does with the client ids of the provider. Where there is an `azp`, it alone is matched; several
    /// audiences without it are refused.
    Sts(&'a [String]),
}

/// By how many seconds clocks may differ, for each of the three times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leeway {
    /// How long after `exp` a token still holds.
    pub expiry: i64,
    /// How long before `nbf` a token already holds.
    pub not_before: i64,
    /// How far `iat` may lie in the future.
    pub issued_at: i64,
}

impl Leeway {
    /// One minute all round, for sign-in and exchange.
    pub const MINUTE: Self = Self::all(60);

    /// AWS's five minutes, for the STS.
    pub const STS: Self = Self::all(300);

    /// The same for all three.
    pub const fn all(seconds: i64) -> Self {
        Self {
            expiry: seconds,
            not_before: seconds,
            issued_at: seconds,
        }
    }
}

/// The claims every token must have, in the order in which AWS reports them missing.
pub(super) fn check_presence(claims: &Map<String, Value>) -> Result<(), JwtError> {
    for name in ["iss", "sub", "aud", "iat", "exp"] {
        if !claims.contains_key(name) {
            return Err(JwtError::MissingClaim(name));
        }
    }
    Ok(())
}

/// A claim that is a string.
pub(super) fn text<'c>(
    claims: &'c Map<String, Value>,
    name: &'static str,
) -> Result<&'c str, JwtError> {
    match claims.get(name) {
        Some(Value::String(value)) => Ok(value),
        Some(_) => Err(JwtError::MalformedClaim(name)),
        None => Err(JwtError::MissingClaim(name)),
    }
}

/// `sub`: not empty, at most 255 characters, none of them a control character, and otherwise exactly as it came.
pub(super) fn subject(
    claims: &Map<String, Value>,
    audience: Audience<'_>,
) -> Result<String, JwtError> {
    let subject = match (claims.get("sub"), audience) {
        // AWS turns a number into its digits.
        (Some(Value::Number(number)), Audience::Sts(_)) if !number.is_f64() => number.to_string(),
        _ => text(claims, "sub")?.to_owned(),
    };
    if subject.is_empty() || subject.chars().count() > 255 || subject.chars().any(char::is_control)
    {
        return Err(JwtError::InvalidSubject);
    }
    Ok(subject)
}

/// What `aud` and `azp` say, after they passed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Matched {
    /// The value that was matched: for the STS `azp` where there is one, else a value of `aud`.
    pub(super) audience: String,
    pub(super) audiences: Vec<String>,
}

impl Audience<'_> {
    pub(super) fn check(self, claims: &Map<String, Value>) -> Result<Matched, JwtError> {
        let audiences = audiences(claims)?;
        let party = match claims.get("azp") {
            None => None,
            Some(_) => Some(text(claims, "azp")?),
        };
        let audience = match self {
            Self::AnyOf(ours) => {
                let matched = audiences.iter().find(|it| ours.contains(it));
                matched.ok_or(JwtError::WrongAudience)?.clone()
            }
            Self::RelyingParty(client) => {
                if !audiences.iter().any(|it| it == client) {
                    return Err(JwtError::WrongAudience);
                }
                match party {
                    Some(party) if party != client => return Err(JwtError::WrongAuthorizedParty),
                    None if audiences.len() > 1 => return Err(JwtError::MissingAuthorizedParty),
                    _ => client.to_owned(),
                }
            }
            Self::Sts(registered) => match (party, audiences.as_slice()) {
                (Some(party), _) if registered.iter().any(|it| it == party) => party.to_owned(),
                (Some(_), _) => return Err(JwtError::WrongAuthorizedParty),
                (None, [only]) if registered.contains(only) => only.clone(),
                (None, [_]) => return Err(JwtError::WrongAudience),
                (None, _) => return Err(JwtError::MissingAuthorizedParty),
            },
        };
        Ok(Matched {
            audience,
            audiences,
        })
    }

    /// AWS takes whole numbers alone; RFC 7519 §2 allows fractions, and some issuers send them.
    fn takes_fractions(self) -> bool {
        !matches!(self, Self::Sts(_))
    }
}

/// `aud` is one string or an array of them, which may not be empty.
fn audiences(claims: &Map<String, Value>) -> Result<Vec<String>, JwtError> {
    match claims.get("aud") {
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(several)) if several.is_empty() => Err(JwtError::EmptyAudience),
        Some(Value::Array(several)) => several
            .iter()
            .map(|it| it.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or(JwtError::MalformedClaim("aud")),
        Some(_) => Err(JwtError::MalformedClaim("aud")),
        None => Err(JwtError::MissingClaim("aud")),
    }
}

/// The times of a token, after they passed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) issued_at: i64,
    pub(super) expires_at: i64,
}

/// `exp`, `nbf`, `iat` and the age, each with the leeway on the side that forgives.
///
/// On the boundary: a token whose `exp` is now less the leeway has expired ("on or after", RFC 7519 §4.1.4); one whose
/// `nbf` or `iat` is now plus the leeway holds.
pub(super) fn check_times(
    claims: &Map<String, Value>,
    audience: Audience<'_>,
    now: i64,
    leeway: Leeway,
    max_age: Option<i64>,
) -> Result<Times, JwtError> {
    let fractions = audience.takes_fractions();
    let time = |name| timestamp(claims, name, fractions);
    let issued = time("iat")?.ok_or(JwtError::MissingClaim("iat"))?;
    let expires = time("exp")?.ok_or(JwtError::MissingClaim("exp"))?;
    let not_before = time("nbf")?;

    let now_minus_leeway = now.saturating_sub(leeway.expiry);
    if now_minus_leeway >= expires.floor {
        return Err(JwtError::Expired {
            now_minus_leeway,
            exp: expires.floor,
        });
    }
    let now_plus_leeway = now.saturating_add(leeway.not_before);
    if let Some(nbf) = not_before.filter(|nbf| now_plus_leeway < nbf.ceil) {
        return Err(JwtError::NotYetValid {
            now_plus_leeway,
            nbf: nbf.ceil,
        });
    }
    if issued.ceil > now.saturating_add(leeway.issued_at) {
        return Err(JwtError::IssuedInFuture { iat: issued.ceil });
    }
    let age = now.saturating_sub(issued.floor);
    if let Some(max_age) = max_age.filter(|max_age| age > max_age.saturating_add(leeway.issued_at))
    {
        return Err(JwtError::TooOld { age, max_age });
    }
    Ok(Times {
        issued_at: issued.floor,
        expires_at: expires.floor,
    })
}

/// A NumericDate with its fraction rounded both ways, so that each check can take the stricter.
struct Timestamp {
    floor: i64,
    ceil: i64,
}

fn timestamp(
    claims: &Map<String, Value>,
    name: &'static str,
    fractions: bool,
) -> Result<Option<Timestamp>, JwtError> {
    let invalid = JwtError::InvalidTimestamp(name);
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => in_bounds(number, fractions).map(Some).ok_or(invalid),
        Some(_) => Err(invalid),
    }
}

/// Beyond 2^53 a number is not the same in every JSON parser. Before 1970 there are no tokens.
fn in_bounds(number: &Number, fractions: bool) -> Option<Timestamp> {
    const LIMIT: i64 = 1 << 53;
    if let Some(whole) = number.as_i64() {
        return (0..LIMIT).contains(&whole).then_some(Timestamp {
            floor: whole,
            ceil: whole,
        });
    }
    let value = number.as_f64().filter(|_| fractions && number.is_f64())?;
    // Below the limit both directions are exact.
    (0.0..LIMIT as f64).contains(&value).then(|| Timestamp {
        floor: value.floor() as i64,
        ceil: value.ceil() as i64,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_789_123_456;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&it| it.to_owned()).collect()
    }

    fn any_of(ours: &[&str], claims: Value) -> Result<String, JwtError> {
        Audience::AnyOf(&names(ours))
            .check(&object(claims))
            .map(|it| it.audience)
    }

    fn relying_party(claims: Value) -> Result<String, JwtError> {
        Audience::RelyingParty("us")
            .check(&object(claims))
            .map(|it| it.audience)
    }

    fn sts(claims: Value) -> Result<String, JwtError> {
        Audience::Sts(&names(&["us", "ours"]))
            .check(&object(claims))
            .map(|it| it.audience)
    }

    fn times(
        audience: Audience<'_>,
        claims: Value,
        max_age: Option<i64>,
    ) -> Result<Times, JwtError> {
        check_times(&object(claims), audience, NOW, Leeway::MINUTE, max_age)
    }

    fn at(claims: Value) -> Result<Times, JwtError> {
        times(Audience::RelyingParty("us"), claims, None)
    }

    #[test]
    fn missing_claims_are_reported_in_the_order_of_aws() {
        let mut claims = object(json!({"iss": 1, "sub": 1, "aud": 1, "iat": 1, "exp": 1}));
        assert_eq!(check_presence(&claims), Ok(()));
        for name in ["exp", "iat", "aud", "sub", "iss"] {
            claims.remove(name);
            assert_eq!(check_presence(&claims), Err(JwtError::MissingClaim(name)));
        }
    }

    #[test]
    fn any_of_several_audiences_will_do_for_ci() {
        assert_eq!(any_of(&["us"], json!({"aud": "us"})), Ok("us".into()));
        assert_eq!(
            any_of(&["a", "us"], json!({"aud": ["x", "us", "a"]})),
            Ok("us".into())
        );
        assert_eq!(
            any_of(&["us"], json!({"aud": ["x"]})),
            Err(JwtError::WrongAudience)
        );
        assert_eq!(
            any_of(&["us"], json!({"aud": "US"})),
            Err(JwtError::WrongAudience)
        );
        assert_eq!(
            any_of(&["us"], json!({"aud": "us "})),
            Err(JwtError::WrongAudience)
        );
    }

    #[test]
    fn an_empty_list_of_audiences_refuses_all() {
        assert_eq!(
            any_of(&[], json!({"aud": "us"})),
            Err(JwtError::WrongAudience)
        );
        let claims = object(json!({"aud": "us"}));
        assert_eq!(
            Audience::Sts(&[]).check(&claims),
            Err(JwtError::WrongAudience)
        );
    }

    #[test]
    fn a_malformed_audience_is_refused() {
        assert_eq!(
            any_of(&["us"], json!({"aud": []})),
            Err(JwtError::EmptyAudience)
        );
        for aud in [
            json!(null),
            json!(1),
            json!({"us": 1}),
            json!(["us", 1]),
            json!([["us"]]),
        ] {
            assert_eq!(
                any_of(&["us"], json!({ "aud": aud })),
                Err(JwtError::MalformedClaim("aud"))
            );
        }
        assert_eq!(
            any_of(&["us"], json!({"aud": "us", "azp": null})),
            Err(JwtError::MalformedClaim("azp"))
        );
    }

    #[test]
    fn a_relying_party_must_be_named() {
        assert_eq!(relying_party(json!({"aud": "us"})), Ok("us".into()));
        assert_eq!(
            relying_party(json!({"aud": ["us"], "azp": "us"})),
            Ok("us".into())
        );
        assert_eq!(
            relying_party(json!({"aud": "them"})),
            Err(JwtError::WrongAudience)
        );
        assert_eq!(
            relying_party(json!({"aud": "them", "azp": "us"})),
            Err(JwtError::WrongAudience)
        );
    }

    #[test]
    fn a_relying_party_among_several_must_be_the_authorized_one() {
        let several = json!(["us", "them"]);
        assert_eq!(
            relying_party(json!({"aud": several, "azp": "us"})),
            Ok("us".into())
        );
        assert_eq!(
            relying_party(json!({"aud": several, "azp": "them"})),
            Err(JwtError::WrongAuthorizedParty)
        );
        assert_eq!(
            relying_party(json!({ "aud": several })),
            Err(JwtError::MissingAuthorizedParty)
        );
        assert_eq!(
            relying_party(json!({"aud": "us", "azp": "them"})),
            Err(JwtError::WrongAuthorizedParty)
        );
    }

    #[test]
    fn at_the_sts_the_authorized_party_alone_is_matched() {
        assert_eq!(sts(json!({"aud": "us"})), Ok("us".into()));
        assert_eq!(sts(json!({"aud": ["ours"]})), Ok("ours".into()));
        assert_eq!(sts(json!({"aud": "other", "azp": "us"})), Ok("us".into()));
        assert_eq!(
            sts(json!({"aud": ["x", "y"], "azp": "ours"})),
            Ok("ours".into())
        );
        assert_eq!(
            sts(json!({"aud": "us", "azp": "other"})),
            Err(JwtError::WrongAuthorizedParty)
        );
        assert_eq!(
            sts(json!({"aud": "us", "azp": ""})),
            Err(JwtError::WrongAuthorizedParty)
        );
    }

    #[test]
    fn at_the_sts_several_audiences_need_an_authorized_party() {
        assert_eq!(
            sts(json!({"aud": ["us", "ours"]})),
            Err(JwtError::MissingAuthorizedParty)
        );
        assert_eq!(sts(json!({"aud": "other"})), Err(JwtError::WrongAudience));
        assert_eq!(sts(json!({"aud": []})), Err(JwtError::EmptyAudience));
        assert_eq!(
            sts(json!({"aud": [], "azp": "us"})),
            Err(JwtError::EmptyAudience)
        );
    }

    #[test]
    fn expiry_is_reached_on_the_second_after_the_leeway() {
        let exp = |exp: i64| at(json!({"iat": NOW, "exp": exp})).map(|it| it.expires_at);
        assert_eq!(exp(NOW - 59), Ok(NOW - 59));
        assert_eq!(
            exp(NOW - 60),
            Err(JwtError::Expired {
                now_minus_leeway: NOW - 60,
                exp: NOW - 60
            })
        );
    }

    #[test]
    fn not_before_holds_from_the_leeway_on() {
        let nbf = |nbf: i64| at(json!({"iat": NOW, "exp": NOW + 1, "nbf": nbf})).map(|_| ());
        assert_eq!(nbf(NOW + 60), Ok(()));
        assert_eq!(
            nbf(NOW + 61),
            Err(JwtError::NotYetValid {
                now_plus_leeway: NOW + 60,
                nbf: NOW + 61
            })
        );
    }

    #[test]
    fn issue_may_lie_in_the_future_by_the_leeway() {
        let iat = |iat: i64| at(json!({"iat": iat, "exp": NOW + 1})).map(|it| it.issued_at);
        assert_eq!(iat(NOW + 60), Ok(NOW + 60));
        assert_eq!(
            iat(NOW + 61),
            Err(JwtError::IssuedInFuture { iat: NOW + 61 })
        );
    }

    #[test]
    fn an_old_token_is_refused_where_an_age_is_set() {
        let iat = |iat: i64, max_age| {
            times(
                Audience::RelyingParty("us"),
                json!({"iat": iat, "exp": NOW + 1}),
                max_age,
            )
            .map(|_| ())
        };
        assert_eq!(iat(NOW - 100_000, None), Ok(()));
        assert_eq!(iat(NOW - 3_660, Some(3_600)), Ok(()));
        assert_eq!(
            iat(NOW - 3_661, Some(3_600)),
            Err(JwtError::TooOld {
                age: 3_661,
                max_age: 3_600
            })
        );
    }

    #[test]
    fn the_sts_gives_five_minutes() {
        let claims = object(json!({"iat": NOW, "exp": NOW - 300}));
        let refused = check_times(&claims, Audience::Sts(&[]), NOW, Leeway::STS, None);
        assert_eq!(
            refused,
            Err(JwtError::Expired {
                now_minus_leeway: NOW - 300,
                exp: NOW - 300
            })
        );
        let claims = object(json!({"iat": NOW, "exp": NOW - 299}));
        assert!(check_times(&claims, Audience::Sts(&[]), NOW, Leeway::STS, None).is_ok());
    }

    #[test]
    fn times_are_numbers_never_text() {
        for bad in [
            json!("1789123456"),
            json!(null),
            json!(true),
            json!([1]),
            json!({}),
            json!("soon"),
        ] {
            for name in ["iat", "exp", "nbf"] {
                let mut claims = json!({"iat": NOW, "exp": NOW + 1});
                claims[name] = bad.clone();
                assert_eq!(
                    at(claims),
                    Err(JwtError::InvalidTimestamp(name)),
                    "{name} {bad}"
                );
            }
        }
    }

    #[test]
    fn times_beyond_exact_numbers_are_refused() {
        let exp = |exp: Value| at(json!({"iat": NOW, "exp": exp})).map(|_| ());
        assert_eq!(exp(json!(9_007_199_254_740_991_i64)), Ok(()));
        for beyond in [
            json!(1_i64 << 53),
            json!(u64::MAX),
            json!(1e16),
            json!(1e300),
            json!(-1),
            json!(-1.5),
        ] {
            assert_eq!(
                exp(beyond.clone()),
                Err(JwtError::InvalidTimestamp("exp")),
                "{beyond}"
            );
        }
    }

    #[test]
    fn a_fraction_counts_against_the_token() {
        let fraction = |add: f64| json!(NOW as f64 + add);
        assert!(at(json!({"iat": NOW, "exp": fraction(-58.5)})).is_ok());
        assert_eq!(
            at(json!({"iat": NOW, "exp": fraction(-59.5)})),
            Err(JwtError::Expired {
                now_minus_leeway: NOW - 60,
                exp: NOW - 60
            })
        );
        assert_eq!(
            at(json!({"iat": fraction(60.5), "exp": NOW + 1})),
            Err(JwtError::IssuedInFuture { iat: NOW + 61 })
        );
    }

    #[test]
    fn the_sts_takes_whole_numbers_alone() {
        for (name, value) in [
            ("exp", json!(NOW as f64 + 60.5)),
            ("iat", json!(1.7e9)),
            ("nbf", json!(1.0)),
        ] {
            let mut claims = json!({"iat": NOW, "exp": NOW + 60});
            claims[name] = value;
            assert_eq!(
                times(Audience::Sts(&[]), claims, None),
                Err(JwtError::InvalidTimestamp(name))
            );
        }
    }

    #[test]
    fn a_subject_is_short_text_without_control_characters() {
        let of = |sub: Value| subject(&object(json!({ "sub": sub })), Audience::RelyingParty("us"));
        assert_eq!(of(json!(" Ann ")), Ok(" Ann ".into()));
        assert_eq!(of(json!("\u{e9}".repeat(255))), Ok("\u{e9}".repeat(255)));
        for bad in [
            json!(""),
            json!("a".repeat(256)),
            json!("a\nb"),
            json!("a\u{0}"),
            json!("a\u{85}"),
        ] {
            assert_eq!(of(bad.clone()), Err(JwtError::InvalidSubject), "{bad}");
        }
        for bad in [json!(null), json!(7), json!(["a"]), json!(true)] {
            assert_eq!(
                of(bad.clone()),
                Err(JwtError::MalformedClaim("sub")),
                "{bad}"
            );
        }
    }

    #[test]
    fn at_the_sts_a_whole_number_is_a_subject() {
        let of = |sub: Value| subject(&object(json!({ "sub": sub })), Audience::Sts(&[]));
        assert_eq!(of(json!(1234)), Ok("1234".into()));
        assert_eq!(of(json!(1.5)), Err(JwtError::MalformedClaim("sub")));
        assert_eq!(of(json!(null)), Err(JwtError::MalformedClaim("sub")));
    }
}

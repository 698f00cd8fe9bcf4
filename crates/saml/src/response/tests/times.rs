//! Times, each on both sides of its boundary (SAML-12, 13, 14).

use super::*;

/// Seconds from the moment of the judgement, as SAML writes a time.
fn stamp(from_now: i64) -> String {
    let then = time::OffsetDateTime::from_unix_timestamp(NOW + from_now).unwrap();
    let format =
        time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    then.format(&format).unwrap()
}

const RESPONSE_ISSUED: &str = "IssueInstant='2026-11-22T09:59:30Z' Destination";
const ISSUED: &str = "IssueInstant='2026-11-22T09:59:30Z'><saml:Issuer>";
const DELIVERY_ENDS: &str = "NotOnOrAfter='2026-11-22T10:04:30Z' Recipient";
const BEGINS: &str = "NotBefore='2026-11-22T09:59:00Z' NotOnOrAfter";
const ENDS: &str = "NotOnOrAfter='2026-11-22T10:04:30Z'><saml:AudienceRestriction>";
const SESSION_ENDS: &str = "SessionNotOnOrAfter='2026-11-22T18:00:00Z'";

/// The sample with one time moved to so many seconds from now.
fn moved(place: &str, from_now: i64) -> String {
    let (before, rest) = place.split_once('\'').unwrap();
    let (_, after) = rest.split_once('\'').unwrap();
    bent(place, &format!("{before}'{}'{after}", stamp(from_now)))
}

/// With each skew: `last` is the furthest that a time may be from now, without skew, and one second beyond is refused.
/// Ends lie in the past as seen from the boundary, beginnings in the future.
#[track_caller]
fn boundary(place: &str, last: i64, beyond: i64, error: SamlError) {
    for skew in [0, 60, 300] {
        let last = last + beyond * skew;
        let text = moved(place, last);
        let found = judge_as(&text, |it| it.skew = skew);
        assert!(found.is_ok(), "{place} {last} {skew}: {found:?}");
        let text = moved(place, last + beyond);
        let found = judge_as(&text, |it| it.skew = skew);
        assert_eq!(found, Err(error.clone()), "{place} {last} {skew}");
    }
}

#[test]
fn a_response_is_not_of_the_future_nor_old() {
    boundary(RESPONSE_ISSUED, 0, 1, SamlError::IssuedInFuture);
    boundary(RESPONSE_ISSUED, -300, -1, SamlError::TooOld);
}

#[test]
fn an_assertion_is_not_of_the_future_nor_old() {
    boundary(ISSUED, 0, 1, SamlError::IssuedInFuture);
    boundary(ISSUED, -300, -1, SamlError::TooOld);
}

/// "Not on or after": the moment itself is too late.
#[test]
fn a_delivery_ends_at_its_moment() {
    boundary(DELIVERY_ENDS, 1, -1, SamlError::ConfirmationExpired);
}

#[test]
fn a_delivery_may_have_a_beginning() {
    let begins = "NotOnOrAfter='2026-11-22T10:04:30Z' Recipient";
    for (from_now, refusal) in [
        (60, None),
        (61, Some(SamlError::ConfirmationNotYet)),
        (-600, None),
    ] {
        let text = bent(begins, &format!("NotBefore='{}' {begins}", stamp(from_now)));
        assert_eq!(judge(&text).err(), refusal);
        // AWS looks at the ends alone.
        assert!(judge_as(&text, |it| it.not_before = false).is_ok());
    }
}

#[test]
fn conditions_have_a_beginning_and_an_end() {
    boundary(BEGINS, 0, 1, SamlError::ConditionsNotYet);
    boundary(ENDS, 1, -1, SamlError::ConditionsExpired);
}

#[test]
fn conditions_may_be_open() {
    assert!(judge(&bent("NotBefore='2026-11-22T09:59:00Z' ", "")).is_ok());
    let open = judge(&bent(ENDS, "><saml:AudienceRestriction>")).unwrap();
    assert_eq!(open.ends_at(), NOW + 270);
}

#[test]
fn the_session_at_the_provider_has_not_ended() {
    boundary(SESSION_ENDS, 1, -1, SamlError::SessionEnded);
    let found = judge(&bent(&format!(" {SESSION_ENDS}"), "")).unwrap();
    assert_eq!(found.authn().session_ends_at, None);
}

/// Whichever ends first: after that moment no replay can be accepted.
#[test]
fn it_ends_when_delivery_or_conditions_do() {
    assert_eq!(
        judge(&moved(DELIVERY_ENDS, 30)).unwrap().ends_at(),
        NOW + 30
    );
    assert_eq!(judge(&moved(ENDS, 20)).unwrap().ends_at(), NOW + 20);
}

#[test]
fn beginnings_and_ages_count_only_where_they_are_asked_for() {
    for place in [RESPONSE_ISSUED, ISSUED, BEGINS] {
        let text = moved(place, 4000);
        assert!(judge(&text).is_err());
        assert!(judge_as(&text, |it| it.not_before = false).is_ok());
    }
    for place in [RESPONSE_ISSUED, ISSUED] {
        let text = moved(place, -4000);
        assert!(judge_as(&text, |it| it.not_before = false).is_err());
        assert!(judge_as(&text, |it| it.max_age = None).is_ok());
    }
    // Ends always count.
    for place in [DELIVERY_ENDS, ENDS, SESSION_ENDS] {
        let text = moved(place, -4000);
        let found = judge_as(&text, |it| (it.not_before, it.max_age) = (false, None));
        assert!(found.is_err(), "{place}");
    }
}

#[test]
fn a_new_sign_in_was_made_after_it_was_asked_for() {
    let text = sign(&response(), "_a", &KEY);
    let since = |since| judge_as(&text, |it| it.authenticated_since = Some(since));
    assert!(since(NOW - 60).is_ok());
    assert!(since(NOW).is_ok());
    assert_eq!(since(NOW + 1), Err(SamlError::AuthnContext));
    assert_eq!(since(i64::MIN).err(), None);
}

#[test]
fn every_time_can_be_read() {
    for (place, name) in [
        (RESPONSE_ISSUED, "IssueInstant"),
        (ISSUED, "IssueInstant"),
        (DELIVERY_ENDS, "NotOnOrAfter"),
        (BEGINS, "NotBefore"),
        (ENDS, "NotOnOrAfter"),
        (SESSION_ENDS, "SessionNotOnOrAfter"),
        ("AuthnInstant='2026-11-22T09:59:00Z'", "AuthnInstant"),
    ] {
        let (before, rest) = place.split_once('\'').unwrap();
        let (_, after) = rest.split_once('\'').unwrap();
        for bad in [
            "",
            "now",
            "2026-11-22T10:01:00",
            "2026-11-22T10:01:00+00:00",
            "1795341600",
        ] {
            let text = bent(place, &format!("{before}'{bad}'{after}"));
            refused(&text, SamlError::Time(name));
        }
    }
}

#[test]
fn times_that_are_needed_are_there() {
    refused_bent(
        RESPONSE_ISSUED,
        "Destination",
        SamlError::Time("IssueInstant"),
    );
    refused_bent(ISSUED, "><saml:Issuer>", SamlError::Time("IssueInstant"));
    let authn = " AuthnInstant='2026-11-22T09:59:00Z'";
    refused_bent(authn, "", SamlError::Time("AuthnInstant"));
}

/// Whatever the numbers are, they are compared and not overrun.
#[test]
fn no_time_is_too_far() {
    for stamp in ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"] {
        for place in [
            RESPONSE_ISSUED,
            ISSUED,
            DELIVERY_ENDS,
            BEGINS,
            ENDS,
            SESSION_ENDS,
        ] {
            let (before, rest) = place.split_once('\'').unwrap();
            let (_, after) = rest.split_once('\'').unwrap();
            let text = bent(place, &format!("{before}'{stamp}'{after}"));
            for (now, skew) in [(NOW, 60), (i64::MAX, i64::MAX), (i64::MIN, i64::MAX)] {
                let _ = judge_as(&text, |it| (it.now, it.skew) = (now, skew));
            }
        }
    }
}

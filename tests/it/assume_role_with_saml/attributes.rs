//! What the assertion says to AWS: roles, session name, durations, tags, source identity.

use drawbridge::aws::xml::timestamp;
use serde_json::json;
use time::OffsetDateTime;

use super::STRICT;
use crate::harness::DEV;
use crate::harness::assertion::{at, trust_saml};
use crate::harness::http::Reply;
use crate::harness::iam::document;

const NOT_GIVEN: &str =
    "SAML Assertion doesn't contain the requested Role and Metadata in the attributes";

/// Seconds until the credentials of an answer end.
fn lasts(reply: &Reply) -> i64 {
    let now = STRICT.now();
    let ends = reply.xml("Expiration");
    let of = |seconds: i64| timestamp(OffsetDateTime::from_unix_timestamp(now + seconds).unwrap());
    (0..50_000)
        .find(|seconds| of(*seconds) == ends)
        .unwrap_or_else(|| panic!("{}", reply.text()))
}

#[test]
fn the_role_comes_with_the_provider_in_either_order() {
    let desk = &*STRICT;
    let pair = format!("{},{}", desk.role, desk.provider);
    let reversed = format!("{} , {}", desk.provider, desk.role);
    desk.takes(&desk.bent(&pair, &reversed));
    for other in [
        format!("{}x,{}", desk.role, desk.provider),
        format!("{},{}x", desk.role, desk.provider),
        desk.role.clone(),
    ] {
        let reply = desk.bent(&pair, &other);
        desk.refuses(&reply, NOT_GIVEN, "saml.attributes.role");
    }
    let reply = desk.bent("Attributes/Role'", "Attributes/role'");
    desk.refuses(&reply, NOT_GIVEN, "saml.attributes.role");
}

#[test]
fn the_session_has_a_legal_name() {
    let desk = &*STRICT;
    let reason = "saml.attributes.session_name";
    let reply = desk.bent("Attributes/RoleSessionName", "Attributes/Other");
    desk.refuses(
        &reply,
        "RoleSessionName is required in AuthnResponse",
        reason,
    );
    let reply = desk.bent(">ann@acme.example<", ">ann acme<");
    let message = "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}";
    desk.refuses(&reply, message, reason);
}

#[test]
fn the_provider_can_only_shorten_the_usual_session() {
    let desk = &*STRICT;
    let role = desk.broker.role_with(
        DEV,
        "Lasting",
        &trust_saml(&desk.provider, json!({})),
        |role| role.max_session_duration = 7200,
    );
    let asked = |says: &[&str], params: &[(&str, &str)]| {
        let more: Vec<(&str, &[&str])> = match says {
            [] => Vec::new(),
            says => vec![("SessionDuration", says)],
        };
        lasts(&desk.with(&role, &more, params))
    };
    assert_eq!(asked(&[], &[]), 3600);
    assert_eq!(asked(&["900"], &[]), 900);
    assert_eq!(asked(&["7200"], &[]), 3600);
    assert_eq!(asked(&[], &[("DurationSeconds", "7200")]), 7200);
    assert_eq!(asked(&["900"], &[("DurationSeconds", "1800")]), 1800);
    let reply = desk.with(&role, &[], &[("DurationSeconds", "7201")]);
    let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    desk.broker
        .refuses(&reply, 400, "ValidationError", message, "sts.duration.role");
    let reply = desk.with(&role, &[("SessionDuration", &["1"])], &[]);
    let message =
        "SessionDuration in AuthnResponse must be a number of seconds between 900 and 43200";
    desk.refuses(&reply, message, "saml.attributes.session_duration");
}

#[test]
fn a_session_ends_with_that_at_the_provider() {
    let desk = &*STRICT;
    let ends = |seconds: i64, params: &[(&str, &str)]| {
        let says = format!(
            "SessionNotOnOrAfter='{}' SessionIndex",
            at(desk.now() + seconds)
        );
        let response = desk.response().replace("SessionIndex", &says);
        let signed = desk.idp.sign(&response);
        lasts(
            &desk
                .broker
                .assume_with_saml(&signed, &desk.provider, &desk.role, params),
        )
    };
    // Below what anybody may ask for.
    assert_eq!(ends(600, &[]), 600);
    assert_eq!(ends(600, &[("DurationSeconds", "900")]), 600);
    assert_eq!(ends(7200, &[]), 3600);
}

#[test]
fn tags_and_source_identity_need_actions_of_their_own() {
    let desk = &*STRICT;
    let only = |name: &str, actions: &[&str]| {
        let statement = json!({
            "Effect": "Allow", "Principal": { "Federated": desk.provider }, "Action": actions,
        });
        desk.broker.role(DEV, name, &document(statement))
    };
    let tags: [(&str, &[&str]); 2] = [
        ("PrincipalTag:Team", &["eng"]),
        ("TransitiveTagKeys", &["Team"]),
    ];
    let source: [(&str, &[&str]); 1] = [("SourceIdentity", &["ann"])];
    let bare = only("Bare", &["sts:AssumeRoleWithSAML"]);
    desk.takes(&desk.with(&bare, &[], &[]));
    desk.denies(&desk.with(&bare, &tags, &[]), "trust.no_match");
    desk.denies(&desk.with(&bare, &source, &[]), "trust.no_match");
    let tagged = only("Tagged", &["sts:AssumeRoleWithSAML", "sts:TagSession"]);
    desk.takes(&desk.with(&tagged, &tags, &[]));
    let sourced = only(
        "Sourced",
        &["sts:AssumeRoleWithSAML", "sts:SetSourceIdentity"],
    );
    let reply = desk.with(&sourced, &source, &[]);
    assert_eq!(reply.xml("SourceIdentity"), "ann");
    let others = only(
        "Others",
        &["sts:AssumeRoleWithWebIdentity", "sts:AssumeRole"],
    );
    desk.denies(&desk.with(&others, &[], &[]), "trust.no_match");
}

#[test]
fn tags_are_held_to_what_holds_for_all_tags() {
    let desk = &*STRICT;
    let reply = desk.with(&desk.role, &[("PrincipalTag:Team", &["a", "b"])], &[]);
    let message =
        "PrincipalTag in AuthnResponse must have exactly one value, and be a legal session tag";
    desk.refuses(&reply, message, "saml.attributes.tags");
    let reply = desk.with(&desk.role, &[("TransitiveTagKeys", &["Team"])], &[]);
    let message = "The specified transitive tag key must be included in the requested tags.";
    desk.broker.refuses(
        &reply,
        400,
        "InvalidParameterValue",
        message,
        "sts.tags.transitive",
    );
    let long = "v".repeat(250);
    let two: [(&str, &[&str]); 2] = [("PrincipalTag:a", &[&long]), ("PrincipalTag:b", &[&long])];
    let reply = desk.with(&desk.role, &two, &[]);
    let message = "Packed size of session tags consumes 111% of allotted space.";
    desk.broker
        .refuses(&reply, 400, "PackedPolicyTooLarge", message, "sts.packed");
    let reply = desk.with(&desk.role, &[("SourceIdentity", &["aws:ann"])], &[]);
    let message = "Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with \"aws:\"";
    desk.refuses(&reply, message, "saml.attributes.source_identity");
}

//! What each product calls things, as identities.

use std::sync::LazyLock;

use drawbridge::identity::{ClaimValue, Identity};
use drawbridge_saml::issue::Attribute;

use crate::harness::saml_idp::{Answer, Federation, attribute};

const CLAIMS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims";
const MICROSOFT: &str = "http://schemas.microsoft.com";

fn with_profile(profile: &str) -> Federation {
    Federation::start(&format!("idp_initiated = true\nprofile = \"{profile}\""))
}

/// Whom a product's attributes make.
#[track_caller]
fn identity(profile: &str, attributes: &[Attribute]) -> Identity {
    let federation = with_profile(profile);
    let found = federation.identity(|answer| answer.attributes = attributes.to_vec());
    found.unwrap()
}

/// Display name, e-mail and groups.
fn facts(identity: &Identity) -> (&str, &str, Vec<&str>) {
    let groups = identity.groups.iter().map(String::as_str);
    (
        &identity.display_name,
        identity.email.as_deref().unwrap_or_default(),
        groups.collect(),
    )
}

const ANN: (&str, &str) = ("Ann Example", "ann@contoso.example");

#[test]
fn adfs() {
    let found = identity(
        "adfs",
        &[
            attribute(
                "http://schemas.xmlsoap.org/claims/Group",
                &["Domain Users", "Engineering"],
            ),
            attribute(&format!("{CLAIMS}/name"), &["CONTOSO\\ann"]),
            attribute(&format!("{CLAIMS}/emailaddress"), &[ANN.1]),
            attribute(&format!("{CLAIMS}/upn"), &["ann@contoso.example"]),
        ],
    );
    assert_eq!(
        facts(&found),
        ("CONTOSO\\ann", ANN.1, vec!["Domain Users", "Engineering"])
    );
}

#[test]
fn entra() {
    let groups = [
        "3f1c1a52-9d0b-4b57-8f0e-6f2d4c1f8a11",
        "b7d7a7f4-0c55-4d5c-9a3d-3a5f4d0f6b22",
    ];
    let found = identity(
        "entra",
        &[
            attribute(&format!("{MICROSOFT}/identity/claims/tenantid"), &["1a2b"]),
            attribute(
                &format!("{MICROSOFT}/identity/claims/objectidentifier"),
                &["9c8d"],
            ),
            attribute(
                &format!("{MICROSOFT}/identity/claims/displayname"),
                &[ANN.0],
            ),
            attribute(
                &format!("{MICROSOFT}/ws/2008/06/identity/claims/groups"),
                &groups,
            ),
            attribute(
                &format!("{CLAIMS}/name"),
                &["ann@contoso.onmicrosoft.example"],
            ),
            attribute(&format!("{CLAIMS}/emailaddress"), &[ANN.1]),
        ],
    );
    assert_eq!(facts(&found), (ANN.0, ANN.1, groups.to_vec()));
    let tenant = &found.claims[&format!("{MICROSOFT}/identity/claims/tenantid")];
    assert_eq!(tenant, &ClaimValue::Many(vec!["1a2b".to_owned()]));
}

#[test]
fn okta() {
    let found = identity(
        "okta",
        &[
            attribute("email", &[ANN.1]),
            attribute("displayName", &[ANN.0]),
            attribute("groups", &["Everyone", "Engineering"]),
        ],
    );
    assert_eq!(
        facts(&found),
        (ANN.0, ANN.1, vec!["Everyone", "Engineering"])
    );
}

#[test]
fn google() {
    let found = identity(
        "google",
        &[
            attribute("firstName", &["Ann"]),
            attribute("email", &[ANN.1]),
            attribute("groups", &["Engineering"]),
        ],
    );
    assert_eq!(facts(&found), ("Ann", ANN.1, vec!["Engineering"]));
}

#[test]
fn keycloak() {
    // One attribute for each value is what it does by default.
    let found = identity(
        "keycloak",
        &[
            attribute("urn:oid:1.2.840.113549.1.9.1", &[ANN.1]),
            attribute("username", &["ann"]),
            attribute("member", &["/engineering"]),
            attribute("member", &["/admins"]),
            attribute("Role", &["offline_access"]),
        ],
    );
    assert_eq!(
        facts(&found),
        ("ann", ANN.1, vec!["/engineering", "/admins"])
    );
}

#[test]
fn shibboleth() {
    let found = identity(
        "shibboleth",
        &[
            attribute("urn:oid:2.16.840.1.113730.3.1.241", &[ANN.0]),
            attribute("urn:oid:0.9.2342.19200300.100.1.3", &[ANN.1]),
            attribute("urn:oid:1.3.6.1.4.1.5923.1.5.1.1", &["cn=staff,ou=groups"]),
            attribute("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", &["member", "staff"]),
        ],
    );
    assert_eq!(facts(&found), (ANN.0, ANN.1, vec!["cn=staff,ou=groups"]));
}

#[test]
fn nobodys_in_particular() {
    let found = identity(
        "generic",
        &[
            attribute("cn", &["Ann"]),
            attribute("mail", &[ANN.1]),
            attribute("memberOf", &["staff"]),
        ],
    );
    assert_eq!(facts(&found), ("Ann", ANN.1, vec!["staff"]));
}

static GENERIC: LazyLock<Federation> = LazyLock::new(|| with_profile("generic"));

#[test]
fn a_person_of_whom_nothing_is_said_is_their_name() {
    let found = GENERIC
        .identity(|answer| answer.attributes.clear())
        .unwrap();
    assert_eq!(facts(&found), ("ann-4711", "", vec![]));
    assert_eq!(found.subject, "ann-4711");
    assert_eq!(found.issuer, GENERIC.idp.entity_id);
    assert_eq!(found.audience, GENERIC.acs());
    let name = found.saml.unwrap();
    assert!(name.is_subject);
    assert_eq!(name.session_index.as_deref(), Some("session-1"));
}

#[test]
fn groups_that_are_only_pointed_at_are_not_no_groups() {
    let entra = with_profile("entra");
    for claim in [
        "http://schemas.microsoft.com/claims/groups.link",
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups.link",
    ] {
        let link = attribute(
            claim,
            &["https://graph.windows.net/1a2b/users/9c8d/getMemberObjects"],
        );
        let (_, reply) = entra.with(|answer| answer.attributes = vec![link.clone()]);
        assert_eq!(entra.broker.reason(&reply), "saml.value.groups");
        assert_eq!(reply.status, 403);
        entra.says_nothing(&reply);
    }
    let (_, reply) = entra.with(|answer| answer.attributes.clear());
    assert_eq!(reply.status, 303, "no groups are no groups");
}

#[test]
fn of_several_values_none_is_taken_for_the_one() {
    for (name, twice) in [("mail", false), ("mail", true), ("displayName", false)] {
        let outcome = GENERIC.with(|answer| {
            answer.attributes = match twice {
                true => vec![attribute(name, &["a"]), attribute(name, &["b"])],
                false => vec![attribute(name, &["a", "b"])],
            };
        });
        GENERIC.refuses(outcome, 403, "saml.value.duplicate");
    }
}

#[test]
fn an_entry_names_attributes_of_its_own() {
    let federation = Federation::start(
        "idp_initiated = true\ngroups_attribute = \"teams\"\nname_attribute = \"who\"\n\
         email_attribute = \"post\"",
    );
    let found = federation.identity(|answer| {
        answer.attributes.push(attribute("teams", &["a", "", "b"]));
        answer.attributes.push(attribute("who", &["Ann"]));
        answer.attributes.push(attribute("post", &["a@b.example"]));
    });
    assert_eq!(
        facts(&found.unwrap()),
        ("Ann", "a@b.example", vec!["a", "b"])
    );
    // And then no others.
    let found = federation.identity(|_| {}).unwrap();
    assert_eq!(facts(&found), ("ann-4711", "", vec![]));
}

#[test]
fn a_person_is_known_by_the_attribute_that_the_entry_names() {
    let federation =
        Federation::start("idp_initiated = true\nsubject_attribute = \"employeeNumber\"");
    let number = |values: &'static [&'static str]| {
        move |answer: &mut Answer| answer.attributes.push(attribute("employeeNumber", values))
    };
    let found = federation.identity(number(&["E-17"])).unwrap();
    assert_eq!(found.subject, "E-17");
    let name = found.saml.clone().unwrap();
    assert_eq!((name.value.as_str(), name.is_subject), ("ann-4711", false));
    // By whatever name the provider calls them today.
    let renamed = federation.identity(|answer| {
        number(&["E-17"])(answer);
        answer.name_id.value = "another".to_owned();
        answer.name_id.format = None;
    });
    assert_eq!(renamed.unwrap().session_name(), found.session_name());

    federation.refuses(federation.with(|_| {}), 403, "saml.value.empty");
    federation.refuses(federation.with(number(&[""])), 403, "saml.value.empty");
    let outcome = federation.with(number(&["E-17", "E-18"]));
    federation.refuses(outcome, 403, "saml.value.duplicate");
}

#[test]
fn two_people_never_share_a_session_name() {
    type Spoil = fn(&mut Answer);
    let people: [Spoil; 4] = [
        |_| {},
        |answer| answer.name_id.value = "bob-12".to_owned(),
        |answer| answer.name_id.format = None,
        |answer| answer.name_id.name_qualifier = Some("elsewhere".to_owned()),
    ];
    // All of them with one e-mail address.
    let names = people.map(|person| GENERIC.identity(person).unwrap().session_name());
    for (at, name) in names.iter().enumerate() {
        assert!(name.starts_with("ann@contoso.example-"), "{name}");
        assert!(!names[at + 1..].contains(name), "{name}");
    }
}

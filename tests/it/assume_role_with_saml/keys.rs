//! The condition keys of the trust decision (sts.md sections 7.6 and 8.4).

use serde_json::{Value, json};

use super::STRICT;
use crate::harness::DEV;
use crate::harness::assertion::RECIPIENT;

const AFFILIATION: &str = "urn:oid:1.3.6.1.4.1.5923.1.1.1.1";

/// Whether a role that asks for this takes an assertion that says so.
fn admits(name: &str, condition: Value, more: &[(&str, &[&str])]) -> bool {
    let desk = &*STRICT;
    let role = desk.role_if(name, condition);
    let reply = desk.with(&role, more, &[]);
    match reply.status {
        200 => true,
        _ => {
            desk.denies(&reply, "trust.condition");
            false
        }
    }
}

#[test]
fn every_key_of_an_assertion_is_there() {
    let desk = &*STRICT;
    let qualifier = drawbridge::sts::saml::keys::name_qualifier(&desk.idp.entity_id, DEV, "Okta");
    let everything = json!({
        "StringEquals": {
            "saml:aud": RECIPIENT,
            "saml:iss": desk.idp.entity_id,
            "saml:sub": "ann",
            "saml:sub_type": "persistent",
            "saml:doc": format!("{DEV}/Okta"),
            "saml:namequalifier": qualifier,
            "sts:RoleSessionName": "ann@acme.example",
            "aws:PrincipalAccount": DEV,
            "aws:PrincipalType": "User",
            "aws:userid": desk.provider,
            "aws:FederatedProvider": desk.provider,
            "aws:RequestTag/Team": "eng",
            "sts:SourceIdentity": "ann",
        },
        "ForAnyValue:StringEquals": {
            "aws:TagKeys": "Team",
            "sts:TransitiveTagKeys": "Team",
            "saml:edupersonaffiliation": "staff",
        },
        "NumericEquals": { "sts:DurationSeconds": "3600" },
        "Null": { "aws:PrincipalArn": "true", "sts:RoleAuthorizedByIdp": "true" },
    });
    let says: [(&str, &[&str]); 4] = [
        ("PrincipalTag:Team", &["eng"]),
        ("TransitiveTagKeys", &["Team"]),
        ("SourceIdentity", &["ann"]),
        (AFFILIATION, &["staff", "member"]),
    ];
    // The source identity is asked for when it is set, and not before.
    let mut first = everything.clone();
    first["StringEqualsIfExists"] = json!({ "sts:SourceIdentity": "ann" });
    first["StringEquals"]
        .as_object_mut()
        .unwrap()
        .remove("sts:SourceIdentity");
    assert!(admits("Everything", first.clone(), &says));
    for (operator, key) in [
        ("StringEquals", "saml:aud"),
        ("StringEquals", "saml:iss"),
        ("StringEquals", "saml:sub"),
        ("StringEquals", "saml:sub_type"),
        ("StringEquals", "saml:doc"),
        ("StringEquals", "saml:namequalifier"),
        ("StringEquals", "sts:RoleSessionName"),
        ("StringEquals", "aws:userid"),
        ("ForAnyValue:StringEquals", "saml:edupersonaffiliation"),
    ] {
        let mut spoiled = first.clone();
        spoiled[operator][key] = json!("other");
        let name = format!("No-{}", key.replace([':', '/'], "-"));
        assert!(!admits(&name, spoiled, &says), "{key}");
    }
}

#[test]
fn keys_have_any_case_and_a_list_is_a_list() {
    let staff = |operator: &str, key: &str| json!({ operator: { key: "staff" } });
    let says: [(&str, &[&str]); 1] = [(AFFILIATION, &["staff"])];
    let any = "ForAnyValue:StringEquals";
    assert!(admits(
        "Lower",
        staff(any, "saml:edupersonaffiliation"),
        &says
    ));
    assert!(admits(
        "Camel",
        staff(any, "SAML:eduPersonAffiliation"),
        &says
    ));
    assert!(!admits(
        "Plain",
        staff("StringEquals", "saml:edupersonaffiliation"),
        &says
    ));
}

#[test]
fn attributes_of_other_names_are_no_keys() {
    let says: [(&str, &[&str]); 2] = [("urn:groups", &["admins"]), ("saml:sub", &["bob"])];
    for (name, key, value) in [
        ("Groups", "saml:urn:groups", "admins"),
        ("Subject", "saml:sub", "bob"),
        ("AnyGroups", "saml:groups", "admins"),
    ] {
        assert!(!admits(
            name,
            json!({ "StringEquals": { key: value } }),
            &says
        ));
    }
}

#[test]
fn a_key_of_one_value_takes_no_two() {
    let desk = &*STRICT;
    let primary = "urn:oid:1.3.6.1.4.1.5923.1.1.1.5";
    let reply = desk.with(&desk.role, &[(primary, &["staff", "student"])], &[]);
    desk.cannot_read(&reply, "saml.value.duplicate");
}

#[test]
fn reserved_roles_are_for_identity_center_alone() {
    let desk = &*STRICT;
    let role = desk.role_if("AWSReservedSSO_Admin_0123456789abcdef", json!({}));
    desk.denies(&desk.with(&role, &[], &[]), "trust.reserved");
}

#[test]
fn a_role_that_is_not_there_looks_like_one_that_does_not_trust() {
    let desk = &*STRICT;
    let missing = format!("arn:aws:iam::{DEV}:role/Missing");
    desk.denies(&desk.with(&missing, &[], &[]), "trust.no_role");
}

//! Alias, password policy, preferences, outbound federation.
//!
//! Each of these is one thing of the whole account, so each has one test that walks through its life.

use super::{DEMO, needs_permission, refused, root};
use crate::harness::{DEV, PROD};

#[test]
fn an_account_has_one_alias_and_an_alias_one_account() {
    let call = |account: &str, action: &str, alias: &str| {
        DEMO.iam(DEMO.root(account), action, &[("AccountAlias", alias)])
    };
    let listed = || DEMO.iam_ok(root(), "ListAccountAliases", &[]);
    assert_eq!(call(DEV, "CreateAccountAlias", "acme").status, 200);
    assert_eq!(listed().xml("member"), "acme");
    assert_eq!(listed().xml("IsTruncated"), "false");
    let taken = call(PROD, "CreateAccountAlias", "acme");
    let text = "The account alias acme already exists.";
    refused(&taken, 409, "EntityAlreadyExists", text);
    assert_eq!(call(DEV, "CreateAccountAlias", "acme-dev").status, 200);
    assert_eq!(listed().xml("member"), "acme-dev");
    let gone = call(DEV, "DeleteAccountAlias", "acme");
    let text = "The account alias acme cannot be found.";
    refused(&gone, 404, "NoSuchEntity", text);
    assert_eq!(call(DEV, "DeleteAccountAlias", "acme-dev").status, 200);
    assert_eq!(listed().xml_if_any("member"), None);
    assert!(listed().text().contains("<AccountAliases/>"));
}

#[test]
fn what_is_no_alias_is_refused() {
    for alias in ["Acme", "-acme", "acme-", "ac--me", "a.b"] {
        let reply = DEMO.iam(root(), "CreateAccountAlias", &[("AccountAlias", alias)]);
        let text = "1 validation error detected: Value at 'accountAlias' failed to satisfy \
                    constraint: Member must satisfy regular expression pattern: \
                    ^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$";
        refused(&reply, 400, "ValidationError", text);
    }
    let reply = DEMO.iam(root(), "CreateAccountAlias", &[("AccountAlias", "ab")]);
    let text = "1 validation error detected: Value at 'accountAlias' failed to satisfy constraint: \
                Member must have length greater than or equal to 3";
    refused(&reply, 400, "ValidationError", text);
}

#[test]
fn all_that_is_wrong_with_a_password_policy_is_said_in_the_recorded_order() {
    let params = [
        ("MaxPasswordAge", "1096"),
        ("MinimumPasswordLength", "129"),
        ("PasswordReusePrevention", "25"),
    ];
    let reply = DEMO.iam(root(), "UpdateAccountPasswordPolicy", &params);
    let text = "3 validation errors detected: Value at 'minimumPasswordLength' failed to satisfy \
                constraint: Member must have value less than or equal to 128; Value at \
                'passwordReusePrevention' failed to satisfy constraint: Member must have value less than or \
                equal to 24; Value at 'maxPasswordAge' failed to satisfy constraint: Member must have value \
                less than or equal to 1095";
    refused(&reply, 400, "ValidationError", text);
}

#[test]
fn a_password_policy_is_set_as_a_whole_and_deleted() {
    let get = || DEMO.iam(root(), "GetAccountPasswordPolicy", &[]);
    let none = format!("The Password Policy with domain name {DEV} cannot be found.");
    refused(&get(), 404, "NoSuchEntity", &none);
    let update = |params: &[(&str, &str)]| DEMO.iam(root(), "UpdateAccountPasswordPolicy", params);
    let all = [
        ("MinimumPasswordLength", "14"),
        ("RequireSymbols", "true"),
        ("AllowUsersToChangePassword", "true"),
        ("MaxPasswordAge", "90"),
        ("PasswordReusePrevention", "24"),
        ("HardExpiry", "false"),
    ];
    assert_eq!(update(&all).status, 200);
    let policy = get();
    for (name, value) in all {
        assert_eq!(policy.xml(name), value);
    }
    assert_eq!(policy.xml("RequireNumbers"), "false");
    assert_eq!(policy.xml("ExpirePasswords"), "true");
    // What is not named returns to its default.
    assert_eq!(update(&[("RequireNumbers", "true")]).status, 200);
    let policy = get();
    assert_eq!(policy.xml("MinimumPasswordLength"), "6");
    assert_eq!(policy.xml("RequireSymbols"), "false");
    assert_eq!(policy.xml("ExpirePasswords"), "false");
    assert_eq!(policy.xml_if_any("MaxPasswordAge"), None);
    let delete = || DEMO.iam(root(), "DeleteAccountPasswordPolicy", &[]);
    assert_eq!(delete().status, 200);
    refused(&get(), 404, "NoSuchEntity", &none);
    let text = "The account policy with name PasswordPolicy cannot be found.";
    refused(&delete(), 404, "NoSuchEntity", text);
}

#[test]
fn a_password_policy_stays_within_its_limits() {
    for (name, member, value, rule) in [
        (
            "MinimumPasswordLength",
            "minimumPasswordLength",
            "5",
            "greater than or equal to 6",
        ),
        (
            "MinimumPasswordLength",
            "minimumPasswordLength",
            "129",
            "less than or equal to 128",
        ),
        (
            "MaxPasswordAge",
            "maxPasswordAge",
            "1096",
            "less than or equal to 1095",
        ),
        (
            "PasswordReusePrevention",
            "passwordReusePrevention",
            "25",
            "less than or equal to 24",
        ),
    ] {
        let reply = DEMO.iam(root(), "UpdateAccountPasswordPolicy", &[(name, value)]);
        let text = format!(
            "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must \
             have value {rule}"
        );
        refused(&reply, 400, "ValidationError", &text);
    }
}

#[test]
fn the_version_of_global_tokens_shows_in_the_summary() {
    let (action, name) = (
        "SetSecurityTokenServicePreferences",
        "GlobalEndpointTokenVersion",
    );
    let who = DEMO.root(PROD);
    let shown = || {
        let reply = DEMO.iam_ok(who, "GetAccountSummary", &[]);
        super::details::summary(&reply, name)
    };
    assert_eq!(shown(), 1);
    DEMO.iam_ok(who, action, &[(name, "v2Token")]);
    assert_eq!(shown(), 2);
    let reply = DEMO.iam(who, action, &[(name, "v3Token")]);
    let text = "1 validation error detected: Value at 'globalEndpointTokenVersion' failed to satisfy \
                constraint: Member must satisfy enum value set";
    refused(&reply, 400, "ValidationError", text);
    let reply = DEMO.iam(who, action, &[]);
    let text = "1 validation error detected: Value at 'globalEndpointTokenVersion' failed to satisfy \
                constraint: Member must not be null";
    refused(&reply, 400, "ValidationError", text);
    assert_eq!(shown(), 2);
}

#[test]
fn outbound_federation_is_switched_on_and_off() {
    let call = |action: &str| DEMO.iam(root(), action, &[]);
    let info = || call("GetOutboundWebIdentityFederationInfo");
    let disabled = format!("Outbound identity federation is disabled for account {DEV}");
    refused(&info(), 404, "FeatureDisabled", &disabled);
    let reply = call("DisableOutboundWebIdentityFederation");
    let already = format!("Outbound identity federation is already disabled for account {DEV}");
    refused(&reply, 404, "FeatureDisabled", &already);
    let enabled = call("EnableOutboundWebIdentityFederation");
    assert_eq!(enabled.xml("IssuerIdentifier"), DEMO.app.urls.origin());
    assert_eq!(info().xml("IssuerIdentifier"), DEMO.app.urls.origin());
    assert_eq!(info().xml("JwtVendingEnabled"), "true");
    let again = call("EnableOutboundWebIdentityFederation");
    let text = format!("Outbound identity federation is already enabled for account {DEV}");
    refused(&again, 409, "FeatureEnabled", &text);
    let event = DEMO.event(&again);
    assert_eq!(event["errorCode"], "FeatureEnabledException");
    let reply = call("DisableOutboundWebIdentityFederation");
    assert_eq!(reply.status, 200);
    refused(&info(), 404, "FeatureDisabled", &disabled);
}

#[test]
fn each_setting_needs_its_permission() {
    // Nothing here changes anything: what is set is refused for its form, what is deleted is not there.
    needs_permission("ListAccountAliases", &[]);
    needs_permission("DeleteAccountAlias", &[("AccountAlias", "never-there")]);
    needs_permission("GetAccountPasswordPolicy", &[]);
    needs_permission("GetOutboundWebIdentityFederationInfo", &[]);
    needs_permission("GetAccountSummary", &[]);
    needs_permission("GetAccountAuthorizationDetails", &[]);
    let stranger = DEMO.user(DEV, "settings-stranger", None);
    for (action, params) in [
        ("CreateAccountAlias", vec![("AccountAlias", "stranger")]),
        ("UpdateAccountPasswordPolicy", vec![]),
        ("DeleteAccountPasswordPolicy", vec![]),
        (
            "SetSecurityTokenServicePreferences",
            vec![("GlobalEndpointTokenVersion", "v2Token")],
        ),
        ("EnableOutboundWebIdentityFederation", vec![]),
        ("DisableOutboundWebIdentityFederation", vec![]),
    ] {
        let reply = DEMO.iam(&stranger, action, &params);
        let text = format!(
            "User: arn:aws:iam::{DEV}:user/settings-stranger is not authorized to perform: \
             iam:{action} on resource: * because no identity-based policy allows the iam:{action} action"
        );
        refused(&reply, 403, "AccessDenied", &text);
    }
}

//! §6.1 to §6.4 and §6.7: what follows when statements apply.

use super::*;

/// A request on a bucket of this account, with a resource policy of one statement.
fn on_bucket(principal: Value, resource_policy: Value) -> Value {
    json!({
        "id": 0,
        "request": {"principal": principal, "action": "s3:GetObject", "resource": OBJECT, "resourceAccount": ACCOUNT, "context": {}},
        "resourcePolicy": resource_policy,
    })
}

fn with(mut line: Value, member: &str, value: Value) -> Value {
    line[member] = value;
    line
}

fn from_account(mut line: Value, account: &str) -> Value {
    line["request"]["resourceAccount"] = json!(account);
    line
}

/// A bucket policy that allows this principal.
fn naming(principal: Value) -> Value {
    policy(
        json!({"Effect": "Allow", "Principal": principal, "Action": "s3:*", "Resource": "arn:aws:s3:::bucket/*"}),
    )
}

fn naming_nobody() -> Value {
    naming(json!({"AWS": "arn:aws:iam::111122223333:user/nobody"}))
}

/// The decision when the principal is named so in the bucket's policy, and neither identity
/// policies, boundary nor session policies are there.
fn named(principal: Value, by: Value) -> String {
    decide(&on_bucket(principal, naming(by)))
}

#[test]
fn an_identity_policy_allows_inside_the_account() {
    let line = json!({
        "id": 0,
        "request": {"principal": USER, "action": "s3:GetObject", "resource": OBJECT, "resourceAccount": ACCOUNT, "context": {}},
        "identityPolicies": [silent(), allow_all()],
    });
    assert_eq!(decide(&line), "allowed");
    assert_eq!(
        decide(&with(line, "identityPolicies", json!([silent()]))),
        "implicitDeny"
    );
}

#[test]
fn without_any_policy_nothing_is_allowed() {
    let line = json!({"id": 0, "request": {"principal": USER, "action": "s3:GetObject", "resource": OBJECT, "context": {}}});
    assert_eq!(decide(&line), "implicitDeny");
}

#[test]
fn a_deny_anywhere_wins() {
    let deny = policy(json!({"Effect": "Deny", "Action": "s3:Get*", "Resource": "*"}));
    let deny_by_bucket = policy(json!([
        {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket/*"},
    ]));
    let line = json!({
        "id": 0,
        "request": {"principal": USER, "action": "s3:GetObject", "resource": OBJECT, "resourceAccount": ACCOUNT, "context": {}},
        "identityPolicies": [allow_all()],
        "boundary": allow_all(),
        "sessionPolicy": allow_all(),
        "resourcePolicy": naming(json!({"AWS": USER})),
    });
    assert_eq!(decide(&line), "allowed");
    assert_eq!(
        decide(&with(
            line.clone(),
            "identityPolicies",
            json!([allow_all(), deny])
        )),
        "explicitDeny"
    );
    assert_eq!(
        decide(&with(line.clone(), "boundary", deny.clone())),
        "explicitDeny"
    );
    assert_eq!(
        decide(&with(
            line.clone(),
            "sessionPolicy",
            json!([allow_all(), deny])
        )),
        "explicitDeny"
    );
    assert_eq!(
        decide(&with(line, "resourcePolicy", deny_by_bucket)),
        "explicitDeny"
    );
}

#[test]
fn a_deny_binds_root_and_the_owner_of_the_resource() {
    let deny = policy(json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}));
    assert_eq!(decide(&on_bucket(json!(ROOT), deny)), "explicitDeny");
}

#[test]
fn a_deny_binds_callers_without_an_identity_side() {
    let deny = policy(json!([
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"},
    ]));
    for principal in [
        json!("anonymous"),
        json!({"Service": "a.amazonaws.com"}),
        json!({"Federated": "accounts.google.com"}),
    ] {
        assert_eq!(decide(&on_bucket(principal, deny.clone())), "explicitDeny");
    }
}

#[test]
fn every_principal_covers_whom_the_table_says() {
    let everyone = [
        json!(USER),
        json!(ROOT),
        json!(SESSION),
        json!(FEDERATED_USER),
        json!("anonymous"),
        json!({"Service": "a.amazonaws.com"}),
        json!({"Federated": "accounts.google.com"}),
    ];
    // Entry, then whether it covers each of those. An explicit Deny shows coverage whatever the
    // kind.
    for (entry, covered) in [
        (json!("*"), [true, true, true, true, true, true, true]),
        (
            json!({"AWS": "*"}),
            [true, true, true, true, true, true, true],
        ),
        (
            json!({"AWS": ACCOUNT}),
            [true, true, true, true, false, false, false],
        ),
        (
            json!({"AWS": ROOT}),
            [true, true, true, true, false, false, false],
        ),
        (json!({"AWS": OTHER_ACCOUNT}), [false; 7]),
        (
            json!({"AWS": USER}),
            [true, false, false, false, false, false, false],
        ),
        (
            json!({"AWS": "arn:aws:iam::111122223333:user/Ann"}),
            [false; 7],
        ),
        (
            json!({"AWS": "arn:aws:iam::111122223333:user/team/ann"}),
            [false; 7],
        ),
        (
            json!({"AWS": SESSION_ROLE}),
            [false, false, true, false, false, false, false],
        ),
        (
            json!({"AWS": "arn:aws:iam::111122223333:role/app"}),
            [false, false, true, false, false, false, false],
        ),
        (
            json!({"AWS": "arn:aws:iam::111122223333:role/app/other"}),
            [false; 7],
        ),
        (
            json!({"AWS": "arn:aws:iam::444455556666:role/app"}),
            [false; 7],
        ),
        (
            json!({"AWS": SESSION}),
            [false, false, true, false, false, false, false],
        ),
        (
            json!({"AWS": "arn:aws:sts::111122223333:assumed-role/app/*"}),
            [false; 7],
        ),
        (
            json!({"AWS": "arn:aws:sts::111122223333:assumed-role/app/t"}),
            [false; 7],
        ),
        (
            json!({"AWS": FEDERATED_USER}),
            [false, false, false, true, false, false, false],
        ),
        (
            json!({"AWS": "arn:aws:iam::111122223333:role/*"}),
            [false; 7],
        ),
        (json!({"AWS": "arn:aws:iam::111122223333:*"}), [false; 7]),
        (
            json!({"AWS": "arn:aws:iam::111122223333:group/ann"}),
            [false; 7],
        ),
        (
            json!({"Federated": "accounts.google.com"}),
            [false, false, false, false, false, false, true],
        ),
        (json!({"Federated": "accounts.google.co"}), [false; 7]),
        (json!({"Federated": "*"}), [false; 7]),
        (
            json!({"Service": "a.amazonaws.com"}),
            [false, false, false, false, false, true, false],
        ),
        (json!({"Service": "*"}), [false; 7]),
        (
            json!({"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}),
            [false; 7],
        ),
        (
            json!({"AWS": [USER, SESSION], "Service": ["a.amazonaws.com"]}),
            [true, false, true, false, false, true, false],
        ),
    ] {
        for (principal, covered) in everyone.iter().zip(covered) {
            let deny = policy(
                json!({"Effect": "Deny", "Principal": entry, "Action": "*", "Resource": "*"}),
            );
            let expected = match covered {
                true => "explicitDeny",
                false if *principal == json!(ROOT) => "allowed",
                false => "implicitDeny",
            };
            assert_eq!(
                decide(&on_bucket(principal.clone(), deny)),
                expected,
                "{entry} {principal}"
            );
        }
    }
}

#[test]
fn named_directly_is_enough_whatever_is_silent() {
    for (principal, by) in [
        (json!(USER), json!({"AWS": USER})),
        (json!(SESSION), json!({"AWS": SESSION})),
        (json!(FEDERATED_USER), json!({"AWS": FEDERATED_USER})),
        (json!(USER), json!("*")),
        (json!(SESSION), json!({"AWS": "*"})),
        (json!(FEDERATED_USER), json!("*")),
    ] {
        let mut line = on_bucket(principal.clone(), naming(by.clone()));
        assert_eq!(decide(&line), "allowed", "{principal} {by}");
        line["identityPolicies"] = json!([silent()]);
        line["boundary"] = silent();
        line["sessionPolicy"] = silent();
        assert_eq!(decide(&line), "allowed", "{principal} {by}");
    }
}

#[test]
fn a_role_session_named_by_its_role_is_limited_by_boundary_and_session_policy() {
    let line = on_bucket(json!(SESSION), naming(json!({"AWS": SESSION_ROLE})));
    assert_eq!(decide(&line), "allowed");
    assert_eq!(
        decide(&with(line.clone(), "boundary", silent())),
        "implicitDeny"
    );
    assert_eq!(
        decide(&with(line.clone(), "sessionPolicy", silent())),
        "implicitDeny"
    );
    assert_eq!(
        decide(&with(
            with(line, "boundary", allow_all()),
            "sessionPolicy",
            allow_all()
        )),
        "allowed"
    );
}

#[test]
fn named_by_account_needs_the_identity_policy_and_its_limits() {
    for by in [json!({"AWS": ACCOUNT}), json!({"AWS": ROOT})] {
        let line = on_bucket(json!(USER), naming(by));
        assert_eq!(decide(&line), "implicitDeny");
        let line = with(line, "identityPolicies", json!([allow_all()]));
        assert_eq!(decide(&line), "allowed");
        assert_eq!(
            decide(&with(line.clone(), "boundary", silent())),
            "implicitDeny"
        );
        assert_eq!(
            decide(&with(line, "sessionPolicy", silent())),
            "implicitDeny"
        );
    }
}

#[test]
fn the_strongest_way_of_being_named_counts() {
    let both = policy(json!([
        {"Effect": "Allow", "Principal": {"AWS": [ACCOUNT, SESSION_ROLE]}, "Action": "*", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": SESSION}, "Action": "*", "Resource": "*"},
    ]));
    assert_eq!(
        decide(&with(on_bucket(json!(SESSION), both), "boundary", silent())),
        "allowed"
    );
}

#[test]
fn session_policies_are_one_set() {
    let line = json!({
        "id": 0,
        "request": {"principal": SESSION, "action": "s3:GetObject", "resource": OBJECT, "resourceAccount": ACCOUNT, "context": {}},
        "identityPolicies": [allow_all()],
        "sessionPolicy": [silent(), allow_all()],
    });
    assert_eq!(decide(&line), "allowed");
    assert_eq!(
        decide(&with(
            line.clone(),
            "sessionPolicy",
            json!([silent(), silent()])
        )),
        "implicitDeny"
    );
    assert_eq!(
        decide(&with(line, "sessionPolicy", silent())),
        "implicitDeny"
    );
}

#[test]
fn session_policies_and_boundaries_grant_nothing() {
    let line = json!({
        "id": 0,
        "request": {"principal": SESSION, "action": "s3:GetObject", "resource": OBJECT, "resourceAccount": ACCOUNT, "context": {}},
        "sessionPolicy": allow_all(),
        "boundary": allow_all(),
    });
    assert_eq!(decide(&line), "implicitDeny");
}

#[test]
fn a_federated_user_without_session_policy_has_nothing_of_its_user() {
    let line = json!({
        "id": 0,
        "request": {"principal": FEDERATED_USER, "action": "s3:GetObject", "resource": OBJECT, "resourceAccount": ACCOUNT, "context": {}},
        "identityPolicies": [allow_all()],
    });
    assert_eq!(decide(&line), "implicitDeny");
    assert_eq!(decide(&with(line, "sessionPolicy", allow_all())), "allowed");
}

#[test]
fn a_federated_user_named_by_its_user_is_limited_by_its_session_policy() {
    use crate::policy::{
        Caller, Decision, NamedPolicy, Policies, PolicyDocument, Request, RequestContext, evaluate,
    };
    let caller = Caller::federated_user(FEDERATED_USER, Some(USER.to_owned()));
    let context = RequestContext::new();
    let request = Request {
        caller: &caller,
        action: "s3:GetObject",
        resource: OBJECT,
        resource_account: Some(ACCOUNT),
        context: &context,
    };
    let by_user = PolicyDocument::parse(&naming(json!({"AWS": USER})).to_string()).unwrap();
    let everything = PolicyDocument::parse(&allow_all().to_string()).unwrap();
    let resource = Some(NamedPolicy {
        name: "bucket",
        document: &by_user,
    });
    let session = [NamedPolicy {
        name: "session",
        document: &everything,
    }];
    let without = Policies {
        resource,
        ..Policies::default()
    };
    assert_eq!(
        evaluate(&request, &without).decision,
        Decision::ImplicitDeny
    );
    let within = Policies {
        session: Some(&session),
        ..without
    };
    assert_eq!(evaluate(&request, &within).decision, Decision::Allowed);
}

#[test]
fn root_needs_no_identity_policy_in_its_account() {
    let line = json!({"id": 0, "request": {"principal": ROOT, "action": "s3:GetObject", "resource": OBJECT, "resourceAccount": ACCOUNT, "context": {}}});
    assert_eq!(decide(&line), "allowed");
    assert_eq!(
        decide(&from_account(line.clone(), OTHER_ACCOUNT)),
        "implicitDeny"
    );
    let invited = with(
        from_account(line, OTHER_ACCOUNT),
        "resourcePolicy",
        naming(json!({"AWS": ACCOUNT})),
    );
    assert_eq!(decide(&invited), "allowed");
}

#[test]
fn across_accounts_both_sides_must_say_yes() {
    for (principal, by) in [
        (USER, json!({"AWS": USER})),
        (USER, json!({"AWS": ACCOUNT})),
        (USER, json!("*")),
        (SESSION, json!({"AWS": SESSION})),
        (SESSION, json!({"AWS": SESSION_ROLE})),
        (FEDERATED_USER, json!({"AWS": FEDERATED_USER})),
    ] {
        let line = from_account(
            on_bucket(json!(principal), naming(by.clone())),
            OTHER_ACCOUNT,
        );
        assert_eq!(decide(&line), "implicitDeny", "{principal} {by}");
        let line = with(
            with(line, "identityPolicies", json!([allow_all()])),
            "sessionPolicy",
            allow_all(),
        );
        assert_eq!(decide(&line), "allowed", "{principal} {by}");
        assert_eq!(
            decide(&with(line.clone(), "boundary", silent())),
            "implicitDeny",
            "{principal} {by}"
        );
        assert_eq!(
            decide(&with(line.clone(), "sessionPolicy", silent())),
            "implicitDeny",
            "{principal} {by}"
        );
        assert_eq!(
            decide(&with(line, "resourcePolicy", naming_nobody())),
            "implicitDeny",
            "{principal} {by}"
        );
    }
}

#[test]
fn across_accounts_an_identity_policy_alone_is_not_enough() {
    let line = json!({
        "id": 0,
        "request": {"principal": USER, "action": "s3:GetObject", "resource": OBJECT, "resourceAccount": OTHER_ACCOUNT, "context": {}},
        "identityPolicies": [allow_all()],
    });
    assert_eq!(decide(&line), "implicitDeny");
}

#[test]
fn without_resource_account_the_arn_says_who_owns_it() {
    let line = |resource: &str| {
        json!({
            "id": 0,
            "request": {"principal": USER, "action": "a:b", "resource": resource, "context": {}},
            "identityPolicies": [allow_all()],
        })
    };
    assert_eq!(decide(&line("arn:aws:sqs:r:111122223333:q")), "allowed");
    assert_eq!(
        decide(&line("arn:aws:sqs:r:444455556666:q")),
        "implicitDeny"
    );
    assert_eq!(decide(&line(OBJECT)), "allowed");
    assert_eq!(decide(&line("*")), "allowed");
    assert_eq!(
        decide(&line("arn:aws:iam::aws:policy/ReadOnlyAccess")),
        "allowed"
    );
}

#[test]
fn callers_without_identity_side_need_the_resource_policy_alone() {
    let service = json!({"Service": "a.amazonaws.com"});
    assert_eq!(named(service.clone(), service.clone()), "allowed");
    assert_eq!(
        named(service.clone(), json!({"AWS": ACCOUNT})),
        "implicitDeny"
    );
    assert_eq!(named(json!("anonymous"), json!("*")), "allowed");
    assert_eq!(named(json!("anonymous"), json!({"AWS": "*"})), "allowed");
    assert_eq!(
        named(json!("anonymous"), json!({"AWS": ACCOUNT})),
        "implicitDeny"
    );
    let line = from_account(on_bucket(service.clone(), naming(service)), OTHER_ACCOUNT);
    assert_eq!(decide(&line), "allowed");
    let identity_alone = json!({
        "id": 0,
        "request": {"principal": "anonymous", "action": "a:b", "resource": "*", "context": {}},
        "identityPolicies": [allow_all()],
    });
    assert_eq!(decide(&identity_alone), "implicitDeny");
}

#[test]
fn a_statement_without_principal_covers_nobody_in_a_resource_policy() {
    let line = on_bucket(json!(USER), allow_all());
    assert_eq!(decide(&line), "implicitDeny");
    let deny = policy(json!({"Effect": "Deny", "Action": "*", "Resource": "*"}));
    let line = with(
        on_bucket(json!(USER), deny),
        "identityPolicies",
        json!([allow_all()]),
    );
    assert_eq!(decide(&line), "allowed");
}

#[test]
fn principal_arn_as_a_condition_on_everyone_is_not_limited() {
    let mut line = on_bucket(
        json!(SESSION),
        policy(
            json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"ArnEquals": {"aws:PrincipalArn": SESSION_ROLE}}}),
        ),
    );
    line["request"]["context"] = json!({"aws:PrincipalArn": SESSION_ROLE});
    line["boundary"] = silent();
    line["sessionPolicy"] = silent();
    assert_eq!(decide(&line), "allowed");
}

#[test]
fn not_principal_applies_to_everyone_else() {
    let deny_others = |entries: Value| {
        policy(json!([
            {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "NotPrincipal": entries, "Action": "*", "Resource": "*"},
        ]))
    };
    let decide =
        |principal: Value, entries: Value| decide(&on_bucket(principal, deny_others(entries)));
    assert_eq!(decide(json!(USER), json!({"AWS": USER})), "allowed");
    // An entry of any kind covers: the account stands for its users.
    assert_eq!(decide(json!(USER), json!({"AWS": ACCOUNT})), "allowed");
    assert_eq!(
        decide(json!(SESSION), json!({"AWS": SESSION_ROLE})),
        "allowed"
    );
    assert_eq!(decide(json!(SESSION), json!({"AWS": USER})), "explicitDeny");
    assert_eq!(
        decide(json!("anonymous"), json!({"AWS": USER})),
        "explicitDeny"
    );
    assert_eq!(
        decide(json!({"Service": "a.amazonaws.com"}), json!({"AWS": USER})),
        "explicitDeny"
    );
}

#[test]
fn a_deny_with_not_principal_hits_callers_with_a_boundary() {
    let document = policy(json!([
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "NotPrincipal": {"AWS": USER}, "Action": "*", "Resource": "*"},
    ]));
    assert_eq!(
        decide(&with(
            on_bucket(json!(USER), document),
            "boundary",
            allow_all()
        )),
        "explicitDeny"
    );
}

#[test]
fn allow_with_not_principal_allows_everyone_else() {
    let document = policy(
        json!({"Effect": "Allow", "NotPrincipal": {"AWS": USER}, "Action": "*", "Resource": "*"}),
    );
    assert_eq!(
        decide(&on_bucket(json!(USER), document.clone())),
        "implicitDeny"
    );
    assert_eq!(
        decide(&on_bucket(json!("anonymous"), document.clone())),
        "allowed"
    );
    assert_eq!(decide(&on_bucket(json!(SESSION), document)), "allowed");
}

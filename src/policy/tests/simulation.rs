//! `policy simulate`: what is a line, and what an answer.

use super::*;
use crate::policy::{explain_scenario, simulate};

fn line() -> Value {
    json!({
        "id": 7,
        "request": {"principal": USER, "action": "s3:GetObject", "resource": OBJECT, "resourceAccount": ACCOUNT, "context": {"a": "b", "c": ["d"]}},
        "identityPolicies": [allow_all()],
    })
}

#[test]
fn an_answer_is_the_id_and_the_decision_and_nothing_else() {
    assert_eq!(
        simulate(&line().to_string()),
        r#"{"id":7,"decision":"allowed"}"#
    );
}

#[test]
fn the_id_comes_back_as_it_was() {
    for id in ["\"a\\u00e9\\n\"", "null", "1.50", "[1,2]", "true"] {
        let text = line()
            .to_string()
            .replacen("\"id\":7", &format!("\"id\":{id}"), 1);
        assert_eq!(
            simulate(&text),
            format!(r#"{{"id":{id},"decision":"allowed"}}"#)
        );
    }
    let mut without = line();
    without.as_object_mut().unwrap().remove("id");
    assert_eq!(
        simulate(&without.to_string()),
        r#"{"id":null,"decision":"allowed"}"#
    );
}

#[test]
fn documents_stand_as_objects_or_as_strings() {
    let mut text = line();
    text["identityPolicies"] = json!([allow_all().to_string()]);
    text["boundary"] = json!(format!(" {}\n", allow_all()));
    text["sessionPolicy"] = json!(allow_all().to_string());
    assert_eq!(decide(&text), "allowed");
    text["sessionPolicy"] = json!([allow_all(), silent().to_string()]);
    assert_eq!(decide(&text), "allowed");
}

#[test]
fn a_duplicate_inside_a_string_document_is_malformed() {
    let mut text = line();
    text["boundary"] =
        json!(r#"{"Statement":{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}}"#);
    assert!(
        answer(&text.to_string())["error"]
            .as_str()
            .unwrap()
            .contains("twice")
    );
}

#[test]
fn members_that_nobody_knows_are_ignored() {
    let mut text = line();
    text["comment"] = json!({"x": 1});
    text["request"]["region"] = json!("eu-west-1");
    assert_eq!(decide(&text), "allowed");
}

#[test]
fn null_is_absent() {
    let mut text = line();
    for member in ["boundary", "sessionPolicy", "resourcePolicy", "trustPolicy"] {
        text[member] = json!(null);
    }
    text["request"]["resourceAccount"] = json!(null);
    assert_eq!(decide(&text), "allowed");
}

#[test]
fn what_is_not_a_request_gets_an_error_with_its_id() {
    let spoil = |path: &str, value: Value| {
        let mut text = line();
        *text.pointer_mut(path).unwrap() = value;
        text
    };
    let mut both = line();
    both["resourcePolicy"] = allow_all();
    both["trustPolicy"] = allow_all();
    for text in [
        spoil("/request", json!("x")),
        spoil("/request", json!(null)),
        spoil("/request/principal", json!("somebody")),
        spoil(
            "/request/principal",
            json!("arn:aws:iam::111122223333:group/g"),
        ),
        spoil("/request/principal", json!("arn:aws:s3:::bucket")),
        spoil(
            "/request/principal",
            json!("arn:aws:iam::111122223333:user/"),
        ),
        spoil("/request/principal", json!("111122223333")),
        spoil("/request/principal", json!({"Federated": 5})),
        spoil(
            "/request/principal",
            json!({"Federated": "a", "Service": "b"}),
        ),
        spoil("/request/principal", json!({})),
        spoil("/request/principal", json!(5)),
        spoil("/request/action", json!(5)),
        spoil("/request/action", json!(null)),
        spoil("/request/resource", json!(["*"])),
        spoil("/request/resourceAccount", json!(111_122_223_333_u64)),
        spoil("/request/context", json!([])),
        spoil("/request/context/a", json!(true)),
        spoil("/request/context/a", json!(null)),
        spoil("/request/context/c", json!([1])),
        spoil("/identityPolicies", allow_all()),
        spoil("/identityPolicies", json!([null])),
        spoil("/identityPolicies", json!(["not json"])),
        spoil("/identityPolicies", json!([{"Statement": []}])),
        spoil(
            "/identityPolicies",
            json!([policy(
                json!({"Effect": "allow", "Action": "*", "Resource": "*"})
            )]),
        ),
        both,
    ] {
        let answer = answer(&text.to_string());
        assert_eq!(answer["id"], 7, "{text}");
        assert!(answer["error"].is_string(), "{text} {answer}");
        assert_eq!(answer.as_object().unwrap().len(), 2, "{answer}");
    }
}

#[test]
fn what_is_not_an_object_gets_an_error_without_id() {
    for text in ["", "not json", "[]", "5", "{\"id\":1", "null"] {
        let answer = answer(text);
        assert_eq!(answer["id"], Value::Null, "{text}");
        assert!(answer["error"].is_string(), "{text}");
    }
}

#[test]
fn a_context_key_in_two_spellings_is_an_error() {
    let mut text = line();
    text["request"]["context"] = json!({"aws:username": "a", "AWS:UserName": "b"});
    assert!(
        answer(&text.to_string())["error"]
            .as_str()
            .unwrap()
            .contains("two spellings")
    );
}

#[test]
fn a_repeated_member_of_the_line_is_an_error() {
    let text = line()
        .to_string()
        .replacen('{', r#"{"boundary":null,"boundary":null,"#, 1);
    assert!(answer(&text)["error"].as_str().unwrap().contains("twice"));
}

#[test]
fn a_role_arn_as_principal_is_a_session_of_that_role() {
    let mut text = line();
    text["identityPolicies"] = json!([]);
    text["request"]["principal"] = json!(SESSION_ROLE);
    text["resourcePolicy"] = policy(
        json!({"Effect": "Allow", "Principal": {"AWS": SESSION_ROLE}, "Action": "*", "Resource": "*"}),
    );
    assert_eq!(decide(&text), "allowed");
    text["resourcePolicy"] = policy(
        json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/app"}, "Action": "*", "Resource": "*"}),
    );
    assert_eq!(decide(&text), "implicitDeny");
}

#[test]
fn nothing_is_derived_from_the_principal_and_nothing_about_it_from_the_context() {
    let mut text = line();
    text["identityPolicies"] = json!([policy(
        json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:username": "ann"}}})
    )]);
    assert_eq!(decide(&text), "implicitDeny");
    text["identityPolicies"] = json!([]);
    text["request"]["principal"] = json!(SESSION);
    text["request"]["context"] = json!({"aws:PrincipalArn": USER});
    text["resourcePolicy"] = policy(
        json!({"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "*", "Resource": "*"}),
    );
    assert_eq!(decide(&text), "implicitDeny");
}

#[test]
fn the_same_object_can_be_explained() {
    let explanation = explain_scenario(&line().to_string()).unwrap();
    assert_eq!(explanation.decision.as_str(), "allowed");
    assert_eq!(explanation.policies[0].name, "identityPolicies[0]");
    assert!(explain_scenario("{}").is_err());
}

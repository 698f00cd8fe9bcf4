//! §1: what is a document and what is not.

use super::*;
use crate::policy::{PolicyDocument, PolicyError, Version};

fn parse(text: &str) -> Result<PolicyDocument, PolicyError> {
    PolicyDocument::parse(text)
}

fn statement(text: &str) -> Result<PolicyDocument, PolicyError> {
    parse(&format!(
        r#"{{"Version": "2012-10-17", "Statement": {{{text}}}}}"#
    ))
}

#[test]
fn the_source_is_kept_byte_for_byte() {
    let text = " {\"Statement\" :\r\n[ {\"Action\":\"\\u0073ts:*\",\"Effect\":\"Allow\",\"Resource\":\"*\"} ] }\n";
    assert_eq!(parse(text).unwrap().source(), text);
}

#[test]
fn an_absent_version_is_2008() {
    let document =
        parse(r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#).unwrap();
    assert_eq!(document.version(), Version::V2008);
}

#[test]
fn elements_come_in_any_order() {
    let text = r#"{"Statement":[{"Resource":["*"],"Condition":{},"Action":["*"],"Sid":"a","Effect":"Deny"}],"Id":"i","Version":"2008-10-17"}"#;
    let document = parse(text).unwrap();
    assert_eq!(document.id(), Some("i"));
    assert_eq!(document.statements()[0].sid(), Some("a"));
}

#[test]
fn syntax_errors_are_refused() {
    let allow = r#""Effect":"Allow","Action":"*""#;
    for text in [
        "not json".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        r#""text""#.to_owned(),
        r#"{"Version":"2012-10-17"}"#.to_owned(),
        r#"{"Statement":[]}"#.to_owned(),
        r#"{"Statement":["a"]}"#.to_owned(),
        r#"{"Statement":null}"#.to_owned(),
        format!(r#"{{"Version":"2013-10-17","Statement":{{{allow}}}}}"#),
        format!(r#"{{"Version":20121017,"Statement":{{{allow}}}}}"#),
        format!(r#"{{"version":"2012-10-17","Statement":{{{allow}}}}}"#),
        format!(r#"{{"Id":1,"Statement":{{{allow}}}}}"#),
        format!(r#"{{"Comment":"x","Statement":{{{allow}}}}}"#),
        format!(r#"{{"Statement":{{{allow},"Comment":"x"}}}}"#),
        format!(r#"{{"Statement":{{{allow},"Sid":1}}}}"#),
        format!(r#"{{"Statement":{{{allow},"NotAction":"x:y"}}}}"#),
        format!(r#"{{"Statement":{{{allow},"Resource":"*","NotResource":"*"}}}}"#),
        format!(r#"{{"Statement":{{{allow},"Principal":"*","NotPrincipal":"*"}}}}"#),
        format!(r#"{{"Statement":{{{allow},"Principal":"someone"}}}}"#),
        format!(r#"{{"Statement":{{{allow},"Principal":["*"]}}}}"#),
        format!(r#"{{"Statement":{{{allow},"Principal":{{}}}}}}"#),
        format!(r#"{{"Statement":{{{allow},"Principal":{{"AWS":[]}}}}}}"#),
        format!(r#"{{"Statement":{{{allow},"Principal":{{"AWS":1}}}}}}"#),
        format!(r#"{{"Statement":{{{allow},"Principal":{{"Aws":"*"}}}}}}"#),
        format!(r#"{{"Statement":{{{allow},"Resource":[["*"]]}}}}"#),
        format!(r#"{{"Statement":{{{allow},"Resource":5}}}}"#),
        format!(r#"{{"Statement":{{{allow},"Condition":[]}}}}"#),
        format!(r#"{{"Statement":{{{allow},"Condition":{{"StringEquals":[]}}}}}}"#),
        format!(r#"{{"Statement":{{{allow},"Condition":{{"StringEquals":{{"k":null}}}}}}}}"#),
        format!(r#"{{"Statement":{{{allow},"Condition":{{"StringEquals":{{"k":{{}}}}}}}}}}"#),
        format!(r#"{{"Statement":{{{allow},"Condition":{{"StringEquals":{{"k":[["v"]]}}}}}}}}"#),
        format!(r#"{{"Statement":{{{allow},"Condition":{{"StringIs":{{"k":"v"}}}}}}}}"#),
        format!(r#"{{"Statement":{{{allow},"Condition":{{"NullIfExists":{{"k":"true"}}}}}}}}"#),
        r#"{"Statement":{"Action":"*"}}"#.to_owned(),
        r#"{"Statement":{"Effect":"allow","Action":"*"}}"#.to_owned(),
        r#"{"Statement":{"Effect":"Permit","Action":"*"}}"#.to_owned(),
        r#"{"Statement":{"Effect":true,"Action":"*"}}"#.to_owned(),
    ] {
        let error = parse(&text).map(|_| ()).unwrap_err();
        assert!(matches!(error, PolicyError::Syntax(_)), "{text}: {error:?}");
        assert_eq!(error.to_string(), "Syntax errors in policy.");
    }
}

#[test]
fn an_empty_list_of_actions_or_resources_is_malformed() {
    assert_eq!(
        statement(r#""Effect":"Allow","Action":[],"Resource":"*""#).unwrap_err(),
        PolicyError::NoActions
    );
    assert_eq!(
        statement(r#""Effect":"Allow","Resource":"*""#).unwrap_err(),
        PolicyError::NoActions
    );
    assert_eq!(
        statement(r#""Effect":"Allow","Action":"*","NotResource":[]"#).unwrap_err(),
        PolicyError::NoResources
    );
}

#[test]
fn a_duplicate_key_is_malformed_at_every_level() {
    for text in [
        r#"{"Version":"2012-10-17","Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*"}}"#,
        r#"{"Statement":{"Effect":"Deny","Effect":"Allow","Action":"*"}}"#,
        r#"{"Statement":{"Effect":"Allow","Action":"a:b","Action":"*"}}"#,
        r#"{"Statement":{"Effect":"Allow","Action":"*","Principal":{"AWS":"*","AWS":"*"}}}"#,
        r#"{"Statement":{"Effect":"Allow","Action":"*","Condition":{"StringEquals":{"a":"b"},"StringEquals":{"c":"d"}}}}"#,
        r#"{"Statement":{"Effect":"Allow","Action":"*","Condition":{"StringEquals":{"a":"b","a":"c"}}}}"#,
        r#"{"Statement":{"Effect":"Allow","\u0045ffect":"Allow","Action":"*"}}"#,
    ] {
        assert!(
            parse(text).unwrap_err().detail().contains("twice"),
            "{text}"
        );
    }
}

#[test]
fn conditions_that_compare_nothing_are_true() {
    for condition in [
        json!({}),
        json!({"StringEquals": {}}),
        json!({"NoSuchOperator": {}}),
    ] {
        assert!(allows(json!({ "Condition": condition }), json!({})));
    }
}

#[test]
fn one_value_and_a_list_of_one_mean_the_same() {
    let one = json!({"Action": "s3:GetObject", "Resource": OBJECT, "Condition": {"StringEquals": {"k": "v"}}});
    let list = json!({"Action": ["s3:GetObject"], "Resource": [OBJECT], "Condition": {"StringEquals": {"k": ["v"]}}});
    for statement in [one, list] {
        assert!(allows(statement.clone(), json!({"k": "v"})));
        assert!(!allows(statement, json!({"k": "w"})));
    }
}

#[test]
fn numbers_and_booleans_of_a_condition_are_their_text() {
    let allows = |wanted: &str, seen: &str| {
        let line = format!(
            r#"{{"id":0,"request":{{"principal":"{USER}","action":"a:b","resource":"*","context":{{"k":"{seen}"}}}},"identityPolicies":[{{"Statement":{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"StringEquals":{{"k":{wanted}}}}}}}}}]}}"#
        );
        answer(&line)["decision"] == "allowed"
    };
    assert!(allows("1.10", "1.10"));
    assert!(!allows("1.10", "1.1"));
    assert!(allows("true", "true"));
    assert!(allows("[false, 1e3]", "1e3"));
}

#[test]
fn a_statement_without_resource_fails_closed_by_effect() {
    let line = |statement: Value| {
        decide(&json!({
            "id": 0,
            "request": {"principal": USER, "action": "a:b", "resource": "*", "context": {}},
            "identityPolicies": [policy(statement)],
        }))
    };
    let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    assert_eq!(
        line(json!({"Effect": "Allow", "Action": "*"})),
        "implicitDeny"
    );
    let deny = json!({"Effect": "Deny", "Action": "*"});
    assert_eq!(line(json!([everything, deny])), "explicitDeny");
}

//! The conditions of a statement as clauses: `the subject …:sub is repo:acme/app:…`.

use serde_json::Value;

use super::{Line, code, listed, word};

/// One clause for each key under each operator.
pub(super) fn lines(element: Option<&Value>) -> Vec<Line> {
    let Some(Value::Object(operators)) = element else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for (operator, keys) in operators {
        let Value::Object(keys) = keys else { continue };
        for (key, wanted) in keys {
            lines.push(clause(operator, key, &values(wanted)));
        }
    }
    lines
}

/// Values may be written as numbers and booleans, too.
fn values(wanted: &Value) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match wanted {
        Value::Array(many) => many.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

fn clause(written: &str, key: &str, values: &[String]) -> Line {
    let folded = written.to_ascii_lowercase();
    let (quantifier, operator) = match folded.split_once(':') {
        Some((quantifier, operator)) => (Some(quantifier), operator),
        None => (None, folded.as_str()),
    };
    let (operator, if_exists) = match operator.strip_suffix("ifexists") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    let mut line = match quantifier {
        Some("foranyvalue") => vec![word("at least one of ")],
        Some(_) => vec![word("every one of ")],
        None => Line::new(),
    };
    if let Some(meaning) = meaning(key) {
        line.push(word(format!("{meaning} ")));
    }
    line.push(code(key));
    if operator == "null" {
        let absent = values
            .iter()
            .any(|value| value.eq_ignore_ascii_case("true"));
        line.push(word(if absent { " is absent" } else { " is there" }));
        return line;
    }
    let (verb, among) = verb(operator);
    line.push(word(format!(" {verb} ")));
    let values = values.iter().map(|value| match value.as_str() {
        "" => vec![word("empty")],
        value => vec![code(value)],
    });
    line.extend(listed(values.collect(), among));
    match (quantifier, if_exists) {
        (Some("foranyvalue") | None, true) => line.push(word(", or the key is absent")),
        (Some("foranyvalue") | None, false) => {}
        (Some(_), _) => line.push(word(", or there is none")),
    }
    line
}

/// What the key is about, for those that people meet most.
fn meaning(key: &str) -> Option<&'static str> {
    let folded = key.to_ascii_lowercase();
    Some(match folded.as_str() {
        "aws:sourceip" => "the client's address",
        "aws:multifactorauthpresent" => "sign-in with MFA",
        "aws:multifactorauthage" => "the seconds since MFA",
        "aws:principalarn" => "the caller",
        "aws:principalaccount" => "the caller's account",
        "aws:securetransport" => "use of TLS",
        "aws:requestedregion" => "the region",
        "aws:currenttime" | "aws:epochtime" => "the time",
        "aws:tokenissuetime" => "the moment the session began",
        "sts:externalid" => "the external id",
        "sts:rolesessionname" => "the session's name",
        "sts:sourceidentity" | "aws:sourceidentity" => "the source identity",
        "saml:aud" => "the recipient of the assertion",
        "saml:sub" => "the subject",
        "saml:iss" => "the issuer",
        _ if folded.starts_with("aws:principaltag/") => "the caller's tag",
        _ if folded.starts_with("aws:resourcetag/") => "the resource's tag",
        _ if folded.starts_with("aws:requesttag/") => "the requested tag",
        // An issuer's host has a dot; a service's prefix has none.
        _ if !folded
            .split(':')
            .next()
            .is_some_and(|name| name.contains('.')) =>
        {
            return None;
        }
        _ if folded.ends_with(":aud") => "the audience",
        _ if folded.ends_with(":sub") => "the subject",
        _ if folded.ends_with(":groups") => "the groups",
        _ if folded.ends_with(":amr") => "the ways of signing in",
        _ => return None,
    })
}

/// The verb of an operator, and how its values are joined: any of them for most, none of them for those that negate.
fn verb(operator: &str) -> (&'static str, &'static str) {
    match operator {
        "stringequals" | "bool" | "binaryequals" | "numericequals" | "dateequals" => ("is", "or"),
        "stringnotequals" | "numericnotequals" | "datenotequals" => ("is not", "nor"),
        "stringequalsignorecase" => ("is, in any case,", "or"),
        "stringnotequalsignorecase" => ("is not, in any case,", "nor"),
        "stringlike" | "arnequals" | "arnlike" => ("matches", "or"),
        "stringnotlike" | "arnnotequals" | "arnnotlike" => ("does not match", "nor"),
        "numericlessthan" => ("is less than", "or"),
        "numericlessthanequals" => ("is at most", "or"),
        "numericgreaterthan" => ("is more than", "or"),
        "numericgreaterthanequals" => ("is at least", "or"),
        "datelessthan" => ("is before", "or"),
        "datelessthanequals" => ("is not after", "or"),
        "dategreaterthan" => ("is after", "or"),
        "dategreaterthanequals" => ("is not before", "or"),
        "ipaddress" => ("is in", "or"),
        "notipaddress" => ("is not in", "nor"),
        _ => ("is to be held against", "or"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Piece;
    use super::*;

    fn only(operator: &str, key: &str, wanted: Value) -> String {
        let element = json!({ operator: { key: wanted } });
        let mut lines = lines(Some(&element));
        assert_eq!(lines.len(), 1);
        let pieces = lines.remove(0).into_iter().map(|piece| match piece {
            Piece::Word(text) | Piece::Code(text) => text,
        });
        pieces.collect()
    }

    #[test]
    fn every_kind_of_operator_has_its_verb() {
        assert_eq!(
            only(
                "ForAnyValue:StringEquals",
                "idp.example:groups",
                json!(["a", "b"])
            ),
            "at least one of the groups idp.example:groups is a or b"
        );
        assert_eq!(
            only("ForAllValues:StringLike", "aws:TagKeys", json!("a*")),
            "every one of aws:TagKeys matches a*, or there is none"
        );
        assert_eq!(
            only(
                "StringNotEqualsIfExists",
                "sts:ExternalId",
                json!(["x", "y"])
            ),
            "the external id sts:ExternalId is not x nor y, or the key is absent"
        );
        assert_eq!(
            only("Bool", "aws:MultiFactorAuthPresent", json!(true)),
            "sign-in with MFA aws:MultiFactorAuthPresent is true"
        );
        assert_eq!(
            only("NumericLessThan", "aws:MultiFactorAuthAge", json!(3600)),
            "the seconds since MFA aws:MultiFactorAuthAge is less than 3600"
        );
        assert_eq!(
            only("Null", "idp.example:sub", json!("false")),
            "the subject idp.example:sub is there"
        );
        assert_eq!(only("Null", "x:y", json!("true")), "x:y is absent");
        assert_eq!(
            only("NotIpAddress", "aws:SourceIp", json!("10.0.0.0/8")),
            "the client's address aws:SourceIp is not in 10.0.0.0/8"
        );
    }

    #[test]
    fn a_key_of_a_service_is_no_claim() {
        assert_eq!(
            only("StringEquals", "svc:sub", json!("")),
            "svc:sub is empty"
        );
    }
}

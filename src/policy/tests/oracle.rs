//! A second evaluator, written from the reference alone and in another manner, to disagree with.
//!
//! It works on the JSON itself, substitutes before it matches, compares by recursion and states §6
//! as formulas. It knows the operators it needs and no more, and it is slow.

use std::collections::BTreeMap;

use super::dice::Dice;
use super::*;

type Context = BTreeMap<String, Value>;

/// A character of a pattern: what the author wrote may be a wildcard, what a key put there may not.
#[derive(Clone, Copy, PartialEq)]
enum Mark {
    Any,
    One,
    Is(char),
}

fn oracle(line: &Value) -> &'static str {
    let request = &line["request"];
    let context: Context = request["context"]
        .as_object()
        .map(|keys| {
            keys.iter()
                .map(|(k, v)| (k.to_lowercase(), v.clone()))
                .collect()
        })
        .unwrap_or_default();
    let trust = !line["trustPolicy"].is_null();
    let resource_document = if trust {
        &line["trustPolicy"]
    } else {
        &line["resourcePolicy"]
    };
    let set = |name: &str| match &line[name] {
        Value::Null => Vec::new(),
        Value::Array(documents) => documents.clone(),
        one => vec![one.clone()],
    };
    let (identity, session, boundary) = (
        set("identityPolicies"),
        set("sessionPolicy"),
        set("boundary"),
    );
    let judge = |documents: &[Value], effect: &str| {
        documents.iter().any(|document| {
            statements(document).iter().any(|s| {
                s["Effect"] == effect
                    && action(s, request)
                    && resource(s, request, &context, document, true)
                    && conditions(s, &context, document)
            })
        })
    };
    let kinds = |effect: &str| -> Vec<&'static str> {
        statements(resource_document)
            .iter()
            .filter(|s| {
                s["Effect"] == effect
                    && action(s, request)
                    && (trust || resource(s, request, &context, resource_document, false))
                    && conditions(s, &context, resource_document)
            })
            .flat_map(|s| covers(s, &request["principal"], trust, !boundary.is_empty()))
            .collect()
    };
    let denied = judge(&identity, "Deny")
        || judge(&session, "Deny")
        || judge(&boundary, "Deny")
        || !kinds("Deny").is_empty();
    if denied {
        return "explicitDeny";
    }
    let principal = &request["principal"];
    let arn = principal.as_str().unwrap_or_default();
    let root = arn.ends_with(":root");
    let federated_user = arn.contains(":federated-user/");
    let account = arn.split(':').nth(4);
    let owner = match request["resourceAccount"].as_str() {
        Some(account) => Some(account),
        None => request["resource"]
            .as_str()
            .unwrap()
            .split(':')
            .nth(4)
            .filter(|a| !a.is_empty()),
    };
    let kinds = kinds("Allow");
    let direct = kinds.contains(&"direct");
    let role = kinds.contains(&"role");
    let any = !kinds.is_empty();
    let allows = root || judge(&identity, "Allow");
    let caps = (boundary.is_empty() || judge(&boundary, "Allow"))
        && if session.is_empty() {
            !federated_user
        } else {
            judge(&session, "Allow")
        };
    let allowed = match account {
        None => any && !(trust && arn == "anonymous"),
        Some(_) if trust && root && request["action"] == "sts:AssumeRole" => false,
        Some(account) if owner.is_none_or(|owner| owner == account) => {
            direct || role && caps || (!trust || any) && allows && caps
        }
        Some(_) => any && allows && caps,
    };
    if allowed { "allowed" } else { "implicitDeny" }
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    }
}

fn statements(document: &Value) -> Vec<Value> {
    list(&document["Statement"])
}

fn marks(pattern: &str, variables: Option<&Context>) -> Option<Vec<Mark>> {
    let mut marks = Vec::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        if let (Some(context), true) = (variables, rest.starts_with("${"))
            && let Some(end) = rest.find('}')
        {
            match &rest[2..end] {
                escape @ ("*" | "?" | "$") => marks.extend(escape.chars().map(Mark::Is)),
                key => marks.extend(
                    context
                        .get(&key.to_lowercase())?
                        .as_str()?
                        .chars()
                        .map(Mark::Is),
                ),
            }
            rest = &rest[end + 1..];
            continue;
        }
        marks.push(match c {
            '*' => Mark::Any,
            '?' => Mark::One,
            c => Mark::Is(c),
        });
        rest = &rest[c.len_utf8()..];
    }
    Some(marks)
}

fn like(pattern: &[Mark], text: &[char]) -> bool {
    match (pattern, text) {
        ([], _) => text.is_empty(),
        ([Mark::Any, rest @ ..], _) => (0..=text.len()).any(|skip| like(rest, &text[skip..])),
        (_, []) => false,
        ([Mark::One, rest @ ..], [_, tail @ ..]) => like(rest, tail),
        ([Mark::Is(c), rest @ ..], [t, tail @ ..]) => c == t && like(rest, tail),
    }
}

fn matches(pattern: &str, text: &str, variables: Option<&Context>) -> bool {
    marks(pattern, variables).is_some_and(|marks| like(&marks, &text.chars().collect::<Vec<_>>()))
}

/// The text of a value in which wildcards are no wildcards.
fn literally(wanted: &str, variables: Option<&Context>) -> Option<String> {
    let plain = |mark: &Mark| match mark {
        Mark::Is(c) => *c,
        Mark::Any => '*',
        Mark::One => '?',
    };
    Some(marks(wanted, variables)?.iter().map(plain).collect())
}

fn variables<'c>(document: &Value, context: &'c Context) -> Option<&'c Context> {
    (document["Version"] == "2012-10-17").then_some(context)
}

fn action(statement: &Value, request: &Value) -> bool {
    let asked = request["action"].as_str().unwrap().to_lowercase();
    let named = |entries: &Value| {
        list(entries)
            .iter()
            .any(|entry| matches(&entry.as_str().unwrap().to_lowercase(), &asked, None))
    };
    match &statement["Action"] {
        Value::Null => !named(&statement["NotAction"]),
        entries => named(entries),
    }
}

fn resource(
    statement: &Value,
    request: &Value,
    context: &Context,
    document: &Value,
    complete: bool,
) -> bool {
    let asked = request["resource"].as_str().unwrap();
    let seen: Vec<&str> = asked.splitn(6, ':').collect();
    let variables = variables(document, context);
    let named = |entry: &Value| {
        let entry = entry.as_str().unwrap();
        let mut parts: Vec<&str> = entry.splitn(6, ':').collect();
        if entry == "*" {
            return true;
        }
        if parts.len() < 6 && !complete && !entry.contains(['*', '?']) {
            return false;
        }
        parts.resize(6, "*");
        seen.len() == 6
            && (0..6).all(|at| matches(parts[at], seen[at], variables.filter(|_| at == 5)))
    };
    let null = |entry: &Value| {
        let sixth = entry
            .as_str()
            .unwrap()
            .splitn(6, ':')
            .nth(5)
            .unwrap_or_default();
        marks(sixth, variables).is_none()
    };
    match &statement["Resource"] {
        Value::Null => {
            let entries = list(&statement["NotResource"]);
            let unknown = statement["Effect"] == "Allow" && entries.iter().any(null);
            !unknown && !entries.iter().any(named)
        }
        entries => list(entries).iter().any(named),
    }
}

fn conditions(statement: &Value, context: &Context, document: &Value) -> bool {
    let Some(operators) = statement["Condition"].as_object() else {
        return true;
    };
    operators.iter().all(|(operator, keys)| {
        keys.as_object().unwrap().iter().all(|(key, wanted)| {
            let wanted: Vec<String> = list(wanted)
                .iter()
                .map(|value| {
                    value
                        .as_str()
                        .map_or_else(|| value.to_string(), ToOwned::to_owned)
                })
                .collect();
            condition(
                operator,
                context.get(&key.to_lowercase()),
                &wanted,
                context,
                document,
            )
        })
    })
}

fn condition(
    operator: &str,
    seen: Option<&Value>,
    wanted: &[String],
    context: &Context,
    document: &Value,
) -> bool {
    if operator == "Null" {
        return wanted
            .iter()
            .any(|value| *value == seen.is_none().to_string());
    }
    let (quantifier, base) = operator.split_once(':').unwrap_or(("", operator));
    let (base, if_exists) = base
        .strip_suffix("IfExists")
        .map_or((base, false), |base| (base, true));
    let negated = base.contains("Not");
    let variables = variables(document, context);
    let equal = |value: &str, wanted: &str| match base.replace("Not", "").as_str() {
        "StringLike" => matches(wanted, value, variables),
        "StringEquals" => literally(wanted, variables).is_some_and(|wanted| wanted == value),
        "NumericLessThan" => match (value.parse::<i64>(), wanted.parse::<i64>()) {
            (Ok(value), Ok(wanted)) => value < wanted,
            _ => false,
        },
        "Bool" => {
            let is_bool = ["true", "false"].contains(&value);
            is_bool && literally(wanted, variables).is_some_and(|wanted| wanted == value)
        }
        "ArnLike" | "ArnEquals" => marks(wanted, variables).is_some_and(|wanted| {
            let value: Vec<&str> = value.splitn(6, ':').collect();
            let wanted: Vec<&[Mark]> = wanted.splitn(6, |mark| *mark == Mark::Is(':')).collect();
            let part = |at: usize| like(wanted[at], &value[at].chars().collect::<Vec<_>>());
            value.len() == 6 && wanted.len() == 6 && (0..6).all(part)
        }),
        other => panic!("{other}"),
    };
    let p = |value: &Value| {
        let value = value.as_str().unwrap();
        wanted.iter().any(|wanted| equal(value, wanted)) != negated
    };
    let Some(seen) = seen else {
        return match quantifier {
            "ForAllValues" => true,
            "ForAnyValue" => if_exists,
            _ => if_exists || negated,
        };
    };
    match (quantifier, seen) {
        ("", Value::Array(_)) => false,
        ("ForAllValues", seen) if list(seen).iter().all(|value| value == "") => true,
        ("ForAllValues", seen) => list(seen).iter().all(p),
        (_, seen) => list(seen).iter().any(p),
    }
}

/// The ways in which a statement names the principal; none when it does not.
fn covers(statement: &Value, principal: &Value, trust: bool, boundary: bool) -> Vec<&'static str> {
    let entries = |element: &Value| -> Vec<(String, String)> {
        match element {
            Value::Object(types) => types
                .iter()
                .flat_map(|(kind, values)| {
                    list(values)
                        .into_iter()
                        .map(|value| (kind.clone(), value.as_str().unwrap().to_owned()))
                })
                .collect(),
            _ => vec![("*".to_owned(), "*".to_owned())],
        }
    };
    let arn = principal.as_str().unwrap_or_default();
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let one = |(kind, value): (String, String)| -> Option<&'static str> {
        let account = parts.get(4).copied();
        match kind.as_str() {
            "*" => Some("direct"),
            "Federated" | "Service" => (principal[&kind] == value.as_str()).then_some("direct"),
            "AWS" if value == "*" => (!trust || principal.is_string()).then_some("direct"),
            "AWS" if Some(value.as_str()) == account => Some("account"),
            "AWS" if value.ends_with(":root") && value.split(':').nth(4) == account => {
                Some("account")
            }
            "AWS" if value == arn => Some("direct"),
            "AWS" if value.contains(":role/") && arn.contains(":assumed-role/") => {
                let name = value.rsplit('/').next();
                (value.split(':').nth(4) == account && arn.split('/').nth(1) == name)
                    .then_some("role")
            }
            _ => None,
        }
    };
    match &statement["NotPrincipal"] {
        Value::Null if statement["Principal"].is_null() => Vec::new(),
        Value::Null => entries(&statement["Principal"])
            .into_iter()
            .filter_map(one)
            .collect(),
        listed => {
            let named = entries(listed)
                .into_iter()
                .any(|entry| one(entry).is_some());
            let deny = statement["Effect"] == "Deny";
            let applies = if deny {
                boundary || !named
            } else {
                !trust && !named
            };
            if applies { vec!["direct"] } else { Vec::new() }
        }
    }
}

/// A statement made of parts at random, any of which may be the one that others get wrong.
fn any_statement(dice: &mut Dice) -> Value {
    let actions = [
        "s3:*",
        "S3:getobject",
        "sts:AssumeRole",
        "sts:AssumeRole*",
        "*",
        "s3:Put?bject",
        "a:b",
    ];
    let resources = [
        "*",
        OBJECT,
        "arn:aws:s3:::bucket/*",
        "arn:aws:s3:::bucket/${k}",
        "arn:aws:s3:::bucket/${none}",
        "arn:aws:s3:::*${*}",
        "arn:aws:s3",
        "arn:aws:s3:*",
        "arn:aws:iam::${k}:role/x",
        "arn:*:iam::*:role/*",
    ];
    let operators = [
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLike",
        "NumericLessThan",
        "Bool",
        "ArnLike",
        "ArnNotEquals",
    ];
    let wanted = [
        "key",
        "x",
        "k*",
        "?",
        "",
        "${k}",
        "${none}",
        "${*}",
        "7",
        "true",
        "arn:aws:iam::*:user/*",
    ];
    let principals = [
        json!("*"),
        json!({"AWS": "*"}),
        json!({"AWS": ACCOUNT}),
        json!({"AWS": ROOT}),
        json!({"AWS": USER}),
        json!({"AWS": [SESSION_ROLE, OTHER_ACCOUNT]}),
        json!({"AWS": SESSION}),
        json!({"AWS": FEDERATED_USER}),
        json!({"Federated": "accounts.google.com"}),
        json!({"Service": "a.amazonaws.com", "AWS": "arn:aws:iam::111122223333:role/*"}),
    ];
    let mut statement = json!({"Effect": *dice.pick(&["Allow", "Allow", "Deny"])});
    let values = |dice: &mut Dice, from: &[&str]| {
        let count = 1 + dice.below(2);
        json!((0..count).map(|_| *dice.pick(from)).collect::<Vec<_>>())
    };
    let not = |dice: &mut Dice, name: &str| {
        if dice.below(5) == 0 {
            format!("Not{name}")
        } else {
            name.to_owned()
        }
    };
    statement[not(dice, "Action")] = values(dice, &actions);
    statement[not(dice, "Resource")] = values(dice, &resources);
    if dice.below(12) > 0 {
        statement[not(dice, "Principal")] = dice.pick(&principals).clone();
    }
    let mut conditions = json!({});
    for _ in 0..[0, 0, 1, 2][dice.below(4)] {
        let prefix = *dice.pick(&["", "", "ForAllValues:", "ForAnyValue:"]);
        let suffix = *dice.pick(&["", "", "IfExists"]);
        let operator = format!("{prefix}{}{suffix}", dice.pick(&operators));
        let key = *dice.pick(&["k", "K", "l", "none"]);
        conditions[operator] = json!({ key: values(dice, &wanted) });
    }
    if dice.below(8) == 0 {
        conditions["Null"] = json!({ *dice.pick(&["k", "none"]): dice.below(2) == 0 });
    }
    statement["Condition"] = conditions;
    statement
}

#[test]
fn an_independent_evaluator_decides_the_same() {
    let mut dice = Dice(7);
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..1_500 {
        let document = |dice: &mut Dice| {
            let count = 1 + dice.below(3);
            let version = *dice.pick(&["2012-10-17", "2012-10-17", "2008-10-17"]);
            json!({"Version": version, "Statement": (0..count).map(|_| any_statement(dice)).collect::<Vec<_>>()})
        };
        let values = [
            "key",
            "x",
            "",
            "5",
            "true",
            "*",
            "arn:aws:iam::1:user/a",
            "111122223333",
        ];
        let mut context = json!({});
        for key in ["k", "L"] {
            match dice.below(3) {
                0 => {}
                1 => context[key] = json!(*dice.pick(&values)),
                _ => {
                    let count = dice.below(3);
                    context[key] =
                        json!((0..count).map(|_| *dice.pick(&values)).collect::<Vec<_>>());
                }
            }
        }
        let principals = [
            json!(USER),
            json!(SESSION),
            json!(ROOT),
            json!(FEDERATED_USER),
            json!("anonymous"),
            json!({"Service": "a.amazonaws.com"}),
            json!({"Federated": "accounts.google.com"}),
            json!("arn:aws:iam::444455556666:user/eve"),
        ];
        let mut line = json!({
            "id": 0,
            "request": {
                "principal": dice.pick(&principals),
                "action": *dice.pick(&["s3:GetObject", "s3:PutObject", "sts:AssumeRole"]),
                "resource": *dice.pick(&[OBJECT, "arn:aws:s3:::bucket/*", "arn:aws:iam::111122223333:role/x", "*"]),
                "context": context,
            },
        });
        if dice.below(2) == 0 {
            line["request"]["resourceAccount"] = json!(*dice.pick(&[ACCOUNT, OTHER_ACCOUNT]));
        }
        let optional = |dice: &mut Dice, of: usize| (dice.below(of) == 0).then(|| document(dice));
        line["identityPolicies"] = json!([document(&mut dice), document(&mut dice)]);
        line["sessionPolicy"] =
            json!(optional(&mut dice, 3).map(|first| [first, document(&mut dice)]));
        line["boundary"] = json!(optional(&mut dice, 3));
        let name = *dice.pick(&["resourcePolicy", "trustPolicy"]);
        line[name] = json!(optional(&mut dice, 2));
        let decision = decide(&line);
        assert_eq!(decision, oracle(&line), "{line}");
        *seen.entry(decision).or_insert(0) += 1;
    }
    assert!(
        seen.len() == 3 && seen.values().all(|count| *count > 80),
        "{seen:?}"
    );
}

//! What must be true of every document and request, tried on many, always the same.

use std::time::{Duration, Instant};

use super::dice::Dice;
use super::*;
use crate::policy::pattern::{Case, Pattern, Syntax};
use crate::policy::{
    Caller, Decision, NamedPolicy, Policies, PolicyDocument, Request, RequestContext, evaluate,
    explain,
};

fn glob(pattern: &str, text: &str, case: Case) -> bool {
    let syntax = Syntax {
        wildcards: true,
        variables: false,
    };
    Pattern::compile(pattern, syntax).matches(text, case, &RequestContext::new())
}

/// The definition, by recursion.
fn naive(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, _) => text.is_empty(),
        (Some(('*', rest)), None) => naive(rest, text),
        (Some(('*', rest)), Some((_, tail))) => naive(rest, text) || naive(pattern, tail),
        (Some(('?', rest)), Some((_, tail))) => naive(rest, tail),
        (Some((wanted, rest)), Some((seen, tail))) => wanted == seen && naive(rest, tail),
        (Some(_), None) => false,
    }
}

#[test]
fn a_glob_matches_what_its_definition_matches() {
    let mut dice = Dice(1);
    let mut matched = 0;
    for _ in 0..60_000 {
        let pattern = dice.text(&['a', 'b', 'é', '*', '*', '?'], 8);
        let text = dice.text(&['a', 'b', 'é'], 9);
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        let expected = naive(&chars(&pattern), &chars(&text));
        matched += usize::from(expected);
        assert_eq!(
            glob(&pattern, &text, Case::Sensitive),
            expected,
            "{pattern} {text}"
        );
        assert_eq!(
            glob(&pattern.to_uppercase(), &text, Case::Ignored),
            expected,
            "{pattern} {text}"
        );
    }
    assert!(matched > 1_000, "{matched}");
}

#[test]
fn hostile_patterns_are_fast() {
    let value = "a".repeat(2_048);
    for pattern in [
        "*?".repeat(5_000),
        "*?".repeat(1_000),
        format!("{}b", "*a".repeat(5_000)),
        format!("{}b", "*a".repeat(1_000)),
        format!("*{}b", "a".repeat(1_000)),
        format!("*{}?b", "a".repeat(1_000)),
        format!("*?{}b", "a".repeat(1_000)),
        format!("{}b", "*aaaa?".repeat(400)),
    ] {
        for case in [Case::Sensitive, Case::Ignored] {
            let compiled = Pattern::compile(
                &pattern,
                Syntax {
                    wildcards: true,
                    variables: false,
                },
            );
            let started = Instant::now();
            compiled.matches(&value, case, &RequestContext::new());
            // Below 5 ms in a release build; here there is room for an unoptimised one on a busy
            // machine.
            assert!(
                started.elapsed() < Duration::from_secs(1),
                "{:?} {}",
                started.elapsed(),
                &pattern[..20]
            );
        }
    }
}

fn statements() -> Vec<Value> {
    let mut all = Vec::new();
    for effect in ["Allow", "Allow", "Deny"] {
        for action in [
            json!({"Action": "s3:*"}),
            json!({"Action": ["s3:GetObject", "a:b"]}),
            json!({"NotAction": "s3:Put*"}),
        ] {
            for resource in [
                json!({"Resource": "*"}),
                json!({"Resource": "arn:aws:s3:::bucket/${k}"}),
                json!({"NotResource": "arn:aws:s3:::bucket/x*"}),
            ] {
                for condition in [
                    json!({}),
                    json!({"StringEquals": {"k": ["key", "x"]}}),
                    json!({"ForAllValues:StringNotLike": {"l": "a*"}}),
                    json!({"Null": {"k": true}}),
                ] {
                    for principal in [
                        json!({"AWS": USER}),
                        json!({"AWS": ACCOUNT}),
                        json!({"AWS": SESSION_ROLE}),
                        json!("*"),
                    ] {
                        let mut statement = json!({"Effect": effect, "Condition": condition, "Principal": principal});
                        for part in [&action, &resource] {
                            for (name, value) in part.as_object().unwrap() {
                                statement[name] = value.clone();
                            }
                        }
                        all.push(statement);
                    }
                }
            }
        }
    }
    all
}

/// Requests and policies at random. `edit` gets them and what `evaluate` said.
fn many_scenarios(seed: u64, mut check: impl FnMut(&mut Dice, &Value, &str)) {
    let all = statements();
    let mut dice = Dice(seed);
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..1_200 {
        let mut context = json!({});
        if dice.below(3) > 0 {
            context["k"] = dice
                .pick(&[json!("key"), json!("x"), json!(["key"]), json!("")])
                .clone();
        }
        if dice.below(2) > 0 {
            context["l"] = dice
                .pick(&[json!(["a1", "b"]), json!([]), json!(["b"]), json!("a")])
                .clone();
        }
        let mut line = json!({
            "id": 0,
            "request": {
                "principal": dice.pick(&[json!(USER), json!(SESSION), json!(ROOT), json!(FEDERATED_USER), json!("anonymous"), json!({"Service": "a.amazonaws.com"})]),
                "action": dice.pick(&["s3:GetObject", "s3:PutObject"]),
                "resource": dice.pick(&[OBJECT, "arn:aws:s3:::bucket/x", "*"]),
                "resourceAccount": dice.pick(&[ACCOUNT, OTHER_ACCOUNT]),
                "context": context,
            },
        });
        let document = |dice: &mut Dice, most: usize| {
            let mut statements = dice.some(&all, most);
            statements.push(dice.pick(&all).clone());
            policy(json!(statements))
        };
        line["identityPolicies"] = json!([document(&mut dice, 2), document(&mut dice, 1)]);
        if dice.below(2) > 0 {
            line["resourcePolicy"] = document(&mut dice, 2);
        }
        if dice.below(3) == 0 {
            line["boundary"] = document(&mut dice, 3);
        }
        if dice.below(3) == 0 {
            line["sessionPolicy"] = json!([document(&mut dice, 2)]);
        }
        let decision = decide(&line);
        check(&mut dice, &line, &decision);
        *seen.entry(decision).or_insert(0) += 1;
    }
    assert!(
        seen.len() == 3 && seen.values().all(|count| *count > 50),
        "{seen:?}"
    );
}

#[test]
fn the_order_of_statements_and_documents_never_matters() {
    many_scenarios(2, |_, line, decision| {
        let mut turned = line.clone();
        let reverse =
            |document: &mut Value| document["Statement"].as_array_mut().unwrap().reverse();
        for name in ["resourcePolicy", "boundary"] {
            if let Some(document) = turned.get_mut(name) {
                reverse(document);
            }
        }
        let identity = turned["identityPolicies"].as_array_mut().unwrap();
        identity.reverse();
        identity.iter_mut().for_each(reverse);
        assert_eq!(decide(&turned), decision, "{line}");
    });
}

#[test]
fn a_session_policy_or_a_boundary_never_widens() {
    let all = statements();
    many_scenarios(3, |dice, line, decision| {
        // A federated user without session policy has nothing of its user, so its first one is the
        // exception that grants.
        let federated_user = line["request"]["principal"] == FEDERATED_USER;
        if decision == "allowed" {
            return;
        }
        let mut limited = line.clone();
        let limit =
            policy(json!([dice.pick(&all), {"Effect": "Allow", "Action": "*", "Resource": "*"}]));
        if limited.get("sessionPolicy").is_none() && !federated_user {
            limited["sessionPolicy"] = limit.clone();
            assert_ne!(decide(&limited), "allowed", "{limited}");
        }
        if limited.get("boundary").is_none() {
            limited["boundary"] = limit;
            assert_ne!(decide(&limited), "allowed", "{limited}");
        }
    });
}

#[test]
fn an_added_deny_never_widens_and_an_added_allow_never_narrows() {
    let all = statements();
    many_scenarios(4, |dice, line, decision| {
        let mut more = line.clone();
        let statement = dice.pick(&all).clone();
        let effect = statement["Effect"].clone();
        more["identityPolicies"]
            .as_array_mut()
            .unwrap()
            .push(policy(statement));
        let after = decide(&more);
        if effect == "Deny" {
            assert!(after == decision || after == "explicitDeny", "{more}");
        } else {
            assert!(
                after == decision || (decision, after.as_str()) == ("implicitDeny", "allowed"),
                "{more}"
            );
        }
    });
}

#[test]
fn an_explanation_agrees_with_the_decision() {
    many_scenarios(5, |_, line, decision| {
        let explanation = crate::policy::explain_scenario(&line.to_string()).unwrap();
        assert_eq!(explanation.decision.as_str(), decision);
        let statements = || {
            explanation
                .policies
                .iter()
                .flat_map(|policy| &policy.statements)
        };
        let denied = statements().any(|s| s.applies && s.effect == crate::policy::Effect::Deny);
        assert_eq!(denied, decision == "explicitDeny", "{line}");
        let decided = statements().filter(|s| s.decided).count();
        assert_eq!(
            decided,
            usize::from(explanation.deciding.is_some()),
            "{line}"
        );
    });
}

#[test]
fn a_spoilt_line_is_answered_and_never_a_panic() {
    let line = json!({
        "id": "é",
        "request": {"principal": USER, "action": "s3:GetObject", "resource": OBJECT, "context": {"k": "key", "l": ["é"]}},
        "identityPolicies": [policy(json!(statements()[7])), policy(json!(statements()[20])).to_string()],
        "trustPolicy": policy(json!(statements()[40])),
    });
    let line: Vec<char> = line.to_string().chars().collect();
    let mut dice = Dice(8);
    for _ in 0..1_500 {
        let mut spoilt = line.clone();
        for _ in 0..=dice.below(3) {
            let at = dice.below(spoilt.len());
            match dice.below(4) {
                0 => drop(spoilt.remove(at)),
                1 => spoilt.truncate(at + 1),
                2 => spoilt.insert(
                    at,
                    *dice.pick(&['"', '{', '}', '[', ']', ',', ':', '\\', '*', '$', 'é', '0']),
                ),
                _ => spoilt[at] = *dice.pick(&['"', '\\', '😀', '1', 'u', ' ', '\u{0}']),
            }
        }
        let answer = answer(&spoilt.iter().collect::<String>());
        assert_eq!(answer.as_object().unwrap().len(), 2, "{answer}");
    }
}

#[test]
fn a_negated_operator_is_the_nor_of_its_positive_form_on_single_values() {
    let pairs = [
        ("StringEquals", "StringNotEquals"),
        ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
        ("StringLike", "StringNotLike"),
        ("NumericEquals", "NumericNotEquals"),
        ("DateEquals", "DateNotEquals"),
        ("IpAddress", "NotIpAddress"),
        ("ArnEquals", "ArnNotEquals"),
        ("ArnLike", "ArnNotLike"),
    ];
    let values = [
        "",
        "a",
        "A",
        "a*",
        "?",
        "5",
        "5.0",
        "2024-01-01",
        "1704067200",
        "10.0.0.1",
        "10.0.0.0/8",
        "::1",
        "arn:aws:iam::1:x",
        "arn:aws:iam::*:*",
        "${none}",
        "${k}",
    ]
    .map(|value| json!(value));
    let mut dice = Dice(6);
    for _ in 0..4_000 {
        let (positive, negated) = *dice.pick(&pairs);
        let wanted = json!(dice.some(&values, 3));
        let seen = dice.pick(&values).clone();
        assert_ne!(
            holds(positive, wanted.clone(), seen.clone()),
            holds(negated, wanted.clone(), seen.clone()),
            "{positive} {wanted} {seen}"
        );
    }
}

#[test]
fn a_decision_is_fast() {
    let identity = PolicyDocument::parse(&policy(json!(statements()[..96])).to_string()).unwrap();
    let caller = Caller::user(USER);
    let mut context = RequestContext::new();
    context.set("k", "key");
    let request = Request {
        caller: &caller,
        action: "ec2:RunInstances",
        resource: OBJECT,
        resource_account: Some(ACCOUNT),
        context: &context,
    };
    let named = [NamedPolicy {
        name: "p",
        document: &identity,
    }];
    let policies = Policies {
        identity: &named,
        ..Policies::default()
    };
    let started = Instant::now();
    for _ in 0..1_000 {
        std::hint::black_box(evaluate(&request, &policies));
    }
    // A hundred statements in well under a tenth of a millisecond, in a debug build on a shared
    // machine.
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(
        explain(&request, &policies).decision,
        evaluate(&request, &policies).decision
    );
    assert_ne!(
        evaluate(&request, &policies).decision,
        Decision::ExplicitDeny
    );
}

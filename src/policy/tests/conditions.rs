//! §5: the table of absent, single and multivalued keys, and every operator.

use super::*;
use crate::policy::operator::{Comparison, OPERATORS};

/// A wanted value, a value that matches it, and one that does not, under the positive form of an
/// operator.
fn sample(comparison: Comparison) -> (Value, &'static str, &'static str) {
    use crate::policy::operator::Relation::*;
    match comparison {
        Comparison::StringEquals => (json!("v"), "v", "w"),
        Comparison::StringEqualsIgnoreCase => (json!("v"), "V", "w"),
        Comparison::StringLike => (json!("v*"), "vw", "w"),
        Comparison::Numeric(Equal) => (json!("5"), "5.0", "6"),
        Comparison::Numeric(Less) => (json!("5"), "4.9", "5"),
        Comparison::Numeric(LessOrEqual) => (json!("5"), "5", "5.1"),
        Comparison::Numeric(Greater) => (json!("5"), "5.1", "5"),
        Comparison::Numeric(GreaterOrEqual) => (json!("5"), "5", "4.9"),
        Comparison::Date(Equal) => (json!("2024-01-02"), "2024-01-02T00:00Z", "2024-01-03"),
        Comparison::Date(Less) => (json!("2024-01-02"), "2024-01-01", "2024-01-02"),
        Comparison::Date(LessOrEqual) => (json!("2024-01-02"), "2024-01-02", "2024-01-03"),
        Comparison::Date(Greater) => (json!("2024-01-02"), "2024-01-03", "2024-01-02"),
        Comparison::Date(GreaterOrEqual) => (json!("2024-01-02"), "2024-01-02", "2024-01-01"),
        Comparison::Bool => (json!(true), "TRUE", "false"),
        Comparison::BinaryEquals => (json!("dg=="), "v", "w"),
        Comparison::IpAddress => (json!("10.0.0.0/8"), "10.1.2.3", "11.0.0.1"),
        Comparison::Arn => (
            json!("arn:aws:sns:*:*:t"),
            "arn:aws:sns:r:1:t",
            "arn:aws:sns:r:1:u",
        ),
        Comparison::Null => panic!("it has a test of its own"),
    }
}

#[test]
fn every_operator_follows_the_table_of_absent_single_and_list() {
    let all_but_null = OPERATORS.iter().filter(|(name, ..)| *name != "Null");
    for (name, comparison, negated) in all_but_null {
        let (wanted, hit, miss) = sample(*comparison);
        let (p_hit, p_miss) = (!negated, *negated);
        let check = |operator: &str, seen: Value, expected: bool| {
            assert_eq!(
                holds(operator, wanted.clone(), seen.clone()),
                expected,
                "{operator} {wanted} {seen}"
            );
        };
        check(name, json!(null), *negated);
        check(name, json!(hit), p_hit);
        check(name, json!(miss), p_miss);
        check(name, json!([hit]), false);
        check(name, json!([miss]), false);
        check(name, json!([]), false);

        let if_exists = format!("{name}IfExists");
        check(&if_exists, json!(null), true);
        check(&if_exists, json!(hit), p_hit);
        check(&if_exists, json!(miss), p_miss);
        check(&if_exists, json!([hit]), false);
        check(&if_exists, json!([]), false);

        for all in [
            format!("ForAllValues:{name}"),
            format!("ForAllValues:{name}IfExists"),
        ] {
            check(&all, json!(null), true);
            check(&all, json!(hit), p_hit);
            check(&all, json!(miss), p_miss);
            check(&all, json!([hit, hit]), p_hit);
            check(&all, json!([miss, miss]), p_miss);
            check(&all, json!([hit, miss]), false);
            check(&all, json!([]), true);
        }
        for (any, absent) in [
            (format!("ForAnyValue:{name}"), false),
            (format!("ForAnyValue:{name}IfExists"), true),
        ] {
            check(&any, json!(null), absent);
            check(&any, json!(hit), p_hit);
            check(&any, json!(miss), p_miss);
            check(&any, json!([hit, miss]), true);
            check(&any, json!([hit, hit]), p_hit);
            check(&any, json!([miss, miss]), p_miss);
            check(&any, json!([]), false);
        }
    }
}

#[test]
fn there_are_27_operators() {
    let mut names: Vec<_> = OPERATORS.iter().map(|(name, ..)| *name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 27);
}

#[test]
fn null_asks_whether_the_key_is_absent() {
    for (seen, absent) in [
        (json!(null), true),
        (json!("v"), false),
        (json!(""), false),
        (json!(["v"]), false),
        (json!([]), false),
    ] {
        for (wanted, expected) in [
            (json!("true"), absent),
            (json!(true), absent),
            (json!("false"), !absent),
            (json!(false), !absent),
            (json!(["true", "false"]), true),
            (json!("maybe"), false),
        ] {
            assert_eq!(
                holds("Null", wanted.clone(), seen.clone()),
                expected,
                "{wanted} {seen}"
            );
        }
    }
}

#[test]
fn operators_and_keys_are_anded_and_values_ored() {
    let statement = json!({"Condition": {
        "StringEquals": {"a": ["1", "2"], "b": "3"},
        "StringLike": {"c": "4*"},
    }});
    assert!(allows(
        statement.clone(),
        json!({"a": "2", "b": "3", "c": "45"})
    ));
    for context in [
        json!({"a": "9", "b": "3", "c": "45"}),
        json!({"a": "2", "b": "9", "c": "45"}),
        json!({"a": "2", "b": "3", "c": "9"}),
        json!({"a": "2", "b": "3"}),
    ] {
        assert!(!allows(statement.clone(), context));
    }
}

#[test]
fn values_under_a_negated_operator_are_nored() {
    assert!(!holds("StringNotEquals", json!(["a", "b"]), json!("b")));
    assert!(holds("StringNotEquals", json!(["a", "b"]), json!("c")));
    assert!(!holds(
        "NotIpAddress",
        json!(["10.0.0.0/8", "192.168.0.0/16"]),
        json!("192.168.1.1")
    ));
}

#[test]
fn no_wanted_value_matches_nothing() {
    assert!(!holds("StringEquals", json!([]), json!("a")));
    assert!(holds("StringNotEquals", json!([]), json!("a")));
}

#[test]
fn a_quantified_negation_ranges_over_the_negation() {
    let list = json!(["a", "b"]);
    assert!(holds(
        "ForAllValues:StringNotEquals",
        list.clone(),
        json!(["c", "d"])
    ));
    assert!(!holds(
        "ForAllValues:StringNotEquals",
        list.clone(),
        json!(["a", "c"])
    ));
    assert!(holds(
        "ForAnyValue:StringNotEquals",
        list.clone(),
        json!(["a", "c"])
    ));
    assert!(!holds(
        "ForAnyValue:StringNotEquals",
        list,
        json!(["a", "b"])
    ));
}

#[test]
fn an_empty_string_is_present_and_a_null_set_to_for_all_values() {
    assert!(holds("StringEquals", json!(""), json!("")));
    assert!(holds("StringLike", json!("*"), json!("")));
    assert!(holds("ForAllValues:StringEquals", json!("a"), json!("")));
    assert!(holds("ForAllValues:StringEquals", json!("a"), json!([""])));
    assert!(!holds(
        "ForAllValues:StringEquals",
        json!("a"),
        json!(["", "b"])
    ));
    assert!(!holds("ForAnyValue:StringEquals", json!("a"), json!("")));
}

#[test]
fn numbers_compare_as_exact_decimals() {
    for (operator, wanted, seen, expected) in [
        ("NumericEquals", json!(10), "10.0", true),
        ("NumericEquals", json!("10"), "1e1", true),
        (
            "NumericEquals",
            json!("0.1"),
            "0.1000000000000000055511151231257827",
            false,
        ),
        (
            "NumericLessThan",
            json!("9007199254740993"),
            "9007199254740992",
            true,
        ),
        ("NumericLessThan", json!(5), "5", false),
        ("NumericLessThanEquals", json!(5), "5", true),
        ("NumericGreaterThan", json!(-1), "-0.5", true),
        ("NumericGreaterThanEquals", json!([100, 5]), "7", true),
        ("NumericLessThan", json!(5), "12abc", false),
        ("NumericLessThan", json!(5), "", false),
        ("NumericLessThan", json!("abc"), "1", false),
        ("NumericNotEquals", json!(5), "abc", true),
        ("NumericNotEquals", json!("abc"), "5", true),
        ("NumericNotEquals", json!(5), "5.00", false),
    ] {
        assert_eq!(
            holds(operator, wanted.clone(), json!(seen)),
            expected,
            "{operator} {wanted} {seen}"
        );
    }
}

#[test]
fn dates_compare_as_instants_in_every_form() {
    for (operator, wanted, seen, expected) in [
        (
            "DateEquals",
            json!("2024-01-01T00:00:00Z"),
            "1704067200",
            true,
        ),
        ("DateEquals", json!(1_704_067_200), "2024-01-01", true),
        (
            "DateEquals",
            json!("2024-01"),
            "2024-01-01T01:00:00+01:00",
            true,
        ),
        (
            "DateLessThan",
            json!("2024-01-01T00:00:00.5Z"),
            "2024-01-01T00:00:00.499Z",
            true,
        ),
        ("DateLessThan", json!("2024-01-01"), "2024-01-01", false),
        (
            "DateGreaterThan",
            json!("2024-01-01T12:00:00+02:00"),
            "2024-01-01T10:00:01Z",
            true,
        ),
        ("DateGreaterThan", json!("soon"), "2024-01-01", false),
        ("DateGreaterThan", json!("2024-01-01"), "soon", false),
        ("DateNotEquals", json!("2024-01-01"), "soon", true),
        ("DateLessThan", json!("1e12"), "2024-01-01", false),
    ] {
        assert_eq!(
            holds(operator, wanted.clone(), json!(seen)),
            expected,
            "{operator} {wanted} {seen}"
        );
    }
}

#[test]
fn bool_ignores_case_and_knows_two_words() {
    for (wanted, seen, expected) in [
        (json!(true), "true", true),
        (json!(true), "True", true),
        (json!("TRUE"), "true", true),
        (json!(false), "FALSE", true),
        (json!(false), "true", false),
        (json!("yes"), "yes", false),
        (json!("1"), "1", false),
        (json!(true), "", false),
    ] {
        assert_eq!(
            holds("Bool", wanted.clone(), json!(seen)),
            expected,
            "{wanted} {seen}"
        );
    }
}

#[test]
fn binary_compares_the_decoded_bytes() {
    assert!(holds(
        "BinaryEquals",
        json!("QmluYXJ5VmFsdWVJbkJhc2U2NA=="),
        json!("BinaryValueInBase64")
    ));
    assert!(!holds(
        "BinaryEquals",
        json!("QmluYXJ5VmFsdWVJbkJhc2U2NA=="),
        json!("QmluYXJ5VmFsdWVJbkJhc2U2NA==")
    ));
    assert!(!holds(
        "BinaryEquals",
        json!("not base64!"),
        json!("not base64!")
    ));
}

#[test]
fn addresses_compare_as_addresses_and_families_never_match() {
    for (operator, wanted, seen, expected) in [
        ("IpAddress", json!("203.0.113.0/24"), "203.0.113.9", true),
        ("IpAddress", json!("203.0.113.77/24"), "203.0.113.9", true),
        ("IpAddress", json!("203.0.113.9"), "203.0.113.9", true),
        ("IpAddress", json!("203.0.113.9"), "203.0.113.10", false),
        ("IpAddress", json!("0.0.0.0/0"), "8.8.8.8", true),
        ("IpAddress", json!("0.0.0.0/0"), "::1", false),
        ("IpAddress", json!("::/0"), "8.8.8.8", false),
        ("IpAddress", json!("2001:db8::/32"), "2001:DB8:0:0::1", true),
        ("IpAddress", json!("10.0.0.0/8"), "::ffff:10.0.0.1", false),
        ("IpAddress", json!("10.0.0.0/8"), "somewhere", false),
        ("IpAddress", json!("10.0.0.0/33"), "10.0.0.1", false),
        ("NotIpAddress", json!("10.0.0.0/8"), "2001:db8::1", true),
        ("NotIpAddress", json!("10.0.0.0/8"), "10.0.0.1", false),
        ("NotIpAddress", json!("10.0.0.0/8"), "somewhere", true),
        ("NotIpAddress", json!("0.0.0.0/0"), "8.8.8.8", false),
    ] {
        assert_eq!(
            holds(operator, wanted.clone(), json!(seen)),
            expected,
            "{operator} {wanted} {seen}"
        );
    }
}

#[test]
fn arn_operators_are_two_identical_pairs() {
    for (wanted, seen, matches) in [
        (
            "arn:aws:sns:*:123456789012:topic-*",
            "arn:aws:sns:eu-west-1:123456789012:topic-a",
            true,
        ),
        (
            "arn:aws:sns:*:123456789012:topic-?",
            "arn:aws:sns:eu-west-1:123456789012:topic-a",
            true,
        ),
        ("arn:aws:sns:*:topic", "arn:aws:sns:r:1:topic", false),
        ("arn:aws:iam::1:role/*", "arn:aws:iam::1:role/a/b:c", true),
        ("arn:aws:iam::1:role/*", "arn:aws:iam::1:ROLE/a", false),
        ("arn:*:iam::*:*", "arn:aws:iam::1:user/x", true),
        ("*", "arn:aws:iam::1:user/x", false),
        ("arn:aws:iam::1", "arn:aws:iam::1", false),
        ("arn:aws:iam::*:*", "arn:aws:iam::1", false),
    ] {
        for (positive, negated) in [("ArnEquals", "ArnNotEquals"), ("ArnLike", "ArnNotLike")] {
            assert_eq!(
                holds(positive, json!(wanted), json!(seen)),
                matches,
                "{positive} {wanted} {seen}"
            );
            assert_eq!(
                holds(negated, json!(wanted), json!(seen)),
                !matches,
                "{negated} {wanted} {seen}"
            );
        }
    }
}

#[test]
fn string_like_crosses_colons_and_slashes() {
    assert!(holds(
        "StringLike",
        json!("repo:acme/*"),
        json!("repo:acme/app:ref:refs/heads/main")
    ));
    assert!(holds(
        "StringLike",
        json!("arn:*"),
        json!("arn:aws:iam::1:user/x")
    ));
}

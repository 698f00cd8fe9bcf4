//! One good role, one thing spoilt at a time.

use super::*;
use crate::config::testing::{messages, parse};

const STS: &str = "public_url = 'https://a.example'\n[[sts]]\nid = 'local'\nkind = 'embedded'\naccounts = [{ id = '111111111111', name = 'dev' }, { id = '222222222222', name = 'prod' }]\n";

fn with(lines: &str) -> String {
    format!(
        "{STS}[[role]]\narn = 'arn:aws:iam::111111111111:role/team/Developer'\ntrust_policy = '{{}}'\n{lines}\n"
    )
}

fn another(arn: &str, lines: &str) -> String {
    with(&format!(
        "[[role]]\narn = '{arn}'\ntrust_policy = '{{}}'\n{lines}"
    ))
}

#[test]
fn an_arn_and_a_trust_policy_make_a_role() {
    let config = parse(&with("")).unwrap();
    let role = &config.roles[0];
    assert_eq!(
        (
            role.account.as_str(),
            role.path.as_str(),
            role.name.as_str()
        ),
        ("111111111111", "/team/", "Developer")
    );
    assert_eq!(role.sts, "local");
    assert_eq!(role.max_session_duration, Duration::from_secs(HOUR));
    assert!(role.explain && !role.production && role.alias.is_none());
}

#[test]
fn other_arns_are_refused() {
    for arn in [
        "",
        "Developer",
        "arn:aws:iam::111111111111:user/x",
        "arn:aws:iam::111111111111:role/",
        "arn:aws:iam::111111111111:rolex/y",
        "arn:aws-cn:iam::111111111111:role/x",
        "arn:aws:iam:eu-west-1:111111111111:role/x",
        "arn:aws:sts::111111111111:assumed-role/x/y",
    ] {
        let text = with("").replace("arn:aws:iam::111111111111:role/team/Developer", arn);
        assert_eq!(messages(&text), ["is not the ARN of a role"], "{arn}");
    }
}

#[test]
fn a_role_path_has_iams_characters_and_length() {
    for path in [
        "//".to_owned(),
        "/a b/".to_owned(),
        "/ä/".to_owned(),
        format!("/{}/", "x".repeat(511)),
    ] {
        let text = with("").replace("/team/", &path);
        assert!(
            messages(&text)[0].starts_with("the path is empty, longer"),
            "{path}"
        );
    }
    let longest = with("").replace("/team/", &format!("/{}/", "x".repeat(510)));
    assert!(parse(&longest).is_ok());
}

#[test]
fn a_role_of_an_unknown_account_is_refused() {
    let text = with("").replace("iam::111111111111", "iam::333333333333");
    assert_eq!(messages(&text), ["the account is none of its [[sts]]"]);
}

#[test]
fn a_role_name_has_iams_characters_and_length() {
    for name in ["a b".to_owned(), "ä".to_owned(), "x".repeat(65)] {
        let text = with("").replace("Developer", &name);
        assert_eq!(
            messages(&text),
            ["the name of a role is 1 to 64 letters, digits and _+=,.@-"]
        );
    }
}

#[test]
fn a_role_of_an_unknown_sts_is_refused_with_the_nearest() {
    let problems = parse(&with("sts = 'locla'")).unwrap_err();
    assert_eq!(
        problems.to_string(),
        r#"drawbridge.toml:9: role[0].sts: no [[sts]] has this id; did you mean "local"?"#
    );
}

#[test]
fn a_role_of_a_remote_sts_is_refused_once_and_plainly() {
    let remote = "[[sts]]\nid = 'aws'\nkind = 'remote'\n[[role]]\narn = 'arn:aws:iam::333333333333:role/x'\nsts = 'aws'\nmethod = 'web-identity'\nallow = [{ idp = 'okta' }]\nduration = '8h'";
    let message = "a remote STS is not available in this version";
    assert_eq!(
        messages(&with(&format!("sts = 'local'\n{remote}"))),
        [message, message]
    );
}

#[test]
fn a_role_says_its_sts_where_there_are_several() {
    let other = "[[sts]]\nid = 'other'\nkind = 'embedded'\naccounts = [{ id = '333333333333', name = 'x' }]";
    let problems = parse(&with(other)).unwrap_err();
    assert!(problems.to_string().ends_with(
        "role[0].sts: is required where there are several [[sts]]; one of local, other"
    ));
}

#[test]
fn assignments_are_refused_for_a_role_with_a_trust_policy() {
    assert_eq!(messages(&with("allow = []")), [OF_REMOTE]);
}

#[test]
fn a_trust_policy_is_required_once() {
    assert_eq!(
        messages(&with("").replace("trust_policy = '{}'\n", "")),
        ["is required"]
    );
    assert_eq!(
        messages(&with("trust_policy_file = 'x'")),
        ["the policy is already given by trust_policy"]
    );
    assert_eq!(
        messages(&with("").replace("'{}'", "' '")),
        ["must not be empty"]
    );
}

#[test]
fn policies_come_from_texts_and_files() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "{\"a\": 1}\n").unwrap();
    let path = file.path().display();
    let text = with(&format!(
        "policies = {{ One = '{{}}', Two = 'file:{path}' }}\npolicy_files = {{ Three = '{path}' }}"
    ));
    let config = parse(&text).unwrap();
    let policies: Vec<_> = config.roles[0]
        .policies
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    assert_eq!(
        policies,
        [
            ("One", "{}"),
            ("Three", "{\"a\": 1}\n"),
            ("Two", "{\"a\": 1}\n")
        ]
    );
    let text = with("").replace(
        "trust_policy = '{}'",
        &format!("trust_policy_file = '{path}'"),
    );
    assert_eq!(parse(&text).unwrap().roles[0].trust_policy, "{\"a\": 1}\n");
}

#[test]
fn a_policy_that_is_empty_or_not_there_is_refused_at_its_name() {
    let problems = parse(&with("policies = { One = '', Two = 'file:none' }")).unwrap_err();
    assert_eq!(
        problems.to_string(),
        "drawbridge.toml:9: role[0].policies.One: must not be empty\ndrawbridge.toml:9: role[0].policies.Two: the file cannot be read: entity not found"
    );
}

#[test]
fn a_policy_is_named_once_and_in_iams_characters() {
    let text = with("policies = { One = '{}' }\npolicy_files = { One = 'none', 'a b' = 'none' }");
    let problems = messages(&text);
    assert!(problems.contains(&"is already the name of one of the policies".to_owned()));
    assert!(
        problems
            .contains(&"the name of a policy is 1 to 128 letters, digits and _+=,.@-".to_owned())
    );
}

#[test]
fn two_roles_do_not_share_a_name_in_any_case() {
    let text = another("arn:aws:iam::111111111111:role/team/DEVELOPER", "");
    assert_eq!(messages(&text), ["is already the arn of another [[role]]"]);
}

#[test]
fn two_roles_do_not_differ_only_by_path() {
    let text = another("arn:aws:iam::111111111111:role/Developer", "");
    assert_eq!(
        messages(&text),
        ["differs from another [[role]] only by its path"]
    );
    assert!(parse(&another("arn:aws:iam::222222222222:role/Developer", "")).is_ok());
}

#[test]
fn two_roles_do_not_share_an_alias() {
    let text = another("arn:aws:iam::111111111111:role/Other", "alias = 'Deploy'");
    let text = text.replacen("trust_policy", "alias = 'deploy'\ntrust_policy", 1);
    assert_eq!(
        messages(&text),
        ["is already the alias of another [[role]]"]
    );
}

#[test]
fn an_alias_does_not_borrow_the_name_of_another_role() {
    assert!(parse(&with("alias = 'dev/Developer'")).is_ok());
    let text = another(
        "arn:aws:iam::111111111111:role/Other",
        "alias = 'dev/Developer'",
    );
    assert_eq!(
        messages(&text),
        ["is the account and name of another [[role]]"]
    );
}

#[test]
fn an_alias_survives_in_a_path() {
    for alias in ["/x", "x/", "x//y", "../x", "x/."] {
        assert_eq!(
            messages(&with(&format!("alias = '{alias}'"))),
            ["must have no empty segments and none of dots"]
        );
    }
    for alias in ["", "a b", "a:b", "a?b", "ä"] {
        assert_eq!(
            messages(&with(&format!("alias = '{alias}'"))),
            ["must be 1 to 128 letters, digits and _+=,.@/-"]
        );
    }
}

#[test]
fn a_session_lasts_one_to_twelve_hours() {
    assert!(parse(&with("max_session_duration = '12h'")).is_ok());
    assert_eq!(
        messages(&with("max_session_duration = '59m'")),
        ["must be between 1h and 12h"]
    );
    assert_eq!(
        messages(&with("max_session_duration = '13h'")),
        ["must be between 1h and 12h"]
    );
}

#[test]
fn switches_are_true_or_false() {
    assert!(
        parse(&with("production = true\nexplain = false"))
            .unwrap()
            .roles[0]
            .production
    );
    assert_eq!(
        messages(&with("production = 'yes'")),
        ["expected true or false, found text"]
    );
}

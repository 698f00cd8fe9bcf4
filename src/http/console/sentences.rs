//! Policy documents as plain sentences, one for each statement: who may take a role, what a role may do.
//!
//! The sentences are for reading, next to the document itself. They are made from the document as it is written and
//! decide nothing; what it decides is the policy engine's business.

mod conditions;

use serde_json::Value;

use crate::policy::{self, DocumentKind, Effect, PolicyDocument, Severity};

/// A piece of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Our words.
    Word(String),
    /// What the document says, to be set as code.
    Code(String),
}

/// A sentence.
pub type Line = Vec<Piece>;

pub(super) fn word(text: impl Into<String>) -> Piece {
    Piece::Word(text.into())
}

pub(super) fn code(text: impl Into<String>) -> Piece {
    Piece::Code(text.into())
}

/// What the author of a statement should know.
#[derive(Clone, Debug)]
pub struct Note {
    /// The API would refuse to save the document.
    pub refused: bool,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// A statement in words.
#[derive(Clone, Debug)]
pub struct Said {
    /// `Statement 1`, with its `Sid`.
    pub title: String,
    /// Whether it allows or denies.
    pub allows: bool,
    /// The sentence, without its conditions.
    pub sentence: Line,
    /// Its conditions, all of which must hold.
    pub conditions: Vec<Line>,
    /// What the linter says of it.
    pub notes: Vec<Note>,
}

/// The statements of a document in words; `None` for a text that is no policy, and allows nothing.
pub fn said(text: &str, kind: DocumentKind) -> Option<Vec<Said>> {
    let document = PolicyDocument::parse(text).ok()?;
    let written: Value = serde_json::from_str(text).ok()?;
    let statements = match written.get("Statement") {
        Some(Value::Array(many)) => many.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let findings = policy::lint(&document, kind);
    let described = document.statements().iter().zip(statements);
    let described = described.enumerate().map(|(index, (parsed, written))| {
        let notes = findings.iter().filter(|found| found.statement == index);
        Said {
            title: match parsed.sid() {
                Some(sid) if !sid.is_empty() => format!("Statement {} · {sid}", index + 1),
                _ => format!("Statement {}", index + 1),
            },
            allows: parsed.effect() == Effect::Allow,
            sentence: match kind {
                DocumentKind::Trust => who_may(parsed.effect(), written),
                _ => what_may(parsed.effect(), written),
            },
            conditions: conditions::lines(written.get("Condition")),
            notes: notes
                .map(|found| Note {
                    refused: found.severity == Severity::Error,
                    message: found.message.clone(),
                })
                .collect(),
        }
    });
    Some(described.collect())
}

/// One value or several.
fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// So many items of a list stand in a sentence; the document beside it has them all.
const MOST_LISTED: usize = 12;

/// `a`, `a and b`, `a, b and c`; of a long list the beginning, and how many there are more.
fn shortened(mut items: Vec<Line>) -> Line {
    let more = items.len().saturating_sub(MOST_LISTED);
    if more > 1 {
        items.truncate(MOST_LISTED);
        items.push(vec![word(format!("{more} more"))]);
    }
    listed(items, "and")
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn listed(items: Vec<Line>, last: &str) -> Line {
    let count = items.len();
    let mut line = Line::new();
    for (place, item) in items.into_iter().enumerate() {
        match place {
            0 => {}
            _ if place + 1 == count => line.push(word(format!(" {last} "))),
            _ => line.push(word(", ")),
        }
        line.extend(item);
    }
    line
}

/// `Whoever token.actions.githubusercontent.com vouches for may take the role with an ID token`.
fn who_may(effect: Effect, statement: &Value) -> Line {
    let mut line = match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(principal), _) => named(principal),
        (None, Some(excluded)) => {
            let mut line = vec![word("Everybody but ")];
            line.extend(named(excluded));
            line
        }
        (None, None) => vec![word("Nobody")],
    };
    capitalise(&mut line);
    line.push(word(match effect {
        Effect::Allow => " may ",
        Effect::Deny => " may never ",
    }));
    line.extend(match statement.get("NotAction") {
        Some(excluded) => {
            let mut rest = vec![word("do all but ")];
            rest.extend(listed(codes(&texts(Some(excluded))), "and"));
            rest
        }
        None => {
            let actions = texts(statement.get("Action"));
            listed(actions.into_iter().map(role_action).collect(), "and")
        }
    });
    line
}

fn capitalise(line: &mut Line) {
    if let Some(Piece::Word(first)) = line.first_mut() {
        let mut letters = first.chars();
        let head = letters.next().map(|letter| letter.to_ascii_uppercase());
        *first = head.into_iter().chain(letters).collect();
    }
}

fn codes(values: &[&str]) -> Vec<Line> {
    values.iter().map(|value| vec![code(*value)]).collect()
}

fn named(principal: &Value) -> Line {
    if principal.as_str() == Some("*") {
        return vec![word("anybody at all")];
    }
    let Value::Object(kinds) = principal else {
        return vec![word("nobody")];
    };
    let mut names: Vec<Line> = Vec::new();
    for (kind, value) in kinds {
        for name in texts(Some(value)) {
            names.push(match kind.as_str() {
                "AWS" => aws_principal(name),
                "Federated" => federated(name),
                "Service" => vec![word("the service "), code(name)],
                _ => vec![code(name)],
            });
        }
    }
    listed(names, "or")
}

fn federated(name: &str) -> Line {
    if let Some((_, issuer)) = name.split_once(":oidc-provider/") {
        return vec![word("whoever "), code(issuer), word(" vouches for")];
    }
    if let Some((_, provider)) = name.split_once(":saml-provider/") {
        return vec![
            word("whoever the SAML provider "),
            code(provider),
            word(" vouches for"),
        ];
    }
    vec![word("whoever "), code(name), word(" vouches for")]
}

fn aws_principal(name: &str) -> Line {
    if name == "*" {
        return vec![word("any caller of any account")];
    }
    let account = match name.strip_suffix(":root") {
        Some(arn) => arn.rsplit(':').next(),
        None => Some(name).filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())),
    };
    if let Some(account) = account {
        return vec![word("whoever account "), code(account), word(" lets do so")];
    }
    let resource = name.splitn(6, ':').nth(5).unwrap_or_default();
    let kind = match resource.split('/').next() {
        Some("role") => "sessions of the role ",
        Some("user") => "the user ",
        Some("assumed-role") => "the session ",
        Some("federated-user") => "the federated user ",
        _ if name.starts_with("AROA") => "sessions of a role that is gone, ",
        _ if name.starts_with("AIDA") => "a user who is gone, ",
        _ => "",
    };
    vec![word(kind), code(name)]
}

fn role_action(action: &str) -> Line {
    let words = match action.to_ascii_lowercase().as_str() {
        "sts:assumerole" => "take the role with AWS credentials",
        "sts:assumerolewithwebidentity" => "take the role with an ID token",
        "sts:assumerolewithsaml" => "take the role with a SAML assertion",
        "sts:tagsession" => "set session tags",
        "sts:setsourceidentity" => "set a source identity",
        "sts:*" | "*" => "take the role in every way",
        _ => return vec![word("do "), code(action)],
    };
    vec![word(words)]
}

/// `May s3:GetObject on arn:aws:s3:::dev-logs/*`.
fn what_may(effect: Effect, statement: &Value) -> Line {
    let mut line = vec![word(match effect {
        Effect::Allow => "May ",
        Effect::Deny => "May never ",
    })];
    line.extend(match statement.get("NotAction") {
        Some(excluded) => {
            let mut rest = vec![word("do everything but ")];
            rest.extend(shortened(codes(&texts(Some(excluded)))));
            rest
        }
        None => {
            let actions = texts(statement.get("Action"));
            shortened(actions.into_iter().map(action).collect())
        }
    });
    line.push(word(" on "));
    line.extend(match statement.get("NotResource") {
        Some(excluded) => {
            let mut rest = vec![word("everything but ")];
            rest.extend(shortened(codes(&texts(Some(excluded)))));
            rest
        }
        None => {
            let resources = texts(statement.get("Resource"));
            let resource = |name| match name {
                "*" => vec![word("everything")],
                name => vec![code(name)],
            };
            shortened(resources.into_iter().map(resource).collect())
        }
    });
    line
}

fn action(name: &str) -> Line {
    match name.split_once(':') {
        None if name == "*" => vec![word("do everything")],
        Some((service, "*")) => vec![word("do everything of "), code(service)],
        _ => vec![code(name)],
    }
}

/// A document with two spaces of indentation, its members in the author's order; as it is where it is no JSON.
pub fn pretty(text: &str) -> String {
    let parsed: Result<Value, _> = serde_json::from_str(text);
    let pretty = parsed.ok().map(|value| format!("{value:#}"));
    pretty.unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plain(line: &Line) -> String {
        let pieces = line.iter().map(|piece| match piece {
            Piece::Word(text) | Piece::Code(text) => text.as_str(),
        });
        pieces.collect()
    }

    fn first(kind: DocumentKind, statement: Value) -> Said {
        let text = json!({ "Version": "2012-10-17", "Statement": statement }).to_string();
        said(&text, kind).unwrap().remove(0)
    }

    #[test]
    fn a_trust_statement_says_who_how_and_under_which_conditions() {
        let provider = "token.actions.githubusercontent.com";
        let said = first(
            DocumentKind::Trust,
            json!({
                "Sid": "Main",
                "Effect": "Allow",
                "Principal": { "Federated": format!("arn:aws:iam::111111111111:oidc-provider/{provider}") },
                "Action": ["sts:AssumeRoleWithWebIdentity", "sts:SetSourceIdentity"],
                "Condition": { "StringEquals": {
                    format!("{provider}:aud"): "sts.amazonaws.com",
                    format!("{provider}:sub"): ["repo:acme/app:ref:refs/heads/main", "repo:acme@1/app@2:ref:refs/heads/main"],
                } },
            }),
        );
        assert_eq!(said.title, "Statement 1 · Main");
        assert_eq!(
            plain(&said.sentence),
            "Whoever token.actions.githubusercontent.com vouches for may take the role with an ID token and set a source \
             identity"
        );
        let conditions: Vec<String> = said.conditions.iter().map(plain).collect();
        assert_eq!(
            conditions,
            [
                "the audience token.actions.githubusercontent.com:aud is sts.amazonaws.com",
                "the subject token.actions.githubusercontent.com:sub is repo:acme/app:ref:refs/heads/main or \
                 repo:acme@1/app@2:ref:refs/heads/main",
            ]
        );
        assert!(said.notes.is_empty());
    }

    #[test]
    fn principals_of_every_kind_have_words() {
        let who = |principal: Value| {
            let statement =
                json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" });
            plain(&first(DocumentKind::Trust, statement).sentence)
        };
        let take = "may take the role with AWS credentials";
        assert_eq!(who(json!("*")), format!("Anybody at all {take}"));
        assert_eq!(
            who(json!({ "AWS": "111111111111" })),
            format!("Whoever account 111111111111 lets do so {take}")
        );
        assert_eq!(
            who(
                json!({ "AWS": ["arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:role/a/B"] })
            ),
            format!(
                "Whoever account 111111111111 lets do so or sessions of the role arn:aws:iam::222222222222:role/a/B {take}"
            )
        );
        assert_eq!(
            who(json!({ "Service": "ec2.amazonaws.com" })),
            format!("The service ec2.amazonaws.com {take}")
        );
        assert_eq!(
            who(json!({ "AWS": "AROARTXV5AHDZ2XYFDVLJ" })),
            format!("Sessions of a role that is gone, AROARTXV5AHDZ2XYFDVLJ {take}")
        );
    }

    #[test]
    fn a_permission_says_what_on_what() {
        let sentence = |statement| plain(&first(DocumentKind::Identity, statement).sentence);
        assert_eq!(
            sentence(json!({ "Effect": "Allow", "Action": "*", "Resource": "*" })),
            "May do everything on everything"
        );
        assert_eq!(
            sentence(
                json!({ "Effect": "Deny", "Action": ["s3:*", "iam:PassRole"], "Resource": "arn:aws:s3:::b" })
            ),
            "May never do everything of s3 and iam:PassRole on arn:aws:s3:::b"
        );
        assert_eq!(
            sentence(
                json!({ "Effect": "Allow", "NotAction": "iam:*", "NotResource": ["a:b:c:d:e:f", "*"] })
            ),
            "May do everything but iam:* on everything but a:b:c:d:e:f and *"
        );
    }

    #[test]
    fn a_long_list_is_cut_short() {
        let actions: Vec<String> = (0..40).map(|n| format!("s3:A{n}")).collect();
        let statement = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
        let sentence = plain(&first(DocumentKind::Identity, statement).sentence);
        assert!(
            sentence.ends_with("s3:A10, s3:A11 and 28 more on everything"),
            "{sentence}"
        );
    }

    #[test]
    fn what_the_linter_finds_stands_with_its_statement() {
        let text = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": { "AWS": "111111111111" }, "Action": "sts:AssumeRole" },
            { "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "sts:AssumeRole" },
        ] });
        let said = said(&text.to_string(), DocumentKind::Trust).unwrap();
        assert!(said[0].notes.is_empty());
        assert!(
            said[1].notes[0]
                .message
                .contains("every principal of every account")
        );
        assert!(!said[1].notes[0].refused);
    }

    #[test]
    fn what_is_no_policy_says_nothing() {
        assert!(said("{}", DocumentKind::Identity).is_none());
        assert_eq!(
            pretty("{\"b\":1,\"a\":[]}"),
            "{\n  \"b\": 1,\n  \"a\": []\n}"
        );
        assert_eq!(pretty("not json"), "not json");
    }
}

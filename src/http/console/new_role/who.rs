//! From the form to a trust policy, as somebody careful would write it: the audience and the subject by
//! `StringEquals`, the subject whole, and a wildcard only where one was asked for.

use serde_json::{Map, Value, json};

use super::kind::Kind;
use crate::aws::arn;
use crate::http::form::Form;
use crate::iam::PARTITION;

/// Who vouches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provider {
    /// By an ID token.
    Oidc {
        /// The issuer's URL.
        url: String,
    },
    /// By a SAML assertion.
    Saml {
        /// Its name in the account.
        name: String,
    },
}

impl Provider {
    /// Its ARN in an account.
    pub fn arn(&self, account: &str) -> String {
        match self {
            Provider::Oidc { url } => arn::oidc_provider(PARTITION, account, url),
            Provider::Saml { name } => arn::saml_provider(PARTITION, account, name),
        }
    }
}

/// A condition of the statement.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    operator: &'static str,
    key: String,
    values: Vec<String>,
}

/// Whom a role lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// Who vouches for them.
    pub provider: Provider,
    /// What the token is issued for, where a token it is.
    pub audience: Option<String>,
    sid: &'static str,
    actions: &'static [&'static str],
    conditions: Vec<Condition>,
}

/// What is wrong with the form: the field, and what to write.
pub type Problems = Vec<(&'static str, String)>;

/// A form while it is read: everything that is wrong with it at once.
struct Reader<'a> {
    form: &'a Form,
    problems: Problems,
}

const WEB_IDENTITY: &[&str] = &["sts:AssumeRoleWithWebIdentity"];
/// People's sessions say in the trail who they are.
const PEOPLE: &[&str] = &["sts:AssumeRoleWithWebIdentity", "sts:SetSourceIdentity"];
const SAML: &[&str] = &["sts:AssumeRoleWithSAML"];

/// Claims that are one value; the others are taken for lists.
const SINGLE: [&str; 7] = [
    "sub",
    "email",
    "hd",
    "tid",
    "oid",
    "azp",
    "preferred_username",
];

impl Who {
    /// Reads the form of a kind. `audience_of` is the audience to take for an issuer where the form names none.
    pub fn read(
        kind: Kind,
        form: &Form,
        audience_of: impl Fn(&str) -> String,
    ) -> Result<Who, Problems> {
        let mut reader = Reader {
            form,
            problems: Vec::new(),
        };
        let who = match kind {
            Kind::GitHub => reader.github(),
            Kind::GitLab => reader.gitlab(),
            Kind::Kubernetes => reader.kubernetes(),
            Kind::Oidc => reader.oidc(),
            Kind::Saml => reader.saml(),
        };
        if !reader.problems.is_empty() {
            return Err(reader.problems);
        }
        Ok(who.with_audience(audience_of))
    }

    fn with_audience(mut self, audience_of: impl Fn(&str) -> String) -> Who {
        let Provider::Oidc { url } = &self.provider else {
            return self;
        };
        let audience = self.audience.take().unwrap_or_else(|| audience_of(url));
        let key = format!("{}:aud", arn::provider_name(url));
        self.conditions
            .insert(0, condition("StringEquals", key, vec![audience.clone()]));
        self.audience = Some(audience);
        self
    }

    /// The trust policy, in a role of this account.
    pub fn trust(&self, account: &str) -> Value {
        let mut operators: Map<String, Value> = Map::new();
        for condition in &self.conditions {
            let keys = operators
                .entry(condition.operator)
                .or_insert_with(|| json!({}));
            keys[&condition.key] = one_or_many(&condition.values);
        }
        json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": self.sid,
                "Effect": "Allow",
                "Principal": { "Federated": self.provider.arn(account) },
                "Action": one_or_many(self.actions),
                "Condition": operators,
            }],
        })
    }
}

fn one_or_many<T: AsRef<str>>(values: &[T]) -> Value {
    match values {
        [one] => json!(one.as_ref()),
        many => many.iter().map(|value| json!(value.as_ref())).collect(),
    }
}

fn condition(operator: &'static str, key: String, values: Vec<String>) -> Condition {
    Condition {
        operator,
        key,
        values,
    }
}

/// Subjects are compared whole, unless a wildcard is in one of them.
fn subjects(key: String, values: Vec<String>) -> Condition {
    let operator = match values.iter().any(|value| value.contains('*')) {
        true => "StringLike",
        false => "StringEquals",
    };
    condition(operator, key, values)
}

impl Reader<'_> {
    /// Notes what is wrong with a field; the first thing is enough.
    fn wrong(&mut self, field: &'static str, problem: &str) {
        if !self.is_wrong(field) {
            self.problems.push((field, problem.to_owned()));
        }
    }

    fn is_wrong(&self, field: &str) -> bool {
        self.problems.iter().any(|(known, _)| *known == field)
    }

    /// A text without white space, variables or control characters; wildcards only where `wild` lets them be.
    fn text(&mut self, field: &'static str, wild: bool) -> String {
        let text = self.optional(field, wild);
        if text.is_empty() {
            self.wrong(field, "This is needed.");
        }
        text
    }

    fn optional(&mut self, field: &'static str, wild: bool) -> String {
        let text = self.form.get(field).unwrap_or_default().trim().to_owned();
        if text
            .chars()
            .any(|c| c.is_control() || !matches!(c, ' '..='\u{ff}'))
            || text.contains("${")
        {
            self.wrong(field, "Plain characters only.");
        } else if text.contains('?') || (!wild && text.contains('*')) {
            self.wrong(field, "Name one: no wildcards here.");
        }
        text
    }

    fn only(&mut self, field: &'static str, text: &str, what: &str, admits: impl Fn(char) -> bool) {
        if !text.chars().all(admits) {
            self.wrong(field, what);
        }
    }

    fn issuer(&mut self) -> (Provider, String) {
        let url = self.text("issuer", false);
        let url = url.trim_end_matches('/').to_owned();
        let parsed = url::Url::parse(&url).ok();
        let good = parsed.is_some_and(|url| {
            let scheme = ["https", "http"].contains(&url.scheme());
            scheme && url.host().is_some() && url.query().is_none() && url.fragment().is_none()
        });
        if !good {
            self.wrong(
                "issuer",
                "An issuer is a URL, like https://idp.example.com.",
            );
        }
        let name = arn::provider_name(&url);
        (Provider::Oidc { url }, name)
    }

    fn audience(&mut self) -> Option<String> {
        Some(self.optional("audience", false)).filter(|audience| !audience.is_empty())
    }

    /// The name of a branch, tag or environment; a wildcard in it was asked for.
    fn scope_name(&mut self, wild: bool) -> String {
        let name = self.text("scope_name", wild);
        self.only("scope_name", &name, "No spaces in it.", |c| c != ' ');
        name
    }

    fn github(&mut self) -> Who {
        let letters = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let owner = self.text("owner", false);
        self.only("owner", &owner, "The owner alone, like acme.", letters);
        let repository = self.text("repository", false);
        self.only(
            "repository",
            &repository,
            "The name alone, like app.",
            letters,
        );
        let context = match self.form.get("scope") {
            Some("tag") => format!("ref:refs/tags/{}", self.scope_name(true)),
            Some("environment") => {
                // A colon in the name of an environment is written like this in the subject.
                let name = self.text("scope_name", true);
                let name = name.replace(':', "%3A");
                format!("environment:{name}")
            }
            Some("pull_request") => "pull_request".to_owned(),
            Some("any") => "*".to_owned(),
            _ => format!("ref:refs/heads/{}", self.scope_name(true)),
        };
        let form = self.form.get("form").unwrap_or("both").to_owned();
        let mut values = Vec::new();
        if form != "ids" {
            values.push(format!("repo:{owner}/{repository}:{context}"));
        }
        if form != "names" {
            let mut number = |field| {
                let number = self.optional(field, false);
                let good = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
                if !good {
                    self.wrong(field, "Its number, or choose names only.");
                }
                number
            };
            let (owner_id, repository_id) = (number("owner_id"), number("repository_id"));
            values.push(format!(
                "repo:{owner}@{owner_id}/{repository}@{repository_id}:{context}"
            ));
        }
        let (provider, name) = self.issuer();
        Who {
            provider,
            audience: self.audience(),
            sid: "GitHubActions",
            actions: WEB_IDENTITY,
            conditions: vec![subjects(format!("{name}:sub"), values)],
        }
    }

    fn gitlab(&mut self) -> Who {
        let project = self.text("project", false);
        let letters = |c: char| c.is_ascii_alphanumeric() || "-_./+".contains(c);
        self.only("project", &project, "A path, like acme/app.", letters);
        if !project.trim_matches('/').contains('/') {
            self.wrong("project", "A path with its group, like acme/app.");
        }
        let project = project.trim_matches('/');
        let context = match self.form.get("scope") {
            Some("tag") => format!("ref_type:tag:ref:{}", self.scope_name(true)),
            Some("any") => "*".to_owned(),
            _ => format!("ref_type:branch:ref:{}", self.scope_name(true)),
        };
        let subject = format!("project_path:{project}:{context}");
        let (provider, name) = self.issuer();
        Who {
            provider,
            audience: self.audience(),
            sid: "GitLab",
            actions: WEB_IDENTITY,
            conditions: vec![subjects(format!("{name}:sub"), vec![subject])],
        }
    }

    fn kubernetes(&mut self) -> Who {
        let label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        let what = "Small letters, digits, - and . only.";
        let namespace = self.text("namespace", false);
        self.only("namespace", &namespace, what, label);
        let account = self.text("service_account", false);
        self.only("service_account", &account, what, label);
        let subject = format!("system:serviceaccount:{namespace}:{account}");
        let (provider, name) = self.issuer();
        Who {
            provider,
            audience: self.audience(),
            sid: "ServiceAccount",
            actions: WEB_IDENTITY,
            conditions: vec![subjects(format!("{name}:sub"), vec![subject])],
        }
    }

    fn oidc(&mut self) -> Who {
        let (provider, name) = self.issuer();
        let group = self.text("group", false);
        let claim = self.text("claim", false);
        let letters = |c: char| c.is_ascii_graphic() && c != '"';
        self.only("claim", &claim, "The claim's name, like groups.", letters);
        if claim.eq_ignore_ascii_case("aud") {
            self.wrong("claim", "The audience says nothing about a person.");
        }
        let operator = match SINGLE.contains(&claim.as_str()) {
            true => "StringEquals",
            false => "ForAnyValue:StringEquals",
        };
        Who {
            provider,
            audience: self.audience(),
            sid: "Group",
            actions: PEOPLE,
            conditions: vec![condition(operator, format!("{name}:{claim}"), vec![group])],
        }
    }

    fn saml(&mut self) -> Who {
        let name = self.text("provider", false);
        let letters = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        self.only("provider", &name, "Its name alone, like contoso.", letters);
        let key = self.form.get("attribute").unwrap_or_default().to_owned();
        let known = Kind::Saml.fields().iter();
        let known = known.flat_map(|field| field.choices);
        if !known.into_iter().any(|(value, _)| *value == key) {
            self.wrong("attribute", "Choose one.");
        }
        let value = self.text("value", false);
        let listed = self.text("recipient", false);
        let recipients = listed.split([',', ' ']).filter(|it| !it.is_empty());
        let recipients: Vec<String> = recipients.map(str::to_owned).collect();
        if recipients.is_empty() && !listed.is_empty() {
            self.wrong("recipient", "Name one.");
        }
        // Keys that AWS knows as one value; the others are, or may be, lists (`sts::saml::keys`).
        let single = ["saml:sub", "saml:edupersonprimaryaffiliation"];
        let operator = match single.contains(&key.as_str()) {
            true => "StringEquals",
            false => "ForAnyValue:StringEquals",
        };
        Who {
            provider: Provider::Saml { name },
            audience: None,
            sid: "Group",
            actions: SAML,
            conditions: vec![
                condition("StringEquals", "saml:aud".to_owned(), recipients),
                condition(operator, key, vec![value]),
            ],
        }
    }
}

#[cfg(test)]
mod tests;

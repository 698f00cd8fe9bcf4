//! A broker that takes tokens of issuers whose keys the test holds: for the doors where evidence comes in.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::http::{Reply, Request};
use super::iam::document;
use super::issuer::Issuer;
use super::{Broker, DEV};

/// One broker and three issuers.
pub struct Desk {
    pub broker: Broker,
    /// A `[[ci]]` entry.
    pub ci: Issuer,
    /// A `[[ci]]` entry whose tokens count once.
    pub once: Issuer,
    /// An `[[idp]]` entry.
    pub people: Issuer,
}

/// Every role's audience.
pub const AUDIENCE: &str = "https://sso.example.com";

pub static DESK: LazyLock<Desk> = LazyLock::new(Desk::start);

impl Desk {
    fn start() -> Desk {
        let (ci, once, people) = (Issuer::start(), Issuer::start(), Issuer::start());
        let broker = Broker::configured(&format!(
            "[[ci]]\nissuer = \"{}\"\naudience = \"{AUDIENCE}\"\n\
             [[ci]]\nissuer = \"{}\"\naudience = \"{AUDIENCE}\"\nreplay = \"refuse\"\n\
             [[idp]]\nid = \"people\"\nkind = \"oidc\"\nname = \"People\"\nissuer = \"{}\"\n\
             client_id = \"client\"\n",
            ci.url, once.url, people.url
        ));
        let desk = Desk {
            broker,
            ci,
            once,
            people,
        };
        let ci = desk.ci.name().to_owned();
        let main = format!("{ci}:sub");
        let main = json!({ "StringEquals": { main: "repo:acme/app:ref:refs/heads/main" } });
        let broker = &desk.broker;
        let trust = desk.trust(&desk.ci, Some("MainBranch"), &main);
        broker.role_with(DEV, "Deploy", &trust, |role| {
            role.alias = Some("deploy".to_owned());
            role.max_session_duration = 7200;
        });
        // It knows the issuer and keeps its conditions to itself.
        broker.role_with(DEV, "Secretive", &trust, |role| role.explain = false);
        // It knows another issuer.
        broker.role(DEV, "Stranger", &desk.trust(&desk.people, None, &json!({})));
        broker.role(DEV, "OnceOnly", &desk.trust(&desk.once, None, &json!({})));
        let groups = format!("{}:groups", desk.people.name());
        let admins = json!({ "ForAnyValue:StringEquals": { groups: "admins" } });
        broker.role(DEV, "Admins", &desk.trust(&desk.people, None, &admins));
        desk
    }

    fn trust(&self, issuer: &Issuer, sid: Option<&str>, condition: &Value) -> String {
        let provider = format!("arn:aws:iam::{DEV}:oidc-provider/{}", issuer.name());
        let mut statement = json!({
            "Effect": "Allow",
            "Principal": { "Federated": provider },
            "Action": ["sts:AssumeRoleWithWebIdentity", "sts:SetSourceIdentity"],
            "Condition": condition,
        });
        if let Some(sid) = sid {
            statement["Sid"] = json!(sid);
        }
        document(statement)
    }

    /// A job's token, spoiled.
    pub fn job(&self, spoiled: &[(&str, Value)]) -> String {
        let claims = [&[("aud", json!(AUDIENCE))], spoiled].concat();
        self.ci.token(&claims)
    }

    /// A person's ID token, spoiled.
    pub fn id_token(&self, spoiled: &[(&str, Value)]) -> String {
        let claims = [
            ("aud", json!("client")),
            ("sub", json!("ann")),
            ("groups", json!(["admins", "engineering"])),
        ];
        self.people.token(&[&claims, spoiled].concat())
    }

    /// A request for credentials.
    pub fn creds(&self, role: &str, token: &str) -> Request {
        self.broker.get(&format!("/v1/creds/{role}")).bearer(token)
    }

    /// A token exchange that is right but for these fields; an empty value leaves one out.
    pub fn exchange(&self, token: &str, spoiled: &[(&str, &str)]) -> Reply {
        let mut fields = vec![
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ),
            ("subject_token", token),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
            ("audience", "deploy"),
        ];
        for (name, value) in spoiled {
            fields.retain(|(known, _)| known != name);
            if !value.is_empty() {
                fields.push((name, value));
            }
        }
        self.broker.post("/oauth2/token").form(&fields).send()
    }

    /// An answer of the access token door with this name.
    pub fn access_token(&self) -> String {
        let answer = self.exchange(&self.job(&[]), &[]).json();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// Text with everything that differs from run to run replaced by its name.
    pub fn redacted(&self, text: &str, known: &[(&str, &str)]) -> String {
        let mut text = text.to_owned();
        let broker = &self.broker;
        let always = [
            (self.ci.url.as_str(), "[ci]"),
            (self.ci.name(), "[ci]"),
            (self.people.url.as_str(), "[people]"),
            (self.people.name(), "[people]"),
            (broker.app.urls.origin(), "[broker]"),
        ];
        for (value, name) in known.iter().chain(&always) {
            text = text.replace(value, name);
        }
        text
    }
}

//! AssumeRoleWithSAML: one good response, spoiled one thing at a time, at a service that is strict and at one that is
//! as lax as AWS.

mod attributes;
mod encrypted;
mod judged;
mod keys;
mod session;

use std::sync::LazyLock;

use drawbridge::clock::Clock;
use serde_json::{Value, json};

use crate::harness::assertion::{AWS, SamlIdp, trust_saml};
use crate::harness::http::Reply;
use crate::harness::{Broker, DEV};

/// A broker with a provider, and a role that takes everybody whom it vouches for.
struct Desk {
    broker: Broker,
    idp: SamlIdp,
    provider: String,
    role: String,
}

static STRICT: LazyLock<Desk> = LazyLock::new(|| Desk::start(""));
static LAX: LazyLock<Desk> = LazyLock::new(|| Desk::start("saml_compatibility = \"aws\"\n"));

const DENIED: &str = "Not authorized to perform sts:AssumeRoleWithSAML";
/// With the reference of the request in between.
const INVALID: [&str; 2] = [
    "Invalid base64 SAMLResponse (Service: AWSOpenIdDiscoveryService; Status Code: 400; Error Code: AuthSamlInvalidSamlResponseException; Request ID: ",
    "; Proxy: null)",
];

impl Desk {
    fn start(more: &str) -> Desk {
        let broker = Broker::configured(more);
        let idp = SamlIdp::new("https://idp.example/saml");
        let provider = broker.saml_provider("Okta", &idp);
        let role = broker.role(DEV, "Anybody", &trust_saml(&provider, json!({})));
        Desk {
            broker,
            idp,
            provider,
            role,
        }
    }

    fn now(&self) -> i64 {
        self.broker.clock.unix()
    }

    /// A role for one test, which trusts the provider under a condition.
    fn role_if(&self, name: &str, condition: Value) -> String {
        self.broker
            .role(DEV, name, &trust_saml(&self.provider, condition))
    }

    /// A response for a role, not signed, with what else it says to AWS.
    fn response_for(&self, role: &str, more: &[(&str, &[&str])]) -> String {
        let pair = format!("{role},{}", self.provider);
        let pair = [pair.as_str()];
        let mut attributes: Vec<(&str, &[&str])> = vec![("Role", &pair)];
        if !more.iter().any(|(name, _)| *name == "RoleSessionName") {
            attributes.push(("RoleSessionName", &["ann@acme.example"]));
        }
        attributes.extend(more);
        let named: Vec<(String, &[&str])> = attributes
            .iter()
            .map(
                |(name, values)| match name.contains(':') && !name.starts_with("PrincipalTag") {
                    true => ((*name).to_owned(), *values),
                    false => (format!("{AWS}{name}"), *values),
                },
            )
            .collect();
        let named: Vec<(&str, &[&str])> = named
            .iter()
            .map(|(name, values)| (name.as_str(), *values))
            .collect();
        self.idp.response(self.now(), &named)
    }

    /// The good response, not signed.
    fn response(&self) -> String {
        self.response_for(&self.role, &[])
    }

    /// Presents a response as it is.
    fn present(&self, response: &str) -> Reply {
        self.broker
            .assume_with_saml(response, &self.provider, &self.role, &[])
    }

    /// Presents the good response with something in it replaced before the assertion was signed.
    fn bent(&self, from: &str, to: &str) -> Reply {
        let response = self.response();
        assert!(response.contains(from), "{from}");
        self.present(&self.idp.sign(&response.replace(from, to)))
    }

    /// Presents a response for a role with what else it says to AWS.
    fn with(&self, role: &str, more: &[(&str, &[&str])], params: &[(&str, &str)]) -> Reply {
        let response = self.idp.sign(&self.response_for(role, more));
        self.broker
            .assume_with_saml(&response, &self.provider, role, params)
    }

    #[track_caller]
    fn takes(&self, reply: &Reply) {
        assert_eq!(reply.status, 200, "{}", reply.text());
    }

    #[track_caller]
    fn refuses(&self, reply: &Reply, message: &str, reason: &str) {
        self.broker
            .refuses(reply, 400, "InvalidIdentityToken", message, reason);
    }

    /// Refused for its form.
    #[track_caller]
    fn cannot_read(&self, reply: &Reply, reason: &str) {
        self.refuses(reply, &INVALID.join(&reply.reference()), reason);
    }

    #[track_caller]
    fn expired(&self, reply: &Reply, message: &str, reason: &str) {
        self.broker
            .refuses(reply, 400, "ExpiredTokenException", message, reason);
    }

    #[track_caller]
    fn denies(&self, reply: &Reply, reason: &str) {
        self.broker
            .refuses(reply, 403, "AccessDenied", DENIED, reason);
    }
}

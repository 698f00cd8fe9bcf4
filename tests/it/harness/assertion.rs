//! An identity provider whose key the test holds, and its assertions for AWS.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use drawbridge::aws::arn;
use drawbridge::aws::xml::timestamp;
use drawbridge::clock::{Clock, SystemRandom, random_bytes};
use drawbridge::saml::{Credential, SigningKey, testing};
use drawbridge::seal::Purpose;
use drawbridge::store::saml_providers::{SamlPrivateKey, SamlProvider};
use serde_json::{Value, json};

use super::http::Reply;
use super::iam::document;
use super::{Broker, DEV, RUNTIME};

/// Where assertions for AWS are delivered.
pub const RECIPIENT: &str = "https://signin.aws.amazon.com/saml";
/// Whom they are meant for.
pub const AUDIENCE: &str = "urn:amazon:webservices";
/// What attributes for AWS begin with.
pub const AWS: &str = "https://aws.amazon.com/SAML/Attributes/";

/// A provider.
pub struct SamlIdp {
    pub entity_id: String,
    pub credential: Credential,
}

/// Attributes: names with their values.
pub type Attributes<'a> = &'a [(&'a str, &'a [&'a str])];

impl SamlIdp {
    pub fn new(entity_id: &str) -> SamlIdp {
        SamlIdp {
            entity_id: entity_id.to_owned(),
            credential: testing::credential(SigningKey::generate().unwrap()),
        }
    }

    /// What it says of itself.
    pub fn metadata(&self) -> String {
        let certificate = self.credential.certificate_base64();
        super::saml::metadata(&self.entity_id).replace(super::saml::CERTIFICATE, &certificate)
    }

    /// A response about Ann as text, not signed; `now` seconds since 1970. Single quotes make it easy to bend.
    pub fn response(&self, now: i64, attributes: Attributes<'_>) -> String {
        let issued = at(now - 30);
        let until = at(now + 270);
        let issuer = format!("<saml:Issuer>{}</saml:Issuer>", self.entity_id);
        let mut listed = String::new();
        for (name, values) in attributes {
            let values = values
                .iter()
                .map(|value| format!("<saml:AttributeValue>{value}</saml:AttributeValue>"));
            let values: String = values.collect();
            listed.push_str(&format!(
                "<saml:Attribute Name='{name}'>{values}</saml:Attribute>"
            ));
        }
        let id = STANDARD
            .encode(random_bytes::<12>(&SystemRandom))
            .replace(['+', '/'], "-");
        format!(
            "<samlp:Response xmlns:samlp='urn:oasis:names:tc:SAML:2.0:protocol' xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion' ID='_r' Version='2.0' IssueInstant='{issued}' Destination='{RECIPIENT}'>{issuer}<samlp:Status><samlp:StatusCode Value='urn:oasis:names:tc:SAML:2.0:status:Success'/></samlp:Status><saml:Assertion xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion' ID='_a-{id}' Version='2.0' IssueInstant='{issued}'>{issuer}<saml:Subject><saml:NameID Format='urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'>ann</saml:NameID><saml:SubjectConfirmation Method='urn:oasis:names:tc:SAML:2.0:cm:bearer'><saml:SubjectConfirmationData NotOnOrAfter='{until}' Recipient='{RECIPIENT}'/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore='{issued}' NotOnOrAfter='{until}'><saml:AudienceRestriction><saml:Audience>{AUDIENCE}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant='{issued}' SessionIndex='_s'><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>{listed}</saml:AttributeStatement></saml:Assertion></samlp:Response>"
        )
    }

    /// Signs the assertion of a response.
    pub fn sign(&self, response: &str) -> String {
        testing::sign(response, &assertion_id(response), &self.credential)
    }

    /// Signs the response itself, after its assertion where that is signed too.
    pub fn sign_response(&self, response: &str) -> String {
        testing::sign(response, "_r", &self.credential)
    }
}

/// The `ID` of the assertion in a response.
pub fn assertion_id(response: &str) -> String {
    let (_, rest) = response.split_once("ID='_a-").unwrap();
    format!("_a-{}", rest.split('\'').next().unwrap())
}

/// A time as SAML writes it.
pub fn at(unix: i64) -> String {
    timestamp(time::OffsetDateTime::from_unix_timestamp(unix).unwrap())
}

/// Trusts a SAML provider for what its assertions need, under these conditions.
pub fn trust_saml(provider: &str, condition: Value) -> String {
    document(json!({
        "Effect": "Allow",
        "Principal": { "Federated": provider },
        "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession", "sts:SetSourceIdentity"],
        "Condition": condition,
    }))
}

impl Broker {
    /// Makes an IAM SAML provider; its ARN.
    pub fn saml_provider(&self, name: &str, idp: &SamlIdp) -> String {
        self.saml_provider_with(DEV, name, idp, |_| {})
    }

    /// Makes one in which something is not as usual.
    pub fn saml_provider_with(
        &self,
        account: &str,
        name: &str,
        idp: &SamlIdp,
        spoil: impl FnOnce(&mut SamlProvider),
    ) -> String {
        let arn = arn::saml_provider("aws", account, name);
        let mut provider = SamlProvider {
            account: account.to_owned(),
            name: name.to_owned(),
            arn: arn.clone(),
            uuid: format!("SAMLSP{account}{name}"),
            metadata: idp.metadata(),
            encryption_mode: "Allowed".to_owned(),
            tags: Vec::new(),
            created_at: self.clock.unix(),
            private_keys: Vec::new(),
        };
        spoil(&mut provider);
        RUNTIME.block_on(async {
            let store = &self.app.store;
            store.create_saml_provider(&provider, 100).await.unwrap();
            self.app.cache.refresh().await.unwrap();
        });
        arn
    }

    /// A private key as a provider keeps it.
    pub fn sealed_key(&self, id: &str, key: &SigningKey) -> SamlPrivateKey {
        let der = key.to_pkcs8().unwrap();
        let salt = random_bytes(&SystemRandom);
        let sealed = self
            .app
            .ring
            .seal(Purpose::Stored, id.as_bytes(), &der, salt);
        SamlPrivateKey {
            id: id.to_owned(),
            sealed_key: sealed.unwrap(),
            created_at: self.clock.unix(),
        }
    }

    /// Assumes a role with a response, given as text; the answer may be a refusal.
    pub fn assume_with_saml(
        &self,
        response: &str,
        provider: &str,
        role: &str,
        params: &[(&str, &str)],
    ) -> Reply {
        let response = STANDARD.encode(response);
        let mut fields = vec![
            ("RoleArn", role),
            ("PrincipalArn", provider),
            ("SAMLAssertion", &response),
        ];
        fields.extend(params);
        self.sts("AssumeRoleWithSAML", &fields).send()
    }
}

//! A SAML identity provider whose key the test holds, and a broker that trusts it.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use drawbridge::clock::{Clock, SystemRandom, random_token};
use drawbridge::identity::Identity;
use drawbridge::idp::SpError;
use drawbridge_saml::issue::{self, Attribute, Signed, Statement};
use drawbridge_saml::redirect::{Message, Unverified};
use drawbridge_saml::response::NameId;
use drawbridge_saml::self_signed::{Subject, self_signed};
use drawbridge_saml::{Credential, SigningKey, describe};
use tempfile::TempDir;

use super::browser::{Browser, parameter};
use super::http::Reply;
use super::{Broker, RUNTIME};

/// Where the provider's sign-in is; nobody listens there.
pub const SSO: &str = "https://idp.contoso.example/sso";
/// Where its logout is.
pub const SLO: &str = "https://idp.contoso.example/slo";
/// The entity id of the provider in these tests.
pub const CONTOSO: &str = "https://idp.contoso.example/saml";
const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";

/// A new key with its certificate.
pub fn credential() -> Credential {
    let key = SigningKey::generate_p256().unwrap();
    let subject = Subject {
        common_name: "idp.contoso.example",
        serial: [7; 16],
        not_before: 1_700_000_000,
        not_after: 4_000_000_000,
    };
    let certificate = self_signed(&key, &subject).unwrap();
    Credential::new(key, certificate).unwrap()
}

/// A SAML identity provider.
pub struct SamlIdp {
    pub entity_id: String,
    pub key: Credential,
}

impl SamlIdp {
    /// With a new key.
    pub fn new(entity_id: &str) -> SamlIdp {
        SamlIdp {
            entity_id: entity_id.to_owned(),
            key: credential(),
        }
    }

    /// Its metadata, with its own key.
    pub fn metadata(&self) -> String {
        self.described(&[&self.key], |_| {})
    }

    /// Its metadata with these keys, and spoiled.
    pub fn described(
        &self,
        keys: &[&Credential],
        spoil: impl FnOnce(&mut describe::IdentityProvider<'_>),
    ) -> String {
        let keys: Vec<&[u8]> = keys.iter().map(|key| key.certificate_der()).collect();
        let mut described = describe::IdentityProvider {
            entity_id: &self.entity_id,
            signing: &keys,
            sso_url: SSO,
            slo_url: Some(SLO),
            name_id_formats: &[],
            want_authn_requests_signed: false,
            valid_until: None,
        };
        spoil(&mut described);
        described.element().unwrap().canonical().unwrap()
    }
}

/// A response before it is written, for a test to spoil.
#[derive(Clone)]
pub struct Answer {
    pub response_id: String,
    pub assertion_id: String,
    pub issuer: String,
    pub destination: String,
    pub recipient: String,
    pub audience: String,
    pub in_response_to: Option<String>,
    pub issued_at: i64,
    pub not_before: i64,
    pub not_on_or_after: i64,
    pub name_id: NameId,
    pub authn_instant: i64,
    pub authn_context: String,
    pub session_index: Option<String>,
    pub session_not_on_or_after: Option<i64>,
    pub attributes: Vec<Attribute>,
    pub one_time_use: bool,
    pub signed: Signed,
}

/// An attribute by its name.
pub fn attribute(name: &str, values: &[&str]) -> Attribute {
    Attribute {
        name: name.to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        ..Attribute::default()
    }
}

impl Answer {
    /// What it says.
    pub fn statement(&self) -> Statement<'_> {
        Statement {
            response_id: &self.response_id,
            assertion_id: &self.assertion_id,
            issuer: &self.issuer,
            destination: &self.destination,
            recipient: &self.recipient,
            audience: &self.audience,
            in_response_to: self.in_response_to.as_deref(),
            issued_at: self.issued_at,
            not_before: self.not_before,
            not_on_or_after: self.not_on_or_after,
            name_id: &self.name_id,
            authn_instant: self.authn_instant,
            authn_context: &self.authn_context,
            session_index: self.session_index.as_deref(),
            session_not_on_or_after: self.session_not_on_or_after,
            attributes: &self.attributes,
            one_time_use: self.one_time_use,
        }
    }

    /// Written and signed.
    pub fn written(&self, key: &Credential) -> String {
        issue::issue(&self.statement(), key, self.signed, None).unwrap()
    }

    /// Written and not signed, to be bent and signed by `drawbridge_saml::testing::sign`; that finds its place where
    /// the first issuer needs no declaration of its own.
    pub fn unsigned(&self) -> String {
        let statement = self.statement();
        let assertion = issue::assertion(&statement).unwrap();
        let response = issue::response(&statement, assertion).unwrap();
        let declared = " xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"";
        response
            .canonical()
            .unwrap()
            .replacen(&format!("<saml:Issuer{declared}>"), "<saml:Issuer>", 1)
            .replacen("<samlp:Response", &format!("<samlp:Response{declared}"), 1)
    }
}

/// A form value.
pub fn encoded(message: &str) -> String {
    STANDARD.encode(message)
}

/// A sign-in that has gone to the provider.
pub struct Away {
    /// Where the browser was sent.
    pub location: String,
    pub relay_state: String,
    /// The request.
    pub request: String,
    /// Its `ID`.
    pub id: String,
}

/// The message in the query of a redirect.
#[track_caller]
pub fn message_of(location: &str) -> Message {
    let (_, query) = location.split_once('?').unwrap();
    Unverified::read(query).unwrap().unsigned().unwrap()
}

/// The value of the first attribute of this name in a document of ours.
#[track_caller]
pub fn attribute_of(document: &str, name: &str) -> String {
    let (_, rest) = document
        .split_once(&format!(" {name}=\""))
        .unwrap_or_else(|| panic!("no {name} in {document}"));
    rest.split_once('"').unwrap().0.to_owned()
}

/// A broker with one SAML provider, `contoso`, known as Contoso.
pub struct Federation {
    pub broker: Broker,
    pub idp: SamlIdp,
    /// The file with the provider's metadata.
    pub metadata: PathBuf,
    _directory: TempDir,
}

impl Federation {
    /// With these further lines in the entry (and behind it).
    pub fn start(more: &str) -> Federation {
        Federation::known_as(None, more)
    }

    /// The same, the broker known by another URL.
    pub fn known_as(public_url: Option<&str>, more: &str) -> Federation {
        let idp = SamlIdp::new(CONTOSO);
        let directory = TempDir::new().unwrap();
        let metadata = directory.path().join("contoso.xml");
        std::fs::write(&metadata, idp.metadata()).unwrap();
        let broker = Broker::known_as(public_url, &entry("contoso", &metadata, more));
        Federation {
            broker,
            idp,
            metadata,
            _directory: directory,
        }
    }

    /// With a provider that publishes its metadata at a URL.
    pub fn published(idp: SamlIdp, url: &str, more: &str) -> Federation {
        let directory = TempDir::new().unwrap();
        let metadata = directory.path().join("contoso.xml");
        let source = format!("metadata_url = \"{url}\"");
        let broker = Broker::configured(&entry_by("contoso", &source, more));
        Federation {
            broker,
            idp,
            metadata,
            _directory: directory,
        }
    }

    /// Whom the production pipeline takes an answer for that nobody asked for and that was spoiled before it was
    /// signed. The entry needs `idp_initiated`.
    pub fn identity(&self, spoil: impl FnOnce(&mut Answer)) -> Result<Identity, SpError> {
        let mut answer = self.answer(None);
        spoil(&mut answer);
        let response = encoded(&answer.written(&self.idp.key));
        let unasked = drawbridge::idp::saml::Answer {
            response: &response,
            pending: None,
        };
        let party = self.broker.app.idps[0].saml().unwrap();
        RUNTIME.block_on(party.finish(unasked, self.broker.clock.unix()))
    }

    /// Where responses arrive.
    pub fn acs(&self) -> String {
        self.broker.absolute("/saml/contoso/acs")
    }

    /// Goes to the provider; the browser that went, and what came along.
    #[track_caller]
    pub fn begin(&self) -> (Browser, Away) {
        self.begin_at("/login/contoso")
    }

    /// The same from another path.
    #[track_caller]
    pub fn begin_at(&self, path: &str) -> (Browser, Away) {
        let mut browser = Browser::new();
        let reply = browser.get(&self.broker.absolute(path));
        assert_eq!(reply.status, 303, "{}", reply.text());
        (browser, away(&reply))
    }

    /// A good answer to a request: Ann, just now.
    pub fn answer(&self, in_response_to: Option<&str>) -> Answer {
        let now = self.broker.clock.unix();
        let acs = self.acs();
        Answer {
            response_id: fresh("_r"),
            assertion_id: fresh("_a"),
            issuer: self.idp.entity_id.clone(),
            destination: acs.clone(),
            recipient: acs,
            audience: self.broker.absolute("/saml/contoso/metadata"),
            in_response_to: in_response_to.map(str::to_owned),
            issued_at: now,
            not_before: now - 30,
            not_on_or_after: now + 300,
            name_id: NameId {
                value: "ann-4711".to_owned(),
                format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()),
                name_qualifier: None,
                sp_name_qualifier: None,
            },
            authn_instant: now,
            authn_context: PASSWORD.to_owned(),
            session_index: Some("session-1".to_owned()),
            session_not_on_or_after: None,
            attributes: vec![
                attribute("displayName", &["Ann Example"]),
                attribute("mail", &["ann@contoso.example"]),
                attribute("groups", &["engineering", "admins"]),
            ],
            one_time_use: false,
            signed: Signed::default(),
        }
    }

    /// Posts a message as the provider's page does.
    pub fn post(&self, browser: &mut Browser, message: &str, relay_state: &str) -> Reply {
        let value = encoded(message);
        let fields = [
            ("SAMLResponse", value.as_str()),
            ("RelayState", relay_state),
        ];
        browser.post_from_elsewhere(&self.acs(), &fields)
    }

    /// A whole sign-in whose answer is spoiled before it is signed.
    #[track_caller]
    pub fn with(&self, spoil: impl FnOnce(&mut Answer)) -> (Browser, Reply) {
        let (mut browser, away) = self.begin();
        let mut answer = self.answer(Some(&away.id));
        spoil(&mut answer);
        let message = answer.written(&self.idp.key);
        let reply = self.post(&mut browser, &message, &away.relay_state);
        (browser, reply)
    }

    /// A whole sign-in with a message that is made of the answer.
    #[track_caller]
    pub fn bent(&self, bend: impl FnOnce(&Answer) -> String) -> (Browser, Reply) {
        let (mut browser, away) = self.begin();
        let message = bend(&self.answer(Some(&away.id)));
        let reply = self.post(&mut browser, &message, &away.relay_state);
        (browser, reply)
    }

    /// Signs Ann in.
    #[track_caller]
    pub fn sign_in(&self) -> Browser {
        let (browser, reply) = self.with(|_| {});
        assert_eq!(reply.status, 303, "{}", reply.text());
        browser
    }

    /// The front page as a browser sees it.
    pub fn front(&self, browser: &mut Browser) -> Reply {
        browser.get(&self.broker.absolute("/"))
    }

    /// Holds a refused sign-in against what it must be: its status, its reason in the trail, a page that says nothing
    /// of either (security.md GEN-1), and nobody signed in.
    #[track_caller]
    pub fn refuses(&self, (mut browser, reply): (Browser, Reply), status: u16, reason: &str) {
        assert_eq!(self.broker.reason(&reply), reason, "{}", reply.text());
        assert_eq!(reply.status, status, "{}", reply.text());
        self.says_nothing(&reply);
        assert!(
            self.front(&mut browser).text().contains("Sign in with"),
            "somebody is signed in"
        );
    }

    /// What nobody may read who was refused.
    #[track_caller]
    pub fn says_nothing(&self, reply: &Reply) {
        let text = reply.text().to_lowercase();
        let path = self.metadata.display().to_string();
        let secrets = [
            "saml.",
            "ann-4711",
            "ann@",
            "ann example",
            "engineering",
            "session-1",
            "urn:oasis",
            "idp.contoso.example",
            "<saml",
            "signature",
            "certificate",
            "libxml",
            "xmlsec",
            "samael",
            "panicked",
            "sqlite",
            "src/",
            &path,
        ];
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

/// An entry for a provider whose metadata is in a file.
pub fn entry(id: &str, metadata: &Path, more: &str) -> String {
    let source = format!("metadata_file = \"{}\"", metadata.display());
    entry_by(id, &source, more)
}

fn entry_by(id: &str, source: &str, more: &str) -> String {
    let mut name = id.to_owned();
    name[..1].make_ascii_uppercase();
    format!("[[idp]]\nid = \"{id}\"\nkind = \"saml\"\nname = \"{name}\"\n{source}\n{more}\n")
}

/// What a redirect to the provider holds.
#[track_caller]
pub fn away(reply: &Reply) -> Away {
    let location = reply.header("location").to_owned();
    let request = String::from_utf8(message_of(&location).document).unwrap();
    Away {
        relay_state: parameter(&location, "RelayState"),
        id: attribute_of(&request, "ID"),
        request,
        location,
    }
}

/// An id that was not used before.
pub fn fresh(prefix: &str) -> String {
    format!("{prefix}{}", random_token(&SystemRandom, 20))
}

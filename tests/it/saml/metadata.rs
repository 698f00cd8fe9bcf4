//! What we publish, and what providers publish: refreshed, rolled over, lost, and held fast.

use std::time::{Duration, Instant};

use drawbridge::clock::Clock;
use drawbridge::idp::saml::keeper::{MetadataTrouble, accept};
use drawbridge_saml::document::{Document, Limits};
use drawbridge_saml::{Certificate, Credential};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::our_certificates;
use crate::harness::RUNTIME;
use crate::harness::browser::Browser;
use crate::harness::http::Reply;
use crate::harness::issuer::Issuer;
use crate::harness::saml_idp::{CONTOSO, Federation, SamlIdp, credential, entry};

const PATH: &str = "/metadata";

// --- ours -----------------------------------------------------------------------------------------------------------

#[test]
fn our_metadata_says_who_we_are_and_where_answers_go() {
    let federation = Federation::start("name_id_format = \"urn:f\"");
    let reply = federation.broker.get("/saml/contoso/metadata").send();
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, "application/samlmetadata+xml")
    );
    let ours = Document::parse(reply.text().as_bytes(), &Limits::METADATA).unwrap();
    assert!(
        ours.root()
            .is("urn:oasis:names:tc:SAML:2.0:metadata", "EntityDescriptor")
    );
    // By a reader that is not ours.
    let document = roxmltree::Document::parse(reply.text()).unwrap();
    let root = document.root_element();
    let entity = federation.broker.absolute("/saml/contoso/metadata");
    assert_eq!(root.attribute("entityID"), Some(entity.as_str()));
    let all = |name: &str| {
        let found = document
            .descendants()
            .filter(|it| it.tag_name().name() == name);
        found.collect::<Vec<_>>()
    };
    let acs = all("AssertionConsumerService");
    assert_eq!(acs.len(), 1);
    assert_eq!(
        acs[0].attribute("Location"),
        Some(federation.acs().as_str())
    );
    assert_eq!(
        acs[0].attribute("Binding"),
        Some("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST")
    );
    let slo = federation.broker.absolute("/saml/contoso/slo");
    let places = all("SingleLogoutService");
    assert_eq!(places.len(), 2);
    assert!(
        places
            .iter()
            .all(|it| it.attribute("Location") == Some(&slo))
    );
    let uses: Vec<_> = all("KeyDescriptor")
        .iter()
        .map(|it| it.attribute("use").unwrap().to_owned())
        .collect();
    assert_eq!(uses, ["signing", "encryption"]);
    assert_eq!(all("NameIDFormat")[0].text(), Some("urn:f"));
    let role = all("SPSSODescriptor")[0];
    assert_eq!(role.attribute("WantAssertionsSigned"), Some("true"));
    // The same key each time.
    let keys = our_certificates(&federation);
    assert_eq!(keys, our_certificates(&federation));
    assert_eq!(keys[0], keys[1]);
}

// --- theirs ---------------------------------------------------------------------------------------------------------

/// A provider that publishes at a URL which the test answers.
struct Published {
    federation: Federation,
    listener: Issuer,
    /// Store and key ring, for another start.
    directory: TempDir,
    more: String,
}

impl Published {
    fn start(more: &str) -> Published {
        let (listener, idp) = (Issuer::start(), SamlIdp::new(CONTOSO));
        listener.serve(PATH, json!(idp.metadata()));
        let directory = TempDir::new().unwrap();
        let path = |name: &str| directory.path().join(name).display().to_string();
        let more = format!(
            "{more}\n[store]\nurl = \"sqlite:{}\"\n[keys]\nfile = \"{}\"\n",
            path("store"),
            path("keys")
        );
        let federation = Federation::published(idp, &format!("{}{PATH}", listener.url), &more);
        Published {
            federation,
            listener,
            directory,
            more,
        }
    }

    /// The broker starts anew on the same store.
    fn restart(self) -> Published {
        let Published {
            federation,
            listener,
            directory,
            more,
        } = self;
        let now = federation.broker.clock.now();
        let idp = SamlIdp {
            entity_id: federation.idp.entity_id.clone(),
            key: federation.idp.key,
        };
        let federation = Federation::published(idp, &format!("{}{PATH}", listener.url), &more);
        federation.broker.clock.set(now);
        Published {
            federation,
            listener,
            directory,
            more,
        }
    }

    /// Publishes these keys from now on.
    fn publish(&self, keys: &[&Credential]) {
        let metadata = self.federation.idp.described(keys, |_| {});
        self.listener.serve(PATH, json!(metadata));
    }

    /// Signs in with an answer that this key signed.
    fn sign_in_by(&self, key: &Credential) -> (Browser, Reply) {
        self.federation.bent(|answer| answer.written(key))
    }

    #[track_caller]
    fn takes(&self, key: &Credential) {
        let (_, reply) = self.sign_in_by(key);
        assert_eq!(reply.status, 303, "{}", reply.text());
    }

    #[track_caller]
    fn refuses(&self, key: &Credential) {
        let outcome = self.sign_in_by(key);
        self.federation
            .refuses(outcome, 403, "saml.signature.invalid");
    }

    fn advance(&self, seconds: i64) {
        let clock = &self.federation.broker.clock;
        clock.advance(time::Duration::seconds(seconds));
    }

    /// The metadata grows old, somebody comes, and it is read anew behind their back.
    #[track_caller]
    fn grow_old(&self) {
        self.advance(3600);
        let before = self.listener.hits();
        self.federation.begin();
        let started = Instant::now();
        while self.listener.hits() == before {
            assert!(started.elapsed() < Duration::from_secs(5), "not read anew");
            std::thread::sleep(Duration::from_millis(5));
        }
        // What was fetched is taken when nobody reads any more.
        let party = self.federation.broker.app.idps[0].saml().unwrap();
        RUNTIME.block_on(party.keeper().settled());
    }

    fn is_degraded(&self) -> bool {
        let broker = &self.federation.broker;
        let ready = broker.get("/readyz").send();
        assert_eq!(ready.status, 200);
        let front = Browser::new().get(&broker.absolute("/"));
        let noted = front.text().contains("did not answer last time");
        let degraded = ready.json()["degraded_identity_providers"] == json!(["contoso"]);
        assert_eq!(noted, degraded);
        degraded
    }

    /// What the trail has of new keys.
    fn told(&self) -> Vec<Value> {
        let trail = self.federation.broker.trail();
        let lines = trail.lines().map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["event"].clone()
        });
        lines
            .filter(|event| event["eventName"] == json!("ChangeIdentityProviderKeys"))
            .map(|event| event["responseElements"]["result"].clone())
            .collect()
    }
}

#[test]
fn metadata_is_fetched_once_for_many() {
    let published = Published::start("");
    assert_eq!(published.listener.hits(), 0, "nobody has come yet");
    for _ in 0..3 {
        published.takes(&published.federation.idp.key);
    }
    assert_eq!(published.listener.hits(), 1);
    published.grow_old();
    assert_eq!(published.listener.hits(), 2);
    published.takes(&published.federation.idp.key);
    assert_eq!(published.listener.hits(), 2);
    assert!(!published.is_degraded());
}

#[test]
fn a_key_that_is_added_counts_beside_the_old_one_and_one_that_is_removed_no_more() {
    let published = Published::start("");
    let old = &published.federation.idp.key;
    let new = credential();
    published.takes(old);
    published.publish(&[old, &new]);
    published.grow_old();
    published.takes(old);
    published.takes(&new);
    assert_eq!(published.told(), [json!("taken")]);
    published.publish(&[&new]);
    published.grow_old();
    published.takes(&new);
    published.refuses(old);
}

#[test]
fn a_new_key_is_looked_for_when_a_signature_does_not_hold() {
    let published = Published::start("");
    let old = &published.federation.idp.key;
    let new = credential();
    published.takes(old);
    published.publish(&[&new]);
    // Not for each and every one: whoever sends rubbish would make us ask all the time.
    published.refuses(&new);
    assert_eq!(published.listener.hits(), 1);
    published.advance(30);
    published.takes(&new);
    assert_eq!(published.listener.hits(), 2);
    published.refuses(old);
    let rubbish = credential();
    published.refuses(&rubbish);
    assert_eq!(published.listener.hits(), 2);
    published.advance(30);
    published.refuses(&rubbish);
    assert_eq!(published.listener.hits(), 3);
}

#[test]
fn a_provider_that_is_down_costs_nobody_their_sign_in_once_it_is_known() {
    let published = Published::start("");
    let key = &published.federation.idp.key;
    published.takes(key);
    published.listener.fail_with(500);
    published.grow_old();
    published.takes(key);
    assert!(published.is_degraded());
    // Also after a restart, from the copy in the store.
    let published = published.restart();
    published.takes(&published.federation.idp.key);
    assert!(published.is_degraded());
    published.listener.fail_with(0);
    published.grow_old();
    assert!(!published.is_degraded());
}

#[test]
fn a_provider_that_was_never_reached_is_a_page() {
    let published = Published::start("");
    published.listener.fail_with(500);
    let login = published.federation.broker.absolute("/login/contoso");
    let mut browser = Browser::new();
    for _ in 0..2 {
        let reply = browser.get(&login);
        published
            .federation
            .refuses((browser.clone(), reply), 502, "saml.provider");
    }
    // Whoever comes meanwhile is told at once, and it is not asked each time.
    assert_eq!(published.listener.hits(), 1);
    assert!(published.is_degraded());
    published.listener.fail_with(0);
    published.advance(15);
    published.takes(&published.federation.idp.key);
    assert!(!published.is_degraded());
}

#[test]
fn metadata_that_became_useless_or_anothers_is_not_taken() {
    let published = Published::start("");
    let key = &published.federation.idp.key;
    published.takes(key);
    let good = published.federation.idp.metadata();
    let mallory = credential();
    let another = SamlIdp {
        entity_id: "https://evil.example".to_owned(),
        key: credential(),
    };
    for bad in [
        good.replace("use=\"signing\"", "use=\"encryption\""),
        published.federation.idp.described(&[], |_| {}),
        another.described(&[key, &mallory], |_| {}),
        "<html>not here</html>".to_owned(),
        String::new(),
        good.replace("EntityDescriptor", "EntityDescription"),
    ] {
        published.listener.serve(PATH, json!(bad));
        published.grow_old();
        published.takes(key);
        published.refuses(&mallory);
        assert!(published.is_degraded(), "{bad}");
    }
    published.listener.serve(PATH, json!(good));
    published.grow_old();
    assert!(!published.is_degraded());
    assert_eq!(published.told(), [] as [Value; 0]);
}

#[test]
fn a_pinned_providers_new_key_waits_for_an_administrator() {
    let published = Published::start("pin = true");
    let new = credential();
    published.takes(&published.federation.idp.key);
    published.publish(&[&published.federation.idp.key, &new]);
    published.grow_old();
    published.takes(&published.federation.idp.key);
    published.refuses(&new);
    assert!(published.is_degraded());
    assert_eq!(published.told(), [json!("pinned")]);
    // Told once, however often it is asked.
    published.grow_old();
    assert_eq!(published.told(), [json!("pinned")]);

    // A restart is no consent.
    let published = published.restart();
    published.takes(&published.federation.idp.key);
    published.refuses(&new);

    // An administrator's is, at whichever node.
    let app = &published.federation.broker.app;
    let take = |named: &[&Credential]| {
        let named: Vec<String> = named.iter().map(|key| fingerprint(key)).collect();
        let outbound = drawbridge::app::outbound(&app.config).unwrap();
        let entry = app.config.saml_idps().next().unwrap();
        RUNTIME.block_on(accept(
            entry,
            &outbound,
            &app.store,
            &named,
            app.clock.unix(),
        ))
    };
    // Who has not looked at both has not looked.
    assert_eq!(take(&[&new]), Err(MetadataTrouble::Pinned));
    take(&[&published.federation.idp.key, &new]).unwrap();
    published.grow_old();
    published.takes(&new);
    assert!(!published.is_degraded());
    // For that key, and no other.
    let newer = credential();
    published.publish(&[&newer]);
    published.grow_old();
    published.takes(&new);
    published.refuses(&newer);
}

#[test]
fn a_pinned_provider_is_not_taken_on_trust_while_the_store_is_down() {
    for (pin, status) in [(true, 503), (false, 303)] {
        let published = Published::start(&format!("pin = {pin}"));
        RUNTIME.block_on(published.federation.broker.app.store.close());
        let broker = &published.federation.broker;
        let reply = broker.get("/login/contoso").send();
        assert_eq!(reply.status, status, "{}", reply.text());
        if pin {
            assert_eq!(broker.reason(&reply), "unavailable");
        }
    }
}

#[test]
fn a_pinned_provider_stays_pinned_when_its_metadata_ran_out() {
    let published = Published::start("pin = true");
    let idp = &published.federation.idp;
    let end = published.federation.broker.clock.unix() + 600;
    let short = idp.described(&[&idp.key], |it| it.valid_until = Some(end));
    published.listener.serve(PATH, json!(short));
    published.takes(&idp.key);
    let new = credential();
    published.publish(&[&new]);
    published.advance(600);
    let published = published.restart();
    let reply = published.federation.broker.get("/login/contoso").send();
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert_eq!(published.federation.broker.reason(&reply), "saml.provider");
}

#[test]
fn metadata_counts_until_it_says() {
    let published = Published::start("");
    let idp = &published.federation.idp;
    let end = published.federation.broker.clock.unix() + 600;
    let short = idp.described(&[&idp.key], |it| it.valid_until = Some(end));
    published.listener.serve(PATH, json!(short));
    published.takes(&idp.key);
    published.advance(599);
    published.takes(&idp.key);
    published.advance(1);
    let reply = published.federation.broker.get("/login/contoso").send();
    published
        .federation
        .refuses((Browser::new(), reply), 503, "saml.provider");
    assert!(published.is_degraded());
    // What is new counts for the next who comes.
    published.publish(&[&idp.key]);
    published.advance(15);
    published.takes(&idp.key);
    assert!(!published.is_degraded());
}

#[test]
fn of_two_entries_with_one_entity_the_second_serves_nobody() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("twin.xml");
    let twin = SamlIdp::new(CONTOSO);
    std::fs::write(&path, twin.metadata()).unwrap();
    let federation = Federation::start(&entry("twin", &path, ""));
    federation.sign_in();
    let reply = federation.broker.get("/login/twin").send();
    federation.refuses((Browser::new(), reply), 503, "saml.provider");
    federation.sign_in();
    let ready = federation.broker.get("/readyz").send();
    assert_eq!(ready.json()["degraded_identity_providers"], json!(["twin"]));
}

#[test]
fn one_provider_of_a_whole_federation_is_picked() {
    let published = Published::start(&format!("idp_entity_id = \"{CONTOSO}\""));
    let other = SamlIdp::new("https://idp.fabrikam.example/saml");
    let group = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{}{}\
         </md:EntitiesDescriptor>",
        other.metadata(),
        published.federation.idp.metadata()
    );
    published.listener.serve(PATH, json!(group));
    published.takes(&published.federation.idp.key);
    published.refuses(&other.key);
}

#[test]
fn metadata_is_signed_where_the_entry_names_a_key() {
    let directory = TempDir::new().unwrap();
    let signer = credential();
    let pem = directory.path().join("signer.pem");
    let text = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        signer.certificate_base64()
    );
    std::fs::write(&pem, text).unwrap();
    let signed = |published: &Published, key: &Credential| {
        let idp = &published.federation.idp;
        let element = drawbridge_saml::describe::IdentityProvider {
            entity_id: &idp.entity_id,
            signing: &[idp.key.certificate_der()],
            sso_url: crate::harness::saml_idp::SSO,
            slo_url: None,
            name_id_formats: &[],
            want_authn_requests_signed: false,
            valid_until: None,
        };
        let element = element.element().unwrap().attr("ID", "_m");
        let signed = drawbridge_saml::sign::enveloped(element, key).unwrap();
        signed.canonical().unwrap()
    };
    let published = Published::start(&format!(
        "metadata_certificate_file = \"{}\"",
        pem.display()
    ));
    let other = credential();
    for bad in [
        published.federation.idp.metadata(),
        signed(&published, &other),
        signed(&published, &signer).replace("/sso", "/evil"),
    ] {
        published.listener.serve(PATH, json!(bad));
        published.advance(15);
        let reply = published.federation.broker.get("/login/contoso").send();
        published
            .federation
            .refuses((Browser::new(), reply), 503, "saml.provider");
    }
    let good = signed(&published, &signer);
    published.listener.serve(PATH, json!(good));
    published.advance(15);
    published.takes(&published.federation.idp.key);
}

fn fingerprint(key: &Credential) -> String {
    let certificate = Certificate::from_der(key.certificate_der()).unwrap();
    certificate.fingerprint().to_owned()
}

//! Single logout: telling the provider, and being told.

use std::sync::LazyLock;

use drawbridge::clock::Clock;
use drawbridge_saml::document::{Document, Limits};
use drawbridge_saml::redirect::{self, Kind, Unverified};
use drawbridge_saml::request::{LogoutRequest, LogoutResponse, LogoutStatus};
use drawbridge_saml::response::NameId;
use drawbridge_saml::write::Element;
use drawbridge_saml::{Credential, sign};

use super::our_certificates;
use crate::harness::browser::{Browser, field, parameter};
use crate::harness::http::Reply;
use crate::harness::saml_idp::{
    Federation, SLO, attribute_of, credential, encoded, fresh, message_of,
};

static CONTOSO: LazyLock<Federation> = LazyLock::new(|| Federation::start(""));

/// Signs out here, by the button.
fn sign_out(federation: &Federation, browser: &mut Browser) -> Reply {
    let csrf = field(&federation.front(browser), "csrf");
    browser.post(&federation.broker.absolute("/signout"), &[("csrf", &csrf)])
}

#[track_caller]
fn is_signed_in(federation: &Federation, browser: &mut Browser) -> bool {
    !federation.front(browser).text().contains("Sign in with")
}

fn slo(federation: &Federation) -> String {
    federation.broker.absolute("/saml/contoso/slo")
}

type Spoil = fn(&mut Ask);

/// A request of the provider, for a test to spoil.
struct Ask {
    id: String,
    issuer: String,
    destination: String,
    issued_at: i64,
    not_on_or_after: i64,
    name_id: NameId,
    session_index: Option<String>,
}

impl Ask {
    /// To end Ann's session.
    fn ann(federation: &Federation) -> Ask {
        let answer = federation.answer(None);
        Ask {
            id: fresh("_l"),
            issuer: federation.idp.entity_id.clone(),
            destination: slo(federation),
            issued_at: answer.issued_at,
            not_on_or_after: answer.issued_at + 300,
            name_id: answer.name_id,
            session_index: answer.session_index,
        }
    }

    fn element(&self) -> Element {
        let request = LogoutRequest {
            id: &self.id,
            issued_at: self.issued_at,
            issuer: &self.issuer,
            destination: &self.destination,
            not_on_or_after: self.not_on_or_after,
            name_id: &self.name_id,
            session_index: self.session_index.as_deref(),
        };
        request.element().unwrap()
    }

    fn by_redirect(&self, relay_state: Option<&str>, key: Option<&Credential>) -> String {
        let message = self.element().canonical().unwrap();
        let key = key.map(Credential::key);
        redirect::url(&self.destination, Kind::Request, &message, relay_state, key).unwrap()
    }

    fn in_a_form(&self, key: &Credential) -> String {
        let signed = sign::enveloped(self.element(), key).unwrap();
        encoded(&signed.canonical().unwrap())
    }
}

/// An answer of the provider to a request of ours.
fn answer_to(federation: &Federation, id: &str) -> Element {
    let (answer_id, destination) = (fresh("_l"), slo(federation));
    let response = LogoutResponse {
        id: &answer_id,
        issued_at: federation.broker.clock.unix(),
        issuer: &federation.idp.entity_id,
        destination: &destination,
        in_response_to: id,
        status: LogoutStatus::Success,
    };
    response.element().unwrap()
}

fn answer_by_redirect(federation: &Federation, id: &str, key: Option<&Credential>) -> String {
    let message = answer_to(federation, id).canonical().unwrap();
    let key = key.map(Credential::key);
    redirect::url(&slo(federation), Kind::Response, &message, None, key).unwrap()
}

/// Whether a query is signed by a key of ours.
fn signed_by_us(federation: &Federation, url: &str) -> bool {
    let (_, query) = url.split_once('?').unwrap();
    let keys = our_certificates(federation);
    let verified = Unverified::read(query)
        .unwrap()
        .verify(|algorithm, message, value| {
            keys.iter()
                .any(|key| key.verifies(algorithm, message, value))
        });
    verified.is_ok()
}

// --- we begin -------------------------------------------------------------------------------------------------------

/// Signs Ann out; where the page leads on to.
fn leaving(federation: &Federation) -> (Browser, String) {
    let mut browser = federation.sign_in();
    let page = sign_out(federation, &mut browser);
    assert_eq!(page.status, 200, "{}", page.text());
    let onward = page.header("refresh").strip_prefix("0; url=").unwrap();
    // For browsers that do not follow by themselves.
    let link = onward.replace('&', "&#38;");
    assert!(page.text().contains(&format!("href=\"{link}\"")));
    assert!(!is_signed_in(federation, &mut browser));
    (browser, onward.to_owned())
}

#[test]
fn signing_out_here_leads_on_to_the_provider() {
    let (_, onward) = leaving(&CONTOSO);
    assert!(onward.starts_with(&format!("{SLO}?SAMLRequest=")));
    assert!(signed_by_us(&CONTOSO, &onward));
    let request = String::from_utf8(message_of(&onward).document).unwrap();
    let document = Document::parse(request.as_bytes(), &Limits::MESSAGE).unwrap();
    let root = document.root();
    assert!(root.is("urn:oasis:names:tc:SAML:2.0:protocol", "LogoutRequest"));
    assert_eq!(root.attribute("Destination"), Some(SLO));
    assert!(root.attribute("ID").unwrap().len() >= 44);
    assert!(request.contains(
        "Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">ann-4711</saml:NameID>"
    ));
    assert!(request.contains("<samlp:SessionIndex>session-1</samlp:SessionIndex>"));
}

#[test]
fn the_providers_answer_ends_at_the_signed_out_page() {
    let (mut browser, onward) = leaving(&CONTOSO);
    let request = String::from_utf8(message_of(&onward).document).unwrap();
    let id = attribute_of(&request, "ID");
    let back = answer_by_redirect(&CONTOSO, &id, Some(&CONTOSO.idp.key));
    let page = browser.come_from_elsewhere(&back);
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.text().contains("You are signed out"));
    assert!(!page.text().contains("still be signed in at"));
    // Once.
    let reply = browser.come_from_elsewhere(&back);
    CONTOSO.refuses((browser, reply), 403, "saml.in_response_to");

    // In a form as well.
    let (mut browser, onward) = leaving(&CONTOSO);
    let request = String::from_utf8(message_of(&onward).document).unwrap();
    let id = attribute_of(&request, "ID");
    let signed = sign::enveloped(answer_to(&CONTOSO, &id), &CONTOSO.idp.key).unwrap();
    let value = encoded(&signed.canonical().unwrap());
    let page = browser.post_from_elsewhere(&slo(&CONTOSO), &[("SAMLResponse", &value)]);
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.text().contains("You are signed out"));
}

#[test]
fn an_answer_that_is_not_the_providers_is_refused() {
    let (browser, onward) = leaving(&CONTOSO);
    let request = String::from_utf8(message_of(&onward).document).unwrap();
    let id = attribute_of(&request, "ID");
    let other = credential();
    for (url, reason) in [
        (
            answer_by_redirect(&CONTOSO, &id, None),
            "saml.signature.missing",
        ),
        (
            answer_by_redirect(&CONTOSO, &id, Some(&other)),
            "saml.signature.invalid",
        ),
        (
            answer_by_redirect(&CONTOSO, "_unknown", Some(&CONTOSO.idp.key)),
            "saml.in_response_to",
        ),
    ] {
        let reply = browser.clone().come_from_elsewhere(&url);
        CONTOSO.refuses((browser.clone(), reply), 403, reason);
    }
}

#[test]
fn a_provider_that_knows_no_logout_is_left_alone() {
    let federation = Federation::start("");
    let metadata = federation
        .idp
        .described(&[&federation.idp.key], |it| it.slo_url = None);
    std::fs::write(&federation.metadata, metadata).unwrap();
    let mut browser = federation.sign_in();
    let page = sign_out(&federation, &mut browser);
    assert_eq!((page.status, page.header("refresh")), (200, ""));
    assert!(
        page.text()
            .contains("You may still be signed in at Contoso")
    );
}

// --- the provider begins --------------------------------------------------------------------------------------------

/// The provider's request arrives by redirect.
#[track_caller]
fn told(federation: &Federation, browser: &mut Browser, ask: &Ask) -> Reply {
    let url = ask.by_redirect(Some("relay"), Some(&federation.idp.key));
    let reply = browser.come_from_elsewhere(&url);
    assert_eq!(reply.status, 303, "{}", reply.text());
    reply
}

#[test]
fn the_provider_ends_the_session_and_is_answered() {
    let mut browser = CONTOSO.sign_in();
    let ask = Ask::ann(&CONTOSO);
    let reply = told(&CONTOSO, &mut browser, &ask);
    assert!(!is_signed_in(&CONTOSO, &mut browser));
    let back = reply.header("location");
    assert!(back.starts_with(&format!("{SLO}?SAMLResponse=")), "{back}");
    assert_eq!(parameter(back, "RelayState"), "relay");
    assert!(signed_by_us(&CONTOSO, back));
    let answer = String::from_utf8(message_of(back).document).unwrap();
    assert_eq!(attribute_of(&answer, "InResponseTo"), ask.id);
    assert!(answer.contains("status:Success"));
}

#[test]
fn a_relay_state_that_is_too_long_costs_nobody_the_answer() {
    let mut browser = CONTOSO.sign_in();
    let ask = Ask::ann(&CONTOSO);
    let message = ask.element().canonical().unwrap();
    // Our own writer keeps to the limit, so the query is made by hand.
    let short = redirect::url(&ask.destination, Kind::Request, &message, None, None).unwrap();
    let algorithm =
        url::form_urlencoded::byte_serialize(CONTOSO.idp.key.key().algorithm().as_bytes())
            .collect::<String>();
    let (place, query) = short.split_once('?').unwrap();
    let query = format!("{query}&RelayState={}&SigAlg={algorithm}", "x".repeat(81));
    let signature = CONTOSO.idp.key.key().sign(query.as_bytes()).unwrap();
    let signature = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, signature);
    let signature: String = url::form_urlencoded::byte_serialize(signature.as_bytes()).collect();
    let url = format!("{place}?{query}&Signature={signature}");
    let reply = browser.come_from_elsewhere(&url);
    assert_eq!(reply.status, 303, "{}", reply.text());
    assert!(!reply.header("location").contains("RelayState"));
    assert!(!is_signed_in(&CONTOSO, &mut browser));
}

#[test]
fn a_request_in_a_form_comes_here_once_more() {
    let mut browser = CONTOSO.sign_in();
    let ask = Ask::ann(&CONTOSO);
    let value = ask.in_a_form(&CONTOSO.idp.key);
    let fields = [("SAMLRequest", value.as_str()), ("RelayState", "relay")];
    // Without the session's cookie, as browsers do it.
    let mut form = Browser::new();
    let reply = form.post_from_elsewhere(&slo(&CONTOSO), &fields);
    assert_eq!(reply.status, 303, "{}", reply.text());
    let again = reply.header("location").to_owned();
    assert!(again.starts_with("/saml/contoso/slo?again="), "{again}");
    assert!(is_signed_in(&CONTOSO, &mut browser));
    let reply = browser.come_from_elsewhere(&CONTOSO.broker.absolute(&again));
    assert_eq!(reply.status, 303, "{}", reply.text());
    assert_eq!(parameter(reply.header("location"), "RelayState"), "relay");
    assert!(!is_signed_in(&CONTOSO, &mut browser));
    // What was read cannot be altered on the way.
    let altered = format!("{}x", CONTOSO.broker.absolute(&again));
    let reply = browser.come_from_elsewhere(&altered);
    CONTOSO.refuses((browser, reply), 400, "saml.form.base64");
}

#[test]
fn the_second_hop_is_short() {
    let federation = Federation::start("");
    for (seconds, status) in [(60, 303), (61, 400)] {
        let value = Ask::ann(&federation).in_a_form(&federation.idp.key);
        let reply =
            Browser::new().post_from_elsewhere(&slo(&federation), &[("SAMLRequest", &value)]);
        let again = federation.broker.absolute(reply.header("location"));
        federation
            .broker
            .clock
            .advance(time::Duration::seconds(seconds));
        let reply = Browser::new().come_from_elsewhere(&again);
        assert_eq!(reply.status, status, "{seconds}");
    }
}

#[test]
fn only_the_session_that_is_named_ends() {
    let others: [(Spoil, bool); 6] = [
        (|ask| ask.name_id.value = "bob-12".to_owned(), true),
        (|ask| ask.session_index = Some("session-2".to_owned()), true),
        (
            |ask| ask.name_id.format = Some("urn:other".to_owned()),
            true,
        ),
        // What the assertion left out cannot contradict.
        (
            |ask| ask.name_id.name_qualifier = Some("q".to_owned()),
            false,
        ),
        (|ask| ask.session_index = None, false),
        (|ask| ask.name_id.format = None, false),
    ];
    for (spoil, stays) in others {
        let mut browser = CONTOSO.sign_in();
        let mut ask = Ask::ann(&CONTOSO);
        spoil(&mut ask);
        told(&CONTOSO, &mut browser, &ask);
        assert_eq!(is_signed_in(&CONTOSO, &mut browser), stays);
    }
    let (mut browser, _) = CONTOSO.with(|answer| {
        answer.name_id.name_qualifier = Some("one".to_owned());
    });
    let mut ask = Ask::ann(&CONTOSO);
    ask.name_id.name_qualifier = Some("two".to_owned());
    told(&CONTOSO, &mut browser, &ask);
    assert!(is_signed_in(&CONTOSO, &mut browser));
}

#[test]
fn a_provider_ends_no_session_of_another() {
    let directory = tempfile::TempDir::new().unwrap();
    let other = crate::harness::saml_idp::SamlIdp::new("https://idp.fabrikam.example/saml");
    let path = directory.path().join("fabrikam.xml");
    std::fs::write(&path, other.metadata()).unwrap();
    let fabrikam = crate::harness::saml_idp::entry("fabrikam", &path, "");
    let federation = Federation::start(&fabrikam);
    let mut browser = federation.sign_in();
    // Fabrikam names Ann's name and session, at its own door.
    let mut ask = Ask::ann(&federation);
    ask.issuer.clone_from(&other.entity_id);
    ask.destination = federation.broker.absolute("/saml/fabrikam/slo");
    let url = ask.by_redirect(None, Some(&other.key));
    assert_eq!(browser.come_from_elsewhere(&url).status, 303);
    assert!(is_signed_in(&federation, &mut browser));
    // And at Contoso's.
    ask.id = fresh("_l");
    ask.destination = slo(&federation);
    let url = ask.by_redirect(None, Some(&other.key));
    let reply = browser.come_from_elsewhere(&url);
    assert_eq!(federation.broker.reason(&reply), "saml.signature.invalid");
    assert!(is_signed_in(&federation, &mut browser));
}

/// A request that must be refused, and end nothing.
#[track_caller]
fn refuses_request(url: &str, status: u16, reason: &str) {
    let mut browser = CONTOSO.sign_in();
    let reply = browser.come_from_elsewhere(url);
    assert_eq!(CONTOSO.broker.reason(&reply), reason);
    assert_eq!(reply.status, status);
    CONTOSO.says_nothing(&reply);
    assert!(is_signed_in(&CONTOSO, &mut browser));
}

#[test]
fn a_request_that_is_not_the_providers_ends_nothing() {
    let key = &CONTOSO.idp.key;
    let spoilt = |spoil: Spoil, key: Option<&Credential>| {
        let mut ask = Ask::ann(&CONTOSO);
        spoil(&mut ask);
        let destination = std::mem::replace(&mut ask.destination, slo(&CONTOSO));
        let message = Ask { destination, ..ask };
        let text = message.element().canonical().unwrap();
        redirect::url(
            &slo(&CONTOSO),
            Kind::Request,
            &text,
            None,
            key.map(Credential::key),
        )
        .unwrap()
    };
    let good: Spoil = |_| {};
    refuses_request(&spoilt(good, None), 403, "saml.signature.missing");
    refuses_request(
        &spoilt(good, Some(&credential())),
        403,
        "saml.signature.invalid",
    );
    let spoils: [(Spoil, &str); 5] = [
        (|ask| ask.issuer.push('x'), "saml.issuer"),
        (|ask| ask.destination.push('x'), "saml.destination"),
        (|ask| ask.issued_at += 61, "saml.time.issue_instant"),
        (
            |ask| ask.not_on_or_after = ask.issued_at - 60,
            "saml.time.issue_instant",
        ),
        (|ask| ask.name_id.value.clear(), "saml.value.empty"),
    ];
    for (spoil, reason) in spoils {
        refuses_request(&spoilt(spoil, Some(key)), 403, reason);
    }
    let url = spoilt(good, Some(key));
    refuses_request(
        &format!("{url}&RelayState=x"),
        403,
        "saml.signature.invalid",
    );
    refuses_request(&format!("{url}&Signature=AAAA"), 400, "saml.form.repeated");
    refuses_request(&slo(&CONTOSO), 400, "saml.form.parameter");
    refuses_request(
        &format!("{}?SAMLRequest=A", slo(&CONTOSO)),
        400,
        "saml.form.base64",
    );
}

#[test]
fn a_request_counts_once_by_whichever_way_it_comes() {
    let mut browser = CONTOSO.sign_in();
    let ask = Ask::ann(&CONTOSO);
    let url = ask.by_redirect(None, Some(&CONTOSO.idp.key));
    assert_eq!(browser.come_from_elsewhere(&url).status, 303);
    refuses_request(&url, 403, "saml.replay");
    let value = ask.in_a_form(&CONTOSO.idp.key);
    let reply = browser.post_from_elsewhere(&slo(&CONTOSO), &[("SAMLRequest", &value)]);
    CONTOSO.refuses((browser, reply), 403, "saml.replay");
}

#[test]
fn in_a_form_the_request_itself_is_signed() {
    let mut browser = Browser::new();
    let ask = Ask::ann(&CONTOSO);
    let unsigned = encoded(&ask.element().canonical().unwrap());
    let forged = ask.in_a_form(&credential());
    for (value, reason) in [
        (&unsigned, "saml.signature.missing"),
        (&forged, "saml.signature.invalid"),
    ] {
        let reply = browser.post_from_elsewhere(&slo(&CONTOSO), &[("SAMLRequest", value)]);
        CONTOSO.refuses((browser.clone(), reply), 403, reason);
    }
    let both = [
        ("SAMLRequest", unsigned.as_str()),
        ("SAMLResponse", &forged),
    ];
    let reply = browser.post_from_elsewhere(&slo(&CONTOSO), &both);
    CONTOSO.refuses((browser.clone(), reply), 400, "saml.form.parameter");
    let reply = browser.post_from_elsewhere(&slo(&CONTOSO), &[("a", "b")]);
    CONTOSO.refuses((browser, reply), 400, "saml.form.parameter");
}

//! Off to a SAML provider, and back.

use std::sync::LazyLock;

use cookie::{Cookie, SameSite};
use drawbridge_saml::certificate::Certificate;
use drawbridge_saml::document::{Document, Limits};
use drawbridge_saml::encrypt::{Content, KeyTransport, Recipient};
use drawbridge_saml::issue::{Signed, issue};
use drawbridge_saml::redirect::Unverified;
use serde_json::json;

use super::our_certificates;
use crate::harness::browser::Browser;
use crate::harness::http::Reply;
use crate::harness::saml_idp::{Federation, SSO, attribute_of, away, encoded};

static CONTOSO: LazyLock<Federation> = LazyLock::new(|| Federation::start(""));

#[test]
fn a_person_signs_in_and_the_portal_shows_their_name() {
    let (mut browser, away) = CONTOSO.begin_at("/login/contoso?return_to=/why?role=dev/Analyst");
    let answer = CONTOSO.answer(Some(&away.id)).written(&CONTOSO.idp.key);
    let reply = CONTOSO.post(&mut browser, &answer, &away.relay_state);
    assert_eq!(reply.status, 303, "{}", reply.text());
    assert_eq!(reply.header("location"), "/why?role=dev/Analyst");
    let front = CONTOSO.front(&mut browser);
    assert!(front.text().contains("Ann Example"), "{}", front.text());
    assert!(front.text().contains("Contoso"));
}

#[test]
fn each_way_to_sign_a_response_will_do() {
    for signed in [Signed::Assertion, Signed::Response, Signed::Both] {
        let (_, reply) = CONTOSO.with(|answer| answer.signed = signed);
        assert_eq!(reply.status, 303, "{signed:?}: {}", reply.text());
    }
}

#[test]
fn an_assertion_encrypted_for_us_is_opened() {
    let certificates = our_certificates(&CONTOSO);
    let recipient = Recipient::of_certificate(
        certificates.last().unwrap().der(),
        Content::default(),
        KeyTransport::default(),
    );
    let recipient = recipient.unwrap();
    let key = &CONTOSO.idp.key;
    let (_, reply) = CONTOSO
        .bent(|answer| issue(&answer.statement(), key, Signed::Both, Some(&recipient)).unwrap());
    assert_eq!(reply.status, 303, "{}", reply.text());
}

#[test]
fn the_trail_says_who_signed_in_by_which_assertion() {
    let (mut browser, away) = CONTOSO.begin();
    let answer = CONTOSO.answer(Some(&away.id));
    let reply = CONTOSO.post(
        &mut browser,
        &answer.written(&CONTOSO.idp.key),
        &away.relay_state,
    );
    assert_eq!(reply.status, 303);
    let trail = CONTOSO.broker.trail();
    let line = trail
        .lines()
        .find(|line| line.contains(&answer.assertion_id))
        .unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    let event = &line["event"];
    assert_eq!(event["eventName"], json!("ConsoleLogin"));
    assert_eq!(
        event["responseElements"],
        json!({ "ConsoleLogin": "Success" })
    );
    let who = &event["userIdentity"];
    assert_eq!(who["type"], json!("SAMLUser"));
    assert_eq!(who["identityProvider"], json!(CONTOSO.idp.entity_id));
    let principal = format!("{}:ann-4711", CONTOSO.idp.entity_id);
    assert_eq!(who["principalId"], json!(principal));
    assert_eq!(who["tokenId"], json!(answer.assertion_id));
    assert_eq!(who["warnings"], json!(null));
    let certificate = Certificate::from_der(CONTOSO.idp.key.certificate_der()).unwrap();
    assert_eq!(who["keyId"], json!(certificate.fingerprint()));
    // The evidence itself is not there, nor what was in it.
    assert!(!trail.contains(&encoded("<saml")[..6]));
    assert!(!trail.contains("ann@contoso.example"));
}

// --- the request ----------------------------------------------------------------------------------------------------

#[test]
fn the_request_says_who_asks_whom_and_where_to_answer() {
    let (_, away) = CONTOSO.begin();
    assert!(away.location.starts_with(&format!("{SSO}?SAMLRequest=")));
    let document = Document::parse(away.request.as_bytes(), &Limits::MESSAGE).unwrap();
    let root = document.root();
    assert!(root.is("urn:oasis:names:tc:SAML:2.0:protocol", "AuthnRequest"));
    let said = |name| root.attribute(name).unwrap_or("nothing");
    assert_eq!(
        (said("Version"), said("Destination"), said("ForceAuthn")),
        ("2.0", SSO, "nothing")
    );
    assert_eq!(said("AssertionConsumerServiceURL"), CONTOSO.acs());
    assert_eq!(
        said("ProtocolBinding"),
        "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
    );
    let issuer = format!(
        ">{}</saml:Issuer>",
        CONTOSO.broker.absolute("/saml/contoso/metadata")
    );
    assert!(away.request.contains(&issuer), "{}", away.request);
    assert!(!away.request.contains("RequestedAuthnContext"));
    // Nobody asked for a signature.
    assert!(!away.location.contains("Signature="));
}

#[test]
fn ids_and_relay_states_are_long_and_new_each_time() {
    let (_, one) = CONTOSO.begin();
    let (_, two) = CONTOSO.begin();
    // 256 bits in base64url, behind a letter that makes it a name of XML.
    assert_eq!((one.id.len(), one.relay_state.len()), (44, 43));
    assert!(one.id.starts_with('_'));
    assert_ne!(one.id, two.id);
    assert_ne!(one.relay_state, two.relay_state);
    // A handle and nothing else: not the id, not where to return to.
    assert!(!one.id.contains(&one.relay_state));
}

#[test]
fn a_request_asks_for_what_is_configured() {
    let mfa = "https://refeds.org/profile/mfa";
    let federation = Federation::start(&format!(
        "force_authn = true\nauthn_contexts = [\"{mfa}\"]\n\
         name_id_format = \"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\""
    ));
    let (_, away) = federation.begin();
    assert_eq!(attribute_of(&away.request, "ForceAuthn"), "true");
    assert_eq!(attribute_of(&away.request, "Comparison"), "exact");
    assert!(
        away.request
            .contains(&format!(">{mfa}</saml:AuthnContextClassRef>"))
    );
    assert_eq!(
        attribute_of(&away.request, "Format"),
        "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    );
}

/// Whether the query is signed by a key of our metadata.
fn is_signed(federation: &Federation) -> bool {
    let (_, away) = federation.begin();
    let (_, query) = away.location.split_once('?').unwrap();
    let keys = our_certificates(federation);
    let verified = Unverified::read(query)
        .unwrap()
        .verify(|algorithm, message, value| {
            keys.iter()
                .any(|key| key.verifies(algorithm, message, value))
        });
    verified.is_ok()
}

#[test]
fn requests_are_signed_where_that_is_wanted() {
    assert!(!is_signed(&CONTOSO));
    assert!(is_signed(&Federation::start("sign_requests = true")));
    let wanting = |more| {
        let federation = Federation::start(more);
        let metadata = federation.idp.described(&[&federation.idp.key], |it| {
            it.want_authn_requests_signed = true;
        });
        std::fs::write(&federation.metadata, metadata).unwrap();
        federation
    };
    assert!(is_signed(&wanting("")));
    assert!(!is_signed(&wanting("sign_requests = false")));
}

#[test]
fn an_address_with_a_query_of_its_own_keeps_it() {
    let federation = Federation::start("");
    let metadata = federation.idp.described(&[&federation.idp.key], |it| {
        it.sso_url = "https://idp.contoso.example/sso?tenant=1";
    });
    std::fs::write(&federation.metadata, metadata).unwrap();
    let mut browser = Browser::new();
    let reply = browser.get(&federation.broker.absolute("/login/contoso"));
    let location = reply.header("location");
    assert!(
        location.starts_with("https://idp.contoso.example/sso?tenant=1&SAMLRequest="),
        "{location}"
    );
}

// --- cookies --------------------------------------------------------------------------------------------------------

fn cookies(reply: &Reply) -> Vec<Cookie<'static>> {
    let all = reply.headers.get_all("set-cookie").iter();
    all.map(|text| Cookie::parse(text.to_str().unwrap().to_owned()).unwrap())
        .collect()
}

fn cookie_of_login(reply: &Reply) -> Cookie<'static> {
    let mut all = cookies(reply).into_iter();
    all.find(|cookie| cookie.name().contains("drawbridge-login-"))
        .unwrap()
}

#[test]
fn the_cookie_comes_along_with_another_sites_form() {
    let federation = Federation::known_as(Some("https://sso.example.com"), "");
    let here = |request: crate::harness::http::Request| request.with("host", "sso.example.com");
    let reply = here(federation.broker.get("/login/contoso")).send();
    let cookie = cookie_of_login(&reply);
    assert!(cookie.name().starts_with("__Host-drawbridge-login-"));
    assert_eq!(
        (cookie.same_site(), cookie.secure(), cookie.http_only()),
        (Some(SameSite::None), Some(true), Some(true))
    );
    assert_eq!(cookie.max_age().unwrap().whole_seconds(), 600);
    // Its whole worth is to match the answer: the id of the request cannot be read in it.
    let away = away(&reply);
    assert!(!cookie.value().contains(&away.id));

    let answer = federation.answer(Some(&away.id));
    let value = encoded(&answer.written(&federation.idp.key));
    let fields = [
        ("SAMLResponse", value.as_str()),
        ("RelayState", &away.relay_state),
    ];
    let request = here(federation.broker.post("/saml/contoso/acs")).form(&fields);
    let done = request
        .header("sec-fetch-site", "cross-site")
        .header("origin", "https://idp.contoso.example")
        .header("cookie", &format!("{}={}", cookie.name(), cookie.value()))
        .send();
    assert_eq!(done.status, 303, "{}", done.text());
    let gone = cookie_of_login(&done);
    assert_eq!((gone.name(), gone.value()), (cookie.name(), ""));
    assert!(gone.max_age().unwrap().is_zero());
    let session = cookies(&done);
    let session = session
        .iter()
        .find(|it| it.name() == "__Host-drawbridge")
        .unwrap();
    assert_eq!(
        (session.same_site(), session.secure(), session.http_only()),
        (Some(SameSite::Lax), Some(true), Some(true))
    );
}

#[test]
fn over_plain_http_on_loopback_the_cookie_is_lax() {
    let reply = CONTOSO.broker.get("/login/contoso").send();
    let cookie = cookie_of_login(&reply);
    assert_eq!(cookie.same_site(), Some(SameSite::Lax));
    assert_ne!(cookie.secure(), Some(true));
}

#[test]
fn the_cookie_goes_with_the_answer_whatever_becomes_of_it() {
    for spoilt in [false, true] {
        let (browser, reply) = CONTOSO.with(|answer| {
            if spoilt {
                answer.audience = "https://other.example".to_owned();
            }
        });
        assert_eq!(reply.status, if spoilt { 403 } else { 303 });
        let left = browser.cookies.keys();
        let left: Vec<_> = left.filter(|name| name.contains("login")).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn a_sign_in_begins_a_session_of_its_own() {
    // Somebody who put their own session's cookie into the browser gains nothing by it (fixation).
    let mut attacker = CONTOSO.sign_in();
    let planted = attacker.cookies["drawbridge"].clone();
    let (mut browser, away) = CONTOSO.begin();
    browser
        .cookies
        .insert("drawbridge".to_owned(), planted.clone());
    let mut answer = CONTOSO.answer(Some(&away.id));
    answer.name_id.value = "bob-12".to_owned();
    answer.attributes[0].values = vec!["Bob Example".to_owned()];
    let message = answer.written(&CONTOSO.idp.key);
    let reply = CONTOSO.post(&mut browser, &message, &away.relay_state);
    assert_eq!(reply.status, 303);
    assert_ne!(browser.cookies["drawbridge"], planted);
    assert!(CONTOSO.front(&mut browser).text().contains("Bob Example"));
    assert!(!CONTOSO.front(&mut attacker).text().contains("Bob Example"));
}

#[test]
fn two_sign_ins_in_two_tabs_do_not_disturb_each_other() {
    let (mut browser, first) = CONTOSO.begin();
    let url = CONTOSO.broker.absolute("/login/contoso?return_to=/why");
    let second = away(&browser.get(&url));
    for (tab, lands) in [(second, "/why"), (first, "/")] {
        let answer = CONTOSO.answer(Some(&tab.id)).written(&CONTOSO.idp.key);
        let reply = CONTOSO.post(&mut browser, &answer, &tab.relay_state);
        assert_eq!((reply.status, reply.header("location")), (303, lands));
    }
}

#[test]
fn names_from_a_provider_stay_text() {
    let (mut browser, reply) = CONTOSO.with(|answer| {
        answer.attributes[0].values = vec!["<script>alert(1)</script>".to_owned()];
    });
    assert_eq!(reply.status, 303);
    let front = CONTOSO.front(&mut browser);
    assert!(front.text().contains("script"));
    assert!(!front.text().contains("<script>alert"));
}

#[test]
fn a_session_ends_when_the_provider_says_so() {
    let federation = Federation::start("max_session = \"2h\"");
    for (provider_says, seconds) in [(Some(1800), 1800), (None, 3500)] {
        let (mut browser, reply) = federation.with(|answer| {
            answer.session_not_on_or_after = provider_says.map(|said| answer.issued_at + said);
        });
        assert_eq!(reply.status, 303);
        federation
            .broker
            .clock
            .advance(time::Duration::seconds(seconds - 1));
        assert!(
            federation
                .front(&mut browser)
                .text()
                .contains("Ann Example")
        );
        federation.broker.clock.advance(time::Duration::seconds(1));
        let over = !federation
            .front(&mut browser)
            .text()
            .contains("Ann Example");
        assert_eq!(over, provider_says.is_some());
    }
}

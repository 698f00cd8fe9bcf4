//! Sign-in that the provider begins: nobody is signed in before somebody here has said so.

use std::sync::LazyLock;

use time::Duration;

use crate::harness::browser::{Browser, field};
use crate::harness::http::Reply;
use crate::harness::saml_idp::{Federation, SamlIdp, entry};

const INITIATED: &str = "idp_initiated = true\nrelay_targets = [\"/why\", \"dev/Analyst\"]";

static CONTOSO: LazyLock<Federation> = LazyLock::new(|| Federation::start(INITIATED));

/// A response that nobody asked for, and the page that it leads to.
#[track_caller]
fn arrive(federation: &Federation, relay_state: &str) -> (Browser, Reply) {
    let mut browser = Browser::new();
    let message = federation.answer(None).written(&federation.idp.key);
    let page = federation.post(&mut browser, &message, relay_state);
    assert_eq!(page.status, 200, "{}", page.text());
    (browser, page)
}

fn confirm(federation: &Federation, browser: &mut Browser, page: &Reply) -> Reply {
    let ticket = field(page, "ticket");
    let url = federation.broker.absolute("/saml/contoso/confirm");
    browser.post(&url, &[("ticket", &ticket)])
}

#[test]
fn a_page_says_who_it_would_be_and_a_click_signs_in() {
    let (mut browser, page) = arrive(&CONTOSO, "");
    assert!(page.text().contains("Ann Example"));
    assert!(page.text().contains("ann-4711"));
    assert!(page.text().contains("as Contoso says"));
    assert!(CONTOSO.broker.trail().contains("AwaitsConfirmation"));
    let front = CONTOSO.front(&mut browser);
    assert!(front.text().contains("Sign in with"), "signed in unasked");
    let done = confirm(&CONTOSO, &mut browser, &page);
    assert_eq!((done.status, done.header("location")), (303, "/"));
    assert!(CONTOSO.front(&mut browser).text().contains("Ann Example"));
    assert!(!browser.cookies.contains_key("drawbridge-confirm"));
}

#[test]
fn a_click_in_another_browser_signs_nobody_in() {
    let (_, page) = arrive(&CONTOSO, "");
    let mut victim = Browser::new();
    let reply = confirm(&CONTOSO, &mut victim, &page);
    CONTOSO.refuses((victim, reply), 403, "saml.unsolicited");
    // Also in one with a page of its own before it.
    let (mut other, _) = arrive(&CONTOSO, "");
    let reply = confirm(&CONTOSO, &mut other, &page);
    CONTOSO.refuses((other, reply), 403, "saml.unsolicited");
}

#[test]
fn a_click_counts_once() {
    let (mut browser, page) = arrive(&CONTOSO, "");
    let mut kept = browser.clone();
    assert_eq!(confirm(&CONTOSO, &mut browser, &page).status, 303);
    let reply = confirm(&CONTOSO, &mut kept, &page);
    CONTOSO.refuses((kept, reply), 403, "saml.unsolicited");
}

#[test]
fn a_click_on_another_site_is_none() {
    let (browser, page) = arrive(&CONTOSO, "");
    let ticket = field(&page, "ticket");
    let request = CONTOSO.broker.post("/saml/contoso/confirm");
    let request = request.form(&[("ticket", &ticket)]);
    for site in ["cross-site", "same-site"] {
        let reply = browser.prepare(request.clone(), site).send();
        CONTOSO.refuses((browser.clone(), reply), 403, "web.csrf");
    }
    let origin = browser
        .prepare(request.clone(), "x")
        .without("sec-fetch-site")
        .header("origin", "https://evil.example");
    CONTOSO.refuses((browser.clone(), origin.send()), 403, "web.csrf");
    let silent = browser.prepare(request, "x").without("sec-fetch-site");
    CONTOSO.refuses((browser.clone(), silent.send()), 403, "web.csrf");
}

#[test]
fn a_ticket_that_was_altered_or_left_out_is_refused() {
    let url = CONTOSO.broker.absolute("/saml/contoso/confirm");
    let (mut browser, page) = arrive(&CONTOSO, "");
    let mut ticket = field(&page, "ticket");
    let last = if ticket.ends_with('A') { "B" } else { "A" };
    ticket.replace_range(ticket.len() - 1.., last);
    for fields in [&[("ticket", ticket.as_str())][..], &[("ticket", "")], &[]] {
        let reply = browser.post(&url, fields);
        CONTOSO.refuses((browser.clone(), reply), 403, "saml.unsolicited");
    }
}

#[test]
fn a_click_after_ten_minutes_is_too_late() {
    let federation = Federation::start(INITIATED);
    for (seconds, status) in [(600, 303), (601, 403)] {
        let (mut browser, page) = arrive(&federation, "");
        federation.broker.clock.advance(Duration::seconds(seconds));
        let reply = confirm(&federation, &mut browser, &page);
        assert_eq!(reply.status, status, "{seconds}");
    }
}

#[test]
fn a_ticket_is_for_the_provider_that_it_came_from() {
    let directory = tempfile::TempDir::new().unwrap();
    let other = SamlIdp::new("https://idp.fabrikam.example/saml");
    let path = directory.path().join("fabrikam.xml");
    std::fs::write(&path, other.metadata()).unwrap();
    let fabrikam = entry("fabrikam", &path, "idp_initiated = true");
    let federation = Federation::start(&format!("{INITIATED}\n{fabrikam}"));
    let (mut browser, page) = arrive(&federation, "");
    let ticket = field(&page, "ticket");
    let url = federation.broker.absolute("/saml/fabrikam/confirm");
    let reply = browser.post(&url, &[("ticket", &ticket)]);
    federation.refuses((browser, reply), 403, "saml.unsolicited");
}

#[test]
fn relay_state_leads_where_the_entry_allows_and_nowhere_else() {
    let role = CONTOSO.broker.app.urls.credentials("dev/Analyst");
    for (relay_state, lands) in [
        ("/why", "/why"),
        ("dev/Analyst", role.as_str()),
        ("/why?role=dev/Developer", "/"),
        ("dev/Developer", "/"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("", "/"),
    ] {
        let (mut browser, page) = arrive(&CONTOSO, relay_state);
        let done = confirm(&CONTOSO, &mut browser, &page);
        assert_eq!((done.status, done.header("location")), (303, lands));
    }
}

#[test]
fn an_answer_to_a_request_that_nobody_knows_is_refused_all_the_same() {
    let mut browser = Browser::new();
    let answer = CONTOSO.answer(Some("_unknown"));
    let reply = CONTOSO.post(&mut browser, &answer.written(&CONTOSO.idp.key), "");
    CONTOSO.refuses((browser, reply), 403, "saml.in_response_to");
}

#[test]
fn a_response_that_nobody_asked_for_counts_once() {
    let mut browser = Browser::new();
    let message = CONTOSO.answer(None).written(&CONTOSO.idp.key);
    assert_eq!(CONTOSO.post(&mut browser, &message, "").status, 200);
    let reply = CONTOSO.post(&mut browser, &message, "");
    CONTOSO.refuses((browser, reply), 403, "saml.replay");
}

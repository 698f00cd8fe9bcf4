//! The demo's SAML provider with the broker and the STS: sign-in, roles, logout, and the line of the first screen.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::harness::browser::{Browser, field, request};
use crate::harness::http::Reply;
use crate::harness::{Broker, DEV};

static DEMO: LazyLock<Broker> = LazyLock::new(Broker::demo);

fn is_form(page: &Reply) -> bool {
    page.text().contains("name=\"password\"")
}

/// The aliases that the portal offers.
fn offered(broker: &Broker, browser: &mut Browser) -> Vec<String> {
    let page = browser.get(&broker.absolute("/"));
    let aliases = page.text().split("data-alias=\"").skip(1);
    aliases
        .map(|rest| rest.split_once('"').unwrap().0.to_owned())
        .collect()
}

#[test]
fn each_person_signs_in_by_saml_and_sees_their_roles() {
    for (person, roles) in [
        ("ann", &["dev/Analyst"][..]),
        ("bob", &["dev/Analyst"]),
        ("eve", &[]),
    ] {
        let mut browser = Browser::new();
        let done = browser.sign_in_by_saml(&DEMO, person);
        assert_eq!(done.status, 303, "{}", done.text());
        assert_eq!(done.header("location"), "/");
        assert_eq!(offered(&DEMO, &mut browser), roles, "{person}");
    }
}

#[test]
fn whoever_is_signed_in_at_contoso_is_not_asked_again() {
    let mut browser = Browser::new();
    browser.sign_in_by_saml(&DEMO, "ann");
    let page = browser.come_to_contoso(&DEMO);
    assert!(!is_form(&page));
    assert_eq!(browser.deliver(&page).status, 303);
}

#[test]
fn a_response_that_nobody_asked_for_is_refused() {
    let mut browser = Browser::new();
    browser.sign_in_by_saml(&DEMO, "ann");
    let page = browser.get(&format!("{}/contoso/start", DEMO.idp_url));
    let mut another = Browser::new();
    let refused = another.deliver(&page);
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert_eq!(DEMO.reason(&refused), "saml.unsolicited");
}

/// Follows redirects from a page of the provider or the broker until there are no more.
fn follow(browser: &mut Browser, mut reply: Reply) -> Reply {
    for _ in 0..5 {
        if reply.status != 303 {
            return reply;
        }
        let target = reply.header("location").to_owned();
        let target = match target.starts_with('/') {
            true => DEMO.absolute(&target),
            false => target,
        };
        reply = browser.come_from_elsewhere(&target);
    }
    panic!("too many redirects");
}

#[test]
fn signing_out_at_contoso_signs_out_of_the_broker() {
    let mut browser = Browser::new();
    browser.sign_in_by_saml(&DEMO, "ann");
    let away = browser.get(&format!("{}/contoso/slo", DEMO.idp_url));
    let told = follow(&mut browser, away);
    assert!(
        told.text().contains("asks for your password"),
        "{}",
        told.text()
    );
    let front = browser.get(&DEMO.absolute("/"));
    assert!(front.text().contains("Sign in with"));
}

#[test]
fn signing_out_of_the_broker_signs_out_at_contoso() {
    let mut browser = Browser::new();
    browser.sign_in_by_saml(&DEMO, "ann");
    let page = browser.get(&DEMO.absolute("/"));
    let csrf = field(&page, "csrf");
    let page = browser.post(&DEMO.absolute("/signout"), &[("csrf", &csrf)]);
    let onward = page.header("refresh").split_once("url=").unwrap().1;
    let away = browser.come_from_elsewhere(onward);
    let done = follow(&mut browser, away);
    assert_eq!(done.status, 200, "{}", done.text());
    assert!(is_form(&browser.come_to_contoso(&DEMO)));
}

/// What the line of the first screen gets for somebody.
fn assertion(broker: &Broker, person: &str) -> String {
    let url = format!("{}/contoso/assertion?role=dev/Analyst", broker.idp_url);
    let basic = STANDARD.encode(format!("{person}:{person}"));
    let answer = request("GET", &url).header("authorization", &format!("Basic {basic}"));
    let answer = answer.send().json();
    answer["value"].as_str().unwrap().to_owned()
}

fn assume(broker: &Broker, assertion: &str) -> Reply {
    let role = format!("arn:aws:iam::{DEV}:role/Analyst");
    let provider = format!("arn:aws:iam::{DEV}:saml-provider/contoso");
    let params = [
        ("RoleArn", role.as_str()),
        ("PrincipalArn", &provider),
        ("SAMLAssertion", assertion),
    ];
    broker.sts("AssumeRoleWithSAML", &params).send()
}

#[test]
fn the_sts_takes_an_assertion_of_contoso() {
    let reply = assume(&DEMO, &assertion(&DEMO, "ann"));
    assert_eq!(reply.status, 200, "{}", reply.text());
    let arn = format!("arn:aws:sts::{DEV}:assumed-role/Analyst/ann");
    assert_eq!(DEMO.who_is(&reply.credentials()), arn);
    assert_eq!(reply.xml("SubjectType"), "persistent");
}

#[test]
fn somebody_without_a_group_gets_an_assertion_and_no_role() {
    let reply = assume(&DEMO, &assertion(&DEMO, "eve"));
    assert_eq!(reply.aws_error().1, "AccessDenied");
}

#[test]
fn another_port_and_a_reset_change_nothing() {
    let first = Broker::demo();
    let before = assertion(&first, "ann");
    let data = first.data.clone();
    let second = Broker::demo_with(|options| {
        options.data = data;
        options.reset_endpoint = true;
    });
    let works = || {
        assert_eq!(assume(&second, &assertion(&second, "ann")).status, 200);
        let mut browser = Browser::new();
        browser.sign_in_by_saml(&second, "bob");
        assert_eq!(offered(&second, &mut browser), ["dev/Analyst"]);
    };
    works();
    // The provider of before was at another address.
    assert_ne!(assume(&second, &before).status, 200);
    assert_eq!(second.post("/demo/reset").send().status, 200);
    works();
}

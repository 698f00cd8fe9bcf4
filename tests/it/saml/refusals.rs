//! Everything that is no sign-in: which status, which reason in the trail, nothing on the page, and nobody signed in.

use std::sync::LazyLock;

use drawbridge_saml::encrypt::{Content, KeyTransport, Recipient};
use drawbridge_saml::issue::{Signed, issue};
use drawbridge_saml::testing::{Manner, sign, sign_as};
use serde_json::json;
use tempfile::TempDir;
use time::Duration;

use crate::harness::browser::Browser;
use crate::harness::http::{Reply, form};
use crate::harness::saml_idp::{
    self, Answer, Federation, SamlIdp, away, credential, encoded, entry,
};
use crate::harness::{Broker, RUNTIME};

static CONTOSO: LazyLock<Federation> = LazyLock::new(|| Federation::start(""));

#[track_caller]
fn refuses(spoil: impl FnOnce(&mut Answer), reason: &str) {
    CONTOSO.refuses(CONTOSO.with(spoil), 403, reason);
}

/// What is made of the unsigned answer by `bend` is signed as a whole; then it must be refused.
#[track_caller]
fn refuses_bent(bend: impl FnOnce(String) -> String, status: u16, reason: &str) {
    let outcome = CONTOSO.bent(|answer| {
        let text = bend(answer.unsigned());
        sign(&text, &answer.response_id, &CONTOSO.idp.key)
    });
    CONTOSO.refuses(outcome, status, reason);
}

// --- the form -------------------------------------------------------------------------------------------------------

/// Posts a body as it is, in a sign-in that has begun.
fn post_body(body: impl FnOnce(&str, &str) -> String) -> (Browser, Reply) {
    let (mut browser, away) = CONTOSO.begin();
    let message = CONTOSO.answer(Some(&away.id)).written(&CONTOSO.idp.key);
    let body = body(&encoded(&message), &away.relay_state);
    let request = CONTOSO.broker.post("/saml/contoso/acs");
    let request = request.body("application/x-www-form-urlencoded", &body);
    let reply = browser.prepare(request, "cross-site").send();
    browser.keep(&reply);
    (browser, reply)
}

#[test]
fn a_parameter_that_comes_twice_is_refused() {
    for twice in ["SAMLResponse", "RelayState"] {
        let outcome = post_body(|response, relay_state| {
            let value = match twice {
                "SAMLResponse" => response,
                _ => relay_state,
            };
            let mut fields = vec![("SAMLResponse", response), ("RelayState", relay_state)];
            fields.push((twice, value));
            form(&fields)
        });
        CONTOSO.refuses(outcome, 400, "saml.form.repeated");
    }
}

#[test]
fn what_is_not_base64_is_refused() {
    for value in ["", "!", "PHNhbWw", "PHNhbWw-"] {
        let outcome = post_body(|_, relay_state| {
            form(&[("SAMLResponse", value), ("RelayState", relay_state)])
        });
        CONTOSO.refuses(outcome, 400, "saml.form.base64");
    }
    let outcome = post_body(|_, relay_state| form(&[("RelayState", relay_state)]));
    CONTOSO.refuses(outcome, 400, "saml.form.base64");
}

#[test]
fn a_response_that_is_too_large_is_refused() {
    // The value alone, and the form around it.
    for kilobytes in [721, 1100] {
        let outcome = post_body(|_, relay_state| {
            let value = "A".repeat(kilobytes * 1024);
            form(&[("SAMLResponse", &value), ("RelayState", relay_state)])
        });
        CONTOSO.refuses(outcome, 413, "saml.form.size");
    }
}

#[test]
fn a_large_response_is_read_whole() {
    // Beyond what other forms may have.
    let (_, reply) = CONTOSO.with(|answer| {
        let groups = (0..3000).map(|n| format!("{n}-{}", "g".repeat(90)));
        answer.attributes[2].values = groups.collect();
    });
    assert_eq!(reply.status, 303, "{}", reply.text());
}

#[test]
fn what_is_not_xml_is_refused() {
    for (message, reason) in [
        ("hello", "saml.xml.malformed"),
        ("<a>", "saml.xml.malformed"),
        (
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
            "saml.xml.doctype",
        ),
        ("<a>&b;</a>", "saml.xml.entity"),
        ("<?b c?><a/>", "saml.xml.pi"),
        ("<a>\u{1}</a>", "saml.xml.character"),
    ] {
        CONTOSO.refuses(CONTOSO.bent(|_| message.to_owned()), 400, reason);
    }
    let deep = "<a>".repeat(65) + &"</a>".repeat(65);
    CONTOSO.refuses(CONTOSO.bent(|_| deep), 400, "saml.xml.depth");
}

#[test]
fn a_response_by_redirect_is_not_taken() {
    let (browser, away) = CONTOSO.begin();
    let message = CONTOSO.answer(Some(&away.id)).written(&CONTOSO.idp.key);
    let query = form(&[
        ("SAMLResponse", &encoded(&message)),
        ("RelayState", &away.relay_state),
    ]);
    let request = CONTOSO.broker.get(&format!("/saml/contoso/acs?{query}"));
    let reply = browser.prepare(request, "cross-site").send();
    assert_eq!(reply.status, 405);
    // And what is in the query of a form is not looked at.
    let request = CONTOSO.broker.post(&format!("/saml/contoso/acs?{query}"));
    let request = request.form(&[("a", "b")]);
    let reply = browser.prepare(request, "cross-site").send();
    CONTOSO.refuses((browser, reply), 400, "saml.form.base64");
}

#[test]
fn an_unknown_provider_is_a_page() {
    let reply = Browser::new()
        .post_from_elsewhere(&CONTOSO.broker.absolute("/saml/nobody/acs"), &[("a", "b")]);
    assert_eq!(reply.status, 404);
    CONTOSO.says_nothing(&reply);
    for path in ["/saml/nobody/metadata", "/saml/nobody/slo"] {
        assert_eq!(CONTOSO.broker.get(path).send().status, 404, "{path}");
    }
}

// --- the shape ------------------------------------------------------------------------------------------------------

#[test]
fn a_document_of_another_shape_is_refused() {
    let version = |text: String| text.replace("Version=\"2.0\"", "Version=\"1.1\"");
    refuses_bent(version, 403, "saml.shape.version");
    let assertion = |text: &str| {
        let from = text.find("<saml:Assertion").unwrap();
        let to = text.find("</saml:Assertion>").unwrap() + "</saml:Assertion>".len();
        text[from..to].to_owned()
    };
    refuses_bent(
        |text| {
            let second = assertion(&text).replace("ID=\"_a", "ID=\"_b");
            text.replace("</samlp:Response>", &format!("{second}</samlp:Response>"))
        },
        403,
        "saml.shape.assertions",
    );
    refuses_bent(
        |text| {
            let first = assertion(&text);
            text.replace(&first, "")
        },
        403,
        "saml.shape.assertions",
    );
    refuses_bent(
        |text| {
            let hidden = assertion(&text).replace("ID=\"_a", "ID=\"_b");
            let extensions = format!("<samlp:Extensions>{hidden}</samlp:Extensions><samlp:Status>");
            text.replace("<samlp:Status>", &extensions)
        },
        403,
        "saml.shape.assertions",
    );
    refuses_bent(
        |text| text.replace("<samlp:Status>", "<samlp:Status id=\"x\">"),
        403,
        "saml.shape.id",
    );
    let outcome = CONTOSO.bent(|answer| {
        let key = &CONTOSO.idp.key;
        sign(&assertion(&answer.unsigned()), &answer.assertion_id, key)
    });
    CONTOSO.refuses(outcome, 403, "saml.shape.root");
}

// --- signatures -----------------------------------------------------------------------------------------------------

#[test]
fn a_response_that_nobody_signed_is_refused() {
    CONTOSO.refuses(
        CONTOSO.bent(Answer::unsigned),
        403,
        "saml.signature.missing",
    );
}

#[test]
fn a_key_that_comes_with_the_response_counts_for_nothing() {
    let own = credential();
    let outcome = CONTOSO.bent(|answer| answer.written(&own));
    CONTOSO.refuses(outcome, 403, "saml.signature.invalid");
}

#[test]
fn a_response_that_was_changed_after_it_was_signed_is_refused() {
    for (old, new) in [
        ("ann-4711", "bob-12"),
        ("engineering", "root"),
        ("ann@", "bob@"),
    ] {
        let outcome = CONTOSO.bent(|answer| answer.written(&CONTOSO.idp.key).replace(old, new));
        CONTOSO.refuses(outcome, 403, "saml.signature.invalid");
    }
}

#[test]
fn a_signature_of_something_else_is_refused() {
    let outcome = CONTOSO.bent(|answer| {
        let manner = Manner {
            uri: Some(String::new()),
            ..Manner::PLAIN
        };
        sign_as(
            &answer.unsigned(),
            &answer.response_id,
            &CONTOSO.idp.key,
            &manner,
        )
    });
    CONTOSO.refuses(outcome, 403, "saml.signature.profile");
}

#[test]
fn sha1_is_refused_unless_the_entry_allows_it_and_then_warned_of() {
    let sha1 = |federation: &Federation| {
        federation.bent(|answer| {
            let manner = Manner::edited(
                "http://www.w3.org/2001/04/xmlenc#sha256",
                "http://www.w3.org/2000/09/xmldsig#sha1",
            );
            let key = &federation.idp.key;
            sign_as(&answer.unsigned(), &answer.assertion_id, key, &manner)
        })
    };
    CONTOSO.refuses(sha1(&CONTOSO), 403, "saml.signature.algorithm");

    let lenient = Federation::start("allow_sha1 = true");
    let (_, reply) = sha1(&lenient);
    assert_eq!(reply.status, 303, "{}", reply.text());
    let signed_in = |federation: &Federation| {
        let trail = federation.broker.trail();
        let last = trail.lines().rev().find(|line| line.contains("SAMLUser"));
        let line: serde_json::Value = serde_json::from_str(last.unwrap()).unwrap();
        line["event"]["userIdentity"]["warnings"].clone()
    };
    assert_eq!(signed_in(&lenient), json!(["saml.signature.sha1"]));
    // Who signs as one should is not warned of.
    lenient.sign_in();
    assert_eq!(signed_in(&lenient), json!(null));
}

// --- whose, and for which request -----------------------------------------------------------------------------------

#[test]
fn a_response_of_one_provider_is_none_of_another() {
    let directory = TempDir::new().unwrap();
    let file = |name: &str, idp: &SamlIdp| {
        let path = directory.path().join(name);
        std::fs::write(&path, idp.metadata()).unwrap();
        path
    };
    let other = SamlIdp::new("https://idp.fabrikam.example/saml");
    let fabrikam = entry(
        "fabrikam",
        &file("fabrikam.xml", &other),
        "idp_initiated = true",
    );
    let federation = Federation::start(&fabrikam);
    // Contoso's response, as it would be posted to Contoso's door, at Fabrikam's.
    let mut browser = Browser::new();
    let url = federation.broker.absolute("/login/fabrikam");
    let away = away(&browser.get(&url));
    let answer = federation.answer(Some(&away.id));
    let value = encoded(&answer.written(&federation.idp.key));
    let fields = [
        ("SAMLResponse", value.as_str()),
        ("RelayState", &away.relay_state),
    ];
    let acs = federation.broker.absolute("/saml/fabrikam/acs");
    let reply = browser.post_from_elsewhere(&acs, &fields);
    federation.refuses((browser, reply), 403, "saml.issuer");

    // Signed by Contoso in Fabrikam's name, and the other way about.
    for (issuer, key) in [
        (&other.entity_id, &federation.idp.key),
        (&federation.idp.entity_id, &other.key),
    ] {
        let (mut browser, away) = federation.begin();
        let mut answer = federation.answer(Some(&away.id));
        answer.issuer.clone_from(issuer);
        let message = answer.written(key);
        let reply = federation.post(&mut browser, &message, &away.relay_state);
        let reason = match *issuer == other.entity_id {
            true => "saml.issuer",
            false => "saml.signature.invalid",
        };
        federation.refuses((browser, reply), 403, reason);
    }

    // A sign-in that was begun with Fabrikam does not end at Contoso, whoever answers.
    let mut browser = Browser::new();
    let away = self::away(&browser.get(&url));
    let message = federation
        .answer(Some(&away.id))
        .written(&federation.idp.key);
    let reply = federation.post(&mut browser, &message, &away.relay_state);
    federation.refuses((browser, reply), 403, "saml.in_response_to");
}

#[test]
fn the_response_and_its_assertion_have_one_issuer() {
    let outcome = CONTOSO.bent(|answer| {
        let signed = sign(&answer.unsigned(), &answer.assertion_id, &CONTOSO.idp.key);
        signed.replacen(&CONTOSO.idp.entity_id, "https://other.example", 1)
    });
    CONTOSO.refuses(outcome, 403, "saml.issuer");
}

#[test]
fn an_answer_to_another_request_is_refused() {
    refuses(
        |answer| answer.in_response_to = Some("_another".to_owned()),
        "saml.in_response_to",
    );
    refuses(|answer| answer.in_response_to = None, "saml.in_response_to");
    // The response alone, and the confirmation alone.
    for first in [true, false] {
        let outcome = CONTOSO.bent(|answer| {
            let id = answer.in_response_to.clone().unwrap();
            let (old, new) = (
                format!("InResponseTo=\"{id}\""),
                "InResponseTo=\"_another\"".to_owned(),
            );
            let text = answer.unsigned();
            let at = match first {
                true => text.find(&old).unwrap(),
                false => text.rfind(&old).unwrap(),
            };
            let text = format!("{}{new}{}", &text[..at], &text[at + old.len()..]);
            sign(&text, &answer.response_id, &CONTOSO.idp.key)
        });
        CONTOSO.refuses(outcome, 403, "saml.in_response_to");
    }
}

#[test]
fn an_answer_in_another_browser_is_refused() {
    let (_, begun) = CONTOSO.begin();
    let message = CONTOSO.answer(Some(&begun.id)).written(&CONTOSO.idp.key);
    let mut victim = Browser::new();
    let reply = CONTOSO.post(&mut victim, &message, &begun.relay_state);
    CONTOSO.refuses((victim, reply), 403, "saml.in_response_to");
    // Also in one that has a sign-in of its own under way, by either's RelayState.
    for own in [true, false] {
        let (mut other, others) = CONTOSO.begin();
        let relay_state = if own { &others } else { &begun };
        let reply = CONTOSO.post(&mut other, &message, &relay_state.relay_state);
        CONTOSO.refuses((other, reply), 403, "saml.in_response_to");
    }
}

#[test]
fn a_cookie_that_was_altered_is_no_cookie() {
    let (mut browser, away) = CONTOSO.begin();
    let name = browser.cookies.keys().find(|name| name.contains("login"));
    let name = name.unwrap().clone();
    let cookie = browser.cookies.get_mut(&name).unwrap();
    let altered = if cookie.ends_with('A') { "B" } else { "A" };
    cookie.replace_range(cookie.len() - 1.., altered);
    let message = CONTOSO.answer(Some(&away.id)).written(&CONTOSO.idp.key);
    let reply = CONTOSO.post(&mut browser, &message, &away.relay_state);
    CONTOSO.refuses((browser, reply), 403, "saml.in_response_to");
}

#[test]
fn a_sign_in_that_took_longer_than_ten_minutes_is_refused() {
    let federation = Federation::start("");
    for (seconds, status) in [(600, 303), (601, 403)] {
        let (mut browser, away) = federation.begin();
        federation.broker.clock.advance(Duration::seconds(seconds));
        let message = federation
            .answer(Some(&away.id))
            .written(&federation.idp.key);
        let reply = federation.post(&mut browser, &message, &away.relay_state);
        assert_eq!(reply.status, status, "{seconds}");
        if status == 403 {
            federation.refuses((browser, reply), 403, "saml.in_response_to");
        }
    }
}

#[test]
fn a_response_is_good_for_one_sign_in() {
    let (mut browser, away) = CONTOSO.begin();
    let mut kept = browser.clone();
    let message = CONTOSO.answer(Some(&away.id)).written(&CONTOSO.idp.key);
    let reply = CONTOSO.post(&mut browser, &message, &away.relay_state);
    assert_eq!(reply.status, 303);
    // By a browser that kept its cookie, and by one that has none.
    let reply = CONTOSO.post(&mut kept, &message, &away.relay_state);
    CONTOSO.refuses((kept, reply), 403, "saml.in_response_to");
    let mut other = Browser::new();
    let reply = CONTOSO.post(&mut other, &message, &away.relay_state);
    CONTOSO.refuses((other, reply), 403, "saml.in_response_to");
}

#[test]
fn a_request_is_used_up_by_a_response_that_is_refused() {
    let (mut browser, away) = CONTOSO.begin();
    let mut kept = browser.clone();
    let reply = CONTOSO.post(&mut browser, "<a/>", &away.relay_state);
    assert_eq!(reply.status, 403, "{}", reply.text());
    let message = CONTOSO.answer(Some(&away.id)).written(&CONTOSO.idp.key);
    let reply = CONTOSO.post(&mut kept, &message, &away.relay_state);
    CONTOSO.refuses((kept, reply), 403, "saml.in_response_to");
}

#[test]
fn an_assertion_counts_once_whatever_it_answers() {
    let (_, reply) = CONTOSO.with(|answer| answer.assertion_id = "_once-and-again".to_owned());
    assert_eq!(reply.status, 303);
    refuses(
        |answer| answer.assertion_id = "_once-and-again".to_owned(),
        "saml.replay",
    );
}

#[test]
fn of_two_nodes_one_takes_a_response() {
    let directory = TempDir::new().unwrap();
    let idp = SamlIdp::new(saml_idp::CONTOSO);
    let metadata = directory.path().join("contoso.xml");
    std::fs::write(&metadata, idp.metadata()).unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let acs = "http://127.0.0.1:1/saml/contoso/acs";
    let start = || {
        let more = format!(
            "idp_initiated = true\n[store]\nurl = \"sqlite:{}\"\n[keys]\nfile = \"{}\"\n",
            path("store"),
            path("keys")
        );
        // Both are reached through one address, as behind a balancer.
        Broker::known_as(
            Some("http://127.0.0.1:1"),
            &entry("contoso", &metadata, &more),
        )
    };
    let (one, two) = (start(), start());
    let federation = Federation::start("");
    for solicited in [true, false] {
        let mut browser = Browser::new();
        let request = one.get("/login/contoso").with("host", "127.0.0.1:1");
        let reply = browser.prepare(request, "none").send();
        browser.keep(&reply);
        let away = away(&reply);
        let mut answer = federation.answer(solicited.then_some(away.id.as_str()));
        answer.audience = "http://127.0.0.1:1/saml/contoso/metadata".to_owned();
        (answer.recipient, answer.destination) = (acs.to_owned(), acs.to_owned());
        let value = encoded(&answer.written(&idp.key));
        let relay_state = if solicited { &away.relay_state } else { "" };
        let post = |broker: &Broker| {
            let fields = [
                ("SAMLResponse", value.as_str()),
                ("RelayState", relay_state),
            ];
            let request = broker.post("/saml/contoso/acs").form(&fields);
            let request = request.with("host", "127.0.0.1:1");
            browser.prepare(request, "cross-site").send()
        };
        let replies = std::thread::scope(|threads| {
            let racing = threads.spawn(|| post(&one));
            [post(&two), racing.join().unwrap()]
        });
        let mut statuses = replies.map(|reply| reply.status);
        statuses.sort_unstable();
        let won = if solicited { 303 } else { 200 };
        let mut expected = [won, 403];
        expected.sort_unstable();
        assert_eq!(statuses, expected);
        let reason = match solicited {
            true => "saml.in_response_to",
            false => "saml.replay",
        };
        let trails = one.trail() + &two.trail();
        assert_eq!(
            trails.matches(&format!("\"reason\":\"{reason}\"")).count(),
            1
        );
    }
}

#[test]
fn what_nobody_asked_for_is_refused() {
    let mut browser = Browser::new();
    let message = CONTOSO.answer(None).written(&CONTOSO.idp.key);
    let reply = CONTOSO.post(&mut browser, &message, "");
    CONTOSO.refuses((browser, reply), 403, "saml.unsolicited");
}

// --- for whom, and where --------------------------------------------------------------------------------------------

#[test]
fn a_response_for_somebody_else_is_refused() {
    let elsewhere = "https://sp.example/acs";
    refuses(
        |answer| answer.audience = "https://sp.example".to_owned(),
        "saml.conditions.audience",
    );
    refuses(
        |answer| answer.recipient = elsewhere.to_owned(),
        "saml.confirmation.recipient",
    );
    refuses(
        |answer| answer.destination = elsewhere.to_owned(),
        "saml.destination",
    );
    // Byte for byte.
    refuses(
        |answer| answer.audience.push('/'),
        "saml.conditions.audience",
    );
    refuses(
        |answer| answer.recipient.push('/'),
        "saml.confirmation.recipient",
    );
    refuses(|answer| answer.destination.push('?'), "saml.destination");
}

#[test]
fn a_signed_response_says_where_it_goes() {
    refuses_bent(
        |text| {
            let from = text.find(" Destination=\"").unwrap();
            let to = from + text[from + 14..].find('"').unwrap() + 15;
            format!("{}{}", &text[..from], &text[to..])
        },
        403,
        "saml.destination",
    );
}

#[test]
fn conditions_and_confirmation_must_be_there() {
    let without = |text: String, name: &str| {
        let (open, close) = (format!("<saml:{name}"), format!("</saml:{name}>"));
        let from = text.find(&open).unwrap();
        let to = text.find(&close).unwrap() + close.len();
        format!("{}{}", &text[..from], &text[to..])
    };
    for (name, reason) in [
        ("Conditions", "saml.conditions.missing"),
        ("AudienceRestriction", "saml.conditions.audience"),
        ("SubjectConfirmation", "saml.confirmation.missing"),
        ("SubjectConfirmationData", "saml.confirmation.missing"),
        ("AuthnStatement", "saml.shape.element"),
    ] {
        refuses_bent(|text| without(text, name), 403, reason);
    }
    refuses_bent(
        |text| text.replace("cm:bearer", "cm:sender-vouches"),
        403,
        "saml.confirmation.missing",
    );
    let condition = "<saml:Condition xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
                     xsi:type=\"x:y\"></saml:Condition></saml:Conditions>";
    refuses_bent(
        |text| text.replace("</saml:Conditions>", condition),
        403,
        "saml.conditions.unknown",
    );
}

#[test]
fn a_failure_at_the_provider_is_no_sign_in() {
    for status in ["Responder", "Requester", "success"] {
        refuses_bent(
            |text| text.replace("status:Success", &format!("status:{status}")),
            403,
            "saml.status",
        );
    }
}

// --- when -----------------------------------------------------------------------------------------------------------

#[test]
fn each_end_in_time_has_the_same_allowance() {
    // The reason, what is moved, by how much it will do, and by how much no more; the allowance is a minute.
    type Spoil = fn(&mut Answer, i64);
    let edges: [(&str, Spoil, i64, i64); 7] = [
        (
            "saml.conditions.time",
            |answer, by| answer.not_before = answer.issued_at + by,
            60,
            61,
        ),
        (
            "saml.time.issue_instant",
            |answer, by| answer.issued_at += by,
            60,
            61,
        ),
        (
            "saml.time.issue_instant",
            |answer, by| answer.issued_at += by,
            -360,
            -361,
        ),
        (
            "saml.conditions.time",
            |answer, by| answer.not_on_or_after = answer.issued_at + by,
            -59,
            -60,
        ),
        (
            "saml.time.session",
            |answer, by| answer.session_not_on_or_after = Some(answer.issued_at + by),
            -59,
            -60,
        ),
        (
            "saml.time.session",
            |answer, by| answer.session_not_on_or_after = Some(answer.issued_at + by),
            1,
            -3600,
        ),
        (
            "saml.conditions.time",
            |answer, by| answer.not_before = answer.issued_at + by,
            -3600,
            3600,
        ),
    ];
    for (reason, spoil, good, bad) in edges {
        let (_, reply) = CONTOSO.with(|answer| spoil(answer, good));
        assert_eq!(reply.status, 303, "{reason} {good}: {}", reply.text());
        refuses(|answer| spoil(answer, bad), reason);
    }
}

#[test]
fn the_allowance_is_the_entrys() {
    let strict = Federation::start("clock_skew = \"0s\"");
    let (_, reply) = strict.with(|answer| answer.not_before = answer.issued_at);
    assert_eq!(reply.status, 303, "{}", reply.text());
    let outcome = strict.with(|answer| answer.not_before = answer.issued_at + 1);
    strict.refuses(outcome, 403, "saml.conditions.time");
    let (_, reply) = strict.with(|answer| answer.not_on_or_after = answer.issued_at + 1);
    assert_eq!(reply.status, 303, "{}", reply.text());
    let outcome = strict.with(|answer| answer.not_on_or_after = answer.issued_at);
    strict.refuses(outcome, 403, "saml.conditions.time");
}

#[test]
fn the_confirmation_has_an_end_of_its_own() {
    for (by, status) in [(-59, 303), (-60, 403)] {
        let (browser, reply) = CONTOSO.bent(|answer| {
            let moment = |unix| drawbridge_saml::write::instant(unix).unwrap();
            let (old, new) = (
                moment(answer.not_on_or_after),
                moment(answer.issued_at + by),
            );
            // It stands before that of the conditions.
            let text = answer.unsigned().replacen(&old, &new, 1);
            sign(&text, &answer.response_id, &CONTOSO.idp.key)
        });
        assert_eq!(reply.status, status, "{by}");
        if status == 403 {
            CONTOSO.refuses((browser, reply), 403, "saml.confirmation.time");
        }
    }
}

// --- how ------------------------------------------------------------------------------------------------------------

#[test]
fn what_was_asked_for_must_be_seen_in_the_answer() {
    let mfa = "https://refeds.org/profile/mfa";
    let federation = Federation::start(&format!("authn_contexts = [\"{mfa}\", \"urn:card\"]"));
    for context in [mfa, "urn:card"] {
        let (_, reply) = federation.with(|answer| answer.authn_context = context.to_owned());
        assert_eq!(reply.status, 303, "{}", reply.text());
    }
    for context in [
        "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
        "HTTPS://refeds.org/profile/mfa",
    ] {
        let outcome = federation.with(|answer| answer.authn_context = context.to_owned());
        federation.refuses(outcome, 403, "saml.authn_context");
    }
}

#[test]
fn a_new_sign_in_that_was_asked_for_is_a_new_one() {
    let federation = Federation::start("force_authn = true");
    let (_, reply) = federation.with(|answer| answer.authn_instant -= 60);
    assert_eq!(reply.status, 303, "{}", reply.text());
    let outcome = federation.with(|answer| answer.authn_instant -= 61);
    federation.refuses(outcome, 403, "saml.authn_context");
    // Where nobody asked for one, the session there may be old.
    let (_, reply) = CONTOSO.with(|answer| answer.authn_instant -= 3600 * 24);
    assert_eq!(reply.status, 303, "{}", reply.text());
}

#[test]
fn an_assertion_in_the_clear_is_refused_where_it_must_be_encrypted() {
    let federation = Federation::start("require_encryption = true");
    federation.refuses(federation.with(|_| {}), 403, "saml.decrypt");
}

#[test]
fn what_cannot_be_decrypted_is_one_refusal() {
    let other = drawbridge_saml::SigningKey::generate().unwrap();
    let info = other.public_key_info().unwrap();
    let recipient = Recipient::of_key(&info, Content::default(), KeyTransport::default());
    let recipient = recipient.unwrap();
    let mut told = Vec::new();
    for spoilt in [false, true] {
        let (browser, reply) = CONTOSO.bent(|answer| {
            let key = &CONTOSO.idp.key;
            let statement = answer.statement();
            let text = issue(&statement, key, Signed::Assertion, Some(&recipient)).unwrap();
            match spoilt {
                true => text.replacen("<xenc:CipherValue>", "<xenc:CipherValue>AAAA", 1),
                false => text,
            }
        });
        told.push(reply.told());
        CONTOSO.refuses((browser, reply), 403, "saml.decrypt");
    }
    assert_eq!(told[0].len(), told[1].len());
}

// --- values ---------------------------------------------------------------------------------------------------------

#[test]
fn a_name_that_is_none_is_refused() {
    for name in ["", " \n "] {
        let spoil = |answer: &mut Answer| answer.name_id.value = name.to_owned();
        refuses(spoil, "saml.value.empty");
    }
    for name in ["ann\u{202e}", "ann\u{feff}"] {
        let spoil = |answer: &mut Answer| answer.name_id.value = name.to_owned();
        refuses(spoil, "saml.value.character");
    }
}

#[test]
fn a_comment_does_not_cut_a_name() {
    let (mut browser, reply) = CONTOSO.bent(|answer| {
        let mut answer = answer.clone();
        answer.name_id.value = "ann@contoso.example.evil.example".to_owned();
        answer.attributes.clear();
        let text = answer.unsigned();
        let text = text.replace("contoso.example.evil", "contoso.example<!-- -->.evil");
        sign(&text, &answer.response_id, &CONTOSO.idp.key)
    });
    assert_eq!(reply.status, 303, "{}", reply.text());
    let front = CONTOSO.front(&mut browser);
    assert!(front.text().contains("ann@contoso.example.evil.example"));
}

// --- what we depend on ----------------------------------------------------------------------------------------------

#[test]
fn a_provider_without_a_signing_certificate_serves_nobody() {
    let federation = Federation::start("idp_initiated = true");
    let metadata = federation
        .idp
        .metadata()
        .replace("use=\"signing\"", "use=\"encryption\"");
    std::fs::write(&federation.metadata, metadata).unwrap();
    let mut browser = Browser::new();
    for message in [
        federation.answer(None).unsigned(),
        federation.answer(None).written(&federation.idp.key),
    ] {
        let reply = federation.post(&mut browser, &message, "");
        federation.refuses((browser.clone(), reply), 503, "saml.provider");
    }
    let reply = browser.get(&federation.broker.absolute("/login/contoso"));
    federation.refuses((browser, reply), 503, "saml.provider");
}

#[test]
fn without_the_store_nobody_signs_in() {
    let federation = Federation::start("idp_initiated = true");
    federation.sign_in();
    let (mut browser, away) = federation.begin();
    RUNTIME.block_on(federation.broker.app.store.close());
    for (in_response_to, relay_state) in [(Some(&*away.id), &*away.relay_state), (None, "")] {
        let answer = federation.answer(in_response_to);
        let message = answer.written(&federation.idp.key);
        let reply = federation.post(&mut browser, &message, relay_state);
        assert_eq!(reply.status, 503, "{}", reply.text());
        assert_eq!(federation.broker.reason(&reply), "unavailable");
        federation.says_nothing(&reply);
    }
}

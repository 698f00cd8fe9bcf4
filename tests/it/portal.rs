//! The portal: roles, credentials and console links for whoever signed in, and nothing for anybody else.

use std::sync::LazyLock;

use drawbridge::clock::Clock;
use drawbridge::sigv4::Credentials;
use serde_json::json;
use time::Duration;

use crate::harness::browser::{Browser, field};
use crate::harness::http::{Reply, Request, raw};
use crate::harness::iam::{allow, trust_issuer};
use crate::harness::{Broker, DEV, PROD};

static DEMO: LazyLock<Broker> = LazyLock::new(|| {
    let demo = Broker::demo();
    // A role that does not know the people's provider, and one that knows it and keeps its conditions to itself.
    demo.role(
        DEV,
        "Stranger",
        &trust_issuer(DEV, "idp.example", json!({})),
    );
    let acme = demo.acme();
    let name = acme.strip_prefix("http://").unwrap();
    let condition = json!({ "StringEquals": { format!("{name}:sub"): "nobody" } });
    let trust = trust_issuer(DEV, name, condition);
    demo.role_with(DEV, "Secretive", &trust, |role| role.explain = false);
    demo
});

/// A browser in which somebody is signed in, and the token of its forms.
fn signed_in(broker: &Broker, person: &str) -> (Browser, String) {
    let mut browser = Browser::new();
    browser.sign_in(broker, person);
    let csrf = field(&browser.get(&broker.absolute("/")), "csrf");
    (browser, csrf)
}

fn is_sign_in_page(reply: &Reply) -> bool {
    reply.text().contains("Sign in with")
}

/// The credentials that a page shows.
#[track_caller]
fn shown(page: &Reply) -> Credentials {
    let text = page.text();
    let after = |mark: &str| {
        let (_, rest) = text
            .split_once(mark)
            .unwrap_or_else(|| panic!("no {mark} in {text}"));
        let rest = rest.strip_prefix("<span class=\"secret\">").unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c));
        rest[..end.unwrap()].to_owned()
    };
    Credentials {
        access_key_id: after("export AWS_ACCESS_KEY_ID="),
        secret_access_key: after("export AWS_SECRET_ACCESS_KEY=").into(),
        session_token: Some(after("export AWS_SESSION_TOKEN=").into()),
    }
}

// --- credentials ----------------------------------------------------------------------------------------------------

#[test]
fn asking_for_credentials_shows_credentials_that_work() {
    let (mut browser, csrf) = signed_in(&DEMO, "ann");
    let fields = [
        ("csrf", csrf.as_str()),
        ("role", "dev/Developer"),
        ("duration", "900"),
    ];
    let page = browser.post(&DEMO.absolute("/credentials"), &fields);
    assert_eq!(
        (page.status, page.header("cache-control")),
        (200, "no-store")
    );
    let arn = format!("arn:aws:sts::{DEV}:assumed-role/Developer/ann@acme.example");
    assert_eq!(DEMO.who_is(&shown(&page)), arn);
}

#[test]
fn looking_issues_nothing() {
    let (mut browser, _) = signed_in(&DEMO, "ann");
    for path in [
        "/",
        "/credentials?role=dev/Developer",
        "/credentials?role=dev/Developer&duration=900",
        "/why?role=dev/Developer",
        "/go?account=dev&role=Developer",
        "/console",
    ] {
        let page = browser.get(&DEMO.absolute(path));
        assert!(!page.text().contains("ASIA"), "{path}");
        assert!(!page.header("location").contains("SigninToken"), "{path}");
    }
    assert_eq!(browser.get(&DEMO.absolute("/console-link")).status, 405);
}

#[test]
fn a_role_that_is_not_for_me_is_refused_and_says_why() {
    let (mut browser, csrf) = signed_in(&DEMO, "bob");
    for path in ["/credentials", "/console-link"] {
        let fields = [("csrf", csrf.as_str()), ("role", "prod/Administrator")];
        let page = browser.post(&DEMO.absolute(path), &fields);
        assert_eq!(
            (page.status, DEMO.reason(&page).as_str()),
            (403, "trust.condition")
        );
        assert!(page.text().contains("Why not prod/Administrator?"));
        assert!(page.text().contains("admins") && page.text().contains("support"));
        assert!(!page.text().contains("ASIA"));
    }
}

#[test]
fn a_role_that_is_not_there_looks_like_one_that_is_not_for_me() {
    let (mut browser, csrf) = signed_in(&DEMO, "ann");
    let mut told = |name: &str| {
        let mut all = Vec::new();
        for path in ["/credentials", "/console-link"] {
            let page = browser.post(&DEMO.absolute(path), &[("csrf", &csrf), ("role", name)]);
            assert_eq!(page.status, 403, "{path} {name}");
            all.push(page.told());
        }
        for path in ["/credentials", "/why"] {
            let page = browser.get(&DEMO.absolute(&format!("{path}?role={name}")));
            assert_eq!(page.status, 403, "{path} {name}");
            all.push(page.text().replace(&page.reference(), "[reference]"));
        }
        all.iter()
            .map(|text| text.replace(name, "[role]"))
            .collect::<Vec<_>>()
    };
    let unknown = told("dev/Nobody");
    assert_eq!(told("dev/Stranger"), unknown);
    assert_eq!(told("dev/Secretive"), unknown);
}

#[test]
fn a_duration_out_of_range_is_refused() {
    let (mut browser, csrf) = signed_in(&DEMO, "ann");
    for duration in ["899", "43201", "-1", "soon"] {
        let fields = [
            ("csrf", csrf.as_str()),
            ("role", "dev/Developer"),
            ("duration", duration),
        ];
        let page = browser.post(&DEMO.absolute("/credentials"), &fields);
        assert_eq!(
            (page.status, DEMO.reason(&page).as_str()),
            (400, "sts.duration"),
            "{duration}"
        );
    }
}

#[test]
fn credentials_end_with_the_sign_in() {
    let broker = Broker::demo();
    let (mut browser, _) = signed_in(&broker, "ann");
    // A person who is there all day: the session stays, and what is left of the sign-in shrinks.
    for _ in 0..12 {
        broker.clock.advance(Duration::minutes(55));
        assert!(!is_sign_in_page(&browser.get(&broker.absolute("/"))));
    }
    let csrf = field(&browser.get(&broker.absolute("/")), "csrf");
    let fields = [
        ("csrf", csrf.as_str()),
        ("role", "dev/Developer"),
        ("duration", "14400"),
    ];
    let page = browser.post(&broker.absolute("/credentials"), &fields);
    assert!(
        page.text()
            .contains("Shortened to 60 minutes: your sign-in ends then.")
    );
}

#[test]
fn why_tells_every_condition() {
    let (mut browser, _) = signed_in(&DEMO, "eve");
    let page = browser.get(&DEMO.absolute("/why"));
    for words in ["dev/Developer", "engineering", "ForAnyValue:StringEquals"] {
        assert!(page.text().contains(words), "{words}");
    }
    for hidden in ["Stranger", "Secretive"] {
        assert!(!page.text().contains(hidden), "{hidden}");
    }
}

// --- forms ----------------------------------------------------------------------------------------------------------

/// Every form of a signed-in person, and what goes into it.
const FORMS: [(&str, &[(&str, &str)]); 3] = [
    ("/credentials", &[("role", "dev/Developer")]),
    ("/console-link", &[("role", "dev/Developer")]),
    ("/signout", &[]),
];

#[track_caller]
fn forged(broker: &Broker, browser: &mut Browser, reply: &Reply) {
    assert_eq!(reply.status, 403, "{}", reply.text());
    assert_eq!(broker.reason(reply), "web.csrf");
    assert!(!reply.text().contains("ASIA"));
    assert!(
        !is_sign_in_page(&browser.get(&broker.absolute("/"))),
        "signed out"
    );
}

#[test]
fn a_form_without_its_token_or_with_another_is_refused() {
    let (mut browser, csrf) = signed_in(&DEMO, "ann");
    let (_, others) = signed_in(&DEMO, "ann");
    for (path, fields) in FORMS {
        for token in [
            None,
            Some(""),
            Some("x"),
            Some(&csrf[1..]),
            Some(others.as_str()),
        ] {
            let token: Vec<_> = token.map(|token| ("csrf", token)).into_iter().collect();
            let fields = [fields, &token].concat();
            let reply = browser.post(&DEMO.absolute(path), &fields);
            forged(&DEMO, &mut browser, &reply);
        }
    }
}

#[test]
fn a_form_from_another_site_is_refused_though_its_token_is_right() {
    let (mut browser, csrf) = signed_in(&DEMO, "ann");
    for (path, fields) in FORMS {
        let fields = [fields, &[("csrf", csrf.as_str())]].concat();
        let post = || DEMO.post(path).form(&fields);
        let cookie = browser.prepare(post(), "x").value("cookie").to_owned();
        let post = || post().header("cookie", &cookie);
        for request in [
            post().header("sec-fetch-site", "cross-site"),
            post().header("sec-fetch-site", "same-site"),
            post()
                .header("sec-fetch-site", "cross-site")
                .header("origin", DEMO.app.urls.origin()),
            post().header("origin", "https://evil.example"),
            post().header("origin", "null"),
            post(),
        ] {
            forged(&DEMO, &mut browser, &request.send());
        }
    }
}

#[test]
fn an_old_browser_that_tells_the_origin_is_believed() {
    let (browser, csrf) = signed_in(&DEMO, "ann");
    let fields = [("csrf", csrf.as_str()), ("role", "dev/Developer")];
    let request = DEMO.post("/credentials").form(&fields);
    let cookie = browser
        .prepare(request.clone(), "x")
        .value("cookie")
        .to_owned();
    let request = request
        .header("cookie", &cookie)
        .header("origin", DEMO.app.urls.origin());
    assert_eq!(request.send().status, 200);
}

#[test]
fn a_field_given_twice_is_refused() {
    let (browser, csrf) = signed_in(&DEMO, "ann");
    let body = format!("csrf={csrf}&role=dev/Developer&role=prod/Administrator");
    let request = DEMO.post("/credentials");
    let request = request.body("application/x-www-form-urlencoded", &body);
    let reply = browser.prepare(request, "same-origin").send();
    assert_eq!(reply.status, 400);
    assert!(!reply.text().contains("ASIA"));
}

#[test]
fn a_form_over_the_limit_is_refused() {
    let (browser, csrf) = signed_in(&DEMO, "ann");
    let filling = "x".repeat(256 * 1024);
    let request = DEMO
        .post("/credentials")
        .form(&[("csrf", &csrf), ("x", &filling)]);
    assert_eq!(browser.prepare(request, "same-origin").send().status, 413);
}

#[test]
fn odd_parameters_are_a_refusal_that_shows_nothing_of_the_inside() {
    let (browser, _) = signed_in(&DEMO, "ann");
    for target in [
        "/credentials?role=a&role=b",
        "/why?role=a&role=b",
        "/go?role=a&role=b",
        "/login/acme?return_to=/a&return_to=/b",
        "/login/%ff",
        "/oidc/%ff/callback",
        "/federation?Action=login&Action=login",
    ] {
        let reply = browser.prepare(DEMO.get(target), "none").send();
        assert!(
            (400..500).contains(&reply.status),
            "{target}: {}",
            reply.status
        );
        let text = reply.text().to_lowercase();
        for inside in [
            "deserialize",
            "query string",
            "axum",
            "serde",
            "utf-8",
            "path argument",
        ] {
            assert!(!text.contains(inside), "{target}: {text}");
        }
    }
}

// --- sessions -------------------------------------------------------------------------------------------------------

const COOKIE: &str = "drawbridge";

#[test]
fn a_cookie_that_was_set_beforehand_never_becomes_a_session() {
    // An id of a session that the attacker has ...
    let (attacker, _) = signed_in(&DEMO, "eve");
    let planted = attacker.cookies[COOKIE].clone();
    // ... in the browser of somebody who then signs in.
    let mut victim = Browser::new();
    victim.cookies.insert(COOKIE.to_owned(), planted.clone());
    victim.sign_in(&DEMO, "ann");
    assert_ne!(victim.cookies[COOKIE], planted);
    // What the attacker holds is not ann's session. It is no session at all any more.
    let mut attacker = Browser::new();
    attacker.cookies.insert(COOKIE.to_owned(), planted);
    assert!(is_sign_in_page(&attacker.get(&DEMO.absolute("/"))));
    // And a made-up one is never taken.
    let mut made_up = Browser::new();
    made_up
        .cookies
        .insert(COOKIE.to_owned(), "made-up".to_owned());
    made_up.sign_in(&DEMO, "ann");
    assert_ne!(made_up.cookies[COOKIE], "made-up");
}

#[test]
fn signing_in_again_ends_the_session_before() {
    let (mut browser, _) = signed_in(&DEMO, "ann");
    let before = browser.clone();
    browser.sign_in(&DEMO, "ann");
    assert_ne!(browser.cookies[COOKIE], before.cookies[COOKIE]);
    let mut before = before;
    assert!(is_sign_in_page(&before.get(&DEMO.absolute("/"))));
}

#[test]
fn signing_out_ends_the_session_for_everybody_who_has_its_cookie() {
    let (mut browser, csrf) = signed_in(&DEMO, "ann");
    let mut copied = browser.clone();
    let page = browser.post(&DEMO.absolute("/signout"), &[("csrf", &csrf)]);
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Signed out"));
    assert!(!browser.cookies.contains_key(COOKIE));
    assert!(is_sign_in_page(&copied.get(&DEMO.absolute("/"))));
    let fields = [("csrf", csrf.as_str()), ("role", "dev/Developer")];
    let page = copied.post(&DEMO.absolute("/credentials"), &fields);
    assert!(is_sign_in_page(&page) && !page.text().contains("ASIA"));
}

#[test]
fn a_session_ends_an_hour_after_its_last_use() {
    let broker = Broker::demo();
    let (mut browser, _) = signed_in(&broker, "ann");
    for minutes in [50, 50, 50] {
        broker.clock.advance(Duration::minutes(minutes));
        assert!(
            !is_sign_in_page(&browser.get(&broker.absolute("/"))),
            "it was used"
        );
    }
    broker.clock.advance(Duration::minutes(61));
    assert!(is_sign_in_page(&browser.get(&broker.absolute("/"))));
}

#[test]
fn a_session_ends_with_the_sign_in_however_much_it_is_used() {
    let broker = Broker::demo();
    let (mut browser, _) = signed_in(&broker, "ann");
    for _ in 0..14 {
        broker.clock.advance(Duration::minutes(50));
        browser.get(&broker.absolute("/"));
    }
    // 11 h 40 min: still there. Half an hour later the twelve hours are over.
    assert!(!is_sign_in_page(&browser.get(&broker.absolute("/"))));
    broker.clock.advance(Duration::minutes(20));
    assert!(is_sign_in_page(&browser.get(&broker.absolute("/"))));
}

#[test]
fn a_cookie_that_was_altered_is_no_session() {
    let (mut browser, _) = signed_in(&DEMO, "ann");
    let cookie = browser.cookies.get_mut(COOKIE).unwrap();
    let middle = cookie.len() / 2;
    let other = if &cookie[middle..=middle] == "A" {
        "B"
    } else {
        "A"
    };
    cookie.replace_range(middle..=middle, other);
    assert!(is_sign_in_page(&browser.get(&DEMO.absolute("/"))));
}

#[test]
fn the_session_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let mut browser = Browser::new();
    let callback = browser.authenticate(&DEMO, "/login/acme", "ann");
    let reply = browser.come_from_elsewhere(&callback);
    let cookies = reply.headers.get_all("set-cookie").iter();
    let mut cookies = cookies.map(|text| cookie::Cookie::parse(text.to_str().unwrap()).unwrap());
    let cookie = cookies.find(|cookie| cookie.name() == COOKIE).unwrap();
    assert_eq!(cookie.http_only(), Some(true));
    assert_eq!(cookie.same_site(), Some(cookie::SameSite::Lax));
    assert_eq!((cookie.path(), cookie.domain()), (Some("/"), None));
}

#[test]
fn over_https_cookies_are_pinned_to_the_host() {
    let issuer = crate::harness::issuer::Issuer::start();
    let broker = Broker::known_as(
        Some("https://sso.example.com"),
        &format!(
            "[[idp]]\nid = \"people\"\nkind = \"oidc\"\nname = \"People\"\nissuer = \"{}\"\nclient_id = \"c\"\n",
            issuer.url
        ),
    );
    let request = broker.get("/login/people").with("host", "sso.example.com");
    let reply = request.send();
    let cookie = cookie::Cookie::parse(reply.header("set-cookie")).unwrap();
    assert!(cookie.name().starts_with("__Host-drawbridge-login-"));
    assert_eq!((cookie.secure(), cookie.path()), (Some(true), Some("/")));
    assert_eq!(
        reply.header("strict-transport-security"),
        "max-age=31536000"
    );
    // Whatever host the connection came through, links are made from the public URL.
    assert!(
        reply
            .header("location")
            .contains("redirect_uri=https%3A%2F%2Fsso.example.com%2Foidc")
    );
    let loopback = broker.get("/").send();
    assert_eq!(loopback.status, 421);
}

// --- console links --------------------------------------------------------------------------------------------------

/// The link that the portal makes for a role.
#[track_caller]
fn console_link(broker: &Broker, browser: &mut Browser, role: &str) -> String {
    let csrf = field(&browser.get(&broker.absolute("/")), "csrf");
    let reply = browser.post(
        &broker.absolute("/console-link"),
        &[("csrf", &csrf), ("role", role)],
    );
    assert_eq!(reply.status, 303, "{}", reply.text());
    reply.header("location").to_owned()
}

#[test]
fn a_console_link_lands_in_the_console() {
    let (mut browser, _) = signed_in(&DEMO, "ann");
    let link = console_link(&DEMO, &mut browser, "prod/ReadOnly");
    let landed = browser.get(&DEMO.absolute(&link));
    assert_eq!(
        (landed.status, landed.header("location")),
        (303, "/console")
    );
    let console = browser.get(&DEMO.absolute("/console"));
    assert_eq!(console.status, 200);
    let arn = format!("arn:aws:sts::{PROD}:assumed-role/ReadOnly/ann@acme.example");
    assert!(console.text().contains(&arn));
    assert!(!console.text().contains("ASIA"));
}

#[test]
fn a_console_link_is_good_for_one_login() {
    let (mut browser, _) = signed_in(&DEMO, "ann");
    let link = console_link(&DEMO, &mut browser, "dev/Developer");
    assert_eq!(Browser::new().get(&DEMO.absolute(&link)).status, 303);
    let mut second = Browser::new();
    assert_eq!(second.get(&DEMO.absolute(&link)).status, 403);
    assert_eq!(second.get(&DEMO.absolute("/console")).status, 403);
}

#[test]
fn a_console_link_that_many_run_for_is_won_by_one() {
    let (mut browser, _) = signed_in(&DEMO, "ann");
    let link = DEMO.absolute(&console_link(&DEMO, &mut browser, "dev/Developer"));
    let won = std::thread::scope(|threads| {
        let runners: Vec<_> = (0..8)
            .map(|_| threads.spawn(|| Browser::new().get(&link).status))
            .collect();
        let landed = runners.into_iter().map(|runner| runner.join().unwrap());
        landed.filter(|status| *status == 303).count()
    });
    assert_eq!(won, 1);
}

#[test]
fn a_console_link_is_good_for_fifteen_minutes() {
    let broker = Broker::demo();
    let (mut browser, _) = signed_in(&broker, "ann");
    let (one, two) = (
        console_link(&broker, &mut browser, "dev/Developer"),
        console_link(&broker, &mut browser, "dev/Developer"),
    );
    broker.clock.advance(Duration::seconds(899));
    assert_eq!(Browser::new().get(&broker.absolute(&one)).status, 303);
    broker.clock.advance(Duration::seconds(1));
    assert_eq!(Browser::new().get(&broker.absolute(&two)).status, 403);
}

#[test]
fn a_console_link_that_was_altered_is_refused() {
    let (mut browser, _) = signed_in(&DEMO, "ann");
    let link = console_link(&DEMO, &mut browser, "dev/Developer");
    for other in [
        format!("{link}A"),
        link[..link.len() - 1].to_owned(),
        "/federation?Action=login".to_owned(),
        "/federation?Action=login&SigninToken=".to_owned(),
    ] {
        let mut browser = Browser::new();
        let reply = browser.get(&DEMO.absolute(&other));
        assert_eq!(reply.status, 403, "{other}");
        assert!(browser.cookies.is_empty());
    }
}

#[test]
fn a_console_link_leads_to_our_console_alone() {
    let (mut browser, _) = signed_in(&DEMO, "ann");
    let link = console_link(&DEMO, &mut browser, "dev/Developer");
    let token = crate::harness::browser::parameter(&DEMO.absolute(&link), "SigninToken");
    let origin = DEMO.app.urls.origin().to_owned();
    for elsewhere in [
        "https://evil.example/console".to_owned(),
        "//evil.example".to_owned(),
        format!("{origin}.evil.example/console"),
        format!("{origin}@evil.example/console"),
        format!("{origin}/consoles"),
        format!("{origin}/"),
        "/".to_owned(),
        "javascript:alert(1)".to_owned(),
    ] {
        let fields = [
            ("Action", "login"),
            ("Destination", &elsewhere),
            ("SigninToken", &token),
        ];
        let target = format!("/federation?{}", crate::harness::http::form(&fields));
        let reply = Browser::new().get(&DEMO.absolute(&target));
        assert_eq!(reply.status, 400, "{elsewhere}");
    }
    // None of that used the link up.
    assert_eq!(Browser::new().get(&DEMO.absolute(&link)).status, 303);
}

/// Makes a sign-in token as other people's tools do.
fn signin_token(session: &str) -> Reply {
    let fields = [("Action", "getSigninToken"), ("Session", session)];
    DEMO.post("/federation").form(&fields).send()
}

fn session_json(who: &Credentials) -> serde_json::Value {
    let token = who.session_token.as_ref().unwrap().expose();
    json!({
        "sessionId": who.access_key_id,
        "sessionKey": who.secret_access_key.expose(),
        "sessionToken": token,
    })
}

#[test]
fn tools_make_console_links_with_credentials() {
    let role = format!("arn:aws:iam::{DEV}:role/Developer");
    let session = DEMO.session_of(&role, |_| {});
    let reply = signin_token(&session_json(&session).to_string());
    let token = reply.json()["SigninToken"].as_str().unwrap().to_owned();
    let console = DEMO.absolute("/console");
    let fields = [
        ("Action", "login"),
        ("Destination", console.as_str()),
        ("SigninToken", &token),
    ];
    let target = format!("/federation?{}", crate::harness::http::form(&fields));
    let mut browser = Browser::new();
    assert_eq!(browser.get(&DEMO.absolute(&target)).status, 303);
    assert_eq!(browser.get(&console).status, 200);
}

#[test]
fn credentials_that_do_not_hold_together_make_no_link() {
    let role = format!("arn:aws:iam::{DEV}:role/Developer");
    let (one, two) = (
        DEMO.session_of(&role, |_| {}),
        DEMO.session_of(&role, |_| {}),
    );
    let ended = DEMO.session_of(&role, |session| session.expires_at = DEMO.clock.unix());
    let good = session_json(&one);
    let mut bodies = vec!["{}".to_owned(), "[]".to_owned(), "x".to_owned()];
    for name in ["sessionId", "sessionKey", "sessionToken"] {
        for value in [session_json(&two)[name].clone(), json!(""), json!(null)] {
            let mut spoiled = good.clone();
            spoiled[name] = value;
            bodies.push(spoiled.to_string());
        }
    }
    bodies.push(session_json(&ended).to_string());
    for body in bodies {
        let reply = signin_token(&body);
        assert_eq!(
            (reply.status, reply.text()),
            (400, "Invalid credentials parameter\n"),
            "{body}"
        );
    }
}

#[test]
fn a_federation_request_that_is_none_is_refused() {
    for target in [
        "/federation",
        "/federation?Action=logout",
        "/federation?Action=getSigninToken",
        "/federation?Action=getSigninToken&Session={}&SessionDuration=899",
        "/federation?Action=getSigninToken&Session={}&SessionDuration=soon",
    ] {
        assert_eq!(DEMO.get(target).send().status, 400, "{target}");
    }
}

#[test]
fn the_console_ends_with_its_credentials() {
    let broker = Broker::demo();
    let (mut browser, _) = signed_in(&broker, "ann");
    let link = console_link(&broker, &mut browser, "dev/Developer");
    let mut console = Browser::new();
    console.get(&broker.absolute(&link));
    broker.clock.advance(Duration::seconds(3599));
    assert_eq!(console.get(&broker.absolute("/console")).status, 200);
    broker.clock.advance(Duration::seconds(1));
    assert_eq!(console.get(&broker.absolute("/console")).status, 403);
}

#[test]
fn leaving_the_console_takes_a_form_of_the_console() {
    let (mut browser, portals) = signed_in(&DEMO, "ann");
    let link = console_link(&DEMO, &mut browser, "dev/Developer");
    browser.get(&DEMO.absolute(&link));
    let url = DEMO.absolute("/console");
    let csrf = field(&browser.get(&url), "csrf");
    let leave = DEMO.absolute("/console/signout");
    for token in ["", "x", portals.as_str()] {
        assert_eq!(browser.post(&leave, &[("csrf", token)]).status, 403);
        assert_eq!(browser.get(&url).status, 200);
    }
    let request = DEMO.post("/console/signout").form(&[("csrf", &csrf)]);
    assert_eq!(browser.prepare(request, "cross-site").send().status, 403);
    assert_eq!(browser.post(&leave, &[("csrf", &csrf)]).status, 303);
    assert_eq!(browser.get(&url).status, 403);
}

#[test]
fn a_copy_of_the_consoles_cookie_ends_with_its_session() {
    let (mut browser, _) = signed_in(&DEMO, "ann");
    let link = console_link(&DEMO, &mut browser, "dev/Developer");
    browser.get(&DEMO.absolute(&link));
    let url = DEMO.absolute("/console");
    let csrf = field(&browser.get(&url), "csrf");
    let mut thief = browser.clone();
    assert_eq!(thief.get(&url).status, 200);
    browser.post(&DEMO.absolute("/console/signout"), &[("csrf", &csrf)]);
    assert_eq!(thief.get(&url).status, 403);
}

#[test]
fn the_portals_cookie_is_not_the_consoles() {
    let (mut browser, _) = signed_in(&DEMO, "ann");
    let portal = browser.cookies[COOKIE].clone();
    browser
        .cookies
        .insert("drawbridge-console".to_owned(), portal);
    assert_eq!(browser.get(&DEMO.absolute("/console")).status, 403);
}

#[test]
fn a_session_token_is_not_the_consoles_cookie() {
    let role = format!("arn:aws:iam::{DEV}:role/Developer");
    let session = DEMO.session_of(&role, |_| {});
    let token = session.session_token.unwrap().expose().clone();
    let mut browser = Browser::new();
    browser
        .cookies
        .insert("drawbridge-console".to_owned(), token.clone());
    assert_eq!(browser.get(&DEMO.absolute("/console")).status, 403);
    let target = format!("/federation?Action=login&SigninToken={token}");
    assert_eq!(browser.get(&DEMO.absolute(&target)).status, 403);
}

// --- deep links -----------------------------------------------------------------------------------------------------

#[test]
fn a_deep_link_goes_on_after_sign_in() {
    let mut browser = Browser::new();
    let page = browser.get(&DEMO.absolute("/go?account=dev&role=Developer"));
    assert!(is_sign_in_page(&page));
    let login = "/login/acme?return_to=/credentials%3Frole%3Ddev/Developer";
    assert!(page.text().contains(login), "{}", page.text());
    let callback = browser.authenticate(&DEMO, login, "ann");
    let landed = browser.come_from_elsewhere(&callback);
    assert_eq!(landed.header("location"), "/credentials?role=dev/Developer");
    let go = |target: &str, browser: &mut Browser| {
        browser
            .get(&DEMO.absolute(target))
            .header("location")
            .to_owned()
    };
    let arn = format!("/credentials?role=arn:aws:iam::{DEV}:role/Developer");
    assert_eq!(
        go(&format!("/go?account={DEV}&role=Developer"), &mut browser),
        arn
    );
    assert_eq!(
        go("/go?role=deploy", &mut browser),
        "/credentials?role=deploy"
    );
    assert_eq!(go("/go", &mut browser), "/");
    assert_eq!(go("/start", &mut browser), "/");
    // Whatever is in it, it stays a parameter.
    let odd = go("/go?role=//evil.example/%26x%3Dy", &mut browser);
    assert!(
        odd.starts_with("/credentials?role=") && !odd.contains('&'),
        "{odd}"
    );
}

// --- every route ----------------------------------------------------------------------------------------------------

/// Every route of the router, read from where they are listed.
fn routes() -> Vec<String> {
    let source = include_str!("../../src/http/mod.rs");
    // The formatter may put the path on a line of its own.
    let routes = source.split(".route(").skip(1);
    let routes: Vec<String> = routes
        .map(|rest| rest.split('"').nth(1).unwrap())
        .map(|route| route.replace("{*role}", "deploy").replace("{idp}", "acme"))
        .map(|route| route.replace("{name}", "app.css"))
        .collect();
    assert!(
        routes.len() >= 18 && routes.iter().all(|route| !route.contains('{')),
        "{routes:?}"
    );
    routes
}

#[test]
fn every_answer_of_every_route_has_its_headers() {
    let (browser, _) = signed_in(&DEMO, "ann");
    let anonymous = Browser::new();
    let mut pages = 0;
    for route in routes()
        .iter()
        .map(String::as_str)
        .chain(["/nothing-here", "/static/none"])
    {
        for method in [
            "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE",
        ] {
            for browser in [&browser, &anonymous] {
                let request = Request::new(&DEMO.address, method, route);
                let reply = browser.prepare(request, "same-origin").send();
                let place = format!("{method} {route}: {}", reply.status);
                assert_ne!(reply.status, 500, "{place}");
                assert_eq!(reply.header("x-content-type-options"), "nosniff", "{place}");
                let published = [
                    "/.well-known/openid-configuration",
                    "/oauth2/jwks",
                    "/saml/idp/metadata",
                ];
                let kept = route.starts_with("/static/") || published.contains(&route);
                if !kept {
                    assert_eq!(reply.header("cache-control"), "no-store", "{place}");
                }
                for name in reply.headers.keys() {
                    let shared = name.as_str().starts_with("access-control-");
                    assert!(!shared || published.contains(&route), "{place} {name}");
                    assert_ne!(name.as_str(), "server", "{place}");
                }
                if reply.header("content-type").starts_with("text/html") {
                    pages += 1;
                    has_headers_of_a_page(&reply, &place);
                }
            }
        }
    }
    assert!(pages > 20, "{pages}");
}

#[track_caller]
fn has_headers_of_a_page(reply: &Reply, place: &str) {
    let policy = reply.header("content-security-policy");
    let directives: Vec<&str> = policy.split("; ").collect();
    for directive in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(directives.contains(&directive), "{place}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{place}: {policy}");
    for (name, value) in [
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(reply.header(name), value, "{place} {name}");
    }
    assert!(!reply.header("permissions-policy").is_empty(), "{place}");
    // Plain http on this machine: there is nothing to pin.
    assert_eq!(reply.header("strict-transport-security"), "", "{place}");
}

#[test]
fn a_host_that_is_not_ours_is_sent_away() {
    let (browser, _) = signed_in(&DEMO, "ann");
    let port = DEMO.address.rsplit_once(':').unwrap().1;
    for route in routes() {
        for host in [
            "evil.example".to_owned(),
            format!("evil.example:{port}"),
            "127.0.0.1:1".to_owned(),
            "127.0.0.1".to_owned(),
            format!("127.0.0.1.evil.example:{port}"),
            String::new(),
        ] {
            let request = DEMO.get(&route).with("host", &host);
            let reply = browser.prepare(request, "none").send();
            match route.as_str() {
                // Load balancers ask by address.
                "/healthz" | "/readyz" => assert_eq!(reply.status, 200),
                _ => assert_eq!(reply.status, 421, "{route} {host}"),
            }
        }
    }
}

#[test]
fn no_host_and_two_hosts_are_sent_away() {
    let without = raw(
        &DEMO.address,
        b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n",
    );
    assert!([400, 421].contains(&without.status), "{}", without.status);
    let twice = DEMO.get("/").header("host", &DEMO.address).send();
    assert!([400, 421].contains(&twice.status), "{}", twice.status);
}

#[test]
fn forwarding_headers_make_no_links() {
    let request = DEMO.get("/login/acme");
    let request = request.header("x-forwarded-host", "evil.example");
    let request = request.header("forwarded", "host=evil.example;proto=https");
    let reply = request.header("x-forwarded-proto", "https").send();
    assert!(!reply.header("location").contains("evil"));
    let redirect = crate::harness::browser::parameter(reply.header("location"), "redirect_uri");
    assert_eq!(redirect, DEMO.absolute("/oidc/acme/callback"));
}

#[test]
fn another_name_of_this_machine_serves_programs_and_sends_browsers_home() {
    let port = DEMO.address.rsplit_once(':').unwrap().1;
    let localhost = format!("localhost:{port}");
    let program = DEMO.get("/v1/creds/deploy").with("host", &localhost).send();
    assert_eq!(program.status, 401);
    let request = DEMO.get("/why?role=x").with("host", &localhost);
    let reply = Browser::new().prepare(request, "none").send();
    assert_eq!(
        (reply.status, reply.header("location")),
        (307, DEMO.absolute("/why?role=x").as_str())
    );
}

#[test]
fn what_is_not_there_is_a_page_for_people_and_json_for_programs() {
    let page = Browser::new().get(&DEMO.absolute("/nothing"));
    assert_eq!(page.status, 404);
    assert!(page.header("content-type").starts_with("text/html"));
    let program = DEMO.get("/nothing").send();
    assert_eq!(
        (program.status, program.json()["error"].as_str()),
        (404, Some("not_found"))
    );
}

#[test]
fn the_embedded_console_shows_policies_as_text() {
    let policy = allow(&["s3:Get</pre><script>*"], &["*"]);
    let role = format!("arn:aws:iam::{DEV}:role/Developer");
    let session = DEMO.session_of(&role, |session| session.inline_policy = Some(policy));
    let reply = signin_token(&session_json(&session).to_string());
    let token = reply.json()["SigninToken"].as_str().unwrap().to_owned();
    let mut browser = Browser::new();
    browser.get(&DEMO.absolute(&format!("/federation?Action=login&SigninToken={token}")));
    let page = browser.get(&DEMO.absolute("/console"));
    assert!(page.text().contains("s3:Get") && !page.text().contains("</pre><script>"));
}

//! The code flow, once well and then with one thing spoilt at a time.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::*;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// RFC 7636 appendix B.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// `/acme/authorize` with these parameters instead of, or beside, the usual ones; `""` leaves one out.
fn authorize(changes: &[(&str, &str)]) -> String {
    let mut params = BTreeMap::from([
        ("client_id", "drawbridge"),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid profile email"),
        ("state", "st&te"),
        ("nonce", "n-1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    params.extend(changes.iter().copied());
    params.retain(|_, value| !value.is_empty());
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(params)
        .finish();
    format!("/acme/authorize?{query}")
}

/// The value of a hidden field.
fn field(page: &Answer, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = page
        .body
        .split_once(&start)
        .unwrap_or_else(|| panic!("no {name}: {}", page.body));
    rest.split('"').next().unwrap().to_owned()
}

fn is_form(page: &Answer) -> bool {
    page.body.contains("name=\"password\"")
}

async fn fill(it: &mut Provider, page: &Answer, name: &str, password: &str) -> Answer {
    let (csrf, request) = (field(page, "csrf"), field(page, "request"));
    let form = [
        ("csrf", csrf.as_str()),
        ("request", &request),
        ("username", name),
        ("password", password),
    ];
    it.post("/acme/sign-in", &form, &[]).await
}

/// Signs ann in and gives the code.
async fn code(it: &mut Provider, changes: &[(&str, &str)]) -> String {
    let page = it.get(&authorize(changes)).await;
    let back = fill(it, &page, "ann", "ann").await.sent_back();
    back["code"].clone()
}

fn basic(id: &str, secret: &str) -> String {
    let encode =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(id), encode(secret));
    format!("Basic {}", STANDARD.encode(pair))
}

/// The token request with these parameters instead of the usual ones.
async fn redeem(it: &mut Provider, code: &str, changes: &[(&str, &str)]) -> Answer {
    let authorization = basic("drawbridge", "s3cr:et+ %");
    redeem_as(it, code, changes, &[("authorization", &authorization)]).await
}

async fn redeem_as(
    it: &mut Provider,
    code: &str,
    changes: &[(&str, &str)],
    headers: &[(&str, &str)],
) -> Answer {
    let mut params = BTreeMap::from([
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]);
    params.extend(changes.iter().copied());
    let params: Vec<_> = params.into_iter().collect();
    it.post("/acme/token", &params, headers).await
}

fn token_error(answer: &Answer) -> (u16, String) {
    let error = answer.json()["error"].as_str().unwrap().to_owned();
    (answer.status.as_u16(), error)
}

#[tokio::test]
async fn a_person_signs_in_and_the_relying_party_learns_who_it_is() {
    let mut it = provider();
    let page = it.get(&authorize(&[])).await;
    assert_eq!(page.status, StatusCode::OK);
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("form-action 'self' http://127.0.0.1:8080;"),
        "{policy}"
    );
    it.later(5);
    let back = fill(&mut it, &page, "ann", "ann").await.sent_back();
    assert_eq!(back["state"], "st&te");
    assert_eq!(back["iss"], "http://127.0.0.1:8081/acme");

    let answer = redeem(&mut it, &back["code"], &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "Bearer");
    let access_token = tokens["access_token"].as_str().unwrap();
    let id_token = tokens["id_token"].as_str().unwrap();
    let verified = it
        .verify(id_token, "/acme", "drawbridge", Algorithm::Rs256)
        .await;
    let claims = Value::Object(verified.claims().clone());
    assert_eq!(claims["sub"], "ann");
    assert_eq!(claims["nonce"], "n-1");
    assert_eq!(claims["auth_time"], NOW + 5);
    assert_eq!(claims["exp"], NOW + 5 + 600);
    assert_eq!(claims["amr"], serde_json::json!(["pwd"]));
    assert_eq!(claims["email_verified"], true);
    assert_eq!(
        claims["groups"],
        serde_json::json!(["engineering", "admins"])
    );
    let half = &Sha256::digest(access_token)[..16];
    assert_eq!(claims["at_hash"], URL_SAFE_NO_PAD.encode(half));

    let bearer = format!("Bearer {access_token}");
    let about = it
        .post("/acme/userinfo", &[], &[("authorization", &bearer)])
        .await
        .json();
    assert_eq!(about["sub"], "ann");
    assert_eq!(about["email"], "ann@acme.example");
    it.later(600);
    let late = it
        .post("/acme/userinfo", &[], &[("authorization", &bearer)])
        .await;
    assert_eq!(late.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_public_client_proves_itself_by_pkce_alone() {
    let mut it = provider();
    let one = code(&mut it, &[("client_id", "public")]).await;
    let answer = redeem_as(&mut it, &one, &[("client_id", "public")], &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

#[tokio::test]
async fn what_is_wrong_with_the_client_is_told_to_the_person_and_sends_nobody_anywhere() {
    let mut it = provider();
    for changes in [
        [("client_id", "")],
        [("client_id", "nobody")],
        [("redirect_uri", "")],
        [("redirect_uri", "http://127.0.0.1:8080/oidc/acme/callback/")],
        [(
            "redirect_uri",
            "http://127.0.0.1:8080/oidc/acme/callback?x=1",
        )],
        [("redirect_uri", "https://evil.example/")],
    ] {
        let page = it.get(&authorize(&changes)).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{changes:?}");
        assert!(
            page.headers.get("location").is_none() && !is_form(&page),
            "{changes:?}"
        );
    }
    let twice = authorize(&[]) + "&state=other";
    assert_eq!(it.get(&twice).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_is_wrong_with_the_request_is_told_to_the_client() {
    let mut it = provider();
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "", "unsupported_response_type"),
        ("response_mode", "fragment", "invalid_request"),
        ("scope", "profile", "invalid_scope"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("prompt", "none login", "invalid_request"),
        ("prompt", "sometimes", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("max_age", "soon", "invalid_request"),
        ("request", "e30.e30.", "request_not_supported"),
        (
            "request_uri",
            "https://x.example",
            "request_uri_not_supported",
        ),
    ] {
        let back = it.get(&authorize(&[(name, value)])).await.sent_back();
        assert_eq!(back["error"], error, "{name}={value}");
        assert_eq!(back["state"], "st&te");
        assert_eq!(back["iss"], "http://127.0.0.1:8081/acme");
        assert!(!back.contains_key("code"));
    }
}

#[tokio::test]
async fn a_wrong_password_gets_the_form_again_and_the_right_one_then_works() {
    let mut it = provider();
    let page = it.get(&authorize(&[])).await;
    for (name, password) in [
        ("ann", "bob"),
        ("ann", ""),
        ("nobody", ""),
        ("", ""),
        ("Ann", "ann"),
    ] {
        let again = fill(&mut it, &page, name, password).await;
        assert_eq!(again.status, StatusCode::FORBIDDEN, "{name}");
        assert!(
            is_form(&again) && again.body.contains("do not go together"),
            "{name}"
        );
    }
    assert!(
        fill(&mut it, &page, "ann", "ann")
            .await
            .sent_back()
            .contains_key("code")
    );
}

#[tokio::test]
async fn guessing_is_slowed_down_for_that_name_and_for_a_minute() {
    let mut it = provider();
    let page = it.get(&authorize(&[])).await;
    for _ in 0..10 {
        assert_eq!(
            fill(&mut it, &page, "ann", "x").await.status,
            StatusCode::FORBIDDEN
        );
    }
    let slowed = fill(&mut it, &page, "ann", "ann").await;
    assert_eq!(slowed.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(slowed.header("retry-after"), "60");
    it.later(60);
    assert!(
        fill(&mut it, &page, "ann", "ann")
            .await
            .sent_back()
            .contains_key("code")
    );
}

#[tokio::test]
async fn a_form_works_once() {
    let mut it = provider();
    let page = it.get(&authorize(&[])).await;
    assert!(
        fill(&mut it, &page, "ann", "ann")
            .await
            .sent_back()
            .contains_key("code")
    );
    let again = fill(&mut it, &page, "ann", "ann").await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_form_ends_after_ten_minutes() {
    let mut it = provider();
    let page = it.get(&authorize(&[])).await;
    it.later(600);
    assert_eq!(
        fill(&mut it, &page, "ann", "ann").await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn a_form_of_another_browser_is_refused() {
    let mut it = provider();
    let page = it.get(&authorize(&[])).await;
    it.cookies.clear();
    assert_eq!(
        fill(&mut it, &page, "ann", "ann").await.status,
        StatusCode::FORBIDDEN
    );
    it.get(&authorize(&[])).await;
    assert_eq!(
        fill(&mut it, &page, "ann", "ann").await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn a_form_posted_by_another_site_or_without_its_value_is_refused() {
    let mut it = provider();
    let page = it.get(&authorize(&[])).await;
    let (csrf, request) = (field(&page, "csrf"), field(&page, "request"));
    let form = |csrf: &'static str| [("csrf", csrf), ("username", "ann"), ("password", "ann")];
    for wrong in ["", "x"] {
        let mut form = form(wrong).to_vec();
        form.push(("request", &request));
        let answer = it.post("/acme/sign-in", &form, &[]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{wrong}");
    }
    let good = [
        ("csrf", &*csrf),
        ("request", &request),
        ("username", "ann"),
        ("password", "ann"),
    ];
    for site in ["cross-site", "same-site"] {
        let answer = it
            .post("/acme/sign-in", &good, &[("sec-fetch-site", site)])
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{site}");
    }
    let answer = it
        .post("/acme/sign-in", &good, &[("sec-fetch-site", "same-origin")])
        .await;
    assert!(answer.sent_back().contains_key("code"));
}

#[tokio::test]
async fn a_second_sign_in_needs_no_password() {
    let mut it = provider();
    code(&mut it, &[]).await;
    it.later(100);
    let back = it.get(&authorize(&[("prompt", "none")])).await.sent_back();
    let tokens = redeem(&mut it, &back["code"], &[]).await.json();
    let token = tokens["id_token"].as_str().unwrap();
    let verified = it
        .verify(token, "/acme", "drawbridge", Algorithm::Rs256)
        .await;
    assert_eq!(verified.claims()["auth_time"], NOW);
    assert_eq!(verified.claims()["iat"], NOW + 100);
    it.later(8 * 3600);
    assert!(is_form(&it.get(&authorize(&[])).await));
}

#[tokio::test]
async fn prompt_none_without_a_session_is_login_required() {
    let back = provider()
        .get(&authorize(&[("prompt", "none")]))
        .await
        .sent_back();
    assert_eq!(back["error"], "login_required");
}

#[tokio::test]
async fn prompt_login_and_an_old_session_ask_for_the_password_again() {
    let mut it = provider();
    code(&mut it, &[]).await;
    let at_once = it.get(&authorize(&[("max_age", "0")])).await;
    assert!(is_form(&at_once), "within the same second, too");
    it.later(100);
    for (changes, form) in [
        ([("prompt", "login")], true),
        ([("prompt", "select_account")], true),
        ([("prompt", "consent")], false),
        ([("max_age", "0")], true),
        ([("max_age", "99")], true),
        ([("max_age", "100")], false),
    ] {
        assert_eq!(
            is_form(&it.get(&authorize(&changes)).await),
            form,
            "{changes:?}"
        );
    }
    let old = [("max_age", "99"), ("prompt", "none")];
    assert_eq!(
        it.get(&authorize(&old)).await.sent_back()["error"],
        "login_required"
    );
}

#[tokio::test]
async fn signing_out_ends_the_session_here_and_goes_back_to_the_broker_alone() {
    let mut it = provider();
    code(&mut it, &[]).await;
    let before = it.cookies.clone();
    let target = format!("/acme/end_session?post_logout_redirect_uri={BROKER}/signed-out&state=x");
    let answer = it.get(&target).await;
    assert_eq!(
        answer.header("location"),
        format!("{BROKER}/signed-out?state=x")
    );
    it.cookies = before;
    assert!(
        is_form(&it.get(&authorize(&[])).await),
        "the old cookie is worth nothing"
    );

    for target in [
        "https://evil.example/",
        "http://127.0.0.1:8080@evil.example/",
        "javascript:alert(1)",
    ] {
        let answer = it
            .get(&format!(
                "/acme/end_session?post_logout_redirect_uri={target}"
            ))
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{target}");
        assert!(answer.headers.get("location").is_none());
    }
    assert_eq!(it.get("/acme/end_session").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_code_works_once_even_if_the_first_attempt_failed() {
    let mut it = provider();
    let good = code(&mut it, &[]).await;
    assert_eq!(redeem(&mut it, &good, &[]).await.status, StatusCode::OK);
    assert_eq!(
        token_error(&redeem(&mut it, &good, &[]).await),
        (400, "invalid_grant".into())
    );

    let burnt = code(&mut it, &[("prompt", "login")]).await;
    redeem(&mut it, &burnt, &[("code_verifier", CHALLENGE)]).await;
    assert_eq!(
        token_error(&redeem(&mut it, &burnt, &[]).await),
        (400, "invalid_grant".into())
    );
}

#[tokio::test]
async fn a_code_ends_after_a_minute() {
    let mut it = provider();
    let late = code(&mut it, &[]).await;
    it.later(60);
    assert_eq!(
        token_error(&redeem(&mut it, &late, &[]).await),
        (400, "invalid_grant".into())
    );
}

#[tokio::test]
async fn a_code_needs_the_verifier_and_redirect_uri_it_was_asked_for_with() {
    for changes in [
        ("code_verifier", ""),
        ("code_verifier", "short"),
        ("code_verifier", CHALLENGE),
        ("redirect_uri", ""),
        ("redirect_uri", "http://127.0.0.1:8080/"),
    ] {
        let mut it = provider();
        let code = code(&mut it, &[]).await;
        let refused = redeem(&mut it, &code, &[changes]).await;
        assert_eq!(
            token_error(&refused),
            (400, "invalid_grant".into()),
            "{changes:?}"
        );
    }
}

#[tokio::test]
async fn a_code_of_one_client_is_worth_nothing_to_another() {
    let mut it = provider();
    let code = code(&mut it, &[]).await;
    let refused = redeem_as(&mut it, &code, &[("client_id", "public")], &[]).await;
    assert_eq!(token_error(&refused), (400, "invalid_grant".into()));
}

#[tokio::test]
async fn a_client_that_does_not_prove_itself_is_refused() {
    let mut it = provider();
    let code = code(&mut it, &[]).await;
    let wrong = basic("drawbridge", "wrong");
    let of_public = basic("public", "");
    let nobody = basic("nobody", "x");
    let unescaped = format!("Basic {}", STANDARD.encode("drawbridge:s3cr:et+ %"));
    for authorization in [
        &wrong, &of_public, &nobody, &unescaped, "Bearer x", "Basic !",
    ] {
        let refused = redeem_as(&mut it, &code, &[], &[("authorization", authorization)]).await;
        assert_eq!(
            token_error(&refused),
            (401, "invalid_client".into()),
            "{authorization}"
        );
        assert!(refused.header("www-authenticate").starts_with("Basic"));
    }
    for changes in [
        vec![],
        vec![("client_id", "drawbridge")],
        vec![("client_id", "drawbridge"), ("client_secret", "s3cr:et+ %")],
    ] {
        let refused = redeem_as(&mut it, &code, &changes, &[]).await;
        assert_eq!(
            token_error(&refused),
            (401, "invalid_client".into()),
            "{changes:?}"
        );
    }
    assert_eq!(
        redeem(&mut it, &code, &[]).await.status,
        StatusCode::OK,
        "the code was not touched"
    );
}

#[tokio::test]
async fn another_grant_and_a_repeated_parameter_are_refused() {
    let mut it = provider();
    let refused = redeem(&mut it, "x", &[("grant_type", "password")]).await;
    assert_eq!(
        token_error(&refused),
        (400, "unsupported_grant_type".into())
    );
    let authorization = basic("drawbridge", "s3cr:et+ %");
    let twice = [("code", "a"), ("code", "b")];
    let refused = it
        .post("/acme/token", &twice, &[("authorization", &authorization)])
        .await;
    assert_eq!(token_error(&refused), (400, "invalid_request".into()));
}

#[tokio::test]
async fn a_reset_forgets_who_was_signed_in() {
    let mut it = provider();
    let before = code(&mut it, &[]).await;
    it.idp.reset();
    assert!(is_form(&it.get(&authorize(&[])).await));
    assert_eq!(
        token_error(&redeem(&mut it, &before, &[]).await),
        (400, "invalid_grant".into())
    );
}

//! The SAML provider as a browser and a service provider see it: once well, and then with one thing spoilt at a time.

mod logout;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::saml::certificate::Certificate;
use crate::saml::metadata::{IdpMetadata, Reading};
use crate::saml::names;
use crate::saml::redirect::{self, Kind};
use crate::saml::request::AuthnRequest;
use crate::saml::response::{Expectations, Expected, InResponseTo, Provider as Trusted, verify};
use crate::saml::self_signed::{Subject, self_signed};
use crate::saml::{Credential, SamlError, SigningKey, VerifiedAssertion, form, sign};

const ENTITY: &str = "http://127.0.0.1:8081/contoso/metadata";
const SSO: &str = "http://127.0.0.1:8081/contoso/sso";
const SP: &str = "http://127.0.0.1:8080/saml/contoso/metadata";
const ACS: &str = "http://127.0.0.1:8080/saml/contoso/acs";
const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";

fn plain() -> AuthnRequest<'static> {
    AuthnRequest {
        id: "_request",
        issued_at: NOW,
        issuer: SP,
        destination: SSO,
        acs_url: ACS,
        name_id_format: None,
        force_authn: false,
        authn_contexts: &[],
    }
}

fn written(request: &AuthnRequest<'_>) -> String {
    request.element().unwrap().canonical().unwrap()
}

/// Where the service provider sends the browser, as a path here.
fn to_sso(document: &str, relay_state: Option<&str>, key: Option<&SigningKey>) -> String {
    let url = redirect::url(SSO, Kind::Request, document, relay_state, key).unwrap();
    url.strip_prefix(BASE).unwrap().to_owned()
}

fn is_form(page: &Answer) -> bool {
    page.body.contains("name=\"password\"")
}

fn find(page: &Answer, name: &str) -> Option<String> {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.body.split_once(&start)?;
    // What askama escapes in what we put in.
    let value = rest.split('"').next()?;
    Some(
        value
            .replace("&#38;", "&")
            .replace("&#34;", "\"")
            .replace("&#60;", "<")
            .replace("&#62;", ">"),
    )
}

async fn fill(it: &mut Provider, page: &Answer, name: &str, password: &str) -> Answer {
    let field = |name| find(page, name).unwrap_or_else(|| panic!("no {name}: {}", page.body));
    let (csrf, request) = (field("csrf"), field("request"));
    let form = [
        ("csrf", csrf.as_str()),
        ("request", &request),
        ("username", name),
        ("password", password),
    ];
    it.post("/contoso/sign-in", &form, &[]).await
}

/// The response that a page posts.
fn posted(page: &Answer) -> Vec<u8> {
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(
        page.body.contains(&format!("action=\"{ACS}\" data-send")),
        "{}",
        page.body
    );
    form::decode(&find(page, "SAMLResponse").unwrap()).unwrap()
}

/// The keys of the metadata, read as the broker reads it.
async fn trusted_keys(it: &mut Provider) -> Vec<Certificate> {
    let metadata = it.get("/contoso/metadata").await;
    let reading = Reading {
        http_on_loopback: true,
        ..Reading::at(it.clock.unix())
    };
    let metadata = IdpMetadata::read(metadata.body.as_bytes(), &reading).unwrap();
    assert_eq!(metadata.entity_id, ENTITY);
    assert_eq!(metadata.unusable, []);
    assert_eq!(metadata.sso_by(names::REDIRECT).unwrap().location, SSO);
    metadata.signing
}

/// Judges a response as the broker does.
async fn judge(
    it: &mut Provider,
    response: &[u8],
    (sp, acs): (&str, &str),
    in_response_to: InResponseTo<'_>,
) -> Result<VerifiedAssertion, SamlError> {
    let (sp, acs) = ([sp.to_owned()], [acs.to_owned()]);
    let trusted = Trusted {
        entity_id: ENTITY,
        keys: &trusted_keys(it).await,
        decryption: &[],
        allow_cbc: false,
        second_opinion: cfg!(feature = "samael"),
        allow_sha1: false,
    };
    let expectations = Expectations {
        now: it.clock.unix(),
        skew: 0,
        not_before: true,
        max_age: Some(300),
        response_issuer: true,
        in_response_to,
        recipient: Expected::OneOf(&acs),
        destination: Expected::OneOf(&acs),
        audience: Expected::OneOf(&sp),
        signed_assertion: true,
        authn_contexts: &[PASSWORD.to_owned()],
        authenticated_since: None,
        encrypted: false,
    };
    verify(response, &trusted, &expectations)
}

async fn accepted(it: &mut Provider, page: &Answer) -> VerifiedAssertion {
    let asked = InResponseTo::Request("_request");
    judge(it, &posted(page), (SP, ACS), asked).await.unwrap()
}

/// Signs ann in and gives the page that sends her back.
async fn signed_in(it: &mut Provider) -> Answer {
    let page = it.get(&to_sso(&written(&plain()), None, None)).await;
    fill(it, &page, "ann", "ann").await
}

/// The status of a response that signs nobody in.
async fn failed(it: &mut Provider, page: &Answer) -> String {
    let response = posted(page);
    let asked = InResponseTo::Request("_request");
    let verdict = judge(it, &response, (SP, ACS), asked).await;
    assert!(verdict.is_err(), "{verdict:?}");
    let text = String::from_utf8(response).unwrap();
    assert!(
        text.contains("InResponseTo=\"_request\"") && text.contains("<ds:Signature "),
        "{text}"
    );
    assert!(!text.contains("Assertion"), "{text}");
    let codes = text.split("status:").skip(1);
    let codes: Vec<_> = codes.map(|code| code.split('"').next().unwrap()).collect();
    codes.join("/")
}

#[tokio::test]
async fn the_metadata_says_where_and_by_which_key() {
    let mut it = provider();
    let answer = it.get("/contoso/metadata").await;
    assert_eq!(
        answer.header("content-type"),
        "application/samlmetadata+xml"
    );
    for text in [
        format!("entityID=\"{ENTITY}\""),
        format!("Location=\"{SSO}\""),
        "Location=\"http://127.0.0.1:8081/contoso/slo\"".to_owned(),
        "WantAuthnRequestsSigned=\"false\"".to_owned(),
    ] {
        assert!(answer.body.contains(&text), "{text}");
    }
    assert_eq!(trusted_keys(&mut it).await.len(), 1);
}

#[tokio::test]
async fn a_person_signs_in_and_the_service_provider_learns_who_it_is() {
    let mut it = provider();
    let relay = "st&te \"<x>";
    let page = it.get(&to_sso(&written(&plain()), Some(relay), None)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        is_form(&page) && page.body.contains("Contoso"),
        "{}",
        page.body
    );
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self';"), "{policy}");
    it.later(5);
    let back = fill(&mut it, &page, "ann", "ann").await;
    let policy = back.header("content-security-policy");
    assert!(
        policy.contains("form-action 'self' http://127.0.0.1:8080;"),
        "{policy}"
    );
    assert_eq!(find(&back, "RelayState").as_deref(), Some(relay));

    let said = accepted(&mut it, &back).await;
    let values = |name: &str| said.values(name).unwrap().join(",");
    assert_eq!(values("urn:oid:0.9.2342.19200300.100.1.1"), "ann");
    assert_eq!(
        values("urn:oid:0.9.2342.19200300.100.1.3"),
        "ann@acme.example"
    );
    assert_eq!(values("urn:oid:2.16.840.1.113730.3.1.241"), "ANN");
    assert_eq!(
        values("urn:oid:1.3.6.1.4.1.5923.1.1.1.1"),
        "engineering,admins"
    );
    assert_eq!(values("groups"), "engineering,admins");
    let authn = said.authn();
    assert_eq!(
        (authn.instant, authn.session_ends_at),
        (NOW + 5, Some(NOW + 5 + 8 * 3600))
    );
    assert!(authn.session_index.is_some());
    assert_eq!(said.ends_at(), NOW + 5 + 300);
    let name = said.name_id();
    assert!(name.format.as_deref().unwrap().ends_with(":persistent"));
    assert_eq!(name.sp_name_qualifier.as_deref(), Some(SP));
    assert!(
        !name.value.contains("ann") && name.value.len() == 32,
        "{}",
        name.value
    );
}

#[tokio::test]
async fn both_the_response_and_the_assertion_are_signed() {
    let mut it = provider();
    let page = signed_in(&mut it).await;
    let text = String::from_utf8(posted(&page)).unwrap();
    assert_eq!(text.matches("<ds:Signature ").count(), 2);
}

#[tokio::test]
async fn a_name_is_the_same_at_every_sign_in_and_another_for_everybody() {
    let mut it = provider();
    let page = signed_in(&mut it).await;
    let first = accepted(&mut it, &page).await.name_id().clone();
    let mut again = provider();
    let page = signed_in(&mut again).await;
    assert_eq!(*accepted(&mut again, &page).await.name_id(), first);
    let mut other = provider();
    let page = other.get(&to_sso(&written(&plain()), None, None)).await;
    let page = fill(&mut other, &page, "eve", "eve").await;
    let eve = accepted(&mut other, &page).await;
    assert_ne!(*eve.name_id(), first);
    assert_eq!(eve.values("groups"), None);
}

#[tokio::test]
async fn a_request_may_come_by_form() {
    let mut it = provider();
    let request = STANDARD.encode(written(&plain()));
    let form = [("SAMLRequest", request.as_str()), ("RelayState", "x y")];
    let page = it.post("/contoso/sso", &form, &[]).await;
    let back = fill(&mut it, &page, "ann", "ann").await;
    assert_eq!(find(&back, "RelayState").as_deref(), Some("x y"));
    accepted(&mut it, &back).await;
}

#[tokio::test]
async fn a_signed_request_comes_by_redirect_alone() {
    let mut it = provider();
    let signed = sign::enveloped(plain().element().unwrap(), &some_keys().contoso).unwrap();
    let request = STANDARD.encode(signed.canonical().unwrap());
    let form = [("SAMLRequest", request.as_str())];
    let refused = it.post("/contoso/sso", &form, &[]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_second_sign_in_needs_no_password_unless_it_is_asked_for() {
    let mut it = provider();
    let page = signed_in(&mut it).await;
    let first = accepted(&mut it, &page).await;
    it.later(100);
    let request = AuthnRequest {
        issued_at: NOW + 100,
        ..plain()
    };
    let silent = it.get(&to_sso(&written(&request), None, None)).await;
    let second = accepted(&mut it, &silent).await;
    assert_eq!(second.authn(), first.authn());
    assert_ne!(second.id(), first.id());
    let forced = AuthnRequest {
        force_authn: true,
        ..request
    };
    let page = it.get(&to_sso(&written(&forced), None, None)).await;
    assert!(is_form(&page));
    let anew = fill(&mut it, &page, "ann", "ann").await;
    assert_eq!(accepted(&mut it, &anew).await.authn().instant, NOW + 100);
    it.later(8 * 3600);
    let late = AuthnRequest {
        issued_at: it.clock.unix(),
        ..plain()
    };
    assert!(is_form(&it.get(&to_sso(&written(&late), None, None)).await));
}

#[tokio::test]
async fn a_session_of_acme_is_none_here() {
    let mut it = provider();
    signed_in(&mut it).await;
    let cookies: Vec<_> = it.cookies.keys().cloned().collect();
    assert_eq!(cookies, ["demo_contoso_browser", "demo_contoso_session"]);
    let handle = it.cookies["demo_contoso_session"].clone();
    it.cookies.insert("demo_acme_session".to_owned(), handle);
    it.cookies.remove("demo_contoso_session");
    assert!(is_form(
        &it.get(&to_sso(&written(&plain()), None, None)).await
    ));
}

#[tokio::test]
async fn a_wrong_password_gets_the_form_again() {
    let mut it = provider();
    let page = it.get(&to_sso(&written(&plain()), None, None)).await;
    let again = fill(&mut it, &page, "ann", "eve").await;
    assert_eq!(again.status, StatusCode::FORBIDDEN);
    assert!(is_form(&again) && again.body.contains("do not go together"));
    let back = fill(&mut it, &page, "ann", "ann").await;
    accepted(&mut it, &back).await;
}

#[tokio::test]
async fn somebody_else_or_another_address_gets_no_response() {
    let good = written(&plain());
    for (from, to, word) in [
        (SP, "http://127.0.0.1:8080/saml/other/metadata", "not known"),
        (
            ACS,
            "http://127.0.0.1:8080/saml/contoso/acs/",
            "not registered",
        ),
        (ACS, "https://evil.example/acs", "not registered"),
        (SSO, "http://127.0.0.1:8081/acme/sso", "somebody else"),
        (
            "AssertionConsumerServiceURL=",
            "AssertionConsumerServiceIndex=\"0\" AssertionConsumerServiceURL=",
            "not registered",
        ),
        ("2.0\"", "1.1\"", "cannot be read"),
        ("ID=\"_request\"", "ID=\"0 x\"", "cannot be read"),
        ("ID=\"_request\"", "", "cannot be read"),
        ("Version=", "ForceAuthn=\"yes\" Version=", "cannot be read"),
        ("AuthnRequest", "LogoutRequest", "cannot be read"),
        ("saml:Issuer", "saml:Other", "cannot be read"),
        (
            "samlp:AuthnRequest xmlns",
            "samlp:AuthnRequest <",
            "cannot be read",
        ),
    ] {
        let mut it = provider();
        let spoilt = good.replace(from, to);
        assert_ne!(spoilt, good, "{from}");
        let answer = it.get(&to_sso(&spoilt, None, None)).await;
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{from}: {}",
            answer.body
        );
        assert!(answer.body.contains(word), "{from}: {}", answer.body);
        assert!(
            !is_form(&answer) && find(&answer, "SAMLResponse").is_none(),
            "{from}"
        );
    }
}

#[tokio::test]
async fn a_request_is_good_for_five_minutes() {
    for (age, taken) in [(-61, false), (-60, true), (360, true), (361, false)] {
        let request = AuthnRequest {
            issued_at: NOW - age,
            ..plain()
        };
        let page = provider()
            .get(&to_sso(&written(&request), None, None))
            .await;
        assert_eq!(is_form(&page), taken, "{age}");
    }
}

#[tokio::test]
async fn garbage_is_refused() {
    let mut it = provider();
    let twice = to_sso(&written(&plain()), None, None).replace("/sso?", "/sso?SAMLRequest=AAAA&");
    for path in [
        "/contoso/sso",
        "/contoso/sso?SAMLRequest=",
        "/contoso/sso?SAMLRequest=%21",
        "/contoso/sso?SAMLRequest=AAAA",
        "/contoso/sso?SAMLResponse=AAAA",
        &twice,
    ] {
        let answer = it.get(path).await;
        assert!(answer.status.is_client_error(), "{path}");
        assert!(!is_form(&answer), "{path}");
    }
    for form in [
        vec![],
        vec![("SAMLRequest", "!")],
        vec![("SAMLRequest", "PGE+")],
        vec![("SAMLRequest", "PGEvPg=="), ("SAMLRequest", "PGEvPg==")],
    ] {
        let answer = it.post("/contoso/sso", &form, &[]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{form:?}");
    }
}

#[tokio::test]
async fn what_is_not_done_here_is_told_to_the_service_provider() {
    let mfa = ["urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract".to_owned()];
    let password = [mfa[0].clone(), PASSWORD.to_owned()];
    let good = written(&AuthnRequest {
        authn_contexts: &password,
        ..plain()
    });
    let passive = written(&plain()).replace("Version=", "IsPassive=\"1\" Version=");
    let email = Some("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress");
    for (document, status) in [
        (written(&AuthnRequest { authn_contexts: &mfa, ..plain() }), "Responder/NoAuthnContext"),
        (good.replace("\"exact\"", "\"better\""), "Responder/NoAuthnContext"),
        (good.replace("ContextClassRef", "ContextDeclRef"), "Responder/NoAuthnContext"),
        (passive, "Responder/NoPassive"),
        (written(&AuthnRequest { name_id_format: email, ..plain() }), "Requester/InvalidNameIDPolicy"),
        (
            written(&plain()).replace("AllowCreate=", "SPNameQualifier=\"other\" AllowCreate="),
            "Requester/InvalidNameIDPolicy",
        ),
        (written(&plain()).replace("bindings:HTTP-POST", "bindings:HTTP-Artifact"), "Requester/RequestUnsupported"),
        (
            good.replace("<samlp:NameIDPolicy", "<saml:Subject xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"></saml:Subject><samlp:NameIDPolicy"),
            "Requester/RequestUnsupported",
        ),
    ] {
        let mut it = provider();
        let page = it.get(&to_sso(&document, Some("r"), None)).await;
        assert!(!page.body.contains("cannot be read"), "{document}");
        assert_eq!(failed(&mut it, &page).await, status, "{document}");
        assert_eq!(find(&page, "RelayState").as_deref(), Some("r"));
    }
    assert!(is_form(&provider().get(&to_sso(&good, None, None)).await));
    let persistent = Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");
    let request = AuthnRequest {
        name_id_format: persistent,
        ..plain()
    };
    assert!(is_form(
        &provider()
            .get(&to_sso(&written(&request), None, None))
            .await
    ));
}

#[tokio::test]
async fn whoever_is_signed_in_may_be_asked_for_quietly() {
    let mut it = provider();
    signed_in(&mut it).await;
    let passive = written(&plain()).replace("Version=", "IsPassive=\"true\" Version=");
    let back = it.get(&to_sso(&passive, None, None)).await;
    accepted(&mut it, &back).await;
    let forced = passive.replace("Version=", "ForceAuthn=\"true\" Version=");
    let back = it.get(&to_sso(&forced, None, None)).await;
    assert_eq!(failed(&mut it, &back).await, "Responder/NoPassive");
}

#[tokio::test]
async fn a_response_that_nobody_asked_for_says_so() {
    let mut it = provider();
    let page = it.get("/contoso/start?RelayState=dev/Analyst").await;
    let back = fill(&mut it, &page, "ann", "ann").await;
    assert_eq!(find(&back, "RelayState").as_deref(), Some("dev/Analyst"));
    let response = posted(&back);
    let mut judged = async |allowed| {
        let nothing = InResponseTo::Nothing { allowed };
        judge(&mut it, &response, (SP, ACS), nothing)
            .await
            .map(|_| ())
    };
    assert_eq!(judged(true).await, Ok(()));
    assert_eq!(judged(false).await, Err(SamlError::Unsolicited));
    let asked = InResponseTo::Request("_request");
    let refused = judge(&mut it, &response, (SP, ACS), asked).await;
    assert_eq!(refused, Err(SamlError::InResponseTo));
}

#[tokio::test]
async fn a_reset_signs_everybody_out() {
    let mut it = provider();
    signed_in(&mut it).await;
    it.idp.reset();
    assert!(is_form(
        &it.get(&to_sso(&written(&plain()), None, None)).await
    ));
}

async fn assertion(it: &mut Provider, query: &str, user: &str, password: &str) -> Answer {
    let basic = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    let path = format!("/contoso/assertion{query}");
    let request = Request::get(path).header("authorization", basic);
    it.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn an_assertion_for_the_sts_names_the_role_and_the_session() {
    let mut it = provider();
    let answer = assertion(&mut it, "?user=ann&role=dev/Analyst", "ann", "ann").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let form = [("user", "ann"), ("password", "ann"), ("role", ROLE)];
    let by_form = it.post("/contoso/assertion", &form, &[]).await;
    for answer in [answer, by_form] {
        let value = answer.json()["value"].as_str().unwrap().to_owned();
        let aws = (
            "urn:amazon:webservices",
            "https://signin.aws.amazon.com/saml",
        );
        let nothing = InResponseTo::Nothing { allowed: true };
        let response = form::decode(&value).unwrap();
        let said = judge(&mut it, &response, aws, nothing).await.unwrap();
        let aws = |name: &str| {
            let name = format!("https://aws.amazon.com/SAML/Attributes/{name}");
            said.values(&name).unwrap().join(" ")
        };
        assert_eq!(aws("Role"), format!("{ROLE},{PROVIDER}"));
        assert_eq!(aws("RoleSessionName"), "ann");
        let groups = said.values("urn:oid:1.3.6.1.4.1.5923.1.1.1.1").unwrap();
        assert_eq!(groups, ["engineering", "admins"]);
    }
}

#[tokio::test]
async fn an_assertion_needs_a_password_and_a_role_that_is_there() {
    let mut it = provider();
    for (query, user, password, status) in [
        ("", "ann", "eve", 401),
        ("", "nobody", "", 401),
        ("?user=eve", "ann", "ann", 403),
        ("?role=prod/Administrator", "ann", "ann", 400),
        ("?role=dev/Analyst&role=dev/Analyst", "ann", "ann", 400),
        ("", "ann", "ann", 200),
    ] {
        let answer = assertion(&mut it, query, user, password).await;
        assert_eq!(answer.status.as_u16(), status, "{query}");
        assert_eq!(answer.body.contains("value"), status == 200, "{query}");
    }
    let bare = it.get("/contoso/assertion?user=ann&password=ann").await;
    assert_eq!(bare.status, StatusCode::UNAUTHORIZED);
    assert!(bare.header("www-authenticate").starts_with("Basic"));
    let form = [("user", "ann"), ("password", "eve")];
    let wrong = it.post("/contoso/assertion", &form, &[]).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn guessing_is_slowed_down_at_both_doors_together() {
    let mut it = provider();
    for _ in 0..10 {
        assertion(&mut it, "", "ann", "x").await;
    }
    let slowed = assertion(&mut it, "", "ann", "ann").await;
    assert_eq!(slowed.status, StatusCode::TOO_MANY_REQUESTS);
    let page = it.get(&to_sso(&written(&plain()), None, None)).await;
    let slowed = fill(&mut it, &page, "ann", "ann").await;
    assert_eq!(slowed.status, StatusCode::TOO_MANY_REQUESTS);
}

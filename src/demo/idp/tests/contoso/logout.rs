//! Logout, with a service provider whose metadata is served as the broker serves its own.

use std::sync::Mutex;

use axum::routing::get;

use super::*;
use crate::saml::describe::ServiceProvider;
use crate::saml::redirect::Unverified;
use crate::saml::request::{LogoutRequest, LogoutResponse, LogoutStatus};
use crate::saml::response::NameId;

const SLO: &str = "http://127.0.0.1:8081/contoso/slo";

/// A service provider with its key, and a browser in which ann is signed in by it.
struct Signed {
    it: Provider,
    sp: ServiceProviderConfig,
    credential: Credential,
    /// What its metadata publishes.
    published: Arc<Mutex<String>>,
    name_id: NameId,
    session_index: String,
}

fn credential() -> Credential {
    let key = SigningKey::generate_p256().unwrap();
    let subject = Subject {
        common_name: "sp",
        serial: [1; 16],
        not_before: NOW,
        not_after: NOW + 1,
    };
    let certificate = self_signed(&key, &subject).unwrap();
    Credential::new(key, certificate).unwrap()
}

async fn signed_in() -> Signed {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let broker = format!("http://{}", listener.local_addr().unwrap());
    let (sp, credential) = (service_provider(&broker), credential());
    let described = ServiceProvider {
        entity_id: &sp.entity_id,
        signing: &[credential.certificate_der()],
        encryption: &[],
        acs_url: &sp.acs_url,
        slo_url: Some(&sp.slo_url),
        name_id_formats: &[],
        want_assertions_signed: true,
        authn_requests_signed: true,
        valid_until: None,
    };
    let published = described.element().unwrap().canonical().unwrap();
    let published = Arc::new(Mutex::new(published));
    let serve = published.clone();
    let metadata = move || async move { serve.lock().unwrap().clone() };
    let router = Router::new().route("/saml/contoso/metadata", get(metadata));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

    let mut it = provider_for(&broker);
    let request = AuthnRequest {
        issuer: &sp.entity_id,
        acs_url: &sp.acs_url,
        ..plain()
    };
    let page = it
        .get(&to_sso(&written(&request), None, Some(credential.key())))
        .await;
    let back = fill(&mut it, &page, "ann", "ann").await;
    let response = form::decode(&find(&back, "SAMLResponse").unwrap()).unwrap();
    let names = (sp.entity_id.as_str(), sp.acs_url.as_str());
    let asked = InResponseTo::Request("_request");
    let said = judge(&mut it, &response, names, asked).await.unwrap();
    Signed {
        name_id: said.name_id().clone(),
        session_index: said.authn().session_index.clone().unwrap(),
        it,
        sp,
        credential,
        published,
    }
}

impl Signed {
    fn logout(&self) -> LogoutRequest<'_> {
        LogoutRequest {
            id: "_logout",
            issued_at: NOW,
            issuer: &self.sp.entity_id,
            destination: SLO,
            not_on_or_after: NOW + 300,
            name_id: &self.name_id,
            session_index: Some(&self.session_index),
        }
    }

    fn path(&self, document: &str) -> String {
        self.path_by(Kind::Request, document, Some(self.credential.key()))
    }

    fn path_by(&self, kind: Kind, document: &str, key: Option<&SigningKey>) -> String {
        let url = redirect::url(SLO, kind, document, Some("r s"), key).unwrap();
        url.strip_prefix(BASE).unwrap().to_owned()
    }

    /// Whether ann is still signed in here.
    async fn is_signed_in(&mut self) -> bool {
        let request = AuthnRequest {
            issuer: &self.sp.entity_id,
            acs_url: &self.sp.acs_url,
            issued_at: self.it.clock.unix(),
            ..plain()
        };
        let page = self.it.get(&to_sso(&written(&request), None, None)).await;
        !is_form(&page)
    }

    /// The message with which the browser is sent to the service provider, its signature checked.
    async fn sent(&mut self, answer: &Answer) -> (Kind, Option<String>, String) {
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let location = answer.header("location").to_owned();
        let (endpoint, query) = location.split_once('?').unwrap();
        assert_eq!(endpoint, self.sp.slo_url);
        let keys = trusted_keys(&mut self.it).await;
        let verified = Unverified::read(query)
            .unwrap()
            .verify(|algorithm, octets, signature| keys[0].verifies(algorithm, octets, signature));
        let message = verified.unwrap().message().clone();
        let document = String::from_utf8(message.document).unwrap();
        (message.kind, message.relay_state, document)
    }
}

fn text(request: &LogoutRequest<'_>) -> String {
    request.element().unwrap().canonical().unwrap()
}

#[tokio::test]
async fn the_service_provider_ends_the_session_and_is_told() {
    let mut signed = signed_in().await;
    assert!(signed.is_signed_in().await);
    let before = signed.it.cookies.clone();
    let path = signed.path(&text(&signed.logout()));
    let answer = signed.it.get(&path).await;
    let (kind, relay_state, document) = signed.sent(&answer).await;
    assert_eq!(
        (kind, relay_state.as_deref()),
        (Kind::Response, Some("r s"))
    );
    for part in [
        "LogoutResponse",
        "InResponseTo=\"_logout\"",
        names::SUCCESS,
        ENTITY,
    ] {
        assert!(document.contains(part), "{part}: {document}");
    }
    assert_eq!(signed.it.cookies["demo_contoso_session"], "");
    signed.it.cookies = before;
    assert!(
        !signed.is_signed_in().await,
        "the old cookie is worth nothing"
    );
}

#[tokio::test]
async fn a_logout_may_come_by_form() {
    let mut signed = signed_in().await;
    let message = signed.logout().element().unwrap();
    let message = sign::enveloped(message, &signed.credential).unwrap();
    let request = STANDARD.encode(message.canonical().unwrap());
    let form = [("SAMLRequest", request.as_str()), ("RelayState", "r s")];
    let answer = signed.it.post("/contoso/slo", &form, &[]).await;
    let (_, relay_state, document) = signed.sent(&answer).await;
    assert_eq!(relay_state.as_deref(), Some("r s"));
    assert!(document.contains(names::SUCCESS), "{document}");
    assert!(!signed.is_signed_in().await);
    for form in [
        vec![("RelayState", "x")],
        vec![("SAMLRequest", "!")],
        vec![("SAMLRequest", "PGEvPg=="), ("SAMLResponse", "PGEvPg==")],
    ] {
        let answer = signed.it.post("/contoso/slo", &form, &[]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{form:?}");
    }
}

#[tokio::test]
async fn a_logout_without_an_index_ends_every_session_of_the_person() {
    let mut signed = signed_in().await;
    let request = LogoutRequest {
        session_index: None,
        ..signed.logout()
    };
    let path = signed.path(&text(&request));
    signed.it.get(&path).await;
    assert!(!signed.is_signed_in().await);
}

#[tokio::test]
async fn a_logout_of_another_session_or_person_ends_nothing() {
    let mut signed = signed_in().await;
    let other = LogoutRequest {
        session_index: Some("other"),
        ..signed.logout()
    };
    let path = signed.path(&text(&other));
    let answer = signed.it.get(&path).await;
    assert!(signed.sent(&answer).await.2.contains(names::SUCCESS));
    for (id, spoil) in ["_1", "_2", "_3", "_4"].iter().zip([
        |name: &mut NameId| name.value.push('x'),
        |name: &mut NameId| name.format = None,
        |name: &mut NameId| name.name_qualifier = None,
        |name: &mut NameId| name.sp_name_qualifier = Some("other".to_owned()),
    ]) {
        let mut name_id = signed.name_id.clone();
        spoil(&mut name_id);
        let request = LogoutRequest {
            id,
            name_id: &name_id,
            ..signed.logout()
        };
        let path = signed.path(&text(&request));
        let answer = signed.it.get(&path).await;
        let document = signed.sent(&answer).await.2;
        assert!(document.contains("status:Requester"), "{document}");
    }
    assert!(signed.is_signed_in().await);
}

#[tokio::test]
async fn a_logout_that_the_service_provider_did_not_sign_is_refused() {
    let mut signed = signed_in().await;
    let document = text(&signed.logout());
    let other = credential();
    let good = signed.path(&document);
    for path in [
        signed.path_by(Kind::Request, &document, None),
        signed.path_by(Kind::Request, &document, Some(other.key())),
        good.replace("RelayState=r", "RelayState=R"),
    ] {
        assert_eq!(
            signed.it.get(&path).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    let by_form = [("SAMLRequest", &*STANDARD.encode(&document))];
    let answer = signed.it.post("/contoso/slo", &by_form, &[]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    // Where nothing is published, nothing is signed.
    let published = std::mem::take(&mut *signed.published.lock().unwrap());
    assert_eq!(signed.it.get(&good).await.status, StatusCode::FORBIDDEN);
    let of_another = published.replace("entityID=\"", "entityID=\"x");
    *signed.published.lock().unwrap() = of_another;
    assert_eq!(signed.it.get(&good).await.status, StatusCode::FORBIDDEN);
    *signed.published.lock().unwrap() = published.replace("use=\"signing\"", "use=\"encryption\"");
    assert_eq!(signed.it.get(&good).await.status, StatusCode::FORBIDDEN);
    assert!(signed.is_signed_in().await);
    *signed.published.lock().unwrap() = published;
    assert_eq!(signed.it.get(&good).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_logout_that_is_old_or_for_somebody_else_is_refused() {
    let mut signed = signed_in().await;
    let good = text(&signed.logout());
    let issuer = signed.sp.entity_id.clone();
    let other = "http://127.0.0.1:1/saml/contoso/metadata";
    let past = "NotOnOrAfter=\"2027-01-15T07:59:00Z\"";
    let future = "IssueInstant=\"2027-01-15T08:01:01Z\"";
    for (from, to, error) in [
        (issuer.as_str(), other, SamlError::Issuer),
        (SLO, SSO, SamlError::Destination),
        (" Destination=", " Consent=", SamlError::Destination),
        (
            "NotOnOrAfter=\"2027-01-15T08:05:00Z\"",
            past,
            SamlError::TooOld,
        ),
        (
            "IssueInstant=\"2027-01-15T08:00:00Z\"",
            future,
            SamlError::IssuedInFuture,
        ),
        ("saml:NameID", "saml:BaseID", SamlError::Element("NameID")),
        ("LogoutRequest", "AuthnRequest", SamlError::Root),
    ] {
        let spoilt = good.replace(from, to);
        assert_ne!(spoilt, good, "{from}");
        let path = signed.path(&spoilt);
        let answer = signed.it.get(&path).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{from}");
        assert!(
            answer.body.contains(&error.to_string()),
            "{from}: {}",
            answer.body
        );
    }
    assert!(signed.is_signed_in().await);
}

#[tokio::test]
async fn a_logout_request_counts_once() {
    let mut signed = signed_in().await;
    let path = signed.path(&text(&signed.logout()));
    assert_eq!(signed.it.get(&path).await.status, StatusCode::SEE_OTHER);
    let again = signed.it.get(&path).await;
    assert_eq!(again.status, StatusCode::FORBIDDEN);
    assert!(again.body.contains(&SamlError::Replay.to_string()));
}

#[tokio::test]
async fn signing_out_here_tells_the_service_provider_and_takes_its_answer() {
    let mut signed = signed_in().await;
    let answer = signed.it.get("/contoso/slo").await;
    let (kind, _, document) = signed.sent(&answer).await;
    assert_eq!(kind, Kind::Request);
    let name = format!(">{}</saml:NameID>", signed.name_id.value);
    let index = format!(">{}</samlp:SessionIndex>", signed.session_index);
    for part in ["LogoutRequest", &name, &index, ENTITY] {
        assert!(document.contains(part), "{part}: {document}");
    }
    assert!(!signed.is_signed_in().await);

    let id = document
        .split_once(" ID=\"")
        .unwrap()
        .1
        .split('"')
        .next()
        .unwrap();
    let respond = |in_response_to: &str, status| {
        let response = LogoutResponse {
            id: "_answer",
            issued_at: NOW,
            issuer: &signed.sp.entity_id,
            destination: SLO,
            in_response_to,
            status,
        };
        let document = response.element().unwrap().canonical().unwrap();
        signed.path_by(Kind::Response, &document, Some(signed.credential.key()))
    };
    let unknown = respond("_other", LogoutStatus::Success);
    let good = respond(id, LogoutStatus::Success);
    assert_eq!(signed.it.get(&unknown).await.status, StatusCode::FORBIDDEN);
    let done = signed.it.get(&good).await;
    assert_eq!(done.status, StatusCode::OK);
    assert!(
        done.body.contains("signed out of Contoso") && done.body.contains("asks for your password")
    );
    assert_eq!(signed.it.get(&good).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_service_provider_that_failed_is_shown_as_such() {
    let mut signed = signed_in().await;
    let answer = signed.it.get("/contoso/slo").await;
    let document = signed.sent(&answer).await.2;
    let id = document
        .split_once(" ID=\"")
        .unwrap()
        .1
        .split('"')
        .next()
        .unwrap();
    let response = LogoutResponse {
        id: "_answer",
        issued_at: NOW,
        issuer: &signed.sp.entity_id,
        destination: SLO,
        in_response_to: id,
        status: LogoutStatus::Responder,
    };
    let document = response.element().unwrap().canonical().unwrap();
    let path = signed.path_by(Kind::Response, &document, Some(signed.credential.key()));
    let done = signed.it.get(&path).await;
    assert!(
        done.body.contains("could not sign you out"),
        "{}",
        done.body
    );
}

#[tokio::test]
async fn signing_out_where_nobody_is_signed_in_says_so() {
    let page = provider().get("/contoso/slo").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("signed out of Contoso"));
}

#[tokio::test]
async fn a_sign_in_request_that_is_signed_by_somebody_else_is_refused() {
    let mut signed = signed_in().await;
    let request = AuthnRequest {
        issuer: &signed.sp.entity_id,
        acs_url: &signed.sp.acs_url,
        ..plain()
    };
    let document = written(&request);
    let other = credential();
    let refused = signed
        .it
        .get(&to_sso(&document, None, Some(other.key())))
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    // What is signed says for whom it is.
    let nowhere = document.replace(" Destination=", " Consent=");
    let path = to_sso(&nowhere, None, Some(signed.credential.key()));
    assert_eq!(signed.it.get(&path).await.status, StatusCode::BAD_REQUEST);
}

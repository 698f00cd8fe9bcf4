//! `POST /acme/sign-in`: name and password.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;

use super::send_code;
use crate::demo::idp::DemoIdp;

pub(in crate::demo::idp) async fn sign_in(
    State(idp): State<DemoIdp>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let sign_ins = &idp.shared.acme.sign_ins;
    match sign_ins.take_form(&idp, &headers, &body) {
        Ok(welcome) => {
            let mut response = send_code(&idp, welcome.errand, welcome.session);
            sign_ins.remember(&mut response, &welcome.handle);
            response
        }
        Err(refusal) => *refusal,
    }
}

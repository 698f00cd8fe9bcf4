//! A loopback server that counts, for the tests of this room.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::Request;
use tokio::net::TcpListener;

use super::{Limits, Outbound, OutboundRules};

/// What the server answers with.
#[derive(Clone)]
pub(super) enum Answer {
    /// Status, header fields, body.
    Plain(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// A body of this size that does not say so beforehand.
    Endless(usize),
    /// Nothing for this long, then an empty answer.
    Hang(Duration),
}

impl Answer {
    pub(super) fn ok(body: impl Into<Vec<u8>>) -> Answer {
        Answer::Plain(200, Vec::new(), body.into())
    }

    pub(super) fn status(status: u16) -> Answer {
        Answer::Plain(status, Vec::new(), Vec::new())
    }
}

#[derive(Default)]
struct Plan {
    answers: Mutex<HashMap<String, Answer>>,
    seen: Mutex<Vec<Request<()>>>,
    connections: AtomicUsize,
}

/// A server on a free port of this machine. It lives as long as the test's runtime.
#[derive(Clone)]
pub(super) struct TestServer {
    address: SocketAddr,
    plan: Arc<Plan>,
}

impl TestServer {
    pub(super) async fn start() -> TestServer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let plan = Arc::new(Plan::default());
        let app = Router::new().fallback({
            let plan = Arc::clone(&plan);
            move |request: Request<Body>| respond(Arc::clone(&plan), request)
        });
        let counted = axum::serve::ListenerExt::tap_io(listener, {
            let plan = Arc::clone(&plan);
            move |_| _ = plan.connections.fetch_add(1, Ordering::SeqCst)
        });
        tokio::spawn(async move { axum::serve(counted, app).await.unwrap() });
        TestServer { address, plan }
    }

    /// `http://127.0.0.1:port`, without a slash.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(super) fn answer(&self, path: &str, answer: Answer) {
        let mut answers = self.plan.answers.lock().unwrap();
        answers.insert(path.to_owned(), answer);
    }

    /// How many requests asked for `path`.
    pub(super) fn asked(&self, path: &str) -> usize {
        let seen = self.plan.seen.lock().unwrap();
        seen.iter()
            .filter(|request| request.uri().path() == path)
            .count()
    }

    /// The last request's head.
    pub(super) fn last(&self) -> Request<()> {
        self.plan.seen.lock().unwrap().last().unwrap().clone()
    }

    /// How many connections were accepted.
    pub(super) fn connections(&self) -> usize {
        self.plan.connections.load(Ordering::SeqCst)
    }
}

async fn respond(plan: Arc<Plan>, request: Request<Body>) -> Response {
    let (head, _) = request.into_parts();
    let path = head.uri.path().to_owned();
    plan.seen
        .lock()
        .unwrap()
        .push(Request::from_parts(head, ()));
    let answer = plan.answers.lock().unwrap().get(&path).cloned();
    match answer.unwrap_or(Answer::status(404)) {
        Answer::Plain(status, headers, body) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            response.body(body.into()).unwrap()
        }
        Answer::Endless(size) => {
            let chunks = size / 1024;
            let chunk = || Ok::<_, std::convert::Infallible>(vec![b' '; 1024]);
            let stream = futures_util::stream::iter((0..chunks).map(move |_| chunk()));
            Response::new(Body::from_stream(stream))
        }
        Answer::Hang(time) => {
            tokio::time::sleep(time).await;
            Response::new(Body::empty())
        }
    }
}

/// The client as the demo has it, which may call this machine.
pub(super) fn loopback_outbound() -> Outbound {
    Outbound::new(OutboundRules {
        allow_loopback_http: true,
        ..OutboundRules::default()
    })
    .unwrap()
}

/// Room for small answers.
pub(super) const SMALL: Limits = Limits {
    max_bytes: 16 * 1024,
    accept: "application/json",
};

//! An issuer of tokens whose keys the test holds.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair, RsaEncoding, RsaKeyPair,
};
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use drawbridge::jwt::SigningKey;
use http::{StatusCode, Uri};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{BEGAN, RUNTIME};

/// Base64url without padding.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A private key with its public half, of any algorithm that the STS takes.
pub struct Key {
    pub id: String,
    pub algorithm: &'static str,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    Ec(EcdsaKeyPair, &'static str),
}

impl Key {
    /// A new key for an algorithm (JOSE name).
    pub fn new(algorithm: &'static str, id: &str) -> Key {
        let ec = |kind: &'static EcdsaSigningAlgorithm, curve| {
            Pair::Ec(EcdsaKeyPair::generate(kind).unwrap(), curve)
        };
        let rsa = |encoding| Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap(), encoding);
        let pair = match algorithm {
            "RS256" => rsa(&signature::RSA_PKCS1_SHA256),
            "RS384" => rsa(&signature::RSA_PKCS1_SHA384),
            "RS512" => rsa(&signature::RSA_PKCS1_SHA512),
            "PS256" => rsa(&signature::RSA_PSS_SHA256),
            "ES256" => ec(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, "P-256"),
            "ES384" => ec(&signature::ECDSA_P384_SHA384_FIXED_SIGNING, "P-384"),
            "ES512" => ec(&signature::ECDSA_P521_SHA512_FIXED_SIGNING, "P-521"),
            other => panic!("no key for {other}"),
        };
        Key {
            id: id.to_owned(),
            algorithm,
            pair,
        }
    }

    /// The public half, as an entry of a key set.
    pub fn jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Rsa(pair, _) => {
                let document: Vec<u8> = pair.as_der().unwrap().as_ref().to_vec();
                SigningKey::from_pkcs8(&document).unwrap().jwk()
            }
            Pair::Ec(pair, curve) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                json!({ "kty": "EC", "crv": curve, "x": encode(x), "y": encode(y) })
            }
        };
        jwk["kid"] = json!(self.id);
        jwk["alg"] = json!(self.algorithm);
        jwk["use"] = json!("sig");
        jwk
    }

    /// The signature over these bytes.
    pub fn signature(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let signed = pair.sign(*encoding, &random, message, &mut signature);
                signed.unwrap();
                signature
            }
            Pair::Ec(pair, _) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
        }
    }

    /// A token with this header, which need not be true, over claims as they are written.
    pub fn forge(&self, header: &Value, claims: &str) -> String {
        let input = format!("{}.{}", encode(header.to_string()), encode(claims));
        let signature = encode(self.signature(input.as_bytes()));
        format!("{input}.{signature}")
    }

    /// The header that goes with it.
    pub fn header(&self) -> Value {
        json!({ "alg": self.algorithm, "kid": self.id, "typ": "JWT" })
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        self.forge(&self.header(), &claims.to_string())
    }
}

#[derive(Default)]
struct Served {
    answers: Mutex<HashMap<String, Value>>,
    status: AtomicU16,
    hits: AtomicUsize,
}

/// A listener with a discovery document, a key set, and whatever else a test wants it to answer.
pub struct Issuer {
    pub url: String,
    pub key: Key,
    served: Arc<Served>,
}

impl Issuer {
    /// Listens with one ES256 key.
    pub fn start() -> Issuer {
        let listener = RUNTIME.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = Arc::new(Served::default());
        let router = Router::new().fallback(answer).with_state(served.clone());
        RUNTIME.spawn(async move { axum::serve(listener, router).await });
        let issuer = Issuer {
            key: Key::new("ES256", "one"),
            url,
            served,
        };
        issuer.serve(
            "/.well-known/openid-configuration",
            json!({
                "issuer": issuer.url,
                "jwks_uri": format!("{}/jwks", issuer.url),
                "authorization_endpoint": format!("{}/authorize", issuer.url),
                "token_endpoint": format!("{}/token", issuer.url),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported":
                    ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"],
            }),
        );
        issuer.publish(&[&issuer.key]);
        issuer
    }

    /// Answers this path with this document from now on; a text goes out as it is.
    pub fn serve(&self, path: &str, document: Value) {
        let mut answers = self.served.answers.lock().unwrap();
        answers.insert(path.to_owned(), document);
    }

    /// Publishes these keys and no others.
    pub fn publish(&self, keys: &[&Key]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        self.serve("/jwks", json!({ "keys": keys }));
    }

    /// Answers everything with this status from now on; 0 for as before.
    pub fn fail_with(&self, status: u16) {
        self.served.status.store(status, Ordering::SeqCst);
    }

    /// How often it was asked for anything.
    pub fn hits(&self) -> usize {
        self.served.hits.load(Ordering::SeqCst)
    }

    /// The issuer without its scheme: the prefix of its condition keys, and the end of its provider's ARN.
    pub fn name(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    /// Good claims, issued just now.
    pub fn claims(&self) -> Value {
        let now = *BEGAN;
        json!({
            "iss": self.url,
            "sub": "repo:acme/app:ref:refs/heads/main",
            "aud": "sts.amazonaws.com",
            "iat": now,
            "exp": now + 600,
            "jti": "job-1",
        })
    }

    /// A good token, with these claims in place of the good ones; `null` leaves one out.
    pub fn token(&self, spoiled: &[(&str, Value)]) -> String {
        self.key.sign(&self.with(spoiled))
    }

    /// Those claims.
    pub fn with(&self, spoiled: &[(&str, Value)]) -> Value {
        let mut claims = self.claims();
        for (name, value) in spoiled {
            let claims = claims.as_object_mut().unwrap();
            match value {
                Value::Null => drop(claims.remove(*name)),
                value => drop(claims.insert((*name).to_owned(), value.clone())),
            }
        }
        claims
    }
}

async fn answer(State(served): State<Arc<Served>>, uri: Uri) -> Response {
    served.hits.fetch_add(1, Ordering::SeqCst);
    let failing = served.status.load(Ordering::SeqCst);
    if failing != 0 {
        return StatusCode::from_u16(failing).unwrap().into_response();
    }
    match served.answers.lock().unwrap().get(uri.path()) {
        Some(Value::String(text)) => text.clone().into_response(),
        Some(document) => axum::Json(document.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

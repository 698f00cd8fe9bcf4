//! The floor beneath `make bench`: what this machine and this stack give when nothing is done for it.
//!
//! `floor serve ADDRESS` answers every GET with two bytes, by the same axum that the broker uses. `floor crypto`
//! prints, as JSON, how often per second one core verifies an RS256 and an ES256 signature, seals a session token
//! and computes the HMAC chain of a SigV4 signature: the cryptography of each job and nothing else. And it is the SAML
//! identity provider of the bench: `floor saml FOLDER ROLE PROVIDER` prints a response for AssumeRoleWithSAML, signed with
//! the key in FOLDER, which it makes with the metadata where there is none; `floor verify` prints how many responses per
//! second one core verifies, by our verifier alone and by both.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
};
use axum::Router;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use drawbridge::clock::{Clock, SystemClock};
use drawbridge::saml::issue::{Attribute, Signed, Statement, issue};
use drawbridge::saml::response::{self, Expectations, Expected, InResponseTo, NameId, Provider};
use drawbridge::saml::{Certificate, Credential, SigningKey, describe, self_signed};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// How long each operation is repeated.
const FOR: Duration = Duration::from_secs(1);
/// About what a job token has before its signature, and what a session token seals.
const TOKEN: [u8; 900] = [b'a'; 900];

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["serve", address] => serve(address),
        ["crypto"] => crypto(),
        ["verify"] => verify(),
        ["saml", folder, role, provider] => saml(Path::new(folder), role, provider),
        _ => anyhow::bail!(
            "floor serve ADDRESS | floor crypto | floor verify | floor saml FOLDER ROLE PROVIDER"
        ),
    }
}

fn serve(address: &str) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        axum::serve(listener, Router::new().route("/", get(|| async { "ok" }))).await
    })?;
    Ok(())
}

fn crypto() -> anyhow::Result<()> {
    let random = SystemRandom::new();

    let rsa = RsaKeyPair::generate(KeySize::Rsa2048)?;
    let mut signature = vec![0; rsa.public_modulus_len()];
    rsa.sign(&RSA_PKCS1_SHA256, &random, &TOKEN, &mut signature)?;
    let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, rsa.public_key().as_ref())?;
    let rs256 = per_second(|| key.verify_sig(&TOKEN, &signature).is_ok());

    let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
    let signature = p256.sign(&random, &TOKEN)?;
    let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, p256.public_key().as_ref())?;
    let es256 = per_second(|| key.verify_sig(&TOKEN, signature.as_ref()).is_ok());

    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32])?);
    let seal = per_second(|| {
        let mut body = TOKEN.to_vec();
        let nonce = Nonce::assume_unique_for_key([0; 12]);
        key.seal_in_place_append_tag(nonce, Aad::empty(), &mut body)
            .is_ok()
            && !body.is_empty()
    });

    let sigv4 = per_second(|| {
        let mut key = b"AWS4secret".to_vec();
        for part in [
            &b"20261122"[..],
            b"us-east-1",
            b"sts",
            b"aws4_request",
            &TOKEN[..160],
        ] {
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else {
                return false;
            };
            mac.update(part);
            key = mac.finalize().into_bytes().to_vec();
        }
        !key.is_empty()
    });

    println!(
        "{}",
        serde_json::json!({ "rs256": rs256, "es256": es256, "seal": seal, "sigv4": sigv4 })
    );
    Ok(())
}

fn per_second(mut operation: impl FnMut() -> bool) -> u64 {
    let (start, mut count) = (Instant::now(), 0_u64);
    while start.elapsed() < FOR {
        for _ in 0..16 {
            assert!(black_box(operation()));
        }
        count += 16;
    }
    (count as f64 / start.elapsed().as_secs_f64()) as u64
}

const IDP: &str = "https://bench.example/idp";
const RECIPIENT: &str = "https://signin.aws.amazon.com/saml";
const ATTRIBUTES: &str = "https://aws.amazon.com/SAML/Attributes/";
/// 2026-01-01T00:00:00Z, and long enough.
const CERTIFIED: (i64, i64) = (1_767_225_600, 2_524_608_000);

fn certificate(key: &SigningKey) -> anyhow::Result<Vec<u8>> {
    let subject = self_signed::Subject {
        common_name: "bench.example",
        serial: [1; 16],
        not_before: CERTIFIED.0,
        not_after: CERTIFIED.1,
    };
    Ok(self_signed::self_signed(key, &subject)?)
}

/// A response of about so many bytes of XML.
fn response(
    credential: &Credential,
    now: i64,
    attributes: Vec<(String, String)>,
    size: usize,
) -> anyhow::Result<String> {
    let attribute = |(name, value): (String, String)| Attribute {
        name,
        values: vec![value],
        ..Attribute::default()
    };
    let mut attributes: Vec<Attribute> = attributes.into_iter().map(attribute).collect();
    let groups =
        (0..size.saturating_sub(3000) / 90).map(|n| format!("group-of-the-company-{n:04}"));
    attributes.push(Attribute {
        name: "groups".to_owned(),
        values: groups.collect(),
        ..Attribute::default()
    });
    let name_id = NameId {
        value: "ann@acme.example".to_owned(),
        format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()),
        name_qualifier: None,
        sp_name_qualifier: None,
    };
    let statement = Statement {
        response_id: "_bench-response",
        assertion_id: "_bench-assertion",
        issuer: IDP,
        destination: RECIPIENT,
        recipient: RECIPIENT,
        audience: "urn:amazon:webservices",
        in_response_to: None,
        issued_at: now,
        not_before: now - 60,
        not_on_or_after: now + 300,
        name_id: &name_id,
        authn_instant: now,
        authn_context: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        session_index: Some("_s"),
        session_not_on_or_after: None,
        attributes: &attributes,
        one_time_use: false,
    };
    Ok(issue(&statement, credential, Signed::Assertion, None)?)
}

fn saml(folder: &Path, role: &str, provider: &str) -> anyhow::Result<()> {
    let file = folder.join("saml.key");
    if !file.exists() {
        let key = SigningKey::generate()?;
        let certificate = certificate(&key)?;
        let described = describe::IdentityProvider {
            entity_id: IDP,
            signing: &[&certificate],
            sso_url: "https://bench.example/sso",
            slo_url: None,
            name_id_formats: &[],
            want_authn_requests_signed: false,
            valid_until: None,
        };
        std::fs::write(folder.join("idp.xml"), described.element()?.canonical()?)?;
        std::fs::write(&file, key.to_pkcs8()?)?;
    }
    let key = SigningKey::from_der(&std::fs::read(&file)?)?;
    let certificate = certificate(&key)?;
    let credential = Credential::new(key, certificate)?;
    let named = |name: &str, value: String| (format!("{ATTRIBUTES}{name}"), value);
    let attributes = vec![
        named("Role", format!("{role},{provider}")),
        named("RoleSessionName", "ann".to_owned()),
    ];
    let now = SystemClock.unix();
    println!(
        "{}",
        STANDARD.encode(response(&credential, now, attributes, 8192)?)
    );
    Ok(())
}

fn verify() -> anyhow::Result<()> {
    const NOW: i64 = 1_795_341_600;
    let mut found = serde_json::Map::new();
    for (kind, key) in [
        ("rsa", SigningKey::generate()?),
        ("ec", SigningKey::generate_p256()?),
    ] {
        let der = certificate(&key)?;
        let keys = [Certificate::from_der(&der)?];
        let credential = Credential::new(key, der)?;
        for (size, bytes) in [("3 kB", 3000), ("8 kB", 8192)] {
            let text = response(&credential, NOW, Vec::new(), bytes)?;
            for (who, second_opinion) in [("ours", false), ("both", true)] {
                if second_opinion && !cfg!(feature = "samael") {
                    continue;
                }
                let provider = Provider {
                    entity_id: IDP,
                    keys: &keys,
                    decryption: &[],
                    allow_sha1: false,
                    allow_cbc: false,
                    second_opinion,
                };
                let rate = per_second(|| {
                    response::verify(text.as_bytes(), &provider, &expectations(NOW)).is_ok()
                });
                found.insert(format!("{kind} {size} {who}"), rate.into());
            }
        }
    }
    println!("{}", serde_json::Value::Object(found));
    Ok(())
}

fn expectations(now: i64) -> Expectations<'static> {
    Expectations {
        now,
        skew: 60,
        not_before: true,
        max_age: Some(300),
        response_issuer: true,
        in_response_to: InResponseTo::Anything,
        recipient: Expected::Anything,
        destination: Expected::Anything,
        audience: Expected::Anything,
        signed_assertion: true,
        authn_contexts: &[],
        authenticated_since: None,
        encrypted: false,
    }
}

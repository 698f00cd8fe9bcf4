//! The floor beneath `make bench`: what this machine and this stack give when nothing is done for it.
//!
//! `floor serve ADDRESS` answers every GET with two bytes, by the same axum that the broker uses. `floor crypto`
//! prints, as JSON, how often per second one core verifies an RS256 and an ES256 signature, seals a session token
//! and computes the HMAC chain of a SigV4 signature: the cryptography of each job and nothing else.

use std::hint::black_box;
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
        _ => anyhow::bail!("floor serve ADDRESS | floor crypto"),
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

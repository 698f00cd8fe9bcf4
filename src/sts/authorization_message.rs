//! The message that travels beside a refusal, and that DecodeAuthorizationMessage opens.
//!
//! It holds what AWS's decoded message holds, and under `drawbridge` what AWS does not say: every statement and
//! condition with the values seen. It is compressed, filled up to one length and sealed: its length must not tell a
//! role that is not there from one that says no (STS-2).

use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde_json::{Value, json};

use crate::access::{Call, Denial};
use crate::clock::{Random, random_bytes};
use crate::seal::{KeyRing, Purpose};

/// Bytes of every message before it is sealed; about 2.8 KB as a header, which proxies still carry.
const BYTES: usize = 2048;
/// Of those, the length of what follows.
const PREFIX: usize = 2;
/// Seconds for which a message can be opened.
const LIFE: i64 = 24 * 3600;
/// More than this is not unpacked: no message of ours is near it.
const MOST_JSON: u64 = 256 * 1024;

/// Seals what there is to tell about a refusal. `None` where nothing can be sealed.
pub fn seal(ring: &KeyRing, random: &dyn Random, call: &Call, denial: &Denial) -> Option<String> {
    // What does not fit is left out, the longest first; the trail has it whole under the same request.
    let packed = [(true, true), (false, true), (false, false)]
        .into_iter()
        .find_map(|(keys, statements)| pack(&told(call, denial, keys, statements)))?;
    let mut body = u16::try_from(packed.len()).ok()?.to_be_bytes().to_vec();
    body.extend_from_slice(&packed);
    body.resize(BYTES, 0);
    let salt = random_bytes(random);
    let sealed = ring.seal(Purpose::AuthorizationMessage, b"", &body, salt);
    Some(URL_SAFE_NO_PAD.encode(sealed.ok()?))
}

/// A message that was opened.
pub struct Opened {
    /// The account whose resource was refused.
    pub account: Option<String>,
    /// What it says, as JSON text.
    pub text: String,
}

/// Opens a message; `None` for anything that is not ours, altered, or too old.
pub fn open(ring: &KeyRing, message: &str, now: i64) -> Option<Opened> {
    let sealed = URL_SAFE_NO_PAD.decode(message).ok()?;
    let (body, _) = ring
        .open(Purpose::AuthorizationMessage, b"", &sealed)
        .ok()?;
    let (length, rest) = body.split_first_chunk::<PREFIX>()?;
    let packed = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
    let mut text = String::new();
    DeflateDecoder::new(packed)
        .take(MOST_JSON)
        .read_to_string(&mut text)
        .ok()?;
    let mut told: Value = serde_json::from_str(&text).ok()?;
    let account = told["drawbridge"]["account"].as_str().map(str::to_owned);
    let at = told["drawbridge"]["at"].as_i64()?;
    if now - at > LIFE || at - now > 60 {
        return None;
    }
    if let Some(ours) = told["drawbridge"].as_object_mut() {
        ours.remove("account");
    }
    Some(Opened {
        account,
        text: told.to_string(),
    })
}

fn pack(told: &Value) -> Option<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(told.to_string().as_bytes()).ok()?;
    let packed = encoder.finish().ok()?;
    (packed.len() <= BYTES - PREFIX).then_some(packed)
}

fn told(call: &Call, denial: &Denial, keys: bool, statements: bool) -> Value {
    let decided = denial.decided.as_deref();
    let no_keys = || json!({ "items": [] });
    let (id, arn) = call.principal.clone().unwrap_or_default();
    json!({
        "allowed": false,
        "explicitDeny": decided.is_some_and(|decided| decided.explicit),
        "matchedStatements": { "items": [] },
        "failures": { "items": [] },
        "context": {
            "principal": { "id": id, "arn": arn },
            "action": decided.map(|decided| &decided.action),
            "resource": decided.map(|decided| &decided.resource),
            "conditions": match decided {
                Some(decided) if keys => decided.conditions.clone(),
                _ => no_keys(),
            },
        },
        "drawbridge": {
            "at": call.unix(),
            "request": call.request_id,
            "reason": denial.error.reason,
            "account": decided.map(|decided| &decided.account),
            "explanation": match decided {
                Some(decided) if statements => decided.explanation.clone(),
                _ => Value::Null,
            },
        },
    })
}

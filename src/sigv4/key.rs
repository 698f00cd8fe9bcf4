//! The signing key of one secret for one day, region and service.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use super::TERMINATOR;
use crate::secret::Secret;

/// Derives the signing key: a chain of four HMACs from the secret to `aws4_request`.
///
/// We don't cache it. The chain costs a microsecond, and a cache would hold keys of deleted secrets, and would tell by
/// its speed which secrets were used lately.
pub(super) fn signing_key(
    secret: &Secret<String>,
    day: &str,
    region: &str,
    service: &str,
) -> Secret<[u8; 32]> {
    let mut start = Zeroizing::new(Vec::with_capacity(4 + secret.expose().len()));
    start.extend_from_slice(b"AWS4");
    start.extend_from_slice(secret.expose().as_bytes());
    let mut key = hmac(&start, day.as_bytes());
    for step in [region, service, TERMINATOR] {
        let next = hmac(&key, step.as_bytes());
        key.zeroize();
        key = next;
    }
    Secret::new(key)
}

/// HMAC-SHA-256, from the crate that is twice as fast for short messages as the library that verifies tokens.
pub(super) fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    // RFC 2104: a key is filled up to a block, and a longer one is hashed first. Done here, there is no error case.
    let mut block = Zeroizing::new([0; 64]);
    match block.get_mut(..key.len()) {
        Some(start) => start.copy_from_slice(key),
        None => block[..32].copy_from_slice(&Sha256::digest(key)),
    }
    let block: &[u8; 64] = &block;
    let mut mac = Hmac::<Sha256>::new(block.into());
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// SHA-256 in lower-case hexadecimal.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let digit = |nibble: u8| DIGITS[usize::from(nibble & 15)];
    bytes
        .iter()
        .flat_map(|&byte| [digit(byte >> 4), digit(byte)])
        .collect()
}

/// 32 bytes from 64 lower-case hexadecimal digits.
pub(super) fn unhex(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != bytes.len() {
        return None;
    }
    for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signing_key_is_that_of_the_documentation() {
        let secret = Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned());
        let key = signing_key(&secret, "20150830", "us-east-1", "iam");
        assert_eq!(
            hex(key.expose()),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
        );
    }

    #[test]
    fn hmac_is_that_of_rfc_4231_for_short_and_long_keys() {
        let short = hmac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(
            hex(&short),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let long = hmac(
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
        );
        assert_eq!(
            hex(&long),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
        assert_eq!(hmac(&[7; 64], b"m"), hmac(&[7; 64], b"m"));
    }

    #[test]
    fn each_part_of_the_scope_makes_another_key() {
        let secret = Secret::new("secret".to_owned());
        let key = |day, region, service| signing_key(&secret, day, region, service);
        let one = key("20150830", "us-east-1", "sts");
        assert_ne!(one, key("20150831", "us-east-1", "sts"));
        assert_ne!(one, key("20150830", "us-east-2", "sts"));
        assert_ne!(one, key("20150830", "us-east-1", "iam"));
        assert_ne!(
            one,
            signing_key(
                &Secret::new("Secret".to_owned()),
                "20150830",
                "us-east-1",
                "sts"
            )
        );
    }

    #[test]
    fn hexadecimal_round_trips() {
        let bytes: [u8; 32] = std::array::from_fn(|it| u8::try_from(it * 8).unwrap());
        assert_eq!(unhex(&hex(&bytes)), Some(bytes));
    }

    #[test]
    fn hexadecimal_is_strict() {
        let good = "0".repeat(64);
        assert_eq!(unhex(&good), Some([0; 32]));
        for bad in [
            "",
            "0",
            &good[1..],
            &format!("{good}0"),
            &format!("{good}00"),
            &good.replacen('0', "A", 1),
        ] {
            assert_eq!(unhex(bad), None, "{bad}");
        }
        assert_eq!(unhex(&good.replacen('0', "g", 1)), None);
    }
}

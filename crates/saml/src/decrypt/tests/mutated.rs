//! Ciphertexts that somebody changed.

use super::*;
use proptest::prelude::*;
use std::time::Instant;

/// A content and a wrapped key that open.
static GOOD: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    let (uri, length) = GCM[2];
    let content = cipher(uri, &content_key(length), signed_assertion().as_bytes());
    let wrapped = wrapped(&content_key(length), &OURS, &OAEP_SHA1_MGF1SHA1, None);
    [content, wrapped]
});

fn carried(content: &[u8], wrapped: &[u8]) -> String {
    let within = encrypted_key(OAEP, "", wrapped);
    carry(&encrypted(GCM[2].0, content, &within, ""))
}

/// Some bytes are other ones, some are gone, some are new.
fn mutation() -> impl Strategy<Value = (bool, usize, u8, u8)> {
    (any::<bool>(), any::<usize>(), any::<u8>(), 0..5_u8)
}

fn mutate(value: &mut Vec<u8>, at: usize, byte: u8, how: u8) {
    let at = at % value.len();
    match how {
        0 => value[at] ^= 1 << (byte % 8),
        1 => value[at] = value[at].wrapping_add(byte.max(1)),
        2 => value.truncate(at),
        3 => drop(value.remove(at)),
        _ => value.insert(at, byte),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_changed_ciphertext_is_the_one_refusal((of_key, at, byte, how) in mutation()) {
        let mut values = GOOD.clone();
        mutate(&mut values[usize::from(of_key)], at, byte, how);
        prop_assume!(values != *GOOD);
        let text = carried(&values[0], &values[1]);
        prop_assert_eq!(judge(&text), Err(SamlError::Decrypt));
    }

    /// Chained blocks have no tag; the signature around them is what holds.
    #[test]
    fn chained_blocks_that_are_anything_open_to_nothing(cipher in prop::collection::vec(any::<u8>(), 0..200)) {
        let (uri, length) = CBC[0];
        let content = Content::named(uri, true).unwrap();
        let opened = content.open(&content_key(length), cipher.clone());
        prop_assert!(opened.is_none_or(|opened| opened.len() < cipher.len()));
    }
}

#[test]
fn ciphertexts_that_are_hardly_there_are_refused() {
    let [content, wrapped] = &*GOOD;
    opens(&carried(content, wrapped));
    for length in [0, 1, 11, 12, 13, 27, 28, 29] {
        refused(&carried(&content[..length], wrapped));
        refused(&carried(&vec![0; length], wrapped));
    }
    let key = content_key(16);
    for (uri, lengths) in [
        (CBC[0].0, [0, 15, 16, 31, 33, 47]),
        (GCM[0].0, [0, 1, 11, 12, 27, 29]),
    ] {
        let content = Content::named(uri, true).unwrap();
        for length in lengths {
            assert_eq!(content.open(&key, vec![1; length]), None, "{uri} {length}");
        }
    }
}

/// Only the last byte of ISO 10126 padding says anything.
#[test]
fn padding_may_be_anything_but_its_length() {
    let content = Content::named(CBC[0].0, true).unwrap();
    let key = content_key(16);
    // 20 bytes and 12 of padding: the block before the last is what the last one is chained with, so a bit there is the
    // same bit of the padding.
    let good = cipher(CBC[0].0, &key, b"<a>0123456789abc</a>");
    assert_eq!(good.len(), 48);
    let with = |at: usize, bits: u8| {
        let mut bent = good.clone();
        bent[at] ^= bits;
        content.open(&key, bent).map(|opened| opened.len())
    };
    assert_eq!(with(16 + 4, 0xff), Some(20));
    assert_eq!(with(16 + 15, 12 ^ 16), Some(16));
    assert_eq!(with(16 + 15, 12), None);
    assert_eq!(with(16 + 15, 12 ^ 17), None);
}

/// One refusal for both, and here by how much their times differ: means and t statistic, which say something over many
/// rounds on a quiet machine: `ROUNDS=20000 cargo test --release -p drawbridge-saml a_wrong_key -- --nocapture`.
#[test]
fn a_wrong_key_and_a_wrong_tag_are_one_refusal() {
    let rounds: usize = option_env!("ROUNDS").unwrap_or("100").parse().unwrap();
    let [content, wrapped_key] = &*GOOD;
    let mut spoilt = content.clone();
    *spoilt.last_mut().unwrap() ^= 1;
    // Smaller than the modulus, as the genuine one is: what is not ends sooner, and whoever sends it knows that.
    let mut other = wrapped_key.clone();
    *other.last_mut().unwrap() ^= 1;
    let texts = [carried(content, &other), carried(&spoilt, wrapped_key)];
    let mut seen = [Vec::new(), Vec::new()];
    // In an order of chance: every so many operations RSA draws what it blinds with anew, which takes longer.
    let mut order = vec![0; rounds];
    SystemRandom::new().fill(&mut order).unwrap();
    for kind in order {
        let kind = usize::from(kind % 2);
        let from = Instant::now();
        assert_eq!(judge(&texts[kind]), Err(SamlError::Decrypt));
        seen[kind].push(from.elapsed().as_secs_f64() * 1e6);
    }
    let [key, tag] = seen.map(|mut times| {
        // The slowest tenth is what else the machine was doing.
        times.sort_by(f64::total_cmp);
        times.truncate(times.len() * 9 / 10);
        let count = times.len() as f64;
        let mean = times.iter().sum::<f64>() / count;
        let variance = times.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    });
    let t = (key.0 - tag.0) / (key.1 + tag.1).sqrt();
    println!(
        "wrong key {:.1} us, wrong tag {:.1} us, t = {t:.2}",
        key.0, tag.0
    );
}

//! Time-based one-time passwords (RFC 6238): the seed of a virtual MFA device, and which step a code is of.
//!
//! Six digits, steps of 30 seconds, SHA-1: what every authenticator app does without being told. A [`Seed`] makes codes,
//! finds the step of one (every step of the window is computed and compared, in constant time), and is sealed for the
//! store. That a step counts once is the store's affair; [`Seed::spent`] names the step there. `qr` draws what a phone
//! scans.

mod qr;

use std::ops::RangeInclusive;

use hmac::{Hmac, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use crate::seal::{KeyRing, Purpose, SealError};
use crate::secret::Secret;

/// Seconds of a step.
const STEP: i64 = 30;
/// Bytes of a seed: 64 characters of base32.
pub const SEED_BYTES: usize = 40;
/// What may stand in an `otpauth` label as it is.
const LABEL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'@');

/// The step in which a moment lies.
pub fn step_at(unix: i64) -> i64 {
    unix.div_euclid(STEP)
}

/// The second at which a step ends.
pub fn end_of(step: i64) -> i64 {
    step.saturating_add(1).saturating_mul(STEP)
}

/// The secret that a device and this broker share.
pub struct Seed(Secret<Vec<u8>>);

impl Seed {
    /// Of fresh random bytes.
    pub fn new(random: [u8; SEED_BYTES]) -> Seed {
        Seed(Secret::new(random.to_vec()))
    }

    /// Opens a seed that [`Seed::seal`] sealed for the same device.
    pub fn open(ring: &KeyRing, serial: &str, sealed: &[u8]) -> Result<Seed, SealError> {
        let (bytes, _) = ring.open(Purpose::Stored, serial.as_bytes(), sealed)?;
        Ok(Seed(Secret::new(bytes)))
    }

    /// Seals it, bound to the serial number of its device.
    pub fn seal(&self, ring: &KeyRing, serial: &str, salt: [u8; 24]) -> Result<Vec<u8>, SealError> {
        ring.seal(Purpose::Stored, serial.as_bytes(), self.0.expose(), salt)
    }

    /// As people type it into an app: base32 without padding (RFC 4648).
    pub fn base32(&self) -> Secret<String> {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let mut text = String::new();
        for group in self.0.expose().chunks(5) {
            let bits = group
                .iter()
                .fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
            let bits = bits << (8 * (5 - group.len()));
            let characters = (group.len() * 8).div_ceil(5);
            text.extend((0..characters).map(|place| {
                let value = (bits >> (35 - 5 * place)) & 31;
                let letter = usize::try_from(value).ok().and_then(|at| ALPHABET.get(at));
                char::from(letter.copied().unwrap_or(b'A'))
            }));
        }
        Secret::new(text)
    }

    /// What a phone scans: `otpauth://totp/Drawbridge:NAME?secret=SEED&issuer=Drawbridge`, as a PNG image.
    ///
    /// The form: <https://github.com/google/google-authenticator/wiki/Key-Uri-Format>
    pub fn qr_png(&self, name: &str) -> Option<Secret<Vec<u8>>> {
        qr::png(self.otpauth(name).expose().as_bytes()).map(Secret::new)
    }

    fn otpauth(&self, name: &str) -> Secret<String> {
        let label = utf8_percent_encode(name, LABEL);
        let seed = self.base32();
        let seed = seed.expose();
        Secret::new(format!(
            "otpauth://totp/Drawbridge:{label}?secret={seed}&issuer=Drawbridge"
        ))
    }

    /// The code of a step.
    pub fn code(&self, step: i64) -> Secret<String> {
        Secret::new(format!("{:06}", self.number(step)))
    }

    /// RFC 4226 section 5.3.
    fn number(&self, step: i64) -> u32 {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        let mut mac = Hmac::<Sha1>::new_from_slice(self.0.expose()).expect("any length");
        mac.update(&step.to_be_bytes());
        let digest: [u8; 20] = mac.finalize().into_bytes().into();
        let offset = usize::from(digest.last().copied().unwrap_or(0) & 15);
        let word = digest.get(offset..offset + 4).unwrap_or_default();
        let number = word
            .iter()
            .fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
        (number & 0x7fff_ffff) % 1_000_000
    }

    fn is_code_of(&self, step: i64, code: &Secret<String>) -> Choice {
        self.code(step)
            .expose()
            .as_bytes()
            .ct_eq(code.expose().as_bytes())
    }

    /// The step of a code, among these; every one of them is looked at.
    pub fn find(&self, steps: RangeInclusive<i64>, code: &Secret<String>) -> Option<i64> {
        sole(steps, |step| self.is_code_of(step, code))
    }

    /// The step of the second of two codes that follow each other, among these.
    pub fn find_pair(
        &self,
        steps: RangeInclusive<i64>,
        codes: [&Secret<String>; 2],
    ) -> Option<i64> {
        let [first, second] = codes;
        // Two steps may have one code by chance, but somebody who sends one code twice has seen only one.
        if first == second {
            return None;
        }
        sole(steps, |step| {
            self.is_code_of(step - 1, first) & self.is_code_of(step, second)
        })
    }

    /// What remembers that the code of a step was used: of this seed, so that a device made anew under an old name
    /// begins anew.
    pub fn spent(&self, step: i64) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"drawbridge/1/totp-step");
        hash.update(self.0.expose());
        hash.update(step.to_be_bytes());
        hash.finalize().into()
    }
}

/// The latest step that fits, without telling by the time it takes which one.
fn sole(steps: RangeInclusive<i64>, fits: impl Fn(i64) -> Choice) -> Option<i64> {
    let (mut found, mut at) = (Choice::from(0), 0_i64);
    for step in steps {
        let fit = fits(step);
        at.conditional_assign(&step, fit);
        found |= fit;
    }
    bool::from(found).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(bytes: &[u8]) -> Seed {
        Seed(Secret::new(bytes.to_vec()))
    }

    fn code(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        let seed = seed(b"12345678901234567890");
        for (unix, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(seed.code(step_at(unix)).expose(), expected, "{unix}");
        }
    }

    #[test]
    fn base32_is_that_of_rfc_4648_without_padding() {
        for (bytes, text) in [
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(seed(bytes.as_bytes()).base32().expose(), text);
        }
        assert_eq!(Seed::new([7; SEED_BYTES]).base32().expose().len(), 64);
    }

    #[test]
    fn a_code_is_found_in_its_window_and_on_both_of_its_edges_only() {
        let seed = Seed::new([1; SEED_BYTES]);
        let code = seed.code(100);
        for now in 99..=101 {
            assert_eq!(seed.find(now - 1..=now + 1, &code), Some(100));
        }
        assert_eq!(seed.find(101..=103, &code), None);
        assert_eq!(seed.find(97..=99, &code), None);
    }

    #[test]
    fn a_pair_must_follow_each_other_upwards_and_differ() {
        let seed = Seed::new([1; SEED_BYTES]);
        let (a, b, c) = (seed.code(100), seed.code(101), seed.code(102));
        assert_eq!(seed.find_pair(98..=104, [&a, &b]), Some(101));
        assert_eq!(seed.find_pair(98..=104, [&b, &a]), None);
        assert_eq!(seed.find_pair(98..=104, [&a, &c]), None);
        assert_eq!(seed.find_pair(98..=104, [&a, &a]), None);
        assert_eq!(seed.find_pair(102..=104, [&a, &b]), None);
    }

    #[test]
    fn a_code_of_another_length_is_no_code() {
        let seed = Seed::new([1; SEED_BYTES]);
        let longer = format!("{}0", seed.code(5).expose());
        for wrong in ["", "12345", longer.as_str()] {
            assert_eq!(seed.find(0..=10, &code(wrong)), None);
        }
    }

    #[test]
    fn a_seed_opens_for_its_own_device_alone() {
        let ring = KeyRing::parse(&KeyRing::generate([3; 32], 0)).unwrap();
        let seed = Seed::new([1; SEED_BYTES]);
        let sealed = seed.seal(&ring, "serial-a", [9; 24]).unwrap();
        let opened = Seed::open(&ring, "serial-a", &sealed).unwrap();
        assert_eq!(opened.code(1), seed.code(1));
        assert!(Seed::open(&ring, "serial-b", &sealed).is_err());
    }

    #[test]
    fn a_step_is_spent_for_one_seed() {
        let (one, other) = (Seed::new([1; SEED_BYTES]), Seed::new([2; SEED_BYTES]));
        assert_eq!(one.spent(5), one.spent(5));
        assert_ne!(one.spent(5), one.spent(6));
        assert_ne!(one.spent(5), other.spent(5));
    }

    #[test]
    fn the_label_of_the_picture_is_a_url_whatever_the_name() {
        let url = Seed::new([0; SEED_BYTES]).otpauth("a+b=c,d@dev");
        let expected = format!(
            "otpauth://totp/Drawbridge:a%2Bb%3Dc%2Cd@dev?secret={}&issuer=Drawbridge",
            "A".repeat(64)
        );
        assert_eq!(url.expose(), &expected);
    }
}

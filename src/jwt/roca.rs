//! Recognising RSA keys that can be factored because of how they were made (ROCA, CVE-2017-15361).
//!
//! The affected library chose primes of the form `k·M + (65537^a mod M)`, with `M` the product of the first primes. So
//! the modulus is a power of 65537 modulo each of them, which a sound modulus is by chance once in 2^167.

/// For moduli of 2048 bits and more, `M` has at least the first 126 primes, which end here.
const LAST_PRIME: u32 = 701;

/// Whether a modulus, in big-endian bytes, has the fingerprint.
pub(super) fn has_fingerprint(modulus: &[u8]) -> bool {
    (3..=LAST_PRIME)
        .filter(|&candidate| is_prime(candidate))
        .all(|prime| is_power_of_65537(remainder(modulus, prime), prime))
}

fn is_prime(odd_or_even: u32) -> bool {
    (2..odd_or_even)
        .take_while(|it| it * it <= odd_or_even)
        .all(|it| !odd_or_even.is_multiple_of(it))
}

fn remainder(modulus: &[u8], prime: u32) -> u32 {
    modulus
        .iter()
        .fold(0, |rest, &byte| (rest * 256 + u32::from(byte)) % prime)
}

fn is_power_of_65537(value: u32, prime: u32) -> bool {
    let mut power = 1;
    loop {
        if power == value {
            return true;
        }
        power = power * 65_537 % prime;
        if power == 1 {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::jwt::testing;

    #[test]
    fn a_modulus_made_the_bad_way_is_recognised() {
        assert!(has_fingerprint(
            &URL_SAFE_NO_PAD.decode(testing::ROCA_MODULUS).unwrap()
        ));
    }

    #[test]
    fn sound_moduli_are_not() {
        for modulus in [testing::RFC7638_MODULUS, testing::RFC7515_MODULUS] {
            assert!(!has_fingerprint(&URL_SAFE_NO_PAD.decode(modulus).unwrap()));
        }
    }

    #[test]
    fn remainders_are_those_of_the_whole_number() {
        assert_eq!(remainder(&[0x01, 0x00, 0x00], 701), 65_536 % 701);
        assert_eq!(remainder(&[], 3), 0);
    }
}

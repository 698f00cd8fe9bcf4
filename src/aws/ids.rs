//! Account numbers, access key ids and unique ids.
//!
//! Key ids and unique ids issued by AWS since 2019 carry the account number, and ours are made the same
//! way, so that `GetAccessKeyInfo` and any verifier can answer from the id alone.

use std::fmt;

/// Twelve decimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(u64);

impl AccountId {
    /// Reads exactly twelve ASCII digits.
    pub fn parse(text: &str) -> Option<AccountId> {
        if text.len() != 12 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        text.parse().ok().map(AccountId)
    }

    /// The account number that a key id or unique id carries; `None` for the older form, which does not,
    /// and for anything that is no such id.
    pub fn of_id(id: &str) -> Option<AccountId> {
        let body = id.as_bytes().get(4..14)?;
        if !id.is_char_boundary(4) || *body.first()? < b'2' {
            return None;
        }
        // Older ids start with A..P here and are random all through.
        if (b'A'..=b'P').contains(body.first()?) {
            return None;
        }
        let mut bits: u64 = 0;
        for byte in body {
            bits = (bits << 5) | u64::from(base32_value(*byte)?);
        }
        // Ten characters are fifty bits; the id's first six bytes are the upper forty-eight.
        let first_six_bytes = bits >> 2;
        let account = (first_six_bytes & 0x7fff_ffff_ff80) >> 7;
        (account < 1_000_000_000_000).then_some(AccountId(account))
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012}", self.0)
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The four letters that say what an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdKind {
    /// `AKIA`, 20 characters.
    LongTermKey,
    /// `ASIA`, 20 characters.
    TemporaryKey,
    /// `AIDA`, 21 characters.
    User,
    /// `AROA`, 21 characters.
    Role,
    /// `ANPA`, 21 characters.
    ManagedPolicy,
    /// `AGPA`, 21 characters.
    Group,
    /// `AIPA`, 21 characters.
    InstanceProfile,
}

impl IdKind {
    fn prefix(self) -> &'static str {
        match self {
            IdKind::LongTermKey => "AKIA",
            IdKind::TemporaryKey => "ASIA",
            IdKind::User => "AIDA",
            IdKind::Role => "AROA",
            IdKind::ManagedPolicy => "ANPA",
            IdKind::Group => "AGPA",
            IdKind::InstanceProfile => "AIPA",
        }
    }

    fn random_letters(self) -> usize {
        match self {
            IdKind::LongTermKey | IdKind::TemporaryKey => 7,
            _ => 8,
        }
    }
}

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn base32_value(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'2'..=b'7' => Some(byte - b'2' + 26),
        _ => None,
    }
}

fn letter(value: u8) -> char {
    char::from(ALPHABET[usize::from(value & 31)])
}

/// Makes an id of this kind in this account out of nine random bytes (at least 39 bits of them show).
pub fn new_id(kind: IdKind, account: AccountId, random: [u8; 9]) -> String {
    let AccountId(number) = account;
    let carried = (1_u64 << 39) + number / 2;
    let mut id = String::with_capacity(21);
    id.push_str(kind.prefix());
    for place in (0..8).rev() {
        id.push(letter(((carried >> (place * 5)) & 31) as u8));
    }
    let [first, rest @ ..] = random;
    // The half of the alphabet that the ninth letter comes from is the account's lowest bit.
    let half = if number % 2 == 1 { 16 } else { 0 };
    id.push(letter(half + (first & 15)));
    for byte in rest.iter().take(kind.random_letters()) {
        id.push(letter(*byte));
    }
    id
}

/// The id of a SAML provider (`SAMLSP`) or of its private key (`SAMLPK`): the prefix and sixteen random letters, which
/// carry no account.
pub fn saml_id(prefix: &str, random: [u8; 16]) -> String {
    let letters = random.into_iter().map(letter);
    prefix.chars().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_vectors_decode() {
        let account = AccountId::of_id("ASIAQNZGKIQY56JQ7WML").unwrap();
        assert_eq!(account.to_string(), "029608264753");
        let zero =
            AccountId::of_id("AKIAQAAAAAAAC2345678").or(AccountId::of_id("AKIAQAAAAAAAC234567A"));
        assert_eq!(zero.unwrap().to_string(), "000000000000");
    }

    #[test]
    fn every_kind_of_id_carries_its_account_round_trip() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..2000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let account = AccountId(state % 1_000_000_000_000);
            let random: [u8; 9] = std::array::from_fn(|i| (state >> (i * 6)) as u8);
            for (kind, length) in [
                (IdKind::TemporaryKey, 20),
                (IdKind::LongTermKey, 20),
                (IdKind::Role, 21),
                (IdKind::User, 21),
            ] {
                let id = new_id(kind, account, random);
                assert_eq!(id.len(), length);
                assert_eq!(AccountId::of_id(&id), Some(account), "{id}");
            }
        }
    }

    #[test]
    fn ids_of_the_older_form_carry_no_account() {
        assert_eq!(AccountId::of_id("AKIAIOSFODNN7EXAMPLE"), None);
        assert_eq!(AccountId::of_id("AKIA"), None);
        assert_eq!(AccountId::of_id("AKIAQ\u{e9}AAAAAAAAAAAA"), None);
    }

    #[test]
    fn an_account_is_twelve_digits() {
        assert!(AccountId::parse("012345678901").is_some());
        for bad in [
            "1234567890",
            "12345678901a",
            "+12345678901",
            "",
            "١١١١١١١١١١١١",
        ] {
            assert_eq!(AccountId::parse(bad), None);
        }
    }
}

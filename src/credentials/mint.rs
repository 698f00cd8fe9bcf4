//! Making credentials: a key id that carries the account, a secret computed from it, a sealed token.

use sha2::Sha512;
use time::OffsetDateTime;

use crate::aws::ids::{AccountId, IdKind, new_id};
use crate::credentials::RoleSession;
use crate::seal::{KeyRing, Purpose};
use crate::secret::Secret;

/// What an exchange hands out. Expires by itself.
#[derive(Clone, Debug)]
pub struct SessionCredentials {
    /// `ASIA...`.
    pub access_key_id: String,
    /// Forty letters and digits: they survive unquoted shell words.
    pub secret_access_key: Secret<String>,
    /// Opaque; base64url.
    pub session_token: Secret<String>,
    /// When they end.
    pub expires: OffsetDateTime,
}

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The secret of a temporary key: HMAC of the ring's key over the key id, as forty letters and digits
/// (238 bits). Whoever has the ring computes it again; nothing is stored.
pub fn session_secret(
    ring: &KeyRing,
    ring_key: u32,
    access_key_id: &str,
) -> Option<Secret<String>> {
    use hmac::{Hmac, Mac};
    let key = ring.key(ring_key, Purpose::SessionSecret)?;
    let mut secret = String::with_capacity(40);
    let mut counter = 0_u8;
    while secret.len() < 40 {
        let mut mac = Hmac::<Sha512>::new_from_slice(key.expose()).ok()?;
        mac.update(access_key_id.as_bytes());
        mac.update(&[counter]);
        // 248 is the largest multiple of 62 in a byte: what lies above would favour some letters.
        let bytes = mac.finalize().into_bytes();
        let letters = bytes.iter().filter(|byte| **byte < 248);
        secret.extend(letters.map(|byte| char::from(BASE62[usize::from(byte % 62)])));
        counter = counter.checked_add(1)?;
    }
    secret.truncate(40);
    Some(Secret::new(secret))
}

/// Makes the credentials of a session out of 33 random bytes; fills in the session's key id.
pub fn mint(
    ring: &KeyRing,
    account: AccountId,
    mut session: RoleSession,
    random: [u8; 33],
) -> Option<SessionCredentials> {
    let (id_bytes, salt) = random.split_at_checked(9)?;
    session.access_key_id = new_id(IdKind::TemporaryKey, account, id_bytes.try_into().ok()?);
    let secret_access_key = session_secret(ring, ring.active(), &session.access_key_id)?;
    let session_token = session.seal(ring, salt.try_into().ok()?)?;
    Some(SessionCredentials {
        expires: OffsetDateTime::from_unix_timestamp(session.expires_at).ok()?,
        access_key_id: session.access_key_id,
        secret_access_key,
        session_token,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_follows_from_key_and_id_alone() {
        let ring = KeyRing::parse(&KeyRing::generate([1; 32], 0)).unwrap();
        let a = session_secret(&ring, 1, "ASIAA").unwrap();
        assert_eq!(
            a.expose(),
            session_secret(&ring, 1, "ASIAA").unwrap().expose()
        );
        assert_ne!(
            a.expose(),
            session_secret(&ring, 1, "ASIAB").unwrap().expose()
        );
        assert_eq!(a.expose().len(), 40);
        assert!(a.expose().bytes().all(|b| b.is_ascii_alphanumeric()));
        assert!(session_secret(&ring, 2, "ASIAA").is_none());
    }

    #[test]
    fn minted_credentials_verify_without_a_look_up() {
        let ring = KeyRing::parse(&KeyRing::generate([1; 32], 0)).unwrap();
        let account = AccountId::parse("111111111111").unwrap();
        let session = super::super::session_token::tests::session();
        let made = mint(&ring, account, session, [5; 33]).unwrap();
        assert_eq!(AccountId::of_id(&made.access_key_id), Some(account));
        let token = made.session_token.expose();
        let (opened, key) = RoleSession::open(&ring, &made.access_key_id, token, 1).unwrap();
        let secret = session_secret(&ring, key, &opened.access_key_id).unwrap();
        assert_eq!(secret.expose(), made.secret_access_key.expose());
        assert!(token.len() < 700, "{}", token.len());
    }
}

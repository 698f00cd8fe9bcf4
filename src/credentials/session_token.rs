//! The session and its token: sealed, self-contained, nothing to look up.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::aws::arn;
use crate::aws::sts::Tag;
use crate::identity::ClaimValue;
use crate::seal::{KeyRing, Purpose};
use crate::secret::Secret;

/// What a session speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionKind {
    /// A role: AssumeRole and its kin.
    #[serde(rename = "r")]
    Role,
    /// An IAM user itself: GetSessionToken.
    #[serde(rename = "u")]
    User,
    /// The root of an account: GetSessionToken, AssumeRoot.
    #[serde(rename = "o")]
    Root,
    /// A name that a user or root vouched for: GetFederationToken.
    #[serde(rename = "f")]
    FederatedUser,
}

/// Everything a session must remember (sts.md section 4.5). Member names are short because the whole
/// travels in a header with every request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoleSession {
    /// What it speaks for.
    #[serde(rename = "t")]
    pub kind: SessionKind,
    /// Whose temporary key this is; the token is worth nothing beside another key id.
    #[serde(rename = "a")]
    pub access_key_id: String,
    /// Account of the role, or of the user.
    #[serde(rename = "c")]
    pub account: String,
    /// ARN of the role with its path; of the user or root that asked, for the other kinds.
    #[serde(rename = "r")]
    pub role_arn: String,
    /// `AROA...`: a role deleted and made again is another one. `AIDA...` or the account id for the other
    /// kinds.
    #[serde(rename = "u")]
    pub role_id: String,
    /// Session name; the name of a federated user; empty for a user or root itself.
    #[serde(rename = "n")]
    pub session_name: String,
    /// Epoch seconds.
    #[serde(rename = "i")]
    pub issued_at: i64,
    /// Epoch seconds; the session is over at this second.
    #[serde(rename = "e")]
    pub expires_at: i64,
    /// Inline session policy, as written.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub inline_policy: Option<String>,
    /// Managed session policies; they stay live.
    #[serde(rename = "m", default, skip_serializing_if = "Vec::is_empty")]
    pub policy_arns: Vec<String>,
    /// Session tags, inherited ones included.
    #[serde(rename = "g", default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// Keys of the tags that travel on.
    #[serde(rename = "x", default, skip_serializing_if = "Vec::is_empty")]
    pub transitive_tag_keys: Vec<String>,
    /// Fixed down the chain.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
    /// Condition keys of the federation that outlive the trust decision.
    #[serde(rename = "f", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub federation: BTreeMap<String, ClaimValue>,
    /// ARN of the provider that vouched.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub federated_provider: Option<String>,
    /// The names by which that can be cut off, where the condition keys do not say them: of SAML.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub vouched_for: Option<VouchedFor>,
    /// Made by another role session.
    #[serde(rename = "d", default, skip_serializing_if = "std::ops::Not::not")]
    pub chained: bool,
    /// Epoch seconds at which a one-time code was checked for this session.
    #[serde(rename = "q", default, skip_serializing_if = "Option::is_none")]
    pub mfa_at: Option<i64>,
    /// A root task: the one managed policy that a session of AssumeRoot is held to.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
}

/// Whom an identity provider vouched for, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VouchedFor {
    /// The provider's name for itself: of SAML its entity id.
    #[serde(rename = "i")]
    pub issuer: String,
    /// The name under which the person is known here: the `NameID`, or what stands for it.
    #[serde(rename = "s")]
    pub subject: String,
}

/// Why a session token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not ours, not for this key, altered, cut short: one answer for all.
    #[error("the session token is not one of ours for this access key")]
    Invalid,
    /// Genuine, and over.
    #[error("the session has ended")]
    Expired,
}

/// Sessions may hold inline policies of unlimited model size; beyond this no header carries them.
const MAX_TOKEN: usize = 16 * 1024;

impl RoleSession {
    /// Seals the session into its token.
    pub fn seal(&self, ring: &KeyRing, salt: [u8; 24]) -> Option<Secret<String>> {
        let body = serde_json::to_vec(self).ok()?;
        let sealed = ring.seal(Purpose::SessionToken, b"", &body, salt).ok()?;
        Some(Secret::new(URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// Opens the token that came with an access key id. Returns the session and the id of the ring's
    /// key that sealed it (from which the secret follows).
    pub fn open(
        ring: &KeyRing,
        access_key_id: &str,
        token: &str,
        now_unix: i64,
    ) -> Result<(RoleSession, u32), TokenError> {
        if token.len() > MAX_TOKEN {
            return Err(TokenError::Invalid);
        }
        let sealed = URL_SAFE_NO_PAD
            .decode(token)
            .map_err(|_| TokenError::Invalid)?;
        let (body, key) = ring
            .open(Purpose::SessionToken, b"", &sealed)
            .map_err(|_| TokenError::Invalid)?;
        let session: RoleSession =
            serde_json::from_slice(&body).map_err(|_| TokenError::Invalid)?;
        if session.access_key_id != access_key_id {
            return Err(TokenError::Invalid);
        }
        if now_unix >= session.expires_at {
            return Err(TokenError::Expired);
        }
        Ok((session, key))
    }

    /// The last component of the role's ARN.
    pub fn role_name(&self) -> &str {
        self.role_arn.rsplit('/').next().unwrap_or_default()
    }

    /// The session's ARN.
    pub fn arn(&self) -> String {
        let partition = self.role_arn.split(':').nth(1).unwrap_or("aws");
        let (account, name) = (&self.account, &self.session_name);
        match self.kind {
            SessionKind::Role => arn::assumed_role(partition, account, self.role_name(), name),
            SessionKind::User | SessionKind::Root => self.role_arn.clone(),
            SessionKind::FederatedUser => arn::federated_user(partition, account, name),
        }
    }

    /// `AROA...:session`, `AIDA...`, the account id, or `account:name` (sts.md section 4.4).
    pub fn user_id(&self) -> String {
        match self.kind {
            SessionKind::Role => format!("{}:{}", self.role_id, self.session_name),
            SessionKind::User | SessionKind::Root => self.role_id.clone(),
            SessionKind::FederatedUser => format!("{}:{}", self.account, self.session_name),
        }
    }

    /// Whether it was made with limits of its own.
    pub fn is_limited(&self) -> bool {
        self.inline_policy.is_some() || !self.policy_arns.is_empty()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn session() -> RoleSession {
        RoleSession {
            kind: SessionKind::Role,
            access_key_id: "ASIAQNZGKIQY56JQ7WML".to_owned(),
            account: "111111111111".to_owned(),
            role_arn: "arn:aws:iam::111111111111:role/team/Deploy".to_owned(),
            role_id: "AROAQNZGKIQY56JQ7WMLA".to_owned(),
            session_name: "ann".to_owned(),
            issued_at: 1000,
            expires_at: 4600,
            inline_policy: None,
            policy_arns: vec![],
            tags: vec![],
            transitive_tag_keys: vec![],
            source_identity: None,
            federation: BTreeMap::new(),
            federated_provider: None,
            vouched_for: None,
            chained: false,
            mfa_at: None,
            task: None,
        }
    }

    fn ring() -> KeyRing {
        KeyRing::parse(&KeyRing::generate([1; 32], 0)).unwrap()
    }

    #[test]
    fn a_session_comes_back_whole() {
        let (ring, session) = (ring(), session());
        let token = session.seal(&ring, [1; 24]).unwrap();
        let key = &session.access_key_id;
        let (opened, by) = RoleSession::open(&ring, key, token.expose(), 4599).unwrap();
        assert_eq!((opened, by), (session.clone(), 1));
        assert_eq!(
            session.arn(),
            "arn:aws:sts::111111111111:assumed-role/Deploy/ann"
        );
    }

    #[test]
    fn a_session_is_over_at_its_last_second() {
        let (ring, session) = (ring(), session());
        let token = session.seal(&ring, [1; 24]).unwrap();
        let opened = RoleSession::open(&ring, &session.access_key_id, token.expose(), 4600);
        assert_eq!(opened, Err(TokenError::Expired));
    }

    #[test]
    fn a_token_is_refused_beside_another_key_id() {
        let (ring, session) = (ring(), session());
        let token = session.seal(&ring, [1; 24]).unwrap();
        let opened = RoleSession::open(&ring, "ASIAQNZGKIQY56JQ7WMM", token.expose(), 1);
        assert_eq!(opened, Err(TokenError::Invalid));
    }

    #[test]
    fn altered_and_foreign_tokens_are_refused_alike() {
        let (ring, session) = (ring(), session());
        let token = session.seal(&ring, [1; 24]).unwrap();
        let key = &session.access_key_id;
        let text = token.expose();
        for bad in [
            "",
            "x",
            "!!!",
            &text[1..],
            &text[..text.len() - 1],
            &format!("{text}A"),
        ] {
            let opened = RoleSession::open(&ring, key, bad, 1);
            assert_eq!(opened, Err(TokenError::Invalid), "{bad}");
        }
        let other = KeyRing::parse(&KeyRing::generate([2; 32], 0)).unwrap();
        assert!(RoleSession::open(&other, key, text, 1).is_err());
    }
}

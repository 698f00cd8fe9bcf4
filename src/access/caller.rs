//! Who signed a request.

use serde_json::{Value, json};
use std::sync::Arc;

use crate::aws::arn::{self, PARTITION};
use crate::aws::xml::timestamp;
use crate::credentials::{RoleSession, SessionKind};
use crate::identity::ClaimValue;
use crate::policy::{self, RequestContext};
use crate::store::cache::CachedUser;

/// What kind of principal a caller is, with what is known of it.
#[derive(Clone, Debug)]
pub enum Principal {
    /// The account itself.
    Root,
    /// An IAM user, with a long-term key or with a session of its own (GetSessionToken).
    User(Arc<CachedUser>),
    /// A role's session.
    Role,
    /// A federated user; of which IAM user, unless root vouched for it.
    FederatedUser(Option<Arc<CachedUser>>),
}

/// An authenticated caller. Made only by `authenticate`, after the signature held.
#[derive(Clone, Debug)]
pub struct Caller {
    principal: Principal,
    session: Option<Box<RoleSession>>,
    account: String,
    arn: String,
    user_id: String,
    access_key_id: String,
}

impl Caller {
    pub(super) fn root(account: &str, access_key_id: &str) -> Caller {
        Caller {
            principal: Principal::Root,
            session: None,
            account: account.to_owned(),
            arn: arn::root(PARTITION, account),
            user_id: account.to_owned(),
            access_key_id: access_key_id.to_owned(),
        }
    }

    pub(super) fn user(user: Arc<CachedUser>, access_key_id: &str) -> Caller {
        Caller {
            session: None,
            account: user.user.account.clone(),
            arn: user.user.arn.clone(),
            user_id: user.user.unique_id.clone(),
            access_key_id: access_key_id.to_owned(),
            principal: Principal::User(user),
        }
    }

    /// The caller behind a session; `user` is the IAM user of one that is not a role's, where there is one.
    pub(super) fn of_session(
        session: RoleSession,
        user: Option<Arc<CachedUser>>,
    ) -> Option<Caller> {
        let (arn, principal) = match (session.kind, user) {
            (SessionKind::Role, _) => (session.arn(), Principal::Role),
            (SessionKind::Root, _) => (session.arn(), Principal::Root),
            (SessionKind::User, Some(user)) => (user.user.arn.clone(), Principal::User(user)),
            (SessionKind::User, None) => return None,
            (SessionKind::FederatedUser, user) => (session.arn(), Principal::FederatedUser(user)),
        };
        Some(Caller {
            account: session.account.clone(),
            arn,
            user_id: session.user_id(),
            access_key_id: session.access_key_id.clone(),
            session: Some(Box::new(session)),
            principal,
        })
    }

    /// What kind of principal.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Twelve digits.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// User, session or root ARN.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// `AIDA...`, `AROA...:session` or the account id.
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// The key that signed.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The session, where the credentials are temporary.
    pub fn session(&self) -> Option<&RoleSession> {
        self.session.as_deref()
    }

    /// The session of a role, where it is one: what it took on travels down the chain.
    pub fn role_session(&self) -> Option<&RoleSession> {
        self.session()
            .filter(|session| session.kind == SessionKind::Role)
    }

    /// As the policy engine knows callers, with the unique id that stored principals are compared with.
    pub fn for_policy(&self) -> policy::Caller {
        match (&self.principal, &self.session) {
            (Principal::Root, _) => policy::Caller::root(&self.account),
            (Principal::User(user), _) => {
                policy::Caller::user(&user.user.arn).with_unique_id(&user.user.unique_id)
            }
            (Principal::FederatedUser(user), _) => {
                let issuing = user.as_ref().map(|user| user.user.arn.clone());
                let caller = policy::Caller::federated_user(&self.arn, issuing);
                match user {
                    Some(user) => caller.with_unique_id(&user.user.unique_id),
                    None => caller,
                }
            }
            (Principal::Role, Some(session)) => {
                policy::Caller::role_session(&self.arn, Some(session.role_arn.clone()))
                    .with_unique_id(&session.role_id)
            }
            // `of_session` alone makes a role's caller, and it has the session.
            (Principal::Role, None) => policy::Caller::anonymous(),
        }
    }

    /// The condition keys that follow from who is calling (policy.md section 8). Nothing here comes from
    /// the request.
    pub fn describe(&self, context: &mut RequestContext) {
        context.set("aws:PrincipalAccount", self.account.clone());
        context.set("aws:userid", self.user_id.clone());
        context.set("aws:PrincipalIsAWSService", "false");
        context.set("aws:ViaAWSService", "false");
        match &self.principal {
            Principal::Root => {
                context.set("aws:PrincipalType", "Account");
                context.set("aws:PrincipalArn", self.arn.clone());
            }
            Principal::User(user) => {
                context.set("aws:PrincipalType", "User");
                context.set("aws:PrincipalArn", self.arn.clone());
                context.set("aws:username", user.user.name.clone());
                for (key, value) in &user.user.tags {
                    context.set(&format!("aws:PrincipalTag/{key}"), value.clone());
                }
            }
            Principal::FederatedUser(_) => {
                context.set("aws:PrincipalType", "FederatedUser");
                context.set("aws:PrincipalArn", self.arn.clone());
            }
            Principal::Role => context.set("aws:PrincipalType", "AssumedRole"),
        }
        let Some(session) = &self.session else {
            return;
        };
        if session.kind == SessionKind::Role {
            // The role's ARN with its path, not the session's.
            context.set("aws:PrincipalArn", session.role_arn.clone());
        }
        // Present for temporary credentials only: a long-term key has no such key at all.
        let with_mfa = session.mfa_at.is_some();
        context.set("aws:MultiFactorAuthPresent", with_mfa.to_string());
        if let (Some(at), Some(now)) = (session.mfa_at, now_of(context)) {
            context.set("aws:MultiFactorAuthAge", (now - at).max(0).to_string());
        }
        let issued = time::OffsetDateTime::from_unix_timestamp(session.issued_at);
        if let Ok(issued) = issued {
            context.set("aws:TokenIssueTime", timestamp(issued));
        }
        for tag in &session.tags {
            context.set(&format!("aws:PrincipalTag/{}", tag.key), tag.value.clone());
        }
        if let Some(identity) = &session.source_identity {
            context.set("aws:SourceIdentity", identity.clone());
        }
        if let Some(provider) = &session.federated_provider {
            context.set("aws:FederatedProvider", provider.clone());
        }
        for (key, value) in &session.federation {
            match value {
                ClaimValue::One(one) => context.set(key, one.clone()),
                ClaimValue::Many(many) => context.set_many(key, many.clone()),
            }
        }
    }

    /// `userIdentity` of the audit event (sts.md section 12).
    pub fn trail(&self) -> Value {
        let base = |kind: &str| {
            json!({
                "type": kind,
                "principalId": self.user_id,
                "arn": self.arn,
                "accountId": self.account,
                "accessKeyId": self.access_key_id,
            })
        };
        let mut trail = match &self.principal {
            Principal::Root => base("Root"),
            Principal::User(user) => {
                let mut trail = base("IAMUser");
                trail["userName"] = json!(user.user.name);
                trail
            }
            Principal::FederatedUser(_) => base("FederatedUser"),
            Principal::Role => base("AssumedRole"),
        };
        if let Some(session) = &self.session {
            trail["sessionContext"] = self.session_context(session);
        }
        trail
    }

    fn session_context(&self, session: &RoleSession) -> Value {
        let created = time::OffsetDateTime::from_unix_timestamp(session.issued_at);
        let issuer = match &self.principal {
            Principal::Role => Some(("Role", session.role_name())),
            Principal::FederatedUser(Some(user)) => Some(("IAMUser", user.user.name.as_str())),
            Principal::FederatedUser(None) => Some(("Root", "")),
            Principal::Root | Principal::User(_) => None,
        };
        let mut shown = json!({});
        if let Some((kind, name)) = issuer {
            shown["sessionIssuer"] = json!({
                "type": kind,
                "principalId": session.role_id,
                "arn": session.role_arn,
                "accountId": session.account,
                "userName": name,
            });
        }
        shown["attributes"] = json!({
            "creationDate": created.map(timestamp).unwrap_or_default(),
            "mfaAuthenticated": session.mfa_at.is_some().to_string(),
        });
        if session.kind == SessionKind::Role {
            shown["sourceIdentity"] = json!(session.source_identity);
            let web = session.federated_provider.as_ref();
            let web = web.filter(|_| session.vouched_for.is_none());
            shown["webIdFederationData"] = web.map_or(
                Value::Null,
                |provider| json!({ "federatedProvider": provider }),
            );
        }
        shown
    }
}

/// The second at which the request is judged, as its context already says.
fn now_of(context: &RequestContext) -> Option<i64> {
    let epoch = context.get("aws:EpochTime")?;
    epoch.values().first()?.parse().ok()
}

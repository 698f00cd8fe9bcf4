//! Who signed a request.

use serde_json::{Value, json};
use std::sync::Arc;

use crate::aws::arn;
use crate::aws::xml::timestamp;
use crate::credentials::RoleSession;
use crate::identity::ClaimValue;
use crate::policy::{self, RequestContext};
use crate::store::cache::CachedUser;

/// What kind of principal a caller is, with what is known of it.
#[derive(Clone, Debug)]
pub enum Principal {
    /// The account itself.
    Root,
    /// An IAM user with a long-term key.
    User(Arc<CachedUser>),
    /// A role's session.
    Role(Box<RoleSession>),
}

/// An authenticated caller. Made only by `authenticate`, after the signature held.
#[derive(Clone, Debug)]
pub struct Caller {
    principal: Principal,
    account: String,
    arn: String,
    user_id: String,
    access_key_id: String,
}

impl Caller {
    pub(super) fn root(partition: &str, account: &str, access_key_id: &str) -> Caller {
        Caller {
            principal: Principal::Root,
            account: account.to_owned(),
            arn: arn::root(partition, account),
            user_id: account.to_owned(),
            access_key_id: access_key_id.to_owned(),
        }
    }

    pub(super) fn user(user: Arc<CachedUser>, access_key_id: &str) -> Caller {
        Caller {
            account: user.user.account.clone(),
            arn: user.user.arn.clone(),
            user_id: user.user.unique_id.clone(),
            access_key_id: access_key_id.to_owned(),
            principal: Principal::User(user),
        }
    }

    /// The caller behind a console session, whose token was opened and not revoked.
    pub fn of_session(session: RoleSession) -> Caller {
        Caller::role(session)
    }

    pub(super) fn role(session: RoleSession) -> Caller {
        Caller {
            account: session.account.clone(),
            arn: session.arn(),
            user_id: session.user_id(),
            access_key_id: session.access_key_id.clone(),
            principal: Principal::Role(Box::new(session)),
        }
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

    /// The session, where it is one.
    pub fn session(&self) -> Option<&RoleSession> {
        match &self.principal {
            Principal::Role(session) => Some(session),
            _ => None,
        }
    }

    /// As the policy engine knows callers.
    pub fn for_policy(&self) -> policy::Caller {
        match &self.principal {
            Principal::Root => policy::Caller::root(&self.account),
            Principal::User(user) => policy::Caller::user(&user.user.arn),
            Principal::Role(session) => {
                policy::Caller::role_session(&self.arn, Some(session.role_arn.clone()))
            }
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
            Principal::Role(session) => {
                context.set("aws:PrincipalType", "AssumedRole");
                // The role's ARN with its path, not the session's.
                context.set("aws:PrincipalArn", session.role_arn.clone());
                context.set("aws:MultiFactorAuthPresent", "false");
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
        }
    }

    /// `userIdentity` of the audit event (sts.md section 12).
    pub fn trail(&self) -> Value {
        match &self.principal {
            Principal::Root => json!({
                "type": "Root",
                "principalId": self.account,
                "arn": self.arn,
                "accountId": self.account,
                "accessKeyId": self.access_key_id,
            }),
            Principal::User(user) => json!({
                "type": "IAMUser",
                "principalId": self.user_id,
                "arn": self.arn,
                "accountId": self.account,
                "accessKeyId": self.access_key_id,
                "userName": user.user.name,
            }),
            Principal::Role(session) => {
                let created = time::OffsetDateTime::from_unix_timestamp(session.issued_at);
                json!({
                    "type": "AssumedRole",
                    "principalId": self.user_id,
                    "arn": self.arn,
                    "accountId": self.account,
                    "accessKeyId": self.access_key_id,
                    "sessionContext": {
                        "sessionIssuer": {
                            "type": "Role",
                            "principalId": session.role_id,
                            "arn": session.role_arn,
                            "accountId": session.account,
                            "userName": session.role_name(),
                        },
                        "attributes": {
                            "creationDate": created.map(timestamp).unwrap_or_default(),
                            "mfaAuthenticated": "false",
                        },
                        "sourceIdentity": session.source_identity,
                        "webIdFederationData": session.federated_provider.as_ref().map(|provider| {
                            json!({ "federatedProvider": provider })
                        }),
                    },
                })
            }
        }
    }
}

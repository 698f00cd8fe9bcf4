//! Cutting off sessions that fell into wrong hands: one of them, one principal's, one role's, or all that rest on one
//! identity provider (STS-13).
//!
//! The first three are about one account, and its callers alone may ask for them. A person and a provider are everybody's,
//! so cutting those off takes a caller of the account that stands over all (`docs/decisions/0011`).
//!
//! A cut is about the past: what was issued before it is worth nothing any more, on this node at once and on every
//! other within a second, and whoever may still sign in gets in anew. AWS's own way, an inline policy on the role that
//! denies by `aws:TokenIssueTime`, works beside it.

use serde_json::json;

use crate::access::{Call, Caller, Denial};
use crate::aws::arn::{self, Arn};
use crate::aws::error::AwsError;
use crate::aws::ids::AccountId;
use crate::iam::{Iam, PARTITION, Target};
use crate::store::StoreError;
use crate::store::cuts::subject_id;
use crate::store::revocations::{Revocation, RevocationKind};

/// The action that the caller's policies must allow.
pub const ACTION: &str = "drawbridge:CutOff";

/// Who is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutOff<'a> {
    /// One session, by its access key id. The permission is asked for on
    /// `arn:aws:sts::ACCOUNT:session/ACCESS-KEY-ID`: whose it is, nobody can tell by the id.
    Session(&'a str),
    /// The sessions of a user or of root, and those it vouched for; or every session of a role with one name, or of a
    /// federated user, by the session's ARN. Access keys stay: those are switched off with UpdateAccessKey.
    Principal(&'a str),
    /// Every session of a role, by its ARN.
    Role(&'a str),
    /// What rests on evidence of an issuer about one person or job, sign-ins included, in every account.
    Subject {
        /// The issuer's URL.
        issuer: &'a str,
        /// `sub`.
        subject: &'a str,
    },
    /// What rests on evidence of one provider, sign-ins included, in every account: the issuer's URL or the ARN of an
    /// OIDC provider, or the ARN of a SAML provider.
    Idp(&'a str),
}

impl CutOff<'_> {
    fn kind(self) -> RevocationKind {
        match self {
            CutOff::Session(_) => RevocationKind::Session,
            CutOff::Principal(_) | CutOff::Subject { .. } => RevocationKind::Principal,
            CutOff::Role(_) => RevocationKind::Role,
            CutOff::Idp(_) => RevocationKind::Idp,
        }
    }
}

impl Iam {
    /// Whether callers of an account may do what reaches every account.
    pub fn stands_over_all(&self, account: &str) -> bool {
        self.over_all.as_deref() == Some(account)
    }

    /// Cuts off everything that was issued to `whom` until now, where the caller may.
    ///
    /// Whoever calls this makes sure beforehand that the trail takes events (`AuditLog::flush`), and closes the call's
    /// event with what came of it.
    pub async fn cut_off(
        &self,
        call: &mut Call,
        caller: &Caller,
        whom: CutOff<'_>,
    ) -> Result<Revocation, Denial> {
        call.about("CutOff", false);
        call.event.set("eventSource", json!("drawbridge"));
        call.event.set("userIdentity", caller.trail());
        call.event
            .set("recipientAccountId", json!(caller.account()));
        let named = named(whom)?;
        call.event.set(
            "requestParameters",
            json!({ "kind": whom.kind().as_str(), "id": named.id }),
        );
        let (id, resource, tags) = match self.found_under(caller.account(), whom).await? {
            Holder::Found { id, arn, tags } => (Some(id), arn, tags),
            Holder::Missing => (None, named.resource, Vec::new()),
            Holder::None => (Some(named.id), named.resource, Vec::new()),
        };
        let target = Target {
            tags: &tags,
            ..Target::of(&resource)
        };
        self.may_cut_off(call, caller, target).await?;
        let missing = || AwsError::no_such_entity(format!("{resource} cannot be found."));
        let revocation = Revocation {
            kind: whom.kind(),
            id: id.ok_or_else(missing)?,
            // What was issued within this very second is cut off too: nobody can tell which came first.
            issued_before: call.unix() + 1,
            revoked_by: caller.arn().to_owned(),
            revoked_at: call.unix(),
        };
        self.store().revoke(&revocation).await?;
        self.cache.refresh().await?;
        Ok(revocation)
    }

    /// The caller's policies, on something of its own account; or on `*`, for callers of the account that stands over all.
    async fn may_cut_off(
        &self,
        call: &Call,
        caller: &Caller,
        target: Target<'_>,
    ) -> Result<(), Denial> {
        let refused =
            |because: &str| AwsError::not_allowed(caller.arn(), ACTION, target.resource, because);
        let judged = self.judge(call, caller, ACTION, &target).await?;
        judged.map_err(|found| {
            let (resource, account) = (target.resource, caller.account());
            let error = refused(&found.because);
            Denial::of(error, &found.refusal, resource, account, &found.context)
        })?;
        if target.resource == "*" && !self.stands_over_all(caller.account()) {
            let because = "because it reaches every account and this one does not stand over them";
            return Err(refused(because).because("cut_off.account").into());
        }
        let theirs = Arn::parse(target.resource).is_some_and(|arn| arn.account != caller.account());
        match theirs {
            // No account gives another one a say in this.
            true => {
                let because =
                    format!("because no resource-based policy allows the {ACTION} action");
                Err(refused(&because).into())
            }
            false => Ok(()),
        }
    }

    /// The user or role of the caller's account that an ARN names, however it spells it: a cut goes by the one
    /// spelling that sessions carry, and so do the policies that say who may make it.
    async fn found_under(&self, account: &str, whom: CutOff<'_>) -> Result<Holder, StoreError> {
        let found = match whom {
            CutOff::Role(arn) => {
                let role = self.store().role_by_arn(arn).await?;
                let role = role.filter(|role| role.account == account);
                role.map(|role| (role.arn.clone(), role.arn, role.tags))
            }
            CutOff::Principal(arn) => {
                let (_, resource) = arn.rsplit_once(':').unwrap_or_default();
                let parts: Vec<&str> = resource.split('/').collect();
                match *parts.as_slice() {
                    ["user", .., name] => {
                        let user = self.store().user_by_name(account, name).await?;
                        let user = user.filter(|user| user.arn.eq_ignore_ascii_case(arn));
                        // Sessions keep the name that the user had when they were made.
                        user.map(|user| (user.unique_id, user.arn, user.tags))
                    }
                    ["assumed-role", role, session] => {
                        let role = self.store().role_by_name(account, role).await?;
                        role.map(|role| {
                            let (name, account) = (&role.name, &role.account);
                            let arn = arn::assumed_role(PARTITION, account, name, session);
                            (arn.clone(), arn, role.tags)
                        })
                    }
                    _ => return Ok(Holder::None),
                }
            }
            _ => return Ok(Holder::None),
        };
        Ok(
            found.map_or(Holder::Missing, |(id, arn, tags)| Holder::Found {
                id,
                arn,
                tags,
            }),
        )
    }
}

/// What the store has under an ARN.
enum Holder {
    /// A user or role, or a session of one, as it is spelled, and what its cut goes by.
    Found {
        id: String,
        arn: String,
        tags: Vec<(String, String)>,
    },
    /// Nothing.
    Missing,
    /// What is cut off is in no store.
    None,
}

/// On what the permission is asked for, and the id of the cut.
struct Named {
    resource: String,
    id: String,
}

fn named(whom: CutOff<'_>) -> Result<Named, AwsError> {
    let named = |resource: &str, id: &str| {
        Ok(Named {
            resource: resource.to_owned(),
            id: id.to_owned(),
        })
    };
    let invalid = |value: &str| AwsError::invalid_arn(value);
    match whom {
        CutOff::Session(key) => {
            let whole = key.len() == 20 && key.starts_with("ASIA");
            let account = AccountId::of_id(key).filter(|_| whole);
            let account = account
                .ok_or_else(|| AwsError::validation("This is no access key id of a session."))?;
            let resource = format!("arn:aws:sts::{account}:session/{key}");
            named(&resource, key)
        }
        CutOff::Principal(arn) => {
            let parsed = Arn::parse(arn).ok_or_else(|| invalid(arn))?;
            let service = parsed.service.as_str();
            let kind = parsed.resource.split('/').next().unwrap_or_default();
            match (service, kind) {
                ("iam", "user" | "root") | ("sts", "assumed-role" | "federated-user") => {
                    named(arn, arn)
                }
                _ => Err(invalid(arn)),
            }
        }
        CutOff::Role(arn) => {
            let role = Arn::parse(arn).filter(|arn| arn.role_name().is_some());
            role.ok_or_else(|| invalid(arn))?;
            named(arn, arn)
        }
        CutOff::Subject { issuer, subject } => named("*", &subject_id(issuer, subject)),
        CutOff::Idp(idp) if idp.starts_with("arn:") => {
            let issuer = arn::provider_of("oidc-provider", idp).map(|(_, issuer)| issuer);
            let saml = arn::provider_of("saml-provider", idp).map(|_| idp.to_owned());
            let id = issuer.or(saml).ok_or_else(|| invalid(idp))?;
            named("*", &id)
        }
        CutOff::Idp(issuer) => named("*", &arn::provider_name(issuer)),
    }
}

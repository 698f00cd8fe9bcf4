//! The slice of IAM that people and Terraform need: one noun per file, each operation read from top to bottom.
//!
//! Every operation does the same five things: read its input (constraints in one message), find what it is about, ask
//! `access` whether the caller may (on the future ARN, for what does not exist yet), change the store in one transaction,
//! and answer. A failed call leaves nothing behind. The door drops the cache after every change, so a node sees its own
//! changes at once.
//!
//! [`operations`] is the one table: the door looks names up in it, and `docs/actions.md` is generated from it.
//! [`input`] reads parameters, [`paging`] cuts lists, [`shapes`] writes what several nouns answer. `provision` and
//! `root_keys` bring the configuration and the command line into the same store.
//!
//! Reference: IAM 2010-05-08 service model.

pub mod access_keys;
pub mod account;
pub mod attachments;
pub mod aws_managed;
pub mod cut_off;
pub mod exact_tags;
pub mod groups;
pub mod halt;
mod holders;
pub mod inline_policies;
pub mod input;
pub mod instance_profiles;
pub mod last_uses;
pub mod login_profiles;
pub mod managed_policies;
pub mod mfa_devices;
pub mod oidc_providers;
pub mod other_credentials;
pub mod paging;
pub mod provider_url;
pub mod provision;
pub mod roles;
pub mod root_keys;
pub mod saml_keys;
pub mod saml_metadata;
pub mod saml_providers;
pub mod shapes;
pub mod simulate;
pub mod trust;
pub mod users;

use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::access::authorize::{self, Act, ActRefusal, IdentitySide};
use crate::access::{Call, Caller, Denial};
pub use crate::aws::arn::PARTITION;
use crate::aws::error::AwsError;
use crate::aws::ids::{AccountId, IdKind, new_id};
use crate::aws::query::Params;
use crate::aws::sts::Tag;
use crate::aws::xml::Fields;
use crate::clock::{Random, random_bytes};
use crate::credentials::SessionKind;
use crate::iam::last_uses::LastUses;
use crate::outbound::Outbound;
use crate::policy::RequestContext;
use crate::seal::KeyRing;
use crate::store::cache::IamCache;
use crate::store::{Store, StoreError};

/// The XML namespace of IAM answers.
pub const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";
/// The version of the API.
pub const VERSION: &str = "2010-05-08";

/// IAM with what it stands on.
#[derive(Clone)]
pub struct Iam {
    /// Parsed roles and policies, and the store behind them.
    pub cache: Arc<IamCache>,
    /// Seals secrets of access keys and devices.
    pub ring: Arc<KeyRing>,
    /// Ids and secrets.
    pub random: Arc<dyn Random>,
    /// Judges the addresses that providers name.
    pub outbound: Outbound,
    /// Who was at work lately.
    pub last_uses: Arc<LastUses>,
    /// The demo alone takes issuers on plain http, and on loopback only.
    pub loopback_http: bool,
    /// Our own issuer: who signs the tokens that accounts make for other people's services.
    pub issuer: String,
    /// Whether what the configuration made may be changed here too.
    pub examples: bool,
    /// The account whose callers may do what reaches every account.
    pub over_all: Option<String>,
}

/// One call of IAM on its way.
pub struct Ask<'a> {
    /// The request.
    pub call: &'a mut Call,
    /// Who signed it. All of IAM is about the caller's own account.
    pub caller: &'a Caller,
    /// Its parameters.
    pub params: &'a Params,
    /// `responseElements` of the audit event; never a secret.
    pub elements: Value,
}

/// What an operation answers: the members of its result.
pub type Reply = Result<Fields, Denial>;

type Running<'a> = Pin<Box<dyn Future<Output = Reply> + Send + 'a>>;

/// An operation of the API.
pub struct Operation {
    /// `CreateRole`.
    pub name: &'static str,
    /// Whether it changes anything.
    pub writes: bool,
    /// What is missing, for an operation that is answered in part.
    pub partly: Option<&'static str>,
    /// What it does.
    pub run: for<'a> fn(&'a Iam, &'a mut Ask<'_>) -> Running<'a>,
}

/// Makes one [`Operation`] out of an async function of the same file: `reads!(get_role, "GetRole")`, and a third
/// argument for what is missing in it.
macro_rules! reads {
    ($run:path, $name:literal) => {
        $crate::iam::operation!(false, $run, $name, None)
    };
    ($run:path, $name:literal, $partly:literal) => {
        $crate::iam::operation!(false, $run, $name, Some($partly))
    };
}

/// Like [`reads!`], for an operation that changes something.
macro_rules! writes {
    ($run:path, $name:literal) => {
        $crate::iam::operation!(true, $run, $name, None)
    };
    ($run:path, $name:literal, $partly:literal) => {
        $crate::iam::operation!(true, $run, $name, Some($partly))
    };
}

macro_rules! operation {
    ($writes:literal, $run:path, $name:literal, $partly:expr) => {
        $crate::iam::Operation {
            name: $name,
            writes: $writes,
            partly: $partly,
            run: |iam, ask| Box::pin($run(iam, ask)),
        }
    };
}

use {operation, reads, writes};

/// All operations, by noun.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    let nouns = [
        users::OPERATIONS,
        access_keys::OPERATIONS,
        other_credentials::OPERATIONS,
        groups::OPERATIONS,
        login_profiles::OPERATIONS,
        roles::OPERATIONS,
        instance_profiles::OPERATIONS,
        inline_policies::OPERATIONS,
        attachments::OPERATIONS,
        managed_policies::OPERATIONS,
        oidc_providers::OPERATIONS,
        saml_providers::OPERATIONS,
        mfa_devices::OPERATIONS,
        account::OPERATIONS,
        simulate::OPERATIONS,
    ];
    nouns.into_iter().flatten()
}

/// What a permission is asked for.
#[derive(Clone, Debug, Default)]
pub struct Target<'a> {
    /// The ARN; `*` for actions that have no resource.
    pub resource: &'a str,
    /// What the refusal names instead, where AWS does: `role NAME` for one that is not there.
    pub shown: Option<&'a str>,
    /// The resource's own tags.
    pub tags: &'a [(String, String)],
    /// The tags of the request.
    pub request_tags: &'a [Tag],
    /// The keys that an untagging call names.
    pub tag_keys: &'a [String],
    /// More condition keys: `iam:PolicyARN`, `iam:PermissionsBoundary`.
    pub keys: &'a [(&'static str, &'a str)],
}

impl<'a> Target<'a> {
    /// An ARN and nothing else.
    pub fn of(resource: &'a str) -> Target<'a> {
        Target {
            resource,
            ..Target::default()
        }
    }
}

/// IAM is closed to federated users, and to sessions of a user or root without MFA (sts.md section 5.1). AWS
/// says so with the answer it gives to an unknown key.
pub fn may_use(caller: &Caller) -> Result<(), AwsError> {
    let Some(session) = caller.session() else {
        return Ok(());
    };
    let open = match session.kind {
        SessionKind::Role => true,
        SessionKind::User => session.mfa_at.is_some(),
        SessionKind::Root => session.mfa_at.is_some() || session.task.is_some(),
        SessionKind::FederatedUser => false,
    };
    match open {
        true => Ok(()),
        false => Err(AwsError::invalid_client_token_id().because("iam.session")),
    }
}

impl Iam {
    /// The store.
    pub fn store(&self) -> &Store {
        self.cache.store()
    }

    /// A new unique id of an account.
    pub fn new_id(&self, kind: IdKind, account: &str) -> Result<String, AwsError> {
        let account = AccountId::parse(account).ok_or_else(AwsError::internal)?;
        Ok(new_id(kind, account, random_bytes(&*self.random)))
    }

    /// Asks whether the caller's policies allow `action`.
    pub async fn allow(
        &self,
        ask: &Ask<'_>,
        action: &str,
        target: Target<'_>,
    ) -> Result<(), Denial> {
        let judged = self.judge(ask.call, ask.caller, action, &target).await?;
        judged.map_err(|refused| {
            let shown = target.shown.unwrap_or(target.resource);
            let error = AwsError::not_allowed(ask.caller.arn(), action, shown, &refused.because);
            let (resource, account) = (target.resource, ask.caller.account());
            Denial::of(error, &refused.refusal, resource, account, &refused.context)
        })
    }

    /// The question behind [`Iam::allow`], for doors that word the answer themselves. The outer result is the store's
    /// trouble, the inner one the decision.
    pub async fn judge(
        &self,
        call: &Call,
        caller: &Caller,
        action: &str,
        target: &Target<'_>,
    ) -> Result<Result<(), Box<ActRefusal>>, StoreError> {
        let mut context = call.context(caller.account());
        caller.describe(&mut context);
        describe(&mut context, target);
        let side = IdentitySide::of(&self.cache, caller).await?;
        let act = Act {
            action,
            resource: target.resource,
            account: caller.account(),
            context: &context,
        };
        Ok(authorize::act(&caller.for_policy(), &side, act))
    }
}

fn describe(context: &mut RequestContext, target: &Target<'_>) {
    for (key, value) in target.tags {
        context.set(&format!("aws:ResourceTag/{key}"), value.clone());
        context.set(&format!("iam:ResourceTag/{key}"), value.clone());
    }
    for tag in target.request_tags {
        context.set(&format!("aws:RequestTag/{}", tag.key), tag.value.clone());
    }
    let named = target.request_tags.iter().map(|tag| tag.key.clone());
    let keys: Vec<String> = named.chain(target.tag_keys.iter().cloned()).collect();
    if !keys.is_empty() {
        context.set_many("aws:TagKeys", keys);
    }
    for (key, value) in target.keys {
        context.set(key, *value);
    }
}

/// Parameters that the audit must not have.
const SECRETS: [&str; 6] = [
    "Password",
    "OldPassword",
    "NewPassword",
    "AuthenticationCode1",
    "AuthenticationCode2",
    "AddPrivateKey",
];
/// Characters of one parameter that the audit keeps: metadata documents are megabytes.
const KEPT: usize = 4096;

/// `requestParameters` of the audit event: what was sent, without secrets.
pub fn trail_parameters(params: &Params) -> Value {
    let mut shown = Map::new();
    for (name, value) in params.iter() {
        if name == "Action" || name == "Version" {
            continue;
        }
        let value = match SECRETS.contains(&name) {
            true => "HIDDEN_DUE_TO_SECURITY_REASONS".to_owned(),
            false => value.chars().take(KEPT).collect(),
        };
        shown.insert(input::member_name(name), Value::from(value));
    }
    match shown.is_empty() {
        true => Value::Null,
        false => Value::Object(shown),
    }
}

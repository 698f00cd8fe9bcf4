//! Parsed roles, users, keys and providers, dropped when the store's version moves.
//!
//! | what | key | bound | lifetime | when the store is down |
//! | --- | --- | --- | --- | --- |
//! | role, user, key, provider (SAML: also all of an account), managed policy | version and name | 100,000 each | until the version moves | what is cached goes on, the rest is refused |
//! | which roles name a provider | version | one | until the version moves | as it was |
//! | revocations | version | all | until the version moves | as they were |
//!
//! That something is absent is remembered as well, but only for names of at most [`LONGEST_ABSENT`] bytes.
//!
//! The version is asked for once a second ([`IamCache::refresh`]), so a change on another node counts here
//! within that and the time of one read. A change on this node calls `refresh` itself.

mod saml_providers;

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use moka::sync::Cache;

pub use saml_providers::CachedSamlProvider;

use crate::credentials::RoleSession;
use crate::policy::PolicyDocument;
use crate::store::access_keys::AccessKey;
use crate::store::accounts::Account;
use crate::store::cuts::Cuts;
use crate::store::inline_policies::PolicyOwner;
use crate::store::oidc_providers::OidcProvider;
use crate::store::roles::Role;
use crate::store::users::User;
use crate::store::{Store, StoreError};

/// A policy with the name people know it by.
#[derive(Clone, Debug)]
pub struct CachedPolicy {
    /// Inline name or managed policy ARN.
    pub name: String,
    /// Parsed.
    pub document: PolicyDocument,
}

/// A role with everything that decides about it, parsed.
#[derive(Debug)]
pub struct CachedRole {
    /// As stored.
    pub role: Role,
    /// The account's short name.
    pub account_name: String,
    /// Its trust policy; `None` where the stored text does not parse, and then it admits nobody.
    pub trust: Option<PolicyDocument>,
    /// Inline and attached policies.
    pub policies: Vec<CachedPolicy>,
    /// Its permissions boundary.
    pub boundary: Option<CachedPolicy>,
}

impl CachedRole {
    /// The name people use: the alias, or `account/Role`.
    pub fn alias(&self) -> String {
        let plain = || format!("{}/{}", self.account_name, self.role.name);
        self.role.alias.clone().unwrap_or_else(plain)
    }
}

/// A user with everything that decides about it, parsed.
#[derive(Debug)]
pub struct CachedUser {
    /// As stored.
    pub user: User,
    /// Inline and attached policies, its own and those of its groups: `Read (group Developers)`.
    pub policies: Vec<CachedPolicy>,
    /// Its permissions boundary.
    pub boundary: Option<CachedPolicy>,
}

type Versioned<T> = Cache<(i64, String), Option<Arc<T>>>;

/// The cache over one store.
pub struct IamCache {
    store: Store,
    version: AtomicI64,
    roles: Versioned<CachedRole>,
    users: Versioned<CachedUser>,
    keys: Versioned<AccessKey>,
    providers: Versioned<OidcProvider>,
    saml_providers: Versioned<CachedSamlProvider>,
    saml_accounts: Versioned<Vec<Arc<CachedSamlProvider>>>,
    managed: Versioned<CachedPolicy>,
    cuts: RwLock<Arc<Cuts>>,
    catalog: RwLock<Option<(i64, Arc<Catalog>)>>,
    /// One at a time reads the catalog anew; the others wait for it.
    reading: tokio::sync::Mutex<()>,
}

/// Which roles there are, by what people name and by who is trusted.
#[derive(Debug, Default)]
pub struct Catalog {
    /// Accounts in the order of their ids.
    pub accounts: Vec<Account>,
    by_provider: HashMap<String, Vec<String>>,
    by_alias: HashMap<String, String>,
}

impl Catalog {
    /// ARNs of the roles whose trust policy names this provider.
    pub fn trusting(&self, provider: &str) -> &[String] {
        self.by_provider.get(provider).map_or(&[], Vec::as_slice)
    }

    /// The ARN that an alias or an `account/Role` name stands for.
    pub fn named(&self, alias: &str) -> Option<&str> {
        self.by_alias.get(alias).map(String::as_str)
    }
}

const BOUND: u64 = 100_000;
/// Names up to this length are remembered as absent too: longer than any name of ours.
const LONGEST_ABSENT: usize = 256;

impl IamCache {
    /// A cache that knows nothing yet; call [`IamCache::refresh`] before the first request.
    pub fn new(store: Store) -> IamCache {
        IamCache {
            store,
            version: AtomicI64::new(-1),
            roles: Cache::new(BOUND),
            users: Cache::new(BOUND),
            keys: Cache::new(BOUND),
            providers: Cache::new(BOUND),
            saml_providers: Cache::new(BOUND),
            saml_accounts: Cache::new(BOUND),
            managed: Cache::new(BOUND),
            cuts: RwLock::default(),
            catalog: RwLock::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// The store behind it.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Asks for the version, and where it moved drops everything and reads the revocations anew.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let version = self.store.version().await?;
        if version != self.version.load(Ordering::Acquire) {
            let cuts = Arc::new(Cuts::of(self.store.revocations().await?));
            *self.cuts.write().unwrap_or_else(PoisonError::into_inner) = cuts;
            self.version.store(version, Ordering::Release);
        }
        Ok(())
    }

    /// Looks into one cache, and reads from the store what is not there. The version is part of the key:
    /// what was read before a change can never be found after it.
    async fn through<T, F>(
        &self,
        cache: &Versioned<T>,
        name: &str,
        read: F,
    ) -> Result<Option<Arc<T>>, StoreError>
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<Option<T>, StoreError>>,
    {
        let key = (self.version.load(Ordering::Acquire), name.to_owned());
        if let Some(found) = cache.get(&key) {
            return Ok(found);
        }
        let found = read.await?.map(Arc::new);
        // What is not there is asked for under names that strangers make up: long ones are not worth memory.
        if found.is_some() || name.len() <= LONGEST_ABSENT {
            cache.insert(key, found.clone());
        }
        Ok(found)
    }

    /// The role with exactly this ARN.
    pub async fn role(&self, arn: &str) -> Result<Option<Arc<CachedRole>>, StoreError> {
        self.through(&self.roles, arn, async {
            let Some(role) = self.store.role_by_arn(arn).await? else {
                return Ok(None);
            };
            if role.arn != arn {
                return Ok(None);
            }
            let account = self.store.account(&role.account).await?;
            let owner = PolicyOwner::Role(role.unique_id.clone());
            let boundary = match &role.permissions_boundary {
                Some(arn) => self.boundary(arn).await?,
                None => None,
            };
            Ok(Some(CachedRole {
                account_name: account.map(|account| account.name).unwrap_or_default(),
                trust: trust(&role),
                policies: self.policies_of(&owner, &role.arn).await?,
                boundary,
                role,
            }))
        })
        .await
    }

    /// The user of an access key.
    pub async fn user(
        &self,
        account: &str,
        unique_id: &str,
    ) -> Result<Option<Arc<CachedUser>>, StoreError> {
        self.through(&self.users, unique_id, async {
            let Some(user) = self.store.user(unique_id).await? else {
                return Ok(None);
            };
            if user.account != account {
                return Ok(None);
            }
            let owner = PolicyOwner::User(user.unique_id.clone());
            let boundary = match &user.permissions_boundary {
                Some(arn) => self.boundary(arn).await?,
                None => None,
            };
            let mut policies = self.policies_of(&owner, &user.arn).await?;
            for group in self.store.groups_of(&user.unique_id).await? {
                let owner = PolicyOwner::Group(group.unique_id);
                let inherited = self.policies_of(&owner, &group.arn).await?;
                policies.extend(inherited.into_iter().map(|policy| CachedPolicy {
                    name: format!("{} (group {})", policy.name, group.name),
                    ..policy
                }));
            }
            Ok(Some(CachedUser {
                policies,
                boundary,
                user,
            }))
        })
        .await
    }

    /// The long-term access key with this id.
    pub async fn access_key(&self, id: &str) -> Result<Option<Arc<AccessKey>>, StoreError> {
        self.through(&self.keys, id, self.store.access_key(id))
            .await
    }

    /// The OIDC provider that an account trusts for exactly this issuer.
    pub async fn oidc_provider(
        &self,
        account: &str,
        url: &str,
    ) -> Result<Option<Arc<OidcProvider>>, StoreError> {
        let name = format!("{account} {url}");
        self.through(
            &self.providers,
            &name,
            self.store.oidc_provider_by_url(account, url),
        )
        .await
    }

    /// The default version of a managed policy.
    pub async fn managed_policy(&self, arn: &str) -> Result<Option<Arc<CachedPolicy>>, StoreError> {
        self.through(&self.managed, arn, async {
            let Some((policy, document)) = self.store.managed_policy(arn).await? else {
                return Ok(None);
            };
            Ok(parsed(arn, &document).map(|document| CachedPolicy {
                name: policy.arn,
                document,
            }))
        })
        .await
    }

    /// A boundary; one that is gone or does not parse bounds everything away.
    async fn boundary(&self, arn: &str) -> Result<Option<CachedPolicy>, StoreError> {
        let found = self.managed_policy(arn).await?;
        let nothing = || PolicyDocument::parse(DENY_ALL).ok();
        let document = match found {
            Some(policy) => Some(policy.document.clone()),
            None => nothing(),
        };
        Ok(document.map(|document| CachedPolicy {
            name: arn.to_owned(),
            document,
        }))
    }

    async fn policies_of(
        &self,
        owner: &PolicyOwner,
        arn: &str,
    ) -> Result<Vec<CachedPolicy>, StoreError> {
        let inline = self.store.inline_policies(owner).await?;
        let attached = self.store.attached_policies(owner).await?;
        let texts = inline
            .into_iter()
            .map(|policy| (policy.name, policy.document))
            .chain(
                attached
                    .into_iter()
                    .map(|policy| (policy.arn, policy.document)),
            );
        // A text that does not parse might hold a Deny: then nothing at all is allowed.
        Ok(texts
            .filter_map(|(name, text)| {
                let document = parsed(arn, &text).or_else(|| PolicyDocument::parse(DENY_ALL).ok());
                document.map(|document| CachedPolicy { name, document })
            })
            .collect())
    }

    /// Which roles there are; read once for each version.
    pub async fn catalog(&self) -> Result<Arc<Catalog>, StoreError> {
        if let Some(catalog) = self.held_catalog() {
            return Ok(catalog);
        }
        let _one = self.reading.lock().await;
        if let Some(catalog) = self.held_catalog() {
            return Ok(catalog);
        }
        let version = self.version.load(Ordering::Acquire);
        let mut catalog = Catalog {
            accounts: self.store.accounts().await?,
            ..Catalog::default()
        };
        for account in &catalog.accounts {
            for role in self.store.roles(&account.id).await? {
                let plain = format!("{}/{}", account.name, role.name);
                catalog
                    .by_alias
                    .entry(plain)
                    .or_insert_with(|| role.arn.clone());
                if let Some(alias) = &role.alias {
                    catalog.by_alias.insert(alias.clone(), role.arn.clone());
                }
                // Most of many roles trust no provider: their texts need no parsing here. A backslash could hide one.
                let text = &role.trust_policy;
                if !text.contains("Federated") && !text.contains('\\') {
                    continue;
                }
                let Some(trust) = trust(&role) else {
                    continue;
                };
                // Provider ARNs and the built-in provider names; users and roles are not looked up here.
                let names = trust.principals().map(|entry| entry.text());
                for provider in
                    names.filter(|name| !name.contains(":user/") && !name.contains(":role/"))
                {
                    let roles = catalog.by_provider.entry(provider.to_owned()).or_default();
                    if roles.last() != Some(&role.arn) {
                        roles.push(role.arn.clone());
                    }
                }
            }
        }
        let catalog = Arc::new(catalog);
        let held = (version, catalog.clone());
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = Some(held);
        Ok(catalog)
    }

    /// The catalog of the version that counts now.
    fn held_catalog(&self) -> Option<Arc<Catalog>> {
        let version = self.version.load(Ordering::Acquire);
        let held = self.catalog.read().unwrap_or_else(PoisonError::into_inner);
        let (of, catalog) = held.as_ref()?;
        (*of == version).then(|| catalog.clone())
    }

    fn cuts(&self) -> Arc<Cuts> {
        self.cuts
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether somebody cut this session off.
    pub fn is_revoked(&self, session: &RoleSession) -> bool {
        self.cuts().cover_session(session)
    }

    /// Whether somebody cut off what this issuer said about this subject until then: sign-ins, and tokens of either.
    pub fn is_cut_off(&self, issuer: &str, subject: &str, issued_at: i64) -> bool {
        self.cuts().cover_evidence(issuer, subject, issued_at)
    }
}

/// What stands in for a policy that cannot be read.
pub const DENY_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;

/// The trust policy, its users and roles tied to the ids they had when it was saved.
fn trust(role: &Role) -> Option<PolicyDocument> {
    let id_of = |arn: &str| {
        let mut known = role.trust_principals.iter();
        known
            .find(|(name, _)| name == arn)
            .map(|(_, id)| id.as_str())
    };
    parsed(&role.arn, &role.trust_policy).map(|document| document.with_principal_ids(id_of))
}

fn parsed(arn: &str, text: &str) -> Option<PolicyDocument> {
    match PolicyDocument::parse(text) {
        Ok(document) => Some(document),
        Err(error) => {
            tracing::error!(%arn, %error, "a stored policy does not parse and allows nothing");
            None
        }
    }
}

//! From the configuration into the store: accounts, roles, identity providers.
//!
//! What the configuration made carries the tag [`SOURCE_TAG`]; what it no longer names is deleted, what it
//! did not make is never touched. The demo's roles carry no tag: they are made at the first start and then belong
//! to whoever plays with them. Nothing is written where nothing differs, so that a restart moves no
//! version. Every document is validated as the IAM API would, and the linter's refusals (CI-1) hold here
//! too; all problems are told at once.

use crate::aws::ids::{AccountId, IdKind, new_id};
use crate::aws::{arn, ids};
use crate::clock::{Random, random_bytes};
use crate::config::{Config, RoleConfig};
use crate::iam::{saml_metadata, trust};
use crate::policy::{self, DocumentKind, PolicyDocument, Severity};
use crate::store::accounts::Account;
use crate::store::inline_policies::{InlinePolicy, PolicyOwner};
use crate::store::oidc_providers::OidcProvider;
use crate::store::roles::Role;
use crate::store::saml_providers::SamlProvider;
use crate::store::{Store, StoreError};

/// Marks what the configuration made.
pub const SOURCE_TAG: &str = "drawbridge:source";
const SOURCE: &str = "configuration";

/// What is wrong with a role or a SAML provider of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleFinding {
    /// Its ARN.
    pub role: String,
    /// Whether it stops the start, or is only told.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
}

/// Why the configuration could not be brought into the store.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// Documents that the IAM API would refuse.
    #[error("{}", .0.iter().map(|f| format!("{}: {}", f.role, f.message)).collect::<Vec<_>>().join("\n"))]
    Findings(Vec<RoleFinding>),
    /// A role or SAML provider of this name was made by other means.
    #[error("{0}: this exists and was not made by the configuration; delete one of them")]
    Foreign(String),
    /// An account id that is none.
    #[error("{0} is not an account id")]
    Account(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Validates and lints every document of the configuration's roles and SAML providers.
pub fn findings(config: &Config) -> Vec<RoleFinding> {
    let mut findings = Vec::new();
    for provider in &config.saml_providers {
        if let Err(error) = saml_metadata::read(&provider.metadata) {
            findings.push(RoleFinding {
                role: arn::saml_provider("aws", &provider.account, &provider.name),
                severity: Severity::Error,
                message: format!("metadata: {}", error.message),
            });
        }
    }
    for role in &config.roles {
        let mut add = |severity, message: String| {
            findings.push(RoleFinding {
                role: role.arn.clone(),
                severity,
                message,
            });
        };
        match policy::validate(&role.trust_policy, DocumentKind::Trust) {
            Err(error) => add(Severity::Error, format!("trust policy: {error}")),
            Ok(document) => {
                for finding in policy::lint(&document, DocumentKind::Trust) {
                    add(
                        finding.severity,
                        format!("trust policy: {}", finding.message),
                    );
                }
            }
        }
        for (name, text) in &role.policies {
            if let Err(error) = policy::validate(text, DocumentKind::Identity) {
                add(Severity::Error, format!("policy {name}: {error}"));
            }
        }
    }
    findings
}

/// Brings the store to what the configuration says.
pub async fn provision(
    config: &Config,
    store: &Store,
    random: &dyn Random,
    now: i64,
) -> Result<(), ProvisionError> {
    let mut errors = findings(config);
    errors.retain(|finding| finding.severity == Severity::Error);
    if !errors.is_empty() {
        return Err(ProvisionError::Findings(errors));
    }
    for account in config.stss.iter().flat_map(|sts| &sts.accounts) {
        let wanted = Account {
            id: account.id.clone(),
            name: account.name.clone(),
        };
        if store.account(&account.id).await?.as_ref() != Some(&wanted) {
            store.put_account(&wanted).await?;
        }
        providers(config, store, &account.id, now).await?;
        saml_providers(config, store, random, &account.id, now).await?;
        roles(config, store, random, &account.id, now).await?;
    }
    // Roles trust each other, across accounts and in any order: only now are they all there.
    trust_principals(config, store).await
}

/// Ties the users and roles that the configuration's trust policies name to their unique ids, as they are now.
///
/// Unlike a policy that came through the API, which means whom it meant when it was saved, the configuration says
/// at every start whom it means. Whom it names and does not find is let in after the next start that finds it.
async fn trust_principals(config: &Config, store: &Store) -> Result<(), ProvisionError> {
    for role in &config.roles {
        let Ok(document) = PolicyDocument::parse(&role.trust_policy) else {
            continue;
        };
        let principals = trust::resolve(store, &document).await?;
        if principals.is_empty() {
            continue;
        }
        for (arn, _) in principals.iter().filter(|(_, id)| id == trust::NOBODY) {
            tracing::warn!(
                role = role.arn,
                principal = arn,
                "the role trusts somebody who does not exist"
            );
        }
        let stored = store.role_by_name(&role.account, &role.name).await?;
        let settled = |stored: Role| {
            stored.trust_principals == principals || stored.trust_policy != role.trust_policy
        };
        if stored.is_none_or(settled) {
            continue;
        }
        store
            .update_role(&role.account, &role.name, |stored| {
                stored.trust_principals = principals;
                Ok::<(), StoreError>(())
            })
            .await?;
    }
    Ok(())
}

/// Whether something with these tags was made by the configuration, and so is changed only there.
pub fn is_configured(tags: &[(String, String)]) -> bool {
    tags.contains(&source_tag())
}

fn source_tag() -> (String, String) {
    (SOURCE_TAG.to_owned(), SOURCE.to_owned())
}

async fn providers(
    config: &Config,
    store: &Store,
    account: &str,
    now: i64,
) -> Result<(), ProvisionError> {
    let stored = store.oidc_providers(account).await?;
    let wanted = config.oidc_providers_of(account);
    for provider in &wanted {
        let arn = arn::oidc_provider("aws", account, &provider.url);
        let known = stored.iter().find(|known| known.arn == arn);
        if let Some(known) = known.filter(|known| !is_configured(&known.tags)) {
            add_client_ids(store, known, &provider.client_ids).await?;
            continue;
        }
        let same = known.is_some_and(|known| {
            known.url == provider.url && known.client_ids == provider.client_ids
        });
        if !same {
            store
                .upsert_oidc_provider(&OidcProvider {
                    account: account.to_owned(),
                    arn,
                    url: provider.url.clone(),
                    client_ids: provider.client_ids.clone(),
                    thumbprints: Vec::new(),
                    tags: vec![source_tag()],
                    created_at: now,
                })
                .await?;
        }
    }
    for known in stored.iter().filter(|known| is_configured(&known.tags)) {
        let arn_of = |url: &str| arn::oidc_provider("aws", account, url);
        if !wanted
            .iter()
            .any(|provider| arn_of(&provider.url) == known.arn)
        {
            store.delete_oidc_provider(&known.arn).await?;
        }
    }
    Ok(())
}

async fn saml_providers(
    config: &Config,
    store: &Store,
    random: &dyn Random,
    account: &str,
    now: i64,
) -> Result<(), ProvisionError> {
    let wanted = config.saml_providers.iter();
    let wanted: Vec<_> = wanted
        .filter(|provider| provider.account == account)
        .map(|provider| (arn::saml_provider("aws", account, &provider.name), provider))
        .collect();
    for entry in store.saml_providers(account).await? {
        let known = store.saml_provider(&entry.arn).await?;
        let configured = known.is_some_and(|known| is_configured(&known.tags));
        if configured && !wanted.iter().any(|(arn, _)| *arn == entry.arn) {
            store.delete_saml_provider(&entry.arn).await?;
        }
    }
    for (arn, provider) in wanted {
        match store.saml_provider(&arn).await? {
            Some(known) if !is_configured(&known.tags) => {
                return Err(ProvisionError::Foreign(arn));
            }
            Some(known) if known.metadata == provider.metadata => {}
            Some(_) => {
                let update = store.update_saml_provider(&arn, |stored| {
                    stored.metadata.clone_from(&provider.metadata);
                    Ok::<(), StoreError>(())
                });
                update.await?;
            }
            None => {
                let made = SamlProvider {
                    account: account.to_owned(),
                    name: provider.name.clone(),
                    arn,
                    uuid: ids::saml_id("SAMLSP", random_bytes(random)),
                    metadata: provider.metadata.clone(),
                    encryption_mode: "Allowed".to_owned(),
                    tags: vec![source_tag()],
                    created_at: now,
                    private_keys: Vec::new(),
                };
                store.create_saml_provider(&made, usize::MAX).await?;
            }
        }
    }
    Ok(())
}

/// A provider that somebody made through the API stays theirs: the configuration's audiences are added to it, and
/// nothing of it is taken away, now or when the configuration names it no more.
async fn add_client_ids(
    store: &Store,
    known: &OidcProvider,
    wanted: &[String],
) -> Result<(), StoreError> {
    if wanted.iter().all(|id| known.client_ids.contains(id)) {
        return Ok(());
    }
    let added = store.update_oidc_provider(&known.arn, |provider| {
        for id in wanted {
            if !provider.client_ids.contains(id) {
                provider.client_ids.push(id.clone());
            }
        }
        Ok::<(), StoreError>(())
    });
    added.await?;
    Ok(())
}

async fn roles(
    config: &Config,
    store: &Store,
    random: &dyn Random,
    account: &str,
    now: i64,
) -> Result<(), ProvisionError> {
    let stored = store.roles(account).await?;
    let wanted = || config.roles.iter().filter(|role| role.account == account);
    // Deletions first: a role that was renamed may leave its alias to another.
    for known in stored.iter().filter(|role| is_configured(&role.tags)) {
        if !wanted().any(|role| role.arn == known.arn) {
            delete(store, known).await?;
        }
    }
    for role in wanted() {
        let found = store.role_by_name(account, &role.name).await?;
        let owner = match found {
            Some(known) if config.examples => {
                if names_a_port_of_before(&known, config) {
                    store
                        .update_role(account, &role.name, |stored| {
                            apply(role, stored);
                            Ok::<(), StoreError>(())
                        })
                        .await?;
                }
                continue;
            }
            Some(known) if !is_configured(&known.tags) => {
                return Err(ProvisionError::Foreign(role.arn.clone()));
            }
            Some(known) => {
                let mut updated = known.clone();
                apply(role, &mut updated);
                if updated != known {
                    store
                        .update_role(account, &role.name, |stored| {
                            apply(role, stored);
                            Ok::<(), StoreError>(())
                        })
                        .await?;
                }
                PolicyOwner::Role(known.unique_id)
            }
            None => {
                let tags = match config.examples {
                    true => Vec::new(),
                    false => vec![source_tag()],
                };
                PolicyOwner::Role(create(store, role, tags, random, now).await?)
            }
        };
        policies(store, &owner, role).await?;
    }
    Ok(())
}

/// Whether a role of the demo trusts its identity provider, or takes responses, under a port that there no longer is.
/// All else about the demo's roles is its user's business: they are made once, like roles of the API.
fn names_a_port_of_before(role: &Role, config: &Config) -> bool {
    let is_acs = |url: &&str| url.starts_with("http://127.0.0.1:") && url.ends_with("/acs");
    let known = |url: &str| config.saml_idps().any(|idp| idp.acs_url == url);
    if role
        .trust_policy
        .split('"')
        .filter(is_acs)
        .any(|url| !known(url))
    {
        return true;
    }
    let Ok(document) = PolicyDocument::parse(&role.trust_policy) else {
        return false;
    };
    let now = config.oidc_providers_of(&role.account);
    let arns: Vec<String> = now
        .iter()
        .map(|provider| arn::oidc_provider("aws", &role.account, &provider.url))
        .collect();
    document.principals().any(|entry| {
        let name = entry.text();
        name.contains(":oidc-provider/127.0.0.1:") && !arns.iter().any(|arn| arn == name)
    })
}

fn apply(from: &RoleConfig, role: &mut Role) {
    if role.trust_policy != from.trust_policy {
        role.trust_policy.clone_from(&from.trust_policy);
        role.trust_principals.clear();
    }
    role.description.clone_from(&from.description);
    role.max_session_duration = i64::try_from(from.max_session_duration.as_secs()).unwrap_or(3600);
    role.alias.clone_from(&from.alias);
    role.production = from.production;
    role.explain = from.explain;
}

async fn create(
    store: &Store,
    from: &RoleConfig,
    tags: Vec<(String, String)>,
    random: &dyn Random,
    now: i64,
) -> Result<String, ProvisionError> {
    let account = AccountId::parse(&from.account)
        .ok_or_else(|| ProvisionError::Account(from.account.clone()))?;
    let mut role = Role {
        account: from.account.clone(),
        name: from.name.clone(),
        path: from.path.clone(),
        unique_id: new_id(IdKind::Role, account, random_bytes(random)),
        arn: from.arn.clone(),
        trust_policy: String::new(),
        description: String::new(),
        max_session_duration: 3600,
        permissions_boundary: None,
        alias: None,
        production: false,
        explain: true,
        tags,
        created_at: now,
        trust_principals: Vec::new(),
    };
    apply(from, &mut role);
    store.create_role(&role).await?;
    Ok(role.unique_id)
}

async fn policies(
    store: &Store,
    owner: &PolicyOwner,
    role: &RoleConfig,
) -> Result<(), ProvisionError> {
    let stored = store.inline_policies(owner).await?;
    for (name, document) in &role.policies {
        let wanted = InlinePolicy {
            name: name.clone(),
            document: document.clone(),
        };
        if !stored.contains(&wanted) {
            store.put_inline_policy(owner, &wanted).await?;
        }
    }
    for known in stored {
        if !role.policies.contains_key(&known.name) {
            store.delete_inline_policy(owner, &known.name).await?;
        }
    }
    Ok(())
}

async fn delete(store: &Store, role: &Role) -> Result<(), ProvisionError> {
    let owner = PolicyOwner::Role(role.unique_id.clone());
    for policy in store.inline_policies(&owner).await? {
        store.delete_inline_policy(&owner, &policy.name).await?;
    }
    for policy in store.attached_policies(&owner).await? {
        store.detach_policy(&owner, &policy.arn).await?;
    }
    for profile in store.instance_profiles_of_role(&role.unique_id).await? {
        store
            .update_instance_profile(&profile.account, &profile.name, |profile| {
                profile.role_id = None;
                Ok::<(), StoreError>(())
            })
            .await?;
    }
    store.delete_role(&role.account, &role.name).await?;
    Ok(())
}

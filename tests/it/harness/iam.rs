//! Users, roles and providers, made in the store while there is no IAM API to make them with.

use drawbridge::aws::arn;
use drawbridge::aws::ids::{AccountId, IdKind, new_id};
use drawbridge::clock::{Clock, SystemClock, SystemRandom, random_bytes};
use drawbridge::config;
use drawbridge::iam::provision::provision;
use drawbridge::seal::Purpose;
use drawbridge::sigv4::Credentials;
use drawbridge::store::StoreError;
use drawbridge::store::access_keys::{AccessKey, KeyOwner};
use drawbridge::store::inline_policies::{InlinePolicy, PolicyOwner};
use drawbridge::store::instance_profiles::InstanceProfile;
use drawbridge::store::managed_policies::ManagedPolicy;
use drawbridge::store::oidc_providers::OidcProvider;
use drawbridge::store::roles::Role;
use drawbridge::store::users::User;
use serde_json::{Value, json};

use super::{Broker, DEV, RUNTIME};

/// A policy document of these statements.
pub fn document(statements: Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

/// Allows these actions on these resources.
pub fn allow(actions: &[&str], resources: &[&str]) -> String {
    document(json!({ "Effect": "Allow", "Action": actions, "Resource": resources }))
}

/// Trusts this principal for everything there is to assuming a role, under these conditions.
pub fn trust(principal: Value, condition: Value) -> String {
    document(json!({
        "Effect": "Allow",
        "Principal": principal,
        "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        "Condition": condition,
    }))
}

/// Trusts an OIDC provider (by the issuer's name) under these conditions.
pub fn trust_issuer(account: &str, issuer: &str, condition: Value) -> String {
    document(json!({
        "Effect": "Allow",
        "Principal": { "Federated": format!("arn:aws:iam::{account}:oidc-provider/{issuer}") },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }))
}

fn unique_id(kind: IdKind, account: &str) -> String {
    let account = AccountId::parse(account).unwrap();
    new_id(kind, account, random_bytes(&SystemRandom))
}

impl Broker {
    /// Runs a change of the store, and lets the caches notice it.
    fn change<T, E: std::fmt::Debug>(&self, change: impl Future<Output = Result<T, E>>) -> T {
        RUNTIME.block_on(async {
            let done = change.await.unwrap();
            self.app.cache.refresh().await.unwrap();
            done
        })
    }

    /// Makes a role and returns its ARN.
    pub fn role(&self, account: &str, name: &str, trust: &str) -> String {
        self.role_with(account, name, trust, |_| {})
    }

    /// Makes a role in which something is not as usual.
    pub fn role_with(
        &self,
        account: &str,
        name: &str,
        trust: &str,
        spoil: impl FnOnce(&mut Role),
    ) -> String {
        let mut role = Role {
            account: account.to_owned(),
            name: name.to_owned(),
            path: "/".to_owned(),
            unique_id: unique_id(IdKind::Role, account),
            arn: arn::role("aws", account, "/", name),
            trust_policy: trust.to_owned(),
            description: String::new(),
            max_session_duration: 3600,
            permissions_boundary: None,
            alias: None,
            production: false,
            explain: true,
            tags: Vec::new(),
            created_at: SystemClock.unix(),
            trust_principals: Vec::new(),
        };
        spoil(&mut role);
        self.change(self.app.store.create_role(&role));
        role.arn
    }

    /// Gives a role an inline policy.
    pub fn role_policy(&self, account: &str, name: &str, document: &str) {
        let role = RUNTIME.block_on(self.app.store.role_by_name(account, name));
        let owner = PolicyOwner::Role(role.unwrap().unwrap().unique_id);
        self.inline(&owner, document);
    }

    fn inline(&self, owner: &PolicyOwner, document: &str) {
        let policy = InlinePolicy {
            name: "inline".to_owned(),
            document: document.to_owned(),
        };
        self.change(self.app.store.put_inline_policy(owner, &policy));
    }

    /// Makes a user with an access key and one inline policy.
    pub fn user(&self, account: &str, name: &str, policy: Option<&str>) -> Credentials {
        self.user_with(account, name, policy, |_| {})
    }

    /// Makes a user in which something is not as usual.
    pub fn user_with(
        &self,
        account: &str,
        name: &str,
        policy: Option<&str>,
        spoil: impl FnOnce(&mut User),
    ) -> Credentials {
        let mut user = User {
            account: account.to_owned(),
            name: name.to_owned(),
            path: "/".to_owned(),
            unique_id: unique_id(IdKind::User, account),
            arn: format!("arn:aws:iam::{account}:user/{name}"),
            permissions_boundary: None,
            tags: Vec::new(),
            created_at: SystemClock.unix(),
        };
        spoil(&mut user);
        self.change(self.app.store.create_user(&user, usize::MAX));
        let owner = PolicyOwner::User(user.unique_id.clone());
        if let Some(policy) = policy {
            self.inline(&owner, policy);
        }
        let id = unique_id(IdKind::LongTermKey, account);
        let secret = format!("secret-of-{name}-secret-of-{name}-secret-o");
        let salt = random_bytes(&SystemRandom);
        let ring = &self.app.ring;
        let key = AccessKey {
            sealed_secret: ring
                .seal(Purpose::Stored, id.as_bytes(), secret.as_bytes(), salt)
                .unwrap(),
            id: id.clone(),
            account: account.to_owned(),
            principal: KeyOwner::User(user.unique_id),
            active: true,
            created_at: SystemClock.unix(),
        };
        self.change(self.app.store.create_access_key(&key, usize::MAX));
        Credentials {
            access_key_id: id,
            secret_access_key: secret.into(),
            session_token: None,
        }
    }

    /// Makes an access key work no more.
    pub fn deactivate(&self, who: &Credentials) {
        let id = &who.access_key_id;
        self.change(self.app.store.set_access_key_active(id, false));
    }

    /// Makes a managed policy and returns its ARN.
    pub fn managed_policy(&self, account: &str, name: &str, document: &str) -> String {
        let policy = ManagedPolicy {
            account: account.to_owned(),
            name: name.to_owned(),
            path: "/".to_owned(),
            unique_id: unique_id(IdKind::ManagedPolicy, account),
            arn: format!("arn:aws:iam::{account}:policy/{name}"),
            description: String::new(),
            tags: Vec::new(),
            created_at: SystemClock.unix(),
            updated_at: SystemClock.unix(),
            default_version: 1,
        };
        self.change(
            self.app
                .store
                .create_managed_policy(&policy, document, 1500),
        );
        policy.arn
    }

    /// Attaches a managed policy to the user, group or role with this ARN.
    pub fn attach(&self, to: &str, policy: &str) {
        let account = to.split(':').nth(4).unwrap();
        let name = to.rsplit('/').next().unwrap();
        let store = &self.app.store;
        let owner = RUNTIME.block_on(async {
            if to.contains(":user/") {
                let user = store.user_by_name(account, name).await.unwrap();
                PolicyOwner::User(user.unwrap().unique_id)
            } else if to.contains(":group/") {
                let group = store.group_by_name(account, name).await.unwrap();
                PolicyOwner::Group(group.unwrap().unique_id)
            } else {
                let role = store.role_by_arn(to).await.unwrap();
                PolicyOwner::Role(role.unwrap().unique_id)
            }
        });
        self.change(store.attach_policy(&owner, policy));
    }

    /// Lets an account trust an issuer for these audiences.
    pub fn provider(&self, account: &str, url: &str, client_ids: &[&str]) {
        let provider = OidcProvider {
            account: account.to_owned(),
            arn: arn::oidc_provider("aws", account, url),
            url: url.to_owned(),
            client_ids: client_ids.iter().map(|id| (*id).to_owned()).collect(),
            thumbprints: Vec::new(),
            tags: Vec::new(),
            created_at: SystemClock.unix(),
        };
        self.change(self.app.store.create_oidc_provider(&provider, 100));
    }
}

impl Broker {
    /// A role as it is stored.
    pub fn stored_role(&self, account: &str, name: &str) -> Role {
        let role = RUNTIME.block_on(self.app.store.role_by_name(account, name));
        role.unwrap().unwrap()
    }

    /// Attaches a policy to a role and puts it into an instance profile.
    pub fn hold(&self, account: &str, role: &str, policy: &str, profile: &str) {
        let id = self.stored_role(account, role).unique_id;
        let store = &self.app.store;
        let profile = InstanceProfile {
            account: account.to_owned(),
            name: profile.to_owned(),
            path: "/".to_owned(),
            unique_id: unique_id(IdKind::InstanceProfile, account),
            arn: arn::iam("aws", account, "instance-profile", "/", profile),
            role_id: Some(id.clone()),
            tags: Vec::new(),
            created_at: SystemClock.unix(),
        };
        self.change(store.create_instance_profile(&profile));
        self.change(store.attach_policy(&PolicyOwner::Role(id), policy));
    }

    /// The unique id of a user.
    pub fn user_id(&self, account: &str, name: &str) -> String {
        let user = RUNTIME.block_on(self.app.store.user_by_name(account, name));
        user.unwrap().unwrap().unique_id
    }

    /// Deletes a user with keys and policies.
    pub fn remove_user(&self, account: &str, name: &str) {
        let store = &self.app.store;
        self.change(async {
            let id = self.app.store.user_by_name(account, name).await?;
            let id = id.map(|user| user.unique_id).unwrap_or_default();
            for key in store.access_keys(account).await? {
                if key.principal == KeyOwner::User(id.clone()) {
                    store.delete_access_key(&key.id).await?;
                }
            }
            let owner = PolicyOwner::User(id);
            for policy in store.inline_policies(&owner).await? {
                store.delete_inline_policy(&owner, &policy.name).await?;
            }
            store.delete_user(account, name).await
        });
    }

    /// Gives a user another name.
    pub fn rename_user(&self, account: &str, name: &str, new: &str) {
        self.change(
            self.app
                .store
                .update_user::<StoreError>(account, name, |user| {
                    user.name = new.to_owned();
                    user.arn = format!("arn:aws:iam::{account}:user/{new}");
                    Ok(())
                }),
        );
    }

    /// Brings the configuration into the store once more, as the next start does.
    pub fn provision_again(&self) {
        let (config, store) = (&self.app.config, &self.app.store);
        self.change(provision(config, store, &SystemRandom, self.clock.unix()));
    }

    /// Brings a configuration without roles into the store, as a start after an edit does.
    pub fn provision_no_roles(&self) {
        self.reconfigure("");
    }

    /// Brings a configuration of this beside the dev account into the store, as a start after an edit does.
    pub fn reconfigure(&self, more: &str) {
        let address = &self.address;
        let text = format!(
            "public_url = \"http://{address}\"\nlisten = \"{address}\"\n\
             [[sts]]\nid = \"local\"\nkind = \"embedded\"\naccounts = [{{ id = \"{DEV}\", name = \"dev\" }}]\n\
             {more}"
        );
        let config = config::parse(&text, &self.data, &|_| None, Vec::new(), true);
        let config = config.unwrap_or_else(|problems| panic!("{problems}"));
        let now = self.clock.unix();
        self.change(provision(&config, &self.app.store, &SystemRandom, now));
    }

    /// The version of what decides about access.
    pub fn store_version(&self) -> i64 {
        RUNTIME.block_on(self.app.store.version()).unwrap()
    }
}

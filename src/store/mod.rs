//! What outlives a restart: one [`Store`] over SQLite or PostgreSQL, with the same SQL text on both.
//!
//! The store owns plain rows: strings, seconds since 1970, JSON text, bytes that somebody sealed. It knows what must
//! be unique and what depends on what, and it settles races: of several nodes that use one token id, exactly one
//! wins. It does not know what a policy means, who may change it, or what time it is. Secrets arrive sealed.
//!
//! Three kinds of data live here. *What decides about access* ([`accounts`], [`roles`], [`users`], [`groups`],
//! [`inline_policies`], [`managed_policies`], [`access_keys`], [`oidc_providers`], [`revocations`]) changes rarely
//! and is read always: each change increases [`Store::version`] in the same transaction, and readers may cache until
//! it moves. *One-use values* ([`once`]) and *web sessions* ([`web_sessions`]) change with every sign-in and are
//! never cached. [`key_ring`] remembers which keys sealed all this.
//!
//! Every method but [`Store::migrate`] ends within [`PATIENCE`]: with an answer, or with [`StoreError::Unavailable`], which issues nothing.
//!
//! Read [`open`] for the engines, [`statement`] for how a statement runs, one noun for the manner, and
//! [`conformance`] for the contract, which both engines are held to.

pub mod access_keys;
pub mod account_facts;
pub mod accounts;
pub mod cache;
pub mod conformance;
pub mod cuts;
mod error;
pub mod groups;
pub mod idp_metadata;
pub mod inline_policies;
pub mod instance_profiles;
pub mod key_ring;
pub mod last_use;
pub mod login_profiles;
pub mod managed_policies;
pub mod mfa_devices;
pub mod migrate;
pub mod oidc_providers;
pub mod once;
pub mod open;
pub mod policy_usage;
pub mod policy_versions;
pub mod principals;
pub mod revocations;
pub mod roles;
mod row;
pub mod saml_providers;
pub mod signing_keys;
mod statement;
pub mod ties;
pub mod token_buckets;
pub mod users;
pub mod version;
pub mod web_sessions;

use std::time::Duration;

use sqlx::AnyPool;

pub use error::StoreError;
pub use open::Engine;

/// How long the store waits for its database before it says that it is unavailable: a door must refuse within two
/// seconds of a request (security model, faults), and that includes its own work.
pub const PATIENCE: Duration = Duration::from_millis(1800);

/// The store. Cloning it is cheap and shares the connections.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Engine,
    /// The pool for statements that write: with SQLite, one connection.
    writer: AnyPool,
    /// The pool for statements that only read: with PostgreSQL, the same one.
    reader: AnyPool,
}

impl Store {
    /// Which database is behind this store.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Whether the database can be asked and can be changed, as `/readyz` wants to know.
    ///
    /// It locks a row as a real change does, so a read-only or full disk shows, and changes nothing.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.write(sqlx::query(
            "UPDATE iam_version SET value = value WHERE id = 1",
        ))
        .await?;
        self.version().await?;
        Ok(())
    }

    /// Closes all connections; every later call says that the store is unavailable.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    /// Deletes everything but the version, which increases, the key ring's fingerprint and the signing keys: the
    /// process that resets its demo still has the same keys.
    pub async fn reset(&self) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        // Children before their parents.
        for deletion in [
            "DELETE FROM last_use",
            "DELETE FROM token_bucket",
            "DELETE FROM idp_metadata",
            "DELETE FROM account_fact",
            "DELETE FROM account_alias",
            "DELETE FROM login_profile",
            "DELETE FROM mfa_device",
            "DELETE FROM saml_private_key",
            "DELETE FROM saml_provider",
            "DELETE FROM instance_profile",
            "DELETE FROM group_member",
            "DELETE FROM iam_group",
            "DELETE FROM attachment",
            "DELETE FROM policy_version",
            "DELETE FROM managed_policy",
            "DELETE FROM inline_policy",
            "DELETE FROM access_key",
            "DELETE FROM oidc_provider",
            "DELETE FROM iam_role",
            "DELETE FROM iam_user",
            "DELETE FROM account",
            "DELETE FROM revocation",
            "DELETE FROM web_session",
            "DELETE FROM used_value",
            "DELETE FROM pending_value",
        ] {
            change.run(sqlx::query(deletion)).await?;
        }
        change.commit().await
    }
}

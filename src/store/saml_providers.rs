//! SAML providers and their private keys.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::row::{FromRow, all, from_text, optional, to_text};
use super::statement::Change;
use super::{Store, StoreError};

/// A SAML provider as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SamlProvider {
    /// The account that trusts it.
    pub account: String,
    /// `Okta`; unique in the account, case and all.
    pub name: String,
    /// `arn:aws:iam::111111111111:saml-provider/Okta`; exact, case and all.
    pub arn: String,
    /// `SAMLSP...`, never used again for another provider.
    pub uuid: String,
    /// The metadata document byte for byte as it was sent.
    pub metadata: String,
    /// `Required` or `Allowed`.
    pub encryption_mode: String,
    /// Tags, in the order they were given; their keys differ by case.
    pub tags: Vec<(String, String)>,
    /// Seconds since 1970.
    pub created_at: i64,
    /// What opens encrypted assertions, the oldest first.
    pub private_keys: Vec<SamlPrivateKey>,
}

/// A private key of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SamlPrivateKey {
    /// `SAMLPK...`
    pub id: String,
    /// The key, sealed with its id.
    pub sealed_key: Vec<u8>,
    /// Seconds since 1970.
    pub created_at: i64,
}

/// A provider as lists show it, without its metadata: those may be megabytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SamlProviderEntry {
    /// The provider's ARN.
    pub arn: String,
    /// Seconds since 1970.
    pub created_at: i64,
}

impl FromRow for SamlProvider {
    fn from_row(row: &AnyRow) -> Result<SamlProvider, StoreError> {
        Ok(SamlProvider {
            account: row.try_get("account")?,
            name: row.try_get("name")?,
            arn: row.try_get("arn")?,
            uuid: row.try_get("uuid")?,
            metadata: row.try_get("metadata")?,
            encryption_mode: row.try_get("encryption_mode")?,
            tags: from_text(row.try_get("tags")?)?,
            created_at: row.try_get("created_at")?,
            private_keys: Vec::new(),
        })
    }
}

impl FromRow for SamlPrivateKey {
    fn from_row(row: &AnyRow) -> Result<SamlPrivateKey, StoreError> {
        Ok(SamlPrivateKey {
            id: row.try_get("id")?,
            sealed_key: row.try_get("sealed_key")?,
            created_at: row.try_get("created_at")?,
        })
    }
}

impl FromRow for SamlProviderEntry {
    fn from_row(row: &AnyRow) -> Result<SamlProviderEntry, StoreError> {
        Ok(SamlProviderEntry {
            arn: row.try_get("arn")?,
            created_at: row.try_get("created_at")?,
        })
    }
}

const PROVIDER: &str = "SELECT * FROM saml_provider WHERE arn = $1";
const KEYS: &str = "SELECT * FROM saml_private_key WHERE provider_arn = $1";

fn keys(rows: Vec<AnyRow>) -> Result<Vec<SamlPrivateKey>, StoreError> {
    let mut keys: Vec<SamlPrivateKey> = all(rows)?;
    keys.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    Ok(keys)
}

impl Store {
    /// Adds a provider to an account that has fewer than `most`.
    ///
    /// [`StoreError::AlreadyExists`]: the account has this name already.
    /// [`StoreError::Conflict`]: it has `most` providers.
    /// [`StoreError::NotFound`]: there is no such account.
    pub async fn create_saml_provider(
        &self,
        provider: &SamlProvider,
        most: usize,
    ) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let statement = sqlx::query(
            "INSERT INTO saml_provider (arn, account, name, uuid, metadata, encryption_mode, tags, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&provider.arn)
        .bind(&provider.account)
        .bind(&provider.name)
        .bind(&provider.uuid)
        .bind(&provider.metadata)
        .bind(&provider.encryption_mode)
        .bind(to_text(&provider.tags)?)
        .bind(provider.created_at);
        change.run(statement).await?;
        let of_account = sqlx::query("SELECT arn FROM saml_provider WHERE account = $1");
        let known = change.rows(of_account.bind(&provider.account)).await?;
        if known.len() > most {
            return Err(StoreError::Conflict);
        }
        for key in &provider.private_keys {
            change.insert_saml_key(&provider.arn, key).await?;
        }
        change.commit().await
    }

    /// The provider with exactly this ARN, and its keys.
    pub async fn saml_provider(&self, arn: &str) -> Result<Option<SamlProvider>, StoreError> {
        let found = self.read_one(sqlx::query(PROVIDER).bind(arn)).await?;
        let Some(mut provider) = optional::<SamlProvider>(found)? else {
            return Ok(None);
        };
        provider.private_keys = keys(self.read(sqlx::query(KEYS).bind(arn)).await?)?;
        Ok(Some(provider))
    }

    /// The providers of an account, by ARN.
    pub async fn saml_providers(
        &self,
        account: &str,
    ) -> Result<Vec<SamlProviderEntry>, StoreError> {
        let statement = sqlx::query("SELECT arn, created_at FROM saml_provider WHERE account = $1")
            .bind(account);
        let mut entries: Vec<SamlProviderEntry> = all(self.read(statement).await?)?;
        entries.sort_by(|a, b| a.arn.cmp(&b.arn));
        Ok(entries)
    }

    /// Changes a provider (metadata, mode, tags, keys): hands what is stored now to `change_provider` and stores what
    /// it made of it, as [`Store::update_role`] does. What identifies it stays.
    pub async fn update_saml_provider<E: From<StoreError>>(
        &self,
        arn: &str,
        change_provider: impl FnOnce(&mut SamlProvider) -> Result<(), E> + Send,
    ) -> Result<SamlProvider, E> {
        let mut change = self.change().await?;
        let rows = change.rows(sqlx::query(PROVIDER).bind(arn)).await?;
        let mut stored = SamlProvider::from_row(rows.first().ok_or(StoreError::NotFound)?)?;
        stored.private_keys = keys(change.rows(sqlx::query(KEYS).bind(arn)).await?)?;
        let mut changed = stored.clone();
        change_provider(&mut changed)?;
        let statement = sqlx::query(
            "UPDATE saml_provider SET metadata = $1, encryption_mode = $2, tags = $3 WHERE arn = $4",
        )
        .bind(&changed.metadata)
        .bind(&changed.encryption_mode)
        .bind(to_text(&changed.tags)?)
        .bind(arn);
        change.run(statement).await?;
        let gone = stored.private_keys.iter();
        for key in gone.filter(|key| !changed.private_keys.contains(key)) {
            let statement = sqlx::query("DELETE FROM saml_private_key WHERE id = $1");
            change.run(statement.bind(&key.id)).await?;
        }
        let new = changed.private_keys.iter();
        for key in new.filter(|key| !stored.private_keys.contains(key)) {
            change.insert_saml_key(arn, key).await?;
        }
        change.commit().await?;
        Ok(SamlProvider {
            account: stored.account,
            name: stored.name,
            arn: stored.arn,
            uuid: stored.uuid,
            created_at: stored.created_at,
            ..changed
        })
    }

    /// Deletes a provider and its keys.
    pub async fn delete_saml_provider(&self, arn: &str) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let keys = sqlx::query("DELETE FROM saml_private_key WHERE provider_arn = $1");
        change.run(keys.bind(arn)).await?;
        let provider = sqlx::query("DELETE FROM saml_provider WHERE arn = $1");
        if change.run(provider.bind(arn)).await? == 0 {
            return Err(StoreError::NotFound);
        }
        change.commit().await
    }
}

impl Change {
    async fn insert_saml_key(
        &mut self,
        provider: &str,
        key: &SamlPrivateKey,
    ) -> Result<u64, StoreError> {
        let statement = sqlx::query(
            "INSERT INTO saml_private_key (id, provider_arn, sealed_key, created_at)
             VALUES ($1, $2, $3, $4)",
        )
        .bind(&key.id)
        .bind(provider)
        .bind(key.sealed_key.as_slice())
        .bind(key.created_at);
        self.run(statement).await
    }
}

//! OIDC identity providers that accounts of the embedded STS trust.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::row::{FromRow, all, from_text, optional, to_text};
use super::statement::Change;
use super::{Store, StoreError};

/// An OIDC provider as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcProvider {
    /// The account that trusts it.
    pub account: String,
    /// `arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com`; exact, case and all.
    pub arn: String,
    /// The issuer's URL with its scheme.
    pub url: String,
    /// The audiences it may name.
    pub client_ids: Vec<String>,
    /// Fingerprints of its certificates.
    pub thumbprints: Vec<String>,
    /// Tags, in the order they were given; their keys differ by case.
    pub tags: Vec<(String, String)>,
    /// Seconds since 1970.
    pub created_at: i64,
}

impl FromRow for OidcProvider {
    fn from_row(row: &AnyRow) -> Result<OidcProvider, StoreError> {
        Ok(OidcProvider {
            account: row.try_get("account")?,
            arn: row.try_get("arn")?,
            url: row.try_get("url")?,
            client_ids: from_text(row.try_get("client_ids")?)?,
            thumbprints: from_text(row.try_get("thumbprints")?)?,
            tags: from_text(row.try_get("tags")?)?,
            created_at: row.try_get("created_at")?,
        })
    }
}

impl Store {
    /// Adds a provider to an account that has fewer than `most`.
    ///
    /// [`StoreError::AlreadyExists`]: the account trusts this ARN or this URL already.
    /// [`StoreError::Conflict`]: it has `most` providers.
    /// [`StoreError::NotFound`]: there is no such account.
    pub async fn create_oidc_provider(
        &self,
        provider: &OidcProvider,
        most: usize,
    ) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        change.insert_provider(provider).await?;
        let of_account = sqlx::query("SELECT arn FROM oidc_provider WHERE account = $1");
        let known = change.rows(of_account.bind(&provider.account)).await?;
        if known.len() > most {
            return Err(StoreError::Conflict);
        }
        change.commit().await
    }

    /// Adds a provider, or replaces what the one with this ARN trusts; its account and its creation stay.
    pub async fn upsert_oidc_provider(&self, provider: &OidcProvider) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        if change.replace_provider(provider).await? == 0 {
            change.insert_provider(provider).await?;
        }
        change.commit().await
    }

    /// The provider with exactly this ARN.
    pub async fn oidc_provider(&self, arn: &str) -> Result<Option<OidcProvider>, StoreError> {
        let statement = sqlx::query("SELECT * FROM oidc_provider WHERE arn = $1").bind(arn);
        optional(self.read_one(statement).await?)
    }

    /// The provider that this account trusts for exactly this issuer URL (JWT-4: no forgiveness in comparing).
    pub async fn oidc_provider_by_url(
        &self,
        account: &str,
        url: &str,
    ) -> Result<Option<OidcProvider>, StoreError> {
        let statement = sqlx::query("SELECT * FROM oidc_provider WHERE account = $1 AND url = $2")
            .bind(account)
            .bind(url);
        optional(self.read_one(statement).await?)
    }

    /// The providers of an account, by ARN.
    pub async fn oidc_providers(&self, account: &str) -> Result<Vec<OidcProvider>, StoreError> {
        let statement = sqlx::query("SELECT * FROM oidc_provider WHERE account = $1").bind(account);
        let mut providers: Vec<OidcProvider> = all(self.read(statement).await?)?;
        providers.sort_by(|a, b| a.arn.cmp(&b.arn));
        Ok(providers)
    }

    /// Changes what a provider trusts (client ids, thumbprints, tags): hands what is stored now to
    /// `change_provider` and stores what it made of it, as [`Store::update_role`] does.
    pub async fn update_oidc_provider<E: From<StoreError>>(
        &self,
        arn: &str,
        change_provider: impl FnOnce(&mut OidcProvider) -> Result<(), E> + Send,
    ) -> Result<OidcProvider, E> {
        let mut change = self.change().await?;
        let rows = change
            .rows(sqlx::query("SELECT * FROM oidc_provider WHERE arn = $1").bind(arn))
            .await?;
        let stored = OidcProvider::from_row(rows.first().ok_or(StoreError::NotFound)?)?;
        let mut changed = stored.clone();
        change_provider(&mut changed)?;
        let provider = OidcProvider {
            client_ids: changed.client_ids,
            thumbprints: changed.thumbprints,
            tags: changed.tags,
            ..stored
        };
        change.replace_provider(&provider).await?;
        change.commit().await?;
        Ok(provider)
    }

    /// Deletes a provider.
    pub async fn delete_oidc_provider(&self, arn: &str) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let deleted = change
            .run(sqlx::query("DELETE FROM oidc_provider WHERE arn = $1").bind(arn))
            .await?;
        if deleted == 0 {
            return Err(StoreError::NotFound);
        }
        change.commit().await
    }
}

impl Change {
    async fn insert_provider(&mut self, provider: &OidcProvider) -> Result<u64, StoreError> {
        let statement = sqlx::query(
            "INSERT INTO oidc_provider (arn, account, url, client_ids, thumbprints, tags, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&provider.arn)
        .bind(&provider.account)
        .bind(&provider.url)
        .bind(to_text(&provider.client_ids)?)
        .bind(to_text(&provider.thumbprints)?)
        .bind(to_text(&provider.tags)?)
        .bind(provider.created_at);
        self.run(statement).await
    }

    async fn replace_provider(&mut self, provider: &OidcProvider) -> Result<u64, StoreError> {
        let statement = sqlx::query(
            "UPDATE oidc_provider SET url = $1, client_ids = $2, thumbprints = $3, tags = $4
             WHERE arn = $5",
        )
        .bind(&provider.url)
        .bind(to_text(&provider.client_ids)?)
        .bind(to_text(&provider.thumbprints)?)
        .bind(to_text(&provider.tags)?)
        .bind(&provider.arn);
        self.run(statement).await
    }
}

//! SAML providers: whose assertions the roles of an account may trust.

use serde_json::json;
use time::OffsetDateTime;

use crate::access::Denial;
use crate::aws::constraints::{KEY_ID, POLICY, SAML_NAME};
use crate::aws::error::AwsError;
use crate::aws::xml::{Fields, Node};
use crate::aws::{arn, ids};
use crate::clock::random_bytes;
use crate::iam::halt::Halt;
use crate::iam::input::{self, Input};
use crate::iam::provision::is_configured;
use crate::iam::{
    Ask, Iam, Operation, PARTITION, Reply, Target, exact_tags, reads, saml_metadata, shapes, writes,
};
use crate::store::StoreError;
use crate::store::saml_providers::{SamlPrivateKey, SamlProvider, SamlProviderEntry};

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[
    writes!(
        create,
        "CreateSAMLProvider",
        "requests of 2 MiB at most; metadata of one identity provider with a certificate for signing; RSA keys of at least 2048 bits"
    ),
    reads!(get, "GetSAMLProvider"),
    writes!(
        update,
        "UpdateSAMLProvider",
        "as CreateSAMLProvider; `ValidUntil` stays where it is"
    ),
    reads!(list, "ListSAMLProviders"),
    writes!(delete, "DeleteSAMLProvider"),
    writes!(tag, "TagSAMLProvider"),
    writes!(untag, "UntagSAMLProvider"),
    reads!(list_tags, "ListSAMLProviderTags"),
];

/// Most providers of an account.
const MOST: usize = 100;
/// Most private keys of a provider.
const MOST_KEYS: usize = 2;
/// Years that a provider counts, whatever its metadata says.
const YEARS: i32 = 100;

const ARN: &str = "SAMLProviderArn";
const METADATA_LENGTH: std::ops::RangeInclusive<usize> = 1000..=10_000_000;
const MODES: [&str; 2] = ["Required", "Allowed"];
const REQUIRED: &str = "Required";

/// Examples are everybody's to play with; the next start brings them back.
fn changeable(provider: &SamlProvider, examples: bool) -> Result<(), AwsError> {
    match is_configured(&provider.tags) && !examples {
        true => Err(AwsError::unmodifiable(
            "This SAML provider was made by the configuration of Drawbridge, and can be changed only there.",
        )),
        false => Ok(()),
    }
}

fn not_found(arn: &str) -> AwsError {
    AwsError::no_such_entity(format!("Manifest not found for arn {arn}"))
}

impl Iam {
    /// The provider that a call names, where the caller may do `action` to it.
    async fn saml_provider(
        &self,
        ask: &Ask<'_>,
        action: &str,
        arn: &str,
        target: Target<'_>,
    ) -> Result<SamlProvider, Denial> {
        arn::provider_of("saml-provider", arn).ok_or_else(AwsError::unparsable_arn)?;
        let found = self.store().saml_provider(arn).await?;
        let found = found.filter(|found| found.account == ask.caller.account());
        let tags = found.as_ref().map_or(&[][..], |found| &found.tags);
        let target = Target {
            resource: arn,
            tags,
            ..target
        };
        self.allow(ask, action, target).await?;
        found.ok_or_else(|| not_found(arn).into())
    }

    /// Changes the provider that a call names, in one transaction.
    async fn change_saml_provider(
        &self,
        arn: &str,
        change: impl FnOnce(&mut SamlProvider) -> Result<(), AwsError> + Send,
    ) -> Result<(), Denial> {
        let examples = self.examples;
        let changed = self.store().update_saml_provider(arn, |provider| {
            let changed = changeable(provider, examples).and_then(|()| change(provider));
            changed.map_err(Halt::from)
        });
        let changed = changed.await;
        changed.map_err(|halt| halt.denial(not_found(arn)))?;
        Ok(())
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateSAMLProvider.html>
async fn create(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let metadata = input.required("SAMLMetadataDocument", None, METADATA_LENGTH);
    let name = input.required("Name", Some(SAML_NAME), 1..=128);
    let tags = input.tags();
    let mode = input.one_of("AssertionEncryptionMode", &MODES);
    let key = input.optional("AddPrivateKey", Some(POLICY), 1..=16384);
    input.finish()?;
    let account = ask.caller.account();
    let arn = arn::saml_provider(PARTITION, account, name);
    let target = Target {
        request_tags: &tags,
        ..Target::of(&arn)
    };
    iam.allow(ask, "iam:CreateSAMLProvider", target.clone())
        .await?;
    if !tags.is_empty() {
        iam.allow(ask, "iam:TagSAMLProvider", target).await?;
    }
    exact_tags::check(&tags)?;
    saml_metadata::read(metadata)?;
    let now = ask.call.unix();
    let key = key.map(|pem| iam.saml_key(pem, now)).transpose()?;
    let provider = SamlProvider {
        account: account.to_owned(),
        name: name.to_owned(),
        arn: arn.clone(),
        uuid: ids::saml_id("SAMLSP", random_bytes(&*iam.random)),
        metadata: metadata.to_owned(),
        encryption_mode: mode.unwrap_or("Allowed").to_owned(),
        tags: input::pairs(&tags),
        created_at: now,
        private_keys: key.into_iter().collect(),
    };
    has_a_key_if_required(&provider)?;
    let created = iam.store().create_saml_provider(&provider, MOST).await;
    created.map_err(|error| match error {
        StoreError::AlreadyExists => {
            AwsError::entity_exists(format!("SAMLProvider {name} already exists.")).into()
        }
        StoreError::Conflict => AwsError::quota("SAMLProvidersPerAccount", MOST).into(),
        other => Denial::from(other),
    })?;
    ask.elements = json!({ "sAMLProviderArn": arn });
    Ok(vec![
        (ARN, Node::Text(arn)),
        ("Tags", shapes::tags_if_any(&provider.tags)),
    ])
}

fn has_a_key_if_required(provider: &SamlProvider) -> Result<(), AwsError> {
    match provider.encryption_mode == REQUIRED && provider.private_keys.is_empty() {
        true => Err(AwsError::invalid_input(
            "Failed to set assertion encryption mode to Required because no private key is present.",
        )),
        false => Ok(()),
    }
}

/// A hundred years after a moment: the same day, or the one after a 29 February that is not there.
fn valid_until(created_at: i64) -> Node {
    let until = OffsetDateTime::from_unix_timestamp(created_at).ok();
    let until = until.and_then(|created| {
        let year = created.year() + YEARS;
        let same = created.replace_year(year);
        let next = || (created + time::Duration::days(1)).replace_year(year);
        same.or_else(|_| next()).ok()
    });
    until.map_or(Node::Absent, Node::Time)
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetSAMLProvider.html>
async fn get(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn(ARN);
    input.finish()?;
    let action = "iam:GetSAMLProvider";
    let found = iam.saml_provider(ask, action, arn, Target::default());
    Ok(whole(found.await?))
}

fn whole(provider: SamlProvider) -> Fields {
    let key = |key: SamlPrivateKey| {
        Node::Fields(vec![
            ("KeyId", Node::Text(key.id)),
            ("Timestamp", shapes::moment(key.created_at)),
        ])
    };
    vec![
        ("SAMLProviderUUID", Node::Text(provider.uuid)),
        ("SAMLMetadataDocument", Node::Text(provider.metadata)),
        ("CreateDate", shapes::moment(provider.created_at)),
        ("ValidUntil", valid_until(provider.created_at)),
        ("Tags", exact_tags::sorted(&provider.tags)),
        (
            "AssertionEncryptionMode",
            Node::Text(provider.encryption_mode),
        ),
        (
            "PrivateKeyList",
            Node::List(provider.private_keys.into_iter().map(key).collect()),
        ),
    ]
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateSAMLProvider.html>
async fn update(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let metadata = input.optional("SAMLMetadataDocument", None, METADATA_LENGTH);
    let arn = input.arn(ARN);
    let mode = input.one_of("AssertionEncryptionMode", &MODES);
    let new_key = input.optional("AddPrivateKey", Some(POLICY), 1..=16384);
    let old_key = input.optional("RemovePrivateKey", Some(KEY_ID), 22..=64);
    input.finish()?;
    let action = "iam:UpdateSAMLProvider";
    iam.saml_provider(ask, action, arn, Target::default())
        .await?;
    if (metadata, mode, new_key, old_key) == (None, None, None, None) {
        return Err(AwsError::validation(
            "Unable to update identity provider. No updates are defined for metadata or encryption assertion.",
        )
        .into());
    }
    if new_key.is_some() && old_key.is_some() {
        return Err(AwsError::validation(
            "Unable to add and remove private keys in the same request. Set a value for only one of the two parameters.",
        )
        .into());
    }
    metadata.map(saml_metadata::read).transpose()?;
    let now = ask.call.unix();
    let new_key = new_key.map(|pem| iam.saml_key(pem, now)).transpose()?;
    let change = |provider: &mut SamlProvider| {
        if let Some(metadata) = metadata {
            provider.metadata = metadata.to_owned();
        }
        if let Some(mode) = mode {
            provider.encryption_mode = mode.to_owned();
        }
        if let Some(key) = new_key {
            if provider.private_keys.len() >= MOST_KEYS {
                let message = format!("Private key limit of {MOST_KEYS} is reached.");
                return Err(AwsError::limit_exceeded(message));
            }
            provider.private_keys.push(key);
        }
        if let Some(id) = old_key {
            let before = provider.private_keys.len();
            provider.private_keys.retain(|key| key.id != id);
            let gone = provider.private_keys.len() < before;
            if !gone || has_a_key_if_required(provider).is_err() {
                return Err(AwsError::invalid_input("Failed to remove private key."));
            }
        }
        has_a_key_if_required(provider)
    };
    iam.change_saml_provider(arn, change).await?;
    ask.elements = json!({ "sAMLProviderArn": arn });
    Ok(vec![(ARN, Node::text(arn))])
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSAMLProviders.html>
async fn list(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let account = ask.caller.account();
    let all = arn::saml_provider(PARTITION, account, "*");
    iam.allow(ask, "iam:ListSAMLProviders", Target::of(&all))
        .await?;
    let providers = iam.store().saml_providers(account).await?;
    let entry = |provider: SamlProviderEntry| {
        Node::Fields(vec![
            ("Arn", Node::Text(provider.arn)),
            ("ValidUntil", valid_until(provider.created_at)),
            ("CreateDate", shapes::moment(provider.created_at)),
        ])
    };
    let entries = providers.into_iter().map(entry).collect();
    Ok(vec![("SAMLProviderList", Node::List(entries))])
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteSAMLProvider.html>
async fn delete(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn(ARN);
    input.finish()?;
    let action = "iam:DeleteSAMLProvider";
    let found = iam.saml_provider(ask, action, arn, Target::default());
    changeable(&found.await?, iam.examples)?;
    let deleted = iam.store().delete_saml_provider(arn).await;
    deleted.map_err(|error| Halt::from(error).denial(not_found(arn)))?;
    Ok(shapes::nothing())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagSAMLProvider.html>
async fn tag(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn(ARN);
    input.list_required("Tags");
    let tags = input.tags();
    input.finish()?;
    let target = Target {
        request_tags: &tags,
        ..Target::default()
    };
    iam.saml_provider(ask, "iam:TagSAMLProvider", arn, target)
        .await?;
    exact_tags::check(&tags)?;
    let change = |provider: &mut SamlProvider| exact_tags::merge(&mut provider.tags, &tags);
    iam.change_saml_provider(arn, change).await?;
    Ok(shapes::nothing())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagSAMLProvider.html>
async fn untag(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn(ARN);
    input.list_required("TagKeys");
    let keys = input.tag_keys();
    input.finish()?;
    let target = Target {
        tag_keys: &keys,
        ..Target::default()
    };
    iam.saml_provider(ask, "iam:UntagSAMLProvider", arn, target)
        .await?;
    let change = |provider: &mut SamlProvider| {
        exact_tags::remove(&mut provider.tags, &keys);
        Ok(())
    };
    iam.change_saml_provider(arn, change).await?;
    Ok(shapes::nothing())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSAMLProviderTags.html>
async fn list_tags(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn(ARN);
    let page = input.page();
    input.finish()?;
    let action = "iam:ListSAMLProviderTags";
    let found = iam.saml_provider(ask, action, arn, Target::default());
    Ok(exact_tags::page(&page, found.await?.tags)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_counts_for_a_hundred_years() {
        let until = |year: i32, month, day| {
            let date = time::Date::from_calendar_date(year, month, day).unwrap();
            let created = date.midnight().assume_utc().unix_timestamp();
            match valid_until(created) {
                Node::Time(until) => until.date().to_string(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(until(2026, time::Month::September, 11), "2126-09-11");
        assert_eq!(until(2028, time::Month::February, 29), "2128-02-29");
        assert_eq!(until(2000, time::Month::February, 29), "2100-03-01");
    }
}

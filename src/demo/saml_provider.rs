//! The SAML provider of the development account, as CreateSAMLProvider would have made it from `contoso`'s metadata.

use anyhow::Context;

use crate::app::App;
use crate::aws::ids;
use crate::clock::random_bytes;
use crate::demo::seed::{CONTOSO, DEV, saml_provider_arn};
use crate::store::StoreError;
use crate::store::saml_providers::SamlProvider;

/// Makes it if it is not there, and brings its metadata up to date: the provider may have another port than before.
pub async fn ensure(app: &App, metadata: &str) -> anyhow::Result<()> {
    let arn = saml_provider_arn();
    let done = match app.store.saml_provider(&arn).await? {
        Some(known) if known.metadata == metadata => Ok(()),
        Some(_) => {
            let change = |provider: &mut SamlProvider| {
                provider.metadata = metadata.to_owned();
                Ok::<(), StoreError>(())
            };
            let updated = app.store.update_saml_provider(&arn, change).await;
            updated.map(|_| ())
        }
        None => {
            let provider = SamlProvider {
                account: DEV.to_owned(),
                name: CONTOSO.to_owned(),
                arn: arn.clone(),
                uuid: ids::saml_id("SAMLSP", random_bytes(&*app.random)),
                metadata: metadata.to_owned(),
                encryption_mode: "Allowed".to_owned(),
                tags: Vec::new(),
                created_at: app.clock.unix(),
                private_keys: Vec::new(),
            };
            app.store.create_saml_provider(&provider, usize::MAX).await
        }
    };
    done.with_context(|| format!("{arn} cannot be kept"))
}

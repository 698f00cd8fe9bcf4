//! Assertions of our own: what an STS that trusts us as its SAML provider exchanges for a role.
//!
//! The STS's account keeps our metadata as a SAML provider; a role there trusts that provider. [`Assertions::sign`]
//! says who somebody is and which role is meant, and AssumeRoleWithSAML takes it. Nothing calls us to sign in: an
//! assertion is made for one exchange that the broker carries out itself, and never handed to a browser.
//!
//! Reference: SAML 2.0 Core 2.3 to 2.7, 3.3.3 and 8.3.7, Metadata 2.4.3; sts.md section 7; security.md SAML-23;
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html>

use crate::issuer::IssuerError;
use crate::issuer::saml::{HeldKeys, SamlKeys};
use crate::saml::describe::IdentityProvider;
use crate::saml::{WriteError, names};

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum AssertionError {
    /// Our keys.
    #[error(transparent)]
    Keys(#[from] IssuerError),
    /// Something that XML or a calendar cannot hold, or the library.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Drawbridge as a SAML identity provider.
pub struct Assertions {
    entity_id: String,
    sso_url: String,
    keys: SamlKeys,
}

impl Assertions {
    /// The provider of this entity id. Its metadata must name an endpoint that people are sent to (AWS takes none
    /// without): `sso_url`.
    pub fn new(entity_id: String, sso_url: String, keys: SamlKeys) -> Assertions {
        Assertions {
            entity_id,
            sso_url,
            keys,
        }
    }

    /// Our entity id: the issuer of everything that is signed here.
    pub fn entity_id(&self) -> &str {
        &self.entity_id
    }

    /// Every key whose certificate is published, the oldest first.
    ///
    /// # Errors
    /// As [`SamlKeys::keys`].
    pub async fn keys(&self, now: i64) -> Result<HeldKeys, IssuerError> {
        self.keys.keys(now).await
    }

    /// Our metadata, with the certificates of all keys: those that sign, those that will, those that did.
    ///
    /// It is not signed itself and says nothing of how long it is good for: who registers it keeps it until they are
    /// given another.
    ///
    /// # Errors
    /// [`AssertionError::Keys`].
    pub async fn metadata(&self, now: i64) -> Result<String, AssertionError> {
        let keys = self.keys.keys(now).await?;
        let ours: Vec<&[u8]> = keys
            .iter()
            .map(|key| key.credential.certificate_der())
            .collect();
        let formats = [persistent(), names::EMAIL_ADDRESS.to_owned()];
        let formats = formats.each_ref().map(String::as_str);
        let described = IdentityProvider {
            entity_id: &self.entity_id,
            signing: &ours,
            sso_url: &self.sso_url,
            slo_url: None,
            name_id_formats: &formats,
            want_authn_requests_signed: false,
            valid_until: None,
        };
        Ok(described.element()?.canonical()?)
    }
}

/// Core 8.3.7.
fn persistent() -> String {
    format!("{}persistent", names::NAMEID_FORMAT)
}

//! Sign-in with other people's identity providers; yields an `Identity` and knows no roles.
//!
//! `oidc` is the relying party: it sends a browser to the provider and checks what comes back. `saml` is the service
//! provider and does the same in the other language. `pending` is what must survive in between, sealed in a cookie.
//! `evidence` takes tokens that somebody presents without a browser: job tokens of CI platforms, ID tokens. `mapping`
//! is the one way from a verified token to an identity, `saml::profile` from a verified assertion.

pub mod evidence;
pub mod mapping;
pub mod oidc;
pub mod pending;
pub mod saml;

pub use oidc::{IdpError, RelyingParty};
pub use pending::PendingLogin;
pub use saml::{ServiceProvider, SpError};

use crate::clock::Random;
use crate::saml::SamlError;
use saml::keeper::MetadataTrouble;

/// An identity provider that people sign in with.
pub enum SignIn {
    /// We are its relying party.
    Oidc(Box<RelyingParty>),
    /// We are its service provider.
    Saml(Box<ServiceProvider>),
}

/// Why a sign-in could not be begun or finished.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// With OIDC.
    #[error(transparent)]
    Oidc(#[from] IdpError),
    /// With SAML.
    #[error(transparent)]
    Saml(#[from] SpError),
}

impl SignInError {
    /// The stable reason code.
    pub fn reason(&self) -> &'static str {
        match self {
            SignInError::Oidc(error) => error.reason(),
            SignInError::Saml(error) => error.reason(),
        }
    }

    /// Whether it is the provider's or our trouble, rather than the person's.
    pub fn is_unavailable(&self) -> bool {
        match self {
            SignInError::Oidc(error) => error.is_unavailable(),
            SignInError::Saml(error) => error.is_unavailable(),
        }
    }

    /// Whether it stays so until an administrator mends the entry, here or at the provider (security.md SAML-1).
    pub fn is_of_the_entry(&self) -> bool {
        match self {
            SignInError::Oidc(_) => false,
            SignInError::Saml(SpError::Refused(SamlError::Provider(_))) => true,
            SignInError::Saml(SpError::Metadata(trouble)) => {
                !matches!(trouble, MetadataTrouble::Unreachable(_))
            }
            SignInError::Saml(_) => false,
        }
    }
}

impl SignIn {
    /// Our name for it.
    pub fn id(&self) -> &str {
        match self {
            SignIn::Oidc(party) => &party.config().id,
            SignIn::Saml(party) => &party.config().id,
        }
    }

    /// What the sign-in button says.
    pub fn name(&self) -> &str {
        match self {
            SignIn::Oidc(party) => &party.config().name,
            SignIn::Saml(party) => &party.config().name,
        }
    }

    /// What went wrong with it last, where that may stop the next sign-in.
    pub fn problem(&self) -> Option<String> {
        match self {
            SignIn::Oidc(party) => party.problem().map(|problem| problem.to_string()),
            SignIn::Saml(party) => party.keeper().trouble().map(|trouble| trouble.to_string()),
        }
    }

    /// The relying party, where it is one of OIDC.
    pub fn oidc(&self) -> Option<&RelyingParty> {
        match self {
            SignIn::Oidc(party) => Some(party),
            SignIn::Saml(_) => None,
        }
    }

    /// The service provider, where it is one of SAML.
    pub fn saml(&self) -> Option<&ServiceProvider> {
        match self {
            SignIn::Oidc(_) => None,
            SignIn::Saml(party) => Some(party),
        }
    }

    /// The address to send the browser to, and what must survive until it comes back.
    ///
    /// # Errors
    /// [`SignInError`]: the provider or our own keys are not to be had.
    pub async fn begin(
        &self,
        random: &dyn Random,
        now: i64,
        return_to: String,
    ) -> Result<(String, PendingLogin), SignInError> {
        match self {
            SignIn::Oidc(party) => {
                let (url, pending) = party.begin(random, now, return_to).await?;
                Ok((url.to_string(), pending))
            }
            SignIn::Saml(party) => Ok(party.begin(random, now, return_to).await?),
        }
    }
}

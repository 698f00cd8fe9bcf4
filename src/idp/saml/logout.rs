//! Single logout: telling the provider, and being told (SAML Profiles section 4.4; security.md SAML-21).

use crate::clock::{Random, random_token};
use crate::identity::{Identity, SamlName};
use crate::idp::saml::{ServiceProvider, SpError};
use crate::issuer::saml::signing;
use crate::saml::logout::{LogoutKind, Place, VerifiedLogout, by_form, by_redirect};
use crate::saml::redirect::{self, Kind};
use crate::saml::request::{LogoutRequest, LogoutResponse, LogoutStatus};
use crate::saml::response::{NameId, Provider};
use crate::saml::{SamlError, form, names};
use sha2::{Digest, Sha256};

/// Seconds for which a logout message counts.
const LIFETIME: i64 = 300;

/// What a provider told us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoggedOut {
    /// It ends sessions of somebody; the answer goes back with this.
    Asked {
        /// Whose.
        name_id: NameId,
        /// Which; none: all.
        session_indexes: Vec<String>,
        /// The request, to be answered.
        request: String,
        /// To be sent back.
        relay_state: Option<String>,
    },
    /// It did what we asked, or did not.
    Answered {
        /// Whether all sessions ended.
        success: bool,
    },
}

impl LoggedOut {
    /// Whether a session of ours is among those that the provider ends.
    pub fn covers(&self, name: &SamlName) -> bool {
        let LoggedOut::Asked {
            name_id,
            session_indexes,
            ..
        } = self
        else {
            return false;
        };
        let same_name = name_id.value == name.value
            && agree(&name_id.format, &name.format)
            && agree(&name_id.name_qualifier, &name.name_qualifier)
            && agree(&name_id.sp_name_qualifier, &name.sp_name_qualifier);
        let same_session = session_indexes.is_empty()
            || name
                .session_index
                .as_ref()
                .is_some_and(|index| session_indexes.contains(index));
        same_name && same_session
    }
}

/// Providers leave out what goes without saying.
fn agree(one: &Option<String>, other: &Option<String>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

impl ServiceProvider {
    /// Where to send the browser so that the provider ends its session as well; `None` where it offers no logout or
    /// the identity has no session there.
    ///
    /// # Errors
    /// [`SpError`]: metadata, keys.
    pub async fn begin_logout(
        &self,
        identity: &Identity,
        random: &dyn Random,
        now: i64,
    ) -> Result<Option<String>, SpError> {
        let Some(name) = &identity.saml else {
            return Ok(None);
        };
        let known = self.keeper.known(now).await?;
        let Some(endpoint) = known.metadata.slo_by(names::REDIRECT) else {
            return Ok(None);
        };
        let id = format!("_{}", random_token(random, 32));
        let name_id = NameId {
            value: name.value.clone(),
            format: name.format.clone(),
            name_qualifier: name.name_qualifier.clone(),
            sp_name_qualifier: name.sp_name_qualifier.clone(),
        };
        let request = LogoutRequest {
            id: &id,
            issued_at: now,
            issuer: &self.config.entity_id,
            destination: &endpoint.location,
            not_on_or_after: now + LIFETIME,
            name_id: &name_id,
            session_index: name.session_index.as_deref(),
        };
        let message = request.element()?.canonical()?;
        let keys = self.ours.keys.keys(now).await?;
        let key = signing(&keys, now).map(|key| key.credential.key());
        let key = Some(key.ok_or(SamlError::Provider("there is no key of ours"))?);
        // The answer names the request; what it was is remembered until then.
        let (key_hash, idp) = (once(&id), self.config.id.as_bytes());
        let until = now + 2 * LIFETIME;
        let remembered = self
            .ours
            .store
            .put_once("saml-logout", &key_hash, idp, until);
        remembered.await?;
        let url = redirect::url(&endpoint.location, Kind::Request, &message, None, key)?;
        Ok(Some(url))
    }

    /// Judges a message that came by redirect, and uses it up.
    ///
    /// # Errors
    /// [`SpError`].
    pub async fn logout_by_redirect(&self, query: &str, now: i64) -> Result<LoggedOut, SpError> {
        let known = self.keeper.known(now).await?;
        let verified = by_redirect(query, &self.logout_provider(&known), self.place(now))?;
        self.take(verified, now).await
    }

    /// Judges a message that came in a form, and uses it up.
    ///
    /// # Errors
    /// [`SpError`].
    pub async fn logout_by_form(
        &self,
        kind: Kind,
        value: &str,
        relay_state: Option<String>,
        now: i64,
    ) -> Result<LoggedOut, SpError> {
        let document = form::decode(value)?;
        let known = self.keeper.known(now).await?;
        let provider = self.logout_provider(&known);
        let verified = by_form(kind, &document, relay_state, &provider, self.place(now))?;
        self.take(verified, now).await
    }

    /// Where to send the browser with the answer to a request.
    ///
    /// # Errors
    /// [`SpError`].
    pub async fn answer_logout(
        &self,
        request: &str,
        relay_state: Option<&str>,
        random: &dyn Random,
        now: i64,
    ) -> Result<String, SpError> {
        let known = self.keeper.known(now).await?;
        let endpoint = known.metadata.slo_by(names::REDIRECT);
        let endpoint = endpoint.ok_or(SamlError::Provider(
            "its metadata has no SingleLogoutService for HTTP-Redirect",
        ))?;
        let id = format!("_{}", random_token(random, 32));
        let response = LogoutResponse {
            id: &id,
            issued_at: now,
            issuer: &self.config.entity_id,
            destination: endpoint.for_responses(),
            in_response_to: request,
            status: LogoutStatus::Success,
        };
        let message = response.element()?.canonical()?;
        let keys = self.ours.keys.keys(now).await?;
        let key = signing(&keys, now).map(|key| key.credential.key());
        let key = Some(key.ok_or(SamlError::Provider("there is no key of ours"))?);
        let address = endpoint.for_responses();
        // One that is longer than the binding allows cannot be sent back, but its request can be answered.
        let relay_state =
            relay_state.filter(|state| state.len() <= redirect::MAX_RELAY_STATE_BYTES);
        Ok(redirect::url(
            address,
            Kind::Response,
            &message,
            relay_state,
            key,
        )?)
    }

    async fn take(&self, verified: VerifiedLogout, now: i64) -> Result<LoggedOut, SpError> {
        let relay_state = verified.relay_state().map(str::to_owned);
        match verified.kind().clone() {
            LogoutKind::Request {
                name_id,
                session_indexes,
            } => {
                let key = once(&format!("{} {}", self.config.id, verified.id()));
                let until = now + 2 * LIFETIME;
                let fresh = self.ours.store.use_once("saml-logout", &key, until, now);
                if !fresh.await? {
                    return Err(SamlError::Replay.into());
                }
                Ok(LoggedOut::Asked {
                    name_id,
                    session_indexes,
                    request: verified.id().to_owned(),
                    relay_state,
                })
            }
            LogoutKind::Response {
                in_response_to,
                success,
            } => {
                let key_hash = once(&in_response_to);
                let asked = self.ours.store.take_once("saml-logout", &key_hash, now);
                match asked.await? {
                    Some(idp) if idp == self.config.id.as_bytes() => {
                        Ok(LoggedOut::Answered { success })
                    }
                    _ => Err(SamlError::InResponseTo.into()),
                }
            }
        }
    }

    fn place(&self, now: i64) -> Place<'_> {
        Place {
            now,
            skew: self.skew(),
            destination: &self.slo_url,
        }
    }

    fn logout_provider<'a>(&'a self, known: &'a super::Known) -> Provider<'a> {
        Provider {
            entity_id: &known.metadata.entity_id,
            keys: &known.metadata.signing,
            decryption: &[],
            allow_sha1: self.config.allow_sha1,
            allow_cbc: false,
            second_opinion: false,
        }
    }
}

fn once(id: &str) -> [u8; 32] {
    Sha256::digest(id.as_bytes()).into()
}

//! What is different in newer metadata: what rollover, `pin` and alarms go by (SAML-19).

use super::IdpMetadata;
use crate::certificate::Certificate;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Another provider: not to be taken.
    EntityId,
    /// Nothing to verify by any more: not to be taken.
    NoKeys,
    /// A signing certificate that was not there; its fingerprint. With `pin` for an administrator to decide.
    NewKey(String),
    /// A signing certificate that is there no longer; its fingerprint.
    RemovedKey(String),
    /// Where people sign in or out.
    Endpoints,
    /// Whether requests must be signed.
    WantAuthnRequestsSigned,
}

impl Change {
    /// Whether the older copy is to be kept, with an alarm.
    pub fn keeps_the_old(&self) -> bool {
        matches!(self, Self::EntityId | Self::NoKeys)
    }
}

/// The differences that matter, the gravest first. Certificates compare as a whole: a new one around an old key is a
/// new one.
pub fn changes(old: &IdpMetadata, new: &IdpMetadata) -> Vec<Change> {
    let mut found = Vec::new();
    if old.entity_id != new.entity_id {
        found.push(Change::EntityId);
    }
    if new.signing.is_empty() {
        found.push(Change::NoKeys);
    }
    let without = |those: &[Certificate], these: &[Certificate]| -> Vec<String> {
        let missing = these.iter().filter(|it| !those.contains(it));
        missing.map(|it| it.fingerprint().to_owned()).collect()
    };
    let added = without(&old.signing, &new.signing);
    found.extend(added.into_iter().map(Change::NewKey));
    let removed = without(&new.signing, &old.signing);
    found.extend(removed.into_iter().map(Change::RemovedKey));
    if (&old.sso, &old.slo) != (&new.sso, &new.slo) {
        found.push(Change::Endpoints);
    }
    if old.want_authn_requests_signed != new.want_authn_requests_signed {
        found.push(Change::WantAuthnRequestsSigned);
    }
    found
}

//! Who was at work lately: noted in memory with every signed call, written to the store once a minute.
//!
//! A request waits for nothing here but a lock that is held for a moment. A node that dies forgets a minute.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::access::Caller;
use crate::iam::Iam;
use crate::store::last_use::{LastUse, UseKind};
use crate::store::{Store, StoreError};

/// Uses that are not in the store yet. There are never more than keys and roles.
#[derive(Debug, Default)]
pub struct LastUses {
    waiting: Mutex<HashMap<UseKind, HashMap<String, LastUse>>>,
}

impl LastUses {
    /// Notes a signed call: a use of the long-term key that signed, or of the role whose session did.
    pub fn note(&self, caller: &Caller, region: &str, service: &str, at: i64) {
        let (kind, id) = match (caller.session(), caller.role_session()) {
            (None, _) => (UseKind::AccessKey, caller.access_key_id()),
            (_, Some(session)) => (UseKind::Role, session.role_id.as_str()),
            (Some(_), None) => return,
        };
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let of_kind = waiting.entry(kind).or_default();
        match of_kind.get_mut(id) {
            Some(known) if known.at > at => {}
            Some(known) => {
                known.at = at;
                region.clone_into(&mut known.region);
                service.clone_into(&mut known.service);
            }
            None => {
                let (region, service) = (region.to_owned(), service.to_owned());
                let one = LastUse {
                    at,
                    region,
                    service,
                };
                of_kind.insert(id.to_owned(), one);
            }
        }
    }

    /// Writes what is waiting. What could not be written goes on waiting.
    pub async fn flush(&self, store: &Store) -> Result<(), StoreError> {
        let waiting = {
            let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.clone()
        };
        for (kind, uses) in waiting {
            for (id, written) in uses {
                store.note_use(kind, &id, &written).await?;
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                let of_kind = waiting.entry(kind).or_default();
                // Used again in the meantime: that is still to be written.
                if of_kind.get(&id) == Some(&written) {
                    of_kind.remove(&id);
                }
            }
        }
        Ok(())
    }

    fn waiting(&self, kind: UseKind, id: &str) -> Option<LastUse> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.get(&kind)?.get(id).cloned()
    }
}

impl Iam {
    /// The last use of a key or role that this node knows of, its own at once.
    pub async fn last_use(&self, kind: UseKind, id: &str) -> Result<Option<LastUse>, StoreError> {
        let own = self.last_uses.waiting(kind, id);
        let stored = self.store().last_use(kind, id).await?;
        Ok(own.into_iter().chain(stored).max_by_key(|one| one.at))
    }

    /// When a role, by its unique id, was last used, and in which region.
    pub async fn role_last_used(&self, role_id: &str) -> Result<Option<(i64, String)>, StoreError> {
        let last = self.last_use(UseKind::Role, role_id).await?;
        Ok(last.map(|last| (last.at, last.region)))
    }
}

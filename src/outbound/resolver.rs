//! Names to addresses, keeping only those that may be called.
//!
//! The connection is made to exactly the addresses returned here, so what was checked is what is called: a name
//! that resolves differently a moment later (DNS rebinding) changes nothing.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::rules::Rules;

/// How many look-ups may be under way. The system's resolver blocks a thread that cannot be cancelled; without
/// a bound, a dead name server would take every blocking thread of the process.
const LOOKUPS: usize = 16;

pub(super) struct CheckedResolver {
    rules: Arc<Rules>,
    lookups: Arc<Semaphore>,
}

impl CheckedResolver {
    pub(super) fn new(rules: Arc<Rules>) -> CheckedResolver {
        CheckedResolver {
            rules,
            lookups: Arc::new(Semaphore::new(LOOKUPS)),
        }
    }
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = Arc::clone(&self.rules);
        let lookups = Arc::clone(&self.lookups);
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let permit = lookups.acquire_owned().await?;
            let asked = host.clone();
            let found = tokio::task::spawn_blocking(move || {
                let found = (asked.as_str(), 0).to_socket_addrs();
                drop(permit); // held until the look-up really ended, not until somebody stopped waiting
                found
            })
            .await??;

            let mut admitted: Vec<SocketAddr> = Vec::new();
            let mut refusal = None;
            for address in found {
                match rules.admit(&host, address.ip()) {
                    Ok(()) => admitted.push(address),
                    Err(why) => _ = refusal.get_or_insert(why),
                }
            }
            match refusal {
                Some(why) if admitted.is_empty() => Err(why.into()),
                _ => Ok(Box::new(admitted.into_iter()) as Addrs),
            }
        })
    }
}

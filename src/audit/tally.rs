//! How often what happened: counted where events close, so that metrics and trail cannot disagree.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// Name, outcome, reason. All three come from tables of ours, so there are few.
type Key = (String, &'static str, &'static str);

/// Counts of closed events since the start of this process.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Mutex<BTreeMap<Key, u64>>>);

impl Tally {
    pub(super) fn count(&self, name: &str, outcome: &'static str, reason: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (name.to_owned(), outcome, reason);
        *counts.entry(key).or_default() += 1;
    }

    /// The counts in the Prometheus text format.
    pub fn prometheus(&self) -> String {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = String::from(
            "# HELP drawbridge_events_total Requests answered, as the audit trail names them.\n\
             # TYPE drawbridge_events_total counter\n",
        );
        for ((name, outcome, reason), count) in counts.iter() {
            // Writing to a string does not fail.
            let _ = writeln!(
                out,
                "drawbridge_events_total{{event=\"{name}\",outcome=\"{outcome}\",reason=\"{reason}\"}} {count}"
            );
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_by_name_outcome_and_reason() {
        let tally = Tally::default();
        tally.count("AssumeRole", "granted", "");
        tally.count("AssumeRole", "granted", "");
        tally.count("AssumeRole", "refused", "trust.condition");
        let text = tally.prometheus();
        assert!(text.contains(
            "drawbridge_events_total{event=\"AssumeRole\",outcome=\"granted\",reason=\"\"} 2\n"
        ));
        assert!(text.contains("reason=\"trust.condition\"} 1\n"));
    }
}

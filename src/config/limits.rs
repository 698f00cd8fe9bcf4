//! `[limits]`: how much of what goes wrong is put up with.

use super::reader::Reader;
use super::schema::{Form, Key, Need, Section};

pub(super) const LIMITS: Section = Section {
    name: "limits",
    header: "[limits]",
    about: "How many refused requests one source address may have: tokens, signatures and sign-ins that do not hold. Beyond that a refusal is `Throttling` or 429 without a reason, and the audit trail gets one line a minute with a count. What holds is granted all the same, and counts for nothing. All nodes together keep to these numbers; an IPv6 address counts as its /64 network. **Behind a proxy, set `server.trusted_proxies`**, or everybody is one source.",
    keys: &[
        Key {
            name: "failures",
            form: Form::Integer,
            need: Need::Default("100"),
            about: "How many refusals a source may have at once.",
        },
        Key {
            name: "failures_per_second",
            form: Form::Integer,
            need: Need::Default("10"),
            about: "How many refusals are forgiven every second.",
        },
    ],
    reserved: &[],
};

/// What is taken on, and what is put up with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitsConfig {
    /// How many connections may be open at once.
    pub max_connections: usize,
    /// How many refusals a source may have at once.
    pub failures: u32,
    /// How many refusals are forgiven every second.
    pub failures_per_second: u32,
}

pub(super) fn read(limits: &Reader<'_>, max_connections: usize) -> LimitsConfig {
    let number = |name| {
        let number = limits.integer(name, 1..=1_000_000);
        number
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(1)
    };
    LimitsConfig {
        max_connections,
        failures: number("failures"),
        failures_per_second: number("failures_per_second"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{messages, parse};

    const URL: &str = "public_url = 'https://a.example'\n";

    #[test]
    fn a_source_has_a_hundred_failures_unless_it_is_said() {
        let limits = parse(URL).unwrap().limits;
        assert_eq!((limits.failures, limits.failures_per_second), (100, 10));
        let text = format!("{URL}[limits]\nfailures = 7\nfailures_per_second = 1");
        let limits = parse(&text).unwrap().limits;
        assert_eq!((limits.failures, limits.failures_per_second), (7, 1));
    }

    #[test]
    fn nobody_can_be_locked_out_for_good() {
        for key in ["failures", "failures_per_second"] {
            let text = format!("{URL}[limits]\n{key} = 0");
            assert_eq!(messages(&text), ["must be between 1 and 1000000"]);
        }
    }
}

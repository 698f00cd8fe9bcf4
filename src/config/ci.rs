//! `[[ci]]`: the platforms whose job tokens the exchange takes.

use std::time::Duration;

use url::Url;

use super::algorithms;
use super::duration::{HOUR, MINUTE};
use super::reader::{Reader, one_of, words};
use super::schema::{Form, Key, Need, Section};
use super::urls::issuer;

pub(super) const CI: Section = Section {
    name: "ci",
    header: "[[ci]]",
    about: "An issuer whose tokens the exchange takes: GitHub Actions, GitLab, Kubernetes. Being listed here lets a token be verified; which role it may take is up to each role's trust policy.",
    keys: &[
        Key {
            name: "issuer",
            form: Form::Text,
            need: Need::Required,
            about: "The issuer, byte for byte as its tokens carry it, each once.",
        },
        Key {
            name: "name",
            form: Form::Text,
            need: Need::Derived("the issuer's host"),
            about: "What pages and the audit trail call it.",
        },
        Key {
            name: "audience",
            form: Form::TextOrTexts,
            need: Need::Derived("the scheme and host of `public_url`"),
            about: "The audience that a token must name; of several, one of them.",
        },
        Key {
            name: "max_age",
            form: Form::Duration,
            need: Need::Default("\"1h\""),
            about: "How long after `iat` a token counts, whatever its `exp` says.",
        },
        Key {
            name: "replay",
            form: Form::Text,
            need: Need::Default("\"allow\""),
            about: "`\"refuse\"` takes each `jti` once and refuses tokens without one. `\"allow\"` is the default because runners retry; the bound is then the token's own expiry.",
        },
        Key {
            name: "algorithms",
            form: Form::Texts,
            need: Need::Default(algorithms::DEFAULT),
            about: "The signature algorithms that tokens may have.",
        },
    ],
    reserved: &[],
};

/// An issuer of job tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CiConfig {
    /// What pages and the audit trail call it.
    pub name: String,
    /// The issuer, byte for byte as tokens carry it.
    pub issuer: String,
    /// The audiences of which a token must name one; never empty.
    pub audiences: Vec<String>,
    /// How long after `iat` a token counts.
    pub max_age: Duration,
    /// Whether a token counts more than once.
    pub replay: Replay,
    /// The algorithms that tokens may have (JOSE names).
    pub algorithms: Vec<String>,
}

/// What happens when a token comes a second time (CI-6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// It counts until it expires.
    Allow,
    /// Each `jti` counts once.
    Refuse,
}

/// Reads every entry; `public_url` gives the audience where none is said.
pub(super) fn read(entries: &[Reader<'_>], public_url: Option<&Url>) -> Vec<CiConfig> {
    let mut platforms: Vec<CiConfig> = Vec::new();
    for entry in entries {
        entry.refuse_unknown_keys(&[]);
        let Some(ci) = platform(entry, public_url) else {
            continue;
        };
        if platforms.iter().any(|other| other.issuer == ci.issuer) {
            entry.refuse("issuer", "is already the issuer of another [[ci]]");
        }
        platforms.push(ci);
    }
    platforms
}

fn platform(entry: &Reader<'_>, public_url: Option<&Url>) -> Option<CiConfig> {
    let issuer = entry.text("issuer", |text| issuer(text, entry.reading.demo));
    let name = entry.words("name");
    let audiences = match entry.texts("audience", words) {
        Some(audiences) => Some(audiences),
        None => public_url.map(|url| vec![url.origin().ascii_serialization()]),
    };
    if audiences.as_ref().is_some_and(Vec::is_empty) && entry.is_given("audience") {
        entry.refuse("audience", "must name an audience");
    }
    let max_age = entry.duration("max_age", MINUTE..=24 * HOUR);
    let replay = entry.text("replay", |text| {
        one_of(
            text,
            &[("allow", Replay::Allow), ("refuse", Replay::Refuse)],
        )
    });
    let algorithms = entry.texts("algorithms", algorithms::asymmetric);
    if algorithms.as_ref().is_some_and(Vec::is_empty) {
        entry.refuse("algorithms", "must not be empty");
    }
    let issuer = issuer?;
    Some(CiConfig {
        name: name.unwrap_or_else(|| host_of(&issuer)),
        issuer,
        audiences: audiences?,
        max_age: max_age?,
        replay: replay?,
        algorithms: algorithms?,
    })
}

fn host_of(issuer: &str) -> String {
    let url = Url::parse(issuer).ok();
    url.and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_else(|| issuer.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{messages, parse};
    use super::*;

    fn with(lines: &str) -> String {
        format!(
            "public_url = 'https://a.example'\n[[ci]]\nissuer = 'https://token.actions.githubusercontent.com'\n{lines}\n"
        )
    }

    #[test]
    fn an_issuer_is_enough_and_the_audience_is_the_broker() {
        let config = parse(&with("")).unwrap();
        let ci = &config.ci[0];
        assert_eq!(ci.name, "token.actions.githubusercontent.com");
        assert_eq!(ci.audiences, ["https://a.example"]);
        assert_eq!(ci.max_age, Duration::from_secs(HOUR));
        assert_eq!(ci.replay, Replay::Allow);
    }

    #[test]
    fn an_audience_is_one_or_several() {
        assert_eq!(
            parse(&with("audience = 'x'")).unwrap().ci[0].audiences,
            ["x"]
        );
        assert_eq!(
            parse(&with("audience = ['x', 'y']")).unwrap().ci[0].audiences,
            ["x", "y"]
        );
    }

    #[test]
    fn no_audience_at_all_is_refused() {
        assert_eq!(messages(&with("audience = []")), ["must name an audience"]);
        assert_eq!(messages(&with("audience = ''")), ["must not be empty"]);
    }

    #[test]
    fn replay_is_allowed_or_refused() {
        assert_eq!(
            parse(&with("replay = 'refuse'")).unwrap().ci[0].replay,
            Replay::Refuse
        );
        assert_eq!(
            messages(&with("replay = true")),
            ["expected text, found true or false"]
        );
        assert_eq!(messages(&with("replay = 'once'")), ["unknown value"]);
    }

    #[test]
    fn a_shared_secret_is_no_algorithm_for_published_keys() {
        let expected = "a shared secret cannot verify what published keys sign";
        assert_eq!(messages(&with("algorithms = ['HS256']")), [expected]);
    }

    #[test]
    fn two_entries_do_not_share_an_issuer() {
        let second = "[[ci]]\nissuer = 'https://token.actions.githubusercontent.com'";
        assert_eq!(
            messages(&with(second)),
            ["is already the issuer of another [[ci]]"]
        );
    }

    #[test]
    fn a_token_counts_for_a_day_at_most() {
        assert!(parse(&with("max_age = '24h'")).is_ok());
        assert_eq!(
            messages(&with("max_age = '25h'")),
            ["must be between 1m and 24h"]
        );
    }
}

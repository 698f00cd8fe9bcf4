//! Which URLs and addresses may be called.

use std::collections::HashSet;
use std::net::IpAddr;

use url::{Host, Url};

use super::address::{AddressClass, classify, embedded_v4};
use super::error::OutboundError;

/// What the configuration says about calls to others (`[outbound]`).
#[derive(Debug, Clone, Default)]
pub struct OutboundRules {
    /// Host names or addresses on private networks that may be called.
    pub allow_private: Vec<String>,
    /// `http://` and loopback addresses for `127.0.0.1`, `localhost` and `[::1]`: the demo and nothing else.
    pub allow_loopback_http: bool,
    /// Certificates (PEM) trusted beside the public roots.
    pub ca_pem: Option<Vec<u8>>,
    /// The proxy for all calls but those to hosts of `allow_private` and to the demo's loopback.
    pub proxy: Option<Url>,
}

/// The rules in the form in which they are asked.
#[derive(Debug)]
pub(super) struct Rules {
    names: HashSet<String>,
    addresses: HashSet<IpAddr>,
    loopback_http: bool,
    proxy: Option<Url>,
}

impl Rules {
    pub(super) fn new(rules: &OutboundRules) -> Rules {
        let mut names = HashSet::new();
        let mut addresses = HashSet::new();
        for entry in &rules.allow_private {
            let entry = entry
                .trim()
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_ascii_lowercase();
            match entry.parse::<IpAddr>() {
                Ok(address) => _ = addresses.insert(address),
                Err(_) => _ = names.insert(entry),
            }
        }
        Rules {
            names,
            addresses,
            loopback_http: rules.allow_loopback_http,
            proxy: rules.proxy.clone(),
        }
    }

    /// Whether `url` may be called, as far as can be said before its name is resolved.
    ///
    /// A literal address never reaches the resolver, so it is classified here.
    pub(super) fn check(&self, url: &Url) -> Result<(), OutboundError> {
        let refuse = |problem| {
            Err(OutboundError::Url {
                url: shown(url),
                problem,
            })
        };
        match url.scheme() {
            "https" => {}
            "http" if self.is_demo_loopback(url) => {}
            "http" => return refuse("only https is called"),
            _ => return refuse("it is not an https URL"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("it carries a user name or password");
        }
        match url.host() {
            None => refuse("it names no host"),
            Some(Host::Ipv4(v4)) => self.admit(&v4.to_string(), IpAddr::V4(v4)),
            Some(Host::Ipv6(v6)) => self.admit(&v6.to_string(), IpAddr::V6(v6)),
            Some(Host::Domain(name)) if self.goes_to_proxy(url) && looks_internal(name) => {
                refuse("the name is a private one, and a proxy would resolve it")
            }
            Some(Host::Domain(_)) => Ok(()),
        }
    }

    /// Whether `host`, found at `address`, may be called there.
    ///
    /// A listed *name* opens private networks, but not the link-local range with its metadata services: whoever
    /// answers for that name in the DNS could otherwise point us at credentials. Those need their address listed.
    pub(super) fn admit(&self, host: &str, address: IpAddr) -> Result<(), OutboundError> {
        let class = classify(address);
        let named = self.names.contains(&host.to_ascii_lowercase()) || self.is_proxy(host);
        let admitted = self.addresses.contains(&address)
            || match class {
                AddressClass::Public => true,
                AddressClass::Loopback => named || (self.loopback_http && is_loopback_host(host)),
                AddressClass::Private | AddressClass::Shared => named,
                AddressClass::Translated => {
                    named
                        && embedded_v4(address).is_some_and(|v4| may_be_named(classify(v4.into())))
                }
                AddressClass::LinkLocal
                | AddressClass::Metadata
                | AddressClass::Multicast
                | AddressClass::Unspecified
                | AddressClass::Reserved => false,
            };
        if admitted {
            Ok(())
        } else {
            Err(OutboundError::Address {
                host: host.to_owned(),
                class,
            })
        }
    }

    pub(super) fn allows_loopback_http(&self) -> bool {
        self.loopback_http
    }

    /// Whether a call to `url` goes to the configured proxy rather than to its host.
    pub(super) fn goes_to_proxy(&self, url: &Url) -> bool {
        let listed = match url.host() {
            Some(Host::Domain(name)) => self.names.contains(&name.to_ascii_lowercase()),
            Some(Host::Ipv4(v4)) => self.addresses.contains(&IpAddr::V4(v4)),
            Some(Host::Ipv6(v6)) => self.addresses.contains(&IpAddr::V6(v6)),
            None => false,
        };
        self.proxy.is_some() && !listed && !self.is_demo_loopback(url)
    }

    fn is_demo_loopback(&self, url: &Url) -> bool {
        self.loopback_http && url.host_str().is_some_and(is_loopback_host)
    }

    fn is_proxy(&self, host: &str) -> bool {
        self.proxy.as_ref().and_then(Url::host_str) == Some(host)
    }
}

/// The three spellings of this machine that the demo may use; no other name counts, wherever it resolves to.
fn is_loopback_host(host: &str) -> bool {
    matches!(host, "127.0.0.1" | "localhost" | "::1" | "[::1]")
}

fn may_be_named(class: AddressClass) -> bool {
    matches!(
        class,
        AddressClass::Public
            | AddressClass::Private
            | AddressClass::Shared
            | AddressClass::Loopback
    )
}

/// Names that no public zone holds. Behind a proxy we do not resolve names ourselves, so this is all we can say.
fn looks_internal(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    !name.contains('.') || matches!(last, "localhost" | "local" | "internal" | "arpa")
}

/// A URL as it may appear in an error: a query can carry secrets.
fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|p| format!(":{p}")).unwrap_or_default();
    format!("{}://{host}{port}{}", url.scheme(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(allow_private: &[&str], loopback: bool) -> Rules {
        Rules::new(&OutboundRules {
            allow_private: allow_private.iter().map(|s| (*s).to_owned()).collect(),
            allow_loopback_http: loopback,
            ..OutboundRules::default()
        })
    }

    fn check(rules: &Rules, url: &str) -> Result<(), OutboundError> {
        rules.check(&Url::parse(url).unwrap())
    }

    fn refused_class(result: Result<(), OutboundError>) -> AddressClass {
        match result {
            Err(OutboundError::Address { class, .. }) => class,
            other => panic!("not refused for its address: {other:?}"),
        }
    }

    #[test]
    fn plain_http_is_refused() {
        let problem = check(&rules(&[], false), "http://idp.example.com/").unwrap_err();
        assert_eq!(
            problem.to_string(),
            "http://idp.example.com/ may not be called: only https is called"
        );
    }

    #[test]
    fn plain_http_is_refused_even_where_private_hosts_are_listed() {
        assert!(check(&rules(&["idp.corp"], false), "http://idp.corp/").is_err());
        assert!(check(&rules(&["127.0.0.1"], false), "http://127.0.0.1/").is_err());
    }

    #[test]
    fn a_password_in_the_url_is_refused_and_not_repeated() {
        let problem = check(&rules(&[], false), "https://a:hunter2@idp.example.com/").unwrap_err();
        assert!(problem.to_string().contains("user name or password"));
        assert!(!problem.to_string().contains("hunter2"));
    }

    #[test]
    fn other_schemes_are_refused() {
        for url in [
            "file:///etc/passwd",
            "ftp://example.com/",
            "gopher://example.com/",
        ] {
            assert!(check(&rules(&[], true), url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_literal_address_is_classified_however_it_is_spelt() {
        for url in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://[::1]/",
        ] {
            assert_eq!(
                refused_class(check(&rules(&[], false), url)),
                AddressClass::Loopback,
                "{url}"
            );
        }
        assert_eq!(
            refused_class(check(&rules(&[], false), "https://[::ffff:10.0.0.1]/")),
            AddressClass::Translated
        );
        assert_eq!(
            refused_class(check(&rules(&[], false), "https://169.254.169.254/")),
            AddressClass::Metadata
        );
    }

    #[test]
    fn the_demo_may_call_this_machine_and_only_by_its_three_names() {
        let demo = rules(&[], true);
        for url in [
            "http://127.0.0.1:8081/",
            "http://localhost/",
            "http://[::1]:1/",
        ] {
            assert_eq!(check(&demo, url), Ok(()), "{url}");
        }
        let loopback = "127.0.0.1".parse().unwrap();
        assert_eq!(demo.admit("localhost", loopback), Ok(()));
        for host in ["evil.example.com", "localhost.example.com", "localhost."] {
            assert_eq!(
                refused_class(demo.admit(host, loopback)),
                AddressClass::Loopback
            );
        }
        assert!(check(&demo, "http://127.0.0.2/").is_err());
        assert!(check(&demo, "http://10.0.0.1/").is_err());
    }

    #[test]
    fn a_listed_name_opens_private_networks_but_not_the_metadata_service() {
        let rules = rules(&["IdP.corp"], false);
        for address in ["10.1.2.3", "100.64.0.1", "fd12::1", "64:ff9b::10.0.0.1"] {
            assert_eq!(
                rules.admit("idp.corp", address.parse().unwrap()),
                Ok(()),
                "{address}"
            );
        }
        for address in [
            "169.254.169.254",
            "169.254.1.1",
            "64:ff9b::169.254.169.254",
            "0.0.0.0",
        ] {
            assert!(
                rules.admit("idp.corp", address.parse().unwrap()).is_err(),
                "{address}"
            );
        }
        assert!(
            rules
                .admit("other.corp", "10.1.2.3".parse().unwrap())
                .is_err()
        );
    }

    #[test]
    fn a_listed_address_may_be_called_under_any_name() {
        let rules = rules(&["10.1.2.3", "[fd12::1]"], false);
        assert_eq!(rules.admit("idp.corp", "10.1.2.3".parse().unwrap()), Ok(()));
        assert_eq!(check(&rules, "https://10.1.2.3/"), Ok(()));
        assert_eq!(check(&rules, "https://[fd12::1]/"), Ok(()));
        assert!(
            rules
                .admit("idp.corp", "10.1.2.4".parse().unwrap())
                .is_err()
        );
    }

    #[test]
    fn behind_a_proxy_private_names_are_refused_and_listed_ones_called_directly() {
        let rules = Rules::new(&OutboundRules {
            allow_private: vec!["idp.internal".into()],
            proxy: Some(Url::parse("http://proxy:3128").unwrap()),
            ..OutboundRules::default()
        });
        let direct = Url::parse("https://idp.internal/").unwrap();
        assert!(!rules.goes_to_proxy(&direct));
        assert_eq!(rules.check(&direct), Ok(()));
        assert_eq!(check(&rules, "https://login.example.com/"), Ok(()));
        for url in [
            "https://localhost/",
            "https://db.internal/",
            "https://intranet/",
        ] {
            assert!(check(&rules, url).is_err(), "{url}");
        }
        assert_eq!(rules.admit("proxy", "10.0.0.9".parse().unwrap()), Ok(()));
    }
}

//! Where a provider is reached.

use super::error::Unusable;
use crate::document::Element;

/// Bytes of an address.
const LONGEST: usize = 2048;

/// An address of a provider, fit to send people to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// How messages travel ([`crate::names::REDIRECT`], [`crate::names::POST`], or one that we do not speak).
    pub binding: String,
    /// Where requests go.
    pub location: String,
    /// Where responses go, if elsewhere (logout).
    pub response_location: Option<String>,
}

impl Endpoint {
    /// Reads an endpoint; one that may not be used is noted instead.
    pub(super) fn read(
        element: Element<'_>,
        http_on_loopback: bool,
        unusable: &mut Vec<Unusable>,
    ) -> Option<Endpoint> {
        let mut address = |name: &str| {
            let location = element.attribute(name)?.trim_ascii();
            Some(match is_acceptable(location, http_on_loopback) {
                true => Ok(location.to_owned()),
                false => {
                    let which = match element.local() {
                        "SingleLogoutService" => "SingleLogoutService",
                        _ => "SingleSignOnService",
                    };
                    unusable.push(Unusable::Endpoint(which, location.to_owned()));
                    Err(())
                }
            })
        };
        let location = address("Location")?.ok()?;
        // A response must not go to the other address instead: the provider would take it for a request.
        let response_location = address("ResponseLocation").transpose().ok()?;
        Some(Endpoint {
            binding: element.attribute("Binding")?.trim_ascii().to_owned(),
            location,
            response_location,
        })
    }

    /// Where a response goes.
    pub fn for_responses(&self) -> &str {
        self.response_location.as_deref().unwrap_or(&self.location)
    }
}

/// Whether people may be sent to an address: absolute, `https` (or `http` on loopback where that is allowed), a host
/// without anybody's name before it, no fragment, and only characters of RFC 3986.
fn is_acceptable(location: &str, http_on_loopback: bool) -> bool {
    let Some((scheme, rest)) = location.split_once("://") else {
        return false;
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let characters =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte);
    if location.len() > LONGEST
        || !location.bytes().all(characters)
        || after.contains(['[', ']'])
        || authority.contains(['@', '%'])
    {
        return false;
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let numbered = |port: &str| {
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        digits && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    if !is_host(host) || !port.is_none_or(numbered) {
        return false;
    }
    let loopback = ["127.0.0.1", "localhost", "[::1]"].contains(&host);
    scheme.eq_ignore_ascii_case("https")
        || (scheme.eq_ignore_ascii_case("http") && loopback && http_on_loopback)
}

/// A name of letters, digits, hyphens, underscores and dots, or an IPv6 address in brackets.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        let address = address.strip_suffix(']').unwrap_or_default();
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !host.is_empty() && !host.starts_with('.') && host.bytes().all(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_sent_to_https() {
        for good in [
            "https://idp.example/saml/sso",
            "HTTPS://idp.example",
            "https://idp.example?idpid=C01abc&x=%20",
            "https://idp.example:8443/a;b=c",
            "https://[2001:db8::1]/sso",
            "https://my_host/",
        ] {
            assert!(is_acceptable(good, false), "{good}");
        }
        for bad in [
            "",
            "/sso",
            "//idp.example/sso",
            "https:/idp.example",
            "https:///sso",
            "https://",
            "http://idp.example/sso",
            "http://127.0.0.1/sso",
            "javascript://idp.example/%0aalert(1)",
            "https://idp.example/#fragment",
            "https://user@idp.example/",
            "https://idp.example\\@other.example/",
            "https://idp.example/a b",
            "https://idp.example/\u{e9}",
            "https://idp.example/<",
            "https://idp.example/\"",
            "https://idp.example:/",
            "https://idp.example:0/",
            "https://idp.example:99999/",
            "https://idp.example:+80/",
            "https://idp.example/[",
            "https://[::1",
            "https://[::g]/",
            "https://.example/",
            "https://%69dp.example/",
        ] {
            assert!(!is_acceptable(bad, false), "{bad}");
        }
        assert!(!is_acceptable(
            &format!("https://a/{}", "x".repeat(2040)),
            false
        ));
    }

    #[test]
    fn plain_http_is_for_loopback_where_it_is_allowed() {
        for good in [
            "http://127.0.0.1:9080/sso",
            "http://localhost/sso",
            "http://[::1]:1/",
            "https://idp.example/",
        ] {
            assert!(is_acceptable(good, true), "{good}");
        }
        for bad in [
            "http://idp.example/",
            "http://127.0.0.1.example/",
            "http://localhost.example/",
            "http://127.0.0.1@idp.example/",
            "http://[::2]/",
        ] {
            assert!(!is_acceptable(bad, true), "{bad}");
        }
    }
}

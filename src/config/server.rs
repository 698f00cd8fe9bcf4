//! The top of the file and `[server]`: where the broker is, and who may be in front of it.

use std::net::SocketAddr;

use url::Url;

use super::ip_net::IpNet;
use super::problems::Fault;
use super::reader::{Reader, from_str};
use super::schema::{Form, Key, Need, Section};
use super::urls;

pub(super) const TOP: Section = Section {
    name: "",
    header: "The top of the file",
    about: "Where people and programs find the broker.",
    keys: &[
        Key {
            name: "public_url",
            form: Form::Text,
            need: Need::Required,
            about: "The URL that people and programs use: scheme and host, no path. Every link, redirect and issuer is built from it, never from a `Host` header. Plain http is for loopback alone.",
        },
        Key {
            name: "listen",
            form: Form::Text,
            need: Need::Default("\"127.0.0.1:8080\""),
            about: "The address and port that the broker listens on. Port 0 picks a free one.",
        },
    ],
    reserved: &[],
};

pub(super) const SERVER: Section = Section {
    name: "server",
    header: "[server]",
    about: "The listener's limits and what stands in front of it.",
    keys: &[
        Key {
            name: "trusted_proxies",
            form: Form::Texts,
            need: Need::Default("[]"),
            about: "Addresses and ranges of the proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. `aws:SourceIp` is then the right-most address that is not one of them.",
        },
        Key {
            name: "max_connections",
            form: Form::Integer,
            need: Need::Default("10000"),
            about: "How many connections may be open at once. Beyond it new ones wait.",
        },
    ],
    reserved: &[],
};

pub(super) fn public_url(top: &Reader<'_>) -> Option<Url> {
    top.text("public_url", urls::public_url)
}

pub(super) fn listen(top: &Reader<'_>) -> Option<SocketAddr> {
    let listen = top.text("listen", socket_address)?;
    if top.reading.demo && !listen.ip().is_loopback() {
        let fault = Fault::from("the demo listens on loopback alone");
        top.refuse("listen", fault.hint("for example 127.0.0.1:8080"));
    }
    Some(listen)
}

pub(super) fn trusted_proxies(server: &Reader<'_>) -> Vec<IpNet> {
    server
        .texts("trusted_proxies", from_str)
        .unwrap_or_default()
}

pub(super) fn max_connections(server: &Reader<'_>) -> usize {
    let most = server.integer("max_connections", 1..=1_000_000);
    most.map_or(1, |number| number.unsigned_abs() as usize)
}

/// An address with a port; no names, for what they resolve to may change.
pub(super) fn socket_address(text: &str) -> Result<SocketAddr, Fault> {
    text.parse().map_err(|_| {
        Fault::from("is not an address with a port").hint("for example 127.0.0.1:8080 or [::]:8080")
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{messages, parse, parse_demo};

    const URL: &str = "public_url = 'https://a.example'\n";

    #[test]
    fn the_public_url_is_all_that_is_required() {
        let config = parse(URL).unwrap();
        assert_eq!(config.public_url.as_str(), "https://a.example/");
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.limits.max_connections, 10_000);
        assert!(config.trusted_proxies.is_empty() && !config.demo);
    }

    #[test]
    fn a_file_without_a_public_url_is_refused() {
        assert_eq!(
            parse("").unwrap_err().to_string(),
            "drawbridge.toml: public_url: is required"
        );
    }

    #[test]
    fn a_host_name_is_no_listen_address() {
        assert_eq!(
            messages(&format!("{URL}listen = 'localhost:80'")),
            ["is not an address with a port"]
        );
    }

    #[test]
    fn the_demo_does_not_listen_beyond_loopback() {
        let text = format!("{URL}listen = '0.0.0.0:8080'");
        assert!(parse(&text).is_ok());
        let problems = parse_demo(&text).unwrap_err();
        assert!(
            problems
                .to_string()
                .contains("the demo listens on loopback alone")
        );
    }

    #[test]
    fn proxies_are_addresses_and_ranges() {
        let config = parse(&format!(
            "{URL}[server]\ntrusted_proxies = ['10.0.0.0/8', '::1']"
        ))
        .unwrap();
        assert!(config.trusted_proxies[0].contains([10, 1, 1, 1].into()));
        let problems = parse(&format!(
            "{URL}[server]\ntrusted_proxies = ['::1', 'proxy']"
        ))
        .unwrap_err();
        assert_eq!(
            problems.to_string(),
            "drawbridge.toml:3: server.trusted_proxies[1]: is not an address or a range such as 10.0.0.0/8"
        );
    }

    #[test]
    fn at_least_one_connection_must_be_possible() {
        let text = format!("{URL}[server]\nmax_connections = 0");
        assert_eq!(messages(&text), ["must be between 1 and 1000000"]);
    }
}

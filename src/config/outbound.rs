//! `[outbound]`: every call to somebody else's server (NET-1).

use std::net::IpAddr;
use std::path::PathBuf;

use url::Url;

use super::problems::Fault;
use super::reader::Reader;
use super::schema::{Form, Key, Need, Section};
use super::secrets::certificate_file;

pub(super) const OUTBOUND: Section = Section {
    name: "outbound",
    header: "[outbound]",
    about: "Calls to other people's servers: identity providers and token issuers. Addresses are judged after they are resolved; those of private networks are refused unless named here. Certificates are always verified.",
    keys: &[
        Key {
            name: "allow_private",
            form: Form::Texts,
            need: Need::Default("[]"),
            about: "Host names and addresses on private networks that may be called. The link-local range with its metadata services needs the address itself.",
        },
        Key {
            name: "ca_file",
            form: Form::Path,
            need: Need::Optional,
            about: "A PEM file of certificate authorities to trust besides the public ones.",
        },
        Key {
            name: "proxy",
            form: Form::Text,
            need: Need::Optional,
            about: "The HTTP proxy for calls to the outside. `HTTP_PROXY` and its like are not read.",
        },
    ],
    reserved: &[],
};

/// What calls to other servers may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutboundConfig {
    /// Host names (lower case) and addresses on private networks that may be called.
    pub allow_private: Vec<String>,
    /// Certificate authorities besides the public ones, as PEM.
    pub ca_file: Option<PathBuf>,
    /// The proxy, without user and password.
    pub proxy: Option<Url>,
}

pub(super) fn read(outbound: &Reader<'_>) -> OutboundConfig {
    let ca_file = certificate_file(outbound, "ca_file");
    OutboundConfig {
        allow_private: outbound
            .texts("allow_private", private_host)
            .unwrap_or_default(),
        ca_file,
        proxy: outbound.text("proxy", proxy),
    }
}

fn private_host(text: &str) -> Result<String, Fault> {
    let name = text.to_ascii_lowercase();
    // `10.0.0.300` and `10.1` are slips, not names: no name ends in a number (RFC 3696, 2).
    let ends_in_number = name
        .rsplit('.')
        .next()
        .is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if name.parse::<IpAddr>().is_ok() || (name.split('.').all(is_label) && !ends_in_number) {
        return Ok(name);
    }
    Err(Fault::from("is not a host name or an address")
        .hint("no scheme, port, range or wildcard: for example keycloak.internal or 10.1.2.3"))
}

fn proxy(text: &str) -> Result<Url, Fault> {
    let fault =
        Fault::from("is not the URL of an HTTP proxy").hint("for example http://proxy:3128");
    let Ok(url) = Url::parse(text) else {
        return Err(fault);
    };
    if !matches!(url.scheme(), "http" | "https")
        || !url.has_host()
        || url.path() != "/"
        || url.query().is_some()
    {
        return Err(fault);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must have no user name and no password".into());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{messages, parse};

    fn with(line: &str) -> String {
        format!("public_url = 'https://a.example'\n[outbound]\n{line}")
    }

    #[test]
    fn names_and_addresses_may_be_allowed() {
        let config = parse(&with(
            "allow_private = ['KeyCloak.internal', '10.0.0.7', '::1']",
        ))
        .unwrap();
        assert_eq!(
            config.outbound.allow_private,
            ["keycloak.internal", "10.0.0.7", "::1"]
        );
    }

    #[test]
    fn other_forms_of_a_private_host_are_refused() {
        for host in [
            "*",
            "*.internal",
            "http://x",
            "x:80",
            "",
            "a..b",
            "10.0.0.0/8",
            "10.0.0.300",
        ] {
            let problems = messages(&with(&format!("allow_private = ['{host}']")));
            assert_eq!(problems, ["is not a host name or an address"], "{host}");
        }
    }

    #[test]
    fn a_ca_file_without_a_certificate_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = with(&format!("ca_file = '{}'", file.path().display()));
        assert_eq!(messages(&text), ["the file holds no PEM certificate"]);
        std::fs::write(file.path(), "-----BEGIN CERTIFICATE-----\n").unwrap();
        assert_eq!(parse(&text).unwrap().outbound.ca_file.unwrap(), file.path());
    }

    #[test]
    fn a_ca_file_that_is_not_there_is_refused() {
        assert_eq!(
            messages(&with("ca_file = 'none.pem'")),
            ["the file cannot be read: entity not found"]
        );
    }

    #[test]
    fn a_proxy_is_an_http_url_without_a_password() {
        assert!(parse(&with("proxy = 'http://proxy:3128'")).is_ok());
        assert_eq!(
            messages(&with("proxy = 'socks5://proxy'")),
            ["is not the URL of an HTTP proxy"]
        );
        assert_eq!(
            messages(&with("proxy = 'http://u:s3cr3t@proxy'")),
            ["must have no user name and no password"]
        );
    }
}

//! The URL of an OpenID Connect provider, as the API takes it.

use url::Url;

use crate::aws::arn;
use crate::aws::error::AwsError;
use crate::config::issuer_fault;
use crate::outbound::Outbound;

/// The issuer that `text` names: as it was sent, but for `:443`.
///
/// Tokens must carry the issuer byte for byte (JWT-4), so capitals in the host are kept, as AWS keeps them. What the
/// configuration refuses for an issuer is refused here too (NET-2), and so is an address that would never be called
/// (NET-1): better now than when the first token comes.
pub fn issuer(text: &str, outbound: &Outbound, loopback_http: bool) -> Result<String, AwsError> {
    let invalid = || AwsError::validation("Invalid Open ID Connect Provider URL");
    if text.contains(['?', '#']) {
        return Err(AwsError::invalid_input("Unknown"));
    }
    let (scheme, rest) = text.split_once("://").ok_or_else(invalid)?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = match scheme {
        "https" => host.strip_suffix(":443").unwrap_or(host),
        _ => host,
    };
    let plain = format!("{scheme}://{}{path}", host.to_ascii_lowercase());
    if issuer_fault(&plain, loopback_http).is_some() {
        return Err(invalid());
    }
    if arn::is_reserved_issuer(&plain) {
        return Err(AwsError::invalid_input(
            "The condition keys of this issuer would be those of AWS itself.",
        ));
    }
    let url = Url::parse(&plain).map_err(|_| invalid())?;
    if !outbound.may_call(&url) {
        return Err(AwsError::invalid_input(
            "The URL names an address that this service does not call.",
        ));
    }
    Ok(format!("{scheme}://{host}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::OutboundRules;

    fn read(text: &str, loopback_http: bool) -> Result<String, &'static str> {
        let rules = OutboundRules {
            allow_loopback_http: loopback_http,
            ..OutboundRules::default()
        };
        let outbound = Outbound::new(rules).unwrap();
        issuer(text, &outbound, loopback_http).map_err(|error| error.code)
    }

    #[test]
    fn an_issuer_stays_as_it_is_but_for_its_port() {
        for (text, kept) in [
            ("https://a.example", "https://a.example"),
            ("https://a.example/x/", "https://a.example/x/"),
            ("https://A.Example/Mixed", "https://A.Example/Mixed"),
            ("https://a.example:443/x", "https://a.example/x"),
            ("https://a.example:8443", "https://a.example:8443"),
        ] {
            assert_eq!(read(text, false).as_deref(), Ok(kept));
        }
    }

    #[test]
    fn a_query_and_a_fragment_have_an_answer_of_their_own() {
        for text in ["https://a.example/?q=1", "https://a.example/#f"] {
            assert_eq!(read(text, false), Err("InvalidInput"));
        }
    }

    #[test]
    fn what_is_no_issuer_is_refused() {
        for text in [
            "a.example",
            "http://a.example",
            "HTTPS://a.example",
            "https://",
            "https://user@a.example",
            "https://a.example/../b",
            "https://a.example//b",
            "https://a.example/b c",
            "https://bücher.example",
            "http://127.0.0.1:8081",
        ] {
            assert_eq!(read(text, false), Err("ValidationError"), "{text}");
        }
    }

    #[test]
    fn reserved_names_and_private_addresses_are_refused() {
        for text in ["https://aws", "https://SAML", "https://sts:443"] {
            assert_eq!(read(text, false), Err("InvalidInput"), "{text}");
        }
        for host in [
            "10.0.0.1",
            "169.254.169.254",
            "127.0.0.1",
            "[::1]",
            "[fd00:ec2::254]",
        ] {
            let text = format!("https://{host}");
            assert_eq!(read(&text, false), Err("InvalidInput"), "{text}");
        }
    }

    #[test]
    fn loopback_over_plain_http_is_for_the_demo() {
        let text = "http://127.0.0.1:8081/ci";
        assert_eq!(read(text, true).as_deref(), Ok(text));
        assert_eq!(read("http://10.0.0.1", true), Err("ValidationError"));
    }
}

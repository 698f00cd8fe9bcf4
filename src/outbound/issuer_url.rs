//! The form of an issuer's URL (NET-2).
//!
//! An issuer is compared as a string and fetched as a URL. A spelling that a URL parser would tidy up is
//! refused, so that the two can never mean different things.

use url::{Host, Url};

/// The longest issuer, as IAM bounds the URL of an OIDC provider.
const MAX_BYTES: usize = 255;

/// What is wrong with an issuer's URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssuerUrlError {
    /// More than 255 bytes.
    #[error("is longer than 255 bytes")]
    TooLong,
    /// Not an absolute URL with a host.
    #[error("is not an absolute URL with a host")]
    Malformed,
    /// Not `https://`.
    #[error("does not begin with https://")]
    NotHttps,
    /// `user:password@`.
    #[error("carries a user name or password")]
    UserInfo,
    /// `?` or `#`.
    #[error("carries a query or a fragment")]
    QueryOrFragment,
    /// `/./`, `/../`, an empty segment, `%2F`, `%5C` or `%2E`.
    #[error("has a dot segment, an empty segment or an encoded separator in its path")]
    Path,
    /// Control characters, white space, a backslash, or letters beyond ASCII.
    #[error("has a character that a URL must encode (a host beyond ASCII is written in punycode)")]
    Character,
    /// Some other spelling than the canonical one: upper case in the host, a default port, a numeric host.
    #[error("is not in its canonical spelling")]
    NotCanonical,
}

/// Checks the form of an issuer URL and gives it parsed. Nothing is fetched.
///
/// `allow_loopback_http` admits `http://127.0.0.1`, `http://localhost` and `http://[::1]`: the demo alone.
pub fn check_issuer_url(issuer: &str, allow_loopback_http: bool) -> Result<Url, IssuerUrlError> {
    if issuer.len() > MAX_BYTES {
        return Err(IssuerUrlError::TooLong);
    }
    if !issuer.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
        return Err(IssuerUrlError::Character);
    }
    let url = Url::parse(issuer).map_err(|_| IssuerUrlError::Malformed)?;
    let host = url.host().ok_or(IssuerUrlError::Malformed)?;
    let loopback = match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(v4) => v4 == std::net::Ipv4Addr::LOCALHOST,
        Host::Ipv6(v6) => v6 == std::net::Ipv6Addr::LOCALHOST,
    };
    match url.scheme() {
        "https" => {}
        "http" if allow_loopback_http && loopback => {}
        _ => return Err(IssuerUrlError::NotHttps),
    }
    if !url.username().is_empty() || url.password().is_some() || issuer.contains('@') {
        return Err(IssuerUrlError::UserInfo);
    }
    if issuer.contains(['?', '#']) {
        return Err(IssuerUrlError::QueryOrFragment);
    }
    let after_scheme = issuer.split_once("://").map_or("", |(_, rest)| rest);
    let path = after_scheme.split_once('/').map_or("", |(_, path)| path);
    let mut segments = path.split('/').peekable();
    while let Some(segment) = segments.next() {
        // One slash at the very end is part of some issuers (Auth0's).
        let last = segments.peek().is_none();
        if matches!(segment, "." | "..") || (segment.is_empty() && !last) {
            return Err(IssuerUrlError::Path);
        }
    }
    let lower = path.to_ascii_lowercase();
    if ["%2f", "%5c", "%2e", "%00"]
        .iter()
        .any(|code| lower.contains(code))
    {
        return Err(IssuerUrlError::Path);
    }
    // The parser adds a slash to an empty path; nothing else may differ from what was written.
    if url.as_str() != issuer && url.as_str().strip_suffix('/') != Some(issuer) {
        return Err(IssuerUrlError::NotCanonical);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_in_the_field_are_accepted() {
        for issuer in [
            "https://token.actions.githubusercontent.com",
            "https://gitlab.com",
            "https://tenant.auth0.com/",
            "https://sso.example.com:8443/realms/main",
            "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
            "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
            "https://xn--bcher-kva.example",
        ] {
            assert!(check_issuer_url(issuer, false).is_ok(), "{issuer}");
        }
    }

    #[test]
    fn each_bad_form_is_refused_for_what_is_wrong_with_it() {
        use IssuerUrlError::*;
        let long = format!("https://example.com/{}", "a".repeat(255));
        for (issuer, problem) in [
            (long.as_str(), TooLong),
            ("", Malformed),
            ("example.com", Malformed),
            ("http://example.com", NotHttps),
            ("http://localhost:8081/acme", NotHttps),
            ("ftp://example.com", NotHttps),
            ("https://user@example.com", UserInfo),
            ("https://user:pw@example.com", UserInfo),
            ("https://@example.com", UserInfo),
            ("https://example.com?", QueryOrFragment),
            ("https://example.com/a?b=c", QueryOrFragment),
            ("https://example.com/a#b", QueryOrFragment),
            ("https://example.com/a/../b", Path),
            ("https://example.com/./b", Path),
            ("https://example.com/a//b", Path),
            ("https://example.com/a%2Fb", Path),
            ("https://example.com/a%5cb", Path),
            ("https://example.com/%2e%2E/b", Path),
            ("https://bücher.example", Character),
            ("https://example.com/a b", Character),
            ("https://example.com/a\nb", Character),
            ("https://example.com\\a", Character),
            ("HTTPS://example.com", NotCanonical),
            ("https://Example.com", NotCanonical),
            ("https://example.com:443", NotCanonical),
            ("https://0x7f.1", NotCanonical),
            ("https:/example.com", NotCanonical),
        ] {
            assert_eq!(check_issuer_url(issuer, false), Err(problem), "{issuer}");
        }
    }

    #[test]
    fn plain_http_is_for_the_demo_on_this_machine_alone() {
        for issuer in [
            "http://127.0.0.1:8081/acme",
            "http://localhost/acme",
            "http://[::1]:81/ci",
        ] {
            assert!(check_issuer_url(issuer, true).is_ok(), "{issuer}");
        }
        for issuer in [
            "http://127.0.0.2/acme",
            "http://localhost.example.com",
            "http://10.0.0.1",
        ] {
            assert_eq!(
                check_issuer_url(issuer, true),
                Err(IssuerUrlError::NotHttps),
                "{issuer}"
            );
        }
    }
}

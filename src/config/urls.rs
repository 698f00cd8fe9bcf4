//! The URLs that a configuration may name: our own, and those of issuers.

use url::Url;

use super::problems::Fault;

/// Says what is wrong with an issuer's URL, if something is (NET-2): https, a host, no user,
/// query, fragment, dot segments, encoded slashes, control characters or letters beyond ASCII,
/// at most 255 characters. `loopback_http` lets the demo's own providers through.
///
/// The text itself stays the issuer: tokens must carry it byte for byte (JWT-4), so it is judged
/// here and never normalised.
pub fn issuer_fault(text: &str, loopback_http: bool) -> Option<&'static str> {
    if text.len() > 255 {
        return Some("must be at most 255 characters");
    }
    // The URL parser drops tabs, newlines and outer spaces, and takes `\` for `/`.
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.contains('\\') {
        return Some("must be plain ASCII without spaces (hosts in punycode)");
    }
    if text.contains(['{', '}']) {
        return Some("must be one issuer, not a template of issuers");
    }
    let url = match Url::parse(text) {
        Ok(url) if url.has_host() => url,
        _ => return Some("is not a URL with a host"),
    };
    match url.scheme() {
        "https" => {}
        "http" if loopback_http && is_loopback(&url) => {}
        _ => return Some("must begin with https://"),
    }
    if text.contains(['?', '#']) {
        return Some("must have no query and no fragment");
    }
    if text.contains('@') {
        return Some("must have no user name and no password");
    }
    let after_scheme = text.split_once("://").map_or("", |(_, rest)| rest);
    let path = after_scheme.split_once('/').map_or("", |(_, path)| path);
    let lower = path.to_ascii_lowercase();
    if ["%2f", "%5c", "%00"]
        .iter()
        .any(|code| lower.contains(code))
    {
        return Some("must have no encoded slashes");
    }
    let dots = path.split('/').any(|segment| matches!(segment, "." | ".."));
    if dots || lower.contains("%2e") {
        return Some("must have no dot segments");
    }
    // One slash at the very end is part of some issuers (Auth0's).
    if path.starts_with('/') || path.contains("//") {
        return Some("must have no empty segments");
    }
    // The parser adds a slash to an empty path. Whatever else it tidies up (`0x7f.1`, a capital in
    // the host, a default port) would mean one thing here and another to who compares the text.
    if url.as_str() != text && url.as_str().strip_suffix('/') != Some(text) {
        return Some("must be in its canonical spelling");
    }
    None
}

/// An issuer of the configuration.
pub(super) fn issuer(text: &str, demo: bool) -> Result<String, Fault> {
    match issuer_fault(text, demo) {
        Some(fault) => Err(fault.into()),
        None => Ok(text.to_owned()),
    }
}

/// The URL of a document that we fetch: https, a host, no user and no fragment, at most 1024 characters; plain http on
/// loopback where `demo`. A query may be part of it (Entra ID's `?appid=`), and nobody compares it byte for byte, so
/// the parser may tidy it up.
pub(super) fn document(text: &str, demo: bool) -> Result<Url, Fault> {
    if text.len() > 1024 {
        return Err("must be at most 1024 characters".into());
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.contains('\\') {
        return Err("must be plain ASCII without spaces (hosts in punycode)".into());
    }
    if text.contains(['{', '}']) {
        return Err("must be one URL, not a template of URLs".into());
    }
    let url = match Url::parse(text) {
        Ok(url) if url.has_host() => url,
        _ => return Err("is not a URL with a host".into()),
    };
    match url.scheme() {
        "https" => {}
        "http" if demo && is_loopback(&url) => {}
        _ => return Err("must begin with https://".into()),
    }
    if url.fragment().is_some() {
        return Err("must have no fragment".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must have no user name and no password".into());
    }
    Ok(url)
}

/// An absolute URI, compared byte for byte: an entity id or one of the names that SAML writes as URIs (Core 1.3.2; at
/// most 1024 characters by 8.3.6).
pub(super) fn absolute_uri(text: &str) -> Result<String, Fault> {
    if text.len() > 1024 {
        return Err("must be at most 1024 characters".into());
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("must be plain ASCII without spaces".into());
    }
    match Url::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(Fault::from("is not an absolute URI")
            .hint("it begins with a scheme: https://... or urn:...")),
    }
}

/// Our own URL: a scheme and a host, for every link is built below it (WEB-5); plain http on
/// loopback alone (WEB-1).
pub(super) fn public_url(text: &str) -> Result<Url, Fault> {
    let example = "for example https://sso.example.com";
    if let Some(fault) = issuer_fault(text, true) {
        let hint = match fault {
            "must begin with https://" => "plain http is for http://localhost and loopback alone",
            _ => example,
        };
        return Err(Fault::from(fault).hint(hint));
    }
    match Url::parse(text) {
        Ok(url) if url.path() == "/" => Ok(url),
        Ok(_) => Err(Fault::from("must have no path")
            .hint("clients drop path prefixes, so the broker needs a host of its own")),
        Err(_) => Err(Fault::from("is not a URL").hint(example)),
    }
}

/// The three spellings of this machine: there alone plain http is allowed.
fn is_loopback(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> &'static str {
        issuer_fault(text, false).unwrap_or("none")
    }

    #[test]
    fn usual_issuers_are_accepted() {
        for text in [
            "https://token.actions.githubusercontent.com",
            "https://example.okta.com/",
            "https://login.microsoftonline.com/2f6f1a3c-0000-4000-8000-000000000000/v2.0",
            "https://keycloak.example.com:8443/realms/acme",
            "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
            "https://xn--bcher-kva.example",
            "https://[2001:db8::1]:8443/x",
        ] {
            assert_eq!(issuer_fault(text, false), None, "{text}");
        }
    }

    #[test]
    fn an_issuer_over_plain_http_is_refused() {
        assert_eq!(fault("http://example.com"), "must begin with https://");
        assert_eq!(fault("http://127.0.0.1:8081"), "must begin with https://");
        assert_eq!(fault("ftp://example.com"), "must begin with https://");
    }

    #[test]
    fn loopback_over_plain_http_is_for_the_demo() {
        for host in ["127.0.0.1:8081", "localhost:8081", "[::1]:8081/oidc"] {
            assert_eq!(issuer_fault(&format!("http://{host}"), true), None);
        }
        for host in [
            "10.0.0.1",
            "127.0.0.2",
            "localhost.",
            "localhost.example.com",
        ] {
            let fault = issuer_fault(&format!("http://{host}"), true);
            assert_eq!(fault, Some("must begin with https://"), "{host}");
        }
    }

    #[test]
    fn an_issuer_with_a_user_is_refused() {
        let expected = "must have no user name and no password";
        assert_eq!(fault("https://a:b@example.com"), expected);
        assert_eq!(fault("https://@example.com"), expected);
    }

    #[test]
    fn an_issuer_with_a_query_or_fragment_is_refused() {
        for text in [
            "https://a.example/?b",
            "https://a.example/#b",
            "https://a.example?",
            "https://a.example#",
        ] {
            assert_eq!(fault(text), "must have no query and no fragment", "{text}");
        }
    }

    #[test]
    fn an_issuer_with_dot_segments_is_refused() {
        for path in ["/a/../b", "/./a", "/a/..", "/%2e%2e/a", "/.%2E"] {
            assert_eq!(
                fault(&format!("https://a.example{path}")),
                "must have no dot segments"
            );
        }
    }

    #[test]
    fn an_issuer_with_encoded_slashes_is_refused() {
        for path in ["/a%2fb", "/a%2Fb", "/a%5Cb"] {
            assert_eq!(
                fault(&format!("https://a.example{path}")),
                "must have no encoded slashes"
            );
        }
    }

    #[test]
    fn an_issuer_with_other_characters_is_refused() {
        for text in [
            "https://bücher.example",
            "https://a.example/\t",
            " https://a.example",
            "https:\\\\a.example",
            "https://a.example/\u{202e}",
        ] {
            assert!(fault(text).starts_with("must be plain ASCII"), "{text}");
        }
    }

    #[test]
    fn a_spelling_that_a_parser_would_tidy_up_is_refused() {
        for text in [
            "https://0x7f.1/",
            "https://2130706433/",
            "https://%65xample.com/",
            "https://Example.com",
            "HTTPS://example.com",
            "https://example.com:443",
            "https:///example.com",
        ] {
            let fault = fault(text);
            assert!(
                fault == "must be in its canonical spelling"
                    || fault == "must have no empty segments",
                "{text}: {fault}"
            );
        }
    }

    #[test]
    fn an_issuer_with_empty_segments_is_refused() {
        for path in ["//", "/a//b", "/a//"] {
            assert_eq!(
                fault(&format!("https://a.example{path}")),
                "must have no empty segments"
            );
        }
    }

    #[test]
    fn an_issuer_template_is_refused() {
        assert!(fault("https://login.microsoftonline.com/{tenantid}/v2.0").contains("template"));
    }

    #[test]
    fn an_issuer_may_have_255_characters_and_no_more() {
        let text = format!("https://a.example/{}", "x".repeat(237));
        assert_eq!(text.len(), 255);
        assert_eq!(fault(&text), "none");
        assert_eq!(fault(&format!("{text}x")), "must be at most 255 characters");
    }

    #[test]
    fn the_public_url_is_a_host_and_nothing_more() {
        for text in [
            "https://sso.example.com",
            "https://sso.example.com/",
            "https://sso.example.com:8443",
            "http://localhost:8080",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
        ] {
            assert!(public_url(text).is_ok(), "{text}");
        }
        assert_eq!(
            public_url("https://a.example/sso").unwrap_err().message,
            "must have no path"
        );
        assert!(public_url("https://a.example/?x").is_err());
        assert!(public_url("https://u@a.example").is_err());
        assert!(public_url("sso.example.com").is_err());
    }

    #[test]
    fn the_public_url_is_https_beyond_this_machine() {
        let fault = public_url("http://sso.example.com").unwrap_err();
        assert_eq!(fault.message, "must begin with https://");
    }

    fn document_fault(text: &str) -> String {
        document(text, false).unwrap_err().message
    }

    #[test]
    fn usual_documents_may_be_fetched() {
        for text in [
            "https://ADFS.contoso.com/FederationMetadata/2007-06/FederationMetadata.xml",
            "https://login.microsoftonline.com/2f6f/federationmetadata/2007-06/federationmetadata.xml?appid=6c1a",
            "https://example.okta.com/app/exk1/sso/saml/metadata",
        ] {
            assert!(document(text, false).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_document_over_plain_http_is_for_the_demo_on_loopback() {
        assert_eq!(
            document_fault("http://a.example/m"),
            "must begin with https://"
        );
        assert_eq!(
            document_fault("http://127.0.0.1/m"),
            "must begin with https://"
        );
        assert!(document("http://127.0.0.1:8081/m", true).is_ok());
        let fault = document("http://10.0.0.1/m", true).unwrap_err();
        assert_eq!(fault.message, "must begin with https://");
    }

    #[test]
    fn a_document_has_no_fragment_no_user_and_no_template() {
        assert_eq!(
            document_fault("https://a.example/m#x"),
            "must have no fragment"
        );
        let user = "must have no user name and no password";
        assert_eq!(document_fault("https://u@a.example/m"), user);
        assert_eq!(document_fault("https://:p@a.example/m"), user);
        let template = "must be one URL, not a template of URLs";
        assert_eq!(document_fault("https://a.example/{tenant}/m"), template);
    }

    #[test]
    fn a_document_has_a_host_and_plain_characters() {
        assert_eq!(document_fault("metadata.xml"), "is not a URL with a host");
        assert!(document_fault("https://a.example/ m").starts_with("must be plain ASCII"));
        assert!(document_fault("https://a.example\\m").starts_with("must be plain ASCII"));
        let long = format!("https://a.example/{}", "x".repeat(1024));
        assert_eq!(document_fault(&long), "must be at most 1024 characters");
    }

    #[test]
    fn a_uri_is_absolute_and_kept_as_it_is() {
        for text in [
            "https://A.example",
            "urn:amazon:webservices",
            "http://a/b#c",
        ] {
            assert_eq!(absolute_uri(text).unwrap(), text);
        }
        let fault = |text: &str| absolute_uri(text).unwrap_err().message;
        assert_eq!(fault("drawbridge"), "is not an absolute URI");
        assert_eq!(fault(""), "is not an absolute URI");
        assert_eq!(fault("urn:a b"), "must be plain ASCII without spaces");
        let long = format!("urn:{}", "x".repeat(1021));
        assert_eq!(fault(&long), "must be at most 1024 characters");
        assert!(absolute_uri(&long[..1024]).is_ok());
    }
}

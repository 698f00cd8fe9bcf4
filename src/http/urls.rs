//! Every path and absolute URL. Hosts come from `public_url` alone, never from a request (WEB-5).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

/// What stays readable in a query value: an ARN or an alias keeps its colons and slashes.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b':')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Builds links, redirects and endpoints.
#[derive(Clone, Debug)]
pub struct Urls {
    /// Scheme, host and port, without a slash at the end.
    origin: String,
    /// Host and port as a `Host` header has them.
    authority: String,
    secure: bool,
    loopback: bool,
}

fn encoded(value: &str) -> String {
    utf8_percent_encode(value, QUERY_VALUE).to_string()
}

impl Urls {
    /// From the configured public URL, which the configuration has checked to be an origin.
    pub fn new(public_url: &Url) -> Urls {
        let host = public_url.host_str().unwrap_or_default();
        let authority = match public_url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let loopback = match public_url.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        Urls {
            origin: format!("{}://{authority}", public_url.scheme()),
            authority,
            secure: public_url.scheme() == "https",
            loopback,
        }
    }

    /// The origin of this broker; also its endpoint for SDKs.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Its host, without the port.
    pub fn host(&self) -> &str {
        match self.authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => &self.authority,
        }
    }

    /// Whether people reach it by https.
    pub fn secure(&self) -> bool {
        self.secure
    }

    /// Whether a `Host` header names this broker.
    pub fn is_our_host(&self, host: &str) -> bool {
        host.eq_ignore_ascii_case(&self.authority)
    }

    /// Whether a `Host` header is another loopback spelling of this broker's own address: harmless, as no
    /// name on the internet resolves to it, but its cookies are not ours.
    pub fn is_loopback_alias(&self, host: &str) -> bool {
        let port = self
            .authority
            .rsplit_once(':')
            .map_or("80", |(_, port)| port);
        let (name, given) = match host.rsplit_once(':') {
            Some((name, given)) if !given.ends_with(']') => (name, given),
            _ => (host, "80"),
        };
        self.loopback && given == port && ["127.0.0.1", "localhost", "[::1]"].contains(&name)
    }

    /// A path of ours as an absolute URL.
    pub fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Where a sign-in begins.
    pub fn login(&self, idp: &str, return_to: &str) -> String {
        match return_to {
            "/" => format!("/login/{}", encoded(idp)),
            _ => format!("/login/{}?return_to={}", encoded(idp), encoded(return_to)),
        }
    }

    /// Where an identity provider sends the browser back to; one for each (OIDC-2).
    pub fn oidc_callback(&self, idp: &str) -> String {
        format!("/oidc/{}/callback", encoded(idp))
    }

    /// Our metadata for a SAML identity provider.
    pub fn saml_metadata(&self, idp: &str) -> String {
        format!("/saml/{}/metadata", encoded(idp))
    }

    /// Our metadata as a SAML identity provider, and our entity id as one.
    pub fn saml_idp(&self) -> String {
        self.absolute("/saml/idp/metadata")
    }

    /// Where logout messages of a SAML identity provider come to.
    pub fn saml_slo(&self, idp: &str) -> String {
        format!("/saml/{}/slo", encoded(idp))
    }

    /// Where somebody who came unasked confirms who they are.
    pub fn saml_confirm(&self, idp: &str) -> String {
        format!("/saml/{}/confirm", encoded(idp))
    }

    /// The page that asks for a role's credentials.
    pub fn credentials(&self, role: &str) -> String {
        format!("/credentials?role={}", encoded(role))
    }

    /// The page that explains one role.
    pub fn why(&self, role: &str) -> String {
        format!("/why?role={}", encoded(role))
    }

    /// The console's page of a role.
    pub fn console_role(&self, name: &str) -> String {
        format!("/console/roles/{}", encoded(name))
    }

    /// The console's page of a user.
    pub fn console_user(&self, name: &str) -> String {
        format!("/console/users/{}", encoded(name))
    }

    /// The console's page of a group.
    pub fn console_group(&self, name: &str) -> String {
        format!("/console/groups/{}", encoded(name))
    }

    /// The console's page of a managed policy.
    pub fn console_policy(&self, arn: &str) -> String {
        format!("/console/policy?arn={}", encoded(arn))
    }

    /// The console's page of an identity provider.
    pub fn console_provider(&self, arn: &str) -> String {
        format!("/console/provider?arn={}", encoded(arn))
    }

    /// The console's question whether to cut off what a kind (`role`, `principal`, `idp`) and an id name.
    pub fn console_cut_off(&self, kind: &str, id: &str) -> String {
        format!("/console/sessions?kind={kind}&id={}", encoded(id))
    }

    /// A list of the console with a filter.
    pub fn console_list(&self, path: &str, filter: &str) -> String {
        match filter {
            "" => path.to_owned(),
            _ => format!("{path}?q={}", encoded(filter)),
        }
    }

    /// The login step of a console link.
    pub fn federation_login(&self, token: &str) -> String {
        let (issuer, console) = (self.absolute("/"), self.absolute("/console"));
        format!(
            "/federation?Action=login&Issuer={}&Destination={}&SigninToken={}",
            encoded(&issuer),
            encoded(&console),
            encoded(token)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(public: &str) -> Urls {
        Urls::new(&Url::parse(public).unwrap())
    }

    #[test]
    fn hosts_are_compared_with_the_public_url() {
        let urls = urls("https://sso.example.com");
        assert!(urls.is_our_host("sso.example.com"));
        assert!(urls.is_our_host("SSO.example.com"));
        assert!(!urls.is_our_host("evil.example"));
        assert!(!urls.is_our_host("sso.example.com:8443"));
        assert!(!urls.is_loopback_alias("localhost:8080"));
    }

    #[test]
    fn loopback_spellings_are_known_on_our_port_alone() {
        let urls = urls("http://127.0.0.1:8080");
        assert!(urls.is_loopback_alias("localhost:8080"));
        assert!(urls.is_loopback_alias("[::1]:8080"));
        assert!(!urls.is_loopback_alias("localhost:8081"));
        assert!(!urls.is_loopback_alias("evil.example:8080"));
    }

    #[test]
    fn values_in_links_cannot_add_parameters() {
        let urls = urls("https://sso.example.com");
        assert_eq!(
            urls.credentials("a&b=c#d"),
            "/credentials?role=a%26b%3Dc%23d"
        );
        assert_eq!(urls.why("dev/Developer"), "/why?role=dev/Developer");
    }
}

//! A browser as far as the doors can tell: it keeps cookies and says where its requests come from.

use std::collections::BTreeMap;

use super::Broker;
use super::http::{Reply, Request};

/// Cookies by name. One jar for all ports of this machine, as in a real browser.
#[derive(Clone, Default)]
pub struct Browser {
    pub cookies: BTreeMap<String, String>,
}

/// The value of the first input of this name.
#[track_caller]
pub fn field(page: &Reply, name: &str) -> String {
    let text = page.text();
    let found = text.split_once(&format!("name=\"{name}\" value=\""));
    let (_, rest) = found.unwrap_or_else(|| panic!("no field {name} in {text}"));
    rest.split_once('"').unwrap().0.to_owned()
}

impl Browser {
    pub fn new() -> Browser {
        Browser::default()
    }

    /// Puts in what a browser sends by itself.
    pub fn prepare(&self, request: Request, site: &str) -> Request {
        let mut request = request
            .header("sec-fetch-site", site)
            .header("sec-fetch-mode", "navigate")
            .header("accept", "text/html");
        if !self.cookies.is_empty() {
            let pairs = self.cookies.iter();
            let pairs: Vec<_> = pairs
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header("cookie", &pairs.join("; "));
        }
        request
    }

    /// Keeps the cookies of an answer.
    pub fn keep(&mut self, reply: &Reply) {
        for cookie in reply.headers.get_all("set-cookie") {
            let cookie = cookie::Cookie::parse(cookie.to_str().unwrap()).unwrap();
            let gone = cookie.max_age().is_some_and(|age| age.is_zero());
            match gone || cookie.value().is_empty() {
                true => drop(self.cookies.remove(cookie.name())),
                false => {
                    let value = cookie.value().to_owned();
                    self.cookies.insert(cookie.name().to_owned(), value);
                }
            }
        }
    }

    fn send(&mut self, request: Request, site: &str) -> Reply {
        let reply = self.prepare(request, site).send();
        self.keep(&reply);
        reply
    }

    /// Goes to an address.
    pub fn get(&mut self, url: &str) -> Reply {
        self.send(request("GET", url), "none")
    }

    /// Follows a link or redirect of another site.
    pub fn come_from_elsewhere(&mut self, url: &str) -> Reply {
        self.send(request("GET", url), "cross-site")
    }

    /// Sends a form of a page of the same site.
    pub fn post(&mut self, url: &str, fields: &[(&str, &str)]) -> Reply {
        self.send(request("POST", url).form(fields), "same-origin")
    }

    /// Sends a form of a page of another site.
    pub fn post_from_elsewhere(&mut self, url: &str, fields: &[(&str, &str)]) -> Reply {
        self.send(request("POST", url).form(fields), "cross-site")
    }

    /// Signs somebody in at `contoso`, and ends at where the broker sends them.
    #[track_caller]
    pub fn sign_in_by_saml(&mut self, broker: &Broker, person: &str) -> Reply {
        let page = self.come_to_contoso(broker);
        let (handle, csrf) = (field(&page, "request"), field(&page, "csrf"));
        let fields = [
            ("request", handle.as_str()),
            ("csrf", &csrf),
            ("username", person),
            ("password", person),
        ];
        let target = format!("{}/contoso/sign-in", broker.idp_url);
        let back = self.post(&target, &fields);
        self.deliver(&back)
    }

    /// What `contoso` answers to a sign-in that the broker begins.
    #[track_caller]
    pub fn come_to_contoso(&mut self, broker: &Broker) -> Reply {
        let away = self.get(&broker.absolute("/login/contoso"));
        assert_eq!(away.status, 303, "{}", away.text());
        let page = self.come_from_elsewhere(away.header("location"));
        assert_eq!(page.status, 200, "{}", page.text());
        page
    }

    /// Sends the form that a page of `contoso` would send by itself.
    #[track_caller]
    pub fn deliver(&mut self, page: &Reply) -> Reply {
        let text = page.text();
        let (_, rest) = text.split_once("method=\"post\" action=\"").unwrap();
        let found = rest.split_once("\" data-send>");
        let (target, _) = found.unwrap_or_else(|| panic!("nothing to send: {text}"));
        let response = field(page, "SAMLResponse");
        let mut fields = vec![("SAMLResponse", response.as_str())];
        let state = text
            .contains("\"RelayState\"")
            .then(|| field(page, "RelayState"));
        fields.extend(state.as_deref().map(|state| ("RelayState", state)));
        self.post_from_elsewhere(target, &fields)
    }

    /// Signs somebody in at the demo's identity provider, and ends at where the broker sends them.
    #[track_caller]
    pub fn sign_in(&mut self, broker: &Broker, person: &str) -> Reply {
        let callback = self.authenticate(broker, "/login/acme", person);
        let done = self.come_from_elsewhere(&callback);
        assert_eq!(done.status, 303, "{}", done.text());
        done
    }

    /// Begins a sign-in and shows name and password to the demo's identity provider; returns the address of the
    /// broker's callback, which the browser has not followed yet.
    #[track_caller]
    pub fn authenticate(&mut self, broker: &Broker, login: &str, person: &str) -> String {
        let away = self.get(&broker.absolute(login));
        assert_eq!(away.status, 303, "{}", away.text());
        let page = self.come_from_elsewhere(away.header("location"));
        assert_eq!(page.status, 200, "{}", page.text());
        let (handle, csrf) = (field(&page, "request"), field(&page, "csrf"));
        let target = format!("{}/acme/sign-in", broker.idp_url);
        let fields = [
            ("request", handle.as_str()),
            ("csrf", &csrf),
            ("username", person),
            ("password", person),
        ];
        let back = self.post(&target, &fields);
        assert_eq!(back.status, 303, "{}", back.text());
        back.header("location").to_owned()
    }
}

/// A parameter of an absolute URL.
#[track_caller]
pub fn parameter(url: &str, name: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    let found = url.query_pairs().find(|(known, _)| known == name);
    found
        .unwrap_or_else(|| panic!("no {name} in {url}"))
        .1
        .into_owned()
}

/// A request for an absolute URL on this machine.
pub fn request(method: &str, url: &str) -> Request {
    let rest = url
        .strip_prefix("http://")
        .unwrap_or_else(|| panic!("{url}"));
    let (address, target) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    Request::new(address, method, target)
}

//! Parameters of a query or a form, each at most once.

/// The parameters of one request.
///
/// OAuth 2.0 forbids to repeat one (RFC 6749 §3.1); two readers of one request could otherwise see two requests.
#[derive(Debug)]
pub(super) struct Params(Vec<(String, String)>);

/// A parameter that is there twice.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Repeated(pub(super) String);

impl Params {
    /// Reads `a=b&c=d`.
    pub(super) fn parse(encoded: &[u8]) -> Result<Params, Repeated> {
        let mut params = Params(Vec::new());
        for (name, value) in url::form_urlencoded::parse(encoded) {
            if params.get(&name).is_some() {
                return Err(Repeated(name.into_owned()));
            }
            params.0.push((name.into_owned(), value.into_owned()));
        }
        Ok(params)
    }

    /// A parameter. One without a value counts as absent, as RFC 6749 §3.1 has it for OAuth.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// A parameter, be it empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_parameter_is_refused_even_if_it_says_the_same() {
        assert_eq!(
            Params::parse(b"a=1&b=2&a=1").unwrap_err(),
            Repeated("a".into())
        );
        assert_eq!(
            Params::parse(b"a=1&%61=1").unwrap_err(),
            Repeated("a".into())
        );
    }

    #[test]
    fn an_empty_parameter_counts_as_absent() {
        let params = Params::parse(b"a=&b=x+y%26").unwrap();
        assert_eq!(params.text("a"), None);
        assert_eq!(params.get("a"), Some(""));
        assert_eq!(params.text("b"), Some("x y&"));
    }
}

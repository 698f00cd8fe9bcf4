//! From the file to [`Config`]: read, lay the overrides over it, judge every section.

use std::cell::RefCell;
use std::path::Path;

use super::problems::{Problem, Problems};
use super::reader::{Reader, Reading};
use super::reference::SECTIONS;
use super::*;

/// Reads the configuration from a file, with the environment of this process.
pub fn load(path: &Path) -> Result<Config, Problems> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let problem = Problem {
            place: String::new(),
            line: None,
            variable: None,
            message: format!("cannot be read: {error}"),
            hint: Some(
                "--config names the file; drawbridge.example.toml is one to begin with".to_owned(),
            ),
        };
        Problems::new(vec![problem]).in_file(name.clone())
    })?;
    let base_dir = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // An override that is not Unicode cannot be laid over a text, and is no key of ours.
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    parse(&text, base_dir, &variable, variables, false).map_err(|problems| problems.in_file(name))
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that reads the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Reads the configuration from a text.
///
/// Paths are relative to `base_dir`; `env` answers for `*_env` keys; `env_overrides` are variables
/// of which those named `DRAWBRIDGE__...` are laid over the text. `demo` lets through what is for
/// the demo alone: literal secrets and issuers on loopback.
pub fn parse(
    text: &str,
    base_dir: &Path,
    env: &dyn Fn(&str) -> Option<String>,
    env_overrides: impl IntoIterator<Item = (String, String)>,
    demo: bool,
) -> Result<Config, Problems> {
    // A file that is not TOML is not judged further: half a file has problems of its own.
    let mut root = tree::read(text).map_err(Problems::new)?;
    let reading = Reading {
        base_dir,
        env,
        demo,
        problems: RefCell::new(overrides::apply(&mut root, env_overrides)),
    };
    let config = read(&Reader::top(&reading, &server::TOP, root));
    let problems = reading.problems.into_inner();
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(Problems::new(problems)),
    }
}

fn read(top: &Reader<'_>) -> Option<Config> {
    // `sts.accounts` is a key of `[[sts]]`, not a header.
    let headers = SECTIONS.iter().map(|section| section.name);
    let headers: Vec<_> = headers
        .filter(|name| !name.is_empty() && !name.contains('.'))
        .collect();
    top.refuse_unknown_keys(&headers);

    // Every section is read before any is missed, so that every problem is noted.
    let public_url = server::public_url(top);
    let listen = server::listen(top);
    let server = top.section(&server::SERVER);
    let trusted_proxies = server::trusted_proxies(&server);
    let limits = limits::read(
        &top.section(&limits::LIMITS),
        server::max_connections(&server),
    );
    let store = store::read(&top.section(&store::STORE));
    let keys = keys::read(&top.section(&keys::KEYS));
    let audit = audit::read(&top.section(&audit::AUDIT));
    let metrics = metrics::read(&top.section(&metrics::METRICS), listen);
    let outbound = outbound::read(&top.section(&outbound::OUTBOUND));
    let idps = idp::read(&top.entries("idp", &idp::IDP), public_url.as_ref());
    let saml = saml::read(&top.section(&saml::SAML));
    let ci = ci::read(&top.entries("ci", &ci::CI), public_url.as_ref());
    let services = sts::read(&top.entries("sts", &sts::STS), public_url.as_ref());
    let providers = top.entries("oidc_provider", &oidc_provider::OIDC_PROVIDER);
    let oidc_providers = oidc_provider::read(&providers, &services);
    let providers = top.entries("saml_provider", &saml_provider::SAML_PROVIDER);
    let saml_providers = saml_provider::read(&providers, &services);
    let roles = role::read(&top.entries("role", &role::ROLE), &services);

    Some(Config {
        public_url: public_url?,
        listen: listen?,
        demo: top.reading.demo,
        examples: false,
        store: store?,
        keys: keys?,
        audit: audit?,
        metrics,
        idps,
        saml,
        ci,
        stss: services.embedded,
        oidc_providers,
        saml_providers,
        roles,
        outbound,
        limits,
        trusted_proxies,
    })
}

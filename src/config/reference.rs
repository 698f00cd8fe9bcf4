//! The reference page of the configuration, rendered from the documentation that the reader uses.

use std::fmt::Write;

use super::schema::{Key, Need, Section};
use super::{
    audit, ci, idp, keys, limits, metrics, oidc_provider, outbound, role, saml, saml_provider,
    server, store, sts,
};

/// Every section, in the order of the reference and of the example file.
pub(super) const SECTIONS: &[&Section] = &[
    &server::TOP,
    &server::SERVER,
    &limits::LIMITS,
    &store::STORE,
    &keys::KEYS,
    &audit::AUDIT,
    &metrics::METRICS,
    &outbound::OUTBOUND,
    &idp::IDP,
    &idp::SAML_IDP,
    &saml::SAML,
    &ci::CI,
    &sts::STS,
    &sts::ACCOUNT,
    &oidc_provider::OIDC_PROVIDER,
    &saml_provider::SAML_PROVIDER,
    &role::ROLE,
];

const INTRODUCTION: &str = "\
# Configuration

<!-- Rendered from the code by `config::reference()`; a test compares the two. -->

One TOML file, `drawbridge.toml` by default. [`drawbridge.example.toml`](../drawbridge.example.toml) is one to begin
with. `drawbridge check --config FILE` says what is wrong with a file, everything at once, with lines.

- An unknown key is refused, with the nearest known one.
- A secret is in a file (`*_file`, readable by the broker's user alone) or in an environment variable (`*_env`); as a
  literal it is refused outside the demo.
- A relative path begins at the directory of the file.
- A duration is one number and one unit: `60s`, `15m`, `12h`.
- `DRAWBRIDGE__SECTION__KEY` overrides a key: `DRAWBRIDGE__PUBLIC_URL`, `DRAWBRIDGE__STORE__URL`,
  `DRAWBRIDGE__IDP__0__CLIENT_ID` for the first `[[idp]]`. The value is read as TOML where it is TOML, else as text.
";

/// The page `docs/configuration.md`.
pub fn reference() -> String {
    let mut page = INTRODUCTION.to_owned();
    for section in SECTIONS {
        let title = match section.name {
            "" => section.header.to_owned(),
            _ => format!("`{}`", section.header),
        };
        let _ = write!(page, "\n## {title}\n\n{}\n\n", section.about);
        page.push_str("| key | value | default | |\n| --- | --- | --- | --- |\n");
        for key in section.keys {
            let _ = writeln!(
                page,
                "| `{}` | {} | {} | {} |",
                key.name,
                key.form,
                default(key),
                key.about
            );
        }
    }
    page
}

fn default(key: &Key) -> String {
    match key.need {
        Need::Required => "required".to_owned(),
        Need::Optional => String::new(),
        Need::Default(toml) => format!("`{toml}`"),
        Need::Derived(words) => words.to_owned(),
    }
}

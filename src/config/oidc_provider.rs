//! `[[oidc_provider]]`: IAM OIDC providers beyond those that every account has by itself.

use super::Config;
use super::problems::Fault;
use super::reader::{Reader, words};
use super::schema::{Form, Key, Need, Section};
use super::sts::{Services, account_id};
use super::urls::issuer;

pub(super) const OIDC_PROVIDER: Section = Section {
    name: "oidc_provider",
    header: "[[oidc_provider]]",
    about: "An IAM OIDC provider of one account, beyond the ones that each account has for every `[[idp]]` and `[[ci]]`. Where the account has the URL already, the client ids are added.",
    keys: &[
        Key {
            name: "account",
            form: Form::Text,
            need: Need::Required,
            about: "The account, 12 digits, of an embedded `[[sts]]`.",
        },
        Key {
            name: "url",
            form: Form::Text,
            need: Need::Required,
            about: "The issuer, byte for byte as its tokens carry it.",
        },
        Key {
            name: "client_ids",
            form: Form::Texts,
            need: Need::Required,
            about: "The audiences that tokens may name, 1 to 100 of them.",
        },
    ],
    reserved: &[],
};

/// An IAM OIDC provider of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcProviderConfig {
    /// The account, 12 digits.
    pub account: String,
    /// The issuer, byte for byte as tokens carry it.
    pub url: String,
    /// The audiences that tokens may name.
    pub client_ids: Vec<String>,
}

impl Config {
    /// Every IAM OIDC provider that an account has from the configuration: one per `[[idp]]` with
    /// its client id, one per `[[ci]]` with its audiences, and the `[[oidc_provider]]` entries;
    /// those of one URL are one.
    pub fn oidc_providers_of(&self, account: &str) -> Vec<OidcProviderConfig> {
        let idps = self
            .oidc_idps()
            .map(|idp| (&idp.issuer, std::slice::from_ref(&idp.client_id)));
        let ci = self
            .ci
            .iter()
            .map(|ci| (&ci.issuer, ci.audiences.as_slice()));
        let listed = self
            .oidc_providers
            .iter()
            .filter(|listed| listed.account == account);
        let listed = listed.map(|listed| (&listed.url, listed.client_ids.as_slice()));
        let mut providers: Vec<OidcProviderConfig> = Vec::new();
        for (url, client_ids) in idps.chain(ci).chain(listed) {
            let at = providers.iter().position(|provider| provider.url == *url);
            let at = at.unwrap_or_else(|| {
                providers.push(OidcProviderConfig {
                    account: account.to_owned(),
                    url: url.clone(),
                    client_ids: Vec::new(),
                });
                providers.len() - 1
            });
            for client_id in client_ids {
                if let Some(provider) = providers.get_mut(at)
                    && !provider.client_ids.contains(client_id)
                {
                    provider.client_ids.push(client_id.clone());
                }
            }
        }
        providers
    }
}

/// Reads every entry; an account has each URL once.
pub(super) fn read(entries: &[Reader<'_>], services: &Services) -> Vec<OidcProviderConfig> {
    let mut providers: Vec<OidcProviderConfig> = Vec::new();
    for entry in entries {
        entry.refuse_unknown_keys(&[]);
        let Some(provider) = provider(entry, services) else {
            continue;
        };
        if providers
            .iter()
            .any(|other| other.account == provider.account && other.url == provider.url)
        {
            entry.refuse("url", "is already a provider of this account");
        }
        providers.push(provider);
    }
    providers
}

fn provider(entry: &Reader<'_>, services: &Services) -> Option<OidcProviderConfig> {
    let account = entry.text("account", |text| {
        let account = account_id(text)?;
        match services.accounts().any(|known| known.id == account) {
            true => Ok(account),
            false => Err("no embedded [[sts]] has this account".into()),
        }
    });
    let url = entry.text("url", |text| issuer(text, entry.reading.demo));
    let client_ids = entry.texts("client_ids", client_id);
    // A provider with an empty list refuses every token (CI-4), which nobody wants to configure.
    if client_ids
        .as_ref()
        .is_some_and(|ids| !(1..=100).contains(&ids.len()))
    {
        entry.refuse("client_ids", "must be 1 to 100 client ids");
    }
    Some(OidcProviderConfig {
        account: account?,
        url: url?,
        client_ids: client_ids?,
    })
}

fn client_id(text: &str) -> Result<String, Fault> {
    match text.len() {
        0..=255 => words(text),
        _ => Err("must be at most 255 characters".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{messages, parse};

    fn with(entry: &str) -> String {
        format!(
            "public_url = 'https://a.example'\n[[sts]]\nid = 'local'\nkind = 'embedded'\naccounts = [{{ id = '111111111111', name = 'dev' }}]\n[[oidc_provider]]\n{entry}\n"
        )
    }

    #[test]
    fn every_account_has_a_provider_for_each_idp_and_ci_platform() {
        let config = parse(&with("account = '111111111111'\nurl = 'https://ci.example'\nclient_ids = ['c', 'more']\n[[idp]]\nid = 'x'\nkind = 'oidc'\nissuer = 'https://i.example'\nclient_id = 'b'\n[[ci]]\nissuer = 'https://ci.example'\naudience = ['c', 'd']")).unwrap();
        let of = |account| -> Vec<_> {
            let providers = config.oidc_providers_of(account).into_iter();
            providers
                .map(|provider| (provider.url, provider.client_ids.join(" ")))
                .collect()
        };
        let (idp, ci) = (
            "https://i.example".to_owned(),
            "https://ci.example".to_owned(),
        );
        assert_eq!(
            of("111111111111"),
            [
                (idp.clone(), "b".to_owned()),
                (ci.clone(), "c d more".to_owned())
            ]
        );
        assert_eq!(
            of("222222222222"),
            [(idp, "b".to_owned()), (ci, "c d".to_owned())]
        );
    }

    #[test]
    fn a_provider_of_an_unknown_account_is_refused() {
        let text = with("account = '222222222222'\nurl = 'https://x.example'\nclient_ids = ['c']");
        assert_eq!(messages(&text), ["no embedded [[sts]] has this account"]);
    }

    #[test]
    fn a_provider_without_client_ids_is_refused() {
        let text = with("account = '111111111111'\nurl = 'https://x.example'\nclient_ids = []");
        assert_eq!(messages(&text), ["must be 1 to 100 client ids"]);
    }

    #[test]
    fn a_provider_over_plain_http_is_refused() {
        let text = with("account = '111111111111'\nurl = 'http://x.example'\nclient_ids = ['c']");
        assert_eq!(messages(&text), ["must begin with https://"]);
    }

    #[test]
    fn an_account_has_a_provider_once() {
        let entry = "account = '111111111111'\nurl = 'https://x.example'\nclient_ids = ['c']";
        let text = with(&format!("{entry}\n[[oidc_provider]]\n{entry}"));
        assert_eq!(messages(&text), ["is already a provider of this account"]);
    }
}

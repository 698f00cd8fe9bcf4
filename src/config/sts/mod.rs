//! `[[sts]]`: the security token services that issue credentials.

mod saml;

use std::collections::HashMap;

use url::Url;

pub use self::saml::{SamlCompatibility, is_aws_saml_endpoint};
use super::idp::idp_id;
use super::problems::{Fault, nearest};
use super::reader::{Reader, one_of};
use super::schema::{Form, Key, Need, Section};

pub(super) const STS: Section = Section {
    name: "sts",
    header: "[[sts]]",
    about: "A security token service. The embedded one is a complete STS with the slice of IAM that it needs.",
    keys: &[
        Key {
            name: "id",
            form: Form::Text,
            need: Need::Required,
            about: "Our name for it: 1 to 32 of `a-z`, `0-9` and `-`, each once.",
        },
        Key {
            name: "kind",
            form: Form::Text,
            need: Need::Required,
            about: "`\"embedded\"`. `\"remote\"` is not available in this version.",
        },
        Key {
            name: "accounts",
            form: Form::Tables,
            need: Need::Required,
            about: "The accounts of the service, one or more.",
        },
        Key {
            name: "management_account",
            form: Form::Text,
            need: Need::Optional,
            about: "The account that may take root tasks in the others (AssumeRoot), as the management account of an organization may at AWS, and cut off what reaches them all: a person, a provider. Without it nobody may, unless there is one account alone.",
        },
        Key {
            name: "saml_compatibility",
            form: Form::Text,
            need: Need::Default("\"strict\""),
            about: "How AssumeRoleWithSAML judges an assertion: `\"strict\"`, by the standard, or `\"aws\"`, which does without audience, recipient, `NotBefore`, equal issuers and one-time use, as AWS does.",
        },
        Key {
            name: "saml_recipients",
            form: Form::Texts,
            need: Need::Default("[]"),
            about: "More addresses that an assertion may be delivered to (`Recipient`). Those of AWS's sign-in (global, of a region, with the id of a provider), `public_url` and `<public_url>/saml` are always among them.",
        },
        Key {
            name: "saml_audiences",
            form: Form::Texts,
            need: Need::Default("[]"),
            about: "More audiences that an assertion may be meant for. `urn:amazon:webservices` and the recipients that are always taken are among them.",
        },
    ],
    reserved: &[],
};

pub(super) const ACCOUNT: Section = Section {
    name: "sts.accounts",
    header: "accounts = [{ ... }]",
    about: "An account of the embedded service. Each has an IAM OIDC provider for every `[[idp]]` (its client id is the audience) and for every `[[ci]]` (with its audiences), so trust policies can name them at once.",
    keys: &[
        Key {
            name: "id",
            form: Form::Text,
            need: Need::Required,
            about: "The account: 12 digits, each once.",
        },
        Key {
            name: "name",
            form: Form::Text,
            need: Need::Required,
            about: "What people call it: `a-z`, `0-9` and `-`, each once.",
        },
    ],
    reserved: &[],
};

/// A security token service of this broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StsConfig {
    /// Our name for it.
    pub id: String,
    /// Its accounts; at least one.
    pub accounts: Vec<AccountConfig>,
    /// The one of them that may take root tasks in the others.
    pub management_account: Option<String>,
    /// How AssumeRoleWithSAML judges an assertion.
    pub saml_compatibility: SamlCompatibility,
    /// The exact addresses that an assertion may be delivered to, those of AWS and ours included; see also
    /// [`StsConfig::takes_saml_recipient`].
    pub saml_recipients: Vec<String>,
    /// The exact audiences that an assertion may be meant for, those of AWS and ours included; see also
    /// [`StsConfig::takes_saml_audience`].
    pub saml_audiences: Vec<String>,
}

impl super::Config {
    /// For each account, the account that may take root tasks in it.
    pub fn management(&self) -> HashMap<String, String> {
        let pairs = self.stss.iter().flat_map(|sts| {
            let manager = sts.management_account.as_ref();
            let of = |manager: &String| {
                let accounts = sts.accounts.iter().map(|account| account.id.clone());
                let pairs = accounts.map(|account| (account, manager.clone()));
                pairs.collect::<Vec<_>>()
            };
            manager.map(of).unwrap_or_default()
        });
        pairs.collect()
    }

    /// The account that stands over all others: the only one there is, or the management account of the only service.
    /// With several services nobody stands over all of them.
    pub fn over_all(&self) -> Option<&str> {
        let [sts] = self.stss.as_slice() else {
            return None;
        };
        match (sts.accounts.as_slice(), &sts.management_account) {
            ([only], _) => Some(&only.id),
            (_, manager) => manager.as_deref(),
        }
    }
}

/// An account of an embedded STS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountConfig {
    /// 12 digits.
    pub id: String,
    /// What people call it: `[a-z0-9-]+`.
    pub name: String,
}

/// What the rest of the file may refer to.
#[derive(Default)]
pub(super) struct Services {
    pub embedded: Vec<StsConfig>,
    /// Services that the file names and this version does not have.
    unavailable: Vec<String>,
}

#[derive(Clone, Copy)]
enum Kind {
    Embedded,
    Remote,
}

const CHOICES: [(&str, Kind); 2] = [("embedded", Kind::Embedded), ("remote", Kind::Remote)];

/// What a `sts` key refers to.
pub(super) enum Named<'a> {
    Embedded(&'a StsConfig),
    /// A refusal of its own stands at the service already.
    Unavailable,
}

impl Services {
    /// The service of that id.
    pub(super) fn named(&self, id: &str) -> Result<Named<'_>, Fault> {
        if let Some(sts) = self.embedded.iter().find(|sts| sts.id == id) {
            return Ok(Named::Embedded(sts));
        }
        if self.unavailable.iter().any(|unavailable| unavailable == id) {
            return Ok(Named::Unavailable);
        }
        Err(Fault {
            message: "no [[sts]] has this id".to_owned(),
            hint: nearest(id, self.ids()),
        })
    }

    /// The service, where there is one alone.
    pub(super) fn only(&self) -> Result<Named<'_>, Fault> {
        match (self.embedded.as_slice(), self.unavailable.as_slice()) {
            ([sts], []) => Ok(Named::Embedded(sts)),
            ([], [_]) => Ok(Named::Unavailable),
            ([], []) => Err("is required, and there is no [[sts]]".into()),
            _ => {
                let ids: Vec<_> = self.ids().collect();
                Err(Fault::from("is required where there are several [[sts]]")
                    .hint(format!("one of {}", ids.join(", "))))
            }
        }
    }

    /// Every account of every service.
    pub(super) fn accounts(&self) -> impl Iterator<Item = &AccountConfig> {
        self.embedded.iter().flat_map(|sts| &sts.accounts)
    }

    fn ids(&self) -> impl Iterator<Item = &str> {
        let embedded = self.embedded.iter().map(|sts| sts.id.as_str());
        embedded.chain(self.unavailable.iter().map(String::as_str))
    }
}

/// Reads every entry; ids, accounts and their names are each there once. What the service is called in SAML follows
/// from `public_url`.
pub(super) fn read(entries: &[Reader<'_>], public_url: Option<&Url>) -> Services {
    let mut services = Services::default();
    for entry in entries {
        let kind = entry.text("kind", |text| one_of(text, &CHOICES));
        let id = entry.text("id", idp_id);
        if id
            .as_ref()
            .is_some_and(|id| services.ids().any(|other| other == id))
        {
            entry.refuse("id", "is already the id of another [[sts]]");
        }
        if let Some(Kind::Remote) = kind {
            // One plain refusal: its other keys are right, for a later version.
            entry.refuse("kind", "a remote STS is not available in this version");
            services.unavailable.extend(id);
            continue;
        }
        entry.refuse_unknown_keys(&[]);
        let accounts = accounts(entry, &services);
        let management = entry.text("management_account", account_id);
        let stranger = |id: &&String| !accounts.iter().any(|account| account.id == **id);
        if management.as_ref().filter(stranger).is_some() {
            entry.refuse("management_account", "is no account of this service");
        }
        let saml = saml::read(entry, public_url);
        let sts = StsConfig {
            id: id.unwrap_or_default(),
            accounts,
            management_account: management,
            saml_compatibility: saml.compatibility,
            saml_recipients: saml.recipients,
            saml_audiences: saml.audiences,
        };
        services.embedded.push(sts);
    }
    services
}

fn accounts(entry: &Reader<'_>, services: &Services) -> Vec<AccountConfig> {
    // Notes its absence.
    let _ = entry.field("accounts");
    let entries = entry.entries("accounts", &ACCOUNT);
    if entries.is_empty() && entry.is_given("accounts") {
        entry.refuse("accounts", "must name an account");
    }
    let mut accounts: Vec<AccountConfig> = Vec::new();
    for entry in entries {
        entry.refuse_unknown_keys(&[]);
        let (id, name) = (
            entry.text("id", account_id),
            entry.text("name", account_name),
        );
        let (Some(id), Some(name)) = (id, name) else {
            continue;
        };
        let others = || services.accounts().chain(&accounts);
        if others().any(|other| other.id == id) {
            entry.refuse("id", "is already the id of another account");
        }
        if others().any(|other| other.name == name) {
            entry.refuse("name", "is already the name of another account");
        }
        accounts.push(AccountConfig { id, name });
    }
    accounts
}

/// 12 digits.
pub(super) fn account_id(text: &str) -> Result<String, Fault> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err("must be 12 digits".into())
}

fn account_name(text: &str) -> Result<String, Fault> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=63).contains(&text.len()) && text.bytes().all(fits) {
        return Ok(text.to_owned());
    }
    Err("must be 1 to 63 of a-z, 0-9 and -".into())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{messages, parse};

    fn with(accounts: &str) -> String {
        format!(
            "public_url = 'https://a.example'\n[[sts]]\nid = 'local'\nkind = 'embedded'\n{accounts}\n"
        )
    }

    #[test]
    fn an_embedded_sts_has_accounts() {
        let config = parse(&with("accounts = [{ id = '111111111111', name = 'dev' }]")).unwrap();
        assert_eq!(config.stss[0].id, "local");
        assert_eq!(config.stss[0].accounts[0].id, "111111111111");
        assert_eq!(config.stss[0].accounts[0].name, "dev");
    }

    #[test]
    fn an_embedded_sts_without_accounts_is_refused() {
        assert_eq!(messages(&with("")), ["is required"]);
        assert_eq!(messages(&with("accounts = []")), ["must name an account"]);
    }

    #[test]
    fn the_management_account_is_one_of_the_accounts() {
        let one = "accounts = [{ id = '111111111111', name = 'dev' }]\n";
        let text = with(&format!("{one}management_account = '222222222222'"));
        assert_eq!(messages(&text), ["is no account of this service"]);
        let text = with(&format!("{one}management_account = '111111111111'"));
        let config = parse(&text).unwrap();
        let management = config.stss[0].management_account.as_deref();
        assert_eq!(management, Some("111111111111"));
    }

    #[test]
    fn one_account_stands_over_all_or_none_does() {
        let over_all = |text: &str| {
            let config = parse(text).unwrap();
            config.over_all().map(str::to_owned)
        };
        let dev = "{ id = '111111111111', name = 'dev' }";
        let prod = "{ id = '222222222222', name = 'prod' }";
        let alone = with(&format!("accounts = [{dev}]"));
        assert_eq!(over_all(&alone).as_deref(), Some("111111111111"));
        let two = with(&format!("accounts = [{dev}, {prod}]\n"));
        assert_eq!(over_all(&two), None);
        let managed = format!("{two}management_account = '222222222222'\n");
        assert_eq!(over_all(&managed).as_deref(), Some("222222222222"));
        let other = "{ id = '333333333333', name = 'other' }";
        let services =
            format!("{managed}[[sts]]\nid = 'second'\nkind = 'embedded'\naccounts = [{other}]\n");
        assert_eq!(over_all(&services), None);
    }

    #[test]
    fn an_account_id_is_twelve_digits_as_text() {
        for id in ["'1111'", "'11111111111x'", "''"] {
            let text = with(&format!("accounts = [{{ id = {id}, name = 'dev' }}]"));
            assert_eq!(messages(&text), ["must be 12 digits"]);
        }
        let text = with("accounts = [{ id = 111111111111, name = 'dev' }]");
        assert_eq!(messages(&text), ["expected text, found an integer"]);
    }

    #[test]
    fn accounts_share_neither_id_nor_name() {
        let one = "accounts = [{ id = '111111111111', name = 'dev' }]\n";
        let other = "[[sts]]\nid = 'other'\nkind = 'embedded'\n";
        assert_eq!(
            messages(&with(&format!("{one}{other}{one}"))),
            [
                "is already the id of another account",
                "is already the name of another account"
            ]
        );
    }

    #[test]
    fn an_unknown_key_of_an_account_is_refused() {
        let problems =
            parse(&with("accounts = [{ id = '111111111111', nam = 'dev' }]")).unwrap_err();
        assert!(
            problems
                .to_string()
                .contains(r#":5: sts[0].accounts[0].nam: unknown key; did you mean "name"?"#)
        );
    }

    #[test]
    fn two_services_do_not_share_an_id() {
        let one = "accounts = [{ id = '111111111111', name = 'dev' }]\n";
        let other = "[[sts]]\nid = 'local'\nkind = 'embedded'\naccounts = [{ id = '222222222222', name = 'prod' }]";
        assert_eq!(
            messages(&with(&format!("{one}{other}"))),
            ["is already the id of another [[sts]]"]
        );
    }

    #[test]
    fn a_remote_sts_is_refused_once_and_plainly() {
        let text = "public_url = 'https://a.example'\n[[sts]]\nid = 'aws'\nkind = 'remote'\nregion = 'eu-west-1'\n";
        assert_eq!(
            messages(text),
            ["a remote STS is not available in this version"]
        );
    }
}

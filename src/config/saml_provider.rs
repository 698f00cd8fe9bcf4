//! `[[saml_provider]]`: IAM SAML providers of accounts.

use super::problems::Fault;
use super::reader::{Reader, words};
use super::schema::{Form, Key, Need, Section};
use super::secrets::document_text;
use super::sts::{Services, account_id};
use crate::aws::constraints::SAML_NAME;

/// More than the metadata of one provider.
const MAX_METADATA: u64 = 4 * 1024 * 1024;

pub(super) const SAML_PROVIDER: Section = Section {
    name: "saml_provider",
    header: "[[saml_provider]]",
    about: "An IAM SAML provider of one account, which the trust policies of its roles can name: `arn:aws:iam::ACCOUNT:saml-provider/NAME`. People who sign in by an `[[idp]]` of the same metadata get those roles too. Through the API it can be read and not changed.",
    keys: &[
        Key {
            name: "account",
            form: Form::Text,
            need: Need::Required,
            about: "The account, 12 digits, of an embedded `[[sts]]`.",
        },
        Key {
            name: "name",
            form: Form::Text,
            need: Need::Required,
            about: "Its name, once in the account: 1 to 128 letters, digits, `.`, `_` and `-`.",
        },
        Key {
            name: "metadata_file",
            form: Form::Path,
            need: Need::Required,
            about: "The file with the provider's metadata: one identity provider with a certificate for signing. It is read at the start.",
        },
    ],
    reserved: &[],
};

/// An IAM SAML provider of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SamlProviderConfig {
    /// The account, 12 digits.
    pub account: String,
    /// Its name.
    pub name: String,
    /// The metadata document.
    pub metadata: String,
}

/// Reads every entry; an account has each name once.
pub(super) fn read(entries: &[Reader<'_>], services: &Services) -> Vec<SamlProviderConfig> {
    let mut providers: Vec<SamlProviderConfig> = Vec::new();
    for entry in entries {
        entry.refuse_unknown_keys(&[]);
        let Some(provider) = provider(entry, services) else {
            continue;
        };
        if providers
            .iter()
            .any(|other| other.account == provider.account && other.name == provider.name)
        {
            entry.refuse("name", "is already a provider of this account");
        }
        providers.push(provider);
    }
    providers
}

fn provider(entry: &Reader<'_>, services: &Services) -> Option<SamlProviderConfig> {
    let account = entry.text("account", |text| {
        let account = account_id(text)?;
        match services.accounts().any(|known| known.id == account) {
            true => Ok(account),
            false => Err("no embedded [[sts]] has this account".into()),
        }
    });
    let name = entry.text("name", name);
    let metadata = entry.text("metadata_file", |path| {
        let path = entry.reading.resolve(&words(path)?);
        document_text(&path, MAX_METADATA)
    });
    Some(SamlProviderConfig {
        account: account?,
        name: name?,
        metadata: metadata?,
    })
}

fn name(text: &str) -> Result<String, Fault> {
    match (1..=128).contains(&text.len()) && text.chars().all(SAML_NAME.admits) {
        true => Ok(text.to_owned()),
        false => Err("must be 1 to 128 of a-z, A-Z, 0-9, . _ and -".into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::testing::{messages, parse};

    fn with(entry: &str) -> String {
        format!(
            "public_url = 'https://a.example'\n[[sts]]\nid = 'local'\nkind = 'embedded'\naccounts = [{{ id = '111111111111', name = 'dev' }}]\n[[saml_provider]]\n{entry}\n"
        )
    }

    fn file(text: &[u8]) -> (tempfile::NamedTempFile, String) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text).unwrap();
        let line = format!("metadata_file = {:?}\n", file.path().to_str().unwrap());
        (file, line)
    }

    const ENTRY: &str = "account = '111111111111'\nname = 'Okta.1'\n";

    #[test]
    fn a_provider_comes_with_its_metadata() {
        let (_file, line) = file(b"<EntityDescriptor/>");
        let config = parse(&with(&format!("{ENTRY}{line}"))).unwrap();
        let provider = &config.saml_providers[0];
        assert_eq!(
            (&*provider.account, &*provider.name),
            ("111111111111", "Okta.1")
        );
        assert_eq!(provider.metadata, "<EntityDescriptor/>");
    }

    #[test]
    fn metadata_that_cannot_be_read_is_refused() {
        let text = with(&format!("{ENTRY}metadata_file = 'none.xml'"));
        assert_eq!(
            messages(&text),
            ["the file cannot be read: entity not found"]
        );
        let (_file, line) = file(b"\xff\xfe");
        let text = with(&format!("{ENTRY}{line}"));
        assert_eq!(messages(&text), ["the file is not UTF-8 text"]);
        let (_file, line) = file(&vec![b' '; 4 * 1024 * 1024 + 1]);
        let text = with(&format!("{ENTRY}{line}"));
        assert_eq!(messages(&text), ["the file is larger than 4096 KiB"]);
    }

    #[test]
    fn a_provider_of_an_unknown_account_is_refused() {
        let (_file, line) = file(b"<a/>");
        let text = with(&format!("account = '222222222222'\nname = 'x'\n{line}"));
        assert_eq!(messages(&text), ["no embedded [[sts]] has this account"]);
    }

    #[test]
    fn a_name_is_one_that_iam_takes() {
        let (_file, line) = file(b"<a/>");
        for name in ["", "a b", "a/b", "\u{e9}", &"x".repeat(129)] {
            let text = with(&format!(
                "account = '111111111111'\nname = '{name}'\n{line}"
            ));
            let expected = "must be 1 to 128 of a-z, A-Z, 0-9, . _ and -";
            assert_eq!(messages(&text), [expected], "{name:?}");
        }
    }

    #[test]
    fn an_account_has_a_provider_once() {
        let (_file, line) = file(b"<a/>");
        let text = with(&format!("{ENTRY}{line}[[saml_provider]]\n{ENTRY}{line}"));
        assert_eq!(messages(&text), ["is already a provider of this account"]);
    }
}

//! Encrypted assertions (security.md SAML-18; XML Encryption 1.1).
//!
//! An `EncryptedAssertion` holds `EncryptedData`, whose key is wrapped for one or several recipients: each
//! `EncryptedKey` stands within the data's `KeyInfo` or beside the data. Nothing is looked up, fetched or followed: a
//! `RetrievalMethod` may name a key that stands beside, and is not needed to find it.
//!
//! Whoever can send us ciphertexts must not learn what became of them. So there is one refusal, whatever it was
//! (everything below returns `Option`), every key is tried on every `EncryptedKey`, and where none fits the content is
//! opened all the same, with a key drawn by lot: a wrong key and a wrong tag are one path. What only the sender's own
//! spelling decides (a part that is missing, an algorithm we do not have) ends earlier; no key of ours has a say in it.

mod content;
mod key;

use crate::SamlError;
use crate::document::Element;
use crate::names::{ASSERTION, ENCRYPTION, PROTOCOL, SIGNATURE};
use crate::signature;
use content::Content;
pub use key::DecryptionKey;
use key::Transport;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

/// The most keys of ours that are tried: two of which one is new, and as many again.
pub const MOST_KEYS: usize = 4;
/// The most recipients that one assertion may have.
const MOST_RECIPIENTS: usize = 4;

/// Opens an `EncryptedAssertion`: the bytes of the assertion. Of the keys only the first [`MOST_KEYS`] are tried.
///
/// Costs one RSA operation for each key and each `EncryptedKey`, about a millisecond each at 2048 bits.
///
/// # Errors
/// [`SamlError::Decrypt`], whatever it was.
pub(crate) fn open(
    encrypted: Element<'_>,
    keys: &[DecryptionKey],
    allow_cbc: bool,
) -> Result<Vec<u8>, SamlError> {
    let envelope = Envelope::read(encrypted, allow_cbc);
    let opened = envelope.and_then(|envelope| envelope.open(keys));
    opened.ok_or(SamlError::Decrypt)
}

/// Whether this is a `RetrievalMethod` that may be there: it names, by `#` and an `Id`, an `EncryptedKey` that stands
/// beside its `EncryptedData` (SAML Core section 2.3.4, XML Encryption 1.1 section 3.5). Anything else would make another
/// reader fetch something.
pub(crate) fn names_a_key_beside(retrieval: Element<'_>) -> bool {
    let info = up(Some(retrieval), SIGNATURE, "KeyInfo");
    let data = up(info, ENCRYPTION, "EncryptedData");
    let encrypted = up(data, ASSERTION, "EncryptedAssertion");
    let response = up(encrypted, PROTOCOL, "Response");
    let mut named = None;
    for attribute in retrieval.attributes() {
        match (attribute.namespace(), attribute.local()) {
            ("", "URI") => named = attribute.value().strip_prefix('#'),
            ("", "Type") if attribute.value() == key::TYPE => {}
            _ => return false,
        }
    }
    let (Some(encrypted), Some(response), Some(named)) = (encrypted, response, named) else {
        return false;
    };
    let mut beside = encrypted.named(ENCRYPTION, "EncryptedKey");
    response.parent().is_none()
        && retrieval.is(SIGNATURE, "RetrievalMethod")
        && is_empty(retrieval)
        && beside.any(|key| key.attribute("Id") == Some(named))
}

/// What an element stands in, if that has this name.
fn up<'d>(from: Option<Element<'d>>, namespace: &str, local: &str) -> Option<Element<'d>> {
    from?.parent().filter(|parent| parent.is(namespace, local))
}

/// An encrypted assertion, taken apart.
struct Envelope {
    content: Content,
    cipher: Vec<u8>,
    keys: Vec<WrappedKey>,
}

/// The content's key, for one recipient. Whom it says it is for does not matter: that can be tried.
struct WrappedKey {
    /// None: an algorithm that we do not have. Perhaps another recipient does.
    transport: Option<Transport>,
    value: Vec<u8>,
}

impl Envelope {
    fn read(encrypted: Element<'_>, allow_cbc: bool) -> Option<Envelope> {
        let parts = [(ENCRYPTION, "EncryptedData"), (ENCRYPTION, "EncryptedKey")];
        holds_only(encrypted, &parts)?;
        let data = only(encrypted, ENCRYPTION, "EncryptedData")?;
        let parts = [
            (ENCRYPTION, "EncryptionMethod"),
            (SIGNATURE, "KeyInfo"),
            (ENCRYPTION, "CipherData"),
        ];
        holds_only(data, &parts)?;
        // An element, not its content alone: what comes out must be one document.
        let kind = data.attribute("Type");
        kind.is_none_or(|kind| kind == content::TYPE)
            .then_some(())?;
        let method = only(data, ENCRYPTION, "EncryptionMethod")?;
        is_empty(method).then_some(())?;
        let content = Content::named(method.attribute("Algorithm")?, allow_cbc)?;
        let mut infos = data.named(SIGNATURE, "KeyInfo");
        let info = infos.next();
        infos.next().is_none().then_some(())?;
        let within = info.into_iter().flat_map(|info| info.children());
        let within = within.filter(|it| it.is(ENCRYPTION, "EncryptedKey"));
        let beside = encrypted.named(ENCRYPTION, "EncryptedKey");
        let found: Vec<_> = within.chain(beside).take(MOST_RECIPIENTS + 1).collect();
        (1..=MOST_RECIPIENTS).contains(&found.len()).then_some(())?;
        Some(Envelope {
            content,
            cipher: cipher_value(data)?,
            keys: found
                .into_iter()
                .map(WrappedKey::read)
                .collect::<Option<_>>()?,
        })
    }

    fn open(self, keys: &[DecryptionKey]) -> Option<Vec<u8>> {
        let mut key = Zeroizing::new(vec![0; self.content.key_len()]);
        SystemRandom::new().fill(&mut key).ok()?;
        let mut found = false;
        for wrapped in &self.keys {
            let Some(transport) = &wrapped.transport else {
                continue;
            };
            // To the end, found or not: how long it takes does not say which key it was.
            for ours in keys.iter().take(MOST_KEYS) {
                let unwrapped = ours.unwrap(transport, &wrapped.value);
                if let Some(unwrapped) = unwrapped
                    && unwrapped.len() == key.len()
                    && !found
                {
                    key = unwrapped;
                    found = true;
                }
            }
        }
        self.content.open(&key, self.cipher)
    }
}

impl WrappedKey {
    fn read(element: Element<'_>) -> Option<WrappedKey> {
        let parts = [
            (ENCRYPTION, "EncryptionMethod"),
            (SIGNATURE, "KeyInfo"),
            (ENCRYPTION, "CipherData"),
            (ENCRYPTION, "ReferenceList"),
            (ENCRYPTION, "CarriedKeyName"),
        ];
        holds_only(element, &parts)?;
        let method = only(element, ENCRYPTION, "EncryptionMethod")?;
        Some(WrappedKey {
            transport: Transport::read(method),
            value: cipher_value(element)?,
        })
    }
}

/// The bytes in `CipherData`. What would have to be fetched (`CipherReference`) is refused.
fn cipher_value(parent: Element<'_>) -> Option<Vec<u8>> {
    let data = only(parent, ENCRYPTION, "CipherData")?;
    holds_only(data, &[(ENCRYPTION, "CipherValue")])?;
    signature::base64(only(data, ENCRYPTION, "CipherValue")?).ok()
}

/// The one child of this name.
fn only<'d>(parent: Element<'d>, namespace: &str, local: &str) -> Option<Element<'d>> {
    let mut found = parent.named(namespace, local);
    match (found.next(), found.next()) {
        (Some(one), None) => Some(one),
        _ => None,
    }
}

/// Refuses children that are not among these, and text between them.
fn holds_only(parent: Element<'_>, names: &[(&str, &str)]) -> Option<()> {
    let mut children = parent.children();
    let all = children.all(|child| names.contains(&(child.namespace(), child.local())));
    (all && !parent.has_stray_text()).then_some(())
}

/// Whether it holds neither elements nor text.
fn is_empty(element: Element<'_>) -> bool {
    let text = element.text();
    text.is_some_and(|text| text.trim_ascii().is_empty())
}

#[cfg(test)]
mod tests;

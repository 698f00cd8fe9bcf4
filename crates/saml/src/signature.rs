//! Signatures: the one allowed profile, and nothing else (SAML core section 5.4, security.md SAML-4 to SAML-7).
//!
//! A signature stands directly in the element that it signs, has one reference to that element by its `ID`, and the
//! two transforms of SAML. Its key is one of the provider's; `KeyInfo` is looked through for what may not be there and
//! otherwise left alone. What holds is handed back as the element itself, of the same tree.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

use crate::SamlError;
use crate::algorithm::{DigestAlgorithm, SignatureAlgorithm};
use crate::canonical::exclusive;
use crate::certificate::Certificate;
use crate::decrypt;
use crate::document::Element;
use crate::names::{ENVELOPED, EXC_C14N, SIGNATURE, SIGNATURE_11};

/// Prefixes that one `InclusiveNamespaces` may name.
const MOST_PREFIXES: usize = 16;

/// A signature that held, for the very element it was asked about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed<'k> {
    /// Whose key it was.
    pub(crate) certificate: &'k Certificate,
    /// How it was made.
    #[cfg_attr(
        not(feature = "samael"),
        expect(dead_code, reason = "nobody else to ask about it")
    )]
    pub(crate) algorithm: SignatureAlgorithm,
    /// Whether SHA-1 was used, for signature or digest.
    pub(crate) sha1: bool,
}

/// What a signature says of itself, all of the allowed profile.
struct Profile<'d> {
    signed_info: Element<'d>,
    /// Prefixes of the canonicalization of `SignedInfo`.
    info_prefixes: Vec<&'d str>,
    algorithm: SignatureAlgorithm,
    /// Prefixes of the canonicalization of what is signed.
    prefixes: Vec<&'d str>,
    digest: DigestAlgorithm,
    digest_value: Vec<u8>,
    value: Vec<u8>,
}

/// Verifies the signature that stands directly in an element. `None` where there is none.
pub(crate) fn verify<'k>(
    parent: Element<'_>,
    keys: &'k [Certificate],
    allow_sha1: bool,
) -> Result<Option<Signed<'k>>, SamlError> {
    let mut found = parent.named(SIGNATURE, "Signature");
    let Some(signature) = found.next() else {
        return Ok(None);
    };
    if found.next().is_some() {
        return Err(SamlError::SignatureProfile("an element has two signatures"));
    }
    let profile = Profile::read(signature, parent)?;
    let sha1 = profile.algorithm.is_sha1() || profile.digest == DigestAlgorithm::Sha1;
    if sha1 && !allow_sha1 {
        return Err(SamlError::SignatureAlgorithm);
    }
    // The digest first: it costs less than a signature, and most forgeries end here.
    let bytes = exclusive(parent, Some(signature), &profile.prefixes);
    let digest = profile.digest.digest(&bytes);
    if !bool::from(digest.as_ref().ct_eq(&profile.digest_value)) {
        return Err(SamlError::SignatureInvalid);
    }
    let message = exclusive(profile.signed_info, None, &profile.info_prefixes);
    let mut keys = keys.iter();
    let certificate = keys.find(|key| key.verifies(profile.algorithm, &message, &profile.value));
    match certificate {
        Some(certificate) => Ok(Some(Signed {
            certificate,
            algorithm: profile.algorithm,
            sha1,
        })),
        None => Err(SamlError::SignatureInvalid),
    }
}

/// Refuses signatures and their parts anywhere but directly in one of these elements, and whatever else of XML Signature
/// leads elsewhere. A `RetrievalMethod` is part of encryption too: there it may name a key that stands beside.
pub(crate) fn only_in(root: Element<'_>, parents: &[Element<'_>]) -> Result<(), SamlError> {
    const INDIRECT: [&str; 4] = [
        "Object",
        "Manifest",
        "RetrievalMethod",
        "SignatureProperties",
    ];
    for element in root.descendants() {
        if element.is(SIGNATURE_11, "KeyInfoReference") {
            return Err(SamlError::SignatureProfile(
                "a signature holds more than itself",
            ));
        }
        if element.namespace() != SIGNATURE {
            continue;
        }
        if INDIRECT.contains(&element.local()) && !decrypt::names_a_key_beside(element) {
            return Err(SamlError::SignatureProfile(
                "a signature holds more than itself",
            ));
        }
        let placed = element
            .parent()
            .is_some_and(|parent| parents.contains(&parent));
        if element.local() == "Signature" && !placed {
            return Err(SamlError::SignatureProfile("a signature is out of place"));
        }
    }
    Ok(())
}

/// The children, which must be exactly these, in this order, with nothing between them.
fn exactly<'d, const N: usize>(
    parent: Element<'d>,
    names: [&str; N],
    why: &'static str,
) -> Result<[Element<'d>; N], SamlError> {
    let children: Vec<_> = parent.children().take(N + 1).collect();
    let children = <[Element<'d>; N]>::try_from(children).ok();
    let fit = |children: &[Element<'d>; N]| {
        let mut pairs = children.iter().zip(names);
        pairs.all(|(child, name)| child.is(SIGNATURE, name)) && !parent.has_stray_text()
    };
    children.filter(fit).ok_or(SamlError::SignatureProfile(why))
}

/// Refuses attributes that are not among these.
fn attributes(element: Element<'_>, names: &[&str]) -> Result<(), SamlError> {
    let mut all = element.attributes().iter();
    let known = all.all(|it| it.namespace().is_empty() && names.contains(&it.local()));
    match known {
        true => Ok(()),
        false => Err(SamlError::SignatureProfile("an attribute is not allowed")),
    }
}

/// Base64 in the text of an element; white space does not count, anything else does.
pub(crate) fn base64(element: Element<'_>) -> Result<Vec<u8>, SamlError> {
    const WHY: SamlError = SamlError::SignatureProfile("a value is not base64");
    attributes(element, &[])?;
    let text = element.text().ok_or(WHY)?;
    let joined: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    STANDARD.decode(joined).map_err(|_| WHY)
}

/// The prefixes of a canonicalization's `InclusiveNamespaces`, where it has one (saml-engines.md N2).
fn prefixes<'d>(method: Element<'d>) -> Result<Vec<&'d str>, SamlError> {
    const WHY: SamlError = SamlError::SignatureProfile("InclusiveNamespaces is not acceptable");
    let mut children = method.children();
    let Some(list) = children.next() else {
        return match method.text() {
            Some(text) if text.trim_ascii().is_empty() => Ok(Vec::new()),
            _ => Err(WHY),
        };
    };
    let empty = list.text().is_some_and(|text| text.trim_ascii().is_empty());
    if children.next().is_some()
        || !list.is(EXC_C14N, "InclusiveNamespaces")
        || !empty
        || method.has_stray_text()
    {
        return Err(WHY);
    }
    let named = match list.attributes() {
        [only] if only.namespace().is_empty() && only.local() == "PrefixList" => only.value(),
        _ => return Err(WHY),
    };
    if named.is_empty() {
        return Ok(Vec::new());
    }
    // One space between, none around: two implementations read an empty token as two things.
    let mut found = Vec::new();
    for token in named.split(' ') {
        let prefix = match token {
            "#default" => "",
            token if crate::document::is_ncname(token) => token,
            _ => return Err(WHY),
        };
        if found.len() >= MOST_PREFIXES || ["xml", "xmlns"].contains(&prefix) {
            return Err(WHY);
        }
        found.push(prefix);
    }
    Ok(found)
}

impl<'d> Profile<'d> {
    fn read(signature: Element<'d>, parent: Element<'d>) -> Result<Profile<'d>, SamlError> {
        const WHOLE: &str = "Signature has other parts";
        attributes(signature, &[])?;
        let with_key = exactly(
            signature,
            ["SignedInfo", "SignatureValue", "KeyInfo"],
            WHOLE,
        );
        let [signed_info, value] = match with_key {
            Ok([signed_info, value, _]) => [signed_info, value],
            Err(_) => exactly(signature, ["SignedInfo", "SignatureValue"], WHOLE)?,
        };
        attributes(signed_info, &[])?;
        let [canonicalization, algorithm, reference] = exactly(
            signed_info,
            ["CanonicalizationMethod", "SignatureMethod", "Reference"],
            "SignedInfo has other parts",
        )?;
        attributes(canonicalization, &["Algorithm"])?;
        if canonicalization.attribute("Algorithm") != Some(EXC_C14N) {
            return Err(SamlError::SignatureProfile("another canonicalization"));
        }
        let uri = method(algorithm)?;
        let algorithm = SignatureAlgorithm::from_uri(uri).ok_or(SamlError::SignatureAlgorithm)?;
        attributes(reference, &["URI"])?;
        let id = parent.attribute("ID").filter(|id| !id.is_empty());
        let id = id.ok_or(SamlError::Id)?;
        let uri = reference.attribute("URI").unwrap_or_default();
        if uri.strip_prefix('#') != Some(id) {
            return Err(SamlError::SignatureProfile(
                "the reference is not to the signed element",
            ));
        }
        let [transforms, digest, digest_value] = exactly(
            reference,
            ["Transforms", "DigestMethod", "DigestValue"],
            "Reference has other parts",
        )?;
        let uri = method(digest)?;
        Ok(Profile {
            signed_info,
            info_prefixes: prefixes(canonicalization)?,
            algorithm,
            prefixes: transformed(transforms)?,
            digest: DigestAlgorithm::from_uri(uri).ok_or(SamlError::SignatureAlgorithm)?,
            digest_value: base64(digest_value)?,
            value: base64(value)?,
        })
    }
}

/// The algorithm of a method that takes no parameters.
fn method(element: Element<'_>) -> Result<&str, SamlError> {
    attributes(element, &["Algorithm"])?;
    let text = element.text().ok_or(SamlError::SignatureAlgorithm)?;
    match text.trim_ascii().is_empty() {
        true => Ok(element.attribute("Algorithm").unwrap_or_default()),
        false => Err(SamlError::SignatureAlgorithm),
    }
}

/// Exactly the two transforms of SAML, in their order; the prefixes of the second.
fn transformed(transforms: Element<'_>) -> Result<Vec<&str>, SamlError> {
    const WHY: &str = "other transforms";
    attributes(transforms, &[])?;
    let [first, second] = exactly(transforms, ["Transform", "Transform"], WHY)?;
    attributes(first, &["Algorithm"])?;
    attributes(second, &["Algorithm"])?;
    let bare = first
        .text()
        .is_some_and(|text| text.trim_ascii().is_empty());
    if first.attribute("Algorithm") != Some(ENVELOPED)
        || !bare
        || second.attribute("Algorithm") != Some(EXC_C14N)
    {
        return Err(SamlError::SignatureProfile(WHY));
    }
    prefixes(second)
}

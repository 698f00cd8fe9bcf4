//! Both verifiers must agree (saml-engines.md, Decision).
//!
//! RSASSA-PSS is ours alone to judge: samael and libxmlsec1 1.2 do not know it.

use super::{Seen, VerifiedAssertion};
use crate::SamlError;
use crate::signature::Signed;

#[cfg(feature = "samael")]
pub(super) use crate::second_opinion::Opinion;

/// What the second verifier says; without the feature nothing, and nobody gets as far as to hold one.
#[cfg(not(feature = "samael"))]
pub(super) enum Opinion {}

/// Asks about every signature that held here.
#[cfg(feature = "samael")]
pub(super) fn ask(
    seen: &Seen<'_, '_>,
    inner: Option<Signed<'_>>,
) -> Result<Vec<Opinion>, SamlError> {
    use crate::second_opinion::agree;
    let mut opinions = Vec::new();
    let documents = match seen.opened {
        // Two documents, each with the signature that stands in it.
        Some(opened) => vec![(seen.bytes, seen.outer), (opened, inner)],
        None => vec![(seen.bytes, inner.or(seen.outer))],
    };
    for (document, signed) in documents {
        let signed = signed.filter(|signed| !signed.algorithm.is_pss());
        if let Some(signed) = signed {
            let key = signed.certificate.der();
            opinions.push(agree(document, key, signed.sha1)?);
        }
    }
    Ok(opinions)
}

/// There is nobody to ask, and that is no agreement.
#[cfg(not(feature = "samael"))]
pub(super) fn ask(_: &Seen<'_, '_>, _: Option<Signed<'_>>) -> Result<Vec<Opinion>, SamlError> {
    Err(SamlError::Provider("this program has no second verifier"))
}

/// Whether they read what we read.
pub(super) fn compare(opinions: &[Opinion], verified: &VerifiedAssertion) -> Result<(), SamlError> {
    #[cfg(feature = "samael")]
    let agreed = opinions.iter().all(|opinion| opinion.confirms(verified));
    #[cfg(not(feature = "samael"))]
    let agreed = opinions.is_empty() && !verified.id.is_empty();
    match agreed {
        true => Ok(()),
        false => Err(SamlError::Disagreement),
    }
}

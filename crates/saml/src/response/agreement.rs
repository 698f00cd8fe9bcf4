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
    let documents = match seen.opened {
        // Two documents, each with the signature that stands in it.
        Some(opened) => vec![(seen.bytes, [seen.outer, None]), (opened, [inner, None])],
        None => vec![(seen.bytes, [seen.outer, inner])],
    };
    let mut opinions = Vec::new();
    for (document, signatures) in documents {
        if let Some((certificates, sha1)) = terms(&signatures) {
            opinions.push(agree(document, &certificates, sha1)?);
        }
    }
    Ok(opinions)
}

/// By which certificates the signatures of one document are to be judged, and whether SHA-1 may be among them. It is
/// one question: samael wants every signature of a document to hold. `None` where there is none, or one that it does
/// not know.
#[cfg(feature = "samael")]
fn terms<'k>(signatures: &[Option<Signed<'k>>]) -> Option<(Vec<&'k [u8]>, bool)> {
    let signatures: Vec<_> = signatures.iter().flatten().collect();
    if signatures.is_empty() || signatures.iter().any(|it| it.algorithm.is_pss()) {
        return None;
    }
    let mut certificates: Vec<_> = signatures.iter().map(|it| it.certificate.der()).collect();
    certificates.dedup();
    Some((certificates, signatures.iter().any(|it| it.sha1)))
}

/// There is nobody to ask, and that is no agreement.
#[cfg(not(feature = "samael"))]
pub(super) fn ask(_: &Seen<'_, '_>, _: Option<Signed<'_>>) -> Result<Vec<Opinion>, SamlError> {
    Err(SamlError::Provider("this program has no second verifier"))
}

/// Hands back what we read, if it is what they read.
pub(super) fn agreed(
    opinions: &[Opinion],
    verified: VerifiedAssertion,
) -> Result<VerifiedAssertion, SamlError> {
    #[cfg(feature = "samael")]
    let agreed = opinions.iter().all(|opinion| opinion.confirms(&verified));
    #[cfg(not(feature = "samael"))]
    let agreed = opinions.is_empty();
    match agreed {
        true => Ok(verified),
        false => Err(SamlError::Disagreement),
    }
}

#[cfg(all(test, feature = "samael"))]
#[expect(
    clippy::unwrap_used,
    reason = "clippy knows a test by `cfg(test)` alone"
)]
mod tests {
    use super::*;
    use crate::testing::credential;
    use crate::{Certificate, SignatureAlgorithm, SigningKey};

    fn certificate() -> Certificate {
        let credential = credential(SigningKey::generate_p256().unwrap());
        Certificate::from_der(credential.certificate_der()).unwrap()
    }

    fn signed<'k>(certificate: &'k Certificate, method: &str, sha1: bool) -> Option<Signed<'k>> {
        let uri = format!("http://www.w3.org/{method}");
        Some(Signed {
            certificate,
            algorithm: SignatureAlgorithm::from_uri(&uri).unwrap(),
            sha1,
        })
    }

    const RSA: &str = "2001/04/xmldsig-more#rsa-sha256";
    const PSS: &str = "2007/05/xmldsig-more#sha256-rsa-MGF1";

    #[test]
    fn both_signatures_are_one_question() {
        let (one, two) = (certificate(), certificate());
        let first = signed(&one, RSA, false);
        assert_eq!(terms(&[first, None]), Some((vec![one.der()], false)));
        assert_eq!(terms(&[first, first]), Some((vec![one.der()], false)));
        let second = signed(&two, RSA, true);
        let both = Some((vec![one.der(), two.der()], true));
        assert_eq!(terms(&[first, second]), both);
    }

    #[test]
    fn there_is_no_question_where_it_cannot_be_answered() {
        let one = certificate();
        let (known, unknown) = (signed(&one, RSA, false), signed(&one, PSS, false));
        assert_eq!(terms(&[None, None]), None);
        assert_eq!(terms(&[unknown, None]), None);
        assert_eq!(terms(&[known, unknown]), None);
        assert_eq!(terms(&[unknown, known]), None);
    }
}

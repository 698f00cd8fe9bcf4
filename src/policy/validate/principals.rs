//! The principals of trust and resource policies, as far as their form goes.
//!
//! Whether a user or role exists is known where they are stored; the one who saves a trust policy
//! asks [`PolicyDocument::principals`](crate::policy::PolicyDocument::principals) and answers
//! `InvalidPrincipal` in the same words.

use crate::policy::arn::ArnParts;
use crate::policy::document::DocumentKind;
use crate::policy::draft::DraftStatement;
use crate::policy::error::PolicyError;
use crate::policy::principal::{EntryKind, PrincipalEntry};

pub(super) fn check(
    statements: &[DraftStatement<'_>],
    kind: DocumentKind,
) -> Result<(), PolicyError> {
    for statement in statements {
        let Some(principal) = &statement.principal else {
            return Err(PolicyError::MissingField("Principal"));
        };
        let trust = kind == DocumentKind::Trust;
        if trust && principal.negated {
            return Err(PolicyError::ProhibitedField("NotPrincipal"));
        }
        for (principal_type, text, span) in &principal.entries {
            match PrincipalEntry::new(principal_type, text, span.clone()) {
                None if trust => return Err(PolicyError::StarPrincipal),
                None => {}
                Some(entry) => entry_form(&entry)?,
            }
        }
    }
    Ok(())
}

fn entry_form(entry: &PrincipalEntry) -> Result<(), PolicyError> {
    let text = entry.text();
    match entry.kind {
        EntryKind::Unknown => Err(PolicyError::InvalidPrincipal("AWS", text.to_owned())),
        EntryKind::Federated if !is_host_name(text) && !is_provider_arn(text) => {
            Err(PolicyError::FederatedPrincipal)
        }
        EntryKind::Service if !is_host_name(text) => {
            Err(PolicyError::InvalidPrincipal("SERVICE", text.to_owned()))
        }
        _ => Ok(()),
    }
}

fn is_host_name(text: &str) -> bool {
    text.contains('.')
        && text.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

fn is_provider_arn(text: &str) -> bool {
    ArnParts::split(text).is_some_and(|parts| {
        let name = parts
            .resource
            .strip_prefix("saml-provider/")
            .or_else(|| parts.resource.strip_prefix("oidc-provider/"));
        text.starts_with("arn:")
            && parts.service == "iam"
            && parts.account.len() == 12
            && parts.account.bytes().all(|byte| byte.is_ascii_digit())
            && name.is_some_and(|name| !name.is_empty() && !name.contains(['*', '?']))
    })
}

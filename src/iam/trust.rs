//! Trust policies as roles keep them: checked when they are saved, their users and roles tied to unique ids.
//!
//! A user or role that is named must exist when the policy is saved, in whatever account of this store, and from then
//! on it is that one alone: whoever gets its name later is somebody else. Accounts, providers and services are
//! names and stay names.
//!
//! Reference: IAM User Guide, *AWS JSON policy elements: Principal*.

use std::collections::HashMap;

use serde::de::IgnoredAny;
use serde_json::json;

use crate::access::{Call, Denial};
use crate::aws::error::AwsError;
use crate::policy::{self, DocumentKind, PolicyDocument, PolicyError, Severity, limits};
use crate::store::roles::Role;
use crate::store::{Store, StoreError};

/// Stands for the unique id of a user or role that was not there: no principal has it, so the entry admits nobody.
pub const NOBODY: &str = "unresolved";

/// A trust policy that may be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The users and roles it names, each ARN with the unique id.
    pub principals: Vec<(String, String)>,
    /// What its author should know.
    pub warnings: Vec<String>,
}

impl Trust {
    /// Tells the warnings to the audit.
    pub fn note_warnings(&self, call: &mut Call) {
        if !self.warnings.is_empty() {
            let warnings = json!({ "warnings": self.warnings });
            call.event.set("additionalEventData", warnings);
        }
    }
}

/// Checks a trust policy that somebody wants to save: the language, the size, that no stranger can satisfy it (CI-1),
/// and that the users and roles it names exist.
pub async fn check(store: &Store, text: &str) -> Result<Trust, Denial> {
    let malformed = |error: PolicyError| AwsError::malformed_policy(error.to_string());
    // Trust policies alone have words of their own for this.
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        return Err(AwsError::malformed_policy("This policy contains invalid Json").into());
    }
    let document = policy::validate(text, DocumentKind::Trust).map_err(malformed)?;
    if limits::document_size(text) > limits::TRUST_POLICY {
        return Err(AwsError::quota("ACLSizePerRole", limits::TRUST_POLICY).into());
    }
    let mut warnings = Vec::new();
    for finding in policy::lint(&document, DocumentKind::Trust) {
        if finding.severity == Severity::Error {
            let error = AwsError::malformed_policy(finding.message);
            return Err(error.because("iam.trust.shared_issuer").into());
        }
        warnings.push(finding.message);
    }
    let unknown =
        |name: &str| malformed(PolicyError::InvalidPrincipal("AWS", name.to_owned())).into();
    // A bare id is what AWS shows of somebody who is gone; one that is still there may be named so.
    for entry in document.principals().filter(|entry| entry.is_unique_id()) {
        if store.principal_arn(entry.text()).await?.is_none() {
            return Err(unknown(entry.text()));
        }
    }
    let principals = resolve(store, &document).await?;
    match principals.iter().find(|(_, id)| id == NOBODY) {
        Some((arn, _)) => Err(unknown(arn)),
        None => Ok(Trust {
            principals,
            warnings,
        }),
    }
}

/// The users and roles that a document names, each ARN once with its unique id, or with [`NOBODY`].
pub async fn resolve(
    store: &Store,
    document: &PolicyDocument,
) -> Result<Vec<(String, String)>, StoreError> {
    let mut found: Vec<(String, String)> = Vec::new();
    let named = document
        .principals()
        .filter(|entry| entry.is_user_or_role_arn());
    for arn in named.map(|entry| entry.text()) {
        if found.iter().any(|(known, _)| known == arn) {
            continue;
        }
        let id = store.principal_id(arn).await?;
        found.push((arn.to_owned(), id.unwrap_or_else(|| NOBODY.to_owned())));
    }
    Ok(found)
}

/// Trust policies as they are shown: byte for byte as they were sent, but a principal that has got another name since
/// is shown by that, and one that is gone by its unique id.
pub struct Shown<'a> {
    store: &'a Store,
    /// Names by id, for lists of roles that trust the same few.
    names: HashMap<String, String>,
}

impl<'a> Shown<'a> {
    /// Looks names up in this store.
    pub fn new(store: &'a Store) -> Shown<'a> {
        Shown {
            store,
            names: HashMap::new(),
        }
    }

    /// The trust policy of a role.
    pub async fn of(&mut self, role: &Role) -> Result<String, StoreError> {
        let mut changed: HashMap<&str, &str> = HashMap::new();
        for (_, id) in &role.trust_principals {
            if !self.names.contains_key(id) {
                let arn = self.store.principal_arn(id).await?;
                let name = arn.unwrap_or_else(|| id.clone());
                self.names.insert(id.clone(), name);
            }
        }
        for (arn, id) in &role.trust_principals {
            let name = self.names.get(id).filter(|name| *name != arn);
            // One that never was there has no other name.
            if let Some(name) = name.filter(|_| id != NOBODY) {
                changed.insert(arn, name);
            }
        }
        if changed.is_empty() {
            return Ok(role.trust_policy.clone());
        }
        Ok(match PolicyDocument::parse(&role.trust_policy) {
            Ok(document) => document.source_showing(|arn| changed.get(arn).copied()),
            Err(_) => role.trust_policy.clone(),
        })
    }
}

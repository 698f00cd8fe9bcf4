//! The form of resources, as the IAM API wants it.

use crate::policy::draft::{DraftList, DraftStatement};
use crate::policy::error::PolicyError;

/// Partitions that a resource may name.
const PARTITIONS: [&str; 4] = ["aws", "aws-cn", "aws-us-gov", "*"];

/// How the sixth part of an IAM ARN may start.
const IAM_PATHS: [&str; 13] = [
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

/// The first resource whose form is wrong, to be reported once the actions have been found to be
/// there.
///
/// `Err` is the older parser's refusal, which comes at once, but only while nothing else is wrong.
/// Within a list AWS reports the first in alphabetical order.
pub(super) fn first_fault(
    statements: &[DraftStatement<'_>],
) -> Result<Option<PolicyError>, PolicyError> {
    let lists = |negated| {
        statements
            .iter()
            .filter_map(move |s| s.resources.as_ref())
            .filter(move |l| l.negated == negated)
    };
    for list in lists(false).chain(lists(true)) {
        if let Some(fault) = fault_in(list) {
            return Ok(Some(fault));
        }
        if let Some(entry) = list
            .entries
            .iter()
            .find(|entry| !passes_legacy_parsing(entry))
        {
            return Err(PolicyError::LegacyParsing(format!(
                "the resource \"{entry}\" is not a whole ARN"
            )));
        }
    }
    Ok(None)
}

fn fault_in(list: &DraftList<'_>) -> Option<PolicyError> {
    let mut entries = list.entries.clone();
    entries.sort_unstable();
    entries.into_iter().find_map(|entry| format(entry).err())
}

/// A service must be named, and empty parts are for ARNs that have all six.
fn passes_legacy_parsing(resource: &str) -> bool {
    let mut parts = resource.split(':');
    resource == "*"
        || parts.nth(2) != Some("")
            && (resource.matches(':').count() >= 5 || !resource.contains("::"))
}

fn format(resource: &str) -> Result<(), PolicyError> {
    if resource == "*" {
        return Ok(());
    }
    let mut parts = resource.splitn(6, ':').skip(1);
    let partition = parts
        .next()
        .ok_or_else(|| PolicyError::ResourceFormat(resource.to_owned()))?;
    if !PARTITIONS.contains(&partition) {
        let rest: Vec<&str> = parts.collect();
        let part = |at: usize| {
            rest.get(at)
                .copied()
                .filter(|_| rest != [""])
                .unwrap_or("*")
        };
        return Err(PolicyError::Partition {
            partition: partition.to_owned(),
            resource: format!(
                "arn:{partition}:{}:{}:{}:{}",
                part(0),
                part(1),
                part(2),
                part(3)
            ),
        });
    }
    let service = parts.next().ok_or(PolicyError::ResourceVendor)?;
    let region = parts.next().unwrap_or_default();
    let path = parts.nth(1).unwrap_or_default();
    match service {
        // Access points are the one thing of S3 whose ARN has a region.
        "s3" if !region.is_empty() && !path.starts_with("accesspoint/") => {
            Err(PolicyError::S3Region(resource.to_owned()))
        }
        "iam" if !region.is_empty() => Err(PolicyError::IamRegion(resource.to_owned())),
        // `arn:aws:iam::*:root` is what AssumeRoot is granted on, though AWS's text does not list it.
        "iam"
            if path != "*"
                && path != "root"
                && !IAM_PATHS.iter().any(|start| path.starts_with(start)) =>
        {
            Err(PolicyError::IamPath)
        }
        _ => Ok(()),
    }
}

//! What a user of AWS may have beside access keys: SSH keys of CodeCommit, signing certificates, passwords of single
//! services. Nobody has any here, and none can be made. Nor has the account certificates of servers.
//!
//! They are listed all the same: who deletes a user thoroughly (Terraform with `force_destroy`, clean-up scripts) asks for
//! them first, and goes no further on an error.

use crate::aws::arn;
use crate::aws::constraints::ENTITY_NAME;
use crate::aws::error::AwsError;
use crate::aws::xml::{Fields, Node};
use crate::iam::input::Input;
use crate::iam::paging::Page;
use crate::iam::{Ask, Iam, Operation, PARTITION, Reply, Target, reads};

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[
    reads!(
        list_ssh_public_keys,
        "ListSSHPublicKeys",
        "always empty: there are no SSH keys"
    ),
    reads!(
        list_signing_certificates,
        "ListSigningCertificates",
        "always empty: there are no signing certificates"
    ),
    reads!(
        list_service_specific_credentials,
        "ListServiceSpecificCredentials",
        "always empty: there are no passwords of single services; `AllUsers` is not known"
    ),
    reads!(
        list_server_certificates,
        "ListServerCertificates",
        "always empty: there are no server certificates"
    ),
];

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSSHPublicKeys.html>
async fn list_ssh_public_keys(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    none_of_a_user(iam, ask, "iam:ListSSHPublicKeys", "SSHPublicKeys").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSigningCertificates.html>
async fn list_signing_certificates(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    none_of_a_user(iam, ask, "iam:ListSigningCertificates", "Certificates").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServiceSpecificCredentials.html>
async fn list_service_specific_credentials(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let action = "iam:ListServiceSpecificCredentials";
    none_of_a_user(iam, ask, action, "ServiceSpecificCredentials").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServerCertificates.html>
async fn list_server_certificates(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let prefix = input.path_prefix();
    let page = input.page();
    input.finish()?;
    let account = ask.caller.account();
    let resource = arn::iam(PARTITION, account, "server-certificate", prefix, "");
    iam.allow(ask, "iam:ListServerCertificates", Target::of(&resource))
        .await?;
    Ok(empty(&page, "ServerCertificateMetadataList")?)
}

/// The empty list `members` of the user that is named, or that calls.
async fn none_of_a_user(
    iam: &Iam,
    ask: &mut Ask<'_>,
    action: &str,
    members: &'static str,
) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.optional("UserName", Some(ENTITY_NAME), 1..=128);
    let page = input.page();
    input.finish()?;
    iam.subject(ask, action, name).await?;
    Ok(empty(&page, members)?)
}

fn empty(page: &Page, members: &'static str) -> Result<Fields, AwsError> {
    let nothing: Vec<()> = Vec::new();
    page.cut(members, nothing, |()| String::new(), |()| Node::Absent)
}

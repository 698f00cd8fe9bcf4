//! The managed policies that AWS keeps for everybody, as far as people name them.
//!
//! They are rows of the store like all others, in an account of their own ([`OWNER`]), so that attaching, bounding and
//! reading know no second kind of policy. [`seed`] brings them there at every start. What the rows say is AWS's: names,
//! paths, ids, dates, version numbers and documents (`aws_managed/README.md` has the source). The ids of the root tasks
//! were never published and are made from their ARNs.

use sha2::{Digest, Sha256};

use crate::aws::arn;
use crate::iam::PARTITION;
use crate::store::managed_policies::ManagedPolicy;
use crate::store::{Store, StoreError};

/// The account in the ARNs of these policies.
pub const OWNER: &str = "aws";

/// A policy of AWS.
struct Known {
    name: &'static str,
    path: &'static str,
    unique_id: Option<&'static str>,
    description: &'static str,
    version: i64,
    created_at: i64,
    updated_at: i64,
    document: &'static str,
}

macro_rules! document {
    ($name:literal) => {
        include_str!(concat!("aws_managed/", $name, ".json"))
    };
}

const ALL: [Known; 14] = [
    Known {
        name: "AdministratorAccess",
        path: "/",
        unique_id: Some("ANPAIWMBCKSKIEE64ZLYK"),
        description: "Provides full access to AWS services and resources.",
        version: 1,
        created_at: 1_423_247_986,
        updated_at: 1_423_247_986,
        document: document!("AdministratorAccess"),
    },
    Known {
        name: "PowerUserAccess",
        path: "/",
        unique_id: Some("ANPAJYRXTHIB4FOVS3ZXS"),
        description: "Provides full access to AWS services and resources, but does not allow management of \
                      Users and groups.",
        version: 12,
        created_at: 1_423_247_987,
        updated_at: 1_770_919_154,
        document: document!("PowerUserAccess"),
    },
    Known {
        name: "ReadOnlyAccess",
        path: "/",
        unique_id: Some("ANPAILL3HVNFSB6DCOWYQ"),
        description: "Provides read-only access to AWS services and resources.",
        version: 190,
        created_at: 1_423_247_988,
        updated_at: 1_790_271_428,
        document: document!("ReadOnlyAccess"),
    },
    Known {
        name: "ViewOnlyAccess",
        path: "/job-function/",
        unique_id: Some("ANPAID22R6XPJATWOFDK6"),
        description: "This policy grants permissions to view resources and basic metadata across all AWS \
                      services.",
        version: 46,
        created_at: 1_478_798_415,
        updated_at: 1_790_800_028,
        document: document!("ViewOnlyAccess"),
    },
    Known {
        name: "SecurityAudit",
        path: "/",
        unique_id: Some("ANPAIX2T3QCXHR2OGGCTO"),
        description: "The security audit template grants access to read security configuration metadata. It \
                      is useful for software that audits the configuration of an AWS account.",
        version: 94,
        created_at: 1_423_248_061,
        updated_at: 1_790_800_028,
        document: document!("SecurityAudit"),
    },
    Known {
        name: "AmazonS3FullAccess",
        path: "/",
        unique_id: Some("ANPAIFIR6V6BVTRAHWINE"),
        description: "Provides full access to all buckets via the AWS Management Console.",
        version: 2,
        created_at: 1_423_248_058,
        updated_at: 1_632_773_797,
        document: document!("AmazonS3FullAccess"),
    },
    Known {
        name: "AmazonS3ReadOnlyAccess",
        path: "/",
        unique_id: Some("ANPAIZTJ4DXE7G6AGAE6M"),
        description: "Provides read only access to all buckets via the AWS Management Console.",
        version: 3,
        created_at: 1_423_248_059,
        updated_at: 1_691_703_099,
        document: document!("AmazonS3ReadOnlyAccess"),
    },
    Known {
        name: "IAMFullAccess",
        path: "/",
        unique_id: Some("ANPAI7XKCFMBPM3QQRRVQ"),
        description: "Provides full access to IAM via the AWS Management Console.",
        version: 2,
        created_at: 1_423_248_038,
        updated_at: 1_561_146_000,
        document: document!("IAMFullAccess"),
    },
    Known {
        name: "IAMReadOnlyAccess",
        path: "/",
        unique_id: Some("ANPAJKSO7NDY4T57MWDSQ"),
        description: "Provides read only access to IAM via the AWS Management Console.",
        version: 4,
        created_at: 1_423_248_039,
        updated_at: 1_516_907_487,
        document: document!("IAMReadOnlyAccess"),
    },
    Known {
        name: "IAMAuditRootUserCredentials",
        path: "/root-task/",
        unique_id: None,
        description: "Scopes down a privileged root session to auditing the credentials of the root user.",
        version: 1,
        created_at: 1_730_932_078,
        updated_at: 1_730_932_078,
        document: document!("IAMAuditRootUserCredentials"),
    },
    Known {
        name: "IAMCreateRootUserPassword",
        path: "/root-task/",
        unique_id: None,
        description: "Scopes down a privileged root session to letting the root user recover its password.",
        version: 1,
        created_at: 1_730_932_379,
        updated_at: 1_730_932_379,
        document: document!("IAMCreateRootUserPassword"),
    },
    Known {
        name: "IAMDeleteRootUserCredentials",
        path: "/root-task/",
        unique_id: None,
        description: "Scopes down a privileged root session to deleting the credentials of the root user.",
        version: 1,
        created_at: 1_730_933_278,
        updated_at: 1_730_933_278,
        document: document!("IAMDeleteRootUserCredentials"),
    },
    Known {
        name: "S3UnlockBucketPolicy",
        path: "/root-task/",
        unique_id: None,
        description: "Scopes down a privileged root session to deleting a bucket policy that locks everybody \
                      out.",
        version: 1,
        created_at: 1_730_930_156,
        updated_at: 1_730_930_156,
        document: document!("S3UnlockBucketPolicy"),
    },
    Known {
        name: "SQSUnlockQueuePolicy",
        path: "/root-task/",
        unique_id: None,
        description: "Scopes down a privileged root session to deleting a queue policy that locks everybody \
                      out.",
        version: 1,
        created_at: 1_730_929_862,
        updated_at: 1_730_929_862,
        document: document!("SQSUnlockQueuePolicy"),
    },
];

impl Known {
    fn row(&self) -> ManagedPolicy {
        let arn = arn::iam(PARTITION, OWNER, "policy", self.path, self.name);
        let unique_id = self.unique_id.map_or_else(|| id_of(&arn), str::to_owned);
        ManagedPolicy {
            account: OWNER.to_owned(),
            name: self.name.to_owned(),
            path: self.path.to_owned(),
            unique_id,
            arn,
            description: self.description.to_owned(),
            tags: Vec::new(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            default_version: self.version,
        }
    }
}

/// An id in the older form, which carries no account, always the same for an ARN.
fn id_of(arn: &str) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digest = Sha256::digest(arn);
    let tail = digest.iter().take(16);
    let tail = tail.filter_map(|byte| letters.get(usize::from(byte % 32)));
    let head = "ANPAI".chars();
    head.chain(tail.map(|letter| char::from(*letter))).collect()
}

/// Brings the policies into the store. Where nothing differs, nothing is written.
pub async fn seed(store: &Store) -> Result<(), StoreError> {
    let rows: Vec<_> = ALL
        .iter()
        .map(|known| (known.row(), known.document))
        .collect();
    store.seed_managed_policies(&rows).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::ids::AccountId;
    use crate::policy::{self, Effect};

    #[test]
    fn every_document_is_a_managed_policy() {
        for known in &ALL {
            if let Err(error) = policy::validate_managed(known.document) {
                panic!("{}: {}", known.name, error.detail());
            }
        }
    }

    #[test]
    fn ids_differ_and_carry_no_account() {
        let mut ids: Vec<String> = ALL.iter().map(|known| known.row().unique_id).collect();
        for id in &ids {
            assert_eq!(id.len(), 21, "{id}");
            assert_eq!(AccountId::of_id(id), None, "{id}");
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), ALL.len());
    }

    #[test]
    fn a_root_task_takes_away_and_grants_nothing() {
        let mut tasks = ALL.iter().filter(|known| known.path == "/root-task/");
        assert!(tasks.clone().count() == 5);
        let denies = |known: &Known| {
            let document = policy::validate_managed(known.document).unwrap();
            let mut effects = document.statements().iter().map(|one| one.effect());
            effects.all(|effect| effect == Effect::Deny)
        };
        assert!(tasks.all(denies));
    }
}

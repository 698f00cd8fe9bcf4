//! The credential report: who can sign in to the account, and with what, as a table.
//!
//! Reference: IAM User Guide, *Generate credential reports for your AWS account*.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::access::Denial;
use crate::aws::arn;
use crate::aws::error::AwsError;
use crate::aws::xml::{Fields, Node};
use crate::iam::{Ask, Iam, PARTITION, Reply, Target, shapes};
use crate::store::StoreError;
use crate::store::access_keys::{AccessKey, KeyOwner};
use crate::store::account_facts::CREDENTIAL_REPORT;
use crate::store::last_use::UseKind;

/// For so many seconds nobody gets a newer report.
const LASTS: i64 = 4 * 3600;
const COLUMNS: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
    password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
    access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
    access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
    cert_1_last_rotated,cert_2_active,cert_2_last_rotated";
const NONE: &str = "N/A";

/// A report as the store keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct Report {
    at: i64,
    table: String,
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateCredentialReport.html>
///
/// The table is written at once, but the first answer says what it says at AWS: that the work has begun.
pub(super) async fn generate_credential_report(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let action = "iam:GenerateCredentialReport";
    iam.allow(ask, action, Target::of("*")).await?;
    let (account, now) = (ask.caller.account(), ask.call.unix());
    let known = stored(iam, account).await?;
    if known.as_ref().is_some_and(|report| now - report.at < LASTS) {
        return Ok(vec![("State", Node::text("COMPLETE"))]);
    }
    let table = iam.credential_table(account).await?;
    let report = serde_json::to_string(&Report { at: now, table });
    let report = report.map_err(|_| AwsError::internal())?;
    let store = iam.store();
    store
        .put_account_fact(account, CREDENTIAL_REPORT, &report)
        .await?;
    let why = match known {
        Some(_) => {
            "The last report is older than four hours. Starting a new report generation task"
        }
        None => "No report exists. Starting a new report generation task",
    };
    Ok(vec![
        ("State", Node::text("STARTED")),
        ("Description", Node::text(why)),
    ])
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetCredentialReport.html>
pub(super) async fn get_credential_report(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let action = "iam:GetCredentialReport";
    iam.allow(ask, action, Target::of("*")).await?;
    let report = stored(iam, ask.caller.account()).await?;
    let report = report.ok_or_else(AwsError::report_not_present)?;
    if ask.call.unix() - report.at >= LASTS {
        return Err(AwsError::report_expired().into());
    }
    let answer: Fields = vec![
        ("Content", Node::Text(STANDARD.encode(report.table))),
        ("ReportFormat", Node::text("text/csv")),
        ("GeneratedTime", shapes::moment(report.at)),
    ];
    Ok(answer)
}

async fn stored(iam: &Iam, account: &str) -> Result<Option<Report>, Denial> {
    let stored = iam.store().account_fact(account, CREDENTIAL_REPORT).await?;
    Ok(stored.and_then(|text| serde_json::from_str(&text).ok()))
}

impl Iam {
    /// A row for root and one for every user, in the order of their names.
    async fn credential_table(&self, account: &str) -> Result<String, StoreError> {
        let store = self.store();
        let mut rows = vec![COLUMNS.to_owned()];
        let root = [
            "<root_account>",
            &arn::root(PARTITION, account),
            NONE,
            "not_supported",
            "no_information",
            "not_supported",
            "not_supported",
            "false",
        ];
        let keys = store.access_keys_of(account, &KeyOwner::Root).await?;
        rows.push(self.row(root.map(str::to_owned).into(), keys).await?);
        for user in store.users(account).await? {
            let password = store.login_profile(&user.unique_id).await?;
            let devices = store.mfa_devices_of(&user.unique_id).await?;
            let (used, changed) = match &password {
                Some(profile) => ("no_information", moment(profile.created_at)),
                None => (NONE, NONE.to_owned()),
            };
            let own = vec![
                user.name,
                user.arn,
                moment(user.created_at),
                password.is_some().to_string(),
                used.to_owned(),
                changed,
                NONE.to_owned(),
                (!devices.is_empty()).to_string(),
            ];
            let owner = KeyOwner::User(user.unique_id);
            let keys = store.access_keys_of(account, &owner).await?;
            rows.push(self.row(own, keys).await?);
        }
        Ok(rows.join("\n"))
    }

    /// What is the same for root and for users: two keys, and no certificates.
    async fn row(&self, own: Vec<String>, keys: Vec<AccessKey>) -> Result<String, StoreError> {
        let mut cells = own;
        for place in 0..2 {
            let Some(key) = keys.get(place) else {
                cells.push("false".to_owned());
                cells.extend([NONE; 4].map(str::to_owned));
                continue;
            };
            cells.push(key.active.to_string());
            cells.push(moment(key.created_at));
            match self.last_use(UseKind::AccessKey, &key.id).await? {
                Some(last) => cells.extend([moment(last.at), last.region, last.service]),
                None => cells.extend([NONE; 3].map(str::to_owned)),
            }
        }
        cells.extend(["false", NONE, "false", NONE].map(str::to_owned));
        let cells: Vec<String> = cells.into_iter().map(cell).collect();
        Ok(cells.join(","))
    }
}

/// Names may have commas, and regions are what somebody signed with.
fn cell(text: String) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

fn moment(unix: i64) -> String {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]+00:00");
    let moment = OffsetDateTime::from_unix_timestamp(unix).ok();
    let written = moment.and_then(|moment| moment.format(form).ok());
    written.unwrap_or_else(|| NONE.to_owned())
}

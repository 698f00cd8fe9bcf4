//! The credential report.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{needs_permission, refused};
use crate::harness::{Broker, DEV};

/// A broker whose clock may move.
fn broker() -> Broker {
    Broker::demo()
}

/// The rows of the report, without the head.
fn rows(broker: &Broker) -> Vec<String> {
    let reply = broker.iam_ok(broker.root(DEV), "GetCredentialReport", &[]);
    assert_eq!(reply.xml("ReportFormat"), "text/csv");
    let table = STANDARD.decode(reply.xml("Content")).unwrap();
    let table = String::from_utf8(table).unwrap();
    let mut rows = table.lines().map(str::to_owned);
    let head = rows.next().unwrap();
    assert!(head.starts_with("user,arn,user_creation_time,password_enabled,"));
    assert_eq!(head.split(',').count(), 22);
    rows.collect()
}

#[test]
fn a_report_that_nobody_asked_for_is_not_present() {
    let broker = broker();
    let reply = broker.iam(broker.root(DEV), "GetCredentialReport", &[]);
    refused(&reply, 410, "ReportNotPresent", "");
}

#[test]
fn a_report_tells_of_root_and_of_every_user() {
    let broker = broker();
    let root = broker.root(DEV);
    broker.user(DEV, "reported,one", None);
    let name = ("UserName", "reported,one");
    let password = [name, ("Password", "Correct-Horse-9")];
    broker.iam_ok(root, "CreateLoginProfile", &password);
    let started = broker.iam_ok(root, "GenerateCredentialReport", &[]);
    assert_eq!(started.xml("State"), "STARTED");
    assert_eq!(
        started.xml("Description"),
        "No report exists. Starting a new report generation task"
    );
    let done = broker.iam_ok(root, "GenerateCredentialReport", &[]);
    assert_eq!(done.xml("State"), "COMPLETE");
    assert_eq!(done.xml_if_any("Description"), None);
    let rows = rows(&broker);
    let of_root =
        format!("<root_account>,arn:aws:iam::{DEV}:root,N/A,not_supported,no_information,");
    assert!(rows[0].starts_with(&of_root), "{}", rows[0]);
    assert!(
        rows[0].contains(",us-east-1,iam,false,N/A,N/A,N/A,N/A,"),
        "{}",
        rows[0]
    );
    let start = format!("\"reported,one\",\"arn:aws:iam::{DEV}:user/reported,one\",20");
    let row = rows.iter().find(|row| row.starts_with(&start)).unwrap();
    assert!(row.contains("+00:00,true,no_information,20"), "{row}");
    let end = "+00:00,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A";
    assert!(row.ends_with(end), "{row}");
}

#[test]
fn a_report_lasts_four_hours() {
    let broker = broker();
    let root = broker.root(DEV);
    broker.iam_ok(root, "GenerateCredentialReport", &[]);
    let before = rows(&broker).len();
    broker.user(DEV, "too-late", None);
    broker.iam_ok(root, "GenerateCredentialReport", &[]);
    assert_eq!(rows(&broker).len(), before);
    broker.clock.advance(time::Duration::hours(4));
    let reply = broker.iam(root, "GetCredentialReport", &[]);
    refused(&reply, 410, "ReportExpired", "");
    let again = broker.iam_ok(root, "GenerateCredentialReport", &[]);
    assert_eq!(again.xml("State"), "STARTED");
    assert_eq!(rows(&broker).len(), before + 1);
}

#[test]
fn a_report_needs_permission() {
    needs_permission("GenerateCredentialReport", &[]);
    needs_permission("GetCredentialReport", &[]);
}

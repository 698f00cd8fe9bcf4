//! AssumeRoot: root tasks of the management account.

use std::sync::LazyLock;

use drawbridge::sigv4::Credentials;

use crate::harness::http::Reply;
use crate::harness::iam::allow;
use crate::harness::{Broker, DEV, PROD};

const AUDIT: &str = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials";

static ORGANIZED: LazyLock<Broker> =
    LazyLock::new(|| Broker::configured(&format!("management_account = \"{DEV}\"")));

fn manager(broker: &Broker, name: &str) -> Credentials {
    broker.user(DEV, name, Some(&allow(&["sts:AssumeRoot"], &["*"])))
}

fn assume(broker: &Broker, who: &Credentials, target: &str, task: &str) -> Reply {
    let params = [("TargetPrincipal", target), ("TaskPolicyArn.arn", task)];
    broker.signed(who, "AssumeRoot", &params).send()
}

fn refusal(name: &str, target: &str) -> String {
    format!(
        "User: arn:aws:iam::{DEV}:user/{name} is not authorized to perform: sts:AssumeRoot on \
         resource: arn:aws:iam::{target}:root"
    )
}

#[test]
fn without_a_management_account_nobody_may() {
    let alone = Broker::configured("");
    let who = manager(&alone, "root-nobody");
    let reply = assume(&alone, &who, PROD, AUDIT);
    let message = refusal("root-nobody", PROD);
    let reason = "sts.root.management";
    alone.refuses(&reply, 403, "AccessDenied", &message, reason);
}

#[test]
fn the_management_account_gets_a_session_of_the_root_for_one_task() {
    let who = manager(&ORGANIZED, "root-manager");
    let reply = assume(&ORGANIZED, &who, PROD, AUDIT);
    let session = reply.credentials();
    assert_eq!(
        ORGANIZED.who_is(&session),
        format!("arn:aws:iam::{PROD}:root")
    );
    let listed = ORGANIZED.iam(&session, "ListAccessKeys", &[]);
    assert_eq!(listed.status, 200, "{}", listed.text());
    let denied = ORGANIZED.iam(&session, "GetRole", &[("RoleName", "any")]);
    assert_eq!(denied.aws_error().1, "AccessDenied");
}

#[test]
fn a_member_may_not_and_nobody_takes_its_own_root() {
    let member = ORGANIZED.user(
        PROD,
        "root-member",
        Some(&allow(&["sts:AssumeRoot"], &["*"])),
    );
    let reply = assume(&ORGANIZED, &member, DEV, AUDIT);
    assert_eq!(ORGANIZED.reason(&reply), "sts.root.management");
    let own = assume(&ORGANIZED, &manager(&ORGANIZED, "root-own"), DEV, AUDIT);
    assert_eq!(ORGANIZED.reason(&own), "sts.root.management");
}

#[test]
fn it_needs_a_permission_a_root_and_a_task() {
    let nobody = ORGANIZED.user(DEV, "root-unpermitted", None);
    let reply = assume(&ORGANIZED, &nobody, PROD, AUDIT);
    let message = refusal("root-unpermitted", PROD);
    ORGANIZED.refuses(&reply, 403, "AccessDenied", &message, "policy.no_match");

    let who = manager(&ORGANIZED, "root-careless");
    let task = "arn:aws:iam::aws:policy/AdministratorAccess";
    let reply = assume(&ORGANIZED, &who, PROD, task);
    let message = "Request must contain valid AWS managed task policy ARN";
    ORGANIZED.refuses(&reply, 400, "ValidationError", message, "sts.root.task");

    let user = format!("arn:aws:iam::{PROD}:user/x");
    let reply = assume(&ORGANIZED, &who, &user, AUDIT);
    let message = "Request must contain a valid target principal";
    ORGANIZED.refuses(&reply, 400, "ValidationError", message, "sts.root.target");
}

#[test]
fn what_is_no_task_is_told_before_anything_is_judged() {
    let nobody = ORGANIZED.user(DEV, "root-curious", None);
    let task = "arn:aws:iam::aws:policy/root-task/None";
    let reply = assume(&ORGANIZED, &nobody, PROD, task);
    assert_eq!(ORGANIZED.reason(&reply), "sts.root.task");
}

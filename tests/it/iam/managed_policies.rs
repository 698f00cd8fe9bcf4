//! Managed policies.

mod aws;
mod entities;
mod life;
mod tags;
mod versions;

use drawbridge::sigv4::Credentials;

use super::{DEMO, root};
use crate::harness::DEV;
use crate::harness::http::Reply;
use crate::harness::iam::allow;

/// A document that managed policies may have.
fn reading() -> String {
    allow(&["s3:GetObject"], &["arn:aws:s3:::bucket/*"])
}

fn arn_of(name: &str) -> String {
    format!("arn:aws:iam::{DEV}:policy/{name}")
}

/// Makes a policy through the door and returns its ARN.
#[track_caller]
fn create(name: &str) -> String {
    let params = [("PolicyName", name), ("PolicyDocument", &reading() as &str)];
    DEMO.iam_ok(root(), "CreatePolicy", &params).xml("Arn")
}

/// A call about one policy, by root.
fn about(action: &str, arn: &str, more: &[(&str, &str)]) -> Reply {
    let mut params = vec![("PolicyArn", arn)];
    params.extend(more);
    DEMO.iam(root(), action, &params)
}

/// The same, and it must work.
#[track_caller]
fn about_ok(action: &str, arn: &str, more: &[(&str, &str)]) -> Reply {
    let reply = about(action, arn, more);
    assert_eq!(reply.status, 200, "{action}: {}", reply.text());
    reply
}

#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str, message: &str) {
    let expected = (status, code.to_owned(), message.to_owned());
    assert_eq!(reply.aws_error(), expected);
}

/// Every `<name>` of an answer, in order.
fn every(reply: &Reply, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let pieces = reply.text().split(&open).skip(1);
    let texts = pieces.map(|piece| piece.split(&close).next().unwrap().to_owned());
    texts.collect()
}

/// A user who may do these actions anywhere.
fn user_who_may(name: &str, actions: &[&str]) -> Credentials {
    DEMO.user(DEV, name, Some(&allow(actions, &["*"])))
}

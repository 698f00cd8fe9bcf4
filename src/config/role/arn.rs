//! `arn:aws:iam::<account>:role/<path/><name>`.

use super::is_name_character;
use crate::aws::arn::Arn;
use crate::config::problems::Fault;
use crate::config::sts::account_id;

/// The parts of a role's ARN.
pub(super) struct RoleArn {
    pub account: String,
    pub path: String,
    pub name: String,
}

impl RoleArn {
    /// Takes what IAM takes as path and name, in the partition of the embedded STS.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let fault = || {
            Fault::from("is not the ARN of a role")
                .hint("for example arn:aws:iam::111111111111:role/Developer")
        };
        let arn = Arn::parse(text).ok_or_else(fault)?;
        let name = arn.role_name().ok_or_else(fault)?;
        if arn.partition != "aws" || !arn.region.is_empty() {
            return Err(fault());
        }
        let account = account_id(&arn.account)?;
        let path = arn
            .resource
            .strip_prefix("role")
            .and_then(|rest| rest.strip_suffix(name));
        let path = path.ok_or_else(fault)?;
        if path == "//" || path.len() > 512 || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(
                "the path is empty, longer than 512 characters, or has spaces or letters beyond ASCII"
                    .into(),
            );
        }
        if name.len() > 64 || !name.bytes().all(is_name_character) {
            return Err("the name of a role is 1 to 64 letters, digits and _+=,.@-".into());
        }
        Ok(Self {
            account,
            path: path.to_owned(),
            name: name.to_owned(),
        })
    }
}

//! Inputs of the operations that make sessions of users, names and roots.

use super::{Mfa, SessionPolicies, Tag, mfa, session_policies, tags, well_formed};
use crate::aws::constraints::{ARN, Constraints, Echo, NAME};
use crate::aws::error::AwsError;
use crate::aws::query::Params;

/// Input of GetSessionToken.
#[derive(Debug)]
pub struct GetSessionToken {
    /// Seconds.
    pub duration: Option<i64>,
    /// MFA device and code.
    pub mfa: Mfa,
}

impl GetSessionToken {
    /// Reads and checks the members of the request.
    pub fn read(params: &Params) -> Result<GetSessionToken, AwsError> {
        let mut c = Constraints::default();
        let duration = duration(params, &mut c)?;
        let mfa = mfa(params, &mut c);
        c.finish()?;
        Ok(GetSessionToken { duration, mfa })
    }
}

/// Input of GetFederationToken.
#[derive(Debug)]
pub struct GetFederationToken {
    /// 2 to 32 characters.
    pub name: String,
    /// What the federated user may do at most.
    pub policies: SessionPolicies,
    /// Seconds.
    pub duration: Option<i64>,
    /// Session tags.
    pub tags: Vec<Tag>,
}

impl GetFederationToken {
    /// Reads and checks the members of the request.
    pub fn read(params: &Params) -> Result<GetFederationToken, AwsError> {
        let mut c = Constraints::default();
        let name = params.get("Name");
        c.required("name", name);
        c.text("name", name, Some(NAME), 2..=32, Echo::Shown);
        let policies = session_policies(params, &mut c, 2048)?;
        let duration = duration(params, &mut c)?;
        let tags = tags(params, &mut c)?;
        c.finish()?;
        for arn in &policies.arns {
            well_formed(arn)?;
        }
        Ok(GetFederationToken {
            name: name.unwrap_or_default().to_owned(),
            policies,
            duration,
            tags,
        })
    }
}

/// 15 minutes to 36 hours.
fn duration(params: &Params, c: &mut Constraints) -> Result<Option<i64>, AwsError> {
    let seconds = params.integer("DurationSeconds")?;
    c.number("durationSeconds", seconds, 900..=129_600);
    Ok(seconds)
}

/// Input of AssumeRoot.
#[derive(Debug)]
pub struct AssumeRoot {
    /// An account id or the ARN of its root.
    pub target: String,
    /// The one task that the session is for.
    pub task: String,
    /// Seconds, at most 900.
    pub duration: Option<i64>,
}

impl AssumeRoot {
    /// Reads and checks the members of the request.
    pub fn read(params: &Params) -> Result<AssumeRoot, AwsError> {
        let mut c = Constraints::default();
        let target = params.get("TargetPrincipal");
        c.required("targetPrincipal", target);
        c.text("targetPrincipal", target, None, 12..=2048, Echo::Shown);
        let task = params.get("TaskPolicyArn.arn");
        c.required("taskPolicyArn", task);
        c.text("taskPolicyArn.arn", task, Some(ARN), 20..=2048, Echo::Shown);
        let duration = params.integer("DurationSeconds")?;
        c.number("durationSeconds", duration, 0..=900);
        c.finish()?;
        let task = task.unwrap_or_default();
        well_formed(task)?;
        Ok(AssumeRoot {
            target: target.unwrap_or_default().to_owned(),
            task: task.to_owned(),
            duration,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(text: &str) -> Params {
        Params::parse("", text.as_bytes()).unwrap()
    }

    #[test]
    fn a_session_may_last_from_15_minutes_to_36_hours() {
        for (seconds, fits) in [(899, false), (900, true), (129_600, true), (129_601, false)] {
            let read = GetSessionToken::read(&params(&format!("DurationSeconds={seconds}")));
            assert_eq!(read.is_ok(), fits, "{seconds}");
        }
    }

    #[test]
    fn a_federated_name_is_held_to_its_constraint() {
        let error = GetFederationToken::read(&params("Name=a/")).unwrap_err();
        assert_eq!(
            error.message,
            r"1 validation error detected: Value 'a/' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*"
        );
        let long = "n".repeat(33);
        let error = GetFederationToken::read(&params(&format!("Name={long}"))).unwrap_err();
        assert!(error.message.ends_with("length less than or equal to 32"));
    }

    #[test]
    fn a_root_task_lasts_at_most_15_minutes() {
        let base =
            "TargetPrincipal=222222222222&TaskPolicyArn.arn=arn:aws:iam::aws:policy/root-task/X";
        assert!(AssumeRoot::read(&params(base)).is_ok());
        let error = AssumeRoot::read(&params(&format!("{base}&DurationSeconds=901")));
        assert!(error.unwrap_err().message.contains("'durationSeconds'"));
    }
}

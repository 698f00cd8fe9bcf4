//! `[[role]]`: roles of the embedded STS that the configuration brings along.
//!
//! The texts of policies are taken as they are; the service that stores a role judges them as it
//! judges those that come through IAM.

mod arn;
mod policies;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use self::arn::RoleArn;
use self::policies::{policies, trust_policy};
use super::duration::HOUR;
use super::problems::Fault;
use super::reader::Reader;
use super::schema::{Form, Key, Need, Section};
use super::sts::{AccountConfig, Named, Services};

const OF_REMOTE: &str = "is for roles of a remote STS, which is not available in this version";

pub(super) const ROLE: Section = Section {
    name: "role",
    header: "[[role]]",
    about: "A role of the embedded STS, there from the first start. Its trust policy says who may take it. Roles can be made through IAM as well.",
    keys: &[
        Key {
            name: "arn",
            form: Form::Text,
            need: Need::Required,
            about: "`arn:aws:iam::<account>:role/<path/><name>`. An account has a name once, whatever its case and path.",
        },
        Key {
            name: "sts",
            form: Form::Text,
            need: Need::Derived("the only `[[sts]]`"),
            about: "The id of the `[[sts]]` that issues its credentials.",
        },
        Key {
            name: "alias",
            form: Form::Text,
            need: Need::Optional,
            about: "A short name for links and commands, such as `deploy` or `dev/Developer`: letters, digits and `_+=,.@/-`, each once.",
        },
        Key {
            name: "description",
            form: Form::Text,
            need: Need::Default("\"\""),
            about: "What the role is for, in up to 1000 characters.",
        },
        Key {
            name: "trust_policy",
            form: Form::Text,
            need: Need::Optional,
            about: "Who may take the role: a policy document as JSON text. Either this or `trust_policy_file` is required.",
        },
        Key {
            name: "trust_policy_file",
            form: Form::Path,
            need: Need::Optional,
            about: "The file with the trust policy.",
        },
        Key {
            name: "policies",
            form: Form::TextTable,
            need: Need::Optional,
            about: "What the role may do: names and policy documents as JSON text, or `file:` and a path.",
        },
        Key {
            name: "policy_files",
            form: Form::TextTable,
            need: Need::Optional,
            about: "The same with a path for each name.",
        },
        Key {
            name: "max_session_duration",
            form: Form::Duration,
            need: Need::Default("\"1h\""),
            about: "The longest session, `1h` to `12h`.",
        },
        Key {
            name: "production",
            form: Form::Boolean,
            need: Need::Default("false"),
            about: "Shows the role in amber, so that nobody takes it by mistake.",
        },
        Key {
            name: "explain",
            form: Form::Boolean,
            need: Need::Default("true"),
            about: "Whether somebody with verified evidence who names the role by its alias learns which condition failed.",
        },
    ],
    reserved: &[
        ("allow", OF_REMOTE),
        ("method", OF_REMOTE),
        ("duration", OF_REMOTE),
        ("pass_through", OF_REMOTE),
    ],
};

/// A role of an embedded STS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleConfig {
    /// The whole ARN.
    pub arn: String,
    /// The account of the ARN, 12 digits.
    pub account: String,
    /// The path of the ARN; begins and ends with a slash.
    pub path: String,
    /// The name of the ARN.
    pub name: String,
    /// The id of its STS.
    pub sts: String,
    /// A short name.
    pub alias: Option<String>,
    /// What the role is for; may be empty.
    pub description: String,
    /// The trust policy's text.
    pub trust_policy: String,
    /// The inline policies' texts by name.
    pub policies: BTreeMap<String, String>,
    /// The longest session.
    pub max_session_duration: Duration,
    /// Whether it is shown as production.
    pub production: bool,
    /// Whether a refused person learns the failing condition.
    pub explain: bool,
}

/// Reads every entry; no two roles may be taken for each other.
pub(super) fn read(entries: &[Reader<'_>], services: &Services) -> Vec<RoleConfig> {
    let (mut roles, mut places) = (Vec::new(), Vec::new());
    for entry in entries {
        let sts = match entry.is_given("sts") {
            true => entry.text("sts", |id| services.named(id)),
            false => services
                .only()
                .map_err(|fault| entry.refuse("sts", fault))
                .ok(),
        };
        if let Some(Named::Unavailable) = sts {
            // One plain refusal: its other keys are right, for a later version.
            entry.refuse("sts", "a remote STS is not available in this version");
            continue;
        }
        entry.refuse_unknown_keys(&[]);
        let sts = match sts {
            Some(Named::Embedded(sts)) => Some((sts.id.as_str(), sts.accounts.as_slice())),
            _ => None,
        };
        let Some(role) = role(entry, sts) else {
            continue;
        };
        refuse_twins(entry, &role, &roles);
        roles.push(role);
        places.push(entry);
    }
    // A name can be borrowed from a role that comes later in the file.
    for (entry, role) in places.into_iter().zip(&roles) {
        refuse_borrowed_name(entry, role, &roles, services);
    }
    roles
}

fn role(entry: &Reader<'_>, sts: Option<(&str, &[AccountConfig])>) -> Option<RoleConfig> {
    let arn = entry.text("arn", |text| {
        let arn = RoleArn::parse(text)?;
        match sts {
            Some((_, accounts)) if !accounts.iter().any(|account| account.id == arn.account) => {
                Err("the account is none of its [[sts]]".into())
            }
            _ => Ok((text.to_owned(), arn)),
        }
    });
    let alias = entry.text("alias", alias);
    let description = entry.text("description", description);
    let trust_policy = trust_policy(entry);
    let policies = policies(entry);
    let max_session_duration = entry.duration("max_session_duration", HOUR..=12 * HOUR);
    let (production, explain) = (entry.flag("production"), entry.flag("explain"));
    let (text, arn) = arn?;
    Some(RoleConfig {
        arn: text,
        account: arn.account,
        path: arn.path,
        name: arn.name,
        sts: sts.map(|(id, _)| id.to_owned()).unwrap_or_default(),
        alias,
        description: description?,
        // A stand-in where there was a problem: the twins of this role are still to be found.
        trust_policy: trust_policy.unwrap_or_default(),
        policies,
        max_session_duration: max_session_duration?,
        production,
        explain,
    })
}

/// An account has a role's name once, in any case and under any path, as IAM has it.
fn refuse_twins(entry: &Reader<'_>, role: &RoleConfig, others: &[RoleConfig]) {
    let twin = |other: &&RoleConfig| {
        other.account == role.account && other.name.eq_ignore_ascii_case(&role.name)
    };
    match others.iter().find(twin) {
        Some(other) if other.path != role.path => {
            entry.refuse("arn", "differs from another [[role]] only by its path");
        }
        Some(_) => entry.refuse("arn", "is already the arn of another [[role]]"),
        None => {}
    }
    let same = |alias: &String| {
        role.alias
            .as_ref()
            .is_some_and(|own| own.eq_ignore_ascii_case(alias))
    };
    if others
        .iter()
        .filter_map(|other| other.alias.as_ref())
        .any(same)
    {
        entry.refuse("alias", "is already the alias of another [[role]]");
    }
}

/// `dev/Developer` is what everybody calls the role Developer of the account dev; as the alias of
/// another role it would hand out that one instead.
fn refuse_borrowed_name(
    entry: &Reader<'_>,
    role: &RoleConfig,
    roles: &[RoleConfig],
    services: &Services,
) {
    let Some((account, name)) = role
        .alias
        .as_deref()
        .and_then(|alias| alias.split_once('/'))
    else {
        return;
    };
    let mut accounts = services.accounts();
    let Some(account) = accounts.find(|known| known.name.eq_ignore_ascii_case(account)) else {
        return;
    };
    let is_meant =
        |other: &&RoleConfig| other.account == account.id && other.name.eq_ignore_ascii_case(name);
    if roles
        .iter()
        .find(is_meant)
        .is_some_and(|meant| meant.arn != role.arn)
    {
        entry.refuse("alias", "is the account and name of another [[role]]");
    }
}

/// How a role may be named elsewhere in the file: by its ARN or its alias. Whether there is such a role is not asked, for
/// IAM makes some later.
pub(super) fn named(text: &str) -> Result<String, Fault> {
    match text.starts_with("arn:") {
        true => RoleArn::parse(text).map(|_| text.to_owned()),
        false => alias(text),
    }
}

/// `[\w+=,.@-]`, as IAM writes it; `\w` is ASCII there.
fn is_name_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte)
}

fn description(text: &str) -> Result<String, Fault> {
    // The characters of IAM's `roleDescriptionType`, which leaves out most controls.
    let odd = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    match text.chars().count() > 1000 || text.chars().any(odd) {
        true => Err("must be at most 1000 characters without control characters".into()),
        false => Ok(text.to_owned()),
    }
}

fn alias(text: &str) -> Result<String, Fault> {
    let fits = |byte: u8| is_name_character(byte) || byte == b'/';
    if !(1..=128).contains(&text.len()) || !text.bytes().all(fits) {
        return Err("must be 1 to 128 letters, digits and _+=,.@/-".into());
    }
    // It stands in paths of URLs, where clients drop such segments.
    if text
        .split('/')
        .any(|segment| matches!(segment, "" | "." | ".."))
    {
        return Err("must have no empty segments and none of dots".into());
    }
    Ok(text.to_owned())
}

//! What a role, user or group may do: its policies, each in sentences and as it is written.

use crate::app::App;
use crate::http::console::here::{Here, Missing, Refused};
use crate::http::console::sentences::{Said, pretty, said};
use crate::iam::Target;
use crate::policy::{DocumentKind, PolicyDocument};
use crate::store::inline_policies::PolicyOwner;

/// How a policy is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It is part of the owner.
    Inline,
    /// A managed policy, attached.
    Attached,
    /// The permissions boundary.
    Boundary,
}

impl Hold {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Hold::Inline => "inline",
            Hold::Attached => "attached",
            Hold::Boundary => "boundary",
        }
    }
}

/// A policy, for reading.
#[derive(Clone, Debug)]
pub struct PolicyShown {
    /// How it is held.
    pub hold: Hold,
    /// Its name, or its ARN.
    pub name: String,
    /// The page of a managed policy.
    pub href: Option<String>,
    /// As it is stored; `None` where the session may not read it.
    pub source: Option<String>,
    /// Why not.
    pub missing: Option<Missing>,
}

impl PolicyShown {
    /// Its statements in words; `None` for a text that is no policy.
    pub fn said(&self) -> Option<Vec<Said>> {
        said(self.source.as_deref()?, DocumentKind::Identity)
    }

    /// The document, indented.
    pub fn pretty(&self) -> String {
        self.source.as_deref().map(pretty).unwrap_or_default()
    }
}

/// All policies of one owner that the session may see.
#[derive(Clone, Debug)]
pub struct Permissions {
    /// The policies: inline, attached, boundary.
    pub policies: Vec<PolicyShown>,
    /// The lists that it may not see.
    pub missing: Vec<Missing>,
    /// Sessions are bounded by a policy.
    pub bounded: bool,
}

impl Permissions {
    /// Whether everything that decides is shown.
    pub fn complete(&self) -> bool {
        self.missing.is_empty() && self.policies.iter().all(|policy| policy.source.is_some())
    }

    /// Why not, for one thing.
    pub fn first_missing(&self) -> Option<&Missing> {
        let of_policies = self.policies.iter().filter_map(|p| p.missing.as_ref());
        self.missing.iter().chain(of_policies).next()
    }

    /// The documents that are held like this, parsed, under their names.
    pub fn parsed(&self, boundary: bool) -> Vec<(String, PolicyDocument)> {
        let held = self.policies.iter();
        let held = held.filter(|policy| (policy.hold == Hold::Boundary) == boundary);
        held.filter_map(|policy| {
            // What cannot be read might hold a Deny: then nothing at all is allowed.
            let text = policy.source.as_deref()?;
            let document = PolicyDocument::parse(text)
                .or_else(|_| PolicyDocument::parse(crate::store::cache::DENY_ALL));
            Some((policy.name.clone(), document.ok()?))
        })
        .collect()
    }
}

/// Whose permissions are looked at.
pub struct Owner<'a> {
    /// `Role`, `User` or `Group`, as the actions name it.
    pub noun: &'static str,
    /// Its unique id.
    pub owner: PolicyOwner,
    /// What the questions are about.
    pub target: Target<'a>,
    /// Its permissions boundary.
    pub boundary: Option<&'a str>,
}

/// Gathers what the session may see of an owner's policies.
pub async fn gather(app: &App, here: &Here, owner: &Owner<'_>) -> Result<Permissions, Refused> {
    let noun = owner.noun;
    let mut found = Permissions {
        policies: Vec::new(),
        missing: Vec::new(),
        bounded: owner.boundary.is_some(),
    };
    let ask = |action: String| {
        let target = owner.target.clone();
        async move { here.may(app, &action, target).await }
    };
    match ask(format!("iam:List{noun}Policies")).await? {
        Some(missing) => found.missing.push(missing),
        None => {
            let missing = ask(format!("iam:Get{noun}Policy")).await?;
            for policy in app.store.inline_policies(&owner.owner).await? {
                found.policies.push(PolicyShown {
                    hold: Hold::Inline,
                    name: policy.name,
                    href: None,
                    source: missing.is_none().then_some(policy.document),
                    missing: missing.clone(),
                });
            }
        }
    }
    match ask(format!("iam:ListAttached{noun}Policies")).await? {
        Some(missing) => found.missing.push(missing),
        None => {
            for policy in app.store.attached_policies(&owner.owner).await? {
                let shown = managed(app, here, Hold::Attached, &policy.arn, policy.document);
                found.policies.push(shown.await?);
            }
        }
    }
    if let Some(arn) = owner.boundary {
        let document = match app.store.managed_policy(arn).await? {
            Some((_, document)) => document,
            // A boundary that is gone bounds everything away.
            None => crate::store::cache::DENY_ALL.to_owned(),
        };
        let shown = managed(app, here, Hold::Boundary, arn, document).await?;
        found.policies.push(shown);
    }
    Ok(found)
}

async fn managed(
    app: &App,
    here: &Here,
    hold: Hold,
    arn: &str,
    document: String,
) -> Result<PolicyShown, Refused> {
    let missing = here
        .may(app, "iam:GetPolicyVersion", Target::of(arn))
        .await?;
    Ok(PolicyShown {
        hold,
        name: arn.to_owned(),
        href: Some(app.urls.console_policy(arn)),
        source: missing.is_none().then_some(document),
        missing,
    })
}

//! The form: whom the role is for, and what it is called.

use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::kind::{Field, KINDS, Kind, Need};
use super::who::Problems;
use super::{HOURS, POLICY};
use crate::app::App;
use crate::aws::arn;
use crate::http::console::here::{Frame, Here, Missing, Refused};
use crate::http::console::roles::duration;
use crate::http::form::Form;
use crate::http::page;
use crate::http::pages::Chrome;
use crate::iam::{PARTITION, Target};
use crate::store::managed_policies::ManagedPolicy;

/// A kind to choose.
#[derive(Clone, Debug)]
struct KindLink {
    label: &'static str,
    about: &'static str,
    href: String,
    current: bool,
}

/// A field with what stands in it.
#[derive(Clone, Debug)]
struct Filled {
    field: Field,
    value: String,
    problem: Option<String>,
    known: &'static str,
}

/// A managed policy to choose.
#[derive(Clone, Debug)]
struct Choice {
    field: String,
    name: String,
    about: String,
    chosen: bool,
}

/// The form.
#[derive(Clone, Debug, Template)]
#[template(path = "console_new_role.html")]
struct FormPage {
    chrome: Chrome,
    frame: Frame,
    kinds: Vec<KindLink>,
    kind: Option<Kind>,
    fields: Vec<Filled>,
    role: Vec<Filled>,
    hours: Vec<(i64, String, bool)>,
    policies: Vec<Choice>,
    policies_missing: Option<Missing>,
    policies_problem: Option<String>,
    /// Issuers that the account knows, to choose from.
    issuers: Vec<String>,
    wrong: usize,
}

pub(super) async fn page(
    app: &App,
    here: &Here,
    kind: Option<Kind>,
    form: &Form,
    problems: Problems,
) -> Result<Response, Refused> {
    let problem = |name: &str| {
        let found = problems.iter().find(|(field, _)| *field == name);
        found.map(|(_, problem)| problem.clone())
    };
    let fill = |field: &Field| {
        // What was sent back empty stays empty.
        let initial = if problems.is_empty() {
            field.initial
        } else {
            ""
        };
        Filled {
            value: form.get(field.name).unwrap_or(initial).to_owned(),
            problem: problem(field.name),
            known: if field.name == "issuer" {
                "issuers"
            } else {
                ""
            },
            field: field.clone(),
        }
    };
    let kinds = KINDS.iter().map(|known| KindLink {
        label: known.label(),
        about: known.about(),
        href: format!("/console/roles/new?for={}", known.name()),
        current: Some(*known) == kind,
    });
    let hours = form.get("hours").and_then(|hours| hours.parse().ok());
    let hours = hours.unwrap_or(1);
    let (policies, policies_missing) = choices(app, here, form).await?;
    let all = arn::iam(PARTITION, here.account(), "oidc-provider", "/", "*");
    let action = "iam:ListOpenIDConnectProviders";
    let issuers = match here.may(app, action, Target::of(&all)).await? {
        None => app.store.oidc_providers(here.account()).await?,
        Some(_) => Vec::new(),
    };
    let (chrome, frame) = here.around(app, "Create a role");
    let page = FormPage {
        chrome,
        frame,
        kinds: kinds.collect(),
        kind,
        fields: kind
            .map_or(&[][..], Kind::fields)
            .iter()
            .map(fill)
            .collect(),
        role: ROLE.iter().map(fill).collect(),
        hours: HOURS
            .iter()
            .map(|choice| (*choice, duration(choice * 3600), *choice == hours))
            .collect(),
        policies,
        policies_missing,
        policies_problem: problem("policies"),
        issuers: issuers.into_iter().map(|known| known.url).collect(),
        wrong: problems.len(),
    };
    let status = match problems.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::BAD_REQUEST,
    };
    Ok(page::html(status, page))
}

/// What every role has.
pub(super) const ROLE: [Field; 2] = [
    Field {
        name: "name",
        label: "Name",
        hint: "",
        example: "Deploy",
        initial: "",
        choices: &[],
        need: Need::Always,
    },
    Field {
        name: "description",
        label: "What it is for",
        hint: "People read it in the list of their roles.",
        example: "Deploys the app from its main branch",
        initial: "",
        choices: &[],
        need: Need::Never,
    },
];

/// The managed policies that the session may see.
async fn choices(
    app: &App,
    here: &Here,
    form: &Form,
) -> Result<(Vec<Choice>, Option<Missing>), Refused> {
    let every = arn::iam(PARTITION, here.account(), "policy", "/", "");
    let missing = here.may(app, "iam:ListPolicies", Target::of(&every));
    if let Some(missing) = missing.await? {
        return Ok((Vec::new(), Some(missing)));
    }
    let mut policies = app.store.managed_policies(here.account()).await?;
    policies.extend(app.store.managed_policies("aws").await?);
    let choice = |policy: ManagedPolicy| {
        let field = format!("{POLICY}{}", policy.arn);
        Choice {
            chosen: form.get(&field).is_some_and(|value| !value.is_empty()),
            field,
            name: policy.name,
            about: policy.description,
        }
    };
    Ok((policies.into_iter().map(choice).collect(), None))
}

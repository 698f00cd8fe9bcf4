//! `/console/roles/new`: a role for people or jobs that somebody else vouches for, in three steps. Whom it is for; what
//! that comes to, as a trust policy, as commands and as Terraform; and only then the role itself, made by the very
//! operations that the API has.

pub mod kind;
pub mod recipe;
pub mod who;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use self::kind::{Field, KINDS, Kind, Need};
use self::recipe::{Recipe, audience_command, provider_command};
use self::who::{Problems, Provider, Who};
use crate::app::App;
use crate::aws::arn;
use crate::aws::constraints::ENTITY_NAME;
use crate::http::console::api;
use crate::http::console::here::{Frame, Here, Made, Missing, Refused, Section};
use crate::http::console::roles::duration;
use crate::http::console::sentences::{Piece, Said, said};
use crate::http::form::{Form, Link};
use crate::http::layers::Peer;
use crate::http::page;
use crate::http::pages::Chrome;
use crate::iam::{PARTITION, Target, trust};
use crate::policy::DocumentKind;
use crate::store::managed_policies::ManagedPolicy;

/// Most managed policies of a role.
const MOST_POLICIES: usize = 10;
/// How the fields of chosen policies begin; the ARN follows.
const POLICY: &str = "policy:";
/// The longest sessions to choose from, in hours.
const HOURS: [i64; 5] = [1, 2, 4, 8, 12];

/// `GET /console/roles/new`: the form, or with everything filled in the preview.
pub async fn ask(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    link: Link,
) -> Response {
    match Here::enter(&app, &headers, peer, Section::Roles, "PreviewRole").await {
        Ok(here) => {
            let made = ask_page(&app, &here, &link.0).await;
            here.answer(&app, made).await
        }
        Err(ended) => ended,
    }
}

async fn ask_page(app: &App, here: &Here, form: &Form) -> Made {
    let some = arn::role(PARTITION, here.account(), "/", "*");
    here.must(app, "iam:CreateRole", Target::of(&some)).await?;
    let Some(kind) = form.get("for").and_then(Kind::named) else {
        return form_page(app, here, None, form, Vec::new()).await;
    };
    if form.get("step") != Some("preview") {
        return form_page(app, here, Some(kind), form, Vec::new()).await;
    }
    match read(app, here, kind, form).await? {
        Ok(wanted) => preview_page(app, here, kind, form, &wanted).await,
        Err(problems) => form_page(app, here, Some(kind), form, problems).await,
    }
}

/// A role that somebody wants.
struct Wanted {
    who: Who,
    trust: Value,
    name: String,
    description: String,
    seconds: i64,
    policies: Vec<String>,
}

/// Reads the whole form; the outer result is the store's trouble, the inner one the form's.
async fn read(
    app: &App,
    here: &Here,
    kind: Kind,
    form: &Form,
) -> Result<Result<Wanted, Problems>, Refused> {
    let known = app.store.oidc_providers(here.account()).await?;
    let audience_of = |issuer: &str| {
        let known = known.iter().find(|known| known.url == issuer);
        let known = known.and_then(|known| known.client_ids.first().cloned());
        known.unwrap_or_else(|| app.urls.origin().to_owned())
    };
    let mut problems = Problems::new();
    let who = Who::read(kind, form, audience_of).map_err(|wrong| problems.extend(wrong));
    let name = form.get("name").unwrap_or_default().trim().to_owned();
    let letters = name.chars().all(ENTITY_NAME.admits);
    if name.is_empty() || name.chars().count() > 64 || !letters {
        let words = "Up to 64 letters, digits and any of + = , . @ - _.";
        problems.push(("name", words.to_owned()));
    }
    let description = form.get("description").unwrap_or_default().trim();
    if description.chars().count() > 1000 {
        problems.push(("description", "At most 1000 characters.".to_owned()));
    }
    let hours = form.get("hours").and_then(|hours| hours.parse().ok());
    let hours = hours.filter(|hours| HOURS.contains(hours)).unwrap_or(1);
    let chosen = form.iter().filter(|(_, value)| !value.is_empty());
    let policies = chosen.filter_map(|(name, _)| name.strip_prefix(POLICY));
    let policies: Vec<String> = policies.map(str::to_owned).collect();
    if policies.len() > MOST_POLICIES {
        problems.push(("policies", format!("At most {MOST_POLICIES} of them.")));
    }
    let Ok(who) = who else {
        return Ok(Err(problems));
    };
    if !problems.is_empty() {
        return Ok(Err(problems));
    }
    Ok(Ok(Wanted {
        trust: who.trust(here.account()),
        who,
        name,
        description: description.to_owned(),
        seconds: hours * 3600,
        policies,
    }))
}

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

async fn form_page(
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
const ROLE: [Field; 2] = [
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

/// Something that has to be done before the role works, with the command that does it.
#[derive(Clone, Debug)]
struct Todo {
    what: String,
    command: String,
}

/// What would be made.
#[derive(Clone, Debug, Template)]
#[template(path = "console_new_role_preview.html")]
struct PreviewPage {
    chrome: Chrome,
    frame: Frame,
    name: String,
    arn: String,
    description: String,
    longest: String,
    policies: Vec<String>,
    who: Option<Vec<Said>>,
    trust: String,
    /// What the API would refuse.
    refused: Option<String>,
    lacking: Vec<Missing>,
    todo: Option<Todo>,
    commands: String,
    terraform: String,
    fields: Vec<(String, String)>,
    change_href: String,
}

impl PreviewPage {
    /// Whether nothing is to be said against the trust policy.
    fn sound(&self) -> bool {
        let mut said = self.who.iter().flatten();
        self.refused.is_none() && said.all(|statement| statement.notes.is_empty())
    }
}

async fn preview_page(app: &App, here: &Here, kind: Kind, form: &Form, wanted: &Wanted) -> Made {
    let arn = arn::role(PARTITION, here.account(), "/", &wanted.name);
    let text = wanted.trust.to_string();
    let refused = match trust::check(&app.store, &text).await {
        Ok(_) => None,
        Err(denial) if denial.error.status == 503 => return Err(denial.into()),
        Err(denial) => Some(denial.error.message.to_string()),
    };
    let taken = app.store.role_by_name(here.account(), &wanted.name).await?;
    let taken = taken.map(|role| format!("Role with name {} already exists.", role.name));
    let (provider, todo) = todo(app, here, &wanted.who).await?;
    let audience = wanted.who.audience.as_deref();
    let recipe = Recipe {
        endpoint: app.urls.origin(),
        name: &wanted.name,
        description: &wanted.description,
        seconds: wanted.seconds,
        trust: &wanted.trust,
        policies: &wanted.policies,
        provider: provider.then_some((&wanted.who.provider, audience)),
    };
    let fields = fields(kind, form);
    let change_href = format!("/console/roles/new?{}", encoded(&fields));
    let (chrome, frame) = here.around(app, &format!("Create {}?", wanted.name));
    let page = PreviewPage {
        chrome,
        frame,
        lacking: lacking(app, here, wanted, &arn).await?,
        arn,
        name: wanted.name.clone(),
        description: wanted.description.clone(),
        longest: duration(wanted.seconds),
        policies: wanted.policies.clone(),
        who: said(&text, DocumentKind::Trust),
        trust: format!("{:#}", wanted.trust),
        refused: refused.or(taken),
        todo,
        commands: recipe.commands(),
        terraform: recipe.terraform(),
        change_href,
        fields,
    };
    Ok(page::html(StatusCode::OK, page))
}

/// The fields of the form that count, to be sent once more.
fn fields(kind: Kind, form: &Form) -> Vec<(String, String)> {
    let known = kind.fields().iter().chain(&ROLE).map(|field| field.name);
    let known: Vec<&str> = known.chain(["for", "hours"]).collect();
    let counts = |name: &str| known.contains(&name) || name.starts_with(POLICY);
    let given = form.iter().filter(|(name, _)| counts(name));
    given
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn encoded(fields: &[(String, String)]) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(fields);
    text.finish()
}

/// What the session lacks to make the role.
async fn lacking(
    app: &App,
    here: &Here,
    wanted: &Wanted,
    arn: &str,
) -> Result<Vec<Missing>, Refused> {
    let mut lacking = Vec::new();
    lacking.extend(here.may(app, "iam:CreateRole", Target::of(arn)).await?);
    for policy in &wanted.policies {
        let keys = [("iam:PolicyARN", policy.as_str())];
        let target = Target {
            keys: &keys,
            ..Target::of(arn)
        };
        lacking.extend(here.may(app, "iam:AttachRolePolicy", target).await?);
    }
    Ok(lacking)
}

/// Whether the provider is missing, and what has to be done about it.
async fn todo(app: &App, here: &Here, who: &Who) -> Result<(bool, Option<Todo>), Refused> {
    let arn = who.provider.arn(here.account());
    let audience = who.audience.as_deref();
    let there = match &who.provider {
        Provider::Oidc { .. } => match (app.store.oidc_provider(&arn).await?, audience) {
            (Some(known), Some(audience)) => {
                let knows = known.client_ids.iter().any(|id| id == audience);
                let todo = (!knows).then(|| Todo {
                    what: format!("The provider does not know the audience {audience} yet."),
                    command: audience_command(&arn, audience),
                });
                return Ok((false, todo));
            }
            (known, _) => known.is_some(),
        },
        Provider::Saml { .. } => app.store.saml_provider(&arn).await?.is_some(),
    };
    let missing = || Todo {
        what: "The account does not have this provider yet.".to_owned(),
        command: provider_command(&who.provider, audience),
    };
    Ok((!there, (!there).then(missing)))
}

/// `POST /console/roles`: makes the role, and attaches its policies.
pub async fn make(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    form: Form,
) -> Response {
    let mut here = match Here::enter(&app, &headers, peer, Section::Roles, "CreateRole").await {
        Ok(here) => here,
        Err(ended) => return ended,
    };
    let wanted = match create(&app, &mut here, &headers, &form).await {
        Ok(Ok(wanted)) => wanted,
        Ok(Err(page)) => return here.answer(&app, Ok(page)).await,
        Err(refused) => return here.answer(&app, Err(refused)).await,
    };
    let caller = here.caller.clone();
    let page = app.urls.console_role(&wanted.name);
    let made = Redirect::to(&format!("{page}?done=created")).into_response();
    let made = here.answer(&app, Ok(made)).await;
    if made.status() != StatusCode::SEE_OTHER {
        return made;
    }
    for policy in &wanted.policies {
        let params = [("RoleName", wanted.name.as_str()), ("PolicyArn", policy)];
        let attached = api::run_apart(&app, &headers, peer, &caller, "AttachRolePolicy", &params);
        if let Err(error) = attached.await {
            tracing::warn!(%error.message, policy, "a policy was not attached to a new role");
            return Redirect::to(&format!("{page}?done=created-in-part")).into_response();
        }
    }
    made
}

/// Makes the role; the inner error is the page that says what is wrong with the form.
async fn create(
    app: &App,
    here: &mut Here,
    headers: &HeaderMap,
    form: &Form,
) -> Result<Result<Wanted, Response>, Refused> {
    here.writes();
    here.genuine(app, headers, form)?;
    let some = arn::role(PARTITION, here.account(), "/", "*");
    here.must(app, "iam:CreateRole", Target::of(&some)).await?;
    let Some(kind) = form.get("for").and_then(Kind::named) else {
        return Err(Refused::Absent(
            "The form does not say whom the role is for.".to_owned(),
        ));
    };
    let wanted = match read(app, here, kind, form).await? {
        Ok(wanted) => wanted,
        Err(problems) => {
            let page = form_page(app, here, Some(kind), form, problems).await?;
            return Ok(Err(page));
        }
    };
    let arn = arn::role(PARTITION, here.account(), "/", &wanted.name);
    // Nothing half-made: what cannot be attached afterwards is refused before.
    if let Some(missing) = lacking(app, here, &wanted, &arn).await?.into_iter().next() {
        return Err(Refused::Missing(missing));
    }
    for arn in &wanted.policies {
        let found = app.store.managed_policy(arn).await?;
        let usable = |policy: &ManagedPolicy| [here.account(), "aws"].contains(&&*policy.account);
        if !found.is_some_and(|(policy, _)| usable(&policy)) {
            return Err(Refused::Absent(format!("Policy {arn} was not found.")));
        }
    }
    let (trust, seconds) = (format!("{:#}", wanted.trust), wanted.seconds.to_string());
    let mut params = vec![
        ("RoleName", wanted.name.as_str()),
        ("AssumeRolePolicyDocument", &trust),
        ("MaxSessionDuration", &seconds),
    ];
    if !wanted.description.is_empty() {
        params.push(("Description", &wanted.description));
    }
    api::run(app, here, "CreateRole", &params).await?;
    Ok(Ok(wanted))
}

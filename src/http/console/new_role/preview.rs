//! The preview: what the form comes to, before anything is made.

use askama::Template;
use http::StatusCode;

use super::form::ROLE;
use super::kind::Kind;
use super::recipe::{Recipe, audience_command, provider_command};
use super::who::{Provider, Who};
use super::{POLICY, Wanted, lacking};
use crate::app::App;
use crate::aws::arn;
use crate::http::console::here::{Frame, Here, Made, Missing, Refused};
use crate::http::console::roles::duration;
use crate::http::console::sentences::{Piece, Said, said};
use crate::http::form::Form;
use crate::http::page;
use crate::http::pages::Chrome;
use crate::iam::{PARTITION, trust};
use crate::policy::DocumentKind;

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

pub(super) async fn page(app: &App, here: &Here, kind: Kind, form: &Form, wanted: &Wanted) -> Made {
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

//! `/console/sessions`: cutting off sessions that fell into wrong hands; and what was cut off before.
//!
//! Every cut is asked about once more on a page of its own, so that a link can lead there and does nothing.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode};
use serde_json::json;

use crate::access::Denial;
use crate::app::App;
use crate::aws::error::AwsError;
use crate::aws::ids::AccountId;
use crate::http::console::here::{Frame, Here, Made, Missing, Refused, Section};
use crate::http::form::{Form, Link};
use crate::http::layers::Peer;
use crate::http::page;
use crate::http::pages::{Chrome, Time};
use crate::http::web_session::moment;
use crate::iam::cut_off::{self, CutOff};
use crate::iam::{self, Target};
use crate::store::revocations::{Revocation, RevocationKind};

/// What a cut is about, as forms name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Session,
    Principal,
    Role,
    Subject,
    Idp,
}

const KINDS: [Kind; 5] = [
    Kind::Session,
    Kind::Principal,
    Kind::Role,
    Kind::Subject,
    Kind::Idp,
];

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Session => "session",
            Kind::Principal => "principal",
            Kind::Role => "role",
            Kind::Subject => "subject",
            Kind::Idp => "idp",
        }
    }

    /// What it cuts off, as a heading.
    fn heading(self) -> &'static str {
        match self {
            Kind::Session => "One session",
            Kind::Principal => "One principal",
            Kind::Role => "One role",
            Kind::Subject => "One person or job",
            Kind::Idp => "One identity provider",
        }
    }

    /// Whether it is about every account.
    fn reaches_all(self) -> bool {
        matches!(self, Kind::Subject | Kind::Idp)
    }

    /// What it cuts off, as a sentence.
    fn about(self) -> &'static str {
        match self {
            Kind::Session => "The credentials with this access key id, and nothing else.",
            Kind::Principal => {
                "The sessions of a user, or every session of a role under one session name. Access keys stay; switch those off."
            }
            Kind::Role => "Every session of the role, whoever took it.",
            Kind::Subject => {
                "Whatever rests on what an issuer said about one subject: sessions of every account, and the sign-in itself."
            }
            Kind::Idp => {
                "Whatever rests on what a provider said, about anybody: sessions of every account, and all sign-ins."
            }
        }
    }

    /// The fields that say what: name, label, example.
    fn fields(self) -> &'static [(&'static str, &'static str, &'static str)] {
        match self {
            Kind::Session => &[("id", "Access key id", "ASIA...")],
            Kind::Principal => &[(
                "id",
                "ARN of the user or of the session",
                "arn:aws:sts::111111111111:assumed-role/Developer/ann@example.com",
            )],
            Kind::Role => &[(
                "id",
                "ARN of the role",
                "arn:aws:iam::111111111111:role/Developer",
            )],
            Kind::Subject => &[
                ("issuer", "Issuer", "https://example.okta.com"),
                ("id", "Subject (sub)", "00u1a2b3c4"),
            ],
            Kind::Idp => &[(
                "id",
                "Issuer, or ARN of the provider",
                "https://example.okta.com",
            )],
        }
    }

    fn cut<'a>(self, form: &'a Form) -> CutOff<'a> {
        let field = |name| form.get(name).unwrap_or_default().trim();
        match self {
            Kind::Session => CutOff::Session(field("id")),
            Kind::Principal => CutOff::Principal(field("id")),
            Kind::Role => CutOff::Role(field("id")),
            Kind::Subject => CutOff::Subject {
                issuer: field("issuer"),
                subject: field("id"),
            },
            Kind::Idp => CutOff::Idp(field("id")),
        }
    }
}

/// The kind that a form names, where all its fields are there.
fn asked(form: &Form) -> Option<Kind> {
    let named = form.get("kind")?;
    let kind = KINDS.into_iter().find(|kind| kind.name() == named)?;
    let filled = |name: &str| form.get(name).is_some_and(|text| !text.trim().is_empty());
    let whole = kind.fields().iter().all(|(name, ..)| filled(name));
    whole.then_some(kind)
}

/// `GET /console/sessions`: the forms; or, for a form that was filled in, the question whether it is meant.
pub async fn ask(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    link: Link,
) -> Response {
    match Here::enter(&app, &headers, peer, Section::Sessions, "ListCutOffs").await {
        Ok(mut here) => {
            here.call.event.set("eventSource", json!("drawbridge"));
            let made = match asked(&link.0) {
                Some(kind) => Ok(sure_page(&app, &here, kind, &link.0)),
                None => forms_page(&app, &here, &link).await,
            };
            here.answer(&app, made).await
        }
        Err(ended) => ended,
    }
}

/// A form of the page.
#[derive(Clone, Debug)]
struct CutForm {
    kind: &'static str,
    heading: &'static str,
    about: &'static str,
    fields: Vec<(&'static str, &'static str, &'static str)>,
}

/// A cut that was made.
#[derive(Clone, Debug)]
struct CutRow {
    kind: &'static str,
    id: String,
    by: String,
    at: Time,
}

/// The forms, and the cuts so far.
#[derive(Clone, Debug, Template)]
#[template(path = "console_sessions.html")]
struct SessionsPage {
    chrome: Chrome,
    frame: Frame,
    forms: Vec<CutForm>,
    cuts: Vec<CutRow>,
    cuts_missing: Option<Missing>,
    done: bool,
}

async fn forms_page(app: &App, here: &Here, link: &Link) -> Made {
    let cuts_missing = here.may(app, cut_off::ACTION, Target::of("*")).await?;
    let cuts = match cuts_missing {
        None => app.store.revocations().await?,
        Some(_) => Vec::new(),
    };
    let cuts = cuts.into_iter().filter(|cut| concerns(cut, here.account()));
    let mut rows = Vec::new();
    for mut cut in cuts {
        if is_user(&cut.id) {
            // By the name that it has now, while there is one.
            let arn = app.store.principal_arn(&cut.id).await?;
            cut.id = arn.unwrap_or(cut.id);
            rows.push(CutRow {
                kind: "principal",
                ..row(cut)
            });
        } else {
            rows.push(row(cut));
        }
    }
    let (chrome, frame) = here.around(app, "Sessions");
    let over_all = app.iam.stands_over_all(here.account());
    let kinds = KINDS.into_iter();
    let kinds = kinds.filter(|kind| over_all || !kind.reaches_all());
    let forms = kinds.map(|kind| CutForm {
        kind: kind.name(),
        heading: kind.heading(),
        about: kind.about(),
        fields: kind.fields().to_vec(),
    });
    let page = SessionsPage {
        chrome,
        frame,
        forms: forms.collect(),
        cuts: rows,
        cuts_missing,
        done: link.get("done").is_some(),
    };
    Ok(page::html(StatusCode::OK, page))
}

/// Whether a cut is about this account, or about every one.
fn concerns(cut: &Revocation, account: &str) -> bool {
    let of_arn = |arn: &str| arn.split(':').nth(4) == Some(account);
    match cut.kind {
        RevocationKind::Session => {
            AccountId::of_id(&cut.id).is_some_and(|of| of.to_string() == account)
        }
        RevocationKind::Principal if is_user(&cut.id) => {
            AccountId::of_id(&cut.id).is_some_and(|of| of.to_string() == account)
        }
        _ => !cut.id.starts_with("arn:") || of_arn(&cut.id),
    }
}

/// Whether a cut goes by the unique id of a user. In that of a person or job there is a space.
fn is_user(id: &str) -> bool {
    id.starts_with("AIDA") && !id.contains(' ')
}

fn row(cut: Revocation) -> CutRow {
    CutRow {
        kind: match cut.kind {
            RevocationKind::Session => "session",
            RevocationKind::Principal if !cut.id.starts_with("arn:") && !is_user(&cut.id) => {
                "person or job"
            }
            RevocationKind::Principal => "principal",
            RevocationKind::Role => "role",
            RevocationKind::Idp => "identity provider",
        },
        id: cut.id,
        by: cut.revoked_by,
        at: moment(cut.revoked_at),
    }
}

/// The question whether a cut is meant.
#[derive(Clone, Debug, Template)]
#[template(path = "console_cut_off.html")]
struct SurePage {
    chrome: Chrome,
    frame: Frame,
    kind: &'static str,
    heading: &'static str,
    about: &'static str,
    /// Label, name in the form, and value of each field.
    fields: Vec<(&'static str, &'static str, String)>,
}

fn sure_page(app: &App, here: &Here, kind: Kind, form: &Form) -> Response {
    let (chrome, frame) = here.around(app, "Cut off?");
    let fields = kind.fields().iter().map(|(name, label, _)| {
        let value = form.get(name).unwrap_or_default().trim();
        (*label, *name, value.to_owned())
    });
    let page = SurePage {
        chrome,
        frame,
        kind: kind.name(),
        heading: kind.heading(),
        about: kind.about(),
        fields: fields.collect(),
    };
    page::html(StatusCode::OK, page)
}

/// `POST /console/sessions`: cuts off.
pub async fn cut(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    form: Form,
) -> Response {
    match Here::enter(&app, &headers, peer, Section::Sessions, "CutOff").await {
        Ok(mut here) => {
            let made = cut_page(&app, &mut here, &headers, &form).await;
            here.answer(&app, made).await
        }
        Err(ended) => ended,
    }
}

async fn cut_page(app: &App, here: &mut Here, headers: &HeaderMap, form: &Form) -> Made {
    here.writes();
    here.call.event.set("eventSource", json!("drawbridge"));
    here.genuine(app, headers, form)?;
    iam::may_use(&here.caller).map_err(Denial::from)?;
    let Some(kind) = asked(form) else {
        return Err(Refused::Absent(
            "The form does not say what to cut off.".to_owned(),
        ));
    };
    // A trail that takes no events must stop a change before it is made.
    app.audit.flush().await.map_err(|error| {
        tracing::error!(%error, "nothing is cut off without a trace");
        Denial::from(AwsError::unavailable())
    })?;
    let Here { call, caller, .. } = here;
    let cut = app.iam.cut_off(call, caller, kind.cut(form)).await?;
    here.elements = json!({ "issuedBefore": cut.issued_before });
    Ok(Redirect::to("/console/sessions?done=cut-off").into_response())
}

//! `/ci/*`: a CI platform whose jobs get tokens of GitHub's shape.
//!
//! GitHub gives them at `ACTIONS_ID_TOKEN_REQUEST_URL` to a job that shows its request token; here everybody on
//! this machine is a job, of whichever repository they like. The claims and the forms of `sub` are those of
//! GitHub's reference for OpenID Connect in Actions, and as there all values but times are strings.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::DemoIdp;
use super::answer;
use super::params::Params;
use crate::clock::{random_bytes, uuid_v4};

/// How long a job token lives.
const LIFETIME: i64 = 600;

/// What a job is, as it asks.
struct Job<'a> {
    owner: &'a str,
    repository: &'a str,
    reference: &'a str,
    audience: &'a str,
    environment: Option<&'a str>,
    actor: &'a str,
    ec: bool,
}

/// `GET /ci/token?repository=&ref=&audience=&environment=&actor=&alg=`, all of them optional.
pub(super) async fn token(State(idp): State<DemoIdp>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let params = match Params::parse(query.as_bytes()) {
        Ok(params) => params,
        Err(repeated) => return refuse(format!("the parameter {} is repeated", repeated.0)),
    };
    let job = match Job::read(&params, &idp.shared.broker_url) {
        Ok(job) => job,
        Err(why) => return refuse(why.to_owned()),
    };
    let key = if job.ec {
        &idp.shared.keys.ci_ec
    } else {
        &idp.shared.keys.ci_rsa
    };
    match key.sign(&job.claims(&idp)) {
        Ok(token) => answer::json(StatusCode::OK, &json!({ "value": token })),
        Err(error) => {
            tracing::error!(%error, "a job token could not be signed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

impl<'a> Job<'a> {
    fn read(params: &'a Params, broker: &'a str) -> Result<Job<'a>, &'static str> {
        let repository = params.get("repository").unwrap_or("acme/app");
        let (owner, name) = repository
            .split_once('/')
            .ok_or("repository is not of the form owner/name")?;
        let good = |text: &str, more: &str, most: usize| {
            (1..=most).contains(&text.len())
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        if !good(owner, "-_.", 100) || !good(name, "-_.", 100) {
            return Err("repository is not of the form owner/name");
        }
        let reference = params.get("ref").unwrap_or("refs/heads/main");
        let short = ["refs/heads/", "refs/tags/", "refs/pull/"]
            .iter()
            .find_map(|kind| reference.strip_prefix(kind))
            .ok_or("ref does not begin with refs/heads/, refs/tags/ or refs/pull/")?;
        let odd = short.contains("..") || short.contains("//") || short.ends_with('/');
        if !good(short, "-_./@+#", 200) || odd || short.starts_with('/') {
            return Err("ref is not a well-formed Git reference");
        }
        let audience = params.get("audience").unwrap_or(broker);
        let visible = audience.bytes().all(|b| b.is_ascii_graphic());
        if !visible || !(1..=255).contains(&audience.len()) {
            return Err("audience is 1 to 255 visible ASCII characters");
        }
        let environment = params.get("environment");
        if environment.is_some_and(|environment| !good(environment, "-_. ", 255)) {
            return Err("environment has characters that are not taken here");
        }
        let actor = params.get("actor").unwrap_or("ann");
        if !good(actor, "-_.[]", 100) {
            return Err("actor is not a well-formed login name");
        }
        let ec = match params.get("alg") {
            None | Some("RS256") => false,
            Some("ES256") => true,
            Some(_) => return Err("alg is RS256 or ES256"),
        };
        Ok(Job {
            owner,
            repository,
            reference,
            audience,
            environment,
            actor,
            ec,
        })
    }

    fn claims(&self, idp: &DemoIdp) -> Value {
        let Job {
            owner,
            repository,
            reference,
            ..
        } = self;
        let now = idp.unix();
        let random = &*idp.shared.random;
        let pull_request = reference.starts_with("refs/pull/");
        // The environment goes before the pull request, and that before the ref.
        let subject = match self.environment {
            Some(environment) => format!("repo:{repository}:environment:{environment}"),
            None if pull_request => format!("repo:{repository}:pull_request"),
            None => format!("repo:{repository}:ref:{reference}"),
        };
        let workflow = format!("{repository}/.github/workflows/deploy.yml@{reference}");
        let sha = digest(&format!("{repository} {reference}"));
        let run = u32::from_be_bytes(random_bytes(random));
        let mut claims = json!({
            "jti": uuid_v4(random).to_string(),
            "sub": subject,
            "aud": self.audience,
            "ref": reference,
            "sha": sha,
            "repository": repository,
            "repository_owner": owner,
            "repository_owner_id": number(owner),
            "run_id": (10_000_000_000 + u64::from(run)).to_string(),
            "run_number": "1",
            "run_attempt": "1",
            "repository_visibility": "private",
            "repository_id": number(repository),
            "actor_id": number(self.actor),
            "actor": self.actor,
            "workflow": "deploy",
            "head_ref": if pull_request { "feature" } else { "" },
            "base_ref": if pull_request { "main" } else { "" },
            "event_name": if pull_request { "pull_request" } else { "push" },
            "ref_protected": if *reference == "refs/heads/main" { "true" } else { "false" },
            "ref_type": if reference.starts_with("refs/tags/") { "tag" } else { "branch" },
            "workflow_ref": workflow,
            "workflow_sha": sha,
            "job_workflow_ref": workflow,
            "job_workflow_sha": sha,
            "runner_environment": "github-hosted",
            "iss": idp.ci_issuer(),
            "nbf": now,
            "exp": now + LIFETIME,
            "iat": now,
        });
        if let Some(environment) = self.environment {
            claims["environment"] = environment.into();
        }
        claims
    }
}

/// Forty hex digits, as a commit has.
fn digest(text: &str) -> String {
    let hash = Sha256::digest(text);
    hash.iter()
        .take(20)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A number that is always the same for the same name.
fn number(name: &str) -> String {
    let hash = Sha256::digest(name);
    let digits = hash
        .iter()
        .take(4)
        .fold(0_u64, |sum, byte| sum * 256 + u64::from(*byte));
    (100_000 + digits % 900_000_000).to_string()
}

fn refuse(why: String) -> Response {
    let body = json!({"error": "invalid_request", "error_description": why});
    answer::json(StatusCode::BAD_REQUEST, &body)
}

/// `GET /ci/.well-known/openid-configuration`.
pub(super) async fn document(State(idp): State<DemoIdp>) -> Response {
    let issuer = idp.ci_issuer();
    answer::public(&json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/jwks"),
        "subject_types_supported": ["public", "pairwise"],
        "response_types_supported": ["id_token"],
        "claims_supported": [
            "sub", "aud", "exp", "iat", "iss", "jti", "nbf", "ref", "sha", "repository", "repository_id",
            "repository_owner", "repository_owner_id", "repository_visibility", "run_id", "run_number",
            "run_attempt", "actor", "actor_id", "workflow", "workflow_ref", "workflow_sha", "head_ref", "base_ref",
            "event_name", "ref_type", "ref_protected", "environment", "job_workflow_ref", "job_workflow_sha",
            "runner_environment",
        ],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "scopes_supported": ["openid"],
    }))
}

/// `GET /ci/jwks`.
pub(super) async fn keys(State(idp): State<DemoIdp>) -> Response {
    let keys = &idp.shared.keys;
    answer::public(&json!({"keys": [keys.ci_rsa.jwk(), keys.ci_ec.jwk()]}))
}

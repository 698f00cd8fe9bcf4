//! What the demo says: its first screen for people, `demo.json` for scripts.

use serde_json::{Value, json};

use crate::aws::arn;
use crate::demo::{Demo, seed};

/// The facts of a running demo, as `demo.json` has them.
pub fn facts(demo: &Demo) -> Value {
    let url = demo.app.urls.origin();
    let (acme, ci) = (
        format!("{}/acme", demo.idp_url),
        format!("{}/ci", demo.idp_url),
    );
    let accounts = demo.app.config.stss.iter().flat_map(|sts| &sts.accounts);
    let accounts: Vec<Value> = accounts
        .map(|account| {
            let key = demo.root_keys.iter().find(|key| key.account == account.id);
            json!({
                "id": account.id,
                "name": account.name,
                "root": key.map(|key| json!({
                    "access_key_id": key.access_key_id,
                    "secret_access_key": key.secret_access_key.expose(),
                })),
            })
        })
        .collect();
    let roles: Vec<Value> = seed::roles(&acme, &ci, url)
        .iter()
        .map(|role| json!({ "arn": role.arn(), "alias": role.called(), "for": role.audience }))
        .collect();
    let users: Vec<Value> = seed::PEOPLE
        .iter()
        .map(|(name, _, groups)| json!({ "name": name, "password": name, "groups": groups }))
        .collect();
    json!({
        "url": url,
        "s3_url": null,
        "idp_url": demo.idp_url,
        "oidc_issuer": acme,
        "saml_metadata_url": format!("{}/contoso/metadata", demo.idp_url),
        "ci_issuer": ci,
        "accounts": accounts,
        "roles": roles,
        "users": users,
    })
}

/// The first screen. Every line of it works when pasted, with nothing but `curl` and the AWS CLI. The
/// endpoint stands in each `aws` line because older versions of the CLI read it from nowhere else.
pub fn first_screen(demo: &Demo, facts_path: &str) -> String {
    let (url, idp) = (demo.app.urls.origin(), &demo.idp_url);
    let key = demo.root_keys.iter().find(|key| key.account == seed::DEV);
    let analyst = arn::role("aws", seed::DEV, "/", "Analyst");
    let provider = seed::saml_provider_arn();
    let root = key.map_or_else(String::new, |key| {
        format!(
            "export AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={} AWS_REGION=us-east-1",
            key.access_key_id,
            key.secret_access_key.expose()
        )
    });
    format!(
        "
  Drawbridge demo, on this machine only

  In the browser
    {url}
    ann (engineering, admins), bob (support), eve (no groups); the password is the name
    Acme signs them in by OpenID Connect, Contoso by SAML

  In a pipeline: a job of acme/app on its main branch takes the role `deploy`
    T=$(curl -fsS '{idp}/ci/token?repository=acme/app&ref=refs/heads/main' | cut -d'\"' -f4)
    C=$(curl -fsS -H \"Authorization: Bearer $T\" '{url}/v1/creds/deploy?format=env') && eval \"$C\"
    aws --endpoint-url {url} sts get-caller-identity

  Another branch is refused, and told why
    T=$(curl -fsS '{idp}/ci/token?repository=acme/app&ref=refs/heads/other' | cut -d'\"' -f4)
    curl -sS -H \"Authorization: Bearer $T\" {url}/v1/creds/deploy

  In a terminal, with a SAML response of Contoso: ann takes the role `dev/Analyst`
    A=$(curl -fsS -u ann:ann '{idp}/contoso/assertion?role=dev/Analyst' | cut -d'\"' -f4)
    aws --endpoint-url {url} --region us-east-1 sts assume-role-with-saml --role-arn {analyst} --principal-arn {provider} --saml-assertion \"$A\"

  In a terminal, as root of the account dev
    unset AWS_SESSION_TOKEN
    {root}
    aws --endpoint-url {url} sts get-caller-identity

  For scripts: {facts_path}
  Stop with Ctrl-C; the next start picks up where this one ends.
"
    )
}

//! Job tokens.

use super::*;

async fn claims(it: &mut Provider, query: &str) -> Value {
    let answer = it.get(&format!("/ci/token?{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let token = answer.json()["value"].as_str().unwrap().to_owned();
    let verified = it.verify(&token, "/ci", BROKER, Algorithm::Rs256).await;
    Value::Object(verified.claims().clone())
}

#[tokio::test]
async fn a_job_gets_a_token_of_githubs_shape() {
    let mut it = provider();
    let claims = claims(&mut it, "repository=acme/app&ref=refs/heads/main").await;
    for (name, value) in [
        ("iss", "http://127.0.0.1:8081/ci"),
        ("sub", "repo:acme/app:ref:refs/heads/main"),
        ("aud", BROKER),
        ("ref", "refs/heads/main"),
        ("ref_type", "branch"),
        ("ref_protected", "true"),
        ("repository", "acme/app"),
        ("repository_owner", "acme"),
        ("event_name", "push"),
        ("run_attempt", "1"),
        ("runner_environment", "github-hosted"),
        (
            "workflow_ref",
            "acme/app/.github/workflows/deploy.yml@refs/heads/main",
        ),
        (
            "job_workflow_ref",
            "acme/app/.github/workflows/deploy.yml@refs/heads/main",
        ),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    for name in [
        "repository_id",
        "repository_owner_id",
        "actor_id",
        "run_id",
        "run_number",
    ] {
        assert!(
            claims[name].as_str().unwrap().parse::<u64>().is_ok(),
            "{name}"
        );
    }
    assert_eq!(claims["sha"].as_str().unwrap().len(), 40);
    assert_eq!(claims["iat"], NOW);
    assert_eq!(claims["nbf"], NOW);
    assert_eq!(claims["exp"], NOW + 600);
    assert!(claims.get("environment").is_none());
}

#[tokio::test]
async fn every_token_has_an_id_of_its_own_and_a_repository_always_the_same() {
    let mut it = provider();
    let (one, two) = (claims(&mut it, "").await, claims(&mut it, "").await);
    assert_ne!(one["jti"], two["jti"]);
    assert_ne!(one["run_id"], two["run_id"]);
    assert_eq!(one["repository_id"], two["repository_id"]);
    assert_ne!(
        one["repository_id"],
        claims(&mut it, "repository=acme/other").await["repository_id"]
    );
}

#[tokio::test]
async fn the_subject_takes_githubs_three_forms() {
    let mut it = provider();
    for (query, subject) in [
        (
            "repository=o/r&ref=refs/tags/v1.0",
            "repo:o/r:ref:refs/tags/v1.0",
        ),
        (
            "repository=o/r&ref=refs/pull/7/merge",
            "repo:o/r:pull_request",
        ),
        (
            "repository=o/r&environment=prod",
            "repo:o/r:environment:prod",
        ),
    ] {
        let claims = claims(&mut it, query).await;
        assert_eq!(claims["sub"], subject);
        assert_eq!(
            claims.get("environment").is_some(),
            query.contains("environment")
        );
    }
}

#[tokio::test]
async fn audience_and_algorithm_are_as_asked() {
    let mut it = provider();
    let token = it
        .get("/ci/token?audience=sts.amazonaws.com&alg=ES256")
        .await
        .json();
    let token = token["value"].as_str().unwrap();
    it.verify(token, "/ci", "sts.amazonaws.com", Algorithm::Es256)
        .await;
}

#[tokio::test]
async fn a_value_that_could_forge_another_subject_is_refused() {
    let mut it = provider();
    for query in [
        "repository=acme",
        "repository=acme/app/x",
        "repository=acme/app:ref",
        "repository=acme/",
        "repository=",
        "ref=main",
        "ref=refs/heads/",
        "ref=refs/heads/a..b",
        "ref=refs/heads/a%0Ab",
        "ref=refs/heads/a:b",
        "ref=refs/notes/a",
        "environment=prod:x",
        "environment=",
        "audience=",
        "audience=a%20b",
        "actor=a:b",
        "alg=none",
        "alg=HS256",
        "ref=refs/heads/main&ref=refs/heads/other",
    ] {
        let answer = it.get(&format!("/ci/token?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(answer.json()["error"], "invalid_request", "{query}");
    }
}

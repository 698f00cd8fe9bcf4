//! The demo as other people's scripts use it: chosen keys, a second start, and a reset.

use drawbridge::iam::root_keys::RootKey;
use serde_json::json;

use crate::harness::browser::{Browser, request};
use crate::harness::{Broker, DEV, PROD};

fn chosen() -> RootKey {
    RootKey::chosen(
        "333333333333",
        "AKIACHOSENCHOSEN2345",
        "chosen/secret+of=mine",
    )
    .unwrap()
}

#[test]
fn a_chosen_root_key_works_in_an_account_of_its_own() {
    let broker = Broker::demo_with(|options| options.root_keys.push(chosen()));
    let root = broker.root("333333333333");
    assert_eq!(root.access_key_id, "AKIACHOSENCHOSEN2345");
    assert_eq!(broker.who_is(root), "arn:aws:iam::333333333333:root");
    // The accounts of the demo have theirs beside it.
    for account in [DEV, PROD] {
        assert_eq!(
            broker.who_is(broker.root(account)),
            format!("arn:aws:iam::{account}:root")
        );
    }
}

#[test]
fn a_second_start_picks_up_where_the_first_one_ended() {
    let first = Broker::demo();
    let session = first.session_of(&format!("arn:aws:iam::{DEV}:role/Developer"), |_| {});
    let root = first.root(DEV).access_key_id.clone();
    let data = first.data.clone();
    let second = Broker::demo_with(|options| options.data = data);
    assert_eq!(second.root(DEV).access_key_id, root);
    let arn = format!("arn:aws:sts::{DEV}:assumed-role/Developer/session");
    assert_eq!(second.who_is(&session), arn);
}

#[test]
fn without_its_option_there_is_no_reset() {
    let broker = Broker::demo();
    assert_eq!(broker.post("/demo/reset").send().status, 404);
}

#[test]
fn a_reset_returns_everything_to_the_first_start() {
    let broker = Broker::demo_with(|options| options.reset_endpoint = true);
    let root = broker.root(DEV).clone();
    let user = broker.user(DEV, "gone", None);
    let mut browser = Browser::new();
    browser.sign_in(&broker, "ann");
    for request in [
        broker
            .post("/demo/reset")
            .header("origin", "https://evil.example"),
        broker
            .post("/demo/reset")
            .header("sec-fetch-site", "cross-site"),
    ] {
        assert_eq!(request.send().status, 403);
    }
    assert_eq!(broker.get("/demo/reset").send().status, 405);

    let reply = broker.post("/demo/reset").send();
    assert_eq!(
        (reply.status, reply.json()),
        (200, json!({ "reset": true }))
    );
    let reply = broker.signed(&user, "GetCallerIdentity", &[]).send();
    assert_eq!(reply.aws_error().1, "InvalidClientTokenId");
    let front = browser.get(&broker.absolute("/"));
    assert!(
        front.text().contains("Sign in with"),
        "somebody is signed in"
    );
    // What scripts know stays true.
    assert_eq!(broker.who_is(&root), format!("arn:aws:iam::{DEV}:root"));
    let job = broker.job("ref=refs/heads/main");
    assert_eq!(
        broker.get("/v1/creds/deploy").bearer(&job).send().status,
        200
    );
    let administrator = [("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess")];
    broker.iam_ok(&root, "GetPolicy", &administrator);
    // And the trail begins anew, whole.
    let trail = broker.trail();
    assert!(
        trail.starts_with(r#"{"sequence":1,"previous":"000"#),
        "{trail}"
    );
    assert!(!trail.contains("ConsoleLogin"));
}

#[test]
fn the_facts_for_scripts_are_complete_and_true() {
    let broker = Broker::demo();
    let facts = &broker.facts;
    assert_eq!(facts["url"], json!(broker.app.urls.origin()));
    assert_eq!(facts["oidc_issuer"], json!(broker.acme()));
    assert_eq!(facts["ci_issuer"], json!(broker.ci()));
    let metadata = facts["saml_metadata_url"].as_str().unwrap();
    assert_eq!(metadata, format!("{}/contoso/metadata", broker.idp_url));
    let described = request("GET", metadata).send();
    let root = broker.root(DEV);
    let arn = format!("arn:aws:iam::{DEV}:saml-provider/contoso");
    let provider = broker.iam_ok(root, "GetSAMLProvider", &[("SAMLProviderArn", &arn)]);
    assert!(
        described
            .text()
            .contains(&format!("entityID=\"{metadata}\""))
    );
    assert_eq!(provider.xml("SAMLMetadataDocument"), described.text());
    let names: Vec<&String> = facts.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "url",
            "s3_url",
            "idp_url",
            "oidc_issuer",
            "saml_metadata_url",
            "ci_issuer",
            "accounts",
            "roles",
            "users"
        ]
    );
    for account in facts["accounts"].as_array().unwrap() {
        let id = account["id"].as_str().unwrap();
        let root = broker.root(id);
        assert_eq!(account["root"]["access_key_id"], json!(root.access_key_id));
        assert_eq!(
            account["root"]["secret_access_key"],
            json!(root.secret_access_key.expose())
        );
    }
    let aliases = facts["roles"].as_array().unwrap().iter();
    let aliases: Vec<_> = aliases
        .map(|role| role["alias"].as_str().unwrap())
        .collect();
    let known = [
        "dev/Developer",
        "dev/Support",
        "dev/Analyst",
        "deploy",
        "prod/ReadOnly",
        "prod/Administrator",
    ];
    assert_eq!(aliases, known);
    for user in facts["users"].as_array().unwrap() {
        Browser::new().sign_in(&broker, user["name"].as_str().unwrap());
    }
}

#[test]
fn every_page_of_the_demo_says_that_it_is_one() {
    let broker = Broker::demo();
    let mut browser = Browser::new();
    let words = "demo on this machine only";
    assert!(browser.get(&broker.absolute("/")).text().contains(words));
    browser.sign_in(&broker, "ann");
    for path in [
        "/",
        "/why",
        "/credentials?role=dev/Developer",
        "/console",
        "/nothing",
    ] {
        assert!(
            browser.get(&broker.absolute(path)).text().contains(words),
            "{path}"
        );
    }
}

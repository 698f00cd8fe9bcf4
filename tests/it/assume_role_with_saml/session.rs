//! What comes of it: the answer, the event, the session, and its end.

use drawbridge::credentials::RoleSession;
use drawbridge::identity::ClaimValue;
use drawbridge::store::revocations::{Revocation, RevocationKind};
use serde_json::json;

use super::{Desk, STRICT};
use crate::harness::assertion::{RECIPIENT, assertion_id};
use crate::harness::iam::trust;
use crate::harness::{DEV, RUNTIME};

fn session_of(desk: &Desk, who: &drawbridge::sigv4::Credentials) -> RoleSession {
    let token = who.session_token.as_ref().unwrap().expose();
    let opened = RoleSession::open(&desk.broker.app.ring, &who.access_key_id, token, desk.now());
    opened.unwrap().0
}

#[test]
fn a_good_response_becomes_a_session() {
    let desk = &*STRICT;
    let reply = desk.present(&desk.idp.sign(&desk.response()));
    let session = reply.credentials();
    let mut text = reply.text().replace(&reply.reference(), "[request id]");
    let id = reply.xml("AssumedRoleId");
    for (value, name) in [
        (session.access_key_id.as_str(), "[access key id]"),
        (session.secret_access_key.expose(), "[secret access key]"),
        (
            session.session_token.as_ref().unwrap().expose(),
            "[session token]",
        ),
        (&reply.xml("Expiration"), "[expiration]"),
        (id.split_once(':').unwrap().0, "[role id]"),
    ] {
        text = text.replace(value, name);
    }
    insta::assert_snapshot!(text, @r#"
    <AssumeRoleWithSAMLResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
      <AssumeRoleWithSAMLResult>
        <Issuer>https://idp.example/saml</Issuer>
        <Audience>https://signin.aws.amazon.com/saml</Audience>
        <AssumedRoleUser>
          <AssumedRoleId>[role id]:ann@acme.example</AssumedRoleId>
          <Arn>arn:aws:sts::111111111111:assumed-role/Anybody/ann@acme.example</Arn>
        </AssumedRoleUser>
        <Credentials>
          <AccessKeyId>[access key id]</AccessKeyId>
          <SecretAccessKey>[secret access key]</SecretAccessKey>
          <SessionToken>[session token]</SessionToken>
          <Expiration>[expiration]</Expiration>
        </Credentials>
        <PackedPolicySize>25</PackedPolicySize>
        <SubjectType>persistent</SubjectType>
        <NameQualifier>I6wnqzb3FL1MFPUJAjWaTs2pNl4=</NameQualifier>
        <Subject>ann</Subject>
      </AssumeRoleWithSAMLResult>
      <ResponseMetadata>
        <RequestId>[request id]</RequestId>
      </ResponseMetadata>
    </AssumeRoleWithSAMLResponse>
    "#);
    assert_eq!(
        desk.broker.who_is(&session),
        format!("arn:aws:sts::{DEV}:assumed-role/Anybody/ann@acme.example")
    );
}

#[test]
fn the_event_is_that_of_cloudtrail_and_holds_no_assertion() {
    let desk = &*STRICT;
    let says: [(&str, &[&str]); 3] = [
        ("PrincipalTag:Team", &["eng"]),
        ("TransitiveTagKeys", &["Team"]),
        ("SourceIdentity", &["ann"]),
    ];
    let response = desk.response_for(&desk.role, &says);
    let id = assertion_id(&response);
    let signed = desk.idp.sign(&response);
    let reply = desk.present(&signed);
    let event = desk.broker.event(&reply);
    let qualifier = reply.xml("NameQualifier");
    let identity = &event["userIdentity"];
    assert_eq!(identity["type"], "SAMLUser");
    assert_eq!(identity["principalId"], format!("{qualifier}:ann"));
    assert_eq!(identity["userName"], "ann");
    assert_eq!(identity["identityProvider"], json!(qualifier));
    assert_eq!(identity["tokenSha256"].as_str().unwrap().len(), 43);
    assert_eq!(identity["keyId"].as_str().unwrap().len(), 64);
    assert_eq!(
        event["requestParameters"],
        json!({
            "sAMLAssertionID": id,
            "roleSessionName": "ann@acme.example",
            "principalTags": { "Team": "eng" },
            "transitiveTagKeys": ["Team"],
            "sourceIdentity": "ann",
            "durationSeconds": null,
            "roleArn": desk.role,
            "principalArn": desk.provider,
        })
    );
    let elements = &event["responseElements"];
    for (member, value) in [
        ("subject", "ann"),
        ("subjectType", "persistent"),
        ("issuer", &*desk.idp.entity_id),
        ("nameQualifier", &qualifier),
        ("audience", RECIPIENT),
    ] {
        assert_eq!(elements[member], json!(value), "{member}");
    }
    let kinds: Vec<_> = event["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["ARN"].as_str().unwrap(), it["type"].as_str().unwrap()))
        .collect();
    assert_eq!(
        kinds,
        [
            (desk.role.as_str(), "AWS::IAM::Role"),
            (desk.provider.as_str(), "AWS::IAM::SAMLProvider")
        ]
    );
    assert_eq!(
        (&event["readOnly"], &event["eventName"]),
        (&json!(true), &json!("AssumeRoleWithSAML"))
    );
    let trail = desk.broker.trail();
    let (_, value) = signed.split_once("<ds:SignatureValue>").unwrap();
    assert!(!trail.contains("saml:Assertion") && !trail.contains(&value[..40]));
    use base64::Engine;
    let form = base64::engine::general_purpose::STANDARD.encode(&signed);
    assert!(!trail.contains(&form[600..700]));
}

#[test]
fn a_refusal_is_in_the_trail_by_the_hash_of_what_came() {
    let desk = &*STRICT;
    let event = desk
        .broker
        .event(&desk.bent("2.0:nameid-format", "2.0:\u{202e}format"));
    let identity = &event["userIdentity"];
    assert_eq!(identity["type"], "SAMLUser");
    assert_eq!(identity["tokenSha256"].as_str().unwrap().len(), 43);
}

#[test]
fn three_keys_outlive_the_trust_decision() {
    let desk = &*STRICT;
    let says: [(&str, &[&str]); 1] = [("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", &["staff"])];
    let reply = desk.with(&desk.role, &says, &[]);
    let session = session_of(desk, &reply.credentials());
    let kept: Vec<_> = session.federation.iter().collect();
    let one = |text: &str| ClaimValue::One(text.to_owned());
    assert_eq!(
        kept,
        [
            (
                &"saml:namequalifier".to_owned(),
                &one(&reply.xml("NameQualifier"))
            ),
            (&"saml:sub".to_owned(), &one("ann")),
            (&"saml:sub_type".to_owned(), &one("persistent")),
        ]
    );
    assert_eq!(
        session.federated_provider.as_deref(),
        Some(desk.provider.as_str())
    );
}

#[test]
fn tags_that_travel_reach_the_next_role() {
    let desk = &*STRICT;
    let condition = json!({ "StringEquals": {
        "aws:PrincipalTag/Team": "eng",
        "saml:sub": "ann",
        "aws:FederatedProvider": desk.provider,
        "aws:SourceIdentity": "ann",
    }});
    let next = desk
        .broker
        .role(DEV, "Next", &trust(json!({ "AWS": desk.role }), condition));
    let says: [(&str, &[&str]); 3] = [
        ("PrincipalTag:Team", &["eng"]),
        ("TransitiveTagKeys", &["Team"]),
        ("SourceIdentity", &["ann"]),
    ];
    let first = desk.with(&desk.role, &says, &[]).credentials();
    let second = desk.broker.assume(&first, &next, &[]);
    assert_eq!(second.status, 200, "{}", second.text());
    let session = session_of(desk, &second.credentials());
    assert_eq!(session.transitive_tag_keys, ["Team"]);
    // Whoever cuts Ann off reaches this one too.
    assert_eq!(session.vouched_for.unwrap().subject, "ann");
}

#[test]
fn people_and_providers_can_be_cut_off() {
    let desk = Desk::start("");
    let issuer = desk.idp.entity_id.clone();
    for (kind, id) in [
        (RevocationKind::Idp, desk.provider.clone()),
        (RevocationKind::Idp, "idp.example/saml".to_owned()),
        (
            RevocationKind::Principal,
            drawbridge::store::cuts::subject_id(&issuer, "ann"),
        ),
    ] {
        let signed = desk.idp.sign(&desk.response());
        let before = desk.present(&signed).credentials();
        desk.broker.who_is(&before);
        RUNTIME.block_on(async {
            let cut = Revocation {
                kind,
                id: id.clone(),
                issued_before: desk.now() + 1,
                revoked_by: "test".to_owned(),
                revoked_at: desk.now(),
            };
            desk.broker.app.store.revoke(&cut).await.unwrap();
            desk.broker.app.cache.refresh().await.unwrap();
        });
        let reply = desk.broker.signed(&before, "GetCallerIdentity", &[]).send();
        assert_eq!(reply.status, 403, "{id}: {}", reply.text());
        desk.denies(&desk.present(&signed), "cut_off");
        // Whoever signs in anew gets in.
        desk.broker.clock.advance(time::Duration::seconds(60));
        desk.takes(&desk.present(&desk.idp.sign(&desk.response())));
    }
}

//! SAML providers.

use std::sync::LazyLock;

use drawbridge::seal::Purpose;
use serde_json::json;

use super::{DEMO, root};
use crate::harness::http::Reply;
use crate::harness::iam::allow;
use crate::harness::saml::{CERTIFICATE, metadata, private_key};
use crate::harness::{Broker, DEV, PROD, RUNTIME};

static METADATA: LazyLock<String> = LazyLock::new(|| metadata("https://idp.example.com"));
static KEY: LazyLock<String> = LazyLock::new(private_key);

fn arn(name: &str) -> String {
    format!("arn:aws:iam::{DEV}:saml-provider/{name}")
}

fn create_with(name: &str, document: &str, more: &[(&str, &str)]) -> Reply {
    let fields = [("Name", name), ("SAMLMetadataDocument", document)];
    DEMO.iam(root(), "CreateSAMLProvider", &[&fields, more].concat())
}

/// A provider for one test; its ARN.
#[track_caller]
fn made(name: &str, more: &[(&str, &str)]) -> String {
    let reply = create_with(name, &METADATA, more);
    assert_eq!(reply.status, 200, "{}", reply.text());
    arn(name)
}

/// Does something to a provider, as root.
fn on(arn: &str, action: &str, more: &[(&str, &str)]) -> Reply {
    let fields = [&[("SAMLProviderArn", arn)], more].concat();
    DEMO.iam(root(), action, &fields)
}

fn update(arn: &str, more: &[(&str, &str)]) -> Reply {
    on(arn, "UpdateSAMLProvider", more)
}

#[track_caller]
fn ok(reply: &Reply) {
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str, message: &str) {
    let expected = (status, code.to_owned(), message.to_owned());
    assert_eq!(reply.aws_error(), expected);
}

/// The ids of a provider's private keys.
fn key_ids(arn: &str) -> Vec<String> {
    let got = on(arn, "GetSAMLProvider", &[]);
    let parts = got.text().split("<KeyId>").skip(1);
    parts
        .map(|rest| rest.split('<').next().unwrap().to_owned())
        .collect()
}

#[test]
fn a_provider_comes_back_as_it_was_created() {
    let tags = [
        ("Tags.member.1.Key", "z"),
        ("Tags.member.1.Value", "1"),
        ("Tags.member.2.Key", "A"),
        ("Tags.member.2.Value", "2"),
    ];
    let reply = create_with("Whole.Idp_1-a", &METADATA, &tags);
    ok(&reply);
    let arn = arn("Whole.Idp_1-a");
    assert_eq!(reply.xml("SAMLProviderArn"), arn);
    assert_eq!(reply.xml("Key"), "z");
    let got = on(&arn, "GetSAMLProvider", &[]);
    let document = got.xml("SAMLMetadataDocument").replace("&#xD;", "\r");
    assert_eq!(document, *METADATA);
    let uuid = got.xml("SAMLProviderUUID");
    assert!(uuid.starts_with("SAMLSP") && uuid.len() == 22, "{uuid}");
    assert_eq!(got.xml("AssertionEncryptionMode"), "Allowed");
    assert_eq!(got.xml("Key"), "A");
    assert!(got.text().contains("<PrivateKeyList/>"));
    let (from, until) = (got.xml("CreateDate"), got.xml("ValidUntil"));
    let year = |text: &str| text[..4].parse::<i32>().unwrap();
    assert_eq!(year(&until), year(&from) + 100);
    let listed = DEMO.iam(root(), "ListSAMLProviders", &[]);
    let text = listed.text();
    let entry = &text[text.find(&format!("<Arn>{arn}</Arn>")).unwrap()..];
    assert!(entry.contains(&format!("<ValidUntil>{until}</ValidUntil>")));
    assert!(entry.contains(&format!("<CreateDate>{from}</CreateDate>")));
}

#[test]
fn a_name_is_there_once() {
    made("Twice", &[]);
    let reply = create_with("Twice", &METADATA, &[]);
    let message = "SAMLProvider Twice already exists.";
    refused(&reply, 409, "EntityAlreadyExists", message);
}

#[test]
fn names_and_lengths_are_held_to_the_model() {
    let reply = create_with("a b", "<short/>", &[("AssertionEncryptionMode", "Never")]);
    refused(
        &reply,
        400,
        "ValidationError",
        "3 validation errors detected: \
         Value at 'sAMLMetadataDocument' failed to satisfy constraint: Member must have length greater than or equal to 1000; \
         Value at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w._-]+; \
         Value at 'assertionEncryptionMode' failed to satisfy constraint: Member must satisfy enum value set",
    );
}

#[test]
fn metadata_that_cannot_be_read_is_refused() {
    let message = "Could not parse metadata";
    let doctype = METADATA.replacen("?>", "?><!DOCTYPE x>", 1);
    for bad in [
        "x".repeat(1000),
        METADATA.replace("EntityDescriptor", "SomethingElse"),
        METADATA.replace(CERTIFICATE, &"a".repeat(1000)),
        doctype,
    ] {
        let reply = create_with("Unreadable", &bad, &[]);
        refused(&reply, 400, "InvalidInput", message);
    }
    let arn = made("StaysReadable", &[]);
    let bad = "x".repeat(1000);
    let reply = update(&arn, &[("SAMLMetadataDocument", &bad)]);
    refused(&reply, 400, "InvalidInput", message);
}

#[test]
fn metadata_of_no_identity_provider_is_refused() {
    let sp = METADATA.replace("IDPSSO", "SPSSO");
    let message = "SAML Providers must reference at least one SAML assertion issuer.";
    let reply = create_with("ServiceOnly", &sp, &[]);
    refused(&reply, 400, "InvalidInput", message);
}

#[test]
fn metadata_without_a_certificate_for_signing_is_refused() {
    let encryption = METADATA.replace("use=\"signing\"", "use=\"encryption\"");
    let message =
        "Could not parse metadata: the identity provider has no X.509 certificate for signing.";
    let reply = create_with("EncryptionOnly", &encryption, &[]);
    refused(&reply, 400, "InvalidInput", message);
}

#[test]
fn a_megabyte_of_metadata_is_taken() {
    let filling = "x".repeat(1024 * 1024);
    let large = METADATA.replace("<IDPSSO", &format!("<!--{filling}--><IDPSSO"));
    ok(&create_with("Large", &large, &[]));
    let got = on(&arn("Large"), "GetSAMLProvider", &[]);
    assert!(got.body.len() > 1024 * 1024);
    // The trail keeps its beginning.
    let event = DEMO.event(&update(&arn("Large"), &[("SAMLMetadataDocument", &large)]));
    let kept = event["requestParameters"]["sAMLMetadataDocument"].as_str();
    assert!(kept.unwrap().chars().count() <= 4096);
}

#[test]
fn other_actions_have_no_room_for_megabytes() {
    let large = "x".repeat(300 * 1024);
    let reply = DEMO.iam(root(), "CreateUser", &[("UserName", &large)]);
    let message = "Request body is larger than the limit of 262144 bytes.";
    refused(&reply, 413, "RequestEntityTooLarge", message);
}

#[test]
fn a_fifth_large_body_has_to_come_again() {
    let broker = Broker::demo();
    let large = METADATA.replace(
        "<IDPSSO",
        &format!("<!--{}--><IDPSSO", "x".repeat(300 * 1024)),
    );
    let create = |name: &str| {
        let fields = [("Name", name), ("SAMLMetadataDocument", large.as_str())];
        broker.iam(broker.root(DEV), "CreateSAMLProvider", &fields)
    };
    let places = broker.app.large_bodies.try_acquire_many(4).unwrap();
    refused(&create("Large"), 400, "Throttling", "Rate exceeded");
    drop(places);
    // Each gives its place back.
    for i in 0..6 {
        ok(&create(&format!("Large{i}")));
    }
}

#[test]
fn metadata_is_replaced_and_identity_stays() {
    let arn = made("Renewed", &[]);
    let before = on(&arn, "GetSAMLProvider", &[]);
    let renewed = METADATA.replace("idp.example.com", "new.example.com");
    let reply = update(&arn, &[("SAMLMetadataDocument", &renewed)]);
    assert_eq!(reply.xml("SAMLProviderArn"), arn);
    let after = on(&arn, "GetSAMLProvider", &[]);
    let document = after.xml("SAMLMetadataDocument");
    assert!(document.contains("new.example.com"), "{document}");
    for same in ["SAMLProviderUUID", "CreateDate"] {
        assert_eq!(before.xml(same), after.xml(same));
    }
}

#[test]
fn an_update_of_nothing_is_refused() {
    let arn = made("Nothing", &[]);
    let message = "Unable to update identity provider. No updates are defined for metadata or encryption assertion.";
    refused(&update(&arn, &[]), 400, "ValidationError", message);
}

#[test]
fn encryption_cannot_be_required_without_a_key() {
    let message =
        "Failed to set assertion encryption mode to Required because no private key is present.";
    let required = ("AssertionEncryptionMode", "Required");
    let reply = create_with("Keyless", &METADATA, &[required]);
    refused(&reply, 400, "InvalidInput", message);
    let arn = made("Keyless", &[]);
    refused(&update(&arn, &[required]), 400, "InvalidInput", message);
    // With a key in the same call it can.
    ok(&update(&arn, &[required, ("AddPrivateKey", &KEY)]));
    let got = on(&arn, "GetSAMLProvider", &[]);
    assert_eq!(got.xml("AssertionEncryptionMode"), "Required");
}

#[test]
fn a_provider_has_two_keys_at_most() {
    let arn = made("Keys", &[("AddPrivateKey", &KEY)]);
    // The same key again is another one.
    ok(&update(&arn, &[("AddPrivateKey", &KEY)]));
    let ids = key_ids(&arn);
    assert_eq!(ids.len(), 2);
    for id in &ids {
        assert!(id.starts_with("SAMLPK") && id.len() == 22, "{id}");
    }
    let reply = update(&arn, &[("AddPrivateKey", &KEY)]);
    let message = "Private key limit of 2 is reached.";
    refused(&reply, 409, "LimitExceeded", message);
    ok(&update(&arn, &[("RemovePrivateKey", &ids[0])]));
    assert_eq!(key_ids(&arn), ids[1..]);
}

#[test]
fn a_key_is_not_added_and_removed_at_once() {
    let arn = made("AddRemove", &[("AddPrivateKey", &KEY)]);
    let id = key_ids(&arn).remove(0);
    let reply = update(&arn, &[("AddPrivateKey", &KEY), ("RemovePrivateKey", &id)]);
    let message = "Unable to add and remove private keys in the same request. Set a value for only one of the two parameters.";
    refused(&reply, 400, "ValidationError", message);
}

#[test]
fn the_last_key_stays_while_encryption_is_required() {
    let required = ("AssertionEncryptionMode", "Required");
    let arn = made("LastKey", &[("AddPrivateKey", &KEY), required]);
    let id = key_ids(&arn).remove(0);
    let message = "Failed to remove private key.";
    let reply = update(&arn, &[("RemovePrivateKey", &id)]);
    refused(&reply, 400, "InvalidInput", message);
    let unknown = "SAMLPKAAAAAAAAAAAAAAAA";
    let reply = update(&arn, &[("RemovePrivateKey", unknown)]);
    refused(&reply, 400, "InvalidInput", message);
    assert_eq!(key_ids(&arn), [id.as_str()]);
    let allowed = ("AssertionEncryptionMode", "Allowed");
    ok(&update(&arn, &[("RemovePrivateKey", &id), allowed]));
    assert!(key_ids(&arn).is_empty());
}

#[test]
fn what_is_no_private_key_is_refused() {
    let message =
        "Failed to add private key. It must be a PEM file with an RSA key of at least 2048 bits.";
    let reply = create_with("NoKey", &METADATA, &[("AddPrivateKey", "secret")]);
    refused(&reply, 400, "InvalidInput", message);
}

#[test]
fn a_private_key_is_sealed_and_in_no_trail() {
    let reply = create_with("Sealed", &METADATA, &[("AddPrivateKey", &KEY)]);
    let event = DEMO.event(&reply);
    let shown = &event["requestParameters"]["addPrivateKey"];
    assert_eq!(shown, "HIDDEN_DUE_TO_SECURITY_REASONS");
    let stored = RUNTIME.block_on(DEMO.app.store.saml_provider(&arn("Sealed")));
    let key = stored.unwrap().unwrap().private_keys.remove(0);
    let opened = DEMO
        .app
        .ring
        .open(Purpose::Stored, key.id.as_bytes(), &key.sealed_key);
    // DER, whose first byte is that of a sequence.
    assert_eq!(opened.unwrap().0.first(), Some(&0x30));
    assert_ne!(key.sealed_key.first(), Some(&0x30));
}

#[test]
fn a_hundred_providers_are_the_most() {
    let broker = Broker::demo();
    let create = |i: usize| {
        let name = format!("Idp{i}");
        let fields = [
            ("Name", name.as_str()),
            ("SAMLMetadataDocument", &*METADATA),
        ];
        broker.iam(broker.root(PROD), "CreateSAMLProvider", &fields)
    };
    for i in 0..100 {
        ok(&create(i));
    }
    let message = "Cannot exceed quota for SAMLProvidersPerAccount: 100";
    refused(&create(100), 409, "LimitExceeded", message);
}

#[test]
fn tags_are_told_apart_by_case() {
    let arn = made("Tagged", &[]);
    let tags = [
        ("Tags.member.1.Key", "key"),
        ("Tags.member.1.Value", "1"),
        ("Tags.member.2.Key", "Key"),
        ("Tags.member.2.Value", "2"),
    ];
    ok(&on(&arn, "TagSAMLProvider", &tags));
    let list = "ListSAMLProviderTags";
    let first = on(&arn, list, &[("MaxItems", "1")]);
    assert_eq!(
        (first.xml("IsTruncated").as_str(), first.xml("Key").as_str()),
        ("true", "Key")
    );
    ok(&on(
        &arn,
        "UntagSAMLProvider",
        &[("TagKeys.member.1", "Key")],
    ));
    let left = on(&arn, list, &[]);
    assert_eq!(
        (left.xml("IsTruncated").as_str(), left.xml("Key").as_str()),
        ("false", "key")
    );
}

#[test]
fn the_tag_of_the_configuration_cannot_be_given_to_others() {
    let tag = [
        ("Tags.member.1.Key", "drawbridge:source"),
        ("Tags.member.1.Value", "configuration"),
    ];
    let message = "The tag key drawbridge:source is kept for what the configuration made.";
    let reply = create_with("Forged", &METADATA, &tag);
    refused(&reply, 400, "InvalidInput", message);
    let reply = on(&made("Unforged", &[]), "TagSAMLProvider", &tag);
    refused(&reply, 400, "InvalidInput", message);
}

#[test]
fn a_provider_that_is_gone_is_said_to_be_none() {
    let arn = made("Gone", &[("AddPrivateKey", &KEY)]);
    ok(&on(&arn, "DeleteSAMLProvider", &[]));
    let message = format!("Manifest not found for arn {arn}");
    let tag = [("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")];
    for (action, more) in [
        ("DeleteSAMLProvider", &[][..]),
        ("GetSAMLProvider", &[]),
        ("UpdateSAMLProvider", &[]),
        ("ListSAMLProviderTags", &[]),
        ("TagSAMLProvider", &tag),
        ("UntagSAMLProvider", &[("TagKeys.member.1", "a")]),
    ] {
        refused(&on(&arn, action, more), 404, "NoSuchEntity", &message);
    }
}

#[test]
fn a_provider_of_another_account_is_as_good_as_none() {
    let fields = [("Name", "Theirs"), ("SAMLMetadataDocument", &*METADATA)];
    DEMO.iam_ok(DEMO.root(PROD), "CreateSAMLProvider", &fields);
    let arn = format!("arn:aws:iam::{PROD}:saml-provider/Theirs");
    let message = format!("Manifest not found for arn {arn}");
    let reply = on(&arn, "GetSAMLProvider", &[]);
    refused(&reply, 404, "NoSuchEntity", &message);
}

#[test]
fn an_arn_of_something_else_cannot_be_parsed() {
    let arn = format!("arn:aws:iam::{DEV}:oidc-provider/idp.example.com");
    let reply = on(&arn, "GetSAMLProvider", &[]);
    let message = "Invalid ARN:  Could not be parsed!";
    refused(&reply, 400, "ValidationError", message);
}

#[test]
fn every_operation_needs_its_permission_on_the_provider() {
    let arn = made("Guarded", &[]);
    let nobody = DEMO.user(DEV, "no-saml", None);
    let message = |action: &str, on: &str| {
        format!(
            "User: arn:aws:iam::{DEV}:user/no-saml is not authorized to perform: iam:{action} on resource: {on} \
             because no identity-based policy allows the iam:{action} action"
        )
    };
    let tag = [("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")];
    for (action, more) in [
        ("GetSAMLProvider", &[][..]),
        ("UpdateSAMLProvider", &[]),
        ("DeleteSAMLProvider", &[]),
        ("ListSAMLProviderTags", &[]),
        ("TagSAMLProvider", &tag),
        ("UntagSAMLProvider", &[("TagKeys.member.1", "a")]),
    ] {
        let fields = [&[("SAMLProviderArn", arn.as_str())], more].concat();
        let reply = DEMO.iam(&nobody, action, &fields);
        refused(&reply, 403, "AccessDenied", &message(action, &arn));
    }
    let reply = DEMO.iam(&nobody, "ListSAMLProviders", &[]);
    let all = format!("arn:aws:iam::{DEV}:saml-provider/*");
    let expected = message("ListSAMLProviders", &all);
    refused(&reply, 403, "AccessDenied", &expected);
    let fields = [
        ("Name", "Guarded"),
        ("SAMLMetadataDocument", &"x".repeat(1000)),
    ];
    let reply = DEMO.iam(&nobody, "CreateSAMLProvider", &fields);
    let expected = message("CreateSAMLProvider", &arn);
    refused(&reply, 403, "AccessDenied", &expected);
}

#[test]
fn creating_with_tags_needs_the_permission_to_tag() {
    let resource = arn("NewTagged");
    let policy = allow(&["iam:CreateSAMLProvider"], &[&resource]);
    let who = DEMO.user(DEV, "no-saml-tags", Some(&policy));
    let fields = [
        ("Name", "NewTagged"),
        ("SAMLMetadataDocument", &*METADATA),
        ("Tags.member.1.Key", "a"),
        ("Tags.member.1.Value", "b"),
    ];
    let reply = DEMO.iam(&who, "CreateSAMLProvider", &fields);
    let (status, code, message) = reply.aws_error();
    assert_eq!((status, code.as_str()), (403, "AccessDenied"));
    assert!(message.contains("perform: iam:TagSAMLProvider on resource"));
    DEMO.iam_ok(&who, "CreateSAMLProvider", &fields[..2]);
}

#[test]
fn the_trail_names_the_new_provider() {
    let event = DEMO.event(&create_with("Trail", &METADATA, &[]));
    let expected = json!({ "sAMLProviderArn": arn("Trail") });
    assert_eq!(event["responseElements"], expected);
}

// --- of the configuration -------------------------------------------------------------------------------------------

fn configured(metadata: &str, name: &str) -> String {
    format!(
        "[[saml_provider]]\naccount = \"{DEV}\"\nname = \"{name}\"\nmetadata_file = \"{metadata}\"\n"
    )
}

#[test]
fn the_configuration_makes_changes_and_removes_providers() {
    let broker = Broker::configured("");
    let arn = arn("Configured");
    let stored = || {
        RUNTIME
            .block_on(broker.app.store.saml_provider(&arn))
            .unwrap()
    };
    let file = broker.data.join("okta.xml");
    std::fs::write(&file, &*METADATA).unwrap();
    let entry = configured("okta.xml", "Configured");
    broker.reconfigure(&entry);
    let first = stored().unwrap();
    assert_eq!((&first.metadata, first.uuid.len()), (&*METADATA, 22));
    let version = broker.store_version();
    broker.reconfigure(&entry);
    assert_eq!(broker.store_version(), version, "nothing differs");
    let newer = metadata("https://other.example.com");
    std::fs::write(&file, &newer).unwrap();
    broker.reconfigure(&entry);
    let second = stored().unwrap();
    assert_eq!((&second.metadata, &second.uuid), (&newer, &first.uuid));
    broker.reconfigure("");
    assert!(stored().is_none());
}

#[test]
fn what_the_configuration_made_is_changed_only_there() {
    let broker = Broker::configured("");
    std::fs::write(broker.data.join("okta.xml"), &*METADATA).unwrap();
    broker.reconfigure(&configured("okta.xml", "Fixed"));
    let root = broker.user(DEV, "admin", Some(&allow(&["iam:*"], &["*"])));
    let fields = [("SAMLProviderArn", arn("Fixed"))];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    assert_eq!(broker.iam(&root, "GetSAMLProvider", &fields).status, 200);
    let message = "This SAML provider was made by the configuration of Drawbridge, and can be changed only there.";
    for (action, more) in [
        ("DeleteSAMLProvider", vec![]),
        (
            "UpdateSAMLProvider",
            vec![("SAMLMetadataDocument", METADATA.as_str())],
        ),
        (
            "TagSAMLProvider",
            vec![("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")],
        ),
        ("UntagSAMLProvider", vec![("TagKeys.member.1", "a")]),
    ] {
        let reply = broker.iam(&root, action, &[fields.clone(), more].concat());
        refused(&reply, 400, "UnmodifiableEntity", message);
    }
}

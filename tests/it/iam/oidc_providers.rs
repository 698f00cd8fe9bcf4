//! OpenID Connect providers.

use serde_json::json;
use tempfile::TempDir;

use super::{DEMO, root};
use crate::harness::http::Reply;
use crate::harness::iam::{allow, trust_issuer};
use crate::harness::issuer::Issuer;
use crate::harness::{Broker, DEV, PROD, RUNTIME};

const PRINT: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn arn(name: &str) -> String {
    format!("arn:aws:iam::{DEV}:oidc-provider/{name}")
}

fn create(url: &str, more: &[(&str, &str)]) -> Reply {
    let fields = [&[("Url", url)], more].concat();
    DEMO.iam(root(), "CreateOpenIDConnectProvider", &fields)
}

/// A provider for one test; its ARN.
fn made(name: &str) -> String {
    let more = [("ClientIDList.member.1", "one")];
    let reply = create(&format!("https://{name}"), &more);
    assert_eq!(reply.status, 200, "{}", reply.text());
    arn(name)
}

/// Does something to a provider, as root.
fn on(arn: &str, action: &str, more: &[(&str, &str)]) -> Reply {
    let fields = [&[("OpenIDConnectProviderArn", arn)], more].concat();
    DEMO.iam(root(), action, &fields)
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

/// What stands between `<list>` and its end.
#[track_caller]
fn members(reply: &Reply, list: &str) -> Vec<String> {
    let inner = reply.xml_if_any(list).unwrap_or_default();
    let members = inner.split("<member>").skip(1);
    members
        .map(|rest| rest.split("</member>").next().unwrap().trim().to_owned())
        .collect()
}

#[test]
fn a_provider_comes_back_as_it_was_created() {
    let lower = PRINT.to_lowercase();
    let reply = create(
        "https://whole.example.com/path/",
        &[
            ("ClientIDList.member.1", "z-client"),
            ("ClientIDList.member.2", "a-client"),
            ("ClientIDList.member.3", "z-client"),
            ("ThumbprintList.member.1", PRINT),
            ("ThumbprintList.member.2", &lower),
            ("Tags.member.1.Key", "key"),
            ("Tags.member.1.Value", "value"),
            ("Tags.member.2.Key", "Key"),
            ("Tags.member.2.Value", "Value"),
        ],
    );
    ok(&reply);
    let arn = arn("whole.example.com/path/");
    assert_eq!(reply.xml("OpenIDConnectProviderArn"), arn);
    let text = reply.text();
    assert!(text.find("<Key>key</Key>").unwrap() < text.find("<Key>Key</Key>").unwrap());
    let got = on(&arn, "GetOpenIDConnectProvider", &[]);
    assert_eq!(got.xml("Url"), "whole.example.com/path/");
    assert_eq!(members(&got, "ClientIDList"), ["z-client", "a-client"]);
    assert_eq!(members(&got, "ThumbprintList"), [&*lower, &*lower]);
    let text = got.text();
    assert!(text.find("<Key>Key</Key>").unwrap() < text.find("<Key>key</Key>").unwrap());
    assert!(got.xml("CreateDate").ends_with('Z'));
    let listed = DEMO.iam(root(), "ListOpenIDConnectProviders", &[]);
    let entry = format!("<Arn>{arn}</Arn>");
    assert!(members(&listed, "OpenIDConnectProviderList").contains(&entry));
}

#[test]
fn a_provider_needs_nothing_but_its_url() {
    let reply = create("https://bare.example.com:443", &[]);
    ok(&reply);
    assert_eq!(
        reply.xml("OpenIDConnectProviderArn"),
        arn("bare.example.com")
    );
    assert_eq!(reply.xml_if_any("Tags"), None);
    let got = on(&arn("bare.example.com"), "GetOpenIDConnectProvider", &[]);
    assert_eq!(got.xml("Url"), "bare.example.com");
    for list in ["<ClientIDList/>", "<ThumbprintList/>", "<Tags/>"] {
        assert!(got.text().contains(list), "{}", got.text());
    }
}

#[test]
fn a_slash_at_the_end_and_a_capital_make_another_provider() {
    for name in [
        "near.example.com/a",
        "near.example.com/a/",
        "NEAR.example.com/a",
    ] {
        made(name);
    }
}

#[test]
fn a_thumbprint_need_not_be_hexadecimal_but_forty_characters() {
    let odd = "g".repeat(40);
    ok(&create(
        "https://odd.example.com",
        &[("ThumbprintList.member.1", &odd)],
    ));
    let reply = create(
        "https://short.example.com",
        &[("ThumbprintList.member.1", "abc")],
    );
    refused(
        &reply,
        400,
        "ValidationError",
        "1 validation error detected: Value at 'thumbprintList' failed to satisfy constraint: Member must \
         satisfy constraint: [Member must have length less than or equal to 40, Member must have length \
         greater than or equal to 40]",
    );
}

#[test]
fn all_that_is_wrong_with_a_provider_is_said_in_the_recorded_order() {
    let long = "b".repeat(256);
    let print = "b".repeat(41);
    let lists = [
        ("ThumbprintList.member.1", print.as_str()),
        ("ClientIDList.member.1", &long),
    ];
    refused(
        &create(&long, &lists),
        400,
        "ValidationError",
        "3 validation errors detected: Value at 'clientIDList' failed to satisfy constraint: Member must \
         satisfy constraint: [Member must have length less than or equal to 255, Member must have length \
         greater than or equal to 1]; Value at 'thumbprintList' failed to satisfy constraint: Member must \
         satisfy constraint: [Member must have length less than or equal to 40, Member must have length \
         greater than or equal to 40]; Value at 'url' failed to satisfy constraint: Member must have length \
         less than or equal to 255",
    );
}

#[test]
fn a_url_is_there_once() {
    made("twice.example.com");
    for url in ["https://twice.example.com", "https://twice.example.com:443"] {
        let message = format!("Provider with url {url} already exists.");
        refused(&create(url, &[]), 409, "EntityAlreadyExists", &message);
    }
    // Another account may trust the same issuer.
    let fields = [("Url", "https://twice.example.com")];
    DEMO.iam_ok(DEMO.root(PROD), "CreateOpenIDConnectProvider", &fields);
}

#[test]
fn a_url_with_a_query_or_a_fragment_is_refused() {
    for url in [
        "https://q.example.com/?q=value",
        "https://q.example.com/#fragment",
    ] {
        refused(&create(url, &[]), 400, "InvalidInput", "Unknown");
    }
}

#[test]
fn a_url_that_is_no_issuer_is_refused() {
    for url in [
        "example.com",
        "http://example.com",
        "https://a@b.example.com",
        "x",
    ] {
        let message = "Invalid Open ID Connect Provider URL";
        refused(&create(url, &[]), 400, "ValidationError", message);
    }
}

#[test]
fn an_issuer_in_the_name_of_aws_is_refused() {
    for url in ["https://aws", "https://SAML:443"] {
        let message = "The condition keys of this issuer would be those of AWS itself.";
        refused(&create(url, &[]), 400, "InvalidInput", message);
    }
}

#[test]
fn an_address_that_is_never_called_is_refused() {
    for url in ["https://10.0.0.1", "https://169.254.169.254/x"] {
        let message = "The URL names an address that this service does not call.";
        refused(&create(url, &[]), 400, "InvalidInput", message);
    }
}

#[test]
fn a_url_must_be_there() {
    let reply = DEMO.iam(root(), "CreateOpenIDConnectProvider", &[]);
    let message = "1 validation error detected: Value at 'url' failed to satisfy constraint: Member must not be null";
    refused(&reply, 400, "ValidationError", message);
}

#[test]
fn five_thumbprints_are_fine_and_six_are_not() {
    let list = |count: usize| {
        let names: Vec<String> = (1..=count)
            .map(|i| format!("ThumbprintList.member.{i}"))
            .collect();
        let fields: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), PRINT)).collect();
        create(&format!("https://prints{count}.example.com"), &fields)
    };
    ok(&list(5));
    let message = "Thumbprint list must contain fewer than 5 entries.";
    refused(&list(6), 400, "InvalidInput", message);
}

#[test]
fn a_hundred_client_ids_are_the_most() {
    let names: Vec<(String, String)> = (1..=101)
        .map(|i| (format!("ClientIDList.member.{i}"), format!("client {i}")))
        .collect();
    let fields: Vec<(&str, &str)> = names
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let message = "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100";
    let reply = create("https://many.example.com", &fields);
    refused(&reply, 409, "LimitExceeded", message);
    ok(&create("https://many.example.com", &fields[..100]));
    let arn = arn("many.example.com");
    let add = "AddClientIDToOpenIDConnectProvider";
    let reply = on(&arn, add, &[("ClientID", "one more")]);
    refused(&reply, 409, "LimitExceeded", message);
    // One that is there already changes nothing.
    ok(&on(&arn, add, &[("ClientID", "client 7")]));
}

#[test]
fn a_hundred_providers_are_the_most() {
    let broker = Broker::demo();
    let create = |i: usize| {
        let url = format!("https://idp{i}.example.com");
        let fields = [("Url", url.as_str())];
        broker.iam(broker.root(DEV), "CreateOpenIDConnectProvider", &fields)
    };
    let listed = broker.iam(broker.root(DEV), "ListOpenIDConnectProviders", &[]);
    let known = members(&listed, "OpenIDConnectProviderList").len();
    assert!(known > 0, "those of the configuration count too");
    for i in known..100 {
        ok(&create(i));
    }
    let message = "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100";
    refused(&create(100), 409, "LimitExceeded", message);
}

#[test]
fn client_ids_come_and_go_silently() {
    let arn = made("clients.example.com");
    let (add, remove) = (
        "AddClientIDToOpenIDConnectProvider",
        "RemoveClientIDFromOpenIDConnectProvider",
    );
    ok(&on(&arn, add, &[("ClientID", "two")]));
    ok(&on(&arn, add, &[("ClientID", "two")]));
    ok(&on(&arn, remove, &[("ClientID", "not there")]));
    let ids = || members(&on(&arn, "GetOpenIDConnectProvider", &[]), "ClientIDList");
    assert_eq!(ids(), ["one", "two"]);
    ok(&on(&arn, remove, &[("ClientID", "one")]));
    assert_eq!(ids(), ["two"]);
}

#[test]
fn what_no_answer_could_carry_is_refused() {
    let arn = made("control.example.com");
    let message = |member: &str| {
        format!(
            "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: [^\\p{{C}}]+"
        )
    };
    for text in ["a\0b", "\u{1b}[31m", "a\u{85}", "a\u{ffff}"] {
        let add = "AddClientIDToOpenIDConnectProvider";
        let reply = on(&arn, add, &[("ClientID", text)]);
        refused(&reply, 400, "ValidationError", &message("clientID"));
        let reply = create(
            "https://new.example.com",
            &[("ClientIDList.member.1", text)],
        );
        let member = message("clientIDList.1.member");
        refused(&reply, 400, "ValidationError", &member);
        let print = format!("{text:a<40}");
        let prints = [("ThumbprintList.member.1", print.as_str())];
        let reply = on(&arn, "UpdateOpenIDConnectProviderThumbprint", &prints);
        let member = message("thumbprintList.1.member");
        refused(&reply, 400, "ValidationError", &member);
    }
}

#[test]
fn thumbprints_are_replaced_by_at_least_one() {
    let arn = made("prints.example.com");
    let update = "UpdateOpenIDConnectProviderThumbprint";
    let list = [
        ("ThumbprintList.member.1", PRINT),
        ("ThumbprintList.member.2", PRINT),
    ];
    ok(&on(&arn, update, &list));
    let got = on(&arn, "GetOpenIDConnectProvider", &[]);
    assert_eq!(
        members(&got, "ThumbprintList"),
        vec![PRINT.to_lowercase(); 2]
    );
    let reply = on(&arn, update, &[("ThumbprintList", "")]);
    let message = "Thumbprint list must contain at least one entry.";
    refused(&reply, 400, "InvalidInput", message);
    let message = "1 validation error detected: Value at 'thumbprintList' failed to satisfy constraint: Member must not be null";
    refused(&on(&arn, update, &[]), 400, "ValidationError", message);
}

#[test]
fn tags_are_told_apart_by_case_and_listed_in_pages() {
    let arn = made("tags.example.com");
    let tags = [
        ("Tags.member.1.Key", "key"),
        ("Tags.member.1.Value", "1"),
        ("Tags.member.2.Key", "Key"),
        ("Tags.member.2.Value", "2"),
    ];
    ok(&on(&arn, "TagOpenIDConnectProvider", &tags));
    let list = "ListOpenIDConnectProviderTags";
    let first = on(&arn, list, &[("MaxItems", "1")]);
    assert_eq!(first.xml("IsTruncated"), "true");
    assert_eq!(first.xml("Key"), "Key");
    let second = on(&arn, list, &[("Marker", &first.xml("Marker"))]);
    assert_eq!(second.xml("Key"), "key");
    assert_eq!(second.xml("IsTruncated"), "false");
    let untag = "UntagOpenIDConnectProvider";
    ok(&on(
        &arn,
        untag,
        &[("TagKeys.member.1", "KEY"), ("TagKeys.member.2", "key")],
    ));
    let left = on(&arn, list, &[]);
    assert_eq!(members(&left, "Tags").len(), 1);
    assert_eq!(left.xml("Key"), "Key");
}

#[test]
fn a_key_twice_in_one_call_is_refused() {
    let twice = [
        ("Tags.member.1.Key", "key"),
        ("Tags.member.1.Value", "1"),
        ("Tags.member.2.Key", "key"),
        ("Tags.member.2.Value", "2"),
    ];
    let message = "Duplicate tag keys found.";
    let reply = create("https://dup.example.com", &twice);
    refused(&reply, 400, "InvalidInput", message);
    let arn = made("dup-tag.example.com");
    let reply = on(&arn, "TagOpenIDConnectProvider", &twice);
    refused(&reply, 400, "InvalidInput", message);
}

#[test]
fn the_tag_of_the_configuration_cannot_be_given_to_others() {
    let tag = [
        ("Tags.member.1.Key", "drawbridge:source"),
        ("Tags.member.1.Value", "configuration"),
    ];
    let message = "The tag key drawbridge:source is kept for what the configuration made.";
    let reply = create("https://forged.example.com", &tag);
    refused(&reply, 400, "InvalidInput", message);
}

#[test]
fn what_the_configuration_made_is_read_and_not_changed() {
    let broker = Broker::configured("[[ci]]\nissuer = 'https://ci.example.com'\n");
    let admin = broker.user(DEV, "admin", Some(&allow(&["iam:*"], &["*"])));
    let arn = arn("ci.example.com");
    let on = |action: &str, more: &[(&str, &str)]| {
        let fields = [&[("OpenIDConnectProviderArn", arn.as_str())], more].concat();
        broker.iam(&admin, action, &fields)
    };
    assert_eq!(
        on("GetOpenIDConnectProvider", &[]).xml("Url"),
        "ci.example.com"
    );
    let message = "This OpenID Connect provider was made by the configuration of Drawbridge, and can be changed only there.";
    let tag = [("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")];
    for (action, more) in [
        ("DeleteOpenIDConnectProvider", &[][..]),
        (
            "AddClientIDToOpenIDConnectProvider",
            &[("ClientID", "mine")],
        ),
        (
            "RemoveClientIDFromOpenIDConnectProvider",
            &[("ClientID", "mine")],
        ),
        (
            "UpdateOpenIDConnectProviderThumbprint",
            &[("ThumbprintList.member.1", PRINT)],
        ),
        ("TagOpenIDConnectProvider", &tag),
        (
            "UntagOpenIDConnectProvider",
            &[("TagKeys.member.1", "drawbridge:source")],
        ),
    ] {
        let reply = on(action, more);
        refused(&reply, 400, "UnmodifiableEntity", message);
    }
}

#[test]
fn deleting_twice_says_that_it_is_gone() {
    let arn = made("gone.example.com/path/");
    ok(&on(&arn, "DeleteOpenIDConnectProvider", &[]));
    let reply = on(&arn, "DeleteOpenIDConnectProvider", &[]);
    let message = format!("OpenId connect Provider {arn} cannot be found.");
    refused(&reply, 404, "NoSuchEntity", &message);
}

#[test]
fn a_provider_that_is_not_there_is_said_to_be_none() {
    let arn = arn("nowhere.example.com");
    let message = format!("OpenIDConnect Provider not found for arn {arn}");
    let tag = [("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")];
    for (action, more) in [
        ("GetOpenIDConnectProvider", &[][..]),
        ("ListOpenIDConnectProviderTags", &[]),
        (
            "AddClientIDToOpenIDConnectProvider",
            &[("ClientID", "mine")],
        ),
        ("TagOpenIDConnectProvider", &tag),
    ] {
        refused(&on(&arn, action, more), 404, "NoSuchEntity", &message);
    }
}

#[test]
fn a_provider_of_another_account_is_as_good_as_none() {
    let fields = [("Url", "https://theirs.example.com")];
    DEMO.iam_ok(DEMO.root(PROD), "CreateOpenIDConnectProvider", &fields);
    let arn = format!("arn:aws:iam::{PROD}:oidc-provider/theirs.example.com");
    let reply = on(&arn, "GetOpenIDConnectProvider", &[]);
    let message = format!("OpenIDConnect Provider not found for arn {arn}");
    refused(&reply, 404, "NoSuchEntity", &message);
}

#[test]
fn an_arn_of_something_else_cannot_be_parsed() {
    for arn in [
        "xxxxxxxxxxxxxxxxxxxxxxx".to_owned(),
        format!("arn:aws:iam::{DEV}:role/Developer"),
        format!("arn:aws:iam::{DEV}:oidc-provider/"),
    ] {
        let reply = on(&arn, "GetOpenIDConnectProvider", &[]);
        let message = "Invalid ARN:  Could not be parsed!";
        refused(&reply, 400, "ValidationError", message);
    }
}

#[test]
fn every_operation_needs_its_permission_on_the_provider() {
    let arn = made("guarded.example.com");
    let nobody = DEMO.user(DEV, "no-oidc", None);
    let message = |action: &str, on: &str| {
        format!(
            "User: arn:aws:iam::{DEV}:user/no-oidc is not authorized to perform: iam:{action} on resource: {on} \
             because no identity-based policy allows the iam:{action} action"
        )
    };
    let tag = [("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")];
    for (action, more) in [
        ("GetOpenIDConnectProvider", &[][..]),
        ("DeleteOpenIDConnectProvider", &[]),
        ("ListOpenIDConnectProviderTags", &[]),
        (
            "AddClientIDToOpenIDConnectProvider",
            &[("ClientID", "mine")],
        ),
        (
            "RemoveClientIDFromOpenIDConnectProvider",
            &[("ClientID", "mine")],
        ),
        (
            "UpdateOpenIDConnectProviderThumbprint",
            &[("ThumbprintList.member.1", PRINT)],
        ),
        ("TagOpenIDConnectProvider", &tag),
        ("UntagOpenIDConnectProvider", &[("TagKeys.member.1", "a")]),
    ] {
        let fields = [&[("OpenIDConnectProviderArn", arn.as_str())], more].concat();
        let reply = DEMO.iam(&nobody, action, &fields);
        refused(&reply, 403, "AccessDenied", &message(action, &arn));
    }
    let reply = DEMO.iam(&nobody, "ListOpenIDConnectProviders", &[]);
    let all = format!("arn:aws:iam::{DEV}:oidc-provider/*");
    let expected = message("ListOpenIDConnectProviders", &all);
    refused(&reply, 403, "AccessDenied", &expected);
    // Whether the URL is any good, or taken, is for those who may.
    for url in ["https://guarded.example.com", "https://aws"] {
        let reply = DEMO.iam(&nobody, "CreateOpenIDConnectProvider", &[("Url", url)]);
        let on = url.replacen("https://", &format!("arn:aws:iam::{DEV}:oidc-provider/"), 1);
        let expected = message("CreateOpenIDConnectProvider", &on);
        refused(&reply, 403, "AccessDenied", &expected);
    }
}

#[test]
fn creating_with_tags_needs_the_permission_to_tag() {
    let resource = arn("tagged.example.com");
    let create = ["iam:CreateOpenIDConnectProvider"];
    let who = DEMO.user(DEV, "no-tagging", Some(&allow(&create, &[&resource])));
    let fields = [
        ("Url", "https://tagged.example.com"),
        ("Tags.member.1.Key", "a"),
        ("Tags.member.1.Value", "b"),
    ];
    let reply = DEMO.iam(&who, "CreateOpenIDConnectProvider", &fields);
    let (status, code, message) = reply.aws_error();
    assert_eq!((status, code.as_str()), (403, "AccessDenied"));
    assert!(message.contains("perform: iam:TagOpenIDConnectProvider on resource"));
    DEMO.iam_ok(&who, "CreateOpenIDConnectProvider", &fields[..1]);
}

#[test]
fn a_provider_counts_at_once_and_no_longer_than_it_is_there() {
    let issuer = Issuer::start();
    let role = DEMO.role(DEV, "ByApi", &trust_issuer(DEV, issuer.name(), json!({})));
    let ask = || {
        let token = issuer.token(&[("jti", json!(null))]);
        DEMO.assume_with(&token, &role, &[]).status
    };
    assert_eq!(ask(), 400);
    ok(&create(
        &issuer.url,
        &[("ClientIDList.member.1", "sts.amazonaws.com")],
    ));
    assert_eq!(ask(), 200);
    let arn = arn(issuer.name());
    let remove = "RemoveClientIDFromOpenIDConnectProvider";
    ok(&on(&arn, remove, &[("ClientID", "sts.amazonaws.com")]));
    assert_eq!(ask(), 400);
    let add = "AddClientIDToOpenIDConnectProvider";
    ok(&on(&arn, add, &[("ClientID", "sts.amazonaws.com")]));
    assert_eq!(ask(), 200);
    ok(&on(&arn, "DeleteOpenIDConnectProvider", &[]));
    assert_eq!(ask(), 400);
}

#[test]
fn the_trail_names_the_new_provider() {
    let reply = create("https://trail.example.com", &[]);
    let event = DEMO.event(&reply);
    assert_eq!(event["eventName"], "CreateOpenIDConnectProvider");
    let arn = arn("trail.example.com");
    assert_eq!(
        event["responseElements"]["openIDConnectProviderArn"],
        json!(arn)
    );
    assert_eq!(
        event["requestParameters"]["url"],
        "https://trail.example.com"
    );
}

#[test]
fn a_provider_of_the_api_stays_when_the_configuration_names_it_too() {
    let directory = TempDir::new().unwrap();
    let start = |more: &str| {
        let path = directory.path();
        Broker::configured(&format!(
            "[store]\nurl = \"sqlite://{}\"\n[keys]\nfile = \"{}\"\n{more}",
            path.join("store.db").display(),
            path.join("keys").display()
        ))
    };
    let url = "https://both.example.com";
    start("").provider(DEV, url, &["mine"]);
    let ci = format!("[[ci]]\nissuer = \"{url}\"\naudience = \"theirs\"\n");
    for (more, ids) in [(ci.as_str(), "mine theirs"), ("", "mine theirs")] {
        let broker = start(more);
        let found = RUNTIME.block_on(broker.app.store.oidc_provider_by_url(DEV, url));
        let found = found.unwrap().unwrap();
        assert_eq!(
            (found.client_ids.join(" ").as_str(), found.tags.len()),
            (ids, 0)
        );
    }
}

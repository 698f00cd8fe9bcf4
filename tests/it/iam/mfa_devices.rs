//! Virtual MFA devices.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use drawbridge::clock::Clock;
use drawbridge::credentials::SessionKind;
use drawbridge::sigv4::Credentials;

use super::{DEMO, root};
use crate::harness::http::Reply;
use crate::harness::iam::allow;
use crate::harness::phone::Phone;
use crate::harness::{DEV, PROD, RUNTIME};

#[track_caller]
fn refuses(reply: &Reply, status: u16, code: &str, message: &str) {
    let expected = (status, code.to_owned(), message.to_owned());
    assert_eq!(reply.aws_error(), expected);
}

#[track_caller]
fn refuses_codes(reply: &Reply) {
    let message = "Authentication code for device is not valid.";
    refuses(reply, 403, "InvalidAuthenticationCode", message);
}

fn arn(name: &str) -> String {
    format!("arn:aws:iam::{DEV}:mfa/{name}")
}

fn create(who: &Credentials, name: &str, more: &[(&str, &str)]) -> Reply {
    let mut params = vec![("VirtualMFADeviceName", name)];
    params.extend(more);
    DEMO.iam(who, "CreateVirtualMFADevice", &params)
}

fn about(who: &Credentials, action: &str, serial: &str, more: &[(&str, &str)]) -> Reply {
    let mut params = vec![("SerialNumber", serial)];
    params.extend(more);
    DEMO.iam(who, action, &params)
}

fn enable(phone: &Phone, user: &str, steps: [i64; 2]) -> Reply {
    DEMO.pair(root(), "EnableMFADevice", phone, user, steps)
}

/// What a user may not do, in AWS's words.
#[track_caller]
fn not_authorized(reply: &Reply, user: &str, action: &str, resource: &str) {
    let message = format!(
        "User: arn:aws:iam::{DEV}:user/{user} is not authorized to perform: {action} on resource: \
         {resource} because no identity-based policy allows the {action} action"
    );
    refuses(reply, 403, "AccessDenied", &message);
}

/// The session of a user who has used a device.
fn with_mfa(user: &str) -> Credentials {
    let found = DEMO.app.store.user_by_name(DEV, user);
    let found = RUNTIME.block_on(found).unwrap().unwrap();
    DEMO.session_of(&found.arn, |session| {
        session.kind = SessionKind::User;
        session.role_id = found.unique_id.clone();
        session.session_name = user.to_owned();
        session.mfa_at = Some(DEMO.clock.unix());
    })
}

#[test]
fn a_new_device_shows_its_seed_and_its_picture_once() {
    let tags = [
        ("Path", "/devices/"),
        ("Tags.member.1.Key", "owner"),
        ("Tags.member.1.Value", "mfa"),
    ];
    let reply = create(root(), "mfa-new", &tags);
    let serial = arn("devices/mfa-new");
    assert_eq!(reply.xml("SerialNumber"), serial);
    let seed = STANDARD.decode(reply.xml("Base32StringSeed")).unwrap();
    assert_eq!(seed.len(), 64);
    assert!(
        seed.iter()
            .all(|c| c.is_ascii_uppercase() || (b'2'..=b'7').contains(c))
    );
    let picture = STANDARD.decode(reply.xml("QRCodePNG")).unwrap();
    assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n"));
    assert_eq!(
        (reply.xml("Key"), reply.xml("Value")),
        ("owner".to_owned(), "mfa".to_owned())
    );
    let seed = String::from_utf8(seed).unwrap();
    let listed = DEMO.iam_ok(root(), "ListVirtualMFADevices", &[]);
    assert!(listed.text().contains(&serial));
    assert!(!listed.text().contains("Base32StringSeed"));
    assert!(!DEMO.trail().contains(&seed));
    assert!(!DEMO.trail().contains(&reply.xml("Base32StringSeed")));
}

#[test]
fn two_devices_of_one_name_are_refused_whatever_their_case_and_path() {
    DEMO.phone(root(), "mfa-twice");
    for name in ["mfa-twice", "MFA-Twice"] {
        let reply = create(root(), name, &[("Path", "/p/")]);
        refuses(
            &reply,
            409,
            "EntityAlreadyExists",
            "MFA device already exists.",
        );
    }
}

#[test]
fn a_device_has_a_name_of_words() {
    let reply = create(root(), "a b", &[]);
    let message = r"1 validation error detected: Value at 'virtualMFADeviceName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+";
    refuses(&reply, 400, "ValidationError", message);
}

#[test]
fn a_serial_number_that_no_call_could_name_is_refused() {
    let path = format!("/{}/", "p".repeat(200));
    let reply = create(root(), &"n".repeat(60), &[("Path", &path)]);
    let message = "The serial number made of this path and name is longer than 256 characters.";
    refuses(&reply, 400, "ValidationError", message);
}

#[test]
fn tags_of_a_new_device_differ_by_more_than_case() {
    let tags = [
        ("Tags.member.1.Key", "a"),
        ("Tags.member.1.Value", "1"),
        ("Tags.member.2.Key", "A"),
        ("Tags.member.2.Value", "2"),
    ];
    let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
    refuses(
        &create(root(), "mfa-tags", &tags),
        400,
        "InvalidInput",
        message,
    );
}

#[test]
fn making_a_device_needs_a_permission_and_tagging_it_another() {
    let nobody = DEMO.user(DEV, "mfa-nobody", None);
    let serial = arn("mfa-allowed");
    let reply = create(&nobody, "mfa-allowed", &[]);
    not_authorized(&reply, "mfa-nobody", "iam:CreateVirtualMFADevice", &serial);
    let policy = allow(&["iam:CreateVirtualMFADevice"], &[&serial]);
    let maker = DEMO.user(DEV, "mfa-maker", Some(&policy));
    let tags = [("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "1")];
    let reply = create(&maker, "mfa-allowed", &tags);
    not_authorized(&reply, "mfa-maker", "iam:TagMFADevice", &serial);
    assert_eq!(create(&maker, "mfa-allowed", &[]).status, 200);
}

#[test]
fn two_codes_in_a_row_give_a_device_to_a_user() {
    DEMO.user(DEV, "mfa-ann", None);
    let phone = DEMO.phone(root(), "mfa-ann");
    assert_eq!(enable(&phone, "MFA-Ann", [-1, 0]).status, 200);
    let listed = DEMO.iam_ok(root(), "ListMFADevices", &[("UserName", "mfa-ann")]);
    assert_eq!(listed.xml("UserName"), "mfa-ann");
    assert_eq!(listed.xml("SerialNumber"), phone.serial);
    let now = drawbridge::aws::xml::timestamp(DEMO.clock.now());
    assert_eq!(listed.xml("EnableDate"), now);
    assert_eq!(listed.xml("IsTruncated"), "false");
}

#[test]
fn codes_may_be_three_steps_off_and_no_more() {
    DEMO.user(DEV, "mfa-steps", None);
    for (last, taken) in [(-3, true), (3, true), (-4, false), (4, false)] {
        let phone = DEMO.phone(root(), &format!("mfa-steps{last}"));
        let reply = enable(&phone, "mfa-steps", [last - 1, last]);
        match taken {
            true => assert_eq!(reply.status, 200, "{last}"),
            false => refuses_codes(&reply),
        }
    }
}

#[test]
fn codes_that_are_equal_reversed_or_apart_are_refused() {
    DEMO.user(DEV, "mfa-pairs", None);
    let phone = DEMO.phone(root(), "mfa-pairs");
    for steps in [[0, 0], [0, -1], [-2, 0]] {
        refuses_codes(&enable(&phone, "mfa-pairs", steps));
    }
    assert_eq!(
        enable(&phone, "mfa-pairs", [-1, 0]).status,
        200,
        "none was spent"
    );
}

#[test]
fn a_code_has_six_digits() {
    let params = [
        ("UserName", "alice"),
        ("SerialNumber", "123456789"),
        ("AuthenticationCode1", "12345"),
        ("AuthenticationCode2", "abcdef"),
    ];
    let reply = DEMO.iam(root(), "EnableMFADevice", &params);
    let message = r"2 validation errors detected: Value at 'authenticationCode2' failed to satisfy constraint: Member must satisfy regular expression pattern: [\d]+; Value at 'authenticationCode1' failed to satisfy constraint: Member must have length greater than or equal to 6";
    refuses(&reply, 400, "ValidationError", message);
}

#[test]
fn a_device_that_somebody_has_is_given_to_nobody() {
    DEMO.user(DEV, "mfa-has", None);
    DEMO.user(DEV, "mfa-wants", None);
    let phone = DEMO.phone_of(root(), "mfa-has", "mfa-has");
    let again = enable(&phone, "mfa-has", [0, 1]);
    let message = "MFA Device for user mfa-has already exists.";
    refuses(&again, 409, "EntityAlreadyExists", message);
    let other = enable(&phone, "mfa-wants", [0, 1]);
    refuses(
        &other,
        409,
        "EntityAlreadyExists",
        "MFA Device is already in use.",
    );
}

#[test]
fn a_device_that_is_not_there_is_given_to_nobody() {
    DEMO.user(DEV, "mfa-none", None);
    let mut phone = DEMO.phone(root(), "mfa-none");
    phone.serial = arn("mfa-missing");
    let message = format!(
        "MFA Device with serial number {} does not exist.",
        phone.serial
    );
    let reply = enable(&phone, "mfa-none", [-1, 0]);
    refuses(&reply, 404, "NoSuchEntity", &message);
    // Nor is one of another account.
    let foreign = DEMO.phone(DEMO.root(PROD), "mfa-none");
    let message = format!(
        "MFA Device with serial number {} does not exist.",
        foreign.serial
    );
    let reply = enable(&foreign, "mfa-none", [-1, 0]);
    refuses(&reply, 404, "NoSuchEntity", &message);
}

#[test]
fn a_device_that_is_not_there_is_taken_from_nobody() {
    DEMO.user(DEV, "mfa-take", None);
    let serial = arn("mfa-not-there");
    let params = [("UserName", "mfa-take"), ("SerialNumber", serial.as_str())];
    let reply = DEMO.iam(root(), "DeactivateMFADevice", &params);
    let message = format!("MFA Device with serial number {serial} does not exist.");
    refuses(&reply, 404, "NoSuchEntity", &message);
}

#[test]
fn the_path_of_a_device_stands_between_slashes() {
    for path in ["x", "/x", "x/", "/a b/"] {
        let reply = create(root(), "mfa-path", &[("Path", path)]);
        let message = "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.";
        refuses(&reply, 400, "ValidationError", message);
    }
}

#[test]
fn a_device_is_given_to_nobody_who_is_not_there() {
    let phone = DEMO.phone(root(), "mfa-stray");
    let reply = enable(&phone, "mfa-stray", [-1, 0]);
    let message = "The user with name mfa-stray cannot be found.";
    refuses(&reply, 404, "NoSuchEntity", message);
}

#[test]
fn a_user_has_eight_devices_and_no_more() {
    DEMO.user(DEV, "mfa-many", None);
    for number in 0..8 {
        DEMO.phone_of(root(), "mfa-many", &format!("mfa-many{number}"));
    }
    let phone = DEMO.phone(root(), "mfa-many8");
    let message = "Cannot exceed quota for MFADevicesPerUser: 8";
    let reply = enable(&phone, "mfa-many", [-1, 0]);
    refuses(&reply, 409, "LimitExceeded", message);
}

#[test]
fn giving_setting_and_taking_a_device_needs_permission_about_the_user() {
    let nobody = DEMO.user(DEV, "mfa-plain", None);
    DEMO.user(DEV, "mfa-owner", None);
    let owner = format!("arn:aws:iam::{DEV}:user/mfa-owner");
    let actions = [
        "iam:EnableMFADevice",
        "iam:ResyncMFADevice",
        "iam:DeactivateMFADevice",
    ];
    let clerk = DEMO.user(DEV, "mfa-clerk", Some(&allow(&actions, &[&owner])));
    let phone = DEMO.phone(root(), "mfa-owner");
    let user = [("UserName", "mfa-owner")];
    let ask =
        |who: &Credentials, action: &str, steps| DEMO.pair(who, action, &phone, "mfa-owner", steps);
    for action in ["EnableMFADevice", "ResyncMFADevice"] {
        let reply = ask(&nobody, action, [-2, -1]);
        not_authorized(&reply, "mfa-plain", &format!("iam:{action}"), &owner);
    }
    let reply = about(&nobody, "DeactivateMFADevice", &phone.serial, &user);
    not_authorized(&reply, "mfa-plain", "iam:DeactivateMFADevice", &owner);
    assert_eq!(ask(&clerk, "EnableMFADevice", [-2, -1]).status, 200);
    assert_eq!(ask(&clerk, "ResyncMFADevice", [0, 1]).status, 200);
    let taken = about(&clerk, "DeactivateMFADevice", &phone.serial, &user);
    assert_eq!(taken.status, 200);
}

#[test]
fn a_user_with_a_device_changes_their_devices_only_after_using_it() {
    let own = format!("arn:aws:iam::{DEV}:user/mfa-self");
    let actions = ["iam:EnableMFADevice", "iam:DeactivateMFADevice"];
    let key = DEMO.user(DEV, "mfa-self", Some(&allow(&actions, &[&own])));
    let (first, second) = (
        DEMO.phone(root(), "mfa-self1"),
        DEMO.phone(root(), "mfa-self2"),
    );
    let ask = |who: &Credentials, phone: &Phone| {
        DEMO.pair(who, "EnableMFADevice", phone, "mfa-self", [-1, 0])
    };
    assert_eq!(ask(&key, &first).status, 200, "the first needs no other");
    let message = "To complete this action, please ensure that you are authenticated with an MFA device that is enabled for this user.";
    refuses(&ask(&key, &second), 403, "AccessDenied", message);
    let reply = about(&key, "DeactivateMFADevice", &first.serial, &[]);
    refuses(&reply, 403, "AccessDenied", message);
    let session = with_mfa("mfa-self");
    assert_eq!(ask(&session, &second).status, 200);
    let reply = about(&session, "DeactivateMFADevice", &first.serial, &[]);
    assert_eq!(reply.status, 200, "the caller's own, where nobody is named");
}

#[test]
fn a_resynchronised_pair_may_be_twenty_steps_off_and_no_more() {
    DEMO.user(DEV, "mfa-late", None);
    let phone = DEMO.phone_of(root(), "mfa-late", "mfa-late");
    let resync = |steps| DEMO.pair(root(), "ResyncMFADevice", &phone, "mfa-late", steps);
    refuses_codes(&resync([20, 21]));
    refuses_codes(&resync([-22, -21]));
    assert_eq!(resync([19, 20]).status, 200);
    assert_eq!(resync([-21, -20]).status, 200);
    refuses_codes(&resync([19, 20]));
}

#[test]
fn only_a_device_of_that_user_is_resynchronised_or_taken_away() {
    DEMO.user(DEV, "mfa-one", None);
    DEMO.user(DEV, "mfa-other", None);
    let phone = DEMO.phone_of(root(), "mfa-one", "mfa-one");
    let free = DEMO.phone(root(), "mfa-free");
    let message = "MFA Device invalid for user.";
    for (phone, user) in [(&phone, "mfa-other"), (&free, "mfa-one")] {
        let reply = DEMO.pair(root(), "ResyncMFADevice", phone, user, [0, 1]);
        refuses(&reply, 404, "NoSuchEntity", message);
        let user = [("UserName", user)];
        let reply = about(root(), "DeactivateMFADevice", &phone.serial, &user);
        refuses(&reply, 404, "NoSuchEntity", message);
    }
    // Root has none of its own.
    let reply = about(root(), "DeactivateMFADevice", &phone.serial, &[]);
    refuses(&reply, 404, "NoSuchEntity", message);
}

#[test]
fn a_device_taken_away_can_be_given_again_but_not_with_the_same_codes() {
    DEMO.user(DEV, "mfa-back", None);
    let phone = DEMO.phone_of(root(), "mfa-back", "mfa-back");
    let user = [("UserName", "mfa-back")];
    let taken = about(root(), "DeactivateMFADevice", &phone.serial, &user);
    assert_eq!(taken.status, 200);
    refuses_codes(&enable(&phone, "mfa-back", [-2, -1]));
    // The second of them is no better as a first.
    refuses_codes(&enable(&phone, "mfa-back", [-1, 0]));
    assert_eq!(enable(&phone, "mfa-back", [0, 1]).status, 200);
}

#[test]
fn a_device_in_use_is_not_deleted_and_a_free_one_is() {
    DEMO.user(DEV, "mfa-used", None);
    let phone = DEMO.phone_of(root(), "mfa-used", "mfa-used");
    let reply = about(root(), "DeleteVirtualMFADevice", &phone.serial, &[]);
    let message = "MFA VirtualDevice in use. Must deactivate first.";
    refuses(&reply, 409, "DeleteConflict", message);
    let user = [("UserName", "mfa-used")];
    about(root(), "DeactivateMFADevice", &phone.serial, &user);
    let reply = about(root(), "DeleteVirtualMFADevice", &phone.serial, &[]);
    assert_eq!(reply.status, 200);
    let reply = about(root(), "DeleteVirtualMFADevice", &phone.serial, &[]);
    let message = format!(
        "MFA Device with serial number {} does not exist.",
        phone.serial
    );
    refuses(&reply, 404, "NoSuchEntity", &message);
    // Made anew, it is another device: codes of the old one are nothing to it.
    DEMO.phone(root(), "mfa-used");
    refuses_codes(&enable(&phone, "mfa-used", [0, 1]));
}

#[test]
fn deleting_tagging_and_listing_tags_need_permission_about_the_device() {
    let nobody = DEMO.user(DEV, "mfa-guest", None);
    let phone = DEMO.phone(root(), "mfa-kept");
    let tags = [("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "1")];
    let keys = [("TagKeys.member.1", "a")];
    for (action, more) in [
        ("DeleteVirtualMFADevice", &[][..]),
        ("TagMFADevice", &tags[..]),
        ("UntagMFADevice", &keys[..]),
        ("ListMFADeviceTags", &[][..]),
    ] {
        let reply = about(&nobody, action, &phone.serial, more);
        not_authorized(&reply, "mfa-guest", &format!("iam:{action}"), &phone.serial);
        // Whoever may not ask does not learn that there is none.
        let reply = about(&nobody, action, &arn("mfa-unknown"), more);
        not_authorized(
            &reply,
            "mfa-guest",
            &format!("iam:{action}"),
            &arn("mfa-unknown"),
        );
        let actions = [&*format!("iam:{action}")];
        let name = format!("mfa-may-{action}");
        let may = DEMO.user(DEV, &name, Some(&allow(&actions, &[&arn("mfa-unknown")])));
        let reply = about(&may, action, &arn("mfa-unknown"), more);
        let serial = arn("mfa-unknown");
        let message = format!("MFA Device with serial number {serial} does not exist.");
        refuses(&reply, 404, "NoSuchEntity", &message);
    }
}

#[test]
fn tags_come_and_go() {
    let phone = DEMO.phone(root(), "mfa-tagged");
    let tags = [
        ("Tags.member.1.Key", "b"),
        ("Tags.member.1.Value", "1"),
        ("Tags.member.2.Key", "a"),
        ("Tags.member.2.Value", ""),
    ];
    assert_eq!(
        about(root(), "TagMFADevice", &phone.serial, &tags).status,
        200
    );
    let again = [("Tags.member.1.Key", "A"), ("Tags.member.1.Value", "2")];
    assert_eq!(
        about(root(), "TagMFADevice", &phone.serial, &again).status,
        200
    );
    let most = [("MaxItems", "1")];
    let page = about(root(), "ListMFADeviceTags", &phone.serial, &most);
    assert_eq!(
        (page.xml("Key"), page.xml("IsTruncated")),
        ("A".to_owned(), "true".to_owned())
    );
    let marker = [("Marker", &*page.xml("Marker"))];
    let page = about(root(), "ListMFADeviceTags", &phone.serial, &marker);
    assert_eq!(
        (page.xml("Key"), page.xml("Value")),
        ("b".to_owned(), "1".to_owned())
    );
    let keys = [("TagKeys.member.1", "B"), ("TagKeys.member.2", "a")];
    assert_eq!(
        about(root(), "UntagMFADevice", &phone.serial, &keys).status,
        200
    );
    let none = about(root(), "ListMFADeviceTags", &phone.serial, &[]);
    assert_eq!(none.xml_if_any("Key"), None);
}

#[test]
fn fifty_tags_are_enough() {
    let phone = DEMO.phone(root(), "mfa-fifty");
    let tag = |n: usize| {
        (
            format!("Tags.member.{n}.Key"),
            format!("Tags.member.{n}.Value"),
            format!("k{n}"),
        )
    };
    let names: Vec<_> = (1..=50).map(tag).collect();
    let tags: Vec<(&str, &str)> = names
        .iter()
        .flat_map(|(key, value, name)| [(&**key, &**name), (&**value, "")])
        .collect();
    assert_eq!(
        about(root(), "TagMFADevice", &phone.serial, &tags).status,
        200
    );
    let more = [("Tags.member.1.Key", "more"), ("Tags.member.1.Value", "")];
    let reply = about(root(), "TagMFADevice", &phone.serial, &more);
    let message = "The number of tags has reached the maximum limit.";
    refuses(&reply, 409, "LimitExceeded", message);
}

#[test]
fn devices_are_listed_by_whether_somebody_has_them() {
    // An account of its own in all this: the other tests are busy in the first.
    let root = DEMO.root(PROD);
    DEMO.user(PROD, "mfa-lister", None);
    let (a, b) = (
        DEMO.phone(root, "mfa-List-a"),
        DEMO.phone(root, "mfa-list-B"),
    );
    let enabled = DEMO.pair(root, "EnableMFADevice", &b, "mfa-lister", [-1, 0]);
    assert_eq!(enabled.status, 200);
    let list = |status: &str| {
        let status = [("AssignmentStatus", status)];
        DEMO.iam_ok(root, "ListVirtualMFADevices", &status)
    };
    let (assigned, free, any) = (list("Assigned"), list("Unassigned"), list("Any"));
    let has = |reply: &Reply, phone: &Phone| reply.text().contains(&phone.serial);
    assert_eq!((has(&assigned, &a), has(&assigned, &b)), (false, true));
    assert_eq!((has(&free, &a), has(&free, &b)), (true, false));
    assert_eq!((has(&any, &a), has(&any, &b)), (true, true));
    assert_eq!(assigned.xml("UserName"), "mfa-lister");
    assert_eq!(
        assigned.xml("Arn"),
        format!("arn:aws:iam::{PROD}:user/mfa-lister")
    );
    assert_eq!(free.xml_if_any("EnableDate"), None);
    let wrong = DEMO.iam(
        root,
        "ListVirtualMFADevices",
        &[("AssignmentStatus", "Lost")],
    );
    assert_eq!(wrong.aws_error().1, "ValidationError");
    let page = DEMO.iam_ok(root, "ListVirtualMFADevices", &[("MaxItems", "1")]);
    assert_eq!(page.xml("IsTruncated"), "true");
    let marker = [("Marker", &*page.xml("Marker")), ("MaxItems", "1000")];
    let rest = DEMO.iam_ok(root, "ListVirtualMFADevices", &marker);
    assert!(!rest.text().contains(&page.xml("SerialNumber")));
}

#[test]
fn listing_needs_permission_and_names_the_caller_by_default() {
    let own = format!("arn:aws:iam::{DEV}:user/mfa-looker");
    let policy = allow(&["iam:ListMFADevices"], &[&own]);
    let looker = DEMO.user(DEV, "mfa-looker", Some(&policy));
    let phone = DEMO.phone_of(root(), "mfa-looker", "mfa-looker");
    let listed = DEMO.iam_ok(&looker, "ListMFADevices", &[]);
    assert_eq!(listed.xml("SerialNumber"), phone.serial);
    let none = DEMO.iam_ok(root(), "ListMFADevices", &[]);
    assert_eq!(none.xml_if_any("SerialNumber"), None, "root has none");
    let reply = DEMO.iam(&looker, "ListVirtualMFADevices", &[]);
    not_authorized(&reply, "mfa-looker", "iam:ListVirtualMFADevices", "*");
    let nobody = DEMO.user(DEV, "mfa-blind", None);
    let reply = DEMO.iam(&nobody, "ListMFADevices", &[("UserName", "mfa-looker")]);
    not_authorized(&reply, "mfa-blind", "iam:ListMFADevices", &own);
}

#[test]
fn a_virtual_device_is_no_security_key() {
    DEMO.user(DEV, "mfa-key", None);
    let phone = DEMO.phone_of(root(), "mfa-key", "mfa-key");
    let reply = about(
        root(),
        "GetMFADevice",
        &phone.serial,
        &[("UserName", "mfa-key")],
    );
    let message = "The MFA device serial number sent in the request is invalid or not supported by this API. Currently, only hardware FIDO security keys are supported. Please use the compatible device or API.";
    refuses(&reply, 400, "ValidationError", message);
}

#[test]
fn codes_are_not_in_the_trail() {
    DEMO.user(DEV, "mfa-trail", None);
    let phone = DEMO.phone(root(), "mfa-trail");
    let reply = enable(&phone, "mfa-trail", [-1, 0]);
    let event = DEMO.event(&reply);
    let hidden = "HIDDEN_DUE_TO_SECURITY_REASONS";
    assert_eq!(event["requestParameters"]["authenticationCode1"], hidden);
    assert_eq!(event["requestParameters"]["authenticationCode2"], hidden);
    assert_eq!(
        event["requestParameters"]["serialNumber"],
        phone.serial.as_str()
    );
}

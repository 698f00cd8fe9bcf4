//! Whether the response holds: each row of sts.md section 7.1, at both services.

use drawbridge::saml::self_signed::{Subject, self_signed};
use drawbridge::saml::{Credential, SigningKey};
use serde_json::json;

use super::{Desk, LAX, STRICT};
use crate::harness::assertion::{AUDIENCE, RECIPIENT, SamlIdp, assertion_id, at, trust_saml};
use crate::harness::http::Reply;
use crate::harness::{DEV, PROD, RUNTIME};

const UNSIGNED: [&str; 2] = [
    "Response (with optional signature) must contain an assertion with a mandatory signature (Service: AWSOpenIdDiscoveryService; Status Code: 400; Error Code: AuthSamlInvalidSamlResponseException; Request ID: ",
    "; Proxy: null)",
];
const SIGNATURE: &str = "Response signature invalid";
const EXPIRED: &str = "Response has expired";
const MINUTE: i64 = 60;
const DAY: i64 = 86_400;

fn both() -> [&'static Desk; 2] {
    [&STRICT, &LAX]
}

/// What AWS does not look at: the strict service refuses it, the other takes it.
#[track_caller]
fn strict_alone(spoiled: impl Fn(&Desk) -> Reply, message: &str, reason: &str) {
    STRICT.refuses(&spoiled(&STRICT), message, reason);
    LAX.takes(&spoiled(&LAX));
}

// --- signatures -----------------------------------------------------------------------------------------------------

#[test]
fn the_assertion_is_signed_or_it_and_the_response() {
    for desk in both() {
        desk.takes(&desk.present(&desk.idp.sign(&desk.response())));
        let response = desk.idp.sign_response(&desk.idp.sign(&desk.response()));
        desk.takes(&desk.present(&response));
    }
}

#[test]
fn a_response_whose_assertion_is_not_signed_is_refused() {
    for desk in both() {
        let plain = desk.response();
        for response in [desk.idp.sign_response(&plain), plain] {
            let reply = desk.present(&response);
            let message = UNSIGNED.join(&reply.reference());
            desk.refuses(&reply, &message, "saml.signature.missing");
        }
    }
}

#[test]
fn what_was_changed_after_signing_is_refused() {
    for desk in both() {
        let signed = desk.idp.sign(&desk.response());
        let changed = signed.replace(">ann<", ">bob<");
        desk.refuses(&desk.present(&changed), SIGNATURE, "saml.signature.invalid");
    }
}

#[test]
fn a_response_signature_that_does_not_hold_spoils_a_good_assertion() {
    for desk in both() {
        let signed = desk.idp.sign_response(&desk.idp.sign(&desk.response()));
        let changed = signed.replacen(&format!("Destination='{RECIPIENT}'"), "", 1);
        desk.refuses(&desk.present(&changed), SIGNATURE, "saml.signature.invalid");
    }
}

#[test]
fn a_key_of_somebody_else_is_none() {
    for desk in both() {
        let other = SamlIdp::new(&desk.idp.entity_id);
        let signed = other.sign(&desk.response());
        desk.refuses(&desk.present(&signed), SIGNATURE, "saml.signature.invalid");
    }
}

#[test]
fn a_certificate_that_has_lapsed_still_verifies() {
    let key = SigningKey::generate().unwrap();
    let subject = Subject {
        common_name: "idp.example",
        serial: [7; 16],
        not_before: 0,
        not_after: DAY,
    };
    let der = self_signed(&key, &subject).unwrap();
    let idp = SamlIdp {
        entity_id: "https://lapsed.example".to_owned(),
        credential: Credential::new(key, der).unwrap(),
    };
    for desk in both() {
        let broker = &desk.broker;
        let provider = broker.saml_provider("Lapsed", &idp);
        let role = broker.role(DEV, "Lapsed", &trust_saml(&provider, json!({})));
        let own = desk
            .response_for(&role, &[])
            .replace(&desk.provider, &provider);
        let signed = idp.sign(&own.replace(&desk.idp.entity_id, &idp.entity_id));
        desk.takes(&broker.assume_with_saml(&signed, &provider, &role, &[]));
    }
}

#[test]
fn new_metadata_counts_at_once() {
    let desk = &*STRICT;
    let (old, new) = (
        SamlIdp::new("https://moving.example"),
        SamlIdp::new("https://moving.example"),
    );
    let broker = &desk.broker;
    let provider = broker.saml_provider("Moving", &old);
    let role = broker.role(DEV, "Moving", &trust_saml(&provider, json!({})));
    let own = desk
        .response_for(&role, &[])
        .replace(&desk.provider, &provider);
    let own = own.replace(&desk.idp.entity_id, &old.entity_id);
    let with = |idp: &SamlIdp| broker.assume_with_saml(&idp.sign(&own), &provider, &role, &[]);
    desk.takes(&with(&old));
    RUNTIME.block_on(async {
        let update = broker.app.store.update_saml_provider(&provider, |stored| {
            stored.metadata = new.metadata();
            Ok::<(), drawbridge::store::StoreError>(())
        });
        update.await.unwrap();
        broker.app.cache.refresh().await.unwrap();
    });
    desk.refuses(&with(&old), SIGNATURE, "saml.signature.invalid");
    desk.takes(&with(&new));
}

// --- whom it is of --------------------------------------------------------------------------------------------------

#[test]
fn an_assertion_of_another_issuer_is_refused() {
    for desk in both() {
        let reply = desk.bent(&desk.idp.entity_id, "https://other.example");
        let message = "Issuer not present in specified provider";
        desk.refuses(&reply, message, "saml.issuer");
    }
}

#[test]
fn the_issuer_of_the_response_is_that_of_the_assertion() {
    strict_alone(
        |desk| {
            let issuer = format!("<saml:Issuer>{}", desk.idp.entity_id);
            let response = desk.response();
            let response = response.replacen(&issuer, "<saml:Issuer>https://other.example", 1);
            desk.present(&desk.idp.sign(&response))
        },
        "Issuer not present in specified provider",
        "saml.issuer",
    );
}

#[test]
fn a_provider_that_is_not_there_is_refused() {
    let message = "Specified provider doesn't exist";
    for desk in both() {
        let signed = desk.idp.sign(&desk.response());
        for name in ["okta", "Other"] {
            let provider = format!("arn:aws:iam::{DEV}:saml-provider/{name}");
            let reply = desk
                .broker
                .assume_with_saml(&signed, &provider, &desk.role, &[]);
            desk.refuses(&reply, message, "saml.provider.missing");
        }
    }
}

#[test]
fn a_provider_of_another_account_is_refused() {
    let desk = &*STRICT;
    let (broker, idp) = (&desk.broker, &desk.idp);
    let provider = broker.saml_provider_with(PROD, "Okta", idp, |_| {});
    let role = broker.role(DEV, "Trusting", &trust_saml(&provider, json!({})));
    let response = desk
        .response_for(&role, &[])
        .replace(&desk.provider, &provider);
    let reply = broker.assume_with_saml(&idp.sign(&response), &provider, &role, &[]);
    let message = "Specified provider doesn't exist";
    desk.refuses(&reply, message, "saml.provider.missing");
}

#[test]
fn arns_of_other_things_are_refused() {
    let desk = &*STRICT;
    let signed = desk.idp.sign(&desk.response());
    let user = format!("arn:aws:iam::{DEV}:user/ann-the-first");
    for (provider, role) in [(&user, &desk.role), (&desk.provider, &user)] {
        let reply = desk.broker.assume_with_saml(&signed, provider, role, &[]);
        let message = "Request ARN is invalid";
        desk.broker
            .refuses(&reply, 400, "ValidationError", message, "sts.arn");
    }
}

// --- for whom it is -------------------------------------------------------------------------------------------------

#[test]
fn an_audience_names_us_where_there_is_one() {
    let restriction = format!(
        "<saml:AudienceRestriction><saml:Audience>{AUDIENCE}</saml:Audience></saml:AudienceRestriction>"
    );
    for desk in both() {
        desk.takes(&desk.bent(&restriction, ""));
        for known in [RECIPIENT, "https://eu-west-1.signin.aws.amazon.com/saml"] {
            desk.takes(&desk.bent(AUDIENCE, known));
        }
    }
    let message = "Response does not contain the required audience.";
    let reason = "saml.conditions.audience";
    strict_alone(|desk| desk.bent(AUDIENCE, "urn:other"), message, reason);
    // Each of several must.
    let other = restriction.replace(AUDIENCE, "urn:other");
    let two = format!("{restriction}{other}");
    strict_alone(|desk| desk.bent(&restriction, &two), message, reason);
}

#[test]
fn the_recipient_is_us_and_what_the_caller_reads_as_audience() {
    let spoil = |to: &'static str| {
        move |desk: &Desk| {
            desk.bent(
                &format!("Recipient='{RECIPIENT}'"),
                &format!("Recipient='{to}'"),
            )
        }
    };
    for desk in both() {
        let reply = spoil("https://eu-west-1.signin.aws.amazon.com/saml")(desk);
        let expected = "https://eu-west-1.signin.aws.amazon.com/saml";
        assert_eq!(reply.xml("Audience"), expected);
    }
    let message = "Response does not contain the required recipient.";
    strict_alone(spoil("not-a-url"), message, "saml.confirmation.recipient");
    assert_eq!(spoil("not-a-url")(&LAX).xml("Audience"), "not-a-url");
}

#[test]
fn the_destination_is_us_where_there_is_one() {
    let here = format!(" Destination='{RECIPIENT}'");
    for desk in both() {
        desk.takes(&desk.bent(&here, ""));
    }
    strict_alone(
        |desk| desk.bent(&here, " Destination='https://other.example/acs'"),
        "Response does not contain the required recipient.",
        "saml.destination",
    );
}

#[test]
fn a_configured_recipient_and_audience_are_taken() {
    let desk = Desk::start(
        "saml_recipients = [\"https://old.example/acs\"]\nsaml_audiences = [\"urn:acme:sts\"]\n",
    );
    let response = desk
        .response()
        .replace(RECIPIENT, "https://old.example/acs");
    let response = response.replace(AUDIENCE, "urn:acme:sts");
    desk.takes(&desk.present(&desk.idp.sign(&response)));
}

// --- times ----------------------------------------------------------------------------------------------------------

#[test]
fn a_beginning_may_lie_five_minutes_ahead() {
    let conditions = |desk: &Desk, ahead: i64| {
        let from = format!("Conditions NotBefore='{}'", at(desk.now() - 30));
        let to = format!("Conditions NotBefore='{}'", at(desk.now() + ahead));
        desk.bent(&from, &to)
    };
    let subject = |desk: &Desk, ahead: i64| {
        let from = "<saml:SubjectConfirmationData ";
        desk.bent(
            from,
            &format!("{from}NotBefore='{}' ", at(desk.now() + ahead)),
        )
    };
    for desk in both() {
        desk.takes(&conditions(desk, 5 * MINUTE));
        desk.takes(&subject(desk, 5 * MINUTE));
    }
    let message = "Response is not yet valid";
    let reason = "saml.conditions.time";
    strict_alone(|desk| conditions(desk, 5 * MINUTE + 1), message, reason);
    strict_alone(|desk| conditions(desk, DAY), message, reason);
    let reason = "saml.confirmation.time";
    strict_alone(|desk| subject(desk, 5 * MINUTE + 1), message, reason);
}

#[test]
fn an_issue_may_lie_five_minutes_ahead() {
    let spoil = |desk: &Desk, ahead: i64| {
        let from = format!("IssueInstant='{}'", at(desk.now() - 30));
        desk.bent(&from, &format!("IssueInstant='{}'", at(desk.now() + ahead)))
    };
    STRICT.takes(&spoil(&STRICT, 5 * MINUTE));
    strict_alone(
        |desk| spoil(desk, 5 * MINUTE + 1),
        "Response is not yet valid",
        "saml.time.issue_instant",
    );
}

#[test]
fn what_has_ended_is_refused_to_the_second() {
    for desk in both() {
        let (now, until) = (desk.now(), at(desk.now() + 270));
        let end = |element: &str, seconds: i64| {
            let response = desk.response();
            let (before, rest) = response.split_once(element).unwrap();
            let after = rest.replacen(&until, &at(now + seconds), 1);
            desk.present(&desk.idp.sign(&format!("{before}{element}{after}")))
        };
        for (element, reason) in [
            ("<saml:SubjectConfirmationData", "saml.confirmation.time"),
            ("<saml:Conditions", "saml.conditions.time"),
        ] {
            desk.takes(&end(element, 1));
            for over in [0, -1, -DAY] {
                desk.expired(&end(element, over), EXPIRED, reason);
            }
        }
        let session = |seconds: i64| {
            let to = format!("SessionNotOnOrAfter='{}' SessionIndex", at(now + seconds));
            desk.bent("SessionIndex", &to)
        };
        desk.takes(&session(1));
        for over in [0, -DAY] {
            desk.expired(&session(over), EXPIRED, "saml.time.session");
        }
    }
}

#[test]
fn conditions_need_no_end() {
    for desk in both() {
        let end = format!("' NotOnOrAfter='{}'><saml:Aud", at(desk.now() + 270));
        desk.takes(&desk.bent(&end, "'><saml:Aud"));
    }
}

#[test]
fn an_assertion_is_redeemed_within_five_minutes() {
    let message = "Token must be redeemed within 5 minutes of issuance";
    for desk in both() {
        let issued = |ago: i64| {
            let response = desk.response();
            let (before, assertion) = response.split_once("<saml:Assertion").unwrap();
            let from = format!("IssueInstant='{}'", at(desk.now() - 30));
            let to = format!("IssueInstant='{}'", at(desk.now() - ago));
            let assertion = assertion.replacen(&from, &to, 1);
            desk.present(
                &desk
                    .idp
                    .sign(&format!("{before}<saml:Assertion{assertion}")),
            )
        };
        desk.takes(&issued(5 * MINUTE));
        let reply = issued(5 * MINUTE + 1);
        desk.expired(&reply, message, "saml.time.issue_instant");
    }
}

#[test]
fn the_response_around_it_may_not_be_older_either() {
    let old = |desk: &Desk| {
        let from = format!("IssueInstant='{}'", at(desk.now() - 30));
        let to = format!("IssueInstant='{}'", at(desk.now() - 5 * MINUTE - 1));
        let response = desk.response().replacen(&from, &to, 1);
        desk.present(&desk.idp.sign(&response))
    };
    let message = "Token must be redeemed within 5 minutes of issuance";
    STRICT.expired(&old(&STRICT), message, "saml.time.issue_instant");
    LAX.takes(&old(&LAX));
}

// --- used before ----------------------------------------------------------------------------------------------------

fn once(desk: &Desk) -> String {
    let conditions = "</saml:AudienceRestriction>";
    let response = desk.response();
    let once = format!("{conditions}<saml:OneTimeUse/>");
    desk.idp.sign(&response.replace(conditions, &once))
}

#[test]
fn an_assertion_may_come_again_unless_it_is_for_one_use() {
    for desk in both() {
        let signed = desk.idp.sign(&desk.response());
        for _ in 0..2 {
            desk.takes(&desk.present(&signed));
        }
    }
    let signed = once(&LAX);
    for _ in 0..2 {
        LAX.takes(&LAX.present(&signed));
    }
    let signed = once(&STRICT);
    STRICT.takes(&STRICT.present(&signed));
    let reply = STRICT.present(&signed);
    STRICT.refuses(&reply, "Response has already been used", "saml.replay");
}

#[test]
fn a_refusal_spends_no_assertion() {
    let desk = &*STRICT;
    let nobody = desk.role_if("Nobody", json!({ "StringEquals": { "saml:sub": "bob" } }));
    let response = once(desk);
    let pair = format!("{nobody},{}", desk.provider);
    // Signed anew, with both roles.
    let value = format!("<saml:AttributeValue>{},", desk.role);
    let plain = desk.response().replace(
        &value,
        &format!("<saml:AttributeValue>{pair}</saml:AttributeValue>{value}"),
    );
    drop(response);
    let conditions = "</saml:AudienceRestriction>";
    let plain = plain.replace(conditions, &format!("{conditions}<saml:OneTimeUse/>"));
    let signed = desk.idp.sign(&plain);
    let reply = desk
        .broker
        .assume_with_saml(&signed, &desk.provider, &nobody, &[]);
    desk.denies(&reply, "trust.condition");
    desk.takes(&desk.present(&signed));
}

#[test]
fn of_two_at_once_one_wins() {
    let desk = &*STRICT;
    let signed = once(desk);
    let replies: Vec<u16> = std::thread::scope(|scope| {
        let at_once: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| desk.present(&signed).status))
            .collect();
        at_once.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert_eq!(replies.iter().filter(|status| **status == 200).count(), 1);
}

// --- form -----------------------------------------------------------------------------------------------------------

#[test]
fn what_is_no_base64_is_refused() {
    for desk in both() {
        let params = [
            ("RoleArn", desk.role.as_str()),
            ("PrincipalArn", &desk.provider),
            ("SAMLAssertion", "!!!!"),
        ];
        let reply = desk.broker.sts("AssumeRoleWithSAML", &params).send();
        desk.cannot_read(&reply, "saml.form.base64");
    }
}

#[test]
fn what_is_no_response_is_refused() {
    for desk in both() {
        desk.cannot_read(&desk.present("<a"), "saml.xml.malformed");
        desk.cannot_read(&desk.present("<a/>"), "saml.shape.root");
        let doctype = format!("<!DOCTYPE a>{}", desk.idp.sign(&desk.response()));
        desk.cannot_read(&desk.present(&doctype), "saml.xml.doctype");
    }
}

#[test]
fn a_failure_at_the_provider_is_refused() {
    for desk in both() {
        let reply = desk.bent("status:Success", "status:Responder");
        desk.cannot_read(&reply, "saml.status");
    }
}

#[test]
fn an_assertion_with_something_missing_is_refused() {
    for desk in both() {
        let until = at(desk.now() + 270);
        let without = |from: &str, to: &str, reason: &str| {
            let reply = desk.bent(from, to);
            desk.cannot_read(&reply, reason);
        };
        without(
            &format!(" Recipient='{RECIPIENT}'"),
            "",
            "saml.confirmation.recipient",
        );
        without(
            &format!("Data NotOnOrAfter='{until}'"),
            "Data",
            "saml.confirmation.time",
        );
        without(
            "cm:bearer",
            "cm:sender-vouches",
            "saml.confirmation.missing",
        );
        let format = " Format='urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'";
        without(format, "", "saml.value.empty");
        without(">ann<", "><", "saml.value.empty");
        let from = format!("NotBefore='{}'", at(desk.now() - 30));
        without(&from, "NotBefore='soon'", "saml.time.issue_instant");
        for (element, reason) in [
            ("Conditions", "saml.conditions.missing"),
            ("AuthnStatement", "saml.shape.element"),
        ] {
            let response = desk.response();
            let (open, close) = (format!("<saml:{element}"), format!("</saml:{element}>"));
            let (before, rest) = response.split_once(&open).unwrap();
            let (_, after) = rest.split_once(&close).unwrap();
            let signed = desk.idp.sign(&format!("{before}{after}"));
            desk.cannot_read(&desk.present(&signed), reason);
        }
    }
}

#[test]
fn two_confirmations_are_refused() {
    for desk in both() {
        let response = desk.response();
        let (_, rest) = response.split_once("<saml:SubjectConfirmation ").unwrap();
        let (inside, _) = rest.split_once("</saml:SubjectConfirmation>").unwrap();
        let one = format!("<saml:SubjectConfirmation {inside}</saml:SubjectConfirmation>");
        let two = response.replace(&one, &format!("{one}{one}"));
        let reply = desk.present(&desk.idp.sign(&two));
        desk.cannot_read(&reply, "saml.shape.element");
    }
}

#[test]
fn two_assertions_are_refused() {
    for desk in both() {
        let signed = desk.idp.sign(&desk.response());
        let (before, rest) = signed.split_once("<saml:Assertion").unwrap();
        let (inside, _) = rest.split_once("</saml:Assertion>").unwrap();
        let other = inside.replace(&assertion_id(&signed), "_other");
        let two = format!(
            "{before}<saml:Assertion{other}</saml:Assertion><saml:Assertion{inside}</saml:Assertion></samlp:Response>"
        );
        let reply = desk.present(&two);
        desk.cannot_read(&reply, "saml.shape.assertions");
    }
}

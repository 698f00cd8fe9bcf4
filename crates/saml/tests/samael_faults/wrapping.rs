//! A genuine signature around, beside or inside a forged assertion (XSW; "junk around a signature is an attack").
//!
//! samael forges nothing here either, but lets several in as the person whom the signature is about. We refuse them all.

use super::*;

/// The genuine response in parts: what is before the assertion, the signed assertion, what is after.
fn parts(text: &str) -> (&str, &str, &str) {
    let from = text.find("<saml:Assertion").unwrap();
    let to = text.find("</saml:Assertion>").unwrap() + "</saml:Assertion>".len();
    (&text[..from], &text[from..to], &text[to..])
}

fn signature(text: &str) -> &str {
    let from = text.find("<ds:Signature ").unwrap();
    let to = text.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    &text[from..to]
}

/// A forged assertion, with something in the place of its signature and something at its end.
fn evil(signature: &str, last: &str) -> String {
    let text = bent(">ann<", ">root<").replacen("ID='_a'", "ID='_e'", 1);
    let (_, assertion, _) = parts(&text);
    let assertion = assertion.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1);
    assertion.replacen("</saml:Assertion>", &format!("{last}</saml:Assertion>"), 1)
}

/// Who is let in by samael.
#[derive(PartialEq)]
enum Samael {
    LetsAnnIn,
    RefusesToo,
}
use Samael::{LetsAnnIn, RefusesToo};

#[track_caller]
fn refused(text: &str, error: SamlError, theirs: Samael) {
    let found = samael(text);
    match theirs {
        LetsAnnIn => assert_eq!(found, Ok("ann".to_owned()), "{text}"),
        RefusesToo => assert!(found.is_err(), "{found:?}: {text}"),
    }
    assert_eq!(ours(text), Err(error), "{text}");
}

#[test]
fn a_forged_assertion_beside_the_signed_one() {
    let text = signed(&response());
    let (before, good, after) = parts(&text);
    let evil = evil("", "");
    refused(
        &format!("{before}{evil}{good}{after}"),
        SamlError::Assertions,
        LetsAnnIn,
    );
    refused(
        &format!("{before}{good}{evil}{after}"),
        SamlError::Assertions,
        LetsAnnIn,
    );
}

#[test]
fn a_forged_assertion_around_the_signed_one() {
    let text = signed(&response());
    let (before, good, after) = parts(&text);
    let evil = evil("", good);
    refused(
        &format!("{before}{evil}{after}"),
        SamlError::Assertions,
        LetsAnnIn,
    );
}

#[test]
fn the_signature_moved_into_a_forged_assertion() {
    let text = signed(&response());
    let (before, good, after) = parts(&text);
    let signature = signature(good);
    let bare = good.replacen(signature, "", 1);
    let beside = format!("{before}{}{bare}{after}", evil(signature, ""));
    refused(&beside, SamlError::Assertions, LetsAnnIn);
    let inside = signature.replacen("</ds:Signature>", &format!("{bare}</ds:Signature>"), 1);
    let inside = format!("{before}{}{after}", evil(&inside, ""));
    refused(&inside, SamlError::Assertions, RefusesToo);
    let object = format!("<ds:Object>{bare}</ds:Object></ds:Signature>");
    let object = signature.replacen("</ds:Signature>", &object, 1);
    let object = format!("{before}{}{after}", evil(&object, ""));
    refused(&object, SamlError::Assertions, RefusesToo);
}

#[test]
fn the_signed_assertion_put_away() {
    let text = signed(&response());
    let (before, good, after) = parts(&text);
    let extensions = format!("<samlp:Extensions>{good}</samlp:Extensions><samlp:Status>");
    let before = before.replacen("<samlp:Status>", &extensions, 1);
    refused(
        &format!("{before}{}{after}", evil("", "")),
        SamlError::Assertions,
        LetsAnnIn,
    );
}

#[test]
fn a_forged_response_around_the_signed_one() {
    let text = testing::sign(&response(), "_r", &KEY);
    let forged = bent(">ann<", ">root<").replacen("ID='_r'", "ID='_f'", 1);
    let forged = forged.replacen("ID='_a'", "ID='_e'", 1);
    let around = forged.replacen(
        "<samlp:Status>",
        &format!("<samlp:Extensions>{text}</samlp:Extensions><samlp:Status>"),
        1,
    );
    refused(&around, SamlError::Assertions, LetsAnnIn);
}

/// Two elements of one `ID`: which one is meant depends on the reader.
#[test]
fn an_id_that_comes_twice() {
    let text = signed(&response());
    let (before, good, after) = parts(&text);
    let evil = evil("", "").replacen("ID='_e'", "ID='_a'", 1);
    refused(
        &format!("{before}{evil}{good}{after}"),
        SamlError::Id,
        RefusesToo,
    );
    for (spelling, theirs) in [
        ("Id='_a'", LetsAnnIn),
        ("id='_a'", LetsAnnIn),
        ("xml:id='_a'", RefusesToo),
    ] {
        let text = text.replacen("<samlp:Status>", &format!("<samlp:Status {spelling}>"), 1);
        refused(&text, SamlError::Id, theirs);
    }
}

/// What a reader sees that stops at a mark is not what was signed.
#[test]
fn text_that_readers_split() {
    let text = signed(&bent(">ann<", "><![CDATA[root]]>.ann<"));
    assert_eq!(ours(&text).unwrap().name_id().value, "root.ann");
}

//! Document types, entities and instructions: none is read, so none of them does anything.

use super::*;

#[test]
fn no_document_type() {
    let text = signed(&response());
    for doctype in [
        "<!DOCTYPE samlp:Response>",
        "<!DOCTYPE samlp:Response []>",
        "<!DOCTYPE samlp:Response [<!ELEMENT x ANY>]>",
        // Two IDs in one document, of which one is called otherwise.
        "<!DOCTYPE samlp:Response [<!ATTLIST saml:Assertion Key ID #REQUIRED>]>",
        // Attributes that are not there, with values.
        "<!DOCTYPE samlp:Response [<!ATTLIST saml:NameID Format CDATA 'urn:x'>]>",
        "<!DOCTYPE samlp:Response [<!ATTLIST saml:Assertion xmlns:saml CDATA 'urn:x'>]>",
        "<!DOCTYPE samlp:Response [<!ENTITY who 'root'>]>",
        "<!DOCTYPE samlp:Response SYSTEM 'file:///etc/passwd'>",
        "<!DOCTYPE samlp:Response PUBLIC '-//x' 'http://127.0.0.1:1/x.dtd'>",
    ] {
        refused(format!("{doctype}{text}"), SamlError::Doctype);
        refused(
            format!("<?xml version='1.0'?>\n<!-- -->{doctype}{text}"),
            SamlError::Doctype,
        );
        refused(format!("{text}{doctype}"), SamlError::Doctype);
        refused(
            changed(&text, "<samlp:Status>", &format!("{doctype}<samlp:Status>")),
            SamlError::Doctype,
        );
    }
    let lower = format!("<!doctype samlp:Response>{text}");
    refused(lower, SamlError::Malformed("there is a declaration"));
}

#[test]
fn no_entity() {
    for entity in ["&who;", "&nbsp;", "&Amp;", "&AMP;", "&a.b;", "&_;"] {
        refused(bent(">ann<", &format!(">{entity}<")), SamlError::Entity);
        refused(
            bent("SessionIndex='", &format!("SessionIndex='{entity}")),
            SamlError::Entity,
        );
        refused(
            format!(
                "<!DOCTYPE r [<!ENTITY who 'root'>]>{}",
                bent(">ann<", ">&who;<")
            ),
            SamlError::Doctype,
        );
    }
    let malformed = |why| SamlError::Malformed(why);
    for (broken, error) in [
        ("&", malformed("a reference is not closed")),
        ("&;", malformed("a reference is malformed")),
        ("& amp;", malformed("a reference is malformed")),
        ("&#;", malformed("a reference is malformed")),
        ("&#x;", malformed("a reference is malformed")),
        ("&#X41;", malformed("a reference is malformed")),
        ("&#-1;", malformed("a reference is malformed")),
        ("&#+65;", malformed("a reference is malformed")),
        ("&#65", malformed("a reference is not closed")),
        ("&%who;", malformed("a reference is malformed")),
        ("&#0;", SamlError::Character),
        ("&#x1F;", SamlError::Character),
        ("&#xD800;", SamlError::Character),
        ("&#xFFFE;", SamlError::Character),
        ("&#x110000;", SamlError::Character),
        ("&#x100000041;", malformed("a reference is malformed")),
    ] {
        refused(bent(">ann<", &format!(">{broken}<")), error);
    }
}

/// A billion laughs, a quadratic blow-up, an entity within itself.
#[test]
fn no_entity_bomb() {
    let mut levels = String::from("<!ENTITY l0 'lol'>");
    for level in 1..30 {
        let below = format!("&l{};", level - 1).repeat(10);
        levels.push_str(&format!("<!ENTITY l{level} '{below}'>"));
    }
    let big = format!("<!ENTITY l29 '{}'>", "x".repeat(100_000));
    let itself = "<!ENTITY l29 '&l29;'>".to_owned();
    let parameters = "<!ENTITY % a '&#x25;a;'><!ENTITY % b '%a;%a;'>%b;".to_owned();
    for entities in [levels, big, itself, parameters] {
        let text = bent(">ann<", &format!(">{}<", "&l29;".repeat(1000)));
        refused(
            format!("<!DOCTYPE r [{entities}]>{text}"),
            SamlError::Doctype,
        );
    }
}

#[test]
fn no_processing_instruction() {
    let text = signed(&response());
    for instruction in [
        "<?x?>",
        "<?xml-stylesheet href='http://127.0.0.1:1/'?>",
        "<?php system('id') ?>",
        "<? x?>",
        "<?xml version='1.0'?>",
    ] {
        let error = SamlError::ProcessingInstruction;
        refused(
            changed(&text, ">ann<", &format!(">ann{instruction}<")),
            error.clone(),
        );
        refused(
            changed(
                &text,
                "<samlp:Status>",
                &format!("{instruction}<samlp:Status>"),
            ),
            error.clone(),
        );
        refused(format!("{text}{instruction}"), error.clone());
        refused(format!("\n{instruction}{text}"), error);
    }
    // Signed with it in: what cuts a value in two for one reader does not for another.
    let error = SamlError::ProcessingInstruction;
    refused(changed(&text, ">ann<", "><?x ann?>root<"), error);
}

//! Values: what they are read as, by both verifiers alike (SAML-17).

use super::*;

const GROUPS: &str = "<saml:AttributeValue>engineering</saml:AttributeValue><saml:AttributeValue>admins</saml:AttributeValue>";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// What `groups` is read as where its values are spelled like this. Signed either way, and the second opinion agrees.
#[track_caller]
fn groups(values: &str) -> Result<Vec<String>, SamlError> {
    let text = response().replacen(GROUPS, values, 1);
    assert!(text.contains(values), "{values}");
    let [inner, outer] = ["_a", "_r"].map(|id| {
        let found = judge(&sign(&text, id, &KEY))?;
        Ok(found.values("groups").unwrap().to_vec())
    });
    assert_eq!(inner, outer, "{values}");
    inner
}

#[track_caller]
fn read_as(values: &str, wanted: &[&str]) {
    let wanted = wanted.iter().map(|it| (*it).to_owned()).collect();
    assert_eq!(groups(values), Ok(wanted), "{values}");
}

#[test]
fn a_value_is_all_its_text() {
    for (inside, wanted) in [
        ("admins", "admins"),
        ("\n    admins\t\r\n", "admins"),
        ("&#32;&#13;admins&#10;", "admins"),
        ("ad<!-- x -->mins", "admins"),
        ("<!-- x -->admins<!---->", "admins"),
        ("<![CDATA[admins]]>", "admins"),
        ("ad<![CDATA[<m&>]]>ins", "ad<m&>ins"),
        ("<![CDATA[ ]]>admins<![CDATA[]]>", "admins"),
        ("a&amp;b&lt;c&gt;&#x64;&quot;&apos;", "a&b<c>d\"'"),
        ("two  words", "two  words"),
        ("北京 😀", "北京 😀"),
        // White space of Unicode is not that of XML.
        ("\u{a0}admins\u{2003}", "\u{a0}admins\u{2003}"),
    ] {
        read_as(
            &format!("<saml:AttributeValue>{inside}</saml:AttributeValue>"),
            &[wanted],
        );
    }
}

#[test]
fn empty_values_are_kept() {
    read_as("<saml:AttributeValue/>", &[""]);
    read_as(
        "<saml:AttributeValue></saml:AttributeValue><saml:AttributeValue> \n </saml:AttributeValue><saml:AttributeValue>a</saml:AttributeValue><saml:AttributeValue><!-- b --></saml:AttributeValue>",
        &["", "", "a", ""],
    );
}

#[test]
fn an_attribute_may_have_no_values() {
    read_as("", &[]);
    read_as("\n  <!-- none -->\n", &[]);
}

#[test]
fn a_value_that_says_to_be_nothing_is_left_out() {
    for (nil, wanted) in [
        ("true", [].as_slice()),
        ("1", &[]),
        ("false", &[""]),
        ("0", &[""]),
        ("", &[""]),
    ] {
        read_as(
            &format!("<saml:AttributeValue xmlns:xsi='{XSI}' xsi:nil='{nil}'/>"),
            wanted,
        );
    }
    // It says nothing even where something is in it, and only the real one says so.
    let held = "admins</saml:AttributeValue>";
    read_as(
        &format!("<saml:AttributeValue xmlns:i='{XSI}' i:nil='true'>{held}"),
        &[],
    );
    let name = "<saml:NameID>admins</saml:NameID></saml:AttributeValue>";
    read_as(
        &format!("<saml:AttributeValue xmlns:i='{XSI}' i:nil='1'>{name}"),
        &[],
    );
    read_as(
        &format!("<saml:AttributeValue nil='true'>{held}"),
        &["admins"],
    );
    read_as(
        &format!("<saml:AttributeValue xmlns:xsi='urn:other' xsi:nil='true'>{held}"),
        &["admins"],
    );
}

#[test]
fn a_type_changes_nothing() {
    let schema = "http://www.w3.org/2001/XMLSchema";
    for kind in ["xs:string", "xs:integer", "xs:anyType", "xs:base64Binary"] {
        read_as(
            &format!(
                "<saml:AttributeValue xmlns:xs='{schema}' xmlns:xsi='{XSI}' xsi:type='{kind}'> 1 </saml:AttributeValue>"
            ),
            &["1"],
        );
    }
}

#[test]
fn a_name_inside_a_value_is_its_value() {
    let name = |before: &str, inside: &str, after: &str| {
        format!(
            "<saml:AttributeValue>{before}<saml:NameID Format='urn:x' NameQualifier='q'>{inside}</saml:NameID>{after}</saml:AttributeValue>"
        )
    };
    read_as(&name("", "opaque", ""), &["opaque"]);
    read_as(&name("\n  ", " opa<!-- -->que ", "\n"), &["opaque"]);
    read_as(
        &format!(
            "{}<saml:AttributeValue>plain</saml:AttributeValue>",
            name("", "opaque", "")
        ),
        &["opaque", "plain"],
    );
    assert_eq!(
        groups(&name("", " ", "")),
        Err(SamlError::ValueEmpty("NameID"))
    );
    assert_eq!(
        groups(&name("", "o<saml:NameID>p</saml:NameID>", "")),
        Err(SamlError::Element("a value holds elements"))
    );
    assert_eq!(
        groups(&name("", "\u{202e}o", "")),
        Err(SamlError::ValueCharacter)
    );
}

#[test]
fn structured_values_say_nothing() {
    for inside in [
        "<x xmlns='urn:x'>admins</x>",
        "<saml:NameID>a</saml:NameID><saml:NameID>b</saml:NameID>",
        "<saml:NameID>a</saml:NameID>and more",
        "more<saml:NameID>a</saml:NameID>",
        "<x xmlns='urn:x'><saml:NameID>a</saml:NameID></x>",
        "ad<b xmlns='urn:x'>m</b>ins",
        "admins<x xmlns='urn:x'/>",
    ] {
        let value = format!("<saml:AttributeValue>{inside}</saml:AttributeValue>");
        read_as(&value, &[]);
        let plain = "<saml:AttributeValue>plain</saml:AttributeValue>";
        read_as(&format!("{plain}{value}{plain}"), &["plain", "plain"]);
    }
}

#[test]
fn attributes_of_one_name_are_one() {
    let more = "<saml:AttributeValue>a</saml:AttributeValue></saml:Attribute><saml:Attribute Name='groups'/><saml:Attribute Name='groups' FriendlyName='g'><saml:AttributeValue>b</saml:AttributeValue><saml:AttributeValue>a</saml:AttributeValue></saml:Attribute><saml:Attribute Name='Groups'><saml:AttributeValue>c</saml:AttributeValue>";
    read_as(more, &["a", "b", "a"]);
    let found = judge(&bent(GROUPS, more)).unwrap();
    let names: Vec<_> = found.attributes().iter().map(|it| &*it.name).collect();
    assert_eq!(names, ["groups", "Groups", "mail"]);
    assert_eq!(found.attributes()[0].friendly_name, None);
}

#[test]
fn attributes_may_stand_in_several_statements() {
    let more = "<saml:AttributeValue>a</saml:AttributeValue></saml:Attribute></saml:AttributeStatement><saml:AttributeStatement><saml:Attribute Name='groups'><saml:AttributeValue>b</saml:AttributeValue>";
    read_as(more, &["a", "b"]);
}

#[test]
fn an_attribute_may_hold_nothing_but_values() {
    for other in [
        "<saml:NameID>a</saml:NameID>",
        "<x xmlns='urn:x'/>",
        "<saml:Attribute Name='groups'/>",
    ] {
        assert_eq!(groups(other), Err(SamlError::Element("Attribute")));
    }
    let encrypted = "</saml:Attribute><saml:EncryptedAttribute/><saml:Attribute Name='groups'>";
    let refused = SamlError::Element("AttributeStatement");
    assert_eq!(groups(encrypted), Err(refused));
}

#[test]
fn an_attribute_has_a_name() {
    for name in [
        "Name=''",
        "Name='  '",
        "FriendlyName='groups'",
        "name='groups'",
    ] {
        let text = bent("Name='groups'", name);
        refused(&text, SamlError::ValueEmpty("Attribute"));
    }
    let found = judge(&bent("Name='groups'", "Name=' groups\n'")).unwrap();
    assert_eq!(found.values("groups").unwrap().len(), 2);
}

/// Whom it is about is what it says, whatever is around and between.
#[test]
fn a_name_is_all_its_text() {
    for (inside, wanted) in [
        (
            "ann@acme.example<!---->.evil.example",
            "ann@acme.example.evil.example",
        ),
        ("\n  ann\n", "ann"),
        ("<![CDATA[ann]]>", "ann"),
        ("<![CDATA[ann]]>@x", "ann@x"),
        ("a&#110;n", "ann"),
    ] {
        let found = judge(&bent(">ann<", &format!(">{inside}<"))).unwrap();
        assert_eq!(found.name_id().value, wanted);
    }
}

#[test]
fn a_name_keeps_its_format_and_qualifiers() {
    let bare = judge(&bent(
        " Format='urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'>",
        ">",
    ));
    let bare = bare.unwrap().name_id().clone();
    assert_eq!(
        (bare.format, bare.name_qualifier, bare.sp_name_qualifier),
        (None, None, None)
    );
    let full = judge(&bent(
        "<saml:NameID ",
        "<saml:NameID NameQualifier=' q\t' SPNameQualifier='' ",
    ));
    let full = full.unwrap().name_id().clone();
    assert_eq!(full.name_qualifier.as_deref(), Some("q"));
    assert_eq!(full.sp_name_qualifier.as_deref(), Some(""));
    let spaced = judge(&bent(" Format='urn", " Format='\n urn")).unwrap();
    assert_eq!(
        spaced.name_id().format.as_deref(),
        Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")
    );
}

#[test]
fn values_that_are_needed_are_not_empty() {
    for empty in ["", " \n", "<!-- ann -->", "<![CDATA[]]>", "&#32;"] {
        let text = bent(">ann<", &format!(">{empty}<"));
        refused(&text, SamlError::ValueEmpty("NameID"));
        let text = bent(&format!(">{SP}<"), &format!(">{empty}<"));
        refused(&text, SamlError::ValueEmpty("Audience"));
        let whole = format!(
            "ID='_a' Version='2.0' IssueInstant='2026-11-22T09:59:30Z'><saml:Issuer>{IDP}<"
        );
        let bare = whole.replace(IDP, empty);
        refused(&bent(&whole, &bare), SamlError::ValueEmpty("Issuer"));
    }
}

#[test]
fn no_value_hides_anything() {
    for hidden in [
        "\u{feff}", "\u{200e}", "\u{200f}", "\u{61c}", "\u{202a}", "\u{202e}", "\u{2066}",
        "\u{2069}", "&#9;x", "&#10;x", "&#13;x", "\n x",
    ] {
        let places = [
            (">ann<", format!(">an{hidden}n<")),
            (">admins<", format!(">ad{hidden}mins<")),
            (
                "Name='groups'",
                format!("Name='gro{}ups'", hidden.replace("\n x", "&#10;")),
            ),
            (
                "SessionIndex='_s'",
                format!("SessionIndex='_{}s'", hidden.replace("\n x", "&#10;")),
            ),
            (
                ">urn:oasis:names:tc:SAML:2.0:ac",
                format!(">urn:oa{hidden}sis:names:tc:SAML:2.0:ac"),
            ),
            (&*format!(">{SP}<"), format!(">{SP}{hidden}x<")),
        ];
        for (from, to) in places {
            refused(&bent(from, &to), SamlError::ValueCharacter);
        }
    }
}

/// Elements where text is expected are not read around.
#[test]
fn names_hold_no_elements() {
    let holds = SamlError::Element("a value holds elements");
    for (from, to) in [
        (">ann<", ">ann<x xmlns='urn:x'>ey</x><"),
        (&*format!(">{SP}<"), &*format!(">{SP}<x xmlns='urn:x'/><")),
        (
            ">urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport<",
            "><x xmlns='urn:x'/>urn:mfa<",
        ),
    ] {
        refused(&bent(from, to), holds.clone());
    }
}

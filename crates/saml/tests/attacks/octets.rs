//! Encodings, characters, base64, and documents cut short.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use drawbridge_saml::form::{MAX_FORM_BYTES, decode};

use super::*;

fn encoded(text: &str, pairs: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(pairs).collect()
}

#[test]
fn other_encodings() {
    let text = signed(&response());
    for bytes in [
        encoded(&format!("\u{feff}{text}"), u16::to_le_bytes),
        encoded(&format!("\u{feff}{text}"), u16::to_be_bytes),
    ] {
        refused(bytes, SamlError::Encoding);
    }
    // Without the mark they are UTF-8 full of NUL.
    refused(encoded(&text, u16::to_le_bytes), SamlError::Character);
    refused(encoded(&text, u16::to_be_bytes), SamlError::Character);
    let wide: Vec<u8> = text
        .chars()
        .flat_map(|c| u32::from(c).to_le_bytes())
        .collect();
    refused(wide, SamlError::Character);
}

/// A filter that looks for `<` sees none in UTF-7 or EBCDIC, which it was declared to be.
#[test]
fn declared_encodings() {
    let text = signed(&response());
    for encoding in [
        "UTF-7",
        "UTF-16",
        "UTF-16LE",
        "UTF-32",
        "ISO-8859-1",
        "latin1",
        "us-ascii",
        "windows-1252",
        "IBM037",
        "GB18030",
        "UTF8",
        "",
    ] {
        let declared = format!("<?xml version='1.0' encoding='{encoding}'?>{text}");
        refused(declared, SamlError::Encoding);
    }
    for declaration in [
        "<?xml version='1.0' encoding='UTF-8'?>",
        "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"no\" ?>\n",
        "<?xml version='1.0'?>",
    ] {
        is_ann(format!("{declaration}{text}"));
        is_ann(format!("\u{feff}{declaration}{text}"));
    }
    for declaration in [
        "<?xml version='1.1'?>",
        "<?xml version='1.0' version='1.0'?>",
        "<?xml encoding='UTF-8'?>",
        "<?xml version='1.0' standalone='maybe'?>",
        "<?xml version='1.0' standalone='yes' encoding='UTF-8'?>",
        "<?xml version='1.0' x='y'?>",
        "<?xml version='1.0'encoding='UTF-8'?>",
        "<?xml ?>",
        "<?xml version='1.0'>",
        "\u{feff}\u{feff}",
    ] {
        let found = judge(format!("{declaration}{text}").as_bytes()).unwrap_err();
        assert_eq!(found.reason(), "saml.xml.malformed", "{declaration}");
    }
    refused(
        format!("<?XML version='1.0'?>{text}"),
        SamlError::ProcessingInstruction,
    );
}

#[test]
fn bytes_that_are_no_utf_8() {
    let text = signed(&response()).into_bytes();
    let at = text.windows(3).position(|it| it == b"ann").unwrap();
    for bytes in [
        &b"\xff"[..],
        b"\xfe\xff",
        b"\x80",
        b"\xc3",
        // Overlong `<`, NUL and slash.
        b"\xc0\xbc",
        b"\xe0\x80\xbc",
        b"\xc0\x80",
        b"\xf0\x80\x80\xaf",
        // Half a pair, and beyond the last.
        b"\xed\xa0\x80",
        b"\xed\xb0\x80",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
    ] {
        let mut document = text.clone();
        document.splice(at..at, bytes.iter().copied());
        refused(&document, SamlError::Encoding);
        document.truncate(at + 1);
        refused(&document, SamlError::Encoding);
    }
}

#[test]
fn characters_that_stand_nowhere() {
    for c in [
        "\0",
        "\u{1}",
        "\u{b}",
        "\u{1b}",
        "\u{7f}",
        "\u{85}",
        "\u{9f}",
        "\u{fffe}",
        "\u{ffff}",
        "\u{fdd0}",
        "\u{1ffff}",
    ] {
        for (from, to) in [
            (">ann<", format!(">ann{c}root<")),
            ("<saml:Subject>", format!("<saml:Subject {c}>")),
            ("SessionIndex='", format!("SessionIndex='{c}")),
            ("<saml:Subject>", format!("<!--{c}--><saml:Subject>")),
            ("<samlp:Response", format!("{c}<samlp:Response")),
        ] {
            refused(bent(from, &to), SamlError::Character);
        }
    }
    let text = signed(&response());
    refused(format!("{text}\0"), SamlError::Character);
}

/// Names that look like ours.
#[test]
fn letters_of_other_alphabets() {
    let text = signed(&response());
    refused(
        text.replace("saml:Assertion", "saml:\u{410}ssertion"),
        SamlError::Element("Response"),
    );
    // Of a name and its lookalike, each is itself.
    refused(
        changed(&text, ">ann<", ">\u{430}nn<"),
        SamlError::SignatureInvalid,
    );
    // Composed and decomposed are two: nothing is normalized.
    let signed = signed(&bent(">ann<", ">Zo\u{eb}<"));
    refused(
        changed(&signed, "Zo\u{eb}", "Zoe\u{308}"),
        SamlError::SignatureInvalid,
    );
}

/// At every length, and with every byte gone.
#[test]
fn cut_short() {
    let text = signed(&response());
    for length in 0..text.len() {
        let found = judge(&text.as_bytes()[..length]);
        let reason = found.unwrap_err().reason();
        assert!(reason.starts_with("saml.xml."), "{length} {reason}");
    }
    for at in (0..text.len()).step_by(7) {
        let bytes = [&text.as_bytes()[..at], &text.as_bytes()[at + 1..]].concat();
        if let Ok(found) = judge(&bytes) {
            // White space in a tag, or an end of the signature that says nothing.
            assert_eq!(found.name_id().value, "ann", "{at}");
            assert_eq!(
                found.values("groups").unwrap(),
                ["engineering", "admins"],
                "{at}"
            );
        }
    }
}

/// One bit, anywhere: refused, or nothing that was signed has changed.
#[test]
fn a_bit_turned() {
    let text = signed(&response()).into_bytes();
    for at in (0..text.len()).step_by(5) {
        let mut bytes = text.clone();
        bytes[at] ^= 1 << (at % 7);
        if let Ok(found) = judge(&bytes) {
            assert_eq!(found.name_id().value, "ann", "{at}");
            assert_eq!(
                found.values("groups").unwrap(),
                ["engineering", "admins"],
                "{at}"
            );
            assert_eq!((found.id(), found.issuer()), ("_a", IDP), "{at}");
        }
    }
}

#[test]
fn base64_in_other_ways() {
    let text = signed(&response());
    let good = STANDARD.encode(&text);
    assert_eq!(decode(&good), Ok(text.clone().into_bytes()));
    let lines: Vec<_> = good
        .as_bytes()
        .chunks(76)
        .map(|it| std::str::from_utf8(it).unwrap())
        .collect();
    assert_eq!(decode(&lines.join("\r\n")), Ok(text.clone().into_bytes()));
    for other in [
        URL_SAFE.encode("\u{3ff}\u{3ff}\u{3ff}>>>???"),
        format!(" {good}"),
        good.replacen('P', "P ", 1),
        good.replacen('P', "P\t", 1),
        good.replacen('P', "P\0", 1),
        good.replacen('P', "P%0A", 1),
        good.replacen('P', "P=", 1),
        format!("{good}="),
        format!("{good}===="),
        format!("{good}{}", STANDARD.encode("x")).replace('=', "=x"),
        good.replacen('P', "\u{ff30}", 1),
        format!("data:text/xml;base64,{good}"),
        format!("{good}\u{feff}"),
        "<samlp:Response/>".to_owned(),
        String::new(),
        "\r\n".to_owned(),
    ] {
        assert_eq!(decode(&other), Err(SamlError::FormBase64), "{other:.60}");
    }
    assert_eq!(
        decode(&"A".repeat(MAX_FORM_BYTES + 4)),
        Err(SamlError::FormTooLarge)
    );
    // Twice, or compressed as for a redirect: no document.
    refused(
        decode(&STANDARD.encode(&good)).unwrap(),
        SamlError::Malformed("there is text outside the root"),
    );
}

/// What is in the signature's own values may be spread over lines, and be nothing else.
#[test]
fn base64_in_the_signature() {
    let text = signed(&response());
    let not = SamlError::SignatureProfile("a value is not base64");
    for name in ["DigestValue", "SignatureValue"] {
        let start = format!("<ds:{name}>");
        let end = format!("</ds:{name}>");
        let whole = part(&text, &start, &end);
        let value = whole.replace(&start, "").replace(&end, "");
        let with = |value: &str| changed(&text, whole, &format!("{start}{value}{end}"));
        for junk in ["-", "_", "=", "\u{2003}", "%", "*", "."] {
            refused(with(&format!("{value}{junk}")), not.clone());
            refused(with(&format!("{junk}{value}")), not.clone());
        }
        refused(with(value.trim_end_matches('=')), not.clone());
        refused(with(&format!("{value}<!---->{value}")), not.clone());
        // The spare bits of the last letter are zero: no second spelling of the same bytes.
        let last = value.trim_end_matches('=').chars().last().unwrap();
        let spare = char::from(u8::try_from(last).unwrap() + 1);
        refused(
            with(&value.replace(&format!("{last}="), &format!("{spare}="))),
            not.clone(),
        );
        refused(with(&format!("{value}AAAA")), not.clone());
    }
    // Of the signature, which is not itself signed, the spelling may change.
    let value = part(&text, "<ds:SignatureValue>", "</ds:SignatureValue>");
    let spread: Vec<_> = value
        .replace("<ds:SignatureValue>", "")
        .replace("</ds:SignatureValue>", "")
        .chars()
        .map(String::from)
        .collect();
    is_ann(changed(
        &text,
        value,
        &format!(
            "<ds:SignatureValue>{}</ds:SignatureValue>",
            spread.join("\n")
        ),
    ));
}

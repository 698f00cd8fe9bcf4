//! Documents that are huge, deep or wide: each ends at a bound, and what is within the bounds takes a moment.

use super::*;

/// The greatest document that is read.
const MOST: usize = 512 * 1024;

/// With something in the response that nobody signed.
fn holding(junk: &str) -> String {
    let extensions = format!("<samlp:Extensions>{junk}</samlp:Extensions><samlp:Status>");
    changed(&signed(&response()), "<samlp:Status>", &extensions)
}

fn deep(levels: usize) -> String {
    format!("{}{}", "<x>".repeat(levels), "</x>".repeat(levels))
}

#[test]
fn bytes_have_a_bound() {
    let text = signed(&response());
    let full = |length: usize| format!("{text}{}", " ".repeat(length - text.len()));
    is_ann(full(MOST));
    refused(full(MOST + 1), SamlError::TooLarge("bytes"));
    refused("<".repeat(MOST + 1), SamlError::TooLarge("bytes"));
    refused(vec![0xff; 8 * MOST], SamlError::TooLarge("bytes"));
}

#[test]
fn elements_have_a_bound() {
    let own =
        signed(&response()).matches('<').count() - signed(&response()).matches("</").count() + 1;
    is_ann(holding(&"<x/>".repeat(5_000 - own)));
    refused(
        holding(&"<x/>".repeat(5_000 - own + 1)),
        SamlError::TooLarge("elements"),
    );
    refused("<x>".repeat(150_000), SamlError::TooDeep);
}

#[test]
fn depth_has_a_bound() {
    is_ann(holding(&deep(62)));
    refused(holding(&deep(63)), SamlError::TooDeep);
    refused(holding(&deep(30_000)), SamlError::TooDeep);
    refused(deep(60_000), SamlError::TooDeep);
}

#[test]
fn attributes_have_a_bound() {
    let attributes = |count: usize| {
        let all: String = (0..count).map(|it| format!(" a{it}=''")).collect();
        holding(&format!("<x{all}/>"))
    };
    is_ann(attributes(64));
    refused(attributes(65), SamlError::TooLarge("attributes"));
    refused(attributes(20_000), SamlError::TooLarge("attributes"));
    let declared = |count: usize| {
        let all: String = (0..count)
            .map(|it| format!(" xmlns:n{it}='urn:{it}'"))
            .collect();
        format!("<x{all}>")
    };
    let nested = |first: usize, second: usize| {
        holding(&format!("{}{}</x></x>", declared(first), declared(second)))
    };
    is_ann(nested(62, 62));
    refused(
        nested(64, 64),
        SamlError::TooLarge("namespace declarations"),
    );
}

/// As large as may be, of each kind: linear, or this would take minutes.
#[test]
fn what_is_within_the_bounds_takes_a_moment() {
    let room = MOST - signed(&response()).len() - 100;
    let wide: String = (0..64).map(|it| format!(" a{it}=''")).collect();
    let declared: String = (0..60)
        .map(|it| format!(" xmlns:n{it}='urn:{it}'"))
        .collect();
    let used: String = (0..60).map(|it| format!(" n{it}:a=''")).collect();
    for junk in [
        "x".repeat(room),
        "&amp;".repeat(room / 5),
        "&#65;".repeat(room / 5),
        "\r".repeat(room),
        "<!---->".repeat(room / 7),
        "<![CDATA[x]]>".repeat(room / 13),
        "<![CDATA[\r]]>&amp;".repeat(room / 18),
        "x<!---->".repeat(room / 8),
        format!("<x a='{}'/>", "y".repeat(room - 10)),
        format!("<x a='{}'/>", "&lt;".repeat((room - 10) / 4)),
        format!("<x a='{}'/>", "\t".repeat(room - 10)),
        format!("<{}/>", "n".repeat(room - 10)),
        format!("<x{wide}/>").repeat(room / (wide.len() + 4)),
        format!("{}{}", "<x xmlns='urn:x'>".repeat(50), "</x>".repeat(50)).repeat(70),
        format!(
            "<x{declared}>{}</x>",
            format!("<y{used}/>").repeat((room - declared.len() - 10) / (used.len() + 4))
        ),
        format!("<!--{}-->", "- ".repeat((room - 10) / 2)),
    ] {
        let junk = format!("<j xmlns='urn:j'>{junk}</j>");
        let text = holding(&junk);
        assert!(text.len() <= MOST, "{}", text.len());
        let started = Instant::now();
        is_ann(&text);
        let took = started.elapsed();
        assert!(took < Duration::from_secs(5), "{took:?}: {}", &junk[..60]);
        // Within what is signed, where it must be digested before it is known not to hold.
        let inside = changed(
            &signed(&response()),
            "<saml:Subject>",
            &format!("<saml:Advice>{junk}</saml:Advice><saml:Subject>"),
        );
        refused(inside, SamlError::SignatureInvalid);
        let value = changed(&signed(&response()), ">admins<", &format!(">{junk}<"));
        refused(value, SamlError::SignatureInvalid);
    }
}

/// The same, signed: a provider may be large, and both verifiers read it.
#[test]
fn a_large_response_that_is_signed_gets_in() {
    let value = "<saml:AttributeValue>engineering</saml:AttributeValue>";
    let more = format!(
        "{value}{}",
        "<saml:AttributeValue>member of something</saml:AttributeValue>".repeat(4_900)
    );
    let text = signed_whole(&signed(&bent(value, &more)));
    let found = judge(text.as_bytes()).unwrap();
    assert_eq!(found.values("groups").unwrap().len(), 4_902);
}

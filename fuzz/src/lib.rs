//! Edits of documents that know where elements begin and end.
//!
//! A fuzzer that turns single bytes of a signed document seldom moves an assertion into another place or puts a second
//! one beside it. Here its bytes are read as a program of such edits instead: each takes an element or a token of the
//! document as it is by then, and copies, moves, wraps, deletes or replaces it.

/// What is worth putting somewhere: what the verifier looks for, and what it must not find.
const WORDS: [&str; 40] = [
    "admin@example.com",
    "_assertion",
    "_response",
    "_other",
    " ID=\"_assertion\"",
    " ID=\"_other\"",
    " Id=\"_assertion\"",
    " xml:id=\"_assertion\"",
    "<!-- -->",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?pi?>",
    "<!DOCTYPE a>",
    "&amp;",
    "&#13;",
    "&#x0;",
    "&e;",
    "\r\n",
    "\u{feff}",
    "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">",
    "</saml:Assertion>",
    "<samlp:Extensions>",
    "</samlp:Extensions>",
    "<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">",
    "</ds:Object>",
    "<saml:NameID>admin@example.com</saml:NameID>",
    "<saml:AttributeValue>administrators</saml:AttributeValue>",
    "<saml:Audience>https://sp.example.com/metadata</saml:Audience>",
    " xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
    " xmlns:saml=\"urn:x\"",
    " xmlns=\"\"",
    "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"xs saml #default\"/>",
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
    "http://www.w3.org/TR/1999/REC-xslt-19991116",
    "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
    "2030-01-01T00:00:00Z",
    "#_response",
    "",
];

/// Edits done at most to one document.
const MOST_EDITS: usize = 12;

/// The document that a program of edits makes of another. Four bytes are one edit.
pub fn edited(document: &str, program: &[u8]) -> String {
    let mut text = document.to_owned();
    for edit in program.chunks_exact(4).take(MOST_EDITS) {
        let [what, which, whither, word] = [edit[0], edit[1], edit[2], edit[3]];
        let elements = elements(&text);
        let tokens = tokens(&text);
        if elements.is_empty() || tokens.is_empty() || text.len() > 32 * 1024 {
            break;
        }
        let element = elements[usize::from(which) % elements.len()];
        let other = elements[usize::from(whither) % elements.len()];
        let token = tokens[(usize::from(which) << 8 | usize::from(whither)) % tokens.len()];
        let word = WORDS[usize::from(word) % WORDS.len()];
        let copy = text[element.0..element.1].to_owned();
        match what % 8 {
            // A copy before another element, or at the beginning or end inside it.
            0 => text.insert_str(other.0, &copy),
            1 => text.insert_str(inside(&text, other).0, &copy),
            2 => text.insert_str(inside(&text, other).1, &copy),
            // Moved: the copy stays where it is put, outside of itself.
            3 if other.0 >= element.1 || other.0 <= element.0 => {
                text.insert_str(other.0, &copy);
                let at = if other.0 <= element.0 { copy.len() } else { 0 };
                text.replace_range(element.0 + at..element.1 + at, "");
            }
            // One element in place of another.
            4 => text.replace_range(other.0..other.1, &copy),
            5 => text.replace_range(element.0..element.1, ""),
            // A word for a token, or before it.
            6 => text.replace_range(token.0..token.1, word),
            _ => text.insert_str(token.0, word),
        }
    }
    text
}

/// Where elements stand, from their first byte to one after their last, as far as the tags match.
fn elements(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut open = Vec::new();
    for (from, to) in tokens(text) {
        let token = &text[from..to];
        if token.starts_with("</") {
            if let Some(start) = open.pop() {
                found.push((start, to));
            }
        } else if token.ends_with("/>") {
            found.push((from, to));
        } else if token.starts_with('<') && !token.starts_with("<!") && !token.starts_with("<?") {
            open.push(from);
        }
    }
    found
}

/// Tags, and attributes' values and texts between them.
fn tokens(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut from = 0;
    for (at, c) in text.char_indices() {
        match c {
            '<' if at > from => {
                found.push((from, at));
                from = at;
            }
            '>' => {
                found.push((from, at + 1));
                let tag = &text[from..=at];
                let mut quotes = tag.match_indices('"').map(|(quote, _)| from + quote);
                while let (Some(begin), Some(end)) = (quotes.next(), quotes.next()) {
                    found.push((begin + 1, end));
                }
                from = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// After the start tag, and before the end tag.
fn inside(text: &str, (from, to): (usize, usize)) -> (usize, usize) {
    let element = &text[from..to];
    match (element.find('>'), element.rfind('<')) {
        (Some(start), Some(end)) if end > start => (from + start + 1, from + end),
        _ => (to, to),
    }
}

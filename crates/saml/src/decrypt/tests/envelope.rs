//! How the parts of an `EncryptedAssertion` may stand, and how they may not.

use super::*;

/// Our key among others' in `KeyInfo`, and beside.
fn keys(within: &[&SigningKey], beside: &[&SigningKey]) -> String {
    let (uri, length) = GCM[2];
    let content = cipher(uri, &content_key(length), signed_assertion().as_bytes());
    let list = |recipients: &[&SigningKey]| {
        let each = recipients.iter().map(|recipient| {
            let value = wrapped(&content_key(length), recipient, &OAEP_SHA1_MGF1SHA1, None);
            encrypted_key(OAEP, "", &value).replace(" Id='_k'", " Recipient='urn:somebody'")
        });
        each.collect::<String>()
    };
    carry(&encrypted(uri, &content, &list(within), &list(beside)))
}

#[test]
fn our_key_is_found_wherever_it_stands() {
    let (us, other) = (&*OURS, &SigningKey::generate().unwrap());
    opens(&keys(&[us], &[]));
    opens(&keys(&[], &[us]));
    opens(&keys(&[other, other, other, us], &[]));
    opens(&keys(&[us, other], &[other, other]));
    opens(&keys(&[other, other], &[other, us]));
    opens(&keys(&[us], &[us]));
    refused(&keys(&[other], &[other]));
    refused(&keys(&[], &[]));
}

#[test]
fn an_assertion_has_four_recipients_at_most() {
    let us = &*OURS;
    opens(&keys(&[us; 4], &[]));
    refused(&keys(&[us; 5], &[]));
    refused(&keys(&[us; 4], &[us]));
    refused(&keys(&[], &[us; 5]));
}

/// What is unwrapped first is the key, if it can be one.
#[test]
fn the_first_key_that_fits_is_taken() {
    let (uri, length) = GCM[2];
    let content = cipher(uri, &content_key(length), signed_assertion().as_bytes());
    let key = |key: &[u8]| {
        let value = wrapped(key, &OURS, &OAEP_SHA1_MGF1SHA1, None);
        encrypted_key(OAEP, "", &value).replace(" Id='_k'", "")
    };
    let (good, short, other) = (key(&[7; 32]), key(&[7; 16]), key(&[8; 32]));
    let of = |keys: &[&String]| {
        let keys: String = keys.iter().map(|key| key.as_str()).collect();
        carry(&encrypted(uri, &content, &keys, ""))
    };
    opens(&of(&[&good, &short]));
    opens(&of(&[&short, &good]));
    opens(&of(&[&good, &other]));
    refused(&of(&[&other, &good]));
}

#[test]
fn recipients_may_use_what_we_do_not() {
    let (uri, length) = GCM[2];
    let content = cipher(uri, &content_key(length), signed_assertion().as_bytes());
    let ours = wrapped(&content_key(length), &OURS, &OAEP_SHA1_MGF1SHA1, None);
    let ours = encrypted_key(OAEP, "", &ours);
    let old = "http://www.w3.org/2001/04/xmlenc#rsa-1_5";
    let theirs = encrypted_key(old, "", b"for others").replace("_k", "_o");
    opens(&carry(&encrypted(
        uri,
        &content,
        &format!("{theirs}{ours}"),
        "",
    )));
}

/// As Shibboleth sends it.
#[test]
fn a_key_that_stands_beside_may_be_named() {
    let (uri, length) = GCM[2];
    let content = cipher(uri, &content_key(length), signed_assertion().as_bytes());
    let value = wrapped(&content_key(length), &OURS, &OAEP_SHA1_MGF1SHA1, None);
    let beside = encrypted_key(OAEP, "", &value).replace(
        "</xenc:EncryptedKey>",
        "<xenc:ReferenceList><xenc:DataReference URI='#_d'/></xenc:ReferenceList></xenc:EncryptedKey>",
    );
    let named =
        "<ds:RetrievalMethod Type='http://www.w3.org/2001/04/xmlenc#EncryptedKey' URI='#_k'/>";
    let text = carry(&encrypted(uri, &content, named, &beside));
    opens(&text);
    opens(&text.replace(" Type='http://www.w3.org/2001/04/xmlenc#EncryptedKey'", ""));
    opens(&sign(&text, "_r", &KEY));

    let never = |from: &str, to: &str| {
        let bent = text.replacen(from, to, 1);
        assert_ne!(bent, text, "{from}");
        let error = judge(&bent).unwrap_err();
        assert_eq!(error.reason(), "saml.signature.profile", "{bent}");
    };
    for uri in [
        "#_d",
        "#_r",
        "#_none",
        "#",
        "",
        "_k",
        "http://a.example/#_k",
        "file:///_k",
        "#xpointer(id('_k'))",
    ] {
        never("URI='#_k'", &format!("URI=\"{uri}\""));
    }
    never(" URI='#_k'", "");
    never(" Id='_k'", "");
    never("xmlenc#EncryptedKey' URI", "xmlenc#DerivedKey' URI");
    never(" URI='#_k'", " URI='#_k' xenc:URI='#_k'");
    never(" URI='#_k'/>", " URI='#_k'>x</ds:RetrievalMethod>");
    never(
        " URI='#_k'/>",
        " URI='#_k'><ds:Transforms/></ds:RetrievalMethod>",
    );
    // It names a key that stands elsewhere.
    let within = carry(&encrypted(uri, &content, &format!("{named}{beside}"), ""));
    assert_eq!(
        judge(&within).unwrap_err().reason(),
        "saml.signature.profile"
    );
    // It stands elsewhere: in the key's own KeyInfo, in a signature's, in what is no encrypted assertion.
    let info = format!("<ds:KeyInfo>{named}</ds:KeyInfo>");
    never(
        "</xenc:EncryptionMethod><xenc:CipherData>",
        &format!("</xenc:EncryptionMethod>{info}<xenc:CipherData>"),
    );
    never(
        "<samlp:Status>",
        &format!(
            "<samlp:Extensions xmlns:ds='http://www.w3.org/2000/09/xmldsig#'>{info}</samlp:Extensions><samlp:Status>"
        ),
    );
    never("<ds:RetrievalMethod", "<ds:Manifest");
    never(
        named,
        "<ds:X509Data><ds:RetrievalMethod URI='#_k'/></ds:X509Data>",
    );
}

/// Where other messages are read, nothing is encrypted that could have a key.
#[test]
fn only_a_response_may_name_a_key() {
    let named = "<ds:RetrievalMethod URI='#_k'/>";
    let text = carry(&encrypted(
        GCM[0].0,
        b"",
        named,
        &encrypted_key(OAEP, "", b""),
    ));
    let may = |text: &str| {
        let document =
            crate::document::Document::parse(text.as_bytes(), &crate::document::Limits::MESSAGE)
                .unwrap();
        let mut all = document.root().descendants();
        names_a_key_beside(all.find(|it| it.local() == "RetrievalMethod").unwrap())
    };
    assert!(may(&text));
    assert!(!may(&text.replace("samlp:Response", "samlp:LogoutRequest")));
    assert!(!may(&format!("<a>{text}</a>")));
}

#[test]
fn hints_about_keys_are_left_alone() {
    let text = carry(&sealed(&signed_assertion()));
    // ADFS and Entra describe the certificate in the key's own KeyInfo.
    let info = "<ds:KeyInfo><ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=sp</ds:X509IssuerName><ds:X509SerialNumber>1</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data></ds:KeyInfo>";
    opens(&text.replace(
        "</xenc:EncryptionMethod><xenc:CipherData>",
        &format!("</xenc:EncryptionMethod>{info}<xenc:CipherData>"),
    ));
    opens(&text.replace("<ds:KeyInfo>", "<ds:KeyInfo><ds:KeyName>sp</ds:KeyName>"));
    opens(&text.replace(" Type='http://www.w3.org/2001/04/xmlenc#Element'", ""));
}

/// Each bends one thing of what opens.
#[test]
fn parts_that_are_missing_repeated_or_unknown_are_refused() {
    const METHOD: &str =
        "<xenc:EncryptionMethod Algorithm='http://www.w3.org/2009/xmlenc11#aes256-gcm'/>";
    let text = carry(&sealed(&signed_assertion()));
    opens(&text);
    let data =
        &text[text.find("<xenc:EncryptedData").unwrap()..text.find("</saml:EncryptedA").unwrap()];
    let info = &text[text.find("<ds:KeyInfo>").unwrap()..text.find("</ds:KeyInfo>").unwrap() + 13];
    let value = &text
        [text.rfind("<xenc:CipherData>").unwrap()..text.find("</xenc:EncryptedData>").unwrap()];
    let inner = value
        .replace("<xenc:CipherData>", "")
        .replace("</xenc:CipherData>", "");
    let again = data.replace("Id='_d'", "").replace("Id='_k'", "");
    let key = &info[12..info.len() - 13];
    let wrapped =
        &key[key.find("<xenc:CipherData>").unwrap()..key.find("</xenc:EncryptedKey>").unwrap()];
    let more = |part: &str| format!("{part}{part}");
    for (from, to) in [
        // The envelope.
        (data, String::new()),
        (data, format!("{data}{again}")),
        (data, format!("{data}<saml:Other/>")),
        (data, format!("text{data}")),
        // The data.
        ("#Element'", "#Content'".to_owned()),
        ("#Element'", "#EncryptedKey'".to_owned()),
        ("#Element'", "'".to_owned()),
        (METHOD, String::new()),
        (METHOD, more(METHOD)),
        (
            METHOD,
            METHOD.replace(
                "/>",
                "><xenc:KeySize>256</xenc:KeySize></xenc:EncryptionMethod>",
            ),
        ),
        (METHOD, METHOD.replace("/>", ">x</xenc:EncryptionMethod>")),
        (METHOD, METHOD.replace("aes256-gcm", "aes128-gcm")),
        (METHOD, METHOD.replace("aes256-gcm", "aes512-gcm")),
        (
            METHOD,
            METHOD.replace("2009/xmlenc11#aes256-gcm", "2001/04/xmlenc#tripledes-cbc"),
        ),
        (METHOD, METHOD.replace("Algorithm", "Algo")),
        (info, String::new()),
        (info, format!("{info}<ds:KeyInfo/>")),
        (info, format!("{info}<xenc:EncryptionProperties/>")),
        (info, format!("{info}text")),
        // The content.
        (value, String::new()),
        (value, more(value)),
        (value, "<xenc:CipherData/>".to_owned()),
        (value, value.replace(&inner, &more(&inner))),
        (value, value.replace(&inner, &format!("text{inner}"))),
        (
            value,
            value.replace(&inner, "<xenc:CipherReference URI='http://a.example/'/>"),
        ),
        (
            value,
            value.replace(&inner, &format!("{inner}<xenc:CipherReference URI=''/>")),
        ),
        (value, value.replace("CipherValue>", "Cipher>")),
        (
            value,
            value.replace("<xenc:CipherValue>", "<xenc:CipherValue>?"),
        ),
        (
            value,
            value.replace("<xenc:CipherValue>", "<xenc:CipherValue>A"),
        ),
        (
            value,
            value.replace("<xenc:CipherValue>", "<xenc:CipherValue x='1'>"),
        ),
        (
            value,
            value.replace("<xenc:CipherValue>", "<xenc:CipherValue><xenc:A/>"),
        ),
        // The key.
        (key, key.replace("Method Algorithm", "Method Algo")),
        (key, key.replace(wrapped, "")),
        (key, key.replace(wrapped, &more(wrapped))),
        (
            key,
            key.replace(wrapped, &format!("{wrapped}<xenc:Other/>")),
        ),
        (key, key.replace(wrapped, &format!("{wrapped}text"))),
        (key, key.replace("CipherValue>", "Cipher>")),
        (
            key,
            key.replace("<xenc:CipherValue>", "<xenc:CipherValue>?"),
        ),
        (
            key,
            key.replace(
                "<xenc:EncryptionMethod",
                "<xenc:EncryptionMethod Algorithm=''/><xenc:EncryptionMethod",
            ),
        ),
    ] {
        let bent = text.replacen(from, &to, 1);
        assert_ne!(bent, text, "{from}");
        refused(&bent);
    }
    // Line breaks are what encoders put in.
    opens(&text.replace("<xenc:CipherValue>", "<xenc:CipherValue>\n"));
}

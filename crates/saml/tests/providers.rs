//! Responses as seven products send them: their prefixes, their order, their white space, their `KeyInfo`.
//!
//! The documents are written after published ones, about a person of ours, and signed here with a key of ours: nobody
//! publishes the key, and what is published has long expired. Each is a template that [`testing::complete`] fills in;
//! `@C@` is the certificate.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::sync::LazyLock;

use drawbridge_saml::response::{Expectations, Expected, InResponseTo, Provider, verify};
use drawbridge_saml::testing::{self, ACS, NOW, REQUEST, SP};
use drawbridge_saml::{Certificate, Credential, SamlError, SigningKey, VerifiedAssertion};

static KEY: LazyLock<Credential> =
    LazyLock::new(|| testing::credential(SigningKey::generate().unwrap()));
static KEYS: LazyLock<Vec<Certificate>> =
    LazyLock::new(|| vec![Certificate::from_der(KEY.certificate_der()).unwrap()]);

/// How a product breaks the lines of base64.
#[derive(Clone, Copy)]
enum Lines {
    One,
    /// 76 letters and a line feed, as Apache Santuario does.
    Wrapped,
    /// The same with a carriage return, which is written as a reference: Santuario on newer Java.
    WrappedByReference,
}

fn wrap(value: &str, lines: Lines) -> String {
    let separator = match lines {
        Lines::One => return value.to_owned(),
        Lines::Wrapped => "\n",
        Lines::WrappedByReference => "&#13;\n",
    };
    let lines = value.as_bytes().chunks(76);
    let lines: Vec<_> = lines.map(|it| std::str::from_utf8(it).unwrap()).collect();
    lines.join(separator)
}

/// Fills a template in. The value of the outermost signature, which nothing signs, may be broken into lines after.
fn sent(template: &str, lines: Lines) -> String {
    let certificate = wrap(&KEY.certificate_base64(), lines);
    let text = template.trim_end().replace("@C@", &certificate);
    let text = testing::complete(&text, &KEY);
    let (before, rest) = text.split_once("SignatureValue>").unwrap();
    let (value, after) = rest.split_once('<').unwrap();
    let spread = value.replace(value.trim(), &wrap(value.trim(), lines));
    format!("{before}SignatureValue>{spread}<{after}")
}

fn judge(text: &str, entity_id: &str) -> Result<VerifiedAssertion, SamlError> {
    let ours = [ACS, SP].map(|it| [it.to_owned()]);
    let provider = Provider {
        entity_id,
        keys: &KEYS,
        decryption: &[],
        allow_sha1: false,
        allow_cbc: false,
        second_opinion: cfg!(feature = "samael"),
    };
    let expectations = Expectations {
        now: NOW,
        skew: 60,
        not_before: true,
        max_age: Some(300),
        response_issuer: true,
        in_response_to: InResponseTo::Request(REQUEST),
        recipient: Expected::OneOf(&ours[0]),
        destination: Expected::OneOf(&ours[0]),
        audience: Expected::OneOf(&ours[1]),
        signed_assertion: false,
        authn_contexts: &[],
        authenticated_since: None,
        encrypted: false,
    };
    verify(text.as_bytes(), &provider, &expectations)
}

/// What is read from a response.
struct Read<'a> {
    entity_id: &'a str,
    name_id: &'a str,
    format: &'a str,
    context: &'a str,
    attributes: &'a [(&'a str, &'a [&'a str])],
}

#[track_caller]
fn reads(template: &str, lines: Lines, wanted: &Read<'_>) -> VerifiedAssertion {
    let text = sent(template, lines);
    let found = judge(&text, wanted.entity_id).unwrap();
    assert_eq!(found.name_id().value, wanted.name_id);
    assert_eq!(found.name_id().format.as_deref(), Some(wanted.format));
    assert_eq!(found.authn().context.as_deref(), Some(wanted.context));
    let attributes = found.attributes().iter();
    let attributes: Vec<_> = attributes
        .map(|it| {
            let values: Vec<_> = it.values.iter().map(String::as_str).collect();
            (it.name.as_str(), values)
        })
        .collect();
    let wanted_attributes: Vec<_> = wanted
        .attributes
        .iter()
        .map(|(name, values)| (*name, values.to_vec()))
        .collect();
    assert_eq!(attributes, wanted_attributes);
    // And it is what was signed that is read.
    for value in wanted
        .attributes
        .iter()
        .flat_map(|(_, values)| values.iter())
    {
        let spelled = format!(">{}<", value.replace('&', "&amp;"));
        assert!(text.contains(&spelled), "{spelled}");
        let other = text.replace(&spelled, ">other<");
        let refusal = match *value == wanted.entity_id {
            true => SamlError::Issuer,
            false => SamlError::SignatureInvalid,
        };
        assert_eq!(judge(&other, wanted.entity_id), Err(refusal), "{spelled}");
    }
    found
}

const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
const CLASSES: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:";

fn class(name: &str) -> String {
    format!("{CLASSES}{name}")
}

/// Signs both, with a list of prefixes each, and declares its prefix again in every part.
#[test]
fn okta() {
    reads(
        include_str!("data/responses/okta.xml"),
        Lines::Wrapped,
        &Read {
            entity_id: "http://www.okta.com/exkacme0000",
            name_id: "ann@acme.example",
            format: EMAIL,
            context: &class("PasswordProtectedTransport"),
            attributes: &[
                ("email", &["ann@acme.example"]),
                ("firstName", &["Ann"]),
                ("groups", &["Everyone", "Platform & Security"]),
            ],
        },
    );
}

/// Prefixes nothing, not even the signature, and says how somebody signed in last of all.
#[test]
fn entra_id() {
    let tenant = "https://sts.windows.net/5f0c2a34-7d1e-4a52-9e6b-2b7e0d1c8f11/";
    let found = reads(
        include_str!("data/responses/entra.xml"),
        Lines::One,
        &Read {
            entity_id: tenant,
            name_id: "kL0r8Jf-3mB2Zx_Ann7",
            format: PERSISTENT,
            context: &class("Password"),
            attributes: &[
                (
                    "http://schemas.microsoft.com/identity/claims/tenantid",
                    &["5f0c2a34-7d1e-4a52-9e6b-2b7e0d1c8f11"],
                ),
                (
                    "http://schemas.microsoft.com/identity/claims/objectidentifier",
                    &["0d9b7e34-1c22-4f8a-b6f5-6a4d8e3f2a10"],
                ),
                (
                    "http://schemas.microsoft.com/identity/claims/displayname",
                    &["Ann Larsson (IT)"],
                ),
                (
                    "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
                    &[
                        "3a1f5b0c-92d4-4c6e-8f71-20b4c9d7e611",
                        "b8e2d6f0-4471-4b0a-9c3d-5e6f7a8b9c0d",
                    ],
                ),
                (
                    "http://schemas.microsoft.com/identity/claims/identityprovider",
                    &[tenant],
                ),
                (
                    "http://schemas.microsoft.com/claims/authnmethodsreferences",
                    &[
                        "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password",
                        "http://schemas.microsoft.com/claims/multipleauthn",
                    ],
                ),
                (
                    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
                    &["ann@acme.example"],
                ),
                (
                    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
                    &["ann@acme.example"],
                ),
            ],
        },
    );
    // Good for an hour, and no session that ends.
    assert_eq!(found.ends_at(), NOW + 3598);
    assert_eq!(found.authn().session_ends_at, None);
}

/// Prefixes the signature but for its `KeyInfo`, and calls its users by their domain.
#[test]
fn adfs() {
    reads(
        include_str!("data/responses/adfs.xml"),
        Lines::One,
        &Read {
            entity_id: "http://adfs.acme.example/adfs/services/trust",
            name_id: "ACME\\ann",
            format: UNSPECIFIED,
            context: "urn:federation:authentication:windows",
            attributes: &[
                (
                    "http://schemas.xmlsoap.org/claims/Group",
                    &["Domain Users", "AWS-Admins"],
                ),
                (
                    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
                    &["ann@acme.example"],
                ),
            ],
        },
    );
}

/// Signs both, declares a default namespace that it does not use, and has one attribute for each role.
#[test]
fn keycloak() {
    let found = reads(
        include_str!("data/responses/keycloak.xml"),
        Lines::One,
        &Read {
            entity_id: "https://login.acme.example/realms/acme",
            name_id: "G-3b1c7a55-9a0e-4c42-8e0b-d6f7a8b9c0d1",
            format: PERSISTENT,
            context: &class("unspecified"),
            attributes: &[
                ("urn:oid:1.2.840.113549.1.9.1", &["ann@acme.example"]),
                ("Role", &["offline_access", "engineer", "manage-account"]),
            ],
        },
    );
    assert_eq!(
        found.attributes()[0].friendly_name.as_deref(),
        Some("email")
    );
    // The conditions end after a minute, the session in the evening.
    assert_eq!(found.ends_at(), NOW + 56);
    assert_eq!(found.authn().session_ends_at, Some(NOW + 10 * 3600 - 2));
    assert!(
        found
            .authn()
            .session_index
            .as_deref()
            .unwrap()
            .contains("::")
    );
}

/// Signs the response alone; values are of any type, and an attribute may have none.
#[test]
fn google() {
    reads(
        include_str!("data/responses/google.xml"),
        Lines::Wrapped,
        &Read {
            entity_id: "https://accounts.google.com/o/saml2?idpid=C00acme00",
            name_id: "ann@acme.example",
            format: EMAIL,
            context: &class("unspecified"),
            attributes: &[
                ("department", &["Platform"]),
                ("groups", &["engineering@acme.example", "oncall"]),
                ("manager", &[]),
            ],
        },
    );
}

/// Signs the assertion, says no destination, and breaks the lines of its signature.
#[test]
fn ping_federate() {
    reads(
        include_str!("data/responses/ping.xml"),
        Lines::WrappedByReference,
        &Read {
            entity_id: "https://sso.acme.example",
            name_id: "ann",
            format: UNSPECIFIED,
            context: &class("unspecified"),
            attributes: &[
                (
                    "memberOf",
                    &[
                        "CN=engineers,OU=Groups,DC=acme,DC=example",
                        "CN=admins,OU=Groups,DC=acme,DC=example",
                    ],
                ),
                ("mail", &["ann@acme.example"]),
            ],
        },
    );
}

/// Signs the response, with SHA-512; puts a name into a value, and qualifies it.
#[test]
fn shibboleth() {
    let found = reads(
        include_str!("data/responses/shibboleth.xml"),
        Lines::Wrapped,
        &Read {
            entity_id: "https://idp.acme.example/idp/shibboleth",
            name_id: "AAdzZWNyZXQxc2hpYjAwMQ==",
            format: TRANSIENT,
            context: &class("PasswordProtectedTransport"),
            attributes: &[
                ("urn:oid:1.3.6.1.4.1.5923.1.1.1.6", &["ann@acme.example"]),
                (
                    "urn:oid:1.3.6.1.4.1.5923.1.1.1.9",
                    &["staff@acme.example", "member@acme.example"],
                ),
                ("urn:oid:1.3.6.1.4.1.5923.1.1.1.10", &["Zm9yYW5u/T0="]),
            ],
        },
    );
    assert_eq!(found.name_id().sp_name_qualifier.as_deref(), Some(SP));
}

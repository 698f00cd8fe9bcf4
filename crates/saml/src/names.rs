//! Names of namespaces, algorithms, bindings and formats.

/// `samlp`: protocol messages.
pub const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// `saml`: assertions.
pub const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// `md`: metadata.
pub const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
/// `ds`: XML Signature.
pub const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
/// XML Signature 1.1.
pub const SIGNATURE_11: &str = "http://www.w3.org/2009/xmldsig11#";
/// `xenc`: XML Encryption.
pub const ENCRYPTION: &str = "http://www.w3.org/2001/04/xmlenc#";
/// XML Encryption 1.1.
pub const ENCRYPTION_11: &str = "http://www.w3.org/2009/xmlenc11#";
/// Exclusive canonicalization without comments, which is also the namespace of `InclusiveNamespaces`.
pub const EXC_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// The transform that takes the signature out of what it signs.
pub const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// What the prefix `xml` is always bound to.
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// What the prefix `xmlns` is always bound to.
pub const XMLNS: &str = "http://www.w3.org/2000/xmlns/";
/// `xsi`: what values say of their types.
pub(crate) const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Messages by redirect.
pub const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
/// Messages by a form.
pub const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
/// The one confirmation method that counts.
pub const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// The one status that is no failure.
pub const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
/// What formats of names begin with.
pub const NAMEID_FORMAT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:";
/// The format of a name that is an e-mail address; it is still SAML 1.1's (Core 8.3.2).
pub const EMAIL_ADDRESS: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

/// RSA with SHA-256, PKCS #1 v1.5 (RFC 4051 2.3.2).
pub const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
/// ECDSA with SHA-256 (RFC 4051 2.3.6).
pub const ECDSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";

//! Metadata and keys of an identity provider.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A self-signed certificate of an RSA key, made for these tests.
pub const CERTIFICATE: &str = "MIIDDzCCAfegAwIBAgIUQ2tL/aGyKPPGrr4eB2idO0IixvowDQYJKoZIhvcNAQELBQAwFjEUMBIGA1UEAwwLaWRwLmV4YW1wbGUwIBcNMjYxMTIyMDczNzIwWhgPMjEyNjEwMjkwNzM3MjBaMBYxFDASBgNVBAMMC2lkcC5leGFtcGxlMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu6Rhq36fRALjy9CZoUY76/FHHyXnnfw5gDPmYzdvEnuyViyCHYghsYQZ2y4fI8ky6jg7hf4G0o6s89e88UL8v9hQI6yBGcBwmqGjbjC4vds2OVxCrpVHjoBegfN6ykhAljzBFAY2wiwG+3y39BxtXLzwbBo7TMEjV3jD51USBYv8SLRRrD/kZMws5MkMow0bSPLGm6+N4MpWXfaYM6UPYVR9pXlX6nmhBATWGGRcyJTod+wewmRVQNj0dkkeItxwuQz+edeZnaXce6MZVKN4AtOIsVWqODoGur9MHmkfBZnm9p36zF5kb3tZ6C33rL3r3VJ83e0B6r3XFEvZtVyhhQIDAQABo1MwUTAdBgNVHQ4EFgQUyjY5aC4HM2cHfkvPZTO5SHoCq+UwHwYDVR0jBBgwFoAUyjY5aC4HM2cHfkvPZTO5SHoCq+UwDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOCAQEAoQqgY+MLSeRrv+b4WbOcyw+k5zbm3gLgH8A9RWAqL3yROoHFR/zCUWO8pzHN3MSDm9E5xLbv99OQ+UXigxkrPFA8IjmFm7KTjZeZ1+XrZchyWI+scw+74AYlHdIhfhv1TklI0ejYEOiCUd00jADfDpBb3E24t3zfBgluUKnDTO/1HK9nVHF2ld2E2VgKoZtcIzazP0/crxA2kwfwbmGd2xEFk/XIwjDkssKF4SsfMHjVHHeI63wN5YES6UBVOgu6P0SuAXDKNGxVeE838bqWo7XaCbJqE3NkPR/cveXlardqUUI1pfeBBJvmh0X6tO6H6GN74k5xoSpp96xVuKAp6Q==";

/// Metadata of an identity provider with this entity id.
pub fn metadata(entity_id: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n\
         <EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{entity_id}\">\
         <IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
         <KeyDescriptor use=\"signing\"><KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data>\
         <X509Certificate>{CERTIFICATE}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>\
         <SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
         Location=\"https://idp.example.com/sso?a=1&amp;b=2\"/></IDPSSODescriptor></EntityDescriptor>\n"
    )
}

/// A new RSA key as a PEM file.
pub fn private_key() -> String {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der = pair.as_der().unwrap();
    let text = STANDARD.encode(der.as_ref());
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}

//! SAML providers and their private keys.

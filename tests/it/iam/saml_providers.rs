//! SAML providers.

//! MFA devices.

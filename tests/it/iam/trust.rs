//! What is refused as a trust policy.

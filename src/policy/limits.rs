//! How large policies may be, and how size is counted.
//!
//! Reference: IAM User Guide, *IAM and AWS STS quotas*. Beyond them: `LimitExceeded` (409), for
//! session policies `PackedPolicyTooLarge`.

/// A version of a managed policy, without white space.
pub const MANAGED_POLICY: usize = 6_144;
/// All inline policies of a role together, without white space.
pub const ROLE_INLINE_POLICIES: usize = 10_240;
/// All inline policies of a user together, without white space.
pub const USER_INLINE_POLICIES: usize = 2_048;
/// All inline policies of a group together, without white space.
pub const GROUP_INLINE_POLICIES: usize = 5_120;
/// A trust policy, without white space.
pub const TRUST_POLICY: usize = 2_048;
/// A trust policy after the quota has been raised.
pub const TRUST_POLICY_RAISED: usize = 4_096;
/// An inline session policy, white space included.
pub const SESSION_POLICY: usize = 2_048;
/// Managed policies that a session may be limited by.
pub const SESSION_POLICY_ARNS: usize = 10;

/// The characters of a document that count: all but white space outside strings.
pub fn document_size(text: &str) -> usize {
    let mut inside = false;
    let mut escaped = false;
    let mut size = 0;
    for c in text.chars() {
        size += usize::from(inside || !matches!(c, ' ' | '\t' | '\n' | '\r'));
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = inside,
            '"' => inside = !inside,
            _ => {}
        }
    }
    size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_counts_inside_strings_alone() {
        assert_eq!(
            document_size("{ \"a b\" :\n\t[1, 2] }"),
            "{\"a b\":[1,2]}".len()
        );
        assert_eq!(
            document_size(r#"{ "a\" b" : "\\" }"#),
            r#"{"a\" b":"\\"}"#.len()
        );
    }

    #[test]
    fn size_is_characters_and_not_bytes() {
        assert_eq!(document_size("\"é\""), 3);
    }
}

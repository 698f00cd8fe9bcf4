//! What the issuing operations share: tags, session policies, packed size, duration, and minting.

use std::io::Write;

use serde_json::{Value, json};

use crate::aws::error::AwsError;
use crate::aws::ids::AccountId;
use crate::aws::sts::{AssumedRoleUser, Credentials, SessionPolicies, Tag};
use crate::clock::random_bytes;
use crate::credentials::{RoleSession, SessionCredentials, mint};
use crate::policy::{self, DocumentKind, RequestContext};
use crate::sts::EmbeddedSts;

/// Seconds of a session when nobody says.
pub const DEFAULT_DURATION: i64 = 3600;
/// Seconds of a user's own session when nobody says: twelve hours.
pub const USER_DURATION: i64 = 43_200;
/// Seconds that a session of root may last.
pub const ROOT_DURATION: i64 = 3600;
/// Seconds a chained session may last.
pub const CHAINED_DURATION: i64 = 3600;

/// Checks tags for what the model's constraints do not say: keys unique ignoring case, none of AWS's own,
/// transitive keys among them, none that the calling session already carries as transitive.
pub fn check_tags(
    tags: &[Tag],
    transitive: &[String],
    inherited: &[String],
) -> Result<(), AwsError> {
    let reserved = |tag: &Tag| {
        let head = tag.key.get(..4);
        head.is_some_and(|head| head.eq_ignore_ascii_case("aws:"))
    };
    if tags.iter().any(reserved) {
        return Err(AwsError::reserved_tag());
    }
    check_unique(tags)?;
    for key in transitive {
        if !tags.iter().any(|tag| same(&tag.key, key)) {
            return Err(AwsError::transitive_key_not_a_tag());
        }
    }
    for key in inherited {
        if tags.iter().any(|tag| same(&tag.key, key)) {
            return Err(AwsError::transitive_conflict());
        }
    }
    Ok(())
}

fn same(a: &str, b: &str) -> bool {
    policy::fold(a) == policy::fold(b)
}

/// Checks that no key comes twice, ignoring case.
pub fn check_unique(tags: &[Tag]) -> Result<(), AwsError> {
    for (place, tag) in tags.iter().enumerate() {
        let mut earlier = tags.iter().take(place);
        if earlier.any(|other| same(&other.key, &tag.key)) {
            return Err(AwsError::duplicate_tags());
        }
    }
    Ok(())
}

/// The condition keys that tags of the request become.
pub fn describe_tags(context: &mut RequestContext, tags: &[Tag], transitive: &[String]) {
    if tags.is_empty() {
        return;
    }
    for tag in tags {
        context.set(&format!("aws:RequestTag/{}", tag.key), tag.value.clone());
    }
    let keys = tags.iter().map(|tag| tag.key.clone()).collect();
    context.set_many("aws:TagKeys", keys);
    if !transitive.is_empty() {
        context.set_many("sts:TransitiveTagKeys", transitive.to_vec());
    }
}

/// Overlays tags: a later tag replaces an earlier one of the same key ignoring case, and its spelling
/// stays.
pub fn overlay(mut tags: Vec<Tag>, newer: impl IntoIterator<Item = Tag>) -> Vec<Tag> {
    for tag in newer {
        tags.retain(|old| !same(&old.key, &tag.key));
        tags.push(tag);
    }
    tags
}

/// Percent of the packed budget. AWS's algorithm is its own; these two budgets reproduce the recorded
/// figures (sts.md section 9.4).
pub struct Packed {
    /// Of the tags.
    pub tags: u32,
    /// Of the policies.
    pub policies: u32,
}

const TAG_BUDGET: usize = 455;
const POLICY_BUDGET: usize = 2048;

fn percent(bytes: usize, budget: usize) -> u32 {
    u32::try_from((bytes * 100).div_ceil(budget)).unwrap_or(u32::MAX)
}

fn deflated(texts: &[&str]) -> usize {
    let mut encoder =
        flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    for text in texts {
        // Writing to memory does not fail; if it did, the length would count whole.
        if encoder.write_all(text.as_bytes()).is_err() {
            return texts.iter().map(|text| text.len()).sum();
        }
    }
    encoder
        .finish()
        .map_or(usize::MAX / 200, |bytes| bytes.len())
}

impl Packed {
    /// Measures tags and session policies.
    pub fn measure(tags: &[Tag], policies: &SessionPolicies) -> Packed {
        let tag_bytes: usize = tags.iter().map(|tag| tag.key.len() + tag.value.len()).sum();
        let texts: Vec<&str> = policies
            .inline
            .iter()
            .chain(&policies.arns)
            .map(String::as_str)
            .collect();
        let policy_bytes = if texts.is_empty() {
            0
        } else {
            deflated(&texts)
        };
        Packed {
            tags: percent(tag_bytes, TAG_BUDGET),
            policies: percent(policy_bytes, POLICY_BUDGET),
        }
    }

    /// The whole, or the refusal of what does not fit.
    pub fn within_budget(&self) -> Result<u32, AwsError> {
        if self.tags > 100 {
            return Err(AwsError::packed_tags(self.tags));
        }
        let whole = self.tags + self.policies;
        if whole > 100 {
            return Err(AwsError::packed_policy(whole));
        }
        Ok(whole)
    }
}

/// Percent that a federated session spends on itself: recorded as 24 to 26, and 34 with a subject of
/// 300 bytes. About three for every hundred bytes; compressing it to find out would cost more than
/// verifying the token.
pub fn federation_overhead(subject: &str) -> u32 {
    24 + percent(subject.len() * 3, 100 * 100)
}

impl EmbeddedSts {
    /// Checks the form of session policies: their size, and the inline one parses as an identity policy.
    /// This tells nothing about what there is, so it may come before anybody is known.
    pub fn check_policy_form(policies: &SessionPolicies) -> Result<(), AwsError> {
        let texts = policies.inline.iter().chain(&policies.arns);
        let characters: usize = texts.map(|text| text.chars().count()).sum();
        if characters > 2048 {
            return Err(AwsError::packed_policy(percent(characters, POLICY_BUDGET)));
        }
        if let Some(text) = &policies.inline {
            policy::validate(text, DocumentKind::Identity)
                .map_err(|error| AwsError::malformed_policy(error.to_string()))?;
        }
        Ok(())
    }

    /// Checks that managed session policies exist and are of the role's account or AWS's. Only for callers
    /// whom the role admits: others would learn which policies an account has.
    pub async fn check_managed_policies(
        &self,
        policies: &SessionPolicies,
        account: &str,
    ) -> Result<(), crate::sts::Denial> {
        for arn in &policies.arns {
            let of = crate::aws::arn::Arn::parse(arn);
            let near = of.is_some_and(|arn| arn.account == account || arn.account == "aws");
            if !near || self.cache.managed_policy(arn).await?.is_none() {
                return Err(AwsError::malformed_policy(format!(
                    "Policy {arn} does not exist or is not attachable."
                ))
                .into());
            }
        }
        Ok(())
    }

    /// Makes the credentials of a session.
    pub fn mint(&self, session: RoleSession) -> Result<SessionCredentials, AwsError> {
        let account = AccountId::parse(&session.account).ok_or_else(AwsError::internal)?;
        let random = random_bytes::<33>(&*self.random);
        mint(&self.ring, account, session, random).ok_or_else(|| {
            tracing::error!("a session could not be sealed");
            AwsError::internal()
        })
    }
}

/// `Credentials` as the wire has them.
pub fn wire_credentials(credentials: &SessionCredentials) -> Credentials {
    Credentials {
        access_key_id: credentials.access_key_id.clone(),
        secret_access_key: credentials.secret_access_key.clone(),
        session_token: credentials.session_token.clone(),
        expiration: credentials.expires,
    }
}

/// `credentials` of the audit: key id and expiry, never secret or token.
pub fn trail_credentials(credentials: &SessionCredentials) -> Value {
    let form = time::macros::format_description!(
        "[month repr:short] [day padding:none], [year], [hour repr:12 padding:none]:[minute]:[second] [period]"
    );
    json!({
        "accessKeyId": credentials.access_key_id,
        "expiration": credentials.expires.format(form).unwrap_or_default(),
    })
}

/// `responseElements` of a role's session.
pub fn trail_elements(credentials: &SessionCredentials, user: &AssumedRoleUser) -> Value {
    json!({
        "credentials": trail_credentials(credentials),
        "assumedRoleUser": { "assumedRoleId": user.assumed_role_id, "arn": user.arn },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag {
            key: key.to_owned(),
            value: value.to_owned(),
        }
    }

    #[test]
    fn tag_keys_are_unique_ignoring_case() {
        let tags = [tag("Team", "a"), tag("team", "b")];
        let error = check_tags(&tags, &[], &[]).unwrap_err();
        assert_eq!(error.reason, "sts.tags.duplicate");
    }

    #[test]
    fn a_transitive_key_must_be_a_tag() {
        let error = check_tags(&[tag("a", "")], &["b".to_owned()], &[]).unwrap_err();
        assert_eq!(error.reason, "sts.tags.transitive");
    }

    #[test]
    fn an_inherited_tag_cannot_be_set_again() {
        let error = check_tags(&[tag("a", "")], &[], &["A".to_owned()]).unwrap_err();
        assert_eq!(error.reason, "sts.tags.inherited");
    }

    #[test]
    fn an_inherited_tag_cannot_be_set_again_in_other_letters() {
        // The long s and the Kelvin sign are an s and a k in condition keys.
        for (inherited, key) in [("costs", "cost\u{17f}"), ("kind", "\u{212a}ind")] {
            let error = check_tags(&[tag(key, "")], &[], &[inherited.to_owned()]).unwrap_err();
            assert_eq!(error.reason, "sts.tags.inherited");
            let tags = overlay(vec![tag(inherited, "a")], [tag(key, "b")]);
            assert_eq!(tags, [tag(key, "b")]);
        }
    }

    #[test]
    fn the_aws_namespace_is_reserved() {
        let error = check_tags(&[tag("AWS:x", "")], &[], &[]).unwrap_err();
        assert_eq!(error.reason, "sts.tags.reserved");
    }

    #[test]
    fn the_newest_tag_wins_and_keeps_its_spelling() {
        let tags = overlay(vec![tag("Team", "a"), tag("x", "1")], [tag("team", "b")]);
        assert_eq!(tags, [tag("x", "1"), tag("team", "b")]);
    }

    #[test]
    fn the_packed_size_reproduces_the_recorded_figures() {
        // configure-aws-credentials#1898: 9 tags of 2 + 250 bytes are 498 %.
        let tags: Vec<_> = (0..9)
            .map(|i| tag(&format!("k{i}"), &"v".repeat(250)))
            .collect();
        let packed = Packed::measure(&tags, &SessionPolicies::default());
        assert_eq!(packed.tags, 499);
        assert_eq!(
            packed.within_budget().unwrap_err().code,
            "PackedPolicyTooLarge"
        );
        assert!((24..=26).contains(&federation_overhead("repo:acme/app:ref:refs/heads/main")));
        assert!((33..=34).contains(&federation_overhead(&"s".repeat(300))));
    }
}

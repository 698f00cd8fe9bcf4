//! placeholder
use crate::access::{Call, Denial};
use crate::aws::error::AwsError;
use crate::secret::Secret;
use crate::store::cache::CachedUser;
use crate::sts::EmbeddedSts;
impl EmbeddedSts {
    /// placeholder
    pub async fn check_mfa(
        &self,
        _: &Call,
        _: &CachedUser,
        s: Option<&str>,
        c: Option<&Secret<String>>,
    ) -> Result<Option<i64>, Denial> {
        match (s, c) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(AwsError::mfa_unknown().into()),
            _ => Err(AwsError::mfa_incomplete().into()),
        }
    }
}

//! One-time codes of MFA devices, for the operations that take `SerialNumber` and `TokenCode`.
//!
//! A code counts within one step (30 seconds) of the device's clock, and once: across operations and nodes, because the
//! step is spent in the store. Five failures empty a device's bucket, which gains one try a minute; until then every
//! answer is the one that an unknown device gets, whether the code is right or not. Nobody is locked out for good.
//!
//! Reference: sts.md section 10, security.md STS-7. (AWS takes codes two steps off; here one is enough.)

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::access::Call;
use crate::aws::error::AwsError;
use crate::secret::Secret;
use crate::store::cache::CachedUser;
use crate::store::mfa_devices::SPENT_STEP;
use crate::store::token_buckets::Bucket;
use crate::sts::{Denial, EmbeddedSts};
use crate::totp::{self, Seed};

/// How many steps off a code may be, either way.
const WINDOW: i64 = 1;
/// What a device may get wrong.
const TRIES: Bucket = Bucket {
    kind: "mfa",
    capacity: 5,
    fills_in: Duration::from_secs(300),
};

impl EmbeddedSts {
    /// Verifies a one-time code of one of the user's devices, and uses it up. Answers the second at which it was
    /// verified, or nothing where nothing was asked.
    pub async fn check_mfa(
        &self,
        call: &Call,
        user: &CachedUser,
        serial: Option<&str>,
        code: Option<&Secret<String>>,
    ) -> Result<Option<i64>, Denial> {
        let (serial, code) = match (serial, code) {
            (None, None) => return Ok(None),
            (Some(serial), Some(code)) => (serial, code),
            _ => return Err(AwsError::mfa_incomplete().into()),
        };
        let store = self.cache.store();
        let found = store.mfa_device(serial).await?;
        let theirs = found.filter(|device| device.user_id.as_ref() == Some(&user.user.unique_id));
        let device = theirs.ok_or_else(AwsError::mfa_unknown)?;
        let seed = Seed::open(&self.ring, &device.serial, &device.sealed_seed).map_err(|_| {
            tracing::error!(%serial, "a stored seed was not sealed by this key ring");
            AwsError::internal()
        })?;
        // Taken before the code is looked at and put back when it is right: of many tries at once, five are judged.
        let bucket: [u8; 32] = Sha256::digest(serial.as_bytes()).into();
        let now_ms = call.unix_ms();
        if !store.take_token(&TRIES, &bucket, now_ms).await? {
            return Err(AwsError::mfa_unknown().because("sts.mfa.tries").into());
        }
        let here = totp::step_at(call.unix()) + device.drift;
        let step = seed
            .find(here - WINDOW..=here + WINDOW, code)
            .ok_or_else(AwsError::mfa_wrong_code)?;
        // By then the step has left the window, and whoever moves the window (resynchronising) spends other codes.
        let until = totp::end_of(step - device.drift + WINDOW);
        let first = store
            .use_once(SPENT_STEP, &seed.spent(step), until, call.unix())
            .await?;
        if !first {
            return Err(AwsError::mfa_wrong_code().because("sts.mfa.reused").into());
        }
        if let Err(error) = store.put_token_back(&TRIES, &bucket, now_ms).await {
            tracing::warn!(%error, %serial, "a right code counts as one try");
        }
        Ok(Some(call.unix()))
    }
}

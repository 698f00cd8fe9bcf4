//! Giving a device to a user, setting its clock, taking it away.

use crate::access::{Denial, Principal};
use crate::aws::constraints::{ENTITY_NAME, Pattern};
use crate::aws::error::AwsError;
use crate::iam::input::Input;
use crate::iam::users::Subject;
use crate::iam::{Ask, Iam, Reply, shapes};
use crate::secret::Secret;
use crate::store::StoreError;
use crate::store::mfa_devices::{MfaDevice, Synchronized};
use crate::store::users::User;
use crate::totp;

use super::{serial, unknown};

/// Most devices of one user.
const MOST: usize = 8;
/// How many steps off the codes that assign a device may be, either way.
const ENABLE_STEPS: i64 = 3;
/// How many steps off the codes that resynchronise one may be.
const RESYNC_STEPS: i64 = 20;

/// One-time codes, as IAM writes the rule.
const CODE: Pattern = Pattern {
    text: r"[\d]+",
    admits: |c| c.is_ascii_digit(),
    may_be_empty: false,
};

fn codes(input: &mut Input<'_>) -> [Secret<String>; 2] {
    ["AuthenticationCode1", "AuthenticationCode2"]
        .map(|name| Secret::new(input.required(name, Some(CODE), 6..=6).to_owned()))
}

fn not_theirs() -> AwsError {
    AwsError::no_such_entity("MFA Device invalid for user.")
}

/// What two codes tell about the clock of a device, where they follow each other within so many steps from now.
fn synchronize(
    iam: &Iam,
    device: &MfaDevice,
    codes: &[Secret<String>; 2],
    steps: i64,
    now: i64,
) -> Result<Synchronized, AwsError> {
    let seed = iam.seed(device)?;
    let [first, second] = codes;
    let here = totp::step_at(now);
    let found = seed.find_pair(here - steps..=here + steps, [first, second]);
    let step = found.ok_or_else(AwsError::invalid_authentication_code)?;
    Ok(Synchronized {
        drift: step - here,
        spent: [seed.spent(step - 1), seed.spent(step)],
        // Resynchronised the other way at the latest possible moment, it might be asked for again.
        until: totp::end_of(step + 2 * RESYNC_STEPS),
    })
}

/// A user who has a device may change their own devices only in a session with MFA: a stolen key alone can neither add
/// another device nor take the one away that stands in its way.
async fn must_have_used_own(iam: &Iam, ask: &Ask<'_>, user: &User) -> Result<(), Denial> {
    let Principal::User(own) = ask.caller.principal() else {
        return Ok(());
    };
    let with_mfa = ask
        .caller
        .session()
        .is_some_and(|session| session.mfa_at.is_some());
    if with_mfa || own.user.unique_id != user.unique_id {
        return Ok(());
    }
    match iam
        .store()
        .mfa_devices_of(&user.unique_id)
        .await?
        .is_empty()
    {
        true => Ok(()),
        false => Err(AwsError::mfa_required_for_own_devices().into()),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableMFADevice.html>
pub(super) async fn enable(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("UserName", 128);
    let serial = serial(&mut input);
    let codes = codes(&mut input);
    input.finish()?;
    let user = iam.user(ask, "iam:EnableMFADevice", name).await?;
    must_have_used_own(iam, ask, &user).await?;
    let device = iam.own_mfa_device(ask, serial).await?;
    let device = device.ok_or_else(|| unknown(serial))?;
    match &device.user_id {
        Some(id) if *id == user.unique_id => {
            let name = &user.name;
            let message = format!("MFA Device for user {name} already exists.");
            return Err(AwsError::entity_exists(message).into());
        }
        Some(_) => return Err(AwsError::entity_exists("MFA Device is already in use.").into()),
        None => {}
    }
    if iam.store().mfa_devices_of(&user.unique_id).await?.len() >= MOST {
        return Err(AwsError::quota("MFADevicesPerUser", MOST).into());
    }
    let now = ask.call.unix();
    let mut found = synchronize(iam, &device, &codes, ENABLE_STEPS, now)?;
    // Typing two codes takes a while, which must not count as a slow clock: one step is forgiven.
    found.drift -= found.drift.signum();
    let assigned = iam
        .store()
        .assign_mfa_device(serial, &user.unique_id, MOST, &found, now);
    assigned.await.map_err(|error| match error {
        StoreError::AlreadyExists => AwsError::invalid_authentication_code().into(),
        // Asked above: somebody was faster.
        StoreError::Conflict | StoreError::NotFound => AwsError::concurrent_modification().into(),
        other => Denial::from(other),
    })?;
    Ok(shapes::nothing())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ResyncMFADevice.html>
pub(super) async fn resync(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("UserName", 128);
    let serial = serial(&mut input);
    let codes = codes(&mut input);
    input.finish()?;
    let user = iam.user(ask, "iam:ResyncMFADevice", name).await?;
    let device = iam.own_mfa_device(ask, serial).await?;
    let theirs = |device: &MfaDevice| device.user_id.as_ref() == Some(&user.unique_id);
    let device = device.filter(theirs).ok_or_else(not_theirs)?;
    let found = synchronize(iam, &device, &codes, RESYNC_STEPS, ask.call.unix())?;
    let kept = iam
        .store()
        .resync_mfa_device(serial, &user.unique_id, &found);
    kept.await.map_err(|error| match error {
        StoreError::AlreadyExists => AwsError::invalid_authentication_code().into(),
        StoreError::NotFound => not_theirs().into(),
        other => Denial::from(other),
    })?;
    Ok(shapes::nothing())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeactivateMFADevice.html>
pub(super) async fn deactivate(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.optional("UserName", Some(ENTITY_NAME), 1..=128);
    let serial = serial(&mut input);
    input.finish()?;
    let subject = iam.subject(ask, "iam:DeactivateMFADevice", name).await?;
    // Root has no devices here.
    let Subject::User(user) = subject else {
        return Err(not_theirs().into());
    };
    must_have_used_own(iam, ask, &user).await?;
    let device = iam.own_mfa_device(ask, serial).await?;
    device.ok_or_else(|| unknown(serial))?;
    let taken = iam.store().unassign_mfa_device(serial, &user.unique_id);
    taken.await.map_err(|error| match error {
        StoreError::NotFound => not_theirs().into(),
        other => Denial::from(other),
    })?;
    Ok(shapes::nothing())
}

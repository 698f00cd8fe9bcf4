//! Tags of devices.

use crate::iam::halt::Halt;
use crate::iam::input::{self, Input};
use crate::iam::{Ask, Iam, Reply, Target, shapes};

use super::{serial, unknown};

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagMFADevice.html>
pub(super) async fn tag(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let serial = serial(&mut input);
    let tags = input.required_tags();
    input.finish()?;
    let about = Target {
        request_tags: &tags,
        ..Target::default()
    };
    iam.mfa_device(ask, "iam:TagMFADevice", serial, about)
        .await?;
    input::check_tags(&tags)?;
    let merged = iam.store().update_mfa_device_tags(serial, |stored| {
        Ok::<(), Halt>(input::merge_tags(stored, &tags)?)
    });
    merged.await.map_err(|halt| halt.denial(unknown(serial)))?;
    Ok(shapes::nothing())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagMFADevice.html>
pub(super) async fn untag(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let serial = serial(&mut input);
    let keys = input.required_tag_keys();
    input.finish()?;
    let about = Target {
        tag_keys: &keys,
        ..Target::default()
    };
    iam.mfa_device(ask, "iam:UntagMFADevice", serial, about)
        .await?;
    let removed = iam.store().update_mfa_device_tags(serial, |stored| {
        input::remove_tags(stored, &keys);
        Ok::<(), Halt>(())
    });
    removed.await.map_err(|halt| halt.denial(unknown(serial)))?;
    Ok(shapes::nothing())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADeviceTags.html>
pub(super) async fn list(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let serial = serial(&mut input);
    let page = input.page();
    input.finish()?;
    let action = "iam:ListMFADeviceTags";
    let device = iam
        .mfa_device(ask, action, serial, Target::default())
        .await?;
    Ok(shapes::tag_page(&page, device.tags)?)
}

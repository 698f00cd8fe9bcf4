//! Which devices there are, and whose.

use std::collections::HashMap;

use crate::aws::constraints::ENTITY_NAME;
use crate::aws::error::AwsError;
use crate::aws::xml::Node;
use crate::iam::input::Input;
use crate::iam::users::{Subject, listed};
use crate::iam::{Ask, Iam, Reply, Target, shapes};
use crate::store::mfa_devices::MfaDevice;
use crate::store::users::User;

use super::serial;

/// The key by which the store sorts devices.
fn by_name(device: &MfaDevice) -> String {
    device.name.to_ascii_lowercase()
}

fn enabled(device: &MfaDevice) -> Node {
    device.enabled_at.map_or(Node::Absent, shapes::moment)
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADevices.html>
pub(super) async fn of_user(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.optional("UserName", Some(ENTITY_NAME), 1..=128);
    let page = input.page();
    input.finish()?;
    let (name, devices) = match iam.subject(ask, "iam:ListMFADevices", name).await? {
        Subject::User(user) => {
            let devices = iam.store().mfa_devices_of(&user.unique_id).await?;
            (user.name, devices)
        }
        Subject::Root => (String::new(), Vec::new()),
    };
    Ok(page.cut("MFADevices", devices, by_name, |device| {
        Node::Fields(vec![
            ("UserName", Node::text(&name)),
            ("SerialNumber", Node::text(&device.serial)),
            ("EnableDate", enabled(&device)),
        ])
    })?)
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListVirtualMFADevices.html>
///
/// Neither seeds nor tags, as at AWS.
pub(super) async fn of_account(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let status = input.one_of("AssignmentStatus", &["Assigned", "Unassigned", "Any"]);
    let page = input.page();
    input.finish()?;
    iam.allow(ask, "iam:ListVirtualMFADevices", Target::of("*"))
        .await?;
    let account = ask.caller.account();
    let mut devices = iam.store().mfa_devices(account).await?;
    devices.retain(|device| match status {
        Some("Assigned") => device.user_id.is_some(),
        Some("Unassigned") => device.user_id.is_none(),
        _ => true,
    });
    let users = iam.store().users(account).await?;
    let users: HashMap<&str, &User> = users
        .iter()
        .map(|user| (user.unique_id.as_str(), user))
        .collect();
    Ok(page.cut("VirtualMFADevices", devices, by_name, |device| {
        let user = device.user_id.as_deref().and_then(|id| users.get(id));
        Node::Fields(vec![
            ("SerialNumber", Node::text(&device.serial)),
            (
                "User",
                user.map_or(Node::Absent, |user| Node::Fields(listed(user))),
            ),
            ("EnableDate", enabled(&device)),
        ])
    })?)
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetMFADevice.html>
///
/// At AWS it knows security keys alone, and of those there are none here.
pub(super) async fn get(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    serial(&mut input);
    let name = input.optional("UserName", Some(ENTITY_NAME), 1..=64);
    input.finish()?;
    iam.subject(ask, "iam:GetMFADevice", name).await?;
    Err(AwsError::not_a_security_key().into())
}

//! Virtual MFA devices: made here, assigned to a user by two codes, asked for a code by `sts::mfa`.
//!
//! A device is a seed that the account's people scan once and nobody ever reads again. Permissions are asked for the
//! device where it is made, tagged or deleted, and for the user where it is assigned, resynchronised or taken away.

mod assign;
mod lists;
mod tags;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::access::Denial;
use crate::aws::arn;
use crate::aws::constraints::{ENTITY_NAME, Pattern};
use crate::aws::error::AwsError;
use crate::aws::xml::{Fields, Node};
use crate::clock::random_bytes;
use crate::iam::input::{self, Input};
use crate::iam::{Ask, Iam, Operation, PARTITION, Reply, Target, reads, shapes, writes};
use crate::store::StoreError;
use crate::store::mfa_devices::MfaDevice;
use crate::totp::Seed;

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[
    writes!(create, "CreateVirtualMFADevice"),
    writes!(assign::enable, "EnableMFADevice"),
    writes!(assign::resync, "ResyncMFADevice"),
    writes!(assign::deactivate, "DeactivateMFADevice"),
    writes!(delete, "DeleteVirtualMFADevice"),
    reads!(lists::get, "GetMFADevice"),
    reads!(lists::of_user, "ListMFADevices"),
    reads!(lists::of_account, "ListVirtualMFADevices"),
    writes!(tags::tag, "TagMFADevice"),
    writes!(tags::untag, "UntagMFADevice"),
    reads!(tags::list, "ListMFADeviceTags"),
];

/// The model bounds serial numbers, which are ARNs, but not the names in them.
const LONGEST_SERIAL: usize = 256;
/// What is left of a serial number after `arn:aws:iam::111111111111:mfa/`.
const LONGEST_NAME: usize = 226;
/// Serial numbers, as IAM writes the rule.
const SERIAL: Pattern = Pattern {
    text: r"[\w+=/:,.@-]+",
    admits: |c| c.is_ascii_alphanumeric() || "_+=/:,.@-".contains(c),
    may_be_empty: false,
};

fn serial<'a>(input: &mut Input<'a>) -> &'a str {
    input.required("SerialNumber", Some(SERIAL), 9..=LONGEST_SERIAL)
}

/// One slash, or printable characters between two. IAM checks this path later than all others, in its own words.
fn is_path(path: &str) -> bool {
    let framed = path == "/" || (path.len() > 2 && path.starts_with('/') && path.ends_with('/'));
    framed && path.chars().all(|c| c.is_ascii_graphic())
}

fn unknown(serial: &str) -> AwsError {
    AwsError::no_such_entity(format!(
        "MFA Device with serial number {serial} does not exist."
    ))
}

impl Iam {
    /// The device a call names, where the caller may do `action` to it; `about` is what else the permission depends on.
    async fn mfa_device(
        &self,
        ask: &Ask<'_>,
        action: &str,
        serial: &str,
        about: Target<'_>,
    ) -> Result<MfaDevice, Denial> {
        let found = self.own_mfa_device(ask, serial).await?;
        let target = Target {
            resource: serial,
            tags: found.as_ref().map_or(&[][..], |device| &device.tags),
            ..about
        };
        self.allow(ask, action, target).await?;
        Ok(found.ok_or_else(|| unknown(serial))?)
    }

    /// The device of the caller's account with this serial number.
    async fn own_mfa_device(
        &self,
        ask: &Ask<'_>,
        serial: &str,
    ) -> Result<Option<MfaDevice>, StoreError> {
        let found = self.store().mfa_device(serial).await?;
        Ok(found.filter(|device| device.account == ask.caller.account()))
    }

    /// The seed of a device.
    fn seed(&self, device: &MfaDevice) -> Result<Seed, AwsError> {
        Seed::open(&self.ring, &device.serial, &device.sealed_seed).map_err(|_| {
            let serial = &device.serial;
            tracing::error!(%serial, "a stored seed was not sealed by this key ring");
            AwsError::internal()
        })
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateVirtualMFADevice.html>
async fn create(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let path = input.optional("Path", None, 1..=512).unwrap_or("/");
    let name = "VirtualMFADeviceName";
    let name = input.required(name, Some(ENTITY_NAME), 1..=LONGEST_NAME);
    let tags = input.tags();
    input.finish()?;
    if !is_path(path) {
        return Err(AwsError::invalid_path().into());
    }
    let account = ask.caller.account();
    let serial = arn::iam(PARTITION, account, "mfa", path, name);
    let target = Target {
        request_tags: &tags,
        ..Target::of(&serial)
    };
    iam.allow(ask, "iam:CreateVirtualMFADevice", target.clone())
        .await?;
    if !tags.is_empty() {
        iam.allow(ask, "iam:TagMFADevice", target).await?;
    }
    input::check_tags(&tags)?;
    if serial.len() > LONGEST_SERIAL {
        let message = format!(
            "The serial number made of this path and name is longer than {LONGEST_SERIAL} characters."
        );
        return Err(AwsError::validation(message).into());
    }
    let random = &*iam.random;
    let seed = Seed::new(random_bytes(random));
    let sealed_seed = seed.seal(&iam.ring, &serial, random_bytes(random));
    let device = MfaDevice {
        serial,
        account: account.to_owned(),
        name: name.to_owned(),
        path: path.to_owned(),
        sealed_seed: sealed_seed.map_err(|_| AwsError::internal())?,
        user_id: None,
        enabled_at: None,
        drift: 0,
        tags: input::pairs(&tags),
        created_at: ask.call.unix(),
    };
    let known = iam.store().account(account).await?;
    let known = known.map_or_else(|| account.to_owned(), |account| account.name);
    let picture = seed.qr_png(&format!("{name}@{known}"));
    let picture = picture.ok_or_else(AwsError::internal)?;
    iam.store()
        .create_mfa_device(&device)
        .await
        .map_err(|error| match error {
            StoreError::AlreadyExists => {
                AwsError::entity_exists("MFA device already exists.").into()
            }
            other => Denial::from(other),
        })?;
    ask.elements = json!({ "virtualMFADevice": { "serialNumber": device.serial } });
    let seed = STANDARD.encode(seed.base32().expose());
    let fields: Fields = vec![
        ("SerialNumber", Node::Text(device.serial)),
        ("Base32StringSeed", Node::Text(seed)),
        ("QRCodePNG", Node::Text(STANDARD.encode(picture.expose()))),
        ("Tags", shapes::tags_if_any(&device.tags)),
    ];
    Ok(vec![("VirtualMFADevice", Node::Fields(fields))])
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteVirtualMFADevice.html>
async fn delete(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let serial = serial(&mut input);
    input.finish()?;
    let action = "iam:DeleteVirtualMFADevice";
    iam.mfa_device(ask, action, serial, Target::default())
        .await?;
    iam.store()
        .delete_mfa_device(serial)
        .await
        .map_err(|error| match error {
            StoreError::Conflict => {
                AwsError::delete_conflict("MFA VirtualDevice in use. Must deactivate first.").into()
            }
            StoreError::NotFound => unknown(serial).into(),
            other => Denial::from(other),
        })?;
    Ok(shapes::nothing())
}

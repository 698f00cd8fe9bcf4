//! Virtual MFA devices.
//!
//! A seed arrives sealed under the key ring, with the serial number as associated data, and leaves as it came. A device
//! belongs to a user from [`Store::assign_mfa_device`] to [`Store::unassign_mfa_device`]; both codes that assigning or
//! resynchronising took are spent in the same transaction, so that they are good for nothing else, on any node.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::once::KeyHash;
use super::row::{FromRow, all, from_text, key, optional, to_text};
use super::statement::Change;
use super::{Store, StoreError};

/// The kind under which the steps of all devices are spent in [`Store::use_once`].
pub const SPENT_STEP: &str = "totp";

/// A device as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MfaDevice {
    /// Its serial number: the ARN, `arn:aws:iam::ACCT:mfa/path/name`.
    pub serial: String,
    /// The account it belongs to.
    pub account: String,
    /// Unique in the account, ignoring case.
    pub name: String,
    /// `/`, or `/teams/a/`.
    pub path: String,
    /// The seed, sealed by whoever keeps the key ring.
    pub sealed_seed: Vec<u8>,
    /// The unique id of the user it is assigned to.
    pub user_id: Option<String>,
    /// When it was assigned, in seconds since 1970.
    pub enabled_at: Option<i64>,
    /// How many steps its clock is ahead of ours.
    pub drift: i64,
    /// Tags, in the order they were given.
    pub tags: Vec<(String, String)>,
    /// Seconds since 1970.
    pub created_at: i64,
}

/// What two codes that follow each other told about a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synchronized {
    /// How many steps its clock is ahead of ours.
    pub drift: i64,
    /// The two steps, as they are remembered.
    pub spent: [KeyHash; 2],
    /// When neither could be used any more.
    pub until: i64,
}

impl FromRow for MfaDevice {
    fn from_row(row: &AnyRow) -> Result<MfaDevice, StoreError> {
        Ok(MfaDevice {
            serial: row.try_get("serial")?,
            account: row.try_get("account")?,
            name: row.try_get("name")?,
            path: row.try_get("path")?,
            sealed_seed: row.try_get("sealed_seed")?,
            user_id: row.try_get("user_id")?,
            enabled_at: row.try_get("enabled_at")?,
            drift: row.try_get("drift")?,
            tags: from_text(row.try_get("tags")?)?,
            created_at: row.try_get("created_at")?,
        })
    }
}

impl Store {
    /// Adds a device that nobody has.
    ///
    /// [`StoreError::AlreadyExists`]: the name (ignoring case) is taken in the account.
    /// [`StoreError::NotFound`]: there is no such account.
    pub async fn create_mfa_device(&self, device: &MfaDevice) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        change
            .run(
                sqlx::query(
                    "INSERT INTO mfa_device (serial, account, name, name_key, path, sealed_seed, drift, tags,
                         created_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                )
                .bind(&device.serial)
                .bind(&device.account)
                .bind(&device.name)
                .bind(key(&device.name))
                .bind(&device.path)
                .bind(device.sealed_seed.as_slice())
                .bind(device.drift)
                .bind(to_text(&device.tags)?)
                .bind(device.created_at),
            )
            .await?;
        change.commit().await
    }

    /// The device with exactly this serial number.
    pub async fn mfa_device(&self, serial: &str) -> Result<Option<MfaDevice>, StoreError> {
        let statement = sqlx::query("SELECT * FROM mfa_device WHERE serial = $1").bind(serial);
        optional(self.read_one(statement).await?)
    }

    /// The devices of an account, by name ignoring case.
    pub async fn mfa_devices(&self, account: &str) -> Result<Vec<MfaDevice>, StoreError> {
        let statement = sqlx::query("SELECT * FROM mfa_device WHERE account = $1").bind(account);
        let mut devices: Vec<MfaDevice> = all(self.read(statement).await?)?;
        devices.sort_by_key(|device| key(&device.name));
        Ok(devices)
    }

    /// The devices of a user, by name ignoring case.
    pub async fn mfa_devices_of(&self, user_id: &str) -> Result<Vec<MfaDevice>, StoreError> {
        let statement = sqlx::query("SELECT * FROM mfa_device WHERE user_id = $1").bind(user_id);
        let mut devices: Vec<MfaDevice> = all(self.read(statement).await?)?;
        devices.sort_by_key(|device| key(&device.name));
        Ok(devices)
    }

    /// Gives a device that nobody has to a user who has fewer than `most`.
    ///
    /// [`StoreError::AlreadyExists`]: one of the codes was used before. [`StoreError::Conflict`]: somebody has the
    /// device, or the user has enough. [`StoreError::NotFound`]: there is no such device, or no such user in its account.
    pub async fn assign_mfa_device(
        &self,
        serial: &str,
        user_id: &str,
        most: usize,
        codes: &Synchronized,
        now: i64,
    ) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let device = change.mfa_device(serial).await?;
        let user = sqlx::query("SELECT name FROM iam_user WHERE unique_id = $1 AND account = $2")
            .bind(user_id)
            .bind(&device.account);
        if !change.finds(user).await? {
            return Err(StoreError::NotFound);
        }
        let others = change
            .rows(sqlx::query("SELECT serial FROM mfa_device WHERE user_id = $1").bind(user_id))
            .await?;
        if device.user_id.is_some() || others.len() >= most {
            return Err(StoreError::Conflict);
        }
        change.spend_steps(codes).await?;
        change
            .run(
                sqlx::query(
                    "UPDATE mfa_device SET user_id = $1, enabled_at = $2, drift = $3 WHERE serial = $4",
                )
                .bind(user_id)
                .bind(now)
                .bind(codes.drift)
                .bind(serial),
            )
            .await?;
        change.commit().await
    }

    /// Keeps how far the clock of a user's device is off.
    ///
    /// [`StoreError::AlreadyExists`]: one of the codes was used before. [`StoreError::NotFound`]: the user has no such
    /// device.
    pub async fn resync_mfa_device(
        &self,
        serial: &str,
        user_id: &str,
        codes: &Synchronized,
    ) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        change.spend_steps(codes).await?;
        let changed = change
            .run(
                sqlx::query("UPDATE mfa_device SET drift = $1 WHERE serial = $2 AND user_id = $3")
                    .bind(codes.drift)
                    .bind(serial)
                    .bind(user_id),
            )
            .await?;
        match changed {
            0 => Err(StoreError::NotFound),
            _ => change.commit().await,
        }
    }

    /// Takes a device away from its user; it can be assigned anew.
    ///
    /// [`StoreError::NotFound`]: the user has no such device.
    pub async fn unassign_mfa_device(&self, serial: &str, user_id: &str) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        let changed = change
            .run(
                sqlx::query(
                    "UPDATE mfa_device SET user_id = NULL, enabled_at = NULL, drift = 0
                     WHERE serial = $1 AND user_id = $2",
                )
                .bind(serial)
                .bind(user_id),
            )
            .await?;
        match changed {
            0 => Err(StoreError::NotFound),
            _ => change.commit().await,
        }
    }

    /// Hands the tags of a device to `change_tags` and stores what it made of them, as [`Store::update_role`] does.
    pub async fn update_mfa_device_tags<E: From<StoreError>>(
        &self,
        serial: &str,
        change_tags: impl FnOnce(&mut Vec<(String, String)>) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let mut change = self.change().await?;
        let mut device = change.mfa_device(serial).await?;
        change_tags(&mut device.tags)?;
        let statement = sqlx::query("UPDATE mfa_device SET tags = $1 WHERE serial = $2")
            .bind(to_text(&device.tags)?)
            .bind(serial);
        change.run(statement).await?;
        Ok(change.commit().await?)
    }

    /// Deletes a device.
    ///
    /// [`StoreError::Conflict`]: somebody has it.
    pub async fn delete_mfa_device(&self, serial: &str) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        if change.mfa_device(serial).await?.user_id.is_some() {
            return Err(StoreError::Conflict);
        }
        let statement = sqlx::query("DELETE FROM mfa_device WHERE serial = $1").bind(serial);
        change.run(statement).await?;
        change.commit().await
    }
}

impl Change {
    async fn mfa_device(&mut self, serial: &str) -> Result<MfaDevice, StoreError> {
        let statement = sqlx::query("SELECT * FROM mfa_device WHERE serial = $1").bind(serial);
        let rows = self.rows(statement).await?;
        MfaDevice::from_row(rows.first().ok_or(StoreError::NotFound)?)
    }

    async fn spend_steps(&mut self, codes: &Synchronized) -> Result<(), StoreError> {
        for step in &codes.spent {
            // A step that is there already violates the primary key, which is `AlreadyExists`.
            let statement = sqlx::query(
                "INSERT INTO used_value (kind, key_hash, expires_at) VALUES ($1, $2, $3)",
            )
            .bind(SPENT_STEP)
            .bind(step.as_slice())
            .bind(codes.until);
            self.run(statement).await?;
        }
        Ok(())
    }
}

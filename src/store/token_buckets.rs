//! Token buckets that all nodes share.
//!
//! A bucket holds at most [`Bucket::capacity`] tokens and is full again [`Bucket::fills_in`] after it was empty; one that
//! is not there is full. Each statement settles its own races, so that all nodes together never take more than there is.
//! A bucket decides about nothing that is cached: it moves no version.
//!
//! A clock that steps back neither fills a bucket nor locks it: the bucket stands still until the time at which it was
//! counted comes again, and counts as full where that is further away than it takes to fill.

use std::time::Duration;

use sqlx::Row;

use super::once::KeyHash;
use super::{Store, StoreError};

/// What the buckets of one kind are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// What they are for.
    pub kind: &'static str,
    /// Tokens that one holds at most.
    pub capacity: u32,
    /// How long an empty one takes to be full.
    pub fills_in: Duration,
}

/// Tokens are kept in thousandths.
const TOKEN: i64 = 1000;

impl Bucket {
    fn full(&self) -> i64 {
        i64::from(self.capacity) * TOKEN
    }

    fn fills_in_ms(&self) -> i64 {
        let milliseconds = i64::try_from(self.fills_in.as_millis());
        milliseconds.unwrap_or(i64::MAX).max(1)
    }
}

/// What a stored bucket holds at `$3`, where `$4` is what a full one holds and `$5` how long it takes to fill.
macro_rules! held {
    () => {
        "CASE WHEN $3 - token_bucket.counted_at >= $5 OR token_bucket.counted_at - $3 >= $5 THEN $4
              WHEN $3 <= token_bucket.counted_at THEN token_bucket.level
              WHEN token_bucket.level + ($3 - token_bucket.counted_at) * $4 / $5 >= $4 THEN $4
              ELSE token_bucket.level + ($3 - token_bucket.counted_at) * $4 / $5 END"
    };
}

/// Takes one token where there is one, and else changes nothing: a bucket that is asked without end still fills.
const TAKE: &str = concat!(
    "INSERT INTO token_bucket (kind, key_hash, counted_at, level) VALUES ($1, $2, $3, $4 - 1000)
     ON CONFLICT (kind, key_hash) DO UPDATE SET counted_at = $3, level = ",
    held!(),
    " - 1000 WHERE ",
    held!(),
    " >= 1000"
);

/// Takes so many tokens, or all there are, and tells what is left. None at all (`$6` = 0) may be taken, to look.
const DRAIN: &str = concat!(
    "INSERT INTO token_bucket (kind, key_hash, counted_at, level)
     VALUES ($1, $2, $3, CASE WHEN $6 >= $4 THEN 0 ELSE $4 - $6 END)
     ON CONFLICT (kind, key_hash) DO UPDATE SET counted_at = $3, level = CASE WHEN $6 >= (",
    held!(),
    ") THEN 0 ELSE (",
    held!(),
    ") - $6 END RETURNING level"
);

/// Puts one token back.
const PUT_BACK: &str = concat!(
    "UPDATE token_bucket SET counted_at = $3, level = CASE WHEN (",
    held!(),
    ") + 1000 >= $4 THEN $4 ELSE (",
    held!(),
    ") + 1000 END WHERE kind = $1 AND key_hash = $2"
);

impl Store {
    /// Takes one token out of a bucket; `false` where there is none.
    pub async fn take_token(
        &self,
        bucket: &Bucket,
        key: &KeyHash,
        now_ms: i64,
    ) -> Result<bool, StoreError> {
        if bucket.capacity == 0 {
            return Ok(false);
        }
        let statement = sqlx::query(TAKE)
            .bind(bucket.kind)
            .bind(key.as_slice())
            .bind(now_ms)
            .bind(bucket.full())
            .bind(bucket.fills_in_ms());
        Ok(self.write(statement).await? == 1)
    }

    /// Puts a token back that [`Store::take_token`] took for something that turned out well.
    pub async fn put_token_back(
        &self,
        bucket: &Bucket,
        key: &KeyHash,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let statement = sqlx::query(PUT_BACK)
            .bind(bucket.kind)
            .bind(key.as_slice())
            .bind(now_ms)
            .bind(bucket.full())
            .bind(bucket.fills_in_ms());
        self.write(statement).await?;
        Ok(())
    }

    /// Takes tokens for what has happened already: so many as there are, out of several buckets of one kind in one
    /// transaction. Answers what each has left, in the order asked.
    pub async fn drain_tokens(
        &self,
        bucket: &Bucket,
        drains: &[(KeyHash, u32)],
        now_ms: i64,
    ) -> Result<Vec<f64>, StoreError> {
        let mut batch = self.batch().await?;
        let mut left = Vec::with_capacity(drains.len());
        for (key, tokens) in drains {
            let statement = sqlx::query(DRAIN)
                .bind(bucket.kind)
                .bind(key.as_slice())
                .bind(now_ms)
                .bind(bucket.full())
                .bind(bucket.fills_in_ms())
                .bind(i64::from(*tokens) * TOKEN);
            let rows = batch.rows(statement).await?;
            let row = rows.first().ok_or(StoreError::NotFound)?;
            let level: i64 = row.try_get("level")?;
            left.push(level as f64 / TOKEN as f64);
        }
        batch.commit().await?;
        Ok(left)
    }

    /// Deletes buckets that nobody has counted since `before_ms`; say a time after which all are full. Says how many.
    pub async fn purge_token_buckets(&self, before_ms: i64) -> Result<u64, StoreError> {
        let statement =
            sqlx::query("DELETE FROM token_bucket WHERE counted_at < $1").bind(before_ms);
        self.write(statement).await
    }
}

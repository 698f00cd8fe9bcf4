//! Running statements: on the right connection, and never longer than the store's patience.
//!
//! A connection whose work was cut short is never given back in an unknown state. One that did not answer in time
//! is thrown away, because its server may be gone without a word, and sqlx would wait for it in the background
//! while it still counts against the pool.

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Row};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use super::{PATIENCE, Store, StoreError};

/// A statement with its arguments bound.
pub(super) type Statement<'q> = sqlx::query::Query<'q, Any, AnyArguments>;

impl Store {
    /// The rows of a statement that only reads.
    pub(super) async fn read(&self, statement: Statement<'_>) -> Result<Vec<AnyRow>, StoreError> {
        let mut lease = Lease::new(&self.reader).await?;
        lease.rows(statement).await
    }

    /// The only row of a statement that reads, or none.
    pub(super) async fn read_one(
        &self,
        statement: Statement<'_>,
    ) -> Result<Option<AnyRow>, StoreError> {
        match self.read(statement).await {
            Ok(rows) => Ok(rows.into_iter().next()),
            Err(error) if holds_no_such_text(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Runs one writing statement by itself and says how many rows it touched.
    pub(super) async fn write(&self, statement: Statement<'_>) -> Result<u64, StoreError> {
        let mut lease = Lease::new(&self.writer).await?;
        lease.count(statement).await
    }

    /// Runs one writing statement that returns rows.
    pub(super) async fn write_returning(
        &self,
        statement: Statement<'_>,
    ) -> Result<Vec<AnyRow>, StoreError> {
        let mut lease = Lease::new(&self.writer).await?;
        lease.rows(statement).await
    }

    /// Begins a change to what decides about access: a transaction that has increased the version already.
    ///
    /// The version's row stays locked until the end, so such changes follow each other, and what a change reads
    /// (is the name free? does anything depend on it?) still holds when it commits. This is also why plain `BEGIN`
    /// is enough for SQLite: its first statement takes the write lock.
    pub(super) async fn change(&self) -> Result<Change, StoreError> {
        let mut change = self.batch().await?;
        change
            .run(sqlx::query("UPDATE iam_version SET value = value + 1"))
            .await?;
        Ok(change)
    }

    /// Begins a transaction over what decides about nothing that is cached: it moves no version, and locks only the rows
    /// it touches. Touch them in one order everywhere, and write first.
    pub(super) async fn batch(&self) -> Result<Change, StoreError> {
        let lease = Lease::new(&self.writer).await?;
        let mut change = Change { lease: Some(lease) };
        change.run(sqlx::query("BEGIN")).await?;
        Ok(change)
    }
}

/// A change on its way. Dropped before [`Change::commit`] it leaves nothing behind, not even a new version.
pub(super) struct Change {
    /// Taken by `commit`, or by the drop that undoes it.
    lease: Option<Lease>,
}

impl Change {
    /// Runs a statement and says how many rows it touched.
    pub(super) async fn run(&mut self, statement: Statement<'_>) -> Result<u64, StoreError> {
        match &mut self.lease {
            Some(lease) => lease.count(statement).await,
            None => Err(StoreError::too_slow()),
        }
    }

    /// The rows of a statement.
    pub(super) async fn rows(
        &mut self,
        statement: Statement<'_>,
    ) -> Result<Vec<AnyRow>, StoreError> {
        match &mut self.lease {
            Some(lease) => lease.rows(statement).await,
            None => Err(StoreError::too_slow()),
        }
    }

    /// Whether a statement finds any row.
    pub(super) async fn finds(&mut self, statement: Statement<'_>) -> Result<bool, StoreError> {
        Ok(!self.rows(statement).await?.is_empty())
    }

    /// Refuses, as [`StoreError::Conflict`], what brought a count (`SELECT COUNT(*) AS n`) over `most`: quotas are
    /// asked about after the new row is in, so that two at once cannot both be the last.
    pub(super) async fn must_fit(
        &mut self,
        count: Statement<'_>,
        most: usize,
    ) -> Result<(), StoreError> {
        let rows = self.rows(count).await?;
        let row = rows.first().ok_or(StoreError::NotFound)?;
        let counted: i64 = row.try_get("n")?;
        match usize::try_from(counted).is_ok_and(|counted| counted <= most) {
            true => Ok(()),
            false => Err(StoreError::Conflict),
        }
    }

    /// Makes the change last.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        self.run(sqlx::query("COMMIT")).await?;
        self.lease = None;
        Ok(())
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        let Some(lease) = self.lease.take() else {
            return;
        };
        // The caller may have gone away in the middle of an await, so the undoing is nobody's to wait for.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(lease.undo());
        }
    }
}

/// A connection out of a pool, with the time until which it may be used.
struct Lease {
    /// Gone once it was thrown away.
    connection: Option<PoolConnection<Any>>,
    until: Instant,
}

impl Lease {
    async fn new(pool: &AnyPool) -> Result<Lease, StoreError> {
        let until = Instant::now() + PATIENCE;
        let connection = timeout_at(until, pool.acquire())
            .await
            .map_err(|_| StoreError::too_slow())??;
        Ok(Lease {
            connection: Some(connection),
            until,
        })
    }

    /// All rows, never just the first: SQLite commits a lone statement when it has run to its end, and sqlx drops
    /// the result of a statement it leaves early, a full disk included.
    async fn rows(&mut self, statement: Statement<'_>) -> Result<Vec<AnyRow>, StoreError> {
        let until = self.until;
        let answer = timeout_at(until, statement.fetch_all(self.connection()?)).await;
        self.judge(answer)
    }

    async fn count(&mut self, statement: Statement<'_>) -> Result<u64, StoreError> {
        let until = self.until;
        let answer = timeout_at(until, statement.execute(self.connection()?)).await;
        Ok(self.judge(answer)?.rows_affected())
    }

    fn connection(&mut self) -> Result<&mut AnyConnection, StoreError> {
        match &mut self.connection {
            Some(connection) => Ok(connection),
            None => Err(StoreError::too_slow()),
        }
    }

    fn judge<T>(
        &mut self,
        answer: Result<Result<T, sqlx::Error>, Elapsed>,
    ) -> Result<T, StoreError> {
        match answer {
            Ok(done) => Ok(done?),
            Err(_) => {
                self.throw_away();
                Err(StoreError::too_slow())
            }
        }
    }

    /// Ends the transaction, whatever state it is in, before the connection serves anybody else.
    async fn undo(mut self) {
        self.until = Instant::now() + PATIENCE;
        if self.count(sqlx::query("ROLLBACK")).await.is_err() {
            self.throw_away();
        }
    }

    fn throw_away(&mut self) {
        drop(self.connection.take().map(PoolConnection::detach));
    }
}

/// Whether PostgreSQL refused a value because no text there may hold it (a NUL character, SQLSTATE 22021).
/// Then no row holds it either, which is what SQLite answers.
fn holds_no_such_text(error: &StoreError) -> bool {
    let StoreError::Unavailable(source) = error else {
        return false;
    };
    source
        .downcast_ref::<sqlx::Error>()
        .and_then(sqlx::Error::as_database_error)
        .and_then(|refusal| refusal.code())
        .is_some_and(|code| code == "22021")
}

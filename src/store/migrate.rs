//! Bringing the tables up to date.

use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{MigrateError, Migrator};

use super::{Engine, PATIENCE, Store, StoreError};

/// The scripts in `migrations/`, in the binary. A script that was released never changes; a new one follows it.
static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// How often to try again when another process is making the same tables in the same SQLite file. sqlx takes an
/// advisory lock on PostgreSQL and none here, so the loser finds the tables already made, once.
const TRIES: u32 = 5;

impl Store {
    /// Makes the tables of this version, or brings older ones up to date. Doing it twice does nothing.
    ///
    /// Tables of a newer version are refused, because what this version does not know it cannot keep true. This is
    /// the one method that may take longer than [`PATIENCE`].
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let mut tries = 1;
        loop {
            match self.migrate_once().await {
                Err(StoreError::Unavailable(_) | StoreError::AlreadyExists)
                    if self.engine == Engine::Sqlite && tries < TRIES =>
                {
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                done => return done,
            }
        }
    }

    async fn migrate_once(&self) -> Result<(), StoreError> {
        let done = match self.engine {
            Engine::Sqlite => MIGRATIONS.run(&self.writer).await,
            Engine::Postgres => {
                // A connection without the time-outs of the others: rebuilding a large table may take longer than
                // any request, and so may waiting for the node that does it.
                let pool = AnyPoolOptions::new()
                    .max_connections(1)
                    .acquire_timeout(PATIENCE)
                    .connect_lazy_with((*self.writer.connect_options()).clone());
                let done = MIGRATIONS.run(&pool).await;
                pool.close().await;
                done
            }
        };
        done.map_err(refused)
    }
}

fn refused(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(version) => StoreError::Unusable(format!(
            "the store has tables of a newer version of Drawbridge (migration {version})"
        )),
        MigrateError::VersionMismatch(version) => StoreError::Unusable(format!(
            "migration {version} of the store is not the one this version of Drawbridge knows"
        )),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        other => StoreError::Unavailable(other.into()),
    }
}

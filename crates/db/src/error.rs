//! What can go wrong between the house and its store.

/// A failure of the store. Business refusals are never one of these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DbError {
    /// A unique key is taken. On PostgreSQL the transaction cannot go on.
    #[error("a row with this key exists: {0}")]
    Duplicate(String),
    /// A foreign key, CHECK or NOT NULL rule of the schema is broken, or a text holds the character NUL, which
    /// PostgreSQL can not store.
    #[error("the schema refuses the row: {0}")]
    Constraint(String),
    /// Too much waits for the store, or the wait was too long. Nothing was done; asking again later is right.
    #[error("the store is busy; try again in a moment")]
    Busy,
    /// The engine asked for the transaction to be run again, and did so too often.
    #[error("the transaction met others too often: {0}")]
    Contention(String),
    /// The connection broke before COMMIT was sent: nothing was done.
    #[error("the connection to the database was lost: {0}")]
    LostConnection(String),
    /// The connection broke after COMMIT was sent: whether it was done is known only by looking for the idempotency key.
    #[error("the connection was lost during commit; the outcome is unknown until it is looked up")]
    CommitUnknown,
    /// The engine undid the whole transaction (a full disk, an input error): nothing was done.
    #[error("the database undid the transaction: {0}")]
    RolledBack(String),
    /// A column does not hold what the code expects.
    #[error("column {column} does not hold {expected}")]
    Decode {
        /// The column's name in the statement.
        column: &'static str,
        /// What should have been there.
        expected: &'static str,
    },
    /// No row, where there is always one.
    #[error("a row that must exist is missing: {0}")]
    Missing(&'static str),
    /// The code waited for something else than the transaction, inside it. SQLite refuses at the first such wait (where
    /// there is no runtime either, so that a timer or a socket panics: [`DbError::Panicked`]); on
    /// PostgreSQL the work goes on and holds its locks and its connection meanwhile, which nothing but the server's
    /// idle timeout (60 s) ends, and only a part of a transaction that was given up half way is refused.
    #[error("a transaction waited for something other than the database")]
    Waited,
    /// The code inside the transaction panicked; nothing was done.
    #[error("the work inside the transaction panicked")]
    Panicked,
    /// The database belongs to another serving process.
    #[error(
        "{path} is being served by another khaacho process{holder}; stop that one first, talk to it over HTTP, or move \
         to PostgreSQL (--database postgres://…) to run several"
    )]
    InUse {
        /// The database file.
        path: String,
        /// ` (process 123)`, where it is known.
        holder: String,
    },
    /// A migration that was applied has another text now.
    #[error("migration {0} was changed after it had been applied to this database; restore its text")]
    ChangedMigration(String),
    /// Anything else the engine says.
    #[error("the database failed: {0}")]
    Engine(String),
}

impl DbError {
    /// Whether the whole transaction is to be run again.
    pub(crate) const fn asks_again(&self) -> bool {
        matches!(self, Self::Contention(_) | Self::LostConnection(_))
    }

    /// Whether asking again later may well succeed, with nothing done so far.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Busy | Self::Contention(_) | Self::LostConnection(_) | Self::RolledBack(_))
    }
}

/// A statement was given more or fewer values than it names.
pub(crate) fn wrong_count(given: usize, named: usize, sql: &str) -> DbError {
    DbError::Engine(format!("{given} values for {named} parameters in: {sql}"))
}

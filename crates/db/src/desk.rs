//! A desk takes commands one at a time and carries them out in sets.
//!
//! While one set commits, the commands that arrive queue up and become the next set, at most [`SET_MOST`] under load, with
//! no timer. A command that finds nobody in front of it is a set of its own and is carried out where it was handed in,
//! without the way to a clerk and back ([`Db::write_here`]). Each caller is answered after the commit of its set. A set
//! that fails is run again command by command, so that one bad neighbour harms nobody; only a store that is too busy for
//! the set is not asked as many times more.
//!
//! A command carries its own idempotency key and its handler looks the key up before anything else. That is what lets
//! the desk run a command again when the outcome of a commit is unknown.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{Mutex, Semaphore, SemaphorePermit, mpsc, oneshot};

use crate::error::DbError;
use crate::tx::Tx;
use crate::{Db, Engine};

/// The largest set.
pub const SET_MOST: usize = 256;

/// Commands that may wait; more is [`DbError::Busy`].
const QUEUE_MOST: usize = 4_096;

/// How often one command is tried when others take its key, or its commit has no known outcome.
const TRIES: usize = 4;

type Waiting<C, O, E> = (C, oneshot::Sender<Result<O, E>>);

type Outcome<O, E> = Pin<Box<dyn Future<Output = Result<O, E>> + Send>>;

/// Takes commands `C` and answers each with an outcome `O` or a failure `E`. Clones share the desk.
pub struct Desk<C, O, E> {
    sender: mpsc::Sender<Waiting<C, O, E>>,
    /// One for each set that may be carried out at once.
    seats: Arc<Semaphore>,
    /// Carries out one command where it is called.
    alone: Arc<dyn Fn(C) -> Outcome<O, E> + Send + Sync>,
}

impl<C, O, E> Clone for Desk<C, O, E> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), seats: self.seats.clone(), alone: self.alone.clone() }
    }
}

impl<C, O, E> fmt::Debug for Desk<C, O, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("waiting", &QUEUE_MOST.saturating_sub(self.sender.capacity()))
            .finish_non_exhaustive()
    }
}

impl<C, O, E> Desk<C, O, E>
where
    C: Clone + Send + Sync + 'static,
    O: Send + 'static,
    E: From<DbError> + DeskError + Send + 'static,
{
    /// Opens a desk. `handler` carries out a set and answers as many outcomes, in the same order.
    ///
    /// It has one clerk on SQLite, whose writers are serial, and `clerks` on PostgreSQL (about one per core of the
    /// database). It ends when the last clone is dropped and the last set is answered.
    pub fn open<H>(db: &Db, clerks: usize, handler: H) -> Self
    where
        H: AsyncFn(&mut Tx, &[C]) -> Result<Vec<O>, E> + Send + Sync + 'static,
    {
        let (sender, receiver) = mpsc::channel(QUEUE_MOST);
        let receiver = Arc::new(Mutex::new(receiver));
        let handler = Arc::new(handler);
        let clerks = if db.engine() == Engine::Sqlite { 1 } else { clerks.max(1) };
        let seats = Arc::new(Semaphore::new(clerks));
        for _ in 0..clerks {
            tokio::spawn(serve(db.clone(), receiver.clone(), seats.clone(), handler.clone()));
        }
        let db = db.clone();
        let alone = move |command| -> Outcome<O, E> {
            let (db, handler) = (db.clone(), handler.clone());
            Box::pin(async move { one_by_one(&db, &handler, command).await })
        };
        Self { sender, seats, alone: Arc::new(alone) }
    }

    /// Hands a command in and waits for its outcome.
    pub async fn submit(&self, command: C) -> Result<O, E> {
        if let Some(_seat) = self.free_seat() {
            return (self.alone)(command).await;
        }
        let (answer, outcome) = oneshot::channel();
        self.sender.try_send((command, answer)).map_err(|_| DbError::Busy)?;
        outcome.await.unwrap_or_else(|_| Err(DbError::Panicked.into()))
    }

    /// A seat, where nobody waits for one.
    fn free_seat(&self) -> Option<SemaphorePermit<'_>> {
        if self.sender.capacity() < QUEUE_MOST {
            return None;
        }
        self.seats.try_acquire().ok()
    }
}

/// What the desk must know of a failure.
pub trait DeskError {
    /// The failure of the store, if it is one.
    fn as_db_error(&self) -> Option<&DbError>;
}

impl DeskError for DbError {
    fn as_db_error(&self) -> Option<&DbError> {
        Some(self)
    }
}

type Receiver<C, O, E> = mpsc::Receiver<Waiting<C, O, E>>;

/// Waits for a command and for a seat, and takes all that have come by then; none when the desk is closed.
async fn next_set<'s, C, O, E>(
    receiver: &Mutex<Receiver<C, O, E>>,
    seats: &'s Semaphore,
) -> Option<(SemaphorePermit<'s>, Vec<Waiting<C, O, E>>)> {
    let mut receiver = receiver.lock().await;
    let mut set = vec![receiver.recv().await?];
    let permit = seats.acquire().await.ok()?;
    while set.len() < SET_MOST
        && let Ok(next) = receiver.try_recv()
    {
        set.push(next);
    }
    Some((permit, set))
}

async fn serve<C, O, E, H>(db: Db, receiver: Arc<Mutex<Receiver<C, O, E>>>, seats: Arc<Semaphore>, handler: Arc<H>)
where
    C: Clone + Send + Sync + 'static,
    O: Send + 'static,
    E: From<DbError> + DeskError + Send + 'static,
    H: AsyncFn(&mut Tx, &[C]) -> Result<Vec<O>, E> + Send + Sync + 'static,
{
    while let Some((_seat, waiting)) = next_set(&receiver, &seats).await {
        let (commands, answers): (Vec<C>, Vec<_>) = waiting.into_iter().unzip();
        let set: Arc<[C]> = commands.into();
        let (carry_out, of_set) = (handler.clone(), set.clone());
        match db.write(async move |tx| carry_out(tx, &of_set).await).await {
            Ok(outcomes) => {
                for (answer, outcome) in answers.into_iter().zip(outcomes) {
                    // A caller that hung up has its command carried out all the same.
                    let _ = answer.send(Ok(outcome));
                }
            }
            Err(error) if matches!(error.as_db_error(), Some(DbError::Busy)) => {
                for answer in answers {
                    let _ = answer.send(Err(DbError::Busy.into()));
                }
            }
            Err(error) => {
                tracing::debug!(failure = ?error.as_db_error(), size = set.len(), "a set failed; running it one by one");
                for (command, answer) in set.iter().zip(answers) {
                    let _ = answer.send(one_by_one(&db, &handler, command.clone()).await);
                }
            }
        }
    }
}

async fn one_by_one<C, O, E, H>(db: &Db, handler: &Arc<H>, command: C) -> Result<O, E>
where
    C: Clone + Send + Sync + 'static,
    O: Send + 'static,
    E: From<DbError> + DeskError + Send + 'static,
    H: AsyncFn(&mut Tx, &[C]) -> Result<Vec<O>, E> + Send + Sync + 'static,
{
    let mut tries = 0;
    loop {
        tries += 1;
        let (carry_out, alone) = (handler.clone(), [command.clone()]);
        match db.write_here(async move |tx| carry_out(tx, &alone).await).await {
            Ok(outcomes) => return outcomes.into_iter().next().ok_or_else(|| DbError::Panicked.into()),
            Err(error) => {
                // A taken key is another's with the same key, and will be found; an unknown outcome is looked up by
                // running the command again, which finds its own key if it was written.
                let finds_its_key = matches!(
                    error.as_db_error(),
                    Some(DbError::Duplicate(_) | DbError::CommitUnknown | DbError::LostConnection(_))
                );
                if !finds_its_key || tries >= TRIES {
                    return Err(error);
                }
            }
        }
    }
}

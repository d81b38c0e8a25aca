//! Sending one message: the job that leaves the building.

use std::sync::Arc;

use db::{Db, DbError};
use kernel::{Context, MessageId};
use parking_lot::Mutex;
use queue::{Job, JobError};
use whatsapp::client::{Client, SendError};
use whatsapp::message::Outgoing;
use whatsapp::recipient::Recipient;

use crate::MessageState;
use crate::rules::{self, Pace, STOPPED_SECONDS, Step, Tried};
use crate::store::{self, ToSend};

/// Sends messages through a client. Clones share it and its pace.
#[derive(Clone, Debug)]
pub struct Sender {
    db: Db,
    client: Arc<Client>,
    pace: Arc<Mutex<Pace>>,
}

impl Sender {
    /// A sender over a database and a client of the Graph API.
    pub fn new(db: Db, client: Client) -> Self {
        Self { db, client: Arc::new(client), pace: Arc::new(Mutex::new(Pace::FREE)) }
    }

    /// Sends the job's message.
    pub async fn work(self, cx: Context, job: Job) -> Result<(), JobError> {
        let id: MessageId = job.id("message")?;
        let now = cx.now;
        if job.payload.get("reminder").is_some()
            && let Some(morning) = rules::quiet_until(now)
        {
            return Err(JobError::RetryAt(morning, "nobody is reminded at night".to_owned()));
        }
        let held = self.pace.lock().held(now);
        if let Some(until) = held {
            return Err(JobError::RetryAt(until, "sending is slowed down or stopped".to_owned()));
        }
        let Some(message) = self.db.write(async move |tx| store::take(tx, now, id).await).await? else {
            return Ok(());
        };
        let Some(to) = Recipient::parse(&message.address) else {
            return self.put_back(&cx, id, MessageState::Failed, "the address is no phone and no user id").await;
        };
        let Some(content) = choose(&message, rules::is_window_open(message.heard_at, now)) else {
            let why = "24 hours have passed since the person wrote, and there is no template for this message";
            return self.put_back(&cx, id, MessageState::Failed, why).await;
        };
        // The point of no return: from here on the message may be on its way.
        match self.client.send(content, &to, &id.to_string()).await {
            Ok(sent) => {
                count(MessageState::Sent);
                let is_over = self.pace.lock().taken() || message.was_refused;
                if let Some(wamid) = &message.answers
                    && let Err(error) = self.client.mark_read(wamid, false).await
                {
                    // The answer itself has gone out; two blue ticks are not worth a second try.
                    tracing::info!(%error, "a message could not be marked as read");
                }
                let written = self.db.write(async move |tx| {
                    if is_over {
                        store::delete_alert(tx).await?;
                    }
                    store::put_sent(tx, now, id, &sent.0).await
                });
                written.await.map_err(|error: DbError| JobError::from(error))
            }
            Err(error) => self.follow(&cx, &message, &job, &error).await,
        }
    }

    /// Does what follows from an error.
    async fn follow(&self, cx: &Context, message: &ToSend, job: &Job, error: &SendError) -> Result<(), JobError> {
        let tried = Tried {
            age_seconds: cx.now.seconds_since(message.created_at),
            attempts: job.attempts,
            is_last: job.is_last_try(),
            has_template: message.template.is_some(),
        };
        let (id, now, why) = (message.id, cx.now, error.to_string());
        let step = rules::step(error, tried);
        tracing::warn!(message = %id, to = whatsapp::recipient::masked(&message.address), ?step, why, "not sent");
        let outcome = match step {
            Step::Slow => Err(JobError::RetryAt(self.pace.lock().slow(now), why.clone())),
            Step::Stop => {
                tracing::error!(why, "WhatsApp refuses the account: nothing is sent until somebody mends it");
                self.alert(cx, &why).await?;
                Err(JobError::RetryAt(self.pace.lock().stop(now), why.clone()))
            }
            Step::Wait(seconds) => Err(JobError::RetryAt(now.plus_millis(spread(cx, seconds)), why.clone())),
            Step::WaitAndAlert(seconds) => {
                tracing::error!(why, minutes = STOPPED_SECONDS / 60, "WhatsApp limits the account; a message waits");
                self.alert(cx, &why).await?;
                Err(JobError::RetryAt(now.plus_millis(spread(cx, seconds)), why.clone()))
            }
            Step::TryAgain => Err(JobError::Retry(why.clone())),
            Step::Template => {
                self.db.write(async move |tx| store::switch_to_template(tx, now, id).await).await?;
                return Err(JobError::RetryAt(now, why));
            }
            Step::Unknown => return self.put_back(cx, id, MessageState::Unknown, &why).await,
            Step::GiveUp => return self.put_back(cx, id, MessageState::Failed, &why).await,
            Step::LayAside => {
                self.put_back(cx, id, MessageState::Failed, &why).await?;
                return Err(JobError::Dead(why));
            }
        };
        self.put_back(cx, id, MessageState::Queued, &why).await?;
        outcome
    }

    /// Puts before the operators that the account needs one of them. It stands until a message is taken.
    async fn alert(&self, cx: &Context, why: &str) -> Result<(), JobError> {
        self.pace.lock().alert();
        let (now, why) = (cx.now, why.to_owned());
        let written = self.db.write(async move |tx| store::put_alert(tx, now, &why).await).await;
        written.map_err(|error: DbError| JobError::from(error))
    }

    /// Writes where a message stands that this sender holds and has not handed over for certain.
    async fn put_back(&self, cx: &Context, id: MessageId, state: MessageState, why: &str) -> Result<(), JobError> {
        count(state);
        let (now, why) = (cx.now, why.to_owned());
        let written = self.db.write(async move |tx| store::put_back(tx, now, id, state, &why).await).await;
        written.map_err(|error: DbError| JobError::from(error))
    }
}

/// Counts what became of a try, for the metrics: `QUEUED` is tried again.
fn count(outcome: MessageState) {
    metrics::counter!("khaacho_whatsapp_sends_total", "outcome" => outcome.to_string()).increment(1);
}

fn choose(message: &ToSend, is_open: bool) -> Option<&Outgoing> {
    let is_template = matches!(message.content, Outgoing::Template(_));
    if is_open || is_template { Some(&message.content) } else { message.template.as_ref() }
}

/// A pause in milliseconds with up to half as much again, so that many messages do not come back at once.
fn spread(cx: &Context, seconds: i64) -> i64 {
    let [byte] = cx.random_bytes::<1>();
    seconds.saturating_mul(1_000_i64.saturating_add(i64::from(byte).saturating_mul(500) / 256))
}

//! Sending one message: the job that leaves the building.

use std::sync::Arc;

use db::{Db, DbError};
use kernel::{Context, MessageId};
use queue::{Job, JobError};
use whatsapp::client::Client;
use whatsapp::errors::{PAIR_PAUSE_SECONDS, Policy};
use whatsapp::message::Outgoing;
use whatsapp::recipient::Recipient;

use crate::MessageState;
use crate::store::{self, ToSend};

/// How long a person may be written to freely after their last message.
const WINDOW_SECONDS: i64 = 24 * 60 * 60;
/// The pause after WhatsApp has asked to slow down or has a fault of its own.
const SLOW_PAUSE_SECONDS: i64 = 5;
/// The pause after WhatsApp has refused the account itself.
const STOPPED_PAUSE_SECONDS: i64 = 5 * 60;

/// Sends messages through a client. Clones share it.
#[derive(Clone, Debug)]
pub struct Sender {
    db: Db,
    client: Arc<Client>,
}

impl Sender {
    /// A sender over a database and a client of the Graph API.
    pub fn new(db: Db, client: Client) -> Self {
        Self { db, client: Arc::new(client) }
    }

    /// Sends the job's message.
    ///
    /// A message that was left SENDING by a process that died may have gone out: it becomes UNKNOWN, not a second one.
    pub async fn work(self, cx: Context, job: Job) -> Result<(), JobError> {
        let id: MessageId =
            job.text("message")?.parse().map_err(|_| JobError::Dead("the job names no message".to_owned()))?;
        let now = cx.now;
        let found = self.db.write(async move |tx| store::take(tx, now, id).await).await?;
        let Some(message) = found else { return Ok(()) };
        if message.state == MessageState::Sending {
            return self.settle(&cx, id, MessageState::Unknown, None, Some("the sender died while sending")).await;
        }
        let Some(to) = Recipient::parse(&message.address) else {
            return self.settle(&cx, id, MessageState::Failed, None, Some("the address is no phone")).await;
        };
        let is_open = message.heard_at.is_some_and(|heard| now.seconds_since(heard) < WINDOW_SECONDS);
        let Some(content) = choose(&message, is_open) else {
            let why = "24 hours have passed since the person wrote, and there is no template for this message";
            return self.settle(&cx, id, MessageState::Failed, None, Some(why)).await;
        };
        match self.client.send(content, &to, &id.to_string()).await {
            Ok(sent) => self.settle(&cx, id, MessageState::Sent, Some(&sent.0), None).await,
            Err(error) => {
                let (policy, why) = (error.policy(), error.to_string());
                let is_template = matches!(content, Outgoing::Template(_));
                self.give_way(&cx, &message, policy, &why, is_template, job.attempts).await
            }
        }
    }

    /// What follows from an error, by the policy of its code.
    async fn give_way(
        &self,
        cx: &Context,
        message: &ToSend,
        policy: Policy,
        why: &str,
        was_template: bool,
        attempts: i64,
    ) -> Result<(), JobError> {
        let id = message.id;
        let wait = async |seconds: i64| {
            self.settle(cx, id, MessageState::Queued, None, Some(why)).await?;
            Err(JobError::RetryAt(cx.now.plus_seconds(seconds), why.to_owned()))
        };
        match policy {
            Policy::Retry { .. } => wait(SLOW_PAUSE_SECONDS).await,
            Policy::DelayRecipient => wait(PAIR_PAUSE_SECONDS).await,
            Policy::StopAndAlert | Policy::PauseInessential => {
                tracing::error!(why, "WhatsApp refuses the account; messages wait");
                wait(STOPPED_PAUSE_SECONDS).await
            }
            Policy::RetryOnce if attempts <= 1 => wait(SLOW_PAUSE_SECONDS).await,
            Policy::SwitchToTemplate if !was_template && message.template.is_some() => {
                let db_id = id;
                self.db.write(async move |tx| store::close_window(tx, db_id).await).await?;
                wait(0).await
            }
            Policy::UnknownOutcome => self.settle(cx, id, MessageState::Unknown, None, Some(why)).await,
            Policy::RetryOnce | Policy::SwitchToTemplate | Policy::Permanent | Policy::DeadLetter => {
                tracing::warn!(message = %id, why, "a message is given up");
                self.settle(cx, id, MessageState::Failed, None, Some(why)).await
            }
        }
    }

    async fn settle(
        &self,
        cx: &Context,
        id: MessageId,
        state: MessageState,
        wamid: Option<&str>,
        error: Option<&str>,
    ) -> Result<(), JobError> {
        let (now, wamid, error) = (cx.now, wamid.map(ToOwned::to_owned), error.map(ToOwned::to_owned));
        let written = self
            .db
            .write(async move |tx| store::set_state(tx, now, id, state, wamid.as_deref(), error.as_deref()).await)
            .await;
        written.map_err(|error: DbError| JobError::from(error))
    }
}

fn choose(message: &ToSend, is_open: bool) -> Option<&Outgoing> {
    let is_template = matches!(message.content, Outgoing::Template(_));
    if is_open || is_template {
        Some(&message.content)
    } else {
        message.template.as_ref()
    }
}

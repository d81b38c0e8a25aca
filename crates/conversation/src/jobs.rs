//! Files that people send: fetched from WhatsApp by a job, which keeps them for seven days only, and stored for operators.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use db::{Db, DbError};
use kernel::Context;
use queue::{Job, JobError};
use whatsapp::client::{Client, MediaError};
use whatsapp::errors::Policy;
use whatsapp::payload::Media;

use crate::store;

/// The kind of job that fetches one file.
pub const MEDIA_JOB: &str = "conversation.media";

/// The largest file that is fetched: as large as a picture may be.
const LARGEST_FILE: usize = 5 * 1024 * 1024;

/// A file of a message, as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) media: Media,
    pub(crate) address: String,
    pub(crate) bytes: i64,
    /// As base64, or why it is not there.
    pub(crate) content: Result<String, String>,
}

/// Fetches files through a client.
#[derive(Clone, Debug)]
pub struct Fetcher {
    db: Db,
    client: Client,
}

impl Fetcher {
    /// A fetcher over a database and a client of the Graph API.
    pub fn new(db: Db, client: Client) -> Self {
        Self { db, client }
    }

    /// Fetches the file of the job's message. What cannot be fetched is written down with its reason, so that an operator
    /// can ask for it again.
    pub async fn work(self, cx: Context, job: Job) -> Result<(), JobError> {
        let media: Media = serde_json::from_value(job.payload.get("media").cloned().unwrap_or_default())
            .map_err(|error| JobError::Dead(format!("the job names no file: {error}")))?;
        let address = job.text("address")?.to_owned();
        let (bytes, content) = match self.client.media(&media.id, LARGEST_FILE).await {
            Ok(bytes) => (i64::try_from(bytes.len()).unwrap_or(i64::MAX), Ok(STANDARD.encode(&bytes))),
            Err(MediaError::TooLarge) => (0, Err(format!("larger than {} MiB", LARGEST_FILE / 1024 / 1024))),
            Err(MediaError::Failed(error)) => match error.policy() {
                Policy::Permanent | Policy::DeadLetter => (0, Err(error.to_string())),
                _ if job.is_last_try() => (0, Err(error.to_string())),
                _ => return Err(JobError::Retry(error.to_string())),
            },
        };
        let kept = Kept { media, address, bytes, content };
        let written = self.db.write(async move |tx| store::keep_media(tx, cx.now, &kept).await).await;
        written.map_err(|error: DbError| JobError::from(error))
    }
}

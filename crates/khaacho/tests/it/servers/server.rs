//! A server in a process of its own, and what asks it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use db::{Access, Db, DbError, Options, params};
use http::{Method, StatusCode};
use kernel::{Clock, Id as _, Role, UserId};
use serde_json::Value;
use testkit::postgres::{TestDatabase, fresh_database};
use web::{Auth, Caller};

/// The orders that are there.
pub(crate) const ORDERS: &str = "select cast(count(*) as bigint) as n from orders";
/// What holds a part of a line.
pub(crate) const RESERVATIONS: &str = "select cast(count(*) as bigint) as n from reservations where state = 'ACTIVE'";
/// Commands that were carried out or refused, each with its answer.
pub(crate) const KEYS: &str = "select cast(count(*) as bigint) as n from idempotency_keys";
const SECRET: &str = "a secret of at least 32 characters";
/// Numbers the keys of what is made.
static MADE: AtomicUsize = AtomicUsize::new(0);
/// A server that has not started, or not stopped, after this long hangs.
pub(crate) const LONGEST: Duration = Duration::from_mins(1);

/// Where the data lies, for as long as a test needs it.
pub(crate) struct Home {
    pub(crate) url: String,
    _folder: Option<tempfile::TempDir>,
    _database: Option<TestDatabase>,
}

impl Home {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("khaacho.db").display());
        Self { url, _folder: Some(folder), _database: None }
    }

    pub(crate) fn postgres() -> Self {
        let database = fresh_database().unwrap();
        Self { url: database.url.clone(), _folder: None, _database: Some(database) }
    }

    /// Where the data of somebody else lies.
    pub(crate) fn at(url: String) -> Self {
        Self { url, _folder: None, _database: None }
    }

    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_khaacho"));
        command
            .args([name, "--database", &self.url])
            .env("KHAACHO_TOKEN_SECRET", SECRET)
            .env("KHAACHO_SIMULATOR", "true")
            .stdin(Stdio::null());
        command
    }

    /// `serve` that is expected not to stay.
    pub(crate) fn serve_and_wait(&self) -> Output {
        self.command("serve").args(["--listen", "127.0.0.1:0"]).output().unwrap()
    }

    /// The database for reading, beside a server that runs and without one.
    pub(crate) fn read(&self) -> Db {
        let options = Options { access: Access::Read, ..Options::default() };
        Db::open(&self.url.parse().unwrap(), &options).unwrap()
    }

    /// What a statement counts as `n`.
    pub(crate) async fn count(&self, sql: &'static str) -> usize {
        let counted: Result<i64, DbError> =
            self.read().read(async |tx| tx.query_one(sql, params![]).await?.get("n")).await;
        usize::try_from(counted.unwrap()).unwrap()
    }

    /// `khaacho verify` finds nothing.
    pub(crate) fn is_clean(&self) {
        let verified = self.command("verify").output().unwrap();
        let told = String::from_utf8_lossy(&verified.stdout).into_owned() + &String::from_utf8_lossy(&verified.stderr);
        assert!(verified.status.success(), "{told}");
        assert!(told.contains("clean: "), "{told}");
    }
}

/// A running server; killed where a test fails and leaves it behind.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    stderr: Option<ChildStderr>,
}

impl Server {
    pub(crate) fn start(home: &Home) -> Self {
        Self::spawn(home.command("serve").stderr(Stdio::null()))
    }

    /// One in which nothing happens by itself. It ends at a point that `db::crash` names, where one is given.
    pub(crate) fn quiet(home: &Home, ends_at: Option<&str>) -> Self {
        let mut command = home.command("serve");
        command.env("KHAACHO_BACKGROUND", "false").stderr(Stdio::null());
        if let Some(point) = ends_at {
            command.env("TEST_CRASH_AT", point).stderr(Stdio::piped());
        }
        Self::spawn(&mut command)
    }

    /// One that works by itself and ends at a point that `db::crash` names.
    pub(crate) fn dying(home: &Home, ends_at: &str) -> Self {
        Self::spawn(home.command("serve").env("TEST_CRASH_AT", ends_at).stderr(Stdio::piped()))
    }

    /// One for which no file grows beyond so many bytes, a multiple of 512: what is more is not written, as on a full disk.
    pub(crate) fn with_files_up_to(home: &Home, bytes: u64) -> Self {
        let serve = home.command("serve");
        let mut limited = Command::new("sh");
        limited
            .args(["-c", r#"trap "" XFSZ; ulimit -f "$0"; exec "$@""#, &(bytes / 512).to_string()])
            .arg(serve.get_program())
            .args(serve.get_args())
            .envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        Self::spawn(&mut limited)
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
        let printed = BufReader::new(child.stdout.take().unwrap());
        let (sender, told) = mpsc::channel();
        // Reads to the end, so that the server never writes into a pipe that nobody empties.
        std::thread::spawn(move || {
            for line in printed.lines().map_while(Result::ok) {
                if let Some(address) = line.split("listening on ").nth(1) {
                    let _ = sender.send(address.trim().to_owned());
                }
            }
        });
        let address = told.recv_timeout(LONGEST).unwrap_or_else(|_| panic!("the server did not start"));
        let stderr = child.stderr.take();
        Self { child, address, stderr }
    }

    /// Waits until one that ends at a point has ended; the statements that it passed.
    pub(crate) fn last_words(&mut self) -> Vec<String> {
        assert!(!self.child.wait().unwrap().success());
        let told = BufReader::new(self.stderr.take().unwrap()).lines().map_while(Result::ok);
        told.filter_map(|line| Some(line.strip_prefix("passing ")?.to_owned())).collect()
    }

    /// ADDRESS:PORT.
    pub(crate) fn host(&self) -> &str {
        self.address.trim_start_matches("http://")
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; does not wait for its end.
    pub(crate) fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Whether the process has not ended.
    pub(crate) fn is_there(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Whether the process ended well within its time.
    #[expect(clippy::disallowed_methods, reason = "the process runs by the machine's clock")]
    pub(crate) fn ended_well(mut self) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < LONGEST {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.success();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended already is not killed again.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks as an operator. Clones share its connections.
#[derive(Clone)]
pub(crate) struct Asker {
    client: reqwest::Client,
    pub(crate) token: String,
}

/// An answer, or that there was none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{}: {}", self.status, self.body))
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Asker {
    pub(crate) fn new() -> Self {
        Self::at(0)
    }

    /// One whose token is good when the servers' clocks are so many seconds ahead.
    pub(crate) fn at(seconds_ahead: i64) -> Self {
        let operator = Caller { user: UserId::from_bits(1), role: Role::Admin, retailer: None, vendor: None };
        let clock = Clock::shiftable();
        clock.advance_seconds(seconds_ahead);
        let token = Auth::new(SECRET, clock).issue(operator).unwrap().0;
        // The first call counts; a later one finds the same in its place.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(LONGEST).build().unwrap();
        Self { client, token }
    }

    /// None where the connection broke before the whole answer came.
    pub(crate) async fn ask(
        &self,
        address: &str,
        method: Method,
        path: &str,
        key: &str,
        body: &Value,
    ) -> Option<Answer> {
        let request = self
            .client
            .request(method, format!("{address}/api/v1/{path}"))
            .bearer_auth(&self.token)
            .header("idempotency-key", key)
            .header("content-type", "application/json")
            .body(body.to_string());
        let answer = request.send().await.ok()?;
        let status = answer.status();
        Some(Answer { status, body: answer.text().await.ok()? })
    }

    /// Asks until the server has time.
    pub(crate) async fn insist(
        &self,
        address: &str,
        method: Method,
        path: &str,
        key: &str,
        body: &Value,
    ) -> Option<Answer> {
        loop {
            let answer = self.ask(address, method.clone(), path, key, body).await?;
            if answer.status != StatusCode::SERVICE_UNAVAILABLE {
                return Some(answer);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn get(&self, address: &str, path: &str) -> Value {
        let answer = self.ask(address, Method::GET, path, "", &Value::Null).await.unwrap();
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        answer.json()
    }

    pub(crate) async fn made(&self, address: &str, path: &str, body: Value) -> Value {
        let key = format!("made-{}", MADE.fetch_add(1, Ordering::SeqCst));
        let answer = self.ask(address, Method::POST, path, &key, &body).await.unwrap();
        assert!(answer.status.is_success(), "{path}: {}", answer.body);
        answer.json()
    }
}

//! A throwaway PostgreSQL, from the binaries that the operating system installed.
//!
//! [`Server`] is a cluster of its own, for tests that stop, kill or restart it. [`shared`] is the one that all test
//! processes of a run use, and [`fresh_database`] an empty database on it; [`prepared_database`] copies one that was
//! filled once.
//!
//! Durability is tested, so `fsync` and `synchronous_commit` stay on. A server listens on the loopback and on a socket in
//! its own folder and trusts whoever comes: nothing but test data belongs in it. Because tests are killed as well as ended,
//! no server relies on its test to stop it: a watcher process ends it and removes its folder as soon as the process it
//! belongs to is gone.
//!
//! Which tables a database has does not live here.

use std::{
    env, fs, io,
    os::unix::{
        fs::{MetadataExt, chown},
        process::{CommandExt, parent_id},
    },
    path::{Path, PathBuf},
    process::{self, Command, Output, Stdio},
};

/// The superuser of every throwaway server.
const ROLE: &str = "khaacho";

/// Another program may take the free port between its choice and the server's start.
const START_ATTEMPTS: u32 = 5;

/// What the watcher runs. `$1` is the process that the server belongs to; `$2` is the server's folder, gone already where
/// the owner stopped its server itself, and beside it lie lock files under the same name with an ending.
const WATCH: &str = r#"
while [ -e "$2" ] && kill -0 "$1" 2>/dev/null; do sleep 1; done
read -r server < "$2/data/postmaster.pid" && kill -QUIT "$server" && while kill -0 "$server"; do sleep 0.1; done
rm -rf "$2" "$2".*
"#;

/// A PostgreSQL cluster of its own, stopped and removed on drop.
#[derive(Debug)]
pub struct Server {
    folder: PathBuf,
    tools: Tools,
    port: u16,
}

impl Server {
    /// Makes a cluster in a temporary folder and starts it. Costs about a second and a half.
    pub fn start() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("khaacho-postgres-").tempdir()?;
        let server = Self::start_in(folder.path())?;
        watch(process::id(), &server.folder)?;
        // From here on the server's own drop removes it.
        let _ = folder.keep();
        Ok(server)
    }

    fn start_in(folder: &Path) -> io::Result<Self> {
        let tools = Tools::find()?;
        if let Some((user, group)) = tools.run_as {
            chown(folder, Some(user), Some(group))?;
        }
        let mut server = Self { folder: folder.to_owned(), tools, port: 0 };
        server.make_cluster()?;
        for _ in 1..START_ATTEMPTS {
            if server.start_on_free_port().is_ok() {
                return Ok(server);
            }
        }
        server.start_on_free_port()?;
        Ok(server)
    }

    fn make_cluster(&self) -> io::Result<()> {
        let mut command = self.tools.command("initdb");
        command.args(["--username", ROLE, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"]);
        run(command.arg("--pgdata").arg(self.data())).map(drop)
    }

    fn start_on_free_port(&mut self) -> io::Result<()> {
        self.port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{}'\nmax_connections = 200\n\
             shared_buffers = '128MB'\nfsync = on\nsynchronous_commit = on\n",
            self.port,
            self.folder.display(),
        );
        fs::write(self.data().join("postgresql.auto.conf"), settings)?;
        self.control("start", "fast")
    }

    /// The address of a database on this server.
    pub fn url(&self, database: &str) -> String {
        format!("{}/{database}", self.address())
    }

    fn address(&self) -> String {
        format!("postgres://{ROLE}@127.0.0.1:{}", self.port)
    }

    /// Creates a database on this server; it goes when the server goes.
    pub fn create_database(&self, name: &str) -> io::Result<()> {
        execute(&self.tools, &maintenance(&self.address()), &[&format!("create database {name}")]).map(drop)
    }

    /// Stops the server, if it runs, and starts it again on the same port: connections break, data stays.
    pub fn restart(&self) -> io::Result<()> {
        self.control("restart", "fast")
    }

    /// Ends the server as a crash would: no checkpoint, no goodbye. [`Server::restart`] brings it back.
    pub fn kill(&self) -> io::Result<()> {
        self.control("stop", "immediate")
    }

    fn control(&self, action: &str, mode: &str) -> io::Result<()> {
        let mut command = self.tools.command("pg_ctl");
        command.arg(action).arg("--wait").arg("--silent").arg("--pgdata").arg(self.data());
        if action != "start" {
            command.args(["--mode", mode]);
        }
        if action != "stop" {
            command.arg("--log").arg(self.folder.join("log"));
        }
        // The server inherits these: a pipe of the test's would stay open as long as the server runs.
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        if status.success() {
            return Ok(());
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        Err(io::Error::other(format!("pg_ctl {action}: {status}\n{log}")))
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that was killed is stopped already, and whatever stays behind the watcher removes.
        let _ = self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The address, without a database, of the server that all tests of this run share.
///
/// The first test that asks starts it, under a file lock; it ends soon after the process that runs the tests (nextest,
/// cargo, a shell).
pub fn shared() -> io::Result<String> {
    let folder = run_folder();
    let _lock = lock("lock")?;
    let note = folder.join("address");
    if let Ok(address) = fs::read_to_string(&note) {
        return Ok(address);
    }
    // What is there without a note was left by a test that was killed while it started the server.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder)?;
    watch(parent_id(), &folder)?;
    let server = Server::start_in(&folder)?;
    fs::write(&note, server.address())?;
    let address = server.address();
    std::mem::forget(server);
    Ok(address)
}

/// A database of one test's own, dropped with this value.
#[derive(Debug)]
pub struct TestDatabase {
    /// The address of the database: `postgres://role@host:port/name`.
    pub url: String,
    server: String,
    name: String,
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // A server that the test has stopped needs no tidying.
        if let Ok(tools) = Tools::find() {
            let _ = execute(
                &tools,
                &maintenance(&self.server),
                &[&format!("drop database if exists {} with (force)", self.name)],
            );
        }
    }
}

/// An empty database on the run's server.
pub fn fresh_database() -> io::Result<TestDatabase> {
    create(&shared()?, None)
}

/// A copy of the database called `template`, which `fill` fills when the first test of the run asks for it.
///
/// Copying is several times faster than migrating. `fill` gets the new database's address and must not keep connections.
pub async fn prepared_database<E: From<io::Error>>(
    template: &str,
    fill: impl AsyncFnOnce(String) -> Result<(), E>,
) -> Result<TestDatabase, E> {
    let server = shared()?;
    let tools = Tools::find()?;
    let lock = lock(&format!("{template}.lock"))?;
    let maintenance_url = maintenance(&server);
    if execute(&tools, &maintenance_url, &[&format!("select 1 from pg_database where datname = '{template}'")])?
        .is_empty()
    {
        let draft = format!("{template}_draft");
        execute(
            &tools,
            &maintenance_url,
            &[&format!("drop database if exists {draft} with (force)"), &format!("create database {draft}")],
        )?;
        fill(format!("{server}/{draft}")).await?;
        // A pool closes its connections a little after it is dropped, and a database in use can not be renamed.
        let disconnect = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{draft}'");
        execute(&tools, &maintenance_url, &[&disconnect, &format!("alter database {draft} rename to {template}")])?;
    }
    drop(lock);
    Ok(create(&server, Some(template))?)
}

fn create(server: &str, template: Option<&str>) -> io::Result<TestDatabase> {
    #[expect(clippy::disallowed_methods, reason = "test processes share one server and must not share a name")]
    let name = format!("test_{:016x}", getrandom::u64()?);
    let mut statement = format!("create database {name}");
    if let Some(template) = template {
        statement.push_str(" template ");
        statement.push_str(template);
    }
    execute(&Tools::find()?, &maintenance(server), &[&statement])?;
    Ok(TestDatabase { url: format!("{server}/{name}"), server: server.to_owned(), name })
}

/// Where the run's server lives. Nextest names its runs; elsewhere the process that started the tests stands for the run.
fn run_folder() -> PathBuf {
    let run = env::var("NEXTEST_RUN_ID").unwrap_or_else(|_| parent_id().to_string());
    env::temp_dir().join(format!("khaacho-tests-{run}"))
}

/// Waits for one of the run's locks; it is given back when the file is dropped.
fn lock(ending: &str) -> io::Result<fs::File> {
    let file = fs::File::create(run_folder().with_extension(ending))?;
    file.lock()?;
    Ok(file)
}

fn watch(owner: u32, folder: &Path) -> io::Result<()> {
    let mut command = Command::new("sh");
    command.args(["-c", WATCH, "watch"]).arg(owner.to_string()).arg(folder);
    // Out of the test's process group, or what kills the test would kill the watcher.
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(drop)
}

/// The database that every cluster has, from which others are made and dropped.
fn maintenance(server: &str) -> String {
    format!("{server}/postgres")
}

/// Runs each statement in a transaction of its own and returns what they print.
fn execute(tools: &Tools, url: &str, statements: &[&str]) -> io::Result<String> {
    let mut command = tools.command("psql");
    command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"]);
    for statement in statements {
        command.args(["--command", statement]);
    }
    let output = run(command.arg("--dbname").arg(url))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn run(command: &mut Command) -> io::Result<Output> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("{}: {}\n{said}", command.get_program().display(), output.status)))
}

/// PostgreSQL's programs, and the user and group to run them as where it is not our own.
#[derive(Debug)]
struct Tools {
    folder: PathBuf,
    run_as: Option<(u32, u32)>,
}

impl Tools {
    /// Debian keeps each major version's programs out of PATH; the newest wins.
    fn find() -> io::Result<Self> {
        let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
        let mut versions: Vec<_> = debian.filter(|path| path.join("bin/initdb").exists()).collect();
        versions.sort_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
        let newest = versions.pop().map(|path| path.join("bin"));
        let on_path = || env::split_paths(&env::var_os("PATH")?).find(|folder| folder.join("initdb").exists());
        let Some(folder) = newest.or_else(on_path) else {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "PostgreSQL is not installed: install the package postgresql, or run ./test, which does",
            ));
        };
        Ok(Self { folder, run_as: server_user()? })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.folder.join(program));
        // The other user may not be allowed to stand where we are; `LC_ALL` keeps messages in one language.
        command.current_dir("/").env("LC_ALL", "C");
        if let Some((user, group)) = self.run_as {
            command.uid(user).gid(group);
        }
        command
    }
}

/// PostgreSQL refuses to run as root, so root lends it the user that its package made.
fn server_user() -> io::Result<Option<(u32, u32)>> {
    if fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let id = |flag: &str| -> io::Result<u32> {
        let output = run(Command::new("id").arg(flag).arg("postgres"))?;
        String::from_utf8_lossy(&output.stdout).trim().parse().map_err(io::Error::other)
    };
    Ok(Some((id("-u")?, id("-g")?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(url: &str, statement: &str) -> io::Result<String> {
        execute(&Tools::find()?, url, &[statement])
    }

    #[test]
    fn what_was_committed_survives_a_crash() {
        let server = Server::start().unwrap();
        let url = server.url("postgres");
        ask(&url, "create table kept (n bigint)").unwrap();
        ask(&url, "insert into kept values (7)").unwrap();

        server.kill().unwrap();
        ask(&url, "select n from kept").unwrap_err();

        server.restart().unwrap();
        assert_eq!(ask(&url, "select n from kept").unwrap(), "7");
        for setting in ["fsync", "synchronous_commit"] {
            assert_eq!(ask(&url, &format!("show {setting}")).unwrap(), "on", "{setting}");
        }

        let folder = server.folder.clone();
        drop(server);
        ask(&url, "select 1").unwrap_err();
        assert!(!folder.exists());
    }

    #[test]
    fn a_fresh_database_is_empty_and_goes_with_its_value() {
        let [one, other] = [fresh_database().unwrap(), fresh_database().unwrap()];
        ask(&one.url, "create table only_here (n bigint)").unwrap();
        ask(&other.url, "select n from only_here").unwrap_err();

        let url = one.url.clone();
        drop(one);
        let refusal = ask(&url, "select 1").unwrap_err().to_string();
        assert!(refusal.contains("does not exist"), "{refusal}");
    }

    #[tokio::test]
    async fn a_prepared_database_is_filled_once_and_copied() {
        let fill = async |url: String| ask(&url, "create table goods as select 'rice' as name").map(drop);
        let never = async |_| Err(io::Error::other("filled a second time"));
        let first = prepared_database("testkit_goods", fill).await.unwrap();
        ask(&first.url, "delete from goods").unwrap();

        let second = prepared_database("testkit_goods", never).await.unwrap();
        assert_eq!(ask(&second.url, "select name from goods").unwrap(), "rice");
    }
}

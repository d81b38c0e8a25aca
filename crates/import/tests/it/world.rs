//! A database, a folder of files, and what stands in every table.

use std::path::{Path, PathBuf};
use std::process::Command;

use db::{DbError, Tx, params};
use import::{Counts, ImportError, Kind, Order, Progress, Refused, Report};
use kernel::Scope;
use testkit::TestDb;

pub(crate) struct World {
    pub(crate) t: TestDb,
    pub(crate) folder: tempfile::TempDir,
}

/// A report with its rows.
pub(crate) struct Done {
    pub(crate) report: Report,
    pub(crate) refused: Vec<Refused>,
}

impl Done {
    /// Rows that were taken, known and refused.
    pub(crate) fn of(&self, kind: Kind) -> (u64, u64, u64) {
        let Counts { taken, known, refused } = self.report.counts.get(&kind).copied().unwrap_or_default();
        (taken, known, refused)
    }

    /// Each refused row as `line code column cell`.
    pub(crate) fn told(&self) -> Vec<String> {
        let told = |row: &Refused| {
            let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            format!("{} {} {} {}", row.line, row.code, or(&row.column), or(&row.cell))
        };
        self.refused.iter().map(told).collect()
    }
}

impl World {
    pub(crate) fn new(t: TestDb) -> Self {
        Self { t, folder: tempfile::tempdir().unwrap() }
    }

    /// With two vendors and two retailers, of whom the first has a line with the first.
    pub(crate) async fn with_people(t: TestDb) -> Self {
        let world = Self::new(t);
        world.file(
            "vendors.csv",
            "prefix,phone,name,owner\nCRP,9858000001,Chaulagain,Hari\nBKT,9858000002,Bheri,Maya\n",
        );
        world.file("retailers.csv", "phone,name,owner\n9848000001,Ram Kirana,Ram\n9848000002,Sita Store,Sita\n");
        world.file("lines.csv", "retailer,vendor,limit\n9848000001,CRP,100000\n");
        let done = world.import(&["vendors.csv", "retailers.csv", "lines.csv"]).await;
        assert!(done.report.is_clean(), "{:?}", done.refused);
        world
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) async fn import(&self, names: &[&str]) -> Done {
        self.run(&self.paths(names), false, |_| {}).await
    }

    pub(crate) async fn dry_run(&self, names: &[&str]) -> Done {
        self.run(&self.paths(names), true, |_| {}).await
    }

    pub(crate) fn paths(&self, names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(|name| self.folder.path().join(name)).collect()
    }

    pub(crate) async fn run(
        &self,
        paths: &[PathBuf],
        is_dry_run: bool,
        tell: impl Fn(Progress) + Send + Sync + 'static,
    ) -> Done {
        let order = Order { sources: import::sources(paths).unwrap(), is_dry_run };
        let mut report = import::import(&self.t.db, &self.t.clock, &self.t.ids, order, tell).await.unwrap();
        let refused = report.refused().unwrap().map(Result::unwrap).collect();
        Done { report, refused }
    }

    /// Why files cannot be imported at all.
    pub(crate) fn faults(&self, names: &[&str]) -> Vec<String> {
        let told = |errors: Vec<ImportError>| errors.iter().map(ToString::to_string).collect();
        import::sources(&self.paths(names)).map_or_else(told, |_| Vec::new())
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl AsyncFn(&mut Tx) -> Result<T, DbError> + Send + 'static,
    ) -> T {
        self.t.db.read(work).await.unwrap()
    }

    /// Every row of every table, as text.
    pub(crate) async fn tables(&self) -> Vec<String> {
        let mut dump = Vec::new();
        let names = schema::MIGRATIONS.iter().flat_map(|migration| migration.sql.split("create table ").skip(1));
        let is_gone = |name: &str| {
            let drop = format!("drop table {name};");
            schema::MIGRATIONS.iter().any(|migration| migration.sql.contains(&drop))
        };
        for name in names.filter_map(|text| text.split_whitespace().next()).filter(|name| !is_gone(name)) {
            let sql: &'static str = String::leak(format!("select * from {name}"));
            let rows = self.read(async move |tx| tx.query(sql, params![]).await).await;
            let mut rows: Vec<String> = rows.into_iter().map(|row| format!("{name} {:?}", row.into_values())).collect();
            rows.sort();
            dump.append(&mut rows);
        }
        assert!(dump.iter().all(|row| !row.starts_with("outgoing_messages")), "somebody was written to");
        dump
    }

    /// Chains, balances, positions and the audit log are without a finding, and hledger agrees with the journal.
    pub(crate) async fn is_clean(&self) {
        let journal = self.read(async move |tx| ledger::verify(tx, &ledger::Stretch::everything()).await).await;
        assert!(journal.findings.is_empty(), "{:?}", journal.findings);
        let mut after = None;
        loop {
            let page = self.read(async move |tx| credit::verify_page(tx, ledger::Part::All, after).await).await;
            assert!(page.findings.is_empty(), "{:?}", page.findings);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let mut walked = audit::Walked::default();
        while !walked.is_done {
            let place = walked.clone();
            let (broken, next) = self
                .read(async move |tx| {
                    let mut place = place.clone();
                    audit::verify_page(tx, &mut place).await.map(|broken| (broken, place))
                })
                .await;
            assert!(broken.is_empty(), "{broken:?}");
            walked = next;
        }
    }

    /// The balances that hledger finds in the exported journal, as CSV.
    pub(crate) async fn hledger(&self) -> String {
        let mut text = ledger::export_header().to_owned();
        let mut after = None;
        loop {
            let page = self.read(async move |tx| ledger::export_page(tx, Scope::All, after).await).await;
            text.push_str(&page.text);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let path = self.file("books.journal", text);
        hledger(&path, &["check", "--strict"]);
        hledger(&path, &["balance", "--flat", "--no-total", "--output-format=csv"])
    }

    /// The one number that a statement gives.
    pub(crate) async fn number(&self, sql: &'static str) -> i64 {
        self.read(async move |tx| tx.query_one(sql, params![]).await?.get("number")).await
    }
}

fn hledger(path: &Path, arguments: &[&str]) -> String {
    let output = Command::new("hledger").arg("-f").arg(path).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

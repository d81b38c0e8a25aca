//! What may stand in which source file.

use std::fs;

use proc_macro2::{Delimiter, TokenTree};

use crate::workspace::{Source, files, is_brace, is_ident, is_punct, keep, line, root, shown, sources, starts_with};

/// About where to look for a file's second question.
const LONG_FILE_LINES: usize = 500;

/// The same length as clippy's `too-many-lines-threshold`, which counts only lines of code.
const LONG_FUNCTION_LINES: usize = 70;

/// Machines whose work is SQL itself.
const WRITES_SQL: &[&str] = &["db", "queue", "schema", "testkit", "tidy"];

/// Crates that open transactions anywhere: the roof, the machines that are the door, and what stands beside the house.
const OPENS_TRANSACTIONS: &[&str] = &["db", "khaacho", "queue", "schema", "testkit", "tidy", "web"];

/// The doors of a room, where a request, a message, a job or a set of commands comes in.
const DOORS: &[&str] = &["/http.rs", "/http/", "/pages.rs", "/pages/", "/jobs.rs", "/jobs/", "/desk.rs", "/door.rs"];

const MONEY_ROOMS: &[&str] = &["kernel", "ledger", "credit"];

/// The one file whose soundness no compiler checks.
const UNSAFE: &str = "crates/wal/src/vfs.rs";

#[test]
fn sql_stands_in_store_files() {
    keep(
        "every SQL statement of a room stands in its store.rs",
        "give store.rs a function that says what is read or written, and call that",
        &over_all(sql_outside_stores),
    );
}

#[test]
fn transactions_are_opened_at_the_door() {
    keep(
        "one request, message or job item is one transaction, opened at the door",
        "take `&mut Tx`; http.rs, pages.rs, jobs.rs, desk.rs and the conversation's door.rs open it",
        &over_all(transactions_inside),
    );
}

#[test]
fn no_float_comes_near_money() {
    keep("no floats near money", "Money and Rate have checked arithmetic in whole paisa", &over_all(floats));
}

#[test]
fn unsafe_code_stands_in_one_file() {
    keep(
        "unsafe code stands in one file, which SQLite calls by pointers",
        "use what a library offers in safe code",
        &over_all(without_the_compiler),
    );
}

#[test]
fn no_test_is_ignored() {
    keep("a test that does not run proves nothing", "make it run, or take it out", &over_all(ignored));
}

#[test]
fn every_crate_says_what_it_is_for() {
    keep(
        "lib.rs begins with the crate's purpose, shape and bounds, and what does not live there",
        "begin the file with //!",
        &over_all(without_purpose),
    );
}

#[test]
fn nothing_is_left_for_later() {
    let endings = [".rs", ".toml", ".sql", ".md", ".ftl", ".css", ".html", ".sh"];
    let mut found = Vec::new();
    for path in files(&root(), &endings) {
        let text = fs::read_to_string(&path).unwrap();
        found.extend(marks(&text).iter().map(|mark| format!("{}:{mark}", shown(&path))));
    }
    keep("nothing is left for later in the code", "do it now, or write it down where work is planned", &found);
}

/// A report and no law: length is where to look, not what is wrong.
#[test]
fn report_of_long_files_and_functions() {
    let mut report = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > LONG_FILE_LINES {
            report.push(format!("{}: {lines} lines", source.path));
        }
        for (name, at, lines) in functions(&source) {
            if lines > LONG_FUNCTION_LINES {
                report.push(format!("{}:{at}: fn {name} has {lines} lines", source.path));
            }
        }
    }
    #[expect(clippy::print_stdout, reason = "the report is this test's purpose")]
    {
        println!("over {LONG_FILE_LINES} lines a file or {LONG_FUNCTION_LINES} a function: {}", report.len());
        for entry in report {
            println!("  {entry}");
        }
    }
}

fn over_all(law: fn(&Source) -> Vec<String>) -> Vec<String> {
    sources().iter().flat_map(law).collect()
}

fn sql_outside_stores(source: &Source) -> Vec<String> {
    let is_store = source.path.ends_with("/store.rs") || source.path.contains("/store/");
    if is_store || source.is_test() || WRITES_SQL.contains(&source.room()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    source.each_token(|tokens, at| {
        if let TokenTree::Literal(literal) = &tokens[at] {
            let text = literal.to_string();
            let text = text.trim_start_matches(['r', '#']);
            if text.strip_prefix('"').is_some_and(is_sql) {
                let start: String = text.chars().take(60).collect();
                found.push(format!("{}:{}: {start}", source.path, line(&tokens[at])));
            }
        }
    });
    found
}

/// A verb alone is also how a sentence to a person begins ("select a product"), so a second word of the statement decides.
fn is_sql(text: &str) -> bool {
    let text = text.replace("\\n", " ").replace('\\', " ");
    let words: Vec<_> = text.split_whitespace().collect();
    let has = |word| words.contains(&word);
    match words.as_slice() {
        ["select", "1", ..]
        | ["insert", "into", ..]
        | ["delete", "from", ..]
        | ["create" | "alter" | "drop", "table" | "index" | "unique", ..] => true,
        ["select", ..] => has("from"),
        ["update", ..] => has("set"),
        ["with", ..] => has("select"),
        _ => false,
    }
}

fn transactions_inside(source: &Source) -> Vec<String> {
    let is_door = DOORS.iter().any(|door| source.path.contains(door));
    if is_door || source.is_test() || OPENS_TRANSACTIONS.contains(&source.room()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    source.each_token(|tokens, at| {
        let [dot, write, arguments @ ..] = &tokens[at..] else {
            return;
        };
        let Some(TokenTree::Group(arguments)) = arguments.iter().find(|token| matches!(token, TokenTree::Group(_)))
        else {
            return;
        };
        let on_db = at > 0 && is_ident(&tokens[at - 1], "db");
        let is_call = arguments.delimiter() == Delimiter::Parenthesis;
        if is_punct(dot, '.')
            && is_ident(write, "write")
            && is_call
            && (on_db || starts_with(arguments.stream(), "async"))
        {
            found.push(format!("{}:{}: .write(…)", source.path, line(write)));
        }
    });
    found
}

/// `visit_f64` is the one way in: serde hands over a JSON number as a float, and it becomes text before it becomes money.
fn floats(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let lines: Vec<_> = source.text.lines().collect();
    if MONEY_ROOMS.contains(&source.room()) && !source.is_test() {
        source.each_token(|tokens, at| {
            let is_float = is_ident(&tokens[at], "f32") || is_ident(&tokens[at], "f64");
            if is_float && !lines[line(&tokens[at]) - 1].contains("fn visit_f64<") {
                found.push(format!("{}:{}: {}", source.path, line(&tokens[at]), tokens[at]));
            }
        });
    }
    found
}

fn without_the_compiler(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    source.each_token_with_tests(|tokens, at| {
        if source.path != UNSAFE && (is_ident(&tokens[at], "unsafe") || is_ident(&tokens[at], "unsafe_code")) {
            found.push(format!("{}:{}", source.path, line(&tokens[at])));
        }
    });
    found
}

fn ignored(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    source.each_token_with_tests(|tokens, at| {
        if let [hash, TokenTree::Group(attribute), ..] = &tokens[at..]
            && is_punct(hash, '#')
            && starts_with(attribute.stream(), "ignore")
        {
            found.push(format!("{}:{}: #[ignore]", source.path, line(hash)));
        }
    });
    found
}

fn without_purpose(source: &Source) -> Vec<String> {
    let is_crate_root = ["/src/lib.rs", "/src/main.rs"].iter().any(|end| source.path.ends_with(end));
    let says = source.text.lines().next().is_some_and(|first| first.starts_with("//!"));
    if is_crate_root && !says { vec![format!("{}:1", source.path)] } else { Vec::new() }
}

/// The lines of `text` that carry a mark for later, as `line: mark`.
fn marks(text: &str) -> Vec<String> {
    // In two halves, or this file would find itself.
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];
    let mut found = Vec::new();
    for (line, content) in text.lines().enumerate() {
        for word in content.split(|letter: char| !letter.is_alphanumeric()) {
            if marks.contains(&word) {
                found.push(format!("{}: {word}", line + 1));
            }
        }
    }
    found
}

/// Every function with a body: its name, its first line, and how many lines it takes.
fn functions(source: &Source) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    source.each_token_with_tests(|tokens, at| {
        let [keyword, TokenTree::Ident(name), rest @ ..] = &tokens[at..] else {
            return;
        };
        let end = rest.iter().find(|token| is_brace(token) || is_punct(token, ';'));
        if let Some(TokenTree::Group(body)) = end
            && is_ident(keyword, "fn")
        {
            let first = line(keyword);
            found.push((name.to_string(), first, body.span_close().end().line + 1 - first));
        }
    });
    found
}

mod the_laws_bite {
    use super::*;

    fn file(path: &str, text: &str) -> Source {
        Source::new(path.to_owned(), text.to_owned())
    }

    #[test]
    fn on_sql() {
        let text = "fn a() { tx.query(\"select id\\n from lines\", ()); say(\"select a product\"); }";
        assert_eq!(sql_outside_stores(&file("crates/credit/src/rules.rs", text)).len(), 1);
        assert!(sql_outside_stores(&file("crates/credit/src/store.rs", text)).is_empty());
        assert!(sql_outside_stores(&file("crates/credit/src/cycles/store.rs", text)).is_empty());
        assert!(sql_outside_stores(&file("crates/credit/tests/it/main.rs", text)).is_empty());

        let raw = "const A: &str = r#\"insert into lines values ($1)\"#; /// select a from b\nstruct B;";
        assert_eq!(sql_outside_stores(&file("crates/credit/src/rules.rs", raw)).len(), 1);

        let in_tests = format!("#[cfg(test)]\nmod tests {{ {text} }}");
        assert!(sql_outside_stores(&file("crates/credit/src/rules.rs", &in_tests)).is_empty());
    }

    #[test]
    fn on_transactions() {
        let text = "fn a() { self.store.write(async move |tx| b(tx).await); db.write(work); locked.write(); out.write(bytes); }";
        assert_eq!(transactions_inside(&file("crates/credit/src/lib.rs", text)).len(), 2);
        assert!(transactions_inside(&file("crates/credit/src/http.rs", text)).is_empty());
        assert!(transactions_inside(&file("crates/credit/src/jobs/remind.rs", text)).is_empty());
    }

    #[test]
    fn on_floats_and_ignored_tests() {
        let text = "fn a(b: f64) {} // f32\nfn visit_f64<E>(rupees: f64) {}\n#[cfg(test)] mod tests { #[ignore = \"slow\"] fn c() -> f32 { 1.0 } }";
        assert_eq!(floats(&file("crates/ledger/src/lib.rs", text)), ["crates/ledger/src/lib.rs:1: f64"]);
        assert!(floats(&file("crates/scoring/src/lib.rs", text)).is_empty());
        assert_eq!(ignored(&file("crates/scoring/src/lib.rs", text)).len(), 1);
    }

    #[test]
    fn on_unsafe_code() {
        let text = "fn a() { unsafe { b() } } // unsafe\n#[cfg(test)] mod tests { #![allow(unsafe_code)] }";
        let found = without_the_compiler(&file("crates/db/src/lib.rs", text));
        assert_eq!(found, ["crates/db/src/lib.rs:1", "crates/db/src/lib.rs:2"]);
        assert!(without_the_compiler(&file("crates/wal/src/vfs.rs", text)).is_empty());
    }

    #[test]
    fn on_purposes_marks_and_lengths() {
        assert_eq!(without_purpose(&file("crates/a/src/lib.rs", "struct A;")).len(), 1);
        assert!(without_purpose(&file("crates/a/src/lib.rs", "//! Why.\nstruct A;")).is_empty());
        assert_eq!(marks(&format!("fine\n// {}: later", concat!("TO", "DO"))), [concat!("2: TO", "DO")]);
        assert_eq!(functions(&file("a.rs", "trait A { fn b(); }\nfn c()\n{\n}")), [("c".to_owned(), 2, 3)]);
    }
}

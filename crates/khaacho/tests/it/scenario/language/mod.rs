//! The language of the stories: one step a line, in words that an accountant can check.
//!
//! ```text
//! # A remark.
//! line L1 R1 V1 limit 100000 terms 30 largest 60000 overdue 45 interest 1000 grace 5 discount 500 through 15
//! order O1 R1 V1 10 x 500 -> offered total 5000
//! deliver O1
//! day +9
//! pay P1 R1 V1 95 by ESEWA ref TX-1 -> O1 100 discount 5
//! expect R1 V1 reserved 0 outstanding 4900 available 95100
//! ```
//!
//! `docs/scenarios.md` lists every step. Behind `->` stands what comes out: a word and figures by name, or `refused` with
//! the code and its figures. A step without it must not be refused. What the figures are called is the runner's to say.

mod steps;
mod words;

use std::fmt;

use credit::{Ask, Discount, LineStatus, PaymentMode};
use kernel::{BusinessDate, Money};
use ledger::Method;

use self::words::Words;

/// One step. Cycles and bills are named by the order whose delivery opened them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Twice(Box<Step>),
    Line(Line),
    Change {
        line: String,
        limit: Option<Money>,
        status: Option<LineStatus>,
        overdue_days: Option<i64>,
        days: Option<i64>,
    },
    Terms {
        line: String,
        days: Option<i64>,
        settlement: Settlement,
    },
    Pause {
        retailer: String,
        block: bool,
    },
    Unpause {
        retailer: String,
    },
    Watch,
    Cap {
        retailer: String,
        cap: Option<Money>,
    },
    Ceiling {
        vendor: String,
        ceiling: Option<Money>,
    },
    Check {
        retailer: String,
        vendor: String,
        amount: Money,
        mode: PaymentMode,
    },
    Order(Order),
    Answer {
        order: String,
        verb: &'static str,
    },
    Status {
        order: String,
        status: &'static str,
    },
    Deliver {
        order: String,
        units: Option<i64>,
        proof: Proof,
    },
    Return {
        order: String,
        amount: Money,
    },
    Cancel {
        order: String,
        by_operator: bool,
    },
    Again {
        name: String,
        order: String,
    },
    Day(i64),
    On(BusinessDate),
    Hours(i64),
    Repay {
        order: String,
        ask: Ask,
        paid: Paid,
    },
    Quote {
        order: String,
        ask: Ask,
        on: Option<BusinessDate>,
    },
    Pay {
        payment: String,
        retailer: String,
        vendor: String,
        spread: Spread,
        paid: Paid,
    },
    Preview {
        retailer: String,
        vendor: String,
        spread: Spread,
        on: Option<BusinessDate>,
    },
    Apply {
        payment: String,
        spread: Spread,
    },
    Refund {
        payment: String,
        amount: Option<Money>,
        paid: Paid,
    },
    Reverse {
        payment: String,
    },
    Recover {
        payment: String,
        order: String,
        amount: Money,
        paid: Paid,
    },
    Claim {
        claim: String,
        retailer: String,
        vendor: String,
        amount: Money,
        paid: Paid,
    },
    Confirm {
        claim: String,
        spread: Spread,
    },
    Refuse {
        claim: String,
    },
    Adjust {
        order: String,
        kind: String,
        increase: bool,
        amount: Money,
    },
    Dispute {
        order: String,
        order_line: Option<i64>,
    },
    Decide {
        order: String,
        amount: Option<Money>,
    },
    Promise {
        order: String,
        on: BusinessDate,
    },
    Close {
        order: String,
    },
    Extend {
        order: String,
        due_on: BusinessDate,
    },
    Expect {
        retailer: String,
        vendor: String,
    },
    Track {
        order: String,
    },
    Cycle {
        order: String,
    },
    Promises {
        order: String,
    },
    Payment {
        payment: String,
    },
    Stock {
        order: String,
        vendor: String,
    },
    Aging {
        retailer: String,
        on: BusinessDate,
    },
    Book,
    Borrower {
        retailer: String,
    },
    Lender {
        vendor: String,
    },
    Statement {
        retailer: String,
        vendor: String,
        from: BusinessDate,
        to: BusinessDate,
    },
    Balance {
        vendor: String,
        on: Option<BusinessDate>,
    },
}

impl Step {
    /// Whether it changes nothing, so that its figures stand without an arrow.
    fn is_look(&self) -> bool {
        matches!(
            self,
            Self::Expect { .. }
                | Self::Track { .. }
                | Self::Cycle { .. }
                | Self::Promises { .. }
                | Self::Payment { .. }
                | Self::Stock { .. }
                | Self::Aging { .. }
                | Self::Book
                | Self::Borrower { .. }
                | Self::Lender { .. }
                | Self::Statement { .. }
                | Self::Balance { .. }
        )
    }
}

/// A line to be granted. What is left out is as it usually is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) retailer: String,
    pub(crate) vendor: String,
    pub(crate) limit: Money,
    pub(crate) terms_days: i64,
    pub(crate) largest: Option<Money>,
    pub(crate) overdue_days: i64,
    pub(crate) settlement: Settlement,
}

/// Settlement terms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settlement {
    pub(crate) interest: u32,
    pub(crate) grace_days: i64,
    /// None are the usual ones: 5 % through the last day.
    pub(crate) discounts: Vec<Discount>,
}

/// An order of one product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) name: String,
    pub(crate) retailer: String,
    pub(crate) vendor: String,
    pub(crate) quantity: i64,
    pub(crate) price: Money,
    pub(crate) mode: PaymentMode,
    /// Other vendors of the product, with their prices.
    pub(crate) also: Vec<(String, Money)>,
}

/// Who says that goods arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// An operator; the order is accepted and dispatched first where that is still to be done.
    Operator,
    /// The retailer, by the button.
    Retailer,
    /// The vendor, with the code that was sent to the retailer.
    Code,
    /// The vendor, with another code.
    WrongCode,
}

/// How and when money was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paid {
    pub(crate) on: Option<BusinessDate>,
    pub(crate) method: Method,
    pub(crate) reference: Option<String>,
}

/// Where money goes: to the bills that are named with their parts, else to the oldest due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spread {
    pub(crate) amount: Option<Money>,
    pub(crate) parts: Vec<(String, Ask)>,
    pub(crate) keep: bool,
}

/// What is said to come out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// What becomes of it, where that is said.
    pub(crate) word: Option<String>,
    /// Figures by name.
    pub(crate) figures: Vec<(String, String)>,
}

/// A line of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// Counted from 1.
    pub(crate) number: usize,
    /// As it was written.
    pub(crate) text: String,
    pub(crate) step: Step,
    pub(crate) said: Said,
}

/// A line that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    number: usize,
    text: String,
    why: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}\n    {}", self.number, self.why, self.text)
    }
}

/// Reads a story.
pub(crate) fn parse(text: &str) -> Result<Vec<Told>, Unreadable> {
    let mut told = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split_once('#').map_or(line, |(before, _)| before).trim();
        if line.is_empty() {
            continue;
        }
        let (step, said) = parse_line(line).map_err(|why| Unreadable { number, text: line.to_owned(), why })?;
        told.push(Told { number, text: line.to_owned(), step, said });
    }
    Ok(told)
}

fn parse_line(line: &str) -> Result<(Step, Said), String> {
    let (before, after) = match line.split_once("->") {
        Some((before, after)) => (before, Some(after)),
        None => (line, None),
    };
    let mut words = Words::of(before);
    let step = steps::step(&mut words)?;
    if !step.is_look() {
        words.end()?;
        return Ok((step, after.map_or_else(|| Ok(Said::default()), outcome)?));
    }
    if after.is_some() {
        return Err("the figures of a look stand without ->".to_owned());
    }
    let said = Said { word: None, figures: figures(&mut words)? };
    if said.figures.is_empty() {
        return Err("no figure is named, so nothing is checked".to_owned());
    }
    Ok((step, said))
}

/// `refused CODE name figure …`, `word name figure …` or `name figure …`.
fn outcome(text: &str) -> Result<Said, String> {
    let mut words = Words::of(text);
    let word = if words.take("refused") {
        Some(format!("refused {}", words.next("the code of the refusal")?))
    } else if words.left() % 2 == 1 {
        Some(words.next("what comes out")?.to_owned())
    } else {
        None
    };
    let said = Said { word, figures: figures(&mut words)? };
    if said == Said::default() { Err("nothing stands behind ->".to_owned()) } else { Ok(said) }
}

fn figures(words: &mut Words<'_>) -> Result<Vec<(String, String)>, String> {
    let mut figures = Vec::new();
    while words.left() > 0 {
        let name = words.next("a figure's name")?;
        figures.push((name.to_owned(), words.next(&format!("the figure {name}"))?.to_owned()));
    }
    Ok(figures)
}

#[test]
fn a_story_is_read_line_by_line() {
    let told = parse("# A story.\n\norder O1 R1 V1 3 x 9.50 cash -> offered total 28.50 # cheap\nday +25\n").unwrap();
    let numbers: Vec<usize> = told.iter().map(|line| line.number).collect();
    assert_eq!(numbers, [3, 4]);
    let figures = vec![("total".to_owned(), "28.50".to_owned())];
    assert_eq!(told[0].said, Said { word: Some("offered".to_owned()), figures });
    let Step::Order(order) = &told[0].step else { panic!("{:?}", told[0].step) };
    assert_eq!((order.quantity, order.price.paisa(), order.mode), (3, 950, PaymentMode::Cash));
}

#[test]
fn a_payment_is_read_with_its_parts() {
    let told =
        parse("pay P1 R1 V1 100 for O1 principal 40 for O2 cash 60 paid 2026-01-02 by BANK ref N-1 keep").unwrap();
    let Step::Pay { spread, paid, .. } = &told[0].step else { panic!("{:?}", told[0].step) };
    let rupees = |rupees: i64| Money::from_paisa(rupees * 100);
    let parts = vec![("O1".to_owned(), Ask::Principal(rupees(40))), ("O2".to_owned(), Ask::Cash(rupees(60)))];
    assert_eq!(*spread, Spread { amount: Some(rupees(100)), parts, keep: true });
    let (on, reference) = (Some("2026-01-02".parse().unwrap()), Some("N-1".to_owned()));
    assert_eq!(*paid, Paid { on, method: Method::Bank, reference });
}

#[test]
fn what_cannot_be_read_is_told_with_its_line() {
    for (line, why) in [
        ("lend O1 5", "\"lend\" is no step"),
        ("line L1 R1 V1", "a line needs its limit"),
        ("line L1 R1 V1 limit 10 colour red", "\"colour\" is no condition of a line"),
        ("terms L1 limit 10", "\"limit\" is no condition of settlement"),
        ("order O1 R1 V1 ten", "\"ten\" is not an amount"),
        ("order O1 R1 V1 10.005", "\"10.005\" is not an amount"),
        ("order O1 R1 V1 10 -> ", "nothing stands behind ->"),
        ("cap R1", "an amount is missing"),
        ("cancel O1 by nobody", "\"nobody\" cannot be told to cancel"),
        ("cancel O1 O2", "\"O2\" is one word too many"),
        ("day 25", "\"25\" is not a number ahead, like +25"),
        ("on 2026-02-30", "\"2026-02-30\" is not a date, like 2026-03-26"),
        ("repay O1 5000", "principal or cash is missing"),
        ("repay O1 cash 5 by COWRIES", "\"COWRIES\" is no method of payment"),
        ("pay P1 R1 V1 5 for O1", "principal or cash is missing"),
        ("decide O1 perhaps", "\"perhaps\" is no decision"),
        ("expect R1 V1", "no figure is named, so nothing is checked"),
        ("expect R1 V1 reserved", "the figure reserved is missing"),
        ("expect R1 V1 -> reserved 1", "the figures of a look stand without ->"),
        ("accept O1 -> refused", "the code of the refusal is missing"),
    ] {
        let wrong = parse(&format!("day +1\n{line}")).unwrap_err();
        assert_eq!((wrong.number, wrong.why.as_str()), (2, why));
        assert!(wrong.to_string().starts_with("line 2: "), "{wrong}");
    }
}

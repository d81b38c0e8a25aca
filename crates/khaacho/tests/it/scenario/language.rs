//! The language of the stories: one step a line, in words that an accountant can check.
//!
//! ```text
//! # A remark.
//! line L1 R1 V1 limit 100000 terms 30 largest 60000 overdue 45 interest 1000 grace 5 discount 500 through 15
//! change L1 limit 10000 status PAUSED
//! cap R1 150000                               over all lines of a retailer
//! ceiling V1 500000                           over all that a vendor lends
//! order O1 R1 V1 50000 -> offered             an order for an amount, with the vendor named
//! order O2 R1 V1 10 x 500 cash -> offered     ten units at 500 each, for cash
//! order O3 R1 V1 50000 also V2 at 51000       V2 sells the same for another price, and routing chooses
//! accept O1, reject O1, dispatch O1           the vendor's answer and its way
//! deliver O1, deliver O1 7                    accepts and dispatches first where that is still to be done; 7 units came
//! cancel O1, cancel O1 by operator            the retailer cancels, or an operator
//! day +25, on 2026-03-26
//! repay O1 principal 5000 -> cash 4750 discount 250
//! repay O1 cash 4750 paid 2026-03-20 by ESEWA ref TX-1
//! quote O1 principal 1.10 on 2026-03-01 -> cash 1.04
//! expect R1 V1 reserved 50000 outstanding 0 available 50000
//! cycle O1 outstanding 10000 status PARTIALLY_PAID due 2026-03-31
//! stock O1 V1 stock 100 held 1
//! aging R1 2026-05-01 notDue 3000 d1to30 0
//! ```
//!
//! Behind `->` stands what comes out: a word and figures by name, or `refused` with the code and its figures. A step
//! without it must not be refused. What the figures are called is the runner's to say.

use std::fmt;
use std::str::FromStr;

use credit::{Ask, Discount, LineStatus, PaymentMode};
use kernel::{BusinessDate, Money};
use ledger::Method;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Line(Line),
    Change { line: String, limit: Option<Money>, status: Option<LineStatus> },
    Cap { retailer: String, cap: Money },
    Ceiling { vendor: String, ceiling: Money },
    Order(Order),
    Accept { order: String },
    Reject { order: String },
    Dispatch { order: String },
    Deliver { order: String, units: Option<i64> },
    Cancel { order: String, by_operator: bool },
    Day(i64),
    On(BusinessDate),
    Repay { order: String, ask: Ask, paid: Option<BusinessDate>, method: Method, reference: Option<String> },
    Quote { order: String, ask: Ask, on: Option<BusinessDate> },
    Expect { retailer: String, vendor: String },
    Cycle { order: String },
    Stock { order: String, vendor: String },
    Aging { retailer: String, on: BusinessDate },
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
    let mut words = Words { left: before.split_whitespace().collect() };
    let step = step(&mut words)?;
    let is_look = matches!(step, Step::Expect { .. } | Step::Cycle { .. } | Step::Stock { .. } | Step::Aging { .. });
    let said = if is_look {
        if after.is_some() {
            return Err("the figures of a look stand without ->".to_owned());
        }
        Said { word: None, figures: figures(&mut words)? }
    } else {
        words.end()?;
        after.map_or_else(|| Ok(Said::default()), outcome)?
    };
    if is_look && said.figures.is_empty() {
        return Err("no figure is named, so nothing is checked".to_owned());
    }
    Ok((step, said))
}

/// `refused CODE name figure …`, `word name figure …` or `name figure …`.
fn outcome(text: &str) -> Result<Said, String> {
    let mut words = Words { left: text.split_whitespace().collect() };
    let word = if words.take("refused") {
        Some(format!("refused {}", words.next("the code of the refusal")?))
    } else if words.left.len() % 2 == 1 {
        Some(words.next("what comes out")?.to_owned())
    } else {
        None
    };
    let said = Said { word, figures: figures(&mut words)? };
    if said == Said::default() { Err("nothing stands behind ->".to_owned()) } else { Ok(said) }
}

fn figures(words: &mut Words<'_>) -> Result<Vec<(String, String)>, String> {
    let mut figures = Vec::new();
    while !words.left.is_empty() {
        let name = words.next("a figure's name")?;
        figures.push((name.to_owned(), words.next(&format!("the figure {name}"))?.to_owned()));
    }
    Ok(figures)
}

/// The words of a line that are still to be read.
struct Words<'a> {
    left: Vec<&'a str>,
}

impl<'a> Words<'a> {
    fn next(&mut self, what: &str) -> Result<&'a str, String> {
        if self.left.is_empty() { Err(format!("{what} is missing")) } else { Ok(self.left.remove(0)) }
    }

    fn name(&mut self, what: &str) -> Result<String, String> {
        self.next(what).map(str::to_owned)
    }

    fn read<T: FromStr>(&mut self, what: &str) -> Result<T, String> {
        let word = self.next(what)?;
        word.parse().map_err(|_| format!("{word:?} is not {what}"))
    }

    /// Reads a word if it stands next.
    fn take(&mut self, word: &str) -> bool {
        let is_next = self.left.first() == Some(&word);
        if is_next {
            self.left.remove(0);
        }
        is_next
    }

    /// Reads what follows a word, where that word stands next.
    fn after<T: FromStr>(&mut self, word: &str, what: &str) -> Result<Option<T>, String> {
        if self.take(word) { self.read(what).map(Some) } else { Ok(None) }
    }

    fn end(&self) -> Result<(), String> {
        self.left.first().map_or(Ok(()), |word| Err(format!("{word:?} is one word too many")))
    }
}

fn step(words: &mut Words<'_>) -> Result<Step, String> {
    const ORDER: &str = "the order's name";
    let verb = words.next("a step")?;
    Ok(match verb {
        "line" => Step::Line(line(words)?),
        "change" => {
            let line = words.name("the line's name")?;
            let limit = words.after("limit", "an amount")?;
            let status = match words.after::<String>("status", "a status")?.as_deref() {
                None => None,
                Some("ACTIVE") => Some(LineStatus::Active),
                Some("PAUSED") => Some(LineStatus::Paused),
                Some("BLOCKED") => Some(LineStatus::Blocked),
                Some(other) => return Err(format!("{other:?} is not a status of lines")),
            };
            Step::Change { line, limit, status }
        }
        "cap" => Step::Cap { retailer: words.name("the retailer")?, cap: words.read("an amount")? },
        "ceiling" => Step::Ceiling { vendor: words.name("the vendor")?, ceiling: words.read("an amount")? },
        "order" => Step::Order(order(words)?),
        "accept" => Step::Accept { order: words.name(ORDER)? },
        "reject" => Step::Reject { order: words.name(ORDER)? },
        "dispatch" => Step::Dispatch { order: words.name(ORDER)? },
        "deliver" => {
            let order = words.name(ORDER)?;
            let units = if words.left.is_empty() { None } else { Some(words.read("a count of units")?) };
            Step::Deliver { order, units }
        }
        "cancel" => {
            let order = words.name(ORDER)?;
            let by = words.after::<String>("by", "who cancels")?;
            match by.as_deref() {
                None | Some("operator") => Step::Cancel { order, by_operator: by.is_some() },
                Some(other) => return Err(format!("{other:?} cannot be told to cancel")),
            }
        }
        "day" => {
            let days = words.next("days, like +25")?;
            let ahead = days.strip_prefix('+').and_then(|days| days.parse().ok()).filter(|days| *days > 0);
            Step::Day(ahead.ok_or_else(|| format!("{days:?} is not a number of days ahead, like +25"))?)
        }
        "on" => Step::On(words.read("a date, like 2026-03-26")?),
        "repay" => Step::Repay {
            order: words.name(ORDER)?,
            ask: ask(words)?,
            paid: words.after("paid", "a date, like 2026-03-26")?,
            method: method(words.after::<String>("by", "a method")?.as_deref())?,
            reference: words.after("ref", "a reference")?,
        },
        "quote" => Step::Quote {
            order: words.name(ORDER)?,
            ask: ask(words)?,
            on: words.after("on", "a date, like 2026-03-26")?,
        },
        "expect" => Step::Expect { retailer: words.name("the retailer")?, vendor: words.name("the vendor")? },
        "cycle" => Step::Cycle { order: words.name(ORDER)? },
        "stock" => Step::Stock { order: words.name(ORDER)?, vendor: words.name("the vendor")? },
        "aging" => Step::Aging { retailer: words.name("the retailer")?, on: words.read("a date, like 2026-03-26")? },
        other => return Err(format!("{other:?} is no step")),
    })
}

fn line(words: &mut Words<'_>) -> Result<Line, String> {
    let mut line = Line {
        name: words.name("the line's name")?,
        retailer: words.name("the retailer")?,
        vendor: words.name("the vendor")?,
        limit: words.after("limit", "an amount")?.ok_or("a line needs its limit")?,
        terms_days: 30,
        largest: None,
        overdue_days: 30,
        interest: 0,
        grace_days: 0,
        discounts: Vec::new(),
    };
    while !words.left.is_empty() {
        match words.next("a condition")? {
            "terms" => line.terms_days = words.read("a number of days")?,
            "largest" => line.largest = Some(words.read("an amount")?),
            "overdue" => line.overdue_days = words.read("a number of days")?,
            "interest" => line.interest = words.read("basis points a year")?,
            "grace" => line.grace_days = words.read("a number of days")?,
            "discount" => {
                let rate = kernel::Rate::from_basis_points(words.read("basis points")?);
                let through_day = words.after("through", "a number of days")?.ok_or("a discount needs its last day")?;
                line.discounts.push(Discount { through_day, rate });
            }
            other => return Err(format!("{other:?} is no condition of a line")),
        }
    }
    Ok(line)
}

fn order(words: &mut Words<'_>) -> Result<Order, String> {
    let (name, retailer) = (words.name("the order's name")?, words.name("the retailer")?);
    let (vendor, first) = (words.name("the vendor")?, words.name("an amount")?);
    let (quantity, price) = if words.take("x") {
        let quantity = first.parse().map_err(|_| format!("{first:?} is not a count of units"))?;
        (quantity, words.read("the price of one")?)
    } else {
        (1, first.parse().map_err(|_| format!("{first:?} is not an amount"))?)
    };
    let mode = if words.take("cash") { PaymentMode::Cash } else { PaymentMode::Credit };
    let mut also = Vec::new();
    while words.take("also") {
        let other = words.name("another vendor")?;
        also.push((other, words.after("at", "its price")?.ok_or("another vendor needs its price")?));
    }
    Ok(Order { name, retailer, vendor, quantity, price, mode, also })
}

fn ask(words: &mut Words<'_>) -> Result<Ask, String> {
    if let Some(principal) = words.after("principal", "an amount")? {
        return Ok(Ask::Principal(principal));
    }
    words.after("cash", "an amount")?.map(Ask::Cash).ok_or_else(|| "principal or cash is missing".to_owned())
}

fn method(name: Option<&str>) -> Result<Method, String> {
    let name = name.unwrap_or("CASH");
    let found = Method::ALL.iter().find(|method| method.as_str() == name);
    found.copied().ok_or_else(|| format!("{name:?} is no method of payment"))
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
fn what_cannot_be_read_is_told_with_its_line() {
    for (line, why) in [
        ("pay O1 5", "\"pay\" is no step"),
        ("line L1 R1 V1", "a line needs its limit"),
        ("line L1 R1 V1 limit 10 colour red", "\"colour\" is no condition of a line"),
        ("order O1 R1 V1 ten", "\"ten\" is not an amount"),
        ("order O1 R1 V1 10.005", "\"10.005\" is not an amount"),
        ("order O1 R1 V1 10 -> ", "nothing stands behind ->"),
        ("cap R1", "an amount is missing"),
        ("cancel O1 by nobody", "\"nobody\" cannot be told to cancel"),
        ("cancel O1 O2", "\"O2\" is one word too many"),
        ("day 25", "\"25\" is not a number of days ahead, like +25"),
        ("on 2026-02-30", "\"2026-02-30\" is not a date, like 2026-03-26"),
        ("repay O1 5000", "principal or cash is missing"),
        ("repay O1 cash 5 by COWRIES", "\"COWRIES\" is no method of payment"),
        ("expect R1 V1", "no figure is named, so nothing is checked"),
        ("expect R1 V1 reserved", "the figure reserved is missing"),
        ("accept O1 -> refused", "the code of the refusal is missing"),
    ] {
        let wrong = parse(&format!("day +1\n{line}")).unwrap_err();
        assert_eq!((wrong.number, wrong.why.as_str()), (2, why));
        assert!(wrong.to_string().starts_with("line 2: "), "{wrong}");
    }
}

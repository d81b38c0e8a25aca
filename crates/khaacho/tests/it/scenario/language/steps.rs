//! Reads each step from its words.

use credit::{Ask, Discount, PaymentMode};
use kernel::Rate;
use ledger::Method;

use super::words::Words;
use super::{Line, Order, Paid, Proof, Settlement, Spread, Step};

const LINE: &str = "the line's name";
const ORDER: &str = "the order's name";
const RETAILER: &str = "the retailer";
const VENDOR: &str = "the vendor";
const PAYMENT: &str = "the payment's name";
const CLAIM: &str = "the claim's name";
const AMOUNT: &str = "an amount";
const DATE: &str = "a date, like 2026-03-26";
const DAYS: &str = "a number of days";
const UNITS: &str = "a count of units";

pub(super) fn step(words: &mut Words<'_>) -> Result<Step, String> {
    let verb = words.next("a step")?;
    if verb == "twice" {
        return step(words).map(|step| Step::Twice(Box::new(step)));
    }
    for read in [limits, orders, money, care, looks] {
        if let Some(step) = read(verb, words)? {
            return Ok(step);
        }
    }
    Err(format!("{verb:?} is no step"))
}

fn limits(verb: &str, words: &mut Words<'_>) -> Result<Option<Step>, String> {
    Ok(Some(match verb {
        "line" => Step::Line(line(words)?),
        "change" => {
            let line = words.name(LINE)?;
            let limit = words.after("limit", AMOUNT)?;
            let status = words.after("status", "a status of lines")?;
            let overdue_days = words.after("overdue", DAYS)?;
            Step::Change { line, limit, status, overdue_days, days: words.after("terms", DAYS)? }
        }
        "terms" => {
            let (line, days) = (words.name(LINE)?, words.try_read());
            let mut settlement = Settlement::default();
            while words.left() > 0 {
                let condition = words.next("a condition")?;
                if !settle(condition, &mut settlement, words)? {
                    return Err(format!("{condition:?} is no condition of settlement"));
                }
            }
            Step::Terms { line, days, settlement }
        }
        "pause" | "block" => Step::Pause { retailer: words.name(RETAILER)?, block: verb == "block" },
        "unpause" => Step::Unpause { retailer: words.name(RETAILER)? },
        "watch" => Step::Watch,
        "cap" => Step::Cap { retailer: words.name(RETAILER)?, cap: none_or(words)? },
        "ceiling" => Step::Ceiling { vendor: words.name(VENDOR)?, ceiling: none_or(words)? },
        "check" => Step::Check {
            retailer: words.name(RETAILER)?,
            vendor: words.name(VENDOR)?,
            amount: words.read(AMOUNT)?,
            mode: mode(words),
        },
        _ => return Ok(None),
    }))
}

fn none_or(words: &mut Words<'_>) -> Result<Option<kernel::Money>, String> {
    if words.take("none") { Ok(None) } else { words.read(AMOUNT).map(Some) }
}

fn mode(words: &mut Words<'_>) -> PaymentMode {
    if words.take("cash") { PaymentMode::Cash } else { PaymentMode::Credit }
}

fn line(words: &mut Words<'_>) -> Result<Line, String> {
    let mut line = Line {
        name: words.name(LINE)?,
        retailer: words.name(RETAILER)?,
        vendor: words.name(VENDOR)?,
        limit: words.after("limit", AMOUNT)?.ok_or("a line needs its limit")?,
        terms_days: 30,
        largest: None,
        overdue_days: 30,
        settlement: Settlement::default(),
    };
    while words.left() > 0 {
        match words.next("a condition")? {
            "terms" => line.terms_days = words.read(DAYS)?,
            "largest" => line.largest = Some(words.read(AMOUNT)?),
            "overdue" => line.overdue_days = words.read(DAYS)?,
            other => {
                if !settle(other, &mut line.settlement, words)? {
                    return Err(format!("{other:?} is no condition of a line"));
                }
            }
        }
    }
    Ok(line)
}

/// Reads one condition of settlement, if it is one.
fn settle(condition: &str, settlement: &mut Settlement, words: &mut Words<'_>) -> Result<bool, String> {
    match condition {
        "interest" => settlement.interest = words.read("basis points a year")?,
        "grace" => settlement.grace_days = words.read(DAYS)?,
        "discount" => {
            let rate = Rate::from_basis_points(words.read("basis points")?);
            let through_day = words.after("through", DAYS)?.ok_or("a discount needs its last day")?;
            settlement.discounts.push(Discount { through_day, rate });
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn orders(verb: &str, words: &mut Words<'_>) -> Result<Option<Step>, String> {
    Ok(Some(match verb {
        "order" => Step::Order(order(words)?),
        "accept" => Step::Answer { order: words.name(ORDER)?, verb: "accept" },
        "reject" => Step::Answer { order: words.name(ORDER)?, verb: "reject" },
        "dispatch" => Step::Status { order: words.name(ORDER)?, status: "DISPATCHED" },
        "withdraw" => Step::Status { order: words.name(ORDER)?, status: "OFFERED" },
        "fail" => Step::Status { order: words.name(ORDER)?, status: "FAILED" },
        "deliver" => deliver(words)?,
        "return" => Step::Return { order: words.name(ORDER)?, amount: words.read(AMOUNT)? },
        "cancel" => {
            let order = words.name(ORDER)?;
            let by = words.after::<String>("by", "who cancels")?;
            match by.as_deref() {
                None | Some("operator") => Step::Cancel { order, by_operator: by.is_some() },
                Some(other) => return Err(format!("{other:?} cannot be told to cancel")),
            }
        }
        "again" => Step::Again { name: words.name(ORDER)?, order: words.name("the first order's name")? },
        "day" => Step::Day(words.ahead()?),
        "hours" => Step::Hours(words.ahead()?),
        "on" => Step::On(words.read(DATE)?),
        _ => return Ok(None),
    }))
}

fn order(words: &mut Words<'_>) -> Result<Order, String> {
    let (name, retailer) = (words.name(ORDER)?, words.name(RETAILER)?);
    let (vendor, first) = (words.name(VENDOR)?, words.name(AMOUNT)?);
    let (quantity, price) = if words.take("x") {
        let quantity = first.parse().map_err(|_| format!("{first:?} is not {UNITS}"))?;
        (quantity, words.read("the price of one")?)
    } else {
        (1, first.parse().map_err(|_| format!("{first:?} is not {AMOUNT}"))?)
    };
    let mode = mode(words);
    let mut also = Vec::new();
    while words.take("also") {
        let other = words.name("another vendor")?;
        also.push((other, words.after("at", "its price")?.ok_or("another vendor needs its price")?));
    }
    Ok(Order { name, retailer, vendor, quantity, price, mode, also })
}

fn deliver(words: &mut Words<'_>) -> Result<Step, String> {
    let order = words.name(ORDER)?;
    let by = words.after::<String>("by", "who says so")?;
    let proof = match by.as_deref() {
        None => Proof::Operator,
        Some("retailer") => Proof::Retailer,
        Some("code") => Proof::Code,
        Some("wrong-code") => Proof::WrongCode,
        Some(other) => return Err(format!("{other:?} cannot be told to deliver")),
    };
    let units = if words.left() == 0 { None } else { Some(words.read(UNITS)?) };
    Ok(Step::Deliver { order, units, proof })
}

fn money(verb: &str, words: &mut Words<'_>) -> Result<Option<Step>, String> {
    Ok(Some(match verb {
        "repay" => Step::Repay { order: words.name(ORDER)?, ask: ask(words)?, paid: paid(words)? },
        "recover" => Step::Recover {
            payment: words.name(PAYMENT)?,
            order: words.name(ORDER)?,
            amount: words.read(AMOUNT)?,
            paid: paid(words)?,
        },
        "quote" => Step::Quote { order: words.name(ORDER)?, ask: ask(words)?, on: words.after("on", DATE)? },
        "pay" => {
            let (payment, retailer, vendor) = (words.name(PAYMENT)?, words.name(RETAILER)?, words.name(VENDOR)?);
            let (mut spread, paid) = (spread(words)?, paid(words)?);
            spread.keep |= words.take("keep");
            Step::Pay { payment, retailer, vendor, spread, paid }
        }
        "preview" => {
            let (retailer, vendor) = (words.name(RETAILER)?, words.name(VENDOR)?);
            Step::Preview { retailer, vendor, spread: spread(words)?, on: words.after("on", DATE)? }
        }
        "apply" => Step::Apply { payment: words.name(PAYMENT)?, spread: spread(words)? },
        "refund" => Step::Refund { payment: words.name(PAYMENT)?, amount: words.try_read(), paid: paid(words)? },
        "reverse" => Step::Reverse { payment: words.name(PAYMENT)? },
        "claim" => Step::Claim {
            claim: words.name(CLAIM)?,
            retailer: words.name(RETAILER)?,
            vendor: words.name(VENDOR)?,
            amount: words.read(AMOUNT)?,
            paid: paid(words)?,
        },
        "confirm" => Step::Confirm { claim: words.name(CLAIM)?, spread: spread(words)? },
        "refuse" => Step::Refuse { claim: words.name(CLAIM)? },
        _ => return Ok(None),
    }))
}

fn ask(words: &mut Words<'_>) -> Result<Ask, String> {
    if let Some(principal) = words.after("principal", AMOUNT)? {
        return Ok(Ask::Principal(principal));
    }
    words.after("cash", AMOUNT)?.map(Ask::Cash).ok_or_else(|| "principal or cash is missing".to_owned())
}

fn spread(words: &mut Words<'_>) -> Result<Spread, String> {
    let (amount, mut parts) = (words.try_read(), Vec::new());
    while let Some(order) = words.after("for", ORDER)? {
        parts.push((order, ask(words)?));
    }
    Ok(Spread { amount, parts, keep: words.take("keep") })
}

fn paid(words: &mut Words<'_>) -> Result<Paid, String> {
    let on = words.after("paid", DATE)?;
    let name = words.after::<String>("by", "a method")?.unwrap_or_else(|| "CASH".to_owned());
    let method: Method = name.parse().map_err(|_| format!("{name:?} is no method of payment"))?;
    Ok(Paid { on, method, reference: words.after("ref", "a reference")? })
}

fn care(verb: &str, words: &mut Words<'_>) -> Result<Option<Step>, String> {
    Ok(Some(match verb {
        "adjust" => Step::Adjust {
            order: words.name(ORDER)?,
            kind: words.name("a kind of adjustment")?,
            increase: words.take("up"),
            amount: words.read(AMOUNT)?,
        },
        "dispute" => Step::Dispute { order: words.name(ORDER)?, order_line: words.after("line", "a line's number")? },
        "decide" => {
            let order = words.name(ORDER)?;
            let amount = match words.next("a decision")? {
                "upheld" => Some(words.read(AMOUNT)?),
                "rejected" => None,
                other => return Err(format!("{other:?} is no decision")),
            };
            Step::Decide { order, amount }
        }
        "promise" => Step::Promise { order: words.name(ORDER)?, on: words.read(DATE)? },
        "close" => Step::Close { order: words.name(ORDER)? },
        "extend" => Step::Extend { order: words.name(ORDER)?, due_on: words.read(DATE)? },
        _ => return Ok(None),
    }))
}

fn looks(verb: &str, words: &mut Words<'_>) -> Result<Option<Step>, String> {
    Ok(Some(match verb {
        "expect" => Step::Expect { retailer: words.name(RETAILER)?, vendor: words.name(VENDOR)? },
        "track" => Step::Track { order: words.name(ORDER)? },
        "cycle" => Step::Cycle { order: words.name(ORDER)? },
        "promises" => Step::Promises { order: words.name(ORDER)? },
        "payment" => Step::Payment { payment: words.name(PAYMENT)? },
        "stock" => Step::Stock { order: words.name(ORDER)?, vendor: words.name(VENDOR)? },
        "aging" => Step::Aging { retailer: words.name(RETAILER)?, on: words.read(DATE)? },
        "book" => Step::Book,
        "borrower" => Step::Borrower { retailer: words.name(RETAILER)? },
        "lender" => Step::Lender { vendor: words.name(VENDOR)? },
        "statement" => {
            let (retailer, vendor) = (words.name(RETAILER)?, words.name(VENDOR)?);
            let (from, to) = (words.read(DATE)?, words.after("to", DATE)?.ok_or("a statement needs its last day")?);
            Step::Statement { retailer, vendor, from, to }
        }
        "balance" => Step::Balance { vendor: words.name(VENDOR)?, on: words.after("on", DATE)? },
        _ => return Ok(None),
    }))
}

//! Taking a batch of rows of one kind: what was taken before is passed over, what is new goes through the use cases of its
//! room, and the key of what was taken is recorded beside it.
//!
//! Statements for a batch, the use cases apart: 1 to wait for another import, 2 to look up what rows name, 1 to look up
//! their keys, 1 to record them.

use std::collections::{BTreeSet, HashMap};

use credit::{Ask, Discount, NewLine, NewOpening, NewRepayment, SettlementTerms};
use db::{DbError, Tx};
use kernel::{Context, CycleId, Money, RetailerId, Scope, VendorId};
use parties::{NewRetailer, NewVendor, Retailer, Vendor};

use crate::cells::Wrong;
use crate::rows::{Person, Row};
use crate::sold;
use crate::store::{self, Place, Taken};

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was taken now.
    Taken,
    /// It had been taken before.
    Known,
    /// It was refused, by the cell of this column where it is one cell's fault.
    Refused(Option<&'static str>, Wrong),
}

pub(crate) fn refused(
    column: impl Into<Option<&'static str>>,
    code: &'static str,
    reason: String,
    right: &str,
) -> Outcome {
    Outcome::Refused(column.into(), Wrong::new(code, reason, right))
}

/// Takes rows of one kind whose keys differ. Where the store refuses one of them, each is tried alone, so that it harms
/// none of the others.
pub(crate) async fn rows(tx: &mut Tx, cx: &Context, rows: &[Row]) -> Result<Vec<Outcome>, DbError> {
    store::take_turn(tx).await?;
    if matches!(rows.first(), Some(Row::Sold { .. })) {
        return sold::rows(tx, cx, None, rows).await;
    }
    match tx.nested(async |tx| together(tx, cx, rows).await).await {
        Err(error) if is_of_a_row(&error) => {}
        done => return done,
    }
    let mut outcomes = Vec::with_capacity(rows.len());
    for row in rows {
        let alone = std::slice::from_ref(row);
        match tx.nested(async |tx| together(tx, cx, alone).await).await {
            Ok(outcome) => outcomes.extend(outcome),
            Err(error) if is_of_a_row(&error) => {
                outcomes.push(refused(None, "DATABASE", error.to_string(), "a row that the database can hold"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(outcomes)
}

const fn is_of_a_row(error: &DbError) -> bool {
    matches!(error, DbError::Duplicate(_) | DbError::Constraint(_))
}

/// What the rows of a batch name.
struct Named {
    retailers: HashMap<String, Retailer>,
    vendors: HashMap<String, Vendor>,
}

impl Named {
    async fn find(tx: &mut Tx, rows: &[Row]) -> Result<Self, DbError> {
        let list = |names: BTreeSet<&str>| names.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let retailers = list(rows.iter().filter_map(Row::retailer).collect());
        let vendors = list(rows.iter().filter_map(Row::vendor).collect());
        Ok(Self {
            retailers: match retailers.as_slice() {
                [] => HashMap::new(),
                phones => parties::retailers_by_phone(tx, phones).await?,
            },
            vendors: match vendors.as_slice() {
                [] => HashMap::new(),
                names => parties::vendors_by_name(tx, names).await?,
            },
        })
    }

    /// Where a row is kept, or that its vendor is unknown.
    fn place(&self, row: &Row) -> Result<Place, Outcome> {
        let vendor = match row.vendor() {
            None => String::new(),
            Some(name) => self.vendor(name)?.id.to_string(),
        };
        Ok((vendor, row.stored_kind(), row.key().to_owned()))
    }

    fn vendor(&self, name: &str) -> Result<&Vendor, Outcome> {
        self.vendors.get(name).ok_or_else(|| {
            let right = "the prefix or phone of a vendor that is registered or in the vendors file";
            refused("vendor", "VENDOR_NOT_FOUND", format!("there is no vendor {name}"), right)
        })
    }

    fn retailer(&self, phone: &str) -> Result<&Retailer, Outcome> {
        self.retailers.get(phone).ok_or_else(|| {
            let right = "the phone of a retailer that is registered or in the retailers file";
            refused("retailer", "RETAILER_NOT_FOUND", format!("there is no retailer with the phone {phone}"), right)
        })
    }
}

/// A row that is not taken yet, and where it will be kept.
struct New<'a> {
    at: usize,
    row: &'a Row,
    place: Place,
}

async fn together(tx: &mut Tx, cx: &Context, rows: &[Row]) -> Result<Vec<Outcome>, DbError> {
    let named = Named::find(tx, rows).await?;
    let places: Vec<Result<Place, Outcome>> = rows.iter().map(|row| named.place(row)).collect();
    let before = store::taken(tx, places.iter().flatten()).await?;
    let mut outcomes = Vec::with_capacity(rows.len());
    let mut new = Vec::new();
    for (at, (row, place)) in rows.iter().zip(places).enumerate() {
        outcomes.push(match place {
            Err(refused) => refused,
            Ok(place) => match before.get(&(place.0.clone(), place.1.to_owned(), place.2.clone())) {
                Some(taken) if taken.content_hash == row.content_hash() => Outcome::Known,
                Some(_) => refused(
                    None,
                    "KEY_REUSED",
                    format!("{} was imported before with other content, and nothing was changed", row.key()),
                    "the row as it was, or another key for another row",
                ),
                None => {
                    new.push(New { at, row, place });
                    Outcome::Taken
                }
            },
        });
    }
    let mut taken = Vec::with_capacity(new.len());
    for (new, outcome) in take(tx, cx, &named, new).await? {
        match outcome {
            Ok((subject, retailer, amount)) => {
                let content_hash = new.row.content_hash();
                taken.push((new.place, Taken { content_hash, retailer, subject, amount }));
            }
            Err(refused) => {
                if let Some(slot) = outcomes.get_mut(new.at) {
                    *slot = refused;
                }
            }
        }
    }
    store::insert(tx, cx, taken).await?;
    Ok(outcomes)
}

/// What a taken row became: its id, the retailer it belongs to, and what it adds to the line's balance.
type Became = Result<(String, Option<RetailerId>, Money), Outcome>;

async fn take<'a>(
    tx: &mut Tx,
    cx: &Context,
    named: &Named,
    new: Vec<New<'a>>,
) -> Result<Vec<(New<'a>, Became)>, DbError> {
    if matches!(new.first(), Some(New { row: Row::Purchase { .. }, .. })) {
        return purchases(tx, cx, named, new).await;
    }
    let cycles = cycles_of(tx, named, &new).await?;
    let mut done = Vec::with_capacity(new.len());
    for new in new {
        let became = match new.row {
            Row::Vendor { prefix, capacity, person } => vendor(tx, cx, prefix, *capacity, person).await?,
            Row::Retailer { person } => retailer(tx, cx, person).await?,
            Row::Line { .. } => line(tx, cx, named, new.row).await?,
            Row::Repayment { .. } => repayment(tx, cx, &cycles, new.row, &new.place.0).await?,
            Row::Purchase { .. } | Row::Sold { .. } => return Err(DbError::Missing("a batch of one kind")),
        };
        done.push((new, became));
    }
    Ok(done)
}

fn of_parties(refusal: &parties::Refusal) -> Outcome {
    let column = match refusal {
        parties::Refusal::PhoneTaken => "phone",
        parties::Refusal::PrefixTaken | parties::Refusal::Field { field: "numberPrefix", .. } => "prefix",
        parties::Refusal::Field { field: "ownerName", .. } => "owner",
        parties::Refusal::Field { field, .. } => field,
        _ => return refused(None, refusal.code(), refusal.to_string(), "what the platform accepts"),
    };
    let right = match refusal {
        parties::Refusal::Field { right, .. } => right,
        parties::Refusal::PrefixTaken => "a prefix that no other vendor has",
        _ => "a phone that nobody else has; leave out who is registered already",
    };
    refused(column, refusal.code(), refusal.to_string(), right)
}

async fn vendor(tx: &mut Tx, cx: &Context, prefix: &str, capacity: i64, person: &Person) -> Result<Became, DbError> {
    let found = parties::vendors_by_name(tx, &[prefix.to_owned()]).await?;
    if let Some(same) = found.get(prefix).filter(|vendor| vendor.phone == person.phone && vendor.name == person.name) {
        return Ok(Ok((same.id.to_string(), None, Money::ZERO)));
    }
    let new = NewVendor {
        name: person.name.clone(),
        owner_name: person.owner.clone(),
        phone: person.phone.clone(),
        place: person.place.clone(),
        latitude_micro: None,
        longitude_micro: None,
        language: person.language,
        number_prefix: prefix.to_owned(),
        capacity,
    };
    let made = parties::create_vendor(tx, cx, &new).await?;
    Ok(made.map(|vendor| (vendor.id.to_string(), None, Money::ZERO)).map_err(|refusal| of_parties(&refusal)))
}

async fn retailer(tx: &mut Tx, cx: &Context, person: &Person) -> Result<Became, DbError> {
    let new = NewRetailer {
        name: person.name.clone(),
        owner_name: person.owner.clone(),
        phone: person.phone.clone(),
        place: person.place.clone(),
        latitude_micro: None,
        longitude_micro: None,
        language: person.language,
    };
    let refusal = match parties::create_retailer(tx, cx, &new).await? {
        Ok(made) => return Ok(Ok((made.id.to_string(), Some(made.id), Money::ZERO))),
        Err(refusal) => refusal,
    };
    // A shop that registered by itself under the same name is the one that the row means.
    let found = parties::retailers_by_phone(tx, std::slice::from_ref(&person.phone)).await?;
    match found.get(&person.phone) {
        Some(same) if same.name == person.name => Ok(Ok((same.id.to_string(), Some(same.id), Money::ZERO))),
        _ => Ok(Err(of_parties(&refusal))),
    }
}

/// How a refusal of credit is told, with the columns that stand for its fields.
fn of_credit(refusal: &credit::Refusal, columns: &[(&'static str, &'static str)]) -> Outcome {
    use credit::Refusal as R;
    let column = |field: &str| columns.iter().find(|(own, _)| *own == field).map(|(_, column)| *column);
    let plain = refusal.to_string();
    let (field, reason, right) = match refusal {
        R::Field { field, right } => (*field, format!("{field} is not accepted"), (*right).to_owned()),
        R::Overpayment { maximum, .. } => {
            ("amount", "it settles more than is open".to_owned(), format!("at most {maximum}"))
        }
        R::BelowMinimum { minimum, .. } => {
            ("amount", "it settles too little".to_owned(), format!("at least {minimum}, or all that is open"))
        }
        R::AgreedCash { least, most } => ("cash", plain, format!("{least} to {most}")),
        R::PaymentDate { earliest, latest } => {
            let reason = "it lies before the purchase, before the payment above it, or ahead of today".to_owned();
            ("on", reason, format!("{earliest} to {latest}; payments of a purchase stand in the order of their dates"))
        }
        R::ReferenceRequired => ("reference", plain, "its reference, or CASH as the method".to_owned()),
        R::DuplicateReference { amount, paid_on, .. } => {
            let reason = format!("a payment of {amount} on {paid_on} has this reference already");
            ("reference", reason, "each payment once; each part of one with a sign of its own behind it".to_owned())
        }
        R::LineExists => ("retailer", plain, "the line as the platform has it, or leave the row out".to_owned()),
        _ => ("", plain, "what the platform accepts".to_owned()),
    };
    refused(column(field), refusal.code(), reason, &right)
}

async fn line(tx: &mut Tx, cx: &Context, named: &Named, row: &Row) -> Result<Became, DbError> {
    let Row::Line { retailer, vendor, limit, terms_days, max_order, max_overdue_days, discount, interest, .. } = row
    else {
        return Err(DbError::Missing("a line"));
    };
    let (retailer, vendor) = match (named.retailer(retailer), named.vendor(vendor)) {
        (Ok(retailer), Ok(vendor)) => (retailer.id, vendor.id),
        (Err(refused), _) | (_, Err(refused)) => return Ok(Err(refused)),
    };
    let discounts = match discount.basis_points() {
        0 => Vec::new(),
        _ => vec![Discount { through_day: *terms_days, rate: *discount }],
    };
    let settlement = SettlementTerms { discounts, late_interest_bp_year: *interest, grace_days: 0 };
    let new = NewLine {
        retailer_id: retailer,
        vendor_id: vendor,
        limit: *limit,
        terms_days: *terms_days,
        max_order: *max_order,
        max_overdue_days: *max_overdue_days,
        settlement: Some(settlement),
    };
    let columns = [
        ("limit", "limit"),
        ("termsDays", "terms_days"),
        ("maxOrder", "max_order"),
        ("maxOverdueDays", "max_overdue_days"),
        ("discounts.throughDay", "discount_percent"),
        ("discounts.rate", "discount_percent"),
        ("lateInterestBpYear", "interest_percent"),
        ("retailer", "retailer"),
    ];
    let refusal = match credit::create_line(tx, cx, new).await? {
        Ok(line) => return Ok(Ok((line.id.to_string(), Some(retailer), Money::ZERO))),
        Err(refusal) => refusal,
    };
    let today = cx.today();
    let same = credit::line_of(tx, Scope::All, (retailer, vendor), today).await?;
    match same.filter(|line| line.limit == *limit && line.terms_days == *terms_days) {
        Some(line) => Ok(Ok((line.id.to_string(), Some(retailer), Money::ZERO))),
        None => Ok(Err(of_credit(&refusal, &columns))),
    }
}

async fn purchases<'a>(
    tx: &mut Tx,
    cx: &Context,
    named: &Named,
    new: Vec<New<'a>>,
) -> Result<Vec<(New<'a>, Became)>, DbError> {
    let opening = |new: &New<'a>| {
        let Row::Purchase { key, vendor, retailer, date, amount } = new.row else {
            return Err(refused(None, "KIND", "the row is no purchase".to_owned(), "a purchase"));
        };
        let line = (named.retailer(retailer)?.id, named.vendor(vendor)?.id);
        Ok(NewOpening { line, principal: *amount, started_on: *date, note: key.clone() })
    };
    let asked: Vec<Result<NewOpening, Outcome>> = new.iter().map(opening).collect();
    let openings: Vec<NewOpening> = asked.iter().flatten().cloned().collect();
    let mut opened = credit::open_cycles(tx, cx, &openings).await?.into_iter();
    let columns = [("principal", "amount"), ("startedOn", "date")];
    let mut done = Vec::with_capacity(new.len());
    for (new, asked) in new.into_iter().zip(asked) {
        let became = match asked {
            Err(refused) => Err(refused),
            Ok(opening) => match opened.next().ok_or(DbError::Missing("the answer to a purchase"))? {
                Ok(cycle) => Ok((cycle.id.to_string(), Some(cycle.retailer_id), cycle.principal)),
                Err(credit::Refusal::NotFound(_)) => Err(refused(
                    "retailer",
                    "NO_CREDIT_LINE",
                    format!("the vendor gives this retailer no line, on which {} could stand", opening.note),
                    "a row for the two in the lines file",
                )),
                Err(refusal) => Err(of_credit(&refusal, &columns)),
            },
        };
        done.push((new, became));
    }
    Ok(done)
}

/// The cycles of imported purchases, by vendor and key.
type Cycles = HashMap<(String, String), (CycleId, RetailerId)>;

async fn cycles_of(tx: &mut Tx, named: &Named, new: &[New<'_>]) -> Result<Cycles, DbError> {
    let place = |new: &New<'_>| match new.row {
        Row::Repayment { vendor, purchase, .. } => {
            let vendor: VendorId = named.vendors.get(vendor)?.id;
            Some((vendor.to_string(), "PURCHASE", purchase.clone()))
        }
        _ => None,
    };
    let places: BTreeSet<Place> = new.iter().filter_map(place).collect();
    if places.is_empty() {
        return Ok(HashMap::new());
    }
    let mut cycles = HashMap::new();
    for ((vendor, _, key), taken) in store::taken(tx, places.iter()).await? {
        let cycle = taken.subject.parse().map_err(|_| DbError::Decode { column: "subject", expected: "a cycle" })?;
        let retailer = taken.retailer.ok_or(DbError::Missing("the retailer of a purchase"))?;
        cycles.insert((vendor, key), (cycle, retailer));
    }
    Ok(cycles)
}

async fn repayment(tx: &mut Tx, cx: &Context, cycles: &Cycles, row: &Row, vendor: &str) -> Result<Became, DbError> {
    let Row::Repayment { purchase, date, cash, principal, method, reference, .. } = row else {
        return Err(DbError::Missing("a repayment"));
    };
    let Some((cycle, retailer)) = cycles.get(&(vendor.to_owned(), purchase.clone())) else {
        let reason = format!("the vendor has no purchase {purchase}, or it was refused");
        return Ok(Err(refused("purchase", "PURCHASE_NOT_FOUND", reason, "the key of a purchase of this vendor")));
    };
    let ask = Ask::Agreed { principal: *principal, cash: *cash };
    let new = NewRepayment { ask, on: *date, method: *method, reference: reference.clone() };
    let columns = [
        ("amount", if principal == cash { "cash" } else { "principal" }),
        ("cash", "cash"),
        ("on", "date"),
        ("reference", "reference"),
    ];
    match credit::record_repayment(tx, cx, Scope::All, *cycle, new).await? {
        Ok(repaid) => {
            let minus = principal.negated().map_err(|_| DbError::Constraint("an amount does not fit".to_owned()))?;
            Ok(Ok((repaid.repayment.id.to_string(), Some(*retailer), minus)))
        }
        Err(refusal) => Ok(Err(of_credit(&refusal, &columns))),
    }
}

/// What the imported rows of lines come to, in the order in which they are asked for; nothing where retailer or vendor
/// are unknown, which was told before.
pub(crate) async fn balances(tx: &mut Tx, lines: &[Row]) -> Result<Vec<Option<Money>>, DbError> {
    let named = Named::find(tx, lines).await?;
    let pair = |row: &Row| {
        let (retailer, vendor) = (row.retailer()?, row.vendor()?);
        Some((named.retailers.get(retailer)?.id, named.vendors.get(vendor)?.id))
    };
    let pairs: Vec<_> = lines.iter().map(pair).collect();
    let sums = store::balances(tx, pairs.iter().flatten().copied()).await?;
    Ok(pairs.into_iter().map(|pair| pair.map(|pair| sums.get(&pair).copied().unwrap_or(Money::ZERO))).collect())
}

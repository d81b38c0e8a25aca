//! What a retailer says about money: a bill is wrong, it will pay by a day, it has paid.
//!
//! ```text
//! dispute   which bill → why            → open; the days stand still
//! promise   which bill → by when        → written down; a later one takes its place
//! claim     whom, how much, how, by what reference → right? → before the vendor, who confirms or rejects it
//! ```
//!
//! What a message says already is not asked again. Nothing here changes what is owed.

use credit::{Cycle, CycleFilter, NewClaim, NewDispute, NewPromise, Outcome, Refusal};
use db::{DbError, Tx};
use kernel::{BusinessDate, Context, CycleId, Money, PageRequest, Scope};
use ledger::Method;
use parties::{Retailer, Vendor};
use understand::{Answer, Intent, Understood};

use crate::inbound::Reply;
use crate::session::{Claiming, Session, Step};
use crate::words::{self, About};
use crate::{claims, days};

/// Bills that are looked through for those on which something is open.
const LOOKED_THROUGH: i64 = 200;
/// Characters of a reason or a note that are kept.
const LONGEST: usize = 500;

/// The bills on which something is open, the first due first.
async fn open_bills(tx: &mut Tx, retailer: &Retailer) -> Result<Vec<Cycle>, DbError> {
    let (mut page, mut open) = (PageRequest::new(Some(LOOKED_THROUGH), None), Vec::new());
    loop {
        let found = credit::cycles(tx, Scope::Retailer(retailer.id), CycleFilter::default(), &page).await?;
        open.extend(found.items.into_iter().filter(|cycle| cycle.status.is_open()));
        if found.next.is_none() {
            break;
        }
        page.after = found.next;
    }
    open.sort_by_key(|cycle| cycle.due_on);
    Ok(open)
}

/// Whether something is open on a bill of the retailer.
pub(crate) async fn has_open_bill(tx: &mut Tx, retailer: &Retailer) -> Result<bool, DbError> {
    open_bills(tx, retailer).await.map(|bills| !bills.is_empty())
}

/// Begins to talk about a bill: the one that is open, or which of several.
pub(crate) async fn begin(
    tx: &mut Tx,
    cx: &Context,
    retailer: &Retailer,
    session: &mut Session,
    about: About,
    said: Option<&str>,
) -> Result<Reply, DbError> {
    session.state.step = Step::Idle;
    session.state.said = said.map(|said| said.trim().chars().take(LONGEST).collect());
    let bills = open_bills(tx, retailer).await?;
    match bills.as_slice() {
        [] => Ok(words::no_open_bill(session.language)),
        [only] => about_bill(tx, cx, retailer, session, about, only.id).await,
        several => Ok(words::which_bill(session.language, about, several)),
    }
}

/// Goes on with one bill.
pub(crate) async fn about_bill(
    tx: &mut Tx,
    cx: &Context,
    retailer: &Retailer,
    session: &mut Session,
    about: About,
    bill: CycleId,
) -> Result<Reply, DbError> {
    let language = session.language;
    let found = credit::cycle(tx, Scope::Retailer(retailer.id), bill).await?;
    let Some(cycle) = found.filter(|cycle| cycle.status.is_open()) else { return Ok(words::already_done(language)) };
    let said = session.state.said.clone();
    match about {
        About::Dispute => {
            session.state.step = Step::Disputing(bill);
            Ok(match said {
                Some(said) => words::confirm_dispute(language, &cycle, &said),
                None => words::why_dispute(language, &cycle),
            })
        }
        About::Promise => {
            if let Some(day) = said.and_then(|said| days::day(&said, cx.today())) {
                promise(tx, cx, retailer, session, bill, day).await
            } else {
                session.state.step = Step::Promising(bill);
                Ok(words::which_day(language, &cycle, cx.today()))
            }
        }
    }
}

/// Opens a dispute of a bill.
pub(crate) async fn dispute(
    tx: &mut Tx,
    cx: &Context,
    retailer: &Retailer,
    session: &mut Session,
    bill: CycleId,
    reason: &str,
) -> Result<Reply, DbError> {
    let new = NewDispute { order_line: None, reason: reason.trim().chars().take(LONGEST).collect() };
    (session.state.step, session.state.said) = (Step::Idle, None);
    let scope = Scope::Retailer(retailer.id);
    Ok(match credit::dispute(tx, cx, scope, bill, &new).await? {
        Ok(_) => match credit::cycle(tx, scope, bill).await? {
            Some(cycle) => words::disputed(session.language, &cycle),
            None => words::already_done(session.language),
        },
        Err(Refusal::DisputeOpen { .. }) => words::disputed_before(session.language),
        Err(_) => words::already_done(session.language),
    })
}

/// What was pressed about a dispute: a reason, that what was written is one, or that it is another.
pub(crate) async fn dispute_pressed(
    tx: &mut Tx,
    cx: &Context,
    retailer: &Retailer,
    session: &mut Session,
    bill: CycleId,
    reason: &str,
) -> Result<Reply, DbError> {
    match (reason, session.state.said.clone()) {
        ("SAID", Some(said)) => dispute(tx, cx, retailer, session, bill, &said).await,
        ("SAID" | "OTHER", _) => {
            session.state.said = None;
            about_bill(tx, cx, retailer, session, About::Dispute, bill).await
        }
        (reason, _) => {
            let reason = words::dispute_reason(session.language, reason);
            dispute(tx, cx, retailer, session, bill, reason).await
        }
    }
}

/// Writes down a promise.
async fn promise(
    tx: &mut Tx,
    cx: &Context,
    retailer: &Retailer,
    session: &mut Session,
    bill: CycleId,
    on: BusinessDate,
) -> Result<Reply, DbError> {
    let new = NewPromise { on, note: session.state.said.take() };
    let (language, scope) = (session.language, Scope::Retailer(retailer.id));
    let promised = credit::promise(tx, cx, scope, bill, &new).await?;
    let Some(cycle) = credit::cycle(tx, scope, bill).await? else { return Ok(words::already_done(language)) };
    Ok(match promised {
        Ok(promise) => {
            session.state.step = Step::Idle;
            words::promised(language, &cycle, promise.promised_on)
        }
        Err(Refusal::Field { .. }) => {
            session.state.step = Step::Promising(bill);
            words::day_out_of_reach(language, &cycle, cx.today())
        }
        Err(_) => words::already_done(language),
    })
}

/// A day that was pressed.
pub(crate) async fn promise_pressed(
    tx: &mut Tx,
    cx: &Context,
    retailer: &Retailer,
    session: &mut Session,
    bill: CycleId,
    day: &str,
) -> Result<Reply, DbError> {
    match day.parse() {
        Ok(day) => promise(tx, cx, retailer, session, bill, day).await,
        Err(_) => Ok(words::already_done(session.language)),
    }
}

/// What was typed while a reason or a day is waited for; nothing where it is about something else.
pub(crate) async fn typed(
    tx: &mut Tx,
    cx: &Context,
    retailer: &Retailer,
    session: &mut Session,
    text: &str,
    understood: Option<&Understood>,
) -> Result<Option<Reply>, DbError> {
    let (answer, has_words) = (understand::answer(text), text.chars().any(char::is_alphabetic));
    let intent = understood.map(|understood| understood.intent);
    match session.state.step.clone() {
        Step::Disputing(_) | Step::Promising(_)
            if matches!(answer, Some(Answer::No | Answer::Cancel | Answer::Back)) =>
        {
            (session.state.step, session.state.said) = (Step::Idle, None);
            Ok(Some(words::left_as_it_is(session.language)))
        }
        Step::Disputing(bill) if answer == Some(Answer::Yes) => {
            dispute_pressed(tx, cx, retailer, session, bill, "SAID").await.map(Some)
        }
        // What has just been asked for may name goods like an order does. A number is a button's.
        Step::Disputing(bill)
            if has_words
                && matches!(intent, Some(Intent::Unknown | Intent::Dispute | Intent::Promise | Intent::Order)) =>
        {
            dispute(tx, cx, retailer, session, bill, text).await.map(Some)
        }
        Step::Promising(bill) => match days::day(text, cx.today()) {
            Some(day) => {
                session.state.said = Some(text.trim().chars().take(LONGEST).collect());
                promise(tx, cx, retailer, session, bill, day).await.map(Some)
            }
            None if has_words && is_about_a_day(understood) => {
                session.state.said = None;
                about_bill(tx, cx, retailer, session, About::Promise, bill).await.map(Some)
            }
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

/// Begins to write down what was paid, with what the message says of it.
pub(crate) async fn begin_claim(
    tx: &mut Tx,
    cx: &Context,
    retailer: &Retailer,
    session: &mut Session,
    said: Option<&understand::Claim>,
) -> Result<Reply, DbError> {
    let mut claiming = Claiming::default();
    if let Some(said) = said {
        claiming.take(said);
    }
    ask_next(tx, cx, retailer, session, claiming).await
}

impl Claiming {
    /// Takes what a text says and was not said before.
    fn take(&mut self, said: &understand::Claim) {
        self.amount = self.amount.or(said.amount_paisa.map(Money::from_paisa));
        self.method = self.method.or(said.method.map(method));
        self.reference = self.reference.take().or_else(|| said.reference.clone());
    }
}

const fn method(said: understand::Method) -> Method {
    match said {
        understand::Method::Esewa => Method::Esewa,
        understand::Method::Khalti => Method::Khalti,
        understand::Method::Fonepay => Method::Fonepay,
        understand::Method::ConnectIps => Method::Connectips,
        understand::Method::Bank => Method::Bank,
        understand::Method::Cheque => Method::Cheque,
        understand::Method::Cash => Method::Cash,
        understand::Method::ImePay => Method::Other,
    }
}

/// Asks what is missing of a claim, or whether it is right.
async fn ask_next(
    tx: &mut Tx,
    cx: &Context,
    retailer: &Retailer,
    session: &mut Session,
    mut claiming: Claiming,
) -> Result<Reply, DbError> {
    let language = session.language;
    let standings = credit::standings(tx, retailer, cx.now).await?;
    if claiming.vendor.is_none()
        && let [only] = standings.as_slice()
    {
        claiming.vendor = Some(only.vendor.id);
    }
    let known = standings.iter().find(|standing| Some(standing.vendor.id) == claiming.vendor);
    let reply = match known {
        None if standings.is_empty() => return Ok(words::no_account(language)),
        None => {
            let vendors: Vec<&Vendor> = standings.iter().map(|standing| &standing.vendor).collect();
            words::paid_whom(language, &vendors)
        }
        Some(standing) => match (claiming.amount, claiming.method, &claiming.reference) {
            (None, _, _) => words::paid_how_much(language, standing),
            (Some(_), None, _) => words::paid_how(language),
            (Some(_), Some(method), None) if method != Method::Cash => words::paid_reference(language, method),
            (Some(amount), Some(method), reference) => {
                words::confirm_claim(language, &standing.vendor, amount, method, reference.as_deref())
            }
        },
    };
    session.state.step = Step::Claiming(claiming);
    Ok(reply)
}

/// What was pressed while a payment is being written down.
pub(crate) async fn claim_pressed(
    tx: &mut Tx,
    cx: &Context,
    retailer: &Retailer,
    session: &mut Session,
    what: &str,
    value: Option<&str>,
) -> Result<Reply, DbError> {
    let Step::Claiming(mut claiming) = session.state.step.clone() else {
        return Ok(words::already_done(session.language));
    };
    match (what, value) {
        ("vendor", Some(value)) => claiming.vendor = value.parse().ok(),
        ("amount", Some(value)) => claiming.amount = value.parse().ok().map(Money::from_paisa),
        ("method", Some(value)) => claiming.method = value.parse().ok(),
        ("again", _) => claiming = Claiming::default(),
        ("cancel", _) => {
            session.state.step = Step::Idle;
            return Ok(words::left_as_it_is(session.language));
        }
        _ => return send(tx, cx, retailer, session, claiming).await,
    }
    ask_next(tx, cx, retailer, session, claiming).await
}

/// Puts the claim before its vendor.
async fn send(
    tx: &mut Tx,
    cx: &Context,
    retailer: &Retailer,
    session: &mut Session,
    claiming: Claiming,
) -> Result<Reply, DbError> {
    let (Some(vendor), Some(amount), Some(method)) = (claiming.vendor, claiming.amount, claiming.method) else {
        return ask_next(tx, cx, retailer, session, claiming).await;
    };
    let language = session.language;
    let reference = claiming.reference.clone();
    let new = NewClaim { pair: (retailer.id, vendor), amount, method, reference, on: cx.today() };
    match credit::claim(tx, cx, Scope::Retailer(retailer.id), &new).await? {
        Ok(outcome) => {
            session.state.step = Step::Idle;
            let (Outcome::Applied(claim) | Outcome::AlreadyApplied(claim)) = outcome;
            let Some(vendor) = parties::vendors(tx, &[vendor]).await?.remove(&vendor) else {
                return Err(DbError::Missing("the vendor of a claim"));
            };
            claims::tell(tx, cx, retailer, &vendor, &claim).await?;
            Ok(words::claimed(language, &vendor, claim.amount))
        }
        Err(Refusal::ReferenceRequired) => {
            session.state.step = Step::Claiming(Claiming { reference: None, ..claiming });
            Ok(words::paid_reference(language, method))
        }
        Err(_) => {
            session.state.step = Step::Idle;
            Ok(words::already_done(language))
        }
    }
}

/// What was typed while a payment is being written down; nothing where it is about something else.
pub(crate) async fn claim_typed(
    tx: &mut Tx,
    cx: &Context,
    retailer: &Retailer,
    session: &mut Session,
    mut claiming: Claiming,
    text: &str,
) -> Result<Option<Reply>, DbError> {
    match understand::answer(text) {
        Some(Answer::No | Answer::Cancel | Answer::Back) => {
            session.state.step = Step::Idle;
            return Ok(Some(words::left_as_it_is(session.language)));
        }
        Some(Answer::Change) => {
            return ask_next(tx, cx, retailer, session, Claiming::default()).await.map(Some);
        }
        Some(Answer::Yes) if claiming.amount.is_some() && claiming.method.is_some() => {
            return send(tx, cx, retailer, session, claiming).await.map(Some);
        }
        _ => {}
    }
    let before = claiming.clone();
    let waits_for_reference = claiming.amount.is_some()
        && claiming.method.is_some_and(|method| method != Method::Cash)
        && claiming.reference.is_none();
    let said = understand::claim(text);
    if waits_for_reference {
        let whole = text.trim();
        let is_one = (3..=40).contains(&whole.chars().count()) && whole.chars().any(char::is_numeric);
        claiming.reference = said.reference.or_else(|| is_one.then(|| whole.to_owned()));
    } else if claiming.vendor.is_some() {
        claiming.take(&said);
    }
    if claiming == before {
        return Ok(None);
    }
    ask_next(tx, cx, retailer, session, claiming).await.map(Some)
}

/// Whether a text that names no day may be about one all the same: no other wish is seen in it.
fn is_about_a_day(understood: Option<&Understood>) -> bool {
    understood.is_some_and(|understood| match understood.intent {
        Intent::Unknown | Intent::Promise => true,
        Intent::Order => understood.items.is_empty(),
        _ => false,
    })
}

//! A year of many shops, by the real jobs and schedules under a clock that is moved by hand: shops that pay early, in time,
//! late and very late. `TEST_YEAR_SHOPS` and `TEST_YEAR_DAYS` say how many (a fifth of it on PostgreSQL) and how long (see
//! docs/testing.md).

#![allow(clippy::print_stderr, reason = "the year's figures are read by people")]

use std::collections::{BTreeMap, BTreeSet};

use credit::{Ask, Cycle, NewRepayment, PaymentMode};
use db::{DbError, Tx};
use kernel::{
    Actor, BusinessDate, Context, CycleId, Id as _, LineId, Page, PageRequest, ProductId, RetailerId, Scope, UserId,
    VendorId,
};
use orders::{Outcome, Place, Proof, Wanted};
use parties::{CreditCause, CreditStatus};
use reminders::{Stage, State};
use risk::{ActionKind, Ending};

use crate::support::shop::Shop;

/// How a shop pays: its next bills so many days after they are due, in turn.
const HABITS: [&[i64]; 5] =
    [&[-10], &[0], &[3, 3, 3, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2], &[-1, 40], &[5]];
/// Days of the short form.
const DAYS: i64 = 160;
/// The limit of a line, in rupees.
const LIMIT: i64 = 40_000;
/// The hours at which a server looks at the clock.
const HOURS: [i64; 3] = [4, 10, 21];

struct Year {
    shop: Shop,
    retailers: Vec<RetailerId>,
    vendors: Vec<VendorId>,
    product: ProductId,
    /// What is owed, by the day on which it will be paid.
    bills: BTreeMap<BusinessDate, Vec<CycleId>>,
    delivered: usize,
    refused: usize,
    paid: usize,
}

/// Places an order on credit and lets it arrive; nothing where the check refuses it.
async fn arrives(tx: &mut Tx, cx: &Context, place: &Place) -> Result<Option<credit::Cycle>, DbError> {
    let Some(Outcome::Placed(placed)) = orders::place_all(tx, std::slice::from_ref(place)).await?.pop() else {
        return Ok(None);
    };
    let order = placed.order.id;
    orders::accept(tx, cx, Scope::All, placed.offer.unwrap().id).await?.unwrap();
    orders::dispatch(tx, cx, Scope::All, order).await?.unwrap();
    let proof = Proof::Operator("the shop telephoned".to_owned());
    Ok(orders::deliver(tx, cx, Scope::All, order, &proof, &[]).await?.unwrap().cycle)
}

impl Year {
    async fn open(t: testkit::TestDb, shops: usize) -> Self {
        let shop = Shop::open(t).await;
        let product = shop.catalogue().await.into_values().next().unwrap();
        let mut year = Self {
            product: product.parse().unwrap(),
            shop,
            retailers: Vec::new(),
            vendors: Vec::new(),
            bills: BTreeMap::new(),
            delivered: 0,
            refused: 0,
            paid: 0,
        };
        let mut vendors = Vec::new();
        for (number, prefix) in ["KAR", "BHE", "SUR"].iter().enumerate() {
            let vendor = year.shop.vendor(prefix, &format!("97798210000{number:02}"), prefix, "EN").await;
            year.shop.sells(&vendor, &product, "1000.00", 1_000_000).await;
            year.vendors.push(vendor.id.parse().unwrap());
            vendors.push(vendor);
        }
        for number in 0..shops {
            let language = ["NE", "RNE", "EN"][number % 3];
            let name = format!("Shop {number}");
            let retailer = year.shop.retailer(&name, &format!("977983{number:07}"), language).await;
            for turn in 0..2 {
                year.shop.grants(&vendors[(number + turn) % 3], &retailer, &format!("{LIMIT}.00")).await;
            }
            year.retailers.push(retailer.id.parse().unwrap());
        }
        year
    }

    fn cx(&self) -> Context {
        Context::new(&self.shop.t.clock, &self.shop.t.ids, Actor::Operator(UserId::from_bits(9)), "year")
    }

    /// Goods arrive at a seventh of the shops, and what was to be paid on this day is paid.
    async fn trades(&mut self, day: i64) {
        let cx = self.cx();
        for (number, retailer) in self.retailers.clone().into_iter().enumerate() {
            let week = day / 7;
            if (i64::try_from(number).unwrap() + day) % 7 != 0 {
                continue;
            }
            let turn = usize::try_from(week).unwrap();
            let place = Place {
                cx: cx.clone(),
                retailer,
                vendor: Some(self.vendors[(number + turn % 2) % 3]),
                mode: PaymentMode::Credit,
                lines: vec![Wanted { product_id: self.product, quantity: 3 }],
                place: None,
                draft: None,
                retry_of: None,
                expected_total: None,
            };
            let cx = cx.clone();
            let arrived = self.shop.t.db.write(async move |tx| arrives(tx, &cx, &place).await).await.unwrap();
            let Some(cycle) = arrived else {
                self.refused += 1;
                continue;
            };
            self.delivered += 1;
            let habit = HABITS[number % HABITS.len()];
            self.bills.entry(cycle.due_on.plus_days(habit[turn % habit.len()])).or_default().push(cycle.id);
        }
        let today = cx.today();
        for cycle in self.bills.remove(&today).unwrap_or_default() {
            let cx = cx.clone();
            let done = self.shop.t.db.write::<_, DbError, _>(async move |tx| {
                let open = credit::cycle(tx, Scope::All, cycle).await?.unwrap().outstanding;
                let (ask, method) = (Ask::Principal(open), "CASH".parse().unwrap());
                let new = NewRepayment { ask, on: today, method, reference: None };
                credit::repay(tx, &cx, Scope::All, cycle, new).await.map(|done| done.map(|_| ()))
            });
            done.await.unwrap().unwrap();
            self.paid += 1;
        }
    }

    async fn lives(&mut self) {
        let first = self.shop.t.clock.now().business_date().plus_days(1);
        for day in 0..testkit::wanted("TEST_YEAR_DAYS", DAYS) {
            let today = first.plus_days(day);
            for hour in HOURS {
                let now = self.shop.t.clock.now();
                self.shop.t.clock.advance_seconds(today.at(hour, 1).seconds_since(now));
                self.shop.runs_schedules().await;
                queue::run_ready(&self.shop.t.db, &self.shop.t.clock, &self.shop.t.ids, &self.shop.house.registry)
                    .await
                    .unwrap();
                if hour == 10 {
                    self.trades(day).await;
                }
            }
        }
    }

    /// What was sent of reminders and of what the rules did: none twice of a day, none at night.
    async fn messages_keep_the_peace(&self) -> usize {
        let (mut days, mut count) = (BTreeSet::new(), 0);
        let messages = everything(&self.shop, async |tx, page| {
            notify::messages(tx, Scope::All, &notify::MessageFilter::default(), page).await
        });
        for message in messages.await {
            let is_reminder = message.reason_key.starts_with("reminder:");
            let is_of_rules = ["paused:", "lifted:", "limit"].iter().any(|key| message.reason_key.starts_with(key));
            let Some(sent) = message.sent_at.filter(|_| is_reminder || is_of_rules) else { continue };
            let (hour, _) = sent.kathmandu_time();
            assert!((7..20).contains(&hour), "{} at {hour}", message.reason_key);
            if is_reminder {
                count += 1;
                assert!(days.insert((message.retailer_id, sent.business_date())), "{}", message.reason_key);
            }
        }
        count
    }

    /// Each stage of each cycle that was open on its day was sent on that day, once, and no other.
    async fn each_stage_came_once(&self) -> BTreeMap<String, usize> {
        let today = self.shop.t.clock.now().business_date();
        let rows =
            everything(&self.shop, async |tx, page| reminders::reminders(tx, reminders::Filter::default(), page).await);
        let (mut sent, mut figures) = (BTreeSet::new(), BTreeMap::<_, usize>::new());
        for row in rows.await {
            assert_eq!((row.state, row.reason), (State::Sent, None), "{row:?}");
            assert!(sent.insert((row.cycle_id, row.stage.to_string(), row.day)), "{row:?}");
            *figures.entry(row.stage.to_string()).or_default() += 1;
        }
        let mut due = BTreeSet::new();
        for cycle in self.cycles().await {
            for (stage, days) in [(Stage::DayBefore, -1), (Stage::Due, 0), (Stage::Overdue3, 3)] {
                // Bills are paid after the reminders of the day have gone out.
                let day = cycle.due_on.plus_days(days);
                if day <= today && cycle.closed_on.is_none_or(|closed| closed >= day) {
                    due.insert((cycle.id, stage.to_string(), day));
                }
            }
        }
        assert_eq!(sent, due);
        figures
    }

    async fn cycles(&self) -> Vec<Cycle> {
        let list = async |tx: &mut Tx, page: &PageRequest| {
            credit::cycles(tx, Scope::All, credit::CycleFilter::default(), page).await
        };
        everything(&self.shop, list).await
    }

    /// Every pause names bills and lifted once they were paid; what was cut of a line and is not given back is what its
    /// limit lacks, to the paisa; who is paused at the end is who owes something that is too late.
    async fn rules_kept_their_word(&self) -> BTreeMap<String, usize> {
        let cycles: BTreeMap<_, _> = self.cycles().await.into_iter().map(|cycle| (cycle.id, cycle)).collect();
        let mut figures = BTreeMap::<_, usize>::new();
        let mut lacking = BTreeMap::<LineId, i64>::new();
        for action in everything(&self.shop, async |tx, page| risk::actions(tx, None, page).await).await {
            let how = action.ended_how.map_or_else(|| "IN FORCE".to_owned(), |how| how.to_string());
            *figures.entry(format!("{} {how}", action.kind)).or_default() += 1;
            assert!(!action.cause.sentence(parties::Language::English).is_empty());
            let changed = action.before.zip(action.after).map(|(before, after)| before.minus(after).unwrap().paisa());
            match (action.kind, action.ended_how) {
                (ActionKind::Pause, ending) => {
                    assert!(!action.cycles.is_empty(), "{action:?}");
                    let Some(ended) = action.ended_at else { continue };
                    assert_eq!(ending, Some(Ending::Lifted), "{action:?}");
                    let is_paid = |id| cycles[id].closed_on.is_some_and(|closed| closed <= ended.business_date());
                    assert!(action.cycles.iter().all(is_paid), "{action:?}");
                }
                (ActionKind::Cut, ending) => {
                    assert!(ending.is_none_or(|ending| ending == Ending::Restored) && !action.cycles.is_empty());
                    *lacking.entry(action.line_id.unwrap()).or_default() += changed.unwrap();
                }
                (ActionKind::Restore, _) => *lacking.entry(action.line_id.unwrap()).or_default() += changed.unwrap(),
            }
        }
        let today = self.shop.t.clock.now().business_date();
        let (retailers, vendors) = (self.retailers.clone(), self.vendors.clone());
        let pairs: Vec<_> = retailers.iter().flat_map(|id| vendors.iter().map(|vendor| (*id, *vendor))).collect();
        let known = self.shop.t.db.read::<_, DbError, _>(async move |tx| {
            let behaviours = credit::behaviour(tx, &retailers, today, 10, 0).await?;
            Ok((parties::retailers(tx, &retailers).await?, behaviours, credit::lines(tx, &pairs, today).await?))
        });
        let (shops, behaviours, lines) = known.await.unwrap();
        for line in lines.values() {
            let cut = lacking.get(&line.id).copied().unwrap_or_default();
            assert_eq!(line.limit.paisa() + cut, LIMIT * 100, "{line:?}");
        }
        for (id, shop) in shops {
            let is_paused =
                (shop.credit_status, shop.credit_cause) == (CreditStatus::Paused, Some(CreditCause::Overdue));
            assert_eq!(is_paused, behaviours[&id].worst_overdue_days > 30, "{}: {:?}", shop.name, behaviours[&id]);
        }
        figures
    }

    async fn scores(&self) -> BTreeMap<String, usize> {
        let retailers = self.retailers.clone();
        let kept = self.shop.t.db.read::<_, DbError, _>(async move |tx| scoring::kept(tx, &retailers).await);
        let mut bands = BTreeMap::<_, usize>::new();
        for kept in kept.await.unwrap().values() {
            *bands.entry(kept.score.band().to_string()).or_default() += 1;
        }
        bands
    }
}

/// Every item of a list, page by page.
async fn everything<T: Send + 'static>(
    shop: &Shop,
    list: impl AsyncFn(&mut Tx, &PageRequest) -> Result<Page<T>, DbError> + Copy + Send + 'static,
) -> Vec<T> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = PageRequest::new(Some(200), after);
        let found = shop.t.db.read::<_, DbError, _>(async move |tx| list(tx, &page).await).await.unwrap();
        all.extend(found.items);
        after = found.next;
        if after.is_none() {
            return all;
        }
    }
}

async fn a_year(t: testkit::TestDb) {
    let shops = t.wanted("TEST_YEAR_SHOPS", 10);
    let mut year = Year::open(t, shops).await;
    year.lives().await;
    let reminders = year.messages_keep_the_peace().await;
    let stages = year.each_stage_came_once().await;
    let actions = year.rules_kept_their_word().await;
    let scores = year.scores().await;
    year.shop.is_clean().await;
    let Year { delivered, refused, paid, .. } = &year;
    let days = testkit::wanted("TEST_YEAR_DAYS", DAYS);
    eprintln!(
        "{days} days of {shops} shops: {delivered} orders arrived, {refused} refused, {paid} bills paid; \
         {reminders} messages with the reminders {stages:?}; rules {actions:?}; scores at the end {scores:?}"
    );
    assert!(*delivered > shops * 20 && *paid > shops * 12 && reminders > shops, "{actions:?}");
    let has = |what: &str| actions.keys().any(|kind| kind.starts_with(what));
    assert!(has("PAUSE LIFTED") && has("CUT RESTORED") && has("RESTORE"), "{actions:?}");
    assert!(*refused > 0, "a paused shop is refused");
}

#[tokio::test]
async fn a_year_of_shops_goes_by_the_rules_on_sqlite() {
    a_year(testkit::TestDb::sqlite().await.unwrap()).await;
}

#[tokio::test]
async fn a_year_of_shops_goes_by_the_rules_on_postgres() {
    a_year(testkit::TestDb::postgres().await.unwrap()).await;
}

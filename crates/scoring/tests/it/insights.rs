//! Insights as they are kept, against the deliveries and payments that led there, counted one by one.

use std::collections::BTreeMap;

use credit::Ask;
use db::params;
use kernel::{BusinessDate, CycleId, Money, ProductId, Scope};
use scoring::{Figures, Overview};

use crate::world::{Dice, World, rupees};

/// A delivery, with what became of its bill.
struct Bill {
    cycle: CycleId,
    number: String,
    on: BusinessDate,
    due_on: BusinessDate,
    paisa: i64,
    product: usize,
    quantity: i64,
    paid_on: Option<BusinessDate>,
}

/// A shop of which everything is remembered.
struct Story {
    world: World,
    products: Vec<ProductId>,
    bills: Vec<Bill>,
}

/// Rounded to the nearest; of two that are as near, to the even one.
fn rounded(part: i64, whole: i64) -> Option<i64> {
    let (down, left) = (part.checked_div(whole)?, part % whole * 2);
    Some(down + i64::from(left > whole || left == whole && down % 2 == 1))
}

fn month(on: BusinessDate) -> String {
    on.to_string()[..7].to_owned()
}

impl Story {
    async fn new(t: testkit::TestDb) -> Self {
        let world = World::new(t).await;
        let products = world.write(async |tx, cx| {
            let columns =
                &["id", "sku", "name", "name_ne", "unit", "category", "aliases", "status", "created_at", "version"];
            let ids: Vec<ProductId> = (0..5).map(|_| cx.id()).collect();
            let row = |(number, id): (usize, &ProductId)| {
                params![
                    *id,
                    format!("P{number}"),
                    format!("Product {number}"),
                    "सामान",
                    "kg",
                    "rice",
                    "[]",
                    "ACTIVE",
                    cx.now,
                    1
                ]
            };
            tx.insert_many("products", columns, ids.iter().enumerate().map(row).collect()).await?;
            Ok(ids)
        });
        Self { products: products.await, world, bills: Vec::new() }
    }

    async fn delivered(&mut self, dice: &mut Dice) {
        let (vendor, product, quantity) = (self.world.vendors[0], dice.roll(5), 1 + dice.roll(9));
        let paisa = quantity * (10_000 + dice.roll(33_333));
        let cycle = self.world.deliver(vendor, Money::from_paisa(paisa)).await;
        let (retailer, order, product) =
            (self.world.retailer, cycle.order_id.unwrap(), usize::try_from(product).unwrap());
        let id = self.products[product];
        self.world
            .write(async move |tx, _| {
                let columns = &[
                    "retailer_id",
                    "order_id",
                    "number",
                    "product_id",
                    "quantity",
                    "unit_price_paisa",
                    "delivered_quantity",
                ];
                let row = params![retailer, order, 1, id, quantity, paisa / quantity, quantity];
                tx.insert_many("order_lines", columns, vec![row]).await
            })
            .await;
        let (on, due_on) = (cycle.started_on, cycle.due_on);
        self.bills.push(Bill {
            cycle: cycle.id,
            number: cycle.number,
            on,
            due_on,
            paisa,
            product,
            quantity,
            paid_on: None,
        });
    }

    async fn paid(&mut self, dice: &mut Dice) {
        let today = self.world.today();
        let open: Vec<usize> = (0..self.bills.len()).filter(|at| self.bills[*at].paid_on.is_none()).collect();
        let Some(at) = dice.one_of(&open) else { return };
        let bill = &mut self.bills[*at];
        self.world.repay(bill.cycle, Money::from_paisa(bill.paisa), today).await.unwrap();
        bill.paid_on = Some(today);
    }

    fn count<'a>(&'a self, which: impl Fn(&Bill) -> bool + 'a) -> (i64, i64) {
        let found = self.bills.iter().filter(move |bill| which(bill));
        found.fold((0, 0), |(count, paisa), bill| (count + 1, paisa + bill.paisa))
    }

    /// The last month's name.
    fn last_month(&self) -> String {
        let today = self.world.today();
        (1..32).map(|days| month(today.plus_days(-days))).find(|name| *name != month(today)).unwrap()
    }

    /// Compares the kept figures with what is remembered.
    async fn agrees(&self) {
        let (retailer, today) = (self.world.retailer, self.world.today());
        let kept = self.world.write(async move |tx, _| scoring::insight(tx, retailer).await).await.unwrap();
        assert_eq!(kept.computed_at, self.world.cx().now);
        let Figures { on, this_month, last_month, limit, outstanding, overdue, .. } = &kept.figures;
        let (this, last) = (month(today), self.last_month());
        assert_eq!(*on, today);
        assert_eq!((this_month.orders, this_month.value.paisa()), self.count(|bill| month(bill.on) == this));
        assert_eq!((last_month.orders, last_month.value.paisa()), self.count(|bill| month(bill.on) == last));
        let is_open = |bill: &Bill| bill.paid_on.is_none();
        let owed = self.count(is_open).1;
        assert_eq!((*limit, outstanding.paisa()), (rupees(2_000_000), owed));
        assert_eq!(overdue.paisa(), self.count(|bill| is_open(bill) && bill.due_on < today).1);
        assert_eq!(kept.figures.utilisation_bp, rounded(owed * 10_000, limit.paisa()));

        let lately = |bill: &&Bill| today.days_since(bill.on) < 90;
        let (orders, value) = self.count(|bill| lately(&bill));
        assert_eq!(kept.figures.average_order.map(Money::paisa), rounded(value, orders));
        let days: Vec<BusinessDate> = self.bills.iter().filter(lately).map(|bill| bill.on).collect();
        let between =
            days.first().zip(days.last()).and_then(|(first, last)| rounded(last.days_since(*first) * 10, orders - 1));
        assert_eq!(kept.figures.days_between_orders_tenths, between);
        let mut liked: BTreeMap<usize, (i64, i64)> = BTreeMap::new();
        for bill in self.bills.iter().filter(lately) {
            let of = liked.entry(bill.product).or_default();
            *of = (of.0 + 1, of.1 + bill.quantity);
        }
        let mut liked: Vec<_> = liked
            .into_iter()
            .map(|(product, (orders, quantity))| (-orders, -quantity, self.products[product]))
            .collect();
        liked.sort();
        let liked: Vec<_> = liked.into_iter().take(3).map(|(_, quantity, product)| (product, -quantity)).collect();
        let shown: Vec<_> =
            kept.figures.favourites.iter().map(|product| (product.product_id, product.quantity)).collect();
        assert_eq!(shown, liked);

        let is_within = |date: BusinessDate| (0..365).contains(&today.days_since(date));
        let rated = |bill: &Bill| {
            is_within(bill.due_on) || bill.paid_on.is_some_and(is_within) || is_open(bill) && bill.due_on < today
        };
        let is_on_time = |bill: &Bill| bill.paid_on.unwrap_or(today) <= bill.due_on;
        let on_time = self.count(|bill| rated(bill) && is_on_time(bill)).1;
        assert_eq!(kept.figures.on_time_bp, rounded(on_time * 10_000, self.count(rated).1));
        let next = self
            .bills
            .iter()
            .filter(|bill| is_open(bill))
            .min_by_key(|bill| (bill.due_on, bill.number.len(), bill.number.clone()));
        let due = kept.figures.next_due.as_ref();
        assert_eq!(due.map(|due| (due.due_on, due.outstanding.paisa())), next.map(|bill| (bill.due_on, bill.paisa)));
        self.saves(kept.figures.saving.map(|saving| (saving.amount.paisa(), saving.until))).await;
    }

    /// Each open bill is asked for what it costs today.
    async fn saves(&self, kept: Option<(i64, BusinessDate)>) {
        let today = self.world.today();
        let (mut saved, mut until) = (0, None);
        for bill in self.bills.iter().filter(|bill| bill.paid_on.is_none()) {
            let (cycle, ask) = (bill.cycle, Ask::Principal(Money::from_paisa(bill.paisa)));
            let quote =
                self.world.write(async move |tx, _| credit::quote(tx, Scope::All, cycle, ask, today).await).await;
            let discount = quote.unwrap().settlement.discount.paisa();
            saved += discount;
            until = until.into_iter().chain((discount > 0).then_some(bill.due_on)).min();
        }
        assert_eq!(kept, until.map(|until| (saved, until)));
    }

    async fn overview(&self) {
        let kept = self.world.write(async |tx, _| scoring::overview(tx).await).await.unwrap();
        let Overview { on, retailers, this_month, last_month, outstanding, overdue, bands, .. } = kept.overview;
        let (today, this, last) = (self.world.today(), month(self.world.today()), self.last_month());
        let (this, last) = (self.count(|bill| month(bill.on) == this), self.count(|bill| month(bill.on) == last));
        assert_eq!((on, retailers), (today, 2));
        assert_eq!(
            ((this_month.orders, this_month.value.paisa()), (last_month.orders, last_month.value.paisa())),
            (this, last)
        );
        assert_eq!([kept.overview.active_this_month, kept.overview.active_last_month], [this.0.min(1), last.0.min(1)]);
        assert_eq!(outstanding.paisa(), self.count(|bill| bill.paid_on.is_none()).1);
        assert_eq!(overdue.paisa(), self.count(|bill| bill.paid_on.is_none() && bill.due_on < today).1);
        assert_eq!(bands.iter().map(|band| band.retailers).sum::<i64>(), 2);
    }
}

testkit::both_engines! {
    async fn the_figures_of_every_night_are_those_of_plain_counting(t: TestDb) {
        let mut story = Story::new(t).await;
        let newcomer = story.world.t.ids.make(story.world.t.clock.now());
        story.world.add_retailer(newcomer).await;
        for line in story.world.lines.clone() {
            assert!(story.world.limit(line, rupees(1_000_000)).await);
        }
        let (mut dice, first) = (Dice(11), story.world.today());
        for day in 0..150 {
            let date = first.plus_days(day);
            // A month in which nothing happens.
            let is_away = (60..95).contains(&day);
            story.world.t.clock.set(date.at(3, 0));
            if day % 5 == 0 {
                story.world.nightly().await;
                let t = &story.world.t;
                assert_eq!(scoring::regenerate_all(&t.db, &t.clock, &t.ids, &queue::Running::nobody()).await.unwrap(), 2);
                story.agrees().await;
                story.overview().await;
            }
            story.world.t.clock.set(date.at(12, 0));
            if !is_away && dice.roll(2) == 0 {
                story.delivered(&mut dice).await;
            }
            if !is_away && dice.roll(3) == 0 {
                story.paid(&mut dice).await;
            }
        }
        let nothing = story.world.write(async move |tx, _| scoring::insight(tx, newcomer).await).await.unwrap().figures;
        assert_eq!((nothing.this_month.orders, nothing.average_order, nothing.utilisation_bp, nothing.next_due), (0, None, None, None));
    }
}

//! Half a year of trade between a few shops and wholesalers, by chance that repeats, through the use cases that serve
//! real people.

use catalog::{NewProduct, VendorTerms};
use credit::{Ask, Discount, NewLine, NewRepayment, PaymentMode, SettlementTerms};
use db::{DbError, Tx};
use kernel::{Actor, BusinessDate, Context, CycleId, LineId, Money, ProductId, Rate, RetailerId, Scope, VendorId};
use ledger::Method;
use orders::{Arrived, Outcome, Place, Proof, Wanted};
use parties::{Language, NewRetailer, NewVendor};
use testkit::TestDb;

/// Days of trade.
pub(crate) const DAYS: i64 = 182;
const SHOPS: usize = 4;
const WHOLESALERS: usize = 2;
const GOODS: usize = 3;

/// Chances that come out the same in every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % bound
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(i64::try_from(of.len()).unwrap())).unwrap()]
    }
}

/// The people, and what they owe each other on.
pub(crate) struct Trade {
    pub(crate) t: TestDb,
    pub(crate) dice: Dice,
    pub(crate) vendors: Vec<VendorId>,
    /// Each with its retailer and its vendor.
    pub(crate) lines: Vec<(LineId, RetailerId, VendorId)>,
    goods: Vec<ProductId>,
    /// Cycles on which something is open.
    open: Vec<CycleId>,
    pub(crate) began: BusinessDate,
}

fn place(number: usize) -> (Option<i64>, Option<i64>) {
    (Some(28_600_000 + i64::try_from(number).unwrap() * 100), Some(81_630_000))
}

impl Trade {
    pub(crate) async fn open(t: TestDb, seed: u64) -> Self {
        let began = t.clock.now().business_date();
        let (vendors, lines, goods) = (Vec::new(), Vec::new(), Vec::new());
        let mut trade = Self { t, dice: Dice(seed), vendors, lines, goods, open: Vec::new(), began };
        trade.sell().await;
        trade.settle_shops().await;
        trade
    }

    pub(crate) fn cx(&self, actor: Actor) -> Context {
        Context::new(&self.t.clock, &self.t.ids, actor, "trade")
    }

    async fn write<T: Send + 'static>(
        &self,
        actor: Actor,
        work: impl AsyncFn(&mut Tx, &Context) -> Result<T, DbError> + Send + 'static,
    ) -> T {
        let cx = self.cx(actor);
        self.t.db.write(async move |tx| work(tx, &cx).await).await.unwrap()
    }

    async fn sell(&mut self) {
        for number in 0..WHOLESALERS {
            let (latitude_micro, longitude_micro) = place(number);
            let new = NewVendor {
                name: format!("Wholesaler {number}"),
                owner_name: "Maya".to_owned(),
                phone: format!("97798520000{number:02}"),
                place: None,
                latitude_micro,
                longitude_micro,
                language: Language::English,
                number_prefix: format!("W{}", ["AA", "BB"][number]),
                capacity: 1_000,
            };
            let made = self.write(Actor::System, async move |tx, cx| parties::create_vendor(tx, cx, &new).await).await;
            self.vendors.push(made.unwrap().id);
        }
        for number in 0..GOODS {
            let new = NewProduct {
                sku: format!("GOOD-{number}"),
                name: format!("Good {number}"),
                name_ne: format!("सामान {number}"),
                unit: "bora".to_owned(),
                pack: None,
                category: "grain".to_owned(),
                aliases: Vec::new(),
            };
            let vendors = self.vendors.clone();
            let price = Money::from_paisa(33_333 + i64::try_from(number).unwrap() * 7_777);
            let made = self.write(Actor::System, async move |tx, cx| {
                let made = catalog::create_product(tx, cx, &new).await?.unwrap();
                for vendor in &vendors {
                    let terms = VendorTerms { price, stock: 1_000_000, minimum_quantity: 1, is_available: true };
                    catalog::put_vendor_product(tx, cx, *vendor, made.id, &terms, &catalog::Why::COUNTED)
                        .await?
                        .unwrap();
                }
                Ok(made.id)
            });
            self.goods.push(made.await);
        }
    }

    async fn settle_shops(&mut self) {
        for number in 0..SHOPS {
            let (latitude_micro, longitude_micro) = place(number);
            let new = NewRetailer {
                name: format!("Shop {number}"),
                owner_name: "Ram".to_owned(),
                phone: format!("97798410000{number:02}"),
                place: None,
                latitude_micro,
                longitude_micro,
                language: Language::English,
            };
            let made =
                self.write(Actor::System, async move |tx, cx| parties::create_retailer(tx, cx, &new).await).await;
            let retailer = made.unwrap().id;
            for vendor in self.vendors.clone() {
                // Some give a discount in two steps, all take interest after the terms, so that every account is used.
                let discounts = [(10, 525), (30, 275)]
                    .map(|(through_day, rate)| Discount { through_day, rate: Rate::from_basis_points(rate) });
                let settlement = SettlementTerms {
                    discounts: if number % 2 == 0 { discounts.to_vec() } else { Vec::new() },
                    late_interest_bp_year: Rate::from_basis_points(1_000),
                    grace_days: 3,
                };
                let new = NewLine {
                    retailer_id: retailer,
                    vendor_id: vendor,
                    limit: Money::from_rupees(100_000).unwrap(),
                    terms_days: 30,
                    max_order: None,
                    max_overdue_days: 60,
                    settlement: Some(settlement),
                };
                let line =
                    self.write(Actor::System, async move |tx, cx| credit::create_line(tx, cx, new.clone()).await);
                self.lines.push((line.await.unwrap().id, retailer, vendor));
            }
        }
    }

    /// A day of trade: orders that arrive, all of them or in part, and repayments on the day or dated back.
    pub(crate) async fn day(&mut self) {
        for (_, retailer, vendor) in self.lines.clone() {
            if self.dice.below(12) == 0 {
                self.order(retailer, vendor).await;
            }
        }
        for cycle in std::mem::take(&mut self.open) {
            let is_open = self.dice.below(20) != 0 || self.repay(cycle).await;
            if is_open {
                self.open.push(cycle);
            }
        }
        self.t.clock.advance_seconds(86_400);
    }

    async fn order(&mut self, retailer: RetailerId, vendor: VendorId) {
        let mode = if self.dice.below(5) == 0 { PaymentMode::Cash } else { PaymentMode::Credit };
        let lines = vec![Wanted { product_id: self.dice.pick(&self.goods), quantity: 2 + self.dice.below(9) }];
        let cx = self.cx(Actor::Retailer(retailer));
        let place = Place {
            cx,
            retailer,
            vendor: Some(vendor),
            mode,
            lines,
            place: None,
            draft: None,
            retry_of: None,
            expected_total: None,
        };
        let placed = self.t.db.write(async move |tx| orders::place_all(tx, std::slice::from_ref(&place)).await);
        let outcomes: Vec<Outcome> = placed.await.unwrap();
        // Whoever owes for too long gets nothing more.
        let Some(Outcome::Placed(placed)) = outcomes.into_iter().next() else { return };
        let (order, offer) = (placed.order.id, placed.offer.unwrap().id);
        let arrived = if self.dice.below(4) == 0 { vec![Arrived { number: 1, quantity: 1 }] } else { Vec::new() };
        let delivered = self.write(Actor::System, async move |tx, cx| {
            orders::accept(tx, cx, Scope::Vendor(vendor), offer).await?.unwrap();
            orders::dispatch(tx, cx, Scope::Vendor(vendor), order).await?.unwrap();
            orders::deliver(tx, cx, Scope::All, order, &Proof::Operator("seen".to_owned()), &arrived).await
        });
        self.open.extend(delivered.await.unwrap().cycle.map(|cycle| cycle.id));
    }

    /// Repays a part or all of a cycle, and tells whether something is left of it.
    async fn repay(&mut self, id: CycleId) -> bool {
        let known =
            self.write(Actor::System, async move |tx, _| credit::cycle(tx, Scope::All, id).await).await.unwrap();
        let today = self.t.clock.now().business_date();
        let earliest = known.last_repayment_on.unwrap_or(known.started_on);
        let on = today.plus_days(-self.dice.below(4)).max(earliest);
        let part = Money::from_paisa((known.outstanding.paisa() / 3 + self.dice.below(100)).max(100));
        let ask = match self.dice.below(3) {
            0 => Ask::Principal(known.outstanding),
            1 => Ask::Principal(part.min(known.outstanding)),
            _ => Ask::Cash(part.min(Money::from_paisa(known.outstanding.paisa() / 2))),
        };
        let method = self.dice.pick(Method::ALL);
        let reference = (method != Method::Cash).then(|| format!("REF {}", self.dice.below(1 << 40)));
        let new = NewRepayment { ask, on, method, reference };
        let actor = Actor::Vendor(known.vendor_id);
        let paid =
            self.write(actor, async move |tx, cx| credit::repay(tx, cx, Scope::All, id, new.clone()).await).await;
        // A rest below a rupee by cash is refused; it stays for another day.
        paid.map_or(true, |paid| paid.cycle.outstanding.is_positive())
    }
}

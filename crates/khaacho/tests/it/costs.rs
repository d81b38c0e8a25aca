//! What each use case costs: statements, and round trips on PostgreSQL, as the module docs of `orders` and `credit` say.
//!
//! A change of these figures is a change of speed: whoever makes one changes them here and there.

use credit::{Ask, NewRepayment, PaymentMode};
use db::{DbError, Engine, Tx};
use kernel::{Actor, Context, CycleId, OrderId, Scope};
use ledger::Method;
use orders::{Outcome, Place, Placed, Proof, Wanted};
use testkit::TestDb;

use crate::support::shop::{Known, Shop};

/// Two vendors, shops with lines at both, and three products.
struct World {
    shop: Shop,
    vendors: Vec<Known>,
    retailers: Vec<Known>,
    products: Vec<String>,
}

impl World {
    async fn open(t: TestDb) -> Self {
        let shop = Shop::open(t).await;
        let mut vendors = Vec::new();
        for (phone, prefix) in [("9779700000001", "AA"), ("9779700000002", "BB")] {
            vendors.push(shop.vendor(prefix, phone, prefix, "EN").await);
        }
        let mut products = Vec::new();
        for sku in ["RICE", "SALT", "OIL"] {
            let new = serde_json::json!({ "sku": sku, "name": sku, "nameNe": "सामान", "unit": "bora" });
            let product = shop.made("products", new).await;
            for vendor in &vendors {
                shop.sells(vendor, &product, "100", 1_000).await;
            }
            products.push(product);
        }
        let mut retailers = Vec::new();
        for number in 0..20 {
            let retailer = shop.retailer("Shop", &format!("97798000000{number:02}"), "EN").await;
            for vendor in &vendors {
                shop.grants(vendor, &retailer, "100000").await;
            }
            retailers.push(retailer);
        }
        Self { shop, vendors, retailers, products }
    }

    fn cx(&self) -> Context {
        Context::new(&self.shop.t.clock, &self.shop.t.ids, Actor::System, "costs")
    }

    fn orders(&self, count: usize, is_routed: bool) -> Vec<Place> {
        let place = |retailer: &Known| Place {
            cx: self.cx(),
            retailer: retailer.id.parse().unwrap(),
            vendor: (!is_routed).then(|| self.vendors[0].id.parse().unwrap()),
            mode: PaymentMode::Credit,
            lines: self
                .products
                .iter()
                .map(|product| Wanted { product_id: product.parse().unwrap(), quantity: 1 })
                .collect(),
            place: None,
            draft: None,
            retry_of: None,
            expected_total: None,
        };
        self.retailers.iter().take(count).map(place).collect()
    }

    /// What some work in a transaction costs; round trips are counted on PostgreSQL alone, and with those of the COMMIT.
    async fn cost<T: Send + 'static>(
        &self,
        work: impl AsyncFn(&mut Tx) -> Result<T, DbError> + Send + 'static,
    ) -> (T, [u64; 2]) {
        let counted = self.shop.t.db.write(async move |tx| {
            let done = work(tx).await?;
            let cost = tx.cost();
            Ok::<_, DbError>((done, [cost.statements, cost.round_trips + 1]))
        });
        let (done, [statements, trips]) = counted.await.unwrap();
        let trips = if self.shop.t.db.engine() == Engine::Postgres { trips } else { 0 };
        (done, [statements, trips])
    }

    async fn place(&self, count: usize, is_routed: bool) -> (Vec<Placed>, [u64; 2]) {
        let set = self.orders(count, is_routed);
        let (outcomes, cost) = self.cost(async move |tx| orders::place_all(tx, &set).await).await;
        let placed = outcomes.into_iter().map(|outcome| match outcome {
            Outcome::Placed(placed) => *placed,
            Outcome::Refused(refusal) => panic!("{refusal}"),
        });
        (placed.collect(), cost)
    }

    async fn deliver(&self, placed: &Placed) -> [[u64; 2]; 3] {
        let (cx, offer, order): (_, _, OrderId) = (self.cx(), placed.offer.clone().unwrap().id, placed.order.id);
        let (done, accepted) = {
            let cx = cx.clone();
            self.cost(async move |tx| orders::accept(tx, &cx, Scope::All, offer).await).await
        };
        done.unwrap();
        let (done, dispatched) = {
            let cx = cx.clone();
            self.cost(async move |tx| orders::dispatch(tx, &cx, Scope::All, order).await).await
        };
        done.unwrap();
        let work = async move |tx: &mut Tx| {
            orders::deliver(tx, &cx, Scope::All, order, &Proof::Operator("seen".to_owned()), &[]).await
        };
        let (done, delivered) = self.cost(work).await;
        done.unwrap();
        [accepted, dispatched, delivered]
    }
}

/// The statements; on PostgreSQL the round trips too.
fn expect(world: &World, what: &str, cost: [u64; 2], statements: u64, trips: u64) {
    let trips = if world.shop.t.db.engine() == Engine::Postgres { trips } else { 0 };
    assert_eq!(cost, [statements, trips], "{what}");
}

testkit::both_engines! {
    async fn a_set_of_orders_costs_what_one_costs(t: TestDb) {
        let world = World::open(t).await;
        for count in [1, 20] {
            let (_, named) = world.place(count, false).await;
            expect(&world, &format!("{count} orders"), named, 18, 9);
            let (_, routed) = world.place(count, true).await;
            expect(&world, &format!("{count} routed orders"), routed, 20, 11);
        }
    }

    async fn an_order_costs_the_same_on_its_whole_way(t: TestDb) {
        let world = World::open(t).await;
        let (placed, _) = world.place(2, false).await;
        for placed in &placed {
            let [accepted, dispatched, delivered] = world.deliver(placed).await;
            expect(&world, "accepting", accepted, 16, 10);
            expect(&world, "dispatching", dispatched, 12, 8);
            // The first entry between the two opens their book, with 2 of these.
            expect(&world, "delivering", delivered, 33, 17);
            let (retailer, order) = (placed.order.retailer_id, placed.order.id);
            let (cycle, _) = world.cost(async move |tx| credit::cycle_of_order(tx, retailer, order).await).await;
            let cycle: CycleId = cycle.unwrap().id;
            let today = world.cx().today();
            let ask = async move |tx: &mut Tx| credit::quote(tx, Scope::All, cycle, Ask::Cash("10".parse().unwrap()), today).await;
            let (quoted, cost) = world.cost(ask).await;
            quoted.unwrap();
            expect(&world, "a quote", cost, 1, 2);
            for _ in 0..2 {
                let cx = world.cx();
                let work = async move |tx: &mut Tx| {
                    let new = NewRepayment {
                        ask: Ask::Principal("10".parse().unwrap()),
                        on: cx.today(),
                        method: Method::Cash,
                        reference: None,
                    };
                    credit::repay(tx, &cx, Scope::All, cycle, new).await
                };
                let (repaid, cost) = world.cost(work).await;
                repaid.unwrap();
                expect(&world, "a repayment", cost, 17, 8);
            }
        }
        let now = world.cx().now;
        let (_, cost) = world.cost(async move |tx| credit::dashboard(tx, now).await).await;
        // One more where something is overdue.
        expect(&world, "the risk dashboard", cost, 6, 7);
        let (retailer, vendor) = (placed[0].order.retailer_id, placed[0].order.vendor_id.unwrap());
        let work = async move |tx: &mut Tx| {
            credit::check_now(tx, Scope::All, (retailer, vendor), "10".parse().unwrap(), PaymentMode::Credit, now).await
        };
        let (checked, cost) = world.cost(work).await;
        checked.unwrap();
        expect(&world, "the order check", cost, 4, 5);
    }
}

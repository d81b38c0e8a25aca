//! Six months of trade between the demo's people, event by event, through the use cases that serve real people.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use anyhow::{Context as _, bail};
use credit::{Ask, NewLine, NewRepayment, PaymentMode};
use db::{Db, DbError, Tx};
use indicatif::{ProgressBar, ProgressStyle};
use kernel::{
    Actor, Clock, Context, CycleId, IdGen, Instant, Money, OfferId, OrderId, ProductId, RetailerId, Role, Scope,
    VendorId,
};
use ledger::Method;
use orders::{OrderState, Outcome, Place, Proof, Wanted};
use parties::{Language, NewRetailer, NewVendor, Secrets};
use queue::Registry;
use serde::Deserialize;
use whatsapp::client::Client;
use whatsapp::fake::FakeGraph;

use super::people::{PRICES, SHOPS, WHOLESALERS};
use super::{DEMO_LOGIN, DEMO_PASSWORD};
use crate::config::SIMULATOR_PHONE_NUMBER_ID;

const CATALOGUE: &str = include_str!("../../data/catalogue.json");
const DAYS: i64 = 182;
const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;

#[derive(Deserialize)]
struct Catalogue {
    products: Vec<CatalogueProduct>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CatalogueProduct {
    sku: String,
    name: String,
    name_ne: String,
    unit: String,
    aliases: Vec<String>,
    pack: Option<catalog::Pack>,
}

/// Something that happens to the demo's people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happens {
    Orders(usize),
    Answers(OfferId, u8),
    Dispatches(OrderId),
    Arrives(OrderId, usize),
    Pays(CycleId, u8),
}

/// Choices that come out the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % bound.max(1)
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = usize::try_from(high.saturating_sub(low).saturating_add(1)).unwrap_or(1);
        low.saturating_add(i64::try_from(self.below(span)).unwrap_or(0))
    }
}

struct Surkhet {
    db: Db,
    clock: Clock,
    ids: IdGen,
    registry: Registry,
    dice: Dice,
    retailers: Vec<(RetailerId, String)>,
    vendors: Vec<(VendorId, String)>,
    products: Vec<(ProductId, i64)>,
    agenda: BinaryHeap<Reverse<(Instant, Happens)>>,
}

/// Fills an empty database with six months that end now.
pub(crate) async fn fill(db: &Db, now: Instant) -> anyhow::Result<()> {
    let start = now.plus_seconds(-DAYS * DAY);
    let clock = Clock::manual(start);
    let ids = IdGen::system();
    let graph = FakeGraph::start(SIMULATOR_PHONE_NUMBER_ID, "simulator", "demo").await?;
    let registry = Registry::default().outside(notify::SEND_JOB, {
        let sender = notify::Sender::new(db.clone(), Client::new(graph.settings())?);
        move |cx, job| sender.clone().work(cx, job)
    });
    // Scores have a history as in life; nobody is paused, so that everybody goes on ordering.
    let registry = registry.inside(credit::SCORE_JOB, |tx, cx, job| {
        Box::pin(async move { Ok(scoring::score_again(tx, cx, job.id("retailer")?).await?) })
    });
    let progress = bar();
    let mut surkhet = Surkhet {
        db: db.clone(),
        clock,
        ids,
        registry,
        dice: Dice(20_260_401),
        retailers: Vec::new(),
        vendors: Vec::new(),
        products: Vec::new(),
        agenda: BinaryHeap::new(),
    };
    progress.set_message("people and goods");
    surkhet.settle_people().await?;
    surkhet.stock_shelves().await?;
    surkhet.agree_on_credit().await?;
    progress.set_message("orders and repayments");
    surkhet.live(start, now, &progress).await?;
    let recomputed = orders::recompute_reliability(db, &surkhet.clock).await?;
    progress.finish_with_message(format!("done; {recomputed} wholesalers rated"));
    Ok(())
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("Surkhet {bar:32} {pos:>3}/{len} days  {msg} {elapsed}");
    let days = u64::try_from(DAYS).unwrap_or(0);
    ProgressBar::new(days).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

impl Surkhet {
    fn cx(&self, actor: Actor) -> Context {
        Context::new(&self.clock, &self.ids, actor, "demo")
    }

    async fn settle_people(&mut self) -> anyhow::Result<()> {
        let cx = self.cx(Actor::System);
        let hash = Secrets::default().hash(&cx, DEMO_PASSWORD).await??;
        let user = cx.clone();
        let created = self.db.write(async move |tx| {
            parties::create_user(tx, &user, DEMO_LOGIN, hash.clone(), Role::Admin, None, None).await
        });
        created.await?.context("the demo's operator")?;
        for (number, shop) in (1_i64..).zip(&SHOPS) {
            let new = NewRetailer {
                name: shop.name.to_owned(),
                owner_name: shop.owner.to_owned(),
                phone: format!("97798480000{number:02}"),
                place: Some(shop.place.to_owned()),
                latitude_micro: Some(shop.latitude_micro),
                longitude_micro: Some(shop.longitude_micro),
                language: shop.language.parse().unwrap_or(Language::RomanNepali),
            };
            let (cx, phone) = (cx.clone(), new.phone.clone());
            let made = self.db.write(async move |tx| parties::create_retailer(tx, &cx, &new).await);
            self.retailers.push((made.await?.context(shop.name)?.id, phone));
        }
        for (number, wholesaler) in (1_i64..).zip(&WHOLESALERS) {
            let new = NewVendor {
                name: wholesaler.name.to_owned(),
                owner_name: wholesaler.owner.to_owned(),
                phone: format!("97798580000{number:02}"),
                place: Some(wholesaler.place.to_owned()),
                latitude_micro: Some(wholesaler.latitude_micro),
                longitude_micro: Some(wholesaler.longitude_micro),
                language: Language::RomanNepali,
                number_prefix: wholesaler.prefix.to_owned(),
                capacity: 20,
            };
            let (cx, phone) = (cx.clone(), new.phone.clone());
            let made = self.db.write(async move |tx| parties::create_vendor(tx, &cx, &new).await);
            self.vendors.push((made.await?.context(wholesaler.name)?.id, phone));
        }
        Ok(())
    }

    async fn stock_shelves(&mut self) -> anyhow::Result<()> {
        let catalogue: Catalogue = serde_json::from_str(CATALOGUE)?;
        let cx = self.cx(Actor::System);
        for product in catalogue.products {
            let Some((_, category, rupees)) = PRICES.iter().find(|(sku, ..)| *sku == product.sku) else {
                bail!("the demo has no price for {}", product.sku);
            };
            let new = catalog::NewProduct {
                sku: product.sku,
                name: product.name,
                name_ne: product.name_ne,
                unit: product.unit,
                pack: product.pack,
                category: (*category).to_owned(),
                aliases: product.aliases,
            };
            let at = cx.clone();
            let made = self.db.write(async move |tx| catalog::create_product(tx, &at, &new).await);
            let made = made.await?.context("a product")?;
            self.products.push((made.id, *rupees));
            for (wholesaler, (vendor, _)) in WHOLESALERS.iter().zip(&self.vendors) {
                if wholesaler.sells.contains(category) {
                    // To the nearest five rupees, as people price.
                    let asked = rupees.saturating_mul(wholesaler.price_per_mille) / 5_000 * 5;
                    let terms = catalog::VendorTerms {
                        price: Money::from_rupees(asked.max(5)).map_err(anyhow::Error::new)?,
                        stock: 20_000,
                        minimum_quantity: 1,
                        is_available: true,
                    };
                    let (at, vendor, product) = (cx.clone(), *vendor, made.id);
                    let set = self.db.write(async move |tx| {
                        catalog::put_vendor_product(tx, &at, vendor, product, &terms, &catalog::Why::COUNTED).await
                    });
                    set.await?.context("a price")?;
                }
            }
        }
        Ok(())
    }

    async fn agree_on_credit(&mut self) -> anyhow::Result<()> {
        let cx = self.cx(Actor::System);
        for index in 0..self.retailers.len() {
            let Some((retailer, _)) = self.retailers.get(index).cloned() else { continue };
            for step in 0..4 {
                let Some((vendor, _)) = self.vendors.get((index + step * 3) % self.vendors.len()).cloned() else {
                    continue;
                };
                let new = NewLine {
                    retailer_id: retailer,
                    vendor_id: vendor,
                    limit: Money::from_rupees(self.dice.between(8, 30).saturating_mul(10_000))?,
                    terms_days: 30,
                    max_order: None,
                    max_overdue_days: 30,
                    settlement: None,
                };
                let at = cx.clone();
                let made = self.db.write(async move |tx| credit::create_line(tx, &at, new.clone()).await);
                made.await?.context("a credit line")?;
            }
            let first = self.dice.between(0, 9 * DAY);
            self.later(first, Happens::Orders(index));
        }
        Ok(())
    }

    fn later(&mut self, seconds: i64, what: Happens) {
        self.agenda.push(Reverse((self.clock.now().plus_seconds(seconds), what)));
    }

    async fn live(&mut self, start: Instant, end: Instant, progress: &ProgressBar) -> anyhow::Result<()> {
        while let Some(Reverse((at, what))) = self.agenda.pop() {
            if at > end {
                break;
            }
            if at.business_date() != self.clock.now().business_date() {
                self.works().await?;
            }
            self.clock.set(at);
            progress.set_position(u64::try_from(at.seconds_since(start) / DAY).unwrap_or(0));
            match what {
                Happens::Orders(index) => self.orders(index).await?,
                Happens::Answers(offer, round) => self.answers(offer, round).await?,
                Happens::Dispatches(order) => self.dispatches(order).await?,
                Happens::Arrives(order, index) => self.arrives(order, index).await?,
                Happens::Pays(cycle, part) => self.pays(cycle, part).await?,
            }
        }
        self.works().await?;
        self.clock.set(end);
        progress.set_position(u64::try_from(DAYS).unwrap_or(0));
        Ok(())
    }

    async fn orders(&mut self, index: usize) -> anyhow::Result<()> {
        let Some((retailer, phone)) = self.retailers.get(index).cloned() else { return Ok(()) };
        let mut lines: Vec<Wanted> = Vec::new();
        for _ in 0..self.dice.between(1, 5) {
            let pick = self.dice.below(self.products.len());
            let Some((product_id, rupees)) = self.products.get(pick).copied() else { continue };
            let most = (12_000 / rupees.max(1)).clamp(1, 12);
            if lines.iter().all(|line| line.product_id != product_id) {
                lines.push(Wanted { product_id, quantity: self.dice.between(1, most) });
            }
        }
        let mode = if self.dice.below(8) == 0 { PaymentMode::Cash } else { PaymentMode::Credit };
        let place = Place {
            cx: self.cx(Actor::Retailer(retailer)),
            retailer,
            vendor: None,
            mode,
            lines,
            place: None,
            draft: None,
            retry_of: None,
            expected_total: None,
        };
        let placed = self.db.write(async move |tx: &mut Tx| {
            notify::heard(tx, &phone, place.cx.now).await?;
            orders::place_all(tx, std::slice::from_ref(&place)).await
        });
        let outcomes: Vec<Outcome> = placed.await?;
        if let Some(Outcome::Placed(placed)) = outcomes.into_iter().next()
            && let Some(offer) = placed.offer
        {
            let think = self.dice.between(5 * 60, 100 * 60);
            self.later(think, Happens::Answers(offer.id, 0));
        }
        let pause = self.dice.between(2 * DAY, 7 * DAY);
        self.later(pause, Happens::Orders(index));
        Ok(())
    }

    async fn answers(&mut self, offer: OfferId, round: u8) -> anyhow::Result<()> {
        let known = self.db.read(async move |tx| routing::offer(tx, offer).await).await?;
        let Some(known) = known else { return Ok(()) };
        let (vendor, order) = (known.vendor_id, known.order_id);
        let phone = self.vendors.iter().find(|(id, _)| *id == vendor).map(|(_, phone)| phone.clone());
        let cx = self.cx(Actor::Vendor(vendor));
        let rejects = self.dice.below(12) == 0 && round < 3;
        let answered = self.db.write(async move |tx: &mut Tx| {
            if let Some(phone) = &phone {
                notify::heard(tx, phone, cx.now).await?;
            }
            let scope = Scope::Vendor(vendor);
            if rejects {
                orders::reject(tx, &cx, scope, offer, "no transport today").await
            } else {
                orders::accept(tx, &cx, scope, offer).await
            }
        });
        let Ok(answered) = answered.await? else { return Ok(()) };
        match answered.state {
            OrderState::Confirmed => {
                let pack = self.dice.between(2 * HOUR, 20 * HOUR);
                self.later(pack, Happens::Dispatches(order));
            }
            OrderState::Offered => {
                let retailer = answered.retailer_id;
                let offers = self.db.read(async move |tx| routing::offers_of_order(tx, retailer, order).await).await?;
                if let Some(next) = offers.last() {
                    let think = self.dice.between(5 * 60, 60 * 60);
                    self.later(think, Happens::Answers(next.id, round.saturating_add(1)));
                }
            }
            _ => {}
        }
        Ok(())
    }

    async fn dispatches(&mut self, order: OrderId) -> anyhow::Result<()> {
        let cx = self.cx(Actor::System);
        let sent = self.db.write(async move |tx| orders::dispatch(tx, &cx, Scope::All, order).await).await?;
        if let Ok(sent) = sent {
            let index = self.retailers.iter().position(|(id, _)| *id == sent.retailer_id).unwrap_or(0);
            let way = self.dice.between(HOUR, 30 * HOUR);
            self.later(way, Happens::Arrives(order, index));
        }
        Ok(())
    }

    async fn arrives(&mut self, order: OrderId, index: usize) -> anyhow::Result<()> {
        let Some((retailer, phone)) = self.retailers.get(index).cloned() else { return Ok(()) };
        let cx = self.cx(Actor::Retailer(retailer));
        let delivered = self.db.write(async move |tx: &mut Tx| {
            notify::heard(tx, &phone, cx.now).await?;
            orders::deliver(tx, &cx, Scope::Retailer(retailer), order, &Proof::Received, &[]).await
        });
        if let Ok(delivered) = delivered.await?
            && let Some(cycle) = delivered.cycle
        {
            let habit = SHOPS.get(index).map_or(0, |shop| shop.habit);
            let (low, high) = match habit {
                0 => (8, 27),
                1 => (22, 33),
                2 => (31, 42),
                _ => (40, 55),
            };
            let in_two_parts = self.dice.below(3) == 0;
            let wait = self.dice.between(low * DAY, high * DAY);
            if in_two_parts {
                self.later(wait / 2, Happens::Pays(cycle.id, 2));
            }
            self.later(wait, Happens::Pays(cycle.id, 1));
        }
        Ok(())
    }

    /// Pays a part of what is open on a cycle: one of two, or all of it.
    async fn pays(&mut self, cycle: CycleId, part: u8) -> anyhow::Result<()> {
        let known = self.db.read(async move |tx| credit::cycle(tx, Scope::All, cycle).await).await?;
        let Some(known) = known.filter(|cycle| cycle.outstanding.is_positive()) else { return Ok(()) };
        let paisa = known.outstanding.paisa() / i64::from(part.max(1)) / 100 * 100;
        let principal = if part == 1 { known.outstanding } else { Money::from_paisa(paisa.max(100)) };
        let cx = self.cx(Actor::Vendor(known.vendor_id));
        let (method, reference) = match self.dice.below(3) {
            0 => (Method::Cash, None),
            1 => (Method::Esewa, Some(self.reference())),
            _ => (Method::Bank, Some(self.reference())),
        };
        let paid = self.db.write(async move |tx| {
            let on = cx.today();
            let new = NewRepayment { ask: Ask::Principal(principal), on, method, reference: reference.clone() };
            credit::repay(tx, &cx, Scope::Vendor(known.vendor_id), cycle, new).await
        });
        paid.await?.context("a repayment")?;
        Ok(())
    }

    fn reference(&self) -> String {
        kernel::hex(&self.ids.random_bytes::<5>()).to_uppercase()
    }

    /// Sends the messages of the day and scores whoever's credit changed: while the clock stands, for leases are held by it.
    async fn works(&self) -> Result<(), DbError> {
        queue::run_ready(&self.db, &self.clock, &self.ids, &self.registry).await.map(|_| ())
    }
}

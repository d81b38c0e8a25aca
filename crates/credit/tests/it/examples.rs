//! The worked examples, each driven through the use cases.

use std::collections::HashMap;

use credit::{Ask, Discount, NewRepayment, Refusal, SettlementTerms};
use kernel::{BusinessDate, CycleId, Money, OrderId, Rate};
use ledger::Method;
use serde::Deserialize;

use crate::world::World;

#[derive(Deserialize)]
struct File {
    examples: Vec<Example>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    name: String,
    line: Line,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Line {
    limit: Money,
    terms_days: Option<i64>,
    late_interest_bp_year: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Step {
    #[serde(rename = "do")]
    what: String,
    order: Option<String>,
    amount: Option<Money>,
    on: Option<BusinessDate>,
    principal: Option<Money>,
    cash: Option<Money>,
    discount: Option<Money>,
    interest: Option<Money>,
    refused: Option<String>,
    available: Option<Money>,
    shortfall: Option<Money>,
    maximum: Option<Money>,
    maximum_cash: Option<Money>,
    minimum: Option<Money>,
    then: Option<Then>,
    cycles: Option<HashMap<String, CycleThen>>,
    not_due: Option<Money>,
    d1to30: Option<Money>,
    d31to60: Option<Money>,
    d61to90: Option<Money>,
    over90: Option<Money>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Then {
    reserved: Option<Money>,
    outstanding: Option<Money>,
    available: Option<Money>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CycleThen {
    outstanding: Money,
    status: credit::CycleStatus,
}

struct Run {
    label: String,
    world: World,
    orders: HashMap<String, (OrderId, Money)>,
    cycles: HashMap<String, CycleId>,
}

impl Run {
    /// Every figure that a step names must be the one that came out.
    fn same(&self, expected: Option<Money>, found: Money, what: &str) {
        if let Some(expected) = expected {
            assert_eq!(found, expected, "{}: {what}", self.label);
        }
    }

    async fn step(&mut self, step: &Step) {
        if let Some(on) = step.on
            && on > self.world.today()
        {
            self.world.go_to(on);
        }
        let name = step.order.clone().unwrap_or_default();
        match step.what.as_str() {
            "reserve" => self.reserve(step, name).await,
            "deliver" => self.deliver(step, name).await,
            "cancel" => {
                self.world.cancel(self.orders[&name].0).await.unwrap();
            }
            "repay" => self.repay(step, &name).await,
            "quote" => self.quote(step, &name).await,
            "aging" => self.aging(step).await,
            other => panic!("an unknown step: {other}"),
        }
        let position = self.world.position(self.world.pair).await;
        if let Some(then) = &step.then {
            self.same(then.reserved, position.reserved, "reserved");
            self.same(then.outstanding, position.outstanding, "outstanding");
            self.same(then.available, position.available, "available");
        }
        for (order, expected) in step.cycles.iter().flatten() {
            let cycle = self.world.cycle(self.cycles[order]).await;
            assert_eq!((cycle.outstanding, cycle.status), (expected.outstanding, expected.status));
        }
        assert_eq!(self.world.findings().await, Vec::<String>::new());
    }

    async fn reserve(&mut self, step: &Step, name: String) {
        let (order, amount) = (self.world.order(), step.amount.unwrap());
        match self.world.reserve(self.world.pair, order, amount).await {
            Ok(()) => {
                assert_eq!(step.refused, None);
                self.orders.insert(name, (order, amount));
            }
            Err(check) => {
                assert_eq!(check.reason.map(|reason| reason.to_string()), step.refused);
                self.same(step.available, check.available, "available");
                self.same(step.shortfall, check.shortfall, "shortfall");
            }
        }
    }

    async fn deliver(&mut self, step: &Step, name: String) {
        if let Some(amount) = step.amount {
            let order = self.world.order();
            self.world.reserve(self.world.pair, order, amount).await.unwrap();
            self.orders.insert(name.clone(), (order, amount));
        }
        let (order, amount) = self.orders[&name];
        let cycle = self.world.deliver(order, amount).await.unwrap();
        // Saying it again answers the same cycle.
        assert_eq!(self.world.deliver(order, amount).await.unwrap(), cycle);
        self.cycles.insert(name, cycle.id);
    }

    /// By principal where the step names one, by cash otherwise.
    fn ask(step: &Step) -> Ask {
        step.principal.map_or_else(|| Ask::Cash(step.cash.unwrap()), Ask::Principal)
    }

    fn refused(&self, step: &Step, refusal: &Refusal) {
        assert_eq!(step.refused.as_deref(), Some(refusal.code()), "{refusal}");
        match refusal {
            Refusal::Overpayment { maximum, maximum_cash } => {
                self.same(step.maximum, *maximum, "maximum");
                self.same(step.maximum_cash, *maximum_cash, "maximumCash");
            }
            Refusal::BelowMinimum { minimum, .. } => self.same(step.minimum, *minimum, "minimum"),
            other => panic!("{other}"),
        }
    }

    async fn quote(&self, step: &Step, name: &str) {
        match self.world.quote(self.cycles[name], Self::ask(step), step.on.unwrap()).await {
            Ok(quote) => {
                assert_eq!(step.refused, None);
                self.same(step.principal, quote.settlement.principal, "principal");
                self.same(step.cash, quote.settlement.cash, "cash");
                self.same(step.discount, quote.settlement.discount, "discount");
                self.same(step.interest, quote.settlement.interest, "interest");
            }
            Err(refusal) => self.refused(step, &refusal),
        }
    }

    async fn repay(&self, step: &Step, name: &str) {
        let (cycle, on) = (self.cycles[name], step.on.unwrap());
        // Where a step names principal and cash, each must follow from the other.
        if let Some((_, cash)) = step.principal.zip(step.cash) {
            let quote = self.world.quote(cycle, Ask::Cash(cash), on).await.unwrap();
            self.same(step.principal, quote.settlement.principal, "principal by cash");
            assert_eq!(quote.settlement.rounding, Money::ZERO);
        }
        let new = NewRepayment { ask: Self::ask(step), on, method: Method::Cash, reference: None };
        match self.world.repay(cycle, new).await {
            Ok(repaid) => {
                assert_eq!(step.refused, None);
                let paid = repaid.repayment.settlement;
                self.same(step.principal, paid.principal, "principal");
                self.same(step.cash, paid.cash, "cash");
                self.same(step.discount, paid.discount, "discount");
                self.same(step.interest, paid.interest, "interest");
                assert_eq!(repaid.position, self.world.position(self.world.pair).await);
                assert_eq!(repaid.cycle, self.world.cycle(cycle).await);
            }
            Err(refusal) => self.refused(step, &refusal),
        }
    }

    async fn aging(&self, step: &Step) {
        let on = step.on.unwrap();
        // As it stands on the day, and as it is told later of that day.
        for today in [self.world.today(), on.plus_days(400)] {
            let aging = self.world.aging(on, today).await;
            self.same(step.not_due, aging.not_due, "notDue");
            self.same(step.d1to30, aging.d1to30, "d1to30");
            self.same(step.d31to60, aging.d31to60, "d31to60");
            self.same(step.d61to90, aging.d61to90, "d61to90");
            self.same(step.over90, aging.over90, "over90");
        }
    }
}

testkit::both_engines! {
    async fn every_worked_example_comes_out(t: TestDb) {
        let text = include_str!("../../../khaacho/tests/data/credit.json");
        let file: File = serde_json::from_str(text).unwrap();
        assert_eq!(file.examples.len(), 6);
        let first = World::new(t, Money::ZERO, 30, None).await;
        for example in &file.examples {
            let terms_days = example.line.terms_days.unwrap_or(30);
            let interest = Rate::from_basis_points(example.line.late_interest_bp_year.unwrap_or(0));
            let discounts = vec![Discount { through_day: terms_days, rate: Rate::from_basis_points(500) }];
            let terms = SettlementTerms { discounts, late_interest_bp_year: interest, grace_days: 0 };
            // One example goes on delivering on a line that is long overdue, to age it.
            let world = first.beside(example.line.limit, terms_days, Some(terms), 365).await;
            world.go_to("2026-01-01".parse().unwrap());
            let mut run = Run { label: String::new(), world, orders: HashMap::new(), cycles: HashMap::new() };
            for (number, step) in (1..).zip(&example.steps) {
                run.label = format!("{}, step {number}", example.name);
                run.step(step).await;
            }
        }
    }
}

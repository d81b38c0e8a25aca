//! Two months day by day, against a model that counts days by hand.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kernel::{BusinessDate, CycleId, DisputeId, PaymentId, RetailerId};
use testkit::both_engines;

use crate::world::World;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % most).unwrap()
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

/// A bill as the model knows it: days late are counted on each morning on which no dispute is open.
struct Bill {
    shop: RetailerId,
    late: i64,
    born: BusinessDate,
    payment: Option<PaymentId>,
    dispute: Option<DisputeId>,
    promised: Option<BusinessDate>,
    done: BTreeSet<String>,
}

impl Bill {
    /// The stage of a day so many days ago, by the days late that it has now.
    fn stage(&self, today: BusinessDate, ago: i64, weekly: bool) -> Option<String> {
        let (late, day) = (self.late - ago, today.plus_days(-ago));
        let broken = self.promised.filter(|promised| promised.plus_days(1) == day);
        match late {
            -1 => Some("DAY_BEFORE".to_owned()),
            0 => Some("DUE".to_owned()),
            3 => Some("OVERDUE_3".to_owned()),
            10.. if weekly && late % 7 == 3 => Some(format!("WEEKLY{}", late / 7)),
            _ => broken.map(|promised| format!("BROKEN_PROMISE{promised}")),
        }
    }

    fn is_promised(&self, day: BusinessDate) -> bool {
        self.promised.is_some_and(|promised| day <= promised)
    }
}

struct Model {
    bills: BTreeMap<CycleId, Bill>,
    stopped: BTreeSet<RetailerId>,
    weekly: bool,
    ran: Option<BusinessDate>,
    expected: Vec<String>,
    messages: usize,
}

impl Model {
    /// What a run of today writes.
    fn run(&mut self, today: BusinessDate) {
        let down = self.ran.map_or(0, |ran| today.days_since(ran) - 1);
        let mut reached = BTreeSet::new();
        for (id, bill) in self.bills.iter_mut().filter(|(_, bill)| bill.payment.is_none() && bill.dispute.is_none()) {
            let mut write = |bill: &mut Bill, stage: String, day: BusinessDate, state: &str| {
                if bill.done.insert(stage.clone()) {
                    self.expected.push(format!("{day} {id} {stage} {state}"));
                }
            };
            for ago in (1..=down).rev() {
                let day = today.plus_days(-ago);
                if let Some(stage) = bill.stage(today, ago, self.weekly)
                    && day >= bill.born
                    && !bill.is_promised(day)
                {
                    write(bill, stage, day, "SKIPPED MISSED");
                }
            }
            let Some(stage) = bill.stage(today, 0, self.weekly).filter(|stage| !bill.done.contains(stage)) else {
                continue;
            };
            if bill.is_promised(today) {
                write(bill, stage, today, "SKIPPED PROMISED");
            } else if self.stopped.contains(&bill.shop) {
                write(bill, stage, today, "SKIPPED STOPPED");
            } else {
                write(bill, stage, today, "SENT");
                reached.insert(bill.shop);
            }
        }
        self.messages += reached.len();
        self.ran = Some(today);
    }
}

async fn live(
    w: &World,
    model: &mut Model,
    shops: &[RetailerId],
    lines: &HashMap<RetailerId, Vec<kernel::VendorId>>,
    dice: &mut Dice,
    today: BusinessDate,
) {
    for shop in shops {
        if dice.one_in(6) {
            let vendors = &lines[shop];
            let vendor = vendors[dice.below(u64::try_from(vendors.len()).unwrap())];
            let ahead = i64::try_from(dice.below(25)).unwrap() - 5;
            let id = w.bill(*shop, vendor, today.plus_days(ahead), 1_000).await;
            let bill = Bill {
                shop: *shop,
                late: -ahead,
                born: today,
                payment: None,
                dispute: None,
                promised: None,
                done: BTreeSet::new(),
            };
            model.bills.insert(id, bill);
        }
        if dice.one_in(25) && !model.stopped.remove(shop) {
            model.stopped.insert(*shop);
        }
        w.stop(*shop, model.stopped.contains(shop)).await;
    }
    for (id, bill) in &mut model.bills {
        match (dice.below(30), bill.payment, bill.dispute) {
            (0, None, None) => bill.payment = Some(w.pay(*id, 1_000).await),
            (1 | 2, Some(payment), _) => {
                w.reverse(payment).await;
                bill.payment = None;
            }
            (3, None, None) => bill.dispute = Some(w.dispute(*id).await),
            (4..=8, _, Some(dispute)) => {
                w.reject(dispute).await;
                bill.dispute = None;
            }
            (9 | 10, None, _) => {
                let by = today.plus_days(i64::try_from(dice.below(6)).unwrap());
                w.promise(*id, by).await;
                bill.promised = Some(by);
            }
            _ => {}
        }
    }
}

both_engines! {
    async fn two_months_are_as_they_are_counted_by_hand(t: TestDb) {
        let w = World::new(t);
        let (mut shops, mut lines) = (Vec::new(), HashMap::new());
        let vendors = [w.wholesaler("KAR").await, w.wholesaler("BHE").await];
        for number in 0..6 {
            let shop = w.shop(["NE", "RNE", "EN"][number % 3]).await;
            for vendor in vendors {
                w.line(shop, vendor).await;
            }
            lines.insert(shop, vendors.to_vec());
            shops.push(shop);
        }
        let mut dice = Dice(41);
        let mut model = Model {
            bills: BTreeMap::new(), stopped: BTreeSet::new(), weekly: false, ran: None, expected: Vec::new(), messages: 0,
        };
        let first: BusinessDate = "2026-02-01".parse().unwrap();
        for day in 0..61 {
            let today = first.plus_days(day);
            for bill in model.bills.values_mut().filter(|bill| bill.dispute.is_none()) {
                bill.late += 1;
            }
            w.t.clock.set(today.at(9, 0));
            live(&w, &mut model, &shops, &lines, &mut dice, today).await;
            if day == 20 || day == 50 {
                model.weekly = !model.weekly;
                w.weekly(model.weekly).await;
            }
            if dice.one_in(7) {
                continue;
            }
            for hour in [10, 11] {
                w.t.clock.set(today.at(hour, 0));
                w.run().await;
            }
            model.run(today);
        }
        let mut found: Vec<String> = w.rows().await.iter().map(|row| {
            let reason = row.reason.map(|reason| format!(" {reason}")).unwrap_or_default();
            format!("{} {} {}{} {}{reason}", row.day, row.cycle_id, row.stage, row.turn, row.state)
        }).collect();
        found.sort();
        model.expected.sort();
        assert_eq!(found, model.expected);
        assert_eq!(w.messages().await.len(), model.messages);
        let sent = found.iter().filter(|row| row.ends_with("SENT")).count();
        let of = |what: &str| found.iter().filter(|row| row.contains(what)).count();
        assert!(sent > 50 && of("MISSED") > 3 && of("PROMISED") > 3 && of("STOPPED") > 3, "{found:#?}");
        assert!(of("WEEKLY") > 3 && of("BROKEN_PROMISE") > 3, "{found:#?}");
        for id in model.bills.keys() {
            let counted = found.iter().filter(|row| row.contains(&id.to_string()) && row.ends_with("SENT")).count();
            assert_eq!(w.cycle(*id).await.reminders_sent, i64::try_from(counted).unwrap());
        }
    }
}

//! What must hold whatever happens: limits under races, replays, refusals that leave nothing, and that tampering is found.

use std::process::Command;

use credit::{Ask, LineChange, LineStatus, NewLine, NewRepayment, Reason, Refusal, ReservationState, Take};
use db::params;
use kernel::{Actor, BusinessDate, Money, PageRequest, Scope};
use ledger::Method;

use crate::world::World;

fn rupees(amount: i64) -> Money {
    Money::from_rupees(amount).unwrap()
}

fn date(text: &str) -> BusinessDate {
    text.parse().unwrap()
}

fn cash(ask: Ask, on: &str) -> NewRepayment {
    NewRepayment { ask, on: date(on), method: Method::Cash, reference: None }
}

fn by_wallet(principal: i64, on: &str, reference: &str) -> NewRepayment {
    let ask = Ask::Principal(rupees(principal));
    NewRepayment { ask, on: date(on), method: Method::Esewa, reference: Some(reference.to_owned()) }
}

/// A world at 2026-03-01 with a cycle of this many rupees on a line of 100 000.
async fn owing(t: testkit::TestDb, amount: i64) -> (World, credit::Cycle) {
    let world = World::new(t, rupees(100_000), 30, None).await;
    world.go_to(date("2026-03-01"));
    let order = world.order();
    world.reserve(world.pair, order, rupees(amount)).await.unwrap();
    let cycle = world.deliver(order, rupees(amount)).await.unwrap();
    (world, cycle)
}

async fn race(world: &World, orders: usize, pairs: &[credit::Pair], amount: Money) -> usize {
    let tasks: Vec<_> = (0..orders)
        .map(|index| {
            let (world, pair) = (world.clone(), pairs[index % pairs.len()]);
            tokio::spawn(async move { world.reserve(pair, world.order(), amount).await.is_ok() })
        })
        .collect();
    let mut accepted = 0;
    for task in tasks {
        accepted += usize::from(task.await.unwrap());
    }
    accepted
}

testkit::both_engines! {
    async fn a_hundred_orders_at_once_never_pass_the_limit(t: TestDb) {
        let world = World::new(t, rupees(1_000), 30, None).await;
        assert_eq!(race(&world, 100, &[world.pair], rupees(30)).await, 33);
        let position = world.position(world.pair).await;
        assert_eq!((position.reserved, position.available), (rupees(990), rupees(10)));
        assert_eq!(world.findings().await, Vec::<String>::new());
    }

    async fn orders_on_several_lines_never_pass_a_cap_or_a_ceiling(t: TestDb) {
        let world = World::new(t, rupees(1_000), 30, None).await;
        let (capped, lender) = (world.other_retailer(), world.other_vendor());
        world.add_retailer(capped, Some(rupees(500))).await;
        world.add_vendor(lender, Some(rupees(700))).await;
        let others = [(capped, world.pair.1), (capped, lender), (world.pair.0, lender)];
        for (retailer_id, vendor_id) in others {
            let new = NewLine {
                retailer_id, vendor_id, limit: rupees(1_000), terms_days: 30, max_order: None, max_overdue_days: 30,
                settlement: None,
            };
            world.grant(new).await.unwrap();
        }
        race(&world, 90, &others, rupees(40)).await;
        let mut used = Vec::new();
        for pair in others {
            used.push(world.position(pair).await.reserved);
        }
        let of_retailer = used[0].plus(used[1]).unwrap();
        let of_vendor = used[1].plus(used[2]).unwrap();
        assert_eq!(of_retailer, rupees(480));
        assert_eq!(of_vendor, rupees(680));
        let refused = world.reserve((capped, lender), world.order(), rupees(40)).await.unwrap_err();
        assert_eq!(refused.reasons, [Reason::InsufficientCredit]);
        assert_eq!((refused.available, refused.binding_limit), (rupees(20), Some(credit::BindingLimit::RetailerCap)));
        assert_eq!(world.findings().await, Vec::<String>::new());
    }

    async fn ending_a_hold_twice_answers_the_first(t: TestDb) {
        let world = World::new(t, rupees(1_000), 30, None).await;
        let (kept, dropped) = (world.order(), world.order());
        for order in [kept, dropped] {
            world.reserve(world.pair, order, rupees(400)).await.unwrap();
        }
        let released = world.cancel(dropped).await.unwrap();
        assert_eq!(released.state, ReservationState::Released);
        world.go_to(date("2026-02-01"));
        assert_eq!(world.cancel(dropped).await.unwrap(), released);
        assert_eq!(world.deliver(dropped, rupees(1)).await, Err(Refusal::ReservationReleased));
        let too_much = world.deliver(kept, rupees(401)).await;
        assert_eq!(too_much, Err(Refusal::AboveReserved { reserved: rupees(400) }));
        // A part arrives: the rest is given back.
        let cycle = world.deliver(kept, rupees(300)).await.unwrap();
        let position = world.position(world.pair).await;
        assert_eq!((position.reserved, position.outstanding), (Money::ZERO, rupees(300)));
        assert_eq!(cycle.due_on, date("2026-03-03"));
        assert_eq!(world.deliver(kept, rupees(400)).await.unwrap(), cycle);
        assert_eq!(world.cancel(kept).await, Err(Refusal::ReservationConverted));
        assert_eq!(world.cancel(world.order()).await, Err(Refusal::NotFound("reservation")));
        // An order that was given back can be held again, and is then the one that counts.
        world.reserve(world.pair, dropped, rupees(100)).await.unwrap();
        world.deliver(dropped, rupees(100)).await.unwrap();
        let (retailer, order) = (world.pair.0, dropped);
        let found = world.write(async move |tx, _| credit::cycle_of_order(tx, retailer, order).await).await;
        assert_eq!(found.map(|cycle| cycle.principal), Some(rupees(100)));
        assert_eq!(world.findings().await, Vec::<String>::new());
    }

    async fn ending_a_hold_many_times_at_once_counts_once(t: TestDb) {
        let world = World::new(t, rupees(1_000), 30, None).await;
        let order = world.order();
        world.reserve(world.pair, order, rupees(400)).await.unwrap();
        let tasks: Vec<_> = (0..20)
            .map(|index| {
                let world = world.clone();
                tokio::spawn(async move {
                    if index % 2 == 0 {
                        world.cancel(order).await.is_ok()
                    } else {
                        world.deliver(order, rupees(400)).await.is_ok()
                    }
                })
            })
            .collect();
        let mut ends = Vec::new();
        for task in tasks {
            ends.push(task.await.unwrap());
        }
        // Either all cancellations held or all deliveries.
        assert!(ends.iter().enumerate().all(|(index, held)| *held == (ends[0] == (index % 2 == 0))), "{ends:?}");
        let position = world.position(world.pair).await;
        assert_eq!(position.reserved, Money::ZERO);
        assert_eq!(world.findings().await, Vec::<String>::new());
    }

    async fn a_repayment_has_bounds(t: TestDb) {
        let (world, cycle) = owing(t, 10_000).await;
        world.go_to(date("2026-03-20"));
        let at = |on| world.repay(cycle.id, cash(Ask::Principal(rupees(1_000)), on));
        let dates = |earliest, latest| {
            Refusal::PaymentDate { earliest: date(earliest), latest: date(latest) }
        };
        assert_eq!(at("2026-02-28").await, Err(dates("2026-03-01", "2026-03-20")));
        assert_eq!(at("2026-03-21").await, Err(dates("2026-03-01", "2026-03-20")));
        at("2026-03-10").await.unwrap();
        assert_eq!(at("2026-03-09").await, Err(dates("2026-03-10", "2026-03-20")));
        at("2026-03-10").await.unwrap();
        let without = NewRepayment { reference: Some(" - ".to_owned()), ..by_wallet(1_000, "2026-03-20", "x") };
        assert_eq!(world.repay(cycle.id, without).await, Err(Refusal::ReferenceRequired));
        let first = world.repay(cycle.id, by_wallet(1_000, "2026-03-20", "TXN-1")).await.unwrap();
        let again = world.repay(cycle.id, by_wallet(500, "2026-03-20", "txn 1")).await.unwrap_err();
        let (amount, paid_on) = (rupees(950), date("2026-03-20"));
        assert_eq!(again, Refusal::DuplicateReference { first: first.repayment.payment_id, amount, paid_on });
        // By cash: the largest principal that it pays, and the paisa that matches none.
        let paid = world.repay(cycle.id, cash(Ask::Cash("94.99".parse().unwrap()), "2026-03-20")).await.unwrap();
        let settlement = paid.repayment.settlement;
        assert_eq!(settlement.principal.plus(Money::ZERO), Ok("99.99".parse().unwrap()));
        assert_eq!(settlement.cash, "94.99".parse().unwrap());
        let cycle = world.cycle(cycle.id).await;
        assert_eq!(cycle.outstanding, "6900.01".parse().unwrap());
        assert_eq!(cycle.repaid.plus(cycle.outstanding), Ok(cycle.principal));
        assert_eq!(world.position(world.pair).await.outstanding, cycle.outstanding);
        assert_eq!(world.findings().await, Vec::<String>::new());
    }

    async fn a_repayment_is_told_and_recorded_and_a_refused_one_is_not(t: TestDb) {
        let (world, cycle) = owing(t, 1_000).await;
        world.repay(cycle.id, cash(Ask::Principal(rupees(1_001)), "2026-03-01")).await.unwrap_err();
        let repaid = world.repay(cycle.id, cash(Ask::Principal(rupees(200)), "2026-03-01")).await.unwrap();
        let (receipts, entries) = world
            .write(async |tx, _| {
                let receipts = tx.query("select content from outgoing_messages", params![]).await?;
                let sql = "select action from audit_entries where action = 'payment.recorded'";
                Ok((receipts, tx.query(sql, params![]).await?.len()))
            })
            .await;
        assert_eq!((receipts.len(), entries), (1, 1));
        let text: String = receipts[0].get("content").unwrap();
        let mark = &repaid.entry_hash[..8];
        for part in ["Rs. 190.00", "Rs. 10.00", "Rs. 800.00", "Rs. 99,200.00", &cycle.number, mark] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }

    async fn use_cases_cost_what_they_say(t: TestDb) {
        let (world, cycle) = owing(t, 1_000).await;
        let (pair, order, id) = (world.pair, world.order(), cycle.id);
        let costs = world
            .write(async move |tx, cx| {
                let mut costs = Vec::new();
                let mut last = tx.cost().statements;
                let mut note = |tx: &db::Tx| {
                    costs.push(tx.cost().statements - last);
                    last = tx.cost().statements;
                };
                let line = credit::lines_for_update(tx, &[pair], cx.today()).await?.remove(&pair).unwrap();
                note(tx);
                let (amount, position_seq) = (rupees(10), line.position_seq + 1);
                let take = Take { line: pair, order, amount, position_seq, at: cx.now, id: cx.id(), expires_at: None };
                credit::take(tx, vec![take]).await?;
                note(tx);
                credit::convert(tx, cx, pair.0, order, amount, cx.today()).await?.unwrap();
                note(tx);
                credit::quote(tx, Scope::All, id, Ask::Principal(amount), cx.today()).await?.unwrap();
                note(tx);
                let again = Take { order: cx.id(), position_seq: position_seq + 2, id: cx.id(), ..take };
                credit::take(tx, vec![again]).await?;
                note(tx);
                credit::release(tx, cx, pair.0, again.order, "CANCELLED").await?.unwrap();
                note(tx);
                Ok(costs)
            })
            .await;
        // The book is there, so posting is 4.
        assert_eq!(costs, [2, 2, 7 + 4, 1, 2, 4]);
        assert_eq!(world.findings().await, Vec::<String>::new());
    }

    async fn repaying_at_once_never_passes_what_is_open(t: TestDb) {
        let (world, cycle) = owing(t, 1_000).await;
        let tasks: Vec<_> = (0..15)
            .map(|_| {
                let (world, id) = (world.clone(), cycle.id);
                tokio::spawn(async move { world.repay(id, cash(Ask::Principal(rupees(100)), "2026-03-01")).await })
            })
            .collect();
        let mut outcomes = Vec::new();
        for task in tasks {
            outcomes.push(task.await.unwrap().map(|_| ()).map_err(|refusal| refusal.code()));
        }
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 10);
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Err("OVERPAYMENT")).count(), 5);
        let cycle = world.cycle(cycle.id).await;
        assert_eq!((cycle.outstanding, cycle.status), (Money::ZERO, credit::CycleStatus::FullyPaid));
        assert_eq!(cycle.closed_on, Some(date("2026-03-01")));
        assert_eq!(world.findings().await, Vec::<String>::new());
    }

    async fn nobody_sees_or_moves_what_is_not_theirs(t: TestDb) {
        let (world, cycle) = owing(t, 1_000).await;
        let stranger = Scope::Vendor(world.other_vendor());
        let (pair, id) = (world.pair, cycle.id);
        world
            .write(async move |tx, cx| {
                assert_eq!(credit::cycle(tx, stranger, id).await?, None);
                assert_eq!(credit::line_of(tx, stranger, pair, cx.today()).await?, None);
                assert!(credit::lines_page(tx, stranger, <_>::default(), &<_>::default(), cx.today()).await?.items.is_empty());
                assert!(credit::cycles(tx, stranger, <_>::default(), &<_>::default()).await?.items.is_empty());
                let ask = Ask::Principal(rupees(100));
                let quoted = credit::quote(tx, stranger, id, ask, cx.today()).await?;
                assert_eq!(quoted, Err(Refusal::NotFound("cycle")));
                let new = NewRepayment { ask, on: cx.today(), method: Method::Cash, reference: None };
                let repaid = credit::repay(tx, cx, stranger, id, new.clone()).await?;
                assert_eq!(repaid, Err(Refusal::NotFound("cycle")));
                let by_retailer = cx.acting_as(Actor::Retailer(pair.0));
                let repaid = credit::repay(tx, &by_retailer, Scope::Retailer(pair.0), id, new).await?;
                assert_eq!(repaid.unwrap_err().code(), "FORBIDDEN");
                assert_eq!(credit::cycles(tx, Scope::Retailer(pair.0), <_>::default(), &<_>::default()).await?.items.len(), 1);
                let own = credit::cycles(tx, Scope::Vendor(pair.1), <_>::default(), &<_>::default()).await?;
                assert_eq!(own.items.len(), 1);
                Ok(())
            })
            .await;
    }

    async fn something_overdue_too_long_stops_new_credit_and_names_the_remedy(t: TestDb) {
        let (world, cycle) = owing(t, 1_000).await;
        world.go_to(date("2026-04-30"));
        world.reserve(world.pair, world.order(), rupees(1)).await.unwrap();
        world.go_to(date("2026-05-01"));
        let refused = world.reserve(world.pair, world.order(), rupees(1)).await.unwrap_err();
        assert_eq!(refused.reasons, [Reason::OverdueExceeded]);
        let remedy = refused.remedy.map(|remedy| remedy.to_string());
        assert_eq!(remedy, Some(format!("pay Rs. 1,000.00 on {}", cycle.number)));
        world.repay(cycle.id, cash(Ask::Principal(rupees(1_000)), "2026-05-01")).await.unwrap();
        world.reserve(world.pair, world.order(), rupees(1)).await.unwrap();
    }

    async fn conditions_change_for_what_comes_after(t: TestDb) {
        let (world, cycle) = owing(t, 1_000).await;
        let line = world.lines(<_>::default(), PageRequest::default()).await.items.remove(0);
        let change = |change: LineChange| {
            let id = line.id;
            world.write(async move |tx, cx| credit::change_line(tx, cx, Scope::All, id, change.clone()).await)
        };
        let unreasoned = change(LineChange { limit: Some(rupees(1)), ..LineChange::default() }).await;
        assert_eq!(unreasoned.unwrap_err().code(), "VALIDATION");
        let reason = "new season".to_owned();
        let no_discount = credit::SettlementTerms {
            discounts: Vec::new(), late_interest_bp_year: <_>::default(), grace_days: 0,
        };
        let settlement = Some(no_discount);
        let changed =
            change(LineChange { limit: Some(rupees(400)), settlement, reason, ..LineChange::default() }).await.unwrap();
        assert_eq!((changed.limit, changed.terms_version), (rupees(400), 2));
        assert_eq!(world.position(world.pair).await.available, rupees(-600));
        // The cycle keeps the terms of its start.
        let quote = world.quote(cycle.id, Ask::Principal(rupees(1_000)), date("2026-03-01")).await.unwrap();
        assert_eq!(quote.settlement.discount, rupees(50));
        let reason = "holiday".to_owned();
        let status = Some(LineStatus::Paused);
        change(LineChange { status, reason, ..LineChange::default() }).await.unwrap();
        let refused = world.reserve(world.pair, world.order(), rupees(1)).await.unwrap_err();
        assert_eq!(refused.reasons, [Reason::LinePaused, Reason::InsufficientCredit]);
        let twice = NewLine {
            retailer_id: world.pair.0, vendor_id: world.pair.1, limit: rupees(1), terms_days: 30, max_order: None,
            max_overdue_days: 30, settlement: None,
        };
        assert_eq!(world.grant(twice).await, Err(Refusal::LineExists));
    }

    async fn what_was_tampered_with_is_found(t: TestDb) {
        let (world, cycle) = owing(t, 1_000).await;
        world.repay(cycle.id, cash(Ask::Principal(rupees(100)), "2026-03-01")).await.unwrap();
        world.reserve(world.pair, world.order(), rupees(7)).await.unwrap();
        assert_eq!(world.findings().await, Vec::<String>::new());
        let finds = async |meddled: &'static str, repaired: &'static str, expected: &str| {
            world.meddle(meddled).await;
            let found = world.findings().await.join("\n");
            assert!(found.contains(expected), "{expected}: {found}");
            world.meddle(repaired).await;
            assert_eq!(world.findings().await, Vec::<String>::new(), "{repaired}");
        };
        finds(
            "update credit_lines set reserved_paisa = reserved_paisa + 1",
            "update credit_lines set reserved_paisa = reserved_paisa - 1",
            "keeps 7.01 as reserved, but its active reservations come to 7.00",
        ).await;
        finds(
            "update credit_lines set position_seq = position_seq + 1",
            "update credit_lines set position_seq = position_seq - 1",
            "is at event 5, but 4 events are recorded",
        ).await;
        finds(
            "update cycles set outstanding_paisa = outstanding_paisa + 1",
            "update cycles set outstanding_paisa = outstanding_paisa - 1",
            "does not agree with its repayments and adjustments",
        ).await;
        finds(
            "update journal_entries set memo = memo || '!' where seq = 1",
            "update journal_entries set memo = replace(memo, '!', '') where seq = 1",
            "was changed after it was written",
        ).await;
        finds(
            "update postings set amount_paisa = amount_paisa + 1 where seq = 2 and number = 1",
            "update postings set amount_paisa = amount_paisa - 1 where seq = 2 and number = 1",
            "does not balance: its postings differ by 0.01",
        ).await;
        finds(
            "update journal_entries set seq = 9 where seq = 1",
            "update journal_entries set seq = 1 where seq = 9",
            "entry 1 has postings, but is not there",
        ).await;
        finds("update books set seq = 3 where seq = 2", "update books set seq = 2 where seq = 3", "head says that it ends with entry 3").await;
        // There is no order behind these holds.
        let orphans = world.all_findings().await;
        assert!(orphans.iter().any(|found| found.contains("which holds nothing")), "{orphans:?}");
    }

    async fn hledger_finds_the_same_balances(t: TestDb) {
        let (world, cycle) = owing(t, 1_000).await;
        world.repay(cycle.id, by_wallet(100, "2026-03-01", "A; 1")).await.unwrap();
        world.repay(cycle.id, cash(Ask::Cash("94.99".parse().unwrap()), "2026-03-01")).await.unwrap();
        for scope in [Scope::All, Scope::Vendor(world.pair.1), Scope::Retailer(world.pair.0)] {
            let page = world.write(async move |tx, _| ledger::export_page(tx, scope, None).await).await;
            assert_eq!(page.next, None);
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("books.journal");
            std::fs::write(&path, format!("{}{}", ledger::export_header(), page.text)).unwrap();
            let hledger = |arguments: &[&str]| {
                let output = Command::new("hledger").arg("-f").arg(&path).args(arguments).output().unwrap();
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                String::from_utf8(output.stdout).unwrap()
            };
            hledger(&["check", "--strict"]);
            let balances = hledger(&["balance", "--flat", "--no-total", "--output-format=csv"]);
            let pair = world.pair;
            let ours = world.write(async move |tx, _| ledger::balances(tx, Scope::All, pair.0, pair.1).await).await;
            assert_eq!(ours.len(), 5, "{ours:?}");
            for account in ours {
                let name = match account.account {
                    ledger::Account::Receivable => format!("vendor:{}:receivable:{}", pair.1, pair.0),
                    other => format!("vendor:{}:{other}", pair.1),
                };
                let line = format!("\"{name}\",\"NPR {}\"", account.balance);
                assert!(balances.contains(&line), "{line} is not in\n{balances}");
            }
        }
    }
}

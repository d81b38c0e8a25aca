//! How payments are recorded: spread over cycles, dated, referenced, all at once.

use credit::{Ask, CycleStatus, NewPayment, NewRepayment, Refund, Refusal, Spread};
use kernel::{Actor, Money, Scope};
use ledger::Method;

use super::{by, clean, count, date, is, kept, money, owes, paid, pay, reverse, state, to, told, world};

testkit::both_engines! {
    async fn a_payment_goes_to_the_oldest_due_first(t: TestDb) {
        let world = world(t).await;
        let first = owes(&world, "1000").await;
        world.go_to(date("2026-03-10"));
        let second = owes(&world, "500").await;
        let recorded = pay(&world, by(paid(&world, "1045.01"), Method::Esewa, "TXN-1")).await.unwrap();
        assert_eq!(recorded.cycles.iter().map(state).collect::<Vec<_>>(), [
            is("0.00", CycleStatus::FullyPaid), is("399.99", CycleStatus::PartiallyPaid),
        ]);
        assert_eq!(world.cycle(first.id).await, recorded.cycles[0]);
        assert_eq!(world.cycle(second.id).await, recorded.cycles[1]);
        assert_eq!(recorded.position, world.position(world.pair).await);
        assert_eq!(recorded.position.available, money("99600.01"));
        let payment = &recorded.payment;
        let cash = Money::sum(payment.repayments.iter().map(|part| part.cash)).unwrap();
        assert_eq!((cash, payment.payment.amount), (money("1045.01"), money("1045.01")));
        let id = payment.payment.id;
        let shown = world.write(async move |tx, _| credit::payment_with_repayments(tx, Scope::All, id).await).await;
        assert_eq!(shown.as_ref(), Some(payment));
        let messages = told(&world).await;
        assert_eq!(messages.len(), 1);
        for part in [&first.number, &second.number, "Rs. 1,045.01", "Rs. 399.99", &recorded.entry_hash[..8]] {
            assert!(messages[0].contains(part), "{part} is not in {}", messages[0]);
        }
        clean(&world).await;
    }

    async fn a_preview_says_what_recording_does_and_stores_nothing(t: TestDb) {
        let world = world(t).await;
        let first = owes(&world, "1000").await;
        owes(&world, "500").await;
        let new = kept(paid(&world, "1500"));
        let (pair, spread, today) = (world.pair, new.spread.clone(), world.today());
        let previews = async |scope: Scope| {
            let spread = spread.clone();
            world.write(async move |tx, _| credit::preview(tx, scope, pair, &spread, today).await).await
        };
        let preview = previews(Scope::Retailer(pair.0)).await.unwrap();
        assert_eq!(previews(Scope::Vendor(world.other_vendor())).await, Err(Refusal::NotFound("credit line")));
        assert_eq!(world.cycle(first.id).await, first);
        assert_eq!(count(&world, "select id from payments").await, 0);
        let recorded = pay(&world, new).await.unwrap();
        let of_preview: Vec<_> =
            preview.repayments.iter().map(|part| (part.cycle_id, part.settlement.cash, part.remaining)).collect();
        let parts = recorded.payment.repayments.iter().zip(&recorded.cycles);
        let of_record: Vec<_> = parts.map(|(part, cycle)| (cycle.id, part.cash, cycle.outstanding)).collect();
        assert_eq!((of_preview, preview.unapplied), (of_record, recorded.payment.payment.unapplied));
        assert_eq!(preview.unapplied, money("75"));
        clean(&world).await;
    }

    async fn a_refused_payment_leaves_nothing(t: TestDb) {
        let world = world(t).await;
        let (first, second) = (owes(&world, "1000").await, owes(&world, "500").await);
        let entries = count(&world, "select id from journal_entries").await;
        let over = pay(&world, paid(&world, "1425.01")).await;
        let (maximum, maximum_cash) = (money("1500"), money("1425"));
        assert_eq!(over, Err(Refusal::Overpayment { maximum, maximum_cash }));
        // The first part would hold; all or nothing.
        let half = [(first.id, Ask::Principal(money("10"))), (second.id, Ask::Principal(money("500.01")))];
        let refused = pay(&world, to(NewPayment { spread: Spread { amount: None, ..paid(&world, "1").spread }, ..paid(&world, "1") }, &half)).await;
        assert!(matches!(&refused, Err(Refusal::OnCycle { number, .. }) if *number == second.number), "{refused:?}");
        assert_eq!(refused.unwrap_err().code(), "OVERPAYMENT");
        assert_eq!(pay(&world, NewPayment { method: Method::Bank, ..paid(&world, "10") }).await, Err(Refusal::ReferenceRequired));
        assert_eq!(pay(&world, paid(&world, "0")).await.unwrap_err().code(), "VALIDATION");
        assert_eq!(pay(&world, paid(&world, "0.50")).await.unwrap_err().code(), "BELOW_MINIMUM");
        let nowhere = NewPayment { pair: (world.pair.0, world.other_vendor()), ..paid(&world, "10") };
        assert_eq!(pay(&world, nowhere).await, Err(Refusal::NotFound("credit line")));
        for table in ["select id from payments", "select id from repayments", "select id from outgoing_messages"] {
            assert_eq!(count(&world, table).await, 0);
        }
        assert_eq!(count(&world, "select id from journal_entries").await, entries);
        assert_eq!(world.cycle(first.id).await, first);
        clean(&world).await;
    }

    async fn a_payment_that_is_cut_off_leaves_nothing(t: TestDb) {
        let world = world(t).await;
        let cycle = owes(&world, "1000").await;
        let new = by(kept(paid(&world, "1000")), Method::Bank, "B-1");
        let cut = new.clone();
        let failed = world.try_write(async move |tx, cx| {
            credit::record(tx, cx, Scope::All, &cut).await?.unwrap();
            Err::<(), _>(db::DbError::Constraint("the power went".to_owned()))
        });
        failed.await.unwrap_err();
        assert_eq!((world.cycle(cycle.id).await, count(&world, "select id from payments").await), (cycle, 0));
        clean(&world).await;
        pay(&world, new).await.unwrap();
        clean(&world).await;
    }

    async fn a_payment_is_for_one_vendor(t: TestDb) {
        let world = world(t).await;
        let own = owes(&world, "1000").await;
        let beside = world.beside(money("1000"), 30, None, 30).await;
        let other = owes(&beside, "1000").await;
        let ask = Ask::Principal(money("10"));
        let refused = pay(&world, to(paid(&world, "19"), &[(own.id, ask), (other.id, ask)])).await.unwrap_err();
        let Refusal::FieldOf { field, .. } = refused else { panic!("{refused}") };
        assert_eq!(field, "repayments[1].cycleId");
        assert_eq!((world.cycle(own.id).await, beside.cycle(other.id).await), (own, other));
        clean(&world).await;
    }

    async fn a_date_may_lie_back_but_not_before_what_was_computed(t: TestDb) {
        let world = world(t).await;
        let first = owes(&world, "1000").await;
        world.go_to(date("2026-03-20"));
        let second = owes(&world, "500").await;
        world.go_to(date("2026-04-05"));
        let on = |amount: &str, day: &str| {
            let new = paid(&world, amount);
            NewPayment { spread: Spread { on: date(day), ..new.spread.clone() }, ..new }
        };
        // On 15 March only the first had begun, and its discount held then.
        let back = pay(&world, on("475", "2026-03-15")).await.unwrap();
        assert_eq!(back.cycles.iter().map(state).collect::<Vec<_>>(), [is("500.00", CycleStatus::PartiallyPaid)]);
        let dates = |earliest| Refusal::PaymentDate { earliest: date(earliest), latest: date("2026-04-05") };
        let early = pay(&world, on("95", "2026-03-14")).await.unwrap_err();
        assert_eq!(early, Refusal::OnCycle { number: first.number.clone(), refusal: Box::new(dates("2026-03-15")) });
        let before = to(on("9.50", "2026-03-19"), &[(second.id, Ask::Principal(money("10")))]);
        let before = pay(&world, before).await.unwrap_err();
        assert_eq!(before, Refusal::OnCycle { number: second.number, refusal: Box::new(dates("2026-03-20")) });
        let ahead = pay(&world, on("95", "2026-04-06")).await.unwrap_err();
        assert!(matches!(ahead, Refusal::PaymentDate { latest, .. } if latest == world.today()), "{ahead}");
        // A reversed repayment holds no date back.
        reverse(&world, back.payment.payment.id).await.unwrap();
        pay(&world, on("95", "2026-03-14")).await.unwrap();
        clean(&world).await;
    }

    async fn a_reference_counts_once(t: TestDb) {
        let world = world(t).await;
        owes(&world, "1000").await;
        let new = by(paid(&world, "95"), Method::Esewa, "txn-7 a");
        let first = pay(&world, new.clone()).await.unwrap().payment.payment;
        let duplicate = Refusal::DuplicateReference { first: first.id, amount: first.amount, paid_on: first.paid_on };
        assert_eq!(pay(&world, by(paid(&world, "190"), Method::Esewa, "TXN 7A")).await, Err(duplicate.clone()));
        // Another method is another reference; so is a cheque of another drawer.
        pay(&world, by(paid(&world, "95"), Method::Khalti, "TXN-7A")).await.unwrap();
        pay(&world, by(paid(&world, "95"), Method::Cheque, "000123")).await.unwrap();
        let neighbour = world.other_retailer();
        world.add_retailer(neighbour, None).await;
        let line = credit::NewLine {
            retailer_id: neighbour, vendor_id: world.pair.1, limit: money("1000"), terms_days: 30, max_order: None,
            max_overdue_days: 30, settlement: None,
        };
        world.grant(line).await.unwrap();
        let of_neighbour = |method, reference| {
            kept(by(NewPayment { pair: (neighbour, world.pair.1), ..paid(&world, "10") }, method, reference))
        };
        pay(&world, of_neighbour(Method::Cheque, "000123")).await.unwrap();
        assert_eq!(pay(&world, of_neighbour(Method::Esewa, "TXN-7A")).await, Err(duplicate.clone()));
        // A payment that was taken back keeps its reference.
        reverse(&world, first.id).await.unwrap();
        assert_eq!(pay(&world, new).await, Err(duplicate));
        clean(&world).await;
    }

    async fn the_same_reference_at_once_counts_once(t: TestDb) {
        let world = world(t).await;
        owes(&world, "1000").await;
        let neighbour = world.other_retailer();
        world.add_retailer(neighbour, None).await;
        let line = credit::NewLine {
            retailer_id: neighbour, vendor_id: world.pair.1, limit: money("1000"), terms_days: 30, max_order: None,
            max_overdue_days: 30, settlement: None,
        };
        world.grant(line).await.unwrap();
        let tasks: Vec<_> = (0..10)
            .map(|index| {
                let world = world.clone();
                let pair = if index % 2 == 0 { world.pair } else { (neighbour, world.pair.1) };
                let new = NewPayment { pair, ..kept(by(paid(&world, "10"), Method::Bank, "B-1")) };
                tokio::spawn(async move { pay(&world, new).await.map_err(|refusal| refusal.code()) })
            })
            .collect();
        let mut accepted = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => accepted += 1,
                Err(code) => assert_eq!(code, "DUPLICATE_REFERENCE"),
            }
        }
        assert_eq!((accepted, count(&world, "select id from payments").await), (1, 1));
        clean(&world).await;
    }

    async fn payments_at_once_never_pass_what_is_open(t: TestDb) {
        let world = world(t).await;
        let cycle = owes(&world, "1000").await;
        let tasks: Vec<_> = (0..20)
            .map(|index| {
                let (world, id) = (world.clone(), cycle.id);
                tokio::spawn(async move {
                    // By order and by name, and by the older door.
                    let done = match index % 3 {
                        0 => pay(&world, paid(&world, "66.50")).await.map(|_| ()),
                        1 => {
                            let named = to(paid(&world, "66.50"), &[(id, Ask::Principal(money("70")))]);
                            pay(&world, named).await.map(|_| ())
                        }
                        _ => {
                            let ask = Ask::Principal(money("70"));
                            let new = NewRepayment { ask, on: world.today(), method: Method::Cash, reference: None };
                            world.repay(id, new).await.map(|_| ())
                        }
                    };
                    done.map_err(|refusal| refusal.code())
                })
            })
            .collect();
        let mut accepted = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(()) => accepted += 1,
                Err(code) => assert_eq!(code, "OVERPAYMENT"),
            }
        }
        assert_eq!((accepted, state(&world.cycle(cycle.id).await)), (14, is("20.00", CycleStatus::PartiallyPaid)));
        clean(&world).await;
    }

    async fn nobody_moves_money_that_is_not_theirs(t: TestDb) {
        let world = world(t).await;
        owes(&world, "1000").await;
        let id = pay(&world, kept(paid(&world, "1000"))).await.unwrap().payment.payment.id;
        let (pair, new) = (world.pair, paid(&world, "10"));
        let stranger = world.other_vendor();
        world
            .write(async move |tx, cx| {
                let (scope, vendor) = (Scope::Vendor(stranger), cx.acting_as(Actor::Vendor(stranger)));
                let none = |what| Some(Refusal::NotFound(what));
                let refund = Refund { amount: None, method: Method::Cash, reference: None };
                assert_eq!(credit::record(tx, &vendor, scope, &new).await?.err(), none("credit line"));
                assert_eq!(credit::apply(tx, &vendor, scope, id, None, None).await?.err(), none("payment"));
                assert_eq!(credit::refund(tx, &vendor, scope, id, &refund).await?.err(), none("payment"));
                assert_eq!(credit::reverse(tx, &vendor, scope, id, "x").await?.err(), none("payment"));
                assert_eq!(credit::payment_with_repayments(tx, scope, id).await?, None);
                assert!(credit::payments(tx, scope, <_>::default(), &<_>::default()).await?.items.is_empty());
                let (scope, shop) = (Scope::Retailer(pair.0), cx.acting_as(Actor::Retailer(pair.0)));
                let codes = [
                    credit::record(tx, &shop, scope, &new).await?.unwrap_err().code(),
                    credit::apply(tx, &shop, scope, id, None, None).await?.unwrap_err().code(),
                    credit::refund(tx, &shop, scope, id, &refund).await?.unwrap_err().code(),
                    credit::reverse(tx, &shop, scope, id, "x").await?.unwrap_err().code(),
                ];
                assert_eq!(codes, ["FORBIDDEN"; 4]);
                assert!(credit::payment_with_repayments(tx, scope, id).await?.is_some());
                Ok(())
            })
            .await;
        clean(&world).await;
    }

    async fn what_was_tampered_with_in_payments_is_found(t: TestDb) {
        let world = world(t).await;
        owes(&world, "1000").await;
        pay(&world, kept(paid(&world, "1000"))).await.unwrap();
        clean(&world).await;
        world.meddle("update payments set unapplied_paisa = unapplied_paisa + 1").await;
        let found = world.findings().await.join("\n");
        assert!(found.contains("does not agree with its repayments"), "{found}");
        assert!(found.contains("keeps 50.01 of its payments for later, but its advances in the journal are 50.00"), "{found}");
    }

    async fn payments_cost_what_they_say(t: TestDb) {
        let world = world(t).await;
        owes(&world, "1000").await;
        owes(&world, "1000").await;
        let (pair, today) = (world.pair, world.today());
        let new = by(kept(paid(&world, "1950")), Method::Bank, "B-1");
        // What posting, recording and telling cost by themselves.
        let (post, audit, tell) = (4, 3, 3);
        let costs = world
            .write(async move |tx, cx| {
                let mut costs = Vec::new();
                let mut last = tx.cost().statements;
                let mut note = |tx: &db::Tx| {
                    costs.push(tx.cost().statements - last);
                    last = tx.cost().statements;
                };
                credit::preview(tx, Scope::All, pair, &new.spread, today).await?.unwrap();
                note(tx);
                let first = credit::record(tx, cx, Scope::All, &new).await?.unwrap().payment.payment.id;
                note(tx);
                credit::reverse(tx, cx, Scope::All, first, "it bounced").await?.unwrap();
                note(tx);
                let again = by(new.clone(), Method::Bank, "B-2");
                let again = credit::record(tx, cx, Scope::All, &again).await?.unwrap().payment.payment.id;
                note(tx);
                let refund = Refund { amount: Some(money("1")), method: Method::Cash, reference: None };
                credit::refund(tx, cx, Scope::All, again, &refund).await?.unwrap();
                note(tx);
                Ok(costs)
            })
            .await;
        let score = 1;
        let record = 6 + 2 + post + audit + tell + score;
        assert_eq!(costs, [2, record, 11 + 2 + post + audit + tell + score, record, 5 + post + audit]);
    }
}

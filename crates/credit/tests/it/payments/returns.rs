//! Goods that come back after they were paid for.

use credit::{Adjusted, AdjustmentKind, CycleStatus, NewAdjustment, Outcome, Refusal, Sign, Source};
use kernel::{CycleId, Money, Scope};
use ledger::{Account, Method};

use super::{
    apply, balance, by, clean, date, hledger_agrees, is, money, owes, paid, pay, refund, reverse, state, to, world,
};
use crate::world::World;

async fn bring_back(world: &World, cycle_id: CycleId, amount: &str) -> Result<Adjusted, Refusal> {
    let (kind, amount, reason) = (AdjustmentKind::Return, money(amount), "the sacks were wet".to_owned());
    let new = NewAdjustment { cycle_id, kind, sign: Some(Sign::Decrease), amount, reason };
    world.write(async move |tx, cx| credit::adjust(tx, cx, Scope::All, &new).await).await
}

testkit::both_engines! {
    async fn what_was_really_paid_for_goods_is_given_back(t: TestDb) {
        let world = world(t).await;
        let cycle = owes(&world, "1000").await;
        let payment = pay(&world, by(paid(&world, "950"), Method::Esewa, "E-1")).await.unwrap().payment.payment.id;
        world.go_to(date("2026-03-05"));
        assert_eq!(
            bring_back(&world, cycle.id, "1000.01").await.unwrap_err(),
            Refusal::AboveReturnable { maximum: money("1000") }
        );
        let done = bring_back(&world, cycle.id, "400").await.unwrap();
        assert_eq!((done.adjustment.amount, done.adjustment.advance), (money("-400"), money("380")));
        // It was settled on the day it was paid, and stays so.
        let after = world.cycle(cycle.id).await;
        assert_eq!((state(&after), after.closed_on), (is("0.00", CycleStatus::FullyPaid), Some(date("2026-03-01"))));
        assert_eq!((after.repaid, after.discount, after.adjusted), (money("600"), money("30"), money("-400")));
        assert_eq!(balance(&world, Account::Returns).await, money("400"));
        assert_eq!(balance(&world, Account::Advances).await, money("-380"));
        assert_eq!(balance(&world, Account::DiscountAllowed).await, money("30"));
        assert_eq!(balance(&world, Account::Cash(Method::Esewa)).await, money("950"));
        assert_eq!(balance(&world, Account::Receivable).await, Money::ZERO);
        clean(&world).await;
        // It is like any other excess: part of it pays the next cycle (at 5 %), the rest goes back.
        let next = owes(&world, "200").await;
        let applied = apply(&world, payment, None).await.unwrap();
        assert_eq!(applied.payment.payment.unapplied, money("190"));
        assert_eq!(state(&world.cycle(next.id).await), is("0.00", CycleStatus::FullyPaid));
        refund(&world, payment, Some("190")).await.unwrap();
        assert_eq!(balance(&world, Account::Advances).await, Money::ZERO);
        // All the rest: exactly what is left of the cash, and no more comes back.
        assert_eq!(bring_back(&world, cycle.id, "600").await.unwrap().adjustment.advance, money("570"));
        let more = bring_back(&world, cycle.id, "0.01").await.unwrap_err();
        assert_eq!(more, Refusal::AboveReturnable { maximum: Money::ZERO });
        assert_eq!(reverse(&world, payment).await, Err(Refusal::ExcessRefunded { refunded: money("190") }));
        clean(&world).await;
        hledger_agrees(&world).await;
        world.meddle("update adjustments set advance_paisa = advance_paisa + 1").await;
        assert_eq!(world.findings().await.len(), 1);
    }

    async fn what_is_open_falls_off_first(t: TestDb) {
        let world = world(t).await;
        let cycle = owes(&world, "1000").await;
        pay(&world, paid(&world, "285")).await.unwrap();
        let before = world.position(world.pair).await;
        let done = bring_back(&world, cycle.id, "800").await.unwrap();
        assert_eq!(state(&done.cycle), is("0.00", CycleStatus::FullyPaid));
        assert_eq!((done.cycle.repaid, done.adjustment.advance), (money("200"), money("95")));
        let after = world.position(world.pair).await;
        assert_eq!((before.outstanding, after.outstanding), (money("700"), Money::ZERO));
        assert_eq!(balance(&world, Account::Returns).await, money("800"));
        // What was given up was never paid: only the open part of such a cycle can come back.
        let second = owes(&world, "500").await;
        pay(&world, paid(&world, "95")).await.unwrap();
        world.write(async move |tx, cx| credit::close(tx, cx, Scope::All, second.id, "the shop is gone").await).await.unwrap();
        let refused = bring_back(&world, second.id, "1").await.unwrap_err();
        assert_eq!(refused, Refusal::AboveReturnable { maximum: Money::ZERO });
        clean(&world).await;
    }

    async fn goods_stay_returned_when_their_cheque_bounces(t: TestDb) {
        let world = world(t).await;
        let cycle = owes(&world, "1000").await;
        let cheque = by(paid(&world, "950"), Method::Cheque, "000777");
        let payment = pay(&world, cheque).await.unwrap().payment.payment.id;
        bring_back(&world, cycle.id, "400").await.unwrap();
        world.go_to(date("2026-03-09"));
        let Outcome::Applied(reversed) = reverse(&world, payment).await.unwrap() else { panic!("it stood before") };
        assert_eq!(reversed.payment.unapplied, Money::ZERO);
        assert_eq!(reversed.repayments.iter().map(|part| part.source).collect::<Vec<_>>(), [Source::Cash, Source::Return]);
        let after = world.cycle(cycle.id).await;
        assert_eq!((state(&after), after.closed_on), (is("600.00", CycleStatus::PartiallyPaid), None));
        assert_eq!((after.repaid, after.discount), (Money::ZERO, Money::ZERO));
        assert_eq!(world.position(world.pair).await.outstanding, money("600"));
        for (account, expected) in [
            (Account::Returns, "400"),
            (Account::Receivable, "600"),
            (Account::Advances, "0"),
            (Account::DiscountAllowed, "0"),
            (Account::Cash(Method::Cheque), "0"),
        ] {
            assert_eq!(balance(&world, account).await, money(expected), "{account}");
        }
        // All of it back, and the cheque bounces: nothing is owed for what nobody kept.
        let second = owes(&world, "100").await;
        let cheque = to(by(paid(&world, "95"), Method::Cheque, "000778"), &[(second.id, credit::Ask::Cash(money("95")))]);
        let payment = pay(&world, cheque).await.unwrap().payment.payment.id;
        bring_back(&world, second.id, "100").await.unwrap();
        reverse(&world, payment).await.unwrap();
        let after = world.cycle(second.id).await;
        assert_eq!((state(&after), after.closed_on), (is("0.00", CycleStatus::FullyPaid), Some(date("2026-03-09"))));
        clean(&world).await;
        hledger_agrees(&world).await;
    }

    async fn returning_at_once_never_gives_back_more_than_was_delivered(t: TestDb) {
        let world = world(t).await;
        let cycle = owes(&world, "1000").await;
        pay(&world, paid(&world, "950")).await.unwrap();
        let tasks: Vec<_> = (0..12)
            .map(|_| {
                let (world, cycle) = (world.clone(), cycle.id);
                tokio::spawn(async move { bring_back(&world, cycle, "300").await.is_ok() })
            })
            .collect();
        let mut done = 0;
        for task in tasks {
            done += usize::from(task.await.unwrap());
        }
        assert_eq!((done, world.cycle(cycle.id).await.repaid), (3, money("100")));
        assert_eq!(balance(&world, Account::Advances).await, money("-855"));
        clean(&world).await;
    }
}

//! Money that comes for what had been written off.

use credit::{CycleStatus, NewRecovery, Outcome, Recorded, Refusal, Source};
use kernel::{CycleId, Money, Scope};
use ledger::{Account, Method};

use super::{balance, clean, date, hledger_agrees, is, money, owes, paid, pay, reverse, state, to, told, world};
use crate::world::World;

async fn recover(world: &World, id: CycleId, amount: &str, reference: &str) -> Result<Recorded, Refusal> {
    let (amount, on, reference) = (money(amount), world.today(), Some(reference.to_owned()));
    let new = NewRecovery { amount, on, method: Method::Esewa, reference };
    world.write(async move |tx, cx| credit::recover(tx, cx, Scope::All, id, &new).await).await
}

/// A cycle of 1 000.00, of which 200.00 were paid and 800.00 written off on 2026-06-01.
async fn given_up(world: &World) -> CycleId {
    let id = owes(world, "1000").await.id;
    pay(world, paid(world, "190")).await.unwrap();
    world.go_to(date("2026-06-01"));
    world.write(async move |tx, cx| credit::close(tx, cx, Scope::All, id, "the shop is gone").await).await.unwrap();
    id
}

testkit::both_engines! {
    async fn what_was_written_off_comes_in_after_all(t: TestDb) {
        let world = world(t).await;
        let id = given_up(&world).await;
        let refused = pay(&world, to(paid(&world, "100"), &[(id, credit::Ask::Cash(money("100")))])).await;
        assert_eq!(refused.unwrap_err().code(), "CYCLE_CLOSED");
        let before = world.position(world.pair).await;
        let came = recover(&world, id, "300", "E-1").await.unwrap();
        let part = &came.payment.repayments[0];
        assert_eq!((part.source, part.principal, part.cash), (Source::Recovery, Money::ZERO, money("300")));
        assert_eq!(came.position, before);
        let cycle = world.cycle(id).await;
        assert_eq!((state(&cycle), cycle.repaid), (is("0.00", CycleStatus::Closed), money("200")));
        assert_eq!(cycle.last_repayment_on, Some(date("2026-03-01")));
        assert!(told(&world).await.last().unwrap().contains("Rs. 300.00"));
        assert_eq!(recover(&world, id, "1", "e 1").await.unwrap_err().code(), "DUPLICATE_REFERENCE");
        let above = recover(&world, id, "500.01", "E-2").await.unwrap_err();
        assert_eq!(above, Refusal::AboveWrittenOff { maximum: money("500") });
        let second = recover(&world, id, "500", "E-2").await.unwrap().payment.payment.id;
        assert_eq!(balance(&world, Account::BadDebtRecovered).await, money("-800"));
        assert_eq!(balance(&world, Account::BadDebt).await, money("800"));
        assert_eq!(balance(&world, Account::Receivable).await, Money::ZERO);
        // It is taken back like any other payment, and can come again.
        let Outcome::Applied(back) = reverse(&world, second).await.unwrap() else { panic!("it stood before") };
        assert!(back.repayments.iter().all(|part| part.reversed_on.is_some()));
        assert_eq!(balance(&world, Account::BadDebtRecovered).await, money("-300"));
        let cycle = world.cycle(id).await;
        assert_eq!((state(&cycle), cycle.closed_on), (is("0.00", CycleStatus::Closed), Some(date("2026-06-01"))));
        recover(&world, id, "499.99", "E-3").await.unwrap();
        clean(&world).await;
        hledger_agrees(&world).await;
    }

    async fn only_what_was_written_off_and_only_after_it_was(t: TestDb) {
        let world = world(t).await;
        let open = owes(&world, "500").await;
        let refused = recover(&world, open.id, "10", "E-1").await.unwrap_err();
        assert_eq!(refused, Refusal::CycleOpen { number: open.number.clone() });
        pay(&world, paid(&world, "475")).await.unwrap();
        let refused = recover(&world, open.id, "10", "E-1").await.unwrap_err();
        assert_eq!(refused, Refusal::AboveWrittenOff { maximum: Money::ZERO });
        let id = given_up(&world).await;
        let new = NewRecovery { amount: money("1"), on: date("2026-05-31"), method: Method::Cash, reference: None };
        let early = world.write(async move |tx, cx| credit::recover(tx, cx, Scope::All, id, &new).await).await;
        let (earliest, latest) = (date("2026-06-01"), date("2026-06-01"));
        assert_eq!(early.unwrap_err(), Refusal::PaymentDate { earliest, latest });
        clean(&world).await;
    }

    async fn recovering_at_once_never_passes_what_was_written_off(t: TestDb) {
        let world = world(t).await;
        let id = given_up(&world).await;
        let tasks: Vec<_> = (0..12)
            .map(|turn| {
                let world = world.clone();
                tokio::spawn(async move { recover(&world, id, "300", &format!("E-{turn}")).await.is_ok() })
            })
            .collect();
        let mut done = 0;
        for task in tasks {
            done += usize::from(task.await.unwrap());
        }
        assert_eq!((done, balance(&world, Account::BadDebtRecovered).await), (2, money("-600")));
        clean(&world).await;
    }
}

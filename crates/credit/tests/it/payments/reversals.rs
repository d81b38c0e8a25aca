//! What is kept of a payment, and payments that are taken back.

use credit::{CycleStatus, Outcome, PaymentFilter, PaymentStatus, Refusal, Source};
use kernel::{Money, Scope};
use ledger::Method;

use super::{
    apply, balance, by, clean, count, date, hledger_agrees, is, kept, money, owes, paid, pay, refund, reverse, state,
    told, world,
};

testkit::both_engines! {
    async fn an_excess_is_kept_applied_and_refunded(t: TestDb) {
        let world = world(t).await;
        owes(&world, "1000").await;
        let recorded = pay(&world, kept(by(paid(&world, "1500"), Method::Esewa, "E-1"))).await.unwrap();
        let id = recorded.payment.payment.id;
        assert_eq!(recorded.payment.payment.unapplied, money("550"));
        assert_eq!(balance(&world, ledger::Account::Advances).await, money("-550"));
        assert!(told(&world).await[0].contains("Kept for later: Rs. 550.00"));
        // Nothing is owed yet.
        assert_eq!(apply(&world, id, None).await.unwrap_err().code(), "OVERPAYMENT");
        world.go_to(date("2026-04-02"));
        let cycle = owes(&world, "400").await;
        world.go_to(date("2026-05-03"));
        assert_eq!(apply(&world, id, Some("550.01")).await, Err(Refusal::AboveUnapplied { maximum: money("550") }));
        assert_eq!(apply(&world, id, Some("500")).await.unwrap_err().code(), "OVERPAYMENT");
        // The age is that of today: no discount any more.
        let applied = apply(&world, id, Some("100")).await.unwrap();
        let part = &applied.payment.repayments[0];
        assert_eq!((part.source, part.principal, part.discount), (Source::Advance, money("100"), Money::ZERO));
        assert_eq!(part.paid_on, date("2026-05-03"));
        let rest = apply(&world, id, None).await.unwrap();
        assert_eq!(rest.payment.payment.unapplied, money("150"));
        assert_eq!(state(&world.cycle(cycle.id).await), is("0.00", CycleStatus::FullyPaid));
        let unapplied = PaymentFilter { unapplied: true, ..PaymentFilter::default() };
        let listed = async |filter| {
            world.write(async move |tx, _| credit::payments(tx, Scope::All, filter, &<_>::default()).await).await.items
        };
        assert_eq!(listed(unapplied).await.len(), 1);
        assert_eq!(refund(&world, id, Some("150.01")).await, Err(Refusal::AboveUnapplied { maximum: money("150") }));
        let refunded = refund(&world, id, Some("50")).await.unwrap();
        assert_eq!((refunded.payment.unapplied, refunded.payment.refunded), (money("100"), money("50")));
        let refunded = refund(&world, id, None).await.unwrap();
        assert_eq!((refunded.payment.unapplied, refunded.repayments.len()), (Money::ZERO, 3));
        assert_eq!(refund(&world, id, None).await, Err(Refusal::AboveUnapplied { maximum: Money::ZERO }));
        assert_eq!(balance(&world, ledger::Account::Advances).await, Money::ZERO);
        assert_eq!(balance(&world, ledger::Account::Cash(Method::Bank)).await, money("-150"));
        assert_eq!((listed(unapplied).await.len(), listed(PaymentFilter::default()).await.len()), (0, 1));
        assert_eq!(reverse(&world, id).await, Err(Refusal::ExcessRefunded { refunded: money("150") }));
        clean(&world).await;
        hledger_agrees(&world).await;
    }

    async fn a_bounced_cheque_opens_its_cycles_again(t: TestDb) {
        let world = world(t).await;
        let (first, second) = (owes(&world, "1000").await, owes(&world, "500").await);
        pay(&world, paid(&world, "95")).await.unwrap();
        let cheque = kept(by(paid(&world, "1400"), Method::Cheque, "000777"));
        let id = pay(&world, cheque).await.unwrap().payment.payment.id;
        let third = owes(&world, "60").await;
        apply(&world, id, None).await.unwrap();
        assert_eq!(state(&world.cycle(third.id).await), is("0.00", CycleStatus::FullyPaid));
        world.go_to(date("2026-04-20"));
        let early = world.write(async move |tx, cx| credit::reverse(tx, cx, Scope::All, id, " ").await).await;
        assert_eq!(early.unwrap_err().code(), "VALIDATION");
        let before = told(&world).await.len();
        let Outcome::Applied(reversed) = reverse(&world, id).await.unwrap() else { panic!("it was not reversed before") };
        let payment = &reversed.payment;
        assert_eq!((payment.status, payment.unapplied), (PaymentStatus::Reversed, Money::ZERO));
        assert_eq!(payment.reversed_on, Some(date("2026-04-20")));
        assert!(reversed.repayments.iter().all(|part| part.reversed_on == Some(date("2026-04-20"))));
        let paid_before = world.cycle(first.id).await;
        assert_eq!(state(&paid_before), is("900.00", CycleStatus::PartiallyPaid));
        assert_eq!((paid_before.last_repayment_on, paid_before.discount), (Some(date("2026-03-01")), money("5")));
        let untouched = world.cycle(second.id).await;
        assert_eq!((state(&untouched), untouched.last_repayment_on), (is("500.00", CycleStatus::Active), None));
        assert_eq!(state(&world.cycle(third.id).await), is("60.00", CycleStatus::Active));
        assert_eq!(world.position(world.pair).await.outstanding, money("1460"));
        for account in [ledger::Account::Cash(Method::Cheque), ledger::Account::Advances] {
            assert_eq!(balance(&world, account).await, Money::ZERO);
        }
        // Told once, and again it answers the first result.
        let messages = told(&world).await;
        assert_eq!(messages.len(), before + 1);
        assert!(messages[before].contains("Rs. 1,400.00") && messages[before].contains("it bounced"));
        world.go_to(date("2026-04-25"));
        assert_eq!(reverse(&world, id).await, Ok(Outcome::AlreadyApplied(reversed)));
        assert_eq!(apply(&world, id, None).await, Err(Refusal::PaymentReversed { on: date("2026-04-20") }));
        assert_eq!(refund(&world, id, None).await, Err(Refusal::PaymentReversed { on: date("2026-04-20") }));
        // What was so on a day before stays so.
        assert_eq!(world.aging(date("2026-04-19"), world.today()).await.outstanding, Money::ZERO);
        assert_eq!(world.aging(date("2026-04-20"), world.today()).await.outstanding, money("1460"));
        clean(&world).await;
        hledger_agrees(&world).await;
    }

    async fn a_closed_cycle_owes_only_what_was_reversed(t: TestDb) {
        let world = world(t).await;
        let cycle = owes(&world, "1000").await;
        let id = pay(&world, paid(&world, "380")).await.unwrap().payment.payment.id;
        // As closing leaves it: the other 600 were given up.
        world.meddle("update cycles set outstanding_paisa = 0, status = 'CLOSED', closed_on = '2026-03-01'").await;
        world.meddle("update credit_lines set outstanding_paisa = 0").await;
        reverse(&world, id).await.unwrap();
        let cycle = world.cycle(cycle.id).await;
        assert_eq!((state(&cycle), cycle.closed_on), (is("400.00", CycleStatus::PartiallyPaid), None));
        assert_eq!(world.position(world.pair).await.outstanding, money("400"));
    }

    async fn reversing_at_once_counts_once(t: TestDb) {
        let world = world(t).await;
        let cycle = owes(&world, "1000").await;
        let id = pay(&world, kept(paid(&world, "1000"))).await.unwrap().payment.payment.id;
        let tasks: Vec<_> = (0..12)
            .map(|index| {
                let world = world.clone();
                tokio::spawn(async move {
                    if index % 4 == 3 { refund(&world, id, None).await.is_ok() } else { reverse(&world, id).await.is_ok() }
                })
            })
            .collect();
        let mut reversed = Vec::new();
        for (index, task) in (0..12).zip(tasks) {
            if task.await.unwrap() {
                reversed.push(index % 4 != 3);
            }
        }
        // Either the refund came first and stands alone, or all reversals hold.
        let is_reversed = reversed.iter().all(|is_reversal| *is_reversal);
        assert!(if is_reversed { reversed.len() == 9 } else { reversed.len() == 1 }, "{reversed:?}");
        let outstanding = if is_reversed { money("1000") } else { Money::ZERO };
        assert_eq!(world.cycle(cycle.id).await.outstanding, outstanding);
        let reversals = count(&world, "select id from journal_entries where kind = 'REVERSAL'").await;
        assert_eq!(reversals, if is_reversed { 2 } else { 0 });
        clean(&world).await;
    }
}

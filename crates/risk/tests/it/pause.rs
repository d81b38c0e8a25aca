use parties::{CreditCause, CreditStatus};
use queue::{Schedule, Slots};
use risk::{ActionKind, Ending, Evaluated};

use crate::world::World;

async fn status(world: &World) -> (CreditStatus, Option<CreditCause>) {
    let shop = world.shop().await;
    (shop.credit_status, shop.credit_cause)
}

const OPEN: (CreditStatus, Option<CreditCause>) = (CreditStatus::Active, None);
const PAUSED: (CreditStatus, Option<CreditCause>) = (CreditStatus::Paused, Some(CreditCause::Overdue));

testkit::both_engines! {
    async fn more_than_thirty_days_overdue_pauses_once_and_paying_lifts_it(t: TestDb) {
        let world = World::new(t).await;
        let cycle = world.bought(60, 1_000).await;
        assert_eq!((world.run().await.paused, status(&world).await), (0, OPEN), "thirty days are fine");
        world.days(1);
        assert_eq!((world.run().await.paused, status(&world).await), (1, PAUSED));
        for _ in 0..3 {
            let done = world.run().await;
            assert_eq!((done.paused, done.lifted), (0, 0));
        }
        let actions = world.actions().await;
        assert_eq!(actions.len(), 1);
        assert_eq!((actions[0].kind, actions[0].cycles.as_slice()), (ActionKind::Pause, [cycle].as_slice()));
        assert!(actions[0].cause.sentence(parties::Language::English).contains("31 days overdue"));

        world.paid(cycle).await;
        assert_eq!((world.run().await.lifted, status(&world).await), (1, OPEN));
        assert_eq!(world.actions().await[0].ended_how, Some(Ending::Lifted));
        let texts = world.texts().await;
        assert_eq!(texts.iter().filter(|text| text.contains("new credit waits")).count(), 1, "{texts:?}");
        assert_eq!(texts.iter().filter(|text| text.contains("open again")).count(), 1, "{texts:?}");
    }

    async fn a_run_tells_how_far_it_is(t: TestDb) {
        let world = World::new(t).await;
        world.bought(61, 1_000).await;
        let told = |control: risk::Control, is_all: bool| {
            Schedule::telling("risk control", Slots::Every(3_600), move |running| {
                let control = risk::Control { running, ..control.clone() };
                async move {
                    let done = if is_all { control.run().await } else { control.pauses().await };
                    Ok(done.unwrap().to_string())
                }
            })
        };
        for (is_all, expected) in [(false, (0, 1, "late retailers looked at")), (true, (1, 1, "retailers scored"))] {
            world.t.clock.advance_seconds(3_600);
            let schedule = told(world.control(), is_all);
            queue::run_due_schedules(&world.t.db, &world.t.clock, &[schedule]).await.unwrap();
            let last = world.t.db.read(async |tx| queue::last_runs(tx, &["risk control"], 1).await);
            let seen = last.await.unwrap().remove(0).progress.unwrap();
            assert_eq!((seen.done, seen.total, seen.saying.as_str()), expected);
        }
    }

    async fn a_payment_that_bounces_pauses_again(t: TestDb) {
        let world = World::new(t).await;
        let cycle = world.bought(70, 1_000).await;
        world.run().await;
        let payment = world.paid(cycle).await;
        world.run().await;
        world.bounced(payment).await;
        assert_eq!((world.run().await.paused, status(&world).await), (1, PAUSED));
        assert_eq!(world.actions().await.len(), 2);
    }

    async fn what_an_operator_lifted_stays_lifted_until_another_bill_is_late(t: TestDb) {
        let world = World::new(t).await;
        world.bought(70, 1_000).await;
        world.run().await;
        let action = world.actions().await.remove(0);
        assert_eq!(world.undo(action.id).await.unwrap().ended_how, Some(Ending::Undone));
        assert_eq!(world.undo(action.id).await, Err(risk::Refusal::ActionOver));
        for _ in 0..2 {
            assert_eq!((world.run().await.paused, status(&world).await), (0, OPEN), "the same bill is let be");
        }
        world.bought(61, 500).await;
        assert_eq!((world.run().await.paused, status(&world).await), (1, PAUSED));
    }

    async fn an_operators_pause_never_lifts_by_itself(t: TestDb) {
        let world = World::new(t).await;
        let cycle = world.bought(70, 1_000).await;
        let (cx, id) = (world.operator(), world.retailer);
        let paused = world.t.db.write::<_, db::DbError, _>(async move |tx| {
            credit::change_credit(tx, &cx, id, None, credit::CreditChange::Pause, "moving house").await
        });
        paused.await.unwrap().unwrap();
        assert_eq!(world.run().await.paused, 0);
        world.paid(cycle).await;
        assert_eq!(world.run().await.lifted, 0);
        assert_eq!(status(&world).await, (CreditStatus::Paused, Some(CreditCause::Operator)));
        assert!(world.actions().await.is_empty());
    }

    async fn a_bill_in_dispute_stands_still(t: TestDb) {
        let world = World::new(t).await;
        let cycle = world.bought(55, 1_000).await;
        let cx = world.operator();
        let disputed = world.t.db.write::<_, db::DbError, _>(async move |tx| {
            let new = credit::NewDispute { order_line: None, reason: "wet".to_owned() };
            credit::dispute(tx, &cx, kernel::Scope::All, cycle, &new).await.map(|done| done.map(|_| ()))
        });
        disputed.await.unwrap().unwrap();
        world.days(60);
        assert_eq!((world.run().await.paused, status(&world).await), (0, OPEN));
    }

    async fn rivals_and_events_pause_once(t: TestDb) {
        let world = World::new(t).await;
        world.bought(70, 1_000).await;
        let one = async || {
            let (cx, id) = (world.operator(), world.retailer);
            world.t.db.write::<_, db::DbError, _>(async move |tx| {
                let in_force = risk::rules(tx).await?;
                risk::settle_pause(tx, &cx, &in_force, id).await
            }).await.unwrap()
        };
        let (control, other) = (world.control(), world.control());
        let (a, b, c, d) = tokio::join!(one(), one(), control.pauses(), other.run());
        let paused = [a, b].iter().filter(|done| **done == Evaluated::Paused).count() + c.unwrap().paused + d.unwrap().paused;
        assert_eq!((paused, world.actions().await.len(), world.texts().await.len()), (1, 1, 1));
    }

    async fn at_night_the_message_waits_for_the_morning(t: TestDb) {
        let world = World::new(t).await;
        world.bought(70, 1_000).await;
        let night = world.today().at(23, 30);
        world.t.clock.advance_seconds(night.seconds_since(world.t.clock.now()));
        assert_eq!(world.run().await.paused, 1);
        let run_at = world.t.db.read::<i64, db::DbError, _>(async |tx| {
            tx.query_one("select j.run_at from jobs j where j.kind = 'notify.send'", db::params![]).await?.get("run_at")
        });
        let morning = night.business_date().plus_days(1).at(7, 0);
        assert_eq!(kernel::Instant::from_micros(run_at.await.unwrap()), morning);
    }
}

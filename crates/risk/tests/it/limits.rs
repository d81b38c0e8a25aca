use kernel::Money;
use risk::{ActionKind, Ending};

use crate::world::{World, rupees};

async fn limit(world: &World) -> Money {
    world.line().await.limit
}

testkit::both_engines! {
    async fn three_delays_cut_once_and_ninety_clean_days_give_exactly_that_back(t: TestDb) {
        let world = World::new(t).await;
        world.change_limit(33_333).await;
        world.three_delays().await;
        assert_eq!(world.run().await.cut, 1);
        assert_eq!(limit(&world).await, rupees(24_999), "a quarter less, whole rupees, down");
        let late = world.bought(35, 1_000).await;
        world.paid(late).await;
        for _ in 0..3 {
            assert_eq!(world.run().await.cut, 0, "the run goes on, and has acted");
        }
        world.days(89);
        assert_eq!((world.run().await.restored, limit(&world).await), (0, rupees(24_999)));
        world.days(1);
        assert_eq!((world.run().await.restored, limit(&world).await), (1, rupees(33_333)));
        assert_eq!(world.run().await.restored, 0);
        let kinds: Vec<_> = world.actions().await.iter().map(|action| (action.kind, action.ended_how)).collect();
        assert_eq!(kinds, [(ActionKind::Cut, Some(Ending::Restored)), (ActionKind::Restore, None)]);
        let texts = world.texts().await;
        let told = |part: &str| texts.iter().filter(|text| text.contains(part)).count();
        assert_eq!((told("your credit limit is lower"), told("Your credit limit is back"), told("The credit limit of")), (1, 1, 2), "{texts:?}");
    }

    async fn a_second_run_cuts_again_and_both_come_back_together(t: TestDb) {
        let world = World::new(t).await;
        world.three_delays().await;
        assert_eq!(world.run().await.cut, 1);
        world.days(5);
        let in_time = world.bought(10, 1_000).await;
        world.paid(in_time).await;
        assert_eq!((world.run().await.cut, limit(&world).await), (0, rupees(75_000)));
        world.days(40);
        world.three_delays().await;
        assert_eq!((world.run().await.cut, limit(&world).await), (1, rupees(56_250)));
        world.days(90);
        assert_eq!((world.run().await.restored, limit(&world).await), (1, rupees(100_000)));
    }

    async fn an_operators_change_of_the_limit_ends_the_restoration(t: TestDb) {
        let world = World::new(t).await;
        world.three_delays().await;
        world.run().await;
        world.change_limit(60_000).await;
        world.days(120);
        assert_eq!((world.run().await.restored, limit(&world).await), (0, rupees(60_000)));
        assert_eq!(world.actions().await[0].ended_how, Some(Ending::Overridden));
    }

    async fn an_undone_cut_comes_back_at_once_and_is_not_made_again(t: TestDb) {
        let world = World::new(t).await;
        world.three_delays().await;
        world.run().await;
        let cut = world.actions().await.remove(0);
        world.undo(cut.id).await.unwrap();
        assert_eq!((limit(&world).await, world.run().await.cut), (rupees(100_000), 0));
        world.days(120);
        assert_eq!((world.run().await.restored, limit(&world).await), (0, rupees(100_000)));
    }

    async fn something_overdue_puts_the_clean_time_back_to_its_beginning(t: TestDb) {
        let world = World::new(t).await;
        world.three_delays().await;
        world.run().await;
        world.days(60);
        let late = world.bought(32, 500).await;
        world.days(1);
        world.paid(late).await;
        world.days(89);
        assert_eq!(world.run().await.restored, 0);
        world.days(1);
        assert_eq!((world.run().await.restored, limit(&world).await), (1, rupees(100_000)));
    }

    async fn a_limit_of_nothing_and_a_shop_without_history_are_let_be(t: TestDb) {
        let world = World::new(t).await;
        assert_eq!(world.run().await.retailers, 1);
        world.change_limit(0).await;
        world.three_delays().await;
        assert_eq!((world.run().await.cut, limit(&world).await), (0, Money::ZERO));
        assert!(world.actions().await.is_empty());
    }

    async fn two_runs_at_once_cut_once(t: TestDb) {
        let world = World::new(t).await;
        world.three_delays().await;
        let (one, two) = (world.control(), world.control());
        let (one, two) = tokio::join!(one.run(), two.run());
        assert_eq!((one.unwrap().cut + two.unwrap().cut, limit(&world).await), (1, rupees(75_000)));
    }
}

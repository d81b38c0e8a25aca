use risk::{AlertChange, AlertState, Category, Refusal};

use crate::world::World;

async fn changed(world: &World, change: AlertChange) -> Result<risk::Alert, Refusal> {
    let (cx, id) = (world.operator(), world.alerts().await[0].id);
    let done = world
        .t
        .db
        .write::<_, db::DbError, _>(async move |tx| risk::change_alert(tx, &cx, id, None, change.clone()).await);
    done.await.unwrap()
}

async fn ruled(world: &World, category: Category, rule: serde_json::Value) -> Result<i64, Refusal> {
    let cx = world.operator();
    let done = world.t.db.write::<_, db::DbError, _>(async move |tx| {
        risk::change_rule(tx, &cx, (category, None), rule.clone(), "a trial").await
    });
    done.await.unwrap().map(|version| version.version)
}

testkit::both_engines! {
    async fn an_alert_is_raised_once_as_long_as_its_cause_lasts(t: TestDb) {
        let world = World::new(t).await;
        let cycle = world.bought(1, 95_000).await;
        assert_eq!(world.run().await.alerts, 1);
        assert_eq!(world.run().await.alerts, 0);
        assert_eq!(changed(&world, AlertChange::Acknowledge(None)).await.unwrap().state, AlertState::Acknowledged);
        let refused = changed(&world, AlertChange::Resolve(" ".to_owned())).await;
        assert!(matches!(refused, Err(Refusal::Field { field: "note", .. })), "{refused:?}");
        let resolved = changed(&world, AlertChange::Resolve("called them".to_owned())).await.unwrap();
        assert_eq!((resolved.state, resolved.note.as_deref()), (AlertState::Resolved, Some("called them")));
        assert_eq!(changed(&world, AlertChange::Acknowledge(None)).await, Err(Refusal::AlertResolved));
        assert_eq!(world.run().await.alerts, 0, "resolved, but the same cause still");

        world.paid(cycle).await;
        assert_eq!(world.run().await.alerts, 0);
        assert!(world.alerts().await[0].cause_ended_at.is_some());
        world.bought(1, 95_000).await;
        assert_eq!(world.run().await.alerts, 1, "it is full once more");
        assert_eq!(world.alerts().await.len(), 2);
    }

    async fn two_runs_at_once_raise_one(t: TestDb) {
        let world = World::new(t).await;
        world.bought(1, 95_000).await;
        let (one, two) = (world.control(), world.control());
        let (one, two) = tokio::join!(one.run(), two.run());
        assert_eq!((one.unwrap().alerts + two.unwrap().alerts, world.alerts().await.len()), (1, 1));
    }

    async fn a_rule_is_changed_by_a_new_version_and_counts_from_then_on(t: TestDb) {
        let world = World::new(t).await;
        world.bought(1, 60_000).await;
        assert_eq!(world.run().await.alerts, 0);
        let strict = serde_json::json!({ "percent": 55 });
        assert_eq!(ruled(&world, Category::HighUtilisation, strict).await, Ok(1));
        assert_eq!(world.run().await.alerts, 1);
        assert_eq!(world.alerts().await[0].rule_version, 1);
        let off = serde_json::json!({ "percent": 55, "enabled": false });
        assert_eq!(ruled(&world, Category::HighUtilisation, off).await, Ok(2));
        assert_eq!(world.run().await.alerts, 0);
        assert!(world.alerts().await[0].cause_ended_at.is_some());
        let wrong = serde_json::json!({ "delay": 50, "utilisation": 50, "consecutiveDelays": 50, "orderSpike": 50 });
        assert!(matches!(ruled(&world, Category::Weights, wrong).await, Err(Refusal::Rule(_))));
        let unknown = serde_json::json!({ "weeks": 3 });
        assert!(matches!(ruled(&world, Category::OverdueBlock, unknown).await, Err(Refusal::RuleShape { .. })));
    }

    async fn the_score_is_kept_with_its_day_and_only_where_it_changed(t: TestDb) {
        let world = World::new(t).await;
        world.bought(37, 65_000).await;
        assert_eq!(world.run().await.scores, 1);
        assert_eq!(world.run().await.scores, 0);
        world.days(1);
        assert_eq!(world.run().await.scores, 1);
        let id = world.retailer;
        let days = world.t.db.read::<_, db::DbError, _>(async move |tx| {
            risk::score_days(tx, id, &kernel::PageRequest::default()).await
        });
        let days = days.await.unwrap().items;
        // 8 days of 30 overdue, 65 % used, one delay: 26.67, 30, 33.
        assert_eq!(days[0].score.components.delay.get(), 2_667);
        assert_eq!((days[0].score.total.get(), days[1].score.components.delay.get()), (2_477, 2_333));
    }
}

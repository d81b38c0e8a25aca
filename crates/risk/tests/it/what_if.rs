use std::collections::BTreeMap;

use risk::{Category, Refusal, WhatIf, simulate};

use crate::world::{World, rupees};

testkit::both_engines! {
    async fn what_if_tells_whom_other_rules_would_have_stopped(t: TestDb) {
        let world = World::new(t).await;
        // Overdue for 40 days before it was paid; bought meanwhile: one bill paid in time, one late.
        let first = world.bought(100, 1_000).await;
        world.days(1);
        let late = world.bought(35, 2_000).await;
        let in_time = world.bought(36, 3_000).await;
        for cycle in [first, late, in_time] {
            world.paid(cycle).await;
        }
        let now = world.t.clock.now();
        let asked = |rules: BTreeMap<_, _>| simulate(&world.t.db, WhatIf { rules, ..WhatIf::default() }, now);
        let as_it_is = asked(BTreeMap::new()).await.unwrap().unwrap();
        assert_eq!(as_it_is.asked, as_it_is.in_force);
        assert_eq!((as_it_is.retailers, as_it_is.asked.pauses), (1, 1));
        assert_eq!((as_it_is.asked.stopped, as_it_is.asked.stopped_amount), (2, rupees(5_000)));
        let strict = BTreeMap::from([(Category::OverdueBlock.to_string(), serde_json::json!({ "days": 1 }))]);
        let strict = asked(strict).await.unwrap().unwrap();
        assert!(strict.asked.paused_days > strict.in_force.paused_days);
        assert_eq!(strict.touched.len(), 1);
        assert_eq!(strict.touched[0].name, "Laxmi Kirana");
        assert!(world.actions().await.is_empty(), "nothing was done");
    }

    async fn what_was_paid_before_the_first_day_is_not_open_then(t: TestDb) {
        let world = World::new(t).await;
        // Nine tenths of the limit; all but a tenth was paid 20 days before the first day that is played.
        let cycle = world.bought(29, 90_000).await;
        world.pays(cycle, rupees(80_000), 25).await;
        let now = world.t.clock.now();
        let days = |ago: i64| WhatIf { from: Some(world.today().plus_days(-ago)), ..WhatIf::default() };
        let outcome = async |what: WhatIf| simulate(&world.t.db, what, now).await.unwrap().unwrap().in_force.used_up;
        assert_eq!((outcome(days(5)).await, outcome(days(29)).await), (0, 1));
    }

    async fn what_cannot_be_played_is_refused_with_its_member(t: TestDb) {
        let world = World::new(t).await;
        let (now, today) = (world.t.clock.now(), world.today());
        let asked = |what: WhatIf| simulate(&world.t.db, what, now);
        let wrong = |field| Err(Refusal::Field { field, right: "today or earlier" });
        let future = WhatIf { to: Some(today.plus_days(1)), ..WhatIf::default() };
        assert_eq!(asked(future).await.unwrap().map(|_| ()), wrong("to"));
        let long = WhatIf { from: Some(today.plus_days(-5_000)), ..WhatIf::default() };
        assert!(matches!(asked(long).await.unwrap(), Err(Refusal::Field { field: "from", .. })));
        let of = |category: Category, rule| {
            WhatIf { rules: BTreeMap::from([(category.to_string(), rule)]), ..WhatIf::default() }
        };
        let weights = serde_json::json!({ "delay": 41, "utilisation": 25, "consecutiveDelays": 20, "orderSpike": 15 });
        assert!(matches!(asked(of(Category::Weights, weights)).await.unwrap(), Err(Refusal::Rule(_))));
        let shape = asked(of(Category::LimitRestore, serde_json::json!({ "weeks": 1 }))).await.unwrap();
        assert!(matches!(shape, Err(Refusal::RuleShape(bad)) if bad.field.starts_with("rules.LIMIT_RESTORE")));
    }
}

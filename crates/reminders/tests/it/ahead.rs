//! Looking ahead says what the run then does.

use kernel::{Page, PageRequest};
use reminders::{PreviewItem, WhyNot};
use testkit::both_engines;

use crate::world::World;

async fn ahead(w: &World, on: &str, most: i64) -> Vec<PreviewItem> {
    let (on, mut all, mut after) = (on.parse().unwrap(), Vec::new(), None);
    loop {
        let page = PageRequest::new(Some(most), after);
        let found: Page<PreviewItem> = w.write(async move |tx, _| reminders::preview(tx, on, &page).await).await;
        assert!(found.items.len() <= usize::try_from(most).unwrap());
        all.extend(found.items);
        after = found.next;
        if after.is_none() {
            return all;
        }
    }
}

both_engines! {
    async fn the_preview_shows_the_very_messages_and_why_others_get_none(t: TestDb) {
        let w = World::new(t);
        let vendor = w.wholesaler("KAR").await;
        let due = "2026-01-31".parse().unwrap();
        let mut cycles = Vec::new();
        for language in ["NE", "RNE", "EN", "EN", "EN"] {
            let shop = w.shop(language).await;
            w.line(shop, vendor).await;
            cycles.push((shop, w.bill(shop, vendor, due, 1_000).await));
        }
        w.at("2026-01-25", 12);
        w.promise(cycles[1].1, due).await;
        w.dispute(cycles[2].1).await;
        w.stop(cycles[3].0, true).await;
        let plan = ahead(&w, "2026-01-31", 2).await;
        let because: Vec<_> = plan.iter().map(|item| (item.cycles[0].why_not, item.text.is_some())).collect();
        let expected = [
            (None, true), (Some(WhyNot::Promised), false), (Some(WhyNot::Disputed), false), (Some(WhyNot::Stopped), false),
            (None, true),
        ];
        assert_eq!(because, expected);
        assert_eq!(plan[1].cycles[0].promised_on, Some(due));
        assert_eq!(ahead(&w, "2026-02-01", 2).await.len(), 1, "the broken promise");
        assert_eq!(ahead(&w, "2026-01-29", 2).await, []);
        w.at("2026-01-31", 10);
        w.run().await;
        let messages = w.messages().await;
        assert_eq!(messages.len(), 2);
        for (item, (_, content)) in [&plan[0], &plan[4]].into_iter().zip(&messages) {
            let sent: whatsapp::message::Outgoing = serde_json::from_str(content).unwrap();
            assert_eq!(item.text.as_deref(), Some(sent.readable().as_str()));
            assert!(item.template.as_deref().unwrap().contains("payment_due_today_v1"));
        }
        let after = ahead(&w, "2026-01-31", 50).await;
        assert_eq!(after[0].cycles[0].why_not, Some(WhyNot::Done));
        assert_eq!(after[0].text, None);
    }
}

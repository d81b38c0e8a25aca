//! What a retailer sees of its credit at one look.

use credit::{NewLine, Standing};
use kernel::{BusinessDate, Money, VendorId};

use crate::world::World;

fn rupees(amount: i64) -> Money {
    Money::from_rupees(amount).unwrap()
}

fn date(text: &str) -> BusinessDate {
    text.parse().unwrap()
}

/// The standings of the world's retailer: the one with the world's vendor, and the one with the other.
async fn both(world: &World, other: VendorId) -> (Standing, Standing) {
    let retailer = world.pair.0;
    let mut found = world
        .write(async move |tx, cx| {
            let retailer = parties::retailers(tx, &[retailer]).await?.remove(&retailer).unwrap();
            credit::standings(tx, &retailer, cx.now).await
        })
        .await;
    assert_eq!(found.len(), 2);
    let at = found.iter().position(|standing| standing.vendor.id == other).unwrap();
    let second = found.remove(at);
    (found.remove(0), second)
}

testkit::both_engines! {
    async fn a_standing_tells_what_is_left_and_what_settles_the_next_bill(t: TestDb) {
        let world = World::new(t, rupees(100_000), 30, None).await;
        let mut cycles = Vec::new();
        for (day, amount) in [("2026-03-01", 20_000), ("2026-03-05", 5_000)] {
            world.go_to(date(day));
            let order = world.order();
            world.reserve(world.pair, order, rupees(amount)).await.unwrap();
            cycles.push(world.deliver(order, rupees(amount)).await.unwrap());
        }
        let (retailer_id, vendor_id) = (world.pair.0, world.other_vendor());
        world.add_vendor(vendor_id, Some(rupees(30_000))).await;
        let (limit, terms_days, max_overdue_days) = (rupees(50_000), 30, 30);
        let new = NewLine {
            retailer_id, vendor_id, limit, terms_days, max_order: None, max_overdue_days, settlement: None,
        };
        world.grant(new).await.unwrap();

        let (first, other) = both(&world, vendor_id).await;
        assert_eq!((first.line.outstanding, first.available, first.is_open), (rupees(25_000), rupees(75_000), true));
        let (cycle, today) = first.next_due.unwrap();
        assert_eq!(cycle, cycles[0]);
        assert_eq!((today.cash, today.discount), (rupees(19_000), rupees(1_000)));
        assert_eq!((other.available, other.is_open), (rupees(30_000), true), "the ceiling holds");
        assert!(other.next_due.is_none());

        world.go_to(date("2026-05-15"));
        world.meddle("update retailers set cap_paisa = 2600000").await;
        let (first, other) = both(&world, vendor_id).await;
        assert!(!first.is_open, "a bill is overdue for longer than the line allows");
        assert_eq!(first.next_due.unwrap().1.cash, rupees(20_000));
        assert_eq!((first.available, other.available, other.is_open), (rupees(1_000), rupees(1_000), true));
    }
}

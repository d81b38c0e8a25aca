//! Conversations about money: a bill that is wrong, a promise, a payment that its vendor confirms or does not know of.

use serde_json::{Value, json};

use super::{OnCredit, TOTAL, books_agree};

/// A delivered order, whose bill is open.
async fn owing(world: &OnCredit) -> String {
    let OnCredit { shop, retailer, vendor, .. } = world;
    shop.says(vendor, "namaste").await;
    shop.says(retailer, "10 bora jeera masino, 5 carton waiwai").await;
    shop.presses(retailer, "cart:confirm").await;
    shop.presses(retailer, "pay:credit").await;
    shop.presses(vendor, "offer:accept:").await;
    shop.presses(vendor, "order:dispatch:").await;
    shop.presses(retailer, "order:received:").await;
    shop.presses(retailer, "order:all:").await;
    let cycles = shop.get(&format!("credit/cycles?retailerId={}", retailer.id)).await;
    cycles["items"][0]["id"].as_str().unwrap().to_owned()
}

async fn claims(world: &OnCredit) -> Vec<(Value, Value)> {
    let found = world.shop.get("credit/claims").await;
    let claims = found["items"].as_array().unwrap().iter();
    claims.map(|claim| (claim["amount"].clone(), claim["status"].clone())).collect()
}

testkit::both_engines! {
    async fn a_bill_that_is_wrong_is_disputed(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "RNE").await;
        let OnCredit { shop, retailer, .. } = &world;
        let bill = owing(&world).await;
        // What is wrong is said at once: only whether it was understood is asked.
        shop.says(retailer, "bill ma rakam milena").await;
        shop.says(retailer, "arkai karan").await;
        shop.says(retailer, "waiwai ko dui carton bhijeko thiyo").await;
        let open = shop.get("credit/disputes?status=OPEN").await;
        let dispute = &open["items"][0];
        assert_eq!((&dispute["cycleId"], &dispute["reason"]), (&json!(bill), &json!("waiwai ko dui carton bhijeko thiyo")));
        shop.says(retailer, "bill milena").await;
        shop.presses(retailer, "dispute:").await;
        assert_eq!(shop.get("credit/disputes").await["items"].as_array().unwrap().len(), 1, "one is open");
        let decide = format!("credit/disputes/{}/decide", dispute["id"].as_str().unwrap());
        shop.post(&decide, json!({ "upheld": true, "amount": "1200.00", "reason": "dui carton ghataiyo" })).await;
        shop.work().await;
        assert_eq!(shop.get(&format!("credit/cycles/{bill}")).await["outstanding"], "26300.00");
        shop.compare_transcript("a_bill_disputed");
        shop.is_clean().await;
    }

    async fn a_day_is_promised_in_words_of_ones_own(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "RNE").await;
        let OnCredit { shop, retailer, .. } = &world;
        let bill = owing(&world).await;
        let promised = async || shop.get(&format!("credit/cycles/{bill}")).await["promisedOn"].clone();
        shop.says(retailer, "bholi tirchhu").await;
        assert_eq!(promised().await, "2026-01-02");
        shop.says(retailer, "arkai din").await;
        shop.says(retailer, "20 gate").await;
        assert_eq!(promised().await, "2026-01-04");
        shop.presses(retailer, "bill:promise:").await;
        shop.says(retailer, "2 days").await;
        assert_eq!(promised().await, "2026-01-03");
        shop.presses(retailer, "bill:promise:").await;
        shop.says(retailer, "2 barsha pachi ta hola").await;
        shop.says(retailer, "2027-01-01").await;
        shop.says(retailer, "1").await;
        assert_eq!(promised().await, "2026-01-02");
        // Leaving it is as easy as anything else.
        shop.presses(retailer, "bill:promise:").await;
        shop.says(retailer, "mero hisab").await;
        assert_eq!(promised().await, "2026-01-02");
        shop.compare_transcript("a_promise");
        shop.is_clean().await;
    }

    async fn a_payment_counts_when_its_vendor_confirms_it(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "RNE").await;
        let OnCredit { shop, retailer, vendor, .. } = &world;
        owing(&world).await;
        shop.says(retailer, "esewa bata 4750 tire").await;
        shop.says(retailer, "8KD92").await;
        world.expect("DELIVERED", ["0.00", TOTAL, "22500.00"], [30, 0], 1).await;
        shop.says(retailer, "thik chha").await;
        assert_eq!(claims(&world).await, [(json!("4750.00"), json!("OPEN"))]);
        world.expect("DELIVERED", ["0.00", TOTAL, "22500.00"], [30, 0], 1).await;
        shop.presses(vendor, "claim:confirm:").await;
        // 5 per cent off for paying early.
        world.expect("DELIVERED", ["0.00", "22500.00", "27500.00"], [30, 0], 2).await;
        shop.presses(vendor, "claim:confirm:").await;
        world.expect("DELIVERED", ["0.00", "22500.00", "27500.00"], [30, 0], 2).await;
        shop.compare_transcript("a_claim_confirmed");
        shop.is_clean().await;
        books_agree(shop, 2_250_000).await;
    }

    async fn a_payment_that_nobody_received_changes_nothing(t: TestDb) {
        let world = OnCredit::open(t, "50000.00", "EN").await;
        let OnCredit { shop, retailer, vendor, .. } = &world;
        owing(&world).await;
        shop.says(retailer, "menu").await;
        shop.presses(retailer, "menu:pay").await;
        shop.presses(retailer, "paid").await;
        shop.says(retailer, "5000").await;
        shop.says(retailer, "cash").await;
        shop.presses(retailer, "paid:again").await;
        shop.says(retailer, "6000 cash").await;
        shop.says(retailer, "yes").await;
        shop.says(vendor, "hello").await;
        shop.presses(vendor, "vendor:claims").await;
        shop.presses(vendor, "claim:show:").await;
        shop.presses(vendor, "claim:reject:").await;
        shop.presses(vendor, "claim:why:").await;
        assert_eq!(claims(&world).await, [(json!("6000.00"), json!("REJECTED"))]);
        world.expect("DELIVERED", ["0.00", TOTAL, "22500.00"], [30, 0], 1).await;
        // More than is owed: the vendor is asked what becomes of the rest.
        shop.says(retailer, "I paid 30000 in cash").await;
        shop.says(retailer, "yes").await;
        shop.presses(vendor, "claim:confirm:").await;
        world.expect("DELIVERED", ["0.00", TOTAL, "22500.00"], [30, 0], 1).await;
        shop.presses(vendor, "claim:keep:").await;
        let line = shop.get(&format!("credit/lines/{}/available", world.line)).await;
        assert_eq!(line["outstanding"], "0.00");
        shop.compare_transcript("a_claim_rejected");
        shop.is_clean().await;
    }
}

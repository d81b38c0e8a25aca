//! What retailers say they paid.

use credit::{Answer, CycleStatus, NewClaim, Outcome, Refusal};
use kernel::{Actor, ClaimId, Scope};
use ledger::Method;

use super::{clean, is, money, owes, state, told, world};

testkit::both_engines! {
    async fn a_claim_changes_nothing_until_it_is_confirmed(t: TestDb) {
        let world = world(t).await;
        let cycle = owes(&world, "1000").await;
        let (pair, on) = (world.pair, world.today());
        let shop = Scope::Retailer(pair.0);
        let claims = async |amount: &str, reference: &str| {
            let (amount, reference) = (money(amount), Some(reference.to_owned()));
            let new = NewClaim { pair, amount, method: Method::Esewa, reference, on };
            world
                .write(async move |tx, cx| {
                    let cx = cx.acting_as(Actor::Retailer(pair.0));
                    credit::claim(tx, &cx, shop, &new).await
                })
                .await
        };
        let confirm = async |id: ClaimId, keep_excess| {
            let answer = Answer { named: None, keep_excess };
            world.write(async move |tx, cx| credit::confirm(tx, cx, Scope::All, id, answer.clone()).await).await
        };
        let reject = async |id: ClaimId, why: &'static str| {
            world.write(async move |tx, cx| credit::reject(tx, cx, Scope::All, id, why).await).await
        };
        assert_eq!(claims("0", "X").await.unwrap_err().code(), "VALIDATION");
        assert_eq!(claims("10", "-").await, Err(Refusal::ReferenceRequired));
        let Outcome::Applied(claim) = claims("1000", "E-9").await.unwrap() else { panic!("it is new") };
        assert_eq!(claims("1000", "e 9").await, Ok(Outcome::AlreadyApplied(claim.clone())));
        assert_eq!((world.cycle(cycle.id).await, told(&world).await.len()), (cycle.clone(), 0));
        clean(&world).await;

        // What cannot be recorded leaves the claim waiting.
        assert_eq!(confirm(claim.id, false).await.unwrap_err().code(), "OVERPAYMENT");
        let Outcome::Applied((confirmed, Some(recorded))) = confirm(claim.id, true).await.unwrap() else { panic!() };
        assert_eq!(confirmed.payment_id, Some(recorded.payment.payment.id));
        assert_eq!(recorded.payment.payment.unapplied, money("50"));
        assert_eq!(state(&world.cycle(cycle.id).await), is("0.00", CycleStatus::FullyPaid));
        assert_eq!(told(&world).await.len(), 1);
        assert_eq!(confirm(claim.id, true).await, Ok(Outcome::AlreadyApplied((confirmed.clone(), None))));
        let decided = Refusal::ClaimDecided { status: credit::ClaimStatus::Confirmed };
        assert_eq!(reject(claim.id, "no").await, Err(decided));

        let second = claims("77", "E-10").await.unwrap().into_inner();
        assert_eq!(reject(second.id, " ").await.unwrap_err().code(), "VALIDATION");
        let rejected = reject(second.id, "no such transfer").await.unwrap().into_inner();
        assert_eq!(rejected.reason.as_deref(), Some("no such transfer"));
        let messages = told(&world).await;
        assert!(messages.len() == 2 && messages[1].contains("no such transfer"), "{messages:?}");
        assert_eq!(confirm(second.id, true).await.unwrap_err().code(), "CLAIM_DECIDED");
        // The reference is free for another claim, which a payment that has it still stops.
        let third = claims("1000", "E-9").await.unwrap().into_inner();
        assert_eq!(confirm(third.id, true).await.unwrap_err().code(), "DUPLICATE_REFERENCE");
        let open = credit::ClaimFilter { status: Some(credit::ClaimStatus::Open), ..<_>::default() };
        let listed = async |scope, filter| {
            let page = kernel::PageRequest::default();
            world.write(async move |tx, _| credit::claims(tx, scope, filter, &page).await).await.items
        };
        assert_eq!(listed(Scope::Vendor(pair.1), open).await, [third]);
        assert_eq!(listed(shop, <_>::default()).await.len(), 3);
        assert!(listed(Scope::Vendor(world.other_vendor()), <_>::default()).await.is_empty());
        clean(&world).await;
    }
}

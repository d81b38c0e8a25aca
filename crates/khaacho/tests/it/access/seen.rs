//! Who has read a retailer's credit score.

use http::Method;
use kernel::Role;
use serde_json::Value;

use super::panel::Visitor;
use super::world::World;

/// Who read which part of the own retailer's score, oldest first.
async fn readings(world: &World) -> Vec<(String, Value)> {
    let path = format!("admin/audit/{}?action=score.read", world.own.retailer);
    let [_, _, operator] = world.roles();
    let (status, text) = world.call(Some(operator), &Method::GET, &path, &Value::Null).await;
    assert_eq!(status, 200, "{text}");
    let page: Value = serde_json::from_str(&text).unwrap();
    let readings = page["items"].as_array().unwrap().iter().rev().map(|entry| {
        assert_eq!(entry["subject"], world.own.retailer.as_str(), "{entry}");
        assert!(entry["request"].as_str().is_some_and(|request| !request.is_empty()), "{entry}");
        let part = serde_json::from_str(entry["after"].as_str().unwrap()).unwrap();
        (entry["actor"].as_str().unwrap().to_owned(), part)
    });
    readings.collect()
}

testkit::both_engines! {
    async fn every_reading_of_a_credit_score_is_recorded_and_no_refusal(t: TestDb) {
        let world = World::new(t).await;
        let [retailer, vendor, operator] = world.roles();
        let id = &world.own.retailer;
        let (today, of_retailer) = ("2026-01-01", format!("credit/score/{id}"));
        let get = async |who, path: String| world.call(Some(who), &Method::GET, &path, &Value::Null).await.0.as_u16();
        assert_eq!(readings(&world).await, []);

        assert_eq!(get(retailer, "credit/score".to_owned()).await, 200);
        assert_eq!(get(operator, of_retailer.clone()).await, 200);
        assert_eq!(get(operator, format!("{of_retailer}?on={today}")).await, 200);
        assert_eq!(get(operator, format!("{of_retailer}/history?from={today}")).await, 200);
        assert_eq!(get(vendor, of_retailer.clone()).await, 403);
        assert_eq!(get(retailer, format!("credit/score/{}", world.foreign.retailer)).await, 404);
        assert_eq!(get(operator, format!("{of_retailer}?on=2099-01-01")).await, 422);
        assert_eq!(get(operator, "credit/score/ret_00000000000000000000000000".to_owned()).await, 404);
        let mut visitor = Visitor::sign_in(&world, "operator", Role::Admin).await;
        assert_eq!(visitor.get(&world, &format!("/admin/retailers/{id}/score")).await.status, 200);

        let found = readings(&world).await;
        let (own, by) = (format!("retailer:{id}"), &found[1].0);
        assert!(by.starts_with("operator:usr_"), "{by}");
        let part = |part: &str| serde_json::json!({ "part": part });
        let of_day = serde_json::json!({ "part": "SCORE", "on": today });
        let history = serde_json::json!({ "part": "HISTORY", "from": today, "to": null });
        let expected = [(&own, part("SCORE")), (by, part("SCORE")), (by, of_day), (by, history), (&found[4].0, part("PAGE"))];
        assert_eq!(found, expected.map(|(who, part)| (who.clone(), part)));
        assert!(found[4].0.starts_with("operator:usr_") && found[4].0 != own, "{}", found[4].0);
    }
}

//! Queues and schedules as an operator sees and moves them, in the panel and over HTTP.

use http::Method;
use kernel::Role;
use queue::{Schedule, Slots};
use serde_json::{Value, json};

use super::panel::Visitor;
use super::world::World;

const QUEUE: &str = "/admin/queues/report-generation";

testkit::both_engines! {
    async fn dead_jobs_are_looked_into_and_tried_again_and_the_queue_is_held(t: TestDb) {
        let world = World::new(t).await;
        let mut operator = Visitor::sign_in(&world, "operator", Role::Admin).await;
        let all = operator.get(&world, "/admin/queues").await.page;
        for queue in ["whatsapp", "credit-score", "order-routing", "payment-reminders", "report-generation", "order-processing"] {
            assert!(all.contains(&format!("/admin/queues/{queue}")), "{queue}: {all}");
        }
        assert!(all.contains("<strong>8</strong>"), "the dead of both worlds: {all}");
        let job = format!("{QUEUE}/jobs/{}", world.own.jobs[0]);
        let page = operator.get(&world, &job).await.page;
        assert!(page.contains("no paper") && page.contains("&quot;part&quot;") && page.contains("/retry"), "{page}");
        let done = operator.post(&world, &format!("{job}/retry"), "1", "").await;
        assert_eq!(done.status, 303, "{}", done.page);
        let page = operator.get(&world, done.location()).await.page;
        assert!(page.contains("role=\"status\"") && !page.contains("/retry") && page.contains("no paper"), "{page}");
        let again = operator.post(&world, &format!("{job}/retry"), "2", "").await;
        assert!(again.status == 422 && again.page.contains("not dead any more"), "{}", again.page);

        assert_eq!(operator.post(&world, &format!("{QUEUE}/retry"), "3", "kind=export").await.status, 303);
        let page = operator.get(&world, &format!("{QUEUE}?state=DEAD")).await.page;
        assert!(!page.contains("/jobs/") && !page.contains("/clean"), "{page}");
        operator.post(&world, &format!("{QUEUE}/pause"), "4", "reason=paper+comes+on+Sunday").await;
        let page = operator.get(&world, QUEUE).await.page;
        assert!(page.contains("paper comes on Sunday") && page.contains("/resume"), "{page}");
        assert_eq!(operator.post(&world, &format!("{QUEUE}/pause"), "5", "reason=again").await.status, 422);
        operator.post(&world, "/admin/language", "6", "language=NE&back=/admin/queues").await;
        assert!(operator.get(&world, QUEUE).await.page.contains("रोकिएको"));
        let done = operator.post(&world, &format!("{QUEUE}/resume"), "7", "").await;
        assert!(operator.get(&world, done.location()).await.page.contains("चालु"));
    }

    async fn a_schedule_is_run_by_hand_once(t: TestDb) {
        let world = World::new(t).await;
        let mut operator = Visitor::sign_in(&world, "operator", Role::Admin).await;
        let page = operator.get(&world, "/admin/schedules").await.page;
        assert!(page.contains("daily at 14:00") && page.contains("not yet"), "{page}");
        let path = "/admin/schedules/vendor-reliability/run";
        assert_eq!(operator.post(&world, path, "1", "").await.status, 303);
        let again = operator.post(&world, path, "2", "").await;
        assert!(again.status == 422 && again.page.contains("under way already"), "{}", again.page);
        assert!(again.page.contains("asked for") && !again.page.contains(&format!("action=\"{path}\"")), "{}", again.page);
        assert_eq!(operator.post(&world, "/admin/schedules/nonsense/run", "3", "").await.status, 404);

        let (_, text) = world.call(None, &Method::GET, "health/ready", &Value::Null).await;
        let ready: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&ready["status"], &ready["schedules"][0]["state"]), (&json!("ready"), &json!("WANTED")));
        let dead = ready["queues"].as_array().unwrap().iter().find(|depth| depth["state"] == "DEAD").unwrap();
        assert_eq!((&dead["queue"], &dead["jobs"]), (&json!("report-generation"), &json!(8)));
        let mut vendor = Visitor::sign_in(&world, "vendor", Role::Vendor).await;
        assert_eq!(vendor.post(&world, path, "1", "").await.status, 403);
        assert_eq!(vendor.post(&world, &format!("{QUEUE}/resume"), "2", "").await.status, 403);
    }

    async fn a_run_under_way_shows_how_far_it_is(t: TestDb) {
        let world = World::new(t).await;
        let (db, clock, ids) = (world.t.db.clone(), world.t.clock.clone(), world.t.ids.clone());
        let (told, mut tells) = tokio::sync::mpsc::unbounded_channel();
        let scores = Schedule::telling("credit scores", Slots::DailyAt(2, 0), move |running| {
            let (db, clock, ids, told) = (db.clone(), clock.clone(), ids.clone(), told.clone());
            async move {
                told.send(scoring::recalculate_all(&db, &clock, &ids, &running).await.unwrap()).unwrap();
                std::future::pending().await
            }
        });
        let (db, clock) = (world.t.db.clone(), world.t.clock.clone());
        let process = tokio::spawn(async move { queue::run_due_schedules(&db, &clock, &[scores]).await });
        let all = tells.recv().await.unwrap();
        assert!(all > 2);
        let [_, _, operator] = world.roles();
        let (_, text) = world.call(Some(operator), &Method::GET, "schedules", &Value::Null).await;
        let schedules: Value = serde_json::from_str(&text).unwrap();
        let run = &schedules.as_array().unwrap().iter().find(|one| one["name"] == "credit-scores").unwrap()["runs"][0];
        assert_eq!((&run["state"], &run["progress"]), (&json!("RUNNING"), &json!({ "done": all, "total": all, "saying": "retailers" })));
        let mut visitor = Visitor::sign_in(&world, "operator", Role::Admin).await;
        let page = visitor.get(&world, "/admin/schedules").await.page;
        assert!(page.contains(&format!("{all} / {all} retailers")), "{page}");
        process.abort();
    }

    async fn older_paths_answer_the_same_and_are_marked(t: TestDb) {
        let world = World::new(t).await;
        let [_, _, operator] = world.roles();
        let get = async |path: &str| world.call(Some(operator), &Method::GET, path, &Value::Null).await;
        assert_eq!(get("queues/jobs/report-generation").await, get("queues/report-generation/jobs").await);
        assert_eq!(get("queues/nonsense/jobs").await.0, 404);
        assert_eq!(get("queues/whatsapp/jobs?state=LOST").await.0, 422);
        let of_another = format!("queues/whatsapp/jobs/{}", world.own.jobs[0]);
        assert_eq!(get(&of_another).await.0, 404);
        let (_, text) = world.call(None, &Method::GET, "openapi.json", &Value::Null).await;
        let document: Value = serde_json::from_str(&text).unwrap();
        for (path, method) in [("jobs/{queue}", "get"), ("retry/{jobId}", "post")] {
            assert_eq!(document["paths"][format!("/api/v1/queues/{path}")][method]["deprecated"], true, "{path}");
        }
    }
}

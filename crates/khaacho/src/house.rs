//! The house put together: every room's routes, jobs and schedules over one database.

use std::pin::Pin;

use axum::Router;
use backstage::Plan;
use conversation::{Brain, Fetcher, Webhook};
use db::{Db, DbError};
use kernel::{Clock, IdGen};
use notify::Sender;
use queue::{JobError, Registry, Running, Schedule, Slots};
use utoipa_axum::router::OpenApiRouter;
use web::panel::MenuItem;
use web::{App, Auth};
use whatsapp::client::Client;

use crate::export;

/// What the house needs to know beside its database.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Signs access tokens; at least 32 characters.
    pub token_secret: String,
    /// The webhook's secrets.
    pub webhook: Webhook,
    /// Requests in work at once.
    pub most_requests: usize,
}

/// Everything that serves: routes, what does the jobs, what runs by the clock.
#[derive(Debug)]
pub struct House {
    /// What handlers work on.
    pub app: App,
    /// Every route, wrapped in limits.
    pub router: Router,
    /// Every kind of job.
    pub registry: Registry,
    /// Everything that runs by the clock.
    pub schedules: Vec<Schedule>,
}

/// The menu of the web panel.
const MENU: &[MenuItem] = &[
    MenuItem {
        path: "/admin/lines", english: "Lines", nepali: "उधारो खाता", is_for_operators: false
    },
    MenuItem { path: "/admin/retailers", english: "Retailers", nepali: "पसलहरू", is_for_operators: true },
    MenuItem {
        path: "/admin/vendors", english: "Vendors", nepali: "थोक बिक्रेता", is_for_operators: true
    },
    MenuItem { path: "/admin/board", english: "Board", nepali: "चलिरहेका", is_for_operators: false },
    MenuItem { path: "/admin/orders", english: "Orders", nepali: "अर्डर", is_for_operators: false },
    MenuItem {
        path: "/admin/conversations", english: "Conversations", nepali: "कुराकानी", is_for_operators: true
    },
    MenuItem { path: "/admin/stock", english: "Stock", nepali: "मौज्दात", is_for_operators: false },
    MenuItem { path: "/admin/products", english: "Products", nepali: "सामान", is_for_operators: true },
    MenuItem {
        path: "/admin/payments", english: "Payments", nepali: "भुक्तानी", is_for_operators: false
    },
    MenuItem {
        path: "/admin/claims", english: "Claims", nepali: "तिरेँ भनेका", is_for_operators: false
    },
    MenuItem { path: "/admin/disputes", english: "Disputes", nepali: "गुनासो", is_for_operators: false },
    MenuItem { path: "/admin/reminders", english: "Reminders", nepali: "सम्झना", is_for_operators: true },
    MenuItem { path: "/admin/risk", english: "Risk", nepali: "जोखिम", is_for_operators: false },
    MenuItem { path: "/admin/watch", english: "Watch", nepali: "निगरानी", is_for_operators: true },
    MenuItem { path: "/admin/insights", english: "Insights", nepali: "झलक", is_for_operators: true },
    MenuItem { path: "/admin/books", english: "Books", nepali: "लेखा", is_for_operators: false },
    MenuItem { path: "/admin/queues", english: "Queues", nepali: "कामका लाम", is_for_operators: true },
    MenuItem {
        path: "/admin/schedules", english: "Schedules", nepali: "समय तालिका", is_for_operators: true
    },
    MenuItem { path: "/admin/audit", english: "Audit", nepali: "अभिलेख", is_for_operators: true },
];

/// The menu's last item in simulator mode.
const SIMULATOR: MenuItem =
    MenuItem { path: "/admin/simulator", english: "Simulator", nepali: "अभ्यास", is_for_operators: true };

/// What every operation was asked and what it answered in the tests of access, which compare it.
const EXAMPLES: &str = include_str!("examples.json");

/// Puts the house together. Must run inside a Tokio runtime, on which the placing desk works.
pub fn build(db: &Db, clock: &Clock, ids: &IdGen, client: Client, settings: &Settings) -> House {
    build_with(db, clock, ids, client, settings, None)
}

/// Puts the house together with the simulator's pages, which it has in simulator mode only.
pub fn build_with(
    db: &Db,
    clock: &Clock,
    ids: &IdGen,
    client: Client,
    settings: &Settings,
    simulator: Option<Router<App>>,
) -> House {
    let app = App {
        db: db.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
        auth: Auth::new(&settings.token_secret, clock.clone()),
        migrations: schema::MIGRATIONS,
    };
    let guard = parties::Guard::default();
    let schedules = schedules(db, clock, ids);
    let plan = Plan::of(&schedules);
    let rooms: OpenApiRouter<App> = OpenApiRouter::new()
        .merge(web::health_routes())
        .merge(parties::routes(&guard))
        .merge(catalog::routes())
        .merge(audit::routes())
        .merge(ledger::routes())
        .merge(credit::routes())
        .merge(orders::routes(orders::open_desk(db)))
        .merge(reminders::routes())
        .merge(import::routes())
        .merge(export::routes())
        .merge(risk::routes())
        .merge(backstage::routes(plan.clone()))
        .merge(scoring::routes())
        .merge(conversation::routes(settings.webhook.clone()));
    let (router, document) = rooms.split_for_parts();
    let document = web::document(document, &serde_json::from_str(EXAMPLES).unwrap_or_default());
    let pages = parties::pages(&guard)
        .merge(catalog::pages())
        .merge(credit::pages())
        .merge(orders::pages())
        .merge(reminders::pages())
        .merge(import::pages())
        .merge(audit::pages())
        .merge(conversation::pages())
        .merge(export::pages())
        .merge(backstage::pages(plan))
        .merge(risk::pages())
        .merge(scoring::pages());
    let mut menu = MENU.to_vec();
    menu.extend(simulator.is_some().then_some(SIMULATOR));
    let pages = web::panel::wrap(pages.merge(simulator.unwrap_or_default()), app.clone(), &menu);
    let router =
        web::finish(router.merge(web::openapi_routes(&document)).merge(pages), app.clone(), settings.most_requests);
    House { app, router, registry: registry(db, clock, ids, client), schedules }
}

fn registry(db: &Db, clock: &Clock, ids: &IdGen, client: Client) -> Registry {
    let (fetcher, brain) = (Fetcher::new(db.clone(), client.clone()), Brain::default());
    let sender = Sender::new(db.clone(), client);
    let registry = Registry::default().outside(notify::SEND_JOB, move |cx, job| sender.clone().work(cx, job));
    let house = (db.clone(), clock.clone(), ids.clone());
    let registry = registry.outside(reminders::RUN_JOB, move |_, _| {
        let (db, clock, ids) = house.clone();
        async move { reminders::resume(&db, &clock, &ids).await.map_err(JobError::from) }
    });
    let registry = registry.outside(conversation::MEDIA_JOB, move |cx, job| fetcher.clone().work(cx, job));
    let registry = registry.inside(orders::NEXT_VENDOR_JOB, |tx, cx, job| {
        Box::pin(async move {
            orders::find_next_vendor(tx, cx, job.id("order")?).await?;
            Ok(())
        })
    });
    let registry = registry.inside(credit::SCORE_JOB, |tx, cx, job| {
        Box::pin(async move {
            let retailer = job.id("retailer")?;
            // What changed what is owed may ask for a pause, or end one.
            let in_force = risk::rules(tx).await?;
            risk::settle_pause(tx, cx, &in_force, retailer).await?;
            scoring::score_again(tx, cx, retailer).await?;
            Ok(())
        })
    });
    let house = (db.clone(), clock.clone(), ids.clone());
    let registry = registry.outside(scoring::INSIGHTS_JOB, move |_, _| {
        let (db, clock, ids) = house.clone();
        async move {
            scoring::regenerate_all(&db, &clock, &ids, &Running::nobody()).await?;
            Ok(())
        }
    });
    registry.inside(conversation::MESSAGE_JOB, move |tx, cx, job| {
        let brain = brain.clone();
        Box::pin(async move {
            let wamid = job.text("wamid")?;
            conversation::handle_job(tx, cx, &brain, wamid).await?;
            Ok(())
        })
    })
}

fn schedules(db: &Db, clock: &Clock, ids: &IdGen) -> Vec<Schedule> {
    let house = (db.clone(), clock.clone(), ids.clone());
    let six_hours = Slots::Every(6 * 60 * 60);
    vec![
        counted(
            &house,
            "offers past their deadline",
            Slots::Every(orders::OFFER_SCHEDULE),
            "offers moved on",
            |house, _| Box::pin(async move { orders::expire_offers(&house.0, &house.1, &house.2).await }),
        ),
        counted(
            &house,
            "offers that end soon",
            Slots::Every(orders::REMINDER_SCHEDULE),
            "vendors reminded",
            |house, _| Box::pin(async move { orders::remind_of_offers(&house.0, &house.1, &house.2).await }),
        ),
        counted(
            &house,
            "silent deliveries",
            Slots::Every(orders::SILENCE_SCHEDULE),
            "deliveries settled",
            |house, _| Box::pin(async move { orders::settle_silent(&house.0, &house.1, &house.2).await }),
        ),
        counted(&house, "unfinished carts", Slots::Every(orders::DRAFT_SCHEDULE), "drafts expired", |house, _| {
            Box::pin(async move { orders::expire_drafts(&house.0, &house.1, &house.2).await })
        }),
        counted(&house, "expired carts", Slots::DailyAt(14, 0), "retailers asked", |house, _| {
            Box::pin(async move { orders::follow_up_drafts(&house.0, &house.1, &house.2).await })
        }),
        told(&house, "payment reminders", Slots::DailyAt(10, 0), |house, running| {
            Box::pin(async move { reminders::run(&house.0, &house.1, &house.2, &running).await })
        }),
        counted(&house, "old answers", Slots::DailyAt(2, 0), "answers forgotten", |house, _| {
            Box::pin(async move { web::forget_old_answers(&house.0, house.1.now()).await })
        }),
        told(&house, "risk control", Slots::Every(60 * 60), |house, running| {
            Box::pin(async move { control(house, running).run().await })
        }),
        told(&house, "automatic pause", Slots::DailyAt(11, 0), |house, running| {
            Box::pin(async move { control(house, running).pauses().await })
        }),
        told(&house, "guardrails", Slots::DailyAt(4, 0), |house, running| {
            Box::pin(async move { control(house, running).pauses().await })
        }),
        counted(&house, "credit scores", Slots::DailyAt(2, 0), "scores computed", |house, running| {
            Box::pin(async move { scoring::recalculate_all(&house.0, &house.1, &house.2, &running).await })
        }),
        counted(&house, "insights", Slots::DailyAt(3, 0), "insights computed", |house, running| {
            Box::pin(async move { scoring::regenerate_all(&house.0, &house.1, &house.2, &running).await })
        }),
        counted(&house, "vendor reliability", six_hours, "vendors rated", |house, _| {
            Box::pin(async move { orders::recompute_reliability(&house.0, &house.1).await })
        }),
    ]
}

fn control((db, clock, ids): Shared, running: Running) -> risk::Control {
    risk::Control { db, clock, ids, running }
}

type Shared = (Db, Clock, IdGen);
type Counting<T> = Pin<Box<dyn Future<Output = Result<T, DbError>> + Send>>;

/// Work by the clock whose outcome says itself what was done.
fn told<T: std::fmt::Display + Send + 'static>(
    house: &Shared,
    name: &'static str,
    slots: Slots,
    work: fn(Shared, Running) -> Counting<T>,
) -> Schedule {
    let house = house.clone();
    Schedule::telling(name, slots, move |running| {
        let done = work(house.clone(), running);
        async move { done.await.map(|outcome| outcome.to_string()).map_err(|error| error.to_string()) }
    })
}

/// Work by the clock whose outcome is how many of something there were.
fn counted<T: std::fmt::Display + Send + 'static>(
    house: &Shared,
    name: &'static str,
    slots: Slots,
    what: &'static str,
    work: fn(Shared, Running) -> Counting<T>,
) -> Schedule {
    let house = house.clone();
    Schedule::telling(name, slots, move |running| {
        let done = work(house.clone(), running);
        async move {
            let count = done.await.map_err(|error| error.to_string())?;
            Ok(format!("{count} {what}"))
        }
    })
}

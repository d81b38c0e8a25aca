//! What vendors sell, from files: it holds from then on, and may be imported again whenever it changed.

use import::Kind;
use kernel::{Actor, Context};

use crate::world::World;

/// A vendor, and two products of the platform's catalogue.
async fn with_products(t: testkit::TestDb) -> World {
    let world = World::new(t);
    world.file("vendors.csv", "prefix,phone,name,owner\nCRP,9858000001,Chaulagain,Hari\n");
    world.import(&["vendors.csv"]).await;
    let cx = Context::new(&world.t.clock, &world.t.ids, Actor::System, "test");
    let made = world.t.db.write::<_, db::DbError, _>(async move |tx| {
        for sku in ["RICE", "OIL"] {
            let new = catalog::NewProduct {
                sku: sku.to_owned(),
                name: sku.to_owned(),
                name_ne: "सामान".to_owned(),
                unit: "bora".to_owned(),
                pack: None,
                category: "food".to_owned(),
                aliases: Vec::new(),
            };
            catalog::create_product(tx, &cx, &new).await?.unwrap();
        }
        Ok(())
    });
    made.await.unwrap();
    world
}

testkit::both_engines! {
    async fn what_a_list_says_holds_from_then_on(t: TestDb) {
        let world = with_products(t).await;
        let header = "vendor,sku,price,stock,minimum_quantity,available\n";
        world.file("catalogue.csv", format!("{header}CRP,RICE,1000,5,2,yes\n9858000001,oil,200,7,,\nCRP,TEA,1,1,,\n,RICE,1,1,,\n"));
        let before = world.tables().await;
        let dry = world.dry_run(&["catalogue.csv"]).await;
        assert_eq!(world.tables().await, before);
        let done = world.import(&["catalogue.csv"]).await;
        assert_eq!((dry.of(Kind::Catalogue), done.of(Kind::Catalogue)), ((2, 0, 2), (2, 0, 2)));
        assert_eq!(done.told(), ["4 PRODUCT_NOT_FOUND sku B4", "5 EMPTY vendor A5"]);
        let again = world.import(&["catalogue.csv"]).await;
        assert_eq!(again.of(Kind::Catalogue), (0, 2, 2));
        // Back to an older price is a change like any other.
        for price in ["1100", "1000"] {
            world.file("catalogue.csv", format!("{header}CRP,RICE,{price},5,,\n"));
            assert_eq!(world.import(&["catalogue.csv"]).await.of(Kind::Catalogue), (1, 0, 0));
        }
        let prices = world.number("select cast(count(*) as bigint) as number from price_history").await;
        assert_eq!(prices, 4);
        world.is_clean().await;
    }
}

//! A vendor's list by upload: good rows are taken and bad ones named, or none with `strict`; once per key.

use http::Method;
use kernel::{Id as _, Role, UserId};
use rust_xlsxwriter::{Formula, Workbook};
use serde_json::{Value, json};
use web::Caller;

use crate::support::shop::{Answer, Known, Shop};

struct World {
    shop: Shop,
    vendor: Known,
    rice: String,
}

impl World {
    async fn open(t: testkit::TestDb) -> Self {
        let shop = Shop::open(t).await;
        let vendor = shop.vendor("Bheri Traders", "9779700000001", "BT", "EN").await;
        let mut rice = String::new();
        for sku in ["OIL", "SALT", "RICE"] {
            rice = shop.made("products", json!({ "sku": sku, "name": sku, "nameNe": "सामान", "unit": "bora" })).await;
        }
        Self { shop, vendor, rice }
    }

    async fn sent(&self, key: &str, strict: bool, file: &[u8]) -> Answer {
        let operator = Caller { user: UserId::from_bits(1), role: Role::Admin, retailer: None, vendor: None };
        let path = format!("vendors/{}/products/import?strict={strict}", self.vendor.id);
        self.shop.call_with_file(operator, &path, key, file.to_vec()).await
    }

    async fn taken(&self, key: &str, file: &str) -> Value {
        let answer = self.sent(key, false, file.as_bytes()).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
        answer.json()
    }

    /// SKU, price, stock, smallest quantity, whether it is sold.
    async fn list(&self) -> Vec<String> {
        let list = self.shop.get(&format!("vendors/{}/products", self.vendor.id)).await;
        let items = list["items"].as_array().unwrap().iter();
        items
            .map(|one| {
                let sku = one["product"]["sku"].as_str().unwrap();
                let price = one["price"].as_str().unwrap();
                format!("{sku} {price} {} {} {}", one["stock"], one["minimumQuantity"], one["isAvailable"])
            })
            .collect()
    }
}

const LIST: &str =
    "\u{feff}SKU,Price,Stock,Minimum quantity,Available\r\nrice,\"1,00,000.50\",१२०,2,yes\r\nSALT,500,0,,छैन\r\n";

testkit::both_engines! {
    async fn a_list_is_taken_and_taken_again_changes_nothing(t: TestDb) {
        let w = World::open(t).await;
        assert_eq!(w.taken("1", LIST).await, json!({ "taken": 2, "unchanged": 0, "refused": [] }));
        assert_eq!(w.list().await, ["RICE 100000.50 120 2 true", "SALT 500.00 0 1 false"]);
        let again = w.sent("1", false, LIST.as_bytes()).await;
        assert_eq!(again.json()["taken"], 2, "the same key gets the same answer");
        assert_eq!(w.sent("1", false, b"sku,price,stock\n").await.status.as_u16(), 409);
        assert_eq!(w.taken("2", LIST).await["unchanged"], 2);
        // What is left out stays as it is.
        assert_eq!(w.taken("3", "price,sku,stock\n99.99,RICE,100\n").await["taken"], 1);
        assert_eq!(w.list().await, ["RICE 99.99 100 2 true", "SALT 500.00 0 1 false"]);
        let moves = w.shop.get(&format!("vendors/{}/products/{}/moves", w.vendor.id, w.rice)).await;
        let moves: Vec<_> = moves["items"].as_array().unwrap().iter().map(|one| (one["change"].as_i64().unwrap(), one["reason"].as_str().unwrap())).collect();
        assert_eq!(moves, [(-20, "UPLOADED"), (120, "UPLOADED")]);
        w.shop.is_clean().await;
    }

    async fn bad_rows_are_named_with_line_and_reason(t: TestDb) {
        let w = World::open(t).await;
        let list = "sku,price,stock,available\nRICE,1000,5,yes\nTEA,10,1,yes\nOIL,0,1,yes\nOIL,12.345,1,yes\nOIL,10,1.5,yes\n\n\
                    OIL,10,1,perhaps\nOIL,10\nOIL,=1+1,5,yes\nrice,5,5,yes\n,5,5,yes\nSALT,20,7,no\n";
        let told = w.taken("1", list).await;
        assert_eq!((&told["taken"], &told["unchanged"]), (&json!(2), &json!(0)));
        let refused: Vec<_> = told["refused"].as_array().unwrap().iter().map(|one| {
            format!("{} {} {}", one["line"], one["column"].as_str().unwrap_or("-"), one["code"].as_str().unwrap())
        }).collect();
        assert_eq!(refused, [
            "3 sku PRODUCT_NOT_FOUND", "4 price AMOUNT", "5 price AMOUNT", "6 stock NUMBER", "8 available WORD",
            "9 - CELLS", "10 price FORMULA", "11 sku TWICE", "12 sku EMPTY",
        ]);
        assert!(told["refused"].as_array().unwrap().iter().all(|one| !one["reason"].as_str().unwrap().is_empty() && !one["right"].as_str().unwrap().is_empty()));
        assert_eq!(w.list().await, ["RICE 1000.00 5 1 true", "SALT 20.00 7 1 false"]);
    }

    async fn a_strict_list_is_taken_whole_or_not_at_all(t: TestDb) {
        let w = World::open(t).await;
        for (key, bad, code) in [("1", "TEA,1,1", "PRODUCT_NOT_FOUND"), ("2", "OIL,x,1", "AMOUNT")] {
            let refused = w.sent(key, true, format!("sku,price,stock\nRICE,10,5\n{bad}\n").as_bytes()).await;
            let problem = refused.json();
            assert_eq!((refused.status.as_u16(), &problem["code"]), (422, &json!("ROWS_REFUSED")));
            assert_eq!((&problem["refused"][0]["line"], &problem["refused"][0]["code"]), (&json!(3), &json!(code)));
            assert_eq!(w.list().await, [""; 0]);
        }
        // The same key without `strict` is another command.
        assert_eq!(w.taken("1", "sku,price,stock\nRICE,10,5\nTEA,1,1\n").await["taken"], 1);
        assert_eq!(w.sent("3", true, b"sku,price,stock\nRICE,10,6\n").await.json()["taken"], 1);
        w.shop.is_clean().await;
    }

    async fn what_orders_hold_cannot_be_uploaded_away(t: TestDb) {
        let w = World::open(t).await;
        w.taken("1", "sku,price,stock\nRICE,10,5\n").await;
        let retailer = w.shop.retailer("Sita Kirana", "9779800000001", "EN").await;
        let order = json!({ "retailerId": retailer.id, "paymentMode": "CASH", "lines": [{ "productId": w.rice, "quantity": 3 }] });
        w.shop.made("orders", order).await;
        let told = w.taken("2", "sku,price,stock\nRICE,11,2\n").await;
        assert_eq!((&told["taken"], &told["refused"][0]["code"], &told["refused"][0]["column"]), (&json!(0), &json!("STOCK_HELD"), &json!("stock")));
        assert_eq!(w.list().await, ["RICE 10.00 5 1 true"]);
    }

    async fn a_workbook_is_read_like_a_file(t: TestDb) {
        let w = World::open(t).await;
        let mut book = Workbook::new();
        let sheet = book.add_worksheet().set_name("My list").unwrap();
        for (column, name) in (0..).zip(["sku", "price", "stock", "available"]) {
            sheet.write(0, column, name).unwrap();
        }
        sheet.write(1, 0, "RICE").unwrap();
        sheet.write(1, 1, 1_234.5).unwrap();
        sheet.write(1, 2, 40).unwrap();
        sheet.write(1, 3, true).unwrap();
        sheet.write(2, 0, "SALT").unwrap();
        sheet.write_formula(2, 1, Formula::new("=1+1").set_result("2")).unwrap();
        sheet.write(2, 2, 1).unwrap();
        let told = w.sent("1", false, &book.save_to_buffer().unwrap()).await.json();
        assert_eq!(told["taken"], 1, "{told}");
        let refused = &told["refused"][0];
        assert_eq!((&refused["file"], &refused["line"], &refused["cell"], &refused["code"]), (&json!("My list"), &json!(3), &json!("B3"), &json!("FORMULA")));
        assert_eq!(w.list().await, ["RICE 1234.50 40 1 true"]);
    }

    async fn what_is_no_list_is_refused_whole(t: TestDb) {
        let w = World::open(t).await;
        let mut long = "sku,price,stock\n".to_owned();
        long.extend((0..5_001).map(|_| "RICE,1,1\n"));
        let files: [&[u8]; 8] = [
            b"", b"sku;price;stock\nRICE;1;1\n", b"sku,price\nRICE,1\n", b"sku,price,stock,colour\n", b"PK\x03\x04 no workbook",
            b"\xff\xfes\0k\0u\0", b"sku,sku,price,stock\n", long.as_bytes(),
        ];
        for (number, file) in files.into_iter().enumerate() {
            let answer = w.sent(&number.to_string(), false, file).await;
            assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str().unwrap()), (422, "FILE_UNREADABLE"), "{number}: {}", answer.body);
        }
        let large = w.sent("large", false, &vec![b'x'; 4 * 1024 * 1024 + 1]).await;
        assert_eq!((large.status.as_u16(), &large.json()["code"]), (413, &json!("BODY_TOO_LARGE")));
        let path = format!("vendors/{}/products/import", w.vendor.id);
        let json = w.shop.call(&Method::POST, &path, &json!({ "sku": "RICE" })).await;
        assert_eq!(json.status.as_u16(), 415);
        assert_eq!(w.list().await, [""; 0]);
    }
}

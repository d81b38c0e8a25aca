//! Everything that can be wrong with a row, and that it harms no other.

use import::Kind;

use crate::world::World;

const RETAILERS: &str = "phone,name,owner,place,language\n";
const PURCHASES: &str = "key,vendor,retailer,date,amount\n";
const REPAYMENTS: &str = "key,vendor,purchase,date,cash,principal,method,reference\n";

/// Rows between two good ones, and what is told of each.
async fn bad_rows(world: &World, file: &str, header: &str, good: [&str; 2], bad: &[(&[u8], &str)]) {
    let mut content = [header.as_bytes(), good[0].as_bytes(), b"\n"].concat();
    for (row, _) in bad {
        content.extend([*row, b"\n"].concat());
    }
    content.extend([good[1].as_bytes(), b"\n"].concat());
    world.file(file, content);
    let before = world.tables().await;
    let dry = world.dry_run(&[file]).await;
    assert_eq!(world.tables().await, before);
    let done = world.import(&[file]).await;
    let expected: Vec<String> = (3..).zip(bad).map(|(line, (_, told))| told.replace('#', &line.to_string())).collect();
    let told: Vec<String> = done.told();
    assert_eq!(told, expected, "{:#?}", done.refused);
    assert_eq!(dry.refused, done.refused);
    let taken: u64 = done.report.counts.values().map(|counts| counts.taken).sum();
    assert_eq!(taken, 2, "the good rows around the bad ones are taken");
    for row in &done.refused {
        assert!(!row.reason.is_empty() && !row.right.is_empty() && row.file == file, "{row}");
    }
    world.is_clean().await;
}

testkit::both_engines! {
    async fn retailers(t: TestDb) {
        let world = World::with_people(t).await;
        let good = ["9848011111,Gita Store,Gita,Ward 3,EN", "9848022222,Hari Store,Hari,,"];
        bad_rows(&world, "retailers.csv", RETAILERS, good, &[
            (b"98480,Name,Owner,,", "# PHONE phone A#"),
            (b",Name,Owner,,", "# EMPTY phone A#"),
            (b"9848033333,,Owner,,", "# EMPTY name B#"),
            (b"9848033333,Name,Owner,,FR", "# WORD language E#"),
            (b"9848033333,=HYPERLINK(1),Owner,,", "# FORMULA name B#"),
            (b"9848033333,Name,@cmd,,", "# FORMULA owner C#"),
            (b"9848033333,Caf\xE9,Owner,,", "# ENCODING name B#"),
            (b"9848033333,Na\0me,Owner,,", "# TEXT name B#"),
            (b"9848033333,\"Name,Owner,,", "# QUOTE - -"),
            (b"9848033333,Name,Owner", "# CELLS - -"),
            (b"9848033333,Name,Owner,,,more", "# CELLS - F#"),
            (b"9848000001,Another Name,Owner,,", "# KEY_REUSED - -"),
            (b"9858000001,Name,Owner,,", "# PHONE_TAKEN phone A#"),
            (format!("9848033333,{},Owner,,", "n".repeat(121)).as_bytes(), "# TEXT name B#"),
            (format!("9848033333,{},Owner,,", "n".repeat(70_000)).as_bytes(), "# LINE - -"),
        ]).await;
    }

    async fn vendors(t: TestDb) {
        let world = World::with_people(t).await;
        let good = ["NEW,9858000011,New,Owner,20", "NXT,9858000012,Next,Owner,"];
        bad_rows(&world, "vendors.csv", "prefix,phone,name,owner,capacity\n", good, &[
            (b"A,9858000013,Name,Owner,", "# VALIDATION prefix A#"),
            (b"A1B,9858000013,Name,Owner,", "# VALIDATION prefix A#"),
            (b"ABC,9858000013,Name,Owner,0", "# NUMBER capacity E#"),
            (b"ABC,9858000001,Name,Owner,", "# PHONE_TAKEN phone B#"),
            (b"ABC,9848000001,Name,Owner,", "# PHONE_TAKEN phone B#"),
            (b"CRP,9858000013,Name,Owner,", "# KEY_REUSED - -"),
        ]).await;
    }

    async fn lines(t: TestDb) {
        let world = World::with_people(t).await;
        let header = "retailer,vendor,limit,terms_days,max_order,max_overdue_days,discount_percent,interest_percent\n";
        let good = ["9848000002,CRP,1000,45,500,,2.5,10", "9848000002,9858000002,0,,,,0,"];
        bad_rows(&world, "lines.csv", header, good, &[
            (b"9848000009,CRP,1000,,,,,", "# RETAILER_NOT_FOUND retailer A#"),
            (b"9848000001,XYZ,1000,,,,,", "# VENDOR_NOT_FOUND vendor B#"),
            (b"9848000001,no vendor,1000,,,,,", "# VENDOR vendor B#"),
            (b"9848000001,BKT,-1,,,,,", "# AMOUNT limit C#"),
            (b"9848000001,BKT,1000,400,,,,", "# NUMBER terms_days D#"),
            (b"9848000001,BKT,1000,,0,,,", "# AMOUNT max_order E#"),
            (b"9848000001,BKT,1000,,,3.5,,", "# NUMBER max_overdue_days F#"),
            (b"9848000001,BKT,1000,,,,51,", "# PERCENT discount_percent G#"),
            (b"9848000001,BKT,1000,,,,,10.01", "# PERCENT interest_percent H#"),
            (b"9848000001,CRP,5,,,,,", "# KEY_REUSED - -"),
        ]).await;
    }

    async fn purchases(t: TestDb) {
        let world = World::with_people(t).await;
        let good = ["P-1,CRP,9848000001,2025-12-01,500", "P-2,9858000001,+977 9848000001,2025-12-01,\"1,00,000.00\""];
        bad_rows(&world, "purchases.csv", PURCHASES, good, &[
            (b"P-3,CRP,9848000001,2025-12-01,5.125", "# AMOUNT amount E#"),
            (b"P-3,CRP,9848000001,2025-12-01,-5", "# AMOUNT amount E#"),
            (b"P-3,CRP,9848000001,2025-12-01,0", "# AMOUNT amount E#"),
            (b"P-3,CRP,9848000001,2025-12-01,1e5", "# AMOUNT amount E#"),
            (b"P-3,CRP,9848000001,2025-12-01,99999999999999999", "# AMOUNT amount E#"),
            (b"P-3,CRP,9848000001,2025-12-01,=500*2", "# FORMULA amount E#"),
            (b"P-3,CRP,9848000001,01/12/2025,500", "# DATE date D#"),
            (b"P-3,CRP,9848000001,2026-01-02,500", "# DATE date D#"),
            (b"P-3,CRP,9848000001,2082-08-15,500", "# DATE date D#"),
            (b"P-3,CRP,9848000002,2025-12-01,500", "# NO_CREDIT_LINE retailer C#"),
            (b"P-3,CRP,9848000009,2025-12-01,500", "# RETAILER_NOT_FOUND retailer C#"),
            (b"P-3,XYZ,9848000001,2025-12-01,500", "# VENDOR_NOT_FOUND vendor B#"),
            (b",CRP,9848000001,2025-12-01,500", "# EMPTY key A#"),
            (b"P-1,CRP,9848000001,2025-12-01,501", "# KEY_REUSED - -"),
            // The same row by the vendor's other name, in one batch: the store refuses the second, and it alone.
            (b"P-1,9858000001,9848000001,2025-12-01,500", "# KEY_REUSED - -"),
        ]).await;
    }

    async fn repayments(t: TestDb) {
        let world = World::with_people(t).await;
        world.file("purchases.csv", format!("{PURCHASES}P-1,CRP,9848000001,2025-11-01,1000\nP-2,CRP,9848000001,2025-11-01,1000\n"));
        world.import(&["purchases.csv"]).await;
        let good = ["R-1,CRP,P-1,2025-11-10,475,500,ESEWA,77-A", "R-2,CRP,P-1,2025-12-31,500,,,"];
        bad_rows(&world, "repayments.csv", REPAYMENTS, good, &[
            (b"R-3,CRP,P-9,2025-11-10,100,,,", "# PURCHASE_NOT_FOUND purchase C#"),
            (b"R-3,BKT,P-1,2025-11-10,100,,,", "# PURCHASE_NOT_FOUND purchase C#"),
            (b"R-3,CRP,P-1,2025-11-09,100,,,", "# PAYMENT_DATE date D#"),
            (b"R-3,CRP,P-2,2025-10-31,100,,,", "# PAYMENT_DATE date D#"),
            (b"R-3,CRP,P-1,2025-11-10,500.01,,,", "# OVERPAYMENT cash E#"),
            (b"R-3,CRP,P-1,2025-11-10,400,500.01,,", "# OVERPAYMENT principal F#"),
            (b"R-3,CRP,P-2,2025-11-10,0.99,,,", "# BELOW_MINIMUM cash E#"),
            (b"R-3,CRP,P-2,2025-11-10,49,100,,", "# AGREED_CASH cash E#"),
            (b"R-3,CRP,P-2,2025-11-10,101,100,,", "# AGREED_CASH cash E#"),
            (b"R-3,CRP,P-2,2025-11-10,100,,ESEWA,", "# REFERENCE_REQUIRED reference H#"),
            (b"R-3,CRP,P-2,2025-11-10,100,,ESEWA,77a", "# DUPLICATE_REFERENCE reference H#"),
            (b"R-3,CRP,P-2,2025-11-10,100,,GOLD,1", "# WORD method G#"),
            (b"R-1,CRP,P-1,2025-11-10,475,501,ESEWA,77-A", "# KEY_REUSED - -"),
        ]).await;
    }

    async fn columns_that_are_wrong_refuse_the_file_before_anything_is_written(t: TestDb) {
        let world = World::with_people(t).await;
        for (name, content, told) in [
            ("purchases.csv", "key,vendor,retailer,date\n", "without amount"),
            ("purchases.csv", "key,vendor,retailer,date,amount,Amount\n", "the column amount is there twice"),
            ("purchases.csv", "key,vendor,retailer,date,amount,colour\n", "there is no column \"colour\""),
            ("purchases.csv", "key;vendor;retailer;date;amount\n", "not separated by commas"),
            ("purchases.csv", "\n\n", "it is empty"),
            ("purchases.csv", "", "it is empty"),
            ("purchases.csv", "key,vendor,retailer,d\u{e4}te,amount\n", "there is no column"),
            ("book.csv", "key\n", "what its rows are is not known"),
            ("purchases.ods", "", "only files that end in .csv and .xlsx"),
            ("purchases.xlsx", "no workbook", "it is no workbook"),
            ("missing-purchases.csv", "?", "cannot be read"),
        ] {
            if content != "?" {
                world.file(name, content);
            }
            let faults = world.faults(&[name, "lines.csv"]);
            assert!(faults.len() == 1 && faults[0].contains(told), "{name} {content:?}: {faults:?}");
        }
        let wide: Vec<u8> = "key,vendor".encode_utf16().flat_map(u16::to_le_bytes).collect();
        world.file("purchases.csv", [vec![0xFF, 0xFE], wide].concat());
        assert!(world.faults(&["purchases.csv"])[0].contains("UTF-16"));
    }

    async fn files_come_as_spreadsheets_write_them(t: TestDb) {
        let world = World::with_people(t).await;
        let text = "\u{feff}Key,Vendor,Retailer,Date,Amount\r\n\r\nP-1,crp,9848000001,2025-12-01,500\r\n,,,,\r\n\
                    \"P \"\"2\"\"\",CRP,9848000001,2025-12-01, 500.5 \r\nP-3,CRP,9848000001,2025-12-01,oops";
        world.file("shop_2082-purchases.csv", text);
        let done = world.import(&["shop_2082-purchases.csv"]).await;
        assert_eq!((done.told(), done.of(Kind::Purchases)), (vec!["6 AMOUNT amount E6".to_owned()], (2, 0, 1)));
        // The same row once more in the same file is known.
        world.file("purchases.csv", format!("{PURCHASES}P-1,CRP,9848000001,2025-12-01,500.00\nP-1,CRP,9848000001,2025-12-01,500\nP-4,CRP,9848000001,2025-12-01,1\nP-4,CRP,9848000001,2025-12-01,1\n"));
        assert_eq!(world.import(&["purchases.csv"]).await.of(Kind::Purchases), (1, 3, 0));
    }

    async fn who_is_registered_already_is_the_one_that_is_meant(t: TestDb) {
        let world = World::new(t);
        let cx = kernel::Context::new(&world.t.clock, &world.t.ids, kernel::Actor::System, "test");
        let new = parties::NewRetailer {
            name: "Ram Kirana".to_owned(),
            owner_name: "Ram".to_owned(),
            phone: "9779848000001".to_owned(),
            place: None,
            latitude_micro: None,
            longitude_micro: None,
            language: parties::Language::Nepali,
        };
        let made: Result<_, db::DbError> = world.t.db.write(async move |tx| parties::create_retailer(tx, &cx, &new).await).await;
        made.unwrap().unwrap();
        world.file("a-retailers.csv", "phone,name,owner\n9848000001,Shyam Kirana,Shyam\n");
        assert_eq!(world.import(&["a-retailers.csv"]).await.told(), ["2 PHONE_TAKEN phone A2"]);
        world.file("b-retailers.csv", "phone,name,owner\n9848000001,Ram Kirana,Ram Bahadur\n");
        assert_eq!(world.import(&["b-retailers.csv"]).await.of(Kind::Retailers), (1, 0, 0));
        assert_eq!(world.number("select count(*) as number from retailers").await, 1);
        world.is_clean().await;
    }
}

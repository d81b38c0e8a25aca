//! XLSX workbooks: sheets by name, numbers, dates, formulas.

use import::Kind;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};

use crate::world::World;

fn sheet(book: &mut Workbook, name: &str, rows: &[&[&str]]) {
    let sheet = book.add_worksheet().set_name(name).unwrap();
    for (row, cells) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(*cells) {
            sheet.write(row, column, *cell).unwrap();
        }
    }
}

/// The book of two people, with one formula, one time of day and one fraction of a paisa.
fn book(path: &std::path::Path) {
    let mut book = Workbook::new();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    let moment = Format::new().set_num_format("yyyy-mm-dd hh:mm");
    sheet(&mut book, "Vendors", &[&["prefix", "phone", "name", "owner"], &["CRP", "9858000001", "Chaulagain", "Hari"]]);
    let people = book.add_worksheet().set_name("Our retailers").unwrap();
    for (column, name) in (0..).zip(["phone", "name", "owner", "place"]) {
        people.write(0, column, name).unwrap();
    }
    people.write(1, 0, 9_848_000_001_i64).unwrap();
    people.write(1, 1, "राम किराना").unwrap();
    people.write(1, 2, "Ram").unwrap();
    sheet(&mut book, "Lines", &[&["retailer", "vendor", "limit"], &["9848000001", "CRP", "50,000"]]);
    let purchases = book.add_worksheet().set_name("Purchases").unwrap();
    for (column, name) in (0..).zip(["key", "vendor", "retailer", "date", "amount"]) {
        purchases.write(0, column, name).unwrap();
    }
    let day = ExcelDateTime::from_ymd(2025, 12, 1).unwrap();
    for row in 1..=5 {
        purchases.write(row, 0, 100 + row).unwrap();
        purchases.write(row, 1, "CRP").unwrap();
        purchases.write(row, 2, 9_848_000_001_i64).unwrap();
        purchases.write_with_format(row, 3, &day, &date).unwrap();
        purchases.write(row, 4, 1_234.5).unwrap();
    }
    purchases.write(2, 4, Formula::new("=500*2").set_result("1000")).unwrap();
    let noon = ExcelDateTime::from_ymd(2025, 12, 1).unwrap().and_hms(12, 0, 0).unwrap();
    purchases.write_with_format(3, 3, &noon, &moment).unwrap();
    purchases.write(4, 4, 0.125).unwrap();
    book.add_worksheet().set_name("Sheet1").unwrap();
    book.save(path).unwrap();
}

testkit::both_engines! {
    async fn a_workbook_is_read_by_its_sheets(t: TestDb) {
        let world = World::new(t);
        book(&world.folder.path().join("book.xlsx"));
        let done = world.import(&["book.xlsx"]).await;
        assert_eq!(done.told(), ["3 FORMULA amount E3", "4 DATE date D4", "5 AMOUNT amount E5"], "{:#?}", done.refused);
        assert_eq!(done.refused[0].file, "book.xlsx!Purchases");
        assert!(done.refused[0].reason.contains("=500*2"), "{}", done.refused[0].reason);
        let counts = Kind::ALL.map(|kind| done.of(kind));
        assert_eq!(counts, [(1, 0, 0), (1, 0, 0), (1, 0, 0), (2, 0, 3), (0, 0, 0), (0, 0, 0)]);
        assert_eq!(world.number("select cast(sum(principal_paisa) as bigint) as number from cycles").await, 2 * 123_450);
        // A row is known by what it says, whichever kind of file says it.
        world.file("purchases.csv", "key,vendor,retailer,date,amount\n101,CRP,9848000001,2025-12-01,\"1,234.50\"\n");
        assert_eq!(world.import(&["purchases.csv"]).await.of(Kind::Purchases), (0, 1, 0));
        world.is_clean().await;
    }

    async fn a_workbook_with_an_unknown_sheet_is_refused_as_a_whole(t: TestDb) {
        let world = World::new(t);
        let mut book = Workbook::new();
        sheet(&mut book, "Vendors", &[&["prefix", "phone", "name", "owner"]]);
        sheet(&mut book, "Notes", &[&["what we talked about"]]);
        book.save(world.folder.path().join("book.xlsx")).unwrap();
        let faults = world.faults(&["book.xlsx"]);
        assert!(faults.len() == 1 && faults[0].starts_with("book.xlsx!Notes: what its rows are is not known"), "{faults:?}");
    }
}

//! What is entered and changed in the panel, as the person who does it sees it.

use kernel::Role;

use super::panel::Visitor;
use super::world::World;

/// The value of a hidden field of a page.
fn hidden<'a>(page: &'a str, name: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{name}: {page}"));
    rest.split('"').next().unwrap()
}

fn has_errors(page: &str, names: &[&str]) {
    for name in names {
        assert!(page.contains(&format!("id=\"{name}-error\"")), "{name}: {page}");
    }
}

testkit::both_engines! {
    async fn shops_vendors_and_products_are_entered_with_what_is_wrong_said_beside_it(t: TestDb) {
        let world = World::new(t).await;
        let mut operator = Visitor::sign_in(&world, "operator", Role::Admin).await;
        let wrong = operator.post(&world, "/admin/retailers/new", "1", "phone=12&position=here").await;
        assert_eq!(wrong.status, 422);
        has_errors(&wrong.page, &["name", "ownerName", "position"]);
        let shop = "name=Nawa+Kirana&ownerName=Maya&phone=12";
        has_errors(&operator.post(&world, "/admin/retailers/new", "2", shop).await.page, &["phone"]);
        let shop = "name=Nawa+Kirana&ownerName=Maya&phone=%2B977+9800000009&position=28.601944,+81.633889&language=NE";
        let done = operator.post(&world, "/admin/retailers/new", "3", shop).await;
        let page = operator.get(&world, done.location()).await.page;
        assert!(page.contains("Nawa Kirana") && page.contains("+9779800000009") && page.contains("role=\"status\""), "{page}");
        has_errors(&operator.post(&world, "/admin/retailers/new", "4", shop).await.page, &["phone"]);

        let vendor = "name=Nawa+Traders&ownerName=Hari&phone=9779800000008&numberPrefix=ONE&capacity=5";
        has_errors(&operator.post(&world, "/admin/vendors/new", "5", vendor).await.page, &["numberPrefix"]);
        let done = operator.post(&world, "/admin/vendors/new", "6", &vendor.replace("ONE", "nawa")).await;
        assert!(operator.get(&world, done.location()).await.page.contains("Nawa Traders"));

        let salt = "name=Salt&nameNe=%E0%A4%A8%E0%A5%81%E0%A4%A8&sku=ONE&unit=packet&category=food&pack=1";
        has_errors(&operator.post(&world, "/admin/products/new", "7", salt).await.page, &["pack"]);
        let salt = format!("{salt}&packUnit=kg&aliases=noon,+nun");
        has_errors(&operator.post(&world, "/admin/products/new", "8", &salt).await.page, &["sku"]);
        let done = operator.post(&world, "/admin/products/new", "9", &salt.replace("ONE", "SALT-1")).await;
        assert_eq!(done.status, 303, "{}", done.page);
        let found = operator.get(&world, "/admin/products?search=salt").await.page;
        assert!(found.contains("SALT-1") && found.contains("1 kg") && found.contains("नुन"), "{found}");
    }

    async fn an_order_is_checked_with_every_reason_and_what_would_help(t: TestDb) {
        let world = World::new(t).await;
        let mut vendor = Visitor::sign_in(&world, "vendor", Role::Vendor).await;
        let form = vendor.get(&world, &format!("/admin/check?line={}", world.own.line)).await.page;
        assert!(form.contains("value=\"+9779811000000\"") && !form.contains("-error\""), "{form}");
        let ask = |amount: &str| format!("/admin/check?phone=9779811000000&vendor={}&amount={amount}", world.own.vendor);
        let small = vendor.get(&world, &ask("10")).await.page;
        assert!(small.contains("Yes, this order passes."), "{small}");
        let large = vendor.get(&world, &ask("9,00,00,000")).await.page;
        for part in ["No, this order does not pass.", "not enough credit is left", "Missing", "the limit of the line", " at most."] {
            assert!(large.contains(part), "{part}: {large}");
        }
        let path = format!("/admin/lines/{}/pause", world.own.line);
        vendor.post(&world, &path, "1", "status=PAUSED&why=overdue").await;
        vendor.post(&world, "/admin/language", "2", "language=NE&back=/admin/lines").await;
        let paused = vendor.get(&world, &ask("9,00,00,000")).await.page;
        assert!(paused.contains("मिल्दैन") && paused.contains("यो खाता रोकिएको छ") && paused.contains("उधारो पुग्दैन"), "{paused}");
        has_errors(&vendor.get(&world, "/admin/check?phone=1&amount=x").await.page, &["phone", "amount", "vendor"]);
        let foreign = format!("/admin/check?phone=9779821000000&vendor={}&amount=1", world.foreign.vendor);
        let foreign = vendor.get(&world, &foreign).await.page;
        assert!(!foreign.contains("role=\"status\"") && foreign.contains("role=\"alert\""), "{foreign}");
    }

    async fn what_a_retailer_says_it_paid_is_entered_and_confirmed(t: TestDb) {
        let world = World::new(t).await;
        let mut vendor = Visitor::sign_in(&world, "vendor", Role::Vendor).await;
        let path = format!("/admin/lines/{}/claim", world.own.line);
        let wrong = vendor.post(&world, &path, "1", "method=ESEWA").await;
        has_errors(&wrong.page, &["amount"]);
        has_errors(&vendor.post(&world, &path, "2", "amount=20&method=ESEWA").await.page, &["reference"]);
        let entered = vendor.post(&world, &path, "3", "amount=20&method=ESEWA&reference=TX-1&on=2026-01-01").await;
        assert!(entered.location().ends_with("?done=claimed"), "{}", entered.page);
        let claim = entered.location().split('?').next().unwrap().to_owned();
        assert!(vendor.get(&world, entered.location()).await.page.contains("Nothing counts before it is confirmed."));
        let done = vendor.post(&world, &format!("{claim}/confirm"), "4", "").await;
        let page = vendor.get(&world, done.location()).await.page;
        assert!(page.contains("/admin/payments/pay_") && page.contains("role=\"status\""), "{page}");
    }

    async fn a_line_is_blocked_by_an_operator_alone(t: TestDb) {
        let world = World::new(t).await;
        let mut vendor = Visitor::sign_in(&world, "vendor", Role::Vendor).await;
        let mut operator = Visitor::sign_in(&world, "operator", Role::Admin).await;
        let (line, path) = (format!("/admin/lines/{}", world.own.line), format!("/admin/lines/{}/pause", world.own.line));
        let block = "status=BLOCKED&why=fraud";
        assert!(!vendor.get(&world, &format!("{line}/change")).await.page.contains("BLOCKED"));
        assert_eq!(vendor.post(&world, &path, "1", block).await.status, 422);
        let done = operator.post(&world, &path, "2", block).await;
        assert_eq!(done.location(), format!("{line}?done=block"), "{}", done.page);
        assert!(vendor.get(&world, &line).await.page.contains("this line is blocked"));
        assert_eq!(vendor.post(&world, &path, "3", "status=ACTIVE&why=again").await.status, 422);
        assert_eq!(operator.post(&world, &path, "4", "status=ACTIVE&why=cleared").await.status, 303);
    }

    async fn a_form_that_is_stale_changes_nothing_and_says_what_holds_now(t: TestDb) {
        let world = World::new(t).await;
        let mut vendor = Visitor::sign_in(&world, "vendor", Role::Vendor).await;
        let mut operator = Visitor::sign_in(&world, "operator", Role::Admin).await;
        let path = format!("/admin/lines/{}/change", world.own.line);
        let opened = vendor.get(&world, &path).await.page;
        let fields = |limit: &str, page: &str| {
            let version = hidden(page, "version");
            format!("version={version}&limit={limit}&termsDays=30&maxOverdueDays=30&maxOrder=0&discounts=30:5&reason=agreed")
        };
        let other = operator.get(&world, &path).await.page;
        assert_eq!(operator.post(&world, &path, "1", &fields("77000", &other)).await.status, 303);
        let stale = vendor.post(&world, &path, "2", &fields("88000", &opened)).await;
        assert_eq!(stale.status, 422);
        for part in ["Someone changed this since you opened it.", "Now: 77000.00", "value=\"88000\""] {
            assert!(stale.page.contains(part), "{part}: {}", stale.page);
        }
        let line = format!("/admin/lines/{}", world.own.line);
        assert!(vendor.get(&world, &line).await.page.contains("Rs. 77,000.00"), "nothing was changed");
        // The form came back with what holds now: sending it again is meant.
        assert_eq!(vendor.post(&world, &path, "3", &fields("88000", &stale.page)).await.status, 303);
        assert!(vendor.get(&world, &line).await.page.contains("Rs. 88,000.00"));
    }

    async fn caps_ceilings_and_notes_are_not_written_over_what_was_not_seen(t: TestDb) {
        let world = World::new(t).await;
        let mut first = Visitor::sign_in(&world, "first", Role::Admin).await;
        let mut second = Visitor::sign_in(&world, "second", Role::Admin).await;
        let cycle = format!("/admin/cycles/{}/note", world.own.cycle);
        let (cap, ceiling) =
            (format!("/admin/retailers/{}/cap", world.own.retailer), format!("/admin/vendors/{}/ceiling", world.own.vendor));
        let forms = [(cap, "cap", "60000.00", "70000.00"), (ceiling, "ceiling", "60000.00", "70000.00"), (cycle, "note", "called", "visited")];
        for (number, (path, field, theirs, ours)) in (1..).zip(forms) {
            let key = |step: usize| format!("{number}-{step}");
            let opened = first.get(&world, &path).await.page;
            let typed = |value: &str, page: &str| format!("version={}&{field}={value}&reason=agreed", hidden(page, "version"));
            assert_eq!(second.post(&world, &path, &key(1), &typed(theirs, &opened)).await.status, 303, "{path}");
            let stale = first.post(&world, &path, &key(2), &typed(ours, &opened)).await;
            assert_eq!(stale.status, 422, "{path}");
            for part in ["Someone changed this since you opened it.", &format!("Now: {theirs}"), &format!("value=\"{ours}\"")] {
                assert!(stale.page.contains(part), "{part}: {}", stale.page);
            }
            assert_eq!(first.post(&world, &path, &key(3), &typed(ours, &stale.page)).await.status, 303, "{path}");
        }
    }

    async fn lines_over_their_limit_are_found(t: TestDb) {
        let world = World::new(t).await;
        let mut operator = Visitor::sign_in(&world, "operator", Role::Admin).await;
        let over = operator.get(&world, "/admin/lines?over=yes").await.page;
        assert!(!over.contains(&world.own.line) && !over.contains(&world.foreign.line), "{over}");
        let cut = "limit=1&termsDays=30&maxOverdueDays=30&reason=too+much";
        operator.post(&world, &format!("/admin/lines/{}/change", world.own.line), "1", cut).await;
        let over = operator.get(&world, "/admin/lines?over=yes").await.page;
        assert!(over.contains(&world.own.line) && !over.contains(&world.foreign.line), "{over}");
        assert!(over.contains("over the limit"), "{over}");
        let (_, text) = world.call(Some(world.roles()[2]), &http::Method::GET, "credit/lines?overLimit=true", &serde_json::Value::Null).await;
        assert!(text.contains(&world.own.line) && !text.contains(&world.foreign.line), "{text}");
    }

    async fn orders_are_found_and_lead_to_what_is_held_and_owed(t: TestDb) {
        let world = World::new(t).await;
        let mut vendor = Visitor::sign_in(&world, "vendor", Role::Vendor).await;
        let mut operator = Visitor::sign_in(&world, "operator", Role::Admin).await;
        let order = operator.get(&world, &format!("/admin/orders/{}", world.own.confirmed)).await.page;
        for part in ["What happened", "confirmed", "Offers", "Held on credit", "/admin/reservations/rsv_", "chosen"] {
            assert!(order.contains(part), "{part}: {order}");
        }
        let own = vendor.get(&world, &format!("/admin/orders/{}", world.own.confirmed)).await.page;
        assert!(!own.contains("Why it went there"), "vendors do not see their rivals: {own}");
        let code = order.split("<h1>Order ").nth(1).unwrap().split('<').next().unwrap().to_owned();
        let found = vendor.get(&world, &format!("/admin/orders?search={}", code.to_lowercase())).await.page;
        assert!(found.contains(&world.own.confirmed) && !found.contains(&world.own.open), "{found}");
        let of_shop = operator.get(&world, "/admin/orders?search=%2B977+9811000000&state=CONFIRMED").await.page;
        assert!(of_shop.contains(&world.own.confirmed) && !of_shop.contains(&world.own.open), "{of_shop}");
        assert!(!of_shop.contains(&world.foreign.confirmed), "{of_shop}");
        let held = vendor.get(&world, &format!("/admin/reservations/{}", world.own.reservation)).await.page;
        assert!(held.contains("/admin/orders/ord_") && held.contains(&world.own.line), "{held}");
        let delivered = vendor.get(&world, "/admin/orders?state=DELIVERED").await.page;
        let path = delivered.split("href=\"/admin/orders/").nth(1).unwrap().split('"').next().unwrap();
        let delivered = vendor.get(&world, &format!("/admin/orders/{path}")).await.page;
        let held = delivered.split("href=\"/admin/reservations/").nth(1).unwrap().split('"').next().unwrap();
        assert!(delivered.contains("/admin/cycles/cyc_"), "{delivered}");
        let became = vendor.get(&world, &format!("/admin/reservations/{held}")).await.page;
        assert!(became.contains("/admin/cycles/cyc_") && became.contains("turned into a cycle"), "{became}");
        assert!(became.contains("/entries?after=") && became.contains("<code>"), "{became}");
    }

    async fn orders_come_newest_first_whatever_their_state_and_page_by_page(t: TestDb) {
        let world = World::new(t).await;
        for who in &world.roles()[1..] {
            let read = async |path: String| -> (Vec<String>, Option<String>) {
                let (status, text) = world.call(Some(*who), &http::Method::GET, &path, &serde_json::Value::Null).await;
                assert_eq!(status, 200, "{text}");
                let page: serde_json::Value = serde_json::from_str(&text).unwrap();
                let ids = page["items"].as_array().unwrap().iter().map(|order| order["id"].as_str().unwrap().to_owned());
                (ids.collect(), page["next"].as_str().map(str::to_owned))
            };
            let (whole, none) = read("orders?limit=100".to_owned()).await;
            assert!(none.is_none() && whole.len() > 2 && whole.is_sorted_by(|a, b| a > b), "{whole:?}");
            assert!(whole.contains(&world.own.open) && whole.contains(&world.own.confirmed), "{whole:?}");
            let (mut pages, mut after) = (Vec::new(), Some(String::new()));
            while let Some(cursor) = after {
                let path = if cursor.is_empty() { String::new() } else { format!("&after={cursor}") };
                let (ids, next) = read(format!("orders?limit=1{path}")).await;
                pages.extend(ids);
                after = next;
            }
            assert_eq!(pages, whole, "{who:?}");
        }
    }

    async fn an_order_goes_its_way_in_the_panel(t: TestDb) {
        let world = World::new(t).await;
        let mut vendor = Visitor::sign_in(&world, "vendor", Role::Vendor).await;
        let mut operator = Visitor::sign_in(&world, "operator", Role::Admin).await;
        let order = format!("/admin/orders/{}", world.own.open);
        let board = vendor.get(&world, "/admin/board").await.page;
        for part in [format!("{order}/accept"), format!("{order}/reject"), "Answer until".to_owned(), "hx-get=\"/admin/board?part=yes\"".to_owned()] {
            assert!(board.contains(&part), "{part}: {board}");
        }
        let part = vendor.get(&world, "/admin/board?part=yes").await.page;
        assert!(part.contains(&order) && !part.contains("<html"), "{part}");
        let page = operator.get(&world, &order).await.page;
        for part in ["The order named ONE", "class=\"part-0\"", "/override", "/cancel"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert_eq!(vendor.post(&world, &format!("{order}/accept"), "1", "").await.location(), format!("{order}?done=accept"));
        let again = vendor.post(&world, &format!("{order}/reject"), "2", "reason=none+left").await;
        assert!(again.status == 422 && again.page.contains("The order is now"), "{}", again.page);
        let sent = vendor.post(&world, &format!("{order}/dispatch"), "3", "").await;
        assert!(vendor.get(&world, sent.location()).await.page.contains("on the way"));
        let deliver = format!("{order}/deliver");
        has_errors(&vendor.post(&world, &deliver, "4", "sure=yes").await.page, &["code"]);
        has_errors(&vendor.post(&world, &deliver, "5", "code=x").await.page, &["sure"]);
        let wrong = vendor.post(&world, &deliver, "6", "code=nope&sure=yes").await;
        assert!(wrong.page.contains("The code is wrong. Tries left: 4."), "{}", wrong.page);
        let asked = vendor.post(&world, &format!("{order}/ask"), "ask", "").await;
        let page = vendor.get(&world, asked.location()).await.page;
        assert!(page.contains("The shop was asked whether it arrived") && !page.contains(&format!("{order}/ask")), "{page}");
        let many = operator.post(&world, &deliver, "7", "reason=by+telephone&arrived-1=9&sure=yes").await;
        assert_eq!(many.status, 422, "more than was ordered cannot arrive");
        let done = operator.post(&world, &deliver, "8", "reason=by+telephone&arrived-1=1&sure=yes").await;
        let page = operator.get(&world, done.location()).await.page;
        assert!(page.contains("delivered") && page.contains("/admin/cycles/cyc_"), "{page}");
        let ended = |page: &str| page.split("article").filter(|card| card.contains(&order) && !card.contains("/deliver")).count();
        assert_eq!(ended(&operator.get(&world, "/admin/board").await.page), 1, "what ended today is shown");
        world.t.clock.advance_seconds(24 * 60 * 60);
        let mut operator = Visitor::sign_in(&world, "later", Role::Admin).await;
        assert_eq!(ended(&operator.get(&world, "/admin/board").await.page), 0, "and not on the next day");
    }

    async fn an_operator_gives_an_order_to_a_vendor_of_choice(t: TestDb) {
        let world = World::new(t).await;
        let mut operator = Visitor::sign_in(&world, "operator", Role::Admin).await;
        let order = format!("/admin/orders/{}", world.own.open);
        let form = operator.get(&world, &format!("{order}/override")).await.page;
        assert!(form.contains(&format!("value=\"{}\"", world.foreign.vendor)), "{form}");
        assert!(form.contains("TWO – does not sell line 1"), "{form}");
        has_errors(&operator.post(&world, &format!("{order}/override"), "1", "reason=near").await.page, &["vendor"]);
        let other = format!("vendor={}&reason=near", world.foreign.vendor);
        let refused = operator.post(&world, &format!("{order}/override"), "2", &other).await;
        assert!(refused.status == 422 && refused.page.contains("does not sell line 1"), "{}", refused.page);
        let failed = operator.post(&world, &format!("{order}/route"), "3", "reason=no+road").await;
        let page = operator.get(&world, failed.location()).await.page;
        assert!(page.contains("no wholesaler could take it") && page.contains("was asked before"), "{page}");
        operator.post(&world, "/admin/language", "4", "language=NE&back=/admin/board").await;
        let page = operator.get(&world, &order).await.page;
        assert!(page.contains("कुनै थोक बिक्रेताले दिन सकेनन्") && page.contains("पहिले सोधिसकेको"), "{page}");
    }

    async fn a_vendor_keeps_its_list_in_the_panel(t: TestDb) {
        let world = World::new(t).await;
        let mut vendor = Visitor::sign_in(&world, "vendor", Role::Vendor).await;
        let list = vendor.get(&world, "/admin/stock").await.page;
        let item = format!("/admin/stock/{}/{}", world.own.vendor, world.own.product);
        assert!(list.contains(&item) && list.contains("Rs. 100.00"), "{list}");
        has_errors(&vendor.post(&world, &item, "1", "what=move&reason=LOST").await.page, &["quantity"]);
        let much = vendor.post(&world, &item, "2", "what=move&reason=LOST&quantity=999").await;
        assert!(much.page.contains("Orders hold") && much.page.contains("value=\"100.00\""), "{}", much.page);
        vendor.post(&world, &item, "3", "what=move&reason=LOST&quantity=6&note=rats").await;
        vendor.post(&world, &item, "4", "what=terms&price=120&minimum=2").await;
        let page = vendor.get(&world, &item).await.page;
        for part in ["990 bora", "was lost or broken", "rats", "Rs. 120.00", "was sold", "/admin/orders/ord_"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(vendor.get(&world, "/admin/stock").await.page.contains("not sold now"));
        has_errors(&vendor.post(&world, &format!("/admin/stock/{}/new", world.own.vendor), "5", "sku=NONE&price=x").await.page, &["sku", "price", "stock"]);
    }

    async fn a_list_is_pasted_in_the_panel(t: TestDb) {
        let world = World::new(t).await;
        let mut vendor = Visitor::sign_in(&world, "vendor", Role::Vendor).await;
        let path = format!("/admin/stock/{}/upload", world.own.vendor);
        let nothing = vendor.post(&world, &path, "1", "rows=").await;
        assert_eq!(nothing.status, 422);
        has_errors(&nothing.page, &["file"]);
        let rows = "rows=sku%09price%09stock%0AONE%091,01.00%09900%0Aone%0900%091%0ATWO%095%0990%0A";
        let strict = vendor.post(&world, &path, "2", &format!("{rows}&strict=yes")).await;
        assert!(strict.status == 422 && strict.page.contains("Nothing was taken"), "{}", strict.page);
        let rows = rows.replace("1,01.00", "1,01,000.00");
        let taken = vendor.post(&world, &path, "3", &rows).await;
        for part in ["<td", "the amount is zero", "<dd>2</dd>", "<dd>1</dd>"] {
            assert!(taken.page.contains(part), "{part}: {}", taken.page);
        }
        let list = vendor.get(&world, "/admin/stock").await.page;
        assert!(list.contains("Rs. 1,01,000.00") && list.contains("900") && list.contains("Rs. 5.00"), "{list}");
        let foreign = format!("/admin/stock/{}/upload", world.foreign.vendor);
        assert_eq!(vendor.post(&world, &foreign, "4", &rows).await.status, 404);
    }

    async fn a_workbook_is_uploaded_in_the_panel(t: TestDb) {
        let world = World::new(t).await;
        let mut vendor = Visitor::sign_in(&world, "vendor", Role::Vendor).await;
        let path = format!("/admin/stock/{}/upload", world.own.vendor);
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        for (row, cells) in (0..).zip([["sku", "price", "stock"], ["ONE", "1,250.00", "70"]]) {
            sheet.write_row(row, 0, cells).unwrap();
        }
        let book = book.save_to_buffer().unwrap();
        assert!(vendor.get(&world, &path).await.page.contains("enctype=\"multipart/form-data\""));
        let taken = vendor.post_file(&world, &path, "1", &book, "one-mark").await;
        assert!(taken.status == 200 && taken.page.contains("<dd>1</dd>"), "{}", taken.page);
        assert!(vendor.get(&world, "/admin/stock").await.page.contains("Rs. 1,250.00"));
        let again = vendor.post_file(&world, &path, "1", &book, "another-mark").await;
        assert_eq!(again.page, taken.page, "sent twice, it is taken once");
        let noise = vendor.post_file(&world, &path, "2", b"PK\x03\x04 no workbook", "one-mark").await;
        assert!(noise.status == 422 && noise.page.contains("This is no list"), "{}", noise.page);
        assert_eq!(vendor.post_file(&world, &path, "3", &vec![b'x'; 5_000_000], "one-mark").await.status, 413);
        assert_eq!(vendor.post_file(&world, &path, "4", &book, "cut;short").await.status, 400);
    }

    async fn a_product_is_changed_and_taken_out_in_the_panel(t: TestDb) {
        let world = World::new(t).await;
        let mut operator = Visitor::sign_in(&world, "operator", Role::Admin).await;
        let path = format!("/admin/products/{}", world.own.product);
        let opened = operator.get(&world, &path).await.page;
        let fields = |name: &str, page: &str, status: &str| {
            format!("version={}&name={name}&nameNe=%E0%A4%9A&unit=bora&category=food&pack=25&packUnit=kg&status={status}", hidden(page, "version"))
        };
        assert_eq!(operator.post(&world, &path, "1", &fields("Rice", &opened, "INACTIVE")).await.status, 303);
        let stale = operator.post(&world, &path, "2", &fields("Other", &opened, "ACTIVE")).await;
        assert!(stale.status == 422 && stale.page.contains("Someone changed this") && stale.page.contains("value=\"Rice\""), "{}", stale.page);
        has_errors(&operator.post(&world, &path, "3", &fields("", &stale.page, "ACTIVE")).await.page, &["name"]);
        let found = operator.get(&world, "/admin/products?search=rice").await.page;
        assert!(found.contains("taken out") && found.contains("25 kg"), "{found}");
    }
}

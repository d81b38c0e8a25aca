//! Money told as stories that an accountant can read, played over HTTP on both engines.
//!
//! The stories lie in `tests/data/scenarios`; [`language`] says what can be told. The worked examples of `credit.json` are
//! translated into the same steps. After each story the books are verified, and hledger reads them.

mod examples;
mod language;
mod runner;

use std::path::Path;
use std::{fs, io};

use kernel::Money;
use testkit::TestDb;

use self::runner::play;
use crate::e2e::books_agree;
use crate::support::shop::Shop;

/// Names the stories: each becomes a test for either engine.
macro_rules! stories {
    ($($name:ident)*) => {
        const STORIES: &[(&str, &str)] =
            &[$((stringify!($name), include_str!(concat!("../../data/scenarios/", stringify!($name), ".txt")))),*];

        testkit::both_engines! {$(
            async fn $name(t: TestDb) {
                let text = include_str!(concat!("../../data/scenarios/", stringify!($name), ".txt"));
                let faults = faults(concat!(stringify!($name), ".txt"), text, t).await;
                assert!(faults.is_empty(), "\n{}", faults.join("\n"));
            }
        )*}
    };
}

stories! {
    a_bill_that_began_later
    a_blocked_line
    a_cap_and_a_ceiling
    a_cap_and_a_ceiling_are_lifted
    a_cap_over_two_lines
    a_cash_sale_comes_back
    a_ceiling_below_what_is_lent
    a_ceiling_over_two_retailers
    a_cheque_bounces
    a_claim_counts_when_confirmed
    a_correction_goes_both_ways
    a_dispute_is_upheld
    a_dispute_stops_the_days
    a_disputed_bill_is_passed_over
    a_later_due_date
    a_limit_is_cut
    a_limit_is_cut_below_what_is_held
    a_limit_of_nothing
    a_line_for_each_pair
    a_paisa_that_nothing_matches
    a_part_arrives
    a_part_does_not_lift_it
    a_pause_by_itself
    a_paused_line
    a_paused_shop
    a_preview_changes_nothing
    a_reference_counts_once
    a_refusal_leaves_nothing
    a_small_rest_goes_on
    an_expired_hold_frees_the_cap
    an_expired_hold_frees_the_ceiling
    an_offer_runs_out
    brought_to_nothing
    buckets_add_up
    cancelled_on_the_way
    cancelling
    cash_in_the_books
    cash_needs_no_credit
    confirmed_by_code
    days_that_cannot_be
    delivered_and_counted
    disputed_more_than_once
    each_part_is_rounded
    every_reason_is_told
    every_way_back_is_checked
    every_way_of_paying
    exactly_the_limit
    failed_on_the_way
    fewer_days_keep_the_discount_short
    given_up
    half_price
    how_fast_money_comes_in
    how_old_what_is_owed_is
    in_parts_as_at_once
    interest_ends_at_the_principal
    interest_of_each_part
    interest_that_is_taken_back
    kept_money_and_a_disputed_bill
    kept_money_counts_when_it_is_applied
    kept_money_given_back
    late_interest
    midnight_in_kathmandu
    money_kept_for_later
    money_without_a_line
    more_than_is_owed
    new_terms_are_for_new_bills
    nobody_answers
    nobody_is_left
    oldest_due_first
    one_answer_everywhere
    one_paisa
    one_payment_three_rates
    over_as_soon_as_it_is_read
    paid_and_brought_back
    paid_some_days_ago
    paid_while_disputed
    promises_kept_and_broken
    rejected_goes_to_the_next
    reversed_and_dated_back
    rounded_once
    sent_twice
    six_holds_of_a_thousand
    stock_and_credit_go_together
    taken_back_once
    ten_arba
    terms_of_no_days
    the_borders_of_age
    the_discount_of_day_fifteen
    the_end_of_the_fiscal_year
    the_gateway_calls_twice
    the_largest_order
    the_last_day_of_a_discount
    the_last_fifty_paisa
    the_last_paisa
    the_next_vendor_is_checked_anew
    the_next_vendor_must_lend_too
    the_oldest_is_what_is_due_first
    the_orders_own_amount_counts_once
    the_payer_names_the_bill
    the_statement_of_a_month
    the_whole_book
    through_the_calendar
    too_long_overdue
    two_payments_and_the_first_bounces
    two_vendors_never_mix
    what_an_expired_offer_can_still_do
    what_came_back
    what_is_delivered_in_parts_of_a_rupee
    what_was_given_up_comes_in
    whose_reference_it_is
    withdrawn_after_accepting
    without_a_line
}

#[test]
fn every_file_of_the_folder_is_a_story_that_is_played() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scenarios");
    let mut files: Vec<String> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    files.sort_unstable();
    let named: Vec<String> = STORIES.iter().map(|(name, _)| format!("{name}.txt")).collect();
    assert_eq!(named, files);
}

#[test]
fn every_story_stands_under_its_subject() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scenarios.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, subjects) = page.split_once("## The stories").unwrap();
    let mut listed: Vec<&str> = subjects.split('`').skip(1).step_by(2).collect();
    listed.sort_unstable();
    let named: Vec<&str> = STORIES.iter().map(|(name, _)| *name).collect();
    assert_eq!(listed, named);
}

/// What is wrong with a story, played in a house of its own.
async fn faults(file: &str, text: &str, t: TestDb) -> Vec<String> {
    let told = match language::parse(text) {
        Ok(told) => told,
        Err(unreadable) => return vec![format!("{file}: {unreadable}")],
    };
    let shop = Shop::open(t).await;
    // Nothing is paused by itself but where a story asks for it.
    shop.set_pause_rule(false).await;
    let faults = play(&shop, &told).await;
    shop.is_clean().await;
    books_balance(&shop).await;
    faults.into_iter().map(|fault| format!("{file}: {fault}")).collect()
}

/// hledger finds on all books together what the lines say is owed.
async fn books_balance(shop: &Shop) {
    let lines = shop.get("credit/lines?limit=200").await;
    assert!(lines["next"].is_null());
    let lines = lines["items"].as_array().unwrap().iter();
    let owed = lines.map(|line| line["outstanding"].as_str().unwrap().parse::<Money>().unwrap().paisa());
    books_agree(shop, owed.sum()).await;
}

async fn every_worked_example(open: impl AsyncFn() -> io::Result<TestDb>) {
    let examples = examples::stories();
    assert_eq!(examples.len(), 6);
    let mut found = Vec::new();
    for (name, text) in &examples {
        found.extend(faults(name, text, open().await.unwrap()).await);
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[tokio::test]
async fn every_worked_example_comes_out_on_sqlite() {
    every_worked_example(TestDb::sqlite).await;
}

#[tokio::test]
async fn every_worked_example_comes_out_on_postgres() {
    every_worked_example(TestDb::postgres).await;
}

#[tokio::test]
async fn a_story_that_is_wrong_is_told_with_its_line() {
    let story = "line L1 R1 V1 limit 100\n\
                 order O1 R1 V1 60 -> refused INSUFFICIENT_CREDIT\n\
                 expect R1 V1 reserved 61 available 40\n\
                 order O2 R1 V1 50\n\
                 deliver O1 -> delivered\n\
                 cycle O1 status FULLY_PAID\n\
                 accept O2\n\
                 repay O1 principal 60 -> cash 56.99\n\
                 expect R1 V2 available 40\n\
                 on 2025-12-31\n\
                 cycle O1 status FULLY_PAID\n\
                 stock O1 V1 colour red\n";
    let faults = faults("wrong.txt", story, TestDb::sqlite().await.unwrap()).await;
    let lines: Vec<&str> = faults.iter().map(|fault| fault.split(": ").nth(1).unwrap()).collect();
    assert_eq!(lines, ["line 2", "line 3", "line 4", "line 6", "line 7", "line 8", "line 9", "line 10", "line 12"]);
    for (fault, why) in faults.iter().zip([
        "it is offered, not refused INSUFFICIENT_CREDIT",
        "reserved is 60.00, not 61",
        "it is refused INSUFFICIENT_CREDIT",
        "status is ACTIVE, not FULLY_PAID",
        "there is no order O2",
        "cash is 57.00, not 56.99",
        "there is no line R1 V2",
        "the clock does not go back 1 days",
        "colour is null, not red",
    ]) {
        assert!(fault.starts_with("wrong.txt: line ") && fault.contains(why), "{why}: {fault}");
    }
    assert!(faults[1].ends_with("\n    expect R1 V1 reserved 61 available 40"), "as it is told: {}", faults[1]);
}

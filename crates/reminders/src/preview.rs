//! Who is to be reminded of what on a day ahead, in full, and who is not and why. Nothing is written.

use db::{DbError, Tx, text_enum};
use kernel::{BusinessDate, CycleId, Money, Page, PageRequest, RetailerId, VendorId};
use notify::NewMessage;
use serde::Serialize;

use crate::plan::{Because, Bill, Day, Left, Plan, plan};
use crate::rules::Stage;
use crate::store;

/// How many days ahead can be looked at.
pub const DAYS_AHEAD: i64 = 14;

text_enum! {
    /// Why a cycle with a stage on a day is not reminded of.
    pub enum WhyNot {
        /// It is promised by then.
        Promised = "PROMISED",
        /// A dispute is open.
        Disputed = "DISPUTED",
        /// The retailer said "stop".
        Stopped = "STOPPED",
        /// The retailer was reminded of something that day already.
        Reminded = "REMINDED",
        /// This stage was sent or left out before.
        Done = "DONE",
    }
}

/// A cycle that has a stage on the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewCycle {
    /// The cycle.
    pub cycle_id: CycleId,
    /// Its number.
    pub number: String,
    /// Who is owed.
    pub vendor_id: VendorId,
    /// By name.
    pub vendor_name: String,
    /// The occasion.
    pub stage: Stage,
    /// What is open.
    pub outstanding: Money,
    /// The day behind which it is late.
    pub due_on: BusinessDate,
    /// The cash that settles it on that day; none where it is not reminded of.
    pub cash: Option<Money>,
    /// Why it is not reminded of.
    pub why_not: Option<WhyNot>,
    /// The day by which it is promised.
    pub promised_on: Option<BusinessDate>,
}

/// What a retailer gets on the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewItem {
    /// The retailer.
    pub retailer_id: RetailerId,
    /// By name.
    pub name: String,
    /// The message, in its language; none where nothing is to be named.
    pub text: Option<String>,
    /// What goes instead where the retailer has not written for 24 hours: the template with its values.
    pub template: Option<String>,
    /// The cycles, those that the message names first.
    pub cycles: Vec<PreviewCycle>,
}

/// A page of those who have a cycle with a stage on the day, in the order of retailers. Eight statements.
pub async fn preview(tx: &mut Tx, on: BusinessDate, page: &PageRequest) -> Result<Page<PreviewItem>, DbError> {
    let day = Day::ahead(&store::settings(tx).await?, on);
    let after = page.after.as_deref().unwrap_or_default();
    let found = credit::retailers_with_cycles_by(tx, &day.due_days(), after, page.limit.saturating_add(1)).await?;
    let found = Page::from_overfull(found, page, ToString::to_string);
    let retailers = parties::retailers(tx, &found.items).await?;
    let plans = plan(tx, retailers, &day).await?;
    let items = plans.into_iter().filter(|plan| !plan.bills.is_empty() || !plan.left.is_empty());
    Ok(Page { items: items.map(|plan| item(plan, on)).collect(), next: found.next })
}

fn item(plan: Plan, on: BusinessDate) -> PreviewItem {
    let message = plan.message(on);
    let template = |message: &NewMessage| message.template.as_ref().map(whatsapp::message::Outgoing::readable);
    PreviewItem {
        retailer_id: plan.retailer.id,
        name: plan.retailer.name,
        text: message.as_ref().map(|message| message.content.readable()),
        template: message.as_ref().and_then(template),
        cycles: plan.bills.into_iter().map(named).chain(plan.left.into_iter().map(left)).collect(),
    }
}

fn named(bill: Bill) -> PreviewCycle {
    let cash = Some(bill.whole.cash);
    PreviewCycle { cash, ..of(&bill.cycle, bill.vendor, bill.turn.stage) }
}

fn left(left: Left) -> PreviewCycle {
    let (why_not, promised_on) = match left.because {
        Because::Promised(by) => (WhyNot::Promised, Some(by)),
        Because::Disputed => (WhyNot::Disputed, None),
        Because::Stopped => (WhyNot::Stopped, None),
        Because::Reminded => (WhyNot::Reminded, None),
        Because::Done => (WhyNot::Done, None),
    };
    PreviewCycle { why_not: Some(why_not), promised_on, ..of(&left.cycle, left.vendor, left.turn.stage) }
}

fn of(cycle: &credit::Cycle, vendor_name: String, stage: Stage) -> PreviewCycle {
    PreviewCycle {
        cycle_id: cycle.id,
        number: cycle.number.clone(),
        vendor_id: cycle.vendor_id,
        vendor_name,
        stage,
        outstanding: cycle.outstanding,
        due_on: cycle.late_from(),
        cash: None,
        why_not: None,
        promised_on: None,
    }
}

//! Goods of a cash sale that come back: their price is given back in cash, and the books say so.
//!
//! Such a sale is on no credit line and opens no cycle; what was sold on credit is returned on its cycle
//! (`credit::adjust`). The order's entries in the journal are the only record, so nothing is kept beside them. What comes
//! back is not put in stock: the vendor sees what is left of it and says so.
//!
//! Statements, those of `ledger::post` and audit apart: 4, all waited for.

use audit::Entry;
use credit::PaymentMode;
use db::{DbError, Tx};
use kernel::{BusinessDate, Context, EntryId, Money, OrderId, Overflow, Scope};
use ledger::{Account, Balanced, EntryKind, Method, NewEntry};
use serde::{Deserialize, Serialize};

use crate::lifecycle::Refusal;
use crate::rules::OrderState;
use crate::{Order, delivered_price, store};

/// Characters that a reason may have.
const LONGEST_REASON: usize = 500;

/// Goods of a cash sale that come back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewReturn {
    /// The price of the goods; above zero.
    pub amount: Money,
    /// Why; 1 to 500 characters.
    pub reason: String,
}

/// Goods that came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Returned {
    /// The order.
    pub order_id: OrderId,
    /// What was given back now.
    pub amount: Money,
    /// What came back of the order altogether.
    pub returned: Money,
    /// Its journal entry.
    pub entry_id: EntryId,
    /// Its date.
    pub returned_on: BusinessDate,
}

/// Takes back goods of a cash sale. For operators.
pub async fn return_goods(
    tx: &mut Tx,
    cx: &Context,
    scope: Scope,
    id: OrderId,
    new: &NewReturn,
) -> Result<Result<Returned, Refusal>, DbError> {
    if !cx.actor.is_operator() {
        return Ok(Err(Refusal::NotAllowed { who: "an operator" }));
    }
    let Some(order) = store::find_for_update(tx, scope, id).await? else { return Ok(Err(Refusal::NotFound)) };
    let Some(vendor) = order.vendor_id.filter(|_| is_cash_sale(&order)) else {
        return Ok(Err(Refusal::NotACashSale));
    };
    let entries = ledger::entries_of_order(tx, (order.retailer_id, vendor), id).await?;
    let broken = |_: Overflow| DbError::Missing("amounts of an order that fit");
    let returns =
        entries.iter().flat_map(|entry| &entry.postings).filter(|posting| posting.account == Account::Returns);
    let before = Money::sum(returns.map(|posting| posting.amount)).map_err(broken)?;
    let left =
        delivered_price(&order).and_then(|delivered| delivered.unwrap_or_default().minus(before)).map_err(broken)?;
    let reason = match decide(left, new) {
        Ok(reason) => reason,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let given = new.amount.negated().map_err(broken)?;
    let postings = Balanced::new(vec![(Account::Returns, new.amount), (Account::Cash(Method::Cash), given)]);
    let entry = NewEntry {
        retailer: order.retailer_id,
        vendor,
        kind: EntryKind::Return,
        business_date: cx.today(),
        order: Some(id),
        cycle: None,
        payment: None,
        reverses: None,
        memo: format!("return of {}", order.code),
        postings: postings.map_err(|error| DbError::Constraint(error.to_string()))?,
    };
    let posted = ledger::post(tx, cx, vec![entry]).await?;
    let entry_id = posted.first().map(|posted| posted.id).ok_or(DbError::Missing("the entry that was posted"))?;
    let returned = before.plus(new.amount).map_err(broken)?;
    let entry = Entry::new(cx, order.retailer_id, "order.returned", id)
        .before(serde_json::json!({ "returned": before }))
        .after(serde_json::json!({ "returned": returned, "amount": new.amount, "entryId": entry_id }))
        .reason(reason);
    audit::record(tx, vec![entry]).await?;
    Ok(Ok(Returned { order_id: id, amount: new.amount, returned, entry_id, returned_on: cx.today() }))
}

fn is_cash_sale(order: &Order) -> bool {
    order.state == OrderState::Delivered && order.payment_mode == PaymentMode::Cash
}

/// Whether goods at that price can come back where this much of the sale has not, and why they do.
fn decide(left: Money, new: &NewReturn) -> Result<String, Refusal> {
    if !new.amount.is_positive() {
        return Err(Refusal::Field { field: "amount".to_owned(), right: "above zero" });
    }
    let reason = new.reason.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
        return Err(Refusal::Field { field: "reason".to_owned(), right: "1 to 500 characters" });
    }
    if new.amount > left { Err(Refusal::AboveReturnable { maximum: left }) } else { Ok(reason.to_owned()) }
}

//! Orders that lie there already: made through the use cases, a set of them in each transaction.

use anyhow::Context as _;
use credit::{Ask, NewRepayment, PaymentMode};
use db::{Db, DbError, Tx};
use indicatif::ProgressBar;
use kernel::{Actor, Clock, Context, CycleId, IdGen, OrderId, Scope};
use ledger::Method;
use orders::{Outcome, Place, Proof, Wanted};

use super::work::Choices;
use super::world::{World, refused};

/// Orders of one transaction.
const SET: usize = 100;

/// How far each order goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Cancelled while it is offered.
    Cancelled,
    Dispatched,
    Delivered,
    Repaid,
}

/// What was made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Made {
    pub(crate) orders: Vec<OrderId>,
    pub(crate) cycles: Vec<CycleId>,
}

/// Makes orders of 3 × 1 000.00 on credit, over all lines by chance, each as far as is asked of its number.
pub(crate) async fn make(
    db: &Db,
    world: &World,
    orders: usize,
    until: fn(usize) -> Until,
    progress: &ProgressBar,
) -> anyhow::Result<Made> {
    let (clock, ids) = (Clock::system(), IdGen::system());
    let mut choices = Choices::new();
    let mut made = Made::default();
    while made.orders.len() < orders {
        let cx = Context::new(&clock, &ids, Actor::System, "bench");
        let count = SET.min(orders - made.orders.len());
        let set: Option<Vec<Place>> = (0..count).map(|_| place(&cx, world, &mut choices)).collect();
        let set = set.context("the bench has no world")?;
        let set: Vec<(Place, Until)> =
            (made.orders.len()..).map(until).zip(set).map(|(until, place)| (place, until)).collect();
        let lived = db.write(async move |tx| live(tx, &cx, &set).await).await?;
        for (order, cycle) in lived {
            made.orders.push(order);
            made.cycles.extend(cycle);
        }
        progress.set_message(format!("{} orders made", made.orders.len()));
        progress.tick();
    }
    Ok(made)
}

fn place(cx: &Context, world: &World, choices: &mut Choices) -> Option<Place> {
    let lines = world.three_products(choices.below(world.products.len()));
    Some(Place {
        cx: cx.clone(),
        retailer: *world.retailers.get(choices.below(world.retailers.len()))?,
        vendor: Some(*world.vendors.get(choices.below(world.vendors.len()))?),
        mode: PaymentMode::Credit,
        lines: lines.map(|product_id| Wanted { product_id, quantity: 1 }).collect(),
        place: None,
        draft: None,
        retry_of: None,
        expected_total: None,
    })
}

/// Lets a set of orders live, and answers each with its cycle.
async fn live(tx: &mut Tx, cx: &Context, set: &[(Place, Until)]) -> Result<Vec<(OrderId, Option<CycleId>)>, DbError> {
    let mut lived = Vec::with_capacity(set.len());
    let wanted: Vec<Place> = set.iter().map(|(place, _)| place.clone()).collect();
    for (outcome, (_, until)) in orders::place_all(tx, &wanted).await?.into_iter().zip(set) {
        let Outcome::Placed(placed) = outcome else { return Err(refused("an order")) };
        let (order, offer) = (placed.order.id, placed.offer.ok_or_else(|| refused("an offer"))?);
        if *until == Until::Cancelled {
            orders::cancel(tx, cx, Scope::All, order, "bench").await?.map_err(|_| refused("a cancellation"))?;
            lived.push((order, None));
            continue;
        }
        orders::accept(tx, cx, Scope::All, offer.id).await?.map_err(|_| refused("an acceptance"))?;
        orders::dispatch(tx, cx, Scope::All, order).await?.map_err(|_| refused("a dispatch"))?;
        if *until == Until::Dispatched {
            lived.push((order, None));
            continue;
        }
        let proof = Proof::Operator("bench".to_owned());
        let delivered = orders::deliver(tx, cx, Scope::All, order, &proof, &[]).await?;
        let cycle = delivered.map_err(|_| refused("a delivery"))?.cycle.ok_or_else(|| refused("a bill"))?;
        if *until == Until::Repaid {
            let ask = Ask::Principal(cycle.principal);
            let new = NewRepayment { ask, on: cx.today(), method: Method::Cash, reference: None };
            credit::repay(tx, cx, Scope::All, cycle.id, new).await?.map_err(|_| refused("a repayment"))?;
        }
        lived.push((order, Some(cycle.id)));
    }
    Ok(lived)
}

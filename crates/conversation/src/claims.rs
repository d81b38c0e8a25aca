//! A vendor answers what a retailer says it paid: it was received, or it was not, and why.

use credit::{Answer, Claim, ClaimFilter, ClaimStatus, Outcome, Refusal};
use db::{DbError, Tx};
use kernel::{ClaimId, Context, PageRequest, Scope};
use notify::{NewMessage, Recipient};
use parties::{Retailer, Vendor};

use crate::inbound::Reply;
use crate::session::{Session, Step};
use crate::words;

/// Claims that are shown.
const SHOWN: i64 = 10;

/// Puts a claim before its vendor, once.
pub(crate) async fn tell(
    tx: &mut Tx,
    cx: &Context,
    retailer: &Retailer,
    vendor: &Vendor,
    claim: &Claim,
) -> Result<(), DbError> {
    let (content, template) = words::claim_for_vendor(vendor.language, &retailer.name, claim);
    let to = Recipient { address: vendor.phone.clone(), retailer: None, vendor: Some(vendor.id) };
    match content {
        Ok(content) => {
            let message =
                NewMessage { reason_key: format!("claim:{}:vendor", claim.id), to, content, template: template.ok() };
            notify::send(tx, cx, vec![message]).await
        }
        Err(error) => {
            tracing::error!(%error, claim = %claim.id, "a claim does not fit into a message");
            Ok(())
        }
    }
}

/// What a vendor pressed about a claim.
pub(crate) async fn pressed(
    tx: &mut Tx,
    cx: &Context,
    vendor: &Vendor,
    session: &mut Session,
    what: &str,
    id: ClaimId,
) -> Result<Reply, DbError> {
    match what {
        "confirm" | "keep" => confirm(tx, cx, vendor, session, id, what == "keep").await,
        "show" => match credit::claim_by_id(tx, Scope::Vendor(vendor.id), id).await? {
            Some(claim) if claim.status == ClaimStatus::Open => {
                let shop = parties::retailers(tx, &[claim.retailer_id]).await?.remove(&claim.retailer_id);
                let name = shop.map(|shop| shop.name).unwrap_or_default();
                Ok(words::claim_for_vendor(session.language, &name, &claim).0)
            }
            _ => Ok(words::vendor_already_done(session.language)),
        },
        _ => {
            session.state.step = Step::ClaimReason(id);
            Ok(words::why_not_received(session.language, id))
        }
    }
}

async fn confirm(
    tx: &mut Tx,
    cx: &Context,
    vendor: &Vendor,
    session: &Session,
    id: ClaimId,
    keep_excess: bool,
) -> Result<Reply, DbError> {
    let language = session.language;
    let answer = Answer { named: None, keep_excess };
    Ok(match credit::confirm(tx, cx, Scope::Vendor(vendor.id), id, answer).await? {
        Ok(Outcome::Applied((claim, _)) | Outcome::AlreadyApplied((claim, _))) => {
            words::claim_confirmed(language, claim.amount)
        }
        Err(Refusal::Overpayment { maximum_cash, .. }) => words::claim_is_more(language, id, maximum_cash),
        Err(Refusal::ClaimDecided { .. } | Refusal::NotFound(_)) => words::vendor_already_done(language),
        Err(Refusal::DuplicateReference { .. }) => words::claim_counted_before(language, id),
        Err(_) => words::claim_for_team(language, id),
    })
}

/// The claim is not true, for a reason that its retailer is told.
pub(crate) async fn reject(
    tx: &mut Tx,
    cx: &Context,
    vendor: &Vendor,
    session: &mut Session,
    id: ClaimId,
    reason: &str,
) -> Result<Reply, DbError> {
    session.state.step = Step::Idle;
    let reason: String = reason.chars().take(500).collect();
    Ok(match credit::reject(tx, cx, Scope::Vendor(vendor.id), id, &reason).await? {
        Ok(_) => words::claim_rejected(session.language),
        Err(_) => words::vendor_already_done(session.language),
    })
}

/// A reason that was pressed, in the words of the claim's retailer.
pub(crate) async fn reject_for(
    tx: &mut Tx,
    cx: &Context,
    vendor: &Vendor,
    session: &mut Session,
    id: ClaimId,
    reason: &str,
) -> Result<Reply, DbError> {
    let Some(claim) = credit::claim_by_id(tx, Scope::Vendor(vendor.id), id).await? else {
        return Ok(words::vendor_already_done(session.language));
    };
    let retailer = parties::retailers(tx, &[claim.retailer_id]).await?.remove(&claim.retailer_id);
    let language = retailer.map_or(session.language, |retailer| retailer.language);
    let reason = words::rejection_reason(language, reason);
    reject(tx, cx, vendor, session, id, reason).await
}

/// The claims that wait for the vendor's answer.
pub(crate) async fn waiting(tx: &mut Tx, vendor: &Vendor, session: &Session) -> Result<Reply, DbError> {
    let filter = ClaimFilter { status: Some(ClaimStatus::Open), ..ClaimFilter::default() };
    let page = PageRequest::new(Some(SHOWN), None);
    let found = credit::claims(tx, Scope::Vendor(vendor.id), filter, &page).await?.items;
    let ids: Vec<_> = found.iter().map(|claim| claim.retailer_id).collect();
    let shops = parties::retailers(tx, &ids).await?;
    let named: Vec<(&Claim, &str)> = found
        .iter()
        .map(|claim| (claim, shops.get(&claim.retailer_id).map_or("", |shop| shop.name.as_str())))
        .collect();
    Ok(words::claims_waiting(session.language, &named))
}

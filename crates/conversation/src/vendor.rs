//! What a vendor's message does, and what is answered: offers, dispatch, the delivery code.

use db::{DbError, Tx};
use kernel::{Context, OfferId, OrderId, PageRequest, Scope};
use orders::{Filter, Order, OrderState, Proof, Refusal};
use parties::Vendor;

use crate::inbound::{Reply, Said, Turn};
use crate::session::{Session, Step};
use crate::{claims, words};

/// Orders that are looked through for a delivery code.
const LOOKED_THROUGH: i64 = 200;

/// Answers one message of a vendor.
pub(crate) async fn answer(
    tx: &mut Tx,
    cx: &Context,
    turn: &Turn<'_>,
    vendor: &Vendor,
    session: &mut Session,
) -> Result<Option<Reply>, DbError> {
    match &turn.said {
        Said::Pressed(id) => pressed(tx, cx, vendor, session, id).await.map(Some),
        Said::Typed(text) => typed(tx, cx, vendor, session, text).await.map(Some),
        Said::Cart(_) | Said::ForPerson(_) => {
            let entry = audit::Entry::new(cx, vendor.id, "conversation.note", vendor.id)
                .after(serde_json::json!({ "what": "a message for a person", "text": turn.message.wamid }));
            audit::record(tx, vec![entry]).await?;
            Ok(Some(words::kept_for_person(session.language)))
        }
        Said::Nothing => Ok(None),
    }
}

async fn pressed(
    tx: &mut Tx,
    cx: &Context,
    vendor: &Vendor,
    session: &mut Session,
    id: &str,
) -> Result<Reply, DbError> {
    let (scope, language) = (Scope::Vendor(vendor.id), session.language);
    match id.split(':').collect::<Vec<_>>().as_slice() {
        ["offer", "accept", offer] => {
            let Ok(offer) = offer.parse::<OfferId>() else { return Ok(words::already_done(language)) };
            Ok(match orders::accept(tx, cx, scope, offer).await? {
                Ok(order) => words::offer_accepted(language, &order),
                Err(refusal) => offer_refused(language, &refusal),
            })
        }
        ["offer", "reject", offer] => {
            let Ok(offer) = offer.parse::<OfferId>() else { return Ok(words::already_done(language)) };
            session.state.step = Step::RejectReason(offer);
            Ok(words::why_reject(language, offer))
        }
        ["offer", "why", offer, reason] => {
            let Ok(offer) = offer.parse::<OfferId>() else { return Ok(words::already_done(language)) };
            reject(tx, cx, vendor, session, offer, reason).await
        }
        ["order", "dispatch", order] => {
            let Ok(order) = order.parse::<OrderId>() else { return Ok(words::already_done(language)) };
            Ok(match orders::dispatch(tx, cx, scope, order).await? {
                Ok(order) => words::order_dispatched(language, &order),
                Err(_) => words::already_done(language),
            })
        }
        ["order", "delivered", order] => {
            let Ok(order) = order.parse::<OrderId>() else { return Ok(words::already_done(language)) };
            Ok(match orders::mark_delivered(tx, cx, scope, order).await? {
                Ok(order) if order.state == OrderState::Dispatched => words::marked_delivered(language, &order),
                _ => words::already_done(language),
            })
        }
        ["claim", "why", claim, reason] => match claim.parse() {
            Ok(claim) => claims::reject_for(tx, cx, vendor, session, claim, reason).await,
            Err(_) => Ok(words::vendor_already_done(language)),
        },
        ["claim", what, claim] => match claim.parse() {
            Ok(claim) => claims::pressed(tx, cx, vendor, session, what, claim).await,
            Err(_) => Ok(words::vendor_already_done(language)),
        },
        ["vendor", "claims"] => claims::waiting(tx, vendor, session).await,
        ["vendor", "orders"] => open_orders(tx, vendor, session).await,
        _ => Ok(words::vendor_menu(language, &vendor.name)),
    }
}

async fn reject(
    tx: &mut Tx,
    cx: &Context,
    vendor: &Vendor,
    session: &mut Session,
    offer: OfferId,
    reason: &str,
) -> Result<Reply, DbError> {
    session.state.step = Step::Idle;
    Ok(match orders::reject(tx, cx, Scope::Vendor(vendor.id), offer, reason).await? {
        Ok(_) => words::offer_rejected(session.language),
        Err(refusal) => offer_refused(session.language, &refusal),
    })
}

fn offer_refused(language: parties::Language, refusal: &Refusal) -> Reply {
    match refusal {
        Refusal::OfferExpired { .. } => words::offer_expired(language),
        _ => words::already_done(language),
    }
}

async fn typed(
    tx: &mut Tx,
    cx: &Context,
    vendor: &Vendor,
    session: &mut Session,
    text: &str,
) -> Result<Reply, DbError> {
    if let Step::RejectReason(offer) = session.state.step {
        return reject(tx, cx, vendor, session, offer, text).await;
    }
    if let Step::ClaimReason(claim) = session.state.step {
        return claims::reject(tx, cx, vendor, session, claim, text).await;
    }
    if let Some(code) = code_in(text) {
        return delivery_code(tx, cx, vendor, session, text, &code).await;
    }
    Ok(words::vendor_menu(session.language, &vendor.name))
}

/// The delivery code in a text: the last word of four digits, in either script. An order's own code has six signs.
fn code_in(text: &str) -> Option<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric()).rev();
    words.filter(|word| word.chars().count() == 4).find_map(|word| word.chars().map(digit).collect())
}

fn digit(letter: char) -> Option<char> {
    let devanagari = || u32::from(letter).checked_sub(u32::from('०')).filter(|digit| *digit < 10);
    letter.to_digit(10).or_else(devanagari).and_then(|digit| char::from_digit(digit, 10))
}

/// A delivery code, with the order's own code before it where several are on the way.
async fn delivery_code(
    tx: &mut Tx,
    cx: &Context,
    vendor: &Vendor,
    session: &Session,
    text: &str,
    digits: &str,
) -> Result<Reply, DbError> {
    let filter = Filter { state: Some(OrderState::Dispatched), ..Filter::default() };
    let page = PageRequest::new(Some(LOOKED_THROUGH), None);
    let on_the_way = orders::list(tx, Scope::Vendor(vendor.id), &filter, &page).await?.items;
    let upper = text.to_uppercase();
    let named: Vec<&Order> = on_the_way.iter().filter(|order| upper.contains(&order.code)).collect();
    let order = match (named.as_slice(), on_the_way.as_slice()) {
        ([order], _) => order.id,
        ([], [only]) => only.id,
        (_, []) => return Ok(words::nothing_on_the_way(session.language)),
        _ => return Ok(words::which_delivery(session.language, &on_the_way)),
    };
    let proof = Proof::Code(digits.to_owned());
    Ok(match orders::deliver(tx, cx, Scope::Vendor(vendor.id), order, &proof, &[]).await? {
        Ok(_) => words::thanks(session.language),
        Err(Refusal::WrongCode { left }) => words::wrong_code(session.language, left),
        Err(Refusal::CodeLocked) => words::code_locked(session.language),
        Err(_) => words::already_done(session.language),
    })
}

async fn open_orders(tx: &mut Tx, vendor: &Vendor, session: &Session) -> Result<Reply, DbError> {
    let page = PageRequest::new(Some(LOOKED_THROUGH), None);
    let orders = orders::list(tx, Scope::Vendor(vendor.id), &Filter::default(), &page).await?;
    let open: Vec<Order> = orders.items.into_iter().filter(|order| order.state.holds()).collect();
    Ok(words::vendor_orders(session.language, &open))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_code_is_found_beside_the_code_of_its_order() {
        for text in ["4821", "४८२१", "AB23C4 4821", "code 4821 ho", "ab23c4: 4821.", "2345 hoina, 4821"] {
            assert_eq!(code_in(text).as_deref(), Some("4821"), "{text}");
        }
        for text in ["", "482", "48210", "AB23C4", "4821a", "अर्डर"] {
            assert_eq!(code_in(text), None, "{text}");
        }
    }
}

//! Who is not known, or not verified: they may look, and are told how to be let in.
//!
//! What they see is what hangs in any shop: names of products and from what to what they cost today. Nothing of it says
//! whose price it is, what credit anyone has, or who else buys. A stranger's order, and whatever they write besides, is
//! answered once a day.

use db::{DbError, Tx};
use kernel::Context;
use notify::Recipient;
use parties::Language;
use understand::{History, Intent};

use crate::inbound::{Said, Turn, send, written_language};
use crate::{menu, words};

/// How many answers a sender gets in 24 hours: each costs money, and anyone can write.
const MOST_ANSWERS: i64 = 20;

/// Answers somebody who may not order.
pub(crate) async fn answer(tx: &mut Tx, cx: &Context, turn: &Turn<'_>, to: Recipient) -> Result<(), DbError> {
    let waiting = parties::waiting_language(tx, &to.address).await?;
    let is_waiting = waiting.is_some();
    let written = match &turn.said {
        Said::Typed(text) => written_language(text),
        _ => None,
    };
    // One who was registered under another number is written to in the language they chose then.
    let language = waiting.or(written).unwrap_or(Language::Nepali);
    let once_a_day = format!("unknown:{}:{}", to.address, cx.today());
    if let Said::Typed(text) = &turn.said {
        let index = turn.brain.index(tx).await?;
        let understood = understand::understand(&index.catalogue, &History::default(), text);
        let asked = menu::asked_for(&index, &understood);
        let key = match understood.intent {
            Intent::Order if !is_waiting => Some(once_a_day.clone()),
            Intent::Price | Intent::Order => Some(format!("reply:{}", turn.message.wamid)),
            _ => None,
        };
        let since = cx.now.plus_seconds(-24 * 60 * 60);
        if let Some(key) = key.filter(|_| !asked.is_empty())
            && notify::count_since(tx, &to.address, since, MOST_ANSWERS).await? < MOST_ANSWERS
        {
            let spans = menu::spans(tx, &asked).await?;
            let reply =
                words::prices_for_stranger(language, &menu::price_lines(language, &index, &asked, &spans), is_waiting);
            return send(tx, cx, key, to, reply).await;
        }
    }
    let reply = if is_waiting { words::unverified_sender(language) } else { words::unknown_sender(language) };
    send(tx, cx, once_a_day, to, reply).await
}

//! Which product a name means, and how many packs: decided by the unit, the size, and what the retailer bought before.
//! What remains open is asked. How names and amounts are found does NOT live here.

use crate::{
    Ask, Catalogue, History, Item, MAX_QUANTITY, Unknown,
    lexicon::Cue,
    matching::Look,
    numbers::Number,
    parse::{Amount, Line, Read, What},
};

/// Unknown phrases of one message that the nearest products are found for.
const MOST_NEAREST: usize = 8;

/// What becomes of a message's lines: certain, asked, unknown.
type Resolved = (Vec<Item>, Vec<Ask>, Vec<Unknown>);

impl Read {
    /// The lines as an order: each product has a quantity or is asked for it.
    pub(crate) fn ordered(&self, catalogue: &Catalogue, history: &History) -> Resolved {
        let look = Look::new(catalogue, &[]);
        let (mut items, mut ask, mut unknown) = Resolved::default();
        for line in self.lines_meant() {
            match &line.what {
                What::Stranger(words) => unknown.push(stranger(&look, line, words, unknown.len())),
                What::Products { ids, .. } => {
                    let ids = narrow(catalogue, history, line, ids);
                    match (ids.as_slice(), packs(catalogue, line, &ids)) {
                        ([id], Some(quantity)) => ask.extend(add(&mut items, catalogue, line, (*id, quantity))),
                        (_, quantity) => ask.push(question(catalogue, line, &ids, quantity)),
                    }
                }
            }
        }
        (items, ask, unknown)
    }

    /// The lines as questions for a price: a quantity is not needed.
    pub(crate) fn priced(&self, catalogue: &Catalogue, history: &History) -> Resolved {
        let look = Look::new(catalogue, &[]);
        let (mut items, mut ask, mut unknown) = Resolved::default();
        for line in &self.lines {
            match &line.what {
                What::Stranger(words) if line.amount.is_some() || words.len() <= 2 => {
                    unknown.push(stranger(&look, line, words, unknown.len()));
                }
                What::Stranger(_) => {}
                What::Products { ids, .. } => {
                    let ids = narrow(catalogue, history, line, ids);
                    let quantity = packs(catalogue, line, &ids);
                    match ids.as_slice() {
                        [id] => items.extend(catalogue.product(*id).map(|p| Item { sku: p.sku.clone(), quantity })),
                        _ => ask.push(question(catalogue, line, &ids, quantity)),
                    }
                }
            }
        }
        (items, ask, unknown)
    }

    /// The lines that are part of an order. Beside lines with an amount, a line without one is meant only if it is a
    /// product in its own words: the rest is talk.
    fn lines_meant(&self) -> impl Iterator<Item = &Line> {
        let counted = self.lines.iter().any(|l| l.amount.is_some());
        let again = |line: &Line| self.lines.iter().any(|l| l.amount.is_some() && l.what.same_as(&line.what));
        let named = self.lines.iter().any(|l| matches!(l.what, What::Products { .. }));
        self.lines.iter().filter(move |line| match &line.what {
            _ if line.amount.is_some() => true,
            What::Products { sure, .. } => (*sure || !counted) && !again(line),
            What::Stranger(words) => {
                !counted && !self.cues.contains(&Cue::Same) && words.len() <= if named { 2 } else { 3 }
            }
        })
    }
}

/// Adds a certain product. The same one twice is its sum; where that is too much to be meant, it is asked instead.
fn add(items: &mut Vec<Item>, catalogue: &Catalogue, line: &Line, (id, quantity): (u32, i64)) -> Option<Ask> {
    let sku = &catalogue.product(id)?.sku;
    let Some(at) = items.iter().position(|item| item.sku == *sku) else {
        items.push(Item { sku: sku.clone(), quantity: Some(quantity) });
        return None;
    };
    let item = items.get_mut(at)?;
    let sum = item.quantity.unwrap_or_default().saturating_add(quantity);
    item.quantity = Some(sum);
    (sum > MAX_QUANTITY).then(|| {
        items.remove(at);
        question(catalogue, line, &[id], None)
    })
}

fn question(catalogue: &Catalogue, line: &Line, ids: &[u32], quantity: Option<i64>) -> Ask {
    let mut candidates: Vec<String> = ids.iter().filter_map(|id| Some(catalogue.product(*id)?.sku.clone())).collect();
    candidates.sort();
    Ask { candidates, quantity, text: line.text.clone() }
}

/// What is not known, with the nearest there is; for the first few only, nobody reads more of them.
fn stranger(look: &Look<'_>, line: &Line, words: &[String], before: usize) -> Unknown {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let nearest = if before < MOST_NEAREST { look.nearest(&words) } else { Vec::new() };
    Unknown { text: line.text.clone(), nearest }
}

/// The candidates that the size, the unit, the amount and then the retailer's history leave; never none of them.
fn narrow(catalogue: &Catalogue, history: &History, line: &Line, ids: &[u32]) -> Vec<u32> {
    let mut left = ids.to_vec();
    let mut keep = |fits: &dyn Fn(u32) -> bool| {
        let fitting: Vec<u32> = left.iter().copied().filter(|id| fits(*id)).collect();
        if !fitting.is_empty() {
            left = fitting;
        }
    };
    let packing = |id: u32| catalogue.product(id).map(|p| &p.packing);
    if let Some((milli, unit)) = &line.size {
        keep(&|id| packing(id).is_some_and(|p| p.is_size(*milli, unit)));
    }
    if let Some(Amount { number, unit, doubtful }) = &line.amount {
        let unit = unit.as_deref().or(doubtful.then_some("tin"));
        if let Some(unit) = unit {
            let sold_so = |id: u32| packing(id).is_some_and(|p| p.unit == unit);
            keep(&sold_so);
            if let Number::One(milli) | Number::Each(milli) = number {
                keep(&|id| sold_so(id) || packing(id).is_some_and(|p| p.packs(*milli, Some(unit)).is_some()));
            }
        }
    }
    let preferred: Vec<u32> =
        history.preferred.iter().filter_map(|sku| catalogue.id(sku)).filter(|id| left.contains(id)).collect();
    match preferred.as_slice() {
        [first, rest @ ..] if rest.iter().all(|id| id == first) => vec![*first],
        _ => left,
    }
}

/// The quantity in packs if it is one that makes sense, and the same whichever candidate is meant.
fn packs(catalogue: &Catalogue, line: &Line, ids: &[u32]) -> Option<i64> {
    let Some(Amount { number: Number::One(milli) | Number::Each(milli), unit, doubtful }) = &line.amount else {
        return None;
    };
    if *doubtful && ids.iter().any(|id| catalogue.product(*id).is_some_and(|p| p.packing.unit == "tin")) {
        return None;
    }
    let mut quantities = ids.iter().map(|id| catalogue.product(*id)?.packing.packs(*milli, unit.as_deref()));
    let first = quantities.next().flatten()?;
    let agreed = quantities.all(|q| q == Some(first));
    (agreed && (1..=MAX_QUANTITY).contains(&first)).then_some(first)
}

//! A message as lines of products and amounts.
//!
//! The pieces of the text have become a row of signs (see `signs`): a name, a stranger (words that name nothing), an
//! amount, the end of a phrase, a correction. Each phrase gives its amounts to its names: as many of both pair up in order, else
//! the order in which the phrase begins says whether amounts stand before or after. A correction changes what stands
//! before it. Which product an ambiguous name means is decided in `resolve`, what the message wants in `intents`.

use std::collections::BTreeSet;

use crate::{
    Catalogue, History, MAX_QUANTITY,
    lexicon::Cue,
    matching::Look,
    normalise::tokens,
    numbers::Number,
    signs::{Reader, Sign},
};

/// Pieces of a text that are read; more is no message to a shop.
const MAX_TOKENS: usize = 1500;

/// How much of something was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) number: Number,
    pub(crate) unit: Option<String>,
    /// It may be the unit and not the number: `tori tel tin`.
    pub(crate) doubtful: bool,
}

/// What a line is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// Products of the catalogue that the words fit, by number; and whether the words name them by
    /// themselves, or are only alike or incidental (red in "red lentil").
    Products { ids: Vec<u32>, sure: bool },
    /// Nothing that is known: the words by their keys.
    Stranger(Vec<String>),
}

impl What {
    /// Whether both mean the same products.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Products { ids, .. }, Self::Products { ids: others, .. }) => ids == others,
            (Self::Stranger(words), Self::Stranger(others)) => words == others,
            _ => false,
        }
    }
}

/// A product or a stranger with its amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) what: What,
    pub(crate) amount: Option<Amount>,
    /// An amount that describes the product: the bag of 25 kg.
    pub(crate) size: Option<(i64, String)>,
    /// The words as typed.
    pub(crate) text: String,
}

/// A message as it was read.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) lines: Vec<Line>,
    /// What the words around the products are signs of.
    pub(crate) cues: BTreeSet<Cue>,
    /// The largest number that is no quantity of a known product's line, in thousandths.
    pub(crate) largest: i64,
    /// Words that are neither a product nor a sign of anything.
    pub(crate) strays: usize,
    /// Words that name products.
    pub(crate) naming: usize,
    /// Words in all, amounts apart.
    pub(crate) words: usize,
    /// The text is only of pictures that greet.
    pub(crate) greets_in_pictures: bool,
    /// Something was said not to be wanted, with its product.
    pub(crate) removed: bool,
}

/// Reads a message.
pub(crate) fn read(catalogue: &Catalogue, history: &History, text: &str) -> Read {
    let look = Look::new(catalogue, &history.aliases);
    let mut pieces = tokens(text);
    pieces.truncate(MAX_TOKENS);
    let mut reader = Reader::new(&look, &pieces);
    reader.run();
    let Reader { signs, mut read, .. } = reader;
    read.greets_in_pictures = pieces.is_empty() && text.chars().any(|c| matches!(c, '🙏' | '👋' | '🤝' | '🙂' | '😊'));
    let mut assembly = Assembly { catalogue, lines: Vec::new(), pending: None, removed: false };
    assembly.assemble(signs);
    read.removed = assembly.removed;
    read.lines = assembly.lines;
    read
}

/// The quantity in packs of a product that is known already.
pub(crate) fn quantity(catalogue: &Catalogue, sku: &str, text: &str) -> Option<i64> {
    let product = catalogue.product(catalogue.id(sku)?)?;
    let nothing = Catalogue::default();
    let look = Look::new(&nothing, &[]);
    let pieces = tokens(text);
    let mut reader = Reader::new(&look, &pieces);
    reader.run();
    let amount = reader.signs.into_iter().rev().find_map(|sign| match sign {
        Sign::Amount(amount) => Some(amount),
        _ => None,
    })?;
    let milli = match amount.number {
        Number::One(milli) | Number::Each(milli) => milli,
        Number::Range => return None,
    };
    product.packing.packs(milli, amount.unit.as_deref()).filter(|n| (1..=MAX_QUANTITY).contains(n))
}

/// Where a phrase has more things than amounts, strange words beside products are talk: they take no amount.
fn drop_talk(signs: &mut Vec<Sign>) {
    let is_product = |sign: &Sign| matches!(sign, Sign::Thing(Line { what: What::Products { .. }, .. }));
    let amounts = signs.iter().filter(|sign| matches!(sign, Sign::Amount(_))).count();
    if signs.iter().any(is_product) && signs.len() > 2 * amounts {
        signs.retain(|sign| is_product(sign) || matches!(sign, Sign::Amount(_)));
    }
}

/// Puts signs together to lines.
struct Assembly<'a> {
    catalogue: &'a Catalogue,
    lines: Vec<Line>,
    /// An amount that stands alone and waits for its product.
    pending: Option<Amount>,
    removed: bool,
}

impl Assembly<'_> {
    fn assemble(&mut self, signs: Vec<Sign>) {
        let mut phrase = Vec::new();
        let mut corrects = false;
        for sign in signs {
            match sign {
                Sign::Thing(_) | Sign::Amount(_) => phrase.push(sign),
                Sign::End => {
                    let said = !phrase.is_empty();
                    self.phrase(&mut phrase, corrects);
                    corrects &= !said;
                }
                Sign::Correction => {
                    self.phrase(&mut phrase, corrects);
                    corrects = true;
                }
                Sign::NotWanted => {
                    let from = self.lines.len();
                    self.phrase(&mut phrase, false);
                    self.take_back(from);
                }
            }
        }
        self.phrase(&mut phrase, corrects);
        let each =
            self.lines.iter().filter_map(|l| l.amount.clone()).find(|amount| matches!(amount.number, Number::Each(_)));
        if each.is_some() {
            self.lines.iter_mut().filter(|l| l.amount.is_none()).for_each(|line| line.amount.clone_from(&each));
        }
    }

    /// One phrase: as many amounts as things pair up in order.
    fn phrase(&mut self, phrase: &mut Vec<Sign>, corrects: bool) {
        let mut signs = std::mem::take(phrase);
        drop_talk(&mut signs);
        self.set_sizes(&mut signs);
        let begins_with_amount = matches!(signs.first(), Some(Sign::Amount(_)));
        let things = signs.iter().filter(|s| matches!(s, Sign::Thing(_))).count();
        let amounts = signs.len() - things;
        let mut lines: Vec<Line> = Vec::new();
        let mut waiting: Vec<Amount> = Vec::new();
        for sign in signs {
            match sign {
                Sign::Thing(mut line) => {
                    if (begins_with_amount || things == amounts) && !waiting.is_empty() {
                        line.amount = Some(waiting.remove(0));
                    }
                    lines.push(line);
                }
                Sign::Amount(amount) => {
                    let open = if things == amounts {
                        lines.iter_mut().find(|l| l.amount.is_none())
                    } else {
                        lines.last_mut().filter(|l| l.amount.is_none() && !begins_with_amount)
                    };
                    match open {
                        Some(line) => line.amount = Some(amount),
                        None => waiting.push(amount),
                    }
                }
                _ => {}
            }
        }
        if corrects && (!self.lines.is_empty() || self.pending.is_some()) {
            self.correct(lines, waiting);
        } else {
            self.add(lines, waiting);
        }
    }

    /// Amounts that only repeat what a pack holds ("jeera masino 25 kg 4 bora") describe the product beside them.
    fn set_sizes(&self, signs: &mut Vec<Sign>) {
        loop {
            let things = signs.iter().filter(|s| matches!(s, Sign::Thing(_))).count();
            if signs.len() <= 2 * things || things == 0 {
                return;
            }
            let described = signs.iter().enumerate().find_map(|(at, sign)| {
                let Sign::Amount(Amount { number: Number::One(milli), unit: Some(unit), .. }) = sign else {
                    return None;
                };
                let is_thing =
                    |i: &usize| matches!(signs.get(*i), Some(Sign::Thing(line)) if self.is_size(line, *milli, unit));
                let before = (0..at).rev().find(|i| matches!(signs.get(*i), Some(Sign::Thing(_)))).filter(is_thing);
                let after =
                    (at + 1..signs.len()).find(|i| matches!(signs.get(*i), Some(Sign::Thing(_)))).filter(is_thing);
                Some((at, before.or(after)?, *milli, unit.clone()))
            });
            let Some((at, thing, milli, unit)) = described else { return };
            if let Some(Sign::Thing(line)) = signs.get_mut(thing) {
                line.size = Some((milli, unit));
            }
            signs.remove(at);
        }
    }

    fn is_size(&self, line: &Line, milli: i64, unit: &str) -> bool {
        let What::Products { ids, .. } = &line.what else { return false };
        line.size.is_none()
            && ids.iter().any(|id| self.catalogue.product(*id).is_some_and(|p| p.packing.is_size(milli, unit)))
    }

    fn add(&mut self, mut lines: Vec<Line>, mut waiting: Vec<Amount>) {
        let joined = self.pending.is_none();
        if let (Some(first), Some(_)) = (lines.first_mut().filter(|l| l.amount.is_none()), &self.pending) {
            first.amount = self.pending.take();
        }
        if lines.is_empty() && !waiting.is_empty() {
            let amount = waiting.remove(0);
            match self.lines.last_mut() {
                Some(line) if line.amount.is_none() => line.amount = Some(amount),
                // "4 tray ra 2 crate" is both of the same.
                Some(line) if joined && amount.unit.is_some() => {
                    let more = Line { amount: Some(amount), ..line.clone() };
                    lines.push(more);
                }
                _ => self.pending = Some(amount),
            }
        }
        self.lines.append(&mut lines);
    }

    /// A phrase after "no, …": a bare amount replaces the last one; a product replaces its own line, or the last.
    fn correct(&mut self, mut lines: Vec<Line>, waiting: Vec<Amount>) {
        if lines.is_empty() {
            let Some(mut amount) = waiting.into_iter().last() else { return };
            match self.lines.iter_mut().rev().find(|l| l.amount.is_some() || matches!(l.what, What::Products { .. })) {
                Some(line) => {
                    let said = line.amount.take().and_then(|a| a.unit);
                    amount.unit = amount.unit.or(said);
                    line.amount = Some(amount);
                }
                None => self.pending = Some(amount),
            }
            return;
        }
        let mut first = lines.remove(0);
        if matches!(first.what, What::Stranger(_)) && first.amount.is_none() {
            return;
        }
        let same = self.lines.iter().position(|l| l.what.same_as(&first.what));
        if let Some(old) = same.or(self.lines.len().checked_sub(1)).and_then(|at| self.lines.get_mut(at)) {
            first.amount = first.amount.or_else(|| old.amount.take());
            *old = first;
        } else {
            self.pending = None;
            self.lines.push(first);
        }
        self.lines.append(&mut lines);
    }

    /// "nun chahidaina": what was just named, or else the last line, is not wanted, and neither is it where it stood before.
    fn take_back(&mut self, from: usize) {
        let from = if from < self.lines.len() { from } else { self.lines.len().saturating_sub(1) };
        let unwanted: Vec<What> = self.lines.drain(from..).map(|l| l.what).collect();
        self.removed |= !unwanted.is_empty();
        self.lines.retain(|line| !unwanted.iter().any(|what| what.same_as(&line.what)));
    }
}

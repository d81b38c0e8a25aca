//! A message as lines of products and amounts.
//!
//! First the pieces of the text become a row of signs: a name, a stranger (words that name nothing), an amount, the end
//! of a phrase, a correction. Then each phrase gives its amounts to its names: as many of both pair up in order, else
//! the order in which the phrase begins says whether amounts stand before or after. A correction changes what stands
//! before it. Which product an ambiguous name means is decided in `resolve`, what the message wants in `intents`.

use std::collections::BTreeSet;

use crate::{
    Catalogue, History, MAX_QUANTITY,
    lexicon::{Cue, signs},
    matching::{Look, Piece, is_particle, joined},
    normalise::{Kind, MILLI, Token, stem, tokens},
    numbers::{Number, is_number_word, number_at},
    units::is_tin,
};

/// Pieces of a text that are read; more is no message to a shop.
const MAX_TOKENS: usize = 1500;
/// Words of a name in the catalogue that may stand in one row.
const LONGEST_NAME: usize = 6;

/// In how many percent of a product's names a word stands that names it by itself.
const SALIENT: u32 = 25;

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

#[derive(Debug)]
enum Sign {
    Thing(Line),
    Amount(Amount),
    End,
    Correction,
    NotWanted,
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

/// Turns pieces into signs.
struct Reader<'a> {
    look: &'a Look<'a>,
    pieces: &'a [Token],
    /// Pieces that belong to a name exactly as the catalogue has it.
    named: Vec<bool>,
    /// Words in a row that may name products.
    row: Vec<usize>,
    signs: Vec<Sign>,
    read: Read,
    /// The number that the next entry of a numbered list begins with.
    list: i64,
}

impl<'a> Reader<'a> {
    fn new(look: &'a Look<'a>, pieces: &'a [Token]) -> Self {
        let mut reader = Self {
            look,
            pieces,
            named: vec![false; pieces.len()],
            row: Vec::new(),
            signs: Vec::new(),
            read: Read::default(),
            list: 0,
        };
        reader.spot_names();
        reader
    }

    fn piece(&self, at: usize) -> Option<&'a Token> {
        self.pieces.get(at)
    }

    fn unit(&self, at: usize) -> Option<&'a str> {
        self.piece(at).and_then(|t| self.look.catalogue.units.of(t))
    }

    fn has(&self, at: usize, cue: Cue) -> bool {
        self.piece(at).is_some_and(|t| signs(t).contains(&cue))
    }

    /// Marks names that stand in the text exactly as in the catalogue, so that no word of them is taken for anything else.
    fn spot_names(&mut self) {
        for from in 0..self.pieces.len() {
            let mut words: Vec<&str> = Vec::new();
            let mut countable = true;
            let mut longest = None;
            for (at, token) in self.pieces.iter().enumerate().skip(from).take(LONGEST_NAME) {
                match &token.kind {
                    Kind::Word { key, .. } if is_particle(key) && !words.is_empty() => continue,
                    Kind::Word { key, .. } => {
                        countable &= is_number_word(token) || self.look.catalogue.units.of(token).is_some();
                        words.push(stem(key));
                    }
                    Kind::Digits { .. } => words.push(&token.raw),
                    Kind::Mark('-') if !token.spaced && !words.is_empty() => continue,
                    Kind::Mark(_) => break,
                }
                if !countable && self.look.named(&joined(&words)).is_some() {
                    longest = Some(at);
                }
            }
            if let Some(to) = longest {
                self.named.iter_mut().take(to + 1).skip(from).for_each(|named| *named = true);
            }
        }
    }

    fn run(&mut self) {
        let mut at = 0;
        while at < self.pieces.len() {
            at = self.step(at);
        }
        self.end_row();
    }

    /// Reads what stands at a place and answers where to go on.
    fn step(&mut self, at: usize) -> usize {
        let Some(token) = self.piece(at) else { return at + 1 };
        if self.named.get(at) == Some(&true) {
            self.read.words += 1;
            self.row.push(at);
            return at + 1;
        }
        if let Some(next) = self.list_number(at).or_else(|| self.amount(at)) {
            return next;
        }
        match &token.kind {
            Kind::Mark('\n' | ',' | ';' | '|' | '/' | '+' | '&' | '?' | '!' | '.') => self.sign(Sign::End),
            Kind::Mark(_) | Kind::Digits { .. } => {}
            Kind::Word { key, .. } => {
                self.read.words += usize::from(self.unit(at).is_none());
                self.word(at, key);
            }
        }
        at + 1
    }

    fn word(&mut self, at: usize, key: &str) {
        let Some(token) = self.piece(at) else { return };
        let cues = signs(token);
        if cues.contains(&Cue::And) {
            self.sign(Sign::End);
        } else if cues.contains(&Cue::Correction) {
            self.sign(Sign::Correction);
        } else if cues.contains(&Cue::NotWanted) {
            self.sign(Sign::NotWanted);
        } else if cues.is_empty() && !is_particle(key) && self.unit(at).is_none() && token.raw != "x" {
            self.row.push(at);
        }
        self.read.cues.extend(cues);
    }

    fn sign(&mut self, sign: Sign) {
        self.end_row();
        self.signs.push(sign);
    }

    /// The number of an entry in a list ("2. nun 1 bora"), which counts nothing.
    fn list_number(&mut self, at: usize) -> Option<usize> {
        let token = self.piece(at)?;
        if token.starts_line && token.is_mark('(') && self.piece(at + 2)?.is_mark(')') {
            return Some(at + 3);
        }
        let Kind::Digits { milli, .. } = token.kind else { return None };
        let closed = self.piece(at + 1).is_some_and(|t| (t.is_mark('.') || t.is_mark(')')) && !t.spaced);
        let goes_on = self.piece(at + 2).is_some_and(|t| !t.starts_line && !t.is_mark('\n'));
        let in_turn = self.list > 0 && milli == self.list && matches!(self.signs.last(), Some(Sign::Amount(_) | Sign::End));
        if closed && goes_on && (token.starts_line || in_turn) {
            self.list = milli.saturating_add(MILLI);
            self.sign(Sign::End);
            return Some(at + 2);
        }
        None
    }

    /// An amount, if one begins here: `2 bora`, `x3`, `bora 2`. Money, times and telephone numbers are stepped over.
    fn amount(&mut self, at: usize) -> Option<usize> {
        let units = &self.look.catalogue.units;
        let token = self.piece(at)?;
        if token.is_mark('@') || self.has(at, Cue::Money) {
            let (number, end) = number_at(self.pieces, at + 1 + usize::from(self.piece(at + 1).is_some_and(|t| t.is_mark('.'))), units)?;
            self.read.cues.insert(Cue::Money);
            self.note(number);
            return Some(end);
        }
        let negative = token.is_mark('-') && token.spaced && !token.starts_line && self.piece(at + 1).is_some_and(|t| !t.spaced);
        if negative {
            let (_, end) = number_at(self.pieces, at + 1, units)?;
            let unit = self.unit(end).map(str::to_owned);
            let next = end + usize::from(unit.is_some());
            self.push(Amount { number: Number::One(-MILLI), unit, doubtful: false });
            return Some(next);
        }
        let unit_first = self.unit(at).filter(|_| !matches!(self.signs.last(), Some(Sign::Amount(a)) if a.unit.is_none() && self.row.is_empty()));
        if let Some(unit) = unit_first
            && number_at(self.pieces, at, units).is_none()
            && let Some((number, end)) = number_at(self.pieces, at + 1, units)
            && self.unit(end).is_none()
        {
            self.push(Amount { number, unit: Some(unit.to_owned()), doubtful: false });
            return Some(end);
        }
        let (number, mut end) = number_at(self.pieces, at, units)?;
        self.note(number);
        if self.piece(end).is_some_and(|t| t.raw == "x") {
            end += 1;
        }
        let bare = |t: &Token| matches!(t.kind, Kind::Digits { len, .. } if len >= 7);
        let unit = match self.piece(end) {
            Some(t) if t.raw == "ta" => Some("piece"),
            Some(_) => self.unit(end),
            None => None,
        };
        if unit.is_none() && (self.has(end, Cue::Money) || self.piece(end).is_some_and(is_not_goods) || bare(token)) {
            self.read.cues.extend(self.has(end, Cue::Money).then_some(Cue::Money));
            return Some(end);
        }
        let dozens = end.checked_sub(1).and_then(|i| self.piece(i)).is_some_and(|t| t.key().starts_with("dar") || t.key().starts_with("dojen"));
        let doubtful = is_tin(token) && end == at + 1 && unit.is_none();
        end += usize::from(unit.is_some());
        let unit = unit.or_else(|| dozens.then_some("piece")).map(str::to_owned);
        self.push(Amount { number, unit, doubtful });
        Some(end)
    }

    fn push(&mut self, amount: Amount) {
        self.sign(Sign::Amount(amount));
    }

    fn note(&mut self, number: Number) {
        if let Number::One(milli) | Number::Each(milli) = number {
            self.read.largest = self.read.largest.max(milli);
        }
    }

    /// Divides the words in a row into names, each as long as its words can mean one product together.
    fn end_row(&mut self) {
        let row = std::mem::take(&mut self.row);
        let row: Vec<&Token> = row.iter().filter_map(|at| self.piece(*at)).filter(|t| !is_particle(t.key())).collect();
        let words: Vec<&str> = row.iter().map(|t| if t.is_word() { stem(t.key()) } else { t.raw.as_str() }).collect();
        let typed = |from: usize, to: usize| {
            row.iter().skip(from).take(to - from).map(|t| t.raw.as_str()).collect::<Vec<_>>().join(" ")
        };
        if words.is_empty() {
            return;
        }
        let mut names: Vec<Name> = Vec::new();
        let (mut at, mut strays) = (0, 0);
        while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
            let Some(piece) = self.look.piece(rest, names.last().map_or(&[], |name| &name.hits)) else {
                (at, strays) = (at + 1, strays + 1);
                continue;
            };
            let end = at + piece.used;
            let taken = names.last_mut().is_some_and(|name| name.takes(&piece, end));
            if !taken {
                names.push(Name::new(piece, at, end));
            }
            at = end;
        }
        self.read.strays += strays;
        self.read.naming += names.iter().map(|name| name.to - name.from).sum::<usize>();
        let mut things: Vec<Sign> = names
            .into_iter()
            .map(|name| {
                let text = typed(name.from, name.to);
                Sign::Thing(Line { what: name.products(self.look), amount: None, size: None, text })
            })
            .collect();
        if things.is_empty() {
            let what = What::Stranger(words.iter().map(|w| (*w).to_owned()).collect());
            things.push(Sign::Thing(Line { what, amount: None, size: None, text: typed(0, words.len()) }));
        }
        self.signs.append(&mut things);
    }
}

/// Words after a number that make it no quantity of goods.
fn is_not_goods(token: &Token) -> bool {
    matches!(
        token.key(),
        "baje" | "din" | "ganta" | "minet" | "minute" | "hapta" | "mahina" | "gate" | "am" | "pm" | "percent" | "coti" | "patak" | "jana" | "day" | "days" | "hour" | "hours" | "week" | "o"
    )
}

/// Words that mean one product, or several, together.
struct Name {
    means: String,
    hits: Vec<(u32, u32)>,
    pieces: usize,
    sure: bool,
    from: usize,
    to: usize,
}

impl Name {
    fn new(piece: Piece, from: usize, to: usize) -> Self {
        Self { means: piece.means, hits: piece.hits, pieces: 1, sure: piece.sure, from, to }
    }

    /// Adds words if some product has all of them.
    fn takes(&mut self, piece: &Piece, end: usize) -> bool {
        let both: Vec<(u32, u32)> =
            self.hits.iter().copied().filter(|(id, _)| piece.hits.binary_search_by_key(id, |(id, _)| *id).is_ok()).collect();
        if both.is_empty() {
            return false;
        }
        self.hits = both;
        self.to = end;
        self.means.push_str(&piece.means);
        self.pieces += 1;
        self.sure |= piece.sure;
        true
    }

    /// The products: those called exactly this; else those with all the words, without those for which a single word is
    /// only incidental (rice in "beaten rice").
    fn products(self, look: &Look<'_>) -> What {
        if let Some(ids) = look.named(&self.means) {
            return What::Products { ids, sure: self.sure };
        }
        let most = self.hits.iter().map(|(_, share)| *share).max().unwrap_or_default();
        let incidental = |share: u32| self.pieces == 1 && share * 3 < most;
        let ids = self.hits.iter().filter(|(_, share)| !incidental(*share)).map(|(id, _)| *id).collect();
        What::Products { ids, sure: self.sure && (self.pieces > 1 || most >= SALIENT) }
    }
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
        let mut each = None;
        for sign in signs {
            match sign {
                Sign::Thing(mut line) => {
                    if (begins_with_amount || things == amounts) && !waiting.is_empty() {
                        line.amount = Some(waiting.remove(0));
                    }
                    lines.push(line);
                }
                Sign::Amount(amount) => {
                    if let Number::Each(_) = amount.number {
                        each = Some(amount.clone());
                    }
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
        if let Some(each) = each {
            let bare = self.lines.iter_mut().chain(&mut lines).filter(|l| l.amount.is_none());
            bare.for_each(|line| line.amount = Some(each.clone()));
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
                let Sign::Amount(Amount { number: Number::One(milli), unit: Some(unit), .. }) = sign else { return None };
                let is_thing = |i: &usize| matches!(signs.get(*i), Some(Sign::Thing(line)) if self.is_size(line, *milli, unit));
                let before = (0..at).rev().find(|i| matches!(signs.get(*i), Some(Sign::Thing(_)))).filter(is_thing);
                let after = (at + 1..signs.len()).find(|i| matches!(signs.get(*i), Some(Sign::Thing(_)))).filter(is_thing);
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
        line.size.is_none() && ids.iter().any(|id| self.catalogue.product(*id).is_some_and(|p| p.packing.is_size(milli, unit)))
    }

    fn add(&mut self, mut lines: Vec<Line>, mut waiting: Vec<Amount>) {
        if let (Some(first), Some(_)) = (lines.first_mut().filter(|l| l.amount.is_none()), &self.pending) {
            first.amount = self.pending.take();
        }
        if lines.is_empty() && !waiting.is_empty() {
            let amount = waiting.remove(0);
            match self.lines.last_mut().filter(|l| l.amount.is_none()) {
                Some(line) => line.amount = Some(amount),
                None => self.pending = Some(amount),
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

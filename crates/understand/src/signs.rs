//! The pieces of a text as signs: names of products, strangers, amounts, ends of phrases, corrections.
//!
//! Names that stand exactly as in the catalogue are marked first, so that no word of them is taken for anything else; then
//! one pass from left to right. Words in a row are divided into names, each as long as its words can mean one product
//! together. What a phrase makes of its signs does NOT live here (see `parse`).

use std::collections::BTreeSet;

use crate::{
    lexicon::{Cue, signs},
    matching::{Look, Piece, SALIENT, is_particle, joined},
    normalise::{Kind, MILLI, Token, stem},
    numbers::{Number, is_number_word, number_at},
    parse::{Amount, Line, Read, What},
    units::is_tin,
};

/// After a product this is "also", elsewhere it is water.
const ALSO: &str = "pani";
/// Words of a name in the catalogue that may stand in one row.
const LONGEST_NAME: usize = 6;

/// What a piece or a few of them are.
#[derive(Debug)]
pub(crate) enum Sign {
    Thing(Line),
    Amount(Amount),
    End,
    Correction,
    NotWanted,
}

/// Turns pieces into signs.
pub(crate) struct Reader<'a> {
    look: &'a Look<'a>,
    pieces: &'a [Token],
    /// Pieces that belong to a name exactly as the catalogue has it.
    named: Vec<bool>,
    /// Words in a row that may name products.
    row: Vec<usize>,
    pub(crate) signs: Vec<Sign>,
    pub(crate) read: Read,
    /// The number that the next entry of a numbered list begins with.
    list: i64,
    /// The lines begin with 1, 2, 3 … and have another number each.
    numbered_lines: bool,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(look: &'a Look<'a>, pieces: &'a [Token]) -> Self {
        let mut reader = Self {
            look,
            pieces,
            named: vec![false; pieces.len()],
            row: Vec::new(),
            signs: Vec::new(),
            read: Read::default(),
            list: 0,
            numbered_lines: are_numbered(pieces),
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
                    Kind::Word { key, .. } if is_particle(key) && words.is_empty() => break,
                    Kind::Word { key, .. } if is_particle(key) => continue,
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

    pub(crate) fn run(&mut self) {
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
        let mut cues = signs(token);
        // "pathaunu bhayo" is the polite past: it asks for nothing, it speaks of what was sent.
        if cues.contains(&Cue::Want) && self.piece(at + 1).is_some_and(|next| is_past(&next.raw)) {
            cues = BTreeSet::from([Cue::Arrived]);
        }
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
        if token.starts_line && self.numbered_lines {
            self.sign(Sign::End);
            return Some(at + 1);
        }
        let closed = self.piece(at + 1).is_some_and(|t| (t.is_mark('.') || t.is_mark(')')) && !t.spaced);
        let goes_on = self.piece(at + 2).is_some_and(|t| !t.starts_line && !t.is_mark('\n'));
        let in_turn =
            self.list > 0 && milli == self.list && matches!(self.signs.last(), Some(Sign::Amount(_) | Sign::End));
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
            let (number, end) = number_at(
                self.pieces,
                at + 1 + usize::from(self.piece(at + 1).is_some_and(|t| t.is_mark('.'))),
                units,
            )?;
            self.read.cues.insert(Cue::Money);
            self.note(number);
            return Some(end);
        }
        let negative =
            token.is_mark('-') && token.spaced && !token.starts_line && self.piece(at + 1).is_some_and(|t| !t.spaced);
        if negative {
            let (_, end) = number_at(self.pieces, at + 1, units)?;
            let unit = self.unit(end).map(str::to_owned);
            let next = end + usize::from(unit.is_some());
            self.push(Amount { number: Number::One(-MILLI), unit, doubtful: false });
            return Some(next);
        }
        let unit_first = self
            .unit(at)
            .filter(|_| !matches!(self.signs.last(), Some(Sign::Amount(a)) if a.unit.is_none() && self.row.is_empty()));
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
        // "2 wota bora" counts bags: the counter before a unit says nothing.
        if self.unit(end) == Some("piece") && self.unit(end + 1).is_some() {
            end += 1;
        }
        let unit = match self.piece(end) {
            Some(t) if t.raw == "ta" => Some("piece"),
            Some(_) => self.unit(end),
            None => None,
        };
        if unit.is_none() && self.piece(end).is_some_and(|t| t.key() == "ko") && self.has(end + 1, Cue::Price) {
            self.read.cues.insert(Cue::Money);
            return Some(end);
        }
        if unit.is_none() && (self.has(end, Cue::Money) || self.piece(end).is_some_and(is_not_goods) || bare(token)) {
            self.read.cues.extend(self.has(end, Cue::Money).then_some(Cue::Money));
            return Some(end);
        }
        let dozens = end
            .checked_sub(1)
            .and_then(|i| self.piece(i))
            .is_some_and(|t| t.key().starts_with("dar") || t.key().starts_with("dojen"));
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
            if piece.means == ALSO && !names.is_empty() && !names.iter().any(|name| name.fits(&piece)) {
                at = end;
                continue;
            }
            let taken = names.last_mut().is_some_and(|name| name.takes(&piece, end));
            if !taken {
                names.push(Name::new(piece, at, end));
            }
            at = end;
        }
        self.read.strays += strays;
        self.read.naming += names.iter().map(|name| name.to - name.from).sum::<usize>();
        // "Red bull" is no red lentil: a word that only occurs in a name is not one, beside words that are strange.
        let alone = names.len() == 1;
        let mut things: Vec<Sign> = names
            .into_iter()
            .map(|name| (typed(name.from, name.to), name.products(self.look)))
            .filter(|(_, what)| !(alone && strays > 0 && matches!(what, What::Products { sure: false, .. })))
            .map(|(text, what)| Sign::Thing(Line { what, amount: None, size: None, text }))
            .collect();
        if things.is_empty() {
            let what = What::Stranger(words.iter().map(|w| (*w).to_owned()).collect());
            things.push(Sign::Thing(Line { what, amount: None, size: None, text: typed(0, words.len()) }));
        }
        self.signs.append(&mut things);
    }
}

/// Whether every line begins with its number and has another one.
fn are_numbered(pieces: &[Token]) -> bool {
    let lines: Vec<&[Token]> = pieces.split(|t| t.is_mark('\n')).filter(|line| !line.is_empty()).collect();
    let is_number = |t: &Token| matches!(t.kind, Kind::Digits { .. }) || is_number_word(t);
    let in_turn = |(line, number): (&&[Token], i64)| {
        let begins = matches!(line.first().map(|t| &t.kind), Some(Kind::Digits { milli, .. }) if *milli == number.saturating_mul(MILLI));
        begins && line.get(1).is_some_and(Token::is_word) && line.iter().skip(2).any(is_number)
    };
    lines.len() > 1 && lines.iter().zip(1..).all(in_turn)
}

/// The word that makes a polite verb one of the past.
fn is_past(raw: &str) -> bool {
    matches!(raw, "bhayo" | "bhyo" | "vayo" | "bhaeko" | "vaeko" | "भयो" | "भएको")
}

/// Whether a product is among hits, which are sorted by product.
fn has_product(hits: &[(u32, u32)], id: u32) -> bool {
    hits.binary_search_by_key(&id, |(id, _)| *id).is_ok()
}

/// Words after a number that make it no quantity of goods.
fn is_not_goods(token: &Token) -> bool {
    matches!(
        token.key(),
        "baje"
            | "din"
            | "ganta"
            | "minet"
            | "minute"
            | "hapta"
            | "mahina"
            | "gate"
            | "am"
            | "pm"
            | "percent"
            | "coti"
            | "patak"
            | "jana"
            | "dai"
            | "dais"
            | "hour"
            | "hours"
            | "bik"
            | "biks"
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
        if !self.fits(piece) {
            return false;
        }
        self.hits.retain(|(id, _)| has_product(&piece.hits, *id));
        self.to = end;
        self.means.push_str(&piece.means);
        self.pieces += 1;
        self.sure |= piece.sure;
        true
    }

    /// Whether some product has these words too.
    fn fits(&self, piece: &Piece) -> bool {
        self.hits.iter().any(|(id, _)| has_product(&piece.hits, *id))
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

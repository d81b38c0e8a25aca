//! The catalogue as an index, and the products that a few words can mean.
//!
//! Three ways, best first: the words are exactly a name or an alias; every word occurs in the names of the product; a
//! word is close to one that does (trigrams find a few dozen words of the vocabulary, `rapidfuzz` compares those). Words
//! of the trade that mean the same (rice, chamal) are one word. What a unit or the retailer's history narrows down, and
//! where a phrase begins and ends, does NOT live here.
//!
//! Bounds: a message makes at most [`MAX_GUESSES`] comparisons by similarity of at most [`SHORTLIST`] words each; the rest
//! is hash look-ups, so that the size of the catalogue hardly matters.

use std::{
    cell::{Cell, RefCell},
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::LazyLock,
};

use rapidfuzz::distance::indel;

use crate::{
    Product,
    normalise::{Kind, MILLI, Token, skeleton, spell, stem, tokens},
    units::{Packing, Units, is_measure},
};

/// Words of one message that are looked up by similarity.
const MAX_GUESSES: usize = 32;
/// Words of the vocabulary that are compared with one typed word.
const SHORTLIST: usize = 24;
/// How alike two words must be to be taken for one, in percent.
const ALIKE: usize = 78;
/// How alike they must be to be as good as the same.
const SURELY_ALIKE: usize = 88;
/// What another first letter costs: people seldom get that one wrong.
const OTHER_BEGINNING: usize = 10;
/// In how many percent of a product's names a word stands that names it by itself; "red" in "red lentil" does not.
pub(crate) const SALIENT: u32 = 25;
/// Words up to this length say too little to be compared by their consonants alone.
const SHORT: usize = 4;
/// How alike a word of three letters must be: one letter may be missing.
const SURE_WHEN_SHORT: usize = 85;
/// How alike a name must be to be offered as "the nearest we have", in percent.
const NEAREST: usize = 45;

/// Words that mean one thing in the trade; the first stands for all. A vendor's name in one language is found in the other.
const SAME: &[&str] = &[
    "chamal rice चामल",
    "tel oil तेल",
    "sabun soap साबुन saboon",
    "dal lentil lentils daal pulses दाल",
    "chauchau noodle noodles chowchow चाउचाउ",
    "biskut biscuit biscuits biskit cookies बिस्कुट",
    "chini sugar चिनी",
    "nun salt नुन",
    "pani water वाटर पानी",
    "dudh milk दूध doodh",
    "chiya tea चिया chia chai",
    "anda egg eggs अण्डा phul",
    "alu potato potatoes आलु",
    "pyaj onion onions प्याज",
    "kerau peas matar केराउ",
    "tori mustard sarsyu तोरी",
    "suryamukhi sunflower सूर्यमुखी",
    "bhatmas soybean soyabean soya soyabin भटमास",
    "besar turmeric haldi बेसार",
    "jira cumin jeera जीरा",
    "khursani chilli chili chilly खुर्सानी",
    "masu meat मासु",
    "salai matches match matchbox सलाई",
    "mainbatti candle candles मैनबत्ती mombatti",
    "manjan toothpaste मन्जन",
    "ghiu ghee gheu घिउ",
    "coke coca kok कोक",
    "gahu wheat गहुँ",
    "atta aanta आटा",
    "mansuli mansuri mansoori masuli मन्सुली",
    "nariwal coconut नरिवल",
    "detergent detergents surf",
    "paudar powder पाउडर dhulo",
];

/// The word that stands for a word of [`SAME`], by stems.
static STANDS_FOR: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let mut all = HashMap::new();
    for group in SAME {
        let mut words = group.split(' ').map(|word| stem_of(&spell(word)));
        if let Some(first) = words.next() {
            all.extend(words.filter(|w| *w != first).map(|w| (w, first.clone())));
        }
    }
    all
});

fn stem_of(kind: &Kind) -> String {
    match kind {
        Kind::Word { key, .. } => stem(key).to_owned(),
        _ => String::new(),
    }
}

/// The word of the vocabulary for a typed one, by the stem of its key.
fn meaning(stem: &str) -> &str {
    STANDS_FOR.get(stem).map_or(stem, String::as_str)
}

/// Particles inside a name that one person writes and another leaves out.
pub(crate) fn is_particle(key: &str) -> bool {
    matches!(key, "ko" | "ka" | "ki" | "of" | "the" | "bala" | "balo")
}

/// The products of one vendor area, indexed once and read by every message.
#[derive(Debug, Default)]
pub struct Catalogue {
    pub(crate) products: Vec<Indexed>,
    pub(crate) units: Units,
    by_sku: HashMap<String, u32>,
    /// Names and aliases with their words run together.
    phrases: HashMap<String, Vec<u32>>,
    vocabulary: Vec<Entry>,
    words: HashMap<String, u32>,
    trigrams: HashMap<[char; 3], Vec<u32>>,
}

/// What is kept of a product.
#[derive(Debug)]
pub(crate) struct Indexed {
    pub(crate) sku: String,
    pub(crate) packing: Packing,
}

/// A word that occurs in names, or a whole name run together.
#[derive(Debug)]
struct Entry {
    word: String,
    skeleton: String,
    /// What the word stands for; itself except for the words of [`SAME`].
    means: String,
    /// The products, and in how many percent of their names the word occurs; sorted by product.
    hits: Vec<(u32, u32)>,
}

/// What a word or a few can mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The words as the vocabulary has them, run together.
    pub(crate) means: String,
    /// The products and the share of their names, sorted by product.
    pub(crate) hits: Vec<(u32, u32)>,
    /// How many words were used.
    pub(crate) used: usize,
    /// The words were found as they are, or all but.
    pub(crate) sure: bool,
}

/// The names of a retailer's own, and how many guesses this message may still make.
pub(crate) struct Look<'c> {
    pub(crate) catalogue: &'c Catalogue,
    learned: HashMap<String, u32>,
    guesses: Cell<usize>,
    tally: RefCell<Vec<u8>>,
}

impl Catalogue {
    /// Indexes products. Of two with one SKU the later counts.
    pub fn new(products: Vec<Product>) -> Self {
        let mut catalogue = Self::default();
        let mut by_word: BTreeMap<String, BTreeMap<u32, u32>> = BTreeMap::new();
        let by_sku: BTreeMap<String, Product> = products.into_iter().map(|p| (p.sku.clone(), p)).collect();
        for (id, product) in (0_u32..).zip(by_sku.into_values()) {
            let names: Vec<Vec<String>> = [&product.name, &product.name_ne]
                .into_iter()
                .chain(&product.aliases)
                .map(|name| name_words(&tokens(name), &catalogue.units))
                .filter(|words| !words.is_empty())
                .collect();
            let share = u32::try_from(names.len()).ok().and_then(|n| 100_u32.checked_div(n)).unwrap_or(0);
            for words in &names {
                let joined = run_together(words.iter().map(String::as_str));
                let ids = catalogue.phrases.entry(joined.clone()).or_default();
                if !ids.contains(&id) {
                    ids.push(id);
                }
                let mut once: BTreeSet<&String> = words.iter().collect();
                once.insert(&joined);
                for word in once {
                    *by_word.entry(word.clone()).or_default().entry(id).or_default() += share;
                }
            }
            catalogue.by_sku.insert(product.sku.clone(), id);
            let packing = packing(&product, &mut catalogue.units);
            catalogue.products.push(Indexed { sku: product.sku, packing });
        }
        for (word, hits) in by_word {
            catalogue.add(word.clone(), word, hits.into_iter().collect());
        }
        let mut same: Vec<(&String, &String)> = STANDS_FOR.iter().collect();
        same.sort();
        for (word, means) in same {
            if let Some(hits) = catalogue.entry(means).map(|e| e.hits.clone()) {
                catalogue.add(word.clone(), means.clone(), hits);
            }
        }
        catalogue
    }

    fn add(&mut self, word: String, means: String, hits: Vec<(u32, u32)>) {
        if self.words.contains_key(&word) {
            return;
        }
        let Ok(id) = u32::try_from(self.vocabulary.len()) else { return };
        for gram in trigrams(&word) {
            self.trigrams.entry(gram).or_default().push(id);
        }
        self.words.insert(word.clone(), id);
        self.vocabulary.push(Entry { skeleton: skeleton(&word), word, means, hits });
    }

    fn entry(&self, word: &str) -> Option<&Entry> {
        self.words.get(word).and_then(|id| self.at(*id))
    }

    fn at(&self, id: u32) -> Option<&Entry> {
        usize::try_from(id).ok().and_then(|id| self.vocabulary.get(id))
    }

    /// The product with this number.
    pub(crate) fn product(&self, id: u32) -> Option<&Indexed> {
        usize::try_from(id).ok().and_then(|id| self.products.get(id))
    }

    /// The number of the product with this SKU.
    pub(crate) fn id(&self, sku: &str) -> Option<u32> {
        self.by_sku.get(sku).copied()
    }

    /// How many products there are.
    pub fn len(&self) -> usize {
        self.products.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.products.is_empty()
    }

    /// The words of the vocabulary most like this one, best first, each with how alike it is in percent. They share at
    /// least a third of its trigrams; `tally` is room to count those in, kept from one word to the next.
    fn alike(&self, word: &str, floor: usize, tally: &mut Vec<u8>) -> Vec<(usize, &Entry)> {
        tally.clear();
        tally.resize(self.vocabulary.len(), 0);
        let grams = trigrams(word);
        let mut touched: Vec<u32> = Vec::new();
        for id in grams.iter().filter_map(|gram| self.trigrams.get(gram)).flatten() {
            let Some(count) = usize::try_from(*id).ok().and_then(|at| tally.get_mut(at)) else { continue };
            *count = count.saturating_add(1);
            if usize::from(*count) == grams.len().div_ceil(3) {
                touched.push(*id);
            }
        }
        let mut shortlist: Vec<(usize, u32)> = touched
            .into_iter()
            .filter_map(|id| {
                let count = usize::try_from(id).ok().and_then(|at| tally.get(at)).copied().map(usize::from)?;
                let len = self.at(id)?.word.len() + word.len();
                Some((200 * count / len.max(1), id))
            })
            .collect();
        if shortlist.len() > SHORTLIST {
            shortlist.select_nth_unstable_by_key(SHORTLIST, |(dice, id)| (Reverse(*dice), *id));
            shortlist.truncate(SHORTLIST);
        }
        let sought = Sought::new(word);
        let mut found: Vec<(usize, &Entry)> = shortlist
            .into_iter()
            .filter_map(|(_, id)| {
                let entry = self.at(id)?;
                let alike = sought.alike(entry);
                let names =
                    self.phrases.contains_key(&entry.means) || entry.hits.iter().any(|(_, share)| *share >= SALIENT);
                (alike >= floor && names).then_some((alike, entry))
            })
            .collect();
        found.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| x.word.cmp(&y.word)));
        found
    }
}

impl<'c> Look<'c> {
    /// Prepares one message: the retailer's own words for products become names.
    pub(crate) fn new(catalogue: &'c Catalogue, aliases: &[(String, String)]) -> Self {
        let learned = aliases.iter().filter_map(|(words, sku)| {
            let words = name_words(&tokens(words), &catalogue.units);
            (!words.is_empty()).then_some((run_together(words.iter().map(String::as_str)), catalogue.id(sku)?))
        });
        Self { catalogue, learned: learned.collect(), guesses: Cell::new(MAX_GUESSES), tally: RefCell::default() }
    }

    /// The products whose name these words are, run together.
    pub(crate) fn named(&self, joined: &str) -> Option<Vec<u32>> {
        self.learned.get(joined).map(|id| vec![*id]).or_else(|| self.catalogue.phrases.get(joined).cloned())
    }

    /// What the first words can mean, as many of them as belong together. Of words that are only alike, those of the
    /// products named just before (`beside`) are preferred.
    pub(crate) fn piece(&self, words: &[&str], beside: &[(u32, u32)]) -> Option<Piece> {
        let known = (1..=words.len().min(3)).rev().find_map(|used| {
            let joined = joined(words.get(..used)?);
            let learned = self.learned.get(&joined).map(|id| vec![(*id, 100)]);
            let entry = self.catalogue.entry(&joined);
            let is_name = used == 1 || self.catalogue.phrases.contains_key(&joined) || learned.is_some();
            let hits = learned.or_else(|| entry.map(|e| e.hits.clone()))?;
            is_name.then_some(Piece { means: joined, hits, used, sure: true })
        });
        known.or_else(|| {
            let one = self.guess(words.get(..1)?, 0, beside);
            let two = words.get(..2).and_then(|two| self.guess(two, 85, beside));
            match (one, two) {
                (Some((a, one)), Some((b, two))) => Some(if b > a { two } else { one }),
                (one, two) => one.or(two).map(|(_, piece)| piece),
            }
        })
    }

    fn guess(&self, words: &[&str], at_least: usize, beside: &[(u32, u32)]) -> Option<(usize, Piece)> {
        let word = joined(words);
        // A short word is only looked up for a vowel that was left out (chni).
        let is_short = word.len() < SHORT;
        let bones = skeleton(&word);
        let at_least = if is_short { SURE_WHEN_SHORT } else { at_least };
        if bones.len() < 2 || word.len() + 1 < SHORT || word.len() > 40 || self.guesses.get() == 0 {
            return None;
        }
        self.guesses.set(self.guesses.get().saturating_sub(1));
        let mut found = self.catalogue.alike(&word, ALIKE.max(at_least), &mut self.tally.borrow_mut());
        found.retain(|(_, entry)| !is_short || entry.skeleton == bones);
        let is_beside =
            |entry: &Entry| entry.hits.iter().any(|(id, _)| beside.binary_search_by_key(id, |(id, _)| *id).is_ok());
        if found.iter().any(|(_, entry)| is_beside(entry)) {
            found.retain(|(_, entry)| is_beside(entry));
        }
        let best = found.first()?.0;
        let mut hits: BTreeMap<u32, u32> = BTreeMap::new();
        for (_, entry) in found.iter().take_while(|(alike, _)| *alike == best) {
            for (id, share) in &entry.hits {
                let most = hits.entry(*id).or_default();
                *most = (*most).max(*share);
            }
        }
        let means = found.first().map(|(_, entry)| entry.means.clone())?;
        Some((best, Piece { means, hits: hits.into_iter().collect(), used: words.len(), sure: best >= SURELY_ALIKE }))
    }

    /// The SKUs of up to three products whose names come nearest.
    pub(crate) fn nearest(&self, words: &[&str]) -> Vec<String> {
        let mut best: BTreeMap<u32, usize> = BTreeMap::new();
        let whole = joined(words);
        for word in words.iter().copied().chain([whole.as_str()]).take(4) {
            for (alike, entry) in self.catalogue.alike(meaning(word), NEAREST, &mut self.tally.borrow_mut()) {
                for (id, _) in entry.hits.iter().take(3) {
                    let most = best.entry(*id).or_default();
                    *most = (*most).max(alike);
                }
            }
        }
        let mut ranked: Vec<(u32, usize)> = best.into_iter().collect();
        ranked.sort_by_key(|(id, alike)| (Reverse(*alike), *id));
        ranked.into_iter().take(3).filter_map(|(id, _)| Some(self.catalogue.product(id)?.sku.clone())).collect()
    }
}

/// The words of a text run together, each as the vocabulary has it.
pub(crate) fn joined(words: &[&str]) -> String {
    run_together(words.iter().map(|word| meaning(word)))
}

/// Words without the spaces between them; as everywhere in a key, a letter stands once ("good day" is "goodday").
pub(crate) fn run_together<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let mut out = String::new();
    for word in words {
        out.push_str(word.strip_prefix(|c: char| out.ends_with(c) && c.is_alphabetic()).unwrap_or(word));
    }
    out
}

/// The words of a name that tell products apart: without sizes ("12 × 1 litre", "30 packets") and particles.
fn name_words(tokens: &[Token], units: &Units) -> Vec<String> {
    let is_size = |at: usize| {
        let next = tokens.get(at + 1);
        let after = at.checked_sub(1).and_then(|i| tokens.get(i));
        let times = |t: Option<&Token>| t.is_some_and(|t| t.is_mark('*') || t.raw == "x");
        times(next) || times(after) || next.is_some_and(|t| units.of(t).is_some())
    };
    let mut words = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let follows_number =
            at.checked_sub(1).and_then(|i| tokens.get(i)).is_some_and(|t| matches!(t.kind, Kind::Digits { .. }));
        match &token.kind {
            Kind::Digits { .. } if !is_size(at) => words.push(token.raw.clone()),
            Kind::Word { key, .. }
                if !(is_particle(key) || token.raw == "x" || (follows_number && units.of(token).is_some())) =>
            {
                words.push(meaning(stem(key)).to_owned());
            }
            _ => {}
        }
    }
    words
}

/// How a product is packed, from its pack and from the sizes in its names.
fn packing(product: &Product, units: &mut Units) -> Packing {
    let mut packing = Packing { unit: units.learn(&product.unit), ..Packing::default() };
    if let Some((quantity, unit)) = &product.pack {
        packing.holds.push((quantity.saturating_mul(MILLI), units.learn(unit)));
    }
    let digits = |t: Option<&Token>| match t.map(|t| &t.kind) {
        Some(Kind::Digits { milli, .. }) => Some(*milli),
        _ => None,
    };
    for name in [&product.name, &product.name_ne] {
        let tokens = tokens(name);
        for (at, token) in tokens.iter().enumerate() {
            let Some(unit) = units.of(token).map(str::to_owned) else { continue };
            let Some(size) = at.checked_sub(1).and_then(|i| digits(tokens.get(i))) else { continue };
            let times = at.checked_sub(2).and_then(|i| tokens.get(i)).is_some_and(|t| t.is_mark('*') || t.raw == "x");
            match at.checked_sub(3).and_then(|i| digits(tokens.get(i))).filter(|_| times) {
                Some(count) => {
                    packing.inner.push((size, unit.clone()));
                    packing.holds.push((count.saturating_mul(size) / MILLI, unit));
                }
                None if is_measure(&unit) || packing.holds.is_empty() => packing.holds.push((size, unit)),
                None => {}
            }
        }
    }
    packing.holds.sort();
    packing.holds.dedup();
    packing.inner.sort();
    packing.inner.dedup();
    packing
}

/// A word that is compared with many of the vocabulary: what the comparison needs of it is prepared once.
struct Sought<'w> {
    word: &'w str,
    bones: String,
    letters: indel::BatchComparator<u8>,
    consonants: indel::BatchComparator<u8>,
}

impl<'w> Sought<'w> {
    fn new(word: &'w str) -> Self {
        let bones = skeleton(word);
        let consonants = indel::BatchComparator::new(bones.bytes());
        Self { word, letters: indel::BatchComparator::new(word.bytes()), consonants, bones }
    }

    /// How alike the word and one of the vocabulary are, in percent: by their letters and, less so, by their consonants.
    fn alike(&self, entry: &Entry) -> usize {
        let letters = percent(self.word.len() + entry.word.len(), self.letters.distance(entry.word.bytes()));
        let begins_otherwise = self.word.chars().next() != entry.word.chars().next();
        if self.word.len().min(entry.word.len()) <= SHORT {
            let differ = self.word.chars().zip(entry.word.chars()).filter(|(a, b)| a != b).count();
            let one_vowel = self.word.len() == entry.word.len() && differ == 1;
            let close = self.bones == entry.skeleton && !begins_otherwise && (letters >= 80 || one_vowel);
            return if close { letters.max(85) } else { letters.min(ALIKE - 1) };
        }
        let apart = self.consonants.distance(entry.skeleton.bytes());
        let mixed = (6 * letters + 4 * percent(self.bones.len() + entry.skeleton.len(), apart)) / 10;
        if begins_otherwise { mixed.saturating_sub(OTHER_BEGINNING) } else { mixed }
    }
}

/// How alike two words are, in percent.
pub(crate) fn ratio(a: &str, b: &str) -> usize {
    percent(a.len() + b.len(), indel::distance(a.bytes(), b.bytes()))
}

/// How much of two words that are so long together is common, where so much of it is apart.
fn percent(len: usize, apart: usize) -> usize {
    (100 * len.saturating_sub(apart)).checked_div(len).unwrap_or(0)
}

/// The runs of three characters of a word with its edges.
fn trigrams(word: &str) -> BTreeSet<[char; 3]> {
    let edged: Vec<char> = [' ', ' '].into_iter().chain(word.chars()).chain([' ']).collect();
    edged.windows(3).filter_map(|w| <[char; 3]>::try_from(w).ok()).collect()
}

//! What things are counted and weighed in, and when an amount in one unit is a whole number of packs of another.
//! Which product is meant does NOT live here.

use std::{collections::HashMap, sync::LazyLock};

use crate::normalise::{Kind, MILLI, Token, spell};

const NAMES: &[(&str, &str)] = &[
    ("bora", "bora boraa bori boro borey sack sacks bag bags katta kattaa thaila thailo बोरा बोरी कट्टा थैला थैलो"),
    (
        "carton",
        "carton cartons cartoon cartoons ctn ctns crtn cartn karton kartun kartoon katun kartan peti petti case cases cs pethi कार्टुन कार्टून कार्टन कर्टुन काटुन पेटी",
    ),
    ("tin", "tin teen tins tina jar can cans टिन टीन टिना"),
    ("crate", "crate crates kret kreth karet kreyt tray trays क्रेट क्यारेट ट्रे"),
    (
        "packet",
        "packet packets pkt pkts pket pack packs paket pyaket pyakit poka poko pokaa pauch pouch pouches प्याकेट पोका पोको प्याक",
    ),
    ("kg", "kg kgs kilo kilos kejee kejii keji kilogram kilograms kilogramme केजी किलो किलोग्राम"),
    ("g", "g gm gms gram grams graam ग्राम"),
    ("quintal", "quintal quintals kuintal kwintal qtl क्विन्टल"),
    ("litre", "litre litres liter liters ltr ltrs lit l letar litar लिटर लीटर"),
    ("ml", "ml mililitar millilitre मिलि एमएल"),
    (
        "piece",
        "piece pieces pcs pc pis pises peace wata vata wota vota ota oota gota waota thaan than dana bar bars tube tubes वटा ओटा गोटा पिस दाना थान",
    ),
    ("bottle", "bottle bottles botal botel btl bottal बोतल बोत्तल"),
    ("box", "box boxes baksa bakas dabba batta bakus बट्टा बाकस डब्बा बक्स"),
    ("roll", "roll rolls रोल"),
];

static KNOWN: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut all = HashMap::new();
    for (name, words) in NAMES {
        for word in words.split(' ') {
            all.entry(word.to_owned()).or_insert(*name);
            if let Kind::Word { light, .. } = spell(word) {
                all.entry(light).or_insert(*name);
            }
        }
    }
    all
});

/// The units that a catalogue knows: those of the trade and any further ones that its products name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Units {
    own: HashMap<String, String>,
}

impl Units {
    /// The one name of a unit as a catalogue writes it; an unknown one becomes known.
    pub(crate) fn learn(&mut self, unit: &str) -> String {
        let unit = unit.trim().to_lowercase();
        let Kind::Word { light, .. } = spell(&unit) else { return unit };
        match KNOWN.get(&unit).or_else(|| KNOWN.get(&light)) {
            Some(name) => (*name).to_owned(),
            None => self.own.entry(light).or_insert(unit).clone(),
        }
    }

    /// The unit that a word names.
    pub(crate) fn of(&self, token: &Token) -> Option<&str> {
        // In Devanagari the number and the tin are different words with one Latin spelling.
        if !token.is_word() || matches!(token.raw.as_str(), "तीन" | "तिन") {
            return None;
        }
        let known = KNOWN.get(&token.raw).or_else(|| KNOWN.get(token.light())).copied();
        known.or_else(|| self.own.get(token.light()).map(String::as_str))
    }
}

/// Whether a token is the word that is both three and a tin; in Devanagari the two differ.
pub(crate) fn is_tin(token: &Token) -> bool {
    token.light() == "tin" && (!token.is_devanagari() || token.raw.starts_with('ट'))
}

/// An amount in the smallest unit of its kind, in thousandths: grams, millilitres, or the unit itself.
pub(crate) fn base(milli: i64, unit: &str) -> (i128, &str) {
    let (times, base) = match unit {
        "kg" => (1000, "g"),
        "quintal" => (100_000, "g"),
        "litre" => (1000, "ml"),
        other => (1, other),
    };
    (i128::from(milli).saturating_mul(times), base)
}

/// Whether a unit weighs or measures, so that one of it is not a thing to be handed over.
pub(crate) fn is_measure(unit: &str) -> bool {
    matches!(unit, "kg" | "g" | "quintal" | "litre" | "ml")
}

/// How a product is packed, in the one spelling of units.
#[derive(Debug, Clone, Default)]
pub(crate) struct Packing {
    /// What the product is sold in.
    pub(crate) unit: String,
    /// What one of it holds, each way it can be said: 25 packets, and 25 kg.
    pub(crate) holds: Vec<(i64, String)>,
    /// What one of the things inside holds ("12 × 1 litre").
    pub(crate) inner: Vec<(i64, String)>,
}

impl Packing {
    /// How many packs an amount is, if that is a whole number; `None` if it is not or if the unit does not lead there.
    pub(crate) fn packs(&self, milli: i64, unit: Option<&str>) -> Option<i64> {
        let whole = |amount: i64| (amount % MILLI == 0).then_some(amount / MILLI);
        let Some(unit) = unit else { return whole(milli) };
        if unit == self.unit {
            return whole(milli);
        }
        let counted = self.holds.iter().any(|(_, held)| !is_measure(held));
        if (unit == "piece" && !counted)
            || (unit == "box" && self.unit == "carton" && !self.holds.iter().any(|(_, held)| held == "box"))
        {
            return whole(milli);
        }
        self.holds.iter().find_map(|(quantity, held)| {
            let held = if unit == "piece" && !is_measure(held) { unit } else { held };
            let (amount, kind) = base(milli, unit);
            let (one, held_kind) = base(*quantity, held);
            let fits = kind == held_kind && one > 0 && amount % one == 0;
            fits.then(|| i64::try_from(amount / one).ok()).flatten()
        })
    }

    /// Whether an amount describes the product ("the 25 kg bag") and can be left out.
    pub(crate) fn is_size(&self, milli: i64, unit: &str) -> bool {
        self.holds.iter().chain(&self.inner).any(|(quantity, held)| base(milli, unit) == base(*quantity, held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packing(unit: &str, quantity: i64, held: &str) -> Packing {
        Packing { unit: unit.to_owned(), holds: vec![(quantity * MILLI, held.to_owned())], inner: Vec::new() }
    }

    #[test]
    fn another_unit_converts_only_to_whole_packs() {
        let sugar = packing("bora", 50, "kg");
        assert_eq!(sugar.packs(100 * MILLI, Some("kg")), Some(2));
        assert_eq!(sugar.packs(MILLI, Some("quintal")), Some(2));
        assert_eq!(sugar.packs(30 * MILLI, Some("kg")), None);
        assert_eq!(sugar.packs(2 * MILLI, Some("carton")), None);
        assert_eq!(sugar.packs(2500, Some("bora")), None);
        let eggs = packing("crate", 30, "piece");
        assert_eq!(eggs.packs(60 * MILLI, Some("piece")), Some(2));
    }
}

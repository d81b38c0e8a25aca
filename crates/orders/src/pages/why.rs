//! Why an order went where it went, in words and with a picture of the scores.

use std::cmp::Reverse;

use maud::{Markup, html};
use routing::{Candidate, DecisionKind, Hundredths, Scores, StoredDecision, Weights};
use web::panel::{self, PageLanguage, Share, money, number, plain, text};

use super::Names;
use super::words::{self, Word};

/// A decision: what was chosen and what came next, the scores, and what stood against the others.
pub(super) fn decision(names: &Names, decision: &StoredDecision, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let candidates = &decision.decision.candidates;
    let (able, unable): (Vec<&Candidate>, Vec<&Candidate>) =
        candidates.iter().partition(|candidate| candidate.ineligible.is_none());
    html! {
        p { (sentence(names, decision, &able, language)) }
        @if let Some(why) = &decision.reason { p.hint { (say(Word::Reason)) ": " (words::why(why, language)) } }
        @if !able.is_empty() {
            @for candidate in &able { (picture(names, candidate, &decision.decision.weights, language)) }
            (scores(names, decision, &able, language))
        }
        @if !unable.is_empty() {
            h3 { (say(Word::CouldNot)) }
            ul { @for candidate in &unable {
                li {
                    (names.vendor(Some(candidate.vendor_id))) ": "
                    @if let Some(why) = &candidate.ineligible { (words::ineligible(why, language)) }
                }
            } }
        }
    }
}

/// What was decided, as one would say it on the telephone.
pub(super) fn sentence(
    names: &Names,
    decision: &StoredDecision,
    able: &[&Candidate],
    language: PageLanguage,
) -> String {
    let is_english = language == PageLanguage::English;
    let Some(chosen) = decision.chosen_vendor_id else {
        return Word::NobodyCould.text(language).to_owned();
    };
    let name = names.vendor(Some(chosen));
    let own = able.iter().find(|candidate| candidate.vendor_id == chosen);
    let score = own.and_then(|own| own.score).unwrap_or_default();
    match decision.kind {
        DecisionKind::Named if is_english => return format!("The order named {name}, which could take it."),
        DecisionKind::Named => return format!("अर्डरमै {name} तोकिएको थियो, र उनले दिन सक्थे।"),
        DecisionKind::Override if is_english => return format!("An operator chose {name}; the order check passed."),
        DecisionKind::Override => return format!("सञ्चालकले {name} छान्नुभयो; जाँच ठीक थियो।"),
        DecisionKind::Routed => {}
    }
    let best = own.and_then(|own| strongest(own, &decision.decision.weights));
    let strength = best.map_or("", |word| word.text(language));
    let next = able.iter().filter(|candidate| candidate.vendor_id != chosen).max_by_key(|other| other.score);
    let next = next.map(|other| (names.vendor(Some(other.vendor_id)), other.score.unwrap_or_default()));
    match (next, is_english) {
        (Some((other, points)), true) => {
            format!(
                "{name} came first with {score} of 100 points, most of them for {strength}. {other} came next with {points}."
            )
        }
        (Some((other, points)), false) => {
            format!(
                "{name} ले १०० मध्ये {score} अङ्क पाएर पहिलो भए, सबैभन्दा बढी {strength} मा। त्यसपछि {other}, {points} अङ्क।"
            )
        }
        (None, true) => format!("{name} was the only one that could take it, with {score} of 100 points."),
        (None, false) => format!("{name} ले मात्र दिन सक्थे, १०० मध्ये {score} अङ्क।"),
    }
}

fn parts(scores: &Scores, weights: &Weights) -> [(Word, &'static str, Hundredths, i64); 5] {
    [
        (Word::Availability, "part-0", scores.availability, weights.availability),
        (Word::Proximity, "part-1", scores.proximity, weights.proximity),
        (Word::Workload, "part-2", scores.workload, weights.workload),
        (Word::PriceScore, "part-3", scores.price, weights.price),
        (Word::Reliability, "part-4", scores.reliability, weights.reliability),
    ]
}

/// What brought a vendor the most points.
fn strongest(candidate: &Candidate, weights: &Weights) -> Option<Word> {
    let parts = parts(candidate.scores.as_ref()?, weights);
    // The first of those that bring the same.
    parts.into_iter().min_by_key(|(.., score, weight)| Reverse(score.get().saturating_mul(*weight))).map(|part| part.0)
}

/// The points of a vendor as a bar of its scores, each as wide as what it brings.
fn picture(names: &Names, candidate: &Candidate, weights: &Weights, language: PageLanguage) -> Markup {
    let Some(scores) = &candidate.scores else { return html! {} };
    let shares: Vec<Share<'_>> = parts(scores, weights)
        .into_iter()
        .map(|(word, class, score, weight)| {
            // A hundred points are a thousand parts of the bar.
            let width = score.get().saturating_mul(weight) / 1_000;
            Share { label: word.text(language), class, width, shown: score.to_string() }
        })
        .collect();
    let title = format!("{} – {}", names.vendor(Some(candidate.vendor_id)), candidate.score.unwrap_or_default());
    html! { p.lead-in { strong { (title) } } (panel::stack(&title, &shares)) }
}

fn scores(names: &Names, decision: &StoredDecision, able: &[&Candidate], language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let columns =
        [text(say(Word::Vendor)), number(say(Word::Score)), number(say(Word::Total)), plain(say(Word::Chosen))];
    let row = |candidate: &&Candidate| {
        vec![
            html! { (names.vendor(Some(candidate.vendor_id))) },
            html! { (candidate.score.unwrap_or_default()) },
            html! { @if let Some(total) = candidate.total { (money(total)) } @else { "–" } },
            html! {
                @if decision.chosen_vendor_id == Some(candidate.vendor_id) { span.tag.good { (say(Word::Chosen)) } }
                @else { "–" }
            },
        ]
    };
    panel::table(language, say(Word::Decision), &columns, able.iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use kernel::{Id, Instant, VendorId};
    use routing::{Decision, Ineligible};

    use super::*;

    fn candidate(bits: u128, score: i64) -> Candidate {
        let point = Hundredths::new;
        let scores = Scores {
            availability: point(7_000),
            proximity: point(8_000),
            workload: point(7_500),
            price: point(10_000),
            reliability: point(8_000),
        };
        Candidate {
            vendor_id: VendorId::from_bits(bits),
            ineligible: None,
            total: None,
            scores: Some(scores),
            score: Some(point(score)),
        }
    }

    fn shown(candidates: Vec<Candidate>, kind: DecisionKind, language: PageLanguage) -> String {
        let chosen = candidates.iter().find(|one| one.ineligible.is_none()).map(|one| one.vendor_id);
        let stored = StoredDecision {
            id: Id::from_bits(1),
            chosen_vendor_id: chosen,
            kind,
            decision: Decision { weights: Weights::default(), candidates },
            reason: None,
            actor: "system".to_owned(),
            at: Instant::from_micros(0),
        };
        let names = Names { retailers: HashMap::new(), vendors: HashMap::new() };
        decision(&names, &stored, language).into_string()
    }

    #[test]
    fn a_decision_is_said_in_words() {
        let english = PageLanguage::English;
        let two = shown(vec![candidate(1, 8_025), candidate(2, 7_730)], DecisionKind::Routed, english);
        assert!(two.contains("came first with 80.25 of 100 points, most of them for stock"), "{two}");
        assert!(two.contains("came next with 77.30"), "{two}");
        // 30 per cent of 70 points are 21, which is 210 parts of the bar; the next one begins there.
        assert!(
            two.contains("x=\"0\" y=\"0\" width=\"210\"") && two.contains("x=\"210\" y=\"0\" width=\"160\""),
            "{two}"
        );
        let one = shown(vec![candidate(1, 8_025)], DecisionKind::Routed, PageLanguage::Nepali);
        assert!(one.contains("ले मात्र दिन सक्थे"), "{one}");
        assert!(shown(vec![candidate(1, 8_025)], DecisionKind::Override, english).contains("An operator chose"));
        let ineligible = Some(Ineligible::NotEnoughStock { line: 2, free: 3 });
        let nobody = shown(vec![Candidate { ineligible, ..candidate(1, 0) }], DecisionKind::Routed, english);
        assert!(nobody.contains("No wholesaler could take it.") && nobody.contains("has 3 of line 2"), "{nobody}");
    }
}

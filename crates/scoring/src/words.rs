//! What is said about scores, in Nepali, romanised Nepali and English.

use kernel::{Money, counted};
use parties::Language;

use crate::help::{Help, Step};
use crate::report::{percent, shown};
use crate::rules::{Band, Component, Facts, Score, points};

/// A band in one word.
pub(crate) const fn band(language: Language, band: Band) -> &'static str {
    match (language, band) {
        (Language::Nepali, Band::Excellent) => "उत्कृष्ट",
        (Language::Nepali, Band::Good) => "राम्रो",
        (Language::Nepali, Band::Fair) => "ठीकै",
        (Language::Nepali, Band::Weak) => "कमजोर",
        (Language::Nepali, Band::Poor) => "धेरै कमजोर",
        (Language::RomanNepali, Band::Excellent) => "utkrista",
        (Language::RomanNepali, Band::Good) => "ramro",
        (Language::RomanNepali, Band::Fair) => "thikai",
        (Language::RomanNepali, Band::Weak) => "kamjor",
        (Language::RomanNepali, Band::Poor) => "dherai kamjor",
        (Language::English, Band::Excellent) => "excellent",
        (Language::English, Band::Good) => "good",
        (Language::English, Band::Fair) => "fair",
        (Language::English, Band::Weak) => "weak",
        (Language::English, Band::Poor) => "poor",
    }
}

/// What a component is called.
pub(crate) const fn name(language: Language, component: Component) -> &'static str {
    match (language, component) {
        (Language::Nepali, Component::PaymentHistory) => "भुक्तानीको बानी",
        (Language::Nepali, Component::DebtRatio) => "उधारोको प्रयोग",
        (Language::Nepali, Component::OrderVolume) => "किनमेल",
        (Language::Nepali, Component::AccountAge) => "कारोबारको उमेर",
        (Language::RomanNepali, Component::PaymentHistory) => "Bhuktaniko bani",
        (Language::RomanNepali, Component::DebtRatio) => "Udharoko prayog",
        (Language::RomanNepali, Component::OrderVolume) => "Kinmel",
        (Language::RomanNepali, Component::AccountAge) => "Karobarko umer",
        (Language::English, Component::PaymentHistory) => "Payment history",
        (Language::English, Component::DebtRatio) => "Use of credit",
        (Language::English, Component::OrderVolume) => "Order volume",
        (Language::English, Component::AccountAge) => "Account age",
    }
}

/// The score in one sentence.
pub(crate) fn score(language: Language, score: &Score) -> String {
    let (number, band) = (score.score, band(language, score.band()));
    match (language, score.is_thin) {
        (Language::Nepali, false) => format!("३०० देखि ९०० मा अंक {number} छ: {band}।"),
        (Language::Nepali, true) => format!("३०० देखि ९०० मा अंक {number} छ: {band}। भुक्तानीको विवरण अझै छैन।"),
        (Language::RomanNepali, false) => format!("300 dekhi 900 ma anka {number} chha: {band}."),
        (Language::RomanNepali, true) => {
            format!("300 dekhi 900 ma anka {number} chha: {band}. Bhuktaniko bibaran ajhai chhaina.")
        }
        (Language::English, false) => format!("The score is {number} of 300 to 900: {band}."),
        (Language::English, true) => {
            format!("The score is {number} of 300 to 900: {band}. There is no payment to judge by yet.")
        }
    }
}

/// A component with its inputs, value and points in one sentence.
pub(crate) fn component(language: Language, component: Component, facts: &Facts, score: &Score) -> String {
    let value = score.value(component);
    let (points, most) = (shown(points(component, value)), component.most_points());
    let value = shown(value.into());
    let inputs = match component {
        Component::PaymentHistory => payments(language, facts, score.is_thin),
        Component::DebtRatio => debt(language, facts),
        Component::OrderVolume => volume(language, facts),
        Component::AccountAge => age(language, facts),
    };
    match language {
        Language::Nepali => format!("{inputs}: मान {value}, {most} मा {points} अंक।"),
        Language::RomanNepali => format!("{inputs}: man {value}, {most} ma {points} anka."),
        Language::English => format!("{inputs}: this is {value}, {points} of {most} points."),
    }
}

fn payments(language: Language, facts: &Facts, is_thin: bool) -> String {
    if is_thin {
        return match language {
            Language::Nepali => "गत ३६५ दिनमा तिर्नुपर्ने केही थिएन",
            Language::RomanNepali => "Gata 365 dinma tirnuparne kehi thiena",
            Language::English => "Nothing fell due or was repaid in the last 365 days",
        }
        .to_owned();
    }
    let (rated, on_time) = facts.rated_and_on_time();
    let overdue = facts.open.iter().filter(|cycle| cycle.days_overdue > 0).map(|cycle| cycle.outstanding);
    let overdue = Money::sum(overdue).unwrap_or_default();
    let late = overdue.is_positive().then(|| overdue.for_people());
    let (rated, on_time) = (rated.for_people(), on_time.for_people());
    match (language, late) {
        (Language::Nepali, None) => format!("गत ३६५ दिनको {rated} मध्ये {on_time} समयमै तिरियो"),
        (Language::Nepali, Some(late)) => {
            format!("गत ३६५ दिनको {rated} मध्ये {on_time} समयमै, र {late} को म्याद अहिले नाघेको छ")
        }
        (Language::RomanNepali, None) => format!("Gata 365 dinko {rated} madhye {on_time} samayamai tiriyo"),
        (Language::RomanNepali, Some(late)) => {
            format!("Gata 365 dinko {rated} madhye {on_time} samayamai, ra {late} ko myad ahile naghheko chha")
        }
        (Language::English, None) => format!("Of {rated} due or repaid in the last 365 days {on_time} is on time"),
        (Language::English, Some(late)) => {
            format!("Of {rated} due or repaid in the last 365 days {on_time} is on time, and {late} is overdue now")
        }
    }
}

fn debt(language: Language, facts: &Facts) -> String {
    if !facts.limit.is_positive() {
        return match language {
            Language::Nepali => "उधारोको सीमा छैन",
            Language::RomanNepali => "Udharoko sima chhaina",
            Language::English => "There is no credit limit",
        }
        .to_owned();
    }
    let share = percent(facts.outstanding, facts.limit);
    let (owed, limit) = (facts.outstanding.for_people(), facts.limit.for_people());
    match language {
        Language::Nepali => format!("सबै सीमा {limit} मध्ये {owed} तिर्न बाँकी छ ({share} %)"),
        Language::RomanNepali => format!("Sabai sima {limit} madhye {owed} tirna banki chha ({share} %)"),
        Language::English => format!("Of all limits, {limit}, {owed} is owed ({share} %)"),
    }
}

fn volume(language: Language, facts: &Facts) -> String {
    let delivered = facts.delivered.for_people();
    match language {
        Language::Nepali => format!("गत ९० दिनमा {delivered} को सामान आयो"),
        Language::RomanNepali => format!("Gata 90 dinma {delivered} ko saman aayo"),
        Language::English => format!("Goods for {delivered} arrived in the last 90 days"),
    }
}

fn age(language: Language, facts: &Facts) -> String {
    match (language, facts.age()) {
        (Language::Nepali, Some(days)) => format!("पहिलो अर्डर आएको {days} दिन भयो"),
        (Language::RomanNepali, Some(days)) => format!("Pahilo order aayeko {days} din bhayo"),
        (Language::English, Some(days)) => format!("The first order arrived {} ago", counted(days, "day")),
        (Language::Nepali, None) => "अहिलेसम्म कुनै अर्डर आएको छैन".to_owned(),
        (Language::RomanNepali, None) => "Ahilesamma kunai order aayeko chhaina".to_owned(),
        (Language::English, None) => "No order has arrived yet".to_owned(),
    }
}

/// What a component gained or lost.
pub(crate) fn change(language: Language, component: Component, gained: i128) -> String {
    let (name, points) = (name(language, component), shown(gained.saturating_abs()));
    match (language, gained < 0) {
        (Language::Nepali, false) => format!("{name} ले {points} अंक बढायो।"),
        (Language::Nepali, true) => format!("{name} ले {points} अंक घटायो।"),
        (Language::RomanNepali, false) => format!("{name} le {points} anka badhayo."),
        (Language::RomanNepali, true) => format!("{name} le {points} anka ghatayo."),
        (Language::English, false) => format!("{name} added {points} points."),
        (Language::English, true) => format!("{name} took {points} points."),
    }
}

/// What to do, and what it brings.
pub(crate) fn help(language: Language, help: &Help) -> String {
    let points = shown(help.gain);
    match (language, &help.step) {
        (Language::Nepali, Step::PayCycle { number, amount, .. }) => {
            format!("{number} को बाँकी {} तिर्नुभयो भने {points} अंक बढ्छ।", amount.for_people())
        }
        (Language::Nepali, Step::PayDown { amount }) => {
            format!("{} तिर्नुभयो भने सीमाको ३० % मात्र बाँकी रहन्छ र {points} अंक बढ्छ।", amount.for_people())
        }
        (Language::Nepali, Step::TakeDelivery { amount }) => {
            format!("थप {} को सामान नगदमा लिनुभयो भने {points} अंक बढ्छ।", amount.for_people())
        }
        (Language::RomanNepali, Step::PayCycle { number, amount, .. }) => {
            format!("{number} ko banki {} tirnubhayo bhane {points} anka badhchha.", amount.for_people())
        }
        (Language::RomanNepali, Step::PayDown { amount }) => {
            let amount = amount.for_people();
            format!("{amount} tirnubhayo bhane simako 30 % matra banki rahanchha ra {points} anka badhchha.")
        }
        (Language::RomanNepali, Step::TakeDelivery { amount }) => {
            format!("Thap {} ko saman nagadma linubhayo bhane {points} anka badhchha.", amount.for_people())
        }
        (Language::English, Step::PayCycle { number, amount, .. }) => {
            format!("Paying the {} left on {number} adds {points} points.", amount.for_people())
        }
        (Language::English, Step::PayDown { amount }) => {
            format!("Paying {} brings the debt to 30 % of all limits and adds {points} points.", amount.for_people())
        }
        (Language::English, Step::TakeDelivery { amount }) => {
            format!("Goods for {} more, paid in cash, add {points} points.", amount.for_people())
        }
    }
}

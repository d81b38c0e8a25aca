//! A retailer's insights as one short message in its language: no jargon, what is good first, nothing that is not known.

use kernel::{Money, counted};
use orders::Sum;
use parties::Language::{self, English, Nepali, RomanNepali};

use super::{FavouriteProduct, Figures, Insight, NextDue, Saving};

/// The message for a retailer of this name; below 1 024 characters.
pub fn message(language: Language, name: &str, insight: &Insight) -> String {
    let figures = &insight.figures;
    // The longest name of a shop would leave too little for the rest.
    let name: String = name.chars().take(60).collect();
    let mut lines = vec![match language {
        Nepali => format!("नमस्ते {name}! तपाईंको कारोबार:"),
        RomanNepali => format!("Namaste {name}! Tapaiko karobar:"),
        English => format!("Hello {name}! How your business is going:"),
    }];
    lines.push(month(language, figures.this_month, true));
    lines.extend((figures.last_month.orders > 0).then(|| month(language, figures.last_month, false)));
    lines.extend(figures.average_order.map(|average| {
        let average = average.for_people();
        match language {
            Nepali => format!("• एउटा अर्डर औसतमा {average}"),
            RomanNepali => format!("• Euta order ausatma {average}"),
            English => format!("• An order is {average} on average"),
        }
    }));
    lines.extend(figures.days_between_orders_tenths.filter(|tenths| *tenths > 0).map(|tenths| {
        let days = format!("{}.{}", tenths / 10, tenths % 10);
        let days = days.trim_end_matches(".0");
        match language {
            Nepali => format!("• लगभग {days} दिनको फरकमा अर्डर"),
            RomanNepali => format!("• Lagbhag {days} dinko pharakma order"),
            English => format!("• An order about every {days} days"),
        }
    }));
    lines.extend(favourites(language, &figures.favourites));
    lines.extend(owed(language, figures));
    lines.extend(on_time(language, figures));
    lines.extend(figures.next_due.as_ref().map(|due| next(language, due, figures)));
    lines.extend(figures.saving.map(|saving| saved(language, saving)));
    lines.push(
        match language {
            Nepali => "हामीसँग कारोबार गर्नुभएकोमा धन्यवाद।",
            RomanNepali => "Hamisanga karobar garnubhayekoma dhanyabad.",
            English => "Thank you for your business.",
        }
        .to_owned(),
    );
    lines.join("\n")
}

fn month(language: Language, sum: Sum, is_this: bool) -> String {
    let (orders, value) = (sum.orders, sum.value.for_people());
    match (language, is_this) {
        (Nepali, true) if orders == 0 => "• यो महिना अहिलेसम्म सामान आएको छैन".to_owned(),
        (RomanNepali, true) if orders == 0 => "• Yo mahina ahilesamma saman aayeko chhaina".to_owned(),
        (English, true) if orders == 0 => "• Nothing has arrived this month yet".to_owned(),
        (Nepali, true) => format!("• यो महिना {orders} अर्डर, {value}"),
        (Nepali, false) => format!("• गत महिना {orders} अर्डर, {value}"),
        (RomanNepali, true) => format!("• Yo mahina {orders} order, {value}"),
        (RomanNepali, false) => format!("• Gata mahina {orders} order, {value}"),
        (English, true) => format!("• This month {}, {value}", counted(orders, "order")),
        (English, false) => format!("• Last month {}, {value}", counted(orders, "order")),
    }
}

fn favourites(language: Language, products: &[FavouriteProduct]) -> Option<String> {
    // A name that is longer than anybody would read is cut.
    let name = |product: &FavouriteProduct| {
        let name = if language == Nepali { &product.name_ne } else { &product.name };
        name.chars().take(40).collect::<String>()
    };
    let names = products.iter().map(name).collect::<Vec<_>>().join(", ");
    (!names.is_empty()).then(|| match language {
        Nepali => format!("• धेरै किन्ने सामान: {names}"),
        RomanNepali => format!("• Dherai kinne saman: {names}"),
        English => format!("• What you buy most: {names}"),
    })
}

fn owed(language: Language, figures: &Figures) -> Option<String> {
    let percent = figures.utilisation_bp?.saturating_add(50) / 100;
    let (owed, limit) = (figures.outstanding.for_people(), figures.limit.for_people());
    Some(match language {
        Nepali => format!("• उधारो: {limit} मध्ये {owed} प्रयोगमा ({percent} %)"),
        RomanNepali => format!("• Udharo: {limit} madhye {owed} prayogma ({percent} %)"),
        English => format!("• Credit: {owed} of {limit} is used ({percent} %)"),
    })
}

fn on_time(language: Language, figures: &Figures) -> Option<String> {
    let percent = figures.on_time_bp? / 100;
    Some(match language {
        Nepali => format!("• समयमै तिरेको: १०० मा {percent}"),
        RomanNepali => format!("• Samayamai tireko: 100 ma {percent}"),
        English => format!("• Paid on time: {percent} of every 100 rupees"),
    })
}

fn next(language: Language, due: &NextDue, figures: &Figures) -> String {
    let (number, rest, on) = (&due.number, due.outstanding.for_people(), language.date(due.due_on));
    let is_late = figures.overdue.is_positive() && due.due_on < figures.on;
    match (language, is_late) {
        (Nepali, false) => format!("• अब तिर्ने बिल: {number}, {rest}, {on} सम्म"),
        (Nepali, true) => format!("• तिर्न बाँकी बिल: {number}, {rest}, मिति {on} थियो। मिलाएर तिरिदिनुहोला।"),
        (RomanNepali, false) => format!("• Aba tirne bill: {number}, {rest}, {on} samma"),
        (RomanNepali, true) => {
            format!("• Tirna banki bill: {number}, {rest}, miti {on} thiyo. Milayera tiridinuhola.")
        }
        (English, false) => format!("• Next bill: {number}, {rest}, by {on}"),
        (English, true) => format!("• Open bill: {number}, {rest}, was due on {on}. Please pay it when you can."),
    }
}

fn saved(language: Language, saving: Saving) -> String {
    let (amount, until): (String, _) = (Money::for_people(saving.amount), language.date(saving.until));
    match language {
        Nepali => format!("• {until} सम्म तिर्नुभयो भने {amount} सम्म बचत"),
        RomanNepali => format!("• {until} samma tirnubhayo bhane {amount} samma bachat"),
        English => format!("• Pay by {until} and save up to {amount}"),
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Id as _, Instant, ProductId, RetailerId};

    use super::*;

    fn rupees(amount: i64) -> Money {
        Money::from_rupees(amount).unwrap()
    }

    fn full() -> Insight {
        let product = |name: &str| FavouriteProduct {
            product_id: ProductId::from_bits(1),
            name: name.to_owned(),
            name_ne: "चामल".to_owned(),
            unit: "bora".to_owned(),
            quantity: 12,
        };
        let figures = Figures {
            on: "2026-03-31".parse().unwrap(),
            this_month: Sum { orders: 4, value: rupees(123_456) },
            last_month: Sum { orders: 1, value: rupees(9_000) },
            average_order: Some(rupees(26_491)),
            days_between_orders_tenths: Some(75),
            favourites: vec![product("Rice"), product("Sugar")],
            limit: rupees(200_000),
            outstanding: rupees(65_000),
            utilisation_bp: Some(3_250),
            on_time_bp: Some(8_750),
            overdue: Money::ZERO,
            next_due: Some(NextDue {
                number: "CRP-101".to_owned(),
                outstanding: rupees(20_000),
                due_on: "2026-04-10".parse().unwrap(),
            }),
            saving: Some(Saving { amount: rupees(1_000), until: "2026-04-05".parse().unwrap() }),
        };
        Insight { retailer_id: RetailerId::from_bits(1), figures, computed_at: Instant::from_micros(0) }
    }

    #[test]
    fn a_message_says_what_is_known_in_the_retailers_language() {
        let english = message(English, "Bheri Kirana", &full());
        let right = "Hello Bheri Kirana! How your business is going:\n• This month 4 orders, Rs. 1,23,456.00\n\
                     • Last month 1 order, Rs. 9,000.00\n• An order is Rs. 26,491.00 on average\n\
                     • An order about every 7.5 days\n• What you buy most: Rice, Sugar\n\
                     • Credit: Rs. 65,000.00 of Rs. 2,00,000.00 is used (33 %)\n\
                     • Paid on time: 87 of every 100 rupees\n• Next bill: CRP-101, Rs. 20,000.00, by 2026-04-10 (27 Chaitra 2082)\n\
                     • Pay by 2026-04-05 (22 Chaitra 2082) and save up to Rs. 1,000.00\nThank you for your business.";
        assert_eq!(english, right);
        assert!(message(Nepali, "भेरी", &full()).contains("धेरै किन्ने सामान: चामल, चामल"));
        assert!(message(RomanNepali, "Bheri", &full()).contains("Yo mahina 4 order, Rs. 1,23,456.00"));
    }

    #[test]
    fn who_did_nothing_is_greeted_all_the_same() {
        let mut insight = full();
        let on = insight.figures.on;
        insight.figures =
            super::super::figures(on, credit::Discipline::default(), orders::Months::default(), Vec::new(), None);
        let text = message(English, "Bheri", &insight);
        assert_eq!(
            text,
            "Hello Bheri! How your business is going:\n• Nothing has arrived this month yet\nThank you for your business."
        );
    }

    #[test]
    fn a_message_fits_whatever_is_in_it() {
        let mut insight = full();
        let figures = &mut insight.figures;
        for product in &mut figures.favourites {
            product.name = "x".repeat(500);
            product.name_ne = "च".repeat(500);
        }
        figures.favourites.push(figures.favourites[0].clone());
        let most = Money::from_paisa(i64::MAX);
        figures.this_month = Sum { orders: i64::MAX, value: most };
        figures.last_month = figures.this_month;
        (figures.average_order, figures.limit, figures.outstanding) = (Some(most), most, most);
        (figures.utilisation_bp, figures.on_time_bp) = (Some(i64::MAX), Some(i64::MAX));
        figures.overdue = most;
        figures.next_due.as_mut().unwrap().due_on = "2026-01-01".parse().unwrap();
        figures.next_due.as_mut().unwrap().outstanding = most;
        for language in Language::ALL {
            let text = message(*language, &"n".repeat(300), &insight);
            assert!(text.chars().count() < 1_024, "{language}: {}", text.chars().count());
        }
    }
}

//! The menu, and what it shows: what is owed, the last orders, today's prices.
//!
//! Each of them reads and answers; nothing is changed. Statements: the balance those of
//! [`credit::standings`]; the orders 2; the prices 1; the insights 1.

use std::collections::HashMap;

use credit::{Cycle, Settlement, Standing};
use db::{DbError, Tx};
use kernel::{Context, Money, PageRequest, ProductId, Scope};
use orders::{Filter, Order, OrderState};
use parties::Language::{self, English, Nepali, RomanNepali};
use parties::Retailer;
use understand::Understood;
use whatsapp::message::List;

use crate::brain::Index;
use crate::inbound::Reply;
use crate::words::{self, Press, choose, listing, named, product_name, state_name};

/// Orders that are shown.
const SHOWN_ORDERS: usize = 10;

/// Everything that can be asked for.
pub(crate) fn main(language: Language, name: &str) -> Reply {
    let name = named(name);
    let body = match language {
        Nepali => format!("नमस्ते {name}! के सहयोग गरौँ? सामान चाहिए सिधै लेखे पनि हुन्छ।"),
        RomanNepali => format!("Namaste {name}! Ke sahayog garau? Saman chahiye sidhai lekhe pani hunchha."),
        English => format!("Hello {name}! How can I help? To order, you can simply write what you need."),
    };
    let rows = [
        Press::Order,
        Press::Repeat,
        Press::Orders,
        Press::Owe,
        Press::Pay,
        Press::Insights,
        Press::Help,
        Press::Person,
    ];
    let list = rows
        .iter()
        .fold(List::new(body, choose(language)), |list, press| list.row(press.id(), press.title(language), None));
    let others = Language::ALL.iter().filter(|other| **other != language);
    let list = others.fold(list, |list, other| {
        let title = match other {
            Nepali => "नेपालीमा लेख्ने",
            RomanNepali => "Roman Nepali ma lekhne",
            English => "Write in English",
        };
        list.row(format!("language:{other}"), title, None)
    });
    list.build()
}

/// What the retailer owes to each vendor, what credit is left there, and what settles the next bill today.
pub(crate) async fn balance(
    tx: &mut Tx,
    cx: &Context,
    retailer: &Retailer,
    language: Language,
) -> Result<Reply, DbError> {
    let standings = credit::standings(tx, retailer, cx.now).await?;
    Ok(owed(language, &standings))
}

pub(crate) fn owed(language: Language, standings: &[Standing]) -> Reply {
    if standings.is_empty() {
        let body = match language {
            Nepali => "तपाईंको कुनै थोक पसलसँग उधारो खाता छैन, केही तिर्न पनि बाँकी छैन। नगदमा जहिले पनि अर्डर गर्न सक्नुहुन्छ।",
            RomanNepali => {
                "Tapaiko kunai thok pasal sanga udharo khata chhaina, kehi tirna pani baki chhaina. Nagad ma jahile pani \
                 order garna saknuhunchha."
            }
            English => {
                "You have no credit account with a wholesaler, and nothing to pay. You can always order for cash."
            }
        };
        return words::ask(language, body, &[Press::Order, Press::Person, Press::Menu]);
    }
    let head = match language {
        Nepali => "तपाईंको हिसाब:",
        RomanNepali => "Tapaiko hisab:",
        English => "Your account:",
    };
    // A blank line stands between two vendors.
    let gaps = std::iter::once("").chain(std::iter::repeat("\n"));
    let lines = standings.iter().zip(gaps).map(|(standing, gap)| format!("{gap}{}", owed_to_one(language, standing)));
    let lines: Vec<String> = lines.collect();
    listing(language, head, &lines, "", &[Press::Order, Press::Orders, Press::Menu])
}

fn owed_to_one(language: Language, standing: &Standing) -> String {
    let (vendor, owed) = (named(&standing.vendor.name), standing.line.outstanding.for_people());
    let available = standing.available.or_zero().for_people();
    let is_open = standing.is_open;
    let account = match language {
        Nepali if is_open => format!("*{vendor}*\nतिर्नुपर्ने: {owed}\nउधारो: {available} बाँकी"),
        RomanNepali if is_open => format!("*{vendor}*\nTirnuparne: {owed}\nUdharo: {available} baki"),
        English if is_open => format!("*{vendor}*\nTo pay: {owed}\nCredit: {available} left"),
        Nepali => format!("*{vendor}*\nतिर्नुपर्ने: {owed}\nउधारो: अहिले रोकिएको"),
        RomanNepali => format!("*{vendor}*\nTirnuparne: {owed}\nUdharo: ahile rokiyeko"),
        English => format!("*{vendor}*\nTo pay: {owed}\nCredit: on hold for now"),
    };
    match &standing.next_due {
        Some((cycle, today)) => format!("{account}\n{}", next_bill(language, cycle, today)),
        None => account,
    }
}

/// A bill, when it is due, and what settles it today.
fn next_bill(language: Language, cycle: &Cycle, today: &Settlement) -> String {
    let (number, due_on, rest) = (named(&cycle.number), language.date(cycle.due_on), cycle.outstanding.for_people());
    let (cash, saved, interest) = (today.cash.for_people(), today.discount, today.interest);
    let with = match language {
        Nepali if saved.is_positive() => format!(", {} बचत", saved.for_people()),
        RomanNepali if saved.is_positive() => format!(", {} bachat", saved.for_people()),
        English if saved.is_positive() => format!(" and saves {}", saved.for_people()),
        Nepali if interest.is_positive() => format!(", ब्याज {} सहित", interest.for_people()),
        RomanNepali if interest.is_positive() => format!(", byaj {} sahit", interest.for_people()),
        English if interest.is_positive() => format!(", with {} of interest", interest.for_people()),
        Nepali | RomanNepali | English => String::new(),
    };
    match language {
        Nepali => format!("बिल {number}: {rest}, तिर्ने मिति {due_on}। आज {cash} तिरे चुक्ता हुन्छ{with}।"),
        RomanNepali => format!("Bill {number}: {rest}, tirne miti {due_on}. Aaja {cash} tire chukta hunchha{with}."),
        English => format!("Bill {number}: {rest}, due on {due_on}. {cash} settles it today{with}."),
    }
}

/// What the retailer did, owes and can save, as it was computed last.
pub(crate) async fn insights(tx: &mut Tx, retailer: &Retailer, language: Language) -> Result<Reply, DbError> {
    let found = scoring::insight(tx, retailer.id).await?;
    let body = match &found {
        Some(insight) => scoring::message(language, &retailer.name, insight),
        None => no_insights(language).to_owned(),
    };
    Ok(words::ask(language, body, &[Press::Owe, Press::Order, Press::Menu]))
}

pub(crate) const fn no_insights(language: Language) -> &'static str {
    match language {
        Nepali => "तपाईंको कारोबारको झलक भोलि बिहानसम्म तयार हुन्छ।",
        RomanNepali => "Tapaiko karobarko jhalak bholi bihanasamma tayar hunchha.",
        English => "The summary of your business will be ready by tomorrow morning.",
    }
}

/// The last orders, newest first, with where they stand.
pub(crate) async fn orders(tx: &mut Tx, retailer: &Retailer, language: Language) -> Result<Reply, DbError> {
    // Drafts that were begun and left stand between the orders, so a few more are read than shown.
    let page = PageRequest::new(Some(50), None);
    let known = orders::list(tx, Scope::Retailer(retailer.id), &Filter::default(), &page).await?.items;
    let real = known.into_iter().filter(|order| !matches!(order.state, OrderState::Draft | OrderState::Expired));
    Ok(last_orders(language, &real.take(SHOWN_ORDERS).collect::<Vec<_>>()))
}

pub(crate) fn last_orders(language: Language, orders: &[Order]) -> Reply {
    if orders.is_empty() {
        let body = match language {
            Nepali => "अहिलेसम्म कुनै अर्डर छैन। के चाहियो, लेख्नुहोस् न।",
            RomanNepali => "Ahile samma kunai order chhaina. Ke chahiyo, lekhnuhos na.",
            English => "There are no orders yet. Just write what you need.",
        };
        return words::ask(language, body, &[Press::Order, Press::Menu]);
    }
    let head = match language {
        Nepali => "पछिल्ला अर्डर:",
        RomanNepali => "Pachhilla order:",
        English => "Your last orders:",
    };
    let line = |order: &Order| {
        let (date, state) = (language.date(order.created_at.business_date()), state_name(language, order.state));
        format!("• {}, {date}: {state}, {}", order.code, order.total.for_people())
    };
    let lines: Vec<String> = orders.iter().map(line).collect();
    listing(language, head, &lines, "", &[Press::Repeat, Press::Order, Press::Menu])
}

/// The cheapest and the dearest price of each product asked for.
pub(crate) async fn prices(
    tx: &mut Tx,
    index: &Index,
    understood: &Understood,
    language: Language,
) -> Result<Reply, DbError> {
    let asked = asked_for(index, understood);
    if asked.is_empty() {
        let near = understood.unknown.iter().flat_map(|unknown| &unknown.nearest).filter_map(|sku| index.by_sku(sku));
        let names: Vec<String> = near.take(3).map(|product| product_name(language, product).to_owned()).collect();
        return Ok(if names.is_empty() { which_price(language) } else { words::not_understood(language, &names) });
    }
    let spans = spans(tx, &asked).await?;
    Ok(price_list(language, index, &asked, &spans))
}

/// The products that a message is about, certainly or possibly.
pub(crate) fn asked_for(index: &Index, understood: &Understood) -> Vec<ProductId> {
    let certain = understood.items.iter().map(|item| &item.sku);
    let possible = understood.ask.iter().flat_map(|ask| &ask.candidates);
    let mut asked: Vec<ProductId> = Vec::new();
    for product in certain.chain(possible).filter_map(|sku| index.by_sku(sku)) {
        if !asked.contains(&product.id) {
            asked.push(product.id);
        }
    }
    asked
}

/// From what to what each product costs today.
pub(crate) async fn spans(tx: &mut Tx, asked: &[ProductId]) -> Result<HashMap<ProductId, (Money, Money)>, DbError> {
    let mut spans: HashMap<ProductId, (Money, Money)> = HashMap::new();
    for sold in catalog::selling(tx, asked).await?.into_values().filter(|sold| sold.is_available) {
        let span = spans.entry(sold.product).or_insert((sold.price, sold.price));
        *span = (span.0.min(sold.price), span.1.max(sold.price));
    }
    Ok(spans)
}

pub(crate) fn which_price(language: Language) -> Reply {
    let body = match language {
        Nepali => "कुन सामानको भाउ चाहियो? जस्तै: चिनीको भाउ",
        RomanNepali => "Kun saman ko bhau chahiyo? Jastai: chini ko bhau",
        English => "Which product's price would you like? For example: price of sugar",
    };
    words::ask(language, body, &[Press::Order, Press::Menu])
}

pub(crate) fn price_list(
    language: Language,
    index: &Index,
    asked: &[ProductId],
    spans: &HashMap<ProductId, (Money, Money)>,
) -> Reply {
    let lines = price_lines(language, index, asked, spans);
    let tail = match language {
        Nepali => "चाहिए कति, लेख्नुहोस्।",
        RomanNepali => "Chahiye kati, lekhnuhos.",
        English => "Write how much you need, and I will order it.",
    };
    listing(language, prices_head(language), &lines, tail, &[Press::Order, Press::Menu])
}

pub(crate) const fn prices_head(language: Language) -> &'static str {
    match language {
        Nepali => "आजको भाउ:",
        RomanNepali => "Aaja ko bhau:",
        English => "Today's prices:",
    }
}

/// What each product costs, a line each: names and prices, and nobody's name.
pub(crate) fn price_lines(
    language: Language,
    index: &Index,
    asked: &[ProductId],
    spans: &HashMap<ProductId, (Money, Money)>,
) -> Vec<String> {
    let line = |id: &ProductId| {
        let product = index.by_id(*id)?;
        let (name, unit) = (product_name(language, product), catalog::unit_name(language, &product.unit));
        let Some((low, high)) = spans.get(id) else {
            return Some(match language {
                Nepali => format!("• {name}: अहिले पाइँदैन"),
                RomanNepali => format!("• {name}: ahile paidaina"),
                English => format!("• {name}: not to be had now"),
            });
        };
        let price = if low == high {
            low.for_people()
        } else {
            match language {
                Nepali => format!("{} देखि {}", low.for_people(), high.for_people()),
                RomanNepali => format!("{} dekhi {}", low.for_people(), high.for_people()),
                English => format!("{} to {}", low.for_people(), high.for_people()),
            }
        };
        Some(match language {
            Nepali => format!("• {name}: प्रति {unit} {price}"),
            RomanNepali => format!("• {name}: prati {unit} {price}"),
            English => format!("• {name}: {price} per {unit}"),
        })
    };
    asked.iter().filter_map(line).collect()
}

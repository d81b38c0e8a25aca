//! Entering a retailer or a vendor, for operators.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};
use web::panel::{Errors, Fields, Form, Html, OperatorPanel, PageLanguage, Panel, Posted, Sheet, see_other};
use web::{App, Problem, once};

use super::words::{Word, in_nepali};
use crate::model::{Language, NewRetailer, NewVendor, Refusal};
use crate::register::{create_retailer, create_vendor};

/// Who is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Retailer,
    Vendor,
}

impl Who {
    const fn list(self) -> &'static str {
        match self {
            Self::Retailer => "/admin/retailers",
            Self::Vendor => "/admin/vendors",
        }
    }

    const fn words(self) -> (Word, Word) {
        match self {
            Self::Retailer => (Word::NewRetailer, Word::Retailers),
            Self::Vendor => (Word::NewVendor, Word::Vendors),
        }
    }
}

/// What a form begins with.
fn known() -> Fields {
    Fields::of([("language", Language::RomanNepali.to_string()), ("capacity", "20".to_owned())])
}

/// The form for a retailer.
pub(super) async fn show_retailer(OperatorPanel(panel): OperatorPanel) -> Html {
    page(&panel, Who::Retailer, &known(), &Errors::default())
}

/// The form for a vendor.
pub(super) async fn show_vendor(OperatorPanel(panel): OperatorPanel) -> Html {
    page(&panel, Who::Vendor, &known(), &Errors::default())
}

fn page(panel: &Panel, who: Who, fields: &Fields, errors: &Errors) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let say = |word: Word| word.text(language);
    let (deed, list) = who.words();
    let sheet =
        Sheet { panel, deed: say(deed), subject: say(list), back: who.list().to_owned(), hint: None, is_final: false };
    let ways = [
        (Language::RomanNepali.as_str(), say(Word::RomanNepali)),
        (Language::Nepali.as_str(), "नेपाली"),
        (Language::English.as_str(), "English"),
    ];
    let controls = html! {
        (form.input("name", say(if who == Who::Retailer { Word::Shop } else { Word::Business }), "text", None))
        (form.input("ownerName", say(Word::Owner), "text", None))
        (form.input("phone", say(Word::PhoneWithCode), "tel", Some(say(Word::PhoneHint))))
        (form.input("place", say(Word::Place), "text", None))
        (form.input("position", say(Word::Position), "text", Some(say(Word::PositionHint))))
        (form.select("language", say(Word::WritesIn), &ways, None))
        @if who == Who::Vendor { (of_vendor(&form, language)) }
    };
    sheet.page(&form, &html! {}, &controls)
}

fn of_vendor(form: &Form<'_>, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    html! {
        (form.input("numberPrefix", say(Word::NumberPrefix), "text", Some(say(Word::NumberPrefixHint))))
        (form.input("capacity", say(Word::Capacity), "number", None))
    }
}

/// What both have in common.
struct Common {
    name: String,
    owner_name: String,
    phone: String,
    place: Option<String>,
    position: Option<(i64, i64)>,
    language: Language,
}

/// The fields that both have; what is wrong with them is added to the errors.
fn common(fields: &Fields, language: PageLanguage, errors: &mut Errors) -> Common {
    for name in ["name", "ownerName", "phone"] {
        errors.require(fields, name, language);
    }
    let position = fields.filled("position").map(|text| {
        let found = position_of(text);
        if found.is_none() {
            errors.add("position", Word::WrongPosition.text(language));
        }
        found
    });
    Common {
        name: fields.text("name").to_owned(),
        owner_name: fields.text("ownerName").to_owned(),
        phone: fields.text("phone").to_owned(),
        place: fields.filled("place").map(str::to_owned),
        position: position.flatten(),
        language: fields.text("language").parse().unwrap_or(Language::RomanNepali),
    }
}

/// Two degrees as a map gives them to be copied: `28.601944, 81.633889`.
fn position_of(text: &str) -> Option<(i64, i64)> {
    let (latitude, longitude) = text.split_once(',')?;
    Some((micro(latitude.trim())?, micro(longitude.trim())?))
}

/// Millionths of a degree; further places are left out.
fn micro(text: &str) -> Option<i64> {
    let (is_south_or_west, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, places) = digits.split_once('.').unwrap_or((digits, "0"));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || whole.len() > 3 || !are_digits(places) {
        return None;
    }
    let millionths: String = places.chars().chain("000000".chars()).take(6).collect();
    let value = whole.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(millionths.parse().ok()?)?;
    Some(if is_south_or_west { value.saturating_neg() } else { value })
}

/// Puts a refusal beside the field that it is about.
fn add(errors: &mut Errors, refusal: &Refusal, language: PageLanguage) {
    let say = |word: Word| word.text(language).to_owned();
    match refusal {
        Refusal::Field { field, right } => {
            let field = if field.ends_with("Micro") { "position" } else { field };
            let text = match language {
                PageLanguage::English => format!("Expected: {right}."),
                PageLanguage::Nepali => format!("{}।", in_nepali(right)),
            };
            errors.add(field, text);
        }
        Refusal::PhoneTaken => errors.add("phone", say(Word::PhoneTaken)),
        Refusal::PrefixTaken => errors.add("numberPrefix", say(Word::PrefixTaken)),
        other => errors.add("", other.to_string()),
    }
}

fn forbidden() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", "only operators may do this")
}

/// Enters a retailer.
pub(super) async fn enter_retailer(State(app): State<App>, posted: Posted) -> Response {
    let Posted { panel, fields, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        if !cx.actor.is_operator() {
            return Ok(forbidden().stored());
        }
        let mut errors = Errors::default();
        let Common { name, owner_name, phone, place, position, language } =
            common(&fields, panel.language, &mut errors);
        if errors.is_empty() {
            let (latitude_micro, longitude_micro) = position.unzip();
            let new = NewRetailer { name, owner_name, phone, place, latitude_micro, longitude_micro, language };
            match create_retailer(tx, cx, &new).await? {
                Ok(retailer) => return Ok(see_other(&format!("/admin/retailers/{}?done=created", retailer.id))),
                Err(refusal) => add(&mut errors, &refusal, panel.language),
            }
        }
        Ok(page(&panel, Who::Retailer, &fields, &errors).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}

/// Enters a vendor.
pub(super) async fn enter_vendor(State(app): State<App>, posted: Posted) -> Response {
    let Posted { panel, fields, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        if !cx.actor.is_operator() {
            return Ok(forbidden().stored());
        }
        let mut errors = Errors::default();
        let common = common(&fields, panel.language, &mut errors);
        errors.require(&fields, "numberPrefix", panel.language);
        errors.require(&fields, "capacity", panel.language);
        let capacity = fields.number("capacity", panel.language, &mut errors);
        if let Some(capacity) = capacity.filter(|_| errors.is_empty()) {
            let Common { name, owner_name, phone, place, position, language } = common;
            let (latitude_micro, longitude_micro) = position.unzip();
            let number_prefix = fields.text("numberPrefix").to_uppercase();
            let new = NewVendor {
                name,
                owner_name,
                phone,
                place,
                latitude_micro,
                longitude_micro,
                language,
                number_prefix,
                capacity,
            };
            match create_vendor(tx, cx, &new).await? {
                Ok(vendor) => return Ok(see_other(&format!("/admin/vendors/{}?done=created", vendor.id))),
                Err(refusal) => add(&mut errors, &refusal, panel.language),
            }
        }
        Ok(page(&panel, Who::Vendor, &fields, &errors).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_the_way_a_map_gives_it() {
        assert_eq!(position_of("28.601944, 81.633889"), Some((28_601_944, 81_633_889)));
        assert_eq!(position_of("28.60194438271,81.6"), Some((28_601_944, 81_600_000)));
        assert_eq!(position_of("-28.5,-0.000001"), Some((-28_500_000, -1)));
        for wrong in ["", "28.6", "28.6 81.6", "north, 81", "28.6,", ".5,81", "9999,1", "28.-6,81"] {
            assert_eq!(position_of(wrong), None, "{wrong}");
        }
    }
}

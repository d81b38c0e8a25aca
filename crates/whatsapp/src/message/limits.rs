//! How long may each part of a message be?
//!
//! The limits are Meta's, in characters. Meta does not say what it counts as one, so a text is measured in UTF-16 units, as
//! phones count: never fewer than its characters, the same for Devanagari, two for most emoji.

use std::collections::HashSet;

use unicode_segmentation::UnicodeSegmentation;

use super::{Buttons, List, Outgoing, Template};

/// A part of a message that has a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The body of a text message: 4096.
    TextBody,
    /// The body of a message with buttons or a list: 1024. (Lists may have 4096 by one page of Meta's and 1024 by
    /// another; the lower one holds.)
    InteractiveBody,
    /// The line above: 60.
    Header,
    /// The line below: 60.
    Footer,
    /// The number of buttons: 3.
    Buttons,
    /// The id of a button: 256, unique, without spaces around it.
    ButtonId,
    /// The title of a button: 20, unique.
    ButtonTitle,
    /// The title of the button that opens a list: 20.
    ListButton,
    /// The number of sections: 10.
    Sections,
    /// The heading of a section: 24, needed when there are several.
    SectionTitle,
    /// The number of rows in all sections together: 10.
    Rows,
    /// The id of a row: 200, unique in the list.
    RowId,
    /// The title of a row: 24.
    RowTitle,
    /// The description of a row: 72.
    RowDescription,
    /// The name of a template: 512.
    TemplateName,
    /// The language of a template.
    TemplateLanguage,
    /// The values of a template together: 1024, the limit of the body they stand in.
    TemplateParams,
    /// The number of quick replies of a template: 10.
    TemplatePayloads,
    /// What a quick reply sends back: 128.
    TemplatePayload,
    /// The data that comes back with each status: 512.
    Opaque,
}

impl Part {
    /// The most that is allowed: characters, or the number of parts for those that are counted.
    pub const fn max(self) -> usize {
        match self {
            Self::TextBody => 4096,
            Self::InteractiveBody | Self::TemplateParams => 1024,
            Self::Header | Self::Footer => 60,
            Self::Buttons => 3,
            Self::ButtonId => 256,
            Self::ButtonTitle | Self::ListButton => 20,
            Self::Sections | Self::Rows | Self::TemplatePayloads => 10,
            Self::SectionTitle | Self::RowTitle => 24,
            Self::RowId => 200,
            Self::RowDescription => 72,
            Self::TemplateName | Self::Opaque => 512,
            Self::TemplateLanguage => 16,
            Self::TemplatePayload => 128,
        }
    }
}

/// Why a message cannot be sent as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// A text is longer than allowed.
    #[error("{part:?} is {found} characters long, {} are allowed", part.max())]
    TooLong {
        /// Which text.
        part: Part,
        /// How long it is.
        found: usize,
    },
    /// There are more parts than allowed.
    #[error("there are {found} of {part:?}, {} are allowed", part.max())]
    TooMany {
        /// Which parts.
        part: Part,
        /// How many there are.
        found: usize,
    },
    /// A part that must be there is absent or blank.
    #[error("{part:?} is empty")]
    Empty {
        /// Which part.
        part: Part,
    },
    /// Two parts that must differ are the same.
    #[error("{part:?} stands twice: {value}")]
    Duplicate {
        /// Which part.
        part: Part,
        /// What stands twice.
        value: String,
    },
    /// A text has spaces, line breaks or tabs where the API allows none.
    #[error("{part:?} has white space that is not allowed")]
    Spaces {
        /// Which text.
        part: Part,
    },
}

/// The length of a text as the limits count it.
pub fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// `text` when it fits the part, otherwise as much of its beginning as fits with an ellipsis. It is cut between characters as
/// people see them: a Devanagari letter keeps its vowel sign, an emoji stays whole.
pub fn shorten(text: &str, part: Part) -> String {
    if length(text) <= part.max() {
        return text.to_owned();
    }
    let mut room = part.max() - 1;
    let mut kept = String::new();
    for grapheme in text.graphemes(true) {
        let Some(left) = room.checked_sub(length(grapheme)) else {
            break;
        };
        room = left;
        kept.push_str(grapheme);
    }
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

impl Outgoing {
    /// Whether the API would take it. Builders ask before they hand a message out; the client asks again, because a stored one
    /// may have been written by an older version.
    pub fn check(&self) -> Result<(), MessageError> {
        match self {
            Self::Text { body } => needed(Part::TextBody, body),
            Self::Buttons(buttons) => check_buttons(buttons),
            Self::List(list) => check_list(list),
            Self::Template(template) => check_template(template),
        }
    }
}

fn check_buttons(message: &Buttons) -> Result<(), MessageError> {
    frame(&message.body, message.header.as_deref(), message.footer.as_deref())?;
    count(Part::Buttons, message.buttons.len())?;
    for button in &message.buttons {
        needed(Part::ButtonId, &button.id)?;
        trimmed(Part::ButtonId, &button.id)?;
        needed(Part::ButtonTitle, &button.title)?;
    }
    distinct(Part::ButtonId, message.buttons.iter().map(|button| &button.id))?;
    distinct(Part::ButtonTitle, message.buttons.iter().map(|button| &button.title))
}

fn check_list(message: &List) -> Result<(), MessageError> {
    frame(&message.body, message.header.as_deref(), message.footer.as_deref())?;
    needed(Part::ListButton, &message.button)?;
    count(Part::Sections, message.sections.len())?;
    let rows = || message.sections.iter().flat_map(|section| &section.rows);
    count(Part::Rows, rows().count())?;
    for section in &message.sections {
        match &section.title {
            Some(title) => needed(Part::SectionTitle, title)?,
            None if message.sections.len() > 1 => {
                return Err(MessageError::Empty { part: Part::SectionTitle });
            }
            None => {}
        }
        if section.rows.is_empty() {
            return Err(MessageError::Empty { part: Part::Rows });
        }
    }
    for row in rows() {
        needed(Part::RowId, &row.id)?;
        trimmed(Part::RowId, &row.id)?;
        needed(Part::RowTitle, &row.title)?;
        row.description.as_deref().map_or(Ok(()), |text| needed(Part::RowDescription, text))?;
    }
    distinct(Part::RowId, rows().map(|row| &row.id))
}

fn check_template(message: &Template) -> Result<(), MessageError> {
    needed(Part::TemplateName, &message.name)?;
    needed(Part::TemplateLanguage, &message.language)?;
    for param in &message.params {
        needed(Part::TemplateParams, param)?;
        if param.contains(['\n', '\r', '\t']) || param.contains("     ") {
            return Err(MessageError::Spaces { part: Part::TemplateParams });
        }
    }
    let together = message.params.iter().map(|param| length(param)).sum();
    if together > Part::TemplateParams.max() {
        return Err(MessageError::TooLong { part: Part::TemplateParams, found: together });
    }
    at_most(Part::TemplatePayloads, message.payloads.len())?;
    message.payloads.iter().try_for_each(|payload| needed(Part::TemplatePayload, payload))
}

fn frame(body: &str, header: Option<&str>, footer: Option<&str>) -> Result<(), MessageError> {
    needed(Part::InteractiveBody, body)?;
    header.map_or(Ok(()), |text| needed(Part::Header, text))?;
    footer.map_or(Ok(()), |text| needed(Part::Footer, text))
}

fn needed(part: Part, text: &str) -> Result<(), MessageError> {
    if text.trim().is_empty() { Err(MessageError::Empty { part }) } else { fits(part, text) }
}

pub(super) fn fits(part: Part, text: &str) -> Result<(), MessageError> {
    let found = length(text);
    if found > part.max() { Err(MessageError::TooLong { part, found }) } else { Ok(()) }
}

fn trimmed(part: Part, id: &str) -> Result<(), MessageError> {
    if id.trim() == id { Ok(()) } else { Err(MessageError::Spaces { part }) }
}

fn count(part: Part, found: usize) -> Result<(), MessageError> {
    if found == 0 { Err(MessageError::Empty { part }) } else { at_most(part, found) }
}

fn at_most(part: Part, found: usize) -> Result<(), MessageError> {
    if found > part.max() { Err(MessageError::TooMany { part, found }) } else { Ok(()) }
}

fn distinct<'t>(part: Part, texts: impl Iterator<Item = &'t String>) -> Result<(), MessageError> {
    let mut seen = HashSet::new();
    for text in texts {
        if !seen.insert(text) {
            return Err(MessageError::Duplicate { part, value: text.clone() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn x(length: usize) -> String {
        "x".repeat(length)
    }

    #[expect(clippy::needless_pass_by_value, reason = "every caller has just built it")]
    fn refused(message: Result<Outgoing, MessageError>, error: &MessageError) {
        assert_eq!(message.as_ref().err(), Some(error), "{message:?}");
    }

    #[test]
    fn each_text_may_be_as_long_as_documented_and_no_longer() {
        type Make = fn(String) -> Result<Outgoing, MessageError>;
        let cases: [(Part, usize, Make); 13] = [
            (Part::TextBody, 4096, |text| Outgoing::text(text)),
            (Part::InteractiveBody, 1024, |text| Buttons::new(text).button("a", "A").build()),
            (Part::InteractiveBody, 1024, |text| List::new(text, "Choose").row("a", "A", None).build()),
            (Part::Header, 60, |text| Buttons::new("b").header(text).button("a", "A").build()),
            (Part::Footer, 60, |text| List::new("b", "Choose").footer(text).row("a", "A", None).build()),
            (Part::ButtonId, 256, |text| Buttons::new("b").button(text, "A").build()),
            (Part::ButtonTitle, 20, |text| Buttons::new("b").button("a", text).build()),
            (Part::ListButton, 20, |text| List::new("b", text).row("a", "A", None).build()),
            (Part::SectionTitle, 24, |text| List::new("b", "Choose").section(text).row("a", "A", None).build()),
            (Part::RowId, 200, |text| List::new("b", "Choose").row(text, "A", None).build()),
            (Part::RowTitle, 24, |text| List::new("b", "Choose").row("a", text, None).build()),
            (Part::RowDescription, 72, |text| List::new("b", "Choose").row("a", "A", Some(&text)).build()),
            (Part::TemplateParams, 1024, |text| Template::new("t", "en").param(&text).build()),
        ];
        for (part, max, make) in cases {
            assert_eq!(part.max(), max, "{part:?}");
            assert!(make(x(max)).is_ok(), "{part:?}");
            refused(make(x(max + 1)), &MessageError::TooLong { part, found: max + 1 });
            refused(make(" ".into()), &MessageError::Empty { part });
        }
        let together = Template::new("t", "en").param(&x(1000)).param(&x(25)).build();
        refused(together, &MessageError::TooLong { part: Part::TemplateParams, found: 1025 });
    }

    #[test]
    fn there_may_be_as_many_as_documented_and_no_more() {
        let buttons =
            |n: usize| (0..n).fold(Buttons::new("b"), |m, i| m.button(format!("id{i}"), format!("T{i}"))).build();
        assert!(buttons(3).is_ok());
        refused(buttons(4), &MessageError::TooMany { part: Part::Buttons, found: 4 });
        refused(buttons(0), &MessageError::Empty { part: Part::Buttons });
        let rows = |sections: usize, each: usize| {
            let mut list = List::new("b", "Choose");
            for section in 0..sections {
                list = list.section(format!("S{section}"));
                for row in 0..each {
                    list = list.row(format!("{section}-{row}"), "Same title", None);
                }
            }
            list.build()
        };
        assert!(rows(1, 10).is_ok() && rows(10, 1).is_ok() && rows(2, 5).is_ok());
        refused(rows(2, 6), &MessageError::TooMany { part: Part::Rows, found: 12 });
        refused(rows(11, 1), &MessageError::TooMany { part: Part::Sections, found: 11 });
        refused(rows(0, 0), &MessageError::Empty { part: Part::Sections });
        refused(rows(1, 0), &MessageError::Empty { part: Part::Rows });
        let payloads = |n: usize| (0..n).fold(Template::new("t", "en"), |m, i| m.payload(format!("p{i}"))).build();
        assert!(payloads(10).is_ok());
        refused(payloads(11), &MessageError::TooMany { part: Part::TemplatePayloads, found: 11 });
    }

    #[test]
    fn what_must_differ_differs() {
        let value = |text: &str| text.to_owned();
        refused(
            Buttons::new("b").button("a", "A").button("a", "B").build(),
            &MessageError::Duplicate { part: Part::ButtonId, value: value("a") },
        );
        refused(
            Buttons::new("b").button("a", "A").button("b", "A").build(),
            &MessageError::Duplicate { part: Part::ButtonTitle, value: value("A") },
        );
        refused(
            List::new("b", "Choose").section("S").row("a", "A", None).section("T").row("a", "B", None).build(),
            &MessageError::Duplicate { part: Part::RowId, value: value("a") },
        );
        refused(
            List::new("b", "Choose").row("a", "A", None).section("T").row("b", "B", None).build(),
            &MessageError::Empty { part: Part::SectionTitle },
        );
        refused(Buttons::new("b").button(" a", "A").build(), &MessageError::Spaces { part: Part::ButtonId });
        let raw = Template { params: vec!["a\nb".into()], ..Template::new("t", "en") };
        refused(raw.build(), &MessageError::Spaces { part: Part::TemplateParams });
    }

    #[test]
    fn a_text_is_cut_where_people_see_a_boundary() {
        assert_eq!(shorten("Confirm", Part::ButtonTitle), "Confirm");
        assert_eq!(shorten("Mansuli rice, the old harvest", Part::RowTitle), "Mansuli rice, the old h…");
        assert_eq!(shorten("Mansuli rice, twenty    five kilo", Part::RowTitle), "Mansuli rice, twenty…");
        // 11 letters of two characters each: ten would need 20 with the ellipsis 21.
        assert_eq!(shorten(&"की".repeat(11), Part::ButtonTitle), format!("{}…", "की".repeat(9)));
        assert_eq!(shorten(&"👨‍👩‍👧".repeat(3), Part::ButtonTitle), "👨‍👩‍👧👨‍👩‍👧…");
        assert_eq!(length("👍की"), 4);
    }

    proptest! {
        #[test]
        fn a_shortened_text_always_fits(text in "\\PC{0,80}") {
            let cut = shorten(&text, Part::RowTitle);
            prop_assert!(length(&cut) <= 24);
            prop_assert!(cut == text || cut.ends_with('…'));
        }
    }
}

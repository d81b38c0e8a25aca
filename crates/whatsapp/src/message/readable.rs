//! How does a message read as plain text? For transcripts and terminals, where it has no buttons to press.

use super::{Outgoing, Template};

/// Something the receiver can press or choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice<'m> {
    /// What comes back.
    pub id: &'m str,
    /// What it shows; for quick replies of a template, whose titles only Meta knows, the payload.
    pub title: &'m str,
    /// The smaller line below.
    pub description: Option<&'m str>,
}

impl Outgoing {
    /// Everything the receiver can press or choose, in its order: `[1]` of [`readable`](Self::readable) stands first.
    pub fn choices(&self) -> Vec<Choice<'_>> {
        match self {
            Self::Text { .. } => Vec::new(),
            Self::Buttons(message) => {
                let buttons = message.buttons.iter();
                buttons.map(|button| Choice { id: &button.id, title: &button.title, description: None }).collect()
            }
            Self::List(message) => {
                let rows = message.sections.iter().flat_map(|section| &section.rows);
                rows.map(|row| Choice { id: &row.id, title: &row.title, description: row.description.as_deref() })
                    .collect()
            }
            Self::Template(message) => {
                message.payloads.iter().map(|id| Choice { id, title: id, description: None }).collect()
            }
        }
    }

    /// The bubble as plain text: the lines above, of and below the message, then what can be pressed as `[1] Confirm`, numbered
    /// through. Typing the number or the words is the same as pressing.
    pub fn readable(&self) -> String {
        let mut lines = Vec::new();
        match self {
            Self::Text { body } => lines.push(body.clone()),
            Self::Buttons(message) => {
                lines.extend(framed(&message.body, message.header.as_ref(), message.footer.as_ref()));
                lines.extend(numbered(&self.choices(), 1));
            }
            Self::List(message) => {
                lines.extend(framed(&message.body, message.header.as_ref(), message.footer.as_ref()));
                let choices = self.choices();
                let mut before = 0;
                for section in &message.sections {
                    lines.extend(section.title.as_ref().map(|title| format!("{title}:")));
                    let after = before + section.rows.len();
                    lines.extend(numbered(&choices[before..after], before + 1));
                    before = after;
                }
            }
            Self::Template(message) => {
                lines.push(template(message));
                lines.extend(numbered(&self.choices(), 1));
            }
        }
        lines.join("\n")
    }
}

fn framed(body: &str, header: Option<&String>, footer: Option<&String>) -> impl Iterator<Item = String> {
    let header = header.map(|text| format!("*{text}*"));
    let footer = footer.map(|text| format!("_{text}_"));
    [header, Some(body.to_owned()), footer].into_iter().flatten()
}

fn numbered(choices: &[Choice<'_>], first: usize) -> impl Iterator<Item = String> {
    choices.iter().zip(first..).map(|(choice, number)| match choice.description {
        Some(description) => format!("[{number}] {} ({description})", choice.title),
        None => format!("[{number}] {}", choice.title),
    })
}

fn template(message: &Template) -> String {
    let Template { name, language, params, .. } = message;
    if params.is_empty() {
        format!("{name} ({language})")
    } else {
        format!("{name} ({language}): {}", params.join(" | "))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Buttons, List, Outgoing, Template};

    #[test]
    fn a_bubble_reads_from_top_to_bottom() {
        let asked = Buttons::new("2 bora chamal").header("Order").footer("NPR 4,300");
        let asked = asked.button("yes", "Confirm").button("no", "Cancel").build().unwrap();
        assert_eq!(asked.readable(), "*Order*\n2 bora chamal\n_NPR 4,300_\n[1] Confirm\n[2] Cancel");
        assert_eq!(Outgoing::text("Namaste").unwrap().readable(), "Namaste");
    }

    #[test]
    fn rows_are_numbered_through_all_sections() {
        let list = List::new("Which?", "Choose")
            .section("Rice")
            .row("a", "Mansuli", Some("NPR 2,150"))
            .row("b", "Jeera", None)
            .section("Oil")
            .row("c", "Mustard", None)
            .build()
            .unwrap();
        assert_eq!(list.readable(), "Which?\nRice:\n[1] Mansuli (NPR 2,150)\n[2] Jeera\nOil:\n[3] Mustard");
        assert_eq!(list.choices()[2].id, "c");
    }

    #[test]
    fn a_template_shows_its_name_and_values() {
        let due = Template::new("payment_due_v1", "en").param("Ram\n Store").param("NPR 4,750").payload("PROMISE");
        assert_eq!(due.build().unwrap().readable(), "payment_due_v1 (en): Ram Store | NPR 4,750\n[1] PROMISE");
        assert_eq!(Template::new("hello", "en").build().unwrap().readable(), "hello (en)");
    }
}

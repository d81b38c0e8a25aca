//! What can be sent, within which limits, as which JSON?
//!
//! An [`Outgoing`] is plain data: it is built here, stored as JSON in somebody's outbox, read back and sent by the
//! [client](crate::client). The builders refuse what the API would refuse and say which limit it was; texts of other people's making
//! (names of products, of shops) are cut first with [`shorten`].
//!
//! ```
//! use whatsapp::message::{Buttons, List, Outgoing, Part, Template, shorten};
//!
//! let ask = Buttons::new("Confirm order?").button("confirm:ord_1", "Confirm").button("cancel:ord_1", "Cancel").build()?;
//! let choose = List::new("Which rice?", "Choose")
//!     .section("Rice")
//!     .row("sku_12", &shorten("Mansuli, the old harvest, 25kg", Part::RowTitle), Some("NPR 2,150 / bora"))
//!     .build()?;
//! let due = Template::new("payment_due_v1", "en").param("Ram Store").param("NPR 4,750").payload("PROMISE").build()?;
//! assert_eq!(ask.readable(), "Confirm order?\n[1] Confirm\n[2] Cancel");
//! # let _ = (choose, due);
//! # Ok::<(), whatsapp::message::MessageError>(())
//! ```
//!
//! What does not live here: the words, the language, whether the 24-hour window is open, whether it was sent.

mod limits;
mod readable;
mod wire;

use serde::{Deserialize, Serialize};

pub use limits::{MessageError, Part, length, shorten};
pub use readable::Choice;

/// A message to a person. Stored as JSON with its kind under `kind`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outgoing {
    /// Plain text, up to 4096 characters. Links are not previewed.
    Text {
        /// The text; `*bold*`, `_italic_` and line breaks are shown.
        body: String,
    },
    /// Text with up to three buttons.
    Buttons(Buttons),
    /// Text with a button that opens a list of up to ten rows.
    List(List),
    /// A text Meta approved beforehand: the only kind that may be sent when the person has not written for 24 hours.
    Template(Template),
}

impl Outgoing {
    /// The message with a line before its text, where it then still is within the limits; else as it was.
    #[must_use]
    pub fn led_by(self, line: &str) -> Self {
        let mut led = self.clone();
        let body = match &mut led {
            Self::Text { body } => body,
            Self::Buttons(message) => &mut message.body,
            Self::List(message) => &mut message.body,
            Self::Template(_) => return self,
        };
        *body = format!("{line}\n\n{body}");
        if led.check().is_ok() { led } else { self }
    }
}

/// Text with up to three reply buttons. The answer is a `ButtonReply` with the id of the button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buttons {
    /// The text.
    pub body: String,
    /// A bold line above it, without markup.
    pub header: Option<String>,
    /// A grey line below it.
    pub footer: Option<String>,
    /// The buttons, in their order.
    pub buttons: Vec<Button>,
}

/// A reply button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What comes back when it is pressed.
    pub id: String,
    /// What it shows.
    pub title: String,
}

/// Text with a list to choose from. The answer is a `ListReply` with the id of the row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// The text.
    pub body: String,
    /// A bold line above it, without markup.
    pub header: Option<String>,
    /// A grey line below it.
    pub footer: Option<String>,
    /// What the button that opens the list shows.
    pub button: String,
    /// The parts of the list, in their order.
    pub sections: Vec<Section>,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Its heading; may be absent only when the list has one section.
    pub title: Option<String>,
    /// Its rows, in their order.
    pub rows: Vec<Row>,
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What comes back when it is chosen.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// The smaller line below.
    pub description: Option<String>,
}

/// An approved template with its values. A press on a quick reply comes back as a `TemplateButton` with the payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// The name it was registered under.
    pub name: String,
    /// The language it was registered in, such as `en`.
    pub language: String,
    /// The values of `{{1}}`, `{{2}}` … of its body.
    pub params: Vec<String>,
    /// What each of its quick-reply buttons sends back, in their order.
    pub payloads: Vec<String>,
}

impl Outgoing {
    /// Plain text.
    pub fn text(body: impl Into<String>) -> Result<Self, MessageError> {
        Self::Text { body: body.into() }.checked()
    }

    fn checked(self) -> Result<Self, MessageError> {
        self.check()?;
        Ok(self)
    }
}

impl Buttons {
    /// Begins a message with this text.
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), header: None, footer: None, buttons: Vec::new() }
    }

    /// Sets the line above.
    #[must_use]
    pub fn header(mut self, text: impl Into<String>) -> Self {
        self.header = Some(text.into());
        self
    }

    /// Sets the line below.
    #[must_use]
    pub fn footer(mut self, text: impl Into<String>) -> Self {
        self.footer = Some(text.into());
        self
    }

    /// Adds a button.
    #[must_use]
    pub fn button(mut self, id: impl Into<String>, title: impl Into<String>) -> Self {
        self.buttons.push(Button { id: id.into(), title: title.into() });
        self
    }

    /// The message, when it is within the limits.
    pub fn build(self) -> Result<Outgoing, MessageError> {
        Outgoing::Buttons(self).checked()
    }
}

impl List {
    /// Begins a message with this text and the title of the button that opens the list.
    pub fn new(body: impl Into<String>, button: impl Into<String>) -> Self {
        Self { body: body.into(), header: None, footer: None, button: button.into(), sections: Vec::new() }
    }

    /// Sets the line above.
    #[must_use]
    pub fn header(mut self, text: impl Into<String>) -> Self {
        self.header = Some(text.into());
        self
    }

    /// Sets the line below.
    #[must_use]
    pub fn footer(mut self, text: impl Into<String>) -> Self {
        self.footer = Some(text.into());
        self
    }

    /// Begins a section; the rows that follow belong to it.
    #[must_use]
    pub fn section(mut self, title: impl Into<String>) -> Self {
        self.sections.push(Section { title: Some(title.into()), rows: Vec::new() });
        self
    }

    /// Adds a row to the last section, or to one without a heading when there is none yet.
    #[must_use]
    pub fn row(mut self, id: impl Into<String>, title: impl Into<String>, description: Option<&str>) -> Self {
        let row = Row { id: id.into(), title: title.into(), description: description.map(str::to_owned) };
        match self.sections.last_mut() {
            Some(section) => section.rows.push(row),
            None => self.sections.push(Section { title: None, rows: vec![row] }),
        }
        self
    }

    /// The message, when it is within the limits.
    pub fn build(self) -> Result<Outgoing, MessageError> {
        Outgoing::List(self).checked()
    }
}

impl Template {
    /// Begins a message from the template of this name and language.
    pub fn new(name: impl Into<String>, language: impl Into<String>) -> Self {
        Self { name: name.into(), language: language.into(), params: Vec::new(), payloads: Vec::new() }
    }

    /// Adds the value of the next placeholder. Line breaks, tabs and runs of spaces become one space, because the API refuses
    /// a value that holds them.
    #[must_use]
    pub fn param(mut self, value: &str) -> Self {
        self.params.push(value.split_whitespace().collect::<Vec<_>>().join(" "));
        self
    }

    /// Adds what the next quick-reply button sends back.
    #[must_use]
    pub fn payload(mut self, payload: impl Into<String>) -> Self {
        self.payloads.push(payload.into());
        self
    }

    /// The message, when it is within the limits.
    pub fn build(self) -> Result<Outgoing, MessageError> {
        Outgoing::Template(self).checked()
    }
}

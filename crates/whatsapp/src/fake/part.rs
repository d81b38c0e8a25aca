//! What is wrong with a request? Reads an object field by field and names the first fault with its place, as Meta's details do.

use serde_json::{Map, Value};

/// An error the fake answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) code: i64,
    pub(super) details: String,
}

impl Complaint {
    pub(super) fn new(code: i64, details: impl Into<String>) -> Self {
        Self { code, details: details.into() }
    }
}

pub(super) type Checked<T> = Result<T, Complaint>;

pub(super) fn invalid<T>(details: impl Into<String>) -> Checked<T> {
    Err(Complaint::new(100, details))
}

/// An object of the request, and where it stands, for the details of a complaint.
pub(super) struct Part<'v> {
    pub(super) at: String,
    pub(super) fields: &'v Map<String, Value>,
}

impl<'v> Part<'v> {
    /// The object `value`, which may have these fields and no others.
    pub(super) fn of(value: &'v Value, at: impl Into<String>, allowed: &[&str]) -> Checked<Self> {
        let at = at.into();
        let Value::Object(fields) = value else {
            return invalid(format!("{at} must be an object"));
        };
        match fields.keys().find(|key| !allowed.contains(&key.as_str())) {
            Some(unknown) => invalid(format!("{at} has an unknown field {unknown}")),
            None => Ok(Self { at, fields }),
        }
    }

    pub(super) fn path(&self, key: &str) -> String {
        format!("{}.{key}", self.at)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.fields.contains_key(key)
    }

    pub(super) fn part(&self, key: &str, allowed: &[&str]) -> Checked<Part<'v>> {
        match self.fields.get(key) {
            Some(value) => Part::of(value, self.path(key), allowed),
            None => invalid(format!("{} is required", self.path(key))),
        }
    }

    pub(super) fn optional_text(&self, key: &str, max: usize) -> Checked<Option<String>> {
        let Some(value) = self.fields.get(key) else {
            return Ok(None);
        };
        let at = self.path(key);
        let Some(text) = value.as_str() else {
            return invalid(format!("{at} must be a string"));
        };
        let length = text.chars().count();
        if text.trim().is_empty() {
            return invalid(format!("{at} must not be empty"));
        }
        if length > max {
            return invalid(format!("{at} is {length} characters long, at most {max} are allowed"));
        }
        Ok(Some(text.to_owned()))
    }

    pub(super) fn text(&self, key: &str, max: usize) -> Checked<String> {
        match self.optional_text(key, max)? {
            Some(text) => Ok(text),
            None => invalid(format!("{} is required", self.path(key))),
        }
    }

    /// A text that must be exactly this.
    pub(super) fn word(&self, key: &str, expected: &str) -> Checked<()> {
        let found = self.text(key, usize::MAX)?;
        if found == expected { Ok(()) } else { invalid(format!("{} must be {expected}, not {found}", self.path(key))) }
    }

    /// The members of a list of at least one and at most `max`, each with its place.
    pub(super) fn list(&self, key: &str, max: usize) -> Checked<Vec<(String, &'v Value)>> {
        let at = self.path(key);
        let Some(members) = self.fields.get(key).and_then(Value::as_array) else {
            return invalid(format!("{at} must be a list"));
        };
        if !(1..=max).contains(&members.len()) {
            return invalid(format!("{at} has {} members, 1 to {max} are allowed", members.len()));
        }
        Ok(members.iter().enumerate().map(|(index, member)| (format!("{at}[{index}]"), member)).collect())
    }
}

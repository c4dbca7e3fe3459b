//! The fields of a JSON object of BigChange's, read by any of their names, names without case.

use serde_json::{Map, Value};

/// The longest text that is read, in characters. BigChange's own longest field takes 255; one this long is a sign of something else.
pub(crate) const MAX_TEXT_CHARS: usize = 4096;

/// One JSON object.
pub(crate) struct Fields<'a>(pub(crate) &'a Map<String, Value>);

/// A field that is there and can't be understood, by its first name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable(pub(crate) &'static str);

type Names = &'static [&'static str];

impl<'a> Fields<'a> {
    /// The field by the first of its names that has a value; blank texts and nulls are no values, and are found only where there is nothing better.
    pub(crate) fn find(&self, names: Names) -> Option<&'a Value> {
        let mut blank = None;
        for name in names {
            let found = self
                .0
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name));
            match found {
                Some((_, value)) if is_blank(value) => blank = blank.or(Some(value)),
                Some((_, value)) => return Some(value),
                None => {}
            }
        }
        blank
    }

    /// Whether the field is there by any of its names, whatever its value.
    pub(crate) fn has(&self, names: Names) -> bool {
        self.find(names).is_some()
    }

    /// A field with a value.
    fn filled(&self, names: Names) -> Option<&'a Value> {
        self.find(names).filter(|value| !is_blank(value))
    }

    /// A text, as it was written; blank where the field is null or not there.
    pub(crate) fn text(&self, names: Names) -> Result<String, Unreadable> {
        match self.find(names) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) if text.chars().count() <= MAX_TEXT_CHARS => Ok(text.clone()),
            Some(Value::Number(number)) => Ok(number.to_string()), // a reference or phone made of digits
            Some(_) => Err(Unreadable(names[0])),
        }
    }

    /// A whole number, also one written as text; none where the field is blank.
    pub(crate) fn integer(&self, names: Names) -> Result<Option<i64>, Unreadable> {
        let number = match self.filled(names) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        number.map(Some).ok_or(Unreadable(names[0]))
    }

    /// An id; none where the field is blank or 0.
    pub(crate) fn id<Id: TryFrom<u64>>(&self, names: Names) -> Result<Option<Id>, Unreadable> {
        let number = self.integer(names)?.unwrap_or(0);
        if number == 0 {
            return Ok(None);
        }
        u64::try_from(number)
            .ok()
            .and_then(|number| Id::try_from(number).ok())
            .map(Some)
            .ok_or(Unreadable(names[0]))
    }

    /// Yes or no, in any of the ways it is written; no where the field is blank.
    pub(crate) fn flag(&self, names: Names) -> Result<bool, Unreadable> {
        let text = match self.filled(names) {
            None => return Ok(false),
            Some(Value::Bool(on)) => return Ok(*on),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::String(text)) => text.trim().to_ascii_lowercase(),
            Some(_) => return Err(Unreadable(names[0])),
        };
        match text.as_str() {
            "1" | "true" | "yes" => Ok(true),
            "0" | "false" | "no" => Ok(false),
            _ => Err(Unreadable(names[0])),
        }
    }

    /// Whether a date is set. BigChange writes `0001-01-01 00:00:00` for none.
    pub(crate) fn is_dated(&self, names: Names) -> Result<bool, Unreadable> {
        match self.filled(names) {
            None => Ok(false),
            Some(Value::String(text)) if text.trim().starts_with(|c: char| c.is_ascii_digit()) => {
                Ok(!text.trim().starts_with("0001-01-01"))
            }
            Some(_) => Err(Unreadable(names[0])),
        }
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

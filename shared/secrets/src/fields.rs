//! Reads the fields of a secret that a person filled in, and says in plain words what is wrong, without ever showing a value.

use secrecy::{ExposeSecret, SecretString};
use serde_json::error::Category;
use serde_json::{Map, Value};

/// What a field holds until a person has filled it in; compared without case. A blank field means the same.
pub const PLACEHOLDER: &str = "fill-me-in";
/// The largest secret, in bytes: what Secrets Manager takes.
pub const MAX_SECRET_BYTES: usize = 64 * 1024;

/// What the secret with the login to BigChange is called.
pub(crate) const BIGCHANGE_SECRET: &str = "BigChange";

/// What is wrong with a secret; says what to put where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// More than [`MAX_SECRET_BYTES`].
    #[error("the {secret} secret has {bytes} bytes; it takes at most {max}", max = MAX_SECRET_BYTES)]
    TooLarge {
        /// Which secret.
        secret: &'static str,
        /// How many bytes it has.
        bytes: usize,
    },
    /// Not a JSON object.
    #[error(
        "the {secret} secret cannot be read: {fault} at line {line}, column {column}; it takes a JSON object, {{\"field\":\"value\", …}}"
    )]
    NotJson {
        /// Which secret.
        secret: &'static str,
        /// What kind of fault it is.
        fault: &'static str,
        /// In which line, from 1.
        line: usize,
        /// In which column, from 1; 0 before the first.
        column: usize,
    },
    /// Blank, absent, or still the placeholder.
    #[error(
        "the {secret} secret is not filled in yet: its field `{field}` takes {takes} (contact-sync connect {} stores it)",
        system(secret)
    )]
    NotFilledIn {
        /// Which secret.
        secret: &'static str,
        /// Which field.
        field: &'static str,
        /// What belongs there.
        takes: &'static str,
    },
    /// Filled in with something else than belongs there.
    #[error("the field `{field}` of the {secret} secret must be {takes}")]
    WrongField {
        /// Which secret.
        secret: &'static str,
        /// Which field.
        field: &'static str,
        /// What belongs there.
        takes: &'static str,
    },
}

/// Which of the tool's connections stores a secret.
fn system(secret: &str) -> &'static str {
    if secret == BIGCHANGE_SECRET {
        "bigchange"
    } else {
        "xero"
    }
}

/// A field of a secret, and what belongs there.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) takes: &'static str,
}

/// The fields of one secret. Not `Debug`, because it holds the values.
pub(crate) struct Fields {
    secret: &'static str,
    values: Map<String, Value>,
}

impl Fields {
    /// Reads a JSON object, after a byte-order mark if there is one. A wholly blank secret has no fields.
    pub(crate) fn read(secret: &'static str, text: &SecretString) -> Result<Self, SecretError> {
        let text = text.expose_secret();
        if text.len() > MAX_SECRET_BYTES {
            return Err(SecretError::TooLarge {
                secret,
                bytes: text.len(),
            });
        }
        let text = text.trim_start_matches('\u{feff}');
        if is_unfilled(text) {
            return Ok(Self {
                secret,
                values: Map::new(),
            });
        }
        // The words of `serde_json` may quote the value, its category and place do not.
        let values = serde_json::from_str(text).map_err(|error| SecretError::NotJson {
            secret,
            fault: match error.classify() {
                Category::Data => "it is not an object",
                Category::Eof => "it breaks off",
                Category::Syntax | Category::Io => "there is a syntax error",
            },
            line: error.line(),
            column: error.column(),
        })?;
        Ok(Self { secret, values })
    }

    /// Takes a text as it stands; `None` where it is not filled in.
    pub(crate) fn take_verbatim(&mut self, field: Field) -> Result<Option<String>, SecretError> {
        match self.values.remove(field.name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok((!is_unfilled(&text)).then_some(text)),
            Some(_) => Err(self.wrong(field)),
        }
    }

    /// Takes a text without the outer spaces and line breaks that come along when people copy and paste.
    pub(crate) fn take(&mut self, field: Field) -> Result<Option<String>, SecretError> {
        let text = self.take_verbatim(field)?;
        Ok(text.map(|text| text.trim().to_owned()))
    }

    /// Takes and reads a text of a form of its own.
    pub(crate) fn take_parsed<T>(
        &mut self,
        field: Field,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, SecretError> {
        match self.take(field)? {
            Some(text) => parse(&text).map(Some).ok_or_else(|| self.wrong(field)),
            None => Ok(None),
        }
    }

    /// Insists that a field was filled in.
    pub(crate) fn require<T>(&self, field: Field, value: Option<T>) -> Result<T, SecretError> {
        value.ok_or(SecretError::NotFilledIn {
            secret: self.secret,
            field: field.name,
            takes: field.takes,
        })
    }

    fn wrong(&self, field: Field) -> SecretError {
        SecretError::WrongField {
            secret: self.secret,
            field: field.name,
            takes: field.takes,
        }
    }
}

/// A secret's text, from its fields.
pub(crate) fn json_of<'a>(fields: impl IntoIterator<Item = (Field, &'a str)>) -> SecretString {
    let object: Map<String, Value> = fields
        .into_iter()
        .map(|(field, value)| (field.name.to_owned(), Value::String(value.to_owned())))
        .collect();
    Value::Object(object).to_string().into()
}

fn is_unfilled(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text.eq_ignore_ascii_case(PLACEHOLDER)
}

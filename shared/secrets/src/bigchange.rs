//! What opens BigChange's web services.

use secrecy::{ExposeSecret as _, SecretString};

use crate::SecretError;
use crate::fields::{BIGCHANGE_SECRET, Field, Fields, json_of};

/// `{"username","password","key"}`: the login of a BigChange web user, and the company key. Other fields are ignored.
///
/// The user name is kept as a secret too: it is often somebody's email address.
#[derive(Debug, Clone)]
pub struct BigChangeSecret {
    /// User name, for HTTP Basic authentication.
    pub username: SecretString,
    /// Password; spaces at its ends belong to it.
    pub password: SecretString,
    /// The company key, for the header `key`.
    pub key: SecretString,
}

const USERNAME: Field = Field {
    name: "username",
    takes: "the user name of the BigChange web services (a text in quotes)",
};
const PASSWORD: Field = Field {
    name: "password",
    takes: "the password of that BigChange user (a text in quotes)",
};
const KEY: Field = Field {
    name: "key",
    takes: "the company key from BigChange (a text in quotes)",
};

impl BigChangeSecret {
    /// The secret's text.
    #[must_use]
    pub fn to_json(&self) -> SecretString {
        let fields = [
            (USERNAME, self.username.expose_secret()),
            (PASSWORD, self.password.expose_secret()),
            (KEY, self.key.expose_secret()),
        ];
        json_of(fields)
    }

    /// Whether nobody has filled anything in: the secret is as the template creates it.
    #[must_use]
    pub fn is_blank(text: &SecretString) -> bool {
        Fields::read(BIGCHANGE_SECRET, text).is_ok_and(|mut fields| {
            [USERNAME, PASSWORD, KEY]
                .into_iter()
                .all(|field| matches!(fields.take_verbatim(field), Ok(None)))
        })
    }

    /// Reads the secret's text.
    ///
    /// # Errors
    /// Where a field is not filled in, or the text is no JSON object.
    pub fn parse(text: &SecretString) -> Result<Self, SecretError> {
        let mut fields = Fields::read(BIGCHANGE_SECRET, text)?;
        let username = fields.take(USERNAME)?;
        let password = fields.take_verbatim(PASSWORD)?;
        let key = fields.take(KEY)?;
        Ok(Self {
            username: fields.require(USERNAME, username)?.into(),
            password: fields.require(PASSWORD, password)?.into(),
            key: fields.require(KEY, key)?.into(),
        })
    }
}

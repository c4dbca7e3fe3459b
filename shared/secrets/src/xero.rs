//! What opens Xero: the app's own credentials, which a person enters once, and the token, which this software renews.

use rules::TenantId;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::SecretError;
use crate::fields::{Field, Fields, json_of};

/// How the app gets its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantType {
    /// `authorization_code`: a person connects once, then a refresh token is exchanged for the next.
    AuthorizationCode,
    /// `client_credentials`: a custom connection to one organisation, without a refresh token.
    ClientCredentials,
}

/// `{"client_id","client_secret","grant_type"}`: the app as it is registered with Xero. Other fields are ignored.
#[derive(Debug, Clone)]
pub struct XeroAppSecret {
    /// Client id.
    pub client_id: String,
    /// Client secret.
    pub client_secret: SecretString,
    /// How tokens are got.
    pub grant_type: GrantType,
}

const APP_SECRET: &str = "Xero app";
const CLIENT_ID: Field = Field {
    name: "client_id",
    takes: "the client id of the Xero app (a text in quotes)",
};
const CLIENT_SECRET: Field = Field {
    name: "client_secret",
    takes: "a client secret of the Xero app (a text in quotes)",
};
const GRANT_TYPE: Field = Field {
    name: "grant_type",
    takes: "\"authorization_code\" for an app that a person connects, or \"client_credentials\" for a custom connection",
};

impl XeroAppSecret {
    /// Whether nobody has filled in the app: the secret is as the template creates it, which names a grant type already.
    #[must_use]
    pub fn is_blank(text: &SecretString) -> bool {
        Fields::read(APP_SECRET, text).is_ok_and(|mut fields| {
            [CLIENT_ID, CLIENT_SECRET]
                .into_iter()
                .all(|field| matches!(fields.take(field), Ok(None)))
        })
    }

    /// The secret's text.
    #[must_use]
    pub fn to_json(&self) -> SecretString {
        let grant_type = match self.grant_type {
            GrantType::AuthorizationCode => "authorization_code",
            GrantType::ClientCredentials => "client_credentials",
        };
        let fields = [
            (CLIENT_ID, self.client_id.as_str()),
            (CLIENT_SECRET, self.client_secret.expose_secret()),
            (GRANT_TYPE, grant_type),
        ];
        json_of(fields)
    }

    /// Reads the secret's text.
    ///
    /// # Errors
    /// Where a field is not filled in or is none of what it takes, or the text is no JSON object.
    pub fn parse(text: &SecretString) -> Result<Self, SecretError> {
        let mut fields = Fields::read(APP_SECRET, text)?;
        let client_id = fields.take(CLIENT_ID)?;
        let client_secret = fields.take(CLIENT_SECRET)?;
        let grant_type = fields.take_parsed(GRANT_TYPE, |text| match text {
            "authorization_code" => Some(GrantType::AuthorizationCode),
            "client_credentials" => Some(GrantType::ClientCredentials),
            _ => None,
        })?;
        Ok(Self {
            client_id: fields.require(CLIENT_ID, client_id)?,
            client_secret: fields.require(CLIENT_SECRET, client_secret)?.into(),
            grant_type: fields.require(GRANT_TYPE, grant_type)?,
        })
    }
}

/// `{"access_token","refresh_token","expires_at","tenant_id"}`: the connection to one Xero organisation. Other fields are ignored, and lost at the next refresh.
///
/// Every field may be missing, because a custom connection starts out with nothing and an app with a refresh token alone;
/// whoever needs one says what to do about it.
#[derive(Debug, Clone, Default)]
pub struct XeroTokenSecret {
    /// The access token, once one was fetched.
    pub access_token: Option<SecretString>,
    /// The refresh token; a custom connection has none.
    pub refresh_token: Option<SecretString>,
    /// When the access token expires.
    pub expires_at: Option<OffsetDateTime>,
    /// The organisation.
    pub tenant_id: Option<TenantId>,
}

const TOKEN_SECRET: &str = "Xero token";
const ACCESS_TOKEN: Field = Field {
    name: "access_token",
    takes: "an access token (a text in quotes), or blank until the first refresh",
};
const REFRESH_TOKEN: Field = Field {
    name: "refresh_token",
    takes: "a refresh token (a text in quotes), or blank for a custom connection",
};
const EXPIRES_AT: Field = Field {
    name: "expires_at",
    takes: "a time such as \"2027-01-31T12:00:00Z\", or blank until the first refresh",
};
const TENANT_ID: Field = Field {
    name: "tenant_id",
    takes: "the tenant id of the Xero organisation, a UUID such as \"01234567-89ab-cdef-0123-456789abcdef\", or blank for a custom connection",
};

impl XeroTokenSecret {
    /// Whether it holds nothing at all: as the template creates it, until somebody connects.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.access_token.is_none()
            && self.refresh_token.is_none()
            && self.expires_at.is_none()
            && self.tenant_id.is_none()
    }

    /// Reads the secret's text.
    ///
    /// # Errors
    /// Where a field is none of what it takes, or the text is no JSON object. A field that is not filled in is `None`.
    pub fn parse(text: &SecretString) -> Result<Self, SecretError> {
        let mut fields = Fields::read(TOKEN_SECRET, text)?;
        Ok(Self {
            access_token: fields.take(ACCESS_TOKEN)?.map(SecretString::from),
            refresh_token: fields.take(REFRESH_TOKEN)?.map(SecretString::from),
            expires_at: fields.take_parsed(EXPIRES_AT, |text| {
                OffsetDateTime::parse(text, &Rfc3339).ok()
            })?,
            tenant_id: fields.take_parsed(TENANT_ID, |text| text.parse().ok())?,
        })
    }

    /// The secret's text; what is `None` is left out.
    ///
    /// A time past the year 9999 cannot be written and is left out as well, so that the token counts as due.
    #[must_use]
    pub fn to_json(&self) -> SecretString {
        let expose = |secret: &Option<SecretString>| {
            let secret = secret.as_ref()?;
            Some(secret.expose_secret().to_owned())
        };
        let values = [
            (ACCESS_TOKEN, expose(&self.access_token)),
            (REFRESH_TOKEN, expose(&self.refresh_token)),
            (
                EXPIRES_AT,
                self.expires_at.and_then(|time| time.format(&Rfc3339).ok()),
            ),
            (TENANT_ID, self.tenant_id.map(|id| id.to_string())),
        ];
        let object: Map<String, Value> = values
            .into_iter()
            .filter_map(|(field, value)| Some((field.name.to_owned(), Value::String(value?))))
            .collect();
        Value::Object(object).to_string().into()
    }
}

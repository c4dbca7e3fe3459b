//! A call before it is sent, and its answer as it came.

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, IF_MODIFIED_SINCE};
use rules::TenantId;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use transport::Response;

use crate::error::{Effect, Error, is_page};
use crate::write::Body;

/// Xero's own bound on an idempotency key, in characters.
const MAX_KEY_CHARS: usize = 128;

/// One call before it is sent.
pub(crate) struct Call {
    /// What is called, for the log.
    pub(crate) name: &'static str,
    method: Method,
    url: String,
    modified_since: Option<HeaderValue>,
    idempotency_key: Option<HeaderValue>,
    body: Bytes,
}

impl Call {
    pub(crate) fn get(name: &'static str, url: String) -> Self {
        Self {
            name,
            method: Method::GET,
            url,
            modified_since: None,
            idempotency_key: None,
            body: Bytes::new(),
        }
    }

    pub(crate) fn write(
        name: &'static str,
        method: Method,
        url: String,
        idempotency_key: &str,
    ) -> Result<Self, Error> {
        let key = Some(idempotency_key)
            .filter(|key| !key.is_empty() && key.chars().count() <= MAX_KEY_CHARS)
            .and_then(|key| HeaderValue::from_str(key).ok())
            .ok_or(Error::InvalidRequest {
                why: "an idempotency key has 1 to 128 printable ASCII characters",
            })?;
        Ok(Self {
            method,
            idempotency_key: Some(key),
            ..Self::get(name, url)
        })
    }

    /// Asks only for what changed since. Xero takes a moment in RFC 3339 and filters to the second; a part of a second is dropped, which asks for more, never for less.
    pub(crate) fn modified_since(mut self, moment: OffsetDateTime) -> Result<Self, Error> {
        let header = moment
            .to_offset(time::UtcOffset::UTC)
            .replace_nanosecond(0)
            .ok()
            .and_then(|moment| moment.format(&Rfc3339).ok())
            .and_then(|text| HeaderValue::try_from(text).ok())
            .ok_or(Error::InvalidRequest {
                why: "the moment since when is out of range",
            })?;
        self.modified_since = Some(header);
        Ok(self)
    }

    pub(crate) fn with_body(mut self, body: &Body<'_>) -> Result<Self, Error> {
        let json = serde_json::to_vec(body).map_err(|_| Error::InvalidRequest {
            why: "the contacts cannot be written as JSON",
        })?;
        self.body = Bytes::from(json);
        Ok(self)
    }

    pub(crate) fn effect(&self) -> Effect {
        if self.method == Method::GET {
            Effect::Reads
        } else {
            Effect::Writes
        }
    }

    pub(crate) fn into_request(
        self,
        token: &SecretString,
        tenant: Option<TenantId>,
    ) -> Result<transport::Request, Error> {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
            .map_err(|_| Error::InvalidRequest {
                why: "the access token holds characters that no header takes",
            })?;
        bearer.set_sensitive(true);
        let mut request = http::Request::builder()
            .method(self.method)
            .uri(self.url)
            .header(AUTHORIZATION, bearer)
            .header(ACCEPT, "application/json"); // Xero's default is XML
        if let Some(tenant) = tenant {
            request = request.header("xero-tenant-id", tenant.to_string());
        }
        if let Some(since) = self.modified_since {
            request = request.header(IF_MODIFIED_SINCE, since);
        }
        if let Some(key) = self.idempotency_key {
            request = request
                .header("Idempotency-Key", key)
                .header(CONTENT_TYPE, "application/json");
        }
        request.body(self.body).map_err(|_| Error::InvalidRequest {
            why: "the API's address is not one of HTTP",
        })
    }
}

/// Reads the body of a success. What is wrong with it is not told, since that would quote it.
pub(crate) fn read<T: DeserializeOwned>(response: &Response, effect: Effect) -> Result<T, Error> {
    if !response.status().is_success() {
        return Err(Error::of_response(response, effect));
    }
    serde_json::from_slice(response.body()).map_err(|_| {
        if is_page(response) {
            return Error::not_from_xero(response, effect);
        }
        Error::unexpected(
            response.status(),
            "a body that is not of the documented form",
        )
    })
}

//! What BigChange asks for at every call.

use base64::Engine;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};

/// A web-services user and the company's key.
#[derive(Clone)]
pub struct Credentials {
    /// User name, for Basic authentication.
    pub username: String,
    /// Its password.
    pub password: SecretString,
    /// The company key, sent in the header `key`.
    pub key: SecretString,
}

impl Credentials {
    /// The headers of a call; `None` where the key holds something that no header can.
    pub(crate) fn headers(&self) -> Option<HeaderMap> {
        let pair = format!("{}:{}", self.username, self.password.expose_secret());
        let basic = format!(
            "Basic {}",
            base64::engine::general_purpose::STANDARD.encode(pair)
        );
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, secret_value(&basic)?);
        headers.insert(
            HeaderName::from_static("key"),
            secret_value(self.key.expose_secret().trim())?,
        );
        Some(headers)
    }
}

fn secret_value(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

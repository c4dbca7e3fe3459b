//! Gives a connection back: Xero's revocation endpoint. The `oauth2` library takes no address but
//! an https one for it, so that no stand-in on this machine could be asked; the call is made here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Request, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use transport::Transport;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::identity::{IdentityError, of_status, of_transport};

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Revokes a refresh token, and with it every connection that the app got by it. One that is
/// revoked already is no error: by OAuth 2 the endpoint answers alike.
///
/// # Errors
/// See [`IdentityError`]. Where Xero gave no usable answer, do it again.
pub async fn revoke(
    transport: &dyn Transport,
    identity_url: &Url,
    client_id: &str,
    client_secret: &SecretString,
    refresh_token: &SecretString,
) -> Result<(), IdentityError> {
    let mut address = identity_url.clone();
    let path = format!(
        "{}/connect/revocation",
        address.path().trim_end_matches('/')
    );
    address.set_path(&path);
    let pair = format!("{client_id}:{}", client_secret.expose_secret());
    let basic = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)));
    let mut basic = basic.map_err(|_| IdentityError::InvalidClient)?;
    basic.set_sensitive(true);
    let form = Serializer::new(String::new())
        .append_pair("token", refresh_token.expose_secret())
        .finish();
    let request = Request::post(address.as_str())
        .header(CONTENT_TYPE, FORM)
        .header(AUTHORIZATION, basic)
        .body(Bytes::from(form));
    let request = request.map_err(|_| IdentityError::Unexpected {
        what: "an address that cannot be called",
    })?;
    let answer = transport.send(request).await.map_err(of_transport)?;
    if let Some(error) = of_status(&answer) {
        return Err(error);
    }
    match answer.status() {
        StatusCode::OK => Ok(()),
        _ => Err(IdentityError::InvalidClient),
    }
}

//! Xero's token endpoint. The form of its calls and answers is OAuth 2's own, left to the `oauth2` library; this module connects it to the
//! [`Transport`] and names its errors by what to do.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::AUTHORIZATION;
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicErrorResponseType, BasicTokenResponse};
use oauth2::{
    AsyncHttpClient, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RefreshToken, RequestTokenError, Scope, TokenResponse, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use transport::{Transport, TransportError};
use url::Url;

use crate::error::{is_page, retry_after};

/// What the app must be allowed: contacts, and the organisation's settings to read.
pub const SCOPES: [&str; 2] = ["accounting.contacts", "accounting.settings.read"];
/// The scopes that a person consents to when connecting the app: those that it uses and `offline_access`, without which Xero gives no refresh token.
pub const CONSENT_SCOPES: [&str; 3] = ["offline_access", SCOPES[0], SCOPES[1]];

/// How long an access token lives by Xero's documentation; used where an answer does not say.
const USUAL_LIFE: Duration = Duration::from_secs(30 * 60);

/// Tokens as Xero issued them.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The access token.
    pub access_token: SecretString,
    /// The refresh token, which replaces the one before; `None` for a custom connection, which needs none.
    pub refresh_token: Option<SecretString>,
    /// How long the access token lives from now: 30 minutes.
    pub expires_in: Duration,
    /// What the tokens allow, where the answer says so.
    pub scopes: Option<Vec<String>>,
}

impl Tokens {
    /// Those of `wanted` that the tokens do not allow, as far as Xero says.
    #[must_use]
    pub fn missing_scopes<'w>(&self, wanted: &[&'w str]) -> Vec<&'w str> {
        let Some(scopes) = &self.scopes else {
            return Vec::new();
        };
        let is_missing = |wanted: &&&str| !scopes.iter().any(|scope| scope == **wanted);
        wanted.iter().filter(is_missing).copied().collect()
    }
}

/// A person's consent that is asked for: where, and what only this program knows about it.
pub struct ConsentRequest {
    /// Xero's page, to be opened in a browser.
    pub address: Url,
    /// Comes back with the answer; any other answer is not to this request.
    pub state: SecretString,
    redirect: RedirectUrl,
    verifier: PkceCodeVerifier,
}

/// Where Xero asks a person for consent: its own login address, or with a stand-in for its identity server that one.
fn authorize_address(identity_url: &Url) -> Url {
    let is_xero = identity_url.host_str() == Some("identity.xero.com");
    let mut address = identity_url.clone();
    if is_xero && address.set_host(Some("login.xero.com")).is_err() {
        return identity_url.clone();
    }
    let path = format!(
        "{}/identity/connect/authorize",
        address.path().trim_end_matches('/')
    );
    address.set_path(&path);
    address
}

/// Why there are no tokens. Neither form shows a token or the app's secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Xero does not take this refresh token: it was replaced more than 30 minutes ago, was unused for 60 days, or the app was disconnected.
    /// Try those stored since; if none is taken, a person must connect the app again.
    #[error(
        "Xero does not take the refresh token; if no later one is stored, a person must connect the app again"
    )]
    InvalidGrant,
    /// `invalid_client`: Xero does not take the app's client id and secret. A person must store the right ones.
    #[error(
        "Xero does not take the app's client id and client secret; store those that developer.xero.com → My Apps → the app → Configuration shows (contact-sync connect xero --new-app)"
    )]
    InvalidClient,
    /// `unauthorized_client`: Xero does not allow this app what it asks for, be it the kind of connection or a scope. To connect again does not help.
    #[error(
        "Xero does not allow this app what it asks for (unauthorized_client): at developer.xero.com → My Apps, give the app the scopes accounting.contacts and accounting.settings.read, and check that it is of the right kind, a web app or a custom connection; to connect again does not help before that"
    )]
    UnauthorizedClient,
    /// `invalid_scope`: the app lacks a scope that it needs. To connect again does not help.
    #[error(
        "Xero does not allow this app a scope that it needs (invalid_scope): at developer.xero.com → My Apps, give the app the scopes accounting.contacts and accounting.settings.read; to connect again does not help before that"
    )]
    InvalidScope,
    /// Xero is out of order or the answer was lost: try again later, a refresh with the same token.
    #[error("Xero's token endpoint cannot be reached or is out of order{}", if *answer_lost { "; new tokens may have been issued" } else { "" })]
    Transient {
        /// How long Xero asks to wait, if it does.
        retry_after: Option<Duration>,
        /// Whether the refresh token may have been used. Xero takes it again for 30 minutes.
        answer_lost: bool,
    },
    /// Xero answered what OAuth 2 does not have. The refresh token may have been used; Xero takes it again for 30 minutes.
    #[error("Xero's token endpoint answered unexpectedly: {what}")]
    Unexpected {
        /// What is wrong.
        what: &'static str,
    },
}

type Client =
    BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// Xero's token endpoint, for one app.
#[derive(Clone)]
pub struct Identity {
    transport: Arc<dyn Transport>,
    client: Client,
}

impl Identity {
    /// A client of the token endpoint at `identity_url`, `https://identity.xero.com` in production.
    pub fn new(
        transport: Arc<dyn Transport>,
        identity_url: Url,
        client_id: String,
        client_secret: SecretString,
    ) -> Self {
        let mut url = identity_url;
        let path = format!("{}/connect/token", url.path().trim_end_matches('/'));
        url.set_path(&path);
        let client = BasicClient::new(ClientId::new(client_id))
            .set_client_secret(ClientSecret::new(client_secret.expose_secret().to_owned()))
            .set_token_uri(TokenUrl::from_url(url));
        Self { transport, client }
    }

    /// Exchanges a refresh token for new tokens. The new refresh token must be stored before anything else is done: the old one dies within 30 minutes.
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub async fn refresh(&self, refresh_token: &SecretString) -> Result<Tokens, IdentityError> {
        let token = RefreshToken::new(refresh_token.expose_secret().to_owned());
        let request = self.client.exchange_refresh_token(&token);
        let through = Through(self.transport.as_ref());
        let answer = request.request_async(&through).await;
        tokens(answer)
    }

    /// Begins to ask a person for consent. `redirect` is where the browser is sent afterwards; the app at Xero must have just that address.
    ///
    /// # Errors
    /// The redirect address, where it is none.
    pub fn ask_for_consent(
        client_id: &str,
        identity_url: &Url,
        redirect: &str,
    ) -> Result<ConsentRequest, url::ParseError> {
        let redirect = RedirectUrl::new(redirect.to_owned())?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let client = BasicClient::new(ClientId::new(client_id.to_owned()))
            .set_auth_uri(AuthUrl::from_url(authorize_address(identity_url)))
            .set_redirect_uri(redirect.clone());
        let scopes = CONSENT_SCOPES.into_iter().map(str::to_owned);
        let (address, state) = client
            .authorize_url(CsrfToken::new_random)
            .add_scopes(scopes.map(Scope::new))
            .set_pkce_challenge(challenge)
            .url();
        Ok(ConsentRequest {
            address,
            state: state.into_secret().into(),
            redirect,
            verifier,
        })
    }

    /// Exchanges the code that a person's consent brought, once and within five minutes.
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub async fn exchange_code(
        &self,
        consent: ConsentRequest,
        code: SecretString,
    ) -> Result<Tokens, IdentityError> {
        let code = AuthorizationCode::new(code.expose_secret().to_owned());
        let request = self
            .client
            .exchange_code(code)
            .set_redirect_uri(Cow::Owned(consent.redirect))
            .set_pkce_verifier(consent.verifier);
        let through = Through(self.transport.as_ref());
        let answer = request.request_async(&through).await;
        tokens(answer)
    }

    /// Asks for an access token of a custom connection, which belongs to one organisation and has no refresh token.
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub async fn client_credentials(&self) -> Result<Tokens, IdentityError> {
        let scopes = SCOPES.into_iter().map(str::to_owned).map(Scope::new);
        let request = self.client.exchange_client_credentials().add_scopes(scopes);
        let through = Through(self.transport.as_ref());
        let answer = request.request_async(&through).await;
        tokens(answer)
    }
}

type RequestError = RequestTokenError<NoOAuthAnswer, BasicErrorResponse>;

fn tokens(answer: Result<BasicTokenResponse, RequestError>) -> Result<Tokens, IdentityError> {
    let answer = answer.map_err(identity_error)?;
    let secret = |text: &String| SecretString::from(text.clone());
    Ok(Tokens {
        access_token: secret(answer.access_token().secret()),
        refresh_token: answer.refresh_token().map(|token| secret(token.secret())),
        expires_in: answer.expires_in().unwrap_or(USUAL_LIFE),
        scopes: answer.scopes().map(|scopes| {
            // Xero separates them by spaces; the library takes other separators for part of a scope.
            let scopes = scopes.iter().flat_map(|scope| scope.split_whitespace());
            scopes.map(str::to_owned).collect()
        }),
    })
}

/// The library's errors quote the answer, so nothing of them is carried over but their kind.
fn identity_error(error: RequestError) -> IdentityError {
    match error {
        RequestTokenError::Request(NoOAuthAnswer(error)) => error,
        RequestTokenError::ServerResponse(refusal) => match refusal.error() {
            BasicErrorResponseType::InvalidGrant => IdentityError::InvalidGrant,
            BasicErrorResponseType::InvalidClient => IdentityError::InvalidClient,
            BasicErrorResponseType::UnauthorizedClient => IdentityError::UnauthorizedClient,
            BasicErrorResponseType::InvalidScope => IdentityError::InvalidScope,
            _ => IdentityError::Unexpected {
                what: "a refusal that this program has no use for",
            },
        },
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => IdentityError::Unexpected {
            what: "a body that is not of OAuth 2's form",
        },
    }
}

/// Lets the `oauth2` library send through the [`Transport`].
struct Through<'t>(&'t dyn Transport);

/// The answer that the library does not get to see, since its status already says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct NoOAuthAnswer(IdentityError);

impl fmt::Display for NoOAuthAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for NoOAuthAnswer {}

impl<'c> AsyncHttpClient<'c> for Through<'_> {
    type Error = NoOAuthAnswer;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, NoOAuthAnswer>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let mut request = request.map(Bytes::from);
            if let Some(credentials) = request.headers_mut().get_mut(AUTHORIZATION) {
                credentials.set_sensitive(true);
            }
            let answer = self.0.send(request).await;
            let response = answer.map_err(|error| NoOAuthAnswer(of_transport(error)))?;
            match of_status(&response) {
                None => Ok(response.map(|body| body.to_vec())),
                Some(error) => Err(NoOAuthAnswer(error)),
            }
        })
    }
}

pub(crate) fn of_transport(error: TransportError) -> IdentityError {
    IdentityError::Transient {
        retry_after: None,
        answer_lost: error != TransportError::NotSent,
    }
}

/// OAuth 2 answers with 200, 400 or 401, in its own form; anything else is told by its status. A 403 is a gateway's: OAuth 2 has none.
pub(crate) fn of_status(response: &transport::Response) -> Option<IdentityError> {
    let retry_after = retry_after(response.headers());
    if is_page(response) {
        // A gateway's, which says nothing about the tokens.
        return Some(IdentityError::Transient {
            retry_after,
            answer_lost: true,
        });
    }
    match response.status() {
        StatusCode::OK | StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED => None,
        StatusCode::TOO_MANY_REQUESTS => Some(IdentityError::Transient {
            retry_after,
            answer_lost: false,
        }),
        status
            if status.is_server_error()
                || status == StatusCode::REQUEST_TIMEOUT
                || status == StatusCode::FORBIDDEN =>
        {
            Some(IdentityError::Transient {
                retry_after,
                answer_lost: true,
            })
        }
        _ => Some(IdentityError::Unexpected {
            what: "a status that OAuth 2 does not have",
        }),
    }
}

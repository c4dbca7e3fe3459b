//! The identity server: access tokens of half an hour, refresh tokens that rotate.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::answer::{self, Answer, Refusal};
use crate::config::Config;
use crate::ids::Ids;

/// How long an access token lives.
const ACCESS_TOKEN_LIFE: Duration = Duration::from_secs(1_800);
/// How long a refresh token lives unused.
const REFRESH_TOKEN_LIFE: Duration = Duration::from_secs(60 * 24 * 60 * 60);
/// How long a refresh token can be used again after its first use, for callers that lost the answer.
const REFRESH_GRACE: Duration = Duration::from_secs(30 * 60);
/// How long an authorization code lives.
const CODE_LIFE: Duration = Duration::from_secs(5 * 60);
/// What an app is granted that does not say otherwise.
const DEFAULT_SCOPE: &str = "offline_access accounting.contacts accounting.settings.read";

type Form = BTreeMap<String, String>;

/// What a caller is given to work with.
#[derive(Clone)]
pub struct TokenPair {
    /// The access token.
    pub access_token: String,
    /// The refresh token; a custom connection has none.
    pub refresh_token: Option<String>,
    /// When the access token expires.
    pub expires_at: SystemTime,
}

/// What an access token allows.
#[derive(Clone)]
pub(crate) struct Access {
    expires_at: SystemTime,
    scope: String,
    /// A custom connection's token: it knows its one organisation, and needs no tenant header.
    pub(crate) is_custom_connection: bool,
}

struct RefreshToken {
    issued_at: SystemTime,
    first_used_at: Option<SystemTime>,
    scope: String,
}

struct Code {
    issued_at: SystemTime,
    redirect_uri: String,
    /// The S256 challenge, if the caller proves itself by PKCE.
    challenge: Option<String>,
    scope: String,
}

/// Every token and code that was handed out.
#[derive(Default)]
pub(crate) struct Identity {
    access_tokens: BTreeMap<String, Access>,
    refresh_tokens: BTreeMap<String, RefreshToken>,
    codes: BTreeMap<String, Code>,
}

impl Identity {
    /// Hands out tokens, as when a person connects the app.
    pub(crate) fn issue(
        &mut self,
        now: SystemTime,
        ids: &mut Ids,
        scope: &str,
        custom: bool,
    ) -> TokenPair {
        let access_token = format!("access-{}", ids.next().simple());
        let expires_at = now + ACCESS_TOKEN_LIFE;
        let access = Access {
            expires_at,
            scope: scope.to_owned(),
            is_custom_connection: custom,
        };
        self.access_tokens.insert(access_token.clone(), access);
        let refresh_token = (!custom && has_scope(scope, "offline_access")).then(|| {
            let token = format!("refresh-{}", ids.next().simple());
            let kept = RefreshToken {
                issued_at: now,
                first_used_at: None,
                scope: scope.to_owned(),
            };
            self.refresh_tokens.insert(token.clone(), kept);
            token
        });
        TokenPair {
            access_token,
            refresh_token,
            expires_at,
        }
    }

    pub(crate) fn issue_default(&mut self, now: SystemTime, ids: &mut Ids) -> TokenPair {
        self.issue(now, ids, DEFAULT_SCOPE, false)
    }

    /// What the bearer token of a call allows.
    ///
    /// # Errors
    /// For a missing, unknown or expired token.
    pub(crate) fn access(&self, now: SystemTime, headers: &HeaderMap) -> Result<&Access, Refusal> {
        let access = self
            .access_ignoring_expiry(headers)
            .ok_or(Refusal::UnknownToken)?;
        if access.expires_at <= now {
            Err(Refusal::ExpiredToken(access.expires_at))
        } else {
            Ok(access)
        }
    }

    pub(crate) fn access_ignoring_expiry(&self, headers: &HeaderMap) -> Option<&Access> {
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        self.access_tokens.get(value.strip_prefix("Bearer ")?)
    }

    /// Whether a refresh with this token would succeed now.
    pub(crate) fn accepts(&self, now: SystemTime, token: &str) -> bool {
        self.refresh_tokens.get(token).is_some_and(|kept| {
            let (since, life) = match kept.first_used_at {
                None => (kept.issued_at, REFRESH_TOKEN_LIFE),
                Some(used_at) => (used_at, REFRESH_GRACE),
            };
            now.duration_since(since).unwrap_or_default() < life
        })
    }

    pub(crate) fn revoke_refresh_tokens(&mut self) {
        self.refresh_tokens.clear();
    }

    pub(crate) fn revoke_access_tokens(&mut self) {
        self.access_tokens.clear();
    }

    /// `GET /identity/connect/authorize`: a person who agrees at once, and is sent back with a code.
    pub(crate) fn authorize(
        &mut self,
        now: SystemTime,
        ids: &mut Ids,
        config: &Config,
        query: &str,
    ) -> Answer {
        let query = read_form(query.as_bytes());
        let given = |key: &str| query.get(key).map(String::as_str);
        let plain_pkce = given("code_challenge_method").is_some_and(|method| method != "S256");
        let (Some("code"), Some(redirect), false) =
            (given("response_type"), given("redirect_uri"), plain_pkce)
        else {
            return answer::html(StatusCode::BAD_REQUEST);
        };
        let Ok(mut target) = url::Url::parse(redirect) else {
            return answer::html(StatusCode::BAD_REQUEST);
        };
        if given("client_id") != Some(config.client_id.as_str()) {
            return answer::html(StatusCode::BAD_REQUEST);
        }
        let code = format!("code-{}", ids.next().simple());
        target.query_pairs_mut().append_pair("code", &code);
        if let Some(state) = given("state") {
            target.query_pairs_mut().append_pair("state", state);
        }
        let kept = Code {
            issued_at: now,
            redirect_uri: redirect.to_owned(),
            challenge: given("code_challenge").map(str::to_owned),
            scope: given("scope").unwrap_or(DEFAULT_SCOPE).to_owned(),
        };
        self.codes.insert(code, kept);
        let mut answer = answer::html(StatusCode::FOUND);
        if let Ok(location) = HeaderValue::from_str(target.as_str()) {
            answer.headers_mut().insert(header::LOCATION, location);
        }
        answer
    }

    /// `POST /connect/token`.
    pub(crate) fn token(
        &mut self,
        now: SystemTime,
        ids: &mut Ids,
        config: &Config,
        request: &Request<Bytes>,
    ) -> Answer {
        let content_type = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok());
        if !content_type.is_some_and(|t| t.starts_with("application/x-www-form-urlencoded")) {
            return refused("invalid_request");
        }
        let form = read_form(request.body());
        if !is_the_app(request.headers(), &form, config) {
            return refused("invalid_client");
        }
        if !self.grants(&form) {
            return refused("invalid_scope");
        }
        let granted = match form.get("grant_type").map(String::as_str) {
            Some("refresh_token") => self
                .redeem_refresh_token(now, &form)
                .map(|scope| (scope, false)),
            Some("authorization_code") => self.redeem_code(now, &form).map(|scope| (scope, false)),
            Some("client_credentials") => Some((
                form.get("scope")
                    .map_or(DEFAULT_SCOPE, String::as_str)
                    .to_owned(),
                true,
            )),
            _ => return refused("unsupported_grant_type"),
        };
        let Some((scope, custom)) = granted else {
            return refused("invalid_grant");
        };
        let pair = self.issue(now, ids, &scope, custom);
        let mut body = json!({
            "access_token": pair.access_token,
            "expires_in": ACCESS_TOKEN_LIFE.as_secs(),
            "token_type": "Bearer",
            "scope": scope,
        });
        if let Some(token) = pair.refresh_token {
            body["refresh_token"] = json!(token);
        }
        answer::json_answer(StatusCode::OK, &body)
    }

    fn redeem_refresh_token(&mut self, now: SystemTime, form: &Form) -> Option<String> {
        let token = form.get("refresh_token")?;
        if !self.accepts(now, token) {
            return None;
        }
        let kept = self.refresh_tokens.get_mut(token)?;
        kept.first_used_at.get_or_insert(now);
        Some(kept.scope.clone())
    }

    /// Whether a refresh asks for no more than was granted. One that asks for less is answered with all of it, as a grant may be wider than asked for.
    fn grants(&self, form: &Form) -> bool {
        let (Some(asked), Some(token)) = (form.get("scope"), form.get("refresh_token")) else {
            return true;
        };
        let kept = self.refresh_tokens.get(token);
        kept.is_none_or(|kept| {
            let mut asked = asked.split_whitespace();
            asked.all(|scope| has_scope(&kept.scope, scope))
        })
    }

    /// `POST /connect/revocation`: ends what the token belongs to. A token that is not known is no error (RFC 7009). Whether it was one.
    pub(crate) fn revoke(
        &mut self,
        config: &Config,
        request: &Request<Bytes>,
    ) -> Result<bool, Box<Answer>> {
        let form = read_form(request.body());
        if !is_the_app(request.headers(), &form, config) {
            return Err(Box::new(refused("invalid_client")));
        }
        let Some(token) = form.get("token") else {
            return Err(Box::new(refused("invalid_request")));
        };
        let is_known = self.refresh_tokens.contains_key(token);
        if is_known {
            self.revoke_refresh_tokens();
            self.revoke_access_tokens();
        }
        Ok(is_known)
    }

    fn redeem_code(&mut self, now: SystemTime, form: &Form) -> Option<String> {
        let code = self.codes.remove(form.get("code")?)?;
        let proved = code.challenge.is_none_or(|challenge| {
            form.get("code_verifier").is_some_and(|verifier| {
                URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == challenge
            })
        });
        let in_time = now.duration_since(code.issued_at).unwrap_or_default() < CODE_LIFE;
        let same_redirect = form.get("redirect_uri") == Some(&code.redirect_uri);
        (proved && in_time && same_redirect).then_some(code.scope)
    }
}

impl Access {
    /// Whether the token may read, or read and write, contacts.
    pub(crate) fn allows_settings(&self) -> bool {
        has_scope(&self.scope, "accounting.settings")
            || has_scope(&self.scope, "accounting.settings.read")
    }

    pub(crate) fn allows_contacts(&self, write: bool) -> bool {
        has_scope(&self.scope, "accounting.contacts")
            || (!write && has_scope(&self.scope, "accounting.contacts.read"))
    }
}

fn has_scope(scopes: &str, wanted: &str) -> bool {
    scopes.split(' ').any(|scope| scope == wanted)
}

fn refused(error: &str) -> Answer {
    answer::refused_by_identity(error)
}

fn read_form(body: &[u8]) -> Form {
    url::form_urlencoded::parse(body).into_owned().collect()
}

/// Whether the client id and secret are given: as Basic auth, plain or form-encoded as RFC 6749 has it, or in the form, as Xero's own SDKs do.
fn is_the_app(headers: &HeaderMap, form: &Form, config: &Config) -> bool {
    if !headers.contains_key(header::AUTHORIZATION) {
        return form.get("client_id") == Some(&config.client_id)
            && form.get("client_secret") == Some(&config.client_secret);
    }
    let value = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok());
    let decoded = value
        .and_then(|v| v.strip_prefix("Basic "))
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((id, secret)) = decoded.as_deref().and_then(|text| text.split_once(':')) else {
        return false;
    };
    let is = |given: &str, wanted: &str| {
        let encoded: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
        given == wanted || given == encoded
    };
    is(id, &config.client_id) && is(secret, &config.client_secret)
}

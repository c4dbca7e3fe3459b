//! `Idempotency-Key`: the same request again gets the same answer, for six minutes.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Method, Request};

use crate::answer::{Answer, Refusal};

/// How long an answer is kept from the first call on.
const KEPT_FOR: Duration = Duration::from_secs(6 * 60);
/// The longest key.
const MAX_KEY_CHARS: usize = 128;

/// The answers kept for the one app, whatever the organisation: the tenant is no part of a request's identity.
#[derive(Default)]
pub(crate) struct Idempotency {
    kept: BTreeMap<String, Kept>,
}

struct Kept {
    since: SystemTime,
    method: Method,
    path_and_query: String,
    body: Bytes,
    answer: Answer,
}

/// The key of a request that may have one.
pub(crate) fn key_of(request: &Request<Bytes>) -> Option<&str> {
    if !matches!(*request.method(), Method::POST | Method::PUT) {
        return None;
    }
    let value = request.headers().get("idempotency-key")?;
    Some(value.to_str().unwrap_or_default()).filter(|key| !key.is_empty())
}

impl Idempotency {
    /// The kept answer, if the request was made before.
    ///
    /// # Errors
    /// For a key of another request, and for an overlong one.
    pub(crate) fn replay(
        &mut self,
        now: SystemTime,
        key: &str,
        request: &Request<Bytes>,
    ) -> Result<Option<Answer>, Refusal> {
        if key.chars().count() > MAX_KEY_CHARS {
            return Err(Refusal::IdempotencyKey(format!(
                "Idempotency Key: must be at most {MAX_KEY_CHARS} characters."
            )));
        }
        self.kept
            .retain(|_, kept| now.duration_since(kept.since).unwrap_or_default() < KEPT_FOR);
        let Some(kept) = self.kept.get(key) else {
            return Ok(None);
        };
        let same = kept.method == *request.method()
            && kept.path_and_query == path_and_query(request)
            && kept.body == *request.body();
        if same {
            Ok(Some(kept.answer.clone()))
        } else {
            Err(Refusal::IdempotencyKey(format!(
                "Idempotency Key: {key} is used with a different request."
            )))
        }
    }

    /// Keeps an answer, refusals and failures too.
    pub(crate) fn keep(
        &mut self,
        now: SystemTime,
        key: &str,
        request: &Request<Bytes>,
        answer: &Answer,
    ) {
        let kept = Kept {
            since: now,
            method: request.method().clone(),
            path_and_query: path_and_query(request).to_owned(),
            body: request.body().clone(),
            answer: answer.clone(),
        };
        self.kept.insert(key.to_owned(), kept);
    }
}

pub(crate) fn path_and_query(request: &Request<Bytes>) -> &str {
    request.uri().path_and_query().map_or("", |p| p.as_str())
}

//! What the fake does with a call: which failure is due, who may call, and what is answered.

use std::time::SystemTime;

use base64::Engine;
use bytes::Bytes;
use time::OffsetDateTime;

use crate::actions::{self, Action};
use crate::answer::{self, Outcome};
use crate::company::to_the_second;
use crate::parameters::Parameters;
use crate::{Call, FakeBigChange, FakeCredentials, FaultKind, Hold, LostAnswer, PATH};

/// The longest query string, in characters, that a web server under ASP.NET takes from the start.
const MAX_QUERY_CHARS: usize = 2048;

impl FakeBigChange {
    /// Answers one call. The same calls at the same times give the same answers.
    ///
    /// A failure that happens on the way back is only marked on the answer ([`LostAnswer`], [`Hold`]): whoever carries the answer acts upon it.
    pub fn handle(
        &mut self,
        now: SystemTime,
        request: &http::Request<Bytes>,
    ) -> http::Response<Bytes> {
        let now = to_the_second(now);
        let parameters = Parameters::of(request);
        let asked = parameters.get("action").unwrap_or_default();
        let action = Action::named(asked);
        let name = action.map_or_else(|| asked.to_owned(), |a| a.name().to_owned());
        let fault = self.due_fault(&name);
        let (mut response, code) = match fault.as_ref().and_then(fails_before_effect) {
            Some(Failure::Http(response)) => (response, None),
            Some(Failure::Envelope(outcome)) => self.enveloped(outcome),
            None => match refused_at_the_door(&self.credentials, &parameters, request) {
                Some(Failure::Http(response)) => (response, None),
                Some(Failure::Envelope(outcome)) => self.enveloped(outcome),
                None => {
                    let outcome = self.act(now, action, &parameters);
                    self.enveloped(outcome)
                }
            },
        };
        let answer_lost = fault == Some(FaultKind::LostAnswer);
        match fault {
            Some(FaultKind::LostAnswer) => {
                response.extensions_mut().insert(LostAnswer);
            }
            Some(FaultKind::Delay { milliseconds }) => {
                let delay = std::time::Duration::from_millis(milliseconds);
                response.extensions_mut().insert(Hold(delay));
            }
            _ => {}
        }
        self.calls.push(Call {
            at: now,
            action: name,
            parameters: parameters.without_action(),
            status: response.status().as_u16(),
            code,
            answer_lost,
        });
        response
    }

    fn act(
        &mut self,
        now: OffsetDateTime,
        action: Option<Action>,
        parameters: &Parameters,
    ) -> Outcome {
        match action {
            None => Outcome::refused("Invalid action"),
            Some(action)
                if self
                    .behaviour
                    .actions_without_right
                    .contains(&action.name().to_ascii_lowercase()) =>
            {
                Outcome::refused("misc_noRight")
            }
            Some(action) => actions::act(self, now, action, parameters),
        }
    }

    fn enveloped(&self, outcome: Outcome) -> (http::Response<Bytes>, Option<i64>) {
        let code = outcome.code();
        (outcome.into_response(&self.behaviour), Some(code))
    }

    fn due_fault(&mut self, action: &str) -> Option<FaultKind> {
        let fault = self.faults.iter_mut().find(|f| f.fits(action))?;
        fault.times -= 1;
        let kind = fault.kind.clone();
        self.faults.retain(|f| f.times > 0);
        Some(kind)
    }
}

/// A call that ends before it has an effect.
enum Failure {
    Http(http::Response<Bytes>),
    Envelope(Outcome),
}

fn fails_before_effect(fault: &FaultKind) -> Option<Failure> {
    match fault {
        FaultKind::Status {
            status,
            retry_after_seconds,
        } => {
            let mut response = answer::html(*status);
            if let Some(seconds) = retry_after_seconds {
                response
                    .headers_mut()
                    .insert(http::header::RETRY_AFTER, http::HeaderValue::from(*seconds));
            }
            Some(Failure::Http(response))
        }
        FaultKind::ServerError => Some(Failure::Envelope(Outcome::ServerError)),
        FaultKind::Refusal { words } => Some(Failure::Envelope(Outcome::refused(words.as_str()))),
        FaultKind::LostAnswer | FaultKind::Delay { .. } => None,
    }
}

fn refused_at_the_door(
    credentials: &FakeCredentials,
    parameters: &Parameters,
    request: &http::Request<Bytes>,
) -> Option<Failure> {
    if !request.uri().path().eq_ignore_ascii_case(PATH) {
        return Some(Failure::Http(answer::html(404)));
    }
    // IIS answers an overlong query string with 404.15.
    if request.uri().query().unwrap_or_default().chars().count() > MAX_QUERY_CHARS {
        return Some(Failure::Http(answer::html(404)));
    }
    let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok());
    let pair = format!("{}:{}", credentials.username, credentials.password);
    let basic = format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(pair)
    );
    if header("authorization") != Some(basic.as_str()) {
        return Some(Failure::Http(answer::html(401)));
    }
    // How a wrong key is answered isn't published; the envelope is the harder reading, since the status says that all is well.
    if header("key") != Some(credentials.key.as_str()) {
        return Some(Failure::Envelope(Outcome::refused("misc_noRight")));
    }
    if !parameters
        .get("format")
        .is_some_and(|f| f.eq_ignore_ascii_case("json"))
    {
        // The fake has JSON only; XML is what its caller would have to read.
        return Some(Failure::Http(answer::with_body(
            200,
            "text/xml",
            "<?xml version=\"1.0\"?><Response><Code>0</Code></Response>".to_owned(),
        )));
    }
    None
}

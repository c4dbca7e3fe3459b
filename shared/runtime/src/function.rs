//! What the three Lambda functions share around their work: how they start, and how an error is
//! reported.
//!
//! An error reaches Lambda as one line with a type that people can search for, such as
//! `SecretUnavailable`, and stands in the log once.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use futures::FutureExt as _;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use secrets::{SecretError, VaultError};
use serde::Serialize;
use serde_json::Value;
use store::TableError;
use transport::{HttpTransport, Transport};

use crate::{ConfigurationError, OpenError, QueueError, StartError};

/// No error line is longer, in characters.
const MAX_MESSAGE_CHARS: usize = 1_000;
/// Where the Lambda environment takes the report of a process that cannot start.
const INIT_ERROR_PATH: &str = "/2018-06-01/runtime/init/error";
/// The header that carries the type of an error to Lambda.
const ERROR_TYPE_HEADER: &str = "Lambda-Runtime-Function-Error-Type";

/// An error that has a name which people can search for in logs and in Lambda's own reports.
pub trait ErrorType: fmt::Display {
    /// The name: a noun and what is wrong with it. It never changes between versions, because
    /// people filter by it.
    fn error_type(&self) -> &'static str;
}

impl ErrorType for VaultError {
    fn error_type(&self) -> &'static str {
        match self {
            Self::Conflict => "SecretChanged",
            Self::Missing { .. } => "SecretMissing",
            Self::Unavailable(_) => "SecretUnavailable",
            Self::Refused(_) => "SecretRefused",
        }
    }
}

impl ErrorType for SecretError {
    fn error_type(&self) -> &'static str {
        match self {
            Self::NotFilledIn { .. } => "SecretNotFilledIn",
            _ => "SecretInvalid",
        }
    }
}

impl ErrorType for TableError {
    fn error_type(&self) -> &'static str {
        match self {
            Self::Conflict => "TableConflict",
            Self::Unavailable(_) => "TableUnavailable",
            Self::Refused(_) => "TableRefused",
        }
    }
}

impl ErrorType for QueueError {
    fn error_type(&self) -> &'static str {
        "QueueUnavailable"
    }
}

impl ErrorType for ConfigurationError {
    fn error_type(&self) -> &'static str {
        match self {
            Self::Setting(_) => "SettingInvalid",
            Self::Variable { .. } => "EnvironmentInvalid",
        }
    }
}

impl ErrorType for StartError {
    fn error_type(&self) -> &'static str {
        match self {
            Self::Configuration(error) => error.error_type(),
            Self::Tls => "TlsUnavailable",
            Self::Vault(error) => error.error_type(),
            Self::Secret(error) | Self::BigChangeNotConnected(error) => error.error_type(),
        }
    }
}

impl ErrorType for OpenError {
    fn error_type(&self) -> &'static str {
        match self {
            Self::Secret(error) => error.error_type(),
            Self::NoOrganisation => "NotConnected",
            Self::Vault(error) => error.error_type(),
            Self::Table(error) => error.error_type(),
        }
    }
}

/// What a function reports to Lambda instead of an answer. Its debug form is the line that stands
/// in the log: the runtime writes it once.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure {
    error_type: &'static str,
    message: String,
}

impl Failure {
    /// The report of an error, as one line.
    #[must_use]
    pub fn of(error: &impl ErrorType) -> Self {
        Self::new(error.error_type(), &error.to_string())
    }

    fn new(error_type: &'static str, message: &str) -> Self {
        // Words of another system may hold line ends, which CloudWatch would take for the end of
        // the message.
        let words: Vec<&str> = message.split_whitespace().collect();
        let message = words.join(" ").chars().take(MAX_MESSAGE_CHARS).collect();
        Self {
            error_type,
            message,
        }
    }

    /// The handler panicked. What it said is left out: it could quote a value of a contact.
    fn panicked() -> Self {
        Self::new(
            "ProgramPanicked",
            "the program panicked; the log line before this one says where. That is a fault of the program, please report it",
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error_type, self.message)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self {
            error_type: failure.error_type.to_owned(),
            error_message: failure.message,
        }
    }
}

/// Answers events until the Lambda environment ends. An error of `handle` is reported as a
/// [`Failure`], and so is a panic.
pub async fn serve<T, E, F>(name: &str, handle: impl Fn(LambdaEvent<Value>) -> F) -> ExitCode
where
    T: Serialize,
    E: ErrorType,
    F: Future<Output = Result<T, E>>,
{
    let answer = |event| {
        let work = AssertUnwindSafe(handle(event)).catch_unwind();
        async {
            match work.await {
                Ok(answer) => answer.map_err(|error| Failure::of(&error)),
                Err(_) => Err(Failure::panicked()),
            }
        }
    };
    match lambda_runtime::run(service_fn(answer)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{name} has no connection to Lambda any more: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Ends a function that cannot start. The reason goes to the log and to Lambda, which would
/// otherwise report nothing but `Runtime.ExitError`.
pub async fn cannot_start(name: &str, error: &impl ErrorType) -> ExitCode {
    let failure = Failure::of(error);
    tracing::error!(
        error_type = failure.error_type,
        "{name} cannot start: {}",
        failure.message
    );
    let lambda = std::env::var("AWS_LAMBDA_RUNTIME_API");
    if let (Ok(lambda), Ok(transport)) = (lambda, HttpTransport::new()) {
        report_start(&transport, &lambda, &failure).await;
    }
    ExitCode::FAILURE
}

/// Tells the Lambda environment why the process ends. If that fails, the log has the reason all the
/// same.
async fn report_start(transport: &dyn Transport, lambda: &str, failure: &Failure) {
    let body = serde_json::json!({
        "errorType": failure.error_type,
        "errorMessage": failure.message,
        "stackTrace": [],
    });
    let request = http::Request::post(format!("http://{lambda}{INIT_ERROR_PATH}"))
        .header("Content-Type", "application/json")
        .header(ERROR_TYPE_HEADER, failure.error_type)
        .body(body.to_string().into_bytes().into());
    if let Ok(request) = request {
        let _ = transport.send(request).await;
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]
mod tests {
    use std::sync::Mutex;

    use futures::future::BoxFuture;
    use rules::{InvalidSetting, Settings};
    use transport::{Request, Response, TransportError};

    use super::*;

    fn vault_is_down() -> VaultError {
        VaultError::Unavailable("timed out".to_owned())
    }

    fn wrong_setting() -> InvalidSetting {
        Settings::read(|_| None).unwrap_err()
    }

    #[test]
    fn every_error_has_a_type_that_says_what_is_wrong() {
        let missing = VaultError::Missing {
            secret: "s".to_owned(),
        };
        let not_filled_in = SecretError::NotFilledIn {
            secret: "Xero app",
            field: "client_id",
            takes: "an id",
        };
        let variable = ConfigurationError::Variable {
            variable: "TABLE_NAME",
            wrong: "is missing",
            takes: "a name",
        };
        let cases: [(&dyn ErrorType, &str); 14] = [
            (&vault_is_down(), "SecretUnavailable"),
            (&missing, "SecretMissing"),
            (&VaultError::Refused(String::new()), "SecretRefused"),
            (&not_filled_in, "SecretNotFilledIn"),
            (&TableError::Conflict, "TableConflict"),
            (&TableError::Refused(String::new()), "TableRefused"),
            (&QueueError(String::new()), "QueueUnavailable"),
            (&StartError::Tls, "TlsUnavailable"),
            (&StartError::Vault(vault_is_down()), "SecretUnavailable"),
            (&StartError::Configuration(variable), "EnvironmentInvalid"),
            (
                &StartError::Configuration(wrong_setting().into()),
                "SettingInvalid",
            ),
            (&OpenError::NoOrganisation, "NotConnected"),
            (&OpenError::Vault(vault_is_down()), "SecretUnavailable"),
            (
                &OpenError::Table(TableError::Unavailable(String::new())),
                "TableUnavailable",
            ),
        ];
        for (error, expected) in cases {
            assert_eq!(error.error_type(), expected, "{error}");
        }
    }

    #[test]
    fn lambda_is_told_the_type_and_one_line() {
        let error = VaultError::Unavailable(format!("line one\r\nline two {}", "x".repeat(5_000)));
        let failure = Failure::of(&error);
        // The runtime logs the debug form, once.
        assert!(format!("{failure:?}").starts_with("SecretUnavailable: the vault cannot be"));
        let diagnostic = Diagnostic::from(failure);
        assert_eq!(diagnostic.error_type, "SecretUnavailable");
        assert!(!diagnostic.error_message.contains(['\r', '\n', '\\']));
        assert!(diagnostic.error_message.contains("line one line two"));
        assert_eq!(diagnostic.error_message.chars().count(), MAX_MESSAGE_CHARS);
    }

    #[derive(Default)]
    struct Lambda(Mutex<Vec<Request>>);

    impl Transport for Lambda {
        fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
            self.0.lock().unwrap().push(request);
            Box::pin(async { Err(TransportError::NotSent) })
        }
    }

    #[test]
    fn a_process_that_cannot_start_says_why_before_it_ends() {
        let lambda = Lambda::default();
        let error = StartError::Configuration(wrong_setting().into());
        let failure = Failure::of(&error);
        let reported = report_start(&lambda, "127.0.0.1:9001", &failure);
        reported.now_or_never().unwrap();
        let requests = lambda.0.into_inner().unwrap();
        let [request] = requests.as_slice() else {
            panic!("{requests:?}");
        };
        let address = "http://127.0.0.1:9001/2018-06-01/runtime/init/error";
        assert_eq!(request.uri().to_string(), address);
        assert_eq!(request.headers()[ERROR_TYPE_HEADER], "SettingInvalid");
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(body["errorType"], "SettingInvalid");
        let message = body["errorMessage"].as_str().unwrap();
        assert!(message.contains("ACCOUNT_GROUP_IDS"), "{message}");
    }
}

//! A call's parameters, from the query string and from a form, names without case.

use std::collections::BTreeMap;

use bytes::Bytes;

/// The parameters of one call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    pub(crate) fn of(request: &http::Request<Bytes>) -> Self {
        let mut all = BTreeMap::new();
        let mut read = |encoded: &[u8]| {
            for (name, value) in url::form_urlencoded::parse(encoded) {
                all.insert(name.to_ascii_lowercase(), value.into_owned());
            }
        };
        read(request.uri().query().unwrap_or_default().as_bytes());
        let is_form = request
            .headers()
            .get(http::header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .is_some_and(|v| v.starts_with("application/x-www-form-urlencoded"));
        if is_form {
            read(request.body());
        }
        Self(all)
    }

    /// A parameter's value, if it was sent at all. `name` in any case.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    /// A parameter's value, if it was sent and isn't blank.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|v| !v.is_empty())
    }

    /// Whether a 0/1 parameter is on.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.filled(name)
            .is_some_and(|v| v == "1" || v.eq_ignore_ascii_case("true"))
    }

    /// Everything but the action, for the log.
    pub(crate) fn without_action(&self) -> BTreeMap<String, String> {
        let mut rest = self.0.clone();
        rest.remove("action");
        rest
    }
}

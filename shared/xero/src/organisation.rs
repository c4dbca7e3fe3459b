//! The organisation itself.

use rules::ShortCode;
use serde::Deserialize;

use crate::answer::{Access, Answer, Organisation};
use crate::call::{Call, read};
use crate::client::{Xero, answer};
use crate::error::{Effect, Error};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    organisations: Vec<WireOrganisation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireOrganisation {
    name: Option<String>,
    short_code: Option<String>,
}

impl Xero {
    /// The organisation that the access is for. It takes the scope `accounting.settings.read`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn organisation(&self, access: &Access) -> Result<Answer<Organisation>, Error> {
        let call = Call::get("organisation", self.endpoints.organisation());
        let response = self.send(access, call).await?;
        let envelope: Envelope = read(&response, Effect::Reads)?;
        let mut organisations = envelope.organisations.into_iter();
        let (Some(told), None) = (organisations.next(), organisations.next()) else {
            return Err(Error::unexpected(
                response.status(),
                "not one organisation, but none or several",
            ));
        };
        let short_code = told.short_code.as_deref().and_then(ShortCode::parse);
        let organisation = Organisation {
            name: told.name.unwrap_or_default(),
            short_code,
        };
        Ok(answer(&response, organisation))
    }
}

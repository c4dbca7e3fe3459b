//! `GET /Organisation`.

use std::time::SystemTime;

use http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use crate::answer::{self, Answer, Refusal};
use crate::state::FakeXero;

impl FakeXero {
    /// Tells of the organisation that a call is for.
    pub(crate) fn organisation(
        &mut self,
        now: SystemTime,
        tenant: Uuid,
        wants_json: bool,
    ) -> Result<Answer, Refusal> {
        let organisation = self.organisations.get(&tenant).ok_or(Refusal::Tenant)?;
        if !wants_json {
            return Ok(answer::xml_stub(StatusCode::OK));
        }
        let mut told = json!({
            "Name": organisation.name,
            "OrganisationID": tenant,
            "BaseCurrency": "GBP",
            "CountryCode": "GB",
        });
        let short_code = if tenant == self.config.tenant_id {
            self.config.short_code.clone()
        } else {
            Some(format!("!{}", &tenant.simple().to_string()[27..]))
        };
        if let Some(short_code) = short_code {
            told["ShortCode"] = json!(short_code);
        }
        Ok(answer::organisation_answer(self.ids.next(), now, told))
    }
}

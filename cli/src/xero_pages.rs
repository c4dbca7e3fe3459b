//! The pages in Xero that a report leads to.

use rules::{ShortCode, XeroContactId};
use xero::Access;

use crate::candidate::Candidate;
use crate::rows::Row;
use crate::tool::Tool;

/// The problem of a contact whose Xero contact this organisation does not have.
const NOT_IN_XERO: &str = "LinkedContactNotInXero";

/// What the addresses of the connected organisation's pages begin with; `None` where Xero does not
/// tell it now: a report without links is a report all the same.
pub async fn short_code(tool: &Tool) -> Option<ShortCode> {
    let stored = tool.token().await.ok()?;
    let access = Access {
        token: stored.access_token?,
        tenant: stored.tenant_id?,
    };
    let answer = tool.xero().organisation(&access).await;
    match answer {
        Ok(answer) => answer.value.short_code,
        Err(error) => {
            tracing::debug!(%error, "the report has no links to Xero");
            None
        }
    }
}

/// Gives every Xero contact of the rows the address of its page.
pub fn add_to_rows(rows: &mut [Row], short_code: Option<&ShortCode>) {
    for row in rows {
        // Xero would answer that there is no such page.
        let is_there = row.code != NOT_IN_XERO;
        row.xero_page = page(short_code.filter(|_| is_there), &row.xero_id);
        add(&mut row.candidates, short_code);
    }
}

/// Gives every candidate the address of its page.
pub fn add(candidates: &mut [Candidate], short_code: Option<&ShortCode>) {
    for candidate in candidates {
        candidate.page = page(short_code, &candidate.id);
    }
}

/// The address of a contact's page; blank where it has none.
fn page(short_code: Option<&ShortCode>, id: &str) -> String {
    let contact = id.parse::<XeroContactId>().ok();
    let page = short_code
        .zip(contact)
        .map(|(code, id)| code.contact_page(id));
    page.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "5d0b5c2e-8f6a-4a44-9c3e-0f3a6b1d2c77";
    const PAGE: &str =
        "https://go.xero.com/app/!23vhN/contacts/contact/5d0b5c2e-8f6a-4a44-9c3e-0f3a6b1d2c77";

    fn row(id: &str) -> Row {
        Row {
            xero_id: id.to_owned(),
            candidates: vec![Candidate {
                id: id.to_owned(),
                ..Candidate::default()
            }],
            ..Row::default()
        }
    }

    #[test]
    fn a_contact_that_xero_does_not_have_has_no_page() {
        let code = ShortCode::parse("!23vhN");
        let mut rows = [row(ID)];
        let missing = rules::Problem::LinkedContactNotInXero {
            xero_id: rules::XeroContactId::try_from(uuid::Uuid::from_u128(7))
                .unwrap_or_else(|error| panic!("{error}")),
        };
        rows[0].code = missing.code().to_owned();
        add_to_rows(&mut rows, code.as_ref());
        assert_eq!(rows[0].xero_page, "");
    }

    #[test]
    fn a_page_is_made_of_a_short_code_and_an_id_and_of_nothing_else() {
        for (code, id, page) in [
            (Some("!23vhN"), ID, PAGE),
            (None, ID, ""),
            (Some(""), ID, ""),
            (Some("//evil.example"), ID, ""),
            (Some("!23vhN"), "", ""),
            (Some("!23vhN"), "../../evil", ""),
            (Some("!23vhN"), "javascript:alert(1)", ""),
        ] {
            let code = code.and_then(ShortCode::parse);
            let mut rows = [row(id)];
            add_to_rows(&mut rows, code.as_ref());
            assert_eq!(rows[0].xero_page, page, "{code:?} {id}");
            assert_eq!(rows[0].candidates[0].page, page, "{code:?} {id}");
        }
    }
}

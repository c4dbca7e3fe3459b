//! A Xero contact as a person names it: by its id, or by the address of its page.

use rules::XeroContactId;

/// How an id is found and what it looks like.
const LOOKS_LIKE: &str = "a Xero contact is named by its id, such as 5d0b5c2e-8f6a-4a44-9c3e-0f3a6b1d2c77, or by the address that the browser shows while the contact is open in Xero";

/// The Xero contact that an id or an address means. Of an address, the only part that is an id.
///
/// # Errors
/// What it must look like.
pub fn xero_target(text: &str) -> Result<XeroContactId, String> {
    let text = text.trim();
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let is_of_id = |c: char| c.is_ascii_hexdigit() || c == '-';
    // An id has 36 characters; shorter forms would take other parts of an address for one.
    let parts = text
        .split(|c: char| !is_of_id(c))
        .filter(|part| part.len() == 36);
    let mut ids: Vec<XeroContactId> = parts.filter_map(|part| part.parse().ok()).collect();
    ids.dedup();
    match ids.as_slice() {
        [id] => Ok(*id),
        [] => Err(LOOKS_LIKE.to_owned()),
        _ => Err(format!("more than one id stands in it; {LOOKS_LIKE}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "5d0b5c2e-8f6a-4a44-9c3e-0f3a6b1d2c77";

    #[test]
    fn a_xero_contact_is_found_in_every_address_of_its_page() {
        for text in [
            ID.to_owned(),
            format!("  {} ", ID.to_uppercase()),
            ID.replace('-', ""),
            format!("https://go.xero.com/app/!abC12/contacts/contact/{ID}"),
            format!("https://go.xero.com/app/!abC12/contacts/contact/{ID}?tab=activity#top"),
            format!("https://go.xero.com/Contacts/View/{ID}"),
            format!(
                "https://go.xero.com/Contacts/View.aspx?contactID={}",
                ID.to_uppercase()
            ),
            format!("go.xero.com/Contacts/Edit/{ID}/"),
        ] {
            let id = xero_target(&text).map(|id| id.to_string());
            assert_eq!(id.as_deref(), Ok(ID), "{text}");
        }
    }

    #[test]
    fn what_names_no_contact_says_what_one_looks_like() {
        let two = format!("https://go.xero.com/{ID}/00000000-8f6a-4a44-9c3e-0f3a6b1d2c77");
        for text in [
            "",
            "4711",
            "Acme Ltd",
            "https://go.xero.com/app/!abC12/contacts",
            "00000000-0000-0000-0000-000000000000",
            "5d0b5c2e-8f6a-4a44-9c3e-0f3a6b1d2c7",
            "5d0b5c2e-8f6a-4a44-9c3e-0f3a6b1d2c77a",
            &two,
        ] {
            let refused = xero_target(text).err().unwrap_or_default();
            assert!(refused.contains(ID), "{text}: {refused}");
        }
    }
}

//! Whether a contact that a person names exists at all: a typing mistake must not look like good
//! news.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use rules::ContactId;
use runtime::records::{ContactRecord, DeferredRecord, HistoryRecord, ProblemRecord, Records};

use crate::tool::Tool;

/// Refuses contacts that neither the table nor BigChange knows. BigChange is asked for those alone
/// of which nothing is stored.
///
/// # Errors
/// One line that names them; or where BigChange cannot be asked.
pub(crate) async fn require(tool: &Tool, contacts: &[ContactId]) -> anyhow::Result<()> {
    let records = tool.records().await?;
    let mut missing = Vec::new();
    for contact in not_stored(&records, contacts).await? {
        let asked = async {
            let bigchange = tool.real_parts().bigchange().await?;
            match bigchange.contact(contact).await {
                // An answer that lacks a field is about a contact that exists.
                Err(bigchange::Error::Incomplete { .. }) => anyhow::Ok(true),
                found => Ok(found?.is_some()),
            }
        };
        let found = asked.await.with_context(|| {
            format!(
                "nothing is stored of contact {contact}, and BigChange cannot be asked for it now"
            )
        })?;
        if !found {
            missing.push(contact.to_string());
        }
    }
    match missing.as_slice() {
        [] => Ok(()),
        [one] => bail!("BigChange has no contact {one}, and nothing is stored of it: {WHERE}"),
        several => bail!(
            "BigChange has no contacts {}, and nothing is stored of them: {WHERE}",
            several.join(", ")
        ),
    }
}

const WHERE: &str = "an id is the number that contact-sync plan and problems show before the name; in BigChange it stands in the address of the contact (CRM → Contacts → the contact)";

async fn not_stored(
    records: &Records,
    contacts: &[ContactId],
) -> anyhow::Result<BTreeSet<ContactId>> {
    let (known, held, put_off) = futures::try_join!(
        records.get_many::<ContactRecord>(contacts),
        records.get_many::<ProblemRecord>(contacts),
        records.get_many::<DeferredRecord>(contacts),
    )?;
    let mut unknown = BTreeSet::new();
    for contact in contacts {
        let key = contact.to_string();
        let is_known =
            known.contains_key(&key) || held.contains_key(&key) || put_off.contains_key(&key);
        if !is_known {
            let history = HistoryRecord::prefix(*contact);
            if records.list::<HistoryRecord>(&history).await?.is_empty() {
                unknown.insert(*contact);
            }
        }
    }
    Ok(unknown)
}

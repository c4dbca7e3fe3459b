//! What to do about a problem, and where in which menu.

use super::kinds::Problem;
use crate::problem_words;
use crate::{Alike, Field};

/// A linked contact stays linked, whatever reference it is given.
const UNLINK_FIRST: &str = "(If it is linked to the old one, ask the person who runs contact-sync to take that link away first: contact-sync unlink.)";

impl Problem {
    /// One sentence: what to do, and where in which menu.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::ParentInSiteGroup { .. } => {
                "In BigChange, open CRM → Contacts → the contact → General, and either set its parent or move it to an account group.".to_owned()
            }
            Self::SiteContactInAccountGroup { .. } => {
                "In BigChange, open CRM → Contacts → the contact → General, and either move it to a site group or remove its parent.".to_owned()
            }
            Self::InvalidField { field: Field::AccountReference, .. } => {
                "In BigChange, correct it in CRM → Contacts → the contact → Financials → Terms → Account reference.".to_owned()
            }
            Self::InvalidField { .. } => "In BigChange, correct it in CRM → Contacts → the contact → General.".to_owned(),
            Self::AmbiguousMatch { .. } => "In Xero, merge those that are this customer, keeping the one with its account number (Contacts → tick them → Options → Merge). \
                 From one that is another customer, take away this customer's account number or name (Contacts → the contact → Edit; restore an archived one for that). \
                 Or ask the person who runs contact-sync to say which one it is (contact-sync link): one without an account number can be chosen once no other in Xero has this \
                 contact's."
                .to_owned(),
            Self::ErasedInXero { .. } => format!("In BigChange, tick \"Exclude from financial sync\" for this contact, or give it the account reference of another Xero \
                 contact (CRM → Contacts → the contact → Financials → Terms). {UNLINK_FIRST}"),
            Self::ArchivedInXero { survivor: None, .. } => format!("In Xero, restore it (Contacts → Archived → tick it → Restore); or give the contact the account \
                 reference of another Xero contact in BigChange (CRM → Contacts → the contact → Financials → Terms). {UNLINK_FIRST}"),
            Self::ArchivedInXero { survivor: Some(_), .. } => format!("In BigChange, enter the account number of the Xero contact that it was merged into (CRM → \
                 Contacts → the contact → Financials → Terms → Account reference). {UNLINK_FIRST}"),
            Self::LinkedToAnotherContact { merged_from: Some(_), .. } => "If the two BigChange contacts are the same customer, delete one of them in BigChange (CRM → Contacts). If \
                 not, ask the person who runs contact-sync to take this one's link away (contact-sync unlink), create it in Xero under a new account number (Contacts → New contact), and enter that \
                 number in BigChange (CRM → Contacts → the contact → Financials → Terms → Account reference)."
                .to_owned(),
            Self::LinkedToAnotherContact { .. } => "If the two BigChange contacts are the same customer, delete one of them (CRM → Contacts). If not, give this one \
                 another name (CRM → Contacts → the contact → General) and, where they share it, an account reference of its own (Financials → Terms): Xero takes each \
                 name and each account number only once."
                .to_owned(),
            Self::DuplicateAccountReference { .. } => "If the two BigChange contacts are the same customer, delete one of them (CRM → Contacts). If not, give this one an \
                 account reference of its own (CRM → Contacts → the contact → Financials → Terms)."
                .to_owned(),
            Self::NameTakenInXero { .. } => "If they are the same customer, make the two equal: Account reference in BigChange (CRM → Contacts → the contact → \
                 Financials → Terms) and Account number in Xero (Contacts → the contact → Edit); if this one is linked to another Xero contact already, merge the two \
                 there, keeping that one (Contacts → tick them → Options → Merge). If not, change one of the names."
                .to_owned(),
            Self::OwnedByAnotherProgram { is_linked: true, .. } => "If it is this customer all the same, ask the person who runs contact-sync to say so (contact-sync link, with the id of that Xero \
                 contact). If not, ask them to take the link away (contact-sync unlink), and enter the account number of the right Xero contact in BigChange (CRM → Contacts → the contact → \
                 Financials → Terms → Account reference)."
                .to_owned(),
            Self::OwnedByAnotherProgram { .. } => "If it is the same customer, enter its Xero account number in BigChange (CRM → Contacts → the contact → \
                 Financials → Terms → Account reference): that is your consent to share it. If not, change one of the names."
                .to_owned(),
            Self::PossibleDuplicate { candidates, archived } => cure_of_likely(candidates, archived.is_some()),
            Self::NotInXero { reference, .. } => problem_words::not_in_xero(
                reference.is_some(),
                "let the synchronisation create contacts (stack parameter CreateInXero=true)",
            ),
            Self::NoAccountReference { unread_groups } if unread_groups.is_empty() => {
                problem_words::no_reference(
                    "let the synchronisation generate them (stack parameter \
                     GenerateAccountRef=true)",
                )
            }
            Self::NoAccountReference { .. } => problem_words::groups_not_read(
                "correct the stack parameters AccountGroupIds and SiteGroupIds. contact-sync \
                 status says why it cannot be read",
            ),
            Self::AccountReferenceChanged { .. } => "Make the two equal: change the account number in Xero (Contacts → the contact → Edit → Account \
                 number), or the account reference in BigChange (CRM → Contacts → the contact → Financials → Terms)."
                .to_owned(),
            Self::MergedInXero { holder: None, xero, .. } => format!(
                "In BigChange, enter {} (CRM → Contacts → the contact → Financials → Terms → Account reference): the contact belongs to that Xero contact then.",
                xero.account_number
            ),
            Self::MergedInXero { .. } => "If the two BigChange contacts are the same customer, delete the other one in BigChange (CRM → Contacts). If not, give that one another account \
                 reference there (CRM → Contacts → the contact → Financials → Terms). Then enter the account number in this one."
                .to_owned(),
            Self::NumberHeldByArchived { .. } => "In BigChange, give the contact a new account reference that nobody else has (CRM → Contacts → the contact → Financials → Terms → Account \
                 reference): it is entered in Xero then."
                .to_owned(),
            Self::ChangedInBoth { .. } => "Make the two equal: enter Xero's value in BigChange (CRM → Contacts → the contact → General) or BigChange's in Xero (Contacts → the contact → \
                 Edit). Or ask the person who runs contact-sync to say whose stays (contact-sync keep … --bigchange or --xero)."
                .to_owned(),
            Self::UnlinkedByPerson { .. } => "Correct the account reference or the name in BigChange (CRM → Contacts → the contact → Financials → Terms for the reference, → \
                 General for the name) so that it fits the right Xero contact, or ask the person who runs contact-sync to say which one it is (contact-sync link). If it is a new customer: give it an \
                 account reference and a name of its own there, and ask them to say so (contact-sync link … --new)."
                .to_owned(),
            Self::LinkedContactNotInXero { .. } => "Look the right one up in Xero (Contacts → the contact: its id is the last part of the address), then ask the person who runs contact-sync to \
                 take the present link away (contact-sync unlink) and link it to that one (contact-sync link)."
                .to_owned(),
            Self::WebsiteInXero { .. } => "In Xero, correct or clear the website (Contacts → the contact → Edit → Website): it begins with http:// or https://. Xero lets no other \
                 program change that field. What is waiting is sent within the hour after that."
                .to_owned(),
            Self::RefusedByXero { .. } => "Correct in BigChange what Xero's words name: the account reference in CRM → Contacts → the contact → Financials → Terms, anything else in \
                 CRM → Contacts → the contact → General. It is tried again then. If they name nothing to correct, ask the person who runs contact-sync to try it once more (contact-sync \
                 retry)."
                .to_owned(),
            Self::IncompleteAnswer { key } if !key.starts_with("Account") => "In BigChange, see that the contact can be opened and that the user that the synchronisation \
                 logs in with may see its General tab (CRM → Contacts → the contact → General), then ask the person who runs contact-sync to try it again (contact-sync retry). If it stays so, \
                 ask BigChange's support why its web service leaves that field out of ContactDetail."
                .to_owned(),
            Self::IncompleteAnswer { .. } => "In BigChange, see that an accounts package is chosen in the account settings (without one a contact has no Financials → Terms → Account reference), and \
                 that the user that the synchronisation logs in with may see the Financials tab (CRM → Contacts → the contact → Financials). It is tried again once a day and with the \
                 contact's next edit, or at once when the person who runs contact-sync asks for it (contact-sync retry)."
                .to_owned(),
            Self::XeroRefusesLookups => "Nothing is wrong with the contact, and it is tried again once a day. To have it sooner, look for it in Xero (Contacts → search for its \
                 name), create it there if it is not found (Contacts → New contact), then ask the person who runs contact-sync to say which one it is (contact-sync link)."
                .to_owned(),
            Self::RefusedByBigChange { .. } => "Look in BigChange (CRM → Contacts → the contact) at what its words name, and at the rights of the user that \
                 the synchronisation logs in with."
                .to_owned(),
            Self::Unknown => "Ask the person who runs contact-sync to deploy that version again; until then the contact is tried again once a day.".to_owned(),
        }
    }
}

/// What to do about candidates that are likely the same customer.
fn cure_of_likely(candidates: &[Alike], has_archived: bool) -> String {
    let has_number = |one: &&Alike| !one.xero.account_number.is_empty();
    let (linked, free): (Vec<_>, Vec<_>) =
        candidates.iter().partition(|one| one.linked_to.is_some());
    let mut ways = Vec::new();
    if free.iter().any(has_number) {
        ways.push("enter that contact's account number in BigChange (CRM → Contacts → the contact → Financials → Terms → Account reference)");
    }
    if !free.iter().all(has_number) {
        ways.push("enter the contact's account reference in BigChange (CRM → Contacts → the contact → Financials → Terms → Account reference) and the same as the account number of that contact in Xero (Contacts → the contact → Edit → Account number)");
    }
    if !free.is_empty() {
        ways.push("ask the person who runs contact-sync to link the two (contact-sync link)");
    }
    if !linked.is_empty() {
        ways.push("where that one belongs to another BigChange contact, delete this one in BigChange (CRM → Contacts)");
    }
    if has_archived {
        ways.push("restore the archived one in Xero if it is that one (Contacts → Archived → tick it → Restore)");
    }
    format!(
        "If it is the same customer: {}. If it is another customer: ask the person who runs contact-sync to say so (contact-sync link … --new), or create it in Xero under exactly \
         this name and account number (Contacts → New contact).",
        ways.join("; or ")
    )
}

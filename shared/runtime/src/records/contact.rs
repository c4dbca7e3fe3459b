//! A BigChange contact's link and intent, and what is claimed and reserved for it.

use std::collections::BTreeSet;

use rules::{
    AccountReference, ContactId, InDoubt, Keep, Link, ManualMatch, Notice, Plan, XeroContactId,
};
use serde::{Deserialize, Serialize};
use time::serde::rfc3339;
use time::{Duration, OffsetDateTime};

use super::repository::kinds;
use crate::clock_skew::TWO_CLOCKS;

kinds! {
    ContactRecord => "contact",
    ReferenceRecord => "reference",
    XeroContactRecord => "xero-contact",
}

/// A BigChange contact: its link, and what is being written for it. Sort key: its id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ContactRecord {
    /// Its link to Xero, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// What a worker is about to write, or may have written when it stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// The account reference that is reserved for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved: Option<AccountReference>,
    /// Whether that reference is a code generated for it, which it keeps through any retry.
    #[serde(default)]
    pub generated: bool,
    /// A contact reference that is still to be written to BigChange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_reference_due: Option<AccountReference>,
    /// What the accounts admin should know; does not hold the contact.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
    /// What a person said about which Xero contact it is.
    #[serde(
        default,
        rename = "word",
        skip_serializing_if = "ManualMatch::is_empty"
    )]
    pub manual_match: ManualMatch,
    /// Whose value stays in the units that were held back, as a person said. Until the contact is
    /// next in line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
}

impl ContactRecord {
    /// What an earlier attempt may have written to Xero.
    #[must_use]
    pub fn in_doubt(&self) -> Option<InDoubt> {
        let plan = &self.intent.as_ref()?.plan;
        rules::left_in_doubt(plan, self.link.is_some())
    }

    /// The contact reference that an earlier attempt meant to write and may not have.
    #[must_use]
    pub fn contact_reference_in_doubt(&self) -> Option<&AccountReference> {
        let planned = self
            .intent
            .as_ref()
            .filter(|intent| intent.plan.bigchange_contact_reference)
            .map(|intent| &intent.plan.account_reference);
        self.contact_reference_due.as_ref().or(planned)
    }

    /// The contact's name as it was carried over last, or is about to be; `None` where nothing was.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        let linked = self.link.as_ref().map(|link| &link.synced);
        let synced = linked.or_else(|| Some(&self.intent.as_ref()?.plan.synced))?;
        Some(&synced.name)
    }

    /// The Xero contacts that it holds on to: the one that it is linked to, those that were merged
    /// into it, and the one that it is about to be linked to.
    #[must_use]
    pub fn claims(&self) -> BTreeSet<XeroContactId> {
        let linked = self.link.iter().flat_map(Link::claims);
        let intent = self.intent.as_ref();
        let next = intent.and_then(|intent| intent.plan.xero.existing());
        linked.chain(next).collect()
    }

    /// What counts now of what a person said about which Xero contact it is.
    #[must_use]
    pub fn manual_match_now(&self) -> ManualMatch {
        self.manual_match
            .that_counts(self.intent.as_ref().map(|intent| &intent.plan))
    }

    /// The code that was generated for it.
    #[must_use]
    pub fn code(&self) -> Option<&AccountReference> {
        self.reserved.as_ref().filter(|_| self.generated)
    }
}

/// A plan that is being carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// Whose it is: one invocation's attempt.
    pub attempt: String,
    /// Until when its worker may still be writing. Beyond the function's time limit, the longest
    /// exchange and the clocks' difference.
    #[serde(with = "rfc3339")]
    pub expires_at: OffsetDateTime,
    /// What it is about to write.
    pub plan: Plan,
}

/// No intent lasts longer: the 15 minutes for which a Lambda function may run at most, and the
/// margin of its worker.
const LONGEST_INTENT: Duration = Duration::minutes(20);

impl Intent {
    /// Until when its worker may still be writing, if it may be at it now. If it would last longer
    /// than any intent that is stored, treat it as expired: it comes from a clock that was wrong,
    /// and must not keep its contact waiting.
    #[must_use]
    pub fn live_until(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let longest = now + LONGEST_INTENT + TWO_CLOCKS;
        Some(self.expires_at).filter(|expires_at| *expires_at > now && *expires_at <= longest)
    }
}

/// An account reference that is taken. Sort key: the reference, folded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReferenceRecord {
    /// As it was written.
    pub reference: AccountReference,
    /// The contact that it is reserved for; `None` where it must merely not be generated: another
    /// kind of reference in BigChange, or a code that Xero refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<ContactId>,
}

/// A linked Xero contact. Sort key: its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct XeroContactRecord {
    /// The BigChange contact that it belongs to.
    pub contact: ContactId,
}

//! What it means for a contact that Xero refused a write, or answered without telling what became
//! of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::planning::unusable;
use crate::text::NameKey;
use crate::{
    AccountReference, ContactId, ContactStatus, Link, Plan, Problem, SyncAction, XeroContact,
    XeroContactId, XeroContactRef, XeroWrite,
};

/// Why Xero refused a contact, as far as its words tell: it gives no codes for validation. Where it
/// gives several reasons, the first in this order decides what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Refusal {
    /// Another contact carries this ContactNumber: a create of ours may have been saved earlier.
    ContactNumberTaken,
    /// The contact is archived, or what was sent matched an archived one. The API cannot edit it.
    Archived,
    /// Another active contact has this name.
    NameTaken,
    /// Another contact, perhaps an archived one, has this AccountNumber.
    AccountNumberTaken,
    /// An element of a batch came without a name, and Xero wants one. The address of a single
    /// contact takes the same update without.
    NameMissing,
    /// The website that the contact has in Xero is not valid. Xero refuses every update of such a
    /// contact through its API, which can neither change nor clear that field.
    Website,
    /// Anything else: a field that Xero finds invalid, or words not seen before.
    Invalid,
}

/// A write that Xero refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusedWrite {
    /// Why.
    pub refusal: Refusal,
    /// What was to be done.
    pub outcome: SyncAction,
    /// The existing Xero contact that was to be changed; `None` for a create.
    pub target: Option<XeroContactId>,
    /// Whether Xero was asked which contacts fit since an earlier refusal.
    pub looked_again: bool,
    /// Whether the account reference is a code that was generated for this contact.
    pub has_code: bool,
}

/// What to do about a write that Xero refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterRefusal {
    /// Ask Xero again which contacts fit, and decide anew: another, or an earlier create of ours,
    /// was quicker.
    LookAgain,
    /// Generate another code in place of this one, which is taken although nobody was found with
    /// it.
    ReplaceCode,
    /// Hold the contact, once this was read: it may explain the refusal better than Xero's words.
    Hold(Evidence),
}

/// What can explain a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// Nothing that could be read.
    Nothing,
    /// The contact that was to be changed, as it is now.
    Target(XeroContactId),
    /// The contacts that have the name that was sent.
    HolderOfName,
    /// The contacts that have the account number that was sent.
    HolderOfNumber,
}

/// Decides what to do about a write that Xero refused.
#[must_use]
pub fn after_refusal(write: &RefusedWrite) -> AfterRefusal {
    let is_new = matches!(write.outcome, SyncAction::Created | SyncAction::Linked);
    let may_be_found_now = matches!(
        write.refusal,
        Refusal::ContactNumberTaken
            | Refusal::Archived
            | Refusal::NameTaken
            | Refusal::AccountNumberTaken
    );
    // A linked one may have been merged into another in that moment.
    let may_have_moved = write.refusal == Refusal::Archived;
    if (may_have_moved || (is_new && may_be_found_now)) && !write.looked_again {
        return AfterRefusal::LookAgain;
    }
    if is_new && write.refusal == Refusal::AccountNumberTaken && write.has_code {
        return AfterRefusal::ReplaceCode;
    }
    AfterRefusal::Hold(match (write.refusal, write.target) {
        (Refusal::NameTaken, _) => Evidence::HolderOfName,
        (Refusal::AccountNumberTaken, _) => Evidence::HolderOfNumber,
        (_, Some(target)) => Evidence::Target(target),
        (_, None) => Evidence::Nothing,
    })
}

/// The contact whose write was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedContact {
    /// The contact in BigChange.
    pub contact: ContactId,
    /// The name that it has, or was to get, in Xero.
    pub name: String,
    /// The account reference that both sides were to carry.
    pub account_reference: AccountReference,
    /// The existing Xero contact that was to be changed, as far as it is known; `None` for a
    /// create.
    pub target: Option<XeroContactRef>,
    /// Whether that is not the linked one, but what a person merged the linked one into.
    pub is_merged: bool,
}

impl RefusedContact {
    /// The contact of a plan. A linked contact's name in Xero is taken to be the one carried over
    /// last.
    #[must_use]
    pub fn of(contact: ContactId, plan: &Plan, link: Option<&Link>) -> Self {
        let known_name = link.map_or(&plan.synced.name, |link| &link.synced.name);
        let (name, target) = match &plan.xero {
            XeroWrite::Create(new) => (new.name.clone(), None),
            // What only a newer version knows is never carried out here, so never refused either.
            XeroWrite::Unknown(_) => (known_name.clone(), None),
            XeroWrite::Change {
                changes,
                expected: Some(found),
                ..
            }
            | XeroWrite::Change {
                changes,
                before: Some(found),
                ..
            } => {
                let name = changes.name.as_ref().unwrap_or(&found.name);
                (name.clone(), Some(XeroContactRef::from(&**found)))
            }
            XeroWrite::Change { id, changes, .. } => {
                let name = changes.name.as_ref().unwrap_or(known_name);
                (
                    name.clone(),
                    Some(linked(*id, known_name, &plan.account_reference)),
                )
            }
            XeroWrite::Nothing { id } => (
                known_name.clone(),
                Some(linked(*id, known_name, &plan.account_reference)),
            ),
        };
        Self {
            contact,
            name,
            account_reference: plan.account_reference.clone(),
            is_merged: link
                .zip(target.as_ref())
                .is_some_and(|(link, target)| link.xero_id != target.id),
            target,
        }
    }
}

fn linked(id: XeroContactId, name: &str, account_number: &AccountReference) -> XeroContactRef {
    XeroContactRef {
        id,
        name: name.to_owned(),
        account_number: account_number.to_string(),
    }
}

/// The problem of a contact whose write Xero refused: what was read of the [`Evidence`] where that
/// explains the refusal, else Xero's words, which are never empty here.
///
/// `claimed` says to which BigChange contact each of the contacts that were read is linked.
#[must_use]
pub fn refused_by_xero(
    refused: &RefusedContact,
    refusal: Refusal,
    words: Vec<String>,
    read: &[XeroContact],
    claimed: &BTreeMap<XeroContactId, ContactId>,
) -> Problem {
    let target_id = refused.target.as_ref().map(|target| target.id);
    let target = read.iter().find(|contact| Some(contact.id) == target_id);
    if let Some(problem) = target.and_then(unusable) {
        return problem;
    }
    let explained = match refusal {
        Refusal::Website => refused.target.as_ref().map(|known| Problem::WebsiteInXero {
            xero: target.map_or_else(|| known.clone(), XeroContactRef::from),
        }),
        Refusal::NameTaken => {
            let name = NameKey::of(&refused.name);
            others(read, target_id)
                .find(|other| {
                    other.status == ContactStatus::Active && NameKey::of(&other.name) == name
                })
                .map(|holder| held_by(refused, holder, claimed))
        }
        Refusal::AccountNumberTaken => others(read, target_id)
            .find(|other| {
                AccountReference::parse(&other.account_number).ok().as_ref()
                    == Some(&refused.account_reference)
            })
            .map(|holder| match &refused.target {
                Some(target) if refused.is_merged && holder.status == ContactStatus::Archived => {
                    Problem::NumberHeldByArchived {
                        reference: refused.account_reference.clone(),
                        xero: target.clone(),
                        archived: Box::new(holder.into()),
                    }
                }
                Some(target) => Problem::AmbiguousMatch {
                    found: vec![target.clone(), holder.into()],
                },
                None => unusable(holder).unwrap_or_else(|| held_by(refused, holder, claimed)),
            }),
        Refusal::ContactNumberTaken
        | Refusal::Archived
        | Refusal::NameMissing
        | Refusal::Invalid => None,
    };
    explained.unwrap_or_else(|| Problem::RefusedByXero {
        words: or_said_nothing(words),
    })
}

fn others(
    read: &[XeroContact],
    target: Option<XeroContactId>,
) -> impl Iterator<Item = &XeroContact> {
    read.iter().filter(move |other| Some(other.id) != target)
}

/// Another Xero contact has what this one was to get.
fn held_by(
    refused: &RefusedContact,
    holder: &XeroContact,
    claimed: &BTreeMap<XeroContactId, ContactId>,
) -> Problem {
    let other = claimed.get(&holder.id).copied();
    match other.filter(|other| *other != refused.contact) {
        Some(other) => Problem::LinkedToAnotherContact {
            xero: holder.into(),
            other,
            merged_from: None,
        },
        None => Problem::NameTakenInXero {
            in_bigchange: refused.account_reference.clone(),
            xero: holder.into(),
        },
    }
}

fn or_said_nothing(words: Vec<String>) -> Vec<String> {
    let said: Vec<String> = words
        .into_iter()
        .filter(|words| !words.trim().is_empty())
        .collect();
    if said.is_empty() {
        vec!["It gave no reason.".to_owned()]
    } else {
        said
    }
}

/// How often Xero's answer to a write of a contact did not tell what became of it, since the
/// contact was last settled. Kept with the contact's deferral.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownAnswers {
    /// Of writes of many contacts.
    #[serde(default)]
    pub together: u32,
    /// Of writes of this contact alone, where a single answer is its own.
    #[serde(default)]
    pub alone: u32,
}

/// What to do about a contact of whose write Xero's answer did not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterUnknown {
    /// Look whether it was done, and if it was not send it alone.
    SendAlone,
    /// Hold it: sending it again would bring no other answer.
    Hold,
}

impl UnknownAnswers {
    /// A contact sent alone this often without learning what became of it is held.
    const MOST_ALONE: u32 = 2;

    /// Whether there were none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// One more of them.
    #[must_use]
    pub fn and_one(self, was_alone: bool) -> Self {
        let (together, alone) = (u32::from(!was_alone), u32::from(was_alone));
        Self {
            together: self.together.saturating_add(together),
            alone: self.alone.saturating_add(alone),
        }
    }

    /// What to do after them, where there was at least one.
    #[must_use]
    pub fn after(self) -> AfterUnknown {
        if self.alone >= Self::MOST_ALONE {
            AfterUnknown::Hold
        } else {
            AfterUnknown::SendAlone
        }
    }
}

/// The problem of a contact whose fate Xero's answers keep open; `what` is what the last one was.
#[must_use]
pub fn unknown_to_the_end(what: &str) -> Problem {
    Problem::RefusedByXero {
        words: vec![format!(
            "Its answers do not tell what became of this contact; the last one was {what}."
        )],
    }
}

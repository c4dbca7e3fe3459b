//! What BigChange's reference leaves open, or does oddly, as switches.

use std::collections::{BTreeMap, BTreeSet};

/// How a list with nothing in it is answered: all of these were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptyList {
    /// `{"Code":2,"Result":"No contacts found"}`, as the reference has it for contacts.
    NotFound,
    /// `{"Code":0}`, with no result at all.
    WithoutResult,
    /// `{"Code":0,"Result":"No results"}`, a text in place of the list.
    Text,
    /// `{"Code":0,"Result":"No result"}`, another such text.
    TextOfOne,
    /// `{"Code":2,"Result":"There are no contacts in this group"}`.
    NoneInGroup,
}

/// By what `ContactNoteSave` finds the note that it updates. The reference does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteUpdates {
    /// By its reference: the oldest of the contact that has it, whatever its status.
    ByReference,
    /// By its reference, but a note that is completed or cancelled stays as it is: another is added.
    ByReferenceWhileOpen,
    /// By nothing: each save adds a note.
    Never,
}

/// The switches. The default is the reading that is hardest on a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behaviour {
    /// JSON begins with a byte-order mark.
    pub byte_order_mark: bool,
    /// Contacts with an odd id have their numbers and their yes/no fields written as text.
    pub numbers_as_text: bool,
    /// A date that is not set reads `0001-01-01 00:00:00` instead of `null`.
    pub null_dates: bool,
    /// How `ContactListByGroupPaged` answers a page without contacts.
    pub empty_page: EmptyList,
    /// How `ContactGroups` and `ContactsByParent` answer when there are none.
    pub empty_list: EmptyList,
    /// Whether deleted contacts stay in the lists, with their deletion date. The reference does not say; the harder reading is that they vanish.
    pub deleted_in_lists: bool,
    /// Whether an edit in Financials moves the time by which `LastUpdated` filters. The reference does not say; the harder reading is that it does not.
    pub financial_edits_bump_last_updated: bool,
    /// Whether `ContactUpdateRef` fails where another contact has the reference. The reference says that
    /// it may exist already; the harder reading is that this always fails.
    pub contact_references_are_unique: bool,
    /// Whether a list of one is answered as that one object, without a list around it.
    pub lists_of_one_as_object: bool,
    /// By what a note is updated.
    pub note_updates: NoteUpdates,
    /// Whether `ContactNoteSave` takes `Completed` and leaves the note open all the same.
    pub notes_stay_open: bool,
    /// Whether saving a note moves the time by which `LastUpdated` filters its contact.
    pub notes_bump_last_updated: bool,
    /// Whether `ContactSaveNoteType` makes a second type where one has the name already.
    pub note_type_names_repeat: bool,
    /// Actions, in lower case, for which the user has no right: they are answered by `misc_noRight`.
    pub actions_without_right: BTreeSet<String>,
    /// Keys that the detail of a contact leaves out, by its id; those under 0 are left out of every detail.
    pub left_out_of_details: BTreeMap<u64, BTreeSet<String>>,
    /// Groups that are refused in these words, such as `misc_noRight`, which then goes for the details of their contacts too.
    pub refused_groups: BTreeMap<u64, String>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            byte_order_mark: true,
            numbers_as_text: true,
            null_dates: true,
            empty_page: EmptyList::NotFound,
            empty_list: EmptyList::WithoutResult,
            deleted_in_lists: false,
            financial_edits_bump_last_updated: false,
            contact_references_are_unique: true,
            lists_of_one_as_object: false,
            note_updates: NoteUpdates::ByReference,
            notes_stay_open: false,
            notes_bump_last_updated: true,
            note_type_names_repeat: true,
            actions_without_right: BTreeSet::new(),
            left_out_of_details: BTreeMap::new(),
            refused_groups: BTreeMap::new(),
        }
    }
}

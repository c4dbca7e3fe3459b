//! What must hold.

use std::fmt;

/// A mark in every name, email, phone and address: where it shows, something personal does.
pub(crate) const MARK: &str = "zqmark";

/// The secret that holds the token.
pub(crate) const TOKEN_SECRET: &str = "xero-token";

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// One BigChange contact has at most one Xero contact.
    OneXeroContact,
    /// No two Xero contacts of ours are likely the same customer, unless a person said that they are two.
    NoDouble,
    /// No Xero contact is changed that is not ours or linked, and no account number or contact number is replaced.
    NothingForeign,
    /// Nothing that a person entered in Xero is written over without being kept and told.
    NothingUnseen,
    /// A link never points at a merged or archived contact for more than an hour without a problem.
    LinksTrue,
    /// A site contact is never created in Xero.
    NoSiteContact,
    /// No account reference is on two contacts.
    OneReference,
    /// What is stored of links, claims and reservations fits together, and what a link says is so in Xero.
    LinksHold,
    /// No older state is written over a newer one.
    NeverOldOverNew,
    /// No cursor passes work that is not queued.
    NoCursorAhead,
    /// The stored token is one that Xero accepts.
    TokenLives,
    /// A version of the token becomes current only in place of the one that it was made to replace.
    SwapOnly,
    /// Token calls an hour are bounded.
    TokenCallsBounded,
    /// Xero is not called by one who knows that it must be left alone.
    LimitsHeeded,
    /// A dead connection is not called.
    DeadLeftAlone,
    /// While the switch is off, only what a person asked for is written.
    SwitchHeeded,
    /// Nothing personal and no secret in a log line, an error, a metric, a message or a key.
    NothingPersonal,
    /// Once nothing goes wrong any more, every change arrives, without waiting for the daily sweep where the lists show it.
    EverythingArrives,
    /// In the end everything is as the rules say, and every message done, recorded or dead-lettered.
    Converges,
    /// At most one note of ours is open on a contact.
    OneNote,
    /// No note of ours is open on a contact that is in line or takes no part; a contact that is held for long has one.
    NotesTrue,
    /// A note that a person closed is not opened again for the same problem.
    NotesStayClosed,
    /// At most one digest a day, and in the end every problem and every notice was told.
    DigestTells,
    /// One more round writes nothing.
    QuietStaysQuiet,
    /// Nothing panics and nothing waits for ever.
    NoStandstill,
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneXeroContact => "one Xero contact each",
            Self::NoDouble => "no double customer",
            Self::NothingForeign => "nothing foreign is changed",
            Self::SwitchHeeded => "the switch is heeded",
            Self::NothingUnseen => "nothing is overwritten unseen",
            Self::LinksTrue => "links are true",
            Self::NoSiteContact => "no site contact in Xero",
            Self::OneReference => "one contact to a reference",
            Self::LinksHold => "links hold",
            Self::NeverOldOverNew => "never old over new",
            Self::NoCursorAhead => "no cursor past unqueued work",
            Self::TokenLives => "the token lives",
            Self::SwapOnly => "a token only by its swap",
            Self::TokenCallsBounded => "token calls are bounded",
            Self::LimitsHeeded => "limits are heeded",
            Self::DeadLeftAlone => "a dead connection is left alone",
            Self::NothingPersonal => "nothing personal is told",
            Self::EverythingArrives => "every change arrives",
            Self::Converges => "everything converges",
            Self::OneNote => "one open note each",
            Self::NotesTrue => "notes are true",
            Self::NotesStayClosed => "a closed note stays closed",
            Self::DigestTells => "the digest tells everything, once a day",
            Self::QuietStaysQuiet => "quiet stays quiet",
            Self::NoStandstill => "nothing stands still",
        })
    }
}

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// How.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

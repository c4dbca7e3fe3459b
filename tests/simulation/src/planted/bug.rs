//! The bugs.

use clap::ValueEnum;

/// A bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Planted {
    /// What other workers are about to create is not looked at.
    AnnouncementsNotRead,
    /// Where Xero refuses an element of a batch of creates, the answers of the others go to the wrong
    /// contacts.
    BatchOutOfOrder,
    /// A code is generated before every reference in use has been read.
    CodeBeforeReferences,
    /// A generated code is taken whether or not another contact has it.
    CodeNotExclusive,
    /// Contacts are created with POST and without our contact number: Xero changes the contact of that
    /// name where there is one.
    CreateByName,
    /// The poll notes how far it has come before it queues what it read.
    CursorBeforeQueue,
    /// The record of a dead connection is not looked at.
    DeadNotRead,
    /// The poll removes what was put off before it queues it.
    DeferralRemovedFirst,
    /// What a process knows of a whole organisation is never refreshed, nor read again before a write.
    DirectoryNeverRefreshed,
    /// A write to BigChange counts as done before it is sent, after the link is recorded.
    DoneBeforeBigchange,
    /// The idempotency key of a write to Xero is made from its content.
    KeyFromContent,
    /// Xero's answer that a limit is reached is taken for one that nothing was found.
    LimitTakenForNothing,
    /// The look at what changed in Xero sees nothing.
    LookSeesNothing,
    /// The name of a contact is in a log line.
    NameInLog,
    /// The day of a digest is not claimed before it is sent.
    DigestNotClaimed,
    /// Nothing is stored of what is about to be written.
    NoIntent,
    /// The notes of a contact in BigChange are not looked at.
    NotesNotRead,
    /// A pause that another worker stored is not looked at.
    PauseNotRead,
    /// The refresh token that comes with a new access token is dropped and the old one kept.
    RefreshTokenDropped,
    /// An update that Xero refused counts as written.
    RefusalIgnored,
    /// An account reference is reserved whoever else holds it.
    ReservationNotExclusive,
    /// A change of the settings asks for no sweep.
    SettingsChangeNoSweep,
    /// A site contact in an account group is taken for a customer.
    SiteContactCreated,
    /// A token is swapped for whatever is current now, not for the version that it was got with.
    SwapWithoutVersion,
    /// What is written over in Xero is not read before: what was first seen of it is taken for it.
    StaleBeforeUpdate,
    /// The link says that a change was carried over before it was written to Xero.
    SyncedBeforeXero,
    /// A new token is current as soon as it is stored, as without a staging label of its own.
    TokenCurrentAtOnce,
}

impl Planted {
    /// All of them.
    #[must_use]
    pub fn all() -> &'static [Self] {
        Self::value_variants()
    }

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> String {
        let value = self.to_possible_value();
        value
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }

    /// What it is, in a sentence.
    #[must_use]
    pub fn description(self) -> String {
        let value = self.to_possible_value();
        let help = value.and_then(|value| value.get_help().map(ToString::to_string));
        help.unwrap_or_default()
    }
}

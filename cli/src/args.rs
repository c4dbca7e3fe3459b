//! The command line.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use rules::{ContactId, TenantId, XeroContactId};

use crate::xero_target::xero_target;

/// Exit codes, as `--help` has them.
const EXIT_CODES: &str = "\
Exit codes:
  0    done, and nothing needs attention (plan: done)
  1    done, but something needs attention; or a question was answered with no
  2    the tool could not do it: its last line says why and what to do
  130  interrupted with Ctrl-C; nothing is left half-done

Examples:
  export CONTACT_SYNC_STACK=contact-sync
  contact-sync connect xero
  contact-sync check --format html --output check.html
  contact-sync plan --only creates
  said=$(contact-sync status --only-new 2>&1) || echo \"$said\" | mail -s 'Contact sync' accounts@example.com";

/// Connects, checks, plans, follows and mends the contact synchronisation from BigChange to Xero.
#[derive(Debug, Parser)]
#[command(name = "contact-sync", version, after_help = EXIT_CODES, max_term_width = 110)]
pub struct Arguments {
    /// Print JSON instead of text.
    #[arg(long, global = true, help_heading = "How it is told")]
    pub json: bool,
    /// Tell on standard error what the tool does; twice for more. Contacts appear by id only.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "How it is told")]
    pub verbose: u8,
    /// Which deployment.
    #[command(flatten)]
    pub target: Target,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Which deployment.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Which deployment")]
pub struct Target {
    /// Name of the deployed CloudFormation stack.
    #[arg(long, global = true, env = "CONTACT_SYNC_STACK", value_name = "NAME")]
    pub stack: Option<String>,
    /// The local stack instead of AWS: what `make demo KEEP=1` left running, or with =ADDRESS another.
    #[arg(long, global = true, value_name = "ADDRESS", num_args = 0..=1, require_equals = true)]
    pub local: Option<Option<url::Url>>,
    /// AWS region, as the AWS command line takes it.
    #[arg(long, global = true, value_name = "REGION", conflicts_with = "local")]
    pub region: Option<String>,
    /// AWS profile, as the AWS command line takes it.
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "local")]
    pub profile: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Connect the deployment to Xero or to BigChange.
    #[command(subcommand)]
    Connect(Connect),
    /// Is this company ready to synchronise? Counts first, then what to fix, by cure.
    ///
    /// Reads every contact of the groups in AccountGroupIds and SiteGroupIds, every link, and every contact in Xero; writes nothing. Exit code 0: ready; 1: not yet.
    #[command(after_help = "Examples:
  contact-sync check
  contact-sync check --format html --output check.html")]
    Check(ReportArguments),
    /// What would happen, contact by contact, field by field. Writes nothing anywhere.
    #[command(after_help = "Examples:
  contact-sync plan
  contact-sync plan --only creates,links
  contact-sync plan --contact 4711
  contact-sync plan --format csv --output plan.csv

A plan reads every contact from BigChange (one call each) and asks Xero as the synchronisation would. If the Xero token has run out, it is renewed first, as the deployed token refresh does; nothing else is written, not even a note.")]
    Plan(PlanArguments),
    /// Synchronise now: everything, or a chosen part; asks first, then follows along until it is done.
    #[command(after_help = "Examples:
  contact-sync sync
  contact-sync sync --contact 4711,4712
  contact-sync sync --only creates

What would be written is planned and counted first, and asked for; --yes does without. The contacts are queued for the deployed functions, which do the work; so what --only chooses is what `plan` shows now, and what happens is what the functions find. Ctrl-C stops the following, not the work.")]
    Sync(SyncArguments),
    /// How it stands: connection, polls, queues, links, problems, limits. Fit for a cron job.
    #[command(
        after_help = "Exit code 0: healthy; 1: needs attention; 2: the tool itself failed. With --only-new it is 1 once for each thing that needs attention, and 0 after that until something new comes; what was told is kept in the table.

Examples:
  contact-sync status
  said=$(contact-sync status --only-new 2>&1) || echo \"$said\" | mail -s 'Contact sync' accounts@example.com"
    )]
    Status {
        /// Exit with 1 only where something needs attention that was not told yet.
        #[arg(long)]
        only_new: bool,
    },
    /// The open problems, each with its cure.
    #[command(after_help = "Examples:
  contact-sync problems
  contact-sync problems 4711
  contact-sync problems --code NotInXero --format csv --output problems.csv
  contact-sync problems --notices --format html --output notices.html")]
    Problems(ProblemsArguments),
    /// Try again: contacts with a problem, or dead letters.
    #[command(after_help = "Examples:
  contact-sync retry 4711 4712
  contact-sync retry --code NotInXero
  contact-sync retry --all
  contact-sync retry --dead-letters")]
    Retry(RetryArguments),
    /// Say which Xero contact a BigChange contact is. Overrules the match table; checked, confirmed and recorded.
    #[command(after_help = "Examples:
  contact-sync link 4711 5d0b5c2e-8f6a-4a44-9c3e-0f3a6b1d2c77
  contact-sync link 4711 --new

The Xero contact is named by its id or by the address of its page in Xero; `problems CONTACT` lists the ids of those that fit. Names need not match; account references must, or one of them must be blank. The deployed functions then make the link as they make any other.")]
    Link(LinkArguments),
    /// Take the link of a contact away, or a choice that led to none.
    ///
    /// Nothing is changed in BigChange or Xero, and it is not linked to the same Xero contact again by itself. At its next turn (an edit, the daily sweep, `sync`) it is
    /// matched anew without that one: `plan --contact` shows what will become of it.
    #[command(after_help = "Example:
  contact-sync unlink 4711")]
    Unlink(UnlinkArguments),
    /// Say whose values stay where a contact was changed in both systems (ChangedInBoth). Confirmed and recorded.
    #[command(after_help = "Examples:
  contact-sync keep 4711 --xero
  contact-sync keep 4711 --bigchange

It holds for the values that the contact is held for now, which are shown first. With --xero nothing is written; with --bigchange what stands in Xero is kept in the history.")]
    Keep(KeepArguments),
    /// Switch the synchronisation on: from then on it works by itself, beginning with everything. Look at `plan` first.
    Enable(Confirm),
    /// Switch the synchronisation off: nothing is lost, and only what you ask for (sync, retry, link) is worked.
    ///
    /// The connection to Xero is kept alive. What is queued waits until `enable`, but what a person asked for, and a batch that has begun, is worked to its end.
    Disable(Confirm),
    /// Disconnect from Xero: revokes the connection there. Nothing is synchronised any more, and no alarm rings for it.
    ///
    /// Links, settings and history stay. `connect xero` ends it.
    Disconnect(Confirm),
    /// Change settings of the deployed stack, and leave all others as they are.
    #[command(after_help = "Examples:
  contact-sync set CreateInXero=true GenerateAccountRef=true
  contact-sync set AccountGroupIds=101,102

The settings are the parameters of the template. A change by which contacts are decided starts a full sweep by itself.")]
    Set(SetArguments),
    /// What was linked, created or changed for a contact, when, and what stood there before.
    #[command(after_help = "Example:
  contact-sync history 4711

History is kept for as long as the stack's parameter HistoryDays says; 0 keeps none.")]
    History(HistoryArguments),
    /// Remove what is kept of a person who asks to be erased: history, problem, outcome. The link stays.
    #[command(after_help = "Example:
  contact-sync forget 4711

Erase the person in BigChange and in Xero first, by their own pages: else the next synchronisation keeps again what it needs.")]
    Forget(ForgetArguments),
    /// BigChange's contact groups: ids, how many account customers and sites are in each, and which setting names it.
    ///
    /// Without --stack it asks for a BigChange user and the company key, so that the ids are at hand before the first deployment. It stores nothing.
    #[command(after_help = "Examples:
  contact-sync groups
  contact-sync groups --json

In a script user name, password and company key are read from BIGCHANGE_USERNAME, BIGCHANGE_PASSWORD and BIGCHANGE_KEY.")]
    Groups(GroupsArguments),
    /// Print shell completions.
    #[command(after_help = "Example:
  contact-sync completions bash > /etc/bash_completion.d/contact-sync")]
    Completions {
        /// For which shell.
        shell: clap_complete::Shell,
    },
}

/// Connect to what.
#[derive(Debug, Subcommand)]
pub enum Connect {
    /// Connect to Xero: asks for your consent in the browser, lets you choose the organisation, stores app and token.
    #[command(after_help = "Examples:
  contact-sync connect xero
  contact-sync connect xero --custom-connection

Before the first time: at developer.xero.com create an app (\"Web app\") with the redirect address http://localhost:8917/callback (or choose another --port), or a custom connection. The command asks for the app's client id and secret, the secret without echo; in a script the secret is read from the environment variable XERO_CLIENT_SECRET.")]
    Xero(ConnectXero),
    /// Connect to BigChange: asks for user name, password and company key without echo, tries them, stores them.
    #[command(after_help = "Examples:
  contact-sync connect bigchange
  contact-sync connect bigchange --make-note-type \"Xero sync\"
  contact-sync connect bigchange --try-note 4711

In a script user name, password and company key are read from BIGCHANGE_USERNAME, BIGCHANGE_PASSWORD and BIGCHANGE_KEY.

Notes on held contacts take three steps: make a note type, deploy its id (contact-sync set NoteTypeId=…), and try notes on one contact. BigChange's reference leaves open how its note actions update a note, so notes stay off until that was tried.")]
    Bigchange(ConnectBigchange),
}

/// What else to do in BigChange.
#[derive(Debug, Args)]
pub struct ConnectBigchange {
    /// Make a type of notes of this name, for the notes on held contacts, and print its id. Does not connect anew.
    #[arg(long, value_name = "NAME", conflicts_with = "try_note")]
    pub make_note_type: Option<String>,
    /// Try notes on this contact: one is saved, read, completed and read again. Does not connect anew.
    #[arg(long, value_name = "CONTACT")]
    pub try_note: Option<ContactId>,
    /// Do it without asking.
    #[command(flatten)]
    pub confirm: Confirm,
}

/// How to connect to Xero.
#[derive(Debug, Args)]
pub struct ConnectXero {
    /// A custom connection (client credentials): no browser, one organisation, no consent to renew.
    #[arg(long)]
    pub custom_connection: bool,
    /// The app's client id; asked for if the stored app is to be replaced and this is not given.
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// Ask for the app's client id and secret even if they are stored already.
    #[arg(long)]
    pub new_app: bool,
    /// The organisation to choose, by name or tenant id; asked for where there are several and this is not given.
    #[arg(long, value_name = "NAME OR ID")]
    pub organisation: Option<String>,
    /// Port of the redirect address on this machine; the app at Xero must have the same one.
    #[arg(long, default_value_t = 8917, value_name = "PORT")]
    pub port: u16,
    /// Do not try to open a browser; only print the address.
    #[arg(long)]
    pub no_browser: bool,
    /// How many minutes to wait for the consent.
    #[arg(long, default_value_t = 5, value_name = "MINUTES", value_parser = clap::value_parser!(u64).range(1..=60))]
    pub timeout: u64,
    /// Move to another organisation than the one that the stored links belong to: its tenant id, as a confirmation.
    #[arg(long, value_name = "TENANT ID")]
    pub confirm_organisation: Option<TenantId>,
}

/// How something is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal.
    Table,
    /// For other programs.
    Json,
    /// For a spreadsheet.
    Csv,
    /// One self-contained file for a browser.
    Html,
}

/// Where a report goes, and how.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// How it is printed; as a table, if this is not given.
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Write to this file, readable by its owner only, instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// A part of what a plan holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum Part {
    /// Contacts that would be created in Xero.
    #[value(alias = "create")]
    Creates,
    /// Contacts that would be linked to an existing Xero contact.
    #[value(alias = "link")]
    Links,
    /// Linked contacts whose changes would be carried over.
    #[value(alias = "update")]
    Updates,
    /// Contacts that are held.
    #[value(alias = "problem")]
    Problems,
    /// Contacts in which nothing differs.
    Unchanged,
    /// Contacts that are left alone, as they should be.
    LeftAlone,
    /// Contacts that could not be decided about now.
    PutOff,
}

/// What a plan is made of.
#[derive(Debug, Args)]
pub struct PlanArguments {
    /// How and where it is printed.
    #[command(flatten)]
    pub report: ReportArguments,
    /// Show only these parts, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PARTS")]
    pub only: Vec<Part>,
    /// Plan only these contacts, separated by commas.
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "IDS",
        conflicts_with = "only"
    )]
    pub contact: Vec<ContactId>,
}

/// What is synchronised.
#[derive(Debug, Args)]
pub struct SyncArguments {
    /// Only the contacts of which `plan` says this, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PARTS")]
    pub only: Vec<Part>,
    /// Only these contacts, separated by commas.
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "IDS",
        conflicts_with = "only"
    )]
    pub contact: Vec<ContactId>,
    /// Without being asked.
    #[command(flatten)]
    pub confirm: Confirm,
    /// How to follow along.
    #[command(flatten)]
    pub follow: Following,
}

/// How to follow along.
#[derive(Debug, Clone, Copy, Args)]
pub struct Following {
    /// Return as soon as the work is queued.
    #[arg(long)]
    pub no_wait: bool,
    /// Follow along for so many minutes at most.
    #[arg(long, default_value_t = 30, value_name = "MINUTES", value_parser = clap::value_parser!(u64).range(1..=1440))]
    pub timeout: u64,
}

/// Which problems.
#[derive(Debug, Args)]
pub struct ProblemsArguments {
    /// One contact's problem, in full.
    pub contact: Option<ContactId>,
    /// Only problems with these codes, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "CODES", ignore_case = true, hide_possible_values = true, value_parser = PossibleValuesParser::new(rules::PROBLEM_CODES))]
    pub code: Vec<String>,
    /// The notices instead: what is good to know of contacts that are not held.
    #[arg(long, conflicts_with = "code")]
    pub notices: bool,
    /// How and where they are printed.
    #[command(flatten)]
    pub report: ReportArguments,
}

/// What is tried again.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["contacts", "code", "all", "dead_letters"]))]
pub struct RetryArguments {
    /// These contacts.
    #[arg(value_name = "CONTACT")]
    pub contacts: Vec<ContactId>,
    /// Every contact whose problem has one of these codes, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "CODES", ignore_case = true, hide_possible_values = true, value_parser = PossibleValuesParser::new(rules::PROBLEM_CODES))]
    pub code: Vec<String>,
    /// Every contact with a problem.
    #[arg(long)]
    pub all: bool,
    /// Every contact in the dead-letter queue; those letters are removed once their contacts are queued.
    #[arg(long)]
    pub dead_letters: bool,
    /// How to follow along.
    #[command(flatten)]
    pub follow: Following,
}

/// A link by hand.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("whom").required(true).args(["xero", "new"]))]
pub struct LinkArguments {
    /// The BigChange contact.
    pub contact: ContactId,
    /// The Xero contact: its id, or the address of its page.
    #[arg(value_name = "XERO-CONTACT", value_parser = xero_target)]
    pub xero: Option<XeroContactId>,
    /// It is a new customer, none of the Xero contacts that it is held for (PossibleDuplicate, UnlinkedByPerson).
    #[arg(long)]
    pub new: bool,
    /// Without being asked.
    #[command(flatten)]
    pub confirm: Confirm,
    /// How to follow along.
    #[command(flatten)]
    pub follow: Following,
}

/// A link taken away by hand.
#[derive(Debug, Args)]
pub struct UnlinkArguments {
    /// The BigChange contact.
    pub contact: ContactId,
    /// Without being asked.
    #[command(flatten)]
    pub confirm: Confirm,
}

/// Whose values stay.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("side").required(true).args(["bigchange", "xero"]))]
pub struct KeepArguments {
    /// The BigChange contact.
    pub contact: ContactId,
    /// BigChange's: they are sent to Xero.
    #[arg(long)]
    pub bigchange: bool,
    /// Xero's: they stay there, whatever BigChange has.
    #[arg(long)]
    pub xero: bool,
    /// Without being asked.
    #[command(flatten)]
    pub confirm: Confirm,
    /// How to follow along.
    #[command(flatten)]
    pub follow: Following,
}

/// Which settings become what.
#[derive(Debug, Args)]
pub struct SetArguments {
    /// A setting and its new value.
    #[arg(value_name = "KEY=VALUE", required = true)]
    pub settings: Vec<String>,
    /// Without being asked.
    #[command(flatten)]
    pub confirm: Confirm,
}

/// Which person is forgotten.
#[derive(Debug, Args)]
pub struct ForgetArguments {
    /// The BigChange contact.
    pub contact: ContactId,
    /// Without being asked.
    #[command(flatten)]
    pub confirm: Confirm,
}

/// Where BigChange is, while nothing is deployed.
#[derive(Debug, Args)]
pub struct GroupsArguments {
    /// Another address of BigChange's web services; for tests.
    #[arg(long, value_name = "ADDRESS", hide = true)]
    pub bigchange_url: Option<url::Url>,
}

/// Whose history.
#[derive(Debug, Args)]
pub struct HistoryArguments {
    /// The BigChange contact.
    pub contact: ContactId,
}

/// Whether a person is asked.
#[derive(Debug, Clone, Copy, Args)]
pub struct Confirm {
    /// Do it without asking.
    #[arg(short, long)]
    pub yes: bool,
}

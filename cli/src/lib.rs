//! The operator's tool: connects a deployment to both systems, checks whether a company is ready, shows what would happen, queues, follows, tells how it stands
//! and mends by a person's word.
//!
//! It holds no rule and no adapter of its own. What it shows before anything is done is the deployed functions' own code, run over a copy ([`dry_run`]); what it has
//! done is done by the deployed functions, which it queues contacts for ([`follow`]); and what it writes itself goes by the same conditional writes as theirs.

pub mod args;
pub mod candidate;
pub mod check;
pub mod connect;
pub mod critical;
pub mod cures;
pub mod deployment;
pub mod disconnect;
pub mod dry_run;
pub mod exit_status;
pub mod follow;
pub mod forget;
pub mod group_faults;
pub mod groups;
pub mod hints;
pub mod history;
pub mod in_xero;
pub mod keep;
mod known_contact;
pub mod link;
mod link_parts;
pub mod listing;
pub mod logging;
mod new_customer;
mod notice_ahead;
mod notices;
pub mod now_in_xero;
mod other_integration;
pub mod output;
pub mod plan;
pub mod preconditions;
pub mod problems;
pub mod report;
pub mod retry;
pub mod rows;
pub mod samconfig;
pub mod set;
mod setting_values;
pub mod settings_shown;
pub mod side_by_side;
pub mod status;
mod status_news;
mod status_people;
pub mod switch;
pub mod sync;
pub mod time_text;
pub mod to_do;
pub mod tool;
pub mod ui;
pub mod why;
pub mod xero_pages;
pub mod xero_target;

use clap::CommandFactory as _;
use clap_complete::Shell;
use rules::Switch;

pub use exit_status::ExitStatus;

use crate::args::{Arguments, Command, Connect, ConnectBigchange};
use crate::tool::Tool;
use crate::ui::Ui;

/// Runs the command.
///
/// # Errors
/// One line, and what lies behind it, that says why it could not be done and what to do.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitStatus> {
    hints::remember(&arguments.target);
    let ui = Ui::new(arguments.json);
    let command = match &arguments.command {
        Command::Completions { shell } => return completions(ui, *shell),
        command => command,
    };
    if let Command::Groups(of) = command {
        // Also where nothing is deployed yet.
        return groups::run(&arguments.target, of, ui).await;
    }
    let tool = Tool::open(&arguments.target, ui).await?;
    match command {
        Command::Connect(Connect::Xero(arguments)) => connect::xero::run(&tool, arguments).await,
        Command::Connect(Connect::Bigchange(arguments)) => match arguments {
            ConnectBigchange {
                try_note: Some(contact),
                confirm,
                ..
            } => connect::notes::try_note(&tool, *contact, *confirm).await,
            ConnectBigchange {
                make_note_type: Some(name),
                confirm,
                ..
            } => connect::notes::make_type(&tool, name, *confirm).await,
            _ => connect::bigchange::run(&tool).await,
        },
        Command::Check(arguments) => check::run(&tool, arguments).await,
        Command::Plan(arguments) => plan::run(&tool, arguments).await,
        Command::Sync(arguments) => sync::run(&tool, arguments).await,
        Command::Status { only_new } => status::run(&tool, *only_new).await,
        Command::Problems(arguments) if arguments.notices => notices::run(&tool, arguments).await,
        Command::Problems(arguments) => problems::run(&tool, arguments).await,
        Command::Retry(arguments) => retry::run(&tool, arguments).await,
        Command::Link(arguments) => link::link(&tool, arguments).await,
        Command::Unlink(arguments) => link::unlink(&tool, arguments).await,
        Command::Keep(arguments) => keep::run(&tool, arguments).await,
        Command::Enable(confirm) => switch::run(&tool, Switch::On, *confirm).await,
        Command::Disable(confirm) => switch::run(&tool, Switch::Off, *confirm).await,
        Command::Disconnect(confirm) => disconnect::run(&tool, *confirm).await,
        Command::Set(arguments) => set::run(&tool, arguments).await,
        Command::History(arguments) => history::run(&tool, arguments).await,
        Command::Forget(arguments) => forget::run(&tool, arguments).await,
        Command::Groups(of) => groups::run(&arguments.target, of, ui).await,
        Command::Completions { shell } => completions(tool.ui, *shell),
    }
}

fn completions(ui: Ui, shell: Shell) -> anyhow::Result<ExitStatus> {
    let mut script = Vec::new();
    clap_complete::generate(
        shell,
        &mut Arguments::command(),
        "contact-sync",
        &mut script,
    );
    ui.print(String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitStatus::Success)
}

//! Commands that a text names, so that they work as they stand where the person gave `--local`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{LazyLock, OnceLock};

use clap::CommandFactory as _;

use crate::args::{Arguments, Target};

const TOOL: &str = "contact-sync ";

/// The option as it was given.
static LOCAL: OnceLock<String> = OnceLock::new();
static COMMANDS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let arguments = Arguments::command();
    let commands = arguments.get_subcommands();
    commands.map(|one| one.get_name().to_owned()).collect()
});

/// From now on, texts name commands for this target.
pub(crate) fn remember(target: &Target) {
    let option = match &target.local {
        None => return,
        Some(None) => "--local".to_owned(),
        Some(Some(address)) => format!("--local={}", address.as_str().trim_end_matches('/')),
    };
    // Of two in one process the first stays; the tool runs one command.
    let _ = LOCAL.set(option);
}

/// A text with the option in every command that it names.
pub fn for_target(text: &str) -> Cow<'_, str> {
    match LOCAL.get() {
        Some(option) => with(option, text),
        None => Cow::Borrowed(text),
    }
}

fn with<'a>(option: &str, text: &'a str) -> Cow<'a, str> {
    if !text.contains(TOOL) {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split(TOOL);
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        told.push_str(TOOL);
        let end = part.find(|c: char| !c.is_ascii_lowercase());
        if COMMANDS.contains(&part[..end.unwrap_or(part.len())]) {
            told.push_str(option);
            told.push(' ');
        }
        told.push_str(part);
    }
    Cow::Owned(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_get_the_option_and_other_words_do_not() {
        for (text, told) in [
            (
                "held: 3 (contact-sync problems), contact-sync connect xero",
                "held: 3 (contact-sync --local problems), contact-sync --local connect xero",
            ),
            (
                "ask the person who runs contact-sync to link it",
                "ask the person who runs contact-sync to link it",
            ),
            ("Stack contact-sync, off", "Stack contact-sync, off"),
            ("contact-sync plan", "contact-sync --local plan"),
            ("contact-sync planning", "contact-sync planning"),
            ("ends in contact-sync ", "ends in contact-sync "),
            ("contact-sync --local plan", "contact-sync --local plan"),
        ] {
            assert_eq!(with("--local", text), told);
        }
    }
}

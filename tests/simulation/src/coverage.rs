//! What a run, or many, went through.

use std::collections::BTreeMap;
use std::fmt;

/// Counts, added up over seeds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Seeds.
    pub seeds: u64,
    /// Outgoing calls, at each of which the scheduler chose.
    pub calls: u64,
    /// Events: calls that went on, effects that came late, deliveries, schedules, people.
    pub steps: u64,
    /// Invocations begun.
    pub invocations: u64,
    /// Simulated hours.
    pub simulated_hours: u64,
    /// What went wrong, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// What people did, by kind.
    pub people: BTreeMap<&'static str, u64>,
    /// Messages queued.
    pub messages: u64,
    /// Messages delivered to two workers.
    pub duplicates: u64,
    /// Messages given up.
    pub dead_letters: u64,
    /// Contacts created in Xero.
    pub created: u64,
    /// Contacts of Xero changed.
    pub changed: u64,
    /// Contacts saved in BigChange.
    pub saved: u64,
    /// Codes generated.
    pub codes: u64,
    /// Values that a person had entered in Xero and that were written over, kept and told.
    pub overwritten: u64,
    /// Those that were entered within the one call between reading and writing.
    pub overwritten_unseen: u64,
    /// Notes saved in BigChange.
    pub notes: u64,
    /// Digests sent.
    pub mails: u64,
    /// Calls that Xero refused for a limit without its having been ordered.
    pub limits_crossed: u64,
}

impl Coverage {
    /// Adds what another run went through.
    pub fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.calls += other.calls;
        self.steps += other.steps;
        self.invocations += other.invocations;
        self.simulated_hours += other.simulated_hours;
        for (mine, theirs) in [
            (&mut self.faults, &other.faults),
            (&mut self.people, &other.people),
        ] {
            for (kind, count) in theirs {
                *mine.entry(kind).or_default() += count;
            }
        }
        self.messages += other.messages;
        self.duplicates += other.duplicates;
        self.dead_letters += other.dead_letters;
        self.overwritten += other.overwritten;
        self.overwritten_unseen += other.overwritten_unseen;
        self.created += other.created;
        self.changed += other.changed;
        self.saved += other.saved;
        self.codes += other.codes;
        self.limits_crossed += other.limits_crossed;
        self.notes += other.notes;
        self.mails += other.mails;
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} seeds, {} simulated hours, {} steps, {} invocations, {} outgoing calls",
            self.seeds, self.simulated_hours, self.steps, self.invocations, self.calls
        )?;
        writeln!(
            f,
            "{} messages ({} delivered twice, {} dead letters); {} contacts created and {} changes in Xero, {} saves in BigChange, {} codes",
            self.messages,
            self.duplicates,
            self.dead_letters,
            self.created,
            self.changed,
            self.saved,
            self.codes
        )?;
        writeln!(
            f,
            "{} calls over a limit that was not ordered; {} values that people had entered in Xero written over, kept and told, and {} within the call between reading and writing",
            self.limits_crossed, self.overwritten, self.overwritten_unseen
        )?;
        writeln!(f, "{} saves of notes, {} digests", self.notes, self.mails)?;
        for (title, counts) in [("Faults", &self.faults), ("People", &self.people)] {
            let counts: Vec<String> = counts
                .iter()
                .map(|(kind, count)| format!("{count} {kind}"))
                .collect();
            writeln!(f, "{title}: {}", counts.join(" · "))?;
        }
        Ok(())
    }
}

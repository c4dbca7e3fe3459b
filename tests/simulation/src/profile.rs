//! How a seed's world is: how often what goes wrong, what people do, and how the stack is set up.

use std::collections::BTreeMap;

use time::Duration;

use crate::calls::System;

/// Drawn from the seed.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    /// How often something goes wrong at a call, at most.
    rate: f64,
    /// A system that fails more often than the others.
    weak: Option<System>,
    /// How far clocks may be off.
    pub(crate) max_skew_seconds: u32,
    /// How often a message is delivered twice.
    pub(crate) duplicates: f64,
    /// How often two polls or two refreshers run at once.
    pub(crate) overlaps: f64,
    /// How often a process is kept for the next invocation.
    pub(crate) warm: f64,
    /// The most messages of one event.
    pub(crate) batch: usize,
    /// For how long things go wrong.
    pub(crate) storm: Duration,
    /// How often people do something meanwhile.
    pub(crate) deeds: u32,
    /// How many account customers there are at first.
    pub(crate) customers: usize,
    /// How many contacts Xero has at first.
    pub(crate) xero_contacts: usize,
    /// The settings at first, and those of a deployment in between.
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) later_settings: Option<BTreeMap<String, String>>,
    /// How many calls a minute Xero allows.
    pub(crate) calls_a_minute: usize,
    /// Whether a person disconnects the app, and connects it anew later.
    pub(crate) disconnects: bool,
    /// Whether a person connects the app anew although it is connected.
    pub(crate) reconnects: bool,
    /// How often a person links or unlinks a contact.
    pub(crate) words: u32,
    /// Whether Xero refuses an element of many that has no name.
    pub(crate) batch_needs_names: bool,
    /// How often BigChange leaves a key out of a contact's detail.
    pub(crate) keys_left_out: f64,
    /// How often a person switches the synchronisation off, and on again later.
    pub(crate) switches: u32,
    /// Whether held contacts get notes, and a digest is sent.
    pub(crate) tells_people: bool,
    /// Whether a note that is completed stays as it is, so that the next one is another.
    pub(crate) completed_notes_stay: bool,
    /// How often a person closes a note.
    pub(crate) notes_closed: u32,
}

/// Groups of account customers and of site contacts.
pub(crate) const CUSTOMERS: u64 = 10;
pub(crate) const SITES: u64 = 20;
/// The type of the notes on held contacts.
pub(crate) const NOTE_TYPE: u64 = 83_519;

const SYSTEMS: [System; 6] = [
    System::Table,
    System::Vault,
    System::Queue,
    System::BigChange,
    System::Xero,
    System::Identity,
];

impl Profile {
    pub(crate) fn draw(rng: &mut fastrand::Rng) -> Self {
        let settings = settings(rng);
        let later_settings = (rng.f64() < 0.3).then(|| {
            let mut later = settings.clone();
            let switch = ["CREATE_IN_XERO", "GENERATE_ACCOUNT_REF", "MATCH_BY_NAME"];
            let switch = switch[rng.usize(0..switch.len())];
            let is_on = later.get(switch).is_some_and(|value| value == "true");
            later.insert(switch.to_owned(), (!is_on).to_string());
            later
        });
        let mut profile = Self {
            rate: [0.002, 0.01, 0.03, 0.08][rng.usize(0..4)],
            weak: (rng.f64() < 0.4).then(|| SYSTEMS[rng.usize(0..SYSTEMS.len())]),
            max_skew_seconds: if rng.bool() { 120 } else { 0 },
            duplicates: [0.0, 0.05, 0.3][rng.usize(0..3)],
            overlaps: [0.0, 0.1, 0.3][rng.usize(0..3)],
            warm: [0.0, 0.6, 0.95][rng.usize(0..3)],
            batch: [1, 3, 10, 200][rng.usize(0..4)],
            storm: Duration::minutes(rng.i64(60..=180)),
            deeds: rng.u32(5..=50),
            customers: rng.usize(2..=10),
            xero_contacts: rng.usize(0..=8),
            settings,
            later_settings,
            calls_a_minute: if rng.f64() < 0.2 { 20 } else { 60 },
            disconnects: rng.f64() < 0.15,
            reconnects: rng.f64() < 0.4,
            words: if rng.f64() < 0.4 { rng.u32(1..=10) } else { 0 },
            batch_needs_names: rng.f64() < 0.3,
            keys_left_out: [0.0, 0.0, 0.05, 0.3][rng.usize(0..4)],
            switches: if rng.f64() < 0.3 { rng.u32(1..=4) } else { 0 },
            tells_people: rng.f64() < 0.5,
            completed_notes_stay: rng.bool(),
            notes_closed: if rng.f64() < 0.5 { rng.u32(1..=6) } else { 0 },
        };
        if profile.tells_people {
            let note_type = ("NOTE_TYPE_ID".to_owned(), NOTE_TYPE.to_string());
            let later = profile.later_settings.iter_mut();
            for settings in std::iter::once(&mut profile.settings).chain(later) {
                settings.insert(note_type.0.clone(), note_type.1.clone());
            }
        }
        profile
    }

    /// How often something goes wrong at a call to a system.
    pub(crate) fn rate(&self, system: System) -> f64 {
        if self.weak == Some(system) {
            (self.rate * 5.0).min(0.25)
        } else {
            self.rate
        }
    }
}

fn settings(rng: &mut fastrand::Rng) -> BTreeMap<String, String> {
    let mut set =
        |name: &str, probability: f64| (name.to_owned(), (rng.f64() < probability).to_string());
    let drawn = [
        set("CREATE_IN_XERO", 0.85),
        set("GENERATE_ACCOUNT_REF", 0.75),
        set("MATCH_BY_NAME", 0.8),
        set("UPDATE_IN_XERO", 0.9),
        set("HOLD_LIKELY_DUPLICATES", 0.9),
    ];
    let holds = rng.f64() < 0.3;
    let mut all = BTreeMap::from(drawn);
    all.extend([
        ("ACCOUNT_GROUP_IDS".to_owned(), CUSTOMERS.to_string()),
        ("SITE_GROUP_IDS".to_owned(), SITES.to_string()),
        // As a stack of version 0.1 that ran; from then on the switch is people's.
        ("SYNC_ENABLED".to_owned(), "true".to_owned()),
        (
            "ON_CONFLICT".to_owned(),
            if holds { "hold" } else { "bigchange" }.to_owned(),
        ),
    ]);
    all
}

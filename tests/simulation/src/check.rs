//! What must be so once everything is quiet: for every contact what the rules themselves say about it as it is now.

use std::collections::{BTreeMap, BTreeSet};

use fake_bigchange::FakeContact;
use rules::{
    AccountReference, AccountType, Contact, ContactId, Decision, GroupId, Notice, Participation,
    Plan, Settings, Skip, Snapshot, XeroContact, XeroContactId, XeroWrite, contact_fingerprint,
    decide, participation,
};
use runtime::DeadLetter;
use runtime::records::{
    ContactRecord, DeferredRecord, HistoryRecord, ProblemRecord, ReferenceRecord, XeroContactRecord,
};
use uuid::Uuid;

use crate::invariant::Invariant;
use crate::ledger::{Overwritten, Unit};
use crate::watch::is_in_intent;
use crate::world::World;
use crate::xero_view::{alike, as_rules_see};

/// Problems that only the attempt to write can bring.
const REFUSALS: [&str; 10] = [
    "NumberHeldByArchived",
    "RefusedByXero",
    "WebsiteInXero",
    "LinkedContactNotInXero",
    "NameTakenInXero",
    "LinkedToAnotherContact",
    "AmbiguousMatch",
    "RefusedByBigChange",
    "ArchivedInXero",
    "ErasedInXero",
];

/// What is stored, and both systems as they are.
struct Truth {
    settings: Settings,
    records: BTreeMap<String, ContactRecord>,
    problems: BTreeMap<String, ProblemRecord>,
    linked: BTreeMap<XeroContactId, ContactId>,
    holders: BTreeMap<AccountReference, ContactId>,
    in_xero: Vec<XeroContact>,
    given_up: BTreeSet<u64>,
}

impl Truth {
    fn of(world: &World) -> Option<Self> {
        let profile = &world.profile;
        let settings = profile.later_settings.as_ref().unwrap_or(&profile.settings);
        let claims = world.records::<XeroContactRecord>();
        let references = world.records::<ReferenceRecord>();
        Some(Self {
            settings: Settings::read(|name| settings.get(name).cloned()).ok()?,
            records: world.records(),
            problems: world.records(),
            linked: claims
                .into_iter()
                .filter_map(|(id, claim)| Some((id.parse().ok()?, claim.contact)))
                .collect(),
            holders: references
                .into_values()
                .filter_map(|record| Some((record.reference, record.holder?)))
                .collect(),
            in_xero: world.xero.contacts().filter_map(as_rules_see).collect(),
            given_up: given_up(world),
        })
    }

    fn record(&self, id: u64) -> ContactRecord {
        self.records
            .get(&id.to_string())
            .cloned()
            .unwrap_or_default()
    }

    fn problem(&self, id: u64) -> Option<&ProblemRecord> {
        self.problems.get(&id.to_string())
    }

    fn decision(&self, customer: &rules::Customer, record: &ContactRecord) -> Decision {
        let data = customer.details.data();
        let compared = rules::Compared {
            name: &customer.details.name,
            data: &data,
        };
        let alike = alike(compared, &self.in_xero);
        decide(&Snapshot {
            customer,
            settings: &self.settings,
            link: record.link.as_ref(),
            manual_match: &record.manual_match_now(),
            in_doubt: record.in_doubt().as_ref(),
            generated: record.code(),
            contact_reference_due: record.contact_reference_in_doubt(),
            keep: record.keep.as_ref(),
            is_to_be_looked_at: true,
            found: Some(&self.in_xero),
            alike: &alike,
            linked: &self.linked,
            holders: &self.holders,
        })
    }

    fn is_create_that_never_was(&self, id: ContactId, record: &ContactRecord) -> bool {
        let is_create = |record: &ContactRecord| {
            let plan = record.intent.as_ref().map(|intent| &intent.plan);
            plan.is_some_and(|plan| matches!(plan.xero, XeroWrite::Create(_)))
        };
        let is_ours = |contact: &XeroContact| {
            let number = contact.contact_number.as_ref();
            number.is_some_and(|number| number.is_ours_for(id))
        };
        is_create(record) && !self.in_xero.iter().any(is_ours)
    }

    /// What is not as the rules say, in words.
    fn wrong_with(&self, contact: &Contact) -> Option<String> {
        let record = self.record(contact.id.get());
        let problem = self
            .problem(contact.id.get())
            .map(|held| held.problem.code());
        match participation(contact, &self.settings) {
            Participation::Skip(Skip::Deleted) if record.link.is_some() => {
                Some("it is deleted and still linked".to_owned())
            }
            Participation::Skip(skip) => {
                problem.map(|code| format!("it is left alone ({skip:?}), but held as {code}"))
            }
            Participation::Held(expected) => (problem != Some(expected.code()))
                .then(|| format!("it should be held as {}, but: {problem:?}", expected.code())),
            // What a contact that is left alone or held may have written stays in doubt until it goes on.
            Participation::TakesPart(_)
                if record.intent.is_some()
                    && (problem.is_none()
                        || self.is_create_that_never_was(contact.id, &record)) =>
            {
                Some("an intent is left".to_owned())
            }
            Participation::TakesPart(customer) => {
                wrong_decision(&self.decision(&customer, &record), problem)
            }
        }
    }
}

fn wrong_decision(decision: &Decision, problem: Option<&'static str>) -> Option<String> {
    match decision {
        Decision::Apply(plan) if plan.writes_nothing() && !plan.conflicts.is_empty() => (problem
            != Some("ChangedInBoth"))
        .then(|| format!("both systems changed it, but: {problem:?}")),
        Decision::Apply(plan) if nothing_is_left(plan) => {
            problem.map(|code| format!("it is in line, but held as {code}"))
        }
        Decision::Apply(plan) => {
            let is_refused = problem.is_some_and(|code| REFUSALS.contains(&code));
            (!is_refused).then(|| format!("{:?} is left to do ({problem:?})", told(plan)))
        }
        Decision::Hold(expected) => (problem != Some(expected.code()))
            .then(|| format!("it should be held as {}, but: {problem:?}", expected.code())),
        Decision::NeedsCode => Some("it still needs a code".to_owned()),
        Decision::Incomplete(field) => Some(format!("its {} is missing", field.key())),
        Decision::Ask(question) => Some(format!("{question:?} was not asked")),
    }
}

fn nothing_is_left(plan: &Plan) -> bool {
    plan.writes_nothing() && plan.outcome == rules::SyncAction::Unchanged
}

fn told(plan: &Plan) -> String {
    let xero = match &plan.xero {
        XeroWrite::Nothing { .. } => "nothing to Xero",
        XeroWrite::Create(_) => "create",
        XeroWrite::Change { .. } => "change",
        XeroWrite::Unknown(_) => "something unknown",
    };
    let bigchange = plan.bigchange_account || plan.bigchange_contact_reference;
    format!("{:?}: {xero}, to BigChange: {bigchange}", plan.outcome)
}

/// Before any full sweep: every change that the lists show has arrived, and the settings are those that every held contact was held under.
pub(crate) fn arrived(world: &mut World) {
    let Some(truth) = Truth::of(world) else {
        return;
    };
    // What the lists do not show is not known yet to take part.
    let unseen = world.ledger.needs_sweep.clone();
    links_are_true(world, &truth, &unseen);
    let mut wrong = None;
    for fake in world.bigchange.contacts() {
        let contact = as_read(fake);
        let is_unseen =
            world.ledger.needs_sweep.contains(&fake.id) || truth.given_up.contains(&fake.id);
        if is_unseen {
            continue;
        }
        match truth.problem(fake.id) {
            // What else it waits for may have come about unseen, until the hourly look or the sweep.
            Some(held) => {
                if held.fingerprint != contact_fingerprint(&contact, &truth.settings) {
                    wrong = Some(format!(
                        "contact {} is still held as it was before it or the settings changed",
                        fake.id
                    ));
                }
            }
            None => {
                if let Some(what) = truth.wrong_with(&contact) {
                    wrong = Some(format!("contact {}: {what}", fake.id));
                }
            }
        }
    }
    if let Some(what) = wrong {
        world.violate(Invariant::EverythingArrives, what);
    }
}

/// No link of a contact that takes part points at a merged or archived contact for more than an hour
/// without a problem.
fn links_are_true(world: &mut World, truth: &Truth, unseen: &BTreeSet<u64>) {
    let now = world.now;
    let contacts = world.bigchange.contacts();
    let mut seen = contacts.filter(|fake| !unseen.contains(&fake.id));
    let untrue = seen.find_map(|fake| {
        let link = truth.record(fake.id).link?;
        let xero_id = Uuid::from(link.xero_id);
        let since = *world.ledger.archived_at.get(&xero_id)?;
        let takes_part = matches!(
            participation(&as_read(fake), &truth.settings),
            Participation::TakesPart(_)
        );
        let is_told = truth.problem(fake.id).is_some() || truth.given_up.contains(&fake.id);
        let is_long = now - since > time::Duration::hours(1);
        (takes_part && is_long && !is_told).then(|| {
            format!(
                "contact {} is linked to {xero_id}, which is archived since {since}",
                fake.id
            )
        })
    });
    drop(seen);
    if let Some(what) = untrue {
        world.violate(Invariant::LinksTrue, what);
    }
}

/// After a full sweep: everything is as the rules say, and nothing waits.
pub(crate) fn converged(world: &mut World) {
    let Some(truth) = Truth::of(world) else {
        return;
    };
    links_are_true(world, &truth, &BTreeSet::new());
    let mut wrong = None;
    for fake in world.bigchange.contacts() {
        if truth.given_up.contains(&fake.id) {
            continue;
        }
        let what = truth
            .wrong_with(&as_read(fake))
            .or_else(|| not_carried_over(world, &truth, fake))
            .or_else(|| references_differ(world, &truth, fake));
        if let Some(what) = what {
            wrong = Some(format!("contact {}: {what}", fake.id));
        }
    }
    crate::told::notes_are_true(world);
    for overwritten in &world.ledger.overwritten {
        if let Some(what) = not_told(world, &truth, overwritten) {
            world.violate(Invariant::NothingUnseen, what);
            return;
        }
    }
    if !world.records::<DeferredRecord>().is_empty() {
        wrong = Some("something is still put off".to_owned());
    }
    if let Some(what) = wrong {
        world.violate(Invariant::Converges, what);
    }
}

/// Every edit made in BigChange since the link is in Xero, or was sent last, for a person may have corrected it there since.
fn not_carried_over(world: &World, truth: &Truth, fake: &FakeContact) -> Option<String> {
    let record = truth.record(fake.id);
    let link = record.link.as_ref()?;
    let takes_part = matches!(
        participation(&as_read(fake), &truth.settings),
        Participation::TakesPart(_)
    );
    let is_excused = truth.problem(fake.id).is_some() || world.ledger.kept.contains(&fake.id);
    if !takes_part || !truth.settings.update_in_xero || is_excused {
        return None;
    }
    let xero_id = Uuid::from(link.xero_id);
    let in_xero = world.xero.contact(xero_id)?;
    let (_, linked_at) = world.ledger.linked_at.get(&fake.id)?;
    Unit::ALL.into_iter().find_map(|unit| {
        let edited_at = world.ledger.edited_at.get(&(fake.id, unit))?;
        let value = unit.in_bigchange(fake);
        let written = world.ledger.written.get(&(xero_id, unit)).copied();
        let last_written = written.and_then(|index| world.ledger.value_no(fake.id, unit, index));
        // Edited and edited back before anything was sent: nothing differs.
        let is_noted = in_details(unit, &link.synced) == value;
        let corrected_at = world.ledger.corrected_at.get(&(xero_id, unit));
        // Xero had it already when it was looked at, and a person corrected it since.
        let was_there = is_noted && corrected_at.is_some_and(|at| at > edited_at);
        // What was written before it was unlinked and linked again is Xero's own by now.
        let written_at = world.ledger.written_at.get(&(xero_id, unit));
        let is_of_before = written_at.is_none_or(|at| at <= linked_at);
        let nothing_differs = (is_of_before && is_noted) || was_there;
        let arrived = unit.in_xero(in_xero) == value
            || last_written.as_ref() == Some(&value)
            || nothing_differs;
        (edited_at > linked_at && !arrived).then(|| {
            format!("its {unit:?} of {edited_at} is not in Xero: {value:?}, but {last_written:?} was the last to be sent")
        })
    })
}

/// What was written over is in the history of its contact, with what is told of it.
fn not_told(world: &World, truth: &Truth, overwritten: &Overwritten) -> Option<String> {
    let Overwritten {
        contact,
        unit,
        text,
        is_correction,
        ..
    } = overwritten;
    let field = unit.as_rules_say().field();
    let history = world.records::<HistoryRecord>();
    let prefix = format!("{contact}#");
    let is_kept = history.iter().any(|(key, record)| {
        let is_it = |change: &rules::Change| {
            change.system == rules::System::Xero
                && change.field == field
                && change.before == *text
        };
        let is_told = |notice: &Notice| {
            matches!(notice, Notice::CorrectionOverwritten { field: of, in_xero, .. } if *of == field && in_xero == text)
        };
        key.starts_with(&prefix)
            && record.changes.iter().any(is_it)
            && (!is_correction || record.notices.iter().any(is_told))
    });
    // What is left alone or held stays in doubt, and in its intent, until it goes on.
    let is_in_doubt = is_in_intent(&truth.record(*contact), *unit, text);
    (!is_kept && !is_in_doubt).then(|| {
        format!("{unit:?} of contact {contact} was {text:?} in Xero and was written over, and no history tells it")
    })
}

fn in_details(unit: Unit, details: &rules::Details) -> String {
    let address = &details.address;
    match unit {
        Unit::Name => details.name.clone(),
        Unit::Address => [
            address.street.as_str(),
            &address.town,
            &address.postcode,
            &address.country,
        ]
        .join("|"),
        Unit::Phone => details.phone.clone(),
        Unit::Email => details.email.clone(),
        Unit::Person => {
            let person = &details.person;
            rules::normalise_spaces(&format!("{} {}", person.first_names, person.last_name))
        }
    }
}

/// A generated code into a blank contact reference: the two match.
fn references_differ(world: &World, truth: &Truth, fake: &FakeContact) -> Option<String> {
    let record = truth.record(fake.id);
    let code = record.code()?;
    let link = record.link.as_ref()?;
    let was_told = record
        .notices
        .iter()
        .any(|notice| matches!(notice, Notice::ContactReferenceNotWritten { .. }));
    let is_ours_to_fill = link.account_reference == *code
        && fake.contact_reference.trim().is_empty()
        && !world.ledger.contact_reference_edited.contains(&fake.id)
        && truth.problem(fake.id).is_none()
        && matches!(
            participation(&as_read(fake), &truth.settings),
            Participation::TakesPart(_)
        );
    (is_ours_to_fill && !was_told)
        .then(|| format!("its contact reference is blank beside the generated code {code}"))
}

/// What one more round must leave as it is.
pub(crate) struct Stillness {
    records: BTreeMap<String, ContactRecord>,
    claims: BTreeMap<String, XeroContactRecord>,
    references: BTreeMap<String, ReferenceRecord>,
    outside_writes: usize,
    api_calls: usize,
}

impl Stillness {
    pub(crate) fn of(world: &World) -> Self {
        Self {
            records: world.records(),
            claims: world.records(),
            references: world.records(),
            outside_writes: world.ledger.outside_writes,
            api_calls: world.ledger.api_calls,
        }
    }

    pub(crate) fn is_kept(&self, world: &mut World) {
        let after = Self::of(world);
        let waits_for_xero = world
            .records::<ProblemRecord>()
            .values()
            .any(|held| held.problem.depends_on_xero());
        let references: Vec<_> = self
            .references
            .keys()
            .chain(after.references.keys())
            .filter(|key| self.references.get(*key) != after.references.get(*key))
            .cloned()
            .collect();
        world.tell(|| format!("references that changed: {references:?}"));
        let changed = self
            .records
            .keys()
            .chain(after.records.keys())
            .find(|id| self.records.get(*id) != after.records.get(*id));
        if let Some(id) = changed.cloned() {
            let (before, now) = (self.records.get(&id), after.records.get(&id));
            world.tell(|| format!("contact {id} was {before:?} and is {now:?}"));
        }
        let broken = if after.outside_writes != self.outside_writes {
            Some("a further round wrote to BigChange or Xero")
        } else if after.api_calls != self.api_calls && !waits_for_xero {
            Some("a further round called Xero, though no problem waits for it")
        } else if after.records != self.records
            || after.claims != self.claims
            || after.references != self.references
        {
            Some("a further round changed what is stored of links")
        } else {
            None
        };
        if let Some(what) = broken {
            world.violate(Invariant::QuietStaysQuiet, what);
        }
    }
}

/// Contacts whose message was given up: a person looks at those.
fn given_up(world: &World) -> BTreeSet<u64> {
    let letters = world.sqs.dead_letters.iter();
    letters
        .filter_map(|body| {
            let letter: Option<DeadLetter> = serde_json::from_str(body).ok();
            let by_sqs: Option<runtime::Message> = serde_json::from_str(body).ok();
            letter
                .and_then(|letter| letter.contact_id)
                .or(by_sqs.map(|message| message.contact_id))
                .map(ContactId::get)
        })
        .collect()
}

/// A contact as the client reads it.
fn as_read(fake: &FakeContact) -> Contact {
    let id = |id: u64| match ContactId::try_from(id) {
        Ok(id) => id,
        Err(error) => unreachable!("the fake gives ids above 0: {error}"),
    };
    Contact {
        id: id(fake.id),
        group: GroupId::try_from(fake.group_id).ok(),
        parent: fake.parent_id.map(id),
        deleted: fake.deleted_at.is_some(),
        excluded_from_financial_sync: fake.financial_sync_exclude,
        name: fake.name.clone(),
        street: fake.street.clone(),
        town: fake.town.clone(),
        postcode: fake.postcode.clone(),
        country: fake.country.clone(),
        person: fake.person.clone(),
        phone: fake.phone.clone(),
        email: fake.email.clone(),
        extra: fake.extra.clone(),
        contact_reference: fake.contact_reference.clone(),
        account_reference: fake.account_reference.clone(),
        account_type: fake.account_type.map(AccountType),
        missing: std::collections::BTreeSet::new(),
    }
}

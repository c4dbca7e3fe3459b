//! Finds the Xero contacts that fit, and those that are like the customer.
//!
//! They are found in the list of all contacts: only that tells of every contact that is like one.
//! Where the organisation is too large for it, Xero is asked for a few. Both ways compare what
//! comes by [`Directory::candidates`], and a question that Xero refuses is never taken for "not
//! found".

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rules::{
    ContactId, ContactNumber, Customer, MAX_MERGES, Question, XeroContact, XeroContactId,
    account_number_spellings, merged_into_unread, search_words,
};
use runtime::CallError;
use runtime::records::QueryKind;

use crate::context::Context;
use crate::directory::Directory;
use crate::directory_reads::freshen;
use crate::endings::{is_refused, xero_failed};
use crate::model::{Found, InWork as _, Matched, Stage};
use crate::queries;

/// What was found for a contact, or why that is not known.
type Answer = Result<Found, Arc<CallError>>;
type Answers = BTreeMap<ContactId, Answer>;

/// A contact for which Xero is asked which of its contacts it is.
struct Asked<'a> {
    matched: &'a Matched,
    question: &'a Question,
}

impl Asked<'_> {
    fn id(&self) -> ContactId {
        self.matched.id()
    }

    fn customer(&self) -> &Customer {
        &self.matched.candidate.customer
    }

    /// A create of ours may have reached Xero without our knowing.
    fn is_in_doubt(&self) -> bool {
        matches!(
            self.question,
            Question::Match {
                create_in_doubt: true,
                ..
            }
        )
    }

    /// Its create was refused in this batch: then something must be there.
    fn was_refused(&self) -> bool {
        self.matched.state().met.looked_again
    }

    /// Whoever asked for another try has just changed something in Xero, or another contact has:
    /// what was read a moment before would miss it.
    fn needs_fresh(&self) -> bool {
        let problem = self.matched.state().problem.as_ref();
        problem.is_some_and(|problem| problem.value.retry)
    }
}

/// Asks the questions and gives every contact what was found. `again` if some of it was asked in
/// this batch before. A contact whose question could not be asked ends.
pub(crate) async fn run(
    context: &Context<'_>,
    questions: Vec<(Matched, Question)>,
    again: bool,
) -> Stage<Matched> {
    let mut answers = Answers::new();
    let asked: Vec<Asked<'_>> = questions
        .iter()
        .filter(|(_, question)| matches!(question, Question::Match { .. }))
        .map(|(matched, question)| Asked { matched, question })
        .collect();
    if !asked.is_empty() {
        // Boxed, for every caller would carry its size.
        answers.extend(Box::pin(matching(context, &asked, again)).await);
        read_own(context, &asked, &mut answers).await;
    }
    // Last, so that nothing but their writes comes after: what a person enters in Xero between is
    // written over unseen.
    answers.extend(linked(context, &questions).await);
    if let Some(dry_run) = &context.worker.dry_run {
        for (matched, _) in &questions {
            if let Some(Ok(found)) = answers.get_mut(&matched.id()) {
                dry_run.add_planned(&matched.candidate.customer, found);
            }
        }
    }
    let answered = questions
        .into_iter()
        .map(|(matched, _)| match answers.remove(&matched.id()) {
            Some(Ok(found)) => Ok(Matched {
                found: Some(found.contacts),
                alike: found.alike,
                ..matched
            }),
            Some(Err(error)) => {
                let ending = xero_failed(context, matched.state(), &error);
                Err(Matched::not_asked(matched.candidate).end(ending))
            }
            None => Ok(matched),
        });
    answered.collect()
}

/// Reads what the contacts show that a create of ours may have made whose answer was lost: they are
/// brought up to date, and nothing is written over unread.
async fn read_own(context: &Context<'_>, asked: &[Asked<'_>], answers: &mut Answers) {
    let in_doubt: Vec<ContactId> = asked
        .iter()
        .filter(|one| one.is_in_doubt())
        .map(Asked::id)
        .collect();
    let own = |contact: &ContactId| -> Vec<XeroContactId> {
        let found = answers.get(contact).and_then(|answer| answer.as_ref().ok());
        let found = found.iter().flat_map(|found| &found.contacts);
        let own = found.filter(|one| one.is_ours_for(*contact));
        own.map(|one| one.id).collect()
    };
    let ids: Vec<XeroContactId> = in_doubt.iter().flat_map(own).collect();
    let read = queries::by_id(context, &ids).await.map_err(Arc::new);
    for contact in in_doubt {
        let Some(answer) = answers.get_mut(&contact) else {
            continue;
        };
        match (answer.as_mut(), &read) {
            (Ok(found), Ok(read)) => {
                for one in &mut found.contacts {
                    if let Some(read) = read.iter().find(|read| read.id == one.id) {
                        one.clone_from(read);
                    }
                }
            }
            (Ok(_), Err(error)) => *answer = Err(error.clone()),
            (Err(_), _) => {}
        }
    }
}

/// How the Xero contacts look now that contacts are linked to, or that people named, and what they
/// were merged into.
async fn linked(context: &Context<'_>, questions: &[(Matched, Question)]) -> Answers {
    let linked: Vec<(ContactId, &[XeroContactId])> = questions
        .iter()
        .filter_map(|(matched, question)| match question {
            Question::Linked(xero_ids) => Some((matched.id(), xero_ids.as_slice())),
            Question::Match { .. } => None,
        })
        .collect();
    if linked.is_empty() {
        return Answers::new();
    }
    let all: BTreeSet<XeroContactId> = linked.iter().flat_map(|(_, ids)| *ids).copied().collect();
    let read = read_with_survivors(context, all).await.map_err(Arc::new);
    let answer = |(contact, ids): (ContactId, &[XeroContactId])| {
        let read = read.as_ref().map_err(Arc::clone);
        let found = read.map(|read| Found {
            contacts: reached_from(ids, read),
            alike: Vec::new(),
        });
        (contact, found)
    };
    linked.into_iter().map(answer).collect()
}

/// Reads Xero contacts and what each was merged into, as far as merges are followed.
async fn read_with_survivors(
    context: &Context<'_>,
    ids: BTreeSet<XeroContactId>,
) -> Result<Vec<XeroContact>, CallError> {
    let mut wanted: Vec<XeroContactId> = ids.into_iter().collect();
    let mut read = Vec::new();
    for _ in 0..=MAX_MERGES {
        if wanted.is_empty() {
            break;
        }
        read.extend(queries::by_id(context, &wanted).await?);
        // One that Xero does not give is not asked for again and again.
        let asked = std::mem::take(&mut wanted);
        wanted = merged_into_unread(&read);
        wanted.retain(|id| !asked.contains(id));
    }
    Ok(read)
}

/// The contacts with these ids, and what each was merged into.
fn reached_from(ids: &[XeroContactId], read: &[XeroContact]) -> Vec<XeroContact> {
    let mut reached: Vec<XeroContact> = Vec::new();
    let mut next = ids.to_vec();
    while let Some(id) = next.pop() {
        if reached.iter().any(|known| known.id == id) {
            continue;
        }
        if let Some(contact) = read.iter().find(|contact| contact.id == id) {
            next.extend(contact.merged_into);
            reached.push(contact.clone());
        }
    }
    reached
}

/// Which contacts carry the account number, the name, or our contact number, and which are like the
/// customer.
async fn matching(context: &Context<'_>, asked: &[Asked<'_>], again: bool) -> Answers {
    let needs_fresh = again || asked.iter().any(Asked::needs_fresh);
    let mut kept = context.worker.directory.lock().await;
    if let Err(error) = freshen(context, &mut kept, needs_fresh).await {
        return all_failed(asked, error);
    }
    if let Some(directory) = kept.as_mut() {
        return in_directory(context, asked, directory).await;
    }
    drop(kept);
    // The organisation is too large to be read as a whole.
    match read_targets(context, &Targets::of(asked)).await {
        // Only those are put off whose own question it was.
        Err(error) if asked.len() > 1 && is_one_contacts_fault(&error) => {
            one_by_one(context, asked).await
        }
        found => among(context, asked, found),
    }
}

fn all_failed(asked: &[Asked<'_>], error: CallError) -> Answers {
    let error = Arc::new(error);
    asked
        .iter()
        .map(|one| (one.id(), Err(error.clone())))
        .collect()
}

/// Gives every contact those of a few that may be its own, as the directory would.
fn among(
    context: &Context<'_>,
    asked: &[Asked<'_>],
    found: Result<Vec<XeroContact>, CallError>,
) -> Answers {
    let found = match found {
        Ok(found) => found,
        Err(error) => return all_failed(asked, error),
    };
    let mut few = Directory::new(context.records.tenant(), context.now, context.now);
    found.into_iter().for_each(|contact| few.put(contact));
    candidates(asked, &few)
}

fn candidates(asked: &[Asked<'_>], directory: &Directory) -> Answers {
    let found = |one: &Asked<'_>| Found {
        contacts: directory.candidates(one.customer()),
        alike: directory.alike(one.customer()),
    };
    asked.iter().map(|one| (one.id(), Ok(found(one)))).collect()
}

/// Something about one of them cannot be looked up: it must not hold up the others.
async fn one_by_one(context: &Context<'_>, asked: &[Asked<'_>]) -> Answers {
    let mut answers = Answers::new();
    for one in asked {
        let one = std::slice::from_ref(one);
        let found = read_targets(context, &Targets::of(one)).await;
        answers.extend(among(context, one, found));
    }
    answers
}

/// Gives every contact those of the organisation that may be its own.
async fn in_directory(
    context: &Context<'_>,
    asked: &[Asked<'_>],
    directory: &mut Directory,
) -> Answers {
    let behind_refusals = look_behind_refusals(context, asked, directory).await;
    let mut answers = candidates(asked, directory);
    answers.extend(behind_refusals);
    answers
}

/// Looks for each contact whose create Xero refused, whatever the directory says: a contact that
/// moved while pages were read may be in none of them, and does not show among the changes either.
/// Returns those for which that failed.
async fn look_behind_refusals(
    context: &Context<'_>,
    asked: &[Asked<'_>],
    directory: &mut Directory,
) -> Answers {
    let refused = || asked.iter().filter(|one| one.was_refused());
    let targets = Targets::of(refused());
    match read_what_can_be_asked(context, &targets).await {
        Ok(found) => {
            found.into_iter().for_each(|contact| directory.put(contact));
            Answers::new()
        }
        Err(error) => {
            let error = Arc::new(error);
            refused()
                .map(|one| (one.id(), Err(error.clone())))
                .collect()
        }
    }
}

/// What is to be known of Xero, as calls that ask for just that.
#[derive(Debug, Default)]
struct Targets {
    /// In every spelling that is asked for.
    account_numbers: Vec<String>,
    /// A word of each name.
    words: BTreeSet<String>,
    contact_numbers: Vec<ContactNumber>,
    /// An account number or a name that no look-up can ask for.
    needs_directory: bool,
}

impl Targets {
    fn of<'a>(asked: impl IntoIterator<Item = &'a Asked<'a>>) -> Self {
        let mut targets = Self::default();
        for one in asked {
            let Question::Match {
                account_reference,
                name,
                create_in_doubt,
            } = one.question
            else {
                continue;
            };
            // A filter cannot hold every character, and the search does not look at account
            // numbers.
            match account_reference {
                Some(reference) if xero::can_be_queried(reference.as_str()) => {
                    targets
                        .account_numbers
                        .extend(account_number_spellings(reference));
                }
                Some(_) => targets.needs_directory = true,
                None => {}
            }
            if let Some(name) = name {
                let words = search_words(name);
                targets.needs_directory |= words.is_empty();
                targets.words.extend(words);
            }
            if *create_in_doubt || one.was_refused() {
                targets.contact_numbers.push(ContactNumber::ours(one.id()));
            }
        }
        targets.account_numbers.sort();
        targets.account_numbers.dedup();
        targets
    }
}

/// Looks up everything that is wanted. An error where anything of it is not known.
async fn read_targets(
    context: &Context<'_>,
    targets: &Targets,
) -> Result<Vec<XeroContact>, CallError> {
    let refuses = |kind| queries::refuses(context, kind);
    let is_refused = targets.needs_directory
        || (!targets.account_numbers.is_empty() && refuses(QueryKind::AccountNumber).await?)
        || (!targets.words.is_empty() && refuses(QueryKind::Search).await?);
    if is_refused {
        return Err(CallError::Failed(xero::Error::QueryRefused));
    }
    let mut found = queries::by_account_number(context, &targets.account_numbers).await?;
    for word in &targets.words {
        found.extend(queries::search(context, word).await?);
    }
    for number in &targets.contact_numbers {
        found.extend(queries::by_contact_number(context, number).await?);
    }
    Ok(found)
}

/// Looks up what Xero lets itself be asked, for adding to what the directory knows.
async fn read_what_can_be_asked(
    context: &Context<'_>,
    targets: &Targets,
) -> Result<Vec<XeroContact>, CallError> {
    let unless_refused = |found: Result<Vec<XeroContact>, CallError>| match found {
        Err(error) if is_refused(&error) => Ok(Vec::new()),
        found => found,
    };
    let by_number = queries::by_account_number(context, &targets.account_numbers).await;
    let mut found = unless_refused(by_number)?;
    for word in &targets.words {
        found.extend(unless_refused(queries::search(context, word).await)?);
    }
    for number in &targets.contact_numbers {
        found.extend(queries::by_contact_number(context, number).await?);
    }
    Ok(found)
}

/// Whether a look-up failed for a reason that another look-up need not share.
fn is_one_contacts_fault(error: &CallError) -> bool {
    matches!(error, CallError::Failed(error) if !matches!(error, xero::Error::Transient { .. }))
}

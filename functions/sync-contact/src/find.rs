//! Asks Xero which contacts fit: the cheaper of reading a few and reading them all.
//!
//! Both ways find the same: whatever comes is compared by [`Directory::candidates`]. A question
//! that Xero refuses is answered from the list of all contacts, never taken for "not found".

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rules::{
    ContactId, ContactNumber, ContactStatus, Customer, Question, XeroContact, XeroContactId,
    account_number_spellings, search_words,
};
use runtime::CallError;
use runtime::records::QueryKind;
use xero::Xero;

use crate::context::Context;
use crate::directory::Directory;
use crate::directory_reads::{freshen_if_cheaper, read_whole, would_have_saved};
use crate::endings::{is_refused, xero_failed};
use crate::model::{InWork as _, Matched, Stage};
use crate::queries;

/// So many codes of four digits are asked for in one call.
const CODES_A_CALL: usize = 40;

/// What was found for a contact, or why that is not known.
type Answer = Result<Vec<XeroContact>, Arc<CallError>>;
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
    let mut answers = linked(context, &questions).await;
    let asked: Vec<Asked<'_>> = questions
        .iter()
        .filter(|(_, question)| matches!(question, Question::Match { .. }))
        .map(|(matched, question)| Asked { matched, question })
        .collect();
    if !asked.is_empty() {
        // Boxed, for every caller would carry its size.
        answers.extend(Box::pin(matching(context, &asked, again)).await);
    }
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
                found: Some(found),
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

/// How the Xero contacts look now that contacts are linked to, or that people named.
async fn linked(context: &Context<'_>, questions: &[(Matched, Question)]) -> Answers {
    let linked = questions
        .iter()
        .filter_map(|(matched, question)| match question {
            Question::Linked(xero_id) => Some((matched.id(), *xero_id)),
            Question::Match { .. } => None,
        });
    let (contacts, xero_ids): (Vec<ContactId>, Vec<XeroContactId>) = linked.unzip();
    if contacts.is_empty() {
        return Answers::new();
    }
    let read = queries::by_id(context, &xero_ids).await.map_err(Arc::new);
    contacts
        .into_iter()
        .map(|contact| (contact, read.clone()))
        .collect()
}

/// Which contacts carry the account number, the name, or our contact number.
async fn matching(context: &Context<'_>, asked: &[Asked<'_>], again: bool) -> Answers {
    let targets = Targets::of(context, asked);
    if targets.is_empty() {
        // There is nothing to match by: nothing is found.
        return asked.iter().map(|one| (one.id(), Ok(Vec::new()))).collect();
    }
    let needs_fresh = again || asked.iter().any(Asked::needs_fresh);
    let mut kept = context.worker.directory.lock().await;
    let calls = match refuses_any(context, &targets, true).await {
        Ok(true) => u32::MAX,
        Ok(false) => targets.calls(context.session.client()),
        Err(error) => return all_failed(asked, error),
    };
    let is_fresh = freshen_if_cheaper(context, &mut kept, calls, needs_fresh).await;
    let mut is_fresh = match is_fresh {
        Ok(is_fresh) => is_fresh,
        Err(error) => return all_failed(asked, error),
    };
    let mut refusal = None;
    if !is_fresh {
        let found = read_targets(context, &targets).await;
        let look_ups = targets.look_ups(context.session.client());
        would_have_saved(context, look_ups.saturating_sub(1));
        match found {
            Err(error) if is_refused(&error) => refusal = Some(error),
            Err(error) if asked.len() > 1 && is_one_contacts_fault(&error) => {
                drop(kept);
                return one_by_one(context, asked).await;
            }
            found => return among(context, asked, found),
        }
        // Xero does not take the question: the list of all contacts answers it as well.
        is_fresh = match read_whole(context, &mut kept).await {
            Ok(is_fresh) => is_fresh,
            Err(error) => return all_failed(asked, error),
        };
    }
    match (kept.as_mut().filter(|_| is_fresh), refusal) {
        (Some(directory), _) => in_directory(context, asked, directory).await,
        (None, Some(refusal)) if asked.len() == 1 => all_failed(asked, refusal),
        // Too many to read: only those are put off whose own question Xero refuses.
        (None, _) => {
            drop(kept);
            one_by_one(context, asked).await
        }
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
    let found = |one: &Asked<'_>| (one.id(), Ok(directory.candidates(one.customer())));
    asked.iter().map(found).collect()
}

/// Something about one of them cannot be looked up: it must not hold up the others.
async fn one_by_one(context: &Context<'_>, asked: &[Asked<'_>]) -> Answers {
    let mut answers = Answers::new();
    for one in asked {
        let one = std::slice::from_ref(one);
        let found = read_targets(context, &Targets::of(context, one)).await;
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
    read_archived(context, asked, directory, &mut answers).await;
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
    let targets = Targets::of(context, refused());
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

/// Reads the archived contacts among the candidates by id: Xero's short list may leave out what a
/// contact was merged into, which a person is told.
async fn read_archived(
    context: &Context<'_>,
    asked: &[Asked<'_>],
    directory: &mut Directory,
    answers: &mut Answers,
) {
    let is_open = |found: &&XeroContact| {
        found.status == ContactStatus::Archived && found.merged_into.is_none()
    };
    let has_open = |one: &&Asked<'_>| {
        let answer = answers.get(&one.id());
        matches!(answer, Some(Ok(found)) if found.iter().any(|found| is_open(&found)))
    };
    let open: Vec<&Asked<'_>> = asked.iter().filter(has_open).collect();
    let ids: BTreeSet<XeroContactId> = answers
        .values()
        .flatten()
        .flat_map(|found| found.iter().filter(is_open))
        .map(|found| found.id)
        .collect();
    if ids.is_empty() {
        return;
    }
    let ids: Vec<_> = ids.into_iter().collect();
    let read = queries::by_id(context, &ids).await;
    let read = read.map_err(Arc::new).map(|read| {
        read.into_iter().for_each(|contact| directory.put(contact));
    });
    for one in open {
        let answer = match &read {
            Ok(()) => Ok(directory.candidates(one.customer())),
            Err(error) => Err(error.clone()),
        };
        answers.insert(one.id(), answer);
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
    /// Contacts for which a code may have to be generated, which is looked up next.
    codes: usize,
    /// An account number or a name that no look-up can ask for.
    needs_directory: bool,
}

impl Targets {
    fn of<'a>(context: &Context<'_>, asked: impl IntoIterator<Item = &'a Asked<'a>>) -> Self {
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
                None => targets.codes += usize::from(context.settings().generate_account_reference),
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

    fn is_empty(&self) -> bool {
        let nothing = self.account_numbers.is_empty()
            && self.words.is_empty()
            && self.contact_numbers.is_empty();
        nothing && !self.needs_directory
    }

    /// How many calls they take, those for codes included.
    fn calls(&self, xero: &Xero) -> u32 {
        if self.needs_directory {
            return u32::MAX;
        }
        let codes = self.codes.div_ceil(CODES_A_CALL);
        u32::try_from(self.look_ups(xero) + codes).unwrap_or(u32::MAX)
    }

    /// How many calls it takes to look them up.
    fn look_ups(&self, xero: &Xero) -> usize {
        let filters = xero.split_account_numbers(&self.account_numbers).len();
        filters + self.words.len() + self.contact_numbers.len()
    }
}

/// Whether Xero is known to refuse a question that the targets need, or that their codes will.
async fn refuses_any(
    context: &Context<'_>,
    targets: &Targets,
    with_codes: bool,
) -> Result<bool, CallError> {
    let by_number = !targets.account_numbers.is_empty() || (with_codes && targets.codes > 0);
    Ok(
        (by_number && queries::refuses(context, QueryKind::AccountNumber).await?)
            || (!targets.words.is_empty() && queries::refuses(context, QueryKind::Search).await?),
    )
}

/// Looks up everything that is wanted. An error where anything of it is not known.
async fn read_targets(
    context: &Context<'_>,
    targets: &Targets,
) -> Result<Vec<XeroContact>, CallError> {
    if targets.needs_directory || refuses_any(context, targets, false).await? {
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

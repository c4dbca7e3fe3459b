//! The stages of a batch, in their order. Every contact of it is in the result.
//!
//! A batch is worked as a whole, because Xero counts calls rather than contacts: one look-up and a
//! few writes serve many. Each stage takes values and returns values; how a contact ends is written
//! by [`commit`] alone.

use futures::{StreamExt, stream};
use runtime::records::DeferReason;
use store::TableError;

use crate::context::{BIGCHANGE_AT_ONCE, Claims, Context, STORE_AT_ONCE};
use crate::endings::{after_another, in_doubt, out_of_time};
use crate::load::Asked;
use crate::model::{Candidate, Committed, InWork as _, Matched, Stage, Step, Written};
use crate::{
    announce, begin, codes, dry_writes, find, load, plan, references, refusals, source_writes,
    target_writes,
};
use crate::{commit::commit, wake};

/// A contact is decided anew at most this often in one batch: after what was found turned out
/// stale, or another contact went first.
const ROUNDS: u32 = 3;

/// Works a batch.
pub(crate) async fn run(
    context: &Context<'_>,
    contacts: &Asked,
) -> Result<Vec<Committed>, TableError> {
    let mut batch = Batch::of(context);
    let states = load::states(context, contacts).await?;
    let states = batch.go_on(load::idle(context, states)).await;
    let candidates = batch.go_on(load::contacts(context, states).await).await;
    let mut claims = Claims::default();
    let candidates = batch
        .go_on(references::reserve(context, candidates, &mut claims).await)
        .await;
    batch.again = candidates.into_iter().map(Matched::not_asked).collect();
    for round in 0..ROUNDS {
        // Boxed, for every caller would carry its size.
        Box::pin(batch.round(&mut claims, round)).await;
    }
    batch.put_off_what_is_left().await;
    wake::waiting_for(context, &batch.done).await;
    Ok(batch.done)
}

/// The contacts of a batch that are not in a stage at the moment.
struct Batch<'a> {
    context: &'a Context<'a>,
    /// Those that are decided anew in the next round.
    again: Vec<Matched>,
    /// Those that have ended.
    done: Vec<Committed>,
}

impl<'a> Batch<'a> {
    fn of(context: &'a Context<'a>) -> Self {
        Self {
            context,
            again: Vec::new(),
            done: Vec::new(),
        }
    }

    /// Decides about every open contact, asking what has to be asked, and does what was decided.
    async fn round(&mut self, claims: &mut Claims, round: u32) {
        let context = self.context;
        let open = self.open();
        if open.is_empty() {
            return;
        }
        if context.is_out_of_time() {
            let late = open.into_iter().map(|one| {
                let ending = out_of_time(context, one.state());
                Err(one.end(ending))
            });
            self.go_on(late.collect::<Stage<Matched>>()).await;
            return;
        }
        let plan::Questions { asked, others } = plan::questions(context, open, claims);
        let mut matched = self.go_on(others).await;
        matched.extend(self.go_on(find::run(context, asked, round > 0).await).await);
        matched.sort_by_key(Matched::id);
        if let Err(error) = claims.read_found(context, &matched).await {
            self.go_on(Stage::<Matched>::failed(matched, &error)).await;
            return;
        }
        let matched = self
            .go_on(codes::generate(context, matched, claims).await)
            .await;
        let planned = self.go_on(plan::run(context, matched, claims)).await;
        let planned = self
            .go_on(announce::run(context, planned, claims, round).await)
            .await;
        let begun = self.go_on(begin::run(context, planned).await).await;
        let results = match &context.worker.dry_run {
            None => target_writes::run(context, &begun).await,
            Some(dry_run) => dry_writes::to_xero(context, dry_run, &begun).await,
        };
        let written = self
            .go_on(refusals::sort(context, begun, results).await)
            .await;
        self.write_back(written).await;
    }

    /// The contacts that have not ended, in the order of their ids: of contacts that compete, the
    /// one goes first that has been in BigChange for longer.
    fn open(&mut self) -> Vec<Matched> {
        let mut open = std::mem::take(&mut self.again);
        open.sort_by_key(Matched::id);
        open
    }

    /// Takes what came of a stage: endings are written, and those that go on are returned.
    async fn go_on<T>(&mut self, stage: Stage<T>) -> Vec<T> {
        self.again.extend(stage.again);
        let context = self.context;
        let endings = stage.ended.into_iter().map(|ended| commit(context, ended));
        let endings: Vec<_> = endings.collect();
        let committed = stream::iter(endings).buffer_unordered(STORE_AT_ONCE);
        self.done.extend(committed.collect::<Vec<_>>().await);
        stage.go_on
    }

    /// Writes back to BigChange. Each link is recorded as soon as its own contact is written: what
    /// is not recorded when the function is killed has to be found out again.
    async fn write_back(&mut self, written: Vec<Written>) {
        let context = self.context;
        let links = written.into_iter().map(|written| async move {
            let ended = match &context.worker.dry_run {
                None => source_writes::run(context, written).await,
                Some(_) => dry_writes::to_bigchange(written),
            };
            commit(context, *ended).await
        });
        let links: Vec<_> = links.collect();
        let linked = stream::iter(links).buffer_unordered(BIGCHANGE_AT_ONCE);
        self.done.extend(linked.collect::<Vec<_>>().await);
    }

    /// Puts off the contacts that have come to no end in any round.
    async fn put_off_what_is_left(&mut self) {
        let context = self.context;
        let left = self.open().into_iter().map(|matched| -> Step<Candidate> {
            let ending = match matched.state().met.unknown {
                Some(unknown) => in_doubt(context, &matched, unknown),
                None => after_another(context, matched.state(), DeferReason::BatchConflict),
            };
            Err(matched.end(ending))
        });
        self.go_on(left.collect()).await;
    }
}

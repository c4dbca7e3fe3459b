//! The table and the queues, with trouble.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use runtime::{DeadLetter, Message, Queue, QueueError};
use store::{Item, Key, MemoryTable, Table, TableError, Write};

use crate::trouble::{Fault, Trouble};

type Wanted = Box<dyn Fn(&[Write]) -> bool + Send + Sync>;
type Happening = Box<dyn FnOnce(&MemoryTable) + Send>;

/// The in-memory table, behind a connection that may fail.
pub(crate) struct TroubledTable {
    pub(crate) inner: MemoryTable,
    pub(crate) trouble: Arc<Trouble>,
    pub(crate) is_down: AtomicBool,
    /// Writes that the store does not take.
    pub(crate) refuses: Mutex<Option<Wanted>>,
    /// What another worker does just before a write.
    pub(crate) script: Mutex<Vec<(Wanted, Happening)>>,
}

impl TroubledTable {
    pub(crate) fn new(inner: MemoryTable, trouble: Arc<Trouble>) -> Self {
        Self {
            inner,
            trouble,
            is_down: AtomicBool::new(false),
            refuses: Mutex::default(),
            script: Mutex::default(),
        }
    }

    async fn call<T>(
        &self,
        call: impl Future<Output = Result<T, TableError>>,
    ) -> Result<T, TableError> {
        let lost = || TableError::Unavailable("on order".to_owned());
        let fault = self.trouble.meet().await;
        if self.is_down.load(Ordering::Relaxed)
            || matches!(fault, Some(Fault::NotSent | Fault::LostRequest))
        {
            return Err(lost());
        }
        let answer = call.await;
        match fault {
            Some(Fault::CrashAfter) => self.trouble.crash().await,
            Some(Fault::LostAnswer) => return Err(lost()),
            _ => {}
        }
        answer
    }

    fn play(&self, writes: &[Write]) {
        let due = {
            let mut script = self.script.lock().unwrap();
            let index = script.iter().position(|(is, _)| is(writes));
            index.map(|index| script.remove(index))
        };
        if let Some((_, happens)) = due {
            happens(&self.inner);
        }
    }
}

impl Table for TroubledTable {
    fn get_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Item>, TableError>> {
        Box::pin(self.call(self.inner.get_many(keys)))
    }

    fn query<'a>(
        &'a self,
        partition: &'a str,
        prefix: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Item>, TableError>> {
        Box::pin(self.call(self.inner.query(partition, prefix)))
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<(), TableError>> {
        Box::pin(async move {
            self.play(&writes);
            let refuses = self
                .refuses
                .lock()
                .unwrap()
                .as_ref()
                .is_some_and(|refuses| refuses(&writes));
            if refuses {
                return Err(TableError::Unavailable("on order".to_owned()));
            }
            self.call(self.inner.write(writes)).await
        })
    }
}

/// Queues that remember what they were given.
#[derive(Default)]
pub(crate) struct RecordingQueue {
    pub(crate) sent: Mutex<Vec<Message>>,
    pub(crate) letters: Mutex<Vec<DeadLetter>>,
    pub(crate) is_down: AtomicBool,
}

impl RecordingQueue {
    fn take<T>(&self, add: impl FnOnce() -> T) -> Result<(), QueueError> {
        if self.is_down.load(Ordering::Relaxed) {
            return Err(QueueError("on order".to_owned()));
        }
        add();
        Ok(())
    }
}

impl Queue for RecordingQueue {
    fn send<'a>(&'a self, messages: &'a [Message]) -> BoxFuture<'a, Result<(), QueueError>> {
        Box::pin(async move { self.take(|| self.sent.lock().unwrap().extend_from_slice(messages)) })
    }

    fn give_up<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), QueueError>> {
        Box::pin(async move { self.take(|| self.letters.lock().unwrap().push(letter.clone())) })
    }
}

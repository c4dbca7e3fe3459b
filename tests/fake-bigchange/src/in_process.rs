//! The fake behind the product's own way out, without a socket.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use futures::future::BoxFuture;
use transport::{Request, Response, Transport, TransportError};

use crate::{FakeBigChange, LostAnswer};

type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// A transport whose every request goes to one fake. Lost answers are lost; held answers are not held, since there may be no real time to hold them in.
#[derive(Clone)]
pub struct InProcess {
    core: Arc<Mutex<FakeBigChange>>,
    clock: Clock,
}

impl InProcess {
    /// Runs by the machine's clock.
    #[must_use]
    pub fn new(core: Arc<Mutex<FakeBigChange>>) -> Self {
        Self::with_clock(core, Arc::new(SystemTime::now))
    }

    /// Runs by a clock of the caller's.
    #[must_use]
    pub fn with_clock(core: Arc<Mutex<FakeBigChange>>, clock: Clock) -> Self {
        Self { core, clock }
    }

    /// The fake, for as long as the guard is held.
    pub fn core(&self) -> MutexGuard<'_, FakeBigChange> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for InProcess {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let response = self.core().handle((self.clock)(), &request);
            if response.extensions().get::<LostAnswer>().is_some() {
                return Err(TransportError::AnswerLost);
            }
            Ok(response)
        })
    }
}

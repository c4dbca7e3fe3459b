//! The one way out: to a fake BigChange and a fake Xero, by a clock that stands still until it is
//! moved.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use fake_bigchange::{FakeBigChange, LostAnswer};
use fake_xero::{Config, Delivery, FakeXero, OpenCall};
use futures::future::BoxFuture;
use time::{Duration, OffsetDateTime};
use transport::{Request, Response, Transport, TransportError};

use crate::trouble::{Fault, Trouble};

/// The clock of a world.
#[derive(Clone)]
pub(crate) struct Clock(Arc<Mutex<OffsetDateTime>>);

impl Clock {
    pub(crate) fn new(now: OffsetDateTime) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        *self.0.lock().unwrap()
    }

    pub(crate) fn pass(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }
}

type Wanted = Box<dyn Fn(&Request) -> bool + Send>;
type Happening = Box<dyn FnOnce(&Network) + Send>;

pub(crate) struct Network {
    bigchange: Mutex<FakeBigChange>,
    xero: Mutex<FakeXero>,
    pub(crate) clock: Clock,
    pub(crate) trouble: Arc<Trouble>,
    /// What people do just before a call.
    script: Mutex<Vec<(Wanted, Happening)>>,
    /// A contact whose every read makes the program panic.
    pub(crate) poison: Mutex<Option<u64>>,
}

impl Network {
    pub(crate) fn new(clock: Clock, trouble: Arc<Trouble>, config: Config) -> Self {
        Self {
            bigchange: Mutex::new(FakeBigChange::new()),
            xero: Mutex::new(FakeXero::new(config)),
            clock,
            trouble,
            script: Mutex::default(),
            poison: Mutex::default(),
        }
    }

    pub(crate) fn bigchange(&self) -> MutexGuard<'_, FakeBigChange> {
        self.bigchange.lock().unwrap()
    }

    pub(crate) fn xero(&self) -> MutexGuard<'_, FakeXero> {
        self.xero.lock().unwrap()
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.clock.now().into()
    }

    /// Lets something happen just before the first call that `is` wanted.
    pub(crate) fn just_before(
        &self,
        is: impl Fn(&Request) -> bool + Send + 'static,
        happens: impl FnOnce(&Self) + Send + 'static,
    ) {
        self.script
            .lock()
            .unwrap()
            .push((Box::new(is), Box::new(happens)));
    }

    fn play(&self, request: &Request) {
        let due = {
            let mut script = self.script.lock().unwrap();
            let index = script.iter().position(|(is, _)| is(request));
            index.map(|index| script.remove(index))
        };
        if let Some((_, happens)) = due {
            happens(self);
        }
    }

    fn panic_at_poison(&self, request: &Request) {
        let poison = *self.poison.lock().unwrap();
        let query = request.uri().query().unwrap_or_default();
        if poison.is_some_and(|id| query.contains(&format!("ContactId={id}&"))) {
            panic!("a poison contact");
        }
    }

    fn answer(&self, request: &Request) -> Result<Response, TransportError> {
        let response = if request.uri().host() == Some("localhost") {
            self.bigchange().handle(self.now(), request)
        } else {
            self.xero().handle(self.now(), request)
        };
        let extensions = response.extensions();
        if extensions.get::<LostAnswer>().is_some()
            || extensions.get::<Delivery>() == Some(&Delivery::Lost)
        {
            return Err(TransportError::AnswerLost);
        }
        Ok(response)
    }
}

/// Takes one of Xero's places for calls at once.
struct Place<'a> {
    network: &'a Network,
    call: Option<OpenCall>,
}

impl<'a> Place<'a> {
    fn take(network: &'a Network, request: &Request) -> Self {
        let call = Some(network.xero().open_call(request));
        Self { network, call }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            self.network.xero().close_call(call);
        }
    }
}

impl Transport for Network {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let _place = Place::take(self, &request);
            let fault = self.trouble.meet().await;
            self.panic_at_poison(&request);
            self.play(&request);
            match fault {
                Some(Fault::NotSent) => return Err(TransportError::NotSent),
                Some(Fault::LostRequest) => return Err(TransportError::AnswerLost),
                _ => {}
            }
            let answer = self.answer(&request);
            match fault {
                Some(Fault::CrashAfter) => self.trouble.crash().await,
                Some(Fault::LostAnswer) => return Err(TransportError::AnswerLost),
                _ => {}
            }
            answer
        })
    }
}

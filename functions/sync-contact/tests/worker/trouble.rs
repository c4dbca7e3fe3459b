//! Something that goes wrong at one of the calls that the worker makes to the outside: the store,
//! BigChange and Xero, counted together.

use std::sync::{Mutex, MutexGuard};

use tokio::sync::Notify;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No connection: nothing is done, and the caller knows.
    NotSent,
    /// The call is lost on its way: nothing is done, and the caller doesn't know.
    LostRequest,
    /// The call is done and its answer is lost.
    LostAnswer,
    /// The process is gone before the call is done.
    CrashBefore,
    /// The process is gone after the call is done.
    CrashAfter,
    /// The program panics in place of the call.
    Panic,
}

impl Fault {
    pub(crate) const ALL: [Self; 6] = [
        Self::NotSent,
        Self::LostRequest,
        Self::LostAnswer,
        Self::CrashBefore,
        Self::CrashAfter,
        Self::Panic,
    ];
}

#[derive(Default)]
struct State {
    calls: usize,
    due: Option<(usize, Fault)>,
    /// The state of a small generator of numbers; 0 switches it off.
    jitter: u64,
}

/// The trouble of one world.
#[derive(Default)]
pub(crate) struct Trouble {
    state: Mutex<State>,
    crashed: Notify,
}

impl Trouble {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Orders a fault at the call with this number, counted from 0 and from now.
    pub(crate) fn order(&self, at_call: usize, fault: Fault) {
        let mut state = self.state();
        state.calls = 0;
        state.due = Some((at_call, fault));
    }

    /// Takes an order back and says whether it was met.
    pub(crate) fn is_over(&self) -> bool {
        self.state().due.take().is_none()
    }

    /// Lets calls overtake each other, in an order that follows from `seed`.
    pub(crate) fn shuffle(&self, seed: u64) {
        self.state().jitter = seed.wrapping_mul(2).wrapping_add(1);
    }

    /// Counts a call, after letting others go first.
    pub(crate) async fn meet(&self) -> Option<Fault> {
        for _ in 0..self.turns() {
            tokio::task::yield_now().await;
        }
        let fault = {
            let mut state = self.state();
            let number = state.calls;
            state.calls += 1;
            state
                .due
                .take_if(|(at_call, _)| *at_call == number)
                .map(|(_, fault)| fault)
        };
        match fault {
            Some(Fault::CrashBefore) => self.crash().await,
            Some(Fault::Panic) => panic!("a panic on order"),
            _ => {}
        }
        fault
    }

    fn turns(&self) -> u64 {
        let mut state = self.state();
        if state.jitter == 0 {
            return 0;
        }
        state.jitter = state
            .jitter
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state.jitter >> 33) % 4
    }

    /// Ends the process: whoever waits for [`Self::crashed`] drops the work, and this never
    /// returns.
    pub(crate) async fn crash(&self) {
        self.crashed.notify_one();
        std::future::pending::<()>().await;
    }

    pub(crate) async fn crashed(&self) {
        self.crashed.notified().await;
    }
}

//! Promise 5: no secret in any log line, outcome or error.

use std::io;
use std::sync::{Arc, Mutex};

use fake_xero::FaultKind;
use tracing_subscriber::fmt::MakeWriter;

use crate::world::{Accident, Fate, SCHEDULE, World, run_or_crash};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn nothing_secret_is_logged_or_told() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let mut told = String::new();

    for accident in [Accident::FailureBefore, Accident::FailureAfter] {
        for call in 0..16 {
            let world = World::connected();
            world.pass_until_due();
            let fate = Fate::accident(call, accident);
            told += &format!("{:?}", run_or_crash(world.parts(&fate)).await);
            world.pass(SCHEDULE);
            world.inject(FaultKind::LostAnswer);
            told += &format!("{:?}", world.run().await);
            world.set_app("wrong", "authorization_code");
            told += &format!("{:?}", world.run().await);
            world.set_app("fake-client-secret", "authorization_code");
            world.xero.lock().unwrap().revoke_refresh_tokens();
            for _ in 0..2 {
                world.pass_until_due();
                told += &format!("{:?}", world.run().await);
            }
        }
    }

    told += &String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for outcome in [
        "Refreshed",
        "TryAgain",
        "ConnectionDead",
        "the connection to Xero is dead",
    ] {
        assert!(told.contains(outcome), "{outcome} did not happen");
    }
    // So the fake's tokens begin.
    for secret in ["access-", "refresh-", "fake-client-secret", "Basic "] {
        assert!(!told.contains(secret), "{secret} is told");
    }
}

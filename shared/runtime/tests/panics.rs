//! A panic is told without its text. A program of its own: the hook is the whole process's.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and this one panics to see what is told of it"
)]

use std::io;
use std::sync::{Arc, Mutex};

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

#[test]
fn a_panic_is_told_by_its_place_and_not_by_its_text() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    runtime::telemetry::log_panics();
    std::panic::catch_unwind(|| panic!("the contact zqmark")).unwrap_err();
    let told = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        told.contains("panics.rs") && told.contains("the program panicked"),
        "{told}"
    );
    assert!(!told.contains("zqmark"), "{told}");
}

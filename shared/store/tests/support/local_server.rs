//! Starts a program that serves HTTP on loopback, and stops it when dropped.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const START_LIMIT: Duration = Duration::from_secs(60);

pub(crate) struct LocalServer {
    process: Child,
    address: SocketAddr,
}

impl LocalServer {
    /// Starts one of its own on a free port, and waits until it serves `health_path`. The program is the one that `variable` names, or the one of this
    /// `name` that `make` installs into the checkout.
    pub(crate) fn start(
        name: &str,
        variable: &str,
        health_path: &str,
        set_up: impl FnOnce(&mut Command, SocketAddr),
    ) -> Self {
        let installed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.venv/bin");
        let program = std::env::var_os(variable)
            .map_or_else(|| PathBuf::from(installed).join(name), PathBuf::from);
        assert!(
            program.is_file(),
            "{name} is not installed at {}: run `make test`, which installs it, or set {variable}",
            program.display()
        );
        let address = free_address();
        let mut command = Command::new(program);
        set_up(&mut command, address);
        let process = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut server = Self { process, address };
        let deadline = Instant::now() + START_LIMIT;
        while !server.is_healthy(health_path) {
            let ended = server.process.try_wait().expect("a child has a status");
            assert!(ended.is_none(), "{name} ended by itself: {ended:?}");
            assert!(
                Instant::now() < deadline,
                "{name} was not ready after {START_LIMIT:?}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn is_healthy(&self, path: &str) -> bool {
        let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        let answer = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(self.address)?;
            stream.set_read_timeout(Some(Duration::from_secs(1)))?;
            stream.write_all(request.as_bytes())?;
            let mut head = [0; 12];
            stream.read_exact(&mut head)?;
            Ok(String::from_utf8_lossy(&head).into_owned())
        };
        answer().is_ok_and(|head| head.ends_with(" 200"))
    }
}

impl Drop for LocalServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
    listener
        .local_addr()
        .expect("a bound socket has an address")
}

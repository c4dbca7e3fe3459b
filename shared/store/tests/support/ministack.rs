//! Starts `ministack`, which stands in for AWS on loopback, and stops it when dropped.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const START_LIMIT: Duration = Duration::from_secs(30);

pub(crate) struct Ministack {
    process: Child,
    address: SocketAddr,
}

impl Ministack {
    /// Starts one of its own on a free port. The program is `MINISTACK_BIN`, or the one that `make` installs into the checkout.
    pub(crate) fn start() -> Self {
        let program = std::env::var_os("MINISTACK_BIN").map_or_else(
            || {
                PathBuf::from(concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/../../.venv/bin/ministack"
                ))
            },
            PathBuf::from,
        );
        assert!(
            program.is_file(),
            "ministack is not installed at {}: run `make test`, which installs it, or set MINISTACK_BIN",
            program.display()
        );
        let address = free_address();
        let process = Command::new(program)
            .env("BIND_HOST", "127.0.0.1")
            .env("MINISTACK_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", address.port().to_string())
            .env("IOT_MTLS_ENABLED", "0")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("ministack starts");
        let stack = Self { process, address };
        let deadline = Instant::now() + START_LIMIT;
        while !stack.is_healthy() {
            assert!(
                Instant::now() < deadline,
                "ministack was not ready after {START_LIMIT:?}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        stack
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn is_healthy(&self) -> bool {
        let request = "GET /_ministack/health HTTP/1.0\r\nHost: localhost\r\n\r\n";
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

impl Drop for Ministack {
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

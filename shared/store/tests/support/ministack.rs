//! Starts `ministack`, which stands in for AWS on loopback.

#[path = "local_server.rs"]
mod local_server;

use local_server::LocalServer;

/// One of its own; `MINISTACK_BIN` may name another program than the installed one.
pub(crate) fn start() -> LocalServer {
    LocalServer::start(
        "ministack",
        "MINISTACK_BIN",
        "/_ministack/health",
        |program, address| {
            program
                .env("BIND_HOST", "127.0.0.1")
                .env("MINISTACK_HOST", "127.0.0.1")
                .env("GATEWAY_PORT", address.port().to_string())
                .env("IOT_MTLS_ENABLED", "0");
        },
    )
}

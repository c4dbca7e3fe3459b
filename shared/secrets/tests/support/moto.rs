//! Starts `moto`'s server, whose Secrets Manager takes replayed tokens and moved labels as AWS documents them.

#[path = "../../../store/tests/support/local_server.rs"]
mod local_server;

pub(crate) use local_server::LocalServer;

/// One of its own; `MOTO_SERVER_BIN` may name another program than the installed one.
pub(crate) fn start() -> LocalServer {
    LocalServer::start(
        "moto_server",
        "MOTO_SERVER_BIN",
        "/moto-api/data.json",
        |program, address| {
            program
                .args(["-H", "127.0.0.1", "-p"])
                .arg(address.port().to_string());
        },
    )
}

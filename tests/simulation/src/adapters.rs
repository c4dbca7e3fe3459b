//! The stand-ins of everything outside, as a process sees them: each call passes the gate.

use std::sync::Arc;

use bytes::Bytes;
use fake_bigchange::{Fault as BigChangeFault, FaultKind as BigChangeFaultKind};
use fake_xero::{Fault, FaultKind, OpenCall, RateLimitProblem};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use rules::{Digest, Subscribers};
use runtime::{DeadLetter, Mail, MailError, Message, Queue, QueueError};
use secrecy::SecretString;
use secrets::{SecretVersion, Vault, VaultError, VersionInfo};
use store::{Item, Key, Table, TableError, Write};
use transport::{Request, Response, Transport, TransportError};

use crate::calls::{Call, NoAnswer, ProcessId, ServerFault, System};
use crate::gate::pass;
use crate::world::{Shared, World, lock};

/// What a process has of the world.
#[derive(Clone)]
pub(crate) struct Outside {
    pub(crate) world: Shared,
    pub(crate) process: ProcessId,
}

impl Outside {
    async fn pass<T: Send + 'static>(
        &self,
        system: System,
        name: impl Into<String>,
        mutates: bool,
        effect: impl FnOnce(&mut World, Option<ServerFault>) -> T + Send + 'static,
    ) -> Result<T, NoAnswer> {
        let call = Call {
            system,
            name: name.into(),
            mutates,
        };
        pass(&self.world, self.process, call, effect).await
    }
}

/// What the memory stand-ins give is there at once.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match future.now_or_never() {
        Some(done) => done,
        None => unreachable!("the stand-ins in memory never wait"),
    }
}

fn unavailable_table(_: NoAnswer) -> TableError {
    TableError::Unavailable("the simulation lost the call".to_owned())
}

/// Partition and sort key in a trace: the tenant is always the same.
fn short(key: &Key) -> String {
    let kind = key.partition.split('#').next_back().unwrap_or_default();
    format!("{kind}/{}", key.sort_key)
}

pub(crate) struct SimTable(pub(crate) Outside);

impl Table for SimTable {
    fn get_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Item>, TableError>> {
        Box::pin(async move {
            if keys.is_empty() {
                return Ok(Vec::new());
            }
            let named: Vec<String> = keys.iter().map(short).collect();
            let name = format!("read {}", named.join(" "));
            let (keys, process) = (keys.to_vec(), self.0.process);
            let read = self.0.pass(System::Table, name, false, move |world, _| {
                let items = at_once(world.table.get_many(&keys))?;
                world.saw_items(process, &items);
                Ok(items)
            });
            read.await.map_err(unavailable_table)?
        })
    }

    fn query<'a>(
        &'a self,
        partition: &'a str,
        prefix: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Item>, TableError>> {
        Box::pin(async move {
            let name = format!(
                "query {}",
                partition.split('#').next_back().unwrap_or_default()
            );
            let (partition, prefix) = (partition.to_owned(), prefix.to_owned());
            let read = self.0.pass(System::Table, name, false, move |world, _| {
                at_once(world.table.query(&partition, &prefix))
            });
            read.await.map_err(unavailable_table)?
        })
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<(), TableError>> {
        Box::pin(async move {
            if writes.is_empty() {
                return Ok(());
            }
            let named: Vec<String> = writes.iter().map(told).collect();
            let name = format!("write {}", named.join(" "));
            let process = self.0.process;
            let written = self.0.pass(System::Table, name, true, move |world, _| {
                world.write_table(process, writes)
            });
            written.await.map_err(unavailable_table)?
        })
    }
}

fn told(write: &Write) -> String {
    let how = match write {
        Write::Put { .. } => "put",
        Write::Delete { .. } => "delete",
        Write::Check { .. } => "check",
    };
    format!("{how} {}", short(write.key()))
}

pub(crate) struct SimVault(pub(crate) Outside);

impl SimVault {
    async fn pass<T: Send + 'static>(
        &self,
        name: String,
        mutates: bool,
        effect: impl FnOnce(&mut World) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        let process = self.0.process;
        let call = self.0.pass(System::Vault, name, mutates, move |world, _| {
            let before = world.current_token_version();
            let done = effect(world);
            world.watch_vault(process, before, mutates);
            done
        });
        call.await
            .map_err(|_| VaultError::Unavailable("the simulation lost the call".to_owned()))?
    }
}

impl Vault for SimVault {
    fn current<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<SecretVersion, VaultError>> {
        let secret = id.to_owned();
        Box::pin(
            self.pass(format!("read current {id}"), false, move |world| {
                at_once(world.vault.current(&secret))
            }),
        )
    }

    fn version<'a>(
        &'a self,
        id: &'a str,
        version: &'a str,
    ) -> BoxFuture<'a, Result<SecretVersion, VaultError>> {
        let (secret, wanted) = (id.to_owned(), version.to_owned());
        Box::pin(
            self.pass(format!("read a version of {id}"), false, move |world| {
                at_once(world.vault.version(&secret, &wanted))
            }),
        )
    }

    fn stage<'a>(
        &'a self,
        id: &'a str,
        value: SecretString,
        token: &'a str,
        label: &'a str,
    ) -> BoxFuture<'a, Result<String, VaultError>> {
        let (secret, token, label) = (id.to_owned(), token.to_owned(), label.to_owned());
        Box::pin(self.pass(format!("stage {id}"), true, move |world| {
            world.vault.set_clock(world.now);
            at_once(world.vault.stage(&secret, value, &token, &label))
        }))
    }

    fn promote<'a>(
        &'a self,
        id: &'a str,
        to: &'a str,
        from: &'a str,
    ) -> BoxFuture<'a, Result<(), VaultError>> {
        let (secret, to, from) = (id.to_owned(), to.to_owned(), from.to_owned());
        Box::pin(self.pass(format!("promote {id}"), true, move |world| {
            world.promoted_from(&from);
            at_once(world.vault.promote(&secret, &to, &from))
        }))
    }

    fn versions<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Vec<VersionInfo>, VaultError>> {
        let secret = id.to_owned();
        Box::pin(
            self.pass(format!("list versions of {id}"), false, move |world| {
                at_once(world.vault.versions(&secret))
            }),
        )
    }
}

/// SQS takes ten messages in a call.
const MESSAGES_A_CALL: usize = 10;

pub(crate) struct SimQueue(pub(crate) Outside);

impl Queue for SimQueue {
    fn send<'a>(&'a self, messages: &'a [Message]) -> BoxFuture<'a, Result<(), QueueError>> {
        Box::pin(async move {
            for chunk in messages.chunks(MESSAGES_A_CALL) {
                let named: Vec<String> = chunk
                    .iter()
                    .map(|message| message.contact_id.to_string())
                    .collect();
                let name = format!("send {}", named.join(" "));
                let chunk = chunk.to_vec();
                let sent = self.0.pass(System::Queue, name, true, move |world, _| {
                    for message in chunk {
                        let body = serde_json::to_string(&message);
                        world.send_message(message.contact_id, body.unwrap_or_default());
                    }
                });
                sent.await
                    .map_err(|_| QueueError("the simulation lost the call".to_owned()))?;
            }
            Ok(())
        })
    }

    fn give_up<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), QueueError>> {
        let body = serde_json::to_string(letter).unwrap_or_default();
        Box::pin(async move {
            let given_up = self
                .0
                .pass(System::Queue, "give up", true, move |world, _| {
                    world.dead_letter(body);
                });
            given_up
                .await
                .map_err(|_| QueueError("the simulation lost the call".to_owned()))
        })
    }
}

/// Takes one of Xero's places for calls at once, from the sending to the answer.
struct Place {
    world: Shared,
    call: Option<OpenCall>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            lock(&self.world).xero.close_call(call);
        }
    }
}

pub(crate) struct SimTransport(pub(crate) Outside);

impl Transport for SimTransport {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            if request.uri().host() == Some("localhost") {
                self.to_bigchange(request).await
            } else {
                self.to_xero(request).await
            }
            .map_err(|none| match none {
                NoAnswer::NotSent => TransportError::NotSent,
                NoAnswer::Lost => TransportError::AnswerLost,
            })
        })
    }
}

impl SimTransport {
    async fn to_bigchange(&self, request: Request) -> Result<Response, NoAnswer> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let parameter = |wanted: &str| {
            url::form_urlencoded::parse(query.as_bytes())
                .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, value)| value.into_owned())
        };
        let action = parameter("action").unwrap_or_default();
        let contact = parameter("ContactId").unwrap_or_default();
        let mutates = action.ends_with("Save") || action == "ContactUpdateRef";
        let process = self.0.process;
        let name = format!("{action} {contact}");
        self.0
            .pass(System::BigChange, name, mutates, move |world, fault| {
                let kind = fault.map(|fault| match fault {
                    ServerFault::Status(status) => BigChangeFaultKind::Status {
                        status,
                        retry_after_seconds: None,
                    },
                    _ => BigChangeFaultKind::Status {
                        status: 429,
                        retry_after_seconds: Some(30),
                    },
                });
                if let Some(kind) = kind {
                    world.bigchange.order_fault(BigChangeFault::next(kind));
                }
                if mutates {
                    world.watch_switch(process);
                }
                if action == "ContactDetail" {
                    world.leave_a_key_out(&contact);
                }
                let answer = world.call_bigchange(process, &action, &contact, &request);
                if action == "ContactNoteSave" {
                    world.watch_note_saved(&contact);
                }
                world.bigchange.behaviour.left_out_of_details.clear();
                answer
            })
            .await
    }

    async fn to_xero(&self, request: Request) -> Result<Response, NoAnswer> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let is_token = path == "/connect/token";
        let system = if is_token {
            System::Identity
        } else {
            System::Xero
        };
        let mutates = is_token || method != http::Method::GET;
        let process = self.0.process;
        let elements = elements(request.body());
        let name = format!("{method} {path}{elements}");
        let _place = {
            let mut world = lock(&self.0.world);
            let call = world.xero.open_call(&request);
            Place {
                world: self.0.world.clone(),
                call: Some(call),
            }
        };
        let answered = self.0.pass(system, name, mutates, move |world, fault| {
            if let Some(kind) = fault.map(xero_fault) {
                world.xero.inject(Fault::next_call(kind));
            }
            if mutates && !is_token {
                world.watch_switch(process);
            }
            (world.call_xero(process, &request), fault.is_some())
        });
        let (response, was_ordered) = answered.await?;
        lock(&self.0.world).watch_limit(process, &response, was_ordered);
        Ok(response)
    }
}

fn elements(body: &Bytes) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let count = body["Contacts"].as_array().map(Vec::len);
    count.map_or_else(String::new, |count| format!(" ({count})"))
}

fn xero_fault(fault: ServerFault) -> FaultKind {
    let limit = |problem, retry_after_seconds| FaultKind::RateLimit {
        problem,
        retry_after_seconds,
    };
    match fault {
        ServerFault::Status(status) => FaultKind::Status { status },
        ServerFault::Minute => limit(RateLimitProblem::Minute, Some(41)),
        ServerFault::Day => limit(RateLimitProblem::Day, Some(3_600)),
        ServerFault::Concurrent => limit(RateLimitProblem::Concurrent, None),
        ServerFault::Garbled(how) => FaultKind::Garbled { how },
    }
}

pub(crate) struct SimMail(pub(crate) Outside);

impl Mail for SimMail {
    fn send<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<(), MailError>> {
        let digest = digest.clone();
        Box::pin(async move {
            let sent = self.0.pass(System::Mail, "publish", true, move |world, _| {
                world.watch_mail(&digest);
            });
            sent.await.map_err(|_| MailError("no answer".to_owned()))
        })
    }

    fn subscribers(&self) -> BoxFuture<'_, Result<Subscribers, MailError>> {
        Box::pin(async move {
            let asked = self
                .0
                .pass(System::Mail, "subscriptions", false, |_, _| Subscribers {
                    confirmed: 1,
                    unconfirmed: 0,
                });
            asked.await.map_err(|_| MailError("no answer".to_owned()))
        })
    }
}

/// The parts that go into a process, all of which pass the gate.
pub(crate) struct Adapters {
    pub(crate) table: Arc<dyn Table>,
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) mail: Arc<dyn Mail>,
}

impl Adapters {
    pub(crate) fn of(outside: &Outside) -> Self {
        Self {
            table: Arc::new(SimTable(outside.clone())),
            vault: Arc::new(SimVault(outside.clone())),
            queue: Arc::new(SimQueue(outside.clone())),
            transport: Arc::new(SimTransport(outside.clone())),
            mail: Arc::new(SimMail(outside.clone())),
        }
    }
}

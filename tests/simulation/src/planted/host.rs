//! The table, the queue and the vault of a process with a planted bug.

use std::sync::Arc;

use futures::future::BoxFuture;
use runtime::{DeadLetter, Message, Queue, QueueError};
use secrecy::{ExposeSecret as _, SecretString};
use secrets::{SecretVersion, Vault, VaultError, VersionInfo};
use serde_json::{Value, json};
use store::{Expect, Item, Key, Table, TableError, Write};

use super::bug::Planted;
use super::process::Process;
use super::systems::Systems;
use crate::world::Function;

fn kind(key: &Key) -> &str {
    key.partition.split('#').next_back().unwrap_or_default()
}

pub(super) struct PlantedTable {
    process: Arc<Process>,
    inner: Arc<dyn Table>,
    queue: Arc<dyn Queue>,
    transport: Arc<Systems>,
}

impl PlantedTable {
    pub(super) fn new(
        process: Arc<Process>,
        inner: Arc<dyn Table>,
        queue: Arc<dyn Queue>,
        transport: Arc<Systems>,
    ) -> Self {
        Self {
            process,
            inner,
            queue,
            transport,
        }
    }

    fn read(&self, items: &mut Vec<Item>) {
        let is_worker = self.process.function == Function::SyncContact;
        match self.process.planted {
            Planted::AnnouncementsNotRead => items.retain(|item| kind(&item.key) != "creating"),
            Planted::DeadNotRead => items.retain(|item| kind(&item.key) != "state-dead-connection"),
            Planted::PauseNotRead => items.retain(|item| kind(&item.key) != "state-pause"),
            Planted::CodeBeforeReferences if is_worker => {
                for item in of_kind(items, "state-references-read") {
                    item.body["complete"] = json!(true);
                    item.body["missing"] = json!([]);
                }
            }
            Planted::ReservationNotExclusive if is_worker => {
                for item in of_kind(items, "reference") {
                    remove(&mut item.body, "holder");
                }
            }
            Planted::SettingsChangeNoSweep => {
                for item in of_kind(items, "state-sweep") {
                    item.body["settings"] = json!(self.process.settings);
                }
            }
            _ => {}
        }
    }

    fn written(&self, writes: Vec<Write>) -> Vec<Write> {
        let generates = writes.iter().any(generates_a_code);
        let changed = writes.into_iter().map(|mut write| {
            match self.process.planted {
                Planted::CodeNotExclusive if generates => lose_condition(&mut write),
                Planted::ReservationNotExclusive => lose_condition(&mut write),
                Planted::DeferralRemovedFirst => {
                    if self.process.function == Function::Poll
                        && let Write::Put { key, expect, .. } = &write
                        && kind(key) == "deferred"
                    {
                        let (key, expect) = (key.clone(), *expect);
                        return Write::Delete { key, expect };
                    }
                }
                Planted::DigestNotClaimed => {
                    if let Write::Put {
                        key, body, expect, ..
                    } = &mut write
                        && kind(key) == "state-digest"
                    {
                        remove(body, "claimed");
                        *expect = Expect::Any;
                    }
                }
                Planted::NoIntent => {
                    if let Some(body) = contact(&mut write) {
                        remove(body, "intent");
                    }
                }
                Planted::SyncedBeforeXero => {
                    if let Some(body) = contact(&mut write)
                        && let Some(synced) = body.pointer("/intent/plan/synced").cloned()
                        && let Some(carried_over) = body.pointer_mut("/link/synced")
                    {
                        *carried_over = synced;
                    }
                }
                _ => {}
            }
            write
        });
        changed.collect()
    }

    async fn do_what_was_held_back(&self) {
        let (messages, requests) = {
            let mut held_back = self.process.held_back();
            (
                std::mem::take(&mut held_back.messages),
                std::mem::take(&mut held_back.requests),
            )
        };
        // Whatever becomes of it: it counts as done.
        if !messages.is_empty() {
            drop(self.queue.send(&messages).await);
        }
        for request in requests {
            drop(self.transport.through().send(request).await);
        }
    }
}

fn of_kind<'a>(items: &'a mut [Item], wanted: &'a str) -> impl Iterator<Item = &'a mut Item> {
    items
        .iter_mut()
        .filter(move |item| kind(&item.key) == wanted)
}

fn remove(body: &mut Value, field: &str) {
    if let Some(fields) = body.as_object_mut() {
        fields.remove(field);
    }
}

fn contact(write: &mut Write) -> Option<&mut Value> {
    match write {
        Write::Put { key, body, .. } if kind(key) == "contact" => Some(body),
        _ => None,
    }
}

fn generates_a_code(write: &Write) -> bool {
    matches!(write, Write::Put { key, body, .. } if kind(key) == "contact" && body["generated"] == json!(true) && body["link"].is_null())
}

fn lose_condition(write: &mut Write) {
    if let Write::Put { key, expect, .. } | Write::Delete { key, expect } = write
        && kind(key) == "reference"
    {
        *expect = Expect::Any;
    }
}

impl Table for PlantedTable {
    fn get_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Item>, TableError>> {
        Box::pin(async move {
            let mut items = self.inner.get_many(keys).await?;
            self.read(&mut items);
            Ok(items)
        })
    }

    fn query<'a>(
        &'a self,
        partition: &'a str,
        prefix: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Item>, TableError>> {
        Box::pin(async move {
            let mut items = self.inner.query(partition, prefix).await?;
            if self.process.planted == Planted::CodeNotExclusive {
                items.retain(|item| kind(&item.key) != "reference");
            }
            self.read(&mut items);
            Ok(items)
        })
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<(), TableError>> {
        Box::pin(async move {
            self.inner.write(self.written(writes)).await?;
            self.do_what_was_held_back().await;
            Ok(())
        })
    }
}

pub(super) struct PlantedQueue {
    process: Arc<Process>,
    inner: Arc<dyn Queue>,
}

impl PlantedQueue {
    pub(super) fn new(process: Arc<Process>, inner: Arc<dyn Queue>) -> Self {
        Self { process, inner }
    }
}

impl Queue for PlantedQueue {
    fn send<'a>(&'a self, messages: &'a [Message]) -> BoxFuture<'a, Result<(), QueueError>> {
        let is_poll = self.process.function == Function::Poll;
        if self.process.planted == Planted::CursorBeforeQueue && is_poll {
            self.process
                .held_back()
                .messages
                .extend_from_slice(messages);
            return Box::pin(async { Ok(()) });
        }
        self.inner.send(messages)
    }

    fn give_up<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), QueueError>> {
        self.inner.give_up(letter)
    }
}

pub(super) struct PlantedVault {
    planted: Planted,
    inner: Arc<dyn Vault>,
}

impl PlantedVault {
    pub(super) fn new(planted: Planted, inner: Arc<dyn Vault>) -> Self {
        Self { planted, inner }
    }

    async fn with_old_refresh_token(
        &self,
        id: &str,
        value: SecretString,
    ) -> Result<SecretString, VaultError> {
        let old = self.inner.current(id).await?;
        let parsed = |text: &SecretString| serde_json::from_str::<Value>(text.expose_secret()).ok();
        let (Some(old), Some(mut new)) = (parsed(&old.value), parsed(&value)) else {
            return Ok(value);
        };
        new["refresh_token"] = old["refresh_token"].clone();
        Ok(new.to_string().into())
    }
}

impl Vault for PlantedVault {
    fn current<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<SecretVersion, VaultError>> {
        self.inner.current(id)
    }

    fn version<'a>(
        &'a self,
        id: &'a str,
        version: &'a str,
    ) -> BoxFuture<'a, Result<SecretVersion, VaultError>> {
        self.inner.version(id, version)
    }

    fn stage<'a>(
        &'a self,
        id: &'a str,
        value: SecretString,
        token: &'a str,
        label: &'a str,
    ) -> BoxFuture<'a, Result<String, VaultError>> {
        Box::pin(async move {
            let value = if self.planted == Planted::RefreshTokenDropped {
                self.with_old_refresh_token(id, value).await?
            } else {
                value
            };
            let version = self.inner.stage(id, value, token, label).await?;
            if self.planted == Planted::TokenCurrentAtOnce {
                let current = self.inner.current(id).await?;
                self.inner.promote(id, &version, &current.id).await?;
            }
            Ok(version)
        })
    }

    fn promote<'a>(
        &'a self,
        id: &'a str,
        to: &'a str,
        from: &'a str,
    ) -> BoxFuture<'a, Result<(), VaultError>> {
        Box::pin(async move {
            if self.planted == Planted::SwapWithoutVersion {
                let current = self.inner.current(id).await?;
                return self.inner.promote(id, to, &current.id).await;
            }
            self.inner.promote(id, to, from).await
        })
    }

    fn versions<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Vec<VersionInfo>, VaultError>> {
        self.inner.versions(id)
    }
}

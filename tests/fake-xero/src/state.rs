//! The fake's state, and the one way in.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answer::{self, Answer, Refusal, unix_ms};
use crate::calls::{Call, CallKind, CallLog, contact_in_path};
use crate::config::Config;
use crate::contact::{self, View};
use crate::contacts::{self, Rules, Verb};
use crate::directory::Directory;
use crate::faults::{Delivery, FaultKind, Faults, Garbling};
use crate::garbling::{garbled, said_to_be_saved, without_query};
use crate::idempotency::{self, Idempotency};
use crate::ids::Ids;
use crate::limits::{self, Meter};
use crate::list::{self, ListQuery};
use crate::oauth::Identity;

pub(crate) struct Organisation {
    pub(crate) name: String,
    pub(crate) connected: bool,
    /// Its connection was revoked; a new consent connects it again.
    pub(crate) revoked: bool,
    pub(crate) directory: Directory,
}

/// A call between its arrival and its answer, which counts against the limit of calls at once. Give it back to [`FakeXero::close_call`].
#[derive(Debug)]
#[must_use = "a call that is never closed takes a place for ever"]
pub struct OpenCall {
    pub(crate) tenant: Option<Uuid>,
}

/// The fake: pure state, with time as a parameter.
pub struct FakeXero {
    pub(crate) config: Config,
    pub(crate) ids: Ids,
    pub(crate) organisations: BTreeMap<Uuid, Organisation>,
    pub(crate) identity: Identity,
    pub(crate) meter: Meter,
    pub(crate) idempotency: Idempotency,
    pub(crate) faults: Faults,
    pub(crate) log: CallLog,
    /// Contacts that no page of a whole list has.
    pub(crate) on_no_page: BTreeSet<Uuid>,
}

impl FakeXero {
    /// An app with one connected, empty organisation.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let mut fake = Self {
            ids: Ids::new(config.seed),
            organisations: BTreeMap::new(),
            identity: Identity::default(),
            meter: Meter::default(),
            idempotency: Idempotency::default(),
            faults: Faults::default(),
            log: CallLog::default(),
            on_no_page: BTreeSet::new(),
            config,
        };
        let name = fake.config.tenant_name.clone();
        fake.add_organisation(fake.config.tenant_id, &name);
        fake
    }

    /// Answers a call. An extension [`Delivery`] of the answer says if it is to be lost or late.
    ///
    /// A caller that has calls in flight at once puts each between [`Self::open_call`] and [`Self::close_call`].
    pub fn handle(&mut self, now: SystemTime, request: &Request<Bytes>) -> Response<Bytes> {
        let kind = CallKind::of(request.method(), request.uri().path());
        let fault = self.faults.take(request);
        let (mut answer, delivery) = match fault {
            Some(FaultKind::LostRequest) => {
                (answer::empty(StatusCode::BAD_GATEWAY), Some(Delivery::Lost))
            }
            Some(FaultKind::Gateway { status, blank }) => (answer::gateway(status, blank), None),
            Some(FaultKind::LostAnswer) => {
                (self.answer(now, kind, request, None), Some(Delivery::Lost))
            }
            Some(FaultKind::Delay { milliseconds }) => {
                let late = Delivery::Late(Duration::from_millis(milliseconds));
                (self.answer(now, kind, request, None), Some(late))
            }
            Some(FaultKind::Garbled { how }) => {
                let answer = match how {
                    Garbling::Summarised => self.answer(now, kind, &without_query(request), None),
                    Garbling::NothingDone => {
                        let saved = said_to_be_saved(request);
                        answer::contacts_answer(self.ids.next(), now, saved, None)
                    }
                    _ => garbled(self.answer(now, kind, request, None), how),
                };
                (answer, None)
            }
            ref early => (self.answer(now, kind, request, early.as_ref()), None),
        };
        let lost_before = fault == Some(FaultKind::LostRequest);
        self.log.record(Call {
            at: now,
            kind,
            method: request.method().to_string(),
            path_and_query: idempotency::path_and_query(request).to_owned(),
            status: if lost_before {
                0
            } else {
                answer.status().as_u16()
            },
            elements: count_elements(if request.body().is_empty() {
                answer.body()
            } else {
                request.body()
            }),
            answer_lost: delivery == Some(Delivery::Lost),
        });
        if let Some(delivery) = delivery {
            answer.extensions_mut().insert(delivery);
        }
        answer
    }

    fn answer(
        &mut self,
        now: SystemTime,
        kind: CallKind,
        request: &Request<Bytes>,
        fault: Option<&FaultKind>,
    ) -> Answer {
        if !kind.is_limited() {
            if let Some(fault) = fault {
                return self.early_failure(fault);
            }
            return match kind {
                CallKind::Token => self
                    .identity
                    .token(now, &mut self.ids, &self.config, request),
                CallKind::Revocation => match self.identity.revoke(&self.config, request) {
                    Ok(is_known) => {
                        if is_known {
                            self.organisations
                                .values_mut()
                                .filter(|organisation| organisation.connected)
                                .for_each(|organisation| {
                                    organisation.connected = false;
                                    organisation.revoked = true;
                                });
                        }
                        answer::empty(StatusCode::OK)
                    }
                    Err(refused) => *refused,
                },
                CallKind::Authorize => {
                    let query = request.uri().query().unwrap_or_default();
                    let answer = self
                        .identity
                        .authorize(now, &mut self.ids, &self.config, query);
                    if answer.status() == StatusCode::FOUND {
                        self.consent();
                    }
                    answer
                }
                _ => self.connections(now, request.headers()),
            };
        }
        let tenant = match self.authorise(now, kind, request.headers()) {
            Ok(tenant) => tenant,
            Err(refusal) => return refusal.into_answer(self.ids.next()),
        };
        let mut answer = match self.meter.admit(&self.config.limits, tenant, now) {
            Ok(()) => self.answer_once(now, kind, tenant, request, fault),
            Err(refused) => *refused,
        };
        self.meter
            .mark(&self.config.limits, tenant, now, answer.headers_mut());
        answer
    }

    /// A person consents anew: what was revoked is connected again. What somebody disconnected in
    /// Xero's own pages stays so.
    pub(crate) fn consent(&mut self) {
        for organisation in self.organisations.values_mut() {
            organisation.connected |= std::mem::take(&mut organisation.revoked);
        }
    }

    /// Which organisation a call is for, if it may work with it.
    fn authorise(
        &self,
        now: SystemTime,
        kind: CallKind,
        headers: &HeaderMap,
    ) -> Result<Uuid, Refusal> {
        let access = self.identity.access(now, headers)?;
        let reads = matches!(kind, CallKind::List | CallKind::Single);
        let is_allowed = match kind {
            CallKind::Organisation => access.allows_settings(),
            _ => access.allows_contacts(!reads),
        };
        if !is_allowed {
            return Err(Refusal::MissingScope);
        }
        let tenant = self.tenant_of(headers).ok_or(Refusal::Tenant)?;
        let connected = self.organisations.get(&tenant).is_some_and(|o| o.connected);
        if connected {
            Ok(tenant)
        } else {
            Err(Refusal::Tenant)
        }
    }

    /// The tenant header, which a custom connection can do without.
    pub(crate) fn tenant_of(&self, headers: &HeaderMap) -> Option<Uuid> {
        let access = self.identity.access_ignoring_expiry(headers)?;
        match headers.get("xero-tenant-id") {
            Some(value) => Uuid::try_parse_ascii(value.as_bytes()).ok(),
            None if access.is_custom_connection => Some(self.config.tenant_id),
            None => None,
        }
    }

    /// Answers a call that is let in, or repeats what its idempotency key keeps.
    fn answer_once(
        &mut self,
        now: SystemTime,
        kind: CallKind,
        tenant: Uuid,
        request: &Request<Bytes>,
        fault: Option<&FaultKind>,
    ) -> Answer {
        if let Some(fault @ FaultKind::RateLimit { .. }) = fault {
            return self.early_failure(fault);
        }
        let key = idempotency::key_of(request);
        if let Some(key) = key {
            match self.idempotency.replay(now, key, request) {
                Ok(Some(kept)) => return kept,
                Ok(None) => {}
                Err(refusal) => return refusal.into_answer(self.ids.next()),
            }
        }
        let answer = match fault {
            Some(fault) => self.early_failure(fault),
            None => self
                .contacts_api(now, kind, tenant, request)
                .unwrap_or_else(|refusal| refusal.into_answer(self.ids.next())),
        };
        if let Some(key) = key {
            self.idempotency.keep(now, key, request, &answer);
        }
        answer
    }

    fn contacts_api(
        &mut self,
        now: SystemTime,
        kind: CallKind,
        tenant: Uuid,
        request: &Request<Bytes>,
    ) -> Result<Answer, Refusal> {
        let accept = request
            .headers()
            .get(header::ACCEPT)
            .and_then(|v| v.to_str().ok());
        let wants_json = accept.is_some_and(|accept| accept.contains("application/json"));
        if kind == CallKind::Organisation {
            return self.organisation(now, tenant, wants_json);
        }
        let tail = contact_in_path(request.uri().path()).unwrap_or_default();
        let (mut contacts, pagination) = match kind {
            CallKind::List => {
                let query = ListQuery::parse(request.uri(), request.headers())?;
                let listed = query.run(self.directory(tenant)?, &self.config, &self.on_no_page)?;
                (listed.contacts, listed.pagination)
            }
            CallKind::Single => {
                let contact =
                    list::find_single(self.directory(tenant)?, tail).ok_or(Refusal::NotFound)?;
                (vec![contact.to_json(View::Whole)], None)
            }
            CallKind::Create => (self.write(now, tenant, Verb::Create, request)?, None),
            CallKind::Upsert => (self.write(now, tenant, Verb::Upsert, request)?, None),
            CallKind::Update => {
                let id = Uuid::try_parse(tail).map_err(|_| Refusal::NotFound)?;
                (self.write(now, tenant, Verb::Update(id), request)?, None)
            }
            _ => return Err(Refusal::NotFound),
        };
        if self.config.shows_blank_texts && matches!(kind, CallKind::List | CallKind::Single) {
            contacts.iter_mut().for_each(contact::show_blank_texts);
        }
        if wants_json {
            Ok(answer::contacts_answer(
                self.ids.next(),
                now,
                contacts,
                pagination,
            ))
        } else {
            Ok(answer::xml_stub(StatusCode::OK))
        }
    }

    fn write(
        &mut self,
        now: SystemTime,
        tenant: Uuid,
        verb: Verb,
        request: &Request<Bytes>,
    ) -> Result<Vec<Value>, Refusal> {
        let content_type = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok());
        if !content_type.is_some_and(|t| t.starts_with("application/json")) {
            return Err(Refusal::Body("The body was not declared to be JSON"));
        }
        let elements = contacts::read_elements(request.body(), verb)?;
        let query = request.uri().query().unwrap_or_default();
        let each_for_itself = url::form_urlencoded::parse(query.as_bytes())
            .any(|(key, value)| key == "summarizeErrors" && value.eq_ignore_ascii_case("false"));
        let organisation = self.organisations.get_mut(&tenant).ok_or(Refusal::Tenant)?;
        contacts::write(
            &mut organisation.directory,
            &mut self.ids,
            unix_ms(now),
            &Rules {
                verb,
                each_for_itself,
                batch_needs_names: self.config.batch_needs_names,
            },
            &elements,
        )
    }

    fn connections(&mut self, now: SystemTime, headers: &HeaderMap) -> Answer {
        let custom = match self.identity.access(now, headers) {
            Ok(access) => access.is_custom_connection,
            Err(refusal) => return refusal.into_answer(self.ids.next()),
        };
        let connected = self.organisations.iter().filter(|(id, organisation)| {
            organisation.connected && (!custom || **id == self.config.tenant_id)
        });
        let list: Vec<Value> = connected
            .map(|(tenant_id, organisation)| {
                json!({
                    "id": Uuid::from_u128(!tenant_id.as_u128()),
                    "authEventId": Uuid::from_u128(tenant_id.as_u128().rotate_left(64)),
                    "tenantId": tenant_id,
                    "tenantType": "ORGANISATION",
                    "tenantName": organisation.name,
                    "createdDateUtc": "2026-01-01T00:00:00.0000000",
                    "updatedDateUtc": "2026-01-01T00:00:00.0000000",
                })
            })
            .collect();
        answer::json_answer(StatusCode::OK, &json!(list))
    }

    fn early_failure(&mut self, fault: &FaultKind) -> Answer {
        match fault {
            FaultKind::RateLimit {
                problem,
                retry_after_seconds,
            } => limits::too_many(*problem, retry_after_seconds.map(Duration::from_secs)),
            FaultKind::Status { status: 401 } => Refusal::UnknownToken.into_answer(self.ids.next()),
            FaultKind::Status { status: 403 } => Refusal::Tenant.into_answer(self.ids.next()),
            FaultKind::Status { status: 503 } => answer::offline(),
            FaultKind::Status { status } => match StatusCode::from_u16(*status) {
                Ok(status)
                    if status.is_client_error() || status > StatusCode::INTERNAL_SERVER_ERROR =>
                {
                    answer::html(status)
                }
                _ => answer::server_error(self.ids.next()),
            },
            FaultKind::Gateway { status, blank } => answer::gateway(*status, *blank),
            FaultKind::OAuth { error } => answer::refused_by_identity(error),
            FaultKind::LostRequest
            | FaultKind::LostAnswer
            | FaultKind::Delay { .. }
            | FaultKind::Garbled { .. } => answer::server_error(self.ids.next()),
        }
    }

    fn directory(&self, tenant: Uuid) -> Result<&Directory, Refusal> {
        self.organisations
            .get(&tenant)
            .map(|o| &o.directory)
            .ok_or(Refusal::Tenant)
    }
}

/// How many contacts a body holds.
fn count_elements(body: &[u8]) -> usize {
    #[derive(serde::Deserialize)]
    struct Body {
        #[serde(rename = "Contacts")]
        contacts: Vec<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<Body>(body).map_or(0, |body| body.contacts.len())
}

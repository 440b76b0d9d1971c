//! One request's turn: what is known of it so far, for its record and its refusal.

use crate::audit::{Denied, Outcome, OutcomeResult, Transaction};
use crate::destination::Host;
use crate::forward::Sent;
use crate::gate::Core;
use crate::http1::{Framing, Head};
use crate::inspect::Cleared;
use crate::name;
use crate::policy::Endpoint;
use crate::refusal::{Code, Fault, Refusal};
use crate::respond::{self, Answer};
use std::net::SocketAddr;
use std::sync::Arc;
use uuid::Uuid;

/// Methods that may be written down; anything else is the client's own text.
const METHODS: &[&str] = &["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/// What is known of a tunnel, and so of each request in it.
#[derive(Debug, Clone)]
pub struct TunnelFacts {
    /// The client's address.
    pub source: SocketAddr,
    /// The host of the CONNECT, where it was a host name.
    pub host: Option<Host>,
    /// The TLS version towards the client, once there is TLS.
    pub tls: Option<&'static str>,
}

/// One request's turn on its connection.
#[derive(Debug)]
pub struct Turn<'a> {
    core: &'a Arc<Core>,
    transaction: Transaction,
    host: Option<Host>,
    method: Option<String>,
    path: Option<String>,
    endpoint: Option<Arc<str>>,
    owes_body: bool,
    is_recorded: bool,
}

impl<'a> Turn<'a> {
    /// Begins a turn; its transaction id is made now.
    pub fn begin(core: &'a Arc<Core>, tunnel: &TunnelFacts) -> Self {
        let transaction = Transaction { id: Uuid::now_v7(), source: tunnel.source, client_tls: tunnel.tls };
        let host = tunnel.host.clone();
        Self {
            core,
            transaction,
            host,
            method: None,
            path: None,
            endpoint: None,
            owes_body: false,
            is_recorded: false,
        }
    }

    /// Notes method and path, as far as they may be written down.
    pub fn at(mut self, method: &str, path: Option<&str>) -> Self {
        self.method = METHODS.contains(&method).then(|| method.to_owned());
        self.path = path.map(|p| name::recordable_path(p).into_owned());
        self
    }

    pub(super) fn saw(&mut self, head: &Head) {
        let path = head.target.split('?').next().unwrap_or_default();
        self.method = METHODS.contains(&head.method.as_str()).then(|| head.method.clone());
        self.path = Some(name::recordable_path(path).into_owned());
        self.owes_body = head.framing != Framing::None;
    }

    pub(super) fn core(&self) -> &'a Arc<Core> {
        self.core
    }

    pub(super) fn host(&self) -> Result<&Host, Refusal> {
        self.host.as_ref().ok_or_else(|| Refusal::new(Code::Internal, "the tunnel has no host"))
    }

    pub(super) fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    pub(super) fn matched(&mut self, endpoint: &Endpoint) {
        self.endpoint = Some(Arc::clone(&endpoint.id));
    }

    pub(super) fn body_was_read(&mut self) {
        self.owes_body = false;
    }

    pub(super) fn owes_body(&self) -> bool {
        self.owes_body
    }

    pub(super) fn was_recorded(&mut self) {
        self.is_recorded = true;
    }

    /// Records what became of an intent, and gives back the connection.
    pub(super) fn settle(&mut self, sent: Sent) -> (Cleared, Result<Answer, Refusal>) {
        let Sent { recorded, result, status, response_bytes, answer, line } = sent;
        if let Some(line) = line {
            self.core.upstreams.give_back(line);
        }
        let error = answer.as_ref().err().map(|refusal| refusal.code);
        let cleared = recorded.finish(&Outcome { result, status, response_bytes, error });
        let (id, endpoint) = (self.transaction.id, &*cleared.permit().endpoint().id);
        match (result, cleared.removals().len()) {
            (OutcomeResult::Complete, 0) => tracing::debug!(%id, endpoint, status, "left as it came"),
            (OutcomeResult::Complete, removals) => {
                tracing::info!(%id, endpoint, status, removals, "left with something taken out");
            }
            // Nobody may read here that it left: the line of the refusal, or of the next attempt, says what happened.
            (result, _) => {
                tracing::debug!(%id, endpoint, result = result.as_str(), "not known to have left whole")
            }
        }
        (cleared, answer)
    }

    /// Refuses: one record, one line for the operator, one answer.
    pub fn refuse(&self, mut refusal: Refusal, close: bool) -> Answer {
        if refusal.endpoint.is_none() {
            refusal.endpoint.clone_from(&self.endpoint);
        }
        let answer = respond::refuse(&refusal, self.transaction.id, close);
        self.note(&refusal);
        // Where an intent is in the log, its outcome says the rest.
        if !self.is_recorded {
            self.core.log.denied(&Denied {
                transaction: self.transaction.clone(),
                host: self.host.clone(),
                method: self.method.clone(),
                path: self.path.clone(),
                policy_digest: self.core.policy.digest().to_owned(),
                status: answer.status,
                refusal,
            });
        }
        answer
    }

    fn note(&self, refusal: &Refusal) {
        let (id, code, remedy) = (self.transaction.id, refusal.code.as_str(), respond::remedy(refusal.code));
        let host = self.host.as_ref().map_or("-", Host::as_str);
        let path = self.path.as_deref().unwrap_or("-");
        let (source, detail) = (self.transaction.source, &refusal.detail);
        match refusal.code.fault() {
            Fault::Client => tracing::warn!(%id, code, host, path, %source, remedy, "refused: {detail}"),
            _ => tracing::error!(%id, code, host, path, %source, remedy, "failed: {detail}"),
        }
    }
}

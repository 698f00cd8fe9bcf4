//! One request on its way through the rooms.

use std::net::IpAddr;

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::audit::{AuditError, AuditEvent, AuditLog, Outcome};
use crate::aws::error::AwsError;
use crate::aws::xml::timestamp;
use crate::clock::{Clock, Random, uuid_v4};
use crate::policy::RequestContext;

/// What is known of a request before anybody is authenticated, and its audit event.
pub struct Call {
    /// Answered as `x-amzn-RequestId`; the reference of every refusal.
    pub request_id: String,
    /// One instant for all decisions about this request.
    pub now: OffsetDateTime,
    /// The client, after trusted proxies.
    pub source_ip: IpAddr,
    /// Whether the client's side of the connection is TLS.
    pub secure: bool,
    /// As sent.
    pub user_agent: Option<String>,
    /// The signed region, once known.
    pub region: String,
    /// Id and ARN of the caller, once authenticated.
    pub principal: Option<(String, String)>,
    /// The issuer of the token that came with it, where that is one that is known here.
    pub issuer: Option<String>,
    /// Whether failures of this source are beyond counting: one more is answered without a word and leaves no event.
    pub spent: bool,
    /// Opened with the call.
    pub event: AuditEvent,
}

/// Where a request came from, as the door saw it.
#[derive(Clone, Debug)]
pub struct Source {
    /// The client, after trusted proxies.
    pub ip: IpAddr,
    /// Whether the client's side of the connection is TLS.
    pub secure: bool,
    /// As sent.
    pub user_agent: Option<String>,
}

impl Call {
    /// Opens a call, and with it the audit event.
    pub fn open(log: &AuditLog, clock: &dyn Clock, random: &dyn Random, source: Source) -> Call {
        let now = clock.now();
        let request_id = uuid_v4(random).to_string();
        let event = AuditEvent::open(
            log,
            &request_id,
            &uuid_v4(random).to_string(),
            now,
            &source.ip.to_string(),
            source.user_agent.as_deref(),
        );
        Call {
            request_id,
            now,
            source_ip: source.ip,
            secure: source.secure,
            user_agent: source.user_agent,
            region: "us-east-1".to_owned(),
            principal: None,
            spent: false,
            issuer: None,
            event,
        }
    }

    /// Epoch seconds of this call.
    pub fn unix(&self) -> i64 {
        self.now.unix_timestamp()
    }

    /// Milliseconds since 1970 of this call.
    pub fn unix_ms(&self) -> i64 {
        i64::try_from(self.now.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
    }

    /// The condition keys that every request has, whoever calls.
    pub fn context(&self, resource_account: &str) -> RequestContext {
        let mut context = RequestContext::new();
        context.set("aws:CurrentTime", timestamp(self.now));
        context.set("aws:EpochTime", self.unix().to_string());
        context.set("aws:SecureTransport", self.secure.to_string());
        context.set("aws:SourceIp", self.source_ip.to_canonical().to_string());
        context.set("aws:RequestedRegion", self.region.clone());
        context.set("aws:ResourceAccount", resource_account);
        if let Some(agent) = &self.user_agent {
            context.set("aws:UserAgent", agent.clone());
        }
        context
    }

    /// Closes the event of a grant and waits for the disk: call this before credentials leave.
    pub async fn granted(self, elements: Value) -> Result<(), AuditError> {
        self.event.close_durably(Outcome::Granted(elements)).await
    }

    /// Closes the event of an answer that hands out nothing.
    pub fn answered(self, elements: Value) -> Result<(), AuditError> {
        self.event.close(Outcome::Granted(elements))
    }

    /// Closes the event of a refusal. A trail that takes no events is told to the log: refusing needs
    /// nobody's leave.
    pub fn refused(self, code: &str, message: &str, reason: &'static str, detail: Option<Value>) {
        let outcome = Outcome::Refused {
            code: code.to_owned(),
            message: message.to_owned(),
            reason,
            detail,
        };
        if let Err(error) = self.event.close(outcome) {
            tracing::error!(%error, request_id = self.request_id, "a refusal is missing in the audit trail");
        }
    }

    /// Closes the event of evidence that was refused, unless the source is beyond counting.
    pub fn failed(self, code: &str, message: &str, reason: &'static str, detail: Option<Value>) {
        match self.spent {
            true => self.unseen(),
            false => self.refused(code, message, reason, detail),
        }
    }

    /// Closes the event of a call that an AWS door refuses.
    pub fn refused_with(self, error: &AwsError, detail: Option<Value>) {
        self.refused(error.trail_name(), &error.message, error.reason, detail);
    }

    /// Leaves the event unwritten: of a request that is refused unseen, which the trail gets with a count.
    pub fn unseen(self) {
        self.event.discard();
    }

    /// Notes what the event is about.
    pub fn about(&mut self, event_name: &str, read_only: bool) {
        self.event.set("eventName", json!(event_name));
        self.event.set("readOnly", json!(read_only));
    }
}

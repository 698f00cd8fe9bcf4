//! One event: opened when a request arrives, filled as facts become known, closed on every path.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::audit::{AuditError, AuditLog};
use crate::aws::xml::timestamp;

/// How a request ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Done; `responseElements` without any secret.
    Granted(Value),
    /// Refused or failed.
    Refused {
        /// Name of the error as the trail has it.
        code: String,
        /// What was answered.
        message: String,
        /// The stable reason code, which the answer does not tell.
        reason: &'static str,
        /// What the administrator should know; the failing condition for example.
        detail: Option<Value>,
    },
}

/// An event on its way. Dropping it unclosed writes it as a failure, so that a panic leaves a trace.
pub struct AuditEvent {
    log: AuditLog,
    /// In the order of the trail; a handful, so looking through them beats hashing.
    fields: Vec<(&'static str, Value)>,
    closed: bool,
}

/// Text from outside is cut to this many characters in an event.
const MAX_TEXT: usize = 1024;

/// Cuts and cleans what came from outside: control and bidirectional characters would let it draw on
/// an administrator's terminal.
pub fn clean(text: &str) -> String {
    let harmless = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
    };
    text.chars()
        .take(MAX_TEXT)
        .map(|c| if harmless(c) { c } else { '\u{fffd}' })
        .collect()
}

/// Printable ASCII of ordinary length, as nearly everything is, needs no cleaning.
fn is_plain(text: &str) -> bool {
    text.len() <= MAX_TEXT && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Cleans a value where it stands; only what needs it is made anew.
fn cleaned(mut value: Value) -> Value {
    match &mut value {
        Value::String(text) if !is_plain(text) => *text = clean(text),
        Value::Array(items) => {
            items.truncate(256);
            for item in items {
                *item = cleaned(std::mem::take(item));
            }
        }
        Value::Object(fields) if fields.keys().all(|name| is_plain(name)) => {
            for field in fields.values_mut() {
                *field = cleaned(std::mem::take(field));
            }
        }
        Value::Object(fields) => {
            let fields = std::mem::take(fields).into_iter();
            let fields = fields.map(|(name, value)| (clean(&name), cleaned(value)));
            return fields.collect::<Map<_, _>>().into();
        }
        _ => {}
    }
    value
}

impl AuditEvent {
    /// Opens an event before anything is known about the caller.
    pub fn open(
        log: &AuditLog,
        request_id: &str,
        event_id: &str,
        time: OffsetDateTime,
        source_ip: &str,
        user_agent: Option<&str>,
    ) -> AuditEvent {
        let fields = vec![
            ("eventVersion", json!("1.11")),
            ("userIdentity", Value::Null),
            ("eventTime", json!(timestamp(time))),
            ("eventSource", json!("sts.amazonaws.com")),
            ("eventName", Value::Null),
            ("awsRegion", json!("us-east-1")),
            ("sourceIPAddress", json!(source_ip)),
            ("userAgent", json!(user_agent.map(clean))),
            ("requestParameters", Value::Null),
            ("responseElements", Value::Null),
            ("requestID", json!(request_id)),
            ("eventID", json!(event_id)),
            ("readOnly", json!(true)),
            ("eventType", json!("AwsApiCall")),
            ("managementEvent", json!(true)),
            ("recipientAccountId", Value::Null),
            ("eventCategory", json!("Management")),
        ];
        AuditEvent {
            log: log.clone(),
            fields,
            closed: false,
        }
    }

    /// Sets one field of the CloudTrail record; text in it is cut and cleaned.
    pub fn set(&mut self, name: &'static str, value: Value) -> &mut AuditEvent {
        let value = cleaned(value);
        match self.fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, held)) => *held = value,
            None => self.fields.push((name, value)),
        }
        self
    }

    /// Closes the event and waits until it is on disk. Call this before credentials leave.
    pub async fn close_durably(mut self, outcome: Outcome) -> Result<(), AuditError> {
        let line = self.finish(outcome);
        self.log.append_durably(line).await
    }

    /// Closes the event without waiting for the disk: for refusals and for answers that grant nothing.
    /// Still fails when the trail can take no more events.
    pub fn close(mut self, outcome: Outcome) -> Result<(), AuditError> {
        let line = self.finish(outcome);
        self.log.append(line)
    }

    /// Closes the event without a line in the trail. For requests that are told there by number alone (`access::throttle`).
    pub fn discard(mut self) {
        self.closed = true;
    }

    fn finish(&mut self, outcome: Outcome) -> String {
        self.closed = true;
        let named = self.fields.iter().find(|(name, _)| *name == "eventName");
        let name = named.and_then(|(_, value)| value.as_str());
        let (ended, why) = match &outcome {
            Outcome::Granted(_) => ("granted", ""),
            Outcome::Refused { reason, .. } => ("refused", *reason),
        };
        self.log
            .tally()
            .count(name.unwrap_or("unknown"), ended, why);
        match outcome {
            Outcome::Granted(elements) => {
                self.set("responseElements", elements);
            }
            Outcome::Refused {
                code,
                message,
                reason,
                detail,
            } => {
                self.set("errorCode", json!(code));
                self.set("errorMessage", json!(message));
                let mut extra = json!({ "reason": reason });
                if let (Some(extra), Some(detail)) = (extra.as_object_mut(), detail) {
                    extra.insert("detail".to_owned(), detail);
                }
                self.set("additionalEventData", extra);
            }
        }
        let mut line = String::with_capacity(1024);
        for (name, value) in &self.fields {
            line.push(if line.is_empty() { '{' } else { ',' });
            // Names are ours and need no escaping; values are written by serde_json.
            line.extend(["\"", name, "\":", &value.to_string()]);
        }
        line.push('}');
        line
    }
}

impl Drop for AuditEvent {
    fn drop(&mut self) {
        if !self.closed {
            let line = self.finish(Outcome::Refused {
                code: "InternalFailure".to_owned(),
                message: "The request ended without an answer.".to_owned(),
                reason: "internal.dropped",
                detail: None,
            });
            if let Err(error) = self.log.append(line) {
                tracing::error!(%error, "an unfinished request could not be written to the audit trail");
            }
        }
    }
}

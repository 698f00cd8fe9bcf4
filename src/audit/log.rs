//! The trail on disk: one JSON object a line, each naming the SHA-256 of the line before it.
//!
//! One thread owns the file. It takes all events that wait, writes them, asks the disk once, and then
//! tells everyone who waited: the more requests at a time, the fewer disk syncs for each.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use crate::audit::Tally;
use crate::audit::queue::{MOST, Message, Receiver, Sender, queue};

/// How long the writer waits for more events before it asks the disk, when the last batch showed that
/// several grants are under way at a time. A lone request never waits.
const LINGER: Duration = Duration::from_millis(1);

/// Why an event could not be written.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The file cannot be opened or read at start.
    #[error("the audit trail {path} cannot be used: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk takes no more, or the writer is behind by thousands of events.
    #[error("the audit trail takes no events now")]
    Unavailable,
}

/// A handle on the trail; cheap to clone.
#[derive(Clone)]
pub struct AuditLog {
    queue: Arc<Sender>,
    tally: Tally,
}

struct Writer {
    file: File,
    sequence: u64,
    previous: String,
    /// Length of the file up to the last line that is whole and synced.
    length: u64,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        out.push_str(&format!("{byte:02x}"));
        out
    })
}

impl AuditLog {
    /// Opens or makes the file (mode 0600) and starts its writer. A last line that is not whole, left by
    /// a crash, was never acknowledged and is cut off.
    pub fn open(path: &Path) -> Result<AuditLog, AuditError> {
        let failed = |source| AuditError::Open {
            path: path.to_owned(),
            source,
        };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(failed)?;
        let writer = Writer::resume(file).map_err(failed)?;
        let (queue, waiting) = queue();
        std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || writer.run(&waiting))
            .map_err(failed)?;
        Ok(AuditLog {
            queue: Arc::new(queue),
            tally: Tally::default(),
        })
    }

    /// What closed since the start of this process.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    fn send(&self, message: Message) -> Result<(), AuditError> {
        self.queue.send(message).map_err(|_| {
            tracing::error!("the audit trail is behind by {MOST} events");
            AuditError::Unavailable
        })
    }

    pub(super) fn append(&self, event: String) -> Result<(), AuditError> {
        self.send(Message::Append(event, None))
    }

    pub(super) async fn append_durably(&self, event: String) -> Result<(), AuditError> {
        let (written, answer) = oneshot::channel();
        self.send(Message::Append(event, Some(written)))?;
        match answer.await {
            Ok(true) => Ok(()),
            _ => Err(AuditError::Unavailable),
        }
    }

    /// Waits until everything so far is on disk; call it before the process ends.
    pub async fn flush(&self) -> Result<(), AuditError> {
        let (done, answer) = oneshot::channel();
        self.send(Message::Flush(done))?;
        match answer.await {
            Ok(true) => Ok(()),
            _ => Err(AuditError::Unavailable),
        }
    }

    /// Starts the trail anew. For the demo's reset alone.
    pub async fn reset(&self) -> Result<(), AuditError> {
        let (done, answer) = oneshot::channel();
        self.send(Message::Reset(done))?;
        match answer.await {
            Ok(true) => Ok(()),
            _ => Err(AuditError::Unavailable),
        }
    }
}

impl Writer {
    fn resume(mut file: File) -> io::Result<Writer> {
        let length = file.seek(SeekFrom::End(0))?;
        // Events are capped well below this; one block from the end holds the last whole line.
        let from = length.saturating_sub(4 * 1024 * 1024);
        file.seek(SeekFrom::Start(from))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        let whole = tail
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        let lost = tail.len() - whole;
        let length = length - lost as u64;
        if lost > 0 {
            tracing::warn!(
                bytes = lost,
                "cut an unfinished event off the end of the audit trail"
            );
            file.set_len(length)?;
        }
        let lines = tail.get(..whole.saturating_sub(1)).unwrap_or_default();
        let last = lines.rsplit(|b| *b == b'\n').next().unwrap_or_default();
        let (sequence, previous) = if last.is_empty() {
            (0, "0".repeat(64))
        } else {
            let line: serde_json::Value = serde_json::from_slice(last)?;
            let sequence = line.get("sequence").and_then(serde_json::Value::as_u64);
            let sequence =
                sequence.ok_or_else(|| io::Error::other("its last line has no sequence"))?;
            (sequence, hex(&Sha256::digest(last)))
        };
        Ok(Writer {
            file,
            sequence,
            previous,
            length,
        })
    }

    fn run(mut self, waiting: &Receiver) {
        let mut busy = false;
        loop {
            if busy {
                // Others are on their way: one sync for all of them costs less than one for each.
                std::thread::sleep(LINGER);
            }
            let Some(messages) = waiting.take() else {
                break;
            };
            let mut batch = String::new();
            let mut told = Vec::new();
            let before = (self.sequence, self.previous.clone());
            for message in messages {
                match message {
                    Message::Append(event, tell) => {
                        self.chain(&mut batch, &event);
                        told.extend(tell);
                    }
                    Message::Flush(done) => told.push(done),
                    Message::Reset(done) => {
                        batch.clear();
                        if let Err(error) = self.file.set_len(0) {
                            tracing::error!(%error, "the audit trail could not be emptied");
                        }
                        (self.sequence, self.previous) = (0, "0".repeat(64));
                        self.length = 0;
                        told.push(done);
                    }
                }
            }
            busy = told.len() > 1;
            let written = self.write(batch.as_bytes(), !told.is_empty());
            if let Err(error) = &written {
                tracing::error!(%error, "the audit trail cannot be written; nothing is issued until it can");
                // Forget the half-written batch, so that the chain goes on from what is acknowledged.
                (self.sequence, self.previous) = before;
                if let Err(error) = self.file.set_len(self.length) {
                    tracing::error!(%error, "and its end cannot be mended");
                }
            }
            for tell in told {
                // Who gave up waiting needs no answer.
                let _ = tell.send(written.is_ok());
            }
        }
    }

    fn chain(&mut self, batch: &mut String, event: &str) {
        self.sequence += 1;
        let line = format!(
            r#"{{"sequence":{},"previous":"{}","event":{event}}}"#,
            self.sequence, self.previous
        );
        self.previous = hex(&Sha256::digest(line.as_bytes()));
        batch.push_str(&line);
        batch.push('\n');
    }

    fn write(&mut self, batch: &[u8], durably: bool) -> io::Result<()> {
        self.file.write_all(batch)?;
        if durably {
            self.file.sync_data()?;
        }
        self.length += batch.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{AuditEvent, Outcome};
    use serde_json::{Value, json};

    fn event(log: &AuditLog) -> AuditEvent {
        let time = time::OffsetDateTime::UNIX_EPOCH;
        AuditEvent::open(log, "r", "e", time, "127.0.0.1", Some("agent\u{1b}[2J"))
    }

    fn lines(path: &Path) -> Vec<Value> {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect()
    }

    #[tokio::test]
    async fn events_chain_across_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        for _ in 0..2 {
            let log = AuditLog::open(&path).unwrap();
            for _ in 0..3 {
                let closed = event(&log).close_durably(Outcome::Granted(json!({})));
                closed.await.unwrap();
            }
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let mut previous = "0".repeat(64);
        for (place, line) in text.lines().enumerate() {
            let value: Value = serde_json::from_str(line).unwrap();
            assert_eq!(value["sequence"], json!(place + 1));
            assert_eq!(value["previous"], json!(previous));
            previous = hex(&Sha256::digest(line.as_bytes()));
        }
        assert_eq!(text.lines().count(), 6);
    }

    #[tokio::test]
    async fn an_unfinished_last_line_is_cut_off() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        let log = AuditLog::open(&path).unwrap();
        event(&log)
            .close_durably(Outcome::Granted(json!({})))
            .await
            .unwrap();
        drop(log);
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("{\"sequence\":2,\"prev");
        std::fs::write(&path, text).unwrap();
        let log = AuditLog::open(&path).unwrap();
        event(&log)
            .close_durably(Outcome::Granted(json!({})))
            .await
            .unwrap();
        assert_eq!(lines(&path).len(), 2);
    }

    #[tokio::test]
    async fn an_event_dropped_unclosed_is_written_as_a_failure() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        let log = AuditLog::open(&path).unwrap();
        drop(event(&log));
        event(&log)
            .close_durably(Outcome::Granted(json!({})))
            .await
            .unwrap();
        let lines = lines(&path);
        let data = &lines[0]["event"]["additionalEventData"];
        assert_eq!(data["reason"], "internal.dropped");
    }

    #[tokio::test]
    async fn text_from_outside_cannot_draw_on_a_terminal() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        let log = AuditLog::open(&path).unwrap();
        let mut event = event(&log);
        event.set("eventName", json!("x\u{202e}\n"));
        event
            .close_durably(Outcome::Granted(json!({})))
            .await
            .unwrap();
        let lines = lines(&path);
        assert_eq!(lines[0]["event"]["userAgent"], "agent\u{fffd}[2J");
        assert_eq!(lines[0]["event"]["eventName"], "x\u{fffd}\u{fffd}");
    }

    #[tokio::test]
    async fn a_trail_that_cannot_be_opened_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        assert!(AuditLog::open(dir.path()).is_err());
    }
}

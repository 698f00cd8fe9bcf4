//! Events on their way to the writer.
//!
//! Waking a thread costs more than everything else about an event, so an event that nobody waits for wakes
//! the writer only when it is the first in the queue, and the writer then lets others gather for a moment.
//! An event that somebody waits for ends that moment at once.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

/// Events that may wait for the disk; beyond it requests fail rather than pile up.
pub(super) const MOST: usize = 8192;
/// How long events that nobody waits for gather.
const GATHER: Duration = Duration::from_millis(5);

/// What the writer is asked.
pub(super) enum Message {
    /// Write this event, and tell whoever waits once it is on disk.
    Append(String, Option<oneshot::Sender<bool>>),
    /// Tell once everything before this is on disk.
    Flush(oneshot::Sender<bool>),
    /// Start the trail anew.
    Reset(oneshot::Sender<bool>),
}

impl Message {
    fn is_awaited(&self) -> bool {
        !matches!(self, Message::Append(_, None))
    }
}

#[derive(Default)]
struct Waiting {
    messages: Vec<Message>,
    /// How many of them somebody waits for.
    awaited: usize,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end that events go in; the queue closes when it is dropped.
pub(super) struct Sender(Arc<Shared>);

/// The end that the writer takes them from.
pub(super) struct Receiver(Arc<Shared>);

/// A queue.
pub(super) fn queue() -> (Sender, Receiver) {
    let shared = Arc::new(Shared::default());
    (Sender(shared.clone()), Receiver(shared))
}

impl Sender {
    /// Adds a message; gives it back when the queue is full.
    pub(super) fn send(&self, message: Message) -> Result<(), Message> {
        let awaited = message.is_awaited();
        let mut waiting = self.0.lock();
        if waiting.messages.len() >= MOST {
            return Err(message);
        }
        waiting.messages.push(message);
        waiting.awaited += usize::from(awaited);
        let first = waiting.messages.len() == 1;
        drop(waiting);
        if awaited || first {
            self.0.changed.notify_one();
        }
        Ok(())
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_one();
    }
}

impl Receiver {
    /// Waits for messages and takes all there are; `None` when the queue is closed and empty.
    pub(super) fn take(&self) -> Option<Vec<Message>> {
        let waiting = self.0.lock();
        let some = |waiting: &mut Waiting| waiting.messages.is_empty() && !waiting.closed;
        let waiting = self.0.changed.wait_while(waiting, some);
        let waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        let unasked = |waiting: &mut Waiting| waiting.awaited == 0 && !waiting.closed;
        let gathered = self.0.changed.wait_timeout_while(waiting, GATHER, unasked);
        let (mut waiting, _) = gathered.unwrap_or_else(PoisonError::into_inner);
        waiting.awaited = 0;
        let messages = std::mem::take(&mut waiting.messages);
        (!messages.is_empty()).then_some(messages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Message {
        Message::Append(text.to_owned(), None)
    }

    #[test]
    fn messages_come_out_in_order_and_together() {
        let (sender, receiver) = queue();
        for text in ["a", "b", "c"] {
            assert!(sender.send(event(text)).is_ok());
        }
        let taken = receiver.take().unwrap();
        let texts: Vec<_> = taken
            .iter()
            .map(|message| match message {
                Message::Append(text, _) => text.as_str(),
                _ => "",
            })
            .collect();
        assert_eq!(texts, ["a", "b", "c"]);
    }

    #[test]
    fn a_full_queue_gives_the_message_back() {
        let (sender, _receiver) = queue();
        for _ in 0..MOST {
            assert!(sender.send(event("x")).is_ok());
        }
        assert!(sender.send(event("y")).is_err());
    }

    #[test]
    fn a_closed_queue_hands_out_what_it_has_and_ends() {
        let (sender, receiver) = queue();
        assert!(sender.send(event("last")).is_ok());
        drop(sender);
        assert_eq!(receiver.take().map(|taken| taken.len()), Some(1));
        assert!(receiver.take().is_none());
    }
}

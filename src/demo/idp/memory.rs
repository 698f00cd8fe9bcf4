//! What is remembered for a while: values under unguessable handles, bounded in time and number.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::clock::{Random, random_token};

/// How many values of one kind are kept. The oldest goes first.
const CAPACITY: usize = 20_000;

/// Values of one kind, all of which live equally long.
pub(super) struct Remembered<V> {
    seconds: i64,
    inner: Mutex<Inner<V>>,
}

struct Inner<V> {
    values: HashMap<String, (i64, V)>,
    /// Handles in the order in which they end; it may name some that are gone already.
    order: VecDeque<(i64, String)>,
}

impl<V: Clone> Remembered<V> {
    /// Nothing yet; what is put in lives for so many seconds.
    pub(super) fn for_seconds(seconds: i64) -> Remembered<V> {
        Remembered {
            seconds,
            inner: Mutex::new(Inner {
                values: HashMap::new(),
                order: VecDeque::new(),
            }),
        }
    }

    /// Keeps `value` and says under which handle (256 random bits).
    pub(super) fn put(&self, now: i64, random: &dyn Random, value: V) -> String {
        let handle = random_token(random, 32);
        self.insert(now, handle.clone(), value);
        handle
    }

    /// Keeps `value` under a handle of somebody else's making; `false` where there is one already, which stays.
    pub(super) fn insert(&self, now: i64, handle: String, value: V) -> bool {
        let ends = now.saturating_add(self.seconds);
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((ended, oldest)) = inner.order.front() {
            if *ended > now && inner.order.len() < CAPACITY {
                break;
            }
            let oldest = oldest.clone();
            inner.values.remove(&oldest);
            inner.order.pop_front();
        }
        if inner
            .values
            .get(&handle)
            .is_some_and(|(ends, _)| now < *ends)
        {
            return false;
        }
        inner.order.push_back((ends, handle.clone()));
        inner.values.insert(handle, (ends, value));
        true
    }

    /// The value under `handle`, if it is still there.
    pub(super) fn get(&self, now: i64, handle: &str) -> Option<V> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (ends, value) = inner.values.get(handle)?;
        (now < *ends).then(|| value.clone())
    }

    /// The same, and it is gone: of two who take, one gets it.
    pub(super) fn take(&self, now: i64, handle: &str) -> Option<V> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (ends, value) = inner.values.remove(handle)?;
        (now < ends).then_some(value)
    }

    /// Forgets every value of which this is true.
    pub(super) fn remove_where(&self, is_over: impl Fn(&V) -> bool) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.values.retain(|_, (_, value)| !is_over(value));
    }

    pub(super) fn clear(&self) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.values.clear();
        inner.order.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FixedRandom;

    #[test]
    fn a_value_can_be_read_until_it_ends_and_not_at_the_end() {
        let (random, kept) = (FixedRandom::new(1), Remembered::for_seconds(60));
        let handle = kept.put(100, &random, "x");
        assert_eq!(kept.get(159, &handle), Some("x"));
        assert_eq!(kept.get(160, &handle), None);
        assert_eq!(kept.take(160, &handle), None);
    }

    #[test]
    fn a_value_can_be_taken_once() {
        let (random, kept) = (FixedRandom::new(1), Remembered::for_seconds(60));
        let handle = kept.put(100, &random, "x");
        assert_eq!(kept.take(100, &handle), Some("x"));
        assert_eq!(kept.take(100, &handle), None);
    }

    #[test]
    fn a_handle_is_kept_once_until_it_ends() {
        let kept = Remembered::for_seconds(60);
        assert!(kept.insert(100, "a".to_owned(), 1));
        assert!(!kept.insert(159, "a".to_owned(), 2));
        assert_eq!(kept.get(159, "a"), Some(1));
        assert!(kept.insert(160, "a".to_owned(), 3));
    }

    #[test]
    fn what_is_over_can_be_removed() {
        let kept = Remembered::for_seconds(60);
        for (handle, value) in [("a", 1), ("b", 2)] {
            kept.insert(100, handle.to_owned(), value);
        }
        kept.remove_where(|value| *value == 1);
        assert_eq!((kept.get(100, "a"), kept.get(100, "b")), (None, Some(2)));
    }

    #[test]
    fn the_oldest_makes_room() {
        let (random, kept) = (FixedRandom::new(1), Remembered::for_seconds(60));
        let first = kept.put(100, &random, 0);
        let handles: Vec<_> = (1..=CAPACITY).map(|n| kept.put(100, &random, n)).collect();
        assert_eq!(kept.get(100, &first), None);
        assert_eq!(kept.get(100, &handles[0]), Some(1));
        assert_eq!(kept.inner.lock().unwrap().values.len(), CAPACITY);
    }
}

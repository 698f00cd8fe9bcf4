//! What is known of one issuer, and what to do next.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::fetch::Found;
use super::lifetime::{LAST_GOOD, Moment};
use super::{KeyError, WAIT};
use crate::clock::Clock;
use crate::jwt::KeySet;
use crate::outbound::discovery::Discovery;

/// At most one fetch for unknown key ids in this time (JWT-5).
const REFETCH_EVERY: Duration = Duration::from_secs(30);
/// How long a fetch for an unknown key id goes straight to where the keys were, without asking where they are.
const DISCOVER_EVERY: Duration = Duration::from_secs(3600);
/// After a failure nobody asks the issuer again for this long, doubled by each further failure ...
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// ... up to this, so that an issuer that comes back is noticed within 30 s, a hanging fetch included.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// How many may wait for one issuer. A dead issuer must not hold every connection of ours.
const MAX_WAITING: usize = 256;

pub(super) struct Entry {
    pub(super) issuer: String,
    state: Mutex<State>,
    waiting: Arc<AtomicUsize>,
}

struct State {
    good: Option<Good>,
    failure: Option<Failure>,
    /// When a fetch was last made for the sake of an unknown key id.
    refetched: Option<Moment>,
    in_flight: Option<InFlight>,
    last_used: Instant,
}

struct Good {
    known: Known,
    discovered: Moment,
    fetched: Moment,
    fresh_for: Duration,
}

/// What is known of an issuer.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) discovery: Arc<Discovery>,
    pub(super) keys: Arc<KeySet>,
}

struct Failure {
    why: KeyError,
    when: Moment,
    pause: Duration,
}

struct InFlight {
    started: Moment,
    /// Closed when the fetch is over, however it ended: a panic or a cancelled task closes it as well.
    landed: watch::Receiver<()>,
}

/// The right, and the duty, to make the one fetch of an entry. Dropping it ends the flight.
pub(super) struct Flight {
    /// Where the keys are and since when we know, if this flight need not ask again.
    discovery: Option<(Arc<Discovery>, Moment)>,
    _landed: watch::Sender<()>,
}

/// A place among those who wait for a fetch.
pub(super) struct Waiting {
    landed: watch::Receiver<()>,
    deadline: Duration,
    count: Arc<AtomicUsize>,
}

/// What somebody wants to know.
#[derive(Clone, Copy)]
pub(super) enum Need<'a> {
    /// The keys with this id among them, or just the keys.
    Key(Option<&'a str>),
    /// The same, but only if nobody has to wait.
    CachedKey(Option<&'a str>),
}

/// What to do about it.
pub(super) enum Next {
    Use(Known),
    UseAndFetch(Known, Flight),
    Fetch(Flight, Waiting),
    Wait(Waiting),
    Fail(KeyError),
}

impl Entry {
    pub(super) fn new(issuer: &str) -> Entry {
        Entry {
            issuer: issuer.to_owned(),
            state: Mutex::new(State {
                good: None,
                failure: None,
                refetched: None,
                in_flight: None,
                last_used: Instant::now(),
            }),
            waiting: Arc::default(),
        }
    }

    /// Decides, and in the same breath reserves what it decided: two callers never start two fetches.
    pub(super) fn next(self: &Arc<Self>, clock: &dyn Clock, need: Need<'_>) -> Next {
        let mut state = self.lock();
        state.last_used = Instant::now();
        state.drop_outdated(clock);
        let paused = state.pause_left(clock);

        let (Need::Key(kid) | Need::CachedKey(kid)) = need;
        if let Some(good) = &state.good {
            let known = good.known.clone();
            let stale = good.fetched.age(clock) >= good.fresh_for;
            if kid.is_none_or(|kid| known.keys.has_key(kid)) {
                if stale && paused.is_none() && state.in_flight().is_none() {
                    return Next::UseAndFetch(known, state.take_off(clock, None));
                }
                return Next::Use(known);
            }
            if matches!(need, Need::CachedKey(_)) {
                return Next::Fail(KeyError::Slow);
            }
            if state.in_flight().is_some() {
                return self.wait(&state);
            }
            if state.may_refetch(clock) && paused.is_none() {
                // A rotation changes the keys, not where they are.
                let discovered = good.discovered;
                let discovery = (discovered.age(clock) < DISCOVER_EVERY)
                    .then_some((known.discovery, discovered));
                state.refetched = Some(Moment::now(clock));
                let flight = state.take_off(clock, discovery);
                return self.wait_for(flight, &state);
            }
            return match &state.failure {
                Some(failure) => Next::Fail(failure.why.clone()),
                None => Next::Use(known),
            };
        }
        if matches!(need, Need::CachedKey(_)) {
            return Next::Fail(KeyError::Slow);
        }
        if state.in_flight().is_some() {
            return self.wait(&state);
        }
        if let Some(why) = paused {
            return Next::Fail(why);
        }
        let flight = state.take_off(clock, None);
        self.wait_for(flight, &state)
    }

    /// What a fetch that somebody waited for came to.
    pub(super) fn outcome(&self, clock: &dyn Clock, need: Need<'_>) -> Result<Known, KeyError> {
        let mut state = self.lock();
        state.drop_outdated(clock);
        let (Need::Key(kid) | Need::CachedKey(kid)) = need;
        match (&state.good, &state.failure) {
            (Some(good), None) => Ok(good.known.clone()),
            (Some(good), Some(_)) if kid.is_none_or(|kid| good.known.keys.has_key(kid)) => {
                Ok(good.known.clone())
            }
            (_, Some(failure)) => Err(failure.why.clone()),
            (None, None) => Err(KeyError::Slow),
        }
    }

    /// Records what a fetch brought, and then lets those who wait for it go on.
    pub(super) fn land(&self, flight: Flight, clock: &dyn Clock, result: Result<Found, KeyError>) {
        let mut state = self.lock();
        match result {
            Ok(found) => {
                let now = Moment::now(clock);
                state.good = Some(Good {
                    known: Known {
                        discovery: found.discovery,
                        keys: found.keys,
                    },
                    discovered: flight.discovery.as_ref().map_or(now, |(_, when)| *when),
                    fetched: now,
                    fresh_for: found.fresh_for,
                });
                state.failure = None;
            }
            Err(why) => {
                let pause = match &state.failure {
                    Some(before) => (before.pause * 2).min(LONGEST_PAUSE),
                    None => FIRST_PAUSE,
                };
                let when = Moment::now(clock);
                state.failure = Some(Failure { why, when, pause });
            }
        }
        drop(state);
        drop(flight);
    }

    pub(super) fn last_failure(&self) -> Option<KeyError> {
        self.lock()
            .failure
            .as_ref()
            .map(|failure| failure.why.clone())
    }

    pub(super) fn last_used(&self) -> Instant {
        self.lock().last_used
    }

    fn wait_for(&self, flight: Flight, state: &State) -> Next {
        match self.wait(state) {
            Next::Wait(waiting) => Next::Fetch(flight, waiting),
            refused => refused,
        }
    }

    fn wait(&self, state: &State) -> Next {
        let Some(in_flight) = state.in_flight() else {
            return Next::Fail(KeyError::Slow);
        };
        let deadline = WAIT.saturating_sub(in_flight.started.elapsed());
        if deadline.is_zero() {
            return Next::Fail(KeyError::Slow);
        }
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= MAX_WAITING {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Next::Fail(KeyError::Busy);
        }
        Next::Wait(Waiting {
            landed: in_flight.landed.clone(),
            deadline,
            count: Arc::clone(&self.waiting),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn in_flight(&self) -> Option<&InFlight> {
        let in_flight = self.in_flight.as_ref()?;
        in_flight.landed.has_changed().is_ok().then_some(in_flight)
    }

    fn take_off(
        &mut self,
        clock: &dyn Clock,
        discovery: Option<(Arc<Discovery>, Moment)>,
    ) -> Flight {
        let (_landed, landed) = watch::channel(());
        let started = Moment::now(clock);
        self.in_flight = Some(InFlight { started, landed });
        Flight { discovery, _landed }
    }

    fn drop_outdated(&mut self, clock: &dyn Clock) {
        if self
            .good
            .as_ref()
            .is_some_and(|good| good.fetched.age(clock) >= LAST_GOOD)
        {
            self.good = None;
        }
    }

    /// The last failure, while it is so recent that the issuer is left alone.
    fn pause_left(&self, clock: &dyn Clock) -> Option<KeyError> {
        let failure = self.failure.as_ref()?;
        (failure.when.age(clock) < failure.pause).then(|| failure.why.clone())
    }

    fn may_refetch(&self, clock: &dyn Clock) -> bool {
        self.refetched
            .is_none_or(|when| when.age(clock) >= REFETCH_EVERY)
    }
}

impl Flight {
    pub(super) fn known_discovery(&self) -> Option<Arc<Discovery>> {
        self.discovery.as_ref().map(|(known, _)| Arc::clone(known))
    }
}

impl Waiting {
    /// Waits until the fetch is over.
    pub(super) async fn landed(mut self) -> Result<(), KeyError> {
        let deadline = self.deadline;
        // Nothing is ever sent: the channel closes when the flight ends.
        match tokio::time::timeout(deadline, self.landed.changed()).await {
            Ok(_) => Ok(()),
            Err(_) => Err(KeyError::Slow),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

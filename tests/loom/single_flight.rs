//! Models of shared work: who drives it, who goes away, and who is woken.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use loom::{
    sync::{Condvar, Mutex},
    thread,
};

use super::{
    config::Plan,
    shared::{Caller, Flights},
};
use crate::ground::{joint::Work, name::Name};

/// Wakes a thread that waits for it.
struct Alarm(Mutex<bool>, Condvar);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        *self.0.lock().expect("no panic") = true;
        self.1.notify_one();
    }
}

/// Polls a caller to its end, only when woken.
fn wait(mut caller: Caller<u8, u8>) -> Option<u8> {
    let alarm = Arc::new(Alarm(Mutex::new(false), Condvar::new()));
    let waker = Waker::from(Arc::clone(&alarm));
    loop {
        if let Poll::Ready(outcome) = caller.poll(&mut Context::from_waker(&waker)) {
            return outcome.ok();
        }
        let mut rung = alarm.0.lock().expect("no panic");
        while !*rung {
            rung = alarm.1.wait(rung).expect("no panic");
        }
        *rung = false;
    }
}

/// Polls a caller once, with a waker that nobody hears.
fn once(caller: &mut Caller<u8, u8>) -> bool {
    caller.poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

/// What the models share: the flights, how often work began, and the waker of work that waits.
#[derive(Clone)]
struct Model {
    flights: Arc<Flights<u8, u8>>,
    began: Arc<AtomicUsize>,
    waker: Arc<Mutex<Option<Waker>>>,
}

impl Model {
    fn new() -> Self {
        let flights = Flights::new(Name::Static("model"), &Plan::default());
        Self { flights, began: Arc::default(), waker: Arc::new(Mutex::new(None)) }
    }

    /// Work that is pending once, until somebody else wakes it.
    fn join(&self) -> Caller<u8, u8> {
        let waker = Arc::clone(&self.waker);
        self.begin(move |cx| *waker.lock().expect("no panic") = Some(cx.waker().clone()))
    }

    /// Work that is pending once, and wakes itself.
    fn join_eager(&self) -> Caller<u8, u8> {
        self.begin(|cx| cx.waker().wake_by_ref())
    }

    fn begin(&self, mut wait: impl FnMut(&mut Context<'_>) + Send + 'static) -> Caller<u8, u8> {
        let caller = self.flights.join(7, || -> Work<u8> {
            self.began.fetch_add(1, Ordering::Relaxed);
            let mut polled = false;
            Box::pin(poll_fn(move |cx| {
                if std::mem::replace(&mut polled, true) {
                    return Poll::Ready(42);
                }
                wait(cx);
                Poll::Pending
            }))
        });
        caller.unwrap_or_else(|_| unreachable!("there is room"))
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.lock().expect("no panic").take() {
            waker.wake();
        }
    }

    fn check(&self, began: usize) {
        assert_eq!(self.began.load(Ordering::Relaxed), began);
        let snapshot = self.flights.snapshot();
        assert_eq!((snapshot.in_flight, snapshot.callers), (0, 0));
        assert_eq!(self.flights.in_flight(), 0);
    }
}

/// Where more than two are preempted nothing new happens, and it takes minutes.
fn model(run: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(run);
}

/// Two who wait, while a third wakes the work.
#[test]
fn two_callers_share_one_work_whoever_drives_it() {
    model(|| {
        let model = Model::new();
        let (mut first, second) = (model.join(), model.join());
        assert!(!once(&mut first));
        let theirs = thread::spawn(move || wait(second));
        model.wake();
        assert_eq!(wait(first), Some(42));
        assert_eq!(theirs.join().expect("no panic"), Some(42));
        model.check(1);
    });
}

/// The driver polls once and goes away, while the other waits, and a third wakes the work.
#[test]
fn a_driver_that_goes_away_hands_over() {
    model(|| {
        let model = Model::new();
        let (mut first, second) = (model.join(), model.join());
        assert!(!once(&mut first));
        let waking = model.clone();
        let gone = thread::spawn(move || {
            waking.wake();
            // Woken for, perhaps, and not polled again.
            drop(first);
        });
        assert_eq!(wait(second), Some(42));
        gone.join().expect("no panic");
        model.check(1);
    });
}

/// The driver polls, is kept, and is never polled again. The work wakes while it is out of its slot.
#[test]
fn a_driver_that_is_not_polled_again_holds_nobody_up() {
    model(|| {
        let model = Model::new();
        let (mut first, second) = (model.join_eager(), model.join_eager());
        let kept = thread::spawn(move || {
            once(&mut first);
            first
        });
        assert_eq!(wait(second), Some(42));
        drop(kept.join().expect("no panic"));
        model.check(1);
    });
}

/// Two come for the same key at the same moment; one goes away before its end.
#[test]
fn who_comes_while_the_last_leaves_joins_it_or_begins_anew() {
    model(|| {
        let model = Model::new();
        let mut first = model.join_eager();
        let other = model.clone();
        let left = thread::spawn(move || {
            let ended = once(&mut first);
            drop(first);
            ended
        });
        let second = wait(other.join_eager());
        assert_eq!(second, Some(42));
        left.join().expect("no panic");
        let began = model.began.load(Ordering::Relaxed);
        assert!((1..=2).contains(&began), "{began}");
        model.check(began);
    });
}

/// Two begin at once: one of them does, and the other drives what may not have been made yet.
#[test]
fn two_who_come_at_once_begin_one_work_or_one_after_the_other() {
    model(|| {
        let model = Model::new();
        let other = model.clone();
        let theirs = thread::spawn(move || wait(other.join_eager()));
        let mine = wait(model.join_eager());
        assert_eq!((mine, theirs.join().expect("no panic")), (Some(42), Some(42)));
        let began = model.began.load(Ordering::Relaxed);
        assert!((1..=2).contains(&began), "{began}");
        model.check(began);
    });
}

/// One is driven to its end while the other goes away: the answer is moved, or cloned for nobody.
#[test]
fn one_ends_it_while_the_other_leaves() {
    model(|| {
        let model = Model::new();
        let (mut first, mut second) = (model.join_eager(), model.join_eager());
        assert!(!once(&mut first));
        let left = thread::spawn(move || {
            let ended = once(&mut second);
            drop(second);
            ended
        });
        assert_eq!(wait(first), Some(42));
        left.join().expect("no panic");
        model.check(1);
    });
}

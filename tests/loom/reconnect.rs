//! Models of the slot: two callers and one connect, which either may drive.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use loom::{
    sync::{Condvar, Mutex},
    thread,
};

use super::{bell::Bell, config::Config, shared::Shared, state::State, waiter::Waiter};
use crate::ground::name::Name;

/// Wakes a thread that waits for it.
struct Alarm(Mutex<bool>, Condvar);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        *self.0.lock().expect("no panic") = true;
        self.1.notify_one();
    }
}

/// Polls a waiter to its end, only when woken; `give_up_after` so many polls if it is not.
fn wait(shared: &Shared<u8, ()>, give_up_after: usize) -> Option<u8> {
    let alarm = Arc::new(Alarm(Mutex::new(false), Condvar::new()));
    let waker = Waker::from(Arc::clone(&alarm));
    let mut waiter = pin!(Waiter::new());
    for _ in 0..give_up_after {
        if let Poll::Ready(live) = waiter.as_mut().poll(shared, &mut Context::from_waker(&waker)) {
            return live.ok().map(|live| live.connection);
        }
        let mut rung = alarm.0.lock().expect("no panic");
        while !*rung {
            rung = alarm.1.wait(rung).expect("no panic");
        }
        *rung = false;
    }
    None
}

/// A connect that is pending once, and is woken by a thread of its own.
fn shared(connects: &Arc<AtomicUsize>, wakers: &Arc<Mutex<Option<Waker>>>) -> Arc<Shared<u8, ()>> {
    let config = Config::new().with_connect_within(Duration::MAX).with_wait(Duration::MAX);
    let plan = config.parse().expect("a config of this file");
    let (connects, wakers) = (Arc::clone(connects), Arc::clone(wakers));
    Shared::new(Name::Static("model"), plan, move || {
        connects.fetch_add(1, Ordering::Relaxed);
        let wakers = Arc::clone(&wakers);
        let mut polled = false;
        poll_fn(move |cx| {
            if std::mem::replace(&mut polled, true) {
                return Poll::Ready(Ok(7));
            }
            *wakers.lock().expect("no panic") = Some(cx.waker().clone());
            Poll::Pending
        })
    })
}

/// Wakes the connect once it waits, if it ever does.
fn reactor(wakers: &Mutex<Option<Waker>>) {
    if let Some(waker) = wakers.lock().expect("no panic").take() {
        waker.wake();
    }
}

#[test]
fn two_callers_share_one_connect_whoever_drives_it() {
    loom::model(|| {
        let connects = Arc::new(AtomicUsize::new(0));
        let wakers = Arc::new(Mutex::new(None));
        let shared = shared(&connects, &wakers);
        // Begun, and waiting for what wakes it.
        {
            let mut first = pin!(Waiter::new());
            let polled = first.as_mut().poll(&shared, &mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
        }
        let other = Arc::clone(&shared);
        let theirs = thread::spawn(move || wait(&other, usize::MAX));
        let mine = wait(&shared, usize::MAX);
        assert_eq!((mine, theirs.join().expect("no panic")), (Some(7), Some(7)));
        assert_eq!((connects.load(Ordering::Relaxed), shared.state()), (1, State::Up));
    });
}

#[test]
fn a_wake_while_somebody_polls_is_heard_by_who_came_for_it_meanwhile() {
    loom::model(|| {
        let connects = Arc::new(AtomicUsize::new(0));
        let wakers = Arc::new(Mutex::new(None));
        let shared = shared(&connects, &wakers);
        // One begins the connect, is woken or not, and goes away without polling again.
        let leaving = Arc::clone(&shared);
        let left = thread::spawn(move || {
            let mut waiter = pin!(Waiter::new());
            let _ = waiter.as_mut().poll(&leaving, &mut Context::from_waker(Waker::noop()));
        });
        let other = Arc::clone(&wakers);
        let waking = thread::spawn(move || reactor(&other));
        left.join().expect("no panic");
        waking.join().expect("no panic");
        // What the thread above was too early for is done now; then nobody is left to wake.
        let staying = Arc::clone(&shared);
        let stayed = thread::spawn(move || wait(&staying, usize::MAX));
        reactor(&wakers);
        assert_eq!(stayed.join().expect("no panic"), Some(7));
        assert_eq!(connects.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_bell_that_rings_while_somebody_comes_to_listen_is_heard_or_found() {
    loom::model(|| {
        let bell = Bell::new();
        let ringing = Arc::clone(&bell);
        let rings = thread::spawn(move || Waker::from(ringing).wake());
        let alarm = Arc::new(Alarm(Mutex::new(false), Condvar::new()));
        let place = super::bell::Place::at(&bell);
        place.listen(&Waker::from(Arc::clone(&alarm)));
        let found = bell.rung() == 1;
        rings.join().expect("no panic");
        let heard = *alarm.0.lock().expect("no panic");
        assert!(found || heard);
    });
}

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

use super::{config::Config, shared::Shared, state::State, waiter::Waiter};
use crate::ground::{
    joint::{Bell, Place},
    name::Name,
};

/// Wakes a thread that waits for it.
struct Alarm(Mutex<bool>, Condvar);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        *self.0.lock().expect("no panic") = true;
        self.1.notify_one();
    }
}

/// Polls a waiter to its end, only when woken.
fn wait(shared: &Shared<u8, ()>) -> Option<u8> {
    let alarm = Arc::new(Alarm(Mutex::new(false), Condvar::new()));
    let waker = Waker::from(Arc::clone(&alarm));
    let mut waiter = pin!(Waiter::new());
    loop {
        if let Poll::Ready(live) = waiter.as_mut().poll(shared, &mut Context::from_waker(&waker)) {
            return live.ok().map(|live| live.connection);
        }
        let mut rung = alarm.0.lock().expect("no panic");
        while !*rung {
            rung = alarm.1.wait(rung).expect("no panic");
        }
        *rung = false;
    }
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

/// Wakes the connect, which waits.
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
        let theirs = thread::spawn(move || wait(&other));
        reactor(&wakers);
        let mine = wait(&shared);
        assert_eq!((mine, theirs.join().expect("no panic")), (Some(7), Some(7)));
        assert_eq!((connects.load(Ordering::Relaxed), shared.state()), (1, State::Up));
    });
}

/// One polls and goes away, as `select!` does; the connect is woken while it is out of its slot.
#[test]
fn a_wake_while_somebody_polls_is_heard_by_who_came_for_it_meanwhile() {
    // Where more than two are preempted nothing new happens, and it takes minutes.
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let config = Config::new().with_connect_within(Duration::MAX).with_wait(Duration::MAX);
        let plan = config.parse().expect("a config of this file");
        let shared: Arc<Shared<u8, ()>> = Shared::new(Name::Static("model"), plan, || {
            let mut polled = false;
            poll_fn(move |cx| {
                if std::mem::replace(&mut polled, true) {
                    return Poll::Ready(Ok(7));
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            })
        });
        let leaving = Arc::clone(&shared);
        let left = thread::spawn(move || {
            let mut waiter = pin!(Waiter::new());
            let _ = waiter.as_mut().poll(&leaving, &mut Context::from_waker(Waker::noop()));
        });
        assert_eq!(wait(&shared), Some(7));
        left.join().expect("no panic");
    });
}

#[test]
fn a_bell_that_rings_while_somebody_comes_to_listen_is_heard_or_found() {
    loom::model(|| {
        let bell = Arc::new(Bell::new());
        let ringing = Arc::clone(&bell);
        let rings = thread::spawn(move || Waker::from(ringing).wake());
        let alarm = Arc::new(Alarm(Mutex::new(false), Condvar::new()));
        let mut place = Place::at(&bell);
        place.listen(&Waker::from(Arc::clone(&alarm)));
        let found = bell.rung() == 1;
        rings.join().expect("no panic");
        let heard = *alarm.0.lock().expect("no panic");
        assert!(found || heard);
    });
}

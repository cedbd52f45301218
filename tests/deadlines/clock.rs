//! What a timeout needs of its surroundings: a clock and a timer only where something waits.

use std::{
    future::{pending, ready},
    time::Duration,
};

use buttress::{Error, time::Deadline};
use tokio::runtime::{Builder, Runtime};

use crate::doors::{Door, SECOND, timeout};

/// A runtime in which nobody can sleep.
fn sleepless() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

#[test]
fn what_is_ready_at_once_needs_no_timer() {
    for door in Door::ALL {
        let timeout = timeout(SECOND);
        let answer = sleepless().block_on(door.time(&timeout, || ready(Ok::<_, ()>(7))));
        assert_eq!(answer, Ok(7), "{door:?}");
    }
}

#[test]
fn what_is_ready_at_once_needs_no_runtime() {
    for door in Door::ALL {
        let timeout = timeout(SECOND);
        let mut answer = std::pin::pin!(door.time(&timeout, || ready(Ok::<_, ()>(7))));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert_eq!(answer.as_mut().poll(&mut cx), std::task::Poll::Ready(Ok(7)), "{door:?}");
    }
}

#[test]
fn under_a_deadline_what_is_ready_at_once_needs_no_timer_either() {
    for door in Door::ALL {
        let timeout = timeout(SECOND);
        let call = door.time(&timeout, || ready(Ok::<_, ()>(7)));
        let deadline = Deadline::within(3600 * SECOND);
        assert_eq!(sleepless().block_on(deadline.scope(call)), Ok(7), "{door:?}");
    }
}

#[test]
fn what_is_refused_needs_no_timer() {
    for door in Door::ALL {
        let timeout = timeout(SECOND);
        let passed = Deadline::at(buttress::time::Instant::ORIGIN.before(SECOND));
        let call = passed.scope(door.time(&timeout, pending::<Result<(), ()>>));
        let refusal = match sleepless().block_on(call) {
            Err(Error::Refused(refusal)) => refusal,
            other => panic!("{door:?}: {other:?}"),
        };
        assert!(!refusal.began());
    }
}

#[test]
fn without_a_limit_what_waits_needs_no_timer() {
    for door in Door::ALL {
        let timeout = timeout(Duration::MAX);
        let answer = sleepless().block_on(door.time(&timeout, async || {
            tokio::task::yield_now().await;
            Ok::<_, ()>(7)
        }));
        assert_eq!(answer, Ok(7), "{door:?}");
    }
}

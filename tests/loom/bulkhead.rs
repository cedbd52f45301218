//! Models of the queue: whoever waits is let in, sent away or gone, whatever happens at the same time.

use std::{
    sync::Arc,
    task::{Wake, Waker},
};

use loom::{
    sync::{
        Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::{
    class::Class,
    config::Config,
    shared::{Core, Ended, Entry, Place, Why},
};
use crate::ground::{name::Name, time::Instant};

/// Wakes a thread that waits for it.
struct Alarm(Mutex<bool>, Condvar);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        *self.0.lock().expect("no panic") = true;
        self.1.notify_one();
    }
}

impl Alarm {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(false), Condvar::new()))
    }

    fn wait(&self) {
        let mut rung = self.0.lock().expect("no panic");
        while !*rung {
            rung = self.1.wait(rung).expect("no panic");
        }
        *rung = false;
    }
}

/// One place, and one more may wait for it.
fn core() -> Arc<Core> {
    let config = Config::new().with_limit(1).with_queue(1, std::time::Duration::MAX);
    let plan = config.parse().expect("a config of this file");
    Arc::new(Core::new(Name::Static("model"), &plan, 1, true))
}

/// Waits in this slot, only looking when woken.
fn wait(core: &Core, at: usize) -> Ended {
    let alarm = Alarm::new();
    loop {
        match core.look(at, Waker::from(Arc::clone(&alarm))) {
            Some(ended) => return ended,
            None => alarm.wait(),
        }
    }
}

/// A place, however long that takes.
fn enter(core: &Core) -> Result<Place, Why> {
    match core.enter(Class::Normal) {
        Entry::Placed(place) => Ok(place),
        Entry::Refused(why) => Err(why),
        Entry::Queued(at, _) => match wait(core, at) {
            Ended::Placed(place) => Ok(place),
            Ended::Refused(why) => Err(why),
        },
    }
}

fn placed(core: &Core) -> Place {
    core.try_place(Class::Normal).expect("there is a place")
}

/// Nobody is here, and whoever comes is let in.
fn assert_unharmed(core: &Core) {
    assert!(core.is_empty());
    core.leave(placed(core));
}

fn bounded(model: impl Fn() + Sync + Send + 'static) {
    // Where more than two are preempted nothing new happens, and it takes minutes.
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(model);
}

#[test]
fn two_who_want_the_only_place_have_it_one_after_the_other() {
    bounded(|| {
        let core = core();
        let inside = Arc::new(AtomicUsize::new(0));
        let visit = |core: &Core, inside: &AtomicUsize| {
            let place = enter(core).expect("one may wait");
            assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0);
            inside.fetch_sub(1, Ordering::Relaxed);
            core.leave(place);
        };
        let (their_core, their_inside) = (Arc::clone(&core), Arc::clone(&inside));
        let theirs = thread::spawn(move || visit(&their_core, &their_inside));
        visit(&core, &inside);
        theirs.join().expect("no panic");
        assert_unharmed(&core);
    });
}

#[test]
fn a_place_given_to_somebody_who_goes_away_is_not_lost() {
    bounded(|| {
        let core = core();
        let place = placed(&core);
        let Entry::Queued(at, _) = core.enter(Class::Normal) else { panic!("it waits") };
        let leaving = Arc::clone(&core);
        let left = thread::spawn(move || leaving.abandon(at));
        core.leave(place);
        left.join().expect("no panic");
        assert_unharmed(&core);
    });
}

#[test]
fn somebody_who_gives_up_has_the_place_or_leaves_it() {
    bounded(|| {
        let core = core();
        let place = placed(&core);
        let Entry::Queued(at, _) = core.enter(Class::Normal) else { panic!("it waits") };
        let other = Arc::clone(&core);
        let gave_up = thread::spawn(move || match other.give_up(at, Why::Expired) {
            Ended::Placed(place) => other.leave(place),
            Ended::Refused(why) => assert_eq!(why, Why::Expired),
        });
        core.leave(place);
        gave_up.join().expect("no panic");
        assert_unharmed(&core);
    });
}

#[test]
fn a_larger_limit_lets_in_who_comes_to_wait_meanwhile() {
    bounded(|| {
        let core = core();
        let place = placed(&core);
        let other = Arc::clone(&core);
        let coming = thread::spawn(move || other.enter(Class::Normal));
        core.set_limit(2);
        match coming.join().expect("no panic") {
            Entry::Placed(place) => core.leave(place),
            Entry::Queued(at, _) => match core.look(at, Waker::noop().clone()) {
                Some(Ended::Placed(place)) => core.leave(place),
                other => panic!("it would wait for ever: {other:?}"),
            },
            Entry::Refused(why) => panic!("one may wait: {why:?}"),
        }
        core.leave(place);
        assert_unharmed(&core);
    });
}

#[test]
fn two_who_do_not_wait_never_have_the_only_place_together() {
    bounded(|| {
        let core = core();
        let other = Arc::clone(&core);
        let theirs = thread::spawn(move || other.try_place(Class::Normal));
        let mine = core.try_place(Class::Normal);
        let theirs = theirs.join().expect("no panic");
        assert!(mine.is_ok() ^ theirs.is_ok());
        [mine, theirs].into_iter().flatten().for_each(|place| core.leave(place));
        assert_unharmed(&core);
    });
}

#[test]
fn a_close_sends_away_who_comes_to_wait_and_hears_of_the_last_to_leave() {
    bounded(|| {
        let core = core();
        let place = placed(&core);
        let other = Arc::clone(&core);
        let waiting = thread::spawn(move || enter(&other));
        let leaving = Arc::clone(&core);
        let (_, number) = core.close(Instant::FOREVER);
        assert_eq!(waiting.join().expect("no panic"), Err(Why::Closed));
        let left = thread::spawn(move || leaving.leave(place));
        let alarm = Alarm::new();
        while core.listen(number, Waker::from(Arc::clone(&alarm))) > 0 {
            alarm.wait();
        }
        left.join().expect("no panic");
        assert!(core.is_empty());
        assert_eq!(core.try_place(Class::Normal), Err(Why::Closed));
    });
}

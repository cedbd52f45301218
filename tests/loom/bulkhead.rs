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
    config::{Adaptive, Config},
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

/// As [`core`], and by each success there is one place more.
fn adaptive() -> Arc<Core> {
    let adaptive = Adaptive::aimd(std::time::Duration::MAX).with_max(4);
    let config = Config::new().with_limit(1).with_queue(1, std::time::Duration::MAX);
    let plan = config.with_adaptive(adaptive).parse().expect("a config of this file");
    Arc::new(Core::new(Name::Static("model"), &plan, 1, true))
}

/// The call in this place has ended well; the place is still taken.
fn succeed(core: &Core, place: &mut Place) {
    let started = place.take_started().expect("every call is measured");
    core.told(started, false, core.in_flight());
}

/// What was told, and what came while another was heard.
fn told(core: &Core) -> (u64, u64) {
    let seen = core.snapshot().adaptive.expect("it is adaptive");
    (seen.samples, seen.missed)
}

#[test]
fn a_limit_that_grows_by_itself_lets_in_who_comes_to_wait_meanwhile() {
    bounded(|| {
        let core = adaptive();
        let mut place = placed(&core);
        let other = Arc::clone(&core);
        let coming = thread::spawn(move || other.enter(Class::Normal));
        succeed(&core, &mut place);
        assert_eq!(core.limit(), 2);
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
fn of_two_who_tell_at_once_each_is_heard_or_counted_as_missed() {
    bounded(|| {
        let core = core();
        let config = Config::new().with_limit(2).with_adaptive(Adaptive::gradient());
        core.reconfigure(&config.parse().expect("a config of this file"));
        let (mut mine, mut theirs) = (placed(&core), placed(&core));
        let other = Arc::clone(&core);
        let telling = thread::spawn(move || {
            succeed(&other, &mut theirs);
            other.leave(theirs);
        });
        succeed(&core, &mut mine);
        core.leave(mine);
        telling.join().expect("no panic");
        let (samples, missed) = told(&core);
        assert_eq!(samples + missed, 2);
        assert!(samples >= 1, "one of them was first");
        let mut place = placed(&core);
        succeed(&core, &mut place);
        assert_eq!(told(&core), (samples + 1, missed), "it is back in its place");
        core.leave(place);
        assert_unharmed(&core);
    });
}

#[test]
fn what_was_learned_under_one_config_changes_nothing_under_the_next() {
    bounded(|| {
        let core = adaptive();
        let mut place = placed(&core);
        let other = Arc::clone(&core);
        let changing = thread::spawn(move || {
            let plan = Config::new().with_limit(3).with_adaptive(Adaptive::vegas()).parse();
            other.reconfigure(&plan.expect("a config of this file"));
        });
        succeed(&core, &mut place);
        changing.join().expect("no panic");
        assert_eq!((core.limit(), told(&core).0), (3, 0));
        core.leave(place);
        assert_unharmed(&core);
    });
}

#[test]
fn a_close_sends_away_who_waits_while_the_limit_grows_by_itself() {
    bounded(|| {
        let core = adaptive();
        let mut place = placed(&core);
        let other = Arc::clone(&core);
        let waiting = thread::spawn(move || enter(&other));
        let closing = Arc::clone(&core);
        let closed = thread::spawn(move || closing.close(Instant::FOREVER));
        succeed(&core, &mut place);
        core.leave(place);
        closed.join().expect("no panic");
        match waiting.join().expect("no panic") {
            Ok(mut place) => {
                place.take_started();
                core.leave(place);
            }
            Err(why) => assert_eq!(why, Why::Closed),
        }
        assert!(core.is_empty());
        assert_eq!(core.try_place(Class::Normal), Err(Why::Closed));
    });
}

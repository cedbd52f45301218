//! Models of the buckets: two threads at them at once.

use std::{
    sync::Arc,
    task::{Wake, Waker},
};

use loom::thread;

use super::{
    config::{Config, Rate},
    shared::{Shared, Turn},
};
use crate::ground::{name::Name, time};

/// So few that none comes back while a model runs.
fn shared(config: Config) -> Arc<Shared> {
    let plan = config.parse().expect("a config of this file");
    Arc::new(Shared::new(Name::Static("model"), &plan, 1, time::now()))
}

fn day(burst: u64) -> Rate {
    Rate::per_day(1).with_burst(burst)
}

struct Nobody;

impl Wake for Nobody {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn two_threads_at_the_last_token_get_one() {
    loom::model(|| {
        let shared = shared(Config::new(day(1)));
        let other = Arc::clone(&shared);
        let taking = thread::spawn(move || other.take(1).is_ok());
        let mine = shared.take(1).is_ok();
        let theirs = taking.join().expect("no panic");
        assert!(mine ^ theirs);
    });
}

/// Where tokens are taken without a look at the clock, none is taken twice.
#[test]
fn a_large_bucket_loses_and_invents_no_token() {
    loom::model(|| {
        let shared = shared(Config::new(Rate::per_day(2048)));
        // All but two, the last of them with a look.
        assert!(shared.take(2045).is_ok() && shared.take(1).is_ok());
        let other = Arc::clone(&shared);
        let taking = thread::spawn(move || u64::from(other.take(1).is_ok()));
        let mine = u64::from(shared.take(1).is_ok()) + u64::from(shared.take(1).is_ok());
        let theirs = taking.join().expect("no panic");
        assert_eq!(mine + theirs, 2);
        assert_eq!(shared.decision(1, false).remaining, 0);
        assert!(shared.take(1).is_err());
    });
}

#[test]
fn a_large_bucket_gets_back_what_is_refunded_meanwhile() {
    loom::model(|| {
        let shared = shared(Config::new(Rate::per_day(2048)));
        assert!(shared.take(2046).is_ok() && shared.take(1).is_ok());
        let other = Arc::clone(&shared);
        let settling = thread::spawn(move || other.give_back(1));
        let mine = u64::from(shared.take(1).is_ok()) + u64::from(shared.take(1).is_ok());
        settling.join().expect("no panic");
        assert!(mine >= 1);
        assert_eq!(shared.decision(1, false).remaining, 2 - mine);
    });
}

#[test]
fn of_two_quotas_two_threads_take_all_or_nothing() {
    loom::model(|| {
        let shared = shared(Config::new(day(2)).also(day(1)));
        let other = Arc::clone(&shared);
        let taking = thread::spawn(move || other.take(1).is_ok());
        let mine = shared.take(1).is_ok();
        let theirs = taking.join().expect("no panic");
        assert!(!(mine && theirs), "more than the second has");
        let left = shared.decision(1, false);
        let taken = u64::from(mine) + u64::from(theirs);
        assert_eq!(left.remaining, 1 - taken, "what was given back is there");
        // Whoever was refused by the second has given the first its token back.
        let levels = shared.snapshot().levels;
        assert_eq!(levels[0].remaining, 2 - taken);
    });
}

#[test]
fn a_settlement_and_a_call_lose_no_token() {
    loom::model(|| {
        let shared = shared(Config::new(day(4)));
        assert!(shared.take(3).is_ok());
        let other = Arc::clone(&shared);
        let settling = thread::spawn(move || {
            // Estimated three, was one.
            other.give_back(2);
        });
        let mine = u64::from(shared.take(2).is_ok()) * 2;
        settling.join().expect("no panic");
        assert_eq!(shared.decision(1, false).remaining, 3 - mine);
    });
}

#[test]
fn a_slot_that_is_given_up_is_there_for_the_next() {
    loom::model(|| {
        let config = Config::new(day(1)).with_max_wait(std::time::Duration::MAX);
        let shared = shared(config);
        assert!(shared.take(1).is_ok());
        let Turn::Later(first, due) = shared.take_or_line_up(1) else { panic!("no slot") };
        let other = Arc::clone(&shared);
        let leaving = thread::spawn(move || other.leave(first));
        let second = shared.take_or_line_up(1);
        leaving.join().expect("no panic");
        let Turn::Later(second, later) = second else { panic!("no slot") };
        assert!(later >= due);
        // Whichever was first, the second now has the first's slot.
        let waker = Waker::from(Arc::new(Nobody));
        let Err(now_due) = shared.poll_turn(second, &waker) else { panic!("served a day early") };
        assert!(now_due <= due.after(std::time::Duration::from_secs(60)), "{now_due:?}, {due:?}");
        assert_eq!(shared.snapshot().waiting, 1);
    });
}

#[test]
fn a_lease_that_opens_and_closes_loses_and_invents_no_token() {
    loom::model(|| {
        let shared = shared(Config::new(day(8)));
        let other = Arc::clone(&shared);
        let leasing = thread::spawn(move || {
            let size = other.set_aside(2);
            // One of them is spent.
            other.put_back(size, size.saturating_sub(1));
            size.min(1)
        });
        let mine = u64::from(shared.take(7).is_ok()) * 7;
        let leased = leasing.join().expect("no panic");
        assert_eq!(shared.decision(1, false).remaining, 8 - mine - leased);
        assert_eq!(shared.decision(1, false).limit, 8);
    });
}

/// Whoever spends by what the bucket held before finds the tokens gone that the lease has.
#[test]
fn a_lease_that_opens_and_a_call_have_no_more_than_the_quota() {
    loom::model(|| {
        let shared = shared(Config::new(day(8)));
        let other = Arc::clone(&shared);
        let leasing = thread::spawn(move || other.set_aside(2));
        let mine = u64::from(shared.take(7).is_ok()) * 7;
        let leased = leasing.join().expect("no panic");
        assert!(mine + leased <= 8, "{mine} and {leased}");
    });
}

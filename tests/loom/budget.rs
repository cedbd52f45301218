//! Models of the purse: two threads at it at once.

use std::sync::Arc;

use loom::thread;

use super::{config::Config, shared::Shared};
use crate::ground::{name::Name, time::Instant};

fn shared(config: Config) -> Arc<Shared> {
    let plan = config.parse().expect("a config of this file");
    Arc::new(Shared::new(Name::Static("model"), &plan, 1))
}

#[test]
fn two_threads_taking_the_last_token_get_one() {
    loom::model(|| {
        let shared = shared(Config::new().with_ratio(1.0).with_per_second(0));
        shared.pay_in();
        let other = Arc::clone(&shared);
        let taking = thread::spawn(move || other.take_out(Instant::ORIGIN));
        let mine = shared.take_out(Instant::ORIGIN);
        let theirs = taking.join().expect("no panic");
        assert!(mine ^ theirs);
    });
}

#[test]
fn two_threads_taking_of_one_second_get_what_it_has() {
    loom::model(|| {
        let shared = shared(Config::new().with_ratio(0.0).with_per_second(1));
        let other = Arc::clone(&shared);
        let taking = thread::spawn(move || other.take_out(Instant::ORIGIN));
        let mine = shared.take_out(Instant::ORIGIN);
        let theirs = taking.join().expect("no panic");
        assert!(mine ^ theirs);
    });
}

#[test]
fn a_payment_that_is_lost_or_late_mints_nothing() {
    loom::model(|| {
        let shared = shared(Config::new().with_ratio(1.0).with_per_second(0));
        shared.pay_in();
        let other = Arc::clone(&shared);
        let paying = thread::spawn(move || other.pay_in());
        // On the same place at the same time: one of the two payments may be lost.
        shared.pay_in();
        let mut taken = u32::from(shared.take_out(Instant::ORIGIN));
        paying.join().expect("no panic");
        while shared.take_out(Instant::ORIGIN) {
            taken += 1;
        }
        assert!((2..=3).contains(&taken), "{taken} of 3 payments");
    });
}

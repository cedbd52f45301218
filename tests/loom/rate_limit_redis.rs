//! Models of what is held here of keys: two threads that spend one lease, one that is granted more, and
//! keys that take each other's places.

use std::sync::Arc;

use loom::thread;

use super::held::{Held, Known};
use crate::ground::time::Instant;

const INTERVAL: u64 = 1000;

fn at(nanos: u64) -> Instant {
    Instant::from_nanos(Instant::ORIGIN.as_nanos() + nanos)
}

fn spend(held: &Held, key: &[u8], tries: usize) -> u64 {
    (0..tries).map(|_| u64::from(matches!(held.take(key, 1, at(0)), Known::Spent(_)))).sum()
}

#[test]
fn no_more_is_spent_of_leases_than_was_granted() {
    loom::model(|| {
        let held = Arc::new(Held::new(2, 1, INTERVAL));
        assert!(held.place(b"a", at(0)).is_some());
        held.grant(b"a", 2, 1, at(0));
        let other = Arc::clone(&held);
        let spending = thread::spawn(move || {
            other.grant(b"a", 2, 1, at(0));
            spend(&other, b"a", 2)
        });
        let mut spent = spend(&held, b"a", 2);
        spent += spending.join().expect("no panic");
        spent += spend(&held, b"a", 3);
        assert_eq!(spent, 2, "of four granted two were spent with the grants");
    });
}

#[test]
fn a_key_that_takes_anothers_place_finds_none_of_its_tokens() {
    loom::model(|| {
        let held = Arc::new(Held::new(1, 1, INTERVAL));
        let other = Arc::clone(&held);
        let taking = thread::spawn(move || {
            let turn = other.place(b"b", at(0));
            if turn.is_some() {
                other.grant(b"b", 2, 1, at(0));
            }
            (turn.is_some(), spend(&other, b"b", 2))
        });
        let turn = held.place(b"a", at(0));
        if turn.is_some() {
            held.grant(b"a", 2, 1, at(0));
        }
        let mine = spend(&held, b"a", 2);
        let (theirs_placed, theirs) = taking.join().expect("no panic");
        assert!(mine <= u64::from(turn.is_some()) && theirs <= u64::from(theirs_placed));
        assert!(turn.is_some() || theirs_placed);
        assert_eq!(held.keys(), 1);
    });
}

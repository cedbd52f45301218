//! Models of the table: two threads with the same new key, and two with two keys for one place.

use std::sync::Arc;

use loom::thread;

use super::{
    hash::Seeded,
    store::{Exact, Table, sealed::Store},
};
use crate::ground::sync::atomic::Ordering;

/// Finds or makes the bucket of this hash, and takes its only token: full at 100, asked at 0.
fn take(table: &Table, hash: u64) -> bool {
    let Some(place) = table.find(hash).or_else(|| table.claim(hash, 0)) else { return false };
    place.first.compare_exchange(0, 100, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

#[test]
fn a_key_that_two_bring_at_once_has_one_bucket_from_then_on() {
    loom::model(|| {
        let table = Arc::new(Table::new(1, 0));
        let other = Arc::clone(&table);
        let taking = thread::spawn(move || take(&other, 8));
        let mine = take(&table, 8);
        let theirs = taking.join().expect("no panic");
        assert!(mine || theirs);
        // Both may have given theirs up for the other's; then the next makes a new one, and that is it.
        let further = (0..4).filter(|_| take(&table, 8)).count();
        assert!(further <= 1, "{further}");
    });
}

/// Whoever loses a place between finding it and spending is counted for the other, once.
#[test]
fn keys_that_meet_at_a_place_lose_no_more_than_one_call_to_each_other() {
    loom::model(|| {
        let table = Arc::new(Table::new(1, 0));
        let other = Arc::clone(&table);
        let taking = thread::spawn(move || take(&other, 8));
        let mut taken = u32::from(take(&table, 16));
        taken += u32::from(taking.join().expect("no panic"));
        for _ in 0..3 {
            taken += u32::from(take(&table, 16)) + u32::from(take(&table, 8));
        }
        assert!((2..=3).contains(&taken), "{taken}");
    });
}

/// All places of a line but one are busy, and whose that one is has a full bucket: it is as good as
/// empty, and one of the two who want it at once is let through.
#[test]
fn a_key_that_comes_back_while_its_place_is_taken_is_counted_with_the_other() {
    loom::model(|| {
        let table = Arc::new(Table::new(1, 0));
        for hash in [32, 64, 128] {
            let words = table.claim(hash, 0).expect("there is room");
            words.first.store(1000, Ordering::Relaxed);
        }
        assert!(table.claim(8, 0).is_some());
        let other = Arc::clone(&table);
        let taking = thread::spawn(move || take(&other, 16));
        let mine = take(&table, 8);
        let theirs = taking.join().expect("no panic");
        assert!(mine != theirs, "{mine} {theirs}");
        // Whoever has it now has it alone, and the busy ones are still there.
        assert!(!take(&table, 8) && !take(&table, 16));
        let kept = [8, 16, 32, 64, 128].into_iter().filter(|hash| table.find(*hash).is_some());
        assert_eq!(kept.count(), 4);
        assert_eq!(table.live(0), 4);
    });
}

/// Exact keys have no such moments: of two who bring the same key at once one is let through.
#[test]
fn an_exact_key_that_two_bring_at_once_is_let_through_once() {
    loom::model(|| {
        let store = Arc::new(Exact::<u8>::new(1, 0, Seeded::new()));
        let take = |store: &Exact<u8>| {
            store.visit(
                &7,
                || 0,
                |words| {
                    let taken =
                        words.first.compare_exchange(0, 100, Ordering::Relaxed, Ordering::Relaxed);
                    taken.is_ok()
                },
            )
        };
        let other = Arc::clone(&store);
        let taking = thread::spawn(move || take(&other));
        let mine = take(&store);
        let theirs = taking.join().expect("no panic");
        assert!(mine.is_some() && theirs.is_some() && mine != theirs);
        assert_eq!(store_live(&store), 1);
    });
}

fn store_live(store: &Exact<u8>) -> usize {
    Store::<u8>::live(store, 0)
}

//! Models of the table: two threads with the same new key, and two with two keys for one place.

use std::sync::Arc;

use loom::thread;

use super::store::Table;
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

//! Many circuits by key, in bounded memory.

use std::sync::atomic::{AtomicBool, Ordering};

use buttress::{
    Keyed,
    circuit_breaker::{CircuitBreaker, Config, Plan, State},
};
use tokio::time::advance;

use crate::doors::SECOND;

type Family = Keyed<u64, CircuitBreaker>;

/// Two failures in a row open a member for a minute.
fn plan() -> Plan {
    Config::off()
        .with_consecutive_failures(2)
        .with_fixed_interval(60 * SECOND)
        .with_probes(1)
        .parse()
        .unwrap()
}

fn family(capacity: usize) -> Family {
    Keyed::new("tenants", capacity, |_: &u64| plan()).unwrap()
}

fn trip(breaker: &CircuitBreaker) {
    breaker.try_acquire().unwrap().failure();
    breaker.try_acquire().unwrap().failure();
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn a_million_keys_never_make_more_entries_than_the_cap() {
    const CAP: usize = 10_000;
    const THREADS: u64 = 2;
    const EACH: u64 = 500_000;

    let tenants = family(CAP);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (tenants, over) = (&tenants, &over);
            scope.spawn(move || {
                for key in 0..EACH {
                    let breaker = tenants.get(&(thread * EACH + key));
                    if key % 16 == 0 {
                        breaker.try_acquire().unwrap().success();
                    }
                    if tenants.len() > CAP {
                        over.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert!(!over.into_inner());
    let snapshot = tenants.snapshot();
    assert_eq!((snapshot.entries, snapshot.capacity), (CAP, CAP));
    assert_eq!(tenants.entries().len(), CAP, "as many as are counted");
    assert_eq!(snapshot.evicted, THREADS * EACH - CAP as u64);
    assert_eq!(snapshot.overflowed, 0);
}

#[tokio::test(start_paused = true)]
async fn fresh_keys_do_not_flush_an_open_breaker() {
    let tenants = family(100);
    for key in 0..50 {
        trip(&tenants.get(&key));
    }
    for fresh in 1_000..6_000 {
        tenants.get(&fresh).try_acquire().unwrap().success();
        assert!(tenants.len() <= 100);
    }
    for key in 0..50 {
        let refusal = tenants.get(&key).try_acquire().unwrap_err();
        assert_eq!(refusal.retry_after(), Some(60 * SECOND), "tenant {key}");
    }
    assert_eq!(tenants.snapshot().evicted, 50 + 5_000 - 100);
}

/// One that has only begun to fail is kept longer than those that never did.
#[tokio::test(start_paused = true)]
async fn a_breaker_that_has_seen_a_failure_outlives_the_healthy_ones() {
    let tenants = family(10);
    tenants.get(&7).try_acquire().unwrap().failure();
    for fresh in 100..1_000 {
        drop(tenants.get(&fresh));
    }
    assert_eq!(tenants.get(&7).snapshot().counts.consecutive_failures, 1);
}

#[tokio::test(start_paused = true)]
async fn once_they_are_all_unhealthy_one_of_them_goes() {
    let tenants = family(10);
    (0..10).for_each(|key| trip(&tenants.get(&key)));
    trip(&tenants.get(&10));
    assert_eq!((tenants.len(), tenants.snapshot().evicted), (10, 1));
    let kept = (0..10).filter(|key| tenants.entries().iter().any(|(kept, _)| kept == key)).count();
    assert_eq!(kept, 9);
    assert_eq!(tenants.get(&10).state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_is_held_is_never_given_up() {
    let tenants = family(10);
    let (by_handle, by_permit) = (tenants.get(&1), tenants.get(&2).try_acquire_owned().unwrap());
    let by_service = tower::ServiceBuilder::new().layer(tenants.get(&3).layer()).service(());
    for fresh in 100..5_000 {
        drop(tenants.get(&fresh));
    }
    by_handle.try_acquire().unwrap().failure();
    by_permit.failure();
    assert!(tenants.get(&1).same_circuit(&by_handle));
    for key in [1, 2] {
        assert_eq!(tenants.get(&key).snapshot().counts.consecutive_failures, 1, "tenant {key}");
    }
    drop(by_service);
    assert_eq!(tenants.snapshot().overflowed, 0);
}

#[tokio::test(start_paused = true)]
async fn where_every_guard_is_held_a_new_key_is_served_and_not_kept() {
    let tenants = family(10);
    let held: Vec<_> = (0..10).map(|key| tenants.get(&key)).collect();
    for round in 1..=5 {
        let passing = tenants.get(&99);
        trip(&passing);
        assert_eq!((tenants.len(), tenants.snapshot().overflowed), (10, round));
        assert!(tenants.entries().iter().all(|(key, _)| *key != 99));
    }
    assert_eq!(tenants.get(&99).state(), State::Closed, "nobody remembers it");
    for (key, guard) in (0..10).zip(&held) {
        assert!(tenants.get(&key).same_circuit(guard));
    }
    drop(held);
    let kept = tenants.get(&99);
    assert!(tenants.get(&99).same_circuit(&kept));
    assert_eq!(tenants.len(), 10);
}

#[tokio::test(start_paused = true)]
async fn one_key_is_one_circuit_and_two_are_two() {
    let tenants = family(1_000);
    let clone = tenants.clone();
    for key in 0..100 {
        assert!(tenants.get(&key).same_circuit(&clone.get(&key)));
        assert!(!tenants.get(&key).same_circuit(&clone.get(&(key + 100))));
    }
    trip(&tenants.get(&1));
    assert_eq!(clone.get(&1).state(), State::Open);
    assert_eq!(clone.get(&2).state(), State::Closed);
    assert_eq!(clone.get(&1).name().as_str(), "tenants", "no key in any name");
}

#[test]
fn threads_that_ask_for_one_key_at_once_get_one_circuit() {
    for round in 0..200 {
        let tenants = family(1_000);
        let guards: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| tenants.get(&round))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(guards.iter().all(|guard| guard.same_circuit(&guards[0])));
        assert_eq!(tenants.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_works_as_any_circuit_does() {
    let tenants = family(10);
    let answer = tenants.get(&1).call(async || Err::<(), _>("down")).await;
    assert!(answer.is_err());
    tenants.get(&1).call(async || Err::<(), _>("down")).await.unwrap_err();
    assert!(tenants.get(&1).try_acquire().is_err());
    advance(60 * SECOND).await;
    tenants.get(&1).call(async || Ok::<_, ()>(())).await.unwrap();
    assert_eq!(tenants.get(&1).state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_key_decides_its_own_plan() {
    let strict = Config::off().with_consecutive_failures(1).parse().unwrap();
    let lenient = Config::off().with_consecutive_failures(9).parse().unwrap();
    let tiers: Keyed<String, CircuitBreaker> = Keyed::new("tiers", 10, move |key: &String| {
        if key.starts_with("free") { strict.clone() } else { lenient.clone() }
    })
    .unwrap();
    for key in ["free-1", "paid-1"] {
        tiers.get(key).try_acquire().unwrap().failure();
    }
    assert_eq!(tiers.get("free-1").state(), State::Open);
    assert_eq!(tiers.get("paid-1").state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_removed_key_starts_afresh() {
    let tenants = family(10);
    trip(&tenants.get(&1));
    let held = tenants.get(&1);
    assert!(tenants.remove(&1));
    assert!(!tenants.remove(&1));
    assert!(tenants.is_empty());
    assert_eq!((tenants.get(&1).state(), held.state()), (State::Closed, State::Open));
    assert!(!tenants.get(&1).same_circuit(&held));
}

#[test]
fn a_family_of_none_is_refused() {
    let error = Family::new("tenants", 0, |_: &u64| plan()).unwrap_err();
    assert_eq!(error.to_string(), "keyed config: capacity must be at least 1");
}

#[test]
fn a_family_of_one_has_one() {
    let tenants = family(1);
    for key in 0..1_000 {
        drop(tenants.get(&key));
        assert_eq!(tenants.len(), 1);
    }
    assert_eq!((tenants.snapshot().evicted, tenants.snapshot().overflowed), (999, 0));
}

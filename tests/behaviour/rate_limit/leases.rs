//! Tokens taken several at a time.

use buttress::{
    Mode,
    rate_limit::{Borrowed, Config, Lease, Rate, RateLimiter},
};
use tokio::time::advance;

use super::SECOND;

fn limiter(config: impl Into<Config>) -> RateLimiter {
    RateLimiter::new("leased", config).unwrap()
}

/// One a second, and so many at once.
fn slow(burst: u64) -> Rate {
    Rate::per_second(1).with_burst(burst)
}

/// Takes all there is, in turns.
fn drain(limiter: &RateLimiter, leases: &mut [Lease<Borrowed<'_>>]) -> u64 {
    let mut admitted = 0;
    loop {
        let before = admitted;
        for lease in &mut *leases {
            admitted += u64::from(lease.try_acquire().is_ok());
        }
        admitted += u64::from(limiter.try_acquire().is_ok());
        if admitted == before {
            return admitted;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn leases_and_the_bucket_admit_the_quota_and_no_more() {
    for open in 0..8 {
        let limiter = limiter(slow(100));
        let mut leases: Vec<_> = (0..open).map(|_| limiter.lease(7)).collect();
        assert_eq!(drain(&limiter, &mut leases), 100, "{open} leases");
        advance(10 * SECOND).await;
        assert_eq!(drain(&limiter, &mut leases), 10, "{open} leases");
        // Empty leases hold nothing, and the bucket holds by that much less.
        advance(1000 * SECOND).await;
        let aside = (7 * open).min(25);
        assert_eq!(drain(&limiter, &mut leases), 100 - aside, "{open} leases");
        drop(leases);
        assert_eq!(limiter.snapshot().totals.admitted, 210 - aside);
        advance(1000 * SECOND).await;
        assert_eq!(drain(&limiter, &mut []), 100);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_gives_back_what_it_has() {
    let limiter = limiter(slow(100));
    let mut lease = limiter.lease(16);
    for _ in 0..20 {
        lease.try_acquire().unwrap();
    }
    assert_eq!(lease.held(), 12);
    assert_eq!(limiter.peek(1).remaining, 68);
    drop(lease);
    assert_eq!(limiter.peek(1).remaining, 80);
    advance(20 * SECOND).await;
    assert_eq!(limiter.peek(100).remaining, 100, "what was set aside is the bucket's again");
    assert!(limiter.try_acquire_n(100).is_ok());
    assert_eq!(limiter.snapshot().totals.admitted, 21);
}

/// A lease that was filled long ago is not spent on top of a bucket that is full again.
#[tokio::test(start_paused = true)]
async fn an_old_lease_is_within_the_burst() {
    let limiter = limiter(slow(100));
    let mut lease = limiter.lease(20);
    lease.try_acquire().unwrap();
    advance(3600 * SECOND).await;
    let mut admitted = 0;
    while limiter.try_acquire().is_ok() {
        admitted += 1;
    }
    while lease.try_acquire().is_ok() {
        admitted += 1;
    }
    assert_eq!(admitted, 99, "all but the one that was spent while the lease was filled");
}

#[tokio::test(start_paused = true)]
async fn leases_hold_no_more_than_a_quarter() {
    let limiter = limiter(slow(40));
    let mut first = limiter.lease(1000);
    first.try_acquire().unwrap();
    assert_eq!((first.held(), limiter.peek(1).remaining), (9, 30));
    let mut second = limiter.lease(1000);
    second.try_acquire().unwrap();
    assert_eq!((second.held(), limiter.peek(1).remaining), (0, 29), "one by one");
    drop(first);
    second.try_acquire().unwrap();
    assert_eq!(second.held(), 9, "as soon as there is room");
    // Of a bucket of one there is nothing to set aside.
    let single = self::limiter(slow(1));
    let mut lease = single.lease(32);
    lease.try_acquire().unwrap();
    assert_eq!(lease.try_acquire().unwrap_err().retry_after(), Some(SECOND));
    advance(SECOND).await;
    lease.try_acquire().unwrap();
}

#[tokio::test(start_paused = true)]
async fn every_quota_is_kept() {
    let limiter = limiter(Config::new(slow(100)).also(Rate::per_day(60)));
    let mut lease = limiter.lease(8);
    let admitted = std::iter::from_fn(|| lease.try_acquire().ok()).count();
    assert_eq!(admitted, 60);
    drop(lease);
    assert!(limiter.try_acquire().is_err());
    let levels = limiter.snapshot().levels;
    assert_eq!((levels[0].remaining, levels[1].remaining), (40, 0));
}

#[tokio::test(start_paused = true)]
async fn another_config_holds_for_leases_that_are_open() {
    let limiter = limiter(slow(100));
    let mut lease = limiter.lease_owned(20);
    lease.try_acquire().unwrap();
    limiter.reconfigure(slow(40)).unwrap();
    advance(3600 * SECOND).await;
    let handle = limiter.clone();
    let admitted = std::iter::from_fn(|| handle.try_acquire().ok()).count();
    let leased = std::iter::from_fn(|| lease.try_acquire().ok()).count();
    assert_eq!((admitted, leased), (20, 19));
    drop((lease, handle));
    advance(3600 * SECOND).await;
    assert!(limiter.try_acquire_n(40).is_ok());
}

#[tokio::test(start_paused = true)]
async fn in_shadow_mode_a_lease_refuses_nothing() {
    let limiter = limiter(Config::new(slow(8)).with_mode(Mode::Shadow));
    let mut lease = limiter.lease(2);
    for _ in 0..20 {
        lease.try_acquire().unwrap();
    }
    drop(lease);
    let totals = limiter.snapshot().totals;
    assert_eq!((totals.admitted, totals.refused), (20, 12));
}

//! A call that is made again beside itself.

use std::time::Duration;

use buttress::{
    Error,
    hedge::{Config, Hedge},
    testing::{Script, Step},
};
use tokio::time::Instant;

const MILLISECOND: Duration = Duration::from_millis(1);

fn hedge(delay: u64, hedges: u32) -> Hedge {
    let config = Config::after(u32::try_from(delay).unwrap() * MILLISECOND);
    Hedge::new("backend", config.with_max_hedges(hedges)).unwrap()
}

/// HG-02.
#[tokio::test(start_paused = true)]
async fn attempts_start_one_delay_apart_and_the_first_success_wins() {
    let backend = Script::<_, ()>::new([Step::ok(1).after(100 * MILLISECOND)]);
    let hedge = hedge(10, 2);
    let begun = Instant::now();
    assert_eq!(hedge.call(|| backend.call()).await, Ok(1));
    assert_eq!(begun.elapsed(), 100 * MILLISECOND);
    assert_eq!((backend.counts().calls, backend.counts().in_flight), (3, 0));
}

/// HG-19.
#[tokio::test(start_paused = true)]
async fn cut_off_losers_do_not_make_the_backend_look_faster() {
    buttress::random::seed(7);
    let hedge = Hedge::new("backend", Config::new().with_extra_load(0.05)).unwrap();
    for round in 0..11_000_u64 {
        let latency = Duration::from_micros((round * 7919 % 1000) * 100 + 5_000);
        let other = Duration::from_micros((round * 104_729 % 1000) * 100 + 5_000);
        let backend = Script::<_, ()>::new([Step::ok(1).after(latency), Step::ok(2).after(other)]);
        hedge.call(|| backend.call()).await.unwrap();
        tokio::time::advance(MILLISECOND).await;
        if round == 1000 || round == 10_999 {
            let delay = hedge.snapshot().delay.unwrap().as_secs_f64() * 1e3;
            assert!((80.0..=120.0).contains(&delay), "{delay} ms after {round}");
        }
    }
    let totals = hedge.snapshot().totals;
    assert!((300..=550).contains(&totals.slow), "{totals:?}");
}

/// HG-08.
#[tokio::test(start_paused = true)]
async fn when_all_fail_the_first_attempts_outcome_is_the_answer() {
    let backend = Script::<(), _>::new([
        Step::err("first").after(50 * MILLISECOND),
        Step::err("second").after(10 * MILLISECOND),
        Step::err("third"),
    ]);
    assert_eq!(hedge(10, 2).call(|| backend.call()).await, Err(Error::Inner("first")));
    assert_eq!(backend.counts().calls, 3);
}

//! The last good answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use buttress::{
    Error,
    fallback::{Degraded, LastGood},
    testing::{Script, Step},
};
use tokio::time::advance;

use super::{Down, Eyes, SECOND, ask, broken, eyes, fallback};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn the_last_good_answer_is_given_with_its_age() {
    let memory = LastGood::new(MINUTE).unwrap();
    let last = fallback()
        .classify(eyes as Eyes)
        .mark(|answer: &mut u32, why: &Degraded| {
            *answer += 1000 * u32::try_from(why.age.unwrap().as_secs()).unwrap();
        })
        .to_last_good(&memory);
    assert_eq!(ask!(last, broken()), Err(Error::Inner(Down::Broken)), "there is none yet");
    assert_eq!(last.snapshot().totals.failed, 2);
    assert_eq!(ask!(last, Step::ok(1)), Ok(1));
    assert_eq!(ask!(last, Step::ok(2)), Ok(2));
    assert_eq!(ask!(last, Step::ok(500)), Ok(2), "what means failure is not remembered");
    advance(3 * SECOND).await;
    assert_eq!(ask!(last, broken()), Ok(3002));
    assert!(ask!(last, Step::err(Error::Inner(Down::Mistake))).is_err());
    assert_eq!(memory.recall(), Some((2, 3 * SECOND)));
}

#[tokio::test(start_paused = true)]
async fn what_is_too_old_is_not_given_out() {
    let memory = LastGood::new(MINUTE).unwrap();
    let last = fallback().to_last_good(&memory);
    memory.remember(&7);
    advance(MINUTE).await;
    assert_eq!(ask!(last, broken()), Ok(7));
    advance(Duration::from_nanos(1)).await;
    assert_eq!(ask!(last, broken()), Err(Error::Inner(Down::Broken)));
    memory.remember(&8);
    memory.clone().forget();
    assert_eq!(memory.recall(), None);
    assert!(LastGood::<u32>::new(Duration::ZERO).is_err());
}

/// Counts its copies.
#[derive(Debug)]
struct Large(Arc<AtomicU32>);

impl Clone for Large {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&self.0))
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_copied_no_more_often_than_asked() {
    let copies = Arc::new(AtomicU32::new(0));
    let memory = LastGood::new(MINUTE).unwrap();
    let seldom = fallback().to_last_good(&memory.every(10 * SECOND));
    for _ in 0..25 {
        let answer = async { Ok::<_, Down>(Large(Arc::clone(&copies))) };
        seldom.call(|| answer).await.unwrap();
        advance(SECOND).await;
    }
    assert_eq!(copies.load(Ordering::Relaxed), 3, "at 0, 10 and 20 seconds");
    memory.remember(&Large(Arc::clone(&copies)));
    memory.remember(&Large(Arc::clone(&copies)));
    assert_eq!(copies.load(Ordering::Relaxed), 5, "another handle has its own mind");
}

#[tokio::test(start_paused = true)]
async fn a_chain_can_end_in_its_last_good_answer() {
    use buttress::fallback::{Failover, FailoverConfig, Served};

    let backends = [Script::new([Step::ok(1), broken()]), Script::new([broken()])];
    let chain = Failover::new("chain", FailoverConfig::new(), ["a", "b"].into_iter().zip(backends))
        .unwrap();
    let memory = LastGood::new(MINUTE).unwrap();
    let last = fallback()
        .mark(|served: &mut Served<u32>, why: &Degraded| served.degraded = why.age.is_some())
        .to_last_good(&memory);
    let ask = async || last.run(|| chain.run(|backend| backend.call())).await.unwrap();
    let fresh = ask().await;
    assert_eq!((fresh.value, fresh.by.as_str(), fresh.degraded), (1, "a", false));
    let stale = ask().await;
    assert_eq!((stale.value, stale.by.as_str(), stale.degraded), (1, "a", true));
    assert_eq!(last.snapshot().totals.error, 1);
}

//! Real threads: callers who come, are aborted and are answered, all at once.

use std::time::Duration;

use buttress::batch::{Batcher, Config};
use futures::future::join_all;
use tokio::task::yield_now;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_who_stays_is_answered_and_nothing_stays_behind() {
    for (detached, wait) in [(false, 0), (false, 50), (true, 0), (true, 50)] {
        let config = Config::new()
            .with_max_items(7)
            .with_max_wait(Duration::from_micros(wait))
            .with_max_in_flight(2)
            .with_detached(detached);
        let batcher = Batcher::new("doubles", config, |numbers: Vec<u32>| async move {
            yield_now().await;
            assert!(numbers.len() <= 7);
            match numbers.iter().find(|number| **number % 10 == 3) {
                Some(bad) => Err(*bad),
                None => Ok(numbers.into_iter().map(|number| number * 2).collect()),
            }
        });
        let batcher = batcher.unwrap().isolate(|_| true);
        for round in 0..100 {
            let tasks: Vec<_> = (0..40)
                .map(|number| {
                    let batcher = batcher.clone();
                    tokio::spawn(async move { batcher.load(number % 30).await })
                })
                .collect();
            for task in tasks.iter().skip(round % 5).step_by(4) {
                task.abort();
            }
            for (caller, ended) in (0..40_u32).zip(join_all(tasks).await) {
                let number = caller % 30;
                match ended {
                    Ok(Ok(double)) => assert_eq!(double, number * 2),
                    Ok(Err(error)) => assert_eq!(error.into_inner(), Ok(number)),
                    Err(error) => assert!(error.is_cancelled(), "{error}"),
                }
            }
        }
        while detached && batcher.snapshot().in_flight > 0 {
            yield_now().await;
        }
        let snapshot = batcher.snapshot();
        assert_eq!((snapshot.waiting, snapshot.in_flight, snapshot.open), (0, 0, 0));
    }
}

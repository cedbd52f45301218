//! Real threads: callers who come, are aborted and are answered, all at once.

use std::sync::Arc;

use buttress::single_flight::{Config, SingleFlight};
use futures::future::join_all;
use tokio::task::yield_now;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_who_stays_is_answered_and_nothing_stays_under_way() {
    for detached in [false, true] {
        let config = Config::new().with_detached(detached);
        let loads = SingleFlight::<u32, u32, ()>::new("loads", config).unwrap();
        let running = Arc::new(());
        for round in 0..200_u32 {
            let tasks: Vec<_> = (0..64)
                .map(|caller| {
                    let (loads, running) = (loads.clone(), Arc::clone(&running));
                    tokio::spawn(async move {
                        let key = caller % 3;
                        let work = || async move {
                            let _running = running;
                            for _ in 0..round % 7 {
                                yield_now().await;
                            }
                            Ok(key)
                        };
                        loads.call(key, work).await
                    })
                })
                .collect();
            for task in tasks.iter().skip(round as usize % 5).step_by(3) {
                task.abort();
            }
            for (caller, ended) in (0..64).zip(join_all(tasks).await) {
                match ended {
                    Ok(answer) => assert_eq!(answer, Ok(caller % 3)),
                    Err(error) => assert!(error.is_cancelled(), "{error}"),
                }
            }
        }
        while detached && loads.in_flight() > 0 {
            yield_now().await;
        }
        let snapshot = loads.snapshot();
        assert_eq!((snapshot.in_flight, snapshot.callers), (0, 0));
        assert_eq!(Arc::strong_count(&running), 1, "every work has ended or was dropped");
    }
}

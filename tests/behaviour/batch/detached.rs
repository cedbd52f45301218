//! Batches that are run to their end, whoever goes away.

use buttress::{
    Error, Refusal,
    batch::{Batcher, Config},
    testing::Polls,
};
use futures::future::join_all;
use tokio::time::sleep;

use super::{Backend, MILLISECOND};

#[tokio::test(start_paused = true)]
async fn a_detached_batch_goes_on_when_everybody_has_gone() {
    let backend = Backend::default();
    let batcher = backend.batcher(Config::new().with_detached(true));
    let tasks = [1, 2].map(|number| tokio::spawn(batcher.load(number)));
    sleep(8 * MILLISECOND).await;
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    sleep(MILLISECOND).await;
    assert_eq!((batcher.snapshot().in_flight, batcher.snapshot().waiting), (1, 0));
    sleep(20 * MILLISECOND).await;
    assert_eq!((batcher.snapshot().in_flight, backend.sizes()), (0, vec![2]));
}

/// Whoever went away before it was sent is not in it; if all did, nothing is sent.
#[tokio::test(start_paused = true)]
async fn a_detached_batch_of_nobody_is_not_sent() {
    let backend = Backend::default();
    let batcher = backend.batcher(Config::new().with_detached(true));
    drop(batcher.load(1));
    sleep(50 * MILLISECOND).await;
    assert!(backend.calls().is_empty());
    assert_eq!(batcher.load(2).await, Ok(4));
    assert_eq!(backend.calls(), [[2]]);
}

#[tokio::test(start_paused = true)]
async fn callers_of_a_detached_batch_are_woken_once() {
    let backend = Backend::default();
    let batcher = backend.batcher(Config::new().with_detached(true).with_max_items(64));
    let polls = Polls::new();
    let tasks = (0..128).map(|number| tokio::spawn(polls.of(batcher.load(number))));
    for (number, answer) in (0..).zip(join_all(tasks.collect::<Vec<_>>()).await) {
        assert_eq!(answer.unwrap(), Ok(number * 2));
    }
    assert_eq!(backend.sizes(), [64, 64]);
    polls.assert_at_most(128 * 2);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_detached_batch_is_told_to_all() {
    let batcher = Batcher::new(
        "doubles",
        Config::new().with_detached(true),
        |_: Vec<u32>| -> std::future::Ready<Result<Vec<u32>, String>> { panic!("in the call") },
    );
    for answer in batcher.unwrap().load_many(0..3).await {
        assert_eq!(answer, Err(Error::Refused(Refusal::Panicked { name: "doubles".into() })));
    }
}

/// The runtime that runs it ends; those who wait on another drive it.
#[test]
fn when_the_runtime_ends_those_who_wait_drive_it() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (theirs, ours) = (runtime(), runtime());
    let batcher = Batcher::new(
        "echo",
        Config::new().with_detached(true).with_max_items(2),
        |numbers: Vec<u32>| async { Ok::<_, String>(numbers) },
    );
    let batcher = batcher.unwrap();
    let first = {
        let _context = theirs.enter();
        batcher.load(1)
    };
    drop(theirs);
    ours.block_on(async {
        let second = tokio::spawn(batcher.load(2));
        assert_eq!((second.await.unwrap(), first.await), (Ok(2), Ok(1)));
    });
}

//! Many keys at once, and one load for those that are missing.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use buttress::{
    Error, Refusal,
    cache::{Cache, Config},
    testing::Polls,
    time::Deadline,
};
use futures::FutureExt;
use tokio::time::sleep;

const MILLISECOND: Duration = Duration::from_millis(1);

type Numbers = Cache<u32, u32>;

/// What was asked for, call by call.
#[derive(Clone, Default)]
struct Store(Arc<Mutex<Vec<Vec<u32>>>>);

impl Store {
    /// Knows the even keys: of each its double.
    fn load(
        &self,
        keys: Vec<u32>,
    ) -> impl Future<Output = Result<Vec<(u32, u32)>, &'static str>> + Send + use<> {
        self.0.lock().unwrap().push(keys.clone());
        async move {
            sleep(10 * MILLISECOND).await;
            if keys.contains(&13) {
                return Err("unlucky");
            }
            Ok(keys
                .into_iter()
                .rev()
                .filter(|key| key % 2 == 0)
                .map(|key| (key, 2 * key))
                .collect())
        }
    }

    fn calls(&self) -> Vec<Vec<u32>> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

fn numbers() -> (Numbers, Store) {
    (Cache::new("numbers", Config::new()).unwrap(), Store::default())
}

#[tokio::test(start_paused = true)]
async fn all_that_is_missing_is_one_call_and_the_order_is_that_of_the_keys() {
    let (cache, store) = numbers();
    cache.insert(4, 400);
    let polls = Polls::new();
    let values = polls.of(cache.load_many([2, 4, 3, 2, 8], |keys| store.load(keys))).await;
    assert_eq!(values, Ok(vec![Some(4), Some(400), None, Some(4), Some(16)]));
    assert_eq!(store.calls(), [vec![2, 3, 8]]);
    polls.assert_at_most(3);
    assert_eq!(cache.get_many([&2, &4, &3, &8]), [Some(4), Some(400), None, Some(16)]);
    // All there: no call, and no wait.
    let values = cache.load_many([8, 2], |keys| store.load(keys)).now_or_never();
    assert_eq!((values, store.calls()), (Some(Ok(vec![Some(16), Some(4)])), vec![]));
    assert_eq!(cache.load_many([], |keys| store.load(keys)).await, Ok(vec![]));
    let totals = cache.snapshot().totals;
    assert_eq!((totals.loads, totals.coalesced, cache.snapshot().loading), (2, 1, 0));
}

/// Each key is loaded by who came first for it.
#[tokio::test(start_paused = true)]
async fn two_who_share_keys_load_each_once() {
    let (cache, store) = numbers();
    let first = tokio::spawn(cache.load_many([2, 4], |keys| store.load(keys)));
    let second = tokio::spawn(cache.load_many([4, 6], |keys| store.load(keys)));
    assert_eq!(second.await.unwrap(), Ok(vec![Some(8), Some(12)]));
    assert_eq!(first.await.unwrap(), Ok(vec![Some(4), Some(8)]));
    assert_eq!(store.calls(), [vec![2, 4], vec![6]]);
}

/// The first goes: the second drives what the first had begun.
#[tokio::test(start_paused = true)]
async fn a_load_of_many_outlives_who_began_it() {
    let (cache, store) = numbers();
    let mut first = cache.load_many([2, 4], |keys| store.load(keys));
    let second = cache.load_many([4], |keys| store.load(keys));
    assert_eq!((&mut first).now_or_never(), None);
    drop(first);
    assert_eq!(second.await, Ok(vec![Some(8)]));
    assert_eq!(store.calls(), [[2, 4]]);
    // Nobody waited for the other any more.
    assert_eq!((cache.get(&2), cache.snapshot().loading), (None, 0));
    drop(cache.load_many([10, 12], |keys| store.load(keys)));
    assert_eq!(cache.snapshot().loading, 0);
}

#[tokio::test(start_paused = true)]
async fn an_error_is_everybodys_and_nothing_is_stored() {
    let (cache, store) = numbers();
    let first = tokio::spawn(cache.load_many([2, 13], |keys| store.load(keys)));
    let second = tokio::spawn(cache.load_many([2], |keys| store.load(keys)));
    assert_eq!(first.await.unwrap(), Err(Error::Inner("unlucky")));
    assert_eq!(second.await.unwrap(), Err(Error::Inner("unlucky")));
    assert_eq!((cache.len(), cache.snapshot().loading), (0, 0));
    assert_eq!(cache.load_many([2], |keys| store.load(keys)).await, Ok(vec![Some(4)]));
}

#[tokio::test(start_paused = true)]
async fn a_loader_of_many_that_panics_poisons_nothing() {
    let (cache, store) = numbers();
    let inside = cache.clone();
    let in_the_call = tokio::spawn(async move {
        type Never = std::future::Ready<Result<Vec<(u32, u32)>, &'static str>>;
        inside.load_many([2, 4], |_| -> Never { panic!("in the call") }).await
    });
    assert!(in_the_call.await.unwrap_err().is_panic());
    assert_eq!(cache.snapshot().loading, 0);
    let broken = |_| async {
        sleep(MILLISECOND).await;
        panic!("in the load")
    };
    let driver = tokio::spawn(cache.load_many::<_, _, Vec<_>, &str>([2, 4], broken));
    let other = tokio::spawn(cache.load_many([4], |keys| store.load(keys)));
    // Whoever polls it has the panic, the other is told.
    let ends = [driver.await, other.await];
    let told = Error::Refused(Refusal::Panicked { name: "numbers".into() });
    assert_eq!(ends.iter().filter(|end| end.is_err()).count(), 1);
    assert!(ends.into_iter().flatten().all(|answer| answer.as_ref() == Err(&told)));
    assert_eq!((cache.snapshot().loading, store.calls().len()), (0, 0));
    assert_eq!(cache.load_many([4], |keys| store.load(keys)).await, Ok(vec![Some(8)]));
}

/// CA-10.
#[tokio::test(start_paused = true)]
async fn of_many_that_is_not_stored_which_was_out_of_date() {
    let (cache, store) = numbers();
    let load = cache.load_many([2, 4, 6], |keys| store.load(keys));
    cache.invalidate(&4);
    cache.insert(6, 600);
    assert_eq!(load.await, Ok(vec![Some(4), Some(8), Some(12)]));
    assert_eq!(cache.get_many([&2, &4, &6]), [Some(4), None, Some(600)]);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_the_wait_for_many() {
    let (cache, store) = numbers();
    let deadline = Deadline::within(5 * MILLISECOND);
    let late = deadline.scope(async { cache.load_many([2, 4], |keys| store.load(keys)).await });
    let refusal = late.await.unwrap_err();
    assert!(matches!(refusal, Error::Refused(Refusal::DeadlineExceeded { began: true, .. })));
    assert_eq!(cache.snapshot().loading, 0);
    let late = deadline.scope(async { cache.load_many([2, 4], |keys| store.load(keys)).await });
    let refusal = late.await.unwrap_err();
    assert!(matches!(refusal, Error::Refused(Refusal::DeadlineExceeded { began: false, .. })));
    assert_eq!(store.calls().len(), 1);
}

//! What is missing is loaded, once for all who ask.

use std::{
    future::{Future, pending},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use buttress::{
    Error, Refusal,
    cache::{Cache, Config},
    testing::Polls,
    time::Deadline,
};
use futures::{FutureExt, future::join_all};
use tokio::time::sleep;

type Fails = Error<&'static str>;

const MILLISECOND: Duration = Duration::from_millis(1);

/// Something to load from: gives the number of the load, after three steps.
#[derive(Clone, Default)]
struct Store(Arc<AtomicU32>);

impl Store {
    fn load(&self) -> impl Future<Output = u32> + Send + use<> {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        async move {
            for _ in 0..3 {
                sleep(10 * MILLISECOND).await;
            }
            number
        }
    }

    fn loads(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

fn cache(config: Config) -> Cache<String, u32> {
    Cache::new("cache", config).unwrap()
}

/// CA-11. Polls are as many as the load wakes.
#[tokio::test(start_paused = true)]
async fn five_hundred_callers_of_a_missing_key_are_one_load() {
    let (cache, store) = (cache(Config::new()), Store::default());
    let (callers, work) = (Polls::new(), Polls::new());
    let tasks = (0..512)
        .map(|_| tokio::spawn(callers.of(cache.get_or_load("key", || work.of(store.load())))));
    for value in join_all(tasks.collect::<Vec<_>>()).await {
        assert_eq!(value.unwrap(), Ok(1));
    }
    callers.assert_at_most(512 * 4);
    work.assert_at_most(4);
    assert_eq!((store.loads(), cache.get("key")), (1, Some(1)));
    assert_eq!(cache.get_or_load("key", || async { 9 }).now_or_never(), Some(Ok(1)));
    let totals = cache.snapshot().totals;
    assert_eq!((totals.loads, totals.load_failures, totals.coalesced), (1, 0, 511));
    assert_eq!((totals.hits, totals.misses), (2, 512));
}

/// On threads, where the load may end between a look and the joining of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_threads_it_is_one_load_as_well() {
    for _ in 0..100 {
        let (cache, store) = (cache(Config::new()), Store::default());
        let tasks = (0..64).map(|_| {
            let (cache, store) = (cache.clone(), store.clone());
            tokio::spawn(async move {
                let load = || {
                    store.0.fetch_add(1, Ordering::Relaxed);
                    async {
                        tokio::task::yield_now().await;
                        7
                    }
                };
                cache.get_or_load("key", load).await
            })
        });
        for value in join_all(tasks.collect::<Vec<_>>()).await {
            assert_eq!(value.unwrap(), Ok(7));
        }
        assert_eq!(store.loads(), 1);
    }
}

/// CA-03, CA-11.
#[tokio::test(start_paused = true)]
async fn an_error_goes_to_all_who_wait_and_is_not_stored() {
    let cache = cache(Config::new());
    let runs = AtomicU32::new(0);
    let ask = || {
        cache.try_get_or_load("key", || {
            runs.fetch_add(1, Ordering::Relaxed);
            async {
                sleep(MILLISECOND).await;
                Err::<u32, _>("down")
            }
        })
    };
    let answers = join_all((0..100).map(|_| ask())).await;
    assert!(answers.into_iter().all(|answer| answer == Err(Error::Inner("down"))));
    assert_eq!((runs.load(Ordering::Relaxed), cache.len()), (1, 0));
    assert_eq!(ask().await, Err(Error::Inner("down")));
    assert_eq!(runs.load(Ordering::Relaxed), 2);
    assert_eq!(cache.run_or_load("key", || async { Ok::<_, Fails>(3) }).await, Ok(3));
    assert_eq!(cache.get("key"), Some(3));
    assert_eq!(cache.snapshot().totals.load_failures, 2);
}

/// Callers who expect other errors have a load of their own, and get what they expect.
#[tokio::test(start_paused = true)]
async fn errors_of_two_types_are_two_loads() {
    let cache = cache(Config::new());
    let words = cache.try_get_or_load("key", || async {
        sleep(MILLISECOND).await;
        Err("down")
    });
    let numbers = cache.try_get_or_load("key", || async {
        sleep(MILLISECOND).await;
        Err(7_u8)
    });
    let (words, numbers) = tokio::join!(words, numbers);
    assert_eq!((words, numbers), (Err(Error::Inner("down")), Err(Error::Inner(7))));
}

/// CA-12.
#[tokio::test(start_paused = true)]
async fn a_leader_that_is_aborted_leaves_its_load_to_the_others() {
    let (cache, store) = (cache(Config::new()), Store::default());
    let leader = tokio::spawn(cache.get_or_load("key", || store.load()));
    let followers: Vec<_> =
        (0..8).map(|_| tokio::spawn(cache.get_or_load("key", || store.load()))).collect();
    sleep(15 * MILLISECOND).await;
    leader.abort();
    for follower in followers {
        assert_eq!(follower.await.unwrap(), Ok(1));
    }
    assert_eq!((store.loads(), cache.get("key")), (1, Some(1)));
}

/// CA-12.
#[tokio::test(start_paused = true)]
async fn a_leader_that_is_held_and_not_polled_holds_nobody_up() {
    let (cache, store) = (cache(Config::new()), Store::default());
    let mut leader = cache.get_or_load("key", || store.load());
    assert!((&mut leader).now_or_never().is_none());
    assert_eq!(cache.get_or_load("key", || store.load()).await, Ok(1));
    assert_eq!(store.loads(), 1);
    assert_eq!(leader.await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_load_goes_with_the_last_who_waits_unless_it_is_detached() {
    for detached in [false, true] {
        let (cache, store) = (cache(Config::new().with_detached(detached)), Store::default());
        let ask = || cache.get_or_load("key", || store.load());
        drop((ask(), ask()));
        assert_eq!(cache.snapshot().loading, usize::from(detached));
        sleep(100 * MILLISECOND).await;
        assert_eq!((cache.get("key"), cache.snapshot().loading), (detached.then_some(1), 0));
    }
}

/// CA-13. Who drives it has the panic, the other is told.
#[tokio::test(start_paused = true)]
async fn a_loader_that_panics_poisons_nothing() {
    let cache = cache(Config::new());
    let inside = cache.clone();
    let in_the_call = tokio::spawn(async move {
        let load = || -> std::future::Ready<u32> { panic!("in the call") };
        inside.get_or_load("key", load).await
    });
    assert!(in_the_call.await.unwrap_err().is_panic());
    assert_eq!((cache.snapshot().loading, cache.len()), (0, 0));
    let driver = tokio::spawn(cache.get_or_load("key", || async { panic!("in the load") }));
    let other = cache.get_or_load("key", || async { 9 });
    assert!(driver.await.unwrap_err().is_panic());
    assert_eq!(other.await, Err(Refusal::Panicked { name: "cache".into() }));
    assert_eq!((cache.snapshot().loading, cache.len()), (0, 0));
    assert_eq!(cache.get_or_load("key", || async { 5 }).await, Ok(5));
}

/// CA-14.
#[tokio::test(start_paused = true)]
async fn a_loader_may_ask_for_another_key() {
    let cache = cache(Config::new());
    let inner = cache.clone();
    let outer = cache.get_or_load("a", || async move {
        let b = inner.get_or_load("b", || async { 20 }).await.unwrap();
        inner.insert("c".to_owned(), b + 1);
        b + 2
    });
    assert_eq!(outer.await, Ok(22));
    assert_eq!(["a", "b", "c"].map(|key| cache.get(key)), [Some(22), Some(20), Some(21)]);
}

/// A deadline ends the waiting of whoever has it, and not the load; a hit needs no time.
#[tokio::test(start_paused = true)]
async fn a_deadline_is_the_callers_and_not_the_loads() {
    let (cache, store) = (cache(Config::new()), Store::default());
    let deadline = Deadline::within(5 * MILLISECOND);
    let hurried = deadline.scope(async { cache.get_or_load("key", || store.load()).await });
    let patient = tokio::spawn(cache.get_or_load("key", || store.load()));
    let refusal = hurried.await.unwrap_err();
    assert!(matches!(refusal, Refusal::DeadlineExceeded { began: true, .. }));
    assert_eq!(patient.await.unwrap(), Ok(1));
    let late = deadline.scope(async {
        assert_eq!(cache.get_or_load("key", || store.load()).await, Ok(1), "it is there");
        cache.get_or_load("other", || store.load()).await
    });
    assert!(matches!(late.await, Err(Refusal::DeadlineExceeded { began: false, .. })));
    assert_eq!(store.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_alone_ends_the_load() {
    let cache = cache(Config::new());
    let deadline = Deadline::within(5 * MILLISECOND);
    let refusal = deadline.scope(async { cache.get_or_load("key", pending::<u32>).await }).await;
    assert!(refusal.is_err());
    assert_eq!(cache.snapshot().loading, 0);
}

/// What is loaded is bounded as what is inserted, and the listener may load in turn.
#[tokio::test(start_paused = true)]
async fn a_listener_may_begin_a_load() {
    let own = Arc::new(std::sync::OnceLock::<Cache<String, u32>>::new());
    let inside = Arc::clone(&own);
    let cache = cache(Config::entries(2)).with_listener(move |key: &String, _, _| {
        let Some(cache) = inside.get() else { return };
        drop(cache.get_or_load(key, pending::<u32>));
        cache.invalidate(key);
    });
    own.set(cache.clone()).unwrap();
    for key in 0..20 {
        let value = cache.get_or_load(&key.to_string(), || async move { key }).await;
        assert_eq!(value, Ok(key));
    }
    assert_eq!((cache.len(), cache.snapshot().loading), (2, 0));
}

/// CA-20, as far as one cache goes: what cannot be kept is given all the same, and counted.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_kept_is_given_all_the_same() {
    let cache = cache(Config::weight(10)).with_weigher(|_, value| *value);
    let store = Store::default();
    for heavy in [11, 12, 13] {
        let load = || {
            store.0.fetch_add(1, Ordering::Relaxed);
            async move { heavy }
        };
        assert_eq!(cache.get_or_load("key", load).await, Ok(heavy));
        assert_eq!((cache.len(), cache.weight()), (0, 0));
    }
    let totals = cache.snapshot().totals;
    assert_eq!((store.loads(), totals.loads, totals.too_heavy, totals.inserted), (3, 3, 3, 0));
}

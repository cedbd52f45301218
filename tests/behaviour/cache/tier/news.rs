//! What others remove, heard and not heard.

use std::time::Duration;

use buttress::cache::{Cache, Config, tier::TierFailure};
use tokio::{runtime::Handle, time::sleep};

use super::{SECOND, Source, numbers, shelf::Shelf};

#[tokio::test(start_paused = true)]
async fn what_one_process_removes_the_others_drop() {
    let (shelf, source) = (Shelf::listening(), Source::default());
    let one = numbers(Config::new(), &shelf);
    let other = numbers(Config::new(), &shelf.of_another_process());
    assert_eq!((source.get(&one, 1).await, source.get(&other, 1).await), (1, 1));
    assert_eq!(one.invalidate(&1).await, Ok(()));
    sleep(SECOND).await;
    assert_eq!((other.cache().peek(&1), other.snapshot().totals.heard), (None, 1));
    assert_eq!(one.snapshot().totals.heard, 0, "one's own news are none");
    assert_eq!(source.get(&other, 1).await, 2);
    assert_eq!(other.clear().await, Ok(()));
    sleep(SECOND).await;
    assert_eq!((one.cache().len(), source.get(&one, 1).await), (0, 3));
}

/// CA-10 across processes, by what is heard alone: the store cannot tell.
#[tokio::test(start_paused = true)]
async fn what_another_process_removes_during_a_load_is_stored_nowhere() {
    for is_fenced in [true, false] {
        let (shelf, source) = (Shelf::listening().fenced(is_fenced), Source::default());
        let one = numbers(Config::new(), &shelf);
        let other = numbers(Config::new(), &shelf.of_another_process());
        let loading = source.slowly(&one, 1, SECOND);
        let removing = async {
            sleep(SECOND / 2).await;
            other.invalidate(&1).await
        };
        let (loaded, told) = futures::future::join(loading, removing).await;
        assert_eq!((loaded, told), (1, Ok(())));
        assert_eq!((one.cache().peek(&1), shelf.value(1)), (None, None), "{is_fenced}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_load_waits_until_it_hears_and_not_for_long() {
    let (shelf, source) = (Shelf::listening(), Source::default());
    let numbers = numbers(Config::new(), &shelf);
    assert_eq!(numbers.snapshot().listening, Some(false));
    let begun = tokio::time::Instant::now();
    assert_eq!(source.get(&numbers, 1).await, 1);
    assert_eq!(begun.elapsed().as_millis(), 100);
    assert_eq!(shelf.asked(), ["listen", "get", "claim", "put"]);
    let totals = numbers.snapshot().totals;
    assert_eq!((totals.connected, totals.gaps, numbers.cache().len()), (1, 0, 1));
    let never = Shelf::listening();
    never.fails("listen", TierFailure::Unavailable);
    let numbers = super::numbers(Config::new(), &never);
    let begun = tokio::time::Instant::now();
    assert_eq!(source.get(&numbers, 1).await, 2);
    assert_eq!(begun.elapsed().as_millis(), 250);
}

#[tokio::test(start_paused = true)]
async fn after_a_gap_nothing_is_there_that_was_before() {
    let (shelf, source) = (Shelf::listening(), Source::default());
    let one = numbers(Config::new(), &shelf);
    let other = numbers(Config::new(), &shelf.of_another_process());
    assert_eq!((source.get(&one, 1).await, source.get(&other, 1).await), (1, 1));
    shelf.deafen();
    assert_eq!(one.invalidate(&1).await, Ok(()));
    assert_eq!(source.get(&other, 1).await, 1, "it does not know yet");
    sleep(Duration::from_millis(50)).await;
    assert_eq!(other.snapshot().listening, Some(false));
    // A load that spans the end of the gap may have read what was removed.
    let loading = source.slowly(&other, 2, SECOND).await;
    assert_eq!((loading, other.cache().peek(&2)), (2, None));
    let snapshot = other.snapshot();
    assert_eq!(
        (snapshot.listening, snapshot.totals.gaps, snapshot.cache.total_entries),
        (Some(true), 1, 0)
    );
    assert_eq!(source.get(&other, 1).await, 3);
}

#[tokio::test(start_paused = true)]
async fn the_listener_ends_with_the_last_handle() {
    let shelf = Shelf::listening();
    let numbers = numbers(Config::new(), &shelf);
    let alive = || Handle::current().metrics().num_alive_tasks();
    assert_eq!(alive(), 0);
    numbers.get(&1).await;
    let clone = numbers.clone();
    drop(numbers);
    sleep(SECOND).await;
    assert_eq!((alive(), clone.get(&1).await), (1, None));
    drop(clone);
    sleep(SECOND).await;
    assert_eq!(alive(), 0);
}

/// A load under way keeps the store, not the listener.
#[tokio::test(start_paused = true)]
async fn a_load_outlives_the_handle() {
    let (shelf, source) = (Shelf::listening(), Source::default());
    let numbers = numbers(Config::new(), &shelf);
    let loading = tokio::spawn(async move { source.slowly(&numbers, 1, SECOND).await });
    assert_eq!((loading.await.unwrap(), shelf.value(1)), (1, Some(1)));
}

/// CA-20: whether news are heard must not cost the caller his answer.
#[tokio::test(start_paused = true)]
async fn who_is_in_a_hurry_does_not_wait_for_the_listener_as_long() {
    let (shelf, source) = (Shelf::listening(), Source::default());
    shelf.fails("listen", TierFailure::Unavailable);
    let numbers = numbers(Config::new(), &shelf);
    let soon = buttress::time::Deadline::within(Duration::from_millis(200));
    let load = || async move { Ok::<_, ()>(source.loads()) };
    let loaded = soon.scope(async { numbers.try_get_or_load(&1, load).await }).await;
    assert_eq!(loaded, Ok(0));
    let load = |_: Vec<u8>| async { Ok::<_, ()>([(2, 2)]) };
    let soon = buttress::time::Deadline::within(Duration::from_millis(200));
    let many = soon.scope(async { numbers.load_many([2], load).await }).await;
    assert_eq!(many, Ok(vec![Some(2)]));
}

/// A panic in the user's code is his; what was said meanwhile is not forgotten for it.
#[tokio::test(start_paused = true)]
async fn a_listener_of_the_caches_that_panics_is_a_gap_and_no_more() {
    let (shelf, source) = (Shelf::listening(), Source::default());
    let cache = Cache::<u8, u32>::new("numbers", Config::new()).unwrap();
    let panics = cache.with_listener(|key, _, _| assert_ne!(*key, 1, "the user's own"));
    let (one, other) =
        (panics.over(shelf.clone()), numbers(Config::new(), &shelf.of_another_process()));
    assert_eq!((source.get(&one, 1).await, source.get(&one, 2).await), (1, 2));
    assert_eq!(other.invalidate(&1).await, Ok(()));
    sleep(SECOND / 20).await;
    assert_eq!(one.snapshot().listening, Some(false), "nobody hears what comes now");
    assert_eq!(other.invalidate(&2).await, Ok(()));
    sleep(SECOND).await;
    assert_eq!(one.get(&3).await, None);
    sleep(SECOND).await;
    assert_eq!((one.cache().peek(&2), one.snapshot().totals.gaps), (None, 1));
    assert_eq!(one.snapshot().listening, Some(true));
}

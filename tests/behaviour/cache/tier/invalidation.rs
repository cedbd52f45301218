//! Who has the last word.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use buttress::cache::{Config, tier::TierFailure};

use super::{SECOND, Source, numbers, shelf::Shelf};

/// CA-10 with a store, whether or not it can tell the order of things.
#[tokio::test(start_paused = true)]
async fn what_is_removed_during_its_load_is_stored_nowhere() {
    for shelf in [Shelf::new(), Shelf::new().fenced(false)] {
        for everything in [false, true] {
            let source = Source::default();
            let numbers = numbers(Config::new(), &shelf);
            let loading = source.slowly(&numbers, 1, SECOND);
            let removing = async {
                tokio::time::sleep(SECOND / 2).await;
                let told =
                    if everything { numbers.clear().await } else { numbers.invalidate(&1).await };
                assert_eq!(told, Ok(()));
            };
            let (loaded, ()) = futures::future::join(loading, removing).await;
            assert_eq!((loaded, numbers.cache().peek(&1), shelf.value(1)), (1, None, None));
            assert_eq!(numbers.snapshot().totals.outdated, 1);
            assert_eq!(source.get(&numbers, 1).await, 2, "and loaded anew");
            assert_eq!(numbers.invalidate(&1).await, Ok(()));
        }
    }
}

/// While the value is on its way to the store: the last moment at which anything can be said.
#[tokio::test(start_paused = true)]
async fn what_is_removed_while_it_is_stored_does_not_stay() {
    for is_fenced in [true, false] {
        for many in [false, true] {
            let slow = Shelf::new().fenced(is_fenced).slow(SECOND);
            let numbers = numbers(Config::new(), &slow);
            let loading = async {
                if many {
                    let load = |_: Vec<u8>| async { Ok::<_, ()>([(1, 1)]) };
                    let _ = numbers.load_many([1], load).await;
                } else {
                    let _ = numbers.get_or_load(&1, || async { 1 }).await;
                }
            };
            let removing = async {
                // It is asked for, claimed, and then put, a second each.
                tokio::time::sleep(SECOND * 5 / 2).await;
                numbers.invalidate(&1).await
            };
            let ((), told) = futures::future::join(loading, removing).await;
            assert_eq!(told, Ok(()));
            assert_eq!(
                (numbers.cache().peek(&1), slow.value(1)),
                (None, None),
                "{is_fenced} {many}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_written_during_a_load_stays() {
    for shelf in [Shelf::new(), Shelf::new().fenced(false)] {
        let source = Source::default();
        let numbers = numbers(Config::new(), &shelf);
        let loading = source.slowly(&numbers, 1, SECOND);
        let writing = async {
            tokio::time::sleep(SECOND / 2).await;
            numbers.insert(1, 77).await
        };
        let (loaded, written) = futures::future::join(loading, writing).await;
        assert_eq!((loaded, written), (1, Ok(())));
        assert_eq!((numbers.cache().peek(&1), shelf.value(1)), (Some(77), Some(77)));
    }
}

/// Two processes write at once: whoever the store heard last has it, and nobody keeps the other's.
#[tokio::test(start_paused = true)]
async fn two_who_write_at_once_agree_in_the_end() {
    let shelf = Shelf::listening();
    let slow = shelf.clone().slow(SECOND);
    let one = numbers(Config::new(), &slow);
    let quick = shelf.of_another_process().slow(SECOND / 10);
    let other = numbers(Config::new(), &quick);
    for numbers in [&one, &other] {
        numbers.get(&9).await;
    }
    tokio::time::sleep(2 * SECOND).await;
    let overtaking = async {
        tokio::time::sleep(SECOND * 3 / 2).await;
        other.insert(1, 2).await
    };
    let (first, second) = futures::future::join(one.insert(1, 1), overtaking).await;
    assert_eq!((first, second), (Ok(()), Ok(())));
    tokio::time::sleep(SECOND).await;
    assert_eq!(
        (one.get(&1).await, other.get(&1).await, shelf.value(1)),
        (Some(2), Some(2), Some(2))
    );
    assert_eq!(one.snapshot().totals.outdated, 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_was_not_told_is_not_believed_until_it_is() {
    let (shelf, source) = (Shelf::new(), Source::default());
    let numbers = numbers(Config::new(), &shelf);
    assert_eq!((source.get(&numbers, 1).await, source.get(&numbers, 2).await), (1, 2));
    shelf.fails("remove", TierFailure::TimedOut);
    assert_eq!(numbers.invalidate(&1).await, Err(TierFailure::TimedOut));
    assert_eq!(
        (numbers.cache().peek(&1), shelf.value(1), numbers.snapshot().owed),
        (None, Some(1), Some(1))
    );
    shelf.fails("remove", TierFailure::Unavailable);
    shelf.asked();
    assert_eq!(source.get(&numbers, 1).await, 3, "not the one that was removed");
    assert_eq!(shelf.asked(), ["remove"], "nothing else is asked of it about this key");
    numbers.cache().clear();
    assert_eq!(source.get(&numbers, 2).await, 2, "of others it is believed");
    assert_eq!(source.get(&numbers, 1).await, 4);
    assert_eq!((shelf.value(1), numbers.snapshot().owed), (Some(4), Some(0)));
    shelf.fails("clear", TierFailure::TimedOut);
    assert_eq!(numbers.clear().await, Err(TierFailure::TimedOut));
    assert_eq!(numbers.snapshot().owed, None);
    shelf.asked();
    assert_eq!(numbers.get_many([1, 2]).await, [None, None]);
    assert_eq!(shelf.asked(), ["clear", "get", "get"]);
}

/// All who wait for the store to be told wait for one of them to do it.
#[tokio::test(start_paused = true)]
async fn a_store_that_is_to_forget_everything_is_told_once() {
    let (shelf, source) = (Shelf::new().slow(SECOND), Source::default());
    let numbers = numbers(Config::new(), &shelf);
    shelf.fails("clear", TierFailure::TimedOut);
    assert!(numbers.clear().await.is_err());
    shelf.asked();
    let calls = (0..50).map(|key| source.get(&numbers, key));
    futures::future::join_all(calls).await;
    assert_eq!(shelf.asked().iter().filter(|asked| **asked == "clear").count(), 1);
    assert_eq!((numbers.snapshot().totals.stored, source.loads()), (50, 50));
}

/// Many keys, some of which the store was not told about.
#[tokio::test(start_paused = true)]
async fn many_of_which_some_are_in_doubt() {
    let (shelf, source) = (Shelf::new(), Source::default());
    let numbers = numbers(Config::new(), &shelf);
    assert_eq!((source.get(&numbers, 1).await, source.get(&numbers, 2).await), (1, 2));
    for _ in 0..2 {
        shelf.fails("remove", TierFailure::TimedOut);
    }
    assert!(numbers.invalidate(&1).await.is_err());
    numbers.cache().clear();
    let load = |keys: Vec<u8>| async move {
        assert_eq!(keys, [1]);
        Ok::<_, ()>([(1, 11)])
    };
    assert_eq!(numbers.load_many([1, 2], load).await.unwrap(), [Some(11), Some(2)]);
    assert_eq!((shelf.value(1), numbers.cache().peek(&1)), (Some(1), Some(11)));
    assert_eq!(numbers.snapshot().owed, Some(1));
}

/// What was said is said, whoever does not wait to hear that it was done.
#[tokio::test(start_paused = true)]
async fn a_removal_that_is_dropped_is_done_before_the_store_is_believed() {
    for polls in 1..4 {
        let shelf = Shelf::new().slow(SECOND);
        shelf.set(1, 1, None);
        let numbers = numbers(Config::new(), &shelf);
        assert_eq!(numbers.get(&1).await, Some(1));
        {
            let mut removing = pin!(numbers.invalidate(&1));
            let mut polled = 0;
            poll_fn(|cx| {
                polled += 1;
                let ended = removing.as_mut().poll(cx).is_ready();
                if ended || polled == polls { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
        assert_eq!(numbers.get(&1).await, None);
        assert_eq!((shelf.value(1), numbers.snapshot().owed), (None, Some(0)));
    }
}

/// One of them begins to write before the other is done, and is done before him.
#[tokio::test(start_paused = true)]
async fn two_who_write_across_each_other_agree_as_well() {
    for at in [1200, 1750, 1850, 1950, 2050, 2950] {
        let shelf = Shelf::listening();
        let one = numbers(Config::new(), &shelf.clone().slow(SECOND));
        let other = numbers(Config::new(), &shelf.of_another_process().slow(SECOND / 10));
        for numbers in [&one, &other] {
            numbers.get(&9).await;
        }
        tokio::time::sleep(2 * SECOND).await;
        let crossing = async {
            tokio::time::sleep(std::time::Duration::from_millis(at)).await;
            other.insert(1, 2).await
        };
        let (first, second) = futures::future::join(one.insert(1, 1), crossing).await;
        assert_eq!((first, second), (Ok(()), Ok(())));
        tokio::time::sleep(SECOND).await;
        let (stored, here, there) = (shelf.value(1), one.get(&1).await, other.get(&1).await);
        assert!(
            stored.is_some() && here == stored && there == stored,
            "{at}: {stored:?} {here:?} {there:?}"
        );
    }
}

/// A store that does not answer is told by one, in vain: the others do not try it one after the other.
#[tokio::test(start_paused = true)]
async fn nobody_waits_for_the_vain_attempts_of_others() {
    let (shelf, source) = (Shelf::new().slow(SECOND), Source::default());
    let numbers = numbers(Config::new(), &shelf);
    for _ in 0..100 {
        shelf.fails("clear", TierFailure::TimedOut);
    }
    assert!(numbers.clear().await.is_err());
    shelf.asked();
    let begun = tokio::time::Instant::now();
    let calls = (0..50).map(|key| source.get(&numbers, key));
    futures::future::join_all(calls).await;
    assert_eq!((begun.elapsed(), shelf.asked()), (SECOND, vec!["clear"]));
    let load = |keys: Vec<u8>| async move { Ok::<_, ()>(keys.into_iter().map(|key| (key, 5))) };
    let many = numbers.load_many(100..200, load).await.unwrap();
    assert_eq!(many.iter().flatten().count(), 100);
    assert_eq!((begun.elapsed(), shelf.asked()), (2 * SECOND, vec!["clear"]));
}

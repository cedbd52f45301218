//! Errors, bad items, and answers that are no answers.

use std::collections::BTreeSet;

use buttress::{
    Error, Refusal,
    batch::{Batcher, Config},
};
use futures::future::join_all;
use tokio::time::sleep;

use super::{Backend, MILLISECOND};

#[tokio::test(start_paused = true)]
async fn an_error_is_everybodys_unless_it_is_said_whose() {
    let backend = Backend::default();
    let batcher = backend.batcher(Config::new());
    let answers = batcher.load_many([1, 1000, 2]).await;
    assert_eq!(answers, [1, 2, 3].map(|_| Err(Error::Inner("1000 is too large".to_owned()))));
    assert_eq!(backend.sizes(), [3]);
}

/// Halving: the bad item is alone with its error, and nothing is sent twice unchanged.
#[tokio::test(start_paused = true)]
async fn a_bad_item_is_isolated_by_halving() {
    for bad in [0, 1, 37, 63, 99] {
        let backend = Backend::default();
        let batcher = backend.batcher(Config::new()).isolate(|_| true);
        let keys = (0..100).map(|number| if number == bad { 1000 } else { number });
        for (number, answer) in (0..100).zip(batcher.load_many(keys).await) {
            match number == bad {
                true => assert_eq!(answer, Err(Error::Inner("1000 is too large".to_owned()))),
                false => assert_eq!(answer, Ok(number * 2)),
            }
        }
        let calls = backend.calls();
        let different: BTreeSet<_> = calls.iter().collect();
        assert_eq!(different.len(), calls.len(), "nothing is sent again unchanged");
        assert!(calls.len() <= 1 + 2 * 7, "{} calls", calls.len());
        let totals = batcher.snapshot().totals;
        assert_eq!(
            (totals.calls, totals.halved),
            (calls.len() as u64, (calls.len() as u64 - 1) / 2)
        );
    }
}

/// All of them are bad: each is called alone in the end, `2n - 1` calls in all.
#[tokio::test(start_paused = true)]
async fn halving_is_bounded_whatever_is_bad() {
    for items in [1, 2, 3, 7, 64, 100] {
        let backend = Backend::default();
        let batcher = backend.batcher(Config::new()).isolate(|_| true);
        let answers = batcher.load_many(1000..1000 + items).await;
        for (number, answer) in (1000..).zip(answers) {
            assert_eq!(answer, Err(Error::Inner(format!("{number} is too large"))));
        }
        assert_eq!(backend.calls().len() as u32, 2 * items - 1);
    }
}

/// Only what is an item's fault is called again; the backend's own is not.
#[tokio::test(start_paused = true)]
async fn an_error_that_is_no_items_fault_is_not_halved() {
    let backend = Backend::default();
    let batcher =
        backend.batcher(Config::new()).isolate(|error: &String| error.starts_with("1000 "));
    let answers = batcher.load_many([1, 2000, 1000, 3]).await;
    // The first error is the first bad number's; 2000 is said to be nobody's.
    assert!(answers.iter().all(Result::is_err));
    assert_eq!(backend.sizes(), [4]);
    let answers = batcher.load_many([1, 1000, 2000, 3]).await;
    assert_eq!(answers[0], Ok(2));
    assert_eq!(answers[1], Err(Error::Inner("1000 is too large".to_owned())));
    assert!(
        answers[2..]
            .iter()
            .all(|answer| *answer == Err(Error::Inner("2000 is too large".to_owned())))
    );
    assert_eq!(backend.sizes(), [4, 4, 2, 1, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_call_may_have_an_answer_for_each() {
    let each = Batcher::each("each", Config::new(), |numbers: Vec<u32>| async move {
        Ok::<_, String>(
            numbers
                .into_iter()
                .map(
                    |number| {
                        if number % 2 == 0 { Ok(number) } else { Err(format!("{number} is odd")) }
                    },
                )
                .collect(),
        )
    });
    let answers = each.unwrap().load_many([1, 2, 1]).await;
    let odd = || Err(Error::Inner("1 is odd".to_owned()));
    assert_eq!(answers, [odd(), Ok(2), odd()]);
}

#[tokio::test(start_paused = true)]
async fn too_few_or_too_many_answers_are_nobodys() {
    for given in [0, 1, 3] {
        let batcher = Batcher::new("few", Config::new(), move |_: Vec<u32>| async move {
            Ok::<_, String>(vec![7; given as usize])
        });
        let batcher = batcher.unwrap();
        for answer in batcher.load_many([1, 2]).await {
            let Err(Error::Refused(refusal)) = answer else { panic!("{answer:?}") };
            assert_eq!(
                refusal,
                Refusal::Mismatched { name: "few".into(), answers: given, items: 2 }
            );
            assert!(refusal.began());
        }
        assert_eq!(batcher.snapshot().waiting, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_the_drivers_and_the_others_are_told() {
    let batcher = Batcher::new("doubles", Config::new(), |numbers: Vec<u32>| async move {
        sleep(MILLISECOND).await;
        assert!(!numbers.contains(&13), "unlucky");
        Ok::<_, String>(numbers)
    });
    let batcher = batcher.unwrap();
    let ended = join_all([1, 13, 2].map(|number| tokio::spawn(batcher.load(number)))).await;
    assert_eq!(ended.iter().filter(|ended| ended.is_err()).count(), 1);
    for answer in ended.into_iter().flatten() {
        assert_eq!(answer, Err(Error::Refused(Refusal::Panicked { name: "doubles".into() })));
    }
    assert_eq!(batcher.load(1).await, Ok(1));
    let snapshot = batcher.snapshot();
    assert_eq!((snapshot.in_flight, snapshot.waiting, snapshot.open), (0, 0, 0));
}

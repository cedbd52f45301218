//! What is sent, against a naive model: batches as full as they may be, each key once, in order; and
//! whoever has gone, and whatever is bad, the others have their own answers.

use std::sync::{Arc, Mutex};

use buttress::{
    Error,
    batch::{Batcher, Config},
};
use futures::future::join_all;
use proptest::{collection::vec, prelude::*, test_runner::TestCaseError};

use crate::{cases, paused};

/// Items that are asked for at once; each weighs as much as it is, modulo 10.
#[derive(Clone, Debug)]
struct Ask {
    items: u32,
    weight: Option<u64>,
    keys: Vec<u32>,
    /// Keys from here on are bad.
    bad_from: u32,
}

fn ask() -> impl Strategy<Value = Ask> {
    let weight = prop_oneof![Just(None), (9..40_u64).prop_map(Some)];
    (1..20_u32, weight, vec(0..60_u32, 0..120), 20..70_u32)
        .prop_map(|(items, weight, keys, bad_from)| Ask { items, weight, keys, bad_from })
}

fn weigh(key: &u32) -> u64 {
    u64::from(key % 10)
}

/// The batches that the keys make, one after the other.
fn batches(ask: &Ask) -> Vec<Vec<u32>> {
    let mut batches: Vec<Vec<u32>> = Vec::new();
    let mut open = false;
    for key in &ask.keys {
        let last = batches.last().filter(|_| open).cloned().unwrap_or_default();
        if last.contains(key) {
            continue;
        }
        let heavy = |keys: &[u32], most| keys.iter().map(weigh).sum::<u64>() + weigh(key) > most;
        let fits = open && ask.weight.is_none_or(|most| !heavy(&last, most));
        match batches.last_mut().filter(|_| fits) {
            Some(batch) => batch.push(*key),
            None => batches.push(vec![*key]),
        }
        let batch = &batches[batches.len() - 1];
        let weight: u64 = batch.iter().map(weigh).sum();
        open = batch.len() < ask.items as usize && ask.weight.is_none_or(|most| weight < most);
    }
    batches
}

type Calls = Arc<Mutex<Vec<Vec<u32>>>>;

fn batcher(ask: &Ask, calls: &Calls) -> Batcher<u32, u32, String> {
    let mut config = Config::new().with_max_items(ask.items).with_max_in_flight(1);
    config.max_weight = ask.weight;
    let (calls, bad_from) = (Arc::clone(calls), ask.bad_from);
    let call = move |keys: Vec<u32>| {
        calls.lock().unwrap().push(keys.clone());
        async move {
            tokio::task::yield_now().await;
            match keys.iter().find(|key| **key >= bad_from) {
                Some(bad) => Err(format!("{bad} is bad")),
                None => Ok(keys.into_iter().map(|key| key + 1000).collect()),
            }
        }
    };
    Batcher::new("items", config, call).unwrap().weigh(weigh).isolate(|_| true)
}

fn expected(ask: &Ask, key: u32) -> Result<u32, Error<String>> {
    if key < ask.bad_from { Ok(key + 1000) } else { Err(Error::Inner(format!("{key} is bad"))) }
}

fn everybody_has_their_own(ask: &Ask) -> Result<(), TestCaseError> {
    paused(async {
        let calls = Calls::default();
        let batcher = batcher(ask, &calls);
        let answers = batcher.load_many(ask.keys.iter().copied()).await;
        for (key, answer) in ask.keys.iter().zip(answers) {
            prop_assert_eq!(answer, expected(ask, *key));
        }
        let calls = calls.lock().unwrap().clone();
        // A part of a batch has fewer keys than what failed before it.
        let batches = batches(ask);
        let mut left = calls.iter();
        for batch in &batches {
            let first = left.next();
            prop_assert_eq!(first, Some(batch));
            let bad = batch.iter().filter(|key| **key >= ask.bad_from).count();
            let parts: Vec<_> = left.by_ref().take(halvings(batch, ask.bad_from) - 1).collect();
            prop_assert!(parts.iter().all(|part| part.len() < batch.len()));
            prop_assert!(bad > 0 || parts.is_empty());
            prop_assert!(parts.len() < 2 * batch.len());
        }
        prop_assert_eq!(left.next(), None);
        let snapshot = batcher.snapshot();
        prop_assert_eq!((snapshot.open, snapshot.in_flight, snapshot.waiting), (0, 0, 0));
        prop_assert_eq!(snapshot.totals.calls, calls.len() as u64);
        Ok(())
    })
}

/// How many calls a batch takes: one, and both halves if anything in it is bad.
fn halvings(keys: &[u32], bad_from: u32) -> usize {
    if keys.len() < 2 || keys.iter().all(|key| *key < bad_from) {
        return 1;
    }
    let (first, second) = keys.split_at(keys.len() / 2);
    1 + halvings(first, bad_from) + halvings(second, bad_from)
}

/// Some go away before anything is sent: their items are not sent, unless others want them.
fn those_who_go_take_nothing_with_them(ask: &Ask, goes: &[bool]) -> Result<(), TestCaseError> {
    paused(async {
        let calls = Calls::default();
        let batcher = batcher(ask, &calls);
        let mut loads: Vec<_> = ask.keys.iter().map(|key| Some(batcher.load(*key))).collect();
        for (load, goes) in loads.iter_mut().zip(goes) {
            load.take_if(|_| *goes);
        }
        let kept: Vec<_> = ask
            .keys
            .iter()
            .zip(&mut loads)
            .filter_map(|(key, load)| Some((*key, load.take()?)))
            .collect();
        let keys: Vec<u32> = kept.iter().map(|(key, _)| *key).collect();
        let answers = join_all(kept.into_iter().map(|(_, load)| load)).await;
        for (key, answer) in keys.iter().zip(answers) {
            prop_assert_eq!(answer, expected(ask, *key));
        }
        let sent = calls.lock().unwrap().concat();
        prop_assert!(sent.iter().all(|key| keys.contains(key)), "{:?} of {:?}", sent, keys);
        prop_assert_eq!(batcher.snapshot().waiting, 0);
        prop_assert_eq!(batcher.snapshot().open, 0);
        Ok(())
    })
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn everybody_has_their_own_answer(ask in ask()) {
        everybody_has_their_own(&ask)?;
    }

    #[test]
    fn who_goes_away_takes_nothing_with_them(ask in ask(), goes in vec(any::<bool>(), 120)) {
        those_who_go_take_nothing_with_them(&ask, &goes)?;
    }
}

#[test]
fn both_hold_for_round_numbers() {
    for (items, weight, keys, bad_from) in [
        (100, None, 0..0, 100),
        (1, None, 0..10, 100),
        (10, None, 0..10, 100),
        (10, None, 0..100, 100),
        (10, None, 0..20, 0),
        (10, None, 0..20, 19),
        (100, Some(9), 0..20, 100),
        (100, Some(10), 0..100, 50),
        (10, Some(45), 0..100, 100),
    ] {
        let ask = Ask { items, weight, keys: keys.collect(), bad_from };
        everybody_has_their_own(&ask).unwrap();
        those_who_go_take_nothing_with_them(&ask, &[true, false].repeat(50)).unwrap();
        those_who_go_take_nothing_with_them(&ask, &[true; 100]).unwrap();
    }
}

//! What a config may say.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Wake, Waker},
    time::Duration,
};

use buttress::{
    Error,
    batch::{BatchLayer, Batcher, Config, Plan},
};

use super::{Backend, MILLISECOND};

#[test]
fn every_fault_of_a_config_is_named() {
    let config = Config::new()
        .with_max_items(0)
        .with_max_weight(0)
        .with_max_in_flight(0)
        .with_max_waiting(0);
    let echo = |keys: Vec<u8>| async { Ok::<_, u8>(keys) };
    let error = Batcher::new("loads", config, echo).unwrap_err();
    assert_eq!(
        error.to_string(),
        "batch config: max_items must be at least 1; max_weight must be at least 1, or off; \
         max_in_flight must be at least 1; max_waiting must be at least 1"
    );
}

#[test]
fn a_config_is_data() {
    let config: Config =
        toml::from_str("max_items = 5\nmax_weight = 300000\nmax_wait = \"2ms\"").unwrap();
    let wanted = Config::new().with_max_items(5).with_max_weight(300_000);
    assert_eq!(config, wanted.with_max_wait(2 * MILLISECOND));
    assert_eq!(toml::from_str::<Config>("max_weight = \"off\"").unwrap(), Config::new());
    assert!(toml::from_str::<Config>("max_size = 5").is_err());
    assert_eq!(Plan::default().config(), &Config::new());
}

#[tokio::test(start_paused = true)]
async fn a_config_that_is_replaced_holds_for_the_next_key() {
    let backend = Backend::default();
    let batcher = backend.batcher(Config::new());
    let first = batcher.load_many([1, 2, 3]);
    assert!(batcher.reconfigure(Config::new().with_max_items(0)).is_err());
    batcher.reconfigure(Config::new().with_max_items(2).with_max_in_flight(1)).unwrap();
    let second = batcher.load_many([4, 5]);
    let (first, second) = tokio::join!(first, second);
    assert!(first.iter().chain(&second).all(Result::is_ok));
    assert_eq!(backend.sizes(), [3, 2]);
}

/// Numbers that nobody means.
#[tokio::test(start_paused = true)]
async fn huge_numbers_are_no_limits() {
    let backend = Backend::default();
    let config = Config::new()
        .with_max_items(u32::MAX)
        .with_max_weight(u64::MAX)
        .with_max_in_flight(u32::MAX)
        .with_max_waiting(u32::MAX);
    let batcher = backend.batcher(config).weigh(|_| u64::MAX);
    assert_eq!(batcher.load_many([1, 2]).await, [Ok(2), Ok(4)]);
    let patient = backend.batcher(Config::new().with_max_wait(Duration::MAX).with_max_items(2));
    assert_eq!(patient.load_many([1, 2]).await, [Ok(2), Ok(4)]);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_says_what_is_under_way() {
    let batcher = Backend::default().batcher(Config::new());
    let calls = [1, 2, 1].map(|number| batcher.load(number));
    assert_eq!(
        serde_json::to_value(batcher.snapshot()).unwrap(),
        serde_json::json!({
            "name": "doubles",
            "open": 2,
            "in_flight": 0,
            "waiting": 3,
            "totals": { "loads": 3, "folded": 1, "calls": 0, "halved": 0, "refused": 0 },
        })
    );
    assert_eq!(format!("{batcher:?}"), r#"Batcher { name: "doubles", .. }"#);
    drop(calls);
}

/// What is being sent counts, whatever the number was when it was begun.
#[tokio::test(start_paused = true)]
async fn no_more_are_in_flight_than_the_latest_config_says() {
    let config = |most| Config::new().with_max_items(1).with_max_in_flight(most);
    let backend = Backend::default();
    let batcher = backend.batcher(config(2));
    let all = tokio::spawn(batcher.load_many(0..12));
    // Each takes ten milliseconds: how many have been sent a moment after each of them.
    let sent = async |after: u32| {
        tokio::time::sleep(after * MILLISECOND).await;
        (backend.calls().len(), batcher.snapshot().in_flight)
    };
    assert_eq!(sent(1).await, (2, 2));
    batcher.reconfigure(config(1)).unwrap();
    assert_eq!(sent(8).await, (2, 2), "two are out");
    assert_eq!(sent(2).await, (3, 1));
    assert_eq!(sent(10).await, (4, 1));
    batcher.reconfigure(config(3)).unwrap();
    assert_eq!(sent(1).await, (6, 3));
    // Back and forth leaves it as it was.
    for most in [1, 9, 2, 3] {
        batcher.reconfigure(config(most)).unwrap();
    }
    assert_eq!(sent(1).await, (6, 3));
    assert_eq!(sent(8).await.1, 3);
    batcher.reconfigure(config(1)).unwrap();
    assert!(all.await.unwrap().into_iter().all(|answer| answer.is_ok()));
    assert_eq!((backend.calls().len(), batcher.snapshot().in_flight), (12, 0));
    drop(tokio::spawn(batcher.load_many(20..24)));
    assert_eq!(sent(1).await, (13, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_made_from_a_plan_is_made_as_by_its_config() {
    let plan = Config::new().with_max_items(2).parse().unwrap();
    let each = |keys: Vec<u32>| async move {
        Ok::<_, String>(
            keys.into_iter()
                .map(|key| if key == 1 { Err("odd".to_owned()) } else { Ok(key) })
                .collect(),
        )
    };
    let batcher = Batcher::each_from_plan("each", plan.clone(), each);
    let answers = batcher.load_many(0..3).await;
    assert_eq!(answers, [Ok(0), Err(Error::Inner("odd".into())), Ok(2)]);
    assert_eq!((batcher.name().as_str(), batcher.snapshot().totals.calls), ("each", 2));
    let layer = BatchLayer::<u32, u32, Error<String>>::from_plan("layer", plan);
    assert_eq!((layer.name().as_str(), layer.snapshot().totals.calls), ("layer", 0));
}

/// Whoever waits for a turn is woken by their own waker, which may use the batcher.
#[tokio::test]
async fn another_config_wakes_nobody_under_a_lock() {
    struct Looks(Batcher<u32, u32, Error<String>>, AtomicUsize);

    impl Wake for Looks {
        fn wake(self: Arc<Self>) {
            let _ = self.0.snapshot();
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }

    let config = |most| Config::new().with_max_items(1).with_max_in_flight(most);
    let never = |_: Vec<u32>| std::future::pending::<Result<Vec<u32>, Error<String>>>();
    let batcher = Batcher::new("waits", config(1), never).unwrap();
    let looks = Arc::new(Looks(batcher.clone(), AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&looks));
    let mut loads = [1, 2].map(|number| Box::pin(batcher.load(number)));
    for load in &mut loads {
        assert!(load.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    let (done, is_done) = std::sync::mpsc::channel();
    let more = config(2);
    std::thread::spawn(move || done.send(batcher.reconfigure(more).is_ok()));
    let done = is_done.recv_timeout(Duration::from_secs(5));
    if done.is_err() {
        // What is dropped when this fails needs the lock as well.
        std::mem::forget((loads, looks));
        panic!("it is locked for good");
    }
    assert_eq!(done, Ok(true));
    assert_eq!(looks.1.load(Ordering::Relaxed), 1);
}

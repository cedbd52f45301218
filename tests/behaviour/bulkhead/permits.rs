use buttress::{
    bulkhead::{Bulkhead, Class, Config},
    stream::HeldStream,
};
use futures::{FutureExt, Stream, StreamExt, stream};

use super::{SECOND, limit};

fn words() -> impl Stream<Item = Result<&'static str, &'static str>> {
    stream::iter([Ok("a"), Err("reset"), Ok("b")])
}

#[tokio::test(start_paused = true)]
async fn a_place_goes_with_its_stream_to_the_end() {
    let bulkhead = Bulkhead::new("model", limit(1)).unwrap();
    let mut stream = bulkhead.try_acquire_owned().unwrap().hold(words());
    for _ in 0..3 {
        assert!(stream.next().await.is_some());
        assert!(bulkhead.try_acquire().is_err());
    }
    assert_eq!(stream.next().await, None);
    assert_eq!(bulkhead.snapshot().in_flight, 0, "although the stream is kept");
    let dropped = bulkhead.try_acquire().unwrap().hold(words());
    drop(dropped);
    assert_eq!(bulkhead.snapshot().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn a_place_is_free_only_when_the_stream_is_gone() {
    struct Resource(Bulkhead);
    impl Drop for Resource {
        fn drop(&mut self) {
            assert_eq!(self.0.snapshot().in_flight, 1);
        }
    }

    let bulkhead = Bulkhead::new("model", limit(1)).unwrap();
    let resource = Resource(bulkhead.clone());
    let stream = stream::iter([Ok::<_, ()>(1)]).map(move |item| {
        let _ = &resource;
        item
    });
    let held: HeldStream<_, _> = bulkhead.try_acquire_owned().unwrap().hold(stream);
    assert_eq!(held.count().await, 1);
    assert_eq!(bulkhead.snapshot().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn a_permit_travels_and_outlives_its_handle() {
    let bulkhead = Bulkhead::new("model", limit(1)).unwrap();
    let clone = bulkhead.clone();
    let permit = bulkhead.acquire_owned().await.unwrap();
    drop(bulkhead);
    let elsewhere = std::thread::spawn(move || permit);
    let permit = elsewhere.join().unwrap();
    assert_eq!(clone.snapshot().in_flight, 1);
    drop(permit);
    assert_eq!(clone.snapshot().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_for_a_permit_waits_as_a_call_does() {
    let bulkhead = Bulkhead::new("model", limit(1).with_queue(1, SECOND)).unwrap();
    let permit = bulkhead.acquire().await.unwrap();
    let start = tokio::time::Instant::now();
    assert!(bulkhead.acquire().await.is_err());
    assert_eq!(start.elapsed(), SECOND);
    let mut next = bulkhead.acquire_owned();
    assert!((&mut next).now_or_never().is_none());
    drop(permit);
    let permit = (&mut next).await.unwrap();
    assert!((&mut next).now_or_never().is_none(), "it has no other");
    drop(permit);
    assert!(bulkhead.try_acquire().is_ok());
}

#[tokio::test(start_paused = true)]
async fn nobody_is_woken_before_there_is_something_to_do() {
    let bulkhead = Bulkhead::new("model", limit(1).with_queue(1, 3600 * SECOND)).unwrap();
    let permit = bulkhead.try_acquire_owned().unwrap();
    let polls = buttress::testing::Polls::new();
    let waiting = tokio::spawn(polls.of(bulkhead.acquire_owned()));
    tokio::time::sleep(1800 * SECOND).await;
    drop(permit);
    assert!(waiting.await.unwrap().is_ok());
    polls.assert_at_most(2);
}

#[tokio::test(start_paused = true)]
async fn what_is_exempt_takes_no_place_by_a_permit_either() {
    let bulkhead = Bulkhead::new("model", Config::new().with_limit(1)).unwrap();
    let exempt = bulkhead.sort(Class::Exempt);
    let _permits = [exempt.try_acquire().unwrap(), exempt.try_acquire().unwrap()];
    assert_eq!(bulkhead.snapshot().in_flight, 0);
    assert!(bulkhead.try_acquire().is_ok());
}

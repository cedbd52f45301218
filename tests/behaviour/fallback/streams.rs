//! Streams fall over until their first content, and never after.

use std::pin::Pin;

use buttress::{
    Error,
    fallback::{Failed, Failover, FailoverConfig, Served, Streamed},
    outcome::Outcome,
};
use futures::{Stream, StreamExt, stream};
use tokio::time::sleep;

use super::{Down, SECOND};

type Item = Result<&'static str, Error<Down>>;
type Items = Pin<Box<dyn Stream<Item = Item> + Send>>;

/// What a provider does: fails to connect, or sends these items, each a second after the other.
/// `.` is a keep-alive, `!` the error, `?` the caller's own mistake, `x` an item that means failure.
type Plays = Result<&'static str, Down>;

fn items(plays: &'static str) -> Items {
    let item = |at: usize| -> Item {
        match &plays[at..=at] {
            "!" => Err(Error::Inner(Down::Broken)),
            "?" => Err(Error::Inner(Down::Mistake)),
            item => Ok(item),
        }
    };
    stream::iter(0..plays.len())
        .then(move |at| async move {
            sleep(SECOND).await;
            item(at)
        })
        .boxed()
}

fn eyes(item: &Item) -> Outcome {
    match item {
        Ok("x") => Outcome::Failure,
        Ok(_) => Outcome::Success,
        Err(Error::Inner(Down::Mistake)) => Outcome::Ignore,
        Err(_) => Outcome::Failure,
    }
}

type Opened = Result<Served<Streamed<Items>>, Failed<Error<Down>>>;

async fn open(config: FailoverConfig, plays: &[Plays]) -> Opened {
    let chain =
        Failover::new("chain", config, ["a", "b", "c"].into_iter().zip(plays.to_vec())).unwrap();
    let chain = chain.classify(eyes);
    chain
        .stream(
            |plays| async { plays.clone().map(items).map_err(Error::Inner) },
            |item| !matches!(*item, "." | "x"),
        )
        .await
}

async fn all(streamed: &mut Streamed<Items>) -> String {
    let mut seen = String::new();
    while let Some(item) = streamed.next().await {
        match item {
            Ok(item) => seen.push_str(item),
            Err(_) => seen.push('!'),
        }
    }
    seen
}

/// Who serves what, at how many attempts; or why nobody does.
async fn played(plays: &[Plays]) -> (String, String, u32) {
    match open(FailoverConfig::new(), plays).await {
        Ok(mut served) => (all(&mut served.value).await, served.by.to_string(), served.attempts),
        Err(failed) => (failed.error().to_string(), "nobody".into(), failed.tried().len() as u32),
    }
}

#[tokio::test(start_paused = true)]
async fn streams_fall_over_before_their_first_content_and_not_after() {
    let down = || Err(Down::Broken);
    let mistake = || Err(Down::Mistake);
    for (plays, seen, by, attempts) in [
        (vec![Ok("abc"), Ok("xyz")], "abc", "a", 1),
        (vec![down(), Ok("abc")], "abc", "b", 2),
        (vec![Ok("!"), Ok("abc")], "abc", "b", 2),
        (vec![Ok("...!"), Ok("..abc")], "..abc", "b", 2),
        (vec![Ok("..x"), Ok("abc")], "abc", "b", 2),
        (vec![Ok("a!"), Ok("abc")], "a!", "a", 1),
        (vec![Ok(".a.b!"), Ok("abc")], ".a.b!", "a", 1),
        (vec![Ok(""), Ok("abc")], "", "a", 1),
        (vec![Ok("..."), Ok("abc")], "...", "a", 1),
        (vec![Ok("!"), down(), Ok("!")], "broken", "nobody", 3),
        (vec![Ok("?"), Ok("abc")], "the caller's own mistake", "nobody", 1),
        (vec![mistake(), Ok("abc")], "the caller's own mistake", "nobody", 1),
        (vec![down(), Ok(".?"), Ok("abc")], "the caller's own mistake", "nobody", 2),
        (vec![Ok(".x"), down()], ".x", "a", 2),
    ] {
        let expected = (seen.to_owned(), by.to_owned(), attempts);
        assert_eq!(played(&plays).await, expected, "{plays:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_handed_out_with_its_first_content_and_not_before() {
    let start = tokio::time::Instant::now();
    let mut served = open(FailoverConfig::new(), &[Ok("..a....")]).await.unwrap();
    assert_eq!(start.elapsed(), 3 * SECOND);
    assert_eq!(
        (served.degraded, served.outcome, served.value.items()),
        (false, Outcome::Success, 0)
    );
    for held in [".", ".", "a"] {
        assert_eq!(served.value.next().await, Some(Ok(held)));
    }
    assert_eq!((start.elapsed(), served.value.items()), (3 * SECOND, 3));
    assert_eq!(served.value.next().await, Some(Ok(".")));
    assert_eq!(start.elapsed(), 4 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_error_after_content_comes_as_it_is_after_so_many_items() {
    let mut served = open(FailoverConfig::new(), &[Ok(".ab!c"), Ok("abc")]).await.unwrap();
    let mut items = Vec::new();
    while let Some(Ok(item)) = served.value.next().await {
        items.push(item);
    }
    assert_eq!((items, served.value.items()), (vec![".", "a", "b"], 3));
    assert_eq!(served.value.next().await, Some(Ok("c")), "the stream is the provider's own");
    assert_eq!(served.value.next().await, None);
    assert_eq!(served.value.next().await, None, "an end is an end");
}

#[tokio::test(start_paused = true)]
async fn what_is_held_is_bounded() {
    let config = FailoverConfig::new().with_max_held(3);
    let start = tokio::time::Instant::now();
    let mut served = open(config, &[Ok("....!"), Ok("abc")]).await.unwrap();
    assert_eq!((start.elapsed(), served.by.as_str()), (3 * SECOND, "a"), "taken at its word");
    assert_eq!(all(&mut served.value).await, "....!");
}

#[tokio::test(start_paused = true)]
async fn what_is_known_of_its_length_is_told() {
    let chain = Failover::new("chain", FailoverConfig::new(), [("a", ())]).unwrap();
    let mut served = chain
        .stream(
            async |()| Ok(stream::iter([1, 2, 3, 4].map(Ok::<u8, Error<Down>>))),
            |item| *item > 1,
        )
        .await
        .unwrap();
    assert_eq!(served.value.size_hint(), (4, Some(4)));
    assert_eq!(format!("{:?}", served.value), "Streamed { held: 2, items: 0, ended: false, .. }");
    assert_eq!(served.value.next().await, Some(Ok(1)));
    assert_eq!(served.value.by_ref().count().await, 3);
    assert_eq!(served.value.size_hint(), (0, Some(0)));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_waited_for_goes_with_its_caller() {
    let alive = std::sync::Arc::new(());
    let chain = Failover::new("chain", FailoverConfig::new(), [("a", ()), ("b", ())]).unwrap();
    let open = async |_: &()| {
        let guard = alive.clone();
        let items = stream::unfold(guard, |guard| async move {
            sleep(SECOND).await;
            Some((Ok::<_, Error<Down>>("."), guard))
        });
        Ok(Box::pin(items))
    };
    let waiting = chain.stream(open, |_| false);
    assert!(tokio::time::timeout(5 * SECOND / 2, waiting).await.is_err());
    assert_eq!(std::sync::Arc::strong_count(&alive), 1);
    assert_eq!(chain.snapshot().totals, Default::default());
}

#[tokio::test(start_paused = true)]
async fn a_stream_can_be_opened_in_a_task() {
    let task = tokio::spawn(async {
        let mut served = open(FailoverConfig::new(), &[Ok("!"), Ok(".a")]).await?;
        Ok::<_, Failed<Error<Down>>>(all(&mut served.value).await)
    });
    assert_eq!(task.await.unwrap().unwrap(), ".a");
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_not_polled_after_its_end() {
    let starts_over = |sends: &'static [&'static str]| {
        let mut at = 0;
        stream::poll_fn(move |_| {
            at += 1;
            assert!(at <= sends.len() + 1, "polled after its end");
            std::task::Poll::Ready(sends.get(at - 1).map(|item| Ok::<_, Error<Down>>(*item)))
        })
    };
    let plays: [&[&str]; 3] = [&[], &["."], &["a", "b"]];
    for sends in plays {
        let failover = Failover::new("failover", FailoverConfig::new(), [("a", sends)]).unwrap();
        let open = async |sends: &&'static [&'static str]| Ok(starts_over(sends));
        let mut served = failover.stream(open, |item| *item != ".").await.unwrap();
        assert_eq!(served.value.by_ref().count().await, sends.len());
        assert_eq!(served.value.next().await, None);
    }
}

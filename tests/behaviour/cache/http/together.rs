//! Many who ask at once, and those who go away.

use buttress::Refusal;
use futures::{
    FutureExt,
    future::{join_all, poll_immediate},
};
use tower::ServiceExt;

use super::*;

/// CA-11.
#[tokio::test(start_paused = true)]
async fn who_asks_for_the_same_at_once_waits_for_one_request() {
    for door in DOORS {
        for status in [200, 404, 503] {
            let client = client(door, config(), &backend([answer(&[]).status(status)]));
            let all = join_all((0..512).map(|_| client.ask(get("/")))).await;
            assert!(all.into_iter().all(|got| {
                let got = got.unwrap();
                (got.status.as_u16(), got.text(), got.age()) == (status, "hello", None)
            }));
            assert_eq!(client.calls(), 1, "{door:?}");
            client.get("/").await;
            assert_eq!(client.calls(), if status == 200 { 1 } else { 2 });
        }
    }
}

/// CA-03 and CA-11: an error goes to all who wait, and nothing is kept.
#[tokio::test(start_paused = true)]
async fn an_error_is_everybodys_and_not_kept() {
    for door in DOORS {
        let down = Backend { answers: Arc::new(vec![Err("down")]), calls: Arc::default() };
        let client = client(door, config(), &down);
        let (first, second) = tokio::join!(client.ask(get("/")), client.ask(get("/")));
        assert_eq!(
            (first.unwrap_err(), second.unwrap_err()),
            (Error::Inner("down"), Error::Inner("down"))
        );
        assert_eq!((client.calls(), client.pages.cache().len()), (1, 0));
        client.ask(get("/")).await.unwrap_err();
        assert_eq!(client.calls(), 2);
    }
}

/// CA-12: whoever sent the request goes away, before its head or within its body.
#[tokio::test(start_paused = true)]
async fn an_answer_is_driven_by_whoever_is_left() {
    for door in DOORS {
        for gone_after in [0, 1, 3] {
            let slow = answer(&[]).body(&[Data("hel"), After(4 * SECOND), Data("lo")]);
            let client = client(door, config(), &backend([slow]));
            let mut leader = Box::pin(client.ask(get("/")));
            let mut follower = Box::pin(client.ask(get("/")));
            assert!(
                poll_immediate(&mut leader).await.is_none()
                    && poll_immediate(&mut follower).await.is_none()
            );
            sleep(gone_after * SECOND).await;
            assert!(poll_immediate(&mut leader).await.is_none());
            drop(leader);
            assert_eq!((follower.await.unwrap().text(), client.calls()), ("hello", 1), "{door:?}");
            assert_eq!(client.pages.cache().len(), 1);
        }
    }
}

/// What is for the one who is gone goes with them.
#[tokio::test(start_paused = true)]
async fn an_answer_for_one_who_is_gone_is_given_to_nobody() {
    for door in DOORS {
        let private = answer(&[("set-cookie", "leader")]);
        let client = client(door, config(), &backend([private, answer(&[("set-cookie", "own")])]));
        let mut leader = Box::pin(client.ask(get("/")));
        let follower = client.ask(get("/"));
        assert!(poll_immediate(&mut leader).await.is_none());
        drop(leader);
        let got = follower.await.unwrap();
        assert_eq!((got.headers["set-cookie"].to_str().unwrap(), client.calls()), ("own", 2));
    }
}

/// A leader who is kept and not polled any more holds nobody up.
#[tokio::test(start_paused = true)]
async fn who_waits_for_a_body_that_is_too_large_does_not_wait_for_its_reader() {
    for door in DOORS {
        let large = answer(&[]).body(&[Data("0123456789"), After(SECOND), Data("abcdef")]);
        let client = client(door, config().with_max_body(4), &backend([large]));
        let mut leader = Box::pin(client.ask(get("/")));
        let follower = client.ask(get("/"));
        assert!(poll_immediate(&mut leader).await.is_none());
        assert_eq!(follower.await.unwrap().text(), "0123456789abcdef");
        assert_eq!(leader.await.unwrap().text(), "0123456789abcdef");
        assert_eq!(client.calls(), 2);
    }
}

/// CA-10: what is taken out while it is on its way is not kept.
#[tokio::test(start_paused = true)]
async fn what_is_forgotten_while_it_is_on_its_way_is_not_kept() {
    for door in DOORS {
        let client = client(door, config(), &backend([answer(&[])]));
        let waiting = client.ask(get("/"));
        client.pages.cache().clear();
        assert_eq!(waiting.await.unwrap().text(), "hello");
        assert_eq!(client.pages.cache().len(), 0);
    }
}

/// CA-13.
#[tokio::test(start_paused = true)]
async fn a_request_that_panics_leaves_the_key_free() {
    let pages = HttpCache::new("pages", config()).unwrap();
    let key = || Some(RequestKey::of(&get("/"), []));
    let ask = |panics: bool| {
        pages.call(key(), get("/"), move |_| async move {
            sleep(SECOND).await;
            assert!(!panics, "as it was told");
            Ok::<_, &str>(Response::new(Told { pieces: [Data("up")].into(), timer: None }))
        })
    };
    let (first, second) = (ask(true), ask(false));
    let (first, second) = tokio::join!(
        std::panic::AssertUnwindSafe(first).catch_unwind(),
        std::panic::AssertUnwindSafe(second).catch_unwind()
    );
    let refusals = [first, second]
        .into_iter()
        .filter(|one| matches!(one, Ok(Err(Error::Refused(Refusal::Panicked { .. })))));
    assert_eq!(refusals.count(), 1, "one panicked, the other heard of it");
    assert_eq!(read(ask(false).await.unwrap()).await.text(), "up");
}

/// The plain door lifts what the operation says, and the tower door leaves it as it is.
#[tokio::test(start_paused = true)]
async fn an_error_of_any_type_comes_back_through_call() {
    let pages = HttpCache::new("pages", config()).unwrap();
    let failing = pages.call(Some(RequestKey::of(&get("/"), [])), get("/"), |_| async {
        Err::<Response<Told>, _>("down")
    });
    assert_eq!(failing.await.err(), Some(Error::Inner("down")));
    let service = pages
        .layer(|request: &Request<()>| Some(RequestKey::of(request, [])))
        .layer(service_fn(|_| async { Err::<Response<Told>, Down>(Error::Inner("down")) }));
    assert_eq!(service.oneshot(get("/")).await.err(), Some(Error::Inner("down")));
}

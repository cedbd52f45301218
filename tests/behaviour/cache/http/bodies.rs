//! What becomes of bodies that are not whole, and of what is behind them.

use buttress::time::now;

use super::*;

const SMALL: u64 = 8;

/// All of a body that is not kept comes, as it is; and those who wait have one each.
#[tokio::test(start_paused = true)]
async fn a_body_that_is_not_kept_is_passed_on_whole_and_nobody_waits_for_it() {
    let whole = "0123456789abcdef";
    for door in DOORS {
        for body in [
            vec![Data("0123456789abcdef")],
            vec![Data("01234567"), Data("89abcdef")],
            vec![
                Data("0123"),
                After(SECOND),
                Data("4567"),
                Data("89abcd"),
                After(99 * SECOND),
                Data("ef"),
            ],
            // Not larger than what may be kept, but later than it may come.
            vec![Data("012"), After(11 * SECOND), Data("3456789abcdef")],
        ] {
            let answers = [answer(&[]).body(&body)];
            let client = client(door, config().with_max_body(SMALL), &backend(answers));
            let all = futures::future::join_all((0..5).map(|_| client.ask(get("/")))).await;
            for got in all {
                let got = got.unwrap();
                assert_eq!((got.text(), got.was_whole), (whole, false), "{door:?} {body:?}");
            }
            assert_eq!((client.calls(), client.pages.cache().len()), (5, 0));
            assert_eq!(client.pages.snapshot().cache.loading, 0);
            assert_eq!(client.pages.snapshot().totals.not_whole, 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_just_small_enough_is_kept_in_one_piece() {
    for door in DOORS {
        let body = [Data("0123"), Data(""), After(SECOND), Data("4567")];
        let client =
            client(door, config().with_max_body(SMALL), &backend([answer(&[]).body(&body)]));
        for _ in 0..2 {
            let got = client.get("/").await;
            assert_eq!((got.text(), got.was_whole), ("01234567", true));
        }
        assert_eq!(client.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_breaks_off_where_it_did_and_is_not_kept() {
    for door in DOORS {
        let broken = answer(&[]).body(&[Data("hel"), After(SECOND), Broken]);
        let client = client(door, config(), &backend([broken, answer(&[])]));
        let (first, second) = tokio::join!(client.get("/"), client.get("/"));
        assert_eq!((first.body, first.was_whole), (Err(Broke), false), "{door:?}");
        assert_eq!(second.text(), "hello", "it sends its own");
        assert_eq!((client.calls(), client.pages.cache().len()), (2, 0));
        assert_eq!((client.get("/").await.text(), client.calls()), ("hello", 3));
        assert_eq!((client.get("/").await.text(), client.calls()), ("hello", 3));
    }
}

/// Not every client says that less has come than was announced.
#[tokio::test(start_paused = true)]
async fn a_body_that_is_less_than_was_announced_is_not_kept() {
    for door in DOORS {
        for (length, calls) in [("5", 1), ("6", 2), ("many", 2)] {
            let client = client(door, config(), &backend([answer(&[("content-length", length)])]));
            for _ in 0..2 {
                assert_eq!(client.get("/").await.text(), "hello");
            }
            assert_eq!(client.calls(), calls, "{door:?} {length}");
        }
        let answered = answer(&[("content-length", "5")]).body(&[]);
        let client = client(door, config(), &backend([answered]));
        for _ in 0..2 {
            let head = Request::head("/").body(()).unwrap();
            assert_eq!(client.ask(head).await.unwrap().headers["content-length"], "5");
        }
        assert_eq!(client.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_behind_a_body_is_kept_with_it() {
    for door in DOORS {
        for body in [vec![Data("a"), Trailers], vec![Trailers]] {
            let client = client(door, config(), &backend([answer(&[]).body(&body)]));
            for _ in 0..2 {
                assert_eq!(client.get("/").await.trailers.unwrap()["x-sum"], "42");
            }
            assert_eq!(client.calls(), 1);
            let large = backend([answer(&[]).body(&[Data("aaaaaaaaaaaa"), Trailers])]);
            let client = super::client(door, config().with_max_body(SMALL), &large);
            assert_eq!(client.get("/").await.trailers.unwrap()["x-sum"], "42");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_head_of_an_answer_that_is_passed_on_does_not_wait_for_its_body() {
    for door in DOORS {
        let stream = answer(&[("content-type", "text/event-stream; charset=utf-8")])
            .body(&[After(3600 * SECOND)])
            .at_once();
        let client = client(door, config(), &backend([stream]));
        let since = now();
        let reading = client.ask(get("/"));
        assert!(tokio::time::timeout(SECOND, reading).await.is_err(), "it is read to its end");
        let key = RequestKey::of(&get("/"), []);
        let backend = client.backend.clone();
        let response = client.pages.run(Some(key), get("/"), |request| backend.send(request)).await;
        assert_eq!((response.unwrap().status(), now().since(since)), (StatusCode::OK, SECOND));
    }
}

/// What an answer weighs is what is kept of it.
#[tokio::test(start_paused = true)]
async fn a_weight_is_in_bytes() {
    for door in DOORS {
        let kept = cache::Config::weight(10_000).with_ttl(60 * SECOND);
        let client = client(door, config().with_cache(kept), &backend([answer(&[])]));
        client.get("/").await;
        let one = client.pages.cache().weight();
        assert!((5..1000).contains(&one), "{one}");
        for at in 0..1000 {
            client.get(&format!("/{at}")).await;
        }
        let snapshot = client.pages.snapshot().cache;
        assert!(snapshot.total_weight <= 10_000 && snapshot.totals.evicted > 900);
    }
}

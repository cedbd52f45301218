//! What is kept, for how long, and what is asked for all the same.

use futures::FutureExt;
use tokio::time::advance;

use super::*;

/// The second of two requests, half a minute after the first.
async fn again(door: Door, config: Config, answered: Answer) -> (Got, usize) {
    let client = client(door, config, &backend([answered]));
    client.get("/").await;
    advance(30 * SECOND).await;
    (client.get("/").await, client.calls())
}

/// 1.4 #54: the second of two equal requests calls nobody.
#[tokio::test(start_paused = true)]
async fn what_is_kept_is_given_at_once_and_says_how_old_it_is() {
    for door in DOORS {
        let answered =
            answer(&[("content-type", "text/plain"), ("connection", "x-hop"), ("x-hop", "1")]);
        let client = client(door, config(), &backend([answered]));
        let first = client.get("/").await;
        assert_eq!((first.text(), first.age()), ("hello", None));
        advance(30 * SECOND).await;
        let second = client.ask(get("/")).now_or_never().unwrap().unwrap();
        assert_eq!((second.text(), second.age(), second.was_whole), ("hello", Some("31"), true));
        assert_eq!(second.headers["content-type"], "text/plain");
        assert!(
            !second.headers.contains_key("connection") && !second.headers.contains_key("x-hop")
        );
        assert_eq!(client.calls(), 1, "{door:?}");
        let snapshot = client.pages.snapshot();
        assert_eq!((snapshot.cache.totals.hits, snapshot.cache.totals.misses), (1, 1));
    }
}

/// CA-03, CA-04 and CA-06: what answers say of themselves, and whether the backend is asked again.
#[tokio::test(start_paused = true)]
async fn an_answer_is_kept_as_it_says() {
    let kept: &[&[(&str, &str)]] = &[
        &[],
        &[("cache-control", "max-age=40")],
        &[("cache-control", "max-age=1, s-maxage=40"), ("cache-control", "public")],
        &[("cache-control", "s-maxage=40"), ("expires", "0")],
        &[("date", "Thu, 01 Jan 1970 00:00:00 GMT"), ("expires", "Thu, 01 Jan 1970 00:00:40 GMT")],
        &[("age", "5"), ("cache-control", "max-age=40")],
        &[("age", "soon"), ("cache-control", "max-age=40")],
        &[("vary", "")],
        &[("cache-control", "must-revalidate")],
    ];
    let not_kept: &[&[(&str, &str)]] = &[
        &[("cache-control", "max-age=20")],
        &[("cache-control", "max-age=40, s-maxage=20")],
        &[("cache-control", "no-store")],
        &[("cache-control", "No-Cache")],
        &[("cache-control", "max-age=40"), ("cache-control", "private=\"x\"")],
        &[("cache-control", "max-age=0")],
        &[("cache-control", "max-age=never")],
        &[("expires", "0")],
        &[("age", "20"), ("cache-control", "max-age=40")],
        &[("age", "40"), ("cache-control", "max-age=40")],
        &[("set-cookie", "a=b"), ("cache-control", "public, max-age=40")],
        &[("vary", "*")],
        &[("vary", "accept-language")],
        &[("content-type", "Text/Event-Stream")],
    ];
    for door in DOORS {
        for (cases, calls) in [(kept, 1), (not_kept, 2)] {
            for headers in cases {
                let (got, asked) = again(door, config(), answer(headers)).await;
                assert_eq!((got.text(), asked), ("hello", calls), "{door:?} {headers:?}");
            }
        }
    }
}

/// CA-04: to the second, and what an answer has aged already counts.
#[tokio::test(start_paused = true)]
async fn an_answer_expires_when_it_has_aged_as_much_as_it_may() {
    for door in DOORS {
        let answered = answer(&[("age", "10"), ("cache-control", "max-age=40")]).at_once();
        let client = client(door, config(), &backend([answered]));
        assert_eq!(client.get("/").await.age(), Some("10"), "as it came");
        advance(Duration::from_millis(29_999)).await;
        assert_eq!(client.get("/").await.age(), Some("39"));
        advance(Duration::from_millis(1)).await;
        client.get("/").await;
        assert_eq!(client.calls(), 2);
        // However long an answer wants to live: the cache's own limit holds.
        let long = backend([answer(&[("cache-control", "max-age=99999999999")]).at_once()]);
        let client = super::client(door, config(), &long);
        client.get("/").await;
        advance(59 * SECOND).await;
        assert_eq!(client.get("/").await.age(), Some("59"));
        advance(SECOND).await;
        client.get("/").await;
        assert_eq!(client.calls(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn statuses_are_kept_that_are_named() {
    let with_404 = config().with_statuses([200, 404]);
    for door in DOORS {
        for (config, status, calls) in [
            (config(), 200, 1),
            (config(), 301, 1),
            (config(), 204, 2),
            (config(), 302, 2),
            (config(), 304, 2),
            (config(), 404, 2),
            (config(), 429, 2),
            (config(), 500, 2),
            (with_404.clone(), 404, 1),
            (with_404.clone(), 301, 2),
        ] {
            let (got, asked) = again(door, config, answer(&[]).status(status)).await;
            assert_eq!((got.status.as_u16(), asked), (status, calls), "{door:?} {status}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn where_only_explicit_lifetimes_count_an_answer_without_is_not_kept() {
    for door in DOORS {
        let explicit = config().with_explicit(true);
        assert_eq!(again(door, explicit.clone(), answer(&[])).await.1, 2);
        let said = answer(&[("cache-control", "max-age=60")]);
        assert_eq!(again(door, explicit, said).await.1, 1);
        // Without a limit of its own the cache does not know how long nothing is.
        let endless = Config::new().with_cache(cache::Config::entries(9));
        assert_eq!(again(door, endless, answer(&[])).await.1, 2);
    }
}

/// What requests say: how often the backend has been asked after a first one and this, and how old what is
/// kept is then.
#[tokio::test(start_paused = true)]
async fn a_request_may_ask_for_more_than_what_is_kept() {
    for door in DOORS {
        for (headers, calls, age) in [
            (&[("cache-control", "no-store")][..], 2, "30"),
            (&[("cache-control", "no-cache")], 2, "0"),
            (&[("pragma", "no-cache")], 2, "0"),
            (&[("pragma", "no-cache"), ("cache-control", "max-age=99")], 1, "30"),
            (&[("cache-control", "max-age=0")], 2, "0"),
            (&[("cache-control", "max-age=20")], 2, "0"),
            (&[("cache-control", "max-age=40")], 1, "30"),
            (&[("range", "bytes=0-1")], 2, "30"),
            (&[("if-none-match", "\"x\"")], 1, "30"),
            (&[("if-match", "\"x\"")], 2, "30"),
        ] {
            let client = client(door, config(), &backend([answer(&[]).at_once()]));
            client.get("/").await;
            advance(30 * SECOND).await;
            assert_eq!(client.ask(with(headers)).await.unwrap().text(), "hello");
            assert_eq!(client.calls(), calls, "{door:?} {headers:?}");
            assert_eq!(client.get("/").await.age(), Some(age), "{door:?} {headers:?}");
            assert_eq!(client.calls(), calls);
        }
        // Unless nobody wants to be told.
        let deaf = client(door, config().with_obedient(false), &backend([answer(&[])]));
        deaf.get("/").await;
        deaf.ask(with(&[("cache-control", "no-cache")])).await.unwrap();
        assert_eq!(deaf.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn other_methods_are_passed_on_and_what_changes_things_takes_out_what_was_kept() {
    let ask = |method: Method| Request::builder().method(method).uri("/").body(()).unwrap();
    for door in DOORS {
        let answers = [answer(&[]), answer(&[]), answer(&[]).status(409), answer(&[])];
        let client = client(door, config(), &backend(answers));
        client.get("/").await;
        client.ask(ask(Method::OPTIONS)).await.unwrap();
        client.ask(ask(Method::POST)).await.unwrap();
        assert_eq!(client.calls(), 3);
        client.get("/").await;
        assert_eq!(client.calls(), 3, "it did not go well");
        client.ask(ask(Method::DELETE)).await.unwrap();
        client.get("/").await;
        assert_eq!((client.calls(), client.pages.snapshot().totals.passed), (5, 3));
        // `HEAD` is answered as `HEAD` was.
        client.ask(ask(Method::HEAD)).await.unwrap();
        client.ask(ask(Method::HEAD)).await.unwrap();
        assert_eq!((client.calls(), client.pages.cache().len()), (6, 2));
        assert_eq!((client.pages.forget("/"), client.pages.cache().len()), (2, 0));
    }
}

/// CA-02.
#[tokio::test(start_paused = true)]
async fn a_request_without_a_key_is_sent_every_time() {
    for door in DOORS {
        let client = client(door, config(), &backend([answer(&[])]));
        for calls in 1..4 {
            let got = client.get("/nobodys").await;
            assert_eq!((got.text(), got.was_whole, client.calls()), ("hello", false, calls));
        }
    }
}

/// CA-07: what is stale is given at once, and asked for anew, once.
#[tokio::test(start_paused = true)]
async fn what_is_stale_is_renewed_behind_the_back_of_who_asks() {
    for door in DOORS {
        let kept = cache::Config::entries(9).with_ttl(60 * SECOND).with_stale_after(20 * SECOND);
        let fresh = answer(&[]).body(&[Data("new")]);
        let client = client(door, config().with_cache(kept), &backend([answer(&[]), fresh]));
        client.get("/").await;
        advance(30 * SECOND).await;
        let stale = client.ask(get("/")).now_or_never().unwrap().unwrap();
        assert_eq!((stale.text(), stale.age()), ("hello", Some("31")));
        sleep(2 * SECOND).await;
        assert_eq!((client.get("/").await.text(), client.calls()), ("new", 2));
    }
}

/// CA-19: an older answer is better than none, if it may be given.
#[tokio::test(start_paused = true)]
async fn after_an_answer_that_says_the_service_is_not_well_an_older_one_is_given() {
    for door in DOORS {
        for down in [answer(&[]).status(503), answer(&[("cache-control", "no-store")]).status(500)]
        {
            let kept = cache::Config::entries(9).with_ttl(60 * SECOND).with_grace(100 * SECOND);
            let client =
                client(door, config().with_cache(kept), &backend([answer(&[]), down.clone()]));
            client.get("/").await;
            advance(90 * SECOND).await;
            let got = client.get("/").await;
            assert_eq!((got.status.as_u16(), got.text(), client.calls()), (200, "hello", 2));
            assert_eq!(got.age(), Some("92"), "{door:?}");
            advance(100 * SECOND).await;
            let got = client.get("/").await;
            assert_eq!((got.status.as_u16(), client.calls()), (down.status, 3));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn another_config_holds_for_what_is_asked_for_later() {
    for door in DOORS {
        let client = client(door, config(), &backend([answer(&[]).status(404)]));
        client.get("/").await;
        client.get("/").await;
        client.pages.reconfigure(config().with_statuses([404])).unwrap();
        client.get("/").await;
        client.get("/").await;
        assert_eq!(client.calls(), 3);
        let disabled = cache::Config::entries(100).with_mode(cache::CacheMode::Disabled);
        client.pages.reconfigure(config().with_cache(disabled)).unwrap();
        client.get("/").await;
        client.get("/").await;
        assert_eq!(client.calls(), 5);
        let weighed = config().with_cache(cache::Config::weight(9)).with_statuses([200]);
        assert!(client.pages.reconfigure(weighed).is_err());
    }
}

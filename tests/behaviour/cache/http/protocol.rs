//! What HTTP itself says (RFC 9110, RFC 9111), where it is easily misheard.

use std::time::{SystemTime, UNIX_EPOCH};

use super::*;

/// How often the backend was asked for the same twice.
async fn asked_twice(door: Door, config: Config, answered: Answer) -> usize {
    let client = client(door, config, &backend([answered]));
    client.get("/").await;
    client.get("/").await;
    client.calls()
}

/// A quoted text may have a quote in it, behind a backslash; one that does not end hides nothing.
#[tokio::test(start_paused = true)]
async fn what_stands_behind_a_quoted_text_is_heard() {
    for door in DOORS {
        for said in [
            r#"max-age=60, ext="a\"b", no-store"#,
            r#"max-age=60, ext="a\\", private"#,
            r#"max-age=60, ext="a, private"#,
            r#"max-age=60, ext="a\", private"#,
        ] {
            assert_eq!(
                asked_twice(door, config(), answer(&[("cache-control", said)])).await,
                2,
                "{said}"
            );
        }
        for said in [r#"max-age=60, ext="no-store, \", private""#, r#"ext="a\\", max-age=60"#] {
            assert_eq!(
                asked_twice(door, config(), answer(&[("cache-control", said)])).await,
                1,
                "{said}"
            );
        }
    }
}

/// A server may go by the `Host` although the address names another one.
#[tokio::test(start_paused = true)]
async fn an_address_with_a_name_is_another_by_another_host() {
    for door in DOORS {
        let client = client(door, config(), &backend([answer(&[("vary", "host")])]));
        for (host, calls) in [("a.example", 1), ("b.example", 2), ("a.example", 2)] {
            let mut request = get("http://10.0.0.1/");
            request.headers_mut().insert(header::HOST, host.parse().unwrap());
            client.ask(request).await.unwrap();
            assert_eq!(client.calls(), calls, "{door:?} {host}");
        }
    }
}

/// A service behind a router sends no `Date`: that is added by the server, in front of the cache.
#[tokio::test(start_paused = true)]
async fn a_moment_is_compared_with_the_time_where_an_answer_has_no_date() {
    let soon = SystemTime::now() + 30 * SECOND;
    for door in DOORS {
        for (until, calls) in [(UNIX_EPOCH, 2), (UNIX_EPOCH + SECOND, 2), (soon, 1)] {
            let until = httpdate::fmt_http_date(until).leak();
            assert_eq!(asked_twice(door, config(), answer(&[("expires", until)])).await, calls);
        }
    }
}

/// Whoever passes it on to a client must not take what was read for all there is.
#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_does_not_say_how_long_it_is() {
    for door in DOORS {
        let broken = answer(&[]).body(&[Data("hel"), Broken]);
        let mut client = client(door, config(), &backend([broken]));
        client.fields = vec![header::ACCEPT];
        let (key, backend) = (client.key(&get("/")), client.backend.clone());
        let answering = client.pages.run(key, get("/"), |request| backend.send(request));
        let mut body = answering.await.unwrap().into_body();
        assert_eq!((body.size_hint().lower(), body.size_hint().exact()), (3, None));
        let frame = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), "hel");
        assert!(!body.is_end_stream());
        assert_eq!(
            poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await.unwrap().unwrap_err(),
            Broke
        );
        assert!(body.is_end_stream());
    }
}

/// An answer ages from when it has come, and not from when its body has.
#[tokio::test(start_paused = true)]
async fn an_answer_ages_while_its_body_comes() {
    for door in DOORS {
        let slow = [Data("hel"), After(6 * SECOND), Data("lo")];
        let short = answer(&[("cache-control", "max-age=5")]).at_once().body(&slow);
        assert_eq!(asked_twice(door, config(), short).await, 2, "it has expired meanwhile");
        let longer = answer(&[("cache-control", "max-age=9"), ("age", "1")]).at_once().body(&slow);
        let client = client(door, config(), &backend([longer]));
        assert_eq!(client.get("/").await.text(), "hello");
        tokio::time::advance(SECOND).await;
        let got = client.get("/").await;
        assert_eq!((got.age(), client.calls()), (Some("8"), 1));
        tokio::time::advance(SECOND).await;
        client.get("/").await;
        assert_eq!(client.calls(), 2);
    }
}

/// A key is chosen by whoever asks, and may be longer than any answer.
#[tokio::test(start_paused = true)]
async fn a_key_weighs_what_it_says() {
    let bound = 256 << 10;
    for door in DOORS {
        let kept = cache::Config::weight(bound).with_ttl(60 * SECOND);
        let mut client =
            client(door, Config::new().with_cache(kept), &backend([answer(&[]).at_once()]));
        client.fields = vec![header::ACCEPT];
        for number in 0..100 {
            let mut request = get(&format!("/?{number}={}", "x".repeat(4000)));
            request.headers_mut().insert(header::ACCEPT, "y".repeat(4000).parse().unwrap());
            client.ask(request).await.unwrap();
        }
        let kept = client.pages.cache().len() as u64;
        assert!(kept > 0 && kept * 8000 <= bound, "{kept}");
    }
}

/// Where an answer must not be given once it has expired, it is not, whatever the grace is.
#[tokio::test(start_paused = true)]
async fn what_must_be_fresh_is_kept_and_has_no_grace() {
    let gracious = || {
        config().with_cache(cache::Config::entries(9).with_ttl(60 * SECOND).with_grace(60 * SECOND))
    };
    for door in DOORS {
        for (said, status) in [
            ("max-age=5", 200),
            ("max-age=5, must-revalidate", 503),
            ("max-age=5, proxy-revalidate", 503),
            ("s-maxage=5", 503),
        ] {
            let answers = [answer(&[("cache-control", said)]), answer(&[]).status(503).at_once()];
            let client = client(door, gracious(), &backend(answers));
            client.get("/").await;
            client.get("/").await;
            assert_eq!(client.calls(), 1, "{said}");
            tokio::time::advance(6 * SECOND).await;
            let got = client.get("/").await;
            assert_eq!((got.status.as_u16(), client.calls()), (status, 2), "{said}");
        }
    }
}

/// What changes an address changes every answer of it, whatever else their keys say.
#[tokio::test(start_paused = true)]
async fn what_changes_an_address_takes_out_every_answer_of_it() {
    let say = |method: Method, path: &str, language: &'static str, token: Option<&'static str>| {
        let mut request = Request::builder().method(method).uri(path).body(()).unwrap();
        request.headers_mut().insert("accept-language", language.parse().unwrap());
        if let Some(token) = token {
            request.headers_mut().insert("authorization", token.parse().unwrap());
        }
        request
    };
    for door in DOORS {
        let mut client = client(door, config(), &backend([answer(&[("cache-control", "public")])]));
        client.fields = vec![header::ACCEPT_LANGUAGE];
        let asked = async |path: &str, language, token| {
            let before = client.calls();
            client.ask(say(Method::GET, path, language, token)).await.unwrap();
            client.calls() - before
        };
        for (path, language, token) in
            [("/", "de", None), ("/", "fr", None), ("/", "de", Some("a")), ("/other", "de", None)]
        {
            assert_eq!(asked(path, language, token).await, 1);
            assert_eq!(asked(path, language, token).await, 0);
        }
        client.ask(say(Method::POST, "/", "en", Some("b"))).await.unwrap();
        assert_eq!(asked("/other", "de", None).await, 0);
        for (language, token) in [("de", None), ("fr", None), ("de", Some("a"))] {
            assert_eq!(asked("/", language, token).await, 1, "{door:?} {language} {token:?}");
            assert_eq!(asked("/", language, token).await, 0);
        }
    }
}

/// An answer that was asked for before a change may come after it.
#[tokio::test(start_paused = true)]
async fn what_was_asked_for_before_a_change_is_not_kept_after_it() {
    for headers in [&[][..], &[("cache-control", "no-cache")], &[("accept-language", "de")]] {
        for door in DOORS {
            let answers = [answer(&[]), answer(&[]).at_once(), answer(&[]).at_once()];
            let mut client = client(door, config(), &backend(answers));
            client.fields = vec![header::ACCEPT_LANGUAGE];
            let asking = tokio::spawn(client.ask(with(headers)));
            tokio::task::yield_now().await;
            client.ask(Request::put("/").body(()).unwrap()).await.unwrap();
            asking.await.unwrap().unwrap();
            client.ask(with(headers)).await.unwrap();
            client.ask(with(headers)).await.unwrap();
            let reads = if headers.iter().any(|(_, said)| *said == "no-cache") { 4 } else { 3 };
            assert_eq!(client.calls(), reads, "{door:?} {headers:?}");
            // Nor does who asks after a change get what was asked for before.
            client.get("/").await;
            assert_eq!(client.calls(), reads + usize::from(headers.len() == 1 && reads == 3));
        }
    }
}

/// Nobody knows what became of a request whose answer did not come.
#[tokio::test(start_paused = true)]
async fn a_change_that_is_given_up_or_fails_may_have_been_made() {
    for door in DOORS {
        let mut backend = backend([answer(&[]), answer(&[]), answer(&[])]);
        Arc::make_mut(&mut backend.answers).push(Err("reset"));
        Arc::make_mut(&mut backend.answers).push(Ok(answer(&[])));
        let client = client(door, config(), &backend);
        let post = || Request::post("/").body(()).unwrap();
        client.get("/").await;
        let mut posting = Box::pin(client.ask(post()));
        assert!(poll_fn(|cx| Poll::Ready(posting.as_mut().poll(cx).is_pending())).await);
        drop(posting);
        client.get("/").await;
        client.get("/").await;
        assert_eq!(client.calls(), 3, "{door:?}");
        client.ask(post()).await.unwrap_err();
        client.get("/").await;
        assert_eq!(client.calls(), 5, "{door:?}");
    }
}

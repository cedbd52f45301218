//! Whose answers are whose.

use super::*;

/// How often the backend was asked for two requests.
async fn both(door: Door, config: Config, answered: Answer, requests: [Request<()>; 2]) -> usize {
    let mut client = client(door, config, &backend([answered]));
    client.fields = vec![header::ACCEPT_LANGUAGE];
    for request in requests {
        client.ask(request).await.unwrap();
    }
    client.calls()
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_nobody_elses_than_the_keys() {
    type Fields<'a> = &'a [(&'static str, &'static str)];
    let plain: Fields<'_> = &[];
    let cases: &[(Fields<'_>, Fields<'_>, Fields<'_>, usize)] = &[
        (plain, plain, plain, 1),
        // By host, and by what the key says.
        (plain, &[("host", "a")], &[("host", "b")], 2),
        (
            &[("vary", "accept-language")],
            &[("accept-language", "de")],
            &[("accept-language", "fr")],
            2,
        ),
        (
            &[("vary", "Accept-Language")],
            &[("accept-language", "de")],
            &[("accept-language", "de")],
            1,
        ),
        (&[("vary", "accept-language, accept")], plain, plain, 2),
        // Who asks says so, and the key does not.
        (plain, &[("authorization", "a")], &[("authorization", "a")], 2),
        (plain, &[("cookie", "a")], &[("cookie", "a")], 2),
        (plain, plain, &[("authorization", "a")], 2),
        (plain, plain, &[("cookie", "a")], 2),
        (&[("cache-control", "public")], &[("authorization", "a")], &[("authorization", "b")], 1),
        (&[("cache-control", "s-maxage=9")], &[("cookie", "a")], &[("cookie", "b")], 1),
        // The key does.
        (
            plain,
            &[("authorization", "a"), ("x-user", "a")],
            &[("authorization", "a"), ("x-user", "a")],
            1,
        ),
        (
            plain,
            &[("authorization", "a"), ("x-user", "a")],
            &[("authorization", "b"), ("x-user", "b")],
            2,
        ),
        (&[("cache-control", "private")], &[("x-user", "a")], &[("x-user", "a")], 2),
    ];
    for door in DOORS {
        for (answered, first, second, calls) in cases {
            let asked = both(door, config(), answer(answered), [with(first), with(second)]).await;
            assert_eq!(asked, *calls, "{door:?} {answered:?} {first:?} {second:?}");
        }
        let anonymous = config().with_anonymous_cookies(true);
        let requests = [with(&[("cookie", "a")]), with(&[("cookie", "b")])];
        assert_eq!(both(door, anonymous, answer(&[]), requests).await, 1);
    }
}

/// A key may hold secrets, and is printed.
#[test]
fn what_a_key_is_made_of_is_not_printed() {
    let request = with(&[("authorization", "secret")]);
    let key = RequestKey::of(&request, [header::AUTHORIZATION]).whose("somebody");
    assert_eq!(
        format!("{key:?}"),
        "RequestKey { method: GET, address: \"/\", fields: [\"authorization\"], .. }"
    );
}

/// An answer that is one person's goes to nobody who waits for the same.
#[tokio::test(start_paused = true)]
async fn who_waits_for_an_answer_that_is_somebodys_sends_their_own() {
    for door in DOORS {
        for headers in [
            &[("set-cookie", "session=1")][..],
            &[("cache-control", "private")],
            &[("cache-control", "no-store")],
            &[("vary", "*")],
        ] {
            let answers = (0..9).map(|_| answer(headers));
            let client = client(door, config(), &backend(answers));
            let (first, second, third) =
                tokio::join!(client.get("/"), client.get("/"), client.get("/"));
            assert!(
                [first, second, third].iter().all(|got| got.text() == "hello" && !got.was_whole)
            );
            assert_eq!((client.calls(), client.pages.cache().len()), (3, 0), "{door:?}");
            assert_eq!(client.pages.snapshot().totals.private, 1, "the others were alone by then");
        }
    }
}

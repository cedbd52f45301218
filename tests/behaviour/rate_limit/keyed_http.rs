//! Whose call it is, by its HTTP request.

use std::{collections::HashSet, net::IpAddr};

use buttress::{
    Error, Fault,
    rate_limit::{
        Rate,
        keyed::{
            ApiKey, ApiKeyId, Either, FirstOf, Forwarded, ForwardedFor, Header, KeyOf,
            KeyedRateLimiter, Network, NotANetwork, PeerAddress,
        },
    },
};
use http::{HeaderName, HeaderValue, Request};
use tower::ServiceExt;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn request(peer: &str, forwarded: &[&str]) -> Request<()> {
    let mut request = Request::new(());
    let peer: std::net::SocketAddr = format!("{peer}:4711").parse().unwrap();
    request.extensions_mut().insert(peer);
    for line in forwarded {
        let line = HeaderValue::from_bytes(line.as_bytes()).unwrap();
        request.headers_mut().append("x-forwarded-for", line);
    }
    request
}

#[test]
fn the_client_behind_trusted_proxies_is_found_and_nobody_elses_word_counts() {
    let clients = ForwardedFor::through([ip("10.0.0.1"), ip("10.0.0.2")]);
    let cases: [(&str, &[&str], &str); 9] = [
        ("192.0.2.7", &[], "192.0.2.7"),
        ("192.0.2.7", &["203.0.113.9"], "192.0.2.7"),
        ("10.0.0.1", &[], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", &["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", &["203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", &["203.0.113.9", "10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", &["203.0.113.9, nonsense"], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.9, ::ffff:10.0.0.2"], "203.0.113.9"),
    ];
    for (peer, forwarded, client) in cases {
        let found = clients.key_of(&request(peer, forwarded));
        assert_eq!(found, Some(ip(client)), "{peer} {forwarded:?}");
        assert_eq!(PeerAddress.key_of(&request(peer, forwarded)), Some(ip(peer)));
    }
    assert_eq!(clients.key_of(&Request::new(())), None);
    let hidden = request("10.0.0.1", &["203.0.113.9", "b\u{e4}d, 10.0.0.2"]);
    assert_eq!(clients.key_of(&hidden), Some(ip("10.0.0.2")));
    assert_eq!(PeerAddress.key_of(&request("[::ffff:192.0.2.7]", &[])), Some(ip("192.0.2.7")));
}

/// By user and by address: two layers, and both must have a token.
#[tokio::test(start_paused = true)]
async fn by_user_and_by_address() {
    let users = KeyedRateLimiter::<HeaderValue>::new("user", Rate::per_second(2)).unwrap();
    let addresses = KeyedRateLimiter::<IpAddr>::new("address", Rate::per_second(3)).unwrap();
    let user = HeaderName::from_static("x-user");
    let service = tower::ServiceBuilder::new()
        .layer(users.layer(Header::named(user.clone())))
        .layer(addresses.layer(PeerAddress))
        .service(tower::service_fn(async |_: Request<()>| Ok::<_, Error<&str>>("up")));
    let ask = async |name: &'static str, peer: &str| {
        let mut asked = request(peer, &[]);
        asked.headers_mut().insert(user.clone(), HeaderValue::from_static(name));
        let answer = service.clone().oneshot(asked).await;
        answer.err().and_then(|error| error.refusal().map(|refusal| refusal.name().to_string()))
    };
    assert_eq!(ask("ann", "192.0.2.1").await, None);
    assert_eq!(ask("ann", "192.0.2.2").await, None);
    assert_eq!(ask("ann", "192.0.2.3").await.as_deref(), Some("user"));
    assert_eq!(ask("bob", "192.0.2.1").await, None);
    assert_eq!(ask("bob", "192.0.2.1").await, None);
    assert_eq!(ask("eve", "192.0.2.1").await.as_deref(), Some("address"));
}

/// Every header that a client may send to be taken for somebody else, and what comes of it.
#[test]
fn x_forwarded_for_is_read_from_its_end_and_only_through_trusted_proxies() {
    let networks: [Network; 3] =
        ["10.0.0.0/8", "192.168.1.1", "fd00::/8"].map(|network| network.parse().unwrap());
    let clients = ForwardedFor::through(networks);
    let cases: [(&str, &[&str], &str); 16] = [
        ("192.0.2.7", &["10.0.0.1"], "192.0.2.7"),
        ("192.168.1.2", &["203.0.113.9"], "192.168.1.2"),
        ("192.168.1.1", &["203.0.113.9"], "203.0.113.9"),
        ("[fd12::1]", &["203.0.113.9"], "203.0.113.9"),
        ("10.1.2.3", &["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
        ("10.1.2.3", &["1.1.1.1", "203.0.113.9"], "203.0.113.9"),
        ("10.1.2.3", &["1.1.1.1,203.0.113.9 , 10.9.9.9"], "203.0.113.9"),
        // A client that claims to be a proxy is found behind its own claims.
        ("10.1.2.3", &["10.5.5.5, 203.0.113.9"], "203.0.113.9"),
        ("10.1.2.3", &["203.0.113.9:4711"], "203.0.113.9"),
        ("10.1.2.3", &["[2001:db8::9]:4711"], "2001:db8::9"),
        ("10.1.2.3", &["[2001:db8::9]"], "2001:db8::9"),
        ("10.1.2.3", &["2001:db8::9"], "2001:db8::9"),
        ("10.1.2.3", &["203.0.113.9, unknown"], "10.1.2.3"),
        ("10.1.2.3", &["203.0.113.9,, "], "10.1.2.3"),
        ("10.1.2.3", &["203.0.113.9, 256.1.1.1"], "10.1.2.3"),
        // What cannot be read in front takes nothing away from what the proxy has added.
        ("10.1.2.3", &["b\u{e4}d \u{fffd}, 203.0.113.9"], "203.0.113.9"),
    ];
    for (peer, forwarded, client) in cases {
        let found = clients.key_of(&request(peer, forwarded));
        assert_eq!(found, Some(ip(client)), "{peer} {forwarded:?}");
    }
    let nobody = ForwardedFor::through(Vec::<Network>::new());
    assert_eq!(nobody.key_of(&request("10.0.0.1", &["1.1.1.1"])), Some(ip("10.0.0.1")));
}

#[test]
fn forwarded_is_read_likewise() {
    let clients = Forwarded::through(["10.0.0.0/8".parse::<Network>().unwrap()]);
    let cases: [(&str, &[&str], &str); 15] = [
        ("192.0.2.7", &["for=1.1.1.1"], "192.0.2.7"),
        ("10.1.2.3", &[], "10.1.2.3"),
        ("10.1.2.3", &["for=203.0.113.9"], "203.0.113.9"),
        ("10.1.2.3", &["For=\"[2001:db8:cafe::17]:4711\""], "2001:db8:cafe::17"),
        ("10.1.2.3", &["for=203.0.113.9;proto=http;by=203.0.113.43"], "203.0.113.9"),
        ("10.1.2.3", &["proto=https; for=\"203.0.113.9:80\""], "203.0.113.9"),
        ("10.1.2.3", &["for=1.1.1.1, for=203.0.113.9;by=10.0.0.2, for=10.4.4.4"], "203.0.113.9"),
        ("10.1.2.3", &["for=1.1.1.1", "for=203.0.113.9"], "203.0.113.9"),
        ("10.1.2.3", &["for=1.1.1.1, for=unknown"], "10.1.2.3"),
        ("10.1.2.3", &["for=1.1.1.1, for=_hidden"], "10.1.2.3"),
        ("10.1.2.3", &["for=1.1.1.1, proto=http"], "10.1.2.3"),
        ("10.1.2.3", &["for=1.1.1.1;for=203.0.113.9"], "10.1.2.3"),
        ("10.1.2.3", &["for=1.1.1.1, for"], "10.1.2.3"),
        // A comma in quotes is no end; quotes left open in front hide nothing.
        ("10.1.2.3", &["for=203.0.113.9;ext=\"a, for=1.1.1.1\""], "203.0.113.9"),
        ("10.1.2.3", &["for=\"1.1.1.1, for=203.0.113.9"], "203.0.113.9"),
    ];
    for (peer, forwarded, client) in cases {
        let mut asked = request(peer, &["9.9.9.9"]);
        for line in forwarded {
            asked.headers_mut().append("forwarded", HeaderValue::from_static(line));
        }
        assert_eq!(clients.key_of(&asked), Some(ip(client)), "{peer} {forwarded:?}");
    }
}

/// A proxy quotes what the client has called the host. Commas, semicolons and quotes in that are no hop's.
#[test]
fn what_a_proxy_quotes_of_a_client_names_nobody() {
    let clients = Forwarded::through([ip("10.0.0.1")]);
    for host in [
        r#"a, for=9.9.9.9"#,
        r#"a;for=9.9.9.9"#,
        r#"a\", for=9.9.9.9;x=\""#,
        r#"a\\\", for=9.9.9.9;x=\""#,
        r#"a\";for=9.9.9.9;x=\"b"#,
        r#"a\\"#,
    ] {
        for line in [format!("for=1.1.1.1;host=\"{host}\""), format!("host=\"{host}\";for=1.1.1.1")]
        {
            for line in [line.clone(), format!("for=\"8.8.8.8, {line}")] {
                let mut asked = request("10.0.0.1", &[]);
                asked.headers_mut().insert("forwarded", line.parse().unwrap());
                assert_eq!(clients.key_of(&asked), Some(ip("1.1.1.1")), "{line}");
            }
        }
    }
}

#[test]
fn networks_are_addresses_with_the_same_beginning() {
    let cases = [
        ("10.0.0.0/8", "10.255.0.1", true),
        ("10.0.0.0/8", "11.0.0.1", false),
        ("10.0.0.0/8", "::ffff:10.1.1.1", true),
        ("::ffff:10.0.0.0/104", "10.1.1.1", true),
        ("::ffff:10.0.0.1", "10.0.0.1", true),
        ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "192.0.2.2", false),
        ("192.0.2.0/31", "192.0.2.1", true),
        ("0.0.0.0/0", "8.8.8.8", true),
        ("0.0.0.0/0", "2001:db8::1", false),
        ("::/0", "2001:db8::1", true),
        ("2001:db8::/32", "2001:db8:1::1", true),
        ("2001:db8::/32", "2001:db9::1", false),
        ("2001:db8::1/128", "2001:db8::1", true),
    ];
    for (network, address, is_inside) in cases {
        let network: Network = network.parse().unwrap();
        assert_eq!(network.contains(ip(address)), is_inside, "{network} {address}");
    }
    for wrong in ["", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/+8", "::/129", "ten/8", "10/8"] {
        assert_eq!(wrong.parse::<Network>(), Err(NotANetwork), "{wrong}");
    }
    assert_eq!("10.1.2.3/8".parse::<Network>().unwrap().to_string(), "10.1.2.3/8");
}

#[test]
fn a_customers_ipv6_addresses_are_one_key() {
    let by_64 = PeerAddress.by_prefix(64);
    let key = |peer: &str| by_64.key_of(&request(peer, &[])).unwrap();
    assert_eq!(key("[2001:db8:1:2::1]"), key("[2001:db8:1:2:ffff::9]"));
    assert_ne!(key("[2001:db8:1:2::1]"), key("[2001:db8:1:3::1]"));
    assert_eq!(key("[2001:db8:1:2::1]"), ip("2001:db8:1:2::"));
    assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    assert_eq!(key("[::ffff:192.0.2.1]"), key("192.0.2.1"));
    for bits in [128, 255] {
        let whole = PeerAddress.by_prefix(bits).key_of(&request("[2001:db8::1]", &[]));
        assert_eq!(whole, Some(ip("2001:db8::1")));
    }
    let all = PeerAddress.by_prefix(0).key_of(&request("[2001:db8::1]", &[]));
    assert_eq!(all, Some(ip("::")));
    let behind = ForwardedFor::through([ip("10.0.0.1")]).by_prefix(48);
    let found = behind.key_of(&request("10.0.0.1", &["2001:db8:7:8::1"]));
    assert_eq!(found, Some(ip("2001:db8:7::")));
}

fn with(name: &'static str, values: &[&str]) -> Request<()> {
    let mut asked = request("192.0.2.1", &[]);
    for value in values {
        asked.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
    }
    asked
}

#[test]
fn api_keys_are_known_by_a_hash_and_never_shown() {
    let bearer = |values: &[&str]| ApiKey::bearer().key_of(&with("authorization", values));
    let secret = ApiKeyId::of(b"s3cret");
    assert_eq!(bearer(&["Bearer s3cret"]), Some(secret));
    assert_eq!(bearer(&["bEARER  s3cret "]), Some(secret));
    assert_ne!(bearer(&["Bearer s3creT"]), Some(secret));
    for none in [&[][..], &["Bearer"], &["Bearer "], &["Basic s3cret"], &["s3cret"], &["Bearer\ts"]]
    {
        assert_eq!(bearer(none), None, "{none:?}");
    }
    assert_eq!(bearer(&["Bearer s3cret", "Bearer other"]), None, "which of them is not for us");

    let header = ApiKey::header(HeaderName::from_static("x-api-key"));
    assert_eq!(header.key_of(&with("x-api-key", &[" s3cret "])), Some(secret));
    assert_eq!(header.key_of(&with("x-api-key", &[""])), None);
    assert_eq!(header.key_of(&with("authorization", &["Bearer s3cret"])), None);

    let shown = format!("{secret:?}");
    assert!(shown.starts_with("ApiKeyId(") && shown.len() == "ApiKeyId(01234567)".len(), "{shown}");
    let many: HashSet<_> = (0..10_000_u32).map(|key| ApiKeyId::of(&key.to_le_bytes())).collect();
    assert_eq!(many.len(), 10_000);
}

#[test]
fn keys_are_combined_all_of_them_or_the_first() {
    let tenant = Header::named(HeaderName::from_static("x-tenant"));
    let both = (PeerAddress, tenant.clone());
    let asked = with("x-tenant", &["acme"]);
    let acme = HeaderValue::from_static("acme");
    assert_eq!(both.key_of(&asked), Some((ip("192.0.2.1"), acme.clone())));
    assert_eq!(both.key_of(&with("x-other", &["acme"])), None);
    let three = (PeerAddress, tenant.clone(), |asked: &Request<()>| Some(asked.method().clone()));
    assert_eq!(three.key_of(&asked), Some((ip("192.0.2.1"), acme.clone(), http::Method::GET)));

    let first = FirstOf(ApiKey::bearer(), FirstOf(tenant, PeerAddress));
    let keyed = first.key_of(&with("authorization", &["Bearer k"]));
    assert_eq!(keyed, Some(Either::First(ApiKeyId::of(b"k"))));
    assert_eq!(first.key_of(&asked), Some(Either::Second(Either::First(acme))));
    let neither = first.key_of(&request("192.0.2.1", &[]));
    assert_eq!(neither, Some(Either::Second(Either::Second(ip("192.0.2.1")))));
}

/// A layer by a combination: who has a key is known by it, from wherever it asks.
#[tokio::test(start_paused = true)]
async fn a_layer_by_api_key_or_address() {
    let callers = KeyedRateLimiter::new("caller", Rate::per_second(1)).unwrap();
    let service = tower::ServiceBuilder::new()
        .layer(callers.layer(FirstOf(ApiKey::bearer(), PeerAddress)))
        .service(tower::service_fn(async |_: Request<()>| Ok::<_, Error<&str>>("up")));
    let _: &KeyedRateLimiter<Either<ApiKeyId, IpAddr>> = &callers;
    let ask = async |key: Option<&'static str>, peer: &str| {
        let mut asked = request(peer, &[]);
        if let Some(key) = key {
            asked.headers_mut().insert("authorization", HeaderValue::from_static(key));
        }
        let answer = service.clone().oneshot(asked).await;
        answer.is_ok_and(|answer| answer == "up")
    };
    assert!(ask(Some("Bearer ann"), "192.0.2.1").await);
    assert!(!ask(Some("Bearer ann"), "192.0.2.2").await);
    assert!(ask(Some("Bearer bob"), "192.0.2.1").await);
    assert!(ask(None, "192.0.2.1").await);
    assert!(!ask(None, "192.0.2.1").await);
    assert!(ask(None, "192.0.2.2").await);
}

//! Answers to HTTP requests, as long as they say that they may be kept.
//!
//! **The problem.** A service asks another for the same page again and again, or is asked for it. The answers
//! say for how long they are good, by what they differ, and whose they are, and a cache that does not listen
//! gives one person's page to another.
//!
//! **When.** Around an HTTP client, or the part of a router that answers `GET`.
//!
//! **When not.** Around what differs by more than the key says. For answers of several megabytes, a cache on
//! disk serves better; for values that are no responses there is [`Cache`](crate::cache::Cache) itself, which this is made of.
//!
//! # How it decides
//!
//! `GET` and `HEAD` may be answered from memory. Another method is passed on, as is what asks for a part of
//! something (`Range`) or says `no-store`; a method that changes things takes out everything that is kept of the
//! same address, unless the answer says that nothing has changed (4xx, 5xx). What says `no-cache`, or has a `max-age` that nothing kept is young enough for, goes to the
//! service alone, and its answer is kept for the others. [`obedient`](Config::obedient) is for those who
//! do not want to be told.
//!
//! **The [`RequestKey`]** is the method, the address, the host, and the fields that you name. An answer that says that
//! it differs by a field which is not among them (`Vary`) is not kept. A request that says who asks, by
//! `Authorization` or a `Cookie`, gets nothing from memory but what answers to such requests have said to be
//! for everybody (`public`, `s-maxage`, `must-revalidate`), **unless the key says [whose](RequestKey::whose) it is**.
//! What tells people apart in another way (an API key in a field of its own, a client's address) must be a
//! part of the key, as must whatever else a service makes its pages by (`X-Forwarded-Host`): nobody else knows.
//! Addresses are compared as the requests have them, each query in its order. Inside a nested router they
//! have lost what it is nested under: two of those need two caches, or a key that tells them apart.
//!
//! **An answer is kept** if its status is one of [`statuses`](Config::statuses); if it says neither `no-store`,
//! `no-cache` nor `private`, and sets no cookie; for as long as it says (`s-maxage`, `max-age`, `Expires`), less
//! what it has aged already, and never longer than the cache's `ttl`, which is also what holds for an answer that
//! says nothing. One from memory says by `Age` how old it is.
//!
//! **The body** is read up to [`max_body`](Config::max_body), at most as long as [`max_wait`](Config::max_wait),
//! before the answer is given to anybody. One that is larger, slower or breaks off is passed on as it comes, all
//! of it, to the one whose request it was; a stream of events is passed on at once. What comes behind the body
//! (trailers) is kept with it.
//!
//! **Who waits** for an answer that turns out to be for somebody else sends their own request then, all of them
//! at once. Answers by 404, 410, 500, 502, 503 and 504 go to all who wait. After the last four
//! an older answer is given instead, where the cache has a [`grace`](crate::cache::Config::grace). Keys that nobody
//! may keep the answers to are better `None`: then nobody waits for them.
//!
//! Conditions (`If-None-Match`) are passed on if nothing is kept. What is kept is given whole.
//!
//! **Ignored** are `only-if-cached`, `min-fresh` and `max-stale` of requests; `immutable`, `must-understand`,
//! `stale-while-revalidate` and `stale-if-error` of answers, and the addresses that `Location` and
//! `Content-Location` name. `no-cache` and `private` with names of fields count as without. Extensions of an
//! answer, and what is said from one server to the next (`Connection`), are not kept.
//!
//! # What it costs
//!
//! An answer from memory costs its key, a copy of its header fields, and a [hit](crate::cache#what-it-costs);
//! its body is shared. A load costs a copy of what is kept, so that nothing else is kept alive by it. What is
//! passed on costs a box.
//!
//! # What a drop does
//!
//! As with any [load](crate::cache#what-a-drop-does). Where the one is gone whose request was sent, and the answer
//! is for nobody else, it is dropped, and those who wait send their own. A change that is given up, or whose
//! answer does not come, may have been made: what is kept of the address is taken out. A body that is passed on goes with
//! whoever reads it.
//!
//! # Example
//!
//! ```
//! use buttress::cache::http::{Config, HttpCache, RequestKey};
//! use http::{Request, Response};
//! # async fn send(_: Request<()>) -> Result<Response<String>, std::convert::Infallible> { Ok(Response::new(String::new())) }
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let pages = HttpCache::new("pages", Config::new())?;
//! let request = Request::get("https://example.org/").body(())?;
//! let key = RequestKey::of(&request, [http::header::ACCEPT_LANGUAGE]);
//! let page = pages.call(Some(key), request, send).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Example (tower)
//!
//! ```
//! use axum::{Router, body::Body, routing::get};
//! use buttress::{Lift, cache::{self, http::{Config, HttpCache, RequestKey}}};
//! use http::{Request, header};
//! use std::time::Duration;
//! use tower::ServiceBuilder;
//!
//! let kept = cache::Config::weight(256 << 20).with_ttl(Duration::from_secs(300));
//! let pages = HttpCache::new("pages", Config::new().with_cache(kept))?;
//! let key = |request: &Request<Body>| {
//!     let key = RequestKey::of(request, [header::ACCEPT_ENCODING]);
//!     // Whoever is signed in has pages of their own.
//!     Some(match request.headers().get("x-user") {
//!         Some(user) => key.whose(user.to_str().ok()?),
//!         None => key,
//!     })
//! };
//! let service = ServiceBuilder::new()
//!     .layer(pages.layer(key))
//!     .layer(Lift::layer())
//!     .service(Router::<()>::new().route("/", get(|| async { "hello" })));
//! # async fn call(mut service: impl tower::Service<Request<Body>>) { let _ = service.call(Request::default()).await; }
//! # let _ = call(service);
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```

mod answering;
mod body;
mod changes;
mod config;
mod directives;
mod fetch;
mod future;
mod handle;
mod key;
mod layer;
mod machine;
mod reply;
mod shared;
mod snapshot;

pub use self::{
    body::ReplyBody,
    config::{Config, Plan},
    future::Replying,
    handle::HttpCache,
    key::RequestKey,
    layer::{HttpCacheLayer, HttpCacheService},
    reply::Reply,
    snapshot::{Snapshot, Totals},
};

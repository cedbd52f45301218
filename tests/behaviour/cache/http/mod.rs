//! Answers to HTTP requests, through both doors.

mod bodies;
mod keeping;
mod people;
mod protocol;
mod together;

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use buttress::{
    Error,
    cache::{
        self,
        http::{Config, HttpCache, ReplyBody, RequestKey},
    },
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode, header};
use http_body::{Body, Frame};
use tokio::time::{Sleep, sleep};
use tower::{Layer, service_fn};

const SECOND: Duration = Duration::from_secs(1);

/// A body that comes as it is told.
struct Told {
    pieces: VecDeque<Piece>,
    timer: Option<Pin<Box<Sleep>>>,
}

#[derive(Clone, Debug)]
enum Piece {
    Data(&'static str),
    After(Duration),
    Trailers,
    Broken,
}

use Piece::{After, Broken, Data, Trailers};

#[derive(Debug, PartialEq)]
struct Broke;

impl Body for Told {
    type Data = Bytes;
    type Error = Broke;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broke>>> {
        loop {
            if let Some(timer) = &mut self.timer {
                ready!(timer.as_mut().poll(cx));
                self.timer = None;
            }
            return Poll::Ready(match self.pieces.pop_front() {
                None => None,
                Some(Data(text)) => Some(Ok(Frame::data(Bytes::from_static(text.as_bytes())))),
                Some(Trailers) => {
                    let mut trailers = HeaderMap::new();
                    trailers.insert("x-sum", "42".parse().unwrap());
                    Some(Ok(Frame::trailers(trailers)))
                }
                Some(Broken) => Some(Err(Broke)),
                Some(After(time)) => {
                    self.timer = Some(Box::pin(sleep(time)));
                    continue;
                }
            });
        }
    }
}

/// What a service answers.
#[derive(Clone)]
struct Answer {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<Piece>,
    after: Duration,
}

fn answer(headers: &[(&'static str, &'static str)]) -> Answer {
    Answer { status: 200, headers: headers.to_vec(), body: vec![Data("hello")], after: SECOND }
}

impl Answer {
    fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    fn body(self, body: &[Piece]) -> Self {
        Self { body: body.to_vec(), ..self }
    }

    fn at_once(self) -> Self {
        Self { after: Duration::ZERO, ..self }
    }
}

/// A service that gives these answers, one after the other, the last one again and again.
#[derive(Clone)]
struct Backend {
    answers: Arc<Vec<Result<Answer, &'static str>>>,
    calls: Arc<AtomicUsize>,
}

fn backend(answers: impl IntoIterator<Item = Answer>) -> Backend {
    Backend { answers: Arc::new(answers.into_iter().map(Ok).collect()), calls: Arc::default() }
}

impl Backend {
    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    async fn send(self, _: Request<()>) -> Result<Response<Told>, Down> {
        let at = self.calls.fetch_add(1, Ordering::Relaxed);
        let answer = self.answers[at.min(self.answers.len() - 1)].clone().map_err(Error::Inner)?;
        sleep(answer.after).await;
        let mut response = Response::builder().status(answer.status);
        for (name, value) in answer.headers {
            response = response.header(name, value);
        }
        Ok(response.body(Told { pieces: answer.body.into(), timer: None }).unwrap())
    }
}

type Down = Error<&'static str>;

/// What came of a request.
#[derive(Debug)]
struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: Result<String, Broke>,
    trailers: Option<HeaderMap>,
    was_whole: bool,
}

impl Got {
    fn text(&self) -> &str {
        self.body.as_ref().unwrap()
    }

    fn age(&self) -> Option<&str> {
        self.headers.get(header::AGE).map(|age| age.to_str().unwrap())
    }
}

async fn read(response: Response<ReplyBody<Told>>) -> Got {
    let (head, mut body) = response.into_parts();
    let (mut text, mut trailers, was_whole) = (String::new(), None, body.is_whole());
    let body = loop {
        let hint = body.size_hint();
        assert!(hint.upper().is_none_or(|upper| hint.lower() <= upper));
        match poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            None => break Ok(text),
            Some(Err(error)) => break Err(error),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => text.push_str(std::str::from_utf8(&data).unwrap()),
                Err(frame) => trailers = frame.into_trailers().ok(),
            },
        }
    };
    Got { status: head.status, headers: head.headers, body, trailers, was_whole }
}

#[derive(Clone, Copy, Debug)]
enum Door {
    Plain,
    Tower,
}

const DOORS: [Door; 2] = [Door::Plain, Door::Tower];

/// What one person asks with.
#[derive(Clone)]
struct Client {
    door: Door,
    pages: HttpCache,
    backend: Backend,
    /// The fields that are parts of the key.
    fields: Vec<HeaderName>,
}

fn client(door: Door, config: Config, backend: &Backend) -> Client {
    let pages = HttpCache::new("pages", config).unwrap();
    Client { door, pages, backend: backend.clone(), fields: Vec::new() }
}

impl Client {
    fn key(&self, request: &Request<()>) -> Option<RequestKey> {
        if request.uri().path() == "/nobodys" {
            return None;
        }
        let key = RequestKey::of(request, self.fields.clone());
        Some(match request.headers().get("x-user") {
            Some(user) => key.whose(user.to_str().unwrap()),
            None => key,
        })
    }

    /// Asks when it is called, as a caller does who is not alone.
    fn ask(&self, request: Request<()>) -> impl Future<Output = Result<Got, Down>> + Send + use<> {
        let answering: Pin<Box<dyn Future<Output = _> + Send>> = match self.door {
            Door::Plain => {
                let (key, backend) = (self.key(&request), self.backend.clone());
                Box::pin(self.pages.run(key, request, |request| backend.send(request)))
            }
            Door::Tower => {
                let (own, backend) = (self.clone(), self.backend.clone());
                let service = service_fn(move |request| backend.clone().send(request));
                let layer = self.pages.layer(move |request: &Request<()>| own.key(request));
                Box::pin(tower::Service::call(&mut layer.layer(service), request))
            }
        };
        async move { Ok(read(answering.await?).await) }
    }

    async fn get(&self, path: &str) -> Got {
        self.ask(get(path)).await.unwrap()
    }

    fn calls(&self) -> usize {
        self.backend.calls()
    }
}

fn get(path: &str) -> Request<()> {
    Request::get(path).body(()).unwrap()
}

fn with(headers: &[(&'static str, &'static str)]) -> Request<()> {
    let mut request = get("/");
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    request
}

fn config() -> Config {
    Config::new().with_cache(cache::Config::entries(100).with_ttl(60 * SECOND))
}

use std::{fmt, sync::Arc, time::Duration};

use ::http::{HeaderMap, HeaderValue, Response, StatusCode, Version, header};
use bytes::Bytes;

use super::{
    body::{ReplyBody, Whole},
    key::RequestKey,
    machine::{strip, whole_seconds},
};

/// An answer that is kept. Cheap to clone: clones share it.
#[derive(Clone)]
pub struct Reply(Arc<Said>);

struct Said {
    status: StatusCode,
    version: Version,
    headers: HeaderMap,
    body: Bytes,
    trailers: Option<HeaderMap>,
    /// How old it was when it came.
    age: Duration,
    /// How many changes there had been when it was asked for.
    asked: u64,
    /// Whether it is an answer at all, and not word that there is none for others than who has asked.
    is_answer: bool,
}

impl Reply {
    /// Of what has come, without what was only said to us.
    pub(super) fn new<T>(head: Response<T>, whole: Whole, age: Duration, asked: u64) -> Self {
        let (mut head, _) = head.into_parts();
        strip(&mut head.headers);
        let Whole { data, trailers } = whole;
        Self(Arc::new(Said {
            status: head.status,
            version: head.version,
            headers: head.headers,
            body: data,
            trailers,
            age,
            asked,
            is_answer: true,
        }))
    }

    /// There is none for others than who has asked.
    pub(super) fn nothing() -> Self {
        Self(Arc::new(Said {
            status: StatusCode::OK,
            version: Version::HTTP_11,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            trailers: None,
            age: Duration::ZERO,
            asked: 0,
            is_answer: false,
        }))
    }

    /// The same with memory of its own: what has come may be a small part of a large buffer.
    pub(super) fn compact(&self) -> Self {
        let said = &*self.0;
        let own = |headers: &HeaderMap| -> HeaderMap {
            let own = |value: &HeaderValue| {
                let mut own = HeaderValue::from_bytes(value.as_bytes()).unwrap_or(value.clone());
                own.set_sensitive(value.is_sensitive());
                own
            };
            headers.iter().map(|(name, value)| (name.clone(), own(value))).collect()
        };
        Self(Arc::new(Said {
            headers: own(&said.headers),
            body: Bytes::copy_from_slice(&said.body),
            trailers: said.trailers.as_ref().map(own),
            ..*said
        }))
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The header fields, as they have come.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }

    /// What was said behind the body.
    #[must_use]
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.0.trailers.as_ref()
    }

    pub(super) fn is_answer(&self) -> bool {
        self.0.is_answer
    }

    pub(super) fn asked(&self) -> u64 {
        self.0.asked
    }

    /// In bytes, about, under this key.
    pub(super) fn weight(&self, key: &RequestKey) -> u32 {
        const FRAME: usize = 256;

        let said = &*self.0;
        let lengths = |headers: &HeaderMap| -> usize {
            headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 64).sum()
        };
        let weight = said.body.len()
            + lengths(&said.headers)
            + said.trailers.as_ref().map_or(0, lengths)
            + key.weight()
            + FRAME;
        u32::try_from(weight).unwrap_or(u32::MAX)
    }

    /// The answer, to be sent; if it was kept for so long, it says how old it is.
    pub(super) fn answer<B: http_body::Body>(
        &self,
        kept_for: Option<Duration>,
    ) -> Response<ReplyBody<B>> {
        let said = &*self.0;
        let body = Whole { data: said.body.clone(), trailers: said.trailers.clone() };
        let mut response = Response::new(ReplyBody::whole(body));
        *response.status_mut() = said.status;
        *response.version_mut() = said.version;
        *response.headers_mut() = said.headers.clone();
        if let Some(since) = kept_for {
            let age = HeaderValue::from(whole_seconds(said.age, since));
            response.headers_mut().insert(header::AGE, age);
        }
        response
    }

    /// How old it is.
    pub(super) fn age(&self, kept_for: Duration) -> Duration {
        self.0.age.saturating_add(kept_for)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.0.status)
            .field("bytes", &self.0.body.len())
            .finish_non_exhaustive()
    }
}

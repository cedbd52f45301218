use std::fmt;

use ::http::{HeaderName, Method, Request, header};

/// Which requests have the same answer: those of one method and address, and whatever else is said here.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RequestKey {
    method: Method,
    address: Box<str>,
    /// By whose name the address is one, where a header says so: servers go by it even if the address has a
    /// name in it, though they should not.
    host: Box<[u8]>,
    fields: Vec<(HeaderName, Vec<u8>)>,
    whose: Option<Box<str>>,
    /// Whether the request says who asks, and the key does not.
    unnamed: bool,
}

impl RequestKey {
    /// Of this request, by its method, address and host, and by what it says in these fields. An answer
    /// that says that it differs by another field (`Vary`) is not kept.
    pub fn of<B>(request: &Request<B>, fields: impl IntoIterator<Item = HeaderName>) -> Self {
        let all_of = |name: HeaderName| {
            let mut text = Vec::new();
            for value in request.headers().get_all(&name) {
                // No value has a line break in it.
                text.extend_from_slice(value.as_bytes());
                text.push(b'\n');
            }
            (name, text)
        };
        Self {
            method: request.method().clone(),
            address: request.uri().to_string().into(),
            host: all_of(header::HOST).1.into(),
            fields: fields.into_iter().map(all_of).collect(),
            whose: None,
            unnamed: false,
        }
    }

    /// The answer is this person's, or this group's: whoever asks with another name has another, and what is
    /// said to be private is theirs to keep no more than before.
    #[must_use]
    pub fn whose(self, name: impl Into<String>) -> Self {
        Self { whose: Some(name.into().into()), ..self }
    }

    /// The same address by another method.
    #[must_use]
    pub fn with_method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// The method.
    #[must_use]
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// The address, as the request has it.
    #[must_use]
    pub const fn address(&self) -> &str {
        &self.address
    }

    /// Whether whatever differs by this field has another key.
    pub(super) fn covers(&self, name: &HeaderName) -> bool {
        *name == header::HOST || self.fields.iter().any(|(field, _)| field == name)
    }

    /// In bytes, about.
    pub(super) fn weight(&self) -> usize {
        let fields = self.fields.iter().map(|(name, text)| name.as_str().len() + text.len() + 64);
        let whose = self.whose.as_ref().map_or(0, |name| name.len());
        self.method.as_str().len()
            + self.address.len()
            + self.host.len()
            + whose
            + fields.sum::<usize>()
    }

    pub(super) const fn is_somebodys(&self) -> bool {
        self.whose.is_some()
    }

    /// Requests that say who asks have answers of their own, of which only those are kept that are meant
    /// for everybody.
    pub(super) fn note_unnamed(&mut self) {
        self.unnamed = true;
    }

    pub(super) const fn is_unnamed(&self) -> bool {
        self.unnamed
    }
}

impl fmt::Debug for RequestKey {
    /// Without what may be a secret: what the fields say, and whose it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<_> = self.fields.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("RequestKey")
            .field("method", &self.method)
            .field("address", &self.address)
            .field("fields", &fields)
            .finish_non_exhaustive()
    }
}

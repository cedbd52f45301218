/// How much a call matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Class {
    /// Always let in and not counted: health checks, and whatever else must get through a full house.
    Exempt,
    /// Served before all others, and in their stead where the queue is full.
    Critical,
    /// As any call.
    #[default]
    Normal,
    /// Served after all others, and the first to go: batches, prefetching, what is tried again anyway.
    Sheddable,
}

/// Tells how much a call matters: a [`Class`] for all alike, or a closure over the request, whose
/// argument must be spelled out: `|request: &Request| …`. Outside tower there is no request: `|_: &()| …`.
pub trait Sort<R> {
    /// The class of this request.
    fn class(&self, request: &R) -> Class;

    /// The class of every request, where it is the same for all.
    fn beforehand(&self) -> Option<Class> {
        None
    }
}

impl<R> Sort<R> for Class {
    #[inline]
    fn class(&self, _: &R) -> Class {
        *self
    }

    #[inline]
    fn beforehand(&self) -> Option<Class> {
        Some(*self)
    }
}

impl<R, F> Sort<R> for F
where
    F: Fn(&R) -> Class,
{
    #[inline]
    fn class(&self, request: &R) -> Class {
        self(request)
    }
}

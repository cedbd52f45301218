use crate::ground::{sync::Mutex, time};

/// What became of every place of a batch.
pub(super) struct Answers<V, E>(Vec<Answer<V, E>>);

/// Why a place has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fail<E> {
    Inner(E),
    /// So many answers to so many items.
    Mismatched {
        answers: u32,
        items: u32,
    },
}

enum Answer<V, E> {
    /// Not asked for.
    None,
    /// For one who takes it.
    One(Mutex<Option<Result<V, Fail<E>>>>),
    /// For several who clone it.
    Several(Result<V, Fail<E>>),
}

impl<V, E> Answers<V, E> {
    /// None yet, at so many places.
    pub(super) fn none(places: usize) -> Self {
        Self((0..places).map(|_| Answer::None).collect())
    }

    /// The answer at this place, for so many who wait for it.
    pub(super) fn put(&mut self, place: u32, callers: u32, answer: Result<V, Fail<E>>) {
        if let Some(at) = self.0.get_mut(place as usize) {
            *at = match callers {
                0 | 1 => Answer::One(Mutex::new(Some(answer))),
                _ => Answer::Several(answer),
            };
        }
    }

    /// The answer at this place, if there is one.
    pub(super) fn take(&self, place: u32) -> Option<Result<V, Fail<E>>>
    where
        V: Clone,
        E: Clone,
    {
        match self.0.get(place as usize)? {
            Answer::None => None,
            Answer::One(answer) => answer.lock().take(),
            Answer::Several(answer) => Some(time::outside(|| answer.clone())),
        }
    }
}

//! Values on their way to the store: many, in pieces.

use std::{sync::LazyLock, time::Duration};

use serde::Serialize;

use super::{
    answers::{self, done},
    codec::Codec,
    names::Named,
    shared::{AT_ONCE, Shared, millis},
};
use crate::{
    ground::{redis::Script, time},
    resilience::cache::tier::store::{Entry, Fence, Put, TierFailure},
};

static PUT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("put.lua")));

/// A piece of so many bytes is not added to: it has to get there within the timeout of one call.
const ENOUGH: usize = 4 << 20;

/// What is put in one go.
struct Piece {
    names: Vec<Vec<u8>>,
    arguments: Vec<u64>,
    data: Vec<Vec<u8>>,
    /// Which of all values these are.
    places: Vec<usize>,
    bytes: usize,
}

impl Piece {
    fn new(meta: &[u8], fence: Fence) -> Self {
        Self {
            names: vec![meta.to_vec()],
            arguments: vec![fence.number()],
            data: vec![answers::era(fence.era())],
            places: Vec::new(),
            bytes: 0,
        }
    }

    fn add(&mut self, place: usize, named: Named, life: u64, body: Vec<u8>) {
        self.bytes += body.len();
        let guard = named.guard();
        self.names.extend([named.value, guard]);
        self.arguments.push(life);
        self.data.push(body);
        self.places.push(place);
    }

    fn is_full(&self) -> bool {
        self.places.len() == AT_ONCE || self.bytes >= ENOUGH
    }
}

impl<C> Shared<C> {
    pub(super) async fn put_many<'a, K, V>(
        &self,
        entries: impl ExactSizeIterator<Item = (&'a K, &'a V, Option<Duration>)>,
        fence: Fence,
    ) -> Result<Vec<Put>, TierFailure>
    where
        K: Serialize + 'a,
        V: 'a,
        C: Codec<V>,
    {
        let mut outcomes = Vec::with_capacity(entries.len());
        let mut piece = Piece::new(&self.names.meta, fence);
        for (key, value, life) in entries {
            let Some(named) = self.named(key) else {
                outcomes.push(Put::Unfit);
                continue;
            };
            let life = self.life(life);
            let encoded = time::outside(|| self.codec.encode(value));
            let (outcome, body) = match encoded {
                None => (Put::Unfit, Vec::new()),
                Some(_) if millis(life) == 0 => (Put::Unfit, Vec::new()),
                Some(bytes) if bytes.len() > self.config().max_bytes as usize => {
                    (Put::TooLarge, Vec::new())
                }
                Some(bytes) => (Put::Stored { left: Some(life) }, named.body(bytes)),
            };
            piece.add(outcomes.len(), named, millis(life), body);
            outcomes.push(outcome);
            if piece.is_full() {
                let full = std::mem::replace(&mut piece, Piece::new(&self.names.meta, fence));
                self.put_piece(full, &mut outcomes).await?;
            }
        }
        if !piece.places.is_empty() {
            self.put_piece(piece, &mut outcomes).await?;
        }
        Ok(outcomes)
    }

    async fn put_piece(&self, piece: Piece, outcomes: &mut [Put]) -> Result<(), TierFailure> {
        let Piece { names, arguments, data, places, .. } = piece;
        // The second answer would be that it is out of date.
        let call = PUT.call(&names, &arguments).with_data(&data);
        let asked_at = time::now();
        let done = done(self.redis.call_once(call).await?).ok_or(TierFailure::Unavailable)?;
        let took = time::now().since(asked_at);
        for (place, done) in places.into_iter().zip(done) {
            match outcomes.get_mut(place) {
                Some(outcome) if !done => *outcome = Put::Outdated,
                Some(Put::Stored { left: Some(left) }) => *left = left.saturating_sub(took),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The entries of a slice, as [`Shared::put_many`] takes them.
pub(super) fn each<K, V>(
    entries: &[Entry<K, V>],
) -> impl ExactSizeIterator<Item = (&K, &V, Option<Duration>)> {
    entries.iter().map(|Entry { key, value, life }| (key, value, *life))
}

//! Lists and maps of a serializer around another.

use std::{cell::Cell, fmt};

use serde::{
    Serialize,
    ser::{
        SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};

use super::{
    super::{ask::Promise, handle::Shared},
    place::{Place, holds_name, holds_value},
    serializer::{Ear, Heard, Nested},
};

/// The items of a list on their way through a [`Redacting`](super::Redacting).
pub struct RedactingItems<'r, C> {
    inner: C,
    shared: &'r Shared,
    place: Place,
    at: usize,
    /// The first of two, or of nobody knows how many, may name the second.
    pair: bool,
    beside: Cell<Option<Promise>>,
}

impl<'r, C> RedactingItems<'r, C> {
    pub(super) const fn new(
        inner: C,
        shared: &'r Shared,
        place: Place,
        length: Option<usize>,
    ) -> Self {
        let pair = matches!(length, None | Some(2));
        Self { inner, shared, place, at: 0, pair, beside: Cell::new(None) }
    }

    /// The next item, for `write` to write.
    #[inline]
    fn item<T: ?Sized, R>(
        &mut self,
        value: &T,
        write: impl FnOnce(&mut C, &Nested<'_, T>) -> R,
    ) -> R {
        let mut place = self.place.item(&self.shared.rules, self.at);
        let mut ear = Ear::Deaf;
        if self.pair && self.at == 0 {
            ear = Ear::Name(&self.beside);
        } else if self.at == 1 && self.beside.get().is_some() {
            place = place.beside(self.beside.get());
        }
        self.at += 1;
        write(&mut self.inner, &Nested { value, shared: self.shared, place, ear })
    }
}

/// The fields of a map on their way through a [`Redacting`](super::Redacting).
pub struct RedactingFields<'r, C> {
    inner: C,
    shared: &'r Shared,
    place: Place,
    heard: Heard,
    /// What the field that holds a name has said of the one that holds its value.
    beside: Cell<Option<Promise>>,
}

impl<'r, C> RedactingFields<'r, C> {
    pub(super) fn new(inner: C, shared: &'r Shared, place: Place) -> Self {
        Self { inner, shared, place, heard: Heard::default(), beside: Cell::new(None) }
    }

    /// The field `name`, for `write` to write.
    #[inline]
    fn field<T: ?Sized, R>(
        &mut self,
        name: &'static str,
        value: &T,
        write: impl FnOnce(&mut C, &Nested<'_, T>) -> R,
    ) -> R {
        let place = self.place.named(&self.shared.rules, name);
        self.value(place, holds_name(name), holds_value(name), value, write)
    }

    #[inline]
    fn value<T: ?Sized, R>(
        &mut self,
        mut place: Place,
        holds_name: bool,
        holds_value: bool,
        value: &T,
        write: impl FnOnce(&mut C, &Nested<'_, T>) -> R,
    ) -> R {
        if holds_value && self.beside.get().is_some() {
            place = place.beside(self.beside.get());
        }
        let ear = if holds_name && self.beside.get().is_none() {
            Ear::Name(&self.beside)
        } else {
            Ear::Deaf
        };
        write(&mut self.inner, &Nested { value, shared: self.shared, place, ear })
    }
}

impl<C> fmt::Debug for RedactingItems<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedactingItems").finish_non_exhaustive()
    }
}

impl<C> fmt::Debug for RedactingFields<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedactingFields").finish_non_exhaustive()
    }
}

macro_rules! items {
    ($($part:ident $serialize:ident)*) => {
        $(
            impl<C: $part> $part for RedactingItems<'_, C> {
                type Ok = C::Ok;
                type Error = C::Error;

                fn $serialize<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                    self.item(value, |inner, nested| inner.$serialize(nested))
                }

                fn end(self) -> Result<C::Ok, C::Error> {
                    self.inner.end()
                }
            }
        )*
    };
}

items! {
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
    SerializeTupleVariant serialize_field
}

impl<C: SerializeMap> SerializeMap for RedactingFields<'_, C> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        // What is no text has no name.
        self.heard.place.set(None);
        self.heard.holds_name.set(false);
        self.heard.holds_value.set(false);
        let ear = Ear::Key(&self.place, &self.heard);
        let place = self.place.apart();
        self.inner.serialize_key(&Nested { value: key, shared: self.shared, place, ear })
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        let nameless = || self.place.named(&self.shared.rules, "");
        let place = self.heard.place.take().unwrap_or_else(nameless);
        let (name, holds) = (self.heard.holds_name.get(), self.heard.holds_value.get());
        self.value(place, name, holds, value, |inner, nested| inner.serialize_value(nested))
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.inner.end()
    }
}

impl<C: SerializeStruct> SerializeStruct for RedactingFields<'_, C> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), C::Error> {
        self.field(key, value, |inner, nested| inner.serialize_field(key, nested))
    }

    fn skip_field(&mut self, key: &'static str) -> Result<(), C::Error> {
        self.inner.skip_field(key)
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.inner.end()
    }
}

impl<C: SerializeStructVariant> SerializeStructVariant for RedactingFields<'_, C> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), C::Error> {
        self.field(key, value, |inner, nested| inner.serialize_field(key, nested))
    }

    fn skip_field(&mut self, key: &'static str) -> Result<(), C::Error> {
        self.inner.skip_field(key)
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.inner.end()
    }
}

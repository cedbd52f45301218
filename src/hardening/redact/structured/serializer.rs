//! A serializer around another.

use std::{
    borrow::Cow,
    cell::Cell,
    fmt::{self, Write},
};

use serde::{Serialize, Serializer, ser::Error};
use zeroize::Zeroizing;

use super::{
    super::{
        ask::Promise,
        handle::{Redactor, Shared, readable},
        short::Short,
    },
    compound::{RedactingFields, RedactingItems},
    place::{Place, holds_name, holds_value},
    private::RedactingStruct,
    value::{numbered, text},
};

impl Redactor {
    /// Writes `value` to `serializer` without its secrets.
    ///
    /// # Errors
    ///
    /// Those of `serializer`.
    pub fn serialize<T, S>(&self, value: &T, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: Serialize + ?Sized,
        S: Serializer,
    {
        value.serialize(Redacting::new(self, serializer))
    }

    /// `value` as something that serializes without its secrets.
    ///
    /// ```
    /// use buttress::redact::Redactor;
    ///
    /// #[derive(serde::Serialize)]
    /// struct Login<'l> {
    ///     user: &'l str,
    ///     password: &'l str,
    /// }
    ///
    /// let login = Login { user: "bob", password: "hunter2" };
    /// let line = serde_json::to_string(&Redactor::built_in().sanitized(&login))?;
    /// assert_eq!(line, r#"{"user":"bob","password":"[REDACTED:password]"}"#);
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    pub const fn sanitized<'v, T: ?Sized>(&'v self, value: &'v T) -> Sanitized<'v, T> {
        Sanitized { redactor: self, value }
    }
}

/// A value that serializes without its secrets: [`Redactor::sanitized`].
pub struct Sanitized<'v, T: ?Sized> {
    redactor: &'v Redactor,
    value: &'v T,
}

impl<T: Serialize + ?Sized> Serialize for Sanitized<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.redactor.serialize(self.value, serializer)
    }
}

impl<T: ?Sized> fmt::Debug for Sanitized<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sanitized").field("redactor", self.redactor).finish_non_exhaustive()
    }
}

/// A [`Serializer`] that passes everything on to another, without its secrets.
///
/// A secret, a number too, becomes a text: its mask. What a name promises is looked for in all that
/// lies below it, and shapes stay as they are; `null` stays, and so do `true` and `false` unless a path
/// leads there. What lies deeper than 128 values is masked as a whole.
pub struct Redacting<'r, S> {
    pub(super) inner: S,
    pub(super) shared: &'r Shared,
    pub(super) place: Place,
    pub(super) ear: Ear<'r>,
}

impl<'r, S> Redacting<'r, S> {
    /// Writes to `inner` with the rules of `redactor`.
    pub fn new(redactor: &'r Redactor, inner: S) -> Self {
        let shared = redactor.shared();
        Self { inner, shared, place: Place::root(&shared.rules.custom), ear: Ear::Deaf }
    }
}

impl<S> fmt::Debug for Redacting<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redacting").finish_non_exhaustive()
    }
}

/// Who wants to know the text that is about to be written.
#[derive(Clone, Copy)]
pub(super) enum Ear<'e> {
    Deaf,
    /// It names the value beside it.
    Name(&'e Cell<Option<Promise>>),
    /// It is the key of an entry of this map.
    Key(&'e Place, &'e Heard),
}

/// What the key of an entry has said.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) place: Cell<Option<Place>>,
    pub(super) holds_name: Cell<bool>,
    pub(super) holds_value: Cell<bool>,
    /// How many keys of the map were secrets.
    pub(super) secrets: Cell<usize>,
}

/// A value on its way through a serializer, and where it stands.
pub(super) struct Nested<'n, T: ?Sized> {
    pub(super) value: &'n T,
    pub(super) shared: &'n Shared,
    pub(super) place: Place,
    pub(super) ear: Ear<'n>,
}

impl<T: Serialize + ?Sized> Serialize for Nested<'_, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        let Self { value, shared, place, ear } = *self;
        if place.is_too_deep() {
            return inner.serialize_str(&shared.too_deep(&mut |_, _| {}));
        }
        value.serialize(Redacting { inner, shared, place, ear })
    }
}

impl<'r, S: Serializer> Redacting<'r, S> {
    const fn nested<'n, T: ?Sized>(
        value: &'n T,
        shared: &'n Shared,
        place: Place,
        ear: Ear<'n>,
    ) -> Nested<'n, T> {
        Nested { value, shared, place: place.wrapped(), ear }
    }

    /// Writes a text; `same` does if it stays.
    fn write(
        self,
        written: &str,
        same: impl FnOnce(S) -> Result<S::Ok, S::Error>,
    ) -> Result<S::Ok, S::Error> {
        let clean = text(self.shared, &self.place, written);
        let secrets = self.heard(written, &clean);
        match clean {
            Cow::Borrowed(_) => same(self.inner),
            Cow::Owned(clean) => self.inner.serialize_str(&numbered(clean, secrets)),
        }
    }

    /// Tells whoever wants to know what was written. How many keys of the map were secrets before.
    fn heard(&self, written: &str, clean: &str) -> usize {
        match self.ear {
            Ear::Deaf => 0,
            Ear::Name(promised) => {
                promised.set(self.shared.names(written));
                0
            }
            Ear::Key(map, heard) => {
                let secrets = heard.secrets.get();
                heard.secrets.set(secrets + usize::from(clean != written));
                heard.place.set(Some(map.key(&self.shared.rules, clean)));
                heard.holds_name.set(holds_name(written));
                heard.holds_value.set(holds_value(written));
                secrets
            }
        }
    }

    /// Writes a number; `same` does if it stays.
    #[inline]
    fn number(
        self,
        number: fmt::Arguments<'_>,
        same: impl FnOnce(S) -> Result<S::Ok, S::Error>,
    ) -> Result<S::Ok, S::Error> {
        if let Ear::Key(map, heard) = self.ear {
            heard.place.set(Some(map.named(&self.shared.rules, &number.to_string())));
        }
        let place = &self.place;
        match self.shared.number(place.known(), number, place.is_item(), &mut |_, _| {}) {
            Some(clean) => self.inner.serialize_str(&clean),
            None => same(self.inner),
        }
    }

    const fn keeps_numbers(&self) -> bool {
        matches!(self.ear, Ear::Deaf) && self.shared.keeps_numbers(self.place.known())
    }
}

macro_rules! numbers {
    ($($serialize:ident $number:ty)*) => {
        $(
            #[inline]
            fn $serialize(self, number: $number) -> Result<Self::Ok, Self::Error> {
                if self.keeps_numbers() {
                    return self.inner.$serialize(number);
                }
                self.number(format_args!("{number:?}"), |inner| inner.$serialize(number))
            }
        )*
    };
}

impl<'r, S: Serializer> Serializer for Redacting<'r, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = RedactingItems<'r, S::SerializeSeq>;
    type SerializeTuple = RedactingItems<'r, S::SerializeTuple>;
    type SerializeTupleStruct = RedactingItems<'r, S::SerializeTupleStruct>;
    type SerializeTupleVariant = RedactingItems<'r, S::SerializeTupleVariant>;
    type SerializeMap = RedactingFields<'r, S::SerializeMap>;
    type SerializeStruct = RedactingStruct<'r, S>;
    type SerializeStructVariant = RedactingFields<'r, S::SerializeStructVariant>;

    numbers! {
        serialize_i8 i8 serialize_i16 i16 serialize_i32 i32 serialize_i64 i64 serialize_i128 i128
        serialize_u8 u8 serialize_u16 u16 serialize_u32 u32 serialize_u64 u64 serialize_u128 u128
        serialize_f32 f32 serialize_f64 f64
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }

    fn serialize_bool(self, value: bool) -> Result<Self::Ok, Self::Error> {
        match self.shared.truth(self.place.known(), &mut |_, _| {}) {
            Some(clean) => self.inner.serialize_str(&clean),
            None => self.inner.serialize_bool(value),
        }
    }

    fn serialize_char(self, value: char) -> Result<Self::Ok, Self::Error> {
        let mut room = [0; 4];
        self.write(value.encode_utf8(&mut room), |inner| inner.serialize_char(value))
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<Self::Ok, Self::Error> {
        self.write(value, |inner| inner.serialize_str(value))
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<Self::Ok, Self::Error> {
        let mut short = Short::<256>::default();
        if write!(short, "{value}").is_ok() {
            return self.serialize_str(short.text());
        }
        let mut long = Zeroizing::new(String::new());
        match write!(long, "{value}") {
            Ok(()) => self.serialize_str(&long),
            Err(fmt::Error) => Err(S::Error::custom("a value could not be printed")),
        }
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Self::Ok, Self::Error> {
        if let (false, Ok(name)) = (matches!(self.ear, Ear::Deaf), std::str::from_utf8(value)) {
            // A name, in a format that need not be read by people.
            let clean = text(self.shared, &self.place, name);
            let secrets = self.heard(name, &clean);
            if let Cow::Owned(clean) = clean {
                return self.inner.serialize_bytes(numbered(clean, secrets).as_bytes());
            }
            return self.inner.serialize_bytes(value);
        }
        let known = self.place.known();
        match self.shared.bytes(known, value, true, &mut |_, _| {}) {
            Some(clean) if !known.is_nothing() => self.inner.serialize_str(&readable(clean)),
            Some(clean) => self.inner.serialize_bytes(&clean),
            None => self.inner.serialize_bytes(value),
        }
    }

    fn serialize_none(self) -> Result<Self::Ok, Self::Error> {
        self.inner.serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Self::Ok, Self::Error> {
        self.inner.serialize_some(&Self::nested(value, self.shared, self.place, self.ear))
    }

    fn serialize_unit(self) -> Result<Self::Ok, Self::Error> {
        self.inner.serialize_unit()
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<Self::Ok, Self::Error> {
        self.inner.serialize_unit_struct(name)
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<Self::Ok, Self::Error> {
        self.write(variant, |inner| inner.serialize_unit_variant(name, index, variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Self::Ok, Self::Error> {
        let nested = Self::nested(value, self.shared, self.place, self.ear);
        self.inner.serialize_newtype_struct(name, &nested)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Self::Ok, Self::Error> {
        let place = self.place.named(&self.shared.rules, variant);
        let nested = Nested { value, shared: self.shared, place, ear: Ear::Deaf };
        self.inner.serialize_newtype_variant(name, index, variant, &nested)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Self::SerializeSeq, Self::Error> {
        let inner = self.inner.serialize_seq(length)?;
        Ok(RedactingItems::new(inner, self.shared, self.place, length))
    }

    fn serialize_tuple(self, length: usize) -> Result<Self::SerializeTuple, Self::Error> {
        let inner = self.inner.serialize_tuple(length)?;
        Ok(RedactingItems::new(inner, self.shared, self.place, Some(length)))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleStruct, Self::Error> {
        let inner = self.inner.serialize_tuple_struct(name, length)?;
        Ok(RedactingItems::new(inner, self.shared, self.place, Some(length)))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleVariant, Self::Error> {
        let place = self.place.named(&self.shared.rules, variant);
        let inner = self.inner.serialize_tuple_variant(name, index, variant, length)?;
        Ok(RedactingItems::new(inner, self.shared, place, Some(length)))
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Self::SerializeMap, Self::Error> {
        let inner = self.inner.serialize_map(length)?;
        Ok(RedactingFields::new(inner, self.shared, self.place))
    }

    fn serialize_struct(
        self,
        name: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStruct, Self::Error> {
        RedactingStruct::begin(self, name, length)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStructVariant, Self::Error> {
        let place = self.place.named(&self.shared.rules, variant);
        let inner = self.inner.serialize_struct_variant(name, index, variant, length)?;
        Ok(RedactingFields::new(inner, self.shared, place))
    }
}

//! Structs, and among them those by which formats talk to themselves: a number of any length, a document
//! as it is written, a date. These have one field, and what is in it is one value to everybody else.

use std::{fmt, mem};

use serde::{
    Serialize, Serializer,
    ser::{Error, SerializeStruct},
};

use super::{
    super::handle::readable, compound::RedactingFields, serializer::Redacting, value::document,
};

/// A document as it is written.
const RAW: &str = "$serde_json::private::RawValue";

/// What a struct of one of these names holds is one value.
const PRIVATE: [&str; 3] = [RAW, "$serde_json::private::Number", "$__toml_private_Datetime"];

/// The fields of a struct on their way through a [`Redacting`].
pub struct RedactingStruct<'r, S: Serializer>(State<'r, S>);

enum State<'r, S: Serializer> {
    Fields(RedactingFields<'r, S::SerializeStruct>),
    /// Its one field has not come yet.
    Private(&'static str, Redacting<'r, S>),
    Written(S::Ok),
    Failed,
}

impl<'r, S: Serializer> RedactingStruct<'r, S> {
    pub(super) fn begin(
        around: Redacting<'r, S>,
        name: &'static str,
        length: usize,
    ) -> Result<Self, S::Error> {
        if name.starts_with('$') && PRIVATE.contains(&name) {
            return Ok(Self(State::Private(name, around)));
        }
        let Redacting { inner, shared, place, .. } = around;
        let fields = RedactingFields::new(inner.serialize_struct(name, length)?, shared, place);
        Ok(Self(State::Fields(fields)))
    }
}

/// Writes the one value of a private struct: as it is, or without what is secret.
fn write<T, S>(
    struct_name: &'static str,
    field: &'static str,
    value: &T,
    around: Redacting<'_, S>,
) -> Result<S::Ok, S::Error>
where
    T: Serialize + ?Sized,
    S: Serializer,
{
    let Redacting { inner, shared, place, .. } = around;
    let text = serde_json::to_value(value).map_err(S::Error::custom)?;
    let text = text.as_str().unwrap_or_default();
    if struct_name == RAW {
        if let Some(clean) = document(shared, &place, text) {
            return clean.serialize(inner);
        }
    } else if let Some(clean) =
        shared.bytes(place.known(), text.as_bytes(), place.is_item(), &mut |_, _| {})
    {
        return inner.serialize_str(&readable(clean));
    }
    let mut same = inner.serialize_struct(struct_name, 1)?;
    same.serialize_field(field, value)?;
    same.end()
}

impl<S: Serializer> SerializeStruct for RedactingStruct<'_, S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), S::Error> {
        if let State::Fields(fields) = &mut self.0 {
            return fields.serialize_field(key, value);
        }
        match mem::replace(&mut self.0, State::Failed) {
            State::Private(name, around) => {
                self.0 = State::Written(write(name, key, value, around)?);
                Ok(())
            }
            _ => Err(S::Error::custom("a private struct has one field")),
        }
    }

    fn skip_field(&mut self, key: &'static str) -> Result<(), S::Error> {
        match &mut self.0 {
            State::Fields(fields) => fields.skip_field(key),
            _ => Ok(()),
        }
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        match self.0 {
            State::Fields(fields) => SerializeStruct::end(fields),
            State::Written(written) => Ok(written),
            State::Private(..) | State::Failed => {
                Err(S::Error::custom("a private struct has one field"))
            }
        }
    }
}

impl<S: Serializer> fmt::Debug for RedactingStruct<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedactingStruct").finish_non_exhaustive()
    }
}

//! Values that are not text yet: fields with names, documents, whatever serializes or prints itself.

mod field;
mod place;
mod shown;

#[cfg(feature = "serde")]
mod compound;
#[cfg(feature = "serde")]
mod private;
#[cfg(feature = "serde")]
mod secret;
#[cfg(feature = "serde")]
mod serializer;
#[cfg(feature = "serde")]
mod value;

pub use self::shown::{RedactedDebug, RedactedDisplay};
#[cfg(feature = "serde")]
pub use self::{
    compound::{RedactingFields, RedactingItems},
    private::RedactingStruct,
    serializer::{Redacting, Sanitized},
    value::FieldFinding,
};

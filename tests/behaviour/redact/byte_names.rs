//! Names that are bytes, as formats that are not for people have them.

use std::fmt;

use buttress::redact::Redactor;
use serde::{
    Serialize, Serializer,
    ser::{Impossible, SerializeMap},
};

type No = Impossible<String, fmt::Error>;

macro_rules! refuse {
    ($($serialize:ident($($value:ty),*) -> $ok:ty;)*) => {
        $(fn $serialize(self, $(_: $value),*) -> Result<$ok, fmt::Error> { Err(fmt::Error) })*
    };
}

/// Writes maps of texts and bytes.
struct Loose;

impl Serializer for Loose {
    type Ok = String;
    type Error = fmt::Error;
    type SerializeSeq = No;
    type SerializeTuple = No;
    type SerializeTupleStruct = No;
    type SerializeTupleVariant = No;
    type SerializeMap = LooseMap;
    type SerializeStruct = No;
    type SerializeStructVariant = No;

    fn serialize_map(self, _: Option<usize>) -> Result<LooseMap, fmt::Error> {
        Ok(LooseMap(String::new()))
    }

    fn serialize_str(self, text: &str) -> Result<String, fmt::Error> {
        Ok(text.to_owned())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<String, fmt::Error> {
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    refuse! {
        serialize_bool(bool) -> String; serialize_i8(i8) -> String; serialize_i16(i16) -> String;
        serialize_i32(i32) -> String; serialize_i64(i64) -> String; serialize_u8(u8) -> String;
        serialize_u16(u16) -> String; serialize_u32(u32) -> String; serialize_u64(u64) -> String;
        serialize_f32(f32) -> String; serialize_f64(f64) -> String; serialize_char(char) -> String;
        serialize_none() -> String; serialize_unit() -> String; serialize_unit_struct(&'static str) -> String;
        serialize_unit_variant(&'static str, u32, &'static str) -> String;
        serialize_seq(Option<usize>) -> No; serialize_tuple(usize) -> No;
        serialize_tuple_struct(&'static str, usize) -> No;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> No;
        serialize_struct(&'static str, usize) -> No;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> No;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<String, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: &T,
    ) -> Result<String, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<String, fmt::Error> {
        Err(fmt::Error)
    }
}

struct LooseMap(String);

impl SerializeMap for LooseMap {
    type Ok = String;
    type Error = fmt::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), fmt::Error> {
        self.0 += &format!("{}: ", key.serialize(Loose)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
        self.0 += &format!("{}, ", value.serialize(Loose)?);
        Ok(())
    }

    fn end(self) -> Result<String, fmt::Error> {
        Ok(self.0)
    }
}

#[test]
fn names_that_are_bytes() {
    struct Bytes(&'static [u8]);
    impl Serialize for Bytes {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(self.0)
        }
    }
    struct Map;
    impl Serialize for Map {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([
                (Bytes(b"password"), "letmein"),
                (Bytes(b"user"), "bob"),
                (Bytes(b"token=9f8e7d6c5b4a"), "n"),
                (Bytes(b"token=9f8e7d6c5b4b"), "n"),
            ])
        }
    }
    let redactor = Redactor::built_in();
    assert_eq!(
        redactor.serialize(&Map, Loose).unwrap(),
        "password: [REDACTED:password], user: bob, token=[REDACTED:token]: n, token=[REDACTED:token]~2: n, "
    );
    let header = (Bytes(b"authorization"), "letmein");
    assert_eq!(
        redactor.serialize(&header, serde_json::value::Serializer).unwrap()[1],
        "[REDACTED:authorization]"
    );
}

//! A value that is a secret, and knows it.

use std::{
    any::type_name,
    fmt::{self, Debug, Display, Formatter},
    hint::black_box,
    mem,
    str::FromStr,
};

use zeroize::Zeroize;

/// A secret, in a config or on its way: nothing prints it, and it is overwritten when it is dropped.
///
/// It prints as `[REDACTED:String]`: its type, and nothing of its length. It is read from a config as what
/// it holds is, and an error in doing so does not quote it; a format may still show the line it stands in, as
/// `toml` does unless its error is asked for its `message()`. It is not written unless somebody says so:
/// [`serialize_exposed`](Self::serialize_exposed), [`serialize_masked`](Self::serialize_masked) and
/// [`masked`](Self::masked), or [`SerializableSecret`] for a type of one's own.
///
/// ```
/// use buttress::redact::Redacted;
///
/// let password = Redacted::from("hunter2".to_owned());
/// assert_eq!(format!("{password:?} {password}"), "[REDACTED:String] [REDACTED:String]");
/// assert_eq!(password.expose(), "hunter2");
/// ```
///
/// In a config:
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use buttress::redact::Redacted;
///
/// #[derive(serde::Deserialize, serde::Serialize)]
/// struct Database {
///     url: String,
///     #[serde(serialize_with = "Redacted::serialize_masked")]
///     password: Redacted<String>,
/// }
///
/// let database: Database = serde_json::from_str(r#"{"url":"db:5432","password":"hunter2"}"#)?;
/// assert_eq!(database.password.expose(), "hunter2");
/// let written = serde_json::to_string(&database)?;
/// assert_eq!(written, r#"{"url":"db:5432","password":"[REDACTED:String]"}"#);
/// # }
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Redacted<T: Zeroize>(T);

/// A type whose secrets may be written: `Redacted<T>` is `Serialize` where `T` is this, and writes what it
/// holds. No type of this crate or of the standard library is.
#[diagnostic::on_unimplemented(
    message = "`Redacted<{Self}>` is a secret, and is not written by accident",
    label = "would write a secret",
    note = "to write a mask: `#[serde(serialize_with = \"Redacted::serialize_masked\")]`, or serialize `secret.masked()`",
    note = "to write the secret: `#[serde(serialize_with = \"Redacted::serialize_exposed\")]`, or serialize `secret.expose()`"
)]
pub trait SerializableSecret {}

impl<T: Zeroize> Redacted<T> {
    /// Keeps `secret`.
    pub const fn new(secret: T) -> Self {
        Self(secret)
    }

    /// The secret itself. Look for this word to find where it may get out.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The secret itself, to change it.
    pub const fn expose_mut(&mut self) -> &mut T {
        &mut self.0
    }

    /// The secret itself; from now on nobody overwrites it.
    #[must_use]
    pub fn into_inner(mut self) -> T
    where
        T: Default,
    {
        mem::take(&mut self.0)
    }

    /// Something made of the secret, which is one as well.
    pub fn map<U: Zeroize>(&self, make: impl FnOnce(&T) -> U) -> Redacted<U> {
        Redacted(make(&self.0))
    }

    /// What is shown instead of it, to print and to serialize.
    #[must_use]
    pub fn masked(&self) -> Masked {
        Masked { kind: kind::<T>() }
    }
}

/// The name of a type, without its path and what it is made of.
fn kind<T>() -> &'static str {
    let name = type_name::<T>();
    let plain = name.split(['<', '[', '(', '&', ' ']).next().unwrap_or_default();
    match plain.rsplit("::").next() {
        None | Some("") => "secret",
        Some(kind) => kind,
    }
}

/// What is shown instead of a secret: [`Redacted::masked`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Masked {
    kind: &'static str,
}

impl Display for Masked {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}]", super::rules::MASK, self.kind)
    }
}

impl Debug for Masked {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl<T: Zeroize> Drop for Redacted<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> Zeroize for Redacted<T> {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> Debug for Redacted<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.masked(), f)
    }
}

impl<T: Zeroize> Display for Redacted<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.masked(), f)
    }
}

impl<T: Zeroize> From<T> for Redacted<T> {
    fn from(secret: T) -> Self {
        Self(secret)
    }
}

impl<T: Zeroize + FromStr> FromStr for Redacted<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        text.parse().map(Self)
    }
}

/// Of texts and bytes; how long it takes says how long they are, and nothing of where they differ.
impl<T: Zeroize + AsRef<[u8]>> PartialEq for Redacted<T> {
    fn eq(&self, other: &Self) -> bool {
        let (one, other) = (self.0.as_ref(), other.0.as_ref());
        let pairs = one.iter().zip(other);
        let differ = pairs.fold(0, |differ, (a, b)| black_box(differ | (a ^ b)));
        one.len() == other.len() && differ == 0
    }
}

impl<T: Zeroize + AsRef<[u8]>> Eq for Redacted<T> {}

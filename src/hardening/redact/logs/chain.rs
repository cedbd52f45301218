//! Errors as text: what each says, and what it came from.

use std::{borrow::Cow, error::Error, fmt};

use crate::ground::refusal::Refusal;

use super::{scratch::printed, shared::Shared};

/// No chain of sources is followed further.
const LONGEST: usize = 32;

/// An error as it may be told: its text and those of its sources, without secrets. A refusal among them
/// stays what it is.
pub(super) struct Told {
    text: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Told {
    /// What `error` says, and all that it came from.
    pub(super) fn of(shared: &Shared, error: &dyn Error) -> Self {
        Self::along(shared, error, LONGEST)
    }

    fn along(shared: &Shared, error: &dyn Error, left: usize) -> Self {
        let text = shared.text(&printed(format_args!("{error}"))).into_owned();
        let source = error.source().filter(|_| left > 0);
        let source = source.map(|source| -> Box<dyn Error + Send + Sync> {
            match source.downcast_ref::<Refusal>() {
                Some(refusal) => Box::new(refusal.clone()),
                None => Box::new(Self::along(shared, source, left - 1)),
            }
        });
        Self { text, source }
    }

    /// The same, unless it would say what `error` says.
    pub(super) fn unless_clean(shared: &Shared, error: &dyn Error) -> Option<Self> {
        let mut next = Some(error);
        for _ in 0..=LONGEST {
            let here = next?;
            let says = |text: &str| matches!(shared.text(text), Cow::Owned(_));
            // Some writers debug errors instead, which may say more.
            let debugged = || shared.holds_secret(&printed(format_args!("{here:?}")));
            if says(&printed(format_args!("{here}"))) || debugged() {
                break;
            }
            next = here.source();
        }
        Some(Self::of(shared, error))
    }

    /// Of a text that may be told.
    pub(super) const fn plain(text: String) -> Self {
        Self { text, source: None }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// As it is displayed: the fields of what it was made from are what must not be told.
impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Told {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.source.as_deref()?)
    }
}

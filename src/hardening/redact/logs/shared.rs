//! What clones share: the rules, the limits, and what is known of names.

use std::{borrow::Cow, fmt};

use super::{
    super::{config::Mask, handle::Redactor, named::Named},
    config::Plan,
    names::Names,
    neutral,
};

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) redactor: Redactor,
    pub(super) plan: Plan,
    names: Names,
    message: Named,
}

/// The field of what is said.
const MESSAGE: &str = "message";

impl Shared {
    pub(super) fn new(redactor: &Redactor, plan: Plan) -> Self {
        Self {
            redactor: redactor.clone(),
            plan,
            message: redactor.named(MESSAGE),
            names: Names::new(),
        }
    }

    /// What is known of values of this name.
    #[inline]
    pub(super) fn named(&self, name: &'static str) -> Named {
        // It is in every event.
        if name == MESSAGE {
            return self.message;
        }
        self.names.get(name, || self.redactor.named(name))
    }

    /// A text as it may be logged.
    #[inline]
    pub(super) fn text<'v>(&self, text: &'v str) -> Cow<'v, str> {
        self.value(Named::NOTHING, text)
    }

    /// Whether something would have to be taken out.
    pub(super) fn holds_secret(&self, text: &str) -> bool {
        let clean = self.redactor.shared().text(Named::NOTHING, text, &mut |_, _| {});
        matches!(clean, Cow::Owned(_))
    }

    /// A value of this name, of which is known what `named` says.
    #[inline]
    pub(super) fn value<'v>(&self, named: Named, value: &'v str) -> Cow<'v, str> {
        self.harmless(self.redactor.shared().text(named, value, &mut |_, _| {}))
    }

    /// Bytes as they may be logged; what they are written as is made by whoever writes them.
    pub(super) fn bytes<'v>(&self, named: Named, value: &'v [u8]) -> Cow<'v, [u8]> {
        let clean = self.redactor.shared().bytes(named, value, true, &mut |_, _| {});
        let clean = clean.map_or(Cow::Borrowed(value), Cow::Owned);
        neutral::shorten_line(clean, self.plan.config().max_field, self.fixed())
    }

    /// What is logged instead of a number, if anything is.
    #[inline]
    pub(super) fn number(&self, named: Named, number: impl fmt::Debug) -> Option<String> {
        let rules = self.redactor.shared();
        if rules.keeps_numbers(named) {
            return None;
        }
        rules.number(named, format_args!("{number:?}"), false, &mut |_, _| {})
    }

    /// What is logged instead of `true` or `false`, if anything is.
    #[inline]
    pub(super) fn truth(&self, named: Named) -> Option<String> {
        self.redactor.shared().truth(named, &mut |_, _| {})
    }

    /// What is known of values of a name that came from somewhere.
    pub(super) fn named_so(&self, name: &str) -> Named {
        self.names.of_text(name, || self.redactor.named(name))
    }

    /// A value of a name that came from somewhere.
    pub(super) fn value_of<'v>(&self, name: &str, value: &'v str) -> Cow<'v, str> {
        self.value(self.named_so(name), value)
    }

    /// What is done once secrets are gone.
    #[inline]
    fn harmless<'v>(&self, text: Cow<'v, str>) -> Cow<'v, str> {
        let config = self.plan.config();
        let text = match text {
            Cow::Borrowed(text) if config.neutralize => neutral::neutralize(text),
            Cow::Owned(text) if config.neutralize && !neutral::is_neutral(&text) => {
                Cow::Owned(neutral::neutralize(&text).into_owned())
            }
            text => text,
        };
        neutral::shorten(text, config.max_field, self.fixed())
    }

    /// All that one event writes, as it may be written.
    pub(super) fn line<'l>(&self, line: &'l [u8]) -> Cow<'l, [u8]> {
        let clean = self.redactor.redact_bytes(line);
        neutral::shorten_line(clean, self.plan.config().max_line, self.fixed())
    }

    /// Several values that were put together.
    pub(super) fn whole(&self, text: String) -> String {
        neutral::shorten(Cow::Owned(text), self.plan.config().max_line, self.fixed()).into_owned()
    }

    fn fixed(&self) -> Option<&str> {
        match &self.redactor.shared().mask {
            Mask::Fixed(text) => Some(text),
            _ => None,
        }
    }
}

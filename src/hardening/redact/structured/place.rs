//! Where a value stands, and what that says about it.

use super::super::{
    ask::{Promise, promise},
    custom::Custom,
    handle::{Shared, readable},
    keys::{LONGEST, Strength},
    named::{Named, without_masks},
    path::Trail,
    rules::{MASK, Rules},
};

/// How deep values are looked into; what lies deeper is masked as a whole.
pub(super) const DEPTH: u16 = 128;

/// How many times JSON may stand in a string of JSON.
pub(super) const INNER: u8 = 3;

/// The place of a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// What is known by the name of the value, or one above.
    named: Named,
    /// An item of a list.
    item: bool,
    trail: Trail,
    depth: u16,
    inner: u8,
}

impl Place {
    /// Where all values begin.
    pub(super) const fn root(custom: &Custom) -> Self {
        Self { named: Named::NOTHING, item: false, trail: custom.paths.start(), depth: 0, inner: 0 }
    }

    /// Where `name` leads.
    #[inline]
    pub(super) fn named(mut self, rules: &Rules, name: &str) -> Self {
        self.depth += 1;
        self.item = false;
        self.add(promise(rules, name.as_bytes()));
        if !rules.custom.paths.is_empty() {
            let ends;
            (self.trail, ends) = rules.custom.paths.by_name(&self.trail, name);
            self.named.told |= ends;
        }
        self
    }

    /// Where a name leads that may be, or have been, a secret itself: what its mask says is no part of it.
    pub(super) fn key(self, rules: &Rules, name: &str) -> Self {
        match name.contains('[') {
            true => self.named(rules, &without_masks(name)),
            false => self.named(rules, name),
        }
    }

    /// The item at `at` of a list.
    #[inline]
    pub(super) fn item(mut self, rules: &Rules, at: usize) -> Self {
        self.depth += 1;
        self.item = true;
        if !rules.custom.paths.is_empty() {
            let ends;
            (self.trail, ends) = rules.custom.paths.by_item(&self.trail, at);
            self.named.told |= ends;
        }
        self
    }

    /// The same place, one wrapper deeper.
    pub(super) const fn wrapped(mut self) -> Self {
        self.depth += 1;
        self
    }

    /// The same place, inside of the text that stands there.
    pub(super) const fn inside(mut self) -> Self {
        self.depth += 1;
        self.inner += 1;
        self
    }

    /// Beside all values: the place of a name, of which nothing is known.
    pub(super) fn apart(&self) -> Self {
        let trail = Trail::default();
        Self { named: Named::NOTHING, item: false, trail, depth: self.depth, inner: INNER }
    }

    /// Adds what is promised by a name that stands beside the value.
    pub(super) fn beside(mut self, promise: Option<Promise>) -> Self {
        self.add(promise);
        self
    }

    /// Of two promises the one that leaves less.
    fn add(&mut self, further: Option<Promise>) {
        let promise = &mut self.named.promise;
        let Some(further) = further else {
            // What a vague name promises is one value, and not what is in it.
            if promise.is_some_and(|promise| promise.strength == Strength::Vague) {
                *promise = None;
            }
            return;
        };
        let kept = promise.filter(|promise| {
            promise.strength == Strength::Strong
                || (further.strength != Strength::Strong && promise.strength > further.strength)
        });
        *promise = kept.or(Some(further));
    }

    /// What is known of the value.
    #[inline]
    pub(super) const fn known(&self) -> Named {
        self.named
    }

    pub(super) const fn is_item(&self) -> bool {
        self.item
    }

    #[inline]
    pub(super) const fn is_too_deep(&self) -> bool {
        self.depth > DEPTH
    }

    pub(super) const fn may_hold_json(&self) -> bool {
        self.inner < INNER
    }
}

impl Shared {
    /// What a text promises of the value beside it, if it is a name.
    pub(super) fn names(&self, text: &str) -> Option<Promise> {
        // A document is no name, and will be written anew.
        let document = text.starts_with('{') || text.starts_with('[') && !text.starts_with(MASK);
        if document || !self.rules.may_name(text.as_bytes()) {
            return None;
        }
        // Of what is a secret itself nothing is left to be a name, now or the next time.
        let clean = self.clean(text.as_bytes(), &mut |_| {}).map(readable);
        let name = without_masks(clean.as_deref().unwrap_or(text));
        promise(&self.rules, name.as_bytes()).filter(|_| name.len() <= LONGEST)
    }
}

/// Fields that hold the name of what stands in the field beside them.
pub(super) fn holds_name(field: &str) -> bool {
    is_one_of(field, &["name", "key", "header", "field", "param", "k", "n"])
}

/// Those that hold the value.
pub(super) fn holds_value(field: &str) -> bool {
    is_one_of(field, &["value", "val", "v"])
}

#[inline]
fn is_one_of(field: &str, words: &[&str]) -> bool {
    field.len() <= 6 && words.iter().any(|word| field.eq_ignore_ascii_case(word))
}

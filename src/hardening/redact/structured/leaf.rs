//! What is left of one value: the same decision for a field of a log, an item of a document and
//! whatever a serializer is given.

use std::{
    borrow::Cow,
    fmt::{self, Write},
};

use super::{
    super::{
        ask::{Promise, holds_mask, promise},
        grammar::whole,
        handle::{Shared, readable},
        keys::{LONGEST, Strength},
        mask,
        report::Confidence,
        rules,
        span::{Span, Tag},
    },
    place::{Place, without_masks},
    short::Short,
};

/// Told what was found.
pub(super) type See<'s> = dyn FnMut(Tag, Confidence) + 's;

impl Shared {
    /// The text at `place` without what is secret.
    #[inline]
    pub(super) fn text<'t>(&self, place: &Place, text: &'t str, see: &mut See<'_>) -> Cow<'t, str> {
        let unnamed = !place.is_told() && place.promise().is_none();
        if unnamed && !self.rules.has_anchor(text.as_bytes()) {
            return Cow::Borrowed(text);
        }
        let clean = self.bytes(place, text.as_bytes(), false, see);
        clean.map_or(Cow::Borrowed(text), |clean| Cow::Owned(readable(clean)))
    }

    /// The bytes at `place` without what is secret, if anything is. `opaque`: they are no text.
    pub(super) fn bytes(
        &self,
        place: &Place,
        bytes: &[u8],
        opaque: bool,
        see: &mut See<'_>,
    ) -> Option<Vec<u8>> {
        if place.is_told() {
            return self.told(bytes, see);
        }
        let named = place.promise().and_then(|promise| match opaque {
            true => self.blob(promise, bytes, see),
            false => self.named(promise, bytes, see),
        });
        let mut scanned =
            |bytes: &[u8]| self.clean(bytes, &mut |span| see(span.tag, span.confidence));
        match named {
            // A part of it may stay, and what stays is looked at as well.
            Some(clean) => Some(scanned(&clean).unwrap_or(clean)),
            None => scanned(bytes),
        }
    }

    /// What a text promises of the value beside it, if it is a name.
    pub(super) fn names(&self, text: &str) -> Option<Promise> {
        // A document is no name, and will be written anew.
        let document =
            text.starts_with('{') || text.starts_with('[') && !text.starts_with(rules::MASK);
        if document || !self.rules.may_name(text.as_bytes()) {
            return None;
        }
        // Of what is a secret itself nothing is left to be a name, now or the next time.
        let clean = self.clean(text.as_bytes(), &mut |_| {}).map(readable);
        let name = without_masks(clean.as_deref().unwrap_or(text));
        promise(&self.rules, name.as_bytes()).filter(|_| name.len() <= LONGEST)
    }

    /// What stands where a path leads is secret, unless it is a mask already.
    fn told(&self, bytes: &[u8], see: &mut See<'_>) -> Option<Vec<u8>> {
        let masked = bytes.is_empty()
            || bytes.iter().all(|byte| *byte == b'*')
            || (bytes.starts_with(rules::MASK.as_bytes())
                && bytes.iter().position(|byte| *byte == b']') == Some(bytes.len() - 1));
        if masked || self.rules.custom.allows(bytes) {
            return None;
        }
        Some(self.masked(Tag::Built(rules::SECRET), Confidence::Certain, bytes, see))
    }

    /// What the name says is secret.
    fn named(&self, promise: &Promise, bytes: &[u8], see: &mut See<'_>) -> Option<Vec<u8>> {
        let found = whole(bytes, promise.strength)?;
        let mut clean = Vec::new();
        let mut from = 0;
        for (start, end) in found.parts() {
            let secret = bytes.get(*start..*end).unwrap_or_default();
            if self.rules.custom.allows(secret) || holds_mask(secret) {
                continue;
            }
            clean.extend_from_slice(bytes.get(from..*start).unwrap_or_default());
            clean.append(&mut self.masked(promise.tag(), promise.confidence, secret, see));
            from = *end;
        }
        if from == 0 {
            return None;
        }
        clean.extend_from_slice(bytes.get(from..).unwrap_or_default());
        Some(clean)
    }

    /// Bytes are nothing but what their name says, and so are the numbers of a list.
    fn blob(&self, promise: &Promise, bytes: &[u8], see: &mut See<'_>) -> Option<Vec<u8>> {
        let secret = promise.strength > Strength::Vague
            && !bytes.is_empty()
            && !self.rules.custom.allows(bytes);
        secret.then(|| self.masked(promise.tag(), promise.confidence, bytes, see))
    }

    fn masked(
        &self,
        tag: Tag,
        confidence: Confidence,
        secret: &[u8],
        see: &mut See<'_>,
    ) -> Vec<u8> {
        see(tag, confidence);
        let span = Span { start: 0, end: secret.len(), tag, confidence, long: false };
        let mut mask = Vec::new();
        mask::write(&self.mask, &self.rules, &span, Some(secret), &mut mask);
        mask
    }

    /// Whether a number at `place` stays, whatever it is; most do.
    #[inline]
    pub(super) const fn keeps_numbers(&self, place: &Place) -> bool {
        !place.is_told() && place.promise().is_none() && !self.rules.has_numbers()
    }

    /// What stands in the place of a number, if it is secret.
    pub(super) fn number(
        &self,
        place: &Place,
        number: fmt::Arguments<'_>,
        see: &mut See<'_>,
    ) -> Option<String> {
        let mut digits = Short::<48>::default();
        // What does not fit is no number that could be told from its beginning.
        let _cut = digits.write_fmt(number);
        self.bytes(place, digits.text().as_bytes(), place.is_item(), see).map(readable)
    }

    /// What stands in the place of `true` or `false`: only a path makes that a secret.
    pub(super) fn truth(&self, place: &Place, see: &mut See<'_>) -> Option<String> {
        let tag = Tag::Built(rules::SECRET);
        place.is_told().then(|| readable(self.masked(tag, Confidence::Certain, b"true", see)))
    }

    /// What stands in the place of what lies too deep.
    pub(super) fn too_deep(&self, see: &mut See<'_>) -> String {
        let (tag, confidence) = (Tag::Built(rules::TOO_DEEP), Confidence::Possible);
        readable(self.masked(tag, confidence, b"", see))
    }
}

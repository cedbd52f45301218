//! The engine takes anything; what it finds is in order and apart, and what it finds nothing in is
//! handed back.
//!
//! ```text
//! cd tests && cargo +nightly fuzz run --fuzz-dir fuzz redact
//! ```
#![no_main]

use std::{borrow::Cow, sync::LazyLock};

use buttress::redact::{Mask, Pattern, Redactor, RuleSet, Set};
use libfuzzer_sys::fuzz_target;

static REDACTORS: LazyLock<Vec<Redactor>> = LazyLock::new(|| {
    let own = RuleSet::builder()
        .set(Set::Pii)
        .literal("known", "a known secret")
        .key("x-ticket")
        .pattern(Pattern::new("badge", "BDG-[0-9]{2,9}"))
        .mask(Mask::KeepLastFour);
    let fixed = RuleSet::builder().mask(Mask::Fixed("<gone>".into()));
    [RuleSet::builder(), own, fixed]
        .into_iter()
        .filter_map(|rules| Redactor::new(rules).ok())
        .collect()
});

fuzz_target!(|text: Vec<u8>| {
    for redactor in REDACTORS.iter() {
        let findings = redactor.findings(&text);
        assert!(
            findings.iter().all(|one| one.span.start < one.span.end && one.span.end <= text.len())
        );
        assert!(findings.windows(2).all(|two| two[0].span.end <= two[1].span.start));
        match redactor.redact_bytes(&text) {
            Cow::Borrowed(same) => assert!(findings.is_empty() && same == text),
            Cow::Owned(_) => assert!(!findings.is_empty()),
        }
    }
});

//! The engine takes anything, and a stream gives what the whole gives.
//!
//! ```text
//! cd tests/fuzz && cargo +nightly fuzz run redact
//! ```
#![no_main]

use std::sync::LazyLock;

use buttress::redact::{Mask, Pattern, Redactor, RuleSet, Set};
use libfuzzer_sys::fuzz_target;

static REDACTORS: LazyLock<Vec<Redactor>> = LazyLock::new(|| {
    let own = RuleSet::builder()
        .set(Set::Pii)
        .literal("known", "a known secret")
        .key("x-ticket")
        .pattern(Pattern::new("badge", "BDG-[0-9]{2,9}"))
        .mask(Mask::KeepLastFour);
    [RuleSet::builder(), own].into_iter().filter_map(|rules| Redactor::new(rules).ok()).collect()
});

fuzz_target!(|input: (u16, Vec<u8>)| {
    let (split, text) = input;
    for redactor in REDACTORS.iter() {
        let whole = redactor.redact_bytes(&text);
        let (first, second) = text.split_at(usize::from(split).min(text.len()));
        let (mut stream, mut clean) = (redactor.stream(), Vec::new());
        stream.push(first, &mut clean);
        stream.push(second, &mut clean);
        stream.finish(&mut clean);
        assert_eq!(whole, clean);
    }
});

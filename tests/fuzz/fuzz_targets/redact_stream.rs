//! A stream gives what the whole gives, however often it is cut.
//!
//! ```text
//! cd tests && cargo +nightly fuzz run --fuzz-dir fuzz redact_stream
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
    let fixed = RuleSet::builder().mask(Mask::Fixed("<gone>".into()));
    [RuleSet::builder(), own, fixed]
        .into_iter()
        .filter_map(|rules| Redactor::new(rules).ok())
        .collect()
});

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (cuts, text) = input;
    for redactor in REDACTORS.iter() {
        let (mut stream, mut clean, mut rest) = (redactor.stream(), Vec::new(), &text[..]);
        for cut in &cuts {
            let (piece, more) = rest.split_at(usize::from(*cut).min(rest.len()));
            stream.push(piece, &mut clean);
            rest = more;
        }
        stream.push(rest, &mut clean);
        stream.finish(&mut clean);
        assert_eq!(redactor.redact_bytes(&text), clean);
    }
});
